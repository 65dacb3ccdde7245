/*
 * threatloop data: its options, and `data info`.
 */
#include "compute/core/json.h"
#include "compute/core/log.h"
#include "compute/core/memory.h"
#include "compute/core/print.h"
#include "compute/data/medmnist.h"
#include "runner/cli/commands.h"
#include "runner/cli/data_commands.h"
#include "runner/cli/options.h"
#include "runner/datasets/data_info.h"
#include "runner/exit.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>

static const tl_option options_of_data[] = {
    {"data", 'd', TL_OPTION_TEXT, "DIR", offsetof(tl_data_options, dir),
     .about =
         "data folder (default: THREATLOOP_DATA, else threatloop in the user's cache)"},
    {"json", 0, TL_OPTION_FLAG, NULL, offsetof(tl_data_options, is_json),
     .about = "list, info, verify: print JSON"},
    {"as", 0, TL_OPTION_TEXT, "SET", offsetof(tl_data_options, as),
     .about = "info: read FILE as cifar10 or cifar100, whose files carry no mark",
     .only = "info"},
    {"size", 0, TL_OPTION_WHOLE, "PIXELS", offsetof(tl_data_options, pixels),
     .about = "fetch: pixels per side, 28 (default), 64, 128 or 224; volumes 28 or 64",
     .low = 1, .high = 4096, .only = "fetch"},
    {"from", 0, TL_OPTION_TEXT, "FILE", offsetof(tl_data_options, from),
     .about = "fetch: copy a file downloaded elsewhere, on nodes without network",
     .only = "fetch"},
    {"max-size", 0, TL_OPTION_REAL, "GIB", offsetof(tl_data_options, max_size),
     .about = "fetch: refuse a file of more (default: what the set's arrays take "
              "uncompressed)",
     .high = 1e6, .scale = 0x1p30, .only = "fetch"},
    {"memory", 0, TL_OPTION_REAL, "GIB", offsetof(tl_data_options, memory),
     .about = "info, roles: memory that data may take (default 4)", .high = 1e9,
     .scale = 0x1p30},
    {"replicate", 0, TL_OPTION_WHOLE, "R", offsetof(tl_data_options, replicate),
     .about = "roles: the replicate, one of the plan's", .high = INT_MAX, .only = "roles"},
    {"set", 0, TL_OPTION_TEXTS, "PATH=VALUE", offsetof(tl_data_options, set),
     .about = "roles: change the plan, as run does; chooses where data are an axis",
     .high = TL_DATA_SETS, .count = offsetof(tl_data_options, sets), .only = "roles"},
    {"csv", 0, TL_OPTION_FLAG, NULL, offsetof(tl_data_options, is_csv),
     .about = "roles: print CSV", .only = "roles"},
    {0}};

static const tl_usage usage = {
    .command = "data",
    .forms =
        "list [--data DIR] [--json]\n"
        "info NAME-OR-FILE [--as SET] [--data DIR] [--memory GIB] [--json]\n"
        "fetch NAME [--size PIXELS] [--from FILE] [--max-size GIB] [--data DIR]\n"
        "verify [NAME-OR-FILE...] [--data DIR] [--json]\n"
        "roles PLAN --replicate R [--set PATH=VALUE]... [--data DIR] [--memory GIB] [--csv]",
    .about =
        "list    Lists the known data sets, with classes, sizes and licence, and which of them\n"
        "        are present.\n"
        "info    Shows what a source or a file holds: arrays, types, shapes, checksums, images\n"
        "        and classes, near-duplicates, whether it is an official file. Formats: npz,\n"
        "        npy, idx (gzipped or not), safetensors, CIFAR's binary version. For a malformed\n"
        "        file, the error gives the reason.\n"
        "fetch   Downloads a MedMNIST set into DIR/medmnist, checks its MD5 and prints its\n"
        "        licence. A correct file is left alone; one with a wrong checksum is not kept.\n"
        "verify  Checks the sets or files named, or all that are present, against the official\n"
        "        checksums; exit status 1 if one of them differs.\n"
        "roles   Prints which row of the source plays which role in a replicate of a plan, with\n"
        "        its label and whether the target trains on it: what a run draws before its\n"
        "        chain begins. Of data that are an axis, the first; --set chooses another.\n",
    .options = options_of_data,
    .notes = "Fetches from " TL_MEDMNIST_URL
             "\nor from the base address in THREATLOOP_MIRROR.\n",
    .least = 1,
    .most = 1000,
    .wants = "data needs one of list, info NAME, fetch NAME, verify [NAME...] and roles "
             "PLAN"};

static void print_images(const json_t *images)
{
    const json_t *splits = json_object_get(images, "splits"), *rows;
    size_t class;
    tl_print(stdout, "origin:  %s\nimages:  %lld of %lldx%lldx%lld, %lld classes\n",
             tl_json_field(images, "note"), tl_json_whole(images, "rows"),
             tl_json_whole(images, "channels"), tl_json_whole(images, "height"),
             tl_json_whole(images, "width"), tl_json_whole(images, "classes"));
    if (splits) {
        tl_print(stdout, "splits:  train %lld, validation %lld, test %lld\n",
                 tl_json_whole(splits, "train"), tl_json_whole(splits, "validation"),
                 tl_json_whole(splits, "test"));
    }
    json_array_foreach(json_object_get(images, "class_rows"), class, rows)
    {
        tl_print(stdout, "  class %-3zu %lld\n", class,
                 (long long)json_integer_value(rows));
    }
    tl_print(stdout, "exact duplicates: %lld\nnear-duplicates:  %lld images have one\n",
             tl_json_whole(images, "exact_duplicates"),
             tl_json_whole(images, "near_duplicates"));
    if (splits) {
        tl_print(stdout,
                 "  in train: %lld of %lld validation images, %lld of %lld test images\n",
                 tl_json_whole(images, "validation_near_train"),
                 tl_json_whole(splits, "validation"),
                 tl_json_whole(images, "test_near_train"), tl_json_whole(splits, "test"));
    }
    tl_print(stdout, "content: %s\n", tl_json_field(images, "content"));
}

static void print_tokens(const json_t *tokens)
{
    tl_print(stdout,
             "origin:  %s\nrows:    %lld of %lld tokens (data.context) and the next, "
             "vocabulary %lld\nexact duplicates: %lld\ncontent: %s\n",
             tl_json_field(tokens, "note"), tl_json_whole(tokens, "rows"),
             tl_json_whole(tokens, "context"), tl_json_whole(tokens, "vocabulary"),
             tl_json_whole(tokens, "exact_duplicates"), tl_json_field(tokens, "content"));
}

static void print_file(const json_t *info)
{
    const json_t *one, *size;
    size_t i, d;
    tl_print(stdout, "format:  %s\n", tl_json_field(info, "format"));
    json_array_foreach(json_object_get(info, "arrays"), i, one)
    {
        if (*tl_json_field(one, "name"))
            tl_print(stdout, "  %-24s", tl_json_field(one, "name"));
        tl_print(stdout, "  %s (", tl_json_field(one, "type"));
        const json_t *shape = json_object_get(one, "shape");
        json_array_foreach(shape, d, size)
        {
            tl_print(stdout, "%s%lld", d ? ", " : "", (long long)json_integer_value(size));
        }
        tl_print(stdout, "%s)\n", json_array_size(shape) == 1 ? "," : "");
    }
    json_array_foreach(json_object_get(info, "others"), i, one)
    {
        tl_print(stdout, "  %-24s  not an array\n", json_string_value(one));
    }
    if (json_object_get(info, "checked"))
        tl_print(stdout, "of the elements, at most the first 1 GiB were checked\n");
    tl_print(stdout, "bytes:   %lld\nsha256:  %s\nmd5:     %s\n",
             tl_json_whole(info, "bytes"), tl_json_field(info, "sha256"),
             tl_json_field(info, "md5"));
    if (json_object_get(info, "unread")) {
        if (*tl_json_field(info, "official")) {
            tl_print(stdout, "origin:  the official MedMNIST file of %s (MD5 matches)\n",
                     tl_json_field(info, "official"));
        }
        tl_print(stdout, "not a source of images: %s\n", tl_json_field(info, "unread"));
    }
}

static int show(const char *name, const tl_data_options *options)
{
    struct stat found;
    json_t *info = NULL;
    tl_arena arena = tl_arena_open(tl_memory_account(options->memory, TL_MEMORY_DATA));
    tl_err err = {0};
    const bool is_file = stat(name, &found) == 0;
    const tl_status status =
        is_file ? tl_data_info_file(name, options->as, &arena, &info, &err)
                : tl_data_info_source(name, options->dir, &arena, &info, &err);
    tl_arena_close(&arena);
    if (status != TL_OK) {
        tl_log(TL_LOG_ERROR, "%s%s", err.text,
               status == TL_E_ARG && !is_file ? "; and there is no such file" : "");
        return TL_EXIT_ERROR;
    }
    if (options->is_json) {
        tl_json_print(info, JSON_INDENT(2));
        return TL_EXIT_DONE;
    }
    tl_print(stdout, "%s\n", name);
    if (is_file) print_file(info);
    if (json_object_get(info, "images")) print_images(json_object_get(info, "images"));
    if (json_object_get(info, "tokens")) print_tokens(json_object_get(info, "tokens"));
    json_decref(info);
    return TL_EXIT_DONE;
}

int tl_cmd_data(int argc, char **argv)
{
    tl_data_options options = {.replicate = -1};
    tl_words words;
    int code;
    if (!tl_options_read(&usage, argc, argv, &options, &words, &code)) return code;
    const char *word = words.at[0];
    const int names = words.count - 1;
    if (names == 0 && strcmp(word, "list") == 0) return tl_data_do_list(&options);
    if (names == 1 && strcmp(word, "info") == 0) return show(words.at[1], &options);
    if (names == 1 && strcmp(word, "fetch") == 0)
        return tl_data_do_fetch(words.at[1], &options);
    if (names == 1 && strcmp(word, "roles") == 0)
        return tl_data_do_roles(words.at[1], &options);
    if (strcmp(word, "verify") == 0)
        return tl_data_do_verify(words.at + 1, names, &options);
    return tl_options_refuse("data", "%s", usage.wants);
}
