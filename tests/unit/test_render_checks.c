/* The expectations: pictures, what excuses them, and when they are judged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../lib/render_fixture.h"
#include "checks/checks.h"
#include "core/check.h"

static const int sizes[][2] = { { 80, 24 }, { 120, 36 }, { 200, 60 } };

static char *drawn(void *pane, const struct pane_context *ctx, int w, int h)
{
	struct canvas c;
	struct strbuf text = { 0 };

	canvas_init(&c, w, h, &glyphs_ascii);
	struct view v = view_all(&c);

	pane_checks.draw(pane, ctx, &v);
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

static void test_notes(void **state)
{
	(void)state;
	struct render_fixture f;
	void *pane = render_pane_new(&pane_checks);

	render_fixture_init(&f);
	expect(pane, &f.ctx, 80, 10, "* 2 faults open: liveness is not demanded (delay, pause n3)",
		true);
	expect(pane, &f.ctx, 80, 10, "judged after the load, which ends at 1:36", true);
	/* healed */
	f.model.faults[2].end_ns = f.model.faults[3].end_ns = 45 * RF_S;
	expect(pane, &f.ctx, 80, 10, "liveness", true); /* the check of that name */
	expect(pane, &f.ctx, 80, 10, "demanded", false);
	f.model.phase = PHASE_SETTLE;
	f.model.phases[PHASE_SETTLE] = (struct model_phase){
		.started = true, .start_ns = 97 * RF_S, .until_ns = 117 * RF_S
	};
	expect(pane, &f.ctx, 80, 10, "judged by 1:57", true);
	f.model.phase = PHASE_DOWN;
	f.model.phases[PHASE_JUDGE] =
		(struct model_phase){ .started = true, .start_ns = 110 * RF_S };
	expect(pane, &f.ctx, 80, 10, "judged at 1:50", true);
	/* too low for notes: checks come first */
	expect(pane, &f.ctx, 80, 1, "consensus_liveness", true);
	expect(pane, &f.ctx, 80, 1, "judged", false);
	render_pane_free(&pane_checks, pane);
	render_fixture_release(&f);
}

static void test_selected_wraps(void **state)
{
	(void)state;
	struct render_fixture f;
	void *pane = render_pane_new(&pane_checks);

	render_fixture_init(&f);
	free(f.model.checks[1].reason);
	f.model.checks[1].reason = xstrdup("458 of 470 included (97.4 %), at least 99 % wanted; "
					   "12 are missing, all sent to n3 while it was paused");
	expect(pane, &f.ctx, 50, 12, "it was paused", false);
	pane_checks.act(pane, &f.ctx, ACTION_DOWN);
	expect(pane, &f.ctx, 50, 12, "    it was paused\n", true);
	expect(pane, &f.ctx, 50, 12, "supply_conserved", true);
	expect(pane, &f.ctx, 50, 8, "12 are missing, all sent ~\n", true); /* cut */
	/* with few rows the selected one is still there, and the last can be reached */
	expect(pane, &f.ctx, 50, 3, "tx_inclusion", true);
	pane_checks.act(pane, &f.ctx, ACTION_LAST);
	expect(pane, &f.ctx, 50, 3, "> . supply_conserved", true);
	f.ctx.focused = false;
	expect(pane, &f.ctx, 50, 12, ">", false);
	render_pane_free(&pane_checks, pane);
	render_fixture_release(&f);
}

static void test_status(void **state)
{
	(void)state;
	struct render_fixture f;
	CLEANUP_STRBUF struct strbuf text = { 0 };

	render_fixture_init(&f);
	pane_checks.status(NULL, &f.ctx, &text);
	assert_string_equal(strbuf_str(&text), "1 failing, 2 passing, 1 pending");
	render_fixture_release(&f);
}

/* A check as the plan knows it, with options, and evidence as a judged run has it. */
static void add_plan(struct render_fixture *f, struct check_use *use)
{
	*use = (struct check_use){ .ops = &tx_inclusion_check, .implied = true };
	use->name = xstrdup("tx_inclusion");
	use->config = xcalloc(1, use->ops->config_size);
	options_defaults(use->ops->options, use->config, use->ops->config_size);
	f->scenario.checks = use;
	f->scenario.n_checks = 1;
}

static void test_detail(void **state)
{
	(void)state;
	struct render_fixture f;
	struct check_use use;
	void *pane = render_pane_new(&pane_checks);

	render_fixture_init(&f);
	add_plan(&f, &use);
	f.model.checks[1].evidence = xstrdup(
		"{\"submitted\":470,\"included\":458,\"missing\":[{\"hash\":\"8f3c\",\"node\":"
		"\"n3\",\"reason\":\"a\\nb\"},{\"hash\":\"77ab\"}],\"big\":12345678901234567890}");
	pane_checks.act(pane, &f.ctx, ACTION_DOWN);
	assert_true(render_detail_golden(&pane_checks, pane, &f.ctx, "checks-detail"));
	/* what is no JSON is shown as it is */
	free(f.model.checks[1].evidence);
	f.model.checks[1].evidence = xstrdup("{nonsense");
	struct rich r = { 0 };
	char title[80];
	CLEANUP_STRBUF struct strbuf text = { 0 };

	assert_true(pane_checks.detail(pane, &f.ctx, title, sizeof(title), &r));
	rich_to_text(&r, &text);
	assert_non_null(strstr(strbuf_str(&text), "{nonsense"));
	rich_release(&r);
	options_release(use.ops->options, use.config);
	free(use.config);
	free(use.name);
	render_pane_free(&pane_checks, pane);
	render_fixture_release(&f);
}

static void test_pictures(void **state)
{
	(void)state;
	struct render_fixture f;
	struct canvas c;
	void *pane = render_pane_new(&pane_checks);

	render_fixture_init(&f);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		render_pane_golden(&pane_checks, pane, &f.ctx, "checks", sizes[i][0], sizes[i][1],
			&glyphs_utf8);
	render_pane_golden(&pane_checks, pane, &f.ctx, "checks-ascii", 80, 24, &glyphs_ascii);
	render_pane_golden(&pane_checks, pane, &f.ctx, "checks-right", 48, 8, &glyphs_utf8);
	render_pane_golden(&pane_checks, pane, &f.ctx, "checks-right", 48, 14, &glyphs_utf8);
	canvas_init(&c, 80, 3, &glyphs_utf8);
	struct view v = view_all(&c);

	assert_int_equal(pane_checks.brief(pane, &f.ctx, &v), 2);
	render_golden("checks-brief", 80, 3, &c);
	canvas_release(&c);
	render_pane_robust(&pane_checks, &f.ctx);
	render_fixture_release(&f);
	render_fixture_init_empty(&f);
	render_pane_golden(&pane_checks, pane, &f.ctx, "checks-empty", 80, 24, &glyphs_utf8);
	render_pane_robust(&pane_checks, &f.ctx);
	render_pane_free(&pane_checks, pane);
	render_fixture_release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_notes),
		cmocka_unit_test(test_selected_wraps),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_detail),
		cmocka_unit_test(test_pictures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
