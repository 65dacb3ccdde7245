/*
 * The quick way to read a line of the journal: word for word as tl_journal_line_write puts
 * "start" and "done" of a stage. Millions of lines are read so when a run is resumed.
 */
#ifndef TL_RUNNER_STORE_JOURNAL_FAST_H
#define TL_RUNNER_STORE_JOURNAL_FAST_H

#include "runner/store/journal_line.h"

/**
 * Reads `n` bytes of a line whose CRC is right, up to, not including, its CRC.
 * \return false where anything stands otherwise than the writer puts it: the line may be
 * good all the same, and is to be read as JSON; `out` then means nothing
 */
bool tl_journal_plain_read(const char *bytes, size_t n, tl_line *out);

#endif
