/* Groups of links and how they are called; see link_groups.h. */
#include "ui/link_groups.h"

#include <stdio.h>
#include <string.h>

#include "ui/pane.h"
#include "ui/pane_names.h"
#include "util/clock.h"
#include "util/mem.h"

#define SAME_TIME NS_PER_S /* what one command does to many links takes a moment */
#define MAX_NODES 2048
#define MAX_NAMED 6

static size_t n_links(const struct model *m)
{
	return MIN(m->n_links, (size_t)LINK_GROUP_MAX);
}

bool link_group_has(const struct link_group *g, const struct model_link *l)
{
	const struct model_link *r = &g->rule;
	uint64_t apart =
		l->since_ns > r->since_ns ? l->since_ns - r->since_ns : r->since_ns - l->since_ns;

	return r->cut == l->cut && r->delay_ns == l->delay_ns && r->jitter_ns == l->jitter_ns &&
	       !(r->loss < l->loss) && !(r->loss > l->loss) && apart <= SAME_TIME;
}

size_t link_groups(const struct model *m, struct link_group ret[LINK_GROUPS])
{
	size_t n = 0;

	for (size_t i = 0; i < n_links(m); i++) {
		const struct model_link *l = &m->links[i];
		size_t at = 0;

		while (at < n && !link_group_has(&ret[at], l))
			at++;
		if (at == n && n < LINK_GROUPS)
			ret[n++] = (struct link_group){ .rule = *l };
		ret[MIN(at, (size_t)LINK_GROUPS - 1)].n++;
	}
	return n;
}

/* --- what -------------------------------------------------------------------------------- */

static const char *shortest(double v, char *buf, size_t size)
{
	snprintf(buf, size, "%.3g", v);
	return buf;
}

void link_group_what(const struct link_group *g, struct strbuf *out)
{
	const struct model_link *r = &g->rule;
	size_t start = out->len;
	char buf[40];

	if (r->cut) {
		strbuf_adds(out, "cut");
		return;
	}
	if (r->delay_ns || r->jitter_ns)
		strbuf_addf(
			out, "delay %s ms", shortest((double)r->delay_ns / 1e6, buf, sizeof(buf)));
	if (r->jitter_ns)
		strbuf_addf(
			out, " +-%s ms", shortest((double)r->jitter_ns / 1e6, buf, sizeof(buf)));
	if (r->loss > 0)
		strbuf_addf(out, "%sloss %s %%", out->len > start ? ", " : "",
			shortest(r->loss * 100, buf, sizeof(buf)));
}

/* --- where ------------------------------------------------------------------------------- */

struct node_set {
	bool has[MAX_NODES];
	size_t n;
};

static void set_add(struct node_set *s, unsigned node)
{
	if (node < MAX_NODES && !s->has[node]) {
		s->has[node] = true;
		s->n++;
	}
}

static bool set_has(const struct node_set *s, unsigned node)
{
	return node < MAX_NODES && s->has[node];
}

static bool sets_meet(const struct node_set *a, const struct node_set *b)
{
	for (size_t i = 0; i < MAX_NODES; i++) {
		if (a->has[i] && b->has[i])
			return true;
	}
	return false;
}

static void set_names(const struct model *m, const struct node_set *s, struct strbuf *out)
{
	size_t n = 0;

	for (unsigned i = 0; i < MAX_NODES && n < s->n; i++) {
		if (!s->has[i])
			continue;
		if (n == MAX_NAMED && s->n > MAX_NAMED + 1) {
			strbuf_addf(out, " and %zu more", s->n - n);
			return;
		}
		strbuf_addf(out, "%s%s", n++ ? " " : "", name_of_node(m, (int)i, ""));
	}
}

struct sides {
	struct node_set a, b;
};

/* All links go from nodes of a to nodes of b, and none is missing. */
static bool find_one_way(const struct model *m, const struct link_group *g, struct sides *s)
{
	memset(s, 0, sizeof(*s));
	for (size_t i = 0; i < n_links(m); i++) {
		if (!link_group_has(g, &m->links[i]))
			continue;
		set_add(&s->a, m->links[i].from);
		set_add(&s->b, m->links[i].to);
	}
	return g->n == s->a.n * s->b.n && !sets_meet(&s->a, &s->b);
}

/* The same both ways: b is what the first link's sender is cut off from, a what its receiver is. */
static bool find_both_ways(const struct model *m, const struct link_group *g, struct sides *s)
{
	const struct model_link *first = &g->rule;

	memset(s, 0, sizeof(*s));
	for (size_t i = 0; i < n_links(m); i++) {
		const struct model_link *l = &m->links[i];
		if (!link_group_has(g, l))
			continue;
		if (l->from == first->from)
			set_add(&s->b, l->to);
		if (l->from == first->to)
			set_add(&s->a, l->to);
	}
	if (g->n != 2 * s->a.n * s->b.n || sets_meet(&s->a, &s->b))
		return false;
	for (size_t i = 0; i < n_links(m); i++) {
		const struct model_link *l = &m->links[i];
		bool there = set_has(&s->a, l->from) && set_has(&s->b, l->to);
		bool back = set_has(&s->b, l->from) && set_has(&s->a, l->to);
		if (link_group_has(g, l) && !there && !back)
			return false;
	}
	return true;
}

void link_group_where(const struct model *m, const struct link_group *g,
	const struct glyphs *glyphs, struct strbuf *out)
{
	struct sides s;

	if (find_both_ways(m, g, &s)) {
		set_names(m, &s.a, out);
		if (g->rule.cut)
			strbuf_adds(out, " | ");
		else
			strbuf_addf(
				out, " %s%s ", glyph_str(glyphs->left), glyph_str(glyphs->right));
		set_names(m, &s.b, out);
		return;
	}
	if (find_one_way(m, g, &s)) {
		set_names(m, &s.a, out);
		strbuf_addf(out, " %s ", glyph_str(glyphs->right));
		set_names(m, &s.b, out);
		return;
	}
	for (unsigned i = 0; i < MAX_NODES; i++) {
		if (s.b.has[i])
			set_add(&s.a, i);
	}
	set_names(m, &s.a, out);
	strbuf_addf(out, ", %s", name_count(g->n, "link", "links"));
}
