/* The fake backend behind a real net thread on a virtual clock, and the skeleton backend. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "backends/registry.h"
#include "proto/tx.h"
#include "util/json.h"
#include "util/mem.h"
#include "util/strbuf.h"

#define N_NODES 3
#define SLOT_NS (500 * NS_PER_MS)

struct bench {
	struct scenario scenario;
	struct plan plan;
	struct plan_node nodes[N_NODES];
	struct backend_env env;
	struct backend b;
	void *config;
	struct err err;
	/* node_state() is called on the net thread while the caller waits for it */
	enum node_state states[N_NODES + 1];
	bool expected[N_NODES + 1];
	struct strbuf lines; /* of the stream */
	unsigned n_lines;
	bool stream_done;
};

static void on_state(void *arg, unsigned node, enum node_state state, bool expected,
	const char *endpoint, int64_t pid, const char *reason, const char *log_tail)
{
	struct bench *t = arg;
	(void)endpoint;
	(void)pid;
	(void)reason;
	(void)log_tail;
	assert_in_range(node, 0, N_NODES);
	t->states[node] = state;
	t->expected[node] = expected;
}

static void on_log(void *arg, int node, int level, const char *text)
{
	(void)arg;
	(void)node;
	(void)level;
	(void)text;
}

/* One option may be set; strings and numbers are what the tests need. */
static void set_option(struct bench *t, const char *name, const char *value)
{
	const struct option *o = t->b.ops->options;
	while (strcmp(o->name, name) != 0)
		o++; /* an unknown name is a crash of this test */
	char *at = (char *)t->config + o->offset;
	if (o->type == OPTION_STRING)
		*(char **)(void *)at = xstrdup(value);
	else if (o->type == OPTION_BOOL)
		*(bool *)(void *)at = true;
	else
		*(uint64_t *)(void *)at = strtoull(value, NULL, 10);
}

static void bench_init(struct bench *t, const struct backend_ops *ops, uint64_t seed)
{
	*t = (struct bench){ 0 };
	t->scenario.topology =
		(struct topology){ .n_nodes = N_NODES, .consensus = { SLOT_NS, 0.9, 3 } };
	t->plan = (struct plan){ .scenario = &t->scenario,
		.seed = seed,
		.nodes = t->nodes,
		.n_nodes = N_NODES,
		.total_stake = 100 * N_NODES,
		.total_supply = 1000 };
	for (unsigned i = 0; i < N_NODES; i++) {
		snprintf(t->nodes[i].name, sizeof(t->nodes[i].name), "n%u", i);
		t->nodes[i].stake = 100;
	}
	t->env = (struct backend_env){ .plan = &t->plan,
		.run_dir = "/nonexistent",
		.arg = t,
		.node_state = on_state,
		.log = on_log };
	t->config = xcalloc(1, ops->config_size);
	options_defaults(ops->options, t->config, ops->config_size);
	t->b = (struct backend){ ops, t->config, &t->env, xcalloc(1, ops->state_size) };
	t->env.clock = clock_new_virtual(NS_PER_S, 1000);
	clock_join(t->env.clock);
}

static void bench_net(struct bench *t)
{
	t->env.net = net_start(t->env.clock, t->b.ops->handler(&t->b), &t->err);
	assert_non_null(t->env.net);
}

static void advance(struct bench *t, uint64_t ns)
{
	clock_wait(t->env.clock, NULL, NULL, clock_now(t->env.clock) + ns);
}

static int bench_up(struct bench *t)
{
	bench_net(t);
	if (t->b.ops->prepare(&t->b, &t->err) < 0)
		return -1;
	if (t->b.ops->up(&t->b, &t->err) < 0)
		return -1;
	/* from here on whole slots later is never the moment at which a slot begins */
	advance(t, 100 * NS_PER_MS);
	return 0;
}

static void bench_release(struct bench *t)
{
	assert_int_equal(t->b.ops->down(&t->b, false, &t->err), 0);
	assert_int_equal(t->b.ops->down(&t->b, true, &t->err), 0);
	net_stop(t->env.net);
	t->b.ops->release(&t->b);
	net_free(t->env.net);
	clock_leave(t->env.clock);
	clock_free(t->env.clock);
	options_release(t->b.ops->options, t->config);
	free(t->config);
	free(t->b.state);
	strbuf_release(&t->lines);
}

/* The status; 0 when there was no answer. */
static int call(struct bench *t, unsigned node, enum net_method m, const char *path,
	const char *body, struct strbuf *out)
{
	int status = 0;
	CLEANUP_FREE char *url = xasprintf("http://n%u.fake%s", node, path);
	const struct net_request req = { .method = m,
		.url = url,
		.body = body,
		.body_len = body ? strlen(body) : 0,
		.timeout_ns = NS_PER_S };
	strbuf_clear(out);
	return net_call(t->env.net, &req, NULL, &status, out, &t->err) < 0 ? 0 : status;
}

static cJSON *get(struct bench *t, unsigned node, const char *path)
{
	CLEANUP_STRBUF struct strbuf body = { 0 };
	assert_int_equal(call(t, node, NET_GET, path, NULL, &body), 200);
	cJSON *j = json_parse(strbuf_str(&body), body.len, NULL, &t->err);
	if (!j)
		fail_msg("%s: %s", path, t->err.text);
	return j;
}

struct info {
	struct id32 tip, lib;
	uint64_t height;
};

static struct info get_info(struct bench *t, unsigned node)
{
	struct info info;
	CLEANUP_JSON cJSON *j = get(t, node, "/cryptarchia/info");
	const cJSON *c = json_get(j, "cryptarchia_info");
	assert_true(json_get_id32(c, "tip", &info.tip) && json_get_id32(c, "lib", &info.lib) &&
		    json_get_u64(c, "height", &info.height));
	assert_string_equal(json_get_str(json_get(j, "mode"), "Started"), "Online");
	return info;
}

static void on_line(const char *line, size_t len, void *arg)
{
	struct bench *t = arg;
	strbuf_add(&t->lines, line, len);
	strbuf_addc(&t->lines, '\n');
	t->n_lines++;
}

static void on_stream_done(const struct net_response *r, void *arg)
{
	struct bench *t = arg;
	(void)r;
	t->stream_done = true;
}

static void open_stream(struct bench *t, unsigned node)
{
	CLEANUP_FREE char *url =
		xasprintf("http://n%u.fake/cryptarchia/events/blocks/stream", node);
	const struct net_request req = { .url = url,
		.timeout_ns = NS_PER_S,
		.on_line = on_line,
		.on_done = on_stream_done,
		.arg = t };
	net_send(t->env.net, &req);
}

static void sync_net_done(void *arg)
{
	(void)arg;
}

/* Makes what the net thread wrote visible here, and ends what it was doing. */
static void sync_net(struct bench *t)
{
	CLEANUP_STRBUF struct strbuf body = { 0 };
	net_post(t->env.net, sync_net_done, NULL);
	call(t, 0, NET_GET, "/time/info", NULL, &body);
}

/* --- tests -------------------------------------------------------------------------------- */

static void test_blocks_are_made_and_agreed_on(void **state)
{
	struct bench t;
	(void)state;
	bench_init(&t, &backend_fake, 1);
	assert_int_equal(bench_up(&t), 0);
	assert_int_equal(t.states[0], NODE_UP);
	open_stream(&t, 1);
	advance(&t, 60 * NS_PER_S);
	struct info a = get_info(&t, 0);
	assert_in_range(a.height, 60, 119); /* 120 slots, f 0.9, forks */
	for (unsigned i = 1; i < N_NODES; i++) {
		/* the LIB of one is on the chain of all */
		char path[160], hex[ID32_HEX];
		snprintf(path, sizeof(path), "/cryptarchia/blocks/%s", id32_hex(&a.lib, hex));
		CLEANUP_JSON cJSON *block = get(&t, i, path);
		struct id32 id;
		assert_true(json_get_id32(json_get(block, "header"), "id", &id));
		assert_true(id32_eq(&id, &a.lib));
	}
	CLEANUP_JSON cJSON *headers = get(&t, 0, "/cryptarchia/headers");
	struct id32 first, last;
	assert_int_equal(cJSON_GetArraySize(headers), 4); /* k + 1: tip down to LIB */
	assert_true(json_as_id32(cJSON_GetArrayItem(headers, 0), &first));
	assert_true(json_as_id32(cJSON_GetArrayItem(headers, 3), &last));
	assert_true(id32_eq(&first, &a.tip) && id32_eq(&last, &a.lib));
	sync_net(&t);
	assert_in_range(t.n_lines, a.height, 3 * 120);
	bench_release(&t);
}

static void run_for(uint64_t seed, struct info *ret, struct strbuf *lines)
{
	struct bench t;
	bench_init(&t, &backend_fake, seed);
	assert_int_equal(bench_up(&t), 0);
	open_stream(&t, 2);
	advance(&t, 30 * NS_PER_S);
	*ret = get_info(&t, 2);
	sync_net(&t);
	strbuf_add(lines, t.lines.buf, t.lines.len);
	bench_release(&t);
}

static void test_one_seed_one_course(void **state)
{
	CLEANUP_STRBUF struct strbuf l1 = { 0 }, l2 = { 0 }, l3 = { 0 };
	struct info a, b, c;
	(void)state;
	run_for(7, &a, &l1);
	run_for(7, &b, &l2);
	run_for(8, &c, &l3);
	assert_true(id32_eq(&a.tip, &b.tip));
	assert_string_equal(strbuf_str(&l1), strbuf_str(&l2));
	assert_false(id32_eq(&a.tip, &c.tip));
}

static void make_tx(const char *text, struct strbuf *json, struct id32 *ret_hash)
{
	static const uint8_t seed[32] = { 5 };
	static const struct id32 zero;
	struct tx_key key;
	struct jw w;
	struct tx *tx = tx_new();
	tx_key_from_seed(seed, &key);
	assert_int_equal(tx_add_inscribe(tx, &key.pk, &zero, &key.pk, text, strlen(text), NULL), 0);
	tx_seal(tx);
	tx_sign_op(tx, 0, &key);
	*ret_hash = tx->hash;
	jw_init(&w, json, 0);
	tx_to_json(tx, false, &w);
	tx_free(tx);
}

/* How often a text occurs in the blocks of a node's chain, tip to genesis. */
static unsigned count_on_chain(struct bench *t, unsigned node, const char *text)
{
	struct id32 id = get_info(t, node).tip;
	uint64_t slot = 1;
	unsigned n = 0;
	while (slot > 0) {
		CLEANUP_STRBUF struct strbuf body = { 0 };
		char path[160], hex[ID32_HEX];
		snprintf(path, sizeof(path), "/cryptarchia/blocks/%s", id32_hex(&id, hex));
		assert_int_equal(call(t, node, NET_GET, path, NULL, &body), 200);
		for (const char *p = strbuf_str(&body); (p = strstr(p, text)); p++)
			n++;
		CLEANUP_JSON cJSON *block = json_parse(strbuf_str(&body), body.len, NULL, NULL);
		const cJSON *header = json_get(block, "header");
		assert_true(json_get_id32(header, "parent_block", &id));
		assert_true(json_get_u64(header, "slot", &slot));
	}
	return n;
}

static void test_transactions_are_included_once(void **state)
{
	struct bench t;
	CLEANUP_STRBUF struct strbuf body = { 0 }, json = { 0 };
	struct id32 hash;
	char hex[ID32_HEX];
	(void)state;
	bench_init(&t, &backend_fake, 3);
	assert_int_equal(bench_up(&t), 0);
	advance(&t, NS_PER_S);
	make_tx("hello", &json, &hash);
	id32_hex(&hash, hex);
	assert_int_equal(call(&t, 0, NET_POST, "/mempool/add/tx", strbuf_str(&json), &body), 200);
	assert_string_equal(strbuf_str(&body), "null");
	CLEANUP_FREE char *ask = xasprintf("[\"%s\"]", hex);
	assert_int_equal(call(&t, 1, NET_POST, "/mantle/status", ask, &body), 200);
	assert_string_equal(strbuf_str(&body), "[\"Pending\"]");
	advance(&t, 10 * NS_PER_S);
	assert_int_equal(call(&t, 1, NET_POST, "/mantle/status", ask, &body), 200);
	assert_string_equal(strbuf_str(&body), "[\"Unknown\"]");
	/* the same again is accepted, and forgotten */
	assert_int_equal(call(&t, 0, NET_POST, "/mempool/add/tx", strbuf_str(&json), &body), 200);
	assert_int_equal(call(&t, 0, NET_GET, "/mempool/view", NULL, &body), 200);
	assert_string_equal(strbuf_str(&body), "[]");
	assert_int_equal(call(&t, 0, NET_POST, "/mempool/add/tx", "{}", &body), 422);
	assert_int_equal(call(&t, 0, NET_POST, "/mempool/add/tx", "no", &body), 400);
	assert_int_equal(call(&t, 0, NET_GET, "/nothing", NULL, &body), 404);
	CLEANUP_FREE char *quoted = xasprintf("\"hash\":\"%s\"", hex);
	for (unsigned i = 0; i < N_NODES; i++)
		assert_int_equal(count_on_chain(&t, i, quoted), 1);
	bench_release(&t);
}

static void test_scripted_answers(void **state)
{
	static const struct {
		const char *option, *value;
		unsigned node;
		int status;
	} cases[] = {
		{ "errors", "1", 1, 500 },
		{ "errors", "*:5", 2, 500 },
		{ "errors", "1", 0, 200 },
		{ "hang", "2:3", 2, 0 },
		{ "hang", "2:3", 1, 200 },
		{ "die_at", "0:4s", 0, 0 },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct bench t;
		CLEANUP_STRBUF struct strbuf body = { 0 };
		bench_init(&t, &backend_fake, 1);
		set_option(&t, cases[i].option, cases[i].value);
		assert_int_equal(bench_up(&t), 0);
		advance(&t, 20 * NS_PER_S);
		assert_int_equal(call(&t, cases[i].node, NET_GET, "/cryptarchia/info", NULL, &body),
			cases[i].status);
		bench_release(&t);
	}
}

static void test_scripted_chains(void **state)
{
	struct bench t;
	struct info a, b;
	(void)state;

	bench_init(&t, &backend_fake, 1);
	set_option(&t, "stall_at", "1:10");
	assert_int_equal(bench_up(&t), 0);
	advance(&t, 60 * NS_PER_S);
	assert_int_equal(get_info(&t, 1).height, 10);
	assert_in_range(get_info(&t, 0).height, 20, 119);
	bench_release(&t);

	bench_init(&t, &backend_fake, 1);
	set_option(&t, "fork_at", "2:10");
	assert_int_equal(bench_up(&t), 0);
	advance(&t, 60 * NS_PER_S);
	a = get_info(&t, 0);
	b = get_info(&t, 2);
	CLEANUP_STRBUF struct strbuf body = { 0 };
	char path[160], hex[ID32_HEX];
	snprintf(path, sizeof(path), "/cryptarchia/blocks/%s", id32_hex(&b.lib, hex));
	assert_true(b.height > 13);
	assert_false(id32_eq(&a.lib, &b.lib));
	assert_int_equal(call(&t, 0, NET_GET, path, NULL, &body), 404); /* it is nobody else's */
	bench_release(&t);

	bench_init(&t, &backend_fake, 1);
	set_option(&t, "lose_supply", "5");
	assert_int_equal(bench_up(&t), 0);
	call(&t, 0, NET_GET, "/ltb/supply", NULL, &body);
	assert_string_equal(strbuf_str(&body), "{\"supply\":1000,\"genesis_supply\":1000}");
	advance(&t, 30 * NS_PER_S);
	call(&t, 0, NET_GET, "/ltb/supply", NULL, &body);
	assert_string_equal(strbuf_str(&body), "{\"supply\":999,\"genesis_supply\":1000}");
	bench_release(&t);
}

static int op(struct bench *t, enum node_op what, unsigned node)
{
	err_clear(&t->err);
	return t->b.ops->node_op(&t->b, what, node, &t->err);
}

static void test_node_ops(void **state)
{
	struct bench t;
	CLEANUP_STRBUF struct strbuf body = { 0 };
	(void)state;
	bench_init(&t, &backend_fake, 1);
	assert_int_equal(bench_up(&t), 0);
	open_stream(&t, 1);
	advance(&t, 10 * NS_PER_S);
	assert_int_equal(op(&t, NODE_OP_KILL, 1), 0);
	assert_int_equal(t.states[1], NODE_STOPPED);
	assert_true(t.expected[1]);
	assert_int_equal(call(&t, 1, NET_GET, "/cryptarchia/info", NULL, &body), 0);
	sync_net(&t);
	assert_true(t.stream_done);
	assert_int_equal(op(&t, NODE_OP_PAUSE, 1), -1);
	advance(&t, 10 * NS_PER_S);
	assert_int_equal(op(&t, NODE_OP_START, 1), 0);
	assert_int_equal(op(&t, NODE_OP_START, 1), -1);
	/* it has caught up at once */
	assert_in_range(get_info(&t, 1).height, get_info(&t, 0).height - 1, get_info(&t, 0).height);

	assert_int_equal(op(&t, NODE_OP_PAUSE, 2), 0);
	assert_int_equal(t.states[2], NODE_PAUSED);
	assert_int_equal(call(&t, 2, NET_GET, "/cryptarchia/info", NULL, &body), 0);
	assert_int_equal(t.err.code, ERR_TIMEOUT);
	assert_int_equal(op(&t, NODE_OP_RESUME, 2), 0);
	get_info(&t, 2);

	assert_int_equal(op(&t, NODE_OP_ADD, 7), -1);
	assert_int_equal(op(&t, NODE_OP_ADD, N_NODES), 0);
	assert_in_range(get_info(&t, N_NODES).height, 5, 100);
	assert_int_equal(op(&t, NODE_OP_REMOVE, N_NODES), 0);
	assert_int_equal(t.states[N_NODES], NODE_REMOVED);
	assert_int_equal(op(&t, NODE_OP_START, N_NODES), -1);
	assert_int_equal(op(&t, NODE_OP_KILL, 99), -1);
	bench_release(&t);
	assert_int_equal(t.states[0], NODE_STOPPED);
}

/* --- links ----------------------------------------------------------------------------- */

static void set_link(struct bench *t, unsigned from, unsigned to, struct link_rule rule)
{
	err_clear(&t->err);
	if (t->b.ops->link(&t->b, from, to, &rule, &t->err) < 0)
		fail_msg("link: %s", t->err.text);
}

static void set_both(struct bench *t, unsigned a, unsigned b, struct link_rule rule)
{
	set_link(t, a, b, rule);
	set_link(t, b, a, rule);
}

static const struct link_rule cut = { .cut = true }, as_it_was = { 0 };

static uint64_t peers_of(struct bench *t, unsigned node)
{
	uint64_t n = 0;
	CLEANUP_JSON cJSON *j = get(t, node, "/network/info");
	assert_true(json_get_u64(j, "n_peers", &n));
	return n;
}

/* Two nodes that are cut off each other agree through the third; a lone one goes its own way. */
static void test_cut_links(void **state)
{
	struct bench t;
	(void)state;
	bench_init(&t, &backend_fake, 1);
	assert_int_equal(bench_up(&t), 0);
	advance(&t, 5 * NS_PER_S);
	set_both(&t, 0, 1, cut);
	assert_int_equal(peers_of(&t, 0), 1);
	assert_int_equal(peers_of(&t, 2), 2);
	uint64_t before = get_info(&t, 0).height;
	advance(&t, 30 * NS_PER_S);
	struct info a = get_info(&t, 0), b = get_info(&t, 1);
	assert_in_range(a.height, before + 10, before + 200);
	assert_in_range(b.height, a.height - 2, a.height + 2);

	set_both(&t, 1, 2, cut);
	advance(&t, 30 * NS_PER_S);
	a = get_info(&t, 0);
	b = get_info(&t, 1);
	assert_memory_not_equal(&a.lib, &b.lib, sizeof(a.lib));
	assert_true(a.height > b.height + 5);

	set_both(&t, 0, 1, as_it_was);
	set_both(&t, 1, 2, as_it_was);
	/* it has caught up at once */
	a = get_info(&t, 0);
	b = get_info(&t, 1);
	assert_memory_equal(&a.tip, &b.tip, sizeof(a.tip));
	advance(&t, 10 * NS_PER_S);
	assert_in_range(
		get_info(&t, 1).height, get_info(&t, 0).height - 1, get_info(&t, 0).height + 1);
	assert_int_equal(peers_of(&t, 1), 2);
	const struct link_rule rule = { 0 };
	assert_int_equal(t.b.ops->link(&t.b, 0, 7, &rule, &t.err), -1);
	assert_int_equal(t.b.ops->link(&t.b, 1, 1, &rule, &t.err), -1);
	bench_release(&t);
}

static void shaped_course(uint64_t seed, struct info *ret)
{
	struct bench t;
	bench_init(&t, &backend_fake, seed);
	assert_int_equal(bench_up(&t), 0);
	const struct link_rule bad = { .delay_ns = 2 * SLOT_NS, .jitter_ns = SLOT_NS, .loss = 0.5 };
	for (unsigned i = 0; i < N_NODES; i++)
		for (unsigned j = 0; j < N_NODES; j++)
			if (i != j)
				set_link(&t, i, j, bad);
	advance(&t, 30 * NS_PER_S);
	for (unsigned i = 0; i < N_NODES; i++)
		ret[i] = get_info(&t, i);
	bench_release(&t);
}

/* Bad links cost blocks, and cost the same ones each time. */
static void test_bad_links(void **state)
{
	struct info first[N_NODES], again[N_NODES];
	struct bench t;
	(void)state;
	shaped_course(1, first);
	shaped_course(1, again);
	assert_memory_equal(first, again, sizeof(first));
	bench_init(&t, &backend_fake, 1);
	assert_int_equal(bench_up(&t), 0);
	advance(&t, 30 * NS_PER_S);
	assert_true(get_info(&t, 0).height > first[0].height);
	bench_release(&t);
}

static void test_transactions_take_links(void **state)
{
	struct bench t;
	struct id32 hash;
	CLEANUP_STRBUF struct strbuf json = { 0 };
	CLEANUP_STRBUF struct strbuf body = { 0 };
	(void)state;
	bench_init(&t, &backend_fake, 1);
	assert_int_equal(bench_up(&t), 0);
	set_both(&t, 0, 1, cut);
	make_tx("around", &json, &hash);
	char text[ID32_HEX];
	CLEANUP_FREE char *ask = xasprintf("[\"%s\"]", id32_hex(&hash, text));
	assert_int_equal(call(&t, 0, NET_POST, "/mempool/add/tx", strbuf_str(&json), &body), 200);
	assert_int_equal(call(&t, 1, NET_POST, "/mantle/status", ask, &body), 200);
	assert_string_equal(strbuf_str(&body), "[\"Pending\"]");

	set_both(&t, 0, 2, cut);
	strbuf_clear(&json);
	make_tx("nowhere", &json, &hash);
	assert_int_equal(call(&t, 0, NET_POST, "/mempool/add/tx", strbuf_str(&json), &body), 200);
	free(ask);
	ask = xasprintf("[\"%s\"]", id32_hex(&hash, text));
	assert_int_equal(call(&t, 1, NET_POST, "/mantle/status", ask, &body), 200);
	assert_string_equal(strbuf_str(&body), "[\"Unknown\"]");
	bench_release(&t);
}

static void test_failures_to_start(void **state)
{
	static const char *const bad_targets[] = { "x", "1:", "1:abc", "5000:3", "" };
	struct bench t;
	(void)state;
	bench_init(&t, &backend_fake, 1);
	set_option(&t, "up_fails", "true");
	assert_int_equal(bench_up(&t), -1);
	assert_int_equal(t.err.code, ERR_ENV);
	assert_int_equal(t.states[0], NODE_DEAD);
	bench_release(&t);
	for (size_t i = 0; i < ARRAY_LEN(bad_targets); i++) {
		bench_init(&t, &backend_fake, 1);
		set_option(&t, "stall_at", bad_targets[i]);
		assert_int_equal(bench_up(&t), -1);
		assert_int_equal(t.err.code, ERR_USAGE);
		assert_non_null(strstr(t.err.text, "stall_at"));
		bench_release(&t);
	}
}

static void test_skeleton(void **state)
{
	struct bench t;
	struct backend_probe probe;
	char caps[64];
	(void)state;
	bench_init(&t, &backend_skeleton, 1);
	backend_skeleton.probe(NULL, &probe);
	assert_true(probe.usable);
	assert_null(backend_skeleton.handler(&t.b));
	assert_int_equal(backend_skeleton.prepare(&t.b, &t.err), 0);
	assert_int_equal(backend_skeleton.up(&t.b, &t.err), 0);
	for (unsigned i = 0; i < N_NODES; i++)
		assert_int_equal(t.states[i], NODE_UP);
	assert_int_equal(op(&t, NODE_OP_KILL, 0), -1);
	assert_int_equal(t.err.code, ERR_UNSUPPORTED);
	assert_string_equal(backend_caps_text(backend_skeleton.caps, caps, sizeof(caps)), "");
	assert_int_equal(backend_skeleton.collect(&t.b, &t.err), 0);
	bench_release(&t);
	assert_int_equal(t.states[N_NODES - 1], NODE_STOPPED);

	bench_init(&t, &backend_skeleton, 1);
	set_option(&t, "first_port", "65534");
	assert_int_equal(backend_skeleton.prepare(&t.b, &t.err), -1);
	assert_int_equal(t.err.code, ERR_USAGE);
	bench_release(&t);
	for (const struct backend_ops *const *b = backends_all; *b; b++)
		assert_string_not_equal((*b)->name, "skeleton");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks_are_made_and_agreed_on),
		cmocka_unit_test(test_one_seed_one_course),
		cmocka_unit_test(test_transactions_are_included_once),
		cmocka_unit_test(test_scripted_answers),
		cmocka_unit_test(test_scripted_chains),
		cmocka_unit_test(test_node_ops),
		cmocka_unit_test(test_cut_links),
		cmocka_unit_test(test_bad_links),
		cmocka_unit_test(test_transactions_take_links),
		cmocka_unit_test(test_failures_to_start),
		cmocka_unit_test(test_skeleton),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
