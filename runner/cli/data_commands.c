#include "runner/cli/data_commands.h"

#include "compute/core/log.h"
#include "compute/core/text.h"
#include "runner/cli/commands.h"
#include "runner/datasets/data_fetch.h"
#include "runner/datasets/data_inventory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_NAMES = 64, CELL = 64 };

static const char *text(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value ? value : "";
}

static void print_json(json_t *value)
{
    char *dump = json_dumps(value, JSON_INDENT(2));
    TL_INVARIANT(dump != NULL);
    (void)printf("%s\n", dump);
    free(dump);
}

/* "28,64,128,224". */
static const char *sizes_of(const json_t *list, char out[CELL])
{
    size_t i, length = 0;
    const json_t *one;
    out[0] = '\0';
    json_array_foreach(list, i, one)
    {
        length += (size_t)snprintf(out + length, CELL - length, "%s%lld", i ? "," : "",
                                   (long long)json_integer_value(one));
    }
    return out;
}

static const char *rows_of(const json_t *rows, char out[CELL])
{
    if (!rows) return "any";
    (void)snprintf(out, CELL, "%lld/%lld/%lld",
                   (long long)json_integer_value(json_object_get(rows, "train")),
                   (long long)json_integer_value(json_object_get(rows, "validation")),
                   (long long)json_integer_value(json_object_get(rows, "test")));
    return out;
}

static void print_set(const json_t *one)
{
    char present[CELL], pixels[CELL], rows[CELL], classes[CELL];
    const json_t *there = json_object_get(one, "present");
    const json_t *count = json_object_get(one, "classes");
    const char *here = "-";
    if (json_array_size(there) > 0) {
        here =
            json_integer_value(json_array_get(there, 0)) ? sizes_of(there, present) : "yes";
    }
    (void)snprintf(classes, sizeof classes, "%lld", (long long)json_integer_value(count));
    const char *note = *text(one, "unread") ? text(one, "unread") : text(one, "note");
    (void)printf("%-25s %-13s %7s  %-19s %-13s %-12s %s%s%s%s\n", text(one, "name"), here,
                 count ? classes : text(one, "class_range"),
                 rows_of(json_object_get(one, "rows"), rows),
                 sizes_of(json_object_get(one, "pixels"), pixels), text(one, "licence"),
                 text(one, "about"), *text(one, "unread") ? "; not read: " : "",
                 *note && !*text(one, "unread") ? "; " : "", note);
    size_t i;
    const json_t *name;
    json_array_foreach(json_object_get(one, "here"), i, name)
    {
        (void)printf("  %-23s yes\n", json_string_value(name));
    }
}

int tl_data_do_list(const tl_data_options *options)
{
    json_t *list = tl_data_shelf(options->dir);
    if (options->is_json) {
        print_json(list);
    } else {
        size_t i;
        const json_t *one;
        (void)printf("%-25s %-13s %7s  %-19s %-13s %-12s %s\n", "name", "here", "classes",
                     "train/val/test", "sizes", "licence", "about");
        json_array_foreach(list, i, one) print_set(one);
    }
    json_decref(list);
    return TL_EXIT_DONE;
}

/* --- fetch ------------------------------------------------------------------------------
 */

static int refuse_name(const char *name)
{
    if (strncmp(name, "mnist/", 6) == 0 || strncmp(name, "cifar", 5) == 0 ||
        strncmp(name, "text/", 5) == 0 || strncmp(name, "tokens/", 7) == 0) {
        tl_log(TL_LOG_ERROR,
               "%s has no official sum here, so it is not fetched; bring its files by hand "
               "(threatloop data list says what is known)",
               name);
        return TL_EXIT_USAGE;
    }
    const char *names[MOST_NAMES];
    int count;
    const tl_medmnist *set = tl_medmnist_sets(&count);
    for (int i = 0; i < count && i < MOST_NAMES; i++) names[i] = set[i].name;
    const char *near = tl_text_nearest(name, names, count);
    tl_log(TL_LOG_ERROR, "there is no set '%s' to fetch%s%s%s; see threatloop data list",
           name, near ? ": did you mean '" : "", near ? near : "", near ? "'" : "");
    return TL_EXIT_USAGE;
}

static void print_terms(const tl_medmnist *set)
{
    (void)printf("licence: %s%s; not intended for clinical use\n", set->licence,
                 strstr(set->licence, "NC") ? " (no commercial use)" : "");
    (void)printf(
        "cite:    Yang, Shi, Wei, Liu, Zhao, Ke, Pfister, Ni 2023, MedMNIST v2: a "
        "large-scale\n         lightweight benchmark for 2D and 3D biomedical image "
        "classification,\n         Scientific Data 10, 41\n"
        "         Yang, Shi, Ni 2021, MedMNIST classification decathlon: a lightweight AutoML"
        "\n         benchmark for medical image analysis, IEEE ISBI, 191-195\n"
        "         and the source of %s that https://medmnist.com names\n",
        set->name);
    if (set->task == TL_MEDMNIST_LABELS) {
        (void)printf("note:    several labels an image; no plan can use it as a source\n");
    }
}

int tl_data_do_fetch(const char *name, const tl_data_options *options)
{
    tl_fetch want = {.dir = options->dir, .from = options->from};
    want.set = tl_data_named(name, &want.size);
    if (!want.set) return refuse_name(name);
    if (options->pixels) want.size = tl_medmnist_size(options->pixels);
    if (want.size < 0 || !want.set->md5[want.size]) {
        tl_log(TL_LOG_ERROR, "%s is not published at --size %d; there are %s",
               want.set->name, options->pixels,
               want.set->is_3d ? "28 and 64" : "28, 64, 128 and 224");
        return TL_EXIT_USAGE;
    }
    tl_fetched fetched;
    tl_err err = {0};
    if (tl_data_fetch(&want, &fetched, &err) != TL_OK) {
        tl_log(TL_LOG_ERROR, "%s: %s", want.set->name, err.text);
        return TL_EXIT_ERROR;
    }
    if (fetched.is_replaced) {
        tl_log(TL_LOG_WARN, "%s held something else, which is replaced", fetched.path);
    }
    (void)printf("%s %s (MD5 %s)\n", fetched.path,
                 fetched.was_there ? "is there already" : "is fetched",
                 want.set->md5[want.size]);
    print_terms(want.set);
    return TL_EXIT_DONE;
}

/* --- verify -----------------------------------------------------------------------------
 */

static void print_verified(const json_t *one)
{
    const char *state = text(one, "state");
    if (strcmp(state, "absent") == 0) {
        (void)printf("absent   %s\n", text(one, "name"));
    } else if (strcmp(state, "right") == 0) {
        (void)printf("right    %s  %s  (MD5 %s)\n", text(one, "name"), text(one, "path"),
                     text(one, "md5"));
    } else if (strcmp(state, "wrong") == 0) {
        (void)printf("wrong    %s  %s  (MD5 %s, the official file has %s)\n",
                     text(one, "name"), text(one, "path"), text(one, "md5"),
                     text(one, "official"));
    } else {
        (void)printf("unknown  %s  (MD5 %s is that of no official file)\n",
                     text(one, "path"), text(one, "md5"));
    }
}

int tl_data_do_verify(char *const *names, int count, const tl_data_options *options)
{
    json_t *list = json_array();
    tl_err err = {0};
    tl_status status = TL_OK;
    for (int i = 0; i < count && status == TL_OK; i++) {
        status = tl_data_verify(names[i], options->dir, list, &err);
    }
    if (count == 0) status = tl_data_verify(NULL, options->dir, list, &err);
    if (status != TL_OK) {
        tl_log(TL_LOG_ERROR, "%s", err.text);
        json_decref(list);
        return status == TL_E_ARG ? TL_EXIT_USAGE : TL_EXIT_ERROR;
    }
    size_t i;
    const json_t *one;
    bool is_right = true;
    json_array_foreach(list, i, one)
    {
        is_right = is_right && strcmp(text(one, "state"), "right") == 0;
        if (!options->is_json) print_verified(one);
    }
    if (options->is_json) print_json(list);
    if (!options->is_json && json_array_size(list) == 0) {
        (void)printf("no file of MedMNIST is there\n");
    }
    json_decref(list);
    return is_right ? TL_EXIT_DONE : TL_EXIT_ERROR;
}
