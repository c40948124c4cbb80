/*
 * `ltb clean`: removes what a run whose ltb is gone left behind, by the run's
 * journal. Reports and logs stay. A run that is still going is left alone.
 */
#include "app/app.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/backend.h"
#include "core/journal.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/proc.h"
#include "util/units.h"

struct journal_facts {
	bool has_owner, done;
	struct journal_entry owner;
};

static int note_facts(const struct journal_entry *e, void *arg)
{
	struct journal_facts *f = arg;

	if (e->op == JOURNAL_OWNER) {
		f->has_owner = true;
		f->owner = *e;
	}
	if (e->op == JOURNAL_DONE)
		f->done = true;
	return 0;
}

static int clean_run(const char *run_dir, bool quiet, struct err *err)
{
	CLEANUP_FREE char *journal = fs_join(run_dir, "journal");
	struct journal_facts facts = { 0 };
	unsigned removed = 0;

	if (!fs_exists(journal)) {
		/* Killed before it made anything: the journal comes first. */
		if (!quiet)
			printf("%s: nothing was started\n", run_dir);
		return 0;
	}
	if (journal_read(journal, note_facts, &facts, err) < 0)
		return -1;
	if (!facts.has_owner || facts.done) {
		if (!quiet)
			printf("%s: nothing left behind\n", run_dir);
		return 0;
	}
	if (proc_is_alive(facts.owner.pid, facts.owner.start_time))
		return err_set(err, ERR_USAGE, "%s is still running (process %ld); stop it first",
			run_dir, (long)facts.owner.pid);
	const struct backend_ops *ops = catalog_backend(&app_catalog, facts.owner.text);

	if (!ops)
		return err_set(err, ERR_ENV, "%s: its backend \"%s\" is not one of this program's",
			run_dir, facts.owner.text);
	if (ops->clean(run_dir, &removed, err) < 0)
		return err_prefix(err, "%s", run_dir);
	printf("%s: removed %u thing%s\n", run_dir, removed, plural_s(removed));
	return 0;
}

static int clean_all(struct err *err)
{
	CLEANUP_FREE char *runs = app_runs_dir();
	DIR *dir = opendir(runs);
	struct dirent *d;
	int status = 0;

	if (!dir)
		return 0; /* never ran anything */
	while ((d = readdir(dir))) {
		struct err one = { 0 };

		if (d->d_name[0] == '.' || strcmp(d->d_name, "latest") == 0)
			continue;
		CLEANUP_FREE char *run = fs_join(runs, d->d_name);

		/* One that fails does not keep the others from being cleaned. */
		if (clean_run(run, true, &one) < 0) {
			if (status == 0)
				*err = one;
			else
				fprintf(stderr, "ltb: %s\n", one.text);
			status = -1;
		}
	}
	closedir(dir);
	return status;
}

int cmd_clean(const struct cli *cli)
{
	struct err err = { 0 };
	int status;

	if (cli->all && cli->operands.len) {
		err_set(&err, ERR_USAGE, "`ltb clean' takes either a run or --all");
		return app_fail(&err);
	}
	if (cli->all || cli->operands.len == 0) {
		status = clean_all(&err);
	} else {
		char *run = app_find_run(cli->operands.items[0], &err);

		status = run ? clean_run(run, false, &err) : -1;
		free(run);
	}
	return status < 0 ? app_fail(&err) : EXIT_PASS;
}
