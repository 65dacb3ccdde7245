#include "runner/datasets/data_inventory.h"

#include "compute/core/hash.h"
#include "compute/core/json.h"
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

const tl_medmnist *tl_data_named(const char *name, int *size)
{
    return tl_medmnist_named(strncmp(name, "medmnist/", 9) == 0 ? name + 9 : name, size);
}

/* "medmnist/breastmnist_64", as tl_data_path_find takes it. */
static void stem_of(const tl_medmnist *set, int size, char stem[STEM])
{
    char file[TL_MEDMNIST_FILE];
    (void)snprintf(stem, STEM, "medmnist/%s", tl_medmnist_file(set, size, file));
    *strrchr(stem, '.') = '\0';
}

static bool find_file(const tl_medmnist *set, int size, const char *dir,
                      char path[TL_DATA_PATH_SPACE])
{
    char stem[STEM];
    stem_of(set, size, stem);
    return tl_data_path_find(dir, stem, ending, path, NULL) == TL_OK;
}

static json_t *rows_of(int train, int validation, int test)
{
    return json_pack("{s:i, s:i, s:i}", "train", train, "validation", validation, "test",
                     test);
}

static json_t *inventory_medmnist(const tl_medmnist *set, const char *dir)
{
    char stem[STEM], path[TL_DATA_PATH_SPACE];
    json_t *pixels = json_array(), *present = json_array();
    for (int s = 0; s < TL_MEDMNIST_SIZES; s++) {
        if (!set->md5[s]) continue;
        const int side = tl_medmnist_pixels(s);
        tl_json_append(pixels, json_integer(side));
        if (find_file(set, s, dir, path)) tl_json_append(present, json_integer(side));
    }
    stem_of(set, 0, stem);
    const char *note = set->is_3d ? "volumes, read as slices" : NULL;
    if (set->task == TL_MEDMNIST_ORDINAL) note = "ordinal grades, read as classes";
    return json_pack("{s:s, s:s, s:i, s:i, s:s, s:o, s:o, s:o, s:s, s:s*, s:s*}", "name",
                     stem, "about", set->about, "classes", set->classes, "channels",
                     set->channels, "task", tl_medmnist_task_name(set->task), "rows",
                     rows_of(set->rows[0], set->rows[1], set->rows[2]), "pixels", pixels,
                     "present", present, "licence", set->licence, "unread",
                     set->task == TL_MEDMNIST_LABELS ? "several labels an image" : NULL,
                     "note", note);
}

/* Lists the files in PLACE/`folder` by the names that plans use ("text/moby_dick"): those
 * that end in `tail`, with `is_all` all. */
static void inventory_folder(const char *place, const char *folder, const char *tail,
                             bool is_all, json_t *list)
{
    char path[TL_DATA_PATH_SPACE];
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
        if (name) tl_json_append(list, name); /* not if it is not UTF-8 */
        free(entry[i]);
    }
    if (count >= 0) free(entry);
}

/* The files of "text/NAME" or "tokens/NAME" that are present. */
static json_t *inventory_corpora(const char *name, const char *dir)
{
    char place[TL_DATA_PATHS][TL_DATA_PATH_SPACE];
    const bool is_text = strncmp(name, "text/", 5) == 0;
    const int places = tl_data_paths(dir, place);
    json_t *list = json_array();
    for (int p = 0; p < places; p++)
        inventory_folder(place[p], is_text ? "text" : "tokens", is_text ? ".txt" : ".bin",
                         is_text, list);
    return list;
}

static json_t *inventory_other(const tl_source_name *named, const char *dir)
{
    static const struct {
        const char *name, *range, *licence; /* range: classes where a plan may choose */
        int classes, pixels, train, test;
    } known[] = {
        {"mnist/t10k", NULL, "CC BY-SA 3.0", 10, 28, 0, 10000},
        {"mnist/train", NULL, "CC BY-SA 3.0", 10, 28, 60000, 0},
        {"cifar10", NULL, "none stated", 10, 32, 50000, 10000},
        {"cifar100", NULL, "none stated", 100, 32, 50000, 10000},
        {.name = "synthetic/lesions", .range = "2-10"},
        {.name = "synthetic/markov", .range = "2-65536"},
        {.name = "text/NAME", .range = "256"},
        {.name = "tokens/NAME", .range = "50257"},
    };
    char path[TL_DATA_PATH_SPACE];
    json_t *present = json_array();
    json_t *one = json_pack("{s:s, s:s, s:o}", "name", named->name, "about", named->about,
                            "present", present);
    if (tl_corpus_is(named->name)) {
        tl_json_put(one, "here", inventory_corpora(named->name, dir));
    } else if (tl_source_find(named->name, dir, path, NULL) == TL_OK) {
        tl_json_append(present, json_integer(0));
    }
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        if (strcmp(known[k].name, named->name) != 0) continue;
        if (known[k].range) {
            tl_json_put(one, "class_range", json_string(known[k].range));
            continue;
        }
        tl_json_add(one, "{s:i, s:o, s:[i], s:s}", "classes", known[k].classes, "rows",
                    rows_of(known[k].train, 0, known[k].test), "pixels", known[k].pixels,
                    "licence", known[k].licence);
    }
    return one;
}

json_t *tl_data_inventory(const char *dir)
{
    json_t *list = json_array();
    int names, sets;
    const tl_source_name *name = tl_source_names(&names);
    const tl_medmnist *set = tl_medmnist_sets(&sets);
    for (int i = 0; i < names; i++)
        if (strncmp(name[i].name, "medmnist/", 9) != 0)
            tl_json_append(list, inventory_other(&name[i], dir));
    for (int i = 0; i < sets; i++) tl_json_append(list, inventory_medmnist(&set[i], dir));
    return list;
}

static tl_status verify_file(const char *name, const char *path, const char *official,
                             json_t *list, tl_err *err)
{
    char md5[TL_MD5_TEXT];
    TL_TRY(tl_hash_file(path, NULL, md5, err));
    const tl_medmnist *set = official ? NULL : tl_medmnist_official(md5, NULL);
    const bool is_right = set || (official && strcmp(md5, official) == 0);
    if (!official) name = set ? set->name : "";
    tl_json_append(list, json_pack("{s:s, s:o, s:s, s:s, s:s*}", "name", name, "path",
                                   tl_json_text(path), "state",
                                   is_right   ? "right"
                                   : official ? "wrong"
                                              : "unknown",
                                   "md5", md5, "official", official));
    return TL_OK;
}

/* Verifies the file of a set; one that is missing is reported if it `must_be`. */
static tl_status verify_set(const tl_medmnist *set, int size, const char *dir, bool must_be,
                            json_t *list, tl_err *err)
{
    char stem[STEM], path[TL_DATA_PATH_SPACE];
    stem_of(set, size, stem);
    if (find_file(set, size, dir, path))
        return verify_file(stem, path, set->md5[size], list, err);
    if (must_be)
        tl_json_append(list, json_pack("{s:s, s:s, s:s}", "name", stem, "state", "absent",
                                       "official", set->md5[size]));
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
             "%s is neither a file nor a MedMNIST set: checksums are known only for those",
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
