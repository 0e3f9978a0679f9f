/* top_view.h - how `millrace top` looks: a frame of lines made of what is known (top_data.h), for any width from 20 columns and any height. Pure: the clock is a parameter. */
#ifndef CLI_TOP_VIEW_H
#define CLI_TOP_VIEW_H

#include "cli/frame.h"
#include "cli/top_data.h"

enum top_page { TOP_OVERVIEW, TOP_STAGE_PAGE, TOP_PARTITION_PAGE, TOP_ARTICLE_PAGE, TOP_OUTCOME_PAGE, TOP_PAGES };

typedef struct top_view {
	enum top_page page;
	int width, height;               /* height 0: everything, one page after the other, for a pipe */
	bool colours;
	int sort[TOP_PAGES];             /* which order of the page; any number, taken modulo what there is */
	int scroll;                      /* lines; corrected when the page is shorter */
	bool paused, help;
	int interval_ms;
	int64_t now_ms;                  /* wall clock */
	const char *place;               /* where the daemon is asked */
} top_view;

/* Appends the lines to `out` (frame_of(view->width, view->colours)). */
void top_draw(const top_data *data, top_view *view, frame *out);

#endif
