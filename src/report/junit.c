/*
 * JUnit XML as GitHub, GitLab and Jenkins read it: one test case for the
 * deployment and one for each check. "Could not tell" is an <error>, never a pass
 * and never a skip.
 */
#include "report/report.h"

#include <string.h>

#include "util/clock.h"

/* Characters that XML 1.0 cannot carry become '?'. */
static void add_escaped(struct strbuf *out, const char *s)
{
	for (; s && *s; s++) {
		unsigned char c = (unsigned char)*s;

		switch (c) {
		case '&':
			strbuf_adds(out, "&amp;");
			break;
		case '<':
			strbuf_adds(out, "&lt;");
			break;
		case '>':
			strbuf_adds(out, "&gt;");
			break;
		case '"':
			strbuf_adds(out, "&quot;");
			break;
		default:
			strbuf_addc(out, c >= 0x20 || c == '\n' || c == '\t' ? (char)c : '?');
		}
	}
}

static void add_case(struct strbuf *out, const struct model *m, const char *name, double seconds,
	const char *element, const char *reason, const char *detail)
{
	strbuf_adds(out, "    <testcase classname=\"ltb.");
	add_escaped(out, m->preset ? m->preset : "run");
	strbuf_adds(out, "\" name=\"");
	add_escaped(out, name);
	strbuf_addf(out, "\" time=\"%.3f\"", seconds);
	if (!element) {
		strbuf_adds(out, "/>\n");
		return;
	}
	strbuf_addf(out, ">\n      <%s message=\"", element);
	add_escaped(out, reason);
	strbuf_adds(out, "\">");
	add_escaped(out, detail);
	strbuf_addf(out, "</%s>\n    </testcase>\n", element);
}

void report_junit(const struct report_input *in, struct strbuf *out)
{
	const struct model *m = in->model;
	const struct model_phase *judge = &m->phases[PHASE_JUDGE];
	bool ran = judge->started;
	size_t failures = 0, errors = ran ? 0 : 1;

	for (size_t i = 0; i < m->n_checks; i++) {
		failures += m->checks[i].verdict == VERDICT_FAIL;
		errors += m->checks[i].verdict != VERDICT_FAIL &&
			  m->checks[i].verdict != VERDICT_PASS;
	}
	/* A run that is not a pass must not look like one because its checks passed. */
	bool odd = ran && in->result->verdict != VERDICT_PASS && failures + errors == 0;

	strbuf_adds(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
	strbuf_adds(out, "  <testsuite name=\"ltb.");
	add_escaped(out, m->preset ? m->preset : "run");
	strbuf_addf(out, "\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" time=\"%.3f\"",
		m->n_checks + 1, failures, errors + odd, (double)m->now_ns / 1e9);
	if (m->started) {
		/* JUnit's timestamp has neither a fraction nor a zone; ours is UTC. */
		strbuf_adds(out, " timestamp=\"");
		strbuf_add(out, m->started, strcspn(m->started, ".Z"));
		strbuf_addc(out, '"');
	}
	strbuf_adds(out, ">\n");
	add_case(out, m, "run", (double)m->now_ns / 1e9, ran && !odd ? NULL : "error",
		in->result->reason, in->reproduce);
	for (size_t i = 0; i < m->n_checks; i++) {
		const struct model_check *c = &m->checks[i];
		const char *element = c->verdict == VERDICT_PASS   ? NULL
				      : c->verdict == VERDICT_FAIL ? "failure"
								   : "error";

		add_case(out, m, c->name, 0, element, c->reason ? c->reason : "not judged",
			c->evidence);
	}
	strbuf_adds(out, "    <system-out>");
	add_escaped(out, in->reproduce);
	strbuf_adds(out, "</system-out>\n  </testsuite>\n</testsuites>\n");
}
