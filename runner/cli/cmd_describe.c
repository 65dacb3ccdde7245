/*
 * threatloop describe: a stage, metric, model, data source or shipped plan in full.
 */
#include "compute/core/json.h"
#include "compute/core/print.h"
#include "runner/cli/catalogue.h"
#include "runner/cli/commands.h"
#include "runner/cli/metric_names.h"
#include "runner/cli/options.h"
#include "runner/cli/text_page.h"
#include "runner/exit.h"

#include "compute/core/text.h"
#include "runner/sweep/model_size.h"

#include <string.h>

enum { MAX_NAMES = 2048 };

typedef struct request {
    bool is_json;
} request;

const tl_usage tl_usage_describe = {
    .command = "describe",
    .summary = "show one of them in full",
    .forms = "NAME [--json]",
    .about =
        "Shows a stage (parameters with types, defaults, bounds and units; metrics; what it "
        "reads and gives; what the attacker must know; citation), a metric by the name of "
        "its column in a result file or by the end of it (auc), a model, a data source, or a "
        "shipped plan (its text). `data`, `model` and `recipe` show the keys that a plan may "
        "have there. `threatloop list` has the names; of a stage's name the end will do: "
        "badnets.\n",
    .completes = "@stages @models @data @plans data model recipe",
    .options = (const tl_option[]){{"json", 0, TL_OPTION_FLAG, NULL,
                                    offsetof(request, is_json), .about = "print JSON"},
                                   {0}},
    .least = 1,
    .most = 1,
    .wants = "describe needs one name"};

enum { INDENT = 21, LABEL = 10 /* columns before the second part of a row */ };

/* Appends "a, b, c". */
static void add_words(tl_text *out, const json_t *list)
{
    size_t i;
    const json_t *word;
    json_array_foreach(list, i, word)
    {
        tl_text_print(out, "%s%s", i > 0 ? ", " : "", json_string_value(word));
    }
}

/* Prints a row, and frees its second part. */
static void print_row(int indent, const char *left, tl_text *about)
{
    tl_page_row(stdout, indent, left, about->at ? about->at : "");
    tl_text_close(about);
}

/* The unit of a number; "" where it is 1 or there is none. */
static const char *units_of(const json_t *one)
{
    const char *units = tl_json_field(one, "units");
    return strcmp(units, "1") != 0 ? units : "";
}

static void add_value(tl_text *out, const json_t *value)
{
    if (json_is_string(value)) {
        tl_text_add(out, *json_string_value(value) ? json_string_value(value) : "none");
    } else if (json_is_boolean(value)) {
        tl_text_add(out, json_is_true(value) ? "true" : "false");
    } else {
        tl_text_print(out, "%.12g", json_number_value(value));
    }
}

/* Type, bounds or choices, and default. */
static void add_type(tl_text *out, const json_t *one)
{
    const json_t *low = json_object_get(one, "low");
    const json_t *choices = json_object_get(one, "choices");
    tl_text_add(out, tl_json_field(one, "type"));
    if (low) {
        const bool is_open = json_is_true(json_object_get(one, "low_is_open"));
        tl_text_print(out, ", %s %.12g %s %.12g%s%s", is_open ? "above" : "from",
                      json_number_value(low), is_open ? "up to" : "to",
                      json_number_value(json_object_get(one, "high")),
                      *units_of(one) ? " " : "", units_of(one));
    }
    if (choices) tl_text_add(out, ": ");
    add_words(out, choices);
    tl_text_add(out, "; default ");
    add_value(out, json_object_get(one, "default"));
}

static void print_params(const json_t *list)
{
    size_t i;
    const json_t *one;
    if (json_array_size(list) > 0) tl_print(stdout, "\nparams\n");
    json_array_foreach(list, i, one)
    {
        char left[128];
        tl_text type = {0};
        (void)snprintf(left, sizeof left, "  %s", tl_json_field(one, "name"));
        tl_page_row(stdout, INDENT, left, tl_json_field(one, "about"));
        add_type(&type, one);
        print_row(INDENT, " ", &type);
    }
}

static void print_metrics(const char *label, const json_t *list)
{
    size_t i;
    const json_t *one;
    if (json_array_size(list) > 0) tl_print(stdout, "\n%s\n", label);
    json_array_foreach(list, i, one)
    {
        char left[128];
        tl_text about = {0};
        const char *better = tl_json_field(one, "better_for_owner");
        (void)snprintf(left, sizeof left, "  %s", tl_json_field(one, "name"));
        tl_text_print(&about, "%s%s%s", tl_json_field(one, "about"),
                      *units_of(one) ? ", " : "", units_of(one));
        if (*better) tl_text_print(&about, " (%s is better for the owner)", better);
        print_row(INDENT, left, &about);
    }
}

static void print_title(const json_t *one)
{
    tl_text title = {0};
    tl_text_print(&title, "%s: %s", tl_json_field(one, "name"),
                  tl_json_field(one, "about"));
    if (title.at) tl_page_text(stdout, 0, title.at);
    tl_text_close(&title);
}

static void print_stage(const json_t *one)
{
    static const struct {
        const char *label, *key;
    } fields[] = {{"role", "role"},    {"flow", "flow"},         {"threat", "taxonomy"},
                  {"knows", "access"}, {"works on", "works_on"}, {"reads", "reads"},
                  {"gives", "gives"},  {"judged on", "judges"},  {"stores", "stores"}};
    print_title(one);
    tl_print(stdout, "\n");
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const json_t *list = json_object_get(one, fields[i].key);
        const char *text = tl_json_field(one, fields[i].key);
        if (i == 1 && strcmp(text, "none") == 0) continue;
        if (!*text && json_array_size(list) == 0) continue;
        tl_text all = {0};
        tl_text_add(&all, text);
        add_words(&all, list);
        print_row(LABEL, fields[i].label, &all);
    }
    tl_text more = {0};
    if (*tl_json_field(one, "bank")) {
        tl_text_print(&more,
                      "the bank of %s: models trained beforehand, each a step of its own, "
                      "shared by all stages that want them",
                      tl_json_field(one, "bank"));
        print_row(LABEL, "wants", &more);
    }
    if (json_is_true(json_object_get(one, "own_recipe")))
        tl_page_row(stdout, LABEL, "takes",
                    "a recipe and a model of its own: recipe: {...}, model: {...}");
    if (*tl_json_field(one, "control")) {
        tl_text_print(&more, "its control, of the bank of %s, where the attacker has rows",
                      tl_json_field(one, "control"));
        print_row(LABEL, " ", &more);
    }
    if (*tl_json_field(one, "variant")) {
        tl_print(stdout, "\nvariant\n");
        tl_page_text(stdout, 2, tl_json_field(one, "variant"));
    }
    print_params(json_object_get(one, "params"));
    print_metrics("metrics", json_object_get(one, "metrics"));
    print_metrics("metrics when judged", json_object_get(one, "judge_metrics"));
    tl_print(stdout, "\n");
    tl_page_row(stdout, LABEL, "source:", tl_json_field(one, "source"));
}

static json_t *find_listed(const char *what, const char *name, const tl_param *params)
{
    json_t *list = tl_catalogue_list(what), *one, *found = NULL;
    size_t i;
    json_array_foreach(list, i, one)
    {
        if (strcmp(tl_json_field(one, "name"), name) == 0) found = json_incref(one);
    }
    if (found) tl_json_put(found, "params", tl_catalogue_params(params));
    json_decref(list);
    return found;
}

/* Adds the sizes of models of a kind, at a few widths. */
static void add_sizes(json_t *one, tl_model_kind kind)
{
    static const int widths[] = {16, 64, 256};
    json_t *sizes = json_array();
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
        const tl_model_size size = tl_model_size_default(kind, widths[w]);
        tl_json_append(sizes, tl_model_size_json(&size));
    }
    tl_json_add(one, "{s:o, s:s}", "sizes", sizes, "sizes_are_for",
                tl_model_reads_tokens(kind) ? "64 tokens of 256"
                                            : "images of 28x28 in 10 classes");
}

static json_t *find_other(const char *name)
{
    static const struct {
        const char *name, *about;
        const tl_param *params;
    } sections[] = {
        {"data", "what a plan may say under data and data.split", tl_data_params},
        {"model", "what a plan may say under model", tl_model_params},
        {"recipe", "how models are trained, under recipe", tl_recipe_params}};
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        if (strcmp(name, sections[i].name) == 0)
            return json_pack("{s:s, s:s, s:o}", "name", name, "about", sections[i].about,
                             "params", tl_catalogue_params(sections[i].params));
    }
    tl_value kind;
    json_t *found = find_listed("models", name, tl_model_params);
    if (!found) return find_listed("data", name, tl_data_params);
    if (tl_param_read(&tl_model_params[TL_MODEL_KIND], "", name, &kind, NULL) == TL_OK)
        add_sizes(found, (tl_model_kind)kind.number);
    return found;
}

static void print_sizes(const json_t *one)
{
    const json_t *sizes = json_object_get(one, "sizes");
    if (!sizes) return;
    tl_print(stdout, "\nsizes, for %s\n", tl_json_field(one, "sizes_are_for"));
    for (size_t i = 0; i < json_array_size(sizes); i++) {
        const json_t *size = json_array_get(sizes, i);
        tl_print(stdout,
                 "  width %-4lld %10lld parameters, %.4g MFLOP an example, %.4g trained\n",
                 tl_json_whole(size, "width"), tl_json_whole(size, "parameters"),
                 1e-6 * json_real_value(json_object_get(size, "flop")),
                 1e-6 * json_real_value(json_object_get(size, "flop_trained")));
    }
}

static const tl_stage *find_stage(const char *name)
{
    const tl_stage *stage = tl_stage_find(name);
    if (stage) return stage;
    int count = 0;
    const tl_stage *const *all = tl_stages(&count);
    for (int i = 0; i < count; i++) {
        const char *dot = strchr(all[i]->name, '.');
        if (dot && strcmp(dot + 1, name) == 0) return all[i];
    }
    return NULL;
}

static int refuse(const char *name)
{
    static const char *const lists[] = {"stages", "models", "data", "plans", "metrics"};
    enum { LISTS = sizeof lists / sizeof *lists };
    const char *names[MAX_NAMES];
    json_t *kept[LISTS];
    int count = 0;
    for (int l = 0; l < LISTS; l++) {
        kept[l] = tl_catalogue_list(lists[l]);
        for (size_t i = 0; i < json_array_size(kept[l]) && count < MAX_NAMES - 1; i++) {
            names[count++] = tl_json_field(json_array_get(kept[l], i), "name");
            const char *dot = strchr(names[count - 1], '.');
            if (dot && count < MAX_NAMES - 1) names[count++] = dot + 1;
            const char *metric = tl_json_field(json_array_get(kept[l], i), "metric");
            if (*metric && count < MAX_NAMES - 1) names[count++] = metric;
        }
    }
    char hint[TL_HINT];
    (void)tl_options_refuse("describe", "unknown name '%s'%s", name,
                            tl_text_hint(name, names, count, hint));
    for (int l = 0; l < LISTS; l++) json_decref(kept[l]);
    return TL_EXIT_USAGE;
}

static int describe_metric(const char *name, bool json)
{
    json_t *found = tl_metric_find(name);
    const bool is_one = json_array_size(found) > 0;
    if (is_one && json)
        tl_json_print(json_incref(found), JSON_INDENT(2));
    else if (is_one)
        tl_metric_print(name, found);
    json_decref(found);
    return is_one ? TL_EXIT_DONE : refuse(name);
}

static int describe(const char *name, bool json)
{
    for (const tl_shipped_plan *p = tl_plans_shipped(); p->name; p++) {
        if (strcmp(p->name, name) != 0) continue;
        if (!json) {
            tl_print_lines(stdout, p->text);
            return ferror(stdout) ? TL_EXIT_ERROR : TL_EXIT_DONE;
        }
        tl_json_print(json_pack("{s:s, s:s}", "name", p->name, "text", p->text),
                      JSON_INDENT(2));
        return TL_EXIT_DONE;
    }
    const tl_stage *stage = find_stage(name);
    json_t *one = stage ? tl_catalogue_stage(stage) : find_other(name);
    if (!one) return describe_metric(name, json);
    if (json) {
        tl_json_print(one, JSON_INDENT(2));
        return TL_EXIT_DONE;
    }
    if (stage) {
        print_stage(one);
    } else {
        print_title(one);
        print_params(json_object_get(one, "params"));
        print_sizes(one);
    }
    json_decref(one);
    return TL_EXIT_DONE;
}

int tl_cmd_describe(int argc, char **argv)
{
    request wanted = {0};
    tl_words words;
    int code;
    if (!tl_options_read(&tl_usage_describe, argc, argv, &wanted, &words, &code))
        return code;
    return describe(words.at[0], wanted.is_json);
}
