/*
 * The block tree as seen from outside; see chain_view.h.
 *
 * Entries sit in a map by id, in a list by arrival, and among the children of
 * their parent. Children of a block that is not known are kept under the id
 * they wait for, so linking is the same whichever comes first. Ids come from
 * nodes that may lie: nothing here assumes that parent links are free of loops.
 */
#include "core/chain_view.h"

#include "util/map.h"
#include "util/mem.h"

#define NODES_MAX 65536

struct entry;

struct children {
	struct entry *first;
};

struct entry {
	struct view_block b; /* first: handed out as const struct view_block * */
	uint64_t seq;
	struct entry *older, *newer;
	struct children children;
	struct entry *prev_sibling, *next_sibling;
	uint64_t *seen; /* bit per node */
	size_t seen_words;
};

struct chain_view {
	struct map *blocks;  /* id -> struct entry */
	struct map *orphans; /* unknown parent's id -> struct children */
	struct entry *oldest, *newest, *best;
	uint64_t next_seq;
};

struct chain_view *chain_view_new(void)
{
	struct chain_view *v = xcalloc(1, sizeof(*v));
	v->blocks = map_new(NULL);
	v->orphans = map_new(free);
	return v;
}

static void entry_free(struct entry *e)
{
	free(e->seen);
	free(e);
}

void chain_view_free(struct chain_view *v)
{
	if (!v)
		return;
	while (v->oldest) {
		struct entry *e = v->oldest;
		v->oldest = e->newer;
		entry_free(e);
	}
	map_free(v->blocks);
	map_free(v->orphans);
	free(v);
}

static struct entry *find(const struct chain_view *v, const struct id32 *id)
{
	return map_get(v->blocks, id->b, sizeof(id->b));
}

static struct entry *parent_of(const struct entry *e)
{
	/* every view_block is the head of an entry of this view */
	return (struct entry *)(uintptr_t)e->b.parent_block;
}

/* --- children ------------------------------------------------------------------ */

static void child_add(struct children *c, struct entry *e)
{
	e->prev_sibling = NULL;
	e->next_sibling = c->first;
	if (c->first)
		c->first->prev_sibling = e;
	c->first = e;
}

static void child_remove(struct children *c, struct entry *e)
{
	if (e->prev_sibling)
		e->prev_sibling->next_sibling = e->next_sibling;
	else
		c->first = e->next_sibling;
	if (e->next_sibling)
		e->next_sibling->prev_sibling = e->prev_sibling;
	e->prev_sibling = e->next_sibling = NULL;
}

static void orphan_add(struct chain_view *v, struct entry *e)
{
	struct children *c = map_get(v->orphans, e->b.parent.b, sizeof(e->b.parent.b));
	if (!c) {
		c = xcalloc(1, sizeof(*c));
		map_put(v->orphans, e->b.parent.b, sizeof(e->b.parent.b), c);
	}
	e->b.parent_block = NULL;
	child_add(c, e);
}

static void orphan_remove(struct chain_view *v, struct entry *e)
{
	struct children *c = map_get(v->orphans, e->b.parent.b, sizeof(e->b.parent.b));
	if (!c)
		return;
	child_remove(c, e);
	if (!c->first)
		map_del(v->orphans, e->b.parent.b, sizeof(e->b.parent.b));
}

static void adopt_orphans(struct chain_view *v, struct entry *parent)
{
	struct children *c = map_take(v->orphans, parent->b.id.b, sizeof(parent->b.id.b));
	if (!c)
		return;
	parent->children = *c;
	for (struct entry *e = c->first; e; e = e->next_sibling)
		e->b.parent_block = &parent->b;
	free(c);
}

/* --- best and heights ------------------------------------------------------------ */

static bool is_better(const struct entry *a, const struct entry *b)
{
	if (a->b.has_height != b->b.has_height)
		return a->b.has_height;
	uint64_t rank_a = a->b.has_height ? a->b.height : a->b.slot;
	uint64_t rank_b = b->b.has_height ? b->b.height : b->b.slot;
	if (rank_a != rank_b)
		return rank_a > rank_b;
	return a->seq < b->seq;
}

static void consider_best(struct chain_view *v, struct entry *e)
{
	if (!v->best || is_better(e, v->best))
		v->best = e;
}

static void set_height(struct chain_view *v, struct entry *e, uint64_t height)
{
	e->b.has_height = true;
	e->b.height = height;
	consider_best(v, e);
}

/* Gives a height to e and to everything connected with it that has none. */
static void spread_height(struct chain_view *v, struct entry *from, uint64_t height)
{
	VEC(struct entry *) todo = { 0 };
	set_height(v, from, height);
	vec_push(&todo, from);
	while (todo.len > 0) {
		struct entry *e = todo.items[--todo.len];
		struct entry *p = parent_of(e);
		if (p && !p->b.has_height && e->b.height > 0) {
			set_height(v, p, e->b.height - 1);
			vec_push(&todo, p);
		}
		for (struct entry *c = e->children.first; c; c = c->next_sibling) {
			if (c->b.has_height || e->b.height == UINT64_MAX)
				continue;
			set_height(v, c, e->b.height + 1);
			vec_push(&todo, c);
		}
	}
	vec_free(&todo);
}

/* A new entry takes its height from a neighbour that has one. */
static void inherit_height(struct chain_view *v, struct entry *e)
{
	const struct entry *p = parent_of(e);
	if (p && p->b.has_height && p->b.height < UINT64_MAX) {
		spread_height(v, e, p->b.height + 1);
		return;
	}
	for (const struct entry *c = e->children.first; c; c = c->next_sibling) {
		if (c->b.has_height && c->b.height > 0) {
			spread_height(v, e, c->b.height - 1);
			return;
		}
	}
}

/* --- adding and dropping ------------------------------------------------------------ */

static void drop(struct chain_view *v, struct entry *e)
{
	struct entry *p = parent_of(e);
	if (p)
		child_remove(&p->children, e);
	else
		orphan_remove(v, e);
	while (e->children.first) {
		struct entry *c = e->children.first;
		child_remove(&e->children, c);
		orphan_add(v, c);
	}
	if (e->older)
		e->older->newer = e->newer;
	else
		v->oldest = e->newer;
	if (e->newer)
		e->newer->older = e->older;
	else
		v->newest = e->older;
	map_take(v->blocks, e->b.id.b, sizeof(e->b.id.b));
	entry_free(e);
}

static void prune(struct chain_view *v)
{
	while (map_len(v->blocks) > CHAIN_VIEW_MAX) {
		struct entry *e = v->oldest;
		drop(v, e == v->best ? e->newer : e);
	}
}

const struct view_block *chain_view_add(struct chain_view *v, const struct id32 *id,
	const struct id32 *parent, uint64_t slot, bool *ret_new)
{
	struct entry *e = find(v, id);
	if (ret_new)
		*ret_new = !e;
	if (e)
		return &e->b;

	e = xcalloc(1, sizeof(*e));
	e->b.id = *id;
	e->b.parent = *parent;
	e->b.slot = slot;
	e->b.first_node = -1;
	e->seq = v->next_seq++;
	e->older = v->newest;
	if (v->newest)
		v->newest->newer = e;
	else
		v->oldest = e;
	v->newest = e;

	struct entry *p = id32_eq(id, parent) ? NULL : find(v, parent);
	adopt_orphans(v, e);
	if (p) {
		e->b.parent_block = &p->b;
		child_add(&p->children, e);
	} else {
		orphan_add(v, e);
	}
	map_put(v->blocks, e->b.id.b, sizeof(e->b.id.b), e);
	consider_best(v, e);
	inherit_height(v, e);
	prune(v);
	return &e->b;
}

static bool mark_seen(struct entry *e, size_t node)
{
	size_t word = node / 64;
	uint64_t bit = UINT64_C(1) << (node % 64);
	if (word >= e->seen_words) {
		e->seen = xrealloc_array(e->seen, word + 1, sizeof(*e->seen));
		while (e->seen_words <= word)
			e->seen[e->seen_words++] = 0;
	}
	bool first = !(e->seen[word] & bit);
	e->seen[word] |= bit;
	return first;
}

void chain_view_seen(struct chain_view *v, const struct id32 *id, int node, uint64_t t_ns)
{
	struct entry *e = find(v, id);
	if (!e || node < 0 || node >= NODES_MAX || !mark_seen(e, (size_t)node))
		return;
	if (e->b.seen_by == 0 || t_ns < e->b.first_ns) {
		e->b.first_ns = t_ns;
		e->b.first_node = node;
	}
	e->b.last_ns = MAX(e->b.last_ns, t_ns);
	e->b.seen_by++;
}

bool chain_view_is_seen_by(const struct chain_view *v, const struct id32 *id, int node)
{
	const struct entry *e = find(v, id);
	if (!e || node < 0 || (size_t)node / 64 >= e->seen_words)
		return false;
	return e->seen[node / 64] >> (node % 64) & 1;
}

void chain_view_details(struct chain_view *v, const struct id32 *id, const struct id32 *leader,
	uint32_t n_txs, uint64_t size_bytes)
{
	struct entry *e = find(v, id);
	if (!e)
		return;
	e->b.leader = *leader;
	e->b.n_txs = n_txs;
	e->b.size_bytes = size_bytes;
}

void chain_view_height(struct chain_view *v, const struct id32 *id, uint64_t height)
{
	struct entry *e = find(v, id);
	if (e && !e->b.has_height)
		spread_height(v, e, height);
}

const struct view_block *chain_view_find(const struct chain_view *v, const struct id32 *id)
{
	const struct entry *e = find(v, id);
	return e ? &e->b : NULL;
}

size_t chain_view_len(const struct chain_view *v)
{
	return map_len(v->blocks);
}

const struct view_block *chain_view_best(const struct chain_view *v)
{
	return v->best ? &v->best->b : NULL;
}

void chain_view_each_newest(
	const struct chain_view *v, int (*fn)(const struct view_block *b, void *arg), void *arg)
{
	for (const struct entry *e = v->newest; e; e = e->older) {
		if (fn(&e->b, arg) != 0)
			return;
	}
}

/* --- relations ---------------------------------------------------------------------- */

/*
 * Where a block stands on its chain, for comparing two of them: by height when
 * both have one, else by slot, which grows along every honest chain too.
 */
static uint64_t rank(const struct view_block *b, bool by_height)
{
	return by_height ? b->height : b->slot;
}

/* Whether `down` has `up` among its ancestors. */
static enum view_relation climb(
	const struct view_block *down, const struct view_block *up, bool by_height)
{
	const struct view_block *b = down;
	for (size_t steps = 0; steps <= CHAIN_VIEW_MAX; steps++) {
		if (b == up)
			return VIEW_ANCESTOR;
		if (rank(b, by_height) <= rank(up, by_height))
			return VIEW_FORKED;
		b = b->parent_block;
		if (!b || (by_height && !b->has_height))
			return VIEW_CANNOT_TELL;
	}
	return VIEW_CANNOT_TELL;
}

enum view_relation chain_view_relation(
	const struct chain_view *v, const struct id32 *a, const struct id32 *b)
{
	if (id32_eq(a, b))
		return VIEW_SAME;
	const struct view_block *x = chain_view_find(v, a), *y = chain_view_find(v, b);
	if (!x || !y)
		return VIEW_CANNOT_TELL;
	bool by_height = x->has_height && y->has_height;
	if (rank(x, by_height) == rank(y, by_height))
		return VIEW_FORKED;
	if (rank(x, by_height) < rank(y, by_height))
		return climb(y, x, by_height);
	enum view_relation r = climb(x, y, by_height);
	return r == VIEW_ANCESTOR ? VIEW_DESCENDANT : r;
}

const struct view_block *chain_view_common(
	const struct chain_view *v, const struct id32 *a, const struct id32 *b)
{
	const struct view_block *x = chain_view_find(v, a), *y = chain_view_find(v, b);
	for (size_t steps = 0; x && y && steps <= 2 * CHAIN_VIEW_MAX; steps++) {
		if (x == y)
			return x;
		bool by_height = x->has_height && y->has_height;
		uint64_t rx = rank(x, by_height), ry = rank(y, by_height);
		if (rx >= ry)
			x = x->parent_block;
		if (ry >= rx)
			y = y->parent_block;
	}
	return NULL;
}
