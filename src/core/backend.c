/* Names and defaults of the backend contract; see backend.h. Pure. */
#include "core/backend.h"

#include <stdio.h>

#include "util/mem.h"

const char *node_op_name(enum node_op op)
{
	static const char *const names[NODE_OP_COUNT] = {
		[NODE_OP_START] = "start",
		[NODE_OP_STOP] = "stop",
		[NODE_OP_KILL] = "kill",
		[NODE_OP_RESTART] = "restart",
		[NODE_OP_KILL_RESTART] = "kill-restart",
		[NODE_OP_PAUSE] = "pause",
		[NODE_OP_RESUME] = "resume",
		[NODE_OP_ADD] = "add",
		[NODE_OP_REMOVE] = "remove",
	};
	return (unsigned)op < NODE_OP_COUNT ? names[op] : "?";
}

const char *backend_caps_text(unsigned caps, char *buf, size_t size)
{
	static const struct {
		unsigned cap;
		const char *name;
	} names[] = {
		{ BACKEND_RESTART, "restart" },
		{ BACKEND_KILL, "kill" },
		{ BACKEND_PAUSE, "pause" },
		{ BACKEND_ADD, "add" },
		{ BACKEND_REMOVE, "remove" },
		{ BACKEND_LINKS, "links" },
		{ BACKEND_CLOCK, "clock" },
		{ BACKEND_LOGS, "logs" },
		{ BACKEND_USAGE, "usage" },
		{ BACKEND_VIRTUAL, "virtual" },
	};
	size_t len = 0;
	if (size > 0)
		buf[0] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (!(caps & names[i].cap) || len >= size)
			continue;
		int n = snprintf(buf + len, size - len, "%s%s", len ? ", " : "", names[i].name);
		len += n > 0 ? (size_t)n : 0;
	}
	return buf;
}

const struct net_handler *backend_no_handler(struct backend *b)
{
	(void)b;
	return NULL;
}

int backend_no_link(struct backend *b, unsigned from, unsigned to, const struct link_rule *rule,
	struct err *err)
{
	(void)from;
	(void)to;
	(void)rule;
	return err_set(err, ERR_UNSUPPORTED, "backend %s cannot shape links", b->ops->name);
}

void backend_no_usage(struct backend *b, unsigned node, struct node_usage *ret)
{
	(void)b;
	(void)node;
	*ret = (struct node_usage){ .cpu = -1 };
}
