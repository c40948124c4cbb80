/* All about one block; see block_detail.h. Pure. */
#include "ui/block_detail.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ui/node_view.h"
#include "ui/pane_names.h"
#include "util/mem.h"

#define AT      14 /* column of values */
#define MAX_TXS 200

const char *block_proposer(
	const struct pane_context *ctx, const struct view_block *b, char *buf, size_t size)
{
	int node = node_by_key(ctx->plan, &b->leader);

	if (node >= 0)
		snprintf(buf, size, "%s", ctx->plan->nodes[node].name);
	else if (id32_is_zero(&b->leader))
		snprintf(buf, size, "?");
	else
		fmt_id(&b->leader, buf, size);
	return buf;
}

const char *block_place_text(const struct block_row *row, char *buf, size_t size)
{
	static const char *const words[] = {
		[BLOCK_BEST] = "",
		[BLOCK_COMPETING] = "competing",
		[BLOCK_LOST] = "lost",
		[BLOCK_ORPHAN] = "orphan",
		[BLOCK_UNTOLD] = "older",
	};
	char led[32];

	if (row->led_ns > 0 && row->place != BLOCK_BEST && row->place != BLOCK_UNTOLD)
		snprintf(buf, size, "%s, led %s", words[row->place],
			fmt_ms(row->led_ns, led, sizeof(led)));
	else
		snprintf(buf, size, "%s", words[row->place]);
	return buf;
}

static const char *node_name(const struct model *m, int node, char *buf, size_t size)
{
	if (node >= 0 && (size_t)node < m->n_nodes)
		snprintf(buf, size, "%s", m->nodes[node].name);
	else
		snprintf(buf, size, "a node");
	return buf;
}

static void detail_place(const struct block_row *row, struct rich *out)
{
	char led[32];

	fmt_ms(row->led_ns, led, sizeof(led));
	switch (row->place) {
	case BLOCK_BEST:
		rich_field(out, AT, "place", ROLE_GOOD, "on the best chain");
		return;
	case BLOCK_COMPETING:
		rich_field(out, AT, "place", ROLE_WARN, "on a branch as high as the best chain");
		break;
	case BLOCK_LOST:
		rich_field(
			out, AT, "place", ROLE_WARN, "lost: the best chain grew past its branch");
		break;
	case BLOCK_ORPHAN:
		rich_field(out, AT, "place", ROLE_WARN, "not known: an ancestor is missing");
		break;
	case BLOCK_UNTOLD:
		rich_field(out, AT, "place", ROLE_DIM,
			"not known: older than the part of the best chain that is kept");
		return;
	}
	if (row->led_ns > 0)
		rich_field(out, AT, "", ROLE_NORMAL,
			"it was seen %s before its rival of the best chain; nodes that followed it "
			"had to reorganise",
			led);
}

static void detail_sightings(
	const struct pane_context *ctx, const struct view_block *b, struct rich *out)
{
	char clock[32], ms[32], name[32];

	rich_field(out, AT, "first seen", ROLE_NORMAL, "%s on %s",
		fmt_clock(b->first_ns, clock, sizeof(clock)),
		node_name(ctx->model, b->first_node, name, sizeof(name)));
	if (b->seen_by > 1)
		rich_field(out, AT, "seen by", ROLE_NORMAL, "%u nodes, the last of them %s later",
			b->seen_by,
			fmt_ms(b->last_ns > b->first_ns ? b->last_ns - b->first_ns : 0, ms,
				sizeof(ms)));
	else
		rich_field(out, AT, "seen by", ROLE_WARN, "no other node");
}

static void detail_head(const struct pane_context *ctx, const struct block_tree *t,
	const struct block_row *row, struct rich *out)
{
	const struct view_block *blocks = ctx->model->blocks, *b = &blocks[row->block];
	const struct view_block *up = row->parent < 0 ? NULL : &blocks[t->rows[row->parent].block];
	char hex[ID32_HEX], buf[32];
	int node = node_by_key(ctx->plan, &b->leader);

	rich_field(out, AT, "id", ROLE_STRONG, "%s", id32_hex(&b->id, hex));
	rich_field(out, AT, "parent", up ? ROLE_NORMAL : ROLE_WARN, "%s%s",
		id32_hex(&b->parent, hex), up ? "" : " (not among the newest)");
	if (b->has_height)
		rich_field(out, AT, "height", ROLE_NORMAL, "%" PRIu64 ", slot %" PRIu64, b->height,
			b->slot);
	else
		rich_field(out, AT, "height", ROLE_WARN, "not known, slot %" PRIu64, b->slot);
	if (node >= 0)
		rich_field(out, AT, "proposer", ROLE_NORMAL, "%s, key %s",
			ctx->plan->nodes[node].name, id32_hex(&b->leader, hex));
	else
		rich_field(out, AT, "proposer", ROLE_NORMAL, "key %s%s", id32_hex(&b->leader, hex),
			ctx->plan ? ", of no node of the plan" : "");
	detail_place(row, out);
	detail_sightings(ctx, b, out);
	if (up && b->first_ns >= up->first_ns)
		rich_field(out, AT, "interval", ROLE_NORMAL, "%s after its parent",
			fmt_ms(b->first_ns - up->first_ns, buf, sizeof(buf)));
	else if (up)
		rich_field(out, AT, "interval", ROLE_WARN, "seen before its parent");
	rich_field(out, AT, "size", ROLE_NORMAL, "%s, %s",
		fmt_bytes(b->size_bytes, buf, sizeof(buf)),
		name_count(b->n_txs, "transaction", "transactions"));
}

static void relative(const struct pane_context *ctx, const struct block_row *row, const char *how,
	struct rich *out)
{
	const struct view_block *b = &ctx->model->blocks[row->block];
	char clock[32], id[32], name[32], place[48];

	rich_addf(out, ROLE_DIM, "  %-*s%s  ", AT - 2, how,
		fmt_clock(b->first_ns, clock, sizeof(clock)));
	rich_addf(out, ROLE_NORMAL, "%" PRIu64 "  %s  %s", row->level,
		fmt_id(&b->id, id, sizeof(id)), block_proposer(ctx, b, name, sizeof(name)));
	rich_addf(out, ROLE_WARN, "  %s", block_place_text(row, place, sizeof(place)));
	rich_newline(out);
}

static void detail_family(
	const struct pane_context *ctx, const struct block_tree *t, size_t at, struct rich *out)
{
	const struct block_row *row = &t->rows[at];
	bool any = false;

	rich_heading(out, "around it");
	for (int kind = 0; kind < 3; kind++) {
		for (size_t i = 0; i < t->n; i++) {
			const struct block_row *r = &t->rows[i];
			bool child = r->parent == (int)at, parent = row->parent == (int)i,
			     sibling = i != at && row->parent >= 0 && r->parent == row->parent;

			if (kind == 0 ? !child : kind == 1 ? !sibling : !parent)
				continue;
			relative(ctx, r,
				kind == 0   ? "child"
				: kind == 1 ? "sibling"
					    : "parent",
				out);
			any = true;
		}
	}
	if (!any) {
		rich_add(out, ROLE_DIM, "  no child, sibling or parent among the newest blocks");
		rich_newline(out);
	}
}

/* --- transactions ------------------------------------------------------------------ */

static void tx_line(const struct model *m, const struct view_block *b, const struct id32 *hash,
	struct rich *out)
{
	const struct model_tx *tx = model_find_tx(m, hash);
	char hex[ID32_HEX], ms[32], name[32];

	rich_addf(out, ROLE_NORMAL, "  %.16s..%.4s  ", id32_hex(hash, hex), hex + 60);
	if (!tx) {
		rich_add(out, ROLE_DIM, "not known to the bench, or forgotten");
		rich_newline(out);
		return;
	}
	rich_addf(out, tx->state == TX_INCLUDED ? ROLE_GOOD : ROLE_WARN, "%-9s",
		tx_state_name(tx->state));
	if (tx->workload < m->n_workloads)
		rich_addf(out, ROLE_DIM, " %s", m->workloads[tx->workload].name);
	if (tx->node >= 0)
		rich_addf(out, ROLE_DIM, " by %s", node_name(m, tx->node, name, sizeof(name)));
	if (tx->submit_ns)
		rich_addf(out, ROLE_DIM, ", accepted in %s", fmt_ms(tx->submit_ns, ms, sizeof(ms)));
	if (tx->include_ns)
		rich_addf(
			out, ROLE_DIM, ", included in %s", fmt_ms(tx->include_ns, ms, sizeof(ms)));
	if (tx->state == TX_INCLUDED && !id32_eq(&tx->block, &b->id))
		rich_add(out, ROLE_WARN, ", seen first in another block");
	rich_newline(out);
}

static void detail_txs(const struct model *m, size_t block, struct rich *out)
{
	const struct view_block *b = &m->blocks[block];
	const struct model_block_txs *txs = m->block_txs ? m->block_txs[block] : NULL;
	size_t n = txs ? MIN(txs->n, (size_t)MAX_TXS) : 0;

	rich_heading(out, "transactions");
	for (size_t i = 0; i < n; i++)
		tx_line(m, b, &txs->hashes[i], out);
	if (n < b->n_txs)
		rich_addf(out, ROLE_DIM, "  %s%zu more",
			txs ? "and " : "which ones is not known: ", (size_t)b->n_txs - n);
	else if (b->n_txs == 0)
		rich_add(out, ROLE_DIM, "  none");
	else
		return;
	rich_newline(out);
}

bool block_detail(const struct pane_context *ctx, const struct block_tree *t, size_t row,
	char *ret_title, size_t title_size, struct rich *out)
{
	char id[32];

	if (row >= t->n)
		return false;
	const struct block_row *r = &t->rows[row];
	const struct view_block *b = &ctx->model->blocks[r->block];

	fmt_id(&b->id, id, sizeof(id));
	if (b->has_height)
		snprintf(ret_title, title_size, "block %" PRIu64 ", %s", b->height, id);
	else
		snprintf(ret_title, title_size, "block %s", id);
	detail_head(ctx, t, r, out);
	detail_family(ctx, t, row, out);
	detail_txs(ctx->model, r->block, out);
	return true;
}
