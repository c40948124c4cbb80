/*
 * What the files of the runner share: the run itself (runner.c), its phases
 * (run_phases.c) and the threads of its workloads (run_load.c).
 */
#ifndef CORE_RUNNER_PRIV_H
#define CORE_RUNNER_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include "core/cluster.h"
#include "core/control_priv.h"
#include "core/feed.h"
#include "core/queries.h"
#include "core/runner.h"
#include "core/scrape.h"
#include "core/workload.h"

struct worker {
	struct run *run;
	struct workload_env env;
	const struct workload_ops *ops;
	pthread_t thread;
	bool started, joined;
	int rc;         /* valid when done */
	struct err err; /* of a failed one */
	atomic_bool done;
	struct tune *tune; /* owned */
};

struct run {
	/* Immutable once the runner's thread runs. */
	struct run_options opt;
	char *run_dir, *run_id, *events_copy;
	const struct scenario *scenario;
	const struct plan *plan;
	struct clock *clock;
	struct hub *hub;
	struct jury *jury;
	struct journal *journal;
	struct procs *procs;
	struct net *net;
	struct feed *feed;
	struct queries *queries;
	struct cluster *cluster;
	struct control *control;
	struct backend backend;
	uint64_t t0_ns;        /* clock time */
	bool timeout_is_given; /* by the user: it is not moved */
	uint64_t ready_timeout_ns, settle_max_ns, block_interval_ns;
	pthread_t thread;
	bool thread_started;

	/*
	 * stop: end the load and come to an end; force: end at once. load is
	 * what workloads see: a child of stop.
	 */
	struct cancel *stop, *force, *load, *up;
	struct wake wake; /* the runner's */
	struct wake done_wake;
	atomic_uint signals;
	atomic_int signo;
	atomic_bool timed_out, up_timed_out, done;

	pthread_mutex_t broken_lock;
	struct err broken; /* broken_lock; see struct backend_env */
	bool is_judged;    /* broken_lock: what breaks from here on changes nothing */

	/* Runner's thread; readable by others once done is set. */
	struct backend_env env; /* env.cancel: what the current phase obeys */
	enum phase phase;
	uint64_t deadline_ns; /* clock time */
	uint64_t deadline_timer, last_timer;
	uint64_t drive_start_ns, drive_end_ns; /* clock times; 0 before */
	bool judge_now;                        /* somebody asked for it */
	bool prepared, started;                /* `up` was begun */
	struct scrape *scrape;                 /* NULL when there is nothing to scrape */
	uint64_t scraped_changes;
	enum verdict judged;
	struct err failure; /* what ended the run before the drive; its phase: */
	enum phase failed_phase;
	char short_of[300];  /* why the verdict is unknown at best; may be empty */
	struct err internal; /* stuck workloads, reports that cannot be written */
	struct err teardown;
	struct worker *workers;
	size_t n_workers;
	bool stuck; /* a workload did not return: nothing may be freed */
	struct run_result result;
};

/* --- runner.c --- */
bool run_must_stop(const struct run *r); /* interrupted, out of time, or broken */
/* Whether something failed that is no node; err says what. */
bool run_is_broken(struct run *r, struct err *err);
void run_note(struct run *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void run_short_of(struct run *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Serves commands and readiness until a clock time; -1 as soon as cancel is set. */
int run_serve_until(struct run *r, uint64_t until_ns, const struct cancel *cancel);
/* One turn of that: waits for work, or until a clock time at most. */
enum clock_wait run_serve(struct run *r, uint64_t until_ns, const struct cancel *cancel);

void run_arm_deadline(struct run *r); /* again, after deadline_ns has moved */

/* --- run_phases.c --- */
/* Commands about the drive phase: see control_options; arg is the run. */
int run_extend(void *arg, uint64_t duration_ns, struct err *err);
void run_end_drive(void *arg, bool judge, const char *by);
void run_all_phases(struct run *r); /* all but collect and down */
void run_collect(struct run *r);
void run_down(struct run *r);

/* --- run_load.c --- */
int run_load_start(struct run *r, uint64_t drive_end_ns, struct err *err);
bool run_load_is_done(struct run *r);
/* See control_options; arg is the run. */
bool run_load_find(void *arg, const char *name, unsigned *ret_tunes, struct tune **ret_tune);
void run_load_set_end(struct run *r, uint64_t drive_end_ns);
/* Cancels what still works, waits for it (bounded) and takes note of what failed. */
void run_load_stop(struct run *r);

#endif
