#include "analysis/report/figure_list.h"

#include <string.h>

enum { LEAST_ROOM = 16 };

tl_status tl_figures_add(const tl_findings *found, tl_figures *figures, const char *kind,
                         const char *what, tl_figure **out, tl_err *err)
{
    if (figures->count == figures->room) {
        tl_figure *more;
        const int room = figures->room ? 2 * figures->room : LEAST_ROOM;
        TL_ALLOC(more, found->arena, room, err);
        if (figures->count > 0)
            memcpy(more, figures->figure, (size_t)figures->count * sizeof *more);
        figures->figure = more;
        figures->room = room;
    }
    const char *name = tl_arena_print(found->arena, err, "%s%s%s", kind, what ? "-" : "",
                                      what ? what : "");
    if (!name) return TL_E_NOMEM;
    *out = &figures->figure[figures->count++];
    **out = tl_figure_open(found->arena, name, 0);
    return TL_OK;
}

void tl_figures_close(tl_figures *figures)
{
    for (int i = 0; i < figures->count; i++) tl_figure_close(&figures->figure[i]);
}
