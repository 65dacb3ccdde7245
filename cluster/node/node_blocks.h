/*
 * The room node: memory that the ranks of one node share. It may use cluster/comm and
 * compute.
 *
 * What a node's lowest rank publishes while it opens a plan, the others map. Blocks are
 * anonymous files, sealed against any change, that the others open through /proc; they have
 * no name in any folder, so nothing is left behind however a run ends. No rank sends
 * anything to another, and a rank that can open nothing (another user, no /proc) does
 * without. Nothing here is collective.
 */
#ifndef TL_CLUSTER_NODE_NODE_BLOCKS_H
#define TL_CLUSTER_NODE_NODE_BLOCKS_H

#include "cluster/comm/cluster.h"
#include "compute/data/shared_blocks.h"

/** The blocks that this rank has published or found. */
typedef struct tl_node_blocks tl_node_blocks;

/** Opens the node's blocks; owned, ended by tl_node_blocks_close.
 * \return NULL where this rank is alone on its node, or out of memory */
tl_node_blocks *tl_node_blocks_open(const tl_cluster *cluster);

/** The operations on `blocks`, borrowed from it; NULL where `blocks` is NULL. */
const tl_shared_blocks *tl_node_blocks_shared(tl_node_blocks *blocks);

/** Nothing can be published or found from here on: for when all ranks of the node have what
 * they want. What was found stays mapped. `blocks` may be NULL. */
void tl_node_blocks_freeze(tl_node_blocks *blocks);

/** Unmaps and frees everything. `blocks` may be NULL. */
void tl_node_blocks_close(tl_node_blocks *blocks);

#endif
