/* runner/protocol: what ranks say to each other survives the way there and back. */
#include "runner/execute/protocol.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void reports_come_back_as_they_went(void **state)
{
    (void)state;
    tl_text batch = {0};
    const tl_order_message order = {.epoch = 77, .first = 2, .width = 2};
    tl_report_begin(&batch, &order);
    tl_report sent[3] = {{.step = 1, .status = TL_OK, .seconds = 0.5, .measures = 2},
                         {.step = 2, .status = TL_E_NUMERIC, .seconds = 1.0, .measures = 9},
                         {.step = 3, .status = TL_OK}};
    sent[0].measure[1] = (tl_measure){0.25, 100.0, TL_WHY_HAS_VALUE};
    (void)snprintf(sent[1].text, sizeof sent[1].text, "loss is not finite");
    for (int i = 0; i < 3; i++) tl_report_add(&batch, &sent[i]);
    tl_report_end(&batch);

    tl_report_reader reader;
    assert_true(tl_report_open(batch.at, batch.length, &reader));
    assert_int_equal(reader.epoch, 77);
    assert_int_equal(reader.first, 2);
    assert_int_equal(reader.width, 2);
    assert_true(reader.has_ended);
    tl_report got;
    assert_true(tl_report_next(&reader, &got));
    assert_int_equal(got.measures, 2);
    assert_true(got.measure[1].value == 0.25 && got.measure[1].n == 100.0);
    assert_true(tl_report_next(&reader, &got));
    assert_int_equal(got.status, TL_E_NUMERIC);
    assert_int_equal(got.measures, 0); /* a step that failed has none */
    assert_string_equal(got.text, "loss is not finite");
    assert_true(tl_report_next(&reader, &got));
    assert_int_equal(got.step, 3);
    assert_false(tl_report_next(&reader, &got));
    tl_text_close(&batch);
}

static void cut_bytes_are_no_report(void **state)
{
    (void)state;
    tl_text batch = {0};
    const tl_order_message order = {.epoch = 77, .first = 2, .width = 2};
    tl_report_begin(&batch, &order);
    const size_t head = batch.length;
    tl_report sent = {.step = 4, .status = TL_E_IO, .text = "disk full"};
    tl_report_add(&batch, &sent);
    for (size_t n = 0; n < batch.length; n++) {
        tl_report_reader reader;
        tl_report got;
        assert_int_equal(tl_report_open(batch.at, n, &reader), n >= head);
        if (n >= head) assert_false(tl_report_next(&reader, &got));
    }
    tl_text_close(&batch);
}

static void an_order_knows_its_size(void **state)
{
    (void)state;
    tl_order_message order = {.epoch = 1, .steps = 2};
    assert_true(tl_order_message_is_whole(&order, tl_order_message_size(2)));
    assert_false(tl_order_message_is_whole(&order, tl_order_message_size(1)));
    order.steps = -1;
    assert_false(tl_order_message_is_whole(&order, tl_order_message_size(0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_come_back_as_they_went),
        cmocka_unit_test(cut_bytes_are_no_report),
        cmocka_unit_test(an_order_knows_its_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
