/* The flavours that are built in; the application hands them down in its catalog. */
#ifndef FLAVOURS_REGISTRY_H
#define FLAVOURS_REGISTRY_H

#include "core/flavour.h"

extern const struct flavour_ops flavour_embedded;

extern const struct flavour_ops
	*const flavours_all[]; /* NULL-terminated; the first is the default */

#endif
