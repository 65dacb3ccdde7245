/*
 * Control groups: /proc/self/cgroup names the groups of this process, "0::PATH" (version 2)
 * and "N:memory:PATH" (version 1). Any ancestor may set the lower limit, so all of them up
 * to the root are read. What cannot be read sets no limit.
 */
#include "compute/core/memory.h"

#include "compute/core/file.h"

#include "compute/core/text.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { LINE_SPACE = 4096 };

static double least(double a, double b)
{
    return a < b ? a : b;
}

/* The number in a file, or INFINITY: "max" is none. */
static double number_in(const char *path)
{
    char text[64] = "", *end;
    FILE *file;
    if (tl_file_stream(NULL, path, &file, NULL, NULL) != TL_OK) return (double)INFINITY;
    const bool is_read = fgets(text, sizeof text, file) != NULL;
    (void)fclose(file);
    const double number = strtod(text, &end);
    return is_read && end > text && number > 0.0 ? number : (double)INFINITY;
}

/* The lowest limit of the group at `path` and its ancestors; overwrites `path`. */
static double limit_of_group(const char *root, char *path, const char *name)
{
    double limit = (double)INFINITY;
    for (;;) {
        char file[TL_PATH_SPACE + 64];
        (void)snprintf(file, sizeof file, "%s%s/%s", root, path, name);
        limit = least(limit, number_in(file));
        char *slash = strrchr(path, '/');
        if (!slash) return limit;
        *slash = '\0';
    }
}

static double limit_of_groups(void)
{
    static const char version_2[] = "0::", version_1[] = ":memory:";
    char line[LINE_SPACE];
    double limit = (double)INFINITY;
    FILE *file;
    if (tl_file_stream(NULL, "/proc/self/cgroup", &file, NULL, NULL) != TL_OK) return limit;
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        char *one = strstr(line, version_1);
        if (strncmp(line, version_2, sizeof version_2 - 1) == 0) {
            limit = least(limit, limit_of_group("/sys/fs/cgroup",
                                                line + sizeof version_2 - 1, "memory.max"));
        } else if (one) {
            limit = least(limit, limit_of_group("/sys/fs/cgroup/memory",
                                                one + sizeof version_1 - 1,
                                                "memory.limit_in_bytes"));
        }
    }
    (void)fclose(file);
    return limit;
}

double tl_memory_allowed(void)
{
    struct rlimit space;
    double allowed = (double)sysconf(_SC_PAGESIZE) * (double)sysconf(_SC_PHYS_PAGES);
    if (getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY) {
        allowed = least(allowed, (double)space.rlim_cur);
    }
    return least(allowed, limit_of_groups());
}

size_t tl_memory_account(double wanted, double usual)
{
    return (size_t)least(wanted > 0.0 ? wanted : usual, tl_memory_allowed());
}
