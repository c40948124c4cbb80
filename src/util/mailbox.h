/*
 * Bounded queue of messages from many threads to one, with a wake-up.
 * Messages are borrowed pointers; whoever takes one owns it.
 */
#ifndef UTIL_MAILBOX_H
#define UTIL_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "util/wake.h"

struct mailbox;

struct mailbox *mailbox_new(size_t capacity);
/*
 * The same with the owner's wake, so that one thread can wait for several
 * mailboxes at once. Only the owner's wait clears the wake: after it, drain
 * every mailbox that shares it. The wake must outlive the mailbox.
 */
struct mailbox *mailbox_new_shared(size_t capacity, struct wake *wake);
/* Frees the queue; messages left in it are given to free_msg (may be NULL). */
void mailbox_free(struct mailbox *mb, void (*free_msg)(void *));
/* Adds a message. false when full or closed: the caller keeps the message. */
bool mailbox_push(struct mailbox *mb, void *msg);
/* As push, but blocks (in real time) while full. false only when closed. */
bool mailbox_push_wait(struct mailbox *mb, void *msg);
void *mailbox_pop(struct mailbox *mb);  /* NULL when empty; never blocks */
void mailbox_close(struct mailbox *mb); /* later pushes fail; pops drain the rest */
struct wake *mailbox_wake(struct mailbox *mb);
size_t mailbox_len(struct mailbox *mb);

#endif
