/*
 * Bodies for POST /mempool/add/tx, one a line: signed inscriptions, each on a
 * channel of its own, so that any order is valid. usage: txgen COUNT SEED
 */
#include <stdio.h>
#include <stdlib.h>

#include "proto/tx.h"
#include "util/rng.h"

int main(int argc, char **argv)
{
	unsigned long count = argc == 3 ? strtoul(argv[1], NULL, 10) : 0;
	struct strbuf line = { 0 };
	struct tx_key key;
	struct rng rng;
	uint8_t seed[32];

	if (count == 0 || count > 1000000) {
		fprintf(stderr, "usage: txgen COUNT SEED\n");
		return 2;
	}
	rng_init(&rng, strtoul(argv[2], NULL, 10));
	rng_bytes(&rng, seed, sizeof(seed));
	tx_key_from_seed(seed, &key);
	for (unsigned long i = 0; i < count; i++) {
		struct id32 channel, parent = { { 0 } };
		struct tx *tx = tx_new();
		struct jw w;

		rng_bytes(&rng, channel.b, sizeof(channel.b));
		tx_add_inscribe(tx, &channel, &parent, &key.pk, seed, sizeof(seed), NULL);
		tx_seal(tx);
		tx_sign_op(tx, 0, &key);
		strbuf_clear(&line);
		jw_init(&w, &line, 0);
		tx_to_json(tx, false, &w);
		puts(strbuf_str(&line));
		tx_free(tx);
	}
	strbuf_release(&line);
	return 0;
}
