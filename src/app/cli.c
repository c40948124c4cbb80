/* The tables of commands and options, and what reads them. */
#include "app/cli.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/nearest.h"
#include "util/units.h"

struct command {
	const char *name;
	enum cli_command id;
	const char *operands, *summary;
	int min_operands, max_operands;
	unsigned options; /* groups of options that it takes */
};

enum {
	GROUP_ALL = 1,
	GROUP_SCENARIO = 2,
	GROUP_RUN = 4,
	GROUP_REPORT = 8,
	GROUP_CLEAN = 16,
	GROUP_UI = 32,
};

static const struct command commands[] = {
	{ "ui", CLI_UI, "[PRESET]", "the terminal application; a preset is launched at once", 0, 1,
		GROUP_ALL | GROUP_SCENARIO | GROUP_UI },
	{ "run", CLI_RUN, "PRESET", "deploy, drive, judge and report a preset", 1, 1,
		GROUP_ALL | GROUP_SCENARIO | GROUP_RUN | GROUP_REPORT },
	{ "list", CLI_LIST, "[KIND]",
		"presets, backends, workloads, checks; actions (keys), environment", 0, 1,
		GROUP_ALL },
	{ "describe", CLI_DESCRIBE, "NAME", "options of a preset, backend, workload or check", 1, 1,
		GROUP_ALL },
	{ "validate", CLI_VALIDATE, "PRESET...", "check presets; nothing is started", 1, 1000,
		GROUP_ALL | GROUP_SCENARIO },
	{ "judge", CLI_JUDGE, "RUN", "judge a recorded run again", 1, 1, GROUP_ALL | GROUP_REPORT },
	{ "replay", CLI_REPLAY, "[RUN]", "a recorded run (default: the latest) in the terminal", 0,
		1, GROUP_ALL | GROUP_UI },
	{ "watch", CLI_WATCH, "[RUN]", "a run that another ltb drives, as it goes", 0, 1,
		GROUP_ALL | GROUP_UI },
	{ "doctor", CLI_DOCTOR, "", "what this machine can run, and how to get the rest", 0, 0,
		GROUP_ALL },
	{ "clean", CLI_CLEAN, "[RUN]", "remove what a dead run (default: every one) left behind", 0,
		1, GROUP_ALL | GROUP_CLEAN },
	{ "help", CLI_HELP, "[COMMAND]", "this text", 0, 1, GROUP_ALL },
	{ NULL, 0, NULL, NULL, 0, 0, 0 },
};

enum {
	OPT_BATCH = 256,
	OPT_BACKEND,
	OPT_SET,
	OPT_SEED,
	OPT_DURATION,
	OPT_OUT,
	OPT_JUNIT,
	OPT_JSON,
	OPT_EVENTS,
	OPT_DRY_RUN,
	OPT_KEEP,
	OPT_KEEP_ON_FAILURE,
	OPT_TIMEOUT,
	OPT_COLOR,
	OPT_ALL,
	OPT_SCRIPT,
	OPT_KEYS,
	OPT_THEME,
	OPT_ASCII,
	OPT_NO_MOUSE,
	OPT_PACE,
};

static const struct cli_option {
	const char *name;
	int id; /* a short option's letter, or OPT_... */
	const char *arg;
	unsigned group;
	const char *help;
} options[] = {
	{ "batch", OPT_BATCH, "PRESET", 0, "the same as `ltb run PRESET'" },
	{ "backend", OPT_BACKEND, "NAME", GROUP_SCENARIO,
		"where nodes run, instead of the preset's" },
	{ "set", OPT_SET, "KEY=VALUE", GROUP_SCENARIO,
		"change a preset's value by dotted key; repeatable" },
	{ "seed", OPT_SEED, "N", GROUP_SCENARIO, "seed of everything random" },
	{ "duration", OPT_DURATION, "TIME", GROUP_SCENARIO, "length of the drive phase (30s, 5m)" },
	{ "out", OPT_OUT, "DIR", GROUP_RUN,
		"run directory (default: one below ~/.local/state/ltb)" },
	{ "timeout", OPT_TIMEOUT, "TIME", GROUP_RUN, "end the whole run after this time, exit 5" },
	{ "dry-run", OPT_DRY_RUN, NULL, GROUP_RUN, "print the plan as JSON and start nothing" },
	{ "keep", OPT_KEEP, NULL, GROUP_RUN, "leave the cluster running; `ltb clean' removes it" },
	{ "keep-on-failure", OPT_KEEP_ON_FAILURE, NULL, GROUP_RUN,
		"the same, unless the run passes" },
	{ "events", OPT_EVENTS, "FILE", GROUP_RUN, "write a second copy of events.jsonl" },
	{ "json", OPT_JSON, "FILE", GROUP_REPORT,
		"write a second copy of result.json (- is stdout)" },
	{ "junit", OPT_JUNIT, "FILE", GROUP_REPORT,
		"write a second copy of junit.xml (- is stdout)" },
	{ "script", OPT_SCRIPT, "FILE", GROUP_UI,
		"keys, commands and screens to save, from a file" },
	{ "keys", OPT_KEYS, "FILE", GROUP_UI, "key map (default: ~/.config/ltb/keys.yaml)" },
	{ "theme", OPT_THEME, "NAME", GROUP_UI, "default, light, mono, high-contrast, or a file" },
	{ "ascii", OPT_ASCII, NULL, GROUP_UI, "draw with ASCII characters only" },
	{ "no-mouse", OPT_NO_MOUSE, NULL, GROUP_UI, "leave the mouse to the terminal" },
	{ "pace", OPT_PACE, "N", GROUP_UI, "speed of simulated clusters; 0: no limit" },
	{ "all", OPT_ALL, NULL, GROUP_CLEAN, "all runs below the state directory" },
	{ "quiet", 'q', NULL, GROUP_ALL, "no progress on stderr" },
	{ "verbose", 'v', NULL, GROUP_ALL, "more progress on stderr; repeatable" },
	{ "color", OPT_COLOR, "WHEN", GROUP_ALL, "auto, always or never" },
	{ "help", 'h', NULL, GROUP_ALL, "help on stdout, exit 0" },
	{ "version", 'V', NULL, GROUP_ALL, "version on stdout, exit 0" },
};

static const struct command *find_command(const char *name)
{
	for (const struct command *c = commands; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

static const struct command *command_by_id(enum cli_command id)
{
	for (const struct command *c = commands; c->name; c++)
		if (c->id == id)
			return c;
	return NULL;
}

static void help_option(const struct cli_option *o, struct strbuf *out)
{
	char left[40];

	snprintf(left, sizeof(left), "--%s%s%s", o->name, o->arg ? " " : "", o->arg ? o->arg : "");
	strbuf_addf(out, "  %s%c%s %-20s %s\n", o->id < 256 ? "-" : " ", o->id < 256 ? o->id : ' ',
		o->id < 256 ? "," : " ", left, o->help);
}

void cli_help(const char *command, struct strbuf *out)
{
	const struct command *c = command ? find_command(command) : NULL;

	if (c) {
		strbuf_addf(out, "usage: ltb %s [options] %s\n\n%s.\n\n", c->name, c->operands,
			c->summary);
	} else {
		strbuf_adds(out, "usage: ltb [options]                  the terminal application\n"
				 "       ltb --batch PRESET [options]   a run without a terminal\n"
				 "       ltb COMMAND [options] [operands]\n\n"
				 "A test bench for blockchain clusters.\n\ncommands:\n");
		for (const struct command *i = commands; i->name; i++) {
			char left[32];

			snprintf(left, sizeof(left), "%s %s", i->name, i->operands);
			strbuf_addf(out, "  %-20s %s\n", left, i->summary);
		}
		strbuf_adds(out, "\n");
	}
	strbuf_adds(out, "options:\n");
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		if (!c || (options[i].group & c->options))
			help_option(&options[i], out);
	strbuf_adds(out,
		"\nexit status:\n"
		"  0 pass   1 an expectation failed   2 usage or invalid preset   3 unknown\n"
		"  4 environment   5 time limit   70 internal error   128+N signal N\n"
		"See ltb(1) and ltb-preset(5).\n");
}

struct getopt_tables {
	struct option longs[ARRAY_LEN(options) + 1];
	char shorts[2 * ARRAY_LEN(options) + 2];
};

static void make_getopt_tables(struct getopt_tables *t)
{
	size_t n = 0;

	memset(t, 0, sizeof(*t));
	t->shorts[n++] = ':'; /* a missing argument is told apart from an unknown option */
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		t->longs[i].name = options[i].name;
		t->longs[i].has_arg = options[i].arg ? required_argument : no_argument;
		t->longs[i].val = options[i].id;
		if (options[i].id < 256)
			t->shorts[n++] = (char)options[i].id;
	}
}

/* Only for ids that getopt took from the table. */
static const struct cli_option *option_by_id(int id)
{
	size_t i = 0;

	while (i + 1 < ARRAY_LEN(options) && options[i].id != id)
		i++;
	return &options[i];
}

static int bad_value(struct err *err, int id)
{
	return err_prefix(err, "--%s", option_by_id(id)->name);
}

static int parse_color(const char *s, enum cli_color *ret, struct err *err)
{
	static const char *const names[] = { "auto", "always", "never", NULL };

	for (int i = 0; names[i]; i++) {
		if (strcmp(s, names[i]) == 0) {
			*ret = (enum cli_color)i;
			return 0;
		}
	}
	return err_set(err, ERR_USAGE, "\"%s\" is not auto, always or never", s);
}

static int duration_option(const char *s, uint64_t *ret, struct err *err)
{
	if (units_parse_duration(s, ret, err) < 0)
		return -1;
	return *ret ? 0 : err_set(err, ERR_USAGE, "must be longer than 0");
}

static int apply_option(struct cli *c, int id, const char *arg, struct err *err)
{
	switch (id) {
	case OPT_BACKEND:
		c->backend = arg;
		return 0;
	case OPT_SET:
		strlist_add(&c->sets, arg);
		return 0;
	case OPT_SEED:
		c->has_seed = true;
		return units_parse_u64(arg, &c->seed, err) < 0 ? bad_value(err, id) : 0;
	case OPT_DURATION:
		c->has_duration = true;
		return duration_option(arg, &c->duration_ns, err) < 0 ? bad_value(err, id) : 0;
	case OPT_TIMEOUT:
		return duration_option(arg, &c->timeout_ns, err) < 0 ? bad_value(err, id) : 0;
	case OPT_COLOR:
		return parse_color(arg, &c->color, err) < 0 ? bad_value(err, id) : 0;
	case OPT_OUT:
		c->out = arg;
		return 0;
	case OPT_JUNIT:
		c->junit = arg;
		return 0;
	case OPT_JSON:
		c->json = arg;
		return 0;
	case OPT_EVENTS:
		c->events = arg;
		return 0;
	case OPT_DRY_RUN:
		c->dry_run = true;
		return 0;
	case OPT_KEEP:
		c->keep = true;
		return 0;
	case OPT_KEEP_ON_FAILURE:
		c->keep_on_failure = true;
		return 0;
	case OPT_ALL:
		c->all = true;
		return 0;
	case OPT_SCRIPT:
		c->script = arg;
		return 0;
	case OPT_KEYS:
		c->keys = arg;
		return 0;
	case OPT_THEME:
		c->theme = arg;
		return 0;
	case OPT_ASCII:
		c->ascii = true;
		return 0;
	case OPT_NO_MOUSE:
		c->no_mouse = true;
		return 0;
	case OPT_PACE:
		c->has_pace = true;
		if (units_parse_double(arg, &c->pace, err) < 0 || c->pace < 0 || c->pace > 10000) {
			err_clear(err);
			return err_set(err, ERR_USAGE,
				"--pace: \"%s\" is not a number from 0 to 10000", arg);
		}
		return 0;
	case 'q':
		c->verbose = -1;
		return 0;
	case 'v':
		c->verbose++;
		return 0;
	default:
		return err_set(err, ERR_INTERNAL, "option %d is not handled", id);
	}
}

static int unknown_option(char **argv, struct err *err)
{
	const char *names[ARRAY_LEN(options) + 1] = { NULL };
	const char *word = optind > 0 ? argv[optind - 1] : "";

	if (strncmp(word, "--", 2) != 0)
		return err_set(err, ERR_USAGE, "unknown option \"-%c\"; try `ltb --help'", optopt);
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		names[i] = options[i].name;
	const char *near = nearest_name(word + 2, names);

	return err_set(err, ERR_USAGE, "unknown option \"%s\"%s%s%s; try `ltb --help'", word,
		near ? ", did you mean \"--" : "", near ? near : "", near ? "\"" : "");
}

static int unknown_command(const char *word, struct err *err)
{
	const char *names[ARRAY_LEN(commands)] = { NULL };

	for (size_t i = 0; commands[i].name; i++)
		names[i] = commands[i].name;
	const char *near = nearest_name(word, names);

	return err_set(err, ERR_USAGE, "unknown command \"%s\"%s%s%s; try `ltb --help'", word,
		near ? ", did you mean \"" : "", near ? near : "", near ? "\"" : "");
}

/* Which command, from --batch or the first operand; the rest are its operands. */
static int resolve_command(struct cli *c, const char *batch, int argc, char **argv, struct err *err)
{
	const struct command *cmd = NULL;

	if (batch) {
		c->command = CLI_RUN;
		strlist_add(&c->operands, batch);
	} else if (c->command == CLI_NONE && optind < argc) {
		cmd = find_command(argv[optind]);
		if (!cmd)
			return unknown_command(argv[optind], err);
		c->command = cmd->id;
		optind++;
	}
	for (int i = optind; i < argc; i++)
		strlist_add(&c->operands, argv[i]);
	if (c->command == CLI_NONE)
		c->command = CLI_UI;
	cmd = command_by_id(c->command);
	if (!cmd || c->command == CLI_HELP)
		return 0;
	if ((int)c->operands.len < cmd->min_operands)
		return err_set(err, ERR_USAGE, "`ltb %s' needs %s", cmd->name, cmd->operands);
	if ((int)c->operands.len > cmd->max_operands)
		return err_set(err, ERR_USAGE, "`ltb %s' takes no further operand \"%s\"",
			cmd->name, c->operands.items[cmd->max_operands]);
	return 0;
}

/* Options that a command does not take are mistakes, not noise. */
static int check_groups(const struct cli *c, const int *used, size_t n_used, struct err *err)
{
	const struct command *cmd = command_by_id(c->command);

	for (size_t i = 0; cmd && i < n_used; i++) {
		const struct cli_option *o = option_by_id(used[i]);

		if (o->group && !(o->group & cmd->options))
			return err_set(
				err, ERR_USAGE, "`ltb %s' does not take --%s", cmd->name, o->name);
	}
	return 0;
}

#define MAX_USED 256

int cli_parse(int argc, char **argv, struct cli *ret, struct err *err)
{
	struct getopt_tables tables;
	const char *batch = NULL;
	int used[MAX_USED];
	size_t n_used = 0;
	bool want_help = false;
	int id;

	memset(ret, 0, sizeof(*ret));
	make_getopt_tables(&tables);
	optind = 0;
	opterr = 0;
	while ((id = getopt_long(argc, argv, tables.shorts, tables.longs, NULL)) != -1) {
		if (id == '?')
			return unknown_option(argv, err);
		if (id == ':')
			return err_set(err, ERR_USAGE, "%s needs an argument", argv[optind - 1]);
		if (id == 'V') {
			ret->command = CLI_VERSION;
			return 0;
		}
		if (id == 'h') {
			want_help = true;
			continue;
		}
		if (n_used < MAX_USED)
			used[n_used++] = id;
		if (id == OPT_BATCH) {
			if (batch)
				return err_set(err, ERR_USAGE, "--batch was given twice");
			batch = optarg;
		} else if (apply_option(ret, id, optarg, err) < 0) {
			return -1;
		}
	}
	if (want_help) {
		const struct command *c = optind < argc ? find_command(argv[optind]) : NULL;

		ret->command = CLI_HELP;
		ret->help_for = batch ? "run" : c ? c->name : NULL;
		return 0;
	}
	if (resolve_command(ret, batch, argc, argv, err) < 0)
		return -1;
	if (ret->command == CLI_HELP && ret->operands.len) {
		ret->help_for = ret->operands.items[0];
		if (!find_command(ret->help_for))
			return unknown_command(ret->help_for, err);
	}
	return check_groups(ret, used, n_used, err);
}

void cli_release(struct cli *c)
{
	strlist_release(&c->operands);
	strlist_release(&c->sets);
}

bool cli_use_color(enum cli_color when, int fd)
{
	const char *no_color = getenv("NO_COLOR"), *force = getenv("CLICOLOR_FORCE");
	const char *term = getenv("TERM");

	if (no_color && *no_color)
		return false;
	if (when != CLI_COLOR_AUTO)
		return when == CLI_COLOR_ALWAYS;
	if (force && *force && strcmp(force, "0") != 0)
		return true;
	return isatty(fd) && term && strcmp(term, "dumb") != 0;
}
