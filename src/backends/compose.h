/*
 * Inside of the compose backend: what its files share. compose.c places and
 * checks, compose_file.c writes compose.yaml, compose_client.c runs Docker
 * Compose, compose_image.c sees to the image, compose_node.c takes single
 * containers through their lives, compose_watch.c is the thread that sees what
 * happens to them, compose_logs.c reads what they write, compose_relay.c has
 * the relay between them, compose_clean.c removes what a dead run left.
 */
#ifndef BACKENDS_COMPOSE_H
#define BACKENDS_COMPOSE_H

#include <pthread.h>
#include <stdatomic.h>

#include "backends/docker.h"
#include "backends/links.h"
#include "backends/node_base.h"
#include "core/backend.h"
#include "core/log_file.h"
#include "util/mem.h"
#include "util/wake.h"

#define COMPOSE_IMAGE        "logos-testbench:local"
#define COMPOSE_LABEL_RUN    "org.logos.testbench.run"
#define COMPOSE_LABEL_STACK  "org.logos.testbench.stack" /* the project: unique, unlike run ids */
#define COMPOSE_LABEL_NODE   "org.logos.testbench.node"
#define COMPOSE_JOURNAL_KIND "compose"
#define COMPOSE_IMAGE_DIR    "image.tmp" /* in RUN, while an image is made */
#define COMPOSE_CONFIG_DIR   "/config"   /* in the container: RUN/nodes/NAME, read-only */
#define COMPOSE_STATE_DIR    "/data"     /* in the container: a volume */
#define COMPOSE_RELAY_PORT   9100        /* in the container: the relay's control API */

enum compose_client { COMPOSE_CLIENT_AUTO, COMPOSE_CLIENT_V2, COMPOSE_CLIENT_V1 };

struct compose_config {
	char *program, *host, *host_gateway, *subnet;
	int client, log_level, links; /* links: enum links_mode */
	uint64_t stop_grace_ns, http_timeout_ns, first_port, memory_bytes, log_max_bytes;
	double cpus;
	bool read_only;
};

struct compose_node {
	struct node_base base;
	struct compose *c;
	char *container, *volume;
	struct strlist peers; /* "n1:3000" */

	/* runner thread only */
	uint16_t port; /* of the API, on the host */

	/* compose->lock */
	bool paused, coming; /* coming: somebody else started it */
	bool want_streams;   /* it was started, its output is to be read */
	bool fresh;          /* it was just started: its streams are opened without delay */
	/* the engine said so; died: not dealt with yet; killed: by a call to the engine */
	bool died, oom, killed;
	bool died_unseen; /* while the engine was away */
	int exit_code;
	struct strbuf pending;         /* output not written to the log file yet */
	uint64_t pending_lost;         /* lines that did not fit */
	struct node_log_mark marks[2]; /* of stdout and stderr */
	/* its reading has ended, without an order; it brought something new */
	bool logs_ended, logs_failed, logs_news;
	uint64_t words_until_ns; /* how long its end waits for its last words; clock */
	bool stats_ended;
	struct docker_stats stats; /* the latest, a second old at most */
	bool has_stats;
	uint64_t stats_at_ns;
	double cpu; /* share of a core between the latest two; < 0: not known */

	/* watch thread only */
	struct docker_stream *logs, *stats_stream;
	struct log_file log;
	bool logs_rest; /* logs is about what is left after its end */
	/* its ends: all, those before logs was opened, those with all their words */
	unsigned ends, ends_reading, ends_read;
	uint64_t ended_at_ns;
	bool gone; /* the engine has removed the container */
	uint64_t logs_at_ns, stats_at_next_ns;
};

struct compose {
	const struct backend_env *env;
	const struct compose_config *config;
	struct docker *docker;
	char *project, *file; /* unique name; RUN/compose.yaml */
	char *image;
	bool own_image;
	enum compose_client client_kind;
	char *client;        /* the program */
	const char *publish; /* address that ports are bound to */
	char *host;          /* where they are reached */
	uint64_t genesis_time_ms;
	bool prepared, may_be_left;
	bool relayed; /* nodes reach each other through the relay */
	char *relay_container;
	char *relay_subnet;  /* that nodes' networks are parts of; NULL: the engine chooses each */
	uint16_t relay_port; /* of its control API, on this machine */
	VEC(struct links_link) relay_links;
	struct links links;
	struct strlist labels; /* that everything of this run carries; for filters */
	struct wake wake;      /* something happened that the runner may wait for */

	pthread_mutex_t lock;
	/* changed by the runner thread under the lock; others read under it */
	VEC(struct compose_node *) nodes;
	bool engine_away;              /* watch thread writes under the lock */
	struct node_log_budget budget; /* net thread */

	/* compose_watch.c */
	pthread_t thread;
	bool thread_runs;
	atomic_bool stopping;
	bool drain; /* valid once stopping is set */
	struct wake watch_wake;
	struct docker_stream *events;
	bool events_ended;                     /* lock */
	uint64_t events_since_ns;              /* lock; UNIX time of the last event */
	uint64_t events_at_ns;                 /* watch thread: when to try again */
	struct compose_news *news, **news_end; /* lock; not dealt with yet */
};

extern const char *const compose_log_levels[];

/* --- compose_file.c: pure but for the file it writes --- */
void compose_file_text(const struct compose *c, struct strbuf *out);
int compose_file_write(const struct compose *c, struct err *err);

/* --- compose_client.c --- */
/* Finds Docker Compose. text: what was found. */
int compose_client_find(enum compose_client wanted, enum compose_client *ret_kind, char **ret_path,
	char *text, size_t size, struct err *err);
/* Runs it on this run's file and project; its output goes to RUN/logs/compose.log. */
int compose_client_run(struct compose *c, const char *const *args, uint64_t timeout_ns,
	const struct cancel *cancel, struct err *err);

/* --- compose_image.c --- */
/* Builds, pulls or finds the image. */
int compose_image_ensure(struct compose *c, struct err *err);

/* --- compose_node.c; runner's thread --- */
struct compose_node *compose_node_new(struct compose *c, unsigned index);
void compose_node_free(struct compose_node *n);
void compose_node_spec(const struct compose_node *n, struct flavour_node *ret);
int compose_node_write_config(struct compose_node *n, struct err *err);
/* Starts all of them side by side; another port when the one of a node is taken. */
int compose_start(struct compose *c, struct compose_node *const *nodes, size_t n, struct err *err);
int compose_wait_up(
	struct compose *c, struct compose_node *const *nodes, size_t n, struct err *err);
/* Ends them side by side, grace_ns 0: at once, and waits until that was told. */
int compose_end(struct compose *c, struct compose_node *const *nodes, size_t n, uint64_t grace_ns,
	const struct cancel *cancel, struct err *err);
/*
 * A port of the host that is free now and lies outside of what the kernel gives to clients; not
 * the one that is in *port. nth: services begin at different places.
 */
int compose_choose_port(struct compose *c, size_t nth, uint16_t *port, struct err *err);
/* That of a node, where the settings may say which. */
int compose_choose_node_port(struct compose *c, struct compose_node *n, struct err *err);

/* --- compose_relay.c; nothing without a relay (c->relayed) --- */
/* Where `from` finds a peer: "relay:10000", for which a link is noted, or "n1:3000". NULL: too
 * many links. to must live as long as c. */
const char *compose_relay_peer(
	struct compose *c, struct compose_node *from, const char *to, char *buf, size_t size);
int compose_relay_write(
	const struct compose *c, struct err *err); /* links and token, for the relay */
/* Before any node is made. */
void compose_relay_init(struct compose *c);
/* The part of the subnet that a node has; empty: the engine chooses. */
int compose_relay_subnet(
	const struct compose *c, unsigned index, char *buf, size_t size, struct err *err);
/* Starts it, with the links that were noted, and waits until it answers. */
int compose_relay_start(struct compose *c, struct err *err);
/* Lets it reach an added node, and makes the links from first_link on. */
int compose_relay_add(
	struct compose *c, const struct compose_node *n, size_t first_link, struct err *err);
/* when: "", or " while the Docker engine was away". Watch thread. */
void compose_relay_ended(struct compose *c, int exit_code, const char *when);
void compose_relay_end(struct compose *c, bool force);
void compose_relay_release(struct compose *c);

/* --- compose_logs.c; watch thread --- */
/* The end of a node is told with its last words, unless nothing came for so long. */
#define COMPOSE_LAST_WORDS_NS (10 * NS_PER_S)
/* Opens and closes what is to be read; at_once: without the pause between tries. */
void compose_logs_serve(struct compose_node *n, bool at_once);
/* Whether it has ended, and not all of what it wrote was read. */
bool compose_logs_owed(const struct compose_node *n);
/* What is owed is not to be had: the log says so. */
void compose_logs_give_up(struct compose_node *n, const char *why);
void compose_logs_flush(struct compose_node *n); /* to the log file */
void compose_logs_close(struct compose_node *n);

/* --- compose_watch.c --- */
int compose_watch_start(struct compose *c, struct err *err);
/* Ends the thread; drain: once all output of the containers, which have ended, was read. */
void compose_watch_stop(struct compose *c, bool drain);

/* --- compose_clean.c --- */
int compose_clean(const char *run_dir, unsigned *ret_removed, struct err *err);

#endif
