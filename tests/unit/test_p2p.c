/*
 * Dialling by name over real sockets, with a name server of our own: names
 * that come late, move, or cannot be looked up at all. Runs in a mount
 * namespace, where /etc/resolv.conf is what each test says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/dns.h>
#include <event2/dns_struct.h>
#include <event2/util.h>
#include <sodium.h>

#include "node/p2p/p2p.h"
#include "util/mem.h"

#define PATIENCE_S 60

struct peer {
	struct p2p *net;
	struct event_base *base;
	uint8_t id;
	uint64_t instance;
	unsigned ups, downs, unreachable;
	char addr[ADDRESS_TEXT], reason[200];
};

struct fixture {
	struct event_base *base;
	struct evdns_server_port *server;
	int server_fd;
	unsigned questions;
	const char *answer;        /* an IPv4 address; NULL: no such name */
	int error;                 /* what to answer instead */
	struct peer a, b;          /* a dials b */
	char dir[64], resolv[128]; /* what is mounted over /etc/resolv.conf */
	bool mounted, timed_out;
};

/* Nothing may wait for the C library's resolver: the node has one thread. */
int getaddrinfo(const char *restrict node, const char *restrict service,
	const struct addrinfo *restrict hints, struct addrinfo **restrict res)
{
	(void)service;
	(void)hints;
	(void)res;
	fprintf(stderr, "getaddrinfo(%s) was called, which blocks\n", node ? node : "");
	abort();
}

/* --- two ends -------------------------------------------------------------------- */

static void hello(void *arg, struct wire_hello *ret)
{
	const struct peer *p = arg;

	memset(ret->node.b, p->id, sizeof(ret->node.b));
	ret->instance = p->instance;
}

static int accept_peer(void *arg, struct session *s, const struct wire_hello *h, struct err *err)
{
	struct peer *p = arg;

	return p2p_session_accept(p->net, s, h, err);
}

static void up(void *arg, struct session *s, const char *addr)
{
	struct peer *p = arg;

	(void)s;
	p->ups++;
	snprintf(p->addr, sizeof(p->addr), "%s", addr);
	event_base_loopbreak(p->base);
}

static void down(void *arg, struct session *s, const char *addr, const char *reason)
{
	struct peer *p = arg;

	(void)s;
	(void)addr;
	(void)reason;
	p->downs++;
	event_base_loopbreak(p->base);
}

static void refused(void *arg, const char *addr, const char *reason)
{
	(void)arg;
	fprintf(stderr, "refused %s: %s\n", addr, reason);
	abort();
}

static void unreachable(void *arg, const char *addr, const char *reason)
{
	struct peer *p = arg;

	p->unreachable++;
	snprintf(p->addr, sizeof(p->addr), "%s", addr);
	snprintf(p->reason, sizeof(p->reason), "%s", reason);
	event_base_loopbreak(p->base);
}

static bool no_block(void *arg, const struct id32 *id)
{
	(void)arg;
	(void)id;
	return false;
}

static void peer_start(
	struct peer *p, struct event_base *base, uint8_t id, const char *host, uint16_t port)
{
	/* Both tips are at height 0: none of the hooks for blocks is ever called. */
	struct p2p_config cfg = { .base = base,
		.session = { .arg = p,
			.hello = hello,
			.accept = accept_peer,
			.has_block = no_block },
		.arg = p,
		.up = up,
		.down = down,
		.refused = refused,
		.unreachable = unreachable };
	struct err err = { 0 };

	p->base = base;
	p->id = id;
	p->instance++;
	snprintf(cfg.listen.host, sizeof(cfg.listen.host), "%s", host);
	cfg.listen.port = port;
	memset(cfg.node.b, id, sizeof(cfg.node.b));
	cfg.instance = p->instance;
	p->net = p2p_new(&cfg, &err);
	if (!p->net)
		fail_msg("%s", err.text);
}

static void peer_stop(struct peer *p)
{
	p2p_free(p->net);
	p->net = NULL;
}

/* --- the name server --------------------------------------------------------------- */

static void on_question(struct evdns_server_request *rq, void *arg)
{
	struct fixture *f = arg;
	struct in_addr ip;

	f->questions++;
	for (int i = 0; !f->error && f->answer && i < rq->nquestions; i++)
		if (rq->questions[i]->type == EVDNS_TYPE_A &&
			inet_pton(AF_INET, f->answer, &ip) == 1)
			evdns_server_request_add_a_reply(
				rq, rq->questions[i]->name, 1, &ip.s_addr, 60);
	evdns_server_request_respond(rq, f->error    ? f->error
					 : f->answer ? DNS_ERR_NONE
						     : DNS_ERR_NOTEXIST);
}

static void write_resolv(struct fixture *f, const char *text)
{
	FILE *out = fopen(f->resolv, "w");

	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(mount(f->resolv, "/etc/resolv.conf", NULL, MS_BIND, NULL), 0);
	f->mounted = true;
}

static void start_server(struct fixture *f)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sa);
	char text[64];

	f->server_fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(f->server_fd >= 0);
	assert_int_equal(bind(f->server_fd, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(getsockname(f->server_fd, (struct sockaddr *)&sa, &len), 0);
	f->server = evdns_add_server_port_with_base(f->base, f->server_fd, 0, on_question, f);
	assert_non_null(f->server);
	snprintf(text, sizeof(text), "nameserver 127.0.0.1:%u\n", ntohs(sa.sin_port));
	write_resolv(f, text);
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	f->base = event_base_new();
	f->server_fd = -1;
	snprintf(f->dir, sizeof(f->dir), "/tmp/test_p2p.XXXXXX");
	if (!f->base || !mkdtemp(f->dir))
		return -1;
	snprintf(f->resolv, sizeof(f->resolv), "%s/resolv.conf", f->dir);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	p2p_free(f->a.net);
	p2p_free(f->b.net);
	if (f->server)
		evdns_close_server_port(f->server);
	event_base_free(f->base);
	if (f->server_fd >= 0)
		close(f->server_fd);
	if (f->mounted)
		umount("/etc/resolv.conf");
	unlink(f->resolv);
	rmdir(f->dir);
	free(f);
	return 0;
}

static void on_patience(evutil_socket_t fd, short what, void *arg)
{
	struct fixture *f = arg;

	(void)fd;
	(void)what;
	f->timed_out = true;
	event_base_loopbreak(f->base);
}

/* Turns the loop until the counter has this value. */
static void run_until(struct fixture *f, const unsigned *counter, unsigned value)
{
	const struct timeval patience = { PATIENCE_S, 0 };
	struct event *timer = event_new(f->base, -1, 0, on_patience, f);

	event_add(timer, &patience);
	while (*counter < value && !f->timed_out)
		event_base_dispatch(f->base);
	event_free(timer);
	if (f->timed_out)
		fail_msg("nothing within %d s", PATIENCE_S);
	assert_int_equal(*counter, value);
}

static void dial_by_name(struct fixture *f, uint16_t port)
{
	struct address a = { .host = "node-b.test", .port = port };

	peer_start(&f->a, f->base, 1, "127.0.0.1", 0);
	p2p_add_peer(f->a.net, &a);
}

/* --- tests --------------------------------------------------------------------------- */

static void a_name_that_comes_late_and_moves(void **state)
{
	struct fixture *f = *state;

	start_server(f);
	peer_start(&f->b, f->base, 2, "127.0.0.2", 0);
	uint16_t port = p2p_listen_address(f->b.net).port;
	dial_by_name(f, port);
	run_until(f, &f->a.unreachable, 1);
	assert_true(f->questions >= 2);
	assert_true(strncmp(f->a.addr, "node-b.test:", 12) == 0);
	assert_non_null(strstr(f->a.reason, "not known"));
	assert_int_equal(f->a.ups, 0);

	f->answer = "127.0.0.2";
	run_until(f, &f->a.ups, 1);
	assert_int_equal(f->a.unreachable, 1);

	/* Restarted elsewhere, while the name server still tells the old address. */
	peer_stop(&f->b);
	run_until(f, &f->a.downs, 1);
	peer_start(&f->b, f->base, 2, "127.0.0.3", port);
	unsigned before = f->questions;
	run_until(f, &f->a.unreachable, 2);
	assert_non_null(strstr(f->a.reason, "refused"));
	assert_true(f->questions > before);
	f->answer = "127.0.0.3";
	run_until(f, &f->a.ups, 2);
}

/* As the resolver of a container engine whose own name server cannot be reached. */
static void a_server_that_fails_for_a_while(void **state)
{
	struct fixture *f = *state;

	start_server(f);
	peer_start(&f->b, f->base, 2, "127.0.0.2", 0);
	f->error = DNS_ERR_SERVERFAILED;
	dial_by_name(f, p2p_listen_address(f->b.net).port);
	run_until(f, &f->a.unreachable, 1);
	f->error = 0;
	f->answer = "127.0.0.2";
	run_until(f, &f->a.ups, 1);
}

static void no_name_server_at_all(void **state)
{
	struct fixture *f = *state;

	write_resolv(f, "# nothing\n");
	dial_by_name(f, 3000);
	run_until(f, &f->a.unreachable, 1);
	assert_int_equal(f->a.ups, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_name_that_comes_late_and_moves, setup, teardown),
		cmocka_unit_test_setup_teardown(a_server_that_fails_for_a_while, setup, teardown),
		cmocka_unit_test_setup_teardown(no_name_server_at_all, setup, teardown),
	};

	if ((unshare(CLONE_NEWNS) && unshare(CLONE_NEWUSER | CLONE_NEWNS)) ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)) {
		puts("no mount namespace may be made here");
		return 77; /* skipped */
	}
	if (sodium_init() < 0)
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
