/*
 * A journal in a folder of its own, seven records to put in it, and what is heard of them.
 */
#ifndef TL_TESTS_SUPPORT_JOURNAL_SAMPLES_H
#define TL_TESTS_SUPPORT_JOURNAL_SAMPLES_H

#include "runner/store/journal.h"

enum { JOURNAL_SAMPLES = 7, JOURNAL_MOST = 64, JOURNAL_TEXT = 96 };

/** Records, with their own copies of what they point to. */
typedef struct journal_heard {
    int count;
    tl_record record[JOURNAL_MOST];
    tl_measure measure[JOURNAL_MOST][TL_MAX_METRICS];
    char stage[JOURNAL_MOST][JOURNAL_TEXT], text[JOURNAL_MOST][JOURNAL_TEXT];
} journal_heard;

/** A tl_journal_reader whose `self` is a journal_heard. */
tl_status journal_hear(void *self, const tl_record *record, tl_err *err);

/** Record i; after JOURNAL_SAMPLES they begin anew. */
tl_record journal_sample(int i);

/** Record `at` that was heard is `wanted`, bit for bit. */
void journal_assert_same(const journal_heard *h, int at, const tl_record *wanted);

extern char journal_folder[64], journal_path[96];

/** Of cmocka: makes and removes the folder; the journal is not there yet. */
int journal_make_folder(void **state);
int journal_remove_folder(void **state);

/** The file as bytes; reading returns how many there are, at most `space`. */
void journal_write_bytes(const char *bytes, size_t n);
size_t journal_read_bytes(char *bytes, size_t space);

/** Writes a journal of all records anew; its bytes, as journal_read_bytes. */
size_t journal_write_samples(char *bytes, size_t space);

#endif
