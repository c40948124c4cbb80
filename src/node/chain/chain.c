/* The chain's life and the questions one can ask it; see chain.h. */
#include <string.h>

#include "node/chain/chain_impl.h"

static void promoted(void *arg, const struct tx *tx)
{
	const struct chain *c = arg;
	if (c->hooks.on_promoted)
		c->hooks.on_promoted(c->hooks.arg, tx);
}

struct chain *chain_new(const struct genesis *g, const struct chain_hooks *hooks)
{
	struct chain *c = xcalloc(1, sizeof(*c));
	c->genesis = g;
	if (hooks)
		c->hooks = *hooks;
	c->nodes = map_new(tree_node_free);
	c->stakes = map_new(NULL);
	for (size_t i = 0; i < g->n_stakes; i++)
		map_put(c->stakes, g->stakes[i].pk.b, sizeof(g->stakes[i].pk.b), &g->stakes[i]);
	struct chain_node *root = xcalloc(1, sizeof(*root));
	root->id = g->id;
	root->verified = true;
	root->epoch = (struct chain_epoch){
		.nonce = g->epoch_nonce,
		.has_last = true,
		.last = g->id,
	};
	map_put(c->nodes, root->id.b, sizeof(root->id.b), root);
	vec_push(&c->best, root);
	c->ledger = ledger_new_root(g);
	c->pool = mempool_new(c->ledger);
	mempool_on_promoted(c->pool, promoted, c);
	return c;
}

void chain_free(struct chain *c)
{
	if (!c)
		return;
	mempool_free(c->pool);
	ledger_free(c->ledger);
	map_free(c->nodes);
	map_free(c->stakes);
	vec_free(&c->best);
	vec_free(&c->recent);
	free(c);
}

/* --- blocks ------------------------------------------------------------------------- */

struct chain_entry chain_tip(const struct chain *c)
{
	return tree_entry(chain_tip_node(c));
}

struct chain_entry chain_lib(const struct chain *c)
{
	return tree_entry(c->best.items[c->lib_height]);
}

bool chain_has(const struct chain *c, const struct id32 *id)
{
	return tree_find(c, id) != NULL;
}

bool chain_find(const struct chain *c, const struct id32 *id, struct chain_entry *ret)
{
	const struct chain_node *n = tree_find(c, id);
	if (!n || n->invalid)
		return false;
	*ret = tree_entry(n);
	return true;
}

bool chain_at_height(const struct chain *c, uint64_t height, struct chain_entry *ret)
{
	if (height >= c->best.len)
		return false;
	*ret = tree_entry(c->best.items[height]);
	return true;
}

bool chain_is_canonical(const struct chain *c, const struct id32 *id)
{
	const struct chain_node *n = tree_find(c, id);
	return n && chain_on_best(c, n);
}

bool chain_find_tx(const struct chain *c, const struct id32 *hash, struct id32 *ret_block)
{
	const struct chain_node *n = ledger_find_tx(c->ledger, hash);
	if (n)
		*ret_block = n->id;
	return n != NULL;
}

void chain_each(
	const struct chain *c, void (*fn)(const struct chain_entry *e, void *arg), void *arg)
{
	for (uint64_t h = 0; h <= c->lib_height; h++) {
		const struct chain_entry e = tree_entry(c->best.items[h]);
		fn(&e, arg);
	}
	for (size_t i = 0; i < c->recent.len; i++) {
		if (c->recent.items[i]->invalid)
			continue;
		const struct chain_entry e = tree_entry(c->recent.items[i]);
		fn(&e, arg);
	}
}

/* --- ledger ------------------------------------------------------------------------- */

uint64_t chain_supply(const struct chain *c)
{
	return ledger_supply(c->ledger);
}

static int compare_notes(const void *a, const void *b)
{
	const struct chain_note *x = a, *y = b;
	return memcmp(x->id.b, y->id.b, sizeof(x->id.b));
}

size_t chain_notes_of(const struct chain *c, const struct id32 *pk, struct chain_note **ret)
{
	size_t n, i = 0;
	const struct ledger_note *note = ledger_notes_of(c->ledger, pk, &n);
	*ret = xcalloc(n + 1, sizeof(**ret));
	for (; note; note = note->next)
		(*ret)[i++] = (struct chain_note){ .id = note->id, .value = note->value };
	/* the list's order depends on which reorganisations there were */
	qsort(*ret, n, sizeof(**ret), compare_notes);
	return n;
}

bool chain_knows_key(const struct chain *c, const struct id32 *pk)
{
	return ledger_knows_key(c->ledger, pk);
}

bool chain_channel_tip(const struct chain *c, const struct id32 *channel, struct id32 *ret_message)
{
	const struct ledger_channel *ch = ledger_find_channel(c->ledger, channel);
	if (ch)
		*ret_message = ch->tip;
	return ch != NULL;
}
