/*
 * The flavour of ltb-node, the node that ships with the bench. It binds port
 * 0 and tells the real ports in a ready file, so nothing has to be guessed.
 * Files below the node's directory: genesis.json, key (the leader's seed),
 * wallets (one seed a line), data/, ready; the last two not when its state is
 * kept elsewhere (a container). Any thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "flavours/registry.h"
#include "util/fs.h"
#include "util/hex.h"
#include "util/json.h"
#include "util/strbuf.h"
#include "util/units.h"

#define READY_MAX_BYTES 4096

enum { EMBEDDED_HTTP, EMBEDDED_P2P };

/*
 * Unlike fs_write_atomic() without a sync: fifty nodes want hundreds of these
 * at once, and they are written anew at every start.
 */
static int write_file(
	const char *dir, const char *name, const struct strbuf *data, mode_t mode, struct err *err)
{
	CLEANUP_FREE char *path = fs_join(dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	if (fd < 0)
		return err_errno(err, ERR_IO, "cannot create %s", path);
	int r = fs_write_all(fd, strbuf_str(data), data->len);
	if (r < 0)
		err_errno(err, ERR_IO, "cannot write %s", path);
	if (close(fd) < 0 && r == 0)
		r = err_errno(err, ERR_IO, "cannot write %s", path);
	return r;
}

static void add_seed(struct strbuf *out, const struct tx_key *key)
{
	char hex[2 * sizeof(key->seed) + 1];
	hex_encode(key->seed, sizeof(key->seed), hex);
	strbuf_addf(out, "%s\n", hex);
}

static int embedded_write_config(const struct flavour_node *n, struct err *err)
{
	CLEANUP_STRBUF struct strbuf genesis = { 0 }, key = { 0 }, wallets = { 0 };
	CLEANUP_FREE char *data = n->state_dir ? xstrdup(n->dir) : fs_join(n->dir, "data");
	CLEANUP_FREE char *ready = fs_join(n->dir, "ready");
	mode_t secret = n->state_dir ? 0644 : 0600;

	if (fs_mkdirs(data, n->state_dir ? 0755 : 0700, err) < 0)
		return -1;
	/* what an earlier start said about its ports must not be believed */
	if (unlink(ready) < 0 && errno != ENOENT)
		return err_errno(err, ERR_IO, "cannot remove %s", ready);
	plan_genesis_json(n->plan, n->genesis_time_ms, &genesis);
	add_seed(&key, &n->node->key);
	for (size_t i = 0; i < n->plan->n_wallets; i++)
		add_seed(&wallets, &n->plan->wallets[i].key);
	if (write_file(n->dir, "genesis.json", &genesis, 0644, err) < 0 ||
		write_file(n->dir, "key", &key, secret, err) < 0)
		return -1;
	return write_file(n->dir, "wallets", &wallets, secret, err);
}

static int embedded_command(const struct flavour_node *n, struct strlist *ret_argv,
	struct strlist *ret_env, struct err *err)
{
	static const struct {
		const char *option, *file;
	} files[] = {
		{ "--genesis", "genesis.json" },
		{ "--key-file", "key" },
		{ "--wallet-file", "wallets" },
	};
	(void)err;

	strlist_add(ret_argv, n->binary);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		strlist_add(ret_argv, files[i].option);
		strlist_addf(ret_argv, "%s/%s", n->node_dir, files[i].file);
	}
	strlist_add(ret_argv, "--data");
	if (n->state_dir) {
		strlist_add(ret_argv, n->state_dir);
	} else {
		strlist_addf(ret_argv, "%s/data", n->node_dir);
		strlist_add(ret_argv, "--ready-file");
		strlist_addf(ret_argv, "%s/ready", n->node_dir);
	}
	strlist_add(ret_argv, "--listen");
	strlist_addf(ret_argv, "%s:%u", n->bind, (unsigned)n->ports[EMBEDDED_P2P]);
	strlist_add(ret_argv, "--http");
	strlist_addf(ret_argv, "%s:%u", n->bind, (unsigned)n->ports[EMBEDDED_HTTP]);
	for (const char *const *peer = n->peers; peer && *peer; peer++) {
		strlist_add(ret_argv, "--peer");
		strlist_add(ret_argv, *peer);
	}
	strlist_add(ret_argv, "--log-level");
	strlist_add(ret_argv, n->log_level ? n->log_level : "info");
	strlist_add(ret_argv, "--name");
	strlist_add(ret_argv, n->node->name);
	for (size_t i = 0; n->args && i < n->args->len; i++)
		strlist_add(ret_argv, n->args->items[i]);
	for (size_t i = 0; n->env && i < n->env->len; i++)
		strlist_add(ret_env, n->env->items[i]);
	return 0;
}

static bool port_of(const cJSON *ready, const char *key, uint16_t *ret)
{
	const char *address = json_get_str(ready, key);
	const char *colon = address ? strrchr(address, ':') : NULL;
	uint64_t port;
	if (!colon || units_parse_u64(colon + 1, &port, NULL) < 0 || port == 0 || port > UINT16_MAX)
		return false;
	*ret = (uint16_t)port;
	return true;
}

static int embedded_read_ready(const struct flavour_node *n, pid_t pid,
	uint16_t ret_ports[FLAVOUR_MAX_PORTS], struct err *err)
{
	CLEANUP_FREE char *path = fs_join(n->dir, "ready");
	CLEANUP_STRBUF struct strbuf text = { 0 };
	uint64_t ready_pid;

	if (access(path, F_OK) < 0)
		return 0;
	if (fs_read_file(path, READY_MAX_BYTES, &text, err) < 0)
		return -1;
	CLEANUP_JSON cJSON *ready = json_parse(strbuf_str(&text), text.len, NULL, err);
	if (!ready)
		return err_prefix(err, "%s", path);
	if (!json_get_u64(ready, "pid", &ready_pid))
		return err_set(err, ERR_PROTOCOL, "%s: no \"pid\" in it", path);
	if (ready_pid != (uint64_t)pid)
		return 0; /* an earlier process wrote it */
	if (!port_of(ready, "http", &ret_ports[EMBEDDED_HTTP]) ||
		!port_of(ready, "p2p", &ret_ports[EMBEDDED_P2P]))
		return err_set(
			err, ERR_PROTOCOL, "%s: \"http\" and \"p2p\" must be ADDRESS:PORT", path);
	return 1;
}

static void embedded_health_command(const struct flavour_node *n, struct strlist *ret_argv)
{
	strlist_add(ret_argv, n->binary);
	strlist_add(ret_argv, "--check-health");
	strlist_addf(ret_argv, "127.0.0.1:%u", (unsigned)n->ports[EMBEDDED_HTTP]);
}

static void embedded_peer_address(const char *host, uint16_t port, char *buf, size_t size)
{
	snprintf(buf, size, "/ip4/%s/tcp/%u", host, (unsigned)port);
}

const struct flavour_ops flavour_embedded = {
	.name = "embedded",
	.summary = "ltb-node, the small proof-of-stake node that ships with the bench",
	.binary = "ltb-node",
	.ports = {
		[EMBEDDED_HTTP] = { "http", PORT_TCP, 8080 },
		[EMBEDDED_P2P] = { "p2p", PORT_TCP, 3000 },
	},
	.binds_port_zero = true,
	.dials_at_run_time = true,
	.write_config = embedded_write_config,
	.command = embedded_command,
	.read_ready = embedded_read_ready,
	.health_command = embedded_health_command,
	.peer_address = embedded_peer_address,
};
