/*
 * threatloop status: how far a run is, read from its journal, even while another job runs
 * it.
 */
#include "compute/core/clock.h"
#include "compute/core/json.h"
#include "compute/core/log.h"
#include "compute/core/print.h"
#include "compute/core/text.h"
#include "runner/cli/commands.h"
#include "runner/cli/options.h"
#include "runner/exit.h"
#include "runner/store/journal_stats.h"
#include "runner/store/run_dir.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { NAME_SPACE = 80, WHO_SPACE = 160 };

typedef struct request {
    bool watches, is_json, trusts_group;
} request;

const tl_usage tl_usage_status = {
    .command = "status",
    .summary = "show the progress of a run, even in another job",
    .forms = "DIR [--watch] [--json] [--trust-group]",
    .about =
        "Shows how far the run in DIR (FILE.run) is, even while another job runs it.\n",
    .completes = "folders",
    .options =
        (const tl_option[]){{"watch", 0, TL_OPTION_FLAG, NULL, offsetof(request, watches),
                             .about = "repeat every 2 s until no run uses DIR"},
                            {"json", 0, TL_OPTION_FLAG, NULL, offsetof(request, is_json),
                             .about = "print JSON"},
                            {"trust-group", 0, TL_OPTION_FLAG, NULL,
                             offsetof(request, trusts_group),
                             .about = "accept a run directory that its group may write"},
                            {0}},
    .least = 1,
    .most = 1,
    .wants = "status needs one run directory, usually FILE.run beside FILE.nc"};

/* The state of a run. */
typedef struct standing {
    const char *dir;
    char name[NAME_SPACE]; /* of the plan; "" if unknown */
    bool is_held;          /* a run holds the lock */
    char who[WHO_SPACE];   /* which run */
    long steps, trials;    /* of the sweep; 0: unknown */
    tl_journal_stats stats;
} standing;

/* How steps end, in the order of all output. */
static const struct {
    tl_record_kind kind;
    const char *word;
} ends[] = {{TL_RECORD_DONE, "done"},
            {TL_RECORD_FAILED, "failed"},
            {TL_RECORD_DIVERGED, "diverged"},
            {TL_RECORD_LOST, "lost"}};
enum { ENDS = sizeof ends / sizeof *ends };

/* ---- gathering ----------------------------------------------------------------------- */

static tl_status check_dir(const char *dir, char journal[TL_PATH_SPACE], tl_err *err)
{
    struct stat facts;
    const int length = snprintf(journal, TL_PATH_SPACE, "%s/journal.ndjson", dir);
    TL_CHECK(length > 0 && length < TL_PATH_SPACE, err, TL_E_ARG,
             "the name of DIR is too long");
    TL_CHECK(stat(dir, &facts) == 0, err, TL_E_ARG, "%s: %s", dir, strerror(errno));
    TL_CHECK(S_ISDIR(facts.st_mode), err, TL_E_ARG,
             "%s is a file; give the run directory, usually FILE.run beside FILE.nc", dir);
    TL_CHECK(stat(journal, &facts) == 0, err, TL_E_ARG,
             "%s is not a run directory: it has no journal.ndjson", dir);
    return TL_OK;
}

/* Reads what the run noted of itself when it began. */
static void read_facts(const tl_store *store, standing *s)
{
    tl_arena arena = tl_arena_open((size_t)1 << 20);
    char *text;
    if (tl_store_read(store, "progress.json", &arena, &text, NULL) == TL_OK) {
        json_t *facts = json_loads(text, 0, NULL);
        (void)snprintf(s->name, sizeof s->name, "%s", tl_json_field(facts, "name"));
        s->steps = (long)tl_json_whole(facts, "steps");
        s->trials = (long)tl_json_whole(facts, "trials");
        json_decref(facts);
    }
    tl_arena_close(&arena);
}

static tl_status gather(const char *dir, bool trusts_group, standing *out, tl_err *err)
{
    char journal[TL_PATH_SPACE];
    *out = (standing){.dir = dir};
    TL_TRY(check_dir(dir, journal, err));
    tl_store store;
    TL_TRY(tl_store_join(dir, trusts_group, &store, err));
    /* The lock first: then all is read that a run writes before it ends. */
    out->is_held = tl_store_is_held(dir, out->who, sizeof out->who);
    read_facts(&store, out);
    const tl_status status =
        tl_journal_stats_read(&store.folder, journal, &out->stats, err);
    tl_store_close(&store, false);
    return status;
}

/* ---- showing ------------------------------------------------------------------------- */

static void add_counts(json_t *object, const tl_journal_counts *counts, bool is_held)
{
    const long started = counts->count[TL_RECORD_START];
    for (int i = 0; i < ENDS; i++)
        tl_json_put(object, ends[i].word, json_integer(counts->count[ends[i].kind]));
    tl_json_put(object, "running", json_integer(is_held ? started : 0));
    tl_json_put(object, "interrupted", json_integer(is_held ? 0 : started));
}

static void print_json(const standing *s)
{
    json_t *stages = json_array();
    json_t *root =
        json_pack("{s:o, s:s?, s:s?, s:o, s:o, s:f, s:f}", "dir", tl_json_text(s->dir),
                  "name", *s->name ? s->name : NULL, "held_by", s->is_held ? s->who : NULL,
                  "steps", s->steps > 0 ? json_integer(s->steps) : json_null(), "trials",
                  s->trials > 0 ? json_integer(s->trials) : json_null(), "rank_seconds",
                  s->stats.rank_seconds, "last", s->stats.last);
    add_counts(root, &s->stats.all, s->is_held);
    for (int i = 0; i < s->stats.stages; i++) {
        const tl_journal_stats_stage *stage = &s->stats.stage[i];
        const double done = (double)stage->counts.count[TL_RECORD_DONE];
        json_t *one = json_pack("{s:o, s:o}", "stage", tl_json_text(stage->name),
                                "mean_seconds", tl_json_real(stage->counts.seconds / done));
        add_counts(one, &stage->counts, s->is_held);
        tl_json_append(stages, one);
    }
    tl_json_put(root, "stages", stages);
    tl_json_print(root, JSON_COMPACT);
}

static void print_line(const standing *s)
{
    const long *count = s->stats.all.count;
    char span[32];
    tl_print(stdout, "%s: ", *s->name ? s->name : s->dir);
    if (s->steps > 0) {
        tl_print(stdout, "%ld of %ld steps done (%.0f %%)", count[TL_RECORD_DONE], s->steps,
                 100.0 * (double)count[TL_RECORD_DONE] / (double)s->steps);
    } else {
        tl_print(stdout, "%ld steps done", count[TL_RECORD_DONE]);
    }
    for (int i = 1; i < ENDS; i++)
        if (count[ends[i].kind] > 0)
            tl_print(stdout, ", %ld %s", count[ends[i].kind], ends[i].word);
    if (count[TL_RECORD_START] > 0)
        tl_print(stdout, ", %ld %s", count[TL_RECORD_START],
                 s->is_held ? "running" : "interrupted");
    const double ago = (double)time(NULL) - s->stats.last;
    tl_print(stdout, "; last heard %s ago\n", tl_text_span(ago > 0.0 ? ago : 0.0, span));
}

/* Mean time of a step, also below what tl_text_span resolves. */
static const char *mean_text(const tl_journal_counts *counts, char out[32])
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
    for (int i = 0; i < s->stats.stages; i++) {
        const int length = (int)strlen(s->stats.stage[i].name);
        if (length > width) width = length;
    }
    tl_print(stdout, s->is_held ? "running now: %s\n" : "no run uses %s now\n",
             s->is_held ? s->who : s->dir);
    tl_print(stdout, "computed so far: %s of one rank's time\n",
             tl_text_span(s->stats.rank_seconds, span));
    if (s->stats.stages == 0) return;
    tl_print(stdout, "  %-*s", width, "stage");
    for (int i = 0; i < ENDS; i++) tl_print(stdout, " %8s", ends[i].word);
    tl_print(stdout, " %11s\n", "mean time");
    for (int i = 0; i < s->stats.stages; i++) {
        const tl_journal_stats_stage *stage = &s->stats.stage[i];
        tl_print(stdout, "  %-*s", width, stage->name);
        for (int k = 0; k < ENDS; k++)
            tl_print(stdout, " %8ld", stage->counts.count[ends[k].kind]);
        tl_print(stdout, " %11s\n", mean_text(&stage->counts, span));
    }
}

/* ---- the command --------------------------------------------------------------------- */

static tl_status show(const char *dir, const request *wanted, bool *goes_on, tl_err *err)
{
    standing s;
    TL_TRY(gather(dir, wanted->trusts_group, &s, err));
    *goes_on = wanted->watches && s.is_held;
    if (wanted->is_json) {
        print_json(&s);
    } else {
        print_line(&s);
        if (!*goes_on) print_table(&s);
    }
    (void)fflush(stdout);
    tl_journal_stats_close(&s.stats);
    return TL_OK;
}

int tl_cmd_status(int argc, char **argv)
{
    request wanted = {0};
    tl_words words;
    int code;
    if (!tl_options_read(&tl_usage_status, argc, argv, &wanted, &words, &code)) return code;
    for (bool goes_on = true; goes_on;) {
        tl_err err = {0};
        if (show(words.at[0], &wanted, &goes_on, &err) != TL_OK) {
            tl_log(TL_LOG_ERROR, "%s", err.text);
            return tl_exit_of(err.status);
        }
        goes_on = goes_on && !ferror(stdout);
        if (goes_on) tl_sleep(2.0);
    }
    return TL_EXIT_DONE;
}
