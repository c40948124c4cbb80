/*
 * Decides everything that is random in a run, each part from its own stream of
 * the seed, so that adding to one part never changes another. Pure.
 */
#include "core/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/check.h"
#include "core/workload.h"
#include "util/mem.h"
#include "util/rng.h"
#include "util/units.h"

static void draw_key(uint64_t seed, const char *purpose, unsigned index, struct tx_key *ret)
{
	struct rng rng;
	char label[48];
	uint8_t bytes[32];

	snprintf(label, sizeof(label), "%s-%u", purpose, index);
	rng_init_label(&rng, seed, label);
	rng_bytes(&rng, bytes, sizeof(bytes));
	tx_key_from_seed(bytes, ret);
}

static void plan_nodes(struct plan *p)
{
	const struct topology *t = &p->scenario->topology;

	p->n_nodes = t->n_nodes;
	p->nodes = xcalloc(p->n_nodes, sizeof(*p->nodes));
	for (unsigned i = 0; i < p->n_nodes; i++) {
		const struct node_override *o = &t->overrides[i];
		struct plan_node *n = &p->nodes[i];

		snprintf(n->name, sizeof(n->name), "n%u", i);
		draw_key(p->seed, "node-key", i, &n->key);
		n->stake = o->no_stake ? 0 : o->stake ? o->stake : t->default_stake;
		p->total_stake += n->stake;
	}
}

static void plan_links(struct plan *p)
{
	CLEANUP_FREE struct topology_edge *edges = NULL;
	struct rng rng;

	rng_init_label(&rng, p->seed, "layout");
	size_t n = topology_edges(&p->scenario->topology, &rng, &edges);

	for (size_t i = 0; i < n; i++)
		p->nodes[edges[i].from].n_peers++;
	for (size_t i = 0; i < p->n_nodes; i++) {
		p->nodes[i].peers = xcalloc(MAX(p->nodes[i].n_peers, 1), sizeof(unsigned));
		p->nodes[i].n_peers = 0;
	}
	for (size_t i = 0; i < n; i++) {
		struct plan_node *from = &p->nodes[edges[i].from];

		from->peers[from->n_peers++] = edges[i].to;
	}
}

static void plan_wallets(struct plan *p)
{
	p->n_wallets = (size_t)p->scenario->n_wallets;
	p->wallets = xcalloc(MAX(p->n_wallets, 1), sizeof(*p->wallets));
	for (unsigned i = 0; i < p->n_wallets; i++) {
		draw_key(p->seed, "wallet", i, &p->wallets[i].key);
		p->wallets[i].value = p->scenario->wallet_funds;
	}
	p->total_supply = p->total_stake + p->n_wallets * p->scenario->wallet_funds;
}

/* --- genesis ------------------------------------------------------------------- */

static void add_le(struct strbuf *out, uint64_t v, unsigned n_bytes)
{
	for (unsigned i = 0; i < n_bytes; i++)
		strbuf_addc(out, (char)(v >> (8 * i) & 0xff));
}

/* Stakes first, then wallets. Nodes without stake have no output and take no index. */
static struct tx_output *genesis_outputs(const struct plan *p, size_t *ret_n, size_t *ret_n_stakes)
{
	struct tx_output *outputs = xcalloc(p->n_nodes + p->n_wallets, sizeof(*outputs));
	size_t n = 0;

	for (size_t i = 0; i < p->n_nodes; i++) {
		if (p->nodes[i].stake)
			outputs[n++] = (struct tx_output){ p->nodes[i].stake, p->nodes[i].key.pk };
	}
	*ret_n_stakes = n;
	for (size_t i = 0; i < p->n_wallets; i++)
		outputs[n++] = (struct tx_output){ p->wallets[i].value, p->wallets[i].key.pk };
	*ret_n = n;
	return outputs;
}

/* The chain id stands for all that nodes must agree on. */
static void plan_chain_id(struct plan *p, const struct id32 *op_id)
{
	CLEANUP_STRBUF struct strbuf sb = { 0 };
	const struct consensus *c = &p->scenario->topology.consensus;
	struct id32 digest;
	uint64_t f_bits;
	char hex[9];

	memcpy(&f_bits, &c->active_slot_coeff, sizeof(f_bits));
	strbuf_add(&sb, op_id->b, sizeof(op_id->b));
	strbuf_add(&sb, p->epoch_nonce.b, sizeof(p->epoch_nonce.b));
	add_le(&sb, c->slot_duration_ns, 8);
	add_le(&sb, f_bits, 8);
	add_le(&sb, c->security_param, 4);
	tx_blake2b("LTB_CHAIN_ID_V1", sb.buf, sb.len, &digest);
	hex_encode(digest.b, 4, hex);
	snprintf(p->chain_id, sizeof(p->chain_id), "ltb-%s-%s", p->scenario->name, hex);
}

static void plan_genesis(struct plan *p)
{
	struct rng rng;
	struct id32 op_id;
	size_t n, n_stakes;
	CLEANUP_FREE struct tx_output *outputs = genesis_outputs(p, &n, &n_stakes);
	const struct tx_op op = {
		.opcode = TX_OP_TRANSFER,
		.u.transfer = { .n_outputs = n, .outputs = outputs },
	};

	rng_init_label(&rng, p->seed, "genesis");
	rng_bytes(&rng, p->epoch_nonce.b, sizeof(p->epoch_nonce.b));
	tx_op_id(&op, &op_id);
	for (size_t i = 0; i < p->n_wallets; i++)
		tx_note_id(&op_id, (uint32_t)(n_stakes + i), &outputs[n_stakes + i],
			&p->wallets[i].note);
	plan_chain_id(p, &op_id);
}

void plan_genesis_json(const struct plan *p, uint64_t genesis_time_ms, struct strbuf *out)
{
	const struct consensus *c = &p->scenario->topology.consensus;
	struct jw w;

	jw_init(&w, out, 0);
	jw_object(&w);
	jw_kstr(&w, "chain_id", p->chain_id);
	jw_ku64(&w, "genesis_time_ms", genesis_time_ms);
	jw_ku64(&w, "slot_duration_ms", c->slot_duration_ns / 1000000);
	jw_kdouble(&w, "active_slot_coeff", c->active_slot_coeff);
	jw_ku64(&w, "security_param", c->security_param);
	jw_kid32(&w, "epoch_nonce", &p->epoch_nonce);
	jw_key(&w, "stakes");
	jw_array(&w);
	for (size_t i = 0; i < p->n_nodes; i++) {
		if (!p->nodes[i].stake)
			continue;
		jw_object(&w);
		jw_kid32(&w, "pk", &p->nodes[i].key.pk);
		jw_ku64(&w, "value", p->nodes[i].stake);
		jw_object_end(&w);
	}
	jw_array_end(&w);
	jw_key(&w, "notes");
	jw_array(&w);
	for (size_t i = 0; i < p->n_wallets; i++) {
		jw_object(&w);
		jw_kid32(&w, "pk", &p->wallets[i].key.pk);
		jw_ku64(&w, "value", p->wallets[i].value);
		jw_object_end(&w);
	}
	jw_array_end(&w);
	jw_object_end(&w);
}

/* --- the whole -------------------------------------------------------------------- */

static int plan_workloads(struct plan *p, struct err *err)
{
	const struct scenario *s = p->scenario;

	p->workloads = xcalloc(MAX(s->n_workloads, 1), sizeof(*p->workloads));
	for (size_t i = 0; i < s->n_workloads; i++) {
		const struct workload_use *w = &s->workloads[i];
		CLEANUP_FREE char *label = xasprintf("workload-%s", w->name);
		struct rng rng;

		rng_init_label(&rng, p->seed, label);
		if (w->ops->plan(w->config, p, &rng, &p->workloads[i], err) < 0)
			return err_prefix(err, "workloads.%s", w->name);
	}
	return 0;
}

struct plan *plan_new(const struct scenario *s, struct err *err)
{
	struct plan *p = xcalloc(1, sizeof(*p));

	p->scenario = s;
	p->seed = s->run.seed;
	plan_nodes(p);
	plan_links(p);
	plan_wallets(p);
	plan_genesis(p);
	if (plan_workloads(p, err) < 0) {
		plan_free(p);
		return NULL;
	}
	return p;
}

void plan_free(struct plan *p)
{
	if (!p)
		return;
	for (size_t i = 0; p->workloads && i < p->scenario->n_workloads; i++) {
		if (p->workloads[i])
			p->scenario->workloads[i].ops->plan_free(p->workloads[i]);
	}
	for (size_t i = 0; i < p->n_nodes; i++)
		free(p->nodes[i].peers);
	free(p->workloads);
	free(p->nodes);
	free(p->wallets);
	free(p);
}

uint64_t plan_node_stake(const struct plan *p, unsigned node)
{
	return node < p->n_nodes ? p->nodes[node].stake : 0;
}

/* How many planned nodes an added one dials, in the spirit of the layout. */
static unsigned extra_degree(const struct topology *t)
{
	switch (t->layout) {
	case LAYOUT_FULL:
		return (unsigned)t->n_nodes;
	case LAYOUT_RANDOM:
		return t->degree;
	case LAYOUT_STAR:
	case LAYOUT_CHAIN:
	case LAYOUT_RING:
		break;
	}
	return 1;
}

void plan_extra_node(const struct plan *p, unsigned index, struct plan_node *ret)
{
	const struct topology *t = &p->scenario->topology;
	unsigned n = (unsigned)p->n_nodes, wanted = extra_degree(t);
	struct rng rng;
	char label[32];

	memset(ret, 0, sizeof(*ret));
	snprintf(ret->name, sizeof(ret->name), "n%u", index);
	draw_key(p->seed, "node-key", index, &ret->key);
	ret->peers = xcalloc(wanted, sizeof(*ret->peers));
	if (t->layout == LAYOUT_CHAIN || t->layout == LAYOUT_RING || t->layout == LAYOUT_STAR) {
		ret->peers[ret->n_peers++] = t->layout == LAYOUT_STAR ? 0 : n - 1;
		return;
	}
	snprintf(label, sizeof(label), "extra-links-%u", index);
	rng_init_label(&rng, p->seed, label);
	/* Selection sampling: `wanted` of n, each with the same chance, in order. */
	for (unsigned i = 0; i < n && ret->n_peers < wanted; i++) {
		if (rng_below(&rng, n - i) < wanted - ret->n_peers)
			ret->peers[ret->n_peers++] = i;
	}
}
