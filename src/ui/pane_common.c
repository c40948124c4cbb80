/* What panes share: absent members, a list with a cursor, formats; see pane.h. */
#include "ui/pane.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "util/mem.h"

/* --- members that a pane does not need --- */

void pane_no_init(void *state)
{
	(void)state;
}

void pane_no_release(void *state)
{
	(void)state;
}

int pane_no_brief(void *state, const struct pane_context *ctx, struct view *v)
{
	(void)state, (void)ctx, (void)v;
	return 0;
}

size_t pane_no_search(void *state, const struct pane_context *ctx, const char *text)
{
	(void)state, (void)ctx, (void)text;
	return 0;
}

enum pane_reply pane_no_click(void *state, const struct pane_context *ctx, int x, int y)
{
	(void)state, (void)ctx, (void)x, (void)y;
	return PANE_IGNORED;
}

/* --- lists --- */

void list_clamp(struct list *l, size_t n, size_t rows)
{
	l->rows = rows;
	if (n == 0) {
		l->cursor = l->top = 0;
		return;
	}
	if (l->at_end || l->cursor >= n)
		l->cursor = n - 1;
	if (rows == 0) {
		l->top = l->cursor;
		return;
	}
	if (l->top > l->cursor)
		l->top = l->cursor;
	if (l->cursor - l->top >= rows)
		l->top = l->cursor - rows + 1;
	/* no empty rows below the last item while there are items above the first */
	l->top = MIN(l->top, n > rows ? n - rows : 0);
}

bool list_act(struct list *l, size_t n, enum action a)
{
	size_t page = l->rows > 1 ? l->rows - 1 : 1, last = n ? n - 1 : 0;
	size_t at = MIN(l->cursor, last);
	switch (a) {
	case ACTION_UP:
		at -= at > 0;
		break;
	case ACTION_DOWN:
		at += at < last;
		break;
	case ACTION_PAGE_UP:
		at -= MIN(page, at);
		break;
	case ACTION_PAGE_DOWN:
		at += MIN(page, last - at);
		break;
	case ACTION_FIRST:
		at = 0;
		break;
	case ACTION_LAST:
		at = last;
		break;
	default:
		return false;
	}
	/* only LAST begins to follow; DOWN on the last line goes on with it */
	l->at_end = a == ACTION_LAST || (l->at_end && at == last);
	l->cursor = at;
	return true;
}

/* --- formats --- */

const char *fmt_clock_s(uint64_t ns, char *buf, size_t size)
{
	uint64_t s = ns / 1000000000;
	if (s < 3600)
		snprintf(buf, size, "%" PRIu64 ":%02" PRIu64, s / 60, s % 60);
	else
		snprintf(buf, size, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, s / 3600, s / 60 % 60,
			s % 60);
	return buf;
}

const char *fmt_clock(uint64_t ns, char *buf, size_t size)
{
	uint64_t tenths = ns / 100000000, s = tenths / 10;
	if (s >= 3600)
		return fmt_clock_s(ns, buf, size);
	snprintf(buf, size, "%" PRIu64 ":%02" PRIu64 ".%" PRIu64, s / 60, s % 60, tenths % 10);
	return buf;
}

const char *fmt_ago(uint64_t ns, char *buf, size_t size)
{
	uint64_t s = ns / 1000000000;
	if (s < 100)
		snprintf(buf, size, "%" PRIu64 " s", s);
	else if (s < 6000)
		snprintf(buf, size, "%" PRIu64 " min", s / 60);
	else
		snprintf(buf, size, "%" PRIu64 " h", s / 3600);
	return buf;
}

const char *fmt_ms(uint64_t ns, char *buf, size_t size)
{
	double ms = (double)ns / 1e6;
	if (ns == 0)
		snprintf(buf, size, "-");
	else if (ms < 99.95)
		snprintf(buf, size, "%.1f ms", ms);
	else if (ms < 999.5)
		snprintf(buf, size, "%.0f ms", ms);
	else if (ms < 99950)
		snprintf(buf, size, "%.1f s", ms / 1e3);
	else
		snprintf(buf, size, "%.0f s", ms / 1e3);
	return buf;
}

const char *fmt_bytes(uint64_t bytes, char *buf, size_t size)
{
	static const char units[] = "KMGTPE";
	if (bytes < 1000) {
		snprintf(buf, size, "%" PRIu64 "B", bytes);
		return buf;
	}
	double value = (double)bytes / 1024;
	size_t unit = 0;
	while (value >= 999.5 && unit + 2 < sizeof(units)) {
		value /= 1024;
		unit++;
	}
	snprintf(buf, size, value < 99.95 ? "%.1f%c" : "%.0f%c", value, units[unit]);
	return buf;
}

const char *fmt_rate(double per_s, char *buf, size_t size)
{
	if (!(per_s >= 0)) /* also: not a number */
		snprintf(buf, size, "-");
	else if (per_s < 99.95)
		snprintf(buf, size, "%.1f/s", per_s);
	else if (per_s < 9999.5)
		snprintf(buf, size, "%.0f/s", per_s);
	else
		snprintf(buf, size, "%.1fk/s", MIN(per_s, 1e12) / 1e3);
	return buf;
}

const char *fmt_id(const struct id32 *id, char *buf, size_t size)
{
	snprintf(buf, size, "%02x%02x..%02x", id->b[0], id->b[1], id->b[31]);
	return buf;
}

const char *fmt_count(uint64_t n, char *buf, size_t size)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, n);
	size_t at = 0;
	for (int i = 0; i < len && at + 2 < size; i++) {
		if (i && (len - i) % 3 == 0)
			buf[at++] = ',';
		buf[at++] = digits[i];
	}
	if (size)
		buf[at] = '\0';
	return buf;
}

/* --- states --- */

enum role role_of_verdict(enum verdict v)
{
	switch (v) {
	case VERDICT_PASSING:
	case VERDICT_PASS:
		return ROLE_GOOD;
	case VERDICT_FAILING:
	case VERDICT_FAIL:
		return ROLE_BAD;
	case VERDICT_UNKNOWN:
		return ROLE_WARN;
	case VERDICT_PENDING:
		break;
	}
	return ROLE_DIM;
}

uint32_t glyph_of_verdict(const struct glyphs *g, enum verdict v)
{
	switch (v) {
	case VERDICT_PASSING:
	case VERDICT_PASS:
		return g->pass;
	case VERDICT_FAILING:
	case VERDICT_FAIL:
		return g->fail;
	case VERDICT_UNKNOWN:
		return g->unknown;
	case VERDICT_PENDING:
		break;
	}
	return g->pending;
}

enum role role_of_node(enum node_state s)
{
	switch (s) {
	case NODE_READY:
		return ROLE_GOOD;
	case NODE_STARTING:
	case NODE_UP:
		return ROLE_WARN;
	case NODE_PAUSED:
	case NODE_STOPPED:
		return ROLE_FAULT;
	case NODE_DEAD:
		return ROLE_BAD;
	case NODE_PLANNED:
	case NODE_REMOVED:
	case NODE_STATE_COUNT:
		break;
	}
	return ROLE_DIM;
}
