/*
 * The sampler of the feed, and what becomes of a node's tip. Net thread.
 *
 * A sample is one question about consensus and, every second time, about
 * peers, mempool and supply. It is told once all parts are answered or timed
 * out; the next one does not begin before that.
 */
#include <string.h>

#include "core/backend.h"
#include "core/feed_priv.h"

#define SAMPLE_DEFAULT_NS (500 * NS_PER_MS)
#define SAMPLE_MIN_NS     (50 * NS_PER_MS)
#define SAMPLE_MAX_NS     (2 * NS_PER_S)
#define SAMPLE_SHARE_NS   (40 * NS_PER_MS) /* of each node, so that watching many costs little */
#define STAGGER           8
#define TIP_PATIENCE_NS   NS_PER_S

uint64_t feed_sample_ns(const struct feed *f)
{
	if (f->opt.sample_ns)
		return f->opt.sample_ns;
	uint64_t half = f->opt.block_interval_ns / 2;
	uint64_t every =
		half ? MAX(MIN(half, SAMPLE_DEFAULT_NS), SAMPLE_MIN_NS) : SAMPLE_DEFAULT_NS;
	return MAX(every, MIN(f->nodes.len * SAMPLE_SHARE_NS, SAMPLE_MAX_NS));
}

/* --- tips -------------------------------------------------------------------------------- */

static void tell_reorg(struct feed_node *n, const struct id32 *from, const struct id32 *to)
{
	struct feed *f = n->feed;
	const struct view_block *old = chain_view_find(f->view, from);
	const struct view_block *common = chain_view_common(f->view, from, to);
	struct event *ev = event_new(EVENT_REORG, hub_now(f->opt.hub), (int)n->index);
	ev->u.reorg.from = *from;
	ev->u.reorg.to = *to;
	for (const struct view_block *b = old; common && b && b != common; b = b->parent_block)
		ev->u.reorg.depth++;
	hub_emit(f->opt.hub, ev);
}

static void tip_accept(struct feed_node *n)
{
	n->has_tip = true;
	n->tip = n->next_tip;
	n->has_next_tip = false;
	n->feed->tips_open--;
}

/* Accepts the new tip once it can be told how it stands to the old one, or never will be. */
static void tip_settle(struct feed_node *n)
{
	struct feed *f = n->feed;
	enum view_relation r = VIEW_DESCENDANT;
	bool can_tell = true;
	if (n->has_tip) {
		r = chain_view_relation(f->view, &n->next_tip, &n->tip);
		/* a fork is not told before it is known where it began */
		can_tell = r != VIEW_CANNOT_TELL &&
			   (r != VIEW_FORKED || chain_view_common(f->view, &n->tip, &n->next_tip));
	}
	if (!can_tell && clock_now(f->opt.clock) - n->next_tip_ns < TIP_PATIENCE_NS)
		return;
	struct id32 from = n->tip, to = n->next_tip;
	tip_accept(n);
	if (r == VIEW_FORKED || r == VIEW_ANCESTOR)
		tell_reorg(n, &from, &to);
}

void tip_update(struct feed_node *n, const struct id32 *tip)
{
	if (n->has_next_tip && id32_eq(&n->next_tip, tip))
		return;
	if (!n->has_next_tip) {
		if (n->has_tip && id32_eq(&n->tip, tip))
			return;
		n->feed->tips_open++;
		n->next_tip_ns = clock_now(n->feed->opt.clock);
	}
	n->has_next_tip = true;
	n->next_tip = *tip;
	tip_settle(n);
}

void tips_settle(struct feed *f)
{
	for (size_t i = 0; f->tips_open > 0 && i < f->nodes.len; i++) {
		if (f->nodes.items[i]->has_next_tip)
			tip_settle(f->nodes.items[i]);
	}
}

/* --- samples ------------------------------------------------------------------------------- */

static void sample_tell(struct feed_node *n)
{
	struct feed *f = n->feed;
	struct event *ev = TAKE_PTR(n->sample);
	ev->t_ns = hub_now(f->opt.hub);
	ev->u.sample.ok = !ev->u.sample.error;
	ev->u.sample.peers = n->peers;
	ev->u.sample.mempool = n->mempool;
	ev->u.sample.has_supply = n->has_supply;
	ev->u.sample.supply = n->supply;
	ev->u.sample.genesis_supply = n->genesis_supply;
	struct node_usage use = { .cpu = -1 };
	if (f->opt.usage)
		f->opt.usage(f->opt.usage_arg, n->index, &use);
	ev->u.sample.cpu = use.cpu;
	ev->u.sample.rss_bytes = use.rss_bytes;
	ev->u.sample.has_traffic = use.has_traffic;
	ev->u.sample.in_bytes = use.in_bytes;
	ev->u.sample.out_bytes = use.out_bytes;
	hub_emit(f->opt.hub, ev);
}

static void part_over(struct feed_node *n)
{
	if (--n->parts_open == 0)
		sample_tell(n);
}

/* The first thing that went wrong is the sample's error. */
static void part_failed(struct feed_node *n, const char *text)
{
	if (!n->sample->u.sample.error)
		n->sample->u.sample.error = xstrdup(text);
}

/* A 2xx answer, or the sample fails. */
static bool part_answered(struct feed_node *n, const struct net_response *r)
{
	char text[400];
	if (r->status / 100 == 2)
		return true;
	if (r->status)
		node_error_text(r->status, r->body, r->len, text, sizeof(text));
	part_failed(n, r->status ? text : r->err->text);
	return false;
}

static void info_done(struct ask *a, const struct net_response *r)
{
	struct feed_node *n = a->node;
	struct event *ev = n->sample;
	struct node_info info;
	struct err err = { 0 };
	ev->u.sample.latency_ns = r->latency_ns;
	if (part_answered(n, r)) {
		if (node_parse_info(r->body, r->len, &info, &err) != 0) {
			part_failed(n, err.text);
		} else {
			ev->u.sample.mode = xstrdup(info.mode);
			ev->u.sample.slot = info.slot;
			ev->u.sample.height = info.height;
			ev->u.sample.lib_slot = info.lib_slot;
			ev->u.sample.tip = info.tip;
			ev->u.sample.lib = info.lib;
			feed_has(n->feed, n->index, &info.tip, &info.height);
			/* what the stream said meanwhile may be newer than this answer */
			if (a->news_before == n->news)
				tip_update(n, &info.tip);
			feed_fetch_more(n->feed);
		}
	}
	tips_settle(n->feed);
	part_over(n);
}

static void network_done(struct ask *a, const struct net_response *r)
{
	struct feed_node *n = a->node;
	struct node_network net;
	struct err err = { 0 };
	n->no_network = r->status == 404;
	if (!n->no_network && part_answered(n, r)) {
		if (node_parse_network(r->body, r->len, &net, &err) == 0)
			n->peers = net.peers;
		else
			part_failed(n, err.text);
	}
	part_over(n);
}

static void metrics_done(struct ask *a, const struct net_response *r)
{
	struct feed_node *n = a->node;
	uint64_t pending;
	struct err err = { 0 };
	n->no_metrics = r->status == 404;
	if (!n->no_metrics && part_answered(n, r)) {
		if (node_parse_pending(r->body, r->len, &pending, &err) == 0)
			n->mempool = pending;
		else
			part_failed(n, err.text);
	}
	part_over(n);
}

static void supply_done(struct ask *a, const struct net_response *r)
{
	struct feed_node *n = a->node;
	uint64_t supply, genesis;
	struct err err = { 0 };
	n->no_supply = r->status == 404;
	if (!n->no_supply && part_answered(n, r)) {
		if (node_parse_supply(r->body, r->len, &supply, &genesis, &err) == 0) {
			n->has_supply = true;
			n->supply = supply;
			n->genesis_supply = genesis;
		} else {
			part_failed(n, err.text);
		}
	}
	part_over(n);
}

static void part_ask(struct feed_node *n, const char *path,
	void (*done)(struct ask *a, const struct net_response *r))
{
	uint64_t timeout = MAX(NS_PER_S, 2 * feed_sample_ns(n->feed));
	ask_send(ask_new(n, done), NET_GET, path, NULL, timeout, 0);
}

void sample_now(struct feed_node *n)
{
	if (n->parts_open > 0 || n->feed->stopped)
		return;
	bool with_network = n->samples % 2 == 0 && !n->no_network;
	bool with_metrics = n->samples % 2 == 0 && !n->no_metrics;
	bool with_supply = n->samples % 2 == 0 && !n->no_supply;
	n->samples++;
	n->sample = event_new(EVENT_NODE_SAMPLE, 0, (int)n->index);
	n->parts_open = 1u + with_network + with_metrics + with_supply;
	part_ask(n, "/cryptarchia/info", info_done);
	if (with_network)
		part_ask(n, "/network/info", network_done);
	if (with_metrics)
		part_ask(n, "/mantle/metrics", metrics_done);
	if (with_supply)
		part_ask(n, "/ltb/supply", supply_done);
}

static void sample_tick(void *arg)
{
	struct feed_node *n = arg;
	struct feed *f = n->feed;
	uint64_t now = clock_now(f->opt.clock), every = feed_sample_ns(f);
	n->next_sample_ns += every;
	if (n->next_sample_ns <= now)
		n->next_sample_ns = now + every;
	n->sample_timer = net_timer(f->opt.net, n->next_sample_ns, sample_tick, n);
	sample_now(n);
}

void sample_open(struct feed_node *n)
{
	struct feed *f = n->feed;
	uint64_t every = feed_sample_ns(f);
	/* the first at once, for the tip; the rest spread out over the nodes */
	n->next_sample_ns =
		clock_now(f->opt.clock) + every + every * (n->index % STAGGER) / STAGGER;
	n->sample_timer = net_timer(f->opt.net, n->next_sample_ns, sample_tick, n);
	sample_now(n);
}

void sample_close(struct feed_node *n)
{
	feed_timer_stop(n->feed, &n->sample_timer);
	event_free(n->sample);
	n->sample = NULL;
	n->parts_open = 0;
}

void sample_failure(struct feed_node *n, const char *text)
{
	struct event *ev = event_new(EVENT_NODE_SAMPLE, hub_now(n->feed->opt.hub), (int)n->index);
	ev->u.sample.error = xstrdup(text);
	ev->u.sample.cpu = -1;
	hub_emit(n->feed->opt.hub, ev);
}
