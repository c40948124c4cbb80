/*
 * The panes of a run: places them, draws them from the session's snapshot, and
 * hands actions to the one that has the focus.
 */
#include "ui/screen_run.h"

#include <stdio.h>
#include <string.h>

#include "core/command.h"
#include "util/mem.h"

const struct pane_ops *const panes_all[PANE_COUNT] = {
	[PANE_NODES] = &pane_nodes,
	[PANE_BLOCKS] = &pane_blocks,
	[PANE_WORKLOADS] = &pane_workloads,
	[PANE_CHECKS] = &pane_checks,
	[PANE_FAULTS] = &pane_faults,
	[PANE_LOG] = &pane_log,
	[PANE_MAP] = &pane_map,
	[PANE_GRAPHS] = &pane_graphs,
};

struct pane_context run_screen_context(struct ui *ui, struct run_screen *r, enum pane_id pane)
{
	const struct session *s = ui->session;

	return (struct pane_context){
		.model = &s->snapshot->model,
		.plan = s->plan,
		.now_ns = session_now(s),
		.block_interval_ns = s->scenario ? scenario_block_interval_ns(s->scenario) : 0,
		.focused = r->request.focus == pane,
		.narrow = r->placed.narrow,
		.live = s->kind == SESSION_LIVE && !s->finished,
		.selection = &r->selection,
	};
}

/* --- drawing ------------------------------------------------------------------------------ */

static void draw_framed(struct ui *ui, struct run_screen *r, enum pane_id p, struct view *v)
{
	struct pane_context ctx = run_screen_context(ui, r, p);
	const struct pane_ops *ops = panes_all[p];
	CLEANUP_STRBUF struct strbuf status = { 0 };
	CLEANUP_STRBUF struct strbuf title = { 0 };

	ops->status(r->panes[p], &ctx, &status);
	strbuf_addf(&title, "%d %s", (int)p + 1, ops->title);
	if (status.len > 0)
		strbuf_addf(&title, " %s %s", glyph_str(ui->glyphs->h), strbuf_str(&status));
	view_frame(v, ctx.focused ? ROLE_FOCUS : ROLE_BORDER, strbuf_str(&title), NULL);
	r->inner[p] = view_sub(v, 1, 1, v->w - 2, v->h - 2);
	ops->draw(r->panes[p], &ctx, &r->inner[p]);
}

/* Narrow screens: the focused pane whole, under a line of its own; the others as a few lines. */
static void draw_narrow(struct ui *ui, struct run_screen *r, enum pane_id p, struct view *v)
{
	struct pane_context ctx = run_screen_context(ui, r, p);
	const struct pane_ops *ops = panes_all[p];

	r->inner[p] = *v;
	if (!ctx.focused) {
		ops->brief(r->panes[p], &ctx, v);
		return;
	}
	CLEANUP_STRBUF struct strbuf status = { 0 };

	ops->status(r->panes[p], &ctx, &status);
	view_fill(v, 0, 0, v->w, 1, ROLE_BORDER, ui->glyphs->h);
	int x = view_textf(v, 1, 0, ROLE_FOCUS, " %s ", ops->title);
	if (status.len > 0) {
		strbuf_addc(&status, ' ');
		view_text_cut(v, x, 0, v->w - x, ROLE_DIM, strbuf_str(&status));
	}
	r->inner[p] = view_sub(v, 0, 1, v->w, v->h - 1);
	ops->draw(r->panes[p], &ctx, &r->inner[p]);
}

static void draw_tabs(const struct run_screen *r, struct view *v)
{
	int x = 1, width = 0;

	for (int p = 0; p < PANE_COUNT; p++)
		width += 4 + text_width(pane_name(p));
	int gap = x + width - 2 <= v->w ? 2 : 1;

	for (int p = 0; p < PANE_COUNT; p++) {
		bool here = r->request.focus == (enum pane_id)p;
		x = view_textf(v, x, 0, ROLE_KEY, "%d", p + 1);
		x = view_textf(v, x, 0, here ? ROLE_FOCUS : ROLE_DIM, " %s", pane_name(p)) + gap;
	}
}

static void run_draw(struct ui *ui, void *state, struct view *v)
{
	struct run_screen *r = state;
	struct view bar = view_sub(v, 0, 0, v->w, 1);

	r->request.w = v->w;
	r->request.h = v->h - 1;
	layout_compute(&r->layout, &r->request, &r->placed);
	if (r->placed.narrow && r->request.h > 4) {
		/* the last line tells where the other panes are */
		struct view tabs = view_sub(v, 0, v->h - 1, v->w, 1);
		r->request.h--;
		layout_compute(&r->layout, &r->request, &r->placed);
		draw_tabs(r, &tabs);
	}
	run_bar_draw(ui, &bar);
	for (int p = 0; p < PANE_COUNT; p++) {
		const struct rect *a = &r->placed.rects[p];
		if (!r->placed.shown[p])
			continue;
		struct view part = view_sub(v, a->x, a->y + 1, a->w, a->h);
		if (r->placed.narrow)
			draw_narrow(ui, r, (enum pane_id)p, &part);
		else
			draw_framed(ui, r, (enum pane_id)p, &part);
	}
}

/* --- detail views --------------------------------------------------------------------------- */

struct detail {
	enum pane_id pane;
};

static void refill_detail(struct ui *ui, struct rich *text, void *arg)
{
	const struct detail *d = arg;
	struct rich fresh = { 0 };
	char title[120];

	if (ui->screen != &screen_run)
		return;
	struct run_screen *r = ui->screen_state;
	struct pane_context ctx = run_screen_context(ui, r, d->pane);
	if (!panes_all[d->pane]->detail(r->panes[d->pane], &ctx, title, sizeof(title), &fresh)) {
		rich_release(&fresh);
		return; /* it is gone: what was known of it stays */
	}
	rich_release(text);
	*text = fresh;
}

static void open_detail(struct ui *ui, struct run_screen *r, enum pane_id p)
{
	struct pane_context ctx = run_screen_context(ui, r, p);
	struct rich text = { 0 };
	char title[120] = "";

	if (!panes_all[p]->detail(r->panes[p], &ctx, title, sizeof(title), &text)) {
		rich_release(&text);
		ui_message(ui, ROLE_DIM, "nothing is selected here");
		return;
	}
	struct detail *d = xcalloc(1, sizeof(*d));
	d->pane = p;
	ui_show(ui, title, &text, refill_detail, d, free);
}

/* --- actions --------------------------------------------------------------------------------- */

static void focus(struct ui *ui, struct run_screen *r, enum pane_id p)
{
	if (r->request.focus != p && ui->search[0])
		ui->search[0] = '\0'; /* a search belongs to its pane */
	r->request.focus = p;
	r->request.hidden[p] = false;
}

static void focus_next(struct ui *ui, struct run_screen *r, int by)
{
	int p = (int)r->request.focus;

	for (int i = 0; i < PANE_COUNT; i++) {
		p = (p + by + PANE_COUNT) % PANE_COUNT;
		/* all of them on a narrow screen and when one has the room, else those in sight */
		if (r->request.zoomed || r->placed.narrow ? !r->request.hidden[p]
							  : r->placed.shown[p]) {
			focus(ui, r, (enum pane_id)p);
			return;
		}
	}
}

static void next_layout(struct ui *ui, struct run_screen *r)
{
	ui->layout = (ui->layout + 1) % ui->layouts.n;
	r->layout = ui->layouts.items[ui->layout];
	memset(r->request.hidden, 0, sizeof(r->request.hidden));
	r->request.zoomed = false;
	ui_message(ui, ROLE_DIM, "layout: %s", r->layout.name);
}

static void swap_with_next(struct ui *ui, struct run_screen *r)
{
	enum pane_id before = r->request.focus;

	focus_next(ui, r, 1);
	layout_swap(&r->layout, before, r->request.focus);
	r->request.focus = before;
}

static bool act_on_layout(struct ui *ui, struct run_screen *r, enum action a)
{
	switch (a) {
	case ACTION_PANE_NEXT:
		focus_next(ui, r, 1);
		return true;
	case ACTION_PANE_PREV:
		focus_next(ui, r, -1);
		return true;
	case ACTION_PANE_1:
	case ACTION_PANE_2:
	case ACTION_PANE_3:
	case ACTION_PANE_4:
	case ACTION_PANE_5:
	case ACTION_PANE_6:
	case ACTION_PANE_7:
	case ACTION_PANE_8:
		focus(ui, r, (enum pane_id)(a - ACTION_PANE_1));
		return true;
	case ACTION_ZOOM:
		r->request.zoomed = !r->request.zoomed;
		return true;
	case ACTION_HIDE:
		r->request.hidden[r->request.focus] = true;
		r->request.zoomed = false;
		focus_next(ui, r, 1);
		return true;
	case ACTION_SWAP:
		swap_with_next(ui, r);
		return true;
	case ACTION_LAYOUT:
		next_layout(ui, r);
		return true;
	default:
		return false;
	}
}

/* Actions that belong to one pane work from everywhere. */
static enum pane_id pane_for(const struct run_screen *r, enum action a)
{
	if (a == ACTION_FILTER_NODE || a == ACTION_FILTER_LEVEL)
		return PANE_LOG;
	if (a == ACTION_MARK || a == ACTION_MARK_ALL || a == ACTION_SORT)
		return r->request.focus == PANE_MAP && a != ACTION_SORT ? PANE_MAP : PANE_NODES;
	return r->request.focus;
}

static bool run_screen_act(struct ui *ui, void *state, enum action a)
{
	struct run_screen *r = state;

	if (a == ACTION_QUIT) {
		run_quit(ui, r);
		return true;
	}
	if (act_on_layout(ui, r, a) || run_act(ui, r, a))
		return true;
	enum pane_id p = pane_for(r, a);
	struct pane_context ctx = run_screen_context(ui, r, p);
	enum pane_reply reply = panes_all[p]->act(r->panes[p], &ctx, a);

	if (reply == PANE_DETAIL)
		open_detail(ui, r, p);
	if (reply != PANE_IGNORED || a != ACTION_BACK)
		return reply != PANE_IGNORED;
	if (r->request.zoomed) {
		r->request.zoomed = false;
	} else if (ui->session->kind != SESSION_LIVE || ui->session->finished) {
		run_quit(ui, r);
	}
	return true;
}

static void run_mouse(struct ui *ui, void *state, const struct key_event *k)
{
	struct run_screen *r = state;

	for (int p = 0; p < PANE_COUNT; p++) {
		const struct view *in = &r->inner[p];
		const struct rect *a = &r->placed.rects[p];
		if (!r->placed.shown[p] || k->x < a->x || k->x >= a->x + a->w || k->y < a->y + 1 ||
			k->y >= a->y + 1 + a->h)
			continue;
		struct pane_context ctx = run_screen_context(ui, r, (enum pane_id)p);
		if (k->mouse == MOUSE_WHEEL_UP || k->mouse == MOUSE_WHEEL_DOWN) {
			for (int i = 0; i < 3; i++)
				panes_all[p]->act(r->panes[p], &ctx,
					k->mouse == MOUSE_WHEEL_UP ? ACTION_UP : ACTION_DOWN);
			return;
		}
		focus(ui, r, (enum pane_id)p);
		ctx.focused = true;
		enum pane_reply reply =
			panes_all[p]->click(r->panes[p], &ctx, k->x - in->x, k->y - in->y);
		if (reply == PANE_DETAIL || (reply == PANE_HANDLED && k->mouse == MOUSE_DOUBLE))
			open_detail(ui, r, (enum pane_id)p);
		return;
	}
}

static size_t run_search(struct ui *ui, void *state, const char *text)
{
	struct run_screen *r = state;
	enum pane_id p = r->request.focus;
	struct pane_context ctx = run_screen_context(ui, r, p);

	return panes_all[p]->search(r->panes[p], &ctx, text);
}

/* --- news --------------------------------------------------------------------------------------
 */

static void count_outcome(struct session_batch *b, const struct model_command *c)
{
	b->told++;
	if (!c->ok && b->failed++ == 0)
		snprintf(b->first_failed, sizeof(b->first_failed), "%s: %s", c->text, c->reason);
}

/* Commands of which the model remembers no more than that they were; the log has them. */
static void count_forgotten(struct session_batch *b, struct run_screen *r, const struct model *m)
{
	uint64_t first = m->n_commands > MODEL_COMMANDS ? m->n_commands - MODEL_COMMANDS + 1 : 1;
	const struct model_command *c = model_command_at(m, first);

	if (!c || first <= r->commands_seen + 1)
		return;
	uint64_t n_failed = c->n_failed - !c->ok - MIN(r->failures_seen, c->n_failed - !c->ok);

	b->told += (unsigned)MIN(first - 1 - r->commands_seen, b->sent - MIN(b->told, b->sent));
	if (n_failed > 0 && b->failed == 0)
		snprintf(b->first_failed, sizeof(b->first_failed), "the log says why");
	b->failed += (unsigned)MIN(n_failed, b->sent - MIN(b->failed, b->sent));
	r->commands_seen = first - 1;
}

/*
 * What came of the commands that were given with a key. Several that were sent
 * together have one message: how far they are, and what went wrong first.
 */
static void tell_outcome(struct ui *ui, struct run_screen *r)
{
	const struct model *m = &ui->session->snapshot->model;
	struct session_batch *b = &ui->session->batch;
	const struct model_command *newest = NULL;

	if (m->n_commands < r->commands_seen)
		r->commands_seen = m->n_commands; /* somebody went back in a recording */
	count_forgotten(b, r, m);
	while (r->commands_seen < m->n_commands) {
		const struct model_command *c = model_command_at(m, ++r->commands_seen);

		r->failures_seen = c->n_failed;
		if (strcmp(c->source, "key") != 0)
			continue;
		newest = c;
		count_outcome(b, c);
	}
	if (!newest)
		return;
	bool many = ui->session->kind == SESSION_LIVE && b->sent > 1;

	if (many && b->failed > 0)
		ui_message(
			ui, ROLE_BAD, "%u of %u failed: %s", b->failed, b->sent, b->first_failed);
	else if (!newest->ok)
		ui_message(ui, ROLE_BAD, "%s: %s", newest->text, newest->reason);
	else if (many)
		ui_message(ui, ROLE_GOOD, "%s: done (%u of %u)", newest->text, b->told, b->sent);
	else
		ui_message(ui, ROLE_GOOD, "%s: done", newest->text);
}

static void run_news(struct ui *ui, void *state)
{
	struct run_screen *r = state;

	tell_outcome(ui, r);
	if (ui->session->kind != SESSION_LIVE || !ui->session->finished)
		return;
	ui->exit_code = ui->session->result.exit_code;
	if (r->quit_when_done)
		ui->quit = true;
	else if (!ui->session->shown_end) {
		ui->session->shown_end = true;
		ui_go_end(ui);
	}
}

static void run_release(void *state)
{
	struct run_screen *r = state;

	for (int p = 0; p < PANE_COUNT; p++) {
		panes_all[p]->release(r->panes[p]);
		free(r->panes[p]);
	}
	free(r);
}

void ui_go_run(struct ui *ui)
{
	struct run_screen *r = xcalloc(1, sizeof(*r));

	for (int p = 0; p < PANE_COUNT; p++) {
		r->panes[p] = xcalloc(1, MAX(panes_all[p]->state_size, 1u));
		panes_all[p]->init(r->panes[p]);
	}
	const struct model *m = &ui->session->snapshot->model;
	const struct model_command *last = model_command_at(m, m->n_commands);

	r->commands_seen = m->n_commands;
	r->failures_seen = last ? last->n_failed : 0;
	r->layout = ui->layouts.items[ui->layout];
	ui_go(ui, &screen_run, r);
}

const struct screen_ops screen_run = {
	.name = "run",
	.open_hint = "details",
	.contexts = CTX_RUN,
	.draw = run_draw,
	.act = run_screen_act,
	.mouse = run_mouse,
	.search = run_search,
	.news = run_news,
	.release = run_release,
};
