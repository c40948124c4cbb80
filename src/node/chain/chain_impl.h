/*
 * What the files of chain.h share: chain.c (life, questions), tree.c (nodes,
 * finality, pruning), fork.c (acceptance, fork choice, reorganisation),
 * propose.c (mempool, leading). Private to node/chain and its tests.
 */
#ifndef NODE_CHAIN_CHAIN_IMPL_H
#define NODE_CHAIN_CHAIN_IMPL_H

#include "node/chain/chain.h"
#include "node/chain/ledger.h"
#include "node/chain/mempool.h"
#include "util/map.h"
#include "util/mem.h"

/* Side branches beyond this lose their lowest leaves, which can be fetched again. */
#define CHAIN_MAX_SIDE       4096
#define CHAIN_MAX_SIDE_BYTES (64u * 1024 * 1024)

/* The epoch of a block, as its own branch sees it. */
struct chain_epoch {
	uint64_t number;
	struct id32 nonce;
	bool has_last;
	struct id32 last; /* latest block in the part that makes the next nonce */
};

struct chain_node {
	struct id32 id;
	struct chain_node *parent; /* NULL: genesis */
	uint64_t slot, height;
	struct block *block; /* NULL: genesis, and invalid nodes */
	struct chain_epoch epoch;
	struct ledger_journal undo; /* while on the best chain above LIB */
	bool verified;              /* applied once: its transactions' signatures are good */
	bool invalid;               /* it or an ancestor cannot be applied */
	bool drop;                  /* scratch of tree_prune() */
};

struct chain {
	const struct genesis *genesis; /* borrowed */
	struct chain_hooks hooks;
	struct map *nodes;               /* id -> struct chain_node, owned */
	VEC(struct chain_node *) best;   /* by height */
	VEC(struct chain_node *) recent; /* above LIB, any branch, parents first */
	size_t n_side, side_bytes;       /* nodes in recent that are not on the best chain */
	uint64_t lib_height;
	struct map *stakes; /* key -> its struct tx_output in genesis */
	struct ledger *ledger;
	struct mempool *pool;
	/* epochs are hash chains: remembers the last one that was computed */
	struct id32 epoch_parent;
	struct chain_epoch epoch_memo;
	bool have_epoch_memo;
};

static inline struct chain_node *chain_tip_node(const struct chain *c)
{
	return c->best.items[c->best.len - 1];
}

static inline bool chain_on_best(const struct chain *c, const struct chain_node *n)
{
	return n->height < c->best.len && c->best.items[n->height] == n;
}

/* tree.c */
struct chain_node *tree_find(const struct chain *c, const struct id32 *id);
/* Takes the block. */
struct chain_node *tree_add(struct chain *c, struct chain_node *parent, struct block *b);
void tree_node_free(void *node);
struct chain_entry tree_entry(const struct chain_node *n);
/* The epoch in which a child of the node with that slot is. */
struct chain_epoch tree_epoch(struct chain *c, const struct chain_node *parent, uint64_t slot);
/* Recomputes what is counted for side branches; keep is not evicted. */
void tree_bound_side(struct chain *c, const struct chain_node *keep);
/* Marks the node and all that descend from it, and frees their bodies. */
void tree_mark_invalid(struct chain *c, struct chain_node *n);
/* Moves LIB to where the tip demands, drops what it cuts off. Returns the old LIB's height. */
uint64_t tree_finalise(struct chain *c);

#endif
