/* json_text.h - JSON as text, without a tree in between: written straight into a buffer, and strings read from it.
 *
 * Knows no member names. Writers put down what the contract calls canonical: no white space, of the escapes only those that JSON asks for, the short ones where there are
 * some; strings given to them are valid UTF-8. Pure; any thread; numbers do not depend on the locale. */
#ifndef COMMON_JSON_TEXT_H
#define COMMON_JSON_TEXT_H

#include <jansson.h>
#include <stdbool.h>

#include "common/buf.h"

/* ---- writing ---- */
void json_add_text(buf *out, mr_bytes text);                             /* with quotes */
void json_add_piece(buf *out, mr_bytes text);                            /* without: part of a string */
void json_add_number(buf *out, double value, int digits);                /* significant digits; always looks like a real number; "null" when it is not finite */
void json_add_integer(buf *out, int64_t value);
void json_add_value(buf *out, const json_t *value);                      /* any tree; real numbers with 15 digits; members in the order of insertion */
/* The same with every real number written so that it reads back as itself: 15 digits where they do, else 17. */
void json_add_exact(buf *out, const json_t *value);

/* ---- reading ---- */
static inline bool json_is_white(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Position behind the closing quote of the string that opens at `p`; `end` when there is none. Looks at quotes and backslashes only. Linear. */
const char *json_string_end(const char *p, const char *end);
/* What stands between the quotes, decoded, replaces what `out` held. False: it is no JSON string (broken UTF-8, a control character, an escape that JSON does not know,
 * half a surrogate pair) or holds U+0000. */
bool json_string_decode(mr_bytes raw, buf *out);
/* The value of the first member `name` of an object, as it is written, without white space around it; data NULL: there is none, or the text is no object. Looks at strings and
 * brackets and judges nothing else; `name` is compared with the key as it stands, escapes and all. Borrowed from `object`, which need not be valid. Linear. */
mr_bytes json_member(mr_bytes object, const char *name);

#endif
