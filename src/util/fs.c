/* Files: bounded reads, atomic writes, safe removal, XDG places; see fs.h. */
#include "util/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/mem.h"

#define REMOVE_MAX_DEPTH 64 /* one descriptor each */

/* --- reading ---------------------------------------------------------------- */

static int read_fd(int fd, const char *name, size_t max, struct strbuf *out, struct err *err)
{
	char chunk[16384];
	size_t total = 0;
	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, ERR_IO, "cannot read %s", name);
		if (n == 0)
			return 0;
		if ((size_t)n > max - total || strbuf_add(out, chunk, (size_t)n) != 0)
			return err_set(err, ERR_LIMIT, "%s is larger than the %zu bytes allowed",
				name, max);
		total += (size_t)n;
	}
}

int fs_read(const char *path, size_t max, struct strbuf *out, struct err *err)
{
	if (strcmp(path, "-") == 0)
		return read_fd(STDIN_FILENO, "standard input", max, out, err);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, ERR_IO, "cannot open %s", path);
	int rc = read_fd(fd, path, max, out, err);
	close(fd);
	return rc;
}

int fs_open_file(const char *path, struct err *err)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return err_errno(err, ERR_IO, "cannot open %s", path);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return err_set(err, ERR_IO, "cannot read %s: it is no regular file", path);
}

int fs_read_file(const char *path, size_t max, struct strbuf *out, struct err *err)
{
	int fd = fs_open_file(path, err);

	if (fd < 0)
		return -1;
	int rc = read_fd(fd, path, max, out, err);
	close(fd);
	return rc;
}

/* --- writing ---------------------------------------------------------------- */

int fs_write_all(int fd, const void *data, size_t len)
{
	const char *p = data;
	while (len > 0) {
		ssize_t n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The directory of path; caller frees. */
static char *parent_dir(const char *path)
{
	const char *slash = strrchr(path, '/');
	if (!slash)
		return xstrdup(".");
	return slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
}

/* So that the rename itself survives a crash; not every file system can. */
static void sync_dir(const char *path)
{
	CLEANUP_FREE char *dir = parent_dir(path);
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

static int open_temporary(const char *path, unsigned mode, char **ret_name)
{
	static atomic_uint counter;
	for (;;) {
		char *name = xasprintf(
			"%s.tmp.%ld.%u", path, (long)getpid(), atomic_fetch_add(&counter, 1));
		int fd = open(
			name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, (mode_t)mode);
		if (fd >= 0) {
			*ret_name = name;
			return fd;
		}
		free(name);
		if (errno != EEXIST) /* else left behind by an earlier process of this id */
			return -1;
	}
}

int fs_write_atomic(const char *path, const void *data, size_t len, unsigned mode, struct err *err)
{
	CLEANUP_FREE char *name = NULL;
	int fd = open_temporary(path, mode, &name);
	if (fd < 0)
		return err_errno(err, ERR_IO, "cannot create %s", path);
	int rc = fs_write_all(fd, data, len);
	if (rc == 0)
		rc = fsync(fd);
	int saved = errno;
	if (close(fd) != 0 && rc == 0) {
		rc = -1;
		saved = errno;
	}
	if (rc == 0 && rename(name, path) != 0) {
		rc = -1;
		saved = errno;
	}
	if (rc != 0) {
		unlink(name);
		errno = saved;
		return err_errno(err, ERR_IO, "cannot write %s", path);
	}
	sync_dir(path);
	return 0;
}

int fs_mkdirs(const char *path, unsigned mode, struct err *err)
{
	CLEANUP_FREE char *dir = xstrdup(path);
	size_t len = strlen(dir);
	for (size_t i = 1; i <= len; i++) {
		if (dir[i] != '/' && dir[i] != '\0')
			continue;
		char end = dir[i];
		dir[i] = '\0';
		struct stat st;
		if (mkdir(dir, (mode_t)mode) != 0 && errno != EEXIST &&
			!(stat(dir, &st) == 0 && S_ISDIR(st.st_mode)))
			return err_errno(err, ERR_IO, "cannot create directory %s", dir);
		dir[i] = end;
	}
	struct stat st;
	if (stat(path, &st) != 0)
		return err_errno(err, ERR_IO, "cannot create directory %s", path);
	if (!S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		return err_errno(err, ERR_IO, "cannot create directory %s", path);
	}
	return 0;
}

/* --- removing --------------------------------------------------------------- */

static int remove_at(int dir_fd, const char *name, unsigned depth, struct err *err);

static int remove_entries(DIR *dir, unsigned depth, struct err *err)
{
	for (;;) {
		errno = 0;
		const struct dirent *e = readdir(dir);
		if (!e)
			return errno ? err_errno(err, ERR_IO, "cannot read directory") : 0;
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (remove_at(dirfd(dir), e->d_name, depth + 1, err) != 0)
			return -1;
	}
}

static int remove_contents(int dir_fd, const char *name, unsigned depth, struct err *err)
{
	if (depth >= REMOVE_MAX_DEPTH)
		return err_set(err, ERR_LIMIT, "more than %d directories deep: not removed",
			REMOVE_MAX_DEPTH);
	int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_errno(err, ERR_IO, "cannot open %s", name);
	DIR *dir = fdopendir(fd);
	if (!dir) {
		err_errno(err, ERR_IO, "cannot open %s", name);
		close(fd);
		return -1;
	}
	int rc = remove_entries(dir, depth, err);
	closedir(dir);
	return rc;
}

static int remove_at(int dir_fd, const char *name, unsigned depth, struct err *err)
{
	struct stat st;
	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : err_errno(err, ERR_IO, "cannot stat %s", name);
	bool is_dir = S_ISDIR(st.st_mode);
	if (is_dir && remove_contents(dir_fd, name, depth, err) != 0)
		return -1;
	if (unlinkat(dir_fd, name, is_dir ? AT_REMOVEDIR : 0) != 0 && errno != ENOENT)
		return err_errno(err, ERR_IO, "cannot remove %s", name);
	return 0;
}

int fs_remove_tree(const char *path, struct err *err)
{
	/* "link/" would be the directory behind the link */
	CLEANUP_FREE char *name = xstrdup(path);
	size_t len = strlen(name);
	while (len > 0 && name[len - 1] == '/')
		name[--len] = '\0';
	const char *slash = strrchr(name, '/');
	const char *last = slash ? slash + 1 : name;
	if (!*last || strcmp(last, ".") == 0 || strcmp(last, "..") == 0)
		return err_set(err, ERR_INTERNAL, "refusing to remove '%s'", path);
	if (remove_at(AT_FDCWD, name, 0, err) != 0)
		return err_prefix(err, "removing %s", path);
	return 0;
}

/* --- asking ----------------------------------------------------------------- */

bool fs_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

bool fs_is_executable(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0;
}

/* --- names ------------------------------------------------------------------ */

char *fs_join(const char *a, const char *b)
{
	size_t len = strlen(a);
	if (len == 0)
		return xstrdup(b);
	return xasprintf("%s%s%s", a, a[len - 1] == '/' ? "" : "/", b);
}

char *fs_absolute(const char *path)
{
	if (path[0] == '/')
		return xstrdup(path);
	while (path[0] == '.' && path[1] == '/')
		path += 1 + strspn(path + 1, "/");
	CLEANUP_FREE char *cwd = getcwd(NULL, 0);
	if (!cwd) /* the directory is gone: nothing absolute leads there */
		return xstrdup(path);
	if (!*path || strcmp(path, ".") == 0)
		return TAKE_PTR(cwd);
	return fs_join(cwd, path);
}

char *fs_self_dir(void)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (n <= 0)
		return xstrdup(".");
	path[n] = '\0';
	return parent_dir(path);
}

char *fs_which(const char *program)
{
	if (!*program)
		return NULL;
	if (strchr(program, '/'))
		return fs_is_executable(program) ? xstrdup(program) : NULL;
	const char *at = getenv("PATH");
	if (!at)
		at = "/usr/local/bin:/usr/bin:/bin";
	for (;;) {
		size_t len = strcspn(at, ":");
		CLEANUP_FREE char *dir = len ? xstrndup(at, len) : xstrdup(".");
		CLEANUP_FREE char *path = fs_join(dir, program);
		if (fs_is_executable(path))
			return TAKE_PTR(path);
		if (at[len] == '\0')
			return NULL;
		at += len + 1;
	}
}

static char *home_dir(void)
{
	const char *home = getenv("HOME");
	if (home && home[0] == '/')
		return xstrdup(home);
	char space[4096];
	struct passwd pw, *found = NULL;
	if (getpwuid_r(getuid(), &pw, space, sizeof(space), &found) == 0 && found)
		return xstrdup(found->pw_dir);
	return xstrdup("/");
}

char *fs_xdg(enum fs_xdg which, const char *sub)
{
	static const struct {
		const char *variable, *below_home;
	} places[] = {
		[FS_XDG_CONFIG] = { "XDG_CONFIG_HOME", ".config" },
		[FS_XDG_DATA] = { "XDG_DATA_HOME", ".local/share" },
		[FS_XDG_STATE] = { "XDG_STATE_HOME", ".local/state" },
		[FS_XDG_CACHE] = { "XDG_CACHE_HOME", ".cache" },
		[FS_XDG_RUNTIME] = { "XDG_RUNTIME_DIR", NULL },
	};
	const char *value = getenv(places[which].variable);
	CLEANUP_FREE char *dir = NULL;
	if (value && value[0] == '/') { /* the standard has relative ones ignored */
		dir = fs_join(value, "ltb");
	} else if (places[which].below_home) {
		CLEANUP_FREE char *home = home_dir();
		CLEANUP_FREE char *base = fs_join(home, places[which].below_home);
		dir = fs_join(base, "ltb");
	} else {
		dir = xasprintf("/tmp/ltb-%lu", (unsigned long)getuid());
	}
	return sub && *sub ? fs_join(dir, sub) : TAKE_PTR(dir);
}
