/* Children: start, output, end, and that none outlives its owner. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/procs.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/strbuf.h"

#define LONG_NS (20 * NS_PER_S)

struct seen {
	pthread_mutex_t lock;
	int exits, status;
	unsigned lines;
	size_t longest;
	char last[64];
};

static void on_exit_seen(void *arg, struct child *c, int status)
{
	struct seen *s = arg;
	assert_non_null(c);
	pthread_mutex_lock(&s->lock);
	s->exits++;
	s->status = status;
	pthread_mutex_unlock(&s->lock);
}

static void on_line_seen(void *arg, struct child *c, const char *line, size_t len)
{
	struct seen *s = arg;
	assert_non_null(c);
	pthread_mutex_lock(&s->lock);
	s->lines++;
	s->longest = MAX(s->longest, len);
	snprintf(s->last, sizeof(s->last), "%.60s", line);
	pthread_mutex_unlock(&s->lock);
}

static struct procs *start_procs(void)
{
	struct err err = { 0 };
	struct procs *p = procs_start(&err);
	assert_non_null(p);
	return p;
}

static struct child *run_shell(struct procs *p, const char *script, struct procs_spec spec)
{
	struct err err = { 0 };
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };
	spec.argv = argv;
	struct child *c = procs_spawn(p, &spec, &err);
	if (!c)
		fail_msg("%s", err.text);
	return c;
}

static char *make_dir(void)
{
	char *dir = xstrdup("/tmp/ltb-test-procs-XXXXXX");
	assert_non_null(mkdtemp(dir));
	return dir;
}

static void drop_dir(char *dir)
{
	assert_int_equal(fs_remove_tree(dir, NULL), 0);
	free(dir);
}

static void test_exit_statuses(void **state)
{
	static const struct {
		const char *script;
		bool exited;
		int value;
	} cases[] = {
		{ "exit 0", true, 0 },
		{ "exit 3", true, 3 },
		{ "kill -9 $$", false, SIGKILL },
		{ "kill -TERM $$", false, SIGTERM },
	};
	(void)state;
	struct procs *p = start_procs();
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct seen seen = { .lock = PTHREAD_MUTEX_INITIALIZER };
		int status = -1;
		struct child *c = run_shell(p, cases[i].script,
			(struct procs_spec){ .on_exit = on_exit_seen, .arg = &seen });
		assert_true(child_pid(c) > 0);
		assert_int_equal(child_wait(c, LONG_NS, &status), 1);
		assert_int_equal(WIFEXITED(status), cases[i].exited);
		assert_int_equal(
			cases[i].exited ? WEXITSTATUS(status) : WTERMSIG(status), cases[i].value);
		assert_false(child_running(c));
		assert_int_equal(child_signal(c, SIGKILL), -1);
		/* on_exit has returned before child_wait() does */
		assert_int_equal(seen.exits, 1);
		assert_int_equal(seen.status, status);
		child_free(c);
	}
	procs_free(p);
}

static void test_failed_exec_is_an_error(void **state)
{
	static const char *const missing[] = { "/nonexistent/program", NULL };
	static const char *const no_program[] = { "/etc/passwd", NULL };
	static const char *const good[] = { "/bin/true", NULL };
	(void)state;
	const struct {
		struct procs_spec spec;
		int saved_errno;
	} cases[] = {
		{ { .argv = missing }, ENOENT },
		{ { .argv = no_program }, EACCES },
		{ { .argv = good, .cwd = "/nonexistent" }, ENOENT },
		{ { .argv = good, .log_path = "/nonexistent/log" }, ENOENT },
	};
	struct procs *p = start_procs();
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { 0 };
		assert_null(procs_spawn(p, &cases[i].spec, &err));
		assert_int_equal(err.saved_errno, cases[i].saved_errno);
		assert_true(*err.text);
	}
	procs_free(p);
}

static void test_output_lines_and_tail(void **state)
{
	(void)state;
	struct procs *p = start_procs();
	struct seen seen = { .lock = PTHREAD_MUTEX_INITIALIZER };
	char *dir = make_dir();
	CLEANUP_FREE char *log = fs_join(dir, "log");
	CLEANUP_STRBUF struct strbuf text = { 0 };
	struct child *c = run_shell(p,
		"i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done; "
		"head -c 10000 /dev/zero | tr '\\0' x; echo; echo err >&2; printf last",
		(struct procs_spec){ .log_path = log, .on_line = on_line_seen, .arg = &seen });
	assert_int_equal(child_wait(c, LONG_NS, NULL), 1);
	assert_int_equal(seen.lines, 2003);
	assert_int_equal(seen.longest, 4096);
	assert_string_equal(seen.last, "last");
	assert_int_equal(fs_read(log, 1 << 20, &text, NULL), 0);
	assert_non_null(strstr(strbuf_str(&text), "line 0\nline 1\n"));
	assert_non_null(strstr(strbuf_str(&text), "\nerr\nlast"));
	CLEANUP_FREE char *tail = child_tail(c, 20);
	assert_string_equal(tail, "err\nlast");
	child_free(c);
	procs_free(p);
	drop_dir(dir);
}

static void test_log_is_rotated_once(void **state)
{
	(void)state;
	struct procs *p = start_procs();
	char *dir = make_dir();
	struct stat st;
	CLEANUP_FREE char *log = fs_join(dir, "log");
	CLEANUP_FREE char *old = fs_join(dir, "log.1");
	CLEANUP_FREE char *older = fs_join(dir, "log.2");
	const uint64_t max = 64 * 1024;
	struct child *c = run_shell(p, "head -c 1000000 /dev/zero; echo; echo the end",
		(struct procs_spec){ .log_path = log, .log_max_bytes = max });
	assert_int_equal(child_wait(c, LONG_NS, NULL), 1);
	child_free(c);
	assert_int_equal(stat(log, &st), 0);
	assert_in_range(st.st_size, 1, max);
	assert_int_equal(stat(old, &st), 0);
	assert_in_range(st.st_size, 1, max);
	assert_false(fs_exists(older));
	CLEANUP_STRBUF struct strbuf text = { 0 };
	assert_int_equal(fs_read(log, 1 << 20, &text, NULL), 0);
	assert_non_null(memmem(text.buf, text.len, "the end\n", 8));
	procs_free(p);
	drop_dir(dir);
}

static int open_pid(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static bool gone_soon(int pidfd)
{
	struct pollfd fd = { .fd = pidfd, .events = POLLIN };
	return poll(&fd, 1, 20000) == 1;
}

static void test_stop_kills_all(void **state)
{
	(void)state;
	struct procs *p = start_procs();
	struct seen seen = { .lock = PTHREAD_MUTEX_INITIALIZER };
	struct child *c[8];
	for (size_t i = 0; i < ARRAY_LEN(c); i++)
		c[i] = run_shell(p, "trap '' TERM; while :; do sleep 100; done",
			(struct procs_spec){ .on_exit = on_exit_seen, .arg = &seen });
	assert_int_equal(child_wait(c[0], 0, NULL), 0);
	procs_stop(p);
	assert_int_equal(seen.exits, ARRAY_LEN(c));
	struct err err = { 0 };
	static const char *const argv[] = { "/bin/true", NULL };
	assert_null(procs_spawn(p, &(struct procs_spec){ .argv = argv }, &err));
	assert_int_equal(err.code, ERR_CANCELLED);
	procs_free(p);
	for (size_t i = 0; i < ARRAY_LEN(c); i++) {
		assert_false(child_running(c[i]));
		child_free(c[i]); /* may come after procs_free() */
	}
}

/* A group member that the child leaves behind goes with it. */
static void test_the_group_goes_with_its_leader(void **state)
{
	(void)state;
	struct procs *p = start_procs();
	char *dir = make_dir();
	CLEANUP_FREE char *log = fs_join(dir, "log");
	struct child *c = run_shell(
		p, "sleep 1000 & echo $!; exec sleep 1000", (struct procs_spec){ .log_path = log });
	CLEANUP_FREE char *tail = NULL;
	do {
		free(tail);
		tail = child_tail(c, 100);
		poll(NULL, 0, 1);
	} while (!*tail);
	int fd = open_pid((pid_t)strtol(tail, NULL, 10));
	assert_true(fd >= 0);
	kill(child_pid(c), SIGKILL); /* the leader only */
	assert_int_equal(child_wait(c, LONG_NS, NULL), 1);
	assert_true(gone_soon(fd));
	close(fd);
	child_free(c);
	procs_free(p);
	drop_dir(dir);
}

/* The owner is killed with SIGKILL: no code of ours runs, and its child must go all the same. */
static void test_children_die_with_a_killed_owner(void **state)
{
	(void)state;
	int fds[2];
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid_t owner = fork();
	if (owner == 0) {
		static const char *const argv[] = { "/bin/sleep", "1000", NULL };
		struct procs *p = procs_start(NULL);
		struct child *c =
			p ? procs_spawn(p, &(struct procs_spec){ .argv = argv }, NULL) : NULL;
		pid_t pid = c ? child_pid(c) : 0;
		if (write(fds[1], &pid, sizeof(pid)) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	assert_true(owner > 0);
	pid_t pid = 0;
	assert_int_equal(read(fds[0], &pid, sizeof(pid)), sizeof(pid));
	assert_true(pid > 0);
	int fd = open_pid(pid);
	assert_true(fd >= 0);
	assert_int_equal(poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 0), 0);
	kill(owner, SIGKILL);
	assert_int_equal(waitpid(owner, NULL, 0), owner);
	assert_true(gone_soon(fd));
	close(fd);
	close(fds[0]);
	close(fds[1]);
}

static void *spawn_many(void *arg)
{
	for (int i = 0; i < 20; i++) {
		struct child *c = run_shell(arg, "exit 7", (struct procs_spec){ 0 });
		int status = 0;
		assert_int_equal(child_wait(c, LONG_NS, &status), 1);
		assert_int_equal(WEXITSTATUS(status), 7);
		child_free(c);
	}
	return NULL;
}

static void test_many_threads_spawn(void **state)
{
	(void)state;
	struct procs *p = start_procs();
	pthread_t threads[4];
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, spawn_many, p), 0);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		pthread_join(threads[i], NULL);
	procs_free(p);
}

static void test_free_kills(void **state)
{
	(void)state;
	struct procs *p = start_procs();
	struct child *c = run_shell(p, "exec sleep 1000", (struct procs_spec){ 0 });
	int fd = open_pid(child_pid(c));
	assert_true(fd >= 0);
	child_free(c);
	assert_int_equal(poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 0), 1);
	close(fd);
	child_free(NULL);
	procs_free(p);
	procs_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exit_statuses),
		cmocka_unit_test(test_failed_exec_is_an_error),
		cmocka_unit_test(test_output_lines_and_tail),
		cmocka_unit_test(test_log_is_rotated_once),
		cmocka_unit_test(test_stop_kills_all),
		cmocka_unit_test(test_the_group_goes_with_its_leader),
		cmocka_unit_test(test_children_die_with_a_killed_owner),
		cmocka_unit_test(test_many_threads_spawn),
		cmocka_unit_test(test_free_kills),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
