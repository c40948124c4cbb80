/* The node's HTTP API without sockets: addresses, queries, routes, replies over a real chain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "node/api/api.h"
#include "node/api/range.h"
#include "util/mem.h"

#define F_TIME 1000000 /* genesis time, ms */

struct fixture {
	struct genesis genesis;
	struct chain *chain;
	struct tx_key leader, alice, bob;
	struct api_env env;
	bool online;
	uint64_t now_ms, slot;
	struct api_reply rp;
};

static struct tx_key key_of(uint8_t v)
{
	uint8_t seed[32];
	struct tx_key k;

	memset(seed, v, sizeof(seed));
	tx_key_from_seed(seed, &k);
	return k;
}

static uint64_t fx_now(void *arg)
{
	const struct fixture *f = arg;

	return f->now_ms;
}

static bool fx_online(void *arg)
{
	const struct fixture *f = arg;

	return f->online;
}

static enum mempool_result fx_submit(void *arg, struct tx *tx, struct err *err)
{
	struct fixture *f = arg;

	return chain_submit(f->chain, tx, true, f->slot, err);
}

static void fx_network(void *arg, struct jw *w)
{
	(void)arg;
	jw_ku64(w, "n_peers", 2);
}

static void fx_metrics(void *arg, struct node_metrics *ret)
{
	const struct fixture *f = arg;

	ret->version = "1\"2";
	ret->tip_height = chain_tip(f->chain).height;
	ret->peers = 2;
	ret->cpu_s = 0.25;
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	const struct chain_hooks hooks = { .arg = NULL };
	char leader[ID32_HEX], alice[ID32_HEX];
	struct err err = { 0 };

	f->leader = key_of(1);
	f->alice = key_of(2);
	f->bob = key_of(3);
	CLEANUP_FREE char *json = xasprintf(
		"{\"chain_id\":\"test\",\"genesis_time_ms\":%d,\"slot_duration_ms\":1000,"
		"\"active_slot_coeff\":1.0,\"security_param\":3,\"epoch_nonce\":\"%064d\","
		"\"stakes\":[{\"pk\":\"%s\",\"value\":1000}],"
		"\"notes\":[{\"pk\":\"%s\",\"value\":100},{\"pk\":\"%s\",\"value\":50}]}",
		F_TIME, 0, id32_hex(&f->leader.pk, leader), id32_hex(&f->alice.pk, alice), alice);
	if (genesis_parse(json, strlen(json), &f->genesis, &err))
		fail_msg("genesis: %s", err.text);
	f->chain = chain_new(&f->genesis, &hooks);
	f->now_ms = F_TIME + 12500;
	f->online = true;
	f->env = (struct api_env){ f, &f->genesis, f->chain, &f->alice, 1, 77, fx_now, fx_online,
		fx_submit, fx_network, fx_metrics };
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	api_reply_release(&f->rp);
	chain_free(f->chain);
	genesis_release(&f->genesis);
	free(f);
	return 0;
}

static void mine(struct fixture *f, size_t n)
{
	struct err err = { 0 };

	while (n--) {
		struct block *b = chain_propose(f->chain, &f->leader, ++f->slot);
		assert_non_null(b);
		if (chain_add_block(f->chain, b, f->slot, &err) != CHAIN_NEW_TIP)
			fail_msg("block refused: %s", err.text);
	}
}

static int call_full(struct fixture *f, const char *method, const char *target, const char *type,
	const char *body)
{
	struct api_request rq;

	api_reply_release(&f->rp);
	assert_int_equal(api_request_init(&rq, method, target, NULL), 0);
	rq.content_type = type;
	rq.body = body ? body : "";
	rq.body_len = strlen(rq.body);
	api_dispatch(&f->env, &rq, &f->rp);
	api_request_release(&rq);
	return f->rp.status;
}

static int get(struct fixture *f, const char *target)
{
	return call_full(f, "GET", target, NULL, NULL);
}

static int post(struct fixture *f, const char *target, const char *body)
{
	return call_full(f, "POST", target, API_JSON, body);
}

static const char *body(const struct fixture *f)
{
	return strbuf_str(&f->rp.body);
}

static cJSON *json(const struct fixture *f)
{
	struct err err = { 0 };
	cJSON *j = json_parse(body(f), f->rp.body.len, NULL, &err);

	if (!j)
		fail_msg("reply is no JSON: %s: %s", err.text, body(f));
	return j;
}

static char *hex_at(const struct fixture *f, uint64_t height, char buf[ID32_HEX])
{
	struct chain_entry e;

	assert_true(chain_at_height(f->chain, height, &e));
	id32_hex(&e.id, buf);
	return buf;
}

/* --- tests ------------------------------------------------------------------------- */

static void addresses(void **state)
{
	static const struct {
		const char *text, *host;
		int port; /* -1: refused */
	} cases[] = {
		{ "127.0.0.1:3000", "127.0.0.1", 3000 },
		{ "node-0:0", "node-0", 0 },
		{ "[::1]:65535", "::1", 65535 },
		{ "/ip4/127.0.0.1/tcp/3001", "127.0.0.1", 3001 },
		{ "/ip4/127.0.0.1/udp/3001/quic-v1", "127.0.0.1", 3001 },
		{ "/ip4/127.0.0.1/tcp/3001/p2p/12D3KooWx", "127.0.0.1", 3001 },
		{ "/ip6/::1/udp/9/quic-v1/p2p/12D3KooWx", "::1", 9 },
		{ "/dns4/node-0/tcp/9", "node-0", 9 },
		{ "127.0.0.1", NULL, -1 },
		{ "127.0.0.1:", NULL, -1 },
		{ ":80", NULL, -1 },
		{ "::1:80", NULL, -1 },
		{ "a b:80", NULL, -1 },
		{ "h:65536", NULL, -1 },
		{ "h:-1", NULL, -1 },
		{ "h:80x", NULL, -1 },
		{ "", NULL, -1 },
		{ "/", NULL, -1 },
		{ "/ip4/127.0.0.1", NULL, -1 },
		{ "/ip4/127.0.0.1/udp/3001", NULL, -1 },
		{ "/ip4/127.0.0.1/sctp/3001", NULL, -1 },
		{ "/ip4//tcp/1", NULL, -1 },
		{ "/ip4/127.0.0.1/tcp/3001/p2p", NULL, -1 },
		{ "/ip4/127.0.0.1/tcp/3001/ws", NULL, -1 },
		{ "/unix/x/tcp/1", NULL, -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct address a;
		struct err err = { 0 };
		int r = address_parse(cases[i].text, &a, &err);
		if (cases[i].port < 0) {
			assert_int_equal(r, -1);
			assert_true(err.text[0] != '\0');
			continue;
		}
		assert_int_equal(r, 0);
		assert_string_equal(a.host, cases[i].host);
		assert_int_equal(a.port, cases[i].port);
	}
	char text[ADDRESS_TEXT];
	struct address v6 = { "::1", 5 }, name = { "n0", 6 };
	assert_string_equal(address_text(&v6, text), "[::1]:5");
	assert_string_equal(address_multiaddr(&v6, text), "/ip6/::1/tcp/5");
	assert_string_equal(address_multiaddr(&name, text), "/dns4/n0/tcp/6");
}

/* Vectors computed with an independent base58 (Python integers). */
static void peer_ids(void **state)
{
	struct id32 zero = { 0 }, ones;
	char text[PEER_ID_TEXT];

	(void)state;
	memset(ones.b, 0xff, sizeof(ones.b));
	assert_string_equal(
		peer_id_text(&zero, text), "12D3KooW9pNAk8aiBuGVQtWRdbkLmo5qVL3e2h5UxbN2Nz9ttwiw");
	assert_string_equal(
		peer_id_text(&ones, text), "12D3KooWT3gYEvLJyx1FyyHqrmvdy1tMjpgxmu9aSeKMEuafQtyC");
}

static void request_parsing(void **state)
{
	struct api_request rq;
	struct err err = { 0 };
	uint64_t v = 5;
	struct id32 id;
	bool given;

	(void)state;
	assert_int_equal(api_request_init(&rq, "GET", "/a%2fb?x=1&y=%41+b&z&x=2", &err), 0);
	assert_string_equal(rq.path, "/a/b");
	assert_string_equal(api_query(&rq, "x"), "1");
	assert_string_equal(api_query(&rq, "y"), "A b");
	assert_string_equal(api_query(&rq, "z"), "");
	assert_null(api_query(&rq, "w"));
	assert_int_equal(api_query_u64(&rq, "w", &v, &err), 0);
	assert_true(v == 5);
	assert_int_equal(api_query_u64(&rq, "x", &v, &err), 0);
	assert_true(v == 1);
	assert_int_equal(api_query_u64(&rq, "y", &v, &err), -1);
	assert_int_equal(api_query_id(&rq, "x", &id, &given, &err), -1);
	assert_int_equal(api_query_id(&rq, "w", &id, &given, &err), 0);
	assert_false(given);
	api_request_release(&rq);

	static const char *const bad[] = { "", "a", "/%", "/%4", "/%zz", "/%00", "/x?a=%0a",
		"/?a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p&q" };
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(api_request_init(&rq, "GET", bad[i], &err), -1);
		api_request_release(&rq);
	}
	CLEANUP_FREE char *longest = xcalloc(1, API_MAX_URI + 2);
	memset(longest, '/', API_MAX_URI + 1);
	assert_int_equal(api_request_init(&rq, "GET", longest, &err), -1);
	api_request_release(&rq);
}

static void routes_and_statuses(void **state)
{
	struct fixture *f = *state;
	static const char zero[] =
		"0000000000000000000000000000000000000000000000000000000000000000";
	static const struct {
		const char *method, *target, *type, *body;
		int status;
	} cases[] = {
		{ "GET", "/", NULL, NULL, 404 },
		{ "GET", "/version", NULL, NULL, 404 },
		{ "GET", "/cryptarchia/info/", NULL, NULL, 404 },
		{ "GET", "/wallet//balance", NULL, NULL, 404 },
		{ "POST", "/cryptarchia/info", API_JSON, "{}", 405 },
		{ "GET", "/mempool/add/tx", NULL, NULL, 405 },
		{ "other", "/mempool/view", NULL, NULL, 405 },
		{ "HEAD", "/cryptarchia/info", NULL, NULL, 200 },
		{ "POST", "/mempool/add/tx", NULL, "{}", 415 },
		{ "POST", "/mempool/add/tx", "text/plain", "{}", 415 },
		{ "POST", "/mempool/add/tx", API_JSON "x", "{}", 415 },
		{ "POST", "/mempool/add/tx", API_JSON, "{", 400 },
		{ "POST", "/mempool/add/tx", API_JSON "; charset=utf-8", "", 400 },
		{ "POST", "/mempool/add/tx", API_JSON, "{}", 422 },
		{ "POST", "/mempool/add/tx", API_JSON, "[]", 422 },
		{ "POST", "/mantle/status", API_JSON, "{}", 422 },
		{ "POST", "/mantle/status", API_JSON, "[1]", 422 },
		{ "POST", "/mantle/status", API_JSON, "[]", 200 },
		{ "POST", "/network/dial_peer", API_JSON, "{}", 422 },
		{ "POST", "/network/dial_peer", API_JSON, "{\"addr\":\"x\"}", 422 },
		{ "POST", "/wallet/transactions/transfer-funds", API_JSON, "{}", 422 },
		{ "GET", "/cryptarchia/blocks/xyz", NULL, NULL, 400 },
		{ "GET", "/cryptarchia/blocks?slot_from=1", NULL, NULL, 400 },
		{ "GET", "/cryptarchia/blocks?slot_from=9&slot_to=3", NULL, NULL, 400 },
		{ "GET", "/cryptarchia/blocks?slot_from=a&slot_to=3", NULL, NULL, 400 },
		{ "GET", "/cryptarchia/headers?from=1", NULL, NULL, 400 },
		{ "GET", "/cryptarchia/blocks_range?slot_from=2&slot_to=1", NULL, NULL, 400 },
		{ "GET", "/cryptarchia/blocks_range?order=up", NULL, NULL, 400 },
		{ "GET", "/cryptarchia/blocks_range?block_filter=x", NULL, NULL, 400 },
		{ "GET", "/cryptarchia/blocks_range?blocks_limit=0", NULL, NULL, 400 },
		{ "GET", "/cryptarchia/blocks_range?server_batch_size=1001", NULL, NULL, 400 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int status = call_full(
			f, cases[i].method, cases[i].target, cases[i].type, cases[i].body);
		if (status != cases[i].status)
			fail_msg("%s %s: %d, expected %d", cases[i].method, cases[i].target, status,
				cases[i].status);
		if (status == 404 || status == 405)
			assert_string_equal(body(f), "");
		else if (status != 200)
			assert_string_equal(f->rp.content_type, API_TEXT);
	}
	static const char *const unknown[] = { "/cryptarchia/blocks/", "/cryptarchia/transaction/",
		"/channel/", "/cryptarchia/headers?from=" };
	for (size_t i = 0; i < ARRAY_LEN(unknown); i++) {
		CLEANUP_FREE char *target = xasprintf("%s%s", unknown[i], zero);
		assert_int_equal(get(f, target), 404);
	}
}

static void special_actions(void **state)
{
	struct fixture *f = *state;

	get(f, "/cryptarchia/events/blocks/stream");
	assert_int_equal(f->rp.action, API_BLOCK_STREAM);
	get(f, "/cryptarchia/lib-stream");
	assert_int_equal(f->rp.action, API_LIB_STREAM);
	post(f, "/network/dial_peer", "{\"addr\":\"/ip4/127.0.0.1/udp/3001/quic-v1\"}");
	assert_int_equal(f->rp.action, API_DIAL);
	assert_int_equal(f->rp.dial.port, 3001);
}

static void info_shape(void **state)
{
	struct fixture *f = *state;
	char tip[ID32_HEX], lib[ID32_HEX];

	mine(f, 5);
	hex_at(f, 5, tip);
	hex_at(f, 2, lib);
	assert_int_equal(get(f, "/cryptarchia/info"), 200);
	CLEANUP_FREE char *want = xasprintf(
		"{\"cryptarchia_info\":{\"lib\":\"%s\",\"lib_slot\":2,\"tip\":\"%s\",\"slot\":5,"
		"\"height\":5},\"mode\":{\"Started\":\"Online\"}}",
		lib, tip);
	assert_string_equal(body(f), want);
	assert_string_equal(f->rp.content_type, API_JSON);
	f->online = false;
	get(f, "/cryptarchia/info");
	assert_non_null(strstr(body(f), "\"mode\":{\"Started\":\"Bootstrapping\"}"));
	f->now_ms = F_TIME - 1;
	get(f, "/cryptarchia/info");
	assert_non_null(strstr(body(f), "\"mode\":\"AwaitingStart\""));
}

static void small_shapes(void **state)
{
	struct fixture *f = *state;
	char hex[ID32_HEX];

	get(f, "/time/info");
	assert_string_equal(body(f), "{\"slot_duration_ms\":1000,\"genesis_time_unix_ms\":1000000,"
				     "\"current_slot\":12,\"current_epoch\":0}");
	get(f, "/mantle/metrics");
	assert_string_equal(body(f), "{\"pending_items\":0,\"last_item_timestamp\":77}");
	get(f, "/mempool/view");
	assert_string_equal(body(f), "[]");
	get(f, "/network/info");
	assert_string_equal(body(f), "{\"n_peers\":2}");
	get(f, "/ltb/supply");
	CLEANUP_FREE char *want = xasprintf("{\"tip\":\"%s\",\"height\":0,\"supply\":1150,"
					    "\"genesis_supply\":1150}",
		id32_hex(&f->genesis.id, hex));
	assert_string_equal(body(f), want);
}

static void headers(void **state)
{
	struct fixture *f = *state;
	char hex[ID32_HEX], a[ID32_HEX], b[ID32_HEX];

	mine(f, 8);
	get(f, "/cryptarchia/headers");
	cJSON *j = json(f);
	assert_int_equal(cJSON_GetArraySize(j), 4); /* k + 1 */
	assert_string_equal(cJSON_GetArrayItem(j, 0)->valuestring, hex_at(f, 8, hex));
	assert_string_equal(cJSON_GetArrayItem(j, 3)->valuestring, hex_at(f, 5, hex));
	cJSON_Delete(j);

	CLEANUP_FREE char *target =
		xasprintf("/cryptarchia/headers?from=0x%s&to=%s", hex_at(f, 7, a), hex_at(f, 6, b));
	assert_int_equal(get(f, target), 200);
	j = json(f);
	assert_int_equal(cJSON_GetArraySize(j), 2);
	assert_string_equal(cJSON_GetArrayItem(j, 1)->valuestring, b);
	cJSON_Delete(j);

	/* never below LIB */
	CLEANUP_FREE char *deep = xasprintf("/cryptarchia/headers?to=%s", hex_at(f, 1, a));
	get(f, deep);
	j = json(f);
	assert_int_equal(cJSON_GetArraySize(j), 4);
	cJSON_Delete(j);
}

static void blocks(void **state)
{
	struct fixture *f = *state;
	char hex[ID32_HEX];

	mine(f, 8);
	get(f, "/cryptarchia/blocks?slot_from=2&slot_to=100"); /* LIB is at 5 */
	cJSON *j = json(f);
	assert_int_equal(cJSON_GetArraySize(j), 4);
	const cJSON *header = json_get(cJSON_GetArrayItem(j, 0), "header");
	assert_string_equal(json_get_str(header, "id"), hex_at(f, 2, hex));
	assert_string_equal(json_get_str(header, "parent_block"), hex_at(f, 1, hex));
	cJSON_Delete(j);
	CLEANUP_FREE char *target = xasprintf("/cryptarchia/blocks/%s", hex_at(f, 8, hex));
	assert_int_equal(get(f, target), 200);
	j = json(f);
	assert_string_equal(json_get_str(json_get(j, "header"), "id"), hex);
	cJSON_Delete(j);
}

/* All heights that a range query yields, as text. */
static void range_heights(struct fixture *f, const char *query, char *out, size_t size)
{
	CLEANUP_STRBUF struct strbuf lines = { 0 };
	CLEANUP_FREE char *target = xasprintf("/cryptarchia/blocks_range?%s", query);
	size_t used = 0;

	get(f, target);
	assert_int_equal(f->rp.action, API_RANGE);
	while (api_range_next(&f->env, f->rp.range, &lines))
		assert_true(lines.len > 0);
	out[0] = '\0';
	for (const char *p = strbuf_str(&lines); *p;) {
		size_t len = strcspn(p, "\n");
		cJSON *j = json_parse(p, len, NULL, NULL);
		uint64_t slot = 0;
		assert_non_null(j);
		assert_non_null(json_get_str(j, "tip"));
		json_get_u64(json_get(json_get(j, "block"), "header"), "slot", &slot);
		used += (size_t)snprintf(out + used, size - used, "%u,", (unsigned)slot);
		cJSON_Delete(j);
		assert_int_equal(p[len], '\n');
		p += len + 1;
	}
}

static void ranges(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *query, *heights;
	} cases[] = {
		{ "", "8,7,6,5,4,3,2,1," },
		{ "order=ascending", "1,2,3,4,5,6,7,8," },
		{ "order=ascending&blocks_limit=3&server_batch_size=2", "1,2,3," },
		{ "blocks_limit=2", "8,7," },
		{ "slot_from=3&slot_to=4", "4,3," },
		{ "slot_from=3&slot_to=3", "3," },
		{ "slot_from=100", "" },
		{ "block_filter=immutable_only&slot_from=4", "5,4," },
		{ "slot_to=18446744073709551615&blocks_limit=1", "8," },
	};
	char got[200];

	mine(f, 8);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		range_heights(f, cases[i].query, got, sizeof(got));
		assert_string_equal(got, cases[i].heights);
	}
}

static char *transfer_body(const struct fixture *f, const struct tx_key *from, unsigned amount)
{
	char a[ID32_HEX], b[ID32_HEX];

	id32_hex(&from->pk, a);
	id32_hex(&f->bob.pk, b);
	return xasprintf("{\"tip\":null,\"change_public_key\":\"%s\",\"funding_public_keys\":"
			 "[\"%s\"],\"recipient_public_key\":\"%s\",\"amount\":%u}",
		a, a, b, amount);
}

static uint64_t balance(struct fixture *f, const struct tx_key *key)
{
	char hex[ID32_HEX];
	uint64_t v = UINT64_MAX;

	CLEANUP_FREE char *target = xasprintf("/wallet/%s/balance", id32_hex(&key->pk, hex));
	if (get(f, target) != 200)
		return UINT64_MAX;
	cJSON *j = json(f);
	assert_string_equal(f->rp.content_type, API_TEXT);
	assert_string_equal(json_get_str(j, "address"), hex);
	assert_true(json_get_u64(j, "balance", &v));
	cJSON_Delete(j);
	return v;
}

static void transfers(void **state)
{
	struct fixture *f = *state;
	static const char path[] = "/wallet/transactions/transfer-funds";

	assert_true(balance(f, &f->alice) == 150);
	assert_true(balance(f, &f->bob) == UINT64_MAX);
	assert_int_equal(f->rp.status, 404);

	CLEANUP_FREE char *some = transfer_body(f, &f->alice, 30);
	assert_int_equal(post(f, path, some), 201);
	cJSON *j = json(f);
	CLEANUP_FREE char *hash = xstrdup(json_get_str(j, "hash"));
	cJSON_Delete(j);
	CLEANUP_FREE char *status = xasprintf("[\"%s\"]", hash);
	post(f, "/mantle/status", status);
	assert_string_equal(body(f), "[\"Pending\"]");
	get(f, "/mempool/view");
	assert_string_equal(body(f), status);

	/* The note of 100 is on its way out, so 50 are left for the next. */
	CLEANUP_FREE char *more = transfer_body(f, &f->alice, 50);
	assert_int_equal(post(f, path, more), 201);
	CLEANUP_FREE char *most = transfer_body(f, &f->alice, 1);
	assert_int_equal(post(f, path, most), 500);
	assert_non_null(strstr(body(f), "available=0"));
	CLEANUP_FREE char *foreign = transfer_body(f, &f->bob, 1);
	assert_int_equal(post(f, path, foreign), 500);
	assert_non_null(strstr(body(f), "no secret key"));

	mine(f, 1);
	assert_true(balance(f, &f->alice) == 70);
	assert_true(balance(f, &f->bob) == 80);
	post(f, "/mantle/status", status);
	assert_string_equal(body(f), "[\"Unknown\"]"); /* as the real node: included ones too */
	CLEANUP_FREE char *tx = xasprintf("/cryptarchia/transaction/%s", hash);
	assert_int_equal(get(f, tx), 200);
	assert_non_null(strstr(body(f), hash));
	get(f, "/ltb/supply");
	assert_non_null(strstr(body(f), "\"supply\":1150"));
}

static void inscriptions(void **state)
{
	struct fixture *f = *state;
	const struct id32 channel = { { 9 } }, none = { { 0 } };
	CLEANUP_STRBUF struct strbuf text = { 0 };
	struct id32 message;
	struct tx *tx = tx_new();
	char hex[ID32_HEX];
	struct jw w;

	assert_int_equal(tx_add_inscribe(tx, &channel, &none, &f->bob.pk, "ping", 4, NULL), 0);
	tx_seal(tx);
	tx_sign_op(tx, 0, &f->bob);
	tx_message_id(&tx->ops[0].u.inscribe, &message);
	jw_init(&w, &text, 0);
	tx_to_json(tx, false, &w);
	for (int i = 0; i < 2; i++) { /* the second time as well */
		assert_int_equal(post(f, "/mempool/add/tx", strbuf_str(&text)), 200);
		assert_string_equal(body(f), "null");
	}
	mine(f, 1);
	CLEANUP_FREE char *target = xasprintf("/channel/%s", id32_hex(&channel, hex));
	assert_int_equal(get(f, target), 200);
	assert_non_null(strstr(body(f), id32_hex(&message, hex)));

	/* another's signature */
	strbuf_clear(&text);
	tx_sign_op(tx, 0, &f->alice);
	jw_init(&w, &text, 0);
	tx_to_json(tx, false, &w);
	assert_int_equal(post(f, "/mempool/add/tx", strbuf_str(&text)), 422);
	assert_string_equal(body(f), "Invalid signature for operation at index 0");
	tx_free(tx);
}

static void prometheus(void **state)
{
	struct fixture *f = *state;

	mine(f, 3);
	assert_int_equal(get(f, "/metrics"), 200);
	assert_string_equal(f->rp.content_type, "text/plain; version=0.0.4; charset=utf-8");
	assert_non_null(strstr(body(f), "\n# TYPE consensus_finalized_height gauge\n"));
	assert_non_null(strstr(body(f), "\nconsensus_tip_height 3\n"));
	assert_non_null(strstr(body(f), "\nconsensus_peers_connected 2\n"));
	assert_non_null(strstr(body(f), "\nprocess_cpu_seconds_total 0.25\n"));
	assert_non_null(strstr(body(f), "\nltb_node_build_info{version=\"1\\\"2\"} 1\n"));
	assert_int_equal(f->rp.body.buf[f->rp.body.len - 1], '\n');
	assert_int_equal(post(f, "/metrics", "{}"), 405);
}

static void stream_lines(void **state)
{
	struct fixture *f = *state;
	CLEANUP_STRBUF struct strbuf line = { 0 };
	struct chain_entry e;
	char hex[ID32_HEX];

	mine(f, 4);
	assert_true(chain_at_height(f->chain, 1, &e));
	api_lib_line(&e, &line);
	CLEANUP_FREE char *want =
		xasprintf("{\"height\":1,\"header_id\":\"%s\"}\n", hex_at(f, 1, hex));
	assert_string_equal(strbuf_str(&line), want);
	strbuf_clear(&line);
	assert_true(api_block_line(&f->env, &e.id, &line));
	assert_int_equal(strcspn(line.buf, "\n"), line.len - 1);
	assert_null(strstr(line.buf, "\"height\""));
	assert_non_null(strstr(line.buf, "\"lib_slot\":1}"));
	assert_false(api_block_line(&f->env, &f->genesis.id, &line));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(peer_ids),
		cmocka_unit_test(request_parsing),
		cmocka_unit_test_setup_teardown(routes_and_statuses, setup, teardown),
		cmocka_unit_test_setup_teardown(special_actions, setup, teardown),
		cmocka_unit_test_setup_teardown(info_shape, setup, teardown),
		cmocka_unit_test_setup_teardown(small_shapes, setup, teardown),
		cmocka_unit_test_setup_teardown(headers, setup, teardown),
		cmocka_unit_test_setup_teardown(blocks, setup, teardown),
		cmocka_unit_test_setup_teardown(ranges, setup, teardown),
		cmocka_unit_test_setup_teardown(transfers, setup, teardown),
		cmocka_unit_test_setup_teardown(inscriptions, setup, teardown),
		cmocka_unit_test_setup_teardown(prometheus, setup, teardown),
		cmocka_unit_test_setup_teardown(stream_lines, setup, teardown),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
