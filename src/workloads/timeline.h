/* Settings of the timeline workload; see timeline.c and ltb-preset(5). */
#ifndef WORKLOADS_TIMELINE_H
#define WORKLOADS_TIMELINE_H

#include "core/workload.h"
#include "util/mem.h"

struct timeline_config {
	struct strlist steps;
};

extern const struct workload_ops timeline_workload;

#endif
