/*
 * Pushes the node's figures to an OpenTelemetry collector, as JSON over HTTP,
 * as the OTEL_ variables of the environment ask for. A collector that is away
 * costs one warning and nothing else: no call here blocks or fails the node.
 * One thread: the node's loop.
 */
#ifndef NODE_OTLP_H
#define NODE_OTLP_H

#include <stdbool.h>
#include <stdint.h>

#include <event2/event.h>

#include "node/metrics.h"
#include "util/err.h"

#define OTLP_DEFAULT_INTERVAL_MS 60000
#define OTLP_MAX_INTERVAL_MS     (24u * 3600 * 1000)

struct otlp_config {
	char *url;  /* as it is shown in messages; NULL: nothing is to be pushed */
	char *host; /* without brackets */
	uint16_t port;
	char *path; /* with the query */
	char *service;
	uint64_t interval_ms;
};

/*
 * get: getenv(). ERR_USAGE when a variable is wrong: what can be used is there
 * all the same (the default interval), or url is NULL (a bad endpoint).
 */
int otlp_config_read(
	const char *(*get)(const char *name), struct otlp_config *ret, struct err *err);
void otlp_config_release(struct otlp_config *c);

struct otlp;
typedef void otlp_figures_fn(void *arg, struct node_metrics *ret);
/* NULL when nothing is to be pushed. cfg and instance (who we are) are copied; base is borrowed. */
struct otlp *otlp_new(struct event_base *base, const struct otlp_config *cfg, const char *instance,
	otlp_figures_fn *figures, void *arg);
/* May run the loop for a moment: nothing else may be waiting in it. NULL is fine. */
void otlp_free(struct otlp *o);

#endif
