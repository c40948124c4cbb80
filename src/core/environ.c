/* See environ.h. */
#include "core/environ.h"

#include <stdlib.h>

#include "core/option.h"

const char *environ_get(const char *name)
{
	return getenv(name);
}

int environ_switch(const char *name, bool *ret, struct err *err)
{
	return option_switch(name, environ_get, ret, err);
}
