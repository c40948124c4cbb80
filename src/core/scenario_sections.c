/*
 * The plain sections of a preset as tables: ranges, defaults and the words for
 * people, in one place. Pure, any thread.
 */
#include "core/scenario_sections.h"

#include <stddef.h>
#include <string.h>

#define SECOND 1000000000ull
#define DAY    (86400ull * SECOND)

const struct option top_options[] = {
	{ .name = "name",
		.type = OPTION_STRING,
		.offset = offsetof(struct top_config, name),
		.help = "name in reports and in the chain id; default: the file's name" },
	{ .name = "summary",
		.type = OPTION_STRING,
		.offset = offsetof(struct top_config, summary),
		.def = "",
		.help = "one line for people" },
	{ 0 },
};

const char *const top_keys[] = { "version", "extends", "topology", "wallets", "workloads",
	"expectations", "run", "observability", "backend", NULL };

static const struct scenario_key top_by_hand[] = {
	{ "version", "1", "required", "version of this format" },
	{ "extends", "NAME", "-", "preset that this one changes" },
	{ "workloads", "list", "-", "NAME or NAME: {options}; see ltb list workloads" },
	{ "expectations", "list", "-", "NAME or NAME: {options}; see ltb list checks" },
	{ "backend", "NAME", "local", "NAME or NAME: {options}; see ltb list backends" },
	{ 0 },
};

const struct option topology_options[] = {
	{ .name = "nodes",
		.type = OPTION_U64,
		.offset = offsetof(struct topology_config, nodes),
		.def = "3",
		.min = 1,
		.max = TOPOLOGY_MAX_NODES,
		.help = "how many; they are called n0, n1, ..." },
	{ .name = "stake",
		.type = OPTION_U64,
		.offset = offsetof(struct topology_config, stake),
		.def = "1000",
		.help = "of each node; 0: it does not lead" },
	{ .name = "binary",
		.type = OPTION_STRING,
		.offset = offsetof(struct topology_config, binary),
		.help = "node program; default: the backend finds one" },
	{ .name = "image",
		.type = OPTION_STRING,
		.offset = offsetof(struct topology_config, image),
		.env = "LOGOS_BLOCKCHAIN_TESTNET_IMAGE",
		.help = "container image; default: the backend's" },
	{ .name = "args",
		.type = OPTION_STRINGS,
		.offset = offsetof(struct topology_config, args),
		.help = "appended to every node's command line" },
	{ .name = "env",
		.type = OPTION_STRINGS,
		.offset = offsetof(struct topology_config, env),
		.help = "KEY=VALUE for every node's environment" },
	{ 0 },
};

const char *const topology_keys[] = { "layout", "consensus", "overrides", NULL };

static const struct scenario_key topology_by_hand[] = {
	{ "layout", "star|chain|ring|full|{random: {degree}}", "star", "who dials whom" },
	{ "overrides", "map", "-", "node name: settings that differ for it" },
	{ 0 },
};

const struct option consensus_options[] = {
	{ .name = "slot_duration",
		.type = OPTION_DURATION,
		.offset = offsetof(struct consensus_config, slot_duration_ns),
		.def = "500ms",
		.min = SECOND / 10,
		.max = 600 * SECOND,
		.env = "CONSENSUS_SLOT_TIME",
		.env_unit = "s",
		.help = "whole milliseconds" },
	{ .name = "active_slot_coeff",
		.type = OPTION_DOUBLE,
		.offset = offsetof(struct consensus_config, active_slot_coeff),
		.def = "0.9",
		.dmin = 1e-6,
		.dmax = 1,
		.env = "CONSENSUS_ACTIVE_SLOT_COEFF",
		.help = "f: probability that a slot has a block" },
	{ .name = "security_param",
		.type = OPTION_U64,
		.offset = offsetof(struct consensus_config, security_param),
		.def = "10",
		.min = 1,
		.max = 10000,
		.unit = "blocks",
		.help = "k: deepest reorganisation" },
	{ 0 },
};

const struct option random_options[] = {
	{ .name = "degree",
		.type = OPTION_U64,
		.offset = offsetof(struct random_config, degree),
		.def = "4",
		.min = 1,
		.max = TOPOLOGY_MAX_NODES - 1,
		.help = "links per node, about; fewer than nodes" },
	{ 0 },
};

const struct option override_options[] = {
	{ .name = "stake",
		.type = OPTION_U64,
		.offset = offsetof(struct override_config, stake),
		.help = "of this node; 0: it does not lead; default: topology.stake" },
	{ .name = "binary",
		.type = OPTION_STRING,
		.offset = offsetof(struct override_config, binary),
		.help = "node program; default: topology.binary" },
	{ .name = "args",
		.type = OPTION_STRINGS,
		.offset = offsetof(struct override_config, args),
		.help = "appended to its command line, after topology.args" },
	{ .name = "env",
		.type = OPTION_STRINGS,
		.offset = offsetof(struct override_config, env),
		.help = "KEY=VALUE for its environment, after topology.env" },
	{ 0 },
};

const struct option wallets_options[] = {
	{ .name = "count",
		.type = OPTION_U64,
		.offset = offsetof(struct wallets_config, count),
		.def = "50",
		.max = SCENARIO_MAX_WALLETS,
		.help = "funded accounts in the genesis block" },
	{ .name = "funds",
		.type = OPTION_U64,
		.offset = offsetof(struct wallets_config, funds),
		.def = "1000",
		.min = 1,
		.max = UINT64_MAX,
		.help = "value of each one's note" },
	{ 0 },
};

const struct option run_options[] = {
	{ .name = "duration",
		.type = OPTION_DURATION,
		.offset = offsetof(struct run_settings, duration_ns),
		.def = "30s",
		.min = SECOND,
		.max = 30 * DAY,
		.help = "how long workloads drive the network" },
	{ .name = "warmup",
		.type = OPTION_DURATION,
		.offset = offsetof(struct run_settings, warmup_ns),
		.def = "3s",
		.max = DAY,
		.help = "from readiness to the baseline of the checks" },
	{ .name = "settle",
		.type = OPTION_DURATION,
		.offset = offsetof(struct run_settings, settle_ns),
		.def = "0",
		.max = DAY,
		.help = "longest wait for outcomes afterwards; 0: derived" },
	{ .name = "timeout",
		.type = OPTION_DURATION,
		.offset = offsetof(struct run_settings, timeout_ns),
		.def = "0",
		.max = 31 * DAY,
		.help = "of the whole run; 0: derived" },
	{ .name = "ready_timeout",
		.type = OPTION_DURATION,
		.offset = offsetof(struct run_settings, ready_timeout_ns),
		.def = "0",
		.max = DAY,
		.help = "for nodes to come up; 0: derived, doubled by SLOW_TEST_ENV" },
	{ .name = "seed",
		.type = OPTION_U64,
		.offset = offsetof(struct run_settings, seed),
		.def = "1",
		.help = "all that is random in the plan comes from it" },
	{ 0 },
};

const struct option observability_options[] = {
	{ .name = "query_url",
		.type = OPTION_STRING,
		.offset = offsetof(struct observability, query_url),
		.env = "LOGOS_BLOCKCHAIN_METRICS_QUERY_URL",
		.help = "base URL of a Prometheus that expectations can ask" },
	{ .name = "otlp_url",
		.type = OPTION_STRING,
		.offset = offsetof(struct observability, otlp_url),
		.env = "LOGOS_BLOCKCHAIN_METRICS_OTLP_INGEST_URL "
		       "LOGOS_BLOCKCHAIN_OTLP_METRICS_ENDPOINT",
		.help = "where nodes push their metrics (OTLP over HTTP)" },
	{ .name = "grafana_url",
		.type = OPTION_STRING,
		.offset = offsetof(struct observability, grafana_url),
		.env = "LOGOS_BLOCKCHAIN_GRAFANA_URL",
		.help = "of the dashboards; printed with the endpoints" },
	{ 0 },
};

static const struct scenario_section sections[] = {
	{ "", "The preset itself.", top_by_hand, top_options },
	{ "topology", "Which nodes there are.", topology_by_hand, topology_options },
	{ "topology.layout.random", "A random connected graph.", NULL, random_options },
	{ "topology.consensus", "Parameters of the chain.", NULL, consensus_options },
	{ "topology.overrides.NODE", "What differs for one node.", NULL, override_options },
	{ "wallets", "Accounts that transactions are sent from.", NULL, wallets_options },
	{ "run", "How long, and from which seed.", NULL, run_options },
	{ "observability", "Services that watch the cluster from outside.", NULL,
		observability_options },
	{ 0 },
};

const struct scenario_section *scenario_sections(void)
{
	return sections;
}

void scenario_describe(struct strbuf *out)
{
	for (const struct scenario_section *s = sections; s->name; s++) {
		strbuf_addf(
			out, "%s%s\n", s == sections ? "" : "\n", *s->name ? s->name : "top level");
		strbuf_addf(out, "  %s\n", s->help);
		for (const struct scenario_key *k = s->keys; k && k->name; k++)
			strbuf_addf(out, "  %s: %s (default %s)  %s\n", k->name, k->values, k->def,
				k->help);
		if (s->options)
			options_describe(s->options, out);
	}
}
