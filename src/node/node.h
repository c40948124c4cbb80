/*
 * One running node: chain, store, peers and API tied together on one loop.
 * node.c has its life (start, slots, mode, stop), gossip.c what comes from and
 * goes to peers. Everything belongs to the one thread that runs the loop.
 */
#ifndef NODE_NODE_H
#define NODE_NODE_H

#include <event2/event.h>

#include "node/api/http.h"
#include "node/chain/chain.h"
#include "node/chain/store.h"
#include "node/config.h"
#include "node/metrics.h"
#include "node/otlp.h"
#include "node/p2p/p2p.h"
#include "node/p2p/orphans.h"
#include "node/p2p/seen.h"

struct node {
	const struct config *cfg;
	struct genesis genesis;
	struct chain *chain;
	struct store *store;
	struct p2p *net;
	struct http *http;
	struct otlp *otlp; /* NULL: figures are not pushed */
	struct api_env api;
	struct orphans *orphans;
	struct seen *seen;

	struct event_base *base;
	struct event *slot_timer, *sigterm, *sigint;
	int lock_fd; /* holds the data directory; -1: not yet */

	struct tx_key identity; /* who this node is to its peers */
	uint64_t instance;
	bool is_leader;
	struct tx_key leader;
	VEC(struct tx_key) wallet;

	bool online;    /* has caught up once; never goes back */
	bool replaying; /* the store is being read: nothing is written or told */
	bool lib_moved; /* since the store was last synced */
	bool failed;    /* failure says why the loop was left */
	struct err failure;
	uint64_t started_ms; /* monotonic */
	uint64_t started_wall_ms;
	struct node_counters count;
	uint64_t last_slot; /* newest slot that was, or may have been, proposed in */
};

/* Runs until SIGTERM, SIGINT or a failure. 0, or -1 with err. */
int node_run(const struct config *cfg, struct err *err);

/* The loop ends with this failure: the node must not go on. */
void node_fail(struct node *n, const struct err *err);
/* Goes Online when there is no reason left to wait. */
void node_update_mode(struct node *n);
/* Is this misbehaviour asked for, and has its height come? */
bool node_misbehaves(const struct node *n, enum misbehave m);
/* A node that forks hides its chain; one that stalls has nothing new to tell. */
bool node_ignores_blocks(const struct node *n);
uint64_t node_wall_ms(void);
uint64_t node_mono_ms(void);
uint64_t node_slot(const struct node *n);
void node_metrics(const struct node *n, struct node_metrics *ret);

/* --- gossip.c -------------------------------------------------------------------- */

void gossip_hooks(struct node *n, struct session_hooks *ret);
void gossip_peer_up(void *node, struct session *s, const char *addr);
void gossip_peer_down(void *node, struct session *s, const char *addr, const char *reason);
void gossip_peer_refused(void *node, const char *addr, const char *reason);
void gossip_peer_unreachable(void *node, const char *addr, const char *reason);
/* A block of our own. Takes ownership; stores, adds, tells everybody. */
void gossip_own_block(struct node *n, struct block *b);
/* A transaction that waited for its inputs is pending now. */
void gossip_promoted(void *node, const struct tx *tx);
/* From the API. Takes ownership. */
enum mempool_result gossip_submit(void *node, struct tx *tx, struct err *err);

#endif
