/* State and counters of the plane as JSON and as Prometheus text. Loop's thread. */
#ifndef RELAY_REPORT_H
#define RELAY_REPORT_H

#include "relay/plane.h"
#include "util/json.h"

void report_link(struct jw *w, const struct link *l);
void report_links(struct jw *w, const struct plane *p); /* {"links": [...]} */
void report_rules(
	struct jw *w, const struct plane *p); /* {"rules": [...]}, those that do something */
void report_metrics(struct strbuf *out, const struct plane *p);

#endif
