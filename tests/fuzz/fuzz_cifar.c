/*
 * CIFAR's binary versions. First byte: which of the two, whether as a folder, and whether
 * the rest is filled up to whole records, which fuzzers seldom hit.
 */
#include "compute/data/cifar.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

enum { HUNDRED = 1, FOLDER = 2, WHOLE = 4, SPACE = 4 * (TL_CIFAR_PIXELS + 2) };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    fuzz_bytes from = {bytes, n};
    const unsigned how = fuzz_byte(&from);
    const tl_cifar *kind = tl_cifar_find(how & HUNDRED ? "cifar100" : "cifar10");
    const size_t record = (size_t)tl_cifar_record(kind);
    uint8_t content[SPACE] = {0};
    size_t length = from.left < SPACE ? from.left : SPACE;
    if (length > 0) memcpy(content, from.at, length);
    if (how & WHOLE) length = length < record ? record : length / record * record;
    tl_arena arena = tl_arena_open(FUZZ_MEMORY);
    tl_source source = {0};
    tl_err err;
    tl_status status;
    if (how & FOLDER) {
        for (int k = 1; k <= 5; k++) {
            char name[] = "cifar/data_batch_0.bin";
            name[strlen(name) - 5] = (char)('0' + k);
            (void)fuzz_file(name, content, length);
        }
        (void)fuzz_file("cifar/test_batch.bin", content, length);
        (void)fuzz_file("cifar/train.bin", content, length);
        const char *test = fuzz_file("cifar/test.bin", content, length);
        char folder[512] = "";
        memcpy(folder, test, strlen(test) - strlen("/test.bin"));
        status = tl_cifar_read(folder, kind, &arena, &source, &err);
    } else {
        const char *path = fuzz_file("input.bin", content, length);
        status = tl_cifar_read_file(path, kind, &arena, &source, &err);
    }
    for (int i = 0; status == TL_OK && i < source.all.rows; i++) {
        TL_INVARIANT(source.all.label[i] >= 0 && source.all.label[i] < kind->classes);
    }
    tl_arena_close(&arena);
    return 0;
}
