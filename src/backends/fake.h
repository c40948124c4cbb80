/*
 * Inside of the fake backend: what fake.c (cluster and script) and fake_api.c
 * (the nodes' HTTP answers) share. Everything below lives on the net thread
 * once the backend is up.
 */
#ifndef BACKENDS_FAKE_H
#define BACKENDS_FAKE_H

#include "backends/fake_chain.h"
#include "core/backend.h"
#include "util/mem.h"
#include "util/rng.h"

#define FAKE_LATENCY_NS NS_PER_MS /* of every answer */

/* "NODE", "NODE:HEIGHT" or with * for all nodes. */
struct fake_target {
	bool set, all;
	unsigned node;
	uint64_t at; /* height, or nanoseconds for die_at */
};

struct fake_config {
	char *stall_at, *fork_at, *die_at, *drop_tx, *garbage, *errors, *hang;
	uint64_t lose_supply;
	bool up_fails, ready_never;
};

struct fake_node {
	bool running, paused, removed;
	uint64_t stake;
	struct id32 leader;
};

struct fake {
	struct backend *b;
	const struct fake_config *config;
	struct fake_target stall, fork, die, drop, garbage, errors, hang;
	struct net_handler handler;
	struct fake_chain chain;
	bool prepared, up;
	uint64_t t0_ns, genesis_time_ms, slot;
	uint64_t slot_timer, die_timer;
	VEC(struct fake_node) nodes;
	VEC(struct fake_stream {
		uint64_t id;
		unsigned node;
	})
	streams;
	struct fake_later *later; /* answers and blocks on their way; owned */
	/* Rules by struct fake_pair; NULL until a link is shaped for the first time. Owned. */
	struct map *links;
};

struct fake_pair {
	unsigned from, to;
};

/* Whether the script's target applies to this node now. */
bool fake_hits(const struct fake *f, const struct fake_target *t, unsigned node);
/* Answers that are on their way, and blocks that travel, are run by a timer each. */
void fake_run_later(struct fake *f, uint64_t delay_ns, void (*fn)(struct fake *f, void *arg),
	void *arg, void (*free_arg)(void *arg));
void fake_submit(struct fake *f, unsigned node, unsigned tx);

/* A draw of its own per purpose, slot and nodes: no event can shift another's luck. */
struct rng fake_draw(const struct fake *f, const char *what, uint64_t slot, unsigned a, unsigned b);
/* Whether blocks go between this node and the others, its links apart. */
bool fake_is_connected(const struct fake *f, unsigned node);
void fake_learn(struct fake *f, unsigned node, unsigned block);

/* --- fake_links.c: what happens to messages between nodes --- */
/* Has the message number n (of its kind and slot) of a link go through? Adds to *delay_ns. */
bool fake_link_passes(const struct fake *f, const char *what, uint64_t n, unsigned from,
	unsigned to, uint64_t *delay_ns);
bool fake_link_is_cut(const struct fake *f, unsigned from, unsigned to);
void fake_link_set(struct fake *f, unsigned from, unsigned to, const struct link_rule *rule);
/* A block on its way from one node to another. */
void fake_link_send(struct fake *f, const char *what, unsigned from, unsigned to, unsigned block);
/* Nodes compare their tips with their neighbours'; once a slot, when links are or were shaped. */
void fake_links_sync(struct fake *f);
/* What a node knows of a transaction goes to all that it reaches, over others if need be. */
void fake_links_spread(struct fake *f, unsigned node, unsigned tx);

/* --- fake_api.c: members of net_handler; arg is the struct fake --- */
void fake_api_request(void *arg, uint64_t id, enum net_method m, const char *url, const char *body,
	size_t len, int is_stream);
void fake_api_cancelled(void *arg, uint64_t id);
/* Tells the streams of a node about a block. */
void fake_api_block(struct fake *f, unsigned node, unsigned block);
/* The node's process is gone: its streams end. */
void fake_api_hang_up(struct fake *f, unsigned node);

#endif
