/* record_lists.c - see record_lists.h. Three parts: lists_cut walks the members of an answer, list_read copies one list, and below them what does the same with a tree. */
#include "record_lists.h"

#include <math.h>

#include "json_text.h"
#include "utf8.h"

#define DIGITS 15                /* of a number, as json_add_value writes it */
#define NUMBER_MAX 1e308         /* the largest double, rounded up to 15 digits, would read back as infinite */

/* What is being read. The inner functions move `at` only over what they have taken. */
typedef struct cursor {
	const char *at, *end;
	buf *scratch;            /* two: a string's bytes, an object's values */
	size_t values, most;     /* counted, and where it ends: objects of three bytes become a hundred */
} cursor;

static void skip_white(cursor *c)
{
	while (c->at < c->end && json_is_white(*c->at))
		c->at++;
}

/* Takes one sign with the white space in front of it. */
static bool take(cursor *c, char sign)
{
	skip_white(c);
	if (c->at == c->end || *c->at != sign)
		return false;
	c->at++;
	return true;
}

static bool count_value(cursor *c)
{
	return ++c->values <= c->most;
}

/* ---- scalars ---- */

static bool read_escaped(cursor *c, buf *out)
{
	const char *stop = json_string_end(c->at, c->end);
	if (stop - c->at < 2 || stop[-1] != '"' || !json_string_decode((mr_bytes){c->at + 1, (size_t)(stop - c->at) - 2}, &c->scratch[0]))
		return false;
	json_add_text(out, buf_bytes(&c->scratch[0]));
	c->at = stop;
	return true;
}

/* A string without escapes is copied as it stands, quotes included: nothing else in it would be written differently. */
static bool read_string(cursor *c, buf *out)
{
	skip_white(c);
	if (c->at == c->end || *c->at != '"')
		return false;
	const char *p = c->at + 1;
	while (p < c->end && *p != '"') {
		const char *before = p;
		uint32_t character = utf8_next(&p, c->end);
		if (character == '\\')
			return read_escaped(c, out);
		if (character < 0x20 || (character == UTF8_BAD && p - before != 3))      /* U+FFFD itself takes three bytes */
			return false;
	}
	if (p == c->end)
		return false;
	buf_add(out, c->at, (size_t)(p + 1 - c->at));
	c->at = p + 1;
	return true;
}

static const char *skip_digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

static bool number_goes_on(const char *p, const char *end)
{
	return p < end && (*p == '.' || *p == 'e' || *p == 'E' || *p == '+' || *p == '-' || (*p >= '0' && *p <= '9'));
}

/* 0, 12; at most 18 digits, which a json_int_t holds. */
static bool read_count(cursor *c, buf *out)
{
	skip_white(c);
	const char *stop = skip_digits(c->at, c->end);
	size_t digits = (size_t)(stop - c->at);
	if (!digits || digits > 18 || (digits > 1 && *c->at == '0') || number_goes_on(stop, c->end))
		return false;
	buf_add(out, c->at, digits);
	c->at = stop;
	return true;
}

/* Whether `%.15g` would print the decimal [whole].[part] as it is written: few enough digits, no zero at the end, not so small that it takes an exponent. */
static bool is_printed_so(mr_bytes whole, mr_bytes part)
{
	size_t zeros = 0;
	while (zeros < part.len && part.data[zeros] == '0')
		zeros++;
	if (part.len == 1 && zeros == 1)         /* 12.0 */
		return whole.len <= DIGITS;
	return whole.len + part.len <= DIGITS && part.len && part.data[part.len - 1] != '0' && (whole.data[0] != '0' || zeros < 4);
}

/* A number that is written in another way than we write it. */
static bool read_other_number(cursor *c, buf *out)
{
	const char *stop = c->at;
	while (number_goes_on(stop, c->end))
		stop++;
	json_t *number = json_loadb(c->at, (size_t)(stop - c->at), JSON_DECODE_ANY, NULL);
	bool good = number && value_fits(number, TYPE_NUMBER);
	if (good)
		json_add_number(out, json_number_value(number), DIGITS);
	json_decref(number);
	c->at = stop;
	return good;
}

/* Most numbers are digits as we write them: nothing is computed, 12 becomes 12.0. */
static bool read_number(cursor *c, buf *out)
{
	skip_white(c);
	const char *begin = c->at, *first = begin + (begin < c->end && *begin == '-'), *stop = skip_digits(first, c->end);
	mr_bytes whole = {first, (size_t)(stop - first)}, part = {"0", 1};
	if (!whole.len || (whole.len > 1 && *first == '0'))
		return false;
	bool pointed = stop < c->end && *stop == '.';
	if (pointed) {
		const char *from = stop + 1;
		stop = skip_digits(from, c->end);
		part = (mr_bytes){from, (size_t)(stop - from)};
	}
	bool minus_zero = first > begin && *first == '0' && part.len == 1 && *part.data == '0';
	if (number_goes_on(stop, c->end) || minus_zero || !is_printed_so(whole, part))
		return read_other_number(c, out);
	buf_add(out, begin, (size_t)(stop - begin));
	if (!pointed)
		buf_add(out, ".0", 2);
	c->at = stop;
	return true;
}

/* ---- lists ---- */

static bool read_strings(cursor *c, buf *out)
{
	char before = '[';
	if (!take(c, '[') || !count_value(c))
		return false;
	if (take(c, ']')) {
		buf_add(out, "[]", 2);
		return true;
	}
	for (;;) {
		size_t from = out->len;
		buf_add_char(out, before);
		if (!read_string(c, out))
			return false;
		if (out->len - from == 3)        /* "" is left out */
			buf_cut(out, from);
		else
			before = ',';
		if (!take(c, ','))
			break;
		if (!count_value(c))
			return false;
	}
	if (before == '[')
		buf_add_char(out, '[');
	buf_add_char(out, ']');
	return take(c, ']');
}

static bool read_null(cursor *c)
{
	skip_white(c);
	if (c->end - c->at < 4 || memcmp(c->at, "null", 4) != 0)
		return false;
	c->at += 4;
	return true;
}

static void add_nothing(const detail_slot *slot, buf *out)
{
	buf_add_str(out, slot->type == TYPE_STRINGS ? "[]" : "null");
}

static bool read_slot(cursor *c, const detail_slot *slot, buf *out)
{
	size_t from = out->len;
	if (read_null(c)) {
		add_nothing(slot, out);
		return slot->null || slot->type == TYPE_STRINGS;
	}
	switch (slot->type) {
	case TYPE_STRING:
		if (!read_string(c, out))
			return false;
		if (out->len - from == 2 && slot->null) {
			buf_cut(out, from);
			add_nothing(slot, out);
		}
		return true;
	case TYPE_STRINGS:
		return read_strings(c, out);
	case TYPE_INT:
		return read_count(c, out);
	default:
		return read_number(c, out);
	}
}

static bool read_key(cursor *c, const detail_slot *slot)
{
	size_t len = strlen(slot->key) - 1;      /* the name with its quotes, without the colon */
	if ((size_t)(c->end - c->at) <= len || memcmp(c->at, slot->key, len) != 0)
		return false;
	c->at += len;
	return true;
}

/* The slot of the name at the cursor; takes the colon behind it too. Members mostly come in the order of the slots: `next` is looked at first. NULL: none. */
static const detail_slot *read_name(cursor *c, const detail_slot *slots, const detail_slot *next)
{
	skip_white(c);
	if (!next->name || !read_key(c, next))
		for (next = slots; next->name && !read_key(c, next);)
			next++;
	return next->name && take(c, ':') ? next : NULL;
}

static bool write_slots(const detail_slot *slots, const list_span *spans, const buf *values, buf *out)
{
	char before = '{';
	for (const detail_slot *slot = slots; slot->name; slot++, before = ',') {
		const list_span *span = &spans[slot - slots];
		buf_add_char(out, before);
		buf_add(out, slot->key, strlen(slot->key));
		if (span->len)
			buf_add(out, values->data + span->from, span->len);
		else if (slot->null || slot->type == TYPE_STRINGS)
			add_nothing(slot, out);
		else
			return false;
	}
	buf_add_char(out, '}');
	return true;
}

static bool read_object(cursor *c, const detail_slot *slots, buf *out)
{
	list_span spans[DETAIL_SLOTS_MAX] = {{0, 0}};
	const detail_slot *next = slots;
	buf *values = &c->scratch[1];
	buf_clear(values);
	if (!take(c, '{') || !count_value(c))
		return false;
	if (take(c, '}'))
		return write_slots(slots, spans, values, out);
	do {
		const detail_slot *slot = read_name(c, slots, next);
		size_t from = values->len;
		if (!slot || spans[slot - slots].len || !read_slot(c, slot, values))
			return false;
		spans[slot - slots] = (list_span){from, values->len - from};
		next = slot + 1;
	} while (take(c, ',') && count_value(c));
	return take(c, '}') && write_slots(slots, spans, values, out);
}

static bool read_objects(cursor *c, const detail_slot *slots, buf *out)
{
	char before = '[';
	if (!take(c, '[') || !count_value(c))
		return false;
	if (take(c, ']')) {
		buf_add(out, "[]", 2);
		return true;
	}
	do {
		buf_add_char(out, before);
		before = ',';
		if (!read_object(c, slots, out))
			return false;
	} while (take(c, ',') && count_value(c));
	buf_add_char(out, ']');
	return take(c, ']');
}

bool list_read(const char **at, const char *end, const detail_slot *slots, buf *out, buf scratch[2], size_t *values, size_t most)
{
	cursor c = {.at = *at, .end = end, .scratch = scratch, .values = *values, .most = most};
	if (!(slots ? read_objects(&c, slots, out) : read_strings(&c, out)))
		return false;
	*at = c.at;
	*values = c.values;
	return true;
}

/* ---- the members of an answer ---- */

typedef struct cutter {
	record_lists *lists;
	buf *text, *rest;
	const char *copied;              /* what lies before it is in `rest` */
	buf scratch[2];
} cutter;

/* Behind the value at `p`, in a text that is JSON. */
static const char *skip_value(const char *p, const char *end)
{
	for (int depth = 0; p < end;) {
		char sign = *p;
		if (sign == '"') {
			p = json_string_end(p, end);
			continue;
		}
		if (depth == 0 && (sign == ',' || sign == '}' || sign == ']'))
			return p;
		depth += sign == '{' || sign == '[';
		depth -= sign == '}' || sign == ']';
		p++;
	}
	return p;
}

static void cut_list(cutter *self, cursor *c, list_span *span, const detail_slot *slots)
{
	size_t from = self->text->len, values = self->lists->values;
	const char *begin = c->at;
	if (span->len || !list_read(&c->at, c->end, slots, self->text, self->scratch, &values, c->most)) {
		buf_cut(self->text, from);
		return;
	}
	*span = (list_span){from, self->text->len - from};
	self->lists->values = values - 1;        /* the list itself is counted in `rest` */
	buf_add(self->rest, self->copied, (size_t)(begin - self->copied));
	buf_add(self->rest, "[]", 2);
	self->copied = c->at;
}

static void cut_members(cutter *self, cursor *c, bool detail);

static void cut_member(cutter *self, cursor *c, mr_bytes name, bool detail)
{
	if (detail) {
		enum detail_member member = detail_find(name);
		if (member != DETAIL_COUNT)
			cut_list(self, c, &self->lists->detail[member], detail_table[member].slots);
		return;
	}
	enum field field = field_find(name);
	if (field == FIELD_DETAIL)
		cut_members(self, c, true);
	else if (field != FIELD_COUNT && field_table[field].flags & FIELD_TEXT)
		cut_list(self, c, &self->lists->fields[field], NULL);
}

/* Stops at the first sign that does not belong there: what follows stays as it is, for Jansson to refuse. */
static void cut_members(cutter *self, cursor *c, bool detail)
{
	if (!take(c, '{'))
		return;
	do {
		skip_white(c);
		if (c->at == c->end || *c->at != '"')
			break;
		const char *name = c->at + 1;
		c->at = json_string_end(c->at, c->end);
		mr_bytes key = {name, (size_t)(c->at - name) - (c->at > name)};
		if (!take(c, ':'))
			return;
		skip_white(c);
		const char *value = c->at;
		cut_member(self, c, key, detail);
		if (c->at == value)
			c->at = skip_value(c->at, c->end);
	} while (take(c, ','));
	take(c, '}');
}

void lists_cut(record_lists *self, mr_bytes patch, size_t max_values, buf *text, buf *rest)
{
	cutter cut = {.lists = self, .text = text, .rest = rest, .copied = patch.data};
	cursor c = {.at = patch.data, .end = patch.data + patch.len, .most = max_values};
	cut_members(&cut, &c, false);
	buf_add(rest, cut.copied, (size_t)(c.end - cut.copied));
	buf_free(&cut.scratch[0]);
	buf_free(&cut.scratch[1]);
}

/* ---- on a tree ---- */

static bool is_empty(const json_t *value)
{
	return json_is_string(value) && json_string_length(value) == 0;
}

static bool is_strings(json_t *value)
{
	if (!json_is_array(value))
		return false;
	for (size_t i = json_array_size(value); i-- > 0;) {
		if (!json_is_string(json_array_get(value, i)))
			return false;
		if (is_empty(json_array_get(value, i)))
			json_array_remove(value, i);
	}
	return true;
}

bool value_fits(json_t *value, enum field_type type)
{
	switch (type) {
	case TYPE_STRING:
	case TYPE_TIME:
		return json_is_string(value);
	case TYPE_INT:
		return json_is_integer(value) && json_integer_value(value) >= 0;
	case TYPE_NUMBER:
		return json_is_number(value) && fabs(json_number_value(value)) < NUMBER_MAX;
	case TYPE_BOOL:
		return json_is_boolean(value);
	case TYPE_STRINGS:
		return is_strings(value);
	default:
		return false;
	}
}

static const char *check_object(json_t *object, const detail_slot *slots)
{
	const char *name;
	json_t *value;
	json_object_foreach(object, name, value) {
		const detail_slot *slot = slots;
		while (slot->name && strcmp(slot->name, name) != 0)
			slot++;
		if (!slot->name)
			return "has an item with a member that the contract does not know";
		if (!json_is_null(value) && !value_fits(value, slot->type))
			return "has an item with a member of the wrong type";
	}
	for (; slots->name; slots++)
		if (!slots->null && slots->type != TYPE_STRINGS && (!json_object_get(object, slots->name) || json_is_null(json_object_get(object, slots->name))))
			return "has an item without a member that must be there";
	return NULL;
}

const char *list_check(json_t *list, const detail_slot *slots)
{
	if (!slots)
		return is_strings(list) ? NULL : "is no list of strings";
	if (!json_is_array(list))
		return "is no list";
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *item = json_array_get(list, i);
		const char *wrong = json_is_object(item) ? check_object(item, slots) : "has an item that is no object";
		if (wrong)
			return wrong;
	}
	return NULL;
}

static void write_object(const json_t *object, const detail_slot *slots, buf *out)
{
	char before = '{';
	for (; slots->name; slots++, before = ',') {
		const json_t *value = json_object_get(object, slots->name);
		buf_add_char(out, before);
		buf_add_str(out, slots->key);
		if (!value || json_is_null(value) || (is_empty(value) && slots->null))
			add_nothing(slots, out);
		else if (slots->type == TYPE_NUMBER)
			json_add_number(out, json_number_value(value), DIGITS);
		else
			json_add_value(out, value);
	}
	buf_add_char(out, '}');
}

void list_write(const json_t *list, const detail_slot *slots, buf *out)
{
	if (!slots) {
		json_add_value(out, list);
		return;
	}
	buf_add_char(out, '[');
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (i)
			buf_add_char(out, ',');
		write_object(json_array_get(list, i), slots, out);
	}
	buf_add_char(out, ']');
}

/* ---- our own text ---- */

void list_join(mr_bytes list, buf *out)
{
	const char *at = list.data + 1, *end = list.data + list.len;
	buf text = {0};
	for (bool first = true; at < end && *at == '"'; first = false) {
		const char *stop = json_string_end(at, end);
		json_string_decode((mr_bytes){at + 1, (size_t)(stop - at) - 2}, &text);
		if (!first)
			buf_add_char(out, '\n');
		buf_add(out, text.data, text.len);
		at = stop + 1;                   /* the comma, or the bracket */
	}
	buf_free(&text);
}
