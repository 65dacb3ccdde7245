#include "runner/execute/protocol.h"

#include <stdlib.h>
#include <string.h>

typedef struct batch_head {
    uint32_t epoch;
    int32_t first, width;
    int32_t has_ended;
} batch_head;

/* A report on the wire: this, then its measures, then its text. */
typedef struct report_head {
    uint32_t step;
    int32_t status;
    int32_t gone;
    int32_t measures;
    uint32_t text_length;
    double seconds;
} report_head;

size_t tl_order_message_size(int steps)
{
    return offsetof(tl_order_message, item) + (size_t)steps * sizeof(tl_order_item);
}

bool tl_order_message_is_whole(const void *bytes, size_t n)
{
    const tl_order_message *order = bytes;
    return n >= offsetof(tl_order_message, item) && order->steps >= 0 &&
           order->steps <= TL_ORDER_STEPS && n == tl_order_message_size(order->steps);
}

static tl_status append(tl_report_batch *batch, const void *bytes, size_t n, tl_err *err)
{
    if (batch->length + n > batch->space) {
        const size_t space = (batch->length + n) * 2;
        unsigned char *byte = realloc(batch->byte, space);
        TL_CHECK(byte, err, TL_E_NOMEM, "no memory for %zu bytes of reports", space);
        batch->byte = byte;
        batch->space = space;
    }
    if (n > 0) memcpy(batch->byte + batch->length, bytes, n);
    batch->length += n;
    return TL_OK;
}

tl_status tl_report_begin(tl_report_batch *batch, const tl_order_message *order,
                          tl_err *err)
{
    const batch_head head = {
        .epoch = order->epoch, .first = order->first, .width = order->width};
    batch->length = 0;
    return append(batch, &head, sizeof head, err);
}

tl_status tl_report_add(tl_report_batch *batch, const tl_report *report, tl_err *err)
{
    const bool has_text = report->status != TL_OK;
    const report_head head = {.step = report->step,
                              .status = report->status,
                              .gone = report->gone,
                              .measures = report->status == TL_OK ? report->measures : 0,
                              .text_length = has_text ? (uint32_t)strlen(report->text) : 0,
                              .seconds = report->seconds};
    TL_TRY(append(batch, &head, sizeof head, err));
    TL_TRY(append(batch, report->measure, (size_t)head.measures * sizeof *report->measure,
                  err));
    return append(batch, report->text, head.text_length, err);
}

void tl_report_end(tl_report_batch *batch)
{
    batch_head head;
    TL_INVARIANT(batch->length >= sizeof head);
    memcpy(&head, batch->byte, sizeof head);
    head.has_ended = 1;
    memcpy(batch->byte, &head, sizeof head);
}

void tl_report_close(tl_report_batch *batch)
{
    free(batch->byte);
    *batch = (tl_report_batch){0};
}

bool tl_report_open(const void *bytes, size_t n, tl_report_reader *reader)
{
    batch_head head;
    if (n < sizeof head) return false;
    memcpy(&head, bytes, sizeof head);
    const unsigned char *byte = bytes;
    *reader = (tl_report_reader){.at = byte + sizeof head,
                                 .end = byte + n,
                                 .epoch = head.epoch,
                                 .first = head.first,
                                 .width = head.width,
                                 .has_ended = head.has_ended != 0};
    return true;
}

bool tl_report_next(tl_report_reader *reader, tl_report *report)
{
    report_head head;
    const size_t left = (size_t)(reader->end - reader->at);
    if (left < sizeof head) return false;
    memcpy(&head, reader->at, sizeof head);
    if (head.measures < 0 || head.measures > TL_MAX_METRICS) return false;
    const size_t measures = (size_t)head.measures * sizeof *report->measure;
    if (head.text_length >= sizeof report->text) return false;
    if (left < sizeof head + measures + head.text_length) return false;
    report->step = head.step;
    report->status = head.status;
    report->gone = head.gone;
    report->seconds = head.seconds;
    report->measures = head.measures;
    if (measures > 0) memcpy(report->measure, reader->at + sizeof head, measures);
    if (head.text_length > 0) {
        memcpy(report->text, reader->at + sizeof head + measures, head.text_length);
    }
    report->text[head.text_length] = '\0';
    reader->at += sizeof head + measures + head.text_length;
    return true;
}
