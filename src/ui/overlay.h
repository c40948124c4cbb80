/* Overlays from the main loop's side; what screens use is in app.h. Main thread. */
#ifndef UI_OVERLAY_H
#define UI_OVERLAY_H

#include "ui/app.h"

/* Draws all that lie on the screen, lowest first. v is the whole canvas. */
void overlays_draw(struct ui *ui, struct view *v);
/* Gives the key to the topmost; false: there is none, or it leaves this key to the main loop
 * (suspend, redraw, save the screen). */
bool overlay_key(struct ui *ui, const struct key_event *k);
void overlays_news(struct ui *ui);
void overlays_close(struct ui *ui);
/* Contexts of the topmost; only valid when there is one. */
unsigned overlay_contexts(const struct ui *ui);
/* The line at the bottom in which the search text is typed. */
void ui_start_search(struct ui *ui);
bool overlay_is_search(const struct ui *ui);

#endif
