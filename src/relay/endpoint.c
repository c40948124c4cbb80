/* See endpoint.h. */
#include "relay/endpoint.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "util/units.h"

static bool is_host_char(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '.' || c == '-' || c == '_' || c == ':' || c == '%';
}

static int set_host(struct endpoint *e, const char *host, size_t len, struct err *err)
{
	if (len == 0 || len >= sizeof(e->host))
		return err_set(err, ERR_USAGE, "a host has 1 to %d characters, not %zu",
			ENDPOINT_HOST - 1, len);
	for (size_t i = 0; i < len; i++)
		if (!is_host_char((unsigned char)host[i]))
			return err_set(err, ERR_USAGE, "the host contains an invalid character");
	memcpy(e->host, host, len);
	e->host[len] = '\0';
	return 0;
}

static void set_address(struct endpoint *e)
{
	struct sockaddr_any *a = &e->addr;

	if (inet_pton(AF_INET, e->host, &a->u.in.sin_addr) == 1) {
		a->u.in.sin_family = AF_INET;
		a->len = sizeof(a->u.in);
	} else if (inet_pton(AF_INET6, e->host, &a->u.in6.sin6_addr) == 1) {
		a->u.in6.sin6_family = AF_INET6;
		a->len = sizeof(a->u.in6);
	}
	endpoint_set_port(e, e->port);
}

int endpoint_parse(const char *text, struct endpoint *ret, struct err *err)
{
	const char *colon = strrchr(text, ':');
	uint64_t port;
	size_t len;

	memset(ret, 0, sizeof(*ret));
	if (!colon)
		return err_set(err, ERR_USAGE, "'%.200s' has no port; expected HOST:PORT", text);
	len = (size_t)(colon - text);
	if (len >= 2 && text[0] == '[' && colon[-1] == ']') {
		text++;
		len -= 2;
	} else if (memchr(text, ':', len)) {
		return err_set(err, ERR_USAGE,
			"'%.200s': an IPv6 address is written as [ADDRESS]:PORT", text);
	}
	if (set_host(ret, text, len, err))
		return -1;
	if (strlen(colon + 1) > 5 || units_parse_u64(colon + 1, &port, NULL) || port > UINT16_MAX)
		return err_set(
			err, ERR_USAGE, "port '%.20s' is not a number from 0 to 65535", colon + 1);
	ret->port = (uint16_t)port;
	set_address(ret);
	if (ret->addr.len == 0 && strchr(ret->host, ':'))
		return err_set(err, ERR_USAGE, "'%.200s' is no IPv6 address", ret->host);
	return 0;
}

const char *endpoint_text(const struct endpoint *e, char buf[ENDPOINT_TEXT])
{
	snprintf(buf, ENDPOINT_TEXT, strchr(e->host, ':') ? "[%s]:%u" : "%s:%u", e->host, e->port);
	return buf;
}

bool endpoint_eq(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && strcmp(a->host, b->host) == 0;
}

void endpoint_set_port(struct endpoint *e, uint16_t port)
{
	e->port = port;
	if (e->addr.len == sizeof(e->addr.u.in6))
		e->addr.u.in6.sin6_port = htons(port);
	else if (e->addr.len)
		e->addr.u.in.sin_port = htons(port);
}

uint16_t sockaddr_port(const struct sockaddr_any *a)
{
	return ntohs(a->u.sa.sa_family == AF_INET6 ? a->u.in6.sin6_port : a->u.in.sin_port);
}
