/*
 * The blocks as they come, newest first, with forks drawn as a tree at the
 * left. The cursor is a block, not a row: it stays where it is as new ones
 * come, but at the top it follows the newest.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ui/block_tree.h"
#include "ui/detail_tx.h"
#include "ui/node_view.h"
#include "ui/pane.h"
#include "util/clock.h"
#include "util/mem.h"

#define MAX_LANES 8
#define MAX_TXS   200 /* in the detail view */
#define VALUE_AT  14
#define BAR_MIN   6
#define BAR_MAX   24

enum column {
	COL_TIME,
	COL_HEIGHT,
	COL_SLOT,
	COL_ID,
	COL_BY,
	COL_TXS,
	COL_SIZE,
	COL_SPREAD,
	COL_SEEN,
	COL_AFTER,
	COL_COUNT
};

/* Beside each other in this order; those of higher rank go first when there is no room. */
static const struct {
	const char *title;
	int width, rank;
	bool right;
} columns[COL_COUNT] = {
	[COL_TIME] = { "time", 7, 1, true },
	[COL_HEIGHT] = { "height", 6, 0, true },
	[COL_SLOT] = { "slot", 6, 8, true },
	[COL_ID] = { "id", 8, 2, false },
	[COL_BY] = { "by", 8, 3, false },
	[COL_TXS] = { "txs", 5, 4, true },
	[COL_SIZE] = { "size", 6, 6, true },
	[COL_SPREAD] = { "spread", 8, 5, true },
	[COL_SEEN] = { "seen", 7, 7, true },
	[COL_AFTER] = { "after", 8, 9, true },
};

struct blocks_state {
	struct block_tree tree;
	const struct model *built_for; /* the tree is of this snapshot's blocks */
	uint64_t built_events;
	struct list list;
	bool chosen; /* the cursor is at a block; else it follows the newest */
	struct id32 at;
	char search[80];
};

/* --- the tree -------------------------------------------------------------------------- */

static void build(struct blocks_state *s, const struct model *m)
{
	if (s->built_for != m || s->built_events != m->events) {
		block_tree_build(&s->tree, m->blocks, m->n_snapshot_blocks);
		s->built_for = m;
		s->built_events = m->events;
	}
	int row = s->chosen ? block_tree_row(&s->tree, m->blocks, &s->at) : 0;
	/* what is no longer remembered has gone out below */
	s->list.cursor = row >= 0 ? (size_t)row : s->tree.n ? s->tree.n - 1 : 0;
}

static void remember(struct blocks_state *s, const struct model *m)
{
	s->chosen = s->list.cursor > 0 && s->list.cursor < s->tree.n;
	if (s->chosen)
		s->at = m->blocks[s->tree.rows[s->list.cursor].block].id;
}

static const struct view_block *row_block(
	const struct blocks_state *s, const struct model *m, size_t row)
{
	return &m->blocks[s->tree.rows[row].block];
}

static void proposer(
	const struct pane_context *ctx, const struct view_block *b, char *buf, size_t size)
{
	int node = node_by_key(ctx->plan, &b->leader);

	if (node >= 0)
		snprintf(buf, size, "n%d", node);
	else
		fmt_id(&b->leader, buf, size);
}

static bool matches(const struct pane_context *ctx, const struct view_block *b, const char *text)
{
	char by[24], height[24], hex[ID32_HEX];
	size_t n = strlen(text);

	if (n == 0)
		return false;
	proposer(ctx, b, by, sizeof(by));
	snprintf(height, sizeof(height), "%" PRIu64, b->height);
	return strcasecmp(by, text) == 0 || (b->has_height && strcmp(height, text) == 0) ||
	       (n >= 3 && n <= 64 && strncasecmp(id32_hex(&b->id, hex), text, n) == 0);
}

/* --- drawing ------------------------------------------------------------------------------ */

static void place_columns(int width, int *ret_x, int *ret_end)
{
	int used = 0, x = 0;
	bool shown[COL_COUNT] = { false };

	for (int rank = 0; rank < COL_COUNT; rank++) {
		for (int c = 0; c < COL_COUNT; c++) {
			if (columns[c].rank != rank || used + columns[c].width + 2 > width)
				continue;
			shown[c] = true;
			used += columns[c].width + 2;
		}
	}
	for (int c = 0; c < COL_COUNT; c++) {
		ret_x[c] = shown[c] ? x : -1;
		x += shown[c] ? columns[c].width + 2 : 0;
	}
	*ret_end = x;
}

static void draw_cell(struct view *v, const int *xs, enum column c, int left, int y, enum role role,
	const char *text)
{
	if (xs[c] < 0)
		return;
	if (columns[c].right)
		view_text_right(v, left + xs[c], y, columns[c].width, role, text);
	else
		view_text_cut(v, left + xs[c], y, columns[c].width, role, text);
}

static enum role row_role(const struct block_row *r)
{
	switch (r->place) {
	case BLOCK_BEST:
	case BLOCK_UNTOLD:
		return ROLE_NORMAL;
	case BLOCK_COMPETING:
		return ROLE_WARN;
	case BLOCK_LOST:
	case BLOCK_ORPHAN:
		break;
	}
	return ROLE_DIM;
}

static const char *place_text(const struct block_row *r)
{
	return r->place == BLOCK_LOST        ? "lost"
	       : r->place == BLOCK_COMPETING ? "competes"
	       : r->place == BLOCK_ORPHAN    ? "orphan"
					     : "";
}

static void draw_times(const struct blocks_state *s, const struct model *m, size_t row,
	const int *xs, struct view *v, int left, int y)
{
	const struct block_row *r = &s->tree.rows[row];
	const struct view_block *b = &m->blocks[r->block];
	char buf[32];

	if (b->seen_by > 1)
		draw_cell(v, xs, COL_SPREAD, left, y, ROLE_NORMAL,
			fmt_ms(MAX(b->last_ns - b->first_ns, 1), buf, sizeof(buf)));
	snprintf(buf, sizeof(buf), "%u/%zu", b->seen_by, m->n_nodes);
	draw_cell(v, xs, COL_SEEN, left, y, b->seen_by < m->n_nodes ? ROLE_WARN : ROLE_DIM, buf);
	if (r->parent < 0)
		return;
	const struct view_block *p = row_block(s, m, (size_t)r->parent);
	if (b->first_ns > p->first_ns)
		draw_cell(v, xs, COL_AFTER, left, y, ROLE_DIM,
			fmt_ms(b->first_ns - p->first_ns, buf, sizeof(buf)));
}

static void draw_row(const struct blocks_state *s, const struct pane_context *ctx, size_t row,
	const int *xs, struct view *v, int left, int y)
{
	const struct block_row *r = &s->tree.rows[row];
	const struct view_block *b = &ctx->model->blocks[r->block];
	enum role role = row_role(r);
	bool found = s->search[0] && matches(ctx, b, s->search);
	char buf[32];

	if (b->seen_by > 0)
		draw_cell(v, xs, COL_TIME, left, y, ROLE_DIM,
			fmt_clock(b->first_ns, buf, sizeof(buf)));
	snprintf(buf, sizeof(buf), "%" PRIu64, b->has_height ? b->height : r->level);
	draw_cell(v, xs, COL_HEIGHT, left, y, role == ROLE_NORMAL ? ROLE_STRONG : role, buf);
	snprintf(buf, sizeof(buf), "%" PRIu64, b->slot);
	draw_cell(v, xs, COL_SLOT, left, y, ROLE_DIM, buf);
	draw_cell(v, xs, COL_ID, left, y, found ? ROLE_MATCH : role,
		fmt_id(&b->id, buf, sizeof(buf)));
	proposer(ctx, b, buf, sizeof(buf));
	draw_cell(v, xs, COL_BY, left, y, role, buf);
	snprintf(buf, sizeof(buf), "%u", b->n_txs);
	draw_cell(v, xs, COL_TXS, left, y, b->n_txs ? role : ROLE_DIM, buf);
	draw_cell(v, xs, COL_SIZE, left, y, ROLE_DIM, fmt_bytes(b->size_bytes, buf, sizeof(buf)));
	draw_times(s, ctx->model, row, xs, v, left, y);
}

static uint32_t most_txs(const struct blocks_state *s, const struct model *m)
{
	uint32_t most = 1;

	for (size_t i = 0; i < s->tree.n; i++)
		most = MAX(most, row_block(s, m, i)->n_txs);
	return most;
}

static void draw_end(const struct blocks_state *s, const struct model *m, size_t row,
	struct view *v, int x, int y)
{
	const struct block_row *r = &s->tree.rows[row];
	int room = v->w - x - 1;

	if (place_text(r)[0])
		view_text_cut(v, x, y, room, row_role(r), place_text(r));
	else if (room >= BAR_MIN)
		view_bar(v, x, y, MIN(room, BAR_MAX), ROLE_SERIES1,
			(double)row_block(s, m, row)->n_txs / most_txs(s, m));
}

static void blocks_draw(void *state, const struct pane_context *ctx, struct view *v)
{
	struct blocks_state *s = state;
	const struct model *m = ctx->model;
	int xs[COL_COUNT], end, head = v->h >= 4 ? 1 : 0;

	build(s, m);
	list_clamp(&s->list, s->tree.n, v->h > head ? (size_t)(v->h - head) : 0);
	if (s->tree.n == 0) {
		view_text(v, 1, 0, ROLE_DIM, "none yet");
		return;
	}
	int lanes = block_tree_width(&s->tree, MAX_LANES), left = 2 + lanes + 1;
	place_columns(v->w - left, xs, &end);
	for (int c = 0; head && c < COL_COUNT; c++)
		draw_cell(v, xs, (enum column)c, left, 0, ROLE_HEADER, columns[c].title);
	for (int y = head; y < v->h; y++) {
		size_t row = s->list.top + (size_t)(y - head);
		if (row >= s->tree.n)
			break;
		if (ctx->focused && row == s->list.cursor)
			view_char(v, 0, y, ROLE_ACCENT, v->canvas->glyphs->pointer);
		block_tree_draw(&s->tree, row, v, 2, y, MAX_LANES);
		draw_row(s, ctx, row, xs, v, left, y);
		draw_end(s, m, row, v, left + end, y);
	}
}

static int blocks_brief(void *state, const struct pane_context *ctx, struct view *v)
{
	struct blocks_state *s = state;
	int xs[COL_COUNT], end, y = 0;

	build(s, ctx->model);
	place_columns(v->w - 1, xs, &end);
	for (; y < v->h && (size_t)y < s->tree.n; y++)
		draw_row(s, ctx, (size_t)y, xs, v, 1, y);
	return y;
}

static void blocks_status(const void *state, const struct pane_context *ctx, struct strbuf *out)
{
	/* the tree is a cache of what the snapshot says */
	struct blocks_state *s = (struct blocks_state *)(uintptr_t)state;

	build(s, ctx->model);
	if (s->tree.interval_ns)
		strbuf_addf(out, "interval %.2f s", (double)s->tree.interval_ns / NS_PER_S);
	if (s->tree.interval_ns && ctx->block_interval_ns)
		strbuf_addf(out, " (expected %.2f)", (double)ctx->block_interval_ns / NS_PER_S);
	strbuf_addf(out, "%sforks %zu, reorgs %" PRIu64, s->tree.interval_ns ? ", " : "",
		s->tree.n_forks, ctx->model->n_reorgs);
}

/* --- keys ------------------------------------------------------------------------------------ */

static bool go_to_match(struct blocks_state *s, const struct pane_context *ctx, int by)
{
	for (size_t i = 1; i <= s->tree.n; i++) {
		size_t row =
			(s->list.cursor + (by > 0 ? i : s->tree.n - i % s->tree.n)) % s->tree.n;
		if (!matches(ctx, row_block(s, ctx->model, row), s->search))
			continue;
		s->list.cursor = row;
		remember(s, ctx->model);
		return true;
	}
	return false;
}

static enum pane_reply blocks_act(void *state, const struct pane_context *ctx, enum action a)
{
	struct blocks_state *s = state;

	build(s, ctx->model);
	if (a == ACTION_OPEN)
		return s->tree.n ? PANE_DETAIL : PANE_IGNORED;
	if (a == ACTION_NEXT_MATCH || a == ACTION_PREV_MATCH)
		return s->search[0] && go_to_match(s, ctx, a == ACTION_NEXT_MATCH ? 1 : -1)
			       ? PANE_HANDLED
			       : PANE_IGNORED;
	if (!list_act(&s->list, s->tree.n, a))
		return PANE_IGNORED;
	remember(s, ctx->model);
	return PANE_HANDLED;
}

static enum pane_reply blocks_click(void *state, const struct pane_context *ctx, int x, int y)
{
	struct blocks_state *s = state;
	size_t row = s->list.top + (size_t)MAX(y - 1, 0);

	(void)x;
	build(s, ctx->model);
	if (row >= s->tree.n)
		return PANE_IGNORED;
	s->list.cursor = row;
	remember(s, ctx->model);
	return PANE_HANDLED;
}

static size_t blocks_search(void *state, const struct pane_context *ctx, const char *text)
{
	struct blocks_state *s = state;
	size_t n = 0, first = 0;

	build(s, ctx->model);
	snprintf(s->search, sizeof(s->search), "%s", text);
	for (size_t i = s->tree.n; i > 0; i--) {
		if (!matches(ctx, row_block(s, ctx->model, i - 1), text))
			continue;
		first = i - 1;
		n++;
	}
	if (n > 0) {
		s->list.cursor = first;
		remember(s, ctx->model);
	}
	return n;
}

/* --- all about one -----------------------------------------------------------------------------
 */

static void add_relatives(struct rich *out, const struct blocks_state *s,
	const struct pane_context *ctx, const struct view_block *b)
{
	const struct model *m = ctx->model;
	char id[24], by[24];

	for (int siblings = 0; siblings < 2; siblings++) {
		size_t shown = 0;
		for (size_t i = 0; i < s->tree.n && shown < 20; i++) {
			const struct view_block *o = row_block(s, m, i);
			const struct id32 *parent = siblings ? &b->parent : &b->id;
			if (!id32_eq(&o->parent, parent) || id32_eq(&o->id, &b->id))
				continue;
			if (shown++ == 0)
				rich_heading(out, siblings ? "siblings" : "children");
			proposer(ctx, o, by, sizeof(by));
			rich_addf(out, ROLE_NORMAL, "  %-10s by %-9s %u txs  %s",
				fmt_id(&o->id, id, sizeof(id)), by, o->n_txs,
				place_text(&s->tree.rows[i]));
			rich_newline(out);
		}
	}
}

static void add_txs(struct rich *out, const struct model *m, size_t block)
{
	const struct model_block_txs *txs = m->block_txs ? m->block_txs[block] : NULL;
	char hex[ID32_HEX];

	if (!txs || txs->n == 0)
		return;
	rich_heading(out, "transactions");
	for (size_t i = 0; i < txs->n && i < MAX_TXS; i++) {
		const struct model_tx *t = model_find_tx(m, &txs->hashes[i]);
		if (t) {
			tx_line(out, m, t);
			continue;
		}
		rich_addf(out, ROLE_DIM, "  %s", id32_hex(&txs->hashes[i], hex));
		rich_newline(out);
	}
	if (m->blocks[block].n_txs > MIN(txs->n, (size_t)MAX_TXS)) {
		rich_addf(out, ROLE_DIM, "  and %zu more",
			(size_t)m->blocks[block].n_txs - MIN(txs->n, (size_t)MAX_TXS));
		rich_newline(out);
	}
}

static void add_sightings(struct rich *out, const struct model *m, const struct view_block *b)
{
	char a[24], c[24];

	if (b->seen_by == 0)
		return;
	rich_field(out, VALUE_AT, "  seen", ROLE_NORMAL, "%s, first at n%d",
		fmt_clock(b->first_ns, a, sizeof(a)), b->first_node);
	rich_field(out, VALUE_AT, "  by", b->seen_by < m->n_nodes ? ROLE_WARN : ROLE_NORMAL,
		"%u of %zu nodes, the last %s after the first", b->seen_by, m->n_nodes,
		fmt_ms(MAX(b->last_ns - b->first_ns, 1), c, sizeof(c)));
}

static bool blocks_detail(const void *state, const struct pane_context *ctx, char *ret_title,
	size_t title_size, struct rich *out)
{
	struct blocks_state *s = (struct blocks_state *)(uintptr_t)state;
	const struct model *m = ctx->model;
	char hex[ID32_HEX], buf[32];

	build(s, m);
	if (s->list.cursor >= s->tree.n)
		return false;
	if (!s->chosen) { /* it stays what the view is about, whatever comes */
		s->chosen = true;
		s->at = row_block(s, m, s->list.cursor)->id;
	}
	const struct block_row *r = &s->tree.rows[s->list.cursor];
	const struct view_block *b = &m->blocks[r->block];
	snprintf(ret_title, title_size, "block %s", fmt_id(&b->id, buf, sizeof(buf)));
	rich_field(out, VALUE_AT, "  id", ROLE_NORMAL, "%s", id32_hex(&b->id, hex));
	rich_field(out, VALUE_AT, "  parent", ROLE_NORMAL, "%s", id32_hex(&b->parent, hex));
	rich_field(out, VALUE_AT, "  height", ROLE_NORMAL, "%" PRIu64 "%s", b->height,
		b->has_height ? "" : " (not known)");
	rich_field(out, VALUE_AT, "  slot", ROLE_NORMAL, "%" PRIu64, b->slot);
	proposer(ctx, b, buf, sizeof(buf));
	rich_field(out, VALUE_AT, "  proposer", ROLE_NORMAL, "%s, key %s", buf,
		id32_hex(&b->leader, hex));
	rich_field(out, VALUE_AT, "  place", row_role(r), "%s",
		r->place == BLOCK_BEST ? "on the best chain" : place_text(r));
	rich_field(out, VALUE_AT, "  size", ROLE_NORMAL, "%s, %u transactions",
		fmt_bytes(b->size_bytes, buf, sizeof(buf)), b->n_txs);
	add_sightings(out, m, b);
	add_relatives(out, s, ctx, b);
	add_txs(out, m, r->block);
	return true;
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
