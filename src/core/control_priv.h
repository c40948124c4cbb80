/*
 * The runner's side of control.h: carrying out commands, keeping the books of
 * faults, healing. Runner's thread only, except where said.
 */
#ifndef CORE_CONTROL_PRIV_H
#define CORE_CONTROL_PRIV_H

#include "core/backend.h"
#include "core/cluster.h"
#include "core/control.h"

struct control_options {
	struct cluster *cluster;
	struct backend *backend;
	struct clock *clock;
	struct hub *hub;
	struct journal *journal;
	uint64_t op_timeout_ns; /* for a caller to wait for one command */
	struct wake *wake;      /* the runner's; signalled when a command is there */
};

struct control *control_new(const struct control_options *opt);
void control_free(struct control *c);

/* Carries out what is waiting, and closes the faults of nodes that are READY again. */
void control_serve(struct control *c);
/* From now on nobody may take a node away; bringing back is allowed. */
void control_refuse_faults(struct control *c);
/* Answers everything that waits or comes later with ERR_CANCELLED. */
void control_close(struct control *c);
/* Resumes and starts what faults have taken away; does not wait until it is READY. */
void control_bring_back(struct control *c);
size_t control_open_faults(struct control *c);
uint64_t control_total_faults(struct control *c); /* since the start */
/* Closes faults whose nodes have not come back. */
void control_give_up(struct control *c);

#endif
