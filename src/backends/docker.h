/*
 * A client of the Docker Engine API (1.41 and newer; 20.10 on), over its unix
 * socket or TCP, through the net thread. It knows containers, images and
 * labels, nothing of nodes or runs.
 *
 * Which engine: DOCKER_HOST, else the context that DOCKER_CONTEXT or the
 * docker client's config.json names, else /var/run/docker.sock. unix://,
 * tcp:// and http:// are spoken; ssh:// and TLS are refused with the way
 * around them.
 *
 * Blocking calls are for threads other than the net thread; they end with
 * ERR_CANCELLED soon after `cancel` (may be NULL) is set. An engine that
 * cannot be reached or refuses is ERR_ENV, with cause and fix in the text.
 */
#ifndef BACKENDS_DOCKER_H
#define BACKENDS_DOCKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/net.h"
#include "util/cancel.h"
#include "util/err.h"
#include "util/mem.h"
#include "util/strbuf.h"

struct docker;

/* What `docker_open` found. */
struct docker_version {
	char engine[64]; /* "20.10.24" */
	char api[16];    /* the version spoken, "1.41" */
	char os[32], arch[32];
};

/* Finds the engine and negotiates the version. net is borrowed. */
struct docker *docker_open(
	struct net *net, const struct cancel *cancel, struct docker_version *ret, struct err *err);
/* To a known place, as docker_host() gives it: for `ltb clean`. NULL or empty: as docker_open(). */
struct docker *docker_open_at(struct net *net, const char *host, const struct cancel *cancel,
	struct docker_version *ret, struct err *err);
void docker_free(struct docker *d); /* close its streams before; NULL is fine */

/* "unix:///var/run/docker.sock", "tcp://host:2375": what DOCKER_HOST of a child is set to. */
const char *docker_host(const struct docker *d);
/* Where the docker client keeps its settings; caller frees. NULL: there is no home. */
char *docker_config_dir(void);
/* Host name or address where published ports are reached, IPv6 in brackets: "127.0.0.1" for a unix
 * socket. */
const char *docker_published_host(const struct docker *d);

/*
 * One call. path is below the version and begins with '/'. body may be NULL;
 * content_type NULL: JSON; timeout_ns 0: a minute. On a status that is neither
 * 2xx nor 304: ERR_ENV with the engine's own message, explained where the cause
 * is a known one. *ret_status (may be NULL) is set, 0 when there was no answer.
 * The body of an answer of success is appended to ret (may be NULL).
 */
int docker_call(struct docker *d, enum net_method method, const char *path, const void *body,
	size_t len, const char *content_type, uint64_t timeout_ns, const struct cancel *cancel,
	int *ret_status, struct strbuf *ret, struct err *err);
/* A filter by labels (NULL-terminated) as a query parameter: filters={"label":["a=b"]}, encoded. */
void docker_add_label_filter(struct strbuf *path, const char *const *labels);
/*
 * Appends cause and fix to err's text when it is a known complaint of engine
 * or compose client: port taken, no address pool, no space, no such image, no
 * permission, version too new or too old, name in use. Also for their stderr.
 */
void docker_explain(struct err *err);
/* Is text (an error's, or stderr) about a host port that somebody else has? */
bool docker_is_port_taken(const char *text);

/* --- images --- */
/* 1: there (ret: its value of `label`, empty if it has none), 0: not, -1: err. */
int docker_image_label(struct docker *d, const char *image, const char *label, char *ret,
	size_t size, const struct cancel *cancel, struct err *err);
int docker_image_load(
	struct docker *d, const char *tar_path, const struct cancel *cancel, struct err *err);
/* Blocks until it is pulled, without credentials. progress (may be NULL) is called on the net
 * thread, at most once a second. */
int docker_image_pull(struct docker *d, const char *image, uint64_t timeout_ns,
	const struct cancel *cancel, void (*progress)(void *arg, const char *text), void *arg,
	struct err *err);

/* --- containers --- */
struct docker_container {
	char id[65];
	char name[128];
	char state[16]; /* created, running, paused, restarting, removing, exited, dead */
	int64_t pid;    /* 0: not running */
	int exit_code;
	bool oom_killed;
	char error[256]; /* why it could not start; empty: none */
};
int docker_inspect(struct docker *d, const char *id_or_name, const struct cancel *cancel,
	struct docker_container *ret, struct err *err);
/* All with these labels, running or not. ret: names (without '/') and ids, pairwise. */
int docker_list(struct docker *d, const char *const *labels, const struct cancel *cancel,
	struct strlist *ret_names, struct strlist *ret_ids, struct err *err);
/* Start, stop, pause and unpause are fine with one that is so already. */
int docker_start(struct docker *d, const char *id, const struct cancel *cancel, struct err *err);
/* SIGTERM, after the grace (whole seconds, rounded up) SIGKILL. */
int docker_stop(struct docker *d, const char *id, uint64_t grace_ns, const struct cancel *cancel,
	struct err *err);
/* One that does not run is an error. */
int docker_kill(struct docker *d, const char *id, const char *signal, const struct cancel *cancel,
	struct err *err);
int docker_pause(
	struct docker *d, const char *id, bool pause, const struct cancel *cancel, struct err *err);
/* With its anonymous volumes, running or not. One that is gone already is no error. */
int docker_remove(struct docker *d, const char *id, const struct cancel *cancel, struct err *err);

/*
 * Removes all containers, networks and volumes with these labels, until none
 * is found twice in a row: what a killed client had asked for may still come
 * into being. Adds to *ret_removed. What others made is never touched, so a
 * network that they are attached to is an error in the end.
 */
int docker_remove_labelled(struct docker *d, const char *const *labels, const struct cancel *cancel,
	unsigned *ret_removed, struct err *err);

/* --- streams; callbacks on the net thread --- */
struct docker_stream;
/* Ends it; no callback runs after it returns. NULL is fine. Not from its own callback. */
void docker_stream_close(struct docker_stream *s);

/*
 * The stream has ended: err NULL when the engine ended it in order (the
 * container stopped: its logs end, or was removed: its stats end). Called once
 * at most, and possibly before the function that makes the stream returns (net
 * is stopped). The stream is still to be closed by its owner.
 */
typedef void docker_end_fn(void *arg, const struct err *err);

/*
 * Lines of both outputs, NUL-terminated, without the newline and without the engine's framing; one
 * of more than 16 KiB comes in pieces of one and the same time. All that were written since the
 * container was made when since_ns (UNIX time of the engine) is 0. Containers with a terminal (tty)
 * have no framing: an error.
 *
 * To follow ends with the container, or with the engine, and not always with the last line: some
 * engines let a follower go when they note the end of the container before what was written just
 * ahead of it. A line that was not finished by then is not given. What came last is read without
 * `follow`, once the event `die` has come, which an engine sends when it has all that was written.
 * Lines of one output are in the order of their times, as long as the engine's clock is not set
 * back; two outputs may overtake each other.
 */
typedef void docker_log_fn(
	void *arg, bool is_stderr, uint64_t time_ns, const char *line, size_t len);
struct docker_stream *docker_logs(struct docker *d, const char *id, uint64_t since_ns, bool follow,
	docker_log_fn *on_line, docker_end_fn *on_end, void *arg);

struct docker_event {
	char id[65], name[128]; /* of the container, the name from its attributes */
	char action[32];        /* create, start, die, oom, pause, unpause, destroy, kill... */
	int exit_code;          /* of die; else -1 */
	uint64_t time_ns;       /* UNIX time, of the engine */
	/* "key=value", NULL-terminated, beside labels a few of the engine's own; for the callback
	 * only */
	const char *const *labels;
};
typedef void docker_event_fn(void *arg, const struct docker_event *ev);
/* Container events with these labels, from since_ns (UNIX time; 0: now) on. */
struct docker_stream *docker_events(struct docker *d, const char *const *labels, uint64_t since_ns,
	docker_event_fn *on_event, docker_end_fn *on_end, void *arg);

struct docker_stats {
	uint64_t cpu_ns;       /* used since it started */
	uint64_t memory_bytes; /* without the page cache that can go, as in `docker stats` */
	uint64_t memory_limit_bytes;
	bool has_network;
	uint64_t in_bytes, out_bytes; /* all interfaces, since it started */
};
typedef void docker_stats_fn(void *arg, const struct docker_stats *s);
/* One sample a second while it runs, from the second or third second on; a stop is a gap, its end
 * is when the container is removed. An engine that cannot read the control groups sends
 * none of a running one either: no sample does not mean zero. */
struct docker_stream *docker_stats(struct docker *d, const char *id, docker_stats_fn *on_stats,
	docker_end_fn *on_end, void *arg);

/* --- pure, for the streams above; tested and fuzzed by themselves --- */

/* RFC 3339, from 1970 to 2553: "2023-11-14T22:13:20.000000001Z", "...+01:00". false: no such time.
 */
bool docker_parse_time(const char *text, size_t len, uint64_t *ret_ns);

#define DOCKER_TIME_MAX 40

struct docker_log_line {
	struct strbuf text;
	uint64_t time_ns;
};

/* Splits the engine's log framing (8 bytes of header, then a time, a blank and a piece of output)
 * into lines. */
struct docker_demux {
	docker_log_fn *on_line;
	void *arg;
	unsigned char head[8];
	size_t head_len;
	uint32_t left;              /* bytes of the frame still to come */
	unsigned stream;            /* 1 stdout, 2 stderr */
	char time[DOCKER_TIME_MAX]; /* that the frame begins with */
	size_t time_len;
	bool in_text; /* behind it */
	struct docker_log_line line[2];
	bool broken; /* not the framing we know, or a frame without a time: given up */
};
void docker_demux_add(struct docker_demux *x, const char *data, size_t len);
/* Releases; whole: nothing more was written, so that an unfinished line is a line. */
void docker_demux_end(struct docker_demux *x, bool whole);

int docker_parse_event(const char *line, size_t len, struct docker_event *ret,
	struct strlist *ret_labels, struct err *err);
/* 0: a sample, 1: none, because it does not run, -1: err. */
int docker_parse_stats(const char *line, size_t len, struct docker_stats *ret, struct err *err);

#endif
