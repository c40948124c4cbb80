/*
 * The report files of a run, written by the runner through run_options
 * whichever way the run was started. Runner's thread after reports_init().
 */
#ifndef APP_REPORTS_H
#define APP_REPORTS_H

#include "core/model.h"
#include "core/runner.h"
#include "util/strbuf.h"

struct reports {
	char *run_dir;
	char *reproduce;          /* the command that runs it again */
	const char *json, *junit; /* further copies; "-" is for the caller to print; may be NULL */
};

/* Copies both strings. */
void reports_init(struct reports *r, const char *run_dir, const char *reproduce);
void reports_release(struct reports *r);
/* run_options.write_reports; arg is a struct reports. */
int reports_write(
	void *arg, const struct snapshot *s, const struct run_result *result, struct err *err);

/* A word as a shell reads it back. */
void reports_add_shell_word(struct strbuf *out, const char *s);

#endif
