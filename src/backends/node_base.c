/* What backends share about nodes; see node_base.h. */
#include "backends/node_base.h"

#include <stdio.h>
#include <string.h>

#include "core/environ.h"
#include "util/fs.h"

#define ASK_AGAIN_NS   (20 * NS_PER_MS) /* after a failed call of a node's API */
#define ASK_TIMEOUT_NS (2 * NS_PER_S)

static const struct flavour_ops *flavour_of(const struct backend_env *env, const char *program)
{
	const char *base = strrchr(program, '/');

	base = base ? base + 1 : program;
	for (const struct flavour_ops *const *f = env->flavours; *f; f++)
		if (strcmp((*f)->binary, base) == 0)
			return *f;
	return env->flavours[0];
}

/* The first of a name counts. */
static void add_settings(struct node_base *n)
{
	const struct scenario *s = n->env->plan->scenario;
	const struct topology *t = &s->topology;
	const struct node_override *o =
		n->index < t->n_nodes && t->overrides ? &t->overrides[n->index] : NULL;
	struct strlist environment = { 0 };

	for (size_t i = 0; i < t->args.len; i++)
		strlist_add(&n->args, t->args.items[i]);
	for (size_t i = 0; o && i < o->args.len; i++)
		strlist_add(&n->args, o->args.items[i]);
	if (o)
		environ_add_missing(&n->vars, &o->env);
	environ_add_missing(&n->vars, &t->env);
	environ_for_nodes(s, &environment);
	environ_add_missing(&n->vars, &environment);
	strlist_release(&environment);
}

void node_base_init(struct node_base *n, const struct backend_env *env, pthread_mutex_t *lock,
	struct wake *wake, unsigned index, const char *program)
{
	*n = (struct node_base){ .env = env, .lock = lock, .wake = wake, .index = index };
	if (index < env->plan->n_nodes) {
		n->plan_node = &env->plan->nodes[index];
	} else {
		plan_extra_node(env->plan, index, &n->extra);
		n->plan_node = &n->extra;
	}
	n->flavour = flavour_of(env, program);
	n->dir = xasprintf("%s/nodes/%s", env->run_dir, node_base_name(n));
	n->log_path = xasprintf("%s/logs/%s.log", env->run_dir, node_base_name(n));
	add_settings(n);
}

void node_base_release(struct node_base *n)
{
	node_base_stop_asking(n);
	free(n->extra.peers);
	strlist_release(&n->args);
	strlist_release(&n->vars);
	free(n->dir);
	free(n->log_path);
}

const char *node_base_name(const struct node_base *n)
{
	return n->plan_node->name;
}

int node_base_write_config(
	const struct node_base *n, const struct flavour_node *spec, struct err *err)
{
	if (n->flavour->write_config(spec, err) < 0)
		return err_prefix(err, "node %s", node_base_name(n));
	return 0;
}

/* --- what is told to the runner ------------------------------------------------------- */

void node_base_starting(struct node_base *n)
{
	node_base_stop_asking(n);
	n->ask_at_ns = 0;
	pthread_mutex_lock(n->lock);
	n->running = n->telling = true;
	n->exit_expected = n->exit_untold = false;
	n->pid = 0;
	n->endpoint[0] = '\0';
	n->api = NODE_API_UNKNOWN;
	n->tail.len = 0;
	n->tail.text[0] = '\0';
	pthread_mutex_unlock(n->lock);
}

void node_base_not_started(struct node_base *n)
{
	pthread_mutex_lock(n->lock);
	n->running = n->telling = false;
	pthread_mutex_unlock(n->lock);
}

bool node_base_is_running(struct node_base *n)
{
	pthread_mutex_lock(n->lock);
	bool running = n->running;
	pthread_mutex_unlock(n->lock);
	return running;
}

static void tell_end(struct node_base *n)
{
	char how[sizeof(n->how)], endpoint[sizeof(n->endpoint)];

	pthread_mutex_lock(n->lock);
	bool expected = n->exit_expected;
	memcpy(how, n->how, sizeof(how));
	memcpy(endpoint, n->endpoint, sizeof(endpoint));
	CLEANUP_FREE char *tail = expected ? NULL : xstrdup(n->tail.text);
	pthread_mutex_unlock(n->lock);
	n->env->node_state(n->env->arg, n->index, expected ? NODE_STOPPED : NODE_DEAD, expected,
		endpoint[0] ? endpoint : NULL, 0, how, tail);
}

void node_base_tell(struct node_base *n, enum node_state state, bool expected, const char *reason)
{
	char endpoint[sizeof(n->endpoint)];

	pthread_mutex_lock(n->lock);
	bool running = n->running;
	int64_t pid = n->pid;
	n->telling = true;
	memcpy(endpoint, n->endpoint, sizeof(endpoint));
	pthread_mutex_unlock(n->lock);

	if (running || state == NODE_STARTING || state == NODE_REMOVED)
		n->env->node_state(n->env->arg, n->index, state, expected,
			endpoint[0] ? endpoint : NULL, pid, reason, NULL);

	pthread_mutex_lock(n->lock);
	n->telling = false;
	bool untold = n->exit_untold;
	n->exit_untold = false;
	pthread_mutex_unlock(n->lock);
	if (untold)
		tell_end(n);
}

void node_base_ended(struct node_base *n)
{
	pthread_mutex_lock(n->lock);
	n->running = false;
	n->pid = 0;
	n->exit_untold = n->telling;
	bool tell = !n->telling;
	pthread_mutex_unlock(n->lock);
	if (tell)
		tell_end(n);
	wake_signal(n->wake);
}

/* --- until its API answers -------------------------------------------------------------- */

static void api_answered(const struct net_response *r, void *arg)
{
	struct node_base *n = arg;

	pthread_mutex_lock(n->lock);
	n->api = r->status == 200 ? NODE_API_UP : NODE_API_UNKNOWN;
	pthread_mutex_unlock(n->lock);
	wake_signal(n->wake);
}

static void ask_api(struct node_base *n)
{
	uint64_t now = clock_now(n->env->clock);
	char url[sizeof(n->endpoint) + 32];

	if (now < n->ask_at_ns)
		return;
	n->ask_at_ns = now + ASK_AGAIN_NS;
	pthread_mutex_lock(n->lock);
	n->api = NODE_API_ASKED;
	snprintf(url, sizeof(url), "%s/cryptarchia/info", n->endpoint);
	pthread_mutex_unlock(n->lock);
	const struct net_request req = {
		.method = NET_GET,
		.url = url,
		.timeout_ns = ASK_TIMEOUT_NS,
		.on_done = api_answered,
		.arg = n,
	};
	n->call = net_send(n->env->net, &req);
}

void node_base_stop_asking(struct node_base *n)
{
	if (n->call)
		net_cancel(n->env->net, n->call);
	n->call = 0;
	n->up = false;
}

static int died_early(struct node_base *n, struct err *err)
{
	pthread_mutex_lock(n->lock);
	CLEANUP_FREE char *tail = xstrdup(n->tail.text);
	CLEANUP_FREE char *how = xstrdup(n->how);
	pthread_mutex_unlock(n->lock);
	return err_set(err, ERR_ENV,
		"node %s ended while starting (%s)%s%s\nits whole log is in %s", node_base_name(n),
		how, *tail ? "; its last words:\n" : ", without a word", tail, n->log_path);
}

int node_base_advance(struct node_base *n, struct err *err)
{
	pthread_mutex_lock(n->lock);
	bool running = n->running, known = n->endpoint[0] != '\0';
	enum node_api api = n->api;
	pthread_mutex_unlock(n->lock);

	if (!running) /* one that was up may die again */
		return died_early(n, err);
	if (!n->up && known && api == NODE_API_UNKNOWN)
		ask_api(n);
	if (!n->up && api == NODE_API_UP) {
		n->up = true;
		n->call = 0;
		node_base_tell(n, NODE_UP, true, NULL);
	}
	return n->up;
}

char *program_beside(const char *name)
{
	CLEANUP_FREE char *self_dir = fs_self_dir();
	char *path = self_dir ? fs_join(self_dir, name) : NULL;

	if (path && fs_is_executable(path))
		return path;
	free(path);
	return fs_which(name);
}
