/* Rules and bodies of the relay's API: what is read, what is refused and why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "relay/request.h"
#include "relay/rule.h"

static int parse(const char *text, struct rule *ret, struct err *err)
{
	CLEANUP_JSON cJSON *json = json_parse(text, strlen(text), NULL, err);

	assert_non_null(json);
	return rule_from_json(json, ret, err);
}

static void all_members(void **state)
{
	struct rule r;
	CLEANUP_STRBUF struct strbuf out = { 0 };
	struct jw w;
	const char text[] = "{\"delay_ms\":1.5,\"jitter_ms\":2,\"distribution\":\"pareto\","
			    "\"correlation\":0.25,\"loss\":0.5,\"retransmit_ms\":300,"
			    "\"duplicate\":0.1,\"reorder\":0.2,\"reorder_ms\":7,"
			    "\"bytes_per_s\":1000000,\"burst_bytes\":5000,\"cut\":\"half-open\"}";

	(void)state;
	assert_int_equal(parse(text, &r, NULL), 0);
	assert_true(r.delay_ns == 1500000 && r.jitter_ns == 2000000);
	assert_int_equal(r.distribution, DISTRIBUTION_PARETO);
	assert_true(r.correlation == 0.25 && r.loss == 0.5 && r.duplicate == 0.1);
	assert_true(r.reorder == 0.2 && r.reorder_ns == 7000000);
	assert_true(r.retransmit_ns == 300000000);
	assert_true(r.bytes_per_s == 1000000 && r.burst_bytes == 5000);
	assert_int_equal(r.cut, CUT_HALF_OPEN);
	jw_init(&w, &out, 0);
	rule_to_json(&r, &w);
	assert_string_equal(strbuf_str(&out), text);
}

static void neutral(void **state)
{
	static const char *const something[] = { "{\"delay_ms\":0.001}", "{\"jitter_ms\":1}",
		"{\"loss\":0.01}", "{\"duplicate\":1}", "{\"reorder\":1}", "{\"bytes_per_s\":1}",
		"{\"cut\":\"silent\"}", "{\"cut\":\"reset\"}", "{\"cut\":\"half-open\"}" };
	struct rule r;

	(void)state;
	assert_int_equal(parse("{}", &r, NULL), 0);
	assert_true(rule_is_neutral(&r));
	assert_int_equal(parse("{\"distribution\":\"normal\",\"cut\":\"none\"}", &r, NULL), 0);
	assert_true(rule_is_neutral(&r));
	for (size_t i = 0; i < ARRAY_LEN(something); i++) {
		assert_int_equal(parse(something[i], &r, NULL), 0);
		assert_false(rule_is_neutral(&r));
	}
	assert_int_equal(parse("{\"loss\":1}", &r, NULL), 0);
	assert_true(rule_holds(&r));
}

static void refused(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "[]", "is an object" },
		{ "{\"delay_m\":1}", "did you mean 'delay_ms'" },
		{ "{\"delay_ms\":-1}", "delay_ms: not a number from 0 to 600000" },
		{ "{\"delay_ms\":600001}", "delay_ms: not a number" },
		{ "{\"delay_ms\":\"5\"}", "delay_ms: not a number" },
		{ "{\"loss\":1.01}", "loss: not a number from 0 to 1" },
		{ "{\"loss\":null}", "loss: not a number from 0 to 1" },
		{ "{\"bytes_per_s\":1.5}", "bytes_per_s: not a whole number" },
		{ "{\"bytes_per_s\":99999999999999999999}", "bytes_per_s: not a whole number" },
		{ "{\"burst_bytes\":1}", "at least 4096" },
		{ "{\"cut\":\"off\"}", "'off' is none of none, silent, reset, half-open" },
		{ "{\"distribution\":3}", "is none of uniform, normal, pareto" },
	};
	struct rule r;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { 0 };

		assert_int_equal(parse(cases[i].text, &r, &err), -1);
		assert_int_equal(err.code, ERR_USAGE);
		if (!strstr(err.text, cases[i].why))
			fail_msg("%s: %s", cases[i].text, err.text);
	}
}

static void limits(void **state)
{
	struct rule r = { 0 };

	(void)state;
	assert_int_equal(rule_read_bytes(&r), RULE_MAX_READ_BYTES);
	r.bytes_per_s = 1000;
	assert_int_equal(rule_read_bytes(&r), RULE_SEGMENT_BYTES);
	assert_int_equal(rule_burst_bytes(&r), RULE_MIN_BURST);
	r.bytes_per_s = 1000000;
	assert_int_equal(rule_read_bytes(&r), 10000);
	assert_int_equal(rule_burst_bytes(&r), 50000);
	r.burst_bytes = 7000;
	assert_int_equal(rule_burst_bytes(&r), 7000);
}

/* --- bodies ------------------------------------------------------------------------------ */

#define LINK(extra) \
	"{\"links\":[{\"id\":\"a-b\",\"from\":\"a\",\"to\":\"b\",\"kind\":\"udp\"," \
	"\"listen\":\"127.0.0.1:0\",\"target\":\"b.local:3000\"" extra "}]}"

static void links_body(void **state)
{
	static const char text[] = LINK(",\"groups\":[\"x\",\"y\"],\"rule\":{\"delay_ms\":3}");
	struct link_specs specs;
	char buf[ENDPOINT_TEXT];

	(void)state;
	assert_int_equal(request_links(text, strlen(text), &specs, NULL), 0);
	assert_int_equal(specs.len, 1);
	const struct link_spec *s = &specs.items[0];
	assert_string_equal(s->id, "a-b");
	assert_string_equal(s->from, "a");
	assert_string_equal(s->to, "b");
	assert_int_equal(s->kind, LINK_UDP);
	assert_string_equal(endpoint_text(&s->target, buf), "b.local:3000");
	assert_int_equal(s->target.addr.len, 0);
	assert_int_equal(s->groups.len, 2);
	assert_true(s->has_rule && s->rule.delay_ns == 3000000);
	link_specs_release(&specs);
}

static void rules_body(void **state)
{
	static const char text[] =
		"{\"rules\":[{\"from\":[\"a\"],\"to\":[],\"both\":true,\"rule\":{}},"
		"{\"links\":[\"a>b:p\"],\"groups\":[\"g\"],\"rule\":{\"cut\":\"reset\"}}]}";
	struct rule_changes c;

	(void)state;
	assert_int_equal(request_rules(text, strlen(text), &c, NULL), 0);
	assert_int_equal(c.len, 2);
	assert_true(c.items[0].has_from && c.items[0].has_to && c.items[0].both);
	assert_false(c.items[0].has_links || c.items[0].has_groups);
	assert_int_equal(c.items[0].to.len, 0);
	assert_true(c.items[1].has_links && c.items[1].has_groups && !c.items[1].both);
	assert_string_equal(c.items[1].links.items[0], "a>b:p");
	assert_int_equal(c.items[1].rule.cut, CUT_RESET);
	rule_changes_release(&c);
}

static void bad_bodies(void **state)
{
	static const struct {
		char what; /* l: links, r: rules, i: ids */
		const char *text, *why;
	} cases[] = {
		{ 'l', "", "bad JSON" },
		{ 'l', "{}", "no list 'links'" },
		{ 'l', "[]", "no object" },
		{ 'l', "{\"links\":[],\"x\":1}", "no member 'x'" },
		{ 'l', "{\"links\":[1]}", "no object" },
		{ 'l', "{\"links\":[{}]}", "links[0]: id: missing" },
		{ 'l', "{\"links\":[{\"id\":\"a\",\"frm\":\"b\"}]}",
			"links[0]: a link has no member" },
		{ 'l', "{\"links\":[{\"id\":\"a b\"}]}", "id: 'a b'" },
		{ 'l', LINK(",\"grups\":[]"), "did you mean 'groups'" },
		{ 'l', LINK(",\"groups\":\"x\""), "link 'a-b': groups is no list" },
		{ 'l', LINK(",\"groups\":[\"a>b\"]"), "groups: 'a>b'" },
		{ 'l', LINK(",\"rule\":{\"los\":1}"), "link 'a-b': a rule has no member" },
		{ 'l',
			"{\"links\":[{\"id\":\"x\",\"from\":\"a\",\"to\":\"a\",\"kind\":\"tcp\","
			"\"listen\":\"127.0.0.1:0\",\"target\":\"h:1\"}]}",
			"the same node" },
		{ 'l',
			"{\"links\":[{\"id\":\"x\",\"from\":\"a\",\"to\":\"b\",\"kind\":\"tcp\","
			"\"listen\":\"localhost:0\",\"target\":\"h:1\"}]}",
			"numeric address" },
		{ 'l',
			"{\"links\":[{\"id\":\"x\",\"from\":\"a\",\"to\":\"b\",\"kind\":\"sctp\","
			"\"listen\":\"127.0.0.1:0\",\"target\":\"h:1\"}]}",
			"tcp or udp" },
		{ 'l',
			"{\"links\":[{\"id\":\"x\",\"from\":\"a\",\"to\":\"b\",\"kind\":\"tcp\","
			"\"listen\":\"127.0.0.1:0\",\"target\":\"h:0\"}]}",
			"port 0" },
		{ 'r', "{\"rules\":[{}]}", "rules[0]: 'rule' is missing" },
		{ 'r', "{\"rules\":[{\"rule\":{}},{\"rule\":{},\"both\":1}]}", "rules[1]: both" },
		{ 'r', "{\"rules\":[{\"rule\":{},\"from\":[1]}]}", "from: missing" },
		{ 'r', "{\"rules\":[{\"rule\":{},\"link\":[]}]}", "did you mean 'links'" },
		{ 'i', "{\"links\":{}}", "no list 'links'" },
		{ 'i', "{\"links\":[\"\"]}", "links: ''" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *text = cases[i].text;
		struct link_specs specs = { 0 };
		struct rule_changes changes = { 0 };
		struct strlist ids = { 0 };
		struct err err = { 0 };
		int rc = cases[i].what == 'l'   ? request_links(text, strlen(text), &specs, &err)
			 : cases[i].what == 'r' ? request_rules(text, strlen(text), &changes, &err)
						: request_ids(text, strlen(text), &ids, &err);

		assert_int_equal(rc, -1);
		if (!strstr(err.text, cases[i].why))
			fail_msg("%s: %s", text, err.text);
		link_specs_release(&specs);
		rule_changes_release(&changes);
		strlist_release(&ids);
	}
}

static void endpoints(void **state)
{
	static const struct {
		const char *text, *back; /* NULL: refused */
		bool numeric;
	} cases[] = {
		{ "127.0.0.1:80", "127.0.0.1:80", true },
		{ "[::1]:80", "[::1]:80", true },
		{ "a-b.c_d:65535", "a-b.c_d:65535", false },
		{ "a:65536", NULL, false },
		{ "a", NULL, false },
		{ ":1", NULL, false },
		{ "a:", NULL, false },
		{ "::1:80", NULL, false },
		{ "[::zz]:80", NULL, false },
		{ "a b:1", NULL, false },
	};
	char buf[ENDPOINT_TEXT];
	struct endpoint e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int rc = endpoint_parse(cases[i].text, &e, NULL);

		assert_int_equal(rc, cases[i].back ? 0 : -1);
		if (rc)
			continue;
		assert_string_equal(endpoint_text(&e, buf), cases[i].back);
		assert_int_equal(e.addr.len != 0, cases[i].numeric);
		if (cases[i].numeric)
			assert_int_equal(sockaddr_port(&e.addr), e.port);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_members),
		cmocka_unit_test(neutral),
		cmocka_unit_test(refused),
		cmocka_unit_test(limits),
		cmocka_unit_test(links_body),
		cmocka_unit_test(rules_body),
		cmocka_unit_test(bad_bodies),
		cmocka_unit_test(endpoints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
