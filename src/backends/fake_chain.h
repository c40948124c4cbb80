/*
 * The in-memory chain of the fake backend: one tree of blocks, and per node
 * what it knows of it, its tip and its mempool. Knows no clock, no network and
 * no script. One thread (net).
 */
#ifndef BACKENDS_FAKE_CHAIN_H
#define BACKENDS_FAKE_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/hex.h"
#include "util/map.h"
#include "util/mem.h"

struct fake_tx {
	struct id32 hash;
	char *json;           /* as in a block; owned */
	VEC(unsigned) blocks; /* that contain it, on whatever branch */
};

struct fake_block {
	struct id32 id;
	unsigned parent; /* index; the genesis block is its own */
	unsigned proposer;
	uint64_t slot, height;
	VEC(unsigned) txs;
};

struct fake_view {
	unsigned tip;
	VEC(bool) known;    /* by block */
	VEC(unsigned) pool; /* transactions, oldest first */
};

struct fake_chain {
	uint64_t seed;
	unsigned k;                      /* security parameter */
	VEC(struct fake_block *) blocks; /* 0 is the genesis block */
	VEC(struct fake_tx *) txs;
	VEC(struct fake_view *) views;        /* by node */
	struct map *block_by_id, *tx_by_hash; /* values are in the lists above */
};

void fake_chain_init(struct fake_chain *c, uint64_t seed, unsigned k);
void fake_chain_release(struct fake_chain *c);
void fake_chain_add_view(struct fake_chain *c);

/* A block of all that waits in the node's pool on top of its tip; nobody knows it yet. */
unsigned fake_chain_propose(struct fake_chain *c, unsigned node, uint64_t slot);
/*
 * The node gets to know a block and all its ancestors; told is called for each
 * one that is new to it, oldest first, after the tip has moved.
 */
void fake_chain_learn(struct fake_chain *c, unsigned node, unsigned block,
	void (*told)(void *arg, unsigned node, unsigned block), void *arg);
unsigned fake_chain_lib(const struct fake_chain *c, unsigned node);

/* Registers a transaction (json is taken) or finds it. */
unsigned fake_chain_tx(struct fake_chain *c, const struct id32 *hash, char *json);
/* Puts it into the node's pool unless it is there or on the node's chain. */
void fake_chain_pool_add(struct fake_chain *c, unsigned node, unsigned tx);

/* -1 when the node does not know it. */
int fake_chain_find_block(const struct fake_chain *c, unsigned node, const struct id32 *id);
bool fake_chain_is_pending(const struct fake_chain *c, unsigned node, const struct id32 *hash);

#endif
