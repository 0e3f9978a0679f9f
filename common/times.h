/* times.h - points in time as feeds and pages write them, and as we print them.
 *
 * Reads ISO 8601 (extended and basic form), RFC 822/2822 dates, English dates with the month's name, Chinese dates (2026年3月13日 上午8:30),
 * numeric dates that begin with the year (2026-03-13, 2026/3/13, 2026.3.13) and epoch seconds to nanoseconds. Numeric dates that
 * begin with the day or the month are refused: 03/04/2026 is two dates. Own civil-date arithmetic (proleptic Gregorian, years 1000 to 9999);
 * neither the C library's time zone nor its locale is ever asked. Pure; any thread. */
#ifndef COMMON_TIMES_H
#define COMMON_TIMES_H

#include <stdbool.h>
#include <stdint.h>

#include "millrace/bytes.h"

enum time_precision { TIME_SECOND, TIME_MINUTE, TIME_DAY };

#define TIME_ZONE_CHINA 480              /* minutes east of Greenwich */
#define TIME_TEXT_BYTES 64               /* room for time_print, NUL included */

typedef struct time_point {
	int64_t ms;                      /* since 1970-01-01T00:00:00Z */
	int zone;                        /* minutes east in which it is printed */
	bool zone_given;                 /* the text named it; false: `zone` is the caller's default */
	enum time_precision precision;   /* what the text tells; the rest is zero */
} time_point;

/* The whole text must be one point in time (white space around it and a weekday are allowed). A text without zone is in
 * `default_zone`. An epoch number is UTC. false: `out` is untouched. */
bool time_parse(mr_bytes text, int default_zone, time_point *out);
/* 2026-03-13T08:30:00.000+08:00; UTC prints as Z. A point outside the years 1000 to 9999 gives "" and false. */
bool time_print(int64_t ms, int zone, char out[TIME_TEXT_BYTES]);
const char *time_precision_name(enum time_precision precision);

/* Days since 1970-01-01 of a civil date, and back. `month` 1..12, `day` 1..31. */
int64_t time_days(int year, int month, int day);
void time_civil(int64_t days, int *year, int *month, int *day);
bool time_date_valid(int year, int month, int day);

#endif
