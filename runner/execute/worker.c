#include "runner/execute/worker.h"

#include "cluster/comm/heartbeat.h"
#include "cluster/comm/mailbox.h"
#include "cluster/team/team_mpi.h"
#include "compute/core/clock.h"
#include "compute/core/failpoint.h"

#include <stdio.h>
#include <string.h>

/* Seconds. Long orders report in between; the timeout is long, since a peer may compute for
 * long between two operations and the coordinator notices its death much sooner. */
static const double REPORT_EVERY = 0.5, TIMEOUT = 3600.0;

typedef struct worker {
    tl_cluster *cluster;
    tl_step_runner runner;
    void *self;
    tl_text batch;
    tl_message message;
} worker;

/* Waits for the next order, with naps that grow to 2 ms. */
static tl_status next_order(worker *w, tl_order_message *order, tl_err *err)
{
    double nap = 2e-5;
    while (!tl_mailbox_receive(w->cluster, TL_TAGS(TL_TAG_ORDER), &w->message, err)) {
        if (err->status != TL_OK) return err->status;
        tl_failpoint_pass(TL_FAILPOINT_IDLE);
        tl_sleep(nap);
        if (nap < 2e-3) nap *= 1.3;
    }
    TL_INVARIANT(tl_order_message_is_whole(w->message.bytes, w->message.n));
    memcpy(order, w->message.bytes, w->message.n);
    return TL_OK;
}

static tl_status send_reports(worker *w, tl_err *err)
{
    TL_CHECK(!w->batch.is_short, err, TL_E_NOMEM, "no memory for reports");
    tl_failpoint_pass(TL_FAILPOINT_SEND);
    return tl_mailbox_send(w->cluster, 0, TL_TAG_RESULT, w->batch.at, w->batch.length, err);
}

/* Prolongs a step that took `seconds` by the factor of an injected fault, unless the run is
 * to stop. */
static void linger(const tl_team *team, double seconds)
{
    const double end = tl_seconds() + (tl_failpoint_slowness() - 1.0) * seconds;
    while (tl_seconds() < end && !tl_team_tick(team)) tl_sleep(1e-3);
}

/* Runs one step on this member and fills `report`. */
static tl_status run_step(worker *w, const tl_order_item *item, const tl_team *team,
                          tl_report *report, tl_err *why)
{
    const double begin = tl_seconds();
    tl_heartbeat_tick(w->cluster);
    tl_failpoint_pass(TL_FAILPOINT_START);
    const tl_status ran =
        w->runner(w->self, item->trial, item->position, team, report, why);
    linger(team, tl_seconds() - begin);
    tl_failpoint_pass(TL_FAILPOINT_STEP);
    report->status = (int32_t)ran;
    report->seconds = tl_seconds() - begin;
    return ran;
}

/* Runs the steps of an order. After TL_E_PEER or TL_E_STOP the rest is sent back undone. */
static tl_status run_steps(worker *w, const tl_order_message *order, const tl_team *team,
                           tl_err *err)
{
    tl_status ended = TL_OK;
    double reported = tl_seconds();
    for (int i = 0; i < order->steps; i++) {
        tl_report report = {.step = order->item[i].step, .status = TL_OK};
        tl_err why = {0};
        if (ended == TL_OK && tl_heartbeat_is_stopping(w->cluster)) ended = TL_E_STOP;
        /* Whether to stop is agreed on, so that no member starts a step alone. */
        if (ended != TL_E_PEER) ended = tl_team_agree(team, ended, &why);
        report.status = (int32_t)ended;
        if (ended == TL_OK) {
            const tl_status ran = run_step(w, &order->item[i], team, &report, &why);
            if (ran == TL_E_PEER || ran == TL_E_STOP) ended = ran;
        }
        (void)snprintf(report.text, sizeof report.text, "%s", why.text);
        if (team->rank != 0) continue;
        tl_report_add(&w->batch, &report);
        if (i + 1 < order->steps && tl_seconds() - reported > REPORT_EVERY) {
            TL_TRY(send_reports(w, err));
            tl_report_begin(&w->batch, order);
            reported = tl_seconds();
        }
    }
    return TL_OK;
}

static tl_status run_order(worker *w, const tl_order_message *order, tl_err *err)
{
    tl_team team;
    TL_TRY(tl_team_mpi_open(w->cluster, order->first, order->width, order->epoch, TIMEOUT,
                            &team, err));
    tl_report_begin(&w->batch, order);
    const tl_status status = run_steps(w, order, &team, err);
    tl_team_mpi_close(&team);
    TL_TRY(status);
    tl_report_end(&w->batch);
    return send_reports(w, err);
}

tl_status tl_worker_run(tl_cluster *cluster, tl_step_runner runner, void *self, tl_err *err)
{
    worker w = {.cluster = cluster, .runner = runner, .self = self};
    tl_status status = TL_OK;
    while (status == TL_OK) {
        tl_order_message order;
        status = next_order(&w, &order, err);
        if (status != TL_OK || order.steps == 0) break;
        status = run_order(&w, &order, err);
    }
    tl_text_close(&w.batch);
    tl_message_close(&w.message);
    return status;
}
