/*
 * plan.json: the plan for people and for comparison. Always the same bytes for
 * the same preset and seed, so nothing about the backend, places or times of
 * day is in it. Described by assets/schemas/plan.schema.json.
 */
#include <string.h>

#include "core/check.h"
#include "core/plan.h"
#include "core/workload.h"
#include "util/json.h"
#include "util/units.h"

#define PLAN_SCHEMA "https://logos.co/ltb/plan/1"

static void put_duration(struct jw *w, const char *key, uint64_t ns)
{
	char buf[40];

	jw_kstr(w, key, units_format_duration(ns, buf, sizeof(buf)));
}

static void put_strings(
	struct jw *w, const char *key, const struct strlist *a, const struct strlist *b)
{
	jw_key(w, key);
	jw_array(w);
	for (size_t i = 0; i < a->len; i++)
		jw_str(w, a->items[i]);
	for (size_t i = 0; b && i < b->len; i++)
		jw_str(w, b->items[i]);
	jw_array_end(w);
}

static void put_key(struct jw *w, const struct tx_key *key)
{
	jw_kid32(w, "pk", &key->pk);
	jw_key(w, "seed");
	jw_hex(w, key->seed, sizeof(key->seed));
}

static void put_consensus(struct jw *w, const struct consensus *c)
{
	jw_key(w, "consensus");
	jw_object(w);
	put_duration(w, "slot_duration", c->slot_duration_ns);
	jw_kdouble(w, "active_slot_coeff", c->active_slot_coeff);
	jw_ku64(w, "security_param", c->security_param);
	jw_object_end(w);
}

static void put_node(
	struct jw *w, const struct topology *t, size_t index, const struct plan_node *n)
{
	const struct node_override *o = &t->overrides[index];

	jw_object(w);
	jw_kstr(w, "name", n->name);
	put_key(w, &n->key);
	jw_ku64(w, "stake", n->stake);
	jw_key(w, "peers");
	jw_array(w);
	for (size_t i = 0; i < n->n_peers; i++)
		jw_u64(w, n->peers[i]);
	jw_array_end(w);
	jw_kstr(w, "binary", o->binary ? o->binary : t->binary);
	put_strings(w, "args", &t->args, &o->args);
	put_strings(w, "env", &t->env, &o->env);
	jw_object_end(w);
}

static void put_topology(struct jw *w, const struct plan *p)
{
	const struct topology *t = &p->scenario->topology;

	jw_key(w, "topology");
	jw_object(w);
	jw_kstr(w, "layout", topology_layout_name(t->layout));
	if (t->layout == LAYOUT_RANDOM)
		jw_ku64(w, "degree", t->degree);
	jw_kstr(w, "image", t->image);
	put_consensus(w, &t->consensus);
	jw_ku64(w, "total_stake", p->total_stake);
	jw_key(w, "nodes");
	jw_array(w);
	for (size_t i = 0; i < p->n_nodes; i++)
		put_node(w, t, i, &p->nodes[i]);
	jw_array_end(w);
	jw_object_end(w);
}

static void put_run(struct jw *w, const struct run_settings *r)
{
	jw_key(w, "run");
	jw_object(w);
	put_duration(w, "duration", r->duration_ns);
	put_duration(w, "warmup", r->warmup_ns);
	put_duration(w, "settle", r->settle_ns);
	put_duration(w, "timeout", r->timeout_ns);
	put_duration(w, "ready_timeout", r->ready_timeout_ns);
	jw_object_end(w);
}

static void put_workloads(struct jw *w, const struct plan *p)
{
	jw_key(w, "workloads");
	jw_array(w);
	for (size_t i = 0; i < p->scenario->n_workloads; i++) {
		const struct workload_use *u = &p->scenario->workloads[i];

		jw_object(w);
		jw_kstr(w, "name", u->name);
		jw_kstr(w, "workload", u->ops->name);
		jw_key(w, "options");
		options_to_json(u->ops->options, u->config, w);
		jw_key(w, "plan");
		if (p->workloads[i])
			u->ops->plan_to_json(p->workloads[i], w);
		else
			jw_null(w);
		jw_object_end(w);
	}
	jw_array_end(w);
}

static void put_checks(struct jw *w, const struct scenario *s)
{
	jw_key(w, "expectations");
	jw_array(w);
	for (size_t i = 0; i < s->n_checks; i++) {
		const struct check_use *u = &s->checks[i];

		jw_object(w);
		jw_kstr(w, "name", u->name);
		jw_kstr(w, "check", u->ops->name);
		jw_kbool(w, "implied", u->implied);
		jw_key(w, "options");
		options_to_json(u->ops->options, u->config, w);
		jw_object_end(w);
	}
	jw_array_end(w);
}

static void put_wallets(struct jw *w, const struct plan *p)
{
	jw_key(w, "wallets");
	jw_array(w);
	for (size_t i = 0; i < p->n_wallets; i++) {
		const struct plan_wallet *wallet = &p->wallets[i];

		jw_object(w);
		put_key(w, &wallet->key);
		jw_ku64(w, "value", wallet->value);
		jw_kid32(w, "note", &wallet->note);
		jw_object_end(w);
	}
	jw_array_end(w);
}

void plan_to_json(const struct plan *p, struct strbuf *out)
{
	const struct scenario *s = p->scenario;
	struct jw w;

	jw_init(&w, out, 2);
	jw_object(&w);
	jw_kstr(&w, "schema", PLAN_SCHEMA);
	jw_kstr(&w, "preset", s->name);
	jw_ku64(&w, "seed", p->seed);
	jw_kstr(&w, "chain_id", p->chain_id);
	jw_kid32(&w, "epoch_nonce", &p->epoch_nonce);
	jw_ku64(&w, "total_supply", p->total_supply);
	put_topology(&w, p);
	put_run(&w, &s->run);
	put_workloads(&w, p);
	put_checks(&w, s);
	put_wallets(&w, p);
	jw_object_end(&w);
	strbuf_addc(out, '\n');
}
