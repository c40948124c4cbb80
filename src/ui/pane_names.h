/* How panes call nodes and workloads, whatever their indices say. Pure. */
#ifndef UI_PANE_NAMES_H
#define UI_PANE_NAMES_H

#include "core/model.h"

/* "n3"; `none` for -1. Valid until the fourth next call; main thread. */
const char *name_of_node(const struct model *m, int node, const char *none);
const char *name_of_workload(const struct model *m, unsigned workload); /* "-" when unknown */
/* s, or "" for NULL. */
const char *name_or_empty(const char *s);
/* "1 fault", "3 faults"; valid as above. */
const char *name_count(uint64_t n, const char *one, const char *many);

#endif
