/*
 * The journal of a run: one JSON object per line, each with its CRC-32, appended and
 * fsynced by rank 0 before a step counts as done. Never rewritten: a truncated last line is
 * discarded with a warning; a damaged line is reported and skipped, but for whole records
 * in it (the damage may be the newline).
 */
#ifndef TL_RUNNER_STORE_JOURNAL_H
#define TL_RUNNER_STORE_JOURNAL_H

#include "compute/core/folder.h"
#include "runner/store/journal_record.h"

/** A journal that is open for appending. */
typedef struct tl_journal tl_journal;

/** Takes a record that is read back; the record is borrowed.
 * \return TL_OK, or any error, TL_E_STOP included: it ends the reading */
typedef tl_status (*tl_journal_reader)(void *self, const tl_record *record, tl_err *err);

/**
 * Opens `path` in a private folder (NULL: any place) for appending, creating it if need be
 * (mode 0600); follows no link. An existing journal is first passed to `reader`, record by
 * record. What an interrupted write left at the end (bytes without a newline, or a last
 * line with a wrong CRC) is discarded, with a warning. Other damaged lines are reported
 * with their number and skipped, so that their steps are rerun. A record may come twice.
 *
 * \return TL_E_IO, TL_E_NOMEM, TL_E_FORMAT (a line of more than 16 MiB; not a journal,
 * which is left unchanged), or the error of `reader`
 */
TL_MUST_USE tl_status tl_journal_open(const tl_folder *folder, const char *path,
                                      tl_journal_reader reader, void *self,
                                      tl_journal **out, tl_err *err);

/** Reads `path` as tl_journal_open does, without changing it, even while a run appends to
 * it: ignores bytes after the last newline. \return as tl_journal_open */
TL_MUST_USE tl_status tl_journal_read(const tl_folder *folder, const char *path,
                                      tl_journal_reader reader, void *self, tl_err *err);

/** Adds a record to what the next sync writes; does nothing after an error. Records after a
 * HEAD carry that head's build. */
void tl_journal_put(tl_journal *journal, const tl_record *record);

/**
 * Writes and fdatasyncs all records put since the last sync. On an error the file is cut
 * back to its length at that sync, if the system allows; every later sync returns the same
 * error and writes nothing.
 *
 * \return TL_E_IO with path and reason, TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_journal_sync(tl_journal *journal, tl_err *err);

/** The path it was opened with, borrowed. */
const char *tl_journal_path(const tl_journal *journal);

/** Whether its path is still the file that is written: false if it, or a folder above it,
 * was removed or moved. */
bool tl_journal_is_in_place(const tl_journal *journal);

/** Closes the file without a sync; NULL is allowed. */
void tl_journal_close(tl_journal *journal);

#endif
