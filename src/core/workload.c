/* Defaults for members that a workload does not need; see workload.h. Pure. */
#include "core/workload.h"

uint64_t workload_planned(const struct workload_ops *ops, const void *plan_data)
{
	return ops->planned && plan_data ? ops->planned(plan_data) : 0;
}

int workload_no_validate(const void *config, const struct scenario *s, struct err *err)
{
	(void)config;
	(void)s;
	(void)err;
	return 0;
}

int workload_no_plan(
	const void *config, const struct plan *plan, struct rng *rng, void **ret, struct err *err)
{
	(void)config;
	(void)plan;
	(void)rng;
	(void)err;
	*ret = NULL;
	return 0;
}

void workload_no_plan_json(const void *plan_data, struct jw *w)
{
	(void)plan_data;
	jw_null(w);
}

void workload_no_plan_free(void *plan_data)
{
	(void)plan_data;
}

bool workload_is_fault(const struct workload_ops *ops)
{
	return ops->needs != 0 || ops->fault;
}
