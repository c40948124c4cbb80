/* See orphans.h. A linear list: it never holds more than a few dozen. */
#include "node/p2p/orphans.h"

#include "util/mem.h"

struct orphan {
	struct id32 id, parent;
	void *data;
	size_t len;
};

struct orphans {
	size_t n, bytes;
	struct orphan items[ORPHANS_MAX]; /* oldest first */
};

struct orphans *orphans_new(void)
{
	return xcalloc(1, sizeof(struct orphans));
}

static void drop(struct orphans *o, size_t at)
{
	o->bytes -= o->items[at].len;
	free(o->items[at].data);
	o->n--;
	memmove(&o->items[at], &o->items[at + 1], (o->n - at) * sizeof(o->items[0]));
}

void orphans_free(struct orphans *o)
{
	if (!o)
		return;
	while (o->n)
		drop(o, o->n - 1);
	free(o);
}

static const struct orphan *find(const struct orphans *o, const struct id32 *id)
{
	for (size_t i = 0; i < o->n; i++)
		if (id32_eq(&o->items[i].id, id))
			return &o->items[i];
	return NULL;
}

void orphans_add(struct orphans *o, const struct id32 *id, const struct id32 *parent,
	const void *data, size_t len)
{
	if (len > ORPHANS_MAX_BYTES || find(o, id))
		return;
	while (o->n == ORPHANS_MAX || o->bytes + len > ORPHANS_MAX_BYTES)
		drop(o, 0);
	o->items[o->n++] = (struct orphan){ *id, *parent, xmemdup(data, len), len };
	o->bytes += len;
}

bool orphans_take_child(struct orphans *o, const struct id32 *parent, struct strbuf *out)
{
	for (size_t i = 0; i < o->n; i++) {
		if (!id32_eq(&o->items[i].parent, parent))
			continue;
		strbuf_add(out, o->items[i].data, o->items[i].len);
		drop(o, i);
		return true;
	}
	return false;
}

struct id32 orphans_missing(const struct orphans *o, const struct id32 *id)
{
	struct id32 at = *id;
	const struct orphan *e;

	/* Hashes cannot form a loop, but the bound costs nothing. */
	for (size_t i = 0; i <= o->n && (e = find(o, &at)); i++)
		at = e->parent;
	return at;
}

size_t orphans_len(const struct orphans *o)
{
	return o->n;
}
