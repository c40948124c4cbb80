/* genesis.json: what is read, what is refused and why, slots and epochs. */
#include <stdio.h>

#include "chain_fixture.h"

#define HEX  "0101010101010101010101010101010101010101010101010101010101010101"
#define HEX2 "0202020202020202020202020202020202020202020202020202020202020202"
#define DOC(id, time, slot, f, k, stakes, notes) \
	"{\"chain_id\":" id ",\"genesis_time_ms\":" time ",\"slot_duration_ms\":" slot \
	",\"active_slot_coeff\":" f ",\"security_param\":" k ",\"epoch_nonce\":\"" HEX \
	"\",\"stakes\":[" stakes "],\"notes\":[" notes "]}"
#define NOTE(value)  "{\"pk\":\"" HEX "\",\"value\":" value "}"
#define NOTE2(value) "{\"pk\":\"" HEX2 "\",\"value\":" value "}"
#define TWO_NOTES    NOTE("5") "," NOTE("6")
#define GOOD         DOC("\"ltb-1\"", "1000", "500", "0.9", "10", NOTE("7"), TWO_NOTES)

static int parse(const char *text, struct genesis *g, struct err *err)
{
	return genesis_parse(text, strlen(text), g, err);
}

static void test_reads(void **state)
{
	(void)state;
	struct genesis g, other;
	assert_int_equal(parse(GOOD, &g, NULL), 0);
	assert_string_equal(g.chain_id, "ltb-1");
	assert_true(g.genesis_time_ms == 1000 && g.slot_duration_ms == 500);
	assert_int_equal(g.security_param, 10);
	assert_true(g.active_slot_coeff == 0.9);
	assert_int_equal(g.n_stakes, 1);
	assert_int_equal(g.n_notes, 2);
	assert_true(g.total_stake == 7 && g.total_supply == 18);
	assert_true(genesis_epoch_slots(&g) == 110);

	/* the same text gives the same id; each difference another one */
	assert_int_equal(parse(GOOD, &other, NULL), 0);
	assert_true(id32_eq(&g.id, &other.id));
	genesis_release(&other);
	static const char *const different[] = {
		DOC("\"ltb-2\"", "1000", "500", "0.9", "10", NOTE("7"), TWO_NOTES),
		DOC("\"ltb-1\"", "1001", "500", "0.9", "10", NOTE("7"), TWO_NOTES),
		DOC("\"ltb-1\"", "1000", "501", "0.9", "10", NOTE("7"), TWO_NOTES),
		DOC("\"ltb-1\"", "1000", "500", "0.8", "10", NOTE("7"), TWO_NOTES),
		DOC("\"ltb-1\"", "1000", "500", "0.9", "11", NOTE("7"), TWO_NOTES),
		DOC("\"ltb-1\"", "1000", "500", "0.9", "10", NOTE("8"), TWO_NOTES),
		DOC("\"ltb-1\"", "1000", "500", "0.9", "10", NOTE("7"), NOTE("6") "," NOTE("5")),
		DOC("\"ltb-1\"", "1000", "500", "0.9", "10", NOTE("7") "," NOTE2("5"), NOTE("6")),
	};
	for (size_t i = 0; i < ARRAY_LEN(different); i++) {
		assert_int_equal(parse(different[i], &other, NULL), 0);
		if (id32_eq(&g.id, &other.id))
			fail_msg("genesis %zu has the same id", i);
		genesis_release(&other);
	}
	genesis_release(&g);
}

static void test_refusals(void **state)
{
	(void)state;
	static const struct {
		const char *json, *text;
	} cases[] = {
		{ "", "JSON" },
		{ "[]", "\"chain_id\" must be a string of 1 to 64 characters" },
		{ DOC("\"\"", "1", "500", "1", "1", NOTE("1"), ""), "1 to 64 characters" },
		{ DOC("\"a b\"", "1", "500", "1", "1", NOTE("1"), ""), "letters, digits" },
		{ DOC("\"" HEX "x\"", "1", "500", "1", "1", NOTE("1"), ""), "1 to 64 characters" },
		{ DOC("\"a\"", "-1", "500", "1", "1", NOTE("1"), ""), "\"genesis_time_ms\"" },
		{ DOC("\"a\"", "1", "99", "1", "1", NOTE("1"), ""),
			"\"slot_duration_ms\" must be an integer from 100 to 3600000" },
		{ DOC("\"a\"", "1", "500", "0", "1", NOTE("1"), ""), "\"active_slot_coeff\"" },
		{ DOC("\"a\"", "1", "500", "1.01", "1", NOTE("1"), ""), "\"active_slot_coeff\"" },
		{ DOC("\"a\"", "1", "500", "\"1\"", "1", NOTE("1"), ""), "\"active_slot_coeff\"" },
		{ DOC("\"a\"", "1", "500", "1", "0", NOTE("1"), ""), "\"security_param\"" },
		{ DOC("\"a\"", "1", "500", "1", "1", "", ""), "\"stakes\" is empty" },
		{ DOC("\"a\"", "1", "500", "1", "1", NOTE("0"), ""),
			"\"stakes\"[0]: \"value\" must be an integer above 0" },
		{ DOC("\"a\"", "1", "500", "1", "1", NOTE("1") "," NOTE("2"), ""),
			"\"stakes\" names the key " HEX " twice" },
		{ DOC("\"a\"", "1", "500", "1", "1", NOTE("1"), "{\"value\":1}"),
			"\"notes\"[0]: \"pk\" must be 64 hexadecimal digits" },
		{ DOC("\"a\"", "1", "500", "1", "1", NOTE("18446744073709551615"), NOTE("1")),
			"the values in \"notes\" add up to more than 64 bits hold" },
		{ "{\"chain_id\":\"a\",\"genesis_time_ms\":1,\"slot_duration_ms\":500,"
		  "\"active_slot_coeff\":1,\"security_param\":1}",
			"\"epoch_nonce\" must be 64 hexadecimal digits" },
		{ "{\"chain_id\":\"a\",\"genesis_time_ms\":1,\"slot_duration_ms\":500,"
		  "\"active_slot_coeff\":1,\"security_param\":1,\"epoch_nonce\":\"" HEX "\"}",
			"\"stakes\" must be an array" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct genesis g;
		struct err err = { 0 };
		assert_int_equal(parse(cases[i].json, &g, &err), -1);
		if (!strstr(err.text, cases[i].text))
			fail_msg("case %zu: %s", i, err.text);
		genesis_release(&g);
	}
}

static void test_slots(void **state)
{
	(void)state;
	struct genesis g;
	assert_int_equal(parse(GOOD, &g, NULL), 0);
	assert_true(genesis_slot_at(&g, 0) == 0);
	assert_true(genesis_slot_at(&g, 1000) == 0);
	assert_true(genesis_slot_at(&g, 1499) == 0);
	assert_true(genesis_slot_at(&g, 1500) == 1);
	assert_true(genesis_slot_start_ms(&g, 3) == 2500);
	assert_true(genesis_slot_start_ms(&g, UINT64_MAX) == UINT64_MAX);
	genesis_release(&g);
}

/* Note ids follow from the documented construction, for more notes than a byte counts. */
static void test_note_ids(void **state)
{
	(void)state;
	const struct fixture_params p = { { 9, 8 }, 300, 5, 3, 1 };
	struct genesis g;
	fixture_genesis(&p, &g);
	CLEANUP_STRBUF struct strbuf sb = { 0 };
	strbuf_addc(&sb, 0);
	strbuf_addc(&sb, (char)(302 & 0xff));
	for (unsigned i = 0; i < 302; i++) {
		uint8_t value[8] = { i == 0 ? 9 : i == 1 ? 8 : 5 };
		struct tx_key key = fixture_key(i < 2 ? i + 1 : i + 99);
		strbuf_add(&sb, value, sizeof(value));
		strbuf_add(&sb, key.pk.b, sizeof(key.pk.b));
	}
	struct id32 op, want, note;
	tx_blake2b("OPERATION_ID_V1", sb.buf, sb.len, &want);
	genesis_op_id(&g, &op);
	assert_true(id32_eq(&op, &want));
	struct chain *c = chain_new(&g, NULL);
	struct tx_key last = fixture_key(400);
	tx_note_id(&op, 301, &g.notes[299], &want);
	note = fixture_note_of(c, &last.pk);
	assert_true(id32_eq(&note, &want));
	assert_true(chain_supply(c) == g.total_supply);
	chain_free(c);
	genesis_release(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_note_ids),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
