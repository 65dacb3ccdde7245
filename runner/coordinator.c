#include "runner/coordinator.h"

#include "cluster/post.h"
#include "compute/core/log.h"
#include "compute/core/text.h"
#include "runner/commands.h"
#include "runner/progress.h"
#include "runner/protocol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const double LOOK_EVERY = 0.25; /* seconds */

/* A wide order that may have to be called off. */
typedef struct tl_wide_order {
    uint32_t epoch;
    int width;
} wide_order;

static void nap_for(double seconds)
{
    const struct timespec span = {.tv_nsec = (long)(1e9 * seconds)};
    (void)nanosleep(&span, NULL);
}

static double wall_clock(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static const tl_stage *stage_of(const tl_coordinator *c, uint32_t step)
{
    const int instance = tl_graph_step_at(c->sweep->graph, step)->kind / 3;
    return c->sweep->plan ? c->sweep->plan->instance[instance].stage : NULL;
}

static void write_record(tl_coordinator *c, tl_record_kind kind, uint32_t step,
                         const tl_report *report, int first, int width)
{
    const tl_stage *stage = stage_of(c, step);
    const tl_record record = {.kind = kind,
                              .key = tl_graph_step_at(c->sweep->graph, step)->key,
                              .stage = stage ? stage->name : "empty",
                              .first = first,
                              .width = width,
                              .seconds = report ? report->seconds : 0.0,
                              .measures = report ? report->measures : 0,
                              .measure = report ? report->measure : NULL,
                              .text =
                                  report && report->status != TL_OK ? report->text : NULL,
                              .when = wall_clock()};
    if (c->journal) tl_journal_put(c->journal, &record);
    if (kind == TL_RECORD_START) return;
    tl_err err;
    if (tl_sweep_recall(c->sweep, &record, &err) != TL_OK && c->status == TL_OK) {
        c->status = err.status;
        c->err = err;
    }
}

static void begin_stop(tl_coordinator *c, const char *why)
{
    if (c->is_stopping) return;
    c->is_stopping = true;
    tl_log(TL_LOG_INFO, "stopping early: %s; what is finished is kept", why);
    tl_scheduler_stop(c->scheduler);
    tl_pulse_ask_stop(c->cluster);
}

static void remember_done(tl_coordinator *c, uint32_t step, double seconds)
{
    if (c->dones == c->done_space) {
        const uint32_t space = c->done_space ? 2 * c->done_space : 1024;
        c->done = realloc(c->done, space * sizeof *c->done);
        c->took = realloc(c->took, space * sizeof *c->took);
        TL_INVARIANT(c->done && c->took);
        c->done_space = space;
    }
    c->done[c->dones] = step;
    c->took[c->dones++] = seconds;
}

static void note_failure(tl_coordinator *c, const tl_report *report, int width, int first)
{
    const bool has_diverged = report->status == TL_E_NUM;
    write_record(c, has_diverged ? TL_RECORD_DIVERGED : TL_RECORD_FAILED, report->step,
                 report, first, width);
    tl_scheduler_failed(c->scheduler, report->step,
                        has_diverged ? TL_STEP_DIVERGED : TL_STEP_FAILED,
                        tl_cluster_seconds());
    const tl_stage *stage = stage_of(c, report->step);
    tl_log(TL_LOG_WARN, "a step of %s %s: %s", stage ? stage->name : "the sweep",
           has_diverged ? "diverged" : "failed", report->text);
    c->failures++;
    if (c->options.max_failures > 0 && c->failures >= (uint32_t)c->options.max_failures) {
        begin_stop(c, "--max-failures is reached");
    }
}

static bool is_done(const tl_coordinator *c, uint32_t step)
{
    return c->sweep->outcome[step].state == TL_STEP_DONE;
}

/* A rank that was taken for dead speaks after all. What it has done is as good as what
 * another would do: the bits are the same. */
static void take_late_report(tl_coordinator *c, const tl_report *report,
                             const tl_report_reader *order)
{
    if (report->step >= tl_graph_steps(c->sweep->graph)) return;
    const tl_step_state state = tl_scheduler_state(c->scheduler, report->step);
    const bool is_wanted = state == TL_STEP_READY || state == TL_STEP_RUNNING;
    if (report->status != TL_OK || !is_wanted || is_done(c, report->step)) return;
    tl_log(TL_LOG_INFO, "a result came from a rank that was taken for dead; it is kept");
    write_record(c, TL_RECORD_DONE, report->step, report, order->first, order->width);
    remember_done(c, report->step, report->seconds);
}

/* What the run's own files are on fails: the step comes back, and nothing else begins. */
static void stop_for(tl_coordinator *c, const tl_err *why)
{
    if (c->status == TL_OK) {
        c->status = why->status;
        c->err = *why;
    }
    begin_stop(c, why->text);
}

/* Whether all that was put in the journal is in the file; also after another fault, since
 * what still comes in is worth keeping. */
static bool sync_journal(tl_coordinator *c)
{
    tl_err err;
    if (!c->journal || tl_journal_sync(c->journal, &err) == TL_OK) return true;
    stop_for(c, &err);
    return false;
}

/* A run directory that was moved or removed takes what is journalled with it. */
static void look_at_journal(tl_coordinator *c)
{
    tl_err err;
    if (!c->journal || c->status != TL_OK || tl_journal_is_in_place(c->journal)) return;
    (void)tl_fail(&err, TL_E_IO,
                  "%s is no longer there: the run directory was moved or removed while the "
                  "run wrote to it; put it back before you go on",
                  tl_journal_path(c->journal));
    stop_for(c, &err);
}

/* The model that the step wanted is not there or not whole: what made it runs again. */
static void call_back(tl_coordinator *c, const tl_report *report)
{
    tl_err err;
    const double now = tl_cluster_seconds();
    if (tl_redo_call_back(&c->redo, c->sweep, c->scheduler, report, now, &err) != TL_OK)
        stop_for(c, &err);
    tl_scheduler_returned(c->scheduler, report->step, now);
}

static void take_report(tl_coordinator *c, const tl_report *report,
                        const tl_report_reader *order)
{
    const int first = order->first, width = order->width;
    if (report->step >= tl_graph_steps(c->sweep->graph)) return;
    /* A member of a broken team may speak late, when others already run the step. */
    if (c->epoch_of[report->step] != order->epoch) return;
    if (tl_scheduler_state(c->scheduler, report->step) != TL_STEP_RUNNING) return;
    if (is_done(c, report->step)) return;
    if (report->status == TL_OK) {
        write_record(c, TL_RECORD_DONE, report->step, report, first, width);
        remember_done(c, report->step, report->seconds);
    } else if (report->status == TL_E_STOP || report->status == TL_E_LOST) {
        tl_scheduler_returned(c->scheduler, report->step, tl_cluster_seconds());
    } else if (report->status == TL_E_IO) {
        /* A disk that is full is no fault of the step: all would fail. */
        tl_err err;
        look_at_journal(c);
        (void)tl_fail(&err, TL_E_IO, "%s", report->text);
        tl_scheduler_returned(c->scheduler, report->step, tl_cluster_seconds());
        stop_for(c, &err);
    } else if (report->status == TL_E_GONE) {
        call_back(c, report);
    } else {
        note_failure(c, report, width, first);
    }
}

typedef struct ended_order {
    uint32_t epoch;
    int rank;
} ended_order;

/* Takes all results that have come; journals them in one sync; then they count. */
static bool take_results(tl_coordinator *c)
{
    enum { MOST = 64 };
    ended_order ended[MOST];
    int count = 0;
    tl_message message = {0};
    tl_report report;
    tl_err err;
    while (count < MOST &&
           tl_post_receive(c->cluster, TL_TAGS(TL_TAG_RESULT), &message, &err)) {
        tl_report_reader reader;
        if (!tl_report_open(message.bytes, message.n, &reader)) continue;
        const bool is_late = tl_cluster_is_buried(c->cluster, message.from);
        while (tl_report_next(&reader, &report)) {
            if (is_late)
                take_late_report(c, &report, &reader);
            else
                take_report(c, &report, &reader);
        }
        if (reader.has_ended && !is_late) {
            ended[count++] = (ended_order){reader.epoch, message.from};
        }
    }
    tl_message_close(&message);
    const bool has_news = count > 0 || c->dones > 0;
    const bool is_kept = !has_news || sync_journal(c);
    const double now = tl_cluster_seconds();
    if (is_kept) {
        for (uint32_t i = 0; i < c->dones; i++) {
            tl_scheduler_done(c->scheduler, c->done[i], c->took[i], now);
            c->ran++;
        }
    }
    c->dones = 0;
    for (int i = 0; i < count; i++) {
        tl_scheduler_order_ended(c->scheduler, ended[i].epoch, ended[i].rank, now);
    }
    return has_news;
}

static void send_order(tl_coordinator *c, const tl_order *order)
{
    tl_order_message message = {.epoch = order->epoch,
                                .first = order->first,
                                .width = order->width,
                                .steps = order->steps};
    for (int i = 0; i < order->steps; i++) {
        const tl_graph_step *step = tl_graph_step_at(c->sweep->graph, order->step[i]);
        c->epoch_of[order->step[i]] = order->epoch;
        message.item[i] = (tl_order_item){order->step[i], step->trial, step->position};
        if (order->steps == 1) {
            write_record(c, TL_RECORD_START, order->step[i], NULL, order->first,
                         order->width);
        }
    }
    if (order->width > 1) {
        c->teams_of_two++;
        c->wide[order->first] = (wide_order){order->epoch, order->width};
    }
    for (int rank = order->first; rank < order->first + order->width; rank++) {
        /* A rank that cannot be reached is found dead below, and its order comes back. */
        const tl_status status = tl_post_send(c->cluster, rank, TL_TAG_ORDER, &message,
                                              tl_order_message_size(order->steps), NULL);
        (void)status;
    }
}

static bool send_orders(tl_coordinator *c)
{
    bool has_sent = false;
    static const int most = 4096;
    tl_order order;
    for (int i = 0;
         i < most && tl_scheduler_next(c->scheduler, tl_cluster_seconds(), &order); i++) {
        send_order(c, &order);
        has_sent = true;
    }
    return has_sent;
}

/* Writes down steps that the scheduler has set aside since their ranks died too often. */
static void record_set_aside(tl_coordinator *c)
{
    const uint32_t steps = tl_graph_steps(c->sweep->graph);
    for (uint32_t id = 0; id < steps; id++) {
        if (tl_scheduler_state(c->scheduler, id) != TL_STEP_LOST) continue;
        if (c->sweep->outcome[id].state == TL_STEP_LOST) continue;
        tl_report report = {.step = id, .status = TL_E_LOST};
        (void)snprintf(report.text, sizeof report.text,
                       "set aside: its ranks died %d times", c->options.max_step_deaths);
        write_record(c, TL_RECORD_LOST, id, &report, 0, 0);
    }
}

static void lose_rank(tl_coordinator *c, int rank)
{
    uint32_t broken[4];
    int count = 0;
    if (rank > 0) tl_cluster_bury(c->cluster, rank);
    c->has_lost = true;
    tl_scheduler_rank_lost(c->scheduler, rank, tl_cluster_seconds(), broken, &count);
    for (int first = 0; first < tl_cluster_size(c->cluster); first++) {
        for (int i = 0; i < count; i++) {
            if (c->wide[first].epoch != broken[i]) continue;
            tl_pulse_call_off(c->cluster, first, c->wide[first].width, broken[i]);
        }
    }
    record_set_aside(c);
}

static void look_at_ranks(tl_coordinator *c)
{
    for (int rank = 1; rank < tl_cluster_size(c->cluster); rank++) {
        if (tl_cluster_is_buried(c->cluster, rank)) continue;
        if (!tl_pulse_is_dead(c->cluster, rank)) continue;
        tl_log(TL_LOG_WARN, "rank %d is lost; its work goes to others", rank);
        lose_rank(c, rank);
    }
}

/* Members of a team that hangs are lost; as they live, they are told to leave. */
static void end_hung_team(tl_coordinator *c, const tl_vigil_team *team, uint32_t step)
{
    const tl_stage *stage = stage_of(c, step);
    for (int rank = team->first; rank < team->first + team->width; rank++) {
        if (!tl_vigil_is_culprit(&c->vigil, team, rank)) continue;
        if (tl_cluster_is_buried(c->cluster, rank)) continue;
        tl_log(TL_LOG_WARN,
               "rank %d hangs: no progress for more than %.0f s in a step of %s that was "
               "expected to take %.3g s",
               rank, tl_vigil_patience(&c->vigil, team), stage ? stage->name : "the sweep",
               team->seconds);
        if (rank == 0) {
            c->is_stuck = true;
            begin_stop(c, "the rank that leads hangs itself");
        }
        lose_rank(c, rank);
    }
}

static void look_for_hung(tl_coordinator *c, double now)
{
    for (int rank = 0; rank < tl_cluster_size(c->cluster); rank++) {
        const tl_pulse_progress progress = tl_pulse_progress_of(c->cluster, rank);
        tl_vigil_see(&c->vigil, rank, progress.ticks, progress.is_waiting, now);
    }
    for (int rank = 0; rank < tl_cluster_size(c->cluster); rank++) {
        const tl_scheduler_work_of_rank work = tl_scheduler_work_of(c->scheduler, rank);
        if (!work.is_busy || work.first != rank) continue;
        const tl_vigil_team team = {.first = work.first,
                                    .width = work.width,
                                    .since = work.since,
                                    .seconds = work.seconds,
                                    .is_known = work.is_known};
        if (tl_vigil_is_hung(&c->vigil, &team, now)) end_hung_team(c, &team, work.step);
    }
}

/* The time is up and steps still run: they are left, since whoever set the time would kill
 * the run now, and it could not even say that it can be resumed. */
static void leave_undone(tl_coordinator *c)
{
    const uint32_t running = tl_scheduler_count(c->scheduler).in[TL_STEP_RUNNING];
    if (tl_scheduler_count(c->scheduler).orders_out == 0) return;
    tl_log(TL_LOG_WARN,
           "%s is there and %u steps still run: they are left and will run again; results "
           "are not written; go on with --resume",
           c->options.deadline_why, running);
    tl_cluster_abandon(c->cluster, TL_EXIT_STOPPED);
}

/* Where nothing runs since nothing fits: says so. */
static void explain_late(tl_coordinator *c)
{
    const tl_scheduler_tally tally = tl_scheduler_count(c->scheduler);
    if (c->is_stopping || tally.late == 0 || tally.late < tally.in[TL_STEP_READY]) return;
    char least[32], left[32];
    tl_log(
        TL_LOG_INFO,
        "stopping early: %u steps are ready, but the shortest is reckoned to need %s, and "
        "%s are left to compute in, as %s is near",
        tally.late, tl_text_span(tl_scheduler_least_late(c->scheduler), least),
        tl_text_span(c->options.deadline - tl_cluster_seconds(), left),
        c->options.deadline_why);
}

static void look_around(tl_coordinator *c)
{
    const double now = tl_cluster_seconds();
    if (now - c->looked < LOOK_EVERY) return;
    c->looked = now;
    look_at_ranks(c);
    look_for_hung(c, now);
    look_at_journal(c);
    if (tl_pulse_is_stopping(c->cluster)) begin_stop(c, "asked to by a signal");
    if (c->options.deadline > 0.0 && now > c->options.deadline) {
        char why[80];
        (void)snprintf(why, sizeof why, "%s is near", c->options.deadline_why);
        begin_stop(c, why);
    }
    if (c->options.end > 0.0 && now > c->options.end) leave_undone(c);
    if (c->options.halt_path && access(c->options.halt_path, F_OK) == 0) {
        begin_stop(c, "the halt file is there");
    }
    if (!c->options.is_quiet) tl_progress_show(c->scheduler, now - c->begun);
}

static bool is_over(const tl_coordinator *c)
{
    if (tl_scheduler_is_over(c->scheduler)) return true;
    return c->is_stopping && tl_scheduler_count(c->scheduler).orders_out == 0;
}

static void dismiss(tl_coordinator *c)
{
    const tl_order_message leave = {0};
    for (int rank = 0; rank < tl_cluster_size(c->cluster); rank++) {
        if (tl_cluster_is_buried(c->cluster, rank)) continue;
        const tl_status status = tl_post_send(c->cluster, rank, TL_TAG_ORDER, &leave,
                                              tl_order_message_size(0), NULL);
        (void)status;
    }
}

static void *run(void *argument)
{
    tl_coordinator *c = argument;
    c->begun = tl_cluster_seconds();
    double nap = 1e-4;
    while (!is_over(c)) {
        const bool has_news = take_results(c);
        const bool has_sent = send_orders(c);
        look_around(c);
        nap = has_news || has_sent ? 1e-4 : (nap < 1e-3 ? nap * 1.5 : nap);
        if (!has_news) nap_for(nap);
    }
    explain_late(c);
    record_set_aside(c);
    (void)sync_journal(c);
    look_at_journal(c);
    const tl_scheduler_tally tally = tl_scheduler_count(c->scheduler);
    c->was_stopped = tally.in[TL_STEP_WAITING] + tally.in[TL_STEP_READY] > 0;
    c->seconds = tl_cluster_seconds() - c->begun;
    if (!c->options.is_quiet) tl_progress_end(c->scheduler, c->seconds);
    dismiss(c);
    if (c->is_stuck) {
        tl_log(TL_LOG_WARN, "what is finished is kept; go on with --resume");
        tl_cluster_abandon(c->cluster, TL_EXIT_STOPPED);
    }
    return NULL;
}

/* Trainings may be stopped half way, since they leave checkpoints. */
static tl_status find_pauses(tl_coordinator *c, tl_err *err)
{
    const tl_plan *plan = c->sweep->plan;
    const int kinds = plan ? 3 * plan->instances : 0;
    c->pauses = calloc((size_t)kinds + 1, sizeof *c->pauses);
    TL_CHECK(c->pauses, err, TL_E_SPACE, "no memory left for %d kinds of steps", kinds);
    for (int k = 0; k < kinds; k++) {
        c->pauses[k] =
            tl_trial_gives_model(plan->instance[k / 3].stage, (tl_step_kind)(k % 3));
    }
    return TL_OK;
}

tl_status tl_coordinator_start(tl_coordinator *c, tl_err *err)
{
    const size_t ranks = (size_t)tl_cluster_size(c->cluster);
    c->wide = calloc(ranks, sizeof *c->wide);
    c->epoch_of = calloc((size_t)tl_graph_steps(c->sweep->graph) + 1, sizeof *c->epoch_of);
    TL_CHECK(c->wide && c->epoch_of, err, TL_E_SPACE, "no memory left for %zu ranks",
             ranks);
    TL_TRY(find_pauses(c, err));
    const tl_scheduler_options options = {.ranks = (int)ranks,
                                          .widest = c->options.widest,
                                          .max_deaths = c->options.max_step_deaths,
                                          .deadline = c->options.deadline,
                                          .pauses = c->sweep->plan ? c->pauses : NULL};
    TL_TRY(tl_vigil_open((int)ranks, c->options.hung_after, &c->vigil, err));
    TL_TRY(tl_scheduler_open(c->sweep->graph, &options, &c->scheduler, err));
    tl_sweep_brief(c->sweep, c->scheduler);
    TL_CHECK(pthread_create(&c->thread, NULL, run, c) == 0, err, TL_E_SPACE,
             "the system starts no more threads");
    return TL_OK;
}

void tl_coordinator_join(tl_coordinator *c)
{
    (void)pthread_join(c->thread, NULL);
}

void tl_coordinator_close(tl_coordinator *c)
{
    tl_scheduler_close(c->scheduler);
    tl_vigil_close(&c->vigil);
    free(c->wide);
    free(c->epoch_of);
    free(c->pauses);
    tl_redo_close(&c->redo);
    free(c->done);
    free(c->took);
}
