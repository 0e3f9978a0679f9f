/* quantities_json.c - detail.metrics of the record (docs/record.md) from the figures of an article; see quantities.h. Written as text at once: an article may have hundreds of figures,
 * and a tree of them costs three times what it takes to read them. */
#include <math.h>

#include "common/json_text.h"
#include "quantities.h"
#include "units.h"

#define TOLD_AGO 100                     /* figures that a repetition is looked for in */

/* Figures told a moment ago: values, and where their words stand in the list. */
typedef struct words { size_t from, len; } words;
typedef struct told { double value, value_to; words what, unit; } told;

static void add_number(buf *out, double value)
{
	if (value == floor(value) && fabs(value) < 9e15)
		json_add_integer(out, (int64_t)value);
	else
		json_add_number(out, value, 15);
}

/* A span as printed, inside a string; nothing when it is empty. */
static void add_printed(const fact_text *text, fact_span at, buf *out)
{
	if (at.end > at.begin)
		json_add_piece(out, fact_text_printed(text, at));
}

static void add_span(const fact_text *text, fact_span at, buf *out)
{
	if (at.end > at.begin)
		json_add_text(out, fact_text_printed(text, at));
	else
		buf_add_str(out, "null");
}

static void add_unit(const fact_text *text, const quantity *item, buf *out)
{
	buf_add_char(out, '"');
	if (item->scale_name) {
		json_add_piece(out, mr_bytes_of(item->scale_name));
		buf_add_char(out, ' ');
	}
	if (item->unit_name) {
		json_add_piece(out, mr_bytes_of(item->unit_name));
	} else {
		add_printed(text, item->scale, out);
		add_printed(text, item->unit, out);
	}
	buf_add_char(out, '"');
}

static void add_what(const fact_text *text, const quantity *item, buf *out)
{
	if (item->subject.end <= item->subject.begin) {
		add_span(text, item->what, out);
		return;
	}
	buf_add_char(out, '"');
	add_printed(text, item->subject, out);
	add_printed(text, item->what, out);
	buf_add_char(out, '"');
}

/* Returns what the figure is told again by. */
static told add_row(const fact_text *text, const quantity *item, buf *out)
{
	told row = {.value = item->value, .value_to = item->value_to};
	buf_add_str(out, "{\"what\":");
	row.what.from = out->len;
	add_what(text, item, out);
	row.what.len = out->len - row.what.from;
	buf_add_str(out, ",\"value\":");
	add_number(out, item->value);
	if (item->value_to) {
		buf_add_str(out, ",\"value_to\":");
		add_number(out, item->value_to);
	}
	buf_add_str(out, ",\"unit\":");
	row.unit.from = out->len;
	add_unit(text, item, out);
	row.unit.len = out->len - row.unit.from;
	buf_add_str(out, ",\"qualifier\":");
	add_span(text, item->qualifier, out);
	buf_add_str(out, ",\"text\":");
	add_span(text, item->at, out);
	buf_add_char(out, '}');
	return row;
}

static bool same_words(const buf *out, words a, words b)
{
	return a.len == b.len && memcmp(out->data + a.from, out->data + b.from, a.len) == 0;
}

/* Value for value; then, for the few that agree, unit and what as they will be read. */
static bool is_told(const buf *out, const told *row, const told old[TOLD_AGO], size_t count)
{
	for (size_t i = count; i && count - i < TOLD_AGO; i--) {
		const told *that = &old[(i - 1) % TOLD_AGO];
		if (that->value == row->value && that->value_to == row->value_to && same_words(out, that->unit, row->unit) && same_words(out, that->what, row->what))
			return true;
	}
	return false;
}

void quantities_write(const quantities *self, const fact_text *text, buf *out)
{
	told old[TOLD_AGO];
	size_t count = 0;
	for (uint32_t i = 0; i < self->count; i++) {
		size_t from = out->len;
		buf_add_char(out, count ? ',' : '[');
		told row = add_row(text, &self->items[i], out);
		if (is_told(out, &row, old, count))
			buf_cut(out, from);
		else
			old[count++ % TOLD_AGO] = row;
	}
	if (count)
		buf_add_char(out, ']');
}
