/* See api.h: handlers about blocks, time and supply. */
#include "node/api/api.h"

#include <string.h>

#include "node/api/range.h"
#include "util/mem.h"

#define MAX_HEADERS     512
#define MAX_BLOCKS      10000
#define MAX_BLOCKS_SIZE (32u * 1024 * 1024)

void api_info(const struct api_env *env, struct api_request *rq, struct api_reply *rp)
{
	const struct chain_entry tip = chain_tip(env->chain), lib = chain_lib(env->chain);
	struct jw w;

	(void)rq;
	api_reply_json(rp, &w);
	jw_object(&w);
	jw_key(&w, "cryptarchia_info");
	jw_object(&w);
	jw_kid32(&w, "lib", &lib.id);
	jw_ku64(&w, "lib_slot", lib.slot);
	jw_kid32(&w, "tip", &tip.id);
	jw_ku64(&w, "slot", tip.slot);
	jw_ku64(&w, "height", tip.height);
	jw_object_end(&w);
	if (env->now_ms(env->arg) < env->genesis->genesis_time_ms) {
		jw_kstr(&w, "mode", "AwaitingStart");
	} else {
		jw_key(&w, "mode");
		jw_object(&w);
		jw_kstr(&w, "Started", env->online(env->arg) ? "Online" : "Bootstrapping");
		jw_object_end(&w);
	}
	jw_object_end(&w);
}

void api_headers(const struct api_env *env, struct api_request *rq, struct api_reply *rp)
{
	struct chain_entry e, lib = chain_lib(env->chain);
	struct id32 from, to;
	bool have_from, have_to;
	struct err err = { 0 };
	struct jw w;

	if (api_query_id(rq, "from", &from, &have_from, &err) ||
		api_query_id(rq, "to", &to, &have_to, &err)) {
		api_reply_text(rp, 400, "%s", err.text);
		return;
	}
	if (!have_from)
		e = chain_tip(env->chain);
	else if (!chain_find(env->chain, &from, &e)) {
		api_reply_text(rp, 404, "%s", "");
		return;
	}
	if (!have_to)
		to = lib.id;
	api_reply_json(rp, &w);
	jw_array(&w);
	for (size_t i = 0; i < MAX_HEADERS && e.height >= lib.height; i++) {
		jw_id32(&w, &e.id);
		if (id32_eq(&e.id, &to) || e.height == 0 || !chain_find(env->chain, &e.parent, &e))
			break;
	}
	jw_array_end(&w);
}

void api_block(const struct api_env *env, struct api_request *rq, struct api_reply *rp)
{
	struct chain_entry e;
	struct id32 id;
	struct jw w;

	if (!api_path_id(rq, rp, &id))
		return;
	if (!chain_find(env->chain, &id, &e) || !e.block) {
		api_reply_text(rp, 404, "%s", "");
		return;
	}
	api_reply_json(rp, &w);
	block_to_json(e.block, &w);
}

void api_blocks(const struct api_env *env, struct api_request *rq, struct api_reply *rp)
{
	uint64_t from = 0, to = 0;
	struct err err = { 0 };
	struct jw w;

	if (!api_query(rq, "slot_from") || !api_query(rq, "slot_to")) {
		api_reply_text(rp, 400, "Failed to deserialize query string: missing field `%s`",
			api_query(rq, "slot_from") ? "slot_to" : "slot_from");
		return;
	}
	if (api_query_u64(rq, "slot_from", &from, &err) ||
		api_query_u64(rq, "slot_to", &to, &err)) {
		api_reply_text(rp, 400, "%s", err.text);
		return;
	}
	if (from > to) {
		api_reply_text(rp, 400, "slot_from must not be above slot_to");
		return;
	}
	api_reply_json(rp, &w);
	jw_array(&w);
	uint64_t lib = chain_lib(env->chain).height;
	uint64_t low = api_height_at_slot(env->chain, from);
	for (uint64_t h = low; h <= lib; h++) {
		struct chain_entry e;
		if (!chain_at_height(env->chain, h, &e) || e.slot > to)
			break;
		if (h - low >= MAX_BLOCKS || rp->body.len > MAX_BLOCKS_SIZE) {
			api_reply_text(rp, 400,
				"range too large for one answer; ask for fewer slots or use "
				"/cryptarchia/blocks_range");
			return;
		}
		if (e.block)
			block_to_json(e.block, &w);
	}
	jw_array_end(&w);
}

void api_blocks_range(const struct api_env *env, struct api_request *rq, struct api_reply *rp)
{
	struct err err = { 0 };

	rp->range = api_range_new(env, rq, &err);
	if (rp->range)
		rp->action = API_RANGE;
	else
		api_reply_text(rp, 400, "%s", err.text);
}

void api_time(const struct api_env *env, struct api_request *rq, struct api_reply *rp)
{
	uint64_t slot = genesis_slot_at(env->genesis, env->now_ms(env->arg));
	struct jw w;

	(void)rq;
	api_reply_json(rp, &w);
	jw_object(&w);
	jw_ku64(&w, "slot_duration_ms", env->genesis->slot_duration_ms);
	jw_ku64(&w, "genesis_time_unix_ms", env->genesis->genesis_time_ms);
	jw_ku64(&w, "current_slot", slot);
	jw_ku64(&w, "current_epoch", slot / genesis_epoch_slots(env->genesis));
	jw_object_end(&w);
}

void api_supply(const struct api_env *env, struct api_request *rq, struct api_reply *rp)
{
	const struct chain_entry tip = chain_tip(env->chain);
	struct jw w;

	(void)rq;
	api_reply_json(rp, &w);
	jw_object(&w);
	jw_kid32(&w, "tip", &tip.id);
	jw_ku64(&w, "height", tip.height);
	jw_ku64(&w, "supply", chain_supply(env->chain));
	jw_ku64(&w, "genesis_supply", env->genesis->total_supply);
	jw_object_end(&w);
}

void api_transaction(const struct api_env *env, struct api_request *rq, struct api_reply *rp)
{
	struct chain_entry e;
	struct id32 hash, block;
	struct jw w;

	if (!api_path_id(rq, rp, &hash))
		return;
	if (chain_find_tx(env->chain, &hash, &block) && chain_find(env->chain, &block, &e) &&
		e.block) {
		for (size_t i = 0; i < e.block->n_txs; i++) {
			if (!id32_eq(&e.block->txs[i]->hash, &hash))
				continue;
			api_reply_json(rp, &w);
			tx_to_json(e.block->txs[i], true, &w);
			return;
		}
	}
	api_reply_text(rp, 404, "%s", "");
}

bool api_block_line(const struct api_env *env, const struct id32 *id, struct strbuf *out)
{
	const struct chain_entry tip = chain_tip(env->chain), lib = chain_lib(env->chain);
	struct chain_entry e;
	struct jw w;

	if (!chain_find(env->chain, id, &e) || !e.block)
		return false;
	jw_init(&w, out, 0);
	jw_object(&w);
	jw_key(&w, "block");
	block_to_json(e.block, &w);
	jw_kid32(&w, "tip", &tip.id);
	jw_ku64(&w, "tip_slot", tip.slot);
	jw_kid32(&w, "lib", &lib.id);
	jw_ku64(&w, "lib_slot", lib.slot);
	jw_object_end(&w);
	strbuf_addc(out, '\n');
	return true;
}

void api_lib_line(const struct chain_entry *e, struct strbuf *out)
{
	struct jw w;

	jw_init(&w, out, 0);
	jw_object(&w);
	jw_ku64(&w, "height", e->height);
	jw_kid32(&w, "header_id", &e->id);
	jw_object_end(&w);
	strbuf_addc(out, '\n');
}
