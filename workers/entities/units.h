/* units.h - the units and measure words that news figures are printed with, matched on folded text (inside workers/entities only).
 *
 * One sorted table (units.c). A row says what kind of measure a word is and with which numbers it stands; rows of kind UNIT_NONE are ordinary words that begin with a
 * measure word (本科, 成立), so that the longest match keeps 985本科 from being 985 本. Pure; any thread. */
#ifndef ENTITIES_UNITS_H
#define ENTITIES_UNITS_H

#include "fact_text.h"

enum unit_kind {
	UNIT_NONE,                       /* no unit: the word only looks like one */
	UNIT_COUNT,                      /* 量词: 家, 名, 项 */
	UNIT_MEASURE,                    /* SI and its neighbours, area, data, energy: 亩, 公里, kWh, GB */
	UNIT_MONEY,                      /* 元, 美元: 万 and 亿 stay in the unit */
	UNIT_SHARE,                      /* %, ‰ */
	UNIT_POINTS,                     /* 个百分点, 个基点 */
	UNIT_TENTHS,                     /* 成: 四成 is 40 % */
	UNIT_OFF,                        /* 折: 五折 is 50 % */
	UNIT_TIMES,                      /* 倍 */
	UNIT_TIME,                       /* durations: 天, 个月, 小时 */
	UNIT_AGE,                        /* 岁: ages are facts about persons; limits and averages are figures */
	UNIT_GRADE,                      /* 级: of earthquakes and winds only */
};

enum unit_flags {
	UNIT_SMALL = 1,                  /* counts with a single Chinese numeral, too: 八所. Others mostly number what is talked about: 三类, 五大 */
	UNIT_BARE = 2,                   /* counts with a multiplier alone: 百家, 万亩 */
	UNIT_ARABIC = 4,                 /* with digits only: 二十条, 两期 are names as often as counts */
	UNIT_NOT_YEAR = 8,               /* never behind what may be a year: 2024起, 2025版 */
};

typedef struct unit {
	uint32_t end;                    /* behind the unit */
	uint8_t kind, flags;
} unit;

/* The longest unit that begins at `at`. False: none (also when it is an ordinary word). */
bool unit_match(const fact_text *text, uint32_t at, unit *out);
/* A unit, then / and another word: 元/平方米, 公里/小时; behind the whole, or out->end unchanged. A bracketed second unit as well: 台(套). */
uint32_t unit_compound_end(const fact_text *text, uint32_t end);

/* For tests: row i as text; NULL behind the last. */
const char *unit_row(size_t i);

#endif
