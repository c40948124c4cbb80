/* The table of environment variables; see environ.h. Pure data. */
#include <stddef.h>

#include "core/environ.h"

#define USED(n, h) \
	{ \
		.name = n, .use = ENVIRON_USED, .help = h \
	}
#define SWITCH(n, h) \
	{ \
		.name = n, .use = ENVIRON_USED, .is_switch = true, .help = h \
	}
#define SYSTEM(n, h) \
	{ \
		.name = n, .use = ENVIRON_SYSTEM, .help = h \
	}
#define NODES(n, h) \
	{ \
		.name = n, .use = ENVIRON_NODES, .help = h \
	}
#define REPLACED(n, h) \
	{ \
		.name = n, .use = ENVIRON_REPLACED, .help = h \
	}
#define DEAD(n, h) \
	{ \
		.name = n, .use = ENVIRON_DEAD, .help = h \
	}
#define OF_BACKEND(b, n, h) \
	{ \
		.name = n, .use = ENVIRON_USED, .backend = b, .help = h \
	}
#define NO_CIRCUITS(n)          DEAD(n, "no image is built with circuits")
#define NO_CONFIG_SERVER(n)     DEAD(n, "there is no configuration server: each node gets its files")
#define NO_DATA_AVAILABILITY(n) DEAD(n, "nodes have no data availability any more")
#define NO_TREE(n)              DEAD(n, "nothing is looked for in a source tree while running")

static const struct environ_variable table[] = {
	/* --- values of a preset --- */
	USED("CONSENSUS_SLOT_TIME", "default of topology.consensus.slot_duration, seconds"),
	USED("CONSENSUS_ACTIVE_SLOT_COEFF", "default of topology.consensus.active_slot_coeff"),
	SWITCH("SLOW_TEST_ENV", "on: nodes may take twice as long to come up, unless "
				"run.ready_timeout is given"),
	USED("LOGOS_BLOCKCHAIN_NODE_BIN",
		"the node program, when neither the preset nor an option names one"),
	USED("LOGOS_BLOCKCHAIN_TESTNET_IMAGE",
		"default of topology.image, for backends that run containers"),
	USED("LOGOS_BLOCKCHAIN_LOG_LEVEL",
		"default of the backend's log_level: trace, debug, info, warn, error; also handed "
		"to nodes"),
	USED("LOGOS_BLOCKCHAIN_METRICS_QUERY_URL",
		"default of observability.query_url, a Prometheus that expectations can ask"),
	USED("LOGOS_BLOCKCHAIN_METRICS_OTLP_INGEST_URL",
		"default of observability.otlp_url, where nodes push their metrics"),
	USED("LOGOS_BLOCKCHAIN_OTLP_METRICS_ENDPOINT",
		"the same, when LOGOS_BLOCKCHAIN_METRICS_OTLP_INGEST_URL is not set"),
	USED("LOGOS_BLOCKCHAIN_GRAFANA_URL", "default of observability.grafana_url, printed only"),

	/* --- the run --- */
	SWITCH("TESTNET_PRINT_ENDPOINTS",
		"on: once the cluster is ready, a line TESTNET_ENDPOINTS with the URLs of "
		"Prometheus and Grafana, and a line TESTNET_PPROF for each node, on standard "
		"output, or on standard error where that is for JSON or JUnit"),
	SWITCH("TESTNET_RUNNER_PRESERVE", "on: as --keep, the command line goes before it"),
	{ .name = "COMPOSE_RUNNER_PRESERVE",
		.use = ENVIRON_USED,
		.backend = "compose",
		.is_switch = true,
		.help = "on: as --keep, the command line goes before it" },
	{ .name = "K8S_RUNNER_PRESERVE",
		.use = ENVIRON_USED,
		.backend = "k8s",
		.is_switch = true,
		.help = "on: as --keep, the command line goes before it" },

	/* --- one backend's --- */
	OF_BACKEND("compose", "DOCKER_HOST", "the engine: unix://PATH or tcp://HOST:PORT"),
	OF_BACKEND("compose", "DOCKER_CONTEXT",
		"the context that says where the engine is, when "
		"DOCKER_HOST does not"),
	OF_BACKEND("compose", "DOCKER_CONFIG", "where contexts are kept; default ~/.docker"),
	OF_BACKEND("compose", "DOCKER_TLS_VERIFY",
		"set: an engine at a tcp address is refused, as TLS is not supported"),
	OF_BACKEND("compose", "COMPOSE_RUNNER_HOST",
		"the address at which published ports are reached; default 127.0.0.1"),
	OF_BACKEND("compose", "COMPOSE_RUNNER_HTTP_TIMEOUT_SECS",
		"how long nodes may take to come up, when longer than run.ready_timeout"),
	OF_BACKEND("compose", "COMPOSE_RUNNER_HOST_GATEWAY",
		"NAME:ADDRESS by which containers reach this machine; disable: none"),
	OF_BACKEND("compose", "DOCKER_HOST_GATEWAY", "the same, when that is not set"),
	OF_BACKEND("k8s", "LOGOS_BLOCKCHAIN_TESTNET_IMAGE_PULL_POLICY", "when images are pulled"),
	OF_BACKEND("k8s", "K8S_RUNNER_NAMESPACE", "the namespace"),
	OF_BACKEND("k8s", "K8S_RUNNER_RELEASE", "the name of what is installed there"),
	OF_BACKEND("k8s", "K8S_RUNNER_NODE_HOST", "the address at which node ports are reached"),
	OF_BACKEND("k8s", "K8S_RUNNER_DEPLOYMENT_TIMEOUT_SECS", "how long it may take to deploy"),
	OF_BACKEND("k8s", "K8S_RUNNER_HTTP_TIMEOUT_SECS", "how long nodes may take to answer"),
	OF_BACKEND("k8s", "K8S_RUNNER_HTTP_PROBE_TIMEOUT_SECS", "the same, of one question"),
	OF_BACKEND("k8s", "K8S_RUNNER_HTTP_POLL_INTERVAL_SECS", "time between questions"),
	OF_BACKEND("k8s", "K8S_RUNNER_DEBUG", "on: more is told of deploying"),

	/* --- handed through to nodes --- */
	{ .name = "POL_PROOF_DEV_MODE",
		.use = ENVIRON_NODES,
		.is_switch = true,
		.help = "on: proofs of leadership are not computed; off is as not set" },
	NODES("RUST_LOG", "what nodes written in Rust log; it does not change what ltb tells"),
	NODES("LOGOS_BLOCKCHAIN_LOG_FILTER", "which of their parts log"),
	NODES("LOGOS_BLOCKCHAIN_TIME_BACKEND", "their clock"),
	NODES("LOGOS_BLOCKCHAIN_GRACE_PERIOD_SECS", "how long they may have been offline"),
	NODES("LOGOS_BLOCKCHAIN_OTLP_ENDPOINT",
		"as OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, unless that is set"),
	{ .name = "OTEL_*",
		.use = ENVIRON_NODES,
		.is_secret = true,
		.help = "where and how they push metrics and traces; "
			"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT goes before observability.otlp_url" },

	/* --- common ones --- */
	SYSTEM("NO_COLOR", "not empty: no colour, whatever else is said"),
	SYSTEM("CLICOLOR_FORCE", "not empty and not 0: colour also when the output is no terminal"),
	SYSTEM("XDG_STATE_HOME", "runs are kept in ltb/runs below it; default ~/.local/state"),
	SYSTEM("XDG_DATA_HOME", "presets are looked for in ltb/presets below it; default "
				"~/.local/share"),
	SYSTEM("XDG_CONFIG_HOME",
		"keys, layouts and themes are looked for in ltb below it; default ~/.config"),
	SYSTEM("XDG_CACHE_HOME", "what can be made again is in ltb below it; default ~/.cache"),
	SYSTEM("XDG_RUNTIME_DIR", "sockets are in ltb below it"),
	SYSTEM("HOME", "where the defaults above begin"),
	SYSTEM("PATH", "where programs are looked for that are named without a slash"),
	SYSTEM("TERM", "the kind of terminal; the terminal application refuses dumb"),
	SYSTEM("LC_ALL", "the characters of the terminal: UTF-8, or ASCII"),
	SYSTEM("LC_CTYPE", "the same, when LC_ALL is not set"),
	SYSTEM("LANG", "the same, when neither is set"),
	USED("LTB_UI_STATS", "a file that the terminal application writes what its frames cost to"),

	/* --- replaced --- */
	REPLACED("LOGOS_BLOCKCHAIN_TESTS_KEEP_LOGS", "logs are always kept, in the run directory"),
	REPLACED("LOGOS_BLOCKCHAIN_LOG_DIR", "logs are in the run directory, see --out"),
	REPLACED("LOGOS_BLOCKCHAIN_TESTS_TRACING",
		"OTEL_EXPORTER_OTLP_ENDPOINT and its kin are enough"),
	REPLACED("LOCAL_DEMO_NODES", "--set topology.nodes=N"),
	REPLACED("LOCAL_DEMO_RUN_SECS", "--duration TIME"),
	REPLACED("COMPOSE_NODE_PAIRS", "--set topology.nodes=N"),
	REPLACED("CUCUMBER_DEPLOYER_COMPOSE", "--backend compose"),

	/* --- without effect --- */
	DEAD("LOGOS_BLOCKCHAIN_USE_AUTONAT", "nodes reach each other directly, or by the relay"),
	NO_CONFIG_SERVER("LOGOS_BLOCKCHAIN_CFGSYNC_PORT"),
	NO_CONFIG_SERVER("CFG_*"),
	DEAD("K8S_RUNNER_PROMETHEUS_HTTP_TIMEOUT_SECS", "nothing waits for a Prometheus"),
	DEAD("K8S_RUNNER_PROMETHEUS_HTTP_PROBE_TIMEOUT_SECS", "nothing waits for a Prometheus"),
	NO_CIRCUITS("COMPOSE_CIRCUITS_PLATFORM"),
	NO_CIRCUITS("CIRCUITS_OVERRIDE"),
	NO_CIRCUITS("LOGOS_BLOCKCHAIN_CIRCUITS_PLATFORM"),
	NO_CIRCUITS("LOGOS_BLOCKCHAIN_CIRCUITS_NONINTERACTIVE"),
	NO_CIRCUITS("LOGOS_BLOCKCHAIN_CIRCUITS_REBUILD_RAPIDSNARK"),
	NO_TREE("CARGO_WORKSPACE_DIR"),
	NO_TREE("REPO_ROOT_OVERRIDE_DIR"),
	NO_TREE("REL_ASSETS_STACK_DIR"),
	DEAD("LOGOS_BLOCKCHAIN_NODE_REV", "nothing is built from the node's sources"),
	NO_DATA_AVAILABILITY("LOGOS_BLOCKCHAIN_DISPERSAL_TIMEOUT_SECS"),
	NO_DATA_AVAILABILITY("LOGOS_BLOCKCHAIN_RETRY_COOLDOWN_SECS"),
	NO_DATA_AVAILABILITY("LOGOS_BLOCKCHAIN_PRUNE_DURATION_SECS"),
	NO_DATA_AVAILABILITY("LOGOS_BLOCKCHAIN_PRUNE_INTERVAL_SECS"),
	NO_DATA_AVAILABILITY("LOGOS_BLOCKCHAIN_SHARE_DURATION_SECS"),
	NO_DATA_AVAILABILITY("LOGOS_BLOCKCHAIN_COMMITMENTS_WAIT_SECS"),
	NO_DATA_AVAILABILITY("LOGOS_BLOCKCHAIN_SDP_TRIGGER_DELAY_SECS"),
	{ 0 },
};

const struct environ_variable *environ_table(void)
{
	return table;
}
