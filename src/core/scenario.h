/*
 * A scenario: what a preset says, read, checked and with all defaults filled
 * in. Pure (files are read through fs), any thread; immutable after reading.
 * The format is described in ltb-preset(5).
 */
#ifndef CORE_SCENARIO_H
#define CORE_SCENARIO_H

#include <stdbool.h>
#include <stdint.h>

#include "core/catalog.h"
#include "core/embedded.h"
#include "core/option.h"
#include "core/topology.h"
#include "util/err.h"
#include "util/yaml.h"

#define PRESET_MAX_BYTES     (1024u * 1024)
#define SCENARIO_MAX_PLUGINS 64 /* workloads, and checks written in the preset */
#define SCENARIO_MAX_WALLETS 100000

struct workload_use {
	const struct workload_ops *ops;
	void *config; /* ops->config_size bytes, owned */
	char *name;   /* unique in the scenario: "transactions", "transactions-2" */
	int line;
};

struct check_use {
	const struct check_ops *ops;
	void *config;
	char *name;
	int line;
	bool implied; /* brought by a workload, not written in the preset */
};

struct run_settings {
	uint64_t duration_ns;      /* of the drive phase; default 30s */
	uint64_t warmup_ns;        /* after readiness, before the baseline; default 3s */
	uint64_t settle_ns;        /* at most this long after the drive; 0: derived */
	uint64_t timeout_ns;       /* of the whole run; 0: derived */
	uint64_t ready_timeout_ns; /* for the nodes to come up; 0: derived */
	uint64_t seed;             /* default 1 */
};

/* Services around the cluster; each may be NULL: there is none. Checked with http_url_check(). */
struct observability {
	char *query_url;   /* base URL of a Prometheus that checks can ask */
	char *otlp_url;    /* where nodes push their metrics, by OTLP over HTTP */
	char *grafana_url; /* for people, printed only */
};

/* An environment variable that is set and stands for a key of the preset. */
struct scenario_env {
	char *variable, *path; /* "CONSENSUS_SLOT_TIME", "topology.consensus.slot_duration" */
	char *assignment; /* "PATH=VALUE" as --set takes it; NULL: the preset's own goes before */
};

struct scenario {
	char *name, *summary;
	char *source; /* file it came from, or "preset NAME" */
	struct topology topology;
	uint64_t n_wallets, wallet_funds;
	struct workload_use *workloads;
	size_t n_workloads;
	struct check_use *checks;
	size_t n_checks;
	struct run_settings run;
	struct observability observability;
	const struct backend_ops *backend;
	void *backend_config;
	struct scenario_env *env; /* what the environment said when it was read */
	size_t n_env;
	/* Resolved document (extends, --set and the environment applied): written to the run
	 * directory. */
	struct ydoc *doc;
};

struct preset_source {
	const struct embedded_file *embedded; /* shipped presets */
	/* Directories searched before the shipped ones, NULL-terminated: ./presets, XDG data. */
	const char *const *dirs;
	option_getenv *get; /* what is asked for environment variables; NULL: there are none */
};

struct preset_request {
	const char *preset;      /* name, or a path (contains '/' or ends in .yaml/.yml), or "-" */
	const char *const *sets; /* "dotted.key=value", NULL-terminated; may be NULL */
	const char *backend;     /* overrides; may be NULL */
	/* Of a run that was: the environment has no say, a pipe is not waited for. */
	bool recorded;
	bool has_seed, has_duration;
	uint64_t seed, duration_ns;
};

/*
 * NULL on error (ERR_USAGE with position). Applies extends, then sets, then the request, then the
 * environment to what none of them says.
 */
struct scenario *scenario_load(const struct catalog *cat, const struct preset_source *src,
	const struct preset_request *req, struct err *err);
/* The same from text already at hand (tests, recorded runs). */
struct scenario *scenario_parse(const struct catalog *cat, const struct preset_source *src,
	const char *file, const char *text, size_t len, const struct preset_request *req,
	struct err *err);
void scenario_free(struct scenario *s);

struct preset_info {
	const char *name, *summary;
	const char *source; /* path of its file, or "shipped" */
	/* Where others of this name are that say something else and are not used, because this one
	 * is found first: "A", "A and B"; "" when there is none. */
	const char *hides;
};
/* For `ltb list presets`: calls fn for each preset found, in the order of names. */
int preset_each(const struct preset_source *src, int (*fn)(const struct preset_info *p, void *arg),
	void *arg);
/* The one that `preset` means, to fn as above; false: it is no name of one (a path is none). */
bool preset_look_up(const struct preset_source *src, const char *preset,
	int (*fn)(const struct preset_info *p, void *arg), void *arg);
/* Whether a preset's name or path is meant, not just a word. */
bool preset_is_path(const char *preset);

/* The sections of a preset, as data: for the manual, `ltb describe preset`, forms. */
struct scenario_key {
	const char *name, *values, *def, *help; /* keys that are no plain option */
};
struct scenario_section {
	const char *name; /* dotted; "" is the top level */
	const char *help;
	const struct scenario_key *keys; /* ends with a NULL name; may be NULL */
	const struct option *options;    /* may be NULL */
};
const struct scenario_section *scenario_sections(void); /* ends with a NULL name */
void scenario_describe(struct strbuf *out);             /* all of them, as text */

/* Derived numbers, for the runner, dry runs, checks and the terminal. */
uint64_t scenario_ready_timeout_ns(const struct scenario *s);
uint64_t scenario_block_interval_ns(const struct scenario *s);
double scenario_expected_blocks(const struct scenario *s, uint64_t window_ns);

#endif
