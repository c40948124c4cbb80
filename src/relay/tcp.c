/* See tcp.h and conn.h: how connections begin and end. */
#include "relay/tcp.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "relay/conn.h"
#include "util/clock.h"
#include "util/log.h"

#define BACKLOG     1024
#define FDS_OF_CONN 2

/* --- listening ------------------------------------------------------------------------ */

static int bound_socket(const struct sockaddr_any *a)
{
	const int one = 1;
	int fd = socket(a->u.sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
		bind(fd, &a->u.sa, a->len)) {
		int saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

static void on_listen(struct watch *w, uint32_t events)
{
	(void)events;
	tcp_accept((struct link *)w);
}

int tcp_listen(struct link *l, struct err *err)
{
	struct sockaddr_any a = l->listen.addr;
	int fd = bound_socket(&a);

	if (fd >= 0 && l->listen.port == 0) {
		/*
		 * A port that the kernel chose is lost once the socket stops listening,
		 * which a link does that refuses connections; one that was asked for is not.
		 */
		int any = fd;
		a.len = sizeof(a.u);
		if (getsockname(fd, &a.u.sa, &a.len) == 0)
			endpoint_set_port(&l->listen, sockaddr_port(&a));
		fd = bound_socket(&l->listen.addr);
		close(any);
	}
	if (fd < 0 || listen(fd, BACKLOG)) {
		err_errno(
			err, ERR_ENV, "cannot listen (is the port in use? port 0 is any free one)");
		if (fd >= 0)
			close(fd);
		return -1;
	}
	l->watch = (struct watch){ fd, on_listen };
	return 0;
}

static bool link_resets(const struct link *l)
{
	return l->path[FORWARD]->rule.cut == CUT_RESET || l->path[BACKWARD]->rule.cut == CUT_RESET;
}

static bool link_holds(const struct link *l)
{
	return rule_holds(&l->path[FORWARD]->rule) || rule_holds(&l->path[BACKWARD]->rule);
}

/* Refusing is not listening; the port stays ours. */
static void set_shut(struct link *l, bool shut)
{
	if (l->shut == shut)
		return;
	l->shut = shut;
	if (shut ? shutdown(l->watch.fd, SHUT_RD) : listen(l->watch.fd, BACKLOG))
		log_warn("link %s: cannot %s its port: %s", l->id, shut ? "close" : "open",
			strerror(errno));
}

/* --- the end -------------------------------------------------------------------------- */

static void end_close(struct end *e, bool reset)
{
	const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

	if (reset && e->watch.fd >= 0)
		setsockopt(e->watch.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	watch_close(&e->watch);
}

static void conn_end(struct conn *c, bool reset)
{
	struct link *l = c->link;

	resolve_cancel(TAKE_PTR(c->name));
	timer_release(&c->opening);
	loop_unpost(l->plane->loop, &c->more);
	flow_release(&c->flow[FORWARD]);
	flow_release(&c->flow[BACKWARD]);
	end_close(&c->end[END_FROM], reset);
	end_close(&c->end[END_TO], reset);
	if (c->prev)
		c->prev->next = c->next;
	else
		l->conns = c->next;
	if (c->next)
		c->next->prev = c->prev;
	l->open--;
	l->plane->used_fds -= FDS_OF_CONN;
	loop_free_later(l->plane->loop, c);
}

void conn_close(struct conn *c)
{
	conn_end(c, false);
}

void conn_reset(struct conn *c)
{
	c->link->resets++;
	conn_end(c, true);
}

void tcp_close_all(struct link *l)
{
	while (l->conns)
		conn_end(l->conns, true);
}

/* --- opening -------------------------------------------------------------------------- */

static void set_nodelay(int fd)
{
	const int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

static void conn_failed(struct conn *c, const char *what, const char *reason)
{
	char text[ENDPOINT_TEXT];

	c->link->failed++;
	log_debug("link %s: %s %s: %s", c->link->id, what, endpoint_text(&c->link->target, text),
		reason);
	conn_reset(c);
}

static void connect_next(struct conn *c);

static void pump_both(struct conn *c)
{
	if (flow_pump(&c->flow[FORWARD]))
		flow_pump(&c->flow[BACKWARD]);
}

/* The target's socket is connected, or has failed to. */
static void connect_done(struct conn *c)
{
	struct end *to = &c->end[END_TO];
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(to->watch.fd, SOL_SOCKET, SO_ERROR, &error, &len))
		error = errno;
	if (error) {
		watch_close(&to->watch);
		if (c->next_addr < c->n_addrs)
			connect_next(c);
		else
			conn_failed(c, "cannot connect to", strerror(error));
		return;
	}
	c->state = CONN_OPEN;
	to->failed = false;
	to->writable = to->readable = true;
	c->end[END_FROM].writable = c->end[END_FROM].readable = true;
	pump_both(c);
}

static void on_end(struct watch *w, uint32_t events);

/* Tries address after address until one is under way. */
static void connect_next(struct conn *c)
{
	struct end *to = &c->end[END_TO];
	int error = 0;

	c->state = CONN_CONNECTING;
	while (c->next_addr < c->n_addrs) {
		const struct sockaddr_any *a = &c->addrs[c->next_addr++];
		int fd = socket(a->u.sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

		if (fd < 0) {
			error = errno;
			continue;
		}
		set_nodelay(fd);
		*to = (struct end){ .watch = { fd, on_end }, .conn = c };
		if (connect(fd, &a->u.sa, a->len) && errno != EINPROGRESS) {
			error = errno;
			watch_close(&to->watch);
			continue;
		}
		if (loop_watch(c->link->plane->loop, &to->watch, NULL) == 0)
			return; /* on_end() goes on, also when it is connected already */
		error = errno;
		watch_close(&to->watch);
	}
	conn_failed(c, "cannot connect to", strerror(error));
}

static void on_name(void *arg, const struct sockaddr_any *addrs, size_t n, const char *reason)
{
	struct conn *c = arg;

	c->name = NULL;
	if (n == 0) {
		conn_failed(c, "no address of", reason);
		return;
	}
	memcpy(c->addrs, addrs, n * sizeof(*addrs));
	c->n_addrs = n;
	connect_next(c);
}

static void dial(struct conn *c)
{
	struct link *l = c->link;

	c->next_addr = 0;
	if (l->target.addr.len) {
		c->addrs[0] = l->target.addr;
		c->n_addrs = 1;
		connect_next(c);
		return;
	}
	c->state = CONN_RESOLVING;
	c->name = resolver_ask(l->plane->resolver, &l->target, on_name, c);
}

static void on_opening(struct timer *t)
{
	struct conn *c = (struct conn *)((char *)t - offsetof(struct conn, opening));

	if (c->state == CONN_OPENING)
		dial(c);
}

static uint64_t one_way_ns(struct path *p)
{
	unsigned lost;

	return shaper_delay_ns(&p->shaper, &p->rule) +
	       shaper_stream_loss_ns(&p->shaper, &p->rule, 1, &lost);
}

/*
 * The target sees a connection when its first packet would arrive, and the
 * dialer, to whom we seem nearer than the target is, has its bytes wait for
 * the time that the answer would have taken.
 */
static void open_conn(struct conn *c)
{
	struct link *l = c->link;
	uint64_t now = loop_now();

	c->state = CONN_OPENING;
	/* A change of the rule may hurry what is under way, not put it off. */
	c->open_at_ns = MIN(c->open_at_ns, now + one_way_ns(l->path[FORWARD]));
	c->flow[FORWARD].read_at_ns = c->open_at_ns + one_way_ns(l->path[BACKWARD]);
	if (c->open_at_ns <= now)
		dial(c);
	else
		timer_set(&c->opening, c->open_at_ns);
}

/* --- events --------------------------------------------------------------------------- */

static void on_more(struct task *t)
{
	pump_both((struct conn *)((char *)t - offsetof(struct conn, more)));
}

/* Something at the dialer's end while the target's is not open yet. */
static void before_open(struct conn *c, const struct end *e)
{
	if (e->failed)
		conn_end(c, true);
	else if (e->ended && c->state == CONN_HELD)
		conn_end(c, false); /* the target will never have known of it */
}

static void on_end(struct watch *w, uint32_t events)
{
	struct end *e = (struct end *)w;
	struct conn *c = e->conn;
	bool is_from = e == &c->end[END_FROM];

	e->readable |= (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
	e->writable |= (events & EPOLLOUT) != 0;
	e->ended |= (events & (EPOLLRDHUP | EPOLLHUP)) != 0;
	if (!is_from && c->state == CONN_CONNECTING) {
		if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
			connect_done(c);
		return;
	}
	e->failed |= (events & EPOLLERR) != 0;
	if (c->state == CONN_HALF_OPEN) {
		if (e->ended || e->failed)
			conn_end(c, false);
		return;
	}
	if (c->state != CONN_OPEN) {
		before_open(c, e);
		return;
	}
	if (flow_pump(&c->flow[is_from ? FORWARD : BACKWARD]))
		flow_pump(&c->flow[is_from ? BACKWARD : FORWARD]);
}

static void conn_new(struct link *l, int fd)
{
	struct conn *c = xcalloc(1, sizeof(*c));
	struct loop *loop = l->plane->loop;

	c->link = l;
	c->more.fn = on_more;
	c->end[END_FROM] = (struct end){ .watch = { fd, on_end }, .conn = c };
	c->end[END_TO] = (struct end){ .watch = { -1, on_end }, .conn = c };
	timer_init(loop, &c->opening, on_opening);
	flow_init(&c->flow[FORWARD], c, FORWARD);
	flow_init(&c->flow[BACKWARD], c, BACKWARD);
	c->next = l->conns;
	if (c->next)
		c->next->prev = c;
	l->conns = c;
	l->open++;
	l->connections++;
	l->plane->used_fds += FDS_OF_CONN;
	set_nodelay(fd);
	c->state = CONN_HELD;
	c->open_at_ns = CLOCK_NEVER;
	if (loop_watch(loop, &c->end[END_FROM].watch, NULL))
		conn_reset(c);
	else if (!link_holds(l))
		open_conn(c);
}

static void refuse(struct link *l, int fd)
{
	struct end e = { .watch = { .fd = fd } };

	l->refused++;
	end_close(&e, true);
}

void tcp_accept(struct link *l)
{
	while (!l->shut && plane_has_descriptors(l->plane, l, FDS_OF_CONN)) {
		int fd = accept4(l->watch.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
				errno == ENOMEM)
				plane_accept_later(l->plane, l);
			else if (errno == EINTR || errno == ECONNABORTED)
				continue;
			return;
		}
		if (l->open >= CONNS_MAX)
			refuse(l, fd);
		else
			conn_new(l, fd);
	}
}

/* --- rules ---------------------------------------------------------------------------- */

static void lose_end(struct conn *c, unsigned lost_end)
{
	c->state = CONN_HALF_OPEN;
	c->lost_end = lost_end;
	flow_release(&c->flow[FORWARD]);
	flow_release(&c->flow[BACKWARD]);
	end_close(&c->end[lost_end], true);
	if (c->end[!lost_end].ended || c->end[!lost_end].failed)
		conn_end(c, false);
}

static void open_conn_changed(struct conn *c)
{
	uint64_t now = loop_now();
	unsigned n_lost = 0, lost = END_TO;

	for (unsigned i = 0; i < 2; i++) {
		if (c->flow[i].path->rule.cut == CUT_HALF_OPEN && c->flow[i].path->changed) {
			n_lost++;
			lost = i == FORWARD ? END_TO : END_FROM;
		}
		if (c->flow[i].path->changed)
			flow_rule_changed(&c->flow[i], now);
	}
	if (n_lost == 2)
		conn_reset(c);
	else if (n_lost == 1)
		lose_end(c, lost);
	else
		pump_both(c);
}

static void conn_rules_changed(struct conn *c)
{
	struct link *l = c->link;

	switch (c->state) {
	case CONN_OPEN:
		open_conn_changed(c);
		return;
	case CONN_HALF_OPEN:
		/* Healed: what the dead end would answer now is a reset. */
		if (l->path[c->lost_end == END_TO ? FORWARD : BACKWARD]->rule.cut != CUT_HALF_OPEN)
			conn_reset(c);
		return;
	case CONN_HELD:
	case CONN_OPENING:
	case CONN_RESOLVING:
	case CONN_CONNECTING:
		break;
	}
	if (!link_holds(l)) {
		if (c->state <= CONN_OPENING)
			open_conn(c);
		else
			c->flow[FORWARD].read_at_ns = 0;
		return;
	}
	resolve_cancel(TAKE_PTR(c->name));
	timer_set(&c->opening, CLOCK_NEVER);
	watch_close(&c->end[END_TO].watch);
	c->state = CONN_HELD;
	c->open_at_ns = CLOCK_NEVER;
	before_open(c, &c->end[END_FROM]);
}

void tcp_rules_changed(struct link *l)
{
	bool resets = link_resets(l);

	set_shut(l, resets);
	for (struct conn *c = l->conns, *next; c; c = next) {
		next = c->next;
		if (resets)
			conn_reset(c);
		else
			conn_rules_changed(c);
	}
	if (!resets)
		tcp_accept(l);
}
