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
#define MODEL_BLOCKS     200 /* newest blocks in a snapshot */

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
	char *error; /* of the last failed sample */
};

struct model_phase {
	bool started, ended, ok;
	uint64_t start_ns, duration_ns;
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

struct model_check {
	char *name, *reason, *evidence;
	enum verdict verdict;
	uint64_t since_ns;
};

struct model_log {
	uint64_t t_ns;
	int node, level;
	char *text;
};

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
	struct model_check *checks;
	size_t n_checks;
	bool ended;
	enum verdict verdict;
	int exit_code;
	char *end_reason;
	struct view_block *blocks; /* snapshots only: newest first, parent_block is NULL */
	size_t n_snapshot_blocks;
	struct model_log *logs;  /* ring of MODEL_LOG_LINES */
	size_t n_logs, log_head; /* oldest at log_head */
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
const struct model_fault *model_open_fault(const struct model *m, int node); /* or NULL */

#endif
