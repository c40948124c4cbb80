/*
 * The leader lottery of block.h. An Ed25519 signature stands in for the real
 * chain's proof: others can check it and nobody can predict it without the key,
 * but a leader that breaks the signing rules may draw more than one ticket.
 */
#include <math.h>
#include <string.h>

#include <sodium.h>

#include "node/chain/block.h"
#include "proto/bytes.h"

#define TAG "LTB_LOTTERY_V1"

struct message {
	uint8_t b[sizeof(TAG) - 1 + 32 + 8];
};

static struct message message_of(const struct id32 *epoch_nonce, uint64_t slot)
{
	struct message m;
	memcpy(m.b, TAG, sizeof(TAG) - 1);
	memcpy(m.b + sizeof(TAG) - 1, epoch_nonce->b, 32);
	bytes_store_le(m.b + sizeof(TAG) - 1 + 32, slot, 8);
	return m;
}

static bool ticket_wins(const struct genesis *g, uint64_t stake, const uint8_t proof[64])
{
	struct id32 h;
	tx_blake2b("LTB_TICKET_V1", proof, 64, &h);
	struct bytes_reader r = bytes_reader_of(h.b, sizeof(h.b));
	/* 53 bits are what a double holds exactly, so the ticket stays below 1 */
	double ticket = ldexp((double)(bytes_get_u64(&r) >> 11), -53);
	double share = (double)stake / (double)g->total_stake;
	return ticket < -expm1(share * log1p(-g->active_slot_coeff));
}

bool lottery_wins(const struct genesis *g, const struct id32 *epoch_nonce, uint64_t slot,
	uint64_t stake, const struct tx_key *key, uint8_t ret_proof[64])
{
	if (stake == 0)
		return false;
	struct message m = message_of(epoch_nonce, slot);
	crypto_sign_detached(ret_proof, NULL, m.b, sizeof(m.b), key->secret);
	return ticket_wins(g, stake, ret_proof);
}

bool lottery_check(const struct genesis *g, const struct id32 *epoch_nonce, uint64_t slot,
	uint64_t stake, const struct id32 *pk, const uint8_t proof[64])
{
	struct message m = message_of(epoch_nonce, slot);
	return stake > 0 && ticket_wins(g, stake, proof) &&
	       crypto_sign_verify_detached(proof, m.b, sizeof(m.b), pk->b) == 0;
}

void lottery_next_nonce(struct id32 *nonce, const struct id32 *last)
{
	uint8_t b[64];
	memcpy(b, nonce->b, 32);
	if (last)
		memcpy(b + 32, last->b, 32);
	tx_blake2b("LTB_NONCE_V1", b, last ? 64 : 32, nonce);
}
