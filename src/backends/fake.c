/*
 * The fake backend: a cluster in memory, on a virtual clock, whose nodes
 * misbehave as a script of options says. For tests of runner, feed, checks and
 * panes: a run of minutes takes milliseconds and one seed gives one course.
 *
 * The cluster lives on the net thread; members of the contract, which the
 * runner calls, post to it and wait. Virtual time stands still meanwhile.
 */
#include "backends/fake.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "backends/registry.h"
#include "util/rng.h"
#include "util/units.h"

#define ENDPOINT_BYTES 32

#define TARGET(member, text) \
	{ \
#member, OPTION_STRING, offsetof(struct fake_config, member), .help = text \
	}

static const struct option fake_options[] = {
	TARGET(stall_at, "NODE:HEIGHT: stays at that height; * is every node"),
	TARGET(fork_at, "NODE:HEIGHT: from there on goes its own way"),
	TARGET(die_at, "NODE:DURATION: ends by itself so long after the start"),
	TARGET(drop_tx, "NODE[:HEIGHT]: accepts transactions and forgets them"),
	TARGET(garbage, "NODE[:HEIGHT]: answers what is no JSON"),
	TARGET(errors, "NODE[:HEIGHT]: answers status 500"),
	TARGET(hang, "NODE[:HEIGHT]: accepts requests and never answers"),
	{ "lose_supply", OPTION_U64, offsetof(struct fake_config, lose_supply), .unit = "height",
		.help = "from there on one unit of the supply is missing" },
	{ "up_fails", OPTION_BOOL, offsetof(struct fake_config, up_fails), .def = "false",
		.help = "the cluster does not come up" },
	{ "ready_never", OPTION_BOOL, offsetof(struct fake_config, ready_never), .def = "false",
		.help = "nodes stay in mode Bootstrapping" },
	{ .name = NULL },
};

static void tell(struct fake *f, unsigned node, enum node_state state, bool expected,
	const char *reason, const char *log_tail)
{
	const struct backend_env *env = f->b->env;
	char endpoint[ENDPOINT_BYTES];
	snprintf(endpoint, sizeof(endpoint), "http://n%u.fake", node);
	env->node_state(env->arg, node, state, expected, endpoint, 0, reason, log_tail);
}

/* --- things that happen later ----------------------------------------------------------- */

struct fake_later {
	struct fake *f;
	void (*fn)(struct fake *f, void *arg);
	void *arg;
	void (*free_arg)(void *arg);
	uint64_t timer;
	struct fake_later *next;
};

static void later_free(struct fake_later *later)
{
	later->free_arg(later->arg);
	free(later);
}

static void later_due(void *arg)
{
	struct fake_later *later = arg, **at = &later->f->later;
	while (*at != later)
		at = &(*at)->next;
	*at = later->next;
	later->fn(later->f, later->arg);
	later_free(later);
}

void fake_run_later(struct fake *f, uint64_t delay_ns, void (*fn)(struct fake *f, void *arg),
	void *arg, void (*free_arg)(void *arg))
{
	struct fake_later *later = xmalloc(sizeof(*later));
	*later = (struct fake_later){ f, fn, arg, free_arg, 0, f->later };
	f->later = later;
	later->timer =
		net_timer(f->b->env->net, clock_now(f->b->env->clock) + delay_ns, later_due, later);
}

/* --- the cluster, on the net thread ------------------------------------------------------- */

bool fake_hits(const struct fake *f, const struct fake_target *t, unsigned node)
{
	const struct fake_chain *c = &f->chain;
	return t->set && (t->all || t->node == node) &&
	       c->blocks.items[c->views.items[node]->tip]->height >= t->at;
}

bool fake_is_connected(const struct fake *f, unsigned node)
{
	const struct fake_node *n = &f->nodes.items[node];
	return n->running && !n->paused && !fake_hits(f, &f->fork, node);
}

static void learned(void *arg, unsigned node, unsigned block)
{
	fake_api_block(arg, node, block);
}

void fake_learn(struct fake *f, unsigned node, unsigned block)
{
	if (!fake_hits(f, &f->stall, node))
		fake_chain_learn(&f->chain, node, block, learned, f);
}

static void catch_up(struct fake *f, unsigned node)
{
	for (unsigned i = 0; i < f->nodes.len && fake_is_connected(f, node); i++)
		if (i != node && fake_is_connected(f, i) && !fake_link_is_cut(f, i, node))
			fake_learn(f, node, f->chain.views.items[i]->tip);
}

void fake_submit(struct fake *f, unsigned node, unsigned tx)
{
	fake_chain_pool_add(&f->chain, node, tx);
	if (f->links) {
		fake_links_spread(f, node, tx);
		return;
	}
	for (unsigned i = 0; i < f->nodes.len && fake_is_connected(f, node); i++)
		if (i != node && fake_is_connected(f, i) && !fake_hits(f, &f->drop, i))
			fake_chain_pool_add(&f->chain, i, tx);
}

struct rng fake_draw(const struct fake *f, const char *what, uint64_t slot, unsigned a, unsigned b)
{
	char label[80];
	struct rng r;
	snprintf(label, sizeof(label), "fake/%s/%llu/%u/%u", what, (unsigned long long)slot, a, b);
	rng_init_label(&r, f->b->env->plan->seed, label);
	return r;
}

static void propose(struct fake *f, unsigned node)
{
	unsigned block = fake_chain_propose(&f->chain, node, f->slot);
	fake_learn(f, node, block);
	for (unsigned to = 0; to < f->nodes.len && fake_is_connected(f, node); to++) {
		if (to != node)
			fake_link_send(f, "gossip", node, to, block);
	}
}

static void slot_begins(void *arg)
{
	struct fake *f = arg;
	const struct plan *plan = f->b->env->plan;
	const struct consensus *cs = &plan->scenario->topology.consensus;

	f->slot++;
	f->slot_timer = net_timer(
		f->b->env->net, f->t0_ns + (f->slot + 1) * cs->slot_duration_ns, slot_begins, f);
	for (unsigned i = 0; i < f->nodes.len; i++) {
		const struct fake_node *n = &f->nodes.items[i];
		struct rng r = fake_draw(f, "leader", f->slot, i, 0);
		double share = plan->total_stake ? (double)n->stake / (double)plan->total_stake : 0;
		if (n->running && !n->paused && !fake_hits(f, &f->stall, i) &&
			rng_unit(&r) < consensus_blocks_per_slot(cs, share))
			propose(f, i);
	}
	fake_links_sync(f);
}

static void stop_node(struct fake *f, unsigned node)
{
	f->nodes.items[node].running = f->nodes.items[node].paused = false;
	fake_api_hang_up(f, node);
}

static void die(void *arg)
{
	struct fake *f = arg;
	f->die_timer = 0;
	for (unsigned i = 0; i < f->nodes.len; i++) {
		if (!(f->die.all || f->die.node == i) || !f->nodes.items[i].running)
			continue;
		stop_node(f, i);
		tell(f, i, NODE_DEAD, false, "exit 1", "scripted death");
	}
}

static void start_node(struct fake *f, unsigned node)
{
	tell(f, node, NODE_STARTING, true, NULL, NULL);
	f->nodes.items[node].running = true;
	catch_up(f, node);
	tell(f, node, NODE_UP, true, NULL, NULL);
}

static void add_node(struct fake *f, unsigned index)
{
	const struct plan *plan = f->b->env->plan;
	struct plan_node extra = { 0 };
	const struct plan_node *pn = &extra;

	if (index < plan->n_nodes)
		pn = &plan->nodes[index];
	else
		plan_extra_node(plan, index, &extra);
	vec_push(&f->nodes, ((struct fake_node){
				    .stake = plan_node_stake(plan, index), .leader = pn->key.pk }));
	free(extra.peers);
	fake_chain_add_view(&f->chain);
}

static int cluster_start(struct fake *f, struct err *err)
{
	const struct backend_env *env = f->b->env;

	f->t0_ns = clock_now(env->clock);
	f->genesis_time_ms = clock_wall_ms(env->clock);
	for (unsigned i = 0; i < env->plan->n_nodes; i++) {
		add_node(f, i);
		if (f->config->up_fails) {
			tell(f, i, NODE_STARTING, true, NULL, NULL);
			tell(f, i, NODE_DEAD, false, "exit 1", "scripted failure");
			return err_set(err, ERR_ENV,
				"node %s ended while starting: scripted failure",
				env->plan->nodes[i].name);
		}
		start_node(f, i);
	}
	f->slot_timer = net_timer(env->net,
		f->t0_ns + env->plan->scenario->topology.consensus.slot_duration_ns, slot_begins,
		f);
	if (f->die.set)
		f->die_timer = net_timer(env->net, f->t0_ns + f->die.at, die, f);
	return 0;
}

static void cluster_stop(struct fake *f)
{
	struct net *net = f->b->env->net;

	net_timer_cancel(net, f->slot_timer);
	if (f->die_timer)
		net_timer_cancel(net, f->die_timer);
	while (f->later) {
		struct fake_later *later = f->later;
		f->later = later->next;
		net_timer_cancel(net, later->timer);
		later_free(later);
	}
	for (unsigned i = 0; i < f->nodes.len; i++) {
		if (!f->nodes.items[i].running)
			continue;
		stop_node(f, i);
		tell(f, i, NODE_STOPPED, true, "exit 0", NULL);
	}
}

static int cluster_op(struct fake *f, enum node_op op, unsigned node, struct err *err)
{
	if (op == NODE_OP_ADD) {
		if (node != f->nodes.len || node >= TOPOLOGY_MAX_NODES)
			return err_set(err, ERR_LIMIT, "node %u cannot be added next", node);
		add_node(f, node);
		start_node(f, node);
		return 0;
	}
	if (node >= f->nodes.len || f->nodes.items[node].removed)
		return err_set(err, ERR_USAGE, "there is no node %u", node);
	struct fake_node *n = &f->nodes.items[node];
	bool starts = op == NODE_OP_START || op == NODE_OP_RESTART || op == NODE_OP_KILL_RESTART;
	bool pauses = op == NODE_OP_PAUSE || op == NODE_OP_RESUME;
	bool kills = op == NODE_OP_KILL || op == NODE_OP_KILL_RESTART;

	if (op == NODE_OP_START ? n->running : pauses && !n->running)
		return err_set(err, ERR_USAGE, "node n%u is %s", node,
			n->running ? "running" : "not running");
	if (pauses) {
		n->paused = op == NODE_OP_PAUSE;
		catch_up(f, node);
		tell(f, node, n->paused ? NODE_PAUSED : NODE_UP, true,
			n->paused ? "paused" : "resumed", NULL);
		return 0;
	}
	if (n->running) {
		stop_node(f, node);
		tell(f, node, NODE_STOPPED, true, kills ? "signal 9 (Killed)" : "exit 0", NULL);
	}
	if (starts)
		start_node(f, node);
	if (op == NODE_OP_REMOVE) {
		n->removed = true;
		tell(f, node, NODE_REMOVED, true, "removed", NULL);
	}
	return 0;
}

static int cluster_link(
	struct fake *f, unsigned from, unsigned to, const struct link_rule *rule, struct err *err)
{
	if (from >= f->nodes.len || to >= f->nodes.len || from == to)
		return err_set(err, ERR_USAGE, "there is no link from n%u to n%u", from, to);
	fake_link_set(f, from, to, rule);
	/* what the other end knows comes over at once */
	if (!rule->cut && rule->loss <= 0 && fake_is_connected(f, to) && fake_is_connected(f, from))
		fake_learn(f, to, f->chain.views.items[from]->tip);
	return 0;
}

/* --- the contract, on the runner's thread --------------------------------------------------- */

struct errand {
	struct fake *f;
	enum { ERRAND_UP, ERRAND_OP, ERRAND_LINK, ERRAND_DOWN } kind;
	enum node_op op;
	unsigned node, to;
	const struct link_rule *rule;
	struct err *err;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool done; /* lock */
	int result;
};

static void run_errand(void *arg)
{
	struct errand *e = arg;
	int r = 0;

	if (e->kind == ERRAND_UP)
		r = cluster_start(e->f, e->err);
	else if (e->kind == ERRAND_OP)
		r = cluster_op(e->f, e->op, e->node, e->err);
	else if (e->kind == ERRAND_LINK)
		r = cluster_link(e->f, e->node, e->to, e->rule, e->err);
	else
		cluster_stop(e->f);
	pthread_mutex_lock(&e->lock);
	e->result = r;
	e->done = true;
	pthread_cond_signal(&e->changed);
	pthread_mutex_unlock(&e->lock);
}

/* Has the net thread do it, and waits; it never blocks, so this needs no deadline. */
static int send_errand(struct errand *e)
{
	pthread_mutex_init(&e->lock, NULL);
	pthread_cond_init(&e->changed, NULL);
	net_post(e->f->b->env->net, run_errand, e);
	pthread_mutex_lock(&e->lock);
	while (!e->done)
		pthread_cond_wait(&e->changed, &e->lock);
	pthread_mutex_unlock(&e->lock);
	pthread_cond_destroy(&e->changed);
	pthread_mutex_destroy(&e->lock);
	return e->result;
}

static void fake_probe(const void *config, struct backend_probe *ret)
{
	(void)config;
	*ret = (struct backend_probe){ .usable = true, .have = "built in" };
}

static const struct net_handler *fake_handler(struct backend *b)
{
	struct fake *f = b->state;
	f->b = b;
	f->handler = (struct net_handler){ f, fake_api_request, fake_api_cancelled };
	return &f->handler;
}

static int parse_target(const char *option, const char *text, bool is_time, struct fake_target *ret,
	struct err *err)
{
	uint64_t node = 0;

	*ret = (struct fake_target){ .set = text != NULL };
	if (!text)
		return 0;
	size_t len = strcspn(text, ":");
	CLEANUP_FREE char *who = xstrndup(text, len);
	const char *when = text[len] ? text + len + 1 : NULL;
	ret->all = strcmp(who, "*") == 0;
	/* "n1", as everywhere, or "1" */
	int r = ret->all ? 0 : units_parse_u64(who + (who[0] == 'n'), &node, err);
	if (r == 0 && node >= TOPOLOGY_MAX_NODES)
		r = err_set(err, ERR_USAGE, "no such node");
	ret->node = (unsigned)node;
	if (r == 0 && when)
		r = is_time ? units_parse_duration(when, &ret->at, err)
			    : units_parse_u64(when, &ret->at, err);
	if (r == 0)
		return 0;
	err_prefix(err, "backend option %s: \"%s\" is not NODE or NODE:%s", option, text,
		is_time ? "DURATION" : "HEIGHT");
	if (err)
		err->code = ERR_USAGE;
	return -1;
}

static int fake_prepare(struct backend *b, struct err *err)
{
	struct fake *f = b->state;
	const struct fake_config *c = b->config;

	f->b = b;
	f->config = c;
	if (parse_target("stall_at", c->stall_at, false, &f->stall, err) < 0 ||
		parse_target("fork_at", c->fork_at, false, &f->fork, err) < 0 ||
		parse_target("die_at", c->die_at, true, &f->die, err) < 0 ||
		parse_target("drop_tx", c->drop_tx, false, &f->drop, err) < 0 ||
		parse_target("garbage", c->garbage, false, &f->garbage, err) < 0 ||
		parse_target("errors", c->errors, false, &f->errors, err) < 0 ||
		parse_target("hang", c->hang, false, &f->hang, err) < 0)
		return -1;
	fake_chain_init(&f->chain, b->env->plan->seed,
		b->env->plan->scenario->topology.consensus.security_param);
	f->prepared = true;
	return 0;
}

static int fake_up(struct backend *b, struct err *err)
{
	struct fake *f = b->state;
	struct errand e = { .f = f, .kind = ERRAND_UP, .err = err };
	f->up = true;
	return send_errand(&e);
}

static int fake_node_op(struct backend *b, enum node_op op, unsigned node, struct err *err)
{
	struct errand e = { .f = b->state, .kind = ERRAND_OP, .op = op, .node = node, .err = err };
	return send_errand(&e);
}

static int fake_link(struct backend *b, unsigned from, unsigned to, const struct link_rule *rule,
	struct err *err)
{
	struct errand e = {
		.f = b->state, .kind = ERRAND_LINK, .node = from, .to = to, .rule = rule, .err = err
	};
	return send_errand(&e);
}

static int fake_collect(struct backend *b, struct err *err)
{
	(void)b;
	(void)err;
	return 0;
}

static int fake_down(struct backend *b, bool force, struct err *err)
{
	struct fake *f = b->state;
	struct errand e = { .f = f, .kind = ERRAND_DOWN, .err = err };
	(void)force;

	if (!f->up)
		return 0;
	f->up = false;
	return send_errand(&e);
}

static void fake_release(struct backend *b)
{
	struct fake *f = b->state;

	if (!f->prepared)
		return;
	while (f->later) { /* only when the net thread ended before down */
		struct fake_later *later = f->later;
		f->later = later->next;
		later_free(later);
	}
	fake_chain_release(&f->chain);
	vec_free(&f->nodes);
	vec_free(&f->streams);
	map_free(f->links);
	f->links = NULL;
	f->prepared = false;
}

static int fake_clean(const char *run_dir, unsigned *ret_removed, struct err *err)
{
	(void)run_dir; /* it leaves nothing */
	(void)ret_removed;
	(void)err;
	return 0;
}

const struct backend_ops backend_fake = {
	.name = "fake",
	.summary = "a cluster in memory on a virtual clock, with scripted faults, for tests",
	.config_size = sizeof(struct fake_config),
	.state_size = sizeof(struct fake),
	.options = fake_options,
	.caps = BACKEND_VIRTUAL | BACKEND_RESTART | BACKEND_KILL | BACKEND_PAUSE | BACKEND_ADD |
		BACKEND_REMOVE | BACKEND_LINKS,
	.probe = fake_probe,
	.handler = fake_handler,
	.prepare = fake_prepare,
	.up = fake_up,
	.node_op = fake_node_op,
	.link = fake_link,
	.usage = backend_no_usage,
	.collect = fake_collect,
	.down = fake_down,
	.release = fake_release,
	.clean = fake_clean,
};
