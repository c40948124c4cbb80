/*
 * The jury: all checks of a run, and what checks share; see check.h. It sees
 * events in the order of the stream, on the hub's thread or on that of
 * whoever reads a recorded run.
 */
#include "core/check.h"

#include <stdio.h>
#include <string.h>

#include "util/mem.h"

struct juror {
	struct check check;
	bool has_told;
	enum verdict told; /* last live verdict and reason that were made known */
	char told_reason[sizeof(((struct check_result *)0)->reason)];
};

struct jury {
	struct juror *jurors;
	size_t n;
	bool judged; /* verdicts are final */
};

int check_no_validate(const void *config, const struct scenario *s, struct err *err)
{
	(void)config;
	(void)s;
	(void)err;
	return 0;
}

const char *check_no_query(const void *config)
{
	(void)config;
	return NULL;
}

void check_no_init(struct check *c)
{
	(void)c;
}

void check_no_release(struct check *c)
{
	(void)c;
}

uint64_t check_whole_for_ns(const struct model *m)
{
	uint64_t since = 0;

	if (m->n_nodes == 0)
		return 0;
	for (size_t i = 0; i < m->n_nodes; i++) {
		const struct model_node *n = &m->nodes[i];
		if (n->state == NODE_REMOVED)
			continue; /* the network is without it for good */
		if (n->state != NODE_READY)
			return 0;
		since = MAX(since, n->state_since_ns);
	}
	for (size_t i = 0; i < m->n_faults; i++) {
		if (m->faults[i].end_ns == 0)
			return 0;
		since = MAX(since, m->faults[i].end_ns);
	}
	return m->now_ns > since ? m->now_ns - since : 1;
}

double check_stake_up(const struct check *c, const struct model *m)
{
	const struct plan *p = c->plan;
	double up = 0;

	if (p->total_stake == 0)
		return 0;
	for (size_t i = 0; i < p->n_nodes; i++) {
		if (model_node_is_healthy(m, i))
			up += (double)p->nodes[i].stake;
	}
	return MIN(up / (double)p->total_stake, 1.0);
}

/* --- the jury --------------------------------------------------------------------- */

struct jury *jury_new(const struct scenario *s, const struct plan *p)
{
	struct jury *j = xcalloc(1, sizeof(*j));

	j->n = s->n_checks;
	j->jurors = xcalloc(MAX(j->n, 1u), sizeof(*j->jurors));
	for (size_t i = 0; i < j->n; i++) {
		struct check *c = &j->jurors[i].check;
		c->ops = s->checks[i].ops;
		c->name = s->checks[i].name;
		c->config = s->checks[i].config;
		c->plan = p;
		c->state = xcalloc(1, MAX(c->ops->state_size, 1u));
		c->ops->init(c);
	}
	return j;
}

void jury_free(struct jury *j)
{
	if (!j)
		return;
	for (size_t i = 0; i < j->n; i++) {
		struct check *c = &j->jurors[i].check;
		c->ops->release(c);
		free(c->state);
	}
	free(j->jurors);
	free(j);
}

void jury_observe(struct jury *j, const struct event *ev, const struct model *m)
{
	/* a recorded run carries the verdicts of its own jury; they are no evidence */
	if (ev->kind == EVENT_CHECK || ev->kind == EVENT_RUN_END)
		return;
	for (size_t i = 0; i < j->n; i++)
		j->jurors[i].check.ops->observe(&j->jurors[i].check, ev, m);
}

static struct event *check_event(
	const struct check *c, const struct model *m, struct check_result *r)
{
	struct event *ev = event_new(EVENT_CHECK, m->now_ns, -1);
	ev->u.check.name = xstrdup(c->name);
	ev->u.check.verdict = r->verdict;
	ev->u.check.reason = xstrdup(r->reason);
	if (r->evidence.len > 0)
		ev->u.check.evidence = strbuf_detach(&r->evidence);
	return ev;
}

void jury_peek(
	struct jury *j, const struct model *m, void (*fn)(struct event *ev, void *arg), void *arg)
{
	/* What is judged is final: what the teardown shows must not touch it. */
	for (size_t i = 0; i < j->n && !j->judged; i++) {
		struct juror *juror = &j->jurors[i];
		struct check_result r = { .verdict = VERDICT_PENDING };

		juror->check.ops->peek(&juror->check, m, &r);
		strbuf_release(&r.evidence); /* only the final one is recorded */
		if (juror->has_told && r.verdict == juror->told &&
			strcmp(r.reason, juror->told_reason) == 0)
			continue;
		juror->has_told = true;
		juror->told = r.verdict;
		snprintf(juror->told_reason, sizeof(juror->told_reason), "%s", r.reason);
		fn(check_event(&juror->check, m, &r), arg);
	}
}

/* A check that comes to no final verdict could not tell. */
static void make_final(struct check_result *r)
{
	if (r->verdict == VERDICT_PASS || r->verdict == VERDICT_FAIL ||
		r->verdict == VERDICT_UNKNOWN)
		return;
	r->verdict = VERDICT_UNKNOWN;
	if (!r->reason[0])
		snprintf(r->reason, sizeof(r->reason), "the check came to no verdict");
}

enum verdict jury_judge(
	struct jury *j, const struct model *m, void (*fn)(struct event *ev, void *arg), void *arg)
{
	enum verdict all = j->n ? VERDICT_PASS : VERDICT_UNKNOWN;

	j->judged = true;
	for (size_t i = 0; i < j->n; i++) {
		struct check *c = &j->jurors[i].check;
		struct check_result r = { .verdict = VERDICT_UNKNOWN };

		c->ops->judge(c, m, &r);
		make_final(&r);
		if (r.verdict == VERDICT_FAIL ||
			(r.verdict == VERDICT_UNKNOWN && all == VERDICT_PASS))
			all = r.verdict;
		fn(check_event(c, m, &r), arg);
		strbuf_release(&r.evidence);
	}
	return all;
}
