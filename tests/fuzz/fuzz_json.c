/*
 * Any bytes as JSON: refused with a text, or a tree that is written to JSON
 * which is read to a tree that is written the same.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_tree(const cJSON *tree, int indent, struct strbuf *out)
{
	struct jw w;
	jw_init(&w, out, indent);
	jw_value(&w, tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = { 0 };
	cJSON *tree = json_parse((const char *)data, size, NULL, &err);
	if (!tree) {
		if (err.code != ERR_PROTOCOL && err.code != ERR_LIMIT)
			abort();
		return 0;
	}
	struct strbuf first = { 0 }, second = { 0 };
	write_tree(tree, 2, &first);
	cJSON *again = json_parse(strbuf_str(&first), first.len, NULL, NULL);
	if (!again)
		abort();
	write_tree(again, 2, &second);
	if (strcmp(strbuf_str(&first), strbuf_str(&second)) != 0)
		abort();
	cJSON_Delete(again);
	cJSON_Delete(tree);
	strbuf_release(&first);
	strbuf_release(&second);
	return 0;
}
