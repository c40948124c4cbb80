/*
 * A workload to start from: copy this file and its header, rename, and add the
 * table to registry.c. It writes a note at planned times and touches nothing.
 * Compiled and tested with everything else, so it is always up to date, but
 * not registered.
 */
#include "workloads/skeleton.h"

#include "util/mem.h"
#include "workloads/tuned.h"

/* What plan() decides: everything random, so that a seed repeats a run. */
struct skeleton_plan {
	uint64_t offset_ns; /* of the first note */
	uint64_t planned;
};

/* One row per setting; parser, `ltb describe` and the manual are made from it. */
static const struct option options[] = {
	{ .name = "every",
		.type = OPTION_DURATION,
		.offset = offsetof(struct skeleton_workload_config, every_ns),
		.def = "1s",
		.min = NS_PER_MS,
		.help = "Time between two notes" },
	{ .name = NULL },
};

/* What ranges of single options cannot say. The text names the cause and the fix. */
static int validate(const void *config, const struct scenario *s, struct err *err)
{
	const struct skeleton_workload_config *c = config;
	if (c->every_ns > s->run.duration_ns)
		return err_set(err, ERR_USAGE,
			"every is longer than run.duration, so nothing would happen: lower it");
	return 0;
}

static int plan(const void *config, const struct plan *run_plan, struct rng *rng, void **ret,
	struct err *err)
{
	(void)err;
	const struct skeleton_workload_config *c = config;
	struct skeleton_plan *p = xcalloc(1, sizeof(*p));
	p->offset_ns = rng_below(rng, c->every_ns);
	p->planned = (run_plan->scenario->run.duration_ns - p->offset_ns) / c->every_ns + 1;
	*ret = p;
	return 0;
}

static void plan_to_json_value(const void *plan_data, struct jw *w)
{
	const struct skeleton_plan *p = plan_data;
	jw_object(w);
	jw_ku64(w, "offset_ns", p->offset_ns);
	jw_ku64(w, "notes", p->planned);
	jw_object_end(w);
}

static uint64_t planned(const void *plan_data)
{
	const struct skeleton_plan *p = plan_data;
	return p->planned;
}

static void report(const struct workload_env *env, uint64_t done, bool end)
{
	struct event *ev = event_new(EVENT_WORKLOAD, hub_now(env->hub), -1);
	ev->u.workload.name = xstrdup(env->name);
	ev->u.workload.counts.actions = done;
	ev->u.workload.end = end;
	ev->u.workload.ok = true;
	hub_emit(env->hub, ev);
}

/*
 * The workload's own thread. Waits only in clock_wait() (here: tuned_wait()),
 * with the run's cancel; causes nothing while an operator holds it, nor after
 * the end of the drive phase, which may move; ends with an event that says so.
 */
static int run(const struct workload_env *env, struct err *err)
{
	(void)err;
	const struct skeleton_workload_config *c = env->config;
	const struct skeleton_plan *p = env->plan_data;
	uint64_t at = env->drive_start_ns + p->offset_ns, done = 0;
	struct tuned tuned;

	tuned_init(&tuned, env);
	for (; tuned_wait(&tuned, at) == TUNED_DUE; at += c->every_ns) {
		if (tuned.state.held)
			continue;
		struct event *ev = event_new(EVENT_NOTE, hub_now(env->hub), -1);
		ev->u.note.text = xasprintf("%s: note %llu, %llu are planned", env->name,
			(unsigned long long)++done, (unsigned long long)p->planned);
		hub_emit(env->hub, ev);
	}
	tuned_release(&tuned);
	report(env, done, true);
	return 0;
}

const struct workload_ops skeleton_workload = {
	.name = "skeleton",
	.summary = "Writes a note now and then; a starting point for new workloads",
	.config_size = sizeof(struct skeleton_workload_config),
	.options = options,
	.tunes = TUNE_HOLD, /* what run() obeys; none is fine */
	.validate = validate,
	.plan = plan,
	.plan_to_json = plan_to_json_value,
	.plan_free = free,
	.planned = planned,
	.run = run,
};
