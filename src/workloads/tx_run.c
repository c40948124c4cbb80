/*
 * The thread of the transactions workload: sends what is due, listens for the
 * nodes' answers and for blocks, asks the nodes about what stays away, and
 * reports once a second. Callbacks on the net thread only hand their message
 * over; everything else happens here.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "util/json.h"
#include "util/mailbox.h"
#include "workloads/tuned.h"
#include "workloads/tx_tracker.h"

#define MAX_SENDING       1024u /* requests on their way at once */
#define MAX_LOST          65536u
#define BLOCKS_CAPACITY   8192u
#define SUBMIT_TIMEOUT_NS (5 * NS_PER_S)
#define SUBMIT_MAX_BYTES  65536u
#define REASON_MAX        160u
#define POLL_MAX          256u /* transactions asked about at once */
#define POLL_MAX_BYTES    65536u
#define POLL_AFTER_BLOCKS 4
#define MIN_POLL_EVERY_NS (200 * NS_PER_MS)
#define PREPARE_PER_TURN  16
#define TICK_NS           NS_PER_S
#define URL_MAX           512

/* One node's answer to the question of a poll round. */
struct poll_answer {
	struct tx_run *run;
	uint64_t request;
	bool arrived;
	int status;
	char *body;
	size_t len;
};

/* "Do you know of these?", asked of every live node; one round at a time. */
struct poll_round {
	size_t n;
	struct id32 hashes[POLL_MAX];
	bool known[POLL_MAX];
	bool conclusive; /* every node that was asked has answered properly */
	size_t n_asked, n_left;
	struct poll_answer *answers; /* n_asked of them */
};

struct tx_run {
	const struct workload_env *env;
	const struct tx_plan *plan;
	struct tx_source *source;
	struct tx_tracker *tracker;
	struct wake wake;        /* of all three mailboxes, and of the tune */
	struct mailbox *answers; /* struct tx_item, from the net thread */
	struct mailbox *polls;   /* struct poll_answer, from the net thread */
	struct mailbox *blocks;  /* struct feed_block, from the feed */
	struct tx_item_list sending;
	size_t n_sending;
	struct poll_round poll;
	uint64_t poll_every_ns, next_poll_ns;
	struct tune_state tuning; /* in force; burst: asked for while it was held */
	bool stopped;             /* nothing is sent any more */
	uint64_t unsent;
	uint64_t next_tick_ns, last_tick_ns, last_submitted;
};

/* --- events -------------------------------------------------------------------------- */

static void report_tx(const struct tx_item *it, enum tx_state state, uint64_t latency_ns,
	const char *reason, void *arg)
{
	const struct tx_run *r = arg;
	struct event *ev = event_new(EVENT_TX, hub_now(r->env->hub), it->node);
	ev->u.tx.workload = xstrdup(r->env->name);
	ev->u.tx.hash = it->hash;
	ev->u.tx.state = state;
	ev->u.tx.latency_ns = latency_ns;
	if (state == TX_INCLUDED)
		ev->u.tx.block = it->blocks[(it->n_blocks - 1) % TX_ITEM_BLOCKS];
	ev->u.tx.reason = xstrdup(reason);
	hub_emit(r->env->hub, ev);
}

static double rate_in_force(const struct tx_run *r, const struct tune_state *t)
{
	return t->rate > 0 ? MIN(t->rate, (double)TX_MAX_RATE) : r->plan->rate_per_s;
}

static struct event *counts_event(struct tx_run *r, uint64_t now_ns)
{
	struct event *ev = event_new(EVENT_WORKLOAD, hub_now(r->env->hub), -1);
	struct workload_counts *c = &ev->u.workload.counts;
	ev->u.workload.name = xstrdup(r->env->name);
	tx_tracker_counts(r->tracker, c);
	c->planned = tx_source_planned(r->source);
	c->unsent = r->unsent;
	c->target_rate = r->stopped || r->tuning.held ? 0 : rate_in_force(r, &r->tuning);
	if (now_ns > r->last_tick_ns)
		c->rate = (double)(c->submitted - r->last_submitted) * NS_PER_S /
			  (double)(now_ns - r->last_tick_ns);
	return ev;
}

static void tick(struct tx_run *r, uint64_t now_ns)
{
	if (now_ns < r->next_tick_ns)
		return;
	struct event *ev = counts_event(r, now_ns);
	r->last_submitted = ev->u.workload.counts.submitted;
	r->last_tick_ns = now_ns;
	r->next_tick_ns = now_ns + TICK_NS;
	hub_emit(r->env->hub, ev);
	if (now_ns > r->plan->expiry_ns)
		tx_source_unsettle(r->source, now_ns - r->plan->expiry_ns);
}

/* --- outcomes ------------------------------------------------------------------------ */

static void settled(struct tx_item *it, void *arg)
{
	struct tx_run *r = arg;
	tx_tracker_remove(r->tracker, it);
}

static void now_included(struct tx_run *r, struct tx_item *it)
{
	if (it->slot.transfer)
		tx_source_included(r->source, it);
	else
		tx_tracker_remove(r->tracker, it);
}

static void reject(struct tx_run *r, struct tx_item *it, const char *reason)
{
	tx_tracker_rejected(r->tracker, it, reason, clock_now(r->env->clock));
	if (it->state == TX_ITEM_INCLUDED) {
		now_included(r, it);
		return;
	}
	if (it->slot.transfer)
		tx_source_failed(r->source, it);
	tx_tracker_remove(r->tracker, it);
}

/* --- sending ------------------------------------------------------------------------- */

/* On the net thread. The item is the message; it is not touched here after the push. */
static void on_answer(const struct net_response *resp, void *arg)
{
	struct tx_item *it = arg;
	struct tx_run *r = it->owner;

	it->status = resp->status;
	it->accepted_ns = clock_now(r->env->clock);
	free(TAKE_PTR(it->answer));
	if (resp->status == 0)
		it->answer = xstrndup(resp->err ? resp->err->text : "no answer", REASON_MAX);
	else if (resp->status < 200 || resp->status > 299)
		it->answer = xstrndup(resp->body ? resp->body : "", MIN(resp->len, REASON_MAX));
	/* cannot be full: it has room for all that may be on their way */
	mailbox_push(r->answers, it);
}

/* The next target that is up and has an address, from the item's position on. */
static bool pick_node(struct tx_run *r, struct tx_item *it, char *base, size_t size)
{
	const struct tx_plan *p = r->plan;
	for (size_t i = 0; i < p->n_targets; i++) {
		unsigned node = p->targets[it->slot.target];
		it->slot.target = (uint32_t)((it->slot.target + 1) % p->n_targets);
		enum node_state state = control_node_state(r->env->control, node);
		if ((state == NODE_UP || state == NODE_READY) &&
			control_endpoint(r->env->control, node, base, size)) {
			it->node = (int)node;
			return true;
		}
	}
	return false;
}

/* false: no node is up. */
static bool send_item(struct tx_run *r, struct tx_item *it)
{
	char base[URL_MAX - 32], url[URL_MAX];

	if (!pick_node(r, it, base, sizeof(base)))
		return false;
	snprintf(url, sizeof(url), "%s/mempool/add/tx", base);
	it->tries++;
	TAILQ_INSERT_TAIL(&r->sending, it, link);
	r->n_sending++;
	it->request = net_send(r->env->net, &(struct net_request){
						    .method = NET_POST,
						    .url = url,
						    .body = it->body,
						    .body_len = it->body_len,
						    .timeout_ns = SUBMIT_TIMEOUT_NS,
						    .max_bytes = SUBMIT_MAX_BYTES,
						    .on_done = on_answer,
						    .arg = it,
					    });
	return true;
}

static bool may_send(const struct tx_run *r)
{
	return !r->stopped && !r->tuning.held && r->n_sending < MAX_SENDING &&
	       r->n_sending + tx_tracker_n_pending(r->tracker) < r->plan->max_in_flight;
}

static int send_due(struct tx_run *r, struct err *err)
{
	struct tx_item *it;
	while (may_send(r) && (it = tx_source_peek(r->source)) &&
		it->slot.due_ns <= clock_now(r->env->clock)) {
		tx_source_take(r->source);
		it->owner = r;
		if (tx_tracker_add(r->tracker, it, err) != 0) {
			tx_item_free(it);
			return -1;
		}
		if (!send_item(r, it))
			reject(r, it, TX_NO_NODE_TO_ASK ": none of the targets is up");
	}
	return 0;
}

static void handle_answer(struct tx_run *r, struct tx_item *it)
{
	char reason[REASON_MAX + 64];

	TAILQ_REMOVE(&r->sending, it, link);
	r->n_sending--;
	if (it->status >= 200 && it->status <= 299) {
		tx_tracker_accepted(r->tracker, it, it->accepted_ns);
		if (it->state == TX_ITEM_INCLUDED)
			now_included(r, it);
		return;
	}
	if (it->status != 0) {
		snprintf(reason, sizeof(reason), "HTTP %d: %s", it->status, it->answer);
	} else {
		/* also while held: it was offered before, and only its node was not there */
		if (!r->stopped && it->n_blocks == 0 && it->tries < TX_MAX_TRIES &&
			send_item(r, it))
			return;
		snprintf(reason, sizeof(reason), TX_NO_NODE_TO_ASK ": %s", it->answer);
	}
	reject(r, it, reason);
}

/* --- blocks -------------------------------------------------------------------------- */

static void handle_block(struct tx_run *r, const struct feed_block *b)
{
	for (size_t i = 0; i < b->n_txs; i++) {
		struct tx_item *it = tx_tracker_find(r->tracker, &b->txs[i]);
		if (!it) {
			tx_source_seen(r->source, &b->txs[i], &b->id);
			continue;
		}
		enum tx_item_state before = it->state;
		tx_tracker_seen(r->tracker, it, &b->id, b->t_ns + r->env->t0_ns);
		if (before == TX_ITEM_PENDING)
			now_included(r, it);
		else if (before == TX_ITEM_LOST && it->slot.transfer)
			tx_source_included(r->source, it);
	}
	tx_source_block(r->source, &b->id, &b->parent, b->slot, b->height);
}

/* --- asking after those that stay away -------------------------------------------------- */

/* On the net thread. */
static void on_poll_answer(const struct net_response *resp, void *arg)
{
	struct poll_answer *a = arg;
	a->status = resp->status;
	if (resp->status == 200)
		a->body = xmemdup(resp->body, resp->len + 1);
	a->len = resp->len;
	mailbox_push(a->run->polls, a);
}

static void end_poll_round(struct tx_run *r)
{
	for (size_t i = 0; i < r->poll.n_asked; i++)
		free(r->poll.answers[i].body);
	free(TAKE_PTR(r->poll.answers));
	r->poll.n_asked = r->poll.n_left = 0;
}

/* Everything but Pending and InBlock means that the node does not have it. */
static bool node_knows(const cJSON *status)
{
	const char *word = json_as_str(status);
	return word ? strcmp(word, "Pending") == 0 : json_get(status, "InBlock") != NULL;
}

static bool read_poll_answer(struct poll_round *p, const struct poll_answer *a)
{
	if (a->status != 200)
		return false;
	CLEANUP_JSON cJSON *j = json_parse(a->body, a->len, NULL, NULL);
	if (!cJSON_IsArray(j) || (size_t)cJSON_GetArraySize(j) != p->n)
		return false;
	size_t i = 0;
	json_each (status, j) {
		p->known[i] = p->known[i] || node_knows(status);
		i++;
	}
	return true;
}

static void judge_poll_round(struct tx_run *r)
{
	struct poll_round *p = &r->poll;
	uint64_t now = clock_now(r->env->clock);
	for (size_t i = 0; i < p->n; i++) {
		struct tx_item *it = tx_tracker_find(r->tracker, &p->hashes[i]);
		if (!it || it->state != TX_ITEM_PENDING || (!p->known[i] && !p->conclusive))
			continue;
		if (tx_tracker_polled(r->tracker, it, p->known[i], now) && it->slot.transfer)
			tx_source_failed(r->source, it);
	}
}

static void handle_poll_answer(struct tx_run *r, struct poll_answer *a)
{
	a->arrived = true;
	if (!read_poll_answer(&r->poll, a))
		r->poll.conclusive = false;
	if (--r->poll.n_left > 0)
		return;
	judge_poll_round(r);
	end_poll_round(r);
}

static void ask_node(struct tx_run *r, const char *base, const struct strbuf *body)
{
	char url[URL_MAX];
	struct poll_answer *a = &r->poll.answers[r->poll.n_asked++];
	snprintf(url, sizeof(url), "%s/mantle/status", base);
	a->run = r;
	r->poll.n_left++;
	a->request = net_send(r->env->net, &(struct net_request){
						   .method = NET_POST,
						   .url = url,
						   .body = strbuf_str(body),
						   .body_len = body->len,
						   .timeout_ns = SUBMIT_TIMEOUT_NS,
						   .max_bytes = POLL_MAX_BYTES,
						   .on_done = on_poll_answer,
						   .arg = a,
					   });
}

static bool may_hold_transactions(enum node_state state)
{
	return state == NODE_STARTING || state == NODE_UP || state == NODE_READY ||
	       state == NODE_PAUSED;
}

static void poll_nodes(struct tx_run *r, uint64_t now_ns)
{
	struct poll_round *p = &r->poll;
	if (p->n_left > 0 || now_ns < r->next_poll_ns)
		return;
	r->next_poll_ns = now_ns + r->poll_every_ns;
	p->n = tx_tracker_to_poll(r->tracker, now_ns, p->hashes, POLL_MAX);
	if (p->n == 0)
		return;
	memset(p->known, 0, sizeof(p->known));
	p->conclusive = true;

	CLEANUP_STRBUF struct strbuf body = { 0 };
	struct jw w;
	jw_init(&w, &body, 0);
	jw_array(&w);
	for (size_t i = 0; i < p->n; i++)
		jw_id32(&w, &p->hashes[i]);
	jw_array_end(&w);

	/* answers must not move once a request points into it, nor outnumber the mailbox */
	size_t n_nodes = MIN(control_n_nodes(r->env->control), (size_t)TOPOLOGY_MAX_NODES);
	p->answers = xcalloc(MAX(n_nodes, 1u), sizeof(*p->answers));
	for (unsigned i = 0; i < n_nodes; i++) {
		char base[URL_MAX - 32];
		if (!may_hold_transactions(control_node_state(r->env->control, i)))
			continue;
		if (control_endpoint(r->env->control, i, base, sizeof(base)))
			ask_node(r, base, &body);
		else
			p->conclusive = false;
	}
	if (p->n_asked == 0)
		end_poll_round(r);
}

/* --- the loop ------------------------------------------------------------------------ */

static void drain(struct tx_run *r)
{
	struct tx_item *it;
	struct poll_answer *a;
	struct feed_block *b;
	while ((it = mailbox_pop(r->answers)))
		handle_answer(r, it);
	while ((b = mailbox_pop(r->blocks))) {
		handle_block(r, b);
		feed_block_unref(b);
	}
	while ((a = mailbox_pop(r->polls)))
		handle_poll_answer(r, a);
}

static void expire(struct tx_run *r, uint64_t now_ns)
{
	struct tx_item *it;
	while ((it = tx_tracker_expire(r->tracker, now_ns))) {
		if (it->slot.transfer)
			tx_source_failed(r->source, it);
	}
}

/* Takes over what an operator has changed. */
static void retune(struct tx_run *r, uint64_t now_ns)
{
	struct tune_state t, *old = &r->tuning;

	tuned_read(r->env, &t);
	if (r->stopped)
		return;
	double speed = t.held ? 0 : rate_in_force(r, &t) / r->plan->rate_per_s;
	if (t.held != old->held || t.rate != old->rate || t.drive_end_ns != old->drive_end_ns)
		tx_source_retime(r->source, now_ns, speed, t.drive_end_ns);
	t.burst += old->burst;
	if (!t.held) {
		tx_source_burst(r->source, now_ns, t.burst);
		t.burst = 0;
	}
	*old = t;
}

static void stop_sending(struct tx_run *r)
{
	if (r->stopped)
		return;
	r->stopped = true;
	r->unsent += tx_source_stop(r->source);
}

/* Signs ahead, a little at a time so that what is due is not kept waiting. */
static int prepare(struct tx_run *r, bool *ret_more, struct err *err)
{
	*ret_more = !r->stopped;
	for (int i = 0; *ret_more && i < PREPARE_PER_TURN; i++) {
		if (tx_source_prepare(r->source, clock_now(r->env->clock), ret_more, err) != 0)
			return -1;
	}
	return 0;
}

static uint64_t next_deadline(const struct tx_run *r)
{
	uint64_t at = MIN(r->next_tick_ns, tx_tracker_next_expiry_ns(r->tracker));
	if (tx_tracker_n_pending(r->tracker) > 0 && r->poll.n_left == 0)
		at = MIN(at, r->next_poll_ns);
	if (r->stopped)
		return at;
	at = MIN(at, r->tuning.drive_end_ns);
	at = MIN(at, tx_source_work_ns(r->source));
	const struct tx_item *it = may_send(r) ? tx_source_peek(r->source) : NULL;
	return it ? MIN(at, it->slot.due_ns) : at;
}

static bool is_done(const struct tx_run *r)
{
	return r->stopped && r->n_sending == 0 && tx_tracker_n_pending(r->tracker) == 0;
}

static int loop(struct tx_run *r, struct err *err)
{
	while (!cancel_is_set(r->env->cancel)) {
		bool more;
		drain(r);
		/* the clock first: an end that was moved before it came has not come */
		uint64_t now = clock_now(r->env->clock);
		retune(r, now);
		if (now >= r->tuning.drive_end_ns)
			stop_sending(r);
		if (send_due(r, err) != 0)
			return -1;
		expire(r, now);
		poll_nodes(r, now);
		tick(r, now);
		if (is_done(r))
			break;
		if (prepare(r, &more, err) != 0)
			return -1;
		if (!more)
			clock_wait(r->env->clock, &r->wake, r->env->cancel, next_deadline(r));
	}
	return 0;
}

/* Takes back what is on its way: afterwards no callback can come any more. */
static void recall(struct tx_run *r)
{
	struct tx_item *it;
	TAILQ_FOREACH (it, &r->sending, link)
		net_cancel(r->env->net, it->request);
	for (size_t i = 0; i < r->poll.n_asked; i++) {
		if (!r->poll.answers[i].arrived)
			net_cancel(r->env->net, r->poll.answers[i].request);
	}
	drain(r);
	while ((it = TAILQ_FIRST(&r->sending))) {
		TAILQ_REMOVE(&r->sending, it, link);
		r->unsent++; /* sent, perhaps, but nobody knows */
		tx_tracker_remove(r->tracker, it);
	}
	end_poll_round(r);
}

static int finish(struct tx_run *r, int rc, struct err *err)
{
	struct event *ev = counts_event(r, clock_now(r->env->clock));
	if (rc == 0)
		rc = tx_counts_balance(&ev->u.workload.counts, err);
	ev->u.workload.end = true;
	ev->u.workload.ok = rc == 0;
	if (rc != 0)
		ev->u.workload.reason = xstrdup(err->text);
	hub_emit(r->env->hub, ev);
	return rc;
}

static void unref_block(void *block)
{
	feed_block_unref(block);
}

static void run_init(struct tx_run *r, const struct workload_env *env)
{
	const struct tx_plan *p = env->plan_data;
	*r = (struct tx_run){ .env = env, .plan = p };
	wake_init(&r->wake);
	r->answers = mailbox_new_shared(MAX_SENDING, &r->wake);
	r->polls = mailbox_new_shared(TOPOLOGY_MAX_NODES, &r->wake);
	r->blocks = mailbox_new_shared(BLOCKS_CAPACITY, &r->wake);
	TAILQ_INIT(&r->sending);
	r->poll_every_ns = MAX(p->block_interval_ns, MIN_POLL_EVERY_NS);
	r->last_tick_ns = clock_now(env->clock);
	r->next_tick_ns = r->last_tick_ns + TICK_NS;
	r->tracker = tx_tracker_new(&(struct tx_tracker_options){
		.expiry_ns = p->expiry_ns,
		.poll_after_ns = POLL_AFTER_BLOCKS * p->block_interval_ns,
		.poll_every_ns = r->poll_every_ns,
		.max_lost = MAX_LOST,
		.report = report_tx,
		.arg = r,
	});
	r->source = tx_source_new(p, env->plan, env->drive_start_ns, settled, r);
	r->tuning.drive_end_ns = env->drive_end_ns;
	if (env->tune)
		tune_set_wake(env->tune, &r->wake);
}

int transactions_run(const struct workload_env *env, struct err *err)
{
	struct err local = { 0 };
	struct tx_run *r = xcalloc(1, sizeof(*r));

	run_init(r, env);
	feed_subscribe(env->feed, r->blocks);
	int rc = loop(r, &local);
	/* a cancel may have come together with a new end, which decides what counts as unsent */
	retune(r, clock_now(env->clock));
	if (env->tune)
		tune_set_wake(env->tune, NULL);
	stop_sending(r);
	recall(r);
	feed_unsubscribe(env->feed, r->blocks);
	rc = finish(r, rc, &local);
	if (rc != 0)
		err_set(err, local.code, "%s", local.text);

	tx_source_free(r->source);
	tx_tracker_free(r->tracker);
	mailbox_free(r->answers, NULL);
	mailbox_free(r->polls, NULL);
	mailbox_free(r->blocks, unref_block);
	wake_release(&r->wake);
	free(r);
	return rc;
}
