/* What the start screen shows: presets, recent runs, backends; see start_priv.h. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ui/start_priv.h"

/* --- presets ----------------------------------------------------------------------------- */

static void forget(struct start_preset *p)
{
	plan_free(p->plan);
	scenario_free(p->scenario);
	p->plan = NULL;
	p->scenario = NULL;
	p->loaded = p->planned = false;
	memset(&p->status, 0, sizeof(p->status));
}

void start_forget_plans(struct start *s)
{
	for (size_t i = 0; i < s->presets.len; i++)
		forget(&s->presets.items[i]);
}

static int add_preset(const struct preset_info *info, void *arg)
{
	struct start *s = arg;
	struct start_preset p = {
		.name = xstrdup(info->name),
		.source = xstrdup(info->source),
		.summary = xstrdup(info->summary),
		.hides = xstrdup(info->hides),
	};

	vec_push(&s->presets, p);
	return 0;
}

static void release_presets(struct start *s)
{
	start_forget_plans(s);
	for (size_t i = 0; i < s->presets.len; i++) {
		free(s->presets.items[i].name);
		free(s->presets.items[i].source);
		free(s->presets.items[i].summary);
		free(s->presets.items[i].hides);
	}
	vec_free(&s->presets);
}

void start_read_presets(struct ui *ui, struct start *s)
{
	release_presets(s);
	preset_each(ui->host->presets, add_preset, s);
}

const struct edit_status *start_status(struct ui *ui, struct start_preset *p, bool plan)
{
	const struct start_choice *c = &ui->start;
	const struct preset_request req = {
		.preset = p->name,
		.backend = *c->backend ? c->backend : NULL,
		.has_seed = c->has_seed,
		.seed = c->seed,
	};
	struct edit_status *st = &p->status;

	if (!p->loaded) {
		p->loaded = true;
		p->scenario = scenario_load(ui->host->catalog, ui->host->presets, &req, &st->error);
		st->scenario = p->scenario;
		if (p->scenario)
			edit_status_numbers(st);
	}
	if (plan && !p->planned && p->scenario) {
		p->planned = true;
		p->plan = plan_new(p->scenario, &st->error);
		st->plan = p->plan;
		edit_status_numbers(st);
	}
	return st;
}

/* --- runs ------------------------------------------------------------------------------------ */

void start_read_runs(struct ui *ui, struct start *s)
{
	const struct run_summary *selected = start_selected_run(s);
	CLEANUP_FREE char *id = xstrdup(selected ? selected->id : NULL);

	run_summaries_free(s->runs, s->n_runs);
	s->runs = NULL;
	s->n_runs = 0;
	run_dir_recent(ui->host->runs_dir, START_MAX_RUNS, &s->runs, &s->n_runs);
	s->runs_read_ns = ui->now_ns;
	start_filter(s);
	/* New ones come at the top; the selected one stays selected. */
	for (size_t i = 0; id && i < s->shown_runs.len; i++) {
		if (strcmp(s->runs[s->shown_runs.items[i]].id, id) == 0)
			s->run_list.cursor = i;
	}
}

bool start_is_run_of(const struct start_preset *p, const struct run_summary *r)
{
	const char *name = p->scenario ? p->scenario->name : p->name;

	return r->preset && strcmp(r->preset, name) == 0;
}

uint64_t start_now_ms(const struct start *s)
{
	struct timespec now;

	if (s->wall_ms)
		return s->wall_ms;
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

const char *start_when(uint64_t ms, uint64_t now_ms, char *buf, size_t size)
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	const uint64_t week_ms = 6ull * 86400 * 1000;
	time_t then = (time_t)(ms / 1000), now = (time_t)(now_ms / 1000);
	struct tm a, b;

	snprintf(buf, size, "-");
	if (ms == 0 || !localtime_r(&then, &a) || !localtime_r(&now, &b) || a.tm_year > 8099)
		return buf;
	if (a.tm_year == b.tm_year && a.tm_yday == b.tm_yday)
		snprintf(buf, size, "today %02d:%02d", a.tm_hour, a.tm_min);
	else if (ms < now_ms && now_ms - ms < week_ms)
		snprintf(buf, size, "%s %d", days[a.tm_wday], a.tm_mday);
	else
		snprintf(buf, size, "%04d-%02d-%02d", a.tm_year + 1900, a.tm_mon + 1, a.tm_mday);
	return buf;
}

/* --- backends ------------------------------------------------------------------------------------
 */

void start_probe(struct ui *ui, struct start *s)
{
	const struct backend_ops *const *all = ui->host->catalog->backends;

	s->backends.len = 0;
	for (size_t i = 0; all && all[i]; i++) {
		struct start_backend b = { .ops = all[i] };

		all[i]->probe(NULL, &b.probe);
		vec_push(&s->backends, b);
	}
}

const struct start_backend *start_backend_of(const struct start *s, const struct backend_ops *ops)
{
	for (size_t i = 0; i < s->backends.len; i++) {
		if (s->backends.items[i].ops == ops)
			return &s->backends.items[i];
	}
	return NULL;
}

/* --- what is shown --------------------------------------------------------------------------- */

static bool matches(const char *text, const char *filter)
{
	return !*filter || (text && strcasestr(text, filter));
}

void start_filter(struct start *s)
{
	const char *of_presets = s->on_runs ? "" : s->filter;
	const char *of_runs = s->on_runs ? s->filter : "";

	s->shown_presets.len = s->shown_runs.len = 0;
	for (size_t i = 0; i < s->presets.len; i++) {
		const struct start_preset *p = &s->presets.items[i];

		if (matches(p->name, of_presets) || matches(p->summary, of_presets))
			vec_push(&s->shown_presets, i);
	}
	for (size_t i = 0; i < s->n_runs; i++) {
		const struct run_summary *r = &s->runs[i];

		if (matches(r->id, of_runs) || matches(r->preset, of_runs) ||
			matches(r->reason, of_runs))
			vec_push(&s->shown_runs, i);
	}
	list_clamp(&s->preset_list, s->shown_presets.len, s->preset_list.rows);
	list_clamp(&s->run_list, s->shown_runs.len, s->run_list.rows);
}

struct start_preset *start_selected(struct start *s)
{
	if (s->preset_list.cursor >= s->shown_presets.len)
		return NULL;
	return &s->presets.items[s->shown_presets.items[s->preset_list.cursor]];
}

const struct run_summary *start_selected_run(struct start *s)
{
	if (s->run_list.cursor >= s->shown_runs.len)
		return NULL;
	return &s->runs[s->shown_runs.items[s->run_list.cursor]];
}

void start_release(void *state)
{
	struct start *s = state;

	release_presets(s);
	run_summaries_free(s->runs, s->n_runs);
	vec_free(&s->backends);
	vec_free(&s->shown_presets);
	vec_free(&s->shown_runs);
	free(s);
}
