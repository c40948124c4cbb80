/*
 * The faults: what is in force, which links are not as usual, what comes next
 * by plan, and what is over. What comes next is read once from the plan.
 */
#include <stdio.h>
#include <string.h>

#include "core/workload.h"
#include "ui/link_groups.h"
#include "ui/pane.h"
#include "ui/pane_names.h"
#include "util/json.h"
#include "util/log.h"
#include "util/mem.h"

#define MAX_OPEN      200 /* listed one by one; the rest is counted */
#define MAX_PLANNED   4096
#define MAX_PLAN_JSON (1u << 20)
#define SHOWN_PLANNED 3
#define WINDOW        1024 /* healed ones that are looked up at once: a screen of them */
#define NEAR          NS_PER_S
#define NEAR_LINES    20
#define PLANNED_LINES 100

struct planned {
	uint64_t at_ns; /* since the drive phase began */
	unsigned workload;
	char command[48]; /* "" where it is decided later what it does */
};

struct faults_state {
	struct list list;
	uint64_t fault; /* id of the selected one; 0: none, the cursor is an index */
	const struct plan *plan;
	VEC(struct planned) planned; /* of that plan, by time */
};

/* What there is to be listed, as rows from the top. */
struct items {
	const struct model *m;
	size_t n_open, open[MAX_OPEN]; /* newest first */
	size_t n_groups;
	struct link_group groups[LINK_GROUPS];
	size_t n_planned, first_planned;
	size_t n_healed;
	size_t n; /* of all */
};

/* --- what comes next -------------------------------------------------------------------- */

static int compare_planned(const void *a, const void *b)
{
	const struct planned *x = a, *y = b;

	if (x->at_ns != y->at_ns)
		return x->at_ns < y->at_ns ? -1 : 1;
	return x->workload < y->workload ? -1 : x->workload > y->workload;
}

/* Any workload whose plan has a list of things to be done at times. */
static void read_plan_json(struct faults_state *s, unsigned workload, const cJSON *json)
{
	json_each (member, json) {
		if (!cJSON_IsArray(member))
			continue;
		json_each (step, member) {
			struct planned p = { .workload = workload };
			const char *command = json_get_str(step, "command");

			if (!json_get_u64(step, "at_ns", &p.at_ns) || s->planned.len == MAX_PLANNED)
				break;
			snprintf(p.command, sizeof(p.command), "%s", command ? command : "");
			vec_push(&s->planned, p);
		}
	}
}

static void read_plan(struct faults_state *s, const struct plan *plan)
{
	const struct scenario *scenario = plan ? plan->scenario : NULL;

	if (s->plan == plan)
		return;
	s->plan = plan;
	s->planned.len = 0;
	for (size_t i = 0; scenario && plan->workloads && i < scenario->n_workloads; i++) {
		struct strbuf text;
		struct jw w;

		if (!plan->workloads[i])
			continue;
		strbuf_init(&text, MAX_PLAN_JSON);
		jw_init(&w, &text, 0);
		scenario->workloads[i].ops->plan_to_json(plan->workloads[i], &w);
		if (!text.overflow) {
			cJSON *json = json_parse(strbuf_str(&text), text.len, NULL, NULL);
			if (cJSON_IsObject(json))
				read_plan_json(s, (unsigned)i, json);
			cJSON_Delete(json);
		}
		strbuf_release(&text);
	}
	if (s->planned.len > 1)
		qsort(s->planned.items, s->planned.len, sizeof(*s->planned.items), compare_planned);
}

/* The first that is still to come; planned.len when the time for it is over or not known. */
static size_t first_to_come(const struct faults_state *s, const struct pane_context *ctx)
{
	const struct model_phase *drive = &ctx->model->phases[PHASE_DRIVE];
	size_t low = 0, high = s->planned.len;

	if (!drive->started || drive->ended || ctx->model->ended)
		return high;
	uint64_t now = ctx->now_ns > drive->start_ns ? ctx->now_ns - drive->start_ns : 0;

	while (low < high) {
		size_t mid = (low + high) / 2;
		if (s->planned.items[mid].at_ns <= now)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static const char *planned_name(const struct faults_state *s, const struct planned *p)
{
	return p->command[0] ? p->command : s->plan->scenario->workloads[p->workload].name;
}

/* --- the list ---------------------------------------------------------------------------- */

static void collect(const struct faults_state *s, const struct pane_context *ctx, struct items *ret)
{
	const struct model *m = ctx->model;
	size_t n_open = 0;

	ret->m = m;
	ret->n_open = 0;
	for (size_t i = m->n_faults; i-- > 0;) {
		if (m->faults[i].end_ns)
			continue;
		n_open++;
		if (ret->n_open < MAX_OPEN)
			ret->open[ret->n_open++] = i;
	}
	ret->n_healed = m->n_faults - n_open;
	ret->n_groups = link_groups(m, ret->groups);
	ret->first_planned = first_to_come(s, ctx);
	ret->n_planned = MIN(s->planned.len - ret->first_planned, (size_t)SHOWN_PLANNED);
	ret->n = ret->n_open + ret->n_groups + ret->n_planned + ret->n_healed;
}

/* Indices of the healed ones from the rank-th newest on; returns how many. */
static size_t find_healed(const struct model *m, size_t rank, size_t most, size_t *ret)
{
	size_t n = 0;

	for (size_t i = m->n_faults; i-- > 0 && n < most;) {
		if (m->faults[i].end_ns == 0)
			continue;
		if (rank > 0)
			rank--;
		else
			ret[n++] = i;
	}
	return n;
}

static size_t first_healed(const struct items *it)
{
	return it->n - it->n_healed;
}

/* The fault in a row, or NULL. */
static const struct model_fault *fault_in_row(const struct items *it, size_t row)
{
	size_t at;

	if (row < it->n_open)
		return &it->m->faults[it->open[row]];
	if (row < first_healed(it) || row >= it->n ||
		find_healed(it->m, row - first_healed(it), 1, &at) == 0)
		return NULL;
	return &it->m->faults[at];
}

/* The row of a fault by its id; it->n when it is not there any more. */
static size_t row_of_fault(const struct items *it, uint64_t id)
{
	size_t rank = 0;

	for (size_t i = 0; i < it->n_open; i++) {
		if (it->m->faults[it->open[i]].id == id)
			return i;
	}
	for (size_t i = it->m->n_faults; i-- > 0;) {
		if (it->m->faults[i].end_ns == 0)
			continue;
		if (it->m->faults[i].id == id)
			return first_healed(it) + rank;
		rank++;
	}
	return it->n;
}

/* The cursor stays on the fault that was selected while others come and go. */
static size_t cursor_row(const struct faults_state *s, const struct items *it)
{
	size_t row = s->fault ? row_of_fault(it, s->fault) : it->n;

	return row < it->n ? row : MIN(s->list.cursor, it->n ? it->n - 1 : 0);
}

/* --- drawing ------------------------------------------------------------------------------ */

struct columns {
	int name, node, by, at, took; /* where they begin */
	int rest;                     /* where the text after them begins */
};

#define NAME_W 10
#define NODE_W 5
#define BY_W   9
#define AT_W   7
#define TOOK_W 8

#define WHAT_MIN_W 16 /* what was done to links has a column of its own from so much room on */

static const struct columns columns = {
	.name = 4,
	.node = 4 + NAME_W + 1,
	.by = 4 + NAME_W + 1 + NODE_W + 1,
	.at = 4 + NAME_W + 1 + NODE_W + 1 + BY_W,
	.took = 4 + NAME_W + 1 + NODE_W + 1 + BY_W + AT_W,
	.rest = 4 + NAME_W + 1 + NODE_W + 1 + BY_W + AT_W + TOOK_W + 2,
};

static const char *fmt_took(uint64_t ns, char *buf, size_t size)
{
	return ns < 100 * NS_PER_S ? fmt_ms(ns, buf, size) : fmt_clock_s(ns, buf, size);
}

static uint64_t lasted(const struct pane_context *ctx, uint64_t from, uint64_t to)
{
	uint64_t end = to ? to : MAX(ctx->now_ns, ctx->model->now_ns);

	return end > from ? end - from : 0;
}

static void draw_times(struct view *v, int y, uint64_t at, uint64_t took)
{
	char buf[40];

	view_text_right(v, columns.at, y, AT_W, ROLE_NORMAL, fmt_clock(at, buf, sizeof(buf)));
	view_text_right(v, columns.took, y, TOOK_W, ROLE_NORMAL, fmt_took(took, buf, sizeof(buf)));
}

static uint32_t glyph_of_fault(const struct glyphs *g, const struct model_fault *f)
{
	return f->end_ns == 0 ? g->on : f->effective ? g->pass : g->off;
}

static enum role role_of_fault(const struct model_fault *f)
{
	return f->end_ns == 0 ? ROLE_FAULT : f->effective ? ROLE_DIM : ROLE_WARN;
}

static void draw_fault(
	const struct pane_context *ctx, const struct model_fault *f, struct view *v, int y)
{
	const char *detail = name_or_empty(f->detail);
	enum role role = role_of_fault(f), text = f->end_ns ? ROLE_NORMAL : ROLE_FAULT;
	int x = columns.rest;

	view_char(v, 2, y, role, glyph_of_fault(v->canvas->glyphs, f));
	view_text_cut(v, columns.name, y, NAME_W, text, name_or_empty(f->name));
	view_text_cut(v, columns.node, y, NODE_W, text, name_of_node(ctx->model, f->node, "-"));
	view_text_cut(v, columns.by, y, BY_W - 1, ROLE_DIM, name_or_empty(f->by));
	draw_times(v, y, f->start_ns, lasted(ctx, f->start_ns, f->end_ns));
	if (f->end_ns == 0)
		x = view_text(v, x, y, ROLE_FAULT, "in force");
	else if (f->effective)
		x = view_text(v, x, y, ROLE_DIM, "healed");
	else
		x = view_text(v, x, y, ROLE_WARN, "healed, no effect seen");
	if (*detail && x + 2 < v->w)
		view_text_cut(v, x + 2, y, v->w - x - 2, ROLE_DIM, detail);
}

static void draw_group(
	const struct pane_context *ctx, const struct link_group *g, struct view *v, int y)
{
	CLEANUP_STRBUF struct strbuf text = { 0 }, what = { 0 };

	link_group_where(ctx->model, g, v->canvas->glyphs, &text);
	link_group_what(g, &what);
	view_char(v, 2, y, ROLE_FAULT,
		g->rule.cut ? v->canvas->glyphs->link_cut : v->canvas->glyphs->approx);
	draw_times(v, y, g->rule.since_ns, lasted(ctx, g->rule.since_ns, 0));
	if (v->w >= columns.rest + WHAT_MIN_W) {
		view_text_cut(
			v, columns.rest, y, v->w - columns.rest, ROLE_FAULT, strbuf_str(&what));
	} else {
		strbuf_addf(&text, "  %s", strbuf_str(&what));
	}
	view_text_cut(v, columns.name, y, columns.at - columns.name, ROLE_FAULT, strbuf_str(&text));
}

static void draw_planned(const struct faults_state *s, const struct pane_context *ctx,
	const struct planned *p, struct view *v, int y)
{
	const struct glyphs *g = v->canvas->glyphs;
	uint64_t at = ctx->model->phases[PHASE_DRIVE].start_ns + p->at_ns;
	char buf[40];

	view_char(v, 2, y, ROLE_DIM, g->pending);
	view_text_cut(
		v, columns.name, y, columns.at - columns.name - 1, ROLE_DIM, planned_name(s, p));
	/* when a command comes is certain, when a workload finds a node to restart is not */
	snprintf(buf, sizeof(buf), "%s", p->command[0] ? "" : glyph_str(g->approx));
	size_t len = strlen(buf);

	fmt_clock_s(at, buf + len, sizeof(buf) - len);
	view_text_right(v, columns.at, y, AT_W, ROLE_NORMAL, buf);
	snprintf(buf, sizeof(buf), "in ");
	fmt_ago(at > ctx->now_ns ? at - ctx->now_ns : 0, buf + 3, sizeof(buf) - 3);
	view_text_right(v, columns.took, y, TOOK_W, ROLE_DIM, buf);
	view_text(v, columns.rest, y, ROLE_DIM, "planned");
}

static void draw_header(struct view *v)
{
	view_fill(v, 0, 0, v->w, 1, ROLE_HEADER, ' ');
	view_text(v, columns.name, 0, ROLE_HEADER, "fault");
	view_text(v, columns.node, 0, ROLE_HEADER, "node");
	view_text(v, columns.by, 0, ROLE_HEADER, "by");
	view_text_right(v, columns.at, 0, AT_W, ROLE_HEADER, "from");
	view_text_right(v, columns.took, 0, TOOK_W, ROLE_HEADER, "for");
}

static void draw_items(struct faults_state *s, const struct pane_context *ctx,
	const struct items *it, struct view *v)
{
	size_t healed[WINDOW], top = s->list.top, first = first_healed(it);
	size_t skip = top > first ? top - first : 0;
	size_t n_healed = find_healed(it->m, skip, MIN((size_t)v->h, (size_t)WINDOW), healed);

	for (int y = 0; y < v->h && top + (size_t)y < it->n; y++) {
		size_t row = top + (size_t)y, group = row - it->n_open,
		       planned = group - it->n_groups;

		if (row < it->n_open)
			draw_fault(ctx, &it->m->faults[it->open[row]], v, y);
		else if (group < it->n_groups)
			draw_group(ctx, &it->groups[group], v, y);
		else if (planned < it->n_planned)
			draw_planned(s, ctx, &s->planned.items[it->first_planned + planned], v, y);
		else if (row - first - skip < n_healed)
			draw_fault(ctx, &it->m->faults[healed[row - first - skip]], v, y);
		if (row == s->list.cursor && ctx->focused) {
			view_char(v, 0, y, ROLE_ACCENT, v->canvas->glyphs->pointer);
			view_select_row(v, y);
		}
	}
}

static void draw(void *state, const struct pane_context *ctx, struct view *v)
{
	struct faults_state *s = state;
	struct items it;

	if (v->h <= 0 || v->w <= 0)
		return;
	read_plan(s, ctx->plan);
	collect(s, ctx, &it);
	if (it.n == 0) {
		view_text_cut(v, 1, 0, v->w - 1, ROLE_DIM, "no fault so far");
		return;
	}
	int header = v->h > 2;
	struct view rows = view_sub(v, 0, header, v->w, v->h - header);

	s->list.cursor = cursor_row(s, &it);
	list_clamp(&s->list, it.n, (size_t)rows.h);
	if (header)
		draw_header(v);
	draw_items(s, ctx, &it, &rows);
}

static void status(const void *state, const struct pane_context *ctx, struct strbuf *out)
{
	const struct model *m = ctx->model;
	size_t n_open = 0;

	(void)state;
	for (size_t i = 0; i < m->n_faults; i++)
		n_open += m->faults[i].end_ns == 0;
	if (m->n_faults)
		strbuf_addf(out, "%zu in force, %zu healed", n_open, m->n_faults - n_open);
	if (m->n_links)
		strbuf_addf(out, "%s%s shaped", out->len ? ", " : "",
			name_count(m->n_links, "link", "links"));
}

/* "* pause n3 since 0:41", one after the other; or what comes next. */
static int brief(void *state, const struct pane_context *ctx, struct view *v)
{
	struct faults_state *s = state;
	const struct glyphs *g = v->canvas->glyphs;
	struct items it;
	char at[32];
	int x = 1;

	if (v->h <= 0)
		return 0;
	read_plan(s, ctx->plan);
	collect(s, ctx, &it);
	for (size_t i = 0; i < it.n_open && x < v->w; i++) {
		const struct model_fault *f = &it.m->faults[it.open[i]];

		view_char(v, x, 0, ROLE_FAULT, g->on);
		x = view_textf(v, x + 2, 0, ROLE_FAULT, "%s%s%s", name_or_empty(f->name),
			f->node >= 0 ? " " : "", name_of_node(it.m, f->node, ""));
		x = view_textf(v, x, 0, ROLE_DIM, " since %s",
			    fmt_clock_s(f->start_ns, at, sizeof(at))) +
		    3;
	}
	for (size_t i = 0; i < it.n_groups && x < v->w; i++) {
		CLEANUP_STRBUF struct strbuf text = { 0 };

		link_group_where(it.m, &it.groups[i], g, &text);
		strbuf_addc(&text, ' ');
		link_group_what(&it.groups[i], &text);
		view_char(v, x, 0, ROLE_FAULT, it.groups[i].rule.cut ? g->link_cut : g->approx);
		x = view_text_cut(v, x + 2, 0, v->w - x - 2, ROLE_FAULT, strbuf_str(&text)) + 3;
	}
	if (x > 1)
		return 1;
	if (it.n_planned == 0)
		return 0;
	const struct planned *p = &s->planned.items[it.first_planned];

	view_textf(v, 1, 0, ROLE_DIM, "next fault %s %s: %s", glyph_str(g->approx),
		fmt_clock_s(it.m->phases[PHASE_DRIVE].start_ns + p->at_ns, at, sizeof(at)),
		planned_name(s, p));
	return 1;
}

/* --- actions ------------------------------------------------------------------------------ */

static void select_row(struct faults_state *s, const struct items *it, size_t row)
{
	const struct model_fault *f = fault_in_row(it, row);

	s->list.cursor = row;
	/* the first row is where news comes: a cursor there stays there */
	s->fault = f && row > 0 ? f->id : 0;
}

static enum pane_reply act(void *state, const struct pane_context *ctx, enum action a)
{
	struct faults_state *s = state;
	struct items it;

	collect(s, ctx, &it);
	s->list.cursor = cursor_row(s, &it);
	if (a == ACTION_OPEN)
		return it.n ? PANE_DETAIL : PANE_IGNORED;
	if (!list_act(&s->list, it.n, a))
		return PANE_IGNORED;
	s->list.at_end = false;
	select_row(s, &it, s->list.cursor);
	return PANE_HANDLED;
}

static enum pane_reply click(void *state, const struct pane_context *ctx, int x, int y)
{
	struct faults_state *s = state;
	struct items it;

	(void)x;
	collect(s, ctx, &it);
	y -= s->list.rows > 1; /* the header */
	size_t row = s->list.top + (size_t)MAX(y, 0);

	if (y < 0 || (size_t)y >= s->list.rows || row >= it.n)
		return PANE_IGNORED;
	if (row == cursor_row(s, &it))
		return PANE_DETAIL;
	select_row(s, &it, row);
	return PANE_HANDLED;
}

/* --- details -------------------------------------------------------------------------------- */

#define AT 14 /* column of values */

static bool is_near(uint64_t t, uint64_t to)
{
	return to && (t > to ? t - to : to - t) <= NEAR;
}

/* What the bench said about it when it began and when it ended. */
static void add_lines(struct rich *out, const struct model *m, const struct model_fault *f)
{
	size_t n = 0;
	char at[32];

	for (size_t i = 0; m->logs && i < m->n_logs && n < NEAR_LINES; i++) {
		const struct model_log *l = &m->logs[(m->log_head + i) % MODEL_LOG_LINES];

		if (l->own || (l->node >= 0 && f->node >= 0 && l->node != f->node))
			continue;
		if (!is_near(l->t_ns, f->start_ns) && !is_near(l->t_ns, f->end_ns))
			continue;
		if (n++ == 0)
			rich_heading(out, "in the log about then");
		rich_addf(out, ROLE_DIM, "  %7s  %-4s ", fmt_clock(l->t_ns, at, sizeof(at)),
			name_of_node(m, l->node, "ltb"));
		rich_add(out, l->level >= LOG_WARN ? ROLE_WARN : ROLE_NORMAL,
			name_or_empty(l->text));
		rich_indent(out, 16);
		rich_newline(out);
	}
}

static void add_fault(const struct pane_context *ctx, const struct model_fault *f, struct rich *out)
{
	char buf[40];

	rich_field(out, AT, "state", role_of_fault(f), "%s",
		f->end_ns == 0 ? "in force"
		: f->effective ? "healed; it was seen to do something"
			       : "healed; no effect was seen");
	rich_field(out, AT, "node", ROLE_NORMAL, "%s", name_of_node(ctx->model, f->node, "-"));
	rich_field(out, AT, "by", ROLE_NORMAL, "%s", name_or_empty(f->by));
	rich_field(
		out, AT, "injected", ROLE_NORMAL, "%s", fmt_clock(f->start_ns, buf, sizeof(buf)));
	if (f->end_ns)
		rich_field(out, AT, "healed", ROLE_NORMAL, "%s",
			fmt_clock(f->end_ns, buf, sizeof(buf)));
	rich_field(out, AT, f->end_ns ? "lasted" : "for", ROLE_NORMAL, "%s",
		fmt_took(lasted(ctx, f->start_ns, f->end_ns), buf, sizeof(buf)));
	if (f->detail && *f->detail)
		rich_field(out, AT, "detail", ROLE_NORMAL, "%s", f->detail);
	add_lines(out, ctx->model, f);
}

static void add_group(const struct pane_context *ctx, const struct link_group *g, struct rich *out)
{
	const struct model *m = ctx->model;
	CLEANUP_STRBUF struct strbuf text = { 0 };
	size_t n = 0;
	char at[32];

	link_group_what(g, &text);
	rich_field(out, AT, "what", ROLE_FAULT, "%s", strbuf_str(&text));
	strbuf_clear(&text);
	link_group_where(m, g, &glyphs_ascii, &text);
	rich_field(out, AT, "where", ROLE_NORMAL, "%s", strbuf_str(&text));
	rich_field(
		out, AT, "since", ROLE_NORMAL, "%s", fmt_clock(g->rule.since_ns, at, sizeof(at)));
	rich_heading(out, "links, one way each");
	for (size_t i = 0; i < MIN(m->n_links, (size_t)LINK_GROUP_MAX) && n < 200; i++) {
		if (!link_group_has(g, &m->links[i]))
			continue;
		rich_addf(out, ROLE_NORMAL, "  %s -> %s",
			name_of_node(m, (int)m->links[i].from, "-"),
			name_of_node(m, (int)m->links[i].to, "-"));
		rich_newline(out);
		n++;
	}
	if (g->n > n) {
		rich_addf(out, ROLE_DIM, "  ... and %zu more", g->n - n);
		rich_newline(out);
	}
}

static void add_planned(const struct faults_state *s, const struct pane_context *ctx,
	const struct items *it, struct rich *out)
{
	uint64_t start = ctx->model->phases[PHASE_DRIVE].start_ns;
	char at[32];

	for (size_t i = it->first_planned; i < s->planned.len; i++) {
		const struct planned *p = &s->planned.items[i];

		if (i == it->first_planned + PLANNED_LINES) {
			rich_addf(out, ROLE_DIM, "  ... and %zu more", s->planned.len - i);
			rich_newline(out);
			return;
		}
		rich_field(out, AT, fmt_clock(start + p->at_ns, at, sizeof(at)), ROLE_NORMAL, "%s",
			planned_name(s, p));
	}
}

static bool detail(const void *state, const struct pane_context *ctx, char *ret_title,
	size_t title_size, struct rich *out)
{
	const struct faults_state *s = state;
	struct items it;

	collect(s, ctx, &it);
	if (it.n == 0)
		return false;
	size_t row = cursor_row(s, &it);
	const struct model_fault *f = fault_in_row(&it, row);

	if (f) {
		snprintf(ret_title, title_size, "fault %llu: %s", (unsigned long long)f->id,
			name_or_empty(f->name));
		add_fault(ctx, f, out);
	} else if (row - it.n_open < it.n_groups) {
		snprintf(ret_title, title_size, "links");
		add_group(ctx, &it.groups[row - it.n_open], out);
	} else {
		snprintf(ret_title, title_size, "what comes next by plan");
		add_planned(s, ctx, &it, out);
	}
	return true;
}

static void release(void *state)
{
	struct faults_state *s = state;

	vec_free(&s->planned);
}

const struct pane_ops pane_faults = {
	.id = PANE_FAULTS,
	.title = "faults",
	.state_size = sizeof(struct faults_state),
	.init = pane_no_init,
	.status = status,
	.draw = draw,
	.brief = brief,
	.act = act,
	.click = click,
	.search = pane_no_search,
	.detail = detail,
	.release = release,
};
