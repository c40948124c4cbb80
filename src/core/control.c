/*
 * Commands and faults; see control.h and control_priv.h. A command is shared
 * by the caller, who may give up waiting, and the runner, who may come to it
 * late; the last one frees it.
 */
#include "core/control_priv.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "util/mailbox.h"
#include "util/mem.h"

#define MAX_WAITING 256

struct waiting {
	enum node_op op;
	unsigned node;
	char by[64];
	struct wake reply;
	pthread_mutex_t lock; /* everything below */
	unsigned refs;
	bool done, abandoned;
	int rc;
	struct err err;
};

struct fault {
	uint64_t id;
	enum node_op op;
	unsigned node;
	uint64_t stops; /* of the node, when the fault began */
	char by[64];
};

struct control {
	struct cluster *cluster;
	struct backend *backend;
	struct clock *clock;
	struct hub *hub;
	struct journal *journal;
	struct wake *wake;
	uint64_t op_timeout_ns;
	struct mailbox *mailbox; /* any thread */

	/* Runner's thread. */
	VEC(struct fault) faults; /* in force, at most one a node */
	uint64_t last_fault_id;
	bool refuse_faults;
};

static const struct {
	unsigned caps;
	bool takes_away;
} op_rules[NODE_OP_COUNT] = {
	[NODE_OP_START] = { BACKEND_RESTART, false },
	[NODE_OP_STOP] = { BACKEND_RESTART, true },
	[NODE_OP_KILL] = { BACKEND_KILL, true },
	[NODE_OP_RESTART] = { BACKEND_RESTART, true },
	[NODE_OP_KILL_RESTART] = { BACKEND_RESTART | BACKEND_KILL, true },
	[NODE_OP_PAUSE] = { BACKEND_PAUSE, true },
	[NODE_OP_RESUME] = { BACKEND_PAUSE, false },
	[NODE_OP_ADD] = { BACKEND_ADD, false },
	[NODE_OP_REMOVE] = { BACKEND_REMOVE, true },
};

struct control *control_new(const struct control_options *opt)
{
	struct control *c = xcalloc(1, sizeof(*c));
	c->cluster = opt->cluster;
	c->backend = opt->backend;
	c->clock = opt->clock;
	c->hub = opt->hub;
	c->journal = opt->journal;
	c->wake = opt->wake;
	c->op_timeout_ns = opt->op_timeout_ns;
	c->mailbox = mailbox_new(MAX_WAITING);
	return c;
}

/* --- commands ------------------------------------------------------------------------ */

static void command_unref(void *arg)
{
	struct waiting *cmd = arg;
	pthread_mutex_lock(&cmd->lock);
	bool last = --cmd->refs == 0;
	pthread_mutex_unlock(&cmd->lock);
	if (!last)
		return;
	pthread_mutex_destroy(&cmd->lock);
	wake_release(&cmd->reply);
	free(cmd);
}

static void command_reply(struct waiting *cmd, int rc, const struct err *err)
{
	pthread_mutex_lock(&cmd->lock);
	cmd->rc = rc;
	if (rc < 0)
		cmd->err = *err;
	cmd->done = true;
	wake_signal(&cmd->reply);
	pthread_mutex_unlock(&cmd->lock);
	command_unref(cmd);
}

/* 1: answered (*ret_rc, err), 0: not yet. */
static int command_answer(struct waiting *cmd, bool give_up, int *ret_rc, struct err *err)
{
	pthread_mutex_lock(&cmd->lock);
	bool done = cmd->done;
	if (done) {
		*ret_rc = cmd->rc;
		if (cmd->rc < 0 && err)
			*err = cmd->err;
	} else if (give_up) {
		cmd->abandoned = true;
	}
	pthread_mutex_unlock(&cmd->lock);
	return done;
}

int control_node_op(struct control *c, enum node_op op, unsigned node, const char *by,
	const struct cancel *cancel, struct err *err)
{
	struct waiting *cmd = xcalloc(1, sizeof(*cmd));
	uint64_t deadline = clock_now(c->clock) + c->op_timeout_ns;
	enum clock_wait why = CLOCK_WOKEN;
	int rc = -1;

	cmd->op = op;
	cmd->node = node;
	cmd->refs = 2;
	snprintf(cmd->by, sizeof(cmd->by), "%s", by);
	wake_init(&cmd->reply);
	pthread_mutex_init(&cmd->lock, NULL);
	if (!mailbox_push(c->mailbox, cmd)) {
		command_unref(cmd);
		command_unref(cmd);
		return err_set(err, ERR_CANCELLED,
			"cannot %s node %u: the run is ending or too many commands are waiting",
			node_op_name(op), node);
	}
	wake_signal(c->wake);
	while (!command_answer(cmd, why != CLOCK_WOKEN, &rc, err)) {
		if (why != CLOCK_WOKEN) {
			err_set(err, why == CLOCK_CANCELLED ? ERR_CANCELLED : ERR_TIMEOUT,
				"%s node %u: %s", node_op_name(op), node,
				why == CLOCK_CANCELLED ? "stopped while waiting for it"
						       : "it took too long");
			break;
		}
		why = clock_wait(c->clock, &cmd->reply, cancel, deadline);
	}
	command_unref(cmd);
	return rc;
}

size_t control_n_nodes(struct control *c)
{
	return cluster_len(c->cluster);
}

enum node_state control_node_state(struct control *c, unsigned node)
{
	struct cluster_node n;
	return cluster_get(c->cluster, node, &n) ? n.state : NODE_PLANNED;
}

bool control_endpoint(struct control *c, unsigned node, char *buf, size_t size)
{
	struct cluster_node n;
	if (!cluster_get(c->cluster, node, &n) || !n.endpoint[0])
		return false;
	int len = snprintf(buf, size, "%s", n.endpoint);
	return len > 0 && (size_t)len < size;
}

/* --- faults ---------------------------------------------------------------------------- */

static struct fault *fault_on(struct control *c, unsigned node)
{
	for (size_t i = 0; i < c->faults.len; i++) {
		if (c->faults.items[i].node == node)
			return &c->faults.items[i];
	}
	return NULL;
}

static void emit_fault(
	struct control *c, const struct fault *f, bool end, bool effective, const char *detail)
{
	struct event *ev = event_new(EVENT_FAULT, hub_now(c->hub), (int)f->node);
	ev->u.fault.id = f->id;
	ev->u.fault.name = xstrdup(node_op_name(f->op));
	ev->u.fault.by = xstrdup(f->by);
	ev->u.fault.end = end;
	ev->u.fault.effective = effective;
	ev->u.fault.detail = xstrdup(detail);
	hub_emit(c->hub, ev);
}

static void emit_note(struct control *c, const char *text)
{
	struct event *ev = event_new(EVENT_NOTE, hub_now(c->hub), -1);
	ev->u.note.text = xstrdup(text);
	hub_emit(c->hub, ev);
}

static void close_fault(struct control *c, struct fault *f, const char *detail)
{
	struct cluster_node n = { 0 };
	struct err err = { 0 };

	cluster_get(c->cluster, f->node, &n);
	/* what is healed already can at worst be healed again by `ltb clean` */
	if (journal_heal(c->journal, f->id, &err) < 0)
		emit_note(c, err.text);
	emit_fault(c, f, true, n.stops != f->stops, detail);
	*f = c->faults.items[--c->faults.len];
}

static int open_fault(struct control *c, const struct waiting *cmd, struct err *err)
{
	struct fault *old = fault_on(c, cmd->node);
	struct cluster_node n = { 0 };
	char text[160];

	if (old)
		close_fault(c, old, "replaced by another fault on this node");
	cluster_get(c->cluster, cmd->node, &n);
	struct fault f = {
		.id = ++c->last_fault_id, .op = cmd->op, .node = cmd->node, .stops = n.stops
	};
	snprintf(f.by, sizeof(f.by), "%s", cmd->by);
	snprintf(text, sizeof(text), "%s n%u by %s", node_op_name(f.op), f.node, f.by);
	if (journal_fault(c->journal, f.id, text, err) < 0)
		return -1;
	emit_fault(c, &f, false, false, NULL);
	vec_push(&c->faults, f);
	return 0;
}

/* --- carrying out ------------------------------------------------------------------------ */

static bool runs(enum node_state s)
{
	return s == NODE_STARTING || s == NODE_UP || s == NODE_READY || s == NODE_PAUSED;
}

static bool fits_state(enum node_op op, enum node_state s)
{
	switch (op) {
	case NODE_OP_START:
		return s == NODE_STOPPED || s == NODE_DEAD;
	case NODE_OP_STOP:
	case NODE_OP_KILL:
		return runs(s);
	case NODE_OP_PAUSE:
		return runs(s) && s != NODE_PAUSED;
	case NODE_OP_RESUME:
		return s == NODE_PAUSED;
	case NODE_OP_RESTART:
	case NODE_OP_KILL_RESTART:
	case NODE_OP_REMOVE:
		return s != NODE_REMOVED && s != NODE_PLANNED;
	case NODE_OP_ADD:
	case NODE_OP_COUNT:
		break;
	}
	return true;
}

static int check_command(struct control *c, const struct waiting *cmd, struct err *err)
{
	const char *name = node_op_name(cmd->op);
	const struct backend_ops *ops = c->backend->ops;
	struct cluster_node n;

	if ((unsigned)cmd->op >= NODE_OP_COUNT)
		return err_set(err, ERR_INTERNAL, "unknown node operation %d", (int)cmd->op);
	if ((ops->caps & op_rules[cmd->op].caps) != op_rules[cmd->op].caps)
		return err_set(err, ERR_UNSUPPORTED, "backend %s cannot %s nodes", ops->name, name);
	if (c->refuse_faults && op_rules[cmd->op].takes_away)
		return err_set(err, ERR_CANCELLED, "cannot %s n%u: the time for faults is over",
			name, cmd->node);
	if (cmd->op == NODE_OP_ADD) {
		size_t next = cluster_len(c->cluster);
		if (cmd->node != next || next >= TOPOLOGY_MAX_NODES)
			return err_set(err, ERR_USAGE,
				"cannot add n%u: the next node is n%zu, and %d is the most",
				cmd->node, next, TOPOLOGY_MAX_NODES);
		return 0;
	}
	if (!cluster_get(c->cluster, cmd->node, &n))
		return err_set(
			err, ERR_USAGE, "cannot %s n%u: there is no such node", name, cmd->node);
	if (!fits_state(cmd->op, n.state))
		return err_set(err, ERR_USAGE, "cannot %s n%u: it is %s", name, cmd->node,
			node_state_name(n.state));
	return 0;
}

/* The state that a successful operation leaves, should the backend not have told (yet). */
static void settle_state(struct control *c, const struct waiting *cmd)
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
	enum node_state s = control_node_state(c, cmd->node);

	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		if (rules[i].op == cmd->op && s != rules[i].want && s != NODE_DEAD)
			cluster_tell(
				c->cluster, cmd->node, rules[i].want, true, NULL, 0, cmd->by, NULL);
	}
	if (cmd->op == NODE_OP_RESUME && s == NODE_PAUSED)
		cluster_tell(c->cluster, cmd->node, NODE_UP, true, NULL, 0, cmd->by, NULL);
}

static int carry_out(struct control *c, const struct waiting *cmd, struct err *err)
{
	bool is_fault = op_rules[cmd->op].takes_away;

	if (is_fault && open_fault(c, cmd, err) < 0)
		return -1;
	int rc = c->backend->ops->node_op(c->backend, cmd->op, cmd->node, err);
	if (rc == 0)
		settle_state(c, cmd);
	struct fault *f = is_fault ? fault_on(c, cmd->node) : NULL;
	if (f && rc < 0 && control_node_state(c, cmd->node) == NODE_READY)
		close_fault(c, f, err->text); /* it never went away */
	else if (f && cmd->op == NODE_OP_REMOVE && rc == 0)
		close_fault(c, f, "removed for good");
	return rc;
}

static int execute(struct control *c, const struct waiting *cmd, struct err *err)
{
	int rc = check_command(c, cmd, err);
	if (rc == 0)
		rc = carry_out(c, cmd, err);

	struct event *ev = event_new(EVENT_COMMAND, hub_now(c->hub), (int)cmd->node);
	ev->u.command.text = xasprintf("%s n%u", node_op_name(cmd->op), cmd->node);
	ev->u.command.source = xstrdup(cmd->by);
	ev->u.command.ok = rc == 0;
	ev->u.command.reason = rc < 0 ? xstrdup(err->text) : NULL;
	hub_emit(c->hub, ev);
	return rc;
}

static void close_recovered(struct control *c)
{
	for (size_t i = c->faults.len; i > 0; i--) {
		struct fault *f = &c->faults.items[i - 1];
		if (control_node_state(c, f->node) == NODE_READY)
			close_fault(c, f, NULL);
	}
}

void control_serve(struct control *c)
{
	struct waiting *cmd;
	while ((cmd = mailbox_pop(c->mailbox))) {
		struct err err = { 0 };
		pthread_mutex_lock(&cmd->lock);
		bool abandoned = cmd->abandoned;
		pthread_mutex_unlock(&cmd->lock);
		if (abandoned)
			command_unref(cmd);
		else
			command_reply(cmd, execute(c, cmd, &err), &err);
	}
	close_recovered(c);
}

void control_refuse_faults(struct control *c)
{
	c->refuse_faults = true;
}

void control_close(struct control *c)
{
	struct waiting *cmd;
	struct err err = { 0 };

	mailbox_close(c->mailbox);
	err_set(&err, ERR_CANCELLED, "the run is ending");
	while ((cmd = mailbox_pop(c->mailbox)))
		command_reply(cmd, -1, &err);
}

void control_bring_back(struct control *c)
{
	size_t n = cluster_len(c->cluster);

	for (unsigned i = 0; i < n; i++) {
		struct waiting cmd = { .node = i, .by = "heal" };
		struct err err = { 0 };
		enum node_state s = control_node_state(c, i);
		if (s == NODE_PAUSED)
			cmd.op = NODE_OP_RESUME;
		else if (fault_on(c, i) && (s == NODE_STOPPED || s == NODE_DEAD))
			cmd.op = NODE_OP_START;
		else
			continue;
		execute(c, &cmd, &err); /* a failure is in its COMMAND event */
	}
}

size_t control_open_faults(struct control *c)
{
	return c->faults.len;
}

uint64_t control_total_faults(struct control *c)
{
	return c->last_fault_id;
}

void control_give_up(struct control *c)
{
	while (c->faults.len > 0)
		close_fault(c, &c->faults.items[c->faults.len - 1], "the node did not recover");
}

void control_free(struct control *c)
{
	if (!c)
		return;
	mailbox_free(c->mailbox, command_unref);
	vec_free(&c->faults);
	free(c);
}
