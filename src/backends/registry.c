/* The list of backends; see registry.h. */
#include "backends/registry.h"

const struct backend_ops *const backends_all[] = {
	&backend_local,
	&backend_compose,
	&backend_fake,
	NULL,
};
