/*
 * Starting one child process in a threaded program; see proc.h.
 *
 * Between fork and exec only async-signal-safe calls are allowed (another
 * thread may have held any lock), so everything that allocates or looks
 * something up is done before, and the child tells of failures as two ints.
 */
#include "util/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "util/fs.h"
#include "util/mem.h"
#include "util/strbuf.h"

#ifndef PIDFD_SIGNAL_PROCESS_GROUP
#define PIDFD_SIGNAL_PROCESS_GROUP (1u << 2) /* Linux 6.9 */
#endif

/* Where a child got stuck. */
enum child_step { STEP_DESCRIPTORS, STEP_GROUP, STEP_CWD, STEP_EXEC };

struct child_failure {
	int step; /* enum child_step */
	int saved_errno;
};

/* --- in the child: async-signal-safe calls only -------------------------------- */

static _Noreturn void child_fail(int report_fd, enum child_step step)
{
	const struct child_failure failure = { .step = (int)step, .saved_errno = errno };
	if (write(report_fd, &failure, sizeof(failure)) < 0)
		_exit(126);
	_exit(127);
}

static void child_reset_signals(void)
{
	const struct sigaction by_default = { .sa_handler = SIG_DFL };
	for (int sig = 1; sig < NSIG; sig++)
		sigaction(sig, &by_default, NULL); /* refused for some, which have no other */
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* A copy of fd (-1: of /dev/null) that is out of the way of 0, 1 and 2. */
static int child_park_fd(int fd)
{
	int from = fd >= 0 ? fd : open("/dev/null", O_RDWR | O_CLOEXEC);
	return from < 0 ? -1 : fcntl(from, F_DUPFD_CLOEXEC, 3);
}

static int child_place_fds(const struct proc_spec *spec)
{
	const int wanted[] = { spec->stdin_fd, spec->stdout_fd, spec->stderr_fd };
	int parked[3];
	for (int i = 0; i < 3; i++) {
		parked[i] = child_park_fd(wanted[i]);
		if (parked[i] < 0)
			return -1;
	}
	for (int i = 0; i < 3; i++) {
		if (dup2(parked[i], i) < 0)
			return -1;
	}
	/* Only for what libraries opened: all of ours are close-on-exec, so that an
	 * old kernel which cannot do this is no reason to fail. */
	close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
	return 0;
}

static _Noreturn void child_main(const struct proc_spec *spec, const char *path, char *const *argv,
	char *const *env, pid_t parent, int report_fd)
{
	if (setpgid(0, 0) != 0)
		child_fail(report_fd, STEP_GROUP);
	if (spec->die_with_parent) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
			child_fail(report_fd, STEP_GROUP);
		if (getppid() != parent) /* it died before the prctl */
			_exit(127);
	}
	int fd = fcntl(report_fd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		child_fail(report_fd, STEP_DESCRIPTORS);
	if (child_place_fds(spec) != 0)
		child_fail(fd, STEP_DESCRIPTORS);
	if (spec->cwd && chdir(spec->cwd) != 0)
		child_fail(fd, STEP_CWD);
	child_reset_signals();
	execve(path, argv, env);
	child_fail(fd, STEP_EXEC);
}

/* --- in the parent ---------------------------------------------------------------- */

static pid_t fork_blocked(const struct proc_spec *spec, const char *path, int report_fd)
{
	/* A handler of ours must never run in the child. */
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	const pid_t parent = getpid();
	union {
		const char *const *in;
		char *const *out;
	} argv = { .in = spec->argv }, env = { .in = spec->env };
	if (!env.in)
		env.out = environ;
	pid_t pid = fork();
	if (pid == 0)
		child_main(spec, path, argv.out, env.out, parent, report_fd);
	int saved = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = saved;
	return pid;
}

static void wait_for(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static int child_error(const struct proc_spec *spec, const char *path,
	const struct child_failure *failure, struct err *err)
{
	errno = failure->saved_errno;
	switch ((enum child_step)failure->step) {
	case STEP_DESCRIPTORS:
		return err_errno(err, ERR_IO, "cannot start %s: setting up its descriptors", path);
	case STEP_GROUP:
		return err_errno(err, ERR_IO, "cannot start %s: setting up its group", path);
	case STEP_CWD:
		return err_errno(
			err, ERR_ENV, "cannot start %s: entering directory %s", path, spec->cwd);
	case STEP_EXEC:
		break;
	}
	return err_errno(err, ERR_ENV, "cannot start %s", path);
}

/* Waits until the child has called exec or failed to. */
static int read_report(int fd, struct child_failure *failure)
{
	ssize_t n;
	do
		n = read(fd, failure, sizeof(*failure));
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(*failure) ? -1 : 0;
}

/* The file to run; caller frees. */
static char *find_program(const char *name, struct err *err)
{
	/* relative to our directory, not to the one the child will be in */
	if (strchr(name, '/'))
		return fs_absolute(name);
	char *path = fs_which(name);
	if (!path)
		err_set(err, ERR_ENV,
			"program '%s' was not found in PATH: install it or extend PATH", name);
	return path;
}

int proc_spawn(const struct proc_spec *spec, struct proc *ret, struct err *err)
{
	*ret = (struct proc){ .pid = -1, .pidfd = -1 };
	CLEANUP_FREE char *path = find_program(spec->argv[0], err);
	if (!path)
		return -1;
	int report[2];
	if (pipe2(report, O_CLOEXEC) != 0)
		return err_errno(err, ERR_IO, "cannot start %s: creating a pipe", path);
	pid_t pid = fork_blocked(spec, path, report[1]);
	close(report[1]);
	if (pid < 0) {
		err_errno(err, ERR_IO, "cannot start %s", path);
		close(report[0]);
		return -1;
	}
	struct child_failure failure;
	int rc = read_report(report[0], &failure);
	close(report[0]);
	if (rc != 0) {
		wait_for(pid);
		return child_error(spec, path, &failure, err);
	}
	int pidfd = pidfd_open(pid, 0);
	if (pidfd < 0) {
		err_errno(err, ERR_IO, "cannot start %s: opening its pidfd", path);
		kill(pid, SIGKILL);
		wait_for(pid);
		return -1;
	}
	*ret = (struct proc){ .pid = pid, .pidfd = pidfd };
	return 0;
}

int proc_signal(const struct proc *p, int sig)
{
	return pidfd_send_signal(p->pidfd, sig, NULL, 0);
}

int proc_signal_group(const struct proc *p, int sig)
{
	if (pidfd_send_signal(p->pidfd, sig, NULL, PIDFD_SIGNAL_PROCESS_GROUP) == 0)
		return 0;
	if (errno != EINVAL)
		return -1;
	/* An older kernel. Only a child that is not reaped keeps its number. */
	if (pidfd_send_signal(p->pidfd, 0, NULL, 0) != 0)
		return -1;
	return kill(-p->pid, sig);
}

int proc_reap(struct proc *p, int *ret_status)
{
	pid_t got;
	do
		got = waitpid(p->pid, ret_status, WNOHANG);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -1 : got > 0;
}

void proc_release(struct proc *p)
{
	if (p->pidfd >= 0)
		close(p->pidfd);
	p->pidfd = -1;
}

const char *proc_status_text(int status, char *buf, size_t size)
{
	if (WIFEXITED(status)) {
		snprintf(buf, size, "exit %d", WEXITSTATUS(status));
	} else if (WIFSIGNALED(status)) {
		const char *name = sigdescr_np(WTERMSIG(status));
		snprintf(buf, size, "signal %d (%s)", WTERMSIG(status), name ? name : "unknown");
	} else {
		snprintf(buf, size, "status 0x%x", (unsigned)status);
	}
	return buf;
}

/* The start time, or 0; *ret_state is the letter of field 3. */
static unsigned long long read_stat(pid_t pid, char *ret_state)
{
	char path[64];
	CLEANUP_STRBUF struct strbuf text = { 0 };
	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	if (fs_read(path, 65536, &text, NULL) != 0)
		return 0;
	/* the name may contain anything, brackets too; field 3 follows the last one */
	const char *at = strrchr(strbuf_str(&text), ')');
	*ret_state = at && at[1] == ' ' ? at[2] : '?';
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at + 1, NULL, 10) : 0;
}

unsigned long long proc_start_time(pid_t pid)
{
	char state;
	return read_stat(pid, &state);
}

bool proc_is_alive(pid_t pid, unsigned long long start_time)
{
	char state;
	return start_time && read_stat(pid, &state) == start_time && state != 'Z' && state != 'X';
}

/* --- running to the end ------------------------------------------------------------- */

struct capture {
	int read_fd, write_fd;
	size_t left; /* bytes still wanted; the rest is read and dropped */
};

static int capture_open(struct capture *c, size_t max)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) != 0)
		return -1;
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	*c = (struct capture){ .read_fd = fds[0], .write_fd = fds[1], .left = max };
	return 0;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/*
 * Reads what there is, closes at the end of file. A full pipe fits in the
 * rounds; who writes faster than it is read cannot hold up the deadline.
 */
static void capture_drain(struct capture *c, struct strbuf *out)
{
	char chunk[4096];
	for (int rounds = 0; c->read_fd >= 0 && rounds < 64; rounds++) {
		ssize_t n = read(c->read_fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			close_fd(&c->read_fd);
			return;
		}
		size_t keep = MIN((size_t)n, c->left);
		strbuf_add(out, chunk, keep);
		c->left -= keep;
	}
}

static uint64_t now_ms(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* True when the child ended in time. What its own children still hold open is not awaited. */
static bool run_until_end(
	const struct proc *p, struct capture caps[2], uint64_t end_ms, struct strbuf *out)
{
	for (;;) {
		uint64_t now = now_ms();
		if (now >= end_ms)
			return false;
		struct pollfd fds[] = {
			{ .fd = caps[0].read_fd, .events = POLLIN },
			{ .fd = caps[1].read_fd, .events = POLLIN },
			{ .fd = p->pidfd, .events = POLLIN },
		};
		int n = poll(fds, ARRAY_LEN(fds), (int)MIN(end_ms - now, 1000000u));
		if (n <= 0)
			continue;
		capture_drain(&caps[0], out);
		capture_drain(&caps[1], out);
		if (fds[2].revents)
			return true;
	}
}

int proc_run(const char *const *argv, unsigned timeout_ms, size_t max, struct strbuf *out,
	int *ret_status, struct err *err)
{
	struct capture caps[2] = { { -1, -1, 0 }, { -1, -1, 0 } };
	struct proc p = { .pid = -1, .pidfd = -1 };
	int rc = -1;
	if (capture_open(&caps[0], max) != 0 || capture_open(&caps[1], max) != 0) {
		err_errno(err, ERR_IO, "cannot run %s: creating a pipe", argv[0]);
		goto out;
	}
	const struct proc_spec spec = {
		.argv = argv,
		.stdin_fd = -1,
		.stdout_fd = caps[0].write_fd,
		.stderr_fd = caps[1].write_fd,
		.die_with_parent = true,
	};
	if (proc_spawn(&spec, &p, err) != 0)
		goto out;
	close_fd(&caps[0].write_fd);
	close_fd(&caps[1].write_fd);
	if (run_until_end(&p, caps, now_ms() + timeout_ms, out)) {
		/* what was written between the last read and the end */
		capture_drain(&caps[0], out);
		capture_drain(&caps[1], out);
		rc = 0;
	} else {
		proc_signal_group(&p, SIGKILL);
		err_set(err, ERR_TIMEOUT, "%s did not end within %u ms", argv[0], timeout_ms);
	}
	int status = 0;
	while (waitpid(p.pid, &status, 0) < 0 && errno == EINTR)
		;
	if (rc == 0 && ret_status)
		*ret_status = status;
out:
	for (size_t i = 0; i < 2; i++) {
		close_fd(&caps[i].read_fd);
		close_fd(&caps[i].write_fd);
	}
	proc_release(&p);
	return rc;
}
