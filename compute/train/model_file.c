/*
 * The table of tensors follows from the spec in the metadata, so it is left out of the
 * checksum and compared with that of a model of this spec.
 */
#include "compute/train/model_file.h"

#include "compute/core/tensor_file.h"

#include <stdio.h>
#include <string.h>

static const char format[] = "threatloop-2";

enum { ENTRIES = 10, MOST = 1000000 /* of a number of the spec */ };

/* A spec as metadata. */
typedef struct spec_entries {
    tl_file_entry entry[ENTRIES];
    char digits[ENTRIES][12];
    int count;
} spec_entries;

static void list_spec(const tl_model_spec *spec, spec_entries *out)
{
    const struct {
        const char *name;
        int value;
    } number[] = {{"width", spec->width},          {"depth", spec->depth},
                  {"channels", spec->in.channels}, {"height", spec->in.height},
                  {"columns", spec->in.width},     {"classes", spec->classes},
                  {"heads", spec->heads},          {"kv_heads", spec->kv_heads},
                  {"splits", spec->splits}};
    const int numbers = (int)(sizeof number / sizeof *number) - (spec->splits > 1 ? 0 : 1);
    out->entry[0] = (tl_file_entry){"kind", tl_model_kind_name(spec->kind)};
    for (int i = 0; i < numbers; i++) {
        (void)snprintf(out->digits[i], sizeof out->digits[i], "%d", number[i].value);
        out->entry[i + 1] = (tl_file_entry){number[i].name, out->digits[i]};
    }
    out->count = numbers + 1;
}

/* The model's tensors as those of a file, [count] in `arena`. */
static tl_status list_tensors(const tl_model *model, tl_arena *arena, tl_file_tensor **out,
                              int *count, tl_err *err)
{
    tl_tensor *tensor;
    tl_file_tensor *list;
    TL_TRY(tl_model_tensors(model, arena, &tensor, count, err));
    TL_ALLOC(list, arena, *count, err);
    for (int i = 0; i < *count; i++) {
        list[i] = (tl_file_tensor){.name = tensor[i].name,
                                   .dtype = TL_DTYPE_F32,
                                   .rank = tensor[i].rank,
                                   .at = model->param + tensor[i].at};
        for (int d = 0; d < tensor[i].rank; d++) {
            list[i].size[d] = (uint64_t)tensor[i].size[d];
        }
    }
    *out = list;
    return TL_OK;
}

tl_status tl_model_save(const tl_model *model, const tl_key *step, const tl_folder *folder,
                        const char *path, tl_err *err)
{
    tl_arena arena = tl_arena_open(0);
    spec_entries entries;
    list_spec(&model->spec, &entries);
    tl_tensor_file file = {.format = format,
                           .step = step,
                           .entries = entries.count,
                           .entry = entries.entry,
                           .is_table_implied = true};
    tl_status status = list_tensors(model, &arena, &file.tensor, &file.tensors, err);
    if (status == TL_OK) status = tl_tensor_file_save(&file, folder, path, err);
    tl_arena_close(&arena);
    return status;
}

/* Reads the spec; there is one way to write each. */
static bool read_spec(const tl_tensor_file *file, tl_model_spec *spec)
{
    const char *kind = tl_tensor_file_text(file, "kind");
    *spec = (tl_model_spec){.kind = TL_MODEL_KINDS};
    for (int k = 0; kind && k < TL_MODEL_KINDS; k++) {
        if (strcmp(kind, tl_model_kind_name((tl_model_kind)k)) == 0) {
            spec->kind = (tl_model_kind)k;
        }
    }
    if (spec->kind == TL_MODEL_KINDS ||
        !tl_tensor_file_whole(file, "width", MOST, &spec->width) ||
        !tl_tensor_file_whole(file, "depth", MOST, &spec->depth) ||
        !tl_tensor_file_whole(file, "channels", MOST, &spec->in.channels) ||
        !tl_tensor_file_whole(file, "height", MOST, &spec->in.height) ||
        !tl_tensor_file_whole(file, "columns", MOST, &spec->in.width) ||
        !tl_tensor_file_whole(file, "classes", MOST, &spec->classes) ||
        !tl_tensor_file_whole(file, "heads", MOST, &spec->heads) ||
        !tl_tensor_file_whole(file, "kv_heads", MOST, &spec->kv_heads) ||
        (tl_tensor_file_text(file, "splits") &&
         !tl_tensor_file_whole(file, "splits", MOST, &spec->splits))) {
        return false;
    }
    spec_entries entries;
    list_spec(spec, &entries);
    bool is_same = entries.count == file->entries;
    for (int i = 0; i < entries.count && is_same; i++) {
        is_same = strcmp(entries.entry[i].name, file->entry[i].name) == 0 &&
                  strcmp(entries.entry[i].text, file->entry[i].text) == 0;
    }
    return is_same;
}

/* Makes the model that a file describes, for its tensors to be read into. */
static tl_status place(void *self, tl_tensor_file *file, tl_arena *arena, tl_err *err)
{
    tl_model **out = self;
    tl_model_spec spec;
    tl_file_tensor *tensor;
    uint64_t held = 0;
    int count;
    TL_CHECK(read_spec(file, &spec), err, TL_E_FORMAT,
             "its metadata describes no threatloop model");
    for (int i = 0; i < file->tensors; i++) held += tl_file_tensor_bytes(&file->tensor[i]);
    const uint64_t params = tl_model_count(&spec);
    TL_CHECK(params > 0 && held == params * sizeof(float), err, TL_E_FORMAT,
             "holds %llu bytes of tensors, but its model has %llu parameters",
             (unsigned long long)held, (unsigned long long)params);
    TL_TRY(tl_model_new(&spec, arena, out, err));
    TL_TRY(list_tensors(*out, arena, &tensor, &count, err));
    TL_CHECK(file->tensors <= count, err, TL_E_FORMAT,
             "has tensors that do not belong to its model");
    for (int i = 0; i < count; i++) {
        TL_CHECK(i < file->tensors && tl_file_tensor_equal(&file->tensor[i], &tensor[i]),
                 err, TL_E_FORMAT,
                 "tensor %s is missing, or has another type, shape or place",
                 tensor[i].name);
        file->tensor[i].at = tensor[i].at;
    }
    return TL_OK;
}

tl_status tl_model_load(const tl_folder *folder, const char *path, const tl_key *step,
                        tl_arena *arena, tl_model **out, tl_err *err)
{
    tl_model *model;
    tl_tensor_file *file;
    const tl_tensor_want want = {.what = "model",
                                 .format = format,
                                 .step = step,
                                 .is_table_implied = true,
                                 .place = place,
                                 .self = &model};
    TL_TRY(tl_tensor_file_load(folder, path, &want, arena, &file, err));
    *out = model;
    return TL_OK;
}

void tl_model_hash(const tl_model *model, tl_hash *hash)
{
    spec_entries entries;
    list_spec(&model->spec, &entries);
    for (int i = 0; i < entries.count; i++) {
        tl_hash_text(hash, entries.entry[i].name);
        tl_hash_text(hash, entries.entry[i].text);
    }
    const tl_key param = tl_key_of(model->param, model->params * sizeof *model->param);
    tl_hash_key(hash, &param);
}
