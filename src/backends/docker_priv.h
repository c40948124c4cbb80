/*
 * Between the parts of the Docker Engine client: where the engine is
 * (docker_host.c), calls (docker.c), images and containers (docker_objects.c),
 * removal by label (docker_remove.c), streams (docker_streams.c), parsers
 * (docker_parse.c), known complaints (docker_explain.c).
 */
#ifndef BACKENDS_DOCKER_PRIV_H
#define BACKENDS_DOCKER_PRIV_H

#include <sys/un.h>

#include "backends/docker.h"
#include "util/clock.h"
#include "util/json.h"

#define DOCKER_CALL_NS     (60 * NS_PER_S) /* a call that does not wait for a container */
#define DOCKER_ANSWER_MAX  ((size_t)32 * 1024 * 1024)
#define DOCKER_MESSAGE_MAX 600 /* of the engine, in an error's text */

/* Where an engine is. */
struct docker_place {
	char host[300];                                           /* as in DOCKER_HOST */
	char socket[sizeof(((struct sockaddr_un *)0)->sun_path)]; /* empty: TCP */
	char base[300];      /* "http://localhost", "http://host:2375" */
	char published[260]; /* where its ports are; IPv6 in brackets */
	char named_by[160];  /* "the environment variable DOCKER_HOST" */
};

struct docker {
	struct net *net; /* borrowed */
	struct clock *clock;
	struct docker_place place;
	char version_path[24]; /* "/v1.41" */
};

/* --- docker_host.c --- */

/* Of text as in DOCKER_HOST; named_by says in errors who gave it. */
int docker_place_parse(
	const char *host, const char *named_by, struct docker_place *ret, struct err *err);
/* By environment, contexts and the default. */
int docker_place_find(struct docker_place *ret, struct err *err);
/* Why nothing can be reached there, when that can be told; else 0. Does not block. */
int docker_place_probe(const struct docker_place *p, struct err *err);

/* --- docker.c --- */

/* As docker_call(), but the engine's word may be any: 0 whenever it answered. */
int docker_ask(struct docker *d, const struct net_request *how, const char *path,
	const struct cancel *cancel, int *ret_status, struct strbuf *ret, struct err *err);
/* A call without a body: 0 done, -1 unreachable, else the status that refused, with err set and
 * the engine's words in ret_message (DOCKER_MESSAGE_MAX bytes). */
int docker_do(struct docker *d, const char *what, enum net_method method, const char *path,
	uint64_t timeout_ns, const struct cancel *cancel, char *ret_message, struct err *err);
/* Sets err from an answer that is no success; returns -1. what: "start n1". */
int docker_refused(const char *what, int status, const char *body, size_t len, struct err *err);
/* Sets err from the failure of a request; returns -1. */
int docker_unreachable(const struct docker_place *p, const struct err *why, struct err *err);
/* The tree of an answer, for the caller to free. path as in docker_call(). NULL: err. *ret_status
 * (may be NULL) is set; with it, a 404 is NULL without err. */
cJSON *docker_get(struct docker *d, const char *what, const char *path, const struct cancel *cancel,
	int *ret_status, struct err *err);
/* Waits a little between two looks. ERR_CANCELLED. */
int docker_pause_between(
	struct docker *d, uint64_t ns, const struct cancel *cancel, struct err *err);
/* filters=...; type NULL: labels only. */
void docker_add_filters(struct strbuf *path, const char *type, const char *const *labels);
/* A part of a path, escaped. */
void docker_add_escaped(struct strbuf *path, const char *part);

/* --- docker_explain.c --- */

/* Text from outside as one printable line of at most size - 1 bytes, "..." when cut. */
void docker_one_line(const char *text, size_t len, char *out, size_t size);
/* Ids of 64 digits as people know them, by their first 12. */
void docker_shorten_ids(char *text);
/* What an answer that is no success says: {"message"}, or its text. */
void docker_message(int status, const char *body, size_t len, char *out, size_t size);

/* --- docker_parse.c --- */

/* The error in an answer of progress lines, as those of load and pull; false: none. text has
 * DOCKER_MESSAGE_MAX bytes; progress (may be NULL) is one line for people. */
bool docker_parse_progress(
	const char *line, size_t len, char *ret_error, struct strbuf *ret_progress);
void docker_demux_release(struct docker_demux *x); /* without calling on_line */

#endif
