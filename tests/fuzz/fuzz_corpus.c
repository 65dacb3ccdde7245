/*
 * Texts and token files. First byte: tokens, text, or a folder of two texts; second: the
 * context; a name is read from the next piece and must stay in its folder.
 */
#include "compute/data/corpus.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <string.h>

static void find(const char *kind, fuzz_bytes word)
{
    char name[64] = "", path[TL_DATA_PATH_SPACE], inside[512];
    (void)snprintf(name, sizeof name, "%s/%.*s", kind, (int)word.left,
                   (const char *)word.at);
    tl_err err;
    if (!tl_corpus_is(name)) return;
    if (tl_corpus_find(name, fuzz_folder(), path, &err) != TL_OK) return;
    const int length = snprintf(inside, sizeof inside, "%s/%s/", fuzz_folder(), kind);
    TL_INVARIANT(strncmp(path, inside, (size_t)length) == 0);
    TL_INVARIANT(!strchr(path + length, '/') && path[length] != '.');
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    fuzz_bytes from = {bytes, n};
    const unsigned how = fuzz_byte(&from) % 3;
    const int context = TL_CONTEXT_LEAST + (int)fuzz_byte(&from);
    const fuzz_bytes word = fuzz_measured(&from);
    const char *path;
    if (how == 2) {
        const fuzz_bytes first = fuzz_measured(&from);
        (void)fuzz_file("text/folder/a", first.at, first.left);
        (void)fuzz_file("text/folder/README", "", 0);
        path = fuzz_file("text/folder/b", from.at, from.left);
    } else {
        path =
            fuzz_file(how == 0 ? "tokens/input.bin" : "text/input.txt", from.at, from.left);
    }
    char place[512];
    (void)snprintf(place, sizeof place, "%s", path);
    if (how == 2) place[strlen(place) - 2] = '\0';
    find(how == 0 ? "tokens" : "text", word);
    tl_arena arena = tl_arena_open(FUZZ_MEMORY);
    tl_source source = {0};
    tl_err err;
    if (tl_corpus_read(how == 0 ? "tokens/input" : "text/input", place, context, &arena,
                       &source, &err) == TL_OK) {
        for (int i = 0; i < source.all.rows; i++) {
            TL_INVARIANT(source.all.label[i] >= 0 &&
                         source.all.label[i] < source.all.vocabulary);
        }
    }
    tl_arena_close(&arena);
    return 0;
}
