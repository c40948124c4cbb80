/*
 * The plug-ins that exist, handed down by the application so that core knows
 * the contracts but no plug-in's name. Arrays end with NULL.
 */
#ifndef CORE_CATALOG_H
#define CORE_CATALOG_H

struct backend_ops;
struct flavour_ops;
struct workload_ops;
struct check_ops;

struct catalog {
	const struct backend_ops *const *backends;
	const struct flavour_ops *const *flavours;
	const struct workload_ops *const *workloads;
	const struct check_ops *const *checks;
};

const struct backend_ops *catalog_backend(const struct catalog *c, const char *name);
const struct flavour_ops *catalog_flavour(const struct catalog *c, const char *name);
const struct workload_ops *catalog_workload(const struct catalog *c, const char *name);
const struct check_ops *catalog_check(const struct catalog *c, const char *name);

#endif
