/* The list of workloads; a new one is added here and nowhere else. */
#include "workloads/registry.h"

#include "workloads/restarts.h"
#include "workloads/timeline.h"
#include "workloads/transactions.h"

const struct workload_ops *const workloads_all[] = {
	&transactions_workload,
	&restarts_workload,
	&timeline_workload,
	NULL,
};
