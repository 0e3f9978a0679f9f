/* utf8.c - see utf8.h. */
#include "utf8.h"

#include <stdio.h>

/* Length of the well-formed sequence at p (0: broken), its value in *c. Table 3-7 of the Unicode standard. */
static size_t decode(const unsigned char *p, const unsigned char *end, uint32_t *c)
{
	size_t left = (size_t)(end - p);
	uint32_t a = p[0];
	if (a < 0x80) {
		*c = a;
		return 1;
	}
	if (a < 0xC2 || a > 0xF4 || left < 2 || (p[1] & 0xC0) != 0x80)
		return 0;
	if (a < 0xE0) {
		*c = (a & 0x1F) << 6 | (p[1] & 0x3F);
		return 2;
	}
	if (left < 3 || (p[2] & 0xC0) != 0x80)
		return 0;
	if (a < 0xF0) {
		*c = (a & 0x0F) << 12 | (uint32_t)(p[1] & 0x3F) << 6 | (p[2] & 0x3F);
		return *c < 0x800 || (*c >= 0xD800 && *c <= 0xDFFF) ? 0 : 3;
	}
	if (left < 4 || (p[3] & 0xC0) != 0x80)
		return 0;
	*c = (a & 0x07) << 18 | (uint32_t)(p[1] & 0x3F) << 12 | (uint32_t)(p[2] & 0x3F) << 6 | (p[3] & 0x3F);
	return *c < 0x10000 || *c > 0x10FFFF ? 0 : 4;
}

uint32_t utf8_next_any(const char **at, const char *end)
{
	uint32_t c = UTF8_BAD;
	size_t n = decode((const unsigned char *)*at, (const unsigned char *)end, &c);
	*at += n ? n : 1;
	return n ? c : UTF8_BAD;
}

uint32_t utf8_prev(const char *begin, const char **at)
{
	const char *end = *at, *p = end - 1;
	while (p > begin && end - p < 4 && ((unsigned char)*p & 0xC0) == 0x80)
		p--;
	uint32_t c;
	size_t n = decode((const unsigned char *)p, (const unsigned char *)end, &c);
	if (n && p + n == end) {
		*at = p;
		return c;
	}
	*at = end - 1;
	return UTF8_BAD;
}

void utf8_add(buf *out, uint32_t c)
{
	char b[4];
	size_t n;
	if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
		c = UTF8_BAD;
	if (c < 0x80) {
		b[0] = (char)c;
		n = 1;
	} else if (c < 0x800) {
		b[0] = (char)(0xC0 | c >> 6);
		b[1] = (char)(0x80 | (c & 0x3F));
		n = 2;
	} else if (c < 0x10000) {
		b[0] = (char)(0xE0 | c >> 12);
		b[1] = (char)(0x80 | (c >> 6 & 0x3F));
		b[2] = (char)(0x80 | (c & 0x3F));
		n = 3;
	} else {
		b[0] = (char)(0xF0 | c >> 18);
		b[1] = (char)(0x80 | (c >> 12 & 0x3F));
		b[2] = (char)(0x80 | (c >> 6 & 0x3F));
		b[3] = (char)(0x80 | (c & 0x3F));
		n = 4;
	}
	buf_add(out, b, n);
}

/* Eight bytes, the first one lowest: one load where numbers begin so. */
static inline uint64_t eight_bytes(const unsigned char *p)
{
	uint64_t low = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
	return low | (uint64_t)((uint32_t)p[4] | (uint32_t)p[5] << 8 | (uint32_t)p[6] << 16 | (uint32_t)p[7] << 24) << 32;
}

/* The second byte of these has to be looked at, too: E0 (overlong forms), ED (surrogates). */
static inline bool is_special(uint64_t lead)
{
	return !(lead & 0x0F) || (lead & 0x0F) == 0x0D;
}

/* Behind the ASCII and the characters of three bytes that `at` begins with, which a text of news consists of, but for special ones and the last few bytes. Adds their number to *n. */
static const char *plain_run(const char *at, const char *end, size_t *n)
{
	size_t count = *n;
	while (end - at >= 8) {
		uint64_t eight = eight_bytes((const unsigned char *)at);
		if ((eight & 0xC0C0F0C0C0F0) == 0x8080E08080E0 && !is_special(eight) && !is_special(eight >> 24)) {
			at += 6;
			count += 2;
		} else if ((eight & 0xC0C0F0) == 0x8080E0 && !is_special(eight)) {
			at += 3;
			count++;
		} else if (!(eight & 0x8080808080808080)) {
			at += 8;
			count += 8;
		} else if (!(eight & 0x80)) {
			at++;
			count++;
		} else {
			break;
		}
	}
	*n = count;
	return at;
}

bool utf8_valid(mr_bytes text)
{
	const char *at = text.data, *end = at + text.len;
	size_t n = 0;
	while ((at = plain_run(at, end, &n)) < end) {
		const char *from = at;
		if (utf8_next(&at, end) == UTF8_BAD && at - from != 3)   /* U+FFFD itself takes three bytes */
			return false;
	}
	return true;
}

size_t utf8_count(mr_bytes text)
{
	size_t n = 0;
	for (const char *at = text.data, *end = at + text.len; (at = plain_run(at, end, &n)) < end; n++)
		utf8_next(&at, end);
	return n;
}

size_t utf8_prefix(mr_bytes text, size_t characters)
{
	const char *at = text.data, *end = at + text.len;
	for (size_t n = 0; at < end && n < characters; n++)
		utf8_next(&at, end);
	return (size_t)(at - text.data);
}

bool utf8_is_unsafe(uint32_t c)
{
	return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029 || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0x061C ||
	       c == 0x200E || c == 0x200F || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFB) || (c >= 0xE0000 && c <= 0xE007F);
}

size_t utf8_escape(uint32_t c, char out[13])
{
	if (c <= 0xFFFF)
		return (size_t)snprintf(out, 13, "\\u%04x", (unsigned)c);
	return (size_t)snprintf(out, 13, "\\u%04x\\u%04x", (unsigned)(0xD800 + ((c - 0x10000) >> 10 & 0x3FF)), (unsigned)(0xDC00 + (c & 0x3FF)));
}
