#include "analysis/report/figure.h"

#include "analysis/report/gnuplot.h"
#include "analysis/report/html.h"
#include "compute/core/print.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MARK = 5, MOST_TEXTS = 9999 }; /* "T0001" */

static const char ellipsis[] = "\xE2\x80\xA6";

tl_figure tl_figure_open(tl_arena *arena, const char *name, int lines)
{
    return (tl_figure){.arena = arena, .name = name, .lines = lines};
}

void tl_figure_close(tl_figure *figure)
{
    tl_text_close(&figure->script);
}

tl_status tl_figure_data(tl_figure *figure, int rows, const char *const *names, int texts,
                         const char ***text, double **number, tl_err *err)
{
    int columns = 0;
    while (names[columns]) columns++;
    TL_TRY(tl_table_new(figure->arena, (uint32_t)rows, columns, &figure->data, err));
    for (int c = 0; c < columns; c++) {
        tl_column *column =
            tl_table_add(figure->data, names[c],
                         c < texts ? TL_COLUMN_TEXT : TL_COLUMN_REAL, NULL, names[c]);
        if (c < texts) {
            TL_ALLOC(text[c], figure->arena, rows, err);
            column->text = text[c];
        } else {
            TL_ALLOC(number[c - texts], figure->arena, rows, err);
            column->real = number[c - texts];
        }
    }
    return TL_OK;
}

void tl_figure_frame(tl_figure *figure, int left, int right, double bottom)
{
    const double width = TL_FIGURE_WIDTH, height = figure->lines;
    tl_text_print(&figure->script,
                  "set lmargin at screen %.4f\nset rmargin at screen %.4f\n"
                  "set bmargin at screen %.4f\nset tmargin at screen %.4f\n",
                  left / width, 1.0 - right / width, bottom / height, 1.0 - 0.6 / height);
}

/* --- widths --------------------------------------------------------------------------- */

/* Bytes of the first letter: what does not continue a UTF-8 sequence begins one. */
static size_t letter_bytes(const char *at)
{
    size_t n = 1;
    while (((unsigned char)at[n] & 0xC0U) == 0x80U) n++;
    return n;
}

static int letters_of(const char *text)
{
    int count = 0;
    for (; *text; text += letter_bytes(text)) count++;
    return count;
}

/* Bytes of the first `letters` letters. */
static size_t bytes_of(const char *text, int letters)
{
    size_t n = 0;
    for (int i = 0; i < letters && text[n]; i++) n += letter_bytes(text + n);
    return n;
}

/* Bytes of the first line of `text`: up to `letters`, to the last blank or underscore if
 * there is one. */
static size_t line_bytes(const char *text, int letters)
{
    const size_t most = bytes_of(text, letters);
    if (!text[most] || text[most] == ' ') return most;
    for (size_t n = most; n > 0; n--) {
        if (text[n - 1] == ' ') return n - 1;
        if (text[n - 1] == '_') return n;
    }
    return most;
}

/* --- texts ---------------------------------------------------------------------------- */

/* Keeps a harmless copy of `text` [bytes]. */
static void keep(tl_figure *figure, const char *text, size_t bytes, bool is_cut)
{
    tl_text plain = {0}, clean = {0};
    if (figure->texts == figure->room && figure->room < MOST_TEXTS) {
        const int room = figure->room ? 2 * figure->room : 32;
        const char **more = tl_arena_take(figure->arena, (size_t)room, sizeof *more, NULL);
        if (more && figure->texts)
            memcpy(more, figure->text, (size_t)figure->texts * sizeof *more);
        if (more) figure->text = more;
        if (more) figure->room = room;
    }
    tl_text_bytes(&plain, text, bytes);
    if (is_cut) tl_text_add(&plain, ellipsis);
    tl_html_clean(&clean, plain.at ? plain.at : "");
    const char *kept = tl_arena_text(figure->arena, clean.at ? clean.at : "", NULL);
    if (!kept || figure->texts == figure->room)
        figure->is_short = true;
    else
        figure->text[figure->texts++] = kept;
    tl_text_close(&plain);
    tl_text_close(&clean);
}

static tl_placeholder place(tl_figure *figure, const char *text, size_t bytes, bool is_cut)
{
    tl_placeholder out;
    keep(figure, text, bytes, is_cut);
    const int letters = figure->texts ? letters_of(figure->text[figure->texts - 1]) : 0;
    int length = snprintf(out.name, sizeof out.name, "\"T%04d", figure->texts);
    while (length <= letters && length < (int)sizeof out.name - 2) out.name[length++] = '.';
    out.name[length++] = '"';
    out.name[length] = '\0';
    return out;
}

tl_placeholder tl_figure_text(tl_figure *figure, const char *text)
{
    const bool is_long = letters_of(text) > TL_FIGURE_LETTERS;
    return place(figure, text, bytes_of(text, is_long ? TL_FIGURE_LETTERS - 1 : 9999),
                 is_long);
}

int tl_figure_label(tl_figure *figure, double x, double y, int letters, const char *text)
{
    int lines = 0;
    do {
        const size_t n = line_bytes(text, letters);
        tl_text_print(&figure->script,
                      "set label %s at graph %.4f, first %.4f left front\n",
                      place(figure, text, n, false).name, x, y - lines);
        lines++;
        text += n;
        while (*text == ' ') text++;
    } while (*text);
    return lines;
}

int tl_figure_label_lines(int letters, const char *text)
{
    int lines = 0;
    do {
        text += line_bytes(text, letters);
        while (*text == ' ') text++;
        lines++;
    } while (*text);
    return lines;
}

double tl_figure_step(double range)
{
    if (!(range > 0.0)) return 1.0;
    const double decade = pow(10.0, floor(log10(range)));
    const double left = range / decade;
    return decade * (left < 1.5 ? 0.25 : left < 3.0 ? 0.5 : left < 6.0 ? 1.0 : 2.0);
}

const char *tl_figure_find(const tl_figure *figure, const char *at, size_t *length)
{
    if (*at != 'T' || strspn(at + 1, "0123456789") != MARK - 1) return NULL;
    const long number = strtol(at + 1, NULL, 10);
    if (number < 1 || number > figure->texts) return NULL;
    *length = MARK + strspn(at + MARK, ".");
    return figure->text[number - 1];
}

/* --- drawing -------------------------------------------------------------------------- */

static const char style[] = "set encoding utf8\n"
                            "set border 3 lc rgb '#767676'\n"
                            "set tics nomirror out scale 0.5 textcolor rgb 'black'\n"
                            "set xtics offset 0,0.4\n"
                            "set bars small\n"
                            "unset key\n";

static tl_status draw(const tl_figure *figure, const char *terminal, tl_text *out,
                      tl_err *err)
{
    tl_text script = {0};
    tl_text_print(&script, "%s%s%s", terminal, style,
                  figure->script.at ? figure->script.at : "");
    const bool is_short = script.is_short || figure->is_short || figure->script.is_short;
    tl_status status = is_short ? tl_fail(err, TL_E_NOMEM, "no memory for a figure")
                                : tl_gnuplot_run(script.at, out, err);
    tl_text_close(&script);
    return status;
}

tl_status tl_figure_svg(const tl_figure *figure, tl_text *out, tl_err *err)
{
    char terminal[128];
    (void)snprintf(terminal, sizeof terminal,
                   "set terminal svg size %d,%d font 'sans-serif,14' noenhanced\n",
                   TL_FIGURE_WIDTH, figure->lines * TL_FIGURE_LINE);
    return draw(figure, terminal, out, err);
}

/* What the "dumb" terminal draws, simpler: it has a letter for each kind of point, of which
 * E and G are filled, and a sign for each kind of line. */
static char plain(char drawn)
{
    if (drawn >= 'A' && drawn <= 'Z') return drawn == 'E' || drawn == 'G' ? '*' : 'o';
    return drawn && strchr("*#$%@&=:", drawn) ? '-' : drawn;
}

/* Adds a line of gnuplot's, with the texts in their places. */
static void add_line(tl_text *out, const tl_figure *figure, const char *at, size_t length)
{
    const char *const end = at + length;
    while (at < end) {
        size_t mark;
        const char *text = tl_figure_find(figure, at, &mark);
        if (!text) {
            const char one = plain(*at++);
            tl_text_bytes(out, &one, 1);
            continue;
        }
        tl_text_add(out, text);
        for (size_t n = (size_t)letters_of(text); n < mark; n++) tl_text_add(out, " ");
        at += mark;
    }
    tl_text_add(out, "\n");
}

tl_status tl_figure_print(FILE *file, const tl_figure *figure, int columns, tl_err *err)
{
    char terminal[128];
    tl_text drawn = {0};
    (void)snprintf(terminal, sizeof terminal,
                   "set terminal dumb noenhanced size %d,%d aspect 1\n", columns,
                   figure->lines + 2);
    const tl_status status = draw(figure, terminal, &drawn, err);
    tl_text shown = {0};
    for (const char *line = drawn.at; status == TL_OK && line && *line;) {
        const size_t length = strcspn(line, "\n\f");
        size_t used = length;
        while (used > 0 && line[used - 1] == ' ') used--;
        if (used > 0) add_line(&shown, figure, line, used);
        line += length + (line[length] != '\0');
    }
    if (status == TL_OK) tl_print(file, "%s\n", figure->title);
    if (status == TL_OK && shown.at) tl_print_lines(file, shown.at);
    tl_text_close(&shown);
    tl_text_close(&drawn);
    return status;
}
