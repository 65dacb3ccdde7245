/*
 * threatloop run: from a plan to a result file.
 *
 * Rank 0 reads the plan, opens the run directory and recalls what was done before; all
 * ranks learn the plan's text and work; rank 0 writes the tables and says what came out.
 */
#include "analysis/effect/effects.h"
#include "analysis/report/summary.h"
#include "cluster/node/node_blocks.h"
#include "cluster/comm/heartbeat.h"
#include "cluster/session/session.h"
#include "compute/core/clock.h"
#include "compute/core/failpoint.h"
#include "compute/core/log.h"
#include "compute/core/blas.h"
#include "compute/nn/kernels/kernels.h"
#include "runner/results/result_table.h"
#include "runner/cli/commands.h"
#include "runner/execute/coordinator.h"
#include "runner/execute/deadline.h"
#include "runner/execute/build_id.h"
#include "runner/execute/memory_budget.h"
#include "runner/cli/run_options.h"
#include "runner/store/run_dir.h"
#include "runner/execute/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Seconds that a resumed run waits for one that is dying. */
static const double TIMEOUT = 15.0;

typedef struct run {
    tl_run_options options;
    tl_run_paths paths;
    tl_cluster *cluster;
    tl_node_blocks *memory; /* of the sources; NULL: this rank's own */
    tl_plan *plan;
    tl_store store;
    bool has_store;
    tl_sweep sweep;
    bool has_sweep;
    tl_journal *journal;
    tl_coordinator coordinator;
    tl_run_deadline deadline; /* rank 0 */
    double begun;             /* on the clock of tl_seconds */
    char *head;               /* JSON of the build */
    uint32_t build;           /* CRC-32 of it, as the journal has it */
    bool is_mixed;            /* resumed under another head, which was accepted */
    bool was_done;            /* nothing was left to do */
    tl_arena arena;
    int code; /* exit status so far */
} run;

static tl_status take_record(void *self, const tl_record *record, tl_err *err)
{
    run *r = self;
    /* Each step says under which head it was done, since the head's own line may be lost.
     */
    const bool is_head = record->kind == TL_RECORD_HEAD && record->text;
    const bool is_other = is_head ? strcmp(record->text, r->head) != 0
                                  : record->kind == TL_RECORD_DONE && record->build != 0 &&
                                        record->build != r->build;
    TL_CHECK(
        !is_other || r->options.accept_build, err, TL_E_ARG,
        "%s was begun by another build or processor: %s; this is %s; results may differ in "
        "their last bits: go on with --accept-build, or use a fresh --dir",
        r->paths.dir, is_head ? record->text : "its name is damaged", r->head);
    r->is_mixed = r->is_mixed || is_other;
    return tl_sweep_recall(&r->sweep, record, err);
}

static bool is_all_done(const tl_sweep *sweep)
{
    const uint32_t steps = tl_graph_steps(sweep->graph);
    for (uint32_t id = 0; id < steps; id++) {
        if (sweep->outcome[id].state != TL_STEP_DONE) return false;
    }
    return true;
}

/* A directory with work in it is only touched when told to go on, or when all is done. */
static tl_status check_directory(run *r, tl_err *err)
{
    const tl_store_state state = tl_store_look(r->paths.dir);
    TL_CHECK(
        state != TL_STORE_FOREIGN, err, TL_E_ARG,
        "%s holds something that is no run of threatloop; name another folder by --dir",
        r->paths.dir);
    if (state == TL_STORE_ABSENT || r->options.resume) {
        TL_CHECK(state == TL_STORE_ABSENT || !r->options.no_sharing, err, TL_E_ARG,
                 "--no-sharing needs a fresh directory, and %s holds work", r->paths.dir);
        return TL_OK;
    }
    char path[TL_PATH + 32];
    (void)snprintf(path, sizeof path, "%s/journal.ndjson", r->paths.dir);
    TL_TRY(tl_journal_read(path, take_record, r, err));
    TL_CHECK(
        is_all_done(&r->sweep), err, TL_E_ARG,
        "%s holds a run that is not finished; go on with it:\n  threatloop run %s -o %s "
        "--dir %s --resume\nor name another folder by --dir",
        r->paths.dir, r->options.plan, r->paths.out, r->paths.dir);
    return TL_OK;
}

/* The folder of the result file must be there and writable before anything is computed, and
 * the name free for a file. */
static tl_status check_output(const run *r, tl_err *err)
{
    char folder[TL_PATH];
    struct stat info;
    const size_t length = strlen(r->paths.out);
    TL_CHECK(length > 0 && r->paths.out[length - 1] != '/', err, TL_E_ARG,
             "-o %s names a folder; name a file in it", r->paths.out);
    TL_CHECK(stat(r->paths.out, &info) != 0 || S_ISREG(info.st_mode), err, TL_E_ARG,
             "-o %s: is there already and no file", r->paths.out);
    (void)snprintf(folder, sizeof folder, "%s", r->paths.out);
    char *slash = strrchr(folder, '/');
    if (slash) *slash = '\0';
    const char *name = !slash ? "." : (*folder ? folder : "/");
    TL_CHECK(access(name, W_OK | X_OK) == 0, err, TL_E_IO,
             "%s: results cannot be written there: the folder is missing or not writable",
             r->paths.out);
    return TL_OK;
}

/* Names what changed between the plan that the directory holds and this one. */
static tl_status show_changes(run *r, tl_err *err)
{
    char *old;
    if (tl_store_read(&r->store, "plan.yaml", &r->arena, &old, NULL) != TL_OK) return TL_OK;
    if (strcmp(old, r->plan->text) == 0) return TL_OK;
    TL_CHECK(r->options.resume, err, TL_E_ARG, "%s holds a run of another plan",
             r->paths.dir);
    tl_log(TL_LOG_WARN,
           "the plan has changed since this run began; steps whose keys still stand "
           "are kept");
    for (const char *line = r->plan->text; *line;) {
        const size_t length = strcspn(line, "\n");
        char text[512];
        (void)snprintf(text, sizeof text, "%.*s", (int)(length < 500 ? length : 500), line);
        if (!strstr(old, text)) tl_log(TL_LOG_WARN, "  now: %s", text);
        line += length + (line[length] == '\n');
    }
    return TL_OK;
}

static int widest_team(const run *r)
{
    const int ranks = tl_cluster_size(r->cluster), widest = r->options.widest;
    return widest > 0 && widest < ranks ? widest : ranks;
}

/* Says when the run will stop. \param opened as in tl_run_deadline_reserve */
static void set_time(run *r, double opened)
{
    tl_run_deadline_reserve(&r->deadline, opened);
    if (!(r->deadline.end > 0.0)) return;
    char left[32], aside[32];
    tl_log(TL_LOG_INFO, "%s is in %s; %s of it are kept for results", r->deadline.why,
           tl_text_span(r->deadline.end - tl_seconds(), left),
           tl_text_span(r->deadline.end - r->deadline.stop, aside));
}

/* A step that is done is worth nothing to those that follow if its model is gone. */
static tl_status check_models(run *r, tl_err *err)
{
    uint32_t count;
    TL_TRY(tl_redo_missing(&r->sweep, &r->store, &count, err));
    if (count > 0)
        tl_log(TL_LOG_WARN,
               "%s/models: models that are needed are missing; %u steps that were done are "
               "run again",
               r->paths.dir, count);
    return TL_OK;
}

static tl_status open_on_rank_0(run *r, tl_err *err)
{
    const tl_plan_options options = {.set = r->options.set,
                                     .sets = r->options.sets,
                                     .data_dir = r->options.data_dir,
                                     .is_shared = !r->options.no_sharing,
                                     .shared_blocks = tl_node_blocks_shared(r->memory),
                                     .ranks = widest_team(r),
                                     .rank_memory =
                                         tl_run_memory_share(r->cluster, &r->options)};
    TL_TRY(tl_run_deadline_find(r->options.walltime, r->begun, &r->deadline, err));
    TL_TRY(tl_plan_open(r->options.plan, &options, &r->plan, err));
    TL_TRY(tl_run_paths_of(&r->options, r->plan->name, &r->paths, err));
    TL_TRY(check_output(r, err));
    const double opening = tl_seconds();
    TL_TRY(tl_sweep_open(r->plan, &r->sweep, err));
    r->has_sweep = true;
    TL_TRY(tl_run_memory_check(&r->sweep, r->cluster, &r->options, err));
    TL_TRY(check_directory(r, err));
    TL_TRY(tl_store_open(r->paths.dir, TIMEOUT, &r->store, err));
    r->has_store = true;
    TL_TRY(show_changes(r, err));
    char path[TL_PATH];
    TL_CHECK(tl_store_path(&r->store, "journal.ndjson", path, sizeof path), err, TL_E_ARG,
             "the name of the run directory is too long");
    TL_TRY(tl_journal_open(path, take_record, r, &r->journal, err));
    set_time(r, tl_seconds() - opening);
    TL_TRY(check_models(r, err));
    TL_TRY(tl_store_write(&r->store, "plan.yaml", r->plan->text, err));
    const tl_record head = {.kind = TL_RECORD_HEAD, .text = r->head};
    tl_journal_put(r->journal, &head);
    TL_TRY(tl_journal_sync(r->journal, err));
    char facts[128];
    (void)snprintf(facts, sizeof facts, "{\"steps\": %u, \"trials\": %u}\n",
                   tl_graph_steps(r->sweep.graph), r->plan->trials);
    return tl_store_write(&r->store, "progress.json", facts, err);
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

/* Ranks but 0: the plan, from what rank 0 has sent. */
static tl_status join_run(run *r, const char *bytes, tl_err *err)
{
    const char *at = bytes, *head = next_word(&at), *dir = next_word(&at);
    const char *data = next_word(&at);
    const tl_plan_options options = {.data_dir = *data ? data : NULL,
                                     .is_shared = !r->options.no_sharing,
                                     .shared_blocks = tl_node_blocks_shared(r->memory)};
    TL_TRY(tl_plan_parse("plan", at, &options, &r->plan, err));
    TL_CHECK(strcmp(head, r->head) == 0 || r->options.accept_build, err, TL_E_ARG,
             "rank %d on %s is another build or processor than rank 0: %s against "
             "%s; bits would depend on who computes what: use equal nodes, or "
             "--accept-build",
             tl_cluster_rank(r->cluster),
             tl_cluster_host(r->cluster, tl_cluster_rank(r->cluster)), r->head, head);
    (void)snprintf(r->paths.dir, sizeof r->paths.dir, "%s", dir);
    TL_TRY(tl_store_join(dir, &r->store, err));
    r->has_store = true;
    return TL_OK;
}

/* What other ranks must know: rank 0's head, directory, data folder, and the plan's text.
 * They open the plan node by node: first who publishes its sources, or is alone, then those
 * that find them. */
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
        add_word(&text, r->options.data_dir ? r->options.data_dir : "");
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
    report->gone = executor->gone;
    return status;
}

static tl_status work(run *r, tl_err *err)
{
    tl_executor executor;
    const bool leads = tl_cluster_rank(r->cluster) == 0;
    tl_status status = tl_executor_open(r->plan, &r->store, TL_CACHE_BYTES, &executor, err);
    executor.checkpoint_every = r->options.checkpoint_every;
    char halt[TL_PATH];
    if (status == TL_OK && leads) {
        (void)tl_store_path(&r->store, "halt", halt, sizeof halt);
        (void)remove(halt);
        r->coordinator =
            (tl_coordinator){.cluster = r->cluster,
                             .sweep = &r->sweep,
                             .journal = r->journal,
                             .options = {.deadline = r->deadline.stop,
                                         .end = r->deadline.end,
                                         .deadline_why = r->deadline.why,
                                         .max_failures = r->options.max_failures,
                                         .max_step_deaths = r->options.max_step_deaths,
                                         .widest = r->options.widest,
                                         .hung_after = r->options.hung_after,
                                         .is_quiet = r->options.quiet,
                                         .halt_path = halt}};
        status = tl_coordinator_start(&r->coordinator, err);
    }
    status = tl_cluster_agree(r->cluster, status, err);
    if (status == TL_OK) status = tl_worker_run(r->cluster, run_step, &executor, err);
    if (status == TL_OK && leads) tl_coordinator_join(&r->coordinator);
    tl_executor_close(&executor);
    return status;
}

/* Its memory is given back: a row a step is much where steps are many. */
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

static tl_status write_tables(run *r, tl_err *err)
{
    tl_table *table;
    tl_effects *effects;
    TL_TRY(tl_collect_results(&r->sweep, &r->arena, &table, err));
    if (r->is_mixed) TL_TRY(tl_collect_note(table, &r->arena, "mixed_builds", "yes", err));
    TL_TRY(tl_result_write(r->paths.out, table, err));
    TL_TRY(write_account(r, err));
    TL_TRY(tl_effects_estimate(table, &r->arena, &effects, err));
    tl_summary_print(stdout, table, effects);
    return TL_OK;
}

/* Copies the scheduler's last word on steps that the journal does not speak of. */
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

/* Storage that fails costs what was not yet kept; that is said, and the rest stays. */
static tl_status finish(run *r, tl_err *err)
{
    const tl_coordinator *c = &r->coordinator;
    const uint32_t bad = settle(r);
    tl_coordinator_close(&r->coordinator); /* its memory is wanted for the tables */
    const tl_status written = write_tables(r, err);
    if (written != TL_OK && written != TL_E_IO) return written;
    char span[32];
    tl_log(TL_LOG_INFO,
           "%u steps done in %s on %d ranks (%u of an earlier run, %u orders to teams)%s%s",
           c->ran, tl_text_span(c->seconds, span), tl_cluster_size(r->cluster),
           r->sweep.recalled, c->teams_of_two, written == TL_OK ? "; results in " : "",
           written == TL_OK ? r->paths.out : "");
    if (written != TL_OK) tl_log(TL_LOG_ERROR, "%s", err->text);
    if (c->status != TL_OK && c->status != TL_E_IO) {
        *err = c->err;
        return c->status;
    }
    if (c->status != TL_OK) tl_log(TL_LOG_ERROR, "%s", c->err.text);
    if (c->was_stopped || c->status != TL_OK || written != TL_OK) {
        tl_log(TL_LOG_INFO,
               "stopped early; go on with: threatloop run %s -o %s --dir %s --resume",
               r->options.plan, r->paths.out, r->paths.dir);
        r->code = TL_EXIT_STOPPED;
    } else if (bad > 0) {
        tl_log(TL_LOG_WARN, "%u steps failed or were skipped; the table says which", bad);
        r->code = TL_EXIT_SOME_FAILED;
    }
    return TL_OK;
}

static int code_of(tl_status status)
{
    switch (status) {
    case TL_OK:
        return TL_EXIT_DONE;
    case TL_E_ARG:
        return TL_EXIT_USAGE;
    case TL_E_STOP:
    case TL_E_LOST:
        return TL_EXIT_STOPPED;
    default:
        return TL_EXIT_ERROR;
    }
}

static void close_run(run *r)
{
    tl_coordinator_close(&r->coordinator);
    tl_journal_close(r->journal);
    if (r->has_sweep) tl_sweep_close(&r->sweep);
    if (r->has_store) tl_store_close(&r->store, r->code == TL_EXIT_USAGE);
    tl_plan_close(r->plan);
    tl_node_blocks_close(r->memory);
    free(r->head);
    tl_arena_close(&r->arena);
}

/* Faults of --inject; the log says so, since what follows is no one's error. */
static tl_status arm_faults(const run *r, tl_err *err)
{
    for (int i = 0; i < r->options.faults; i++)
        TL_TRY(tl_fault_arm(r->options.fault[i], tl_cluster_rank(r->cluster), err));
    if (r->options.faults > 0 && tl_cluster_rank(r->cluster) == 0)
        tl_log(TL_LOG_WARN, "faults will be injected, as --inject asks");
    return TL_OK;
}

static int run_all(run *r)
{
    tl_err err = {0};
    const bool leads = tl_cluster_rank(r->cluster) == 0;
    tl_log_set(TL_LOG_INFO, tl_cluster_rank(r->cluster));
    tl_blas_start();
    r->head = tl_run_head();
    r->build = tl_crc32(r->head, strlen(r->head));
    r->memory = tl_node_blocks_open(r->cluster);
    tl_status status = tl_kernels_check(&err);
    if (status == TL_OK) status = arm_faults(r, &err);
    if (status == TL_OK) status = tl_heartbeat_start(r->cluster, &err);
    if (status == TL_OK && leads) status = open_on_rank_0(r, &err);
    status = share_plan(r, status, &err);
    if (status == TL_OK) status = work(r, &err);
    if (status == TL_OK && leads) status = finish(r, &err);
    if (status != TL_OK) {
        r->code = code_of(status);
        if (leads) tl_log(TL_LOG_ERROR, "%s", err.text);
    }
    const bool was_lost = r->coordinator.has_lost || status == TL_E_LOST;
    close_run(r);
    return tl_session_stop(r->cluster, was_lost, r->code);
}

int tl_cmd_run(int argc, char **argv)
{
    run r = {.begun = tl_seconds()};
    tl_err err;
    const char *rank = getenv("OMPI_COMM_WORLD_RANK");
    const bool speaks = !rank || strcmp(rank, "0") == 0;
    if (tl_run_options_read(argc, argv, &r.options, &err) != TL_OK) {
        if (speaks) tl_log(TL_LOG_ERROR, "%s", err.text);
        return TL_EXIT_USAGE;
    }
    if (r.options.help) {
        if (speaks) (void)fputs(tl_run_options_help(), stdout);
        return TL_EXIT_DONE;
    }
    if (tl_session_start(&r.cluster, &argc, &argv, &err) != TL_OK) {
        tl_log(TL_LOG_ERROR, "%s", err.text);
        return TL_EXIT_ERROR;
    }
    return run_all(&r);
}
