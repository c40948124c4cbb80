/* Sorting blocks out as a tree with lanes; see block_tree.h. Pure. */
#include "ui/block_tree.h"

#include <string.h>

#include "util/mem.h"

#define N           MODEL_BLOCKS
#define SLOTS       512 /* of the hash table, a power of two above 2 * N */
#define INTERVAL_OF 30  /* blocks that the mean interval is made of */
#define NOBODY      (-1)

struct work {
	const struct view_block *blocks;
	int n;
	int slots[SLOTS];
	int parent[N];   /* index, or NOBODY */
	int children[N]; /* how many */
	uint64_t level[N];
	bool on_best[N];
	uint64_t top[N]; /* level of the highest descendant with a known height, itself included */
	bool orphan[N];
	uint64_t led[N];
	int rank[N]; /* indices in the order that is wanted */
	int row[N];  /* of a block */
	int best;    /* top of the best chain; NOBODY: no block */
	uint64_t best_floor;
};

static unsigned slot_of(const struct id32 *id)
{
	uint64_t h;

	memcpy(&h, id->b, sizeof(h));
	return (unsigned)((h * 0x9e3779b97f4a7c15u) >> 40) & (SLOTS - 1);
}

static int find(const struct work *w, const struct id32 *id)
{
	for (unsigned s = slot_of(id);; s = (s + 1) & (SLOTS - 1)) {
		if (w->slots[s] == NOBODY || id32_eq(&w->blocks[w->slots[s]].id, id))
			return w->slots[s];
	}
}

static void index_blocks(struct work *w)
{
	for (int i = 0; i < SLOTS; i++)
		w->slots[i] = NOBODY;
	for (int i = 0; i < w->n; i++) {
		unsigned s = slot_of(&w->blocks[i].id);

		if (find(w, &w->blocks[i].id) != NOBODY)
			continue; /* twice the same: the newest counts */
		while (w->slots[s] != NOBODY)
			s = (s + 1) & (SLOTS - 1);
		w->slots[s] = i;
	}
	for (int i = 0; i < w->n; i++)
		w->parent[i] = find(w, &w->blocks[i].parent);
}

/* A link that closes a loop is taken out: whoever told it lied. */
static void cut_loops(struct work *w)
{
	int seen[N] = { 0 }; /* the walk, from 1, that came by */

	for (int i = 0; i < w->n; i++) {
		int at = i;

		while (seen[at] == 0) {
			seen[at] = i + 1;
			int up = w->parent[at];
			if (up == NOBODY)
				break;
			if (seen[up] == i + 1)
				w->parent[at] = up = NOBODY;
			if (up == NOBODY)
				break;
			at = up;
		}
	}
	for (int i = 0; i < w->n; i++) {
		if (w->parent[i] != NOBODY)
			w->children[w->parent[i]]++;
	}
}

/* Where a block without height and known ancestors belongs: to those it came with. */
static uint64_t level_by_arrival(const struct work *w, int i)
{
	for (int j = i + 1; j < w->n; j++) {
		if (w->blocks[j].has_height)
			return w->blocks[j].height;
	}
	for (int j = i - 1; j >= 0; j--) {
		if (w->blocks[j].has_height)
			return w->blocks[j].height;
	}
	return 0;
}

static void set_levels(struct work *w)
{
	bool done[N] = { false };
	int path[N];

	for (int i = 0; i < w->n; i++) {
		int len = 0, at = i;

		while (at != NOBODY && !done[at]) {
			path[len++] = at;
			if (w->blocks[at].has_height)
				break;
			at = w->parent[at];
		}
		while (len > 0) {
			int b = path[--len], up = w->parent[b];

			if (done[b])
				continue;
			if (w->blocks[b].has_height) {
				w->level[b] = w->blocks[b].height;
			} else if (up == NOBODY) {
				w->level[b] = level_by_arrival(w, b);
				w->orphan[b] = true;
			} else {
				w->level[b] = w->level[up] + (w->level[up] < UINT64_MAX);
				w->orphan[b] = w->orphan[up];
			}
			done[b] = true;
		}
	}
}

static bool is_better(const struct work *w, int a, int b)
{
	const struct view_block *x = &w->blocks[a], *y = &w->blocks[b];

	if (x->has_height != y->has_height)
		return x->has_height;
	if (w->level[a] != w->level[b])
		return w->level[a] > w->level[b];
	if (x->seen_by != y->seen_by)
		return x->seen_by > y->seen_by;
	return x->first_ns < y->first_ns;
}

static void find_best(struct work *w)
{
	w->best = NOBODY;
	for (int i = 0; i < w->n; i++) {
		if (w->best == NOBODY || is_better(w, i, w->best))
			w->best = i;
	}
	w->best_floor = 0;
	for (int i = w->best; i != NOBODY; i = w->parent[i]) {
		w->on_best[i] = true;
		w->best_floor = w->level[i];
	}
}

static bool comes_before(const struct work *w, int a, int b)
{
	if (w->level[a] != w->level[b])
		return w->level[a] > w->level[b];
	if (w->on_best[a] != w->on_best[b])
		return w->on_best[a];
	return a < b;
}

/* By insertion: arrival is nearly this order already. */
static void set_ranks(struct work *w)
{
	for (int i = 0; i < w->n; i++) {
		int at = i;

		for (; at > 0 && comes_before(w, i, w->rank[at - 1]); at--)
			w->rank[at] = w->rank[at - 1];
		w->rank[at] = i;
	}
}

/* Rows in the wanted order, but never a block below its parent. */
static void place_rows(struct work *w, struct block_tree *t)
{
	int waiting[N];
	bool out[N] = { false };
	int first = 0;

	memcpy(waiting, w->children, sizeof(waiting));
	t->n = 0;
	while (first < w->n) {
		int at = first;

		while (out[w->rank[at]] || waiting[w->rank[at]] > 0)
			at++; /* ends: without loops there always is one that nobody waits for */
		int b = w->rank[at];

		out[b] = true;
		w->row[b] = (int)t->n;
		t->rows[t->n++] = (struct block_row){ .block = (size_t)b, .parent = NOBODY };
		if (w->parent[b] != NOBODY)
			waiting[w->parent[b]]--;
		while (first < w->n && out[w->rank[first]])
			first++;
	}
}

/* How high branches reach, and since when a block off the best chain had no rival. */
static void set_tops(struct work *w, const struct block_tree *t)
{
	uint64_t rival = UINT64_MAX;

	for (int i = 0; i < w->n; i++)
		w->top[i] = w->blocks[i].has_height ? w->level[i] : 0;
	for (size_t r = 0; r < t->n; r++) {
		size_t b = t->rows[r].block;
		int up = w->parent[b];

		if (up != NOBODY)
			w->top[up] = MAX(w->top[up], w->top[b]);
	}
	for (int i = 0; i < w->n; i++) {
		int b = w->rank[i];

		if (w->on_best[b])
			rival = MIN(rival, w->blocks[b].first_ns);
		else if (rival != UINT64_MAX && w->blocks[b].first_ns < rival)
			w->led[b] = rival - w->blocks[b].first_ns;
	}
}

static enum block_place place_of(const struct work *w, size_t b)
{
	if (w->on_best[b])
		return BLOCK_BEST;
	if (w->orphan[b])
		return BLOCK_ORPHAN;
	if (w->top[b] >= w->level[w->best])
		return BLOCK_COMPETING;
	return w->level[b] < w->best_floor ? BLOCK_UNTOLD : BLOCK_LOST;
}

/* --- lanes ----------------------------------------------------------------------- */

struct lanes {
	int awaits[BLOCK_TREE_LANES]; /* index of the block a lane leads to; NOBODY: free */
	bool best_is_through;         /* lane 0 is free for others */
};

static uint64_t bit(int lane)
{
	return lane >= 0 && lane < BLOCK_TREE_LANES ? (uint64_t)1 << lane : 0;
}

/* The first lane that leads to block b, or BLOCK_TREE_LANES. */
static int lane_to(const struct lanes *l, int b, int from)
{
	int i = from;

	while (i < BLOCK_TREE_LANES && l->awaits[i] != b)
		i++;
	return i;
}

static int own_lane(const struct lanes *l, const struct work *w, int b)
{
	if (w->on_best[b])
		return 0;
	int lane = lane_to(l, b, 0);
	if (lane == BLOCK_TREE_LANES)
		lane = lane_to(l, NOBODY, l->best_is_through ? 0 : 1);
	return MIN(lane, BLOCK_TREE_LANES - 1);
}

static void set_lane(struct lanes *l, const struct work *w, struct block_row *row)
{
	int b = (int)row->block, up = w->parent[b];

	row->lane = own_lane(l, w, b);
	row->attach = NOBODY;
	for (int i = 0; i < BLOCK_TREE_LANES; i++) {
		if (l->awaits[i] == NOBODY || i == row->lane)
			continue;
		if (l->awaits[i] == b) {
			row->joins |= bit(i);
			l->awaits[i] = NOBODY;
		} else {
			row->lines |= bit(i);
		}
	}
	if (up == NOBODY) {
		l->awaits[row->lane] = NOBODY;
	} else {
		int other = lane_to(l, up, 0);

		if (other < BLOCK_TREE_LANES && other != row->lane && !w->on_best[b]) {
			row->attach = other;
			l->awaits[row->lane] = NOBODY;
		} else {
			l->awaits[row->lane] = up;
		}
	}
	if (w->on_best[b] && up == NOBODY)
		l->best_is_through = true;
}

static void set_interval(const struct work *w, struct block_tree *t)
{
	uint64_t newest = 0, oldest = 0, levels = 0;
	int of = 0;

	for (int i = w->best; i != NOBODY; i = w->parent[i], t->n_best++) {
		if (of++ > INTERVAL_OF)
			continue;
		if (i == w->best)
			newest = w->blocks[i].first_ns;
		oldest = w->blocks[i].first_ns;
		levels = (uint64_t)of - 1;
	}
	t->interval_ns = levels > 0 && newest > oldest ? (newest - oldest) / levels : 0;
}

void block_tree_build(struct block_tree *t, const struct view_block *blocks, size_t n)
{
	struct work w = { .blocks = blocks, .n = (int)MIN(n, (size_t)N) };
	struct lanes l = { .best_is_through = false };

	*t = (struct block_tree){ .n_lanes = 1 };
	if (w.n == 0)
		return;
	index_blocks(&w);
	cut_loops(&w);
	set_levels(&w);
	find_best(&w);
	set_ranks(&w);
	place_rows(&w, t);
	set_tops(&w, t);
	for (int i = 0; i < BLOCK_TREE_LANES; i++)
		l.awaits[i] = NOBODY;
	for (size_t r = 0; r < t->n; r++) {
		struct block_row *row = &t->rows[r];
		size_t b = row->block;
		int up = w.parent[b];

		row->parent = up == NOBODY ? NOBODY : w.row[up];
		row->level = w.level[b];
		row->place = place_of(&w, b);
		row->led_ns = row->place == BLOCK_ORPHAN ? 0 : w.led[b];
		set_lane(&l, &w, row);
		t->n_lanes = MAX(t->n_lanes, row->lane + 1);
		if (up != NOBODY && w.on_best[up] && !w.on_best[b])
			t->n_forks++;
	}
	set_interval(&w, t);
}

int block_tree_row(
	const struct block_tree *t, const struct view_block *blocks, const struct id32 *id)
{
	for (size_t r = 0; r < t->n; r++) {
		if (id32_eq(&blocks[t->rows[r].block].id, id))
			return (int)r;
	}
	return -1;
}

/* --- drawing --------------------------------------------------------------------- */

int block_tree_width(const struct block_tree *t, int max_lanes)
{
	return 2 * MAX(MIN(t->n_lanes, max_lanes), 1) - 1;
}

static enum role role_of_lane(int lane)
{
	return lane == 0 ? ROLE_DIM : ROLE_WARN;
}

static void draw_across(
	struct view *v, int x, int y, const struct block_row *row, int from, int to, int max_lanes)
{
	for (int col = 2 * from + 1; col < 2 * MIN(to, max_lanes - 1); col++) {
		bool passes = col % 2 == 0 && (row->lines & bit(col / 2));

		if (!passes)
			view_char(v, x + col, y, ROLE_WARN, v->canvas->glyphs->link_h);
	}
}

void block_tree_draw(
	const struct block_tree *t, size_t r, struct view *v, int x, int y, int max_lanes)
{
	const struct glyphs *g = v->canvas->glyphs;
	const struct block_row *row = &t->rows[r];
	int shown = MAX(MIN(t->n_lanes, max_lanes), 1), own = MIN(row->lane, shown - 1);

	for (int i = 0; i < shown; i++) {
		if (row->lines & bit(i))
			view_char(v, x + 2 * i, y, role_of_lane(i), g->trunk);
	}
	for (int i = 0; i < shown; i++) {
		if (!(row->joins & bit(i)))
			continue;
		draw_across(v, x, y, row, MIN(i, own), MAX(i, own), shown);
		view_char(v, x + 2 * i, y, ROLE_WARN, i > own ? g->bottom_right : g->last_branch);
	}
	if (row->attach != NOBODY && row->attach < shown && row->attach != own) {
		draw_across(v, x, y, row, MIN(row->attach, own), MAX(row->attach, own), shown);
		view_char(v, x + 2 * row->attach, y, role_of_lane(row->attach),
			row->attach < own ? g->branch : g->tee_left);
	}
	bool best = row->place == BLOCK_BEST;
	view_char(v, x + 2 * own, y,
		best                            ? ROLE_GOOD
		: row->place == BLOCK_COMPETING ? ROLE_WARN
						: ROLE_DIM,
		best ? g->on : g->off);
}
