/* All about one node; see node_detail.h. Pure. */
#include "ui/node_detail.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ui/node_view.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/units.h"

#define AT         14 /* column of values */
#define LOG_LINES  20
#define BLOCKS_MAX 20

static uint64_t since(const struct pane_context *ctx, uint64_t t_ns)
{
	return ctx->now_ns > t_ns ? ctx->now_ns - t_ns : 0;
}

static void detail_state(const struct pane_context *ctx, size_t i, struct rich *out)
{
	const struct model_node *n = &ctx->model->nodes[i];
	char clock[32], ago[32];

	rich_field(out, AT, "state", role_of_node(n->state), "%s since %s (%s)%s",
		node_state_name(n->state), fmt_clock(n->state_since_ns, clock, sizeof(clock)),
		fmt_ago(since(ctx, n->state_since_ns), ago, sizeof(ago)),
		n->state == NODE_DEAD || n->state_expected ? "" : ", not on purpose");
	if (n->reason)
		rich_field(out, AT, "reason", n->state == NODE_DEAD ? ROLE_BAD : ROLE_NORMAL, "%s",
			n->reason);
	if (n->endpoint)
		rich_field(out, AT, "endpoint", ROLE_NORMAL, "%s", n->endpoint);
	if (n->pid)
		rich_field(out, AT, "process", ROLE_NORMAL, "%" PRId64, n->pid);
	rich_field(out, AT, "restarts", n->restarts ? ROLE_NORMAL : ROLE_DIM, "%u", n->restarts);
	if (ctx->plan) {
		uint64_t stake = plan_node_stake(ctx->plan, (unsigned)i);
		char buf[32];

		rich_field(out, AT, "stake", ROLE_NORMAL, "%s, %.3g %% of all",
			fmt_count(stake, buf, sizeof(buf)),
			ctx->plan->total_stake
				? 100.0 * (double)stake / (double)ctx->plan->total_stake
				: 0);
	}
}

static void detail_chain(const struct pane_context *ctx, size_t i, struct rich *out)
{
	const struct model_node *n = &ctx->model->nodes[i];
	uint64_t lag = node_lag(n, model_height(ctx->model, NULL));
	char hex[ID32_HEX], buf[32], buf2[32];

	rich_heading(out, "chain");
	if (!n->has_sample) {
		rich_add(out, ROLE_DIM, "  it has not answered yet");
		rich_newline(out);
		return;
	}
	if (!n->ok)
		rich_field(out, AT, "last sample", ROLE_BAD, "%s", n->error ? n->error : "failed");
	if (!node_has_numbers(n))
		rich_field(out, AT, "as of", ROLE_WARN, "%s, %s ago",
			fmt_clock(n->sample_ns, buf, sizeof(buf)),
			fmt_ago(since(ctx, n->sample_ns), buf2, sizeof(buf2)));
	rich_field(out, AT, "mode", strcmp(n->mode, "Online") == 0 ? ROLE_NORMAL : ROLE_WARN, "%s",
		n->mode[0] ? n->mode : "not known");
	rich_field(
		out, AT, "height", ROLE_NORMAL, "%" PRIu64 ", slot %" PRIu64, n->height, n->slot);
	rich_field(out, AT, "lag", lag > 3 ? ROLE_WARN : ROLE_NORMAL, "%" PRIu64 " block%s", lag,
		plural_s(lag));
	rich_field(out, AT, "tip", ROLE_NORMAL, "%s", id32_hex(&n->tip, hex));
	rich_field(out, AT, "LIB", ROLE_NORMAL, "%s", id32_hex(&n->lib, hex));
	rich_field(out, AT, "LIB slot", ROLE_NORMAL, "%" PRIu64, n->lib_slot);
	rich_field(out, AT, "mempool", ROLE_NORMAL, "%s", fmt_count(n->mempool, buf, sizeof(buf)));
	if (n->has_supply)
		rich_field(out, AT, "supply",
			n->supply == n->genesis_supply ? ROLE_NORMAL : ROLE_BAD,
			"%s of %s in genesis", fmt_count(n->supply, buf, sizeof(buf)),
			fmt_count(n->genesis_supply, buf2, sizeof(buf2)));
}

static void detail_process(const struct model_node *n, struct rich *out)
{
	char in[32], out_bytes[32], in_rate[32], out_rate[32];

	if (n->cpu < 0 && n->rss_bytes == 0 && !n->has_traffic)
		return;
	rich_heading(out, "process");
	if (n->cpu >= 0)
		rich_field(out, AT, "cpu", ROLE_NORMAL, "%.1f %% of a core", n->cpu * 100);
	if (n->rss_bytes > 0)
		rich_field(out, AT, "memory", ROLE_NORMAL, "%s",
			fmt_bytes(n->rss_bytes, in, sizeof(in)));
	if (n->has_traffic)
		rich_field(out, AT, "traffic", ROLE_NORMAL,
			"in %s (%s/s), out %s (%s/s) since it was started",
			fmt_bytes(n->in_bytes, in, sizeof(in)),
			fmt_bytes((uint64_t)MAX(n->in_rate, 0), in_rate, sizeof(in_rate)),
			fmt_bytes(n->out_bytes, out_bytes, sizeof(out_bytes)),
			fmt_bytes((uint64_t)MAX(n->out_rate, 0), out_rate, sizeof(out_rate)));
}

/* --- links ----------------------------------------------------------------------- */

static void link_direction(const struct pane_context *ctx, const char *label,
	const struct model_link *l, struct rich *out)
{
	char rule[120], clock[32];

	rich_addf(out, ROLE_DIM, "%s ", label);
	if (!l) {
		rich_add(out, ROLE_DIM, "as usual");
		return;
	}
	link_rule(l, &glyphs_ascii, rule, sizeof(rule));
	rich_add(out, l->cut ? ROLE_BAD : ROLE_WARN, rule);
	rich_addf(out, ROLE_DIM, " since %s (%s)", fmt_clock_s(l->since_ns, clock, sizeof(clock)),
		fmt_ago(since(ctx, l->since_ns), rule, sizeof(rule)));
}

static bool is_same_rule(const struct model_link *a, const struct model_link *b)
{
	return a->cut == b->cut && a->delay_ns == b->delay_ns && a->jitter_ns == b->jitter_ns &&
	       a->loss == b->loss && a->since_ns == b->since_ns;
}

/* One neighbour: its state and the link in both directions. */
static void link_line(
	const struct pane_context *ctx, const char *how, size_t node, size_t peer, struct rich *out)
{
	const struct model *m = ctx->model;
	const struct model_link *to = model_find_link(m, (unsigned)node, (unsigned)peer),
				*from = model_find_link(m, (unsigned)peer, (unsigned)node);
	char name[24];

	if (peer < m->n_nodes)
		snprintf(name, sizeof(name), "%s", m->nodes[peer].name);
	else
		snprintf(name, sizeof(name), "n%zu", peer);
	rich_addf(out, ROLE_DIM, "  %-*s", AT - 2, how);
	rich_addf(out, ROLE_STRONG, "%-5s ", name);
	enum node_state state = peer < m->n_nodes ? m->nodes[peer].state : NODE_PLANNED;
	rich_addf(out, role_of_node(state), "%-9s ", node_state_name(state));
	if (to && from && is_same_rule(to, from)) {
		link_direction(ctx, "both ways", to, out);
	} else if (to || from) {
		link_direction(ctx, "to it", to, out);
		rich_add(out, ROLE_DIM, "; ");
		link_direction(ctx, "from it", from, out);
	} else {
		rich_add(out, ROLE_DIM, "link as usual");
	}
	rich_indent(out, AT + 16);
	rich_newline(out);
}

static bool dials(const struct plan *p, size_t node, size_t peer)
{
	unsigned *peers;
	size_t n = node_dials(p, node, &peers);
	bool found = false;

	for (size_t i = 0; i < n; i++)
		found = found || peers[i] == peer;
	free(peers);
	return found;
}

/* Shaped links to nodes that the plan does not connect it with. */
static void other_links(const struct pane_context *ctx, size_t node, struct rich *out)
{
	const struct model *m = ctx->model;

	for (size_t i = 0; i < m->n_links; i++) {
		const struct model_link *l = &m->links[i];
		size_t peer = l->from == node ? l->to : l->from;

		if (l->from != node && l->to != node)
			continue;
		if (l->to == node && model_find_link(m, l->to, l->from))
			continue; /* told with the other direction */
		if (ctx->plan && (dials(ctx->plan, node, peer) || dials(ctx->plan, peer, node)))
			continue;
		link_line(ctx, "no peer", node, peer, out);
	}
}

void node_detail_links(const struct pane_context *ctx, size_t node, struct rich *out)
{
	const struct model *m = ctx->model;
	rich_heading(out, "links");
	size_t lines = out->lines.len;
	if (ctx->plan) {
		unsigned *peers;
		size_t n = node_dials(ctx->plan, node, &peers);

		for (size_t i = 0; i < n; i++)
			link_line(ctx, "dials", node, peers[i], out);
		free(peers);
		for (size_t i = 0; i < MAX(m->n_nodes, ctx->plan->n_nodes); i++) {
			if (i != node && dials(ctx->plan, i, node))
				link_line(ctx, "dialled by", node, i, out);
		}
	}
	other_links(ctx, node, out);
	if (out->lines.len == lines) {
		rich_add(out, ROLE_DIM,
			ctx->plan ? "  none" : "  the topology is not known; no link is shaped");
		rich_newline(out);
	}
}

/* --- what happened to it ----------------------------------------------------------- */

static void fault_line(
	const struct pane_context *ctx, const struct model_fault *f, struct rich *out)
{
	char from[32], to[32], dur[32];
	bool open = f->end_ns == 0;
	uint64_t ns = open ? since(ctx, f->start_ns)
			   : (f->end_ns > f->start_ns ? f->end_ns - f->start_ns : 0);

	rich_addf(out, open ? ROLE_FAULT : ROLE_NORMAL, "  %-*s", AT - 2, f->name ? f->name : "?");
	rich_addf(out, open ? ROLE_FAULT : ROLE_NORMAL, "%s to %s",
		fmt_clock(f->start_ns, from, sizeof(from)),
		open ? "now" : fmt_clock(f->end_ns, to, sizeof(to)));
	rich_addf(out, ROLE_DIM, ", %s, by %s", fmt_ms(ns, dur, sizeof(dur)), f->by ? f->by : "?");
	if (open)
		rich_add(out, ROLE_FAULT, ", in force");
	else if (!f->effective)
		rich_add(out, ROLE_WARN, ", no effect was seen");
	if (f->detail)
		rich_addf(out, ROLE_DIM, ": %s", f->detail);
	rich_indent(out, AT);
	rich_newline(out);
}

static void detail_faults(const struct pane_context *ctx, size_t node, struct rich *out)
{
	const struct model *m = ctx->model;
	bool any = false;

	rich_heading(out, "faults");
	for (int open = 1; open >= 0; open--) {
		for (size_t i = m->n_faults; i-- > 0;) {
			const struct model_fault *f = &m->faults[i];

			if (f->node != (int)node || (f->end_ns == 0) != (open == 1))
				continue;
			fault_line(ctx, f, out);
			any = true;
		}
	}
	if (!any) {
		rich_add(out, ROLE_DIM, "  none so far");
		rich_newline(out);
	}
}

static void detail_blocks(const struct pane_context *ctx, size_t node, struct rich *out)
{
	const struct model *m = ctx->model;
	size_t n = 0;
	struct plan_node extra = { .n_peers = 0 };
	const struct id32 *key;

	if (!ctx->plan)
		return;
	if (node >= ctx->plan->n_nodes)
		plan_extra_node(ctx->plan, (unsigned)node, &extra);
	key = node < ctx->plan->n_nodes ? &ctx->plan->nodes[node].key.pk : &extra.key.pk;
	rich_heading(out, "blocks it proposed");
	for (size_t i = 0; i < m->n_snapshot_blocks; i++) {
		const struct view_block *b = &m->blocks[i];
		char clock[32], id[32], size[32];

		if (!id32_eq(&b->leader, key) || n++ >= BLOCKS_MAX)
			continue;
		rich_addf(out, ROLE_DIM, "  %-*s", AT - 2,
			fmt_clock(b->first_ns, clock, sizeof(clock)));
		rich_addf(out, ROLE_NORMAL, "%6" PRIu64, b->height);
		rich_addf(out, ROLE_DIM, "  %s  %3u tx %7s", fmt_id(&b->id, id, sizeof(id)),
			(unsigned)b->n_txs, fmt_bytes(b->size_bytes, size, sizeof(size)));
		rich_newline(out);
	}
	rich_addf(out, ROLE_DIM, "  %zu of the newest %zu", n, m->n_snapshot_blocks);
	rich_newline(out);
	free(extra.peers);
}

static void detail_log(const struct pane_context *ctx, size_t node, struct rich *out)
{
	const struct model *m = ctx->model;
	size_t lines[LOG_LINES], n = 0;

	rich_heading(out, "its last log lines");
	for (size_t i = m->n_logs; i-- > 0 && n < LOG_LINES;) {
		size_t at = (m->log_head + i) % m->n_logs;

		if (m->logs[at].node == (int)node && m->logs[at].own)
			lines[n++] = at;
	}
	if (n == 0) {
		rich_add(out, ROLE_DIM, "  none");
		rich_newline(out);
	}
	while (n > 0) {
		const struct model_log *l = &m->logs[lines[--n]];
		char clock[32];

		rich_addf(
			out, ROLE_DIM, "  %-*s", AT - 2, fmt_clock(l->t_ns, clock, sizeof(clock)));
		rich_add(out,
			l->level >= LOG_ERROR   ? ROLE_BAD
			: l->level == LOG_WARN  ? ROLE_WARN
			: l->level <= LOG_DEBUG ? ROLE_DIM
						: ROLE_NORMAL,
			l->text ? l->text : "");
		rich_indent(out, AT);
		rich_newline(out);
	}
}

bool node_detail(const struct pane_context *ctx, size_t node, char *ret_title, size_t title_size,
	struct rich *out)
{
	const struct model *m = ctx->model;

	if (node >= m->n_nodes)
		return false;
	const struct model_node *n = &m->nodes[node];

	snprintf(ret_title, title_size, "node %s, %s", n->name, node_state_name(n->state));
	detail_state(ctx, node, out);
	detail_chain(ctx, node, out);
	detail_process(n, out);
	node_detail_links(ctx, node, out);
	detail_faults(ctx, node, out);
	detail_blocks(ctx, node, out);
	detail_log(ctx, node, out);
	return true;
}
