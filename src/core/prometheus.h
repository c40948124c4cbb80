/*
 * What the bench knows of Prometheus' HTTP API: how an instant query is asked,
 * and what its answer says. Pure: no I/O; any thread.
 */
#ifndef CORE_PROMETHEUS_H
#define CORE_PROMETHEUS_H

#include <stddef.h>
#include <stdint.h>

#include "util/err.h"

#define PROM_QUERY_MAX    4096                      /* bytes of a query */
#define PROM_ANSWER_MAX   ((size_t)4 * 1024 * 1024) /* bytes of an answer */
#define PROM_SERIES_BYTES 200

/* An answer: a vector's samples, or a scalar as the only one. All values are finite. */
struct prom_answer {
	unsigned series; /* how many; never 0 */
	double min, max;
	/* Labels of the samples with these values, such as {job="node-0"}; may be cut. */
	char min_series[PROM_SERIES_BYTES], max_series[PROM_SERIES_BYTES];
};

/* URL of an instant query; base as in http://host:9090, with or without a slash. Caller frees. */
char *prom_query_url(const char *base, const char *query);
/*
 * Reads an answer. -1 with a reason for people, without the query: an error of
 * Prometheus itself, no samples, another kind of result than a vector or a
 * scalar, values that are no finite numbers, or no answer of Prometheus at all.
 */
int prom_parse_answer(
	int status, const char *body, size_t len, struct prom_answer *ret, struct err *err);

#endif
