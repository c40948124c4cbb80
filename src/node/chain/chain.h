/*
 * The chain of one node: block tree, fork choice, ledger at the tip, mempool,
 * behind one door. Does no I/O and reads no clock: bytes and times are
 * arguments, and what must be stored is handed to `store` calls by the caller
 * through chain_hooks. One thread (the node's loop).
 *
 * Fork choice: longest chain, strictly longer wins, ties keep the current one;
 * a reorganisation deeper than k is refused; LIB = k-th ancestor of the tip
 * (genesis while height < k). Branches that leave the chain below LIB are
 * dropped. Orphans (unknown parent) are not kept here: the caller is told.
 */
#ifndef NODE_CHAIN_CHAIN_H
#define NODE_CHAIN_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "node/chain/block.h"
#include "node/chain/genesis.h"
#include "proto/tx.h"
#include "util/err.h"

struct chain;

/* A block's place in the tree; borrowed, valid until the next chain_* call that adds blocks. */
struct chain_entry {
	struct id32 id, parent;
	uint64_t slot, height; /* genesis: 0, 0 */
	const struct block
		*block; /* NULL for genesis and for blocks that were pruned to the store */
};

enum chain_result {
	CHAIN_NEW_TIP, /* accepted; the tip moved onto it (maybe by a reorganisation) */
	CHAIN_SIDE,    /* accepted on a side branch */
	CHAIN_KNOWN,   /* had it already */
	CHAIN_ORPHAN,  /* parent unknown: fetch it */
	CHAIN_FUTURE,  /* its slot has not begun (a tolerance of one slot is given) */
	CHAIN_INVALID, /* err says why; the sender misbehaves */
	CHAIN_TOO_OLD, /* leaves the chain below LIB */
};

/* Members may be NULL. Hooks may ask the chain, but not change it. */
struct chain_hooks {
	void *arg;
	/* A block was accepted (any branch). Called before on_tip. */
	void (*on_block)(void *arg, const struct block *b, uint64_t height);
	/* The tip moved; depth: blocks that left the best chain (0: plain extension). */
	void (*on_tip)(void *arg, const struct chain_entry *tip, const struct chain_entry *lib,
		uint64_t depth);
	/* LIB moved forward; called once for each block that became final, oldest first. */
	void (*on_final)(void *arg, const struct chain_entry *e);
	/* A transaction that was waiting for an input is pending now (and worth passing on). */
	void (*on_promoted)(void *arg, const struct tx *tx);
};

struct chain *chain_new(const struct genesis *g, const struct chain_hooks *hooks);
void chain_free(struct chain *c);

/* Validates fully (lottery, signatures, ledger) and adds. Takes ownership of b on every path. */
enum chain_result chain_add_block(
	struct chain *c, struct block *b, uint64_t now_slot, struct err *err);

struct chain_entry chain_tip(const struct chain *c);
struct chain_entry chain_lib(const struct chain *c);
/* True also for blocks that turned out invalid, which nothing else here shows. */
bool chain_has(const struct chain *c, const struct id32 *id);
bool chain_find(const struct chain *c, const struct id32 *id, struct chain_entry *ret);
/* Block on the best chain at a height; false above the tip. Blocks stay in memory. */
bool chain_at_height(const struct chain *c, uint64_t height, struct chain_entry *ret);
/* Is id on the best chain? */
bool chain_is_canonical(const struct chain *c, const struct id32 *id);
bool chain_find_tx(const struct chain *c, const struct id32 *hash, struct id32 *ret_block);
/* Every entry of the tree (also side branches), parents before children. */
void chain_each(
	const struct chain *c, void (*fn)(const struct chain_entry *e, void *arg), void *arg);

/* Ledger at the tip. */
uint64_t chain_supply(const struct chain *c);
struct chain_note {
	struct id32 id;
	uint64_t value;
};
/* Unspent wallet notes of a key at the tip; caller frees *ret. Returns their number. */
size_t chain_notes_of(const struct chain *c, const struct id32 *pk, struct chain_note **ret);
bool chain_knows_key(const struct chain *c, const struct id32 *pk); /* ever owned a note */
/* Tip message of an inscription channel; false when the channel does not exist. */
bool chain_channel_tip(const struct chain *c, const struct id32 *channel, struct id32 *ret_message);

/* Mempool, bounded by count and bytes. */
#define MEMPOOL_MAX_TXS   50000
#define MEMPOOL_MAX_BYTES (64u * 1024 * 1024)
enum mempool_result {
	MEMPOOL_ADDED,
	MEMPOOL_KNOWN,   /* pending already */
	MEMPOOL_WAITING, /* inputs unknown for now: kept for a while (gossip may reorder) */
	MEMPOOL_REFUSED, /* err: "unknown input ...", "double spend of note ...", "invalid signature
			    ...", "outputs overflow", "transfer is not balanced: in 5, out 6",
			    "already included", pool full */
};
/*
 * Takes ownership of tx on every path. Transactions may spend outputs of
 * pending ones. from_api: unknown inputs are refused rather than kept waiting.
 * now_slot ages waiting entries (dropped after 60 slots).
 */
enum mempool_result chain_submit(
	struct chain *c, struct tx *tx, bool from_api, uint64_t now_slot, struct err *err);
size_t chain_pending(const struct chain *c);
bool chain_is_pending(const struct chain *c, const struct id32 *hash);
const struct tx *chain_pending_tx(const struct chain *c, const struct id32 *hash);
void chain_pending_each(
	const struct chain *c, void (*fn)(const struct tx *tx, void *arg), void *arg);

/*
 * If the key wins this slot on the present tip, builds a block with pending
 * transactions (those that do not apply are dropped from the pool, unless they wait for an
 * input); else NULL. Does not add it to the chain.
 */
struct block *chain_propose(struct chain *c, const struct tx_key *key, uint64_t slot);
/* Stake of a key in the lottery; 0 when it has none. */
uint64_t chain_stake_of(const struct chain *c, const struct id32 *pk);

#endif
