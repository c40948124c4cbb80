/* Any line as a recorded event: read, folded into a model, written, read again. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/event.h"
#include "core/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_stable(const struct event *ev)
{
	struct strbuf first = { 0 }, second = { 0 };
	event_to_json(ev, &first);
	struct event *again = event_from_json(strbuf_str(&first), first.len, NULL);
	if (!again)
		abort(); /* what is written must be readable */
	event_to_json(again, &second);
	if (strcmp(strbuf_str(&first), strbuf_str(&second)) != 0)
		abort();
	event_free(again);
	strbuf_release(&first);
	strbuf_release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct model *m = model_new();
	const char *at = (const char *)data, *end = at + size;

	while (at < end) {
		const char *nl = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((nl ? nl : end) - at);
		struct event *ev = event_from_json(at, len, NULL);
		if (ev) {
			check_stable(ev);
			model_apply(m, ev);
			event_free(ev);
		}
		at += len + 1;
	}
	snapshot_unref(snapshot_new(m));
	model_free(m);
	return 0;
}
