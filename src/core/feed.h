/*
 * Feed and sampler: follow the blocks of all nodes at once.
 *
 * Streams where a node has them, polling where not; both start with the next
 * block, so gaps are repaired from headers and single blocks by walking
 * parents. Blocks are de-duplicated over nodes; each sighting keeps its node
 * and time. When a node goes away the others carry on; when it comes back its
 * stream is opened again. The sampler asks every node at a steady pace for
 * info, peers, mempool and (where there) supply.
 *
 * Lives on the net thread; the functions below may be called from any thread.
 * Emits NODE_SAMPLE, BLOCK, BLOCK_SEEN, REORG.
 */
#ifndef CORE_FEED_H
#define CORE_FEED_H

#include "core/event.h"
#include "core/hub.h"
#include "core/net.h"
#include "util/mailbox.h"

struct feed;
struct node_usage; /* backend.h */

struct feed_options {
	struct net *net;
	struct hub *hub;
	struct clock *clock;
	uint64_t block_interval_ns; /* expected; paces polling and idle watchdogs */
	/* Between samples of one node; 0: half a block interval or 500 ms, more for many nodes. */
	uint64_t sample_ns;
	/* CPU and memory of a node, asked on the net thread; may be NULL. */
	void (*usage)(void *arg, unsigned node, struct node_usage *ret);
	void *usage_arg;
};

struct feed *feed_new(const struct feed_options *opt);
/* Ends its requests; waits until none of its callbacks runs. */
void feed_free(struct feed *f);
/* A node's API is (again) at this address; NULL: it is gone (down, paused nodes keep theirs). */
void feed_set_endpoint(struct feed *f, unsigned node, const char *base);

/* What subscribers get: each block once, when first seen anywhere, oldest first. */
struct feed_block {
	int refs; /* atomic */
	struct id32 id, parent;
	uint64_t slot, height; /* height 0: not known */
	uint64_t t_ns;         /* run time of the first sighting */
	size_t n_txs;
	struct id32 txs[]; /* hashes */
};
void feed_block_unref(struct feed_block *b);
/* Blocks seen from now on are pushed (a reference each) until unsubscribed; a full mailbox
 * is an internal error reported as EVENT_LOST, so give it room (>= 1024). */
void feed_subscribe(struct feed *f, struct mailbox *mb);
void feed_unsubscribe(struct feed *f, struct mailbox *mb);

#endif
