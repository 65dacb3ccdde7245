/*
 * threatloop data: data sets by name, and what any data file holds.
 */
#include "compute/core/log.h"
#include "compute/data/source.h"
#include "runner/commands.h"
#include "runner/data_info.h"

#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char help[] =
    "usage: threatloop data list [--json]\n"
    "       threatloop data info NAME-OR-FILE [--data DIR] [--json]\n\n"
    "list: the names that a plan may use as data.source\n"
    "info: what a source or a file (npz, npy, idx, gzipped idx, safetensors) holds: arrays, "
    "types,\n"
    "      shapes, checksums, images and classes, whether it is an official file; a malformed\n"
    "      file is refused with the reason\n";

static void print_json(const json_t *value)
{
    char *text = json_dumps(value, JSON_INDENT(2));
    TL_INVARIANT(text != NULL);
    (void)printf("%s\n", text);
    free(text);
}

static int list_names(bool is_json)
{
    int count;
    const tl_source_name *name = tl_source_names(&count);
    json_t *all = json_array();
    for (int i = 0; i < count; i++) {
        const int failed = json_array_append_new(
            all, json_pack("{s:s, s:s}", "name", name[i].name, "about", name[i].about));
        TL_INVARIANT(!failed);
        if (!is_json) (void)printf("%-26s %s\n", name[i].name, name[i].about);
    }
    if (is_json) print_json(all);
    json_decref(all);
    return TL_EXIT_DONE;
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

static int show(const char *name, const char *dir, bool is_json)
{
    struct stat found;
    json_t *info = NULL;
    tl_arena arena = tl_arena_open(0);
    tl_err err = {0};
    const bool is_file = stat(name, &found) == 0;
    const tl_status status = is_file ? tl_data_info_file(name, NULL, &arena, &info, &err)
                                     : tl_data_info_source(name, dir, &arena, &info, &err);
    tl_arena_close(&arena);
    if (status != TL_OK) {
        tl_log(TL_LOG_ERROR, "%s%s", err.text,
               status == TL_E_ARG && !is_file ? "; nor is there a file of this name" : "");
        return TL_EXIT_ERROR;
    }
    if (is_json) {
        print_json(info);
    } else {
        (void)printf("%s\n", name);
        if (is_file) print_file(info);
        if (json_object_get(info, "images")) print_images(json_object_get(info, "images"));
    }
    json_decref(info);
    return TL_EXIT_DONE;
}

int tl_cmd_data(int argc, char **argv)
{
    static const struct option options[] = {{"data", required_argument, NULL, 'd'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    const char *dir = NULL;
    bool is_json = false;
    int letter;
    while ((letter = getopt_long(argc, argv, "d:h", options, NULL)) != -1) {
        if (letter == 'd') {
            dir = optarg;
        } else if (letter == 'j') {
            is_json = true;
        } else {
            (void)fputs(help, letter == 'h' ? stdout : stderr);
            return letter == 'h' ? TL_EXIT_DONE : TL_EXIT_USAGE;
        }
    }
    const int words = argc - optind;
    if (words == 1 && strcmp(argv[optind], "list") == 0) return list_names(is_json);
    if (words == 2 && strcmp(argv[optind], "info") == 0) {
        return show(argv[optind + 1], dir, is_json);
    }
    (void)fputs(help, stderr);
    return TL_EXIT_USAGE;
}
