/* Transactions: the node's own vectors, encodings both ways, and every refusal with its text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/tx.h"
#include "util/mem.h"
#include "util/rng.h"

#define GOLDEN_HASH "ff462c3bfd86172abf9ca20b3b608f400c1903db793dda5fc8f0a7af864f7a00"
#define GOLDEN_SIG \
	"3033cc9838eee74490ecee3d392f8622f532880dc88ba9779019d80434da9613" \
	"b72947cb3afb45e0ba8669270c1e00ae59fcff69da37ab95d6fe37fb46858b07"
#define GOLDEN_SIGNER  "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
#define GOLDEN_MESSAGE "d5f99347d03fe56803651da1bfcddeb75ede14fe4f279445b8daf594d87d5bf3"
#define ONES           "0101010101010101010101010101010101010101010101010101010101010101"
#define ZEROS          "0000000000000000000000000000000000000000000000000000000000000000"
#define PING_OP \
	"{\"opcode\":17,\"payload\":{\"channel_id\":\"" ONES \
	"\",\"inscription\":\"70696e67\",\"parent\":\"" ZEROS "\",\"signer\":\"" GOLDEN_SIGNER \
	"\"}}"

static void assert_id(const struct id32 *id, const char *hex)
{
	char have[ID32_HEX];
	assert_string_equal(id32_hex(id, have), hex);
}

static struct id32 id_of(const char *hex)
{
	struct id32 id;
	assert_true(id32_parse(hex, &id));
	return id;
}

static struct tx_key golden_key(void)
{
	struct tx_key key;
	uint8_t seed[32];
	for (size_t i = 0; i < sizeof(seed); i++)
		seed[i] = (uint8_t)i;
	tx_key_from_seed(seed, &key);
	return key;
}

static struct tx *golden_tx(void)
{
	struct tx_key key = golden_key();
	struct tx *tx = tx_new();
	struct id32 channel = id_of(ONES), zero = id_of(ZEROS);
	assert_int_equal(tx_add_inscribe(tx, &channel, &zero, &key.pk, "ping", 4, NULL), 0);
	tx_seal(tx);
	tx_sign_op(tx, 0, &key);
	return tx;
}

/* --- vectors ------------------------------------------------------------------------ */

static void test_inscribe_vector(void **state)
{
	(void)state;
	struct tx_key key = golden_key();
	struct tx *tx = golden_tx();
	struct id32 message;
	char sig[129];
	assert_id(&key.pk, GOLDEN_SIGNER);
	assert_id(&tx->hash, GOLDEN_HASH);
	hex_encode(tx->ops[0].sig, 64, sig);
	assert_string_equal(sig, GOLDEN_SIG);
	tx_message_id(&tx->ops[0].u.inscribe, &message);
	assert_id(&message, GOLDEN_MESSAGE);
	assert_int_equal(tx_check_signatures(tx, NULL), 0);
	assert_int_equal(tx_check_shape(tx, NULL), 0);
	tx_free(tx);
}

static void test_transfer_op_id_vector(void **state)
{
	(void)state;
	struct tx *tx = tx_new();
	struct id32 id;
	const struct tx_output out = { 5,
		id_of("1a0061b12e4ddbc16dc45ffe611f863190779647da50df2f3fdda758d36b2d14") };
	assert_int_equal(tx_add_transfer(tx, NULL, 0, &out, 1, NULL), 0);
	tx_op_id(&tx->ops[0], &id);
	assert_id(&id, "91b4dbbf0647aece42e0485dbfdaf5b04ab200b24f787eb190800fe088331580");

	/* the payload is exactly that of the unsigned encoding, without count and opcode */
	CLEANUP_STRBUF struct strbuf sb = { 0 };
	struct id32 again;
	tx_encode_unsigned(tx, &sb);
	assert_int_equal(sb.len, 2 + 1 + 1 + 40);
	tx_blake2b("OPERATION_ID_V1", sb.buf + 2, sb.len - 2, &again);
	assert_true(id32_eq(&id, &again));
	tx_free(tx);
}

static void test_note_ids_differ(void **state)
{
	(void)state;
	const struct id32 op = id_of(ONES);
	struct tx_output out = { 5, id_of(GOLDEN_SIGNER) };
	struct id32 base, other;
	tx_note_id(&op, 0, &out, &base);
	tx_note_id(&op, 0, &out, &other);
	assert_true(id32_eq(&base, &other));
	tx_note_id(&op, 1, &out, &other);
	assert_false(id32_eq(&base, &other));
	out.value = 6;
	tx_note_id(&op, 0, &out, &other);
	assert_false(id32_eq(&base, &other));
}

static void test_merkle_root(void **state)
{
	(void)state;
	struct id32 h[3] = { id_of(ONES), id_of(GOLDEN_SIGNER), id_of(GOLDEN_HASH) };
	struct id32 root, pad[4] = { h[0], h[1], h[2], { { 0 } } }, left, right, want;
	tx_merkle_root(NULL, 0, &root);
	assert_id(&root, ZEROS);
	tx_merkle_root(h, 1, &root);
	assert_true(id32_eq(&root, &h[0]));
	tx_merkle_root(h, 3, &root);
	tx_blake2b("", &pad[0], 64, &left);
	tx_blake2b("", &pad[2], 64, &right);
	struct id32 both[2] = { left, right };
	tx_blake2b("", both, 64, &want);
	assert_true(id32_eq(&root, &want));
}

/* --- encodings ---------------------------------------------------------------------- */

static struct tx *random_tx(struct rng *r)
{
	struct tx *tx = tx_new();
	size_t n_ops = (size_t)rng_range(r, 1, 4);
	for (size_t i = 0; i < n_ops; i++) {
		if (rng_below(r, 2)) {
			struct id32 in[5];
			struct tx_output out[5];
			rng_bytes(r, in, sizeof(in));
			rng_bytes(r, out, sizeof(out));
			assert_int_equal(tx_add_transfer(tx, in, (size_t)rng_below(r, 6), out,
						 (size_t)rng_below(r, 6), NULL),
				0);
		} else {
			struct id32 id[3];
			uint8_t data[300];
			rng_bytes(r, id, sizeof(id));
			rng_bytes(r, data, sizeof(data));
			assert_int_equal(tx_add_inscribe(tx, &id[0], &id[1], &id[2], data,
						 (size_t)rng_below(r, 301), NULL),
				0);
		}
	}
	tx_seal(tx);
	struct tx_key key = golden_key();
	for (size_t i = 0; i < n_ops; i++) {
		if (rng_below(r, 4))
			tx_sign_op(tx, i, &key);
	}
	return tx;
}

static void assert_same(const struct tx *a, const struct tx *b)
{
	CLEANUP_STRBUF struct strbuf x = { 0 }, y = { 0 };
	tx_encode(a, &x);
	tx_encode(b, &y);
	assert_int_equal(x.len, y.len);
	assert_memory_equal(x.buf, y.buf, x.len);
	assert_true(id32_eq(&a->hash, &b->hash));
	assert_int_equal(tx_encoded_len(a), x.len);
}

static void test_round_trips(void **state)
{
	(void)state;
	struct rng r;
	rng_init(&r, 7);
	for (int i = 0; i < 300; i++) {
		struct err err = { 0 };
		struct tx *tx = random_tx(&r);
		struct tx *copy = tx_copy(tx);
		assert_same(tx, copy);

		CLEANUP_STRBUF struct strbuf bin = { 0 }, text = { 0 };
		tx_encode(tx, &bin);
		struct tx *decoded = tx_decode(bin.buf, bin.len, &err);
		if (!decoded)
			fail_msg("%s", err.text);
		assert_same(tx, decoded);
		for (size_t k = 0; k < tx->n_ops; k++)
			assert_int_equal(tx->ops[k].has_sig, decoded->ops[k].has_sig);

		struct jw w;
		jw_init(&w, &text, 0);
		tx_to_json(tx, i % 2 == 0, &w);
		CLEANUP_JSON cJSON *j = json_parse(text.buf, text.len, NULL, &err);
		struct tx *read = tx_from_json(j, &err);
		if (!read)
			fail_msg("%s: %s", err.text, text.buf);
		assert_same(tx, read);
		assert_int_equal(json_get(json_get(j, "mantle_tx"), "hash") != NULL, i % 2 == 0);

		/* no prefix is a transaction, and nothing may follow */
		for (size_t len = 0; len < bin.len; len += 1 + bin.len / 40)
			assert_null(tx_decode(bin.buf, len, NULL));
		strbuf_addc(&bin, 0);
		assert_null(tx_decode(bin.buf, bin.len, &err));
		assert_non_null(strstr(err.text, "1 bytes follow the transaction"));
		tx_free(tx);
		tx_free(copy);
		tx_free(decoded);
		tx_free(read);
	}
}

static void test_decode_refusals(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
		const char *text;
	} cases[] = {
		{ "", 0, "transaction is empty" },
		{ "\0", 1, "transaction has no operations" },
		{ "\1", 1, "cut short" },
		{ "\1\5", 2, "operation at index 0 has the unknown opcode 5" },
		{ "\1\0\1", 3, "cut short" },
		{ "\1\0\0\0", 4, "cut short" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { 0 };
		assert_null(tx_decode(cases[i].bytes, cases[i].len, &err));
		if (!strstr(err.text, cases[i].text))
			fail_msg("case %zu: %s", i, err.text);
	}
	struct err err = { 0 };
	uint8_t inscribe[2 + 32 + 4] = { 1, TX_OP_INSCRIBE };
	memset(inscribe + 34, 0xff, 4);
	assert_null(tx_decode(inscribe, sizeof(inscribe), &err));
	CLEANUP_FREE uint8_t *big = xcalloc(TX_MAX_ENCODED + 1, 1);
	assert_null(tx_decode(big, TX_MAX_ENCODED + 1, &err));
	assert_int_equal(err.code, ERR_LIMIT);
	big[0] = TX_MAX_OPS + 1;
	assert_null(tx_decode(big, TX_MAX_ENCODED, &err));
	assert_string_equal(err.text, "a transaction has at most 16 operations");
}

static void test_limits(void **state)
{
	(void)state;
	struct err err = { 0 };
	struct tx *tx = tx_new();
	struct id32 id = { { 0 } };
	struct id32 *in = xcalloc(TX_MAX_INPUTS + 1, sizeof(*in));
	struct tx_output *out = xcalloc(TX_MAX_OUTPUTS + 1, sizeof(*out));
	uint8_t *data = xcalloc(TX_MAX_INSCRIPTION + 1, 1);
	assert_int_equal(tx_add_transfer(tx, in, TX_MAX_INPUTS + 1, out, 1, &err), -1);
	assert_string_equal(err.text, "a transfer has at most 255 inputs, not 256");
	assert_int_equal(tx_add_transfer(tx, in, 1, out, TX_MAX_OUTPUTS + 1, &err), -1);
	assert_string_equal(err.text, "a transfer has at most 255 outputs, not 256");
	assert_int_equal(
		tx_add_inscribe(tx, &id, &id, &id, data, TX_MAX_INSCRIPTION + 1, &err), -1);
	assert_string_equal(err.text, "an inscription has at most 65536 bytes, not 65537");
	int added = 0;
	while (tx_add_inscribe(tx, &id, &id, &id, data, TX_MAX_INSCRIPTION, &err) == 0)
		added++;
	assert_int_equal(added, 3);
	assert_string_equal(err.text, "a transaction has at most 262144 bytes");
	assert_int_equal(err.code, ERR_LIMIT);
	tx_free(tx);
	free(in);
	free(out);
	free(data);
}

/* --- JSON --------------------------------------------------------------------------- */

static struct tx *from_text(const char *text, struct err *err)
{
	CLEANUP_JSON cJSON *j = json_parse(text, strlen(text), NULL, err);
	assert_non_null(j);
	return tx_from_json(j, err);
}

static void test_json_vector(void **state)
{
	(void)state;
	struct tx *golden = golden_tx();
	CLEANUP_STRBUF struct strbuf sb = { 0 };
	struct jw w;
	jw_init(&w, &sb, 0);
	tx_to_json(golden, false, &w);
	assert_string_equal(strbuf_str(&sb),
		"{\"mantle_tx\":{\"ops\":[" PING_OP
		"]},\"ops_proofs\":[{\"Ed25519Sig\":\"" GOLDEN_SIG "\"}]}");
	/* blobs as numbers, a prefix, upper case and unknown keys change nothing */
	CLEANUP_STRBUF struct strbuf sig = { 0 };
	for (size_t i = 0; i < 64; i++)
		strbuf_addf(&sig, "%s%u", i ? "," : "", golden->ops[0].sig[i]);
	CLEANUP_FREE char *text = xasprintf(
		"{\"x\":1,\"mantle_tx\":{\"ops\":[{\"opcode\":17,\"payload\":{\"channel_id\":"
		"\"0x" ONES "\",\"inscription\":[112,105,110,103],\"parent\":\"" ZEROS
		"\",\"signer\":"
		"\"03A107BFF3CE10BE1D70DD18E74BC09967E4D6309BA50D5F1DDC8664125531B8\"}}]},"
		"\"ops_proofs\":[{\"Ed25519Sig\":[%s]}]}",
		strbuf_str(&sig));
	struct err err = { 0 };
	struct tx *tx = from_text(text, &err);
	if (!tx)
		fail_msg("%s", err.text);
	assert_same(golden, tx);
	tx_free(tx);
	tx_free(golden);
}

#define WITH_OP(op)       "{\"mantle_tx\":{\"ops\":[" op "]},\"ops_proofs\":[]}"
#define WITH_PROOF(proof) "{\"mantle_tx\":{\"ops\":[" PING_OP "]},\"ops_proofs\":[" proof "]}"
#define WITH_OUTPUT(o)    WITH_OP("{\"opcode\":0,\"payload\":{\"inputs\":[],\"outputs\":[" o "]}}")

static void test_json_refusals(void **state)
{
	(void)state;
	static const struct {
		const char *json, *text;
	} cases[] = {
		{ "7", "missing field `mantle_tx`" },
		{ "{}", "missing field `mantle_tx`" },
		{ "{\"mantle_tx\":{}}", "missing field `ops`" },
		{ "{\"mantle_tx\":{\"ops\":7}}", "field `ops` is not an array" },
		{ "{\"mantle_tx\":{\"ops\":[]}}", "missing field `ops_proofs`" },
		{ WITH_OP(""), "transaction has no operations" },
		{ WITH_OP("7"), "ops[0]: missing field `opcode`" },
		{ WITH_OP("{\"opcode\":17}"), "ops[0]: missing field `payload`" },
		{ WITH_OP("{\"opcode\":-1,\"payload\":{}}"),
			"`opcode` is not an unsigned integer" },
		{ WITH_OP("{\"opcode\":48,\"payload\":{}}"), "ops[0]: unknown opcode 48" },
		{ WITH_OP("{\"opcode\":17,\"payload\":{}}"), "missing field `inscription`" },
		{ WITH_OP("{\"opcode\":17,\"payload\":{\"inscription\":\"\"}}"),
			"missing field `channel_id`" },
		{ WITH_OP("{\"opcode\":17,\"payload\":{\"inscription\":\"\",\"channel_id\":\"01\"}"
			  "}"),
			"field `channel_id` is not 64 hexadecimal digits" },
		{ WITH_OP("{\"opcode\":17,\"payload\":{\"inscription\":\"7g\",\"channel_id\":"
			  "\"" ONES "\",\"parent\":\"" ONES "\",\"signer\":\"" ONES "\"}}"),
			"field `inscription`: not hexadecimal digits" },
		{ WITH_OP("{\"opcode\":17,\"payload\":{\"inscription\":[256],\"channel_id\":\"" ONES
			  "\",\"parent\":\"" ONES "\",\"signer\":\"" ONES "\"}}"),
			"field `inscription`: an array item is no byte" },
		{ WITH_OP("{\"opcode\":0,\"payload\":{\"inputs\":[\"zz\"],\"outputs\":[]}}"),
			"input 0 is not a note id" },
		{ WITH_OUTPUT("{\"pk\":\"" ONES "\"}"), "output 0: missing field `value`" },
		{ WITH_OUTPUT("{\"value\":1}"), "output 0: missing field `pk`" },
		{ WITH_OUTPUT("{\"value\":18446744073709551616,\"pk\":\"" ONES "\"}"),
			"field `value` is not an unsigned 64-bit integer" },
		{ WITH_OUTPUT("{\"value\":1.5,\"pk\":\"" ONES "\"}"),
			"field `value` is not an unsigned 64-bit integer" },
		{ WITH_PROOF(""), "Number of proofs (0) does not match number of operations (1)" },
		{ WITH_PROOF("\"NoProof\""), "ops_proofs[0]: expected {\"Ed25519Sig\"" },
		{ WITH_PROOF("{\"ZkSig\":{}}"), "ops_proofs[0]: expected {\"Ed25519Sig\"" },
		{ WITH_PROOF("{\"Ed25519Sig\":\"00\"}"), "a signature has 64 bytes, not 1" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { 0 };
		struct tx *tx = from_text(cases[i].json, &err);
		if (tx || !strstr(err.text, cases[i].text))
			fail_msg("case %zu (%s): %s", i, cases[i].json, tx ? "taken" : err.text);
	}
}

static void test_json_keeps_large_values(void **state)
{
	(void)state;
	struct err err = { 0 };
	struct tx *tx = from_text(
		"{\"mantle_tx\":{\"ops\":[{\"opcode\":0,\"payload\":{\"inputs\":[],\"outputs\":"
		"[{\"value\":18446744073709551615,\"pk\":\"" ONES "\"}]}}]},"
		"\"ops_proofs\":[{\"Ed25519Sig\":\"" GOLDEN_SIG "\"}]}",
		&err);
	assert_non_null(tx);
	assert_true(tx->ops[0].u.transfer.outputs[0].value == UINT64_MAX);
	tx_free(tx);
}

/* --- shape and signatures ----------------------------------------------------------- */

static void test_shape(void **state)
{
	(void)state;
	const struct id32 a = id_of(ONES), b = id_of(GOLDEN_HASH);
	const struct id32 twice[3] = { a, b, a };
	const struct tx_output one[2] = { { 1, a }, { 0, a } },
			       huge[2] = { { UINT64_MAX, a }, { 1, a } };
	const struct {
		const struct id32 *in;
		size_t n_in;
		const struct tx_output *out;
		size_t n_out;
		const char *text;
	} cases[] = {
		{ &a, 1, one, 1, NULL },
		{ &a, 0, one, 1, "operation at index 0 has no inputs" },
		{ &a, 1, one, 0, "operation at index 0 has no outputs" },
		{ &a, 1, one, 2, "output 1 of operation at index 0 has the value 0" },
		{ &a, 1, huge, 2, "outputs overflow" },
		{ twice, 3, one, 1, "double spend of note " ONES },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { 0 };
		struct tx *tx = tx_new();
		assert_int_equal(tx_add_transfer(tx, cases[i].in, cases[i].n_in, cases[i].out,
					 cases[i].n_out, NULL),
			0);
		int rc = tx_check_shape(tx, &err);
		assert_int_equal(rc, cases[i].text ? -1 : 0);
		if (cases[i].text && !strstr(err.text, cases[i].text))
			fail_msg("case %zu: %s", i, err.text);
		tx_free(tx);
	}
}

static void test_signatures(void **state)
{
	(void)state;
	struct err err = { 0 };
	struct tx *tx = golden_tx();
	tx->ops[0].sig[3] ^= 1;
	assert_int_equal(tx_check_signatures(tx, &err), -1);
	assert_string_equal(err.text, "Invalid signature for operation at index 0");
	tx->ops[0].sig[3] ^= 1;
	tx->ops[0].u.inscribe.data[0] ^= 1;
	tx_seal(tx);
	assert_int_equal(tx_check_signatures(tx, NULL), -1);
	tx_free(tx);

	struct tx_key key = golden_key();
	const struct id32 a = id_of(ONES);
	const struct tx_output out = { 1, a };
	tx = tx_new();
	assert_int_equal(tx_add_transfer(tx, &a, 1, &out, 1, NULL), 0);
	tx_seal(tx);
	assert_int_equal(tx_check_signatures(tx, NULL), -1);
	assert_false(tx_verify_op(tx, 0, &key.pk));
	tx_sign_op(tx, 0, &key);
	assert_int_equal(tx_check_signatures(tx, NULL), 0);
	assert_true(tx_verify_op(tx, 0, &key.pk));
	assert_false(tx_verify_op(tx, 0, &a));
	tx_free(tx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inscribe_vector),
		cmocka_unit_test(test_transfer_op_id_vector),
		cmocka_unit_test(test_note_ids_differ),
		cmocka_unit_test(test_merkle_root),
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_decode_refusals),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_json_vector),
		cmocka_unit_test(test_json_refusals),
		cmocka_unit_test(test_json_keeps_large_values),
		cmocka_unit_test(test_shape),
		cmocka_unit_test(test_signatures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
