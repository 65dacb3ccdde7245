/*
 * Room cluster/node: memory that the ranks of a node share. Uses cluster/comm and compute.
 *
 * A node's lowest rank publishes blocks while it opens a plan, the others map them. Blocks
 * are anonymous files, sealed against changes, which the others open through /proc; they
 * have no name in any folder, so nothing is left behind however a run ends. Ranks send each
 * other nothing, and one that cannot open blocks (another user, no /proc) does without.
 * Nothing here is collective.
 */
#ifndef TL_CLUSTER_NODE_NODE_BLOCKS_H
#define TL_CLUSTER_NODE_NODE_BLOCKS_H

#include "cluster/comm/cluster.h"
#include "compute/data/shared_blocks.h"

/** The blocks that this rank has published or found. */
typedef struct tl_node_blocks tl_node_blocks;

/** Opens the node's blocks; owned, ended by tl_node_blocks_close.
 * \return NULL if this rank is alone on its node, or out of memory */
tl_node_blocks *tl_node_blocks_open(const tl_cluster *cluster);

/** The operations on `blocks`, borrowed from it; NULL if `blocks` is NULL. */
const tl_shared_blocks *tl_node_blocks_shared(tl_node_blocks *blocks);

/** Ends publishing and finding, once all ranks of the node have what they need. Blocks
 * found stay mapped. `blocks` may be NULL. */
void tl_node_blocks_freeze(tl_node_blocks *blocks);

/** Unmaps and frees everything. `blocks` may be NULL. */
void tl_node_blocks_close(tl_node_blocks *blocks);

#endif
