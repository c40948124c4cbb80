/*
 * The JSON form of transactions; see tx.h. Errors name the place in the
 * document the way the node's own deserialiser does ("missing field `...`").
 */
#include "proto/tx.h"

#include <string.h>

#include "util/mem.h"

#define SIG_LEN 64

/* --- in --------------------------------------------------------------------------------- */

static const cJSON *member(const cJSON *obj, const char *key, struct err *err)
{
	const cJSON *v = json_get(obj, key);
	if (!v)
		err_set(err, ERR_PROTOCOL, "missing field `%s`", key);
	return v;
}

static int member_id(const cJSON *obj, const char *key, struct id32 *ret, struct err *err)
{
	const cJSON *v = member(obj, key, err);
	if (!v)
		return -1;
	if (!json_as_id32(v, ret))
		return err_set(err, ERR_PROTOCOL, "field `%s` is not 64 hexadecimal digits", key);
	return 0;
}

/* Hexadecimal text or an array of numbers below 256, at most max bytes. */
static int read_bytes(const cJSON *v, size_t max, struct strbuf *out, struct err *err)
{
	const char *text = json_as_str(v);
	if (text) {
		size_t digits = strlen(text);
		if (digits >= 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
			text += 2;
			digits -= 2;
		}
		if (digits / 2 > max)
			return err_set(err, ERR_LIMIT, "at most %zu bytes are allowed", max);
		CLEANUP_FREE uint8_t *bytes = xmalloc(digits / 2 + 1);
		if (!hex_decode(text, digits, bytes, digits / 2))
			return err_set(err, ERR_PROTOCOL, "not hexadecimal digits");
		strbuf_add(out, bytes, digits / 2);
		return 0;
	}
	if (!cJSON_IsArray(v))
		return err_set(
			err, ERR_PROTOCOL, "expected a hexadecimal string or an array of bytes");
	json_each (item, v) {
		uint64_t byte;
		if (!json_as_u64(item, &byte) || byte > 255)
			return err_set(err, ERR_PROTOCOL, "an array item is no byte");
		if (out->len >= max)
			return err_set(err, ERR_LIMIT, "at most %zu bytes are allowed", max);
		strbuf_addc(out, (char)(uint8_t)byte);
	}
	return 0;
}

/* The array under a key, its length bounded; sets *ret_n. */
static const cJSON *bounded_array(
	const cJSON *obj, const char *key, size_t max, size_t *ret_n, struct err *err)
{
	const cJSON *v = member(obj, key, err);
	if (!v)
		return NULL;
	if (!cJSON_IsArray(v)) {
		err_set(err, ERR_PROTOCOL, "field `%s` is not an array", key);
		return NULL;
	}
	*ret_n = 0;
	json_each (item, v) {
		if (++*ret_n > max) {
			err_set(err, ERR_LIMIT, "field `%s` has more than %zu items", key, max);
			return NULL;
		}
	}
	return v;
}

static int read_transfer(struct tx *tx, const cJSON *payload, struct err *err)
{
	struct id32 ids[TX_MAX_INPUTS];
	struct tx_output outs[TX_MAX_OUTPUTS];
	size_t n_inputs, n_outputs, i = 0;
	const cJSON *inputs = bounded_array(payload, "inputs", TX_MAX_INPUTS, &n_inputs, err);
	const cJSON *outputs =
		inputs ? bounded_array(payload, "outputs", TX_MAX_OUTPUTS, &n_outputs, err) : NULL;
	if (!outputs)
		return -1;
	json_each (item, inputs) {
		if (!json_as_id32(item, &ids[i]))
			return err_set(err, ERR_PROTOCOL,
				"input %zu is not a note id of 64 hexadecimal digits", i);
		i++;
	}
	i = 0;
	json_each (item, outputs) {
		const cJSON *value = member(item, "value", err);
		if (!value || member_id(item, "pk", &outs[i].pk, err) != 0)
			return err_prefix(err, "output %zu", i);
		if (!json_as_u64(value, &outs[i].value))
			return err_set(err, ERR_PROTOCOL,
				"output %zu: field `value` is not an unsigned 64-bit integer", i);
		i++;
	}
	return tx_add_transfer(tx, ids, n_inputs, outs, n_outputs, err);
}

static int read_inscribe(struct tx *tx, const cJSON *payload, struct err *err)
{
	struct id32 channel, parent, signer;
	const cJSON *v = member(payload, "inscription", err);
	if (!v || member_id(payload, "channel_id", &channel, err) != 0 ||
		member_id(payload, "parent", &parent, err) != 0 ||
		member_id(payload, "signer", &signer, err) != 0)
		return -1;
	CLEANUP_STRBUF struct strbuf data = { 0 };
	if (read_bytes(v, TX_MAX_INSCRIPTION, &data, err) != 0)
		return err_prefix(err, "field `inscription`");
	return tx_add_inscribe(tx, &channel, &parent, &signer, data.buf, data.len, err);
}

static int read_op(struct tx *tx, const cJSON *op, struct err *err)
{
	uint64_t opcode;
	const cJSON *code = member(op, "opcode", err);
	const cJSON *payload = code ? member(op, "payload", err) : NULL;
	if (!payload)
		return -1;
	if (!json_as_u64(code, &opcode))
		return err_set(err, ERR_PROTOCOL, "field `opcode` is not an unsigned integer");
	switch (opcode) {
	case TX_OP_TRANSFER:
		return read_transfer(tx, payload, err);
	case TX_OP_INSCRIBE:
		return read_inscribe(tx, payload, err);
	default:
		return err_set(err, ERR_PROTOCOL,
			"unknown opcode %llu (0 is transfer, 17 is inscribe)",
			(unsigned long long)opcode);
	}
}

static int read_proof(struct tx_op *op, const cJSON *proof, struct err *err)
{
	const cJSON *v = json_get(proof, "Ed25519Sig");
	if (!v)
		return err_set(err, ERR_PROTOCOL,
			"expected {\"Ed25519Sig\": ...}, the only kind of proof this chain has");
	CLEANUP_STRBUF struct strbuf sig = { 0 };
	if (read_bytes(v, SIG_LEN, &sig, err) != 0)
		return -1;
	if (sig.len != SIG_LEN)
		return err_set(err, ERR_PROTOCOL, "a signature has 64 bytes, not %zu", sig.len);
	memcpy(op->sig, sig.buf, SIG_LEN);
	op->has_sig = true;
	return 0;
}

static int read_tx(struct tx *tx, const cJSON *j, struct err *err)
{
	size_t n_ops, n_proofs, i = 0;
	const cJSON *mantle = member(j, "mantle_tx", err);
	const cJSON *ops = mantle ? bounded_array(mantle, "ops", TX_MAX_OPS, &n_ops, err) : NULL;
	/* the bound of proofs is looser, so that a wrong number gets the node's own text */
	const cJSON *proofs =
		ops ? bounded_array(j, "ops_proofs", 16 * TX_MAX_OPS, &n_proofs, err) : NULL;
	if (!proofs)
		return -1;
	if (n_ops == 0)
		return err_set(err, ERR_PROTOCOL, "transaction has no operations");
	json_each (item, ops) {
		if (read_op(tx, item, err) != 0)
			return err_prefix(err, "ops[%zu]", i);
		i++;
	}
	if (n_proofs != n_ops)
		return err_set(err, ERR_PROTOCOL,
			"Number of proofs (%zu) does not match number of operations (%zu)",
			n_proofs, n_ops);
	i = 0;
	json_each (item, proofs) {
		if (read_proof(&tx->ops[i], item, err) != 0)
			return err_prefix(err, "ops_proofs[%zu]", i);
		i++;
	}
	return 0;
}

struct tx *tx_from_json(const cJSON *j, struct err *err)
{
	struct tx *tx = tx_new();
	if (read_tx(tx, j, err) != 0) {
		tx_free(tx);
		return NULL;
	}
	tx_seal(tx);
	return tx;
}

/* --- out -------------------------------------------------------------------------------- */

static void write_transfer(const struct tx_transfer *t, struct jw *w)
{
	jw_key(w, "inputs");
	jw_array(w);
	for (size_t i = 0; i < t->n_inputs; i++)
		jw_id32(w, &t->inputs[i]);
	jw_array_end(w);
	jw_key(w, "outputs");
	jw_array(w);
	for (size_t i = 0; i < t->n_outputs; i++) {
		jw_object(w);
		jw_ku64(w, "value", t->outputs[i].value);
		jw_kid32(w, "pk", &t->outputs[i].pk);
		jw_object_end(w);
	}
	jw_array_end(w);
}

static void write_inscribe(const struct tx_inscribe *ins, struct jw *w)
{
	jw_kid32(w, "channel_id", &ins->channel);
	jw_key(w, "inscription");
	jw_hex(w, ins->data, ins->len);
	jw_kid32(w, "parent", &ins->parent);
	jw_kid32(w, "signer", &ins->signer);
}

void tx_to_json(const struct tx *tx, bool in_block, struct jw *w)
{
	jw_object(w);
	jw_key(w, "mantle_tx");
	jw_object(w);
	if (in_block)
		jw_kid32(w, "hash", &tx->hash);
	jw_key(w, "ops");
	jw_array(w);
	for (size_t i = 0; i < tx->n_ops; i++) {
		const struct tx_op *op = &tx->ops[i];
		jw_object(w);
		jw_ku64(w, "opcode", op->opcode);
		jw_key(w, "payload");
		jw_object(w);
		if (op->opcode == TX_OP_TRANSFER)
			write_transfer(&op->u.transfer, w);
		else
			write_inscribe(&op->u.inscribe, w);
		jw_object_end(w);
		jw_object_end(w);
	}
	jw_array_end(w);
	jw_object_end(w);
	jw_key(w, "ops_proofs");
	jw_array(w);
	for (size_t i = 0; i < tx->n_ops; i++) {
		jw_object(w);
		jw_key(w, "Ed25519Sig");
		jw_hex(w, tx->ops[i].sig, SIG_LEN);
		jw_object_end(w);
	}
	jw_array_end(w);
	jw_object_end(w);
}
