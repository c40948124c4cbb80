/*
 * GET /cryptarchia/blocks_range: which blocks it is about is fixed at once, as
 * ids; the lines are made batch by batch while the client takes them. Pure.
 */
#ifndef NODE_API_RANGE_H
#define NODE_API_RANGE_H

#include "node/api/api.h"

#define API_RANGE_MAX_BLOCKS 100000
#define API_RANGE_MAX_BYTES  (1024u * 1024) /* a batch ends with the block that passes it */

/* NULL with ERR_USAGE for a bad query. */
struct api_range *api_range_new(
	const struct api_env *env, const struct api_request *rq, struct err *err);
void api_range_free(struct api_range *r); /* NULL is fine */
/* Appends the next batch of lines; false at the end. */
bool api_range_next(const struct api_env *env, struct api_range *r, struct strbuf *out);

/* Lowest height on the best chain, above genesis, whose slot is at least slot; tip + 1 if none. */
uint64_t api_height_at_slot(const struct chain *c, uint64_t slot);

#endif
