/*
 * How a block gets into the chain: checks, fork choice, reorganisation; see
 * chain.h for the rules. The ledger follows the tip: blocks are taken back by
 * their journals down to the fork and applied again on the other side.
 */
#include <inttypes.h>

#include "node/chain/chain_impl.h"

/* --- moving the ledger -------------------------------------------------------------- */

static bool pool_vouches(void *arg, const struct tx *tx)
{
	const struct chain *c = arg;
	return mempool_vouches(c->pool, tx);
}

/* Applies the node's block on top of its parent, or changes nothing. */
static int apply_node(struct chain *c, struct chain_node *n, struct err *err)
{
	const struct block *b = n->block;
	struct ledger_journal journal = { 0 };
	for (size_t i = 0; i < b->n_txs; i++) {
		const struct tx *tx = b->txs[i];
		struct id32 missing;
		bool verified = n->verified || pool_vouches(c, tx);
		if (ledger_apply(c->ledger, tx, verified, n, &journal, &missing, err) !=
			LEDGER_OK) {
			char hex[ID32_HEX];
			ledger_undo(c->ledger, &journal, 0);
			vec_free(&journal);
			return err_prefix(
				err, "block %s: transaction %zu", id32_hex(&n->id, hex), i);
		}
	}
	if (journal.len > 0)
		journal.items = xrealloc_array(
			journal.items, journal.cap = journal.len, sizeof(*journal.items));
	n->undo = journal;
	n->verified = true;
	vec_push(&c->best, n);
	return 0;
}

/* Takes the tip's block back. */
static struct chain_node *unapply_tip(struct chain *c)
{
	struct chain_node *n = chain_tip_node(c);
	ledger_undo(c->ledger, &n->undo, 0);
	vec_free(&n->undo);
	c->best.len--;
	return n;
}

typedef VEC(struct chain_node *) node_vec;

/* Applies nodes from the last to the first; on failure none of them, and *ret_bad is the culprit.
 */
static int apply_branch(
	struct chain *c, const node_vec *branch, struct chain_node **ret_bad, struct err *err)
{
	for (size_t i = branch->len; i-- > 0;) {
		if (apply_node(c, branch->items[i], err) == 0)
			continue;
		*ret_bad = branch->items[i];
		for (size_t applied = branch->len - 1 - i; applied > 0; applied--)
			unapply_tip(c);
		return -1;
	}
	return 0;
}

/* The pool gets copies of what the abandoned blocks held, oldest first. */
static void return_txs(struct chain *c, const node_vec *left, uint64_t now_slot)
{
	VEC(struct tx *) txs = { 0 };
	for (size_t i = left->len; i-- > 0;) {
		const struct block *b = left->items[i]->block;
		for (size_t k = 0; k < b->n_txs; k++)
			vec_push(&txs, tx_copy(b->txs[k]));
	}
	mempool_rebase(c->pool, txs.items, txs.len, now_slot);
	vec_free(&txs);
}

/* Moves the tip to a longer branch, or leaves everything as it was and marks the branch. */
static int reorganise(struct chain *c, struct chain_node *tip, uint64_t now_slot,
	uint64_t *ret_depth, struct err *err)
{
	node_vec left = { 0 }, joined = { 0 };
	struct chain_node *fork = tip, *bad = NULL;
	for (; !chain_on_best(c, fork); fork = fork->parent)
		vec_push(&joined, fork);
	while (chain_tip_node(c) != fork)
		vec_push(&left, unapply_tip(c));
	int rc = apply_branch(c, &joined, &bad, err);
	if (rc == 0) {
		*ret_depth = left.len;
		return_txs(c, &left, now_slot);
	} else {
		struct err impossible = { 0 };
		struct chain_node *unused;
		if (apply_branch(c, &left, &unused, &impossible) != 0)
			abort(); /* these blocks were applied a moment ago */
		tree_mark_invalid(c, bad);
	}
	vec_free(&left);
	vec_free(&joined);
	return rc;
}

/* --- acceptance --------------------------------------------------------------------- */

static void announce_tip(struct chain *c, uint64_t depth)
{
	uint64_t old_lib = tree_finalise(c);
	const struct chain_entry tip = tree_entry(chain_tip_node(c));
	const struct chain_entry lib = tree_entry(c->best.items[c->lib_height]);
	if (c->hooks.on_tip)
		c->hooks.on_tip(c->hooks.arg, &tip, &lib, depth);
	for (uint64_t h = old_lib + 1; c->hooks.on_final && h <= c->lib_height; h++) {
		const struct chain_entry e = tree_entry(c->best.items[h]);
		c->hooks.on_final(c->hooks.arg, &e);
	}
}

static void announce_block(struct chain *c, const struct chain_node *n)
{
	if (c->hooks.on_block)
		c->hooks.on_block(c->hooks.arg, n->block, n->height);
}

static enum chain_result extend_tip(
	struct chain *c, struct block *b, uint64_t now_slot, struct err *err)
{
	struct chain_node *n = tree_add(c, chain_tip_node(c), b);
	if (apply_node(c, n, err) != 0) {
		tree_mark_invalid(c, n);
		tree_bound_side(c, NULL);
		return CHAIN_INVALID;
	}
	mempool_block_added(c->pool, b, now_slot);
	announce_block(c, n);
	announce_tip(c, 0);
	return CHAIN_NEW_TIP;
}

static enum chain_result add_side(struct chain *c, struct chain_node *parent, struct block *b,
	uint64_t now_slot, struct err *err)
{
	struct chain_node *n = tree_add(c, parent, b);
	if (n->height <= chain_tip_node(c)->height) {
		tree_bound_side(c, n);
		announce_block(c, n);
		return CHAIN_SIDE;
	}
	uint64_t depth;
	if (reorganise(c, n, now_slot, &depth, err) != 0) {
		tree_bound_side(c, NULL);
		return CHAIN_INVALID;
	}
	announce_block(c, n);
	announce_tip(c, depth);
	tree_bound_side(c, NULL);
	return CHAIN_NEW_TIP;
}

/* The lottery, with the nonce that the block's own branch gives. */
static int check_leader(
	struct chain *c, const struct chain_node *parent, const struct block *b, struct err *err)
{
	char hex[ID32_HEX], leader[ID32_HEX];
	const struct block_header *h = &b->header;
	uint64_t stake = chain_stake_of(c, &h->leader);
	if (stake == 0)
		return err_set(err, ERR_PROTOCOL, "block %s: its leader %s has no stake",
			id32_hex(&b->id, hex), id32_hex(&h->leader, leader));
	struct chain_epoch e = tree_epoch(c, parent, h->slot);
	if (!lottery_check(c->genesis, &e.nonce, h->slot, stake, &h->leader, h->proof))
		return err_set(err, ERR_PROTOCOL,
			"block %s: its leader %s did not win slot %" PRIu64, id32_hex(&b->id, hex),
			id32_hex(&h->leader, leader), h->slot);
	return 0;
}

static int check_on_parent(
	struct chain *c, const struct chain_node *parent, const struct block *b, struct err *err)
{
	char hex[ID32_HEX], bad[ID32_HEX];
	id32_hex(&b->id, hex);
	if (parent->invalid)
		return err_set(err, ERR_PROTOCOL, "block %s descends from the invalid block %s",
			hex, id32_hex(&parent->id, bad));
	if (b->header.slot <= parent->slot)
		return err_set(err, ERR_PROTOCOL,
			"block %s: its slot %" PRIu64 " is not after its parent's, %" PRIu64, hex,
			b->header.slot, parent->slot);
	if (check_leader(c, parent, b, err) != 0)
		return -1;
	return block_check_body(b, pool_vouches, c, err);
}

/* Does the branch of this node leave the best chain at LIB or above? */
static bool leaves_below_lib(const struct chain *c, const struct chain_node *n)
{
	while (!chain_on_best(c, n))
		n = n->parent;
	return n->height < c->lib_height;
}

/* Takes the block when it is accepted or remembered as invalid: then *b becomes NULL. */
static enum chain_result consider(
	struct chain *c, struct block **b, uint64_t now_slot, struct err *err)
{
	const struct block *seen = *b;
	char hex[ID32_HEX];
	id32_hex(&seen->id, hex);
	const struct chain_node *known = tree_find(c, &seen->id);
	if (known && known->invalid) {
		err_set(err, ERR_PROTOCOL, "block %s is known to be invalid", hex);
		return CHAIN_INVALID;
	}
	if (known)
		return CHAIN_KNOWN;
	if (seen->header.slot > now_slot && seen->header.slot - now_slot > 1)
		return CHAIN_FUTURE;
	if (block_check_head(seen, err) != 0)
		return CHAIN_INVALID;
	struct chain_node *parent = tree_find(c, &seen->header.parent);
	if (!parent)
		return CHAIN_ORPHAN;
	if (leaves_below_lib(c, parent))
		return CHAIN_TOO_OLD;
	if (check_on_parent(c, parent, seen, err) != 0)
		return CHAIN_INVALID;
	struct block *taken = TAKE_PTR(*b);
	return parent == chain_tip_node(c) ? extend_tip(c, taken, now_slot, err)
					   : add_side(c, parent, taken, now_slot, err);
}

enum chain_result chain_add_block(
	struct chain *c, struct block *b, uint64_t now_slot, struct err *err)
{
	enum chain_result r = consider(c, &b, now_slot, err);
	block_free(b);
	return r;
}
