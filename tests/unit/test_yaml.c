/* YAML: positions, what is refused, construction, and writing that reads back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "util/mem.h"
#include "util/yaml.h"

static struct ydoc *parse(const char *text)
{
	struct err err = { 0 };
	struct ydoc *d = yaml_parse("t.yaml", text, strlen(text), 0, &err);
	if (!d)
		fail_msg("%s: %s", text, err.text);
	return d;
}

static void assert_same(const struct ynode *a, const struct ynode *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->len, b->len);
	if (a->kind == YNODE_SCALAR) {
		assert_string_equal(a->scalar, b->scalar);
		assert_int_equal(a->quoted, b->quoted);
	}
	for (size_t i = 0; i < a->len; i++) {
		if (a->kind == YNODE_MAP)
			assert_same(a->keys[i], b->keys[i]);
		assert_same(a->items[i], b->items[i]);
	}
}

static void test_tree_and_positions(void **state)
{
	(void)state;
	struct ydoc *d = parse("# head\nname: smoke\nnodes:\n  - id: 'a'\n    n: 3\n  - {id: b}\n"
			       "none: ~\nempty:\n");
	const struct ynode *name = ynode_get(d->root, "name");
	assert_string_equal(name->scalar, "smoke");
	assert_string_equal(name->file, "t.yaml");
	assert_int_equal(name->line, 2);
	assert_int_equal(name->col, 7);
	assert_false(name->quoted);
	const struct ynode *nodes = ynode_get(d->root, "nodes");
	assert_int_equal(nodes->kind, YNODE_SEQ);
	assert_int_equal(nodes->len, 2);
	const struct ynode *id = ynode_get(nodes->items[0], "id");
	assert_true(id->quoted);
	assert_int_equal(id->line, 4);
	assert_int_equal(id->col, 9);
	assert_true(ynode_is_null(ynode_get(d->root, "none")));
	assert_true(ynode_is_null(ynode_get(d->root, "empty")));
	assert_false(ynode_is_null(id));
	assert_null(ynode_get(d->root, "absent"));
	assert_null(ynode_get(name, "x"));
	assert_null(ynode_get(NULL, "x"));
	struct err err = { 0 };
	assert_int_equal(ynode_err(id, &err, "bad %s", "id"), -1);
	assert_string_equal(err.text, "t.yaml:4:9: bad id");
	assert_int_equal(err.code, ERR_USAGE);
	ydoc_free(d);
}

static void test_empty(void **state)
{
	(void)state;
	static const char *const empty[] = { "", "\n\n", "# nothing\n" };
	for (size_t i = 0; i < ARRAY_LEN(empty); i++) {
		struct ydoc *d = parse(empty[i]);
		assert_null(d->root);
		ydoc_free(d);
	}
	ydoc_free(NULL);
}

static void test_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text, *message;
	} bad[] = {
		{ "a: &x 1\n", "t.yaml:1:4: anchors" },
		{ "&x a: 1\n", "t.yaml:1:1: anchors" },
		{ "a: &x [1]\n", "t.yaml:1:4: anchors" },
		{ "a: *x\n", "t.yaml:1:4: aliases" },
		{ "*x : 1\n", "t.yaml:1:1: aliases" },
		{ "a: !!int 3\n", "t.yaml:1:4: tags" },
		{ "a: !mine {}\n", "t.yaml:1:4: tags" },
		{ "a: 1\n---\nb: 2\n", "t.yaml:2:1: a further document" },
		{ "[a, b]: 1\n", "t.yaml:1:1: a key must be a scalar" },
		{ "a: 1\nb: 2\na: 3\n", "t.yaml:3:1: key 'a' is there already, on line 1" },
		{ "x:\n  - k: 1\n    \"k\": 2\n",
			"t.yaml:3:5: key 'k' is there already, on line 2" },
		{ "a: \"x\\0y\"\n", "t.yaml:1:4: NUL" },
		{ "a: [1\n", "t.yaml:2:1: " },
		{ "a:\n\t- b\n", "t.yaml:2:1: " },
		{ "a: b: c\n", "t.yaml:1:5: " },
		{ "a: \xff\n", "t.yaml:1:4: " },
		{ "a: 1\nb: \xed\xa0\x80\n", "t.yaml:2:4: " },
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err err = { 0 };
		if (yaml_parse("t.yaml", bad[i].text, strlen(bad[i].text), 0, &err))
			fail_msg("%s was taken", bad[i].text);
		assert_int_equal(err.code, ERR_USAGE);
		if (!strstr(err.text, bad[i].message))
			fail_msg("%s: '%s' is not '%s'", bad[i].text, err.text, bad[i].message);
	}
}

static void test_limits(void **state)
{
	(void)state;
	struct err err = { 0 };
	assert_null(yaml_parse("t", "a: 12", 5, 4, &err));
	assert_int_equal(err.code, ERR_LIMIT);
	CLEANUP_STRBUF struct strbuf sb = { 0 };
	for (int i = 0; i < 33; i++)
		strbuf_addc(&sb, '[');
	assert_null(yaml_parse("t", sb.buf, sb.len, 0, &err));
	assert_int_equal(err.code, ERR_LIMIT);
	strbuf_clear(&sb);
	for (int i = 0; i < 32; i++)
		strbuf_addc(&sb, '[');
	for (int i = 0; i < 32; i++)
		strbuf_addc(&sb, ']');
	struct ydoc *d = yaml_parse("t", sb.buf, sb.len, 0, &err);
	assert_non_null(d);
	ydoc_free(d);
	strbuf_clear(&sb);
	for (int i = 0; i < 100001; i++)
		strbuf_adds(&sb, "- 1\n");
	assert_null(yaml_parse("t", sb.buf, sb.len, 0, &err));
	assert_int_equal(err.code, ERR_LIMIT);
	/* UTF-16 is bad UTF-8, whatever its mark says */
	assert_null(yaml_parse("t", "\xff\xfe\x61\x00", 4, 0, &err));
}

static void check_round_trip(const struct ynode *n)
{
	CLEANUP_STRBUF struct strbuf sb = { 0 };
	struct err err = { 0 };
	ynode_write(n, &sb);
	struct ydoc *again = yaml_parse("again", strbuf_str(&sb), sb.len, 1 << 24, &err);
	if (!again)
		fail_msg("%s\n%s", err.text, strbuf_str(&sb));
	assert_non_null(again->root);
	assert_same(n, again->root);
	ydoc_free(again);
}

/* As people write it: the first key of an entry stands beside its dash. */
static void test_write_style(void **state)
{
	(void)state;
	static const char text[] = "a:\n  - b: 1\n    c:\n      - d\n      - {}\n  - e\n  - f:\n"
				   "      - g: 2\nh: []\n";
	struct ydoc *d = yaml_parse("t", text, sizeof(text) - 1, 0, NULL);
	CLEANUP_STRBUF struct strbuf out = { 0 };
	assert_non_null(d);
	ynode_write(d->root, &out);
	assert_string_equal(strbuf_str(&out), text);
	ydoc_free(d);
}

static void test_write_documents(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"a: 1\nb: [x, {y: z}, [], {}, [[1], 2]]\nc: {}\nd:\n  e:\n    f: 'g'\n",
		"- - - a\n    - b\n  - c\n- d: e\n  f: g\n-\n",
		"plain",
		"'quoted'",
		"---\n",
		"''",
		"[]",
		"{}",
		"\"\": 1\na: 2\n",
		"? \n: 2\nb: 3\n",
		"a: |\n  line one\n  line two\n\nb: >\n  folded\n  text\n",
		"a: one\n  two\n\n  three\n",
		"'true': 'yes'\nfalse: yes\n'12': '0x1f'\n13: 0x1f\n-1: -.5\n~: null\n",
		"{a#b: c#d, 'e: f': g:h, \"tab\\there\": \"\\x07\\u2028\\ufeff\\U0001F600\"}",
	};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct ydoc *d = parse(texts[i]);
		check_round_trip(d->root);
		ydoc_free(d);
	}
}

/* As a key, as an item, as a value, quoted and not: the text survives. */
static void test_write_awkward_scalars(void **state)
{
	(void)state;
	static const char *const texts[] = { "", " ", "a ", " a", "-", "- a", "-a", "--", "---",
		"--- a", "...", "....", "?", "? a", "?a", ":", ": a", ":a", "a:", "a: b", "a:b",
		"a #b", "a#b", "#", "&a", "*a", "!a", "|", ">", "'", "\"", "%", "%YAML", "@a", "`",
		"{", "}", "[", "]", "[a]", "a, b", ",", "~", "null", "true", "1", "1e5", "<<", "=",
		"a\nb", "\n", "a\tb", "\\", "a\\nb", "\x01", "\x7f", "\xc2\x85", "\xc2\xa0",
		"\xe2\x80\xa8",
		"\xef\xbb\xbf"
		"a",
		"\xef\xbf\xbf", "\xf0\x9f\x98\x80", "a'b\"c" };
	struct ynode *root = ynode_new(YNODE_MAP, "f", 1, 1);
	for (int quoted = 0; quoted < 2; quoted++) {
		struct ynode *seq = ynode_new(YNODE_SEQ, "f", 1, 1);
		struct ynode *map = ynode_new(YNODE_MAP, "f", 1, 1);
		for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
			ynode_append(seq, ynode_new_scalar(texts[i], quoted, "f", 1, 1));
			ynode_set(map, texts[i], ynode_new_scalar(texts[i], quoted, "f", 1, 1));
		}
		assert_int_equal(map->len, ARRAY_LEN(texts));
		check_round_trip(map);
		ynode_set(root, quoted ? "q" : "p", map);
		ynode_set(root, quoted ? "qs" : "ps", seq);
	}
	check_round_trip(root);
	ynode_free(root);
}

static void test_write_long_key(void **state)
{
	(void)state;
	for (size_t len = 990; len < 1040; len++) {
		CLEANUP_STRBUF struct strbuf key = { 0 };
		for (size_t i = 0; i < len; i++)
			strbuf_addc(&key, 'k');
		struct ynode *root = ynode_new(YNODE_MAP, "f", 1, 1);
		struct ynode *inner = ynode_new(YNODE_MAP, "f", 1, 1);
		ynode_set(inner, key.buf, ynode_new_scalar("v", false, "f", 1, 1));
		ynode_set(root, key.buf, inner);
		check_round_trip(root);
		ynode_free(root);
	}
}

static void test_construction(void **state)
{
	(void)state;
	struct ydoc *d = parse("a: 1\nb:\n  c: [x]\n");
	struct ynode *copy = ynode_copy(d->root, "other");
	assert_same(copy, d->root);
	assert_string_equal(ynode_get(copy, "a")->file, "other");
	assert_int_equal(ynode_get(copy, "b")->line, 3);
	ydoc_free(d);
	ynode_set(copy, "a", ynode_new_scalar("2", false, "other", 9, 9));
	ynode_set(copy, "z", ynode_new(YNODE_SEQ, "other", 9, 9));
	assert_int_equal(copy->len, 3);
	assert_string_equal(ynode_get(copy, "a")->scalar, "2");
	assert_int_equal(ynode_get(copy, "z")->kind, YNODE_SEQ);
	/* replacing a node by itself is no loss */
	ynode_set(copy, "z", ynode_get(copy, "z"));
	assert_int_equal(ynode_get(copy, "z")->kind, YNODE_SEQ);
	check_round_trip(copy);
	ynode_free(copy);
	ynode_free(NULL);
	assert_null(ynode_copy(NULL, "f"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree_and_positions),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_write_style),
		cmocka_unit_test(test_write_documents),
		cmocka_unit_test(test_write_awkward_scalars),
		cmocka_unit_test(test_write_long_key),
		cmocka_unit_test(test_construction),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
