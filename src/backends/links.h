/*
 * The links between a backend's nodes when they may be shaped: an ltb-relay
 * stands between the nodes, and this talks to its control API (ltb-relay(8)).
 * How the relay is started and where it listens is the backend's business. A
 * link is named for the nodes that dial and listen; a rule is for what flows
 * from one node to another one, whoever dialled. Runner's thread,
 * but for links_relay_ended().
 */
#ifndef BACKENDS_LINKS_H
#define BACKENDS_LINKS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/backend.h"
#include "util/strbuf.h"

#define RELAY_PROGRAM "ltb-relay"
#define RELAY_NAME    "relay" /* of its service, its directory and its log */

enum links_mode { LINKS_AUTO, LINKS_RELAY, LINKS_DIRECT };
extern const char *const links_modes[]; /* for the option "links" */
#define LINKS_HELP \
	"how nodes reach each other: through ltb-relay, so that links can be shaped, or " \
	"directly; auto: by the relay when a workload, or somebody at the keys, may do that"
bool links_wanted(enum links_mode mode, const struct backend_env *env);

#define LINKS_TOKEN 33 /* with its end */

struct links {
	const struct backend_env *env;
	char url[128]; /* of the control API; empty: there is no relay */
	char token[LINKS_TOKEN];
	bool hangs;        /* it did not answer in time, once */
	atomic_bool ended; /* links_relay_ended() */
};

struct links_link {
	const char *from, *to; /* names of the nodes */
	bool udp;
	char listen[80]; /* "127.0.0.1:0"; links_put() fills in the port */
	char target[128];
};

void links_new_token(char ret[LINKS_TOKEN]);
/* The body of PUT /links, which `ltb-relay --links` takes as well. */
void links_to_json(const struct links_link *list, size_t n, struct strbuf *out);
/* Makes links, all or none; of one that is there already, it changes the target. */
int links_put(struct links *l, struct links_link *list, size_t n, struct err *err);
/* Sets the rule between two nodes, one way. ERR_UNSUPPORTED without a relay; no link between
 * them: 0, as nothing flows there. */
int links_rule(struct links *l, const char *from, const char *to, const struct link_rule *rule,
	struct err *err);
/* The relay is no more, which ends the run (env->broken). how: "ended (exit 3)". Any thread. */
void links_relay_ended(struct links *l, const char *how);
/* Waits until the control API answers, or the relay has ended, for which wake is signalled. */
int links_wait(const struct links *l, struct wake *wake, struct err *err);

#endif
