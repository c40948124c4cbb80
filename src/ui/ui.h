/*
 * The terminal application: what the program around it provides, and how it is
 * started. Blocks until the person leaves; main thread.
 */
#ifndef UI_UI_H
#define UI_UI_H

#include <stdbool.h>

#include "core/catalog.h"
#include "core/plan.h"
#include "core/run_dir.h"
#include "core/runner.h"
#include "core/scenario.h"

struct ui_host {
	const struct catalog *catalog;
	const struct preset_source *presets;
	const char *presets_dir; /* where "save" puts presets */
	const char *runs_dir;
	const char *config_dir; /* keys.yaml, theme.yaml, layouts.yaml */
	double virtual_pace;    /* of runs on a virtual clock; see struct run_options */
	void *arg;
	/* Makes what write_reports needs for a run; freed by release_reports. */
	void *(*make_reports)(void *arg, const struct scenario *s, const struct run_dir *dir);
	int (*write_reports)(void *reports, const struct snapshot *s, const struct run_result *r,
		struct err *err);
	void (*release_reports)(void *reports);
	/* The command that runs it again, for people; caller frees. */
	char *(*reproduce)(void *arg, const struct scenario *s, const char *run_dir);
	/* Whether a run leaves its cluster running, and the option or variable that says so; NULL:
	 * never. */
	int (*keep)(void *arg, const struct scenario *s, enum run_keep *ret, const char **ret_why,
		struct err *err);
	/* A run did so; somebody has to be told when the terminal is left. May be NULL. */
	void (*kept)(void *arg, const char *run_dir);
	/* Text of `ltb doctor`. */
	void (*doctor)(void *arg, struct strbuf *out);
};

enum ui_start { UI_START_SCREEN, UI_START_LAUNCH, UI_START_REPLAY, UI_START_WATCH };

struct ui_options {
	const struct ui_host *host;
	enum ui_start start;
	struct scenario *scenario; /* UI_START_LAUNCH: taken */
	const char *run_dir;       /* UI_START_REPLAY, UI_START_WATCH */
	const char *script;        /* --script FILE; NULL: none */
	const char *keys,
		*theme; /* --keys FILE, --theme NAME; NULL: the user's files, or defaults */
	bool color, mouse, ascii;
};

/* Returns the exit code: of the run that was driven last, or 0. */
int ui_main(const struct ui_options *opt, struct err *err);

#endif
