/* See node.h: start, slots, mode, stop. */
#include "node/node.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "util/fs.h"
#include "version.h"

#define MAX_GENESIS_BYTES (32u * 1024 * 1024)
#define MAX_WALLET_BYTES  (8u * 1024 * 1024)
#define MAX_TIMER_MS      1000 /* so that a jump of the clock is noticed */

uint64_t node_wall_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

uint64_t node_mono_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

uint64_t node_slot(const struct node *n)
{
	return genesis_slot_at(&n->genesis, node_wall_ms());
}

bool node_misbehaves(const struct node *n, enum misbehave m)
{
	return n->cfg->misbehave == m && chain_tip(n->chain).height >= n->cfg->misbehave_after;
}

bool node_ignores_blocks(const struct node *n)
{
	return node_misbehaves(n, MISBEHAVE_STALL) || node_misbehaves(n, MISBEHAVE_FORK);
}

void node_fail(struct node *n, const struct err *err)
{
	if (!n->failed)
		n->failure = *err;
	n->failed = true;
	if (n->base)
		event_base_loopbreak(n->base);
}

void node_update_mode(struct node *n)
{
	if (n->online)
		return;
	if (p2p_n_targets(n->net) > 0 && !node_ignores_blocks(n)) {
		size_t peers = p2p_counts(n->net).peers;
		bool waited = node_mono_ms() - n->started_ms >= 2 * n->genesis.slot_duration_ms;
		if (peers ? p2p_wants_sync(n->net) : !waited)
			return;
	}
	n->online = true;
	log_info("online at height %" PRIu64, chain_tip(n->chain).height);
}

/* --- what the chain tells ------------------------------------------------------------ */

/* Stored before anybody hears of it: after a crash we still know what we said. */
static void on_block(void *arg, const struct block *b, uint64_t height)
{
	struct node *n = arg;
	struct err err = { 0 };

	(void)height;
	if (n->replaying || n->failed)
		return;
	n->count.blocks_imported++;
	n->count.block_transactions += b->n_txs;
	if (store_put_block(n->store, b, &err))
		node_fail(n, &err);
}

static void on_tip(
	void *arg, const struct chain_entry *tip, const struct chain_entry *lib, uint64_t depth)
{
	struct node *n = arg;
	char hex[ID32_HEX];

	if (n->replaying)
		return;
	n->count.reorgs += depth > 0;
	n->count.reorg_blocks += depth;
	id32_hex(&tip->id, hex);
	if (depth)
		log_warn("reorganised: %" PRIu64 " blocks left the best chain, tip now %.16s at "
			 "height %" PRIu64,
			depth, hex, tip->height);
	else
		log_debug("tip %.16s slot %" PRIu64 " height %" PRIu64 " lib height %" PRIu64, hex,
			tip->slot, tip->height, lib->height);
}

static void on_final(void *arg, const struct chain_entry *e)
{
	struct node *n = arg;

	if (n->replaying)
		return;
	n->lib_moved = true;
	if (n->online)
		http_publish_lib(n->http, e);
}

/* --- slots ------------------------------------------------------------------------- */

static void propose(struct node *n, uint64_t slot)
{
	char hex[ID32_HEX];

	if (!n->online || !n->is_leader || node_misbehaves(n, MISBEHAVE_STALL))
		return;
	struct block *b = chain_propose(n->chain, &n->leader, slot);
	if (!b)
		return;
	/* A reorganisation may have brought transactions into the pool by itself. */
	if (b->n_txs && node_misbehaves(n, MISBEHAVE_DROP_TX)) {
		for (size_t i = 0; i < b->n_txs; i++)
			tx_free(b->txs[i]);
		free(b->txs);
		b->txs = NULL;
		b->n_txs = 0;
		block_seal(b, &n->leader);
	}
	log_info("proposed block %.16s slot %" PRIu64 " height %" PRIu64 " with %zu transactions",
		id32_hex(&b->id, hex), slot, chain_tip(n->chain).height + 1, b->n_txs);
	gossip_own_block(n, b);
}

static void arm_slot_timer(struct node *n)
{
	uint64_t now = node_wall_ms(), next = n->genesis.genesis_time_ms;

	if (now >= next)
		next = genesis_slot_start_ms(&n->genesis, genesis_slot_at(&n->genesis, now) + 1);
	uint64_t ms = next > now ? MIN(next - now, (uint64_t)MAX_TIMER_MS) : 1;
	const struct timeval tv = { (time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000) };
	event_add(n->slot_timer, &tv);
}

/* The wall clock may jump: a slot is never proposed in twice, one that was missed is lost. */
static void on_slot(evutil_socket_t fd, short what, void *arg)
{
	struct node *n = arg;
	uint64_t slot = node_slot(n);

	(void)fd;
	(void)what;
	node_update_mode(n);
	if (node_wall_ms() >= n->genesis.genesis_time_ms && slot > n->last_slot) {
		n->last_slot = slot;
		propose(n, slot);
	}
	arm_slot_timer(n);
}

/* --- figures ----------------------------------------------------------------------------- */

void node_metrics(const struct node *n, struct node_metrics *ret)
{
	const struct chain_entry tip = chain_tip(n->chain), lib = chain_lib(n->chain);
	const struct p2p_counts peers = p2p_counts(n->net);
	const uint64_t slot = node_slot(n);

	*ret = (struct node_metrics){ .version = LTB_VERSION,
		.tip_height = tip.height,
		.tip_slot = tip.slot,
		.finalized_height = lib.height,
		.finalized_slot = lib.slot,
		.current_slot = slot,
		.current_epoch = slot / genesis_epoch_slots(&n->genesis),
		.online = n->online,
		.peers = peers.peers,
		.connections = peers.connections,
		.pending = chain_pending(n->chain),
		.count = n->count,
		.now_ms = node_wall_ms(),
		.started_ms = n->started_wall_ms };
	metrics_process(ret);
}

/* --- the API's view ------------------------------------------------------------------- */

static uint64_t api_now(void *arg)
{
	(void)arg;
	return node_wall_ms();
}

static bool api_online(void *arg)
{
	const struct node *n = arg;

	return n->online;
}

static void figures(void *arg, struct node_metrics *ret)
{
	node_metrics(arg, ret);
}

static void write_peer(const struct session *s, void *arg)
{
	char id[PEER_ID_TEXT];

	jw_str(arg, peer_id_text(&session_peer(s)->node, id));
}

/* What others should dial: what was asked for, else what was bound. */
static struct address advertised(struct address bound, const struct address *wanted)
{
	if (wanted->host[0])
		return *wanted;
	if (strcmp(bound.host, "0.0.0.0") == 0)
		bound = (struct address){ .host = "127.0.0.1", .port = bound.port };
	else if (strcmp(bound.host, "::") == 0)
		bound = (struct address){ .host = "::1", .port = bound.port };
	return bound;
}

static void api_network(void *arg, struct jw *w)
{
	const struct node *n = arg;
	const struct p2p_counts counts = p2p_counts(n->net);
	const struct address a = advertised(p2p_listen_address(n->net), &n->cfg->p2p_advertise);
	char text[ADDRESS_TEXT], id[PEER_ID_TEXT];

	jw_key(w, "listen_addresses");
	jw_array(w);
	jw_str(w, address_multiaddr(&a, text));
	jw_array_end(w);
	jw_kstr(w, "peer_id", peer_id_text(&n->identity.pk, id));
	jw_ku64(w, "n_peers", counts.peers);
	jw_ku64(w, "n_connections", counts.connections);
	jw_ku64(w, "n_pending_connections", counts.pending);
	jw_key(w, "connected_peers");
	jw_array(w);
	p2p_each_peer(n->net, write_peer, w);
	jw_array_end(w);
}

struct api_dial {
	struct node *node;
	struct address addr;
	http_dialled_fn *fn;
	void *fn_arg;
};

static void on_dialled(void *arg, const struct id32 *peer, const char *reason)
{
	struct api_dial *d = arg;
	char text[ADDRESS_TEXT];
	struct err err = { 0 };

	address_text(&d->addr, text);
	if (peer && store_put_peer(d->node->store, text, &err))
		node_fail(d->node, &err);
	d->fn(d->fn_arg, peer, reason);
	free(d);
}

static void api_dial(void *arg, const struct address *a, http_dialled_fn *fn, void *fn_arg)
{
	struct node *n = arg;
	struct api_dial *d = xcalloc(1, sizeof(*d));

	*d = (struct api_dial){ n, *a, fn, fn_arg };
	p2p_dial(n->net, a, on_dialled, d);
}

/* --- start and stop --------------------------------------------------------------------- */

static int parse_seed(
	const char *path, const char *text, size_t len, struct tx_key *ret, struct err *err)
{
	uint8_t seed[32];

	if (!hex_decode(text, len, seed, sizeof(seed)))
		return err_set(err, ERR_USAGE, "%s: expected a seed of 64 hex digits", path);
	tx_key_from_seed(seed, ret);
	sodium_memzero(seed, sizeof(seed));
	return 0;
}

static int read_key(const char *path, struct tx_key *ret, struct err *err)
{
	CLEANUP_STRBUF struct strbuf text = { 0 };

	if (fs_read(path, 4096, &text, err))
		return -1;
	return parse_seed(path, strbuf_str(&text), strcspn(strbuf_str(&text), " \t\r\n"), ret, err);
}

static int read_wallet(struct node *n, const char *path, struct err *err)
{
	CLEANUP_STRBUF struct strbuf text = { 0 };

	if (fs_read(path, MAX_WALLET_BYTES, &text, err))
		return -1;
	for (const char *p = strbuf_str(&text); *p;) {
		size_t len = strcspn(p, "\r\n");
		struct tx_key key;
		if (len && parse_seed(path, p, len, &key, err))
			return -1;
		if (len)
			vec_push(&n->wallet, key);
		p += len;
		p += strspn(p, "\r\n");
	}
	return 0;
}

/* The identity outlives restarts, so that peers know us again. */
static int load_identity(struct node *n, struct err *err)
{
	CLEANUP_FREE char *path = fs_join(n->cfg->data, "node.key");
	uint8_t seed[32];
	char hex[66];

	if (fs_exists(path))
		return read_key(path, &n->identity, err);
	randombytes_buf(seed, sizeof(seed));
	hex_encode(seed, sizeof(seed), hex);
	memcpy(hex + 64, "\n", 2);
	tx_key_from_seed(seed, &n->identity);
	return fs_write_atomic(path, hex, 65, 0600, err);
}

static int lock_data(struct node *n, struct err *err)
{
	CLEANUP_FREE char *path = fs_join(n->cfg->data, "lock");

	n->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (n->lock_fd < 0)
		return err_errno(err, ERR_ENV,
			"cannot write to --data %s, which must be a directory that user %u may "
			"write to",
			n->cfg->data, (unsigned)geteuid());
	if (flock(n->lock_fd, LOCK_EX | LOCK_NB))
		return err_errno(err, ERR_ENV,
			"%s is used by another ltb-node; stop it or give this one its own --data",
			n->cfg->data);
	return 0;
}

static int load_files(struct node *n, struct err *err)
{
	CLEANUP_STRBUF struct strbuf text = { 0 };
	const struct config *cfg = n->cfg;

	if (fs_read(cfg->genesis, MAX_GENESIS_BYTES, &text, err))
		return -1;
	if (genesis_parse(strbuf_str(&text), text.len, &n->genesis, err))
		return err_prefix(err, "%s", cfg->genesis);
	if (cfg->key_file) {
		if (read_key(cfg->key_file, &n->leader, err))
			return -1;
		n->is_leader = true;
	}
	if (cfg->wallet_file && read_wallet(n, cfg->wallet_file, err))
		return -1;
	if (fs_mkdirs(cfg->data, 0700, err))
		return err_prefix(err, "--data");
	if (lock_data(n, err) || load_identity(n, err))
		return -1;
	randombytes_buf(&n->instance, sizeof(n->instance));
	return 0;
}

static int replay_block(struct block *b, void *arg)
{
	struct node *n = arg;
	char hex[ID32_HEX];
	struct err err = { 0 };

	id32_hex(&b->id, hex);
	if (n->is_leader && id32_eq(&b->header.leader, &n->leader.pk))
		n->last_slot = MAX(n->last_slot, b->header.slot);
	/* Lost branches may have lost their parents too; that is all that may be wrong. */
	if (chain_add_block(n->chain, b, UINT64_MAX / 2, &err) != CHAIN_INVALID)
		return 0;
	err_prefix(&err, "%s: stored block %.16s is invalid (remove the directory to begin anew)",
		n->cfg->data, hex);
	err.code = ERR_ENV;
	node_fail(n, &err);
	return -1;
}

static int open_chain(struct node *n, struct err *err)
{
	const struct chain_hooks hooks = { n, on_block, on_tip, on_final, gossip_promoted };
	CLEANUP_FREE char *path = fs_join(n->cfg->data, "chain.db");

	n->chain = chain_new(&n->genesis, &hooks);
	n->store = store_open(path, &n->genesis.id, err);
	if (!n->store)
		return -1;
	n->replaying = true;
	int r = store_each_block(n->store, replay_block, n, err);
	n->replaying = false;
	if (n->failed) {
		*err = n->failure;
		return -1;
	}
	return r;
}

static int add_stored_peer(const char *text, void *arg)
{
	struct node *n = arg;
	struct address a;

	if (address_parse(text, &a, NULL) == 0)
		p2p_add_peer(n->net, &a);
	return 0;
}

static int open_network(struct node *n, struct err *err)
{
	const struct config *cfg = n->cfg;
	struct p2p_config net = { .base = n->base,
		.listen = cfg->listen,
		.node = n->identity.pk,
		.instance = n->instance,
		.arg = n,
		.up = gossip_peer_up,
		.down = gossip_peer_down,
		.refused = gossip_peer_refused,
		.unreachable = gossip_peer_unreachable };
	const struct http_config http = {
		.base = n->base, .env = &n->api, .listen = cfg->http, .arg = n, .dial = api_dial
	};

	gossip_hooks(n, &net.session);
	n->api = (struct api_env){ .arg = n,
		.genesis = &n->genesis,
		.chain = n->chain,
		.keys = n->wallet.items,
		.n_keys = n->wallet.len,
		.now_ms = api_now,
		.online = api_online,
		.submit = gossip_submit,
		.network = api_network,
		.metrics = figures };
	n->net = p2p_new(&net, err);
	if (!n->net)
		return -1;
	n->http = http_new(&http, err);
	if (!n->http)
		return -1;
	for (size_t i = 0; i < cfg->peers.len; i++)
		p2p_add_peer(n->net, &cfg->peers.items[i]);
	return store_each_peer(n->store, add_stored_peer, n, err);
}

static const char *from_environment(const char *name)
{
	return getenv(name);
}

/* What is wrong with it is no reason not to run: as the specification has it, it is told. */
static void open_otlp(struct node *n)
{
	struct otlp_config cfg;
	struct err err = { 0 };
	char id[PEER_ID_TEXT];

	if (otlp_config_read(from_environment, &cfg, &err))
		log_warn("%s%s", err.text, cfg.url ? "" : "; metrics are not pushed");
	n->otlp = otlp_new(n->base, &cfg,
		n->cfg->name ? n->cfg->name : peer_id_text(&n->identity.pk, id), figures, n);
	otlp_config_release(&cfg);
}

static int announce(struct node *n, struct err *err)
{
	const struct address http =
		advertised(http_listen_address(n->http), &n->cfg->http_advertise);
	const struct address p2p = advertised(p2p_listen_address(n->net), &n->cfg->p2p_advertise);
	CLEANUP_STRBUF struct strbuf out = { 0 };
	char http_text[ADDRESS_TEXT], p2p_text[ADDRESS_TEXT], id[PEER_ID_TEXT];
	struct jw w;

	address_text(&http, http_text);
	address_text(&p2p, p2p_text);
	peer_id_text(&n->identity.pk, id);
	log_info("ltb-node %s, chain %s, height %" PRIu64 ", HTTP %s, peers %s, id %s", LTB_VERSION,
		n->genesis.chain_id, chain_tip(n->chain).height, http_text, p2p_text, id);
	if (n->cfg->misbehave != MISBEHAVE_NONE)
		log_warn("will misbehave: %s from height %" PRIu64,
			misbehave_name(n->cfg->misbehave), n->cfg->misbehave_after);
	if (!n->cfg->ready_file)
		return 0;
	jw_init(&w, &out, 0);
	jw_object(&w);
	jw_ku64(&w, "pid", (uint64_t)getpid());
	jw_kstr(&w, "http", http_text);
	jw_kstr(&w, "p2p", p2p_text);
	jw_kstr(&w, "peer_id", id);
	jw_object_end(&w);
	strbuf_addc(&out, '\n');
	return fs_write_atomic(n->cfg->ready_file, out.buf, out.len, 0644, err);
}

static void on_signal(evutil_socket_t sig, short what, void *arg)
{
	struct node *n = arg;

	(void)what;
	log_info("stopping on signal %d at height %" PRIu64, (int)sig, chain_tip(n->chain).height);
	event_base_loopexit(n->base, NULL);
}

static int start(struct node *n, struct err *err)
{
	/* A ready file that a killed predecessor left must not be taken for ours. */
	if (n->cfg->ready_file && unlink(n->cfg->ready_file) && errno != ENOENT)
		return err_errno(err, ERR_ENV, "%s", n->cfg->ready_file);
	if (load_files(n, err) || open_chain(n, err))
		return -1;
	n->base = event_base_new();
	if (!n->base)
		return err_set(err, ERR_ENV, "cannot make an event loop (out of descriptors?)");
	if (open_network(n, err))
		return -1;
	n->sigterm = evsignal_new(n->base, SIGTERM, on_signal, n);
	n->sigint = evsignal_new(n->base, SIGINT, on_signal, n);
	n->slot_timer = event_new(n->base, -1, 0, on_slot, n);
	event_add(n->sigterm, NULL);
	event_add(n->sigint, NULL);
	n->started_ms = node_mono_ms();
	arm_slot_timer(n);
	if (announce(n, err))
		return -1;
	open_otlp(n);
	node_update_mode(n);
	return 0;
}

static void stop(struct node *n)
{
	/* Peers first: they answer the API's open dials. */
	p2p_free(n->net);
	http_free(n->http);
	if (n->slot_timer)
		event_free(n->slot_timer);
	if (n->sigterm)
		event_free(n->sigterm);
	if (n->sigint)
		event_free(n->sigint);
	otlp_free(n->otlp);
	if (n->base)
		event_base_free(n->base);
	seen_free(n->seen);
	orphans_free(n->orphans);
	store_close(n->store);
	chain_free(n->chain);
	genesis_release(&n->genesis);
	if (n->wallet.items)
		sodium_memzero(n->wallet.items, n->wallet.len * sizeof(*n->wallet.items));
	vec_free(&n->wallet);
	if (n->lock_fd >= 0)
		close(n->lock_fd);
	sodium_memzero(n, sizeof(*n));
}

int node_run(const struct config *cfg, struct err *err)
{
	struct node n = { .cfg = cfg, .lock_fd = -1, .started_wall_ms = node_wall_ms() };
	int r;

	n.seen = seen_new();
	n.orphans = orphans_new();
	r = start(&n, err);
	if (r == 0) {
		r = event_base_dispatch(n.base) < 0
			    ? err_set(err, ERR_INTERNAL, "the event loop failed")
			    : 0;
		if (n.failed) {
			*err = n.failure;
			r = -1;
		} else if (r == 0) {
			r = store_sync(n.store, err);
		}
		if (cfg->ready_file)
			unlink(cfg->ready_file);
	}
	stop(&n);
	return r;
}
