/* The workloads and a transaction's details: pictures, rates that were changed, sums. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../lib/render_fixture.h"
#include "ui/detail_tx.h"
#include "workloads/transactions.h"

static const int sizes[][2] = { { 80, 24 }, { 120, 36 }, { 200, 60 } };

static char *drawn(void *pane, const struct pane_context *ctx, int w, int h)
{
	struct canvas c;
	struct strbuf text = { 0 };

	canvas_init(&c, w, h, &glyphs_ascii);
	struct view v = view_all(&c);

	pane_workloads.draw(pane, ctx, &v);
	canvas_to_text(&c, &text);
	canvas_release(&c);
	return strbuf_detach(&text);
}

static void expect(void *pane, const struct pane_context *ctx, int w, int h, const char *want)
{
	CLEANUP_FREE char *text = drawn(pane, ctx, w, h);

	if (!strstr(text, want))
		fail_msg("no \"%s\" in\n%s", want, text);
}

/* The workload as the plan knows it: 5 transactions a block of 0.56 s, 9 a second. */
static void add_plan(struct render_fixture *f, struct workload_use *use)
{
	struct transactions_config *c = xcalloc(1, transactions_workload.config_size);

	*use = (struct workload_use){ .ops = &transactions_workload, .config = c };
	use->name = xstrdup("transactions");
	options_defaults(use->ops->options, c, use->ops->config_size);
	c->rate = 5;
	c->per = TX_PER_BLOCK;
	f->scenario.workloads = use;
	f->scenario.n_workloads = 1;
}

static void release_plan(struct workload_use *use)
{
	options_release(use->ops->options, use->config);
	free(use->config);
	free(use->name);
}

static void test_rates(void **state)
{
	(void)state;
	struct render_fixture f;
	struct workload_use use;
	void *pane = render_pane_new(&pane_workloads);

	render_fixture_init(&f);
	add_plan(&f, &use);
	expect(pane, &f.ctx, 70, 9, "9.1/s of 9.0/s  ");
	f.model.workloads[0].counts.target_rate = 12;
	expect(pane, &f.ctx, 70, 9, "9.1/s of 12.0/s, 9.0/s planned");
	f.model.workloads[0].counts.target_rate = 0;
	expect(pane, &f.ctx, 70, 9, "transactions  held");
	expect(pane, &f.ctx, 120, 9, "   held");
	f.model.phase = PHASE_SETTLE;
	expect(pane, &f.ctx, 70, 9, "load is over");
	render_pane_free(&pane_workloads, pane);
	release_plan(&use);
	render_fixture_release(&f);
}

static void test_cursor(void **state)
{
	(void)state;
	struct render_fixture f;
	void *pane = render_pane_new(&pane_workloads);

	render_fixture_init(&f);
	expect(pane, &f.ctx, 60, 9, "> transactions");
	assert_int_equal(pane_workloads.act(pane, &f.ctx, ACTION_DOWN), PANE_HANDLED);
	assert_int_equal(f.selection.workload, 1);
	pane_workloads.act(pane, &f.ctx, ACTION_LAST);
	assert_int_equal(f.selection.workload, 2);
	expect(pane, &f.ctx, 60, 1, "> inscriptions"); /* the selected one is what is seen */
	expect(pane, &f.ctx, 60, 9, "> inscriptions");
	/* three rows, one row, three rows */
	assert_int_equal(pane_workloads.click(pane, &f.ctx, 0, 2), PANE_HANDLED);
	assert_int_equal(f.selection.workload, 0);
	assert_int_equal(pane_workloads.click(pane, &f.ctx, 0, 3), PANE_HANDLED);
	assert_int_equal(f.selection.workload, 1);
	assert_int_equal(pane_workloads.click(pane, &f.ctx, 0, 3), PANE_DETAIL);
	/* a cursor beyond the last one is taken back */
	f.selection.workload = 77;
	expect(pane, &f.ctx, 60, 9, "> inscriptions");
	render_pane_free(&pane_workloads, pane);
	render_fixture_release(&f);
}

static char *details(void *pane, const struct pane_context *ctx)
{
	struct rich r = { 0 };
	struct strbuf text = { 0 };
	char title[80];

	assert_true(pane_workloads.detail(pane, ctx, title, sizeof(title), &r));
	rich_to_text(&r, &text);
	rich_release(&r);
	return strbuf_detach(&text);
}

static void test_balance(void **state)
{
	(void)state;
	struct render_fixture f;
	void *pane = render_pane_new(&pane_workloads);

	render_fixture_init(&f);
	f.selection.workload = 0;
	CLEANUP_FREE char *good = details(pane, &f.ctx);

	assert_non_null(strstr(good, "470 = 458 included + 1 dropped + 1 expired + 10 pending"));
	f.model.workloads[0].counts.pending = 11;
	CLEANUP_FREE char *bad = details(pane, &f.ctx);

	assert_non_null(strstr(bad, "470 is not 458 included"));
	assert_non_null(strstr(bad, "do not balance"));
	render_pane_free(&pane_workloads, pane);
	render_fixture_release(&f);
}

static char *tx_text(const struct pane_context *ctx, const struct id32 *hash)
{
	struct rich r = { 0 };
	struct strbuf text = { 0 };
	char title[80];

	if (!tx_detail(ctx, hash, title, sizeof(title), &r))
		return NULL;
	strbuf_addf(&text, "[%s]\n", title);
	rich_to_text(&r, &text);
	rich_release(&r);
	return strbuf_detach(&text);
}

static void test_tx(void **state)
{
	(void)state;
	struct render_fixture f;
	struct id32 found, nobody = { { 0 } };
	char hex[ID32_HEX];

	render_fixture_init(&f);
	const struct model *m = &f.model;
	const struct model_tx *tx = NULL, *refused = NULL;

	for (size_t i = 0; i < m->n_txs; i++) {
		if (m->txs[i].state == TX_INCLUDED)
			tx = &m->txs[i];
		if (m->txs[i].state == TX_REJECTED)
			refused = &m->txs[i];
	}
	CLEANUP_FREE char *in = tx_text(&f.ctx, &tx->hash);
	CLEANUP_FREE char *no = tx_text(&f.ctx, &refused->hash);

	render_golden_text("tx-included", in);
	render_golden_text("tx-rejected", no);
	/* in a block, but not the bench's */
	const struct model_block_txs *txs = m->block_txs[m->n_snapshot_blocks - 1];
	CLEANUP_FREE char *other = tx_text(&f.ctx, &txs->hashes[0]);

	assert_non_null(strstr(other, "sent by somebody else"));
	assert_null(tx_text(&f.ctx, &nobody));
	/* by the beginning of its hash, even or odd */
	id32_hex(&tx->hash, hex);
	assert_int_equal(tx_find_prefix(m, hex, &found), 1);
	assert_true(id32_eq(&found, &tx->hash));
	hex[9] = '\0';
	hex[0] = hex[0] >= 'a' ? (char)(hex[0] - 'a' + 'A') : hex[0];
	memset(&found, 0, sizeof(found));
	assert_int_equal(tx_find_prefix(m, hex, &found), 1);
	assert_true(id32_eq(&found, &tx->hash));
	id32_hex(&txs->hashes[0], hex);
	hex[10] = '\0';
	assert_int_equal(tx_find_prefix(m, hex, &found), 1);
	assert_int_equal(tx_find_prefix(m, "", &found), 0);
	assert_int_equal(tx_find_prefix(m, "xyz", &found), 0);
	memset(hex, 'a', 64);
	assert_int_equal(tx_find_prefix(m, hex, &found), 0);
	render_fixture_release(&f);
}

static void test_pictures(void **state)
{
	(void)state;
	struct render_fixture f;
	struct workload_use use;
	void *pane = render_pane_new(&pane_workloads);

	render_fixture_init(&f);
	add_plan(&f, &use);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		render_pane_golden(&pane_workloads, pane, &f.ctx, "workloads", sizes[i][0],
			sizes[i][1], &glyphs_utf8);
	render_pane_golden(&pane_workloads, pane, &f.ctx, "workloads-ascii", 80, 24, &glyphs_ascii);
	render_pane_golden(&pane_workloads, pane, &f.ctx, "workloads-right", 48, 9, &glyphs_utf8);
	render_pane_golden(&pane_workloads, pane, &f.ctx, "workloads-low", 80, 5, &glyphs_utf8);
	f.model.n_workloads = 2; /* one that sends: the sparkline is its own */
	render_pane_golden(&pane_workloads, pane, &f.ctx, "workloads-one", 80, 6, &glyphs_utf8);
	f.model.n_workloads = 3;
	f.selection.workload = 0;
	assert_true(render_detail_golden(&pane_workloads, pane, &f.ctx, "workloads-detail"));
	render_pane_robust(&pane_workloads, &f.ctx);
	release_plan(&use);
	render_fixture_release(&f);
	render_fixture_init_empty(&f);
	render_pane_golden(&pane_workloads, pane, &f.ctx, "workloads-empty", 80, 24, &glyphs_utf8);
	render_pane_robust(&pane_workloads, &f.ctx);
	render_pane_free(&pane_workloads, pane);
	render_fixture_release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_cursor),
		cmocka_unit_test(test_balance),
		cmocka_unit_test(test_tx),
		cmocka_unit_test(test_pictures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
