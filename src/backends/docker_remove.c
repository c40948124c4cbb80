/*
 * Listing and removing by label; see docker.h. What comes back is checked
 * against the labels again before anything is removed: an engine that does not
 * know a filter answers with everything it has.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "backends/docker_priv.h"

#define REMOVE_NS           (120 * NS_PER_S)
#define BETWEEN_ROUNDS_NS   (200 * NS_PER_MS)
#define IDLE_ROUNDS_MAX     150u /* in which nothing could be removed */
#define EMPTY_ROUNDS_NEEDED 2u

/* --- listing ----------------------------------------------------------------------------- */

static const struct kind {
	const char *name;      /* "containers" */
	const char *list_path; /* a filter follows */
	const char *remove_path, *remove_query;
	const char *array; /* member with the list; NULL: the answer itself */
	const char *id;    /* member of each */
} kinds[] = {
	{ "containers", "/containers/json?all=1&", "/containers/", "?force=1&v=1", NULL, "Id" },
	{ "networks", "/networks?", "/networks/", "", NULL, "Id" },
	{ "volumes", "/volumes?", "/volumes/", "?force=1", "Volumes", "Name" },
};

static bool has_labels(const cJSON *item, const char *const *labels)
{
	const cJSON *have = json_get(item, "Labels");
	for (size_t i = 0; labels[i]; i++) {
		size_t n = strcspn(labels[i], "=");
		CLEANUP_FREE char *key = xstrndup(labels[i], n);
		const char *value = json_get_str(have, key);
		if (!value || (labels[i][n] == '=' && strcmp(value, labels[i] + n + 1) != 0))
			return false;
	}
	return true;
}

static const char *name_of(const cJSON *item)
{
	const char *name = json_get_str(item, "Name");
	const cJSON *names = json_get(item, "Names");
	if (!name && cJSON_IsArray(names) && names->child)
		name = json_as_str(names->child);
	if (!name)
		return "";
	return *name == '/' ? name + 1 : name;
}

static int list_kind(struct docker *d, const struct kind *k, const char *const *labels,
	const struct cancel *cancel, struct strlist *ret_names, struct strlist *ret_ids,
	struct err *err)
{
	CLEANUP_STRBUF struct strbuf path = { 0 };
	char what[40];
	if (!labels || !labels[0])
		return err_set(err, ERR_INTERNAL, "%s of no label are asked for", k->name);
	strbuf_adds(&path, k->list_path);
	docker_add_label_filter(&path, labels);
	snprintf(what, sizeof(what), "list %s", k->name);
	CLEANUP_JSON cJSON *j = docker_get(d, what, path.buf, cancel, NULL, err);
	if (!j)
		return -1;
	const cJSON *list = k->array ? json_get(j, k->array) : j;
	if (k->array && (!list || cJSON_IsNull(list)))
		return 0;
	if (!cJSON_IsArray(list))
		return err_set(err, ERR_ENV, "Docker engine: %s: an answer that is no list", what);
	json_each (item, list) {
		const char *id = json_get_str(item, k->id);
		if (!id || !*id || !has_labels(item, labels))
			continue;
		if (ret_names)
			strlist_add(ret_names, name_of(item));
		strlist_add(ret_ids, id);
	}
	return 0;
}

int docker_list(struct docker *d, const char *const *labels, const struct cancel *cancel,
	struct strlist *ret_names, struct strlist *ret_ids, struct err *err)
{
	return list_kind(d, &kinds[0], labels, cancel, ret_names, ret_ids, err);
}

/* --- removing many at a time --------------------------------------------------------------------
 */

struct batch;
struct removal {
	struct batch *batch;
	uint64_t request;
	int status; /* 0: none */
	char message[DOCKER_MESSAGE_MAX];
	struct err err;
};

struct batch {
	struct wake wake; /* all have been answered */
	pthread_mutex_t lock;
	size_t pending;
};

static void removed(const struct net_response *r, void *arg)
{
	struct removal *m = arg;
	m->status = r->status;
	if (r->status)
		docker_message(r->status, r->body, r->len, m->message, sizeof(m->message));
	else
		m->err = *r->err;
	pthread_mutex_lock(&m->batch->lock);
	bool last = --m->batch->pending == 0;
	pthread_mutex_unlock(&m->batch->lock);
	if (last)
		wake_signal(&m->batch->wake);
}

static void send_removal(struct docker *d, const struct kind *k, const char *id, struct removal *m)
{
	CLEANUP_STRBUF struct strbuf url = { 0 };
	strbuf_addf(&url, "%s%s%s", d->place.base, d->version_path, k->remove_path);
	docker_add_escaped(&url, id);
	strbuf_adds(&url, k->remove_query);
	const struct net_request req = {
		.method = NET_DELETE,
		.url = url.buf,
		.unix_socket = d->place.socket[0] ? d->place.socket : NULL,
		.timeout_ns = REMOVE_NS,
		.on_done = removed,
		.arg = m,
	};
	m->request = net_send(d->net, &req);
}

/* What the answers say: adds to *ret_removed; why gets the last complaint. */
static int sum_up(struct docker *d, const struct removal *all, size_t n, unsigned *ret_removed,
	char *why, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		const struct removal *m = &all[i];
		if (!m->status)
			return docker_unreachable(&d->place, &m->err, err);
		if (m->status / 100 == 2)
			++*ret_removed;
		else if (m->status != 404)
			memcpy(why, m->message, DOCKER_MESSAGE_MAX);
	}
	return 0;
}

static int remove_all(struct docker *d, const struct kind *k, const struct strlist *ids,
	const struct cancel *cancel, unsigned *ret_removed, char *why, struct err *err)
{
	if (ids->len == 0)
		return 0;
	CLEANUP_FREE struct removal *all = xcalloc(ids->len, sizeof(*all));
	struct batch b = { .pending = ids->len };
	wake_init(&b.wake);
	pthread_mutex_init(&b.lock, NULL);
	for (size_t i = 0; i < ids->len; i++) {
		all[i].batch = &b;
		send_removal(d, k, ids->items[i], &all[i]);
	}
	bool cancelled = clock_wait(d->clock, &b.wake, cancel, CLOCK_NEVER) == CLOCK_CANCELLED;
	for (size_t i = 0; i < ids->len; i++)
		net_cancel(d->net, all[i].request);
	wake_release(&b.wake);
	pthread_mutex_destroy(&b.lock);
	if (cancelled)
		return err_set(err, ERR_CANCELLED, "removing %s: cancelled", k->name);
	return sum_up(d, all, ids->len, ret_removed, why, err);
}

/* One look at everything. *ret_found: how many there were. */
static int remove_round(struct docker *d, const char *const *labels, const struct cancel *cancel,
	size_t *ret_found, unsigned *ret_removed, char *why, struct err *err)
{
	*ret_found = 0;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct strlist ids = { 0 };
		int rc = list_kind(d, &kinds[i], labels, cancel, NULL, &ids, err);
		if (rc == 0)
			rc = remove_all(d, &kinds[i], &ids, cancel, ret_removed, why, err);
		*ret_found += ids.len;
		strlist_release(&ids);
		if (rc != 0)
			return -1;
	}
	return 0;
}

int docker_remove_labelled(struct docker *d, const char *const *labels, const struct cancel *cancel,
	unsigned *ret_removed, struct err *err)
{
	char why[DOCKER_MESSAGE_MAX] = "";
	unsigned empty = 0, idle = 0;
	for (;;) {
		unsigned before = *ret_removed;
		size_t found;
		if (remove_round(d, labels, cancel, &found, ret_removed, why, err) != 0)
			return -1;
		empty = found == 0 ? empty + 1 : 0;
		idle = *ret_removed == before && found > 0 ? idle + 1 : 0;
		if (empty == EMPTY_ROUNDS_NEEDED)
			return 0;
		if (idle == IDLE_ROUNDS_MAX) {
			CLEANUP_FREE char *what = xasprintf(
				"remove what is labelled %s (%zu are left)", labels[0], found);
			return docker_refused(what, 0, why, strlen(why), err);
		}
		if (docker_pause_between(d, BETWEEN_ROUNDS_NS, cancel, err) != 0)
			return -1;
	}
}
