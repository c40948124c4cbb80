/* See keep.h. */
#include "app/keep.h"

#include <string.h>

#include "core/backend.h"
#include "core/environ.h"

/* In the order in which they are asked; backend NULL: whatever it is. */
static const struct {
	const char *name, *backend;
} variables[] = {
	{ "TESTNET_RUNNER_PRESERVE", NULL },
	{ "COMPOSE_RUNNER_PRESERVE", "compose" },
	{ "K8S_RUNNER_PRESERVE", "k8s" },
};

int keep_wanted(const struct cli *cli, const struct scenario *s, enum run_keep *ret,
	const char **ret_why, struct err *err)
{
	bool on = false;

	*ret = RUN_KEEP_NEVER;
	*ret_why = NULL;
	if (cli->keep || cli->keep_on_failure) {
		*ret = cli->keep ? RUN_KEEP_ALWAYS : RUN_KEEP_ON_FAILURE;
		*ret_why = cli->keep ? "--keep" : "--keep-on-failure";
	}
	for (size_t i = 0; !*ret_why && i < ARRAY_LEN(variables); i++) {
		if (variables[i].backend && strcmp(variables[i].backend, s->backend->name) != 0)
			continue;
		if (environ_switch(variables[i].name, &on, err) < 0)
			return -1;
		if (on) {
			*ret = RUN_KEEP_ALWAYS;
			*ret_why = variables[i].name;
		}
	}
	return 0;
}
