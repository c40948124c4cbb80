/* The table of environment variables against the option tables, and what nodes are handed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/app.h"
#include "core/backend.h"
#include "core/check.h"
#include "core/environ.h"
#include "core/workload.h"

static void variables_are_in_the_table(const struct option *table)
{
	for (const struct option *o = table; o && o->name; o++) {
		for (const char *s = o->env; s && *s;) {
			size_t len = strcspn(s, " ");
			CLEANUP_FREE char *name = xstrndup(s, len);
			const struct environ_variable *v = environ_find(name);

			if (!v || v->use != ENVIRON_USED)
				fail_msg("%s of option %s is not in the table, or not as used",
					name, o->name);
			assert_int_not_equal(o->type, OPTION_STRINGS);
			s += len + strspn(s + len, " ");
		}
	}
}

static void no_variables(const struct option *table)
{
	for (const struct option *o = table; o && o->name; o++)
		assert_null(o->env);
}

static void options_and_table_agree(void **state)
{
	(void)state;
	for (const struct scenario_section *s = scenario_sections(); s->name; s++) {
		/* Those that stand for many places cannot have defaults from outside. */
		if (strstr(s->name, "NODE") || strstr(s->name, "random"))
			no_variables(s->options);
		else
			variables_are_in_the_table(s->options);
	}
	for (size_t i = 0; app_catalog.backends[i]; i++)
		variables_are_in_the_table(app_catalog.backends[i]->options);
	for (size_t i = 0; app_catalog.workloads[i]; i++)
		no_variables(app_catalog.workloads[i]->options);
	for (size_t i = 0; app_catalog.checks[i]; i++)
		no_variables(app_catalog.checks[i]->options);
}

static void names_that_begin_so(void **state)
{
	(void)state;
	assert_string_equal(environ_find("OTEL_SERVICE_NAME")->name, "OTEL_*");
	assert_null(environ_find("OTEL_"));
	assert_null(environ_find("OTELS"));
	assert_null(environ_find("CONSENSUS_SLOT_TIMES"));
	assert_null(environ_find("CONSENSUS_SLOT"));
	assert_null(environ_find(""));
}

static void expect_nodes(const struct scenario *s, const char *const *wanted)
{
	struct strlist got = { 0 };
	size_t n = 0;

	environ_for_nodes(s, &got);
	for (; wanted[n]; n++) {
		bool found = false;

		for (size_t i = 0; i < got.len; i++)
			found = found || strcmp(got.items[i], wanted[n]) == 0;
		if (!found)
			fail_msg("nodes are not handed %s", wanted[n]);
	}
	assert_int_equal(got.len, n);
	strlist_release(&got);
}

#define NODES(s, ...) expect_nodes(s, (const char *const[]){ __VA_ARGS__, NULL })

static void what_nodes_are_handed(void **state)
{
	struct scenario s = { 0 };
	(void)state;

	clearenv();
	expect_nodes(&s, (const char *const[]){ NULL });
	setenv("HOME", "/", 1);
	setenv("CONSENSUS_SLOT_TIME", "3", 1);
	setenv("RUST_LOG", "", 1);
	setenv("POL_PROOF_DEV_MODE", "off", 1);
	expect_nodes(&s, (const char *const[]){ NULL });
	assert_true(environ_not_for_nodes("POL_PROOF_DEV_MODE=0"));
	assert_true(environ_not_for_nodes("POL_PROOF_DEV_MODE=what"));
	assert_false(environ_not_for_nodes("POL_PROOF_DEV_MODE=1"));
	assert_false(environ_not_for_nodes("RUST_LOG=0"));

	setenv("POL_PROOF_DEV_MODE", "1", 1);
	setenv("RUST_LOG", "debug", 1);
	setenv("LOGOS_BLOCKCHAIN_LOG_LEVEL", "WARN", 1);
	setenv("LOGOS_BLOCKCHAIN_OTLP_ENDPOINT", "http://t", 1);
	setenv("OTEL_SERVICE_NAME", "a b", 1);
	NODES(&s, "POL_PROOF_DEV_MODE=true", "RUST_LOG=debug", "LOGOS_BLOCKCHAIN_LOG_LEVEL=WARN",
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://t", "OTEL_SERVICE_NAME=a b");

	/* Nodes' own name goes before what else stands for it, the preset before all. */
	s.observability.otlp_url = xstrdup("http://m");
	setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://own", 1);
	strlist_add(&s.topology.env, "RUST_LOG=info");
	strlist_add(&s.topology.env, "OTEL_SERVICE_NAME_TOO=x");
	NODES(&s, "POL_PROOF_DEV_MODE=true", "LOGOS_BLOCKCHAIN_LOG_LEVEL=WARN",
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://own", "OTEL_SERVICE_NAME=a b",
		"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=http://m");
	free(s.observability.otlp_url);
	strlist_release(&s.topology.env);
}

static void telling_of_them(void **state)
{
	static const char wanted[] =
		"  CONSENSUS_SLOT_TIME=3: default of topology.consensus.slot_duration, seconds\n"
		"  LOGOS_BLOCKCHAIN_GRAFANA_URL=...: default of observability.grafana_url, printed "
		"only\n"
		"  LOGOS_BLOCKCHAIN_TIME_BACKEND=\"a b\": handed to nodes: their clock\n"
		"  OTEL_EXPORTER_OTLP_HEADERS: handed to nodes: where and how they push metrics "
		"and traces; OTEL_EXPORTER_OTLP_METRICS_ENDPOINT goes before "
		"observability.otlp_url\n"
		"  \"TESTNET_\\?x\": not known\n";
	CLEANUP_STRBUF struct strbuf out = { 0 };
	(void)state;

	clearenv();
	setenv("PATH", "/bin", 1);
	setenv("UNRELATED", "1", 1);
	setenv("CONSENSUS_SLOT_TIME", "3", 1);
	setenv("OTEL_EXPORTER_OTLP_HEADERS", "secret", 1);
	setenv("LOGOS_BLOCKCHAIN_TIME_BACKEND", "a b", 1);
	setenv("LOGOS_BLOCKCHAIN_GRAFANA_URL", "http://u:secret@h", 1);
	setenv("TESTNET_\\\033x", "1", 1);
	environ_describe(&app_catalog, &out);
	assert_string_equal(strbuf_str(&out), wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_and_table_agree),
		cmocka_unit_test(names_that_begin_so),
		cmocka_unit_test(what_nodes_are_handed),
		cmocka_unit_test(telling_of_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
