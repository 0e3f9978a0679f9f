/* top_pages.h - the lists of `millrace top`, and the words and figures that all of it uses. Private to cli/top_*.c. */
#ifndef CLI_TOP_PAGES_H
#define CLI_TOP_PAGES_H

#include "cli/top_view.h"

#define TOP_TEXT 40

/* Each writes into `out` and returns it. NAN is "?". */
const char *top_count_text(double n, char out[TOP_TEXT]);                /* 12,345 */
const char *top_rate_text(double per_second, char out[TOP_TEXT]);        /* 3.2/s */
const char *top_time_text(double ms, char out[TOP_TEXT]);                /* 412 ms, 3.2 s, 2 h 13 min */
const char *top_clock_text(int64_t wall_ms, char out[TOP_TEXT]);         /* 18:42:07, local */
const char *top_span_text(const top_data *data);                         /* "last hour" */

/* At most `room` columns of the current line. */
void top_draw_spark(const top_data *data, enum top_series series, int room, frame *out);

void top_draw_flow(const top_data *data, frame *out);
void top_draw_stages(const top_data *data, const top_view *view, frame *out);            /* a line each */
void top_draw_workers(const top_data *data, const top_view *view, frame *out);           /* with a line for each worker */
void top_draw_partitions(const top_data *data, const top_view *view, frame *out);
void top_draw_outcomes(const top_data *data, const top_view *view, frame *out);          /* labels, duplicates, dead letters, with bars */
void top_draw_outcomes_short(const top_data *data, frame *out);                          /* the same in a line each */
void top_draw_articles(const top_data *data, const top_view *view, frame *out, int lines, bool more);   /* `more`: a second line with source and evidence */

#endif
