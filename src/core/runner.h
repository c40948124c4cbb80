/*
 * The runner: takes a scenario and its plan through all phases on a thread of
 * its own. Whatever happens, reports are written and the cluster is taken down.
 */
#ifndef CORE_RUNNER_H
#define CORE_RUNNER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/catalog.h"
#include "core/hub.h"
#include "core/plan.h"
#include "core/scenario.h"
#include "util/err.h"

enum exit_code {
	EXIT_PASS = 0,
	EXIT_FAIL = 1,    /* an expectation failed */
	EXIT_USAGE = 2,   /* command line or preset */
	EXIT_UNKNOWN = 3, /* could not be judged */
	EXIT_ENV = 4,     /* backend missing or cluster did not come up */
	EXIT_TIME = 5,    /* time limit */
	EXIT_INTERNAL = 70,
	EXIT_SIGNAL = 128, /* + signal number */
};
int exit_code_for(enum err_code code);

/* Whether the cluster is taken down at the end; a computed one always is. */
enum run_keep {
	RUN_KEEP_NEVER,
	RUN_KEEP_ON_FAILURE, /* when the run does not end in pass; also a part of a cluster */
	RUN_KEEP_ALWAYS,
};

struct run_result {
	enum verdict verdict;
	int exit_code;
	char reason[1000]; /* why not pass; empty otherwise */
	bool kept;         /* what was started of the cluster was left running */
};

struct run_options {
	const struct scenario *scenario;
	const struct plan *plan;
	const struct catalog *catalog;
	const char *run_dir; /* exists, empty or new; absolute */
	const char *run_id;
	const char *events_copy; /* --events; NULL: none */
	uint64_t timeout_ns;     /* whole run; 0: the scenario's, or derived */
	enum run_keep keep;
	const char *keep_why; /* the option or variable that asks for it */
	bool interactive;     /* somebody at a terminal may do anything to it */
	double virtual_pace;  /* on a virtual clock: run seconds per real second; 0: no limit */
	void *arg;
	/* Writes result.json and so on; called before teardown and again after it. Runner's thread.
	 */
	int (*write_reports)(
		void *arg, const struct snapshot *s, const struct run_result *r, struct err *err);
};

struct run;

/* Starts hub and runner thread. NULL only when not even the run directory can be written. */
struct run *run_start(const struct run_options *opt, struct err *err);
struct hub *run_hub(struct run *r);
struct control *run_control(struct run *r);
/* A signal came: first: stop, heal, judge what can be judged, down; second: kill and leave the
 * journal. Any thread. */
void run_interrupt(struct run *r, int signo);
struct wake *run_done_wake(struct run *r); /* signalled when the runner has finished */
bool run_is_done(struct run *r);
/* Waits for the end and fills in the result. */
void run_finish(struct run *r, struct run_result *ret);
void run_free(struct run *r);

#endif
