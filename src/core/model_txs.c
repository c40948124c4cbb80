/*
 * The part of the fold that remembers single transactions, the transactions of
 * recent blocks, and links that do not behave as usual; see model.h. All of it
 * is bounded: what is oldest is forgotten, what is too much is not taken.
 */
#include "core/model_priv.h"

#include <stdio.h>
#include <string.h>

#include "util/mem.h"

/* Positions are kept in maps as pointers; NULL would be "none". */
static void *position_ptr(size_t position)
{
	return (void *)(uintptr_t)(position + 1);
}

/* SIZE_MAX: none. */
static size_t position_of(const struct map *index, const void *key, size_t len)
{
	return (size_t)(uintptr_t)map_get(index, key, len) - 1;
}

/* --- transactions ------------------------------------------------------------------- */

static unsigned find_workload(const struct model *m, const char *name)
{
	for (size_t i = 0; name && i < m->n_workloads; i++) {
		if (strcmp(m->workloads[i].name, name) == 0)
			return (unsigned)i;
	}
	return UINT32_MAX;
}

/* The entry of this hash, a new one when there is none. */
static struct model_tx *tx_entry(struct model *m, const struct id32 *hash, uint64_t t_ns)
{
	size_t at = position_of(m->tx_index, hash->b, sizeof(hash->b));

	if (at != SIZE_MAX)
		return &m->txs[at];
	if (!m->txs)
		m->txs = xcalloc(MODEL_TXS, sizeof(*m->txs));
	if (m->n_txs == MODEL_TXS) {
		at = m->tx_head;
		map_take(m->tx_index, m->txs[at].hash.b, sizeof(m->txs[at].hash.b));
		m->tx_head = (m->tx_head + 1) % MODEL_TXS;
	} else {
		at = m->n_txs++;
	}
	m->txs[at] = (struct model_tx){
		.hash = *hash, .node = -1, .workload = UINT32_MAX, .first_ns = t_ns
	};
	map_put(m->tx_index, hash->b, sizeof(hash->b), position_ptr(at));
	return &m->txs[at];
}

void apply_tx(struct model *m, const struct event *ev)
{
	struct model_tx *tx = tx_entry(m, &ev->u.tx.hash, ev->t_ns);
	enum tx_state state = ev->u.tx.state;

	m->n_tx_events++;
	series_tx(m, ev);
	tx->t_ns = ev->t_ns;
	/* The first ones are sent before the workload has counted anything. */
	if (tx->workload == UINT32_MAX)
		tx->workload = find_workload(m, ev->u.tx.workload);
	switch (state) {
	case TX_SUBMITTED:
		tx->node = ev->node;
		tx->submit_ns = ev->u.tx.latency_ns;
		/* A block can be faster than the answer of the node that took it. */
		if (tx->include_ns)
			return;
		break;
	case TX_REJECTED:
		tx->node = ev->node;
		if (ev->u.tx.reason)
			snprintf(tx->reason, sizeof(tx->reason), "%.*s",
				(int)text_cut(ev->u.tx.reason, sizeof(tx->reason) - 1),
				ev->u.tx.reason);
		break;
	case TX_INCLUDED:
		tx->include_ns = MAX(ev->u.tx.latency_ns, 1);
		tx->block = ev->u.tx.block;
		break;
	case TX_DROPPED:
	case TX_EXPIRED:
	case TX_STATE_COUNT:
		break;
	}
	tx->state = state;
}

const struct model_tx *model_find_tx(const struct model *m, const struct id32 *hash)
{
	if (m->tx_index) {
		size_t at = position_of(m->tx_index, hash->b, sizeof(hash->b));
		return at == SIZE_MAX ? NULL : &m->txs[at];
	}
	for (size_t i = 0; i < m->n_txs; i++) {
		if (id32_eq(&m->txs[i].hash, hash))
			return &m->txs[i];
	}
	return NULL;
}

/* --- transactions of blocks ------------------------------------------------------------ */

/*
 * The n-th block ever has place n in the ring, so that the ring goes back from
 * n_blocks as the chain view goes back from its newest.
 */
void keep_block_txs(struct model *m, const struct id32 *txs, size_t n)
{
	struct model_block_txs **at = &m->block_txs[(m->n_blocks - 1) % MODEL_BLOCKS];
	size_t keep = MIN(n, (size_t)MODEL_BLOCK_TXS);
	struct model_block_txs *t = xmalloc(sizeof(*t) + keep * sizeof(*txs));

	t->refs = 1;
	t->n = keep;
	if (keep)
		memcpy(t->hashes, txs, keep * sizeof(*txs));
	block_txs_unref(*at);
	*at = t;
}

const struct view_block *model_find_block(const struct model *m, const struct id32 *id)
{
	if (m->chain)
		return chain_view_find(m->chain, id);
	for (size_t i = 0; i < m->n_snapshot_blocks; i++) {
		if (id32_eq(&m->blocks[i].id, id))
			return &m->blocks[i];
	}
	return NULL;
}

/* --- links ------------------------------------------------------------------------------- */

static size_t link_position(const struct model *m, unsigned from, unsigned to)
{
	const uint32_t key[2] = { from, to };
	return position_of(m->live->link_index, key, sizeof(key));
}

static void index_link(struct model *m, size_t at)
{
	const uint32_t key[2] = { m->links[at].from, m->links[at].to };
	map_put(m->live->link_index, key, sizeof(key), position_ptr(at));
}

static void remove_link(struct model *m, size_t at)
{
	const uint32_t key[2] = { m->links[at].from, m->links[at].to };

	map_take(m->live->link_index, key, sizeof(key));
	m->n_links--;
	if (at == m->n_links)
		return;
	m->links[at] = m->links[m->n_links];
	index_link(m, at);
}

static size_t add_link(struct model *m, unsigned from, unsigned to, uint64_t t_ns)
{
	if (m->n_links % 64 == 0)
		m->links = xrealloc_array(m->links, m->n_links + 64, sizeof(*m->links));
	m->links[m->n_links] = (struct model_link){ .from = from, .to = to, .since_ns = t_ns };
	index_link(m, m->n_links);
	return m->n_links++;
}

void apply_link(struct model *m, const struct event *ev)
{
	unsigned from = ev->u.link.from, to = ev->u.link.to;
	double loss = ev->u.link.loss >= 0 && ev->u.link.loss <= 1 ? ev->u.link.loss : 0;
	bool usual = !ev->u.link.cut && !ev->u.link.delay_ns && !ev->u.link.jitter_ns && loss <= 0;

	if (from >= MODEL_MAX_NODES || to >= MODEL_MAX_NODES)
		return;
	size_t at = link_position(m, from, to);
	if (at == SIZE_MAX) {
		if (usual || m->n_links == MODEL_LINKS)
			return;
		at = add_link(m, from, to, ev->t_ns);
	}
	if (m->live->sorted)
		links_unref(m->live->sorted->items);
	m->live->sorted = NULL;
	if (usual) {
		remove_link(m, at);
		return;
	}
	struct model_link *l = &m->links[at];
	l->cut = ev->u.link.cut;
	l->delay_ns = ev->u.link.delay_ns;
	l->jitter_ns = ev->u.link.jitter_ns;
	l->loss = loss;
}

const struct model_link *model_find_link(const struct model *m, unsigned from, unsigned to)
{
	size_t low = 0, high = m->n_links;

	if (m->live) {
		size_t at = link_position(m, from, to);
		return at == SIZE_MAX ? NULL : &m->links[at];
	}
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct model_link *l = &m->links[mid];

		if (l->from == from && l->to == to)
			return l;
		if (l->from < from || (l->from == from && l->to < to))
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}
