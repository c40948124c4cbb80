/*
 * A workload's side of core/tune.h: reading what an operator has changed, and
 * waiting for a time of the plan while the end of the drive phase may move.
 * The workload's thread.
 */
#ifndef WORKLOADS_TUNED_H
#define WORKLOADS_TUNED_H

#include "core/workload.h"

/* What is in force. Without a tune (tests of single workloads): all as planned. */
void tuned_read(const struct workload_env *env, struct tune_state *ret);

struct tuned {
	const struct workload_env *env;
	struct wake wake;
	struct tune_state state; /* as last read; bursts are not kept */
};

void tuned_init(struct tuned *t, const struct workload_env *env);
void tuned_release(struct tuned *t);
void tuned_update(struct tuned *t);

enum tuned_wait {
	TUNED_DUE,       /* the time has come */
	TUNED_OVER,      /* the drive phase was over first */
	TUNED_CANCELLED, /* the run is ending */
};

enum tuned_wait tuned_wait(struct tuned *t, uint64_t at_ns);

#endif
