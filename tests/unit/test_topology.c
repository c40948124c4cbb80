/* Layouts as edges, and the arithmetic of the consensus parameters. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/topology.h"
#include "util/strbuf.h"

static void edges_text(const struct topology *t, uint64_t seed, struct strbuf *out)
{
	struct topology_edge *e;
	struct rng rng;
	rng_init(&rng, seed);
	size_t n = topology_edges(t, &rng, &e);
	for (size_t i = 0; i < n; i++)
		strbuf_addf(out, "%s%u>%u", i ? " " : "", e[i].from, e[i].to);
	free(e);
}

static void fixed_layouts(void **state)
{
	static const struct {
		enum topology_layout layout;
		size_t n;
		const char *edges;
	} cases[] = {
		{ LAYOUT_STAR, 1, "" },
		{ LAYOUT_STAR, 4, "1>0 2>0 3>0" },
		{ LAYOUT_CHAIN, 4, "1>0 2>1 3>2" },
		{ LAYOUT_RING, 1, "" },
		{ LAYOUT_RING, 2, "1>0" },
		{ LAYOUT_RING, 3, "1>0 2>1 0>2" },
		{ LAYOUT_FULL, 1, "" },
		{ LAYOUT_FULL, 4, "1>0 2>0 2>1 3>0 3>1 3>2" },
		{ LAYOUT_RANDOM, 1, "" },
		{ LAYOUT_RANDOM, 2, "1>0" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct topology t = {
			.n_nodes = cases[i].n, .layout = cases[i].layout, .degree = 1
		};
		CLEANUP_STRBUF struct strbuf sb = { 0 };
		edges_text(&t, 1, &sb);
		assert_string_equal(strbuf_str(&sb), cases[i].edges);
	}
}

static unsigned find(unsigned *group, unsigned i)
{
	while (group[i] != i)
		i = group[i] = group[group[i]];
	return i;
}

static void check_random(unsigned n, unsigned degree, uint64_t seed)
{
	struct topology t = { .n_nodes = n, .layout = LAYOUT_RANDOM, .degree = degree };
	struct topology_edge *e;
	struct rng rng;
	unsigned *group = xcalloc(n, sizeof(*group)), *links = xcalloc(n, sizeof(*links));
	unsigned parts = n;

	rng_init(&rng, seed);
	size_t n_edges = topology_edges(&t, &rng, &e);
	for (unsigned i = 0; i < n; i++)
		group[i] = i;
	for (size_t i = 0; i < n_edges; i++) {
		assert_true(e[i].from < n && e[i].to < e[i].from);
		/* in order, so none is there twice */
		assert_true(i == 0 || e[i - 1].from < e[i].from ||
			    (e[i - 1].from == e[i].from && e[i - 1].to < e[i].to));
		links[e[i].from]++;
		links[e[i].to]++;
		unsigned a = find(group, e[i].from), b = find(group, e[i].to);
		parts -= a != b;
		group[a] = b;
	}
	assert_int_equal(parts, 1);
	for (unsigned i = 0; i < n; i++)
		assert_true(links[i] <= MAX(degree, 2));
	assert_true(2 * n_edges + 2 * degree >= (size_t)n * degree);
	free(group);
	free(links);
	free(e);
}

static void random_is_connected_and_even(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 20; seed++) {
		check_random(3, 1, seed);
		check_random(5, 4, seed);
		check_random(10, 3, seed);
		check_random(50, 4, seed);
	}
	check_random(1000, 8, 1);
	check_random(300, 299, 1);
}

static void random_follows_its_seed(void **state)
{
	struct topology t = { .n_nodes = 20, .layout = LAYOUT_RANDOM, .degree = 3 };
	CLEANUP_STRBUF struct strbuf a = { 0 }, b = { 0 }, c = { 0 };
	(void)state;
	edges_text(&t, 1, &a);
	edges_text(&t, 1, &b);
	edges_text(&t, 2, &c);
	assert_string_equal(strbuf_str(&a), strbuf_str(&b));
	assert_string_not_equal(strbuf_str(&a), strbuf_str(&c));
}

static void block_times(void **state)
{
	struct consensus c = { .slot_duration_ns = 500000000, .active_slot_coeff = 0.5 };
	(void)state;
	assert_true(consensus_block_interval_ns(&c) == 1000000000);
	assert_true(fabs(consensus_blocks_per_slot(&c, 1) - 0.5) < 1e-12);
	assert_true(fabs(consensus_blocks_per_slot(&c, 0.5) - 0.2928932188) < 1e-9);
	assert_true(consensus_blocks_per_slot(&c, 0) == 0);
	c.active_slot_coeff = 1;
	assert_true(consensus_blocks_per_slot(&c, 0.1) == 1);
	c.active_slot_coeff = 1e-6;
	c.slot_duration_ns = 600000000000;
	assert_true(consensus_block_interval_ns(&c) >= 599999999999999999ull);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fixed_layouts),
		cmocka_unit_test(random_is_connected_and_even),
		cmocka_unit_test(random_follows_its_seed),
		cmocka_unit_test(block_times),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
