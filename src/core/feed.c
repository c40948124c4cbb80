/*
 * Following the nodes: their life in the feed, streams and polling; see feed.h.
 * Everything runs on the net thread; the public functions post to it.
 */
#include "core/feed.h"

#include <string.h>

#include "core/feed_priv.h"

#define STREAM_OPEN_NS (5 * NS_PER_S)
#define BACKOFF_MIN_NS (100 * NS_PER_MS)
#define BACKOFF_MAX_NS (2 * NS_PER_S)
#define IDLE_MIN_NS    (10 * NS_PER_S)
#define IDLE_INTERVALS 20
#define POLL_MIN_NS    (50 * NS_PER_MS)
#define POLL_MAX_NS    NS_PER_S

/* --- requests and timers ------------------------------------------------------------- */

static void ask_unlink(struct ask *a)
{
	if (a->prev)
		a->prev->next = a->next;
	else
		a->node->asks = a->next;
	if (a->next)
		a->next->prev = a->prev;
}

static void ask_done(const struct net_response *r, void *arg)
{
	struct ask *a = arg;
	struct feed *f = a->node->feed;
	if (f->sending == a)
		f->sending = NULL;
	ask_unlink(a);
	if (a->want) {
		a->want->ask = NULL;
		a->node->fetching--;
	}
	if (r->status == 0 && r->err->code == ERR_CANCELLED)
		f->stopped = true;
	else
		a->done(a, r);
	free(a);
}

static void ask_line(const char *line, size_t len, void *arg)
{
	struct ask *a = arg;
	a->line(a, line, len);
}

struct ask *ask_new(struct feed_node *n, void (*done)(struct ask *a, const struct net_response *r))
{
	struct ask *a = xcalloc(1, sizeof(*a));
	a->node = n;
	a->done = done;
	a->news_before = n->news;
	a->next = n->asks;
	if (n->asks)
		n->asks->prev = a;
	n->asks = a;
	return a;
}

void ask_send(struct ask *a, enum net_method m, const char *path, const char *body,
	uint64_t timeout_ns, uint64_t idle_ns)
{
	struct feed *f = a->node->feed;
	CLEANUP_FREE char *url = xasprintf("%s%s", a->node->base, path);
	const struct net_request req = {
		.method = m,
		.url = url,
		.body = body,
		.body_len = body ? strlen(body) : 0,
		.timeout_ns = timeout_ns,
		.idle_ns = idle_ns,
		.max_bytes = FEED_BLOCK_MAX,
		.on_line = a->line ? ask_line : NULL,
		.on_done = ask_done,
		.arg = a,
	};
	/* once the net thread has ended, a is gone when net_send() returns */
	f->sending = a;
	uint64_t id = net_send(f->opt.net, &req);
	if (f->sending == a)
		a->id = id;
	f->sending = NULL;
}

void ask_drop(struct ask *a)
{
	net_cancel(a->node->feed->opt.net, a->id);
	ask_unlink(a);
	if (a->want) {
		a->want->ask = NULL;
		a->node->fetching--;
	}
	free(a);
}

uint64_t feed_timer(struct feed *f, uint64_t after_ns, void (*fn)(void *arg), void *arg)
{
	return net_timer(f->opt.net, clock_now(f->opt.clock) + after_ns, fn, arg);
}

void feed_timer_stop(struct feed *f, uint64_t *id)
{
	if (*id)
		net_timer_cancel(f->opt.net, *id);
	*id = 0;
}

/* --- polling --------------------------------------------------------------------------- */

static uint64_t poll_ns(const struct feed *f)
{
	return MIN(MAX(f->opt.block_interval_ns / 4, POLL_MIN_NS), POLL_MAX_NS);
}

static void poll_headers_done(struct ask *a, const struct net_response *r)
{
	struct feed_node *n = a->node;
	CLEANUP_FREE struct id32 *ids = NULL;
	size_t len = 0;
	n->polls_open--;
	if (r->status == 200)
		node_parse_ids(r->body, r->len, FEED_HEADERS_MAX, &ids, &len, NULL);
	/* newest first: oldest are wanted first, so that they are told in order */
	while (len > 0)
		feed_has(n->feed, n->index, &ids[--len], NULL);
	feed_has(n->feed, n->index, &n->polled_tip, NULL);
	tip_update(n, &n->polled_tip);
	feed_fetch_more(n->feed);
}

static void poll_info_done(struct ask *a, const struct net_response *r)
{
	struct feed_node *n = a->node;
	struct node_info info;
	n->polls_open--;
	if (r->status != 200 || node_parse_info(r->body, r->len, &info, NULL) != 0)
		return; /* the sampler tells */
	n->news++;
	if (n->has_polled && id32_eq(&n->polled_tip, &info.tip))
		return;
	n->has_polled = true;
	n->polled_tip = info.tip;
	n->polls_open++;
	ask_send(ask_new(n, poll_headers_done), NET_GET, "/cryptarchia/headers", NULL,
		FEED_FETCH_NS, 0);
}

static void poll_tick(void *arg)
{
	struct feed_node *n = arg;
	n->poll_timer = feed_timer(n->feed, poll_ns(n->feed), poll_tick, n);
	if (n->polls_open > 0)
		return;
	n->polls_open++;
	ask_send(ask_new(n, poll_info_done), NET_GET, "/cryptarchia/info", NULL, FEED_FETCH_NS, 0);
}

/* --- streams ------------------------------------------------------------------------------ */

static void stream_open(struct feed_node *n);

static void stream_reopen(void *arg)
{
	struct feed_node *n = arg;
	n->reopen_timer = 0;
	stream_open(n);
	/* what came while there was no stream shows in the tip */
	sample_now(n);
}

static void stream_lost(struct feed_node *n)
{
	n->stream = NULL;
	n->reopen_timer = feed_timer(n->feed, n->backoff_ns, stream_reopen, n);
	n->backoff_ns = MIN(n->backoff_ns * 2, BACKOFF_MAX_NS);
}

static const struct known_line *find_known(const struct feed *f, const char *line, size_t len)
{
	for (size_t i = 0; i < KNOWN_LINES; i++) {
		const struct known_line *k = &f->known[i];
		if (k->text && k->len == len && memcmp(k->text, line, len) == 0)
			return k;
	}
	return NULL;
}

static void remember(struct feed *f, const char *line, size_t len, const struct node_block *b)
{
	struct known_line *k = &f->known[f->next_known];
	if (len > KNOWN_LINE_MAX)
		return;
	f->next_known = (f->next_known + 1) % KNOWN_LINES;
	free(k->text);
	*k = (struct known_line){ .text = xmemdup(line, len),
		.len = len,
		.id = b->id,
		.tip = b->tip,
		.has_tip = b->has_tip };
}

static void stream_line(struct ask *a, const char *line, size_t len)
{
	struct feed_node *n = a->node;
	const struct known_line *known = find_known(n->feed, line, len);
	struct node_block b = { 0 };
	struct err err = { 0 };
	if (known) {
		b.id = known->id;
		b.tip = known->tip;
		b.has_tip = known->has_tip;
	} else if (node_parse_block_event(line, len, &b, &err) != 0) {
		sample_failure(n, err.text);
		ask_drop(a);
		stream_lost(n);
		return;
	} else {
		remember(n->feed, line, len, &b);
	}
	bool has_tip = b.has_tip;
	struct id32 tip = b.tip;
	n->news++;
	n->backoff_ns = BACKOFF_MIN_NS;
	if (known)
		feed_has(n->feed, n->index, &b.id, NULL);
	else
		feed_arrive(n->feed, n->index, &b);
	if (has_tip) {
		feed_has(n->feed, n->index, &tip, NULL);
		tip_update(n, &tip);
	}
	feed_fetch_more(n->feed);
}

static void stream_done(struct ask *a, const struct net_response *r)
{
	struct feed_node *n = a->node;
	if (r->status == 404 || r->status == 405 || r->status == 501) {
		n->stream = NULL;
		n->polling = true;
		poll_tick(n);
		return;
	}
	stream_lost(n);
}

static void stream_open(struct feed_node *n)
{
	uint64_t idle = MAX(IDLE_MIN_NS, IDLE_INTERVALS * n->feed->opt.block_interval_ns);
	n->stream = ask_new(n, stream_done);
	n->stream->line = stream_line;
	ask_send(n->stream, NET_GET, "/cryptarchia/events/blocks/stream", NULL, STREAM_OPEN_NS,
		idle);
}

/* --- nodes ---------------------------------------------------------------------------------- */

static struct feed_node *node_at(struct feed *f, unsigned index)
{
	while (f->nodes.len <= index) {
		struct feed_node *n = xcalloc(1, sizeof(*n));
		n->feed = f;
		n->index = (unsigned)f->nodes.len;
		vec_push(&f->nodes, n);
	}
	return f->nodes.items[index];
}

/* Forgets everything about the node but its place: whatever comes back may differ. */
static void node_close(struct feed_node *n)
{
	struct feed *f = n->feed;
	if (!n->base)
		return;
	feed_timer_stop(f, &n->reopen_timer);
	feed_timer_stop(f, &n->poll_timer);
	sample_close(n);
	while (n->asks) {
		struct want *w = n->asks->want;
		ask_drop(n->asks);
		if (w)
			feed_want_again(w);
	}
	if (n->has_next_tip)
		f->tips_open--;
	free(n->base);
	*n = (struct feed_node){ .feed = f, .index = n->index };
}

static void node_open(struct feed_node *n, const char *base)
{
	n->base = xstrdup(base);
	n->backoff_ns = BACKOFF_MIN_NS;
	stream_open(n);
	sample_open(n);
	feed_retry_lost(n->feed, n->index);
}

struct endpoint {
	struct feed *feed;
	unsigned node;
	char *base;
};

static void endpoint_set(void *arg)
{
	struct endpoint *e = arg;
	struct feed_node *n = node_at(e->feed, e->node);
	node_close(n);
	if (e->base && !e->feed->stopped)
		node_open(n, e->base);
	feed_fetch_more(e->feed);
	free(e->base);
	free(e);
}

void feed_set_endpoint(struct feed *f, unsigned node, const char *base)
{
	if (node >= FEED_MAX_NODES)
		return;
	struct endpoint *e = xcalloc(1, sizeof(*e));
	*e = (struct endpoint){ .feed = f, .node = node, .base = xstrdup(base) };
	net_post(f->opt.net, endpoint_set, e);
}

/* --- life and subscribers ----------------------------------------------------------------------
 */

struct feed *feed_new(const struct feed_options *opt)
{
	struct feed *f = xcalloc(1, sizeof(*f));
	f->opt = *opt;
	f->view = chain_view_new();
	f->wants = map_new(NULL);
	f->held = map_new(NULL);
	f->waiting = map_new(NULL);
	return f;
}

static void shut(void *arg)
{
	struct feed *f = arg;
	f->stopped = true;
	for (size_t i = 0; i < f->nodes.len; i++)
		node_close(f->nodes.items[i]);
	feed_blocks_release(f);
}

void feed_free(struct feed *f)
{
	if (!f)
		return;
	net_run(f->opt.net, shut, f);
	for (size_t i = 0; i < f->nodes.len; i++)
		free(f->nodes.items[i]);
	for (size_t i = 0; i < KNOWN_LINES; i++)
		free(f->known[i].text);
	vec_free(&f->nodes);
	vec_free(&f->subscribers);
	vec_free(&f->lost);
	map_free(f->wants);
	map_free(f->held);
	map_free(f->waiting);
	chain_view_free(f->view);
	free(f);
}

struct subscription {
	struct feed *feed;
	struct mailbox *mb;
};

static void subscribe(void *arg)
{
	const struct subscription *s = arg;
	vec_push(&s->feed->subscribers, s->mb);
}

static void unsubscribe(void *arg)
{
	const struct subscription *s = arg;
	struct feed *f = s->feed;
	for (size_t i = 0; i < f->subscribers.len; i++) {
		if (f->subscribers.items[i] != s->mb)
			continue;
		f->subscribers.items[i] = f->subscribers.items[--f->subscribers.len];
		return;
	}
}

void feed_subscribe(struct feed *f, struct mailbox *mb)
{
	struct subscription s = { f, mb };
	net_run(f->opt.net, subscribe, &s);
}

void feed_unsubscribe(struct feed *f, struct mailbox *mb)
{
	struct subscription s = { f, mb };
	net_run(f->opt.net, unsubscribe, &s);
}

void feed_block_unref(struct feed_block *b)
{
	if (b && __atomic_sub_fetch(&b->refs, 1, __ATOMIC_ACQ_REL) == 0)
		free(b);
}
