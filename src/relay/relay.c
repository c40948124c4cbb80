/* See relay.h. */
#include "relay/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relay/api.h"
#include "relay/http.h"
#include "util/fs.h"
#include "version.h"

struct relay {
	const struct config *cfg;
	struct loop *loop;
	struct plane *plane;
	struct http *http;
	struct event *signals[2], *parent;
};

static void on_signal(evutil_socket_t sig, short what, void *arg)
{
	struct relay *r = arg;

	(void)what;
	log_info("ended by %s", strsignal((int)sig));
	event_base_loopbreak(loop_base(r->loop));
}

static void on_stdin(evutil_socket_t fd, short what, void *arg)
{
	struct relay *r = arg;
	char ignored[256];
	ssize_t n = read(fd, ignored, sizeof(ignored));

	(void)what;
	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	log_info("the parent has closed the standard input");
	event_base_loopbreak(loop_base(r->loop));
}

/* As many descriptors as we may have. */
static int raise_limit(size_t *ret_max, struct err *err)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim))
		return err_errno(err, ERR_ENV, "cannot read the limit of file descriptors");
	lim.rlim_cur = lim.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &lim))
		log_warn("cannot raise the limit of file descriptors: %s", strerror(errno));
	if (getrlimit(RLIMIT_NOFILE, &lim))
		return err_errno(err, ERR_ENV, "cannot read the limit of file descriptors");
	*ret_max = lim.rlim_cur;
	return 0;
}

static int watch_parent(struct relay *r, pid_t parent, struct err *err)
{
	struct stat st;

	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0)
		return err_errno(err, ERR_ENV, "--exit-with-parent");
	if (getppid() != parent)
		return err_set(err, ERR_ENV, "--exit-with-parent: the parent has ended already");
	if (fstat(STDIN_FILENO, &st) || !(S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)))
		return 0;
	evutil_make_socket_nonblocking(STDIN_FILENO);
	r->parent = event_new(loop_base(r->loop), STDIN_FILENO, EV_READ | EV_PERSIST, on_stdin, r);
	if (!r->parent || event_add(r->parent, NULL))
		abort(); /* only for want of memory */
	return 0;
}

/* Those of --links. The parentheses say what to do about what comes after them. */
static int make_links(struct relay *r, struct err *err)
{
	CLEANUP_STRBUF struct strbuf text = { 0 };
	const char *file = r->cfg->links;
	struct link_specs specs;

	if (!file)
		return 0;
	if (fs_read_file(file, REQUEST_MAX_BYTES, &text, err))
		return err_prefix(err,
			"--links %s (wanted is a file of at most %u MiB that this user can read)",
			file, REQUEST_MAX_BYTES >> 20);
	int rc = api_make_links(r->plane, strbuf_str(&text), text.len, &specs, err);
	if (rc == 0)
		log_info("%zu links from %s", specs.len, file);
	else if (err->code == ERR_USAGE || err->code == ERR_PROTOCOL)
		err_prefix(err, "--links %s (wanted is the body of PUT /links, see ltb-relay(8))",
			file);
	else
		err_prefix(err, "--links %s", file);
	link_specs_release(&specs);
	return rc;
}

static int write_ready(const struct relay *r, struct err *err)
{
	CLEANUP_STRBUF struct strbuf text = { 0 };
	struct jw w;

	if (!r->cfg->ready_file)
		return 0;
	jw_init(&w, &text, 0);
	jw_object(&w);
	jw_ku64(&w, "pid", (uint64_t)getpid());
	jw_kstr(&w, "control", http_address(r->http));
	jw_object_end(&w);
	strbuf_addc(&text, '\n');
	return fs_write_atomic(r->cfg->ready_file, strbuf_str(&text), text.len, 0644, err);
}

static int start(struct relay *r, pid_t parent, struct err *err)
{
	static const int ending[] = { SIGTERM, SIGINT };
	size_t max_fds = 0;

	if (raise_limit(&max_fds, err))
		return -1;
	r->loop = loop_new(err);
	if (!r->loop)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(ending); i++) {
		r->signals[i] = evsignal_new(loop_base(r->loop), ending[i], on_signal, r);
		if (!r->signals[i] || event_add(r->signals[i], NULL))
			abort(); /* only for want of memory */
	}
	if (r->cfg->exit_with_parent && watch_parent(r, parent, err))
		return -1;
	r->plane = plane_new(r->loop, r->cfg->seed, max_fds);
	/* Before the API, so that who is answered finds them there. */
	if (make_links(r, err))
		return -1;
	r->http = http_new(r->loop, r->plane, r->cfg->control, r->cfg->token, err);
	if (!r->http || write_ready(r, err))
		return -1;
	log_info("ltb-relay %s, control on %s, %zu file descriptors", LTB_VERSION,
		http_address(r->http), max_fds);
	return 0;
}

static void stop(struct relay *r, bool was_ready)
{
	if (was_ready && r->cfg->ready_file)
		unlink(r->cfg->ready_file);
	http_free(r->http);
	plane_free(r->plane);
	for (size_t i = 0; i < ARRAY_LEN(r->signals); i++)
		if (r->signals[i])
			event_free(r->signals[i]);
	if (r->parent)
		event_free(r->parent);
	loop_free(r->loop);
}

int relay_run(const struct config *cfg, struct err *err)
{
	struct relay r = { .cfg = cfg };
	int rc = start(&r, getppid(), err);

	if (rc == 0 && event_base_dispatch(loop_base(r.loop)) < 0)
		rc = err_set(err, ERR_INTERNAL, "the event loop failed");
	stop(&r, rc == 0);
	return rc;
}
