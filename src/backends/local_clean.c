/*
 * What `ltb clean` does to a run of the local backend whose ltb is dead: ends
 * the processes that its journal names and removes the nodes' data. A process
 * is known by pid and start time, so another one that has got the pid since is
 * never touched. Any thread.
 */
#include "backends/local.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/fs.h"
#include "util/proc.h"

#define END_TIMEOUT_MS 10000

/* As read from the journal. */
struct remains {
	pid_t owner;
	unsigned long long owner_start;
	VEC(struct proc_id {
		pid_t pid;
		unsigned long long start_time;
		char what[64];
	})
	processes;
};

static int take_entry(const struct journal_entry *e, void *arg)
{
	struct remains *left = arg;

	if (e->op == JOURNAL_OWNER) {
		left->owner = e->pid;
		left->owner_start = e->start_time;
	} else if (e->op == JOURNAL_PROCESS && e->pid > 1 && e->start_time) {
		struct proc_id id = { .pid = e->pid, .start_time = e->start_time };
		snprintf(id.what, sizeof(id.what), "%.*s", (int)sizeof(id.what) - 1, e->text);
		vec_push(&left->processes, id);
	}
	return 0;
}

/* 1: it ran and was ended, 0: it was gone already. */
static int end_process(const struct proc_id *id, struct err *err)
{
	int fd = (int)syscall(SYS_pidfd_open, id->pid, 0);
	if (fd < 0)
		return errno == ESRCH
			       ? 0
			       : err_errno(err, ERR_IO, "cannot look at process %d", (int)id->pid);
	/* from here on the descriptor is that process; was it ours? */
	struct pollfd ended = { .fd = fd, .events = POLLIN };
	if (proc_start_time(id->pid) != id->start_time || poll(&ended, 1, 0) != 0) {
		close(fd);
		return 0;
	}
	if (getpgid(id->pid) == id->pid)
		kill(-id->pid, SIGKILL);
	int r = (int)syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
	if (r < 0 && errno != ESRCH)
		r = err_errno(err, ERR_IO, "cannot end %s (pid %d)", id->what, (int)id->pid);
	else if (poll(&ended, 1, END_TIMEOUT_MS) != 1)
		r = err_set(err, ERR_TIMEOUT, "%s (pid %d) does not end on SIGKILL", id->what,
			(int)id->pid);
	else
		r = 1;
	close(fd);
	return r;
}

static int remove_data(const char *run_dir, unsigned *ret_removed, struct err *err)
{
	CLEANUP_FREE char *nodes = fs_join(run_dir, "nodes");
	DIR *dir = opendir(nodes);
	int r = 0;

	if (!dir)
		return errno == ENOENT ? 0 : err_errno(err, ERR_IO, "cannot read %s", nodes);
	for (const struct dirent *e; (e = readdir(dir));) {
		if (e->d_name[0] == '.')
			continue;
		CLEANUP_FREE char *data = xasprintf("%s/%s/data", nodes, e->d_name);
		if (!fs_exists(data))
			continue;
		if (fs_remove_tree(data, err) < 0)
			r = -1;
		else
			(*ret_removed)++;
	}
	closedir(dir);
	return r;
}

int local_clean(const char *run_dir, unsigned *ret_removed, struct err *err)
{
	CLEANUP_FREE char *journal = fs_join(run_dir, "journal");
	struct remains left = { 0 };
	int r = journal_read(journal, take_entry, &left, err);

	if (r == 0 && left.owner && left.owner != getpid() &&
		proc_is_alive(left.owner, left.owner_start))
		r = err_set(err, ERR_USAGE,
			"%s is in use by ltb (pid %d); stop that first, with `kill -INT %d`",
			run_dir, (int)left.owner, (int)left.owner);
	for (size_t i = 0; r >= 0 && i < left.processes.len; i++) {
		r = end_process(&left.processes.items[i], err);
		*ret_removed += r > 0;
	}
	vec_free(&left.processes);
	if (r < 0)
		return -1;
	return remove_data(run_dir, ret_removed, err);
}
