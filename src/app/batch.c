/*
 * `ltb run`: a run without a terminal. Prepares the run directory, starts the
 * runner, watches snapshots and signals, writes the reports, tells the verdict.
 */
#include "app/app.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "app/endpoints.h"
#include "app/keep.h"
#include "app/progress.h"
#include "app/reports.h"
#include "core/backend.h"
#include "core/run_dir.h"
#include "report/report.h"
#include "util/clock.h"
#include "util/fs.h"
#include "util/mem.h"

#define HEARTBEAT_MS 10000

struct batch {
	const struct cli *cli;
	const struct scenario *scenario;
	struct run_dir dir;
	struct strbuf reproduce;
	struct reports reports;
	enum run_keep keep;
	const char *keep_why;
	bool tell_endpoints; /* as soon as they are known */
};

static void make_reproduce(struct batch *b)
{
	const struct scenario *s = b->scenario;
	const struct cli *cli = b->cli;
	char buf[64];

	strbuf_adds(&b->reproduce, "ltb --batch ");
	reports_add_shell_word(&b->reproduce, cli->operands.items[0]);
	snprintf(buf, sizeof(buf), " --seed %llu --backend ", (unsigned long long)s->run.seed);
	strbuf_adds(&b->reproduce, buf);
	reports_add_shell_word(&b->reproduce, s->backend->name);
	if (cli->has_duration) {
		snprintf(buf, sizeof(buf), " --duration %llums",
			(unsigned long long)(cli->duration_ns / NS_PER_MS));
		strbuf_adds(&b->reproduce, buf);
	}
	for (size_t i = 0; i < cli->sets.len; i++) {
		strbuf_adds(&b->reproduce, " --set ");
		reports_add_shell_word(&b->reproduce, cli->sets.items[i]);
	}
	for (size_t i = 0; i < s->n_env; i++) {
		if (!s->env[i].assignment)
			continue;
		strbuf_adds(&b->reproduce, " --set ");
		reports_add_shell_word(&b->reproduce, s->env[i].assignment);
	}
}

/* Is stdout a machine's? */
static bool prints_document(const struct cli *cli)
{
	return (cli->json && strcmp(cli->json, "-") == 0) ||
	       (cli->junit && strcmp(cli->junit, "-") == 0);
}

/* What came from the environment, and what would have: nobody should have to guess. */
static void tell_environment(const struct batch *b)
{
	const struct scenario *s = b->scenario;

	for (size_t i = 0; i < s->n_env && b->cli->verbose >= 0; i++) {
		const struct scenario_env *e = &s->env[i];

		if (e->assignment)
			fprintf(stderr, "ltb: %s, from %s\n", e->assignment, e->variable);
		else
			fprintf(stderr, "ltb: %s is not used: %s is given\n", e->variable, e->path);
	}
}

static void tell_endpoints(struct batch *b, const struct model *m)
{
	if (!b->tell_endpoints || !endpoints_known(m))
		return;
	b->tell_endpoints = false;
	endpoints_print(b->scenario, m, prints_document(b->cli) ? stderr : stdout);
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	/* Blocked before the first thread starts, so that all inherit it. */
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void handle_signals(int fd, struct run *run, int verbose)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (verbose >= 0)
			fprintf(stderr, "ltb: %s: stopping; again to stop at once\n",
				strsignal((int)info.ssi_signo));
		run_interrupt(run, (int)info.ssi_signo);
	}
}

static void watch(struct batch *b, struct run *run, int signals, struct progress *progress)
{
	struct wake *news = hub_wake(run_hub(run)), *done = run_done_wake(run);
	struct clock *clock = clock_new_real();
	uint64_t beat = clock_now(clock) + HEARTBEAT_MS * NS_PER_MS;

	while (!run_is_done(run)) {
		uint64_t now = clock_now(clock);
		int timeout = beat > now ? (int)((beat - now) / NS_PER_MS) + 1 : 0;
		struct pollfd fds[] = { { .fd = signals, .events = POLLIN },
			{ .fd = news->fd, .events = POLLIN },
			{ .fd = done->fd, .events = POLLIN } };

		if (poll(fds, ARRAY_LEN(fds), timeout) < 0 && errno != EINTR)
			break;
		if (fds[0].revents & POLLIN)
			handle_signals(signals, run, b->cli->verbose);
		struct snapshot *s = hub_snapshot(run_hub(run));

		if (fds[1].revents & POLLIN) {
			wake_clear(news);
			progress_update(progress, &s->model);
			tell_endpoints(b, &s->model);
		}
		if (clock_now(clock) >= beat) {
			progress_heartbeat(progress, &s->model);
			beat = clock_now(clock) + HEARTBEAT_MS * NS_PER_MS;
		}
		snapshot_unref(s);
	}
	clock_free(clock);
}

/* What is left, and how to end it. */
static void print_kept(const struct batch *b, const struct model *m)
{
	FILE *out = prints_document(b->cli) ? stderr : stdout;

	fprintf(out, "\nThe cluster is still running (%s); `ltb clean %s' ends it.\n", b->keep_why,
		b->dir.path);
	for (size_t i = 0; i < m->n_nodes; i++)
		if (m->nodes[i].endpoint)
			fprintf(out, "%s\t%s\n", m->nodes[i].name, m->nodes[i].endpoint);
}

/* The results on stdout: one of the machine forms when asked for, else the text. */
static void print_results(const struct batch *b, struct run *run, const struct run_result *r)
{
	struct snapshot *s = hub_snapshot(run_hub(run));
	struct report_input in = { .model = &s->model,
		.result = r,
		.run_dir = b->dir.path,
		.reproduce = strbuf_str(&b->reproduce) };
	bool json = b->cli->json && strcmp(b->cli->json, "-") == 0;
	bool junit = b->cli->junit && strcmp(b->cli->junit, "-") == 0;
	struct strbuf out = { 0 };

	if (json)
		report_json(&in, &out);
	else if (junit)
		report_junit(&in, &out);
	else
		report_text(&in, cli_use_color(b->cli->color, STDOUT_FILENO), &out);
	fputs(strbuf_str(&out), stdout);
	strbuf_release(&out);
	fflush(stdout);
	if (r->kept)
		print_kept(b, &s->model);
	snapshot_unref(s);
}

static int run_batch(struct batch *b, const struct plan *plan, struct err *err)
{
	struct run_options opt = { .scenario = b->scenario,
		.plan = plan,
		.catalog = &app_catalog,
		.run_dir = b->dir.path,
		.run_id = b->dir.id,
		.events_copy = b->cli->events,
		.timeout_ns = b->cli->timeout_ns,
		.keep = b->keep,
		.keep_why = b->keep_why,
		.arg = &b->reports,
		.write_reports = reports_write };
	struct run_result result;
	int signals = open_signals();

	if (signals < 0)
		return err_errno(err, ERR_ENV, "signalfd");
	struct run *run = run_start(&opt, err);

	if (!run) {
		close(signals);
		return -1;
	}
	struct progress *progress =
		progress_new(b->cli->verbose, cli_use_color(b->cli->color, STDERR_FILENO));

	watch(b, run, signals, progress);
	run_finish(run, &result);
	struct snapshot *s = hub_snapshot(run_hub(run));

	progress_update(progress, &s->model);
	tell_endpoints(b, &s->model);
	snapshot_unref(s);
	print_results(b, run, &result);
	progress_free(progress);
	run_free(run);
	close(signals);
	return result.exit_code;
}

static int dry_run(const struct plan *plan)
{
	struct strbuf text = { 0 };

	plan_to_json(plan, &text);
	fputs(strbuf_str(&text), stdout);
	strbuf_release(&text);
	return EXIT_PASS;
}

static int with_plan(
	const struct cli *cli, const struct scenario *s, const struct plan *plan, struct err *err)
{
	struct batch b = { .cli = cli, .scenario = s };
	int status = -1;

	if (endpoints_wanted(s, &b.tell_endpoints, err) < 0 ||
		keep_wanted(cli, s, &b.keep, &b.keep_why, err) < 0)
		return -1;
	tell_environment(&b);
	if (cli->dry_run)
		return dry_run(plan);
	CLEANUP_FREE char *runs = app_runs_dir();

	make_reproduce(&b);
	if (run_dir_create(runs, s->name, cli->out, &b.dir, err) == 0) {
		reports_init(&b.reports, b.dir.path, strbuf_str(&b.reproduce));
		b.reports.json = cli->json;
		b.reports.junit = cli->junit;
		status = run_batch(&b, plan, err);
		reports_release(&b.reports);
	}
	strbuf_release(&b.reproduce);
	run_dir_release(&b.dir);
	return status;
}

int cmd_run(const struct cli *cli)
{
	struct app_presets presets;
	struct err err = { 0 };
	int status = -1;

	app_presets_init(&presets);
	struct scenario *s = app_load(cli, &presets, cli->operands.items[0], &err);
	struct plan *plan = s ? plan_new(s, &err) : NULL;

	if (plan && cli->verbose >= 0)
		app_tell_hidden(&presets, cli->operands.items[0]);
	if (plan)
		status = with_plan(cli, s, plan, &err);
	if (status < 0)
		status = app_fail(&err);
	plan_free(plan);
	scenario_free(s);
	app_presets_release(&presets);
	return status;
}
