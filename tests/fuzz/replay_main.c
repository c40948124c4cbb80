/*
 * A main for fuzz targets without libFuzzer: runs every file named, or below a
 * directory named, through the target once and prints how many there were.
 */
#include <fts.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/fs.h"
#include "util/mem.h"
#include "util/strbuf.h"

#define INPUT_MAX (64u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
	CLEANUP_STRBUF struct strbuf text = { 0 };
	struct err err = { 0 };
	if (fs_read(path, INPUT_MAX, &text, &err) != 0) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	/* an exact copy, so that a sanitizer sees the first byte read too far */
	uint8_t *data = xmemdup(strbuf_str(&text), text.len);
	LLVMFuzzerTestOneInput(data, text.len);
	free(data);
	return 0;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: %s FILE-OR-DIRECTORY...\n", argv[0]);
		return 2;
	}
	FTS *tree = fts_open(argv + 1, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	if (!tree) {
		perror("fts_open");
		return 1;
	}
	unsigned long ran = 0;
	int rc = 0;
	const FTSENT *e;
	while ((e = fts_read(tree))) {
		if (e->fts_info == FTS_F) {
			rc |= replay_file(e->fts_path);
			ran++;
		} else if (e->fts_info == FTS_NS || e->fts_info == FTS_DNR) {
			fprintf(stderr, "%s: %s\n", e->fts_path, strerror(e->fts_errno));
			rc = -1;
		}
	}
	fts_close(tree);
	printf("%lu inputs replayed\n", ran);
	return rc == 0 ? 0 : 1;
}
