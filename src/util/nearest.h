/* "Did you mean ...?": the closest of some names. Pure, any thread. */
#ifndef UTIL_NEAREST_H
#define UTIL_NEAREST_H

/* The closest of candidates (NULL-terminated) by edit distance, or NULL when none is near. */
const char *nearest_name(const char *name, const char *const *candidates);

#endif
