/*
 * Effects as a table: one list of columns serves the file, CSV and JSON.
 */
#include "analysis/report/summary.h"

enum { WORDS = 7, NUMBERS = 11, COUNTS = 2, FLAGS = 3 };
enum { COLUMNS = WORDS + NUMBERS + COUNTS + FLAGS };

typedef struct about {
    const char *name, *text;
} about;

static const about of_word[WORDS] = {
    {"factor", "what was varied; two for an interaction, as a:b"},
    {"level", "level that is compared"},
    {"reference", "level it is compared with; of a trend what the slope is per"},
    {"metric", "what was measured"},
    {"verdict", "on the hypothesis; exploratory where there is none"},
    {"missing", "why there is no interval"},
    {"claim", "what the hypothesis tests, in words"}};
static const about of_number[NUMBERS] = {
    {"reference_mean",
     "mean of the metric at the reference level; of a trend at all levels"},
    {"effect", "mean difference from the reference, difference of differences, or slope"},
    {"low", "lower end of the 95 % interval"},
    {"high", "upper end of the 95 % interval"},
    {"p", "two-sided sign-flip p over replicates"},
    {"least_p", "least p that n replicates can reach"},
    {"q", "false discovery rate over the hypotheses"},
    {"floor_sd", "binomial standard deviation in a replicate, where it was the larger"},
    {"logit_effect", "the interaction as log odds, for metrics between 0 and 1"},
    {"logit_low", "lower end of its 95 % interval"},
    {"logit_high", "upper end of its 95 % interval"}};
static const about of_count[COUNTS] = {
    {"n", "replicates"},
    {"hypothesis", "number of the hypothesis it answers, from 1; 0 for none"}};
static const about of_flag[FLAGS] = {
    {"kind", "what the effect is"},
    {"interval", "how the interval was made"},
    {"scales", "whether the interaction and its log odds agree on sign and on holding 0"}};
static const char *const meanings[FLAGS] = {
    "contrast interaction trend", "none t bootstrap_t", "not_compared agree disagree"};

static tl_column column_of(const about *what, tl_column_type type)
{
    tl_column column = {.name = what->name, .type = type};
    if (type != TL_COLUMN_TEXT && type != TL_COLUMN_FLAG) {
        column.attribute[column.attributes++] = (tl_attribute){"units", "1"};
    }
    column.attribute[column.attributes++] = (tl_attribute){"long_name", what->text};
    return column;
}

tl_status tl_effects_table(const tl_effects *effects, tl_arena *arena, tl_table **out,
                           tl_err *err)
{
    static const tl_attribute global[] = {{"Conventions", "CF-1.11 ACDD-1.3"},
                                          {"title", "effects"},
                                          {"source", "threatloop " TL_VERSION}};
    const char **word[WORDS];
    double *number[NUMBERS];
    int32_t *count[COUNTS], *flag[FLAGS];
    tl_column *column;
    for (int i = 0; i < WORDS; i++) TL_TAKE(word[i], arena, effects->count, err);
    for (int i = 0; i < NUMBERS; i++) TL_TAKE(number[i], arena, effects->count, err);
    for (int i = 0; i < COUNTS; i++) TL_TAKE(count[i], arena, effects->count, err);
    for (int i = 0; i < FLAGS; i++) TL_TAKE(flag[i], arena, effects->count, err);
    TL_TAKE(column, arena, COLUMNS, err);
    for (int k = 0; k < effects->count; k++) {
        const tl_effect *e = &effects->effect[k];
        const char *const words[WORDS] = {e->factor,
                                          e->level,
                                          e->reference,
                                          e->metric,
                                          tl_summary_verdict(e),
                                          e->missing ? e->missing : "",
                                          e->claim ? e->claim : ""};
        const double numbers[NUMBERS] = {
            e->reference_mean, e->mean, e->low,      e->high,       e->p,
            e->least_p,        e->q,    e->floor_sd, e->logit_mean, e->logit_low,
            e->logit_high};
        const int32_t counts[COUNTS] = {e->replicates, e->hypothesis + 1};
        const int32_t flags[FLAGS] = {(int32_t)e->kind, (int32_t)e->interval,
                                      (int32_t)e->scales};
        for (int i = 0; i < WORDS; i++) word[i][k] = words[i];
        for (int i = 0; i < NUMBERS; i++) number[i][k] = numbers[i];
        for (int i = 0; i < COUNTS; i++) count[i][k] = counts[i];
        for (int i = 0; i < FLAGS; i++) flag[i][k] = flags[i];
    }
    tl_column *next = column;
    for (int i = 0; i < WORDS; i++) {
        *next = column_of(&of_word[i], TL_COLUMN_TEXT);
        next->is_coordinate = i < 4;
        (next++)->text = word[i];
    }
    for (int i = 0; i < NUMBERS; i++) {
        *next = column_of(&of_number[i], TL_COLUMN_REAL);
        (next++)->real = number[i];
    }
    for (int i = 0; i < COUNTS; i++) {
        *next = column_of(&of_count[i], TL_COLUMN_INT);
        (next++)->integer = count[i];
    }
    for (int i = 0; i < FLAGS; i++) {
        *next = column_of(&of_flag[i], TL_COLUMN_FLAG);
        next->flag_meanings = meanings[i];
        (next++)->integer = flag[i];
    }
    TL_TAKE(*out, arena, 1, err);
    **out = (tl_table){.dimension = "effect",
                       .group = "effects",
                       .trials = (uint32_t)effects->count,
                       .columns = COLUMNS,
                       .column = column,
                       .attributes = sizeof global / sizeof *global,
                       .attribute = global};
    return TL_OK;
}
