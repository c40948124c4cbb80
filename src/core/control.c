/*
 * Commands; see control.h and control_priv.h. A request is shared by the
 * caller, who may give up waiting, and the runner, who may come to it late;
 * the last one frees it. Faults are kept in control_faults.c.
 */
#include "core/control_priv.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "core/control_faults.h"
#include "util/mailbox.h"
#include "util/mem.h"

#define MAX_WAITING 256

struct request {
	struct command cmd;
	char by[64];
	struct wake reply;
	pthread_mutex_t lock; /* everything below */
	unsigned refs;
	bool done, abandoned;
	int rc;
	struct err err;
};

struct control {
	struct control_options opt;
	struct mailbox *mailbox; /* any thread */

	/* Runner's thread. */
	struct faults *faults;
	enum phase phase;
};

struct control *control_new(const struct control_options *opt)
{
	struct control *c = xcalloc(1, sizeof(*c));
	c->opt = *opt;
	c->mailbox = mailbox_new(MAX_WAITING);
	c->faults = faults_new(opt);
	return c;
}

/* --- requests ------------------------------------------------------------------------ */

static void request_unref(void *arg)
{
	struct request *q = arg;
	pthread_mutex_lock(&q->lock);
	bool last = --q->refs == 0;
	pthread_mutex_unlock(&q->lock);
	if (!last)
		return;
	pthread_mutex_destroy(&q->lock);
	wake_release(&q->reply);
	free(q);
}

static void request_reply(struct request *q, int rc, const struct err *err)
{
	pthread_mutex_lock(&q->lock);
	q->rc = rc;
	if (rc < 0)
		q->err = *err;
	q->done = true;
	wake_signal(&q->reply);
	pthread_mutex_unlock(&q->lock);
	request_unref(q);
}

/* 1: answered (*ret_rc, err), 0: not yet. */
static int request_answer(struct request *q, bool give_up, int *ret_rc, struct err *err)
{
	pthread_mutex_lock(&q->lock);
	bool done = q->done;
	if (done) {
		*ret_rc = q->rc;
		if (q->rc < 0 && err)
			*err = q->err;
	} else if (give_up) {
		q->abandoned = true;
	}
	pthread_mutex_unlock(&q->lock);
	return done;
}

/* NULL when it was not taken. Otherwise the runner has a reference, and the caller may have one. */
static struct request *request_send(
	struct control *c, const struct command *cmd, const char *by, bool waits, struct err *err)
{
	struct request *q = xcalloc(1, sizeof(*q));
	char text[COMMAND_TEXT];

	q->cmd = *cmd;
	q->refs = waits ? 2 : 1;
	snprintf(q->by, sizeof(q->by), "%s", by);
	wake_init(&q->reply);
	pthread_mutex_init(&q->lock, NULL);
	if (mailbox_push(c->mailbox, q)) {
		wake_signal(c->opt.wake);
		return q;
	}
	q->refs = 1;
	request_unref(q);
	err_set(err, ERR_CANCELLED,
		"cannot do '%s': the run is ending or too many commands are waiting",
		command_format(cmd, text, sizeof(text)));
	return NULL;
}

int control_post(struct control *c, const struct command *cmd, const char *by, struct err *err)
{
	return request_send(c, cmd, by, false, err) ? 0 : -1;
}

int control_do(struct control *c, const struct command *cmd, const char *by,
	const struct cancel *cancel, struct err *err)
{
	uint64_t deadline = clock_now(c->opt.clock) + c->opt.op_timeout_ns;
	enum clock_wait why = CLOCK_WOKEN;
	char text[COMMAND_TEXT];
	int rc = -1;
	struct request *q = request_send(c, cmd, by, true, err);

	if (!q)
		return -1;
	while (!request_answer(q, why != CLOCK_WOKEN, &rc, err)) {
		if (why != CLOCK_WOKEN) {
			err_set(err, why == CLOCK_CANCELLED ? ERR_CANCELLED : ERR_TIMEOUT, "%s: %s",
				command_format(cmd, text, sizeof(text)),
				why == CLOCK_CANCELLED ? "stopped while waiting for it"
						       : "it took too long");
			break;
		}
		why = clock_wait(c->opt.clock, &q->reply, cancel, deadline);
	}
	request_unref(q);
	return rc;
}

int control_node_op(struct control *c, enum node_op op, unsigned node, const char *by,
	const struct cancel *cancel, struct err *err)
{
	const struct command cmd = { .kind = COMMAND_NODE, .op = op, .node = node };
	return control_do(c, &cmd, by, cancel, err);
}

size_t control_n_nodes(struct control *c)
{
	return cluster_len(c->opt.cluster);
}

enum node_state control_node_state(struct control *c, unsigned node)
{
	struct cluster_node n;
	return cluster_get(c->opt.cluster, node, &n) ? n.state : NODE_PLANNED;
}

bool control_endpoint(struct control *c, unsigned node, char *buf, size_t size)
{
	struct cluster_node n;
	if (!cluster_get(c->opt.cluster, node, &n) || !n.endpoint[0])
		return false;
	int len = snprintf(buf, size, "%s", n.endpoint);
	return len > 0 && (size_t)len < size;
}

/* --- nodes ------------------------------------------------------------------------------- */

/* The state that a successful operation leaves, should the backend not have told (yet). */
static void settle_state(struct control *c, enum node_op op, unsigned node, const char *by)
{
	static const struct {
		enum node_op op;
		enum node_state want;
	} rules[] = {
		{ NODE_OP_STOP, NODE_STOPPED },
		{ NODE_OP_KILL, NODE_STOPPED },
		{ NODE_OP_PAUSE, NODE_PAUSED },
		{ NODE_OP_REMOVE, NODE_REMOVED },
	};
	enum node_state s = control_node_state(c, node);

	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		if (rules[i].op == op && s != rules[i].want && s != NODE_DEAD)
			cluster_tell(c->opt.cluster, node, rules[i].want, true, NULL, 0, by, NULL);
	}
	if (op == NODE_OP_RESUME && s == NODE_PAUSED)
		cluster_tell(c->opt.cluster, node, NODE_UP, true, NULL, 0, by, NULL);
}

static int do_node(struct control *c, const struct command *cmd, const char *by, struct err *err)
{
	struct backend *b = c->opt.backend;
	bool is_fault = command_is_fault(cmd);
	unsigned node = cmd->node;

	if (cmd->op == NODE_OP_ADD)
		node = (unsigned)cluster_len(c->opt.cluster);
	if (is_fault && faults_open_node(c->faults, cmd->op, node, by, err) < 0)
		return -1;
	int rc = b->ops->node_op(b, cmd->op, node, err);
	if (rc == 0)
		settle_state(c, cmd->op, node, by);
	if (is_fault && rc < 0 && control_node_state(c, node) == NODE_READY)
		faults_close_node(c->faults, node, err ? err->text : NULL); /* it never went away */
	else if (rc == 0 && cmd->op == NODE_OP_REMOVE)
		faults_close_node(c->faults, node, "removed for good");
	return rc;
}

/* What brings a node back that a fault took away; false: nothing is to be done. */
static bool way_back(struct control *c, unsigned node, struct command *ret)
{
	enum node_state s = control_node_state(c, node);

	*ret = (struct command){ .kind = COMMAND_NODE, .op = NODE_OP_RESUME, .node = node };
	if (s == NODE_PAUSED)
		return true;
	ret->op = NODE_OP_START;
	return faults_has_node(c->faults, node) && (s == NODE_STOPPED || s == NODE_DEAD);
}

/* Does all it can; the first failure is the one to tell. */
static int do_heal(struct control *c, const struct command *cmd, const char *by, struct err *err)
{
	size_t n = cluster_len(c->opt.cluster);
	struct err first = { 0 }, later = { 0 };
	struct command back;

	(void)faults_heal_links(c->faults, cmd->node, &first);
	for (unsigned i = 0; i < n; i++) {
		if ((cmd->node != COMMAND_ALL_NODES && cmd->node != i) || !way_back(c, i, &back))
			continue;
		if (do_node(c, &back, by, first.code == ERR_NONE ? &first : &later) < 0)
			err_clear(&later);
	}
	if (first.code == ERR_NONE)
		return 0;
	if (err)
		*err = first;
	return -1;
}

/* --- the load and the run ------------------------------------------------------------------ */

static int do_tune(struct control *c, const struct command *cmd, struct err *err)
{
	unsigned tunes;
	struct tune *t = NULL;

	c->opt.workload(c->opt.arg, cmd->workload, &tunes, &t);
	if (!t)
		return err_set(err, ERR_USAGE, "%s has ended already", cmd->workload);
	if (cmd->kind == COMMAND_RATE)
		tune_set_rate(t, cmd->rate);
	else if (cmd->kind == COMMAND_BURST)
		tune_add_burst(t, cmd->count);
	else
		tune_set_held(t, cmd->kind == COMMAND_HOLD);
	return 0;
}

static void emit_note(struct control *c, const char *text)
{
	struct event *ev = event_new(EVENT_NOTE, hub_now(c->opt.hub), -1);
	ev->u.note.text = xstrdup(text);
	hub_emit(c->opt.hub, ev);
}

/* --- carrying out ------------------------------------------------------------------------ */

static int check(struct control *c, const struct command *cmd, struct err *err)
{
	const struct backend_ops *ops = c->opt.backend->ops;
	struct command_context x = {
		.caps = ops->caps,
		.backend = ops->name,
		.phase = c->phase,
		.n_nodes = cluster_len(c->opt.cluster),
	};
	struct tune *unused;

	if (cmd->kind == COMMAND_NODE)
		x.node = control_node_state(c, cmd->node);
	if (c->opt.workload)
		x.has_workload = c->opt.workload(c->opt.arg, cmd->workload, &x.tunes, &unused);
	return command_possible(cmd, &x, err);
}

static int carry_out(struct control *c, const struct command *cmd, const char *by, struct err *err)
{
	switch (cmd->kind) {
	case COMMAND_NODE:
		return do_node(c, cmd, by, err);
	case COMMAND_PARTITION:
	case COMMAND_LINK:
		return faults_set_links(c->faults, cmd, by, err);
	case COMMAND_HEAL:
		return do_heal(c, cmd, by, err);
	case COMMAND_RATE:
	case COMMAND_HOLD:
	case COMMAND_RELEASE:
	case COMMAND_BURST:
		return do_tune(c, cmd, err);
	case COMMAND_EXTEND:
		return c->opt.extend(c->opt.arg, cmd->duration_ns, err);
	case COMMAND_END:
	case COMMAND_JUDGE:
		c->opt.end_drive(c->opt.arg, cmd->kind == COMMAND_JUDGE, by);
		return 0;
	case COMMAND_NOTE:
		emit_note(c, cmd->text);
		return 0;
	case COMMAND_KIND_COUNT:
		break;
	}
	return err_set(err, ERR_INTERNAL, "unknown command %d", (int)cmd->kind);
}

/* How every command ends. */
static void emit_command(struct control *c, const struct command *cmd, const char *by, int node,
	const struct err *err)
{
	char text[COMMAND_TEXT + 100];
	struct event *ev = event_new(EVENT_COMMAND, hub_now(c->opt.hub), node);

	ev->u.command.text = xstrdup(command_format(cmd, text, sizeof(text)));
	ev->u.command.source = xstrdup(by);
	ev->u.command.ok = !err;
	ev->u.command.reason = err ? xstrdup(err->text) : NULL;
	hub_emit(c->opt.hub, ev);
}

/* The node that a command is about, for its event; -1: none, or none that there can be. */
static int node_of(const struct control *c, const struct command *cmd)
{
	unsigned node = cmd->node;
	if (cmd->kind == COMMAND_NODE && cmd->op == NODE_OP_ADD)
		node = (unsigned)cluster_len(c->opt.cluster);
	else if (cmd->kind != COMMAND_NODE && cmd->kind != COMMAND_LINK &&
		 cmd->kind != COMMAND_HEAL)
		return -1;
	return node < TOPOLOGY_MAX_NODES ? (int)node : -1;
}

static int execute(struct control *c, const struct command *cmd, const char *by, struct err *err)
{
	int node = node_of(c, cmd);
	int rc = check(c, cmd, err);
	if (rc == 0)
		rc = carry_out(c, cmd, by, err);
	emit_command(c, cmd, by, node, rc < 0 ? err : NULL);
	return rc;
}

static void refuse(struct control *c, struct request *q, const char *why)
{
	struct err err = { 0 };
	err_set(&err, ERR_CANCELLED, "%s", why);
	emit_command(c, &q->cmd, q->by, node_of(c, &q->cmd), &err);
	request_reply(q, -1, &err);
}

void control_serve(struct control *c)
{
	struct request *q;
	while ((q = mailbox_pop(c->mailbox))) {
		struct err err = { 0 };
		pthread_mutex_lock(&q->lock);
		bool abandoned = q->abandoned;
		pthread_mutex_unlock(&q->lock);
		if (abandoned)
			refuse(c, q, "nobody waited for it any more");
		else
			request_reply(q, execute(c, &q->cmd, q->by, &err), &err);
	}
	faults_close_recovered(c->faults);
}

void control_set_phase(struct control *c, enum phase phase)
{
	c->phase = phase;
}

void control_close(struct control *c)
{
	struct request *q;

	mailbox_close(c->mailbox);
	while ((q = mailbox_pop(c->mailbox)))
		refuse(c, q, "the run is ending");
}

void control_bring_back(struct control *c)
{
	size_t n = cluster_len(c->opt.cluster);
	struct err err = { 0 };
	struct command cmd = { .kind = COMMAND_HEAL, .node = COMMAND_ALL_NODES };

	if (faults_has_links(c->faults)) {
		int rc = faults_heal_links(c->faults, COMMAND_ALL_NODES, &err);
		emit_command(c, &cmd, "heal", -1, rc < 0 ? &err : NULL);
	}
	for (unsigned i = 0; i < n; i++) {
		err_clear(&err);
		if (way_back(c, i, &cmd))
			execute(c, &cmd, "heal", &err); /* a failure is in its COMMAND event */
	}
}

size_t control_open_faults(struct control *c)
{
	return faults_len(c->faults);
}

size_t control_nodes_away(struct control *c)
{
	return faults_nodes_away(c->faults);
}

uint64_t control_total_faults(struct control *c)
{
	return faults_total(c->faults);
}

void control_give_up(struct control *c)
{
	faults_give_up(c->faults);
}

void control_free(struct control *c)
{
	if (!c)
		return;
	mailbox_free(c->mailbox, request_unref);
	faults_free(c->faults);
	free(c);
}
