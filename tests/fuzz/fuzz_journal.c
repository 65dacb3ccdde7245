/*
 * A journal. A line that ends in ~ gets the right CRC in its place, so that what lies
 * behind the check is met as well. Reading and opening must agree, a journal that was cut
 * has the same records when it is opened again (a line before the cut may be broken too and
 * is then the last), and a record that was read is written as it was.
 */
#include "compute/core/hash.h"
#include "compute/core/text.h"
#include "runner/store/journal_line.h"
#include "runner/store/journal_stats.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static tl_text repair(fuzz_bytes from)
{
    tl_text out = {0};
    tl_text_add(&out, "");
    while (from.left > 0) {
        const uint8_t *end = memchr(from.at, '\n', from.left);
        const size_t length = end ? (size_t)(end - from.at) : from.left;
        const fuzz_bytes line = fuzz_piece(&from, length);
        if (length > 0 && line.at[length - 1] == '~') {
            tl_text_bytes(&out, (const char *)line.at, length - 1);
            tl_text_print(&out, ",\"crc\":\"%08x\"}",
                          (unsigned)tl_crc32(line.at, length - 1));
        } else {
            tl_text_bytes(&out, (const char *)line.at, length);
        }
        if (end) tl_text_bytes(&out, (const char *)fuzz_piece(&from, 1).at, 1);
    }
    return out;
}

static tl_status count(void *self, const tl_record *record, tl_err *err)
{
    long *records = self;
    (void)err;
    TL_INVARIANT(record->measures >= 0 && record->measures <= TL_MAX_METRICS);
    for (int i = 0; i < record->measures; i++) {
        TL_INVARIANT(record->measure[i].why >= 0 &&
                     record->measure[i].why <= TL_WHY_NOT_RUN);
    }
    (*records)++;
    return TL_OK;
}

static void write_again(const char *bytes, size_t n)
{
    tl_line line, again;
    if (tl_journal_line_read(bytes, n, &line) != TL_LINE_GOOD) return;
    tl_text once = {0}, twice = {0};
    tl_journal_line_write(&once, &line.record);
    TL_INVARIANT(tl_journal_line_read(once.at, once.length - 1, &again) == TL_LINE_GOOD);
    tl_journal_line_write(&twice, &again.record);
    TL_INVARIANT(once.length == twice.length &&
                 memcmp(once.at, twice.at, once.length) == 0);
    tl_journal_line_close(&again);
    tl_journal_line_close(&line);
    tl_text_close(&once);
    tl_text_close(&twice);
}

static void open_twice(const char *path)
{
    long read = 0, opened = 0, again = 0, with_more = 0;
    struct stat before, after;
    tl_journal *journal;
    tl_journal_stats stats;
    tl_err err;
    if (tl_journal_read(NULL, path, count, &read, &err) != TL_OK) return;
    if (tl_journal_stats_read(NULL, path, &stats, &err) == TL_OK)
        tl_journal_stats_close(&stats);
    if (tl_journal_open(NULL, path, count, &opened, &journal, &err) != TL_OK) return;
    tl_journal_close(journal);
    TL_INVARIANT(read == opened && stat(path, &before) == 0);
    TL_INVARIANT(tl_journal_open(NULL, path, count, &again, &journal, &err) == TL_OK);
    TL_INVARIANT(read == again && stat(path, &after) == 0);
    TL_INVARIANT(after.st_size <= before.st_size);
    const tl_record more = {.kind = TL_RECORD_LOST, .stage = "more", .when = 1.0};
    tl_journal_put(journal, &more);
    TL_INVARIANT(tl_journal_sync(journal, &err) == TL_OK);
    tl_journal_close(journal);
    TL_INVARIANT(tl_journal_read(NULL, path, count, &with_more, &err) == TL_OK);
    TL_INVARIANT(with_more == again + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    fuzz_quiet();
    tl_text content = repair((fuzz_bytes){bytes, n});
    const char *end = memchr(content.at, '\n', content.length);
    write_again(content.at, end ? (size_t)(end - content.at) : content.length);
    open_twice(fuzz_file("journal.ndjson", content.at, content.length));
    tl_text_close(&content);
    return 0;
}
