/* Two sessions that talk over memory buffers, above chains that are mere lists of numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "node/p2p/session.h"
#include "util/mem.h"

/*
 * A block is (branch, height) and its id is that, spelled out; blocks below
 * fork_at are the same on both branches (branch 0).
 */
struct fake_block {
	uint8_t branch;
	uint32_t height;
};

struct fake {
	struct session *s;
	struct wire_hello hello;
	uint8_t branch;       /* of the best chain */
	uint32_t fork_at;     /* heights from here on belong to the branch */
	uint32_t height;      /* of the tip */
	uint32_t side_height; /* how far the other branch is known */
	uint32_t lib;         /* a batch that leaves below this is a split */
	size_t n_tx, n_gossip, n_requests, n_ended;
	bool refuse_peer, reject_tx, serve_junk;
};

static struct id32 fake_id(uint8_t branch, uint32_t height)
{
	struct id32 id = { 0 };

	id.b[0] = 'F';
	id.b[1] = branch;
	memcpy(id.b + 2, &height, sizeof(height));
	return id;
}

static uint8_t branch_at(const struct fake *f, uint32_t height)
{
	return height >= f->fork_at ? f->branch : 0;
}

static bool knows(const struct fake *f, const struct id32 *id)
{
	uint32_t height;

	memcpy(&height, id->b + 2, sizeof(height));
	struct id32 best = fake_id(branch_at(f, height), height);
	if (height <= f->height && id32_eq(id, &best))
		return true;
	return id->b[0] == 'F' && height <= f->side_height;
}

static void hook_hello(void *arg, struct wire_hello *ret)
{
	struct fake *f = arg;

	f->hello.tip.id = fake_id(branch_at(f, f->height), f->height);
	f->hello.tip.height = f->height;
	*ret = f->hello;
}

static int hook_accept(void *arg, struct session *s, const struct wire_hello *h, struct err *err)
{
	struct fake *f = arg;

	(void)s;
	(void)h;
	return f->refuse_peer ? err_set(err, ERR_PROTOCOL, "not you") : 0;
}

static int hook_tx(void *arg, struct session *s, const void *data, size_t len, struct err *err)
{
	struct fake *f = arg;

	(void)s;
	(void)data;
	(void)len;
	f->n_tx++;
	return f->reject_tx ? err_set(err, ERR_PROTOCOL, "bad transaction") : 0;
}

static enum session_block hook_block(void *arg, struct session *s, const void *data, size_t len,
	bool batch, struct id32 *ret_id, struct err *err)
{
	struct fake *f = arg;
	struct fake_block b;

	(void)s;
	if (len != sizeof(b)) {
		err_set(err, ERR_PROTOCOL, "malformed block");
		return SESSION_BLOCK_BAD;
	}
	memcpy(&b, data, sizeof(b));
	*ret_id = fake_id(b.branch, b.height);
	if (!batch)
		f->n_gossip++;
	if (knows(f, ret_id))
		return SESSION_BLOCK_OK;
	if (b.branch == branch_at(f, b.height) && b.height == f->height + 1) {
		f->height++;
		return SESSION_BLOCK_OK;
	}
	if (b.height <= f->lib)
		return SESSION_BLOCK_SPLIT;
	f->side_height = b.height;
	if (b.height > f->height) { /* longer: reorganise */
		f->branch = b.branch;
		f->height = b.height;
	}
	return SESSION_BLOCK_OK;
}

static size_t hook_locator(void *arg, struct id32 *ret, size_t max)
{
	struct fake *f = arg;
	uint32_t h = f->height, step = 1;
	size_t n = 0;

	f->n_requests++;
	while (h > 0 && n + 1 < max) {
		ret[n++] = fake_id(branch_at(f, h), h);
		step *= 2;
		h = h > step ? h - step : 0;
	}
	ret[n++] = fake_id(0, 0);
	return n;
}

static bool hook_has(void *arg, const struct id32 *id)
{
	return knows(arg, id);
}

static bool put_block(struct fake *f, uint32_t height, struct strbuf *out)
{
	struct fake_block b;

	memset(&b, 0, sizeof(b));
	b.branch = branch_at(f, height);
	b.height = height;
	if (height > f->height)
		return false;
	strbuf_add(out, &b, f->serve_junk ? 1 : sizeof(b));
	return true;
}

static bool hook_encode(void *arg, const struct id32 *id, struct strbuf *out)
{
	uint32_t height;

	memcpy(&height, id->b + 2, sizeof(height));
	return put_block(arg, height, out);
}

static bool hook_common(void *arg, const struct id32 *ids, size_t n, uint64_t *ret)
{
	struct fake *f = arg;

	for (size_t i = 0; i < n; i++) {
		uint32_t height;
		memcpy(&height, ids[i].b + 2, sizeof(height));
		struct id32 own = fake_id(branch_at(f, height), height);
		if (height <= f->height && id32_eq(&own, &ids[i])) {
			*ret = height;
			return true;
		}
	}
	return false;
}

static bool hook_at_height(void *arg, uint64_t height, struct strbuf *out)
{
	return put_block(arg, (uint32_t)height, out);
}

static bool hook_may_sync(void *arg, struct session *s)
{
	(void)arg;
	(void)s;
	return true;
}

static void hook_ended(void *arg, struct session *s)
{
	struct fake *f = arg;

	(void)s;
	f->n_ended++;
}

/* On branch from height fork_at on. The session says HELLO with that tip. */
static void fake_init_fork(struct fake *f, uint32_t height, uint8_t branch, uint32_t fork_at)
{
	const struct session_hooks hooks = { f, hook_hello, hook_accept, hook_tx, hook_block,
		hook_locator, hook_has, hook_encode, hook_common, hook_at_height, hook_may_sync,
		hook_ended };

	f->branch = branch;
	f->fork_at = fork_at;
	f->height = height;
	memset(f->hello.genesis.b, 7, sizeof(f->hello.genesis.b));
	f->s = session_new(&hooks, 1000);
}

static void fake_init(struct fake *f, uint32_t height)
{
	fake_init_fork(f, height, 0, UINT32_MAX);
}

/* Moves what one side has to say to the other, at most chunk bytes at a time. */
static int deliver(struct fake *from, struct fake *to, size_t chunk, uint64_t now, struct err *err)
{
	struct strbuf *out = session_output(from->s);
	CLEANUP_STRBUF struct strbuf in = { 0 };
	char *bytes = out->len ? xmemdup(out->buf, out->len) : NULL;
	size_t len = out->len;
	int r = 0;

	strbuf_clear(out);
	for (size_t at = 0; at < len && r == 0; at += chunk) {
		size_t used = 0;
		strbuf_add(&in, bytes + at, MIN(chunk, len - at));
		r = session_receive(to->s, in.buf, in.len, now, &used, err);
		strbuf_consume(&in, used);
		assert_true(r != 0 || in.len < session_need(to->s));
	}
	assert_true(r != 0 || in.len == 0);
	free(bytes);
	return r;
}

/* Until both are silent. */
static int talk(struct fake *a, struct fake *b, size_t chunk, struct err *err)
{
	for (int i = 0; i < 10000; i++) {
		if (!session_output(a->s)->len && !session_output(b->s)->len)
			return 0;
		if (deliver(a, b, chunk, 1000, err) || deliver(b, a, chunk, 1000, err))
			return -1;
	}
	fail_msg("the sessions never fall silent");
	return -1;
}

static void pair_release(struct fake *a, struct fake *b)
{
	session_free(a->s);
	session_free(b->s);
}

static void late_joiner_syncs(void **state)
{
	static const struct {
		uint32_t from, to;
		size_t chunk;
	} cases[] = { { 0, 1, 1 }, { 0, 1000, 4096 }, { 0, 64, 7 }, { 5, 300, 1 << 20 },
		{ 200, 201, 3 }, { 50, 50, 100 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake a = { 0 }, b = { 0 };
		struct err err = { 0 };
		fake_init(&a, cases[i].from);
		fake_init(&b, cases[i].to);
		assert_int_equal(talk(&a, &b, cases[i].chunk, &err), 0);
		assert_true(session_established(a.s) && session_established(b.s));
		assert_int_equal(a.height, cases[i].to);
		assert_int_equal(b.height, cases[i].to);
		assert_false(session_syncing(a.s));
		assert_false(session_wants_sync(a.s));
		uint32_t gap = cases[i].to - cases[i].from;
		assert_int_equal(a.n_requests, (gap + WIRE_BATCH_BLOCKS - 1) / WIRE_BATCH_BLOCKS);
		assert_int_equal(a.n_ended, gap ? 1 : 0);
		assert_int_equal(b.n_requests, 0);
		pair_release(&a, &b);
	}
}

/* The other branch needs several batches before it is longer than ours. */
static void longer_fork_is_fetched(void **state)
{
	struct fake a = { 0 }, b = { 0 };
	struct err err = { 0 };

	(void)state;
	fake_init_fork(&a, 300, 1, 100);
	fake_init_fork(&b, 500, 2, 100);
	a.lib = 50;
	assert_int_equal(talk(&a, &b, 4096, &err), 0);
	assert_int_equal(a.height, 500);
	assert_int_equal(a.branch, 2);
	assert_int_equal(b.height, 500);
	pair_release(&a, &b);
}

static void split_ends_the_sync(void **state)
{
	struct fake a = { 0 }, b = { 0 };
	struct err err = { 0 };

	(void)state;
	fake_init_fork(&a, 30, 1, 10);
	fake_init_fork(&b, 50, 2, 10);
	a.lib = 20;
	assert_int_equal(talk(&a, &b, 4096, &err), 0);
	assert_int_equal(a.height, 30);
	assert_false(session_wants_sync(a.s));
	assert_int_equal(a.n_ended, 1);
	pair_release(&a, &b);
}

static void hello_is_checked(void **state)
{
	static const struct {
		const char *what, *text;
	} cases[] = { { "genesis", "another chain" }, { "refuse", "not you" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake a = { 0 }, b = { 0 };
		struct err err = { 0 };
		fake_init(&a, 1);
		fake_init(&b, 1);
		if (strcmp(cases[i].what, "genesis") == 0)
			b.hello.genesis.b[0] ^= 1;
		else
			b.refuse_peer = true;
		assert_int_equal(deliver(&a, &b, 4096, 1000, &err), -1);
		assert_non_null(strstr(err.text, cases[i].text));
		assert_false(session_established(b.s));
		pair_release(&a, &b);
	}
}

static int receive_all(struct fake *f, const struct strbuf *sb, struct err *err)
{
	size_t used;

	return session_receive(f->s, strbuf_str(sb), sb->len, 1000, &used, err);
}

static void other_versions_are_refused(void **state)
{
	static const struct {
		uint32_t magic;
		uint16_t version;
	} cases[] = { { WIRE_MAGIC, WIRE_VERSION + 1 }, { WIRE_MAGIC, 0 },
		{ WIRE_MAGIC ^ 1, WIRE_VERSION } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP_STRBUF struct strbuf sb = { 0 };
		struct fake a = { 0 };
		struct err err = { 0 };
		fake_init(&a, 1);
		struct wire_hello h = a.hello;
		h.magic = cases[i].magic;
		h.version = cases[i].version;
		wire_put_hello(&sb, &h);
		assert_int_equal(receive_all(&a, &sb, &err), -1);
		assert_false(session_established(a.s));
		session_free(a.s);
	}
}

/* Each is a message that an honest peer never sends in that state. */
static void violations_disconnect(void **state)
{
	enum { BEFORE_HELLO, SECOND_HELLO, UNASKED_BLOCKS, BAD_TX, BAD_BLOCK, GARBAGE, END };

	(void)state;
	for (int what = BEFORE_HELLO; what < END; what++) {
		CLEANUP_STRBUF struct strbuf sb = { 0 };
		struct fake a = { 0 }, b = { 0 };
		const struct wire_tip tip = { fake_id(0, 1), 1 };
		struct err err = { 0 };
		fake_init(&a, 1);
		fake_init(&b, 1);
		if (what != BEFORE_HELLO)
			assert_int_equal(talk(&a, &b, 4096, &err), 0);
		struct wire_hello h = b.hello;
		h.magic = WIRE_MAGIC;
		h.version = WIRE_VERSION;
		a.reject_tx = true;
		if (what == BEFORE_HELLO)
			wire_put_ping(&sb, WIRE_PING, 1);
		else if (what == SECOND_HELLO)
			wire_put_hello(&sb, &h);
		else if (what == UNASKED_BLOCKS)
			wire_put_blocks(&sb, &tip, NULL, 0);
		else if (what == BAD_TX)
			wire_put_span(&sb, WIRE_TX, "x", 1);
		else if (what == BAD_BLOCK)
			wire_put_span(&sb, WIRE_BLOCK, "x", 1);
		else
			strbuf_adds(&sb, "GET / HTTP/1.1\r\n\r\n");
		assert_int_equal(receive_all(&a, &sb, &err), -1);
		assert_true(err.text[0] != '\0');
		pair_release(&a, &b);
	}
}

static void junk_in_a_batch_disconnects(void **state)
{
	struct fake a = { 0 }, b = { 0 };
	struct err err = { 0 };

	(void)state;
	fake_init(&a, 0);
	fake_init(&b, 10);
	b.serve_junk = true;
	assert_int_equal(talk(&a, &b, 4096, &err), -1);
	assert_non_null(strstr(err.text, "malformed block"));
	pair_release(&a, &b);
}

/* A peer that names a tip it cannot show is asked once, not in a loop. */
static void empty_promises_end(void **state)
{
	struct fake a = { 0 }, b = { 0 };
	const struct wire_tip tip = { fake_id(3, 99), 99 };
	struct err err = { 0 };

	(void)state;
	fake_init(&a, 5);
	fake_init(&b, 5);
	assert_int_equal(talk(&a, &b, 4096, &err), 0);
	session_send_tip(b.s, &tip);
	assert_int_equal(talk(&a, &b, 4096, &err), 0);
	assert_int_equal(a.n_requests, 1);
	assert_false(session_syncing(a.s));
	pair_release(&a, &b);
}

static void gossip_and_single_blocks(void **state)
{
	struct fake a = { 0 }, b = { 0 };
	CLEANUP_STRBUF struct strbuf raw = { 0 };
	struct err err = { 0 };
	struct id32 id = fake_id(0, 3);

	(void)state;
	fake_init(&a, 3);
	fake_init(&b, 3);
	session_send_span(a.s, WIRE_TX, "tx", 2);
	assert_int_equal(talk(&a, &b, 4096, &err), 0);
	assert_int_equal(b.n_tx, 0); /* not before the handshake */
	session_send_span(a.s, WIRE_TX, "tx", 2);
	session_request_block(b.s, &id);
	assert_int_equal(talk(&a, &b, 5, &err), 0);
	assert_int_equal(b.n_tx, 1);
	assert_int_equal(b.n_gossip, 1);
	a.height = 4;
	put_block(&a, 4, &raw);
	session_send_span(a.s, WIRE_BLOCK, raw.buf, raw.len);
	assert_int_equal(talk(&a, &b, 5, &err), 0);
	assert_int_equal(b.height, 4);
	pair_release(&a, &b);
}

static void silence_and_keep_alive(void **state)
{
	struct fake a = { 0 }, b = { 0 };
	struct err err = { 0 };

	(void)state;
	fake_init(&a, 1);
	fake_init(&b, 1);
	assert_int_equal(session_tick(a.s, 1000 + SESSION_HANDSHAKE_MS, &err), 0);
	assert_int_equal(session_tick(a.s, 1001 + SESSION_HANDSHAKE_MS, &err), -1);
	assert_int_equal(talk(&a, &b, 4096, &err), 0);

	assert_int_equal(session_tick(a.s, 1000 + SESSION_PING_MS - 1, &err), 0);
	assert_int_equal(session_output(a.s)->len, 0);
	assert_int_equal(session_tick(a.s, 1000 + SESSION_PING_MS, &err), 0);
	assert_true(session_output(a.s)->len > 0);
	assert_int_equal(deliver(&a, &b, 4096, 3000, &err), 0);
	assert_int_equal(deliver(&b, &a, 4096, 3000, &err), 0); /* the PONG */
	assert_int_equal(session_tick(a.s, 3000 + SESSION_IDLE_MS, &err), 0);
	assert_int_equal(session_tick(a.s, 3001 + SESSION_IDLE_MS, &err), -1);
	session_alive(a.s, 3001 + SESSION_IDLE_MS);
	assert_int_equal(session_tick(a.s, 3001 + SESSION_IDLE_MS, &err), 0);
	pair_release(&a, &b);
}

static void unanswered_sync_ends(void **state)
{
	struct fake a = { 0 }, b = { 0 };
	struct err err = { 0 };

	(void)state;
	fake_init(&a, 0);
	fake_init(&b, 10);
	assert_int_equal(deliver(&b, &a, 4096, 1000, &err), 0);
	assert_true(session_syncing(a.s));
	session_alive(a.s, 1001 + SESSION_SYNC_MS);
	assert_int_equal(session_tick(a.s, 1001 + SESSION_SYNC_MS, &err), -1);
	assert_int_equal(err.code, ERR_TIMEOUT);
	pair_release(&a, &b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(late_joiner_syncs),
		cmocka_unit_test(longer_fork_is_fetched),
		cmocka_unit_test(split_ends_the_sync),
		cmocka_unit_test(hello_is_checked),
		cmocka_unit_test(other_versions_are_refused),
		cmocka_unit_test(violations_disconnect),
		cmocka_unit_test(junk_in_a_batch_disconnects),
		cmocka_unit_test(empty_promises_end),
		cmocka_unit_test(gossip_and_single_blocks),
		cmocka_unit_test(silence_and_keep_alive),
		cmocka_unit_test(unanswered_sync_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
