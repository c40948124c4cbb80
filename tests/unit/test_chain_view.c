/* The block tree: linking in any order, heights, relations, pruning, hostile ids. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/chain_view.h"
#include "util/mem.h"

/* Block n of branch c; parents are given by the test. */
static struct id32 id_of(char branch, unsigned n)
{
	struct id32 id = { { 0 } };
	id.b[0] = (uint8_t)branch;
	id.b[1] = (uint8_t)n;
	id.b[2] = (uint8_t)(n >> 8);
	id.b[3] = (uint8_t)(n >> 16);
	return id;
}

static void add(struct chain_view *v, struct id32 id, struct id32 parent, uint64_t slot)
{
	bool is_new;
	assert_non_null(chain_view_add(v, &id, &parent, slot, &is_new));
	assert_true(is_new);
}

static const struct view_block *get(const struct chain_view *v, struct id32 id)
{
	return chain_view_find(v, &id);
}

static void test_order_does_not_matter(void **state)
{
	static const unsigned orders[][5] = {
		{ 0, 1, 2, 3, 4 },
		{ 4, 3, 2, 1, 0 },
		{ 2, 0, 4, 1, 3 },
		{ 3, 1, 0, 4, 2 },
	};
	(void)state;
	for (size_t o = 0; o < ARRAY_LEN(orders); o++) {
		for (unsigned anchor = 0; anchor < 5; anchor++) {
			struct chain_view *v = chain_view_new();
			for (size_t i = 0; i < 5; i++) {
				unsigned n = orders[o][i];
				add(v, id_of('a', n), id_of('a', n ? n - 1 : 99), 10 + n);
				if (n == anchor) {
					struct id32 id = id_of('a', n);
					chain_view_height(v, &id, 100 + n);
				}
			}
			for (unsigned n = 0; n < 5; n++) {
				const struct view_block *b = get(v, id_of('a', n));
				assert_true(b->has_height);
				assert_int_equal(b->height, 100 + n);
				assert_ptr_equal(
					b->parent_block, n ? get(v, id_of('a', n - 1)) : NULL);
			}
			assert_ptr_equal(chain_view_best(v), get(v, id_of('a', 4)));
			chain_view_free(v);
		}
	}
}

/* a0 - a1 - a2 - a3, b2 - b3 on a1; c7 hangs on nothing known. */
static struct chain_view *forked_view(bool heights)
{
	struct chain_view *v = chain_view_new();
	struct id32 root = id_of('a', 0);
	add(v, root, id_of('z', 0), 1);
	for (unsigned n = 1; n <= 3; n++)
		add(v, id_of('a', n), id_of('a', n - 1), 2 * n + 1);
	add(v, id_of('b', 2), id_of('a', 1), 6);
	add(v, id_of('b', 3), id_of('b', 2), 9);
	add(v, id_of('c', 7), id_of('c', 6), 15);
	if (heights)
		chain_view_height(v, &root, 0);
	return v;
}

static void test_relations(void **state)
{
	static const struct {
		char a_branch, a_n, b_branch, b_n;
		enum view_relation expected;
		char common_branch, common_n; /* 0: NULL */
	} cases[] = {
		{ 'a', 1, 'a', 1, VIEW_SAME, 'a', 1 },
		{ 'a', 0, 'a', 3, VIEW_ANCESTOR, 'a', 0 },
		{ 'a', 3, 'a', 1, VIEW_DESCENDANT, 'a', 1 },
		{ 'a', 3, 'b', 3, VIEW_FORKED, 'a', 1 },
		{ 'a', 2, 'b', 3, VIEW_FORKED, 'a', 1 },
		{ 'a', 1, 'b', 3, VIEW_ANCESTOR, 'a', 1 },
		{ 'c', 7, 'a', 3, VIEW_CANNOT_TELL, 0, 0 },
		{ 'a', 3, 'x', 1, VIEW_CANNOT_TELL, 0, 0 },
	};
	(void)state;
	for (int heights = 0; heights < 2; heights++) {
		struct chain_view *v = forked_view(heights);
		for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
			struct id32 a = id_of(cases[i].a_branch, (unsigned)cases[i].a_n);
			struct id32 b = id_of(cases[i].b_branch, (unsigned)cases[i].b_n);
			struct id32 c = id_of(cases[i].common_branch, (unsigned)cases[i].common_n);
			assert_int_equal(chain_view_relation(v, &a, &b), cases[i].expected);
			const struct view_block *common = chain_view_common(v, &a, &b);
			assert_ptr_equal(common, cases[i].common_branch ? get(v, c) : NULL);
			assert_ptr_equal(chain_view_common(v, &b, &a), common);
		}
		chain_view_free(v);
	}
}

static void test_sightings(void **state)
{
	struct chain_view *v = forked_view(true);
	struct id32 id = id_of('a', 2), unknown = id_of('q', 1);
	(void)state;
	chain_view_seen(v, &id, 3, 50);
	chain_view_seen(v, &id, 200, 70);
	chain_view_seen(v, &id, 3, 90);
	chain_view_seen(v, &id, -1, 95);
	chain_view_seen(v, &unknown, 3, 95);
	const struct view_block *b = chain_view_find(v, &id);
	assert_int_equal(b->seen_by, 2);
	assert_int_equal(b->first_node, 3);
	assert_int_equal(b->first_ns, 50);
	assert_int_equal(b->last_ns, 70);
	assert_true(chain_view_is_seen_by(v, &id, 200));
	assert_false(chain_view_is_seen_by(v, &id, 199));
	assert_false(chain_view_is_seen_by(v, &id, 100000));
	assert_false(chain_view_is_seen_by(v, &unknown, 3));
	chain_view_free(v);
}

static int count_and_compare(const struct view_block *b, void *arg)
{
	unsigned *left = arg;
	struct id32 expected = id_of('a', --*left);
	assert_true(id32_eq(&b->id, &expected));
	return *left == 1;
}

static void test_best_and_newest(void **state)
{
	struct chain_view *v = chain_view_new();
	struct id32 root = id_of('a', 0);
	unsigned left = 4;
	(void)state;
	assert_null(chain_view_best(v));
	for (unsigned n = 0; n < 4; n++)
		add(v, id_of('a', n), id_of('a', n ? n - 1 : 99), n);
	chain_view_each_newest(v, count_and_compare, &left);
	assert_int_equal(left, 1);
	add(v, id_of('b', 3), id_of('a', 2), 3);
	add(v, id_of('c', 1), id_of('c', 0), 1000);
	chain_view_height(v, &root, 7);
	/* a3 and b3 are level, a3 was first; c1 has no height at all */
	assert_ptr_equal(chain_view_best(v), get(v, id_of('a', 3)));
	add(v, id_of('b', 4), id_of('b', 3), 4);
	assert_ptr_equal(chain_view_best(v), get(v, id_of('b', 4)));
	chain_view_free(v);
}

static void test_prune_leaves_nothing_dangling(void **state)
{
	struct chain_view *v = chain_view_new();
	struct id32 first = id_of('a', 0);
	const unsigned extra = 100;
	(void)state;
	add(v, first, id_of('z', 0), 0);
	chain_view_height(v, &first, 0);
	for (unsigned n = 1; n < CHAIN_VIEW_MAX + extra; n++)
		add(v, id_of('a', n), id_of('a', n - 1), n);
	assert_int_equal(chain_view_len(v), CHAIN_VIEW_MAX);
	assert_null(get(v, id_of('a', extra - 1)));
	const struct view_block *oldest = get(v, id_of('a', extra));
	const struct view_block *newest = get(v, id_of('a', CHAIN_VIEW_MAX + extra - 1));
	assert_null(oldest->parent_block);
	assert_int_equal(newest->height, CHAIN_VIEW_MAX + extra - 1);
	size_t steps = 0;
	for (const struct view_block *b = newest; b; b = b->parent_block)
		steps++;
	assert_int_equal(steps, CHAIN_VIEW_MAX);
	assert_int_equal(chain_view_relation(v, &oldest->id, &newest->id), VIEW_ANCESTOR);
	chain_view_free(v);
}

static void test_best_survives_pruning(void **state)
{
	struct chain_view *v = chain_view_new();
	struct id32 best = id_of('a', 0);
	(void)state;
	add(v, best, id_of('z', 0), 0);
	chain_view_height(v, &best, 5);
	for (unsigned n = 1; n < CHAIN_VIEW_MAX + 10; n++)
		add(v, id_of('b', n), id_of('c', n), n);
	assert_int_equal(chain_view_len(v), CHAIN_VIEW_MAX);
	assert_ptr_equal(chain_view_best(v), get(v, best));
	chain_view_free(v);
}

static void test_loops_end(void **state)
{
	struct chain_view *v = chain_view_new();
	struct id32 a = id_of('a', 1), b = id_of('b', 1), s = id_of('s', 1), t = id_of('t', 1);
	(void)state;
	add(v, a, b, 5);
	add(v, b, a, 5);
	add(v, s, s, 6);
	add(v, t, b, 7);
	chain_view_height(v, &a, 3);
	assert_null(get(v, s)->parent_block);
	(void)chain_view_relation(v, &t, &s);
	(void)chain_view_common(v, &t, &s);
	(void)chain_view_common(v, &a, &b);
	assert_int_equal(chain_view_len(v), 4);
	chain_view_free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_does_not_matter),
		cmocka_unit_test(test_relations),
		cmocka_unit_test(test_sightings),
		cmocka_unit_test(test_best_and_newest),
		cmocka_unit_test(test_prune_leaves_nothing_dangling),
		cmocka_unit_test(test_best_survives_pruning),
		cmocka_unit_test(test_loops_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
