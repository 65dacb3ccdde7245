/*
 * A side file of samples. First byte: as it stands, or with the right head before it and
 * the right tail behind it. What is taken is written again and read as the same.
 */
#include "compute/core/text.h"
#include "runner/store/side_file.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

enum { ALL = (1 << TL_STORE_KINDS) - 1, MOST = 1 << 20 };

static const tl_key step = {{0}}, again = {{0, 1}};

/* Around `bytes`, what runner/store/side_file.c writes; their first says how many lists. */
static void put_around(tl_text *to, const uint8_t *bytes, size_t n)
{
    const uint32_t head[2] = {ALL, 0}, lists = n > 0 ? bytes[0] : 0;
    tl_text_bytes(to, "TLSIDE01", 8);
    tl_text_bytes(to, (const char *)step.byte, sizeof step.byte);
    tl_text_bytes(to, (const char *)head, sizeof head);
    if (n > 1) tl_text_bytes(to, (const char *)bytes + 1, n - 1);
    tl_text_bytes(to, "TLSIDEOK", 8);
    tl_text_bytes(to, (const char *)&lists, sizeof lists);
    const uint32_t crc = tl_crc32(to->at, to->length);
    tl_text_bytes(to, (const char *)&crc, sizeof crc);
}

/* The records of a list, freed by the caller. */
static void *records_of(const tl_side *side, int list)
{
    const tl_samples_list *head = &side->list[list].head;
    const size_t bytes = (size_t)head->rows * tl_samples_record_bytes(head);
    void *records = malloc(bytes + 1);
    TL_INVARIANT(bytes <= MOST && records);
    TL_INVARIANT(tl_side_read(side, list, 0, (size_t)head->rows, records, NULL) == TL_OK);
    return records;
}

static void write_again(const tl_store *store, const tl_side *side)
{
    tl_samples sink;
    tl_side_writer *writer;
    TL_INVARIANT(tl_side_begin(store, &again, side->stored, &writer, &sink, NULL) == TL_OK);
    for (int i = 0; i < side->lists; i++) {
        const tl_samples_list *head = &side->list[i].head;
        void *records = records_of(side, i);
        TL_INVARIANT(sink.open(sink.self, head, NULL) == TL_OK);
        TL_INVARIANT(sink.append(sink.self, records,
                                 (size_t)head->rows * tl_samples_record_bytes(head),
                                 NULL) == TL_OK);
        TL_INVARIANT(sink.close(sink.self, NULL) == TL_OK);
        free(records);
    }
    TL_INVARIANT(tl_side_finish(writer, NULL) == TL_OK);
}

static void compare(const tl_side *a, const tl_side *b)
{
    TL_INVARIANT(a->stored == b->stored && a->lists == b->lists);
    for (int i = 0; i < a->lists; i++) {
        const tl_samples_list *one = &a->list[i].head, *two = &b->list[i].head;
        TL_INVARIANT(one->kind == two->kind && one->rows == two->rows &&
                     strcmp(one->name, two->name) == 0);
        void *left = records_of(a, i), *right = records_of(b, i);
        TL_INVARIANT(
            memcmp(left, right, (size_t)one->rows * tl_samples_record_bytes(one)) == 0);
        free(left);
        free(right);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const char name[] = "samples/00/00000000000000000000000000000000.bin";
    fuzz_bytes from = {bytes, n};
    const bool is_framed = fuzz_byte(&from) % 2 == 1;
    tl_text content = {0};
    if (is_framed)
        put_around(&content, from.at, from.left);
    else
        tl_text_bytes(&content, (const char *)from.at, from.left);
    (void)fuzz_file(name, content.at, content.length);
    tl_store store;
    tl_err err;
    tl_side side, other;
    TL_INVARIANT(tl_store_join(fuzz_folder(), false, &store, &err) == TL_OK);
    if (n < MOST && tl_side_open(&store, &step, TL_STORE_SCORES, &side, &err) == TL_OK) {
        write_again(&store, &side);
        TL_INVARIANT(tl_side_open(&store, &again, side.stored, &other, &err) == TL_OK);
        compare(&side, &other);
        tl_side_close(&other);
        tl_side_close(&side);
    }
    tl_store_close(&store, false);
    tl_text_close(&content);
    return 0;
}
