/* runner/executor: a model that an earlier step left is read whole, waited for, or named as
 * gone; models of banks do not stay in memory. */
#include "compute/core/log.h"
#include "compute/core/blas.h"
#include "runner/execute/executor.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

static const char text[] =
    "name: t\ndata: {source: synthetic/lesions, examples: 300, split: {pool: 100, keep: "
    "0.5, validation: 20, attacker: 40, test: 60}}\n"
    "recipe: {epochs: 1}\nmodel: {kind: mlp, width: 4}\nchain:\n  - train\n"
    "  - measure.utility\n  - m2d.shadow_lira: {models: 2}\n";
enum { TRAIN, UTILITY, BANK, LIRA = BANK + 2 };

typedef struct room {
    char folder[64], model[256], away[256];
    tl_plan *plan;
    tl_store store;
    tl_executor maker, reader; /* two ranks: what one has in memory the other must read */
    tl_measure measure[TL_MAX_METRICS];
    int measures;
} room;

static tl_status run_on(room *it, tl_executor *executor, int position, const tl_team *team,
                        tl_err *err)
{
    const tl_team alone = tl_team_alone();
    return tl_executor_run(executor, 0, position, team ? team : &alone, it->measure,
                           &it->measures, err);
}

static int open_room(void **state)
{
    room *it = calloc(1, sizeof *it);
    assert_non_null(it);
    tl_log_set(TL_LOG_ERROR, -1);
    tl_err err;
    const tl_plan_options options = {.is_shared = true};
    (void)snprintf(it->folder, sizeof it->folder, "/tmp/tl_executor.XXXXXX");
    assert_non_null(mkdtemp(it->folder));
    assert_int_equal(tl_plan_parse("t", text, &options, &it->plan, &err), TL_OK);
    assert_int_equal(tl_store_join(it->folder, false, &it->store, &err), TL_OK);
    tl_executor *const both[] = {&it->maker, &it->reader};
    for (int i = 0; i < 2; i++)
        assert_int_equal(tl_executor_open(it->plan, &it->store, 1 << 26, both[i], &err),
                         TL_OK);
    assert_true(it->reader.timeout == 10.0);
    assert_int_equal(run_on(it, &it->maker, TRAIN, NULL, &err), TL_OK);
    const tl_key *key = &it->maker.trial->step[TRAIN].key;
    assert_int_equal(tl_store_part_path(&it->store, key, TL_PART_TARGET, it->model,
                                        sizeof it->model, &err),
                     TL_OK);
    (void)snprintf(it->away, sizeof it->away, "%s/away", it->folder);
    *state = it;
    return 0;
}

static int close_room(void **state)
{
    room *it = *state;
    char command[96];
    (void)snprintf(command, sizeof command, "rm -r %s", it->folder);
    assert_int_equal(system(command), 0);
    tl_executor_close(&it->maker);
    tl_executor_close(&it->reader);
    tl_store_close(&it->store, false);
    tl_plan_close(it->plan);
    free(it);
    return 0;
}

static void a_model_is_read_as_it_was_made(void **state)
{
    room *it = *state;
    tl_err err;
    tl_measure made[TL_MAX_METRICS];
    assert_int_equal(run_on(it, &it->maker, UTILITY, NULL, &err), TL_OK);
    memcpy(made, it->measure, sizeof made);
    const size_t size = (size_t)it->measures * sizeof *made;
    assert_int_equal(run_on(it, &it->reader, UTILITY, NULL, &err), TL_OK);
    assert_memory_equal(it->measure, made, size);
}

static void *bring_back(void *argument)
{
    room *it = argument;
    const struct timespec nap = {.tv_nsec = 200000000};
    (void)nanosleep(&nap, NULL);
    return rename(it->away, it->model) == 0 ? it : NULL;
}

static void a_name_that_comes_late_is_waited_for(void **state)
{
    room *it = *state;
    tl_err err;
    pthread_t thread;
    void *is_back;
    it->reader.timeout = 600.0;
    assert_int_equal(rename(it->model, it->away), 0);
    assert_int_equal(pthread_create(&thread, NULL, bring_back, it), 0);
    const tl_status status = run_on(it, &it->reader, UTILITY, NULL, &err);
    assert_int_equal(pthread_join(thread, &is_back), 0);
    assert_non_null(is_back);
    assert_int_equal(status, TL_OK);
}

static void a_model_that_does_not_come_is_gone(void **state)
{
    room *it = *state;
    tl_err err;
    assert_int_equal(unlink(it->model), 0);
    it->reader.timeout = 0.01;
    assert_int_equal(run_on(it, &it->reader, UTILITY, NULL, &err), TL_E_MISSING);
    assert_int_equal(it->reader.missing, TRAIN);
    assert_non_null(strstr(err.text, it->model));
    assert_non_null(strstr(err.text, "is missing"));
    /* made again, it is found */
    assert_int_equal(run_on(it, &it->maker, TRAIN, NULL, &err), TL_OK);
    assert_int_equal(run_on(it, &it->reader, UTILITY, NULL, &err), TL_OK);
}

static void a_damaged_model_is_gone_at_once(void **state)
{
    room *it = *state;
    tl_err err;
    FILE *file = fopen(it->model, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, -9, SEEK_END), 0);
    const int byte = fgetc(file);
    assert_int_equal(fseek(file, -9, SEEK_END), 0);
    assert_int_equal(fputc(byte ^ 4, file), byte ^ 4);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(run_on(it, &it->reader, UTILITY, NULL, &err), TL_E_MISSING);
    assert_int_equal(it->reader.missing, TRAIN);
    assert_non_null(strstr(err.text, "checksum"));
    /* the rank that made it still has it */
    assert_int_equal(run_on(it, &it->maker, UTILITY, NULL, &err), TL_OK);
}

static bool say_stop(const tl_team *team)
{
    (void)team;
    return true;
}

static void waiting_ends_when_asked_to_stop(void **state)
{
    room *it = *state;
    tl_err err;
    assert_int_equal(unlink(it->model), 0);
    tl_team team = tl_team_alone();
    tl_team_ops ops = *team.ops;
    ops.tick = say_stop;
    team.ops = &ops;
    assert_int_equal(run_on(it, &it->reader, UTILITY, &team, &err), TL_E_STOP);
}

/* There may be hundreds, and who visits them reads their files, one at a time. */
static void models_of_banks_do_not_stay_in_memory(void **state)
{
    room *it = *state;
    tl_err err;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(run_on(it, &it->maker, BANK + i, NULL, &err), TL_OK);
        const tl_trial_step *step = &it->maker.trial->step[BANK + i];
        assert_int_equal(step->kind, TL_STEP_BANK);
        assert_null(tl_cache_get(&it->maker.cache, &step->key));
    }
    assert_non_null(tl_cache_get(&it->maker.cache, &it->maker.trial->step[TRAIN].key));
    assert_int_equal(run_on(it, &it->maker, LIRA, NULL, &err), TL_OK);
    for (int i = 0; i < 2; i++)
        assert_null(tl_cache_get(&it->maker.cache, &it->maker.trial->step[BANK + i].key));
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, open_room, close_room)

int main(void)
{
    tl_blas_start();
    const struct CMUnitTest tests[] = {
        FACT(a_model_is_read_as_it_was_made),
        FACT(a_name_that_comes_late_is_waited_for),
        FACT(a_model_that_does_not_come_is_gone),
        FACT(a_damaged_model_is_gone_at_once),
        FACT(waiting_ends_when_asked_to_stop),
        FACT(models_of_banks_do_not_stay_in_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
