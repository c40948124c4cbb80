/* See listen.h. */
#include "node/listen.h"

#include <sys/socket.h>

#include <event2/event.h>

#define BACKLOG 128

struct evconnlistener *listen_on(struct event_base *base, struct address *addr, const char *option,
	const char *purpose, evconnlistener_cb cb, void *arg, struct err *err)
{
	char text[ADDRESS_TEXT];
	struct sockaddr_storage ss;
	socklen_t len;

	address_text(addr, text);
	if (!address_sockaddr(addr, &ss, &len)) {
		err_set(err, ERR_USAGE, "%s %s: not a numeric address", option, text);
		return NULL;
	}
	struct evconnlistener *l = evconnlistener_new_bind(base, cb, arg,
		LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, BACKLOG,
		(struct sockaddr *)&ss, (int)len);
	if (!l) {
		err_errno(err, ERR_ENV,
			"cannot listen on %s for %s (take another port with %s, or port 0 for any free "
			"one)",
			text, purpose, option);
		return NULL;
	}
	len = sizeof(ss);
	if (getsockname(evconnlistener_get_fd(l), (struct sockaddr *)&ss, &len) == 0)
		addr->port = address_from_sockaddr((struct sockaddr *)&ss).port;
	return l;
}
