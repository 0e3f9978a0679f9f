/* byline.h - names of reporters as newspapers print them. Pure; any thread.
 *
 *   本报讯（记者 甲乙 通讯员 丙丁）…    【記者甲乙丙／某地報導】…    新华社某地6月1日电（记者甲乙）…    （本报记者 甲乙 实习生 丙丁）
 *   本报评论员 甲乙    摄影 甲乙    本报记者 甲乙 摄    □本报记者 甲乙    文/甲乙    By Jane Doe and John Roe */
#ifndef EXTRACT_BYLINE_H
#define EXTRACT_BYLINE_H

#include "page.h"

#define BYLINE_NAMES 16

typedef struct byline {
	span names[BYLINE_NAMES];        /* in the characters given */
	size_t count;
	span publication;                /* 《某报》 of a source note; empty: none */
} byline;

/* A whole line that is nothing but a byline. Names are appended. */
bool byline_line(const vocabulary *words, const uint32_t *c, span at, byline *out);
/* （甲乙丙） and nothing else, without a word of the trade: names that begin with a family name, or, when it stands `alone` on a line behind a story, any two or three ideographs that are no remark. */
bool byline_bare(const uint32_t *c, span at, bool alone, byline *out);
/* The lead-in at the beginning of a paragraph: characters it takes (0: none). Names are appended. */
uint32_t byline_lead_in(const vocabulary *words, const uint32_t *c, span at, byline *out);

#endif
