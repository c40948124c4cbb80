/*
 * Addresses and identities of peers as text. Pure, any thread.
 */
#ifndef NODE_P2P_ADDRESS_H
#define NODE_P2P_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <sys/socket.h>

#include "util/err.h"
#include "util/hex.h"

#define ADDRESS_TEXT 280 /* bytes for any text made from an address, NUL included */
#define PEER_ID_TEXT 64

struct address {
	char host[254]; /* numeric or a name; IPv6 without brackets */
	uint16_t port;
};

/*
 * "HOST:PORT", "[V6]:PORT", or a multiaddr: /ip4|ip6|dns|dns4|dns6/HOST/tcp/PORT or
 * .../udp/PORT/quic-v1, each with or without /p2p/ID behind it. The transport is not
 * kept: this node dials TCP.
 */
int address_parse(const char *text, struct address *ret, struct err *err);
const char *address_text(const struct address *a, char buf[ADDRESS_TEXT]); /* HOST:PORT */
const char *address_multiaddr(const struct address *a, char buf[ADDRESS_TEXT]);
/* For bind() and connect(); false when the host is a name, not a number. */
bool address_sockaddr(const struct address *a, struct sockaddr_storage *ret, socklen_t *ret_len);
/* Numeric hosts only. */
bool address_to_sockaddr(const struct address *a, struct sockaddr_storage *ret, int *ret_len);
/* Zero for anything but IPv4 and IPv6. */
struct address address_from_sockaddr(const struct sockaddr *sa);
bool address_eq(const struct address *a, const struct address *b);

/* libp2p's form for an Ed25519 key, "12D3KooW...". */
const char *peer_id_text(const struct id32 *pk, char buf[PEER_ID_TEXT]);

#endif
