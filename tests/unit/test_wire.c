/* Messages between nodes: round trips, and lengths that lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "node/p2p/wire.h"
#include "node/p2p/orphans.h"
#include "node/p2p/seen.h"
#include "node/chain/block.h"
#include "proto/tx.h"
#include "util/mem.h"

static struct id32 id_of(uint8_t v)
{
	struct id32 id;

	memset(id.b, v, sizeof(id.b));
	return id;
}

/* The buffer must hold exactly one message; every shorter prefix must be incomplete. */
static void decode_whole(const struct strbuf *sb, struct wire_msg *ret)
{
	size_t size = 0;
	struct err err = { 0 };

	for (size_t len = 0; len < sb->len; len++) {
		char *part = xmemdup(strbuf_str(sb), len ? len : 1);
		assert_int_equal(wire_decode(part, len, ret, &size, &err), 0);
		assert_true(size > len && size <= sb->len);
		free(part);
	}
	assert_int_equal(wire_decode(sb->buf, sb->len, ret, &size, &err), 1);
	assert_int_equal(size, sb->len);
}

static void hello_round_trip(void **state)
{
	const struct wire_hello h = { .magic = WIRE_MAGIC,
		.version = WIRE_VERSION,
		.listen_port = 65535,
		.genesis = id_of(1),
		.node = id_of(2),
		.instance = UINT64_MAX - 1,
		.tip = { id_of(3), UINT64_MAX } };
	CLEANUP_STRBUF struct strbuf sb = { 0 };
	struct wire_msg m;

	(void)state;
	wire_put_hello(&sb, &h);
	decode_whole(&sb, &m);
	assert_int_equal(m.type, WIRE_HELLO);
	assert_int_equal(m.u.hello.magic, WIRE_MAGIC);
	assert_int_equal(m.u.hello.version, WIRE_VERSION);
	assert_int_equal(m.u.hello.listen_port, 65535);
	assert_true(id32_eq(&m.u.hello.genesis, &h.genesis));
	assert_true(id32_eq(&m.u.hello.node, &h.node));
	assert_true(m.u.hello.instance == h.instance);
	assert_true(id32_eq(&m.u.hello.tip.id, &h.tip.id));
	assert_true(m.u.hello.tip.height == UINT64_MAX);
}

static void small_round_trips(void **state)
{
	CLEANUP_STRBUF struct strbuf sb = { 0 };
	const struct wire_tip tip = { id_of(9), 77 };
	const struct id32 ids[] = { id_of(4), id_of(5), id_of(6) };
	struct wire_msg m;

	(void)state;
	wire_put_ping(&sb, WIRE_PONG, 0x1122334455667788);
	decode_whole(&sb, &m);
	assert_int_equal(m.type, WIRE_PONG);
	assert_true(m.u.nonce == 0x1122334455667788);

	strbuf_clear(&sb);
	wire_put_tip(&sb, &tip);
	decode_whole(&sb, &m);
	assert_int_equal(m.type, WIRE_TIP);
	assert_true(id32_eq(&m.u.tip.id, &tip.id) && m.u.tip.height == 77);

	strbuf_clear(&sb);
	wire_put_get_block(&sb, &ids[1]);
	decode_whole(&sb, &m);
	assert_true(id32_eq(&m.u.id, &ids[1]));

	strbuf_clear(&sb);
	wire_put_get_blocks(&sb, ids, 3);
	decode_whole(&sb, &m);
	assert_int_equal(m.u.locator.n, 3);
	assert_true(id32_eq(&m.u.locator.ids[2], &ids[2]));

	strbuf_clear(&sb);
	wire_put_span(&sb, WIRE_TX, "payload", 7);
	decode_whole(&sb, &m);
	assert_int_equal(m.type, WIRE_TX);
	assert_int_equal(m.u.span.len, 7);
	assert_memory_equal(m.u.span.data, "payload", 7);
}

static void blocks_round_trip(void **state)
{
	CLEANUP_STRBUF struct strbuf sb = { 0 };
	const struct wire_tip tip = { id_of(9), 77 };
	const struct wire_span items[] = { { (const uint8_t *)"one", 3 },
		{ (const uint8_t *)"second", 6 } };
	struct wire_msg m;

	(void)state;
	wire_put_blocks(&sb, &tip, items, 2);
	decode_whole(&sb, &m);
	assert_int_equal(m.u.blocks.n, 2);
	assert_int_equal(m.u.blocks.items[0].len, 3);
	assert_memory_equal(m.u.blocks.items[1].data, "second", 6);

	strbuf_clear(&sb);
	wire_put_blocks(&sb, &tip, NULL, 0);
	decode_whole(&sb, &m);
	assert_int_equal(m.u.blocks.n, 0);
}

static void header(struct strbuf *sb, uint32_t size, uint8_t type)
{
	strbuf_clear(sb);
	for (int i = 0; i < 4; i++)
		strbuf_addc(sb, (char)(size >> 8 * i & 0xff));
	strbuf_addc(sb, (char)type);
}

/* Refused by the five bytes of the header alone: nothing is waited for. */
static void lying_headers(void **state)
{
	static const struct {
		uint32_t size;
		uint8_t type;
	} cases[] = {
		{ 0, 0 },
		{ 8, 99 },
		{ 8, 255 },
		{ UINT32_MAX, WIRE_BLOCKS },
		{ WIRE_MAX_PAYLOAD + 1, WIRE_BLOCKS },
		{ TX_MAX_ENCODED + 1, WIRE_TX },
		{ BLOCK_MAX_ENCODED + 1, WIRE_BLOCK },
		{ 0, WIRE_TX },
		{ 0, WIRE_BLOCK },
		{ 7, WIRE_PING },
		{ 9, WIRE_PING },
		{ 31, WIRE_GET_BLOCK },
		{ 2, WIRE_GET_BLOCKS },
		{ 2 + 32 * (WIRE_MAX_LOCATOR + 1), WIRE_GET_BLOCKS },
		{ 1, WIRE_HELLO },
		{ 41, WIRE_BLOCKS },
	};
	CLEANUP_STRBUF struct strbuf sb = { 0 };
	struct wire_msg m;
	size_t size;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { 0 };
		header(&sb, cases[i].size, cases[i].type);
		assert_int_equal(wire_decode(sb.buf, sb.len, &m, &size, &err), -1);
		assert_int_equal(err.code, ERR_PROTOCOL);
		assert_true(err.text[0] != '\0');
	}
}

/* Well-sized messages whose inner counts lie. */
static void lying_counts(void **state)
{
	CLEANUP_STRBUF struct strbuf sb = { 0 };
	const struct wire_tip tip = { id_of(9), 77 };
	const struct wire_span items[] = { { (const uint8_t *)"one", 3 } };
	const struct id32 ids[] = { id_of(4), id_of(5) };
	struct wire_msg m;
	size_t size;

	(void)state;
	wire_put_get_blocks(&sb, ids, 2);
	static const uint8_t counts[] = { 0, 1, 3, 64, 255 };
	for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
		sb.buf[WIRE_HEADER] = (char)counts[i];
		assert_int_equal(wire_decode(sb.buf, sb.len, &m, &size, NULL), -1);
	}

	/* n, then the length of the only block */
	strbuf_clear(&sb);
	wire_put_blocks(&sb, &tip, items, 1);
	size_t n_at = WIRE_HEADER + 40, len_at = n_at + 2;
	static const struct {
		uint8_t n, len;
	} bad[] = { { 2, 3 }, { 0, 3 }, { 65, 3 }, { 1, 4 }, { 1, 2 }, { 1, 0 }, { 1, 255 } };
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		sb.buf[n_at] = (char)bad[i].n;
		sb.buf[len_at] = (char)bad[i].len;
		assert_int_equal(wire_decode(sb.buf, sb.len, &m, &size, NULL), -1);
	}
	sb.buf[n_at] = 1;
	sb.buf[len_at] = 3;
	assert_int_equal(wire_decode(sb.buf, sb.len, &m, &size, NULL), 1);
}

static void orphans_are_bounded_and_found(void **state)
{
	struct orphans *o = orphans_new();
	CLEANUP_STRBUF struct strbuf out = { 0 };

	(void)state;
	/* 1 <- 2 <- 3 <- ...: each block's parent is the one before */
	for (uint8_t i = 2; i < 12; i++) {
		struct id32 id = id_of(i), parent = id_of((uint8_t)(i - 1));
		orphans_add(o, &id, &parent, &i, 1);
		orphans_add(o, &id, &parent, &i, 1);
	}
	assert_int_equal(orphans_len(o), 10);
	struct id32 top = id_of(11), one = id_of(1), unknown = id_of(200);
	struct id32 missing = orphans_missing(o, &top);
	assert_true(id32_eq(&missing, &one));
	missing = orphans_missing(o, &unknown);
	assert_true(id32_eq(&missing, &unknown));

	assert_true(orphans_take_child(o, &one, &out));
	assert_int_equal(out.len, 1);
	assert_int_equal(out.buf[0], 2);
	assert_false(orphans_take_child(o, &one, &out));

	for (unsigned i = 0; i < 300; i++) {
		struct id32 id = id_of((uint8_t)i);
		id.b[0] = (uint8_t)(i >> 4);
		orphans_add(o, &id, &unknown, "x", 1);
		assert_true(orphans_len(o) <= ORPHANS_MAX);
	}
	CLEANUP_FREE char *big = xcalloc(1, ORPHANS_MAX_BYTES);
	struct id32 id = id_of(250);
	orphans_add(o, &id, &unknown, big, ORPHANS_MAX_BYTES);
	assert_int_equal(orphans_len(o), 1);
	orphans_free(o);
}

static void seen_forgets_in_time(void **state)
{
	struct seen *s = seen_new();
	struct id32 a, b;

	(void)state;
	seen_key("a", 1, &a);
	seen_key("b", 1, &b);
	assert_false(id32_eq(&a, &b));
	seen_add(s, &a, 100000);
	assert_true(seen_has(s, &a));
	assert_false(seen_has(s, &b));
	seen_add(s, &b, 100000 + SEEN_PERIOD_MS);
	assert_true(seen_has(s, &a));
	seen_add(s, &b, 100000 + 2 * SEEN_PERIOD_MS);
	assert_false(seen_has(s, &a));
	assert_true(seen_has(s, &b));
	seen_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hello_round_trip),
		cmocka_unit_test(small_round_trips),
		cmocka_unit_test(blocks_round_trip),
		cmocka_unit_test(lying_headers),
		cmocka_unit_test(lying_counts),
		cmocka_unit_test(orphans_are_bounded_and_found),
		cmocka_unit_test(seen_forgets_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
