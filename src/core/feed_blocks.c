/*
 * Blocks of the feed: de-duplication, repair of gaps, and the order in which
 * they are told. Net thread.
 *
 * A block whose parent is missing is held while the parent is fetched, at most
 * FEED_HOLD_NS. Fetching walks from parent to parent until it meets a known
 * block, asking one node after the other; walks that meet become one.
 */
#include <stdio.h>
#include <string.h>

#include "core/feed_priv.h"

#define ROUND_NS   (300 * NS_PER_MS)
#define ROUNDS_MAX 3
#define LOST_MAX   64

/* --- telling --------------------------------------------------------------------------- */

static void publish(struct feed *f, const struct node_block *b, uint64_t height, uint64_t t_ns)
{
	if (f->subscribers.len == 0)
		return;
	struct feed_block *fb = xmalloc(sizeof(*fb) + b->n_txs * sizeof(b->txs[0]));
	*fb = (struct feed_block){
		.refs = (int)f->subscribers.len,
		.id = b->id,
		.parent = b->parent,
		.slot = b->slot,
		.height = height,
		.t_ns = t_ns,
		.n_txs = b->n_txs,
	};
	if (b->n_txs)
		memcpy(fb->txs, b->txs, b->n_txs * sizeof(b->txs[0]));
	for (size_t i = 0; i < f->subscribers.len; i++) {
		if (mailbox_push(f->subscribers.items[i], fb))
			continue;
		struct event *ev = event_new(EVENT_LOST, hub_now(f->opt.hub), -1);
		ev->u.lost.count = 1;
		hub_emit(f->opt.hub, ev);
		feed_block_unref(fb);
	}
}

static void tell_seen(struct feed *f, unsigned node, const struct id32 *id, uint64_t t_ns)
{
	struct event *ev = event_new(EVENT_BLOCK_SEEN, t_ns, (int)node);
	ev->u.block_seen.id = *id;
	hub_emit(f->opt.hub, ev);
}

/* Tells one block and frees it. */
static void tell(struct feed *f, struct held *h)
{
	struct node_block *b = &h->block;
	const struct view_block *v = chain_view_find(f->view, &b->id);
	bool has_height = v && v->has_height;
	publish(f, b, has_height ? v->height : 0, h->t_ns);

	struct event *ev = event_new(EVENT_BLOCK, h->t_ns, (int)h->node);
	ev->u.block.id = b->id;
	ev->u.block.parent = b->parent;
	ev->u.block.leader = b->leader;
	ev->u.block.slot = b->slot;
	ev->u.block.has_height = has_height;
	ev->u.block.height = has_height ? v->height : 0;
	ev->u.block.size_bytes = b->size_bytes;
	ev->u.block.txs = TAKE_PTR(b->txs);
	ev->u.block.n_txs = b->n_txs;
	hub_emit(f->opt.hub, ev);
	for (size_t i = 0; i < h->sightings.len; i++)
		tell_seen(f, h->sightings.items[i].node, &b->id, h->sightings.items[i].t_ns);
	vec_free(&h->sightings);
	node_block_release(b);
	free(h);
}

/* --- holding ---------------------------------------------------------------------------- */

static void hold_expired(void *arg);

static void hold_arm(struct feed *f)
{
	if (f->hold_timer || !f->held_first)
		return;
	f->hold_timer = net_timer(f->opt.net, f->held_first->deadline_ns, hold_expired, f);
}

static void held_unlink(struct feed *f, struct held *h)
{
	map_take(f->held, h->block.id.b, sizeof(h->block.id.b));
	if (h->prev)
		h->prev->next = h->next;
	else
		f->held_first = h->next;
	if (h->next)
		h->next->prev = h->prev;
	else
		f->held_last = h->prev;
}

static struct held *waiting_take(struct feed *f, const struct id32 *parent)
{
	return map_take(f->waiting, parent->b, sizeof(parent->b));
}

static void waiting_put(struct feed *f, struct held *h)
{
	const struct id32 *parent = &h->block.parent;
	h->sibling = waiting_take(f, parent);
	map_put(f->waiting, parent->b, sizeof(parent->b), h);
}

static void hold(struct feed *f, struct held *h)
{
	h->deadline_ns = clock_now(f->opt.clock) + FEED_HOLD_NS;
	h->prev = f->held_last;
	if (f->held_last)
		f->held_last->next = h;
	else
		f->held_first = h;
	f->held_last = h;
	map_put(f->held, h->block.id.b, sizeof(h->block.id.b), h);
	waiting_put(f, h);
	hold_arm(f);
}

/* Tells a list of siblings, then those that waited for them, and so on. */
static void release_all(struct feed *f, struct held *list)
{
	while (list) {
		struct held *h = list;
		list = h->sibling;
		held_unlink(f, h);
		struct held *children = waiting_take(f, &h->block.id);
		struct held **end = &list;
		while (*end)
			end = &(*end)->sibling;
		*end = children;
		tell(f, h);
	}
}

/* Takes one block out of those that wait for the same parent. */
static void waiting_remove(struct feed *f, struct held *h)
{
	struct held *list = waiting_take(f, &h->block.parent);
	for (struct held **at = &list; *at; at = &(*at)->sibling) {
		if (*at == h) {
			*at = h->sibling;
			break;
		}
	}
	h->sibling = NULL;
	if (list)
		map_put(f->waiting, h->block.parent.b, sizeof(h->block.parent.b), list);
}

static void hold_expired(void *arg)
{
	struct feed *f = arg;
	uint64_t now = clock_now(f->opt.clock);
	f->hold_timer = 0;
	while (f->held_first && f->held_first->deadline_ns <= now) {
		struct held *h = f->held_first;
		waiting_remove(f, h);
		release_all(f, h);
	}
	hold_arm(f);
	tips_settle(f);
}

/* --- sightings ---------------------------------------------------------------------------- */

static void sighting(struct feed *f, unsigned node, const struct id32 *id, uint64_t t_ns)
{
	if (chain_view_is_seen_by(f->view, id, (int)node))
		return;
	chain_view_seen(f->view, id, (int)node, t_ns);
	struct held *h = map_get(f->held, id->b, sizeof(id->b));
	if (h)
		vec_push(&h->sightings, ((struct sighting){ node, t_ns }));
	else
		tell_seen(f, node, id, t_ns);
}

/* Who has a block has all before it: sightings of its ancestors, oldest first. */
static void sight_ancestors(struct feed *f, unsigned node, const struct view_block *b, uint64_t t)
{
	VEC(const struct view_block *) path = { 0 };
	for (b = b->parent_block; b && path.len < FEED_GAP_MAX; b = b->parent_block) {
		if (chain_view_is_seen_by(f->view, &b->id, (int)node))
			break;
		vec_push(&path, b);
	}
	while (path.len > 0)
		sighting(f, node, &path.items[--path.len]->id, t);
	vec_free(&path);
}

/* --- wants ---------------------------------------------------------------------------------- */

static void queue_add(struct want *w)
{
	struct feed *f = w->feed;
	w->queued = true;
	w->next = NULL;
	w->prev = f->queue_last;
	if (f->queue_last)
		f->queue_last->next = w;
	else
		f->queue_first = w;
	f->queue_last = w;
}

static void queue_remove(struct want *w)
{
	struct feed *f = w->feed;
	if (!w->queued)
		return;
	w->queued = false;
	if (w->prev)
		w->prev->next = w->next;
	else
		f->queue_first = w->next;
	if (w->next)
		w->next->prev = w->prev;
	else
		f->queue_last = w->prev;
}

/* Out of the map and the queue, its request cancelled. */
static void want_end(struct want *w)
{
	struct feed *f = w->feed;
	map_take(f->wants, w->id.b, sizeof(w->id.b));
	queue_remove(w);
	feed_timer_stop(f, &w->timer);
	if (w->ask)
		ask_drop(w->ask);
	if (map_len(f->wants) == 0 && chain_view_len(f->view) > 0)
		f->has_history = true;
}

static void want_free(struct want *w)
{
	if (!w)
		return;
	vec_free(&w->nodes);
	free(w);
}

static void want_node(struct want *w, unsigned node)
{
	for (size_t i = 0; i < w->nodes.len; i++) {
		if (w->nodes.items[i] == node)
			return;
	}
	vec_push(&w->nodes, node);
}

static struct want *want_add(struct feed *f, unsigned node, const struct id32 *id, unsigned depth)
{
	struct want *w = map_get(f->wants, id->b, sizeof(id->b));
	if (!w) {
		if (f->stopped || map_len(f->wants) >= FEED_WANTS_MAX)
			return NULL;
		w = xcalloc(1, sizeof(*w));
		w->feed = f;
		w->id = *id;
		w->source = node;
		map_put(f->wants, id->b, sizeof(id->b), w);
		queue_add(w);
	}
	w->depth = MAX(w->depth, depth);
	want_node(w, node);
	return w;
}

static unsigned walk_depth(const struct feed *f)
{
	return f->has_history ? FEED_GAP_MAX : FEED_HISTORY;
}

static void want_give_up(struct want *w)
{
	struct feed *f = w->feed;
	bool known = false;
	for (size_t i = 0; i < f->lost.len; i++)
		known |= id32_eq(&f->lost.items[i], &w->id);
	if (w->any_error && !known && f->lost.len < LOST_MAX)
		vec_push(&f->lost, w->id);
	if (w->has_height && w->height == 0 && !f->anchored) {
		/* a genesis that nodes do not hand out still tells where counting starts */
		chain_view_add(f->view, &w->id, &(struct id32){ 0 }, 0, NULL);
		chain_view_height(f->view, &w->id, 0);
		f->anchored = true;
	}
	want_end(w);
	release_all(f, waiting_take(f, &w->id));
	want_free(w);
	tips_settle(f);
}

static void round_over(void *arg)
{
	struct want *w = arg;
	struct feed *f = w->feed;
	w->timer = 0;
	w->tried = 0;
	w->any_error = false;
	queue_add(w);
	feed_fetch_more(f);
}

static void block_done(struct ask *a, const struct net_response *r);

static void fetch(struct want *w, struct feed_node *n, bool storage)
{
	char hex[ID32_HEX], body[ID32_HEX + 2];
	struct ask *a = ask_new(n, block_done);
	a->want = w;
	a->storage = storage;
	w->ask = a;
	n->fetching++;
	id32_hex(&w->id, hex);
	if (storage) {
		snprintf(body, sizeof(body), "\"%s\"", hex);
		ask_send(a, NET_POST, "/storage/block", body, FEED_FETCH_NS, 0);
		return;
	}
	CLEANUP_FREE char *path = xasprintf("/cryptarchia/blocks/%s", hex);
	ask_send(a, NET_GET, path, NULL, FEED_FETCH_NS, 0);
}

/* Asks the next node for it if that one has room. */
static void want_advance(struct want *w)
{
	struct feed *f = w->feed;
	for (; w->tried < f->nodes.len; w->tried++) {
		struct feed_node *n = f->nodes.items[(w->source + w->tried) % f->nodes.len];
		if (!n->base)
			continue;
		if (n->fetching >= FEED_FETCHES)
			return;
		queue_remove(w);
		fetch(w, n, n->has_storage);
		return;
	}
	queue_remove(w);
	bool nobody = true;
	for (size_t i = 0; i < f->nodes.len; i++)
		nobody &= !f->nodes.items[i]->base;
	w->any_error |= nobody;
	if (w->any_error && ++w->rounds < ROUNDS_MAX)
		w->timer = feed_timer(f, ROUND_NS, round_over, w);
	else
		want_give_up(w);
}

void feed_fetch_more(struct feed *f)
{
	/* giving up may end other wants, but never adds to the queue */
	struct want *w = f->stopped ? NULL : f->queue_first;
	while (w) {
		struct want *next = w->next;
		want_advance(w);
		w = next;
	}
}

void feed_want_again(struct want *w)
{
	w->any_error = true;
	w->tried++;
	queue_add(w);
}

void feed_retry_lost(struct feed *f, unsigned node)
{
	size_t n = f->lost.len;
	f->lost.len = 0;
	for (size_t i = 0; i < n; i++) {
		if (!chain_view_find(f->view, &f->lost.items[i]))
			want_add(f, node, &f->lost.items[i], FEED_GAP_MAX);
	}
}

/* 1: b is the block; 0: the node does not have it; -1: the node failed. */
static int read_answer(const struct want *w, const struct net_response *r, struct node_block *b)
{
	if (r->status == 404 ||
		(r->status == 200 && r->len == 4 && memcmp(r->body, "null", 4) == 0))
		return 0;
	if (r->status != 200 || node_parse_block(r->body, r->len, b, NULL) != 0)
		return -1;
	if (id32_is_zero(&b->id))
		b->id = w->id;
	if (id32_eq(&b->id, &w->id))
		return 1;
	node_block_release(b);
	return -1;
}

static void block_done(struct ask *a, const struct net_response *r)
{
	struct want *w = a->want;
	struct feed_node *n = a->node;
	struct feed *f = n->feed;
	struct node_block b = { 0 };
	int rc = read_answer(w, r, &b);
	if (rc == 1) {
		n->has_storage |= a->storage;
		feed_arrive(f, n->index, &b);
		feed_fetch_more(f);
		return;
	}
	if (a->storage && !n->has_storage)
		n->no_storage = true;
	/* early generations have blocks at another place only */
	if (rc == 0 && !a->storage && !n->no_storage) {
		fetch(w, n, true);
		return;
	}
	w->any_error |= rc < 0;
	w->tried++;
	queue_add(w);
	feed_fetch_more(f);
}

/* --- arrival --------------------------------------------------------------------------------- */

/* Where the new block hangs: told at once, or held until its parent is. */
static void place(struct feed *f, struct held *h, const struct view_block *v, const struct want *w,
	unsigned depth)
{
	const struct id32 *parent = &v->parent;
	bool is_root = id32_is_zero(parent) || id32_eq(parent, &v->id) ||
		       (v->has_height && v->height == 0);
	bool wait;
	if (v->parent_block) {
		sight_ancestors(f, h->node, v, h->t_ns);
		for (size_t i = 0; w && i < w->nodes.len; i++)
			sight_ancestors(f, w->nodes.items[i], v, h->t_ns);
		wait = map_get(f->held, parent->b, sizeof(parent->b)) != NULL;
	} else {
		struct want *p = is_root || depth == 0 ? NULL : want_add(f, h->node, parent, depth);
		for (size_t i = 0; p && w && i < w->nodes.len; i++)
			want_node(p, w->nodes.items[i]);
		wait = p != NULL;
	}
	if (wait) {
		hold(f, h);
		return;
	}
	struct held *children = waiting_take(f, &h->block.id);
	tell(f, h);
	release_all(f, children);
}

void feed_arrive(struct feed *f, unsigned node, struct node_block *b)
{
	uint64_t t = hub_now(f->opt.hub);
	const struct view_block *v = chain_view_find(f->view, &b->id);
	if (v) {
		sighting(f, node, &b->id, t);
		sight_ancestors(f, node, v, t);
		node_block_release(b);
		return;
	}
	struct want *w = map_get(f->wants, b->id.b, sizeof(b->id.b));
	unsigned depth = walk_depth(f);
	v = chain_view_add(f->view, &b->id, &b->parent, b->slot, NULL);
	chain_view_details(f->view, &b->id, &b->leader, (uint32_t)b->n_txs, b->size_bytes);
	chain_view_seen(f->view, &b->id, (int)node, t);

	struct held *h = xcalloc(1, sizeof(*h));
	h->block = *b;
	*b = (struct node_block){ 0 };
	h->node = node;
	h->t_ns = t;
	if (w) {
		depth = w->depth > 0 ? w->depth - 1 : 0;
		for (size_t i = 0; i < w->nodes.len; i++) {
			unsigned other = w->nodes.items[i];
			if (other == node)
				continue;
			chain_view_seen(f->view, &v->id, (int)other, t);
			vec_push(&h->sightings, ((struct sighting){ other, t }));
		}
		if (w->has_height && !f->anchored) {
			chain_view_height(f->view, &v->id, w->height);
			f->anchored = true;
		}
	}
	if (id32_is_zero(&v->parent)) {
		chain_view_height(f->view, &v->id, 0); /* a genesis */
		f->anchored = true;
	}
	place(f, h, v, w, depth);
	if (w) {
		want_end(w);
		want_free(w);
	}
	tips_settle(f);
}

void feed_has(struct feed *f, unsigned node, const struct id32 *id, const uint64_t *height)
{
	const struct view_block *v = chain_view_find(f->view, id);
	if (v) {
		if (height && !f->anchored) {
			chain_view_height(f->view, id, *height);
			f->anchored = true;
		}
		uint64_t t = hub_now(f->opt.hub);
		sighting(f, node, id, t);
		sight_ancestors(f, node, v, t);
		return;
	}
	struct want *w = id32_is_zero(id) ? NULL : want_add(f, node, id, walk_depth(f));
	if (w && height && !w->has_height) {
		w->has_height = true;
		w->height = *height;
	}
}

static int want_release(const void *key, size_t len, void *value, void *arg)
{
	(void)key;
	(void)len;
	(void)arg;
	want_end(value);
	want_free(value);
	return 0;
}

void feed_blocks_release(struct feed *f)
{
	feed_timer_stop(f, &f->hold_timer);
	while (f->held_first) {
		struct held *h = f->held_first;
		held_unlink(f, h);
		node_block_release(&h->block);
		vec_free(&h->sightings);
		free(h);
	}
	map_each(f->wants, want_release, NULL);
}
