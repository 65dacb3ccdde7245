#include "compute/core/terminal.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int said_columns(void)
{
    const char *text = getenv("THREATLOOP_COLUMNS");
    return text ? (int)strtol(text, NULL, 10) : 0;
}

int tl_terminal_columns(int file)
{
    struct winsize size = {0};
    int columns = 0;
    if (isatty(file) && ioctl(file, TIOCGWINSZ, &size) == 0) columns = size.ws_col;
    if (columns <= 0) columns = said_columns();
    if (columns <= 0) return 0;
    return columns < TL_TERMINAL_LEAST ? TL_TERMINAL_LEAST : columns;
}
