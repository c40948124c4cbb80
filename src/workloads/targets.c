/* The `targets` option that workloads share; see targets.h. */
#include "workloads/targets.h"

#include <string.h>

#include "util/units.h"

bool targets_are_all(const struct strlist *targets)
{
	return targets->len == 0 || (targets->len == 1 && strcmp(targets->items[0], "all") == 0);
}

/* Nodes are called n0, n1, ... in every plan. */
static bool node_index(const char *name, size_t n_nodes, unsigned *ret)
{
	uint64_t index;
	if (name[0] != 'n' || (name[1] == '0' && name[2] != '\0') ||
		units_parse_u64(name + 1, &index, NULL) != 0 || index >= n_nodes)
		return false;
	*ret = (unsigned)index;
	return true;
}

int targets_validate(const struct strlist *targets, const struct scenario *s, struct err *err)
{
	size_t n = s->topology.n_nodes;
	if (targets_are_all(targets))
		return 0;
	CLEANUP_FREE bool *taken = xcalloc(n, sizeof(*taken));
	for (size_t i = 0; i < targets->len; i++) {
		unsigned index;
		if (strcmp(targets->items[i], "all") == 0)
			return err_set(err, ERR_USAGE,
				"targets: \"all\" cannot be combined with node names");
		if (!node_index(targets->items[i], n, &index))
			return err_set(err, ERR_USAGE,
				"targets: no node is called '%s'; the topology has n0 to n%zu",
				targets->items[i], n - 1);
		if (taken[index])
			return err_set(
				err, ERR_USAGE, "targets: %s is named twice", targets->items[i]);
		taken[index] = true;
	}
	return 0;
}

size_t targets_resolve(const struct strlist *targets, size_t n_nodes, unsigned **ret)
{
	bool all = targets_are_all(targets);
	size_t n = 0, want = all ? n_nodes : targets->len;
	unsigned *list = xcalloc(MAX(want, 1u), sizeof(*list));
	for (size_t i = 0; i < want; i++) {
		unsigned index = (unsigned)i;
		if (all || node_index(targets->items[i], n_nodes, &index))
			list[n++] = index;
	}
	*ret = list;
	return n;
}
