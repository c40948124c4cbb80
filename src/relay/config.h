/* The command line of ltb-relay. */
#ifndef RELAY_CONFIG_H
#define RELAY_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "util/err.h"
#include "util/log.h"

enum config_action { CONFIG_RUN, CONFIG_HELP, CONFIG_VERSION };

struct config {
	enum config_action action;
	const char *control, *token_file, *links, *ready_file, *name; /* borrowed from argv */
	char *token;                                                  /* owned */
	uint64_t seed;
	bool exit_with_parent;
	enum log_level log_level;
	bool log_json;
};

/* Reads the token, too. ERR_USAGE or, for a file that cannot be read, ERR_ENV. */
int config_parse(int argc, char **argv, struct config *ret, struct err *err);
void config_help(FILE *out);
void config_release(struct config *c);

#endif
