/*
 * The relay of the compose backend: one more service, on the networks of all
 * nodes, each of which has one of its own; so no node reaches another one but
 * through it. Its links are in a file that it reads at its start, so that the
 * stack works by hand as well. Runner's thread, but for compose_relay_ended().
 */
#include <arpa/inet.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "backends/compose.h"
#include "util/fs.h"
#include "util/json.h"
#include "util/units.h"

#define FIRST_LINK_PORT  10000u
#define LAST_LINK_PORT   65000u
#define PORT_CHANGES     5
#define START_TIMEOUT_NS (120 * NS_PER_S)
#define STOP_GRACE_NS    (2 * NS_PER_S)
#define LOG_TIMEOUT_NS   (5 * NS_PER_S)
#define LOG_MAX          (4u * 1024 * 1024)
/* An engine as it comes has about 30 subnets to give away, of whatever size. */
#define ENGINE_NETWORKS  12
#define OWN_SUBNET_FIRST 64u /* 10.64.0.0/16 and so on, where few have theirs */
#define OWN_SUBNETS      128u
#define SUBNET_BITS      29 /* of a node: gateway, relay, node, and some to spare */

void compose_relay_init(struct compose *c)
{
	c->relayed = links_wanted((enum links_mode)c->config->links, c->env);
	c->relay_container = xasprintf("%s-" RELAY_NAME, c->project);
	c->links.env = c->env;
	links_new_token(c->links.token);
	if (c->config->subnet)
		c->relay_subnet = xstrdup(c->config->subnet);
	else if (c->relayed && c->env->plan->n_nodes > ENGINE_NETWORKS)
		c->relay_subnet = xasprintf(
			"10.%u.0.0/16", OWN_SUBNET_FIRST + randombytes_uniform(OWN_SUBNETS));
}

/* --- what is written --------------------------------------------------------------------- */

const char *compose_relay_peer(
	struct compose *c, struct compose_node *from, const char *to, char *buf, size_t size)
{
	uint16_t p2p = flavour_usual_port(from->base.flavour, "p2p");

	if (!c->relayed) {
		snprintf(buf, size, "%s:%u", to, (unsigned)p2p);
		return buf;
	}
	struct links_link link = {
		.from = node_base_name(&from->base),
		.to = to,
		.udp = flavour_port_kind(from->base.flavour, "p2p") == PORT_UDP,
	};
	unsigned port = FIRST_LINK_PORT + (unsigned)c->relay_links.len;
	if (port > LAST_LINK_PORT)
		return NULL;
	snprintf(link.listen, sizeof(link.listen), "0.0.0.0:%u", port);
	snprintf(link.target, sizeof(link.target), "%s:%u", to, (unsigned)p2p);
	vec_push(&c->relay_links, link);
	snprintf(buf, size, RELAY_NAME ":%u", port);
	return buf;
}

int compose_relay_write(const struct compose *c, struct err *err)
{
	CLEANUP_FREE char *dir = xasprintf("%s/nodes/" RELAY_NAME, c->env->run_dir);
	CLEANUP_FREE char *token = fs_join(dir, "token");
	CLEANUP_FREE char *file = fs_join(dir, "links.json");
	CLEANUP_STRBUF struct strbuf text = { 0 };

	if (!c->relayed)
		return 0;
	links_to_json(c->relay_links.items, c->relay_links.len, &text);
	/* as with nodes, others do not get into RUN/nodes */
	if (fs_mkdirs(dir, 0755, err) < 0 ||
		fs_write_atomic(token, c->links.token, strlen(c->links.token), 0644, err) < 0)
		return -1;
	return fs_write_atomic(file, strbuf_str(&text), text.len, 0644, err);
}

/* "10.99.0.0/16" -> its address and how many bits name it. */
static int parse_subnet(const char *text, uint32_t *ret, unsigned *ret_bits, struct err *err)
{
	char address[INET_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : sizeof(address);
	struct in_addr in;
	uint64_t bits = 0;

	if (len < sizeof(address)) {
		memcpy(address, text, len);
		address[len] = '\0';
	}
	if (len >= sizeof(address) || inet_pton(AF_INET, address, &in) != 1 ||
		units_parse_u64(slash + 1, &bits, NULL) < 0 || bits > 32)
		return err_set(err, ERR_USAGE,
			"backend.compose.subnet: '%.60s' is no network such as 10.99.0.0/16", text);
	*ret = bits ? ntohl(in.s_addr) & (UINT32_MAX << (32 - bits)) : 0;
	*ret_bits = (unsigned)bits;
	return 0;
}

int compose_relay_subnet(
	const struct compose *c, unsigned index, char *buf, size_t size, struct err *err)
{
	uint32_t base = 0;
	unsigned bits = 0;
	char text[INET_ADDRSTRLEN];

	buf[0] = '\0';
	if (!c->relay_subnet)
		return 0;
	if (parse_subnet(c->relay_subnet, &base, &bits, err) < 0)
		return -1;
	uint64_t have = bits > SUBNET_BITS ? 0 : 1ull << (SUBNET_BITS - bits);
	if (index >= have)
		return err_set(err, ERR_USAGE,
			"backend.compose.subnet: each node has a network of its own behind the relay, "
			"and %s has room for %llu of them; take a wider one, or set "
			"backend.compose.links to direct",
			c->relay_subnet, (unsigned long long)have);
	struct in_addr in = { htonl(base + (index << (32 - SUBNET_BITS))) };
	inet_ntop(AF_INET, &in, text, sizeof(text));
	snprintf(buf, size, "%s/%d", text, SUBNET_BITS);
	return 0;
}

/* --- its log ------------------------------------------------------------------------------ */

struct log_reader {
	pthread_mutex_t lock;
	struct strbuf text;
	bool ended;
	struct wake *wake;
};

static void on_line(void *arg, bool is_stderr, uint64_t time_ns, const char *line, size_t len)
{
	struct log_reader *r = arg;
	(void)is_stderr;
	(void)time_ns;

	pthread_mutex_lock(&r->lock);
	if (r->text.len + len + 1 <= LOG_MAX) {
		strbuf_add(&r->text, line, len);
		strbuf_addc(&r->text, '\n');
	}
	pthread_mutex_unlock(&r->lock);
}

static void on_end(void *arg, const struct err *err)
{
	struct log_reader *r = arg;
	(void)err;

	pthread_mutex_lock(&r->lock);
	r->ended = true;
	pthread_mutex_unlock(&r->lock);
	wake_signal(r->wake);
}

static void keep_log(struct compose *c)
{
	CLEANUP_FREE char *path = xasprintf("%s/logs/" RELAY_NAME ".log", c->env->run_dir);
	struct log_reader r = { .lock = PTHREAD_MUTEX_INITIALIZER, .wake = &c->wake };
	uint64_t deadline = clock_now(c->env->clock) + LOG_TIMEOUT_NS;
	bool ended = false;

	struct docker_stream *s =
		docker_logs(c->docker, c->relay_container, 0, false, on_line, on_end, &r);
	while (!ended && clock_now(c->env->clock) < deadline) {
		(void)clock_wait(c->env->clock, &c->wake, NULL, deadline);
		pthread_mutex_lock(&r.lock);
		ended = r.ended;
		pthread_mutex_unlock(&r.lock);
	}
	docker_stream_close(s);
	if (r.text.len)
		(void)fs_write_atomic(path, strbuf_str(&r.text), r.text.len, 0644, NULL);
	strbuf_release(&r.text);
	pthread_mutex_destroy(&r.lock);
}

/* --- its life ----------------------------------------------------------------------------- */

void compose_relay_ended(struct compose *c, int exit_code, const char *when)
{
	CLEANUP_FREE char *how =
		xasprintf("(container %s) ended%s, exit %d", c->relay_container, when, exit_code);

	links_relay_ended(&c->links, how);
	wake_signal(&c->wake);
}

/* By Compose: version 1 has a container join all networks but the first only when it starts it. */
static int start_container(struct compose *c, struct err *err)
{
	const char *const up[] = { "up", "--detach", "--no-deps", RELAY_NAME, NULL };

	for (unsigned changes = 0;; changes++) {
		struct err why = { 0 };
		if (compose_client_run(c, up, START_TIMEOUT_NS, c->env->cancel, &why) == 0)
			return 0;
		if (!docker_is_port_taken(why.text) || changes == PORT_CHANGES) {
			if (err)
				*err = why;
			return err_prefix(err, "the relay");
		}
		/* somebody was quicker */
		if (compose_choose_port(c, c->nodes.len, &c->relay_port, err) < 0 ||
			compose_file_write(c, err) < 0)
			return -1;
	}
}

int compose_relay_start(struct compose *c, struct err *err)
{
	if (!c->relayed)
		return 0;
	if (start_container(c, err) < 0)
		return -1;
	snprintf(c->links.url, sizeof(c->links.url), "http://%.100s:%u", c->host,
		(unsigned)c->relay_port);
	if (links_wait(&c->links, &c->wake, err) == 0)
		return 0;
	keep_log(c);
	return err_prefix(err, "container %s, with its log in %s/logs/" RELAY_NAME ".log",
		c->relay_container, c->env->run_dir);
}

int compose_relay_add(
	struct compose *c, const struct compose_node *n, size_t first_link, struct err *err)
{
	CLEANUP_FREE char *path =
		xasprintf("/networks/%s-%s/connect", c->project, node_base_name(&n->base));
	CLEANUP_STRBUF struct strbuf body = { 0 };
	struct jw w;

	if (!c->relayed)
		return 0;
	jw_init(&w, &body, 0);
	jw_object(&w);
	jw_kstr(&w, "Container", c->relay_container);
	jw_key(&w, "EndpointConfig");
	jw_object(&w);
	jw_key(&w, "Aliases");
	jw_array(&w);
	jw_str(&w, RELAY_NAME);
	jw_array_end(&w);
	jw_object_end(&w);
	jw_object_end(&w);
	if (docker_call(c->docker, NET_POST, path, strbuf_str(&body), body.len, NULL, 0,
		    c->env->cancel, NULL, NULL, err) < 0)
		return err_prefix(
			err, "the relay cannot join the network of %s", node_base_name(&n->base));
	return links_put(
		&c->links, c->relay_links.items + first_link, c->relay_links.len - first_link, err);
}

void compose_relay_end(struct compose *c, bool force)
{
	struct err ignored = { 0 };

	if (!c->relayed || force) /* whoever removes the containers ends it */
		return;
	(void)docker_stop(c->docker, c->relay_container, STOP_GRACE_NS, NULL, &ignored);
	keep_log(c);
}

void compose_relay_release(struct compose *c)
{
	vec_free(&c->relay_links);
	free(c->relay_container);
	free(c->relay_subnet);
}
