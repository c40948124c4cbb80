/* See api.h: routes and what all handlers share. */
#include "node/api/api.h"

#include <string.h>
#include <strings.h>

#include "util/mem.h"

static void block_stream(const struct api_env *env, struct api_request *rq, struct api_reply *rp)
{
	(void)env;
	(void)rq;
	rp->action = API_BLOCK_STREAM;
}

static void lib_stream(const struct api_env *env, struct api_request *rq, struct api_reply *rp)
{
	(void)env;
	(void)rq;
	rp->action = API_LIB_STREAM;
}

static const struct route {
	const char *method, *path;
	api_handler *handler;
} routes[] = {
	{ "GET", "/cryptarchia/info", api_info },
	{ "GET", "/cryptarchia/headers", api_headers },
	{ "GET", "/cryptarchia/blocks", api_blocks },
	{ "GET", "/cryptarchia/blocks/:id", api_block },
	{ "GET", "/cryptarchia/blocks_range", api_blocks_range },
	{ "GET", "/cryptarchia/events/blocks/stream", block_stream },
	{ "GET", "/cryptarchia/lib-stream", lib_stream },
	{ "GET", "/cryptarchia/transaction/:id", api_transaction },
	{ "GET", "/network/info", api_network_info },
	{ "POST", "/network/dial_peer", api_dial_peer },
	{ "GET", "/time/info", api_time },
	{ "POST", "/mempool/add/tx", api_add_tx },
	{ "GET", "/mempool/view", api_mempool_view },
	{ "GET", "/mantle/metrics", api_metrics },
	{ "POST", "/mantle/status", api_status },
	{ "GET", "/wallet/:pk/balance", api_balance },
	{ "POST", "/wallet/transactions/transfer-funds", api_transfer_funds },
	{ "GET", "/channel/:id", api_channel },
	{ "GET", "/ltb/supply", api_supply },
	{ "GET", "/metrics", api_prometheus },
};

void api_dispatch(const struct api_env *env, struct api_request *rq, struct api_reply *rp)
{
	/* As the real node: a HEAD is a GET whose body stays away. */
	const char *method = strcmp(rq->method, "HEAD") == 0 ? "GET" : rq->method;
	bool path_known = false;

	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		if (!api_path_matches(rq, routes[i].path))
			continue;
		path_known = true;
		if (strcmp(method, routes[i].method) != 0)
			continue;
		routes[i].handler(env, rq, rp);
		return;
	}
	api_reply_text(rp, path_known ? 405 : 404, "%s", "");
}

void api_reply_json(struct api_reply *rp, struct jw *ret_w)
{
	strbuf_clear(&rp->body);
	rp->action = API_REPLY;
	rp->status = 200;
	rp->content_type = API_JSON;
	jw_init(ret_w, &rp->body, 0);
}

cJSON *api_body_json(const struct api_request *rq, struct api_reply *rp)
{
	const struct json_limits limits = { .max_bytes = TX_MAX_JSON, .max_depth = 32 };
	struct err err = { 0 };
	const char *type = rq->content_type ? rq->content_type : "";
	size_t len = strlen(API_JSON);

	if (strncasecmp(type, API_JSON, len) != 0 || (type[len] && !strchr("; \t", type[len]))) {
		api_reply_text(rp, 415, "Expected request with `Content-Type: application/json`");
		return NULL;
	}
	cJSON *j = json_parse(rq->body, rq->body_len, &limits, &err);
	if (!j)
		api_reply_text(rp, 400, "Failed to parse the request body as JSON: %s", err.text);
	return j;
}

bool api_path_id(const struct api_request *rq, struct api_reply *rp, struct id32 *ret)
{
	if (rq->param && id32_parse(rq->param, ret))
		return true;
	api_reply_text(rp, 400, "Invalid URL: expected 64 hex digits");
	return false;
}

void api_network_info(const struct api_env *env, struct api_request *rq, struct api_reply *rp)
{
	struct jw w;

	(void)rq;
	api_reply_json(rp, &w);
	jw_object(&w);
	env->network(env->arg, &w);
	jw_object_end(&w);
}

void api_dial_peer(const struct api_env *env, struct api_request *rq, struct api_reply *rp)
{
	CLEANUP_JSON cJSON *j = api_body_json(rq, rp);
	struct err err = { 0 };

	(void)env;
	if (!j)
		return;
	const char *addr = json_get_str(j, "addr");
	if (!addr)
		api_reply_text(rp, 422,
			"Failed to deserialize the JSON body into the target type: missing field "
			"`addr`");
	else if (address_parse(addr, &rp->dial, &err))
		api_reply_text(rp, 422,
			"Failed to deserialize the JSON body into the target type: addr: %s",
			err.text);
	else
		rp->action = API_DIAL;
}

void api_prometheus(const struct api_env *env, struct api_request *rq, struct api_reply *rp)
{
	struct node_metrics m = { 0 };

	(void)rq;
	env->metrics(env->arg, &m);
	strbuf_clear(&rp->body);
	rp->action = API_REPLY;
	rp->status = 200;
	rp->content_type = METRICS_TEXT;
	metrics_to_text(&m, &rp->body);
}
