/*
 * `ltb`, `ltb ui`, `ltb replay` and `ltb watch`: the terminal application with
 * what it needs from the program around it.
 */
#include "app/app.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/keep.h"
#include "app/reports.h"
#include "core/backend.h"
#include "ui/ui.h"
#include "util/fs.h"
#include "util/mem.h"

/* Whatever was edited, the run directory has the preset as it was run. */
static char *reproduce(void *arg, const struct scenario *s, const char *run_dir)
{
	struct strbuf out = { 0 };
	CLEANUP_FREE char *preset = fs_join(run_dir, "preset.yaml");

	(void)arg;
	strbuf_adds(&out, "ltb --batch ");
	reports_add_shell_word(&out, preset);
	strbuf_addf(&out, " --seed %llu --backend ", (unsigned long long)s->run.seed);
	reports_add_shell_word(&out, s->backend->name);
	return strbuf_detach(&out);
}

static void *make_reports(void *arg, const struct scenario *s, const struct run_dir *dir)
{
	struct reports *r = xcalloc(1, sizeof(*r));
	CLEANUP_FREE char *again = reproduce(arg, s, dir->path);

	reports_init(r, dir->path, again);
	return r;
}

static void release_reports(void *reports)
{
	reports_release(reports);
	free(reports);
}

/* What the terminal application is run with; ui_host.arg. */
struct tui {
	const struct cli *cli;
	struct strlist kept; /* run directories */
};

static int keep(void *arg, const struct scenario *s, enum run_keep *ret, const char **ret_why,
	struct err *err)
{
	const struct tui *t = arg;

	return keep_wanted(t->cli, s, ret, ret_why, err);
}

static void kept(void *arg, const char *run_dir)
{
	struct tui *t = arg;

	strlist_add(&t->kept, run_dir);
}

static void tell_kept(const struct tui *t)
{
	for (size_t i = 0; i < t->kept.len; i++)
		printf("The cluster of a run is still running; `ltb clean %s' ends it.\n",
			t->kept.items[i]);
}

static void doctor(void *arg, struct strbuf *out)
{
	(void)arg;
	app_doctor(out);
}

/* Who started it without a terminal is told what to do instead. */
static int refuse(struct err *err)
{
	const char *term = getenv("TERM");

	if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term && *term &&
		strcmp(term, "dumb") != 0)
		return 0;
	return err_set(err, ERR_USAGE,
		"the terminal application needs a terminal%s; `ltb --batch PRESET' runs a preset "
		"without one, and `ltb --help' lists the commands",
		term && strcmp(term, "dumb") == 0 ? " that can move its cursor (TERM is dumb)"
						  : "");
}

static int run_ui(const struct cli *cli, const struct ui_options *what, struct err *err)
{
	struct ui_options opt = *what;
	CLEANUP_FREE char *runs = app_runs_dir();
	CLEANUP_FREE char *own = fs_xdg(FS_XDG_DATA, "presets");
	CLEANUP_FREE char *config = fs_xdg(FS_XDG_CONFIG, NULL);
	struct app_presets presets;
	struct tui tui = { .cli = cli };

	app_presets_init(&presets);
	const struct ui_host host = {
		.catalog = &app_catalog,
		.presets = &presets.source,
		.presets_dir = own,
		.runs_dir = runs,
		.config_dir = config,
		.virtual_pace = cli->has_pace ? cli->pace : 1,
		.arg = &tui,
		.make_reports = make_reports,
		.write_reports = reports_write,
		.release_reports = release_reports,
		.reproduce = reproduce,
		.keep = keep,
		.kept = kept,
		.doctor = doctor,
	};
	opt.host = &host;
	opt.script = cli->script;
	opt.keys = cli->keys;
	opt.theme = cli->theme;
	opt.ascii = cli->ascii;
	opt.mouse = !cli->no_mouse;
	opt.color = cli_use_color(cli->color, STDOUT_FILENO);
	int status = ui_main(&opt, err);

	tell_kept(&tui);
	strlist_release(&tui.kept);

	app_presets_release(&presets);
	return status;
}

int cmd_ui(const struct cli *cli)
{
	struct ui_options opt = { .start = UI_START_SCREEN };
	struct err err = { 0 };
	int status = -1;

	if (cli->operands.len == 0 &&
		(cli->sets.len || cli->backend || cli->has_seed || cli->has_duration))
		err_set(&err, ERR_USAGE,
			"options of a scenario need one: `ltb ui PRESET --seed ...'");
	if (err.code != ERR_NONE || (!cli->script && refuse(&err) < 0))
		return app_fail(&err);
	if (cli->operands.len > 0) {
		struct app_presets presets;

		app_presets_init(&presets);
		opt.start = UI_START_LAUNCH;
		opt.scenario = app_load(cli, &presets, cli->operands.items[0], &err);
		app_presets_release(&presets);
		if (!opt.scenario)
			return app_fail(&err);
	}
	status = run_ui(cli, &opt, &err);
	if (err.code != ERR_NONE) {
		int code = app_fail(&err);
		return status < 0 ? code : status;
	}
	return status;
}

static int show_run(const struct cli *cli, enum ui_start how)
{
	struct ui_options opt = { .start = how };
	struct err err = { 0 };

	if (!cli->script && refuse(&err) < 0)
		return app_fail(&err);
	CLEANUP_FREE char *run =
		app_find_run(cli->operands.len ? cli->operands.items[0] : "latest", &err);

	if (!run)
		return app_fail(&err);
	opt.run_dir = run;
	int status = run_ui(cli, &opt, &err);

	if (err.code != ERR_NONE) {
		int code = app_fail(&err);
		return status < 0 ? code : status;
	}
	return status;
}

int cmd_replay(const struct cli *cli)
{
	return show_run(cli, UI_START_REPLAY);
}

int cmd_watch(const struct cli *cli)
{
	return show_run(cli, UI_START_WATCH);
}
