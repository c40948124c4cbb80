/* Any bytes as YAML: refused with a text, or a tree that survives being written. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_equal(const struct ynode *a, const struct ynode *b)
{
	if (a->kind != b->kind || a->len != b->len)
		abort();
	if (a->kind == YNODE_SCALAR &&
		(strcmp(a->scalar, b->scalar) != 0 || a->quoted != b->quoted))
		abort();
	for (size_t i = 0; i < a->len; i++) {
		if (a->kind == YNODE_MAP)
			must_equal(a->keys[i], b->keys[i]);
		must_equal(a->items[i], b->items[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = { 0 };
	struct ydoc *d = yaml_parse("fuzz", (const char *)data, size, 0, &err);
	if (!d) {
		if (err.code != ERR_USAGE && err.code != ERR_LIMIT)
			abort();
		return 0;
	}
	if (d->root) {
		struct strbuf text = { 0 };
		ynode_write(d->root, &text);
		struct ydoc *again =
			yaml_parse("again", strbuf_str(&text), text.len, 1 << 26, &err);
		if (!again || !again->root)
			abort();
		must_equal(d->root, again->root);
		ydoc_free(again);
		strbuf_release(&text);
	}
	ydoc_free(d);
	return 0;
}
