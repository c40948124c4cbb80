/*
 * The merged log: what nodes wrote and what the bench did, in one list that
 * follows its end until the viewer scrolls. Lines are known by their number
 * since the start of the run, so that the view stands still while the ring of
 * remembered lines rolls on. Filtered by nodes and level, searched.
 */
#include <stdio.h>
#include <string.h>

#include "ui/chars.h"
#include "ui/pane.h"
#include "ui/pane_names.h"
#include "util/log.h"
#include "util/mem.h"

#define SCROLL_STEP 8  /* columns */
#define AROUND      10 /* lines of the same node before and after the one in the detail view */
#define NARROW      44 /* columns below which there are no times */
#define SHOWN_NODES 4  /* named in the status */

struct log_state {
	bool stopped;    /* the viewer has scrolled: no longer at the end */
	uint64_t cursor; /* number of a line; of no meaning while following */
	uint64_t top;    /* number of the first line shown */
	uint64_t seen;   /* lines from this number on came after the viewer stopped */
	int rows, left;  /* visible rows, columns scrolled to the right */
	int min_level;   /* enum log_level */
	bool by_node;    /* only lines of these: */
	bool nodes[TOPOLOGY_MAX_NODES];
	char search[80];
	bool match[MODEL_LOG_LINES];   /* by line number modulo */
	uint64_t match_from, match_to; /* numbers of which that is known */
	size_t n_matches;              /* among the lines that pass the filter */
};

/* Lines that pass the filter, oldest first, as places in the ring from its oldest line. */
struct passing {
	const struct model *m;
	uint64_t first; /* number of the oldest line in the ring */
	size_t n;
	uint16_t at[MODEL_LOG_LINES];
};

static const struct model_log *line_at(const struct model *m, size_t i)
{
	return &m->logs[(m->log_head + i) % MODEL_LOG_LINES];
}

static size_t n_lines(const struct model *m)
{
	return m->logs ? MIN(m->n_logs, (size_t)MODEL_LOG_LINES) : 0;
}

static uint64_t first_number(const struct model *m)
{
	return m->n_log_total > n_lines(m) ? m->n_log_total - n_lines(m) : 0;
}

static bool passes(const struct log_state *s, const struct model_log *l)
{
	if (l->level < s->min_level)
		return false;
	return !s->by_node || (l->node >= 0 && l->node < TOPOLOGY_MAX_NODES && s->nodes[l->node]);
}

static void collect(const struct log_state *s, const struct model *m, struct passing *ret)
{
	size_t n = n_lines(m);

	ret->m = m;
	ret->first = first_number(m);
	ret->n = 0;
	for (size_t i = 0; i < n; i++) {
		if (passes(s, line_at(m, i)))
			ret->at[ret->n++] = (uint16_t)i;
	}
}

static const struct model_log *passing_line(const struct passing *p, size_t pos)
{
	return line_at(p->m, p->at[pos]);
}

static uint64_t number_of(const struct passing *p, size_t pos)
{
	return p->first + p->at[pos];
}

/* How many of the lines have a number below this one. */
static size_t count_before(const struct passing *p, uint64_t number)
{
	size_t low = 0, high = p->n;

	while (low < high) {
		size_t mid = (low + high) / 2;
		if (number_of(p, mid) < number)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Position of a line, or of the nearest one before it that passes the filter. */
static size_t position_of(const struct passing *p, uint64_t number)
{
	size_t before = count_before(p, number);

	if (before < p->n && number_of(p, before) == number)
		return before;
	return before ? before - 1 : 0;
}

static size_t cursor_position(const struct log_state *s, const struct passing *p)
{
	return s->stopped ? position_of(p, s->cursor) : (p->n ? p->n - 1 : 0);
}

/* --- searching ----------------------------------------------------------------------- */

static bool is_match(const struct log_state *s, uint64_t number)
{
	return s->search[0] && s->match[number % MODEL_LOG_LINES];
}

/* Looks at the lines that have come since the last time, or at all of them when time went back. */
static void update_matches(struct log_state *s, const struct model *m)
{
	uint64_t first = first_number(m), end = first + n_lines(m);

	if (!s->search[0])
		return;
	if (end < s->match_to || first < s->match_from)
		s->match_to = 0;
	for (uint64_t i = MAX(s->match_to, first); i < end; i++) {
		const char *text = name_or_empty(line_at(m, (size_t)(i - first))->text);
		s->match[i % MODEL_LOG_LINES] = strcasestr(text, s->search) != NULL;
	}
	s->match_from = first;
	s->match_to = end;
}

static size_t count_matches(const struct log_state *s, const struct passing *p)
{
	size_t n = 0;

	for (size_t i = 0; s->search[0] && i < p->n; i++)
		n += is_match(s, number_of(p, i));
	return n;
}

static void stop_at(struct log_state *s, const struct passing *p, size_t pos)
{
	if (!s->stopped)
		s->seen = p->first + n_lines(p->m);
	s->stopped = true;
	s->cursor = number_of(p, pos);
}

/* A line that is not on the screen comes into its middle. */
static void center(struct log_state *s, const struct passing *p, size_t pos)
{
	size_t top = count_before(p, s->top), rows = (size_t)MAX(s->rows, 0);

	if (pos < top || pos >= top + rows)
		s->top = number_of(p, pos - MIN(pos, rows / 2));
}

/* From the cursor on in a direction, around the ends; false when there is no match at all. */
static bool go_to_match(struct log_state *s, const struct passing *p, bool forward, bool stay)
{
	size_t at = cursor_position(s, p);

	for (size_t i = stay ? 0 : 1; i <= p->n; i++) {
		size_t pos = (forward ? at + i : at + 2 * p->n - i) % MAX(p->n, 1u);
		if (pos < p->n && is_match(s, number_of(p, pos))) {
			stop_at(s, p, pos);
			center(s, p, pos);
			return true;
		}
	}
	return false;
}

static size_t search(void *state, const struct pane_context *ctx, const char *text)
{
	struct log_state *s = state;
	struct passing p;

	snprintf(s->search, sizeof(s->search), "%s", text);
	s->match_from = s->match_to = 0;
	update_matches(s, ctx->model);
	collect(s, ctx->model, &p);
	s->n_matches = count_matches(s, &p);
	if (s->n_matches)
		go_to_match(s, &p, false, true);
	return s->n_matches;
}

/* --- drawing ---------------------------------------------------------------------------- */

static enum role role_of_level(int level)
{
	return level >= LOG_ERROR  ? ROLE_BAD
	       : level == LOG_WARN ? ROLE_WARN
	       : level == LOG_INFO ? ROLE_NORMAL
				   : ROLE_DIM;
}

static uint32_t glyph_of_level(const struct glyphs *g, int level)
{
	return level >= LOG_ERROR  ? g->fail
	       : level == LOG_WARN ? '!'
	       : level == LOG_INFO ? ' '
				   : g->middle_dot;
}

static void draw_text(
	struct view *v, int x, int y, enum role role, const char *text, const char *search)
{
	size_t len = strlen(search);
	const char *hit = len ? strcasestr(text, search) : NULL, *at = text;
	int width, left = x;
	uint32_t ch;

	while (x < v->w && (ch = chars_next(&text, &width))) {
		if (hit && at >= hit + len)
			hit = strcasestr(at, search);
		view_char(v, x, y, hit && at >= hit ? ROLE_MATCH : role, ch);
		x += width;
		at = text;
	}
	if (*text)
		view_char(v, v->w - 1, y, ROLE_DIM, v->canvas->glyphs->cut);
	if (left < 0)
		view_char(v, 0, y, ROLE_DIM, v->canvas->glyphs->cut);
}

struct columns {
	int clock, node; /* widths; clock 0: none */
};

static void draw_line(const struct log_state *s, const struct passing *p, size_t pos,
	const struct columns *c, struct view *v, int y)
{
	const struct model_log *l = passing_line(p, pos);
	const char *name = name_of_node(p->m, l->node, "ltb");
	enum role role = role_of_level(l->level);
	int x = 0;
	char buf[32];

	if (c->clock) {
		view_text_right(v, 0, y, c->clock, ROLE_DIM, fmt_clock(l->t_ns, buf, sizeof(buf)));
		x = c->clock + 1;
	}
	view_text_cut(v, x, y, c->node, l->own ? ROLE_DIM : ROLE_ACCENT, name);
	x += c->node + 1;
	view_char(v, x, y, role, glyph_of_level(v->canvas->glyphs, l->level));
	x += 2;
	struct view text = view_sub(v, x, y, v->w - x, 1);

	draw_text(&text, -s->left, 0, role, name_or_empty(l->text), s->search);
}

/* Scrolled to the right no further than the longest visible line. */
static void clamp_left(struct log_state *s, const struct passing *p, size_t top, int width)
{
	int longest = 0;

	for (size_t i = top; s->left > 0 && i < p->n && i < top + (size_t)s->rows; i++)
		longest = MAX(longest, text_width(name_or_empty(passing_line(p, i)->text)));
	s->left = MAX(0, MIN(s->left, longest - MAX(width, 1)));
}

/* The first line to be shown, such that the cursor's is. */
static size_t place_top(struct log_state *s, const struct passing *p, size_t rows)
{
	size_t cursor = cursor_position(s, p), last = p->n > rows ? p->n - rows : 0;

	if (!s->stopped)
		return last;
	size_t top = MIN(count_before(p, s->top), last);

	if (top > cursor)
		top = cursor;
	if (cursor - top >= rows)
		top = cursor - rows + 1;
	return top;
}

static struct columns make_columns(const struct model *m, const struct view *v)
{
	char buf[32];
	struct columns c = { .node = 3 };

	if (v->w >= NARROW)
		c.clock = MAX(6, text_width(fmt_clock(m->now_ns, buf, sizeof(buf))));
	if (m->n_nodes > 0)
		c.node = MAX(3, text_width(m->nodes[m->n_nodes - 1].name));
	return c;
}

static void draw(void *state, const struct pane_context *ctx, struct view *v)
{
	struct log_state *s = state;
	struct passing p;

	s->rows = v->h;
	if (v->h <= 0 || v->w <= 0)
		return;
	update_matches(s, ctx->model);
	collect(s, ctx->model, &p);
	s->n_matches = count_matches(s, &p);
	if (p.n == 0) {
		view_text_cut(v, 1, 0, v->w - 1, ROLE_DIM,
			n_lines(ctx->model) ? "no line passes the filter" : "nothing yet");
		return;
	}
	struct columns c = make_columns(ctx->model, v);
	size_t top = place_top(s, &p, (size_t)v->h), cursor = cursor_position(s, &p);

	clamp_left(s, &p, top, v->w - c.clock - c.node - 4);
	for (int y = 0; y < v->h && top + (size_t)y < p.n; y++) {
		draw_line(s, &p, top + (size_t)y, &c, v, y);
		if (s->stopped && ctx->focused && top + (size_t)y == cursor)
			view_select_row(v, y);
	}
	s->top = number_of(&p, top);
	if (s->stopped) {
		size_t bottom = MIN(top + (size_t)v->h, p.n) - 1;
		s->cursor = number_of(&p, cursor);
		s->seen = MAX(s->seen, number_of(&p, bottom) + 1);
	}
}

static void add_nodes(const struct log_state *s, const struct model *m, struct strbuf *out)
{
	unsigned n = 0;

	for (int i = 0; i < TOPOLOGY_MAX_NODES; i++) {
		if (s->nodes[i] && n++ < SHOWN_NODES)
			strbuf_addf(out, "%s%s", n > 1 ? " " : "only ", name_of_node(m, i, ""));
	}
	if (n > SHOWN_NODES)
		strbuf_addf(out, " and %u more", n - SHOWN_NODES);
}

static void status(const void *state, const struct pane_context *ctx, struct strbuf *out)
{
	const struct log_state *s = state;
	struct passing p;

	if (s->by_node)
		add_nodes(s, ctx->model, out);
	else
		strbuf_adds(out, "all nodes");
	if (s->min_level <= LOG_TRACE)
		strbuf_adds(out, ", all levels");
	else if (s->min_level >= LOG_ERROR)
		strbuf_adds(out, ", errors");
	else
		strbuf_addf(out, ", %s and above", log_level_name((enum log_level)s->min_level));
	if (s->search[0])
		strbuf_addf(out, ", %s", name_count(s->n_matches, "match", "matches"));
	if (!s->stopped)
		return;
	collect(s, ctx->model, &p);
	size_t fresh = p.n - count_before(&p, s->seen);

	if (fresh)
		strbuf_addf(out, ", %s below", name_count(fresh, "new", "new"));
	else
		strbuf_adds(out, ", scrolled");
}

static int brief(void *state, const struct pane_context *ctx, struct view *v)
{
	struct log_state plain = { .min_level = LOG_INFO };
	struct passing p;

	(void)state;
	collect(&plain, ctx->model, &p);
	int rows = MIN(MIN(v->h, 2), (int)p.n);
	struct columns c = make_columns(ctx->model, v);

	for (int y = 0; y < rows; y++)
		draw_line(&plain, &p, p.n - (size_t)(rows - y), &c, v, y);
	return MAX(rows, 0);
}

/* --- actions ------------------------------------------------------------------------------ */

static bool move(struct log_state *s, const struct passing *p, enum action a)
{
	size_t at = cursor_position(s, p), last = p->n - 1;
	size_t page = s->rows > 1 ? (size_t)s->rows - 1 : 1, top = count_before(p, s->top);

	switch (a) {
	case ACTION_UP:
		at -= at > 0;
		break;
	case ACTION_DOWN:
		at += at < last;
		break;
	case ACTION_PAGE_UP:
		at -= MIN(page, at);
		top -= MIN(page, top);
		break;
	case ACTION_PAGE_DOWN:
		at += MIN(page, last - at);
		top += page;
		break;
	case ACTION_FIRST:
		at = 0;
		break;
	default:
		return false;
	}
	if (!s->stopped && at == last)
		return true; /* down at the end: goes on following */
	stop_at(s, p, at);
	s->top = number_of(p, MIN(top, last));
	return true;
}

static void toggle_nodes(struct log_state *s, const struct selection *sel)
{
	s->by_node = !s->by_node;
	if (!s->by_node)
		return;
	memset(s->nodes, 0, sizeof(s->nodes));
	if (sel->n_marked)
		memcpy(s->nodes, sel->marked, sizeof(s->nodes));
	else if (sel->node < TOPOLOGY_MAX_NODES)
		s->nodes[sel->node] = true;
}

static int next_level(int level)
{
	return level == LOG_TRACE ? LOG_INFO : level >= LOG_ERROR ? LOG_TRACE : level + 1;
}

static enum pane_reply scroll(struct log_state *s, int by)
{
	s->left = MAX(0, MIN(s->left, CANVAS_MAX_TEXT) + by);
	return PANE_HANDLED;
}

static enum pane_reply act(void *state, const struct pane_context *ctx, enum action a)
{
	struct log_state *s = state;
	struct passing p;

	switch (a) {
	case ACTION_LEFT:
		return scroll(s, -SCROLL_STEP);
	case ACTION_RIGHT:
		return scroll(s, SCROLL_STEP);
	case ACTION_LAST:
		s->stopped = false;
		return PANE_HANDLED;
	case ACTION_FILTER_NODE:
		toggle_nodes(s, ctx->selection);
		return PANE_HANDLED;
	case ACTION_FILTER_LEVEL:
		s->min_level = next_level(s->min_level);
		return PANE_HANDLED;
	case ACTION_BACK:
		if (s->left == 0)
			return PANE_IGNORED;
		s->left = 0;
		return PANE_HANDLED;
	default:
		break;
	}
	collect(s, ctx->model, &p);
	if (p.n == 0)
		return PANE_IGNORED;
	if (a == ACTION_OPEN)
		return PANE_DETAIL;
	if (a == ACTION_NEXT_MATCH || a == ACTION_PREV_MATCH) {
		update_matches(s, ctx->model);
		return go_to_match(s, &p, a == ACTION_NEXT_MATCH, false) ? PANE_HANDLED
									 : PANE_IGNORED;
	}
	return move(s, &p, a) ? PANE_HANDLED : PANE_IGNORED;
}

static enum pane_reply click(void *state, const struct pane_context *ctx, int x, int y)
{
	struct log_state *s = state;
	struct passing p;

	(void)x;
	collect(s, ctx->model, &p);
	size_t pos = count_before(&p, s->top) + (size_t)MAX(y, 0);

	if (y < 0 || y >= s->rows || pos >= p.n)
		return PANE_IGNORED;
	if (s->stopped && number_of(&p, pos) == s->cursor)
		return PANE_DETAIL;
	stop_at(s, &p, pos);
	return PANE_HANDLED;
}

/* --- details -------------------------------------------------------------------------------- */

static void add_around(struct rich *out, const struct model *m, size_t at)
{
	const struct model_log *line = line_at(m, at);
	size_t n = n_lines(m), from = at, to = at;
	char buf[32];

	for (size_t found = 0; from > 0 && found < AROUND;)
		found += line_at(m, --from)->node == line->node;
	for (size_t found = 0; to + 1 < n && found < AROUND;)
		found += line_at(m, ++to)->node == line->node;
	for (size_t i = from; i <= to; i++) {
		const struct model_log *l = line_at(m, i);

		if (l->node != line->node)
			continue;
		rich_addf(out, ROLE_DIM, "%c %7s  ", i == at ? '>' : ' ',
			fmt_clock(l->t_ns, buf, sizeof(buf)));
		rich_add(out, i == at ? ROLE_STRONG : role_of_level(l->level),
			name_or_empty(l->text));
		rich_indent(out, 11);
		rich_newline(out);
	}
}

static bool detail(const void *state, const struct pane_context *ctx, char *ret_title,
	size_t title_size, struct rich *out)
{
	const struct log_state *s = state;
	const struct model *m = ctx->model;
	struct passing p;
	char buf[40];

	collect(s, m, &p);
	if (p.n == 0)
		return false;
	size_t pos = cursor_position(s, &p);
	const struct model_log *l = passing_line(&p, pos);
	const char *name = name_of_node(m, l->node, "ltb");

	snprintf(ret_title, title_size, "log line %s",
		fmt_count(number_of(&p, pos) + 1, buf, sizeof(buf)));
	rich_field(out, 10, "time", ROLE_NORMAL, "%s", fmt_clock(l->t_ns, buf, sizeof(buf)));
	rich_field(out, 10, "from", ROLE_NORMAL, "%s%s", name,
		l->own || l->node < 0 ? "" : ", told by the bench");
	rich_field(out, 10, "level", role_of_level(l->level), "%s",
		log_level_name((enum log_level)MAX(LOG_TRACE, MIN(l->level, (int)LOG_ERROR))));
	rich_newline(out);
	rich_add(out, ROLE_STRONG, name_or_empty(l->text));
	rich_newline(out);
	snprintf(buf, sizeof(buf), "around it, %s", name);
	rich_heading(out, buf);
	add_around(out, m, p.at[pos]);
	return true;
}

static void init(void *state)
{
	struct log_state *s = state;

	s->min_level = LOG_INFO;
}

const struct pane_ops pane_log = {
	.id = PANE_LOG,
	.title = "log",
	.state_size = sizeof(struct log_state),
	.init = init,
	.status = status,
	.draw = draw,
	.brief = brief,
	.act = act,
	.click = click,
	.search = search,
	.detail = detail,
	.release = pane_no_release,
};
