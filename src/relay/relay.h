/* The relay as a whole: the plane, its API, and what ends it. One thread. */
#ifndef RELAY_RELAY_H
#define RELAY_RELAY_H

#include "relay/config.h"

/* Returns when a signal or the end of the parent asks for it: 0; or -1 when it cannot start. */
int relay_run(const struct config *cfg, struct err *err);

#endif
