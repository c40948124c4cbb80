/* The skeleton workload: a starting point to copy; compiled and tested, but not registered. */
#ifndef WORKLOADS_SKELETON_H
#define WORKLOADS_SKELETON_H

#include "core/workload.h"

struct skeleton_workload_config {
	uint64_t every_ns;
};

extern const struct workload_ops skeleton_workload;

#endif
