/*
 * The blocks as they come, newest first, with forks as a tree at the left: the
 * best chain in the first lane, what lies off it beside it. The cursor is a
 * block: it stays there while others come, unless it is on the newest. Main
 * thread.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ui/block_detail.h"
#include "ui/block_tree.h"
#include "ui/node_view.h"
#include "ui/pane.h"
#include "util/mem.h"

/* In the order in which they stand. */
enum column {
	COL_TIME,
	COL_HEIGHT,
	COL_SLOT,
	COL_ID,
	COL_PROPOSER,
	COL_TXS,
	COL_SIZE,
	COL_INTERVAL,
	COL_SPREAD,
	COL_SEEN,
	COL_LAST, /* a bar, or where a block off the best chain stands; takes what is left */
	COL_COUNT
};

static const struct column_info {
	const char *title;
	int width;
	int rank; /* shown before those of higher rank */
	bool right;
} columns[COL_COUNT] = {
	[COL_TIME] = { "time", 7, 1, true },
	[COL_HEIGHT] = { "height", 6, 0, true },
	[COL_SLOT] = { "slot", 7, 10, true },
	[COL_ID] = { "id", 8, 3, false },
	[COL_PROPOSER] = { "proposer", 8, 2, false },
	[COL_TXS] = { "txs", 4, 4, true },
	[COL_SIZE] = { "size", 6, 8, true },
	[COL_INTERVAL] = { "interval", 8, 6, true },
	[COL_SPREAD] = { "spread", 8, 7, true },
	[COL_SEEN] = { "seen", 5, 9, true },
	[COL_LAST] = { "", 9, 5, false },
};

#define GUTTER    2
#define GAP       2
#define MAX_LANES 5
#define LAST_MAX  28

struct blocks_state {
	struct list list;
	struct block_tree tree; /* of the last draw or act */
	struct id32 selected;
	bool elsewhere; /* the cursor has left the newest block, for `selected` */
	int shift;      /* columns scrolled out at the left */
	bool more;      /* ... and there are hidden ones at the right */
	char search[80];
};

/* Builds the tree and finds the cursor's block again; what is visible moves along with it. */
static void refresh(struct blocks_state *s, const struct pane_context *ctx)
{
	const struct model *m = ctx->model;
	size_t was = s->list.cursor;

	block_tree_build(&s->tree, m->blocks, m->n_snapshot_blocks);
	s->list.at_end = false;
	int row = s->elsewhere ? block_tree_row(&s->tree, m->blocks, &s->selected) : 0;
	if (row < 0)
		row = (int)(s->tree.n > 0 ? s->tree.n - 1 : 0); /* too old: gone */
	s->list.cursor = (size_t)row;
	if (s->list.cursor > was)
		s->list.top += s->list.cursor - was;
	else
		s->list.top -= MIN(s->list.top, was - s->list.cursor);
}

static void select_row(struct blocks_state *s, const struct pane_context *ctx, size_t row)
{
	s->list.cursor = row;
	s->elsewhere = row > 0;
	if (row < s->tree.n)
		s->selected = ctx->model->blocks[s->tree.rows[row].block].id;
}

/* --- columns --------------------------------------------------------------------- */

struct columns_at {
	int x[COL_COUNT]; /* < 0: not shown */
	int last_w;
};

static bool place_columns(const struct blocks_state *s, int left, int width, struct columns_at *ret)
{
	bool shown[COL_COUNT] = { false }, all = true;
	int used = left, x = left;

	for (int rank = 0; rank < COL_COUNT; rank++) {
		int c = 0;

		while (columns[c].rank != rank)
			c++;
		if (c < s->shift)
			continue;
		int need = columns[c].width + (used > left ? GAP : 0);
		if (used > left && used + need > width) {
			all = false;
			break;
		}
		used += need;
		shown[c] = true;
	}
	for (int c = 0; c < COL_COUNT; c++) {
		ret->x[c] = shown[c] ? x : -1;
		x += shown[c] ? columns[c].width + GAP : 0;
	}
	ret->last_w = shown[COL_LAST] ? MIN(width - ret->x[COL_LAST], LAST_MAX) : 0;
	return all;
}

/* Nodes that could have seen the newest blocks. */
static unsigned running(const struct model *m)
{
	unsigned n = 0;

	for (size_t i = 0; i < m->n_nodes; i++)
		n += m->nodes[i].state == NODE_UP || m->nodes[i].state == NODE_READY;
	return n;
}

struct frame {
	const struct pane_context *ctx;
	const struct blocks_state *state;
	struct columns_at at;
	int lanes; /* cells of the tree */
	unsigned running;
	uint32_t max_txs;
};

static uint64_t interval_of(const struct frame *f, const struct block_row *row)
{
	const struct view_block *blocks = f->ctx->model->blocks, *b = &blocks[row->block];

	if (row->parent < 0)
		return 0;
	const struct view_block *up = &blocks[f->state->tree.rows[row->parent].block];
	return b->first_ns > up->first_ns ? b->first_ns - up->first_ns : 0;
}

static const char *fmt_seconds(uint64_t ns, char *buf, size_t size)
{
	if (ns == 0)
		snprintf(buf, size, "-");
	else
		snprintf(buf, size, ns < 99950000000 ? "%.2f s" : "%.0f s", (double)ns / 1e9);
	return buf;
}

/* Later than one interval it should be everywhere. */
static bool is_late(const struct frame *f, uint64_t ns)
{
	uint64_t expected = f->ctx->block_interval_ns;

	return ns > (expected ? expected : 1000000000);
}

static enum role cell(
	const struct frame *f, enum column c, const struct block_row *row, char *buf, size_t size)
{
	const struct pane_context *ctx = f->ctx;
	const struct view_block *b = &ctx->model->blocks[row->block];
	uint64_t spread = b->last_ns > b->first_ns ? b->last_ns - b->first_ns : 0, ns;
	bool best = row->place == BLOCK_BEST;

	switch (c) {
	case COL_TIME:
		fmt_clock(b->first_ns, buf, size);
		return ROLE_DIM;
	case COL_HEIGHT:
		snprintf(buf, size, "%s%" PRIu64, b->has_height ? "" : "?", row->level);
		return best ? ROLE_STRONG : ROLE_NORMAL;
	case COL_SLOT:
		snprintf(buf, size, "%" PRIu64, b->slot);
		return ROLE_DIM;
	case COL_ID:
		fmt_id(&b->id, buf, size);
		return ROLE_NORMAL;
	case COL_PROPOSER:
		block_proposer(ctx, b, buf, size);
		return ROLE_NORMAL;
	case COL_TXS:
		snprintf(buf, size, "%u", (unsigned)b->n_txs);
		return b->n_txs ? ROLE_NORMAL : ROLE_DIM;
	case COL_SIZE:
		fmt_bytes(b->size_bytes, buf, size);
		return ROLE_DIM;
	case COL_INTERVAL:
		ns = interval_of(f, row);
		fmt_seconds(ns, buf, size);
		return ctx->block_interval_ns && ns > 5 * ctx->block_interval_ns ? ROLE_WARN
										 : ROLE_DIM;
	case COL_SPREAD:
		fmt_ms(b->seen_by > 1 ? spread : 0, buf, size);
		return is_late(f, spread) ? ROLE_WARN : ROLE_DIM;
	case COL_SEEN:
		if (b->seen_by < f->running)
			snprintf(buf, size, "%u/%u", b->seen_by, f->running);
		return is_late(f, ctx->now_ns > b->first_ns ? ctx->now_ns - b->first_ns : 0)
			       ? ROLE_WARN
			       : ROLE_DIM;
	default:
		return ROLE_NORMAL;
	}
}

/* --- search ---------------------------------------------------------------------- */

static bool is_match(
	const struct blocks_state *s, const struct pane_context *ctx, const struct view_block *b)
{
	char hex[ID32_HEX], name[32], height[32];
	size_t len = strlen(s->search);

	if (len == 0)
		return false;
	bool number = strspn(s->search, "0123456789") == len;
	snprintf(height, sizeof(height), "%" PRIu64, b->height);
	if (b->has_height && strcmp(height, s->search) == 0)
		return true;
	if ((!number || len > 3) && strncasecmp(id32_hex(&b->id, hex), s->search, len) == 0)
		return true;
	return !number &&
	       strncasecmp(block_proposer(ctx, b, name, sizeof(name)), s->search, len) == 0;
}

static bool row_matches(const struct blocks_state *s, const struct pane_context *ctx, size_t row)
{
	return is_match(s, ctx, &ctx->model->blocks[s->tree.rows[row].block]);
}

/* --- drawing --------------------------------------------------------------------- */

static void draw_header(struct view *v, const struct frame *f)
{
	view_fill(v, 0, 0, v->w, 1, ROLE_HEADER, ' ');
	for (int c = 0; c < COL_COUNT; c++) {
		if (f->at.x[c] < 0)
			continue;
		if (columns[c].right)
			view_text_right(
				v, f->at.x[c], 0, columns[c].width, ROLE_HEADER, columns[c].title);
		else
			view_text_cut(
				v, f->at.x[c], 0, columns[c].width, ROLE_HEADER, columns[c].title);
	}
}

static enum role role_of_place(enum block_place p)
{
	return p == BLOCK_UNTOLD ? ROLE_DIM : ROLE_WARN;
}

static void draw_last(const struct frame *f, struct view *v, int y, const struct block_row *row)
{
	const struct view_block *b = &f->ctx->model->blocks[row->block];
	int x = f->at.x[COL_LAST], w = f->at.last_w;
	char text[64];

	if (x < 0)
		return;
	if (row->place == BLOCK_BEST) {
		view_bar(v, x, y, MIN(w, v->w - x - 1), ROLE_SERIES1,
			f->max_txs ? (double)b->n_txs / f->max_txs : 0);
		return;
	}
	block_place_text(row, text, sizeof(text));
	if (text_width(text) > w)
		text[strcspn(text, ",")] = '\0'; /* the first word says most */
	view_text_cut(v, x, y, w, role_of_place(row->place), text);
}

static void draw_row(const struct frame *f, struct view *v, int y, size_t r)
{
	const struct block_tree *t = &f->state->tree;
	const struct block_row *row = &t->rows[r];
	bool match = row_matches(f->state, f->ctx, r);

	if (r == f->state->list.cursor)
		view_char(v, 0, y, ROLE_ACCENT, v->canvas->glyphs->pointer);
	block_tree_draw(t, r, v, GUTTER, y, MAX_LANES);
	for (int c = 0; c < COL_LAST; c++) {
		char buf[48] = "";

		if (f->at.x[c] < 0)
			continue;
		enum role role = cell(f, (enum column)c, row, buf, sizeof(buf));
		if (row->place != BLOCK_BEST && role != ROLE_WARN)
			role = ROLE_DIM;
		if (match && (c == COL_HEIGHT || c == COL_ID || c == COL_PROPOSER))
			role = ROLE_MATCH;
		if (columns[c].right)
			view_text_right(v, f->at.x[c], y, columns[c].width, role, buf);
		else
			view_text_cut(v, f->at.x[c], y, columns[c].width, role, buf);
	}
	draw_last(f, v, y, row);
	if (r == f->state->list.cursor && f->ctx->focused)
		view_select_row(v, y);
}

static void frame_init(
	struct frame *f, struct blocks_state *s, const struct pane_context *ctx, int width)
{
	*f = (struct frame){ .ctx = ctx, .state = s, .running = running(ctx->model) };
	f->lanes = block_tree_width(&s->tree, MAX_LANES);
	for (size_t i = 0; i < s->tree.n; i++)
		f->max_txs = MAX(f->max_txs, ctx->model->blocks[s->tree.rows[i].block].n_txs);
	s->more = !place_columns(s, GUTTER + f->lanes + 1, width, &f->at);
}

static void blocks_draw(void *state, const struct pane_context *ctx, struct view *v)
{
	struct blocks_state *s = state;
	struct frame f;

	refresh(s, ctx);
	list_clamp(&s->list, s->tree.n, v->h > 1 ? (size_t)v->h - 1 : 0);
	if (v->w <= 0 || v->h <= 0)
		return;
	frame_init(&f, s, ctx, v->w);
	draw_header(v, &f);
	if (s->tree.n == 0)
		view_text_cut(v, GUTTER, 1, v->w - GUTTER, ROLE_DIM, "no blocks yet");
	for (size_t i = 0; i < s->list.rows && s->list.top + i < s->tree.n; i++)
		draw_row(&f, v, (int)i + 1, s->list.top + i);
}

static void add_status(
	const struct block_tree *t, const struct pane_context *ctx, struct strbuf *out)
{
	const struct model *m = ctx->model;
	char buf[32];

	if (t->n == 0)
		return;
	const struct view_block *newest = &m->blocks[t->rows[0].block];
	uint64_t silent = ctx->now_ns > newest->first_ns ? ctx->now_ns - newest->first_ns : 0;

	if (ctx->block_interval_ns && silent > 5 * ctx->block_interval_ns && !m->ended)
		strbuf_addf(out, "none for %s, ", fmt_ago(silent, buf, sizeof(buf)));
	if (t->interval_ns)
		strbuf_addf(out, "interval %s", fmt_seconds(t->interval_ns, buf, sizeof(buf)));
	if (t->interval_ns && ctx->block_interval_ns)
		strbuf_addf(out, " (expected %.2f)", (double)ctx->block_interval_ns / 1e9);
	strbuf_addf(out, "%sforks %zu, reorgs %" PRIu64, t->interval_ns ? ", " : "", t->n_forks,
		m->n_reorgs);
}

static void blocks_status(const void *state, const struct pane_context *ctx, struct strbuf *out)
{
	struct block_tree t;

	(void)state;
	block_tree_build(&t, ctx->model->blocks, ctx->model->n_snapshot_blocks);
	add_status(&t, ctx, out);
}

static int blocks_brief(void *state, const struct pane_context *ctx, struct view *v)
{
	struct blocks_state *s = state;
	CLEANUP_STRBUF struct strbuf status = { 0 };
	char clock[32], id[32], name[32], spread[32];

	if (v->w <= 0 || v->h <= 0)
		return 0;
	refresh(s, ctx);
	add_status(&s->tree, ctx, &status);
	int x = view_text(v, 1, 0, ROLE_TITLE, "blocks ");
	view_text_cut(
		v, x, 0, v->w - x, ROLE_NORMAL, s->tree.n > 0 ? strbuf_str(&status) : "none yet");
	if (v->h < 2 || s->tree.n == 0)
		return 1;
	const struct view_block *b = &ctx->model->blocks[s->tree.rows[0].block];
	x = view_text(v, 1, 1, ROLE_DIM, fmt_clock(b->first_ns, clock, sizeof(clock)));
	x = view_textf(v, x + 2, 1, ROLE_STRONG, "%" PRIu64, s->tree.rows[0].level);
	x = view_textf(v, x + 2, 1, ROLE_NORMAL, "%s  %s  %u tx", fmt_id(&b->id, id, sizeof(id)),
		block_proposer(ctx, b, name, sizeof(name)), (unsigned)b->n_txs);
	view_textf(v, x + 2, 1, ROLE_DIM, "spread %s, seen by %u",
		fmt_ms(b->seen_by > 1 && b->last_ns > b->first_ns ? b->last_ns - b->first_ns : 0,
			spread, sizeof(spread)),
		b->seen_by);
	return 2;
}

/* --- acting ---------------------------------------------------------------------- */

static bool go_to_match(struct blocks_state *s, const struct pane_context *ctx, bool back)
{
	size_t n = s->tree.n;

	for (size_t d = 1; d <= n; d++) {
		size_t row = (s->list.cursor + (back ? n - d : d)) % n;

		if (row_matches(s, ctx, row)) {
			select_row(s, ctx, row);
			return true;
		}
	}
	return false;
}

static enum pane_reply blocks_act(void *state, const struct pane_context *ctx, enum action a)
{
	struct blocks_state *s = state;

	refresh(s, ctx);
	if (list_act(&s->list, s->tree.n, a)) {
		select_row(s, ctx, s->list.cursor);
		return PANE_HANDLED;
	}
	switch (a) {
	case ACTION_LEFT:
		s->shift -= s->shift > 0;
		return PANE_HANDLED;
	case ACTION_RIGHT:
		s->shift += s->more && s->shift < COL_LAST;
		return PANE_HANDLED;
	case ACTION_NEXT_MATCH:
	case ACTION_PREV_MATCH:
		return go_to_match(s, ctx, a == ACTION_PREV_MATCH) ? PANE_HANDLED : PANE_IGNORED;
	case ACTION_OPEN:
		return s->tree.n > 0 ? PANE_DETAIL : PANE_IGNORED;
	default:
		return PANE_IGNORED;
	}
}

static enum pane_reply blocks_click(void *state, const struct pane_context *ctx, int x, int y)
{
	struct blocks_state *s = state;

	(void)x;
	if (y < 1 || (size_t)y > s->list.rows)
		return PANE_IGNORED;
	refresh(s, ctx);
	size_t row = s->list.top + (size_t)y - 1;
	if (row >= s->tree.n)
		return PANE_IGNORED;
	if (row == s->list.cursor)
		return PANE_DETAIL;
	select_row(s, ctx, row);
	return PANE_HANDLED;
}

static size_t blocks_search(void *state, const struct pane_context *ctx, const char *text)
{
	struct blocks_state *s = state;
	size_t matches = 0;

	snprintf(s->search, sizeof(s->search), "%s", text);
	refresh(s, ctx);
	for (size_t i = 0; i < s->tree.n; i++)
		matches += row_matches(s, ctx, i);
	if (matches > 0 && !row_matches(s, ctx, s->list.cursor))
		go_to_match(s, ctx, false);
	return matches;
}

static bool blocks_detail(const void *state, const struct pane_context *ctx, char *ret_title,
	size_t title_size, struct rich *out)
{
	const struct blocks_state *s = state;
	const struct model *m = ctx->model;
	struct block_tree t;

	block_tree_build(&t, m->blocks, m->n_snapshot_blocks);
	int row = s->elsewhere ? block_tree_row(&t, m->blocks, &s->selected) : 0;
	return row >= 0 && block_detail(ctx, &t, (size_t)row, ret_title, title_size, out);
}

const struct pane_ops pane_blocks = {
	.id = PANE_BLOCKS,
	.title = "blocks",
	.state_size = sizeof(struct blocks_state),
	.init = pane_no_init,
	.status = blocks_status,
	.draw = blocks_draw,
	.brief = blocks_brief,
	.act = blocks_act,
	.click = blocks_click,
	.search = blocks_search,
	.detail = blocks_detail,
	.release = pane_no_release,
};
