/*
 * The contract of a backend (deployer): where nodes run.
 *
 * All members run on the runner's thread and may block, but give up soon after
 * env->cancel is set. Node indices are the plan's; indices beyond are nodes
 * added at run time. A backend tells what happens through env->node_state()
 * (any thread), as it happens: a process that dies by itself too.
 */
#ifndef CORE_BACKEND_H
#define CORE_BACKEND_H

#include <stdbool.h>
#include <stdint.h>

#include "core/event.h"
#include "core/flavour.h"
#include "core/journal.h"
#include "core/net.h"
#include "core/option.h"
#include "core/plan.h"
#include "core/procs.h"
#include "util/cancel.h"
#include "util/clock.h"
#include "util/err.h"

enum backend_cap {
	BACKEND_RESTART = 1 << 0,
	BACKEND_KILL = 1 << 1,
	BACKEND_PAUSE = 1 << 2,
	BACKEND_ADD = 1 << 3,
	BACKEND_REMOVE = 1 << 4,
	BACKEND_LINKS = 1 << 5,
	BACKEND_CLOCK = 1 << 6,
	BACKEND_LOGS = 1 << 7,
	BACKEND_USAGE = 1 << 8,
	BACKEND_VIRTUAL = 1 << 9, /* runs on a virtual clock, needs a net_handler */
};

enum node_op {
	NODE_OP_START,        /* a stopped node, same identity and state */
	NODE_OP_STOP,         /* graceful, then by force */
	NODE_OP_KILL,         /* SIGKILL, at once */
	NODE_OP_RESTART,      /* STOP, START, and wait for the API */
	NODE_OP_KILL_RESTART, /* KILL, START, and wait for the API */
	NODE_OP_PAUSE,
	NODE_OP_RESUME,
	NODE_OP_ADD,    /* index is the next free one */
	NODE_OP_REMOVE, /* stop for good; its data goes */
	NODE_OP_COUNT
};
const char *node_op_name(enum node_op op);

/* What happens to traffic from one node to another; all zero: nothing. */
struct link_rule {
	bool cut;                     /* silently dropped */
	uint64_t delay_ns, jitter_ns; /* added; jitter: uniform, either way */
	double loss;                  /* share of messages that are lost, 0..1 */
};
const char *backend_caps_text(unsigned caps, char *buf, size_t size);

struct backend_probe {
	bool usable;
	char have[256];    /* what was found: "ltb-node 0.1.0 in build/" */
	char missing[512]; /* what is missing and how to get it; empty when usable */
};

struct backend_env {
	const struct plan *plan;
	const struct flavour_ops *const
		*flavours; /* NULL-terminated; the backend picks by binary */
	const char *run_dir, *run_id;
	struct clock *clock;
	struct cancel *cancel;
	struct procs *procs;
	struct net *net; /* NULL while a virtual backend is opened (it provides the handler) */
	struct journal *journal;
	uint64_t ready_timeout_ns; /* for one node's API to come up */
	bool keep;                 /* the cluster may be left running at the end of the run */
	bool may_shape_links;      /* a workload or somebody at the keys may ask for ops->link() */
	void *arg;
	/* State changes; strings are copied. See struct event.node_state. Any thread. */
	void (*node_state)(void *arg, unsigned node, enum node_state state, bool expected,
		const char *endpoint, int64_t pid, const char *reason, const char *log_tail);
	/* A line of a node's log worth an event. Any thread. */
	void (*log)(void *arg, int node, int level, const char *text);
	/* Something that is no node, and without which nothing can be concluded, has failed for
	 * good: the run ends, as unknown. The first one counts, and none that comes after the
	 * judgement, so that whatever is ended for the teardown may be told of. Any thread. */
	void (*broken)(void *arg, const struct err *why);
};

/* What the process of a node uses. */
struct node_usage {
	double cpu;         /* share of one core since the last call; < 0 unknown */
	uint64_t rss_bytes; /* 0 unknown */
	/* All that it has read and written since it started, of whatever kind: sockets and files.
	 */
	bool has_traffic;
	uint64_t in_bytes, out_bytes;
};

struct backend {
	const struct backend_ops *ops;
	const void *config;
	const struct backend_env *env;
	void *state; /* ops->state_size zeroed bytes */
};

struct backend_ops {
	const char *name, *summary;
	size_t config_size, state_size;
	const struct option *options;
	unsigned caps;
	/* Is everything there that `up` needs? Cheap, starts nothing. config may be NULL. */
	void (*probe)(const void *config, struct backend_probe *ret);
	/* Virtual backends: the handler for net_start(); others: backend_no_handler. */
	const struct net_handler *(*handler)(struct backend *b);
	/* Checks and writes everything; starts nothing. ERR_ENV names cause and fix. */
	int (*prepare)(struct backend *b, struct err *err);
	/* Starts all nodes in parallel and returns once every API answers. */
	int (*up)(struct backend *b, struct err *err);
	int (*node_op)(struct backend *b, enum node_op op, unsigned node, struct err *err);
	/* Sets how one directed link behaves from now on. Needs BACKEND_LINKS; else
	 * backend_no_link. */
	int (*link)(struct backend *b, unsigned from, unsigned to, const struct link_rule *rule,
		struct err *err);
	/* Fills in all of *ret; what cannot be told is unknown. Net thread. */
	void (*usage)(struct backend *b, unsigned node, struct node_usage *ret);
	/* Gathers logs and configurations into the run directory; also after failure. */
	int (*collect)(struct backend *b, struct err *err);
	/* Stops and removes everything; after any partial start; idempotent. force: no grace. */
	int (*down)(struct backend *b, bool force, struct err *err);
	void (*release)(struct backend *b); /* frees state; after down */
	/* For `ltb clean`: undoes what the journal says is left of a dead run. Adds to
	 * *ret_removed. */
	int (*clean)(const char *run_dir, unsigned *ret_removed, struct err *err);
};

const struct net_handler *backend_no_handler(struct backend *b);
int backend_no_link(struct backend *b, unsigned from, unsigned to, const struct link_rule *rule,
	struct err *err);
void backend_no_usage(struct backend *b, unsigned node, struct node_usage *ret);

#endif
