/*
 * The nodes: one row each, in columns that come as the width allows, most
 * important first. What is as usual is dim; what is not stands out, with the
 * reason. The cursor is a node, not a row: sorting takes it along. Main thread.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ui/node_detail.h"
#include "ui/node_view.h"
#include "ui/pane.h"
#include "util/mem.h"
#include "util/units.h"

enum sort { SORT_INDEX, SORT_HEIGHT, SORT_LAG, SORT_CPU, SORT_MEMORY, SORT_RESTARTS, SORT_COUNT };

/* In the order in which they stand. */
enum column {
	COL_NODE,
	COL_STATE,
	COL_MODE,
	COL_HEIGHT,
	COL_LAG,
	COL_SLOT,
	COL_LIB,
	COL_TIP,
	COL_PEERS,
	COL_MEMPOOL,
	COL_CPU,
	COL_MEMORY,
	COL_IN,
	COL_OUT,
	COL_RESTARTS,
	COL_COUNT
};

static const struct column_info {
	const char *title;
	int width;
	int rank; /* shown before those of higher rank */
	bool right;
	enum sort sort;
} columns[COL_COUNT] = {
	[COL_NODE] = { "node", 5, 0, false, SORT_INDEX },
	[COL_STATE] = { "state", 10, 1, false, SORT_COUNT },
	[COL_HEIGHT] = { "height", 7, 2, true, SORT_HEIGHT },
	[COL_LAG] = { "lag", 5, 3, true, SORT_LAG },
	[COL_PEERS] = { "peers", 5, 4, true, SORT_COUNT },
	[COL_MEMPOOL] = { "mempool", 7, 5, true, SORT_COUNT },
	[COL_CPU] = { "cpu", 5, 6, true, SORT_CPU },
	[COL_MEMORY] = { "mem", 6, 7, true, SORT_MEMORY },
	[COL_RESTARTS] = { "restarts", 9, 8, true, SORT_RESTARTS },
	[COL_LIB] = { "LIB slot", 8, 9, true, SORT_COUNT },
	[COL_IN] = { "in", 8, 10, true, SORT_COUNT },
	[COL_OUT] = { "out", 8, 11, true, SORT_COUNT },
	[COL_TIP] = { "tip", 8, 12, false, SORT_COUNT },
	[COL_SLOT] = { "slot", 8, 13, true, SORT_COUNT },
	[COL_MODE] = { "mode", 13, 14, false, SORT_COUNT },
};

#define GUTTER   2  /* pointer and mark before the first column */
#define GAP      2  /* between columns */
#define NOTE_MIN 26 /* a column for reasons pays from this width on */
#define TEXT_MIN 20 /* less of a reason than this says nothing */
#define LAG_MUCH 3

struct order {
	uint64_t key;
	unsigned node;
};

struct nodes_state {
	struct list list;
	enum sort sort;
	char search[80];
	struct order *order; /* rows of the last act or draw */
	size_t n_order, cap_order;
};

/* Where columns stand at a width; x < 0: not shown. */
struct columns_at {
	int x[COL_COUNT];
	int note_x, note_w; /* note_w 0: none */
	int text_x;         /* from here on a text may replace the numbers of a row */
};

static void place_columns(int width, struct columns_at *ret)
{
	bool shown[COL_COUNT] = { false };
	int used = GUTTER, x = GUTTER;

	for (int rank = 0; rank < COL_COUNT; rank++) {
		int c = 0;

		while (columns[c].rank != rank)
			c++;
		int need = columns[c].width + (rank > 0 ? GAP : 0);
		if (rank > 1 && used + need > width)
			break;
		used += need;
		shown[c] = true;
	}
	ret->text_x = 0;
	for (int c = 0; c < COL_COUNT; c++) {
		ret->x[c] = shown[c] ? x : -1;
		if (!shown[c])
			continue;
		if (c == COL_PEERS)
			ret->text_x = x;
		x += columns[c].width + GAP;
	}
	if (ret->text_x == 0)
		ret->text_x = x;
	if (width - ret->text_x < TEXT_MIN && ret->x[COL_HEIGHT] >= 0)
		ret->text_x = ret->x[COL_HEIGHT];
	ret->note_x = x;
	ret->note_w = width - x >= NOTE_MIN ? width - x : 0;
}

/* --- order ----------------------------------------------------------------------- */

/* Greater comes first. */
static uint64_t sort_key(const struct model_node *n, enum sort sort)
{
	switch (sort) {
	case SORT_HEIGHT:
		return n->height;
	case SORT_LAG:
		return UINT64_MAX - n->height;
	case SORT_CPU:
		return node_has_numbers(n) && n->cpu > 0 ? (uint64_t)(MIN(n->cpu, 1e6) * 1e6) : 0;
	case SORT_MEMORY:
		return n->rss_bytes;
	case SORT_RESTARTS:
		return n->restarts;
	case SORT_INDEX:
	case SORT_COUNT:
		break;
	}
	return 0;
}

static int compare_order(const void *a, const void *b)
{
	const struct order *x = a, *y = b;

	if (x->key != y->key)
		return x->key > y->key ? -1 : 1;
	return x->node < y->node ? -1 : x->node > y->node;
}

/* Makes the rows; the list's cursor is where the selected node is. */
static void make_order(struct nodes_state *s, const struct pane_context *ctx)
{
	const struct model *m = ctx->model;
	size_t n = m->n_nodes;

	if (n > s->cap_order) {
		s->order = xrealloc_array(s->order, n, sizeof(*s->order));
		s->cap_order = n;
	}
	s->n_order = n;
	for (size_t i = 0; i < n; i++)
		s->order[i] = (struct order){ sort_key(&m->nodes[i], s->sort), (unsigned)i };
	if (n > 0 && s->sort != SORT_INDEX)
		qsort(s->order, n, sizeof(*s->order), compare_order);
	if (n > 0 && ctx->selection->node >= n)
		ctx->selection->node = (unsigned)n - 1;
	s->list.cursor = 0;
	for (size_t i = 0; i < n; i++) {
		if (s->order[i].node == ctx->selection->node)
			s->list.cursor = i;
	}
	s->list.at_end = false;
}

static void select_row(struct nodes_state *s, const struct pane_context *ctx, size_t row)
{
	s->list.cursor = row;
	if (row < s->n_order)
		ctx->selection->node = s->order[row].node;
}

/* --- drawing --------------------------------------------------------------------- */

static bool is_match(const struct nodes_state *s, const struct model_node *n)
{
	return text_has(n->name, s->search) || text_has(node_state_name(n->state), s->search);
}

static void draw_header(const struct nodes_state *s, struct view *v, const struct columns_at *at)
{
	view_fill(v, 0, 0, v->w, 1, ROLE_HEADER, ' ');
	for (int c = 0; c < COL_COUNT; c++) {
		char title[32];
		bool sorted = columns[c].sort == s->sort && s->sort != SORT_INDEX;

		if (at->x[c] < 0)
			continue;
		snprintf(title, sizeof(title), "%s%s", columns[c].title,
			sorted ? glyph_str(v->canvas->glyphs->down) : "");
		if (columns[c].right)
			view_text_right(v, at->x[c], 0, columns[c].width, ROLE_HEADER, title);
		else
			view_text_cut(v, at->x[c], 0, columns[c].width, ROLE_HEADER, title);
	}
	if (at->note_w > 0)
		view_text(v, at->note_x, 0, ROLE_HEADER, "note");
}

static enum role role_of_lag(uint64_t lag)
{
	if (lag > 3 * LAG_MUCH)
		return ROLE_BAD;
	return lag > LAG_MUCH ? ROLE_WARN : lag > 0 ? ROLE_NORMAL : ROLE_DIM;
}

static enum role cell_numbers(
	enum column c, const struct model_node *n, uint64_t lag, char *buf, size_t size)
{
	switch (c) {
	case COL_HEIGHT:
		snprintf(buf, size, "%" PRIu64, n->height);
		return ROLE_NORMAL;
	case COL_LAG:
		snprintf(buf, size, "%" PRIu64, lag);
		return role_of_lag(lag);
	case COL_SLOT:
		snprintf(buf, size, "%" PRIu64, n->slot);
		return ROLE_DIM;
	case COL_LIB:
		snprintf(buf, size, "%" PRIu64, n->lib_slot);
		return ROLE_DIM;
	case COL_TIP:
		fmt_id(&n->tip, buf, size);
		return ROLE_DIM;
	case COL_PEERS:
		snprintf(buf, size, "%" PRIu64, n->peers);
		return n->peers > 0 ? ROLE_NORMAL : ROLE_WARN;
	case COL_MEMPOOL:
		snprintf(buf, size, "%" PRIu64, n->mempool);
		return n->mempool > 0 ? ROLE_NORMAL : ROLE_DIM;
	default:
		buf[0] = '\0';
		return ROLE_NORMAL;
	}
}

static enum role cell_process(enum column c, const struct model_node *n, char *buf, size_t size)
{
	char bytes[24];

	switch (c) {
	case COL_CPU:
		snprintf(buf, size, n->cpu < 0 ? "-" : "%.0f %%", MIN(n->cpu, 9.99) * 100);
		return n->cpu > 0.9 ? ROLE_WARN : ROLE_NORMAL;
	case COL_MEMORY:
		if (n->rss_bytes == 0)
			snprintf(buf, size, "-");
		else
			fmt_bytes(n->rss_bytes, buf, size);
		return ROLE_NORMAL;
	case COL_IN:
	case COL_OUT:
		if (n->has_traffic)
			snprintf(buf, size, "%s/s",
				fmt_bytes((uint64_t)MAX(c == COL_IN ? n->in_rate : n->out_rate, 0),
					bytes, sizeof(bytes)));
		else
			snprintf(buf, size, "-");
		return ROLE_DIM;
	case COL_RESTARTS:
		snprintf(buf, size, "%u", n->restarts);
		return n->restarts > 0 ? ROLE_NORMAL : ROLE_DIM;
	default:
		buf[0] = '\0';
		return ROLE_NORMAL;
	}
}

static bool is_last_known(enum column c)
{
	return c >= COL_HEIGHT && c <= COL_TIP;
}

static void draw_cells(struct view *v, int y, const struct columns_at *at,
	const struct model_node *n, uint64_t lag, bool spanned)
{
	bool live = node_has_numbers(n);

	for (int c = COL_MODE; c < COL_COUNT; c++) {
		char buf[40] = "";
		enum role role;

		if (at->x[c] < 0 || (spanned && at->x[c] >= at->text_x))
			continue;
		if (c == COL_MODE) {
			snprintf(buf, sizeof(buf), "%s", live ? n->mode : "");
			role = strcmp(n->mode, "Online") == 0 ? ROLE_DIM : ROLE_WARN;
		} else if (c < COL_CPU) {
			role = cell_numbers((enum column)c, n, lag, buf, sizeof(buf));
		} else {
			role = cell_process((enum column)c, n, buf, sizeof(buf));
		}
		if (!live && c != COL_RESTARTS) {
			if (!is_last_known((enum column)c) || !n->has_sample)
				snprintf(buf, sizeof(buf), "%s", c == COL_MODE ? "" : "-");
			role = ROLE_DIM;
		}
		if (columns[c].right)
			view_text_right(v, at->x[c], y, columns[c].width, role, buf);
		else
			view_text_cut(v, at->x[c], y, columns[c].width, role, buf);
	}
}

/* Glyph and word, and a sign when something is done to it on purpose. */
static void draw_state(struct view *v, int y, int x, const struct model_node *n, bool fault)
{
	enum role role = role_of_node(n->state);

	view_char(v, x, y, role, glyph_of_node(v->canvas->glyphs, n->state));
	int end = view_text_cut(
		v, x + 2, y, columns[COL_STATE].width - 2, role, node_state_name(n->state));
	if (fault)
		view_char(v, end, y, ROLE_FAULT, '!');
}

/* What all rows of one drawing need. */
struct frame {
	const struct pane_context *ctx;
	const struct nodes_state *state;
	struct columns_at at;
	uint64_t best;
	const struct node_facts *facts;
};

static void draw_node(const struct frame *f, struct view *v, int y, size_t i)
{
	const struct pane_context *ctx = f->ctx;
	const struct columns_at *at = &f->at;
	const struct model_node *n = &ctx->model->nodes[i];
	const struct node_facts *facts = &f->facts[i];
	const struct glyphs *g = v->canvas->glyphs;
	char note[300];
	enum role role = node_note(n, facts, ctx->now_ns, note, sizeof(note));
	bool spanned = note[0] && !node_has_numbers(n) && at->note_w == 0;

	if (i == ctx->selection->node)
		view_char(v, 0, y, ROLE_ACCENT, g->pointer);
	if (i < TOPOLOGY_MAX_NODES && ctx->selection->marked[i])
		view_char(v, 1, y, ROLE_ACCENT, g->mark);
	view_text_cut(v, at->x[COL_NODE], y, columns[COL_NODE].width,
		is_match(f->state, n) ? ROLE_MATCH : ROLE_STRONG, n->name);
	draw_state(v, y, at->x[COL_STATE], n, facts->fault || facts->cut || facts->shaped);
	draw_cells(v, y, at, n, node_lag(n, f->best), spanned);
	if (spanned)
		view_text_cut(v, at->text_x, y, v->w - at->text_x, role, note);
	else if (at->note_w > 0)
		view_text_cut(v, at->note_x, y, at->note_w, role, note);
	if (i == ctx->selection->node && ctx->focused)
		view_select_row(v, y);
}

static void nodes_draw(void *state, const struct pane_context *ctx, struct view *v)
{
	struct nodes_state *s = state;
	struct frame f = { .ctx = ctx, .state = s, .best = model_height(ctx->model, NULL) };

	make_order(s, ctx);
	list_clamp(&s->list, s->n_order, v->h > 1 ? (size_t)v->h - 1 : 0);
	if (v->w <= 0 || v->h <= 0)
		return;
	place_columns(v->w, &f.at);
	draw_header(s, v, &f.at);
	if (s->n_order == 0)
		view_text_cut(v, GUTTER, 1, v->w - GUTTER, ROLE_DIM, "no nodes yet");
	CLEANUP_FREE struct node_facts *facts = node_facts(ctx->model);
	f.facts = facts;
	for (size_t row = 0; row < s->list.rows && s->list.top + row < s->n_order; row++)
		draw_node(&f, v, (int)row + 1, s->order[s->list.top + row].node);
}

static void count_states(const struct model *m, size_t ret[NODE_STATE_COUNT])
{
	memset(ret, 0, NODE_STATE_COUNT * sizeof(*ret));
	for (size_t i = 0; i < m->n_nodes; i++)
		ret[m->nodes[i].state]++;
	ret[NODE_UP] += ret[NODE_READY];
	ret[NODE_READY] = 0;
}

static void nodes_status(const void *state, const struct pane_context *ctx, struct strbuf *out)
{
	static const enum node_state order[] = { NODE_UP, NODE_STARTING, NODE_PAUSED, NODE_STOPPED,
		NODE_DEAD, NODE_PLANNED, NODE_REMOVED };
	size_t counts[NODE_STATE_COUNT];

	(void)state;
	count_states(ctx->model, counts);
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		if (counts[order[i]] > 0)
			strbuf_addf(out, "%s%zu %s", out->len > 0 ? ", " : "", counts[order[i]],
				node_state_name(order[i]));
	}
	if (ctx->selection->n_marked > 0)
		strbuf_addf(out, ", %u marked", ctx->selection->n_marked);
}

/* How much a node is to be looked at, 0 most; -1: it is as the others are. */
static int urgency(
	const struct model_node *n, const struct node_facts *facts, enum role role, uint64_t lag)
{
	if (role == ROLE_BAD || (node_has_numbers(n) && lag > 3 * LAG_MUCH))
		return 0;
	if (role == ROLE_WARN || (node_has_numbers(n) && lag > LAG_MUCH))
		return 1;
	if (facts->fault)
		return 2;
	return facts->cut + facts->shaped > 0 || n->state == NODE_STOPPED ? 3 : -1;
}

/* The second line: who is not as the others are, the worst first. */
static int brief_exceptions(const struct pane_context *ctx, struct view *v, uint64_t best)
{
	const struct model *m = ctx->model;
	CLEANUP_FREE struct node_facts *facts = node_facts(m);
	int x = 1;

	for (int level = 0; level <= 3; level++) {
		for (size_t i = 0; i < m->n_nodes && x < v->w - 12; i++) {
			const struct model_node *n = &m->nodes[i];
			uint64_t lag = node_lag(n, best);
			char note[300];
			enum role role = node_note(n, &facts[i], ctx->now_ns, note, sizeof(note));

			if (urgency(n, &facts[i], role, lag) != level)
				continue;
			if (lag > LAG_MUCH && node_has_numbers(n)) {
				snprintf(note, sizeof(note), "%" PRIu64 " block%s behind", lag,
					plural_s(lag));
				role = role_of_lag(lag);
			}
			x += x > 1 ? 2 : 0;
			view_char(v, x, 1, role_of_node(n->state),
				glyph_of_node(v->canvas->glyphs, n->state));
			x = view_text(v, x + 2, 1, ROLE_STRONG, n->name);
			x = view_text_cut(v, x + 1, 1, MIN(v->w - x - 1, 40), role, note);
		}
	}
	return x > 1 ? 2 : 1;
}

static int nodes_brief(void *state, const struct pane_context *ctx, struct view *v)
{
	CLEANUP_STRBUF struct strbuf status = { 0 };
	uint64_t low, high = model_height(ctx->model, &low);

	if (v->w <= 0 || v->h <= 0)
		return 0;
	nodes_status(state, ctx, &status);
	int x = view_text(v, 1, 0, ROLE_TITLE, "nodes ");
	x = view_text(v, x + 1, 0, ROLE_NORMAL,
		ctx->model->n_nodes > 0 ? strbuf_str(&status) : "none yet");
	x = view_text(v, x + 2, 0, ROLE_DIM, "height ");
	x = view_textf(v, x, 0, ROLE_NORMAL, "%" PRIu64, high);
	x = view_text(v, x + 2, 0, ROLE_DIM, "lag up to ");
	view_textf(v, x, 0, role_of_lag(high - low), "%" PRIu64, high - low);
	return v->h > 1 ? brief_exceptions(ctx, v, high) : 1;
}

/* --- acting ---------------------------------------------------------------------- */

/* The next match in rows, step 1 or -1, around the end; the present row comes last. */
static bool go_to_match(struct nodes_state *s, const struct pane_context *ctx, bool back)
{
	size_t n = s->n_order;

	for (size_t d = 1; d <= n; d++) {
		size_t row = (s->list.cursor + (back ? n - d : d)) % n;

		if (is_match(s, &ctx->model->nodes[s->order[row].node])) {
			select_row(s, ctx, row);
			return true;
		}
	}
	return false;
}

static enum pane_reply nodes_act(void *state, const struct pane_context *ctx, enum action a)
{
	struct nodes_state *s = state;

	make_order(s, ctx);
	if (list_act(&s->list, s->n_order, a)) {
		select_row(s, ctx, s->list.cursor);
		return PANE_HANDLED;
	}
	switch (a) {
	case ACTION_SORT:
		s->sort = (s->sort + 1) % SORT_COUNT;
		return PANE_HANDLED;
	case ACTION_MARK:
		selection_toggle(ctx->selection, ctx->model);
		return PANE_HANDLED;
	case ACTION_MARK_ALL:
		selection_mark_all(ctx->selection, ctx->model);
		return PANE_HANDLED;
	case ACTION_NEXT_MATCH:
	case ACTION_PREV_MATCH:
		return go_to_match(s, ctx, a == ACTION_PREV_MATCH) ? PANE_HANDLED : PANE_IGNORED;
	case ACTION_OPEN:
		return s->n_order > 0 ? PANE_DETAIL : PANE_IGNORED;
	default:
		return PANE_IGNORED;
	}
}

static enum pane_reply nodes_click(void *state, const struct pane_context *ctx, int x, int y)
{
	struct nodes_state *s = state;
	size_t top = s->list.top;

	(void)x;
	if (y < 1 || (size_t)y > s->list.rows)
		return PANE_IGNORED;
	make_order(s, ctx);
	size_t row = top + (size_t)y - 1;
	if (row >= s->n_order)
		return PANE_IGNORED;
	if (row == s->list.cursor)
		return PANE_DETAIL;
	select_row(s, ctx, row);
	return PANE_HANDLED;
}

static size_t nodes_search(void *state, const struct pane_context *ctx, const char *text)
{
	struct nodes_state *s = state;
	size_t matches = 0;

	snprintf(s->search, sizeof(s->search), "%s", text);
	make_order(s, ctx);
	for (size_t i = 0; i < ctx->model->n_nodes; i++)
		matches += is_match(s, &ctx->model->nodes[i]);
	if (matches > 0 && !is_match(s, &ctx->model->nodes[ctx->selection->node]))
		go_to_match(s, ctx, false);
	return matches;
}

static bool nodes_detail(const void *state, const struct pane_context *ctx, char *ret_title,
	size_t title_size, struct rich *out)
{
	(void)state;
	return node_detail(ctx, ctx->selection->node, ret_title, title_size, out);
}

static void nodes_release(void *state)
{
	struct nodes_state *s = state;

	free(s->order);
	s->order = NULL;
	s->n_order = s->cap_order = 0;
}

const struct pane_ops pane_nodes = {
	.id = PANE_NODES,
	.title = "nodes",
	.state_size = sizeof(struct nodes_state),
	.init = pane_no_init,
	.status = nodes_status,
	.draw = nodes_draw,
	.brief = nodes_brief,
	.act = nodes_act,
	.click = nodes_click,
	.search = nodes_search,
	.detail = nodes_detail,
	.release = nodes_release,
};
