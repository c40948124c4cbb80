/* Files in a directory of their own: reading, atomic writing, removal, names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include <unistd.h>

#include "util/fs.h"
#include "util/mem.h"

static char dir[64];

static int set_up(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/test_fs.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return fs_remove_tree(dir, NULL);
}

static size_t count_entries(const char *path)
{
	DIR *d = opendir(path);
	assert_non_null(d);
	size_t n = 0;
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void test_write_and_read(void **state)
{
	(void)state;
	CLEANUP_FREE char *path = fs_join(dir, "file");
	struct err err = { 0 };
	CLEANUP_STRBUF struct strbuf sb = { 0 };
	assert_int_equal(fs_read(path, 100, &sb, &err), -1);
	assert_int_equal(err.code, ERR_IO);
	assert_int_equal(err.saved_errno, ENOENT);
	assert_non_null(strstr(err.text, path));
	assert_int_equal(fs_write_atomic(path, "one", 3, 0600, &err), 0);
	assert_int_equal(fs_write_atomic(path, "second", 6, 0600, &err), 0);
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(fs_read(path, 6, &sb, &err), 0);
	assert_string_equal(strbuf_str(&sb), "second");
	strbuf_clear(&sb);
	assert_int_equal(fs_read(path, 5, &sb, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	assert_int_equal(fs_read(dir, 5, &sb, &err), -1);
	assert_int_equal(err.saved_errno, EISDIR);
	strbuf_clear(&sb);
	assert_int_equal(fs_read_file(path, 6, &sb, &err), 0);
	assert_string_equal(strbuf_str(&sb), "second");
	assert_int_equal(fs_read_file(path, 5, &sb, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	static const char *const no_files[] = { "/dev/zero", "/proc/self/fd", NULL };
	for (size_t i = 0; no_files[i]; i++) {
		assert_int_equal(fs_read_file(no_files[i], 5, &sb, &err), -1);
		assert_non_null(strstr(err.text, "it is no regular file"));
	}
	CLEANUP_FREE char *fifo = fs_join(dir, "fifo");
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(fs_read_file(fifo, 5, &sb, &err), -1); /* and at once */
	assert_int_equal(unlink(fifo), 0);
	assert_int_equal(count_entries(dir), 1);
}

static void test_failed_write_leaves_nothing(void **state)
{
	(void)state;
	struct err err = { 0 };
	CLEANUP_FREE char *missing = fs_join(dir, "no/file");
	assert_int_equal(fs_write_atomic(missing, "x", 1, 0600, &err), -1);
	assert_int_equal(err.saved_errno, ENOENT);
	CLEANUP_FREE char *path = fs_join(dir, "file");
	CLEANUP_FREE char *taken = fs_join(dir, "taken");
	assert_int_equal(fs_write_atomic(path, "old", 3, 0600, &err), 0);
	assert_int_equal(mkdir(taken, 0700), 0);
	assert_int_equal(fs_write_atomic(taken, "x", 1, 0600, &err), -1);
	/* the file size limit stands in for a full disk */
	static char big[100000];
	const struct rlimit small = { .rlim_cur = 4096, .rlim_max = RLIM_INFINITY };
	struct rlimit before;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	int rc = fs_write_atomic(path, big, sizeof(big), 0600, &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(rc, -1);
	assert_int_equal(err.saved_errno, EFBIG);
	CLEANUP_STRBUF struct strbuf sb = { 0 };
	assert_int_equal(fs_read(path, 100, &sb, NULL), 0);
	assert_string_equal(strbuf_str(&sb), "old");
	assert_int_equal(count_entries(dir), 2);
}

static void test_mkdirs(void **state)
{
	(void)state;
	struct err err = { 0 };
	CLEANUP_FREE char *deep = fs_join(dir, "a//b/c/");
	assert_int_equal(fs_mkdirs(deep, 0700, &err), 0);
	assert_int_equal(fs_mkdirs(deep, 0700, &err), 0);
	CLEANUP_FREE char *file = fs_join(dir, "a/file");
	assert_int_equal(fs_write_atomic(file, "", 0, 0600, NULL), 0);
	CLEANUP_FREE char *below = fs_join(file, "x");
	assert_int_equal(fs_mkdirs(file, 0700, &err), -1);
	assert_int_equal(err.saved_errno, ENOTDIR);
	assert_int_equal(fs_mkdirs(below, 0700, &err), -1);
	assert_int_equal(fs_mkdirs("", 0700, &err), -1);
}

static void test_remove_tree(void **state)
{
	(void)state;
	struct err err = { 0 };
	CLEANUP_FREE char *tree = fs_join(dir, "tree");
	CLEANUP_FREE char *deep = fs_join(tree, "a/b/c");
	CLEANUP_FREE char *kept = fs_join(dir, "kept");
	CLEANUP_FREE char *kept_file = fs_join(kept, "file");
	CLEANUP_FREE char *link_in = fs_join(deep, "link");
	CLEANUP_FREE char *link_out = fs_join(dir, "link/");
	assert_int_equal(fs_mkdirs(deep, 0700, NULL), 0);
	assert_int_equal(fs_mkdirs(kept, 0700, NULL), 0);
	assert_int_equal(fs_write_atomic(kept_file, "x", 1, 0600, NULL), 0);
	assert_int_equal(symlink(kept, link_in), 0);
	for (int i = 0; i < 300; i++) {
		CLEANUP_FREE char *name = xasprintf("%s/f%d", tree, i);
		assert_int_equal(fs_write_atomic(name, "", 0, 0600, NULL), 0);
	}
	assert_int_equal(fs_remove_tree(tree, &err), 0);
	assert_false(fs_exists(tree));
	assert_int_equal(fs_remove_tree(tree, &err), 0);
	assert_true(fs_exists(kept_file));
	/* a link is removed itself, with a slash behind it as well */
	CLEANUP_FREE char *link_name = fs_join(dir, "link");
	assert_int_equal(symlink(kept, link_name), 0);
	assert_int_equal(fs_remove_tree(link_out, &err), 0);
	assert_false(fs_exists(link_name));
	assert_true(fs_exists(kept_file));
	static const char *const refused[] = { "", "/", "//", ".", "..", "x/..", "x/./" };
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		assert_int_equal(fs_remove_tree(refused[i], &err), -1);
}

static void test_remove_is_bounded(void **state)
{
	(void)state;
	CLEANUP_STRBUF struct strbuf path = { 0 };
	CLEANUP_FREE char *top = fs_join(dir, "deep");
	strbuf_adds(&path, top);
	for (int i = 0; i < 70; i++)
		strbuf_adds(&path, "/d");
	assert_int_equal(fs_mkdirs(path.buf, 0700, NULL), 0);
	struct err err = { 0 };
	assert_int_equal(fs_remove_tree(top, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	/* in halves it goes */
	path.buf[strlen(top) + 80] = '\0';
	assert_int_equal(fs_remove_tree(path.buf, &err), 0);
	assert_int_equal(fs_remove_tree(top, &err), 0);
}

static void test_names(void **state)
{
	(void)state;
	static const struct {
		const char *a, *b, *joined;
	} joins[] = {
		{ "a", "b", "a/b" },
		{ "a/", "b", "a/b" },
		{ "/", "b", "/b" },
		{ "", "b", "b" },
	};
	for (size_t i = 0; i < ARRAY_LEN(joins); i++) {
		CLEANUP_FREE char *got = fs_join(joins[i].a, joins[i].b);
		assert_string_equal(got, joins[i].joined);
	}
	CLEANUP_FREE char *cwd = getcwd(NULL, 0);
	CLEANUP_FREE char *in_cwd = fs_join(cwd, "x/y");
	CLEANUP_FREE char *a = fs_absolute("/x"), *b = fs_absolute("x/y");
	CLEANUP_FREE char *c = fs_absolute(".//x/y"), *d = fs_absolute(".");
	assert_string_equal(a, "/x");
	assert_string_equal(b, in_cwd);
	assert_string_equal(c, in_cwd);
	assert_string_equal(d, cwd);
	CLEANUP_FREE char *self = fs_self_dir();
	assert_true(self[0] == '/' && fs_exists(self));
	assert_false(fs_is_executable(self));
}

static void test_which(void **state)
{
	(void)state;
	CLEANUP_FREE char *tool = fs_join(dir, "tool");
	CLEANUP_FREE char *sub = fs_join(dir, "sub");
	CLEANUP_FREE char *not_a_file = fs_join(sub, "tool");
	assert_int_equal(fs_write_atomic(tool, "#!/bin/sh\n", 10, 0700, NULL), 0);
	assert_int_equal(fs_mkdirs(not_a_file, 0700, NULL), 0);
	CLEANUP_FREE char *before = xstrdup(getenv("PATH"));
	CLEANUP_FREE char *path = xasprintf("/nowhere:%s:%s", sub, dir);
	setenv("PATH", path, 1);
	CLEANUP_FREE char *found = fs_which("tool"), *absent = fs_which("tool2");
	CLEANUP_FREE char *none = fs_which(""), *direct = fs_which(tool);
	setenv("PATH", before, 1);
	assert_string_equal(found, tool);
	assert_null(absent);
	assert_null(none);
	assert_string_equal(direct, tool);
}

static void test_xdg(void **state)
{
	(void)state;
	setenv("HOME", "/home/someone", 1);
	setenv("XDG_STATE_HOME", "/state", 1);
	setenv("XDG_CACHE_HOME", "relative", 1);
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("XDG_RUNTIME_DIR");
	CLEANUP_FREE char *config = fs_xdg(FS_XDG_CONFIG, "presets");
	CLEANUP_FREE char *state_dir = fs_xdg(FS_XDG_STATE, NULL);
	CLEANUP_FREE char *cache = fs_xdg(FS_XDG_CACHE, "");
	CLEANUP_FREE char *runtime = fs_xdg(FS_XDG_RUNTIME, NULL);
	CLEANUP_FREE char *expected = xasprintf("/tmp/ltb-%lu", (unsigned long)getuid());
	assert_string_equal(config, "/home/someone/.config/ltb/presets");
	assert_string_equal(state_dir, "/state/ltb");
	assert_string_equal(cache, "/home/someone/.cache/ltb");
	assert_string_equal(runtime, expected);
}

int main(void)
{
#define FS_TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		FS_TEST(test_write_and_read),
		FS_TEST(test_failed_write_leaves_nothing),
		FS_TEST(test_mkdirs),
		FS_TEST(test_remove_tree),
		FS_TEST(test_remove_is_bounded),
		FS_TEST(test_names),
		FS_TEST(test_which),
		FS_TEST(test_xdg),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
