/*
 * The log of queries: what clients asked the service, session by session. A list: every
 * stage that asks adds its own session, without reading the others'.
 */
#ifndef TL_EXPERIMENTS_STAGE_QUERY_LOG_H
#define TL_EXPERIMENTS_STAGE_QUERY_LOG_H

#include "compute/core/arena.h"
#include "compute/core/folder.h"
#include "compute/core/hash.h"

#include <stdint.h>

/** What one session asked. */
typedef struct tl_client_log {
    const char *stage;   /**< that asked */
    uint32_t occurrence; /**< of that stage among its ancestors */
    int size;            /**< numbers of a query */
    int rows;            /**< queries */
    const float *input;  /**< [rows x size] in the order of the queries */
} tl_client_log;

/** All sessions, in the order of the chain. Pointers are borrowed. */
typedef struct tl_query_log {
    int clients;
    const tl_client_log *client; /**< [clients] */
} tl_query_log;

/** Writes a log of one client durably, as made by step `key`, to `path` in a private folder
 * (NULL: any place). Not collective.
 * \return as tl_tensor_file_save */
TL_MUST_USE tl_status tl_query_log_save(const tl_query_log *log, const tl_key *key,
                                        const tl_folder *folder, const char *path,
                                        tl_err *err);

/** Reads what tl_query_log_save wrote there for step `key`, in `arena`. Not collective.
 * \return as tl_tensor_file_load */
TL_MUST_USE tl_status tl_query_log_load(const tl_folder *folder, const char *path,
                                        const tl_key *key, tl_arena *arena,
                                        tl_query_log **out, tl_err *err);

#endif
