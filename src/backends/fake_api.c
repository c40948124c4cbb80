/*
 * The HTTP answers of the fake backend's nodes, in the shapes of API
 * generation 0.2.0. Answers are computed when the request arrives and
 * delivered a virtual millisecond later. Net thread.
 */
#include "backends/fake.h"

#include <stdio.h>
#include <string.h>

#include "proto/tx.h"
#include "util/json.h"
#include "util/strbuf.h"
#include "util/units.h"

#define HEADERS_MAX 512

struct call {
	struct fake *f;
	unsigned node;
	const char *path, *query; /* query may be empty */
	size_t path_len;
	const char *body;
	size_t body_len;
	struct strbuf out;
};

static const struct fake_block *block_at(const struct fake *f, unsigned i)
{
	return f->chain.blocks.items[i];
}

static unsigned tip_of(const struct fake *f, unsigned node)
{
	return f->chain.views.items[node]->tip;
}

/* --- shapes ------------------------------------------------------------------------------ */

static void write_block(struct fake *f, struct jw *w, unsigned i)
{
	const struct fake_block *b = block_at(f, i);
	static const struct id32 zero;
	struct id32 root;
	VEC(struct id32) hashes = { 0 };

	for (size_t j = 0; j < b->txs.len; j++)
		vec_push(&hashes, f->chain.txs.items[b->txs.items[j]]->hash);
	tx_merkle_root(hashes.items, hashes.len, &root);
	vec_free(&hashes);
	jw_object(w);
	jw_key(w, "header");
	jw_object(w);
	jw_kid32(w, "id", &b->id);
	jw_kid32(w, "parent_block", i ? &block_at(f, b->parent)->id : &zero);
	jw_ku64(w, "slot", b->slot);
	jw_kid32(w, "block_root", &root);
	jw_key(w, "proof_of_leadership");
	jw_object(w);
	jw_kstr(w, "proof", "");
	jw_kid32(w, "entropy_contribution", &zero);
	jw_kid32(w, "leader_key", i ? &f->nodes.items[b->proposer].leader : &zero);
	jw_kid32(w, "voucher_cm", &zero);
	jw_object_end(w);
	jw_object_end(w);
	jw_key(w, "transactions");
	jw_array(w);
	for (size_t j = 0; j < b->txs.len; j++)
		jw_raw(w, f->chain.txs.items[b->txs.items[j]]->json);
	jw_array_end(w);
	jw_object_end(w);
}

static int get_info(struct call *c)
{
	const struct fake_block *tip = block_at(c->f, tip_of(c->f, c->node));
	const struct fake_block *lib = block_at(c->f, fake_chain_lib(&c->f->chain, c->node));
	struct jw w;

	jw_init(&w, &c->out, 0);
	jw_object(&w);
	jw_key(&w, "cryptarchia_info");
	jw_object(&w);
	jw_kid32(&w, "lib", &lib->id);
	jw_ku64(&w, "lib_slot", lib->slot);
	jw_kid32(&w, "tip", &tip->id);
	jw_ku64(&w, "slot", tip->slot);
	jw_ku64(&w, "height", tip->height);
	jw_object_end(&w);
	jw_key(&w, "mode");
	jw_object(&w);
	jw_kstr(&w, "Started", c->f->config->ready_never ? "Bootstrapping" : "Online");
	jw_object_end(&w);
	jw_object_end(&w);
	return 200;
}

static bool query_id(const struct call *c, const char *key, struct id32 *ret)
{
	const char *at = strstr(c->query, key);
	if (!at)
		return false;
	CLEANUP_FREE char *text = xstrndup(at + strlen(key), strcspn(at + strlen(key), "&"));
	return id32_parse(text, ret);
}

/* From `from` (the tip) down to `to` (the LIB), both included. */
static int get_headers(struct call *c)
{
	struct fake_chain *chain = &c->f->chain;
	struct id32 id;
	int from = (int)tip_of(c->f, c->node), to = (int)fake_chain_lib(chain, c->node);
	struct jw w;

	if (query_id(c, "from=", &id))
		from = fake_chain_find_block(chain, c->node, &id);
	if (query_id(c, "to=", &id))
		to = fake_chain_find_block(chain, c->node, &id);
	if (from < 0 || to < 0)
		return 404;
	jw_init(&w, &c->out, 0);
	jw_array(&w);
	unsigned b = (unsigned)from;
	for (int i = 0; i < HEADERS_MAX; i++) {
		jw_id32(&w, &block_at(c->f, b)->id);
		if (b == (unsigned)to || b == 0)
			break;
		b = block_at(c->f, b)->parent;
	}
	jw_array_end(&w);
	return 200;
}

static int get_block(struct call *c)
{
	CLEANUP_FREE char *text = xstrndup(c->path, c->path_len);
	struct id32 id;
	struct jw w;

	if (!id32_parse(strrchr(text, '/') + 1, &id))
		return 400;
	int b = fake_chain_find_block(&c->f->chain, c->node, &id);
	if (b < 0)
		return 404;
	jw_init(&w, &c->out, 0);
	write_block(c->f, &w, (unsigned)b);
	return 200;
}

static int get_network(struct call *c)
{
	uint64_t peers = 0;
	char id[32];
	struct jw w;

	for (unsigned i = 0; i < c->f->nodes.len; i++)
		peers += i != c->node && c->f->nodes.items[i].running &&
			 !fake_link_is_cut(c->f, i, c->node) && !fake_link_is_cut(c->f, c->node, i);
	snprintf(id, sizeof(id), "fake-n%u", c->node);
	jw_init(&w, &c->out, 0);
	jw_object(&w);
	jw_key(&w, "listen_addresses");
	jw_array(&w);
	jw_array_end(&w);
	jw_kstr(&w, "peer_id", id);
	jw_ku64(&w, "n_peers", peers);
	jw_ku64(&w, "n_connections", peers);
	jw_ku64(&w, "n_pending_connections", 0);
	jw_object_end(&w);
	return 200;
}

static int post_dial(struct call *c)
{
	strbuf_adds(&c->out, "\"fake-peer\"");
	return 200;
}

static int get_time(struct call *c)
{
	const struct consensus *cs = &c->f->b->env->plan->scenario->topology.consensus;
	struct jw w;

	jw_init(&w, &c->out, 0);
	jw_object(&w);
	jw_ku64(&w, "slot_duration_ms", cs->slot_duration_ns / NS_PER_MS);
	jw_ku64(&w, "genesis_time_unix_ms", c->f->genesis_time_ms);
	jw_ku64(&w, "current_slot", c->f->slot);
	jw_ku64(&w, "current_epoch", 0);
	jw_object_end(&w);
	return 200;
}

static int get_metrics(struct call *c)
{
	strbuf_addf(&c->out, "{\"pending_items\":%zu,\"last_item_timestamp\":0}",
		c->f->chain.views.items[c->node]->pool.len);
	return 200;
}

static int get_pool(struct call *c)
{
	const struct fake_view *v = c->f->chain.views.items[c->node];
	struct jw w;

	jw_init(&w, &c->out, 0);
	jw_array(&w);
	for (size_t i = 0; i < v->pool.len; i++)
		jw_id32(&w, &c->f->chain.txs.items[v->pool.items[i]]->hash);
	jw_array_end(&w);
	return 200;
}

static int post_status(struct call *c)
{
	struct err err = { 0 };
	CLEANUP_JSON cJSON *hashes = json_parse(c->body, c->body_len, NULL, &err);
	struct id32 hash;
	struct jw w;

	if (!cJSON_IsArray(hashes)) {
		strbuf_addf(&c->out, "not a list of hashes: %s", err.text);
		return 400;
	}
	jw_init(&w, &c->out, 0);
	jw_array(&w);
	json_each (item, hashes)
		jw_str(&w, json_as_id32(item, &hash) &&
					   fake_chain_is_pending(&c->f->chain, c->node, &hash)
				   ? "Pending"
				   : "Unknown");
	jw_array_end(&w);
	return 200;
}

static int post_tx(struct call *c)
{
	struct err err = { 0 };
	CLEANUP_STRBUF struct strbuf json = { 0 };
	CLEANUP_JSON cJSON *body = json_parse(c->body, c->body_len, NULL, &err);
	struct tx *tx = body ? tx_from_json(body, &err) : NULL;
	struct jw w;

	if (!tx) {
		strbuf_adds(&c->out, err.text);
		return body ? 422 : 400;
	}
	strbuf_adds(&c->out, "null");
	if (!fake_hits(c->f, &c->f->drop, c->node)) {
		jw_init(&w, &json, 0);
		tx_to_json(tx, true, &w);
		fake_submit(c->f, c->node,
			fake_chain_tx(&c->f->chain, &tx->hash, strbuf_detach(&json)));
	}
	tx_free(tx);
	return 200;
}

static int get_supply(struct call *c)
{
	uint64_t genesis = c->f->b->env->plan->total_supply, at = c->f->config->lose_supply;
	bool lost = at && genesis && block_at(c->f, tip_of(c->f, c->node))->height >= at;

	strbuf_addf(&c->out, "{\"supply\":%llu,\"genesis_supply\":%llu}",
		(unsigned long long)(genesis - lost), (unsigned long long)genesis);
	return 200;
}

/* --- requests ------------------------------------------------------------------------------ */

static const struct route {
	enum net_method method;
	const char *path; /* one that ends in / stands for all that begin so */
	int (*fn)(struct call *c);
} routes[] = {
	{ NET_GET, "/cryptarchia/info", get_info },
	{ NET_GET, "/cryptarchia/headers", get_headers },
	{ NET_GET, "/cryptarchia/blocks/", get_block },
	{ NET_GET, "/network/info", get_network },
	{ NET_POST, "/network/dial_peer", post_dial },
	{ NET_GET, "/time/info", get_time },
	{ NET_GET, "/mantle/metrics", get_metrics },
	{ NET_POST, "/mantle/status", post_status },
	{ NET_POST, "/mempool/add/tx", post_tx },
	{ NET_GET, "/mempool/view", get_pool },
	{ NET_GET, "/ltb/supply", get_supply },
};

static const struct route *find_route(enum net_method m, const char *path, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		size_t own = strlen(routes[i].path);
		bool prefix = routes[i].path[own - 1] == '/';
		if (routes[i].method == m && (prefix ? len > own : len == own) &&
			strncmp(routes[i].path, path, own) == 0)
			return &routes[i];
	}
	return NULL;
}

struct answer {
	uint64_t id;
	int status;
	struct strbuf body;
};

static void answer_free(void *arg)
{
	struct answer *a = arg;
	strbuf_release(&a->body);
	free(a);
}

static void answer_send(struct fake *f, void *arg)
{
	const struct answer *a = arg;
	/* one that was cancelled meanwhile is unknown to net, which then does nothing */
	net_reply(f->b->env->net, a->id, a->status, strbuf_str(&a->body), a->body.len);
}

/* "http://n12.fake/path?query" */
static bool split_url(const char *url, unsigned *ret_node, const char **ret_path)
{
	static const char scheme[] = "http://n", domain[] = ".fake";
	if (strncmp(url, scheme, sizeof(scheme) - 1) != 0)
		return false;
	const char *number = url + sizeof(scheme) - 1;
	const char *end = strstr(number, domain);
	uint64_t node;
	CLEANUP_FREE char *text = end ? xstrndup(number, (size_t)(end - number)) : NULL;
	if (!text || units_parse_u64(text, &node, NULL) < 0 || node > TOPOLOGY_MAX_NODES)
		return false;
	*ret_node = (unsigned)node;
	*ret_path = end + sizeof(domain) - 1;
	return **ret_path == '/';
}

void fake_api_request(void *arg, uint64_t id, enum net_method m, const char *url, const char *body,
	size_t len, int is_stream)
{
	struct fake *f = arg;
	struct call c = { .f = f, .body = body, .body_len = len };

	if (!split_url(url, &c.node, &c.path) || c.node >= f->nodes.len ||
		!f->nodes.items[c.node].running) {
		net_fail(f->b->env->net, id, ERR_IO, "connection refused");
		return;
	}
	if (f->nodes.items[c.node].paused || fake_hits(f, &f->hang, c.node))
		return; /* the deadline of the request ends it */
	c.path_len = strcspn(c.path, "?");
	c.query = c.path + c.path_len;
	const struct route *r = find_route(m, c.path, c.path_len);
	int status = 404;
	if (fake_hits(f, &f->errors, c.node)) {
		strbuf_adds(&c.out, "scripted error");
		status = 500;
	} else if (fake_hits(f, &f->garbage, c.node)) {
		strbuf_adds(&c.out, "{\"cryptarchia_info\":[garbage");
		status = 200;
	} else if (is_stream && c.path_len == strlen("/cryptarchia/events/blocks/stream") &&
		   strncmp(c.path, "/cryptarchia/events/blocks/stream", c.path_len) == 0) {
		vec_push(&f->streams, ((struct fake_stream){ id, c.node }));
		return;
	} else if (r) {
		status = r->fn(&c);
	}
	struct answer *a = xmalloc(sizeof(*a));
	*a = (struct answer){ .id = id, .status = status, .body = c.out };
	fake_run_later(f, FAKE_LATENCY_NS, answer_send, a, answer_free);
}

void fake_api_cancelled(void *arg, uint64_t id)
{
	struct fake *f = arg;
	size_t n = 0;
	for (size_t i = 0; i < f->streams.len; i++)
		if (f->streams.items[i].id != id)
			f->streams.items[n++] = f->streams.items[i];
	f->streams.len = n;
}

void fake_api_block(struct fake *f, unsigned node, unsigned block)
{
	CLEANUP_STRBUF struct strbuf line = { 0 };

	for (size_t i = 0; i < f->streams.len; i++) {
		if (f->streams.items[i].node != node)
			continue;
		if (!line.len) {
			const struct fake_block *tip = block_at(f, tip_of(f, node));
			const struct fake_block *lib = block_at(f, fake_chain_lib(&f->chain, node));
			struct jw w;
			jw_init(&w, &line, 0);
			jw_object(&w);
			jw_key(&w, "block");
			write_block(f, &w, block);
			jw_kid32(&w, "tip", &tip->id);
			jw_ku64(&w, "tip_slot", tip->slot);
			jw_kid32(&w, "lib", &lib->id);
			jw_ku64(&w, "lib_slot", lib->slot);
			jw_object_end(&w);
		}
		uint64_t id = f->streams.items[i].id;
		net_stream_line(f->b->env->net, id, line.buf, line.len);
		/* the reader may have cancelled this stream, so that the next one moved here */
		if (i < f->streams.len && f->streams.items[i].id != id)
			i--;
	}
}

void fake_api_hang_up(struct fake *f, unsigned node)
{
	for (size_t i = f->streams.len; i > 0; i--) {
		if (i > f->streams.len || f->streams.items[i - 1].node != node)
			continue;
		uint64_t id = f->streams.items[i - 1].id;
		fake_api_cancelled(f, id);
		net_fail(f->b->env->net, id, ERR_IO, "connection closed in the middle of a chunk");
	}
}
