/* YAML out, in block style; see yaml.h. */
#include <stdint.h>
#include <string.h>

#include "util/utf8.h"
#include "util/yaml.h"
#include "util/yaml_plain.h"

/* libyaml takes no longer text for a key before ":" (in characters: 1024). */
#define LONGEST_SIMPLE_KEY 1000

/* The character of a valid sequence of n bytes. */
static uint32_t code_point(const char *s, size_t n)
{
	uint32_t point = (unsigned char)s[0] & (n == 1 ? 0x7fu : 0x7fu >> n);
	for (size_t i = 1; i < n; i++)
		point = point << 6 | ((unsigned char)s[i] & 0x3f);
	return point;
}

/* Neither control character nor line break nor byte order mark. */
static bool is_printable(uint32_t point)
{
	return (point >= 0x20 && point < 0x7f) ||
	       (point >= 0xa0 && point < 0xfffe && point != 0x2028 && point != 0x2029 &&
		       point != 0xfeff) ||
	       point >= 0x10000;
}

bool yaml_plain_ok(const char *text)
{
	size_t len = strlen(text);
	if (len == 0)
		return true;
	if (strchr(" ?:,[]{}#&*!|>'\"%@`", text[0]) || text[len - 1] == ' ' ||
		text[len - 1] == ':' || (text[0] == '-' && (text[1] == ' ' || text[1] == '\0')) ||
		strncmp(text, "---", 3) == 0 || strncmp(text, "...", 3) == 0)
		return false;
	for (size_t i = 0; i < len;) {
		size_t n = utf8_sequence(text + i, len - i);
		if (n == 0 || !is_printable(code_point(text + i, n)))
			return false;
		if ((text[i] == ':' && text[i + 1] == ' ') ||
			(text[i] == ' ' && text[i + 1] == '#'))
			return false;
		i += n;
	}
	return true;
}

void yaml_add_quoted(const char *text, struct strbuf *out)
{
	size_t len = strlen(text);
	strbuf_addc(out, '"');
	for (size_t i = 0; i < len;) {
		size_t n = utf8_sequence(text + i, len - i);
		uint32_t point = n ? code_point(text + i, n) : 0xfffd;
		if (point == '"' || point == '\\')
			strbuf_addf(out, "\\%c", (int)point);
		else if (point == '\n')
			strbuf_adds(out, "\\n");
		else if (point == '\t')
			strbuf_adds(out, "\\t");
		else if (n && is_printable(point))
			strbuf_add(out, text + i, n);
		else
			strbuf_addf(out, point < 0x100 ? "\\x%02X" : "\\u%04X", (unsigned)point);
		i += n ? n : 1;
	}
	strbuf_addc(out, '"');
}

static void write_scalar(const struct ynode *n, struct strbuf *out)
{
	if (n->quoted || !yaml_plain_ok(n->scalar))
		yaml_add_quoted(n->scalar, out);
	else
		strbuf_adds(out, n->scalar);
}

static void write_indent(int indent, struct strbuf *out)
{
	for (int i = 0; i < indent; i++)
		strbuf_addc(out, ' ');
}

static void write_lines(const struct ynode *n, int indent, struct strbuf *out);

/* What follows "key:" or "-" on its line and, for a collection, below it. */
static void write_value(const struct ynode *n, int indent, struct strbuf *out)
{
	if (n->kind == YNODE_SCALAR) {
		if (*n->scalar || n->quoted) {
			strbuf_addc(out, ' ');
			write_scalar(n, out);
		}
		strbuf_addc(out, '\n');
	} else if (n->len == 0) {
		strbuf_adds(out, n->kind == YNODE_MAP ? " {}\n" : " []\n");
	} else {
		strbuf_addc(out, '\n');
		write_lines(n, indent, out);
	}
}

static void write_key(const struct ynode *key, int indent, struct strbuf *out)
{
	size_t start = out->len;
	if (*key->scalar || key->quoted) {
		write_scalar(key, out);
		if (out->len - start <= LONGEST_SIMPLE_KEY) {
			strbuf_addc(out, ':');
			return;
		}
		/* once more, in the long form */
		out->len = start;
	}
	strbuf_adds(out, "? ");
	write_scalar(key, out);
	strbuf_addc(out, '\n');
	write_indent(indent, out);
	strbuf_addc(out, ':');
}

/* "- key: value": the first entry of a map stands beside the dash. */
static bool begins_beside_dash(const struct ynode *n)
{
	return n->kind == YNODE_MAP && n->len > 0 && *n->keys[0]->scalar &&
	       strlen(n->keys[0]->scalar) < LONGEST_SIMPLE_KEY / 6;
}

/* A collection that is not empty, one entry a line. */
static void write_lines(const struct ynode *n, int indent, struct strbuf *out)
{
	for (size_t i = 0; i < n->len; i++) {
		if (i > 0 || !out->len || out->buf[out->len - 1] == '\n')
			write_indent(indent, out);
		if (n->kind == YNODE_MAP)
			write_key(n->keys[i], indent, out);
		else
			strbuf_addc(out, '-');
		if (n->kind == YNODE_SEQ && begins_beside_dash(n->items[i])) {
			strbuf_addc(out, ' ');
			write_lines(n->items[i], indent + 2, out);
		} else {
			write_value(n->items[i], indent + 2, out);
		}
	}
}

void ynode_write(const struct ynode *n, struct strbuf *out)
{
	if (n->kind != YNODE_SCALAR && n->len > 0)
		write_lines(n, 0, out);
	else if (n->kind != YNODE_SCALAR)
		strbuf_adds(out, n->kind == YNODE_MAP ? "{}\n" : "[]\n");
	else {
		/* without the mark, nothing at all would be an empty document */
		strbuf_adds(out, "---");
		write_value(n, 0, out);
	}
}
