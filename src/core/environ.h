/*
 * The environment variables that ltb and what it starts know: one table, from
 * which `ltb doctor`, the manual and the tests that nothing is read beside it
 * come. Reads the environment, which nothing changes while threads run; any
 * thread.
 */
#ifndef CORE_ENVIRON_H
#define CORE_ENVIRON_H

#include <stdbool.h>

#include "util/err.h"

/* NULL when it is not set. */
const char *environ_get(const char *name);
/*
 * A switch: 1, true, yes, on; 0, false, no, off; unset and empty are off. ERR_USAGE for other
 * values.
 */
int environ_switch(const char *name, bool *ret, struct err *err);

#endif
