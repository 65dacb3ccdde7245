#include "runner/cli/findings_read.h"

#include "analysis/report/gallery.h"
#include "analysis/report/label.h"
#include "analysis/report/page.h"
#include "analysis/table/result_file.h"
#include "compute/core/log.h"
#include "runner/results/output_file.h"
#include "runner/results/success.h"

#include <string.h>
#include <unistd.h>

/* FILE without .nc, plus `ending`. */
static const char *beside(const char *file, const char *ending, tl_arena *arena,
                          tl_err *err)
{
    const size_t length = strlen(file);
    const bool has_nc = length > 3 && strcmp(file + length - 3, ".nc") == 0;
    return tl_arena_print(arena, err, "%.*s%s", (int)(length - (has_nc ? 3 : 0)), file,
                          ending);
}

/* What the steps cost, from the account beside the file; none if there is no such. */
static const tl_table *find_account(const char *file, tl_arena *arena)
{
    tl_table *table;
    const char *path = beside(file, ".run.nc", arena, NULL);
    if (!path || access(path, R_OK) != 0) return NULL;
    if (tl_result_read(path, arena, &table, NULL) != TL_OK) return NULL;
    return tl_table_find(table, "seconds") && tl_table_find(table, "stage") ? table : NULL;
}

tl_status tl_findings_read_effects(const tl_words *files, tl_arena *arena, tl_findings *out,
                                   tl_err *err)
{
    const tl_table *each[TL_MOST_SOURCES];
    tl_table *table = NULL;
    tl_effects *effects;
    for (int i = 0; i < files->count; i++) {
        TL_TRY(tl_result_read(files->at[i], arena, &table, err));
        each[i] = table;
    }
    if (files->count > 1) TL_TRY(tl_table_pool(each, files->count, arena, &table, err));
    tl_success_mark(table);
    TL_TRY(tl_effects_estimate(table, arena, &effects, err));
    const char *slash = strrchr(files->at[0], '/');
    *out = (tl_findings){.file = slash ? slash + 1 : files->at[0],
                         .table = table,
                         .effects = effects,
                         .arena = arena};
    return tl_label_read(table, arena, &out->labels, err);
}

tl_status tl_findings_read(const tl_words *files, tl_arena *arena, tl_findings *out,
                           tl_err *err)
{
    TL_TRY(tl_findings_read_effects(files, arena, out, err));
    if (files->count > 1) return TL_OK;
    out->account = find_account(files->at[0], arena);
    for (int g = 0; g < TL_GROUPS; g++)
        TL_TRY(tl_stored_read(files->at[0], (tl_group_kind)g,
                              g == TL_GROUP_IMAGES ? TL_MOST_IMAGES : SIZE_MAX, arena,
                              &out->stored[g], err));
    return TL_OK;
}

tl_status tl_findings_page(const char *file, tl_arena *arena, tl_err *err)
{
    tl_findings found;
    char *const names[] = {tl_arena_text(arena, file, err)};
    const char *page = beside(file, ".html", arena, err);
    if (!names[0] || !page) return TL_E_NOMEM;
    const tl_output output = {
        .path = page, .input = (const char *const *)names, .inputs = 1, .is_forced = true};
    TL_TRY(tl_output_check(&output, err));
    TL_TRY(tl_findings_read(&(tl_words){names, 1}, arena, &found, err));
    TL_TRY(tl_page_write(&found, page, err));
    tl_log(TL_LOG_INFO, "page=%s", page);
    return TL_OK;
}
