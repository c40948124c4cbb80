/* Blocks: encoding, identity, checks that need no chain, JSON; see block.h. */
#include "node/chain/block.h"

#include <string.h>

#include <sodium.h>

#include "proto/bytes.h"
#include "util/mem.h"

#define BLOCK_VERSION 1
#define SIG_LEN       64
#define HEADER_LEN    (1 + 32 + 8 + 32 + 32 + 64)

struct block *block_new(void)
{
	return xcalloc(1, sizeof(struct block));
}

void block_free(struct block *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->n_txs; i++)
		tx_free(b->txs[i]);
	free(b->txs);
	free(b);
}

/* --- identity ----------------------------------------------------------------------- */

static void encode_header(const struct block_header *h, struct strbuf *out)
{
	bytes_put_le(out, h->version, 1);
	bytes_put_id(out, &h->parent);
	bytes_put_le(out, h->slot, 8);
	bytes_put_id(out, &h->body_root);
	bytes_put_id(out, &h->leader);
	strbuf_add(out, h->proof, sizeof(h->proof));
}

static void header_id(const struct block_header *h, struct id32 *ret)
{
	CLEANUP_STRBUF struct strbuf sb = { 0 };
	encode_header(h, &sb);
	tx_blake2b("BLOCK_ID_V1", sb.buf, sb.len, ret);
}

static void body_root(const struct block *b, struct id32 *ret)
{
	struct id32 *hashes = xcalloc(b->n_txs + 1, sizeof(*hashes));
	for (size_t i = 0; i < b->n_txs; i++)
		hashes[i] = b->txs[i]->hash;
	tx_merkle_root(hashes, b->n_txs, ret);
	free(hashes);
}

static size_t encoded_len(const struct block *b)
{
	size_t len = HEADER_LEN + SIG_LEN + 4;
	for (size_t i = 0; i < b->n_txs; i++)
		len += 4 + tx_encoded_len(b->txs[i]);
	return len;
}

void block_seal(struct block *b, const struct tx_key *leader)
{
	b->header.version = BLOCK_VERSION;
	b->header.leader = leader->pk;
	body_root(b, &b->header.body_root);
	header_id(&b->header, &b->id);
	crypto_sign_detached(b->signature, NULL, b->id.b, sizeof(b->id.b), leader->secret);
	b->encoded_len = encoded_len(b);
}

/* --- encoding ----------------------------------------------------------------------- */

void block_encode(const struct block *b, struct strbuf *out)
{
	encode_header(&b->header, out);
	strbuf_add(out, b->signature, sizeof(b->signature));
	bytes_put_le(out, b->n_txs, 4);
	for (size_t i = 0; i < b->n_txs; i++) {
		bytes_put_le(out, tx_encoded_len(b->txs[i]), 4);
		tx_encode(b->txs[i], out);
	}
}

static int decode_txs(struct block *b, struct bytes_reader *r, struct err *err)
{
	size_t n = bytes_get_u32(r);
	if (r->failed)
		return err_set(err, ERR_PROTOCOL, "block is cut short");
	if (n > BLOCK_MAX_TXS)
		return err_set(err, ERR_LIMIT, "a block has at most %d transactions, not %zu",
			BLOCK_MAX_TXS, n);
	b->txs = xcalloc(n + 1, sizeof(struct tx *));
	for (size_t i = 0; i < n; i++) {
		size_t len = bytes_get_u32(r);
		const uint8_t *p = bytes_take(r, len);
		if (!p)
			return err_set(err, ERR_PROTOCOL, "block is cut short");
		struct tx *tx = tx_decode(p, len, err);
		if (!tx)
			return err_prefix(err, "transaction %zu of the block", i);
		b->txs[b->n_txs++] = tx;
	}
	if (r->left > 0)
		return err_set(err, ERR_PROTOCOL, "%zu bytes follow the block", r->left);
	return 0;
}

struct block *block_decode(const void *data, size_t len, struct err *err)
{
	if (len > BLOCK_MAX_ENCODED) {
		err_set(err, ERR_LIMIT, "a block has at most %u bytes, not %zu", BLOCK_MAX_ENCODED,
			len);
		return NULL;
	}
	struct bytes_reader r = bytes_reader_of(data, len);
	struct block *b = block_new();
	struct block_header *h = &b->header;
	h->version = bytes_get_u8(&r);
	bytes_get_id(&r, &h->parent);
	h->slot = bytes_get_u64(&r);
	bytes_get_id(&r, &h->body_root);
	bytes_get_id(&r, &h->leader);
	bytes_get(&r, h->proof, sizeof(h->proof));
	bytes_get(&r, b->signature, sizeof(b->signature));
	if (decode_txs(b, &r, err) != 0) {
		block_free(b);
		return NULL;
	}
	header_id(h, &b->id);
	b->encoded_len = len;
	return b;
}

/* --- checks ------------------------------------------------------------------------- */

int block_check_head(const struct block *b, struct err *err)
{
	char hex[ID32_HEX];
	struct id32 id, root;
	if (b->header.version != BLOCK_VERSION)
		return err_set(
			err, ERR_PROTOCOL, "block has the unknown version %u", b->header.version);
	header_id(&b->header, &id);
	if (!id32_eq(&id, &b->id))
		return err_set(err, ERR_PROTOCOL,
			"block id differs from the hash of its header, %s", id32_hex(&id, hex));
	if (b->n_txs > BLOCK_MAX_TXS)
		return err_set(err, ERR_LIMIT, "block %s has %zu transactions, more than %d",
			id32_hex(&id, hex), b->n_txs, BLOCK_MAX_TXS);
	size_t len = encoded_len(b);
	if (len > BLOCK_MAX_ENCODED)
		return err_set(err, ERR_LIMIT, "block %s has %zu bytes, more than %u",
			id32_hex(&id, hex), len, BLOCK_MAX_ENCODED);
	body_root(b, &root);
	if (!id32_eq(&root, &b->header.body_root))
		return err_set(err, ERR_PROTOCOL,
			"block %s: its body root does not match its transactions",
			id32_hex(&id, hex));
	if (crypto_sign_verify_detached(
		    b->signature, b->id.b, sizeof(b->id.b), b->header.leader.b) != 0)
		return err_set(err, ERR_PROTOCOL, "block %s: the leader's signature is invalid",
			id32_hex(&id, hex));
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct id32));
}

static int check_distinct(const struct block *b, struct err *err)
{
	struct id32 *hashes = xcalloc(b->n_txs + 1, sizeof(*hashes));
	for (size_t i = 0; i < b->n_txs; i++)
		hashes[i] = b->txs[i]->hash;
	qsort(hashes, b->n_txs, sizeof(*hashes), compare_ids);
	int rc = 0;
	for (size_t i = 1; rc == 0 && i < b->n_txs; i++) {
		char hex[ID32_HEX];
		if (id32_eq(&hashes[i - 1], &hashes[i]))
			rc = err_set(err, ERR_PROTOCOL, "transaction %s is in the block twice",
				id32_hex(&hashes[i], hex));
	}
	free(hashes);
	return rc;
}

int block_check_body(const struct block *b, bool (*known)(void *arg, const struct tx *tx),
	void *arg, struct err *err)
{
	char hex[ID32_HEX];
	for (size_t i = 0; i < b->n_txs; i++) {
		const struct tx *tx = b->txs[i];
		if (known && known(arg, tx))
			continue;
		if (tx_check_shape(tx, err) != 0 || tx_check_signatures(tx, err) != 0)
			return err_prefix(
				err, "block %s: transaction %zu", id32_hex(&b->id, hex), i);
	}
	if (check_distinct(b, err) != 0)
		return err_prefix(err, "block %s", id32_hex(&b->id, hex));
	return 0;
}

int block_check(const struct block *b, struct err *err)
{
	return block_check_head(b, err) != 0 ? -1 : block_check_body(b, NULL, NULL, err);
}

/* --- JSON --------------------------------------------------------------------------- */

void block_to_json(const struct block *b, struct jw *w)
{
	const struct block_header *h = &b->header;
	struct id32 entropy;
	const struct id32 no_voucher = { { 0 } };
	tx_blake2b("LTB_TICKET_V1", h->proof, sizeof(h->proof), &entropy);
	jw_object(w);
	jw_key(w, "header");
	jw_object(w);
	jw_kid32(w, "id", &b->id);
	jw_kid32(w, "parent_block", &h->parent);
	jw_ku64(w, "slot", h->slot);
	jw_kid32(w, "block_root", &h->body_root);
	jw_key(w, "proof_of_leadership");
	jw_object(w);
	jw_key(w, "proof");
	jw_hex(w, h->proof, sizeof(h->proof));
	jw_kid32(w, "entropy_contribution", &entropy);
	jw_kid32(w, "leader_key", &h->leader);
	jw_kid32(w, "voucher_cm", &no_voucher);
	jw_object_end(w);
	jw_object_end(w);
	jw_key(w, "transactions");
	jw_array(w);
	for (size_t i = 0; i < b->n_txs; i++)
		tx_to_json(b->txs[i], true, w);
	jw_array_end(w);
	jw_object_end(w);
}
