/*
 * The transactions workload: its plan, and runs of it on a virtual clock
 * against a small cluster made here. The cluster stands in for core/net,
 * core/feed, core/control and core/hub by defining their functions; it checks
 * every transaction as a node would (signature, input known and unspent).
 */
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

#define N_NODES    3
#define N_WALLETS  20
#define BLOCK_NS   (500 * NS_PER_MS)
#define DRIVE_NS   (30 * NS_PER_S)
#define T0_NS      (7 * NS_PER_S)
#define DRIVE_FROM (T0_NS + 3 * NS_PER_S)

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
	VEC(struct pooled) pool;
	struct map *notes; /* unspent, on the chain */
	struct mailbox *subscriber;
	uint64_t height;
	struct id32 tip;
	unsigned by_state[TX_STATE_COUNT];
	unsigned dropped_elsewhere; /* dropped, though not accepted by a dropping node */
	char reason[256];           /* of the last rejection */
	struct workload_counts counts;
	bool ended, ended_ok;
	unsigned reports;
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
		cl.by_state[ev->u.tx.state]++;
		if (ev->u.tx.state == TX_DROPPED && cl.kinds[ev->node] != NODE_DROPS)
			cl.dropped_elsewhere++;
		if (ev->u.tx.state == TX_REJECTED)
			snprintf(cl.reason, sizeof(cl.reason), "%s", ev->u.tx.reason);
	} else if (ev->kind == EVENT_WORKLOAD) {
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

static bool in_pool(unsigned node, const struct id32 *hash)
{
	for (size_t i = 0; i < cl.pool.len; i++) {
		if (cl.pool.items[i].node == node && id32_eq(&cl.pool.items[i].tx->hash, hash))
			return true;
	}
	return false;
}

static bool pool_spends(const struct id32 *note)
{
	for (size_t i = 0; i < cl.pool.len; i++) {
		const struct tx_op *op = &cl.pool.items[i].tx->ops[0];
		if (op->opcode == TX_OP_TRANSFER && id32_eq(&op->u.transfer.inputs[0], note))
			return true;
	}
	return false;
}

static int check_tx(const struct tx *tx, const char **ret_why)
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

static int submit(unsigned node, const struct net_request *req, const char **ret_body)
{
	enum node_kind kind = cl.kinds[node];
	cl.sent_to[node]++;
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

static int tell_status(unsigned node, const struct net_request *req, struct strbuf *out)
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

static void apply(const struct tx *tx)
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

static struct feed_block *block_with(const struct id32 *id, size_t room)
{
	struct feed_block *b = xcalloc(1, sizeof(*b) + room * sizeof(struct id32));
	b->refs = 1;
	b->id = *id;
	b->parent = cl.tip;
	b->slot = b->height = cl.height;
	b->t_ns = clock_now(cl.clock) - T0_NS;
	return b;
}

static void publish(struct feed_block *b)
{
	if (!cl.subscriber || !mailbox_push(cl.subscriber, b))
		feed_block_unref(b);
}

/* With forks, every block has a sibling with the same transactions that loses. */
static void make_block(void)
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

static void *chain_main(void *arg)
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

struct bench {
	struct scenario scenario;
	struct plan plan;
	struct plan_wallet wallets[N_WALLETS];
	struct transactions_config config;
	void *plan_data;
	struct cancel *cancel;
};

static void bench_init(struct bench *b)
{
	memset(b, 0, sizeof(*b));
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

static void bench_plan(struct bench *b, uint64_t seed)
{
	struct rng rng;
	rng_init(&rng, seed);
	transactions_workload.plan_free(b->plan_data);
	assert_int_equal(
		transactions_workload.plan(&b->config, &b->plan, &rng, &b->plan_data, NULL), 0);
}

static void bench_release(struct bench *b)
{
	transactions_workload.plan_free(b->plan_data);
	options_release(transactions_workload.options, &b->config);
}

static void cluster_init(void)
{
	cl.clock = clock_new_virtual(DRIVE_FROM, 0);
	cl.stop = cancel_new(NULL);
	cl.notes = map_new(NULL);
	pthread_mutex_init(&cl.lock, NULL);
}

static void cluster_release(void)
{
	for (size_t i = 0; i < cl.pool.len; i++)
		tx_free(cl.pool.items[i].tx);
	vec_free(&cl.pool);
	map_free(cl.notes);
	cancel_free(cl.stop);
	clock_free(cl.clock);
	pthread_mutex_destroy(&cl.lock);
}

static void *cancel_main(void *arg)
{
	clock_wait(cl.clock, NULL, NULL, DRIVE_FROM + DRIVE_NS / 2);
	cancel_set(arg);
	clock_leave(cl.clock);
	return NULL;
}

/* Runs the workload to its end, or to a cancel half-way; then the counts are in cl. */
static void bench_run(struct bench *b, bool interrupt)
{
	pthread_t chain, canceller;
	struct err err = { 0 };

	cluster_init();
	for (unsigned i = 0; i < N_WALLETS; i++)
		map_put(cl.notes, b->wallets[i].note.b, 32, &cl);
	bench_plan(b, 1);
	struct cancel *cancel = cancel_new(NULL);
	struct workload_env env = {
		.name = "transactions",
		.config = &b->config,
		.plan_data = b->plan_data,
		.plan = &b->plan,
		.clock = cl.clock,
		.cancel = cancel,
		.t0_ns = T0_NS,
		.drive_start_ns = DRIVE_FROM,
		.drive_end_ns = DRIVE_FROM + DRIVE_NS,
	};
	clock_join(cl.clock);
	clock_join(cl.clock);
	if (interrupt)
		clock_join(cl.clock);
	assert_int_equal(pthread_create(&chain, NULL, chain_main, NULL), 0);
	if (interrupt)
		assert_int_equal(pthread_create(&canceller, NULL, cancel_main, cancel), 0);
	if (transactions_workload.run(&env, &err) != 0)
		fail_msg("%s", err.text);
	cancel_set(cl.stop);
	pthread_join(chain, NULL);
	if (interrupt)
		pthread_join(canceller, NULL);
	assert_true(cl.ended && cl.ended_ok);
	const struct workload_counts *c = &cl.counts;
	assert_int_equal(c->planned, c->submitted + c->rejected + c->unsent);
	assert_int_equal(c->submitted, c->included + c->dropped + c->expired + c->pending);
	assert_int_equal(c->submitted, cl.by_state[TX_SUBMITTED]);
	assert_int_equal(c->included, cl.by_state[TX_INCLUDED]);
	assert_int_equal(c->rejected, cl.by_state[TX_REJECTED]);
	assert_int_equal(c->dropped, cl.by_state[TX_DROPPED]);
	assert_int_equal(c->expired, cl.by_state[TX_EXPIRED]);
	cluster_release();
	cancel_free(cancel);
	bench_release(b);
}

/* --- plan -------------------------------------------------------------------------------- */

static char *plan_text(const struct bench *b)
{
	struct strbuf out = { 0 };
	struct jw w;
	jw_init(&w, &out, 0);
	transactions_workload.plan_to_json(b->plan_data, &w);
	return strbuf_detach(&out);
}

static void plan_comes_from_the_seed(void **state)
{
	(void)state;
	for (int kind = TX_KIND_TRANSFER; kind <= TX_KIND_MIX; kind++) {
		struct bench b;
		bench_init(&b);
		b.config.kind = kind;
		b.config.arrival = TX_ARRIVAL_POISSON;
		bench_plan(&b, 1);
		CLEANUP_FREE char *first = plan_text(&b);
		bench_plan(&b, 1);
		CLEANUP_FREE char *again = plan_text(&b);
		bench_plan(&b, 2);
		CLEANUP_FREE char *other = plan_text(&b);
		assert_string_equal(first, again);
		assert_string_not_equal(first, other);
		bench_release(&b);
	}
}

static void schedule(void **state)
{
	(void)state;
	static const struct {
		double rate;
		int per, arrival, kind;
		uint64_t want;
	} rows[] = {
		{ 5, TX_PER_BLOCK, TX_ARRIVAL_CONSTANT, TX_KIND_TRANSFER, 300 },
		{ 5, TX_PER_SECOND, TX_ARRIVAL_CONSTANT, TX_KIND_MIX, 150 },
		{ 0.05, TX_PER_SECOND, TX_ARRIVAL_CONSTANT, TX_KIND_TRANSFER, 2 },
		{ 1000, TX_PER_SECOND, TX_ARRIVAL_POISSON, TX_KIND_MIX, 30000 },
		{ 7.5, TX_PER_BLOCK, TX_ARRIVAL_POISSON, TX_KIND_INSCRIBE, 450 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct bench b;
		struct tx_schedule s;
		struct tx_slot slot;
		uint64_t n = 0, last = 0, transfers = 0, early = 0;
		bench_init(&b);
		b.config.rate = rows[i].rate;
		b.config.per = rows[i].per;
		b.config.arrival = rows[i].arrival;
		b.config.kind = rows[i].kind;
		bench_plan(&b, 5);
		tx_schedule_init(&s, b.plan_data);
		while (tx_schedule_next(&s, &slot)) {
			assert_int_equal(slot.seq, n++);
			assert_true(slot.due_ns >= last && slot.due_ns <= DRIVE_NS);
			assert_true(slot.user < N_WALLETS && slot.target < N_NODES);
			last = slot.due_ns;
			transfers += slot.transfer;
			early += slot.due_ns < DRIVE_NS / 2;
		}
		assert_int_equal(n, rows[i].want);
		assert_in_range(early, n * 2 / 5, n * 3 / 5);
		if (rows[i].kind == TX_KIND_MIX)
			assert_in_range(transfers, n * 2 / 5, n * 3 / 5);
		else
			assert_int_equal(transfers, rows[i].kind == TX_KIND_TRANSFER ? n : 0);
		bench_release(&b);
	}
}

static void validation(void **state)
{
	(void)state;
	static const struct {
		double rate;
		uint64_t users, wallets;
		int kind;
		const char *target, *want; /* want NULL: valid */
	} rows[] = {
		{ 1, 0, 20, TX_KIND_TRANSFER, NULL, NULL },
		{ 1, 20, 20, TX_KIND_TRANSFER, "n2", NULL },
		{ 1, 80, 50, TX_KIND_TRANSFER, NULL, "users is 80, but there are only 50 wallets" },
		{ 1, 0, 0, TX_KIND_TRANSFER, NULL, "wallets.count is 0" },
		{ 1, 0, 0, TX_KIND_MIX, NULL, "set kind: inscribe" },
		{ 1, 0, 0, TX_KIND_INSCRIBE, NULL, NULL },
		{ 0.001, 0, 20, TX_KIND_TRANSFER, NULL, "no transaction in the whole run" },
		{ 1e6, 0, 20, TX_KIND_TRANSFER, NULL, "lower rate or run.duration" },
		{ 1, 0, 20, TX_KIND_TRANSFER, "n3",
			"no node is called 'n3'; the topology has n0 to n2" },
		{ 1, 0, 20, TX_KIND_TRANSFER, "n01", "no node is called" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct bench b;
		struct err err = { 0 };
		bench_init(&b);
		b.config.rate = rows[i].rate;
		b.config.users = rows[i].users;
		b.config.kind = rows[i].kind;
		b.scenario.n_wallets = rows[i].wallets;
		if (rows[i].target) {
			strlist_release(&b.config.targets);
			strlist_add(&b.config.targets, rows[i].target);
		}
		int rc = transactions_workload.validate(&b.config, &b.scenario, &err);
		assert_int_equal(rc, rows[i].want ? -1 : 0);
		if (rows[i].want && !strstr(err.text, rows[i].want))
			fail_msg("row %zu: %s", i, err.text);
		bench_release(&b);
	}
}

/* --- runs -------------------------------------------------------------------------------- */

static void healthy(void **state)
{
	(void)state;
	for (int forks = 0; forks < 2; forks++) {
		for (int kind = TX_KIND_TRANSFER; kind <= TX_KIND_MIX; kind++) {
			struct bench b;
			bench_init(&b);
			b.config.kind = kind;
			cl.forks = forks;
			bench_run(&b, false);
			assert_int_equal(cl.counts.planned, 120);
			assert_int_equal(cl.counts.included, 120);
			for (int i = 0; i < N_NODES; i++)
				assert_int_equal(cl.sent_to[i], 40);
			/* sent when due, so the next block has it */
			assert_true(cl.counts.submit_p99_ns < NS_PER_MS);
			assert_true(cl.counts.include_p99_ns <= BLOCK_NS + BLOCK_NS / 10);
			assert_in_range(cl.reports, 30, 34);
		}
	}
}

/* More transfers than the users have notes for: the rest waits, and is late, but goes through. */
static void users_take_turns(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	b.config.users = 2;
	bench_run(&b, false);
	assert_int_equal(cl.counts.rejected, 0);
	assert_int_equal(cl.counts.included, cl.counts.submitted);
	assert_true(cl.counts.unsent > 50 && cl.counts.included > 30);
	assert_true(cl.counts.submit_p99_ns > NS_PER_S); /* from the intended time */
}

static void node_down_is_passed_over(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	cl.kinds[1] = NODE_IS_DOWN;
	bench_run(&b, false);
	assert_int_equal(cl.sent_to[1], 0);
	assert_int_equal(cl.counts.included, 120);
}

static void refused_connection_is_retried(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	cl.kinds[2] = NODE_REFUSES;
	bench_run(&b, false);
	assert_true(cl.sent_to[2] >= 30);
	assert_int_equal(cl.counts.included, 120);
}

static void nobody_to_ask(void **state)
{
	(void)state;
	for (int down = 0; down < 2; down++) {
		struct bench b;
		bench_init(&b);
		for (int i = 0; i < N_NODES; i++)
			cl.kinds[i] = down ? NODE_IS_DOWN : NODE_REFUSES;
		bench_run(&b, false);
		assert_int_equal(cl.counts.rejected, 120);
		assert_int_equal(cl.sent_to[0], down ? 0 : 120);
		assert_string_equal(cl.reason, down ? TX_NO_NODE_TO_ASK
						       ": none of the targets is up"
						    : TX_NO_NODE_TO_ASK ": connection refused");
	}
}

static void rejected_by_a_node(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	cl.kinds[0] = NODE_REJECTS;
	bench_run(&b, false);
	assert_int_equal(cl.counts.rejected, 40);
	assert_int_equal(cl.counts.included, 80);
	assert_string_equal(cl.reason, "HTTP 422: nope");
}

static void dropped(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	cl.kinds[1] = NODE_DROPS;
	bench_run(&b, false);
	assert_int_equal(cl.dropped_elsewhere, 0);
	assert_true(cl.counts.dropped >= 20);
	/* the users of the dropped ones go on with the note they had */
	assert_int_equal(cl.counts.rejected, 0);
	assert_int_equal(cl.counts.included + cl.counts.dropped, cl.counts.submitted);
}

static void expired(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	b.config.kind = TX_KIND_INSCRIBE;
	b.config.expiry_ns = 4 * NS_PER_S;
	cl.kinds[1] = NODE_SITS_ON;
	bench_run(&b, false);
	assert_int_equal(cl.counts.expired, 40);
	assert_int_equal(cl.counts.included, 80);
}

static void cancelled(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	b.config.kind = TX_KIND_INSCRIBE;
	cl.kinds[1] = NODE_SITS_ON;
	bench_run(&b, true);
	assert_true(cl.counts.unsent > 40 && cl.counts.pending > 0 && cl.counts.included > 20);
}

/* --- notes and branches ------------------------------------------------------------------ */

static void settled_item(struct tx_item *it, void *arg)
{
	(*(unsigned *)arg)++;
	tx_item_free(it);
}

static struct tx_item *next_item(struct tx_source *s)
{
	bool more = true;
	while (!tx_source_peek(s) && more)
		assert_int_equal(tx_source_prepare(s, DRIVE_FROM + DRIVE_NS, &more, NULL), 0);
	return tx_source_take(s);
}

static void add_block(struct tx_source *s, unsigned branch, unsigned parent, uint64_t height)
{
	struct id32 id = { .b = { (uint8_t)branch, (uint8_t)height } };
	struct id32 below = { .b = { (uint8_t)parent, (uint8_t)(height - 1) } };
	tx_source_block(s, &id, &below, height, height);
}

/*
 * A transfer is in block 2 of branch 7; then either that branch or the other
 * wins. The next transfer spends its note, or the one before it.
 */
static void note_follows_the_branch(void **state)
{
	(void)state;
	for (int lost = 0; lost < 2; lost++) {
		struct bench b;
		unsigned settled = 0;
		bench_init(&b);
		b.config.users = 1;
		bench_plan(&b, 1);
		struct tx_source *s =
			tx_source_new(b.plan_data, &b.plan, DRIVE_FROM, settled_item, &settled);
		struct tx_item *it = next_item(s);
		assert_true(id32_eq(&it->input, &b.wallets[0].note));
		struct id32 output = it->output;
		assert_null(next_item(s)); /* one at a time */

		add_block(s, 1, 1, 1);
		it->state = TX_ITEM_INCLUDED;
		it->blocks[0] = (struct id32){ .b = { 7, 2 } };
		it->n_blocks = 1;
		it->seen_ns = 5;
		tx_source_included(s, it);
		add_block(s, 7, 1, 2);
		add_block(s, 1, 1, 2);
		unsigned winner = lost ? 1 : 7;
		add_block(s, winner, winner, 3);
		assert_int_equal(settled, 0);
		assert_null(next_item(s)); /* one block on top is not enough */
		add_block(s, winner, winner, 4);
		assert_int_equal(settled, !lost);
		tx_source_unsettle(s, 6);
		assert_int_equal(settled, 1);
		it = next_item(s);
		assert_true(id32_eq(&it->input, lost ? &b.wallets[0].note : &output));
		tx_item_free(it);
		tx_source_free(s);
		bench_release(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plan_comes_from_the_seed),
		cmocka_unit_test(schedule),
		cmocka_unit_test(validation),
		cmocka_unit_test(healthy),
		cmocka_unit_test(users_take_turns),
		cmocka_unit_test(node_down_is_passed_over),
		cmocka_unit_test(refused_connection_is_retried),
		cmocka_unit_test(nobody_to_ask),
		cmocka_unit_test(rejected_by_a_node),
		cmocka_unit_test(dropped),
		cmocka_unit_test(expired),
		cmocka_unit_test(cancelled),
		cmocka_unit_test(note_follows_the_branch),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
