#include "runner/store/journal_line.h"

#include "compute/core/utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_names[] = {
    [TL_RECORD_HEAD] = "head",         [TL_RECORD_START] = "start",
    [TL_RECORD_DONE] = "done",         [TL_RECORD_FAILED] = "failed",
    [TL_RECORD_DIVERGED] = "diverged", [TL_RECORD_LOST] = "lost",
};
enum { KINDS = sizeof kind_names / sizeof *kind_names };

static const char line_start[] = "{\"kind\":\"";
static const char crc_start[] = ",\"crc\":\"", crc_end[] = "\"}";
enum { LONGEST_SEQUENCE = 4, NUMBER_SPACE = 32, EXACT_DIGITS = 15 };
enum { BUILD_DIGITS = 8, CRC_DIGITS = 8, CRC_SPACE = 8 + CRC_DIGITS + 2 };

static bool has_text(tl_record_kind kind)
{
    return kind != TL_RECORD_START && kind != TL_RECORD_DONE;
}

/* ---- writing ------------------------------------------------------------------------- */

static void add_integer(tl_text *out, long long value)
{
    char digits[24];
    size_t at = sizeof digits;
    unsigned long long rest =
        value < 0 ? 0ULL - (unsigned long long)value : (unsigned long long)value;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0) digits[--at] = '-';
    tl_text_bytes(out, digits + at, sizeof digits - at);
}

/* Most are whole numbers (counts, n); the rest has 17 digits, which read back bit for bit.
 */
static void add_real(tl_text *out, double value)
{
    if (!isfinite(value)) {
        tl_text_bytes(out, "null", 4);
        return;
    }
    const bool is_small = value > -1e15 && value < 1e15;
    const long long whole = is_small ? (long long)value : 0;
    if (is_small && (double)whole == value && !(whole == 0 && signbit(value))) {
        add_integer(out, whole);
        return;
    }
    char digits[32];
    const int length = snprintf(digits, sizeof digits, "%.17g", value);
    tl_text_bytes(out, digits, (size_t)length);
}

static void add_string(tl_text *out, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    tl_text_bytes(out, "\"", 1);
    while (*at) {
        const unsigned char *start = at;
        while (*at >= 0x20 && *at < 0x7F && *at != '"' && *at != '\\') at++;
        if (at > start) tl_text_bytes(out, (const char *)start, (size_t)(at - start));
        if (!*at) break;
        const size_t left = strnlen((const char *)at, LONGEST_SEQUENCE);
        const size_t length = *at >= 0x80 ? tl_utf8_sequence((const char *)at, left) : 1;
        if (length > 1) {
            tl_text_bytes(out, (const char *)at, length);
        } else if (length == 0) {
            tl_text_add(out, "\\ufffd");
        } else if (*at == '"' || *at == '\\') {
            const char escaped[2] = {'\\', (char)*at};
            tl_text_bytes(out, escaped, sizeof escaped);
        } else {
            char escaped[8];
            (void)snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned)*at);
            tl_text_bytes(out, escaped, 6);
        }
        at += length > 0 ? length : 1;
    }
    tl_text_bytes(out, "\"", 1);
}

static void add_measures(tl_text *out, const tl_record *record)
{
    TL_INVARIANT(record->measures >= 0 && record->measures <= TL_MAX_METRICS);
    tl_text_add(out, ",\"measure\":[");
    for (int i = 0; i < record->measures; i++) {
        tl_text_add(out, i == 0 ? "[" : ",[");
        add_real(out, record->measure[i].value);
        tl_text_bytes(out, ",", 1);
        add_real(out, record->measure[i].n);
        tl_text_bytes(out, ",", 1);
        add_integer(out, record->measure[i].why);
        tl_text_bytes(out, "]", 1);
    }
    tl_text_bytes(out, "]", 1);
}

static void add_step(tl_text *out, const tl_record *record)
{
    char key[TL_KEY_TEXT];
    tl_text_add(out, ",\"key\":\"");
    tl_text_bytes(out, tl_key_text(&record->key, key), TL_KEY_TEXT - 1);
    tl_text_add(out, "\",\"stage\":");
    add_string(out, record->stage ? record->stage : "");
    tl_text_add(out, ",\"first\":");
    add_integer(out, record->first);
    tl_text_add(out, ",\"width\":");
    add_integer(out, record->width);
    if (record->kind == TL_RECORD_START) return;
    tl_text_add(out, ",\"seconds\":");
    add_real(out, record->seconds);
    if (record->kind != TL_RECORD_DONE) return;
    char build[24];
    (void)snprintf(build, sizeof build, ",\"build\":\"%08x\"", (unsigned)record->build);
    tl_text_add(out, build);
}

void tl_journal_line_write(tl_text *out, const tl_record *record)
{
    const size_t start = out->length;
    tl_text_add(out, line_start);
    tl_text_add(out, kind_names[record->kind]);
    tl_text_bytes(out, "\"", 1);
    if (record->kind != TL_RECORD_HEAD) add_step(out, record);
    tl_text_add(out, ",\"when\":");
    add_real(out, record->when);
    if (record->kind == TL_RECORD_DONE) add_measures(out, record);
    if (has_text(record->kind) && record->text) {
        tl_text_add(out, ",\"text\":");
        add_string(out, record->text);
    }
    if (out->is_short) return;
    char crc[CRC_SPACE + 2];
    (void)snprintf(crc, sizeof crc, "%s%08x%s\n", crc_start,
                   (unsigned)tl_crc32(out->at + start, out->length - start), crc_end);
    tl_text_bytes(out, crc, CRC_SPACE + 1);
}

/* ---- finding lines ------------------------------------------------------------------- */

/* The rest of a line. */
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

/* `digits` lower-case hexadecimal digits. */
static bool takes_hex(cursor *c, int digits, uint32_t *out)
{
    *out = 0;
    if (c->end - c->at < digits) return false;
    for (int i = 0; i < digits; i++) {
        const char digit = *c->at++;
        if (!is_digit(digit) && !(digit >= 'a' && digit <= 'f')) return false;
        *out = *out << 4 | (uint32_t)(is_digit(digit) ? digit - '0' : digit - 'a' + 10);
    }
    return true;
}

static bool is_whole(const char *bytes, size_t n)
{
    uint32_t crc;
    if (n < CRC_SPACE) return false;
    cursor c = {bytes + n - CRC_SPACE, bytes + n};
    return takes(&c, crc_start) && takes_hex(&c, CRC_DIGITS, &crc) && takes(&c, crc_end) &&
           crc == tl_crc32(bytes, n - CRC_SPACE);
}

bool tl_journal_line_starts(const char *bytes, size_t n)
{
    for (size_t i = 0; i < n && i < sizeof line_start - 1 && bytes[i] != '\0'; i++)
        if (bytes[i] != line_start[i]) return false;
    return true;
}

/* Where `text` first occurs in bytes [from, to), or `to`. */
static size_t find(const char *bytes, size_t from, size_t to, const char *text)
{
    const size_t length = strlen(text);
    while (from + length <= to) {
        const char *at = memchr(bytes + from, *text, to - from - length + 1);
        if (!at) return to;
        if (memcmp(at, text, length) == 0) return (size_t)(at - bytes);
        from = (size_t)(at - bytes) + 1;
    }
    return to;
}

bool tl_journal_line_find(const char *bytes, size_t n, size_t *at, const char **start,
                          size_t *length)
{
    for (;;) {
        const size_t crc = find(bytes, *at, n, crc_start), end = crc + CRC_SPACE;
        if (crc == n || end > n) return false;
        size_t first = find(bytes, *at, crc, line_start), next = first;
        *at = end;
        while (next < crc) {
            first = next;
            next = find(bytes, next + 1, crc, line_start);
        }
        if (first == crc) continue;
        *start = bytes + first;
        *length = end - first;
        return true;
    }
}

/* ---- reading a record ---------------------------------------------------------------- */

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

/* Most are whole numbers, and one of 15 digits is a double exactly. */
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

/* A letter beyond ASCII, or escaped as the writer does. \return bytes written to `out`, at
 * most LONGEST_SEQUENCE; 0 if it is neither */
static size_t takes_letter(cursor *c, char *out)
{
    uint32_t code;
    if (!takes(c, "\\")) {
        const size_t n = tl_utf8_sequence(c->at, (size_t)(c->end - c->at));
        if (n < 2) return 0;
        memcpy(out, c->at, n);
        c->at += n;
        return n;
    }
    if (takes(c, "ufffd")) {
        memcpy(out, "\xef\xbf\xbd", 3);
        return 3;
    }
    if (!takes(c, "u")) {
        if (c->at == c->end || !memchr("\"\\", *c->at, 2)) return 0;
        *out = *c->at++;
        return 1;
    }
    if (!takes_hex(c, 4, &code)) return 0;
    *out = (char)code;
    return (code > 0 && code < 0x20) || code == 0x7F;
}

/* A string up to its closing quotation mark, its NUL included in `space`. */
static bool takes_string(cursor *c, char *out, size_t space)
{
    size_t n = 0;
    while (c->at < c->end && *c->at != '"') {
        if (n + LONGEST_SEQUENCE >= space) return false;
        if (*c->at >= 0x20 && *c->at < 0x7F && *c->at != '\\') {
            out[n++] = *c->at++;
            continue;
        }
        const size_t more = takes_letter(c, out + n);
        if (more == 0) return false;
        n += more;
    }
    out[n] = '\0';
    return takes(c, "\"");
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
        m->why = why;
    }
    return takes(c, "]");
}

/* The members about the step, up to `when`. Older versions wrote no build. */
static bool takes_step(cursor *c, tl_line *out)
{
    tl_record *record = &out->record;
    record->stage = out->stage;
    if (!takes(c, ",\"key\":\"") || !takes_key(c, &record->key) ||
        !takes(c, "\",\"stage\":\"") || !takes_string(c, out->stage, sizeof out->stage) ||
        !takes(c, ",\"first\":") || !takes_integer(c, &record->first) ||
        !takes(c, ",\"width\":") || !takes_integer(c, &record->width)) {
        return false;
    }
    if (record->kind == TL_RECORD_START) return true;
    if (!takes(c, ",\"seconds\":") || !takes_real(c, &record->seconds)) return false;
    if (record->kind != TL_RECORD_DONE || !takes(c, ",\"build\":\"")) return true;
    return takes_hex(c, BUILD_DIGITS, &record->build) && takes(c, "\"");
}

static bool takes_text(cursor *c, tl_line *out)
{
    if (!takes(c, ",\"text\":\"")) return true; /* optional */
    /* escapes only shrink */
    const size_t space = (size_t)(c->end - c->at) + LONGEST_SEQUENCE;
    out->record.text = out->text = malloc(space);
    return out->text && takes_string(c, out->text, space);
}

static bool takes_kind(cursor *c, tl_record_kind *kind)
{
    if (!takes(c, line_start)) return false;
    for (int i = 0; i < KINDS; i++) {
        if (!takes(c, kind_names[i])) continue;
        *kind = (tl_record_kind)i;
        return takes(c, "\"");
    }
    return false;
}

static bool takes_record(cursor *c, tl_line *out)
{
    tl_record *record = &out->record;
    if (!takes_kind(c, &record->kind)) return false;
    if (record->kind != TL_RECORD_HEAD && !takes_step(c, out)) return false;
    if (!takes(c, ",\"when\":") || !takes_real(c, &record->when)) return false;
    if (record->kind == TL_RECORD_DONE && !takes_measures(c, out)) return false;
    if (has_text(record->kind) && !takes_text(c, out)) return false;
    return c->at == c->end;
}

tl_line_state tl_journal_line_read(const char *bytes, size_t n, tl_line *out)
{
    if (!is_whole(bytes, n)) return TL_LINE_BROKEN;
    cursor c = {bytes, bytes + n - CRC_SPACE};
    out->record = (tl_record){0};
    out->text = NULL;
    if (takes_record(&c, out)) return TL_LINE_GOOD;
    tl_journal_line_close(out);
    return TL_LINE_STRANGE;
}

void tl_journal_line_close(tl_line *line)
{
    free(line->text);
    line->text = NULL;
}
