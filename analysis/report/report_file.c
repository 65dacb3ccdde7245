/*
 * All formats come from the one SVG that svg.c has copied: in gnuplot's own PDF a
 * placeholder could not be found again.
 */
#include "analysis/report/report_file.h"

#include "analysis/report/gnuplot.h"
#include "analysis/report/svg.h"
#include "compute/core/file.h"

#include <string.h>

tl_status tl_report_file_save(const char *path, const char *bytes, size_t n, tl_err *err)
{
    return tl_file_replace(NULL, path, 0666, &(tl_durable_piece){bytes, n}, 1, err);
}

/* The ending of a path without its dot, or "". */
static const char *ending_of(const char *path)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    return dot && (!slash || dot > slash) ? dot + 1 : "";
}

static tl_status finish(const char *path, const char *svg, size_t bytes, tl_err *err)
{
    const char *format = ending_of(path);
    if (strcmp(format, "svg") == 0) return tl_report_file_save(path, svg, bytes, err);
    tl_text out = {0};
    tl_status status = tl_gnuplot_convert(svg, bytes, format, &out, err);
    if (status == TL_OK) status = tl_report_file_save(path, out.at, out.length, err);
    tl_text_close(&out);
    return status;
}

static tl_status draw(const char *path, const tl_figure *figure, tl_html *html, tl_err *err)
{
    tl_text svg = {0};
    const char *copy;
    size_t bytes;
    tl_status status = tl_figure_svg(figure, &svg, err);
    if (status == TL_OK)
        status = tl_svg_write(figure, svg.at, svg.length, TL_SVG_FILE, 1, html, err);
    tl_text_close(&svg);
    TL_TRY(status);
    TL_TRY(tl_html_end_page(html, &copy, &bytes, err));
    return finish(path, copy, bytes, err);
}

tl_status tl_report_file_figure(const char *path, const tl_figure *figure, tl_err *err)
{
    tl_html *html;
    const char *format = ending_of(path);
    TL_CHECK(strcmp(format, "svg") == 0 || strcmp(format, "pdf") == 0 ||
                 strcmp(format, "png") == 0,
             err, TL_E_ARG, "%s: a figure can be .svg, .pdf or .png, not '.%s'", path,
             format);
    TL_TRY(tl_html_open(&html, err));
    const tl_status status = draw(path, figure, html, err);
    tl_html_close(html);
    return status;
}
