/* dates.h - dates in markup and in running text: found, read, never invented.
 *
 * A date without a year keeps year 0, a time without a zone keeps has_zone false: whoever knows the page or the clock resolves them.
 * Understood: ISO 8601, RFC 822, `2026-03-13 08:30:15`, `2026/3/13`, `2026年3月13日 08:30`, `民國115年3月13日`, 〇-style numerals, English month names with or
 * without clock, `03/13/2026` where only one order is possible. Pure; any thread; depends on no locale and no clock. */
#ifndef EXTRACT_DATES_H
#define EXTRACT_DATES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"

enum date_precision { DATE_NONE, DATE_DAY, DATE_MINUTE, DATE_SECOND };

typedef struct date_value {
	int year;                        /* 1900..2100; 0: not told */
	int month, day;                  /* 1..12, 1..31 (checked against the month) */
	int hour, minute, second;        /* 0 where the precision does not reach */
	bool has_zone;
	int zone_minutes;                /* east of UTC */
	enum date_precision precision;   /* DATE_NONE: no date */
} date_value;

typedef struct date_found {
	date_value value;
	size_t begin, end;               /* bytes of the text it was read from */
} date_found;

/* The first date at or behind byte `from`, with a full year unless `yearless` is set. */
bool date_find(mr_bytes text, size_t from, bool yearless, date_found *out);
/* A value that is meant to be one date (attribute, meta tag, JSON member): also 20260313, 20260313083000 and epoch seconds or milliseconds. */
bool date_parse(mr_bytes text, date_value *out);
/* Epoch seconds as UTC. False outside 1990..2100. */
bool date_from_epoch(int64_t seconds, date_value *out);
/* The first relative word (今天, 昨日, 3小时前, yesterday, 2 hours ago) counted from `base`, which must have a year; minutes and hours ago
 * need a base with a clock. */
bool date_relative(mr_bytes text, const date_value *base, date_found *out);
/* -1, 0, 1 by what both know: years must be told; clocks are compared only when both have one; zones are ignored. */
int date_compare(const date_value *a, const date_value *b);
bool date_same_day(const date_value *a, const date_value *b);
/* `2026-03-13`, `2026-03-13T08:30`, `2026-03-13T08:30:15+08:00` by precision and zone; `03-13` without a year. */
void date_print(const date_value *value, buf *out);

#endif
