/* For LD_PRELOAD: a file system whose locks fail, by the error TL_NO_LOCKS (ENOLCK). */
#include <errno.h>
#include <stdlib.h>

int flock(int file, int operation);

int flock(int file, int operation)
{
    const char *reason = getenv("TL_NO_LOCKS");
    (void)file, (void)operation;
    errno = reason ? atoi(reason) : ENOLCK;
    return -1;
}
