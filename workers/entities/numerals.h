/* numerals.h - numbers as Chinese and English news prints them, read from folded text (inside workers/entities only).
 *
 *     3710   13,000   30.61   6万   3600余万   1亿6,500万   1.2万亿   三十二   两千   一万三千   百(家)   三四十   三百余万
 *
 * What is read is a number, not yet a figure: whether it counts something is for quantities.c to say. Never reads past a line
 * break; looks at most NUMERAL_MAX characters ahead. Pure; any thread. */
#ifndef ENTITIES_NUMERALS_H
#define ENTITIES_NUMERALS_H

#include "fact_text.h"

#define NUMERAL_MAX 40                   /* characters of one number with its groups and multipliers */
#define NUMERAL_DIGITS 15                /* a double holds as many; longer runs are codes */

enum numeral_form {
	NUMERAL_ARABIC,                  /* digits, perhaps with 万, 亿 behind */
	NUMERAL_HAN,                     /* 三十二 */
	NUMERAL_BARE,                    /* a multiplier alone: 百家, 万名 */
	NUMERAL_WORDS,                   /* twenty-five */
};

typedef struct numeral {
	enum numeral_form form;
	uint32_t begin, end;             /* without a qualifier behind the last character: that is `inner` */
	double value;                    /* multiplied out */
	double value_to;                 /* upper end of 三四十; 0: none */
	double scale;                    /* of the printed 万, 亿, 万亿 at the end; 1: none */
	fact_span scaled;                /* where that is printed; empty: none */
	fact_span inner;                 /* 余, 多, 几 inside the number or right behind it; empty: none */
	uint8_t digits, decimals;        /* of the first group of Arabic digits */
	bool grouped;                    /* with thousands separators */
	bool zero_first;                 /* 007, 01: codes, pages */
	bool adjoins;                    /* more digits behind a separator that no number has: 1.2.3, 12:30, a run too long */
} numeral;

/* A digit that was printed as one: circled and raised figures look alike when folded. */
bool numeral_is_digit(const fact_text *text, uint32_t at);
int numeral_han_digit(uint32_t c);       /* 0..9, 两 is 2; -1: none */
int numeral_han_power(uint32_t c);       /* 十 1, 百 2, 千 3, 万 4, 亿 8; 0: none */

/* Reads the number that begins at `at`. False: nothing that is a number; `end` is where to go on in both cases (behind `at`). */
bool numeral_read(const fact_text *text, uint32_t at, numeral *out);

#endif
