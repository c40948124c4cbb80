/* Files: bounded reads, atomic writes, safe removal, XDG places. Any thread. */
#ifndef UTIL_FS_H
#define UTIL_FS_H

#include <stdbool.h>
#include <stddef.h>

#include "util/err.h"
#include "util/strbuf.h"

/* Appends the file to out; ERR_LIMIT when it is larger than max bytes. "-" is stdin. */
int fs_read(const char *path, size_t max, struct strbuf *out, struct err *err);
/* The same, but of a regular file only: what lies in a directory that others may write to can be a
 * pipe, which would block for ever. */
int fs_read_file(const char *path, size_t max, struct strbuf *out, struct err *err);
/* Opens such a file for reading; -1: err says why, with errno as far as there is one. */
int fs_open_file(const char *path, struct err *err);
/* Writes to a temporary name beside path, syncs, renames. Nothing is left on failure. */
int fs_write_atomic(const char *path, const void *data, size_t len, unsigned mode, struct err *err);
int fs_write_all(int fd, const void *data, size_t len); /* retries; -1 with errno */
int fs_mkdirs(const char *path, unsigned mode, struct err *err);
/* Removes a tree; never follows links. A missing tree is success. */
int fs_remove_tree(const char *path, struct err *err);
bool fs_exists(const char *path);
bool fs_is_executable(const char *path);
char *fs_join(const char *a, const char *b); /* caller frees */
char *fs_absolute(const char *path);         /* caller frees; need not exist */
char *fs_self_dir(void);                     /* directory of the running program; caller frees */
/* Searches PATH; caller frees; NULL when absent. */
char *fs_which(const char *program);

enum fs_xdg { FS_XDG_CONFIG, FS_XDG_DATA, FS_XDG_STATE, FS_XDG_CACHE, FS_XDG_RUNTIME };
/* $XDG_..._HOME/ltb or its default below $HOME (RUNTIME: below /tmp/ltb-UID). Caller frees. */
char *fs_xdg(enum fs_xdg which, const char *sub);

#endif
