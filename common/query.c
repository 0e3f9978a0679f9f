/* query.c - see query.h. */
#include "query.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static int read_name(query_param *out, const char *at, size_t len)
{
	if (len == 0 || len > QUERY_NAME_MAX)
		return -1;
	for (size_t i = 0; i < len; i++)
		if (!is_name(at[i]))
			return -1;
	memcpy(out->name, at, len);
	out->name[len] = 0;
	return 0;
}

/* One byte of a value at `at`; its length there (1, or 3 for an escape), 0 when it is none. */
static size_t read_byte(const char *at, const char *end, unsigned char *out)
{
	if (*at != '%') {
		*out = *at == '+' ? ' ' : (unsigned char)*at;
		return 1;
	}
	int high = end - at >= 3 ? hex_digit(at[1]) : -1, low = high >= 0 ? hex_digit(at[2]) : -1;
	if (low < 0)
		return 0;
	*out = (unsigned char)(high << 4 | low);
	return 3;
}

static int read_value(query_param *out, const char *at, const char *end)
{
	size_t used = 0;
	while (at < end) {
		unsigned char byte;
		size_t step = read_byte(at, end, &byte);
		if (!step || byte < 0x20 || byte == 0x7f || used == QUERY_VALUE_MAX)
			return -1;
		out->value[used++] = (char)byte;
		at += step;
	}
	out->value[used] = 0;
	return utf8_valid((mr_bytes){out->value, used}) ? 0 : -1;
}

static int read_param(query *out, const char *at, const char *end)
{
	const char *equals = memchr(at, '=', (size_t)(end - at));
	query_param param = {0};
	if (!equals || out->count == QUERY_PARAMS || read_name(&param, at, (size_t)(equals - at)) || query_find(out, param.name) || read_value(&param, equals + 1, end))
		return -1;
	out->params[out->count++] = param;
	return 0;
}

int query_parse(query *out, mr_bytes text)
{
	out->count = 0;
	if (text.len == 0)
		return 0;
	if (text.len > QUERY_MAX)
		return -1;
	const char *at = text.data, *end = at + text.len;
	while (at < end) {
		const char *next = memchr(at, '&', (size_t)(end - at));
		next = next ? next : end;
		if (next > at && read_param(out, at, next)) {
			out->count = 0;
			return -1;
		}
		at = next < end ? next + 1 : end;
	}
	return 0;
}

const char *query_find(const query *self, const char *name)
{
	for (size_t i = 0; i < self->count; i++)
		if (strcmp(self->params[i].name, name) == 0)
			return self->params[i].value;
	return NULL;
}

int query_number(const query *self, const char *name, int64_t low, int64_t high, int64_t *out)
{
	const char *value = query_find(self, name);
	if (!value)
		return 0;
	bool minus = *value == '-';
	size_t digits = strspn(value + minus, "0123456789");
	if (digits == 0 || digits > 18 || value[minus + digits])         /* 18: fits always */
		return -1;
	int64_t number = strtoll(value, NULL, 10);
	if (number < low || number > high)
		return -1;
	*out = number;
	return 0;
}
