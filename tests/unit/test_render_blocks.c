/* The blocks pane: pictures with a fork, a cursor that stays on its block, search, details. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../lib/render_fixture.h"

static const struct pane_ops *const ops = &pane_blocks;

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

static void detail_title(struct setup *s, char *ret, size_t size)
{
	struct rich r = { 0 };

	assert_true(ops->detail(s->pane, &s->f.ctx, ret, size, &r));
	rich_release(&r);
}

static void assert_selected(struct setup *s, const char *begins)
{
	char title[80];

	detail_title(s, title, sizeof(title));
	if (strncmp(title, begins, strlen(begins)) != 0)
		fail_msg("%s is selected, not %s", title, begins);
}

static void test_pictures(void **state)
{
	struct setup *s = *state;

	render_pane_golden(ops, s->pane, &s->f.ctx, "blocks", 80, 24, &glyphs_utf8);
	render_pane_golden(ops, s->pane, &s->f.ctx, "blocks", 120, 36, &glyphs_utf8);
	render_pane_golden(ops, s->pane, &s->f.ctx, "blocks", 200, 60, &glyphs_utf8);
	render_pane_golden(ops, s->pane, &s->f.ctx, "blocks-ascii", 80, 24, &glyphs_ascii);
	render_pane_golden(ops, s->pane, &s->f.ctx, "blocks", 44, 12, &glyphs_utf8);
	act(s, ACTION_RIGHT);
	act(s, ACTION_RIGHT);
	render_pane_golden(ops, s->pane, &s->f.ctx, "blocks-scrolled", 60, 12, &glyphs_utf8);
}

static void test_brief(void **state)
{
	struct setup *s = *state;
	struct canvas c;

	canvas_init(&c, 80, 2, &glyphs_utf8);
	struct view v = view_all(&c);
	assert_int_equal(ops->brief(s->pane, &s->f.ctx, &v), 2);
	render_golden("blocks-brief", 80, 2, &c);
	canvas_release(&c);
}

static void test_details(void **state)
{
	struct setup *s = *state;

	assert_true(render_detail_golden(ops, s->pane, &s->f.ctx, "blocks-detail-newest"));
	assert_int_equal(ops->search(s->pane, &s->f.ctx, "80"), 2);
	act(s, ACTION_NEXT_MATCH); /* the lost one of the two */
	assert_true(render_detail_golden(ops, s->pane, &s->f.ctx, "blocks-detail-lost"));
}

static void test_what_stands_out(void **state)
{
	struct setup *s = *state;
	struct canvas c;

	canvas_init(&c, 120, 40, &glyphs_utf8);
	struct view v = view_all(&c);
	ops->draw(s->pane, &s->f.ctx, &v);
	assert_int_equal(render_role_of(&c, "lost"), ROLE_WARN);
	assert_int_equal(render_role_of(&c, "1.4 s"), ROLE_WARN); /* a spread of two intervals */
	assert_int_equal(render_role_of(&c, "2/3"), ROLE_WARN);   /* after 0.8 s */
	assert_int_equal(render_role_of(&c, "93 "), ROLE_STRONG);
	canvas_release(&c);
}

/* A block comes: the cursor stays on its block, or on the newest when it is there. */
static void test_cursor(void **state)
{
	struct setup *s = *state;
	struct model *m = &s->f.model;
	struct view_block b;
	struct canvas c;

	canvas_init(&c, 78, 8, &glyphs_utf8);
	struct view v = view_all(&c);
	ops->draw(s->pane, &s->f.ctx, &v);
	assert_selected(s, "block 93");
	for (int i = 0; i < 10; i++)
		act(s, ACTION_DOWN);
	canvas_clear(&c);
	ops->draw(s->pane, &s->f.ctx, &v);
	assert_selected(s, "block 84");
	enum role before = render_role_of(&c, " 90 ");
	assert_int_equal(before, render_role_of(&c, " 90 "));

	rf_reverse_blocks(m); /* oldest first, as they are appended */
	b = *rf_block(&s->f, &m->blocks[m->n_snapshot_blocks - 1].id, 94, RF_NOW, 0, 3, false);
	rf_reverse_blocks(m);
	assert_int_equal(m->blocks[0].height, 94);
	ops->draw(s->pane, &s->f.ctx, &v);
	assert_selected(s, "block 84");
	act(s, ACTION_FIRST);
	assert_selected(s, "block 94");
	rf_reverse_blocks(m);
	rf_block(&s->f, &b.id, 95, RF_NOW, 0, 3, false);
	rf_reverse_blocks(m);
	ops->draw(s->pane, &s->f.ctx, &v);
	assert_selected(s, "block 95");
	act(s, ACTION_LAST);
	assert_selected(s, "block 67");
	canvas_release(&c);
}

static void test_search(void **state)
{
	struct setup *s = *state;
	char hex[ID32_HEX];

	assert_int_equal(ops->search(s->pane, &s->f.ctx, "n4"), 4);
	assert_selected(s, "block 86");
	act(s, ACTION_NEXT_MATCH);
	assert_selected(s, "block 81");
	act(s, ACTION_PREV_MATCH);
	assert_selected(s, "block 86");
	id32_hex(&s->f.tips[70], hex);
	hex[6] = '\0';
	assert_int_equal(ops->search(s->pane, &s->f.ctx, hex), 1);
	assert_selected(s, "block 70");
	assert_int_equal(ops->search(s->pane, &s->f.ctx, "88"), 1);
	assert_selected(s, "block 88");
	assert_int_equal(ops->search(s->pane, &s->f.ctx, "zz"), 0);
	assert_int_equal(ops->search(s->pane, &s->f.ctx, ""), 0);
}

static void test_click(void **state)
{
	struct setup *s = *state;
	struct canvas c;

	canvas_init(&c, 78, 10, &glyphs_utf8);
	struct view v = view_all(&c);
	ops->draw(s->pane, &s->f.ctx, &v);
	assert_int_equal(ops->click(s->pane, &s->f.ctx, 5, 2), PANE_HANDLED);
	assert_selected(s, "block 92");
	assert_int_equal(ops->click(s->pane, &s->f.ctx, 5, 2), PANE_DETAIL);
	assert_int_equal(ops->click(s->pane, &s->f.ctx, 5, 0), PANE_IGNORED);
	assert_int_equal(ops->click(s->pane, &s->f.ctx, 5, 10), PANE_IGNORED);
	canvas_release(&c);
}

static void test_status(void **state)
{
	struct setup *s = *state;
	CLEANUP_STRBUF struct strbuf out = { 0 };
	struct render_fixture empty;

	ops->status(s->pane, &s->f.ctx, &out);
	assert_string_equal(strbuf_str(&out), "interval 0.62 s (expected 0.56), forks 2, reorgs 2");
	s->f.ctx.now_ns += 20 * RF_S;
	strbuf_clear(&out);
	ops->status(s->pane, &s->f.ctx, &out);
	assert_non_null(strstr(strbuf_str(&out), "none for 20 s"));
	strbuf_clear(&out);
	render_fixture_init_empty(&empty);
	ops->status(s->pane, &empty.ctx, &out);
	assert_int_equal(out.len, 0);
	render_fixture_release(&empty);
}

static void test_odd_models(void **state)
{
	struct setup *s = *state;
	struct render_fixture f;

	render_pane_robust(ops, &s->f.ctx);
	s->f.ctx.plan = NULL;
	render_pane_robust(ops, &s->f.ctx);
	for (size_t i = 0; i < s->f.model.n_snapshot_blocks; i++) {
		free(s->f.model.block_txs[i]);
		s->f.model.block_txs[i] = NULL;
		s->f.model.blocks[i].has_height = i % 2;
		s->f.model.blocks[i].first_node = i % 3 ? -1 : 700;
	}
	render_pane_robust(ops, &s->f.ctx);
	render_fixture_init_empty(&f);
	render_pane_robust(ops, &f.ctx);
	render_fixture_release(&f);
	render_fixture_init_many(&f, 3, MODEL_BLOCKS, LAYOUT_STAR);
	render_pane_robust(ops, &f.ctx);
	render_fixture_release(&f);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_pictures),
		TEST(test_brief),
		TEST(test_details),
		TEST(test_what_stands_out),
		TEST(test_cursor),
		TEST(test_search),
		TEST(test_click),
		TEST(test_status),
		TEST(test_odd_models),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
