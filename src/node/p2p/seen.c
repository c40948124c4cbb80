/* See seen.h. Two sets take turns: the older one is emptied when the newer is full or old. */
#include "node/p2p/seen.h"

#include "proto/tx.h"
#include "util/map.h"
#include "util/mem.h"

struct seen {
	struct map *fresh, *old;
	uint64_t turned_ms;
};

struct seen *seen_new(void)
{
	struct seen *s = xcalloc(1, sizeof(*s));

	s->fresh = map_new(NULL);
	s->old = map_new(NULL);
	return s;
}

void seen_free(struct seen *s)
{
	if (!s)
		return;
	map_free(s->fresh);
	map_free(s->old);
	free(s);
}

void seen_key(const void *data, size_t len, struct id32 *ret)
{
	tx_blake2b("LTB_SEEN_V1", data, len, ret);
}

bool seen_has(const struct seen *s, const struct id32 *key)
{
	return map_get(s->fresh, key->b, sizeof(key->b)) || map_get(s->old, key->b, sizeof(key->b));
}

void seen_add(struct seen *s, const struct id32 *key, uint64_t now_ms)
{
	if (map_len(s->fresh) >= SEEN_MAX_ENTRIES || now_ms - s->turned_ms >= SEEN_PERIOD_MS) {
		map_free(s->old);
		s->old = s->fresh;
		s->fresh = map_new(NULL);
		s->turned_ms = now_ms;
	}
	map_put(s->fresh, key->b, sizeof(key->b), s);
}
