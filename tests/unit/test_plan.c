/* Plans: determinism, independence of the streams, genesis as the node reads it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/plan.h"
#include "node/chain/genesis.h"
#include "../lib/tiny_catalog.h"
#include "util/json.h"

static const char preset[] = "version: 1\n"
			     "name: p\n"
			     "topology:\n"
			     "  nodes: 6\n"
			     "  layout: {random: {degree: 3}}\n"
			     "  overrides: {n1: {stake: 0}, n2: {stake: 7, args: [-x]}}\n"
			     "wallets: {count: 20, funds: 30}\n"
			     "workloads: [load]\n";

static struct scenario *scenario(const char *text, uint64_t seed)
{
	const struct preset_request req = { .has_seed = true, .seed = seed };
	struct err err = { 0 };
	struct scenario *s =
		scenario_parse(&tiny_catalog, NULL, "t.yaml", text, strlen(text), &req, &err);
	if (!s)
		fail_msg("%s", err.text);
	return s;
}

static struct plan *plan(const struct scenario *s)
{
	struct err err = { 0 };
	struct plan *p = plan_new(s, &err);
	if (!p)
		fail_msg("%s", err.text);
	return p;
}

static char *plan_text(const char *text, uint64_t seed)
{
	struct strbuf sb = { 0 };
	struct scenario *s = scenario(text, seed);
	struct plan *p = plan(s);
	plan_to_json(p, &sb);
	plan_free(p);
	scenario_free(s);
	return strbuf_detach(&sb);
}

static void same_seed_same_bytes(void **state)
{
	CLEANUP_FREE char *a = plan_text(preset, 1), *b = plan_text(preset, 1),
			  *c = plan_text(preset, 2);
	(void)state;
	assert_string_equal(a, b);
	assert_string_not_equal(a, c);

	struct err err = { 0 };
	CLEANUP_JSON cJSON *j = json_parse(a, strlen(a), NULL, &err);
	assert_non_null(j);
	assert_int_equal(cJSON_GetArraySize(json_get(j, "wallets")), 20);
	assert_int_equal(cJSON_GetArraySize(json_get(json_get(j, "topology"), "nodes")), 6);
	assert_null(json_get(j, "backend"));
}

/* Drawn by this version; a difference means that old seeds no longer give old runs. */
static void seeds_keep_their_meaning(void **state)
{
	char hex[ID32_HEX];
	(void)state;
	struct scenario *s = scenario(preset, 1);
	struct plan *p = plan(s);
	assert_string_equal(p->chain_id, "ltb-p-13e39ba0");
	assert_string_equal(id32_hex(&p->nodes[0].key.pk, hex),
		"311f4a55983a0a31f0cb9308dbe88ddad075de3ea646fa5d6e72c582000defe8");
	assert_string_equal(id32_hex(&p->wallets[19].key.pk, hex),
		"775c01b0d1bb6c1e5c84613eb333a4efd4432cf398556e825164617d1bb11493");
	assert_string_equal(id32_hex(&p->epoch_nonce, hex),
		"fd916aff25dcbabd3d531d9593daf275b102aceaa8a5e8fa36873a1d2c9cf5f9");
	plan_free(p);
	scenario_free(s);
}

static void parts_are_independent(void **state)
{
	CLEANUP_FREE char *more =
		xasprintf("%sexpectations: [alive]\nrun: {duration: 9s}\n", preset);
	(void)state;
	/* one more workload, before the one that was there */
	char *list = strstr(more, "[load]");
	assert_non_null(list);
	CLEANUP_FREE char *other =
		xasprintf("%.*s[killer, load, load]%s", (int)(list - more), more, list + 6);
	struct scenario *sa = scenario(preset, 3), *sb = scenario(other, 3);
	struct plan *a = plan(sa), *b = plan(sb);
	assert_string_equal(a->chain_id, b->chain_id);
	assert_true(id32_eq(&a->epoch_nonce, &b->epoch_nonce));
	for (size_t i = 0; i < a->n_nodes; i++) {
		assert_true(id32_eq(&a->nodes[i].key.pk, &b->nodes[i].key.pk));
		assert_int_equal(a->nodes[i].n_peers, b->nodes[i].n_peers);
	}
	for (size_t i = 0; i < a->n_wallets; i++)
		assert_true(id32_eq(&a->wallets[i].note, &b->wallets[i].note));
	assert_true(*(uint64_t *)a->workloads[0] == *(uint64_t *)b->workloads[1]);
	assert_true(*(uint64_t *)b->workloads[1] != *(uint64_t *)b->workloads[2]);
	assert_null(b->workloads[0]);
	plan_free(a);
	plan_free(b);
	scenario_free(sa);
	scenario_free(sb);
}

static void stakes_and_peers(void **state)
{
	(void)state;
	struct scenario *s = scenario(preset, 1);
	struct plan *p = plan(s);
	size_t links = 0;
	assert_int_equal(plan_node_stake(p, 0), 1000);
	assert_int_equal(plan_node_stake(p, 1), 0);
	assert_int_equal(plan_node_stake(p, 2), 7);
	assert_int_equal(plan_node_stake(p, 6), 0);
	assert_int_equal(p->total_stake, 4007);
	assert_int_equal(p->total_supply, 4607);
	assert_string_equal(p->nodes[5].name, "n5");
	for (size_t i = 0; i < p->n_nodes; i++) {
		for (size_t j = 0; j < p->nodes[i].n_peers; j++)
			assert_true(p->nodes[i].peers[j] != i && p->nodes[i].peers[j] < 6);
		links += p->nodes[i].n_peers;
	}
	assert_true(links >= 8 && links <= 9);
	plan_free(p);
	scenario_free(s);
}

static void genesis_is_what_the_node_reads(void **state)
{
	/* more outputs than a transaction may have */
	static const char many[] = "version: 1\n"
				   "topology: {nodes: 4, overrides: {n1: {stake: 0}},\n"
				   "  consensus: {active_slot_coeff: 0.05, slot_duration: 250ms}}\n"
				   "wallets: {count: 300, funds: 18446744073709551}\n";
	const char *const presets[] = { preset, many };
	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(presets); k++) {
		CLEANUP_STRBUF struct strbuf json = { 0 };
		struct err err = { 0 };
		struct genesis g;
		struct id32 op;
		struct scenario *s = scenario(presets[k], 11);
		struct plan *p = plan(s);

		plan_genesis_json(p, 1700000000123, &json);
		if (genesis_parse(json.buf, json.len, &g, &err) != 0)
			fail_msg("%s", err.text);
		assert_string_equal(g.chain_id, p->chain_id);
		assert_true(g.genesis_time_ms == 1700000000123);
		assert_true(g.slot_duration_ms * 1000000 == s->topology.consensus.slot_duration_ns);
		assert_true(g.active_slot_coeff == s->topology.consensus.active_slot_coeff);
		assert_int_equal(g.security_param, s->topology.consensus.security_param);
		assert_true(id32_eq(&g.epoch_nonce, &p->epoch_nonce));
		assert_true(g.total_stake == p->total_stake && g.total_supply == p->total_supply);
		assert_int_equal(g.n_stakes, p->n_nodes - 1);
		assert_true(id32_eq(&g.stakes[1].pk, &p->nodes[2].key.pk));
		assert_int_equal(g.n_notes, p->n_wallets);
		genesis_op_id(&g, &op);
		for (size_t i = 0; i < g.n_notes; i++) {
			struct id32 note;

			tx_note_id(&op, (uint32_t)(g.n_stakes + i), &g.notes[i], &note);
			assert_true(id32_eq(&note, &p->wallets[i].note));
			assert_true(id32_eq(&g.notes[i].pk, &p->wallets[i].key.pk));
		}
		genesis_release(&g);
		plan_free(p);
		scenario_free(s);
	}
}

static void added_nodes(void **state)
{
	static const struct {
		const char *layout;
		size_t n_peers;
		unsigned first;
	} cases[] = { { "star", 1, 0 }, { "chain", 1, 3 }, { "ring", 1, 3 }, { "full", 4, 0 },
		{ "{random: {degree: 3}}", 3, 99 } };
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP_FREE char *text = xasprintf(
			"version: 1\ntopology: {nodes: 4, layout: %s}\n", cases[i].layout);
		struct scenario *s = scenario(text, 1);
		struct plan *p = plan(s);
		struct plan_node a, b;

		plan_extra_node(p, 4, &a);
		plan_extra_node(p, 4, &b);
		assert_string_equal(a.name, "n4");
		assert_true(id32_eq(&a.key.pk, &b.key.pk));
		assert_false(id32_eq(&a.key.pk, &p->nodes[3].key.pk));
		assert_int_equal(a.stake, 0);
		assert_int_equal(a.n_peers, cases[i].n_peers);
		if (cases[i].first != 99)
			assert_int_equal(a.peers[0], cases[i].first);
		for (size_t j = 1; j < a.n_peers; j++)
			assert_true(a.peers[j] > a.peers[j - 1] && a.peers[j] < 4);
		free(a.peers);
		free(b.peers);
		plan_free(p);
		scenario_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_seed_same_bytes),
		cmocka_unit_test(seeds_keep_their_meaning),
		cmocka_unit_test(parts_are_independent),
		cmocka_unit_test(stakes_and_peers),
		cmocka_unit_test(genesis_is_what_the_node_reads),
		cmocka_unit_test(added_nodes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
