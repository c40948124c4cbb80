/* See detail_tx.h. */
#include "ui/detail_tx.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "util/mem.h"

#define VALUE_AT 14

const char *tx_state_text(const struct model_tx *t, enum role *ret_role)
{
	switch (t->state) {
	case TX_SUBMITTED:
		*ret_role = ROLE_NORMAL;
		return "pending";
	case TX_INCLUDED:
		*ret_role = ROLE_GOOD;
		return "included";
	case TX_REJECTED:
		*ret_role = ROLE_BAD;
		return "rejected";
	case TX_DROPPED:
		*ret_role = ROLE_BAD;
		return "dropped";
	case TX_EXPIRED:
		*ret_role = ROLE_BAD;
		return "expired";
	case TX_STATE_COUNT:
		break;
	}
	*ret_role = ROLE_DIM;
	return "?";
}

static const char *node_name(const struct model *m, int node)
{
	return node >= 0 && (size_t)node < m->n_nodes ? m->nodes[node].name : "-";
}

void tx_line(struct rich *out, const struct model *m, const struct model_tx *t)
{
	char at[24], id[24], took[24];
	enum role role;
	const char *state = tx_state_text(t, &role);
	uint64_t latency = t->state == TX_INCLUDED ? t->include_ns : t->submit_ns;

	rich_indent(out, 46);
	rich_addf(out, ROLE_DIM, "  %8s  ", fmt_clock(t->first_ns, at, sizeof(at)));
	rich_addf(out, ROLE_NORMAL, "%-10s  ", fmt_id(&t->hash, id, sizeof(id)));
	rich_addf(out, role, "%-9s  ", state);
	rich_addf(out, ROLE_NORMAL, "%-5s  %9s  ", node_name(m, t->node),
		fmt_ms(latency, took, sizeof(took)));
	if (t->reason[0])
		rich_add(out, ROLE_DIM, t->reason);
	rich_newline(out);
}

static void add_block(struct rich *out, const struct model *m, const struct model_tx *t)
{
	char hex[ID32_HEX];
	const struct view_block *b = model_find_block(m, &t->block);

	rich_field(out, VALUE_AT, "  block", ROLE_NORMAL, "%s", id32_hex(&t->block, hex));
	if (!b)
		return;
	rich_field(out, VALUE_AT, "  height", ROLE_NORMAL, "%llu, slot %llu, seen by %u",
		(unsigned long long)b->height, (unsigned long long)b->slot, b->seen_by);
}

bool tx_detail(const struct pane_context *ctx, const struct id32 *hash, char *ret_title,
	size_t title_size, struct rich *out)
{
	const struct model *m = ctx->model;
	const struct model_tx *t = model_find_tx(m, hash);
	char buf[24], hex[ID32_HEX];
	enum role role;

	if (!t)
		return false;
	snprintf(ret_title, title_size, "transaction %s", fmt_id(hash, buf, sizeof(buf)));
	rich_field(out, VALUE_AT, "  hash", ROLE_NORMAL, "%s", id32_hex(hash, hex));
	const char *state = tx_state_text(t, &role);
	rich_field(out, VALUE_AT, "  state", role, "%s", state);
	if (t->reason[0])
		rich_field(out, VALUE_AT, "  reason", ROLE_BAD, "%s", t->reason);
	if (t->workload < m->n_workloads)
		rich_field(out, VALUE_AT, "  workload", ROLE_NORMAL, "%s",
			m->workloads[t->workload].name);
	rich_field(out, VALUE_AT, "  node", ROLE_NORMAL, "%s", node_name(m, t->node));
	rich_field(out, VALUE_AT, "  first", ROLE_NORMAL, "%s",
		fmt_clock(t->first_ns, buf, sizeof(buf)));
	rich_field(
		out, VALUE_AT, "  latest", ROLE_NORMAL, "%s", fmt_clock(t->t_ns, buf, sizeof(buf)));
	rich_field(out, VALUE_AT, "  accepted in", ROLE_NORMAL, "%s",
		fmt_ms(t->submit_ns, buf, sizeof(buf)));
	if (t->state == TX_INCLUDED) {
		rich_field(out, VALUE_AT, "  included in", ROLE_NORMAL, "%s",
			fmt_ms(t->include_ns, buf, sizeof(buf)));
		add_block(out, m, t);
	}
	return true;
}

size_t tx_find_prefix(const struct model *m, const char *hex_prefix, struct id32 *ret)
{
	size_t len = strlen(hex_prefix), found = 0;
	char hex[ID32_HEX];

	if (len == 0 || len > 2 * sizeof(ret->b))
		return 0;
	for (size_t i = 0; i < m->n_txs && m->txs; i++) {
		const struct model_tx *t = &m->txs[(m->tx_head + i) % MODEL_TXS];
		if (strncasecmp(id32_hex(&t->hash, hex), hex_prefix, len) != 0)
			continue;
		*ret = t->hash;
		found++;
	}
	return found;
}
