/* The list of flavours; see registry.h. */
#include "flavours/registry.h"

const struct flavour_ops *const flavours_all[] = {
	&flavour_embedded,
	NULL,
};
