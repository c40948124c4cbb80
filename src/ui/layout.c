/* Layouts as data and arithmetic; see layout.h. */
#include "ui/layout.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "util/mem.h"

#define MAX_WEIGHT 100
#define NONE       (-1)

/* By pane: name, and the least size with which it says something, frame included. */
static const struct {
	const char *name;
	int min_w, min_h;
} panes[PANE_COUNT] = {
	[PANE_NODES] = { "nodes", 40, 5 },
	[PANE_BLOCKS] = { "blocks", 40, 5 },
	[PANE_WORKLOADS] = { "workloads", 30, 4 },
	[PANE_CHECKS] = { "expectations", 30, 4 },
	[PANE_FAULTS] = { "faults", 30, 3 },
	[PANE_LOG] = { "log", 30, 4 },
	[PANE_MAP] = { "map", 24, 6 },
	[PANE_GRAPHS] = { "graphs", 30, 7 },
};

const struct layout_preset layout_presets[] = {
	{ "default", "cols(rows(nodes:3 blocks:3 log:2):5 "
		     "rows(expectations:2 faults:1 workloads:2 graphs:3):4)" },
	{ "nodes", "cols(rows(nodes:3 log:2):5 rows(map:3 expectations:2 faults:2):3)" },
	{ "chain", "cols(rows(blocks:4 log:2):5 rows(graphs:3 map:3 expectations:2):4)" },
	{ "load", "cols(rows(workloads:2 graphs:4):1 rows(blocks:3 nodes:2 expectations:2):1)" },
	{ "wall", "cols(rows(nodes:2 blocks:2):1 rows(map:2 graphs:2 log:1):1 "
		  "rows(expectations:2 workloads:2 faults:1):1)" },
	{ NULL, NULL },
};

enum pane_id pane_by_name(const char *name)
{
	int p = 0;

	while (p < PANE_COUNT && strcmp(panes[p].name, name) != 0)
		p++;
	return (enum pane_id)p;
}

const char *pane_name(enum pane_id p)
{
	return (unsigned)p < PANE_COUNT ? panes[p].name : "?";
}

/* --- reading ----------------------------------------------------------------------------- */

struct reader {
	const char *text, *at;
	struct layout *l;
	bool used[PANE_COUNT];
};

static int wrong(const struct reader *r, struct err *err, const char *what)
{
	return err_set(err, ERR_USAGE, "layout, at character %zu: %s",
		(size_t)(r->at - r->text) + 1, what);
}

static void skip_blanks(struct reader *r)
{
	r->at += strspn(r->at, " \t\n");
}

static int new_node(struct reader *r, struct err *err)
{
	if (r->l->n_nodes == LAYOUT_MAX_NODES)
		return wrong(r, err, "too many parts");
	int i = r->l->n_nodes++;
	r->l->nodes[i] = (struct layout_node){ .weight = 1, .first = NONE, .next = NONE };
	return i;
}

static int read_weight(struct reader *r, int i, struct err *err)
{
	int weight = 0;

	if (*r->at != ':')
		return 0;
	r->at++;
	while (isdigit((unsigned char)*r->at) && weight <= MAX_WEIGHT)
		weight = weight * 10 + (*r->at++ - '0');
	if (weight < 1 || weight > MAX_WEIGHT)
		return wrong(r, err, "expected a weight from 1 to 100");
	r->l->nodes[i].weight = weight;
	return 0;
}

static int read_part(struct reader *r, int depth, struct err *err);

static int read_children(struct reader *r, int parent, int depth, struct err *err)
{
	int last = NONE;

	r->at++; /* the bracket */
	for (;;) {
		skip_blanks(r);
		if (*r->at == ')')
			break;
		int child = read_part(r, depth + 1, err);
		if (child < 0)
			return -1;
		if (last == NONE)
			r->l->nodes[parent].first = child;
		else
			r->l->nodes[last].next = child;
		last = child;
	}
	if (last == NONE)
		return wrong(r, err, "there is nothing between the brackets");
	r->at++;
	return 0;
}

/* Returns the node's index. */
static int read_part(struct reader *r, int depth, struct err *err)
{
	char word[24];
	size_t n = strspn(r->at, "abcdefghijklmnopqrstuvwxyz");

	if (n == 0 || n >= sizeof(word))
		return wrong(r, err, "expected rows(...), cols(...) or the name of a pane");
	memcpy(word, r->at, n);
	word[n] = '\0';
	bool rows = strcmp(word, "rows") == 0, cols = strcmp(word, "cols") == 0;
	enum pane_id pane = pane_by_name(word);
	if (!rows && !cols && pane == PANE_COUNT)
		return wrong(r, err,
			"expected rows(...), cols(...) or one of nodes, blocks, workloads, "
			"expectations, faults, log, map, graphs");
	if (depth > 4)
		return wrong(r, err, "too deep");
	int i = new_node(r, err);
	if (i < 0)
		return -1;
	r->at += n;
	if (rows || cols) {
		r->l->nodes[i].kind = rows ? LAYOUT_ROWS : LAYOUT_COLS;
		if (*r->at != '(')
			return wrong(r, err, "expected an opening bracket");
		if (read_children(r, i, depth, err) < 0)
			return -1;
	} else {
		if (r->used[pane])
			return wrong(r, err, "this pane is there twice");
		r->used[pane] = true;
		r->l->nodes[i].kind = LAYOUT_PANE;
		r->l->nodes[i].pane = pane;
	}
	return read_weight(r, i, err) < 0 ? -1 : i;
}

int layout_parse(struct layout *l, const char *name, const char *text, struct err *err)
{
	struct layout fresh = { 0 };
	struct reader r = { .text = text, .at = text, .l = &fresh };

	snprintf(fresh.name, sizeof(fresh.name), "%s", name);
	skip_blanks(&r);
	if (read_part(&r, 0, err) < 0)
		return -1;
	skip_blanks(&r);
	if (*r.at)
		return wrong(&r, err, "this is too much");
	*l = fresh;
	return 0;
}

void layout_swap(struct layout *l, enum pane_id a, enum pane_id b)
{
	for (int i = 0; i < l->n_nodes; i++) {
		struct layout_node *n = &l->nodes[i];
		if (n->kind == LAYOUT_PANE && (n->pane == a || n->pane == b))
			n->pane = n->pane == a ? b : a;
	}
}

/* --- placing: wide screens ----------------------------------------------------------------- */

struct placing {
	const struct layout *l;
	const bool *wanted;
	struct layout_result *ret;
};

/* Least size of a part; 0 when nothing of it is wanted. */
static int least(const struct placing *p, int i, bool height)
{
	const struct layout_node *n = &p->l->nodes[i];
	int size = 0;

	if (n->kind == LAYOUT_PANE)
		return !p->wanted[n->pane] ? 0
		       : height            ? panes[n->pane].min_h
					   : panes[n->pane].min_w;
	for (int c = n->first; c != NONE; c = p->l->nodes[c].next) {
		int part = least(p, c, height);
		if ((n->kind == LAYOUT_ROWS) == height)
			size += part;
		else
			size = MAX(size, part);
	}
	return size;
}

static void place(const struct placing *p, int i, struct rect r);

/*
 * Shares `size` among n parts by weight, but gives each its least at least (the
 * leasts together must fit). The sum is exact.
 */
static void share_out(int size, int n, const int *weights, const int *leasts, int *ret)
{
	bool fixed[LAYOUT_MAX_NODES] = { false };
	bool again = true;
	int left = size, total = 0;

	for (int i = 0; i < n; i++)
		total += weights[i];
	while (again) {
		again = false;
		for (int i = 0; i < n; i++) {
			if (fixed[i] || left * weights[i] >= leasts[i] * total)
				continue;
			/* its weight would not give it enough: it gets that, the others share */
			fixed[i] = again = true;
			ret[i] = leasts[i];
			left -= leasts[i];
			total -= weights[i];
		}
	}
	for (int i = 0; i < n; i++) {
		if (fixed[i])
			continue;
		ret[i] = left * weights[i] / total;
		left -= ret[i];
		total -= weights[i];
	}
}

static void place(const struct placing *p, int i, struct rect r);

static void place_children(const struct placing *p, int parent, struct rect r)
{
	const struct layout_node *nodes = p->l->nodes;
	bool rows = nodes[parent].kind == LAYOUT_ROWS;
	int children[LAYOUT_MAX_NODES], weights[LAYOUT_MAX_NODES], leasts[LAYOUT_MAX_NODES];
	int sizes[LAYOUT_MAX_NODES], n = 0;

	for (int c = nodes[parent].first; c != NONE; c = nodes[c].next) {
		leasts[n] = least(p, c, rows);
		if (leasts[n] == 0)
			continue;
		weights[n] = nodes[c].weight;
		children[n++] = c;
	}
	share_out(rows ? r.h : r.w, n, weights, leasts, sizes);
	for (int i = 0; i < n; i++) {
		struct rect part = r;
		if (rows) {
			part.h = sizes[i];
			r.y += sizes[i];
		} else {
			part.w = sizes[i];
			r.x += sizes[i];
		}
		place(p, children[i], part);
	}
}

static void place(const struct placing *p, int i, struct rect r)
{
	const struct layout_node *n = &p->l->nodes[i];

	if (n->kind != LAYOUT_PANE) {
		place_children(p, i, r);
		return;
	}
	p->ret->shown[n->pane] = true;
	p->ret->rects[n->pane] = r;
}

/* The first to go when there is no room for all. */
static const enum pane_id dispensable[PANE_COUNT] = { PANE_MAP, PANE_GRAPHS, PANE_WORKLOADS,
	PANE_FAULTS, PANE_LOG, PANE_BLOCKS, PANE_CHECKS, PANE_NODES };

static bool has_pane(const struct layout *l, enum pane_id pane)
{
	for (int i = 0; i < l->n_nodes; i++) {
		if (l->nodes[i].kind == LAYOUT_PANE && l->nodes[i].pane == pane)
			return true;
	}
	return false;
}

/* A pane that this layout does not have takes the place of the log, or of the last one. */
static void make_place(struct layout *l, enum pane_id pane)
{
	struct layout_node *at = NULL;

	if (has_pane(l, pane))
		return;
	for (int i = 0; i < l->n_nodes; i++) {
		struct layout_node *n = &l->nodes[i];
		if (n->kind == LAYOUT_PANE && (!at || at->pane != PANE_LOG))
			at = n;
	}
	if (at)
		at->pane = pane;
}

static void compute_wide(
	const struct layout *l, const struct layout_request *q, struct layout_result *ret)
{
	struct layout own = *l;
	bool wanted[PANE_COUNT];
	const struct placing p = { &own, wanted, ret };

	for (int i = 0; i < PANE_COUNT; i++)
		wanted[i] = (enum pane_id)i == q->focus || (!q->hidden[i] && !q->zoomed);
	make_place(&own, q->focus);
	for (int i = 0; i < PANE_COUNT; i++) {
		if (least(&p, 0, false) <= q->w && least(&p, 0, true) <= q->h)
			break;
		if (dispensable[i] != q->focus)
			wanted[dispensable[i]] = false;
	}
	place(&p, 0, (struct rect){ 0, 0, q->w, q->h });
}

/* --- placing: narrow screens ---------------------------------------------------------------- */

static void compute_narrow(const struct layout_request *q, struct layout_result *ret)
{
	/* what stands around the focused pane, from the top, and with how many rows */
	static const struct {
		enum pane_id pane;
		int rows;
		bool below;
	} briefs[] = {
		{ PANE_NODES, 4, false },
		{ PANE_CHECKS, 2, false },
		{ PANE_FAULTS, 1, false },
		{ PANE_BLOCKS, 2, true },
	};
	int top = 0, bottom = q->h;

	for (size_t i = 0; i < ARRAY_LEN(briefs) && !q->zoomed; i++) {
		enum pane_id p = briefs[i].pane;
		if (p == q->focus || q->hidden[p] ||
			bottom - top - briefs[i].rows < LAYOUT_FOCUS_ROWS)
			continue;
		ret->shown[p] = true;
		ret->rects[p] = (struct rect){ 0, top, q->w, briefs[i].rows };
		if (briefs[i].below) {
			bottom -= briefs[i].rows;
			ret->rects[p].y = bottom;
		} else {
			top += briefs[i].rows;
		}
	}
	ret->shown[q->focus] = true;
	ret->rects[q->focus] = (struct rect){ 0, top, q->w, bottom - top };
}

void layout_compute(
	const struct layout *l, const struct layout_request *q, struct layout_result *ret)
{
	*ret = (struct layout_result){ .narrow = q->w < LAYOUT_NARROW || q->h < LAYOUT_LOW };
	if (q->w <= 0 || q->h <= 0 || l->n_nodes == 0)
		return;
	if (ret->narrow)
		compute_narrow(q, ret);
	else
		compute_wide(l, q, ret);
}
