/* See scrape.h. */
#include "core/scrape.h"

#include <stdio.h>
#include <string.h>

#include "core/topology.h"
#include "util/fs.h"
#include "util/json.h"
#include "util/mem.h"

#define TARGETS_FILE "prometheus-targets.json"

struct scrape {
	char *run_dir, *run_id;
	VEC(char *) endpoints; /* by node; NULL: none yet, or removed */
	bool changed;
};

struct scrape *scrape_new(const char *run_dir, const char *run_id)
{
	struct scrape *s = xcalloc(1, sizeof(*s));

	s->run_dir = xstrdup(run_dir);
	s->run_id = xstrdup(run_id);
	return s;
}

void scrape_free(struct scrape *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->endpoints.len; i++)
		free(s->endpoints.items[i]);
	vec_free(&s->endpoints);
	free(s->run_dir);
	free(s->run_id);
	free(s);
}

void scrape_set(struct scrape *s, unsigned node, const char *endpoint)
{
	if (!*endpoint || node >= TOPOLOGY_MAX_NODES)
		return;
	while (s->endpoints.len <= node)
		vec_push(&s->endpoints, NULL);
	char **at = &s->endpoints.items[node];
	if (*at && strcmp(*at, endpoint) == 0)
		return;
	free(*at);
	*at = xstrdup(endpoint);
	s->changed = true;
}

void scrape_remove(struct scrape *s, unsigned node)
{
	if (node >= s->endpoints.len || !s->endpoints.items[node])
		return;
	free(TAKE_PTR(s->endpoints.items[node]));
	s->changed = true;
}

/* --- files ----------------------------------------------------------------------------- */

/* The instance is the node rather than its address, which may change when it is restarted. */
static void put_target(const struct scrape *s, unsigned node, struct jw *w)
{
	const char *endpoint = s->endpoints.items[node], *mark = strstr(endpoint, "://");
	const char *address = mark ? mark + 3 : endpoint;
	size_t len = strcspn(address, "/?#");
	const char *path = address + len;
	size_t path_len = strcspn(path, "?#");
	char name[16], job[24];

	while (path_len && path[path_len - 1] == '/')
		path_len--;
	snprintf(name, sizeof(name), "n%u", node);
	snprintf(job, sizeof(job), "node-%u", node);
	jw_object(w);
	jw_key(w, "targets");
	jw_array(w);
	jw_strn(w, address, len);
	jw_array_end(w);
	jw_key(w, "labels");
	jw_object(w);
	jw_kstr(w, "job", job);
	jw_kstr(w, "instance", name);
	jw_kstr(w, "node", name);
	jw_kstr(w, "run", s->run_id);
	if (strncmp(endpoint, "https:", 6) == 0)
		jw_kstr(w, "__scheme__", "https");
	if (path_len) {
		CLEANUP_FREE char *full = xasprintf("%.*s/metrics", (int)path_len, path);
		jw_kstr(w, "__metrics_path__", full);
	}
	jw_object_end(w);
	jw_object_end(w);
}

void scrape_targets(const struct scrape *s, struct strbuf *out)
{
	struct jw w;

	jw_init(&w, out, 2);
	jw_array(&w);
	for (unsigned i = 0; i < s->endpoints.len; i++) {
		if (s->endpoints.items[i])
			put_target(s, i, &w);
	}
	jw_array_end(&w);
	strbuf_addc(out, '\n');
}

static int write_file(
	const struct scrape *s, const char *name, const struct strbuf *text, struct err *err)
{
	CLEANUP_FREE char *path = fs_join(s->run_dir, name);

	return fs_write_atomic(path, strbuf_str(text), text->len, 0644, err);
}

int scrape_write(struct scrape *s, struct err *err)
{
	CLEANUP_STRBUF struct strbuf targets = { 0 };
	CLEANUP_STRBUF struct strbuf config = { 0 };

	if (!s->changed)
		return 0;
	s->changed = false;
	scrape_targets(s, &targets);
	strbuf_adds(&config,
		"# The nodes of this run; start here with\n"
		"# prometheus --config.file=prometheus.yml\n"
		"global:\n"
		"  scrape_interval: 2s\n"
		"  scrape_timeout: 2s\n"
		"scrape_configs:\n"
		"  - job_name: ltb # each target's job is its node: node-0, node-1, ...\n"
		"    metrics_path: /metrics\n"
		"    file_sd_configs:\n"
		"      - files: [" TARGETS_FILE "] # changes with the nodes\n"
		"        refresh_interval: 10s\n");
	/* The second names the first. */
	if (write_file(s, TARGETS_FILE, &targets, err))
		return -1;
	return write_file(s, "prometheus.yml", &config, err);
}
