#include "compute/core/file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

tl_status tl_file_size(const char *path, uint64_t *bytes, tl_err *err)
{
    struct stat info;
    TL_CHECK(stat(path, &info) == 0, err, TL_E_IO, "%s: cannot be opened: %s", path,
             strerror(errno));
    TL_CHECK(S_ISREG(info.st_mode), err, TL_E_IO, "%s: is not a file", path);
    *bytes = (uint64_t)info.st_size;
    return TL_OK;
}
