/*
 * Runs of the transactions workload on a virtual clock against a small cluster
 * made here. The cluster stands in for core/net, core/feed, core/control and
 * core/hub by defining their functions; it checks every transaction as a node
 * would (signature, input known and unspent), and that none is reported twice.
 * Each test file compiles its own copy.
 */
#ifndef TESTS_TX_BENCH_H
#define TESTS_TX_BENCH_H

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/tx.h"
#include "util/json.h"
#include "util/map.h"
#include "workloads/tx_source.h"

#define N_NODES     3
#define N_WALLETS   20
#define BLOCK_NS    (500 * NS_PER_MS)
#define DRIVE_NS    (30 * NS_PER_S)
#define T0_NS       (7 * NS_PER_S)
#define MAX_REPORTS 100
#define DRIVE_FROM  (T0_NS + 3 * NS_PER_S)

enum node_kind {
	NODE_HONEST,
	NODE_IS_DOWN, /* known to be */
	NODE_REFUSES, /* connections */
	NODE_REJECTS, /* everything, with 422 */
	NODE_DROPS,   /* accepts, and forgets */
	NODE_SITS_ON, /* accepts, has it pending for ever */
};

struct pooled {
	struct tx *tx;
	unsigned node; /* the only one that has it */
	bool stuck;    /* never to be included */
};

struct cluster {
	struct clock *clock;
	struct cancel *stop;
	pthread_mutex_t lock; /* everything below */
	enum node_kind kinds[N_NODES];
	bool forks;
	unsigned sent_to[N_NODES];
	VEC(uint64_t) sent_at; /* from the start of the drive phase, in order */
	VEC(struct pooled) pool;
	struct map *notes;                  /* unspent, on the chain */
	struct map *hashes[TX_STATE_COUNT]; /* that were reported, by state */
	struct mailbox *subscriber;
	uint64_t height;
	struct id32 tip;
	unsigned by_state[TX_STATE_COUNT];
	unsigned dropped_elsewhere; /* dropped, though not accepted by a dropping node */
	char reason[256];           /* of the last rejection */
	struct workload_counts counts;
	bool ended, ended_ok;
	unsigned reports;
	double target_rates[MAX_REPORTS];
};
static struct cluster cl;

/* --- the cluster ------------------------------------------------------------------------ */

uint64_t hub_now(struct hub *h)
{
	(void)h;
	return clock_now(cl.clock) - T0_NS;
}

void hub_emit(struct hub *h, struct event *ev)
{
	(void)h;
	if (ev->kind == EVENT_TX) {
		struct map *hashes = cl.hashes[ev->u.tx.state];
		assert_null(map_get(hashes, ev->u.tx.hash.b, sizeof(ev->u.tx.hash.b)));
		map_put(hashes, ev->u.tx.hash.b, sizeof(ev->u.tx.hash.b), &cl);
		cl.by_state[ev->u.tx.state]++;
		if (ev->u.tx.state == TX_DROPPED && cl.kinds[ev->node] != NODE_DROPS)
			cl.dropped_elsewhere++;
		if (ev->u.tx.state == TX_REJECTED)
			snprintf(cl.reason, sizeof(cl.reason), "%s", ev->u.tx.reason);
	} else if (ev->kind == EVENT_WORKLOAD) {
		cl.target_rates[MIN(cl.reports, MAX_REPORTS - 1u)] =
			ev->u.workload.counts.target_rate;
		cl.reports++;
		cl.counts = ev->u.workload.counts;
		assert_false(cl.ended);
		cl.ended = ev->u.workload.end;
		cl.ended_ok = ev->u.workload.ok;
	}
	event_free(ev);
}

size_t control_n_nodes(struct control *c)
{
	(void)c;
	return N_NODES;
}

enum node_state control_node_state(struct control *c, unsigned node)
{
	(void)c;
	return cl.kinds[node] == NODE_IS_DOWN ? NODE_STOPPED : NODE_READY;
}

bool control_endpoint(struct control *c, unsigned node, char *buf, size_t size)
{
	(void)c;
	snprintf(buf, size, "http://node-%u", node);
	return cl.kinds[node] != NODE_IS_DOWN;
}

void feed_subscribe(struct feed *f, struct mailbox *mb)
{
	(void)f;
	pthread_mutex_lock(&cl.lock);
	cl.subscriber = mb;
	pthread_mutex_unlock(&cl.lock);
}

void feed_unsubscribe(struct feed *f, struct mailbox *mb)
{
	(void)f;
	(void)mb;
	feed_subscribe(f, NULL);
}

void feed_block_unref(struct feed_block *b)
{
	free(b);
}

static inline bool in_pool(unsigned node, const struct id32 *hash)
{
	for (size_t i = 0; i < cl.pool.len; i++) {
		if (cl.pool.items[i].node == node && id32_eq(&cl.pool.items[i].tx->hash, hash))
			return true;
	}
	return false;
}

static inline bool pool_spends(const struct id32 *note)
{
	for (size_t i = 0; i < cl.pool.len; i++) {
		const struct tx_op *op = &cl.pool.items[i].tx->ops[0];
		if (op->opcode == TX_OP_TRANSFER && id32_eq(&op->u.transfer.inputs[0], note))
			return true;
	}
	return false;
}

static inline int check_tx(const struct tx *tx, const char **ret_why)
{
	*ret_why = "null";
	if (tx_check_signatures(tx, NULL) != 0) {
		*ret_why = "bad signature";
		return 422;
	}
	const struct tx_op *op = &tx->ops[0];
	if (op->opcode != TX_OP_TRANSFER)
		return 200;
	const struct id32 *note = &op->u.transfer.inputs[0];
	if (!map_get(cl.notes, note->b, sizeof(note->b)) || pool_spends(note) ||
		!tx_verify_op(tx, 0, &op->u.transfer.outputs[0].pk)) {
		*ret_why = "unknown or spent input";
		return 422;
	}
	return 200;
}

static inline int submit(unsigned node, const struct net_request *req, const char **ret_body)
{
	enum node_kind kind = cl.kinds[node];
	uint64_t at_ns = clock_now(cl.clock) - DRIVE_FROM;
	cl.sent_to[node]++;
	vec_push(&cl.sent_at, at_ns);
	*ret_body = "nope";
	if (kind == NODE_REFUSES)
		return 0;
	if (kind == NODE_REJECTS)
		return 422;
	CLEANUP_JSON cJSON *j = json_parse(req->body, req->body_len, NULL, NULL);
	struct tx *tx = tx_from_json(j, NULL);
	assert_non_null(tx);
	int status = check_tx(tx, ret_body);
	if (status == 200 && kind != NODE_DROPS) {
		struct pooled p = { .tx = tx, .node = node, .stuck = kind == NODE_SITS_ON };
		vec_push(&cl.pool, p);
	} else {
		tx_free(tx);
	}
	return status;
}

static inline int tell_status(unsigned node, const struct net_request *req, struct strbuf *out)
{
	CLEANUP_JSON cJSON *j = json_parse(req->body, req->body_len, NULL, NULL);
	struct jw w;
	jw_init(&w, out, 0);
	jw_array(&w);
	json_each (item, j) {
		struct id32 hash;
		assert_true(json_as_id32(item, &hash));
		jw_str(&w, in_pool(node, &hash) ? "Pending" : "Unknown");
	}
	jw_array_end(&w);
	return 200;
}

/* Answers at once, on the caller's thread. */
uint64_t net_send(struct net *n, const struct net_request *req)
{
	(void)n;
	unsigned node;
	char path[64];
	struct err err = { .code = ERR_IO, .text = "connection refused" };
	CLEANUP_STRBUF struct strbuf out = { 0 };
	const char *body = "";
	int status;

	assert_int_equal(sscanf(req->url, "http://node-%u/%63s", &node, path), 2);
	pthread_mutex_lock(&cl.lock);
	if (strcmp(path, "mempool/add/tx") == 0)
		status = submit(node, req, &body);
	else
		status = tell_status(node, req, &out);
	pthread_mutex_unlock(&cl.lock);
	if (out.len > 0)
		body = strbuf_str(&out);
	struct net_response resp = { .status = status, .body = body, .len = strlen(body) };
	if (status == 0)
		resp.err = &err;
	req->on_done(&resp, req->arg);
	return 1;
}

void net_cancel(struct net *n, uint64_t id)
{
	(void)n;
	(void)id;
}

static inline void apply(const struct tx *tx)
{
	const struct tx_op *op = &tx->ops[0];
	struct id32 op_id, note;
	if (op->opcode != TX_OP_TRANSFER)
		return;
	tx_op_id(op, &op_id);
	tx_note_id(&op_id, 0, &op->u.transfer.outputs[0], &note);
	map_take(cl.notes, op->u.transfer.inputs[0].b, 32);
	map_put(cl.notes, note.b, sizeof(note.b), &cl);
}

static inline struct feed_block *block_with(const struct id32 *id, size_t room)
{
	struct feed_block *b = xcalloc(1, sizeof(*b) + room * sizeof(struct id32));
	b->refs = 1;
	b->id = *id;
	b->parent = cl.tip;
	b->slot = b->height = cl.height;
	b->t_ns = clock_now(cl.clock) - T0_NS;
	return b;
}

static inline void publish(struct feed_block *b)
{
	if (!cl.subscriber || !mailbox_push(cl.subscriber, b))
		feed_block_unref(b);
}

/* With forks, every block has a sibling with the same transactions that loses. */
static inline void make_block(void)
{
	struct id32 id = { .b = { 9 } }, loser = { .b = { 8 } };
	cl.height++;
	memcpy(id.b + 8, &cl.height, 8);
	memcpy(loser.b + 8, &cl.height, 8);
	struct feed_block *b = block_with(&id, cl.pool.len);
	struct feed_block *other = block_with(&loser, cl.pool.len);
	size_t kept = 0;
	for (size_t i = 0; i < cl.pool.len; i++) {
		struct pooled p = cl.pool.items[i];
		if (p.stuck) {
			cl.pool.items[kept++] = p;
			continue;
		}
		other->txs[other->n_txs++] = b->txs[b->n_txs++] = p.tx->hash;
		apply(p.tx);
		tx_free(p.tx);
	}
	cl.pool.len = kept;
	if (cl.forks)
		publish(other);
	else
		feed_block_unref(other);
	publish(b);
	cl.tip = id;
}

static inline void *chain_main(void *arg)
{
	(void)arg;
	uint64_t next = DRIVE_FROM + BLOCK_NS / 2;
	while (clock_wait(cl.clock, NULL, cl.stop, next) != CLOCK_CANCELLED) {
		pthread_mutex_lock(&cl.lock);
		make_block();
		pthread_mutex_unlock(&cl.lock);
		next += BLOCK_NS;
	}
	clock_leave(cl.clock);
	return NULL;
}

/* --- a run ------------------------------------------------------------------------------- */

/* What somebody does while it runs. */
enum change { CHANGE_RATE, CHANGE_HOLD, CHANGE_RELEASE, CHANGE_BURST, CHANGE_END, CHANGE_CANCEL };

struct change_at {
	uint64_t at_ms; /* from the start of the drive phase */
	enum change what;
	double value; /* rate; count; end in ms */
};

struct bench {
	struct scenario scenario;
	struct plan plan;
	struct plan_wallet wallets[N_WALLETS];
	struct transactions_config config;
	void *plan_data;
	struct cancel *cancel;
	struct tune *tune;
	const struct change_at *changes; /* ends with one at 0 */
};

static inline void bench_init(struct bench *b)
{
	memset(b, 0, sizeof(*b));
	vec_free(&cl.sent_at);
	memset(&cl, 0, sizeof(cl));
	b->scenario.topology.n_nodes = N_NODES;
	b->scenario.topology.consensus = (struct consensus){
		.slot_duration_ns = BLOCK_NS, .active_slot_coeff = 1.0, .security_param = 10
	};
	b->scenario.n_wallets = N_WALLETS;
	b->scenario.run.duration_ns = DRIVE_NS;
	b->plan.scenario = &b->scenario;
	b->plan.n_nodes = N_NODES;
	b->plan.wallets = b->wallets;
	b->plan.n_wallets = N_WALLETS;
	for (unsigned i = 0; i < N_WALLETS; i++) {
		uint8_t seed[32] = { (uint8_t)i, 1 };
		tx_key_from_seed(seed, &b->wallets[i].key);
		b->wallets[i].value = 1000;
		b->wallets[i].note = (struct id32){ .b = { 77, (uint8_t)i } };
	}
	options_defaults(transactions_workload.options, &b->config, sizeof(b->config));
	b->config.rate = 2;
}

static inline void bench_plan(struct bench *b, uint64_t seed)
{
	struct rng rng;
	rng_init(&rng, seed);
	transactions_workload.plan_free(b->plan_data);
	assert_int_equal(
		transactions_workload.plan(&b->config, &b->plan, &rng, &b->plan_data, NULL), 0);
}

static inline void bench_release(struct bench *b)
{
	transactions_workload.plan_free(b->plan_data);
	options_release(transactions_workload.options, &b->config);
}

static inline void cluster_init(void)
{
	cl.clock = clock_new_virtual(DRIVE_FROM, 0);
	cl.stop = cancel_new(NULL);
	cl.notes = map_new(NULL);
	for (int i = 0; i < TX_STATE_COUNT; i++)
		cl.hashes[i] = map_new(NULL);
	pthread_mutex_init(&cl.lock, NULL);
}

static inline void cluster_release(void)
{
	for (size_t i = 0; i < cl.pool.len; i++)
		tx_free(cl.pool.items[i].tx);
	vec_free(&cl.pool);
	map_free(cl.notes);
	for (int i = 0; i < TX_STATE_COUNT; i++)
		map_free(cl.hashes[i]);
	cancel_free(cl.stop);
	clock_free(cl.clock);
	pthread_mutex_destroy(&cl.lock);
}

static inline void change(struct bench *b, const struct change_at *c)
{
	switch (c->what) {
	case CHANGE_RATE:
		tune_set_rate(b->tune, c->value);
		break;
	case CHANGE_HOLD:
	case CHANGE_RELEASE:
		tune_set_held(b->tune, c->what == CHANGE_HOLD);
		break;
	case CHANGE_BURST:
		tune_add_burst(b->tune, (uint64_t)c->value);
		break;
	case CHANGE_END:
		tune_set_drive_end(b->tune, DRIVE_FROM + (uint64_t)c->value * NS_PER_MS);
		break;
	case CHANGE_CANCEL:
		cancel_set(b->cancel);
		break;
	}
}

static inline void *changes_main(void *arg)
{
	struct bench *b = arg;
	for (const struct change_at *c = b->changes; c->at_ms > 0; c++) {
		clock_wait(cl.clock, NULL, NULL, DRIVE_FROM + c->at_ms * NS_PER_MS);
		change(b, c);
	}
	clock_leave(cl.clock);
	return NULL;
}

static inline void check_counts(void)
{
	const struct workload_counts *c = &cl.counts;
	assert_true(cl.ended && cl.ended_ok);
	assert_int_equal(c->planned, c->submitted + c->rejected + c->unsent);
	assert_int_equal(c->submitted, c->included + c->dropped + c->expired + c->pending);
	assert_int_equal(c->submitted, cl.by_state[TX_SUBMITTED]);
	assert_int_equal(c->included, cl.by_state[TX_INCLUDED]);
	assert_int_equal(c->rejected, cl.by_state[TX_REJECTED]);
	assert_int_equal(c->dropped, cl.by_state[TX_DROPPED]);
	assert_int_equal(c->expired, cl.by_state[TX_EXPIRED]);
}

/* Runs the workload to its end; then the counts are in cl. */
static inline void bench_run(struct bench *b)
{
	pthread_t chain, changes;
	struct err err = { 0 };

	cluster_init();
	for (unsigned i = 0; i < N_WALLETS; i++)
		map_put(cl.notes, b->wallets[i].note.b, 32, &cl);
	bench_plan(b, 1);
	b->cancel = cancel_new(NULL);
	if (b->changes)
		b->tune = tune_new(DRIVE_FROM + DRIVE_NS);
	struct workload_env env = {
		.name = "transactions",
		.config = &b->config,
		.plan_data = b->plan_data,
		.plan = &b->plan,
		.clock = cl.clock,
		.cancel = b->cancel,
		.t0_ns = T0_NS,
		.drive_start_ns = DRIVE_FROM,
		.drive_end_ns = DRIVE_FROM + DRIVE_NS,
		.tune = b->tune,
	};
	clock_join(cl.clock);
	clock_join(cl.clock);
	if (b->changes)
		clock_join(cl.clock);
	assert_int_equal(pthread_create(&chain, NULL, chain_main, NULL), 0);
	if (b->changes)
		assert_int_equal(pthread_create(&changes, NULL, changes_main, b), 0);
	if (transactions_workload.run(&env, &err) != 0)
		fail_msg("%s", err.text);
	cancel_set(cl.stop);
	pthread_join(chain, NULL);
	if (b->changes) {
		/* those that come too late: time goes on without the workload */
		clock_leave(cl.clock);
		pthread_join(changes, NULL);
	}
	check_counts();
	cluster_release();
	cancel_free(b->cancel);
	tune_free(b->tune);
	bench_release(b);
}

#endif
