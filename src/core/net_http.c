/*
 * The network side of the net thread: curl's multi handle driven by epoll, so
 * that the cost of a wake-up does not grow with the number of open streams.
 * Deadlines are net.c's; curl only keeps its own (connection attempts).
 */
#include "core/net_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <curl/curl.h>

#include "util/map.h"
#include "util/mem.h"

#define CONNECTIONS_MAX   4096L /* kept open for reuse */
#define REQUESTS_PER_LANE 32u
#define HEADERS_MAX       ((size_t)64 * 1024)
#define SPARE_HANDLES_MAX 1024
#define EVENTS_AT_ONCE    128
#define CROWDED_RETRY_NS  (20 * NS_PER_MS)
#define UPLOAD_BUFFER     (512L * 1024) /* of a file's bytes on their way */

/*
 * Requests to one host: at most so many at a time, so that load opens few
 * connections; the rest wait here and not in curl, which goes through all that
 * wait whenever one ends. Questions (GET) have a lane of their own and do not
 * stand behind load; streams wait for nobody.
 */
struct net_http_lane {
	struct net_http_host *host;
	unsigned active;
	struct net_req *first, *last; /* waiting */
};

struct net_http_host {
	char *key; /* scheme, name and port, or the socket's path */
	struct net_http_lane questions, load;
};

struct net_http_easy {
	CURL *easy;
	struct net_http *http;
	struct net_req *req;
	size_t header_bytes;
	bool too_large, headers_too_large;
	struct curl_slist *headers; /* of this request only; NULL: the common ones */
	int file_fd;                /* the body; -1: none */
	curl_off_t file_left;
	char text[CURL_ERROR_SIZE];
	int connect_errno;          /* of a unix socket that refused */
	bool crowded;               /* waits to connect again */
	struct net_http_easy *next; /* spare, or waiting to connect */
};

struct net_http {
	struct net *net;
	struct wake *wake;
	CURLM *multi;
	int epoll_fd;
	uint64_t curl_deadline_ns; /* when curl wants to be called; CLOCK_NEVER */
	struct clock *clock;       /* real: curl lives in real time only */
	struct curl_slist *json_headers;
	struct map *hosts; /* those with requests; key -> struct net_http_host */
	struct net_http_easy *spare;
	size_t n_spare;
	struct net_http_easy *crowded; /* those whom a unix socket had no place for */
	uint64_t retry_at_ns;          /* when there are any */
};

/* --- what curl calls --------------------------------------------------------------- */

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
	struct net_http *h = arg;
	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		epoll_ctl(h->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
		curl_multi_assign(h->multi, fd, NULL);
		return 0;
	}
	struct epoll_event ev = { .data.fd = fd };
	if (what & CURL_POLL_IN)
		ev.events |= EPOLLIN;
	if (what & CURL_POLL_OUT)
		ev.events |= EPOLLOUT;
	if (!known || epoll_ctl(h->epoll_fd, EPOLL_CTL_MOD, fd, &ev) != 0)
		epoll_ctl(h->epoll_fd, EPOLL_CTL_ADD, fd, &ev);
	curl_multi_assign(h->multi, fd, h);
	return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct net_http *h = arg;
	(void)multi;
	h->curl_deadline_ns = CLOCK_NEVER;
	if (timeout_ms >= 0)
		h->curl_deadline_ns = clock_now(h->clock) + (uint64_t)timeout_ms * NS_PER_MS;
	return 0;
}

static long response_code(const struct net_http_easy *e)
{
	long code = 0;
	curl_easy_getinfo(e->easy, CURLINFO_RESPONSE_CODE, &code);
	return code;
}

static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
	struct net_http_easy *e = arg;
	size_t len = size * n;
	e->header_bytes += len;
	if (e->header_bytes > HEADERS_MAX) {
		e->headers_too_large = true;
		return 0;
	}
	bool blank = len <= 2 && (len == 0 || data[0] == '\r' || data[0] == '\n');
	if (blank && net_req_is_stream(e->req) && response_code(e) >= 200)
		net_req_opened(e->http->net, e->req);
	return len;
}

static bool keep(struct net_http_easy *e, const char *data, size_t len)
{
	if (strbuf_add(&e->req->in, data, len) == 0)
		return true;
	e->too_large = true;
	return false;
}

/* Cuts the stream into lines; a chunk need not be one. false: stop the transfer. */
static bool take_lines(struct net_http_easy *e, const char *data, size_t len)
{
	struct net_req *req = e->req;
	while (len > 0) {
		const char *nl = memchr(data, '\n', len);
		if (!nl)
			return keep(e, data, len);
		size_t part = (size_t)(nl - data);
		bool more;
		if (req->in.len == 0 && part <= req->in.max) {
			more = net_req_line(e->http->net, req, data, part);
		} else {
			if (!keep(e, data, part))
				return false;
			more = net_req_line(e->http->net, req, req->in.buf, req->in.len);
			strbuf_clear(&req->in);
		}
		if (!more)
			return false;
		data = nl + 1;
		len -= part + 1;
	}
	return true;
}

static size_t on_data(char *data, size_t size, size_t n, void *arg)
{
	struct net_http_easy *e = arg;
	size_t len = size * n;
	long code = net_req_is_stream(e->req) ? response_code(e) : 0;
	bool ok;
	if (code / 100 != 2)
		ok = keep(e, data, len);
	else if (e->req->r.on_line)
		ok = take_lines(e, data, len);
	else
		ok = net_req_data(e->http->net, e->req, data, len);
	return ok ? len : 0;
}

/* The next bytes of the file that is the body. One that has become shorter is given up. */
static size_t on_read(char *buf, size_t size, size_t n, void *arg)
{
	struct net_http_easy *e = arg;
	size_t want = size * n;
	if ((curl_off_t)want > e->file_left)
		want = (size_t)e->file_left;
	ssize_t got = want > 0 ? read(e->file_fd, buf, want) : 0;
	if (got < 0 || (got == 0 && want > 0))
		return CURL_READFUNC_ABORT;
	e->file_left -= got;
	return (size_t)got;
}

/* From the start again: the connection it was being sent on was a dead one. */
static int on_seek(void *arg, curl_off_t offset, int origin)
{
	struct net_http_easy *e = arg;
	off_t size = lseek(e->file_fd, 0, SEEK_CUR) + e->file_left;
	if (origin != SEEK_SET || lseek(e->file_fd, offset, SEEK_SET) < 0)
		return CURL_SEEKFUNC_FAIL;
	e->file_left = size - offset;
	return CURL_SEEKFUNC_OK;
}

/* --- handles -------------------------------------------------------------------------- */

static struct net_http_easy *easy_new(struct net_http *h)
{
	struct net_http_easy *e = xcalloc(1, sizeof(*e));
	e->http = h;
	e->file_fd = -1;
	e->easy = curl_easy_init();
	if (!e->easy)
		abort(); /* out of memory */
	curl_easy_setopt(e->easy, CURLOPT_PRIVATE, e);
	curl_easy_setopt(e->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e->easy, CURLOPT_TCP_NODELAY, 1L);
	curl_easy_setopt(e->easy, CURLOPT_PROXY, "");
	curl_easy_setopt(e->easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(e->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e->easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(e->easy, CURLOPT_USERAGENT, "ltb");
	curl_easy_setopt(e->easy, CURLOPT_ERRORBUFFER, e->text);
	curl_easy_setopt(e->easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(e->easy, CURLOPT_HEADERDATA, e);
	curl_easy_setopt(e->easy, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(e->easy, CURLOPT_WRITEDATA, e);
	curl_easy_setopt(e->easy, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(e->easy, CURLOPT_READDATA, e);
	curl_easy_setopt(e->easy, CURLOPT_SEEKFUNCTION, on_seek);
	curl_easy_setopt(e->easy, CURLOPT_SEEKDATA, e);
	curl_easy_setopt(e->easy, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER);
	return e;
}

static struct net_http_easy *easy_take(struct net_http *h)
{
	struct net_http_easy *e = h->spare;
	if (!e)
		return easy_new(h);
	h->spare = e->next;
	h->n_spare--;
	e->header_bytes = 0;
	e->connect_errno = 0;
	e->too_large = e->headers_too_large = false;
	e->text[0] = '\0';
	return e;
}

static void easy_put(struct net_http *h, struct net_http_easy *e)
{
	e->req = NULL;
	if (e->file_fd >= 0)
		close(e->file_fd);
	e->file_fd = -1;
	if (e->headers) {
		curl_easy_setopt(e->easy, CURLOPT_HTTPHEADER, NULL);
		curl_slist_free_all(e->headers);
		e->headers = NULL;
	}
	if (h->n_spare >= SPARE_HANDLES_MAX) {
		curl_easy_cleanup(e->easy);
		free(e);
		return;
	}
	e->next = h->spare;
	h->spare = e;
	h->n_spare++;
}

/* --- requests --------------------------------------------------------------------------- */

static struct curl_slist *headers_new(const char *content_type)
{
	CLEANUP_FREE char *type = xasprintf("Content-Type: %s", content_type);
	struct curl_slist *headers = curl_slist_append(NULL, type);
	headers = curl_slist_append(headers, "Expect:"); /* nobody is asked whether to send */
	if (!headers)
		abort(); /* out of memory */
	return headers;
}

static void set_body(struct net_http_easy *e, const struct net_request *r)
{
	curl_off_t size = e->file_fd >= 0 ? e->file_left : (curl_off_t)r->body_len;
	if (r->content_type)
		e->headers = headers_new(r->content_type);
	curl_easy_setopt(
		e->easy, CURLOPT_HTTPHEADER, e->headers ? e->headers : e->http->json_headers);
	curl_easy_setopt(e->easy, CURLOPT_POST, 1L);
	curl_easy_setopt(e->easy, CURLOPT_POSTFIELDSIZE_LARGE, size);
	curl_easy_setopt(e->easy, CURLOPT_POSTFIELDS, e->file_fd >= 0 ? NULL : r->body);
}

static void set_method(struct net_http_easy *e, const struct net_request *r)
{
	static const char *const custom[] = { [NET_PUT] = "PUT", [NET_DELETE] = "DELETE" };
	bool with_body =
		r->method == NET_POST || r->method == NET_PUT || r->body_len > 0 || r->body_path;

	if (with_body) {
		set_body(e, r);
	} else {
		curl_easy_setopt(e->easy, CURLOPT_HTTPHEADER, NULL);
		curl_easy_setopt(e->easy, CURLOPT_HTTPGET, 1L);
	}
	const char *name = r->method >= NET_PUT ? custom[r->method] : NULL;
	if (r->method == NET_GET && with_body)
		name = "GET";
	curl_easy_setopt(e->easy, CURLOPT_CUSTOMREQUEST, name);
}

static int open_file(struct net_http_easy *e, const char *path, struct err *err)
{
	struct stat st;
	e->file_fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (e->file_fd < 0 || fstat(e->file_fd, &st) != 0) {
		struct err why = { 0 };
		err_errno(&why, ERR_IO, "cannot open %s", path);
		return net_req_error(e->req, err, why.code, "%s", why.text);
	}
	if (!S_ISREG(st.st_mode))
		return net_req_error(e->req, err, ERR_IO, "%s is no regular file", path);
	e->file_left = st.st_size;
	return 0;
}

static int hand_over(struct net_http *h, struct net_http_easy *e, struct err *err)
{
	const struct net_request *r = &e->req->r;
	if (r->body_path && open_file(e, r->body_path, err) != 0)
		return -1;
	curl_easy_setopt(e->easy, CURLOPT_URL, r->url);
	curl_easy_setopt(e->easy, CURLOPT_UNIX_SOCKET_PATH, r->unix_socket);
	curl_easy_setopt(e->easy, CURLOPT_XOAUTH2_BEARER, r->bearer);
	curl_easy_setopt(e->easy, CURLOPT_HTTPAUTH, r->bearer ? CURLAUTH_BEARER : CURLAUTH_BASIC);
	set_method(e, r);
	CURLMcode rc = curl_multi_add_handle(h->multi, e->easy);
	if (rc != CURLM_OK)
		return net_req_error(e->req, err, ERR_INTERNAL, "%s", curl_multi_strerror(rc));
	return 0;
}

/* Hands the request to curl. */
static void launch(struct net_http *h, struct net_req *req)
{
	struct err err = { 0 };
	req->easy = easy_take(h);
	req->easy->req = req;
	req->start_ns = clock_now(h->clock);
	if (hand_over(h, req->easy, &err) == 0)
		return;
	net_http_abort(h, req);
	net_req_finish(h->net, req, 0, &err);
}

static struct net_http_lane *lane_of(struct net_http *h, const struct net_request *r)
{
	const char *key = r->unix_socket, *name = strstr(r->url, "://");
	size_t len = key ? strlen(key) : 0;
	if (!key) {
		key = r->url;
		name = name ? name + 3 : r->url;
		len = (size_t)(name - r->url) + strcspn(name, "/?#");
	}
	struct net_http_host *host = map_get(h->hosts, key, len);
	if (!host) {
		host = xcalloc(1, sizeof(*host));
		host->key = xstrndup(key, len);
		host->questions.host = host->load.host = host;
		map_put(h->hosts, key, len, host);
	}
	return r->method == NET_GET ? &host->questions : &host->load;
}

static void lane_remove(struct net_http_lane *lane, struct net_req *req)
{
	if (req->lane_prev)
		req->lane_prev->lane_next = req->lane_next;
	else
		lane->first = req->lane_next;
	if (req->lane_next)
		req->lane_next->lane_prev = req->lane_prev;
	else
		lane->last = req->lane_prev;
	req->lane_prev = req->lane_next = NULL;
}

static void host_put(struct net_http *h, struct net_http_host *host)
{
	if (host->questions.active || host->load.active)
		return;
	map_take(h->hosts, host->key, strlen(host->key));
	free(host->key);
	free(host);
}

void net_http_start(struct net_http *h, struct net_req *req)
{
	if (net_req_is_stream(req)) {
		launch(h, req);
		return;
	}
	struct net_http_lane *lane = lane_of(h, &req->r);
	req->lane = lane;
	if (lane->active < REQUESTS_PER_LANE) {
		lane->active++;
		launch(h, req);
		return;
	}
	req->lane_prev = lane->last;
	if (lane->last)
		lane->last->lane_next = req;
	else
		lane->first = req;
	lane->last = req;
}

/* What a connection to a unix socket comes to: curl does not tell. */
static int try_connect(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	size_t len = strlen(path);
	if (len >= sizeof(un.sun_path))
		return ENAMETOOLONG;
	memcpy(un.sun_path, path, len);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return errno;
	int error = connect(fd, (const struct sockaddr *)&un, sizeof(un)) == 0 ? 0 : errno;
	close(fd);
	return error;
}

/*
 * A unix socket whose queue is full refuses to connect at once, where TCP would
 * wait. So the handle waits here, with its place in the lane, and tries again.
 */
static bool is_crowded(struct net_http_easy *e, CURLcode rc)
{
	if (rc != CURLE_COULDNT_CONNECT || !e->req->r.unix_socket)
		return false;
	e->connect_errno = try_connect(e->req->r.unix_socket);
	return e->connect_errno == EAGAIN || e->connect_errno == 0;
}

static void crowded_add(struct net_http *h, struct net_http_easy *e)
{
	curl_multi_remove_handle(h->multi, e->easy);
	if (!h->crowded)
		h->retry_at_ns = clock_now(h->clock) + CROWDED_RETRY_NS;
	e->crowded = true;
	e->next = h->crowded;
	h->crowded = e;
}

static void crowded_remove(struct net_http *h, struct net_http_easy *e)
{
	struct net_http_easy **at = &h->crowded;
	while (*at && *at != e)
		at = &(*at)->next;
	if (*at)
		*at = e->next;
	e->crowded = false;
}

static void crowded_retry(struct net_http *h)
{
	while (h->crowded) {
		struct net_http_easy *e = h->crowded;
		crowded_remove(h, e);
		if (curl_multi_add_handle(h->multi, e->easy) != CURLM_OK)
			abort(); /* it was there before: out of memory */
	}
}

void net_http_abort(struct net_http *h, struct net_req *req)
{
	struct net_http_lane *lane = req->lane;
	struct net_http_easy *e = req->easy;
	req->lane = NULL;
	req->easy = NULL;
	if (e && e->crowded)
		crowded_remove(h, e);
	if (e) {
		curl_multi_remove_handle(h->multi, e->easy);
		easy_put(h, e);
	} else if (lane) {
		lane_remove(lane, req);
		return;
	}
	if (!lane)
		return;
	/* its place goes to the next in the lane */
	struct net_req *next = lane->first;
	if (next) {
		lane_remove(lane, next);
		launch(h, next);
	} else {
		lane->active--;
		host_put(h, lane->host);
	}
}

static void describe_failure(const struct net_http_easy *e, CURLcode rc, struct err *err)
{
	const struct net_req *req = e->req;
	const char *text = e->text[0] ? e->text : curl_easy_strerror(rc);
	if (e->too_large) {
		net_req_error(req, err, ERR_LIMIT, "%s of more than %zu bytes",
			req->open ? "a line" : "an answer", req->in.max);
		return;
	}
	if (e->headers_too_large) {
		net_req_error(req, err, ERR_LIMIT, "more than %zu bytes of headers", HEADERS_MAX);
		return;
	}
	curl_off_t sent = 0;
	curl_easy_getinfo(e->easy, CURLINFO_PRETRANSFER_TIME_T, &sent);
	switch (rc) {
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
		/* an answer that is no HTTP is called an unsupported protocol too */
		net_req_error(req, err, sent > 0 ? ERR_PROTOCOL : ERR_USAGE, "%s", text);
		break;
	case CURLE_COULDNT_CONNECT:
		if (e->connect_errno)
			net_req_error(req, err, ERR_IO, "cannot connect to %s: %s",
				req->r.unix_socket, strerror(e->connect_errno));
		else
			net_req_error(req, err, ERR_IO, "%s", text);
		break;
	case CURLE_ABORTED_BY_CALLBACK:
		net_req_error(req, err, ERR_IO, "cannot read %s to its end",
			req->r.body_path ? req->r.body_path : "it");
		break;
	case CURLE_OPERATION_TIMEDOUT:
		net_req_error(req, err, ERR_TIMEOUT, "%s", text);
		break;
	case CURLE_PARTIAL_FILE:
	case CURLE_GOT_NOTHING:
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_BAD_CONTENT_ENCODING:
	case CURLE_HTTP2:
		net_req_error(req, err, ERR_PROTOCOL, "%s", text);
		break;
	default:
		net_req_error(req, err, ERR_IO, "%s", text);
		break;
	}
}

static void completed(struct net_http *h, struct net_http_easy *e, CURLcode rc)
{
	struct net_req *req = e->req;
	struct err err = { 0 };
	int status = 0;
	if (is_crowded(e, rc)) {
		crowded_add(h, e);
		return;
	}
	if (rc == CURLE_OK)
		status = (int)response_code(e);
	else
		describe_failure(e, rc, &err);
	/* a stream may end without a newline after its last line */
	if (rc == CURLE_OK && req->r.on_line && req->open && status / 100 == 2 && req->in.len > 0) {
		net_req_line(h->net, req, req->in.buf, req->in.len);
		strbuf_clear(&req->in);
	}
	net_http_abort(h, req);
	net_req_finish(h->net, req, status, rc == CURLE_OK ? NULL : &err);
}

static void reap(struct net_http *h)
{
	const CURLMsg *msg;
	int left;
	while ((msg = curl_multi_info_read(h->multi, &left))) {
		struct net_http_easy *e = NULL;
		if (msg->msg != CURLMSG_DONE)
			continue;
		CURLcode rc = msg->data.result; /* msg goes with the handle */
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&e);
		completed(h, e, rc);
	}
}

void net_http_wait(struct net_http *h, uint64_t max_wait_ns)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	int running;
	uint64_t now = clock_now(h->clock);
	uint64_t wait = max_wait_ns;
	if (h->crowded)
		wait = MIN(wait, h->retry_at_ns > now ? h->retry_at_ns - now : 0);
	if (h->curl_deadline_ns != CLOCK_NEVER)
		wait = MIN(wait, h->curl_deadline_ns > now ? h->curl_deadline_ns - now : 0);
	int ms = wait >= 3600 * NS_PER_S ? 3600 * 1000 : (int)((wait + NS_PER_MS - 1) / NS_PER_MS);
	int n = epoll_wait(h->epoll_fd, events, EVENTS_AT_ONCE, ms);

	for (int i = 0; i < n; i++) {
		int mask = 0;
		if (events[i].data.fd == h->wake->fd) {
			wake_clear(h->wake);
			continue;
		}
		if (events[i].events & (EPOLLIN | EPOLLHUP))
			mask |= CURL_CSELECT_IN;
		if (events[i].events & EPOLLOUT)
			mask |= CURL_CSELECT_OUT;
		if (events[i].events & EPOLLERR)
			mask |= CURL_CSELECT_ERR;
		curl_multi_socket_action(h->multi, events[i].data.fd, mask, &running);
	}
	if (h->crowded && clock_now(h->clock) >= h->retry_at_ns)
		crowded_retry(h);
	if (h->curl_deadline_ns != CLOCK_NEVER && clock_now(h->clock) >= h->curl_deadline_ns) {
		h->curl_deadline_ns = CLOCK_NEVER;
		curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	}
	reap(h);
}

/* --- life ---------------------------------------------------------------------------------- */

static void global_init(void)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		abort(); /* out of memory */
}

struct net_http *net_http_new(struct net *n, struct wake *wake, struct err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, global_init);

	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = wake->fd };
	if (epoll_fd < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, wake->fd, &ev) != 0) {
		err_errno(err, ERR_ENV, "cannot watch sockets");
		if (epoll_fd >= 0)
			close(epoll_fd);
		return NULL;
	}
	struct net_http *h = xcalloc(1, sizeof(*h));
	h->net = n;
	h->wake = wake;
	h->epoll_fd = epoll_fd;
	h->curl_deadline_ns = CLOCK_NEVER;
	h->clock = clock_new_real();
	h->hosts = map_new(NULL);
	h->json_headers = headers_new("application/json");
	h->multi = curl_multi_init();
	if (!h->multi)
		abort(); /* out of memory */
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_MAX);
	return h;
}

void net_http_free(struct net_http *h)
{
	if (!h)
		return;
	while (h->spare) {
		struct net_http_easy *e = h->spare;
		h->spare = e->next;
		curl_easy_cleanup(e->easy);
		free(e);
	}
	curl_multi_cleanup(h->multi);
	curl_slist_free_all(h->json_headers);
	map_free(h->hosts);
	clock_free(h->clock);
	close(h->epoll_fd);
	free(h);
}
