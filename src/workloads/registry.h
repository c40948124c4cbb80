/* All workloads there are; the application hands them to core in its catalog. */
#ifndef WORKLOADS_REGISTRY_H
#define WORKLOADS_REGISTRY_H

#include "core/workload.h"

extern const struct workload_ops *const workloads_all[]; /* NULL-terminated */

#endif
