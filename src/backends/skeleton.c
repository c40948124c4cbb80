/*
 * A backend to begin a new one with: copy this file, rename, fill in, and add
 * the table to registry.h and registry.c. It is built and tested so that it
 * stays true, but not registered.
 *
 * It "runs" nodes that were started by somebody else at consecutive ports of
 * one host. All members run on the runner's thread unless they say otherwise.
 */
#include <stdio.h>
#include <stddef.h>

#include "backends/registry.h"
#include "util/mem.h"

/* What a preset can set, in the order of the table below. Strings are owned by it. */
struct skeleton_config {
	char *host;
	uint64_t first_port;
};

static const struct option skeleton_options[] = {
	{ "host", OPTION_STRING, offsetof(struct skeleton_config, host), .def = "127.0.0.1",
		.help = "where the nodes listen" },
	{ "first_port", OPTION_U64, offsetof(struct skeleton_config, first_port), .def = "8080",
		.min = 1, .max = UINT16_MAX, .help = "port of the first node's API" },
	{ .name = NULL },
};

/* Zeroed before the first call. Data that other threads touch needs a named mutex here. */
struct skeleton {
	unsigned n_up;
};

/* For `ltb doctor`: cheap, starts nothing. What is missing must come with how to get it. */
static void skeleton_probe(const void *config, struct backend_probe *ret)
{
	(void)config; /* may be NULL */
	*ret = (struct backend_probe){ .usable = true, .have = "nothing is needed" };
}

/* All that can be wrong is to be found here, before anything was started. */
static int skeleton_prepare(struct backend *b, struct err *err)
{
	const struct skeleton_config *config = b->config;
	size_t n = b->env->plan->n_nodes;

	if (config->first_port + n - 1 > UINT16_MAX)
		return err_set(err, ERR_USAGE,
			"backend option first_port: %zu nodes from port %llu on go beyond %d; take "
			"a lower one",
			n, (unsigned long long)config->first_port, UINT16_MAX);
	return 0;
}

/*
 * Starts all nodes before waiting for any; journals what it starts with
 * journal_process() or journal_resource(); gives up when env->cancel is set;
 * returns once every API answers.
 */
static int skeleton_up(struct backend *b, struct err *err)
{
	const struct skeleton_config *config = b->config;
	const struct backend_env *env = b->env;
	struct skeleton *s = b->state;

	for (; s->n_up < env->plan->n_nodes; s->n_up++) {
		if (cancel_is_set(env->cancel))
			return err_set(
				err, ERR_CANCELLED, "stopped while the nodes were being started");
		CLEANUP_FREE char *endpoint = xasprintf("http://%s:%llu", config->host,
			(unsigned long long)config->first_port + s->n_up);
		env->node_state(env->arg, s->n_up, NODE_UP, true, endpoint, 0, NULL, NULL);
	}
	return 0;
}

/* Only what .caps promises is asked for by the bench, but users may try the rest. */
static int skeleton_node_op(struct backend *b, enum node_op op, unsigned node, struct err *err)
{
	(void)b;
	return err_set(err, ERR_UNSUPPORTED, "the skeleton backend cannot %s node %u",
		node_op_name(op), node);
}

/* Logs and configurations into RUN/logs and RUN/nodes; also after a failure. */
static int skeleton_collect(struct backend *b, struct err *err)
{
	(void)b;
	(void)err;
	return 0;
}

/* Called after any partial start, and again: undo what was done, no more. */
static int skeleton_down(struct backend *b, bool force, struct err *err)
{
	const struct backend_env *env = b->env;
	struct skeleton *s = b->state;
	(void)force;
	(void)err;

	while (s->n_up > 0)
		env->node_state(env->arg, --s->n_up, NODE_STOPPED, true, NULL, 0, "down", NULL);
	return 0;
}

/* Frees what the state owns; down was called before. */
static void skeleton_release(struct backend *b)
{
	(void)b;
}

/* `ltb clean`: ends and removes what RUN/journal names and is still there. */
static int skeleton_clean(const char *run_dir, unsigned *ret_removed, struct err *err)
{
	(void)run_dir;
	(void)ret_removed;
	(void)err;
	return 0;
}

const struct backend_ops backend_skeleton = {
	.name = "skeleton",
	.summary = "nodes that somebody else started, as a template for backends",
	.config_size = sizeof(struct skeleton_config),
	.state_size = sizeof(struct skeleton),
	.options = skeleton_options,
	.caps = 0,
	.probe = skeleton_probe,
	.handler = backend_no_handler,
	.prepare = skeleton_prepare,
	.up = skeleton_up,
	.node_op = skeleton_node_op,
	.link = backend_no_link,
	.usage = backend_no_usage,
	.collect = skeleton_collect,
	.down = skeleton_down,
	.release = skeleton_release,
	.clean = skeleton_clean,
};
