/* record_scan.c - see record_scan.h. */
#include "record_scan.h"

#include <stdlib.h>

#include "json_text.h"
#include "mem.h"

static json_span *add_member(json_scan *self)
{
	if (self->member_count == self->member_cap) {
		self->member_cap = self->member_cap ? self->member_cap * 2 : 32;
		self->members = mem_grow(self->members, self->member_cap, sizeof *self->members);
	}
	json_span *span = &self->members[self->member_count++];
	*span = (json_span){0};
	return span;
}

static void close_value(json_span *span, const char *end)
{
	if (!span || !span->value.data)
		return;
	while (span->value.data < end && json_is_white(*span->value.data))
		span->value.data++;
	while (end > span->value.data && json_is_white(end[-1]))
		end--;
	span->value.len = (size_t)(end - span->value.data);
}

enum json_scan_result json_scan_run(json_scan *self, mr_bytes text, int max_depth, size_t max_values)
{
	const char *p = text.data, *end = p + text.len;
	json_span *span = NULL;
	bool want_key = true;
	for (int depth = 0; p < end;) {
		switch (*p) {
		case '"': {
			const char *after = json_string_end(p, end);
			if (depth == 1 && want_key) {
				span = add_member(self);
				span->key = (mr_bytes){p + 1, (size_t)(after - p) - (after - p > 1 ? 2 : 1)};
				want_key = false;
			}
			p = after;
			continue;
		}
		case '{':
		case '[':
			if (++depth > max_depth)
				return JSON_SCAN_DEEP;
			self->values++;
			break;
		case ',':
			self->values++;
			if (depth == 1) {
				close_value(span, p);
				span = NULL;
				want_key = true;
			}
			break;
		case ':':
			if (depth == 1 && span && !span->value.data)
				span->value.data = p + 1;
			break;
		case '}':
		case ']':
			if (depth-- == 1) {
				close_value(span, p);
				return self->values > max_values ? JSON_SCAN_MANY : JSON_SCAN_FINE;
			}
			if (depth < 0)
				return JSON_SCAN_FINE;
			break;
		default:
			break;
		}
		if (self->values > max_values)
			return JSON_SCAN_MANY;
		p++;
	}
	return JSON_SCAN_FINE;
}

void json_scan_free(json_scan *self)
{
	free(self->members);
	*self = (json_scan){0};
}

void json_minify(mr_bytes value, buf *out)
{
	const char *p = value.data, *end = p + value.len;
	while (p < end) {
		const char *from = p;
		while (p < end && !json_is_white(*p))
			p = *p == '"' ? json_string_end(p, end) : p + 1;
		buf_add(out, from, (size_t)(p - from));
		while (p < end && json_is_white(*p))
			p++;
	}
}
