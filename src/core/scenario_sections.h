/*
 * What the plain sections of a preset are read into, and the tables that read
 * them. Private to scenario.c and those that show or fill in its sections.
 */
#ifndef CORE_SCENARIO_SECTIONS_H
#define CORE_SCENARIO_SECTIONS_H

#include "core/scenario.h"

struct top_config {
	char *name, *summary;
};

struct topology_config {
	uint64_t nodes, stake;
	char *binary, *image;
	struct strlist args, env;
};

struct consensus_config {
	uint64_t slot_duration_ns, security_param;
	double active_slot_coeff;
};

struct random_config {
	uint64_t degree;
};

struct override_config {
	uint64_t stake;
	char *binary;
	struct strlist args, env;
};

struct wallets_config {
	uint64_t count, funds;
};

extern const struct option top_options[], topology_options[], consensus_options[], random_options[],
	override_options[], wallets_options[], run_options[], observability_options[];
extern const char *const top_keys[], *const topology_keys[]; /* read by hand */

/* --- scenario_env.c --- */
/*
 * Puts what the environment says into the document, where it says nothing, and takes note of it
 * in s. labels: names that nodes of the document borrow.
 */
int scenario_env_take(struct scenario *s, const struct catalog *cat, struct ynode *root,
	option_getenv *get, struct strlist *labels, struct err *err);
/* SLOW_TEST_ENV: twice the derived time for nodes to come up, as if the preset said so. */
int scenario_env_slow(struct scenario *s, struct ynode *root, option_getenv *get, struct err *err);
void scenario_env_release(struct scenario *s);

#endif
