#include "compute/data/data_paths.h"

#include "compute/core/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int tl_data_paths(const char *dir, char place[TL_DATA_PATHS][TL_DATA_PATH_SPACE])
{
    int count = 0;
    const char *variable = getenv("THREATLOOP_DATA"), *cache = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    if (dir) (void)snprintf(place[count++], TL_DATA_PATH_SPACE, "%s", dir);
    if (variable && *variable)
        (void)snprintf(place[count++], TL_DATA_PATH_SPACE, "%s", variable);
    if (cache && *cache) {
        (void)snprintf(place[count++], TL_DATA_PATH_SPACE, "%s/threatloop", cache);
    } else if (home && *home) {
        (void)snprintf(place[count++], TL_DATA_PATH_SPACE, "%s/.cache/threatloop", home);
    }
    return count;
}

tl_status tl_data_path_find(const char *dir, const char *stem, const char *const *ending,
                            char path[TL_DATA_PATH_SPACE], tl_err *err)
{
    char place[TL_DATA_PATHS][TL_DATA_PATH_SPACE];
    const int count = tl_data_paths(dir, place);
    tl_text tried = {0};
    for (int p = 0; p < count; p++) {
        for (const char *const *e = ending; *e; e++) {
            struct stat info;
            const int length =
                snprintf(path, TL_DATA_PATH_SPACE, "%s/%s%s", place[p], stem, *e);
            if (length < TL_DATA_PATH_SPACE && stat(path, &info) == 0) {
                tl_text_close(&tried);
                return TL_OK;
            }
        }
        tl_text_print(&tried, "%s%s/%s%s", p ? ", " : "", place[p], stem, ending[0]);
    }
    const tl_status status =
        tl_fail(err, TL_E_IO,
                "data not found: looked for %s; set the folder by --data DIR or "
                "THREATLOOP_DATA",
                tried.at ? tried.at : stem);
    tl_text_close(&tried);
    return status;
}
