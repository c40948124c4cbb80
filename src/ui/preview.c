/* Facts about a planned preset, drawn and written; see preview.h. */
#include "ui/preview.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/backend.h"
#include "core/check.h"
#include "core/workload.h"
#include "ui/map.h"
#include "ui/pane.h"
#include "ui/pane_names.h"
#include "util/units.h"

#define FACT_COLUMN   10
#define LEAST_MAP     6 /* rows; below that a map tells nothing */
#define NODES_IN_PLAN 100

static uint64_t expected_blocks(const struct edit_status *st)
{
	return (uint64_t)llround(fmin(st->expected_blocks, 1e15));
}

static void put_checks(const struct scenario *s, const char *separator, struct strbuf *out)
{
	for (size_t i = 0; i < s->n_checks; i++)
		strbuf_addf(out, "%s%s", i ? separator : "", s->checks[i].name);
	if (s->n_checks == 0)
		strbuf_adds(out, "none: the verdict will be unknown");
}

static bool has_faults(const struct scenario *s)
{
	for (size_t i = 0; i < s->n_workloads; i++) {
		if (workload_is_fault(s->workloads[i].ops))
			return true;
	}
	return false;
}

void preview_facts(
	const struct edit_status *st, const struct glyphs *g, bool brief, struct rich *out)
{
	const struct scenario *s = st->scenario;
	const struct topology *t = &s->topology;
	const char *about = glyph_str(g->approx);
	CLEANUP_STRBUF struct strbuf checks = { 0 };
	char a[40], b[40];

	rich_field(out, FACT_COLUMN, "nodes", ROLE_NORMAL, "%zu, %s", t->n_nodes,
		topology_layout_name(t->layout));
	if (!brief)
		rich_field(out, FACT_COLUMN, "chain", ROLE_NORMAL, "slot %s, f %g, k %u",
			units_format_duration(t->consensus.slot_duration_ns, a, sizeof(a)),
			t->consensus.active_slot_coeff, t->consensus.security_param);
	rich_field(out, FACT_COLUMN, "blocks", ROLE_NORMAL, "%s %s, one per %s", about,
		fmt_count(expected_blocks(st), a, sizeof(a)),
		units_format_human(st->block_interval_ns, b, sizeof(b)));
	if (st->planned_txs)
		rich_field(out, FACT_COLUMN, "load", ROLE_NORMAL, "%s",
			name_count(st->planned_txs, "transaction", "transactions"));
	else
		rich_field(out, FACT_COLUMN, "load", ROLE_DIM, "none");
	if (st->planned_faults)
		rich_field(out, FACT_COLUMN, "faults", ROLE_FAULT, "%s planned",
			fmt_count(st->planned_faults, a, sizeof(a)));
	else if (st->plan && has_faults(s))
		rich_field(out, FACT_COLUMN, "faults", ROLE_WARN, "none in this time");
	rich_field(out, FACT_COLUMN, "time", ROLE_NORMAL, "%s %s, then judged", about,
		fmt_clock_s(st->run_ns, a, sizeof(a)));
	if (!brief)
		rich_field(out, FACT_COLUMN, "backend", ROLE_NORMAL, "%s%s", s->backend->name,
			s->backend->caps & BACKEND_VIRTUAL ? " (simulation)" : "");
	put_checks(s, " ", &checks);
	rich_field(out, FACT_COLUMN, "checks", s->n_checks ? ROLE_NORMAL : ROLE_WARN, "%s",
		strbuf_str(&checks));
}

void preview_line(const struct edit_status *st, const struct glyphs *g, struct strbuf *out)
{
	const char *about = glyph_str(g->approx), *dot = glyph_str(g->middle_dot);
	const struct topology *t = &st->scenario->topology;
	char a[40];

	strbuf_addf(out, "%s %s %s %s %s", name_count(t->n_nodes, "node", "nodes"),
		topology_layout_name(t->layout), dot, about,
		name_count(expected_blocks(st), "block", "blocks"));
	if (st->planned_txs)
		strbuf_addf(out, " %s %s tx", dot, fmt_count(st->planned_txs, a, sizeof(a)));
	if (st->planned_faults)
		strbuf_addf(out, " %s %s", dot, name_count(st->planned_faults, "fault", "faults"));
	strbuf_addf(out, " %s %s %s", dot, about, fmt_clock_s(st->run_ns, a, sizeof(a)));
}

void preview_draw(const struct edit_status *st, struct view *v)
{
	struct rich facts = { 0 };
	int height = 0, map = 0;

	/* Where it gets tight, rather fewer facts than no map. */
	for (int brief = 0; map < LEAST_MAP && brief < 2; brief++) {
		rich_release(&facts);
		preview_facts(st, v->canvas->glyphs, brief, &facts);
		height = rich_height(&facts, v->w);
		map = v->h - height - 1;
	}
	if (map < LEAST_MAP || !st->plan) {
		rich_release(&facts);
		preview_facts(st, v->canvas->glyphs, false, &facts);
		map = -1;
	} else {
		struct view top = view_sub(v, 0, 0, v->w, map);

		map_draw(st->plan, NULL, &top, -1);
	}
	struct view below = view_sub(v, 0, map + 1, v->w, v->h - map - 1);

	rich_draw(&facts, &below, 0, NULL);
	rich_release(&facts);
}

/* --- the plan as a text -------------------------------------------------------------------- */

static void put_node(const struct plan *p, size_t i, struct rich *out)
{
	const struct plan_node *n = &p->nodes[i];
	const struct node_override *o = &p->scenario->topology.overrides[i];
	CLEANUP_STRBUF struct strbuf peers = { 0 };
	char stake[40];

	for (size_t j = 0; j < n->n_peers; j++)
		strbuf_addf(&peers, " %s", p->nodes[n->peers[j]].name);
	rich_addf(out, ROLE_NORMAL, "  %-6s", n->name);
	rich_addf(out, n->stake ? ROLE_NORMAL : ROLE_WARN, "stake %s",
		fmt_count(n->stake, stake, sizeof(stake)));
	rich_addf(out, ROLE_DIM, "  dials%s", peers.len ? strbuf_str(&peers) : " nobody");
	for (size_t j = 0; j < o->args.len; j++)
		rich_addf(out, ROLE_FAULT, " %s", o->args.items[j]);
	rich_indent(out, 8);
	rich_newline(out);
}

/* "rate 5, per block, ..." */
static void put_settings(const struct option *table, const void *config, struct rich *out)
{
	const char *separator = "";

	for (const struct option *o = table; o && o->name; o++) {
		const struct option one[2] = { *o, { 0 } };
		CLEANUP_STRBUF struct strbuf json = { 0 };
		struct jw w;

		jw_init(&w, &json, 0);
		options_to_json(one, config, &w);
		/* {"NAME":VALUE}: only the value is wanted */
		char *value = json.buf + strlen(o->name) + 4;
		size_t len = strlen(value) - 1;

		if (value[0] == '"' && len >= 2) {
			value++;
			len -= 2;
		}
		value[len] = '\0';
		if (*value && strcmp(value, "null") != 0) {
			rich_addf(out, ROLE_DIM, "%s%s %s", separator, o->name, value);
			separator = ", ";
		}
	}
}

static void put_plugins(const struct edit_status *st, struct rich *out)
{
	const struct scenario *s = st->scenario;

	rich_heading(out, "Workloads and faults");
	for (size_t i = 0; i < s->n_workloads; i++) {
		const struct workload_use *u = &s->workloads[i];
		char n[40];

		rich_addf(out, u->ops->needs ? ROLE_FAULT : ROLE_STRONG, "  %s", u->name);
		rich_addf(out, ROLE_NORMAL, "  %s planned  ",
			fmt_count(workload_planned(u->ops, st->plan->workloads[i]), n, sizeof(n)));
		put_settings(u->ops->options, u->config, out);
		rich_indent(out, 4);
		rich_newline(out);
	}
	rich_heading(out, "Expectations");
	for (size_t i = 0; i < s->n_checks; i++) {
		const struct check_use *u = &s->checks[i];

		rich_addf(out, ROLE_STRONG, "  %s", u->name);
		if (u->implied)
			rich_add(out, ROLE_DIM, " (comes with a workload)");
		rich_add(out, ROLE_DIM, "  ");
		put_settings(u->ops->options, u->config, out);
		rich_indent(out, 4);
		rich_newline(out);
	}
}

void preview_plan(const struct edit_status *st, const struct glyphs *g, struct rich *out)
{
	const struct plan *p = st->plan;

	rich_addf(out, ROLE_GOOD, "%s valid", glyph_str(g->pass));
	rich_addf(out, ROLE_NORMAL, "  %s, seed %" PRIu64, st->scenario->name, p->seed);
	rich_newline(out);
	rich_newline(out);
	preview_facts(st, g, false, out);
	rich_heading(out, "Nodes");
	for (size_t i = 0; i < p->n_nodes && i < NODES_IN_PLAN; i++)
		put_node(p, i, out);
	if (p->n_nodes > NODES_IN_PLAN) {
		rich_addf(out, ROLE_DIM, "  and %zu more", p->n_nodes - NODES_IN_PLAN);
		rich_newline(out);
	}
	put_plugins(st, out);
	rich_heading(out, "Identity");
	rich_field(out, FACT_COLUMN, "chain id", ROLE_NORMAL, "%s", p->chain_id);
}
