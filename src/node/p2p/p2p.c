/* See net.h. */
#include "node/p2p/p2p.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <time.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/dns.h>
#include <event2/listener.h>
#include <event2/util.h>
#include <sodium.h>

#include "node/listen.h"
#include "util/mem.h"

#define TICK_MS         250
#define BACKOFF_MIN_MS  100
#define BACKOFF_MAX_MS  5000
#define RECHECK_MS      1000 /* how often a target that is connected by other means is looked at */
#define UNREACHABLE_MS  3000 /* of failed attempts before anybody hears of it */
#define MAX_WAITERS     16
#define READ_HIGH_BYTES (WIRE_HEADER + WIRE_MAX_PAYLOAD)

struct waiter {
	p2p_dial_fn *fn;
	void *arg;
	uint64_t deadline_ms;
};

/* An address that is dialled. */
struct target {
	struct p2p *net;
	struct address addr;
	struct event *timer;
	struct conn *conn; /* NULL between attempts */
	uint64_t backoff_ms;
	struct id32 node; /* who answered last time */
	bool have_node;
	bool keep;           /* dial for ever; else only while somebody waits for it */
	bool told;           /* that it is unreachable */
	uint64_t dialled_ms; /* when the first attempt since the last connection began; 0: none */
	bool dead;           /* to be freed by the reaper */
	size_t n_waiters;
	struct waiter waiters[MAX_WAITERS];
};

struct conn {
	struct p2p *net;
	struct bufferevent *bev;
	struct session *session; /* NULL while connecting */
	struct target *target;   /* NULL: they dialled */
	char addr[ADDRESS_TEXT];
	uint64_t started_ms;
	bool up;       /* the up hook was called */
	char *closing; /* why; freed by the reaper, so that no callback loses its feet */
};

struct p2p {
	struct p2p_config cfg;
	struct address listen;
	struct evconnlistener *listener;
	struct evdns_base *dns; /* made when the first host name is dialled */
	struct event *tick, *reaper;
	VEC(struct conn *) conns;
	VEC(struct target *) targets;
};

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static bool conn_live(const struct conn *c)
{
	return !c->closing;
}

static bool conn_established(const struct conn *c)
{
	return conn_live(c) && c->session && session_established(c->session);
}

static void conn_close(struct conn *c, const char *reason)
{
	if (c->closing)
		return;
	c->closing = xstrdup(reason);
	event_active(c->net->reaper, EV_TIMEOUT, 0);
}

static struct conn *conn_of(const struct p2p *n, const struct session *s)
{
	for (size_t i = 0; i < n->conns.len; i++)
		if (n->conns.items[i]->session == s)
			return n->conns.items[i];
	return NULL;
}

static struct conn *conn_to(const struct p2p *n, const struct id32 *node)
{
	for (size_t i = 0; i < n->conns.len; i++) {
		struct conn *c = n->conns.items[i];
		if (conn_established(c) && id32_eq(&session_peer(c->session)->node, node))
			return c;
	}
	return NULL;
}

static void conn_flush(struct conn *c)
{
	struct strbuf *out = session_output(c->session);

	if (conn_live(c) && out->len) {
		bufferevent_write(c->bev, out->buf, out->len);
		if (evbuffer_get_length(bufferevent_get_output(c->bev)) > NET_MAX_OUTPUT)
			conn_close(c, "it reads too slowly");
	}
	strbuf_clear(out);
}

/* --- targets ------------------------------------------------------------------ */

static void target_answer(struct target *t, const struct id32 *peer, const char *reason)
{
	struct waiter list[MAX_WAITERS];
	size_t len = t->n_waiters;

	memcpy(list, t->waiters, sizeof(list));
	t->n_waiters = 0;
	for (size_t i = 0; i < len; i++)
		list[i].fn(list[i].arg, peer, reason);
}

static void target_arm(struct target *t, uint64_t ms)
{
	struct timeval tv = { (time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000) };

	event_add(t->timer, &tv);
}

static void target_retry(struct target *t)
{
	uint64_t jitter = randombytes_uniform((uint32_t)(t->backoff_ms / 2 + 1));

	target_arm(t, t->backoff_ms * 3 / 4 + jitter);
	t->backoff_ms = MIN(t->backoff_ms * 2, BACKOFF_MAX_MS);
}

static void target_connected(struct target *t, const struct id32 *node)
{
	t->node = *node;
	t->have_node = true;
	t->backoff_ms = BACKOFF_MIN_MS;
	t->told = false;
	t->dialled_ms = 0;
	if (t->n_waiters)
		t->keep = true;
	target_answer(t, node, NULL);
}

static void target_drop(struct target *t)
{
	t->dead = true;
	event_del(t->timer);
	event_active(t->net->reaper, EV_TIMEOUT, 0);
}

static void target_failed(struct target *t, const char *reason)
{
	target_answer(t, NULL, reason);
	if (t->dead)
		return;
	if (!t->keep) {
		target_drop(t);
		return;
	}
	if (!t->told && t->dialled_ms && now_ms() - t->dialled_ms >= UNREACHABLE_MS) {
		char text[ADDRESS_TEXT];
		t->told = true;
		t->net->cfg.unreachable(t->net->cfg.arg, address_text(&t->addr, text), reason);
	}
	target_retry(t);
}

static void target_free(struct target *t)
{
	event_free(t->timer);
	free(t);
}

/* --- connections ---------------------------------------------------------------- */

static void on_read(struct bufferevent *bev, void *arg)
{
	struct conn *c = arg;
	struct evbuffer *in = bufferevent_get_input(bev);
	uint64_t now = now_ms();
	struct err err = { 0 };
	size_t have;

	if (c->closing || !c->session)
		return;
	session_alive(c->session, now);
	while (conn_live(c) && (have = evbuffer_get_length(in)) >= session_need(c->session)) {
		size_t used = 0, want = MAX(session_need(c->session), MIN(have, 16384));
		if (session_receive(c->session, evbuffer_pullup(in, (ev_ssize_t)want), want, now,
			    &used, &err)) {
			conn_flush(c);
			/* A second connection, or one to ourselves, is nobody's fault. */
			if (err.code != ERR_CANCELLED)
				c->net->cfg.refused(c->net->cfg.arg, c->addr, err.text);
			conn_close(c, err.text);
			return;
		}
		evbuffer_drain(in, used);
		if (session_established(c->session) && !c->up && conn_live(c)) {
			c->up = true;
			if (c->target)
				target_connected(c->target, &session_peer(c->session)->node);
			c->net->cfg.up(c->net->cfg.arg, c->session, c->addr);
		}
	}
	conn_flush(c);
}

static void start_session(struct conn *c)
{
	int one = 1;

	setsockopt(bufferevent_getfd(c->bev), IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c->session = session_new(&c->net->cfg.session, now_ms());
	conn_flush(c);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct conn *c = arg;
	int dns = bufferevent_socket_get_dns_error(bev);

	if (what & BEV_EVENT_CONNECTED) {
		start_session(c);
		return;
	}
	if (dns)
		conn_close(c, evutil_gai_strerror(dns));
	else if (what & BEV_EVENT_EOF)
		conn_close(c, "closed by the peer");
	else
		conn_close(c, evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
}

static struct conn *conn_new(struct p2p *n, evutil_socket_t fd, struct target *t)
{
	struct conn *c = xcalloc(1, sizeof(*c));

	c->net = n;
	c->target = t;
	c->started_ms = now_ms();
	c->bev = bufferevent_socket_new(n->cfg.base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!c->bev)
		abort(); /* only for want of memory */
	bufferevent_setcb(c->bev, on_read, NULL, on_event, c);
	bufferevent_setwatermark(c->bev, EV_READ, 0, READ_HIGH_BYTES);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
	vec_push(&n->conns, c);
	return c;
}

static void conn_free(struct conn *c)
{
	bufferevent_free(c->bev);
	session_free(c->session);
	free(c->closing);
	free(c);
}

/*
 * Without a usable /etc/resolv.conf libevent makes no resolver of its own accord, and the dial
 * would then wait for the C library's, with all of the node. This way it asks the local host.
 * Patience is in the dials: a name server that is silent, or fails for names that are not there
 * yet, as those of container engines do, is asked again soon.
 */
static struct evdns_base *resolver(struct event_base *base)
{
	struct evdns_base *dns = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);

	if (!dns)
		abort(); /* only for want of memory */
	evdns_base_resolv_conf_parse(dns, DNS_OPTIONS_ALL, "/etc/resolv.conf");
	evdns_base_set_option(dns, "timeout:", "1");
	evdns_base_set_option(dns, "initial-probe-timeout:", "1");
	return dns;
}

static void dial(struct target *t)
{
	struct p2p *n = t->net;
	struct conn *c = conn_new(n, -1, t);
	struct in6_addr scratch;
	bool numeric = evutil_inet_pton(AF_INET, t->addr.host, &scratch) == 1 ||
		       evutil_inet_pton(AF_INET6, t->addr.host, &scratch) == 1;

	t->conn = c;
	if (!t->dialled_ms)
		t->dialled_ms = c->started_ms;
	address_text(&t->addr, c->addr);
	if (!numeric && !n->dns)
		n->dns = resolver(n->cfg.base);
	if (bufferevent_socket_connect_hostname(
		    c->bev, numeric ? NULL : n->dns, AF_UNSPEC, t->addr.host, t->addr.port))
		conn_close(c, evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
}

static void on_target_timer(evutil_socket_t fd, short what, void *arg)
{
	struct target *t = arg;

	(void)fd;
	(void)what;
	if (t->conn || t->dead)
		return;
	if (t->have_node && conn_to(t->net, &t->node)) {
		target_arm(t, RECHECK_MS);
		return;
	}
	dial(t);
}

static void on_accept(
	struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *sa, int len, void *arg)
{
	struct p2p *n = arg;
	size_t inbound = 0;

	(void)l;
	(void)len;
	for (size_t i = 0; i < n->conns.len; i++)
		inbound += !n->conns.items[i]->target;
	if (inbound >= NET_MAX_INBOUND) {
		evutil_closesocket(fd);
		return;
	}
	struct conn *c = conn_new(n, fd, NULL);
	const struct address a = address_from_sockaddr(sa);
	address_text(&a, c->addr);
	start_session(c);
}

static void reap_conn(struct p2p *n, struct conn *c)
{
	if (c->up)
		n->cfg.down(n->cfg.arg, c->session, c->addr, c->closing);
	if (c->target) {
		c->target->conn = NULL;
		if (!c->target->dead)
			target_failed(c->target, c->closing);
	}
	conn_free(c);
}

static void on_reap(evutil_socket_t fd, short what, void *arg)
{
	struct p2p *n = arg;

	(void)fd;
	(void)what;
	for (size_t i = 0; i < n->conns.len;) {
		struct conn *c = n->conns.items[i];
		if (!c->closing) {
			i++;
			continue;
		}
		n->conns.items[i] = n->conns.items[--n->conns.len];
		reap_conn(n, c);
	}
	for (size_t i = 0; i < n->targets.len;) {
		struct target *t = n->targets.items[i];
		if (!t->dead || t->conn) {
			i++;
			continue;
		}
		n->targets.items[i] = n->targets.items[--n->targets.len];
		target_free(t);
	}
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct p2p *n = arg;
	uint64_t now = now_ms();

	(void)fd;
	(void)what;
	for (size_t i = 0; i < n->conns.len; i++) {
		struct conn *c = n->conns.items[i];
		struct err err = { 0 };
		if (c->closing)
			continue;
		if (!c->session) {
			if (now - c->started_ms > NET_DIAL_MS)
				conn_close(c, "no connection within 5 s");
			continue;
		}
		if (session_tick(c->session, now, &err))
			conn_close(c, err.text);
		conn_flush(c);
	}
	for (size_t i = 0; i < n->targets.len; i++) {
		struct target *t = n->targets.items[i];
		if (t->n_waiters && now >= t->waiters[0].deadline_ms) {
			target_answer(t, NULL, "no connection within 5 s");
			if (!t->keep && !t->conn)
				target_drop(t);
		}
	}
}

/* --- from outside --------------------------------------------------------------- */

struct p2p *p2p_new(const struct p2p_config *cfg, struct err *err)
{
	static const struct timeval tick = { 0, TICK_MS * 1000 };
	struct p2p *n = xcalloc(1, sizeof(*n));

	n->cfg = *cfg;
	n->listen = cfg->listen;
	n->listener = listen_on(cfg->base, &n->listen, "--listen", "peers", on_accept, n, err);
	if (!n->listener) {
		p2p_free(n);
		return NULL;
	}
	n->reaper = event_new(cfg->base, -1, 0, on_reap, n);
	n->tick = event_new(cfg->base, -1, EV_PERSIST, on_tick, n);
	event_add(n->tick, &tick);
	return n;
}

void p2p_free(struct p2p *n)
{
	if (!n)
		return;
	for (size_t i = 0; i < n->conns.len; i++)
		conn_free(n->conns.items[i]);
	vec_free(&n->conns);
	for (size_t i = 0; i < n->targets.len; i++) {
		target_answer(n->targets.items[i], NULL, "the node is stopping");
		target_free(n->targets.items[i]);
	}
	vec_free(&n->targets);
	if (n->listener)
		evconnlistener_free(n->listener);
	if (n->tick)
		event_free(n->tick);
	if (n->reaper)
		event_free(n->reaper);
	if (n->dns)
		evdns_base_free(n->dns, 0);
	free(n);
}

struct address p2p_listen_address(const struct p2p *n)
{
	return n->listen;
}

size_t p2p_n_targets(const struct p2p *n)
{
	return n->targets.len;
}

static struct target *find_target(const struct p2p *n, const struct address *a)
{
	for (size_t i = 0; i < n->targets.len; i++)
		if (!n->targets.items[i]->dead && address_eq(&n->targets.items[i]->addr, a))
			return n->targets.items[i];
	return NULL;
}

static struct target *add_target(struct p2p *n, const struct address *a)
{
	struct target *t = xcalloc(1, sizeof(*t));

	t->net = n;
	t->addr = *a;
	t->backoff_ms = BACKOFF_MIN_MS;
	t->timer = event_new(n->cfg.base, -1, 0, on_target_timer, t);
	vec_push(&n->targets, t);
	return t;
}

void p2p_add_peer(struct p2p *n, const struct address *a)
{
	struct target *t = find_target(n, a);

	if (t) {
		t->keep = true;
		return;
	}
	if (n->targets.len >= NET_MAX_TARGETS)
		return;
	t = add_target(n, a);
	t->keep = true;
	target_arm(t, 0);
}

void p2p_dial(struct p2p *n, const struct address *a, p2p_dial_fn *fn, void *arg)
{
	struct target *t = find_target(n, a);

	if (t && t->conn && conn_established(t->conn)) {
		fn(arg, &session_peer(t->conn->session)->node, NULL);
		return;
	}
	if (t && t->have_node && conn_to(n, &t->node)) {
		fn(arg, &t->node, NULL);
		return;
	}
	if ((!t && n->targets.len >= NET_MAX_TARGETS) || (t && t->n_waiters == MAX_WAITERS)) {
		fn(arg, NULL, "too many addresses are being dialled");
		return;
	}
	if (!t)
		t = add_target(n, a);
	t->waiters[t->n_waiters++] = (struct waiter){ fn, arg, now_ms() + NET_DIAL_MS };
	if (!t->conn)
		target_arm(t, 0);
}

void p2p_flush(struct p2p *n, struct session *s)
{
	struct conn *c = conn_of(n, s);

	if (c)
		conn_flush(c);
}

void p2p_broadcast_span(struct p2p *n, enum wire_type type, const void *data, size_t len,
	const struct session *except)
{
	for (size_t i = 0; i < n->conns.len; i++) {
		struct conn *c = n->conns.items[i];
		if (!conn_established(c) || c->session == except)
			continue;
		session_send_span(c->session, type, data, len);
		conn_flush(c);
	}
}

void p2p_broadcast_tip(struct p2p *n, const struct wire_tip *tip)
{
	for (size_t i = 0; i < n->conns.len; i++) {
		struct conn *c = n->conns.items[i];
		if (!conn_established(c))
			continue;
		session_send_tip(c->session, tip);
		conn_flush(c);
	}
}

/* Is this the first connection to its peer in the list? */
static bool is_first(const struct p2p *n, size_t at)
{
	return conn_to(n, &session_peer(n->conns.items[at]->session)->node) == n->conns.items[at];
}

struct p2p_counts p2p_counts(const struct p2p *n)
{
	struct p2p_counts r = { 0 };

	for (size_t i = 0; i < n->conns.len; i++) {
		const struct conn *c = n->conns.items[i];
		if (conn_established(c)) {
			r.connections++;
			r.peers += is_first(n, i);
		} else if (conn_live(c)) {
			r.pending++;
		}
	}
	return r;
}

void p2p_each_peer(const struct p2p *n, void (*fn)(const struct session *s, void *arg), void *arg)
{
	for (size_t i = 0; i < n->conns.len; i++)
		if (conn_established(n->conns.items[i]) && is_first(n, i))
			fn(n->conns.items[i]->session, arg);
}

/*
 * Both ends must come to the same decision on their own. Where one node dialled
 * twice, only that node decides: the other cannot know which it means to keep.
 */
int p2p_session_accept(
	struct p2p *n, struct session *s, const struct wire_hello *h, struct err *err)
{
	struct conn *c = conn_of(n, s);
	bool keep_outbound = memcmp(n->cfg.node.b, h->node.b, sizeof(h->node.b)) < 0;

	if (!c)
		return err_set(err, ERR_INTERNAL, "session without a connection");
	if (id32_eq(&h->node, &n->cfg.node)) {
		if (c->target) {
			c->target->keep = false;
			c->target->node = h->node;
		}
		return err_set(err, ERR_CANCELLED, "that is this node itself");
	}
	for (size_t i = 0; i < n->conns.len; i++) {
		struct conn *o = n->conns.items[i];
		if (o == c || !conn_established(o) ||
			!id32_eq(&session_peer(o->session)->node, &h->node))
			continue;
		bool was_outbound = o->target != NULL, is_outbound = c->target != NULL;
		if (session_peer(o->session)->instance != h->instance) {
			conn_close(o, "the peer was restarted");
		} else if (was_outbound != is_outbound && keep_outbound == is_outbound) {
			conn_close(o, "replaced by a second connection to the same peer");
		} else if (was_outbound != is_outbound || is_outbound) {
			if (c->target)
				target_connected(c->target, &h->node);
			return err_set(err, ERR_CANCELLED, "already connected to this peer");
		}
	}
	return 0;
}

bool p2p_session_may_sync(const struct p2p *n, const struct session *s)
{
	for (size_t i = 0; i < n->conns.len; i++) {
		const struct conn *c = n->conns.items[i];
		if (conn_established(c) && c->session != s && session_syncing(c->session))
			return false;
	}
	return true;
}

void p2p_session_sync_ended(struct p2p *n)
{
	for (size_t i = 0; i < n->conns.len; i++) {
		struct conn *c = n->conns.items[i];
		if (!conn_established(c))
			continue;
		session_sync(c->session, now_ms());
		conn_flush(c);
	}
}

bool p2p_wants_sync(const struct p2p *n)
{
	for (size_t i = 0; i < n->conns.len; i++)
		if (conn_established(n->conns.items[i]) &&
			session_wants_sync(n->conns.items[i]->session))
			return true;
	return false;
}
