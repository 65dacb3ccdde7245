/*
 * threatloop status: how far a run is, read from its journal, also while another job runs
 * it.
 */
#include "compute/core/clock.h"
#include "compute/core/log.h"
#include "compute/core/text.h"
#include "runner/cli/commands.h"
#include "runner/store/run_dir.h"
#include "runner/store/journal_stats.h"
#include "runner/plan/yaml.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { NAME_SPACE = 80, WHO_SPACE = 160 };

static const char help[] =
    "usage: threatloop status DIR [--watch] [--json]\n\n"
    "Progress of the run in DIR (FILE.run), also of one that another job\n"
    "is running. --watch repeats it every 2 s until no run holds DIR.\n";

/* What is known of a run at one moment. */
typedef struct standing {
    const char *dir;
    char name[NAME_SPACE]; /* of the plan; "" where it cannot be read */
    bool is_held;          /* a run holds the lock now */
    char who[WHO_SPACE];   /* which */
    long steps, trials;    /* of the sweep; 0: not known */
    tl_tally tally;
} standing;

/* ---- gathering -------------------------------------------------------------------------
 */

static tl_status check_dir(const char *dir, char journal[TL_PATH_SPACE], tl_err *err)
{
    struct stat facts;
    const int length = snprintf(journal, TL_PATH_SPACE, "%s/journal.ndjson", dir);
    TL_CHECK(length > 0 && length < TL_PATH_SPACE, err, TL_E_ARG,
             "the name of DIR is too long");
    TL_CHECK(stat(dir, &facts) == 0, err, TL_E_ARG, "%s: %s", dir, strerror(errno));
    TL_CHECK(S_ISDIR(facts.st_mode), err, TL_E_ARG,
             "%s is a file; give the folder of the run, as a rule FILE.run beside FILE.nc",
             dir);
    TL_CHECK(stat(journal, &facts) == 0, err, TL_E_ARG,
             "%s is no run directory: it holds no journal.ndjson", dir);
    return TL_OK;
}

/* The plan's name is a nicety: where it cannot be read, there is none. */
static void read_name(const tl_store *store, char name[NAME_SPACE])
{
    tl_arena arena = tl_arena_open((size_t)64 << 20);
    char *text;
    tl_yaml *root;
    if (tl_store_read(store, "plan.yaml", &arena, &text, NULL) == TL_OK &&
        tl_yaml_read("plan.yaml", text, strlen(text), &arena, &root, NULL) == TL_OK &&
        root->kind == TL_YAML_MAP) {
        const tl_yaml *said = tl_yaml_find(root, "name");
        if (said && said->kind == TL_YAML_SCALAR)
            (void)snprintf(name, NAME_SPACE, "%s", said->text);
    }
    tl_arena_close(&arena);
}

static void read_size(const tl_store *store, standing *s)
{
    tl_arena arena = tl_arena_open((size_t)1 << 20);
    char *text;
    if (tl_store_read(store, "progress.json", &arena, &text, NULL) == TL_OK) {
        json_t *facts = json_loads(text, 0, NULL);
        s->steps = (long)json_integer_value(json_object_get(facts, "steps"));
        s->trials = (long)json_integer_value(json_object_get(facts, "trials"));
        json_decref(facts);
    }
    tl_arena_close(&arena);
}

static tl_status gather(const char *dir, standing *out, tl_err *err)
{
    char journal[TL_PATH_SPACE];
    *out = (standing){.dir = dir};
    TL_TRY(check_dir(dir, journal, err));
    tl_store store;
    TL_TRY(tl_store_join(dir, &store, err));
    /* the lock first: what a run that ends now wrote is then read */
    out->is_held = tl_store_is_held(dir, out->who, sizeof out->who);
    read_name(&store, out->name);
    read_size(&store, out);
    tl_store_close(&store, false);
    return tl_tally_read(journal, &out->tally, err);
}

/* ---- showing ---------------------------------------------------------------------------
 */

static void set(json_t *object, const char *key, json_t *value)
{
    const bool is_set = json_object_set_new(object, key, value) == 0;
    TL_INVARIANT(is_set);
}

static void set_counts(json_t *object, const tl_tally_counts *counts, bool is_held)
{
    const long started = counts->count[TL_RECORD_START];
    set(object, "done", json_integer(counts->count[TL_RECORD_DONE]));
    set(object, "failed", json_integer(counts->count[TL_RECORD_FAILED]));
    set(object, "diverged", json_integer(counts->count[TL_RECORD_DIVERGED]));
    set(object, "lost", json_integer(counts->count[TL_RECORD_LOST]));
    set(object, "running", json_integer(is_held ? started : 0));
    set(object, "interrupted", json_integer(is_held ? 0 : started));
}

static void set_mean(json_t *object, const tl_tally_counts *counts)
{
    const long done = counts->count[TL_RECORD_DONE];
    set(object, "mean_seconds",
        done > 0 ? json_real(counts->seconds / (double)done) : json_null());
}

static void print_json(const standing *s)
{
    json_t *root = json_object(), *stages = json_array();
    set(root, "dir", json_string(s->dir));
    set(root, "name", *s->name ? json_string(s->name) : json_null());
    set(root, "held_by", s->is_held ? json_string(s->who) : json_null());
    set(root, "steps", s->steps > 0 ? json_integer(s->steps) : json_null());
    set(root, "trials", s->trials > 0 ? json_integer(s->trials) : json_null());
    set_counts(root, &s->tally.all, s->is_held);
    set(root, "rank_seconds", json_real(s->tally.rank_seconds));
    set(root, "last", json_real(s->tally.last));
    for (int i = 0; i < s->tally.stages; i++) {
        const tl_tally_stage *stage = &s->tally.stage[i];
        json_t *one = json_object();
        set(one, "stage", json_string(stage->name));
        set_counts(one, &stage->counts, s->is_held);
        set_mean(one, &stage->counts);
        const bool is_added = json_array_append_new(stages, one) == 0;
        TL_INVARIANT(is_added);
    }
    set(root, "stages", stages);
    char *text = json_dumps(root, JSON_COMPACT);
    TL_INVARIANT(text != NULL);
    (void)printf("%s\n", text);
    free(text);
    json_decref(root);
}

static void print_line(const standing *s)
{
    const long *count = s->tally.all.count;
    char span[32];
    (void)printf("%s: ", *s->name ? s->name : s->dir);
    if (s->steps > 0) {
        (void)printf("%ld of %ld steps done (%.0f %%)", count[TL_RECORD_DONE], s->steps,
                     100.0 * (double)count[TL_RECORD_DONE] / (double)s->steps);
    } else {
        (void)printf("%ld steps done", count[TL_RECORD_DONE]);
    }
    if (count[TL_RECORD_FAILED] > 0) (void)printf(", %ld failed", count[TL_RECORD_FAILED]);
    if (count[TL_RECORD_DIVERGED] > 0)
        (void)printf(", %ld diverged", count[TL_RECORD_DIVERGED]);
    if (count[TL_RECORD_LOST] > 0) (void)printf(", %ld lost", count[TL_RECORD_LOST]);
    if (count[TL_RECORD_START] > 0)
        (void)printf(", %ld %s", count[TL_RECORD_START],
                     s->is_held ? "running" : "interrupted");
    const double ago = (double)time(NULL) - s->tally.last;
    (void)printf("; last heard %s ago\n", tl_text_span(ago > 0.0 ? ago : 0.0, span));
}

/* Mean time of a step for people: many take less than tl_text_span can tell apart. */
static const char *mean_text(const tl_tally_counts *counts, char out[32])
{
    const long done = counts->count[TL_RECORD_DONE];
    const double mean = done > 0 ? counts->seconds / (double)done : 0.0;
    if (done == 0) return "-";
    if (mean >= 1.0) return tl_text_span(mean, out);
    (void)snprintf(out, 32, "%.2f ms", 1e3 * mean);
    return out;
}

static void print_table(const standing *s)
{
    char span[32];
    int width = 5;
    for (int i = 0; i < s->tally.stages; i++) {
        const int length = (int)strlen(s->tally.stage[i].name);
        if (length > width) width = length;
    }
    if (s->is_held) {
        (void)printf("running now: %s\n", s->who);
    } else {
        (void)printf("no run holds %s now\n", s->dir);
    }
    (void)printf("computed so far: %s on one rank\n",
                 tl_text_span(s->tally.rank_seconds, span));
    if (s->tally.stages > 0)
        (void)printf("  %-*s %9s %9s %9s %9s %12s\n", width, "stage", "done", "failed",
                     "diverged", "lost", "mean time");
    for (int i = 0; i < s->tally.stages; i++) {
        const tl_tally_stage *stage = &s->tally.stage[i];
        const long *count = stage->counts.count;
        (void)printf("  %-*s %9ld %9ld %9ld %9ld %12s\n", width, stage->name,
                     count[TL_RECORD_DONE], count[TL_RECORD_FAILED],
                     count[TL_RECORD_DIVERGED], count[TL_RECORD_LOST],
                     mean_text(&stage->counts, span));
    }
}

/* ---- the command -----------------------------------------------------------------------
 */

static tl_status show(const char *dir, bool is_json, bool watches, bool *goes_on,
                      tl_err *err)
{
    standing s;
    TL_TRY(gather(dir, &s, err));
    *goes_on = watches && s.is_held;
    if (is_json) {
        print_json(&s);
    } else {
        print_line(&s);
        if (!*goes_on) print_table(&s);
    }
    (void)fflush(stdout);
    tl_tally_close(&s.tally);
    return TL_OK;
}

int tl_cmd_status(int argc, char **argv)
{
    static const struct option options[] = {{"watch", no_argument, NULL, 'w'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    bool is_json = false, watches = false;
    int letter;
    while ((letter = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (letter == 'j') is_json = true;
        if (letter == 'w') watches = true;
        if (letter != 'h' && letter != '?') continue;
        (void)fputs(help, letter == 'h' ? stdout : stderr);
        return letter == 'h' ? TL_EXIT_DONE : TL_EXIT_USAGE;
    }
    if (optind + 1 != argc) {
        (void)fputs(help, stderr);
        return TL_EXIT_USAGE;
    }
    for (bool goes_on = true; goes_on;) {
        tl_err err = {0};
        if (show(argv[optind], is_json, watches, &goes_on, &err) != TL_OK) {
            tl_log(TL_LOG_ERROR, "%s", err.text);
            return err.status == TL_E_ARG ? TL_EXIT_USAGE : TL_EXIT_ERROR;
        }
        if (goes_on) tl_sleep(2.0);
    }
    return TL_EXIT_DONE;
}
