#include "runner/execute/coordinator_private.h"

#include "cluster/comm/liveness.h"
#include "cluster/comm/mailbox.h"
#include "cluster/session/session.h"
#include "compute/core/clock.h"
#include "compute/core/log.h"
#include "compute/core/text.h"
#include "runner/execute/progress.h"
#include "runner/exit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double LOOK_EVERY = 0.25; /* seconds */

/* A rank that cannot be reached is found dead later, and its order comes back. */
static void send_message(tl_coordinator *c, int rank, const tl_order_message *message)
{
    const tl_status status = tl_mailbox_send(c->cluster, rank, TL_TAG_ORDER, message,
                                             tl_order_message_size(message->steps), NULL);
    (void)status;
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
            tl_coordinator_write(c, TL_RECORD_START, order->step[i], NULL, order->first,
                                 order->width);
        }
    }
    if (order->width > 1) {
        c->teams_of_two++;
        c->wide[order->first] = (tl_wide_order){order->epoch, order->width};
    }
    for (int rank = order->first; rank < order->first + order->width; rank++)
        send_message(c, rank, &message);
}

static bool send_orders(tl_coordinator *c)
{
    bool has_sent = false;
    static const int most = 4096;
    tl_order order;
    for (int i = 0; i < most && tl_scheduler_next(c->scheduler, tl_seconds(), &order);
         i++) {
        send_order(c, &order);
        has_sent = true;
    }
    return has_sent;
}

/* The time is up and steps still run: they are abandoned, before whoever set the time kills
 * the run and nothing says that it can be resumed. */
static void leave_undone(tl_coordinator *c)
{
    const uint32_t running = tl_scheduler_count(c->scheduler).in[TL_STEP_RUNNING];
    if (tl_scheduler_count(c->scheduler).orders_out == 0) return;
    tl_log(TL_LOG_WARN,
           "%s reached; %u running steps abandoned, to be rerun; results are not written; "
           "resume with:\n  %s",
           c->options.deadline_why, running, c->options.resume);
    tl_session_abandon(c->cluster, TL_EXIT_STOPPED);
}

/* Logs why ready steps do not run. */
static void explain_deferred(tl_coordinator *c)
{
    const tl_scheduler_counts counts = tl_scheduler_count(c->scheduler);
    if (c->is_stopping || counts.deferred == 0 ||
        counts.deferred < counts.in[TL_STEP_READY])
        return;
    if (counts.unplaceable > 0)
        tl_log(
            TL_LOG_INFO,
            "stopping early: %u steps need the memory of more ranks, and no large enough "
            "block of live ranks is left; resume with as many ranks as the run began with",
            counts.unplaceable);
    if (counts.deferred == counts.unplaceable) return;
    char least[32], left[32];
    tl_log(
        TL_LOG_INFO,
        "stopping early: %u steps are ready, but the shortest step needs about %s, only %s "
        "remain before %s",
        counts.deferred - counts.unplaceable,
        tl_text_span(tl_scheduler_least_deferred(c->scheduler), least),
        tl_text_span(c->options.deadline - tl_seconds(), left), c->options.deadline_why);
}

static void look_around(tl_coordinator *c)
{
    const double now = tl_seconds();
    if (now - c->looked < LOOK_EVERY) return;
    c->looked = now;
    tl_coordinator_look_at_ranks(c, now);
    tl_coordinator_look_at_journal(c);
    if (tl_heartbeat_is_stopping(c->cluster))
        tl_coordinator_begin_stop(c, "signal received");
    if (c->options.deadline > 0.0 && now > c->options.deadline) {
        char why[80];
        (void)snprintf(why, sizeof why, "%s is near", c->options.deadline_why);
        tl_coordinator_begin_stop(c, why);
    }
    if (c->options.end > 0.0 && now > c->options.end) leave_undone(c);
    if (c->options.halt_path && access(c->options.halt_path, F_OK) == 0) {
        tl_coordinator_begin_stop(c, "halt file found");
    }
    if (!c->options.is_quiet) tl_progress_show(c->scheduler, now - c->begun);
}

static bool is_over(const tl_coordinator *c)
{
    if (tl_scheduler_is_over(c->scheduler)) return true;
    return c->is_stopping && tl_scheduler_count(c->scheduler).orders_out == 0;
}

static void shut_down_workers(tl_coordinator *c)
{
    const tl_order_message leave = {0};
    for (int rank = 0; rank < tl_cluster_size(c->cluster); rank++) {
        if (!tl_liveness_has_failed(c->cluster, rank)) send_message(c, rank, &leave);
    }
}

static void *run(void *argument)
{
    tl_coordinator *c = argument;
    c->begun = tl_seconds();
    double nap = 1e-4;
    while (!is_over(c)) {
        const bool has_news = tl_coordinator_take_results(c);
        const bool has_sent = send_orders(c);
        look_around(c);
        nap = has_news || has_sent ? 1e-4 : (nap < 1e-3 ? nap * 1.5 : nap);
        if (!has_news) tl_sleep(nap);
    }
    explain_deferred(c);
    tl_coordinator_record_set_aside(c);
    (void)tl_coordinator_sync(c);
    tl_coordinator_look_at_journal(c);
    const tl_scheduler_counts counts = tl_scheduler_count(c->scheduler);
    c->was_stopped = counts.in[TL_STEP_WAITING] + counts.in[TL_STEP_READY] > 0;
    c->seconds = tl_seconds() - c->begun;
    c->cpu = tl_thread_cpu_seconds();
    if (!c->options.is_quiet) tl_progress_end(c->scheduler, c->seconds);
    shut_down_workers(c);
    if (c->is_stuck) {
        tl_log(TL_LOG_WARN, "finished steps are kept; resume with:\n  %s",
               c->options.resume);
        tl_session_abandon(c->cluster, TL_EXIT_STOPPED);
    }
    return NULL;
}

/* Trainings can be stopped half way, since they leave checkpoints. */
static tl_status find_pauses(tl_coordinator *c, tl_err *err)
{
    const tl_plan *plan = c->sweep->plan;
    const int kinds = plan ? 3 * plan->instances : 0;
    c->pauses = calloc((size_t)kinds + 1, sizeof *c->pauses);
    TL_CHECK(c->pauses, err, TL_E_NOMEM, "no memory for %d kinds of steps", kinds);
    for (int k = 0; k < kinds; k++) {
        c->pauses[k] = tl_trial_trains(plan->instance[k / 3].stage, (tl_step_kind)(k % 3));
    }
    return TL_OK;
}

tl_status tl_coordinator_start(tl_coordinator *c, tl_err *err)
{
    const size_t ranks = (size_t)tl_cluster_size(c->cluster);
    c->wide = calloc(ranks, sizeof *c->wide);
    c->epoch_of = calloc((size_t)tl_graph_steps(c->sweep->graph) + 1, sizeof *c->epoch_of);
    TL_CHECK(c->wide && c->epoch_of, err, TL_E_NOMEM, "no memory for %zu ranks", ranks);
    TL_TRY(find_pauses(c, err));
    const tl_scheduler_options options = {.ranks = (int)ranks,
                                          .max_ranks = c->options.max_ranks,
                                          .max_deaths = c->options.max_step_deaths,
                                          .deadline = c->options.deadline,
                                          .pauses = c->sweep->plan ? c->pauses : NULL};
    TL_TRY(tl_hang_detector_open((int)ranks, c->options.hung_after, &c->detector, err));
    TL_TRY(tl_scheduler_open(c->sweep->graph, &options, &c->scheduler, err));
    tl_sweep_brief(c->sweep, c->scheduler);
    TL_CHECK(pthread_create(&c->thread, NULL, run, c) == 0, err, TL_E_NOMEM,
             "cannot start a thread");
    return TL_OK;
}

void tl_coordinator_join(tl_coordinator *c)
{
    (void)pthread_join(c->thread, NULL);
}

void tl_coordinator_close(tl_coordinator *c)
{
    tl_scheduler_close(c->scheduler);
    tl_hang_detector_close(&c->detector);
    free(c->wide);
    free(c->epoch_of);
    free(c->pauses);
    tl_rerun_close(&c->rerun);
    free(c->done);
    c->scheduler = NULL;
    c->wide = NULL;
    c->epoch_of = NULL;
    c->done = NULL;
    c->pauses = NULL;
}
