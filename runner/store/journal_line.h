/*
 * One line of the journal: a record as JSON text with a CRC-32 at its end.
 *
 *   {"kind":"done","key":"<32 hex>","stage":"train","first":0,"width":2,"seconds":1.25,
 *    "build":"<8 hex>","when":1.7e9,"measure":[[value or null, n, why],...],"crc":"<8
 * hex>"}
 *
 * on one line. Members stand in this order; "head" has only kind, when and text; "start"
 * has no seconds; only "done" has build and measure; only "failed", "diverged" and "lost"
 * (and "head") have text, and only where there is one. The CRC is zlib's, of all bytes from
 * `{` up to, not including, `,"crc"`; it is written as 8 lower-case digits. Numbers read
 * back bit for bit; one that is not finite is null and reads back as NaN.
 */
#ifndef TL_RUNNER_STORE_JOURNAL_LINE_H
#define TL_RUNNER_STORE_JOURNAL_LINE_H

#include "compute/core/text.h"
#include "runner/store/journal_record.h"

/** Appends the line of `record`, with its newline. Bytes of its texts that are not UTF-8
 * become U+FFFD. */
void tl_journal_line_write(tl_text *out, const tl_record *record);

/** What a line turned out to be. */
typedef enum tl_line_state {
    TL_LINE_GOOD,
    TL_LINE_BROKEN, /**< its CRC is missing or wrong: not as it was written */
    TL_LINE_STRANGE /**< as it was written, but not a record that this version knows */
} tl_line_state;

enum { TL_LINE_NAME = 68 /**< bytes of room for the name of a stage */ };

/** A line that was read; `record` points into it. */
typedef struct tl_line {
    tl_record record;
    tl_measure measure[TL_MAX_METRICS];
    char stage[TL_LINE_NAME]; /**< private: where record.stage is */
    char *text;               /**< private: where record.text is, or NULL */
} tl_line;

/**
 * The next stretch of `n` bytes, at or after *at, that may be a whole line though what is
 * around it is damaged: from the last start of a line before a CRC to that CRC. Neither can
 * stand inside a record. False if there is none; else *at is behind it, and *start,
 * borrowed from `bytes`, and *length are set.
 */
bool tl_journal_line_find(const char *bytes, size_t n, size_t *at, const char **start,
                          size_t *length);

/** Whether `n` bytes are the start of a line, or of a part of one; zeros may follow, as
 * after a power cut, or be all there is. */
bool tl_journal_line_starts(const char *bytes, size_t n);

/** Reads `n` bytes, without the newline. A line whose CRC is right is good only as the
 * writer would put it, down to the last blank; a stage has at most
 * 64 bytes.
 * Close `out` where it is good. */
tl_line_state tl_journal_line_read(const char *bytes, size_t n, tl_line *out);

/** Frees what a good line holds. */
void tl_journal_line_close(tl_line *line);

#endif
