/*
 * The log of queries: what clients asked the service, session by session. A list: every
 * stage that asks adds its own session, without reading the others'.
 */
#ifndef TL_EXPERIMENTS_STAGE_QUERY_LOG_H
#define TL_EXPERIMENTS_STAGE_QUERY_LOG_H

#include <stdint.h>

/** One session. */
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

#endif
