/*
 * See udp.h. A datagram is dropped where it would be on a network: lost by the
 * rule, cut off, or in a queue that is full. Those that wait keep their order;
 * only the ones that are to be reordered stand in a queue of their own.
 */
#include "relay/udp.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/log.h"

#define TURN_DATAGRAMS 256 /* then others have their turn */
#define MAX_DATAGRAM   65536
#define MAX_BACKLOG_NS (500 * NS_PER_MS) /* what would wait longer for bandwidth is dropped */

struct stream {
	struct session *session;
	struct path *path;
	struct link_count *count;
	struct queue in_order, late;
	struct timer timer;
};

struct session {
	struct watch watch; /* the socket towards the target; -1 while its name is looked up */
	struct link *link;
	struct sockaddr_any client;
	struct stream stream[2];
	struct task more;
	uint64_t used_ns;
	struct resolve_request *name;
	struct sockaddr_any addrs[RESOLVE_MAX_ADDRESSES];
	size_t n_addrs, next_addr;
};

static bool is_cut(const struct rule *r)
{
	return rule_holds(r) || r->cut == CUT_RESET;
}

/* --- sessions ------------------------------------------------------------------------- */

static void stream_clear(struct stream *st)
{
	queue_clear(&st->in_order);
	queue_clear(&st->late);
	timer_set(&st->timer, CLOCK_NEVER);
}

static void session_free(struct session *s)
{
	struct link *l = s->link;

	map_take(l->sessions, &s->client.u, s->client.len);
	resolve_cancel(TAKE_PTR(s->name));
	loop_unpost(l->plane->loop, &s->more);
	for (unsigned i = 0; i < 2; i++) {
		stream_clear(&s->stream[i]);
		timer_release(&s->stream[i].timer);
	}
	watch_close(&s->watch);
	l->open--;
	l->plane->used_fds--;
	loop_free_later(l->plane->loop, s);
}

static void on_target(struct watch *w, uint32_t events);
static void on_more_answers(struct task *t);
static bool send_due(struct stream *st);

static void on_timer(struct timer *t)
{
	send_due((struct stream *)((char *)t - offsetof(struct stream, timer)));
}

/* Opens the socket to the next address; false when there is none left: the session is gone. */
static bool connect_next(struct session *s)
{
	struct link *l = s->link;
	int error = 0;

	watch_close(&s->watch);
	while (s->next_addr < s->n_addrs) {
		const struct sockaddr_any *a = &s->addrs[s->next_addr++];

		s->watch.fd =
			socket(a->u.sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (s->watch.fd >= 0 && connect(s->watch.fd, &a->u.sa, a->len) == 0 &&
			loop_watch(l->plane->loop, &s->watch, NULL) == 0)
			return true;
		error = errno;
		watch_close(&s->watch);
	}
	l->failed++;
	log_debug("link %s: no way to the target: %s", l->id, strerror(error));
	session_free(s);
	return false;
}

static void on_name(void *arg, const struct sockaddr_any *addrs, size_t n, const char *reason)
{
	struct session *s = arg;

	s->name = NULL;
	if (n == 0)
		log_debug(
			"link %s: no address of %s: %s", s->link->id, s->link->target.host, reason);
	memcpy(s->addrs, addrs, n * sizeof(*addrs));
	s->n_addrs = n;
	if (connect_next(s))
		send_due(&s->stream[FORWARD]);
}

static void stream_init(struct session *s, unsigned direction)
{
	struct stream *st = &s->stream[direction];
	struct link *l = s->link;

	*st = (struct stream){
		.session = s, .path = l->path[direction], .count = &l->count[direction]
	};
	queue_init(&st->in_order, &l->plane->queued_bytes);
	queue_init(&st->late, &l->plane->queued_bytes);
	timer_init(l->plane->loop, &st->timer, on_timer);
}

static int oldest(const void *key, size_t len, void *value, void *arg)
{
	struct session *s = value, **found = arg;

	(void)key;
	(void)len;
	if (!*found || s->used_ns < (*found)->used_ns)
		*found = s;
	return 0;
}

/* NULL when it could not be made. */
static struct session *session_new(struct link *l, const struct sockaddr_any *client)
{
	struct session *s = NULL;

	if (l->open >= SESSIONS_MAX) {
		map_each(l->sessions, oldest, &s);
		session_free(s);
		l->refused++;
	}
	if (!plane_has_descriptors(l->plane, l, 1))
		return NULL;
	s = xcalloc(1, sizeof(*s));
	s->link = l;
	s->client = *client;
	s->watch = (struct watch){ -1, on_target };
	s->more.fn = on_more_answers;
	stream_init(s, FORWARD);
	stream_init(s, BACKWARD);
	map_put(l->sessions, &s->client.u, s->client.len, s);
	l->open++;
	l->connections++;
	l->plane->used_fds++;
	if (l->target.addr.len) {
		s->addrs[0] = l->target.addr;
		s->n_addrs = 1;
		return connect_next(s) ? s : NULL;
	}
	s->name = resolver_ask(l->plane->resolver, &l->target, on_name, s);
	return s;
}

/* --- datagrams ------------------------------------------------------------------------ */

/* false when the session is gone by that. */
static bool send_one(struct stream *st, const void *data, size_t len)
{
	struct session *s = st->session;
	struct link *l = s->link;
	bool forward = st == &s->stream[FORWARD];
	ssize_t n = forward ? send(s->watch.fd, data, len, MSG_NOSIGNAL)
			    : sendto(l->watch.fd, data, len, MSG_NOSIGNAL, &s->client.u.sa,
				      s->client.len);

	if (n >= 0) {
		st->count->bytes += (uint64_t)n;
		st->count->pieces++;
		return true;
	}
	st->count->dropped++;
	/* Nobody there, or not any more: another address, or, next time, a new look at the name. */
	if (forward && (errno == ECONNREFUSED || errno == EHOSTUNREACH || errno == ENETUNREACH))
		return connect_next(s);
	return true;
}

static bool send_due(struct stream *st)
{
	uint64_t now = loop_now(), next;

	if (st->session->watch.fd < 0)
		return true; /* on_name() goes on */
	for (;;) {
		uint64_t a = queue_due_ns(&st->in_order), b = queue_due_ns(&st->late);
		struct queue *q = b < a ? &st->late : &st->in_order;

		next = MIN(a, b);
		if (next > now)
			break;
		if (!send_one(st, q->head->data, q->head->len))
			return false;
		queue_pop(q);
	}
	timer_set(&st->timer, next);
	return true;
}

/* Puts a datagram under the rule. false when the session is gone by that. */
static bool take(struct stream *st, const void *data, size_t len)
{
	struct session *s = st->session;
	const struct rule *r = &st->path->rule;
	struct shaper *sh = &st->path->shaper;
	uint64_t now = loop_now();

	s->used_ns = now;
	if (st->path->neutral && !st->in_order.head && !st->late.head && s->watch.fd >= 0)
		return send_one(st, data, len);
	struct shape_fate fate = shaper_datagram(sh, r);
	if (fate.drop || is_cut(r) || shaper_backlog_ns(sh, r, now) > MAX_BACKLOG_NS ||
		st->in_order.bytes + st->late.bytes > plane_queue_limit(s->link->plane)) {
		st->count->dropped++;
		return true;
	}
	uint64_t due = shaper_reserve(sh, r, now, len) + shaper_delay_ns(sh, r);
	if (fate.reorder) {
		due = MAX(due, st->in_order.last_due_ns) + rule_reorder_ns(r);
		st->count->reordered++;
	}
	for (int i = 0; i < (fate.duplicate ? 2 : 1); i++)
		queue_push(fate.reorder ? &st->late : &st->in_order, data, (uint32_t)len, due);
	st->count->duplicated += fate.duplicate;
	return send_due(st);
}

static void read_answers(struct session *s)
{
	unsigned char *scratch = s->link->plane->scratch;

	for (int i = 0; i < TURN_DATAGRAMS; i++) {
		ssize_t n = recv(s->watch.fd, scratch, MAX_DATAGRAM, 0);

		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) { /* what ICMP told: nobody is there */
			connect_next(s);
			return;
		}
		if (!take(&s->stream[BACKWARD], scratch, (size_t)n))
			return;
	}
	loop_post(s->link->plane->loop, &s->more);
}

static void on_more_answers(struct task *t)
{
	struct session *s = (struct session *)((char *)t - offsetof(struct session, more));

	if (s->watch.fd >= 0)
		read_answers(s);
}

static void on_target(struct watch *w, uint32_t events)
{
	(void)events;
	read_answers((struct session *)w);
}

static void read_link(struct link *l)
{
	unsigned char *scratch = l->plane->scratch;

	for (int i = 0; i < TURN_DATAGRAMS; i++) {
		struct sockaddr_any client = { .len = sizeof(client.u) };
		ssize_t n =
			recvfrom(l->watch.fd, scratch, MAX_DATAGRAM, 0, &client.u.sa, &client.len);

		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n < 0)
			continue;
		struct session *s = map_get(l->sessions, &client.u, client.len);
		if (!s)
			s = session_new(l, &client);
		if (s)
			take(&s->stream[FORWARD], scratch, (size_t)n);
		else
			l->count[FORWARD].dropped++;
	}
	loop_post(l->plane->loop, &l->more);
}

static void on_more(struct task *t)
{
	read_link((struct link *)((char *)t - offsetof(struct link, more)));
}

static void on_link(struct watch *w, uint32_t events)
{
	(void)events;
	read_link((struct link *)w);
}

/* --- links ---------------------------------------------------------------------------- */

int udp_listen(struct link *l, struct err *err)
{
	struct sockaddr_any a = l->listen.addr;
	int fd = socket(a.u.sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, &a.u.sa, a.len)) {
		err_errno(err, ERR_ENV, "cannot bind (is the port in use? port 0 is any free one)");
		if (fd >= 0)
			close(fd);
		return -1;
	}
	a.len = sizeof(a.u);
	if (l->listen.port == 0 && getsockname(fd, &a.u.sa, &a.len) == 0)
		endpoint_set_port(&l->listen, sockaddr_port(&a));
	l->watch = (struct watch){ fd, on_link };
	l->more.fn = on_more;
	l->sessions = map_new(NULL);
	return 0;
}

static unsigned drop_queue(struct queue *q)
{
	unsigned n = 0;

	for (; q->head; n++)
		queue_pop(q);
	return n;
}

static int session_rules_changed(const void *key, size_t len, void *value, void *arg)
{
	struct session *s = value;
	uint64_t now = loop_now();

	(void)key;
	(void)len;
	(void)arg;
	for (unsigned i = 0; i < 2; i++) {
		struct stream *st = &s->stream[i];

		if (!st->path->changed)
			continue;
		if (is_cut(&st->path->rule)) /* what is on its way does not arrive */
			st->count->dropped += drop_queue(&st->in_order) + drop_queue(&st->late);
		queue_hurry(&st->in_order, &st->path->shaper, &st->path->rule, now);
		queue_hurry(&st->late, &st->path->shaper, &st->path->rule, now);
		if (!send_due(st))
			break;
	}
	return 0;
}

void udp_rules_changed(struct link *l)
{
	map_each(l->sessions, session_rules_changed, NULL);
}

static int drop_session(const void *key, size_t len, void *value, void *arg)
{
	const uint64_t *used_before_ns = arg;
	struct session *s = value;

	(void)key;
	(void)len;
	if (s->used_ns < *used_before_ns)
		session_free(s);
	return 0;
}

void udp_target_changed(struct link *l)
{
	uint64_t all = CLOCK_NEVER;

	map_each(l->sessions, drop_session, &all);
}

void udp_tidy(struct link *l, uint64_t now_ns)
{
	uint64_t before = now_ns > UDP_IDLE_NS ? now_ns - UDP_IDLE_NS : 0;

	map_each(l->sessions, drop_session, &before);
}

void udp_close_all(struct link *l)
{
	loop_unpost(l->plane->loop, &l->more);
	if (l->sessions)
		udp_target_changed(l);
}
