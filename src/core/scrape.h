/*
 * The files in a run directory by which a Prometheus finds the nodes:
 * prometheus.yml, a complete configuration, and prometheus-targets.json, which
 * it reads again by itself when it changes. A node that is away keeps its last
 * address, so that it shows as down; one that was removed is left out.
 * Runner's thread.
 */
#ifndef CORE_SCRAPE_H
#define CORE_SCRAPE_H

#include <stdbool.h>

#include "util/err.h"
#include "util/strbuf.h"

struct scrape;

struct scrape *scrape_new(const char *run_dir, const char *run_id);
void scrape_free(struct scrape *s); /* NULL is fine */
/* endpoint: as "http://127.0.0.1:8080"; empty: not known at present, the last one stays. */
void scrape_set(struct scrape *s, unsigned node, const char *endpoint);
void scrape_remove(struct scrape *s, unsigned node);
/* Writes the files if anything has changed since. After a failure, the next change tries again. */
int scrape_write(struct scrape *s, struct err *err);

/* What the second one holds. */
void scrape_targets(const struct scrape *s, struct strbuf *out);

#endif
