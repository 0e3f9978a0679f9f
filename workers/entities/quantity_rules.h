/* quantity_rules.h - what the files behind quantities.h share. Private to quantities*.c and counted.c. */
#ifndef ENTITIES_QUANTITY_RULES_H
#define ENTITIES_QUANTITY_RULES_H

#include <uchar.h>

#include "numerals.h"
#include "quantities.h"
#include "units.h"

/* A number with what follows it. */
typedef struct figure {
	numeral number;
	unit unit;                       /* unit.end == 0: none */
	fact_span unit_at;               /* the unit alone, without scale */
	uint32_t begin, end;             /* with unit */
	bool hundredths;                 /* 百分之: the unit stands before the number */
	double divided;                  /* 三分之一: value is of one; 0: no fraction */
} figure;

/* Words of up to four folded characters, for tests to the left and right. `words` are separated by one blank. */
bool ends_with_word(const fact_text *text, uint32_t end, const char32_t *words, uint32_t *begin);      /* a word ends at `end`; the first that fits, so longest first */
bool begins_with_word(const fact_text *text, uint32_t begin, const char32_t *words, uint32_t *end);
bool is_one_of(uint32_t c, const char32_t *set);

bool figure_read(const fact_text *text, uint32_t at, figure *out);       /* out->end is where to go on, also when false */

/* quantities_refuse.c: is this number an order, a date, a code, a name? `to` is the other end of a range or the figure itself. */
bool figure_counts(const fact_text *text, const figure *from, const figure *to, bool qualified);

/* counted.c: the noun phrase of a figure of Chinese text, not before `from` (the end of another figure). */
fact_span counted_find(const fact_text *text, const quantity *item, uint32_t from);
bool counted_is_growth(const fact_text *text, fact_span what);   /* 同比增长: words of change and comparison only */

/* quantities_latin.c: the figure around a number in English text: money and shares, with `counts` also numbers before a plural noun. False: none. *end: where to go on. */
bool latin_read(const fact_text *text, const numeral *number, bool counts, quantity *out, uint32_t *end);
/* A number in words at the letter `at` (twenty-five); out->end: behind the number, or behind the word that is none. */
bool latin_numeral(const fact_text *text, uint32_t at, numeral *out);
/* What stands beside a figure in English. */
fact_span latin_counted(const fact_text *text, const quantity *item);
/* The 800m: an event, no length. `unit`: where the m stands. */
bool latin_is_race(const fact_text *text, const numeral *number, uint32_t unit);

#endif
