/*
 * Effects as a table: one list of columns for the file, CSV and JSON.
 */
#include "analysis/effect/effects.h"

#include "analysis/effect/effect_text.h"
#include "analysis/table/schema.h"

#include <stddef.h>
#include <string.h>

/* A column, and its member of tl_effect. */
typedef struct field {
    tl_column_type type;
    size_t at;
    const char *name, *about, *meanings;
} field;

enum {
    COORDINATES = 5,
    VERDICT = sizeof(tl_effect), /* not members: they are computed */
    NUMBER
};
#define AT(member) offsetof(tl_effect, member)

static const field fields[] = {
    {TL_COLUMN_TEXT, AT(factor), "factor",
     "what was varied; two for an interaction, as a:b", NULL},
    {TL_COLUMN_TEXT, AT(level), "level", "level that is compared", NULL},
    {TL_COLUMN_TEXT, AT(reference), "reference",
     "level it is compared with; of a trend what the slope is per", NULL},
    {TL_COLUMN_TEXT, AT(metric), "metric", "what was measured", NULL},
    {TL_COLUMN_TEXT, AT(at), "at", "conditions, as factor=level; empty for none", NULL},
    {TL_COLUMN_TEXT, AT(pooled), "pooled", "factors that the effect is a mean over", NULL},
    {TL_COLUMN_TEXT, VERDICT, "verdict", "on the hypothesis; exploratory if there is none",
     NULL},
    {TL_COLUMN_TEXT, NUMBER, "part", "of the hypothesis, as 1 or, one a level, 1a", NULL},
    {TL_COLUMN_TEXT, AT(missing), "missing", "why there is no interval", NULL},
    {TL_COLUMN_TEXT, AT(claim), "claim", "what the hypothesis tests, in words", NULL},
    {TL_COLUMN_TEXT, AT(control), "control",
     "the same metric of a control model without access; of hypotheses", NULL},
    {TL_COLUMN_REAL, AT(reference_mean), "reference_mean",
     "mean of the metric at the reference level; of a trend at all levels", NULL},
    {TL_COLUMN_REAL, AT(mean), "effect",
     "mean difference from the reference, difference of differences, or slope", NULL},
    {TL_COLUMN_REAL, AT(low), "low", "lower end of the 95 % interval", NULL},
    {TL_COLUMN_REAL, AT(high), "high", "upper end of the 95 % interval", NULL},
    {TL_COLUMN_REAL, AT(lower), "lower", "one-sided 95 % limit from below", NULL},
    {TL_COLUMN_REAL, AT(upper), "upper", "one-sided 95 % limit from above", NULL},
    {TL_COLUMN_INT, AT(sides), "sides", "of the test: 2, or 1 in the direction", NULL},
    {TL_COLUMN_REAL, AT(p), "p", "sign-flip p over replicates", NULL},
    {TL_COLUMN_REAL, AT(least_p), "least_p", "least p that n replicates can reach", NULL},
    {TL_COLUMN_REAL, AT(q), "q", "false discovery rate over the hypotheses", NULL},
    {TL_COLUMN_REAL, AT(family_wise), "family_wise_p", "p by Holm over the hypotheses",
     NULL},
    {TL_COLUMN_REAL, AT(margin), "margin", "an effect within +-margin is none", NULL},
    {TL_COLUMN_REAL, AT(equivalence_p), "equivalence_p",
     "p of two one-sided t tests that it is within the margin", NULL},
    {TL_COLUMN_REAL, AT(floor_sd), "floor_sd",
     "standard deviation assumed of a replicate, of one discordant row, if all are equal",
     NULL},
    {TL_COLUMN_REAL, AT(logit_mean), "logit_effect",
     "the contrast or interaction as log odds, for metrics between 0 and 1", NULL},
    {TL_COLUMN_REAL, AT(logit_low), "logit_low", "lower end of its 95 % interval", NULL},
    {TL_COLUMN_REAL, AT(logit_high), "logit_high", "upper end of its 95 % interval", NULL},
    {TL_COLUMN_REAL, AT(odds), "odds_ratio", "exp of logit_effect", NULL},
    {TL_COLUMN_REAL, AT(odds_low), "odds_ratio_low", "lower end of its 95 % interval",
     NULL},
    {TL_COLUMN_REAL, AT(odds_high), "odds_ratio_high", "upper end of its 95 % interval",
     NULL},
    {TL_COLUMN_REAL, AT(ratio), "ratio",
     "the metric at the level over that at the reference, geometric mean over cells and "
     "replicates; of contrasts",
     NULL},
    {TL_COLUMN_REAL, AT(ratio_low), "ratio_low", "lower end of its 95 % interval", NULL},
    {TL_COLUMN_REAL, AT(ratio_high), "ratio_high", "upper end of its 95 % interval", NULL},
    {TL_COLUMN_REAL, AT(data_sd), "data_sd",
     "standard deviation of the effect due to data draws; of crossed replicates", NULL},
    {TL_COLUMN_REAL, AT(training_sd), "training_sd",
     "standard deviation among the training seeds of a data draw; of crossed replicates",
     NULL},
    {TL_COLUMN_REAL, AT(control_mean), "control_reference_mean",
     "mean of the control at the reference level", NULL},
    {TL_COLUMN_REAL, AT(control_effect), "control_effect", "the effect on the control",
     NULL},
    {TL_COLUMN_REAL, AT(control_low), "control_low", "lower end of its 95 % interval",
     NULL},
    {TL_COLUMN_REAL, AT(control_high), "control_high", "upper end of its 95 % interval",
     NULL},
    {TL_COLUMN_INT, AT(replicates), "n",
     "replicates, if crossed data draws, with a value in every cell", NULL},
    {TL_COLUMN_INT, AT(left_out), "left_out", "replicates without one, left out", NULL},
    {TL_COLUMN_INT, AT(hypothesis), "hypothesis",
     "number of the hypothesis it answers, from 1; 0 for none", NULL},
    {TL_COLUMN_FLAG, AT(kind), "kind", "what the effect is",
     "contrast interaction trend mean"},
    {TL_COLUMN_FLAG, AT(interval), "interval", "how the interval was made",
     "none t bootstrap_t"},
    {TL_COLUMN_FLAG, AT(scales), "scales",
     "whether the interaction and its log odds agree on sign and on holding 0",
     "not_compared agree disagree"}};
enum { FIELDS = sizeof fields / sizeof *fields };

/* Sets `out` to a text of the effect, "" for none. */
static tl_status text_of(const tl_effect *effect, size_t at, tl_arena *arena,
                         const char **out, tl_err *err)
{
    const char *text;
    char number[24] = "";
    if (at == VERDICT) {
        *out = tl_effect_verdict(effect);
        return TL_OK;
    }
    if (at == NUMBER) {
        if (effect->hypothesis >= 0) (void)tl_effect_number(effect, number);
        *out = tl_arena_text(arena, number, err);
        return *out ? TL_OK : TL_E_NOMEM;
    }
    memcpy(&text, (const char *)effect + at, sizeof text);
    *out = text ? text : "";
    return TL_OK;
}

static tl_status fill(const tl_effects *effects, const field *f, tl_arena *arena,
                      tl_column *out, tl_err *err)
{
    const char **text = NULL;
    double *real = NULL;
    int32_t *integer = NULL;
    if (f->type == TL_COLUMN_TEXT)
        TL_ALLOC(text, arena, effects->count, err);
    else if (f->type == TL_COLUMN_REAL)
        TL_ALLOC(real, arena, effects->count, err);
    else
        TL_ALLOC(integer, arena, effects->count, err);
    for (int k = 0; k < effects->count; k++) {
        const tl_effect *effect = &effects->effect[k];
        if (text) TL_TRY(text_of(effect, f->at, arena, &text[k], err));
        if (real) memcpy(&real[k], (const char *)effect + f->at, sizeof real[k]);
        if (integer) memcpy(&integer[k], (const char *)effect + f->at, sizeof integer[k]);
        if (integer && f->at == AT(hypothesis)) integer[k]++;
    }
    out->text = text;
    out->real = real;
    out->integer = integer;
    return TL_OK;
}

tl_status tl_effects_table(const tl_effects *effects, tl_arena *arena, tl_table **out,
                           tl_err *err)
{
    static const tl_attribute global[] = {{TL_NAME_CONVENTIONS, TL_CONVENTIONS},
                                          {TL_NAME_TITLE, "effects"},
                                          {TL_NAME_SOURCE, TL_PROGRAM " " TL_VERSION}};
    tl_table *table;
    TL_TRY(tl_table_new(arena, (uint32_t)effects->count, FIELDS, &table, err));
    for (int i = 0; i < FIELDS; i++) {
        const field *f = &fields[i];
        const bool is_number = f->type == TL_COLUMN_REAL || f->type == TL_COLUMN_INT;
        tl_column *column =
            tl_table_add(table, f->name, f->type, is_number ? "1" : NULL, f->about);
        column->is_coordinate = i < COORDINATES;
        column->flag_meanings = f->meanings;
        TL_TRY(fill(effects, f, arena, column, err));
    }
    table->dimension = "comparison";
    table->group = "effects";
    table->attributes = sizeof global / sizeof *global;
    table->attribute = global;
    *out = table;
    return TL_OK;
}
