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

/*
 * What will be so when a step's time comes, as far as steps decide that: those
 * of all timelines of the preset, each of which runs for itself.
 */
struct outlook {
	const struct scenario *scenario;
	uint64_t end_ns; /* of the drive phase */
	size_t n_nodes;
	/* NODE_PLANNED: nobody can tell, as more than timelines acts on nodes */
	enum node_state nodes[TOPOLOGY_MAX_NODES];
	bool others_act;                     /* on nodes: another workload that is a fault */
	const struct workload_use *use;      /* the one whose step is being looked at */
	const struct timeline_step *last;    /* the step that ends the drive phase */
	const struct workload_use *last_use; /* whose it is */
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

/*
 * The node's state then, or one in which the operation can be done where only
 * the run can tell: a node may have died by itself, and be started for that.
 */
static enum node_state state_then(const struct outlook *o, const struct command *c)
{
	enum node_state s = c->node < o->n_nodes ? o->nodes[c->node] : NODE_PLANNED;

	if (s == NODE_REMOVED || (s != NODE_PLANNED && c->op != NODE_OP_START))
		return s;
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
		x.node = state_then(o, c);
	if (c->workload[0] && !use)
		return err_set(
			err, ERR_USAGE, "no workload of this preset is called %s", c->workload);
	return command_possible(c, &x, err);
}

static int check_time(const struct outlook *o, const struct timeline_step *s, struct err *err)
{
	char at[32], end[32];

	if (o->last && o->last_use != o->use)
		return err_set(err, ERR_USAGE,
			"it would never happen: step %zu of %s, %s ends the drive phase before it",
			o->last->number, o->last_use->name, o->last->text);
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

/* A time limit that somebody set stays as it is, so the run would refuse what goes beyond it. */
static int check_limit(const struct outlook *o, const struct command *c, struct err *err)
{
	const struct run_settings *r = &o->scenario->run;
	uint64_t least = r->warmup_ns + o->end_ns + c->duration_ns;
	char limit[32], needs[32];

	if (c->kind != COMMAND_EXTEND || r->timeout_ns == 0 || least < r->timeout_ns)
		return 0;
	return err_set(err, ERR_USAGE,
		"warmup and drive phase would take %s then, and run.timeout is %s: raise it",
		units_format_duration(least, needs, sizeof(needs)),
		units_format_duration(r->timeout_ns, limit, sizeof(limit)));
}

static void set_state(struct outlook *o, unsigned node, enum node_state s)
{
	if (s != NODE_REMOVED && (o->others_act || o->nodes[node] == NODE_REMOVED))
		return;
	o->nodes[node] = s;
}

/* What the step makes of what will be so. */
static void foresee(struct outlook *o, const struct timeline_step *s)
{
	static const enum node_state after[NODE_OP_COUNT] = {
		[NODE_OP_START] = NODE_READY,
		[NODE_OP_STOP] = NODE_STOPPED,
		[NODE_OP_KILL] = NODE_STOPPED,
		[NODE_OP_RESTART] = NODE_READY,
		[NODE_OP_KILL_RESTART] = NODE_READY,
		[NODE_OP_PAUSE] = NODE_PAUSED,
		[NODE_OP_RESUME] = NODE_READY,
		[NODE_OP_REMOVE] = NODE_REMOVED,
		[NODE_OP_ADD] = NODE_READY,
	};
	const struct command *c = &s->command;

	if (c->kind == COMMAND_NODE && c->op == NODE_OP_ADD)
		set_state(o, (unsigned)o->n_nodes++, after[c->op]);
	else if (c->kind == COMMAND_NODE && c->node < o->n_nodes)
		set_state(o, c->node, after[c->op]);
	for (unsigned i = 0; c->kind == COMMAND_HEAL && i < o->n_nodes; i++) {
		if (c->node == COMMAND_ALL_NODES || c->node == i)
			set_state(o, i, NODE_READY);
	}
	if (c->kind == COMMAND_EXTEND)
		o->end_ns += c->duration_ns;
	if (c->kind == COMMAND_END || c->kind == COMMAND_JUDGE) {
		o->last = s;
		o->last_use = o->use;
	}
}

static int check_step(struct outlook *o, const struct timeline_step *s, struct err *err)
{
	const struct command *c = &s->command;

	if (check_time(o, s, err) != 0 || check_nodes(o, c, err) != 0 ||
		check_possible(o, c, err) != 0 || check_limit(o, c, err) != 0)
		return -1;
	foresee(o, s);
	return 0;
}

static void outlook_init(struct outlook *o, const struct scenario *s)
{
	*o = (struct outlook){
		.scenario = s, .end_ns = s->run.duration_ns, .n_nodes = s->topology.n_nodes
	};
	for (size_t i = 0; i < s->n_workloads; i++)
		o->others_act |= s->workloads[i].ops != &timeline_workload &&
				 workload_is_fault(s->workloads[i].ops);
	for (size_t i = 0; i < o->n_nodes; i++)
		o->nodes[i] = o->others_act ? NODE_PLANNED : NODE_READY;
}

/* A timeline of the preset, on the way through it. */
struct lane {
	const struct workload_use *use;
	struct timeline_plan *plan; /* owned; NULL: that one's own check says what is wrong */
	size_t next;
};

/* The lane whose next step is due first; NULL: all are through. */
static struct lane *first_due(struct lane *lanes, size_t n)
{
	struct lane *first = NULL;

	for (size_t i = 0; i < n; i++) {
		struct lane *l = &lanes[i];

		if (!l->plan || l->next == l->plan->n_steps)
			continue;
		if (!first || l->plan->steps[l->next].at_ns < first->plan->steps[first->next].at_ns)
			first = l;
	}
	return first;
}

/* Goes through all timelines at once; an error is only told of the one with this config. */
static int check_lanes(
	struct lane *lanes, size_t n, const void *config, const struct scenario *s, struct err *err)
{
	CLEANUP_FREE struct outlook *o = xcalloc(1, sizeof(*o));
	struct err of_another;

	outlook_init(o, s);
	for (struct lane *l; (l = first_due(lanes, n));) {
		const struct timeline_step *step = &l->plan->steps[l->next++];
		bool ours = l->use->config == config;

		o->use = l->use;
		err_clear(&of_another);
		if (check_step(o, step, ours ? err : &of_another) != 0 && ours)
			return step_failed(step, err);
	}
	return 0;
}

static int validate(const void *config, const struct scenario *s, struct err *err)
{
	const struct timeline_config *c = config;
	CLEANUP_FREE struct lane *lanes = xcalloc(s->n_workloads, sizeof(*lanes));
	size_t n = 0;
	int rc = 0;

	if (c->steps.len == 0)
		return err_set(err, ERR_USAGE,
			"steps is empty, so nothing would happen: write what is to happen, such "
			"as steps: [\"10s restart n1\"]");
	if (c->steps.len > MAX_STEPS)
		return err_set(err, ERR_USAGE, "%zu steps, at most %u are possible", c->steps.len,
			MAX_STEPS);
	for (size_t i = 0; rc == 0 && i < s->n_workloads; i++) {
		const struct workload_use *use = &s->workloads[i];
		const struct timeline_config *of = use->config;

		if (use->ops != &timeline_workload || of->steps.len > MAX_STEPS)
			continue;
		lanes[n].use = use;
		lanes[n].plan = read_steps(&of->steps, of == c ? err : NULL);
		rc = of == c && !lanes[n].plan ? -1 : 0;
		n++;
	}
	if (rc == 0)
		rc = check_lanes(lanes, n, config, s, err);
	for (size_t i = 0; i < n; i++)
		plan_free_data(lanes[i].plan);
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
