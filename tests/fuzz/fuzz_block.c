/* Blocks from outside: decoding, the checks that need no chain, and writing back. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "node/chain/block.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = { 0 };
	struct block *b = block_decode(data, size, &err);
	if (!b)
		return 0;
	CLEANUP_STRBUF struct strbuf bin = { 0 }, text = { 0 };
	block_encode(b, &bin);
	if (bin.len != size || memcmp(bin.buf, data, size) != 0)
		abort();
	block_check(b, &err);
	block_check_body(b, NULL, NULL, &err);
	struct jw w;
	jw_init(&w, &text, 0);
	block_to_json(b, &w);
	const struct json_limits limits = { .max_bytes = 8u << 20 };
	CLEANUP_JSON cJSON *j = json_parse(text.buf, text.len, &limits, &err);
	if (!j)
		abort();
	block_free(b);
	return 0;
}
