/*
 * HOST:PORT as text and as a socket address. Numbers are turned into an address
 * once, here; names are left to resolve.h, at each connection. Pure, any thread.
 */
#ifndef RELAY_ENDPOINT_H
#define RELAY_ENDPOINT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "util/err.h"

#define ENDPOINT_HOST 254 /* bytes of a host, NUL included */
#define ENDPOINT_TEXT 264 /* bytes of any text made from an endpoint */

/* A socket address of IPv4 or IPv6, as small as can be. */
struct sockaddr_any {
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} u;
	socklen_t len; /* 0: none */
};

struct endpoint {
	char host[ENDPOINT_HOST]; /* IPv6 without brackets */
	uint16_t port;
	struct sockaddr_any addr; /* none when the host is a name */
};

/* "HOST:PORT" or "[V6]:PORT". ERR_USAGE with what is wrong. */
int endpoint_parse(const char *text, struct endpoint *ret, struct err *err);
const char *endpoint_text(const struct endpoint *e, char buf[ENDPOINT_TEXT]);
bool endpoint_eq(const struct endpoint *a, const struct endpoint *b);
void endpoint_set_port(struct endpoint *e, uint16_t port);
uint16_t sockaddr_port(const struct sockaddr_any *a);

#endif
