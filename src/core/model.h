/*
 * The Model: the state of a run as a pure fold over its events, and nothing
 * else. The hub thread owns the live one; readers get immutable snapshots.
 * Replaying events.jsonl gives the same model.
 */
#ifndef CORE_MODEL_H
#define CORE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/chain_view.h"
#include "core/event.h"

#define MODEL_MAX_FAULTS 10000
#define MODEL_LOG_LINES  2000
#define MODEL_BLOCKS     200  /* newest blocks in a snapshot */
#define MODEL_TXS        1000 /* newest transactions that are remembered */
#define MODEL_BLOCK_TXS  500  /* hashes remembered of one block */
#define MODEL_BUCKETS    240
#define MODEL_LINKS      65536
#define MODEL_COMMANDS   32 /* newest commands that are remembered */

struct model_node {
	char name[16];
	enum node_state state;
	bool state_expected;
	char *reason, *endpoint;
	int64_t pid;
	uint64_t state_since_ns;
	unsigned restarts;
	bool has_sample, ok;
	uint64_t sample_ns;
	char mode[24];
	uint64_t slot, height, lib_slot, peers, mempool;
	struct id32 tip, lib;
	bool has_supply;
	uint64_t supply, genesis_supply;
	double cpu;
	uint64_t rss_bytes;
	bool has_traffic;
	uint64_t in_bytes, out_bytes; /* of the newest sample, since the process started */
	uint64_t traffic_ns;          /* time of that sample */
	double in_rate, out_rate;     /* bytes per second between the last two samples */
	char *error;                  /* of the last failed sample */
};

struct model_phase {
	bool started, ended, ok;
	uint64_t start_ns, duration_ns;
	uint64_t until_ns; /* when it is expected to end, as last told; 0 unknown */
	char *reason;
};

struct model_workload {
	char *name;
	struct workload_counts counts;
	bool ended, ok;
	char *reason;
};

struct model_fault {
	uint64_t id, start_ns, end_ns; /* end_ns 0: in force */
	int node;
	char *name, *by, *detail;
	bool effective;
};

/* A link that does not behave as usual. */
struct model_link {
	unsigned from, to;
	bool cut;
	uint64_t delay_ns, jitter_ns;
	double loss;
	uint64_t since_ns;
};

/* A transaction as the bench saw it. */
struct model_tx {
	struct id32 hash;
	enum tx_state state;
	int node;                       /* that accepted or refused it; -1 unknown */
	unsigned workload;              /* index into model.workloads, or UINT_MAX */
	uint64_t first_ns, t_ns;        /* first and latest event about it */
	uint64_t submit_ns, include_ns; /* latencies from the intended send time; 0: not yet */
	struct id32 block;              /* TX_INCLUDED */
	char reason[96];                /* TX_REJECTED */
};

/* The transactions of a recent block; shared by snapshots. */
struct model_block_txs {
	int refs; /* atomic */
	size_t n; /* at most MODEL_BLOCK_TXS; view_block.n_txs has the true number */
	struct id32 hashes[];
};

/*
 * Course of the run for graphs: equal stretches of time from its start. When
 * all MODEL_BUCKETS are used, neighbours are merged and the width doubles, so
 * the whole run is always there. Counts are of what happened in the stretch.
 */
struct model_bucket {
	uint32_t blocks, reorgs;
	uint64_t max_interval_ns; /* longest time between two heights first reached */
	uint64_t submitted, included, rejected;
	uint64_t include_sum_ns, include_max_ns; /* latencies of the included */
	bool has_heights;
	uint64_t low, high; /* lowest and highest node of the sampling with the widest spread */
	uint64_t height;    /* highest so far */
};
struct model_series {
	uint64_t width_ns; /* begins with 250 ms */
	size_t n;          /* used; bucket i covers [i, i+1) * width_ns */
	struct model_bucket buckets[MODEL_BUCKETS];
};

/* A COMMAND event. */
struct model_command {
	uint64_t n;        /* its number, from 1 */
	uint64_t n_failed; /* how many had failed by then, itself included */
	uint64_t t_ns;
	bool ok;
	char text[256], source[64], reason[400];
};

struct model_check {
	char *name, *reason, *evidence;
	enum verdict verdict;
	uint64_t since_ns;
};

/*
 * A line of the merged log: nodes' lines, notes, and what the bench itself has
 * to say (commands, faults, deaths, reorgs, verdicts that turn). What is no
 * node's own line has own false.
 */
struct model_log {
	uint64_t t_ns;
	int node, level; /* node -1: the bench */
	bool own;
	char *text;
};

/* Texts are shared with snapshots and never change: the fold alone makes and frees them. */
struct model {
	uint64_t now_ns; /* time of the newest event */
	uint64_t events;
	char *run_id, *preset, *backend, *started;
	uint64_t seed;
	struct model_phase phases[PHASE_COUNT];
	enum phase phase; /* current */
	struct model_node *nodes;
	size_t n_nodes;
	struct chain_view *chain; /* all blocks; NULL in snapshots */
	uint64_t n_blocks, n_reorgs, n_lost;
	uint64_t baseline_ns, baseline_height; /* when the baseline phase ended */
	struct model_workload *workloads;
	size_t n_workloads;
	struct model_fault *faults;
	size_t n_faults;
	struct model_command commands[MODEL_COMMANDS]; /* a ring: see model_command_at() */
	uint64_t n_commands;                           /* ever */
	struct model_link *links;                      /* only those that are shaped */
	size_t n_links;
	struct model_check *checks;
	size_t n_checks;
	struct model_series series;
	struct model_tx *txs; /* ring of MODEL_TXS; oldest at tx_head */
	size_t n_txs, tx_head;
	struct map *tx_index; /* hash -> position in the ring; NULL in snapshots */
	uint64_t n_tx_events;
	bool ended;
	enum verdict verdict;
	int exit_code;
	char *end_reason;
	struct view_block *blocks; /* snapshots only: newest first, parent_block is NULL */
	/* Side by side with blocks in snapshots; NULL where not known. In the live model: a ring.
	 */
	struct model_block_txs **block_txs;
	size_t n_snapshot_blocks;
	struct model_log *logs;  /* ring of MODEL_LOG_LINES */
	size_t n_logs, log_head; /* oldest at log_head */
	uint64_t n_log_total;    /* ever; the newest line has the number n_log_total - 1 */
	struct model_live *live; /* what only the fold needs; NULL in snapshots */
};

struct model *model_new(void);
void model_free(struct model *m);
void model_apply(struct model *m, const struct event *ev);

/* Immutable, reference-counted copy. */
struct snapshot {
	struct model model; /* const for everybody */
	int refs;           /* atomic */
};
struct snapshot *snapshot_new(const struct model *m);
struct snapshot *snapshot_ref(struct snapshot *s);
void snapshot_unref(struct snapshot *s);

/* Can this node be expected to follow the chain (up, not paused, no open fault on it)? */
bool model_node_is_healthy(const struct model *m, size_t node);
const struct model_command *model_command_at(
	const struct model *m, uint64_t n); /* NULL: not yet, or forgotten */
const struct model_fault *model_open_fault(const struct model *m, int node); /* or NULL */
/* Snapshots: a transaction or block by its id; NULL when not remembered. */
const struct model_tx *model_find_tx(const struct model *m, const struct id32 *hash);
const struct view_block *model_find_block(const struct model *m, const struct id32 *id);
/* The highest node now, and the spread of heights over nodes that run. */
uint64_t model_height(const struct model *m, uint64_t *ret_lowest);
const struct model_link *model_find_link(const struct model *m, unsigned from, unsigned to);

#endif
