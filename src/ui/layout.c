/* Layouts: their text, and who gets which rectangle; see layout.h. */
#include "ui/layout.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "util/mem.h"
#include "util/nearest.h"

#define MAX_WEIGHT 99

const struct layout_preset layout_presets[] = {
	{ "default", "cols(rows(nodes:4 blocks:3 log:3):3 "
		     "rows(expectations:3 faults:2 workloads:3 graphs:3):2)" },
	{ "nodes", "rows(nodes:4 cols(map:3 expectations:2 faults:2):3 log:3)" },
	{ "chain", "cols(rows(blocks:5 log:2):3 rows(nodes:3 map:4 expectations:2):2)" },
	{ "load",
		"cols(rows(graphs:4 workloads:3 log:2):3 rows(nodes:3 expectations:3 faults:2):2)" },
	{ "wall", "rows(cols(nodes:3 map:2):4 cols(blocks:3 graphs:2):4 "
		  "cols(workloads expectations faults):3 log:2)" },
	{ NULL, NULL },
};

static const char *const pane_names[] = { "nodes", "blocks", "workloads", "expectations", "faults",
	"log", "map", "graphs", NULL };

/* With the frame; importance: what goes last when there is too little room. */
static const struct {
	int w, h, importance;
} pane_needs[PANE_COUNT] = {
	[PANE_NODES] = { 38, 5, 8 },
	[PANE_BLOCKS] = { 32, 4, 4 },
	[PANE_WORKLOADS] = { 32, 5, 5 },
	[PANE_CHECKS] = { 30, 4, 7 },
	[PANE_FAULTS] = { 26, 3, 6 },
	[PANE_LOG] = { 32, 4, 3 },
	[PANE_MAP] = { 26, 7, 1 },
	[PANE_GRAPHS] = { 30, 6, 2 },
};

enum pane_id pane_by_name(const char *name)
{
	int i = 0;
	while (pane_names[i] && strcmp(pane_names[i], name) != 0)
		i++;
	return (enum pane_id)i;
}

const char *pane_name(enum pane_id p)
{
	return (unsigned)p < PANE_COUNT ? pane_names[p] : "";
}

void pane_minimum(enum pane_id p, int *ret_w, int *ret_h)
{
	*ret_w = (unsigned)p < PANE_COUNT ? pane_needs[p].w : 0;
	*ret_h = (unsigned)p < PANE_COUNT ? pane_needs[p].h : 0;
}

/* --- text --- */

struct parser {
	struct layout *l;
	const char *text, *at;
	struct err *err;
};

static void skip_blanks(struct parser *p)
{
	while (isspace((unsigned char)*p->at))
		p->at++;
}

static int parse_err(const struct parser *p, const char *at, const char *what)
{
	return err_set(p->err, ERR_USAGE, "layout \"%s\", column %d: %s", p->l->name,
		(int)(at - p->text) + 1, what);
}

/* A word of small letters; "" when there is none. */
static const char *parse_word(struct parser *p, char buf[32])
{
	size_t n = 0;
	while (p->at[n] >= 'a' && p->at[n] <= 'z' && n < 31)
		n++;
	memcpy(buf, p->at, n);
	buf[n] = '\0';
	p->at += n;
	return buf;
}

static int parse_weight(struct parser *p, int *ret)
{
	*ret = 1;
	if (*p->at != ':')
		return 0;
	const char *from = ++p->at;
	*ret = 0;
	while (*p->at >= '0' && *p->at <= '9' && *ret <= MAX_WEIGHT)
		*ret = *ret * 10 + (*p->at++ - '0');
	return *ret >= 1 && *ret <= MAX_WEIGHT ? 0 : parse_err(p, from, "a weight is 1 to 99");
}

static int unknown_word(struct parser *p, const char *from, const char *word)
{
	char text[200];
	const char *names[PANE_COUNT + 3] = { "rows", "cols" };
	memcpy(names + 2, pane_names, sizeof(pane_names));
	const char *near = nearest_name(word, names);
	if (!*word)
		snprintf(text, sizeof(text), "expected rows(...), cols(...) or a pane");
	else if (near)
		snprintf(text, sizeof(text), "unknown pane \"%s\"; did you mean \"%s\"?", word,
			near);
	else
		snprintf(text, sizeof(text),
			"unknown pane \"%s\"; there are nodes, blocks, workloads, expectations, "
			"faults, log, map, graphs",
			word);
	return parse_err(p, from, text);
}

static int parse_node(struct parser *p, int *ret);

static int parse_children(struct parser *p, int parent, const char *from)
{
	int *link = &p->l->nodes[parent].first;
	for (skip_blanks(p); *p->at != ')'; skip_blanks(p)) {
		if (!*p->at)
			return parse_err(p, from, "its ) is missing");
		if (parse_node(p, link) != 0)
			return -1;
		link = &p->l->nodes[*link].next;
	}
	p->at++;
	return p->l->nodes[parent].first < 0 ? parse_err(p, from, "there is nothing in it") : 0;
}

/* Nesting is bounded by the number of nodes. */
static int parse_node(struct parser *p, int *ret)
{
	char word[32];
	const char *from = p->at;
	parse_word(p, word);
	bool rows = strcmp(word, "rows") == 0, cols = strcmp(word, "cols") == 0;
	enum pane_id pane = pane_by_name(word);
	if (!rows && !cols && pane == PANE_COUNT)
		return unknown_word(p, from, word);
	for (int i = 0; i < p->l->n_nodes; i++) {
		if (p->l->nodes[i].kind == LAYOUT_PANE && p->l->nodes[i].pane == pane)
			return parse_err(p, from, "this pane is there already");
	}
	if (p->l->n_nodes == LAYOUT_MAX_NODES)
		return parse_err(p, from, "too many parts");
	int index = p->l->n_nodes++;
	struct layout_node *node = &p->l->nodes[index];
	*node = (struct layout_node){ .kind = rows   ? LAYOUT_ROWS
					      : cols ? LAYOUT_COLS
						     : LAYOUT_PANE,
		.pane = pane,
		.first = -1,
		.next = -1 };
	*ret = index;
	if (rows || cols) {
		if (*p->at != '(')
			return parse_err(p, p->at, "expected (");
		p->at++;
		if (parse_children(p, index, from) != 0)
			return -1;
	}
	return parse_weight(p, &node->weight);
}

int layout_parse(struct layout *l, const char *name, const char *text, struct err *err)
{
	struct layout parsed = { 0 };
	struct parser p = { .l = &parsed, .text = text, .at = text, .err = err };
	int root;
	snprintf(parsed.name, sizeof(parsed.name), "%s", name);
	skip_blanks(&p);
	if (parse_node(&p, &root) != 0)
		return -1;
	skip_blanks(&p);
	if (*p.at)
		return parse_err(
			&p, p.at, "expected nothing more; rows(...) or cols(...) join panes");
	*l = parsed;
	return 0;
}

void layout_swap(struct layout *l, enum pane_id a, enum pane_id b)
{
	for (int i = 0; i < l->n_nodes; i++) {
		struct layout_node *node = &l->nodes[i];
		if (node->kind != LAYOUT_PANE)
			continue;
		if (node->pane == a)
			node->pane = b;
		else if (node->pane == b)
			node->pane = a;
	}
}

/* --- arithmetic --- */

struct work {
	struct layout_node nodes[LAYOUT_MAX_NODES + 2];
	int min_w[LAYOUT_MAX_NODES + 2], min_h[LAYOUT_MAX_NODES + 2]; /* 0: nothing is shown */
	int root;
	struct layout_result *ret;
};

static void measure(struct work *w, int i)
{
	const struct layout_node *node = &w->nodes[i];
	w->min_w[i] = w->min_h[i] = 0;
	if (node->kind == LAYOUT_PANE) {
		if (w->ret->shown[node->pane])
			pane_minimum(node->pane, &w->min_w[i], &w->min_h[i]);
		return;
	}
	for (int c = node->first; c >= 0; c = w->nodes[c].next) {
		measure(w, c);
		if (node->kind == LAYOUT_ROWS) {
			w->min_h[i] += w->min_h[c];
			w->min_w[i] = MAX(w->min_w[i], w->min_w[c]);
		} else {
			w->min_w[i] += w->min_w[c];
			w->min_h[i] = MAX(w->min_h[i], w->min_h[c]);
		}
	}
}

/* Shares size among n by weight, but nobody gets less than the minimum; their sum is not larger. */
static void share(int size, int n, const int *weights, const int *mins, int *ret)
{
	bool fixed[LAYOUT_MAX_NODES + 2] = { false }, changed = true;
	int rest = size, total = 0;
	for (int i = 0; i < n; i++)
		total += weights[i];
	while (changed) {
		changed = false;
		for (int i = 0; i < n && !changed; i++) {
			if (fixed[i] || rest * weights[i] / total >= mins[i])
				continue;
			fixed[i] = changed = true;
			ret[i] = mins[i];
			rest -= mins[i];
			total -= weights[i];
		}
	}
	for (int i = 0, sum = 0; i < n; i++) {
		if (fixed[i])
			continue;
		int from = rest * sum / total;
		sum += weights[i];
		ret[i] = rest * sum / total - from;
	}
}

static void place(struct work *w, int i, struct rect r)
{
	const struct layout_node *node = &w->nodes[i];
	if (node->kind == LAYOUT_PANE) {
		w->ret->rects[node->pane] = r;
		return;
	}
	bool rows = node->kind == LAYOUT_ROWS;
	int n = 0, child[LAYOUT_MAX_NODES + 2], weights[LAYOUT_MAX_NODES + 2];
	int mins[LAYOUT_MAX_NODES + 2], sizes[LAYOUT_MAX_NODES + 2];
	for (int c = node->first; c >= 0; c = w->nodes[c].next) {
		if (w->min_w[c] == 0)
			continue;
		child[n] = c;
		weights[n] = w->nodes[c].weight;
		mins[n++] = rows ? w->min_h[c] : w->min_w[c];
	}
	if (n == 0)
		return;
	share(rows ? r.h : r.w, n, weights, mins, sizes);
	for (int k = 0; k < n; k++) {
		struct rect part = r;
		if (rows) {
			part.h = sizes[k];
			r.y += sizes[k];
		} else {
			part.w = sizes[k];
			r.x += sizes[k];
		}
		place(w, child[k], part);
	}
}

/* Hides the least important pane whose going makes room where it is wanted. */
static bool make_room(struct work *w, const struct layout_request *q)
{
	int best = PANE_COUNT;
	bool best_helps = false;
	int min_w = w->min_w[w->root], min_h = w->min_h[w->root];
	for (int p = 0; p < PANE_COUNT; p++) {
		if (!w->ret->shown[p] || p == (int)q->focus)
			continue;
		w->ret->shown[p] = false;
		measure(w, w->root);
		w->ret->shown[p] = true;
		bool helps = (min_w > q->w && w->min_w[w->root] < min_w) ||
			     (min_h > q->h && w->min_h[w->root] < min_h);
		if (best == PANE_COUNT || (helps && !best_helps) ||
			(helps == best_helps &&
				pane_needs[p].importance < pane_needs[best].importance)) {
			best = p;
			best_helps = helps;
		}
	}
	if (best == PANE_COUNT)
		return false;
	w->ret->shown[best] = false;
	return true;
}

/* The focused pane takes the lower part when the layout has no place for it. */
static void add_focus(struct work *w, int n, enum pane_id focus)
{
	w->nodes[n] = (struct layout_node){
		.kind = LAYOUT_PANE, .pane = focus, .weight = 2, .first = -1, .next = -1
	};
	w->nodes[0].weight = 3;
	w->nodes[0].next = n;
	w->nodes[n + 1] = (struct layout_node){ .kind = LAYOUT_ROWS, .first = 0, .next = -1 };
	w->root = n + 1;
}

static void compute_frames(
	const struct layout *l, const struct layout_request *q, struct layout_result *ret)
{
	struct work w = { .ret = ret };
	bool has_focus = false;
	memcpy(w.nodes, l->nodes, sizeof(l->nodes));
	for (int i = 0; i < l->n_nodes; i++) {
		if (l->nodes[i].kind != LAYOUT_PANE)
			continue;
		enum pane_id p = l->nodes[i].pane;
		ret->shown[p] = !q->hidden[p] || p == q->focus;
		has_focus |= p == q->focus;
	}
	if (!has_focus) {
		ret->shown[q->focus] = true;
		add_focus(&w, l->n_nodes, q->focus);
	}
	measure(&w, w.root);
	while ((w.min_w[w.root] > q->w || w.min_h[w.root] > q->h) && make_room(&w, q))
		measure(&w, w.root);
	place(&w, w.root, (struct rect){ 0, 0, q->w, q->h });
}

static void compute_narrow(const struct layout_request *q, struct layout_result *ret)
{
	/* the order in which they are granted, and how many rows */
	static const struct {
		enum pane_id pane;
		int rows;
	} briefs[] = { { PANE_CHECKS, 2 }, { PANE_FAULTS, 1 }, { PANE_NODES, 2 },
		{ PANE_BLOCKS, 2 } };
	/* the order from top to bottom; panes that have no brief form stand below the nodes */
	static const enum pane_id order[] = { PANE_NODES, PANE_WORKLOADS, PANE_LOG, PANE_MAP,
		PANE_GRAPHS, PANE_CHECKS, PANE_FAULTS, PANE_BLOCKS };
	int rows[PANE_COUNT] = { 0 }, left = q->h, y = 0;
	for (size_t i = 0; i < ARRAY_LEN(briefs); i++) {
		enum pane_id p = briefs[i].pane;
		int n = MAX(0, MIN(briefs[i].rows, left - LAYOUT_NARROW_MAIN));
		if (p == q->focus || q->hidden[p] || q->zoomed || n == 0)
			continue;
		rows[p] = n;
		left -= n;
	}
	rows[q->focus] = left;
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		enum pane_id p = order[i];
		ret->shown[p] = rows[p] > 0;
		if (ret->shown[p])
			ret->rects[p] = (struct rect){ 0, y, q->w, rows[p] };
		y += rows[p];
	}
}

void layout_compute(
	const struct layout *l, const struct layout_request *q, struct layout_result *ret)
{
	*ret = (struct layout_result){ .narrow = q->w < LAYOUT_NARROW || q->h < LAYOUT_LOW };
	if (q->w <= 0 || q->h <= 0)
		return;
	struct layout_request request = *q;
	request.w = MIN(q->w, LAYOUT_MAX_SIZE);
	request.h = MIN(q->h, LAYOUT_MAX_SIZE);
	if ((unsigned)request.focus >= PANE_COUNT)
		request.focus = PANE_NODES;
	if (ret->narrow) {
		compute_narrow(&request, ret);
	} else if (request.zoomed || l->n_nodes == 0) {
		ret->shown[request.focus] = true;
		ret->rects[request.focus] = (struct rect){ 0, 0, request.w, request.h };
	} else {
		compute_frames(l, &request, ret);
	}
}
