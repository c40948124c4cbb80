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
	const char *value = environ_get(name);
	char buf[OPTION_QUOTE];

	*ret = false;
	if (!value || !*value || option_truth(value, ret))
		return 0;
	return err_set(err, ERR_USAGE,
		"the environment variable %s: expected 1, true, yes or on, or 0, false, no or off, "
		"not %s",
		name, option_quote(value, buf, sizeof(buf)));
}
