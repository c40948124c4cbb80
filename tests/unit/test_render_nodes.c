/* The nodes pane: pictures at several sizes, what stands out, cursor, sorting, marks, search. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../lib/render_fixture.h"
#include "ui/node_view.h"

static const struct pane_ops *const ops = &pane_nodes;

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

static void act(struct setup *s, enum action a)
{
	assert_int_equal(ops->act(s->pane, &s->f.ctx, a), PANE_HANDLED);
}

static void test_pictures(void **state)
{
	struct setup *s = *state;

	s->f.selection.node = 1;
	s->f.selection.marked[0] = s->f.selection.marked[3] = true;
	s->f.selection.n_marked = 2;
	render_pane_golden(ops, s->pane, &s->f.ctx, "nodes", 80, 24, &glyphs_utf8);
	render_pane_golden(ops, s->pane, &s->f.ctx, "nodes", 120, 36, &glyphs_utf8);
	render_pane_golden(ops, s->pane, &s->f.ctx, "nodes", 200, 60, &glyphs_utf8);
	render_pane_golden(ops, s->pane, &s->f.ctx, "nodes-ascii", 80, 24, &glyphs_ascii);
	render_pane_golden(ops, s->pane, &s->f.ctx, "nodes", 44, 12, &glyphs_utf8);
}

static void test_details(void **state)
{
	struct setup *s = *state;

	for (unsigned i = 1; i < 5; i++) {
		char name[32];

		s->f.selection.node = i;
		snprintf(name, sizeof(name), "nodes-detail-n%u", i);
		assert_true(render_detail_golden(ops, s->pane, &s->f.ctx, name));
	}
}

static void test_brief(void **state)
{
	struct setup *s = *state;
	struct canvas c;

	canvas_init(&c, 80, 2, &glyphs_utf8);
	struct view v = view_all(&c);
	assert_int_equal(ops->brief(s->pane, &s->f.ctx, &v), 2);
	render_golden("nodes-brief", 80, 2, &c);
	canvas_release(&c);
}

static void test_what_stands_out(void **state)
{
	struct setup *s = *state;
	struct model_node *n0 = &s->f.model.nodes[0];
	struct canvas c;

	canvas_init(&c, 160, 20, &glyphs_utf8);
	struct view v = view_all(&c);
	n0->height = 50; /* 43 behind */
	snprintf(n0->mode, sizeof(n0->mode), "Bootstrapping");
	free(s->f.model.nodes[1].error);
	s->f.model.nodes[1].error = xstrdup("http://127.0.0.1:1/info: refused");
	s->f.model.nodes[1].ok = false;
	ops->draw(s->pane, &s->f.ctx, &v);
	assert_int_equal(render_role_of(&c, "ready"), ROLE_GOOD);
	assert_int_equal(render_role_of(&c, "dead"), ROLE_BAD);
	assert_int_equal(render_role_of(&c, "paused"), ROLE_FAULT);
	assert_int_equal(render_role_of(&c, "pause by key"), ROLE_FAULT);
	assert_int_equal(render_role_of(&c, "signal 6"), ROLE_BAD);
	assert_int_equal(render_role_of(&c, "refused"), ROLE_BAD);
	assert_int_equal(render_role_of(&c, "http"), ROLE_COUNT);
	assert_int_equal(render_role_of(&c, "Bootstrapping"), ROLE_WARN);
	assert_int_equal(render_role_of(&c, "42"), ROLE_BAD); /* the best that runs has 92 */
	canvas_release(&c);
}

/* The cursor stays on its node while rows change places around it. */
static void test_sorting(void **state)
{
	struct setup *s = *state;
	struct canvas c;

	s->f.selection.node = 2;
	canvas_init(&c, 78, 10, &glyphs_utf8);
	struct view v = view_all(&c);
	for (int i = 0; i < 5; i++) {
		act(s, ACTION_SORT);
		canvas_clear(&c);
		ops->draw(s->pane, &s->f.ctx, &v);
		assert_int_equal(s->f.selection.node, 2);
	}
	/* by restarts now: n2 is the only one that had any, the others follow by index */
	assert_int_equal(c.cells[78 + 3].ch, '2');
	render_golden("nodes-by-restarts", 78, 10, &c);
	act(s, ACTION_DOWN);
	assert_int_equal(s->f.selection.node, 0);
	act(s, ACTION_LAST);
	assert_int_equal(s->f.selection.node, 4);
	act(s, ACTION_SORT); /* by index again */
	act(s, ACTION_UP);
	assert_int_equal(s->f.selection.node, 3);
	canvas_release(&c);
}

static void test_marks(void **state)
{
	struct setup *s = *state;
	struct selection *sel = &s->f.selection;

	act(s, ACTION_MARK);
	assert_true(sel->marked[0] && sel->n_marked == 1);
	act(s, ACTION_MARK_ALL);
	assert_int_equal(sel->n_marked, 5);
	act(s, ACTION_MARK);
	assert_int_equal(sel->n_marked, 4);
	act(s, ACTION_MARK_ALL);
	assert_int_equal(sel->n_marked, 5);
	act(s, ACTION_MARK_ALL);
	assert_int_equal(sel->n_marked, 0);
	s->f.model.nodes[1].state = NODE_REMOVED; /* is gone: not among all */
	act(s, ACTION_MARK_ALL);
	assert_int_equal(sel->n_marked, 4);
	assert_false(sel->marked[1]);
}

static void test_search(void **state)
{
	struct setup *s = *state;

	assert_int_equal(ops->search(s->pane, &s->f.ctx, "DEAD"), 1);
	assert_int_equal(s->f.selection.node, 4);
	assert_int_equal(ops->search(s->pane, &s->f.ctx, "read"), 3);
	assert_int_equal(s->f.selection.node, 0);
	act(s, ACTION_PREV_MATCH);
	assert_int_equal(s->f.selection.node, 2);
	act(s, ACTION_NEXT_MATCH);
	assert_int_equal(s->f.selection.node, 0);
	assert_int_equal(ops->search(s->pane, &s->f.ctx, "n3"), 1);
	assert_int_equal(ops->search(s->pane, &s->f.ctx, "nothing such"), 0);
	assert_int_equal(s->f.selection.node, 3);
	assert_int_equal(ops->search(s->pane, &s->f.ctx, ""), 0);
}

static void test_click(void **state)
{
	struct setup *s = *state;
	struct canvas c;

	canvas_init(&c, 78, 10, &glyphs_utf8);
	struct view v = view_all(&c);
	ops->draw(s->pane, &s->f.ctx, &v);
	assert_int_equal(ops->click(s->pane, &s->f.ctx, 5, 4), PANE_HANDLED);
	assert_int_equal(s->f.selection.node, 3);
	assert_int_equal(ops->click(s->pane, &s->f.ctx, 5, 4), PANE_DETAIL);
	assert_int_equal(ops->click(s->pane, &s->f.ctx, 5, 0), PANE_IGNORED);
	assert_int_equal(ops->click(s->pane, &s->f.ctx, 5, 9), PANE_IGNORED);
	canvas_release(&c);
}

/* Only what is visible is drawn, and the cursor is. */
static void test_many(void **state)
{
	(void)state;
	struct render_fixture f;
	void *pane = render_pane_new(ops);
	struct canvas c;

	render_fixture_init_many(&f, 1000, 10, LAYOUT_RING);
	f.selection.node = 777;
	canvas_init(&c, 78, 12, &glyphs_utf8);
	struct view v = view_all(&c);
	ops->draw(pane, &f.ctx, &v);
	assert_int_equal(render_role_of(&c, "n777"), ROLE_STRONG);
	assert_int_equal(render_role_of(&c, "n767"), ROLE_STRONG);
	assert_int_equal(render_role_of(&c, "n766"), ROLE_COUNT);
	canvas_release(&c);
	render_pane_free(ops, pane);
	render_fixture_release(&f);
}

static void test_odd_models(void **state)
{
	struct setup *s = *state;
	struct render_fixture f;

	render_pane_robust(ops, &s->f.ctx);
	s->f.ctx.plan = NULL;
	render_pane_robust(ops, &s->f.ctx);
	render_fixture_init_empty(&f);
	render_pane_robust(ops, &f.ctx);
	render_fixture_release(&f);
	/* more nodes than the plan has, of which some were never heard of */
	s->f.ctx.plan = &s->f.plan;
	rf_plan(&s->f, 2, LAYOUT_STAR);
	s->f.selection.node = 4000;
	render_pane_robust(ops, &s->f.ctx);
}

static void test_glyphs_of_states(void **state)
{
	(void)state;
	for (int a = 0; a < NODE_STATE_COUNT; a++) {
		for (int b = 0; b < a; b++) {
			assert_int_not_equal(glyph_of_node(&glyphs_utf8, (enum node_state)a),
				glyph_of_node(&glyphs_utf8, (enum node_state)b));
			assert_int_not_equal(glyph_of_node(&glyphs_ascii, (enum node_state)a),
				glyph_of_node(&glyphs_ascii, (enum node_state)b));
		}
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_pictures),
		TEST(test_details),
		TEST(test_brief),
		TEST(test_what_stands_out),
		TEST(test_sorting),
		TEST(test_marks),
		TEST(test_search),
		TEST(test_click),
		TEST(test_many),
		TEST(test_odd_models),
		TEST(test_glyphs_of_states),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
