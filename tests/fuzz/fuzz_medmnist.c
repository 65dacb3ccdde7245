/*
 * What is made of the arrays of an .npz: a zip with right checksums is built of six pieces,
 * each the bytes of an .npy. First byte: which set it is said to be.
 */
#include "compute/core/hash.h"
#include "compute/data/medmnist.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <string.h>

enum { MEMBERS = 6, SPACE = 1 << 20 };

typedef struct zip {
    uint8_t byte[SPACE];
    size_t length;
} zip;

static void put(zip *to, uint32_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) to->byte[to->length++] = (uint8_t)(value >> (8 * i));
}

static void put_bytes(zip *to, const void *bytes, size_t n)
{
    if (n > 0) memcpy(to->byte + to->length, bytes, n);
    to->length += n;
}

/* What the local header and the directory say alike (PKWARE's APPNOTE 4.3.7, 4.3.12). */
static void put_facts(zip *to, const char *name, const fuzz_bytes *content)
{
    put(to, 20, 2);
    for (int i = 0; i < 4; i++) put(to, 0, 2); /* flags, stored, time, date */
    put(to, (uint32_t)tl_crc32(content->at, content->left), 4);
    put(to, (uint32_t)content->left, 4);
    put(to, (uint32_t)content->left, 4);
    put(to, (uint32_t)strlen(name), 2);
    put(to, 0, 2);
}

static void build(zip *to, fuzz_bytes from)
{
    static const char *const name[MEMBERS] = {"train_images.npy", "train_labels.npy",
                                              "val_images.npy",   "val_labels.npy",
                                              "test_images.npy",  "test_labels.npy"};
    fuzz_bytes content[MEMBERS];
    uint32_t at[MEMBERS];
    to->length = 0;
    for (int i = 0; i < MEMBERS; i++) {
        content[i] = fuzz_measured(&from);
        at[i] = (uint32_t)to->length;
        put(to, 0x04034b50, 4);
        put_facts(to, name[i], &content[i]);
        put_bytes(to, name[i], strlen(name[i]));
        put_bytes(to, content[i].at, content[i].left);
    }
    const size_t start = to->length;
    for (int i = 0; i < MEMBERS; i++) {
        put(to, 0x02014b50, 4);
        put(to, 20, 2);
        put_facts(to, name[i], &content[i]);
        put(to, 0, 4);
        put(to, 0, 4);
        put(to, 0, 2);
        put(to, at[i], 4);
        put_bytes(to, name[i], strlen(name[i]));
    }
    const size_t end = to->length;
    put(to, 0x06054b50, 4);
    put(to, 0, 4);
    put(to, MEMBERS, 2);
    put(to, MEMBERS, 2);
    put(to, (uint32_t)(end - start), 4);
    put(to, (uint32_t)start, 4);
    put(to, 0, 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static zip made;
    fuzz_bytes from = {bytes, n};
    int sets;
    const tl_medmnist *all = tl_medmnist_sets(&sets);
    const unsigned which = fuzz_byte(&from);
    build(&made, from);
    tl_arena arena = tl_arena_open(FUZZ_MEMORY);
    tl_source source = {0};
    tl_err err;
    if (tl_medmnist_read(fuzz_file("input.npz", made.byte, made.length),
                         which < (unsigned)sets ? &all[which] : NULL, &arena, &source,
                         &err) == TL_OK) {
        const tl_dataset *data = &source.all;
        TL_INVARIANT(data->rows == source.rows[0] + source.rows[1] + source.rows[2]);
        for (int i = 0; i < data->rows; i++) {
            TL_INVARIANT(data->label[i] >= 0 && data->label[i] < data->classes);
        }
    }
    tl_arena_close(&arena);
    return 0;
}
