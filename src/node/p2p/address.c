/* See address.h. */
#include "node/p2p/address.h"

#include <arpa/inet.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

#include "util/mem.h"
#include "util/units.h"

static int set_host(struct address *ret, const char *host, size_t len, struct err *err)
{
	if (len == 0 || len >= sizeof(ret->host))
		return err_set(err, ERR_USAGE, "host of %zu characters", len);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)host[i] <= ' ' || (unsigned char)host[i] >= 0x7f)
			return err_set(err, ERR_USAGE, "host contains an invalid character");
	memcpy(ret->host, host, len);
	ret->host[len] = '\0';
	return 0;
}

static int set_port(struct address *ret, const char *text, size_t len, struct err *err)
{
	char buf[8];
	uint64_t v;

	if (len == 0 || len >= sizeof(buf))
		return err_set(err, ERR_USAGE, "port is not a number from 0 to 65535");
	memcpy(buf, text, len);
	buf[len] = '\0';
	if (units_parse_u64(buf, &v, NULL) || v > UINT16_MAX)
		return err_set(err, ERR_USAGE, "port '%s' is not a number from 0 to 65535", buf);
	ret->port = (uint16_t)v;
	return 0;
}

/* Next segment between slashes; false at the end. */
static bool next_part(const char **p, const char **ret, size_t *ret_len)
{
	if (**p != '/')
		return false;
	*ret = ++*p;
	*ret_len = strcspn(*ret, "/");
	*p += *ret_len;
	return true;
}

static bool part_is(const char *part, size_t len, const char *word)
{
	return strlen(word) == len && memcmp(part, word, len) == 0;
}

static int parse_multiaddr(const char *text, struct address *ret, struct err *err)
{
	static const char *const families[] = { "ip4", "ip6", "dns", "dns4", "dns6" };
	const char *p = text, *part;
	size_t len;
	bool known = false, udp;

	if (!next_part(&p, &part, &len))
		goto bad;
	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		known |= part_is(part, len, families[i]);
	if (!known || !next_part(&p, &part, &len))
		goto bad;
	if (set_host(ret, part, len, err))
		return -1;
	if (!next_part(&p, &part, &len))
		goto bad;
	udp = part_is(part, len, "udp");
	if ((!udp && !part_is(part, len, "tcp")) || !next_part(&p, &part, &len))
		goto bad;
	if (set_port(ret, part, len, err))
		return -1;
	if (udp && (!next_part(&p, &part, &len) || !part_is(part, len, "quic-v1")))
		goto bad;
	if (next_part(&p, &part, &len) &&
		(!part_is(part, len, "p2p") || !next_part(&p, &part, &len) || len == 0))
		goto bad;
	if (*p == '\0')
		return 0;
bad:
	return err_set(err, ERR_USAGE,
		"'%.200s' is no address; expected e.g. 127.0.0.1:3000 or "
		"/ip4/127.0.0.1/tcp/3000",
		text);
}

int address_parse(const char *text, struct address *ret, struct err *err)
{
	const char *colon = strrchr(text, ':');
	size_t len;

	*ret = (struct address){ 0 };
	if (text[0] == '/')
		return parse_multiaddr(text, ret, err);
	if (!colon)
		return err_set(err, ERR_USAGE, "'%.200s' has no port; expected HOST:PORT", text);
	len = (size_t)(colon - text);
	if (len >= 2 && text[0] == '[' && colon[-1] == ']') {
		text++;
		len -= 2;
	} else if (memchr(text, ':', len)) {
		return err_set(
			err, ERR_USAGE, "'%.200s': write an IPv6 address as [ADDR]:PORT", text);
	}
	if (set_host(ret, text, len, err) || set_port(ret, colon + 1, strlen(colon + 1), err))
		return -1;
	return 0;
}

const char *address_text(const struct address *a, char buf[ADDRESS_TEXT])
{
	snprintf(buf, ADDRESS_TEXT, strchr(a->host, ':') ? "[%s]:%u" : "%s:%u", a->host, a->port);
	return buf;
}

bool address_sockaddr(const struct address *a, struct sockaddr_storage *ret, socklen_t *ret_len)
{
	struct sockaddr_in *in = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;

	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, a->host, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(a->port);
		*ret_len = sizeof(*in);
		return true;
	}
	if (inet_pton(AF_INET6, a->host, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(a->port);
		*ret_len = sizeof(*in6);
		return true;
	}
	return false;
}

const char *address_multiaddr(const struct address *a, char buf[ADDRESS_TEXT])
{
	bool v4 = a->host[strspn(a->host, "0123456789.")] == '\0';
	const char *family = strchr(a->host, ':') ? "ip6" : v4 ? "ip4" : "dns4";

	snprintf(buf, ADDRESS_TEXT, "/%s/%s/tcp/%u", family, a->host, a->port);
	return buf;
}

bool address_to_sockaddr(const struct address *a, struct sockaddr_storage *ret, int *ret_len)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(a->port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(a->port) };

	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, a->host, &in.sin_addr) == 1) {
		memcpy(ret, &in, sizeof(in));
		*ret_len = sizeof(in);
		return true;
	}
	if (inet_pton(AF_INET6, a->host, &in6.sin6_addr) == 1) {
		memcpy(ret, &in6, sizeof(in6));
		*ret_len = sizeof(in6);
		return true;
	}
	return false;
}

struct address address_from_sockaddr(const struct sockaddr *sa)
{
	struct address a = { 0 };

	if (sa->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)sa;
		inet_ntop(AF_INET, &in->sin_addr, a.host, sizeof(a.host));
		a.port = ntohs(in->sin_port);
	} else if (sa->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)sa;
		inet_ntop(AF_INET6, &in6->sin6_addr, a.host, sizeof(a.host));
		a.port = ntohs(in6->sin6_port);
	}
	return a;
}

bool address_eq(const struct address *a, const struct address *b)
{
	return a->port == b->port && strcmp(a->host, b->host) == 0;
}

const char *peer_id_text(const struct id32 *pk, char buf[PEER_ID_TEXT])
{
	static const char digits[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
	/* Identity multihash of the protobuf form of an Ed25519 public key. */
	uint8_t raw[38] = { 0x00, 0x24, 0x08, 0x01, 0x12, 0x20 };
	uint8_t base58[PEER_ID_TEXT - 2] = { 0 };
	size_t len = 0;
	char *p = buf;

	memcpy(raw + 6, pk->b, sizeof(pk->b));
	for (size_t i = 0; i < sizeof(raw); i++) {
		unsigned carry = raw[i];
		for (size_t j = 0; j < len || carry; j++) {
			carry += 256u * base58[j];
			base58[j] = (uint8_t)(carry % 58);
			carry /= 58;
			len = MAX(len, j + 1);
		}
	}
	*p++ = digits[0]; /* the leading zero byte */
	while (len)
		*p++ = digits[base58[--len]];
	*p = '\0';
	return buf;
}
