/* The list of checks; a new one is added here and nowhere else. */
#include "checks/registry.h"

#include "checks/checks.h"

const struct check_ops *const checks_all[] = {
	&consensus_liveness_check,
	&tx_inclusion_check,
	&agreement_check,
	&supply_conserved_check,
	&prometheus_check,
	NULL,
};
