/* See session.h. */
#include "ui/session.h"

#include <signal.h>
#include <string.h>

#include "core/check.h"
#include "core/control.h"
#include "core/run_dir.h"
#include "core/workload.h"
#include "ui/ui.h"
#include "util/fs.h"
#include "util/mem.h"

#define OPERATOR "key" /* source of the commands in the recording */

/* --- opening and closing ---------------------------------------------------------------- */

static struct run *start(const struct ui_host *host, struct session *s, struct err *err)
{
	struct run_options opt = {
		.scenario = s->scenario,
		.plan = s->plan,
		.catalog = host->catalog,
		.run_dir = s->run_dir,
		.run_id = s->run_id,
		.interactive = true,
		.virtual_pace = host->virtual_pace,
		.arg = s->reports,
		.write_reports = host->write_reports,
	};
	if (host->keep && host->keep(host->arg, s->scenario, &opt.keep, &opt.keep_why, err) < 0)
		return NULL;
	return run_start(&opt, err);
}

struct session *session_launch(
	const struct ui_host *host, struct scenario *sc, struct plan *p, struct err *err)
{
	struct session *s = xcalloc(1, sizeof(*s));
	struct run_dir dir = { 0 };

	s->kind = SESSION_LIVE;
	s->host = host;
	s->scenario = sc;
	s->plan = p;
	if (run_dir_create(host->runs_dir, sc->name, NULL, &dir, err) < 0)
		goto fail;
	s->run_dir = xstrdup(dir.path);
	s->run_id = xstrdup(dir.id);
	s->reports = host->make_reports(host->arg, sc, &dir);
	run_dir_release(&dir);
	s->run = start(host, s, err);
	if (!s->run)
		goto fail;
	s->snapshot = hub_snapshot(run_hub(s->run));
	return s;
fail:
	session_free(host, s);
	return NULL;
}

/* The scenario of a recorded run; without it the panes show less, so errors are no end. */
static void read_scenario(const struct ui_host *host, struct session *s)
{
	CLEANUP_FREE char *preset = fs_join(s->run_dir, "preset.yaml");
	const struct model *m = &s->snapshot->model;
	const struct preset_request req = {
		.preset = preset,
		.recorded = true,
		.backend = m->backend,
		.has_seed = true,
		.seed = m->seed,
	};

	s->scenario = scenario_load(host->catalog, host->presets, &req, NULL);
	s->plan = s->scenario ? plan_new(s->scenario, NULL) : NULL;
}

struct session *session_open(
	const struct ui_host *host, const char *run_dir, enum session_kind kind, struct err *err)
{
	CLEANUP_FREE char *events = fs_join(run_dir, "events.jsonl");
	const char *slash = strrchr(run_dir, '/');
	struct session *s = xcalloc(1, sizeof(*s));

	s->kind = kind;
	s->run_dir = xstrdup(run_dir);
	s->run_id = xstrdup(slash ? slash + 1 : run_dir);
	s->player =
		player_start(events, kind == SESSION_WATCH ? PLAYER_FOLLOW : PLAYER_REPLAY, err);
	if (!s->player) {
		session_free(host, s);
		return NULL;
	}
	s->snapshot = player_snapshot(s->player);
	read_scenario(host, s);
	return s;
}

void session_free(const struct ui_host *host, struct session *s)
{
	if (!s)
		return;
	run_free(s->run);
	player_free(s->player);
	snapshot_unref(s->snapshot);
	if (s->reports)
		host->release_reports(s->reports);
	plan_free(s->plan);
	scenario_free(s->scenario);
	free(s->run_dir);
	free(s->run_id);
	free(s);
}

/* --- news ------------------------------------------------------------------------------- */

void session_finish(struct session *s)
{
	if (!s->run || s->finished)
		return;
	run_finish(s->run, &s->result);
	s->finished = true;
	if (s->result.kept && s->host->kept)
		s->host->kept(s->host->arg, s->run_dir);
}

static void notice_end(struct session *s)
{
	if (!s->run || s->finished || !run_is_done(s->run))
		return;
	wake_clear(run_done_wake(s->run));
	session_finish(s);
}

bool session_update(struct session *s)
{
	struct wake *news = s->run ? hub_wake(run_hub(s->run)) : player_wake(s->player);

	/* first the flag, then the news: what comes in between is signalled again */
	wake_clear(news);
	notice_end(s);
	struct snapshot *fresh =
		s->run ? hub_snapshot(run_hub(s->run)) : player_snapshot(s->player);

	if (fresh == s->snapshot) {
		snapshot_unref(fresh);
		return false;
	}
	snapshot_unref(s->snapshot);
	s->snapshot = fresh;
	return true;
}

int session_fds(const struct session *s, int ret[2])
{
	if (!s->run) {
		ret[0] = player_wake(s->player)->fd;
		return 1;
	}
	ret[0] = hub_wake(run_hub(s->run))->fd;
	ret[1] = run_done_wake(s->run)->fd;
	return s->finished ? 1 : 2;
}

uint64_t session_now(const struct session *s)
{
	const struct model *m = &s->snapshot->model;
	struct player_state p;

	if (s->run)
		return s->finished ? m->now_ns : MAX(m->now_ns, hub_now(run_hub(s->run)));
	player_state(s->player, &p);
	return MAX(p.now_ns, m->now_ns);
}

/* --- commands --------------------------------------------------------------------------- */

static const struct workload_use *find_workload(const struct session *s, const char *name)
{
	for (size_t i = 0; i < s->scenario->n_workloads; i++) {
		if (strcmp(s->scenario->workloads[i].name, name) == 0)
			return &s->scenario->workloads[i];
	}
	return NULL;
}

int session_possible(const struct session *s, const struct command *c, struct err *err)
{
	const struct model *m = &s->snapshot->model;

	if (s->kind != SESSION_LIVE)
		return err_set(err, ERR_UNSUPPORTED, "%s",
			s->kind == SESSION_WATCH
				? "this run is driven by another ltb; here it can only be watched"
				: "this is a recording; nothing in it can be changed");
	if (s->finished)
		return err_set(err, ERR_UNSUPPORTED, "the run has ended");
	const struct workload_use *w = c->workload[0] ? find_workload(s, c->workload) : NULL;
	const struct command_context x = {
		.caps = s->scenario->backend->caps,
		.backend = s->scenario->backend->name,
		.phase = m->phase,
		.ended = m->ended,
		.n_nodes = m->n_nodes,
		.node = c->node < m->n_nodes ? m->nodes[c->node].state : NODE_PLANNED,
		.has_workload = w != NULL,
		.tunes = w ? w->ops->tunes : 0,
	};
	return command_possible(c, &x, err);
}

int session_command(struct session *s, const struct command *c, struct err *err)
{
	if (session_possible(s, c, err) < 0)
		return -1;
	if (control_post(run_control(s->run), c, OPERATOR, err) < 0)
		return -1;
	session_batch_add(&s->batch);
	return 0;
}

void session_interrupt(struct session *s)
{
	if (!s->run || s->finished)
		return;
	s->quit_signals++;
	run_interrupt(s->run, SIGINT);
}
