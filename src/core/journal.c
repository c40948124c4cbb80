/*
 * The journal of a run; see journal.h. An entry is one write(2) to a file in
 * append mode and one fdatasync, so that a crash tears at most the last line.
 */
#include "core/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util/fs.h"
#include "util/json.h"
#include "util/mem.h"
#include "util/strbuf.h"

#define JOURNAL_MAX_BYTES (64u * 1024 * 1024)

struct journal {
	char *path;           /* immutable */
	pthread_mutex_t lock; /* keeps entries whole, also after a failed write */
	int fd;
};

static const char *const op_names[] = {
	[JOURNAL_OWNER] = "owner",
	[JOURNAL_PROCESS] = "start",
	[JOURNAL_RESOURCE] = "path",
	[JOURNAL_FAULT] = "fault",
	[JOURNAL_HEAL] = "heal",
	[JOURNAL_DONE] = "done",
};

struct journal *journal_create(const char *path, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0) {
		if (errno == EEXIST)
			err_set(err, ERR_ENV,
				"%s exists: the directory belongs to another run; remove it with "
				"'ltb clean' or choose another one",
				path);
		else
			err_errno(err, ERR_IO, "cannot create the journal %s", path);
		return NULL;
	}
	struct journal *j = xcalloc(1, sizeof(*j));
	j->path = xstrdup(path);
	j->fd = fd;
	pthread_mutex_init(&j->lock, NULL);
	return j;
}

void journal_close(struct journal *j)
{
	if (!j)
		return;
	close(j->fd);
	pthread_mutex_destroy(&j->lock);
	free(j->path);
	free(j);
}

/* --- writing --------------------------------------------------------------------- */

static int write_entry(struct journal *j, const char *text, size_t len)
{
	off_t before = lseek(j->fd, 0, SEEK_END);
	if (fs_write_all(j->fd, text, len) < 0) {
		int saved = errno;
		/* half an entry must not swallow the next one */
		if (before >= 0 && ftruncate(j->fd, before) < 0)
			(void)fs_write_all(j->fd, "\n", 1);
		errno = saved;
		return -1;
	}
	return fdatasync(j->fd);
}

static void begin_entry(struct jw *w, struct strbuf *line, unsigned op)
{
	jw_init(w, line, 0);
	jw_object(w);
	jw_kstr(w, "op", op_names[op]);
}

static int end_entry(struct journal *j, struct jw *w, struct err *err)
{
	jw_object_end(w);
	strbuf_addc(w->out, '\n');
	pthread_mutex_lock(&j->lock);
	int rc = write_entry(j, w->out->buf, w->out->len);
	if (rc < 0)
		err_errno(err, ERR_IO, "cannot write the journal %s", j->path);
	pthread_mutex_unlock(&j->lock);
	return rc;
}

int journal_process(struct journal *j, const char *what, pid_t pid, unsigned long long start_time,
	struct err *err)
{
	CLEANUP_STRBUF struct strbuf line = { 0 };
	struct jw w;
	begin_entry(&w, &line, JOURNAL_PROCESS);
	jw_kstr(&w, "what", what);
	jw_ki64(&w, "pid", pid);
	jw_ku64(&w, "start_time", start_time);
	return end_entry(j, &w, err);
}

int journal_resource(struct journal *j, const char *kind, const char *name, struct err *err)
{
	CLEANUP_STRBUF struct strbuf line = { 0 };
	struct jw w;
	begin_entry(&w, &line, JOURNAL_RESOURCE);
	jw_kstr(&w, "kind", kind);
	jw_kstr(&w, "what", name);
	return end_entry(j, &w, err);
}

int journal_fault(struct journal *j, uint64_t id, const char *text, struct err *err)
{
	CLEANUP_STRBUF struct strbuf line = { 0 };
	struct jw w;
	begin_entry(&w, &line, JOURNAL_FAULT);
	jw_ku64(&w, "id", id);
	jw_kstr(&w, "what", text);
	return end_entry(j, &w, err);
}

int journal_heal(struct journal *j, uint64_t id, struct err *err)
{
	CLEANUP_STRBUF struct strbuf line = { 0 };
	struct jw w;
	begin_entry(&w, &line, JOURNAL_HEAL);
	jw_ku64(&w, "id", id);
	return end_entry(j, &w, err);
}

int journal_owner(struct journal *j, pid_t pid, unsigned long long start_time, const char *backend,
	struct err *err)
{
	CLEANUP_STRBUF struct strbuf line = { 0 };
	struct jw w;
	begin_entry(&w, &line, JOURNAL_OWNER);
	jw_kstr(&w, "what", backend);
	jw_ki64(&w, "pid", pid);
	jw_ku64(&w, "start_time", start_time);
	return end_entry(j, &w, err);
}

int journal_done(struct journal *j, struct err *err)
{
	CLEANUP_STRBUF struct strbuf line = { 0 };
	struct jw w;
	begin_entry(&w, &line, JOURNAL_DONE);
	return end_entry(j, &w, err);
}

/* --- reading --------------------------------------------------------------------- */

static bool copy_text(const cJSON *obj, const char *key, char *buf, size_t size)
{
	const char *s = json_get_str(obj, key);
	/* a name cut short would name something else */
	if (!s || strlen(s) >= size)
		return false;
	snprintf(buf, size, "%s", s);
	return true;
}

static bool read_process(const cJSON *obj, struct journal_entry *e)
{
	uint64_t pid, start;
	if (!json_get_u64(obj, "pid", &pid) || pid == 0 || pid > INT32_MAX ||
		!json_get_u64(obj, "start_time", &start))
		return false;
	e->pid = (pid_t)pid;
	e->start_time = start;
	return copy_text(obj, "what", e->text, sizeof(e->text));
}

static bool read_entry(const cJSON *obj, struct journal_entry *e)
{
	const char *op = json_get_str(obj, "op");
	size_t i = 0;

	memset(e, 0, sizeof(*e));
	while (op && i < ARRAY_LEN(op_names) && strcmp(op, op_names[i]) != 0)
		i++;
	if (!op || i == ARRAY_LEN(op_names))
		return false;
	e->op = (__typeof__(e->op))i;
	switch (e->op) {
	case JOURNAL_OWNER:
	case JOURNAL_PROCESS:
		return read_process(obj, e);
	case JOURNAL_RESOURCE:
		return copy_text(obj, "kind", e->kind, sizeof(e->kind)) &&
		       copy_text(obj, "what", e->text, sizeof(e->text));
	case JOURNAL_FAULT:
		return json_get_u64(obj, "id", &e->id) &&
		       copy_text(obj, "what", e->text, sizeof(e->text));
	case JOURNAL_HEAL:
		return json_get_u64(obj, "id", &e->id);
	case JOURNAL_DONE:
		return true;
	}
	return false;
}

int journal_read(const char *path, int (*fn)(const struct journal_entry *e, void *arg), void *arg,
	struct err *err)
{
	CLEANUP_STRBUF struct strbuf text = { 0 };
	int rc = 0;
	unsigned line_no = 0;

	if (fs_read_file(path, JOURNAL_MAX_BYTES, &text, err) < 0)
		return -1;
	const char *at = strbuf_str(&text), *end = at + text.len;
	while (at < end) {
		const char *nl = memchr(at, '\n', (size_t)(end - at));
		if (!nl)
			break; /* torn: the act it announces was not begun */
		line_no++;
		struct journal_entry e;
		CLEANUP_JSON cJSON *obj = json_parse(at, (size_t)(nl - at), NULL, NULL);
		at = nl + 1;
		if (obj && read_entry(obj, &e)) {
			if (fn(&e, arg) != 0)
				return rc;
		} else if (rc == 0) {
			/* what can be read still tells what to undo, so go on */
			rc = err_set(
				err, ERR_PROTOCOL, "%s:%u: not a journal entry", path, line_no);
		}
	}
	return rc;
}
