/*
 * Hash map from byte-string keys to pointers (uthash behind it).
 * Keys are copied; values are borrowed unless a free function is given.
 * Not thread-safe.
 */
#ifndef UTIL_MAP_H
#define UTIL_MAP_H

#include <stddef.h>

struct map;

struct map *map_new(void (*free_value)(void *)); /* free_value may be NULL */
void map_free(struct map *m);                    /* NULL is fine */
void *map_get(const struct map *m, const void *key, size_t key_len);
/* Stores value (not NULL); a previous value under the key is freed. */
void map_put(struct map *m, const void *key, size_t key_len, void *value);
/* Removes the key and returns its value (not freed), or NULL. */
void *map_take(struct map *m, const void *key, size_t key_len);
void map_del(struct map *m, const void *key, size_t key_len); /* frees the value */
size_t map_len(const struct map *m);
/*
 * Calls fn for each entry in insertion order until it returns non-zero, and
 * returns that. fn may delete the entry it is called for, nothing else.
 */
int map_each(
	struct map *m, int (*fn)(const void *key, size_t len, void *value, void *arg), void *arg);

#endif
