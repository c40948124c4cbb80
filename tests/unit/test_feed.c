/*
 * The feed against scripted nodes on a virtual clock: what it tells, in which
 * order, when nodes fork, skip, hang, lie or go away.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "core/feed_priv.h"
#include "util/mem.h"
#include "util/strbuf.h"

#define NODES  3
#define BLOCKS 512

/* --- scripted nodes ------------------------------------------------------------------- */

struct sblock {
	char branch;
	unsigned n;
	int parent;
};

struct snode {
	int tip;
	bool has[BLOCKS];
	uint64_t stream; /* open stream, or 0 */
	bool no_stream, no_blocks, broken, garbage, hangs;
	unsigned supply_requests, stream_requests;
	void *copy_of;
};

struct sim {
	struct clock *clock;
	struct net *net;
	struct hub *hub;
	struct feed *feed;
	struct sblock blocks[BLOCKS];
	int n_blocks;
	struct snode nodes[NODES]; /* net thread, or before it starts */

	/* hub thread until hub_flush() */
	struct strbuf told;
	unsigned good[NODES], bad[NODES], lost;
	char error[NODES][200];
};

/* Blocks are called by branch and height: a0, a1, b2. */
static struct id32 sim_id(const struct sblock *b)
{
	struct id32 id = { { 0 } };
	id.b[0] = (uint8_t)b->branch;
	id.b[1] = (uint8_t)b->n;
	id.b[2] = (uint8_t)(b->n >> 8);
	return id;
}

static const char *name_of(const struct id32 *id, char buf[16])
{
	snprintf(buf, 16, "%c%u", id->b[0], id->b[1] + 256u * id->b[2]);
	return buf;
}

static int sim_find(const struct sim *s, char branch, unsigned n)
{
	for (int i = 0; i < s->n_blocks; i++) {
		if (s->blocks[i].branch == branch && s->blocks[i].n == n)
			return i;
	}
	return -1;
}

static void sim_chain(struct sim *s, char branch, unsigned from, unsigned to, int parent)
{
	for (unsigned n = from; n <= to; n++) {
		assert_true(s->n_blocks < BLOCKS);
		s->blocks[s->n_blocks] = (struct sblock){ branch, n, parent };
		parent = s->n_blocks++;
	}
}

static void put_block(const struct sim *s, int at, struct strbuf *out)
{
	char id[ID32_HEX], parent[ID32_HEX];
	const struct sblock *b = &s->blocks[at];
	struct id32 self = sim_id(b), up = { { 0 } };
	if (b->parent >= 0)
		up = sim_id(&s->blocks[b->parent]);
	strbuf_addf(out,
		"{\"header\":{\"id\":\"%s\",\"parent_block\":\"%s\",\"slot\":%u},\"transactions\":["
		"{\"mantle_tx\":{\"hash\":\"%s\",\"ops\":[]},\"ops_proofs\":[]}]}",
		id32_hex(&self, id), id32_hex(&up, parent), b->n, id);
}

static void put_info(const struct sim *s, const struct snode *n, struct strbuf *out)
{
	char tip[ID32_HEX], lib[ID32_HEX];
	struct id32 t = sim_id(&s->blocks[n->tip]), l = sim_id(&s->blocks[0]);
	strbuf_addf(out,
		"{\"cryptarchia_info\":{\"tip\":\"%s\",\"lib\":\"%s\",\"slot\":%u,\"lib_slot\":0,"
		"\"height\":%u},\"mode\":{\"Started\":\"Online\"}}",
		id32_hex(&t, tip), id32_hex(&l, lib), s->blocks[n->tip].n, s->blocks[n->tip].n);
}

static void put_headers(const struct sim *s, const struct snode *n, struct strbuf *out)
{
	char hex[ID32_HEX];
	strbuf_addc(out, '[');
	for (int at = n->tip, i = 0; at >= 0 && i < 8; at = s->blocks[at].parent, i++) {
		struct id32 id = sim_id(&s->blocks[at]);
		strbuf_addf(out, "%s\"%s\"", i ? "," : "", id32_hex(&id, hex));
	}
	strbuf_addc(out, ']');
}

static int requested_block(const struct sim *s, const char *hex)
{
	struct id32 id;
	if (!id32_parse(hex, &id))
		return -1;
	return sim_find(s, (char)id.b[0], id.b[1] + 256u * id.b[2]);
}

static void sim_request(void *arg, uint64_t id, enum net_method m, const char *url,
	const char *body, size_t len, int is_stream)
{
	struct sim *s = arg;
	struct snode *n = &s->nodes[url[1] - '0'];
	const char *path = url + 2, *block = "/cryptarchia/blocks/";
	CLEANUP_STRBUF struct strbuf out = { 0 };
	int status = 200;
	(void)m;
	(void)body;
	(void)len;
	n->stream_requests += is_stream != 0;
	n->supply_requests += strcmp(path, "/ltb/supply") == 0;
	if (n->hangs)
		return;
	if (n->broken) {
		net_reply(s->net, id, 500, "no disk", 7);
		return;
	}
	if (is_stream && !n->no_stream) {
		n->stream = id;
		return;
	}
	if (strcmp(path, "/cryptarchia/info") == 0) {
		if (n->garbage)
			strbuf_adds(&out, "<html>hello</html>");
		else
			put_info(s, n, &out);
	} else if (strcmp(path, "/cryptarchia/headers") == 0) {
		put_headers(s, n, &out);
	} else if (strncmp(path, block, strlen(block)) == 0) {
		int at = requested_block(s, path + strlen(block));
		if (n->no_blocks)
			status = 500;
		else if (at >= 0 && n->has[at])
			put_block(s, at, &out);
		else
			status = 404;
	} else if (strcmp(path, "/network/info") == 0) {
		strbuf_adds(&out, "{\"n_peers\":2}");
	} else if (strcmp(path, "/mantle/metrics") == 0) {
		strbuf_adds(&out, "{\"pending_items\":5}");
	} else {
		status = 404;
	}
	net_reply(s->net, id, status, strbuf_str(&out), out.len);
}

static void sim_cancelled(void *arg, uint64_t id)
{
	struct sim *s = arg;
	for (size_t i = 0; i < NODES; i++) {
		if (s->nodes[i].stream == id)
			s->nodes[i].stream = 0;
	}
}

/* --- script steps: run on the net thread ---------------------------------------------------- */

struct step {
	struct sim *sim;
	unsigned node;
	int block;
	const char *line; /* raw stream line */
	bool silent;      /* the stream does not tell */
};

static void take_block(struct sim *s, struct snode *n, int at)
{
	n->tip = at;
	for (; at >= 0; at = s->blocks[at].parent)
		n->has[at] = true;
}

static void step_block(void *arg)
{
	const struct step *st = arg;
	struct sim *s = st->sim;
	struct snode *n = &s->nodes[st->node];
	CLEANUP_STRBUF struct strbuf line = { 0 };
	char hex[ID32_HEX];
	struct id32 tip = sim_id(&s->blocks[st->block]), lib = sim_id(&s->blocks[0]);
	take_block(s, n, st->block);
	if (!n->stream || st->silent)
		return;
	strbuf_adds(&line, "{\"block\":");
	put_block(s, st->block, &line);
	strbuf_addf(&line, ",\"tip\":\"%s\"", id32_hex(&tip, hex));
	strbuf_addf(&line, ",\"lib\":\"%s\"}", id32_hex(&lib, hex));
	net_stream_line(s->net, n->stream, line.buf, line.len);
}

static void step_line(void *arg)
{
	const struct step *st = arg;
	struct snode *n = &st->sim->nodes[st->node];
	net_stream_line(st->sim->net, n->stream, st->line, strlen(st->line));
}

static void step_end_stream(void *arg)
{
	const struct step *st = arg;
	struct snode *n = &st->sim->nodes[st->node];
	uint64_t id = n->stream;
	n->stream = 0;
	net_fail(st->sim->net, id, ERR_PROTOCOL, "transfer closed with outstanding read data");
}

static void step_break(void *arg)
{
	const struct step *st = arg;
	st->sim->nodes[st->node].broken = true;
}

static void step_mend(void *arg)
{
	const struct step *st = arg;
	st->sim->nodes[st->node].no_blocks = false;
}

static void step_copy(void *arg)
{
	struct snode *ret = arg;
	*ret = *(struct snode *)ret->copy_of;
}

/* A node's state as it is now, taken where it is owned. */
static struct snode node_now(struct sim *s, unsigned node)
{
	struct snode copy = { .copy_of = &s->nodes[node] };
	net_run(s->net, step_copy, &copy);
	return copy;
}

static void give(struct sim *s, unsigned node, char branch, unsigned n, bool silent)
{
	struct step st = {
		.sim = s, .node = node, .block = sim_find(s, branch, n), .silent = silent
	};
	assert_true(st.block >= 0);
	net_run(s->net, step_block, &st);
}

static void sim_wait(struct sim *s, uint64_t ms)
{
	clock_wait(s->clock, NULL, NULL, clock_now(s->clock) + ms * NS_PER_MS);
}

/* --- what is told ------------------------------------------------------------------------------
 */

/* a1(0)h1: block a1 first at node 0, height 1; a1+2: node 2 has it; R0:a2>b3/1: reorg. */
static void on_event(const struct event *ev, const struct model *m, void *arg)
{
	struct sim *s = arg;
	char a[16], b[16];
	(void)m;
	switch (ev->kind) {
	case EVENT_BLOCK:
		strbuf_addf(&s->told, "%s(%d)", name_of(&ev->u.block.id, a), ev->node);
		if (ev->u.block.has_height)
			strbuf_addf(&s->told, "h%u", (unsigned)ev->u.block.height);
		strbuf_addc(&s->told, ' ');
		break;
	case EVENT_BLOCK_SEEN:
		strbuf_addf(&s->told, "%s+%d ", name_of(&ev->u.block_seen.id, a), ev->node);
		break;
	case EVENT_REORG:
		strbuf_addf(&s->told, "R%d:%s>%s/%u ", ev->node, name_of(&ev->u.reorg.from, a),
			name_of(&ev->u.reorg.to, b), (unsigned)ev->u.reorg.depth);
		break;
	case EVENT_NODE_SAMPLE:
		if (ev->u.sample.ok) {
			s->good[ev->node]++;
			assert_int_equal(ev->u.sample.peers, 2);
			assert_int_equal(ev->u.sample.mempool, 5);
		} else {
			s->bad[ev->node]++;
			snprintf(s->error[ev->node], sizeof(s->error[0]), "%s", ev->u.sample.error);
		}
		break;
	case EVENT_LOST:
		s->lost += (unsigned)ev->u.lost.count;
		break;
	default:
		break;
	}
}

static void sim_open(struct sim *s)
{
	struct err err = { 0 };
	const struct net_handler handler = { s, sim_request, sim_cancelled };
	memset(s, 0, sizeof(*s));
	s->clock = clock_new_virtual(NS_PER_S, 0);
	clock_join(s->clock);
	const struct hub_options ho = { .clock = s->clock, .t0_ns = NS_PER_S };
	s->hub = hub_start(&ho, &err);
	assert_non_null(s->hub);
	hub_add_sink(s->hub, on_event, s);
	s->net = net_start(s->clock, &handler, &err);
	assert_non_null(s->net);
	const struct feed_options fo = {
		.net = s->net,
		.hub = s->hub,
		.clock = s->clock,
		.block_interval_ns = NS_PER_S,
		.sample_ns = 400 * NS_PER_MS,
	};
	s->feed = feed_new(&fo);
	sim_chain(s, 'a', 0, 0, -1);
	for (size_t i = 0; i < NODES; i++)
		take_block(s, &s->nodes[i], 0);
}

static void sim_endpoint(struct sim *s, unsigned node, bool up)
{
	char base[8];
	snprintf(base, sizeof(base), "n%u", node);
	feed_set_endpoint(s->feed, node, up ? base : NULL);
}

/* What was told since the last call. */
static void assert_told(struct sim *s, const char *expected)
{
	hub_flush(s->hub);
	assert_string_equal(strbuf_str(&s->told), expected);
	strbuf_clear(&s->told);
}

static void sim_close(struct sim *s)
{
	feed_free(s->feed);
	clock_leave(s->clock);
	net_stop(s->net);
	net_free(s->net);
	hub_stop(s->hub);
	hub_free(s->hub);
	clock_free(s->clock);
	strbuf_release(&s->told);
}

/* --- tests ---------------------------------------------------------------------------------------
 */

static void test_follows_two_nodes(void **state)
{
	static struct sim s;
	(void)state;
	sim_open(&s);
	sim_chain(&s, 'a', 1, 3, 0);
	sim_endpoint(&s, 0, true);
	sim_endpoint(&s, 1, true);
	sim_wait(&s, 10);
	assert_told(&s, "a0(0)h0 a0+1 ");
	give(&s, 0, 'a', 1, false);
	give(&s, 1, 'a', 1, false);
	give(&s, 1, 'a', 2, false);
	give(&s, 0, 'a', 2, false);
	give(&s, 0, 'a', 2, false);
	assert_told(&s, "a1(0)h1 a1+1 a2(1)h2 a2+0 ");
	sim_wait(&s, 4000);
	assert_told(&s, "");
	assert_in_range(s.good[0], 9, 12);
	assert_in_range(s.good[1], 9, 12);
	assert_int_equal(s.bad[0] + s.bad[1], 0);
	assert_int_equal(node_now(&s, 0).supply_requests, 1); /* 404 once is 404 for good */
	assert_int_equal(node_now(&s, 0).stream_requests, 1);
	sim_close(&s);
}

static void test_history_comes_oldest_first(void **state)
{
	static struct sim s;
	(void)state;
	sim_open(&s);
	sim_chain(&s, 'a', 1, 4, 0);
	take_block(&s, &s.nodes[0], 4);
	sim_endpoint(&s, 0, true);
	sim_wait(&s, 10);
	assert_told(&s, "a0(0)h0 a1(0)h1 a2(0)h2 a3(0)h3 a4(0)h4 ");
	/* a node that comes later has what it stands on */
	take_block(&s, &s.nodes[1], 2);
	sim_endpoint(&s, 1, true);
	sim_wait(&s, 10);
	assert_told(&s, "a2+1 a0+1 a1+1 ");
	sim_close(&s);
}

static void test_history_is_bounded(void **state)
{
	static struct sim s;
	(void)state;
	sim_open(&s);
	sim_chain(&s, 'a', 1, 400, 0);
	take_block(&s, &s.nodes[0], 400);
	sim_endpoint(&s, 0, true);
	sim_wait(&s, 10);
	hub_flush(s.hub);
	assert_int_equal(strncmp(s.told.buf, "a201(0)h201 a202(0)h202 ", 24), 0);
	assert_non_null(strstr(s.told.buf, " a400(0)h400 "));
	sim_close(&s);
}

static void test_gap_is_repaired_from_another_node(void **state)
{
	static struct sim s;
	(void)state;
	sim_open(&s);
	sim_chain(&s, 'a', 1, 4, 0);
	s.nodes[0].no_blocks = true;
	take_block(&s, &s.nodes[1], 3);
	sim_endpoint(&s, 1, true);
	sim_wait(&s, 10);
	assert_told(&s, "a0(1)h0 a1(1)h1 a2(1)h2 a3(1)h3 ");
	sim_endpoint(&s, 0, true);
	sim_wait(&s, 1);
	give(&s, 0, 'a', 4, false);
	sim_wait(&s, 10);
	assert_told(&s, "a0+0 a1+0 a2+0 a3+0 a4(0)h4 ");
	/* the node that skipped has no blocks to give; the other one has */
	sim_chain(&s, 'c', 5, 7, 4);
	give(&s, 1, 'c', 6, true);
	give(&s, 0, 'c', 7, false);
	sim_wait(&s, 10);
	hub_flush(s.hub);
	assert_string_equal(s.told.buf, "a4+1 c5(1)h5 c5+0 c6(1)h6 c6+0 c7(0)h7 ");
	sim_close(&s);
}

static void test_reorg(void **state)
{
	static struct sim s;
	(void)state;
	sim_open(&s);
	sim_chain(&s, 'a', 1, 3, 0);
	sim_chain(&s, 'b', 2, 4, 1);
	sim_endpoint(&s, 0, true);
	sim_wait(&s, 10);
	give(&s, 0, 'a', 1, false);
	give(&s, 0, 'a', 2, false);
	give(&s, 0, 'a', 3, false);
	sim_wait(&s, 1);
	assert_told(&s, "a0(0)h0 a1(0)h1 a2(0)h2 a3(0)h3 ");
	give(&s, 0, 'b', 4, false); /* b2, b3 were never streamed */
	sim_wait(&s, 10);
	assert_told(&s, "b2(0)h2 b3(0)h3 b4(0)h4 R0:a3>b4/2 ");
	sim_wait(&s, 3000);
	assert_told(&s, "");
	sim_close(&s);
}

static void test_stream_that_ends_is_opened_again(void **state)
{
	static struct sim s;
	(void)state;
	sim_open(&s);
	sim_chain(&s, 'a', 1, 4, 0);
	sim_endpoint(&s, 0, true);
	sim_wait(&s, 10);
	give(&s, 0, 'a', 1, false);
	struct step st = { .sim = &s, .node = 0 };
	net_run(s.net, step_end_stream, &st);
	give(&s, 0, 'a', 3, false);
	sim_wait(&s, 1000);
	assert_told(&s, "a0(0)h0 a1(0)h1 a2(0)h2 a3(0)h3 ");
	assert_int_equal(node_now(&s, 0).stream_requests, 2);
	give(&s, 0, 'a', 4, false);
	assert_told(&s, "a4(0)h4 ");
	sim_close(&s);
}

static void test_silent_stream_is_opened_again(void **state)
{
	static struct sim s;
	(void)state;
	sim_open(&s);
	sim_endpoint(&s, 0, true);
	sim_wait(&s, 50000); /* the watchdog takes 20 s at 1 s a block */
	hub_flush(s.hub);
	assert_in_range(node_now(&s, 0).stream_requests, 3, 4);
	assert_int_equal(s.bad[0], 0);
	sim_close(&s);
}

static void test_polling_where_there_is_no_stream(void **state)
{
	static struct sim s;
	(void)state;
	sim_open(&s);
	sim_chain(&s, 'a', 1, 6, 0);
	sim_chain(&s, 'b', 6, 7, 5);
	s.nodes[0].no_stream = true;
	sim_endpoint(&s, 0, true);
	sim_endpoint(&s, 1, true);
	sim_wait(&s, 10);
	assert_told(&s, "a0(0)h0 a0+1 ");
	give(&s, 0, 'a', 3, false);
	sim_wait(&s, 300);
	assert_told(&s, "a1(0)h1 a2(0)h2 a3(0)h3 ");
	give(&s, 1, 'a', 3, false);
	give(&s, 1, 'a', 6, false);
	sim_wait(&s, 10);
	assert_told(&s, "a3+1 a1+1 a2+1 a4(1)h4 a5(1)h5 a6(1)h6 ");
	give(&s, 0, 'b', 7, false);
	sim_wait(&s, 300);
	assert_told(&s, "a4+0 a5+0 b6(0)h6 b7(0)h7 ");
	assert_int_equal(node_now(&s, 0).stream_requests, 1);
	sim_close(&s);
}

static void test_bad_nodes(void **state)
{
	static struct sim s;
	(void)state;
	sim_open(&s);
	sim_chain(&s, 'a', 1, 2, 0);
	s.nodes[0].hangs = true;
	s.nodes[1].garbage = true;
	for (unsigned i = 0; i < NODES; i++)
		sim_endpoint(&s, i, true);
	sim_wait(&s, 4000);
	give(&s, 2, 'a', 1, false);
	sim_wait(&s, 6000);
	struct step st = { .sim = &s, .node = 2 };
	net_run(s.net, step_break, &st);
	sim_wait(&s, 1000);
	hub_flush(s.hub);
	assert_int_equal(s.good[0] + s.good[1], 0);
	assert_in_range(s.bad[0], 8, 11); /* one a second: samples never overlap */
	assert_in_range(s.bad[1], 25, 30);
	assert_in_range(s.bad[2], 2, 3);
	assert_non_null(strstr(s.error[0], "no answer within 1000 ms"));
	assert_non_null(strstr(s.error[1], "<html>hello</html>"));
	assert_non_null(strstr(s.error[2], "HTTP 500: no disk"));
	assert_non_null(strstr(s.told.buf, "a1(2)h1 "));
	sim_close(&s);
}

static void test_many_nodes_are_sampled_less_often(void **state)
{
	static const struct {
		uint64_t asked_ms, interval_ms;
		size_t nodes;
		uint64_t every_ms;
	} cases[] = {
		{ 0, 0, 1, 500 },
		{ 0, 10000, 1, 500 },
		{ 0, 600, 3, 300 },
		{ 0, 20, 1, 50 },
		{ 0, 600, 40, 1600 },
		{ 0, 600, FEED_MAX_NODES, 2000 },
		{ 70, 600, 50, 70 },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct feed f = { 0 };
		f.opt.sample_ns = cases[i].asked_ms * NS_PER_MS;
		f.opt.block_interval_ns = cases[i].interval_ms * NS_PER_MS;
		f.nodes.len = cases[i].nodes;
		assert_int_equal(feed_sample_ns(&f), cases[i].every_ms * NS_PER_MS);
	}
}

static void test_garbage_in_a_stream(void **state)
{
	static struct sim s;
	(void)state;
	sim_open(&s);
	sim_chain(&s, 'a', 1, 1, 0);
	sim_endpoint(&s, 0, true);
	sim_wait(&s, 10);
	struct step st = { .sim = &s, .node = 0, .line = "{\"block\":\"none\"}" };
	net_run(s.net, step_line, &st);
	sim_wait(&s, 200);
	hub_flush(s.hub);
	assert_int_equal(s.bad[0], 1);
	assert_non_null(strstr(s.error[0], "{\"block\":\"none\"}"));
	assert_int_equal(node_now(&s, 0).stream_requests, 2);
	give(&s, 0, 'a', 1, false);
	assert_told(&s, "a0(0)h0 a1(0)h1 ");
	sim_close(&s);
}

static void test_block_without_its_parent_is_told_in_time(void **state)
{
	static struct sim s;
	(void)state;
	sim_open(&s);
	sim_chain(&s, 'a', 1, 2, 0);
	sim_chain(&s, 'b', 3, 4, 2);
	s.nodes[0].no_blocks = true;
	sim_endpoint(&s, 0, true);
	sim_wait(&s, 10);
	assert_told(&s, "");
	give(&s, 0, 'b', 4, false);
	sim_wait(&s, 1);
	assert_told(&s, "");
	sim_wait(&s, 1100);
	assert_told(&s, "b4(0)h4 ");
	/* the node comes back with its blocks: what was lost is fetched */
	sim_endpoint(&s, 0, false);
	sim_wait(&s, 1000);
	struct step st = { .sim = &s, .node = 0 };
	net_run(s.net, step_mend, &st);
	sim_endpoint(&s, 0, true);
	sim_wait(&s, 10);
	assert_told(&s, "a0(0)h0 a1(0)h1 a2(0)h2 b3(0)h3 ");
	sim_close(&s);
}

static void test_subscribers(void **state)
{
	static struct sim s;
	struct mailbox *roomy = mailbox_new(1024), *tight = mailbox_new(1);
	(void)state;
	sim_open(&s);
	sim_chain(&s, 'a', 1, 3, 0);
	feed_subscribe(s.feed, roomy);
	feed_subscribe(s.feed, tight);
	sim_endpoint(&s, 0, true);
	sim_wait(&s, 10);
	give(&s, 0, 'a', 2, false);
	sim_wait(&s, 10);
	feed_unsubscribe(s.feed, roomy);
	feed_unsubscribe(s.feed, tight);
	give(&s, 0, 'a', 3, false);
	sim_wait(&s, 10);
	for (unsigned n = 0; n <= 2; n++) {
		struct feed_block *b = mailbox_pop(roomy);
		assert_non_null(b);
		assert_int_equal(b->height, n);
		assert_int_equal(b->n_txs, 1);
		assert_true(id32_eq(&b->txs[0], &b->id));
		feed_block_unref(b);
	}
	assert_null(mailbox_pop(roomy));
	feed_block_unref(mailbox_pop(tight));
	assert_null(mailbox_pop(tight));
	hub_flush(s.hub);
	assert_int_equal(s.lost, 2);
	sim_close(&s);
	mailbox_free(roomy, NULL);
	mailbox_free(tight, NULL);
}

static void *flapper(void *arg)
{
	struct sim *s = arg;
	for (unsigned i = 0; i < 300; i++)
		sim_endpoint(s, i % NODES, i % 5 != 0);
	return NULL;
}

static void test_endpoints_from_many_threads(void **state)
{
	static struct sim s;
	(void)state;
	for (int round = 0; round < 5; round++) {
		pthread_t threads[3];
		sim_open(&s);
		sim_chain(&s, 'a', 1, 50, 0);
		for (size_t i = 0; i < NODES; i++)
			take_block(&s, &s.nodes[i], 50);
		for (int i = 0; i < 3; i++)
			pthread_create(&threads[i], NULL, flapper, &s);
		sim_wait(&s, 500);
		for (int i = 0; i < 3; i++)
			pthread_join(threads[i], NULL);
		for (unsigned i = 0; i < NODES; i++)
			sim_endpoint(&s, i, i != 1);
		if (round % 2)
			sim_wait(&s, 500);
		sim_close(&s);
	}
}

static void test_free_after_the_net_thread_ended(void **state)
{
	static struct sim s;
	(void)state;
	sim_open(&s);
	sim_chain(&s, 'a', 1, 5, 0);
	take_block(&s, &s.nodes[0], 5);
	s.nodes[0].hangs = true;
	sim_endpoint(&s, 0, true);
	sim_wait(&s, 10);
	clock_leave(s.clock);
	net_stop(s.net);
	sim_endpoint(&s, 1, true);
	clock_join(s.clock);
	sim_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_follows_two_nodes),
		cmocka_unit_test(test_history_comes_oldest_first),
		cmocka_unit_test(test_history_is_bounded),
		cmocka_unit_test(test_gap_is_repaired_from_another_node),
		cmocka_unit_test(test_reorg),
		cmocka_unit_test(test_stream_that_ends_is_opened_again),
		cmocka_unit_test(test_silent_stream_is_opened_again),
		cmocka_unit_test(test_polling_where_there_is_no_stream),
		cmocka_unit_test(test_bad_nodes),
		cmocka_unit_test(test_many_nodes_are_sampled_less_often),
		cmocka_unit_test(test_garbage_in_a_stream),
		cmocka_unit_test(test_block_without_its_parent_is_told_in_time),
		cmocka_unit_test(test_subscribers),
		cmocka_unit_test(test_endpoints_from_many_threads),
		cmocka_unit_test(test_free_after_the_net_thread_ended),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
