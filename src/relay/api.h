/*
 * The control API without HTTP: a method, a path and a body give a status and a
 * body. Who asks has shown the token already. Loop's thread.
 */
#ifndef RELAY_API_H
#define RELAY_API_H

#include "relay/plane.h"
#include "relay/request.h"
#include "util/strbuf.h"

struct api_reply {
	unsigned status;
	const char *content_type;
	const char *allow; /* for 405 */
	struct strbuf body;
};

/* Whether a request for this path needs the token: all but /health. */
bool api_is_open(const char *path);
void api_dispatch(struct plane *p, const char *method, const char *path, const char *body,
	size_t len, struct api_reply *ret);
/* What PUT /links does, but for the answer: makes the links of the body, all or none. Errors as
 * those of request_links() and, when the machine lacks something, ERR_ENV. *ret is to be released
 * in any case. */
int api_make_links(
	struct plane *p, const char *body, size_t len, struct link_specs *ret, struct err *err);
void api_error(struct api_reply *ret, unsigned status, const char *text);

#endif
