/* See config.h. */
#include "relay/config.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "relay/http.h"
#include "util/fs.h"
#include "util/units.h"

#define TOKEN_ENV "LTB_RELAY_TOKEN"

enum {
	OPT_CONTROL = 256,
	OPT_TOKEN_FILE,
	OPT_LINKS,
	OPT_READY_FILE,
	OPT_SEED,
	OPT_EXIT_WITH_PARENT,
	OPT_NAME,
	OPT_LOG_LEVEL,
	OPT_LOG_FORMAT,
	OPT_HELP,
	OPT_VERSION
};

static const struct option options[] = {
	{ "control", required_argument, NULL, OPT_CONTROL },
	{ "token-file", required_argument, NULL, OPT_TOKEN_FILE },
	{ "links", required_argument, NULL, OPT_LINKS },
	{ "ready-file", required_argument, NULL, OPT_READY_FILE },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "exit-with-parent", no_argument, NULL, OPT_EXIT_WITH_PARENT },
	{ "name", required_argument, NULL, OPT_NAME },
	{ "log-level", required_argument, NULL, OPT_LOG_LEVEL },
	{ "log-format", required_argument, NULL, OPT_LOG_FORMAT },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 },
};

void config_help(FILE *out)
{
	fputs("usage: ltb-relay [options]\n"
	      "\n"
	      "A link plane in user space: nodes connect through it, and delay, jitter, loss,\n"
	      "bandwidth and cuts are set per direction between two nodes while it runs.\n"
	      "\n"
	      "  --control ADDR:PORT       control API, HTTP (127.0.0.1:0)\n"
	      "  --control unix:PATH       the same on a Unix socket\n"
	      "  --token-file FILE         the token that the API asks for, 16 characters or\n"
	      "                            more; else it is taken from LTB_RELAY_TOKEN\n"
	      "  --links FILE              links to begin with: JSON, as for PUT /links\n"
	      "  --ready-file FILE         written once the API answers\n"
	      "  --seed N                  of all that is random (1)\n"
	      "  --exit-with-parent        end when the parent does, or when standard input,\n"
	      "                            if a pipe or socket, is closed\n"
	      "  --name NAME               shown in each log line\n"
	      "  --log-level LEVEL         trace, debug, info, warn, error, off (info)\n"
	      "  --log-format text|json    (text)\n"
	      "  --help, --version\n"
	      "\n"
	      "API, with Authorization: Bearer TOKEN: PUT, GET and DELETE /links, GET /links/ID,\n"
	      "PUT and GET /rules, GET /metrics; GET /health needs no token. See ltb-relay(8).\n",
		out);
}

static int parse_option(int opt, struct config *ret, struct err *err)
{
	switch (opt) {
	case OPT_CONTROL:
		ret->control = optarg;
		return 0;
	case OPT_TOKEN_FILE:
		ret->token_file = optarg;
		return 0;
	case OPT_LINKS:
		ret->links = optarg;
		return 0;
	case OPT_READY_FILE:
		ret->ready_file = optarg;
		return 0;
	case OPT_SEED:
		return units_parse_u64(optarg, &ret->seed, err) ? err_prefix(err, "--seed") : 0;
	case OPT_EXIT_WITH_PARENT:
		ret->exit_with_parent = true;
		return 0;
	case OPT_NAME:
		ret->name = optarg;
		return 0;
	case OPT_LOG_LEVEL:
		if (!log_level_parse(optarg, &ret->log_level))
			return err_set(err, ERR_USAGE,
				"--log-level %s: expected trace, debug, info, warn, error or off",
				optarg);
		return 0;
	case OPT_LOG_FORMAT:
		ret->log_json = strcmp(optarg, "json") == 0;
		if (!ret->log_json && strcmp(optarg, "text") != 0)
			return err_set(
				err, ERR_USAGE, "--log-format %s: expected text or json", optarg);
		return 0;
	case OPT_HELP:
		ret->action = CONFIG_HELP;
		return 0;
	case OPT_VERSION:
		ret->action = CONFIG_VERSION;
		return 0;
	default:
		return err_set(err, ERR_USAGE, "unknown option or missing value; see --help");
	}
}

static int take_token(struct config *c, const char *text, size_t len, struct err *err)
{
	while (len && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	if (len < TOKEN_MIN_CHARS || len > TOKEN_MAX_CHARS)
		return err_set(err, ERR_USAGE, "the token has %zu characters; wanted are %d to %d",
			len, TOKEN_MIN_CHARS, TOKEN_MAX_CHARS);
	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return err_set(err, ERR_USAGE,
				"the token has a blank or a character that is not ASCII");
	c->token = xstrndup(text, len);
	return 0;
}

static int read_token(struct config *c, struct err *err)
{
	const char *env = getenv(TOKEN_ENV);
	struct strbuf text = { 0 };
	int rc;

	if (!c->token_file && !env)
		return err_set(err, ERR_USAGE,
			"no token: give --token-file FILE, or put it into %s", TOKEN_ENV);
	if (!c->token_file) {
		rc = take_token(c, env, strlen(env), err);
		rc = rc ? err_prefix(err, "%s", TOKEN_ENV) : 0;
	} else {
		rc = fs_read(c->token_file, TOKEN_MAX_CHARS + 2, &text, err);
		if (rc == 0)
			rc = take_token(c, strbuf_str(&text), text.len, err);
		if (rc)
			err_prefix(err, "--token-file %s", c->token_file);
		if (text.buf)
			sodium_memzero(text.buf, text.len);
		strbuf_release(&text);
	}
	unsetenv(TOKEN_ENV);
	return rc;
}

int config_parse(int argc, char **argv, struct config *ret, struct err *err)
{
	int opt;

	*ret = (struct config){ .log_level = LOG_INFO, .control = "127.0.0.1:0", .seed = 1 };
	optind = 0;
	opterr = 0;
	while ((opt = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (opt == '?')
			return err_set(err, ERR_USAGE, "unknown option '%s'; see --help",
				argv[optind - 1]);
		if (opt == ':')
			return err_set(
				err, ERR_USAGE, "%s wants a value; see --help", argv[optind - 1]);
		if (parse_option(opt, ret, err))
			return -1;
		if (ret->action != CONFIG_RUN)
			return 0;
	}
	if (optind < argc)
		return err_set(
			err, ERR_USAGE, "unexpected argument '%s'; see --help", argv[optind]);
	return read_token(ret, err);
}

void config_release(struct config *c)
{
	if (c->token)
		sodium_memzero(c->token, strlen(c->token));
	free(c->token);
}
