/* ltb: parses the command line and hands over to one subcommand. */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>
#include <sodium.h>

#include "app/app.h"
#include "util/log.h"
#include "version.h"

static int print_help(const struct cli *cli)
{
	struct strbuf text = { 0 };

	cli_help(cli->help_for, &text);
	fputs(strbuf_str(&text), stdout);
	strbuf_release(&text);
	return EXIT_PASS;
}

static int dispatch(const struct cli *cli)
{
	switch (cli->command) {
	case CLI_UI:
		return cmd_ui(cli);
	case CLI_RUN:
		return cmd_run(cli);
	case CLI_LIST:
		return cmd_list(cli);
	case CLI_DESCRIBE:
		return cmd_describe(cli);
	case CLI_VALIDATE:
		return cmd_validate(cli);
	case CLI_JUDGE:
		return cmd_judge(cli);
	case CLI_REPLAY:
		return cmd_replay(cli);
	case CLI_WATCH:
		return cmd_watch(cli);
	case CLI_DOCTOR:
		return cmd_doctor(cli);
	case CLI_CLEAN:
		return cmd_clean(cli);
	case CLI_HELP:
		return print_help(cli);
	case CLI_VERSION:
		printf("ltb %s\n", LTB_VERSION);
		return EXIT_PASS;
	case CLI_NONE:
		break;
	}
	return EXIT_INTERNAL;
}

int main(int argc, char **argv)
{
	struct err err = { 0 };
	struct cli cli;
	int status;

	setlocale(LC_CTYPE, "");
	signal(SIGPIPE, SIG_IGN);
	if (sodium_init() < 0 || curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK) {
		fputs("ltb: libsodium or libcurl cannot be initialised\n", stderr);
		return EXIT_INTERNAL;
	}
	if (cli_parse(argc, argv, &cli, &err) < 0) {
		status = app_fail(&err);
	} else {
		log_setup(&(struct log_options){ .level = cli.verbose < 0 ? LOG_ERROR
							  : cli.verbose   ? LOG_DEBUG
									  : LOG_INFO,
			.fd = -1 });
		status = dispatch(&cli);
	}
	cli_release(&cli);
	/* A result that never reached its reader is no success. */
	if ((fflush(stdout) != 0 || ferror(stdout)) && status == EXIT_PASS) {
		fputs("ltb: cannot write to standard output\n", stderr);
		status = EXIT_INTERNAL;
	}
	curl_global_cleanup();
	return status;
}
