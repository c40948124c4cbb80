/* See api.h: handlers about transactions, wallets and channels. */
#include "node/api/api.h"

#include <string.h>

#include "util/map.h"
#include "util/mem.h"

#define MAX_STATUS_HASHES 10000
#define MAX_FUNDING_KEYS  64
#define BODY_ERROR        "Failed to deserialize the JSON body into the target type: "

/* Answers a refusal; true when the pool has the transaction. */
static bool submitted(const struct api_env *env, struct tx *tx, struct api_reply *rp)
{
	struct err err = { 0 };

	if (env->submit(env->arg, tx, &err) != MEMPOOL_REFUSED)
		return true;
	api_reply_text(rp, err.code == ERR_LIMIT ? 503 : 422, "%s", err.text);
	return false;
}

void api_add_tx(const struct api_env *env, struct api_request *rq, struct api_reply *rp)
{
	CLEANUP_JSON cJSON *j = api_body_json(rq, rp);
	struct err err = { 0 };
	struct jw w;

	if (!j)
		return;
	struct tx *tx = tx_from_json(j, &err);
	if (!tx || tx_check_signatures(tx, &err)) {
		tx_free(tx);
		api_reply_text(rp, 422, "%s", err.text);
		return;
	}
	if (submitted(env, tx, rp)) {
		api_reply_json(rp, &w);
		jw_null(&w);
	}
}

static void write_hash(const struct tx *tx, void *arg)
{
	jw_id32(arg, &tx->hash);
}

void api_mempool_view(const struct api_env *env, struct api_request *rq, struct api_reply *rp)
{
	struct jw w;

	(void)rq;
	api_reply_json(rp, &w);
	jw_array(&w);
	chain_pending_each(env->chain, write_hash, &w);
	jw_array_end(&w);
}

void api_metrics(const struct api_env *env, struct api_request *rq, struct api_reply *rp)
{
	struct jw w;

	(void)rq;
	api_reply_json(rp, &w);
	jw_object(&w);
	jw_ku64(&w, "pending_items", chain_pending(env->chain));
	jw_ku64(&w, "last_item_timestamp", env->last_item_ms);
	jw_object_end(&w);
}

/* The real node forgets a transaction once it is in a block: inclusion shows in blocks only. */
void api_status(const struct api_env *env, struct api_request *rq, struct api_reply *rp)
{
	CLEANUP_JSON cJSON *j = api_body_json(rq, rp);
	size_t n = 0;
	struct id32 hash;
	struct jw w;

	if (!j)
		return;
	if (!cJSON_IsArray(j)) {
		api_reply_text(rp, 422, BODY_ERROR "expected an array of hashes");
		return;
	}
	api_reply_json(rp, &w);
	jw_array(&w);
	json_each (item, j) {
		if (!json_as_id32(item, &hash) || ++n > MAX_STATUS_HASHES) {
			api_reply_text(rp, 422,
				BODY_ERROR "expected at most %d hashes of 64 hex digits",
				MAX_STATUS_HASHES);
			return;
		}
		jw_str(&w, chain_is_pending(env->chain, &hash) ? "Pending" : "Unknown");
	}
	jw_array_end(&w);
}

void api_balance(const struct api_env *env, struct api_request *rq, struct api_reply *rp)
{
	const struct chain_entry tip = chain_tip(env->chain);
	struct id32 pk, at;
	struct err err = { 0 };
	uint64_t sum = 0;
	bool given;
	char hex[ID32_HEX];
	struct jw w;

	if (!api_path_id(rq, rp, &pk))
		return;
	if (api_query_id(rq, "tip", &at, &given, &err)) {
		api_reply_text(rp, 400, "%s", err.text);
		return;
	}
	if (given && !id32_eq(&at, &tip.id)) {
		api_reply_text(
			rp, 500, "balances are known at the tip %s only", id32_hex(&tip.id, hex));
		return;
	}
	if (!chain_knows_key(env->chain, &pk)) {
		api_reply_text(
			rp, 404, "Wallet does not know the public key %s", id32_hex(&pk, hex));
		return;
	}
	CLEANUP_FREE struct chain_note *notes = NULL;
	size_t n = chain_notes_of(env->chain, &pk, &notes);
	for (size_t i = 0; i < n; i++)
		sum += notes[i].value; /* cannot overflow: the supply does not */
	api_reply_json(rp, &w);
	rp->content_type = API_TEXT; /* sic: so the real node labels it */
	jw_object(&w);
	jw_kid32(&w, "tip", &tip.id);
	jw_ku64(&w, "balance", sum);
	jw_key(&w, "notes");
	jw_object(&w);
	for (size_t i = 0; i < n; i++)
		jw_ku64(&w, id32_hex(&notes[i].id, hex), notes[i].value);
	jw_object_end(&w);
	jw_kid32(&w, "address", &pk);
	jw_object_end(&w);
}

void api_channel(const struct api_env *env, struct api_request *rq, struct api_reply *rp)
{
	struct id32 channel, message;
	struct jw w;

	if (!api_path_id(rq, rp, &channel))
		return;
	if (!chain_channel_tip(env->chain, &channel, &message)) {
		api_reply_text(rp, 404, "%s", "");
		return;
	}
	api_reply_json(rp, &w);
	jw_object(&w);
	jw_kid32(&w, "tip_message", &message);
	jw_ku64(&w, "balance", 0); /* deposits do not exist here */
	jw_object_end(&w);
}

/* --- transfer-funds --------------------------------------------------------------- */

struct transfer {
	struct id32 change, recipient;
	uint64_t amount;
	const cJSON *funding; /* array of keys, borrowed from the body */
};

static int parse_transfer(const cJSON *j, struct transfer *ret, struct err *err)
{
	struct id32 pk;

	if (!json_get_id32(j, "change_public_key", &ret->change))
		return err_set(err, ERR_USAGE, BODY_ERROR "change_public_key");
	if (!json_get_id32(j, "recipient_public_key", &ret->recipient))
		return err_set(err, ERR_USAGE, BODY_ERROR "recipient_public_key");
	if (!json_get_u64(j, "amount", &ret->amount) || ret->amount == 0)
		return err_set(err, ERR_USAGE, BODY_ERROR "amount: expected a positive integer");
	ret->funding = json_get(j, "funding_public_keys");
	if (!cJSON_IsArray(ret->funding) || !ret->funding->child ||
		cJSON_GetArraySize(ret->funding) > MAX_FUNDING_KEYS)
		return err_set(err, ERR_USAGE, BODY_ERROR "funding_public_keys: expected 1 to %d",
			MAX_FUNDING_KEYS);
	json_each (item, ret->funding)
		if (!json_as_id32(item, &pk))
			return err_set(err, ERR_USAGE, BODY_ERROR "funding_public_keys");
	return 0;
}

static const struct tx_key *find_key(const struct api_env *env, const struct id32 *pk)
{
	for (size_t i = 0; i < env->n_keys; i++)
		if (id32_eq(&env->keys[i].pk, pk))
			return &env->keys[i];
	return NULL;
}

static void collect_spent(const struct tx *tx, void *arg)
{
	struct map *spent = arg;

	for (size_t i = 0; i < tx->n_ops; i++) {
		if (tx->ops[i].opcode != TX_OP_TRANSFER)
			continue;
		const struct tx_transfer *t = &tx->ops[i].u.transfer;
		for (size_t k = 0; k < t->n_inputs; k++)
			map_put(spent, t->inputs[k].b, sizeof(t->inputs[k].b), spent);
	}
}

static int by_value_down(const void *a, const void *b)
{
	const struct chain_note *x = a, *y = b;

	return (x->value < y->value) - (x->value > y->value);
}

/* Largest notes first until they cover the amount; *ret_sum is what they come to. */
static size_t choose_notes(const struct api_env *env, const struct map *spent,
	const struct id32 *pk, uint64_t amount, struct id32 *ret_inputs, uint64_t *ret_sum)
{
	CLEANUP_FREE struct chain_note *notes = NULL;
	size_t n = chain_notes_of(env->chain, pk, &notes), used = 0;

	*ret_sum = 0;
	if (n)
		qsort(notes, n, sizeof(*notes), by_value_down);
	for (size_t i = 0; i < n && used < TX_MAX_INPUTS && *ret_sum < amount; i++) {
		if (map_get(spent, notes[i].id.b, sizeof(notes[i].id.b)))
			continue;
		ret_inputs[used++] = notes[i].id;
		*ret_sum += notes[i].value;
	}
	return used;
}

/* A transfer has one owner of all its inputs, so one of the keys must have enough. */
static struct tx *build_transfer(
	const struct api_env *env, const struct transfer *t, struct err *err)
{
	struct id32 inputs[TX_MAX_INPUTS], pk;
	uint64_t sum, best = 0;
	struct map *spent = map_new(NULL);
	struct tx *tx = NULL;

	chain_pending_each(env->chain, collect_spent, spent);
	json_each (item, t->funding) {
		char hex[ID32_HEX];
		json_as_id32(item, &pk);
		const struct tx_key *key = find_key(env, &pk);
		if (!key) {
			err_set(err, ERR_IO, "no secret key for %s in this node's wallet",
				id32_hex(&pk, hex));
			goto out;
		}
		size_t n = choose_notes(env, spent, &pk, t->amount, inputs, &sum);
		best = MAX(best, sum);
		if (sum < t->amount)
			continue;
		struct tx_output outputs[] = { { t->amount, t->recipient },
			{ sum - t->amount, t->change } };
		tx = tx_new();
		if (tx_add_transfer(tx, inputs, n, outputs, sum > t->amount ? 2 : 1, err)) {
			tx_free(tx);
			tx = NULL;
			goto out;
		}
		tx_seal(tx);
		tx_sign_op(tx, 0, key);
		goto out;
	}
	err_set(err, ERR_IO, "Wallet does not have enough funds, available=%llu",
		(unsigned long long)best);
out:
	map_free(spent);
	return tx;
}

void api_transfer_funds(const struct api_env *env, struct api_request *rq, struct api_reply *rp)
{
	CLEANUP_JSON cJSON *j = api_body_json(rq, rp);
	struct transfer t = { 0 };
	struct err err = { 0 };
	struct jw w;

	if (!j)
		return;
	if (parse_transfer(j, &t, &err)) {
		api_reply_text(rp, 422, "%s", err.text);
		return;
	}
	struct tx *tx = build_transfer(env, &t, &err);
	if (!tx) {
		api_reply_text(rp, 500, "%s", err.text);
		return;
	}
	struct id32 hash = tx->hash;
	if (!submitted(env, tx, rp))
		return;
	api_reply_json(rp, &w);
	rp->status = 201;
	jw_object(&w);
	jw_kid32(&w, "hash", &hash);
	jw_object_end(&w);
}
