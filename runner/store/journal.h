/*
 * The journal: what a run has come to, one JSON object a line, each with its CRC-32,
 * appended and fsynced by rank 0 before a step counts as done. Never rewritten; a torn last
 * line is cut with a message, a broken line in the middle is reported and skipped, but
 * for the whole records in it (a newline may be what broke).
 */
#ifndef TL_RUNNER_STORE_JOURNAL_H
#define TL_RUNNER_STORE_JOURNAL_H

#include "compute/core/status.h"
#include "runner/store/journal_record.h"

/** A journal that is open for appending. */
typedef struct tl_journal tl_journal;

/** What the caller does with each record that is read back; the record is borrowed.
 * \return TL_OK, or the error that ends the reading, of any kind, TL_E_STOP included */
typedef tl_status (*tl_journal_reader)(void *self, const tl_record *record, tl_err *err);

/**
 * Opens PATH for appending, creating it if need be (mode 0600). An existing one is read
 * first, record by record, to `reader`. What an interrupted write left at the end (bytes
 * without a newline, or a last line with a wrong CRC) is cut, with a warning. Other lines
 * that cannot be read are reported with their number and passed over: what they said is
 * not known, so their steps run again. A record may come twice.
 * \return TL_E_IO, TL_E_NOMEM, TL_E_FORMAT (a line of more than 16 MiB; not a journal at
 * all, and then left alone), or what `reader` returned
 */
TL_MUST_USE tl_status tl_journal_open(const char *path, tl_journal_reader reader,
                                      void *self, tl_journal **out, tl_err *err);

/** Reads PATH as tl_journal_open does, without changing it, also while a run appends to it:
 * bytes after the last newline do not count and are not reported. \return as
 * tl_journal_open */
TL_MUST_USE tl_status tl_journal_read(const char *path, tl_journal_reader reader,
                                      void *self, tl_err *err);

/** Adds a record to what the next sync writes; nothing after an error. What is put after a
 * HEAD carries that head's build. */
void tl_journal_put(tl_journal *journal, const tl_record *record);

/**
 * Writes and fdatasyncs all that was put since the last one. On an error the file is cut
 * back to where that one left it, as far as the system allows; every later sync returns
 * the same error and writes nothing. \return TL_E_IO with path and reason, TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_journal_sync(tl_journal *journal, tl_err *err);

/** The PATH it was opened with, borrowed. */
const char *tl_journal_path(const tl_journal *journal);

/** Whether PATH is still the file that is written to: false where it, or a folder above it,
 * was removed or moved. */
bool tl_journal_is_in_place(const tl_journal *journal);

/** Closes the file without a sync; NULL is allowed. */
void tl_journal_close(tl_journal *journal);

#endif
