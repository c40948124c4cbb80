/*
 * The threads of the workloads: starting them, and getting them all back.
 */
#include <errno.h>
#include <string.h>

#include "core/runner_priv.h"
#include "util/mem.h"

#define RETURN_NS (30 * NS_PER_S) /* a cancelled workload must be back by then */

static const struct model_workload *find_workload(const struct model *m, const char *name)
{
	for (size_t i = 0; i < m->n_workloads; i++) {
		if (strcmp(m->workloads[i].name, name) == 0)
			return &m->workloads[i];
	}
	return NULL;
}

/* Sees to it that the stream has an end for this workload that agrees with run()'s word. */
static void emit_end(struct worker *w)
{
	struct hub *hub = w->run->hub;

	hub_flush(hub);
	struct snapshot *s = hub_snapshot(hub);
	const struct model_workload *known = find_workload(&s->model, w->env.name);
	if (!known || !known->ended || (known->ok && w->rc < 0)) {
		struct event *ev = event_new(EVENT_WORKLOAD, hub_now(hub), -1);
		ev->u.workload.name = xstrdup(w->env.name);
		if (known)
			ev->u.workload.counts = known->counts;
		ev->u.workload.end = true;
		ev->u.workload.ok = w->rc == 0;
		ev->u.workload.reason = w->rc < 0 ? xstrdup(w->err.text) : NULL;
		hub_emit(hub, ev);
	}
	snapshot_unref(s);
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	struct clock *clock = w->env.clock;

	w->rc = w->ops->run(&w->env, &w->err);
	emit_end(w);
	atomic_store(&w->done, true);
	/* signalled before leaving, so that virtual time cannot pass over it */
	wake_signal(&w->run->wake);
	clock_leave(clock);
	return NULL;
}

bool run_load_find(void *arg, const char *name, unsigned *ret_tunes, struct tune **ret_tune)
{
	struct run *r = arg;

	*ret_tune = NULL;
	for (size_t i = 0; i < r->scenario->n_workloads; i++) {
		const struct workload_use *use = &r->scenario->workloads[i];
		if (strcmp(use->name, name) != 0)
			continue;
		*ret_tunes = use->ops->tunes;
		if (r->workers && !atomic_load(&r->workers[i].done))
			*ret_tune = r->workers[i].tune;
		return true;
	}
	return false;
}

void run_load_set_end(struct run *r, uint64_t drive_end_ns)
{
	for (size_t i = 0; i < r->n_workers; i++) {
		if (r->workers[i].tune)
			tune_set_drive_end(r->workers[i].tune, drive_end_ns);
	}
}

static int start_worker(struct run *r, size_t i, uint64_t drive_end_ns, struct err *err)
{
	const struct workload_use *use = &r->scenario->workloads[i];
	struct worker *w = &r->workers[i];

	w->run = r;
	w->ops = use->ops;
	w->tune = tune_new(drive_end_ns);
	w->env = (struct workload_env){
		.name = use->name,
		.config = use->config,
		.plan_data = r->plan->workloads ? r->plan->workloads[i] : NULL,
		.plan = r->plan,
		.clock = r->clock,
		.cancel = r->load,
		.hub = r->hub,
		.net = r->net,
		.feed = r->feed,
		.control = r->control,
		.t0_ns = r->t0_ns,
		.drive_start_ns = clock_now(r->clock),
		.drive_end_ns = drive_end_ns,
		.tune = w->tune,
	};
	clock_join(r->clock);
	int rc = pthread_create(&w->thread, NULL, worker_main, w);
	if (rc != 0) {
		clock_leave(r->clock);
		errno = rc;
		return err_errno(err, ERR_ENV, "cannot start a thread for workload %s", use->name);
	}
	w->started = true;
	return 0;
}

int run_load_start(struct run *r, uint64_t drive_end_ns, struct err *err)
{
	r->n_workers = r->scenario->n_workloads;
	r->workers = xcalloc(MAX(r->n_workers, 1u), sizeof(*r->workers));
	for (size_t i = 0; i < r->n_workers; i++) {
		if (start_worker(r, i, drive_end_ns, err) < 0)
			return -1;
	}
	return 0;
}

bool run_load_is_done(struct run *r)
{
	for (size_t i = 0; i < r->n_workers; i++) {
		if (r->workers[i].started && !atomic_load(&r->workers[i].done))
			return false;
	}
	return true;
}

static void judge_worker(struct run *r, const struct model *m, const struct worker *w)
{
	const struct model_workload *known = find_workload(m, w->env.name);

	/* what it was doing when somebody asked to judge at once is for the checks to tell */
	if (r->judge_now && w->rc < 0 && w->err.code == ERR_CANCELLED)
		return;
	if (w->rc < 0)
		run_short_of(r, "workload %s: %s", w->env.name, w->err.text);
	else if (known && known->ended && !known->ok)
		run_short_of(r, "workload %s: %s", w->env.name,
			known->reason ? known->reason : "it could not do its work");
}

void run_load_stop(struct run *r)
{
	if (!r->workers)
		return;
	cancel_set(r->load);
	uint64_t deadline = clock_now(r->clock) + RETURN_NS;
	while (!run_load_is_done(r) && clock_now(r->clock) < deadline)
		run_serve(r, deadline, NULL);

	hub_flush(r->hub);
	struct snapshot *s = hub_snapshot(r->hub);
	for (size_t i = 0; i < r->n_workers; i++) {
		struct worker *w = &r->workers[i];
		if (!w->started || w->joined)
			continue;
		if (!atomic_load(&w->done)) {
			r->stuck = true;
			err_set(&r->internal, ERR_INTERNAL,
				"workload %s did not return after it was cancelled", w->env.name);
			continue;
		}
		pthread_join(w->thread, NULL);
		w->joined = true;
		judge_worker(r, &s->model, w);
	}
	snapshot_unref(s);
}
