/* record_json.c - JSON written straight into the output buffer. Strings are valid UTF-8 by then (checked where they came in), so only quotes,
 * backslashes and control characters are looked at: five times as fast as a dump that decodes every character
 * (13 KB of Chinese text: 9 against 47 us). */
#include <math.h>
#include <stdio.h>

#include "record_impl.h"
#include "times.h"

static void add_escape(buf *out, unsigned char c)
{
	static const char named[] = "\"\"\\\\\nn\rr\tt\bb\ff";
	for (size_t i = 0; i + 1 < sizeof named; i += 2)
		if ((unsigned char)named[i] == c) {
			buf_add(out, (char[]){'\\', named[i + 1]}, 2);
			return;
		}
	buf_printf(out, "\\u%04x", (unsigned)c);
}

void json_add_text(buf *out, mr_bytes text)
{
	const char *at = text.data, *end = at + text.len;
	buf_add_char(out, '"');
	while (at < end) {
		const char *from = at;
		while (at < end && (unsigned char)*at >= 0x20 && *at != '"' && *at != '\\')
			at++;
		buf_add(out, from, (size_t)(at - from));
		if (at < end)
			add_escape(out, (unsigned char)*at++);
	}
	buf_add_char(out, '"');
}

void json_add_number(buf *out, double value, int digits)
{
	char text[40];
	if (!isfinite(value)) {
		buf_add_str(out, "null");
		return;
	}
	snprintf(text, sizeof text, "%.*g", digits, value == 0 ? 0.0 : value);
	bool real = false, in_point = false;
	for (const char *c = text; *c; c++) {
		bool known = (*c >= '0' && *c <= '9') || *c == '-' || *c == '+' || *c == 'e';
		real |= !known || *c == 'e';
		if (known)
			buf_add_char(out, *c);
		else if (!in_point)
			buf_add_char(out, '.');          /* whatever the locale calls its decimal point, in how many bytes */
		in_point = !known;
	}
	if (!real)
		buf_add_str(out, ".0");
}

void json_add_value(buf *out, const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		json_add_text(out, (mr_bytes){json_string_value(value), json_string_length(value)});
		break;
	case JSON_INTEGER:
		buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		break;
	case JSON_REAL:
		json_add_number(out, json_real_value(value), 15);
		break;
	case JSON_ARRAY:
		buf_add_char(out, '[');
		for (size_t i = 0; i < json_array_size(value); i++) {
			if (i)
				buf_add_char(out, ',');
			json_add_value(out, json_array_get(value, i));
		}
		buf_add_char(out, ']');
		break;
	default:
		buf_add_str(out, json_is_true(value) ? "true" : json_is_false(value) ? "false" : "null");
	}
}

void json_add_time(buf *out, int64_t ms)
{
	char text[TIME_TEXT_BYTES];
	time_print(ms, 0, text);
	json_add_text(out, mr_bytes_of(text));
}
