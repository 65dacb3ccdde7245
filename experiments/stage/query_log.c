#include "experiments/stage/query_log.h"

#include "compute/core/tensor_file.h"

#include <limits.h>
#include <stdio.h>

static const char FORMAT[] = "threatloop-queries-1";

tl_status tl_query_log_save(const tl_query_log *log, const tl_key *key,
                            const tl_folder *folder, const char *path, tl_err *err)
{
    TL_INVARIANT(log->clients == 1);
    const tl_client_log *client = &log->client[0];
    char occurrence[16];
    (void)snprintf(occurrence, sizeof occurrence, "%u", (unsigned)client->occurrence);
    tl_file_entry entry[] = {{"stage", client->stage}, {"occurrence", occurrence}};
    tl_file_tensor tensor = {.name = "input",
                             .dtype = TL_DTYPE_F32,
                             .rank = 2,
                             .size = {(uint64_t)client->rows, (uint64_t)client->size},
                             .at = (void *)(uintptr_t)client->input}; /* only read */
    const tl_tensor_file file = {.format = FORMAT,
                                 .step = key,
                                 .entries = 2,
                                 .entry = entry,
                                 .tensors = 1,
                                 .tensor = &tensor};
    return tl_tensor_file_save(&file, folder, path, err);
}

tl_status tl_query_log_load(const tl_folder *folder, const char *path, const tl_key *key,
                            tl_arena *arena, tl_query_log **out, tl_err *err)
{
    const tl_tensor_want want = {.what = "log of queries", .format = FORMAT, .step = key};
    tl_tensor_file *file;
    tl_client_log *client;
    TL_TRY(tl_tensor_file_load(folder, path, &want, arena, &file, err));
    const tl_file_tensor *input = tl_tensor_file_find(file, "input", TL_DTYPE_F32, 2);
    const char *stage = tl_tensor_file_text(file, "stage");
    int occurrence;
    TL_CHECK(input && stage &&
                 tl_tensor_file_whole(file, "occurrence", INT_MAX, &occurrence),
             err, TL_E_FORMAT, "%s: not a log of queries", path);
    TL_ALLOC(client, arena, 1, err);
    TL_ALLOC(*out, arena, 1, err);
    *client = (tl_client_log){.stage = stage,
                              .occurrence = (uint32_t)occurrence,
                              .rows = (int)input->size[0],
                              .size = (int)input->size[1],
                              .input = input->at};
    **out = (tl_query_log){.clients = 1, .client = client};
    return TL_OK;
}
