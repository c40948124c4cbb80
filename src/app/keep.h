/*
 * Whether a run leaves its cluster running: the command line, else the
 * environment variables that do so for the framework people come from. Main
 * thread.
 */
#ifndef APP_KEEP_H
#define APP_KEEP_H

#include "app/cli.h"
#include "core/runner.h"
#include "core/scenario.h"

/* *ret_why: the option or variable, NULL for RUN_KEEP_NEVER. */
int keep_wanted(const struct cli *cli, const struct scenario *s, enum run_keep *ret,
	const char **ret_why, struct err *err);

#endif
