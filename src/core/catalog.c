/*
 * Looking plug-ins up by name in the catalog that the application handed down.
 * Knows the contracts and no plug-in. Pure, any thread.
 */
#include "core/catalog.h"

#include <string.h>

#include "core/backend.h"
#include "core/check.h"
#include "core/flavour.h"
#include "core/workload.h"

/* The four contracts share no type, only a member called name. */
#define FIND_BY_NAME(list, wanted) \
	do { \
		for (size_t i_ = 0; (list) && (list)[i_]; i_++) { \
			if (strcmp((list)[i_]->name, (wanted)) == 0) \
				return (list)[i_]; \
		} \
		return NULL; \
	} while (0)

const struct backend_ops *catalog_backend(const struct catalog *c, const char *name)
{
	FIND_BY_NAME(c->backends, name);
}

const struct flavour_ops *catalog_flavour(const struct catalog *c, const char *name)
{
	FIND_BY_NAME(c->flavours, name);
}

const struct workload_ops *catalog_workload(const struct catalog *c, const char *name)
{
	FIND_BY_NAME(c->workloads, name);
}

const struct check_ops *catalog_check(const struct catalog *c, const char *name)
{
	FIND_BY_NAME(c->checks, name);
}
