#include "compute/nn/own_model.h"

#include "compute/core/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

tl_status tl_own_model_open(const char *path, tl_arena *arena, tl_own_model *out,
                            tl_err *err)
{
    char digits[TL_SHA256_TEXT];
    *out = (tl_own_model){.path = tl_arena_text(arena, path, err)};
    if (!out->path) return TL_E_NOMEM;
    TL_TRY(tl_safetensors_open(path, arena, &out->file, err));
    TL_TRY(tl_hash_file(path, digits, NULL, err));
    digits[TL_KEY_TEXT - 1] = '\0'; /* a key is a SHA-256 cut short */
    TL_INVARIANT(tl_key_read(digits, &out->content));
    return TL_OK;
}

/* Finds the model's tensors in the file; errors begin with its path. */
static tl_status find(const tl_own_model *own, const tl_model *model, tl_arena *arena,
                      tl_state_map *map, tl_err *err)
{
    const tl_status status = tl_state_map_find(model, &own->file, arena, map, err);
    return status == TL_OK ? TL_OK : tl_fail_prefix(err, "%s", own->path);
}

tl_status tl_own_model_check(const tl_own_model *own, const tl_model_spec *spec,
                             tl_err *err)
{
    tl_arena arena = tl_arena_open(0);
    tl_model *model;
    tl_state_map map;
    tl_status status = tl_model_outline(spec, &arena, &model, err);
    if (status == TL_OK) status = find(own, model, &arena, &map, err);
    tl_arena_close(&arena);
    return status;
}

/* All bytes of the file, which must be those that it was opened with. \param bytes freed by
 * the caller */
static tl_status read_bytes(const tl_own_model *own, unsigned char **bytes, tl_err *err)
{
    uint64_t size;
    const uint64_t wanted = own->file.data_at + own->file.bytes;
    FILE *stream;
    TL_TRY(tl_file_stream(NULL, own->path, &stream, &size, err));
    *bytes = malloc(wanted);
    const bool is_whole =
        *bytes && size == wanted && fread(*bytes, 1, wanted, stream) == wanted;
    (void)fclose(stream);
    TL_CHECK(*bytes, err, TL_E_NOMEM, "%s: no memory for its %llu bytes", own->path,
             (unsigned long long)wanted);
    const tl_key found = tl_key_of(*bytes, is_whole ? wanted : 0);
    if (is_whole && tl_key_equal(&found, &own->content)) return TL_OK;
    free(*bytes);
    return tl_fail(err, TL_E_IO,
                   "%s: is not the file any more that it was when the plan was read",
                   own->path);
}

tl_status tl_own_model_read(const tl_own_model *own, const tl_model_spec *spec,
                            tl_arena *arena, tl_model **out, tl_err *err)
{
    unsigned char *bytes;
    tl_state_map map;
    tl_model *model;
    TL_TRY(tl_model_new(spec, arena, &model, err));
    TL_TRY(find(own, model, arena, &map, err));
    TL_TRY(read_bytes(own, &bytes, err));
    tl_status status =
        tl_state_map_load(&map, &own->file, bytes + own->file.data_at, model, err);
    free(bytes);
    if (status != TL_OK) return tl_fail_prefix(err, "%s", own->path);
    *out = model;
    return TL_OK;
}
