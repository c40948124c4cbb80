/* Settings of the restarts workload; see restarts.c and ltb-preset(5). */
#ifndef WORKLOADS_RESTARTS_H
#define WORKLOADS_RESTARTS_H

#include "core/workload.h"
#include "util/mem.h"

struct restarts_config {
	uint64_t min_delay_ns, max_delay_ns, cooldown_ns, pause_ns;
	int mode; /* 0 kill, 1 graceful */
	struct strlist targets;
};

extern const struct workload_ops restarts_workload;

#endif
