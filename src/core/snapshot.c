/*
 * Snapshots of a model, and what they share with it: texts, the transactions
 * of blocks, the sorted list of links. Made 20 times a second in a run of
 * hundreds of nodes, so what is much is shared, and what is flat is copied.
 */
#include <string.h>

#include "core/model_priv.h"
#include "util/mem.h"

/* --- counted things --------------------------------------------------------------- */

static void ref(int *refs)
{
	__atomic_add_fetch(refs, 1, __ATOMIC_RELAXED);
}

/* Whether it was the last one. */
static bool unref(int *refs)
{
	return __atomic_sub_fetch(refs, 1, __ATOMIC_ACQ_REL) == 0;
}

struct text {
	int refs; /* atomic */
	char s[];
};

static struct text *text_of(char *s)
{
	return (struct text *)(void *)(s - offsetof(struct text, s));
}

size_t text_cut(const char *s, size_t max)
{
	size_t len = strnlen(s, max + 1);

	if (len <= max)
		return len;
	/* Back to where a character begins: s[len] is one that continues none. */
	for (len = max; len > 0 && ((unsigned char)s[len] & 0xc0) == 0x80;)
		len--;
	return len;
}

char *text_take(const char *s, size_t len)
{
	struct text *t = xmalloc(sizeof(*t) + len + 1);

	t->refs = 1;
	memcpy(t->s, s, len);
	t->s[len] = '\0';
	return t->s;
}

char *text_new(const char *s)
{
	return s ? text_take(s, text_cut(s, MODEL_MAX_TEXT)) : NULL;
}

char *text_ref(char *text)
{
	if (text)
		ref(&text_of(text)->refs);
	return text;
}

void text_unref(char *text)
{
	if (text && unref(&text_of(text)->refs))
		free(text_of(text));
}

void text_set(char **at, const char *s)
{
	/* Most of what is set is what was there. */
	if (*at && s && strcmp(*at, s) == 0)
		return;
	char *fresh = text_new(s);

	text_unref(*at);
	*at = fresh;
}

static struct link_list *links_of(struct model_link *items)
{
	return (struct link_list *)(void *)((char *)items - offsetof(struct link_list, items));
}

void links_unref(struct model_link *items)
{
	if (items && unref(&links_of(items)->refs))
		free(links_of(items));
}

void block_txs_unref(struct model_block_txs *txs)
{
	if (txs && unref(&txs->refs))
		free(txs);
}

/* --- the end of models and snapshots -------------------------------------------------- */

static void release_named(struct model *m)
{
	for (size_t i = 0; i < m->n_workloads; i++) {
		text_unref(m->workloads[i].name);
		text_unref(m->workloads[i].reason);
	}
	free(m->workloads);
	for (size_t i = 0; i < m->n_faults; i++) {
		text_unref(m->faults[i].name);
		text_unref(m->faults[i].by);
		text_unref(m->faults[i].detail);
	}
	free(m->faults);
	for (size_t i = 0; i < m->n_checks; i++) {
		text_unref(m->checks[i].name);
		text_unref(m->checks[i].reason);
		text_unref(m->checks[i].evidence);
	}
	free(m->checks);
}

static void release_links(struct model *m)
{
	if (!m->live) {
		links_unref(m->links);
		return;
	}
	if (m->live->sorted)
		links_unref(m->live->sorted->items);
	map_free(m->live->link_index);
	free(m->live);
	free(m->links);
}

void model_release(struct model *m)
{
	text_unref(m->run_id);
	text_unref(m->preset);
	text_unref(m->backend);
	text_unref(m->started);
	text_unref(m->end_reason);
	for (int i = 0; i < PHASE_COUNT; i++)
		text_unref(m->phases[i].reason);
	for (size_t i = 0; i < m->n_nodes; i++) {
		text_unref(m->nodes[i].reason);
		text_unref(m->nodes[i].endpoint);
		text_unref(m->nodes[i].error);
	}
	free(m->nodes);
	release_named(m);
	release_links(m);
	for (size_t i = 0; i < m->n_logs; i++)
		text_unref(m->logs[i].text);
	free(m->logs);
	for (size_t i = 0; i < MODEL_BLOCKS; i++)
		block_txs_unref(m->block_txs[i]);
	free(m->block_txs);
	free(m->blocks);
	free(m->txs);
	map_free(m->tx_index);
	chain_view_free(m->chain);
}

/* --- making one -------------------------------------------------------------------------- */

static void *copy_array(const void *items, size_t n, size_t size)
{
	return xmemdup(items, n * size);
}

static void copy_nodes(struct model *to)
{
	to->nodes = copy_array(to->nodes, to->n_nodes, sizeof(*to->nodes));
	for (size_t i = 0; i < to->n_nodes; i++) {
		text_ref(to->nodes[i].reason);
		text_ref(to->nodes[i].endpoint);
		text_ref(to->nodes[i].error);
	}
}

static void copy_named(struct model *to)
{
	to->workloads = copy_array(to->workloads, to->n_workloads, sizeof(*to->workloads));
	for (size_t i = 0; i < to->n_workloads; i++) {
		text_ref(to->workloads[i].name);
		text_ref(to->workloads[i].reason);
	}
	to->faults = copy_array(to->faults, to->n_faults, sizeof(*to->faults));
	for (size_t i = 0; i < to->n_faults; i++) {
		text_ref(to->faults[i].name);
		text_ref(to->faults[i].by);
		text_ref(to->faults[i].detail);
	}
	to->checks = copy_array(to->checks, to->n_checks, sizeof(*to->checks));
	for (size_t i = 0; i < to->n_checks; i++) {
		text_ref(to->checks[i].name);
		text_ref(to->checks[i].reason);
		text_ref(to->checks[i].evidence);
	}
}

static int link_cmp(const void *a, const void *b)
{
	const struct model_link *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return x->to < y->to ? -1 : x->to > y->to;
}

static struct model_link *share_links(const struct model *m)
{
	struct link_list *l = m->live->sorted;

	if (m->n_links == 0)
		return NULL;
	if (!l) {
		size_t bytes = m->n_links * sizeof(*m->links);

		l = xmalloc(sizeof(*l) + bytes);
		l->refs = 1;
		memcpy(l->items, m->links, bytes);
		qsort(l->items, m->n_links, sizeof(*l->items), link_cmp);
		m->live->sorted = l;
	}
	ref(&l->refs);
	return l->items;
}

static int copy_block(const struct view_block *b, void *arg)
{
	struct model *to = arg;

	to->blocks[to->n_snapshot_blocks] = *b;
	to->blocks[to->n_snapshot_blocks++].parent_block = NULL;
	return to->n_snapshot_blocks == MODEL_BLOCKS;
}

static void copy_blocks(struct model *to, const struct model *m)
{
	to->chain = NULL;
	to->blocks = xcalloc(MODEL_BLOCKS, sizeof(*to->blocks));
	to->block_txs = xcalloc(MODEL_BLOCKS, sizeof(struct model_block_txs *));
	to->n_snapshot_blocks = 0;
	chain_view_each_newest(m->chain, copy_block, to);
	for (size_t i = 0; i < to->n_snapshot_blocks; i++) {
		/* newest first, see keep_block_txs() */
		struct model_block_txs *t = m->block_txs[(m->n_blocks - 1 - i) % MODEL_BLOCKS];

		if (t)
			ref(&t->refs);
		to->block_txs[i] = t;
	}
}

struct snapshot *snapshot_new(const struct model *m)
{
	struct snapshot *s = xcalloc(1, sizeof(*s));
	struct model *to = &s->model;

	s->refs = 1;
	*to = *m; /* then everything that is owned is copied or shared */
	text_ref(to->run_id);
	text_ref(to->preset);
	text_ref(to->backend);
	text_ref(to->started);
	text_ref(to->end_reason);
	for (int i = 0; i < PHASE_COUNT; i++)
		text_ref(to->phases[i].reason);
	copy_nodes(to);
	copy_named(to);
	copy_blocks(to, m);
	to->links = share_links(m);
	to->live = NULL;
	to->txs = copy_array(m->txs, m->n_txs, sizeof(*to->txs));
	to->tx_index = NULL;
	to->logs = copy_array(m->logs, m->n_logs, sizeof(*to->logs));
	for (size_t i = 0; i < to->n_logs; i++)
		text_ref(to->logs[i].text);
	return s;
}

struct snapshot *snapshot_ref(struct snapshot *s)
{
	ref(&s->refs);
	return s;
}

void snapshot_unref(struct snapshot *s)
{
	if (!s || !unref(&s->refs))
		return;
	model_release(&s->model);
	free(s);
}
