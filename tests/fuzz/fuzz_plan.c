/*
 * A plan, whole: read, checked, and its trials laid out. Lines at the start that begin with
 * --set are options; without them the plan is a file, or, after --open, a name. The
 * effective plan must be accepted as what it is, and no file outside of its folder is
 * opened. Data that are made are made once: libFuzzer would spend its time on them.
 */
#include "compute/data/source.h"
#include "runner/plan/plan.h"
#include "runner/sweep/sweep.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SETS = 4, SET_SPACE = 256, MOST_TRIALS = 64, KEPT = 64, MOST_ROWS = 800 };

tl_status __real_tl_source_open(const char *name, const char *dir,
                                const tl_source_want *want, tl_arena *arena,
                                tl_source **out, tl_err *err);
tl_status __wrap_tl_source_open(const char *name, const char *dir,
                                const tl_source_want *want, tl_arena *arena,
                                tl_source **out, tl_err *err);

/* Sources that were made, kept from input to input. */
static struct {
    int count;
    tl_arena arena;
    struct {
        const char *name;
        tl_source_want want;
        tl_source *source;
    } one[KEPT];
} made;

static bool is_made(int i, const char *name, const tl_source_want *want)
{
    const tl_source_want *other = &made.one[i].want;
    return strcmp(made.one[i].name, name) == 0 && other->examples == want->examples &&
           other->classes == want->classes && other->difficulty == want->difficulty &&
           other->context == want->context;
}

/* Every file is refused, so that a plan's place on this machine does not matter. */
tl_status __wrap_tl_source_open(const char *name, const char *dir,
                                const tl_source_want *want, tl_arena *arena,
                                tl_source **out, tl_err *err)
{
    char path[TL_DATA_PATH_SPACE];
    (void)snprintf(path, sizeof path, "/%s/", name);
    TL_INVARIANT(!strstr(path, "/../"));
    if (strncmp(name, "synthetic/", 10) != 0) {
        const bool is_file =
            strlen(name) > 4 && strcmp(name + strlen(name) - 4, ".npz") == 0;
        if (is_file) return tl_fail(err, TL_E_IO, "%s: cannot be opened", name);
        return __real_tl_source_open(name, dir, want, arena, out, err);
    }
    TL_CHECK(want->examples <= MOST_ROWS && want->context <= 64, err, TL_E_NOMEM,
             "more than the fuzzer makes");
    for (int i = 0; i < made.count; i++) {
        if (!is_made(i, name, want)) continue;
        *out = made.one[i].source;
        return TL_OK;
    }
    TL_CHECK(made.count < KEPT, err, TL_E_NOMEM, "more sources than the fuzzer keeps");
    TL_TRY(__real_tl_source_open(name, dir, want, &made.arena, out, err));
    made.one[made.count].name = (*out)->name;
    made.one[made.count].want = *want;
    made.one[made.count++].source = *out;
    return TL_OK;
}

/* A cell's levels lead back to it. */
static void check_cells(const tl_plan *plan)
{
    for (uint32_t cell = 0; cell < plan->cells && cell < MOST_TRIALS; cell++) {
        int level[TL_MAX_AXES];
        for (int i = 0; i < plan->axes; i++) {
            level[i] = tl_plan_level(plan, cell, i);
            TL_INVARIANT(level[i] >= 0 && level[i] < plan->axis[i].levels);
        }
        TL_INVARIANT(tl_plan_cell(plan, level) == (int64_t)cell);
    }
}

static void lay_out(const tl_plan *plan)
{
    tl_sweep sweep;
    tl_arena arena = tl_arena_open(0);
    tl_trial *trial;
    tl_err err;
    TL_INVARIANT(tl_trial_new(&arena, &trial, &err) == TL_OK);
    tl_trial_decode(plan, plan->trials - 1, trial);
    TL_INVARIANT(trial->steps >= 0 && trial->steps <= TL_TRIAL_STEPS);
    tl_arena_close(&arena);
    check_cells(plan);
    if (plan->trials > MOST_TRIALS) return;
    if (tl_sweep_open(plan, &sweep, &err) == TL_OK) tl_sweep_close(&sweep);
}

/* Opens what `text` says: by name after --open, by file without options, else as text. */
static tl_status open_plan(const char *text, const tl_plan_options *options, tl_plan **plan,
                           tl_err *err)
{
    static const char word[] = "--open ", letters[] = "abcdefghijklmnopqrstuvwxyz-";
    const char *name = text + sizeof word - 1;
    if (strncmp(text, word, sizeof word - 1) == 0 && strspn(name, letters) == strlen(name))
        return tl_plan_open(name, options, plan, err);
    if (options->sets > 0) return tl_plan_parse("input.yaml", text, options, plan, err);
    return tl_plan_open(fuzz_file("input.yaml", text, strlen(text)), options, plan, err);
}

static void parse(const char *text, const char *const *set, int sets)
{
    const tl_plan_options options = {
        .set = set, .sets = sets, .data_dir = fuzz_folder(), .is_shared = true};
    const tl_plan_options plain = {.data_dir = fuzz_folder(), .is_shared = true};
    tl_plan *plan, *again;
    tl_err err;
    if (open_plan(text, &options, &plan, &err) != TL_OK) {
        TL_INVARIANT(err.text[0] != '\0');
        return;
    }
    lay_out(plan);
    TL_INVARIANT(!strchr(plan->name, '/') && plan->name[0] != '.');
    TL_INVARIANT(tl_plan_parse("input.yaml", plan->text, &plain, &again, &err) == TL_OK);
    TL_INVARIANT(strcmp(plan->text, again->text) == 0 && plan->trials == again->trials);
    tl_plan_close(plan);
    tl_plan_close(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const char word[] = "--set ";
    char set[SETS][SET_SPACE];
    const char *list[SETS];
    int sets = 0;
    if (made.count > KEPT / 2) {
        tl_arena_close(&made.arena);
        made.count = 0;
    }
    char *text = malloc(n + 1), *at = text;
    if (!text) return 0;
    if (n > 0) memcpy(text, bytes, n);
    text[n] = '\0';
    for (; sets < SETS && strncmp(at, word, sizeof word - 1) == 0; sets++) {
        at += sizeof word - 1;
        const size_t length = strcspn(at, "\n");
        (void)snprintf(set[sets], SET_SPACE, "%.*s", (int)length, at);
        list[sets] = set[sets];
        at += length + (at[length] == '\n');
    }
    parse(at, list, sets);
    free(text);
    return 0;
}
