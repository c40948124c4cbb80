/*
 * Cancellation that forms a tree: cancelling a parent cancels all children.
 * Can be asked, or polled through its descriptor. Setting it cannot be undone.
 * Any thread. A child must be freed before its parent.
 */
#ifndef UTIL_CANCEL_H
#define UTIL_CANCEL_H

#include <stdbool.h>

struct cancel;

struct cancel *cancel_new(struct cancel *parent); /* parent may be NULL */
void cancel_free(struct cancel *c);               /* NULL is fine */
void cancel_set(struct cancel *c);
bool cancel_is_set(const struct cancel *c); /* NULL: false */
int cancel_fd(const struct cancel *c);      /* readable once cancelled */

#endif
