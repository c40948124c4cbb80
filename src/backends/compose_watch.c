/*
 * The watch thread of the compose backend: sees what happens to containers
 * (by whoever's hand), reads what they use and, in compose_logs.c, write, and
 * holds on to the engine while that restarts. The callbacks of streams run on the net
 * thread and only take note; files are written, the engine is asked and nodes'
 * ends are told here.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "backends/compose.h"
#include "util/fs.h"
#include "util/strbuf.h"
#include "util/units.h"

#define TURN_NS        (100 * NS_PER_MS) /* output waits so long at most for the disk */
#define AGAIN_NS       (500 * NS_PER_MS) /* between tries at an engine that went away */
#define ASK_TIMEOUT_NS NS_PER_S
/* The engine may say that a container ran out of memory after it said that it ended, or not at all.
 */
#define OOM_NEWS_NS (400 * NS_PER_MS)

#define EXIT_SIGKILL (128 + SIGKILL) /* how the engine puts it */

/* What the engine said about a container, on its way from the net thread. */
struct compose_news {
	struct compose_node *node; /* NULL: of the relay */
	char action[32];
	int exit_code;
	struct compose_news *next;
};

static uint64_t wall_ns(const struct compose *c)
{
	return clock_wall_ms(c->env->clock) * NS_PER_MS;
}

/* --- callbacks, on the net thread ----------------------------------------------------------- */

static void on_stats(void *arg, const struct docker_stats *s)
{
	struct compose_node *n = arg;
	uint64_t now = clock_now(n->c->env->clock);

	pthread_mutex_lock(&n->c->lock);
	bool follows = n->has_stats && now > n->stats_at_ns && s->cpu_ns >= n->stats.cpu_ns;
	n->cpu = follows ? (double)(s->cpu_ns - n->stats.cpu_ns) / (double)(now - n->stats_at_ns)
			 : -1;
	n->stats = *s;
	n->has_stats = true;
	n->stats_at_ns = now;
	pthread_mutex_unlock(&n->c->lock);
}

static void on_stats_end(void *arg, const struct err *err)
{
	struct compose_node *n = arg;
	(void)err;

	pthread_mutex_lock(&n->c->lock);
	n->stats_ended = true;
	pthread_mutex_unlock(&n->c->lock);
	wake_signal(&n->c->watch_wake);
}

/* Under the lock. */
static struct compose_node *node_of(const struct compose *c, const char *container)
{
	for (size_t i = 0; i < c->nodes.len; i++)
		if (strcmp(c->nodes.items[i]->container, container) == 0)
			return c->nodes.items[i];
	return NULL;
}

static void on_event(void *arg, const struct docker_event *ev)
{
	struct compose *c = arg;

	pthread_mutex_lock(&c->lock);
	c->events_since_ns = ev->time_ns;
	struct compose_node *n = node_of(c, ev->name);
	if (n || strcmp(c->relay_container, ev->name) == 0) {
		struct compose_news *news = xcalloc(1, sizeof(*news));
		*news = (struct compose_news){ .node = n, .exit_code = ev->exit_code };
		snprintf(news->action, sizeof(news->action), "%s", ev->action);
		*c->news_end = news;
		c->news_end = &news->next;
	}
	pthread_mutex_unlock(&c->lock);
	wake_signal(&c->watch_wake);
}

static void on_events_end(void *arg, const struct err *err)
{
	struct compose *c = arg;

	if (err && err->code == ERR_CANCELLED)
		return; /* by us: the run is over, and the cluster may stay */
	pthread_mutex_lock(&c->lock);
	c->events_ended = true;
	pthread_mutex_unlock(&c->lock);
	wake_signal(&c->watch_wake);
}

/* --- ends ------------------------------------------------------------------------------------- */

static void note_death(struct compose_node *n, int exit_code)
{
	uint64_t now = clock_now(n->c->env->clock);

	pthread_mutex_lock(&n->c->lock);
	if (n->base.running && !n->died) {
		n->died = true;
		n->exit_code = exit_code;
		n->ends++;
		n->ended_at_ns = now;
		n->words_until_ns = now + COMPOSE_LAST_WORDS_NS;
	}
	pthread_mutex_unlock(&n->c->lock);
}

static void oom_text(uint64_t limit_bytes, char *buf, size_t size)
{
	char limit[32];

	if (limit_bytes)
		snprintf(buf, size,
			"out of memory: killed by the kernel at its limit of %s "
			"(backend.compose.memory)",
			units_format_size(limit_bytes, limit, sizeof(limit)));
	else
		snprintf(buf, size, "out of memory: killed by the kernel");
}

/* Under the lock. It was killed, not by a call to the engine nor by its end, and why is not known.
 */
static bool is_mystery(const struct compose_node *n)
{
	return n->exit_code == EXIT_SIGKILL && !n->oom && !n->killed && !n->died_unseen &&
	       !n->base.exit_expected;
}

static void end_text(const struct compose_node *n, const char *error, char *buf, size_t size)
{
	int exit_code = n->exit_code;
	const char *name = exit_code > 128 ? sigdescr_np(exit_code - 128) : NULL;
	uint64_t limit_bytes = n->c->config->memory_bytes;
	char limit[32];

	if (*error)
		snprintf(buf, size, "%.90s", error);
	else if (is_mystery(n) && limit_bytes)
		snprintf(buf, size,
			"signal 9 (Killed), likely out of memory: its limit is %s "
			"(backend.compose.memory)",
			units_format_size(limit_bytes, limit, sizeof(limit)));
	else if (name)
		snprintf(buf, size, "signal %d (%s)", exit_code - 128, name);
	else
		snprintf(buf, size, "exit %d", exit_code);
}

/* Tells the end of a container, once all of its output is here or late, or at once. */
static void finish_death(struct compose_node *n, bool at_once)
{
	struct compose *c = n->c;
	struct docker_container container = { 0 };

	pthread_mutex_lock(&c->lock);
	uint64_t now = clock_now(c->env->clock);
	bool due = n->died && (!compose_logs_owed(n) || now >= n->words_until_ns);
	if (due && is_mystery(n) && now < n->ended_at_ns + OOM_NEWS_NS)
		due = false;
	due = due || (n->died && at_once);
	bool ask = due && !n->base.exit_expected && !n->oom && n->exit_code != 0;
	pthread_mutex_unlock(&c->lock);
	if (!due)
		return;
	if (ask)
		(void)docker_inspect(c->docker, n->container, NULL, &container, NULL);
	pthread_mutex_lock(&c->lock);
	n->oom = n->oom || container.oom_killed;
	if (n->oom && n->exit_code == EXIT_SIGKILL)
		oom_text(c->config->memory_bytes, n->base.how, sizeof(n->base.how));
	else
		end_text(n, container.error, n->base.how, sizeof(n->base.how));
	if (n->died_unseen) {
		size_t len = strlen(n->base.how);
		snprintf(n->base.how + len, sizeof(n->base.how) - len,
			", while the Docker engine was away");
	}
	n->died_unseen = false;
	n->died = n->coming = n->want_streams = n->has_stats = false;
	pthread_mutex_unlock(&c->lock);
	node_base_ended(&n->base);
}

/* --- what others do to our containers ----------------------------------------------------------
 */

static void foreign_start(struct compose_node *n)
{
	struct compose *c = n->c;
	struct docker_container now = { 0 };

	pthread_mutex_lock(&c->lock);
	bool foreign = !n->base.running && !n->base.removed;
	if (foreign) {
		n->base.running = n->coming = n->want_streams = n->fresh = true;
		n->base.exit_expected = n->paused = n->oom = n->killed = false;
	}
	pthread_mutex_unlock(&c->lock);
	if (!foreign)
		return;
	(void)docker_inspect(c->docker, n->container, NULL, &now, NULL);
	pthread_mutex_lock(&c->lock);
	n->base.pid = now.pid;
	pthread_mutex_unlock(&c->lock);
	node_base_tell(&n->base, NODE_STARTING, false, "started by somebody else");
}

static void foreign_pause(struct compose_node *n, bool pause)
{
	struct compose *c = n->c;
	char endpoint[sizeof(n->base.endpoint)];

	pthread_mutex_lock(&c->lock);
	bool foreign = n->base.running && n->paused != pause;
	if (foreign)
		n->paused = pause;
	int64_t pid = n->base.pid;
	memcpy(endpoint, n->base.endpoint, sizeof(endpoint));
	pthread_mutex_unlock(&c->lock);
	if (foreign)
		c->env->node_state(c->env->arg, n->base.index, pause ? NODE_PAUSED : NODE_UP, false,
			endpoint, pid,
			pause ? "paused by somebody else" : "resumed by somebody else", NULL);
}

/* Whether the API of a node that somebody else started answers by now. */
static void ask_coming(struct compose_node *n)
{
	struct compose *c = n->c;
	CLEANUP_STRBUF struct strbuf body = { .max = 65536 };
	char url[sizeof(n->base.endpoint) + 32];
	int status = 0;

	pthread_mutex_lock(&c->lock);
	bool coming = n->coming;
	snprintf(url, sizeof(url), "%s/cryptarchia/info", n->base.endpoint);
	pthread_mutex_unlock(&c->lock);
	if (!coming)
		return;
	const struct net_request req = {
		.method = NET_GET, .url = url, .timeout_ns = ASK_TIMEOUT_NS
	};
	if (net_call(c->env->net, &req, NULL, &status, &body, NULL) < 0 || status != 200)
		return;
	pthread_mutex_lock(&c->lock);
	n->coming = false;
	pthread_mutex_unlock(&c->lock);
	node_base_tell(&n->base, NODE_UP, false, "started by somebody else");
}

static void take_one(struct compose *c, struct compose_news *news)
{
	struct compose_node *n = news->node;

	if (!n) {
		if (strcmp(news->action, "die") == 0)
			compose_relay_ended(c, news->exit_code, "");
	} else if (strcmp(news->action, "die") == 0) {
		note_death(n, news->exit_code);
	} else if (strcmp(news->action, "oom") == 0) {
		pthread_mutex_lock(&n->c->lock);
		n->oom = true;
		pthread_mutex_unlock(&n->c->lock);
	} else if (strcmp(news->action, "kill") == 0) {
		pthread_mutex_lock(&n->c->lock);
		n->killed = true;
		pthread_mutex_unlock(&n->c->lock);
	} else if (strcmp(news->action, "start") == 0) {
		n->gone = false;
		finish_death(n, true); /* of its life before */
		foreign_start(n);
	} else if (strcmp(news->action, "destroy") == 0) {
		n->gone = true;
	} else if (strcmp(news->action, "pause") == 0) {
		foreign_pause(n, true);
	} else if (strcmp(news->action, "unpause") == 0) {
		foreign_pause(n, false);
	}
}

static void take_news(struct compose *c)
{
	pthread_mutex_lock(&c->lock);
	struct compose_news *news = c->news;
	c->news = NULL;
	c->news_end = &c->news;
	pthread_mutex_unlock(&c->lock);
	while (news) {
		struct compose_news *next = news->next;
		take_one(c, news);
		free(news);
		news = next;
	}
}

/* --- streams -----------------------------------------------------------------------------------
 */

static void close_stream(struct docker_stream **s)
{
	docker_stream_close(*s);
	*s = NULL;
}

static void serve_streams(struct compose_node *n)
{
	struct compose *c = n->c;
	uint64_t now = clock_now(c->env->clock);

	pthread_mutex_lock(&c->lock);
	bool want = n->want_streams && !c->engine_away;
	bool stats_ended = n->stats_ended, fresh = want && n->fresh;
	bool due = fresh || (now >= n->stats_at_next_ns && !n->died);
	if (fresh)
		n->fresh = false;
	if (want && due)
		n->stats_ended = false;
	pthread_mutex_unlock(&c->lock);
	compose_logs_serve(n, fresh);
	if (n->stats_stream && (stats_ended || !want))
		close_stream(&n->stats_stream);
	if (!want || !due)
		return;
	n->stats_at_next_ns = now + AGAIN_NS;
	if (!n->stats_stream)
		n->stats_stream = docker_stats(c->docker, n->container, on_stats, on_stats_end, n);
}

/* --- the engine itself ---------------------------------------------------------------------- */

static bool is_gone(const struct compose_node *n)
{
	CLEANUP_FREE char *path = xasprintf("/containers/%s/json", n->container);
	int status = 0;

	(void)docker_call(n->c->docker, NET_GET, path, NULL, 0, NULL, ASK_TIMEOUT_NS, NULL, &status,
		NULL, NULL);
	return status == 404;
}

/* After the engine was away: what became of a container meanwhile. */
static void look_again(struct compose_node *n)
{
	struct docker_container now;

	if (!node_base_is_running(&n->base))
		return;
	if (docker_inspect(n->c->docker, n->container, NULL, &now, NULL) < 0) {
		if (!is_gone(n))
			return; /* the engine is away again, and so will this be asked again */
		n->gone = true;
		now = (struct docker_container){ .state = "dead", .exit_code = EXIT_SIGKILL };
	}
	if (strcmp(now.state, "exited") != 0 && strcmp(now.state, "dead") != 0)
		return;
	pthread_mutex_lock(&n->c->lock);
	n->died_unseen = true;
	pthread_mutex_unlock(&n->c->lock);
	note_death(n, now.exit_code);
}

static void serve_engine(struct compose *c)
{
	const char *const *labels = (const char *const *)c->labels.items;
	uint64_t now = clock_now(c->env->clock);

	pthread_mutex_lock(&c->lock);
	bool ended = c->events_ended, was_away = c->engine_away;
	uint64_t since = c->events_since_ns;
	size_t n_nodes = c->nodes.len;
	pthread_mutex_unlock(&c->lock);
	if (c->events && ended) {
		close_stream(&c->events);
		c->events_at_ns = now;
		pthread_mutex_lock(&c->lock);
		c->engine_away = true;
		pthread_mutex_unlock(&c->lock);
		if (!was_away)
			c->env->log(c->env->arg, -1, LOG_ERROR,
				"the Docker engine has gone away; waiting for it to come back");
		was_away = true;
	}
	if (c->events || now < c->events_at_ns)
		return;
	c->events_at_ns = now + AGAIN_NS;
	if (was_away && docker_call(c->docker, NET_GET, "/_ping", NULL, 0, NULL, ASK_TIMEOUT_NS,
				NULL, NULL, NULL, NULL) < 0)
		return;
	pthread_mutex_lock(&c->lock);
	c->events_ended = c->engine_away = false;
	pthread_mutex_unlock(&c->lock);
	c->events = docker_events(c->docker, labels, since, on_event, on_events_end, c);
	if (!was_away)
		return;
	c->env->log(c->env->arg, -1, LOG_WARN, "the Docker engine is back");
	for (size_t i = 0; i < n_nodes; i++)
		look_again(c->nodes.items[i]);
	struct docker_container relay;
	if (c->relayed && c->links.url[0] &&
		docker_inspect(c->docker, c->relay_container, NULL, &relay, NULL) == 0 &&
		strcmp(relay.state, "running") != 0)
		compose_relay_ended(c, relay.exit_code, " while the Docker engine was away");
}

/* Until when something is to be waited for before the end; 0: nothing is. */
static uint64_t turn(struct compose *c)
{
	uint64_t until = 0;

	serve_engine(c);
	take_news(c);
	pthread_mutex_lock(&c->lock);
	size_t n_nodes = c->nodes.len;
	pthread_mutex_unlock(&c->lock);
	for (size_t i = 0; i < n_nodes; i++) {
		pthread_mutex_lock(&c->lock);
		struct compose_node *n = c->nodes.items[i];
		pthread_mutex_unlock(&c->lock);
		serve_streams(n);
		compose_logs_flush(n);
		finish_death(n, false);
		ask_coming(n);
		pthread_mutex_lock(&c->lock);
		if (compose_logs_owed(n) && !c->engine_away)
			until = MAX(until, n->words_until_ns);
		pthread_mutex_unlock(&c->lock);
	}
	return until;
}

static void *watch_main(void *arg)
{
	struct compose *c = arg;
	uint64_t give_up = CLOCK_NEVER;

	for (;;) {
		uint64_t until = turn(c), now = clock_now(c->env->clock);
		if (atomic_load(&c->stopping)) {
			give_up = MIN(give_up, now + COMPOSE_LAST_WORDS_NS);
			if (!until || now >= MAX(give_up, until) || !c->drain)
				break;
		}
		struct pollfd fd = { .fd = c->watch_wake.fd, .events = POLLIN };
		if (poll(&fd, 1, (int)(TURN_NS / NS_PER_MS)) > 0)
			wake_clear(&c->watch_wake);
	}
	for (size_t i = 0; i < c->nodes.len; i++) {
		struct compose_node *n = c->nodes.items[i];
		compose_logs_close(n);
		close_stream(&n->stats_stream);
		if (compose_logs_owed(n) || (c->drain && node_base_is_running(&n->base)))
			compose_logs_give_up(n, "the Docker engine did not give them in time");
		compose_logs_flush(n);
	}
	close_stream(&c->events);
	return NULL;
}

int compose_watch_start(struct compose *c, struct err *err)
{
	c->events_since_ns = wall_ns(c);
	c->news_end = &c->news;
	if (pthread_create(&c->thread, NULL, watch_main, c) != 0)
		return err_errno(err, ERR_ENV, "cannot start a thread");
	c->thread_runs = true;
	return 0;
}

void compose_watch_stop(struct compose *c, bool drain)
{
	if (!c->thread_runs)
		return;
	c->drain = drain; /* before stopping is set, which the thread asks first */
	atomic_store(&c->stopping, true);
	wake_signal(&c->watch_wake);
	pthread_join(c->thread, NULL);
	c->thread_runs = false;
	take_news(c);
}
