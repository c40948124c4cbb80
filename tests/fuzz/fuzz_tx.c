/* Transactions from outside: "{" begins the JSON form, any other byte stands before the binary one.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/tx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read must be written the same again. */
static void check(const struct tx *tx)
{
	CLEANUP_STRBUF struct strbuf a = { 0 }, b = { 0 };
	tx_encode(tx, &a);
	if (a.len != tx_encoded_len(tx))
		abort();
	struct tx *again = tx_decode(a.buf, a.len, NULL);
	if (!again || !id32_eq(&again->hash, &tx->hash))
		abort();
	tx_encode(again, &b);
	if (a.len != b.len || memcmp(a.buf, b.buf, a.len) != 0)
		abort();
	tx_free(again);
	struct err err = { 0 };
	tx_check_shape(tx, &err);
	tx_check_signatures(tx, &err);
}

static void check_json(const struct tx *tx)
{
	CLEANUP_STRBUF struct strbuf text = { 0 };
	struct jw w;
	jw_init(&w, &text, 0);
	tx_to_json(tx, true, &w);
	CLEANUP_JSON cJSON *j = json_parse(text.buf, text.len, NULL, NULL);
	struct tx *again = tx_from_json(j, NULL);
	if (!again || !id32_eq(&again->hash, &tx->hash))
		abort();
	tx_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct err err = { 0 };
	struct tx *tx = NULL;
	if (data[0] == '{') {
		const struct json_limits limits = { .max_bytes = TX_MAX_JSON };
		CLEANUP_JSON cJSON *j = json_parse((const char *)data, size, &limits, &err);
		if (j)
			tx = tx_from_json(j, &err);
	} else {
		tx = tx_decode(data + 1, size - 1, &err);
	}
	if (tx) {
		check(tx);
		check_json(tx);
	}
	tx_free(tx);
	return 0;
}
