/*
 * What the subcommands share. Everything in src/app runs on the main thread
 * and may log and write to the terminal; nothing below it does.
 */
#ifndef APP_APP_H
#define APP_APP_H

#include "app/cli.h"
#include "core/catalog.h"
#include "core/runner.h"
#include "core/scenario.h"
#include "util/err.h"

extern const struct catalog app_catalog;

/* Directories searched for presets and the embedded ones. Freed by app_presets_release(). */
struct app_presets {
	struct preset_source source;
	char *dirs[3];
};
void app_presets_init(struct app_presets *p);
void app_presets_release(struct app_presets *p);

/* Prints "ltb: <text>" on stderr and returns the exit code that fits. */
int app_fail(const struct err *err);

struct scenario *app_load(
	const struct cli *cli, const struct app_presets *p, const char *preset, struct err *err);

/* Says on stderr which of several presets of a name is used; nothing when there is but one. */
void app_tell_hidden(const struct app_presets *p, const char *preset);

/* $XDG_STATE_HOME/ltb/runs; caller frees. */
char *app_runs_dir(void);
/* Run directory from an operand: a path, or the name of a run, or "latest". Caller frees. */
char *app_find_run(const char *operand, struct err *err);
/* Writes text to a file, or to stdout for "-". */
int app_write_out(const char *path, const struct strbuf *text, struct err *err);

/* Text of `ltb doctor`; true when a backend that runs real nodes is usable. */
bool app_doctor(struct strbuf *out);

/* Subcommands: return the exit code. */
int cmd_ui(const struct cli *cli);
int cmd_replay(const struct cli *cli);
int cmd_watch(const struct cli *cli);
int cmd_run(const struct cli *cli);
int cmd_list(const struct cli *cli);
int cmd_describe(const struct cli *cli);
int cmd_validate(const struct cli *cli);
int cmd_judge(const struct cli *cli);
int cmd_doctor(const struct cli *cli);
int cmd_clean(const struct cli *cli);

#endif
