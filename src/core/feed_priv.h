/*
 * Between feed.c (life, streams, polling), feed_blocks.c (arrival, repair,
 * order) and feed_sample.c (sampler, tips). All of it belongs to the net thread.
 */
#ifndef CORE_FEED_PRIV_H
#define CORE_FEED_PRIV_H

#include "core/chain_view.h"
#include "core/feed.h"
#include "core/node_client.h"
#include "util/map.h"
#include "util/mem.h"

#define FEED_MAX_NODES   4096
#define FEED_HISTORY     200  /* blocks fetched back from the first known tip */
#define FEED_GAP_MAX     5000 /* blocks fetched back to close a gap */
#define FEED_WANTS_MAX   10000
#define FEED_FETCHES     4 /* per node at a time */
#define FEED_HEADERS_MAX 4096
#define FEED_BLOCK_MAX   ((size_t)8 * 1024 * 1024)
#define FEED_HOLD_NS     NS_PER_S
#define FEED_FETCH_NS    (5 * NS_PER_S)

struct feed_node;
struct want;

/* A request in progress. */
struct ask {
	struct feed_node *node;
	uint64_t id;
	void (*done)(struct ask *a, const struct net_response *r);
	void (*line)(struct ask *a, const char *line, size_t len);
	struct want *want;    /* of a block */
	bool storage;         /* of a block, by the older endpoint */
	uint64_t news_before; /* node->news when it was sent */
	struct ask *prev, *next;
};

struct feed_node {
	struct feed *feed;
	unsigned index;
	char *base; /* NULL: not there */
	struct ask *asks;
	unsigned fetching;

	struct ask *stream;
	uint64_t backoff_ns, reopen_timer;
	uint64_t news; /* lines and polls so far: an answer from before them is stale */

	bool polling;
	uint64_t poll_timer;
	unsigned polls_open;
	bool has_polled;
	struct id32 polled_tip;

	bool has_tip, has_next_tip;
	struct id32 tip, next_tip; /* next_tip: how it relates is not known yet */
	uint64_t next_tip_ns;

	uint64_t sample_timer, next_sample_ns, samples;
	unsigned parts_open;  /* requests of the sample in progress */
	struct event *sample; /* the sample in progress */
	uint64_t peers, mempool, supply, genesis_supply;
	bool has_supply;
	bool no_network, no_metrics, no_supply; /* answered 404 */
	bool has_storage, no_storage;           /* POST /storage/block */
};

/* A block that is to be fetched, from whichever node has it. */
struct want {
	struct feed *feed;
	struct id32 id;
	unsigned depth; /* how many blocks back to go from here at most */
	unsigned source, tried, rounds;
	bool any_error; /* a node failed rather than not having it */
	bool has_height;
	uint64_t height;
	struct ask *ask;     /* in flight */
	uint64_t timer;      /* next round */
	VEC(unsigned) nodes; /* those known to be on top of it */
	bool queued;
	struct want *prev, *next; /* queue */
};

/* A block that is known but not told yet, because its parent is being fetched. */
struct held {
	struct node_block block;
	unsigned node;
	uint64_t t_ns, deadline_ns;
	VEC(struct sighting {
		unsigned node;
		uint64_t t_ns;
	})
	sightings;
	struct held *sibling;     /* others with the same parent */
	struct held *prev, *next; /* by arrival */
};

/*
 * A line of a block stream that was parsed a moment ago. The other nodes mostly send the very
 * same bytes about the same block, and with many nodes parsing is what watching costs.
 */
struct known_line {
	char *text;
	size_t len;
	struct id32 id, tip;
	bool has_tip;
};

#define KNOWN_LINES    8
#define KNOWN_LINE_MAX 65536 /* bytes; longer ones are parsed again */

struct feed {
	struct feed_options opt;
	struct known_line known[KNOWN_LINES];
	unsigned next_known;
	VEC(struct feed_node *) nodes; /* by index; never shrinks */
	struct ask *sending;
	bool stopped; /* the net thread is ending */
	struct chain_view *view;
	bool anchored;     /* some block's height is known */
	bool has_history;  /* the first walk back is done */
	struct map *wants; /* id -> struct want */
	struct want *queue_first, *queue_last;
	struct map *held;    /* id -> struct held */
	struct map *waiting; /* parent's id -> first struct held */
	struct held *held_first, *held_last;
	uint64_t hold_timer;
	VEC(struct id32) lost; /* given up because nodes failed; tried again when one comes back */
	unsigned tips_open;    /* nodes with has_next_tip */
	VEC(struct mailbox *) subscribers;
};

/* feed.c */
struct ask *ask_new(struct feed_node *n, void (*done)(struct ask *a, const struct net_response *r));
void ask_send(struct ask *a, enum net_method m, const char *path, const char *body,
	uint64_t timeout_ns, uint64_t idle_ns);
void ask_drop(struct ask *a); /* cancels; done is not called */
uint64_t feed_timer(struct feed *f, uint64_t after_ns, void (*fn)(void *arg), void *arg);
void feed_timer_stop(struct feed *f, uint64_t *id);

/* feed_blocks.c */
/* Takes what is in b. */
void feed_arrive(struct feed *f, unsigned node, struct node_block *b);
/* The node has this block (and all before it): a sighting if known, else it is fetched. */
void feed_has(struct feed *f, unsigned node, const struct id32 *id, const uint64_t *height);
void feed_fetch_more(struct feed *f);
void feed_want_again(struct want *w); /* its request came to nothing without an answer */
void feed_retry_lost(struct feed *f, unsigned node);
void feed_blocks_release(struct feed *f);

/* feed_sample.c */
void sample_open(struct feed_node *n);
void sample_close(struct feed_node *n);
void sample_now(struct feed_node *n);
void sample_failure(struct feed_node *n, const char *text); /* seen elsewhere: told at once */
void tip_update(struct feed_node *n, const struct id32 *tip);
void tips_settle(struct feed *f);
uint64_t feed_sample_ns(const struct feed *f);

#endif
