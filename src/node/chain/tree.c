/* The block tree: nodes, epochs, finality, bounds on side branches; see chain_impl.h. */
#include "node/chain/chain_impl.h"

#include <string.h>

struct chain_node *tree_find(const struct chain *c, const struct id32 *id)
{
	return map_get(c->nodes, id->b, sizeof(id->b));
}

void tree_node_free(void *node)
{
	struct chain_node *n = node;
	if (!n)
		return;
	block_free(n->block);
	vec_free(&n->undo);
	free(n);
}

struct chain_entry tree_entry(const struct chain_node *n)
{
	return (struct chain_entry){
		.id = n->id,
		.parent = n->parent ? n->parent->id : (struct id32){ { 0 } },
		.slot = n->slot,
		.height = n->height,
		.block = n->block,
	};
}

/* --- epochs ------------------------------------------------------------------------- */

struct chain_epoch tree_epoch(struct chain *c, const struct chain_node *parent, uint64_t slot)
{
	uint64_t number = slot / genesis_epoch_slots(c->genesis);
	struct chain_epoch e = parent->epoch;
	if (e.number == number)
		return e;
	/* a leader asks every slot, and the way from an old tip may be long */
	bool memo = c->have_epoch_memo && id32_eq(&c->epoch_parent, &parent->id) &&
		    c->epoch_memo.number <= number;
	if (memo)
		e = c->epoch_memo;
	while (e.number < number) {
		lottery_next_nonce(&e.nonce, e.has_last ? &e.last : NULL);
		e.has_last = false;
		e.number++;
	}
	c->epoch_parent = parent->id;
	c->epoch_memo = e;
	c->have_epoch_memo = true;
	return e;
}

/* A block counts for the next nonce when it lies in the first 7/10 of its epoch. */
static void epoch_note_block(
	struct chain_epoch *e, uint64_t epoch_slots, const struct chain_node *n)
{
	if (n->slot % epoch_slots >= epoch_slots / 10 * 7)
		return;
	e->has_last = true;
	e->last = n->id;
}

/* --- nodes -------------------------------------------------------------------------- */

struct chain_node *tree_add(struct chain *c, struct chain_node *parent, struct block *b)
{
	struct chain_node *n = xcalloc(1, sizeof(*n));
	n->id = b->id;
	n->parent = parent;
	n->slot = b->header.slot;
	n->height = parent->height + 1;
	n->block = b;
	n->epoch = tree_epoch(c, parent, n->slot);
	epoch_note_block(&n->epoch, genesis_epoch_slots(c->genesis), n);
	map_put(c->nodes, n->id.b, sizeof(n->id.b), n);
	vec_push(&c->recent, n);
	return n;
}

void tree_mark_invalid(struct chain *c, struct chain_node *n)
{
	n->invalid = true;
	for (size_t i = 0; i < c->recent.len; i++) {
		struct chain_node *r = c->recent.items[i];
		if (r->parent && r->parent->invalid)
			r->invalid = true;
		if (r->invalid) {
			block_free(r->block);
			r->block = NULL;
		}
	}
}

/* Removes the nodes marked `drop` from the tree. */
static void sweep(struct chain *c)
{
	size_t kept = 0;
	for (size_t i = 0; i < c->recent.len; i++) {
		struct chain_node *n = c->recent.items[i];
		if (n->drop)
			map_del(c->nodes, n->id.b, sizeof(n->id.b));
		else if (n->height > c->lib_height)
			c->recent.items[kept++] = n;
	}
	c->recent.len = kept;
}

static void count_side(struct chain *c)
{
	c->n_side = c->side_bytes = 0;
	for (size_t i = 0; i < c->recent.len; i++) {
		const struct chain_node *n = c->recent.items[i];
		if (chain_on_best(c, n))
			continue;
		c->n_side++;
		c->side_bytes += n->block ? n->block->encoded_len : 0;
	}
}

/* The side leaf with the least height, the oldest of these; NULL when there is none. */
static struct chain_node *lowest_side_leaf(struct chain *c, const struct chain_node *keep)
{
	struct chain_node *lowest = NULL;
	for (size_t i = 0; i < c->recent.len; i++)
		c->recent.items[i]->drop = false;
	/* borrow the mark for "has a child" */
	for (size_t i = 0; i < c->recent.len; i++)
		c->recent.items[i]->parent->drop = true;
	for (size_t i = 0; i < c->recent.len; i++) {
		struct chain_node *n = c->recent.items[i];
		if (!n->drop && n != keep && !chain_on_best(c, n) &&
			(!lowest || n->height < lowest->height))
			lowest = n;
	}
	for (size_t i = 0; i < c->recent.len; i++) {
		c->recent.items[i]->drop = false;
		c->recent.items[i]->parent->drop = false;
	}
	return lowest;
}

void tree_bound_side(struct chain *c, const struct chain_node *keep)
{
	count_side(c);
	while (c->n_side > CHAIN_MAX_SIDE || c->side_bytes > CHAIN_MAX_SIDE_BYTES) {
		struct chain_node *n = lowest_side_leaf(c, keep);
		if (!n)
			break;
		n->drop = true;
		sweep(c);
		count_side(c);
	}
}

/* --- finality ----------------------------------------------------------------------- */

uint64_t tree_finalise(struct chain *c)
{
	uint64_t old = c->lib_height;
	uint64_t height = c->best.len - 1;
	uint64_t k = c->genesis->security_param;
	if (height < k || height - k <= old)
		return old;
	c->lib_height = height - k;
	for (size_t i = 0; i < c->recent.len; i++) {
		struct chain_node *n = c->recent.items[i];
		const struct chain_node *p = n->parent;
		n->drop = !chain_on_best(c, n) &&
			  (p->drop || (chain_on_best(c, p) && p->height < c->lib_height));
	}
	sweep(c);
	for (uint64_t h = old; h <= c->lib_height; h++)
		vec_free(&c->best.items[h]->undo);
	return old;
}
