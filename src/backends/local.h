/*
 * Inside of the local backend: what its files share. local.c places and
 * checks, local_node.c runs single processes, local_relay.c the relay between
 * them, local_clean.c removes what a dead run left.
 */
#ifndef BACKENDS_LOCAL_H
#define BACKENDS_LOCAL_H

#include <pthread.h>

#include "backends/links.h"
#include "backends/node_base.h"
#include "core/backend.h"
#include "util/mem.h"
#include "util/wake.h"

#define LOCAL_HOST "127.0.0.1"

struct local_config {
	char *binary;
	int log_level;
	uint64_t stop_grace_ns;
	bool keep_state;
	int links; /* enum links_mode */
};

/* A node that another one should be connected with. */
struct local_peer {
	unsigned index;
	uint16_t via; /* the relay's port that leads there; 0: none yet, or there is no relay */
};

struct local_node {
	struct node_base base;
	struct local *l;
	char *binary;

	/* runner thread only */
	struct child *child; /* NULL: none was started, or its end was dealt with */
	bool paused;
	bool tried_new_ports;
	bool ready; /* its ready file was seen: ports are what this process has */
	uint16_t ports[FLAVOUR_MAX_PORTS]; /* kept over restarts */
	VEC(struct local_peer) peers;

	/* local->lock */
	int status; /* its last end, as of waitpid */
	uint64_t cpu_ticks, cpu_at_ns;
};

struct local {
	const struct backend_env *env;
	const struct local_config *config;
	struct wake wake; /* something happened that the runner may wait for */
	uint64_t genesis_time_ms;
	bool prepared;
	pthread_mutex_t lock;
	/* changed by the runner thread under the lock; others read under it */
	VEC(struct local_node *) nodes;
	struct node_log_budget budget; /* procs thread only */
	/* local_relay.c; runner's thread, but for: */
	struct child *relay; /* NULL: there is none */
	struct links links;
};

extern const char *const local_log_levels[];

/* --- local_node.c; all but the callbacks on the runner's thread --- */

/* index beyond the plan's: an added node. Takes binary. */
struct local_node *local_node_new(struct local *l, unsigned index, char *binary);
void local_node_free(struct local_node *n);
int local_node_write_config(struct local_node *n, struct err *err);
void local_link(struct local_node *a, struct local_node *b);
/* Starts the process; local_wait_up() waits until its API answers. */
int local_start(struct local_node *n, struct err *err);
int local_wait_up(
	struct local *l, struct local_node *const *nodes, size_t n_nodes, struct err *err);
/*
 * Ends the processes: SIGTERM and the grace first, unless grace_ns is 0, then
 * SIGKILL. cancel shortens the grace; may be NULL.
 */
int local_end(struct local *l, struct local_node *const *nodes, size_t n_nodes, uint64_t grace_ns,
	const struct cancel *cancel, struct err *err);
/* Whether there is a process that has not ended. */
bool local_running(struct local_node *n);
uint16_t local_p2p_port(const struct local_node *n); /* 0: not known yet */
int local_remove_state(struct local_node *n, struct err *err);

/* --- local_relay.c --- */
int local_relay_start(struct local *l, struct err *err);
/* Makes the links whose ends are known: all, or those of one node; again after its ports may have
 * changed. Nothing without a relay. */
int local_relay_link(struct local *l, const struct local_node *only, struct err *err);
void local_relay_end(struct local *l);

/* --- local_clean.c --- */
int local_clean(const char *run_dir, unsigned *ret_removed, struct err *err);

#endif
