/* The checks' tables and settings, for the registry and for tests. */
#ifndef CHECKS_CHECKS_H
#define CHECKS_CHECKS_H

#include "core/check.h"

struct consensus_liveness_config {
	double min_ratio, max_stall, min_stake;
	uint64_t max_lag, grace_ns; /* grace 0: 10 block intervals */
};

struct tx_inclusion_config {
	double min_ratio;
	uint64_t max_p99_ns; /* 0: no bound */
};

struct agreement_config {
	uint64_t max_depth; /* 0: the security parameter */
};

struct prometheus_config {
	char *query, *at_least, *at_most, *label;
};

struct skeleton_check_config {
	uint64_t min_blocks;
};

extern const struct check_ops consensus_liveness_check, tx_inclusion_check, agreement_check,
	supply_conserved_check, prometheus_check, skeleton_check;

#endif
