/*
 * Any bytes as the body of a node's answer, given to every parser: refused
 * with a bounded printable text, or read into something within its bounds.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/node_client.h"

#define IDS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_refusal(const struct err *err)
{
	size_t len = strlen(err->text);
	if (err->code == ERR_NONE || len == 0 || len > 700)
		abort();
}

static void check_block(int rc, struct node_block *b, const struct err *err)
{
	struct id32 sum = { { 0 } };
	if (rc != 0) {
		check_refusal(err);
		return;
	}
	for (size_t i = 0; i < b->n_txs; i++)
		sum.b[0] ^= b->txs[i].b[31];
	if (b->n_txs > b->size_bytes || sum.b[1])
		abort();
	node_block_release(b);
}

static void check_small(const char *body, size_t len)
{
	struct node_info info;
	struct node_network net;
	uint64_t a, b;
	bool pending[4];
	struct err err = { 0 };
	if (node_parse_info(body, len, &info, &err) != 0)
		check_refusal(&err);
	else if (!memchr(info.mode, '\0', sizeof(info.mode)))
		abort();
	err_clear(&err);
	if (node_parse_network(body, len, &net, &err) != 0)
		check_refusal(&err);
	else if (!memchr(net.peer_id, '\0', sizeof(net.peer_id)))
		abort();
	err_clear(&err);
	if (node_parse_pending(body, len, &a, &err) != 0)
		check_refusal(&err);
	err_clear(&err);
	if (node_parse_supply(body, len, &a, &b, &err) != 0)
		check_refusal(&err);
	err_clear(&err);
	if (node_parse_statuses(body, len, 4, pending, &err) != 0)
		check_refusal(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *body = (const char *)data;
	struct node_block block;
	struct id32 *ids = NULL;
	size_t n;
	char text[64];
	struct err err = { 0 };

	check_small(body, size);
	check_block(node_parse_block(body, size, &block, &err), &block, &err);
	err_clear(&err);
	check_block(node_parse_block_event(body, size, &block, &err), &block, &err);
	err_clear(&err);
	if (node_parse_ids(body, size, IDS_MAX, &ids, &n, &err) != 0)
		check_refusal(&err);
	else if (n > IDS_MAX)
		abort();
	free(ids);
	node_error_text(500, body, size, text, sizeof(text));
	if (!memchr(text, '\0', sizeof(text)))
		abort();
	return 0;
}
