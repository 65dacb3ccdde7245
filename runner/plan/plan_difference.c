/*
 * The longest common subsequence of lines, after what is equal at both ends is set aside.
 * Where that is too much work, all lines between the ends count as different.
 */
#include "runner/plan/plan_difference.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_WORK = 1 << 24, SHOWN = 160, BEFORE = 40 /* bytes of a long line */ };

typedef struct line {
    const char *at;
    size_t length;
} line;

typedef struct lines {
    line *line; /* [count] */
    int count;
} lines;

static lines lines_of(const char *text)
{
    lines all = {0};
    size_t count = 0;
    for (const char *c = text; *c; c++) count += *c == '\n';
    all.line = calloc(count + 1, sizeof *all.line);
    TL_INVARIANT(all.line);
    for (const char *at = text; *at;) {
        const size_t length = strcspn(at, "\n");
        all.line[all.count++] = (line){at, length};
        at += length + (at[length] == '\n');
    }
    return all;
}

static bool is_same(const line *a, const line *b)
{
    return a->length == b->length && memcmp(a->at, b->at, a->length) == 0;
}

/* Two texts, the difference so far, and the section that was named last. */
typedef struct writer {
    lines old, now;
    int most, shown, left_out;
    const line *section;
    tl_text *out;
} writer;

/* The line without indentation that line i is under; the line itself if it has none. */
static const line *section_of(const lines *all, int i)
{
    while (i > 0 && all->line[i].at[0] == ' ') i--;
    return &all->line[i];
}

/* A part of the line around byte `at`, where it is long. */
static void put_part(tl_text *out, const line *l, size_t at)
{
    size_t from = at > SHOWN ? at - BEFORE : 0, to = from + 2 * SHOWN;
    if (to > l->length) to = l->length;
    while (from > 0 && ((unsigned char)l->at[from] & 0xc0) == 0x80) from--;
    while (to < l->length && ((unsigned char)l->at[to] & 0xc0) == 0x80) to++;
    tl_text_add(out, from > 0 ? "..." : "");
    for (size_t i = from; i < to; i++) { /* no control sequences reach the terminal */
        const unsigned char byte = (unsigned char)l->at[i];
        tl_text_bytes(out, byte < 0x20 || byte == 0x7f ? "?" : l->at + i, 1);
    }
    tl_text_add(out, to < l->length ? "..." : "");
}

/* \param other  the line that stands in its place in the other text, or NULL */
static void put_line(writer *w, const lines *all, int i, char sign, const line *other)
{
    const line *l = &all->line[i], *section = section_of(all, i);
    if (w->shown == w->most) {
        w->left_out++;
        return;
    }
    w->shown++;
    if (section != l && (!w->section || !is_same(section, w->section)))
        tl_text_print(w->out, "    %.*s\n", (int)section->length, section->at);
    w->section = section;
    size_t same = 0;
    while (other && same < l->length && same < other->length &&
           l->at[same] == other->at[same])
        same++;
    tl_text_print(w->out, "  %c ", sign);
    put_part(w->out, l, same);
    tl_text_add(w->out, "\n");
}

/* Lines [a, a_end) of the old text stand where [b, b_end) of the new one do. */
static void put_change(writer *w, int a, int a_end, int b, int b_end)
{
    for (int i = a, j = b; i < a_end || j < b_end; i++, j++) {
        const bool has_old = i < a_end, has_now = j < b_end;
        if (has_old) put_line(w, &w->old, i, '-', has_now ? &w->now.line[j] : NULL);
        if (has_now) put_line(w, &w->now, j, '+', has_old ? &w->old.line[i] : NULL);
    }
}

/* table[i][j]: equal lines that the rests from i of the old and j of the new text share. */
static uint32_t *count_common(const writer *w, int first, int olds, int nows)
{
    const size_t row = (size_t)nows + 1;
    uint32_t *table = calloc(((size_t)olds + 1) * row, sizeof *table);
    if (!table) return NULL;
    for (int i = olds - 1; i >= 0; i--) {
        for (int j = nows - 1; j >= 0; j--) {
            uint32_t *here = &table[(size_t)i * row + (size_t)j];
            const uint32_t down = here[row], right = here[1];
            *here = down > right ? down : right;
            if (is_same(&w->old.line[first + i], &w->now.line[first + j]))
                *here = here[row + 1] + 1;
        }
    }
    return table;
}

/* Lines `first` on, `olds` of the old and `nows` of the new text. */
static void compare(writer *w, int first, int olds, int nows)
{
    const size_t row = (size_t)nows + 1;
    const bool is_small = ((double)olds + 1) * ((double)nows + 1) <= MOST_WORK;
    uint32_t *table = is_small ? count_common(w, first, olds, nows) : NULL;
    int i = 0, j = 0, a = 0, b = 0; /* a, b: where the present change began */
    while (table && i < olds && j < nows) {
        const uint32_t *here = &table[(size_t)i * row + (size_t)j];
        if (is_same(&w->old.line[first + i], &w->now.line[first + j])) {
            put_change(w, first + a, first + i, first + b, first + j);
            a = ++i;
            b = ++j;
        } else if (here[row] >= here[1]) {
            i++;
        } else {
            j++;
        }
    }
    put_change(w, first + a, first + olds, first + b, first + nows);
    free(table);
}

void tl_plan_difference(const char *old, const char *now, int most, tl_text *out)
{
    writer w = {.old = lines_of(old), .now = lines_of(now), .most = most, .out = out};
    const int least = w.old.count < w.now.count ? w.old.count : w.now.count;
    int first = 0, last = 0;
    while (first < least && is_same(&w.old.line[first], &w.now.line[first])) first++;
    while (last < least - first && is_same(&w.old.line[w.old.count - 1 - last],
                                           &w.now.line[w.now.count - 1 - last]))
        last++;
    compare(&w, first, w.old.count - first - last, w.now.count - first - last);
    if (w.left_out > 0) tl_text_print(out, "    and %d more lines\n", w.left_out);
    free(w.old.line);
    free(w.now.line);
}
