/* The faults: pictures, groups of links, what the plan says comes next, a cursor that stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../lib/render_fixture.h"
#include "ui/link_groups.h"
#include "workloads/restarts.h"

static const int sizes[][2] = { { 80, 24 }, { 120, 36 }, { 200, 60 } };

static char *drawn(void *pane, const struct pane_context *ctx, int w, int h)
{
	struct canvas c;
	struct strbuf text = { 0 };

	canvas_init(&c, w, h, &glyphs_ascii);
	struct view v = view_all(&c);

	pane_faults.draw(pane, ctx, &v);
	canvas_to_text(&c, &text);
	canvas_release(&c);
	return strbuf_detach(&text);
}

static void expect(
	void *pane, const struct pane_context *ctx, int w, int h, const char *want, bool there)
{
	CLEANUP_FREE char *text = drawn(pane, ctx, w, h);

	if (!!strstr(text, want) != there)
		fail_msg("%s \"%s\" in\n%s", there ? "no" : "there is", want, text);
}

/* Cuts all links between the two groups, both ways. */
static void cut_apart(struct model *m, const unsigned *a, size_t n_a, const unsigned *b, size_t n_b)
{
	for (size_t i = 0; i < n_a; i++) {
		for (size_t j = 0; j < n_b; j++) {
			rf_link(m, a[i], b[j], true, 0, 0, 0, 40000 + 10 * (unsigned)(i + j));
			rf_link(m, b[j], a[i], true, 0, 0, 0, 40000 + 10 * (unsigned)(i + j));
		}
	}
}

static void expect_groups(const struct model *m, const char *want)
{
	struct link_group groups[LINK_GROUPS];
	CLEANUP_STRBUF struct strbuf got = { 0 };
	size_t n = link_groups(m, groups);

	for (size_t i = 0; i < n; i++) {
		strbuf_adds(&got, i ? "; " : "");
		link_group_where(m, &groups[i], &glyphs_ascii, &got);
		strbuf_adds(&got, ": ");
		link_group_what(&groups[i], &got);
	}
	assert_string_equal(strbuf_str(&got), want);
}

static void clear_links(struct model *m)
{
	free(m->links);
	m->links = NULL;
	m->n_links = 0;
}

static void test_link_groups(void **state)
{
	(void)state;
	struct render_fixture f;
	struct model *m = &f.model;

	render_fixture_init(&f);
	expect_groups(m, "n0 <> n1: delay 120 ms +-20 ms, loss 5 %; n3 > n2: cut");
	clear_links(m);
	cut_apart(m, (const unsigned[]){ 0, 1 }, 2, (const unsigned[]){ 2, 3, 4 }, 3);
	expect_groups(m, "n0 n1 | n2 n3 n4: cut");
	/* one of them the other way only: no partition any more */
	m->n_links--;
	expect_groups(m, "n0 n1 n2 n3 n4, 11 links: cut");
	clear_links(m);
	/* one node from all others */
	for (unsigned i = 1; i < 5; i++)
		rf_link(m, 0, i, false, 0, 0, 0.015, 40000);
	expect_groups(m, "n0 > n1 n2 n3 n4: loss 1.5 %");
	clear_links(m);
	/* three parts */
	cut_apart(m, (const unsigned[]){ 0 }, 1, (const unsigned[]){ 1, 2 }, 2);
	cut_apart(m, (const unsigned[]){ 1 }, 1, (const unsigned[]){ 2 }, 1);
	expect_groups(m, "n0 n1 n2, 6 links: cut");
	/* the same thing done again later is another thing */
	rf_link(m, 3, 4, true, 0, 0, 0, 50000);
	expect_groups(m, "n0 n1 n2, 6 links: cut; n3 > n4: cut");
	clear_links(m);
	/* indices that are no nodes, and more kinds than can be told apart */
	rf_link(m, UINT_MAX, 70000, true, 0, 0, 0, 1);
	expect_groups(m, ", 1 link: cut");
	for (unsigned i = 1; i < 100; i++)
		rf_link(m, i, i + 1, false, i, 0, 0, 1);
	struct link_group groups[LINK_GROUPS];

	assert_int_equal(link_groups(m, groups), LINK_GROUPS);
	render_fixture_release(&f);
}

/* Restarts as the plan knows them. */
static void add_plan(struct render_fixture *f, struct workload_use *use)
{
	struct rng rng;
	struct err err = { 0 };

	*use = (struct workload_use){ .ops = &restarts_workload };
	use->name = xstrdup("restarts");
	use->config = xcalloc(1, use->ops->config_size);
	options_defaults(use->ops->options, use->config, use->ops->config_size);
	f->scenario.workloads = use;
	f->scenario.n_workloads = 1;
	f->scenario.run.duration_ns = 90 * RF_S;
	f->plan.workloads = xcalloc(1, sizeof(*f->plan.workloads));
	rng_init(&rng, 5);
	assert_int_equal(
		use->ops->plan(use->config, &f->plan, &rng, &f->plan.workloads[0], &err), 0);
}

static void release_plan(struct render_fixture *f, struct workload_use *use)
{
	use->ops->plan_free(f->plan.workloads[0]);
	free(f->plan.workloads);
	f->plan.workloads = NULL;
	options_release(use->ops->options, use->config);
	free(use->config);
	free(use->name);
}

static void test_planned(void **state)
{
	(void)state;
	struct render_fixture f;
	struct workload_use use;
	void *pane = render_pane_new(&pane_faults);

	render_fixture_init(&f);
	add_plan(&f, &use);
	expect(pane, &f.ctx, 90, 14, ". restarts", true);
	expect(pane, &f.ctx, 90, 14, "planned", true);
	/* when the load is over nothing comes any more */
	f.model.phases[PHASE_DRIVE].ended = true;
	expect(pane, &f.ctx, 90, 14, "planned", false);
	f.model.phases[PHASE_DRIVE].ended = false;
	f.ctx.now_ns = 500 * RF_S;
	expect(pane, &f.ctx, 90, 14, "planned", false);
	/* another run, of which nothing is known */
	f.ctx.now_ns = RF_NOW;
	f.ctx.plan = NULL;
	expect(pane, &f.ctx, 90, 14, "planned", false);
	render_pane_free(&pane_faults, pane);
	release_plan(&f, &use);
	render_fixture_release(&f);
}

/* A timeline: it says what is done. */
static void steps_to_json(const void *plan_data, struct jw *w)
{
	jw_raw(w, plan_data);
}

static void test_planned_commands(void **state)
{
	(void)state;
	static const struct workload_ops timeline = { .name = "timeline",
		.plan_to_json = steps_to_json,
		.plan_free = workload_no_plan_free };
	struct render_fixture f;
	char name[] = "timeline";
	struct workload_use use = { .ops = &timeline, .name = name };
	void *plans[1] = { (void *)(uintptr_t) "{\"steps\":[{\"at_ns\":70000000000,\"command\":"
					       "\"kill n2\"},{\"at_ns\":60000000000,\"command\":"
					       "\"rate transactions 12\"},{\"at_ns\":1000,"
					       "\"command\":\"over\"}],\"n\":[1,2]}" };
	void *pane = render_pane_new(&pane_faults);

	render_fixture_init(&f);
	f.scenario.workloads = &use;
	f.scenario.n_workloads = 1;
	f.plan.workloads = plans;
	/* the drive phase began at 0:06.8 */
	expect(pane, &f.ctx, 90, 14,
		"  . rate transactions 12         1:06 in 14 s  planned\n"
		"  . kill n2                      1:16 in 24 s  planned\n",
		true);
	expect(pane, &f.ctx, 90, 14, "over", false);
	f.plan.workloads = NULL;
	render_pane_free(&pane_faults, pane);
	render_fixture_release(&f);
}

static void test_cursor_stays(void **state)
{
	(void)state;
	struct render_fixture f;
	struct model *m = &f.model;
	void *pane = render_pane_new(&pane_faults);

	render_fixture_init(&f);
	expect(pane, &f.ctx, 90, 10, "> * delay", true);
	/* at the top: what is new is selected */
	rf_fault(m, 0, "kill", "key", 51000, 0, false, NULL);
	expect(pane, &f.ctx, 90, 10, "> * kill       n0", true);
	/* elsewhere: what was selected, wherever it goes */
	pane_faults.act(pane, &f.ctx, ACTION_DOWN);
	pane_faults.act(pane, &f.ctx, ACTION_DOWN);
	expect(pane, &f.ctx, 90, 10, "> * pause      n3", true);
	rf_fault(m, 1, "kill", "key", 51500, 0, false, NULL);
	expect(pane, &f.ctx, 90, 10, "> * pause      n3", true);
	m->faults[2].end_ns = 52 * RF_S;
	m->faults[2].effective = true;
	expect(pane, &f.ctx, 90, 10, "> + pause      n3", true);
	expect(pane, &f.ctx, 90, 10, "11.0 s  healed", true);
	render_pane_free(&pane_faults, pane);
	render_fixture_release(&f);
}

static void test_many(void **state)
{
	(void)state;
	struct render_fixture f;
	struct model *m = &f.model;
	void *pane = render_pane_new(&pane_faults);

	render_fixture_init(&f);
	for (unsigned i = 0; i < 3000; i++)
		rf_fault(m, (int)(i % 5), "pause", "storm", 45000 + i, 46000 + i, true, NULL);
	pane_faults.act(pane, &f.ctx, ACTION_LAST);
	expect(pane, &f.ctx, 90, 10, "> + restart    n2", true); /* the oldest */
	pane_faults.act(pane, &f.ctx, ACTION_PAGE_UP);
	expect(pane, &f.ctx, 90, 10, "storm", true);
	pane_faults.act(pane, &f.ctx, ACTION_FIRST);
	expect(pane, &f.ctx, 90, 10, "> * delay", true);
	assert_int_equal(pane_faults.click(pane, &f.ctx, 0, 2), PANE_HANDLED);
	expect(pane, &f.ctx, 90, 10, "> * pause      n3", true);
	assert_int_equal(pane_faults.click(pane, &f.ctx, 0, 2), PANE_DETAIL);
	assert_int_equal(pane_faults.click(pane, &f.ctx, 0, 0), PANE_IGNORED);
	render_pane_free(&pane_faults, pane);
	render_fixture_release(&f);
}

static void test_pictures(void **state)
{
	(void)state;
	struct render_fixture f;
	struct workload_use use;
	struct canvas c;
	void *pane = render_pane_new(&pane_faults);

	render_fixture_init(&f);
	add_plan(&f, &use);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		render_pane_golden(&pane_faults, pane, &f.ctx, "faults", sizes[i][0], sizes[i][1],
			&glyphs_utf8);
	render_pane_golden(&pane_faults, pane, &f.ctx, "faults-ascii", 80, 24, &glyphs_ascii);
	render_pane_golden(&pane_faults, pane, &f.ctx, "faults-right", 48, 12, &glyphs_utf8);
	canvas_init(&c, 80, 1, &glyphs_utf8);
	struct view v = view_all(&c);

	assert_int_equal(pane_faults.brief(pane, &f.ctx, &v), 1);
	render_golden("faults-brief", 80, 1, &c);
	canvas_release(&c);
	pane_faults.act(pane, &f.ctx, ACTION_DOWN);
	assert_true(render_detail_golden(&pane_faults, pane, &f.ctx, "faults-detail"));
	pane_faults.act(pane, &f.ctx, ACTION_DOWN);
	assert_true(render_detail_golden(&pane_faults, pane, &f.ctx, "faults-detail-links"));
	render_pane_robust(&pane_faults, &f.ctx);
	render_pane_free(&pane_faults, pane);
	release_plan(&f, &use);
	render_fixture_release(&f);
	pane = render_pane_new(&pane_faults);
	render_fixture_init_empty(&f);
	render_pane_golden(&pane_faults, pane, &f.ctx, "faults-empty", 80, 24, &glyphs_utf8);
	render_pane_robust(&pane_faults, &f.ctx);
	render_pane_free(&pane_faults, pane);
	render_fixture_release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_link_groups),
		cmocka_unit_test(test_planned),
		cmocka_unit_test(test_planned_commands),
		cmocka_unit_test(test_cursor_stays),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_pictures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
