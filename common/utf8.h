/* utf8.h - UTF-8, decoded and checked. Pure; any thread. Decoding follows RFC 3629: no overlong forms, no surrogates, at most U+10FFFF. */
#ifndef COMMON_UTF8_H
#define COMMON_UTF8_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"

#define UTF8_BAD 0xFFFDu

uint32_t utf8_next_any(const char **at, const char *end);      /* utf8_next, for all that is neither ASCII nor of three bytes */

/* Next character of [*at, end); moves *at behind it. A broken byte gives UTF8_BAD and moves by one. Call only while *at < end.
 * Inline for ASCII and ideographs: every stage reads every character several times (decoding was 15 % of all instructions). */
static inline uint32_t utf8_next(const char **at, const char *end)
{
	const unsigned char *p = (const unsigned char *)*at;
	if (p[0] < 0x80) {
		*at += 1;
		return p[0];
	}
	if ((p[0] & 0xF0) == 0xE0 && end - *at >= 3 && (p[1] & 0xC0) == 0x80 && (p[2] & 0xC0) == 0x80) {
		uint32_t c = (p[0] & 0x0Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu);
		if (c >= 0x800 && (c < 0xD800 || c > 0xDFFF)) {
			*at += 3;
			return c;
		}
	}
	return utf8_next_any(at, end);
}

/* Character that ends right before `at`; moves *at to its first byte. Call only while *at > begin. */
uint32_t utf8_prev(const char *begin, const char **at);
void utf8_add(buf *out, uint32_t c);                   /* appends one character; surrogates and values above U+10FFFF become U+FFFD */
bool utf8_valid(mr_bytes text);
size_t utf8_count(mr_bytes text);                      /* Unicode characters */
size_t utf8_prefix(mr_bytes text, size_t characters);  /* bytes of the first `characters` characters (or all) */

/* Must not reach a terminal or a reader of logs as it is: controls of both sets, line separators, the marks that turn the direction of writing (they make a line look
 * like another one), and characters that are there without being seen (tags, annotations, U+FEFF). */
bool utf8_is_unsafe(uint32_t c);
size_t utf8_escape(uint32_t c, char out[13]);          /* as JSON and C write it: \u202e, above U+FFFF in two; returns its length */

static inline bool utf8_is_han(uint32_t c)             /* ideographs, with the compatibility block, extensions A-H and 〇 */
{
	return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0xF900 && c <= 0xFAFF) ||
	       (c >= 0x20000 && c <= 0x323AF) || c == 0x3007;
}

#endif
