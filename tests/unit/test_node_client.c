/* Bodies of every generation of the node API, and bodies that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/node_client.h"
#include "util/mem.h"

#define ID_A "aa00000000000000000000000000000000000000000000000000000000000001"
#define ID_B "bb00000000000000000000000000000000000000000000000000000000000002"
#define ID_C "cc00000000000000000000000000000000000000000000000000000000000003"
#define NESTED \
	"{\"cryptarchia_info\":{\"lib\":\"" ID_B "\",\"lib_slot\":4,\"tip\":\"" ID_A \
	"\",\"slot\":9,\"height\":8"

static struct id32 id_of(const char *hex)
{
	struct id32 id;
	assert_true(id32_parse(hex, &id));
	return id;
}

static void assert_id(const struct id32 *id, const char *hex)
{
	char text[ID32_HEX];
	assert_string_equal(id32_hex(id, text), hex);
}

static void test_info(void **state)
{
	static const struct {
		const char *body, *mode;
		bool online, has_lib_slot;
		uint64_t height;
	} cases[] = {
		{ "{\"lib\":\"" ID_B "\",\"tip\":\"" ID_A
		  "\",\"slot\":9,\"height\":8,\"mode\":\"Online\"}",
			"Online", true, false, 8 },
		{ "{\"lib\":\"" ID_B "\",\"tip\":\"" ID_A
		  "\",\"slot\":9,\"height\":18446744073709551615,\"mode\":\"Bootstrapping\","
		  "\"lib_slot\":4}",
			"Bootstrapping", false, true, UINT64_MAX },
		{ NESTED "},\"mode\":\"AwaitingStart\"}", "AwaitingStart", false, true, 8 },
		{ NESTED "},\"mode\":{\"Started\":\"Online\"}}", "Online", true, true, 8 },
		{ NESTED "},\"mode\":{\"Started\":\"Bootstrapping\"},\"more\":[1,2]}",
			"Bootstrapping", false, true, 8 },
		{ NESTED ",\"state\":\"Online\"},\"phase\":\"Following\"}", "Online", true, true,
			8 },
		{ NESTED ",\"state\":\"Bootstrapping\"},\"phase\":\"ProlongedBootstrapPeriod\"}",
			"Bootstrapping", false, true, 8 },
		{ NESTED ",\"state\":\"Bootstrapping\"},\"phase\":\"AwaitingGenesisTime\"}",
			"AwaitingStart", false, true, 8 },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct node_info info;
		struct err err = { 0 };
		int rc = node_parse_info(cases[i].body, strlen(cases[i].body), &info, &err);
		assert_string_equal(err.text, "");
		assert_int_equal(rc, 0);
		assert_string_equal(info.mode, cases[i].mode);
		assert_int_equal(info.online, cases[i].online);
		assert_int_equal(info.has_lib_slot, cases[i].has_lib_slot);
		assert_true(info.height == cases[i].height);
		assert_int_equal(info.slot, 9);
		assert_id(&info.tip, ID_A);
		assert_id(&info.lib, ID_B);
	}
}

static void test_bad_info(void **state)
{
	static const struct {
		const char *body, *says;
	} cases[] = {
		{ "", "consensus info" },
		{ "<html>502 Bad Gateway</html>", "<html>502 Bad Gateway</html>" },
		{ "null", "'null'" },
		{ "[]", "tip" },
		{ "{\"tip\":7}", "{\"tip\":7}" },
		{ "{\"tip\":\"" ID_A "\",\"lib\":\"" ID_B "\",\"slot\":-1,\"height\":1}", "slot" },
		{ "{\"tip\":\"" ID_A "\",\"lib\":\"" ID_B "\",\"slot\":1,\"height\":1.5}",
			"height" },
		{ "{\"tip\":\"" ID_A "\",\"lib\":\"" ID_B
		  "\",\"slot\":1,\"height\":18446744073709551616,\"mode\":\"Online\"}",
			"height" },
		{ "{\"tip\":\"" ID_A "\",\"lib\":\"" ID_B "\",\"slot\":1,\"height\":1}", "mode" },
		{ "{\"tip\":\"" ID_A "\",\"lib\":\"" ID_B
		  "\",\"slot\":1,\"height\":1,\"mode\":{\"a\":\"x\",\"b\":\"y\"}}",
			"mode" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct node_info info;
		struct err err = { 0 };
		assert_int_equal(
			node_parse_info(cases[i].body, strlen(cases[i].body), &info, &err), -1);
		assert_int_equal(err.code, ERR_PROTOCOL);
		assert_non_null(strstr(err.text, cases[i].says));
	}
}

static void test_quotes_are_bounded(void **state)
{
	char body[5000];
	struct node_info info;
	struct err err = { 0 };
	(void)state;
	memset(body, 'x', sizeof(body));
	memcpy(body, "bad\n\x1b[31m\xff", 10);
	assert_int_equal(node_parse_info(body, sizeof(body), &info, &err), -1);
	assert_true(strlen(err.text) < 400);
	assert_non_null(strstr(err.text, "..."));
	for (const char *p = err.text; *p; p++)
		assert_true(*p >= ' ' && *p < 0x7f);
}

#define LEADER "\"proof_of_leadership\":{\"proof\":\"00\",\"leader_key\":\"" ID_C "\"}"
#define HEADER \
	"\"header\":{\"id\":\"" ID_A "\",\"parent_block\":\"" ID_B "\",\"slot\":7," LEADER "}"
#define TX_HASH "{\"mantle_tx\":{\"hash\":\"" ID_C "\",\"ops\":[]},\"ops_proofs\":[]}"
/* The inscription of docs/node-api.md, whose hash is pinned there. */
#define ONES   "0101010101010101010101010101010101010101010101010101010101010101"
#define ZEROS  "0000000000000000000000000000000000000000000000000000000000000000"
#define SIGNER "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
#define OPS \
	"\"ops\":[{\"opcode\":17,\"payload\":{\"channel_id\":\"" ONES \
	"\",\"inscription\":\"70696e67\",\"parent\":\"" ZEROS "\",\"signer\":\"" SIGNER "\"}}]"
#define PROOFS \
	"\"ops_proofs\":[{\"Ed25519Sig\":\"" \
	"3033cc9838eee74490ecee3d392f8622f532880dc88ba9779019d80434da9613" \
	"b72947cb3afb45e0ba8669270c1e00ae59fcff69da37ab95d6fe37fb46858b07\"}]"
#define PING_HASH "ff462c3bfd86172abf9ca20b3b608f400c1903db793dda5fc8f0a7af864f7a00"

static void test_blocks(void **state)
{
	static const struct {
		const char *body;
		bool event, ok, has_tip;
		const char *tx; /* hash of the only transaction; NULL: none */
		const char *leader;
	} cases[] = {
		{ "{" HEADER ",\"transactions\":[]}", false, true, false, NULL, ID_C },
		{ "{" HEADER "}", false, true, false, NULL, ID_C },
		{ "{" HEADER ",\"transactions\":[" TX_HASH "]}", false, true, false, ID_C, ID_C },
		{ "{" HEADER ",\"transactions\":[" TX_HASH "]}", true, true, false, ID_C, ID_C },
		{ "{\"block\":{" HEADER ",\"transactions\":[" TX_HASH "]},\"tip\":\"" ID_A
		  "\",\"tip_slot\":7,\"lib\":\"" ID_B "\",\"lib_slot\":1}",
			true, true, true, ID_C, ID_C },
		{ "{\"block\":{" HEADER ",\"transactions\":[]},\"tip\":\"" ID_A "\",\"lib\":\"" ID_B
		  "\"}",
			true, true, true, NULL, ID_C },
		/* no hash inside: 0.2.0 is computed, earlier forms cannot be told */
		{ "{" HEADER ",\"transactions\":[{\"mantle_tx\":{" OPS "}," PROOFS "}]}", false,
			true, false, PING_HASH, ID_C },
		{ "{" HEADER ",\"transactions\":[{\"mantle_tx\":{" OPS
		  ",\"ledger_tx\":{\"inputs\":[],\"outputs\":[]}}," PROOFS "}]}",
			false, true, false, ZEROS, ID_C },
		{ "{\"header\":{\"id\":\"" ID_A "\",\"parent_block\":\"" ID_B
		  "\",\"slot\":7,\"body_root\":\"" ID_C "\",\"uncle_headers\":[]}}",
			false, true, false, NULL, ZEROS },
		{ "{\"block\":{" HEADER "},\"tip\":5,\"lib\":\"" ID_B "\"}", true, false, false,
			NULL, NULL },
		{ "{\"block\":null,\"tip\":\"" ID_A "\"}", true, false, false, NULL, NULL },
		{ "{" HEADER ",\"transactions\":{}}", false, false, false, NULL, NULL },
		{ "{" HEADER ",\"transactions\":[" TX_HASH ",5]}", false, false, false, NULL,
			NULL },
		{ "{" HEADER ",\"transactions\":[{\"mantle_tx\":{\"hash\":\"zz\"}}]}", false, false,
			false, NULL, NULL },
		{ "{\"header\":{\"parent_block\":\"" ID_B "\",\"slot\":7}}", false, false, false,
			NULL, NULL },
		{ "{\"header\":{\"id\":\"" ID_A "\",\"slot\":7}}", false, false, false, NULL,
			NULL },
		{ "null", false, false, false, NULL, NULL },
		{ "", true, false, false, NULL, NULL },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct node_block b;
		struct err err = { 0 };
		size_t len = strlen(cases[i].body);
		int rc = cases[i].event ? node_parse_block_event(cases[i].body, len, &b, &err)
					: node_parse_block(cases[i].body, len, &b, &err);
		assert_int_equal(rc, cases[i].ok ? 0 : -1);
		if (!cases[i].ok) {
			assert_int_equal(err.code, ERR_PROTOCOL);
			continue;
		}
		assert_id(&b.id, ID_A);
		assert_id(&b.parent, ID_B);
		assert_id(&b.leader, cases[i].leader);
		assert_int_equal(b.slot, 7);
		assert_int_equal(b.size_bytes, len);
		assert_int_equal(b.has_tip, cases[i].has_tip);
		assert_int_equal(b.n_txs, cases[i].tx ? 1 : 0);
		if (cases[i].tx)
			assert_id(&b.txs[0], cases[i].tx);
		if (b.has_tip)
			assert_id(&b.tip, ID_A);
		node_block_release(&b);
	}
}

static void test_raw_block_has_no_id(void **state)
{
	static const char body[] =
		"{\"header\":{\"version\":\"Bedrock\",\"parent_block\":\"" ID_B
		"\",\"slot\":7," LEADER "},\"signature\":[1,2],\"transactions\":[]}";
	struct node_block b;
	struct err err = { 0 };
	(void)state;
	assert_int_equal(node_parse_block(body, strlen(body), &b, &err), 0);
	assert_true(id32_is_zero(&b.id));
	node_block_release(&b);
	assert_int_equal(node_parse_block_event(body, strlen(body), &b, &err), -1);
}

static void test_ids(void **state)
{
	static const char body[] = "[\"" ID_A "\",\"0x" ID_B "\"]";
	struct id32 *ids = NULL;
	size_t n = 0;
	struct err err = { 0 };
	(void)state;
	assert_int_equal(node_parse_ids(body, strlen(body), 2, &ids, &n, &err), 0);
	assert_int_equal(n, 2);
	struct id32 b = id_of(ID_B);
	assert_true(id32_eq(&ids[1], &b));
	free(ids);
	assert_int_equal(node_parse_ids("[]", 2, 2, &ids, &n, &err), 0);
	assert_int_equal(n, 0);
	free(ids);
	assert_int_equal(node_parse_ids(body, strlen(body), 1, &ids, &n, &err), -1);
	assert_int_equal(node_parse_ids("[1]", 3, 9, &ids, &n, &err), -1);
	assert_int_equal(node_parse_ids("{}", 2, 9, &ids, &n, &err), -1);
}

static void test_statuses(void **state)
{
	static const struct {
		const char *body;
		size_t n;
		int rc;
		bool pending[3];
	} cases[] = {
		{ "[]", 0, 0, { false } },
		{ "[\"Pending\",\"Unknown\",\"Rejected\"]", 3, 0, { true, false, false } },
		{ "[{\"InBlock\":{\"block\":\"" ID_A "\"}},\"Pending\"]", 2, 0, { false, true } },
		{ "[\"Pending\"]", 2, -1, { false } },
		{ "[\"Pending\",\"Pending\"]", 1, -1, { false } },
		{ "[5]", 1, -1, { false } },
		{ "\"Pending\"", 1, -1, { false } },
		{ "nonsense", 1, -1, { false } },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		bool pending[3] = { false };
		int rc = node_parse_statuses(
			cases[i].body, strlen(cases[i].body), cases[i].n, pending, NULL);
		assert_int_equal(rc, cases[i].rc);
		for (size_t k = 0; rc == 0 && k < cases[i].n; k++)
			assert_int_equal(pending[k], cases[i].pending[k]);
	}
}

static void test_small_ones(void **state)
{
	static const char network[] =
		"{\"listen_addresses\":[],\"peer_id\":\"12D3KooW\",\"n_peers\":2,"
		"\"n_connections\":4,\"n_pending_connections\":1}";
	static const char metrics[] = "{\"pending_items\":18446744073709551615,\"x\":0}";
	static const char supply[] = "{\"supply\":9007199254740993,\"genesis_supply\":5}";
	struct node_network net;
	uint64_t a, b;
	(void)state;
	assert_int_equal(node_parse_network(network, strlen(network), &net, NULL), 0);
	assert_int_equal(net.peers, 2);
	assert_int_equal(net.connections, 4);
	assert_int_equal(net.pending, 1);
	assert_string_equal(net.peer_id, "12D3KooW");
	assert_int_equal(node_parse_network("{}", 2, &net, NULL), -1);
	assert_int_equal(node_parse_pending(metrics, strlen(metrics), &a, NULL), 0);
	assert_true(a == UINT64_MAX);
	assert_int_equal(node_parse_pending("[]", 2, &a, NULL), -1);
	assert_int_equal(node_parse_supply(supply, strlen(supply), &a, &b, NULL), 0);
	assert_true(a == 9007199254740993u);
	assert_int_equal(b, 5);
	assert_int_equal(node_parse_supply("{\"supply\":1}", 12, &a, &b, NULL), -1);
}

static void test_error_text(void **state)
{
	static const struct {
		int status;
		const char *body, *text;
	} cases[] = {
		{ 500, "Item already in mempool", "HTTP 500: Item already in mempool" },
		{ 404, "", "HTTP 404" },
		{ 404, "{\"code\":404,\"message\":\"Not found\"}", "HTTP 404: Not found" },
		{ 400, "{\"code\":404}", "HTTP 400: {\"code\":404}" },
		{ 422, "two\n\tlines\r\n", "HTTP 422: two lines" },
		{ 500, "\"a string\"", "HTTP 500: a string" },
	};
	char buf[400];
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		node_error_text(
			cases[i].status, cases[i].body, strlen(cases[i].body), buf, sizeof(buf));
		assert_string_equal(buf, cases[i].text);
	}
	node_error_text(500, cases[0].body, strlen(cases[0].body), buf, 12);
	assert_string_equal(buf, "HTTP 500: I");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_info),
		cmocka_unit_test(test_bad_info),
		cmocka_unit_test(test_quotes_are_bounded),
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_raw_block_has_no_id),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_statuses),
		cmocka_unit_test(test_small_ones),
		cmocka_unit_test(test_error_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
