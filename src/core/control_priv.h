/*
 * The runner's side of control.h: carrying out commands, keeping the books of
 * faults, healing. Runner's thread only, except where said.
 */
#ifndef CORE_CONTROL_PRIV_H
#define CORE_CONTROL_PRIV_H

#include "core/backend.h"
#include "core/cluster.h"
#include "core/control.h"
#include "core/tune.h"

struct control_options {
	struct cluster *cluster;
	struct backend *backend;
	struct clock *clock;
	struct hub *hub;
	struct journal *journal;
	uint64_t op_timeout_ns; /* for a caller to wait for one command */
	struct wake *wake;      /* the runner's; signalled when a command is there */

	/* What commands about the load and the drive phase do; called on the runner's thread. */
	void *arg;
	/* False: no workload of that name. *ret_tune: NULL when it does not run (any more). */
	bool (*workload)(void *arg, const char *name, unsigned *ret_tunes, struct tune **ret_tune);
	int (*extend)(void *arg, uint64_t duration_ns, struct err *err);
	/* The drive phase is over; judge: so is the waiting after it. */
	void (*end_drive)(void *arg, bool judge, const char *by);
};

struct control *control_new(const struct control_options *opt);
void control_free(struct control *c);

/* Carries out what is waiting, and closes the faults of nodes that are READY again. */
void control_serve(struct control *c);
/* What is possible depends on it: see command_possible(). */
void control_set_phase(struct control *c, enum phase phase);
/* Answers everything that waits or comes later with ERR_CANCELLED. */
void control_close(struct control *c);
/*
 * Ends the faults of links; resumes and starts what faults have taken away,
 * and does not wait until it is READY.
 */
void control_bring_back(struct control *c);
size_t control_open_faults(struct control *c);
size_t control_nodes_away(struct control *c);     /* open faults of single nodes */
uint64_t control_total_faults(struct control *c); /* since the start */
/* Closes faults whose nodes have not come back and whose links could not be healed. */
void control_give_up(struct control *c);

#endif
