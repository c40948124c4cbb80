/*
 * The end of a run: the verdict, what it rests on, and what can be done next.
 * Made from the session's last snapshot; the same for a run that was driven
 * here and for a recording.
 */
#include <stdio.h>
#include <string.h>

#include "ui/app.h"
#include "ui/pane.h"
#include "ui/screen_run.h"
#include "util/mem.h"
#include "util/units.h"

#define VALUES 26 /* column where what is said about a name begins */

struct end_screen {
	struct rich text;
	int top, rows, height, width;
	size_t match;
};

/* --- the text -------------------------------------------------------------------------- */

static void add_verdict(struct rich *r, const struct session *s)
{
	const struct model *m = &s->snapshot->model;
	char word[32], took[32];
	enum role role;

	run_verdict_text(m, word, sizeof(word), &role);
	rich_addf(r, role, "%s  ", word);
	rich_addf(r, ROLE_STRONG, "%s", m->preset ? m->preset : "?");
	rich_addf(r, ROLE_NORMAL, " on %s, seed %llu, %s", m->backend ? m->backend : "?",
		(unsigned long long)m->seed, units_format_human(m->now_ns, took, sizeof(took)));
	if (m->end_reason && *m->end_reason) {
		rich_newline(r);
		rich_indent(r, 2);
		rich_addf(r, role, "  %s", m->end_reason);
	}
	rich_newline(r);
}

static void add_checks(struct rich *r, const struct model *m, const struct glyphs *g)
{
	rich_heading(r, "expectations");
	if (m->n_checks == 0) {
		rich_add(r, ROLE_DIM, "  none was judged");
		rich_newline(r);
	}
	for (int pass = 0; pass < 2; pass++) {
		/* what went wrong first */
		for (size_t i = 0; i < m->n_checks; i++) {
			const struct model_check *c = &m->checks[i];
			bool good = c->verdict == VERDICT_PASS || c->verdict == VERDICT_PASSING;
			if (good != (pass == 1))
				continue;
			rich_indent(r, VALUES);
			rich_addf(r, role_of_verdict(c->verdict), "  %s ",
				glyph_str(glyph_of_verdict(g, c->verdict)));
			rich_addf(r, ROLE_NORMAL, "%-*s ", VALUES - 5, c->name);
			rich_add(r, good ? ROLE_DIM : ROLE_NORMAL, c->reason ? c->reason : "");
			rich_newline(r);
		}
	}
}

static void add_faults(struct rich *r, const struct model *m, const struct glyphs *g)
{
	size_t shown = 0;
	char at[24], took[32], who[32];

	if (m->n_faults == 0)
		return;
	rich_heading(r, "faults");
	for (size_t i = m->n_faults; i > 0 && shown < 30; i--, shown++) {
		const struct model_fault *f = &m->faults[i - 1];
		if (f->node >= 0)
			snprintf(who, sizeof(who), "n%d", f->node);
		else
			snprintf(who, sizeof(who), "network");
		rich_indent(r, VALUES);
		rich_addf(r, ROLE_FAULT, "  %s ", glyph_str(f->end_ns ? g->off : g->on));
		rich_addf(r, ROLE_NORMAL, "%-12s %-8s at %s by %s, ", f->name, who,
			fmt_clock_s(f->start_ns, at, sizeof(at)), f->by ? f->by : "?");
		if (!f->end_ns)
			rich_add(r, ROLE_BAD, "not healed");
		else
			rich_addf(r, f->effective ? ROLE_DIM : ROLE_WARN, "%shealed after %s",
				f->effective ? "in effect, " : "no effect was seen, ",
				units_format_human(f->end_ns - f->start_ns, took, sizeof(took)));
		if (f->detail && *f->detail)
			rich_addf(r, ROLE_DIM, " (%s)", f->detail);
		rich_newline(r);
	}
	if (shown < m->n_faults) {
		rich_addf(r, ROLE_DIM, "  and %zu more", m->n_faults - shown);
		rich_newline(r);
	}
}

/* What became of transactions; what is 0 needs no words. */
static void add_counts(struct rich *r, const struct workload_counts *c)
{
	const struct {
		uint64_t n;
		const char *what;
	} rest[] = {
		{ c->dropped + c->expired + c->pending, "missing" },
		{ c->rejected, "rejected" },
		{ c->unsent, "unsent" },
	};
	char p50[32], p99[32];

	rich_addf(r, ROLE_NORMAL, "%llu sent, %llu included", (unsigned long long)c->submitted,
		(unsigned long long)c->included);
	for (size_t i = 0; i < ARRAY_LEN(rest); i++) {
		if (rest[i].n)
			rich_addf(r, ROLE_WARN, ", %llu %s", (unsigned long long)rest[i].n,
				rest[i].what);
	}
	if (c->included)
		rich_addf(r, ROLE_NORMAL, "; into a block in %s (p50), %s (p99)",
			fmt_ms(c->include_p50_ns, p50, sizeof(p50)),
			fmt_ms(c->include_p99_ns, p99, sizeof(p99)));
}

static void add_load(struct rich *r, const struct model *m)
{
	if (m->n_workloads == 0)
		return;
	rich_heading(r, "workloads");
	for (size_t i = 0; i < m->n_workloads; i++) {
		const struct model_workload *w = &m->workloads[i];
		const struct workload_counts *c = &w->counts;
		rich_indent(r, VALUES);
		rich_addf(r, ROLE_NORMAL, "  %-*s ", VALUES - 3, w->name);
		if (c->submitted + c->rejected + c->unsent > 0)
			add_counts(r, c);
		else
			rich_addf(r, ROLE_NORMAL, "%llu action%s", (unsigned long long)c->actions,
				plural_s(c->actions));
		rich_newline(r);
		if (w->ended && !w->ok) {
			rich_indent(r, VALUES);
			rich_addf(
				r, ROLE_BAD, "%*s%s", VALUES, "", w->reason ? w->reason : "failed");
			rich_newline(r);
		}
	}
}

static void add_nodes(struct rich *r, const struct model *m)
{
	unsigned restarts = 0;
	size_t dead = 0;
	uint64_t low, high = model_height(m, &low);

	for (size_t i = 0; i < m->n_nodes; i++) {
		restarts += m->nodes[i].restarts;
		dead += m->nodes[i].state == NODE_DEAD;
	}
	rich_heading(r, "cluster");
	rich_addf(r, ROLE_NORMAL,
		"  %zu node%s, height %llu, %llu block%s, %llu reorg%s, %u restart%s", m->n_nodes,
		plural_s(m->n_nodes), (unsigned long long)high, (unsigned long long)m->n_blocks,
		plural_s(m->n_blocks), (unsigned long long)m->n_reorgs, plural_s(m->n_reorgs),
		restarts, plural_s(restarts));
	if (dead > 0)
		rich_addf(r, ROLE_BAD, ", %zu died", dead);
	rich_newline(r);
	for (size_t i = 0; i < m->n_nodes && dead > 0; i++) {
		if (m->nodes[i].state != NODE_DEAD)
			continue;
		rich_indent(r, 6);
		rich_addf(r, ROLE_BAD, "  %s  %s", m->nodes[i].name,
			m->nodes[i].reason ? m->nodes[i].reason : "died");
		rich_newline(r);
	}
}

static void add_where(struct rich *r, const struct ui *ui)
{
	const struct session *s = ui->session;

	rich_heading(r, "where");
	rich_field(r, 10, "run", ROLE_NORMAL, "%s", s->run_dir);
	if (s->finished && s->result.kept)
		rich_field(r, 10, "kept", ROLE_WARN,
			"the cluster is still running; when ltb has ended, `ltb clean %s' ends it",
			s->run_id);
	if (s->scenario) {
		CLEANUP_FREE char *again =
			ui->host->reproduce(ui->host->arg, s->scenario, s->run_dir);
		rich_field(r, 10, "again", ROLE_NORMAL, "%s", again);
	}
	rich_field(r, 10, "judge", ROLE_NORMAL, "ltb judge %s", s->run_id);
	rich_field(r, 10, "replay", ROLE_NORMAL, "ltb replay %s", s->run_id);
}

static void build(const struct ui *ui, struct rich *r)
{
	const struct model *m = &ui->session->snapshot->model;

	add_verdict(r, ui->session);
	add_checks(r, m, ui->glyphs);
	add_faults(r, m, ui->glyphs);
	add_load(r, m);
	add_nodes(r, m);
	add_where(r, ui);
}

/* --- the screen ------------------------------------------------------------------------- */

static void end_draw(struct ui *ui, void *state, struct view *v)
{
	struct end_screen *e = state;
	char note[40] = "";

	e->width = v->w - 4;
	e->height = v->h - 2;
	e->rows = rich_height(&e->text, e->width);
	e->top = MAX(0, MIN(e->top, e->rows - e->height));
	if (e->rows > e->height)
		snprintf(note, sizeof(note), "%d-%d of %d", e->top + 1,
			MIN(e->top + e->height, e->rows), e->rows);
	view_frame(v, ROLE_FOCUS, ui->session->run_id, note[0] ? note : NULL);
	struct view in = view_sub(v, 2, 1, e->width, e->height);
	rich_draw(&e->text, &in, e->top, ui->search[0] ? ui->search : NULL);
}

/* The same scenario once more: from its document, as the old one is still shown. */
static void run_again(struct ui *ui)
{
	const struct session *s = ui->session;
	CLEANUP_STRBUF struct strbuf text = { 0 };
	const struct preset_request req = { .recorded = true };
	struct err err = { 0 };

	if (!s->scenario || !s->scenario->doc) {
		ui_message(ui, ROLE_BAD, "the preset of this run cannot be read any more");
		return;
	}
	ynode_write(s->scenario->doc->root, &text);
	struct scenario *again = scenario_parse(ui->host->catalog, ui->host->presets, "preset",
		strbuf_str(&text), text.len, &req, &err);
	if (again)
		ui_go_launch(ui, again);
	else
		ui_message(ui, ROLE_BAD, "%s", err.text);
}

/* Around at both ends. */
static void go_to_match(struct ui *ui, struct end_screen *e, int by)
{
	if (!ui->search[0])
		return;
	int row = rich_step(&e->text, e->width, ui->search, by, &e->match);

	if (row < 0) {
		ui_message(ui, ROLE_WARN, "\"%s\" does not occur", ui->search);
		return;
	}
	e->top = row - e->height / 2;
	ui_message(ui, ROLE_DIM, "match %zu of %zu", e->match + 1,
		rich_count(&e->text, e->width, ui->search));
}

static bool end_act(struct ui *ui, void *state, enum action a)
{
	struct end_screen *e = state;
	int page = MAX(1, e->height - 1);

	switch (a) {
	case ACTION_UP:
		e->top--;
		return true;
	case ACTION_DOWN:
		e->top++;
		return true;
	case ACTION_PAGE_UP:
		e->top -= page;
		return true;
	case ACTION_PAGE_DOWN:
		e->top += page;
		return true;
	case ACTION_FIRST:
		e->top = 0;
		return true;
	case ACTION_LAST:
		e->top = e->rows;
		return true;
	case ACTION_AGAIN:
		run_again(ui);
		return true;
	case ACTION_REPLAY: {
		CLEANUP_FREE char *dir = xstrdup(ui->session->run_dir);
		ui_go_open(ui, dir, SESSION_REPLAY);
		return true;
	}
	case ACTION_SHOW_RUN:
	case ACTION_OPEN:
		ui_go_run(ui);
		return true;
	case ACTION_EXPORT:
		ui_export_session(ui);
		return true;
	case ACTION_NEXT_MATCH:
	case ACTION_PREV_MATCH:
		go_to_match(ui, e, a == ACTION_NEXT_MATCH ? 1 : -1);
		return true;
	case ACTION_BACK:
		ui_close_session(ui);
		return true;
	case ACTION_QUIT:
		ui->quit = true;
		return true;
	default:
		return false;
	}
}

static void end_mouse(struct ui *ui, void *state, const struct key_event *k)
{
	struct end_screen *e = state;

	(void)ui;
	if (k->mouse == MOUSE_WHEEL_UP)
		e->top -= 3;
	else if (k->mouse == MOUSE_WHEEL_DOWN)
		e->top += 3;
}

static size_t end_search(struct ui *ui, void *state, const char *text)
{
	struct end_screen *e = state;
	int row;

	(void)ui;
	e->match = 0;
	row = rich_step(&e->text, e->width, text, 0, &e->match);
	if (row >= 0)
		e->top = row - e->height / 2;
	return rich_count(&e->text, e->width, text);
}

static void end_news(struct ui *ui, void *state)
{
	struct end_screen *e = state;

	rich_release(&e->text);
	build(ui, &e->text);
}

static void end_release(void *state)
{
	struct end_screen *e = state;

	rich_release(&e->text);
	free(e);
}

void ui_go_end(struct ui *ui)
{
	struct end_screen *e = xcalloc(1, sizeof(*e));

	build(ui, &e->text);
	ui_go(ui, &screen_end, e);
}

const struct screen_ops screen_end = {
	.name = "end",
	.open_hint = "panes",
	.contexts = CTX_END,
	.draw = end_draw,
	.act = end_act,
	.mouse = end_mouse,
	.search = end_search,
	.news = end_news,
	.release = end_release,
};
