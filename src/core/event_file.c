/* Reading events.jsonl; see event_file.h. */
#include "core/event_file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/fs.h"
#include "util/mem.h"

#define CHUNK      (64u * 1024)
#define TAIL_LINES 4 /* a note may follow the run_end */

struct event_file {
	char *path;
	int fd;
	/* What was read and not used yet: buf[start..end); no line ends before `scanned`. */
	char *buf;
	size_t start, scanned, end, cap;
	uint64_t offset;   /* in the file, of what is read next */
	size_t line;       /* of the last line used, from 1 */
	struct err broken; /* what it cannot get past */
};

struct event_file *event_file_open(const char *path, struct err *err)
{
	int fd = fs_open_file(path, err);

	if (fd < 0) {
		if (err)
			err->code = ERR_USAGE;
		return NULL;
	}
	struct event_file *f = xcalloc(1, sizeof(*f));
	f->path = xstrdup(path);
	f->fd = fd;
	return f;
}

void event_file_close(struct event_file *f)
{
	if (!f)
		return;
	close(f->fd);
	free(f->path);
	free(f->buf);
	free(f);
}

void event_file_rewind(struct event_file *f)
{
	f->start = f->scanned = f->end = 0;
	f->offset = 0;
	f->line = 0;
	err_clear(&f->broken);
}

/* 1: there is more in the buffer, 0: not in the file, -1: error. */
static int fill(struct event_file *f, struct err *err)
{
	ssize_t n;

	if (f->start > 0) {
		memmove(f->buf, f->buf + f->start, f->end - f->start);
		f->scanned -= f->start;
		f->end -= f->start;
		f->start = 0;
	}
	if (f->end == f->cap) {
		f->cap = f->cap ? 2 * f->cap : CHUNK;
		f->buf = xrealloc_array(f->buf, f->cap, 1);
	}
	do
		n = pread(f->fd, f->buf + f->end, f->cap - f->end, (off_t)f->offset);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_errno(err, ERR_IO, "cannot read %s", f->path);
	f->end += (size_t)n;
	f->offset += (uint64_t)n;
	return n > 0;
}

/* 1: *ret is the next line, until the next call. 0 and -1 as event_file_next(). */
static int next_line(struct event_file *f, const char **ret, size_t *ret_len, struct err *err)
{
	for (;;) {
		const char *nl = f->end > f->scanned
					 ? memchr(f->buf + f->scanned, '\n', f->end - f->scanned)
					 : NULL;
		size_t len = (nl ? (size_t)(nl - f->buf) : f->end) - f->start;

		if (len >= EVENT_FILE_MAX_LINE)
			return err_set(
				err, ERR_USAGE, "%s:%zu: line is too long", f->path, f->line + 1);
		if (nl) {
			*ret = f->buf + f->start;
			*ret_len = len;
			f->start += len + 1;
			f->scanned = f->start;
			f->line++;
			return 1;
		}
		f->scanned = f->end;
		int more = fill(f, err);
		if (more <= 0)
			return more;
	}
}

int event_file_next(struct event_file *f, struct event **ret, struct err *err)
{
	const char *line = NULL;
	size_t len = 0;
	int rc = 0;

	*ret = NULL;
	while (!f->broken.code && (rc = next_line(f, &line, &len, &f->broken)) > 0) {
		struct err bad = { 0 };

		*ret = event_from_json(line, len, &bad);
		if (*ret)
			return 1;
		if (bad.code)
			err_set(&f->broken, ERR_USAGE, "%s:%zu: %s", f->path, f->line, bad.text);
	}
	if (!f->broken.code)
		return rc;
	if (err)
		*err = f->broken;
	return -1;
}

int event_file_start(struct event_file *f, struct event **ret, struct err *err)
{
	struct err why = { 0 };
	int rc = event_file_next(f, ret, &why);

	if (rc == 0 || (*ret && (*ret)->kind == EVENT_RUN_START))
		return rc;
	event_free(TAKE_PTR(*ret));
	return err_set(err, ERR_USAGE, "%s does not begin with a run_start event%s%s", f->path,
		why.code ? ": " : "", why.text);
}

int event_file_check(const struct event_file *f, struct err *err)
{
	struct stat ours, there;

	if (fstat(f->fd, &ours) < 0 || stat(f->path, &there) < 0)
		return err_errno(err, ERR_IO, "%s is gone", f->path);
	if (ours.st_dev != there.st_dev || ours.st_ino != there.st_ino)
		return err_set(err, ERR_IO, "%s was replaced by another file meanwhile", f->path);
	if ((uint64_t)ours.st_size < f->offset)
		return err_set(err, ERR_IO, "%s was cut short meanwhile", f->path);
	return 0;
}

/* --- the end of a file --------------------------------------------------------------- */

static ssize_t read_at(int fd, char *buf, size_t len, off_t offset)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = pread(fd, buf + got, len - got, offset + (off_t)got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -1 : (ssize_t)got;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

/* Looks through the last lines of a text, which may begin in the middle of one. */
static int tail_lines(
	const char *text, size_t len, bool whole, uint64_t *ret_last_ns, struct event **ret_run_end)
{
	const char *end = memrchr(text, '\n', len);
	int rc = -1;

	for (int i = 0; end && i < TAIL_LINES && !*ret_run_end; i++) {
		const char *before = memrchr(text, '\n', (size_t)(end - text));
		if (!before && !whole)
			break;
		const char *line = before ? before + 1 : text;
		struct event *ev = event_from_json(line, (size_t)(end - line), NULL);

		if (ev && rc < 0) {
			*ret_last_ns = ev->t_ns;
			rc = 0;
		}
		if (ev && ev->kind == EVENT_RUN_END)
			*ret_run_end = ev;
		else
			event_free(ev);
		end = before;
	}
	return rc;
}

int event_file_tail(const char *path, uint64_t *ret_last_ns, struct event **ret_run_end)
{
	int fd = fs_open_file(path, NULL);
	struct stat st;
	int rc = -1;

	*ret_last_ns = 0;
	*ret_run_end = NULL;
	if (fd < 0)
		return -1;
	/* Mostly a line is short, but one with all transactions of a block need not be. */
	for (size_t want = CHUNK / 4; fstat(fd, &st) == 0 && rc < 0; want *= 16) {
		size_t len = (uint64_t)st.st_size < want ? (size_t)st.st_size : want;
		CLEANUP_FREE char *text = xmalloc(len);
		ssize_t got = read_at(fd, text, len, st.st_size - (off_t)len);

		if (got > 0)
			rc = tail_lines(text, (size_t)got, len == (size_t)st.st_size, ret_last_ns,
				ret_run_end);
		if (len < want || want >= EVENT_FILE_MAX_LINE)
			break;
	}
	close(fd);
	return rc;
}
