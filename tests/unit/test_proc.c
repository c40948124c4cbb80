/* Children: how they start, fail to start, die, and what they inherit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/mem.h"
#include "util/proc.h"
#include "util/strbuf.h"

#define LIMIT_MS 20000

static void run_shell(const char *script, struct strbuf *out, int *status)
{
	const char *argv[] = { "sh", "-c", script, NULL };
	struct err err = { 0 };
	if (proc_run(argv, LIMIT_MS, 10000, out, status, &err) != 0)
		fail_msg("%s", err.text);
}

/* Waits for the end and reaps. */
static int wait_end(struct proc *p)
{
	struct pollfd fd = { .fd = p->pidfd, .events = POLLIN };
	int status = 0;
	assert_int_equal(poll(&fd, 1, LIMIT_MS), 1);
	assert_int_equal(proc_reap(p, &status), 1);
	return status;
}

static void test_run(void **state)
{
	(void)state;
	CLEANUP_STRBUF struct strbuf out = { 0 };
	int status = -1;
	run_shell("echo out; echo err >&2; exit 3", &out, &status);
	assert_non_null(strstr(strbuf_str(&out), "out\n"));
	assert_non_null(strstr(strbuf_str(&out), "err\n"));
	char text[64];
	assert_string_equal(proc_status_text(status, text, sizeof(text)), "exit 3");
	run_shell("kill -9 $$", &out, &status);
	assert_string_equal(proc_status_text(status, text, sizeof(text)), "signal 9 (Killed)");
}

static void test_run_bounds(void **state)
{
	(void)state;
	const char *flood[] = { "sh", "-c", "yes | head -c 300000; echo end >&2", NULL };
	const char *forever[] = { "sh", "-c", "sleep 1000 & yes", NULL };
	CLEANUP_STRBUF struct strbuf out = { 0 };
	struct err err = { 0 };
	int status = -1;
	assert_int_equal(proc_run(flood, LIMIT_MS, 100, &out, &status, &err), 0);
	assert_int_equal(status, 0);
	assert_int_equal(out.len, 104);
	assert_int_equal(proc_run(forever, 50, 100, &out, &status, &err), -1);
	assert_int_equal(err.code, ERR_TIMEOUT);
	/* a grandchild that keeps the pipe open is not waited for */
	strbuf_clear(&out);
	const char *leaves[] = { "sh", "-c", "sleep 1000 & echo $!", NULL };
	assert_int_equal(proc_run(leaves, LIMIT_MS, 100, &out, &status, &err), 0);
	long pid = strtol(strbuf_str(&out), NULL, 10);
	assert_true(pid > 1);
	assert_int_equal(kill((pid_t)pid, SIGKILL), 0);
}

static void test_failures_are_told(void **state)
{
	(void)state;
	const char *absent[] = { "no-such-program-anywhere", NULL };
	const char *bad_path[] = { "/nonexistent/x", NULL };
	const char *no_exec[] = { "/etc/passwd", NULL };
	const char *fine[] = { "true", NULL };
	const struct {
		const char *const *argv;
		const char *cwd;
		int stdin_fd;
		enum err_code code;
		int saved_errno;
	} cases[] = {
		{ absent, NULL, -1, ERR_ENV, 0 },
		{ bad_path, NULL, -1, ERR_ENV, ENOENT },
		{ no_exec, NULL, -1, ERR_ENV, EACCES },
		{ fine, "/nonexistent", -1, ERR_ENV, ENOENT },
		{ fine, NULL, 9999, ERR_IO, EBADF },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct proc_spec spec = { .argv = cases[i].argv,
			.cwd = cases[i].cwd,
			.stdin_fd = cases[i].stdin_fd,
			.stdout_fd = -1,
			.stderr_fd = -1 };
		struct proc p;
		struct err err = { 0 };
		assert_int_equal(proc_spawn(&spec, &p, &err), -1);
		assert_int_equal(err.code, cases[i].code);
		assert_int_equal(err.saved_errno, cases[i].saved_errno);
		assert_non_null(strstr(err.text, cases[i].argv[0]));
		assert_int_equal(p.pidfd, -1);
		/* nothing is left to reap */
		assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
		assert_int_equal(errno, ECHILD);
	}
}

/* Nobody has waited for it: it has its pid and start time still, but is not alive. */
static void test_ended_but_not_reaped(void **state)
{
	(void)state;
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	assert_true(pid > 0);
	siginfo_t info;
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	unsigned long long start = proc_start_time(pid);
	assert_true(start > 0);
	assert_false(proc_is_alive(pid, start));
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_false(proc_is_alive(pid, start));
	assert_true(proc_is_alive(getpid(), proc_start_time(getpid())));
	assert_false(proc_is_alive(getpid(), proc_start_time(getpid()) + 1));
	assert_false(proc_is_alive(getpid(), 0));
}

static void test_signals_and_reaping(void **state)
{
	(void)state;
	const char *argv[] = { "sleep", "1000", NULL };
	const struct proc_spec spec = { .argv = argv,
		.stdin_fd = -1,
		.stdout_fd = -1,
		.stderr_fd = -1,
		.die_with_parent = true };
	struct proc p;
	struct err err = { 0 };
	int status;
	assert_int_equal(proc_spawn(&spec, &p, &err), 0);
	assert_int_equal(getpgid(p.pid), p.pid);
	assert_int_equal(proc_reap(&p, &status), 0);
	assert_true(proc_start_time(p.pid) >= proc_start_time(getpid()));
	assert_true(proc_start_time(getpid()) > 0);
	assert_int_equal(proc_signal(&p, SIGTERM), 0);
	status = wait_end(&p);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	assert_int_equal(proc_signal(&p, SIGTERM), -1);
	assert_int_equal(errno, ESRCH);
	assert_int_equal(proc_start_time(p.pid), 0);
	proc_release(&p);
	assert_int_equal(p.pidfd, -1);
	proc_release(&p);
}

/* The whole group goes: the pipe ends only when nobody holds it any more. */
static void test_group_signal(void **state)
{
	(void)state;
	const char *argv[] = { "sh", "-c", "sleep 1000 & sleep 1000 & echo up; wait", NULL };
	int fds[2];
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	const struct proc_spec spec = {
		.argv = argv, .stdin_fd = -1, .stdout_fd = fds[1], .stderr_fd = -1
	};
	struct proc p;
	assert_int_equal(proc_spawn(&spec, &p, NULL), 0);
	close(fds[1]);
	char text[8];
	assert_int_equal(read(fds[0], text, sizeof(text)), 3);
	assert_int_equal(proc_signal_group(&p, SIGKILL), 0);
	assert_int_equal(read(fds[0], text, sizeof(text)), 0);
	assert_int_equal(WTERMSIG(wait_end(&p)), SIGKILL);
	close(fds[0]);
	proc_release(&p);
}

static void test_inheritance(void **state)
{
	(void)state;
	/* one that is not close-on-exec must not leak either */
	int leak = fcntl(STDERR_FILENO, F_DUPFD, 77);
	assert_true(leak >= 77);
	sigset_t blocked, before;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &blocked, &before);
	signal(SIGUSR1, SIG_IGN);
	CLEANUP_STRBUF struct strbuf out = { 0 };
	int status;
	run_shell("test ! -e /proc/self/fd/77 && echo closed;"
		  "grep -E '^Sig(Blk|Ign)' /proc/self/status |"
		  /* glibc's own signals 32 and 33: posix_spawn() leaves them ignored */
		  " sed -E 's/0000000(180|080|100)000000/0000000000000000/';"
		  "readlink /proc/self/fd/0",
		&out, &status);
	signal(SIGUSR1, SIG_DFL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	close(leak);
	assert_string_equal(strbuf_str(&out),
		"closed\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n/dev/null\n");
}

static void test_environment_and_directory(void **state)
{
	(void)state;
	const char *argv[] = { "/bin/sh", "-c", "echo $ONLY; pwd; env | grep -c =", NULL };
	const char *env[] = { "ONLY=this", NULL };
	int fds[2];
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	const struct proc_spec spec = { .argv = argv,
		.env = env,
		.cwd = "/usr",
		.stdin_fd = -1,
		.stdout_fd = fds[1],
		.stderr_fd = fds[1] };
	struct proc p;
	assert_int_equal(proc_spawn(&spec, &p, NULL), 0);
	close(fds[1]);
	assert_int_equal(wait_end(&p), 0);
	char text[64] = "";
	assert_true(read(fds[0], text, sizeof(text) - 1) > 0);
	assert_memory_equal(text, "this\n/usr\n", 10);
	close(fds[0]);
	proc_release(&p);
}

/* 1 and 2 swapped, which naive dup2() calls would lose. */
static void test_swapped_descriptors(void **state)
{
	(void)state;
	int a[2], b[2];
	assert_int_equal(pipe2(a, O_CLOEXEC), 0);
	assert_int_equal(pipe2(b, O_CLOEXEC), 0);
	int saved_out = fcntl(1, F_DUPFD_CLOEXEC, 3), saved_err = fcntl(2, F_DUPFD_CLOEXEC, 3);
	dup2(a[1], 1);
	dup2(b[1], 2);
	const char *argv[] = { "sh", "-c", "echo out; echo err >&2", NULL };
	const struct proc_spec spec = {
		.argv = argv, .stdin_fd = -1, .stdout_fd = 2, .stderr_fd = 1
	};
	struct proc p;
	int rc = proc_spawn(&spec, &p, NULL);
	dup2(saved_out, 1);
	dup2(saved_err, 2);
	assert_int_equal(rc, 0);
	assert_int_equal(wait_end(&p), 0);
	char text[8];
	assert_int_equal(read(a[0], text, sizeof(text)), 4);
	assert_memory_equal(text, "err\n", 4);
	assert_int_equal(read(b[0], text, sizeof(text)), 4);
	assert_memory_equal(text, "out\n", 4);
	const int all[] = { a[0], a[1], b[0], b[1], saved_out, saved_err };
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		close(all[i]);
	proc_release(&p);
}

static void *spawn_and_end(void *arg)
{
	const char *argv[] = { "sleep", "1000", NULL };
	const struct proc_spec spec = { .argv = argv,
		.stdin_fd = -1,
		.stdout_fd = -1,
		.stderr_fd = -1,
		.die_with_parent = true };
	return proc_spawn(&spec, arg, NULL) == 0 ? arg : NULL;
}

static void test_dies_with_its_thread(void **state)
{
	(void)state;
	struct proc p;
	pthread_t thread;
	void *ok;
	assert_int_equal(pthread_create(&thread, NULL, spawn_and_end, &p), 0);
	pthread_join(thread, &ok);
	assert_non_null(ok);
	assert_int_equal(WTERMSIG(wait_end(&p)), SIGKILL);
	proc_release(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_run),
		cmocka_unit_test(test_run_bounds),
		cmocka_unit_test(test_failures_are_told),
		cmocka_unit_test(test_ended_but_not_reaped),
		cmocka_unit_test(test_signals_and_reaping),
		cmocka_unit_test(test_group_signal),
		cmocka_unit_test(test_inheritance),
		cmocka_unit_test(test_environment_and_directory),
		cmocka_unit_test(test_swapped_descriptors),
		cmocka_unit_test(test_dies_with_its_thread),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
