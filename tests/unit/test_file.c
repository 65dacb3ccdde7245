/*
 * Files are made under names of their own and renamed, whatever stands beside them; in a
 * private folder nothing is used that is not this user's alone; of many processes one gets
 * a lock.
 */
#include "compute/core/file.h"
#include "compute/core/file_lock.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SPACE = 512 };

static char place[] = "/tmp/threatloop-file.XXXXXX";

static const char *in_place(const char *name)
{
    static char path[2][SPACE];
    static int turn;
    turn = !turn;
    (void)snprintf(path[turn], SPACE, "%s/%s", place, name);
    return path[turn];
}

static void put(const char *name, const char *text)
{
    FILE *file = fopen(in_place(name), "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void holds(const char *name, const char *text)
{
    char bytes[64] = "";
    FILE *file = fopen(in_place(name), "r");
    assert_non_null(file);
    const size_t n = fread(bytes, 1, sizeof bytes - 1, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(n, strlen(text));
    assert_string_equal(bytes, text);
}

static int entries(void)
{
    int count = -2; /* "." and ".." */
    DIR *list = opendir(place);
    assert_non_null(list);
    while (readdir(list)) count++;
    (void)closedir(list);
    return count;
}

static void empty_place(void)
{
    char command[SPACE];
    (void)snprintf(command, sizeof command, "rm -rf %s/*", place);
    assert_int_equal(system(command), 0);
}

static int make_place(void **state)
{
    (void)state;
    return mkdtemp(place) ? 0 : -1;
}

static int remove_place(void **state)
{
    (void)state;
    empty_place();
    return rmdir(place);
}

static void replace(const char *name, const char *text)
{
    tl_err err = {0};
    const tl_durable_piece piece = {text, strlen(text)};
    if (tl_file_replace(NULL, in_place(name), 0600, &piece, 1, &err) != TL_OK)
        fail_msg("%s", err.text);
}

/* ---- facts ----------------------------------------------------------------------------
 */

static void a_file_is_made_under_a_name_that_nothing_has(void **state)
{
    (void)state;
    empty_place();
    tl_new_file first, second;
    put("aside", "mine");
    assert_int_equal(tl_file_make(NULL, in_place("a"), 0600, &first, NULL), TL_OK);
    /* The name that the next one would have is taken, by a link to what must not change. */
    char taken[SPACE];
    (void)snprintf(taken, sizeof taken, "%s", first.name);
    char *count = strrchr(taken, '0');
    assert_non_null(count);
    *count = '1';
    assert_int_equal(symlink("aside", in_place(taken)), 0);
    const char *path = in_place("a");
    assert_int_equal(tl_file_make(NULL, path, 0600, &second, NULL), TL_OK);
    assert_string_not_equal(first.name, second.name);
    assert_string_not_equal(second.name, taken);
    assert_int_equal(write(second.file, "second", 6), 6);
    assert_int_equal(tl_file_commit(&second, NULL), TL_OK);
    tl_file_drop(&first);
    tl_file_drop(&first); /* dropped twice is dropped */
    holds("a", "second");
    holds("aside", "mine");
    assert_int_equal(entries(), 3);
}

static void links_are_replaced_and_not_written_through(void **state)
{
    (void)state;
    empty_place();
    put("aside", "mine");
    assert_int_equal(symlink("aside", in_place("a")), 0);
    assert_int_equal(link(in_place("aside"), in_place("b")), 0);
    assert_int_equal(mkfifo(in_place("c"), 0600), 0);
    replace("a", "new");
    replace("b", "new");
    replace("c", "new");
    holds("a", "new");
    holds("b", "new");
    holds("c", "new");
    holds("aside", "mine");
}

static void long_names_fit(void **state)
{
    (void)state;
    empty_place();
    char name[256] = "";
    for (int i = 0; i < 85; i++) (void)strcat(name, "\xE2\x82\xAC"); /* 255 bytes */
    replace(name, "long");
    holds(name, "long");
    tl_new_file made;
    const char *path = in_place(name);
    assert_int_equal(tl_file_make(NULL, path, 0600, &made, NULL), TL_OK);
    (void)close(made.file);
    (void)close(made.parent);
    assert_int_equal(entries(), 2);
    tl_file_clear(NULL, path);
    assert_int_equal(entries(), 1);
}

static void only_what_makers_left_is_cleared(void **state)
{
    (void)state;
    empty_place();
    static const char *const left[] = {"a.01234567.1.0.tmp", "a.89abcdef.4194304.17.tmp"};
    static const char *const kept[] = {"a",
                                       "a.tmp",
                                       "a.01234567.1.0",
                                       "a.01234567.1.0.tmp.x",
                                       "a.1.0.tmp",
                                       "a.0123456.1.0.tmp",
                                       "a.01234567..0.tmp",
                                       "b.01234567.1.0.tmp",
                                       "ab.01234567.1.0.tmp",
                                       "a.0123456g.1.0.tmp",
                                       "a.01234567.1.tmp"};
    for (size_t i = 0; i < sizeof left / sizeof *left; i++) put(left[i], "left");
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) put(kept[i], "mine");
    assert_int_equal(symlink("a", in_place("a.01234567.2.0.tmp")), 0);
    tl_file_clear(NULL, in_place("a"));
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) holds(kept[i], "mine");
    assert_int_equal(entries(), (int)(sizeof kept / sizeof *kept) + 1);
}

static void what_is_no_file_is_refused_without_waiting(void **state)
{
    (void)state;
    empty_place();
    int file;
    tl_err err = {0};
    assert_int_equal(mkfifo(in_place("pipe"), 0600), 0);
    assert_int_equal(tl_file_open(NULL, in_place("pipe"), &file, NULL, &err), TL_E_IO);
    assert_non_null(strstr(err.text, "is not a regular file"));
    assert_int_equal(tl_file_open(NULL, place, &file, NULL, &err), TL_E_IO);
    assert_non_null(strstr(err.text, "is a folder"));
    assert_int_equal(tl_file_open(NULL, "/dev/zero", &file, NULL, &err), TL_E_IO);
    assert_int_equal(tl_file_open_own(NULL, in_place("pipe"), 0, &file, &err), TL_E_IO);
    assert_int_equal(tl_file_open(NULL, in_place("absent"), &file, NULL, &err), TL_E_IO);
    assert_int_equal(errno, ENOENT);
}

static void a_private_folder_follows_no_link(void **state)
{
    (void)state;
    empty_place();
    tl_folder folder;
    int file;
    tl_err err = {0};
    put("aside", "mine");
    assert_int_equal(mkdir(in_place("in"), 0700), 0);
    char path[SPACE], inside[SPACE];
    (void)snprintf(path, sizeof path, "%s/in", place);
    assert_int_equal(tl_folder_open(path, false, &folder, &err), TL_OK);
    assert_int_equal(symlink("../aside", in_place("in/a")), 0);
    assert_int_equal(symlink("..", in_place("in/up")), 0);
    (void)snprintf(inside, sizeof inside, "%s/in/a", place);
    assert_int_equal(tl_file_open(&folder, inside, &file, NULL, &err), TL_E_FORMAT);
    assert_non_null(strstr(err.text, "symbolic link"));
    (void)snprintf(inside, sizeof inside, "%s/in/up/aside", place);
    assert_int_equal(tl_file_open(&folder, inside, &file, NULL, &err), TL_E_FORMAT);
    assert_non_null(strstr(err.text, "in/up: is a symbolic link"));
    const tl_durable_piece piece = {"x", 1};
    assert_int_equal(tl_file_replace(&folder, inside, 0600, &piece, 1, &err), TL_E_FORMAT);
    holds("aside", "mine");
    /* The folder is reached even where its path now leads elsewhere. */
    assert_int_equal(rename(path, in_place("moved")), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    (void)snprintf(inside, sizeof inside, "%s/in/b", place);
    assert_int_equal(tl_file_replace(&folder, inside, 0600, &piece, 1, &err), TL_OK);
    holds("moved/b", "x");
    assert_int_not_equal(access(in_place("in/b"), F_OK), 0);
    tl_folder_close(&folder);
}

static void what_others_may_write_is_refused(void **state)
{
    (void)state;
    empty_place();
    tl_folder folder;
    tl_err err = {0};
    int file;
    char path[SPACE], inside[SPACE];
    (void)snprintf(path, sizeof path, "%s/in", place);
    (void)snprintf(inside, sizeof inside, "%s/in/a", place);
    assert_int_equal(tl_folder_open(path, false, &folder, &err), TL_E_MISSING);
    assert_int_equal(mkdir(path, 0700), 0);
    put("in/a", "x");
    static const struct {
        mode_t folder, file;
        bool trusts;
        tl_status opened, read;
    } cases[] = {{0700, 0600, false, TL_OK, TL_OK},    {0755, 0644, false, TL_OK, TL_OK},
                 {0702, 0600, false, TL_E_ARG, TL_OK}, {0720, 0600, false, TL_E_ARG, TL_OK},
                 {0720, 0600, true, TL_OK, TL_OK},     {0702, 0600, true, TL_E_ARG, TL_OK},
                 {0700, 0602, true, TL_OK, TL_E_ARG},  {0700, 0620, true, TL_OK, TL_OK},
                 {0700, 0620, false, TL_OK, TL_E_ARG}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(chmod(path, cases[i].folder), 0);
        assert_int_equal(chmod(inside, cases[i].file), 0);
        const tl_status opened = tl_folder_open(path, cases[i].trusts, &folder, &err);
        assert_int_equal(opened, cases[i].opened);
        if (opened != TL_OK) continue;
        const tl_status read = tl_file_open(&folder, inside, &file, NULL, &err);
        assert_int_equal(read, cases[i].read);
        assert_int_equal(tl_folder_check(&folder, NULL, &err), cases[i].read);
        assert_int_equal(tl_folder_check(&folder, "a", &err), TL_OK);
        if (read == TL_OK) (void)close(file);
        tl_folder_close(&folder);
    }
}

/* Of children that all start at once, how many get the lock; each keeps it until all have
 * tried. */
static int race(const tl_lock_of *of)
{
    enum { CHILDREN = 8 };
    int start[2], tried[2], end[2], won = 0;
    char byte = 0;
    pid_t child[CHILDREN];
    assert_int_equal(pipe(start) | pipe(tried) | pipe(end), 0);
    for (int i = 0; i < CHILDREN; i++) {
        child[i] = fork();
        assert_true(child[i] >= 0);
        if (child[i] > 0) continue;
        tl_file_lock lock = {0};
        (void)close(start[1]);
        (void)close(end[1]);
        bool is_good = read(start[0], &byte, 1) == 0;
        const bool has = tl_file_lock_take(of, 0.0, &lock, NULL) == TL_OK;
        is_good = is_good && write(tried[1], "", 1) == 1 && read(end[0], &byte, 1) == 0;
        _exit(is_good ? has : 100);
    }
    (void)close(start[1]);
    for (int i = 0; i < CHILDREN; i++) assert_int_equal(read(tried[0], &byte, 1), 1);
    (void)close(end[1]);
    for (int i = 0; i < CHILDREN; i++) {
        int status;
        assert_int_equal(waitpid(child[i], &status, 0), child[i]);
        won += WEXITSTATUS(status);
    }
    const int open_ends[] = {start[0], tried[0], tried[1], end[0]};
    for (int i = 0; i < 4; i++) (void)close(open_ends[i]);
    return won;
}

static void a_lock_has_one_holder_and_ends_with_it(void **state)
{
    (void)state;
    empty_place();
    char path[SPACE], who[TL_LOCK_HOLDER];
    (void)snprintf(path, sizeof path, "%s/a.lock", place);
    const tl_lock_of of = {.path = path, .what = "a", .advice = "name another"};
    tl_file_lock lock = {0};
    tl_err err = {0};
    assert_int_equal(race(&of), 1);
    assert_int_equal(access(path, F_OK), 0); /* left by the one that did not release it */
    assert_false(tl_file_lock_is_held(NULL, path, who, sizeof who));
    assert_int_equal(tl_file_lock_take(&of, 0.0, &lock, &err), TL_OK);
    assert_true(tl_file_lock_is_held(NULL, path, who, sizeof who));
    assert_int_equal(race(&of), 0);
    tl_file_lock_release(&lock);
    tl_file_lock_release(&lock);
    assert_int_equal(entries(), 0);
    put("a.lock", "process 1 of a story\n");
    assert_int_equal(tl_file_lock_take(&of, 0.0, &lock, &err), TL_OK);
    tl_file_lock_release(&lock);
    put("a.lock", "a letter\n");
    assert_int_equal(tl_file_lock_take(&of, 0.0, &lock, &err), TL_E_IO);
    assert_non_null(strstr(err.text, "in the way"));
    holds("a.lock", "a letter\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_made_under_a_name_that_nothing_has),
        cmocka_unit_test(links_are_replaced_and_not_written_through),
        cmocka_unit_test(long_names_fit),
        cmocka_unit_test(only_what_makers_left_is_cleared),
        cmocka_unit_test(what_is_no_file_is_refused_without_waiting),
        cmocka_unit_test(a_private_folder_follows_no_link),
        cmocka_unit_test(what_others_may_write_is_refused),
        cmocka_unit_test(a_lock_has_one_holder_and_ends_with_it),
    };
    return cmocka_run_group_tests(tests, make_place, remove_place);
}
