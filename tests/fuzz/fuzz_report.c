/* What ranks say to each other: an order, and a batch of reports. */
#include "runner/protocol.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

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
    while (tl_report_next(&reader, &report)) {
        TL_INVARIANT(report.measures <= TL_MAX_METRICS);
        TL_INVARIANT(strlen(report.text) < sizeof report.text);
    }
    return 0;
}
