/* Lines with roles: building, wrapping, marking; see rich.h. */
#include "ui/rich.h"

#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "ui/chars.h"

/* --- building --- */

static struct rich_line *last_line(struct rich *r)
{
	if (r->lines.len == 0)
		vec_push(&r->lines, (struct rich_line){ 0 });
	return &r->lines.items[r->lines.len - 1];
}

static void add_span(struct rich *r, enum role role, char *text)
{
	struct rich_span span = { .role = role, .text = text };
	struct rich_line *line = last_line(r);
	vec_push(&line->spans, span);
}

void rich_add(struct rich *r, enum role role, const char *text)
{
	add_span(r, role, xstrdup(text));
}

void rich_addf(struct rich *r, enum role role, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	add_span(r, role, xvasprintf(fmt, ap));
	va_end(ap);
}

void rich_newline(struct rich *r)
{
	last_line(r);
	vec_push(&r->lines, (struct rich_line){ 0 });
}

void rich_add_lines(struct rich *r, enum role role, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");
		if (n)
			add_span(r, role, xstrndup(text, n));
		text += n;
		if (*text == '\n') {
			text++;
			rich_newline(r);
		}
	}
}

void rich_indent(struct rich *r, int columns)
{
	last_line(r)->indent = MAX(0, columns);
}

static void start_line(struct rich *r)
{
	if (last_line(r)->spans.len)
		rich_newline(r);
}

void rich_heading(struct rich *r, const char *text)
{
	start_line(r);
	if (r->lines.len > 1 && r->lines.items[r->lines.len - 2].spans.len)
		rich_newline(r);
	rich_add(r, ROLE_TITLE, text);
	rich_newline(r);
}

void rich_field(struct rich *r, int at, const char *name, enum role role, const char *fmt, ...)
{
	start_line(r);
	int pad = at - 2 - text_width(name);
	rich_addf(r, ROLE_DIM, "  %s%*s", name, MAX(pad, 1), "");
	va_list ap;
	va_start(ap, fmt);
	add_span(r, role, xvasprintf(fmt, ap));
	va_end(ap);
	rich_indent(r, at);
	rich_newline(r);
}

void rich_release(struct rich *r)
{
	for (size_t i = 0; i < r->lines.len; i++) {
		struct rich_line *line = &r->lines.items[i];
		for (size_t j = 0; j < line->spans.len; j++)
			free(line->spans.items[j].text);
		vec_free(&line->spans);
	}
	vec_free(&r->lines);
}

static size_t n_lines(const struct rich *r)
{
	size_t n = r->lines.len;
	return n && r->lines.items[n - 1].spans.len == 0 ? n - 1 : n;
}

void rich_to_text(const struct rich *r, struct strbuf *out)
{
	char buf[5];
	for (size_t i = 0; i < n_lines(r); i++) {
		const struct rich_line *line = &r->lines.items[i];
		size_t blanks = 0;
		for (size_t j = 0; j < line->spans.len; j++) {
			const char *text = line->spans.items[j].text;
			int width;
			for (uint32_t ch; (ch = chars_next(&text, &width));) {
				if (ch == ' ') {
					blanks++;
					continue;
				}
				for (; blanks; blanks--)
					strbuf_addc(out, ' ');
				strbuf_add(out, buf, chars_encode(ch, buf));
			}
		}
		strbuf_addc(out, '\n');
	}
}

/* --- wrapping --- */

struct flow_char {
	uint32_t ch;
	uint8_t role, width;
	bool match, match_start;
};
struct flow {
	VEC(struct flow_char) chars; /* of one line */
	VEC(uint32_t) match;         /* folded; empty: none */
};

static uint32_t fold(uint32_t ch)
{
	return ch >= 'A' && ch <= 'Z' ? ch + ('a' - 'A') : ch;
}

static void flow_init(struct flow *f, const char *match)
{
	*f = (struct flow){ 0 };
	int width;
	for (uint32_t ch; match && (ch = chars_next(&match, &width));)
		vec_push(&f->match, fold(ch));
}

static void flow_release(struct flow *f)
{
	vec_free(&f->chars);
	vec_free(&f->match);
}

static bool matches_at(const struct flow *f, size_t at)
{
	for (size_t i = 0; i < f->match.len; i++) {
		if (fold(f->chars.items[at + i].ch) != f->match.items[i])
			return false;
	}
	return true;
}

static void flow_load(struct flow *f, const struct rich_line *line)
{
	f->chars.len = 0;
	for (size_t i = 0; i < line->spans.len; i++) {
		const char *text = line->spans.items[i].text;
		int width;
		for (uint32_t ch; (ch = chars_next(&text, &width));) {
			struct flow_char c = { .ch = ch,
				.role = (uint8_t)line->spans.items[i].role,
				.width = (uint8_t)width };
			vec_push(&f->chars, c);
		}
	}
	size_t n = f->match.len;
	for (size_t i = 0; n && i + n <= f->chars.len;) {
		if (!matches_at(f, i)) {
			i++;
			continue;
		}
		f->chars.items[i].match_start = true;
		for (size_t j = 0; j < n; j++)
			f->chars.items[i + j].match = true;
		i += n;
	}
}

/* The end of the row that begins at `from`; *ret_next is where the next one begins. */
static size_t row_end(const struct flow *f, size_t from, int width, size_t *ret_next)
{
	const struct flow_char *c = f->chars.items;
	size_t n = f->chars.len, i = from, after_blank = from;
	bool in_text = false; /* blanks at the very start are kept */
	int used = 0;
	for (; i < n && used + c[i].width <= width; used += c[i++].width) {
		in_text |= c[i].ch != ' ';
		if (c[i].ch == ' ' && in_text)
			after_blank = i + 1;
	}
	if (i == n) {
		*ret_next = n;
		return n;
	}
	size_t end = i;
	if (c[i].ch != ' ' && after_blank > from)
		end = after_blank;
	if (end == from)
		end = from + 1; /* narrower than one character: get on all the same */
	*ret_next = end;
	while (*ret_next < n && c[*ret_next].ch == ' ')
		++*ret_next;
	return end;
}

static int indent_of(const struct rich_line *line, int width)
{
	return MIN(line->indent, width / 2);
}

/* Calls fn for each row of all lines until it returns false. */
struct row {
	int number; /* of the whole */
	int indent;
	size_t from, to; /* of flow.chars */
};
typedef bool row_fn(const struct flow *f, const struct row *row, void *arg);

/* Returns the number of rows, or of those seen when fn ended it. */
static int each_row(const struct rich *r, struct flow *f, int width, row_fn *fn, void *arg)
{
	int number = 0;
	width = MAX(width, 1);
	for (size_t i = 0; i < n_lines(r); i++) {
		const struct rich_line *line = &r->lines.items[i];
		flow_load(f, line);
		size_t from = 0, next = 0;
		do {
			struct row row = { .number = number, .from = from };
			number++;
			row.indent = from ? indent_of(line, width) : 0;
			row.to = row_end(f, from, width - row.indent, &next);
			if (fn && !fn(f, &row, arg))
				return number;
			from = next;
		} while (from < f->chars.len);
	}
	return number;
}

int rich_height(const struct rich *r, int width)
{
	struct flow f;
	flow_init(&f, NULL);
	int rows = each_row(r, &f, width, NULL, NULL);
	flow_release(&f);
	return rows;
}

struct drawing {
	struct view *view;
	int top;
};

static bool draw_row(const struct flow *f, const struct row *row, void *arg)
{
	const struct drawing *d = arg;
	int y = row->number - d->top, x = row->indent;
	if (row->number < d->top || y >= d->view->h)
		return true;
	for (size_t i = row->from; i < row->to; i++) {
		const struct flow_char *c = &f->chars.items[i];
		view_char(d->view, x, y, c->match ? ROLE_MATCH : c->role, c->ch);
		x += c->width;
	}
	return true;
}

int rich_draw(const struct rich *r, struct view *v, int top, const char *match)
{
	struct flow f;
	flow_init(&f, match);
	struct drawing d = { .view = v, .top = MAX(top, 0) };
	int rows = each_row(r, &f, v->w, draw_row, &d);
	flow_release(&f);
	return rows;
}

struct finding {
	size_t left; /* matches to be skipped */
	int row;
};

static bool find_row(const struct flow *f, const struct row *row, void *arg)
{
	struct finding *find = arg;
	for (size_t i = row->from; i < row->to; i++) {
		if (!f->chars.items[i].match_start)
			continue;
		if (find->left-- == 0) {
			find->row = row->number;
			return false;
		}
	}
	return true;
}

int rich_find(const struct rich *r, int width, const char *match, size_t n)
{
	struct flow f;
	flow_init(&f, match);
	struct finding find = { .left = n, .row = -1 };
	if (f.match.len)
		each_row(r, &f, width, find_row, &find);
	flow_release(&f);
	return find.row;
}

static bool count_row(const struct flow *f, const struct row *row, void *arg)
{
	size_t *n = arg;
	for (size_t i = row->from; i < row->to; i++)
		*n += f->chars.items[i].match_start;
	return true;
}

size_t rich_count(const struct rich *r, int width, const char *match)
{
	struct flow f;
	size_t n = 0;
	flow_init(&f, match);
	if (f.match.len)
		each_row(r, &f, width, count_row, &n);
	flow_release(&f);
	return n;
}

int rich_step(const struct rich *r, int width, const char *match, int by, size_t *at)
{
	size_t n = rich_count(r, width, match);
	if (n == 0)
		return -1;
	/* the text may have become shorter since *at was found */
	int64_t to = ((int64_t)(*at % n) + by) % (int64_t)n;
	*at = (size_t)(to < 0 ? to + (int64_t)n : to);
	return rich_find(r, width, match, *at);
}
