#include "runner/execute/run.h"

#include "analysis/effect/effects.h"
#include "analysis/report/label.h"
#include "analysis/report/summary.h"
#include "analysis/table/result_file.h"
#include "cluster/comm/heartbeat.h"
#include "cluster/session/session.h"
#include "compute/core/blas.h"
#include "compute/core/failpoint.h"
#include "compute/core/log.h"
#include "compute/nn/kernels/kernels.h"
#include "runner/execute/build_id.h"
#include "runner/execute/storing.h"
#include "runner/execute/memory_budget.h"
#include "runner/execute/run_private.h"
#include "runner/execute/worker.h"
#include "runner/exit.h"
#include "runner/results/result_table.h"
#include "runner/results/sample_lists.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
static tl_status join_run(tl_run_state *r, const char *bytes, tl_err *err)
{
    const char *at = bytes, *head = next_word(&at), *dir = next_word(&at);
    const char *data = next_word(&at), *folder = next_word(&at);
    r->options.no_sharing = *next_word(&at) != '\0';
    const char *beside = next_word(&at);
    TL_CHECK(!*folder || chdir(folder) == 0, err, TL_E_IO,
             "rank %d on %s cannot go to %s, where this run was started: %s",
             tl_cluster_rank(r->cluster),
             tl_cluster_host(r->cluster, tl_cluster_rank(r->cluster)), folder,
             strerror(errno));
    const tl_plan_options options = {.data_dir = *data ? data : NULL,
                                     .folder = beside,
                                     .is_shared = !r->options.no_sharing,
                                     .shared_blocks = tl_node_blocks_shared(r->memory),
                                     .memory = r->options.memory};
    TL_TRY(tl_plan_parse("plan", at, &options, &r->plan, err));
    TL_CHECK(
        strcmp(head, r->head) == 0 || r->options.accept_build, err, TL_E_ARG,
        "rank %d on %s has another build or processor than rank 0: %s against %s; results "
        "would depend on which rank computes what: use equal nodes, or --accept-build",
        tl_cluster_rank(r->cluster),
        tl_cluster_host(r->cluster, tl_cluster_rank(r->cluster)), r->head, head);
    (void)snprintf(r->paths.dir, sizeof r->paths.dir, "%s", dir);
    return tl_store_join(dir, r->options.trusts_group, &r->store, err);
}

/* Sends rank 0's build, directories and plan to the others. On each node, the rank that
 * publishes the data sources opens the plan before those that map them. */
static tl_status share_plan(tl_run_state *r, tl_status mine, tl_err *err)
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
        add_word(&text, r->record.folder);
        add_word(&text, r->options.no_sharing ? "alone" : "");
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

static tl_status work(tl_run_state *r, tl_err *err)
{
    tl_executor executor;
    const bool leads = tl_cluster_rank(r->cluster) == 0;
    tl_status status = tl_executor_open(r->plan, &r->store, TL_CACHE_BYTES, &executor, err);
    executor.checkpoint_every = r->options.checkpoint_every;
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
                                         .max_failures = r->options.max_failures,
                                         .max_step_deaths = r->options.max_step_deaths,
                                         .max_ranks = r->options.max_ranks,
                                         .hung_after = r->options.hung_after,
                                         .is_quiet = r->options.quiet,
                                         .halt_path = halt,
                                         .resume = r->resume.at}};
        status = tl_coordinator_start(&r->coordinator, err);
    }
    status = tl_cluster_agree(r->cluster, status, err);
    if (status == TL_OK) status = tl_worker_run(r->cluster, run_step, &executor, err);
    if (status == TL_OK && leads) tl_coordinator_join(&r->coordinator);
    tl_executor_close(&executor);
    return status;
}

/* In an arena of its own, since there may be millions of steps. */
static tl_status write_account(const tl_run_state *r, tl_err *err)
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
static tl_status write_result(const tl_run_state *r, const tl_table *table, tl_err *err)
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

static tl_status write_tables(tl_run_state *r, tl_err *err)
{
    tl_table *table;
    tl_effects *effects;
    TL_TRY(tl_collect_results(&r->sweep, &r->arena, &table, err));
    if (r->is_mixed) TL_TRY(tl_collect_note(table, &r->arena, "mixed_builds", "yes", err));
    TL_TRY(write_result(r, table, err));
    TL_TRY(write_account(r, err));
    r->has_tables = true;
    TL_TRY(tl_effects_estimate(table, &r->arena, &effects, err));
    tl_findings found = {
        .file = r->paths.out, .table = table, .effects = effects, .arena = &r->arena};
    TL_TRY(tl_label_read(table, &r->arena, &found.labels, err));
    const tl_screen screen = tl_screen_of(stdout);
    tl_summary_print(stdout, &found, &screen);
    return TL_OK;
}

/* Takes the scheduler's final state for steps that have no record in the journal. */
static uint32_t settle(tl_run_state *r)
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
static tl_status finish(tl_run_state *r, tl_err *err)
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
        tl_log(TL_LOG_INFO, "stopped early; resume with:\n  %s", r->resume.at);
        r->code = TL_EXIT_STOPPED;
    } else if (bad > 0) {
        tl_log(TL_LOG_WARN,
               "%u steps failed or were skipped; the result table has the reasons", bad);
        r->code = TL_EXIT_SOME_FAILED;
    }
    if (written == TL_OK && ferror(stdout)) {
        tl_log(TL_LOG_ERROR, "stdout: the summary cannot be written; the results are in %s",
               r->paths.out);
        if (r->code == TL_EXIT_DONE) r->code = TL_EXIT_ERROR;
    }
    return TL_OK;
}

static void close_run(tl_run_state *r)
{
    tl_coordinator_close(&r->coordinator);
    tl_journal_close(r->journal);
    tl_sweep_close(&r->sweep);
    tl_store_close(&r->store, r->code == TL_EXIT_USAGE);
    tl_file_lock_release(&r->lock);
    tl_plan_close(r->plan);
    tl_node_blocks_close(r->memory);
    free(r->head);
    tl_text_close(&r->resume);
    tl_arena_close(&r->arena);
}

/* Arms the faults of --inject, and logs that, since what follows is not an error. */
static tl_status arm_failpoints(const tl_run_state *r, tl_err *err)
{
    for (int i = 0; i < r->options.faults; i++)
        TL_TRY(tl_failpoint_arm(r->options.fault[i], tl_cluster_rank(r->cluster), err));
    if (r->options.faults > 0 && tl_cluster_rank(r->cluster) == 0)
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
    tl_run_state all = {.options = *options, .cluster = cluster, .begun = begun};
    tl_run_state *r = &all;
    tl_err err = {0};
    const bool leads = tl_cluster_rank(cluster) == 0;
    tl_log_set(TL_LOG_INFO, tl_cluster_rank(cluster));
    tl_blas_start();
    tl_text_print(&r->resume, "%s --resume%s", options->call, options->words);
    r->head = tl_run_head();
    r->build = tl_crc32(r->head, strlen(r->head));
    r->memory = tl_node_blocks_open(r->cluster);
    tl_status status = tl_kernels_check(&err);
    if (status == TL_OK) status = arm_failpoints(r, &err);
    if (status == TL_OK) status = tl_heartbeat_start(r->cluster, &err);
    if (status == TL_OK && leads) status = tl_run_open(r, &err);
    status = share_plan(r, status, &err);
    if (status == TL_OK) status = work(r, &err);
    if (status == TL_OK && leads) status = finish(r, &err);
    if (status != TL_OK && !(options->is_dry && status == TL_E_STOP)) {
        r->code = tl_exit_of(status);
        if (leads) tl_log(TL_LOG_ERROR, "%s", err.text);
    }
    const bool was_lost = r->coordinator.has_lost || status == TL_E_PEER;
    close_run(r);
    const bool has_report = r->has_tables && options->has_report;
    if (has_report && was_lost) options->report(r->paths.out); /* no return from the stop */
    const int code = tl_session_stop(r->cluster, was_lost, r->code);
    if (has_report && !was_lost) options->report(r->paths.out);
    return code;
}
