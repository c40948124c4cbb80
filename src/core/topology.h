/*
 * Which nodes there are, who dials whom, and the consensus parameters.
 * Pure, any thread.
 */
#ifndef CORE_TOPOLOGY_H
#define CORE_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"
#include "util/mem.h"
#include "util/rng.h"

#define TOPOLOGY_MAX_NODES 1000

enum topology_layout { LAYOUT_STAR, LAYOUT_CHAIN, LAYOUT_RING, LAYOUT_FULL, LAYOUT_RANDOM };

struct consensus {
	uint64_t slot_duration_ns; /* 100 ms .. 10 min */
	double active_slot_coeff;  /* f, 0 < f <= 1 */
	uint32_t security_param;   /* k, 1 .. 10000 */
};

/* What a preset may change for single nodes. */
struct node_override {
	uint64_t stake; /* 0: the default stake */
	bool no_stake;
	char *binary;        /* NULL: the run's */
	struct strlist args; /* appended to the node's command line */
	struct strlist env;  /* KEY=VALUE */
};

struct topology {
	size_t n_nodes;
	enum topology_layout layout;
	unsigned degree; /* LAYOUT_RANDOM: links per node */
	struct consensus consensus;
	uint64_t default_stake;
	char *binary;                    /* node program; NULL: found by the backend */
	char *image;                     /* container image; NULL: the default */
	struct strlist args, env;        /* for every node */
	struct node_override *overrides; /* n_nodes of them, owned */
};

void topology_release(struct topology *t);
const char *topology_layout_name(enum topology_layout l);

/* Directed links: dialler -> listener. */
struct topology_edge {
	unsigned from, to;
};
/*
 * star: i dials 0; chain: i dials i-1; ring: chain and 0 dials n-1 (n > 2);
 * full: i dials all j < i; random: connected, about `degree` links a node, from rng.
 * Caller frees *ret.
 */
size_t topology_edges(const struct topology *t, struct rng *rng, struct topology_edge **ret);

/*
 * Mean time between blocks = slot_duration / f (not times f). With only part of
 * the stake able to lead (share a of it): slot_duration / (1 - (1 - f)^a).
 */
uint64_t consensus_block_interval_ns(const struct consensus *c);
double consensus_blocks_per_slot(const struct consensus *c, double stake_share);

#endif
