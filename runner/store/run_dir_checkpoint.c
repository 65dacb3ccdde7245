/* Checkpoints of interrupted trainings: <key>.part next to the step's model. */
#include "compute/core/file.h"
#include "compute/core/text.h"
#include "runner/store/run_dir.h"

#include <stdint.h>
#include <stdio.h>

/* Precedes the bytes, in native byte order: a checkpoint of a processor with another order
 * has another magic number and does not count. */
typedef struct part_head {
    uint64_t magic;
    uint64_t length;
    uint64_t crc; /* CRC-32 of the bytes */
} part_head;

static const uint64_t part_magic = 0x31545241504C54; /* "TLPART1" */

static tl_status part_path(const tl_store_checkpoint *space, char out[TL_PATH_SPACE],
                           tl_err *err)
{
    return tl_store_step_path(space->store, &space->key, ".part", out, TL_PATH_SPACE, err);
}

static tl_status save(void *self, const void *bytes, size_t n, tl_err *err)
{
    const tl_store_checkpoint *space = self;
    char path[TL_PATH_SPACE];
    TL_TRY(part_path(space, path, err));
    TL_TRY(tl_store_make_folder(space->store, &space->key, err));
    const part_head head = {part_magic, n, tl_crc32(bytes, n)};
    const tl_durable_piece piece[] = {{&head, sizeof head}, {bytes, n}};
    return tl_file_replace(&space->store->folder, path, 0600, piece, 2, err);
}

/* Whether the file has a head that fits its size; the size bounds what is allocated. */
static bool read_head(FILE *file, uint64_t size, part_head *head)
{
    if (fread(head, sizeof *head, 1, file) != 1 || head->magic != part_magic) return false;
    return head->length == size - sizeof *head && head->length > 0;
}

static tl_status load(void *self, tl_arena *arena, void **bytes, size_t *n, tl_err *err)
{
    const tl_store_checkpoint *space = self;
    char path[TL_PATH_SPACE];
    *bytes = NULL;
    *n = 0;
    TL_TRY(part_path(space, path, err));
    FILE *file;
    uint64_t size;
    if (tl_file_stream(&space->store->folder, path, &file, &size, NULL) != TL_OK)
        return TL_OK;
    part_head head;
    tl_status status = TL_OK;
    if (read_head(file, size, &head)) {
        const size_t mark = tl_arena_mark(arena), length = (size_t)head.length;
        char *content = tl_arena_take(arena, length, 1, err);
        if (!content) {
            status = TL_E_NOMEM;
        } else if (fread(content, length, 1, file) == 1 &&
                   tl_crc32(content, length) == head.crc) {
            *bytes = content;
            *n = length;
        } else {
            tl_arena_rewind(arena, mark);
        }
    }
    (void)fclose(file);
    return status;
}

tl_checkpoint tl_store_checkpoint_of(tl_store_checkpoint *space, double every)
{
    return (tl_checkpoint){.self = space, .load = load, .save = save, .every = every};
}

void tl_store_checkpoint_drop(const tl_store *store, const tl_key *key)
{
    char path[TL_PATH_SPACE];
    if (tl_store_step_path(store, key, ".part", path, sizeof path, NULL) == TL_OK)
        (void)tl_folder_remove(&store->folder, path);
}
