/*
 * The output of the compose backend's containers, whole and nothing twice,
 * into RUN/logs. It is followed while a container runs. When that has ended,
 * what is left is read without following, since a follower may be let go
 * before the last line; see docker.h. Every reading begins some way back from
 * the last line that is there, by the engine's clock, and the marks of both
 * outputs tell what is new. Lines arrive on the net thread, which only takes
 * note; all else is the watch thread's.
 */
#include <stdio.h>
#include <string.h>

#include "backends/compose.h"

#define AGAIN_NS (500 * NS_PER_MS) /* between tries */
/* How far one output may be behind the other in the engine's log: lines take their time before
 * they are written, and the pieces of a long line have that of the first. */
#define MARGIN_NS (10 * NS_PER_S)

/* --- on the net thread ------------------------------------------------------------------- */

static void on_line(void *arg, bool is_stderr, uint64_t time_ns, const char *line, size_t len)
{
	struct compose_node *n = arg;
	struct compose *c = n->c;
	const struct backend_env *env = c->env;
	enum log_level level = node_log_level(line, len);
	uint64_t now = clock_now(env->clock);
	bool tell = false;

	pthread_mutex_lock(&c->lock);
	n->words_until_ns = now + COMPOSE_LAST_WORDS_NS;
	bool is_new = node_log_mark_take(&n->marks[is_stderr], time_ns);
	if (is_new) {
		n->logs_news = true;
		if (n->pending.len + len + 1 > n->pending.max) {
			n->pending_lost++;
		} else {
			strbuf_add(&n->pending, line, len);
			strbuf_addc(&n->pending, '\n');
		}
		node_tail_add(&n->base.tail, line, len);
		tell = node_log_allowed(&c->budget, now, level);
	}
	pthread_mutex_unlock(&c->lock);
	if (tell)
		env->log(env->arg, (int)n->base.index, level,
			node_log_words(line, node_base_name(&n->base)));
}

static void on_end(void *arg, const struct err *err)
{
	struct compose_node *n = arg;

	pthread_mutex_lock(&n->c->lock);
	n->logs_ended = true;
	n->logs_failed = err != NULL;
	pthread_mutex_unlock(&n->c->lock);
	wake_signal(&n->c->watch_wake);
}

/* --- on the watch thread ----------------------------------------------------------------- */

bool compose_logs_owed(const struct compose_node *n)
{
	return n->ends != n->ends_read;
}

void compose_logs_give_up(struct compose_node *n, const char *why)
{
	pthread_mutex_lock(&n->c->lock);
	strbuf_addf(&n->pending, "(lines may be missing here: %s)\n", why);
	pthread_mutex_unlock(&n->c->lock);
	n->ends_read = n->ends;
}

void compose_logs_close(struct compose_node *n)
{
	docker_stream_close(n->logs);
	n->logs = NULL;
}

static void open_stream(struct compose_node *n)
{
	struct compose *c = n->c;
	uint64_t last = 0;

	n->logs_rest = compose_logs_owed(n);
	n->ends_reading = n->ends;
	pthread_mutex_lock(&c->lock);
	n->logs_ended = n->logs_failed = n->logs_news = false;
	for (size_t i = 0; i < ARRAY_LEN(n->marks); i++) {
		node_log_mark_again(&n->marks[i]);
		last = MAX(last, n->marks[i].time_ns);
	}
	pthread_mutex_unlock(&c->lock);
	n->logs = docker_logs(c->docker, n->container, last > MARGIN_NS ? last - MARGIN_NS : 0,
		!n->logs_rest, on_line, on_end, n);
}

/* A reading has ended. Returns whether the next one need not wait. */
static bool take_end(struct compose_node *n, bool failed, bool news, bool follow)
{
	compose_logs_close(n);
	if (!n->logs_rest)
		return compose_logs_owed(n);
	if (failed)
		return false;
	/* until nothing comes any more, or it runs again and is followed anyway */
	if (!news || n->gone || follow)
		n->ends_read = n->ends_reading;
	return true;
}

void compose_logs_serve(struct compose_node *n, bool at_once)
{
	struct compose *c = n->c;
	uint64_t now = clock_now(c->env->clock);

	pthread_mutex_lock(&c->lock);
	bool away = c->engine_away, ended = n->logs_ended, failed = n->logs_failed;
	bool news = n->logs_news, follow = n->want_streams && !n->died;
	pthread_mutex_unlock(&c->lock);
	if (n->logs && ended) {
		at_once = take_end(n, failed, news, follow) || at_once;
	} else if (n->logs && !n->logs_rest && compose_logs_owed(n) &&
		   now >= n->ended_at_ns + AGAIN_NS) {
		compose_logs_close(n); /* the engine forgot to end it */
		at_once = true;
	}
	if (n->logs || away || (!follow && !compose_logs_owed(n)))
		return;
	if (compose_logs_owed(n) && n->gone) {
		compose_logs_give_up(n, "the container was removed");
		return;
	}
	if (now < n->logs_at_ns && !at_once)
		return;
	n->logs_at_ns = now + AGAIN_NS;
	open_stream(n);
}

void compose_logs_flush(struct compose_node *n)
{
	struct compose *c = n->c;
	struct strbuf pending = { .max = n->pending.max };

	pthread_mutex_lock(&c->lock);
	struct strbuf full = n->pending;
	n->pending = pending;
	uint64_t lost = n->pending_lost;
	n->pending_lost = 0;
	pthread_mutex_unlock(&c->lock);
	if (full.len && !n->log.path)
		log_file_open(&n->log, n->base.log_path, c->config->log_max_bytes, NULL);
	if (full.len)
		log_file_append(&n->log, strbuf_str(&full), full.len);
	if (lost) {
		char text[80];
		int len = snprintf(text, sizeof(text), "(%llu lines were lost here)\n",
			(unsigned long long)lost);
		log_file_append(&n->log, text, (size_t)len);
	}
	strbuf_release(&full);
}
