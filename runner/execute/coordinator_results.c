#include "cluster/comm/liveness.h"
#include "cluster/comm/mailbox.h"
#include "compute/core/clock.h"
#include "compute/core/log.h"
#include "runner/execute/coordinator_private.h"

#include <stdlib.h>

const char *tl_coordinator_stage_name(const tl_coordinator *c, uint32_t step)
{
    const int instance = tl_graph_step_at(c->sweep->graph, step)->kind / 3;
    return c->sweep->plan ? c->sweep->plan->instance[instance].stage->name : "empty";
}

void tl_coordinator_write(tl_coordinator *c, tl_record_kind kind, uint32_t step,
                          const tl_report *report, int first, int width)
{
    const tl_record record = {.kind = kind,
                              .key = tl_graph_step_at(c->sweep->graph, step)->key,
                              .stage = tl_coordinator_stage_name(c, step),
                              .first = first,
                              .width = width,
                              .seconds = report ? report->seconds : 0.0,
                              .measures = report ? report->measures : 0,
                              .measure = report ? report->measure : NULL,
                              .text =
                                  report && report->status != TL_OK ? report->text : NULL,
                              .when = tl_unix_seconds()};
    if (c->journal) tl_journal_put(c->journal, &record);
    if (kind == TL_RECORD_START) return;
    tl_err err;
    if (tl_sweep_restore(c->sweep, &record, &err) != TL_OK && c->status == TL_OK) {
        c->status = err.status;
        c->err = err;
    }
}

void tl_coordinator_begin_stop(tl_coordinator *c, const char *why)
{
    if (c->is_stopping) return;
    c->is_stopping = true;
    tl_log(TL_LOG_INFO, "stopping early: %s; finished steps are kept", why);
    tl_scheduler_stop(c->scheduler);
    tl_heartbeat_request_stop(c->cluster);
}

/* Journals a step that is done; the scheduler learns of it after the next sync. */
static void note_done(tl_coordinator *c, const tl_report *report,
                      const tl_report_reader *order)
{
    tl_coordinator_write(c, TL_RECORD_DONE, report->step, report, order->first,
                         order->width);
    if (c->dones == c->done_space) {
        const uint32_t space = c->done_space ? 2 * c->done_space : 1024;
        c->done = realloc(c->done, space * sizeof *c->done);
        TL_INVARIANT(c->done);
        c->done_space = space;
    }
    c->done[c->dones++] = (tl_done_step){report->step, report->seconds};
}

static void note_failure(tl_coordinator *c, const tl_report *report,
                         const tl_report_reader *order)
{
    const bool has_diverged = report->status == TL_E_NUMERIC;
    tl_coordinator_write(c, has_diverged ? TL_RECORD_DIVERGED : TL_RECORD_FAILED,
                         report->step, report, order->first, order->width);
    tl_scheduler_failed(c->scheduler, report->step,
                        has_diverged ? TL_STEP_DIVERGED : TL_STEP_FAILED, tl_seconds());
    tl_log(TL_LOG_WARN, "a step of %s %s: %s", tl_coordinator_stage_name(c, report->step),
           has_diverged ? "diverged" : "failed", report->text);
    c->failures++;
    if (c->options.max_failures > 0 && c->failures >= (uint32_t)c->options.max_failures) {
        tl_coordinator_begin_stop(c, "--max-failures reached");
    }
}

/* A late result from a rank declared dead is as good as another's: the bits are the same.
 */
static void take_late_report(tl_coordinator *c, const tl_report *report,
                             const tl_report_reader *order)
{
    if (report->step >= tl_graph_steps(c->sweep->graph)) return;
    const tl_step_state state = tl_scheduler_state(c->scheduler, report->step);
    const bool is_wanted = state == TL_STEP_READY || state == TL_STEP_RUNNING;
    if (report->status != TL_OK || !is_wanted) return;
    if (c->sweep->outcome[report->step].state == TL_STEP_DONE) return;
    tl_log(TL_LOG_INFO, "late result from a rank declared dead: accepted");
    note_done(c, report, order);
}

/* The storage of the run fails: its first error is kept, and nothing else begins. */
static void stop_for(tl_coordinator *c, const tl_err *why)
{
    if (c->status == TL_OK) {
        c->status = why->status;
        c->err = *why;
    }
    tl_coordinator_begin_stop(c, why->text);
}

/* Goes on after another error, since late results are worth keeping. */
bool tl_coordinator_sync(tl_coordinator *c)
{
    tl_err err;
    if (!c->journal || tl_journal_sync(c->journal, &err) == TL_OK) return true;
    stop_for(c, &err);
    return false;
}

/* A run directory that was moved or removed takes the journal with it. */
void tl_coordinator_look_at_journal(tl_coordinator *c)
{
    tl_err err;
    if (!c->journal || c->status != TL_OK || tl_journal_is_in_place(c->journal)) return;
    (void)tl_fail(
        &err, TL_E_IO,
        "%s is missing: the run directory was moved or removed during the run; put it back "
        "before you resume",
        tl_journal_path(c->journal));
    stop_for(c, &err);
}

/* The model that the step needs is missing or damaged: the step that made it is rerun. */
static void call_back(tl_coordinator *c, const tl_report *report)
{
    tl_err err;
    const double now = tl_seconds();
    if (tl_rerun_cancel(&c->rerun, c->sweep, c->scheduler, report, now, &err) != TL_OK)
        stop_for(c, &err);
    tl_scheduler_returned(c->scheduler, report->step, now);
}

static void take_report(tl_coordinator *c, const tl_report *report,
                        const tl_report_reader *order)
{
    if (report->step >= tl_graph_steps(c->sweep->graph)) return;
    /* A member of a broken team may report late, when others already run the step. */
    if (c->epoch_of[report->step] != order->epoch) return;
    if (tl_scheduler_state(c->scheduler, report->step) != TL_STEP_RUNNING) return;
    if (c->sweep->outcome[report->step].state == TL_STEP_DONE) return;
    if (report->status == TL_OK) {
        note_done(c, report, order);
    } else if (report->status == TL_E_STOP || report->status == TL_E_PEER) {
        tl_scheduler_returned(c->scheduler, report->step, tl_seconds());
    } else if (report->status == TL_E_IO) {
        /* A full disk is not the step's error: all would fail. */
        tl_err err;
        tl_coordinator_look_at_journal(c);
        (void)tl_fail(&err, TL_E_IO, "%s", report->text);
        tl_scheduler_returned(c->scheduler, report->step, tl_seconds());
        stop_for(c, &err);
    } else if (report->status == TL_E_MISSING) {
        call_back(c, report);
    } else {
        note_failure(c, report, order);
    }
}

typedef struct ended_order {
    uint32_t epoch;
    int rank;
} ended_order;

bool tl_coordinator_take_results(tl_coordinator *c)
{
    enum { MOST = 64 };
    ended_order ended[MOST];
    int count = 0;
    tl_message message = {0};
    tl_report report;
    tl_err err;
    while (count < MOST &&
           tl_mailbox_receive(c->cluster, TL_TAGS(TL_TAG_RESULT), &message, &err)) {
        tl_report_reader reader;
        if (!tl_report_open(message.bytes, message.n, &reader)) continue;
        const bool is_late = tl_liveness_has_failed(c->cluster, message.from);
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
    const bool is_kept = !has_news || tl_coordinator_sync(c);
    const double now = tl_seconds();
    if (is_kept) {
        for (uint32_t i = 0; i < c->dones; i++) {
            tl_scheduler_done(c->scheduler, c->done[i].step, c->done[i].seconds, now);
            c->ran++;
        }
    }
    c->dones = 0;
    for (int i = 0; i < count; i++) {
        tl_scheduler_order_ended(c->scheduler, ended[i].epoch, ended[i].rank, now);
    }
    return has_news;
}
