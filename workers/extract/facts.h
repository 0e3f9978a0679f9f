/* facts.h - what is read off a page beside titles and bodies: names, dates, source, editor (inside workers/extract only). */
#ifndef EXTRACT_FACTS_H
#define EXTRACT_FACTS_H

#include "body.h"
#include "dates.h"
#include "page.h"

/* Value behind the label of class `wanted` on `line` (来源：某局 -> 某局); nothing when line < 0. */
void facts_label(const page *self, int32_t line, uint32_t wanted, buf *out);
/* The printed page or publication date. False: none with a year. */
bool facts_page_date(const page *self, date_value *out);
/* Names of reporters of article k, a list of strings (maybe empty). */
json_t *facts_authors(const page *self, size_t k);
/* Page number of a mark: （上接01版） -> 01版. */
void facts_turn(const page *self, uint32_t block, buf *out);

/* Where the year of a date and the day of a relative word come from. */
typedef struct date_base {
	date_value printed;              /* page or publication date; precision DATE_NONE: none */
	date_value clock;                /* of the record; for relative words only */
} date_base;

/* The date in signature or dateline of a body: YYYY-MM-DD or MM-DD; nothing: none. `news`: the first paragraph may hold it. */
void facts_dateline(const body *text, const date_base *base, bool news, buf *out);

/* The whole date in a line below or above headline k: `——2025年1月8日在…会议上`. Appends nothing when there is none. */
void facts_headline_date(const page *self, size_t k, buf *out);

#endif
