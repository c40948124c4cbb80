/*
 * The restarts workload: at seeded random times one node after another is
 * killed or stopped and started again, each at most once per cool-down. The
 * schedule (times, and for each time the order in which nodes are considered)
 * is fixed by the plan; at run time the first of them that is up and not
 * cooling down is taken. When the drive phase is made longer, the schedule
 * goes on as if it had been planned so. Injected through core/control, on its
 * own thread.
 */
#include "workloads/restarts.h"

#include <string.h>

#include "util/units.h"
#include "workloads/targets.h"
#include "workloads/tuned.h"

#define MAX_ACTIONS   100000u
#define ORDER_IN_JSON 8u /* candidates listed in plan.json; the seed fixes the rest */

enum restart_mode { RESTART_KILL, RESTART_GRACEFUL };

struct restart_action {
	uint64_t at_ns; /* from the start of the drive phase */
	uint64_t seed;  /* of the order of candidates */
};

struct restarts_plan {
	unsigned *targets; /* node indices, owned */
	size_t n_targets;
	struct restart_action *actions; /* owned */
	size_t n_actions;
	/* What a longer plan would go on with: its next time, and what draws the rest. */
	uint64_t next_at_ns;
	struct rng rng;
};

static const char *const mode_names[] = { "kill", "graceful", NULL };
static const char *const default_checks[] = { "consensus_liveness", NULL };

static const struct option options[] = {
	{ .name = "min_delay",
		.type = OPTION_DURATION,
		.offset = offsetof(struct restarts_config, min_delay_ns),
		.def = "10s",
		.min = NS_PER_MS,
		.help = "Least time between two restarts, and before the first" },
	{ .name = "max_delay",
		.type = OPTION_DURATION,
		.offset = offsetof(struct restarts_config, max_delay_ns),
		.def = "30s",
		.min = NS_PER_MS,
		.help = "Greatest time between two restarts, and before the first" },
	{ .name = "cooldown",
		.type = OPTION_DURATION,
		.offset = offsetof(struct restarts_config, cooldown_ns),
		.def = "60s",
		.help = "A node that was restarted is left alone for so long; others are not" },
	{ .name = "mode",
		.type = OPTION_ENUM,
		.offset = offsetof(struct restarts_config, mode),
		.def = "kill",
		.choices = mode_names,
		.help = "How a node is brought down: SIGKILL, or asked to end" },
	{ .name = "pause",
		.type = OPTION_DURATION,
		.offset = offsetof(struct restarts_config, pause_ns),
		.def = "0",
		.help = "How long a node stays down, the end of the drive phase at most" },
	{ .name = "targets",
		.type = OPTION_STRINGS,
		.offset = offsetof(struct restarts_config, targets),
		.def = "all",
		.help = "Nodes to restart, by name, or all" },
	{ .name = NULL },
};

static int validate(const void *config, const struct scenario *s, struct err *err)
{
	const struct restarts_config *c = config;
	char least[32], most[32];

	if (c->min_delay_ns > c->max_delay_ns)
		return err_set(err, ERR_USAGE,
			"min_delay (%s) is greater than max_delay (%s): swap them, or raise "
			"max_delay",
			units_format_duration(c->min_delay_ns, least, sizeof(least)),
			units_format_duration(c->max_delay_ns, most, sizeof(most)));
	if (s->topology.n_nodes < 2 && targets_are_all(&c->targets))
		return err_set(err, ERR_USAGE,
			"restarting the only node stops the whole chain: raise topology.nodes, or "
			"name "
			"the node (targets: n0) if that is meant");
	if (c->min_delay_ns >= s->run.duration_ns)
		return err_set(err, ERR_USAGE,
			"min_delay (%s) is not shorter than run.duration (%s), so nothing would "
			"ever be "
			"restarted: lower min_delay or raise run.duration",
			units_format_duration(c->min_delay_ns, least, sizeof(least)),
			units_format_duration(s->run.duration_ns, most, sizeof(most)));
	if (s->run.duration_ns / c->min_delay_ns > MAX_ACTIONS)
		return err_set(err, ERR_USAGE,
			"min_delay (%s) allows more than %u restarts in run.duration (%s): raise "
			"it",
			units_format_duration(c->min_delay_ns, least, sizeof(least)), MAX_ACTIONS,
			units_format_duration(s->run.duration_ns, most, sizeof(most)));
	return targets_validate(&c->targets, s, err);
}

static int plan(const void *config, const struct plan *run_plan, struct rng *rng, void **ret,
	struct err *err)
{
	(void)err;
	const struct restarts_config *c = config;
	struct restarts_plan *p = xcalloc(1, sizeof(*p));
	VEC(struct restart_action) actions = { 0 };
	uint64_t at = 0;

	p->n_targets = targets_resolve(&c->targets, run_plan->n_nodes, &p->targets);
	for (;;) {
		at += rng_range(rng, c->min_delay_ns, c->max_delay_ns);
		if (at >= run_plan->scenario->run.duration_ns || actions.len == MAX_ACTIONS)
			break;
		struct restart_action action = { .at_ns = at, .seed = rng_u64(rng) };
		vec_push(&actions, action);
	}
	p->actions = actions.items;
	p->n_actions = actions.len;
	p->next_at_ns = at;
	p->rng = *rng;
	*ret = p;
	return 0;
}

static void plan_free_data(void *plan_data)
{
	struct restarts_plan *p = plan_data;
	if (!p)
		return;
	free(p->targets);
	free(p->actions);
	free(p);
}

/* The order in which nodes are considered for an action; the caller frees it. */
static unsigned *candidates(const struct restarts_plan *p, const struct restart_action *a)
{
	unsigned *order = xmemdup(p->targets, MAX(p->n_targets, 1u) * sizeof(*order));
	struct rng rng;
	rng_init(&rng, a->seed);
	for (size_t i = p->n_targets; i > 1; i--) {
		size_t j = (size_t)rng_below(&rng, i);
		unsigned swap = order[i - 1];
		order[i - 1] = order[j];
		order[j] = swap;
	}
	return order;
}

static uint64_t planned(const void *plan_data)
{
	const struct restarts_plan *p = plan_data;
	return p->n_actions;
}

static void plan_to_json_value(const void *plan_data, struct jw *w)
{
	const struct restarts_plan *p = plan_data;
	jw_object(w);
	jw_key(w, "restarts");
	jw_array(w);
	for (size_t i = 0; i < p->n_actions; i++) {
		CLEANUP_FREE unsigned *order = candidates(p, &p->actions[i]);
		jw_object(w);
		jw_ku64(w, "at_ns", p->actions[i].at_ns);
		jw_ku64(w, "seed", p->actions[i].seed);
		jw_key(w, "candidates");
		jw_array(w);
		for (size_t j = 0; j < MIN(p->n_targets, (size_t)ORDER_IN_JSON); j++)
			jw_u64(w, order[j]);
		jw_array_end(w);
		jw_object_end(w);
	}
	jw_array_end(w);
	jw_object_end(w);
}

/* --- running ------------------------------------------------------------------------- */

struct restarts_run {
	const struct workload_env *env;
	const struct restarts_config *config;
	const struct restarts_plan *plan;
	struct tuned tuned;
	size_t n_taken; /* actions, planned and further ones */
	uint64_t next_at_ns;
	struct rng rng;
	uint64_t *free_at_ns; /* by node: end of its cool-down */
	size_t n_nodes;
	uint64_t done, skipped, failed;
	struct err first_error;
};

static void report(struct restarts_run *r, bool end)
{
	struct event *ev = event_new(EVENT_WORKLOAD, hub_now(r->env->hub), -1);
	struct workload_counts *c = &ev->u.workload.counts;
	ev->u.workload.name = xstrdup(r->env->name);
	c->actions = r->done;
	if (end) {
		ev->u.workload.end = true;
		ev->u.workload.ok = r->failed == 0;
		if (r->failed > 0)
			ev->u.workload.reason = xstrdup(r->first_error.text);
	}
	hub_emit(r->env->hub, ev);
}

static void note(struct restarts_run *r, const char *text)
{
	struct event *ev = event_new(EVENT_NOTE, hub_now(r->env->hub), -1);
	ev->u.note.text = xasprintf("%s: %s", r->env->name, text);
	hub_emit(r->env->hub, ev);
}

/* The first candidate that is up and not cooling down, or -1. */
static int pick(struct restarts_run *r, const struct restart_action *a, uint64_t now_ns)
{
	CLEANUP_FREE unsigned *order = candidates(r->plan, a);
	for (size_t i = 0; i < r->plan->n_targets; i++) {
		enum node_state state = control_node_state(r->env->control, order[i]);
		if (r->free_at_ns[order[i]] <= now_ns && (state == NODE_UP || state == NODE_READY))
			return (int)order[i];
	}
	return -1;
}

static int op(struct restarts_run *r, enum node_op what, unsigned node, struct err *err)
{
	return control_node_op(r->env->control, what, node, r->env->name, r->env->cancel, err);
}

static int restart(struct restarts_run *r, unsigned node, struct err *err)
{
	bool graceful = r->config->mode == RESTART_GRACEFUL;
	if (r->config->pause_ns == 0)
		return op(r, graceful ? NODE_OP_RESTART : NODE_OP_KILL_RESTART, node, err);
	if (op(r, graceful ? NODE_OP_STOP : NODE_OP_KILL, node, err) != 0)
		return -1;
	/* a fault must not outlive the phase that it belongs to */
	(void)tuned_wait(&r->tuned, clock_now(r->env->clock) + r->config->pause_ns);
	return op(r, NODE_OP_START, node, err);
}

/* false: there is no point in going on. */
static bool act(struct restarts_run *r, const struct restart_action *a)
{
	struct err err = { 0 };
	int node = pick(r, a, clock_now(r->env->clock));
	if (node < 0) {
		r->skipped++;
		note(r, "restart skipped: every target is down or cooling down");
		return true;
	}
	int rc = restart(r, (unsigned)node, &err);
	r->free_at_ns[node] = clock_now(r->env->clock) + r->config->cooldown_ns;
	if (rc == 0) {
		r->done++;
		report(r, false);
		return true;
	}
	if (err.code == ERR_CANCELLED)
		return false;
	err_prefix(&err, "restart of %s", r->env->plan->nodes[node].name);
	if (r->failed++ == 0)
		r->first_error = err;
	return err.code != ERR_UNSUPPORTED;
}

/* The planned ones first, then what the same generator draws for a longer drive phase. */
static bool next_action(struct restarts_run *r, struct restart_action *ret)
{
	if (r->n_taken == MAX_ACTIONS)
		return false;
	if (r->n_taken < r->plan->n_actions) {
		*ret = r->plan->actions[r->n_taken++];
		return true;
	}
	*ret = (struct restart_action){ .at_ns = r->next_at_ns, .seed = rng_u64(&r->rng) };
	r->next_at_ns += rng_range(&r->rng, r->config->min_delay_ns, r->config->max_delay_ns);
	r->n_taken++;
	return true;
}

static int run(const struct workload_env *env, struct err *err)
{
	struct restarts_run r = { .env = env, .config = env->config, .plan = env->plan_data };
	struct restart_action action;

	r.next_at_ns = r.plan->next_at_ns;
	r.rng = r.plan->rng;
	r.n_nodes = env->plan->n_nodes;
	r.free_at_ns = xcalloc(MAX(r.n_nodes, 1u), sizeof(*r.free_at_ns));
	tuned_init(&r.tuned, env);

	while (next_action(&r, &action) &&
		tuned_wait(&r.tuned, env->drive_start_ns + action.at_ns) == TUNED_DUE) {
		if (r.tuned.state.held) {
			r.skipped++;
			note(&r, "restart skipped: held");
		} else if (!act(&r, &action)) {
			break;
		}
	}
	tuned_release(&r.tuned);
	report(&r, true);
	free(r.free_at_ns);
	if (r.failed > 0)
		return err_set(err, r.first_error.code, "%s", r.first_error.text);
	return 0;
}

const struct workload_ops restarts_workload = {
	.name = "restarts",
	.summary = "Kills or stops nodes at random times and starts them again",
	.config_size = sizeof(struct restarts_config),
	.options = options,
	.needs = BACKEND_RESTART,
	.tunes = TUNE_HOLD,
	.default_checks = default_checks,
	.validate = validate,
	.plan = plan,
	.plan_to_json = plan_to_json_value,
	.plan_free = plan_free_data,
	.planned = planned,
	.run = run,
};
