#include "runner/cli/metric_names.h"

#include "compute/core/json.h"
#include "compute/core/print.h"
#include "experiments/stage/stage.h"

#include <stdio.h>
#include <string.h>

enum { NAME = 192 };

/* "m2d_global_threshold" of m2d.global_threshold. */
static char *column_stem(const tl_stage *stage, char out[NAME])
{
    (void)snprintf(out, NAME, "%s", stage->name);
    for (char *c = out; *c; c++)
        if (*c == '.') *c = '_';
    return out;
}

static json_t *record(const tl_stage *stage, const tl_metric *metric, bool is_judged)
{
    static const char *const better[] = {
        [TL_BETTER_NONE] = "", [TL_BETTER_HIGHER] = "higher", [TL_BETTER_LOWER] = "lower"};
    char stem[NAME], name[2 * NAME];
    (void)snprintf(name, sizeof name, "%s_%s", column_stem(stage, stem), metric->name);
    json_t *one = json_object();
    tl_json_put(one, "name", tl_json_text(name));
    tl_json_put(one, "about", tl_json_text(metric->about));
    tl_json_add(one, "{s:o, s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:b}", "units",
                tl_json_text(tl_units(metric->units)), "better_for_owner",
                better[metric->better], "metric", metric->name, "stage", stage->name,
                "flow", tl_flow_name(stage->flow), "is_judged", is_judged, "is_rate",
                metric->is_rate, "can_be_missing", metric->can_be_missing, "is_success",
                metric->is_success);
    const double high = metric->is_rate ? 1.0 : metric->high;
    if (metric->low < high)
        tl_json_add(one, "{s:f, s:f}", "low", metric->low, "high", high);
    if (metric->control) tl_json_put(one, "control", tl_json_text(metric->control));
    return one;
}

static void append(json_t *list, const tl_stage *stage, bool is_judged)
{
    const tl_metric *metrics = is_judged ? stage->judge_metrics : stage->metrics;
    for (int m = 0; metrics && metrics[m].name; m++)
        tl_json_append(list, record(stage, &metrics[m], is_judged));
}

json_t *tl_metric_records(void)
{
    json_t *list = json_array();
    int count = 0;
    const tl_stage *const *all = tl_stages(&count);
    for (int i = 0; i < count; i++) {
        append(list, all[i], false);
        append(list, all[i], true);
    }
    return list;
}

/* --- finding ------------------------------------------------------------------------- */

/* How a record may match a name. */
typedef enum likeness { WHOLE, WITHOUT_FLOW, ALONE, AT_END } likeness;

static bool is_like(const json_t *one, const char *name, likeness how)
{
    const char *column = tl_json_field(one, "name"), *metric = tl_json_field(one, "metric");
    const char *flow = strchr(tl_json_field(one, "stage"), '.');
    const size_t length = strlen(name), tail = strlen(metric);
    switch (how) {
    case WHOLE:
        return strcmp(column, name) == 0;
    case WITHOUT_FLOW:
        return flow && strcmp(column + (flow + 1 - tl_json_field(one, "stage")), name) == 0;
    case ALONE:
        return strcmp(metric, name) == 0;
    case AT_END:
        return length > tail + 1 && name[length - tail - 1] == '_' &&
               strcmp(name + length - tail, metric) == 0;
    }
    return false;
}

/* The longest metric that a name ends in. */
static size_t longest_end(const json_t *all, const char *name)
{
    size_t most = 0, i;
    const json_t *one;
    json_array_foreach(all, i, one)
    {
        const size_t length = strlen(tl_json_field(one, "metric"));
        if (is_like(one, name, AT_END) && length > most) most = length;
    }
    return most;
}

static json_t *all_like(json_t *all, const char *name, likeness how)
{
    json_t *found = json_array(), *one;
    const size_t most = how == AT_END ? longest_end(all, name) : 0;
    size_t i;
    json_array_foreach(all, i, one)
    {
        if (how == AT_END && strlen(tl_json_field(one, "metric")) != most) continue;
        if (is_like(one, name, how)) tl_json_append(found, json_incref(one));
    }
    return found;
}

/* Cuts "_round2", "_judge1", the part of a judgement, "_n" or "_reason" off the end; false
 * if there is none. */
static bool cut_end(char *name)
{
    char *last = strrchr(name, '_');
    if (!last || last == name) return false;
    static const char *const numbered[] = {"_round", "_judge"};
    bool is_end = strcmp(last, "_n") == 0 || strcmp(last, "_reason") == 0;
    for (size_t i = 0; i < sizeof numbered / sizeof *numbered; i++) {
        const size_t length = strlen(numbered[i]);
        is_end |= strncmp(last, numbered[i], length) == 0 && last[length] &&
                  strspn(last + length, "0123456789") == strlen(last + length);
    }
    for (int part = 0; part < TL_PARTS && !is_end; part++) {
        const char *word = tl_part_name((tl_part)part);
        const size_t length = strlen(word), all = strlen(name);
        if (all <= length + 1 || name[all - length - 1] != '_' ||
            strcmp(name + all - length, word) != 0)
            continue;
        last = name + all - length - 1;
        is_end = true;
    }
    if (is_end) *last = '\0';
    return is_end;
}

json_t *tl_metric_find(const char *name)
{
    json_t *all = tl_metric_records(), *found = json_array();
    for (int how = WHOLE; how <= AT_END && json_array_size(found) == 0; how++) {
        char rest[NAME];
        (void)snprintf(rest, sizeof rest, "%s", name);
        for (char *c = rest; *c; c++)
            if (*c == '.') *c = '_';
        do {
            json_decref(found);
            found = all_like(all, rest, (likeness)how);
        } while (json_array_size(found) == 0 && cut_end(rest));
    }
    json_decref(all);
    return found;
}

/* --- printing ------------------------------------------------------------------------ */

static void print_record(const json_t *one)
{
    const char *units = tl_json_field(one, "units"), *flow = tl_json_field(one, "flow");
    const char *better = tl_json_field(one, "better_for_owner");
    const json_t *low = json_object_get(one, "low"), *high = json_object_get(one, "high");
    tl_print(stdout, "%s: %s\n", tl_json_field(one, "name"), tl_json_field(one, "about"));
    tl_print(stdout, "  stage   %s%s", tl_json_field(one, "stage"),
             json_is_true(json_object_get(one, "is_judged")) ? ", when judged" : "");
    if (strcmp(flow, "none") != 0) tl_print(stdout, " (%s)", flow);
    tl_print(stdout, "\n  unit    %s", strcmp(units, "1") == 0 ? "none" : units);
    if (low)
        tl_print(stdout, ", from %g to %g", json_number_value(low),
                 json_number_value(high));
    tl_print(stdout, "\n  better  %s\n", *better ? better : "neither");
    if (json_is_true(json_object_get(one, "is_rate")))
        tl_print(stdout, "  beside  NAME_n, the cases that it is a share of\n");
    if (json_is_true(json_object_get(one, "can_be_missing")))
        tl_print(stdout, "  beside  NAME_reason, why it has no value\n");
    if (json_object_get(one, "control"))
        tl_print(stdout, "  control %s, of a model without access\n",
                 tl_json_field(one, "control"));
    if (json_is_true(json_object_get(one, "is_success")))
        tl_print(stdout, "  says    what the attack achieved\n");
}

void tl_metric_print(const char *name, const json_t *found)
{
    size_t i;
    const json_t *one;
    const size_t count = json_array_size(found);
    if (count == 1) {
        print_record(json_array_get(found, 0));
        return;
    }
    tl_print(stdout, "%s may be the metric of %zu stages:\n", name, count);
    json_array_foreach(found, i, one)
    {
        tl_print(stdout, "\n");
        print_record(one);
    }
}
