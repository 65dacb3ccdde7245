#include "compute/data/data_paths.h"

#include "compute/core/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int tl_places(const char *dir, char place[TL_PLACES][TL_PLACE_PATH])
{
    int count = 0;
    const char *variable = getenv("THREATLOOP_DATA"), *cache = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    if (dir) (void)snprintf(place[count++], TL_PLACE_PATH, "%s", dir);
    if (variable && *variable)
        (void)snprintf(place[count++], TL_PLACE_PATH, "%s", variable);
    if (cache && *cache) {
        (void)snprintf(place[count++], TL_PLACE_PATH, "%s/threatloop", cache);
    } else if (home && *home) {
        (void)snprintf(place[count++], TL_PLACE_PATH, "%s/.cache/threatloop", home);
    }
    return count;
}

tl_status tl_place_find(const char *dir, const char *stem, const char *const *ending,
                        char path[TL_PLACE_PATH], tl_err *err)
{
    char place[TL_PLACES][TL_PLACE_PATH];
    const int count = tl_places(dir, place);
    tl_text tried = {0};
    for (int p = 0; p < count; p++) {
        for (const char *const *e = ending; *e; e++) {
            struct stat info;
            const int length = snprintf(path, TL_PLACE_PATH, "%s/%s%s", place[p], stem, *e);
            if (length < TL_PLACE_PATH && stat(path, &info) == 0) {
                tl_text_close(&tried);
                return TL_OK;
            }
        }
        tl_text_print(&tried, "%s%s/%s%s", p ? ", " : "", place[p], stem, ending[0]);
    }
    const tl_status status =
        tl_fail(err, TL_E_IO,
                "the data is not there: looked for %s; name the folder by --data DIR or "
                "THREATLOOP_DATA",
                tried.at ? tried.at : stem);
    tl_text_close(&tried);
    return status;
}
