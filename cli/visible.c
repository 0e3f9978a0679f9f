/* visible.c - see visible.h. */
#include "cli/visible.h"

#include "cli/term.h"
#include "common/utf8.h"

#define MARKS_MAX 4              /* on one character; no writing stacks more */

static void add(buf *out, mr_bytes text, size_t marks_max)
{
	const char *at = text.data, *end = at + text.len;
	size_t marks = 0;
	buf_reserve(out, text.len);
	while (at < end) {
		const char *from = at;
		char code[13];
		uint32_t c = utf8_next(&at, end);
		if (c < 0x7F && c >= 0x20) {             /* the most part, quickly */
			buf_add_char(out, (char)c);
			marks = 0;
			continue;
		}
		if (utf8_is_unsafe(c)) {
			buf_add(out, code, utf8_escape(c, code));
			marks = 0;
			continue;
		}
		marks = term_char_cells(c) == 0 ? marks + 1 : 0;
		if (marks > marks_max)
			continue;
		if (c == UTF8_BAD)
			utf8_add(out, c);
		else
			buf_add(out, from, (size_t)(at - from));
	}
}

void visible_add(buf *out, mr_bytes text)
{
	add(out, text, MARKS_MAX);
}

void visible_add_json(buf *out, mr_bytes json)
{
	add(out, json, SIZE_MAX);
}
