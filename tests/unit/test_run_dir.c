/* runner/store: the run directory, its lock, its files; a stranger's files stay. */
#include "runner/store/run_dir.h"

#include "compute/core/log.h"
#include "runner/store/journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

static char folder[64], dir[96];

static int make_folder(void **state)
{
    (void)state;
    tl_log_set(TL_LOG_ERROR, -1);
    /* in memory where that is possible: thousands of small files are synced */
    (void)snprintf(folder, sizeof folder, "%s/tl-store-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(folder)) return -1;
    (void)snprintf(dir, sizeof dir, "%s/x.run", folder);
    return 0;
}

static const char *in_dir(const char *name)
{
    static char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static bool exists(const char *path)
{
    struct stat facts;
    return stat(path, &facts) == 0;
}

static mode_t mode_of(const char *path)
{
    struct stat facts;
    assert_int_equal(stat(path, &facts), 0);
    return facts.st_mode & 0777;
}

static void put_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int remove_folder(void **state)
{
    (void)state;
    static const char *const names[] = {"lock",      "plan.yaml",     "journal.ndjson",
                                        "mine.txt",  "progress.json", "models/00/a",
                                        "models/00", "models",        ""};
    char models[32], key[TL_KEY_TEXT], part[96];
    const int one = 1;
    const tl_key step = tl_key_of(&one, sizeof one);
    (void)tl_key_text(&step, key);
    (void)snprintf(part, sizeof part, "models/%.2s/%s.part", key, key);
    (void)remove(in_dir(part));
    (void)snprintf(models, sizeof models, "models/%.2s", key);
    (void)remove(in_dir(models));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        (void)remove(in_dir(names[i]));
    (void)remove(dir);
    return rmdir(folder);
}

static tl_status ignore(void *self, const tl_record *record, tl_err *err)
{
    (void)self, (void)record, (void)err;
    return TL_OK;
}

static void put_record(tl_record_kind kind)
{
    tl_journal *journal;
    const tl_record record = {.kind = kind, .stage = "train", .text = "t"};
    assert_int_equal(
        tl_journal_open(NULL, in_dir("journal.ndjson"), ignore, NULL, &journal, NULL),
        TL_OK);
    tl_journal_put(journal, &record);
    assert_int_equal(tl_journal_sync(journal, NULL), TL_OK);
    tl_journal_close(journal);
}

/* ---- facts -----------------------------------------------------------------------------
 */

static void one_run_at_a_time(void **state)
{
    (void)state;
    tl_store first, second;
    tl_err err = {0};
    char who[64], wanted[64];
    assert_false(tl_store_is_held(dir, who, sizeof who));
    assert_int_equal(tl_store_open(dir, false, 0.0, &first, &err), TL_OK);
    assert_int_equal(mode_of(dir), 0700);
    assert_int_equal(mode_of(in_dir("lock")), 0600);
    assert_int_equal(tl_store_open(dir, false, 0.0, &second, &err), TL_E_IO);
    (void)snprintf(wanted, sizeof wanted, "x.run is in use by process %ld on host ",
                   (long)getpid());
    assert_non_null(strstr(err.text, wanted));
    assert_true(tl_store_is_held(dir, who, sizeof who));
    assert_non_null(strstr(wanted, "process"));
    assert_int_equal(strncmp(who, strstr(wanted, "process"), 12), 0);
    tl_store_close(&first, false);
    assert_false(tl_store_is_held(dir, who, sizeof who));
    assert_int_equal(tl_store_open(dir, false, 0.0, &second, &err), TL_OK);
    tl_store_close(&second, false);
    tl_store_close(&second, true); /* closed twice is closed */
}

static void a_dying_run_is_waited_for(void **state)
{
    (void)state;
    int ready[2], go[2];
    char byte = 0;
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(go), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        tl_store theirs;
        const bool is_open = tl_store_open(dir, false, 0.0, &theirs, NULL) == TL_OK;
        byte = is_open ? 'y' : 'n';
        const ssize_t wrote = write(ready[1], &byte, 1), told = read(go[0], &byte, 1);
        (void)(wrote + told);
        const struct timespec nap = {.tv_nsec = 150000000};
        (void)nanosleep(&nap, NULL);
        _exit(0); /* dies without giving the lock up */
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    tl_store ours;
    tl_err err = {0};
    assert_int_equal(tl_store_open(dir, false, 0.0, &ours, &err), TL_E_IO);
    assert_int_equal(write(go[1], &byte, 1), 1);
    assert_int_equal(tl_store_open(dir, false, 600.0, &ours, &err), TL_OK);
    tl_store_close(&ours, false);
    (void)waitpid(child, NULL, 0);
    for (int end = 0; end < 2; end++) {
        (void)close(ready[end]);
        (void)close(go[end]);
    }
}

static void a_directory_is_known_by_its_journal(void **state)
{
    (void)state;
    assert_int_equal(tl_store_look(dir), TL_STORE_ABSENT);
    assert_int_equal(mkdir(dir, 0700), 0);
    assert_int_equal(tl_store_look(dir), TL_STORE_ABSENT);
    put_file(in_dir("lock"), "");
    assert_int_equal(tl_store_look(dir), TL_STORE_ABSENT);
    put_file(in_dir("plan.yaml"), "name: a plan that the user keeps here\n");
    assert_int_equal(tl_store_look(dir), TL_STORE_FOREIGN);
    put_record(TL_RECORD_HEAD);
    assert_int_equal(tl_store_look(dir), TL_STORE_ABSENT);
    put_record(TL_RECORD_START);
    assert_int_equal(tl_store_look(dir), TL_STORE_HAS_WORK);
    put_record(TL_RECORD_DONE);
    assert_int_equal(tl_store_look(dir), TL_STORE_HAS_WORK);
    assert_int_equal(tl_store_look(in_dir("plan.yaml")), TL_STORE_FOREIGN);
    assert_int_equal(unlink(in_dir("journal.ndjson")), 0);
    assert_int_equal(tl_store_look(dir), TL_STORE_FOREIGN);
}

static void an_aborted_start_leaves_nothing(void **state)
{
    (void)state;
    tl_store store;
    assert_int_equal(tl_store_open(dir, false, 0.0, &store, NULL), TL_OK);
    put_record(TL_RECORD_HEAD);
    assert_int_equal(tl_store_write(&store, "plan.yaml", "name: x\n", NULL), TL_OK);
    assert_int_equal(tl_store_write(&store, "progress.json", "{}", NULL), TL_OK);
    const tl_key key = {{0}};
    assert_int_equal(tl_store_make_folder(&store, &key, NULL), TL_OK);
    tl_store_close(&store, true);
    assert_false(exists(dir));
}

static void a_start_in_a_folder_of_the_user_leaves_the_folder(void **state)
{
    (void)state;
    tl_store store;
    assert_int_equal(mkdir(dir, 0700), 0);
    assert_int_equal(tl_store_open(dir, false, 0.0, &store, NULL), TL_OK);
    put_record(TL_RECORD_HEAD);
    tl_store_close(&store, true);
    assert_true(exists(dir));
    assert_int_equal(rmdir(dir), 0);
}

static void work_is_never_removed(void **state)
{
    (void)state;
    tl_store store;
    /* a step in the journal, no models */
    assert_int_equal(tl_store_open(dir, false, 0.0, &store, NULL), TL_OK);
    put_record(TL_RECORD_HEAD);
    put_record(TL_RECORD_DONE);
    assert_int_equal(tl_store_write(&store, "plan.yaml", "name: x\n", NULL), TL_OK);
    tl_store_close(&store, true);
    assert_true(exists(in_dir("journal.ndjson")));
    assert_true(exists(in_dir("plan.yaml")));
    assert_int_equal(unlink(in_dir("journal.ndjson")), 0);
    /* no journal: the rest is not ours */
    assert_int_equal(tl_store_open(dir, false, 0.0, &store, NULL), TL_OK);
    tl_store_close(&store, true);
    assert_true(exists(in_dir("plan.yaml")));
    assert_int_equal(unlink(in_dir("plan.yaml")), 0);
    /* a model, no step */
    assert_int_equal(tl_store_open(dir, false, 0.0, &store, NULL), TL_OK);
    put_record(TL_RECORD_HEAD);
    const tl_key key = {{0}};
    assert_int_equal(tl_store_make_folder(&store, &key, NULL), TL_OK);
    put_file(in_dir("models/00/a"), "weights");
    tl_store_close(&store, true);
    assert_true(exists(in_dir("models/00/a")));
    assert_true(exists(in_dir("journal.ndjson")));
    assert_int_equal(unlink(in_dir("models/00/a")), 0);
    /* nor kept, what was not written to its end */
    put_file(in_dir("models/00/a.tmp"), "wei");
    put_file(in_dir("models/00/tmp"), "mine");
    assert_int_equal(tl_store_open(dir, false, 0.0, &store, NULL), TL_OK);
    tl_store_close(&store, false);
    assert_false(exists(in_dir("models/00/a.tmp")));
    assert_true(exists(in_dir("models/00/tmp")));
    assert_int_equal(unlink(in_dir("models/00/tmp")), 0);
    /* a file of somebody else */
    put_file(in_dir("mine.txt"), "precious");
    assert_int_equal(tl_store_open(dir, false, 0.0, &store, NULL), TL_OK);
    tl_store_close(&store, true);
    assert_true(exists(in_dir("mine.txt")));
    assert_false(exists(in_dir("journal.ndjson")));
}

static void files_are_replaced_and_read_back(void **state)
{
    (void)state;
    tl_store store, other;
    tl_arena arena = tl_arena_open(1 << 16);
    char *text;
    tl_err err = {0};
    assert_int_equal(tl_store_open(dir, false, 0.0, &store, NULL), TL_OK);
    assert_int_equal(tl_store_join(dir, false, &other, NULL), TL_OK);
    assert_int_equal(tl_store_write(&store, "plan.yaml", "a longer text\n", NULL), TL_OK);
    assert_int_equal(tl_store_write(&store, "plan.yaml", "name: x\n", NULL), TL_OK);
    assert_int_equal(mode_of(in_dir("plan.yaml")), 0600);
    assert_false(exists(in_dir("plan.yaml.tmp")));
    assert_int_equal(tl_store_read(&other, "plan.yaml", &arena, &text, &err), TL_OK);
    assert_string_equal(text, "name: x\n");
    assert_int_equal(tl_store_read(&other, "progress.json", &arena, &text, &err), TL_E_IO);
    assert_non_null(strstr(err.text, "progress.json"));
    assert_int_equal(tl_store_read(&other, "", &arena, &text, &err), TL_E_IO);
    char path[256], tiny[16];
    const tl_key key = {{0xAB, 1}};
    assert_int_equal(tl_store_make_folder(&other, &key, &err), TL_OK);
    assert_int_equal(
        tl_store_part_path(&other, &key, TL_PART_TARGET, path, sizeof path, &err), TL_OK);
    assert_string_equal(path, in_dir("models/ab/ab010000000000000000000000000000"
                                     ".target.safetensors"));
    assert_int_equal(mode_of(in_dir("models/ab")), 0700);
    assert_int_equal(
        tl_store_part_path(&other, &key, TL_PART_TARGET, tiny, sizeof tiny, &err),
        TL_E_ARG);
    assert_int_equal(rmdir(in_dir("models/ab")), 0);
    tl_store_close(&other, true); /* without the lock nothing is removed */
    assert_true(exists(in_dir("plan.yaml")));
    tl_store_close(&store, false);
    tl_arena_close(&arena);
}

static void a_damaged_checkpoint_is_none(void **state)
{
    (void)state;
    tl_store store;
    tl_arena arena = tl_arena_open(1 << 16);
    const int one = 1;
    const char state_of_training[] = "weights and moments";
    char path[256], file[128];
    void *bytes;
    size_t n;
    assert_int_equal(tl_store_open(dir, false, 0.0, &store, NULL), TL_OK);
    tl_store_checkpoint space = {&store, tl_key_of(&one, sizeof one)};
    const tl_checkpoint checkpoint = tl_store_checkpoint_of(&space, 2.5);
    assert_true(checkpoint.every == 2.5);
    assert_int_equal(checkpoint.load(checkpoint.self, &arena, &bytes, &n, NULL), TL_OK);
    assert_null(bytes);
    assert_false(exists(in_dir("models"))); /* looking makes no folder */
    assert_int_equal(checkpoint.save(checkpoint.self, "old", 3, NULL), TL_OK);
    assert_int_equal(
        checkpoint.save(checkpoint.self, state_of_training, sizeof state_of_training, NULL),
        TL_OK);
    assert_int_equal(checkpoint.load(checkpoint.self, &arena, &bytes, &n, NULL), TL_OK);
    assert_int_equal(n, sizeof state_of_training);
    assert_memory_equal(bytes, state_of_training, n);
    tl_arena tight = tl_arena_open(8);
    tl_err err = {0};
    assert_int_equal(checkpoint.load(checkpoint.self, &tight, &bytes, &n, &err),
                     TL_E_NOMEM);
    assert_int_equal(
        tl_store_step_path(&store, &space.key, ".part", path, sizeof path, NULL), TL_OK);
    FILE *stream = fopen(path, "rb");
    assert_non_null(stream);
    const size_t size = fread(file, 1, sizeof file, stream);
    assert_int_equal(fclose(stream), 0);
    for (size_t at = 0; at < 2 * size; at++) { /* every byte flipped, then every prefix */
        const size_t length = at < size ? size : at - size;
        if (at < size) file[at] ^= 0x10;
        stream = fopen(path, "wb");
        assert_non_null(stream);
        assert_int_equal(fwrite(file, 1, length, stream), length);
        assert_int_equal(fclose(stream), 0);
        if (at < size) file[at] ^= 0x10;
        assert_int_equal(checkpoint.load(checkpoint.self, &arena, &bytes, &n, NULL), TL_OK);
        assert_null(bytes);
    }
    tl_store_checkpoint_drop(&store, &space.key);
    assert_false(exists(path));
    tl_store_close(&store, false);
    tl_arena_close(&arena);
    tl_arena_close(&tight);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(one_run_at_a_time),
        FACT(a_dying_run_is_waited_for),
        FACT(a_directory_is_known_by_its_journal),
        FACT(an_aborted_start_leaves_nothing),
        FACT(a_start_in_a_folder_of_the_user_leaves_the_folder),
        FACT(work_is_never_removed),
        FACT(files_are_replaced_and_read_back),
        FACT(a_damaged_checkpoint_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
