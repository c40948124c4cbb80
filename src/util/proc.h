/*
 * Starting one child process in a threaded program.
 *
 * The child gets: only the descriptors asked for (all others closed), default
 * signal dispositions and an empty mask, its own process group, and death by
 * SIGKILL when the *thread* that started it ends (PR_SET_PDEATHSIG), so spawn
 * from a thread that lives as long as the children should. A failed exec is
 * reported here, with errno, not as a child that exits.
 */
#ifndef UTIL_PROC_H
#define UTIL_PROC_H

#include <stdbool.h>
#include <sys/types.h>

#include "util/err.h"

struct proc_spec {
	const char *const *argv;            /* argv[0] is looked up in PATH when it has no slash */
	const char *const *env;             /* NULL-terminated KEY=VALUE list; NULL: inherit */
	const char *cwd;                    /* NULL: inherit */
	int stdin_fd, stdout_fd, stderr_fd; /* -1: /dev/null */
	bool die_with_parent;
};

struct proc {
	pid_t pid;
	int pidfd; /* owned; readable once the child has ended */
};

int proc_spawn(const struct proc_spec *spec, struct proc *ret, struct err *err);
int proc_signal(const struct proc *p, int sig); /* by pidfd, so never a recycled pid */
/* Signals the child's whole process group. */
int proc_signal_group(const struct proc *p, int sig);
/* Reaps without blocking: 1 and *ret_status (as waitpid) when ended, 0 when running, -1 error. */
int proc_reap(struct proc *p, int *ret_status);
void proc_release(struct proc *p); /* closes the pidfd */
/* "exit 3", "signal 9 (Killed)". */
const char *proc_status_text(int status, char *buf, size_t size);
/* Start time of a pid in clock ticks since boot (/proc/PID/stat field 22); 0 when gone. */
unsigned long long proc_start_time(pid_t pid);
/* Does the process of this pid and start time still do anything? One that has ended, but has not
 * been waited for, does not. */
bool proc_is_alive(pid_t pid, unsigned long long start_time);

/* Runs to the end; stdout and stderr (each at most max bytes) into out. For probes only. */
struct strbuf;
int proc_run(const char *const *argv, unsigned timeout_ms, size_t max, struct strbuf *out,
	int *ret_status, struct err *err);

#endif
