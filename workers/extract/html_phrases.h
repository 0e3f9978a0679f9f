/* html_phrases.h - what a single line of an article's element says about itself. Pure; any thread. */
#ifndef EXTRACT_HTML_PHRASES_H
#define EXTRACT_HTML_PHRASES_H

#include "workers/extract/html_clean.h"

/* Where the line stands: furniture words count less in the middle of an article. */
enum html_region { REGION_HEAD, REGION_MIDDLE, REGION_TAIL };

/* LINE_KEPT when nothing speaks against the line. `units` as measured. */
enum html_line_kind html_phrase_kind(mr_bytes text, uint32_t units, uint32_t stops, enum html_region region);
/* A line that announces what never belongs to the article ("相关阅读", "Comments"): behind it nothing is the article's. */
bool html_phrase_ends(mr_bytes text, uint32_t units);
/* A date with at most labels around it: `2026-03-13 08:30 来源：…`. */
bool html_phrase_is_dated(mr_bytes text, uint32_t units);
/* Ends as captions and picture credits do (… 摄, …供图, Photo: …). */
bool html_phrase_is_caption(mr_bytes text, uint32_t units);

/* `By Jane Doe …`. */
bool html_starts_by_name(mr_bytes text);

#endif
