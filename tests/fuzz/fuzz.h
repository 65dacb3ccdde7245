/*
 * What the fuzz targets share: bytes as a file of a private folder, and bytes cut into
 * pieces. A target is one LLVMFuzzerTestOneInput; it is linked with libFuzzer under
 * TL_FUZZ, else with replay.c, which runs it over the files it is given.
 */
#ifndef TL_TESTS_FUZZ_FUZZ_H
#define TL_TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Runs the target on `n` bytes: it may refuse them, but neither crash nor break a promise
 * (TL_INVARIANT). \return 0 */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/** Bytes that a target lets a reader take: what asks for more must be refused as too large.
 */
#define FUZZ_MEMORY ((size_t)512 << 20)

/** A folder of this process in TMPDIR or /dev/shm, gone when it ends. */
const char *fuzz_folder(void);

/** Writes a file, in folders that are made, and returns its path. `name` is relative to
 * fuzz_folder. The path lives until the next call but one. */
const char *fuzz_file(const char *name, const void *bytes, size_t n);

/** What is left of an input. */
typedef struct fuzz_bytes {
    const uint8_t *at;
    size_t left;
} fuzz_bytes;

/** The next byte, 0 at the end. */
unsigned fuzz_byte(fuzz_bytes *from);

/** The next `n` bytes, or what is left of them: a piece of its own. */
fuzz_bytes fuzz_piece(fuzz_bytes *from, size_t n);

/** A piece that the next two bytes (low first) measure. */
fuzz_bytes fuzz_measured(fuzz_bytes *from);

/** Leaves only errors in the log. */
void fuzz_quiet(void);

#endif
