/* The backends that are built in; the application hands them down in its catalog. */
#ifndef BACKENDS_REGISTRY_H
#define BACKENDS_REGISTRY_H

#include "core/backend.h"

extern const struct backend_ops backend_local, backend_compose, backend_fake;
/* The template for new backends: built and tested, but not in the list. */
extern const struct backend_ops backend_skeleton;

extern const struct backend_ops
	*const backends_all[]; /* NULL-terminated; the first is the default */

#endif
