/* Names for panes; see pane_names.h. */
#include "ui/pane_names.h"

#include <stdio.h>

#include "ui/pane.h"

#define RING 4

static char *next_buf(void)
{
	static char ring[RING][48];
	static unsigned next;

	return ring[next++ % RING];
}

const char *name_of_node(const struct model *m, int node, const char *none)
{
	if (node < 0)
		return none;
	if ((size_t)node < m->n_nodes)
		return m->nodes[node].name;
	char *buf = next_buf();

	snprintf(buf, 48, "n%d", node);
	return buf;
}

const char *name_of_workload(const struct model *m, unsigned workload)
{
	return workload < m->n_workloads ? m->workloads[workload].name : "-";
}

const char *name_or_empty(const char *s)
{
	return s ? s : "";
}

const char *name_count(uint64_t n, const char *one, const char *many)
{
	char *buf = next_buf(), digits[32];

	snprintf(buf, 48, "%s %s", fmt_count(n, digits, sizeof(digits)), n == 1 ? one : many);
	return buf;
}
