/*
 * Command line of ltb: one table of commands and one of options, from which
 * parser and --help are made. Pure but for getopt's own state; main thread.
 */
#ifndef APP_CLI_H
#define APP_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "util/err.h"
#include "util/mem.h"
#include "util/strbuf.h"

enum cli_command {
	CLI_NONE, /* not known yet */
	CLI_UI,   /* also when there is no command */
	CLI_RUN,
	CLI_LIST,
	CLI_DESCRIBE,
	CLI_VALIDATE,
	CLI_JUDGE,
	CLI_REPLAY,
	CLI_WATCH,
	CLI_DOCTOR,
	CLI_CLEAN,
	CLI_HELP,
	CLI_VERSION,
};

enum cli_color { CLI_COLOR_AUTO, CLI_COLOR_ALWAYS, CLI_COLOR_NEVER };

struct cli {
	enum cli_command command;
	struct strlist operands;
	const char *help_for; /* command whose help is wanted; NULL: all */
	const char *backend, *out, *junit, *json, *events;
	const char *script, *keys, *theme;
	struct strlist sets;
	bool has_seed, has_duration;
	uint64_t seed, duration_ns, timeout_ns;
	bool dry_run, keep, keep_on_failure, all, ascii, no_mouse;
	bool has_pace;
	double pace;
	int verbose; /* -1 quiet, 0, 1 ... */
	enum cli_color color;
};

/* Strings point into argv. On ERR_USAGE the text is complete for the user. */
int cli_parse(int argc, char **argv, struct cli *ret, struct err *err);
void cli_release(struct cli *c);
void cli_help(const char *command, struct strbuf *out);

/* Is colour wanted on this descriptor? --color, NO_COLOR, CLICOLOR_FORCE, TERM, isatty. */
bool cli_use_color(enum cli_color when, int fd);

#endif
