/*
 * The yardstick for "time until all nodes are ready": gives the nodes whose
 * configuration lies below DIR a genesis as far ahead as ltb does, spawns them
 * with ltb's arguments, dials a star, polls until every one is Online with all
 * its peers, prints the milliseconds, kills them. Nothing else: no events, no
 * checks, no word about what fails. usage: bare_loop LTB_NODE DIR N
 */
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>

#include "core/node_client.h"
#include "util/clock.h"
#include "util/fs.h"
#include "util/json.h"
#include "util/mem.h"

extern char **environ;

struct node {
	pid_t pid;
	char dir[512];
	char http[64], p2p[64];
	bool dialled, ready;
};

/* as the local backend has it */
#define GENESIS_LEAD_MS      500
#define GENESIS_LEAD_NODE_MS 20

static size_t collect(char *data, size_t size, size_t n, void *arg)
{
	return strbuf_add(arg, data, size * n) == 0 ? size * n : 0;
}

static long http(
	CURL *curl, const char *base, const char *path, const char *body, struct strbuf *out)
{
	static struct curl_slist *json;
	char url[256];
	long status = 0;

	if (!json)
		json = curl_slist_append(NULL, "Content-Type: application/json");
	snprintf(url, sizeof(url), "http://%s%s", base, path);
	strbuf_clear(out);
	curl_easy_reset(curl);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, out);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 5000L);
	if (body) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
		curl_easy_setopt(curl, CURLOPT_HTTPHEADER, json);
	}
	if (curl_easy_perform(curl) == CURLE_OK)
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

/* One genesis for all, made of what ltb left for the first node. */
static int write_genesis(const char *dir, int n)
{
	static const char key[] = "\"genesis_time_ms\":";
	struct strbuf old = { 0 }, new = { 0 };
	char path[600];
	struct timespec now;
	int rc = -1;

	snprintf(path, sizeof(path), "%s/n0/genesis.json", dir);
	if (fs_read(path, (size_t)64 << 20, &old, NULL) == 0) {
		const char *text = strbuf_str(&old), *at = strstr(text, key);

		if (at) {
			at += strlen(key);
			clock_gettime(CLOCK_REALTIME, &now);
			strbuf_add(&new, text, (size_t)(at - text));
			strbuf_addf(&new, "%lld%s",
				(long long)now.tv_sec * 1000 + now.tv_nsec / 1000000 +
					MAX(GENESIS_LEAD_MS, GENESIS_LEAD_NODE_MS * n),
				at + strspn(at, " 0123456789"));
			snprintf(path, sizeof(path), "%s/genesis.json", dir);
			FILE *f = fopen(path, "we");

			if (f && fwrite(strbuf_str(&new), new.len, 1, f) == 1)
				rc = 0;
			if (f && fclose(f) != 0)
				rc = -1;
		}
	}
	strbuf_release(&old);
	strbuf_release(&new);
	return rc;
}

static void spawn_node(struct node *n, const char *binary, const char *dir, int index)
{
	char genesis[600], data[600], key[600], wallets[600], ready[600], log[600], name[16];
	posix_spawn_file_actions_t files;

	snprintf(genesis, sizeof(genesis), "%s/genesis.json", dir);
	snprintf(data, sizeof(data), "%s/data", n->dir);
	snprintf(key, sizeof(key), "%s/key", n->dir);
	snprintf(wallets, sizeof(wallets), "%s/wallets", n->dir);
	snprintf(ready, sizeof(ready), "%s/ready", n->dir);
	snprintf(log, sizeof(log), "%s/log", n->dir);
	snprintf(name, sizeof(name), "n%d", index);
	unlink(ready);
	/* argv is not const for historical reasons only */
	const char *const argv[] = { binary, "--genesis", genesis, "--data", data, "--key-file",
		key, "--wallet-file", wallets, "--ready-file", ready, "--listen", "127.0.0.1:0",
		"--http", "127.0.0.1:0", "--log-level", "info", "--name", name, NULL };

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(
		&files, STDERR_FILENO, log, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (posix_spawn(&n->pid, binary, &files, NULL, (char *const *)(uintptr_t)argv, environ) !=
		0) {
		perror(binary);
		exit(1);
	}
	posix_spawn_file_actions_destroy(&files);
}

static void read_ready(struct node *n)
{
	struct strbuf text = { 0 };
	char path[600];

	snprintf(path, sizeof(path), "%s/ready", n->dir);
	if (fs_read(path, 4096, &text, NULL) == 0) {
		cJSON *j = json_parse(strbuf_str(&text), text.len, NULL, NULL);
		const char *h = json_get_str(j, "http"), *p = json_get_str(j, "p2p");

		if (h && p) {
			snprintf(n->http, sizeof(n->http), "%s", h);
			snprintf(n->p2p, sizeof(n->p2p), "%s", p);
		}
		cJSON_Delete(j);
	}
	strbuf_release(&text);
}

static void dial(CURL *curl, struct node *n, const struct node *hub, struct strbuf *out)
{
	char body[128];

	snprintf(body, sizeof(body), "{\"addr\":\"/ip4/127.0.0.1/tcp/%s\"}",
		strchr(hub->p2p, ':') + 1);
	n->dialled = http(curl, n->http, "/network/dial_peer", body, out) == 200;
}

static bool is_ready(CURL *curl, struct node *n, unsigned peers, struct strbuf *out)
{
	struct node_info info;
	struct node_network net;

	return http(curl, n->http, "/cryptarchia/info", NULL, out) == 200 &&
	       node_parse_info(strbuf_str(out), out->len, &info, NULL) == 0 && info.online &&
	       http(curl, n->http, "/network/info", NULL, out) == 200 &&
	       node_parse_network(strbuf_str(out), out->len, &net, NULL) == 0 && net.peers >= peers;
}

int main(int argc, char **argv)
{
	int n = argc == 4 ? (int)strtol(argv[3], NULL, 10) : 0;
	struct strbuf out = { 0 };
	struct timespec start, end;
	int ready = 0;

	if (n < 2 || n > 1000) {
		fprintf(stderr, "usage: bare_loop LTB_NODE DIR N\n");
		return 2;
	}
	struct node *nodes = xcalloc((size_t)n, sizeof(*nodes));
	CURL *curl = curl_easy_init();

	clock_gettime(CLOCK_MONOTONIC, &start);
	if (write_genesis(argv[2], n) < 0) {
		fprintf(stderr, "bare_loop: no usable genesis below %s\n", argv[2]);
		return 1;
	}
	for (int i = 0; i < n; i++) {
		snprintf(nodes[i].dir, sizeof(nodes[i].dir), "%s/n%d", argv[2], i);
		spawn_node(&nodes[i], argv[1], argv[2], i);
	}
	for (int rounds = 0; ready < n && rounds < 20000; rounds++) {
		for (int i = 0; i < n; i++) {
			struct node *it = &nodes[i];

			if (it->ready)
				continue;
			if (!it->http[0])
				read_ready(it);
			if (it->http[0] && !it->dialled && i > 0 && nodes[0].http[0])
				dial(curl, it, &nodes[0], &out);
			if (it->http[0] && (it->dialled || i == 0) &&
				is_ready(curl, it, i == 0 ? (unsigned)n - 1 : 1, &out)) {
				it->ready = true;
				ready++;
			}
		}
		if (ready < n)
			nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	for (int i = 0; i < n; i++) {
		kill(nodes[i].pid, SIGKILL);
		waitpid(nodes[i].pid, NULL, 0);
	}
	if (ready == n)
		printf("%.1f\n", (double)(end.tv_sec - start.tv_sec) * 1e3 +
					 (double)(end.tv_nsec - start.tv_nsec) / 1e6);
	curl_easy_cleanup(curl);
	strbuf_release(&out);
	free(nodes);
	return ready == n ? 0 : 1;
}
