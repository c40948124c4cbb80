/*
 * The contract of a workload, fault drivers included.
 *
 * plan() is pure and fixes everything random from the seed, before anything
 * starts. run() has a thread of its own from the start of the drive phase; it
 * stops causing load at env->drive_end_ns and returns when it knows the
 * outcome of all it did, or soon after env->cancel is set.
 */
#ifndef CORE_WORKLOAD_H
#define CORE_WORKLOAD_H

#include "core/control.h"
#include "core/feed.h"
#include "core/hub.h"
#include "core/net.h"
#include "core/option.h"
#include "core/plan.h"
#include "core/tune.h"
#include "util/cancel.h"
#include "util/clock.h"
#include "util/rng.h"

struct workload_env {
	const char *name; /* of this use, in events */
	const void *config;
	const void *plan_data; /* what plan() made */
	const struct plan *plan;
	struct clock *clock; /* run() is a participant */
	struct cancel *cancel;
	struct hub *hub;
	struct net *net;
	struct feed *feed;
	struct control *control;
	uint64_t t0_ns;                        /* clock time of run time 0 */
	uint64_t drive_start_ns, drive_end_ns; /* clock times; the end as planned */
	struct tune *tune; /* what an operator changes meanwhile, the end of the drive included */
};

struct workload_ops {
	const char *name, *summary;
	size_t config_size;
	const struct option *options;
	unsigned needs; /* enum backend_cap bits */
	unsigned tunes; /* enum tune_cap bits that run() obeys */
	bool fault;     /* acts on nodes and links, though it needs nothing for sure */
	const char *const *default_checks; /* names added when the preset does not have them;
					      NULL-terminated */
	int (*validate)(const void *config, const struct scenario *s, struct err *err);
	/* *ret may stay NULL. plan: nodes and wallets are filled in, workloads are not. */
	int (*plan)(const void *config, const struct plan *plan, struct rng *rng, void **ret,
		struct err *err);
	void (*plan_to_json)(const void *plan_data, struct jw *w); /* one value */
	void (*plan_free)(void *plan_data);
	/* How many transactions it will send, or faults it will cause, about; see
	 * workload_planned(). NULL: not known. */
	uint64_t (*planned)(const void *plan_data);
	/* -1: it could not do its work (err); the run goes on and ends as unknown at best. */
	int (*run)(const struct workload_env *env, struct err *err);
};

/* Does it disturb the cluster rather than send it traffic? */
bool workload_is_fault(const struct workload_ops *ops);
/* For previews: what is planned; 0 when it is not known. */
uint64_t workload_planned(const struct workload_ops *ops, const void *plan_data);

int workload_no_validate(const void *config, const struct scenario *s, struct err *err);
int workload_no_plan(
	const void *config, const struct plan *plan, struct rng *rng, void **ret, struct err *err);
void workload_no_plan_json(const void *plan_data, struct jw *w);
void workload_no_plan_free(void *plan_data);

#endif
