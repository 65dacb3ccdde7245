#include "runner/execute/run.h"

#include "analysis/effect/effects.h"
#include "analysis/report/summary.h"
#include "analysis/table/result_file.h"
#include "cluster/comm/heartbeat.h"
#include "cluster/node/node_blocks.h"
#include "cluster/session/session.h"
#include "compute/core/blas.h"
#include "compute/core/clock.h"
#include "compute/core/failpoint.h"
#include "compute/core/log.h"
#include "compute/nn/kernels/kernels.h"
#include "runner/execute/build_id.h"
#include "runner/execute/coordinator.h"
#include "runner/execute/deadline.h"
#include "runner/execute/memory_budget.h"
#include "runner/execute/run_paths.h"
#include "runner/execute/storing.h"
#include "runner/execute/worker.h"
#include "runner/exit.h"
#include "runner/results/result_table.h"
#include "runner/results/sample_lists.h"
#include "runner/store/run_dir.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Seconds that a resumed run waits for the lock of a dying one. */
static const double LOCK_TIMEOUT = 15.0;

typedef struct run {
    const tl_run_options *options;
    tl_run_paths paths;
    tl_cluster *cluster;
    tl_node_blocks *memory; /* of the sources; NULL: this rank's own */
    tl_plan *plan;
    tl_file_lock lock; /* of the result, on rank 0 */
    tl_store store;
    tl_sweep sweep;
    tl_journal *journal;
    tl_coordinator coordinator;
    tl_run_deadline deadline; /* on rank 0 */
    double begun;             /* on the clock of tl_seconds */
    char *head;               /* JSON of the build */
    uint32_t build;           /* CRC-32 of it, as the journal has it */
    bool is_mixed;            /* resumed under another build, which was accepted */
    tl_arena arena;
    int code; /* exit status so far */
} run;

static tl_status take_record(void *self, const tl_record *record, tl_err *err)
{
    run *r = self;
    /* Each step names its build, since the head's own line may be lost. */
    const bool is_head = record->kind == TL_RECORD_HEAD && record->text;
    const bool is_other = is_head ? strcmp(record->text, r->head) != 0
                                  : record->kind == TL_RECORD_DONE && record->build != 0 &&
                                        record->build != r->build;
    TL_CHECK(
        !is_other || r->options->accept_build, err, TL_E_ARG,
        "%s was begun by another build or processor: %s; this is %s; results may differ in "
        "their last bits: resume with --accept-build, or use a fresh --dir",
        r->paths.dir, is_head ? record->text : "unknown, its record is damaged", r->head);
    r->is_mixed = r->is_mixed || is_other;
    return tl_sweep_restore(&r->sweep, record, err);
}

static bool is_all_done(const tl_sweep *sweep)
{
    const uint32_t steps = tl_graph_steps(sweep->graph);
    for (uint32_t id = 0; id < steps; id++) {
        if (sweep->outcome[id].state != TL_STEP_DONE) return false;
    }
    return true;
}

/* A directory that holds work is used only to resume it, or when all of it is done. */
static tl_status check_directory(run *r, tl_err *err)
{
    TL_TRY(tl_store_check(r->paths.dir, r->options->trusts_group, err));
    const tl_store_state state = tl_store_look(r->paths.dir);
    TL_CHECK(state != TL_STORE_FOREIGN, err, TL_E_ARG,
             "%s is not a threatloop run directory; choose another with --dir",
             r->paths.dir);
    if (state == TL_STORE_ABSENT || r->options->resume) {
        TL_CHECK(state == TL_STORE_ABSENT || !r->options->no_sharing, err, TL_E_ARG,
                 "--no-sharing needs a fresh directory, but %s holds work", r->paths.dir);
        return TL_OK;
    }
    TL_TRY(tl_store_replay(r->paths.dir, r->options->trusts_group, take_record, r, err));
    TL_CHECK(is_all_done(&r->sweep), err, TL_E_ARG,
             "%s holds an unfinished run; resume it:\n  threatloop run %s -o %s --dir %s "
             "--resume\nor choose another directory with --dir",
             r->paths.dir, r->options->plan, r->paths.out, r->paths.dir);
    return TL_OK;
}

/* Logs how the plan differs from the one in the directory. */
static tl_status show_changes(run *r, tl_err *err)
{
    char *old;
    if (tl_store_read(&r->store, "plan.yaml", &r->arena, &old, NULL) != TL_OK) return TL_OK;
    if (strcmp(old, r->plan->text) == 0) return TL_OK;
    TL_CHECK(r->options->resume, err, TL_E_ARG, "%s holds a run of another plan",
             r->paths.dir);
    tl_log(TL_LOG_WARN,
           "the plan has changed since this run began; steps that it does not affect are "
           "kept");
    for (const char *line = r->plan->text; *line;) {
        const size_t length = strcspn(line, "\n");
        char text[512];
        (void)snprintf(text, sizeof text, "%.*s", (int)(length < 500 ? length : 500), line);
        if (!strstr(old, text)) tl_log(TL_LOG_WARN, "  now: %s", text);
        line += length + (line[length] == '\n');
    }
    return TL_OK;
}

/* Logs, once, what to know where locks fail. */
static void warn_of_locks(const run *r)
{
    if (!r->lock.is_by_name && !r->store.lock.is_by_name) return;
    tl_log(
        TL_LOG_WARN,
        "file locks fail here (%s): %s.lock and %s/lock guard this run while they exist; "
        "should it be killed, remove them before it goes on",
        strerror(r->lock.is_by_name ? r->lock.reason : r->store.lock.reason), r->paths.out,
        r->paths.dir);
}

/* Logs when the run will stop. \param opened  as in tl_run_deadline_reserve */
static void set_time(run *r, double opened)
{
    tl_run_deadline_reserve(&r->deadline, opened);
    if (!(r->deadline.end > 0.0)) return;
    char left[32], aside[32];
    tl_log(TL_LOG_INFO, "%s is in %s; %s of that are reserved for writing results",
           r->deadline.why, tl_text_span(r->deadline.end - tl_seconds(), left),
           tl_text_span(r->deadline.end - r->deadline.stop, aside));
}

/* Reruns finished steps whose samples, or whose model, is missing and needed. */
static tl_status check_files(run *r, tl_err *err)
{
    uint32_t count;
    TL_TRY(tl_storing_check(&r->sweep, &r->store, &count, err));
    if (count > 0)
        tl_log(TL_LOG_WARN,
               "%s/samples: files are missing or damaged; %u finished steps will be rerun",
               r->paths.dir, count);
    TL_TRY(tl_rerun_missing(&r->sweep, &r->store, &count, err));
    if (count > 0)
        tl_log(TL_LOG_WARN,
               "%s/models: needed models are missing; %u finished steps will be rerun",
               r->paths.dir, count);
    return TL_OK;
}

/* Notes for `status`, which then need not read the plan. */
static tl_status write_facts(const run *r, tl_err *err)
{
    json_t *facts = json_pack("{s:s, s:I, s:I}", "name", r->plan->name, "steps",
                              (json_int_t)tl_graph_steps(r->sweep.graph), "trials",
                              (json_int_t)r->plan->trials);
    char *text = json_dumps(facts, JSON_COMPACT);
    TL_INVARIANT(text != NULL);
    const tl_status status = tl_store_write(&r->store, "progress.json", text, err);
    free(text);
    json_decref(facts);
    return status;
}

static tl_status open_on_rank_0(run *r, tl_err *err)
{
    const int ranks = tl_cluster_size(r->cluster), max_ranks = r->options->max_ranks;
    const tl_plan_options options = {
        .set = r->options->set,
        .sets = r->options->sets,
        .data_dir = r->options->data_dir,
        .is_shared = !r->options->no_sharing,
        .shared_blocks = tl_node_blocks_shared(r->memory),
        .ranks = max_ranks > 0 && max_ranks < ranks ? max_ranks : ranks,
        .memory = r->options->memory,
        .rank_memory = tl_run_memory_share(r->cluster, r->options->memory)};
    TL_TRY(tl_run_deadline_find(r->options->walltime, r->begun, &r->deadline, err));
    TL_TRY(tl_plan_open(r->options->plan, &options, &r->plan, err));
    TL_TRY(
        tl_run_paths_of(r->options->out, r->options->dir, r->plan->name, &r->paths, err));
    TL_TRY(tl_run_paths_check(&r->paths, r->plan, r->options->plan, r->options->data_dir,
                              r->options->is_forced, err));
    TL_TRY(tl_run_paths_lock(&r->paths, r->options->resume ? LOCK_TIMEOUT : 0.0, &r->lock,
                             err));
    for (int i = 0; i < r->plan->left_out; i++)
        tl_log(TL_LOG_INFO, "left out: %s: %s", r->plan->left[i].stage,
               r->plan->left[i].reason);
    const double opening = tl_seconds();
    TL_TRY(tl_sweep_open(r->plan, &r->sweep, err));
    TL_TRY(tl_run_memory_check(&r->sweep, r->cluster, r->options->memory, err));
    TL_TRY(check_directory(r, err));
    TL_TRY(tl_store_open(r->paths.dir, r->options->trusts_group, LOCK_TIMEOUT, &r->store,
                         err));
    warn_of_locks(r);
    TL_TRY(show_changes(r, err));
    char path[TL_PATH];
    TL_CHECK(tl_store_path(&r->store, "journal.ndjson", path, sizeof path), err, TL_E_ARG,
             "the name of the run directory is too long");
    TL_TRY(tl_journal_open(&r->store.folder, path, take_record, r, &r->journal, err));
    set_time(r, tl_seconds() - opening);
    TL_TRY(check_files(r, err));
    TL_TRY(tl_store_write(&r->store, "plan.yaml", r->plan->text, err));
    const tl_record head = {.kind = TL_RECORD_HEAD, .text = r->head};
    tl_journal_put(r->journal, &head);
    TL_TRY(tl_journal_sync(r->journal, err));
    return write_facts(r, err);
}

static void add_word(tl_text *text, const char *word)
{
    tl_text_bytes(text, word, strlen(word) + 1);
}

static const char *next_word(const char **at)
{
    const char *word = *at;
    *at += strlen(word) + 1;
    return word;
}

/* On ranks other than 0: opens the plan from rank 0's message. */
static tl_status join_run(run *r, const char *bytes, tl_err *err)
{
    const char *at = bytes, *head = next_word(&at), *dir = next_word(&at);
    const char *data = next_word(&at), *folder = next_word(&at);
    const tl_plan_options options = {.data_dir = *data ? data : NULL,
                                     .folder = folder,
                                     .is_shared = !r->options->no_sharing,
                                     .shared_blocks = tl_node_blocks_shared(r->memory),
                                     .memory = r->options->memory};
    TL_TRY(tl_plan_parse("plan", at, &options, &r->plan, err));
    TL_CHECK(
        strcmp(head, r->head) == 0 || r->options->accept_build, err, TL_E_ARG,
        "rank %d on %s has another build or processor than rank 0: %s against %s; results "
        "would depend on which rank computes what: use equal nodes, or --accept-build",
        tl_cluster_rank(r->cluster),
        tl_cluster_host(r->cluster, tl_cluster_rank(r->cluster)), r->head, head);
    (void)snprintf(r->paths.dir, sizeof r->paths.dir, "%s", dir);
    return tl_store_join(dir, r->options->trusts_group, &r->store, err);
}

/* Sends rank 0's build, directories and plan to the others. On each node, the rank that
 * publishes the data sources opens the plan before those that map them. */
static tl_status share_plan(run *r, tl_status mine, tl_err *err)
{
    TL_TRY(tl_cluster_agree(r->cluster, mine, err));
    const bool leads = tl_cluster_rank(r->cluster) == 0;
    const tl_shared_blocks *shared_blocks = tl_node_blocks_shared(r->memory);
    tl_text text = {0};
    char *bytes = NULL;
    size_t n = 0;
    if (leads) {
        add_word(&text, r->head);
        add_word(&text, r->paths.dir);
        add_word(&text, r->options->data_dir ? r->options->data_dir : "");
        add_word(&text, r->plan->folder);
        add_word(&text, r->plan->text);
        bytes = text.at;
        n = text.length;
    }
    tl_status status = tl_cluster_broadcast(r->cluster, &bytes, &n, err);
    tl_text_close(&text);
    if (status != TL_OK) return status;
    const bool finds = shared_blocks && !shared_blocks->publishes;
    if (!leads && !finds) status = join_run(r, bytes, err);
    status = tl_cluster_agree(r->cluster, status, err);
    if (status == TL_OK && finds) status = join_run(r, bytes, err);
    status = tl_cluster_agree(r->cluster, status, err);
    if (!leads) free(bytes);
    tl_node_blocks_freeze(r->memory);
    return status;
}

static tl_status run_step(void *self, uint32_t trial, int position, const tl_team *team,
                          tl_report *report, tl_err *err)
{
    tl_executor *executor = self;
    const tl_status status = tl_executor_run(executor, trial, position, team,
                                             report->measure, &report->measures, err);
    report->missing = executor->missing;
    return status;
}

static tl_status work(run *r, tl_err *err)
{
    tl_executor executor;
    const bool leads = tl_cluster_rank(r->cluster) == 0;
    tl_status status = tl_executor_open(r->plan, &r->store, TL_CACHE_BYTES, &executor, err);
    executor.checkpoint_every = r->options->checkpoint_every;
    tl_heartbeat_set_resumable(r->cluster);
    char halt[TL_PATH];
    if (status == TL_OK && leads) {
        (void)tl_store_path(&r->store, "halt", halt, sizeof halt);
        tl_store_remove(&r->store, "halt");
        r->coordinator =
            (tl_coordinator){.cluster = r->cluster,
                             .sweep = &r->sweep,
                             .journal = r->journal,
                             .options = {.deadline = r->deadline.stop,
                                         .end = r->deadline.end,
                                         .deadline_why = r->deadline.why,
                                         .max_failures = r->options->max_failures,
                                         .max_step_deaths = r->options->max_step_deaths,
                                         .max_ranks = r->options->max_ranks,
                                         .hung_after = r->options->hung_after,
                                         .is_quiet = r->options->quiet,
                                         .halt_path = halt}};
        status = tl_coordinator_start(&r->coordinator, err);
    }
    status = tl_cluster_agree(r->cluster, status, err);
    if (status == TL_OK) status = tl_worker_run(r->cluster, run_step, &executor, err);
    if (status == TL_OK && leads) tl_coordinator_join(&r->coordinator);
    tl_executor_close(&executor);
    return status;
}

/* In an arena of its own, since there may be millions of steps. */
static tl_status write_account(const run *r, tl_err *err)
{
    tl_table *account;
    tl_arena arena = tl_arena_open(0);
    const tl_run_facts facts = {.ranks = tl_cluster_size(r->cluster),
                                .seconds = r->coordinator.seconds,
                                .head = r->head};
    tl_status status = tl_collect_run(&r->sweep, &facts, &arena, &account, err);
    if (status == TL_OK) status = tl_result_write(r->paths.account, account, err);
    tl_arena_close(&arena);
    return status;
}

/* The table, and the groups of samples that the plan asks for. */
static tl_status write_result(const run *r, const tl_table *table, tl_err *err)
{
    tl_sample_lists *lists;
    int groups;
    TL_TRY(tl_sample_lists_open(&r->sweep, &r->store, &lists, err));
    const tl_sample_group *group = tl_sample_lists_groups(lists, &groups);
    const tl_status status =
        tl_result_write_groups(r->paths.out, table, group, groups, err);
    tl_sample_lists_close(lists);
    return status;
}

static tl_status write_tables(run *r, tl_err *err)
{
    tl_table *table;
    tl_effects *effects;
    TL_TRY(tl_collect_results(&r->sweep, &r->arena, &table, err));
    if (r->is_mixed) TL_TRY(tl_collect_note(table, &r->arena, "mixed_builds", "yes", err));
    TL_TRY(write_result(r, table, err));
    TL_TRY(write_account(r, err));
    TL_TRY(tl_effects_estimate(table, &r->arena, &effects, err));
    tl_summary_print(stdout, table, effects);
    return TL_OK;
}

/* Takes the scheduler's final state for steps that have no record in the journal. */
static uint32_t settle(run *r)
{
    const uint32_t steps = tl_graph_steps(r->sweep.graph);
    uint32_t bad = 0;
    for (uint32_t id = 0; id < steps; id++) {
        tl_outcome *outcome = &r->sweep.outcome[id];
        const tl_step_state state = tl_scheduler_state(r->coordinator.scheduler, id);
        if (outcome->state != TL_STEP_DONE) outcome->state = (uint8_t)state;
        bad += state == TL_STEP_FAILED || state == TL_STEP_DIVERGED ||
               state == TL_STEP_SKIPPED || state == TL_STEP_LOST;
    }
    return bad;
}

/* Storage that fails is reported; what was written before is kept. */
static tl_status finish(run *r, tl_err *err)
{
    const tl_coordinator *c = &r->coordinator;
    const uint32_t bad = settle(r);
    tl_coordinator_close(&r->coordinator); /* frees memory for the tables */
    const tl_status written = write_tables(r, err);
    if (written != TL_OK && written != TL_E_IO) return written;
    char span[32];
    tl_log(
        TL_LOG_INFO,
        "%u steps done in %s on %d ranks (%u by an earlier run, %u by teams of 2 or more)%s%s",
        c->ran, tl_text_span(c->seconds, span), tl_cluster_size(r->cluster),
        r->sweep.restored, c->teams_of_two, written == TL_OK ? "; results in " : "",
        written == TL_OK ? r->paths.out : "");
    if (written != TL_OK) tl_log(TL_LOG_ERROR, "%s", err->text);
    if (c->status != TL_OK && c->status != TL_E_IO) {
        *err = c->err;
        return c->status;
    }
    if (c->status != TL_OK) tl_log(TL_LOG_ERROR, "%s", c->err.text);
    if (c->was_stopped || c->status != TL_OK || written != TL_OK) {
        tl_log(TL_LOG_INFO,
               "stopped early; resume with: threatloop run %s -o %s --dir %s --resume",
               r->options->plan, r->paths.out, r->paths.dir);
        r->code = TL_EXIT_STOPPED;
    } else if (bad > 0) {
        tl_log(TL_LOG_WARN,
               "%u steps failed or were skipped; the result table has the reasons", bad);
        r->code = TL_EXIT_SOME_FAILED;
    }
    return TL_OK;
}

static void close_run(run *r)
{
    tl_coordinator_close(&r->coordinator);
    tl_journal_close(r->journal);
    tl_sweep_close(&r->sweep);
    tl_store_close(&r->store, r->code == TL_EXIT_USAGE);
    tl_file_lock_release(&r->lock);
    tl_plan_close(r->plan);
    tl_node_blocks_close(r->memory);
    free(r->head);
    tl_arena_close(&r->arena);
}

/* Arms the faults of --inject, and logs that, since what follows is not an error. */
static tl_status arm_failpoints(const run *r, tl_err *err)
{
    for (int i = 0; i < r->options->faults; i++)
        TL_TRY(tl_failpoint_arm(r->options->fault[i], tl_cluster_rank(r->cluster), err));
    if (r->options->faults > 0 && tl_cluster_rank(r->cluster) == 0)
        tl_log(TL_LOG_WARN, "injecting faults, as --inject asks");
    return TL_OK;
}

tl_run_options tl_run_defaults(void)
{
    return (tl_run_options){
        .max_step_deaths = 3, .checkpoint_every = 60.0, .hung_after = 60.0};
}

int tl_run(const tl_run_options *options, tl_cluster *cluster, double begun)
{
    run all = {.options = options, .cluster = cluster, .begun = begun}, *r = &all;
    tl_err err = {0};
    const bool leads = tl_cluster_rank(cluster) == 0;
    tl_log_set(TL_LOG_INFO, tl_cluster_rank(cluster));
    tl_blas_start();
    r->head = tl_run_head();
    r->build = tl_crc32(r->head, strlen(r->head));
    r->memory = tl_node_blocks_open(r->cluster);
    tl_status status = tl_kernels_check(&err);
    if (status == TL_OK) status = arm_failpoints(r, &err);
    if (status == TL_OK) status = tl_heartbeat_start(r->cluster, &err);
    if (status == TL_OK && leads) status = open_on_rank_0(r, &err);
    status = share_plan(r, status, &err);
    if (status == TL_OK) status = work(r, &err);
    if (status == TL_OK && leads) status = finish(r, &err);
    if (status != TL_OK) {
        r->code = tl_exit_of(status);
        if (leads) tl_log(TL_LOG_ERROR, "%s", err.text);
    }
    const bool was_lost = r->coordinator.has_lost || status == TL_E_PEER;
    close_run(r);
    return tl_session_stop(r->cluster, was_lost, r->code);
}
