/* visible.c - see visible.h. */
#include "cli/visible.h"

#include <stdbool.h>

#include "cli/term.h"
#include "common/utf8.h"

#define MARKS_MAX 4              /* on one character; no writing stacks more */

/* The next character of a text as it may be shown; `escaped`: what may not be is written as an escape, else as a blank. */
static void add_char(buf *out, const char **at, const char *end, bool escaped)
{
	const char *from = *at;
	char code[13];
	uint32_t c = utf8_next(at, end);
	if (utf8_is_unsafe(c))
		buf_add(out, escaped ? code : " ", escaped ? utf8_escape(c, code) : 1);
	else if (c == UTF8_BAD)
		utf8_add(out, c);
	else
		buf_add(out, from, (size_t)(*at - from));
}

static bool is_mark(const char *at, const char *end)
{
	uint32_t c = (unsigned char)*at < 0x80 ? (unsigned char)*at : utf8_next(&at, end);
	return c >= 0x300 && term_char_cells(c) == 0 && !utf8_is_unsafe(c);
}

void visible_add(buf *out, mr_bytes text)
{
	const char *at = text.data, *end = at + text.len;
	size_t marks = 0;
	buf_reserve(out, text.len);
	while (at < end) {
		marks = is_mark(at, end) ? marks + 1 : 0;
		if (marks > MARKS_MAX)
			utf8_next(&at, end);
		else
			add_char(out, &at, end, true);
	}
}

/* Only in strings an escape is one; between them such a character is white space, or the text is no JSON. */
void visible_add_json(buf *out, mr_bytes json)
{
	const char *at = json.data, *end = at + json.len;
	bool inside = false;
	buf_reserve(out, json.len);
	while (at < end) {
		if (*at == '"') {
			inside = !inside;
		} else if (*at == '\\' && inside && end - at > 1 && (unsigned char)at[1] < 0x80) {
			buf_add_char(out, *at++);                /* with what follows, a quote perhaps */
		}
		add_char(out, &at, end, inside);
	}
}
