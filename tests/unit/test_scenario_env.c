/* Presets and what surrounds them: variables that are the defaults of options, URLs of services. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../lib/scenario_fixture.h"

static const char *const *fake_environment; /* name, value, ... NULL */

static const char *fake_getenv(const char *name)
{
	for (size_t i = 0; fake_environment[i]; i += 2) {
		if (strcmp(fake_environment[i], name) == 0)
			return fake_environment[i + 1];
	}
	return NULL;
}

#define ENVIRONMENT(...) (fake_environment = (const char *const[]){ __VA_ARGS__, NULL })

static struct scenario *parse_env(
	const char *text, const struct preset_request *req, struct err *err)
{
	struct preset_source src = source;

	src.get = fake_getenv;
	return scenario_parse(&tiny_catalog, &src, "t.yaml", text, strlen(text), req, err);
}

static void env_fails(const char *text, const char *message)
{
	struct err err = { 0 };
	struct scenario *s = parse_env(text, NULL, &err);

	assert_refused(s, &err, message);
}

static void test_environment_is_a_default(void **state)
{
	struct err err = { 0 };
	CLEANUP_STRBUF struct strbuf doc = { 0 };
	(void)state;

	ENVIRONMENT("CONSENSUS_SLOT_TIME", "3", "CONSENSUS_ACTIVE_SLOT_COEFF", "0.25",
		"LOGOS_BLOCKCHAIN_TESTNET_IMAGE", "~", "LOGOS_BLOCKCHAIN_GRAFANA_URL", "");
	struct scenario *s = parse_env("version: 1\nname: x\ntopology: {nodes: 2}\n", NULL, &err);

	if (!s)
		fail_msg("%s", err.text);
	assert_int_equal(s->topology.consensus.slot_duration_ns, 3000000000u);
	assert_true(s->topology.consensus.active_slot_coeff == 0.25);
	assert_string_equal(s->topology.image, "~");
	assert_null(s->observability.grafana_url);
	assert_int_equal(s->n_env, 3);
	assert_string_equal(s->env[0].variable, "LOGOS_BLOCKCHAIN_TESTNET_IMAGE");
	assert_string_equal(s->env[0].assignment, "topology.image=\"~\"");
	assert_string_equal(s->env[1].path, "topology.consensus.slot_duration");
	assert_string_equal(s->env[1].assignment, "topology.consensus.slot_duration=3s");

	/* What was recorded gives the same without the variables. */
	ynode_write(s->doc->root, &doc);
	const char *const sets[] = { s->env[0].assignment, s->env[1].assignment,
		s->env[2].assignment, NULL };
	struct scenario *again = must(strbuf_str(&doc), NULL);
	struct scenario *set = must("version: 1\nname: x\ntopology: {nodes: 2}\n", sets);
	const struct scenario *both[] = { again, set };

	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(both[i]->topology.consensus.slot_duration_ns, 3000000000u);
		assert_true(both[i]->topology.consensus.active_slot_coeff == 0.25);
		assert_string_equal(both[i]->topology.image, "~");
	}
	scenario_free(again);
	scenario_free(set);
	scenario_free(s);
}

static void test_environment_comes_last(void **state)
{
	static const char preset[] = "version: 1\ntopology: {consensus: {slot_duration: 700ms}}\n";
	const char *const sets[] = { "topology.consensus.active_slot_coeff=0.5", NULL };
	const struct preset_request req = { .sets = sets }, recorded = { .recorded = true };
	struct err err = { 0 };
	(void)state;

	/* Not used, so even nonsense does no harm. */
	ENVIRONMENT("CONSENSUS_SLOT_TIME", "soon", "CONSENSUS_ACTIVE_SLOT_COEFF", "1");
	struct scenario *s = parse_env(preset, &req, &err);

	if (!s)
		fail_msg("%s", err.text);
	assert_int_equal(s->topology.consensus.slot_duration_ns, 700000000u);
	assert_true(s->topology.consensus.active_slot_coeff == 0.5);
	assert_int_equal(s->n_env, 1);
	assert_null(s->env[0].assignment);
	scenario_free(s);

	s = parse_env("version: 1\n", &recorded, &err);
	assert_non_null(s);
	assert_int_equal(s->n_env, 0);
	assert_true(s->topology.consensus.active_slot_coeff == 0.9);
	scenario_free(s);
	/* A key without a value is as one that is not there. */
	ENVIRONMENT("CONSENSUS_SLOT_TIME", "1.5");
	s = parse_env("version: 1\ntopology:\n  consensus:\n    slot_duration:\n", NULL, &err);
	assert_non_null(s);
	assert_int_equal(s->topology.consensus.slot_duration_ns, 1500000000u);
	scenario_free(s);
}

static void test_environment_of_a_backend(void **state)
{
	static const struct {
		const char *preset, *written;
	} cases[] = {
		{ "version: 1\n", "true" },
		{ "version: 1\nbackend: here\n", "true" },
		{ "version: 1\nbackend: {here: }\n", "true" },
		{ "version: 1\nbackend: {here: {keep: }}\n", "true" },
		{ "version: 1\nbackend: {here: {keep: false}}\n", "false" },
		{ "version: 1\nbackend: away\n", NULL },
	};
	(void)state;

	ENVIRONMENT("TINY_KEEP", "on");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { 0 };
		struct scenario *s = parse_env(cases[i].preset, NULL, &err);

		if (!s)
			fail_msg("%s", err.text);
		const struct ynode *b = ynode_get(s->doc->root, "backend");
		const struct ynode *keep = ynode_get(ynode_get(b, "here"), "keep");

		if (cases[i].written)
			assert_string_equal(keep->scalar, cases[i].written);
		else
			assert_string_equal(b->scalar, "away");
		scenario_free(s);
	}
	ENVIRONMENT("TINY_KEEP", "2");
	env_fails("version: 1\nbackend: here\n",
		"the environment variable TINY_KEEP, which is the default of backend.here.keep: "
		"expected true or false, 1 or 0, yes or no, on or off, not \"2\"");
}

static void test_slow_machines(void **state)
{
	struct err err = { 0 };
	(void)state;

	ENVIRONMENT("SLOW_TEST_ENV", "0");
	struct scenario *s = parse_env("version: 1\ntopology: {nodes: 5}\n", NULL, &err);

	assert_non_null(s);
	assert_int_equal(scenario_ready_timeout_ns(s), 21000000000u);
	scenario_free(s);
	ENVIRONMENT("SLOW_TEST_ENV", "true");
	s = parse_env("version: 1\ntopology: {nodes: 5}\n", NULL, &err);
	assert_non_null(s);
	assert_int_equal(scenario_ready_timeout_ns(s), 42000000000u);
	assert_string_equal(s->env[0].assignment, "run.ready_timeout=42s");
	assert_string_equal(
		ynode_get(ynode_get(s->doc->root, "run"), "ready_timeout")->scalar, "42s");
	scenario_free(s);
	s = parse_env("version: 1\nrun: {ready_timeout: 9s}\n", NULL, &err);
	assert_non_null(s);
	assert_int_equal(scenario_ready_timeout_ns(s), 9000000000u);
	assert_null(s->env[0].assignment);
	scenario_free(s);
	ENVIRONMENT("SLOW_TEST_ENV", "very");
	env_fails("version: 1\n",
		"the environment variable SLOW_TEST_ENV: expected 1, true, yes or "
		"on, or 0, false, no or off, not \"very\"");
}

static void test_environment_errors(void **state)
{
	(void)state;
	ENVIRONMENT("CONSENSUS_SLOT_TIME", "soon");
	env_fails("version: 1\n",
		"the environment variable CONSENSUS_SLOT_TIME, which is the default of "
		"topology.consensus.slot_duration: expected a duration such as 500ms or 30s from "
		"100ms to 10m, or such a number without its unit (s), not \"soon\"");
	ENVIRONMENT("CONSENSUS_SLOT_TIME", "0");
	env_fails("version: 1\n",
		"the environment variable CONSENSUS_SLOT_TIME, which is the default of "
		"topology.consensus.slot_duration: expected a duration such as 500ms or 30s from "
		"100ms to 10m, or such a number without its unit (s), not \"0\"");
	ENVIRONMENT("CONSENSUS_ACTIVE_SLOT_COEFF", "1.5");
	env_fails("version: 1\n",
		"the environment variable CONSENSUS_ACTIVE_SLOT_COEFF, which is the default of "
		"topology.consensus.active_slot_coeff: expected a number from 1e-06 to 1, not "
		"\"1.5\"");
	ENVIRONMENT("LOGOS_BLOCKCHAIN_METRICS_QUERY_URL", "ftp://x");
	env_fails("version: 1\n",
		"LOGOS_BLOCKCHAIN_METRICS_QUERY_URL: expected a URL such as http://localhost:9090, "
		"not \"ftp://x\"");
	/* A section of the wrong kind is the preset's fault. */
	ENVIRONMENT("CONSENSUS_SLOT_TIME", "1");
	env_fails("version: 1\ntopology: 5\n",
		"t.yaml:2:11: topology: expected a map of options, not \"5\"");
}

static void test_observability(void **state)
{
	struct err err = { 0 };
	(void)state;

	struct scenario *s = must("version: 1\nobservability:\n  query_url: https://h:1/p\n"
				  "  grafana_url: http://[::1]:3000/d?orgId=1#x\n",
		NULL);
	assert_string_equal(s->observability.query_url, "https://h:1/p");
	assert_null(s->observability.otlp_url);
	scenario_free(s);
	fails("version: 1\nobservability: {query_url: \"http://h/?a=b\"}\n", NULL,
		"t.yaml:2:28: observability.query_url: expected the URL of a service, without "
		"\"?\" and \"#\", not \"http://h/?a=b\"");
	fails("version: 1\nobservability: {otlp_url: \"http://u:secret@h\"}\n", NULL,
		"t.yaml:2:27: observability.otlp_url: a URL with a user name or password would be "
		"recorded with the run; leave it out (a proxy on this machine can add it)");
	fails("version: 1\nobservability: {query_url: \"http://h /\"}\n", NULL,
		"t.yaml:2:28: observability.query_url: expected a URL such as "
		"http://localhost:9090, not \"http://h /\"");
	fails("version: 1\nobservability: {query_url: localhost}\n", NULL,
		"t.yaml:2:28: observability.query_url: expected a URL such as "
		"http://localhost:9090, not \"localhost\"");

	/* The first of two variables counts. */
	ENVIRONMENT("LOGOS_BLOCKCHAIN_OTLP_METRICS_ENDPOINT", "http://second",
		"LOGOS_BLOCKCHAIN_METRICS_OTLP_INGEST_URL", "http://first");
	s = parse_env("version: 1\n", NULL, &err);
	assert_non_null(s);
	assert_string_equal(s->observability.otlp_url, "http://first");
	scenario_free(s);
	ENVIRONMENT("LOGOS_BLOCKCHAIN_OTLP_METRICS_ENDPOINT", "http://second");
	s = parse_env("version: 1\n", NULL, &err);
	assert_non_null(s);
	assert_string_equal(s->observability.otlp_url, "http://second");
	assert_string_equal(s->env[0].variable, "LOGOS_BLOCKCHAIN_OTLP_METRICS_ENDPOINT");
	scenario_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_environment_is_a_default),
		cmocka_unit_test(test_environment_comes_last),
		cmocka_unit_test(test_environment_errors),
		cmocka_unit_test(test_slow_machines),
		cmocka_unit_test(test_environment_of_a_backend),
		cmocka_unit_test(test_observability),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
