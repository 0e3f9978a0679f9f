/* quantities_json.c - detail.metrics of the record (docs/record.md) from the figures of an article; see quantities.h. */
#include <math.h>

#include "quantities.h"
#include "units.h"

#define TOLD_AGO 100                     /* figures that a repetition is looked for in */

static json_t *number_json(double value)
{
	return value == floor(value) && fabs(value) < 9e15 ? json_integer((json_int_t)value) : json_real(value);
}

/* A span as printed, without the blanks that a figure may be set with. */
static void add_printed(const fact_text *text, fact_span at, buf *out)
{
	if (at.end <= at.begin)
		return;
	mr_bytes bytes = fact_text_printed(text, at);
	buf_add(out, bytes.data, bytes.len);
}

static json_t *span_json(const fact_text *text, fact_span at)
{
	if (at.end <= at.begin)
		return json_null();
	mr_bytes bytes = fact_text_printed(text, at);
	return json_stringn(bytes.data, bytes.len);
}

static json_t *unit_json(const fact_text *text, const quantity *item)
{
	buf out = {0};
	if (item->scale_name)
		buf_printf(&out, "%s ", item->scale_name);
	if (item->unit_name) {
		buf_add_str(&out, item->unit_name);
	} else {
		add_printed(text, item->scale, &out);
		add_printed(text, item->unit, &out);
	}
	json_t *unit = json_stringn(buf_bytes(&out).data, out.len);
	buf_free(&out);
	return unit;
}

static json_t *what_json(const fact_text *text, const quantity *item)
{
	buf out = {0};
	add_printed(text, item->subject, &out);
	add_printed(text, item->what, &out);
	json_t *what = out.len ? json_stringn(out.data, out.len) : json_null();
	buf_free(&out);
	return what;
}

/* Value for value; then, for the few that agree, what and unit as they will be read. */
static bool same_figure(const json_t *a, const json_t *b)
{
	return json_equal(json_object_get(a, "unit"), json_object_get(b, "unit")) && json_equal(json_object_get(a, "what"), json_object_get(b, "what"));
}

/* Figures told a moment ago, by their place in the list. */
struct told { double value, value_to; };

static bool is_told(const json_t *list, const json_t *item, const struct told told[TOLD_AGO], const struct told *values)
{
	size_t count = json_array_size(list);
	for (size_t i = count; i && count - i < TOLD_AGO; i--) {
		const struct told *old = &told[(i - 1) % TOLD_AGO];
		if (old->value == values->value && old->value_to == values->value_to && same_figure(json_array_get(list, i - 1), item))
			return true;
	}
	return false;
}

static json_t *row_json(const fact_text *text, const quantity *item)
{
	json_t *row = json_object();
	json_object_set_new_nocheck(row, "what", what_json(text, item));
	json_object_set_new_nocheck(row, "value", number_json(item->value));
	if (item->value_to)
		json_object_set_new_nocheck(row, "value_to", number_json(item->value_to));
	json_object_set_new_nocheck(row, "unit", unit_json(text, item));
	json_object_set_new_nocheck(row, "qualifier", span_json(text, item->qualifier));
	json_object_set_new_nocheck(row, "text", span_json(text, item->at));
	return row;
}

json_t *quantities_json(const quantities *self, const fact_text *text)
{
	json_t *list = self->count ? json_array() : NULL;
	struct told told[TOLD_AGO];
	for (uint32_t i = 0; i < self->count; i++) {
		struct told values = {self->items[i].value, self->items[i].value_to};
		json_t *row = row_json(text, &self->items[i]);
		if (!is_told(list, row, told, &values)) {
			told[json_array_size(list) % TOLD_AGO] = values;
			json_array_append(list, row);
		}
		json_decref(row);
	}
	return list;
}
