/*
 * Command line of ltb-node. Parsing only: no file is read, nothing is bound.
 * One thread, once at start.
 */
#ifndef NODE_CONFIG_H
#define NODE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "node/p2p/address.h"
#include "util/err.h"
#include "util/log.h"
#include "util/mem.h"

enum misbehave { MISBEHAVE_NONE, MISBEHAVE_STALL, MISBEHAVE_DROP_TX, MISBEHAVE_FORK };

enum config_action {
	CONFIG_RUN,
	CONFIG_HELP,
	CONFIG_VERSION,
	CONFIG_KEYGEN, /* print the public key of seed */
	CONFIG_HEALTH, /* ask the node at health */
};

struct config {
	enum config_action action;
	const char *genesis, *data, *key_file, *wallet_file, *ready_file,
		*name; /* borrowed: argv */
	struct address listen, http, health;
	struct address http_advertise, p2p_advertise; /* host empty: what was bound */
	VEC(struct address) peers;
	enum log_level log_level;
	bool log_json;
	enum misbehave misbehave;
	uint64_t misbehave_after; /* height from which it misbehaves */
	uint8_t seed[32];
};

/* ERR_USAGE names the option and what was expected. */
int config_parse(int argc, char **argv, struct config *ret, struct err *err);
void config_release(struct config *c);
void config_help(FILE *out);
const char *misbehave_name(enum misbehave m);

#endif
