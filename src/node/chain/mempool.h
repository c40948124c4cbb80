/*
 * Pending transactions in order of arrival, each valid on top of the ledger at
 * the tip and the ones before it, and a small waiting room for transactions
 * whose input or channel parent has not been seen yet (gossip reorders).
 * Private to node/chain. One thread.
 */
#ifndef NODE_CHAIN_MEMPOOL_H
#define NODE_CHAIN_MEMPOOL_H

#include "node/chain/block.h"
#include "node/chain/chain.h"
#include "node/chain/ledger.h"

#define MEMPOOL_MAX_WAITING       1024
#define MEMPOOL_MAX_WAITING_BYTES (8u * 1024 * 1024)
#define MEMPOOL_WAIT_SLOTS        60

struct mempool;

/* base: the ledger at the tip, which must outlive the pool. */
struct mempool *mempool_new(const struct ledger *base);
void mempool_free(struct mempool *m);
/* Transactions that leave the waiting room for the pool are announced. */
void mempool_on_promoted(struct mempool *m, void (*fn)(void *arg, const struct tx *tx), void *arg);

/* Takes ownership of tx. wait: keep it when something is missing. */
enum mempool_result mempool_add(
	struct mempool *m, struct tx *tx, bool wait, uint64_t now_slot, struct err *err);

/* The base has applied one more block, and nothing else happened to it. */
void mempool_block_added(struct mempool *m, const struct block *b, uint64_t now_slot);
/*
 * The base was changed in another way: everything is validated anew, returned
 * transactions (owned from here on, oldest first) before those that were pending.
 */
void mempool_rebase(struct mempool *m, struct tx **returned, size_t n, uint64_t now_slot);

size_t mempool_len(const struct mempool *m);
size_t mempool_n_waiting(const struct mempool *m);
const struct tx *mempool_find(const struct mempool *m, const struct id32 *hash);
/* Is exactly this transaction pending, signatures included? Then they are valid. */
bool mempool_vouches(const struct mempool *m, const struct tx *tx);
/* In order, until fn gives false. */
void mempool_each(const struct mempool *m, bool (*fn)(void *arg, const struct tx *tx), void *arg);

#endif
