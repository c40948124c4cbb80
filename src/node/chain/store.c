/*
 * Blocks and peers in SQLite; see store.h. The connection locks the file for
 * itself, so that two nodes cannot share one store, and each row carries a
 * checksum: SQLite notices torn pages of its own structures, not of content.
 */
#include "node/chain/store.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <sqlite3.h>

#include "util/mem.h"

#define APPLICATION_ID 0x4c54424e /* "LTBN" */
#define SCHEMA_VERSION 1

struct store {
	char *path;
	sqlite3 *db;
	sqlite3_stmt *put_block, *put_peer;
};

/* --- errors ------------------------------------------------------------------------- */

static const char *remedy_of(int code)
{
	switch (code & 0xff) {
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		return "; move the file aside and start again: the node fetches the chain from its "
		       "peers";
	case SQLITE_FULL:
		return "; free some space on its file system";
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return "; another process uses it: stop that one, or give this node its own "
		       "directory";
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return "; its directory must exist and be writable";
	default:
		return "";
	}
}

/* The errno behind an error of the file system; 0 when there is none. */
static int errno_of(sqlite3 *db, int code)
{
	switch (code & 0xff) {
	case SQLITE_FULL:
		return ENOSPC; /* SQLite does not keep it when a write comes up short */
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
		break;
	default:
		return 0;
	}
	int sys = sqlite3_system_errno(db);
	/* an error while committing is known to the log's file handle only */
	sqlite3_file *log = NULL;
	if (sys == 0 &&
		sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) == SQLITE_OK &&
		log && log->pMethods)
		log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &sys);
	return sys;
}

/* What SQLite says, the system's reason behind it, and what helps. */
static int fail(const struct store *s, const char *doing, struct err *err)
{
	int code = s->db ? sqlite3_extended_errcode(s->db) : SQLITE_NOMEM;
	int sys = s->db ? errno_of(s->db, code) : 0;
	err_set(err, ERR_IO, "cannot %s store %s: %s%s%s%s", doing, s->path, sqlite3_errstr(code),
		sys ? ": " : "", sys ? strerror(sys) : "", remedy_of(code));
	if (err)
		err->saved_errno = sys;
	return -1;
}

static int damaged(const struct store *s, const char *what, struct err *err)
{
	return err_set(
		err, ERR_IO, "store %s is damaged: %s%s", s->path, what, remedy_of(SQLITE_CORRUPT));
}

/* --- statements --------------------------------------------------------------------- */

static int run(const struct store *s, const char *sql, const char *doing, struct err *err)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : fail(s, doing, err);
}

static sqlite3_stmt *prepare(const struct store *s, const char *sql, struct err *err)
{
	sqlite3_stmt *st = NULL;
	if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) != SQLITE_OK)
		fail(s, "read", err);
	return st;
}

static int step_once(const struct store *s, sqlite3_stmt *st, const char *doing, struct err *err)
{
	int rc = sqlite3_step(st) == SQLITE_DONE ? 0 : fail(s, doing, err);
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return rc;
}

static int query_int(const struct store *s, const char *sql, int64_t *ret, struct err *err)
{
	sqlite3_stmt *st = prepare(s, sql, err);
	if (!st)
		return -1;
	int rc = 0;
	if (sqlite3_step(st) == SQLITE_ROW)
		*ret = sqlite3_column_int64(st, 0);
	else
		rc = fail(s, "read", err);
	sqlite3_finalize(st);
	return rc;
}

/* --- opening ------------------------------------------------------------------------ */

static int quick_check(const struct store *s, struct err *err)
{
	sqlite3_stmt *st = prepare(s, "PRAGMA quick_check(1)", err);
	if (!st)
		return -1;
	int rc = 0;
	if (sqlite3_step(st) != SQLITE_ROW) {
		rc = fail(s, "check", err);
	} else {
		const char *text = (const char *)sqlite3_column_text(st, 0);
		if (!text || strcmp(text, "ok") != 0)
			rc = damaged(s, text ? text : "no answer from its check", err);
	}
	sqlite3_finalize(st);
	return rc;
}

static int create(const struct store *s, const struct id32 *genesis_id, struct err *err)
{
	char hex[ID32_HEX];
	CLEANUP_FREE char *sql = xasprintf(
		"BEGIN IMMEDIATE;"
		"CREATE TABLE meta(key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;"
		"CREATE TABLE blocks(seq INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE,"
		" body BLOB NOT NULL, sum BLOB NOT NULL);"
		"CREATE TABLE peers(addr TEXT PRIMARY KEY) WITHOUT ROWID;"
		"INSERT INTO meta VALUES('genesis', x'%s');"
		"PRAGMA application_id = %d;"
		"PRAGMA user_version = %d;"
		"COMMIT;",
		id32_hex(genesis_id, hex), APPLICATION_ID, SCHEMA_VERSION);
	return run(s, sql, "create", err);
}

static int check_genesis(const struct store *s, const struct id32 *genesis_id, struct err *err)
{
	sqlite3_stmt *st = prepare(s, "SELECT value FROM meta WHERE key = 'genesis'", err);
	if (!st)
		return -1;
	int rc = 0;
	struct id32 id;
	char have[ID32_HEX], want[ID32_HEX];
	if (sqlite3_step(st) != SQLITE_ROW || sqlite3_column_bytes(st, 0) != (int)sizeof(id.b)) {
		rc = damaged(s, "it does not say which chain it belongs to", err);
	} else {
		memcpy(id.b, sqlite3_column_blob(st, 0), sizeof(id.b));
		if (!id32_eq(&id, genesis_id))
			rc = err_set(err, ERR_ENV,
				"store %s belongs to another chain: its genesis is %s, this node's "
				"is "
				"%s; move the file aside, or use the genesis file it was made with",
				s->path, id32_hex(&id, have), id32_hex(genesis_id, want));
	}
	sqlite3_finalize(st);
	return rc;
}

static int check_identity(const struct store *s, const struct id32 *genesis_id, struct err *err)
{
	int64_t app = 0, version = 0, tables = 0;
	if (query_int(s, "PRAGMA application_id", &app, err) != 0 ||
		query_int(s, "PRAGMA user_version", &version, err) != 0 ||
		query_int(s, "SELECT count(*) FROM sqlite_master", &tables, err) != 0)
		return -1;
	if (app == 0 && tables == 0)
		return create(s, genesis_id, err);
	if (app != APPLICATION_ID)
		return err_set(err, ERR_ENV,
			"%s is a database of another program; name another file or directory for "
			"the store",
			s->path);
	if (version != SCHEMA_VERSION)
		return err_set(err, ERR_ENV,
			"store %s has format %lld, this program writes %d; move the file aside",
			s->path, (long long)version, SCHEMA_VERSION);
	return check_genesis(s, genesis_id, err);
}

static int open_into(struct store *s, const struct id32 *genesis_id, struct err *err)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
	if (sqlite3_open_v2(s->path, &s->db, flags, NULL) != SQLITE_OK)
		return fail(s, "open", err);
	/* exclusive before WAL: then there is no shared memory file either */
	if (run(s,
		    "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;"
		    "PRAGMA synchronous = NORMAL;",
		    "open", err) != 0 ||
		quick_check(s, err) != 0 || check_identity(s, genesis_id, err) != 0)
		return -1;
	s->put_block = prepare(s,
		"INSERT INTO blocks(id, body, sum) VALUES(?, ?, ?) ON CONFLICT(id) DO NOTHING",
		err);
	if (!s->put_block)
		return -1;
	s->put_peer = prepare(s, "INSERT OR IGNORE INTO peers VALUES(?)", err);
	return s->put_peer ? 0 : -1;
}

struct store *store_open(const char *path, const struct id32 *genesis_id, struct err *err)
{
	struct store *s = xcalloc(1, sizeof(*s));
	s->path = xstrdup(path);
	if (open_into(s, genesis_id, err) != 0) {
		store_close(s);
		return NULL;
	}
	return s;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	sqlite3_finalize(s->put_block);
	sqlite3_finalize(s->put_peer);
	sqlite3_close(s->db);
	free(s->path);
	free(s);
}

int store_sync(struct store *s, struct err *err)
{
	int rc = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_FULL, NULL, NULL);
	return rc == SQLITE_OK ? 0 : fail(s, "write to", err);
}

/* --- blocks ------------------------------------------------------------------------- */

static void checksum(const void *body, size_t len, struct id32 *ret)
{
	tx_blake2b("LTB_STORE_V1", body, len, ret);
}

int store_put_block(struct store *s, const struct block *b, struct err *err)
{
	CLEANUP_STRBUF struct strbuf body = { 0 };
	struct id32 sum;
	block_encode(b, &body);
	checksum(body.buf, body.len, &sum);
	sqlite3_bind_blob(s->put_block, 1, b->id.b, sizeof(b->id.b), SQLITE_STATIC);
	sqlite3_bind_blob(s->put_block, 2, body.buf, (int)body.len, SQLITE_STATIC);
	sqlite3_bind_blob(s->put_block, 3, sum.b, sizeof(sum.b), SQLITE_STATIC);
	return step_once(s, s->put_block, "write a block to", err);
}

/* The block of the row that the statement (seq, id, body, sum) stands on. */
static struct block *row_block(const struct store *s, sqlite3_stmt *st, struct err *err)
{
	struct id32 sum;
	const void *id = sqlite3_column_blob(st, 1);
	const void *body = sqlite3_column_blob(st, 2);
	const void *stored_sum = sqlite3_column_blob(st, 3);
	size_t len = (size_t)sqlite3_column_bytes(st, 2);
	CLEANUP_FREE char *which =
		xasprintf("the content of block row %lld", (long long)sqlite3_column_int64(st, 0));
	checksum(body, len, &sum);
	if (sqlite3_column_bytes(st, 3) != (int)sizeof(sum.b) ||
		memcmp(stored_sum, sum.b, sizeof(sum.b)) != 0) {
		damaged(s, which, err);
		return NULL;
	}
	struct err why = { 0 };
	struct block *b = block_decode(body, len, &why);
	if (!b || sqlite3_column_bytes(st, 1) != (int)sizeof(b->id.b) ||
		memcmp(id, b->id.b, sizeof(b->id.b)) != 0) {
		damaged(s, which, err);
		block_free(b);
		return NULL;
	}
	return b;
}

int store_each_block(
	struct store *s, int (*fn)(struct block *b, void *arg), void *arg, struct err *err)
{
	sqlite3_stmt *st = prepare(s, "SELECT seq, id, body, sum FROM blocks ORDER BY seq", err);
	if (!st)
		return -1;
	int rc = 0, step = SQLITE_DONE;
	while (rc == 0 && (step = sqlite3_step(st)) == SQLITE_ROW) {
		struct block *b = row_block(s, st, err);
		rc = b ? fn(b, arg) : -1;
	}
	if (rc == 0 && step != SQLITE_DONE)
		rc = fail(s, "read", err);
	sqlite3_finalize(st);
	return rc;
}

/* --- peers -------------------------------------------------------------------------- */

int store_put_peer(struct store *s, const char *addr, struct err *err)
{
	sqlite3_bind_text(s->put_peer, 1, addr, -1, SQLITE_STATIC);
	return step_once(s, s->put_peer, "write a peer to", err);
}

int store_each_peer(
	struct store *s, int (*fn)(const char *addr, void *arg), void *arg, struct err *err)
{
	sqlite3_stmt *st = prepare(s, "SELECT addr FROM peers ORDER BY addr", err);
	if (!st)
		return -1;
	int rc = 0, step = SQLITE_DONE;
	while (rc == 0 && (step = sqlite3_step(st)) == SQLITE_ROW)
		rc = fn((const char *)sqlite3_column_text(st, 0), arg);
	if (rc == 0 && step != SQLITE_DONE)
		rc = fail(s, "read", err);
	sqlite3_finalize(st);
	return rc;
}
