/* Presets: what is read, every message with its place, extends, --set, the search for names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../lib/scenario_fixture.h"
#include "util/fs.h"

static void defaults(void **state)
{
	(void)state;
	struct scenario *s = must("version: 1\n", NULL);
	assert_string_equal(s->name, "t");
	assert_string_equal(s->summary, "");
	assert_string_equal(s->source, "t.yaml");
	assert_int_equal(s->topology.n_nodes, 3);
	assert_int_equal(s->topology.layout, LAYOUT_STAR);
	assert_int_equal(s->topology.default_stake, 1000);
	assert_true(s->topology.consensus.slot_duration_ns == 500000000);
	assert_true(s->topology.consensus.active_slot_coeff == 0.9);
	assert_int_equal(s->topology.consensus.security_param, 10);
	assert_int_equal(s->n_wallets, 50);
	assert_int_equal(s->wallet_funds, 1000);
	assert_true(s->run.duration_ns == 30000000000 && s->run.warmup_ns == 3000000000);
	assert_int_equal(s->run.seed, 1);
	assert_ptr_equal(s->backend, &tiny_here);
	assert_int_equal(s->n_workloads + s->n_checks, 0);
	assert_true(scenario_block_interval_ns(s) == 555555555);
	assert_true(scenario_expected_blocks(s, 10000000000) > 17.99);
	scenario_free(s);
}

static const char full[] = "version: 1\n"
			   "name: full\n"
			   "summary: everything\n"
			   "topology:\n"
			   "  nodes: 5\n"
			   "  layout: {random: {degree: 2}}\n"
			   "  consensus: {slot_duration: 100ms, active_slot_coeff: 1, "
			   "security_param: 3}\n"
			   "  stake: 10\n"
			   "  binary: ./node\n"
			   "  image: img:1\n"
			   "  args: [-v]\n"
			   "  env: [A=b]\n"
			   "  overrides:\n"
			   "    n1: {stake: 0, args: [\"--bad=stall\"], env: B=c}\n"
			   "    n4: {stake: 99, binary: other}\n"
			   "wallets: {count: 7, funds: 5}\n"
			   "workloads:\n"
			   "  - load: {rate: 2.5, per: second, users: 3, targets: [n0, n1]}\n"
			   "  - load\n"
			   "  - killer:\n"
			   "expectations:\n"
			   "  - alive: {}\n"
			   "run: {duration: 1m, warmup: 0, settle: 5s, timeout: 2m, seed: "
			   "18446744073709551615}\n"
			   "backend: {here: {keep: true}}\n";

static void everything(void **state)
{
	(void)state;
	struct scenario *s = must(full, NULL);
	const struct topology *t = &s->topology;
	assert_string_equal(s->name, "full");
	assert_int_equal(t->n_nodes, 5);
	assert_int_equal(t->layout, LAYOUT_RANDOM);
	assert_int_equal(t->degree, 2);
	assert_string_equal(t->binary, "./node");
	assert_string_equal(t->image, "img:1");
	assert_string_equal(t->args.items[0], "-v");
	assert_string_equal(t->env.items[0], "A=b");
	assert_true(t->overrides[1].no_stake);
	assert_string_equal(t->overrides[1].args.items[0], "--bad=stall");
	assert_string_equal(t->overrides[1].env.items[0], "B=c");
	assert_int_equal(t->overrides[4].stake, 99);
	assert_false(t->overrides[4].no_stake);
	assert_string_equal(t->overrides[4].binary, "other");
	assert_int_equal(s->n_workloads, 3);
	assert_string_equal(s->workloads[0].name, "load");
	assert_string_equal(s->workloads[1].name, "load-2");
	assert_int_equal(s->workloads[1].line, 19);
	const struct tiny_load *load = s->workloads[0].config;
	assert_true(load->rate == 2.5);
	assert_int_equal(load->per, 1);
	assert_int_equal(load->targets.len, 2);
	/* brought by "load", once though there are two of them */
	assert_int_equal(s->n_checks, 2);
	assert_false(s->checks[0].implied);
	assert_string_equal(s->checks[1].name, "seen");
	assert_true(s->checks[1].implied);
	assert_true(((const struct tiny_check *)s->checks[1].config)->min_ratio == 0.5);
	assert_true(s->run.seed == UINT64_MAX);
	assert_true(((const struct tiny_backend *)s->backend_config)->keep);
	scenario_free(s);
}

#define V "version: 1\n"

static void messages(void **state)
{
	static const struct {
		const char *yaml, *message;
	} cases[] = {
		{ "", "t.yaml: the preset is empty" },
		{ "[]", "t.yaml:1:1: expected a map (\"version: 1\" ...), not a list" },
		{ "name: x", "t.yaml:1:1: the key \"version\" is missing; add \"version: 1\"" },
		{ "version: 2", "t.yaml:1:10: version: expected 1, the only version of the format, "
				"not \"2\"" },
		{ V "topolgy: {}", "t.yaml:2:1: unknown key \"topolgy\"; did you mean "
				   "\"topology\"?" },
		{ V "name: a b", "t.yaml:2:7: name: expected at most 48 letters, digits, \"-\", "
				 "\"_\" and \".\", not \"a b\"" },
		{ V "topology:\n  consensus:\n    slot_durtion: 1s",
			"t.yaml:4:5: topology.consensus: unknown key \"slot_durtion\"; did you "
			"mean \"slot_duration\"?" },
		{ V "topology: 3", "t.yaml:2:11: topology: expected a map of options, not \"3\"" },
		{ V "topology: {nodes: 0}", "t.yaml:2:19: topology.nodes: expected a whole number "
					    "from 1 to 1000, not \"0\"" },
		{ V "topology: {nodes: 1001}", "t.yaml:2:19: topology.nodes: expected a whole "
					       "number from 1 to 1000, not \"1001\"" },
		{ V "topology: {layout: stra}", "t.yaml:2:20: topology.layout: unknown layout "
						"\"stra\"; did you mean \"star\"?" },
		{ V "topology: {layout: {random: {degree: 3}}}",
			"t.yaml:2:38: topology.layout.random.degree: 3 links per node need at "
			"least 4 nodes; there are 3" },
		{ V "topology: {layout: {star: {degree: 3}}}",
			"t.yaml:2:28: topology.layout: unknown key \"degree\"; there are no "
			"options here" },
		{ V "topology: {layout: {}}", "t.yaml:2:20: topology.layout: expected NAME or "
					      "NAME: {options}, not an empty map" },
		{ V "topology: {consensus: {slot_duration: 50ms}}",
			"t.yaml:2:39: topology.consensus.slot_duration: expected a duration such "
			"as 500ms or 30s from 100ms to 10m, not \"50ms\"" },
		{ V "topology: {consensus: {slot_duration: 100.5ms}}",
			"t.yaml:2:39: topology.consensus.slot_duration: expected whole "
			"milliseconds" },
		{ V "topology: {consensus: {active_slot_coeff: 0}}",
			"t.yaml:2:43: topology.consensus.active_slot_coeff: expected a number from "
			"1e-06 to 1, not \"0\"" },
		{ V "topology: {consensus: {security_param: 10001}}",
			"t.yaml:2:40: topology.consensus.security_param: expected a whole number "
			"from 1 to 10000, not \"10001\"" },
		{ V "topology: {env: [\"1A=b\"]}", "t.yaml:2:17: topology.env: expected KEY=VALUE, "
						   "not \"1A=b\"" },
		{ V "topology: {overrides: {n3: {}}}", "t.yaml:2:24: topology.overrides: unknown "
						       "node \"n3\"; this topology has n0 to n2" },
		{ V "topology: {overrides: {n01: {}}}",
			"t.yaml:2:24: topology.overrides: unknown node \"n01\"; this topology has "
			"n0 to n2" },
		{ V "topology: {overrides: [n1]}", "t.yaml:2:23: topology.overrides: expected a "
						   "map of nodes, not a list" },
		{ V "topology: {overrides: {n1: {stak: 1}}}",
			"t.yaml:2:29: topology.overrides.n1: unknown key \"stak\"; did you mean "
			"\"stake\"?" },
		{ V "topology: {stake: 0}", "t.yaml:2:19: topology.stake: no node has stake, so "
					    "none could make a block" },
		{ V "topology: {stake: 9223372036854775808}",
			"t.yaml:2:19: topology.stake: the stake of all nodes together does not fit "
			"in 64 bits" },
		{ V "wallets: {count: 2, funds: 18446744073709551615}",
			"t.yaml:2:28: wallets.funds: stake and funds together do not fit in 64 "
			"bits" },
		{ V "wallets: {count: 100001}", "t.yaml:2:18: wallets.count: expected a whole "
						"number from 0 to 100000, not \"100001\"" },
		{ V "workloads: load", "t.yaml:2:12: workloads: expected a list (\"- NAME\" or \"- "
				       "NAME: {options}\"), not \"load\"" },
		{ V "workloads:\n  - laod: {}", "t.yaml:3:5: workloads: unknown workload \"laod\"; "
						"did you mean \"load\"?" },
		{ V "workloads:\n  - transmogrify", "t.yaml:3:5: workloads: unknown workload "
						    "\"transmogrify\"; \"ltb list workloads\" "
						    "shows all" },
		{ V "workloads:\n  - load:\n    rate: 5",
			"t.yaml:4:5: workloads: expected one workload, found \"rate\" beside "
			"\"load\"; options are indented below the name" },
		{ V "workloads:\n  - load\n  - load: {rat: 1}",
			"t.yaml:4:12: workloads.load-2: unknown key \"rat\"; did you mean "
			"\"rate\"?" },
		{ V "workloads:\n  - load: {rate: 0}",
			"t.yaml:3:18: workloads.load.rate: expected a number from 0.1 to 1000, not "
			"\"0\"" },
		{ V "workloads: [[load]]", "t.yaml:2:13: workloads: expected NAME or NAME: "
					   "{options}, not a list" },
		{ V "wallets: {count: 5}\nworkloads:\n  - load: {users: 6}",
			"t.yaml:4:5: workloads.load: 6 users, but only 5 wallets" },
		{ V "expectations: [alove]", "t.yaml:2:16: expectations: unknown expectation "
					     "\"alove\"; did you mean \"alive\"?" },
		{ V "expectations: [{alive: {x: 1}}]",
			"t.yaml:2:25: expectations.alive: unknown key \"x\"; there are no options "
			"here" },
		{ V "run: {duration: 31d}",
			"t.yaml:2:17: run.duration: expected a duration such as "
			"500ms or 30s from 1s to 720h, not \"31d\"" },
		{ V "run: {duration: 10s, timeout: 13s}",
			"t.yaml:2:31: run.timeout: 13s is over before warmup and duration are "
			"(13s)" },
		{ V "run: {seed: -1}", "t.yaml:2:13: run.seed: expected a whole number, not "
				       "\"-1\"" },
		{ V "backend: her", "t.yaml:2:10: backend: unknown backend \"her\"; did you mean "
				    "\"here\"?" },
		{ V "backend: {here: {kep: true}}", "t.yaml:2:18: backend.here: unknown key "
						    "\"kep\"; did you mean \"keep\"?" },
		{ V "workloads:\n  - killer\nbackend: away",
			"t.yaml:3:5: workloads.killer: needs a backend with restart, kill; "
			"\"away\" lacks kill" },
		{ "extends: [a]", "t.yaml:1:10: extends: expected the name of a preset, not a "
				  "list" },
		{ "extends: ../base", "t.yaml:1:10: extends: expected the name of a preset, not "
				      "\"../base\"" },
		{ "extends: bse", "t.yaml:1:10: extends: unknown preset \"bse\"; did you mean "
				  "\"base\"? \"ltb list presets\" shows all" },
		{ "extends: loop-a", "preset loop-b:1:10: extends: presets extend each other in a "
				     "cycle: preset loop-a -> preset loop-b -> preset loop-a" },
		{ "extends: d8", "preset d1:1:10: extends: more than 8 presets extend one "
				 "another" },
		{ "extends: broken", "preset broken:2:19: topology.nodes: expected a whole number "
				     "from 1 to 1000, not \"0\"" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		fails(cases[i].yaml, NULL, cases[i].message);
}

static void yaml_itself_is_refused_with_a_place(void **state)
{
	static const char *const cases[][2] = {
		{ V "name: a\nname: b\n", "t.yaml:3:1: " },
		{ V "name: &a b\n", "t.yaml:2:7: " },
		{ V "name: !!str b\n", "t.yaml:2:7: " },
		{ V "---\nversion: 1\n", "t.yaml:2:" },
		{ V "name: \"\n", "t.yaml:" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { 0 };
		assert_null(parse_with(cases[i][0], NULL, &err));
		assert_memory_equal(err.text, cases[i][1], strlen(cases[i][1]));
	}
}

static void extends_merges(void **state)
{
	(void)state;
	struct scenario *s = must("extends: mid\n"
				  "topology: {nodes: 5, args: [\"-b\", \"-c\"]}\n"
				  "expectations: [alive]\n",
		NULL);
	assert_string_equal(s->name, "t");
	assert_string_equal(s->summary, "the base");
	assert_int_equal(s->topology.n_nodes, 5);
	assert_int_equal(s->topology.layout, LAYOUT_RANDOM);
	assert_true(s->topology.consensus.slot_duration_ns == 1000000000);
	/* lists replace, maps merge */
	assert_int_equal(s->topology.args.len, 2);
	assert_string_equal(s->topology.args.items[0], "-b");
	assert_int_equal(s->n_workloads, 1);
	assert_true(((const struct tiny_backend *)s->backend_config)->keep);
	scenario_free(s);

	/* another choice replaces the one with options */
	s = must("extends: base\nbackend: {away: {}}\ntopology: {layout: {full: }}\n", NULL);
	assert_ptr_equal(s->backend, &tiny_away);
	assert_int_equal(s->topology.layout, LAYOUT_FULL);
	scenario_free(s);

	scenario_free(must("extends: d7\n", NULL));
}

static void sets(void **state)
{
	static const char *const list[] = { "topology.nodes=7",
		"topology.consensus.slot_duration=2s", "workloads.0.rate=9",
		"workloads.load-2.users=2", "workloads.1.load.per=second",
		"workloads.load.targets=[n3, n4]", "topology.overrides.n2.stake=5",
		"topology.args.0=-q", "backend.here.keep=false", "run={duration: 9s}",
		"expectations.1={seen: {min_ratio: 0.9}}", NULL };
	(void)state;
	struct scenario *s = must(full, list);
	const struct tiny_load *a = s->workloads[0].config, *b = s->workloads[1].config;
	assert_int_equal(s->topology.n_nodes, 7);
	assert_true(s->topology.consensus.slot_duration_ns == 2000000000);
	assert_true(a->rate == 9);
	assert_string_equal(a->targets.items[1], "n4");
	assert_int_equal(b->users, 2);
	assert_int_equal(b->per, 1);
	assert_int_equal(s->topology.overrides[2].stake, 5);
	assert_string_equal(s->topology.args.items[0], "-q");
	assert_false(((const struct tiny_backend *)s->backend_config)->keep);
	assert_true(s->run.duration_ns == 9000000000);
	assert_int_equal(s->run.seed, 1);
	assert_int_equal(s->n_checks, 2);
	assert_false(s->checks[1].implied);
	assert_true(((const struct tiny_check *)s->checks[1].config)->min_ratio == 0.9);
	scenario_free(s);
}

static void set_opens_names_without_options(void **state)
{
	static const char *const list[] = { "workloads.load.rate=3", "backend.here.keep=true",
		"expectations.0=alive", "topology.layout.random.degree=1", NULL };
	(void)state;
	struct scenario *s = must("version: 1\nworkloads: [load]\nbackend: here\n", list);
	assert_true(((const struct tiny_load *)s->workloads[0].config)->rate == 3);
	assert_true(((const struct tiny_backend *)s->backend_config)->keep);
	assert_string_equal(s->checks[0].name, "alive");
	assert_int_equal(s->topology.layout, LAYOUT_RANDOM);
	scenario_free(s);
}

static void set_messages(void **state)
{
	static const struct {
		const char *set, *message;
	} cases[] = {
		{ "topology.nodes", "--set \"topology.nodes\": expected KEY=VALUE, such as "
				    "topology.nodes=5" },
		{ "=5", "--set \"=5\": expected KEY=VALUE, such as topology.nodes=5" },
		{ "topology..x=5", "--set topology..x: expected names with dots between them" },
		{ "topology.nodes=many", "--set topology.nodes: expected a whole number from 1 to "
					 "1000, not \"many\"" },
		{ "topology.nodse=3", "--set topology.nodse: unknown key \"nodse\"; did you mean "
				      "\"nodes\"?" },
		{ "topology.nodes.x=3", "--set topology.nodes.x: \"nodes\" is \"5\" here, it has "
					"nothing below it" },
		{ "workloads.9.rate=3", "--set workloads.9.rate: \"workloads\" has 3 entries, "
					"counted from 0" },
		{ "workloads.3.rate=3", "--set workloads.3.rate: \"workloads\" has 3 entries, "
					"counted from 0" },
		{ "workloads.laod.rate=3", "--set workloads.laod.rate: no \"laod\" in "
					   "\"workloads\" of this preset; did you mean \"load\"?" },
		{ "workloads.load.rate=0", "--set workloads.load.rate: expected a number from 0.1 "
					   "to 1000, not \"0\"" },
		{ "workloads.load.users=99", "t.yaml:18:5: workloads.load: 99 users, but only 7 "
					     "wallets" },
		{ "extends=base", "--set extends: only a preset file can extend another preset" },
		{ "run.seed=[", "--set run.seed: value:2:1: did not find expected node content" },
		{ "backend=away", "t.yaml:20:5: workloads.killer: needs a backend with restart, "
				  "kill; \"away\" lacks kill" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *const list[] = { cases[i].set, NULL };
		fails(full, list, cases[i].message);
	}
}

static void requests(void **state)
{
	struct err err = { 0 };
	struct preset_request req = { .preset = "base",
		.backend = "here",
		.has_seed = true,
		.seed = 77,
		.has_duration = true,
		.duration_ns = 5000000000 };
	(void)state;
	struct scenario *s = scenario_load(&tiny_catalog, &source, &req, &err);
	assert_non_null(s);
	assert_string_equal(s->source, "preset base");
	assert_string_equal(s->name, "base");
	assert_int_equal(s->run.seed, 77);
	assert_true(s->run.duration_ns == 5000000000);
	/* the same backend as in the preset keeps its options */
	assert_true(((const struct tiny_backend *)s->backend_config)->keep);
	scenario_free(s);

	req.backend = "awya";
	assert_null(scenario_load(&tiny_catalog, &source, &req, &err));
	assert_string_equal(
		err.text, "--backend: unknown backend \"awya\"; did you mean \"away\"?");
	req.backend = NULL;
	req.duration_ns = 1;
	assert_null(scenario_load(&tiny_catalog, &source, &req, &err));
	assert_string_equal(err.text,
		"--duration: expected a duration such as 500ms or 30s from 1s to 720h, not "
		"\"1ns\"");
	req.preset = "bsae";
	assert_null(scenario_load(&tiny_catalog, &source, &req, &err));
	assert_string_equal(err.text,
		"unknown preset \"bsae\"; did you mean \"base\"? \"ltb list presets\" shows all");
	req.preset = "./no/such.yaml";
	assert_null(scenario_load(&tiny_catalog, &source, &req, &err));
	assert_int_equal(err.code, ERR_USAGE);
	assert_non_null(strstr(err.text, "no/such.yaml"));
}

/* What was resolved is recorded, and reading the record gives the same again. */
static void the_resolved_document_stands_alone(void **state)
{
	static const char *const list[] = { "workloads.load.note=a # b", "run.seed=5", NULL };
	CLEANUP_STRBUF struct strbuf a = { 0 }, b = { 0 };
	(void)state;
	struct scenario *s = must("extends: mid\nname: x\n", list);
	ynode_write(s->doc->root, &a);
	scenario_free(s);
	assert_null(strstr(strbuf_str(&a), "extends"));
	s = must(strbuf_str(&a), NULL);
	assert_string_equal(s->name, "x");
	assert_int_equal(s->run.seed, 5);
	ynode_write(s->doc->root, &b);
	assert_string_equal(strbuf_str(&a), strbuf_str(&b));
	scenario_free(s);
}

/* --- files ----------------------------------------------------------------------- */

static char dir[] = "/tmp/ltb-test-scenario-XXXXXX";

static int make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/ltb-test-scenario-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	return fs_remove_tree(dir, NULL);
}

static char *write_file(const char *name, const char *text)
{
	char *path = fs_join(dir, name);
	assert_int_equal(fs_write_atomic(path, text, strlen(text), 0600, NULL), 0);
	return path;
}

static int list_one(const struct preset_info *p, void *arg)
{
	strbuf_addf(arg, "%s [%s] %s\n", p->name,
		strcmp(p->source, "shipped") == 0 ? p->source : "file", p->summary);
	return strcmp(p->name, "mine") == 0;
}

static int take_hides(const struct preset_info *p, void *arg)
{
	strbuf_addf(arg, "%s: %s", p->source, p->hides);
	return 0;
}

static void files_and_search_order(void **state)
{
	const char *const dirs[] = { dir, NULL };
	const struct preset_source src = { .embedded = embedded, .dirs = dirs };
	struct err err = { 0 };
	CLEANUP_STRBUF struct strbuf list = { 0 };
	(void)state;
	CLEANUP_FREE char *base = write_file("base.yaml", "version: 1\nsummary: shadows\n");
	CLEANUP_FREE char *mine = write_file("mine.yaml", "extends: base\nrun: {seed: 3}\n");
	CLEANUP_FREE char *bad = write_file("bad.yaml", "version: [\n");

	/* by path, with the shipped presets only: its own directory comes first */
	struct preset_request req = { .preset = mine };
	struct scenario *s = scenario_load(&tiny_catalog, &source, &req, &err);
	assert_non_null(s);
	assert_string_equal(s->source, mine);
	assert_string_equal(s->name, "mine");
	assert_string_equal(s->summary, "shadows");
	assert_int_equal(s->run.seed, 3);
	scenario_free(s);

	/* by name */
	req.preset = "base";
	s = scenario_load(&tiny_catalog, &src, &req, &err);
	assert_non_null(s);
	assert_string_equal(s->source, base);
	scenario_free(s);

	assert_int_equal(preset_each(&src, list_one, &list), 1);
	assert_non_null(strstr(strbuf_str(&list), "bad [file] (invalid: "));
	assert_non_null(strstr(strbuf_str(&list), "base [file] shadows\n"));
	assert_non_null(strstr(strbuf_str(&list), "broken [shipped] \n"));
	assert_non_null(strstr(strbuf_str(&list), "mine [file] \n"));
	assert_null(strstr(strbuf_str(&list), "the base"));
}

/* Two presets of one name: which is used, and which are not. */
static void names_that_are_there_twice(void **state)
{
	(void)state;
	CLEANUP_FREE char *here = xasprintf("%s/here", dir);
	CLEANUP_FREE char *own = xasprintf("%s/own", dir);
	const char *const dirs[] = { here, own, NULL };
	const struct preset_source src = { .embedded = embedded, .dirs = dirs };
	CLEANUP_STRBUF struct strbuf got = { 0 };
	struct err err = { 0 };

	assert_int_equal(fs_mkdirs(here, 0755, &err), 0);
	assert_int_equal(fs_mkdirs(own, 0755, &err), 0);
	CLEANUP_FREE char *first = write_file("here/mid.yaml", "summary: a\n");
	CLEANUP_FREE char *second = write_file("own/mid.yaml", "summary: b\n");
	CLEANUP_FREE char *only = write_file("own/only.yaml", "summary: c\n");
	CLEANUP_FREE char *copy = write_file("own/d0.yaml", "version: 1\n");
	CLEANUP_FREE char *want = xasprintf("%s: %s and the shipped one", first, second);

	assert_true(preset_look_up(&src, "mid", take_hides, &got));
	assert_string_equal(strbuf_str(&got), want);
	strbuf_clear(&got);
	assert_true(preset_look_up(&src, "only", take_hides, &got));
	assert_true(strbuf_str(&got)[got.len - 1] == ' '); /* hides nothing */
	strbuf_clear(&got);
	assert_true(preset_look_up(&src, "d0", take_hides, &got)); /* the same as the shipped one */
	assert_true(strbuf_str(&got)[got.len - 1] == ' ');
	/* a pipe among them, or in a run directory, holds nobody up */
	CLEANUP_FREE char *fifo = xasprintf("%s/here/pipe.yaml", dir);
	struct preset_request req = { .preset = "pipe" };

	assert_int_equal(mkfifo(fifo, 0600), 0);
	strbuf_clear(&got);
	assert_true(preset_look_up(&src, "pipe", take_hides, &got));
	assert_null(scenario_load(&tiny_catalog, &src, &req, &err));
	assert_non_null(strstr(err.text, "it is no regular file"));
	req = (struct preset_request){ .preset = fifo, .recorded = true };
	assert_null(scenario_load(&tiny_catalog, &src, &req, &err));
	assert_int_equal(err.code, ERR_USAGE);
	strbuf_clear(&got);
	assert_false(preset_look_up(&src, "nothing", take_hides, &got));
	assert_false(preset_look_up(&src, first, take_hides, &got)); /* a path says what is meant */
	assert_int_equal(got.len, 0);
}

static void format_is_described(void **state)
{
	CLEANUP_STRBUF struct strbuf sb = { 0 };
	(void)state;
	scenario_describe(&sb);
	assert_non_null(strstr(strbuf_str(&sb), "topology.consensus\n"));
	assert_non_null(strstr(strbuf_str(&sb), "slot_duration"));
	assert_non_null(strstr(strbuf_str(&sb), "overrides"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(everything),
		cmocka_unit_test(messages),
		cmocka_unit_test(yaml_itself_is_refused_with_a_place),
		cmocka_unit_test(extends_merges),
		cmocka_unit_test(sets),
		cmocka_unit_test(set_opens_names_without_options),
		cmocka_unit_test(set_messages),
		cmocka_unit_test(requests),
		cmocka_unit_test(the_resolved_document_stands_alone),
		cmocka_unit_test_setup_teardown(files_and_search_order, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(names_that_are_there_twice, make_dir, remove_dir),
		cmocka_unit_test(format_is_described),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
