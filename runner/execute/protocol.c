#include "runner/execute/protocol.h"

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
    int32_t missing;
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

void tl_report_begin(tl_text *batch, const tl_order_message *order)
{
    const batch_head head = {
        .epoch = order->epoch, .first = order->first, .width = order->width};
    tl_text_clear(batch);
    tl_text_bytes(batch, (const char *)&head, sizeof head);
}

void tl_report_add(tl_text *batch, const tl_report *report)
{
    const bool has_text = report->status != TL_OK;
    const report_head head = {.step = report->step,
                              .status = report->status,
                              .missing = report->missing,
                              .measures = report->status == TL_OK ? report->measures : 0,
                              .text_length = has_text ? (uint32_t)strlen(report->text) : 0,
                              .seconds = report->seconds};
    tl_text_bytes(batch, (const char *)&head, sizeof head);
    tl_text_bytes(batch, (const char *)report->measure,
                  (size_t)head.measures * sizeof *report->measure);
    tl_text_bytes(batch, report->text, head.text_length);
}

void tl_report_end(tl_text *batch)
{
    const int32_t yes = 1;
    if (batch->length < sizeof(batch_head)) return;
    memcpy(batch->at + offsetof(batch_head, has_ended), &yes, sizeof yes);
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
    report->missing = head.missing;
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
