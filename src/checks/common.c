/* What several checks need; see common.h. */
#include "checks/common.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "util/clock.h"
#include "util/units.h"

struct check_text check_at(uint64_t t_ns)
{
	struct check_text t;
	uint64_t s = t_ns / NS_PER_S;
	snprintf(t.s, sizeof(t.s), "%" PRIu64 ":%02u", s / 60, (unsigned)(s % 60));
	return t;
}

struct check_text check_id(const struct id32 *id)
{
	struct check_text t;
	snprintf(t.s, sizeof(t.s), "%02x%02x..%02x", id->b[0], id->b[1], id->b[31]);
	return t;
}

struct check_text check_node(const struct model *m, int node)
{
	struct check_text t;
	if (node >= 0 && (size_t)node < m->n_nodes && m->nodes[node].name[0] != '\0')
		snprintf(t.s, sizeof(t.s), "%s", m->nodes[node].name);
	else
		snprintf(t.s, sizeof(t.s), "n%d", node);
	return t;
}

struct check_text check_human(uint64_t ns)
{
	struct check_text t;
	char buf[32];
	snprintf(t.s, sizeof(t.s), "%.23s", units_format_human(ns, buf, sizeof(buf)));
	return t;
}

void check_set(struct check_result *r, enum verdict v, const char *fmt, ...)
{
	va_list ap;
	r->verdict = v;
	va_start(ap, fmt);
	vsnprintf(r->reason, sizeof(r->reason), fmt, ap);
	va_end(ap);
}

void check_add(struct check_result *r, const char *fmt, ...)
{
	size_t len = strlen(r->reason);
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(r->reason + len, sizeof(r->reason) - len, fmt, ap);
	va_end(ap);
}

uint64_t check_steps(const struct view_block *b, const struct view_block *ancestor)
{
	uint64_t steps = 0;
	while (b && b != ancestor && steps <= CHAIN_VIEW_MAX) {
		b = b->parent_block;
		steps++;
	}
	return b == ancestor ? steps : UINT64_MAX;
}

/* Is id the unknown parent at the end of this block's known ancestors? */
static bool is_below_known(const struct chain_view *v, const struct id32 *id, const struct id32 *of)
{
	const struct view_block *b = chain_view_find(v, of);
	if (!b || chain_view_find(v, id))
		return false;
	for (size_t i = 0; b->parent_block && i <= CHAIN_VIEW_MAX; i++)
		b = b->parent_block;
	return !b->parent_block && id32_eq(&b->parent, id);
}

enum view_relation check_relation(
	const struct chain_view *v, const struct id32 *a, const struct id32 *b)
{
	enum view_relation r = chain_view_relation(v, a, b);
	if (r != VIEW_CANNOT_TELL)
		return r;
	if (is_below_known(v, a, b))
		return VIEW_ANCESTOR;
	return is_below_known(v, b, a) ? VIEW_DESCENDANT : VIEW_CANNOT_TELL;
}

bool check_judges_at_once(const struct event *ev)
{
	return ev->kind == EVENT_COMMAND && ev->u.command.ok &&
	       strcmp(ev->u.command.text, "judge") == 0;
}

bool check_fault_near(const struct model *m, uint64_t t_ns, uint64_t slack_ns)
{
	for (size_t i = 0; i < m->n_faults; i++) {
		const struct model_fault *f = &m->faults[i];
		if (f->start_ns <= t_ns && (f->end_ns == 0 || f->end_ns + slack_ns >= t_ns))
			return true;
	}
	return false;
}
