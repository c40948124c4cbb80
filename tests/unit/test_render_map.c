/* The map: pictures of every layout, cut and slow links, moving about, big clusters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../lib/render_fixture.h"
#include "ui/map.h"

static const struct pane_ops *const ops = &pane_map;

struct setup {
	struct render_fixture f;
	void *pane;
};

static int set_up(void **state)
{
	struct setup *s = xcalloc(1, sizeof(*s));

	render_fixture_init(&s->f);
	s->pane = render_pane_new(ops);
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct setup *s = *state;

	render_pane_free(ops, s->pane);
	render_fixture_release(&s->f);
	free(s);
	return 0;
}

static void test_pictures(void **state)
{
	struct setup *s = *state;

	s->f.selection.node = 3;
	s->f.selection.marked[1] = true;
	s->f.selection.n_marked = 1;
	render_pane_golden(ops, s->pane, &s->f.ctx, "map", 80, 24, &glyphs_utf8);
	render_pane_golden(ops, s->pane, &s->f.ctx, "map", 120, 36, &glyphs_utf8);
	render_pane_golden(ops, s->pane, &s->f.ctx, "map", 200, 60, &glyphs_utf8);
	render_pane_golden(ops, s->pane, &s->f.ctx, "map-ascii", 80, 24, &glyphs_ascii);
	render_pane_golden(ops, s->pane, &s->f.ctx, "map", 30, 9, &glyphs_utf8);
	s->f.ctx.plan = NULL;
	render_pane_golden(ops, s->pane, &s->f.ctx, "map-no-plan", 60, 14, &glyphs_utf8);
}

/* Every layout, as a preview of a plan that has not been run. */
static void test_previews(void **state)
{
	struct setup *s = *state;
	static const struct {
		enum topology_layout layout;
		unsigned n;
	} plans[] = { { LAYOUT_STAR, 7 }, { LAYOUT_CHAIN, 4 }, { LAYOUT_CHAIN, 14 },
		{ LAYOUT_RING, 9 }, { LAYOUT_FULL, 6 }, { LAYOUT_RANDOM, 10 }, { LAYOUT_FULL, 20 },
		{ LAYOUT_STAR, 1 }, { LAYOUT_STAR, 2 } };

	for (size_t i = 0; i < ARRAY_LEN(plans); i++) {
		struct canvas c;
		char name[64];

		rf_plan(&s->f, plans[i].n, plans[i].layout);
		canvas_init(&c, 56, 13, &glyphs_utf8);
		struct view v = view_all(&c);
		map_draw(&s->f.plan, NULL, &v, -1);
		snprintf(name, sizeof(name), "map-%s-%u", topology_layout_name(plans[i].layout),
			plans[i].n);
		render_golden(name, 56, 13, &c);
		canvas_release(&c);
	}
}

static void test_big(void **state)
{
	(void)state;
	static const unsigned sizes[] = { 40, 500, 1000 };

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct render_fixture f;
		void *pane = render_pane_new(ops);
		char name[32];

		render_fixture_init_many(&f, sizes[i], 5, LAYOUT_RANDOM);
		f.model.nodes[17].state = NODE_DEAD;
		f.model.nodes[23].state = NODE_PAUSED;
		rf_link(&f.model, 30, 31, true, 0, 0, 0, 1000);
		f.selection.node = sizes[i] - 2;
		snprintf(name, sizeof(name), "map-%u", sizes[i]);
		render_pane_golden(ops, pane, &f.ctx, name, 80, 24, &glyphs_utf8);
		render_pane_free(ops, pane);
		render_fixture_release(&f);
	}
}

/* A node that was added during the run has its place, and its link. */
static void test_added(void **state)
{
	struct setup *s = *state;
	struct canvas c;

	rf_plan(&s->f, 4, LAYOUT_STAR); /* the fifth node is not of the plan */
	canvas_init(&c, 60, 15, &glyphs_utf8);
	struct view v = view_all(&c);
	map_draw(&s->f.plan, &s->f.model, &v, 4);
	render_golden("map-added", 60, 15, &c);
	assert_int_equal(render_role_of(&c, "n4"), ROLE_STRONG);
	canvas_release(&c);
}

static void test_roles(void **state)
{
	struct setup *s = *state;
	struct canvas c;
	size_t bad = 0, warn = 0;

	canvas_init(&c, 78, 20, &glyphs_utf8);
	struct view v = view_all(&c);
	map_draw(&s->f.plan, &s->f.model, &v, -1);
	for (int i = 0; i < c.w * c.h; i++) {
		bad += c.cells[i].role == ROLE_BAD && c.cells[i].ch == glyphs_utf8.link_cut;
		warn += c.cells[i].role == ROLE_WARN && c.cells[i].ch > glyphs_utf8.dots;
	}
	assert_int_equal(bad, 1);
	assert_true(warn > 5);
	canvas_release(&c);
}

static void test_legend(void **state)
{
	struct setup *s = *state;
	struct canvas c;

	canvas_init(&c, 50, 3, &glyphs_utf8);
	struct view v = view_all(&c);
	assert_int_equal(map_legend(&s->f.model, &v), 2);
	for (unsigned i = 0; i < 30; i++)
		rf_link(&s->f.model, 4, 5 + i, true, 0, 0, 0, 1000);
	canvas_clear(&c);
	assert_int_equal(map_legend(&s->f.model, &v), 3);
	render_golden("map-legend", 50, 3, &c);
	canvas_release(&c);
}

/* By arrows alone every node can be reached from every other, in each layout. */
static void test_arrows_reach_all(void **state)
{
	(void)state;
	static const unsigned sizes[] = { 1, 2, 3, 5, 9, 16, 33, 70, 200 };
	static const int sides[][2] = { { 76, 18 }, { 40, 10 }, { 196, 50 } };

	for (int layout = LAYOUT_STAR; layout <= LAYOUT_RANDOM; layout++) {
		for (size_t i = 0; i < ARRAY_LEN(sizes) * ARRAY_LEN(sides); i++) {
			const int *side = sides[i % ARRAY_LEN(sides)];
			size_t n = sizes[i / ARRAY_LEN(sides)], todo[200], n_todo = 1, n_seen = 1;
			bool seen[200] = { true };
			struct map_layout l;

			map_layout_init(&l, (enum topology_layout)layout, n, 4, side[0], side[1]);
			todo[0] = 0;
			while (n_todo > 0) {
				size_t from = todo[--n_todo];

				for (int d = 0; d < 4; d++) {
					size_t to = map_layout_next(&l, from,
						d == 0   ? -1
						: d == 1 ? 1
							 : 0,
						d == 2   ? -1
						: d == 3 ? 1
							 : 0);
					if (!seen[to]) {
						seen[to] = true;
						todo[n_todo++] = to;
						n_seen++;
					}
				}
			}
			if (n_seen != n)
				fail_msg("%s of %zu in %dx%d: %zu reached",
					topology_layout_name((enum topology_layout)layout), n,
					side[0], side[1], n_seen);
			map_layout_release(&l);
		}
	}
}

/* No two nodes in one cell, all inside, whatever the size; grids scroll. */
static void test_places(void **state)
{
	(void)state;
	for (int layout = LAYOUT_STAR; layout <= LAYOUT_RANDOM; layout++) {
		for (int round = 0; round < 400; round++) {
			size_t n = 1 + (size_t)(round * 7 % 60);
			int w = 8 + round * 13 % 190, h = 1 + round * 5 % 50;
			struct map_layout l;

			map_layout_init(&l, (enum topology_layout)layout, n, 5, w, h);
			for (size_t i = 0; i < n; i++) {
				assert_true(l.places[i].x >= 0 && l.places[i].y >= 0);
				if (l.kind != MAP_GRID)
					assert_true(l.places[i].x < w && l.places[i].y < h);
				for (size_t j = 0; j < i; j++)
					assert_false(l.places[i].x == l.places[j].x &&
						     l.places[i].y == l.places[j].y);
			}
			map_layout_show(&l, n - 1, h);
			assert_true(l.places[n - 1].y < h);
			map_layout_release(&l);
		}
	}
}

static void test_acting(void **state)
{
	struct setup *s = *state;
	struct pane_context *ctx = &s->f.ctx;
	struct selection *sel = &s->f.selection;
	struct canvas c;

	canvas_init(&c, 78, 22, &glyphs_utf8);
	struct view v = view_all(&c);
	ops->draw(s->pane, ctx, &v); /* clockwise from the top: 0 1 2 3 4 */
	assert_int_equal(ops->act(s->pane, ctx, ACTION_RIGHT), PANE_HANDLED);
	assert_int_equal(sel->node, 1);
	ops->act(s->pane, ctx, ACTION_DOWN);
	assert_int_equal(sel->node, 2);
	ops->act(s->pane, ctx, ACTION_LEFT);
	assert_int_equal(sel->node, 3);
	ops->act(s->pane, ctx, ACTION_UP);
	assert_int_equal(sel->node, 4);
	ops->act(s->pane, ctx, ACTION_PAGE_DOWN);
	assert_int_equal(sel->node, 0);
	ops->act(s->pane, ctx, ACTION_MARK);
	assert_true(sel->marked[0]);
	assert_int_equal(ops->search(s->pane, ctx, "paused"), 1);
	assert_int_equal(sel->node, 3);
	assert_int_equal(ops->act(s->pane, ctx, ACTION_OPEN), PANE_DETAIL);
	assert_true(render_detail_golden(ops, s->pane, ctx, "map-detail-n3"));
	sel->node = 1;
	assert_true(render_detail_golden(ops, s->pane, ctx, "map-detail-n1"));
	canvas_release(&c);
}

static void test_click(void **state)
{
	struct setup *s = *state;
	struct canvas c;

	canvas_init(&c, 78, 22, &glyphs_utf8);
	struct view v = view_all(&c);
	ops->draw(s->pane, &s->f.ctx, &v);
	for (int i = 0; i < c.w * c.h; i++) {
		const struct cell *cell = &c.cells[i];

		if (cell[0].ch != 'n' || cell[1].ch != '4' || cell[0].role != ROLE_STRONG)
			continue;
		assert_int_equal(ops->click(s->pane, &s->f.ctx, i % c.w, i / c.w), PANE_HANDLED);
		assert_int_equal(s->f.selection.node, 4);
		assert_int_equal(ops->click(s->pane, &s->f.ctx, i % c.w, i / c.w), PANE_DETAIL);
		assert_int_equal(ops->click(s->pane, &s->f.ctx, 0, 0), PANE_IGNORED);
		canvas_release(&c);
		return;
	}
	fail_msg("n4 is not drawn");
}

static void test_odd_models(void **state)
{
	struct setup *s = *state;
	struct render_fixture f;

	render_pane_robust(ops, &s->f.ctx);
	s->f.ctx.plan = NULL;
	render_pane_robust(ops, &s->f.ctx);
	s->f.ctx.plan = &s->f.plan;
	rf_link(&s->f.model, 900, 4000000000u, true, 0, 0, 0, 1);
	rf_plan(&s->f, 9, LAYOUT_FULL);
	render_pane_robust(ops, &s->f.ctx);
	render_fixture_init_empty(&f);
	render_pane_robust(ops, &f.ctx);
	rf_plan(&f, 3, LAYOUT_CHAIN); /* a plan of which nothing was started yet */
	render_pane_robust(ops, &f.ctx);
	render_fixture_release(&f);
	render_fixture_init_many(&f, 300, 3, LAYOUT_STAR);
	render_pane_robust(ops, &f.ctx);
	render_fixture_release(&f);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_pictures),
		TEST(test_previews),
		TEST(test_big),
		TEST(test_added),
		TEST(test_roles),
		TEST(test_legend),
		TEST(test_arrows_reach_all),
		TEST(test_places),
		TEST(test_acting),
		TEST(test_click),
		TEST(test_odd_models),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
