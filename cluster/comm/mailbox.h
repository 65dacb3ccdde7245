/*
 * Messages between ranks: bytes with a tag. Neither sending nor receiving waits. Messages
 * of one tag from one rank arrive in the order they were sent. Any thread may send and
 * receive at any time, but each tag must have one receiving thread. Nothing here is
 * collective.
 */
#ifndef TL_CLUSTER_COMM_MAILBOX_H
#define TL_CLUSTER_COMM_MAILBOX_H

#include "cluster/comm/cluster.h"

#include <stdint.h>

/** The kind of a message, which also decides who receives it. */
typedef enum tl_tag {
    TL_TAG_ORDER = 1, /**< coordinator to workers */
    TL_TAG_RESULT,    /**< workers to coordinator */
    TL_TAG_HEARTBEAT, /**< heartbeat.c's own: to rank 0 */
    TL_TAG_CONTROL    /**< heartbeat.c's own: from rank 0 */
} tl_tag;

/** A set of tags: TL_TAGS(TL_TAG_ORDER) | TL_TAGS(TL_TAG_CONTROL). */
#define TL_TAGS(tag) (1u << (tag))

/** A message that arrived. Zero is a valid empty one; the buffer grows and is reused. */
typedef struct tl_message {
    int from;
    tl_tag tag;
    size_t n;             /**< bytes */
    unsigned char *bytes; /**< [n] owned; aligned as by malloc */
    size_t space;         /**< bytes that fit */
} tl_message;

/** Frees the buffer; `message` is empty again. */
void tl_message_close(tl_message *message);

/**
 * Sends a copy of `bytes` [n], at most 1 GiB, to rank `to`, which may be this one.
 * \return TL_E_PEER if `to` was marked as failed or MPI cannot reach it, TL_E_NOMEM,
 *         TL_E_ARG
 */
TL_MUST_USE tl_status tl_mailbox_send(tl_cluster *cluster, int to, tl_tag tag,
                                      const void *bytes, size_t n, tl_err *err);

/**
 * Takes the next message with one of `tags`, from any rank.
 * \param message result; its buffer is reused
 * \return true if there was one; false if not, or, with err->status TL_E_NOMEM, if it does
 * not fit into memory. err->status is always set
 */
TL_MUST_USE bool tl_mailbox_receive(tl_cluster *cluster, unsigned tags, tl_message *message,
                                    tl_err *err);

/** Messages to live ranks that are not sent yet; makes progress on them. */
int tl_mailbox_pending(tl_cluster *cluster);

/** Waits until all messages to live ranks are sent, at most `seconds`. */
void tl_mailbox_drain(tl_cluster *cluster, double seconds);

#endif
