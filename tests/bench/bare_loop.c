/*
 * The yardstick for "time until all nodes are ready": spawns the nodes whose
 * configuration lies below DIR, dials a star, polls until every one is Online
 * with a peer, prints the milliseconds, kills them. Nothing else: no events, no
 * logs, no checks. usage: bare_loop LTB_NODE DIR N
 */
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

static void spawn_node(struct node *n, const char *binary)
{
	char genesis[600], data[600], key[600], ready[600];

	snprintf(genesis, sizeof(genesis), "%s/genesis.json", n->dir);
	snprintf(data, sizeof(data), "%s/data", n->dir);
	snprintf(key, sizeof(key), "%s/key", n->dir);
	snprintf(ready, sizeof(ready), "%s/ready.json", n->dir);
	unlink(ready);
	char *argv[] = { xstrdup(binary), xstrdup("--genesis"), genesis, xstrdup("--data"), data,
		xstrdup("--key-file"), key, xstrdup("--ready-file"), ready, xstrdup("--log-level"),
		xstrdup("error"), NULL };

	if (posix_spawn(&n->pid, binary, NULL, NULL, argv, environ) != 0) {
		perror(binary);
		exit(1);
	}
}

static void read_ready(struct node *n)
{
	struct strbuf text = { 0 };
	char path[600];

	snprintf(path, sizeof(path), "%s/ready.json", n->dir);
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

static bool is_ready(CURL *curl, struct node *n, struct strbuf *out)
{
	struct node_info info;
	struct node_network net;

	return http(curl, n->http, "/cryptarchia/info", NULL, out) == 200 &&
	       node_parse_info(strbuf_str(out), out->len, &info, NULL) == 0 && info.online &&
	       http(curl, n->http, "/network/info", NULL, out) == 200 &&
	       node_parse_network(strbuf_str(out), out->len, &net, NULL) == 0 && net.peers > 0;
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
	for (int i = 0; i < n; i++) {
		snprintf(nodes[i].dir, sizeof(nodes[i].dir), "%s/n%d", argv[2], i);
		spawn_node(&nodes[i], argv[1]);
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
			if (it->http[0] && (it->dialled || i == 0) && is_ready(curl, it, &out)) {
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
