/* Parameters and first notes of a chain; see genesis.h. */
#include "node/chain/genesis.h"

#include <math.h>
#include <string.h>

#include "proto/bytes.h"
#include "util/mem.h"

#define MAX_JSON         (32u * 1024 * 1024)
#define MIN_SLOT_MS      100
#define MAX_SLOT_MS      3600000
#define MIN_COEFF        1e-6 /* below it an epoch outgrows what a test could wait for */
#define MAX_SECURITY     100000
#define MAX_GENESIS_TIME (UINT64_MAX / 4)

static int read_chain_id(const cJSON *j, struct genesis *g, struct err *err)
{
	const char *id = json_get_str(j, "chain_id");
	size_t len = id ? strlen(id) : 0;
	if (len == 0 || len >= sizeof(g->chain_id))
		return err_set(err, ERR_USAGE,
			"\"chain_id\" must be a string of 1 to %zu characters",
			sizeof(g->chain_id) - 1);
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	if (id[strspn(id, allowed)] != '\0')
		return err_set(err, ERR_USAGE,
			"\"chain_id\" may hold letters, digits, '.', '_' and '-' only");
	memcpy(g->chain_id, id, len + 1);
	return 0;
}

static int read_u64(
	const cJSON *j, const char *key, uint64_t min, uint64_t max, uint64_t *ret, struct err *err)
{
	if (!json_get_u64(j, key, ret) || *ret < min || *ret > max)
		return err_set(err, ERR_USAGE, "\"%s\" must be an integer from %llu to %llu", key,
			(unsigned long long)min, (unsigned long long)max);
	return 0;
}

static int read_parameters(const cJSON *j, struct genesis *g, struct err *err)
{
	uint64_t k;
	if (read_chain_id(j, g, err) != 0 ||
		read_u64(j, "genesis_time_ms", 0, MAX_GENESIS_TIME, &g->genesis_time_ms, err) !=
			0 ||
		read_u64(j, "slot_duration_ms", MIN_SLOT_MS, MAX_SLOT_MS, &g->slot_duration_ms,
			err) != 0 ||
		read_u64(j, "security_param", 1, MAX_SECURITY, &k, err) != 0)
		return -1;
	g->security_param = (uint32_t)k;
	if (!json_get_double(j, "active_slot_coeff", &g->active_slot_coeff) ||
		!(g->active_slot_coeff >= MIN_COEFF && g->active_slot_coeff <= 1))
		return err_set(err, ERR_USAGE,
			"\"active_slot_coeff\" must be a number from %g to 1", MIN_COEFF);
	if (!json_get_id32(j, "epoch_nonce", &g->epoch_nonce))
		return err_set(err, ERR_USAGE, "\"epoch_nonce\" must be 64 hexadecimal digits");
	return 0;
}

static int read_note(const cJSON *item, struct tx_output *ret, struct err *err)
{
	if (!json_get_id32(item, "pk", &ret->pk))
		return err_set(err, ERR_USAGE, "\"pk\" must be 64 hexadecimal digits");
	if (!json_get_u64(item, "value", &ret->value) || ret->value == 0)
		return err_set(err, ERR_USAGE, "\"value\" must be an integer above 0");
	return 0;
}

static int read_notes(const cJSON *j, const char *key, size_t max, struct tx_output **ret,
	size_t *ret_n, uint64_t *ret_total, struct err *err)
{
	const cJSON *list = json_get(j, key);
	if (!cJSON_IsArray(list))
		return err_set(err, ERR_USAGE, "\"%s\" must be an array", key);
	size_t n = 0, i = 0;
	json_each (item, list) {
		if (++n > max)
			return err_set(err, ERR_LIMIT, "\"%s\" has more than %zu items", key, max);
	}
	*ret = xcalloc(n ? n : 1, sizeof(**ret));
	json_each (item, list) {
		struct tx_output *note = &(*ret)[i];
		if (read_note(item, note, err) != 0)
			return err_prefix(err, "\"%s\"[%zu]", key, i);
		if (__builtin_add_overflow(*ret_total, note->value, ret_total))
			return err_set(err, ERR_USAGE,
				"the values in \"%s\" add up to more than 64 bits hold", key);
		i++;
	}
	*ret_n = n;
	return 0;
}

static int compare_keys(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct id32));
}

static int check_stakes(const struct genesis *g, struct err *err)
{
	if (g->n_stakes == 0)
		return err_set(
			err, ERR_USAGE, "\"stakes\" is empty: nobody could ever make a block");
	struct id32 *keys = xcalloc(g->n_stakes, sizeof(*keys));
	for (size_t i = 0; i < g->n_stakes; i++)
		keys[i] = g->stakes[i].pk;
	qsort(keys, g->n_stakes, sizeof(*keys), compare_keys);
	int rc = 0;
	for (size_t i = 1; rc == 0 && i < g->n_stakes; i++) {
		char hex[ID32_HEX];
		if (id32_eq(&keys[i - 1], &keys[i]))
			rc = err_set(err, ERR_USAGE, "\"stakes\" names the key %s twice",
				id32_hex(&keys[i], hex));
	}
	free(keys);
	return rc;
}

static void put_notes(struct strbuf *sb, const struct tx_output *notes, size_t n)
{
	bytes_put_le(sb, n, 4);
	for (size_t i = 0; i < n; i++) {
		bytes_put_le(sb, notes[i].value, 8);
		bytes_put_id(sb, &notes[i].pk);
	}
}

static void compute_id(struct genesis *g)
{
	CLEANUP_STRBUF struct strbuf sb = { 0 };
	uint64_t coeff_bits;
	_Static_assert(sizeof(coeff_bits) == sizeof(g->active_slot_coeff), "binary64");
	memcpy(&coeff_bits, &g->active_slot_coeff, sizeof(coeff_bits));
	size_t len = strlen(g->chain_id);
	bytes_put_le(&sb, len, 1);
	strbuf_add(&sb, g->chain_id, len);
	bytes_put_le(&sb, g->genesis_time_ms, 8);
	bytes_put_le(&sb, g->slot_duration_ms, 8);
	bytes_put_le(&sb, coeff_bits, 8);
	bytes_put_le(&sb, g->security_param, 4);
	bytes_put_id(&sb, &g->epoch_nonce);
	put_notes(&sb, g->stakes, g->n_stakes);
	put_notes(&sb, g->notes, g->n_notes);
	tx_blake2b("LTB_GENESIS_V1", sb.buf, sb.len, &g->id);
}

static int read_genesis(const cJSON *j, struct genesis *g, struct err *err)
{
	if (read_parameters(j, g, err) != 0 ||
		read_notes(j, "stakes", GENESIS_MAX_STAKES, &g->stakes, &g->n_stakes,
			&g->total_stake, err) != 0 ||
		check_stakes(g, err) != 0)
		return -1;
	g->total_supply = g->total_stake;
	return read_notes(
		j, "notes", GENESIS_MAX_NOTES, &g->notes, &g->n_notes, &g->total_supply, err);
}

int genesis_parse(const char *json, size_t len, struct genesis *ret, struct err *err)
{
	*ret = (struct genesis){ 0 };
	const struct json_limits limits = { .max_bytes = MAX_JSON };
	CLEANUP_JSON cJSON *j = json_parse(json, len, &limits, err);
	if (!j)
		return -1;
	if (read_genesis(j, ret, err) != 0) {
		genesis_release(ret);
		return -1;
	}
	compute_id(ret);
	return 0;
}

void genesis_release(struct genesis *g)
{
	free(g->stakes);
	free(g->notes);
	*g = (struct genesis){ 0 };
}

void genesis_op_id(const struct genesis *g, struct id32 *ret)
{
	size_t n = g->n_stakes + g->n_notes;
	struct tx_output *all = xcalloc(n, sizeof(*all));
	memcpy(all, g->stakes, g->n_stakes * sizeof(*all));
	if (g->n_notes > 0)
		memcpy(all + g->n_stakes, g->notes, g->n_notes * sizeof(*all));
	const struct tx_op op = {
		.opcode = TX_OP_TRANSFER,
		.u.transfer = { .n_outputs = n, .outputs = all },
	};
	tx_op_id(&op, ret);
	free(all);
}

uint64_t genesis_slot_at(const struct genesis *g, uint64_t unix_ms)
{
	return unix_ms > g->genesis_time_ms ? (unix_ms - g->genesis_time_ms) / g->slot_duration_ms
					    : 0;
}

uint64_t genesis_slot_start_ms(const struct genesis *g, uint64_t slot)
{
	uint64_t ms;
	if (__builtin_mul_overflow(slot, g->slot_duration_ms, &ms) ||
		__builtin_add_overflow(ms, g->genesis_time_ms, &ms))
		return UINT64_MAX;
	return ms;
}

uint64_t genesis_epoch_slots(const struct genesis *g)
{
	return 10 * (uint64_t)floor(g->security_param / g->active_slot_coeff);
}
