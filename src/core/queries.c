/* See queries.h. */
#include "core/queries.h"

#include <stdatomic.h>
#include <string.h>

#include "core/check.h"
#include "core/prometheus.h"
#include "util/mem.h"

struct query {
	struct queries *all;
	const char *text; /* borrowed from the scenario */
	char *url;
	uint64_t request; /* under way, or 0 */
};

struct queries {
	struct queries_options opt;
	const char *why_not; /* nothing is asked, for this reason; NULL: it is */
	char *base;          /* URL that is asked; NULL when none is */
	struct query *items; /* no two with the same text */
	size_t n;
	atomic_uint open; /* last questions without an answer */

	/* Net thread. */
	uint64_t timer;
	bool last;
};

static bool is_new(const struct queries *q, const char *text)
{
	for (size_t i = 0; i < q->n; i++) {
		if (strcmp(q->items[i].text, text) == 0)
			return false;
	}
	return true;
}

struct queries *queries_new(const struct queries_options *opt)
{
	struct queries *q = xcalloc(1, sizeof(*q));
	const struct scenario *s = opt->scenario;
	const char *base = s->observability.query_url;

	q->opt = *opt;
	if (opt->is_virtual)
		q->why_not = "not asked, as the time of this backend is not that of a Prometheus";
	else if (!base || !*base)
		q->why_not = "no Prometheus to ask; set observability.query_url or "
			     "LOGOS_BLOCKCHAIN_METRICS_QUERY_URL";
	else
		q->base = xstrdup(base);
	q->items = xcalloc(MAX(s->n_checks, 1u), sizeof(*q->items));
	for (size_t i = 0; i < s->n_checks; i++) {
		const char *text = s->checks[i].ops->query(s->checks[i].config);
		if (!text || !is_new(q, text))
			continue;
		struct query *item = &q->items[q->n++];
		item->all = q;
		item->text = text;
		item->url = q->base ? prom_query_url(q->base, text) : NULL;
	}
	return q;
}

/* --- events ---------------------------------------------------------------------------- */

static struct event *metric_event(const struct query *item)
{
	struct hub *hub = item->all->opt.hub;
	struct event *ev = event_new(EVENT_METRIC, hub_now(hub), -1);

	ev->u.metric.query = xstrdup(item->text);
	return ev;
}

static void tell_error(const struct query *item, const char *text)
{
	struct event *ev = metric_event(item);

	ev->u.metric.error = xstrdup(text);
	hub_emit(item->all->opt.hub, ev);
}

static void tell_answer(const struct query *item, const struct prom_answer *a)
{
	struct event *ev = metric_event(item);

	ev->u.metric.ok = true;
	ev->u.metric.series = a->series;
	ev->u.metric.min = a->min;
	ev->u.metric.max = a->max;
	ev->u.metric.min_series = a->min_series[0] ? xstrdup(a->min_series) : NULL;
	ev->u.metric.max_series = a->max_series[0] ? xstrdup(a->max_series) : NULL;
	hub_emit(item->all->opt.hub, ev);
}

/* --- net thread -------------------------------------------------------------------------- */

/* With the whole query in front, there would be no room for the cause. */
static void tell_failure(const struct query *item, const char *text)
{
	CLEANUP_FREE char *prefix = xasprintf("GET %.300s: ", item->url);
	size_t len = strlen(prefix);

	const char *cause = strncmp(text, prefix, len) == 0 ? text + len : text;
	CLEANUP_FREE char *told = xasprintf("%.80s: %s", item->all->base, cause);
	tell_error(item, told);
}

static void on_answer(const struct net_response *r, void *arg)
{
	struct query *item = arg;
	struct queries *q = item->all;
	struct prom_answer a;
	struct err err = { 0 };

	item->request = 0;
	if (!r->status)
		tell_failure(item, r->err->text);
	else if (prom_parse_answer(r->status, r->body, r->len, &a, &err))
		tell_error(item, err.text);
	else
		tell_answer(item, &a);
	if (q->last && atomic_fetch_sub(&q->open, 1) == 1)
		wake_signal(q->opt.wake);
}

static void ask(struct query *item)
{
	const struct net_request req = { .method = NET_GET,
		.url = item->url,
		.timeout_ns = QUERIES_ANSWER_NS,
		.max_bytes = PROM_ANSWER_MAX,
		.on_done = on_answer,
		.arg = item };

	item->request = net_send(item->all->opt.net, &req);
}

static void on_timer(void *arg)
{
	struct queries *q = arg;

	for (size_t i = 0; i < q->n; i++) {
		if (!q->items[i].request)
			ask(&q->items[i]);
	}
	q->timer = net_timer(q->opt.net, clock_now(q->opt.clock) + QUERIES_EVERY_NS, on_timer, q);
}

static void stop_asking(struct queries *q)
{
	if (q->timer)
		net_timer_cancel(q->opt.net, q->timer);
	q->timer = 0;
	for (size_t i = 0; i < q->n; i++) {
		if (q->items[i].request)
			net_cancel(q->opt.net, q->items[i].request);
		q->items[i].request = 0;
	}
}

static void do_ask_last(void *arg)
{
	struct queries *q = arg;

	stop_asking(q);
	q->last = true;
	for (size_t i = 0; i < q->n; i++)
		ask(&q->items[i]);
}

static void do_stop(void *arg)
{
	stop_asking(arg);
}

/* --- any other --------------------------------------------------------------------------- */

void queries_start(struct queries *q)
{
	if (q->why_not) {
		for (size_t i = 0; i < q->n; i++)
			tell_error(&q->items[i], q->why_not);
	} else if (q->n > 0) {
		net_run(q->opt.net, on_timer, q);
	}
}

void queries_ask_last(struct queries *q)
{
	if (q->why_not || q->n == 0)
		return;
	atomic_store(&q->open, (unsigned)q->n);
	net_run(q->opt.net, do_ask_last, q);
}

bool queries_are_done(struct queries *q)
{
	return atomic_load(&q->open) == 0;
}

void queries_free(struct queries *q)
{
	if (!q)
		return;
	if (q->opt.net && !q->why_not && q->n > 0)
		net_run(q->opt.net, do_stop, q);
	for (size_t i = 0; i < q->n; i++)
		free(q->items[i].url);
	free(q->items);
	free(q->base);
	free(q);
}
