#include "analysis/report/screen.h"

#include "compute/core/print.h"
#include "compute/core/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { COLUMNS = 80 };

static const struct {
    const char *utf8, *ascii;
} signs[TL_SIGNS] = {
    [TL_SIGN_SUPPORTED] = {"\xE2\x9C\x94", "+"},
    [TL_SIGN_REFUTED] = {"\xE2\x9C\x98", "x"},
    [TL_SIGN_EQUIVALENT] = {"\xE2\x89\x88", "="},
    [TL_SIGN_UNCLEAR] = {"?", "?"},
    [TL_SIGN_NOT_RESOLVED] = {"\xC2\xB7", "."},
    [TL_SIGN_TO] = {"\xE2\x86\x92", "->"},
    [TL_SIGN_LOWER] = {" \xE2\x86\x93", " (lower is safer)"},
    [TL_SIGN_HIGHER] = {" \xE2\x86\x91", " (higher is better)"},
    [TL_SIGN_POINT] = {"\xE2\x97\x8F", "o"},
    [TL_SIGN_LINE] = {"\xE2\x94\x80", "-"},
    [TL_SIGN_LEFT] = {"\xE2\x94\x9C", "["},
    [TL_SIGN_RIGHT] = {"\xE2\x94\xA4", "]"},
    [TL_SIGN_ZERO] = {"\xE2\x94\x82", "|"},
};

static bool is_set(const char *name)
{
    const char *value = getenv(name);
    return value && *value;
}

/* Whether the locale's letters are UTF-8: the first of the three that is set decides. */
static bool has_utf8(void)
{
    static const char *const name[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        if (!is_set(name[i])) continue;
        const char *dot = strchr(getenv(name[i]), '.');
        return dot && (strncasecmp(dot + 1, "utf-8", 5) == 0 ||
                       strncasecmp(dot + 1, "utf8", 4) == 0);
    }
    return false;
}

tl_screen tl_screen_of(FILE *file)
{
    const int columns = tl_terminal_columns(fileno(file));
    return (tl_screen){.columns = columns > 0 ? columns : COLUMNS,
                       .has_color = columns > 0 && !is_set("NO_COLOR"),
                       .has_utf8 = has_utf8()};
}

const char *tl_screen_sign(const tl_screen *screen, tl_sign sign)
{
    return screen->has_utf8 ? signs[sign].utf8 : signs[sign].ascii;
}

void tl_screen_begin_color(FILE *file, const tl_screen *screen, tl_sign verdict)
{
    if (!screen->has_color) return;
    switch (verdict) {
    case TL_SIGN_SUPPORTED:
        tl_print(file, "\033[32m");
        break;
    case TL_SIGN_REFUTED:
        tl_print(file, "\033[31m");
        break;
    case TL_SIGN_EQUIVALENT:
        tl_print(file, "\033[36m");
        break;
    case TL_SIGN_UNCLEAR:
        tl_print(file, "\033[33m");
        break;
    default:
        tl_print(file, "\033[2m");
    }
}

void tl_screen_end_color(FILE *file, const tl_screen *screen)
{
    if (screen->has_color) tl_print(file, "\033[0m");
}

tl_sign tl_sign_of(const char *verdict)
{
    static const struct {
        const char *verdict;
        tl_sign sign;
    } list[] = {{"supported", TL_SIGN_SUPPORTED},
                {"refuted", TL_SIGN_REFUTED},
                {"equivalent", TL_SIGN_EQUIVALENT},
                {"unclear", TL_SIGN_UNCLEAR}};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (strcmp(verdict, list[i].verdict) == 0) return list[i].sign;
    return TL_SIGN_NOT_RESOLVED;
}
