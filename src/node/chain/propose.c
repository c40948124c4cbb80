/* The chain's mempool and the making of blocks; see chain.h. */
#include "node/chain/chain_impl.h"

#define TX_OVERHEAD 4 /* its length field in the block */

uint64_t chain_stake_of(const struct chain *c, const struct id32 *pk)
{
	const struct tx_output *stake = map_get(c->stakes, pk->b, sizeof(pk->b));
	return stake ? stake->value : 0;
}

enum mempool_result chain_submit(
	struct chain *c, struct tx *tx, bool from_api, uint64_t now_slot, struct err *err)
{
	return mempool_add(c->pool, tx, !from_api, now_slot, err);
}

size_t chain_pending(const struct chain *c)
{
	return mempool_len(c->pool);
}

bool chain_is_pending(const struct chain *c, const struct id32 *hash)
{
	return mempool_find(c->pool, hash) != NULL;
}

const struct tx *chain_pending_tx(const struct chain *c, const struct id32 *hash)
{
	return mempool_find(c->pool, hash);
}

struct visit {
	void (*fn)(const struct tx *tx, void *arg);
	void *arg;
};

static bool visit_tx(void *arg, const struct tx *tx)
{
	const struct visit *v = arg;
	v->fn(tx, v->arg);
	return true;
}

void chain_pending_each(
	const struct chain *c, void (*fn)(const struct tx *tx, void *arg), void *arg)
{
	struct visit v = { fn, arg };
	mempool_each(c->pool, visit_tx, &v);
}

struct filling {
	VEC(struct tx *) txs;
	size_t room;
};

/*
 * Any prefix of the pool applies to the tip, so the block takes one and stops
 * at the first that does not fit: later ones may build on it.
 */
static bool take_tx(void *arg, const struct tx *tx)
{
	struct filling *f = arg;
	size_t need = tx_encoded_len(tx) + TX_OVERHEAD;
	if (f->txs.len >= BLOCK_MAX_TXS || need > f->room)
		return false;
	f->room -= need;
	vec_push(&f->txs, tx_copy(tx));
	return true;
}

struct block *chain_propose(struct chain *c, const struct tx_key *key, uint64_t slot)
{
	const struct chain_node *tip = chain_tip_node(c);
	uint64_t stake = chain_stake_of(c, &key->pk);
	if (stake == 0 || slot <= tip->slot)
		return NULL;
	struct chain_epoch e = tree_epoch(c, tip, slot);
	struct block *b = block_new();
	if (!lottery_wins(c->genesis, &e.nonce, slot, stake, key, b->header.proof)) {
		block_free(b);
		return NULL;
	}
	b->header.parent = tip->id;
	b->header.slot = slot;
	block_seal(b, key); /* empty, to learn what a block takes without transactions */
	struct filling f = { .room = BLOCK_MAX_ENCODED - b->encoded_len };
	mempool_each(c->pool, take_tx, &f);
	b->txs = f.txs.items;
	b->n_txs = f.txs.len;
	block_seal(b, key);
	return b;
}
