/*
 * What one operation on a container takes through our client of the engine:
 * pauses and resumes CONTAINER N times, prints the mean milliseconds of one
 * call. usage: docker_ops CONTAINER N
 */
#include <stdio.h>
#include <stdlib.h>

#include "backends/docker.h"
#include "util/clock.h"

int main(int argc, char **argv)
{
	struct err err = { 0 };
	struct docker_version version;
	long n = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
	struct clock *clock = clock_new_real();
	struct net *net = n > 0 ? net_start(clock, NULL, &err) : NULL;
	struct docker *docker = net ? docker_open(net, NULL, &version, &err) : NULL;
	int r = docker ? 0 : -1;
	uint64_t start = clock_now(clock);

	for (long i = 0; r == 0 && i < 2 * n; i++)
		r = docker_pause(docker, argv[1], i % 2 == 0, NULL, &err);
	if (r == 0)
		printf("%.2f\n",
			(double)(clock_now(clock) - start) / (double)NS_PER_MS / (double)(2 * n));
	else
		fprintf(stderr, "docker_ops: %s\n", n > 0 ? err.text : "usage: CONTAINER N");
	docker_free(docker);
	if (net) {
		net_stop(net);
		net_free(net);
	}
	clock_free(clock);
	return r < 0;
}
