#include "runner/cli/data_commands.h"

#include "compute/core/print.h"
#include "compute/core/json.h"
#include "compute/core/log.h"
#include "compute/core/terminal.h"
#include "compute/core/text.h"
#include "compute/data/mnist.h"
#include "runner/cli/options.h"
#include "runner/cli/text_page.h"
#include "runner/datasets/data_fetch.h"
#include "runner/datasets/data_inventory.h"
#include "runner/exit.h"

#include <string.h>
#include <unistd.h>

enum { MOST_NAMES = 64, CELL = 64 };

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
    (void)snprintf(out, CELL, "%lld/%lld/%lld", tl_json_whole(rows, "train"),
                   tl_json_whole(rows, "validation"), tl_json_whole(rows, "test"));
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
    const char *unread = tl_json_field(one, "unread"), *note = tl_json_field(one, "note");
    tl_text left = {0}, about = {0};
    tl_text_print(&left, "%-25s %-13s %7s  %-19s %-13s %-12s ", tl_json_field(one, "name"),
                  here, count ? classes : tl_json_field(one, "class_range"),
                  rows_of(json_object_get(one, "rows"), rows),
                  sizes_of(json_object_get(one, "pixels"), pixels),
                  tl_json_field(one, "licence"));
    tl_text_print(&about, "%s%s%s", tl_json_field(one, "about"),
                  *unread ? "; not read: "
                  : *note ? "; "
                          : "",
                  *unread ? unread : note);
    const int columns = tl_terminal_columns(STDOUT_FILENO);
    if (columns == 0 || (int)left.length + tl_text_columns(about.at) <= columns) {
        tl_print(stdout, "%s%s\n", left.at, about.at);
    } else { /* below, where the terminal is narrow */
        tl_print(stdout, "%s\n", left.at);
        tl_page_text(stdout, 2, about.at);
    }
    tl_text_close(&left);
    tl_text_close(&about);
    size_t i;
    const json_t *name;
    json_array_foreach(json_object_get(one, "here"), i, name)
    {
        tl_print(stdout, "  %-23s yes\n", json_string_value(name));
    }
}

int tl_data_do_list(const tl_data_options *options)
{
    json_t *list = tl_data_inventory(options->dir);
    if (options->is_json) {
        tl_json_print(list, JSON_INDENT(2));
        return TL_EXIT_DONE;
    }
    size_t i;
    const json_t *one;
    tl_print(stdout, "%-25s %-13s %7s  %-19s %-13s %-12s %s\n", "name", "here", "classes",
             "train/val/test", "sizes", "licence", "about");
    json_array_foreach(list, i, one) print_set(one);
    json_decref(list);
    return TL_EXIT_DONE;
}

/* --- fetch ---------------------------------------------------------------------------- */

static int refuse_name(const char *name)
{
    if (strncmp(name, "mnist/", 6) == 0 || strncmp(name, "cifar", 5) == 0 ||
        strncmp(name, "text/", 5) == 0 || strncmp(name, "tokens/", 7) == 0) {
        return tl_options_refuse(
            "data", "%s is not fetched, but read where you put it%s", name,
            strncmp(name, "mnist/", 6) == 0 ? ": its files are at " TL_MNIST_URL
            : strncmp(name, "cifar", 5) == 0
                ? ": its binary version is at https://www.cs.toronto.edu/~kriz/cifar.html"
                : "");
    }
    const char *names[MOST_NAMES];
    int count;
    const tl_medmnist *set = tl_medmnist_sets(&count);
    for (int i = 0; i < count && i < MOST_NAMES; i++) names[i] = set[i].name;
    char hint[TL_HINT];
    return tl_options_refuse("data", "no set '%s' to fetch%s", name,
                             tl_text_hint(name, names, count, hint));
}

static void print_terms(const tl_medmnist *set)
{
    tl_print(stdout, "licence: %s%s; not intended for clinical use\n", set->licence,
             strstr(set->licence, "NC") ? " (no commercial use)" : "");
    tl_print(
        stdout,
        "cite:    Yang, Shi, Wei, Liu, Zhao, Ke, Pfister, Ni 2023, MedMNIST v2: a "
        "large-scale\n         lightweight benchmark for 2D and 3D biomedical image "
        "classification,\n         Scientific Data 10, 41\n"
        "         Yang, Shi, Ni 2021, MedMNIST classification decathlon: a lightweight AutoML"
        "\n         benchmark for medical image analysis, IEEE ISBI, 191-195\n"
        "         and the source of %s that https://medmnist.com names\n",
        set->name);
    if (set->task == TL_MEDMNIST_LABELS) {
        tl_print(stdout,
                 "note:    several labels an image; plans cannot use it as a source\n");
    }
}

int tl_data_do_fetch(const char *name, const tl_data_options *options)
{
    tl_fetch want = {
        .dir = options->dir, .from = options->from, .most = (uint64_t)options->max_size};
    want.set = tl_data_named(name, &want.size);
    if (!want.set) return refuse_name(name);
    if (options->pixels) want.size = tl_medmnist_size(options->pixels);
    if (want.size < 0 || !want.set->md5[want.size]) {
        return tl_options_refuse("data", "%s is not published at --size %d, only at %s",
                                 want.set->name, options->pixels,
                                 want.set->is_3d ? "28 and 64" : "28, 64, 128 and 224");
    }
    tl_fetched fetched;
    tl_err err = {0};
    if (tl_data_fetch(&want, &fetched, &err) != TL_OK) {
        tl_log(TL_LOG_ERROR, "%s: %s", want.set->name, err.text);
        return TL_EXIT_ERROR;
    }
    if (fetched.is_replaced) {
        tl_log(TL_LOG_WARN, "%s had another content and was replaced", fetched.path);
    }
    tl_print(stdout, "%s %s (MD5 %s)\n", fetched.path,
             fetched.was_there ? "is up to date" : "fetched", want.set->md5[want.size]);
    print_terms(want.set);
    return TL_EXIT_DONE;
}

/* --- verify --------------------------------------------------------------------------- */

static void print_verified(const json_t *one)
{
    const char *state = tl_json_field(one, "state"), *name = tl_json_field(one, "name"),
               *path = tl_json_field(one, "path"), *md5 = tl_json_field(one, "md5");
    const bool is_wrong = strcmp(state, "wrong") == 0;
    if (strcmp(state, "absent") == 0)
        tl_print(stdout, "absent   %s\n", name);
    else if (strcmp(state, "unknown") == 0)
        tl_print(stdout, "unknown  %s  (no official file has MD5 %s)\n", path, md5);
    else
        tl_print(stdout, "%-8s %s  %s  (MD5 %s%s%s)\n", state, name, path, md5,
                 is_wrong ? ", the official file has " : "",
                 is_wrong ? tl_json_field(one, "official") : "");
}

int tl_data_do_verify(char *const *names, int count, const tl_data_options *options)
{
    json_t *list = json_array();
    tl_err err = {0};
    tl_status status = TL_OK;
    for (int i = 0; i < (count ? count : 1) && status == TL_OK; i++)
        status = tl_data_verify(count ? names[i] : NULL, options->dir, list, &err);
    if (status != TL_OK) {
        tl_log(TL_LOG_ERROR, "%s", err.text);
        json_decref(list);
        return tl_exit_of(status);
    }
    size_t i;
    const json_t *one;
    bool is_right = true;
    json_array_foreach(list, i, one)
    {
        is_right = is_right && strcmp(tl_json_field(one, "state"), "right") == 0;
        if (!options->is_json) print_verified(one);
    }
    if (options->is_json)
        tl_json_print(json_incref(list), JSON_INDENT(2));
    else if (json_array_size(list) == 0)
        tl_print(stdout, "no MedMNIST file found\n");
    json_decref(list);
    return is_right ? TL_EXIT_DONE : TL_EXIT_ERROR;
}
