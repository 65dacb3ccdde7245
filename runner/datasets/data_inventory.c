#include "runner/datasets/data_inventory.h"

#include "compute/core/hash.h"
#include "compute/core/text.h"
#include "compute/data/corpus.h"
#include "compute/data/medmnist.h"
#include "compute/data/source.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { STEM = TL_MEDMNIST_FILE + 16 };

static const char *const ending[] = {".npz", NULL};

static void put(json_t *object, const char *key, json_t *value)
{
    const int failed = json_object_set_new(object, key, value);
    TL_INVARIANT(!failed);
}

static void append(json_t *list, json_t *value)
{
    const int failed = json_array_append_new(list, value);
    TL_INVARIANT(!failed);
}

const tl_medmnist *tl_data_named(const char *name, int *size)
{
    return tl_medmnist_named(strncmp(name, "medmnist/", 9) == 0 ? name + 9 : name, size);
}

/* "medmnist/breastmnist_64", as a place is asked for it. */
static void stem_of(const tl_medmnist *set, int size, char stem[STEM])
{
    char file[TL_MEDMNIST_FILE];
    (void)snprintf(stem, STEM, "medmnist/%s", tl_medmnist_file(set, size, file));
    *strrchr(stem, '.') = '\0';
}

static bool find_file(const tl_medmnist *set, int size, const char *dir,
                      char path[TL_PLACE_PATH])
{
    char stem[STEM];
    stem_of(set, size, stem);
    return tl_place_find(dir, stem, ending, path, NULL) == TL_OK;
}

static json_t *rows_of(int train, int validation, int test)
{
    json_t *rows = json_object();
    put(rows, "train", json_integer(train));
    put(rows, "validation", json_integer(validation));
    put(rows, "test", json_integer(test));
    return rows;
}

static json_t *shelf_medmnist(const tl_medmnist *set, const char *dir)
{
    char stem[STEM], path[TL_PLACE_PATH];
    json_t *one = json_object(), *pixels = json_array(), *present = json_array();
    for (int s = 0; s < TL_MEDMNIST_SIZES; s++) {
        if (!set->md5[s]) continue;
        append(pixels, json_integer(tl_medmnist_pixels(s)));
        if (find_file(set, s, dir, path)) {
            append(present, json_integer(tl_medmnist_pixels(s)));
        }
    }
    stem_of(set, 0, stem);
    put(one, "name", json_string(stem));
    put(one, "about", json_string(set->about));
    put(one, "classes", json_integer(set->classes));
    put(one, "channels", json_integer(set->channels));
    put(one, "task", json_string(tl_medmnist_task_name(set->task)));
    put(one, "rows", rows_of(set->rows[0], set->rows[1], set->rows[2]));
    put(one, "pixels", pixels);
    put(one, "present", present);
    put(one, "licence", json_string(set->licence));
    if (set->task == TL_MEDMNIST_LABELS) {
        put(one, "unread", json_string("several labels an image"));
    }
    if (set->is_3d) put(one, "note", json_string("volumes, read as slices"));
    if (set->task == TL_MEDMNIST_ORDINAL) {
        put(one, "note", json_string("ordinal grades, read as classes"));
    }
    return one;
}

/* What lies in PLACE/`folder`, by the names that plans call it ("text/moby_dick"); with
 * `is_all`, also what has another ending than `tail`. */
static void shelf_folder(const char *place, const char *folder, const char *tail,
                         bool is_all, json_t *list)
{
    char path[TL_PLACE_PATH];
    struct dirent **entry;
    const int length = snprintf(path, sizeof path, "%s/%s", place, folder);
    if (length >= (int)sizeof path) return;
    const int count = tl_corpus_scan(path, &entry);
    for (int i = 0; i < count; i++) {
        const char *file = entry[i]->d_name, *dot = strrchr(file, '.');
        const bool has_tail = dot && strcmp(dot, tail) == 0;
        const int stem = has_tail ? (int)(dot - file) : (int)strlen(file);
        json_t *name =
            has_tail || is_all ? json_sprintf("%s/%.*s", folder, stem, file) : NULL;
        if (name) append(list, name); /* no JSON can name what is not UTF-8 */
        free(entry[i]);
    }
    if (count >= 0) free(entry);
}

/* The files behind "text/NAME" and "tokens/NAME" that are here. */
static json_t *shelf_corpora(const char *name, const char *dir)
{
    char place[TL_PLACES][TL_PLACE_PATH];
    const bool is_text = strncmp(name, "text/", 5) == 0;
    const int places = tl_places(dir, place);
    json_t *list = json_array();
    for (int p = 0; p < places; p++) {
        shelf_folder(place[p], is_text ? "text" : "tokens", is_text ? ".txt" : ".bin",
                     is_text, list);
    }
    return list;
}

static json_t *shelf_other(const tl_source_name *named, const char *dir)
{
    static const struct {
        const char *name, *licence;
        int classes, pixels, train, test;
    } known[] = {
        {"mnist/t10k", "CC BY-SA 3.0", 10, 28, 0, 10000},
        {"mnist/train", "CC BY-SA 3.0", 10, 28, 60000, 0},
        {"cifar10", "none stated", 10, 32, 50000, 10000},
        {"cifar100", "none stated", 100, 32, 50000, 10000},
    };
    char path[TL_PLACE_PATH];
    json_t *one = json_object(), *present = json_array();
    put(one, "name", json_string(named->name));
    put(one, "about", json_string(named->about));
    put(one, "present", present);
    if (tl_corpus_is(named->name)) {
        put(one, "here", shelf_corpora(named->name, dir));
    } else if (tl_source_find(named->name, dir, path, NULL) == TL_OK) {
        append(present, json_integer(0));
    }
    static const char *const range[][2] = {{"synthetic/lesions", "2-10"},
                                           {"synthetic/markov", "2-65536"},
                                           {"text/NAME", "256"},
                                           {"tokens/NAME", "50257"}};
    for (size_t k = 0; k < sizeof range / sizeof *range; k++) {
        if (strcmp(range[k][0], named->name) == 0) {
            put(one, "class_range", json_string(range[k][1]));
        }
    }
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        if (strcmp(known[k].name, named->name) != 0) continue;
        json_t *pixels = json_array();
        append(pixels, json_integer(known[k].pixels));
        put(one, "classes", json_integer(known[k].classes));
        put(one, "rows", rows_of(known[k].train, 0, known[k].test));
        put(one, "pixels", pixels);
        put(one, "licence", json_string(known[k].licence));
    }
    return one;
}

json_t *tl_data_shelf(const char *dir)
{
    json_t *list = json_array();
    int names, sets;
    const tl_source_name *name = tl_source_names(&names);
    const tl_medmnist *set = tl_medmnist_sets(&sets);
    for (int i = 0; i < names; i++) {
        if (strncmp(name[i].name, "medmnist/", 9) != 0) {
            append(list, shelf_other(&name[i], dir));
        }
    }
    for (int i = 0; i < sets; i++) append(list, shelf_medmnist(&set[i], dir));
    return list;
}

static tl_status verify_file(const char *name, const char *path, const char *official,
                             json_t *list, tl_err *err)
{
    char md5[TL_MD5_TEXT];
    TL_TRY(tl_hash_file(path, NULL, md5, err));
    const tl_medmnist *set = tl_medmnist_official(md5, NULL);
    const char *state = "wrong";
    if (official ? strcmp(md5, official) == 0 : set != NULL) state = "right";
    if (!official && !set) state = "unknown";
    json_t *one = json_object();
    put(one, "name", json_string(official ? name : set ? set->name : ""));
    put(one, "path", json_string(path));
    put(one, "state", json_string(state));
    put(one, "md5", json_string(md5));
    if (official) put(one, "official", json_string(official));
    append(list, one);
    return TL_OK;
}

/* A file of a set, if it is there; or, where it must be, that it is absent. */
static tl_status verify_set(const tl_medmnist *set, int size, const char *dir, bool must_be,
                            json_t *list, tl_err *err)
{
    char stem[STEM], path[TL_PLACE_PATH];
    stem_of(set, size, stem);
    if (find_file(set, size, dir, path)) {
        return verify_file(stem, path, set->md5[size], list, err);
    }
    if (!must_be) return TL_OK;
    append(list, json_pack("{s:s, s:s, s:s}", "name", stem, "state", "absent", "official",
                           set->md5[size]));
    return TL_OK;
}

tl_status tl_data_verify(const char *name, const char *dir, json_t *list, tl_err *err)
{
    int size, sets;
    struct stat found;
    const tl_medmnist *set = name ? tl_data_named(name, &size) : NULL;
    if (set) return verify_set(set, size, dir, true, list, err);
    if (name && stat(name, &found) == 0) return verify_file(name, name, NULL, list, err);
    TL_CHECK(!name, err, TL_E_ARG,
             "%s is neither a file nor a set of MedMNIST, of which alone sums are known",
             name);
    set = tl_medmnist_sets(&sets);
    for (int i = 0; i < sets; i++) {
        for (int s = 0; s < TL_MEDMNIST_SIZES; s++) {
            if (!set[i].md5[s]) continue;
            TL_TRY(verify_set(&set[i], s, dir, false, list, err));
        }
    }
    return TL_OK;
}
