#include "runner/cli/prospects.h"

#include "analysis/effect/effect_text.h"
#include "analysis/effect/statistics.h"
#include "analysis/effect/student.h"
#include "compute/core/json.h"
#include "compute/core/print.h"
#include "compute/core/text.h"
#include "runner/results/result_table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double LEVEL = 0.05, POWER = 0.8;

tl_status tl_power_read(const char *text, tl_power_request *out, tl_err *err)
{
    const char *comma = strchr(text, ',');
    char first[64] = "";
    const bool fits = comma && comma - text < (ptrdiff_t)sizeof first;
    if (fits) memcpy(first, text, (size_t)(comma - text));
    const bool is_read = fits && tl_text_real(first, &out->effect) &&
                         tl_text_real(comma + 1, &out->sd) && out->effect != 0.0 &&
                         out->sd > 0.0;
    TL_CHECK(
        is_read, err, TL_E_ARG,
        "--power needs EFFECT,SD, two numbers and the second above 0, like 0.01,0.013; "
        "found '%s'",
        TL_BRIEF(text));
    return TL_OK;
}

static bool is_test(const tl_effect *effect)
{
    return effect->replicates > 0;
}

/* Sets the smallest p and q of all tests. */
static tl_status find_floors(tl_prospects *p, tl_err *err)
{
    const int count = p->effects->count, n = (int)(p->plan->replicates / p->plan->seeds);
    int test[TL_MOST_TESTS] = {0};
    double floors[TL_MOST_TESTS] = {0.0};
    TL_ALLOC(p->least_p, &p->arena, count, err);
    TL_ALLOC(p->alone, &p->arena, count, err);
    TL_ALLOC(p->together, &p->arena, count, err);
    for (int k = 0; k < count; k++) {
        const tl_effect *e = &p->effects->effect[k];
        p->least_p[k] = p->alone[k] = p->together[k] = (double)NAN;
        if (!is_test(e)) continue;
        TL_CHECK(p->tests < TL_MOST_TESTS, err, TL_E_NOMEM,
                 "the hypotheses make more than %d tests", TL_MOST_TESTS);
        p->least_p[k] = n < 2 ? 1.0 : tl_least_p(n, e->sides);
        floors[p->tests] = p->least_p[k];
        test[p->tests++] = k;
    }
    tl_false_discovery(floors, p->tests, floors);
    for (int i = 0; i < p->tests; i++) {
        p->together[test[i]] = floors[i];
        p->alone[test[i]] = fmin(1.0, p->tests * p->least_p[test[i]]);
    }
    return TL_OK;
}

tl_status tl_prospects_open(const tl_sweep *sweep, const tl_power_request *power,
                            tl_prospects *out, tl_err *err)
{
    *out = (tl_prospects){.plan = sweep->plan, .power = *power, .arena = tl_arena_open(0)};
    tl_table *table;
    tl_effects *effects;
    tl_status status = tl_collect_outlook(sweep, &out->arena, &table, err);
    if (status == TL_OK)
        status = tl_effects_hypothesised(table, &out->arena, &effects, err);
    if (status == TL_OK) {
        out->effects = effects;
        status = find_floors(out, err);
    }
    if (status != TL_OK) tl_prospects_close(out);
    return status;
}

void tl_prospects_close(tl_prospects *prospects)
{
    tl_arena_close(&prospects->arena);
    *prospects = (tl_prospects){0};
}

/* Replicates that the power needs with tests of `sides`, alone in its family or not. */
static int needed(const tl_prospects *p, int sides, bool is_alone)
{
    const double level = is_alone && p->tests > 0 ? LEVEL / p->tests : LEVEL;
    return tl_t_replicates(p->power.effect, p->power.sd, POWER, level, sides);
}

static bool has_sides(const tl_prospects *p, int sides)
{
    for (int k = 0; k < p->effects->count; k++) {
        const tl_effect *e = &p->effects->effect[k];
        if (is_test(e) && e->sides == sides) return true;
    }
    return false;
}

static void print_power(const tl_prospects *p)
{
    for (int sides = 2; sides >= 1; sides--) {
        if (!has_sides(p, sides)) continue;
        const char *test = sides == 1 ? "one" : "two";
        tl_print(stdout,
                 "power         %d replicates find an effect of %g, of standard deviation "
                 "%g over\n              replicates, in 80 %% of runs (%s-sided t "
                 "test)%s\n",
                 needed(p, sides, false), p->power.effect, p->power.sd, test,
                 p->tests > 1 ? " where all others are found;" : "");
        if (p->tests < 2) continue;
        tl_print(stdout, "              %d where it is the only one of %d tests\n",
                 needed(p, sides, true), p->tests);
    }
}

static void print_test(const tl_prospects *p, int k)
{
    const tl_effect *e = &p->effects->effect[k];
    char number[24];
    tl_print(stdout, "  %-4s ", tl_effect_number(e, number));
    tl_effect_print_name(stdout, e, true);
    if (!is_test(e)) {
        tl_print(stdout, ": CANNOT BE ANSWERED: %s\n", e->missing);
        return;
    }
    tl_print(stdout, ": %sp >= %.2g; q >= %.2g alone, %.2g with all\n",
             e->sides == 1 ? "one-sided " : "", p->least_p[k], p->alone[k], p->together[k]);
}

void tl_prospects_print(const tl_prospects *prospects)
{
    double best = 1.0, alone = 1.0;
    const int count = prospects->effects->count;
    for (int k = 0; k < count; k++) {
        print_test(prospects, k);
        best = fmin(best, prospects->together[k]); /* fmin ignores NaN */
        alone = fmin(alone, prospects->alone[k]);
    }
    if (prospects->tests > 0 && best > LEVEL) {
        const tl_plan *plan = prospects->plan;
        tl_print(stdout,
                 "note          none of them can be supported: %u %s cannot reach q <= "
                 "0.05\n",
                 plan->replicates / plan->seeds,
                 plan->seeds > 1 ? "data draws" : "replicates");
    } else if (prospects->tests > 0 && alone > LEVEL) {
        tl_print(stdout,
                 "note          one true effect among %d tests cannot be supported; at "
                 "least %d must be\n              at the smallest p together\n",
                 prospects->tests,
                 (int)ceil(alone < 1.0 ? alone / LEVEL - 1e-9
                                       : prospects->tests * best / LEVEL - 1e-9));
    }
    if (prospects->power.sd > 0.0) print_power(prospects);
}

json_t *tl_prospects_json(const tl_prospects *prospects)
{
    json_t *list = json_array();
    for (int k = 0; k < prospects->effects->count; k++) {
        const tl_effect *e = &prospects->effects->effect[k];
        char number[24];
        json_t *one = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "number",
                                tl_effect_number(e, number), "effect", e->factor, "level",
                                e->level, "against", e->reference, "on", e->metric,
                                "is_answerable", is_test(e));
        tl_json_put(one, "at", tl_json_text(e->at));
        tl_json_put(one, "pooled", tl_json_text(e->pooled));
        tl_json_put(one, "why_not", tl_json_text(is_test(e) ? NULL : e->missing));
        tl_json_put(one, "sides", json_integer(e->sides));
        tl_json_put(one, "smallest_p", tl_json_real(prospects->least_p[k]));
        tl_json_put(one, "smallest_q_alone", tl_json_real(prospects->alone[k]));
        tl_json_put(one, "smallest_q", tl_json_real(prospects->together[k]));
        tl_json_append(list, one);
    }
    return list;
}

void tl_prospects_add_power(const tl_prospects *prospects, json_t *all)
{
    if (!(prospects->power.sd > 0.0)) return;
    json_t *list = json_array();
    for (int sides = 2; sides >= 1; sides--) {
        if (!has_sides(prospects, sides)) continue;
        json_t *one = json_pack("{s:i, s:i, s:i}", "sides", sides, "replicates",
                                needed(prospects, sides, false), "replicates_alone",
                                needed(prospects, sides, true));
        tl_json_append(list, one);
    }
    tl_json_put(all, "power", list);
}
