/* The journal: what is written is read, also when the last line is torn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/journal.h"
#include "util/fs.h"
#include "util/mem.h"

static char dir[64];

static int make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/test_journal.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	return fs_remove_tree(dir, NULL);
}

static int collect(const struct journal_entry *e, void *arg)
{
	char **text = arg;
	char *old = *text;
	*text = xasprintf("%s%d:%d:%llu:%llu:%s:%s\n", old, (int)e->op, (int)e->pid, e->start_time,
		(unsigned long long)e->id, e->kind, e->text);
	free(old);
	return 0;
}

static const char all_entries[] = "0:10:99:0::local\n"
				  "1:11:18446744073709551615:0::n0\n"
				  "2:0:0:0:container:ltb-n0\n"
				  "3:0:0:7::kill n0 by key\n"
				  "4:0:0:7::\n"
				  "5:0:0:0::\n";

static char *write_all(void)
{
	CLEANUP_FREE char *path = fs_join(dir, "journal");
	unlink(path);
	struct journal *j = journal_create(path, NULL);
	assert_non_null(j);
	assert_int_equal(journal_owner(j, 10, 99, "local", NULL), 0);
	assert_int_equal(journal_process(j, "n0", 11, UINT64_MAX, NULL), 0);
	assert_int_equal(journal_resource(j, "container", "ltb-n0", NULL), 0);
	assert_int_equal(journal_fault(j, 7, "kill n0 by key", NULL), 0);
	assert_int_equal(journal_heal(j, 7, NULL), 0);
	assert_int_equal(journal_done(j, NULL), 0);
	journal_close(j);
	return TAKE_PTR(path);
}

static void test_round_trip(void **state)
{
	(void)state;
	CLEANUP_FREE char *path = write_all();
	CLEANUP_FREE char *text = xstrdup("");
	assert_int_equal(journal_read(path, collect, &text, NULL), 0);
	assert_string_equal(text, all_entries);
}

/* Cut anywhere, a journal gives its whole entries and no error. */
static void test_torn(void **state)
{
	(void)state;
	CLEANUP_FREE char *path = write_all();
	CLEANUP_STRBUF struct strbuf whole = { 0 };
	assert_int_equal(fs_read(path, 1 << 20, &whole, NULL), 0);
	for (size_t len = 0; len < whole.len; len++) {
		CLEANUP_FREE char *text = xstrdup("");
		assert_int_equal(truncate(path, 0), 0);
		assert_int_equal(fs_write_atomic(path, whole.buf, len, 0644, NULL), 0);
		assert_int_equal(journal_read(path, collect, &text, NULL), 0);
		assert_memory_equal(text, all_entries, strlen(text));
		size_t lines = 0, entries = 0;
		for (size_t i = 0; i < len; i++)
			lines += whole.buf[i] == '\n';
		for (const char *c = text; *c; c++)
			entries += *c == '\n';
		assert_int_equal(entries, lines);
	}
}

static void test_bad_line_in_the_middle(void **state)
{
	(void)state;
	CLEANUP_FREE char *path = fs_join(dir, "bad");
	CLEANUP_FREE char *text = xstrdup("");
	static const char bad[] = "{\"op\":\"heal\",\"id\":1}\n"
				  "{\"op\":\"start\",\"what\":\"x\",\"pid\":0,\"start_time\":1}\n"
				  "rubbish\n"
				  "{\"op\":\"heal\",\"id\":2}\n";
	struct err err = { 0 };
	assert_int_equal(fs_write_atomic(path, bad, strlen(bad), 0644, NULL), 0);
	assert_int_equal(journal_read(path, collect, &text, &err), -1);
	assert_non_null(strstr(err.text, "bad:2"));
	assert_string_equal(text, "4:0:0:1::\n4:0:0:2::\n");
}

/* Whoever can write to a run directory could keep every list of runs waiting for ever. */
static void test_no_file(void **state)
{
	(void)state;
	CLEANUP_FREE char *path = fs_join(dir, "journal-fifo");
	CLEANUP_FREE char *text = xstrdup("");
	struct err err = { 0 };

	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(journal_read(path, collect, &text, &err), -1);
	assert_non_null(strstr(err.text, "journal-fifo: it is no regular file"));
	assert_int_equal(journal_read(dir, collect, &text, &err), -1);
	assert_int_equal(journal_read("/dev/zero", collect, &text, &err), -1);
	assert_string_equal(text, "");
}

static void test_never_two_owners(void **state)
{
	(void)state;
	CLEANUP_FREE char *path = write_all();
	struct err err = { 0 };
	assert_null(journal_create(path, &err));
	assert_int_equal(err.code, ERR_ENV);
	assert_non_null(strstr(err.text, "another run"));
	journal_close(NULL);
}

static void test_write_error_is_told(void **state)
{
	(void)state;
	struct err err = { 0 };
	CLEANUP_FREE char *path = fs_join(dir, "none/journal");
	assert_null(journal_create(path, &err));
	assert_int_equal(err.code, ERR_IO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_torn),
		cmocka_unit_test(test_bad_line_in_the_middle),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_never_two_owners),
		cmocka_unit_test(test_write_error_is_told),
	};
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
