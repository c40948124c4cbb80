/* The log: pictures, and a viewer who scrolls, filters and searches while lines come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../lib/render_fixture.h"
#include "ui/action.h"

static const int sizes[][2] = { { 80, 24 }, { 120, 36 }, { 200, 60 } };

struct bench {
	struct render_fixture f;
	void *pane;
	struct canvas c;
};

static void bench_init(struct bench *b, int w, int h)
{
	render_fixture_init_empty(&b->f);
	b->f.ctx.focused = true;
	rf_nodes(&b->f, 3, 10);
	b->f.model.logs = xcalloc(MODEL_LOG_LINES, sizeof(*b->f.model.logs));
	b->pane = render_pane_new(&pane_log);
	canvas_init(&b->c, w, h, &glyphs_ascii);
}

static void bench_release(struct bench *b)
{
	render_pane_free(&pane_log, b->pane);
	canvas_release(&b->c);
	render_fixture_release(&b->f);
}

/* n further lines "line NUMBER", of n0, n1, n2 by turns; each tenth is a warning. */
static void add_lines(struct bench *b, unsigned n)
{
	struct model *m = &b->f.model;

	for (unsigned i = 0; i < n; i++) {
		uint64_t number = m->n_log_total++;
		size_t at = (m->log_head + m->n_logs) % MODEL_LOG_LINES;

		if (m->n_logs == MODEL_LOG_LINES)
			m->log_head = (m->log_head + 1) % MODEL_LOG_LINES;
		else
			m->n_logs++;
		free(m->logs[at].text);
		m->logs[at] = (struct model_log){ .t_ns = number * 100 * RF_MS,
			.node = (int)(number % 3),
			.level = number % 10 ? LOG_INFO : LOG_WARN,
			.own = true,
			.text = xasprintf("line %llu", (unsigned long long)number) };
		m->now_ns = m->logs[at].t_ns;
	}
}

static void act(struct bench *b, enum action a, int times)
{
	for (int i = 0; i < times; i++)
		pane_log.act(b->pane, &b->f.ctx, a);
}

static const char *row(struct bench *b, int y)
{
	static char text[300];
	int n = 0;

	for (int x = 0; x < b->c.w; x++)
		text[n++] = (char)b->c.cells[y * b->c.w + x].ch;
	while (n > 0 && text[n - 1] == ' ')
		n--;
	text[n] = '\0';
	return text;
}

static void draw(struct bench *b)
{
	struct view v = view_all(&b->c);

	canvas_clear(&b->c);
	pane_log.draw(b->pane, &b->f.ctx, &v);
}

/* What the first and last row say, the row that is selected, and the status. */
static void expect(
	struct bench *b, const char *first, const char *last, int selected, const char *want_status)
{
	CLEANUP_STRBUF struct strbuf status = { 0 };

	draw(b);
	assert_string_equal(row(b, 0), first);
	assert_string_equal(row(b, b->c.h - 1), last);
	for (int y = 0; y < b->c.h; y++)
		assert_int_equal(b->c.cells[y * b->c.w].reverse, y == selected);
	pane_log.status(b->pane, &b->f.ctx, &status);
	assert_string_equal(strbuf_str(&status), want_status);
}

static void test_follow(void **state)
{
	(void)state;
	struct bench b;

	bench_init(&b, 50, 5);
	add_lines(&b, 20);
	expect(&b, "0:01.5 n0    line 15", "0:01.9 n1    line 19", -1, "all nodes, info and above");
	add_lines(&b, 1);
	expect(&b, "0:01.6 n1    line 16", "0:02.0 n2  ! line 20", -1, "all nodes, info and above");
	/* down at the end goes on following; up stops it, and says so */
	act(&b, ACTION_DOWN, 2);
	add_lines(&b, 1);
	expect(&b, "0:01.7 n2    line 17", "0:02.1 n0    line 21", -1, "all nodes, info and above");
	act(&b, ACTION_UP, 1);
	expect(&b, "0:01.7 n2    line 17", "0:02.1 n0    line 21", 3,
		"all nodes, info and above, scrolled");
	add_lines(&b, 37);
	expect(&b, "0:01.7 n2    line 17", "0:02.1 n0    line 21", 3,
		"all nodes, info and above, 37 new below");
	act(&b, ACTION_UP, 4);
	expect(&b, "0:01.6 n1    line 16", "0:02.0 n2  ! line 20", 0,
		"all nodes, info and above, 37 new below");
	/* what has been on the screen is not new any more */
	act(&b, ACTION_PAGE_DOWN, 2);
	expect(&b, "0:02.4 n0    line 24", "0:02.8 n1    line 28", 0,
		"all nodes, info and above, 30 new below");
	act(&b, ACTION_FIRST, 1);
	expect(&b, "0:00.0 n0  ! line 0", "0:00.4 n1    line 4", 0,
		"all nodes, info and above, 30 new below");
	act(&b, ACTION_LAST, 1);
	expect(&b, "0:05.4 n0    line 54", "0:05.8 n1    line 58", -1, "all nodes, info and above");
	bench_release(&b);
}

static void test_roll_over(void **state)
{
	(void)state;
	struct bench b;

	bench_init(&b, 50, 5);
	add_lines(&b, MODEL_LOG_LINES);
	draw(&b);
	act(&b, ACTION_UP, 100);
	expect(&b, "3:09.9 n0    line 1899", "3:10.3 n1    line 1903", 0,
		"all nodes, info and above, scrolled");
	/* the ring rolls on below the view: it stands still, to the cell */
	for (unsigned i = 0; i < 18; i++) {
		add_lines(&b, 100);
		draw(&b);
		assert_string_equal(row(&b, 0), "3:09.9 n0    line 1899");
	}
	expect(&b, "3:09.9 n0    line 1899", "3:10.3 n1    line 1903", 0,
		"all nodes, info and above, 1,800 new below");
	/* until its lines are forgotten: then the oldest that there are are shown */
	add_lines(&b, 150);
	expect(&b, "3:15.0 n0  ! line 1950", "3:15.4 n1    line 1954", 0,
		"all nodes, info and above, 1,950 new below");
	/* a recorded run that is sought back has fewer lines */
	b.f.model.n_log_total = 300;
	b.f.model.n_logs = 300;
	b.f.model.log_head = 0;
	draw(&b);
	assert_true(b.c.cells[4 * b.c.w].reverse);
	b.f.model.n_logs = MODEL_LOG_LINES; /* all are to be freed */
	bench_release(&b);
}

static void test_filter(void **state)
{
	(void)state;
	struct bench b;

	bench_init(&b, 50, 4);
	add_lines(&b, 50);
	b.f.selection.node = 1;
	act(&b, ACTION_FILTER_NODE, 1);
	expect(&b, "0:04.0 n1  ! line 40", "0:04.9 n1    line 49", -1, "only n1, info and above");
	/* the filter stays when the cursor of the nodes pane moves on */
	b.f.selection.node = 2;
	expect(&b, "0:04.0 n1  ! line 40", "0:04.9 n1    line 49", -1, "only n1, info and above");
	act(&b, ACTION_FILTER_NODE, 1);
	expect(&b, "0:04.6 n1    line 46", "0:04.9 n1    line 49", -1, "all nodes, info and above");
	b.f.selection.marked[0] = b.f.selection.marked[2] = true;
	b.f.selection.n_marked = 2;
	act(&b, ACTION_FILTER_NODE, 1);
	expect(&b, "0:04.4 n2    line 44", "0:04.8 n0    line 48", -1,
		"only n0 n2, info and above");
	act(&b, ACTION_FILTER_LEVEL, 1);
	expect(&b, "0:00.0 n0  ! line 0", "", -1, "only n0 n2, warn and above");
	assert_string_equal(row(&b, 2), "0:03.0 n0  ! line 30");
	act(&b, ACTION_FILTER_LEVEL, 1);
	expect(&b, " no line passes the filter", "", -1, "only n0 n2, errors");
	act(&b, ACTION_UP, 1);
	act(&b, ACTION_FILTER_LEVEL, 1);
	expect(&b, "0:04.4 n2    line 44", "0:04.8 n0    line 48", -1, "only n0 n2, all levels");
	/* the selected line stays where it is when a filter that it passes is taken away */
	act(&b, ACTION_UP, 3);
	act(&b, ACTION_FILTER_NODE, 1);
	draw(&b);
	assert_true(b.c.cells[0].reverse);
	assert_string_equal(row(&b, 0), "0:04.4 n2    line 44");
	bench_release(&b);
}

static size_t n_marked_cells(const struct bench *b)
{
	size_t n = 0;

	for (int i = 0; i < b->c.w * b->c.h; i++)
		n += b->c.cells[i].role == ROLE_MATCH;
	return n;
}

static void test_search(void **state)
{
	(void)state;
	struct bench b;

	bench_init(&b, 50, 5);
	add_lines(&b, 50);
	draw(&b);
	/* 3, 13, 23, 30 to 39, 43: the last one comes first */
	assert_int_equal(pane_log.search(b.pane, &b.f.ctx, "3"), 14);
	expect(&b, "0:04.1 n2    line 41", "0:04.5 n0    line 45", 2,
		"all nodes, info and above, 14 matches, scrolled");
	assert_int_equal(n_marked_cells(&b), 1);
	assert_int_equal(pane_log.search(b.pane, &b.f.ctx, "LINE 4"), 11); /* any case */
	expect(&b, "0:04.1 n2    line 41", "0:04.5 n0    line 45", 2,
		"all nodes, info and above, 11 matches, scrolled");
	assert_int_equal(n_marked_cells(&b), 5 * 6);
	/* down to the next, and from the last to the first */
	act(&b, ACTION_NEXT_MATCH, 6);
	expect(&b, "0:04.5 n0    line 45", "0:04.9 n1    line 49", 4,
		"all nodes, info and above, 11 matches, scrolled");
	act(&b, ACTION_NEXT_MATCH, 1);
	expect(&b, "0:00.2 n2    line 2", "0:00.6 n0    line 6", 2,
		"all nodes, info and above, 11 matches, scrolled");
	act(&b, ACTION_PREV_MATCH, 2);
	expect(&b, "0:04.5 n0    line 45", "0:04.9 n1    line 49", 3,
		"all nodes, info and above, 11 matches, scrolled");
	/* lines that come are searched, those that go are no matches any more */
	add_lines(&b, MODEL_LOG_LINES);
	draw(&b);
	assert_int_equal(pane_log.search(b.pane, &b.f.ctx, "line 204"), 11); /* and 204 */
	assert_int_equal(
		pane_log.search(b.pane, &b.f.ctx, "line 49"), 10); /* 49 is gone, 490 is not */
	act(&b, ACTION_LAST, 1);
	add_lines(&b, 5);
	draw(&b);
	assert_int_equal(pane_log.search(b.pane, &b.f.ctx, "line 205"), 6);
	/* the filter counts */
	b.f.selection.node = 0;
	act(&b, ACTION_FILTER_NODE, 1);
	draw(&b);
	assert_int_equal(pane_log.search(b.pane, &b.f.ctx, "line 205"), 1); /* 2052 */
	assert_int_equal(pane_log.search(b.pane, &b.f.ctx, ""), 0);
	draw(&b);
	assert_int_equal(n_marked_cells(&b), 0);
	assert_int_equal(pane_log.act(b.pane, &b.f.ctx, ACTION_NEXT_MATCH), PANE_IGNORED);
	bench_release(&b);
}

static void test_long_lines(void **state)
{
	(void)state;
	struct bench b;
	struct model *m = &b.f.model;

	bench_init(&b, 44, 2);
	rf_log(m, RF_S, 0, LOG_ERROR, true, "0123456789abcdefghijklmnopqrstuvwxyz");
	rf_log(m, RF_S, 0, LOG_INFO, true, "bad \x1b[31m \xff\xfe \xe4\xbd\xa0\xe5\xa5\xbd end");
	draw(&b);
	assert_string_equal(row(&b, 0), "0:01.0 n0  X 0123456789abcdefghijklmnopqrst~");
	act(&b, ACTION_RIGHT, 3); /* no further than the end of the longest */
	draw(&b);
	assert_string_equal(row(&b, 0), "0:01.0 n0  X ~6789abcdefghijklmnopqrstuvwxyz");
	act(&b, ACTION_LEFT, 1);
	draw(&b);
	assert_string_equal(row(&b, 0), "0:01.0 n0  X 0123456789abcdefghijklmnopqrst~");
	act(&b, ACTION_RIGHT, 1);
	assert_int_equal(pane_log.act(b.pane, &b.f.ctx, ACTION_BACK), PANE_HANDLED);
	assert_int_equal(pane_log.act(b.pane, &b.f.ctx, ACTION_BACK), PANE_IGNORED);
	draw(&b);
	/* nothing of a node's line reaches the terminal as it is */
	for (int x = 0; x < b.c.w; x++) {
		uint32_t ch = b.c.cells[b.c.w + x].ch;
		assert_true(ch >= ' ' || b.c.cells[b.c.w + x - 1].ch == 0x4f60 ||
			    b.c.cells[b.c.w + x - 1].ch == 0x597d);
	}
	bench_release(&b);
}

static void test_click(void **state)
{
	(void)state;
	struct bench b;

	bench_init(&b, 50, 5);
	add_lines(&b, 20);
	draw(&b);
	assert_int_equal(pane_log.click(b.pane, &b.f.ctx, 3, 2), PANE_HANDLED);
	expect(&b, "0:01.5 n0    line 15", "0:01.9 n1    line 19", 2,
		"all nodes, info and above, scrolled");
	assert_int_equal(pane_log.click(b.pane, &b.f.ctx, 3, 2), PANE_DETAIL);
	assert_int_equal(pane_log.click(b.pane, &b.f.ctx, 3, 5), PANE_IGNORED);
	assert_int_equal(pane_log.click(b.pane, &b.f.ctx, 3, -1), PANE_IGNORED);
	bench_release(&b);
}

static void test_pictures(void **state)
{
	(void)state;
	struct render_fixture f;
	void *pane = render_pane_new(&pane_log);

	render_fixture_init(&f);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		render_pane_golden(
			&pane_log, pane, &f.ctx, "log", sizes[i][0], sizes[i][1], &glyphs_utf8);
	pane_log.search(pane, &f.ctx, "block");
	render_pane_golden(&pane_log, pane, &f.ctx, "log-ascii", 80, 24, &glyphs_ascii);
	for (int i = 0; i < 4; i++)
		pane_log.act(pane, &f.ctx, ACTION_PREV_MATCH);
	assert_true(render_detail_golden(&pane_log, pane, &f.ctx, "log-detail"));
	render_pane_robust(&pane_log, &f.ctx);
	render_fixture_release(&f);
	render_fixture_init_empty(&f);
	render_pane_golden(&pane_log, pane, &f.ctx, "log-empty", 80, 24, &glyphs_utf8);
	render_pane_robust(&pane_log, &f.ctx);
	render_pane_free(&pane_log, pane);
	render_fixture_release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_follow),
		cmocka_unit_test(test_roll_over),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_click),
		cmocka_unit_test(test_pictures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
