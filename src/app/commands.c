/* list, describe, validate and doctor: they look and tell, and change nothing. */
#include "app/app.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/backend.h"
#include "core/check.h"
#include "core/environ.h"
#include "core/flavour.h"
#include "core/workload.h"
#include "ui/action.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/nearest.h"
#include "util/units.h"

#define NAME_WIDTH 20

static int print_preset(const struct preset_info *p, void *arg)
{
	(void)arg;
	printf("  %-*s %s\n", NAME_WIDTH, p->name, p->summary);
	if (*p->hides)
		printf("  %-*s that of %s; not used: %s\n", NAME_WIDTH, "", p->source, p->hides);
	return 0;
}

static int list_presets(void)
{
	struct app_presets presets;

	app_presets_init(&presets);
	puts("presets");
	preset_each(&presets.source, print_preset, NULL);
	app_presets_release(&presets);
	return 0;
}

static int list_backends(void)
{
	puts("backends");
	for (size_t i = 0; app_catalog.backends[i]; i++)
		printf("  %-*s %s\n", NAME_WIDTH, app_catalog.backends[i]->name,
			app_catalog.backends[i]->summary);
	return 0;
}

static int list_workloads(void)
{
	puts("workloads");
	for (size_t i = 0; app_catalog.workloads[i]; i++)
		printf("  %-*s %s\n", NAME_WIDTH, app_catalog.workloads[i]->name,
			app_catalog.workloads[i]->summary);
	return 0;
}

static int list_checks(void)
{
	puts("checks");
	for (size_t i = 0; app_catalog.checks[i]; i++)
		printf("  %-*s %s\n", NAME_WIDTH, app_catalog.checks[i]->name,
			app_catalog.checks[i]->summary);
	return 0;
}

/* scripts/keys-man reads these columns. */
static int list_actions(void)
{
	static const enum action_context order[] = { CTX_ANY, CTX_START, CTX_EDIT, CTX_RUN,
		CTX_LIVE, CTX_REPLAY, CTX_END };
	unsigned shown = 0;

	for (size_t c = 0; c < ARRAY_LEN(order); c++) {
		puts(action_context_title(order[c]));
		for (int a = 1; a < ACTION_COUNT; a++) {
			const struct action_info *info = action_info((enum action)a);

			if ((info->contexts & order[c]) && !(info->contexts & shown))
				printf("  %-18s  %-16s  %s\n", info->name, info->keys, info->help);
		}
		shown |= order[c];
	}
	return 0;
}

/* scripts/environ-man reads these columns. */
static int list_environment(void)
{
	puts("environment");
	for (const struct environ_variable *v = environ_table(); v->name; v++)
		printf("  %-48s  %-9s  %s%s%s%s\n", v->name, environ_use_name(v->use),
			v->backend ? "backend " : "", v->backend ? v->backend : "",
			v->backend ? ": " : "", v->help);
	return 0;
}

static const struct {
	const char *name;
	int (*list)(void);
	bool asked_for; /* only when it is named */
} listings[] = {
	{ "presets", list_presets, false },
	{ "backends", list_backends, false },
	{ "workloads", list_workloads, false },
	{ "checks", list_checks, false },
	{ "actions", list_actions, true },
	{ "environment", list_environment, true },
};

int cmd_list(const struct cli *cli)
{
	const char *what = cli->operands.len ? cli->operands.items[0] : NULL;
	bool found = false;

	for (size_t i = 0; i < ARRAY_LEN(listings); i++) {
		if (what ? strcmp(what, listings[i].name) != 0 : listings[i].asked_for)
			continue;
		if (found)
			putchar('\n');
		listings[i].list();
		found = true;
	}
	if (found)
		return EXIT_PASS;
	fprintf(stderr,
		"ltb: cannot list \"%s\"; presets, backends, workloads, checks, actions or environment\n",
		what);
	return EXIT_USAGE;
}

static void describe_plugin(
	const char *kind, const char *name, const char *summary, const struct option *table)
{
	struct strbuf text = { 0 };

	printf("%s %s\n  %s\n\n", kind, name, summary);
	if (table && table->name) {
		options_describe(table, &text);
		fputs(strbuf_str(&text), stdout);
	} else {
		puts("  no options");
	}
	strbuf_release(&text);
}

static int print_hidden(const struct preset_info *p, void *arg)
{
	(void)arg;
	if (*p->hides)
		printf("  of this name, but not used: %s\n\n", p->hides);
	return 0;
}

static void describe_scenario(
	const struct scenario *s, const struct app_presets *presets, const char *preset)
{
	struct strbuf text = { 0 };
	char interval[32], duration[32];

	printf("preset %s (%s)\n  %s\n\n", s->name, s->source, s->summary ? s->summary : "");
	preset_look_up(&presets->source, preset, print_hidden, NULL);
	printf("  %zu node%s, %s; a block every %s on average; about %.0f blocks in %s\n\n",
		s->topology.n_nodes, plural_s(s->topology.n_nodes),
		topology_layout_name(s->topology.layout),
		units_format_human(scenario_block_interval_ns(s), interval, sizeof(interval)),
		scenario_expected_blocks(s, s->run.duration_ns),
		units_format_duration(s->run.duration_ns, duration, sizeof(duration)));
	if (s->doc && s->doc->root)
		ynode_write(s->doc->root, &text);
	fputs(strbuf_str(&text), stdout);
	strbuf_release(&text);
}

/* All names that describe knows, for "did you mean". */
struct name_list {
	const char *names[512];
	size_t n;
	char *copies[512];
	size_t n_copies;
};

static int add_preset_name(const struct preset_info *p, void *arg)
{
	struct name_list *l = arg;

	if (l->n + 1 < ARRAY_LEN(l->names)) {
		l->copies[l->n_copies++] = xstrdup(p->name);
		l->names[l->n++] = l->copies[l->n_copies - 1];
	}
	return 0;
}

static int describe_unknown(const char *name, const struct app_presets *presets)
{
	struct name_list *l = xcalloc(1, sizeof(*l));

	for (size_t i = 0; app_catalog.backends[i]; i++)
		l->names[l->n++] = app_catalog.backends[i]->name;
	for (size_t i = 0; app_catalog.workloads[i]; i++)
		l->names[l->n++] = app_catalog.workloads[i]->name;
	for (size_t i = 0; app_catalog.checks[i]; i++)
		l->names[l->n++] = app_catalog.checks[i]->name;
	preset_each(&presets->source, add_preset_name, l);
	const char *near = nearest_name(name, l->names);

	fprintf(stderr,
		"ltb: there is no preset, backend, workload or check \"%s\"%s%s%s; see "
		"`ltb list'\n",
		name, near ? ", did you mean \"" : "", near ? near : "", near ? "\"" : "");
	for (size_t i = 0; i < l->n_copies; i++)
		free(l->copies[i]);
	free(l);
	return EXIT_USAGE;
}

static int ignore(const struct preset_info *p, void *arg)
{
	(void)p;
	(void)arg;
	return 0;
}

static bool is_preset(const char *name, const struct app_presets *presets)
{
	return preset_is_path(name) || preset_look_up(&presets->source, name, ignore, NULL);
}

int cmd_describe(const struct cli *cli)
{
	const char *name = cli->operands.items[0];
	const struct backend_ops *b = catalog_backend(&app_catalog, name);
	const struct workload_ops *w = catalog_workload(&app_catalog, name);
	const struct check_ops *c = catalog_check(&app_catalog, name);
	struct app_presets presets;
	struct err err = { 0 };
	int status = EXIT_PASS;
	bool found = b || w || c;

	if (b) {
		char caps[128];

		describe_plugin("backend", b->name, b->summary, b->options);
		printf("\n  can: %s\n", backend_caps_text(b->caps, caps, sizeof(caps)));
	}
	if (w)
		describe_plugin("workload", w->name, w->summary, w->options);
	if (c)
		describe_plugin("check", c->name, c->summary, c->options);
	app_presets_init(&presets);
	if (is_preset(name, &presets)) {
		struct scenario *s = app_load(cli, &presets, name, &err);

		if (found)
			putchar('\n');
		if (s)
			describe_scenario(s, &presets, name);
		else
			status = app_fail(&err);
		scenario_free(s);
	} else if (!found) {
		status = describe_unknown(name, &presets);
	}
	app_presets_release(&presets);
	return status;
}

int cmd_validate(const struct cli *cli)
{
	struct app_presets presets;
	int status = EXIT_PASS;

	app_presets_init(&presets);
	for (size_t i = 0; i < cli->operands.len; i++) {
		struct err err = { 0 };
		struct scenario *s = app_load(cli, &presets, cli->operands.items[i], &err);
		/* Planning checks what only the whole can tell, such as too few wallets. */
		struct plan *p = s ? plan_new(s, &err) : NULL;

		if (p)
			printf("%s: valid\n", cli->operands.items[i]);
		else
			status = app_fail(&err);
		app_tell_hidden(&presets, cli->operands.items[i]);
		plan_free(p);
		scenario_free(s);
	}
	app_presets_release(&presets);
	return status;
}

static void doctor_machine(struct strbuf *out)
{
	struct rlimit files = { 0 };
	CLEANUP_FREE char *state = fs_xdg(FS_XDG_STATE, NULL);
	char memory[32], disk[32] = "unknown";
	struct statvfs vfs;
	char *slash;

	getrlimit(RLIMIT_NOFILE, &files);
	strbuf_addf(out, "machine\n  %ld cores, %s of memory, %llu file descriptors at most\n",
		sysconf(_SC_NPROCESSORS_ONLN),
		units_format_size(
			(uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE), memory,
			sizeof(memory)),
		(unsigned long long)files.rlim_max);
	/* The state directory may not exist yet; its nearest parent has the disk. */
	while (statvfs(state, &vfs) < 0 && (slash = strrchr(state, '/')) && slash != state)
		*slash = '\0';
	if (statvfs(state, &vfs) == 0)
		units_format_size((uint64_t)vfs.f_bavail * vfs.f_frsize, disk, sizeof(disk));
	CLEANUP_FREE char *runs = app_runs_dir();

	strbuf_addf(out, "  runs are kept in %s, %s free\n\n", runs, disk);
}

bool app_doctor(struct strbuf *out)
{
	bool any = false;

	doctor_machine(out);
	strbuf_adds(out, "backends\n");
	for (size_t i = 0; app_catalog.backends[i]; i++) {
		const struct backend_ops *ops = app_catalog.backends[i];
		struct backend_probe p = { 0 };

		ops->probe(NULL, &p);
		strbuf_addf(out, "  %-10s %-8s %s\n", ops->name, p.usable ? "ready" : "MISSING",
			p.usable ? p.have : p.missing);
		any = any || (p.usable && !(ops->caps & BACKEND_VIRTUAL));
	}
	strbuf_adds(out, "\nenvironment\n");
	size_t before = out->len;

	environ_describe(&app_catalog, out);
	if (out->len == before)
		strbuf_adds(out, "  no variable of `ltb list environment' is set\n");
	return any;
}

int cmd_doctor(const struct cli *cli)
{
	CLEANUP_STRBUF struct strbuf text = { 0 };
	bool any = app_doctor(&text);

	(void)cli;
	fputs(strbuf_str(&text), stdout);
	if (any)
		return EXIT_PASS;
	fputs("ltb: no backend that runs real nodes is usable here\n", stderr);
	return EXIT_ENV;
}
