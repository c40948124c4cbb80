/* The graphs: scales, what is drawn where, pictures, and nonsense for input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "../lib/render_fixture.h"
#include "ui/graph.h"

static const int sizes[][2] = { { 80, 24 }, { 120, 36 }, { 200, 60 } };

static void test_scale(void **state)
{
	(void)state;
	static const struct {
		double max;
		enum graph_unit unit;
		int steps;
		const char *step, *top;
	} cases[] = {
		{ 9.3, GRAPH_NUMBER, 2, "5", "10" },
		{ 9.3, GRAPH_NUMBER, 5, "2", "10" },
		{ 20, GRAPH_NUMBER, 4, "5", "20" },
		{ 0.3, GRAPH_NUMBER, 5, "1", "1" },
		{ 0, GRAPH_NUMBER, 5, "1", "1" },
		{ -4, GRAPH_NUMBER, 1, "1", "1" },
		{ 12345, GRAPH_NUMBER, 4, "5k", "15k" },
		{ 7.2e6, GRAPH_NUMBER, 1, "8M", "8M" },
		{ 1e300, GRAPH_NUMBER, 2, "500P", "1000P" },
		{ NAN, GRAPH_NUMBER, 2, "1", "1" },
		{ INFINITY, GRAPH_NUMBER, 2, "1", "1" },
		{ 0.56, GRAPH_SECONDS, 3, "200 ms", "600 ms" },
		{ 0.97, GRAPH_SECONDS, 2, "0.5 s", "1.0 s" },
		{ 1.9, GRAPH_SECONDS, 4, "0.5 s", "2.0 s" },
		{ 0.0021, GRAPH_SECONDS, 2, "2 ms", "4 ms" },
		{ 0, GRAPH_SECONDS, 2, "0.5 s", "1.0 s" },
		{ 1500, GRAPH_SECONDS, 3, "10 min", "30 min" },
		{ 100, GRAPH_NUMBER, -3, "100", "100" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct graph_scale s;
		char step[40], top[40];

		graph_scale(cases[i].max, cases[i].unit, cases[i].steps, &s);
		graph_label(&s, s.step, step, sizeof(step));
		graph_label(&s, s.top, top, sizeof(top));
		if (strcmp(step, cases[i].step) != 0 || strcmp(top, cases[i].top) != 0)
			fail_msg("row %zu: step %s, top %s; wanted %s, %s", i, step, top,
				cases[i].step, cases[i].top);
	}
}

static void test_value(void **state)
{
	(void)state;
	static const struct {
		double value;
		enum graph_unit unit;
		const char *text;
	} cases[] = {
		{ 0, GRAPH_NUMBER, "0" },
		{ 20, GRAPH_NUMBER, "20" },
		{ 9.25, GRAPH_NUMBER, "9.2" },
		{ 123456, GRAPH_NUMBER, "123k" },
		{ 0.5555, GRAPH_SECONDS, "556 ms" },
		{ 0.0008, GRAPH_SECONDS, "0.8 ms" },
		{ 1.934, GRAPH_SECONDS, "1.93 s" },
		{ 75.5, GRAPH_SECONDS, "75.5 s" },
		{ NAN, GRAPH_SECONDS, "-" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char buf[40];
		assert_string_equal(graph_value(cases[i].value, cases[i].unit, buf, sizeof(buf)),
			cases[i].text);
	}
}

static void test_span(void **state)
{
	(void)state;
	assert_int_equal(graph_span(0), 10 * RF_S);
	assert_int_equal(graph_span(10 * RF_S), 10 * RF_S);
	assert_int_equal(graph_span(RF_NOW), 60 * RF_S);
	assert_int_equal(graph_span(86400 * RF_S + 1), 2 * 86400 * RF_S);
	assert_true(graph_span(UINT64_MAX) == UINT64_MAX);
}

/* One line of values, drawn in a small view; the text of the canvas. */
static char *draw_values(const double *values, size_t n, int w, int h, bool filled, bool bridged,
	const struct glyphs *glyphs)
{
	struct canvas c;
	struct strbuf text = { 0 };
	struct graph_line line = { .name = "n",
		.role = ROLE_SERIES1,
		.filled = filled,
		.bridged = bridged,
		.values = values,
		.now = GRAPH_NONE };
	struct graph g = { .title = "t",
		.lines = &line,
		.n_lines = 1,
		.n = n,
		.width_ns = RF_S,
		.level = GRAPH_NONE };
	struct graph_axis axis = { .span_ns = 10 * RF_S };

	canvas_init(&c, w, h, glyphs);
	struct view v = view_all(&c);

	graph_draw(&g, &axis, &v);
	canvas_to_text(&c, &text);
	canvas_release(&c);
	return strbuf_detach(&text);
}

static void test_plot(void **state)
{
	(void)state;
	static const double ramp[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 },
			    gap[] = { 4, NAN, NAN, NAN, 0 }, one[] = { 3 },
			    odd[] = { INFINITY, -5, NAN, 1e300 };
	CLEANUP_FREE char *filled = draw_values(ramp, 10, 14, 7, true, false, &glyphs_ascii);
	CLEANUP_FREE char *gaps = draw_values(gap, 5, 13, 8, false, false, &glyphs_ascii);
	CLEANUP_FREE char *bridged = draw_values(gap, 5, 13, 8, false, true, &glyphs_ascii);
	CLEANUP_FREE char *single = draw_values(one, 1, 13, 6, true, false, &glyphs_ascii);
	CLEANUP_FREE char *none = draw_values(NULL, 0, 20, 6, true, false, &glyphs_ascii);
	CLEANUP_FREE char *nonsense = draw_values(odd, 4, 20, 6, true, false, &glyphs_utf8);

	assert_string_equal(filled, "t  ## n\n"
				    "10 +         #\n"
				    " 5 +     #####\n"
				    "   |  ########\n"
				    "   |##########\n"
				    " 0 +----------\n"
				    "    0:00\n");
	assert_string_equal(gaps, "t  ** n\n"
				  "4 +*\n"
				  "  |\n"
				  "2 +\n"
				  "  |\n"
				  "  |    *\n"
				  "0 +----------\n"
				  "   0:00\n");
	assert_string_equal(bridged, "t  ** n\n"
				     "4 +*\n"
				     "  | *\n"
				     "2 +  *\n"
				     "  |   *\n"
				     "  |    *\n"
				     "0 +----------\n"
				     "   0:00\n");
	assert_string_equal(single, "t  ## n\n"
				    "3 +#\n"
				    "  |#\n"
				    "  |#\n"
				    "0 +----------\n"
				    "   0:00\n");
	assert_non_null(strstr(none, "nothing yet"));
	assert_non_null(strstr(nonsense, "1000P")); /* drawn as the greatest that there is */
}

static void test_pictures(void **state)
{
	(void)state;
	struct render_fixture f;
	void *pane = render_pane_new(&pane_graphs);

	render_fixture_init(&f);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		render_pane_golden(&pane_graphs, pane, &f.ctx, "graphs", sizes[i][0], sizes[i][1],
			&glyphs_utf8);
	render_pane_golden(&pane_graphs, pane, &f.ctx, "graphs-ascii", 80, 24, &glyphs_ascii);
	render_pane_golden(&pane_graphs, pane, &f.ctx, "graphs-right", 48, 12, &glyphs_utf8);
	render_detail_golden(&pane_graphs, pane, &f.ctx, "graphs-detail");
	render_fixture_release(&f);
	render_fixture_init_empty(&f);
	render_pane_golden(&pane_graphs, pane, &f.ctx, "graphs-empty", 80, 24, &glyphs_utf8);
	render_pane_robust(&pane_graphs, &f.ctx);
	render_pane_free(&pane_graphs, pane);
	render_fixture_release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scale),
		cmocka_unit_test(test_value),
		cmocka_unit_test(test_span),
		cmocka_unit_test(test_plot),
		cmocka_unit_test(test_pictures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
