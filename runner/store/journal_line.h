/*
 * One line of the journal: a record as JSON text that ends in its CRC-32.
 *
 *   {"kind":"done","key":"<32 hex>","stage":"train","first":0,"width":2,"seconds":1.25,
 *    "build":"<8 hex>","when":1.7e9,"measure":[[value or null, n, why],...],
 *    "crc":"<8 hex>"}
 *
 * Members are in this order, without blanks or newlines. "head" has only kind, when and
 * text; "start" has no seconds; only "done" has build and measure; only "failed",
 * "diverged", "lost" and "head" have text, where there is one. The CRC is zlib's, of all
 * bytes from `{` to before `,"crc"`, as 8 lower-case digits. Numbers read back bit for bit;
 * one that is not finite is null and reads back as NaN.
 */
#ifndef TL_RUNNER_STORE_JOURNAL_LINE_H
#define TL_RUNNER_STORE_JOURNAL_LINE_H

#include "compute/core/text.h"
#include "runner/store/journal_record.h"

/** Appends the line of `record`, with its newline. Bytes that are not UTF-8 become U+FFFD.
 */
void tl_journal_line_write(tl_text *out, const tl_record *record);

/** The state of a line that was read. */
typedef enum tl_line_state {
    TL_LINE_GOOD,
    TL_LINE_BROKEN, /**< its CRC is missing or wrong */
    TL_LINE_STRANGE /**< undamaged, but not a record of this version */
} tl_line_state;

enum { TL_LINE_NAME = 68 /**< bytes of room for the name of a stage */ };

/** A line that was read; `record` points into it. */
typedef struct tl_line {
    tl_record record;
    tl_measure measure[TL_MAX_METRICS];
    char stage[TL_LINE_NAME]; /**< private: holds record.stage */
    char *text;               /**< private: holds record.text, or NULL */
} tl_line;

/**
 * Finds, in bytes [n] at or after *at, what may be a whole line amid damage: from the last
 * start of a line before a CRC to that CRC, neither of which can occur inside a record.
 * False if there is none; else sets *start, borrowed from `bytes`, and *length, and moves
 * *at behind it.
 */
bool tl_journal_line_find(const char *bytes, size_t n, size_t *at, const char **start,
                          size_t *length);

/** Whether bytes [n] begin as a line does; zeros may follow, as after a power cut, or be
 * all there is. */
bool tl_journal_line_starts(const char *bytes, size_t n);

/** Reads a line, bytes [n] without the newline. It is good only exactly as the writer would
 * write it, with a stage of at most 64 bytes. Close `out` if it is good. */
tl_line_state tl_journal_line_read(const char *bytes, size_t n, tl_line *out);

/** Frees what a good line holds. */
void tl_journal_line_close(tl_line *line);

#endif
