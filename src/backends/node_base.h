/*
 * One node as every backend holds it that runs node programs, wherever: what
 * plan and preset say of it, what is told of it, and whether its API answers.
 * Part of the backends' own structs of nodes; they say how it is started and
 * ended. Runner's thread, unless said otherwise.
 */
#ifndef BACKENDS_NODE_BASE_H
#define BACKENDS_NODE_BASE_H

#include <pthread.h>

#include "backends/node_log.h"
#include "core/backend.h"
#include "util/mem.h"
#include "util/wake.h"

enum node_api { NODE_API_UNKNOWN, NODE_API_ASKED, NODE_API_UP };

struct node_base {
	/* immutable */
	const struct backend_env *env;
	pthread_mutex_t *lock; /* the backend's */
	struct wake *wake;     /* the backend's: something happened that its runner may wait for */
	unsigned index;
	const struct plan_node *plan_node; /* the plan's, or extra */
	struct plan_node extra;
	const struct flavour_ops *flavour;
	char *dir, *log_path;      /* RUN/nodes/NAME, RUN/logs/NAME.log */
	struct strlist args, vars; /* of run and node; each variable once */

	/* runner's thread only */
	bool up, removed;
	uint64_t ask_at_ns, call; /* next and current call of its API */

	/* lock */
	bool running;              /* from just before its start until its end is told */
	bool exit_expected;        /* somebody here asked for its end */
	bool telling, exit_untold; /* see node_base_tell() */
	int64_t pid;               /* 0: not known, or not running */
	char endpoint[128];        /* empty: not known yet */
	enum node_api api;
	char how[128]; /* its last end: "exit 3" */
	struct node_tail tail;
};

/* program: path or name of the node program, which tells the flavour. index beyond the plan's: an
 * added node. */
void node_base_init(struct node_base *n, const struct backend_env *env, pthread_mutex_t *lock,
	struct wake *wake, unsigned index, const char *program);
void node_base_release(struct node_base *n);
const char *node_base_name(const struct node_base *n);
int node_base_write_config(
	const struct node_base *n, const struct flavour_node *spec, struct err *err);

/* It is about to be started: forgets what was, and takes the word until the next node_base_tell().
 */
void node_base_starting(struct node_base *n);
void node_base_not_started(struct node_base *n); /* that failed */
bool node_base_is_running(struct node_base *n);  /* any thread */

/*
 * Tells a state; when it has ended meanwhile, that is told afterwards. A node
 * may end between our look at it and our word about it, and that it is up must
 * never be the last word about a dead node: so while one thread speaks, the
 * one that sees the end leaves the news of it to that one. Any thread.
 */
void node_base_tell(struct node_base *n, enum node_state state, bool expected, const char *reason);
/* It has ended; how and tail are set. Tells it, or leaves that to who speaks. Any thread. */
void node_base_ended(struct node_base *n);

/*
 * One step towards an API that answers; asks when due. 1: it does, which was
 * told; 0: not yet; -1: it ended, with its last words in err.
 */
int node_base_advance(struct node_base *n, struct err *err);
void node_base_stop_asking(struct node_base *n);

/* A program of ours: beside ltb, or in PATH; caller frees. NULL: neither. */
char *program_beside(const char *name);
#define NODE_PROGRAM "ltb-node"

#endif
