/*
 * Any bytes as the body of a request to the relay: refused with a bounded
 * text, or read into what is within its bounds. Rules that are accepted are
 * written to JSON that is read to the same rule.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "relay/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_refusal(const struct err *err)
{
	size_t len = strlen(err->text);

	if (err->code != ERR_USAGE && err->code != ERR_LIMIT && err->code != ERR_PROTOCOL)
		abort();
	if (len == 0 || len > 700)
		abort();
}

static void check_rule(const struct rule *r)
{
	struct strbuf first = { 0 }, second = { 0 };
	struct rule again;
	struct jw w;

	jw_init(&w, &first, 0);
	rule_to_json(r, &w);
	cJSON *json = json_parse(strbuf_str(&first), first.len, NULL, NULL);
	if (!json || rule_from_json(json, &again, NULL))
		abort();
	jw_init(&w, &second, 0);
	rule_to_json(&again, &w);
	if (strcmp(strbuf_str(&first), strbuf_str(&second)) != 0)
		abort();
	cJSON_Delete(json);
	strbuf_release(&first);
	strbuf_release(&second);
}

static void links(const char *body, size_t size)
{
	struct link_specs specs;
	struct err err = { 0 };

	if (request_links(body, size, &specs, &err))
		check_refusal(&err);
	else
		for (size_t i = 0; i < specs.len; i++) {
			const struct link_spec *s = &specs.items[i];
			char text[ENDPOINT_TEXT];
			struct endpoint e;

			if (strlen(s->id) > LINK_ID_MAX || strlen(s->from) > NAME_MAX_CHARS ||
				s->groups.len > GROUPS_MAX || s->listen.addr.len == 0)
				abort();
			if (endpoint_parse(endpoint_text(&s->target, text), &e, NULL) ||
				!endpoint_eq(&e, &s->target))
				abort();
			check_rule(&s->rule);
		}
	link_specs_release(&specs);
}

static void rules(const char *body, size_t size)
{
	struct rule_changes changes;
	struct err err = { 0 };

	if (request_rules(body, size, &changes, &err))
		check_refusal(&err);
	else
		for (size_t i = 0; i < changes.len; i++)
			check_rule(&changes.items[i].rule);
	rule_changes_release(&changes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *body = (const char *)data;
	struct strlist ids = { 0 };
	struct err err = { 0 };

	links(body, size);
	rules(body, size);
	if (request_ids(body, size, &ids, &err))
		check_refusal(&err);
	strlist_release(&ids);
	return 0;
}
