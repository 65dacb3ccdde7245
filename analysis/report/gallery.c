/*
 * Images go into the page as BMP of 24 bits, which needs no library: a header of 54 bytes,
 * then rows from the bottom up, blue first, each padded to 4 bytes.
 */
#include "analysis/report/gallery.h"

#include "analysis/report/arms.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { HEADER = 54, DEPTH = 3, MOST_SIDE = 256 };

bool tl_gallery_exists(const tl_findings *found)
{
    const tl_stored *stored = &found->stored[TL_GROUP_IMAGES];
    return stored->lists > 0 && stored->width <= MOST_SIDE && stored->height <= MOST_SIDE;
}

static void put_number(unsigned char *at, size_t value)
{
    for (int i = 0; i < 4; i++) at[i] = (unsigned char)(value >> 8 * i & 0xFFU);
}

/* A pixel, 0 to 255; white outside of an image smaller than the largest. */
static unsigned char shade(float value)
{
    if (isnan(value)) return 255;
    return (unsigned char)(255.0F * (value < 0.0F   ? 0.0F
                                     : value > 1.0F ? 1.0F
                                                    : value) +
                           0.5F);
}

/* \param pixel [channels x height x width] \param out [*bytes] result, in the arena */
static tl_status make_bmp(const tl_stored *s, const float *pixel, tl_arena *arena,
                          unsigned char **out, size_t *bytes, tl_err *err)
{
    const size_t row = (s->width * DEPTH + 3) / 4 * 4, plane = s->width * s->height;
    *bytes = HEADER + row * s->height;
    TL_ALLOC(*out, arena, *bytes, err);
    unsigned char *at = *out;
    memcpy(at, "BM", 2);
    put_number(at + 2, *bytes);
    put_number(at + 10, HEADER);
    put_number(at + 14, 40);
    put_number(at + 18, s->width);
    put_number(at + 22, s->height);
    at[26] = 1;
    at[28] = 8 * DEPTH;
    put_number(at + 34, row * s->height);
    for (size_t y = 0; y < s->height; y++) {
        for (size_t x = 0; x < s->width; x++) {
            unsigned char *to = at + HEADER + (s->height - 1 - y) * row + x * DEPTH;
            for (size_t c = 0; c < DEPTH; c++) {
                const size_t channel = s->channels >= DEPTH ? DEPTH - 1 - c : 0;
                to[c] = shade(pixel[channel * plane + y * s->width + x]);
            }
        }
    }
    return TL_OK;
}

static tl_status write_list(const tl_findings *found, const tl_stored *s,
                            const tl_stored_list *list, const char *arm, tl_html *html,
                            tl_err *err)
{
    const size_t size = s->channels * s->width * s->height;
    tl_html_begin(html, "figure", "images");
    tl_html_add(html, "figcaption", NULL, arm);
    for (size_t i = 0; i < list->rows; i++) {
        unsigned char *bmp;
        size_t bytes;
        char text[64];
        TL_TRY(make_bmp(s, list->pixel + i * size, found->arena, &bmp, &bytes, err));
        tl_html_begin(html, "img", NULL);
        (void)snprintf(text, sizeof text, "image %zu of %zu, class %d", i + 1, list->rows,
                       (int)list->label[i]);
        tl_html_attribute(html, "alt", text);
        tl_html_attribute(html, "title", text);
        tl_html_file(html, "src", "image/bmp", (const char *)bmp, bytes);
        tl_html_end_void(html);
    }
    tl_html_end(html);
    return TL_OK;
}

static tl_status write_source(const tl_findings *found, const tl_stored *s, int source,
                              tl_html *html, tl_err *err)
{
    tl_arms arms;
    TL_TRY(tl_arms_find(found, s, source, &arms, err));
    tl_html_add_print(html, "h3", NULL, "%s by %s", s->source[source].name,
                      tl_arms_source(found, s, source));
    tl_html_begin(html, "div", "figures");
    for (int a = 0; a < arms.count; a++) {
        int l = 0;
        while (l < s->lists && (arms.arm[l] != a || s->list[l].rows == 0)) l++;
        if (l == s->lists) continue;
        TL_TRY(write_list(found, s, &s->list[l], tl_arms_name(found, &arms, a), html, err));
    }
    tl_html_end(html);
    return TL_OK;
}

tl_status tl_gallery_write(const tl_findings *found, tl_html *html, tl_err *err)
{
    const tl_stored *stored = &found->stored[TL_GROUP_IMAGES];
    tl_html_add_print(
        html, "p", "note",
        "Of each group of trials the first that has images, at most %d of them.",
        TL_MOST_IMAGES);
    for (int s = 0; s < stored->sources; s++)
        TL_TRY(write_source(found, stored, s, html, err));
    return TL_OK;
}
