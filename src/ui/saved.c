/* What is told when a preset has been saved, by the editor or from a run; see app.h. */
#include <string.h>

#include "ui/app.h"

struct saved {
	struct ui *ui;
	const char *path, *trouble;
};

static int tell(const struct preset_info *p, void *arg)
{
	const struct saved *s = arg;

	if (strstr(p->hides, s->path))
		ui_message(s->ui, ROLE_WARN,
			"saved to %s, but %s has the same name and is found first: give it "
			"another name, or its path",
			s->path, p->source);
	else if (s->trouble)
		ui_message(s->ui, ROLE_WARN, "saved to %s, but %s", s->path, s->trouble);
	else
		ui_message(s->ui, ROLE_GOOD, "saved as preset %s: %s", p->name, s->path);
	return 0;
}

void ui_tell_saved(struct ui *ui, const char *name, const char *path, const char *trouble)
{
	struct saved s = { ui, path, trouble };

	if (!preset_look_up(ui->host->presets, name, tell, &s))
		ui_message(ui, ROLE_GOOD, "saved to %s", path);
}
