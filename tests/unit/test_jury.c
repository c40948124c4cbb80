/* The jury with checks that do as they are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/check.h"
#include "core/scenario.h"
#include "util/mem.h"

struct tiny_config {
	enum verdict final;
};

struct tiny_state {
	uint64_t observed;
	char *owned;
};

static void tiny_init(struct check *c)
{
	struct tiny_state *s = c->state;
	s->owned = xstrdup("x"); /* LeakSanitizer sees when release is not called */
}

static void tiny_observe(struct check *c, const struct event *ev, const struct model *m)
{
	struct tiny_state *s = c->state;
	(void)m;
	assert_int_not_equal(ev->kind, EVENT_CHECK);
	s->observed++;
}

static void tiny_peek(struct check *c, const struct model *m, struct check_result *ret)
{
	struct tiny_state *s = c->state;
	(void)m;
	ret->verdict = s->observed ? VERDICT_PASSING : VERDICT_PENDING;
	snprintf(ret->reason, sizeof(ret->reason), "%llu", (unsigned long long)s->observed);
	strbuf_adds(&ret->evidence, "{}");
}

static void tiny_judge(struct check *c, const struct model *m, struct check_result *ret)
{
	const struct tiny_config *config = c->config;
	(void)m;
	ret->verdict = config->final;
	strbuf_adds(&ret->evidence, "{\"a\":1}");
}

static void tiny_release(struct check *c)
{
	struct tiny_state *s = c->state;
	free(s->owned);
}

static const struct check_ops tiny = {
	.name = "tiny",
	.config_size = sizeof(struct tiny_config),
	.state_size = sizeof(struct tiny_state),
	.validate = check_no_validate,
	.query = check_no_query,
	.init = tiny_init,
	.observe = tiny_observe,
	.peek = tiny_peek,
	.judge = tiny_judge,
	.release = tiny_release,
};

struct told {
	unsigned n;
	enum verdict last;
	bool evidence;
};

static void tell(struct event *ev, void *arg)
{
	struct told *t = arg;
	t->n++;
	t->last = ev->u.check.verdict;
	t->evidence = ev->u.check.evidence != NULL;
	assert_int_equal(ev->kind, EVENT_CHECK);
	event_free(ev);
}

static void test_verdicts(void **state)
{
	(void)state;
	static const struct {
		size_t n;
		enum verdict finals[3];
		enum verdict expect;
	} cases[] = {
		{ 0, { 0 }, VERDICT_UNKNOWN }, /* nothing to judge is no pass */
		{ 2, { VERDICT_PASS, VERDICT_PASS }, VERDICT_PASS },
		{ 2, { VERDICT_PASS, VERDICT_UNKNOWN }, VERDICT_UNKNOWN },
		{ 3, { VERDICT_UNKNOWN, VERDICT_FAIL, VERDICT_PASS }, VERDICT_FAIL },
		{ 3, { VERDICT_FAIL, VERDICT_UNKNOWN, VERDICT_UNKNOWN }, VERDICT_FAIL },
		{ 1, { VERDICT_PASSING }, VERDICT_UNKNOWN }, /* live verdicts are not final */
		{ 1, { VERDICT_PENDING }, VERDICT_UNKNOWN },
		{ 1, { VERDICT_FAILING }, VERDICT_UNKNOWN },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct tiny_config configs[3];
		struct check_use uses[3];
		for (size_t k = 0; k < cases[i].n; k++) {
			configs[k].final = cases[i].finals[k];
			uses[k] = (struct check_use){ .ops = &tiny, .config = &configs[k] };
			uses[k].name = xasprintf("tiny-%zu", k);
		}
		struct scenario s = { .checks = uses, .n_checks = cases[i].n };
		struct plan p = { .scenario = &s };
		struct model *m = model_new();
		struct told told = { 0 };
		struct jury *j = jury_new(&s, &p);
		if (jury_judge(j, m, tell, &told) != cases[i].expect)
			fail_msg("case %zu", i);
		assert_int_equal(told.n, cases[i].n);
		assert_int_equal(told.evidence, cases[i].n > 0);
		jury_free(j);
		model_free(m);
		for (size_t k = 0; k < cases[i].n; k++)
			free(uses[k].name);
	}
	jury_free(NULL);
}

static void test_peek_tells_changes(void **state)
{
	(void)state;
	struct tiny_config config = { VERDICT_PASS };
	char name[] = "tiny";
	struct check_use use = { .ops = &tiny, .config = &config, .name = name };
	struct scenario s = { .checks = &use, .n_checks = 1 };
	struct plan p = { .scenario = &s };
	struct model *m = model_new();
	struct jury *j = jury_new(&s, &p);
	struct told told = { 0 };

	jury_peek(j, m, tell, &told);
	jury_peek(j, m, tell, &told);
	assert_int_equal(told.n, 1); /* the first look is news, the second is not */
	struct event *ev = event_new(EVENT_REORG, 0, 0);
	jury_observe(j, ev, m);
	event_free(ev);
	jury_peek(j, m, tell, &told);
	assert_int_equal(told.n, 2);
	assert_int_equal(told.last, VERDICT_PASSING);
	assert_false(told.evidence);
	/* recorded verdicts are no evidence */
	ev = event_new(EVENT_CHECK, 0, -1);
	jury_observe(j, ev, m);
	event_free(ev);
	jury_peek(j, m, tell, &told);
	assert_int_equal(told.n, 2);
	/* a final verdict is not taken back by what the teardown shows */
	jury_judge(j, m, tell, &told);
	assert_int_equal(told.n, 3);
	assert_int_equal(told.last, VERDICT_PASS);
	ev = event_new(EVENT_REORG, 0, 0);
	jury_observe(j, ev, m);
	event_free(ev);
	jury_peek(j, m, tell, &told);
	assert_int_equal(told.n, 3);
	jury_free(j);
	model_free(m);
}

static void test_stake_up(void **state)
{
	(void)state;
	struct plan_node nodes[2] = { { .stake = 30 }, { .stake = 10 } };
	struct plan p = { .nodes = nodes, .n_nodes = 2, .total_stake = 40 };
	struct check c = { .plan = &p };
	struct model *m = model_new();
	assert_true(check_stake_up(&c, m) == 0.0);
	struct event *ev = event_new(EVENT_NODE_STATE, 0, 0);
	ev->u.node_state.state = NODE_READY;
	model_apply(m, ev);
	assert_true(check_stake_up(&c, m) == 0.75);
	ev->node = 1;
	model_apply(m, ev);
	assert_true(check_stake_up(&c, m) == 1.0);
	ev->u.node_state.state = NODE_PAUSED;
	model_apply(m, ev);
	assert_true(check_stake_up(&c, m) == 0.75);
	event_free(ev);
	model_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_peek_tells_changes),
		cmocka_unit_test(test_stake_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
