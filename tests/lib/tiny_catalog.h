/*
 * A catalog of tiny plug-ins, for tests of what reads and plans scenarios:
 * every option type, a validate hook that can refuse, a plan that draws from
 * its stream, backends with and without abilities.
 */
#ifndef TESTS_TINY_CATALOG_H
#define TESTS_TINY_CATALOG_H

#include <stddef.h>

#include "core/backend.h"
#include "core/catalog.h"
#include "core/check.h"
#include "core/workload.h"

struct tiny_load {
	double rate;
	int per;
	uint64_t users, expiry_ns;
	struct strlist targets;
	char *note;
	bool loud;
};

static const char *const tiny_per[] = { "block", "second", NULL };

static const struct option tiny_load_options[] = {
	{ .name = "rate",
		.type = OPTION_DOUBLE,
		.offset = offsetof(struct tiny_load, rate),
		.def = "1",
		.dmin = 0.1,
		.dmax = 1000,
		.help = "how many" },
	{ .name = "per",
		.type = OPTION_ENUM,
		.offset = offsetof(struct tiny_load, per),
		.def = "block",
		.choices = tiny_per,
		.help = "of what" },
	{ .name = "users",
		.type = OPTION_U64,
		.offset = offsetof(struct tiny_load, users),
		.def = "1",
		.min = 1,
		.max = 100,
		.help = "wallets used" },
	{ .name = "expiry",
		.type = OPTION_DURATION,
		.offset = offsetof(struct tiny_load, expiry_ns),
		.def = "10s",
		.min = 1000000,
		.max = 3600000000000,
		.help = "given up after" },
	{ .name = "targets",
		.type = OPTION_STRINGS,
		.offset = offsetof(struct tiny_load, targets),
		.def = "[all]",
		.help = "nodes" },
	{ .name = "note",
		.type = OPTION_STRING,
		.offset = offsetof(struct tiny_load, note),
		.help = "text" },
	{ .name = "loud",
		.type = OPTION_BOOL,
		.offset = offsetof(struct tiny_load, loud),
		.def = "false",
		.help = "flag" },
	{ .name = NULL },
};

static int tiny_validate(const void *config, const struct scenario *s, struct err *err)
{
	const struct tiny_load *c = config;
	if (c->users > s->n_wallets)
		return err_set(err, ERR_USAGE, "%llu users, but only %llu wallets",
			(unsigned long long)c->users, (unsigned long long)s->n_wallets);
	return 0;
}

static int tiny_plan(
	const void *config, const struct plan *plan, struct rng *rng, void **ret, struct err *err)
{
	(void)config;
	(void)plan;
	(void)err;
	uint64_t *drawn = xmalloc(sizeof(*drawn));
	*drawn = rng_u64(rng);
	*ret = drawn;
	return 0;
}

static void tiny_plan_to_json(const void *plan_data, struct jw *w)
{
	jw_u64(w, *(const uint64_t *)plan_data);
}

static int tiny_run(const struct workload_env *env, struct err *err)
{
	(void)env;
	(void)err;
	return 0;
}

static const char *const tiny_brings[] = { "seen", NULL };

static const struct workload_ops tiny_load_ops = {
	.name = "load",
	.summary = "sends",
	.config_size = sizeof(struct tiny_load),
	.options = tiny_load_options,
	.default_checks = tiny_brings,
	.validate = tiny_validate,
	.plan = tiny_plan,
	.plan_to_json = tiny_plan_to_json,
	.plan_free = free,
	.run = tiny_run,
};

static int tiny_no_validate(const void *config, const struct scenario *s, struct err *err)
{
	(void)config;
	(void)s;
	(void)err;
	return 0;
}

static int tiny_no_plan(
	const void *config, const struct plan *plan, struct rng *rng, void **ret, struct err *err)
{
	(void)config;
	(void)plan;
	(void)rng;
	(void)ret;
	(void)err;
	return 0;
}

static const struct option tiny_no_options[] = { { .name = NULL } };

static const struct workload_ops tiny_killer_ops = {
	.name = "killer",
	.summary = "kills",
	.options = tiny_no_options,
	.needs = BACKEND_KILL | BACKEND_RESTART,
	.validate = tiny_no_validate,
	.plan = tiny_no_plan,
	.plan_to_json = tiny_plan_to_json,
	.plan_free = free,
	.run = tiny_run,
};

struct tiny_check {
	double min_ratio;
};

static const struct option tiny_check_options[] = {
	{ .name = "min_ratio",
		.type = OPTION_DOUBLE,
		.offset = offsetof(struct tiny_check, min_ratio),
		.def = "0.5",
		.dmax = 1,
		.help = "at least" },
	{ .name = NULL },
};

static const struct check_ops tiny_seen_ops = {
	.name = "seen",
	.summary = "was seen",
	.config_size = sizeof(struct tiny_check),
	.options = tiny_check_options,
	.validate = tiny_no_validate,
	.query = check_no_query,
};

static const struct check_ops tiny_alive_ops = {
	.name = "alive",
	.summary = "is alive",
	.options = tiny_no_options,
	.validate = tiny_no_validate,
	.query = check_no_query,
};

struct tiny_backend {
	bool keep;
};

static const struct option tiny_backend_options[] = {
	{ .name = "keep",
		.type = OPTION_BOOL,
		.offset = offsetof(struct tiny_backend, keep),
		.env = "TINY_KEEP",
		.def = "false",
		.help = "flag" },
	{ .name = NULL },
};

static const struct backend_ops tiny_here = {
	.name = "here",
	.summary = "can kill",
	.config_size = sizeof(struct tiny_backend),
	.options = tiny_backend_options,
	.caps = BACKEND_KILL | BACKEND_RESTART | BACKEND_LOGS,
};

static const struct backend_ops tiny_away = {
	.name = "away",
	.summary = "can nothing",
	.options = tiny_no_options,
	.caps = BACKEND_RESTART,
};

static const struct backend_ops *const tiny_backends[] = { &tiny_here, &tiny_away, NULL };
static const struct workload_ops *const tiny_workloads[] = { &tiny_load_ops, &tiny_killer_ops,
	NULL };
static const struct check_ops *const tiny_checks[] = { &tiny_seen_ops, &tiny_alive_ops, NULL };

static const struct catalog tiny_catalog = {
	.backends = tiny_backends,
	.workloads = tiny_workloads,
	.checks = tiny_checks,
};

#endif
