/*
 * result.json. Keys are only ever added within one schema number; times are
 * milliseconds unless the name says otherwise.
 */
#include "report/report.h"

#include "util/clock.h"
#include "util/json.h"

static void write_nodes(struct jw *w, const struct model *m)
{
	jw_key(w, "nodes");
	jw_array(w);
	for (size_t i = 0; i < m->n_nodes; i++) {
		const struct model_node *n = &m->nodes[i];

		jw_object(w);
		jw_kstr(w, "name", n->name);
		jw_kstr(w, "state", node_state_name(n->state));
		jw_kstr(w, "reason", n->reason);
		jw_kstr(w, "endpoint", n->endpoint);
		jw_ku64(w, "restarts", n->restarts);
		if (n->has_sample) {
			jw_kstr(w, "mode", n->mode);
			jw_ku64(w, "height", n->height);
			jw_ku64(w, "slot", n->slot);
			jw_kid32(w, "tip", &n->tip);
			jw_kid32(w, "lib", &n->lib);
			jw_ku64(w, "peers", n->peers);
			jw_ku64(w, "mempool", n->mempool);
			jw_ku64(w, "rss_bytes", n->rss_bytes);
		}
		jw_kstr(w, "error", n->error);
		jw_object_end(w);
	}
	jw_array_end(w);
}

static void write_phases(struct jw *w, const struct model *m)
{
	jw_key(w, "phases");
	jw_array(w);
	for (int i = 0; i < PHASE_COUNT; i++) {
		const struct model_phase *p = &m->phases[i];

		if (!p->started)
			continue;
		jw_object(w);
		jw_kstr(w, "name", phase_name(i));
		jw_ku64(w, "start_ms", p->start_ns / NS_PER_MS);
		jw_ku64(w, "duration_ms",
			(p->ended ? p->duration_ns : m->now_ns - p->start_ns) / NS_PER_MS);
		jw_kstr(w, "outcome", !p->ended ? "unfinished" : p->ok ? "ok" : "failed");
		if (p->reason)
			jw_kstr(w, "reason", p->reason);
		jw_object_end(w);
	}
	jw_array_end(w);
}

static void write_workloads(struct jw *w, const struct model *m)
{
	jw_key(w, "workloads");
	jw_array(w);
	for (size_t i = 0; i < m->n_workloads; i++) {
		const struct model_workload *l = &m->workloads[i];
		const struct workload_counts *c = &l->counts;

		jw_object(w);
		jw_kstr(w, "name", l->name);
		jw_kstr(w, "outcome", !l->ended ? "unfinished" : l->ok ? "ok" : "failed");
		if (l->reason)
			jw_kstr(w, "reason", l->reason);
		jw_ku64(w, "planned", c->planned);
		jw_ku64(w, "submitted", c->submitted);
		jw_ku64(w, "rejected", c->rejected);
		jw_ku64(w, "unsent", c->unsent);
		jw_ku64(w, "included", c->included);
		jw_ku64(w, "dropped", c->dropped);
		jw_ku64(w, "expired", c->expired);
		jw_ku64(w, "pending", c->pending);
		jw_ku64(w, "actions", c->actions);
		jw_kdouble(w, "target_rate_per_s", c->target_rate);
		jw_kdouble(w, "rate_per_s", c->rate);
		jw_kdouble(w, "submit_p50_ms", (double)c->submit_p50_ns / 1e6);
		jw_kdouble(w, "submit_p99_ms", (double)c->submit_p99_ns / 1e6);
		jw_kdouble(w, "include_p50_ms", (double)c->include_p50_ns / 1e6);
		jw_kdouble(w, "include_p99_ms", (double)c->include_p99_ns / 1e6);
		jw_object_end(w);
	}
	jw_array_end(w);
}

static void write_faults(struct jw *w, const struct model *m)
{
	jw_key(w, "faults");
	jw_array(w);
	for (size_t i = 0; i < m->n_faults; i++) {
		const struct model_fault *f = &m->faults[i];

		jw_object(w);
		jw_ku64(w, "id", f->id);
		jw_kstr(w, "name", f->name);
		jw_kstr(w, "by", f->by);
		jw_key(w, "node");
		if (f->node >= 0 && (size_t)f->node < m->n_nodes)
			jw_str(w, m->nodes[f->node].name);
		else
			jw_null(w);
		jw_ku64(w, "start_ms", f->start_ns / NS_PER_MS);
		if (f->end_ns)
			jw_ku64(w, "end_ms", f->end_ns / NS_PER_MS);
		jw_kbool(w, "healed", f->end_ns != 0);
		jw_kbool(w, "effective", f->effective);
		if (f->detail)
			jw_kstr(w, "detail", f->detail);
		jw_object_end(w);
	}
	jw_array_end(w);
}

static void write_checks(struct jw *w, const struct model *m)
{
	jw_key(w, "checks");
	jw_array(w);
	for (size_t i = 0; i < m->n_checks; i++) {
		const struct model_check *c = &m->checks[i];
		bool final = c->verdict == VERDICT_PASS || c->verdict == VERDICT_FAIL;

		jw_object(w);
		jw_kstr(w, "name", c->name);
		jw_kstr(w, "verdict", verdict_name(final ? c->verdict : VERDICT_UNKNOWN));
		jw_kstr(w, "reason", c->reason);
		jw_key(w, "evidence");
		if (c->evidence && *c->evidence)
			jw_raw(w, c->evidence);
		else
			jw_raw(w, "{}");
		jw_object_end(w);
	}
	jw_array_end(w);
}

void report_json(const struct report_input *in, struct strbuf *out)
{
	const struct model *m = in->model;
	struct jw w;

	jw_init(&w, out, 2);
	jw_object(&w);
	jw_kstr(&w, "schema", RESULT_SCHEMA);
	jw_kstr(&w, "verdict", verdict_name(in->result->verdict));
	jw_ki64(&w, "exit_code", in->result->exit_code);
	jw_kstr(&w, "reason", in->result->reason);
	jw_kstr(&w, "preset", m->preset);
	jw_kstr(&w, "backend", m->backend);
	jw_ku64(&w, "seed", m->seed);
	jw_kstr(&w, "run_id", m->run_id);
	jw_kstr(&w, "started", m->started);
	jw_ku64(&w, "duration_ms", m->now_ns / NS_PER_MS);
	jw_ku64(&w, "blocks", m->n_blocks);
	jw_ku64(&w, "reorgs", m->n_reorgs);
	jw_ku64(&w, "lost_events", m->n_lost);
	jw_kstr(&w, "reproduce", in->reproduce);
	write_nodes(&w, m);
	write_phases(&w, m);
	write_workloads(&w, m);
	write_faults(&w, m);
	write_checks(&w, m);
	jw_object_end(&w);
	strbuf_addc(out, '\n');
}
