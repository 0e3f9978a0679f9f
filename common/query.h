/* query.h - the query part of an address (`since=17&label=talent`), read within fixed bounds.
 *
 * A value type without memory of its own: at most QUERY_PARAMS parameters, each name at most QUERY_NAME_MAX bytes of [a-z0-9_-], each value at most
 * QUERY_VALUE_MAX bytes of UTF-8 without control characters once its escapes (%XX, + for a blank) are undone. What does not fit, what comes twice and
 * what is not well formed makes the whole query wrong: half a question would get the answer to another one. Any thread. */
#ifndef COMMON_QUERY_H
#define COMMON_QUERY_H

#include <stddef.h>
#include <stdint.h>

#include "millrace/bytes.h"

enum { QUERY_PARAMS = 8, QUERY_NAME_MAX = 24, QUERY_VALUE_MAX = 256, QUERY_MAX = 2048 };

typedef struct query_param {
	char name[QUERY_NAME_MAX + 1], value[QUERY_VALUE_MAX + 1];       /* both end with a 0 */
} query_param;

typedef struct query {
	query_param params[QUERY_PARAMS];
	size_t count;
} query;

/* Reads what stands behind the `?`; no bytes at all is an empty query. 0; -1: malformed or past a bound, then `out` is empty. */
int query_parse(query *out, mr_bytes text);
/* The value of a parameter, borrowed from `self`; NULL when it is not there. */
const char *query_find(const query *self, const char *name);
/* A decimal number from `low` to `high`. 0 when it is there or absent (then `out` keeps what it has); -1 when it is something else. */
int query_number(const query *self, const char *name, int64_t low, int64_t high, int64_t *out);

#endif
