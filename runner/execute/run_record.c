#include "runner/execute/run_record.h"

#include "compute/core/json.h"
#include "compute/core/log.h"
#include "compute/core/text.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char NAME[] = "run.json";

static tl_status too_long(const char *path, tl_err *err)
{
    return tl_fail(err, TL_E_ARG, "the path is too long: %s", path);
}

static tl_status copy_path(const char *path, char out[TL_PATH], tl_err *err)
{
    if (strlen(path) >= TL_PATH) return too_long(path, err);
    memcpy(out, path, strlen(path) + 1);
    return TL_OK;
}

/* Puts the current folder before a relative path; the file need not exist. */
static tl_status make_absolute(const char *path, char out[TL_PATH], tl_err *err)
{
    char here[TL_PATH];
    if (path[0] == '/') return copy_path(path, out, err);
    TL_CHECK(getcwd(here, sizeof here), err, TL_E_IO, "the current folder has no path: %s",
             strerror(errno));
    const int length = snprintf(out, TL_PATH, "%s/%s", here, path);
    return length > 0 && length < TL_PATH ? TL_OK : too_long(path, err);
}

/* The folder of an absolute path, with its links resolved; false if it is missing. */
static bool folder_of(const char *path, char out[PATH_MAX])
{
    char folder[TL_PATH];
    (void)snprintf(folder, sizeof folder, "%s", path);
    size_t length = strlen(folder);
    while (length > 1 && folder[length - 1] == '/') folder[--length] = '\0';
    char *slash = strrchr(folder, '/');
    if (!slash) return false;
    slash[slash == folder ? 1 : 0] = '\0';
    return realpath(folder, out) != NULL;
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The result as the record has it: its name alone where it lies beside the directory. */
static const char *kept_name(const char *out, const char *dir)
{
    char of_out[PATH_MAX], of_dir[PATH_MAX];
    const bool is_beside =
        folder_of(out, of_out) && folder_of(dir, of_dir) && strcmp(of_out, of_dir) == 0;
    return is_beside ? name_of(out) : out;
}

tl_status tl_run_record_write(const tl_store *store, const tl_run_options *options,
                              const tl_run_paths *paths, const char *beside, tl_err *err)
{
    char out[TL_PATH], dir[TL_PATH], data[TL_PATH] = "", folder[TL_PATH];
    const char *source = options->data_dir ? options->data_dir : getenv("THREATLOOP_DATA");
    TL_TRY(make_absolute(paths->out, out, err));
    TL_TRY(make_absolute(paths->dir, dir, err));
    if (source && *source) TL_TRY(make_absolute(source, data, err));
    if (!getcwd(folder, sizeof folder)) folder[0] = '\0';
    /* A path that is not UTF-8 is left out, and asked for when it is needed. */
    json_t *record = json_object();
    (void)json_object_set_new(record, "output", json_string(kept_name(out, dir)));
    (void)json_object_set_new(record, "directory", json_string(name_of(dir)));
    (void)json_object_set_new(record, "data", json_string(data));
    (void)json_object_set_new(record, "folder", json_string(folder));
    (void)json_object_set_new(record, "plan_folder", json_string(beside));
    tl_json_put(record, "memory", json_real(options->memory));
    tl_json_put(record, "max_ranks", json_integer(options->max_ranks));
    tl_json_put(record, "no_sharing", json_boolean(options->no_sharing));
    char *text = json_dumps(record, JSON_INDENT(1));
    TL_INVARIANT(text != NULL);
    const tl_status status = tl_store_write(store, NAME, text, err);
    free(text);
    json_decref(record);
    return status;
}

/* The result that is written by default: FILE.nc for FILE.run. */
static void default_output(tl_run_record *record)
{
    const size_t length = strlen(record->dir);
    if (length <= 4 || strcmp(record->dir + length - 4, ".run") != 0) return;
    memcpy(record->out, record->dir, length + 1);
    memcpy(record->out + length - 4, ".nc", 4);
}

/* A directory that was copied or renamed does not write the result of the old one: one of
 * default name is renamed with it, any other must be named. \param directory  its old name
 */
static tl_status take_output(tl_run_record *record, const char *output,
                             const char *directory, tl_err *err)
{
    const char *name = name_of(record->dir);
    const size_t stem = strlen(output) > 3 ? strlen(output) - 3 : 0;
    if (*directory && strcmp(name, directory) != 0) {
        const bool is_default = strncmp(output, directory, stem) == 0 &&
                                strcmp(output + stem, ".nc") == 0 &&
                                strcmp(directory + stem, ".run") == 0;
        if (is_default) default_output(record);
        return TL_OK;
    }
    if (output[0] == '/') return copy_path(output, record->out, err);
    const int length = snprintf(record->out, TL_PATH, "%.*s%s", (int)(name - record->dir),
                                record->dir, output);
    return length > 0 && length < TL_PATH ? TL_OK : too_long(output, err);
}

static tl_status take_json(tl_run_record *record, const char *text, tl_err *err)
{
    json_t *root = json_loads(text, 0, NULL);
    TL_CHECK(
        json_is_object(root), err, TL_E_FORMAT,
        "%s/%s is damaged; name the plan and the result instead: run PLAN -o FILE --dir "
        "%s --resume",
        record->dir, NAME, record->dir);
    const char *output = tl_json_field(root, "output");
    tl_status status =
        *output ? take_output(record, output, tl_json_field(root, "directory"), err)
                : TL_OK;
    if (status == TL_OK) status = copy_path(tl_json_field(root, "data"), record->data, err);
    if (status == TL_OK)
        status = copy_path(tl_json_field(root, "folder"), record->folder, err);
    if (status == TL_OK)
        status = copy_path(tl_json_field(root, "plan_folder"), record->beside, err);
    record->memory = json_number_value(json_object_get(root, "memory"));
    record->max_ranks = (int)tl_json_whole(root, "max_ranks");
    record->no_sharing = json_is_true(json_object_get(root, "no_sharing"));
    json_decref(root);
    return status;
}

tl_status tl_run_record_read(const char *dir, bool trusts_group, tl_run_record *out,
                             tl_err *err)
{
    char path[PATH_MAX];
    *out = (tl_run_record){0};
    const tl_store_state state = tl_store_look(dir);
    TL_CHECK(state != TL_STORE_FOREIGN && realpath(dir, path), err, TL_E_ARG,
             "%s is not a threatloop run directory", dir);
    TL_TRY(copy_path(path, out->dir, err));
    const int length = snprintf(out->plan, TL_PATH, "%s/plan.yaml", out->dir);
    if (length < 0 || length >= TL_PATH - 16) return too_long(out->dir, err);
    const bool has_plan = access(out->plan, R_OK) == 0;
    TL_CHECK(has_plan || state == TL_STORE_HAS_WORK, err, TL_E_ARG,
             "%s is not a threatloop run directory", dir);
    TL_CHECK(has_plan, err, TL_E_ARG, "%s holds no plan to go on with: %s: %s", dir,
             out->plan, strerror(errno));
    tl_store store;
    TL_TRY(tl_store_join(out->dir, trusts_group, &store, err));
    tl_arena arena = tl_arena_open(0);
    char *text, record[TL_PATH_SPACE];
    tl_status status = TL_OK;
    TL_INVARIANT(tl_store_path(&store, NAME, record, sizeof record));
    if (access(record, F_OK) != 0)
        default_output(out);
    else if ((status = tl_store_read(&store, NAME, &arena, &text, err)) == TL_OK)
        status = take_json(out, text, err);
    tl_arena_close(&arena);
    tl_store_close(&store, false);
    return status;
}

tl_status tl_run_record_apply(tl_run_record *record, tl_run_options *options, tl_err *err)
{
    TL_CHECK(!options->dir, err, TL_E_ARG,
             "--dir %s: `run --resume %s` names the run directory already", options->dir,
             options->plan);
    if (options->out) TL_TRY(make_absolute(options->out, record->out, err));
    if (options->data_dir) TL_TRY(make_absolute(options->data_dir, record->data, err));
    TL_CHECK(record->out[0], err, TL_E_ARG,
             "%s does not say where its results go: name the file with -o", options->plan);
    options->plan = record->plan;
    options->dir = record->dir;
    options->out = record->out;
    options->data_dir = record->data[0] ? record->data : NULL;
    options->no_sharing = record->no_sharing;
    if (!(options->memory > 0.0)) options->memory = record->memory;
    if (options->max_ranks == 0) options->max_ranks = record->max_ranks;
    if (record->folder[0] && chdir(record->folder) != 0)
        tl_log(TL_LOG_WARN,
               "%s, where this run was started: %s; data that its plan names from there "
               "will not be found",
               record->folder, strerror(errno));
    return TL_OK;
}
