/* See otlp.h. */
#include "node/otlp.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/dns.h>
#include <event2/http.h>

#include "util/log.h"
#include "util/mem.h"
#include "util/units.h"

#define ANSWER_S    10 /* as the specification's default */
#define MAX_ANSWER  65536
#define MAX_HEADERS 16384
#define MAX_URL     2048
#define MAX_NAME    255

struct otlp {
	struct event_base *base;
	struct otlp_config cfg;
	char *instance;
	otlp_figures_fn *figures;
	void *arg;
	struct event *timer;
	struct evdns_base *dns; /* NULL when the host is an address */
	struct evhttp_connection *conn;
	bool asking;        /* a push has no answer yet */
	bool failed;        /* the last one did, and that has been said */
	const char *reason; /* of a push without an answer */
};

/* --- configuration --------------------------------------------------------------------- */

static int refuse(const char *variable, const char *value, struct err *err, const char *why)
{
	return err_set(err, ERR_USAGE, "%s %.200s: %s", variable, value, why);
}

static int parse_url(const char *variable, const char *text, const char *suffix,
	struct otlp_config *c, struct err *err)
{
	CLEANUP_FREE char *url = xstrdup(text);
	struct evhttp_uri *u = NULL;
	int r = -1;

	if (strlen(url) > MAX_URL)
		return err_set(err, ERR_USAGE, "%s is longer than %d bytes", variable, MAX_URL);
	if (*suffix) {
		size_t len = strlen(url);
		while (len && url[len - 1] == '/')
			url[--len] = '\0';
	}
	CLEANUP_FREE char *full = xasprintf("%s%s", url, suffix);
	if (strncasecmp(full, "https:", 6) == 0)
		return refuse(variable, text, err,
			"ltb-node cannot push over https; name an http:// address, such as that of "
			"a collector on this machine");
	u = evhttp_uri_parse(full);
	const char *scheme = u ? evhttp_uri_get_scheme(u) : NULL;
	const char *host = u ? evhttp_uri_get_host(u) : NULL;
	const int port = u ? evhttp_uri_get_port(u) : -1;
	if (!scheme || strcasecmp(scheme, "http") != 0 || !host || !*host || port == 0) {
		refuse(variable, text, err, "expected http://HOST[:PORT][/PATH]");
	} else if (evhttp_uri_get_userinfo(u)) {
		refuse(variable, text, err, "a user name in the address is not supported");
	} else {
		const char *path = evhttp_uri_get_path(u), *query = evhttp_uri_get_query(u);
		size_t len = strlen(host);
		bool bracketed = host[0] == '[' && len > 2;
		c->host = bracketed ? xstrndup(host + 1, len - 2) : xstrdup(host);
		c->port = (uint16_t)(port < 0 ? 80 : port);
		c->path = xasprintf(
			"%s%s%s", path && *path ? path : "/", query ? "?" : "", query ? query : "");
		c->url = TAKE_PTR(full);
		r = 0;
	}
	if (u)
		evhttp_uri_free(u);
	return r;
}

static const char *get_set(const char *(*get)(const char *name), const char *name)
{
	const char *v = get(name);

	return v && *v ? v : NULL; /* empty is as good as unset, says the specification */
}

int otlp_config_read(const char *(*get)(const char *name), struct otlp_config *ret, struct err *err)
{
	const char *own = get_set(get, "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT");
	const char *all = get_set(get, "OTEL_EXPORTER_OTLP_ENDPOINT");
	const char *service = get_set(get, "OTEL_SERVICE_NAME");
	const char *interval = get_set(get, "OTEL_METRIC_EXPORT_INTERVAL");
	uint64_t ms;

	*ret = (struct otlp_config){ .interval_ms = OTLP_DEFAULT_INTERVAL_MS };
	if (!own && !all)
		return 0;
	if (own ? parse_url("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", own, "", ret, err)
		: parse_url("OTEL_EXPORTER_OTLP_ENDPOINT", all, "/v1/metrics", ret, err))
		return -1;
	ret->service = xstrndup(service ? service : "ltb-node", MAX_NAME);
	if (!interval)
		return 0;
	if (units_parse_u64(interval, &ms, NULL) || ms == 0 || ms > OTLP_MAX_INTERVAL_MS)
		return refuse("OTEL_METRIC_EXPORT_INTERVAL", interval, err,
			"expected milliseconds, 1 to 86400000; taking 60000");
	ret->interval_ms = ms;
	return 0;
}

void otlp_config_release(struct otlp_config *c)
{
	free(c->url);
	free(c->host);
	free(c->path);
	free(c->service);
	*c = (struct otlp_config){ 0 };
}

/* --- pushing ------------------------------------------------------------------------------ */

static void failed(struct otlp *o, const char *why)
{
	if (!o->failed)
		log_warn("cannot push metrics to %s: %s; trying on quietly", o->cfg.url, why);
	o->failed = true;
}

static void on_answer(struct evhttp_request *rq, void *arg)
{
	struct otlp *o = arg;
	int status = rq ? evhttp_request_get_response_code(rq) : 0;
	char why[64];

	o->asking = false;
	if (status / 100 == 2) {
		if (o->failed)
			log_info("pushing metrics to %s again", o->cfg.url);
		o->failed = false;
	} else if (status) {
		snprintf(why, sizeof(why), "HTTP status %d", status);
		failed(o, why);
	} else {
		failed(o, o->reason ? o->reason : "no connection");
	}
}

/* Runs before on_answer(), which then has no request. */
static void on_error(enum evhttp_request_error e, void *arg)
{
	struct otlp *o = arg;

	switch (e) {
	case EVREQ_HTTP_TIMEOUT:
		o->reason = "no answer in time";
		break;
	case EVREQ_HTTP_EOF:
		o->reason = "the connection was closed";
		break;
	case EVREQ_HTTP_INVALID_HEADER:
		o->reason = "the answer is not HTTP";
		break;
	case EVREQ_HTTP_DATA_TOO_LONG:
		o->reason = "the answer is too long";
		break;
	case EVREQ_HTTP_BUFFER_ERROR:
	case EVREQ_HTTP_REQUEST_CANCEL:
		break;
	}
}

static void add_header(struct evhttp_request *rq, const char *name, const char *value)
{
	evhttp_add_header(evhttp_request_get_output_headers(rq), name, value);
}

static void push(struct otlp *o)
{
	CLEANUP_STRBUF struct strbuf body = { 0 };
	const struct metrics_source src = { o->cfg.service, o->instance };
	struct evhttp_request *rq = evhttp_request_new(on_answer, o);
	struct node_metrics m = { 0 };
	char host[300];

	if (!rq)
		abort(); /* only for want of memory */
	o->figures(o->arg, &m);
	metrics_to_otlp(&m, &src, &body);
	bool v6 = strchr(o->cfg.host, ':') != NULL;
	snprintf(host, sizeof(host), "%s%.255s%s:%u", v6 ? "[" : "", o->cfg.host, v6 ? "]" : "",
		o->cfg.port);
	add_header(rq, "Host", host);
	add_header(rq, "Content-Type", "application/json");
	add_header(rq, "User-Agent", "ltb-node");
	evbuffer_add(evhttp_request_get_output_buffer(rq), body.buf, body.len);
	evhttp_request_set_error_cb(rq, on_error);
	o->reason = NULL;
	o->asking = true;
	/* On failure the request is gone and may or may not have been answered. */
	if (evhttp_make_request(o->conn, rq, EVHTTP_REQ_POST, o->cfg.path) && o->asking) {
		o->asking = false;
		failed(o, "no connection");
	}
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct otlp *o = arg;

	(void)fd;
	(void)what;
	if (!o->asking)
		push(o);
}

static bool is_address(const char *host)
{
	struct in6_addr a;

	return inet_pton(AF_INET, host, &a) == 1 || inet_pton(AF_INET6, host, &a) == 1;
}

/* Without a resolver of its own the library would look names up where it stands. */
static struct evdns_base *resolver(struct event_base *base)
{
	struct evdns_base *dns = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);

	if (!dns)
		abort(); /* only for want of memory */
	/* It takes what it can of both files, and asks this machine when that is nothing. */
	(void)evdns_base_resolv_conf_parse(dns, DNS_OPTIONS_ALL, "/etc/resolv.conf");
	return dns;
}

struct otlp *otlp_new(struct event_base *base, const struct otlp_config *cfg, const char *instance,
	otlp_figures_fn *figures, void *arg)
{
	if (!cfg->url)
		return NULL;
	struct otlp *o = xcalloc(1, sizeof(*o));
	const struct timeval every = { (time_t)(cfg->interval_ms / 1000),
		(suseconds_t)(cfg->interval_ms % 1000 * 1000) };

	o->base = base;
	o->cfg = (struct otlp_config){ .url = xstrdup(cfg->url),
		.host = xstrdup(cfg->host),
		.port = cfg->port,
		.path = xstrdup(cfg->path),
		.service = xstrdup(cfg->service),
		.interval_ms = cfg->interval_ms };
	o->instance = xstrdup(instance);
	o->figures = figures;
	o->arg = arg;
	if (!is_address(cfg->host))
		o->dns = resolver(base);
	o->conn = evhttp_connection_base_new(base, o->dns, o->cfg.host, o->cfg.port);
	o->timer = event_new(base, -1, EV_PERSIST, on_timer, o);
	if (!o->conn || !o->timer)
		abort(); /* only for want of memory */
	evhttp_connection_set_timeout(o->conn, ANSWER_S);
	evhttp_connection_set_max_body_size(o->conn, MAX_ANSWER);
	evhttp_connection_set_max_headers_size(o->conn, MAX_HEADERS);
	event_add(o->timer, &every);
	log_info("pushes metrics to %s every %" PRIu64 " ms", o->cfg.url, o->cfg.interval_ms);
	return o;
}

void otlp_free(struct otlp *o)
{
	if (!o)
		return;
	event_free(o->timer);
	o->failed = true; /* what is cut off now is nobody's fault */
	evhttp_connection_free(o->conn);
	if (o->dns) {
		/* A look-up that is cut off lets go of its connection from the loop only. */
		evdns_base_free(o->dns, 1);
		event_base_loop(o->base, EVLOOP_NONBLOCK);
	}
	otlp_config_release(&o->cfg);
	free(o->instance);
	free(o);
}
