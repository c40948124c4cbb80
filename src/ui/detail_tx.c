/* Details of a transaction; see detail_tx.h. */
#include "ui/detail_tx.h"

#include <stdio.h>
#include <string.h>

#include "ui/pane_names.h"
#include "util/mem.h"

#define AT 14 /* column of values */

enum role role_of_tx(enum tx_state s)
{
	switch (s) {
	case TX_INCLUDED:
		return ROLE_GOOD;
	case TX_REJECTED:
		return ROLE_WARN;
	case TX_DROPPED:
	case TX_EXPIRED:
		return ROLE_BAD;
	case TX_SUBMITTED:
	case TX_STATE_COUNT:
		break;
	}
	return ROLE_NORMAL;
}

uint32_t glyph_of_tx(const struct glyphs *g, enum tx_state s)
{
	switch (s) {
	case TX_INCLUDED:
		return g->pass;
	case TX_REJECTED:
		return '!';
	case TX_DROPPED:
	case TX_EXPIRED:
		return g->fail;
	case TX_SUBMITTED:
	case TX_STATE_COUNT:
		break;
	}
	return g->pending;
}

const struct model_tx *tx_newest(const struct model *m, size_t i)
{
	return &m->txs[(m->tx_head + m->n_txs - 1 - i) % MODEL_TXS];
}

/* --- finding --------------------------------------------------------------------------- */

struct prefix {
	uint8_t bytes[32];
	size_t digits;
};

static int digit_of(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

static bool parse_prefix(const char *text, struct prefix *ret)
{
	*ret = (struct prefix){ 0 };
	for (; text[ret->digits]; ret->digits++) {
		int digit = digit_of(text[ret->digits]);

		if (digit < 0 || ret->digits == 64)
			return false;
		ret->bytes[ret->digits / 2] |= (uint8_t)(ret->digits % 2 ? digit : digit << 4);
	}
	return ret->digits > 0;
}

static bool has_prefix(const struct id32 *id, const struct prefix *p)
{
	size_t whole = p->digits / 2;

	return memcmp(id->b, p->bytes, whole) == 0 &&
	       (p->digits % 2 == 0 || (id->b[whole] & 0xf0) == p->bytes[whole]);
}

static bool sent_by_bench(const struct model *m, const struct id32 *hash)
{
	return model_find_tx(m, hash) != NULL;
}

size_t tx_find_prefix(const struct model *m, const char *hex_prefix, struct id32 *ret)
{
	struct prefix p;
	size_t found = 0;

	if (!parse_prefix(hex_prefix, &p))
		return 0;
	for (size_t i = 0; i < m->n_txs; i++) {
		const struct model_tx *tx = tx_newest(m, i);
		if (has_prefix(&tx->hash, &p) && found++ == 0)
			*ret = tx->hash;
	}
	/* those in blocks that others sent, or that were sent too long ago */
	for (size_t b = 0; m->block_txs && b < m->n_snapshot_blocks; b++) {
		const struct model_block_txs *txs = m->block_txs[b];
		for (size_t i = 0; txs && i < txs->n; i++) {
			if (!has_prefix(&txs->hashes[i], &p) || sent_by_bench(m, &txs->hashes[i]))
				continue;
			if (found++ == 0)
				*ret = txs->hashes[i];
		}
	}
	return found;
}

/* --- telling --------------------------------------------------------------------------- */

static void add_block(const struct model *m, const struct id32 *id, struct rich *out)
{
	const struct view_block *b = model_find_block(m, id);
	char hex[ID32_HEX], buf[40];

	rich_field(out, AT, "block", ROLE_NORMAL, "%s", id32_hex(id, hex));
	if (!b) {
		rich_field(out, AT, "", ROLE_DIM, "not among the newest %d", MODEL_BLOCKS);
		return;
	}
	if (b->has_height)
		rich_field(out, AT, "height", ROLE_NORMAL, "%s",
			fmt_count(b->height, buf, sizeof(buf)));
	rich_field(out, AT, "seen", ROLE_NORMAL, "%s, by %s",
		fmt_clock(b->first_ns, buf, sizeof(buf)), name_count(b->seen_by, "node", "nodes"));
}

/* The newest block that has it; NULL when there is none. */
static const struct view_block *block_with(const struct model *m, const struct id32 *hash)
{
	for (size_t b = 0; m->block_txs && b < m->n_snapshot_blocks; b++) {
		const struct model_block_txs *txs = m->block_txs[b];
		for (size_t i = 0; txs && i < txs->n; i++) {
			if (id32_eq(&txs->hashes[i], hash))
				return &m->blocks[b];
		}
	}
	return NULL;
}

static const char *state_text(const struct model_tx *tx)
{
	switch (tx->state) {
	case TX_SUBMITTED:
		return "submitted: accepted by a node, in no block yet";
	case TX_REJECTED:
		return "rejected";
	case TX_INCLUDED:
		return "included";
	case TX_DROPPED:
		return "dropped: no node has it any more, and no block has it";
	case TX_EXPIRED:
		return "expired: in no block within its time";
	case TX_STATE_COUNT:
		break;
	}
	return "?";
}

static void add_sent(const struct pane_context *ctx, const struct model_tx *tx, struct rich *out)
{
	const struct model *m = ctx->model;
	char buf[40], ago[40];

	rich_field(out, AT, "state", role_of_tx(tx->state), "%s", state_text(tx));
	if (tx->reason[0])
		rich_field(out, AT, "reason", ROLE_WARN, "%s", tx->reason);
	rich_field(out, AT, "workload", ROLE_NORMAL, "%s", name_of_workload(m, tx->workload));
	rich_field(out, AT, tx->state == TX_REJECTED ? "refused by" : "sent to", ROLE_NORMAL, "%s",
		name_of_node(m, tx->node, "no node"));
	rich_field(out, AT, "first event", ROLE_NORMAL, "%s, %s ago",
		fmt_clock(tx->first_ns, buf, sizeof(buf)),
		fmt_ago(ctx->now_ns > tx->first_ns ? ctx->now_ns - tx->first_ns : 0, ago,
			sizeof(ago)));
	rich_field(out, AT, "last event", ROLE_NORMAL, "%s", fmt_clock(tx->t_ns, buf, sizeof(buf)));
	if (tx->state == TX_REJECTED)
		return;
	rich_heading(out, "since it was to be sent");
	rich_field(out, AT, "accepted", ROLE_NORMAL, "%s%s", tx->submit_ns ? "after " : "",
		fmt_ms(tx->submit_ns, buf, sizeof(buf)));
	rich_field(out, AT, "in a block", ROLE_NORMAL, "%s%s", tx->include_ns ? "after " : "",
		fmt_ms(tx->include_ns, buf, sizeof(buf)));
}

bool tx_detail(const struct pane_context *ctx, const struct id32 *hash, char *title,
	size_t title_size, struct rich *out)
{
	const struct model *m = ctx->model;
	const struct model_tx *tx = model_find_tx(m, hash);
	const struct view_block *in = block_with(m, hash);
	bool included = tx && tx->state == TX_INCLUDED;
	char id[24], hex[ID32_HEX];

	if (!tx && !in)
		return false;
	snprintf(title, title_size, "transaction %s", fmt_id(hash, id, sizeof(id)));
	rich_field(out, AT, "hash", ROLE_STRONG, "%s", id32_hex(hash, hex));
	if (tx)
		add_sent(ctx, tx, out);
	else
		rich_field(out, AT, "state", ROLE_NORMAL,
			"included; sent by somebody else, or too long ago to be remembered");
	if (included || in) {
		rich_heading(out, "block");
		add_block(m, included ? &tx->block : &in->id, out);
	}
	if (in && included && !id32_eq(&in->id, &tx->block)) {
		rich_heading(out, "another block that has it");
		add_block(m, &in->id, out);
	}
	return true;
}

/* --- lists ------------------------------------------------------------------------------- */

static void add_tx(struct rich *out, const struct model *m, const struct model_tx *tx)
{
	char at[32], id[24], submit[32], include[32];

	rich_addf(out, ROLE_DIM, "  %7s  ", fmt_clock(tx->t_ns, at, sizeof(at)));
	rich_addf(out, role_of_tx(tx->state), "%-9s", tx_state_name(tx->state));
	rich_addf(out, ROLE_NORMAL, "  %-10s  %-4s", fmt_id(&tx->hash, id, sizeof(id)),
		name_of_node(m, tx->node, "-"));
	if (tx->state == TX_REJECTED) {
		rich_addf(out, ROLE_WARN, "  %s", tx->reason);
		rich_indent(out, 39);
		rich_newline(out);
		return;
	}
	rich_addf(out, ROLE_NORMAL, "  %8s  %8s", fmt_ms(tx->submit_ns, submit, sizeof(submit)),
		fmt_ms(tx->include_ns, include, sizeof(include)));
	if (tx->state == TX_INCLUDED) {
		const struct view_block *b = model_find_block(m, &tx->block);

		rich_addf(out, ROLE_DIM, "  block ");
		if (b && b->has_height)
			rich_addf(out, ROLE_NORMAL, "%llu ", (unsigned long long)b->height);
		rich_add(out, ROLE_DIM, fmt_id(&tx->block, id, sizeof(id)));
	}
	rich_newline(out);
}

size_t tx_list(const struct model *m, unsigned workload, bool rejected, const char *heading,
	size_t most, struct rich *out)
{
	size_t n = 0;

	for (size_t i = 0; m->txs && i < m->n_txs && n < most; i++) {
		const struct model_tx *tx = tx_newest(m, i);

		if (tx->workload != workload || (tx->state == TX_REJECTED) != rejected)
			continue;
		if (n++ == 0) {
			rich_heading(out, heading);
			rich_addf(out, ROLE_HEADER, "  %7s  %-9s  %-10s  %-4s  ", "time", "state",
				"hash", "node");
			rich_add(out, ROLE_HEADER, rejected ? "reason" : "  submit  included");
			rich_newline(out);
		}
		add_tx(out, m, tx);
	}
	return n;
}
