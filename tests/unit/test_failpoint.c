#include "compute/core/file.h"
#include "compute/core/failpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void texts_are_read_or_refused_with_what_is_allowed(void **state)
{
    (void)state;
    static const struct {
        const char *text, *refused; /* the word that is invalid, or NULL */
    } table[] = {{"kill", NULL},
                 {"kill:rank=2,after=step:5", NULL},
                 {"hang:2.5,after=seconds:0.5", NULL},
                 {"hold:rank=1,after=tick:5", NULL},
                 {"hold:3", "3"},
                 {"exit:7", NULL},
                 {"torn:17,rank=0", NULL},
                 {"slow:x10", NULL},
                 {"usr1:3", NULL},
                 {"eio,after=rename:1", NULL},
                 {"", ""},
                 {"explode", "explode"},
                 {"kill:5", "5"},
                 {"kill:after=lunch:5", "after=lunch:5"},
                 {"kill:after=step:0", "after=step:0"},
                 {"kill:after=step", "after=step"},
                 {"kill:rank=-1", "rank=-1"},
                 {"slow:10", "10"},
                 {"slow:x0.5", "x0.5"},
                 {"torn:many", "many"},
                 {"usr1:1e30", "1e30"}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        tl_err err = {0};
        const tl_status status =
            tl_failpoint_arm(table[i].text, TL_FAILPOINT_ANYWHERE, &err);
        assert_int_equal(status, table[i].refused ? TL_E_ARG : TL_OK);
        if (!table[i].refused) continue;
        char quoted[64];
        (void)snprintf(quoted, sizeof quoted, "'%s' is invalid", table[i].refused);
        assert_non_null(strstr(err.text, quoted));
        assert_non_null(strstr(err.text, "KIND[:VALUE]"));
    }
    assert_false(atomic_load(&tl_failpoint_is_armed));
}

/* Runs `work` in a child under the fault; its wait status. */
static int under(const char *fault, int rank, void (*work)(void))
{
    const pid_t child = fork();
    if (child == 0) {
        const int devnull = open("/dev/null", O_WRONLY);
        (void)dup2(devnull, STDERR_FILENO);
        if (tl_failpoint_arm(fault, rank, NULL) != TL_OK) _exit(99);
        work();
        _exit(0);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void pass_three_steps(void)
{
    for (int i = 0; i < 3; i++) tl_failpoint_pass(TL_FAILPOINT_STEP);
    _exit(7);
}

static void a_process_fault_strikes_at_its_place_on_its_rank(void **state)
{
    (void)state;
    assert_int_equal(WTERMSIG(under("kill:after=step:3,rank=2", 2, pass_three_steps)),
                     SIGKILL);
    assert_int_equal(WEXITSTATUS(under("kill:after=step:3,rank=2", 1, pass_three_steps)),
                     7);
    assert_int_equal(WEXITSTATUS(under("kill:after=step:4", 2, pass_three_steps)), 7);
    assert_int_equal(WEXITSTATUS(under("kill:after=start:1", 2, pass_three_steps)), 7);
    assert_int_equal(WEXITSTATUS(under("exit:5,after=step:1", 0, pass_three_steps)), 5);
}

static void be_held(void)
{
    (void)alarm(1);
    tl_failpoint_pass(TL_FAILPOINT_STEP);
}

static void be_held_after_the_release(void)
{
    tl_failpoint_release();
    tl_failpoint_pass(TL_FAILPOINT_STEP);
}

static void what_is_held_stays_until_it_is_released(void **state)
{
    (void)state;
    assert_int_equal(WTERMSIG(under("hold:after=step:1", 0, be_held)), SIGALRM);
    assert_int_equal(under("hold:after=step:1", 0, be_held_after_the_release), 0);
}

static char file_name[] = "/tmp/threatloop-fault.XXXXXX";

static void replace_twice(void)
{
    const tl_durable_piece piece = {"new", 3};
    if (tl_file_replace(NULL, file_name, 0600, &piece, 1, NULL) != TL_OK) _exit(1);
    const bool is_whole = tl_file_replace(NULL, file_name, 0600, &piece, 1, NULL) == TL_OK;
    _exit(is_whole ? 0 : 100 + errno);
}

static void storage_fails_from_its_place_on(void **state)
{
    (void)state;
    assert_int_equal(WEXITSTATUS(under("enospc:after=write:2", 0, replace_twice)),
                     100 + ENOSPC);
    assert_int_equal(WEXITSTATUS(under("eio:after=rename:2", 0, replace_twice)), 100 + EIO);
    assert_int_equal(WEXITSTATUS(under("erofs:after=sync:1", 0, replace_twice)), 1);
    assert_int_equal(WEXITSTATUS(under("edquot:after=write:3", 0, replace_twice)), 0);
}

static void write_torn(void)
{
    const int file = open(file_name, O_WRONLY | O_TRUNC);
    tl_failpoint_pass(TL_FAILPOINT_JOURNAL);
    (void)tl_durable_write(file, "0123456789", 10);
    _exit(7);
}

static void a_torn_write_keeps_its_bytes_and_dies(void **state)
{
    (void)state;
    struct stat facts;
    assert_int_equal(WTERMSIG(under("torn:4", 0, write_torn)), SIGKILL);
    assert_int_equal(stat(file_name, &facts), 0);
    assert_int_equal(facts.st_size, 4);
}

static void spoil_and_slow(void)
{
    if (tl_failpoint_spoils() || tl_failpoint_slowness() != 1.0) _exit(1);
    tl_failpoint_pass(TL_FAILPOINT_TICK);
    if (tl_failpoint_slowness() != 1.0 || !tl_failpoint_spoils() || tl_failpoint_spoils())
        _exit(2);
    if (tl_failpoint_arm("slow:x3", 0, NULL) != TL_OK) _exit(3);
    tl_failpoint_pass(TL_FAILPOINT_START);
    _exit(tl_failpoint_slowness() == 3.0 ? 7 : 4);
}

static void gradients_are_spoilt_once_and_slowness_lasts(void **state)
{
    (void)state;
    assert_int_equal(WEXITSTATUS(under("nan", 0, spoil_and_slow)), 7);
}

static int make_file(void **state)
{
    (void)state;
    const int file = mkstemp(file_name);
    return file >= 0 ? close(file) : -1;
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(file_name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_read_or_refused_with_what_is_allowed),
        cmocka_unit_test(a_process_fault_strikes_at_its_place_on_its_rank),
        cmocka_unit_test(what_is_held_stays_until_it_is_released),
        cmocka_unit_test(storage_fails_from_its_place_on),
        cmocka_unit_test(a_torn_write_keeps_its_bytes_and_dies),
        cmocka_unit_test(gradients_are_spoilt_once_and_slowness_lasts)};
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
