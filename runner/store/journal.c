#include "runner/store/journal.h"

#include "compute/core/clock.h"
#include "compute/core/failpoint.h"
#include "compute/core/file.h"
#include "compute/core/log.h"
#include "runner/store/journal_line.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 1 << 20, LONGEST_LINE = 16 << 20, MOST_REPORTS = 8 };

struct tl_journal {
    char *path;
    int file;
    off_t size;      /* of what is synced */
    tl_text pending; /* lines that were put since */
    uint32_t build;  /* of the last head that was put */
    tl_err fault;    /* status TL_OK until the first error */
};

/* ---- reading ------------------------------------------------------------------------- */

/* A pass over a file, line by line. */
typedef struct scan {
    const char *path;
    int file;
    tl_journal_reader reader;
    void *self;
    char *bytes; /* [held] of [space], read and not yet used */
    size_t held, space;
    off_t at;          /* where in the file `bytes` starts */
    long line;         /* lines so far */
    long good;         /* records so far, those of other versions included */
    long reports;      /* lines that were reported, or would have been */
    long broken;       /* number of the last line if its CRC is wrong; else 0 */
    off_t broken_at;   /* where that line starts */
    bool starts_right; /* the file begins as a journal does */
} scan;

static void report(scan *s, long line, const char *what)
{
    if (s->reports++ >= MOST_REPORTS) return;
    tl_log(TL_LOG_WARN, "%s: line %ld %s: skipped; its step will be rerun%s", s->path, line,
           what, s->reports == MOST_REPORTS ? "; further lines are not reported" : "");
}

static tl_status take_record(scan *s, tl_line *line, tl_err *err)
{
    s->good++;
    const tl_status status = s->reader(s->self, &line->record, err);
    tl_journal_line_close(line);
    return status;
}

/* Takes the whole records within a damaged line; *found is how many. */
static tl_status take_pieces(scan *s, const char *bytes, size_t n, int *found, tl_err *err)
{
    const char *start;
    size_t at = 0, length;
    tl_line line;
    *found = 0;
    while (tl_journal_line_find(bytes, n, &at, &start, &length)) {
        if (tl_journal_line_read(start, length, &line) != TL_LINE_GOOD) continue;
        ++*found;
        TL_TRY(take_record(s, &line, err));
    }
    return TL_OK;
}

static tl_status take_line(scan *s, const char *bytes, size_t n, off_t at, tl_err *err)
{
    tl_line line;
    int pieces;
    s->line++;
    if (s->broken > 0) report(s, s->broken, "is damaged");
    s->broken = 0;
    switch (tl_journal_line_read(bytes, n, &line)) {
    case TL_LINE_BROKEN:
        TL_TRY(take_pieces(s, bytes, n, &pieces, err));
        if (pieces > 0) { /* not an interrupted write: stays in the file */
            report(s, s->line, "is damaged in part");
            return TL_OK;
        }
        s->broken = s->line;
        s->broken_at = at;
        if (s->line == 1) s->starts_right = tl_journal_line_starts(bytes, n);
        return TL_OK;
    case TL_LINE_STRANGE:
        s->good++;
        report(s, s->line, "is not a record of this version");
        return TL_OK;
    case TL_LINE_GOOD:
        break;
    }
    return take_record(s, &line, err);
}

static tl_status take_lines(scan *s, tl_err *err)
{
    size_t used = 0;
    const char *end;
    while ((end = memchr(s->bytes + used, '\n', s->held - used)) != NULL) {
        const char *start = s->bytes + used;
        const size_t n = (size_t)(end - start);
        TL_TRY(take_line(s, start, n, s->at + (off_t)used, err));
        used += n + 1;
    }
    s->held -= used;
    s->at += (off_t)used;
    memmove(s->bytes, s->bytes + used, s->held);
    TL_CHECK(s->held <= LONGEST_LINE, err, TL_E_FORMAT,
             "%s: line %ld is longer than %d MiB: not a journal of threatloop", s->path,
             s->line + 1, LONGEST_LINE >> 20);
    return TL_OK;
}

static tl_status make_room(scan *s, tl_err *err)
{
    if (s->space - s->held >= BLOCK) return TL_OK;
    const size_t space = s->space ? 2 * s->space : 2 * (size_t)BLOCK;
    char *bytes = realloc(s->bytes, space);
    TL_CHECK(bytes, err, TL_E_NOMEM, "%s: no memory to read it", s->path);
    s->bytes = bytes;
    s->space = space;
    return TL_OK;
}

static tl_status read_all(scan *s, tl_err *err)
{
    for (;;) {
        TL_TRY(make_room(s, err));
        const ssize_t n = read(s->file, s->bytes + s->held, BLOCK);
        if (n < 0 && errno == EINTR) continue;
        TL_CHECK(n >= 0, err, TL_E_IO, "%s: cannot be read: %s", s->path, strerror(errno));
        if (n == 0) break;
        s->held += (size_t)n;
        TL_TRY(take_lines(s, err));
    }
    if (s->held > 0) {
        if (s->broken > 0) report(s, s->broken, "is damaged");
        s->broken = 0;
        if (s->line == 0) s->starts_right = tl_journal_line_starts(s->bytes, s->held);
    }
    if (s->reports > MOST_REPORTS)
        tl_log(TL_LOG_WARN, "%s: %ld lines skipped", s->path, s->reports);
    return TL_OK;
}

tl_status tl_journal_read(const tl_folder *folder, const char *path,
                          tl_journal_reader reader, void *self, tl_err *err)
{
    scan s = {.path = path, .reader = reader, .self = self};
    TL_TRY(tl_file_open(folder, path, &s.file, NULL, err));
    const tl_status status = read_all(&s, err);
    if (status == TL_OK && s.broken > 0) report(&s, s.broken, "is damaged");
    (void)close(s.file);
    free(s.bytes);
    return status;
}

/* ---- writing ------------------------------------------------------------------------- */

/* Discards what an interrupted write left; *size is the length of the file then. */
static tl_status cut_tail(const scan *s, off_t *size, tl_err *err)
{
    const off_t end = s->at + (off_t)s->held;
    *size = s->broken > 0 ? s->broken_at : s->at;
    if (*size == end) return TL_OK;
    TL_CHECK(s->good > 0 || s->starts_right, err, TL_E_FORMAT,
             "%s: not a journal of threatloop: no line of it can be read; left unchanged",
             s->path);
    TL_CHECK(ftruncate(s->file, *size) == 0 && fsync(s->file) == 0, err, TL_E_IO,
             "%s: cannot discard its truncated record: %s", s->path, strerror(errno));
    tl_log(TL_LOG_WARN,
           "%s: truncated record (%lld bytes) discarded; its step will be rerun", s->path,
           (long long)(end - *size));
    return TL_OK;
}

/* So that a journal that was made just now persists. */
static tl_status sync_folder(const tl_folder *folder, const char *path, tl_err *err)
{
    int parent;
    const char *name;
    TL_TRY(tl_folder_of(folder, path, &parent, &name, err));
    const bool is_synced = tl_durable_folder(parent);
    const int reason = errno;
    (void)close(parent);
    TL_CHECK(is_synced, err, TL_E_IO, "%s: its folder cannot be synced: %s", path,
             strerror(reason));
    return TL_OK;
}

static tl_status open_for_appending(tl_journal *journal, const tl_folder *folder,
                                    tl_journal_reader reader, void *self, tl_err *err)
{
    TL_TRY(
        tl_file_open_own(folder, journal->path, O_CREAT | O_APPEND, &journal->file, err));
    scan s = {.path = journal->path, .file = journal->file, .reader = reader, .self = self};
    tl_status status = read_all(&s, err);
    if (status == TL_OK) status = cut_tail(&s, &journal->size, err);
    free(s.bytes);
    TL_TRY(status);
    return journal->size > 0 ? TL_OK : sync_folder(folder, journal->path, err);
}

tl_status tl_journal_open(const tl_folder *folder, const char *path,
                          tl_journal_reader reader, void *self, tl_journal **out,
                          tl_err *err)
{
    tl_journal *journal = calloc(1, sizeof *journal);
    char *copy = malloc(strlen(path) + 1);
    if (!journal || !copy) {
        free(journal);
        free(copy);
        return tl_fail(err, TL_E_NOMEM, "%s: no memory to open it", path);
    }
    journal->path = strcpy(copy, path);
    journal->file = -1;
    const tl_status status = open_for_appending(journal, folder, reader, self, err);
    if (status != TL_OK) {
        tl_journal_close(journal);
        return status;
    }
    *out = journal;
    return TL_OK;
}

void tl_journal_put(tl_journal *journal, const tl_record *record)
{
    if (journal->fault.status != TL_OK) return;
    tl_record dated = *record;
    if (dated.when == 0.0) dated.when = tl_unix_seconds();
    if (dated.kind == TL_RECORD_HEAD)
        journal->build = tl_crc32(dated.text, dated.text ? strlen(dated.text) : 0);
    if (dated.build == 0) dated.build = journal->build;
    tl_journal_line_write(&journal->pending, &dated);
}

static tl_status write_pending(tl_journal *journal, tl_err *err)
{
    const tl_text *pending = &journal->pending;
    TL_CHECK(!pending->is_short, err, TL_E_NOMEM, "%s: no memory for more records",
             journal->path);
    tl_failpoint_pass(TL_FAILPOINT_JOURNAL);
    if (tl_durable_write(journal->file, pending->at, pending->length) &&
        tl_durable_sync(journal->file))
        return TL_OK;
    const int reason = errno;
    const bool is_cut = ftruncate(journal->file, journal->size) == 0;
    return tl_fail(err, TL_E_IO, "%s: cannot be written: %s%s", journal->path,
                   strerror(reason), is_cut ? "" : "; its last line may be truncated");
}

tl_status tl_journal_sync(tl_journal *journal, tl_err *err)
{
    const bool has_news = journal->pending.length > 0 || journal->pending.is_short;
    if (journal->fault.status == TL_OK && has_news) {
        tl_err fault = {0};
        if (write_pending(journal, &fault) == TL_OK) {
            journal->size += (off_t)journal->pending.length;
            tl_text_clear(&journal->pending);
        } else {
            journal->fault = fault;
            tl_text_close(&journal->pending);
        }
    }
    if (journal->fault.status == TL_OK) return TL_OK;
    return tl_fail(err, journal->fault.status, "%s", journal->fault.text);
}

const char *tl_journal_path(const tl_journal *journal)
{
    return journal->path;
}

bool tl_journal_is_in_place(const tl_journal *journal)
{
    struct stat here, there;
    if (fstat(journal->file, &here) != 0) return true;
    /* Other errors of a look-up may pass. */
    if (stat(journal->path, &there) != 0) return errno != ENOENT && errno != ENOTDIR;
    return here.st_ino == there.st_ino && here.st_dev == there.st_dev;
}

void tl_journal_close(tl_journal *journal)
{
    if (!journal) return;
    if (journal->file >= 0) (void)close(journal->file);
    tl_text_close(&journal->pending);
    free(journal->path);
    free(journal);
}
