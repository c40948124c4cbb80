/*
 * One question to a node that runs already: is it well? For the health checks
 * and probes of container engines, whose images hold no other program that
 * could ask. Blocks for at most HEALTH_LIMIT_MS. One thread.
 */
#ifndef NODE_HEALTH_H
#define NODE_HEALTH_H

#include "node/p2p/address.h"
#include "util/err.h"

#define HEALTH_LIMIT_MS 2000

/* 0: GET /cryptarchia/info was answered by 200, completely and in time. -1: err says why not. */
int health_check(const struct address *a, struct err *err);

#endif
