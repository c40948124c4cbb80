/*
 * The image that the nodes of a run start from. The bench's own is made from
 * the programs beside ltb when it is missing, or was made from others; one
 * that the user names must be there, or be pulled. Runner's thread.
 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/compose.h"
#include "core/embedded.h"
#include "util/fs.h"
#include "util/log.h"
#include "util/proc.h"
#include "version.h"

#define SCRIPT            "build"
#define LABEL_PROGRAMS    "org.logos.testbench.programs"
#define BUILD_TIMEOUT_MS  120000
#define DIGEST_TIMEOUT_MS 10000
#define PULL_TIMEOUT_NS   (600 * NS_PER_S)

/* What is in it; the first is what a container starts by itself. */
static const char *const names[] = { NODE_PROGRAM, RELAY_PROGRAM };
#define N_PROGRAMS ARRAY_LEN(names)

static int find_programs(char *ret[N_PROGRAMS], struct err *err)
{
	for (size_t i = 0; i < N_PROGRAMS; i++) {
		ret[i] = program_beside(names[i]);
		if (!ret[i])
			return err_set(err, ERR_ENV,
				"the image " COMPOSE_IMAGE
				" is to be made from %s, which is neither "
				"beside ltb nor in PATH; build it with `make`, or name an image of "
				"nodes with --set topology.image=NAME and set backend.compose.links "
				"to direct",
				names[i]);
	}
	return 0;
}

static int run_script(
	const char *const *argv, unsigned timeout_ms, struct strbuf *out, struct err *err)
{
	char how[64];
	int status = 0;

	if (proc_run(argv, timeout_ms, out->max, out, &status, err) < 0)
		return -1;
	if (status)
		return err_set(err, ERR_ENV, "the image cannot be made (%s): %s",
			proc_status_text(status, how, sizeof(how)), strbuf_str(out));
	return 0;
}

/* Images of earlier builds, which have lost their name; those that a container has stay. */
static void remove_nameless(struct compose *c)
{
	static const char path[] = "/images/prune?filters=%7B%22dangling%22%3A%5B%22true%22%5D%2C"
				   "%22label%22%3A%5B%22" LABEL_PROGRAMS "%22%5D%7D";

	(void)docker_call(
		c->docker, NET_POST, path, NULL, 0, NULL, 0, c->env->cancel, NULL, NULL, NULL);
}

static int build_and_load(
	struct compose *c, const char *dir, char *const programs[N_PROGRAMS], struct err *err)
{
	CLEANUP_FREE char *script = fs_join(dir, SCRIPT);
	CLEANUP_FREE char *tar = fs_join(dir, "image.tar");
	/* what the script leaves behind when it is killed is to be found, too */
	CLEANUP_FREE char *temporary = xasprintf("TMPDIR=%s", dir);
	CLEANUP_STRBUF struct strbuf out = { .max = 4096 };
	CLEANUP_FREE char *version = xasprintf("IMAGE_VERSION=%s", LTB_VERSION);
	const char *const argv[] = { "env", temporary, version, "sh", script, tar, COMPOSE_IMAGE,
		programs[0], programs[1], NULL };

	if (run_script(argv, BUILD_TIMEOUT_MS, &out, err) < 0)
		return -1;
	if (docker_image_load(c->docker, tar, c->env->cancel, err) < 0)
		return -1;
	remove_nameless(c);
	return 0;
}

static int make_own(
	struct compose *c, const char *dir, char *const programs[N_PROGRAMS], struct err *err)
{
	CLEANUP_FREE char *script = fs_join(dir, SCRIPT);
	CLEANUP_STRBUF struct strbuf digest = { .max = 4096 };
	char label[128];

	const char *const argv[] = { "sh", script, "--digest", programs[0], programs[1], NULL };
	if (run_script(argv, DIGEST_TIMEOUT_MS, &digest, err) < 0)
		return -1;
	int r = docker_image_label(c->docker, COMPOSE_IMAGE, LABEL_PROGRAMS, label, sizeof(label),
		c->env->cancel, err);
	size_t len = strcspn(strbuf_str(&digest), "\r\n");
	if (r < 0)
		return -1;
	if (r && strlen(label) == len && strncmp(label, strbuf_str(&digest), len) == 0)
		return 0;
	c->env->log(c->env->arg, -1, LOG_INFO,
		r ? "the image " COMPOSE_IMAGE " is of another build; making it anew"
		  : "making the image " COMPOSE_IMAGE);
	return build_and_load(c, dir, programs, err);
}

static int ensure_own(struct compose *c, struct err *err)
{
	CLEANUP_FREE char *dir = fs_join(c->env->run_dir, COMPOSE_IMAGE_DIR);
	CLEANUP_FREE char *script = fs_join(dir, SCRIPT);
	const char *text = image_build_script[0].text;
	char *programs[N_PROGRAMS] = { NULL };
	int r = find_programs(programs, err);
	if (r == 0)
		r = fs_mkdirs(dir, 0700, err);
	if (r == 0)
		r = fs_write_atomic(script, text, strlen(text), 0600, err);
	if (r == 0)
		r = make_own(c, dir, programs, err);
	for (size_t i = 0; i < N_PROGRAMS; i++)
		free(programs[i]);
	return fs_remove_tree(dir, r == 0 ? err : NULL) < 0 ? -1 : r;
}

static void tell_pull(void *arg, const char *text)
{
	struct compose *c = arg;
	c->env->log(c->env->arg, -1, LOG_INFO, text);
}

static int ensure_named(struct compose *c, struct err *err)
{
	char label[8];
	int r = docker_image_label(
		c->docker, c->image, LABEL_PROGRAMS, label, sizeof(label), c->env->cancel, err);

	if (r != 0)
		return r < 0 ? -1 : 0;
	CLEANUP_FREE char *text = xasprintf("pulling the image %s", c->image);
	c->env->log(c->env->arg, -1, LOG_INFO, text);
	if (docker_image_pull(
		    c->docker, c->image, PULL_TIMEOUT_NS, c->env->cancel, tell_pull, c, err) == 0)
		return 0;
	return err_prefix(err,
		"the image %s (topology.image, or LOGOS_BLOCKCHAIN_TESTNET_IMAGE) is not on this "
		"engine and cannot be pulled",
		c->image);
}

int compose_image_ensure(struct compose *c, struct err *err)
{
	if (!c->own_image && ensure_named(c, err) < 0)
		return -1;
	/* the relay is always ours */
	return c->own_image || c->relayed ? ensure_own(c, err) : 0;
}
