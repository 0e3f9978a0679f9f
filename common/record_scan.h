/* record_scan.h - a first look at a JSON value, before the parser may build anything: how deep, how many values, and where the members of the top
 * object stand in the bytes.
 *
 * It respects strings and counts brackets; it does not judge the text (Jansson does). The spans are true only if the text then proves to be one
 * JSON object; they let `extra` keep numbers and nested values as they were written. One pass, linear. Private to common/record*.c. */
#ifndef COMMON_RECORD_SCAN_H
#define COMMON_RECORD_SCAN_H

#include <stdbool.h>

#include "common/buf.h"

typedef struct json_span {
	mr_bytes key, value;     /* as written: key without its quotes, value without white space around it */
	bool taken;              /* printed in a field of its own, or empty: not for `extra` */
} json_span;

enum json_scan_result { JSON_SCAN_FINE, JSON_SCAN_DEEP, JSON_SCAN_MANY };

typedef struct json_scan {
	json_span *members;      /* in order; malloc'ed */
	size_t member_count, member_cap;
	size_t values;           /* objects, lists and scalars, about */
} json_scan;

enum json_scan_result json_scan_run(json_scan *self, mr_bytes text, int max_depth, size_t max_values);
void json_scan_free(json_scan *self);
/* Appends a JSON value without the white space outside its strings. The value must be valid JSON. */
void json_minify(mr_bytes value, buf *out);

#endif
