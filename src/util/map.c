/*
 * Hash map; see map.h. Keys may come from outside, so the hash is SipHash
 * under a key of this process: nobody can choose keys that collide.
 */
#include "util/map.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include <sodium.h>

#include "util/mem.h"

static unsigned map_hash(const void *key, size_t len);
#define HASH_FUNCTION(keyptr, keylen, hashv) ((hashv) = map_hash(keyptr, keylen))
#define uthash_malloc(size)                  xmalloc(size)
#include <uthash.h>

struct map_entry {
	UT_hash_handle hh;
	void *value;
	unsigned char key[];
};

struct map {
	struct map_entry *entries;
	void (*free_value)(void *);
};

static unsigned char hash_key[crypto_shorthash_KEYBYTES];

static void hash_key_init(void)
{
	if (sodium_init() < 0)
		abort();
	randombytes_buf(hash_key, sizeof(hash_key));
}

static unsigned map_hash(const void *key, size_t len)
{
	unsigned char out[crypto_shorthash_BYTES];
	unsigned hash;
	crypto_shorthash(out, key, len, hash_key);
	memcpy(&hash, out, sizeof(hash));
	return hash;
}

struct map *map_new(void (*free_value)(void *))
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, hash_key_init);
	struct map *m = xcalloc(1, sizeof(*m));
	m->free_value = free_value;
	return m;
}

static struct map_entry *map_find(const struct map *m, const void *key, size_t key_len)
{
	struct map_entry *e;
	HASH_FIND(hh, m->entries, key, key_len, e);
	return e;
}

static void *map_unlink(struct map *m, struct map_entry *e)
{
	void *value = e->value;
	HASH_DEL(m->entries, e);
	free(e);
	return value;
}

void map_free(struct map *m)
{
	if (!m)
		return;
	while (m->entries) {
		void *value = map_unlink(m, m->entries);
		if (m->free_value)
			m->free_value(value);
	}
	free(m);
}

void *map_get(const struct map *m, const void *key, size_t key_len)
{
	const struct map_entry *e = map_find(m, key, key_len);
	return e ? e->value : NULL;
}

void map_put(struct map *m, const void *key, size_t key_len, void *value)
{
	struct map_entry *e = map_find(m, key, key_len);
	if (e) {
		void *old = e->value;
		e->value = value;
		if (m->free_value && old != value)
			m->free_value(old);
		return;
	}
	e = xmalloc(sizeof(*e) + key_len);
	e->value = value;
	if (key_len)
		memcpy(e->key, key, key_len);
	HASH_ADD_KEYPTR(hh, m->entries, e->key, key_len, e);
}

void *map_take(struct map *m, const void *key, size_t key_len)
{
	struct map_entry *e = map_find(m, key, key_len);
	return e ? map_unlink(m, e) : NULL;
}

void map_del(struct map *m, const void *key, size_t key_len)
{
	void *value = map_take(m, key, key_len);
	if (value && m->free_value)
		m->free_value(value);
}

size_t map_len(const struct map *m)
{
	return HASH_COUNT(m->entries);
}

int map_each(
	struct map *m, int (*fn)(const void *key, size_t len, void *value, void *arg), void *arg)
{
	struct map_entry *e, *next;
	HASH_ITER(hh, m->entries, e, next)
	{
		int rc = fn(e->key, e->hh.keylen, e->value, arg);
		if (rc != 0)
			return rc;
	}
	return 0;
}
