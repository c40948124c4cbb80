/*
 * The nodes of a run as they are now: state, address, and whether they have
 * become ready. Part of the runner; fed by the backend from any thread.
 */
#ifndef CORE_CLUSTER_H
#define CORE_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/event.h"
#include "core/feed.h"
#include "core/hub.h"
#include "core/net.h"
#include "core/plan.h"
#include "util/strbuf.h"

struct cluster;

struct cluster_options {
	struct hub *hub;
	struct net *net;
	struct clock *clock;
	const struct plan *plan;
	struct wake *changed; /* signalled at each change of state; borrowed */
};

struct cluster_node {
	enum node_state state;
	uint64_t stops;     /* how often it was seen to go away, pauses included */
	char endpoint[256]; /* empty: none */
};

struct cluster *cluster_new(const struct cluster_options *opt);
void cluster_free(struct cluster *c);
/* Who is told of addresses from now on; NULL: nobody. */
void cluster_set_feed(struct cluster *c, struct feed *feed);

/* A node's state has changed; any thread. Becomes an event. See backend_env.node_state. */
void cluster_tell(struct cluster *c, unsigned node, enum node_state state, bool expected,
	const char *endpoint, int64_t pid, const char *reason, const char *log_tail);
uint64_t cluster_changes(struct cluster *c); /* how often it was told of one */
size_t cluster_len(struct cluster *c);
bool cluster_get(struct cluster *c, unsigned node, struct cluster_node *ret);

/*
 * Asks nodes that are UP whether they are ready, at most every CLUSTER_WATCH_NS,
 * and for about a second at most; the next call goes on where this one ended.
 * Runner's thread.
 */
#define CLUSTER_WATCH_NS (50 * NS_PER_MS)
void cluster_watch(struct cluster *c, const struct cancel *cancel);
uint64_t cluster_next_watch(struct cluster *c); /* CLOCK_NEVER when nothing is to be asked */
/* Every node that is not gone for good is READY; dead ones are left out when without_dead. */
bool cluster_is_ready(struct cluster *c, bool without_dead);
/* "n2: 0 of 2 peers; n4: dead". Runner's thread. */
void cluster_missing(struct cluster *c, struct strbuf *out);
/* No node runs any more. */
bool cluster_is_gone(struct cluster *c);

#endif
