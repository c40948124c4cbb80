/*
 * Transactions: construction, encoding, hashing and signing; see tx.h.
 * The JSON form is in tx_json.c.
 */
#include "proto/tx.h"

#include <string.h>

#include <sodium.h>

#include "proto/bytes.h"
#include "util/mem.h"

#define SIG_LEN    64
#define OUTPUT_LEN 40 /* value and key */

/* --- keys and hashes -------------------------------------------------------------- */

void tx_key_from_seed(const uint8_t seed[32], struct tx_key *ret)
{
	memcpy(ret->seed, seed, sizeof(ret->seed));
	crypto_sign_seed_keypair(ret->pk.b, ret->secret, seed);
}

void tx_blake2b(const char *tag, const void *data, size_t len, struct id32 *ret)
{
	crypto_generichash_state st;
	crypto_generichash_init(&st, NULL, 0, sizeof(ret->b));
	crypto_generichash_update(&st, (const uint8_t *)tag, strlen(tag));
	crypto_generichash_update(&st, data, len);
	crypto_generichash_final(&st, ret->b, sizeof(ret->b));
}

void tx_merkle_root(const struct id32 *hashes, size_t n, struct id32 *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (n == 0)
		return;
	size_t width = 1;
	while (width < n)
		width *= 2;
	struct id32 *level = xcalloc(width, sizeof(*level));
	memcpy(level, hashes, n * sizeof(*level));
	for (; width > 1; width /= 2) {
		for (size_t i = 0; i < width / 2; i++) {
			struct id32 parent;
			tx_blake2b("", &level[2 * i], 2 * sizeof(*level), &parent);
			level[i] = parent;
		}
	}
	*ret = level[0];
	free(level);
}

/* --- construction ------------------------------------------------------------------ */

static void op_release(struct tx_op *op)
{
	if (op->opcode == TX_OP_TRANSFER) {
		free(op->u.transfer.inputs);
		free(op->u.transfer.outputs);
	} else {
		free(op->u.inscribe.data);
	}
}

struct tx *tx_new(void)
{
	return xcalloc(1, sizeof(struct tx));
}

void tx_free(struct tx *tx)
{
	if (!tx)
		return;
	for (size_t i = 0; i < tx->n_ops; i++)
		op_release(&tx->ops[i]);
	free(tx->ops);
	free(tx);
}

static void *copy_array(const void *p, size_t n, size_t size)
{
	return n > 0 ? xmemdup(p, n * size) : NULL;
}

struct tx *tx_copy(const struct tx *tx)
{
	struct tx *copy = xmemdup(tx, sizeof(*tx));
	copy->ops = copy_array(tx->ops, tx->n_ops, sizeof(*tx->ops));
	for (size_t i = 0; i < copy->n_ops; i++) {
		struct tx_op *op = &copy->ops[i];
		if (op->opcode == TX_OP_TRANSFER) {
			struct tx_transfer *t = &op->u.transfer;
			t->inputs = copy_array(t->inputs, t->n_inputs, sizeof(*t->inputs));
			t->outputs = copy_array(t->outputs, t->n_outputs, sizeof(*t->outputs));
		} else {
			struct tx_inscribe *ins = &op->u.inscribe;
			ins->data = copy_array(ins->data, ins->len, 1);
		}
	}
	return copy;
}

static size_t transfer_len(size_t n_inputs, size_t n_outputs)
{
	return 2 + n_inputs * sizeof(struct id32) + n_outputs * OUTPUT_LEN;
}

static size_t inscribe_len(size_t len)
{
	return 3 * sizeof(struct id32) + 4 + len;
}

size_t tx_encoded_len(const struct tx *tx)
{
	size_t len = 1;
	for (size_t i = 0; i < tx->n_ops; i++) {
		const struct tx_op *op = &tx->ops[i];
		len += 1 + SIG_LEN;
		if (op->opcode == TX_OP_TRANSFER)
			len += transfer_len(op->u.transfer.n_inputs, op->u.transfer.n_outputs);
		else
			len += inscribe_len(op->u.inscribe.len);
	}
	return len;
}

/* Makes room for one more op whose payload has that length; NULL beyond a limit. */
static struct tx_op *add_op(struct tx *tx, uint8_t opcode, size_t payload_len, struct err *err)
{
	if (tx->n_ops >= TX_MAX_OPS) {
		err_set(err, ERR_LIMIT, "a transaction has at most %d operations", TX_MAX_OPS);
		return NULL;
	}
	if (tx_encoded_len(tx) + 1 + SIG_LEN + payload_len > TX_MAX_ENCODED) {
		err_set(err, ERR_LIMIT, "a transaction has at most %u bytes", TX_MAX_ENCODED);
		return NULL;
	}
	tx->ops = xrealloc_array(tx->ops, tx->n_ops + 1, sizeof(*tx->ops));
	struct tx_op *op = &tx->ops[tx->n_ops++];
	*op = (struct tx_op){ .opcode = opcode };
	return op;
}

int tx_add_transfer(struct tx *tx, const struct id32 *inputs, size_t n_inputs,
	const struct tx_output *outputs, size_t n_outputs, struct err *err)
{
	if (n_inputs > TX_MAX_INPUTS)
		return err_set(err, ERR_LIMIT, "a transfer has at most %d inputs, not %zu",
			TX_MAX_INPUTS, n_inputs);
	if (n_outputs > TX_MAX_OUTPUTS)
		return err_set(err, ERR_LIMIT, "a transfer has at most %d outputs, not %zu",
			TX_MAX_OUTPUTS, n_outputs);
	struct tx_op *op = add_op(tx, TX_OP_TRANSFER, transfer_len(n_inputs, n_outputs), err);
	if (!op)
		return -1;
	op->u.transfer = (struct tx_transfer){
		.n_inputs = n_inputs,
		.n_outputs = n_outputs,
		.inputs = copy_array(inputs, n_inputs, sizeof(*inputs)),
		.outputs = copy_array(outputs, n_outputs, sizeof(*outputs)),
	};
	return 0;
}

int tx_add_inscribe(struct tx *tx, const struct id32 *channel, const struct id32 *parent,
	const struct id32 *signer, const void *data, size_t len, struct err *err)
{
	if (len > TX_MAX_INSCRIPTION)
		return err_set(err, ERR_LIMIT, "an inscription has at most %u bytes, not %zu",
			TX_MAX_INSCRIPTION, len);
	struct tx_op *op = add_op(tx, TX_OP_INSCRIBE, inscribe_len(len), err);
	if (!op)
		return -1;
	op->u.inscribe = (struct tx_inscribe){
		.channel = *channel,
		.parent = *parent,
		.signer = *signer,
		.data = copy_array(data, len, 1),
		.len = len,
	};
	return 0;
}

/* --- encoding ----------------------------------------------------------------------- */

static void encode_transfer(const struct tx_transfer *t, struct strbuf *out)
{
	bytes_put_le(out, t->n_inputs, 1);
	for (size_t i = 0; i < t->n_inputs; i++)
		bytes_put_id(out, &t->inputs[i]);
	bytes_put_le(out, t->n_outputs, 1);
	for (size_t i = 0; i < t->n_outputs; i++) {
		bytes_put_le(out, t->outputs[i].value, 8);
		bytes_put_id(out, &t->outputs[i].pk);
	}
}

static void encode_inscribe(const struct tx_inscribe *ins, struct strbuf *out)
{
	bytes_put_id(out, &ins->channel);
	bytes_put_le(out, ins->len, 4);
	strbuf_add(out, ins->data, ins->len);
	bytes_put_id(out, &ins->parent);
	bytes_put_id(out, &ins->signer);
}

static void encode_payload(const struct tx_op *op, struct strbuf *out)
{
	if (op->opcode == TX_OP_TRANSFER)
		encode_transfer(&op->u.transfer, out);
	else
		encode_inscribe(&op->u.inscribe, out);
}

void tx_encode_unsigned(const struct tx *tx, struct strbuf *out)
{
	bytes_put_le(out, tx->n_ops, 1);
	for (size_t i = 0; i < tx->n_ops; i++) {
		bytes_put_le(out, tx->ops[i].opcode, 1);
		encode_payload(&tx->ops[i], out);
	}
}

void tx_encode(const struct tx *tx, struct strbuf *out)
{
	tx_encode_unsigned(tx, out);
	for (size_t i = 0; i < tx->n_ops; i++)
		strbuf_add(out, tx->ops[i].sig, SIG_LEN);
}

static int decode_transfer(struct tx *tx, struct bytes_reader *r, struct err *err)
{
	struct id32 inputs[TX_MAX_INPUTS];
	struct tx_output outputs[TX_MAX_OUTPUTS];
	size_t n_inputs = bytes_get_u8(r);
	for (size_t i = 0; i < n_inputs; i++)
		bytes_get_id(r, &inputs[i]);
	size_t n_outputs = bytes_get_u8(r);
	for (size_t i = 0; i < n_outputs; i++) {
		outputs[i].value = bytes_get_u64(r);
		bytes_get_id(r, &outputs[i].pk);
	}
	if (r->failed)
		return err_set(err, ERR_PROTOCOL, "transaction is cut short");
	return tx_add_transfer(tx, inputs, n_inputs, outputs, n_outputs, err);
}

static int decode_inscribe(struct tx *tx, struct bytes_reader *r, struct err *err)
{
	struct id32 channel, parent, signer;
	bytes_get_id(r, &channel);
	size_t len = bytes_get_u32(r);
	const uint8_t *data = bytes_take(r, len);
	bytes_get_id(r, &parent);
	bytes_get_id(r, &signer);
	if (r->failed)
		return err_set(err, ERR_PROTOCOL, "transaction is cut short");
	return tx_add_inscribe(tx, &channel, &parent, &signer, data, len, err);
}

static int decode_op(struct tx *tx, struct bytes_reader *r, struct err *err)
{
	uint8_t opcode = bytes_get_u8(r);
	if (r->failed)
		return err_set(err, ERR_PROTOCOL, "transaction is cut short");
	switch (opcode) {
	case TX_OP_TRANSFER:
		return decode_transfer(tx, r, err);
	case TX_OP_INSCRIBE:
		return decode_inscribe(tx, r, err);
	default:
		return err_set(err, ERR_PROTOCOL,
			"operation at index %zu has the unknown opcode %u (0 is transfer, "
			"17 is inscribe)",
			tx->n_ops, opcode);
	}
}

static int decode_into(struct tx *tx, struct bytes_reader *r, struct err *err)
{
	size_t n_ops = bytes_get_u8(r);
	if (r->failed)
		return err_set(err, ERR_PROTOCOL, "transaction is empty");
	if (n_ops == 0)
		return err_set(err, ERR_PROTOCOL, "transaction has no operations");
	for (size_t i = 0; i < n_ops; i++) {
		if (decode_op(tx, r, err) != 0)
			return -1;
	}
	for (size_t i = 0; i < n_ops; i++) {
		struct tx_op *op = &tx->ops[i];
		bytes_get(r, op->sig, SIG_LEN);
		/* an absent signature is stored as zeros, which no key can sign */
		op->has_sig = !sodium_is_zero(op->sig, SIG_LEN);
	}
	if (r->failed)
		return err_set(err, ERR_PROTOCOL, "transaction is cut short");
	if (r->left > 0)
		return err_set(err, ERR_PROTOCOL, "%zu bytes follow the transaction", r->left);
	return 0;
}

struct tx *tx_decode(const void *data, size_t len, struct err *err)
{
	if (len > TX_MAX_ENCODED) {
		err_set(err, ERR_LIMIT, "a transaction has at most %u bytes, not %zu",
			TX_MAX_ENCODED, len);
		return NULL;
	}
	struct bytes_reader r = bytes_reader_of(data, len);
	struct tx *tx = tx_new();
	if (decode_into(tx, &r, err) != 0) {
		tx_free(tx);
		return NULL;
	}
	tx_seal(tx);
	return tx;
}

/* --- identity and signatures ---------------------------------------------------------- */

void tx_seal(struct tx *tx)
{
	CLEANUP_STRBUF struct strbuf sb = { 0 };
	tx_encode_unsigned(tx, &sb);
	tx_blake2b("MANTLE_TXHASH_V1", sb.buf, sb.len, &tx->hash);
}

void tx_op_id(const struct tx_op *op, struct id32 *ret)
{
	CLEANUP_STRBUF struct strbuf sb = { 0 };
	encode_payload(op, &sb);
	tx_blake2b("OPERATION_ID_V1", sb.buf, sb.len, ret);
}

void tx_message_id(const struct tx_inscribe *ins, struct id32 *ret)
{
	CLEANUP_STRBUF struct strbuf sb = { 0 };
	encode_inscribe(ins, &sb);
	tx_blake2b("", sb.buf, sb.len, ret);
}

void tx_note_id(
	const struct id32 *op_id, uint32_t index, const struct tx_output *out, struct id32 *ret)
{
	uint8_t b[32 + 4 + OUTPUT_LEN];
	memcpy(b, op_id->b, 32);
	bytes_store_le(b + 32, index, 4);
	bytes_store_le(b + 36, out->value, 8);
	memcpy(b + 44, out->pk.b, 32);
	tx_blake2b("LTB_NOTE_ID_V1", b, sizeof(b), ret);
}

void tx_sign_op(struct tx *tx, size_t op, const struct tx_key *key)
{
	crypto_sign_detached(tx->ops[op].sig, NULL, tx->hash.b, sizeof(tx->hash.b), key->secret);
	tx->ops[op].has_sig = true;
}

bool tx_verify_op(const struct tx *tx, size_t op, const struct id32 *pk)
{
	return tx->ops[op].has_sig && crypto_sign_verify_detached(tx->ops[op].sig, tx->hash.b,
					      sizeof(tx->hash.b), pk->b) == 0;
}

int tx_check_signatures(const struct tx *tx, struct err *err)
{
	for (size_t i = 0; i < tx->n_ops; i++) {
		const struct tx_op *op = &tx->ops[i];
		bool good = op->opcode == TX_OP_INSCRIBE
				    ? tx_verify_op(tx, i, &op->u.inscribe.signer)
				    : op->has_sig;
		if (!good)
			return err_set(err, ERR_PROTOCOL,
				"Invalid signature for operation at index %zu", i);
	}
	return 0;
}

static int check_transfer_shape(const struct tx_transfer *t, size_t index, struct err *err)
{
	if (t->n_inputs == 0)
		return err_set(err, ERR_PROTOCOL, "operation at index %zu has no inputs", index);
	if (t->n_outputs == 0)
		return err_set(err, ERR_PROTOCOL, "operation at index %zu has no outputs", index);
	uint64_t sum = 0;
	for (size_t i = 0; i < t->n_outputs; i++) {
		if (t->outputs[i].value == 0)
			return err_set(err, ERR_PROTOCOL,
				"output %zu of operation at index %zu has the value 0", i, index);
		if (__builtin_add_overflow(sum, t->outputs[i].value, &sum))
			return err_set(err, ERR_PROTOCOL,
				"outputs overflow: the values of operation at index %zu add up to "
				"more than 64 bits hold",
				index);
	}
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct id32));
}

static int check_distinct_inputs(const struct tx *tx, struct err *err)
{
	VEC(struct id32) all = { 0 };
	for (size_t i = 0; i < tx->n_ops; i++) {
		if (tx->ops[i].opcode != TX_OP_TRANSFER)
			continue;
		const struct tx_transfer *t = &tx->ops[i].u.transfer;
		for (size_t k = 0; k < t->n_inputs; k++)
			vec_push(&all, t->inputs[k]);
	}
	int rc = 0;
	if (all.len > 1)
		qsort(all.items, all.len, sizeof(*all.items), compare_ids);
	for (size_t i = 1; rc == 0 && i < all.len; i++) {
		char hex[ID32_HEX];
		if (id32_eq(&all.items[i - 1], &all.items[i]))
			rc = err_set(err, ERR_PROTOCOL,
				"double spend of note %s: it is an input twice",
				id32_hex(&all.items[i], hex));
	}
	vec_free(&all);
	return rc;
}

int tx_check_shape(const struct tx *tx, struct err *err)
{
	if (tx->n_ops == 0)
		return err_set(err, ERR_PROTOCOL, "transaction has no operations");
	for (size_t i = 0; i < tx->n_ops; i++) {
		if (tx->ops[i].opcode == TX_OP_TRANSFER &&
			check_transfer_shape(&tx->ops[i].u.transfer, i, err) != 0)
			return -1;
	}
	return check_distinct_inputs(tx, err);
}
