/* See plane.h. */
#include "relay/plane.h"

#include <stdio.h>
#include <string.h>

#include "relay/tcp.h"
#include "relay/udp.h"
#include "util/clock.h"
#include "util/log.h"

#define TIDY_EVERY_NS   (5 * NS_PER_S)
#define ACCEPT_AGAIN_NS (100 * NS_PER_MS)
#define SPARE_FDS       192 /* for the API's connections, names, files */

/* --- what is wanted ------------------------------------------------------------------- */

void link_spec_release(struct link_spec *s)
{
	free(s->id);
	free(s->from);
	free(s->to);
	strlist_release(&s->groups);
	*s = (struct link_spec){ 0 };
}

void rule_change_release(struct rule_change *c)
{
	strlist_release(&c->links);
	strlist_release(&c->from);
	strlist_release(&c->to);
	strlist_release(&c->groups);
}

/* --- directions ----------------------------------------------------------------------- */

static const char *path_key(const char *from, const char *to, char buf[2 * NAME_MAX_CHARS + 2])
{
	snprintf(buf, 2 * NAME_MAX_CHARS + 2, "%s>%s", from, to);
	return buf;
}

static struct path *path_find(const struct plane *p, const char *from, const char *to)
{
	char key[2 * NAME_MAX_CHARS + 2];

	path_key(from, to, key);
	return map_get(p->paths, key, strlen(key));
}

static struct path *path_join(struct plane *p, const char *from, const char *to, struct link *l)
{
	struct path *path = path_find(p, from, to);
	char key[2 * NAME_MAX_CHARS + 2];

	if (!path) {
		path = xcalloc(1, sizeof(*path));
		path->from = xstrdup(from);
		path->to = xstrdup(to);
		path->neutral = true;
		path_key(from, to, key);
		shaper_init(&path->shaper, p->seed, key);
		map_put(p->paths, key, strlen(key), path);
	}
	vec_push(&path->links, l);
	return path;
}

static void path_leave(struct plane *p, struct path *path, const struct link *l)
{
	char key[2 * NAME_MAX_CHARS + 2];

	for (size_t i = 0; i < path->links.len; i++) {
		if (path->links.items[i] == l) {
			path->links.items[i] = path->links.items[--path->links.len];
			break;
		}
	}
	if (path->links.len)
		return;
	path_key(path->from, path->to, key);
	map_take(p->paths, key, strlen(key));
	vec_free(&path->links);
	free(path->from);
	free(path->to);
	free(path);
}

/* --- links ---------------------------------------------------------------------------- */

static void link_free(struct link *l)
{
	if (l->kind == LINK_TCP)
		tcp_close_all(l);
	else
		udp_close_all(l);
	watch_close(&l->watch);
	l->plane->used_fds--;
	path_leave(l->plane, l->path[FORWARD], l);
	path_leave(l->plane, l->path[BACKWARD], l);
	map_free(l->sessions);
	strlist_release(&l->groups);
	free(l->id);
	loop_free_later(l->plane->loop, l);
}

static void copy_groups(struct strlist *to, const struct strlist *from)
{
	strlist_release(to);
	*to = (struct strlist){ 0 };
	for (size_t i = 0; i < from->len; i++)
		strlist_add(to, from->items[i]);
}

/* Is the spec one of the link that is there, but for target and groups? */
static int check_same(const struct link *l, const struct link_spec *s, struct err *err)
{
	bool same_listen = strcmp(l->listen.host, s->listen.host) == 0 &&
			   (s->listen.port == 0 || s->listen.port == l->listen.port);

	if (l->kind == s->kind && same_listen && strcmp(l->path[FORWARD]->from, s->from) == 0 &&
		strcmp(l->path[FORWARD]->to, s->to) == 0)
		return 0;
	return err_set(err, ERR_USAGE,
		"link '%s' is there already with another kind, nodes or listening address; only "
		"target, groups and rule can change: delete it first",
		s->id);
}

static struct link *link_new(struct plane *p, const struct link_spec *s, struct err *err)
{
	struct link *l = xcalloc(1, sizeof(*l));
	char text[ENDPOINT_TEXT];

	l->plane = p;
	l->kind = s->kind;
	l->listen = s->listen;
	l->target = s->target;
	l->watch.fd = -1;
	int rc = s->kind == LINK_TCP ? tcp_listen(l, err) : udp_listen(l, err);
	if (rc == 0)
		rc = loop_watch(p->loop, &l->watch, err);
	if (rc) {
		err_prefix(err, "link '%s' on %s", s->id, endpoint_text(&s->listen, text));
		watch_close(&l->watch);
		map_free(l->sessions);
		free(l);
		return NULL;
	}
	l->id = xstrdup(s->id);
	copy_groups(&l->groups, &s->groups);
	l->path[FORWARD] = path_join(p, s->from, s->to, l);
	l->path[BACKWARD] = path_join(p, s->to, s->from, l);
	map_put(p->links, l->id, strlen(l->id), l);
	p->used_fds++;
	return l;
}

static void link_update(struct link *l, const struct link_spec *s)
{
	bool moved = !endpoint_eq(&l->target, &s->target);

	l->target = s->target;
	copy_groups(&l->groups, &s->groups);
	if (moved && l->kind == LINK_UDP)
		udp_target_changed(l);
}

static int check_room(const struct plane *p, size_t n_new, struct err *err)
{
	size_t links = map_len(p->links) + n_new;

	if (links > LINKS_MAX)
		return err_set(
			err, ERR_LIMIT, "%zu links, at most %d are possible", links, LINKS_MAX);
	/* Two for a connection on each, or they would be of no use. */
	if (links * 3 + SPARE_FDS > p->max_fds)
		return err_set(err, ERR_LIMIT,
			"%zu links want %zu file descriptors, but no more than %zu are allowed; raise the "
			"hard limit (ulimit -Hn, LimitNOFILE=, ulimits: of the container)",
			links, links * 3 + SPARE_FDS, p->max_fds);
	return 0;
}

static int check_specs(
	const struct plane *p, const struct link_spec *specs, size_t n, struct err *err)
{
	struct map *seen = map_new(NULL);
	size_t n_new = 0;
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		const struct link_spec *s = &specs[i];
		const struct link *old = plane_link(p, s->id);

		if (map_get(seen, s->id, strlen(s->id)))
			rc = err_set(err, ERR_USAGE, "link '%s' is given twice", s->id);
		else if (old)
			rc = check_same(old, s, err);
		else
			n_new++;
		map_put(seen, s->id, strlen(s->id), s->id);
	}
	map_free(seen);
	return rc ? rc : check_room(p, n_new, err);
}

static void link_delete(struct plane *p, struct link *l)
{
	map_take(p->links, l->id, strlen(l->id));
	link_free(l);
}

static void path_set_rule(struct path *path, const struct rule *r)
{
	path->rule = *r;
	path->neutral = rule_is_neutral(r);
	path->changed = true;
	shaper_rule_changed(&path->shaper, loop_now());
}

static int apply_changed(const void *key, size_t len, void *value, void *arg)
{
	struct link *l = value;

	(void)key;
	(void)len;
	(void)arg;
	if (!l->path[FORWARD]->changed && !l->path[BACKWARD]->changed)
		return 0;
	if (l->kind == LINK_TCP)
		tcp_rules_changed(l);
	else
		udp_rules_changed(l);
	return 0;
}

static int forget_changed(const void *key, size_t len, void *value, void *arg)
{
	(void)key;
	(void)len;
	(void)arg;
	((struct path *)value)->changed = false;
	return 0;
}

static void apply_rules(struct plane *p)
{
	map_each(p->links, apply_changed, NULL);
	map_each(p->paths, forget_changed, NULL);
}

int plane_put_links(struct plane *p, const struct link_spec *specs, size_t n, struct err *err)
{
	VEC(struct link *) made = { 0 };

	if (check_specs(p, specs, n, err))
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (plane_link(p, specs[i].id))
			continue;
		struct link *l = link_new(p, &specs[i], err);
		if (!l) {
			for (size_t j = 0; j < made.len; j++)
				link_delete(p, made.items[j]);
			vec_free(&made);
			return -1;
		}
		vec_push(&made, l);
	}
	for (size_t i = 0; i < n; i++) {
		struct link *l = map_get(p->links, specs[i].id, strlen(specs[i].id));

		link_update(l, &specs[i]);
		if (specs[i].has_rule)
			path_set_rule(l->path[FORWARD], &specs[i].rule);
	}
	apply_rules(p);
	/* A new one may be between nodes that have a rule already. */
	for (size_t i = 0; i < made.len; i++)
		if (made.items[i]->kind == LINK_TCP)
			tcp_rules_changed(made.items[i]);
	vec_free(&made);
	return 0;
}

unsigned plane_delete_links(struct plane *p, const struct strlist *ids)
{
	unsigned removed = 0;

	for (size_t i = 0; i < ids->len; i++) {
		struct link *l = map_get(p->links, ids->items[i], strlen(ids->items[i]));

		if (l) {
			link_delete(p, l);
			removed++;
		}
	}
	return removed;
}

const struct link *plane_link(const struct plane *p, const char *id)
{
	return map_get(p->links, id, strlen(id));
}

/* --- rules ---------------------------------------------------------------------------- */

struct selection {
	struct plane *plane;
	struct rule_change *change;
	struct map *links, *from, *to, *groups; /* the names, as sets */
};

static struct map *set_of(const struct strlist *l)
{
	struct map *m = map_new(NULL);

	for (size_t i = 0; i < l->len; i++)
		map_put(m, l->items[i], strlen(l->items[i]), l->items[i]);
	return m;
}

static bool set_has(const struct map *m, const char *name)
{
	return map_get(m, name, strlen(name)) != NULL;
}

static bool link_is_chosen(const struct selection *s, const struct link *l)
{
	const struct rule_change *c = s->change;
	bool group = !c->has_groups;

	if (c->has_links && !set_has(s->links, l->id))
		return false;
	for (size_t i = 0; i < l->groups.len && !group; i++)
		group = set_has(s->groups, l->groups.items[i]);
	return group;
}

static void set_path(struct selection *s, struct path *path)
{
	if (!path)
		return;
	path_set_rule(path, &s->change->rule);
	s->change->matched++;
}

static int try_path(const void *key, size_t len, void *value, void *arg)
{
	struct selection *s = arg;
	struct rule_change *c = s->change;
	struct path *path = value;
	bool chosen = !c->has_links && !c->has_groups;

	(void)key;
	(void)len;
	if ((c->has_from && !set_has(s->from, path->from)) ||
		(c->has_to && !set_has(s->to, path->to)))
		return 0;
	for (size_t i = 0; i < path->links.len && !chosen; i++) {
		const struct link *l = path->links.items[i];
		chosen = l->path[FORWARD] == path && link_is_chosen(s, l);
	}
	if (!chosen)
		return 0;
	set_path(s, path);
	if (c->both)
		set_path(s, path_find(s->plane, path->to, path->from));
	return 0;
}

static void put_rule(struct plane *p, struct rule_change *c)
{
	struct selection s = { .plane = p, .change = c };

	c->matched = 0;
	/* Few names given: look them up instead of all that there are. */
	if (c->has_from && c->has_to && !c->has_links && !c->has_groups &&
		c->from.len * c->to.len <= map_len(p->paths)) {
		for (size_t i = 0; i < c->from.len; i++) {
			for (size_t j = 0; j < c->to.len; j++) {
				set_path(&s, path_find(p, c->from.items[i], c->to.items[j]));
				if (c->both)
					set_path(
						&s, path_find(p, c->to.items[j], c->from.items[i]));
			}
		}
		return;
	}
	s.links = set_of(&c->links);
	s.from = set_of(&c->from);
	s.to = set_of(&c->to);
	s.groups = set_of(&c->groups);
	map_each(p->paths, try_path, &s);
	map_free(s.links);
	map_free(s.from);
	map_free(s.to);
	map_free(s.groups);
}

void plane_put_rules(struct plane *p, struct rule_change *changes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put_rule(p, &changes[i]);
	apply_rules(p);
}

/* --- the whole ------------------------------------------------------------------------ */

size_t plane_queue_limit(const struct plane *p)
{
	return p->queued_bytes < QUEUES_MAX_BYTES ? QUEUE_MAX_BYTES : QUEUE_MIN_BYTES;
}

static int accept_pending(const void *key, size_t len, void *value, void *arg)
{
	struct link *l = value;

	(void)key;
	(void)len;
	(void)arg;
	if (l->accept_pending) {
		l->accept_pending = false;
		tcp_accept(l);
	}
	return 0;
}

static void on_accept_again(struct timer *t)
{
	struct plane *p = (struct plane *)((char *)t - offsetof(struct plane, accept_again));

	map_each(p->links, accept_pending, NULL);
}

bool plane_has_descriptors(struct plane *p, struct link *l, size_t n)
{
	if (p->used_fds + n + SPARE_FDS <= p->max_fds)
		return true;
	if (!p->warned)
		log_warn("no more connections: %zu of %zu file descriptors are in use (raise the "
			 "hard limit: ulimit -Hn, LimitNOFILE=, ulimits: of the container)",
			p->used_fds, p->max_fds);
	p->warned = true;
	if (l->kind == LINK_TCP)
		plane_accept_later(p, l);
	return false;
}

void plane_accept_later(struct plane *p, struct link *l)
{
	l->accept_pending = true;
	if (p->accept_again.at_ns == CLOCK_NEVER)
		timer_set(&p->accept_again, loop_now() + ACCEPT_AGAIN_NS);
}

static int tidy_link(const void *key, size_t len, void *value, void *arg)
{
	struct link *l = value;

	(void)key;
	(void)len;
	if (l->kind == LINK_UDP)
		udp_tidy(l, *(const uint64_t *)arg);
	return 0;
}

static void on_tidy(struct timer *t)
{
	struct plane *p = (struct plane *)((char *)t - offsetof(struct plane, tidy));
	uint64_t now = loop_now();

	map_each(p->links, tidy_link, &now);
	timer_set(&p->tidy, now + TIDY_EVERY_NS);
}

struct plane *plane_new(struct loop *l, uint64_t seed, size_t max_fds)
{
	struct plane *p = xcalloc(1, sizeof(*p));

	p->loop = l;
	p->seed = seed;
	p->max_fds = max_fds;
	p->links = map_new(NULL);
	p->paths = map_new(NULL);
	p->resolver = resolver_new(l);
	p->scratch = xmalloc(SCRATCH_BYTES);
	timer_init(l, &p->accept_again, on_accept_again);
	timer_init(l, &p->tidy, on_tidy);
	timer_set(&p->tidy, loop_now() + TIDY_EVERY_NS);
	return p;
}

static int drop_link(const void *key, size_t len, void *value, void *arg)
{
	(void)key;
	(void)len;
	link_delete(arg, value);
	return 0;
}

void plane_free(struct plane *p)
{
	if (!p)
		return;
	map_each(p->links, drop_link, p);
	timer_release(&p->accept_again);
	timer_release(&p->tidy);
	resolver_free(p->resolver);
	map_free(p->links);
	map_free(p->paths);
	free(p->scratch);
	free(p);
}
