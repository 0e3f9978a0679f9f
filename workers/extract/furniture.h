/* furniture.h - what the tests for furniture share (inside workers/extract only): furniture.c has marks, labels, dates; furniture_caption.c captions;
 * furniture_press.c what a paper or site says of itself.
 *
 * A test looks at one line at its place on the page and changes nothing but facts of the page (keep_facts). It owns nothing. */
#ifndef EXTRACT_FURNITURE_H
#define EXTRACT_FURNITURE_H

#include <uchar.h>

#include "page.h"

enum zone { ZONE_HEAD, ZONE_BODY, ZONE_TAIL };

struct place {
	page *page;
	page_line *line;
	size_t index;
	enum zone zone;
};

/* Character i of the line; 0 behind its end. */
static inline uint32_t at(const struct place *p, uint32_t i)
{
	uint32_t k = p->line->at.begin + i;
	return k < p->line->at.end ? p->page->text[k] : 0;
}

static inline uint32_t length(const page_line *line)
{
	return line->at.end - line->at.begin;
}

static inline bool is_one_of(uint32_t c, const char32_t *set)
{
	for (; *set; set++)
		if (c == *set)
			return true;
	return false;
}

/* How often one of two characters stands on the line. */
static inline size_t count_of(const struct place *p, uint32_t a, uint32_t b)
{
	size_t n = 0;
	for (uint32_t i = p->line->at.begin; i < p->line->at.end; i++)
		n += p->page->text[i] == a || p->page->text[i] == b;
	return n;
}

/* Words of the classes `wanted` on the line. */
size_t furniture_words(const struct place *p, uint32_t wanted);
/* Does an ASCII word, in any case, stand at character i? `word` is in lower case. */
bool furniture_latin(const struct place *p, uint32_t i, const char *word);
/* Keys of up to eight characters (16 Latin ones) before a colon, at the beginning or behind a blank. */
size_t furniture_keys(const struct place *p);

/* Middle of a wrapped paragraph: the line before is full and goes on. */
bool furniture_inside(const page *self, size_t i);

/* ---- captions (furniture_caption.c) ---- */
bool test_caption(const struct place *p);                /* ▲…, （左二）, …（某某摄） */
bool caption_ends_with_credit(const struct place *p);    /* `… on Monday. (Some Press Photo/Jane Doe)` */
/* The credit `甲某 摄` or （某局提供） was cut off the line before, which is one line by itself and no text below a heading. */
bool caption_stands_alone(const struct place *p);

/* ---- tests (furniture_press.c) ---- */
bool test_press(const struct place *p);          /* 今日4版 零售价1元, 新闻热线 … */
bool test_contact(const struct place *p);        /* 读者热线：96500 网址：… */
bool test_enquiries(const struct place *p);      /* For media enquiries contact … */
bool test_weather(const struct place *p);        /* 今日天气 多云 26℃ */

#endif
