/* Layouts: what is read, where panes go at four sizes, and what holds at all sizes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ui/layout.h"
#include "util/mem.h"
#include "util/rng.h"
#include "util/strbuf.h"

static struct layout parsed(const char *text)
{
	struct layout l;
	struct err err = { 0 };
	if (layout_parse(&l, "test", text, &err) != 0)
		fail_msg("%s", err.text);
	return l;
}

static void test_shipped(void **state)
{
	(void)state;
	size_t n = 0;
	for (; layout_presets[n].name; n++)
		parsed(layout_presets[n].text);
	assert_int_equal(n, 5);
	assert_string_equal(layout_presets[0].name, "default");
}

static void test_errors(void **state)
{
	(void)state;
	static const struct {
		const char *text, *wanted;
	} cases[] = {
		{ "", "character 1: expected rows" },
		{ "rows", "opening bracket" },
		{ "rows()", "nothing between" },
		{ "rows(nodes", "expected rows" },
		{ "rows(nodes:0)", "weight" },
		{ "rows(nodes:1000)", "weight" },
		{ "rows(nodes nodes)", "twice" },
		{ "rows(nods)", "one of nodes" },
		{ "nodes log", "too much" },
		{ "rows(rows(rows(rows(rows(rows(log))))))", "too deep" },
		{ "rows(\xff)", "expected rows" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct layout l;
		struct err err = { 0 };
		assert_int_equal(layout_parse(&l, "x", cases[i].text, &err), -1);
		if (!strstr(err.text, cases[i].wanted))
			fail_msg("\"%s\": %s", cases[i].text, err.text);
	}
}

static struct layout_result computed(const struct layout *l, int w, int h, enum pane_id focus)
{
	struct layout_result r;
	const struct layout_request q = { .w = w, .h = h, .focus = focus };
	layout_compute(l, &q, &r);
	return r;
}

/* "nodes 0,0 60x12" a pane, in order */
static void tell(const struct layout_result *r, struct strbuf *out)
{
	for (int p = 0; p < PANE_COUNT; p++) {
		const struct rect *a = &r->rects[p];
		if (r->shown[p])
			strbuf_addf(out, "%s %d,%d %dx%d\n", pane_name((enum pane_id)p), a->x, a->y,
				a->w, a->h);
	}
}

static void test_sizes(void **state)
{
	(void)state;
	static const struct {
		int w, h;
		const char *wanted;
	} cases[] = {
		{ 120, 34,
			"nodes 0,0 66x12\nblocks 0,12 66x13\nworkloads 66,12 54x8\n"
			"expectations 66,0 54x8\nfaults 66,8 54x4\nlog 0,25 66x9\n"
			"graphs 66,20 54x14\n" },
	};
	const struct layout l = parsed(layout_presets[0].text);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP_STRBUF struct strbuf got = { 0 };
		struct layout_result r = computed(&l, cases[i].w, cases[i].h, PANE_NODES);
		tell(&r, &got);
		assert_string_equal(strbuf_str(&got), cases[i].wanted);
	}
}

static void test_narrow(void **state)
{
	(void)state;
	const struct layout l = parsed(layout_presets[0].text);
	struct layout_result r = computed(&l, 80, 22, PANE_BLOCKS);
	assert_true(r.narrow);
	assert_true(r.shown[PANE_BLOCKS] && r.shown[PANE_NODES] && r.shown[PANE_CHECKS]);
	assert_true(r.rects[PANE_BLOCKS].h >= LAYOUT_FOCUS_ROWS);
	assert_false(r.shown[PANE_LOG]);
	r = computed(&l, 80, 12, PANE_BLOCKS);
	assert_int_equal(r.rects[PANE_BLOCKS].h, 12);
	assert_false(r.shown[PANE_NODES]);
}

static void test_zoom_hide_swap(void **state)
{
	(void)state;
	struct layout l = parsed(layout_presets[0].text);
	struct layout_request q = { .w = 150, .h = 50, .focus = PANE_LOG, .zoomed = true };
	struct layout_result r;

	layout_compute(&l, &q, &r);
	assert_int_equal(r.rects[PANE_LOG].w, 150);
	assert_int_equal(r.rects[PANE_LOG].h, 50);
	assert_false(r.shown[PANE_NODES]);
	q.zoomed = false;
	q.hidden[PANE_NODES] = q.hidden[PANE_LOG] = true;
	layout_compute(&l, &q, &r);
	assert_false(r.shown[PANE_NODES]);
	assert_true(r.shown[PANE_LOG]); /* has the focus */
	q = (struct layout_request){ .w = 150, .h = 50, .focus = PANE_LOG };
	layout_compute(&l, &q, &r);
	struct rect before = r.rects[PANE_LOG];
	layout_swap(&l, PANE_LOG, PANE_NODES);
	layout_compute(&l, &q, &r);
	assert_memory_equal(&r.rects[PANE_NODES], &before, sizeof(before));
	/* not in this layout: takes the log's place */
	q.focus = PANE_MAP;
	layout_compute(&l, &q, &r);
	assert_true(r.shown[PANE_MAP]);
	assert_false(r.shown[PANE_LOG]);
}

static bool overlap(const struct rect *a, const struct rect *b)
{
	return a->x < b->x + b->w && b->x < a->x + a->w && a->y < b->y + b->h && b->y < a->y + a->h;
}

static void check_all(const struct layout_request *q, const struct layout_result *r)
{
	assert_true(r->shown[q->focus]);
	for (int i = 0; i < PANE_COUNT; i++) {
		const struct rect *a = &r->rects[i];
		if (!r->shown[i])
			continue;
		assert_true(a->x >= 0 && a->y >= 0 && a->w > 0 && a->h > 0);
		assert_true(a->x + a->w <= q->w && a->y + a->h <= q->h);
		assert_true((enum pane_id)i == q->focus || !q->hidden[i]);
		for (int j = 0; j < i; j++)
			assert_false(r->shown[j] && overlap(a, &r->rects[j]));
	}
}

/* Nothing overlaps or sticks out, no hidden pane is shown, and on wide screens no cell is unused.
 */
static void test_every_size(void **state)
{
	(void)state;
	struct rng rng;
	rng_init(&rng, 4);
	for (size_t preset = 0; layout_presets[preset].name; preset++) {
		const struct layout l = parsed(layout_presets[preset].text);
		for (int w = 1; w <= 320; w += 7) {
			for (int h = 1; h <= 120; h += 5) {
				struct layout_request q = { .w = w, .h = h };
				struct layout_result r;
				q.focus = (enum pane_id)rng_below(&rng, PANE_COUNT);
				for (int p = 0; p < PANE_COUNT; p++)
					q.hidden[p] = rng_below(&rng, 3) == 0;
				q.zoomed = rng_below(&rng, 8) == 0;
				layout_compute(&l, &q, &r);
				check_all(&q, &r);
				int area = 0;
				for (int p = 0; p < PANE_COUNT; p++)
					area += r.shown[p] ? r.rects[p].w * r.rects[p].h : 0;
				if (!r.narrow)
					assert_int_equal(area, w * h);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shipped),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_narrow),
		cmocka_unit_test(test_zoom_hide_swap),
		cmocka_unit_test(test_every_size),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
