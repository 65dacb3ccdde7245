/*
 * threatloop data: its words and options, and what any data file holds.
 */
#include "compute/core/log.h"
#include "compute/core/text.h"
#include "compute/data/medmnist.h"
#include "runner/cli/commands.h"
#include "runner/cli/data_commands.h"
#include "runner/datasets/data_info.h"

#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char help[] =
    "usage: threatloop data list [--data DIR] [--json]\n"
    "       threatloop data info NAME-OR-FILE [--as cifar10|cifar100] [--data DIR] "
    "[--json]\n"
    "       threatloop data fetch NAME [--size PIXELS] [--from FILE] [--data DIR]\n"
    "       threatloop data verify [NAME-OR-FILE...] [--data DIR] [--json]\n\n"
    "list:   the sets that are known, with classes, sizes and licence, and which are here\n"
    "info:   what a source or a file (npz, npy, idx, gzipped idx, safetensors, CIFAR's\n"
    "        binary version) holds: arrays, types, shapes, checksums, images and classes,\n"
    "        near-duplicates, whether it is an official file; a malformed file is refused\n"
    "        with the reason. A CIFAR file bears no mark: --as says which of the two it is\n"
    "fetch:  brings a set of MedMNIST into DIR/medmnist, at 28 pixels a side or --size 64,\n"
    "        128, 224 (volumes 28, 64), checks its MD5 and says its licence. What is there\n"
    "        and right is left alone; a wrong sum keeps nothing. A node without a network\n"
    "        takes a file that was brought by hand: --from FILE\n"
    "verify: holds what is here, or the sets or files named, against the official sums;\n"
    "        exit 1 if one of them is not right\n\n"
    "DIR is --data, else THREATLOOP_DATA, else threatloop in the user's cache folder.\n"
    "THREATLOOP_MIRROR names another base address to fetch from than " TL_MEDMNIST_URL "\n";

static void print_json(const json_t *value)
{
    char *text = json_dumps(value, JSON_INDENT(2));
    TL_INVARIANT(text != NULL);
    (void)printf("%s\n", text);
    free(text);
}

static const char *text(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value ? value : "";
}

static long long number(const json_t *object, const char *key)
{
    return (long long)json_integer_value(json_object_get(object, key));
}

static void print_images(const json_t *images)
{
    const json_t *splits = json_object_get(images, "splits"), *rows;
    size_t class;
    (void)printf("origin:  %s\nimages:  %lld of %lldx%lldx%lld, %lld classes\n",
                 text(images, "note"), number(images, "rows"), number(images, "channels"),
                 number(images, "height"), number(images, "width"),
                 number(images, "classes"));
    if (splits) {
        (void)printf("splits:  train %lld, validation %lld, test %lld\n",
                     number(splits, "train"), number(splits, "validation"),
                     number(splits, "test"));
    }
    json_array_foreach(json_object_get(images, "class_rows"), class, rows)
    {
        (void)printf("  class %-3zu %lld\n", class, (long long)json_integer_value(rows));
    }
    (void)printf("exact duplicates: %lld\nnear-duplicates:  %lld images have one\n",
                 number(images, "exact_duplicates"), number(images, "near_duplicates"));
    if (splits) {
        (void)printf(
            "  in train: %lld of %lld validation images, %lld of %lld test images\n",
            number(images, "validation_near_train"), number(splits, "validation"),
            number(images, "test_near_train"), number(splits, "test"));
    }
    (void)printf("content: %s\n", text(images, "content"));
}

static void print_tokens(const json_t *tokens)
{
    (void)printf("origin:  %s\nrows:    %lld of %lld tokens (data.context) and the next, "
                 "vocabulary %lld\nexact duplicates: %lld\ncontent: %s\n",
                 text(tokens, "note"), number(tokens, "rows"), number(tokens, "context"),
                 number(tokens, "vocabulary"), number(tokens, "exact_duplicates"),
                 text(tokens, "content"));
}

static void print_file(const json_t *info)
{
    const json_t *one, *size;
    size_t i, d;
    (void)printf("format:  %s\n", text(info, "format"));
    json_array_foreach(json_object_get(info, "arrays"), i, one)
    {
        if (*text(one, "name")) (void)printf("  %-24s", text(one, "name"));
        (void)printf("  %s (", text(one, "type"));
        const json_t *shape = json_object_get(one, "shape");
        json_array_foreach(shape, d, size)
        {
            (void)printf("%s%lld", d ? ", " : "", (long long)json_integer_value(size));
        }
        (void)printf("%s)\n", json_array_size(shape) == 1 ? "," : "");
    }
    json_array_foreach(json_object_get(info, "others"), i, one)
    {
        (void)printf("  %-24s  no array\n", json_string_value(one));
    }
    (void)printf("bytes:   %lld\nsha256:  %s\nmd5:     %s\n", number(info, "bytes"),
                 text(info, "sha256"), text(info, "md5"));
    if (json_object_get(info, "unread")) {
        if (*text(info, "official")) {
            (void)printf("origin:  the official MedMNIST file of %s (MD5 matches)\n",
                         text(info, "official"));
        }
        (void)printf("no source of images: %s\n", text(info, "unread"));
    }
}

static int show(const char *name, const tl_data_options *options)
{
    struct stat found;
    json_t *info = NULL;
    tl_arena arena = tl_arena_open(0);
    tl_err err = {0};
    const bool is_file = stat(name, &found) == 0;
    const tl_status status =
        is_file ? tl_data_info_file(name, options->as, &arena, &info, &err)
                : tl_data_info_source(name, options->dir, &arena, &info, &err);
    tl_arena_close(&arena);
    if (status != TL_OK) {
        tl_log(TL_LOG_ERROR, "%s%s", err.text,
               status == TL_E_ARG && !is_file ? "; nor is there a file of this name" : "");
        return TL_EXIT_ERROR;
    }
    if (options->is_json) {
        print_json(info);
    } else {
        (void)printf("%s\n", name);
        if (is_file) print_file(info);
        if (json_object_get(info, "images")) print_images(json_object_get(info, "images"));
        if (json_object_get(info, "tokens")) print_tokens(json_object_get(info, "tokens"));
    }
    json_decref(info);
    return TL_EXIT_DONE;
}

/* False for an option that the program does not know; `is_help` if help was asked for. */
static bool read_options(int argc, char **argv, tl_data_options *out, bool *is_help)
{
    static const struct option options[] = {{"data", required_argument, NULL, 'd'},
                                            {"from", required_argument, NULL, 'f'},
                                            {"size", required_argument, NULL, 's'},
                                            {"as", required_argument, NULL, 'a'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    double pixels = 0.0;
    int letter;
    while ((letter = getopt_long(argc, argv, "d:h", options, NULL)) != -1) {
        if (letter == 'd') out->dir = optarg;
        if (letter == 'f') out->from = optarg;
        if (letter == 'a') out->as = optarg;
        if (letter == 'j') out->is_json = true;
        if (letter == 'h') *is_help = true;
        if (letter == '?') return false;
        if (letter != 's') continue;
        if (!tl_text_real(optarg, &pixels) || pixels < 1.0 || pixels > 4096.0) {
            tl_log(TL_LOG_ERROR, "--size %s: give pixels a side, such as 64", optarg);
            return false;
        }
        out->pixels = (int)pixels;
    }
    return true;
}

/* Whether the options go with the word: what would be ignored is refused. */
static bool do_options_fit(const char *word, const tl_data_options *options)
{
    const bool is_fetch = strcmp(word, "fetch") == 0;
    const char *odd = NULL;
    if (options->from && !is_fetch) odd = "--from goes with fetch";
    if (options->pixels && !is_fetch) odd = "--size goes with fetch";
    if (options->as && strcmp(word, "info") != 0) odd = "--as goes with info";
    if (odd) tl_log(TL_LOG_ERROR, "data %s: %s", word, odd);
    return odd == NULL;
}

int tl_cmd_data(int argc, char **argv)
{
    tl_data_options options = {0};
    bool is_help = false;
    if (!read_options(argc, argv, &options, &is_help)) return TL_EXIT_USAGE;
    if (is_help) {
        (void)fputs(help, stdout);
        return TL_EXIT_DONE;
    }
    char **const words = argv + optind;
    const int count = argc - optind;
    const char *word = count > 0 ? words[0] : "";
    if (!do_options_fit(word, &options)) return TL_EXIT_USAGE;
    if (count == 1 && strcmp(word, "list") == 0) return tl_data_do_list(&options);
    if (count == 2 && strcmp(word, "info") == 0) return show(words[1], &options);
    if (count == 2 && strcmp(word, "fetch") == 0)
        return tl_data_do_fetch(words[1], &options);
    if (count >= 1 && strcmp(word, "verify") == 0) {
        return tl_data_do_verify(words + 1, count - 1, &options);
    }
    (void)fputs(help, stderr);
    return TL_EXIT_USAGE;
}
