/* Helpers shared by the subcommands. */
#include "app/app.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/registry.h"
#include "checks/registry.h"
#include "core/environ.h"
#include "flavours/registry.h"
#include "util/fs.h"
#include "util/mem.h"
#include "workloads/registry.h"

const struct catalog app_catalog = {
	.backends = backends_all,
	.flavours = flavours_all,
	.workloads = workloads_all,
	.checks = checks_all,
};

void app_presets_init(struct app_presets *p)
{
	p->dirs[0] = xstrdup("presets");
	p->dirs[1] = fs_xdg(FS_XDG_DATA, "presets");
	p->dirs[2] = NULL;
	p->source.embedded = presets_embedded;
	p->source.get = environ_get;
	p->source.dirs = (const char *const *)p->dirs;
}

void app_presets_release(struct app_presets *p)
{
	free(p->dirs[0]);
	free(p->dirs[1]);
}

int app_fail(const struct err *err)
{
	fprintf(stderr, "ltb: %s\n", err->text);
	return exit_code_for(err->code);
}

struct scenario *app_load(
	const struct cli *cli, const struct app_presets *p, const char *preset, struct err *err)
{
	struct preset_request req = {
		.preset = preset,
		.sets = (const char *const *)cli->sets.items,
		.backend = cli->backend,
		.has_seed = cli->has_seed,
		.seed = cli->seed,
		.has_duration = cli->has_duration,
		.duration_ns = cli->duration_ns,
	};

	return scenario_load(&app_catalog, &p->source, &req, err);
}

static int tell_hidden(const struct preset_info *p, void *arg)
{
	(void)arg;
	if (*p->hides)
		fprintf(stderr, "ltb: preset %s is that of %s; not used: %s\n", p->name, p->source,
			p->hides);
	return 0;
}

void app_tell_hidden(const struct app_presets *p, const char *preset)
{
	preset_look_up(&p->source, preset, tell_hidden, NULL);
}

char *app_runs_dir(void)
{
	return fs_xdg(FS_XDG_STATE, "runs");
}

char *app_find_run(const char *operand, struct err *err)
{
	if (strchr(operand, '/') || fs_exists(operand)) {
		char *path = fs_absolute(operand);

		if (fs_exists(path))
			return path;
		err_set(err, ERR_USAGE, "there is no run directory %s", path);
		free(path);
		return NULL;
	}
	CLEANUP_FREE char *runs = app_runs_dir();
	char *path = fs_join(runs, operand);

	if (fs_exists(path))
		return path;
	err_set(err, ERR_USAGE, "there is no run \"%s\" in %s, and no directory of that name here",
		operand, runs);
	free(path);
	return NULL;
}

int app_write_out(const char *path, const struct strbuf *text, struct err *err)
{
	if (strcmp(path, "-") != 0)
		return fs_write_atomic(path, strbuf_str(text), text->len, 0644, err);
	if (fwrite(strbuf_str(text), 1, text->len, stdout) != text->len || fflush(stdout) != 0)
		return err_errno(err, ERR_IO, "cannot write to standard output");
	return 0;
}
