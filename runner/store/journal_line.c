#include "runner/store/journal_line.h"

#include "runner/store/journal_fast.h"

#include <jansson.h>
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
enum { LONGEST_SEQUENCE = 4 };
enum { CRC_DIGITS = 8, CRC_SPACE = 8 + CRC_DIGITS + 2 };

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

/* Whole numbers are most of them (counts, n); the rest takes 17 digits, which always read
 * back bit for bit. */
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
        const size_t length = *at >= 0x80 ? tl_text_sequence((const char *)at, left) : 1;
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

/* ---- reading ------------------------------------------------------------------------- */

static bool is_whole(const char *bytes, size_t n)
{
    if (n < CRC_SPACE) return false;
    char crc[CRC_SPACE + 1];
    (void)snprintf(crc, sizeof crc, "%s%08x%s", crc_start,
                   (unsigned)tl_crc32(bytes, n - CRC_SPACE), crc_end);
    return memcmp(bytes + n - CRC_SPACE, crc, CRC_SPACE) == 0;
}

bool tl_journal_line_starts(const char *bytes, size_t n)
{
    for (size_t i = 0; i < n && i < sizeof line_start - 1 && bytes[i] != '\0'; i++)
        if (bytes[i] != line_start[i]) return false;
    return true;
}

/* Where `text` first stands in bytes [from, to), or `to`. */
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

static bool read_real(const json_t *value, double *out)
{
    if (!json_is_number(value) && !json_is_null(value)) return false;
    *out = json_is_null(value) ? (double)NAN : json_number_value(value);
    return true;
}

static bool read_integer(const json_t *value, int *out)
{
    const double number = json_number_value(value);
    if (!json_is_number(value) || !(number >= -2147483648.0 && number <= 2147483647.0))
        return false;
    *out = (int)number;
    return (double)*out == number;
}

static bool read_measures(const json_t *list, tl_line *out)
{
    const size_t count = json_array_size(list);
    if (!json_is_array(list) || count > TL_MAX_METRICS) return false;
    for (size_t i = 0; i < count; i++) {
        const json_t *one = json_array_get(list, i);
        tl_measure *measure = &out->measure[i];
        int why;
        if (json_array_size(one) != 3 ||
            !read_real(json_array_get(one, 0), &measure->value) ||
            !read_real(json_array_get(one, 1), &measure->n) ||
            !read_integer(json_array_get(one, 2), &why) || why < TL_WHY_HAS_VALUE ||
            why > TL_WHY_NOT_RUN)
            return false;
        measure->why = why;
    }
    out->record.measures = (int)count;
    out->record.measure = out->measure;
    return true;
}

static bool read_kind(const json_t *root, tl_record_kind *kind)
{
    const char *name = json_string_value(json_object_get(root, "kind"));
    for (int i = 0; name && i < KINDS; i++) {
        if (strcmp(name, kind_names[i]) == 0) {
            *kind = (tl_record_kind)i;
            return true;
        }
    }
    return false;
}

static bool read_step(const json_t *root, tl_record *record)
{
    const char *key = json_string_value(json_object_get(root, "key"));
    record->stage = json_string_value(json_object_get(root, "stage"));
    if (!key || !tl_key_read(key, &record->key) || !record->stage) return false;
    if (!read_integer(json_object_get(root, "first"), &record->first) ||
        !read_integer(json_object_get(root, "width"), &record->width))
        return false;
    return record->kind == TL_RECORD_START ||
           read_real(json_object_get(root, "seconds"), &record->seconds);
}

/* Lines of versions that named no build have none. */
static bool read_build(const json_t *root, uint32_t *build)
{
    const char *text = json_string_value(json_object_get(root, "build"));
    *build = 0;
    if (!text) return true;
    char *end;
    *build = (uint32_t)strtoul(text, &end, 16);
    return end == text + 8 && *end == '\0';
}

static bool read_record(const json_t *root, tl_line *out)
{
    tl_record *record = &out->record;
    if (!read_kind(root, &record->kind)) return false;
    if (record->kind != TL_RECORD_HEAD && !read_step(root, record)) return false;
    if (!read_real(json_object_get(root, "when"), &record->when)) return false;
    if (has_text(record->kind))
        record->text = json_string_value(json_object_get(root, "text"));
    return record->kind != TL_RECORD_DONE ||
           (read_build(root, &record->build) &&
            read_measures(json_object_get(root, "measure"), out));
}

tl_line_state tl_journal_line_read(const char *bytes, size_t n, tl_line *out)
{
    if (!is_whole(bytes, n)) return TL_LINE_BROKEN;
    out->root = NULL;
    if (tl_journal_plain_read(bytes, n - CRC_SPACE, out)) return TL_LINE_GOOD;
    json_t *root = json_loadb(bytes, n, JSON_DECODE_INT_AS_REAL, NULL);
    out->record = (tl_record){0};
    out->root = root;
    if (root && read_record(root, out)) return TL_LINE_GOOD;
    tl_journal_line_close(out);
    return TL_LINE_STRANGE;
}

void tl_journal_line_close(tl_line *line)
{
    json_decref(line->root);
    line->root = NULL;
}
