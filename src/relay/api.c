/* See api.h. */
#include "relay/api.h"

#include <string.h>

#include "relay/report.h"
#include "version.h"

#define JSON "application/json"

void api_error(struct api_reply *ret, unsigned status, const char *text)
{
	struct jw w;

	strbuf_clear(&ret->body);
	ret->status = status;
	ret->content_type = JSON;
	jw_init(&w, &ret->body, 0);
	jw_object(&w);
	jw_kstr(&w, "error", text);
	jw_object_end(&w);
}

static void reply_err(struct api_reply *ret, const struct err *err)
{
	switch (err->code) {
	case ERR_PROTOCOL:
		api_error(ret, 400, err->text);
		return;
	case ERR_USAGE:
		api_error(ret, 422, err->text);
		return;
	case ERR_LIMIT:
		api_error(ret, 413, err->text);
		return;
	default:
		api_error(ret, 503, err->text);
		return;
	}
}

static void begin(struct api_reply *ret, struct jw *w)
{
	ret->status = 200;
	ret->content_type = JSON;
	jw_init(w, &ret->body, 0);
}

struct call {
	struct plane *plane;
	const char *rest; /* of the path, after the prefix */
	const char *body;
	size_t len;
	struct api_reply *reply;
};

static void get_health(struct call *c)
{
	struct jw w;

	begin(c->reply, &w);
	jw_object(&w);
	jw_kstr(&w, "status", "ok");
	jw_kstr(&w, "version", LTB_VERSION);
	jw_object_end(&w);
}

static void get_metrics(struct call *c)
{
	c->reply->status = 200;
	c->reply->content_type = "text/plain; version=0.0.4";
	report_metrics(&c->reply->body, c->plane);
}

static void get_links(struct call *c)
{
	struct jw w;

	begin(c->reply, &w);
	report_links(&w, c->plane);
}

static void get_link(struct call *c)
{
	const struct link *l = plane_link(c->plane, c->rest);
	struct jw w;

	if (!l) {
		api_error(c->reply, 404, "no such link");
		return;
	}
	begin(c->reply, &w);
	report_link(&w, l);
}

static void get_rules(struct call *c)
{
	struct jw w;

	begin(c->reply, &w);
	report_rules(&w, c->plane);
}

int api_make_links(
	struct plane *p, const char *body, size_t len, struct link_specs *ret, struct err *err)
{
	if (request_links(body, len, ret, err))
		return -1;
	return plane_put_links(p, ret->items, ret->len, err);
}

static void put_links(struct call *c)
{
	struct link_specs specs;
	struct err err = { 0 };
	struct jw w;
	char text[ENDPOINT_TEXT];

	if (api_make_links(c->plane, c->body, c->len, &specs, &err)) {
		reply_err(c->reply, &err);
	} else {
		begin(c->reply, &w);
		jw_object(&w);
		jw_key(&w, "links");
		jw_array(&w);
		for (size_t i = 0; i < specs.len; i++) {
			const struct link *l = plane_link(c->plane, specs.items[i].id);

			jw_object(&w);
			jw_kstr(&w, "id", l->id);
			jw_kstr(&w, "listen", endpoint_text(&l->listen, text));
			jw_object_end(&w);
		}
		jw_array_end(&w);
		jw_object_end(&w);
	}
	link_specs_release(&specs);
}

static void delete_links(struct call *c)
{
	struct strlist ids = { 0 };
	struct err err = { 0 };
	struct jw w;

	if (request_ids(c->body, c->len, &ids, &err)) {
		reply_err(c->reply, &err);
	} else {
		begin(c->reply, &w);
		jw_object(&w);
		jw_ku64(&w, "removed", plane_delete_links(c->plane, &ids));
		jw_object_end(&w);
	}
	strlist_release(&ids);
}

static void put_rules(struct call *c)
{
	struct rule_changes changes;
	struct err err = { 0 };
	struct jw w;

	if (request_rules(c->body, c->len, &changes, &err)) {
		reply_err(c->reply, &err);
	} else {
		plane_put_rules(c->plane, changes.items, changes.len);
		begin(c->reply, &w);
		jw_object(&w);
		jw_key(&w, "matched");
		jw_array(&w);
		for (size_t i = 0; i < changes.len; i++)
			jw_u64(&w, changes.items[i].matched);
		jw_array_end(&w);
		jw_object_end(&w);
	}
	rule_changes_release(&changes);
}

static const struct route {
	const char *path;
	bool is_prefix;
	const char *allow;
	void (*get)(struct call *c), (*put)(struct call *c), (*delete)(struct call *c);
} routes[] = {
	{ "/health", false, "GET", get_health, NULL, NULL },
	{ "/metrics", false, "GET", get_metrics, NULL, NULL },
	{ "/links", false, "GET, PUT, DELETE", get_links, put_links, delete_links },
	{ "/links/", true, "GET", get_link, NULL, NULL },
	{ "/rules", false, "GET, PUT", get_rules, put_rules, NULL },
};

bool api_is_open(const char *path)
{
	return strcmp(path, "/health") == 0;
}

void api_dispatch(struct plane *p, const char *method, const char *path, const char *body,
	size_t len, struct api_reply *ret)
{
	struct call c = { .plane = p, .body = body, .len = len, .reply = ret };

	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		const struct route *r = &routes[i];
		size_t n = strlen(r->path);

		if (r->is_prefix ? strncmp(path, r->path, n) != 0 : strcmp(path, r->path) != 0)
			continue;
		void (*fn)(struct call *) = strcmp(method, "GET") == 0      ? r->get
					    : strcmp(method, "PUT") == 0    ? r->put
					    : strcmp(method, "DELETE") == 0 ? r->delete
									    : NULL;
		c.rest = path + n;
		if (fn) {
			fn(&c);
		} else {
			api_error(ret, 405, "this method is not for this path");
			ret->allow = r->allow;
		}
		return;
	}
	api_error(ret, 404, "there are /health, /links, /links/ID, /rules and /metrics");
}
