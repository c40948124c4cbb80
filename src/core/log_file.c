/* Size-capped log files; see log_file.h. */
#include "core/log_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/fs.h"
#include "util/mem.h"

static int open_again(struct log_file *f, struct err *err)
{
	struct stat st;

	f->fd = open(f->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (f->fd < 0)
		return err_errno(err, ERR_IO, "cannot open the log file %s", f->path);
	f->bytes = fstat(f->fd, &st) == 0 ? (uint64_t)st.st_size : 0;
	return 0;
}

static void close_it(struct log_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

int log_file_open(struct log_file *f, const char *path, uint64_t max_bytes, struct err *err)
{
	*f = (struct log_file){
		.path = xstrdup(path),
		.fd = -1,
		.max_bytes = max_bytes ? max_bytes : LOG_FILE_MAX_DEFAULT,
	};
	if (open_again(f, err) == 0)
		return 0;
	log_file_release(f);
	return -1;
}

void log_file_append(struct log_file *f, const char *data, size_t len)
{
	if (f->fd >= 0 && f->bytes && f->bytes + len > f->max_bytes) {
		CLEANUP_FREE char *old = xasprintf("%s.1", f->path);
		close_it(f);
		if (rename(f->path, old) == 0)
			open_again(f, NULL);
	}
	if (f->fd < 0)
		return;
	if (fs_write_all(f->fd, data, len) < 0)
		close_it(f);
	f->bytes += len;
}

void log_file_release(struct log_file *f)
{
	if (!f->path)
		return;
	close_it(f);
	free(f->path);
	*f = (struct log_file){ .fd = -1 };
}
