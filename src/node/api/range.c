/* See range.h. */
#include "node/api/range.h"

#include <string.h>

#include "util/mem.h"

struct api_range {
	struct id32 *ids;
	size_t n, next, batch;
};

uint64_t api_height_at_slot(const struct chain *c, uint64_t slot)
{
	uint64_t lo = 1, hi = chain_tip(c).height + 1;

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;
		struct chain_entry e;
		if (chain_at_height(c, mid, &e) && e.slot < slot)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int parse_words(
	const struct api_request *rq, bool *ret_ascending, bool *ret_immutable, struct err *err)
{
	const char *order = api_query(rq, "order");
	const char *filter = api_query(rq, "block_filter");

	*ret_ascending = order && strcmp(order, "ascending") == 0;
	if (order && !*ret_ascending && strcmp(order, "descending") != 0)
		return err_set(err, ERR_USAGE, "order: expected ascending or descending");
	*ret_immutable = filter && strcmp(filter, "immutable_only") == 0;
	if (filter && !*ret_immutable && strcmp(filter, "mutable_and_immutable") != 0)
		return err_set(err, ERR_USAGE,
			"block_filter: expected immutable_only or mutable_and_immutable");
	return 0;
}

struct api_range *api_range_new(
	const struct api_env *env, const struct api_request *rq, struct err *err)
{
	const struct chain_entry tip = chain_tip(env->chain), lib = chain_lib(env->chain);
	uint64_t from = 0, to = UINT64_MAX - 1, limit = 100, batch = 100;
	bool ascending = false, immutable = false;

	if (api_query_u64(rq, "slot_from", &from, err) || api_query_u64(rq, "slot_to", &to, err) ||
		api_query_u64(rq, "blocks_limit", &limit, err) ||
		api_query_u64(rq, "server_batch_size", &batch, err) ||
		parse_words(rq, &ascending, &immutable, err))
		return NULL;
	if (from > to || limit == 0 || batch == 0 || batch > 1000) {
		err_set(err, ERR_USAGE,
			"bad range: slot_from must not be above slot_to, blocks_limit at least 1, "
			"server_batch_size 1 to 1000");
		return NULL;
	}
	if (to == UINT64_MAX)
		to--;

	struct api_range *r = xcalloc(1, sizeof(*r));
	uint64_t low = api_height_at_slot(env->chain, from);
	uint64_t end = api_height_at_slot(env->chain, to + 1); /* exclusive */
	end = MIN(end, (immutable ? lib.height : tip.height) + 1);
	uint64_t count = end > low ? end - low : 0;
	count = MIN(count, MIN(limit, (uint64_t)API_RANGE_MAX_BLOCKS));
	r->ids = xcalloc(count ? (size_t)count : 1, sizeof(*r->ids));
	r->batch = (size_t)batch;
	for (uint64_t i = 0; i < count; i++) {
		struct chain_entry e;
		if (chain_at_height(env->chain, ascending ? low + i : end - 1 - i, &e))
			r->ids[r->n++] = e.id;
	}
	return r;
}

void api_range_free(struct api_range *r)
{
	if (!r)
		return;
	free(r->ids);
	free(r);
}

bool api_range_next(const struct api_env *env, struct api_range *r, struct strbuf *out)
{
	size_t start = out->len;

	if (r->next == r->n)
		return false;
	for (size_t i = 0; i < r->batch && r->next < r->n; i++) {
		if (out->len - start >= API_RANGE_MAX_BYTES)
			break;
		api_block_line(env, &r->ids[r->next++], out);
	}
	return true;
}
