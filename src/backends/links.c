/* The links of a backend's nodes; see links.h. */
#include "backends/links.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "core/net.h"
#include "util/json.h"
#include "util/mem.h"

#define CALL_TIMEOUT_NS (10 * NS_PER_S)
#define ASK_TIMEOUT_NS  NS_PER_S
#define AGAIN_NS        (20 * NS_PER_MS)
#define WAIT_NS         (30 * NS_PER_S) /* for a relay that has just been started */
#define ANSWER_MAX      (16u * 1024 * 1024)
#define NS_PER_MS_F     1e6

const char *const links_modes[] = { "auto", "relay", "direct", NULL };

bool links_wanted(enum links_mode mode, const struct backend_env *env)
{
	return mode == LINKS_RELAY || (mode == LINKS_AUTO && env->may_shape_links);
}

void links_new_token(char ret[LINKS_TOKEN])
{
	unsigned char bytes[(LINKS_TOKEN - 1) / 2];

	randombytes_buf(bytes, sizeof(bytes));
	sodium_bin2hex(ret, LINKS_TOKEN, bytes, sizeof(bytes));
}

void links_to_json(const struct links_link *list, size_t n, struct strbuf *out)
{
	struct jw w;

	jw_init(&w, out, 0);
	jw_object(&w);
	jw_key(&w, "links");
	jw_array(&w);
	for (size_t i = 0; i < n; i++) {
		CLEANUP_FREE char *id = xasprintf("%s-%s", list[i].from, list[i].to);
		jw_object(&w);
		jw_kstr(&w, "id", id);
		jw_kstr(&w, "from", list[i].from);
		jw_kstr(&w, "to", list[i].to);
		jw_kstr(&w, "kind", list[i].udp ? "udp" : "tcp");
		jw_kstr(&w, "listen", list[i].listen);
		jw_kstr(&w, "target", list[i].target);
		jw_object_end(&w);
	}
	jw_array_end(&w);
	jw_object_end(&w);
}

/* 0: *ret is the answer, which the caller deletes. */
static int call(const struct links *l, enum net_method method, const char *path,
	const struct strbuf *body, uint64_t timeout_ns, cJSON **ret, struct err *err)
{
	CLEANUP_STRBUF struct strbuf answer = { .max = ANSWER_MAX };
	CLEANUP_FREE char *url = xasprintf("%s%s", l->url, path);
	int status = 0;
	const struct net_request req = {
		.method = method,
		.url = url,
		.bearer = l->token,
		.body = body ? strbuf_str(body) : NULL,
		.body_len = body ? body->len : 0,
		.timeout_ns = timeout_ns,
	};

	*ret = NULL;
	if (net_call(l->env->net, &req, l->env->cancel, &status, &answer, err) < 0)
		return err_prefix(err, "the relay does not answer");
	*ret = json_parse(strbuf_str(&answer), answer.len, NULL, err);
	if (!*ret)
		return err_prefix(err, "the relay's answer");
	if (status == 200)
		return 0;
	const char *why = json_get_str(*ret, "error");
	err_set(err, ERR_ENV, "the relay: %s (status %d)", why ? why : "refused", status);
	cJSON_Delete(*ret);
	*ret = NULL;
	return -1;
}

static void tell_broken(const struct links *l, const char *how)
{
	struct err err = { 0 };

	err_set(&err, ERR_ENV,
		"the relay between the nodes %s; its log is in %s/logs/" RELAY_NAME ".log", how,
		l->env->run_dir);
	l->env->broken(l->env->arg, &err);
}

void links_relay_ended(struct links *l, const char *how)
{
	atomic_store(&l->ended, true);
	tell_broken(l, how);
}

/*
 * A change. A relay that hangs is no better than one that ended: it holds what
 * flows between all nodes. Once is long enough to wait for it.
 */
static int change(
	struct links *l, const char *path, const struct strbuf *body, cJSON **ret, struct err *err)
{
	struct err why = { 0 };

	if (l->hangs)
		return err_set(err, ERR_ENV, "the relay does not answer");
	if (call(l, NET_PUT, path, body, CALL_TIMEOUT_NS, ret, &why) == 0)
		return 0;
	if (err)
		*err = why;
	if (why.code != ERR_TIMEOUT)
		return -1;
	l->hangs = true;
	tell_broken(l, "does not answer");
	return -1;
}

int links_put(struct links *l, struct links_link *list, size_t n, struct err *err)
{
	CLEANUP_STRBUF struct strbuf body = { 0 };
	cJSON *answer = NULL;

	if (n == 0)
		return 0;
	links_to_json(list, n, &body);
	if (change(l, "/links", &body, &answer, err) < 0)
		return -1;
	size_t i = 0;
	json_each (made, json_get(answer, "links")) {
		const char *listen = json_get_str(made, "listen");
		if (listen && i < n)
			snprintf(list[i++].listen, sizeof(list->listen), "%s", listen);
	}
	cJSON_Delete(answer);
	if (i != n)
		return err_set(err, ERR_PROTOCOL, "the relay tells of %zu links, not of %zu", i, n);
	return 0;
}

static void rule_to_json(
	const char *from, const char *to, const struct link_rule *rule, struct strbuf *out)
{
	struct jw w;

	jw_init(&w, out, 0);
	jw_object(&w);
	jw_key(&w, "rules");
	jw_array(&w);
	jw_object(&w);
	for (int i = 0; i < 2; i++) {
		jw_key(&w, i ? "to" : "from");
		jw_array(&w);
		jw_str(&w, i ? to : from);
		jw_array_end(&w);
	}
	jw_key(&w, "rule");
	jw_object(&w);
	if (rule->cut)
		jw_kstr(&w, "cut", "silent");
	if (rule->delay_ns)
		jw_kdouble(&w, "delay_ms", (double)rule->delay_ns / NS_PER_MS_F);
	if (rule->jitter_ns)
		jw_kdouble(&w, "jitter_ms", (double)rule->jitter_ns / NS_PER_MS_F);
	if (rule->loss > 0)
		jw_kdouble(&w, "loss", rule->loss);
	jw_object_end(&w);
	jw_object_end(&w);
	jw_array_end(&w);
	jw_object_end(&w);
}

int links_rule(struct links *l, const char *from, const char *to, const struct link_rule *rule,
	struct err *err)
{
	CLEANUP_STRBUF struct strbuf body = { 0 };
	cJSON *answer = NULL;

	if (!l->url[0])
		return err_set(err, ERR_UNSUPPORTED,
			"the nodes of this run reach each other directly, so their links cannot be "
			"shaped; set backend.%s.links to relay",
			l->env->plan->scenario->backend->name);
	rule_to_json(from, to, rule, &body);
	if (change(l, "/rules", &body, &answer, err) < 0)
		return -1;
	cJSON_Delete(answer);
	return 0;
}

int links_wait(const struct links *l, struct wake *wake, struct err *err)
{
	struct clock *clock = l->env->clock;
	uint64_t deadline = clock_now(clock) + WAIT_NS;

	for (;;) {
		struct err why = { 0 };
		cJSON *answer = NULL;
		if (call(l, NET_GET, "/health", NULL, ASK_TIMEOUT_NS, &answer, &why) == 0) {
			cJSON_Delete(answer);
			return 0;
		}
		uint64_t now = clock_now(clock);
		if (atomic_load(&l->ended))
			return err_set(err, ERR_ENV, "the relay ended while starting");
		if (now >= deadline)
			return err_set(err, ERR_ENV, "%.900s, within %llu s", why.text,
				(unsigned long long)(WAIT_NS / NS_PER_S));
		if (clock_wait(clock, wake, l->env->cancel, now + AGAIN_NS) == CLOCK_CANCELLED)
			return err_set(
				err, ERR_CANCELLED, "stopped while the relay was being started");
	}
}
