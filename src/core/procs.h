/*
 * The procs thread: the only one that starts children, so that they die with
 * it (PDEATHSIG) even when ltb is killed with SIGKILL. It watches their end
 * (pidfd) and pumps their output into size-capped log files.
 *
 * Callbacks run on the procs thread and must not block.
 */
#ifndef CORE_PROCS_H
#define CORE_PROCS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/clock.h"
#include "util/err.h"

struct procs;
struct child;

struct procs_spec {
	const char *const *argv;
	const char *const *env; /* NULL: inherit */
	const char *cwd;
	const char *log_path;   /* stdout and stderr, appended; NULL: discarded */
	uint64_t log_max_bytes; /* beyond it the log is rotated once (path.1); 0: the default */
	void (*on_exit)(void *arg, struct child *c, int status); /* status as waitpid */
	/* A complete line of output; may be NULL. Lines are cut at 4 KiB. */
	void (*on_line)(void *arg, struct child *c, const char *line, size_t len);
	void *arg;
	/*
	 * It may live on when this program ends (--keep): no death with the parent, and its output
	 * goes straight to the log file, so there is no cap and no on_line. procs_stop() still
	 * kills it; a program that just exits does not.
	 */
	bool outlive;
};

struct procs *procs_start(struct err *err);
/* Kills what still runs, reaps it, ends the thread. */
void procs_stop(struct procs *p);
void procs_free(struct procs *p);

/* Blocks until exec has succeeded or failed. The child is freed with child_free(). */
struct child *procs_spawn(struct procs *p, const struct procs_spec *spec, struct err *err);
pid_t child_pid(const struct child *c);
int child_signal(struct child *c, int sig); /* the whole process group; -1 when it has ended */
int child_running(struct child *c);
/* Waits until it has ended or the deadline (real time, ns from now): 1 ended (*ret_status), 0 not.
 */
int child_wait(struct child *c, uint64_t timeout_ns, int *ret_status);
/* The last lines of its output, at most max bytes; caller frees. */
char *child_tail(struct child *c, size_t max);
void child_free(struct child *c); /* kills it when it still runs */

#endif
