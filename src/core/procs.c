/*
 * The procs thread; see procs.h. It alone spawns, polls and reaps. Other
 * threads hand it requests and wait for the reply; what they may look at of a
 * child (has it ended, its last output) is guarded by one mutex. A pid is
 * only signalled under that mutex while it is not reaped, so it can never be
 * somebody else's.
 */
#include "core/procs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/log_file.h"
#include "util/mem.h"
#include "util/proc.h"
#include "util/wake.h"

#define TAIL_BYTES      ((size_t)16 * 1024)
#define LINE_BYTES      ((size_t)4096)
#define CHUNK_BYTES     ((size_t)16 * 1024)
#define CHUNKS_PER_TURN 8 /* so that one chatty child does not starve the others */
#define CHUNKS_AT_THE_END \
	64 /* a dead child's pipe holds 64 KiB; more is a survivor of its group \
	    */

struct child {
	struct procs *owner; /* a reference */
	pid_t pid;           /* immutable */

	/* immutable */
	bool outlive;

	/* owner->lock */
	int refs;
	bool ended;    /* reaped; status is valid */
	bool settled;  /* ended, and on_exit has returned */
	bool detached; /* freed by a callback while running: no further callbacks */
	int status;
	struct proc proc;
	char *tail; /* ring of TAIL_BYTES */
	uint64_t tail_total;

	/* procs thread only */
	struct child *next;
	int out_fd; /* -1: none (any more) */
	struct log_file log;
	char *log_path; /* NULL: its output is kept nowhere */
	char *line;
	size_t line_len;
	void (*on_exit)(void *arg, struct child *c, int status);
	void (*on_line)(void *arg, struct child *c, const char *line, size_t len);
	void *arg;
};

/* Lives on the stack of the thread that waits for it. */
struct spawn_request {
	const struct procs_spec *spec;
	struct child *child; /* the reply; NULL: failed */
	struct err *err;
	bool done;
	struct spawn_request *next;
};

struct procs {
	pthread_t thread;
	struct wake wake;
	pthread_mutex_t lock;
	pthread_cond_t changed; /* a request was served, or a child has settled */
	/* lock */
	int refs; /* the owner's and one a child */
	struct spawn_request *requests;
	bool stopping, stopped;
	/* procs thread only */
	struct child *children;
	size_t n_children;
	bool killed_all;
	VEC(struct pollfd) fds;
};

/* --- references ------------------------------------------------------------------ */

static void procs_unref(struct procs *p)
{
	pthread_mutex_lock(&p->lock);
	bool last = --p->refs == 0;
	pthread_mutex_unlock(&p->lock);
	if (!last)
		return;
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->lock);
	wake_release(&p->wake);
	vec_free(&p->fds);
	free(p);
}

static void child_unref(struct child *c)
{
	struct procs *p = c->owner;
	pthread_mutex_lock(&p->lock);
	bool last = --c->refs == 0;
	pthread_mutex_unlock(&p->lock);
	if (!last)
		return;
	free(c->tail);
	free(c->line);
	free(c->log_path);
	free(c);
	procs_unref(p);
}

static bool on_procs_thread(const struct procs *p)
{
	return pthread_equal(p->thread, pthread_self());
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* --- output of a child ------------------------------------------------------------- */

static void tail_append(struct child *c, const char *data, size_t len)
{
	pthread_mutex_lock(&c->owner->lock);
	while (len) {
		size_t at = c->tail_total % TAIL_BYTES;
		size_t n = MIN(len, TAIL_BYTES - at);
		memcpy(c->tail + at, data, n);
		c->tail_total += n;
		data += n;
		len -= n;
	}
	pthread_mutex_unlock(&c->owner->lock);
}

/* The last words of a child that writes to its log itself; as many bytes as fit into the ring. */
static void tail_from_log(struct child *c)
{
	char buf[TAIL_BYTES];
	int fd = c->log_path ? open(c->log_path, O_RDONLY | O_CLOEXEC) : -1;
	off_t size = fd >= 0 ? lseek(fd, 0, SEEK_END) : -1;
	off_t from = size > (off_t)TAIL_BYTES ? size - (off_t)TAIL_BYTES : 0;
	ssize_t n = size > 0 ? pread(fd, buf, TAIL_BYTES, from) : 0;

	if (n > 0)
		tail_append(c, buf, (size_t)n);
	close_fd(&fd);
}

static bool is_detached(struct child *c)
{
	pthread_mutex_lock(&c->owner->lock);
	bool detached = c->detached;
	pthread_mutex_unlock(&c->owner->lock);
	return detached;
}

static void line_done(struct child *c)
{
	if (c->line_len && !is_detached(c)) {
		c->line[c->line_len] = '\0';
		c->on_line(c->arg, c, c->line, c->line_len);
	}
	c->line_len = 0;
}

static void lines_append(struct child *c, const char *data, size_t len)
{
	while (len) {
		const char *nl = memchr(data, '\n', len);
		size_t part = nl ? (size_t)(nl - data) : len;
		size_t room = MIN(part, LINE_BYTES - c->line_len); /* what is beyond is cut */
		memcpy(c->line + c->line_len, data, room);
		c->line_len += room;
		if (nl) {
			line_done(c);
			part++;
		}
		data += part;
		len -= part;
	}
}

static void pump(struct child *c, int chunks)
{
	char buf[CHUNK_BYTES];
	while (c->out_fd >= 0 && chunks-- > 0) {
		ssize_t n = read(c->out_fd, buf, sizeof(buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			close_fd(&c->out_fd);
			return;
		}
		tail_append(c, buf, (size_t)n);
		log_file_append(&c->log, buf, (size_t)n);
		if (c->on_line)
			lines_append(c, buf, (size_t)n);
	}
}

/* --- start and end, on the procs thread --------------------------------------------- */

static int open_pipe(int *ret_read, int *ret_write, struct err *err)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(err, ERR_IO, "cannot make a pipe for a child's output");
	/* only our end: the child is to block when we are slow */
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	*ret_read = fds[0];
	*ret_write = fds[1];
	return 0;
}

static struct child *start_child(struct procs *p, const struct procs_spec *spec, struct err *err)
{
	struct child *c = xcalloc(1, sizeof(*c));
	int child_out = -1;

	*c = (struct child){
		.owner = p,
		.refs = 2, /* the caller's and the list's */
		.out_fd = -1,
		.log = { .fd = -1 },
		.log_path = xstrdup(spec->log_path),
		.tail = xmalloc(TAIL_BYTES),
		.line = spec->on_line ? xmalloc(LINE_BYTES + 1) : NULL,
		.on_exit = spec->on_exit,
		.on_line = spec->on_line,
		.arg = spec->arg,
		.outlive = spec->outlive,
	};
	if (c->log_path && log_file_open(&c->log, c->log_path, spec->log_max_bytes, err) < 0)
		goto fail;
	if (spec->outlive) {
		child_out = c->log.fd;
		c->log.fd = -1;
	} else if ((c->log_path || c->on_line) && open_pipe(&c->out_fd, &child_out, err) < 0) {
		goto fail;
	}
	const struct proc_spec ps = {
		.argv = spec->argv,
		.env = spec->env,
		.cwd = spec->cwd,
		.stdin_fd = -1,
		.stdout_fd = child_out,
		.stderr_fd = child_out,
		.die_with_parent = !spec->outlive,
	};
	if (proc_spawn(&ps, &c->proc, err) < 0)
		goto fail;
	close_fd(&child_out);
	c->pid = c->proc.pid;
	c->next = p->children;
	p->children = c;
	p->n_children++;
	pthread_mutex_lock(&p->lock);
	p->refs++;
	pthread_mutex_unlock(&p->lock);
	return c;
fail:
	close_fd(&child_out);
	close_fd(&c->out_fd);
	log_file_release(&c->log);
	free(c->tail);
	free(c->line);
	free(c->log_path);
	free(c);
	return NULL;
}

static void serve_requests(struct procs *p)
{
	pthread_mutex_lock(&p->lock);
	struct spawn_request *r = p->requests;
	p->requests = NULL;
	bool stopping = p->stopping;
	pthread_mutex_unlock(&p->lock);

	while (r) {
		struct spawn_request *next = r->next; /* r is gone once it is done */
		if (stopping)
			err_set(r->err, ERR_CANCELLED,
				"no process is started any more: shutting down");
		else
			r->child = start_child(p, r->spec, r->err);
		pthread_mutex_lock(&p->lock);
		r->done = true;
		pthread_cond_broadcast(&p->changed);
		pthread_mutex_unlock(&p->lock);
		r = next;
	}
}

/* Reaps c if it has ended, and tells everybody. Returns whether it did. */
static bool end_child(struct child *c)
{
	struct procs *p = c->owner;

	/* while the leader is a zombie, its group's number cannot be anybody else's */
	proc_signal_group(&c->proc, SIGKILL);
	pump(c, CHUNKS_AT_THE_END);
	if (c->outlive)
		tail_from_log(c);
	if (c->on_line)
		line_done(c);

	pthread_mutex_lock(&p->lock);
	int r = proc_reap(&c->proc, &c->status);
	c->ended = r != 0;
	bool tell = c->ended && c->on_exit && !c->detached;
	pthread_mutex_unlock(&p->lock);
	if (r == 0)
		return false;

	close_fd(&c->out_fd);
	log_file_release(&c->log);
	if (tell)
		c->on_exit(c->arg, c, c->status);
	pthread_mutex_lock(&p->lock);
	proc_release(&c->proc);
	c->settled = true;
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
	return true;
}

static void poll_children(struct procs *p)
{
	p->fds.len = 0;
	vec_push(&p->fds, ((struct pollfd){ .fd = p->wake.fd, .events = POLLIN }));
	for (const struct child *c = p->children; c; c = c->next) {
		vec_push(&p->fds, ((struct pollfd){ .fd = c->proc.pidfd, .events = POLLIN }));
		vec_push(&p->fds, ((struct pollfd){ .fd = c->out_fd, .events = POLLIN }));
	}
	if (poll(p->fds.items, p->fds.len, -1) < 0)
		return; /* EINTR: revents are undefined */
	if (p->fds.items[0].revents)
		wake_clear(&p->wake);

	const struct pollfd *fd = p->fds.items + 1;
	struct child **at = &p->children;
	while (*at) {
		struct child *c = *at;
		bool has_ended = fd[0].revents, has_output = fd[1].revents;
		fd += 2;
		if (has_output)
			pump(c, CHUNKS_PER_TURN);
		if (has_ended && end_child(c)) {
			*at = c->next;
			p->n_children--;
			child_unref(c);
		} else {
			at = &c->next;
		}
	}
}

static void *procs_main(void *arg)
{
	struct procs *p = arg;
	for (;;) {
		serve_requests(p);
		pthread_mutex_lock(&p->lock);
		bool stopping = p->stopping;
		pthread_mutex_unlock(&p->lock);
		if (stopping && !p->killed_all) {
			for (struct child *c = p->children; c; c = c->next)
				child_signal(c, SIGKILL);
			p->killed_all = true;
		}
		if (stopping && !p->children)
			return NULL;
		poll_children(p);
	}
}

/* --- for all threads ------------------------------------------------------------------ */

struct procs *procs_start(struct err *err)
{
	static const int crashes[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
	struct procs *p = xcalloc(1, sizeof(*p));
	pthread_condattr_t attr;
	sigset_t all, before;

	p->refs = 1;
	wake_init(&p->wake);
	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->changed, &attr);
	pthread_condattr_destroy(&attr);

	sigfillset(&all);
	/* those of a crash are for whoever wants to put something in order first */
	for (size_t i = 0; i < ARRAY_LEN(crashes); i++)
		sigdelset(&all, crashes[i]);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int r = pthread_create(&p->thread, NULL, procs_main, p);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r) {
		errno = r;
		err_errno(err, ERR_INTERNAL, "cannot start the thread that runs processes");
		p->stopped = true;
		procs_unref(p);
		return NULL;
	}
	return p;
}

void procs_stop(struct procs *p)
{
	pthread_mutex_lock(&p->lock);
	bool was_stopped = p->stopped;
	p->stopping = p->stopped = true;
	pthread_mutex_unlock(&p->lock);
	if (was_stopped)
		return;
	wake_signal(&p->wake);
	pthread_join(p->thread, NULL);
	serve_requests(p); /* refuses what came too late for the thread */
}

void procs_free(struct procs *p)
{
	if (!p)
		return;
	procs_stop(p);
	procs_unref(p);
}

struct child *procs_spawn(struct procs *p, const struct procs_spec *spec, struct err *err)
{
	struct spawn_request r = { .spec = spec, .err = err };

	pthread_mutex_lock(&p->lock);
	if (p->stopping) {
		pthread_mutex_unlock(&p->lock);
		err_set(err, ERR_CANCELLED, "no process is started any more: shutting down");
		return NULL;
	}
	struct spawn_request **at = &p->requests;
	while (*at)
		at = &(*at)->next;
	*at = &r;
	wake_signal(&p->wake);
	while (!r.done)
		pthread_cond_wait(&p->changed, &p->lock);
	pthread_mutex_unlock(&p->lock);
	return r.child;
}

pid_t child_pid(const struct child *c)
{
	return c->pid;
}

int child_signal(struct child *c, int sig)
{
	pthread_mutex_lock(&c->owner->lock);
	int r = c->ended ? -1 : proc_signal_group(&c->proc, sig);
	pthread_mutex_unlock(&c->owner->lock);
	return r;
}

int child_running(struct child *c)
{
	pthread_mutex_lock(&c->owner->lock);
	bool ended = c->ended;
	pthread_mutex_unlock(&c->owner->lock);
	return !ended;
}

int child_wait(struct child *c, uint64_t timeout_ns, int *ret_status)
{
	struct procs *p = c->owner;
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	uint64_t nsec = (uint64_t)until.tv_nsec + timeout_ns % NS_PER_S;
	until.tv_sec += (time_t)(timeout_ns / NS_PER_S + nsec / NS_PER_S);
	until.tv_nsec = (long)(nsec % NS_PER_S);

	pthread_mutex_lock(&p->lock);
	while (!c->settled)
		if (pthread_cond_timedwait(&p->changed, &p->lock, &until) == ETIMEDOUT)
			break;
	int settled = c->settled;
	if (settled && ret_status)
		*ret_status = c->status;
	pthread_mutex_unlock(&p->lock);
	return settled;
}

char *child_tail(struct child *c, size_t max)
{
	pthread_mutex_lock(&c->owner->lock);
	size_t n = (size_t)MIN(c->tail_total, MIN(max, TAIL_BYTES));
	bool cut = n < c->tail_total;
	char *text = xmalloc(n + 1);
	for (size_t i = 0; i < n; i++)
		text[i] = c->tail[(c->tail_total - n + i) % TAIL_BYTES];
	pthread_mutex_unlock(&c->owner->lock);

	while (n && text[n - 1] == '\n')
		n--;
	text[n] = '\0';
	/* do not begin in the middle of a line, if there is another one */
	char *nl = cut ? memchr(text, '\n', n) : NULL;
	if (nl)
		memmove(text, nl + 1, (size_t)(text + n - nl));
	return text;
}

void child_free(struct child *c)
{
	if (!c)
		return;
	struct procs *p = c->owner;
	child_signal(c, SIGKILL);
	pthread_mutex_lock(&p->lock);
	if (on_procs_thread(p))
		c->detached = true;
	else
		while (!c->settled)
			pthread_cond_wait(&p->changed, &p->lock);
	pthread_mutex_unlock(&p->lock);
	child_unref(c);
}
