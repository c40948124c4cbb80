/*
 * `ltb judge RUN`: the checks once more, over the events that a run recorded.
 * The same fold, the same checks, no cluster.
 */
#include "app/app.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/check.h"
#include "core/event_file.h"
#include "core/model.h"
#include "report/report.h"
#include "util/fs.h"
#include "util/mem.h"

struct judging {
	struct model *model;
	struct jury *jury;
	bool judged;
	enum verdict verdict;
};

/* Verdicts of the recorded run are what is being computed anew. */
static bool is_verdict(const struct event *ev)
{
	return ev->kind == EVENT_CHECK || ev->kind == EVENT_RUN_END;
}

static int read_run_start(const char *path, uint64_t *ret_seed, char **ret_backend,
	char **ret_preset, struct err *err)
{
	struct event_file *f = event_file_open(path, err);
	struct event *ev = NULL;
	int got = f ? event_file_start(f, &ev, err) : -1;

	event_file_close(f);
	if (got == 0)
		return err_set(err, ERR_USAGE, "%s does not begin with a run_start event", path);
	if (got < 0)
		return -1;
	*ret_seed = ev->u.run_start.seed;
	*ret_backend = xstrdup(ev->u.run_start.backend);
	*ret_preset = xstrdup(ev->u.run_start.preset);
	event_free(ev);
	return 0;
}

static void apply_verdict(struct event *ev, void *arg)
{
	struct judging *j = arg;

	model_apply(j->model, ev);
	event_free(ev);
}

static void judge_now(struct judging *j)
{
	j->verdict = jury_judge(j->jury, j->model, apply_verdict, j);
	j->judged = true;
}

/* The checks judge where they did in the run: before the nodes were taken down. */
static void take(struct judging *j, const struct event *ev)
{
	if (ev->kind == EVENT_PHASE && ev->u.phase.phase == PHASE_JUDGE && !j->judged)
		judge_now(j);
	model_apply(j->model, ev);
	if (!j->judged)
		jury_observe(j->jury, ev, j->model);
}

static int fold(const char *path, struct judging *j, struct err *err)
{
	struct event_file *f = event_file_open(path, err);
	struct event *ev;
	int got = -1;

	/* The last line of a killed run may be torn: it is not there then. */
	while (f && (got = event_file_next(f, &ev, err)) > 0) {
		if (!is_verdict(ev))
			take(j, ev);
		event_free(ev);
	}
	event_file_close(f);
	return got;
}

/* What the runner would say of these verdicts. */
static struct run_result conclude(const struct model *m, enum verdict v)
{
	struct run_result r = { .verdict = v };

	for (size_t i = 0; v == VERDICT_PASS && i < m->n_workloads; i++) {
		const struct model_workload *w = &m->workloads[i];

		if (w->ended && w->ok)
			continue;
		r.verdict = VERDICT_UNKNOWN;
		snprintf(r.reason, sizeof(r.reason), "workload %s %s", w->name,
			w->ended ? "could not do its work" : "did not finish");
	}
	for (size_t i = 0; !r.reason[0] && r.verdict != VERDICT_PASS && i < m->n_checks; i++)
		if (m->checks[i].verdict == (v == VERDICT_FAIL ? VERDICT_FAIL : VERDICT_UNKNOWN))
			snprintf(r.reason, sizeof(r.reason), "%s: %s", m->checks[i].name,
				m->checks[i].reason ? m->checks[i].reason : "");
	r.exit_code = r.verdict == VERDICT_PASS   ? EXIT_PASS
		      : r.verdict == VERDICT_FAIL ? EXIT_FAIL
						  : EXIT_UNKNOWN;
	return r;
}

static int print_judgement(const struct cli *cli, const struct judging *j,
	const struct run_result *r, const char *run_dir, struct err *err)
{
	CLEANUP_FREE char *again = xasprintf("ltb judge %s", run_dir);
	struct report_input in = {
		.model = j->model, .result = r, .run_dir = run_dir, .reproduce = again
	};
	struct strbuf text = { 0 }, json = { 0 }, junit = { 0 };
	bool to_stdout = (cli->json && strcmp(cli->json, "-") == 0) ||
			 (cli->junit && strcmp(cli->junit, "-") == 0);
	int status = 0;

	report_text(&in, cli_use_color(cli->color, 1), &text);
	report_json(&in, &json);
	report_junit(&in, &junit);
	if (!to_stdout)
		fputs(strbuf_str(&text), stdout);
	if (cli->json)
		status = app_write_out(cli->json, &json, err);
	if (cli->junit && status == 0)
		status = app_write_out(cli->junit, &junit, err);
	strbuf_release(&text);
	strbuf_release(&json);
	strbuf_release(&junit);
	return status;
}

static int judge_run(const struct cli *cli, const char *run_dir, struct err *err)
{
	CLEANUP_FREE char *events = fs_join(run_dir, "events.jsonl");
	CLEANUP_FREE char *preset = fs_join(run_dir, "preset.yaml");
	CLEANUP_FREE char *backend = NULL;
	CLEANUP_FREE char *name = NULL;
	struct preset_request req = { .preset = preset, .recorded = true, .has_seed = true };
	struct app_presets presets;
	struct judging j = { 0 };
	struct run_result result = { .exit_code = -1 };

	if (read_run_start(events, &req.seed, &backend, &name, err) < 0)
		return -1;
	req.backend = backend;
	app_presets_init(&presets);
	struct scenario *s = scenario_load(&app_catalog, &presets.source, &req, err);
	struct plan *plan = s ? plan_new(s, err) : NULL;

	if (plan) {
		j.model = model_new();
		j.jury = jury_new(s, plan);
		if (fold(events, &j, err) == 0) {
			if (!j.judged)
				judge_now(&j);
			result = conclude(j.model, j.verdict);
			if (print_judgement(cli, &j, &result, run_dir, err) < 0)
				result.exit_code = -1;
		}
		jury_free(j.jury);
		model_free(j.model);
	}
	plan_free(plan);
	scenario_free(s);
	app_presets_release(&presets);
	return result.exit_code;
}

int cmd_judge(const struct cli *cli)
{
	struct err err = { 0 };
	char *run = app_find_run(cli->operands.items[0], &err);
	int status = run ? judge_run(cli, run, &err) : -1;

	free(run);
	return status < 0 ? app_fail(&err) : status;
}
