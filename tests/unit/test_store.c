/* The store: order, refusals with their remedy, torn content, a full disk, and kill -9. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "chain_fixture.h"
#include "node/chain/store.h"
#include "util/fs.h"

static char dir[] = "/tmp/ltb-test-store-XXXXXX";
static char path[64];
static const struct id32 genesis_id = { { 1, 2, 3 } };

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/chain.db", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	return fs_remove_tree(dir, NULL);
}

static int fresh(void **state)
{
	(void)state;
	static const char *const suffixes[] = { "", "-wal", "-journal", "-shm" };
	char name[80];
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		unlink(name);
	}
	return 0;
}

static struct store *open_store(void)
{
	struct err err = { 0 };
	struct store *s = store_open(path, &genesis_id, &err);
	if (!s)
		fail_msg("%s", err.text);
	return s;
}

/* The i-th block of an endless row, some of them large. */
static struct block *nth_block(uint64_t i)
{
	static char text[TX_MAX_INSCRIPTION + 1];
	struct tx_key key = fixture_key(1);
	struct block *b = block_new();
	size_t len = i % 7 == 0 ? 20000 : 10;
	memset(text, 'a' + (int)(i % 26), len);
	text[len] = '\0';
	b->header.slot = i;
	b->txs = xcalloc(1, sizeof(struct tx *));
	b->txs[b->n_txs++] = fixture_inscribe(&key, (unsigned)i, NULL, text);
	block_seal(b, &key);
	return b;
}

static void put(struct store *s, uint64_t i)
{
	struct err err = { 0 };
	struct block *b = nth_block(i);
	if (store_put_block(s, b, &err) != 0)
		fail_msg("%s", err.text);
	block_free(b);
}

/* Expects the blocks 0, 1, 2, ... and counts them. */
static int expect_next(struct block *b, void *arg)
{
	uint64_t *n = arg;
	struct block *want = nth_block(*n);
	bool same = id32_eq(&b->id, &want->id) && block_check(b, NULL) == 0 &&
		    b->encoded_len == want->encoded_len;
	block_free(want);
	block_free(b);
	if (!same)
		return 1;
	++*n;
	return 0;
}

static uint64_t count_blocks(struct store *s)
{
	struct err err = { 0 };
	uint64_t n = 0;
	if (store_each_block(s, expect_next, &n, &err) != 0)
		fail_msg("after %llu blocks: %s", (unsigned long long)n, err.text);
	return n;
}

static void sql(const char *text)
{
	sqlite3 *db;
	char *why = NULL;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, text, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s", why);
	sqlite3_close(db);
}

static void expect_refusal(const struct id32 *genesis, const char *text, const char *remedy)
{
	struct err err = { 0 };
	struct store *s = store_open(path, genesis, &err);
	if (s || !strstr(err.text, text) || !strstr(err.text, path) || !strstr(err.text, remedy))
		fail_msg("%s", s ? "opened" : err.text);
}

/* --- tests -------------------------------------------------------------------------- */

static void test_keeps_order(void **state)
{
	(void)state;
	struct store *s = open_store();
	assert_int_equal(count_blocks(s), 0);
	for (uint64_t i = 0; i < 30; i++)
		put(s, i);
	put(s, 3);
	assert_int_equal(count_blocks(s), 30);
	assert_int_equal(store_sync(s, NULL), 0);
	store_close(s);
	s = open_store();
	assert_int_equal(count_blocks(s), 30);
	put(s, 30);
	assert_int_equal(count_blocks(s), 31);
	store_close(s);
	store_close(NULL);
}

static int stop_at_third(struct block *b, void *arg)
{
	unsigned *n = arg;
	block_free(b);
	return ++*n == 3 ? 42 : 0;
}

static void test_callback_stops(void **state)
{
	(void)state;
	struct store *s = open_store();
	unsigned n = 0;
	for (uint64_t i = 0; i < 5; i++)
		put(s, i);
	assert_int_equal(store_each_block(s, stop_at_third, &n, NULL), 42);
	assert_int_equal(n, 3);
	store_close(s);
}

static int collect_peer(const char *addr, void *arg)
{
	struct strbuf *sb = arg;
	strbuf_addf(sb, "%s ", addr);
	return 0;
}

static void test_peers(void **state)
{
	(void)state;
	CLEANUP_STRBUF struct strbuf sb = { 0 };
	struct store *s = open_store();
	assert_int_equal(store_put_peer(s, "b:2", NULL), 0);
	assert_int_equal(store_put_peer(s, "a:1", NULL), 0);
	assert_int_equal(store_put_peer(s, "b:2", NULL), 0);
	store_close(s);
	s = open_store();
	assert_int_equal(store_each_peer(s, collect_peer, &sb, NULL), 0);
	assert_string_equal(strbuf_str(&sb), "a:1 b:2 ");
	store_close(s);
}

static void test_refusals_at_open(void **state)
{
	(void)state;
	const struct id32 other = { { 9 } };
	struct store *s = open_store();
	put(s, 0);
	expect_refusal(&genesis_id, "database is locked", "another process uses it");
	store_close(s);
	expect_refusal(&other, "belongs to another chain", "move the file aside");
	sql("PRAGMA user_version = 99");
	expect_refusal(&genesis_id, "has format 99, this program writes 1", "move the file aside");

	fresh(NULL);
	sql("CREATE TABLE songs(title TEXT)");
	expect_refusal(&genesis_id, "is a database of another program", "name another file");

	fresh(NULL);
	assert_int_equal(
		fs_write_atomic(path, "This is no database, it is a long letter.", 41, 0600, NULL),
		0);
	expect_refusal(&genesis_id, "file is not a database", "move the file aside");

	fresh(NULL);
	struct err err = { 0 };
	CLEANUP_FREE char *nowhere = fs_join(dir, "missing/chain.db");
	assert_null(store_open(nowhere, &genesis_id, &err));
	assert_non_null(strstr(err.text, nowhere));
	assert_non_null(strstr(err.text, "No such file or directory"));
	assert_non_null(strstr(err.text, "its directory must exist"));
}

static void test_torn_content(void **state)
{
	(void)state;
	static const char *const damage[] = {
		"UPDATE blocks SET body = zeroblob(length(body)) WHERE seq = 3",
		"UPDATE blocks SET body = substr(body, 1, 100) WHERE seq = 3",
		"UPDATE blocks SET sum = zeroblob(32) WHERE seq = 3",
		"UPDATE blocks SET sum = x'' WHERE seq = 3",
		"UPDATE blocks SET id = zeroblob(32) WHERE seq = 3",
	};
	for (size_t i = 0; i < ARRAY_LEN(damage); i++) {
		fresh(NULL);
		struct store *s = open_store();
		for (uint64_t k = 0; k < 5; k++)
			put(s, k);
		store_close(s);
		sql(damage[i]);
		struct err err = { 0 };
		uint64_t n = 0;
		s = open_store();
		assert_int_equal(store_each_block(s, expect_next, &n, &err), -1);
		assert_int_equal(n, 2);
		assert_non_null(strstr(err.text, "the content of block row 3"));
		assert_non_null(strstr(err.text, path));
		assert_non_null(strstr(err.text, "move the file aside"));
		store_close(s);
	}
}

static void test_damaged_pages(void **state)
{
	(void)state;
	struct store *s = open_store();
	for (uint64_t k = 0; k < 200; k++)
		put(s, k);
	assert_int_equal(store_sync(s, NULL), 0);
	store_close(s);
	/* the structure of every page behind the first */
	static const uint8_t junk[64] = { 0xff, 0xff, 0xff, 0x13 };
	int fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	off_t size = lseek(fd, 0, SEEK_END);
	for (off_t at = 4096; at < size; at += 4096)
		assert_int_equal(pwrite(fd, junk, sizeof(junk), at), sizeof(junk));
	close(fd);
	struct err err = { 0 };
	assert_null(store_open(path, &genesis_id, &err));
	assert_non_null(strstr(err.text, path));
	assert_non_null(strstr(err.text, "move the file aside"));
}

/* Fills the store; 0 when the error names the file, what was done, and the causes. */
static int fill(const char *cause, const char *remedy)
{
	struct err err = { 0 };
	struct store *s = store_open(path, &genesis_id, &err);
	int rc = s ? 0 : -1;
	uint64_t written = 0;
	for (; rc == 0 && written < 1000; written++) {
		struct block *b = nth_block(7 * written);
		rc = store_put_block(s, b, &err);
		block_free(b);
	}
	store_close(s);
	if (rc == -1 && written > 3 && strstr(err.text, "cannot write a block to") &&
		strstr(err.text, path) && strstr(err.text, cause) && strstr(err.text, remedy) &&
		err.saved_errno != 0)
		return 0;
	fprintf(stderr, "after %u blocks: %s\n", (unsigned)written, err.text);
	return 1;
}

static int wait_for_exit(pid_t pid)
{
	int status;
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_file_may_not_grow(void **state)
{
	(void)state;
	pid_t pid = fork();
	if (pid == 0) {
		const struct rlimit limit = { 256 * 1024, 256 * 1024 };
		signal(SIGXFSZ, SIG_IGN);
		if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
			_exit(2);
		_exit(fill(strerror(EFBIG), ""));
	}
	assert_int_equal(wait_for_exit(pid), 0);
	/* what was written before still opens */
	struct store *s = open_store();
	store_close(s);
}

#define EXIT_SKIP 77

static void test_disk_full(void **state)
{
	(void)state;
	pid_t pid = fork();
	if (pid == 0) {
		int flags = CLONE_NEWNS | (geteuid() == 0 ? 0 : CLONE_NEWUSER);
		if (unshare(flags) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
			mount("tmpfs", dir, "tmpfs", 0, "size=512k") != 0)
			_exit(EXIT_SKIP);
		_exit(fill(strerror(ENOSPC), "free some space on its file system"));
	}
	int code = wait_for_exit(pid);
	if (code == EXIT_SKIP) {
		print_message("skipped: a small tmpfs cannot be mounted here\n");
		skip();
	}
	assert_int_equal(code, 0);
}

/* Writes blocks until killed; says on the pipe which are stored. */
static void write_for_ever(int fd, uint64_t from)
{
	struct err err = { 0 };
	struct store *s = store_open(path, &genesis_id, &err);
	if (!s)
		_exit(1);
	for (uint64_t i = from;; i++) {
		struct block *b = nth_block(i);
		if (store_put_block(s, b, &err) != 0)
			_exit(2);
		block_free(b);
		if (i % 5 == 0 && store_sync(s, &err) != 0)
			_exit(3);
		if (write(fd, &i, sizeof(i)) != sizeof(i))
			_exit(4);
	}
}

static void test_kill_loop(void **state)
{
	(void)state;
	struct rng rng;
	rng_init(&rng, 5);
	uint64_t stored = 0;
	for (int round = 0; round < 40; round++) {
		int fds[2];
		assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			close(fds[0]);
			write_for_ever(fds[1], stored);
		}
		close(fds[1]);
		/* a moment that depends on the writer's progress and on the machine's mood */
		uint64_t said = stored, wait_for = rng_below(&rng, 12), i;
		for (uint64_t k = 0; k < wait_for && read(fds[0], &i, sizeof(i)) == sizeof(i); k++)
			said = i + 1;
		usleep((useconds_t)rng_below(&rng, 3000));
		kill(pid, SIGKILL);
		int status;
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		while (read(fds[0], &i, sizeof(i)) == sizeof(i))
			said = i + 1;
		close(fds[0]);
		struct store *s = open_store();
		uint64_t found = count_blocks(s);
		store_close(s);
		/* all that was said, and at most the one that was under way */
		assert_true(found == said || found == said + 1);
		stored = found;
	}
	assert_true(stored > 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_keeps_order, fresh),
		cmocka_unit_test_setup(test_callback_stops, fresh),
		cmocka_unit_test_setup(test_peers, fresh),
		cmocka_unit_test_setup(test_refusals_at_open, fresh),
		cmocka_unit_test_setup(test_torn_content, fresh),
		cmocka_unit_test_setup(test_damaged_pages, fresh),
		cmocka_unit_test_setup(test_file_may_not_grow, fresh),
		cmocka_unit_test_setup(test_disk_full, fresh),
		cmocka_unit_test_setup(test_kill_loop, fresh),
	};
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
