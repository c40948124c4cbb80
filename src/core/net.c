/*
 * The net thread; see net.h. This file holds the command queue, ids, timers,
 * cancelling and the dispatch of callbacks; net_http.c does HTTP.
 *
 * Other threads only take a short lock to queue a command, so they never wait
 * for the network. An id is a slot and a generation: finding what it stands
 * for costs the same however many requests are open.
 */
#include "core/net.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/net_priv.h"
#include "util/mem.h"

struct slot {
	struct net_object *obj; /* NULL: free */
	uint32_t generation;
	uint32_t next_free;
};
#define NO_SLOT UINT32_MAX

struct net {
	struct clock *clock;
	const struct net_handler *handler; /* NULL: HTTP */
	struct net_handler handler_copy;
	struct wake wake;
	pthread_t thread;
	bool stopped; /* by net_stop(); its callers are one thread */

	pthread_mutex_t lock; /* everything down to http */
	pthread_cond_t callback_ended;
	struct net_command *first, **last;
	bool stopping, ended;
	VEC(struct slot) slots;
	uint32_t free_slot;
	VEC(struct net_object *) heap;
	uint64_t next_seq;

	/* net thread only */
	struct net_http *http;
	struct net_req *active;
};

struct timer {
	struct net_object obj;
	void (*fn)(void *arg);
	void *arg;
};

static bool on_net_thread(const struct net *n)
{
	return pthread_equal(n->thread, pthread_self());
}

/* --- ids and the timer heap: under the lock ------------------------------------------- */

static void object_add(struct net *n, struct net_object *o)
{
	if (n->free_slot == NO_SLOT) {
		vec_push(&n->slots, (struct slot){ .generation = 1 });
		n->free_slot = (uint32_t)(n->slots.len - 1);
		n->slots.items[n->free_slot].next_free = NO_SLOT;
	}
	uint32_t at = n->free_slot;
	struct slot *s = &n->slots.items[at];
	n->free_slot = s->next_free;
	s->obj = o;
	o->id = (uint64_t)s->generation << 32 | at;
	o->heap_pos = NET_NOT_IN_HEAP;
}

static void object_remove(struct net *n, struct net_object *o)
{
	uint32_t at = (uint32_t)o->id;
	struct slot *s = &n->slots.items[at];
	s->obj = NULL;
	s->generation = s->generation == UINT32_MAX ? 1 : s->generation + 1;
	s->next_free = n->free_slot;
	n->free_slot = at;
}

static struct net_object *object_find(struct net *n, uint64_t id, enum net_object_kind kind)
{
	uint32_t at = (uint32_t)id;
	if (at >= n->slots.len)
		return NULL;
	struct net_object *o = n->slots.items[at].obj;
	return o && o->id == id && o->kind == kind ? o : NULL;
}

static bool earlier(const struct net_object *a, const struct net_object *b)
{
	return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->seq < b->seq;
}

static void heap_place(struct net *n, size_t pos, struct net_object *o)
{
	n->heap.items[pos] = o;
	o->heap_pos = pos;
}

static void heap_up(struct net *n, size_t pos)
{
	struct net_object *o = n->heap.items[pos];
	while (pos > 0 && earlier(o, n->heap.items[(pos - 1) / 2])) {
		heap_place(n, pos, n->heap.items[(pos - 1) / 2]);
		pos = (pos - 1) / 2;
	}
	heap_place(n, pos, o);
}

static void heap_down(struct net *n, size_t pos)
{
	struct net_object *o = n->heap.items[pos];
	for (;;) {
		size_t child = 2 * pos + 1;
		if (child >= n->heap.len)
			break;
		if (child + 1 < n->heap.len &&
			earlier(n->heap.items[child + 1], n->heap.items[child]))
			child++;
		if (!earlier(n->heap.items[child], o))
			break;
		heap_place(n, pos, n->heap.items[child]);
		pos = child;
	}
	heap_place(n, pos, o);
}

static void heap_remove(struct net *n, struct net_object *o)
{
	size_t pos = o->heap_pos;
	if (pos == NET_NOT_IN_HEAP)
		return;
	o->heap_pos = NET_NOT_IN_HEAP;
	struct net_object *moved = n->heap.items[--n->heap.len];
	if (moved == o)
		return;
	heap_place(n, pos, moved);
	heap_up(n, pos);
	heap_down(n, moved->heap_pos);
}

static void heap_set(struct net *n, struct net_object *o, uint64_t at_ns)
{
	heap_remove(n, o);
	o->at_ns = at_ns;
	o->seq = n->next_seq++;
	vec_push(&n->heap, o);
	heap_up(n, n->heap.len - 1);
}

/* Returns whether the net thread has to be woken, once the lock is released. */
static bool command_add(struct net *n, struct net_command *c)
{
	bool was_empty = !n->first;
	c->next = NULL;
	*n->last = c;
	n->last = &c->next;
	return was_empty;
}

/* --- requests: net thread ---------------------------------------------------------------- */

int net_req_error(
	const struct net_req *req, struct err *err, enum err_code code, const char *fmt, ...)
{
	static const char *const methods[] = { "GET", "POST", "PUT", "DELETE" };
	char text[600];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(err, code, "%s %.300s: %s", methods[req->r.method], req->r.url, text);
}

static void req_link(struct net *n, struct net_req *req)
{
	req->next = n->active;
	if (n->active)
		n->active->prev = req;
	n->active = req;
}

/* Nothing of it is in progress any more; the object itself stays. */
static void req_unlink(struct net *n, struct net_req *req)
{
	if (req->ended)
		return;
	req->ended = true;
	if (req->prev)
		req->prev->next = req->next;
	else
		n->active = req->next;
	if (req->next)
		req->next->prev = req->prev;
}

static void req_free(struct net_req *req)
{
	strbuf_release(&req->in);
	free(req);
}

/* Takes it off the wire or away from the handler. */
static void req_abort(struct net *n, struct net_req *req)
{
	if (req->ended)
		return;
	req_unlink(n, req);
	if (!n->handler)
		net_http_abort(n->http, req);
	else if (n->handler->cancelled)
		n->handler->cancelled(n->handler->arg, req->obj.id);
}

static void req_drop(struct net *n, struct net_req *req)
{
	pthread_mutex_lock(&n->lock);
	heap_remove(n, &req->obj);
	object_remove(n, &req->obj);
	pthread_cond_broadcast(&n->callback_ended);
	pthread_mutex_unlock(&n->lock);
	req_free(req);
}

void net_req_finish(struct net *n, struct net_req *req, int status, const struct err *err)
{
	req_unlink(n, req);
	pthread_mutex_lock(&n->lock);
	heap_remove(n, &req->obj);
	if (req->cancelled) {
		/* its cancel command is in the queue and will free it */
		pthread_mutex_unlock(&n->lock);
		return;
	}
	req->finishing = true;
	req->obj.running++;
	pthread_mutex_unlock(&n->lock);

	const struct net_response r = {
		.status = status,
		.body = strbuf_str(&req->in),
		.len = req->in.len,
		.latency_ns = clock_now(n->clock) - req->start_ns,
		.err = status ? NULL : err,
	};
	if (req->r.on_done)
		req->r.on_done(&r, req->r.arg);
	req_drop(n, req);
}

bool net_req_data(struct net *n, struct net_req *req, const char *data, size_t len)
{
	req->last_ns = clock_now(n->clock);
	pthread_mutex_lock(&n->lock);
	bool go = !req->cancelled;
	req->obj.running += go;
	pthread_mutex_unlock(&n->lock);
	if (!go)
		return false;
	if (len > 0)
		(req->r.on_line ? req->r.on_line : req->r.on_data)(data, len, req->r.arg);
	pthread_mutex_lock(&n->lock);
	req->obj.running--;
	pthread_cond_broadcast(&n->callback_ended);
	go = !req->cancelled;
	pthread_mutex_unlock(&n->lock);
	return go;
}

void net_req_opened(struct net *n, struct net_req *req)
{
	if (req->open)
		return;
	req->open = true;
	req->last_ns = clock_now(n->clock);
	pthread_mutex_lock(&n->lock);
	if (req->r.idle_ns)
		heap_set(n, &req->obj, req->last_ns + req->r.idle_ns);
	else
		heap_remove(n, &req->obj);
	pthread_mutex_unlock(&n->lock);
}

static void req_timeout(struct net *n, struct net_req *req, uint64_t now)
{
	struct err err = { 0 };
	if (req->open && req->last_ns + req->r.idle_ns > now) {
		/* lines only note their time, so the watchdog catches up here */
		pthread_mutex_lock(&n->lock);
		if (!req->cancelled)
			heap_set(n, &req->obj, req->last_ns + req->r.idle_ns);
		pthread_mutex_unlock(&n->lock);
		return;
	}
	if (req->open)
		net_req_error(req, &err, ERR_TIMEOUT, "silent for %llu ms",
			(unsigned long long)(req->r.idle_ns / NS_PER_MS));
	else
		net_req_error(req, &err, ERR_TIMEOUT, "no answer within %llu ms",
			(unsigned long long)(req->r.timeout_ns / NS_PER_MS));
	req_abort(n, req);
	net_req_finish(n, req, 0, &err);
}

static struct net_req *req_of_command(struct net_command *c)
{
	return (struct net_req *)((char *)c - offsetof(struct net_req, cmd));
}

static void run_send(struct net *n, struct net_command *c)
{
	struct net_req *req = req_of_command(c);
	pthread_mutex_lock(&n->lock);
	bool cancelled = req->cancelled, stopping = n->stopping;
	req->started = true;
	req->start_ns = clock_now(n->clock);
	if (!cancelled && !stopping && req->r.timeout_ns != CLOCK_NEVER)
		heap_set(n, &req->obj, req->start_ns + req->r.timeout_ns);
	pthread_mutex_unlock(&n->lock);
	if (cancelled) {
		req_drop(n, req);
		return;
	}
	req_link(n, req);
	if (stopping)
		return; /* ended with all others */
	if (!n->handler) {
		net_http_start(n->http, req);
		return;
	}
	uint64_t id = req->obj.id;
	n->handler->request(n->handler->arg, id, req->r.method, req->r.url, req->r.body,
		req->r.body_len, net_req_is_stream(req));
	pthread_mutex_lock(&n->lock);
	struct net_object *o = object_find(n, id, NET_OBJECT_REQUEST);
	pthread_mutex_unlock(&n->lock);
	if (o && net_req_is_stream(req))
		net_req_opened(n, req);
}

static void run_cancel(struct net *n, struct net_command *c)
{
	struct net_req *req = req_of_command(c);
	req_abort(n, req);
	req_drop(n, req);
}

/* --- requests: any thread ---------------------------------------------------------------- */

static size_t size_of(const char *s)
{
	return s ? strlen(s) + 1 : 0;
}

static char *append(char **at, const void *data, size_t size)
{
	*at += size;
	return data ? memcpy(*at - size, data, size) : NULL;
}

/* One allocation holds the request and its copies. */
static struct net_req *req_new(const struct net_request *r)
{
	size_t url = size_of(r->url), sock = size_of(r->unix_socket);
	size_t path = size_of(r->body_path), type = size_of(r->content_type);
	size_t bearer = size_of(r->bearer);
	struct net_req *req =
		xmalloc(sizeof(*req) + url + sock + path + type + bearer + r->body_len + 1);
	char *at = (char *)(req + 1);
	*req = (struct net_req){ .r = *r, .obj.kind = NET_OBJECT_REQUEST, .cmd.run = run_send };
	req->r.url = append(&at, r->url, url);
	req->r.unix_socket = append(&at, r->unix_socket, sock);
	req->r.body_path = append(&at, r->body_path, path);
	req->r.content_type = append(&at, r->content_type, type);
	req->r.bearer = append(&at, r->bearer, bearer);
	req->r.body = at;
	if (r->body_len)
		memcpy(at, r->body, r->body_len);
	at[r->body_len] = '\0';
	if (!req->r.timeout_ns)
		req->r.timeout_ns = CLOCK_NEVER;
	strbuf_init(&req->in, r->max_bytes ? r->max_bytes : NET_MAX_BYTES_DEFAULT);
	return req;
}

uint64_t net_send(struct net *n, const struct net_request *r)
{
	struct net_req *req = req_new(r);
	pthread_mutex_lock(&n->lock);
	object_add(n, &req->obj);
	uint64_t id = req->obj.id;
	bool ended = n->ended;
	bool wake = !ended && command_add(n, &req->cmd);
	pthread_mutex_unlock(&n->lock);
	if (ended) {
		struct err err = { 0 };
		net_req_error(req, &err, ERR_CANCELLED, "the net thread has ended");
		req->ended = true;
		req->start_ns = clock_now(n->clock);
		net_req_finish(n, req, 0, &err);
	} else if (wake) {
		wake_signal(&n->wake);
	}
	return id;
}

/* Under the lock: waits until no callback of the object runs on the net thread. */
static void wait_idle(struct net *n, uint64_t id, enum net_object_kind kind)
{
	const struct net_object *o;
	while (!on_net_thread(n) && (o = object_find(n, id, kind)) && o->running)
		pthread_cond_wait(&n->callback_ended, &n->lock);
}

void net_cancel(struct net *n, uint64_t id)
{
	bool wake = false;
	pthread_mutex_lock(&n->lock);
	struct net_object *o = object_find(n, id, NET_OBJECT_REQUEST);
	if (o) {
		struct net_req *req = (struct net_req *)o;
		if (!req->cancelled && !req->finishing) {
			req->cancelled = true;
			heap_remove(n, o);
			/* one that has not started is dropped when its turn comes */
			if (req->started) {
				req->cmd.run = run_cancel;
				wake = command_add(n, &req->cmd);
			}
		}
		wait_idle(n, id, NET_OBJECT_REQUEST);
	}
	pthread_mutex_unlock(&n->lock);
	if (wake)
		wake_signal(&n->wake);
}

struct call {
	struct wake wake;
	pthread_mutex_t lock; /* the two below */
	bool done;
	int status;
	struct strbuf *body;
	struct err *err;
};

static void call_done(const struct net_response *r, void *arg)
{
	struct call *c = arg;
	pthread_mutex_lock(&c->lock);
	c->done = true;
	c->status = r->status;
	if (!r->status && c->err)
		*c->err = *r->err;
	if (r->status && strbuf_add(c->body, r->body, r->len) != 0) {
		err_set(c->err, ERR_LIMIT, "an answer of %zu bytes is too large", r->len);
		c->status = 0;
	}
	pthread_mutex_unlock(&c->lock);
	wake_signal(&c->wake);
}

int net_call(struct net *n, const struct net_request *r, const struct cancel *cancel,
	int *ret_status, struct strbuf *ret_body, struct err *err)
{
	struct call c = { .body = ret_body, .err = err };
	struct net_request req = *r;
	req.on_line = NULL;
	req.on_data = NULL;
	req.on_done = call_done;
	req.arg = &c;
	wake_init(&c.wake);
	pthread_mutex_init(&c.lock, NULL);
	uint64_t id = net_send(n, &req);
	clock_wait(n->clock, &c.wake, cancel, CLOCK_NEVER);
	/* also waits until call_done() has let go of c */
	net_cancel(n, id);
	if (!c.done)
		err_set(err, ERR_CANCELLED, "%.300s: cancelled", r->url);
	wake_release(&c.wake);
	pthread_mutex_destroy(&c.lock);
	*ret_status = c.status;
	return c.status ? 0 : -1;
}

/* --- timers and posts ----------------------------------------------------------------------- */

uint64_t net_timer(struct net *n, uint64_t at_ns, void (*fn)(void *arg), void *arg)
{
	struct timer *t = xcalloc(1, sizeof(*t));
	*t = (struct timer){ .obj.kind = NET_OBJECT_TIMER, .fn = fn, .arg = arg };
	pthread_mutex_lock(&n->lock);
	object_add(n, &t->obj);
	heap_set(n, &t->obj, at_ns);
	uint64_t id = t->obj.id;
	bool wake = t->obj.heap_pos == 0;
	pthread_mutex_unlock(&n->lock);
	if (wake && !on_net_thread(n))
		wake_signal(&n->wake);
	return id;
}

void net_timer_cancel(struct net *n, uint64_t id)
{
	pthread_mutex_lock(&n->lock);
	struct net_object *o = object_find(n, id, NET_OBJECT_TIMER);
	if (o && !o->running) {
		heap_remove(n, o);
		object_remove(n, o);
		free(o);
	} else if (o) {
		wait_idle(n, id, NET_OBJECT_TIMER);
	}
	pthread_mutex_unlock(&n->lock);
}

struct post {
	struct net_command cmd; /* first */
	void (*fn)(void *arg);
	void *arg;
};

static void run_post(struct net *n, struct net_command *c)
{
	struct post *p = (struct post *)c;
	(void)n;
	p->fn(p->arg);
	free(p);
}

void net_post(struct net *n, void (*fn)(void *arg), void *arg)
{
	struct post *p = xmalloc(sizeof(*p));
	*p = (struct post){ .cmd.run = run_post, .fn = fn, .arg = arg };
	pthread_mutex_lock(&n->lock);
	bool ended = n->ended;
	bool wake = !ended && command_add(n, &p->cmd);
	pthread_mutex_unlock(&n->lock);
	if (ended)
		run_post(n, &p->cmd);
	else if (wake)
		wake_signal(&n->wake);
}

struct errand {
	void (*fn)(void *arg);
	void *arg;
	pthread_mutex_t lock; /* done */
	pthread_cond_t cond;
	bool done;
};

static void errand_run(void *arg)
{
	struct errand *e = arg;
	e->fn(e->arg);
	pthread_mutex_lock(&e->lock);
	e->done = true;
	pthread_cond_signal(&e->cond);
	pthread_mutex_unlock(&e->lock);
}

void net_run(struct net *n, void (*fn)(void *arg), void *arg)
{
	if (on_net_thread(n)) {
		fn(arg);
		return;
	}
	struct errand e = { .fn = fn, .arg = arg };
	pthread_mutex_init(&e.lock, NULL);
	pthread_cond_init(&e.cond, NULL);
	net_post(n, errand_run, &e);
	pthread_mutex_lock(&e.lock);
	while (!e.done)
		pthread_cond_wait(&e.cond, &e.lock);
	pthread_mutex_unlock(&e.lock);
	pthread_cond_destroy(&e.cond);
	pthread_mutex_destroy(&e.lock);
}

/* --- the thread ------------------------------------------------------------------------------- */

static void run_commands(struct net *n)
{
	pthread_mutex_lock(&n->lock);
	struct net_command *c = n->first;
	n->first = NULL;
	n->last = &n->first;
	pthread_mutex_unlock(&n->lock);
	while (c) {
		struct net_command *next = c->next;
		c->run(n, c);
		c = next;
	}
}

static void fire(struct net *n, struct timer *t)
{
	t->fn(t->arg);
	pthread_mutex_lock(&n->lock);
	object_remove(n, &t->obj);
	pthread_cond_broadcast(&n->callback_ended);
	pthread_mutex_unlock(&n->lock);
	free(t);
}

/* Fires what is due now, but not what is added meanwhile: that would starve the network. */
static void run_timers(struct net *n)
{
	uint64_t now = clock_now(n->clock);
	pthread_mutex_lock(&n->lock);
	uint64_t limit = n->next_seq;
	while (n->heap.len > 0) {
		struct net_object *o = n->heap.items[0];
		if (o->at_ns > now || o->seq >= limit)
			break;
		heap_remove(n, o);
		if (o->kind == NET_OBJECT_TIMER)
			o->running++;
		pthread_mutex_unlock(&n->lock);
		if (o->kind == NET_OBJECT_TIMER)
			fire(n, (struct timer *)o);
		else
			req_timeout(n, (struct net_req *)o, now);
		pthread_mutex_lock(&n->lock);
	}
	pthread_mutex_unlock(&n->lock);
}

static void wait_for_work(struct net *n)
{
	pthread_mutex_lock(&n->lock);
	uint64_t deadline = n->heap.len > 0 ? n->heap.items[0]->at_ns : CLOCK_NEVER;
	if (n->first)
		deadline = 0;
	pthread_mutex_unlock(&n->lock);
	if (n->handler) {
		clock_wait(n->clock, &n->wake, NULL, deadline);
		return;
	}
	uint64_t now = clock_now(n->clock);
	net_http_wait(n->http, deadline > now ? deadline - now : 0);
}

/* Ends all requests and runs what is queued, until nothing is left. */
static void wind_up(struct net *n)
{
	for (;;) {
		run_commands(n);
		struct net_req *req = n->active;
		if (req) {
			struct err err = { 0 };
			net_req_error(req, &err, ERR_CANCELLED, "the run is over");
			req_abort(n, req);
			net_req_finish(n, req, 0, &err);
			continue;
		}
		pthread_mutex_lock(&n->lock);
		n->ended = !n->first;
		bool ended = n->ended;
		pthread_mutex_unlock(&n->lock);
		if (ended)
			return;
	}
}

static void *net_main(void *arg)
{
	struct net *n = arg;
	bool stopping = false;
	while (!stopping) {
		run_commands(n);
		run_timers(n);
		wait_for_work(n);
		pthread_mutex_lock(&n->lock);
		stopping = n->stopping;
		pthread_mutex_unlock(&n->lock);
	}
	wind_up(n);
	clock_leave(n->clock);
	return NULL;
}

struct net *net_start(struct clock *clock, const struct net_handler *handler, struct err *err)
{
	struct net *n = xcalloc(1, sizeof(*n));
	n->clock = clock;
	n->last = &n->first;
	n->free_slot = NO_SLOT;
	wake_init(&n->wake);
	pthread_mutex_init(&n->lock, NULL);
	pthread_cond_init(&n->callback_ended, NULL);
	if (handler) {
		n->handler_copy = *handler;
		n->handler = &n->handler_copy;
	} else {
		n->http = net_http_new(n, &n->wake, err);
	}
	clock_join(clock);
	/* the thread's first act takes the lock, so it sees its own id in n->thread */
	pthread_mutex_lock(&n->lock);
	int rc = n->handler || n->http ? pthread_create(&n->thread, NULL, net_main, n) : -1;
	pthread_mutex_unlock(&n->lock);
	if (rc == 0)
		return n;
	if (rc > 0)
		err_set(err, ERR_ENV, "cannot start the net thread: %s", strerror(rc));
	clock_leave(clock);
	n->stopped = true;
	net_free(n);
	return NULL;
}

void net_stop(struct net *n)
{
	if (!n || n->stopped)
		return;
	n->stopped = true;
	pthread_mutex_lock(&n->lock);
	n->stopping = true;
	pthread_mutex_unlock(&n->lock);
	wake_signal(&n->wake);
	pthread_join(n->thread, NULL);
}

void net_free(struct net *n)
{
	if (!n)
		return;
	net_stop(n);
	for (size_t i = 0; i < n->slots.len; i++)
		free(n->slots.items[i].obj); /* timers that did not fire */
	net_http_free(n->http);
	vec_free(&n->slots);
	vec_free(&n->heap);
	wake_release(&n->wake);
	pthread_cond_destroy(&n->callback_ended);
	pthread_mutex_destroy(&n->lock);
	free(n);
}

/* --- answers of a handler: net thread --------------------------------------------------------- */

static struct net_req *answerable(struct net *n, uint64_t id)
{
	pthread_mutex_lock(&n->lock);
	struct net_object *o = object_find(n, id, NET_OBJECT_REQUEST);
	pthread_mutex_unlock(&n->lock);
	struct net_req *req = (struct net_req *)o;
	return req && !req->ended ? req : NULL;
}

void net_reply(struct net *n, uint64_t id, int status, const char *body, size_t len)
{
	struct net_req *req = answerable(n, id);
	if (!req)
		return;
	strbuf_clear(&req->in);
	if (strbuf_add(&req->in, body, len) != 0) {
		struct err err = { 0 };
		net_req_error(
			req, &err, ERR_LIMIT, "an answer of more than %zu bytes", req->in.max);
		net_req_finish(n, req, 0, &err);
		return;
	}
	net_req_finish(n, req, status, NULL);
}

void net_fail(struct net *n, uint64_t id, enum err_code code, const char *text)
{
	struct net_req *req = answerable(n, id);
	if (!req)
		return;
	struct err err = { 0 };
	net_req_error(req, &err, code, "%s", text);
	net_req_finish(n, req, 0, &err);
}

void net_stream_line(struct net *n, uint64_t id, const char *line, size_t len)
{
	struct net_req *req = answerable(n, id);
	if (!req || !net_req_is_stream(req))
		return;
	if (len <= req->in.max) {
		net_req_data(n, req, line, len);
		return;
	}
	struct err err = { 0 };
	net_req_error(req, &err, ERR_LIMIT, "a line of more than %zu bytes", req->in.max);
	net_req_finish(n, req, 0, &err);
}
