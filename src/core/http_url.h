/*
 * URLs of services that the bench talks to or tells of: is it one, and of the
 * kind that can be used? Pure, any thread.
 */
#ifndef CORE_HTTP_URL_H
#define CORE_HTTP_URL_H

#include <stdbool.h>

#include "util/err.h"

#define HTTP_URL_MAX_BYTES 2048

/*
 * An http or https URL with a host and without a user's name or password, which
 * would be recorded. base: paths will be appended, so no "?" and "#" part.
 * ERR_USAGE says what is wrong and what is expected.
 */
int http_url_check(const char *url, bool base, struct err *err);

#endif
