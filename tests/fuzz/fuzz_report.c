/* What ranks say to each other: an order, and a batch of reports. */
#include "runner/execute/protocol.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

/* What was read, gathered again, must be the bytes that it was read from, as far as these
 * were a batch: a report that failed has no measures, one that did not has no text. */
static void gather(const tl_report_reader *head, const uint8_t *bytes, size_t n)
{
    const tl_order_message order = {
        .epoch = head->epoch, .first = head->first, .width = head->width};
    tl_report_reader reader;
    tl_report report;
    tl_text batch = {0};
    bool is_plain = true;
    tl_report_begin(&batch, &order);
    (void)tl_report_open(bytes, n, &reader);
    while (tl_report_next(&reader, &report)) {
        is_plain &= report.status == TL_OK ? report.text[0] == '\0'
                                           : report.measures == 0 && report.text[0] != '\0';
        tl_report_add(&batch, &report);
    }
    if (head->has_ended) tl_report_end(&batch);
    TL_INVARIANT(tl_report_open(batch.at, batch.length, &reader));
    TL_INVARIANT(reader.has_ended == head->has_ended && reader.epoch == head->epoch);
    while (tl_report_next(&reader, &report)) continue;
    TL_INVARIANT(!is_plain || reader.at == reader.end);
    tl_text_close(&batch);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    tl_order_message order = {0};
    memcpy(&order, bytes, n < sizeof order ? n : sizeof order);
    if (n <= sizeof order && tl_order_message_is_whole(&order, n)) {
        TL_INVARIANT(order.steps >= 0 && order.steps <= TL_ORDER_STEPS);
    }
    tl_report_reader reader;
    tl_report report;
    if (!tl_report_open(bytes, n, &reader)) return 0;
    gather(&reader, bytes, n);
    while (tl_report_next(&reader, &report)) {
        TL_INVARIANT(report.measures <= TL_MAX_METRICS);
        TL_INVARIANT(strlen(report.text) < sizeof report.text);
    }
    return 0;
}
