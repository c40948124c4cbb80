/*
 * What `ltb clean` does to a run of the compose backend whose ltb is dead:
 * removes what carries the label of its stack from the engine that it ran on,
 * and an image that was being made. Nothing else is touched. Any thread.
 */
#include <stdio.h>
#include <string.h>

#include "backends/compose.h"
#include "util/fs.h"

/* "PROJECT HOST", as compose_prepare() writes it; the last one counts. */
struct remains {
	char project[128], host[200];
};

static int take_entry(const struct journal_entry *e, void *arg)
{
	struct remains *left = arg;

	if (e->op == JOURNAL_RESOURCE && strcmp(e->kind, COMPOSE_JOURNAL_KIND) == 0)
		(void)sscanf(e->text, "%127s %199s", left->project, left->host);
	return 0;
}

static int remove_image_dir(const char *run_dir, unsigned *ret_removed, struct err *err)
{
	CLEANUP_FREE char *dir = fs_join(run_dir, COMPOSE_IMAGE_DIR);

	if (!fs_exists(dir))
		return 0;
	if (fs_remove_tree(dir, err) < 0)
		return -1;
	(*ret_removed)++;
	return 0;
}

int compose_clean(const char *run_dir, unsigned *ret_removed, struct err *err)
{
	CLEANUP_FREE char *journal = fs_join(run_dir, "journal");
	struct remains left = { 0 };
	struct docker_version version;

	if (journal_read(journal, take_entry, &left, err) < 0 ||
		remove_image_dir(run_dir, ret_removed, err) < 0)
		return -1;
	if (!left.project[0])
		return 0; /* it had not got so far */
	struct clock *clock = clock_new_real();
	struct net *net = net_start(clock, NULL, err);
	struct docker *docker = net ? docker_open_at(net, left.host, NULL, &version, err) : NULL;
	CLEANUP_FREE char *label = xasprintf(COMPOSE_LABEL_STACK "=%s", left.project);
	const char *const labels[] = { label, NULL };
	int r = docker ? docker_remove_labelled(docker, labels, NULL, ret_removed, err) : -1;

	docker_free(docker);
	if (net) {
		net_stop(net);
		net_free(net);
	}
	clock_free(clock);
	return r;
}
