/* Layouts: text, golden pictures of the shipped ones, and what must hold at every size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/canvas.h"
#include "ui/layouts.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/rng.h"

#define GOLDEN "tests/data/layouts.txt" /* UPDATE=1 in the environment rewrites it */

static struct layout shipped(size_t i)
{
	struct layout l;
	struct err err = { 0 };
	if (layout_parse(&l, layout_presets[i].name, layout_presets[i].text, &err) != 0)
		fail_msg("%s", err.text);
	return l;
}

/* --- text --- */

static void test_text(void **state)
{
	(void)state;
	struct layout l;
	assert_int_equal(
		layout_parse(&l, "mine", " cols( rows(nodes:3  log) graphs:12 ) ", NULL), 0);
	assert_string_equal(l.name, "mine");
	assert_int_equal(l.n_nodes, 5);
	assert_int_equal(l.nodes[0].kind, LAYOUT_COLS);
	assert_int_equal(l.nodes[0].first, 1);
	assert_int_equal(l.nodes[1].kind, LAYOUT_ROWS);
	assert_int_equal(l.nodes[1].weight, 1);
	assert_int_equal(l.nodes[1].first, 2);
	assert_int_equal(l.nodes[1].next, 4);
	assert_int_equal(l.nodes[2].pane, PANE_NODES);
	assert_int_equal(l.nodes[2].weight, 3);
	assert_int_equal(l.nodes[2].next, 3);
	assert_int_equal(l.nodes[3].next, -1);
	assert_int_equal(l.nodes[4].pane, PANE_GRAPHS);
	assert_int_equal(l.nodes[4].weight, 12);
	layout_swap(&l, PANE_LOG, PANE_GRAPHS);
	assert_int_equal(l.nodes[3].pane, PANE_GRAPHS);
	assert_int_equal(l.nodes[4].pane, PANE_LOG);
	layout_swap(&l, PANE_LOG, PANE_MAP); /* which it lacks */
	assert_int_equal(l.nodes[4].pane, PANE_MAP);
	assert_int_equal(layout_parse(&l, "one", "log", NULL), 0);
	assert_int_equal(l.n_nodes, 1);
	for (int p = 0; p < PANE_COUNT; p++)
		assert_int_equal(pane_by_name(pane_name((enum pane_id)p)), p);
	assert_int_equal(pane_by_name("checks"), PANE_COUNT);
	assert_string_equal(pane_name(PANE_COUNT), "");
}

static void test_text_errors(void **state)
{
	(void)state;
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "", "column 1: expected rows(...), cols(...) or a pane" },
		{ "rows(nodes ndoes)",
			"column 12: unknown pane \"ndoes\"; did you mean \"nodes\"?" },
		{ "table(nodes)",
			"column 1: unknown pane \"table\"; there are nodes, blocks, workloads, "
			"expectations, faults, log, map, graphs" },
		{ "rows(nodes log", "column 1: its ) is missing" },
		{ "rows nodes", "column 5: expected (" },
		{ "rows()", "column 1: there is nothing in it" },
		{ "rows(nodes:0)", "column 12: a weight is 1 to 99" },
		{ "rows(nodes:100)", "column 12: a weight is 1 to 99" },
		{ "rows(nodes:x)", "column 12: a weight is 1 to 99" },
		{ "rows(nodes nodes)", "column 12: this pane is there already" },
		{ "nodes log",
			"column 7: expected nothing more; rows(...) or cols(...) join panes" },
		{ "rows(nodes))",
			"column 12: expected nothing more; rows(...) or cols(...) join panes" },
		{ "rows(nodes;)", "column 11: expected rows(...), cols(...) or a pane" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct layout l = shipped(0), before = l;
		struct err err = { 0 };
		char want[300];
		snprintf(want, sizeof(want), "layout \"mine\", %s", cases[i].message);
		assert_int_equal(layout_parse(&l, "mine", cases[i].text, &err), -1);
		assert_string_equal(err.text, want);
		assert_int_equal(err.code, ERR_USAGE);
		assert_memory_equal(&l, &before, sizeof(l));
	}
	CLEANUP_STRBUF struct strbuf deep = { 0 };
	for (int i = 0; i < 100000; i++)
		strbuf_adds(&deep, "rows(");
	struct layout l;
	assert_int_equal(layout_parse(&l, "deep", strbuf_str(&deep), NULL), -1);
}

/* --- pictures --- */

static void draw(struct strbuf *out, const struct layout_request *q, const struct layout_result *r)
{
	struct canvas c;
	canvas_init(&c, q->w, q->h, &glyphs_utf8);
	struct view all = view_all(&c);
	for (int p = 0; p < PANE_COUNT; p++) {
		const struct rect *rect = &r->rects[p];
		char note[40];
		if (!r->shown[p])
			continue;
		struct view v = view_sub(&all, rect->x, rect->y, rect->w, rect->h);
		const char *name = pane_name((enum pane_id)p);
		snprintf(note, sizeof(note), "%dx%d", rect->w, rect->h);
		if (!r->narrow)
			view_frame(&v, ROLE_BORDER, name, note);
		for (int y = 0; r->narrow && y < rect->h; y++)
			view_textf(&v, 1, y, ROLE_NORMAL, "%s %d/%d", name, y + 1, rect->h);
	}
	canvas_to_text(&c, out);
	canvas_release(&c);
}

static void tell(struct strbuf *out, const struct layout_result *r)
{
	for (int p = 0; p < PANE_COUNT; p++) {
		const struct rect *rect = &r->rects[p];
		if (r->shown[p])
			strbuf_addf(out, "%-12s %3d,%-3d %3dx%d\n", pane_name((enum pane_id)p),
				rect->x, rect->y, rect->w, rect->h);
	}
}

static void picture(struct strbuf *out, size_t i, int w, int h, enum pane_id focus, bool zoomed)
{
	struct layout l = shipped(i);
	struct layout_request q = { .w = w, .h = h, .focus = focus, .zoomed = zoomed };
	struct layout_result r;
	layout_compute(&l, &q, &r);
	strbuf_addf(out, "\n== %s %dx%d, focus %s%s%s\n", l.name, w, h, pane_name(focus),
		zoomed ? ", zoomed" : "", r.narrow ? ", narrow" : "");
	if (w <= 120)
		draw(out, &q, &r);
	else
		tell(out, &r);
}

static void test_pictures_of_shipped_layouts(void **state)
{
	(void)state;
	CLEANUP_STRBUF struct strbuf now = { 0 }, golden = { 0 };
	struct err err = { 0 };
	picture(&now, 0, 80, 22, PANE_NODES, false);
	picture(&now, 0, 80, 22, PANE_LOG, false);
	picture(&now, 0, 80, 10, PANE_BLOCKS, false);
	picture(&now, 0, 120, 34, PANE_LOG, true);
	for (size_t i = 0; layout_presets[i].name; i++) {
		picture(&now, i, 120, 34, PANE_NODES, false);
		picture(&now, i, 200, 58, PANE_NODES, false);
		picture(&now, i, 300, 98, PANE_NODES, false);
	}
	picture(&now, 1, 120, 34, PANE_BLOCKS, false); /* which that layout lacks */
	if (getenv("UPDATE"))
		assert_int_equal(fs_write_atomic(GOLDEN, now.buf, now.len, 0644, NULL), 0);
	if (fs_read(GOLDEN, 1 << 20, &golden, &err) != 0)
		fail_msg("%s", err.text);
	if (strcmp(strbuf_str(&golden), strbuf_str(&now)) != 0)
		fail_msg("%s is not what layouts look like now:\n%s", GOLDEN, strbuf_str(&now));
}

/* --- at every size --- */

static bool overlap(const struct rect *a, const struct rect *b)
{
	return a->x < b->x + b->w && b->x < a->x + a->w && a->y < b->y + b->h && b->y < a->y + a->h;
}

static void check(const struct layout *l, const struct layout_request *q)
{
	struct layout_result r;
	long area = 0;
	layout_compute(l, q, &r);
	bool ok = r.shown[q->focus] && r.narrow == (q->w < LAYOUT_NARROW || q->h < LAYOUT_LOW);
	for (int p = 0; p < PANE_COUNT; p++) {
		const struct rect *a = &r.rects[p];
		int min_w = 1, min_h = 1;
		if (!r.shown[p]) {
			ok &= a->w == 0 && a->h == 0;
			continue;
		}
		if (!r.narrow)
			pane_minimum((enum pane_id)p, &min_w, &min_h);
		else if (p == (int)q->focus)
			min_h = MIN(q->h, LAYOUT_NARROW_MAIN);
		ok &= a->w >= min_w && a->h >= min_h;
		ok &= a->x >= 0 && a->y >= 0 && a->x + a->w <= q->w && a->y + a->h <= q->h;
		ok &= p == (int)q->focus || (!q->hidden[p] && !q->zoomed);
		area += (long)a->w * a->h;
		for (int other = 0; other < p; other++)
			ok &= !r.shown[other] || !overlap(a, &r.rects[other]);
	}
	if (!ok || area != (long)q->w * q->h) /* the whole screen is used */
		fail_msg("%s %dx%d, focus %d", l->name, q->w, q->h, q->focus);
}

static void test_every_size(void **state)
{
	(void)state;
	struct rng rng;
	rng_init(&rng, 1);
	for (size_t i = 0; layout_presets[i].name; i++) {
		struct layout l = shipped(i);
		for (int w = 20; w <= 320; w++) {
			for (int h = 5; h <= 120; h++) {
				struct layout_request q = { .w = w, .h = h };
				q.focus = (enum pane_id)rng_below(&rng, PANE_COUNT);
				q.zoomed = rng_below(&rng, 8) == 0;
				for (int p = 0; p < PANE_COUNT; p++)
					q.hidden[p] = rng_below(&rng, 4) == 0;
				check(&l, &q);
				if (rng_below(&rng, 16) == 0)
					layout_swap(&l, (enum pane_id)rng_below(&rng, PANE_COUNT),
						(enum pane_id)rng_below(&rng, PANE_COUNT));
			}
		}
	}
}

static void test_importance_and_extremes(void **state)
{
	(void)state;
	struct layout all;
	struct layout_result r;
	assert_int_equal(
		layout_parse(&all, "all",
			"rows(nodes blocks workloads expectations faults log map graphs)", NULL),
		0);
	struct layout_request q = { .w = 100, .h = 28, .focus = PANE_MAP };
	layout_compute(&all, &q, &r); /* 38 rows are wanted; the focused pane stays */
	assert_true(r.shown[PANE_MAP] && r.shown[PANE_NODES] && r.shown[PANE_CHECKS]);
	assert_false(r.shown[PANE_GRAPHS] || r.shown[PANE_LOG]);
	q.focus = PANE_NODES;
	layout_compute(&all, &q, &r);
	assert_false(r.shown[PANE_MAP] || r.shown[PANE_GRAPHS]);
	assert_true(r.shown[PANE_LOG]);
	static const int sizes[] = { INT_MIN, -1, 0, 1, 2, 5, 99, 100, 5000, INT_MAX };
	for (size_t i = 0; i < ARRAY_LEN(sizes) * ARRAY_LEN(sizes); i++) {
		q.w = sizes[i % ARRAY_LEN(sizes)];
		q.h = sizes[i / ARRAY_LEN(sizes)];
		layout_compute(&all, &q, &r);
		assert_int_equal(r.shown[PANE_NODES], q.w > 0 && q.h > 0);
		if (q.w > 0 && q.h > 0 && q.w <= 5000 && q.h <= 5000)
			check(&all, &q);
	}
}

/* --- files --- */

static int parse_file(struct layouts *l, const char *text, struct err *err)
{
	return layouts_parse(l, "layouts.yaml", text, strlen(text), err);
}

static void test_file(void **state)
{
	(void)state;
	static struct layouts l, before;
	struct err err = { 0 };
	size_t n_shipped = 0;

	while (layout_presets[n_shipped].name)
		n_shipped++;
	layouts_defaults(&l);
	assert_int_equal(l.n, n_shipped);
	assert_string_equal(l.items[0].name, "default");
	/* own ones come first; one with a shipped name stands for that */
	if (parse_file(&l, "mine: rows(nodes:2 log)\nwall: cols(nodes map)\n", &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(l.n, n_shipped + 1);
	assert_string_equal(l.items[0].name, "mine");
	assert_string_equal(l.items[1].name, "wall");
	assert_int_equal(l.items[1].n_nodes, 3);
	assert_string_equal(l.items[2].name, "default");
	assert_int_equal(parse_file(&l, "# nothing yet\n", &err), 0);
	assert_int_equal(l.n, n_shipped);

	static const struct {
		const char *text, *want;
	} bad[] = {
		{ "mine: rows(nodes nods)\n",
			"layouts.yaml:1:7: layout \"mine\", column 12: unknown pane \"nods\"; did "
			"you mean \"nodes\"?" },
		{ "a: log\nb: rows()\n", "layouts.yaml:2:4: layout \"b\", column 1: " },
		{ "- nodes\n", "layouts.yaml:1:1: expected lines of NAME: LAYOUT" },
		{ "a: [nodes]\n", "layouts.yaml:1:4: expected a text such as" },
		{ "\"a b\": nodes\n", "layouts.yaml:1:1: a layout's name is letters" },
		{ "a123456789012345678901234: nodes\n", "at most 23 of them" },
		{ "a: nodes\na: log\n", "layouts.yaml:2:1: " },
	};
	before = l;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		err_clear(&err);
		assert_int_equal(parse_file(&l, bad[i].text, &err), -1);
		if (!strstr(err.text, bad[i].want))
			fail_msg("row %zu: %s", i, err.text);
		assert_memory_equal(&l, &before, sizeof(l));
	}
	CLEANUP_STRBUF struct strbuf many = { 0 };
	for (int i = 0; i < LAYOUTS_MAX / 2 + 1; i++)
		strbuf_addf(&many, "l%d: nodes\n", i);
	assert_int_equal(parse_file(&l, strbuf_str(&many), &err), -1);
	assert_non_null(strstr(err.text, "at most 20 are possible"));
	assert_int_equal(layouts_load(&l, "no/such/file.yaml", &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_text_errors),
		cmocka_unit_test(test_pictures_of_shipped_layouts),
		cmocka_unit_test(test_every_size),
		cmocka_unit_test(test_importance_and_extremes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
