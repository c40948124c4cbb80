/*
 * Reports of a run, all computed from the same fold of its events: text for
 * people, result.json for programs (assets/schemas/result.schema.json), JUnit
 * XML for CI. Pure; any thread; output is appended to `out`.
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include <stdbool.h>

#include "core/model.h"
#include "core/runner.h"
#include "util/strbuf.h"

#define RESULT_SCHEMA "https://logos.co/ltb/result/1"

struct report_input {
	const struct model *model;
	const struct run_result *result;
	const char *run_dir;   /* shown to people; may be NULL */
	const char *reproduce; /* the command that runs it again */
};

void report_text(const struct report_input *in, bool color, struct strbuf *out);
void report_json(const struct report_input *in, struct strbuf *out);
void report_junit(const struct report_input *in, struct strbuf *out);

#endif
