/* The in-memory chain of the fake backend; see fake_chain.h. */
#include "backends/fake_chain.h"

#include "proto/tx.h"

/* Map values must not be NULL, so indices are stored one up. */
static void *index_value(unsigned i)
{
	return (void *)((uintptr_t)i + 1);
}

static int value_index(const void *value)
{
	return value ? (int)((uintptr_t)value - 1) : -1;
}

static void block_id(const struct fake_chain *c, const struct fake_block *b, struct id32 *ret)
{
	const uint64_t content[] = { c->seed, b->slot, b->proposer, b->parent, b->height };
	tx_blake2b("LTB_FAKE_BLOCK", content, sizeof(content), ret);
}

static unsigned add_block(struct fake_chain *c, struct fake_block *b)
{
	unsigned i = (unsigned)c->blocks.len;
	block_id(c, b, &b->id);
	vec_push(&c->blocks, b);
	map_put(c->block_by_id, &b->id, sizeof(b->id), index_value(i));
	return i;
}

void fake_chain_init(struct fake_chain *c, uint64_t seed, unsigned k)
{
	*c = (struct fake_chain){ .seed = seed, .k = k };
	c->block_by_id = map_new(NULL);
	c->tx_by_hash = map_new(NULL);
	add_block(c, xcalloc(1, sizeof(struct fake_block)));
}

void fake_chain_release(struct fake_chain *c)
{
	for (size_t i = 0; i < c->blocks.len; i++) {
		vec_free(&c->blocks.items[i]->txs);
		free(c->blocks.items[i]);
	}
	for (size_t i = 0; i < c->txs.len; i++) {
		vec_free(&c->txs.items[i]->blocks);
		free(c->txs.items[i]->json);
		free(c->txs.items[i]);
	}
	for (size_t i = 0; i < c->views.len; i++) {
		vec_free(&c->views.items[i]->known);
		vec_free(&c->views.items[i]->pool);
		free(c->views.items[i]);
	}
	vec_free(&c->blocks);
	vec_free(&c->txs);
	vec_free(&c->views);
	map_free(c->block_by_id);
	map_free(c->tx_by_hash);
	*c = (struct fake_chain){ 0 };
}

void fake_chain_add_view(struct fake_chain *c)
{
	struct fake_view *v = xcalloc(1, sizeof(*v));
	vec_push(&v->known, true); /* the genesis block */
	vec_push(&c->views, v);
}

static bool knows(const struct fake_view *v, unsigned block)
{
	return block < v->known.len && v->known.items[block];
}

static bool on_chain(const struct fake_chain *c, unsigned block, unsigned tip)
{
	while (c->blocks.items[tip]->height > c->blocks.items[block]->height)
		tip = c->blocks.items[tip]->parent;
	return tip == block;
}

/* --- mempool -------------------------------------------------------------------------- */

static size_t pool_find(const struct fake_view *v, unsigned tx)
{
	size_t i = 0;
	while (i < v->pool.len && v->pool.items[i] != tx)
		i++;
	return i;
}

static void pool_remove(struct fake_view *v, unsigned tx)
{
	size_t i = pool_find(v, tx);
	if (i == v->pool.len)
		return;
	v->pool.len--;
	for (; i < v->pool.len; i++)
		v->pool.items[i] = v->pool.items[i + 1];
}

void fake_chain_pool_add(struct fake_chain *c, unsigned node, unsigned tx)
{
	struct fake_view *v = c->views.items[node];
	const struct fake_tx *t = c->txs.items[tx];

	if (pool_find(v, tx) < v->pool.len)
		return;
	for (size_t i = 0; i < t->blocks.len; i++)
		if (on_chain(c, t->blocks.items[i], v->tip))
			return;
	vec_push(&v->pool, tx);
}

unsigned fake_chain_tx(struct fake_chain *c, const struct id32 *hash, char *json)
{
	int found = value_index(map_get(c->tx_by_hash, hash, sizeof(*hash)));
	if (found >= 0) {
		free(json);
		return (unsigned)found;
	}
	struct fake_tx *t = xcalloc(1, sizeof(*t));
	t->hash = *hash;
	t->json = json;
	unsigned i = (unsigned)c->txs.len;
	vec_push(&c->txs, t);
	map_put(c->tx_by_hash, hash, sizeof(*hash), index_value(i));
	return i;
}

bool fake_chain_is_pending(const struct fake_chain *c, unsigned node, const struct id32 *hash)
{
	const struct fake_view *v = c->views.items[node];
	int tx = value_index(map_get(c->tx_by_hash, hash, sizeof(*hash)));
	return tx >= 0 && pool_find(v, (unsigned)tx) < v->pool.len;
}

/* --- blocks ---------------------------------------------------------------------------- */

unsigned fake_chain_propose(struct fake_chain *c, unsigned node, uint64_t slot)
{
	const struct fake_view *v = c->views.items[node];
	struct fake_block *b = xcalloc(1, sizeof(*b));

	b->parent = v->tip;
	b->proposer = node;
	b->slot = slot;
	b->height = c->blocks.items[v->tip]->height + 1;
	unsigned i = add_block(c, b);
	for (size_t j = 0; j < v->pool.len; j++) {
		vec_push(&b->txs, v->pool.items[j]);
		vec_push(&c->txs.items[v->pool.items[j]]->blocks, i);
	}
	return i;
}

/* What left the chain waits again, what came onto it does not wait any more. */
static void move_tip(struct fake_chain *c, unsigned node, unsigned to)
{
	struct fake_view *v = c->views.items[node];
	unsigned old = v->tip;

	v->tip = to;
	while (!on_chain(c, old, to)) {
		const struct fake_block *left = c->blocks.items[old];
		for (size_t i = 0; i < left->txs.len; i++)
			fake_chain_pool_add(c, node, left->txs.items[i]);
		old = left->parent;
	}
	for (unsigned b = to; b != old; b = c->blocks.items[b]->parent)
		for (size_t i = 0; i < c->blocks.items[b]->txs.len; i++)
			pool_remove(v, c->blocks.items[b]->txs.items[i]);
}

void fake_chain_learn(struct fake_chain *c, unsigned node, unsigned block,
	void (*told)(void *arg, unsigned node, unsigned block), void *arg)
{
	struct fake_view *v = c->views.items[node];
	VEC(unsigned) news = { 0 };

	for (unsigned b = block; !knows(v, b); b = c->blocks.items[b]->parent)
		vec_push(&news, b);
	while (v->known.len < c->blocks.len)
		vec_push(&v->known, false);
	for (size_t i = 0; i < news.len; i++)
		v->known.items[news.items[i]] = true;
	if (c->blocks.items[block]->height > c->blocks.items[v->tip]->height)
		move_tip(c, node, block);
	for (size_t i = news.len; i > 0; i--)
		told(arg, node, news.items[i - 1]);
	vec_free(&news);
}

unsigned fake_chain_lib(const struct fake_chain *c, unsigned node)
{
	unsigned b = c->views.items[node]->tip;
	for (unsigned i = 0; i < c->k; i++)
		b = c->blocks.items[b]->parent;
	return b;
}

int fake_chain_find_block(const struct fake_chain *c, unsigned node, const struct id32 *id)
{
	int b = value_index(map_get(c->block_by_id, id, sizeof(*id)));
	return b >= 0 && knows(c->views.items[node], (unsigned)b) ? b : -1;
}
