/*
 * Load for the figures of ltb-relay, and the yardstick: a bare splice() loop,
 * the least that any program in between can do. All on 127.0.0.1.
 *   link_load throughput TARGET DIAL SECONDS   MB/s that arrive at port TARGET
 *   link_load latency TARGET DIAL ROUNDS       p50 of a round trip of 64 bytes, us
 *   link_load mesh TARGET                      dials each port of the standard input,
 *                                              sends a byte through, says "ready", waits
 *   link_load splice LISTEN TARGET             the loop, until killed
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BLOCK       (256 * 1024)
#define PING        64
#define MAX_SAMPLES 1000000

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static struct sockaddr_in local(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
}

static int listen_on(int port)
{
	struct sockaddr_in a = local(port);
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 4096))
		die("listen");
	return fd;
}

static int dial(int port)
{
	struct sockaddr_in a = local(port);
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)))
		die("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static int accept_one(int fd)
{
	int one = 1, s = accept(fd, NULL, NULL);

	if (s < 0)
		die("accept");
	setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return s;
}

/* --- throughput -------------------------------------------------------------------------- */

/* The first half second does not count: windows grow. */
static void sink(int fd, double seconds)
{
	static char block[BLOCK];
	int s = accept_one(fd);
	double start = now_s() + 0.5, end = start + seconds, counted = 0;

	for (;;) {
		ssize_t n = read(s, block, sizeof(block));
		double t = now_s();
		if (n <= 0 || t >= end)
			break;
		if (t >= start)
			counted += (double)n;
	}
	printf("%.0f\n", counted / seconds / 1e6);
	fflush(stdout);
	_exit(0);
}

static void throughput(int target, int port, double seconds)
{
	static char block[BLOCK];
	int fd = listen_on(target);
	pid_t child = fork();

	if (child == 0)
		sink(fd, seconds);
	close(fd);
	int s = dial(port);
	while (write(s, block, sizeof(block)) > 0)
		continue;
	waitpid(child, NULL, 0);
}

/* --- latency ------------------------------------------------------------------------------ */

static void read_ping(int s, char *buf)
{
	for (size_t have = 0; have < PING;) {
		ssize_t n = read(s, buf + have, PING - have);
		if (n <= 0)
			exit(0);
		have += (size_t)n;
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void latency(int target, int port, int rounds)
{
	static double samples[MAX_SAMPLES];
	char ping[PING] = { 0 };
	int fd = listen_on(target);
	pid_t child = fork();

	if (child == 0) {
		int s = accept_one(fd);
		for (;;) {
			read_ping(s, ping);
			if (write(s, ping, PING) != PING)
				_exit(0);
		}
	}
	close(fd);
	int s = dial(port);
	for (int i = 0; i < rounds && i < MAX_SAMPLES; i++) {
		double t = now_s();
		if (write(s, ping, PING) != PING)
			die("write");
		read_ping(s, ping);
		samples[i] = (now_s() - t) * 1e6;
	}
	qsort(samples, (size_t)rounds, sizeof(samples[0]), compare);
	printf("%.1f\n", samples[rounds / 2]);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

/* --- mesh ------------------------------------------------------------------------------- */

static void mesh(int target)
{
	int fd = listen_on(target), port;
	struct rlimit lim;

	getrlimit(RLIMIT_NOFILE, &lim);
	lim.rlim_cur = lim.rlim_max;
	setrlimit(RLIMIT_NOFILE, &lim);
	while (scanf("%d", &port) == 1) {
		char c = 'x';
		int s = dial(port), t = accept_one(fd);
		if (write(s, &c, 1) != 1 || read(t, &c, 1) != 1)
			die("a byte through the link");
	}
	puts("ready");
	fflush(stdout);
	pause();
}

/* --- the yardstick -------------------------------------------------------------------- */

/* One way as far as it goes; false at the end. */
static int move(int from, int to, const int pipe_fd[2])
{
	ssize_t n = splice(from, NULL, pipe_fd[1], NULL, BLOCK, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

	if (n <= 0)
		return n < 0 && errno == EAGAIN;
	while (n > 0) {
		ssize_t m = splice(pipe_fd[0], NULL, to, NULL, (size_t)n, SPLICE_F_MOVE);
		if (m <= 0)
			return 0;
		n -= m;
	}
	return 1;
}

static void splice_loop(int listen_port, int target)
{
	int fd = listen_on(listen_port), forward[2], backward[2];

	for (;;) {
		int a = accept_one(fd), b = dial(target), open = 1;
		struct pollfd p[2] = { { a, POLLIN, 0 }, { b, POLLIN, 0 } };

		if (pipe(forward) || pipe(backward))
			die("pipe");
		fcntl(forward[1], F_SETPIPE_SZ, BLOCK);
		while (open && poll(p, 2, -1) >= 0) {
			if (p[0].revents)
				open = move(a, b, forward);
			if (open && p[1].revents)
				open = move(b, a, backward);
		}
		int all[] = { a, b, forward[0], forward[1], backward[0], backward[1] };
		for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
			close(all[i]);
	}
}

int main(int argc, char **argv)
{
	int a = argc > 2 ? atoi(argv[2]) : 0, b = argc > 3 ? atoi(argv[3]) : 0;
	int n = argc > 4 ? atoi(argv[4]) : 0;

	signal(SIGPIPE, SIG_IGN);
	if (argc == 5 && strcmp(argv[1], "throughput") == 0)
		throughput(a, b, n);
	else if (argc == 5 && strcmp(argv[1], "latency") == 0 && n > 0)
		latency(a, b, n);
	else if (argc == 3 && strcmp(argv[1], "mesh") == 0)
		mesh(a);
	else if (argc == 4 && strcmp(argv[1], "splice") == 0)
		splice_loop(a, b);
	else {
		fprintf(stderr, "usage: link_load throughput|latency TARGET DIAL N | mesh TARGET | "
				"splice LISTEN TARGET\n");
		return 2;
	}
	return 0;
}
