/*
 * Messages between coordinator and workers: orders, and reports on their steps, as flat
 * bytes between ranks of one binary.
 */
#ifndef TL_RUNNER_EXECUTE_PROTOCOL_H
#define TL_RUNNER_EXECUTE_PROTOCOL_H

#include "compute/core/text.h"
#include "experiments/stage/stage.h"
#include "runner/schedule/scheduler.h"

/** One step of an order, and its place in the plan. */
typedef struct tl_order_item {
    uint32_t step; /**< id in the graph, for the report */
    uint32_t trial;
    int32_t position;
} tl_order_item;

/** An order. Without steps: leave. */
typedef struct tl_order_message {
    uint32_t epoch;
    int32_t first, width, steps;
    tl_order_item item[TL_ORDER_STEPS];
} tl_order_message;

/** Bytes of a message with `steps` steps. */
size_t tl_order_message_size(int steps);

/** Whether `bytes` [n], borrowed, are a whole order. */
bool tl_order_message_is_whole(const void *bytes, size_t n);

/** The outcome of a step, as member 0 of its team reports it. */
typedef struct tl_report {
    uint32_t step;
    int32_t status; /**< tl_status; TL_E_STOP or TL_E_PEER: not done, to be rerun */
    double seconds;
    int32_t missing; /**< TL_E_MISSING: position in the trial of the step to rerun */
    int32_t measures;
    tl_measure measure[TL_MAX_METRICS];
    char text[TL_ERR_TEXT];
} tl_report;

/** Clears `batch` and begins one for `order`; a batch is the bytes of a tl_text, which
 * `is_short` marks as incomplete. */
void tl_report_begin(tl_text *batch, const tl_order_message *order);
/** Adds the report of one step. */
void tl_report_add(tl_text *batch, const tl_report *report);
/** Marks that this rank has nothing left to do for the order. */
void tl_report_end(tl_text *batch);

/** Reads a batch, whose bytes are borrowed: its head, then one report after the other. */
typedef struct tl_report_reader {
    const unsigned char *at, *end;
    uint32_t epoch;
    int first, width; /**< ranks of the order */
    bool has_ended;
} tl_report_reader;

/** Sets `reader` to the first report in `bytes` [n]; false if they are not a batch. */
bool tl_report_open(const void *bytes, size_t n, tl_report_reader *reader);
/** Sets `report` to the next one; false at the end, or where the rest is not a report. */
bool tl_report_next(tl_report_reader *reader, tl_report *report);

#endif
