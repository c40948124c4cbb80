/*
 * ltb-relay: the link plane of the testbench. Command line, logging, exit
 * status; all else is relay.c.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <event2/event.h>
#include <sodium.h>

#include "relay/relay.h"
#include "version.h"

enum exit_status { EXIT_OK = 0, EXIT_USAGE = 2, EXIT_ENVIRONMENT = 4, EXIT_BUG = 70 };

static enum exit_status status_of(const struct err *err)
{
	switch (err->code) {
	case ERR_USAGE:
	case ERR_PROTOCOL: /* of --links: no JSON */
		return EXIT_USAGE;
	case ERR_INTERNAL:
		return EXIT_BUG;
	default:
		return EXIT_ENVIRONMENT;
	}
}

static void on_libevent_log(int severity, const char *text)
{
	log_write(severity >= EVENT_LOG_WARN ? LOG_WARN : LOG_DEBUG, "libevent: %s", text);
}

static void on_libevent_fatal(int code)
{
	log_error("libevent gave up (%d)", code);
	exit(EXIT_BUG);
}

static enum exit_status run(const struct config *cfg)
{
	const struct log_options log = {
		.level = cfg->log_level, .json = cfg->log_json, .name = cfg->name, .fd = -1
	};
	struct err err = { 0 };

	log_setup(&log);
	event_set_log_callback(on_libevent_log);
	event_set_fatal_callback(on_libevent_fatal);
	if (relay_run(cfg, &err) == 0)
		return EXIT_OK;
	/* Not through the log: it may be switched off, and this must be seen. */
	fprintf(stderr, "ltb-relay: %s\n", err.text);
	return status_of(&err);
}

int main(int argc, char **argv)
{
	struct config cfg;
	struct err err = { 0 };
	enum exit_status status = EXIT_OK;

	signal(SIGPIPE, SIG_IGN);
	if (sodium_init() < 0) {
		fputs("ltb-relay: libsodium does not start (no source of random numbers?)\n",
			stderr);
		return EXIT_ENVIRONMENT;
	}
	if (config_parse(argc, argv, &cfg, &err)) {
		fprintf(stderr, "ltb-relay: %s\n", err.text);
		config_release(&cfg);
		return status_of(&err);
	}
	switch (cfg.action) {
	case CONFIG_HELP:
		config_help(stdout);
		break;
	case CONFIG_VERSION:
		printf("ltb-relay %s\n", LTB_VERSION);
		break;
	case CONFIG_RUN:
		status = run(&cfg);
		break;
	}
	config_release(&cfg);
	return status;
}
