/* See config.h. */
#include "node/config.h"

#include <getopt.h>
#include <string.h>

#include "util/hex.h"
#include "util/units.h"

#define MAX_PEERS 1000

enum {
	OPT_GENESIS = 256,
	OPT_DATA,
	OPT_KEY_FILE,
	OPT_WALLET_FILE,
	OPT_LISTEN,
	OPT_HTTP,
	OPT_PEER,
	OPT_READY_FILE,
	OPT_LOG_LEVEL,
	OPT_LOG_FORMAT,
	OPT_NAME,
	OPT_MISBEHAVE,
	OPT_HTTP_ADVERTISE,
	OPT_P2P_ADVERTISE,
	OPT_CHECK_HEALTH,
	OPT_HELP,
	OPT_VERSION
};

static const struct option options[] = {
	{ "genesis", required_argument, NULL, OPT_GENESIS },
	{ "data", required_argument, NULL, OPT_DATA },
	{ "key-file", required_argument, NULL, OPT_KEY_FILE },
	{ "wallet-file", required_argument, NULL, OPT_WALLET_FILE },
	{ "listen", required_argument, NULL, OPT_LISTEN },
	{ "http", required_argument, NULL, OPT_HTTP },
	{ "peer", required_argument, NULL, OPT_PEER },
	{ "ready-file", required_argument, NULL, OPT_READY_FILE },
	{ "log-level", required_argument, NULL, OPT_LOG_LEVEL },
	{ "log-format", required_argument, NULL, OPT_LOG_FORMAT },
	{ "name", required_argument, NULL, OPT_NAME },
	{ "misbehave", required_argument, NULL, OPT_MISBEHAVE },
	{ "http-advertise", required_argument, NULL, OPT_HTTP_ADVERTISE },
	{ "p2p-advertise", required_argument, NULL, OPT_P2P_ADVERTISE },
	{ "check-health", required_argument, NULL, OPT_CHECK_HEALTH },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 },
};

static const struct {
	const char *name;
	uint64_t after; /* default height */
} misbehaviours[] = {
	[MISBEHAVE_NONE] = { "none", 0 },
	[MISBEHAVE_STALL] = { "stall", 5 },
	[MISBEHAVE_DROP_TX] = { "drop-tx", 0 },
	[MISBEHAVE_FORK] = { "fork", 2 },
};

void config_help(FILE *out)
{
	fputs("usage: ltb-node --genesis FILE --data DIR [options]\n"
	      "       ltb-node keygen SEED\n"
	      "       ltb-node --check-health ADDR:PORT\n"
	      "\n"
	      "A small proof-of-stake node that speaks the HTTP API of logos-blockchain-node.\n"
	      "\n"
	      "  --genesis FILE            chain parameters, stake and notes (JSON)\n"
	      "  --data DIR                where the chain is stored; made when missing\n"
	      "  --key-file FILE           seed of the leader's key, 64 hex digits; without it "
	      "the\n"
	      "                            node follows and never proposes\n"
	      "  --wallet-file FILE        seeds of the keys of transfer-funds, one per line\n"
	      "  --listen ADDR:PORT        peers connect here (127.0.0.1:0)\n"
	      "  --http ADDR:PORT          HTTP API (127.0.0.1:0)\n"
	      "  --peer ADDR:PORT          dial this peer, for ever; repeatable\n"
	      "  --ready-file FILE         written once both ports are bound\n"
	      "  --http-advertise A:P      address to name in the ready file instead\n"
	      "  --p2p-advertise A:P       same, for peers\n"
	      "  --name NAME               shown in each log line\n"
	      "  --log-level LEVEL         trace, debug, info, warn, error, off (info)\n"
	      "  --log-format text|json    (text)\n"
	      "  --misbehave KIND[:AFTER]  be wrong on purpose from this height on:\n"
	      "                            stall, drop-tx, fork\n"
	      "  --help, --version\n"
	      "\n"
	      "keygen prints the public key that belongs to a seed of 64 hex digits.\n"
	      "--check-health asks the HTTP API of a running node, within 2 s; exit status 0\n"
	      "when it answers, 1 when it does not.\n",
		out);
}

const char *misbehave_name(enum misbehave m)
{
	return misbehaviours[m].name;
}

static int parse_misbehave(const char *text, struct config *ret, struct err *err)
{
	size_t len = strcspn(text, ":");

	for (size_t i = MISBEHAVE_STALL; i < ARRAY_LEN(misbehaviours); i++) {
		if (strlen(misbehaviours[i].name) != len ||
			memcmp(misbehaviours[i].name, text, len) != 0)
			continue;
		ret->misbehave = (enum misbehave)i;
		ret->misbehave_after = misbehaviours[i].after;
		if (text[len] == ':' && units_parse_u64(text + len + 1, &ret->misbehave_after, err))
			return err_prefix(err, "--misbehave %s", text);
		return 0;
	}
	return err_set(err, ERR_USAGE,
		"--misbehave %s: unknown kind; there are stall, drop-tx and fork", text);
}

static int parse_address(const char *option, const char *text, struct address *ret, struct err *err)
{
	return address_parse(text, ret, err) ? err_prefix(err, "%s", option) : 0;
}

static int parse_log_format(const char *text, struct config *ret, struct err *err)
{
	ret->log_json = strcmp(text, "json") == 0;
	if (!ret->log_json && strcmp(text, "text") != 0)
		return err_set(err, ERR_USAGE, "--log-format %s: expected text or json", text);
	return 0;
}

static int add_peer(const char *text, struct config *ret, struct err *err)
{
	struct address a;

	if (parse_address("--peer", text, &a, err))
		return -1;
	if (ret->peers.len >= MAX_PEERS)
		return err_set(err, ERR_USAGE, "--peer: more than %d peers", MAX_PEERS);
	vec_push(&ret->peers, a);
	return 0;
}

static int parse_option(int opt, struct config *ret, struct err *err)
{
	switch (opt) {
	case OPT_GENESIS:
		ret->genesis = optarg;
		return 0;
	case OPT_DATA:
		ret->data = optarg;
		return 0;
	case OPT_KEY_FILE:
		ret->key_file = optarg;
		return 0;
	case OPT_WALLET_FILE:
		ret->wallet_file = optarg;
		return 0;
	case OPT_READY_FILE:
		ret->ready_file = optarg;
		return 0;
	case OPT_NAME:
		ret->name = optarg;
		return 0;
	case OPT_LISTEN:
		return parse_address("--listen", optarg, &ret->listen, err);
	case OPT_HTTP:
		return parse_address("--http", optarg, &ret->http, err);
	case OPT_HTTP_ADVERTISE:
		return parse_address("--http-advertise", optarg, &ret->http_advertise, err);
	case OPT_P2P_ADVERTISE:
		return parse_address("--p2p-advertise", optarg, &ret->p2p_advertise, err);
	case OPT_PEER:
		return add_peer(optarg, ret, err);
	case OPT_LOG_LEVEL:
		if (!log_level_parse(optarg, &ret->log_level))
			return err_set(err, ERR_USAGE,
				"--log-level %s: expected trace, debug, info, warn, error or off",
				optarg);
		return 0;
	case OPT_LOG_FORMAT:
		return parse_log_format(optarg, ret, err);
	case OPT_MISBEHAVE:
		return parse_misbehave(optarg, ret, err);
	case OPT_CHECK_HEALTH:
		ret->action = CONFIG_HEALTH;
		return parse_address("--check-health", optarg, &ret->health, err);
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

static int parse_keygen(int argc, char **argv, struct config *ret, struct err *err)
{
	ret->action = CONFIG_KEYGEN;
	if (argc != 3 || !hex_decode(argv[2], strlen(argv[2]), ret->seed, sizeof(ret->seed)))
		return err_set(err, ERR_USAGE, "keygen wants one seed of 64 hex digits");
	return 0;
}

int config_parse(int argc, char **argv, struct config *ret, struct err *err)
{
	int opt;

	*ret = (struct config){ .log_level = LOG_INFO,
		.listen = { .host = "127.0.0.1" },
		.http = { .host = "127.0.0.1" } };
	if (argc >= 2 && strcmp(argv[1], "keygen") == 0)
		return parse_keygen(argc, argv, ret, err);

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
	if (!ret->genesis || !ret->data)
		return err_set(err, ERR_USAGE, "%s is missing; see --help",
			ret->genesis ? "--data DIR" : "--genesis FILE");
	return 0;
}

void config_release(struct config *c)
{
	vec_free(&c->peers);
}
