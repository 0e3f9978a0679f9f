/* charset.c - see charset.h. */
#include "charset.h"

#include <strings.h>

static mr_bytes trimmed(const char *from, const char *to)
{
	while (from < to && (*from == ' ' || *from == '\t'))
		from++;
	while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
		to--;
	return (mr_bytes){from, (size_t)(to - from)};
}

static int is(mr_bytes text, const char *word)
{
	return text.len == strlen(word) && strncasecmp(text.data, word, text.len) == 0;
}

int charset_name_sane(mr_bytes name)
{
	if (!name.data || name.len == 0 || name.len > CHARSET_NAME_MAX)
		return 0;
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.data[i];
		if (!((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || (c && strchr("-_.:+", c))))
			return 0;
	}
	return 1;
}

static enum content_form form_of(mr_bytes type)
{
	if (is(type, "text/html") || is(type, "application/xhtml+xml"))
		return CONTENT_HTML;
	if (is(type, "text/plain"))
		return CONTENT_TEXT;
	if (is(type, "application/json") || is(type, "text/json") || (type.len > 5 && strncasecmp(type.data + type.len - 5, "+json", 5) == 0))
		return CONTENT_JSON;
	return CONTENT_OTHER;
}

content_type content_type_parse(mr_bytes header)
{
	content_type out = {CONTENT_OTHER, {NULL, 0}};
	if (!header.data)
		return out;
	const char *end = header.data + header.len, *at = memchr(header.data, ';', header.len);
	out.form = form_of(trimmed(header.data, at ? at : end));
	while (at) {
		const char *from = at + 1, *next = memchr(from, ';', (size_t)(end - from)), *stop = next ? next : end;
		const char *equals = memchr(from, '=', (size_t)(stop - from));
		if (equals && is(trimmed(from, equals), "charset")) {
			mr_bytes value = trimmed(equals + 1, stop);
			if (value.len >= 2 && value.data[0] == '"' && value.data[value.len - 1] == '"')
				value = (mr_bytes){value.data + 1, value.len - 2};
			if (!out.charset.data && charset_name_sane(value))
				out.charset = value;
		}
		at = next;
	}
	return out;
}
