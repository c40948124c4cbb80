/*
 * The timeline workload: commands at fixed times of the drive phase, such as
 * "15s partition n0 n1 | n2 n3". What a command is and can do is the business
 * of core/command.h; this file knows only when. One step after the other, on
 * its own thread; nothing here is random.
 */
#include "workloads/timeline.h"

#include <stdio.h>
#include <string.h>

#include "util/units.h"
#include "workloads/tuned.h"

#define MAX_STEPS 10000u

struct timeline_step {
	uint64_t at_ns; /* from the start of the drive phase */
	size_t number;  /* as written, from 1 */
	struct command command;
	char *text; /* as written, owned */
};

struct timeline_plan {
	struct timeline_step *steps; /* by time, and as written when at the same time; owned */
	size_t n_steps;
};

static const char *const default_checks[] = { "consensus_liveness", "agreement", NULL };

static const struct option options[] = {
	{ .name = "steps",
		.type = OPTION_STRINGS,
		.offset = offsetof(struct timeline_config, steps),
		.help = "What happens when, each as \"TIME COMMAND\": \"10s restart n1\"" },
	{ .name = NULL },
};

/* --- the plan ------------------------------------------------------------------------- */

static int parse_step(const char *text, struct timeline_step *ret, struct err *err)
{
	CLEANUP_FREE char *time = NULL;
	const char *from = text + strspn(text, " \t");
	size_t len = strcspn(from, " \t");
	const char *command = from + len + strspn(from + len, " \t");

	time = xstrndup(from, len);
	if (!*command)
		return err_set(err, ERR_USAGE,
			"expected TIME COMMAND, such as \"10s restart n1\"; there is only one "
			"word");
	if (units_parse_duration(time, &ret->at_ns, err) != 0)
		return err_prefix(err, "expected TIME COMMAND, such as \"10s restart n1\"");
	return command_parse(command, &ret->command, err);
}

static void plan_free_data(void *plan_data)
{
	struct timeline_plan *p = plan_data;
	if (!p)
		return;
	for (size_t i = 0; i < p->n_steps; i++)
		free(p->steps[i].text);
	free(p->steps);
	free(p);
}

static int by_time(const void *a, const void *b)
{
	const struct timeline_step *x = a, *y = b;
	if (x->at_ns != y->at_ns)
		return x->at_ns < y->at_ns ? -1 : 1;
	return x->number < y->number ? -1 : 1;
}

static int step_failed(const struct timeline_step *s, struct err *err)
{
	return err_prefix(err, "step %zu, %s", s->number, s->text);
}

static struct timeline_plan *read_steps(const struct strlist *steps, struct err *err)
{
	struct timeline_plan *p = xcalloc(1, sizeof(*p));

	p->steps = xcalloc(MAX(steps->len, 1u), sizeof(*p->steps));
	for (size_t i = 0; i < steps->len; i++) {
		struct timeline_step *s = &p->steps[p->n_steps++];
		s->number = i + 1;
		s->text = xstrdup(steps->items[i]);
		if (parse_step(s->text, s, err) != 0) {
			step_failed(s, err);
			plan_free_data(p);
			return NULL;
		}
	}
	qsort(p->steps, p->n_steps, sizeof(*p->steps), by_time);
	return p;
}

static int plan(const void *config, const struct plan *run_plan, struct rng *rng, void **ret,
	struct err *err)
{
	(void)run_plan;
	(void)rng;
	const struct timeline_config *c = config;
	*ret = read_steps(&c->steps, err);
	return *ret ? 0 : -1;
}

static uint64_t planned(const void *plan_data)
{
	const struct timeline_plan *p = plan_data;
	return p->n_steps;
}

static void plan_to_json_value(const void *plan_data, struct jw *w)
{
	const struct timeline_plan *p = plan_data;
	char text[COMMAND_TEXT + 64];

	jw_object(w);
	jw_key(w, "steps");
	jw_array(w);
	for (size_t i = 0; i < p->n_steps; i++) {
		jw_object(w);
		jw_ku64(w, "at_ns", p->steps[i].at_ns);
		jw_kstr(w, "command", command_format(&p->steps[i].command, text, sizeof(text)));
		jw_object_end(w);
	}
	jw_array_end(w);
	jw_object_end(w);
}

/* --- checking ------------------------------------------------------------------------- */

/* What will be so when a step's time comes, as far as the steps before it decide that. */
struct outlook {
	const struct scenario *scenario;
	uint64_t end_ns; /* of the drive phase */
	size_t n_nodes;
	bool removed[TOPOLOGY_MAX_NODES];
	const struct timeline_step *last; /* the step that ends it */
};

static int check_node(const struct outlook *o, unsigned node, struct err *err)
{
	if (node == COMMAND_ALL_NODES || node < o->n_nodes)
		return 0;
	return err_set(err, ERR_USAGE, "no node is called n%u then; there are n0 to n%zu", node,
		o->n_nodes - 1);
}

static int check_nodes(const struct outlook *o, const struct command *c, struct err *err)
{
	if (c->kind == COMMAND_PARTITION) {
		CLEANUP_FREE int *groups = xcalloc(MAX(o->n_nodes, 1u), sizeof(*groups));
		return command_groups(c->text, o->n_nodes, groups, err);
	}
	if (c->kind == COMMAND_LINK && check_node(o, c->to, err) != 0)
		return -1;
	if (c->kind == COMMAND_LINK || c->kind == COMMAND_HEAL ||
		(c->kind == COMMAND_NODE && c->op != NODE_OP_ADD))
		return check_node(o, c->node, err);
	return 0;
}

static const struct workload_use *find_workload(const struct scenario *s, const char *name)
{
	for (size_t i = 0; i < s->n_workloads; i++) {
		if (strcmp(s->workloads[i].name, name) == 0)
			return &s->workloads[i];
	}
	return NULL;
}

/* A state in which the operation can be done: whether it will be so, only the run can tell. */
static enum node_state favourable_state(const struct outlook *o, const struct command *c)
{
	if (c->node < TOPOLOGY_MAX_NODES && o->removed[c->node])
		return NODE_REMOVED;
	if (c->op == NODE_OP_START)
		return NODE_STOPPED;
	return c->op == NODE_OP_RESUME ? NODE_PAUSED : NODE_READY;
}

static int check_possible(const struct outlook *o, const struct command *c, struct err *err)
{
	const struct scenario *s = o->scenario;
	const struct workload_use *use = find_workload(s, c->workload);
	struct command_context x = {
		.caps = s->backend ? s->backend->caps : ~0u,
		.backend = s->backend ? s->backend->name : "",
		.phase = PHASE_DRIVE,
		.n_nodes = o->n_nodes,
		.node = NODE_READY,
		.has_workload = use != NULL,
		.tunes = use ? use->ops->tunes : 0,
	};

	if (c->kind == COMMAND_NODE && c->op != NODE_OP_ADD)
		x.node = favourable_state(o, c);
	if (c->workload[0] && !use)
		return err_set(
			err, ERR_USAGE, "no workload of this preset is called %s", c->workload);
	return command_possible(c, &x, err);
}

static int check_time(const struct outlook *o, const struct timeline_step *s, struct err *err)
{
	char at[32], end[32];

	if (o->last)
		return err_set(err, ERR_USAGE,
			"it would never happen: step %zu, %s ends the drive phase before it",
			o->last->number, o->last->text);
	if (s->at_ns < o->end_ns)
		return 0;
	return err_set(err, ERR_USAGE,
		"%s is not within the drive phase (%s): raise run.duration, or put an \"extend\" "
		"before it",
		units_format_duration(s->at_ns, at, sizeof(at)),
		units_format_duration(o->end_ns, end, sizeof(end)));
}

static int check_step(struct outlook *o, const struct timeline_step *s, struct err *err)
{
	const struct command *c = &s->command;

	if (check_time(o, s, err) != 0 || check_nodes(o, c, err) != 0 ||
		check_possible(o, c, err) != 0)
		return -1;
	if (c->kind == COMMAND_NODE && c->op == NODE_OP_ADD && o->n_nodes++ >= TOPOLOGY_MAX_NODES)
		return err_set(err, ERR_USAGE, "more than %d nodes", TOPOLOGY_MAX_NODES);
	if (c->kind == COMMAND_NODE && c->op == NODE_OP_REMOVE && c->node < TOPOLOGY_MAX_NODES)
		o->removed[c->node] = true;
	if (c->kind == COMMAND_EXTEND)
		o->end_ns += c->duration_ns;
	if (c->kind == COMMAND_END || c->kind == COMMAND_JUDGE)
		o->last = s;
	return 0;
}

static int validate(const void *config, const struct scenario *s, struct err *err)
{
	const struct timeline_config *c = config;
	struct outlook o = {
		.scenario = s, .end_ns = s->run.duration_ns, .n_nodes = s->topology.n_nodes
	};
	int rc = 0;

	if (c->steps.len == 0)
		return err_set(err, ERR_USAGE,
			"steps is empty, so nothing would happen: write what is to happen, such "
			"as steps: [\"10s restart n1\"]");
	if (c->steps.len > MAX_STEPS)
		return err_set(err, ERR_USAGE, "%zu steps, at most %u are possible", c->steps.len,
			MAX_STEPS);
	struct timeline_plan *p = read_steps(&c->steps, err);
	if (!p)
		return -1;
	for (size_t i = 0; rc == 0 && i < p->n_steps; i++) {
		rc = check_step(&o, &p->steps[i], err);
		if (rc != 0)
			step_failed(&p->steps[i], err);
	}
	plan_free_data(p);
	return rc;
}

/* --- running -------------------------------------------------------------------------- */

struct timeline_run {
	const struct workload_env *env;
	const struct timeline_plan *plan;
	struct tuned tuned;
	uint64_t done, failed;
	struct err first_error;
};

static void report(struct timeline_run *r, bool end)
{
	struct event *ev = event_new(EVENT_WORKLOAD, hub_now(r->env->hub), -1);
	ev->u.workload.name = xstrdup(r->env->name);
	ev->u.workload.counts.planned = r->plan->n_steps;
	ev->u.workload.counts.actions = r->done;
	if (end) {
		ev->u.workload.end = true;
		ev->u.workload.ok = r->failed == 0;
		if (r->failed > 0)
			ev->u.workload.reason = xstrdup(r->first_error.text);
	}
	hub_emit(r->env->hub, ev);
}

static void note_left(struct timeline_run *r, size_t n)
{
	struct event *ev = event_new(EVENT_NOTE, hub_now(r->env->hub), -1);
	ev->u.note.text = xasprintf("%s: %zu of %zu step%s left when the drive phase ended",
		r->env->name, n, r->plan->n_steps, plural_s(r->plan->n_steps));
	hub_emit(r->env->hub, ev);
}

/* false: the drive phase is over, and so is what is left. */
static bool do_step(struct timeline_run *r, const struct timeline_step *s)
{
	enum command_kind kind = s->command.kind;
	struct err err = { 0 };

	int rc = control_do(r->env->control, &s->command, r->env->name, r->env->cancel, &err);
	/* refused because it is over? Then nothing has failed; a step may be what ended it. */
	if (rc != 0 && err.code == ERR_CANCELLED && tuned_wait(&r->tuned, 0) != TUNED_DUE) {
		if (kind != COMMAND_END && kind != COMMAND_JUDGE)
			return false;
		rc = 0;
	}
	if (rc == 0) {
		r->done++;
	} else {
		step_failed(s, &err);
		if (r->failed++ == 0)
			r->first_error = err;
	}
	report(r, false);
	return true;
}

static int run(const struct workload_env *env, struct err *err)
{
	struct timeline_run r = { .env = env, .plan = env->plan_data };
	size_t i = 0;

	tuned_init(&r.tuned, env);
	for (; i < r.plan->n_steps; i++) {
		uint64_t at = env->drive_start_ns + r.plan->steps[i].at_ns;
		if (tuned_wait(&r.tuned, at) != TUNED_DUE || !do_step(&r, &r.plan->steps[i]))
			break;
	}
	tuned_release(&r.tuned);
	if (i < r.plan->n_steps)
		note_left(&r, r.plan->n_steps - i);
	report(&r, true);
	if (r.failed > 0)
		return err_set(err, r.first_error.code, "%s", r.first_error.text);
	return 0;
}

const struct workload_ops timeline_workload = {
	.name = "timeline",
	.summary = "Carries out commands at fixed times",
	.fault = true,
	.planned = planned,
	.config_size = sizeof(struct timeline_config),
	.options = options,
	.needs = 0, /* that depends on the steps; see validate() */
	.default_checks = default_checks,
	.validate = validate,
	.plan = plan,
	.plan_to_json = plan_to_json_value,
	.plan_free = plan_free_data,
	.run = run,
};
