/*
 * Messages from rank to rank: flat bytes under a tag. Sending never waits, receiving never
 * waits. Any thread of a rank may send and receive at any time; each tag must have one
 * receiving thread. Messages of one tag from one rank arrive in the order they were sent.
 */
#ifndef TL_CLUSTER_COMM_MAILBOX_H
#define TL_CLUSTER_COMM_MAILBOX_H

#include "cluster/comm/cluster.h"

#include <stdint.h>

typedef enum tl_tag {
    TL_TAG_ORDER = 1, /**< coordinator to workers */
    TL_TAG_RESULT,    /**< workers to coordinator */
    TL_TAG_HEARTBEAT, /**< tl_heartbeat's own: to rank 0 */
    TL_TAG_CONTROL    /**< tl_heartbeat's own: from rank 0 */
} tl_tag;

/** A set of tags: TL_TAGS(TL_TAG_ORDER) | TL_TAGS(TL_TAG_CONTROL). */
#define TL_TAGS(tag) (1u << (tag))

/** A message that arrived. Zero is a valid empty one; the buffer grows and is used again.
 */
typedef struct tl_message {
    int from;
    tl_tag tag;
    size_t n;             /**< bytes */
    unsigned char *bytes; /**< owned; aligned as by malloc */
    size_t space;
} tl_message;

void tl_message_close(tl_message *message);

/**
 * Sends a copy of `n` bytes (at most 1 GiB) to rank `to`, which may be this rank. Does not
 * wait for anybody.
 * \return TL_E_LOST if `to` is buried or MPI knows that it is gone, TL_E_SPACE, TL_E_ARG
 */
TL_MUST_USE tl_status tl_mailbox_send(tl_cluster *cluster, int to, tl_tag tag,
                                      const void *bytes, size_t n, tl_err *err);

/**
 * Takes the next message that has one of `tags`, from any rank.
 * \return true if `message` now holds one; false if there is none, and also, with
 *         err->status not TL_OK, if memory or MPI failed. err->status is always set
 */
TL_MUST_USE bool tl_mailbox_receive(tl_cluster *cluster, unsigned tags, tl_message *message,
                                    tl_err *err);

/** How many messages sent by this rank have not yet left it; drives them on. */
int tl_mailbox_pending(tl_cluster *cluster);

#endif
