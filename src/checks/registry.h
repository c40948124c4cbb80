/* All checks there are; the application hands them to core in its catalog. */
#ifndef CHECKS_REGISTRY_H
#define CHECKS_REGISTRY_H

#include "core/check.h"

extern const struct check_ops *const checks_all[]; /* NULL-terminated */

#endif
