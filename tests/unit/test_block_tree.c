/*
 * Blocks as a tree: hand-made cases as pictures, and random trees (lies and
 * gaps included) against a naive oracle. The lanes are proven by reading the
 * parents of all blocks back from the picture alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ui/block_tree.h"
#include "util/mem.h"
#include "util/rng.h"

#define MAX_N 80

/* "b5 a4 5 ..": by arrival, oldest first: name, parent's name, height ('-' not known). */
struct text_block {
	const char *name, *parent;
	int height;
	unsigned seen_by;
};

static struct id32 id_of(const char *name)
{
	struct id32 id = { { 0 } };

	snprintf((char *)id.b, sizeof(id.b), "%s", name);
	return id;
}

static size_t make(const struct text_block *in, struct view_block *ret)
{
	size_t n = 0;

	while (in[n].name)
		n++;
	for (size_t i = 0; i < n; i++) {
		ret[n - 1 - i] = (struct view_block){
			.id = id_of(in[i].name),
			.parent = id_of(in[i].parent),
			.height = in[i].height < 0 ? 0 : (uint64_t)in[i].height,
			.has_height = in[i].height >= 0,
			.seen_by = in[i].seen_by ? in[i].seen_by : 3,
			.first_ns = 1000 + i * 100,
		};
	}
	return n;
}

/* One line a block: lanes, name, place. */
static void describe(
	const struct block_tree *t, const struct view_block *blocks, struct strbuf *out)
{
	static const char *const places[] = { "", " competing", " lost", " orphan", " untold" };
	struct canvas c;

	canvas_init(&c, 20, (int)t->n, &glyphs_utf8);
	struct view v = view_all(&c);
	for (size_t r = 0; r < t->n; r++) {
		int w = block_tree_width(t, 8);

		block_tree_draw(t, r, &v, 0, (int)r, 8);
		view_textf(&v, w + 1, (int)r, ROLE_NORMAL, "%s%s",
			(const char *)blocks[t->rows[r].block].id.b, places[t->rows[r].place]);
	}
	canvas_to_text(&c, out);
	canvas_release(&c);
}

static void expect(const struct text_block *in, const char *picture)
{
	struct view_block blocks[MAX_N];
	struct block_tree t;
	CLEANUP_STRBUF struct strbuf out = { 0 };

	block_tree_build(&t, blocks, make(in, blocks));
	describe(&t, blocks, &out);
	assert_string_equal(strbuf_str(&out), picture);
}

static void test_cases(void **state)
{
	(void)state;
	static const struct {
		struct text_block in[10];
		const char *picture;
	} cases[] = {
		{ { { "a1", "0", 1, 0 }, { "a2", "a1", 2, 0 }, { "a3", "a2", 3, 0 } },
			"● a3\n● a2\n● a1\n" },
		/* two ways: the longer one wins, though it came later */
		{ { { "a1", "0", 1, 0 }, { "b2", "a1", 2, 0 }, { "a2", "a1", 2, 0 },
			  { "a3", "a2", 3, 0 } },
			"●   a3\n"
			"●   a2\n"
			"├─○ b2 lost\n"
			"●   a1\n" },
		/* as high: the one that more have seen */
		{ { { "a1", "0", 1, 0 }, { "b2", "a1", 2, 1 }, { "a2", "a1", 2, 2 } },
			"●   a2\n"
			"├─○ b2 competing\n"
			"●   a1\n" },
		/* a branch of its own length */
		{ { { "a1", "0", 1, 0 }, { "b2", "a1", 2, 0 }, { "a2", "a1", 2, 0 },
			  { "b3", "b2", 3, 0 }, { "a3", "a2", 3, 0 }, { "a4", "a3", 4, 0 } },
			"●   a4\n"
			"●   a3\n"
			"│ ○ b3 lost\n"
			"● │ a2\n"
			"├─○ b2 lost\n"
			"●   a1\n" },
		/* three ways */
		{ { { "a1", "0", 1, 0 }, { "a2", "a1", 2, 0 }, { "b2", "a1", 2, 0 },
			  { "c2", "a1", 2, 0 }, { "c3", "c2", 3, 0 }, { "a3", "a2", 3, 9 } },
			"●   a3\n"
			"│ ○ c3 competing\n"
			"● │ a2\n"
			"├─○ c2 competing\n"
			"├─○ b2 lost\n"
			"●   a1\n" },
		/* a fork of a fork */
		{ { { "a1", "0", 1, 0 }, { "b2", "a1", 2, 0 }, { "a2", "a1", 2, 0 },
			  { "b3", "b2", 3, 0 }, { "c3", "b2", 3, 0 }, { "a3", "a2", 3, 0 },
			  { "a4", "a3", 4, 0 } },
			"●     a4\n"
			"●     a3\n"
			"│ ○   c3 lost\n"
			"│ ├─○ b3 lost\n"
			"● │   a2\n"
			"├─○   b2 lost\n"
			"●     a1\n" },
		/* an orphan: no height, its parent never came */
		{ { { "a1", "0", 1, 0 }, { "a2", "a1", 2, 0 }, { "x", "?", -1, 0 },
			  { "y", "x", -1, 0 }, { "a3", "a2", 3, 0 } },
			"●   a3\n"
			"│ ○ y orphan\n"
			"● │ a2\n"
			"│ ○ x orphan\n"
			"●   a1\n" },
		/* a gap: what is below it cannot be told */
		{ { { "a1", "0", 1, 0 }, { "a2", "a1", 2, 0 }, { "a4", "a3", 4, 0 },
			  { "a5", "a4", 5, 0 } },
			"● a5\n● a4\n○ a2 untold\n○ a1 untold\n" },
		/* a block of a lying node: its height does not fit its parent */
		{ { { "a1", "0", 1, 0 }, { "a2", "a1", 2, 0 }, { "a3", "a2", 3, 0 },
			  { "l", "a1", 3, 0 } },
			"●   a3\n"
			"│ ○ l competing\n"
			"● │ a2\n"
			"●─┘ a1\n" },
		/* a height below its parent's: drawn above it nevertheless */
		{ { { "a1", "0", 7, 0 }, { "a2", "a1", 2, 0 } }, "  ○ a2 untold\n●─┘ a1\n" },
		/* a loop, and one that is its own parent */
		{ { { "a1", "a2", 1, 0 }, { "a2", "a1", 2, 0 }, { "s", "s", 1, 0 } },
			"● a2\n● a1\n○ s lost\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		expect(cases[i].in, cases[i].picture);
}

static void test_numbers(void **state)
{
	(void)state;
	static const struct text_block in[] = { { "a1", "0", 1, 0 }, { "b2", "a1", 2, 0 },
		{ "a2", "a1", 2, 0 }, { "a3", "a2", 3, 0 }, { "c2", "a1", 2, 0 }, { 0 } };
	struct view_block blocks[MAX_N];
	struct block_tree t;
	struct id32 id = id_of("b2");

	block_tree_build(&t, blocks, make(in, blocks));
	assert_int_equal(t.n_forks, 2);
	assert_int_equal(t.n_best, 3);
	assert_int_equal(t.interval_ns, 150);    /* a1 at 1000, a3 at 1300 */
	assert_int_equal(t.rows[2].led_ns, 0);   /* c2 came after a2 */
	assert_int_equal(t.rows[3].led_ns, 100); /* b2 a step before it */
	assert_int_equal(block_tree_row(&t, blocks, &id), 3);
	id = id_of("none");
	assert_int_equal(block_tree_row(&t, blocks, &id), -1);
	block_tree_build(&t, NULL, 0);
	assert_int_equal(t.n, 0);
	assert_int_equal(block_tree_row(&t, NULL, &id), -1);
}

/* --- random trees ----------------------------------------------------------------- */

static int naive_find(const struct view_block *b, size_t n, const struct id32 *id)
{
	for (size_t i = 0; i < n; i++) {
		if (id32_eq(&b[i].id, id))
			return (int)i;
	}
	return -1;
}

/* The best chain by definition: from the highest, most seen, earliest block down. */
static void naive_best(const struct view_block *b, size_t n, bool *ret)
{
	int best = -1;

	for (size_t i = 0; i < n; i++) {
		ret[i] = false;
		if (!b[i].has_height)
			continue;
		if (best < 0 || b[i].height > b[best].height ||
			(b[i].height == b[best].height &&
				(b[i].seen_by > b[best].seen_by ||
					(b[i].seen_by == b[best].seen_by &&
						b[i].first_ns < b[best].first_ns))))
			best = (int)i;
	}
	for (int i = best; i >= 0 && !ret[i]; i = naive_find(b, n, &b[i].parent))
		ret[i] = true;
}

/* Reads from lanes alone which row hangs on which; -1: on none. */
static void read_picture(const struct block_tree *t, int *ret)
{
	uint64_t lane_of[MAX_N] = { 0 }; /* lanes, as a bit, in which a row waits for its parent */

	for (size_t r = 0; r < t->n; r++) {
		const struct block_row *row = &t->rows[r];

		ret[r] = -1;
		for (size_t c = 0; c < r; c++) {
			uint64_t here = row->joins | (uint64_t)1 << row->lane;

			if (lane_of[c] & here) {
				ret[c] = (int)r;
				lane_of[c] = 0;
			} else if (lane_of[c]) {
				assert_true(lane_of[c] & row->lines); /* drawn without a gap */
			}
		}
		if (row->parent >= 0)
			lane_of[r] = (uint64_t)1 << (row->attach >= 0 ? row->attach : row->lane);
	}
}

static void check_tree(const struct view_block *blocks, size_t n, bool loops)
{
	struct block_tree t;
	bool best[MAX_N], seen[MAX_N] = { false };
	int parents[MAX_N];
	size_t forks = 0;

	block_tree_build(&t, blocks, n);
	naive_best(blocks, n, best);
	read_picture(&t, parents);
	assert_int_equal(t.n, n);
	for (size_t r = 0; r < n; r++) {
		const struct block_row *row = &t.rows[r];
		const struct view_block *b = &blocks[row->block];

		assert_true(row->block < n && !seen[row->block]);
		seen[row->block] = true;
		assert_true(row->parent < 0 || row->parent > (int)r);
		assert_int_equal(parents[r], row->parent);
		assert_true(row->lane < t.n_lanes && row->attach < t.n_lanes);
		if (loops)
			continue;
		int up = naive_find(blocks, n, &b->parent);

		assert_int_equal(up, row->parent < 0 ? -1 : (int)t.rows[row->parent].block);
		assert_int_equal(row->place == BLOCK_BEST, best[row->block]);
		if (best[row->block])
			assert_int_equal(row->lane, 0);
		forks += up >= 0 && best[up] && !best[row->block];
	}
	if (!loops)
		assert_int_equal(t.n_forks, forks);
}

/* Each block on one of the newest, mostly the newest; some parents never come, some lie. */
static size_t random_blocks(struct rng *rng, struct view_block *ret, bool lies, bool loops)
{
	size_t n = 1 + rng_below(rng, MAX_N - 1);
	struct view_block *old = xcalloc(n, sizeof(*old));

	for (size_t i = 0; i < n; i++) {
		struct view_block *b = &old[i];
		size_t back = rng_below(rng, 3) ? 0 : rng_below(rng, MIN(i + 1, (size_t)8));
		const struct view_block *up = i > 0 ? &old[i - 1 - MIN(back, i - 1)] : NULL;

		rng_bytes(rng, b->id.b, sizeof(b->id.b));
		b->parent.b[0] = 1;
		if (up && (!lies || rng_below(rng, 20) > 0))
			b->parent = up->id;
		b->has_height = !up || (up->has_height && id32_eq(&b->parent, &up->id));
		b->height = b->has_height ? (up ? up->height + 1 : 1) : 0;
		if (lies && rng_below(rng, 15) == 0) {
			b->has_height = true;
			b->height = rng_below(rng, 3) ? rng_below(rng, 60) : UINT64_MAX;
		}
		b->first_ns = 1000 * i + rng_below(rng, 5000);
		b->seen_by = (unsigned)rng_below(rng, 5);
	}
	for (size_t i = 0; loops && i < n; i++) {
		if (rng_below(rng, 8) == 0)
			old[i].parent = old[rng_below(rng, n)].id;
	}
	for (size_t i = 0; i < n; i++)
		ret[i] = old[n - 1 - i];
	free(old);
	return n;
}

static void test_random(void **state)
{
	(void)state;
	struct rng rng;

	rng_init(&rng, 42);
	for (int round = 0; round < 600; round++) {
		struct view_block blocks[MAX_N];
		bool lies = round % 3 > 0, loops = round % 3 == 2;
		size_t n = random_blocks(&rng, blocks, lies, loops);

		check_tree(blocks, n, loops);
	}
}

/* More blocks than are looked at, more forks than lanes, the same block twice. */
static void test_limits(void **state)
{
	(void)state;
	size_t n = MODEL_BLOCKS + 50;
	CLEANUP_FREE struct view_block *blocks = xcalloc(n, sizeof(*blocks));
	struct block_tree t;
	struct rng rng;
	struct canvas c;

	rng_init(&rng, 3);
	for (size_t i = 0; i < n; i++) {
		rng_bytes(&rng, blocks[i].id.b, sizeof(blocks[i].id.b));
		rng_bytes(&rng, blocks[i].parent.b, sizeof(blocks[i].parent.b));
		blocks[i].has_height = true;
		blocks[i].height = n - i;
	}
	for (size_t i = 0; i < 90; i++) /* 90 tips whose parents come at the end */
		blocks[i].parent = blocks[100 + i].id;
	blocks[95].id = blocks[96].id;
	block_tree_build(&t, blocks, n);
	assert_int_equal(t.n, MODEL_BLOCKS);
	assert_int_equal(t.n_lanes, BLOCK_TREE_LANES);
	canvas_init(&c, 5, MODEL_BLOCKS, &glyphs_utf8);
	struct view v = view_all(&c);
	for (size_t r = 0; r < t.n; r++) {
		for (int max = 1; max <= BLOCK_TREE_LANES; max += 7)
			block_tree_draw(&t, r, &v, 0, (int)r, max);
	}
	assert_int_equal(block_tree_width(&t, 1), 1);
	assert_int_equal(block_tree_width(&t, 4), 7);
	canvas_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
