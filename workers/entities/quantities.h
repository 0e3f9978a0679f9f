/* quantities.h - the figures of an article: what was counted or measured, how much, of what unit (docs/quantities.md).
 *
 * Read from folded text by rules: a number (numerals.h), a unit behind it (units.h) or, in English, a plural noun (quantities_latin.c), qualifiers on either
 * side, and the noun phrase that says what is counted (counted.c). A number that orders, dates, names or addresses is no figure: it has no unit, or a
 * neighbour that says so.
 *
 *     近70项          value 70, unit 项, qualifier 近            6万余名      60000 名 余
 *     1亿6,500万元    1.65 亿元                                  四成         40 %
 *     翻两番          4 倍                                       3—5年        3 to 5 年
 *     £18.5 million   18.5 million GBP                           31 firms     31 firms
 *
 * Time is linear in the text: every look to the left or right is bounded. An article has at most QUANTITIES_MAX figures, what comes behind is left out.
 * Owns its items and is used again for the next article; one thread. */
#ifndef ENTITIES_QUANTITIES_H
#define ENTITIES_QUANTITIES_H

#include "fact_text.h"

#define QUANTITIES_MAX 1000

/* Spans are folded characters of the fact_text; begin == end: none. */
typedef struct quantity {
	fact_span at;                    /* as printed, with qualifiers and unit */
	double value;                    /* counts and measures multiplied out; money in its printed 万元, 亿元, million */
	double value_to;                 /* upper end of a range; 0: none */
	fact_span scale, unit;           /* the printed unit is scale + unit: 亿 + 元 */
	const char *scale_name;          /* million, billion of English money, before the unit; NULL: none */
	const char *unit_name;           /* instead of them, where the unit is another than printed (成 -> %); NULL: as printed */
	fact_span qualifier;             /* 近, 超过, 余, 以上, over */
	fact_span what;                  /* the thing counted */
	fact_span subject;               /* whose growth `what` tells (同比增长); printed before it */
	uint8_t kind;                    /* enum unit_kind */
} quantity;

typedef struct quantities {
	quantity *items;                 /* in the order of the text, none overlaps another */
	uint32_t count, room;
} quantities;

void quantities_read(quantities *self, const fact_text *text);
void quantities_free(quantities *self);

/* detail.metrics (docs/record.md) as JSON text, appended to `out`; nothing when there are none. Figures told twice are there once. */
void quantities_write(const quantities *self, const fact_text *text, buf *out);

#endif
