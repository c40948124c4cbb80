/* See reports.h. */
#include "app/reports.h"

#include <string.h>

#include "app/app.h"
#include "report/report.h"
#include "util/fs.h"
#include "util/mem.h"

void reports_init(struct reports *r, const char *run_dir, const char *reproduce)
{
	*r = (struct reports){ .run_dir = xstrdup(run_dir), .reproduce = xstrdup(reproduce) };
}

void reports_release(struct reports *r)
{
	free(r->run_dir);
	free(r->reproduce);
	*r = (struct reports){ 0 };
}

void reports_add_shell_word(struct strbuf *out, const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "_-+=.,:/@%";

	if (*s && strspn(s, plain) == strlen(s)) {
		strbuf_adds(out, s);
		return;
	}
	strbuf_addc(out, '\'');
	for (; *s; s++) {
		if (*s == '\'')
			strbuf_adds(out, "'\\''");
		else
			strbuf_addc(out, *s);
	}
	strbuf_addc(out, '\'');
}

static int write_one(const struct reports *r, const char *name, const char *copy,
	const struct strbuf *text, struct err *err)
{
	CLEANUP_FREE char *path = fs_join(r->run_dir, name);

	if (fs_write_atomic(path, strbuf_str(text), text->len, 0644, err) < 0)
		return -1;
	/* stdout gets the final one only, once the run has ended. */
	if (copy && strcmp(copy, "-") != 0)
		return app_write_out(copy, text, err);
	return 0;
}

int reports_write(
	void *arg, const struct snapshot *s, const struct run_result *result, struct err *err)
{
	const struct reports *r = arg;
	const struct report_input in = { .model = &s->model,
		.result = result,
		.run_dir = r->run_dir,
		.reproduce = r->reproduce };
	CLEANUP_STRBUF struct strbuf json = { 0 };
	CLEANUP_STRBUF struct strbuf junit = { 0 };
	CLEANUP_STRBUF struct strbuf text = { 0 };
	int status = 0;

	report_json(&in, &json);
	report_junit(&in, &junit);
	report_text(&in, false, &text);
	/* Each is tried even when another fails; the first error is told. */
	if (write_one(r, "result.json", r->json, &json, err) < 0)
		status = -1;
	if (write_one(r, "junit.xml", r->junit, &junit, status ? NULL : err) < 0)
		status = -1;
	if (write_one(r, "summary.txt", NULL, &text, status ? NULL : err) < 0)
		status = -1;
	return status;
}
