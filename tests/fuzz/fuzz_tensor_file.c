/* A file of tensors, also as a dataset. What is read is written again and must be the same
 * bytes. Nobody guesses a checksum, so that of the input is set right first. */
#include "compute/core/tensor_file.h"
#include "compute/data/dataset_file.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char before_sum[] = ",\"sha256_128\":\"", after_sum[] = "\"}";

/* Where `what` [size] is in `bytes` [n], or n. */
static size_t find(const uint8_t *bytes, size_t n, const char *what, size_t size)
{
    for (size_t at = 0; at + size <= n; at++) {
        if (memcmp(bytes + at, what, size) == 0) return at;
    }
    return n;
}

/* Sets the checksum right, where the file has one that a writer could have left. */
static void mend(uint8_t *bytes, size_t n)
{
    enum { BEFORE = sizeof before_sum - 1, AFTER = sizeof after_sum - 1 };
    if (n < 8) return;
    size_t length = 0;
    for (int i = 7; i >= 0; i--) length = length << 8 | bytes[i];
    if (length > n - 8) return;
    uint8_t *header = bytes + 8;
    const size_t at = find(header, length, before_sum, BEFORE);
    const size_t digits = at + BEFORE, table = digits + TL_KEY_TEXT - 1 + AFTER;
    if (at == length || table >= length ||
        memcmp(header + table - AFTER, after_sum, AFTER) != 0) {
        return;
    }
    size_t end = length;
    while (end > table && header[end - 1] == ' ') end--;
    if (end == table) return;
    const tl_key part[] = {tl_key_of(header, at),
                           tl_key_of(header + table, end - 1 - table),
                           tl_key_of(header + length, n - 8 - length)};
    tl_hash all = {0};
    char text[TL_KEY_TEXT];
    for (int i = 0; i < 3; i++) tl_hash_key(&all, &part[i]);
    const tl_key sum = tl_hash_end(&all);
    memcpy(header + digits, tl_key_text(&sum, text), TL_KEY_TEXT - 1);
}

static void expect_bytes(const char *path, const uint8_t *bytes, size_t n)
{
    FILE *file = fopen(path, "rb");
    uint8_t *found = malloc(n + 1);
    TL_INVARIANT(file && found);
    TL_INVARIANT(fread(found, 1, n + 1, file) == n && memcmp(found, bytes, n) == 0);
    free(found);
    (void)fclose(file);
}

static void read_tensors(const char *path, const uint8_t *bytes, size_t n)
{
    const tl_tensor_want any = {0};
    tl_arena arena = tl_arena_open(FUZZ_MEMORY);
    tl_tensor_file *file;
    tl_err err;
    if (tl_tensor_file_load(NULL, path, &any, &arena, &file, &err) == TL_OK) {
        const char *again = fuzz_file("again.safetensors", "", 0);
        TL_INVARIANT(tl_tensor_file_save(file, NULL, again, &err) == TL_OK);
        expect_bytes(again, bytes, n);
    }
    tl_arena_close(&arena);
}

static void read_dataset(const char *path)
{
    tl_arena arena = tl_arena_open(FUZZ_MEMORY);
    tl_dataset *data, *read;
    tl_err err;
    if (tl_dataset_load(NULL, path, NULL, &arena, &data, &err) == TL_OK) {
        const char *again = fuzz_file("again.safetensors", "", 0);
        tl_hash one = {0}, two = {0};
        TL_INVARIANT(tl_dataset_save(data, NULL, NULL, again, &err) == TL_OK);
        TL_INVARIANT(tl_dataset_load(NULL, again, NULL, &arena, &read, &err) == TL_OK);
        tl_dataset_hash(data, &one);
        tl_dataset_hash(read, &two);
        TL_INVARIANT(one.length == two.length &&
                     memcmp(one.byte, two.byte, one.length) == 0);
        for (int i = 0; i < data->rows; i++) {
            TL_INVARIANT(data->label[i] >= 0 && data->label[i] < data->classes);
        }
    }
    tl_arena_close(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    uint8_t *own = malloc(n + 1);
    TL_INVARIANT(own);
    if (n > 0) memcpy(own, bytes, n);
    mend(own, n);
    char path[1200];
    (void)snprintf(path, sizeof path, "%s", fuzz_file("input.safetensors", own, n));
    read_tensors(path, own, n);
    read_dataset(path);
    free(own);
    return 0;
}
