/*
 * Table of the nodes; see cluster.h. Hub and feed are told of a state under
 * the table's lock, so that they see changes in the order of the table; both
 * only put it into a queue under a lock of their own.
 */
#include "core/cluster.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "core/node_client.h"
#include "util/mem.h"

#define ASK_TIMEOUT_NS (500 * NS_PER_MS)
#define ROUND_NS       NS_PER_S

struct member {
	struct cluster_node pub;
	int64_t pid;
	uint64_t version; /* counts what was told */
	bool was_ready;
	unsigned links;
	char missing[200]; /* runner's thread: why it is not ready yet */
};

struct cluster {
	struct hub *hub;
	struct net *net;
	struct clock *clock;
	struct wake *changed;
	/* Runner's thread only. */
	uint64_t next_watch_ns;
	size_t watch_from;

	pthread_mutex_t lock; /* everything below */
	uint64_t changes;
	struct member *members;
	size_t n;
	struct feed *feed; /* may be NULL */
};

static bool runs(enum node_state s)
{
	return s == NODE_STARTING || s == NODE_UP || s == NODE_READY || s == NODE_PAUSED;
}

/* Links of each node in both directions, each pair once. */
static void count_links(struct cluster *c, const struct plan *p)
{
	size_t n = p->n_nodes;
	CLEANUP_FREE bool *linked = xcalloc(n ? n * n : 1, sizeof(bool));

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < p->nodes[i].n_peers; k++) {
			size_t j = p->nodes[i].peers[k];
			if (j >= n || j == i || linked[MIN(i, j) * n + MAX(i, j)])
				continue;
			linked[MIN(i, j) * n + MAX(i, j)] = true;
			c->members[i].links++;
			c->members[j].links++;
		}
	}
}

struct cluster *cluster_new(const struct cluster_options *opt)
{
	struct cluster *c = xcalloc(1, sizeof(*c));

	c->hub = opt->hub;
	c->net = opt->net;
	c->clock = opt->clock;
	c->changed = opt->changed;
	pthread_mutex_init(&c->lock, NULL);
	c->n = opt->plan->n_nodes;
	c->members = xcalloc(MAX(c->n, 1u), sizeof(*c->members));
	count_links(c, opt->plan);
	return c;
}

void cluster_free(struct cluster *c)
{
	if (!c)
		return;
	pthread_mutex_destroy(&c->lock);
	free(c->members);
	free(c);
}

void cluster_set_feed(struct cluster *c, struct feed *feed)
{
	pthread_mutex_lock(&c->lock);
	c->feed = feed;
	pthread_mutex_unlock(&c->lock);
}

/* Under the lock. */
static void emit_state(
	struct cluster *c, unsigned node, bool expected, const char *reason, const char *log_tail)
{
	const struct member *m = &c->members[node];
	struct event *ev = event_new(EVENT_NODE_STATE, hub_now(c->hub), (int)node);
	ev->u.node_state.state = m->pub.state;
	ev->u.node_state.expected = expected;
	ev->u.node_state.reason = xstrdup(reason);
	ev->u.node_state.endpoint = m->pub.endpoint[0] ? xstrdup(m->pub.endpoint) : NULL;
	ev->u.node_state.pid = m->pid;
	ev->u.node_state.log_tail = xstrdup(log_tail);
	hub_emit(c->hub, ev);
}

/* Under the lock. */
static void grow(struct cluster *c, unsigned node)
{
	if (node < c->n)
		return;
	c->members = xrealloc_array(c->members, (size_t)node + 1, sizeof(*c->members));
	memset(&c->members[c->n], 0, (node + 1 - c->n) * sizeof(*c->members));
	for (; c->n <= node; c->n++)
		c->members[c->n].links = 1; /* an added node dials somebody */
}

void cluster_tell(struct cluster *c, unsigned node, enum node_state state, bool expected,
	const char *endpoint, int64_t pid, const char *reason, const char *log_tail)
{
	if (node >= TOPOLOGY_MAX_NODES)
		return;
	pthread_mutex_lock(&c->lock);
	grow(c, node);
	struct member *m = &c->members[node];
	bool was_there = runs(m->pub.state) && m->pub.state != NODE_STARTING;
	if (was_there && state != m->pub.state && state != NODE_UP && state != NODE_READY)
		m->pub.stops++;
	m->pub.state = state;
	if (endpoint && runs(state))
		snprintf(m->pub.endpoint, sizeof(m->pub.endpoint), "%s", endpoint);
	else if (state != NODE_UP && state != NODE_READY && state != NODE_PAUSED)
		m->pub.endpoint[0] = '\0';
	if (pid || !runs(state))
		m->pid = runs(state) ? pid : 0;
	m->version++;
	c->changes++;
	emit_state(c, node, expected, reason, log_tail);
	if (c->feed)
		feed_set_endpoint(c->feed, node, m->pub.endpoint[0] ? m->pub.endpoint : NULL);
	pthread_mutex_unlock(&c->lock);
	wake_signal(c->changed);
}

uint64_t cluster_changes(struct cluster *c)
{
	pthread_mutex_lock(&c->lock);
	uint64_t n = c->changes;
	pthread_mutex_unlock(&c->lock);
	return n;
}

size_t cluster_len(struct cluster *c)
{
	pthread_mutex_lock(&c->lock);
	size_t n = c->n;
	pthread_mutex_unlock(&c->lock);
	return n;
}

bool cluster_get(struct cluster *c, unsigned node, struct cluster_node *ret)
{
	pthread_mutex_lock(&c->lock);
	bool known = node < c->n;
	if (known)
		*ret = c->members[node].pub;
	pthread_mutex_unlock(&c->lock);
	return known;
}

/* --- readiness: runner's thread ------------------------------------------------------ */

static bool is_ready(struct cluster *c, const struct member *m, const struct cancel *cancel,
	char *missing, size_t size)
{
	struct node_info info;
	struct node_network network;
	struct err err = { 0 };
	/* after a fault its neighbours may be away themselves */
	unsigned need = m->was_ready ? MIN(m->links, 1u) : m->links;

	if (node_get_info(c->net, m->pub.endpoint, ASK_TIMEOUT_NS, cancel, &info, &err) < 0) {
		snprintf(missing, size, "%.190s", err.text);
		return false;
	}
	if (!info.online) {
		snprintf(missing, size, "mode %s", info.mode);
		return false;
	}
	if (need == 0)
		return true;
	if (node_get_network(c->net, m->pub.endpoint, ASK_TIMEOUT_NS, cancel, &network, &err) < 0) {
		snprintf(missing, size, "%.190s", err.text);
		return false;
	}
	if (network.peers < need) {
		snprintf(
			missing, size, "%llu of %u peers", (unsigned long long)network.peers, need);
		return false;
	}
	return true;
}

static void ask(struct cluster *c, unsigned node, const struct cancel *cancel)
{
	char missing[sizeof(c->members->missing)] = "";

	pthread_mutex_lock(&c->lock);
	struct member copy = c->members[node];
	pthread_mutex_unlock(&c->lock);
	if (copy.pub.state != NODE_UP || !copy.pub.endpoint[0])
		return;
	bool ready = is_ready(c, &copy, cancel, missing, sizeof(missing));

	pthread_mutex_lock(&c->lock);
	struct member *m = &c->members[node];
	memcpy(m->missing, missing, sizeof(missing));
	/* it may have gone, or come back as another process, while it was asked */
	if (ready && m->pub.state == NODE_UP && m->version == copy.version) {
		m->pub.state = NODE_READY;
		m->was_ready = true;
		emit_state(c, node, true, NULL, NULL);
	}
	pthread_mutex_unlock(&c->lock);
}

void cluster_watch(struct cluster *c, const struct cancel *cancel)
{
	uint64_t start = clock_now(c->clock);
	size_t n = cluster_len(c);

	if (start < c->next_watch_ns || n == 0)
		return;
	for (size_t i = 0; i < n && !cancel_is_set(cancel); i++) {
		ask(c, (unsigned)(c->watch_from++ % n), cancel);
		if (clock_now(c->clock) - start >= ROUND_NS)
			break;
	}
	c->next_watch_ns = clock_now(c->clock) + CLUSTER_WATCH_NS;
}

uint64_t cluster_next_watch(struct cluster *c)
{
	uint64_t next = CLOCK_NEVER;
	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < c->n && next == CLOCK_NEVER; i++) {
		if (c->members[i].pub.state == NODE_UP)
			next = c->next_watch_ns;
	}
	pthread_mutex_unlock(&c->lock);
	return next;
}

bool cluster_is_ready(struct cluster *c, bool without_dead)
{
	bool ready = true;
	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < c->n && ready; i++) {
		enum node_state s = c->members[i].pub.state;
		ready = s == NODE_READY || s == NODE_REMOVED || (without_dead && s == NODE_DEAD);
	}
	pthread_mutex_unlock(&c->lock);
	return ready;
}

void cluster_missing(struct cluster *c, struct strbuf *out)
{
	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < c->n; i++) {
		const struct member *m = &c->members[i];
		if (m->pub.state == NODE_READY || m->pub.state == NODE_REMOVED)
			continue;
		bool said = m->pub.state == NODE_UP && m->missing[0];
		strbuf_addf(out, "%sn%zu: %s", out->len ? "; " : "", i,
			said ? m->missing : node_state_name(m->pub.state));
	}
	pthread_mutex_unlock(&c->lock);
}

bool cluster_is_gone(struct cluster *c)
{
	bool gone = true;
	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < c->n && gone; i++)
		gone = !runs(c->members[i].pub.state);
	pthread_mutex_unlock(&c->lock);
	return gone;
}
