#include "runner/store/journal_fast.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_SPACE = 32, EXACT_DIGITS = 15 };

/* What is left of a line. */
typedef struct cursor {
    const char *at, *end;
} cursor;

static bool takes(cursor *c, const char *word)
{
    const size_t n = strlen(word);
    if ((size_t)(c->end - c->at) < n || memcmp(c->at, word, n) != 0) return false;
    c->at += n;
    return true;
}

static bool is_digit(char letter)
{
    return letter >= '0' && letter <= '9';
}

/* A number that is not short and whole, as strtod reads it. */
static bool takes_long_real(cursor *c, double *out)
{
    char text[NUMBER_SPACE], *end;
    size_t n = 0;
    const size_t most = (size_t)(c->end - c->at);
    while (n < most && n < NUMBER_SPACE - 1 &&
           (is_digit(c->at[n]) || memchr("+-.eE", c->at[n], 5))) {
        text[n] = c->at[n];
        n++;
    }
    text[n] = '\0';
    *out = strtod(text, &end);
    c->at += n;
    return n > 0 && *end == '\0' && isfinite(*out);
}

/* Whole numbers are most of them, and one of 15 digits is a double exactly. */
static bool takes_real(cursor *c, double *out)
{
    if (takes(c, "null")) {
        *out = (double)NAN;
        return true;
    }
    const char *at = c->at;
    int64_t whole = 0;
    while (at < c->end && is_digit(*at) && at - c->at <= EXACT_DIGITS)
        whole = 10 * whole + (*at++ - '0');
    const bool is_short = at > c->at && at - c->at <= EXACT_DIGITS;
    if (!is_short || at == c->end || !memchr(",]", *at, 2)) return takes_long_real(c, out);
    c->at = at;
    *out = (double)whole;
    return true;
}

static bool takes_integer(cursor *c, int *out)
{
    double number;
    if (!takes_real(c, &number)) return false;
    if (!(number >= -2147483648.0 && number <= 2147483647.0)) return false;
    *out = (int)number;
    return (double)*out == number;
}

static bool takes_key(cursor *c, tl_key *out)
{
    char text[TL_KEY_TEXT];
    if (c->end - c->at < TL_KEY_TEXT - 1) return false;
    memcpy(text, c->at, TL_KEY_TEXT - 1);
    text[TL_KEY_TEXT - 1] = '\0';
    c->at += TL_KEY_TEXT - 1;
    return tl_key_read(text, out);
}

/* Letters, digits, points and underscores up to a quotation mark. */
static bool takes_name(cursor *c, char out[TL_LINE_NAME])
{
    size_t n = 0;
    for (; c->at < c->end && *c->at != '"'; c->at++) {
        const char letter = *c->at;
        const bool is_plain = is_digit(letter) || letter == '.' || letter == '_' ||
                              (letter >= 'a' && letter <= 'z');
        if (!is_plain || n == TL_LINE_NAME - 1) return false;
        out[n++] = letter;
    }
    out[n] = '\0';
    return true;
}

/* Eight lower-case hexadecimal digits. */
static bool takes_build(cursor *c, uint32_t *out)
{
    *out = 0;
    if (c->end - c->at < 8) return false;
    for (int i = 0; i < 8; i++) {
        const char digit = *c->at++;
        if (!is_digit(digit) && !(digit >= 'a' && digit <= 'f')) return false;
        *out = *out << 4 | (uint32_t)(is_digit(digit) ? digit - '0' : digit - 'a' + 10);
    }
    return true;
}

static bool takes_measures(cursor *c, tl_line *out)
{
    tl_record *record = &out->record;
    record->measure = out->measure;
    if (!takes(c, ",\"measure\":[")) return false;
    while (record->measures < TL_MAX_METRICS &&
           takes(c, record->measures == 0 ? "[" : ",[")) {
        tl_measure *m = &out->measure[record->measures++];
        int why;
        if (!takes_real(c, &m->value) || !takes(c, ",") || !takes_real(c, &m->n) ||
            !takes(c, ",") || !takes_integer(c, &why) || why < TL_WHY_HAS_VALUE ||
            why > TL_WHY_NOT_RUN || !takes(c, "]")) {
            return false;
        }
        if (why < TL_WHY_HAS_VALUE || why > TL_WHY_NOT_RUN) return false;
        m->why = why;
    }
    return takes(c, "]");
}

bool tl_journal_plain_read(const char *bytes, size_t n, tl_line *out)
{
    cursor c = {bytes, bytes + n};
    tl_record *record = &out->record;
    *record = (tl_record){.stage = out->stage};
    if (!takes(&c, "{\"kind\":\"")) return false;
    if (takes(&c, "done")) {
        record->kind = TL_RECORD_DONE;
    } else if (takes(&c, "start")) {
        record->kind = TL_RECORD_START;
    } else {
        return false;
    }
    const bool is_done = record->kind == TL_RECORD_DONE;
    if (!takes(&c, "\",\"key\":\"") || !takes_key(&c, &record->key) ||
        !takes(&c, "\",\"stage\":\"") || !takes_name(&c, out->stage) ||
        !takes(&c, "\",\"first\":") || !takes_integer(&c, &record->first) ||
        !takes(&c, ",\"width\":") || !takes_integer(&c, &record->width)) {
        return false;
    }
    if (is_done && (!takes(&c, ",\"seconds\":") || !takes_real(&c, &record->seconds) ||
                    !takes(&c, ",\"build\":\"") || !takes_build(&c, &record->build) ||
                    !takes(&c, "\""))) {
        return false;
    }
    if (!takes(&c, ",\"when\":") || !takes_real(&c, &record->when)) return false;
    return (!is_done || takes_measures(&c, out)) && c.at == c.end;
}
