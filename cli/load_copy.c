/* load_copy.c - see load_copy.h. */
#include "cli/load_copy.h"

#include <assert.h>

#define OID_TEXT 25
#define EPOCH_MS 946684800000            /* 2000-01-01T00:00:00Z, PostgreSQL's */

const char *copy_type(enum row_type type)
{
	static const char *const names[ROW_TYPES] = {
		[ROW_TEXT] = "text", [ROW_INT] = "bigint", [ROW_NUMBER] = "double precision", [ROW_BOOL] = "boolean", [ROW_TEXTS] = "text[]", [ROW_TIME] = "timestamptz",
		[ROW_JSON] = "jsonb",
	};
	return names[type];
}

/* ---- numbers ---- */

static void store(char *at, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		at[i] = (char)(unsigned char)(value >> 8 * (bytes - 1 - i));
}

static void put(buf *out, uint64_t value, int bytes)
{
	char text[8];
	store(text, value, bytes);
	buf_add(out, text, (size_t)bytes);
}

static void put_length(buf *out, size_t length)
{
	assert(length <= INT32_MAX);
	put(out, length, 4);
}

/* ---- the stream ---- */

void copy_begin(buf *out)
{
	buf_add(out, "PGCOPY\n\377\r\n\0", 11);
	put(out, 0, 4);
	put(out, 0, 4);
}

void copy_end(buf *out)
{
	put(out, UINT16_MAX, 2);
}

void copy_tuple(buf *out, size_t fields)
{
	assert(fields <= INT16_MAX);
	put(out, fields, 2);
}

/* ---- fields ---- */

void copy_null(buf *out)
{
	put(out, UINT32_MAX, 4);
}

void copy_text(buf *out, mr_bytes text)
{
	if (!text.data) {
		copy_null(out);
		return;
	}
	put_length(out, text.len);
	buf_add(out, text.data, text.len);
}

void copy_int4(buf *out, int32_t value)
{
	put_length(out, 4);
	put(out, (uint32_t)value, 4);
}

void copy_int8(buf *out, int64_t value)
{
	put_length(out, 8);
	put(out, (uint64_t)value, 8);
}

static void copy_real(buf *out, double value)
{
	uint64_t bits;
	memcpy(&bits, &value, sizeof bits);
	put_length(out, 8);
	put(out, bits, 8);
}

/* A version number, then the text. */
void copy_json(buf *out, mr_bytes text)
{
	if (!text.data) {
		copy_null(out);
		return;
	}
	put_length(out, text.len + 1);
	buf_add_char(out, 1);
	buf_add(out, text.data, text.len);
}

/* Years 1000 to 9999 (times.h): far from the ends of either range. */
void copy_time(buf *out, int64_t ms)
{
	copy_int8(out, (ms - EPOCH_MS) * 1000);
}

/* Number of dimensions, 1 if there are NULLs, type of an element; of each dimension its size and first index; the elements. */
static void copy_texts(buf *out, const json_t *list)
{
	size_t count = json_array_size(list), at = out->len;
	put(out, 0, 4);                          /* the length, known at the end */
	put(out, count ? 1 : 0, 4);
	put(out, 0, 4);
	put(out, OID_TEXT, 4);
	if (count) {
		put_length(out, count);
		put(out, 1, 4);
	}
	for (size_t i = 0; i < count; i++) {
		const json_t *text = json_array_get(list, i);
		copy_text(out, (mr_bytes){json_string_value(text), json_string_length(text)});
	}
	assert(out->len - at - 4 <= INT32_MAX);
	store(out->data + at, out->len - at - 4, 4);
}

static void copy_value(buf *out, enum row_type type, const row_value *value)
{
	if (value->null) {
		copy_null(out);
		return;
	}
	switch (type) {
	case ROW_TEXT:
		copy_text(out, value->text);
		break;
	case ROW_INT:
		copy_int8(out, value->number);
		break;
	case ROW_NUMBER:
		copy_real(out, value->real);
		break;
	case ROW_BOOL:
		put_length(out, 1);
		buf_add_char(out, value->yes);
		break;
	case ROW_TEXTS:
		copy_texts(out, value->list);
		break;
	case ROW_TIME:
		copy_time(out, value->ms);
		break;
	case ROW_JSON:
		copy_json(out, value->text);
		break;
	default:
		assert(!"a type without a form");
	}
}

void copy_row(buf *out, const row_columns *columns, const row *row, const copy_place *place)
{
	copy_tuple(out, columns->count + COPY_PLACE_FIELDS);
	for (size_t i = 0; i < columns->count; i++)
		copy_value(out, columns->list[i].type, &row->values[i]);
	copy_text(out, mr_bytes_of(place->topic));
	copy_int4(out, place->partition);
	copy_int8(out, place->offset);
	copy_json(out, row->others);
}
