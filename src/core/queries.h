/*
 * Asks what the checks of a run want to know from Prometheus
 * (observability.query_url): each of their queries every few seconds, and once
 * more before the run is judged. Each answer becomes a METRIC event, and so
 * does what kept a query from being answered; the checks see nothing else.
 *
 * Where time is virtual nothing is asked: the answers of a real server would
 * be about another time, and would make a run differ from its repetition.
 *
 * Lives on the net thread; the functions below may be called from any other.
 */
#ifndef CORE_QUERIES_H
#define CORE_QUERIES_H

#include <stdbool.h>

#include "core/hub.h"
#include "core/net.h"
#include "core/scenario.h"
#include "util/wake.h"

struct queries;

struct queries_options {
	struct net *net;
	struct hub *hub;
	struct clock *clock;
	const struct scenario *scenario;
	bool is_virtual;
	struct wake *wake; /* signalled when the last answers are there; borrowed */
};

#define QUERIES_EVERY_NS  (5 * NS_PER_S)
#define QUERIES_ANSWER_NS (10 * NS_PER_S) /* longest wait for one */

struct queries *queries_new(const struct queries_options *opt);
void queries_free(struct queries *q);  /* NULL is fine */
void queries_start(struct queries *q); /* the first time at once */
/* Asks each once more, and none after that. Answers that are under way do not count. */
void queries_ask_last(struct queries *q);
/* All of these have been answered, or given up. */
bool queries_are_done(struct queries *q);

#endif
