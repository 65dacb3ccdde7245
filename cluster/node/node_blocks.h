/*
 * The shared_blocks of a node: what its lowest rank publishes while it opens a plan, the
 * others map. Blocks are anonymous files, sealed against any change, that the others open
 * through /proc; they have no name in any folder, so nothing is left behind however a run
 * ends. No rank speaks to another here, and who can open nothing (another user, no /proc)
 * does without.
 */
#ifndef TL_CLUSTER_NODE_NODE_BLOCKS_H
#define TL_CLUSTER_NODE_NODE_BLOCKS_H

#include "cluster/comm/cluster.h"
#include "compute/data/shared_blocks.h"

typedef struct tl_node_blocks tl_node_blocks;

/** The node's memory as this rank sees it; owned, ended by tl_node_blocks_close.
 * \return NULL where this rank is alone on its node, or has no memory for it */
tl_node_blocks *tl_node_blocks_open(const tl_cluster *cluster);

/** Its operations; borrowed. NULL where `memory` is. */
const tl_shared_blocks *tl_node_blocks_shared(tl_node_blocks *memory);

/** Nothing more is published or found from here on: once all ranks of the node have found
 * what they want. What was found stays. NULL allowed. */
void tl_node_blocks_freeze(tl_node_blocks *memory);

/** Unmaps everything. NULL allowed. */
void tl_node_blocks_close(tl_node_blocks *memory);

#endif
