/*
 * The `targets` option that workloads share: which nodes one is aimed at.
 * A list of node names, or "all". Pure, any thread.
 */
#ifndef WORKLOADS_TARGETS_H
#define WORKLOADS_TARGETS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/plan.h"
#include "core/scenario.h"
#include "util/mem.h"

/* Every name must be a node of the topology, none twice. An empty list means all. */
int targets_validate(const struct strlist *targets, const struct scenario *s, struct err *err);
bool targets_are_all(const struct strlist *targets);
/* Indices in the order of the list; the caller frees *ret. */
size_t targets_resolve(const struct strlist *targets, size_t n_nodes, unsigned **ret);

#endif
