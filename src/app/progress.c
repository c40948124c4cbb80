/* Differences between snapshots, told as lines on stderr. */
#include "app/progress.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/clock.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/units.h"

struct node_seen {
	enum node_state state;
	uint64_t since_ns;
};

struct progress {
	int verbose;
	bool color;
	bool phase_started[PHASE_COUNT], phase_ended[PHASE_COUNT];
	VEC(struct node_seen) nodes;
	VEC(bool) faults; /* per fault: its end was told */
	VEC(enum verdict) checks;
	uint64_t log_ns; /* log lines up to here were told */
	bool announced;
};

struct progress *progress_new(int verbose, bool color)
{
	struct progress *p = xcalloc(1, sizeof(*p));

	p->verbose = verbose;
	p->color = color;
	return p;
}

void progress_free(struct progress *p)
{
	if (!p)
		return;
	vec_free(&p->nodes);
	vec_free(&p->faults);
	vec_free(&p->checks);
	free(p);
}

__attribute__((format(printf, 3, 4))) static void line(
	const struct progress *p, uint64_t t_ns, const char *fmt, ...)
{
	char text[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fprintf(stderr, "%s[%3llu.%llu]%s %s\n", p->color ? "\033[2m" : "", t_ns / NS_PER_S,
		t_ns % NS_PER_S / (100 * NS_PER_MS), p->color ? "\033[0m" : "", text);
}

static void tell_phases(struct progress *p, const struct model *m)
{
	for (int i = 0; i < PHASE_COUNT; i++) {
		const struct model_phase *ph = &m->phases[i];
		char took[32];

		if (ph->started && !p->phase_started[i]) {
			p->phase_started[i] = true;
			if (p->verbose > 0 || i == PHASE_DRIVE)
				line(p, ph->start_ns, "%s", phase_name(i));
		}
		if (!ph->ended || p->phase_ended[i])
			continue;
		p->phase_ended[i] = true;
		units_format_human(ph->duration_ns, took, sizeof(took));
		if (ph->ok)
			line(p, ph->start_ns + ph->duration_ns, "%s done in %s", phase_name(i),
				took);
		else
			line(p, ph->start_ns + ph->duration_ns, "%s FAILED after %s: %s",
				phase_name(i), took, ph->reason ? ph->reason : "no reason given");
	}
}

static void tell_nodes(struct progress *p, const struct model *m)
{
	while (p->nodes.len < m->n_nodes)
		vec_push(&p->nodes, ((struct node_seen){ NODE_PLANNED, 0 }));
	for (size_t i = 0; i < m->n_nodes; i++) {
		const struct model_node *n = &m->nodes[i];
		struct node_seen *seen = &p->nodes.items[i];

		if (n->state == seen->state && n->state_since_ns == seen->since_ns)
			continue;
		seen->state = n->state;
		seen->since_ns = n->state_since_ns;
		if (n->state == NODE_DEAD)
			line(p, n->state_since_ns, "%s DIED: %s", n->name,
				n->reason ? n->reason : "no reason known");
		else if (p->verbose > 0)
			line(p, n->state_since_ns, "%s %s%s%s%s%s", n->name,
				node_state_name(n->state), n->reason ? ": " : "",
				n->reason ? n->reason : "", n->endpoint ? " " : "",
				n->endpoint ? n->endpoint : "");
	}
}

static const char *fault_node(const struct model *m, const struct model_fault *f)
{
	return f->node >= 0 && (size_t)f->node < m->n_nodes ? m->nodes[f->node].name : "cluster";
}

static void tell_faults(struct progress *p, const struct model *m)
{
	char took[32];

	for (size_t i = 0; i < m->n_faults; i++) {
		const struct model_fault *f = &m->faults[i];

		if (i == p->faults.len) {
			vec_push(&p->faults, false);
			line(p, f->start_ns, "fault: %s %s by %s", f->name, fault_node(m, f),
				f->by ? f->by : "?");
		}
		if (f->end_ns && !p->faults.items[i]) {
			p->faults.items[i] = true;
			line(p, f->end_ns, "healed: %s %s after %s%s", f->name, fault_node(m, f),
				units_format_human(f->end_ns - f->start_ns, took, sizeof(took)),
				f->effective ? "" : " (no effect was seen)");
		}
	}
}

static void tell_checks(struct progress *p, const struct model *m)
{
	for (size_t i = 0; i < m->n_checks; i++) {
		const struct model_check *c = &m->checks[i];

		if (i == p->checks.len)
			vec_push(&p->checks, VERDICT_PENDING);
		if (c->verdict == p->checks.items[i])
			continue;
		p->checks.items[i] = c->verdict;
		/* Final verdicts stand in the summary. */
		if (c->verdict == VERDICT_FAILING ||
			(p->verbose > 0 && c->verdict == VERDICT_PASSING))
			line(p, c->since_ns, "%s is %s: %s", c->name, verdict_name(c->verdict),
				c->reason ? c->reason : "");
	}
}

static void tell_logs(struct progress *p, const struct model *m)
{
	uint64_t newest = p->log_ns;

	for (size_t i = 0; i < m->n_logs; i++) {
		const struct model_log *l = &m->logs[(m->log_head + i) % MODEL_LOG_LINES];

		if (l->t_ns <= p->log_ns)
			continue;
		newest = MAX(newest, l->t_ns);
		if (p->verbose > 1 || l->level >= LOG_ERROR)
			line(p, l->t_ns, "%s: %s",
				l->node >= 0 && (size_t)l->node < m->n_nodes
					? m->nodes[l->node].name
					: "ltb",
				l->text);
	}
	p->log_ns = newest;
}

void progress_update(struct progress *p, const struct model *m)
{
	if (p->verbose < 0)
		return;
	if (!p->announced && m->run_id) {
		p->announced = true;
		line(p, 0, "%s on %s, seed %" PRIu64 ", %zu node%s, run %s", m->preset, m->backend,
			m->seed, m->n_nodes, plural_s(m->n_nodes), m->run_id);
	}
	tell_nodes(p, m);
	tell_faults(p, m);
	tell_checks(p, m);
	tell_logs(p, m);
	tell_phases(p, m);
}

void progress_heartbeat(struct progress *p, const struct model *m)
{
	uint64_t height = 0, submitted = 0, included = 0;
	size_t ready = 0, failing = 0;

	if (p->verbose < 0)
		return;
	for (size_t i = 0; i < m->n_nodes; i++) {
		ready += model_node_is_healthy(m, i);
		height = MAX(height, m->nodes[i].height);
	}
	for (size_t i = 0; i < m->n_workloads; i++) {
		submitted += m->workloads[i].counts.submitted;
		included += m->workloads[i].counts.included;
	}
	for (size_t i = 0; i < m->n_checks; i++)
		failing += m->checks[i].verdict == VERDICT_FAILING;
	line(p, m->now_ns,
		"%s: %zu/%zu node%s, height %" PRIu64 ", %" PRIu64 "/%" PRIu64
		" transaction%s included, %zu/%zu expectation%s failing",
		phase_name(m->phase), ready, m->n_nodes, plural_s(m->n_nodes), height, included,
		submitted, plural_s(submitted), failing, m->n_checks, plural_s(m->n_checks));
}
