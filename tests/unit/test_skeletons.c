/*
 * The skeletons that new workloads and checks are copied from work, and the
 * registries are well-formed and do not have them.
 */
#include "../lib/check_fixture.h"

#include "checks/registry.h"
#include "workloads/registry.h"
#include "workloads/skeleton.h"

struct tally {
	unsigned notes, ends;
};

static void count(const struct event *ev, const struct model *m, void *arg)
{
	(void)m;
	struct tally *t = arg;
	t->notes += ev->kind == EVENT_NOTE;
	t->ends += ev->kind == EVENT_WORKLOAD && ev->u.workload.end && ev->u.workload.ok;
}

static void check_skeleton(void **state)
{
	(void)state;
	struct fx f;
	fx_init(&f, &skeleton_check, 2);
	fx_start(&f);
	assert_int_equal(fx_peek(&f), VERDICT_PENDING);
	fx_blocks(&f, 1, 3, -1);
	assert_int_equal(fx_peek(&f), VERDICT_PASSING);
	fx_expect(&f, VERDICT_PASS, "3 blocks, at least 1 wanted");

	fx_init(&f, &skeleton_check, 2);
	fx_start(&f);
	fx_sample(&f, 0, 0, FX_S(4));
	fx_expect(&f, VERDICT_FAIL, "0 blocks");

	fx_init(&f, &skeleton_check, 2);
	fx_expect(&f, VERDICT_UNKNOWN, "nothing was observed");
}

static void workload_skeleton(void **state)
{
	(void)state;
	struct skeleton_workload_config config;
	struct scenario scenario = { .run.duration_ns = FX_S(10) };
	struct plan plan = { .scenario = &scenario };
	const struct workload_ops *ops = &skeleton_workload;
	void *data = NULL;
	struct rng rng;

	options_defaults(ops->options, &config, sizeof(config));
	assert_int_equal(ops->validate(&config, &scenario, NULL), 0);
	rng_init(&rng, 1);
	assert_int_equal(ops->plan(&config, &plan, &rng, &data, NULL), 0);
	struct tally tally = { 0 };
	struct clock *clock = clock_new_virtual(FX_S(5), 0);
	struct hub *hub = hub_start(&(struct hub_options){ .clock = clock }, NULL);
	assert_non_null(hub);
	hub_add_sink(hub, count, &tally);
	clock_join(clock);
	struct workload_env env = {
		.name = "skeleton",
		.config = &config,
		.plan_data = data,
		.plan = &plan,
		.clock = clock,
		.hub = hub,
		.drive_start_ns = FX_S(5),
		.drive_end_ns = FX_S(15),
	};
	assert_int_equal(ops->run(&env, NULL), 0);
	/* the end of the drive phase may move; nothing is done while it is held */
	env.tune = tune_new(env.drive_end_ns);
	env.drive_start_ns = clock_now(clock);
	tune_set_drive_end(env.tune, env.drive_start_ns + FX_S(3));
	assert_int_equal(ops->run(&env, NULL), 0);
	hub_flush(hub);
	assert_int_equal(tally.notes, 13);
	tune_set_held(env.tune, true);
	env.drive_start_ns = clock_now(clock);
	tune_set_drive_end(env.tune, env.drive_start_ns + FX_S(3));
	assert_int_equal(ops->run(&env, NULL), 0);
	tune_free(env.tune);
	hub_stop(hub);
	assert_int_equal(tally.notes, 13);
	assert_int_equal(tally.ends, 3);
	ops->plan_free(data);
	hub_free(hub);
	clock_free(clock);

	struct err err = { 0 };
	config.every_ns = FX_S(11);
	assert_int_equal(ops->validate(&config, &scenario, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
}

static void expect_sound_options(const char *who, const struct option *options, size_t size)
{
	for (const struct option *o = options; o->name; o++) {
		if (!o->help || o->offset >= size)
			fail_msg("%s: option %s has no help, or is outside the settings", who,
				o->name);
	}
}

static void registries(void **state)
{
	(void)state;
	size_t n = 0;
	for (; workloads_all[n]; n++) {
		const struct workload_ops *ops = workloads_all[n];
		assert_true(ops->name && ops->summary && ops->validate && ops->plan &&
			    ops->plan_to_json && ops->plan_free && ops->run);
		assert_ptr_not_equal(ops, &skeleton_workload);
		expect_sound_options(ops->name, ops->options, ops->config_size);
		for (const char *const *name = ops->default_checks; name && *name; name++) {
			size_t i = 0;
			while (checks_all[i] && strcmp(checks_all[i]->name, *name) != 0)
				i++;
			assert_non_null(checks_all[i]); /* what it brings exists */
		}
	}
	assert_int_equal(n, 3);
	for (n = 0; checks_all[n]; n++) {
		const struct check_ops *ops = checks_all[n];
		assert_true(ops->name && ops->summary && ops->validate && ops->query && ops->init &&
			    ops->observe && ops->peek && ops->judge && ops->release);
		assert_ptr_not_equal(ops, &skeleton_check);
		expect_sound_options(ops->name, ops->options, ops->config_size);
	}
	assert_int_equal(n, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_skeleton),
		cmocka_unit_test(workload_skeleton),
		cmocka_unit_test(registries),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
