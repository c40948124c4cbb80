/*
 * Moving the bytes of one direction of a TCP connection. Where the rule asks
 * for nothing, they go from socket to socket, and nothing more is read while
 * the receiver does not take them; else they wait in a queue of bounded size.
 * A cut stops reading and writing, so that no byte is ever missing from a
 * stream. See conn.h.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "relay/conn.h"
#include "util/clock.h"

#define TURN_BYTES (1u << 20) /* then others have their turn */

static void on_timer(struct timer *t)
{
	flow_pump((struct flow *)((char *)t - offsetof(struct flow, timer)));
}

void flow_init(struct flow *f, struct conn *c, unsigned direction)
{
	struct link *l = c->link;

	*f = (struct flow){ .conn = c,
		.path = l->path[direction],
		.count = &l->count[direction],
		.src = &c->end[direction == FORWARD ? END_FROM : END_TO],
		.dst = &c->end[direction == FORWARD ? END_TO : END_FROM],
		.reset_at_ns = CLOCK_NEVER };
	queue_init(&f->queue, &l->plane->queued_bytes);
	timer_init(l->plane->loop, &f->timer, on_timer);
}

void flow_release(struct flow *f)
{
	timer_release(&f->timer);
	queue_clear(&f->queue);
}

static struct flow *other_flow(struct flow *f)
{
	return f == &f->conn->flow[FORWARD] ? &f->conn->flow[BACKWARD] : &f->conn->flow[FORWARD];
}

/* An error on an end is the business of the flow that comes from it. */
static void end_failed(struct end *e)
{
	e->failed = true;
	loop_post(e->conn->link->plane->loop, &e->conn->more);
}

/* Bytes taken by the receiver's socket; 0 when it takes none now. */
static size_t send_some(struct flow *f, const void *data, size_t len)
{
	ssize_t n;

	do
		n = send(f->dst->watch.fd, data, len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		f->dst->writable = false;
		if (errno != EAGAIN)
			end_failed(f->dst);
		return 0;
	}
	if ((size_t)n < len)
		f->dst->writable = false;
	f->count->bytes += (uint64_t)n;
	f->count->pieces++;
	return (size_t)n;
}

/* Sends what is due; true when all that is due is gone. */
static bool send_due(struct flow *f, uint64_t now)
{
	while (f->queue.head && f->queue.head->due_ns <= now) {
		struct chunk *c = f->queue.head;

		if (!f->dst->writable || f->dst->failed)
			return false;
		c->sent += (uint32_t)send_some(f, c->data + c->sent, c->len - c->sent);
		if (c->sent == c->len)
			queue_pop(&f->queue);
	}
	return true;
}

static bool may_read(const struct flow *f, uint64_t now)
{
	if (!f->src->readable || f->eof_read || f->reset_at_ns != CLOCK_NEVER || f->dst->failed ||
		now < f->read_at_ns)
		return false;
	if (f->path->neutral)
		return !f->queue.head && f->dst->writable;
	return f->queue.bytes < plane_queue_limit(f->conn->link->plane);
}

static void pass_on(struct flow *f, const unsigned char *data, size_t len, uint64_t now)
{
	const struct rule *r = &f->path->rule;
	struct shaper *s = &f->path->shaper;
	unsigned lost;

	if (f->path->neutral && !f->queue.head) {
		size_t sent = send_some(f, data, len);
		if (sent < len)
			queue_push(&f->queue, data + sent, (uint32_t)(len - sent), now);
		return;
	}
	/* The next ones are read when these may go; so the sender feels the bandwidth. */
	f->read_at_ns = shaper_reserve(s, r, now, len);
	uint64_t due = f->read_at_ns + shaper_delay_ns(s, r);
	due += shaper_stream_loss_ns(s, r, len, &lost);
	f->count->lost += lost;
	queue_push(&f->queue, data, (uint32_t)len, due);
}

/* Reads once; how much, 0 when there is no more to be had for now. */
static size_t read_some(struct flow *f, uint64_t now)
{
	unsigned char *scratch = f->conn->link->plane->scratch;
	size_t max = f->path->neutral ? SCRATCH_BYTES : rule_read_bytes(&f->path->rule);
	ssize_t n;

	do
		n = recv(f->src->watch.fd, scratch, max, 0);
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		/* Nothing is left, and what comes will be told; but an end is told only once. */
		if ((size_t)n < max && !f->src->ended)
			f->src->readable = false;
		pass_on(f, scratch, (size_t)n, now);
		return (size_t)n;
	}
	f->src->readable = false;
	if (n == 0) {
		f->eof_read = true;
		f->eof_at_ns = MAX(f->queue.last_due_ns,
			now + shaper_delay_ns(&f->path->shaper, &f->path->rule));
	} else if (errno != EAGAIN) {
		f->src->failed = true;
	}
	return 0;
}

/* true when the connection is over. */
static bool end_of_flow(struct flow *f, uint64_t now)
{
	if (f->src->failed && f->reset_at_ns == CLOCK_NEVER && !may_read(f, now))
		f->reset_at_ns = now + shaper_delay_ns(&f->path->shaper, &f->path->rule);
	if (now >= f->reset_at_ns) {
		conn_reset(f->conn);
		return true;
	}
	if (f->eof_read && !f->eof_sent && !f->queue.head && now >= f->eof_at_ns &&
		!f->dst->failed) {
		f->eof_sent = true;
		shutdown(f->dst->watch.fd, SHUT_WR);
		if (other_flow(f)->eof_sent) {
			conn_close(f->conn);
			return true;
		}
	}
	return false;
}

static void set_timer(struct flow *f, uint64_t now)
{
	uint64_t at = f->reset_at_ns;

	if (f->dst->writable && f->queue.head)
		at = MIN(at, f->queue.head->due_ns);
	if (f->src->readable && f->read_at_ns > now)
		at = MIN(at, f->read_at_ns);
	if (f->eof_read && !f->eof_sent && !f->queue.head)
		at = MIN(at, f->eof_at_ns);
	timer_set(&f->timer, at);
}

bool flow_pump(struct flow *f)
{
	struct conn *c = f->conn;
	size_t budget = TURN_BYTES;

	if (c->state != CONN_OPEN)
		return true;
	if (rule_holds(&f->path->rule)) {
		timer_set(&f->timer, CLOCK_NEVER);
		return true;
	}
	for (;;) {
		uint64_t now = loop_now();

		send_due(f, now);
		if (end_of_flow(f, now))
			return false;
		if (!may_read(f, now)) {
			set_timer(f, now);
			return true;
		}
		if (budget == 0)
			break;
		budget -= MIN(budget, read_some(f, now));
	}
	loop_post(c->link->plane->loop, &c->more);
	return true;
}

void flow_rule_changed(struct flow *f, uint64_t now_ns)
{
	const struct rule *r = &f->path->rule;

	/* What is on its way waits no longer than what is sent now. */
	queue_hurry(&f->queue, &f->path->shaper, r, now_ns);
	if (f->read_at_ns > now_ns)
		f->read_at_ns = now_ns;
	if (f->eof_read)
		f->eof_at_ns = MIN(f->eof_at_ns, MAX(now_ns + r->delay_ns, f->queue.last_due_ns));
	if (f->reset_at_ns != CLOCK_NEVER)
		f->reset_at_ns = MIN(f->reset_at_ns, now_ns + r->delay_ns);
}
