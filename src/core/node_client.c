/*
 * Requests to a node and their answers; see node_client.h.
 *
 * The parsers look at the shape of an answer, not at a version number: builds
 * between two releases mix shapes. What they do not need they do not check.
 */
#include "core/node_client.h"

#include <stdio.h>
#include <string.h>

#include "proto/tx.h"
#include "util/json.h"
#include "util/mem.h"

#define QUOTE_MAX      120
#define MULTIADDR_MAX  512
#define ANSWER_MAX     ((size_t)8 * 1024 * 1024)
#define TXS_MAX        100000
#define ERROR_TEXT_MAX 300

/* --- errors ---------------------------------------------------------------------- */

/* Text from outside as one printable line of at most max bytes, "..." when cut. */
static void one_line(const char *text, size_t len, size_t max, char *out, size_t size)
{
	size_t n = 0;
	max = MIN(max, size - 4);
	for (size_t i = 0; i < len && n < max; i++) {
		unsigned char c = (unsigned char)text[i];
		bool blank = c <= ' ' || c == 0x7f;
		if (blank && (n == 0 || out[n - 1] == ' '))
			continue;
		out[n++] = blank ? ' ' : c < 0x80 ? (char)c : '?';
	}
	while (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
	if (len > max && n >= max)
		memcpy(out + n, "...", 4);
}

static int unexpected(
	struct err *err, const char *what, const char *why, const char *text, size_t len)
{
	char quote[QUOTE_MAX + 4];
	one_line(text, len, QUOTE_MAX, quote, sizeof(quote));
	return err_set(err, ERR_PROTOCOL, "%s: %s in '%s'", what, why, quote);
}

static cJSON *parse(const char *what, const char *text, size_t len, struct err *err)
{
	const struct json_limits limits = { .max_bytes = ANSWER_MAX };
	struct err why = { 0 };
	cJSON *j = json_parse(text, len, &limits, &why);
	if (!j)
		unexpected(err, what, why.text, text, len);
	return j;
}

void node_error_text(int status, const char *body, size_t len, char *buf, size_t size)
{
	char line[ERROR_TEXT_MAX + 4];
	struct err ignored = { 0 };
	CLEANUP_JSON cJSON *j = len > 0 ? json_parse(body, len, NULL, &ignored) : NULL;
	const char *message = j ? json_get_str(j, "message") : NULL;
	if (!message && j)
		message = json_as_str(j);
	if (message)
		one_line(message, strlen(message), ERROR_TEXT_MAX, line, sizeof(line));
	else
		one_line(body, len, ERROR_TEXT_MAX, line, sizeof(line));
	if (line[0])
		snprintf(buf, size, "HTTP %d: %s", status, line);
	else
		snprintf(buf, size, "HTTP %d", status);
}

/* --- info ---------------------------------------------------------------------------- */

static const char *state_of_phase(const char *phase)
{
	if (strcmp(phase, "AwaitingGenesisTime") == 0)
		return "AwaitingStart";
	return strcmp(phase, "Following") == 0 ? "Online" : "Bootstrapping";
}

/* "Online", {"Started":"Online"}, or state and phase beside it; NULL when there is none. */
static const char *find_mode(const cJSON *root, const cJSON *info)
{
	const cJSON *mode = json_get(root, "mode");
	const char *text = json_as_str(mode);
	if (!text && cJSON_IsObject(mode) && mode->child && !mode->child->next)
		text = json_as_str(mode->child);
	if (text)
		return text;
	const char *phase = json_get_str(root, "phase");
	if (phase && strcmp(phase, "AwaitingGenesisTime") == 0)
		return state_of_phase(phase);
	text = json_get_str(info, "state");
	if (text)
		return text;
	return phase ? state_of_phase(phase) : NULL;
}

int node_parse_info(const char *body, size_t len, struct node_info *ret, struct err *err)
{
	static const char what[] = "consensus info";
	CLEANUP_JSON cJSON *j = parse(what, body, len, err);
	if (!j)
		return -1;
	const cJSON *info = json_get(j, "cryptarchia_info");
	if (!info)
		info = j;
	struct node_info r = { 0 };
	const char *mode = find_mode(j, info);
	const char *why = NULL;
	if (!json_get_id32(info, "tip", &r.tip))
		why = "no header id 'tip'";
	else if (!json_get_id32(info, "lib", &r.lib))
		why = "no header id 'lib'";
	else if (!json_get_u64(info, "slot", &r.slot))
		why = "no number 'slot'";
	else if (!json_get_u64(info, "height", &r.height))
		why = "no number 'height'";
	else if (!mode || strlen(mode) >= sizeof(r.mode))
		why = "no known 'mode'";
	if (why)
		return unexpected(err, what, why, body, len);
	r.has_lib_slot = json_get_u64(info, "lib_slot", &r.lib_slot);
	one_line(mode, strlen(mode), sizeof(r.mode) - 4, r.mode, sizeof(r.mode));
	r.online = strcmp(r.mode, "Online") == 0;
	*ret = r;
	return 0;
}

/* --- blocks ------------------------------------------------------------------------------ */

void node_block_release(struct node_block *b)
{
	free(b->txs);
	*b = (struct node_block){ 0 };
}

/* Earlier generations hash more than the ops, in ways that need their own code. */
static bool is_hashable(const cJSON *mantle_tx)
{
	return !json_get(mantle_tx, "ledger_tx") && !json_get(mantle_tx, "execution_gas_price") &&
	       !json_get(mantle_tx, "storage_gas_price");
}

static const char *read_tx_hash(const cJSON *item, struct id32 *ret)
{
	const cJSON *tx = json_get(item, "mantle_tx");
	if (!cJSON_IsObject(tx))
		return "a transaction without 'mantle_tx'";
	const cJSON *hash = json_get(tx, "hash");
	if (hash)
		return json_as_id32(hash, ret) ? NULL : "a transaction 'hash' that is none";
	*ret = (struct id32){ 0 };
	if (!is_hashable(tx))
		return NULL;
	struct tx *parsed = tx_from_json(item, NULL);
	if (parsed)
		*ret = parsed->hash;
	tx_free(parsed);
	return NULL;
}

/* NULL, or what is wrong with the block. */
static const char *read_block(const cJSON *j, struct node_block *r)
{
	const cJSON *header = json_get(j, "header");
	const cJSON *txs = json_get(j, "transactions");
	if (!cJSON_IsObject(header))
		return "no 'header'";
	if (json_get(header, "id") ? !json_get_id32(header, "id", &r->id)
				   : !json_get(j, "signature"))
		return "no header 'id'";
	if (!json_get_id32(header, "parent_block", &r->parent))
		return "no 'parent_block'";
	if (!json_get_u64(header, "slot", &r->slot))
		return "no 'slot'";
	json_get_id32(json_get(header, "proof_of_leadership"), "leader_key", &r->leader);
	if (!txs)
		return NULL;
	if (!cJSON_IsArray(txs))
		return "'transactions' that is no array";
	size_t n = 0;
	json_each (item, txs)
		n++;
	if (n > TXS_MAX)
		return "too many transactions";
	r->txs = xcalloc(n ? n : 1, sizeof(*r->txs));
	json_each (item, txs) {
		const char *why = read_tx_hash(item, &r->txs[r->n_txs++]);
		if (why)
			return why;
	}
	return NULL;
}

static int parse_block(const char *what, const char *body, size_t len, bool may_be_event,
	struct node_block *ret, struct err *err)
{
	CLEANUP_JSON cJSON *j = parse(what, body, len, err);
	if (!j)
		return -1;
	struct node_block r = { .size_bytes = len };
	const cJSON *block = may_be_event ? json_get(j, "block") : NULL;
	const char *why = read_block(block ? block : j, &r);
	if (!why && block) {
		r.has_tip = json_get_id32(j, "tip", &r.tip);
		if (!r.has_tip || !json_get_id32(j, "lib", &r.lib))
			why = "no header ids 'tip' and 'lib'";
	}
	if (why) {
		node_block_release(&r);
		return unexpected(err, what, why, body, len);
	}
	*ret = r;
	return 0;
}

int node_parse_block(const char *body, size_t len, struct node_block *ret, struct err *err)
{
	return parse_block("block", body, len, false, ret, err);
}

int node_parse_block_event(const char *line, size_t len, struct node_block *ret, struct err *err)
{
	static const char what[] = "block event";
	if (parse_block(what, line, len, true, ret, err) != 0)
		return -1;
	if (!id32_is_zero(&ret->id))
		return 0;
	node_block_release(ret);
	return unexpected(err, what, "no header 'id'", line, len);
}

int node_parse_ids(
	const char *body, size_t len, size_t max, struct id32 **ret, size_t *ret_n, struct err *err)
{
	static const char what[] = "list of ids";
	CLEANUP_JSON cJSON *j = parse(what, body, len, err);
	if (!j)
		return -1;
	if (!cJSON_IsArray(j))
		return unexpected(err, what, "no array", body, len);
	size_t n = 0;
	json_each (item, j)
		n++;
	if (n > max)
		return err_set(err, ERR_PROTOCOL, "%s: %zu of them, at most %zu are expected", what,
			n, max);
	CLEANUP_FREE struct id32 *ids = xcalloc(n ? n : 1, sizeof(*ids));
	n = 0;
	json_each (item, j) {
		if (!json_as_id32(item, &ids[n++]))
			return unexpected(err, what, "an item that is no id", body, len);
	}
	*ret = TAKE_PTR(ids);
	*ret_n = n;
	return 0;
}

/* --- the rest -------------------------------------------------------------------------------- */

int node_parse_network(const char *body, size_t len, struct node_network *ret, struct err *err)
{
	static const char what[] = "network info";
	CLEANUP_JSON cJSON *j = parse(what, body, len, err);
	if (!j)
		return -1;
	struct node_network r = { 0 };
	const char *id = json_get_str(j, "peer_id");
	if (!json_get_u64(j, "n_peers", &r.peers))
		return unexpected(err, what, "no number 'n_peers'", body, len);
	/* nothing depends on these two */
	json_get_u64(j, "n_connections", &r.connections);
	json_get_u64(j, "n_pending_connections", &r.pending);
	if (id)
		one_line(id, strlen(id), sizeof(r.peer_id) - 4, r.peer_id, sizeof(r.peer_id));
	*ret = r;
	return 0;
}

int node_parse_pending(const char *body, size_t len, uint64_t *ret, struct err *err)
{
	static const char what[] = "mempool metrics";
	CLEANUP_JSON cJSON *j = parse(what, body, len, err);
	if (!j)
		return -1;
	if (!json_get_u64(j, "pending_items", ret))
		return unexpected(err, what, "no number 'pending_items'", body, len);
	return 0;
}

int node_parse_supply(
	const char *body, size_t len, uint64_t *ret_supply, uint64_t *ret_genesis, struct err *err)
{
	static const char what[] = "supply";
	CLEANUP_JSON cJSON *j = parse(what, body, len, err);
	if (!j)
		return -1;
	if (!json_get_u64(j, "supply", ret_supply))
		return unexpected(err, what, "no number 'supply'", body, len);
	if (!json_get_u64(j, "genesis_supply", ret_genesis) &&
		!json_get_u64(j, "genesis", ret_genesis))
		return unexpected(err, what, "no number 'genesis_supply'", body, len);
	return 0;
}

int node_parse_statuses(const char *body, size_t len, size_t n, bool *ret_pending, struct err *err)
{
	static const char what[] = "transaction statuses";
	CLEANUP_JSON cJSON *j = parse(what, body, len, err);
	if (!j)
		return -1;
	if (!cJSON_IsArray(j))
		return unexpected(err, what, "no array", body, len);
	size_t i = 0;
	json_each (item, j) {
		const char *name = json_as_str(item);
		/* {"InBlock":{...}}: any object names a state that is not Pending */
		if ((!name && !cJSON_IsObject(item)) || i >= n)
			return unexpected(err, what, "not one status for each", body, len);
		ret_pending[i++] = name && strcmp(name, "Pending") == 0;
	}
	return i == n ? 0 : unexpected(err, what, "not one status for each", body, len);
}

/* --- blocking calls -----------------------------------------------------------------------------
 */

/* The body of a 2xx answer; anything else is an error. */
static int call(struct net *n, const char *base, const char *path, const char *json,
	uint64_t timeout_ns, const struct cancel *c, struct strbuf *ret, struct err *err)
{
	CLEANUP_FREE char *url = xasprintf("%s%s", base, path);
	const struct net_request req = {
		.method = json ? NET_POST : NET_GET,
		.url = url,
		.body = json,
		.body_len = json ? strlen(json) : 0,
		.timeout_ns = timeout_ns,
		.max_bytes = ANSWER_MAX,
	};
	int status;
	char text[ERROR_TEXT_MAX + 32];
	if (net_call(n, &req, c, &status, ret, err) != 0)
		return -1;
	if (status / 100 == 2)
		return 0;
	node_error_text(status, strbuf_str(ret), ret->len, text, sizeof(text));
	return err_set(err, status == 404 ? ERR_UNSUPPORTED : ERR_PROTOCOL, "%s: %s", url, text);
}

int node_get_info(struct net *n, const char *base, uint64_t timeout_ns, const struct cancel *c,
	struct node_info *ret, struct err *err)
{
	CLEANUP_STRBUF struct strbuf body = { 0 };
	if (call(n, base, "/cryptarchia/info", NULL, timeout_ns, c, &body, err) != 0)
		return -1;
	if (node_parse_info(strbuf_str(&body), body.len, ret, err) != 0)
		return err_prefix(err, "%s", base);
	return 0;
}

int node_get_network(struct net *n, const char *base, uint64_t timeout_ns, const struct cancel *c,
	struct node_network *ret, struct err *err)
{
	CLEANUP_STRBUF struct strbuf body = { 0 };
	if (call(n, base, "/network/info", NULL, timeout_ns, c, &body, err) != 0)
		return -1;
	if (node_parse_network(strbuf_str(&body), body.len, ret, err) != 0)
		return err_prefix(err, "%s", base);
	return 0;
}

int node_dial(struct net *n, const char *base, const char *multiaddr, uint64_t timeout_ns,
	const struct cancel *c, struct err *err)
{
	CLEANUP_STRBUF struct strbuf body = { 0 }, json = { 0 };
	struct jw w;
	if (strlen(multiaddr) > MULTIADDR_MAX)
		return err_set(err, ERR_USAGE, "an address of more than %d bytes", MULTIADDR_MAX);
	jw_init(&w, &json, 0);
	jw_object(&w);
	jw_kstr(&w, "addr", multiaddr);
	jw_object_end(&w);
	return call(n, base, "/network/dial_peer", strbuf_str(&json), timeout_ns, c, &body, err);
}
