/*
 * Faults in force; see control_faults.h. A node has at most one fault of its
 * own. A link has at most one rule, which belongs to the fault that set it
 * last; a fault of links is over once it has none left.
 */
#include "core/control_faults.h"

#include <stdio.h>
#include <string.h>

#include "util/map.h"
#include "util/mem.h"
#include "util/units.h"

struct fault {
	uint64_t id;
	const char *name;
	bool of_links;
	int node;       /* -1: several */
	uint64_t stops; /* of the node, when the fault began */
	char by[64];
	char *detail; /* of faults of links: what they are; owned */
	/* Of links: how many are left, and whether there was ever one. */
	size_t n_links;
	bool effective;
};

struct pair {
	unsigned from, to;
};

struct shaped {
	struct pair pair;
	struct link_rule rule;
	uint64_t fault_id;
};

struct faults {
	struct cluster *cluster;
	struct backend *backend;
	struct hub *hub;
	struct journal *journal;
	VEC(struct fault) open;
	uint64_t last_id;
	struct map *links; /* struct shaped by struct pair; owns them */
};

struct faults *faults_new(const struct control_options *opt)
{
	struct faults *f = xcalloc(1, sizeof(*f));
	f->cluster = opt->cluster;
	f->backend = opt->backend;
	f->hub = opt->hub;
	f->journal = opt->journal;
	f->links = map_new(free);
	return f;
}

void faults_free(struct faults *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->open.len; i++)
		free(f->open.items[i].detail);
	vec_free(&f->open);
	map_free(f->links);
	free(f);
}

/* --- any fault ------------------------------------------------------------------------- */

static void emit_fault(
	struct faults *f, const struct fault *x, bool end, bool effective, const char *detail)
{
	struct event *ev = event_new(EVENT_FAULT, hub_now(f->hub), x->node);
	ev->u.fault.id = x->id;
	ev->u.fault.name = xstrdup(x->name);
	ev->u.fault.by = xstrdup(x->by);
	ev->u.fault.end = end;
	ev->u.fault.effective = effective;
	ev->u.fault.detail = xstrdup(detail);
	hub_emit(f->hub, ev);
}

static void emit_note(struct faults *f, const char *text)
{
	struct event *ev = event_new(EVENT_NOTE, hub_now(f->hub), -1);
	ev->u.note.text = xstrdup(text);
	hub_emit(f->hub, ev);
}

static bool was_effective(const struct faults *f, const struct fault *x)
{
	struct cluster_node n = { 0 };
	if (x->of_links)
		return x->effective;
	cluster_get(f->cluster, (unsigned)x->node, &n);
	return n.stops != x->stops;
}

static void close_fault(struct faults *f, struct fault *x, const char *detail)
{
	struct err err = { 0 };
	CLEANUP_FREE char *text = NULL;

	/* what is healed already can at worst be healed again by `ltb clean` */
	if (journal_heal(f->journal, x->id, &err) < 0)
		emit_note(f, err.text);
	if (detail)
		text = x->detail ? xasprintf("%s; %s", x->detail, detail) : xstrdup(detail);
	emit_fault(f, x, true, was_effective(f, x), text);
	free(x->detail);
	*x = f->open.items[--f->open.len];
}

/* Takes detail, also when it fails. */
static int open_fault(struct faults *f, struct fault x, const char *by, char *detail,
	const char *journal_text, struct err *err)
{
	char text[240]; /* the journal's readers take no more */

	x.id = ++f->last_id;
	x.detail = detail;
	snprintf(x.by, sizeof(x.by), "%s", by);
	snprintf(text, sizeof(text), "%.160s by %s", journal_text, x.by);
	if (journal_fault(f->journal, x.id, text, err) < 0) {
		free(detail);
		return -1;
	}
	emit_fault(f, &x, false, false, detail);
	vec_push(&f->open, x);
	return 0;
}

/* --- nodes ------------------------------------------------------------------------------- */

static struct fault *fault_on(const struct faults *f, unsigned node)
{
	for (size_t i = 0; i < f->open.len; i++) {
		struct fault *x = &f->open.items[i];
		if (!x->of_links && x->node == (int)node)
			return x;
	}
	return NULL;
}

bool faults_has_node(const struct faults *f, unsigned node)
{
	return fault_on(f, node) != NULL;
}

void faults_close_node(struct faults *f, unsigned node, const char *detail)
{
	struct fault *x = fault_on(f, node);
	if (x)
		close_fault(f, x, detail);
}

int faults_open_node(
	struct faults *f, enum node_op op, unsigned node, const char *by, struct err *err)
{
	struct cluster_node n = { 0 };
	char text[64];

	faults_close_node(f, node, "replaced by another fault on this node");
	cluster_get(f->cluster, node, &n);
	struct fault x = { .name = node_op_name(op), .node = (int)node, .stops = n.stops };
	snprintf(text, sizeof(text), "%s n%u", x.name, node);
	return open_fault(f, x, by, NULL, text, err);
}

static enum node_state state_of(const struct faults *f, unsigned node)
{
	struct cluster_node n;
	return cluster_get(f->cluster, node, &n) ? n.state : NODE_PLANNED;
}

void faults_close_recovered(struct faults *f)
{
	for (size_t i = f->open.len; i > 0; i--) {
		struct fault *x = &f->open.items[i - 1];
		if (!x->of_links && state_of(f, (unsigned)x->node) == NODE_READY)
			close_fault(f, x, NULL);
	}
}

/* --- links ------------------------------------------------------------------------------- */

static bool is_none(const struct link_rule *r)
{
	return !r->cut && !r->delay_ns && !r->jitter_ns && r->loss <= 0;
}

static bool same_rule(const struct link_rule *a, const struct link_rule *b)
{
	return a->cut == b->cut && a->delay_ns == b->delay_ns && a->jitter_ns == b->jitter_ns &&
	       a->loss >= b->loss && a->loss <= b->loss;
}

static struct fault *fault_by_id(struct faults *f, uint64_t id)
{
	for (size_t i = f->open.len; i > 0; i--) {
		if (f->open.items[i - 1].id == id)
			return &f->open.items[i - 1];
	}
	return NULL;
}

static void emit_link(struct faults *f, struct pair p, const struct link_rule *rule)
{
	struct event *ev = event_new(EVENT_LINK, hub_now(f->hub), -1);
	ev->u.link.from = p.from;
	ev->u.link.to = p.to;
	ev->u.link.cut = rule->cut;
	ev->u.link.delay_ns = rule->delay_ns;
	ev->u.link.jitter_ns = rule->jitter_ns;
	ev->u.link.loss = rule->loss;
	hub_emit(f->hub, ev);
}

/* A link has left a fault; without links the fault is over. */
static void leave_fault(struct faults *f, uint64_t id, const char *detail)
{
	struct fault *x = fault_by_id(f, id);
	if (x && --x->n_links == 0)
		close_fault(f, x, detail);
}

static int tell_backend(
	struct faults *f, struct pair p, const struct link_rule *rule, struct err *err)
{
	/* whoever is gone for good has no links */
	if (state_of(f, p.from) == NODE_REMOVED || state_of(f, p.to) == NODE_REMOVED)
		return 0;
	return f->backend->ops->link(f->backend, p.from, p.to, rule, err);
}

/* The link's rule is from now on this one, of this fault; 0: of none. */
static int set_link(struct faults *f, struct pair p, const struct link_rule *rule,
	uint64_t fault_id, struct err *err)
{
	static const struct link_rule none;
	struct shaped *old = map_get(f->links, &p, sizeof(p));
	uint64_t old_id = old ? old->fault_id : 0;

	if (!same_rule(rule, old ? &old->rule : &none)) {
		if (tell_backend(f, p, rule, err) < 0)
			return -1;
		emit_link(f, p, rule);
	}
	if (is_none(rule)) {
		map_del(f->links, &p, sizeof(p));
	} else {
		const struct shaped s = { .pair = p, .rule = *rule, .fault_id = fault_id };
		map_put(f->links, &p, sizeof(p), xmemdup(&s, sizeof(s)));
		struct fault *x = fault_by_id(f, fault_id);
		if (x) {
			x->n_links++;
			x->effective = true;
		}
	}
	if (old_id)
		leave_fault(f, old_id, is_none(rule) ? NULL : "replaced by a later rule");
	return 0;
}

struct pairs {
	VEC(struct pair) list;
	unsigned node; /* take_pair(): only those of this one; COMMAND_ALL_NODES: of all */
};

static int take_pair(const void *key, size_t len, void *value, void *arg)
{
	const struct shaped *s = value;
	struct pairs *pairs = arg;
	(void)key;
	(void)len;
	if (pairs->node == COMMAND_ALL_NODES || s->pair.from == pairs->node ||
		s->pair.to == pairs->node)
		vec_push(&pairs->list, s->pair);
	return 0;
}

/* Sets them all, whatever fails; the first failure is the one to tell. */
static int set_links(struct faults *f, const struct pairs *pairs, const struct link_rule *rule,
	uint64_t fault_id, struct err *err)
{
	size_t failed = 0;
	struct err first = { 0 }, later;

	for (size_t i = 0; i < pairs->list.len; i++) {
		later = (struct err){ 0 };
		if (set_link(f, pairs->list.items[i], rule, fault_id, &later) == 0)
			continue;
		if (failed++ == 0)
			first = later;
	}
	if (failed == 0)
		return 0;
	return err_set(err, first.code, "%zu of %zu link%s could not be changed: %.600s", failed,
		pairs->list.len, plural_s(pairs->list.len), first.text);
}

int faults_heal_links(struct faults *f, unsigned node, struct err *err)
{
	static const struct link_rule none;
	struct pairs pairs = { .node = node };

	map_each(f->links, take_pair, &pairs);
	int rc = set_links(f, &pairs, &none, 0, err);
	vec_free(&pairs.list);
	return rc;
}

static bool is_meant(const struct command *cmd, unsigned from, unsigned to)
{
	bool all_from = cmd->node == COMMAND_ALL_NODES, all_to = cmd->to == COMMAND_ALL_NODES;
	if ((all_from || cmd->node == from) && (all_to || cmd->to == to))
		return true;
	return all_to && cmd->node == to; /* every other node, both ways */
}

static int find_pairs(
	const struct faults *f, const struct command *cmd, struct pairs *ret, struct err *err)
{
	size_t n = cluster_len(f->cluster);
	CLEANUP_FREE int *group = xcalloc(MAX(n, 1u), sizeof(*group));
	bool parts = cmd->kind == COMMAND_PARTITION;

	if (parts && command_groups(cmd->text, n, group, err) < 0)
		return -1;
	for (unsigned from = 0; from < n; from++) {
		for (unsigned to = 0; to < n; to++) {
			bool takes = parts ? group[from] >= 0 && group[to] >= 0 &&
						     group[from] != group[to]
					   : is_meant(cmd, from, to);
			if (from == to || !takes || state_of(f, from) == NODE_REMOVED ||
				state_of(f, to) == NODE_REMOVED)
				continue;
			vec_push(&ret->list, ((struct pair){ from, to }));
		}
	}
	if (ret->list.len == 0)
		return err_set(err, ERR_USAGE, "there is no such link: the nodes were removed");
	return 0;
}

static void add_time(struct strbuf *sb, const char *what, uint64_t ns)
{
	char t[40];
	if (ns)
		strbuf_addf(sb, " %s %s", what, units_format_human(ns, t, sizeof(t)));
}

/* "n0 -> n1 delay 50 ms" */
static char *link_detail(const struct command *cmd)
{
	struct strbuf sb = { 0 };
	bool all_to = cmd->to == COMMAND_ALL_NODES;

	if (cmd->node == COMMAND_ALL_NODES)
		strbuf_adds(&sb, "*");
	else
		strbuf_addf(&sb, "n%u", cmd->node);
	strbuf_adds(&sb, all_to ? " <-> *" : " -> ");
	if (!all_to)
		strbuf_addf(&sb, "n%u", cmd->to);
	if (cmd->rule.cut)
		strbuf_adds(&sb, " cut");
	add_time(&sb, "delay", cmd->rule.delay_ns);
	add_time(&sb, "jitter", cmd->rule.jitter_ns);
	if (cmd->rule.loss > 0)
		strbuf_addf(&sb, " loss %g %%", 100 * cmd->rule.loss);
	return strbuf_detach(&sb);
}

static int shape(struct faults *f, const struct command *cmd, const struct pairs *pairs,
	const char *by, struct err *err)
{
	static const struct link_rule cut = { .cut = true };
	bool parts = cmd->kind == COMMAND_PARTITION;
	const struct link_rule *rule = parts ? &cut : &cmd->rule;
	bool of_one = !parts && cmd->node != COMMAND_ALL_NODES;
	struct fault x = { .name = parts ? "partition" : "link",
		.of_links = true,
		.node = of_one ? (int)cmd->node : -1 };

	if (is_none(rule))
		return set_links(f, pairs, rule, 0, err);
	char *detail = parts ? xstrdup(cmd->text) : link_detail(cmd);
	CLEANUP_FREE char *text = xasprintf("%s %s", x.name, detail);
	if (open_fault(f, x, by, detail, text, err) < 0)
		return -1;
	uint64_t id = f->last_id;
	int rc = set_links(f, pairs, rule, id, err);
	struct fault *opened = fault_by_id(f, id);
	if (opened && opened->n_links == 0)
		close_fault(f, opened, "no link could be changed");
	return rc;
}

int faults_set_links(struct faults *f, const struct command *cmd, const char *by, struct err *err)
{
	struct pairs pairs = { 0 };
	int rc = find_pairs(f, cmd, &pairs, err);

	if (rc == 0)
		rc = shape(f, cmd, &pairs, by, err);
	vec_free(&pairs.list);
	return rc;
}

bool faults_has_links(const struct faults *f)
{
	return map_len(f->links) > 0;
}

/* --- counts and the end -------------------------------------------------------------------- */

size_t faults_len(const struct faults *f)
{
	return f->open.len;
}

size_t faults_nodes_away(const struct faults *f)
{
	size_t n = 0;
	for (size_t i = 0; i < f->open.len; i++)
		n += !f->open.items[i].of_links;
	return n;
}

uint64_t faults_total(const struct faults *f)
{
	return f->last_id;
}

void faults_give_up(struct faults *f)
{
	while (f->open.len > 0) {
		struct fault *x = &f->open.items[f->open.len - 1];
		close_fault(
			f, x, x->of_links ? "it could not be healed" : "the node did not recover");
	}
}
