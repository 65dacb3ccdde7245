/*
 * How a run begins on rank 0: from the plan and what an earlier run left to the steps that
 * are still to be done.
 */
#include "cluster/node/node_blocks.h"
#include "compute/core/clock.h"
#include "compute/core/log.h"
#include "compute/core/print.h"
#include "runner/execute/memory_budget.h"
#include "runner/execute/rerun.h"
#include "runner/execute/run_private.h"
#include "runner/execute/storing.h"
#include "runner/plan/plan_difference.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Seconds that a resumed run waits for the lock of a dying one. */
static const double LOCK_TIMEOUT = 15.0;

enum { MOST_CHANGES = 40 /* lines of the difference between two plans */ };

/* ---- lines to go on with ------------------------------------------------------------- */

/* DIR alone has all the rest. */
static void suggest_directory(const tl_run_state *r, const char *what, const char *dir)
{
    tl_text word = {0};
    tl_text_shell_word(&word, dir);
    tl_log(TL_LOG_INFO, "%s\n  %s --resume %s%s", what, r->options.call, word.at,
           r->options.trusts_group ? " --trust-group" : "");
    tl_text_close(&word);
}

/* ---- what the directory holds -------------------------------------------------------- */

static tl_status take_record(void *self, const tl_record *record, tl_err *err)
{
    tl_run_state *r = self;
    /* Each step names its build, since the head's own line may be lost. */
    const bool is_head = record->kind == TL_RECORD_HEAD && record->text;
    const bool is_other = is_head ? strcmp(record->text, r->head) != 0
                                  : record->kind == TL_RECORD_DONE && record->build != 0 &&
                                        record->build != r->build;
    TL_CHECK(
        !is_other || r->options.accept_build, err, TL_E_ARG,
        "%s was begun by another build or processor: %s; this is %s; results may differ in "
        "their last bits: resume with --accept-build, or use a fresh --dir",
        r->paths.dir, is_head ? record->text : "unknown, its record is damaged", r->head);
    r->is_mixed = r->is_mixed || is_other;
    return tl_sweep_restore(&r->sweep, record, err);
}

static tl_status read_journal(tl_run_state *r, tl_err *err)
{
    return tl_store_replay(r->paths.dir, r->options.trusts_group, take_record, r, err);
}

static bool is_all_done(const tl_sweep *sweep)
{
    const uint32_t steps = tl_graph_steps(sweep->graph);
    for (uint32_t id = 0; id < steps; id++) {
        if (sweep->outcome[id].state != TL_STEP_DONE) return false;
    }
    return true;
}

/* A directory with another plan is used only if that is asked for; shows the difference. */
static tl_status check_plan(const tl_run_state *r, const char *old, tl_err *err)
{
    const tl_run_options *o = &r->options;
    if (!old || strcmp(old, r->plan->text) == 0) return TL_OK;
    const bool is_wanted = o->resume && o->changed_plan;
    tl_text changes = {0};
    tl_plan_difference(old, r->plan->text, MOST_CHANGES, &changes);
    tl_log(is_wanted ? TL_LOG_WARN : TL_LOG_ERROR,
           "%s holds a run of %s plan (- its plan, + this one)%s:", r->paths.dir,
           is_wanted ? "an earlier" : "another",
           is_wanted ? "; steps that the change does not affect are kept" : "");
    if (changes.at) tl_print_lines(stderr, changes.at);
    tl_text_close(&changes);
    if (is_wanted) return TL_OK;
    suggest_directory(r, "to go on with the run that is there:", r->paths.dir);
    tl_log(TL_LOG_INFO,
           "to go on with this plan there, keeping every step that the change does not "
           "affect:\n  %s --resume --changed-plan%s",
           o->call, o->words);
    return tl_fail(err, TL_E_ARG,
                   "the plan differs from that in %s: choose one of these, or another "
                   "directory with --dir",
                   r->paths.dir);
}

/* Whether the run in the directory shared steps, as this one does. */
static tl_status check_sharing(const tl_run_state *r, tl_err *err)
{
    tl_run_record record;
    tl_err reason;
    if (tl_run_record_read(r->paths.dir, r->options.trusts_group, &record, &reason) !=
        TL_OK) {
        tl_log(TL_LOG_WARN, "%s", reason.text);
        return TL_OK;
    }
    TL_CHECK(record.no_sharing == r->options.no_sharing, err, TL_E_ARG,
             "%s holds a run %s --no-sharing: resume it likewise, or choose another "
             "directory with --dir",
             r->paths.dir, record.no_sharing ? "with" : "without");
    return TL_OK;
}

/* Before anything is computed: a directory that holds work is this plan's, and nobody
 * else's at the moment. */
static tl_status check_directory(tl_run_state *r, tl_err *err)
{
    const char *dir = r->paths.dir;
    char who[160];
    TL_TRY(tl_store_check(dir, r->options.trusts_group, err));
    const tl_store_state state = tl_store_look(dir);
    TL_CHECK(state != TL_STORE_FOREIGN, err, TL_E_ARG,
             "%s is not a threatloop run directory; choose another with --dir", dir);
    if (state == TL_STORE_ABSENT) return TL_OK;
    TL_CHECK(r->options.resume || !tl_store_is_held(dir, who, sizeof who), err, TL_E_ARG,
             "%s is in use by %s (threatloop status shows how far it is); wait for it, or "
             "choose another directory with --dir",
             dir, who);
    tl_store store;
    char *old = NULL;
    TL_TRY(tl_store_join(dir, r->options.trusts_group, &store, err));
    const bool has_plan =
        tl_store_read(&store, "plan.yaml", &r->arena, &old, NULL) == TL_OK;
    tl_store_close(&store, false);
    if (!has_plan) return TL_OK;
    TL_TRY(check_sharing(r, err));
    return check_plan(r, old, err);
}

/* A directory that holds work is used only to resume it, or when all of it is done. */
static tl_status check_work(tl_run_state *r, tl_err *err)
{
    if (r->options.resume || tl_store_look(r->paths.dir) == TL_STORE_ABSENT) return TL_OK;
    TL_TRY(read_journal(r, err));
    if (is_all_done(&r->sweep)) return TL_OK;
    tl_log(TL_LOG_INFO, "to go on with the unfinished run that is there:\n  %s",
           r->resume.at);
    return tl_fail(
        err, TL_E_ARG,
        "%s holds an unfinished run: resume it, or choose another directory with "
        "--dir",
        r->paths.dir);
}

/* Reruns finished steps whose samples, or whose model, is missing and needed. */
static tl_status check_files(tl_run_state *r, const tl_store *store, tl_err *err)
{
    uint32_t count;
    TL_TRY(tl_storing_check(&r->sweep, store, &count, err));
    if (count > 0)
        tl_log(TL_LOG_WARN,
               "%s/samples: files are missing or damaged; %u finished steps will be rerun",
               r->paths.dir, count);
    TL_TRY(tl_rerun_missing(&r->sweep, store, &count, err));
    if (count > 0)
        tl_log(TL_LOG_WARN,
               "%s/models: needed models are missing; %u finished steps will be rerun",
               r->paths.dir, count);
    return TL_OK;
}

/* ---- beginning ----------------------------------------------------------------------- */

/* Logs, once, what to know where locks fail. */
static void warn_of_locks(const tl_run_state *r)
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
static void set_time(tl_run_state *r, double opened)
{
    tl_run_deadline_reserve(&r->deadline, opened);
    if (!(r->deadline.end > 0.0)) return;
    char left[32], aside[32];
    tl_log(TL_LOG_INFO, "%s is in %s; %s of that are reserved for writing results",
           r->deadline.why, tl_text_span(r->deadline.end - tl_seconds(), left),
           tl_text_span(r->deadline.end - r->deadline.stop, aside));
}

/* Notes for `status`, which then need not read the plan. */
static tl_status write_facts(const tl_run_state *r, tl_err *err)
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

/* `run --resume DIR`: what is not given is taken from the directory. */
static tl_status take_directory(tl_run_state *r, tl_err *err)
{
    tl_run_options *o = &r->options;
    struct stat facts;
    const bool is_folder = stat(o->plan, &facts) == 0 && S_ISDIR(facts.st_mode);
    if (!is_folder) return TL_OK;
    if (!o->resume && tl_store_look(o->plan) == TL_STORE_HAS_WORK) {
        suggest_directory(r, "to go on with the run that is there:", o->plan);
        return tl_fail(err, TL_E_ARG, "%s is a run directory, not a plan", o->plan);
    }
    TL_CHECK(o->resume, err, TL_E_ARG, "%s is a folder, not a plan", o->plan);
    TL_TRY(tl_run_record_read(o->plan, o->trusts_group, &r->record, err));
    return tl_run_record_apply(&r->record, o, err);
}

/* What a run would do, from the plan, its paths and the directory. */
static tl_status print_outlook(tl_run_state *r, tl_err *err)
{
    const char *dir = r->paths.dir;
    const bool has_work = tl_store_look(dir) == TL_STORE_HAS_WORK;
    if (has_work) {
        tl_store store;
        TL_TRY(tl_store_join(dir, r->options.trusts_group, &store, err));
        tl_status status = r->options.resume ? read_journal(r, err) : TL_OK;
        if (status == TL_OK) status = check_files(r, &store, err);
        tl_store_close(&store, false);
        TL_TRY(status);
    }
    const uint32_t steps = tl_graph_steps(r->sweep.graph);
    uint32_t done = 0;
    for (uint32_t id = 0; id < steps; id++)
        done += r->sweep.outcome[id].state == TL_STEP_DONE;
    char memory[32];
    tl_print(stdout, "%s: %u trials, %u steps: %u done, %u to do, on %d ranks\n",
             r->plan->name, r->plan->trials, steps, done, steps - done,
             tl_cluster_size(r->cluster));
    tl_print(stdout,
             "memory:    %s for the largest step on a rank\n"
             "results:   %s (%s)\n"
             "directory: %s (%s)\n"
             "nothing was run or written\n",
             tl_text_size(r->sweep.memory.first, memory), r->paths.out,
             access(r->paths.out, F_OK) == 0 ? "exists, would be replaced" : "new", dir,
             has_work ? "holds a run" : "new");
    return tl_fail(err, TL_E_STOP, "a dry run");
}

static tl_status open_directory(tl_run_state *r, tl_err *err)
{
    const double opening = tl_seconds();
    TL_TRY(
        tl_store_open(r->paths.dir, r->options.trusts_group, LOCK_TIMEOUT, &r->store, err));
    warn_of_locks(r);
    char path[TL_PATH];
    TL_CHECK(tl_store_path(&r->store, "journal.ndjson", path, sizeof path), err, TL_E_ARG,
             "the name of the run directory is too long");
    TL_TRY(tl_journal_open(&r->store.folder, path, take_record, r, &r->journal, err));
    set_time(r, tl_seconds() - opening);
    TL_TRY(check_files(r, &r->store, err));
    TL_TRY(tl_store_write(&r->store, "plan.yaml", r->plan->text, err));
    TL_TRY(tl_run_record_write(&r->store, &r->options, &r->paths, r->plan->folder, err));
    const tl_record head = {.kind = TL_RECORD_HEAD, .text = r->head};
    tl_journal_put(r->journal, &head);
    TL_TRY(tl_journal_sync(r->journal, err));
    return write_facts(r, err);
}

tl_status tl_run_open(tl_run_state *r, tl_err *err)
{
    TL_CHECK(r->options.resume || !r->options.changed_plan, err, TL_E_ARG,
             "--changed-plan goes with --resume");
    TL_TRY(take_directory(r, err));
    const int ranks = tl_cluster_size(r->cluster), max_ranks = r->options.max_ranks;
    const tl_plan_options options = {
        .set = r->options.set,
        .sets = r->options.sets,
        .data_dir = r->options.data_dir,
        .folder = *r->record.beside ? r->record.beside : NULL,
        .is_shared = !r->options.no_sharing,
        .shared_blocks = tl_node_blocks_shared(r->memory),
        .ranks = max_ranks > 0 && max_ranks < ranks ? max_ranks : ranks,
        .memory = r->options.memory,
        .rank_memory = tl_run_memory_share(r->cluster, r->options.memory)};
    TL_TRY(tl_run_deadline_find(r->options.walltime, r->begun, &r->deadline, err));
    TL_TRY(tl_plan_open(r->options.plan, &options, &r->plan, err));
    for (int i = 0; i < r->plan->left_out; i++)
        tl_log(TL_LOG_INFO, "left out: %s: %s", r->plan->left[i].stage,
               r->plan->left[i].reason);
    TL_TRY(tl_run_paths_of(r->options.out, r->options.dir, r->plan->name, &r->paths, err));
    TL_TRY(check_directory(r, err));
    /* The result of an earlier plan of the directory may be replaced by that of this one.
     */
    TL_TRY(tl_run_paths_check(&r->paths, r->plan, r->options.plan, r->options.data_dir,
                              r->options.is_forced || r->options.changed_plan, err));
    if (!r->options.is_dry)
        TL_TRY(tl_run_paths_lock(&r->paths, r->options.resume ? LOCK_TIMEOUT : 0.0,
                                 &r->lock, err));
    TL_TRY(tl_sweep_open(r->plan, &r->sweep, err));
    TL_TRY(tl_run_memory_check(&r->sweep, r->cluster, r->options.memory, err));
    TL_TRY(check_work(r, err));
    return r->options.is_dry ? print_outlook(r, err) : open_directory(r, err);
}
