/*
 * Text: a growing buffer, the nearest name, numbers for people.
 */
#ifndef TL_COMPUTE_CORE_TEXT_H
#define TL_COMPUTE_CORE_TEXT_H

#include "compute/core/status.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

enum { TL_PATH_SPACE = 4200 /**< bytes of the longest path, its NUL included */ };

/** A text that grows on the heap. Zero is an empty one; tl_text_close frees it. */
typedef struct tl_text {
    char *at; /**< NUL-terminated; NULL while empty */
    size_t length, space;
    bool is_short; /**< memory ran out: the text is incomplete */
} tl_text;

/** Appends a text, `bytes` [n], or formatted text; the list is used up. */
void tl_text_add(tl_text *text, const char *piece);
void tl_text_bytes(tl_text *text, const char *bytes, size_t n);
void tl_text_print(tl_text *text, const char *format, ...) TL_PRINTF(2, 3);
void tl_text_print_list(tl_text *text, const char *format, va_list args) TL_PRINTF(2, 0);

/** Appends `word` as one word of a shell's command line, quoted where it must be. Bytes
 * that a terminal would obey are escaped as bash reads them, $'\\x1b'. */
void tl_text_shell_word(tl_text *text, const char *word);

/** Empties the text and keeps its memory, or frees it too. */
void tl_text_clear(tl_text *text);
void tl_text_close(tl_text *text);

/**
 * The name among `names` [count] nearest to `wanted` by edit distance (a transposition
 * counts once), at most a third of its letters away.
 * \return NULL if none is near
 */
const char *tl_text_nearest(const char *wanted, const char *const *names, int count);

enum { TL_HINT = 280 /**< bytes of tl_text_hint's text with its NUL */ };

/** Writes " (did you mean 'NAME'?)" into `out`, with the nearest of `names` [count] by
 * tl_text_nearest, or "". Returns `out`.
 */
char *tl_text_hint(const char *wanted, const char *const *names, int count,
                   char out[TL_HINT]);

/** Columns that UTF-8 `text` takes on a terminal: 2 for an East Asian wide letter, 0 for a
 * combining mark. Source: Unicode 15, EastAsianWidth.txt, by blocks. */
int tl_text_columns(const char *text);

enum { TL_CUT_LEAST = 8 /**< fewest columns that tl_text_cut shortens to */ };

/**
 * Copies `text` into `out` [space]. Where it takes more than `columns`, or does not fit,
 * its middle is replaced by "...": what is cut is seen to be. Letters are never split.
 * \param columns  at least TL_CUT_LEAST, as is space \return `out`
 */
char *tl_text_cut(const char *text, int columns, char *out, size_t space);

enum { TL_BRIEF_COLUMNS = 60, TL_BRIEF_SPACE = 256 /**< bytes of TL_BRIEF's text */ };

/** A name or value for a message: `text`, by tl_text_cut of at most 60 columns, in a buffer
 * that lives as long as the block of the call. */
#define TL_BRIEF(text) \
    tl_text_cut((text), TL_BRIEF_COLUMNS, (char[TL_BRIEF_SPACE]){0}, TL_BRIEF_SPACE)

/** Parses the whole text as a finite number into `value`; false if it is not one. */
bool tl_text_real(const char *text, double *value);

/** The shortest decimal that reads back as `value`; 32 bytes are enough. Returns `out`. */
char *tl_text_shortest(double value, char out[32]);

/** Bytes for people, "1.5 GiB"; 32 bytes are enough. Returns `out`. */
char *tl_text_size(double bytes, char out[32]);

/** A span of seconds for people, "1 h 05 min", "2.4 s"; 32 bytes are enough. Returns `out`.
 */
char *tl_text_span(double seconds, char out[32]);

#endif
