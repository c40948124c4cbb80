/*
 * Layouts as lists of links, and what the consensus parameters imply for
 * timing. Knows nothing of addresses or ports. Pure, any thread.
 */
#include "core/topology.h"

#include <math.h>
#include <string.h>

#include "util/mem.h"

void topology_release(struct topology *t)
{
	for (size_t i = 0; t->overrides && i < t->n_nodes; i++) {
		free(t->overrides[i].binary);
		strlist_release(&t->overrides[i].args);
		strlist_release(&t->overrides[i].env);
	}
	free(t->overrides);
	free(t->binary);
	free(t->image);
	strlist_release(&t->args);
	strlist_release(&t->env);
	memset(t, 0, sizeof(*t));
}

const char *topology_layout_name(enum topology_layout l)
{
	static const char *const names[] = {
		[LAYOUT_STAR] = "star",
		[LAYOUT_CHAIN] = "chain",
		[LAYOUT_RING] = "ring",
		[LAYOUT_FULL] = "full",
		[LAYOUT_RANDOM] = "random",
	};

	return names[l];
}

/* A random graph in the making: links are undirected until they are listed. */
struct graph {
	unsigned n;
	unsigned char *linked; /* n * n */
	unsigned *degree;
	size_t n_links;
};

static void graph_link(struct graph *g, unsigned a, unsigned b)
{
	g->linked[(size_t)a * g->n + b] = g->linked[(size_t)b * g->n + a] = 1;
	g->degree[a]++;
	g->degree[b]++;
	g->n_links++;
}

static void shuffle(unsigned *v, unsigned n, struct rng *rng)
{
	for (unsigned i = n; i > 1; i--) {
		unsigned j = (unsigned)rng_below(rng, i), t = v[i - 1];

		v[i - 1] = v[j];
		v[j] = t;
	}
}

/* Links u to random nodes that want links as well, until it has enough. */
static void graph_fill(
	struct graph *g, unsigned u, unsigned degree, unsigned *scratch, struct rng *rng)
{
	unsigned n = 0;

	if (g->degree[u] >= degree)
		return;
	for (unsigned v = 0; v < g->n; v++) {
		if (v != u && g->degree[v] < degree && !g->linked[(size_t)u * g->n + v])
			scratch[n++] = v;
	}
	shuffle(scratch, n, rng);
	for (unsigned i = 0; i < n && g->degree[u] < degree; i++)
		graph_link(g, u, scratch[i]);
}

static size_t random_edges(unsigned n, unsigned degree, struct rng *rng, struct topology_edge **ret)
{
	struct graph g = {
		.n = n,
		.linked = xcalloc((size_t)n * n, 1),
		.degree = xcalloc(n, sizeof(unsigned)),
	};
	CLEANUP_FREE unsigned *order = xcalloc(n, sizeof(unsigned));
	CLEANUP_FREE unsigned *scratch = xcalloc(n, sizeof(unsigned));

	for (unsigned i = 0; i < n; i++)
		order[i] = i;
	shuffle(order, n, rng);
	/* A path (a ring when two links a node are wanted) over all makes it connected. */
	for (unsigned i = 1; i < n; i++)
		graph_link(&g, order[i - 1], order[i]);
	if (degree >= 2 && n > 2)
		graph_link(&g, order[n - 1], order[0]);
	for (unsigned i = 0; i < n; i++)
		graph_fill(&g, order[i], degree, scratch, rng);

	struct topology_edge *edges = xcalloc(g.n_links ? g.n_links : 1, sizeof(*edges));
	size_t len = 0;

	for (unsigned from = 1; from < n; from++) {
		for (unsigned to = 0; to < from; to++) {
			if (g.linked[(size_t)from * n + to])
				edges[len++] = (struct topology_edge){ from, to };
		}
	}
	free(g.linked);
	free(g.degree);
	*ret = edges;
	return len;
}

static size_t full_edges(unsigned n, struct topology_edge **ret)
{
	size_t total = (size_t)n * (n - 1) / 2, len = 0;
	struct topology_edge *edges = xcalloc(total ? total : 1, sizeof(*edges));

	for (unsigned from = 1; from < n; from++) {
		for (unsigned to = 0; to < from; to++)
			edges[len++] = (struct topology_edge){ from, to };
	}
	*ret = edges;
	return len;
}

size_t topology_edges(const struct topology *t, struct rng *rng, struct topology_edge **ret)
{
	unsigned n = (unsigned)t->n_nodes;
	size_t len = 0;

	*ret = NULL;
	if (n == 0)
		return 0;
	if (t->layout == LAYOUT_RANDOM)
		return random_edges(n, t->degree, rng, ret);
	if (t->layout == LAYOUT_FULL)
		return full_edges(n, ret);

	struct topology_edge *edges = xcalloc(n, sizeof(*edges));

	for (unsigned i = 1; i < n; i++)
		edges[len++] = (struct topology_edge){ i, t->layout == LAYOUT_STAR ? 0 : i - 1 };
	if (t->layout == LAYOUT_RING && n > 2)
		edges[len++] = (struct topology_edge){ 0, n - 1 };
	*ret = edges;
	return len;
}

uint64_t consensus_block_interval_ns(const struct consensus *c)
{
	double ns = (double)c->slot_duration_ns / c->active_slot_coeff;

	return ns < 9e18 ? (uint64_t)ns : (uint64_t)9e18;
}

double consensus_blocks_per_slot(const struct consensus *c, double stake_share)
{
	return 1.0 - pow(1.0 - c->active_slot_coeff, stake_share);
}
