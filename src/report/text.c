/*
 * The summary that a person reads at the end of a run: verdict first, then why,
 * then what happened, then how to run it again.
 */
#include "report/report.h"

#include <string.h>

#include "util/clock.h"
#include "util/units.h"

struct painter {
	struct strbuf *out;
	bool color;
};

static const char *verdict_color(enum verdict v)
{
	switch (v) {
	case VERDICT_PASS:
	case VERDICT_PASSING:
		return "\033[32m";
	case VERDICT_FAIL:
	case VERDICT_FAILING:
		return "\033[31m";
	default:
		return "\033[33m";
	}
}

static void add_verdict(struct painter *p, enum verdict v, const char *text)
{
	if (p->color)
		strbuf_adds(p->out, verdict_color(v));
	strbuf_adds(p->out, text);
	if (p->color)
		strbuf_adds(p->out, "\033[0m");
}

static void add_check(struct painter *p, const struct model_check *c)
{
	bool pass = c->verdict == VERDICT_PASS, fail = c->verdict == VERDICT_FAIL;

	strbuf_adds(p->out, "  ");
	add_verdict(p, c->verdict, pass ? "pass   " : fail ? "FAIL   " : "unknown");
	strbuf_addf(p->out, "  %-20s %s\n", c->name, c->reason ? c->reason : "not judged");
}

static void add_workload(struct painter *p, const struct model_workload *l)
{
	const struct workload_counts *c = &l->counts;
	char s50[32], s99[32], i50[32], i99[32];

	strbuf_addf(p->out, "  %-20s ", l->name);
	if (c->submitted + c->rejected + c->unsent > 0) {
		strbuf_addf(p->out,
			"planned %llu: submitted %llu, rejected %llu, unsent %llu\n"
			"  %-20s included %llu, dropped %llu, expired %llu, pending %llu\n",
			(unsigned long long)c->planned, (unsigned long long)c->submitted,
			(unsigned long long)c->rejected, (unsigned long long)c->unsent, "",
			(unsigned long long)c->included, (unsigned long long)c->dropped,
			(unsigned long long)c->expired, (unsigned long long)c->pending);
		strbuf_addf(p->out,
			"  %-20s submit p50 %s p99 %s\n"
			"  %-20s inclusion p50 %s p99 %s\n",
			"", units_format_human(c->submit_p50_ns, s50, sizeof(s50)),
			units_format_human(c->submit_p99_ns, s99, sizeof(s99)), "",
			units_format_human(c->include_p50_ns, i50, sizeof(i50)),
			units_format_human(c->include_p99_ns, i99, sizeof(i99)));
	} else if (c->planned) {
		strbuf_addf(p->out, "%llu of %llu action%s\n", (unsigned long long)c->actions,
			(unsigned long long)c->planned, plural_s(c->planned));
	} else {
		strbuf_addf(p->out, "%llu action%s\n", (unsigned long long)c->actions,
			plural_s(c->actions));
	}
	if (l->ended && !l->ok)
		strbuf_addf(p->out, "  %-20s could not do its work: %s\n", "",
			l->reason ? l->reason : "no reason given");
}

#define MAX_FAULT_LINES 20

static void add_faults(struct painter *p, const struct model *m)
{
	for (size_t i = 0; i < m->n_faults && i < MAX_FAULT_LINES; i++) {
		const struct model_fault *f = &m->faults[i];
		char at[32], took[32];
		bool known = f->node >= 0 && (size_t)f->node < m->n_nodes;

		strbuf_addf(p->out, "  %-20s %-4s at %s, %s, ", f->name,
			known ? m->nodes[f->node].name : "-",
			units_format_human(f->start_ns, at, sizeof(at)),
			f->effective ? "in effect" : "no effect seen");
		if (f->end_ns)
			strbuf_addf(p->out, "healed after %s\n",
				units_format_human(f->end_ns - f->start_ns, took, sizeof(took)));
		else
			strbuf_adds(p->out, "not healed\n");
	}
	if (m->n_faults > MAX_FAULT_LINES)
		strbuf_addf(p->out, "  ... and %zu more\n", m->n_faults - MAX_FAULT_LINES);
}

static void add_nodes(struct painter *p, const struct model *m)
{
	size_t shown = 0;

	for (size_t i = 0; i < m->n_nodes && shown < 20; i++) {
		const struct model_node *n = &m->nodes[i];

		/* Nodes are named only when there is something to say about them. */
		if (n->state != NODE_DEAD && !n->error)
			continue;
		strbuf_addf(p->out, "  %-20s %s%s%s%s%s\n", n->name, node_state_name(n->state),
			n->reason ? ", " : "", n->reason ? n->reason : "", n->error ? ": " : "",
			n->error ? n->error : "");
		shown++;
	}
}

void report_text(const struct report_input *in, bool color, struct strbuf *out)
{
	const struct model *m = in->model;
	struct painter p = { .out = out, .color = color };
	enum verdict v = in->result->verdict;
	char took[32];

	add_verdict(&p, v, v == VERDICT_PASS ? "PASS" : v == VERDICT_FAIL ? "FAIL" : "UNKNOWN");
	strbuf_addf(out, "  %s on %s, seed %llu, %s, %zu node%s, %llu block%s\n",
		m->preset ? m->preset : "?", m->backend ? m->backend : "?",
		(unsigned long long)m->seed, units_format_human(m->now_ns, took, sizeof(took)),
		m->n_nodes, plural_s(m->n_nodes), (unsigned long long)m->n_blocks,
		plural_s(m->n_blocks));
	/* also a run that passed, when it could not be taken down */
	if ((v != VERDICT_PASS || in->result->exit_code != EXIT_PASS) && in->result->reason[0])
		strbuf_addf(out, "  %s: %s\n", v == VERDICT_PASS ? "however" : "because",
			in->result->reason);
	if (m->n_checks)
		strbuf_adds(out, "\nexpectations\n");
	for (size_t i = 0; i < m->n_checks; i++)
		add_check(&p, &m->checks[i]);
	if (m->n_workloads)
		strbuf_adds(out, "\nworkloads\n");
	for (size_t i = 0; i < m->n_workloads; i++)
		add_workload(&p, &m->workloads[i]);
	if (m->n_faults) {
		strbuf_adds(out, "\nfaults\n");
		add_faults(&p, m);
	}
	size_t mark = out->len;

	add_nodes(&p, m);
	if (out->len != mark) {
		struct strbuf nodes = { 0 };

		strbuf_add(&nodes, out->buf + mark, out->len - mark);
		out->len = mark;
		strbuf_addf(out, "\nnodes\n%s", strbuf_str(&nodes));
		strbuf_release(&nodes);
	}
	if (m->n_lost)
		strbuf_addf(out, "\n%llu sample%s or log line%s dropped (queue full)\n",
			(unsigned long long)m->n_lost, plural_s(m->n_lost), plural_s(m->n_lost));
	strbuf_addf(out, "\nagain:   %s\n", in->reproduce ? in->reproduce : "");
	if (in->run_dir)
		strbuf_addf(out, "run:     %s\n", in->run_dir);
}
