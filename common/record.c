/* record.c - a feed record from its message to its articles: what a stage is given of it, and its end. How members are read: record_members.c.
 *
 * Memory: the parser's tree is gone when record_parse returns; a record keeps the strings it prints (shared, not copied), text and HTML until
 * record_release_input, and `extra`. record_memory counts their bytes and 150 for each kept value, rather too much than too little (measured with mallinfo2: a
 * record of 600 bytes holds 2.9 KB and is counted as 4.4, one of 13 KB holds 14.5 and is counted as 14.8). At its peak the tree may take 232 bytes a value, RECORD_VALUES_MAX of them. */
#include "record.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "mem.h"
#include "record_impl.h"
#include "url.h"
#include "utf8.h"

#define VALUE_BYTES 150

_Atomic uint64_t record_parsed, record_dumped, record_patches;

record_counts record_counts_get(void)
{
	return (record_counts){record_parsed, record_dumped, record_patches};
}

/* Words of libraries and pieces of strangers' input end here: control bytes and broken UTF-8 become '?', cut on a character. */
static void clean_message(const char *from, char *out, size_t max)
{
	const char *end = from + strlen(from);
	size_t n = 0;
	while (from < end) {
		const char *at = from;
		uint32_t c = utf8_next(&at, end);
		size_t len = (size_t)(at - from);
		bool bad = c < 0x20 || c == 0x7f || (c >= 0x80 && c < 0xa0) || c == 0x2028 || c == 0x2029 || (c == UTF8_BAD && len == 1);
		if (n + (bad ? 1 : len) > max)
			break;
		if (bad)
			out[n++] = '?';
		else
			memcpy(out + n, from, len), n += len;
		from = at;
	}
	out[n] = 0;
}

void record_fault_set(record_fault *fault, const char *code, const char *stage, const char *format, ...)
{
	char text[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	snprintf(fault->code, sizeof fault->code, "%s", code);
	snprintf(fault->stage, sizeof fault->stage, "%s", stage);
	clean_message(text, fault->message, sizeof fault->message - 1);
}

static enum content_form form_of(record *self, const record_source *source)
{
	const mr_field *header = header_find(source, "content-type");
	content_type type = content_type_parse(header ? header->value : (mr_bytes){NULL, 0});
	if (type.charset.data)
		memcpy(self->charset, type.charset.data, type.charset.len);
	return type.form == CONTENT_OTHER ? rules_form(self->rules, source->topic) : type.form;
}

static void take_address(record *self)
{
	const json_t *url = self->values[FIELD_URL];
	if (!url || !url_canonical((mr_bytes){json_string_value(url), json_string_length(url)}, &self->address))
		return;
	self->values[FIELD_URL_CANONICAL] = json_stringn_nocheck(self->address.data, self->address.len);
}

static void count_memory(record *self)
{
	self->other_bytes = sizeof *self + strlen(self->topic) + self->address.cap + self->extra.cap;
	for (int f = 0; f < FIELD_COUNT; f++) {
		const json_t *value = self->values[f];
		size_t items = json_is_array(value) ? json_array_size(value) : 0;
		self->other_bytes += value ? VALUE_BYTES + json_string_length(value) + items * VALUE_BYTES : 0;
		for (size_t i = 0; i < items; i++)
			self->other_bytes += json_string_length(json_array_get(value, i));
	}
	self->input_bytes = (self->text ? VALUE_BYTES + json_string_length(self->text) : 0) + (self->html ? VALUE_BYTES + json_string_length(self->html) : 0);
}

record *record_parse(const record_rules *rules, const record_source *source, record_fault *fault)
{
	assert(source->value.data);
	if (source->value.len > rules->max_record_bytes) {
		record_fault_set(fault, "input.too-large", "intake", "the value has %zu bytes, intake.max_record_bytes allows %zu", source->value.len,
		                 rules->max_record_bytes);
		return NULL;
	}
	record *self = mem_alloc(sizeof *self);
	self->rules = (record_rules *)rules;
	self->rules->holders++;
	self->topic = mem_string(source->topic);
	self->partition = source->partition;
	self->offset = source->offset;
	self->timestamp_ms = source->timestamp_ms;
	self->clock_ms = source->timestamp_ms < 0 ? NO_CLOCK : source->timestamp_ms;
	self->form = form_of(self, source);
	record_parsed++;
	if ((self->form == CONTENT_JSON ? members_take(self, source->value, source, fault) : members_take_raw(self, source, fault)) != 0) {
		record_free(&self);
		return NULL;
	}
	take_address(self);
	identity_of(rules, self, source, self->identity);
	count_memory(self);
	return self;
}

void record_free(record **self)
{
	record *rec = *self;
	*self = NULL;
	if (!rec)
		return;
	for (int f = 0; f < FIELD_COUNT; f++)
		json_decref(rec->values[f]);
	json_decref(rec->text);
	json_decref(rec->html);
	buf_free(&rec->address);
	buf_free(&rec->extra);
	free(rec->topic);
	record_rules_free(&rec->rules);
	free(rec);
}

void record_release_input(record *self)
{
	json_decref(self->text);
	json_decref(self->html);
	self->text = self->html = NULL;
	self->raw = (mr_bytes){NULL, 0};
	self->input_bytes = 0;
}

size_t record_memory(const record *self)
{
	return self->input_bytes + self->other_bytes;
}

int64_t record_clock_ms(const record *self)
{
	return self->clock_ms;
}

mr_bytes record_address(const record *self)
{
	return self->address.len ? buf_bytes(&self->address) : (mr_bytes){NULL, 0};
}

static mr_bytes text_of(const json_t *value)
{
	return value ? (mr_bytes){json_string_value(value), json_string_length(value)} : (mr_bytes){NULL, 0};
}

mr_bytes record_input(const record *self)
{
	mr_bytes input = self->raw.data ? self->raw : text_of(self->html ? self->html : self->text);
	return input.data ? input : (mr_bytes){"", 0};
}

/* A field for a stage: a string as it stands, all else written behind `scratch`; then *at is where it begins there. Null: data NULL. */
static mr_bytes value_bytes(const json_t *value, buf *scratch, bool *written)
{
	*written = false;
	if (!value || json_is_null(value))
		return (mr_bytes){NULL, 0};
	if (json_is_string(value))
		return text_of(value);
	size_t from = scratch->len, count = json_array_size(value);
	if (json_is_array(value) && count == 0)
		return (mr_bytes){NULL, 0};
	for (size_t i = 0; i < count; i++) {
		mr_bytes item = text_of(json_array_get(value, i));
		if (i)
			buf_add_char(scratch, '\n');
		buf_add(scratch, item.data, item.len);
	}
	if (!json_is_array(value))
		json_add_value(scratch, value);
	*written = true;
	return (mr_bytes){"", scratch->len - from};
}

static mr_bytes clock_text(const record *self, buf *scratch, bool *written)
{
	size_t from = scratch->len;
	if (self->clock_ms == NO_CLOCK)
		return (mr_bytes){NULL, 0};
	buf_printf(scratch, "%lld", (long long)self->clock_ms);
	*written = true;
	return (mr_bytes){"", scratch->len - from};
}

/* What only the first stage is told. */
static mr_bytes input_field(const record *self, const char *name)
{
	bool html = self->raw.data ? self->form == CONTENT_HTML : self->html != NULL;
	if (strcmp(name, "input") == 0)
		return mr_bytes_of(html ? "html" : "text");
	if (strcmp(name, "input.text") == 0)
		return self->html ? text_of(self->text) : (mr_bytes){NULL, 0};
	if (strcmp(name, "charset") == 0)
		return !self->raw.data ? mr_bytes_of("UTF-8") : self->charset[0] ? mr_bytes_of(self->charset) : (mr_bytes){NULL, 0};
	return (mr_bytes){NULL, 0};
}

/* A list of strings that is kept as text: its strings, one a line. */
static mr_bytes lines_of(const article *part, enum field field, buf *scratch)
{
	size_t from = scratch->len;
	mr_bytes list = article_list(part, &part->lists.fields[field]);
	if (list.len == 2)
		return (mr_bytes){NULL, 0};
	list_join(list, scratch);
	return (mr_bytes){"", scratch->len - from};
}

/* `detail.NAME`: a list of the article's detail as JSON text; absent when it is empty. */
static mr_bytes detail_text(const article *part, mr_bytes name)
{
	static const char prefix[] = "detail.";
	size_t skip = sizeof prefix - 1;
	if (name.len <= skip || memcmp(name.data, prefix, skip) != 0)
		return (mr_bytes){NULL, 0};
	enum detail_member member = detail_find((mr_bytes){name.data + skip, name.len - skip});
	mr_bytes list = member == DETAIL_COUNT ? (mr_bytes){NULL, 0} : article_list(part, &part->lists.detail[member]);
	return list.len > 2 ? list : (mr_bytes){NULL, 0};
}

/* Shared by records and articles: `part` NULL, the feed's own values and the input's. */
static size_t write_fields(const record *rec, const article *part, const char *const *names, mr_field *out, buf *scratch)
{
	size_t count = 0, begins[RECORD_FIELDS_MAX];
	for (; *names && count < RECORD_FIELDS_MAX; names++) {
		bool written = false;
		mr_bytes name = mr_bytes_of(*names), value;
		begins[count] = scratch->len;
		enum field field = field_find(name);
		if (strcmp(*names, "clock_ms") == 0)
			value = clock_text(rec, scratch, &written);
		else if (field == FIELD_COUNT)
			value = part ? detail_text(part, name) : input_field(rec, *names);
		else if (part && field_table[field].flags & FIELD_TEXT)
			value = lines_of(part, field, scratch), written = true;
		else
			value = value_bytes(part ? article_value(part, field) : rec->values[field], scratch, &written);
		if (!value.data)
			continue;
		if (!written)
			begins[count] = SIZE_MAX;
		out[count++] = (mr_field){name, value};
	}
	for (size_t i = 0; i < count; i++)               /* only now: scratch may have moved */
		if (begins[i] != SIZE_MAX)
			out[i].value.data = scratch->data + begins[i];
	return count;
}

size_t record_fields(const record *self, const char *const *names, mr_field *out, buf *scratch)
{
	return write_fields(self, NULL, names, out, scratch);
}

size_t article_fields(const article *self, const char *const *names, mr_field *out, buf *scratch)
{
	return write_fields(self->rec, self, names, out, scratch);
}
