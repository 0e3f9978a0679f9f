/* record_load.h - a feed record's JSON tree: what json_loadb gives, at a fraction of its cost.
 *
 * Jansson's lexer takes some 17 ns a byte, and nearly all bytes of a record stand in one string: its text. So long strings of the top object are cut
 * out (`""` stands in their place), Jansson parses what is left, and the strings, decoded here, are put back: a record of 13.5 KB is parsed and dumped
 * in 72 us where it took 229 (bench_record). Whether the value is one JSON object is still Jansson's verdict: a whole string token was exchanged for
 * another one, and a token that is not certainly a good string (an escape or byte that JSON does not allow, NUL, half a surrogate pair) is left
 * for Jansson to refuse. Private to common/record*.c. */
#ifndef COMMON_RECORD_LOAD_H
#define COMMON_RECORD_LOAD_H

#include <jansson.h>

#include "common/record_scan.h"

#define RECORD_LOAD_LONG 512     /* bytes from which a string is worth the detour */

/* json_loadb(text, JSON_REJECT_DUPLICATES), also in what `error` says. `scan` is the finished scan of the same bytes. */
json_t *record_load(mr_bytes text, const json_scan *scan, size_t long_bytes, json_error_t *error);

#endif
