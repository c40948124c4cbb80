/*
 * One HTTP request and its reply as plain data, so that every handler can be
 * tested without a socket. Pure. One thread.
 */
#ifndef NODE_API_REQUEST_H
#define NODE_API_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "node/p2p/address.h"
#include "util/err.h"
#include "util/hex.h"
#include "util/strbuf.h"

#define API_MAX_QUERY 16
#define API_MAX_URI   2048

struct api_request {
	const char *method;       /* borrowed, upper case */
	const char *content_type; /* borrowed; NULL when absent */
	const char *body;         /* borrowed */
	size_t body_len;
	char *path;        /* owned, decoded */
	const char *param; /* what a ":" part of the route matched; within path_param */
	char path_param[160];
	size_t n_query;
	struct {
		char *key, *value; /* owned, decoded */
	} query[API_MAX_QUERY];
};

/* ERR_USAGE for a target that is too long or not well-formed. */
int api_request_init(
	struct api_request *rq, const char *method, const char *target, struct err *err);
void api_request_release(struct api_request *rq);

const char *api_query(const struct api_request *rq, const char *key); /* NULL when absent */
/* Absent: *ret stays and 0; malformed: -1. */
int api_query_u64(const struct api_request *rq, const char *key, uint64_t *ret, struct err *err);
int api_query_id(const struct api_request *rq, const char *key, struct id32 *ret, bool *ret_given,
	struct err *err);
/* Does a path such as "/channel/:id" match? Sets rq->param. */
bool api_path_matches(struct api_request *rq, const char *pattern);

#define API_JSON   "application/json"
#define API_TEXT   "text/plain; charset=utf-8"
#define API_NDJSON "application/x-ndjson"

struct api_range;

/* What the server still has to do after a handler returned. */
enum api_action {
	API_REPLY,        /* send the reply */
	API_BLOCK_STREAM, /* subscribe */
	API_LIB_STREAM,
	API_RANGE, /* stream reply.range until it ends */
	API_DIAL,  /* dial reply.dial, then answer */
};

struct api_reply {
	enum api_action action;
	int status;
	const char *content_type; /* NULL: none */
	struct strbuf body;
	struct api_range *range; /* owned */
	struct address dial;
};

void api_reply_release(struct api_reply *rp);
/* A status and one line of text; an empty text means an empty body. */
void api_reply_text(struct api_reply *rp, int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
