/* found.c - see found.h. Names are told apart by a hash table of their printed bytes; a person's role and organisation are those of the first mention that has one. */
#include "found.h"

#include <stdlib.h>
#include <xxhash.h>

#include "common/mem.h"

#define TABLE 4096                       /* slots for names of one list; the limit is at most half */

struct found {
	const fact_text *text;
	fact *facts;
	size_t count, room;
	uint32_t limit;
	bool sorted;
	uint32_t table[TABLE];           /* index + 1 into `names` */
	mr_bytes names[TABLE / 2];
	uint32_t name_count;
};

static const char *const type_names[] = {"person", "organization", "place", "policy", "metric", "time"};

found *found_new(uint32_t limit)
{
	found *self = mem_alloc(sizeof *self);
	self->limit = limit < TABLE / 2 ? limit : TABLE / 2;
	return self;
}

void found_free(found **self)
{
	if (!*self)
		return;
	free((*self)->facts);
	free(*self);
	*self = NULL;
}

void found_clear(found *self, const fact_text *text)
{
	self->text = text;
	self->count = 0;
	self->sorted = true;
}

void found_add(found *self, fact that)
{
	if (that.at.end <= that.at.begin || that.at.end - that.at.begin > FOUND_NAME_MAX || self->count == FOUND_MENTIONS_MAX)
		return;
	if (self->count == self->room) {
		self->room = self->room ? self->room * 2 : 256;
		self->facts = mem_grow(self->facts, self->room, sizeof *self->facts);
	}
	self->sorted = false;
	self->facts[self->count++] = that;
}

/* Only the last mentions can be within a span just read: the look back ends at the first that lies before it by more than a name. */
void found_drop(found *self, enum fact_type type, fact_span at)
{
	for (size_t i = self->count; i-- > 0;) {
		fact *f = &self->facts[i];
		if (f->at.begin + FOUND_NAME_MAX < at.begin)
			break;
		if (f->type == type && f->at.begin >= at.begin && f->at.end <= at.end) {
			self->facts[i] = self->facts[--self->count];
			self->sorted = false;
		}
	}
}

static int compare(const void *pa, const void *pb)
{
	const fact *a = pa, *b = pb;
	if (a->at.begin != b->at.begin)
		return a->at.begin < b->at.begin ? -1 : 1;
	if (a->at.end != b->at.end)
		return a->at.end > b->at.end ? -1 : 1;
	return (int)a->type - (int)b->type;
}

static void sort(found *self)
{
	if (!self->sorted && self->count)
		qsort(self->facts, self->count, sizeof *self->facts, compare);
	self->sorted = true;
}

static void names_begin(found *self)
{
	memset(self->table, 0, sizeof self->table);
	self->name_count = 0;
}

/* The number of the name in its list; self->limit when it is new and there is no room. */
static uint32_t name_of(found *self, mr_bytes name, bool *is_new)
{
	uint32_t slot = (uint32_t)XXH3_64bits(name.data, name.len) & (TABLE - 1);
	for (; self->table[slot]; slot = (slot + 1) & (TABLE - 1)) {
		mr_bytes old = self->names[self->table[slot] - 1];
		if (old.len == name.len && !memcmp(old.data, name.data, name.len)) {
			*is_new = false;
			return self->table[slot] - 1;
		}
	}
	*is_new = true;
	if (self->name_count == self->limit)
		return self->limit;
	self->names[self->name_count] = name;
	self->table[slot] = ++self->name_count;
	return self->name_count - 1;
}

static json_t *string_of(mr_bytes text)
{
	return json_stringn(text.data, text.len);
}

json_t *found_names(found *self, enum fact_type type)
{
	json_t *list = NULL;
	bool is_new;
	sort(self);
	for (size_t i = 0; i < self->count; i++) {
		if (self->facts[i].type != type)
			continue;
		if (!list)                       /* the table is large, and many texts have no name of a kind */
			names_begin(self);
		mr_bytes name = fact_text_printed(self->text, self->facts[i].at);
		if (name_of(self, name, &is_new) == self->limit || !is_new)
			continue;
		list = list ? list : json_array();
		json_array_append_new(list, string_of(name));
	}
	return list;
}

static void set_span(const found *self, json_t *person, const char *name, fact_span at)
{
	if (at.end > at.begin && !json_object_get(person, name))
		json_object_set_new(person, name, string_of(fact_text_printed(self->text, at)));
}

json_t *found_persons(found *self)
{
	json_t *list = NULL;
	bool is_new;
	sort(self);
	for (size_t i = 0; i < self->count; i++) {
		const fact *f = &self->facts[i];
		if (f->type != FACT_PERSON)
			continue;
		if (!list)
			names_begin(self);
		mr_bytes name = fact_text_printed(self->text, f->at);
		uint32_t number = name_of(self, name, &is_new);
		if (number == self->limit)
			continue;
		list = list ? list : json_array();
		if (is_new)
			json_array_append_new(list, json_pack("{so}", "name", string_of(name)));
		json_t *person = json_array_get(list, number);
		if (is_new || !json_object_get(person, "role")) {
			set_span(self, person, "role", f->role);
			set_span(self, person, "organization", f->organization);
		}
	}
	return list;
}

json_t *found_spans(found *self)
{
	json_t *list = NULL;
	sort(self);
	for (size_t i = 0; i < self->count; i++) {
		const fact *f = &self->facts[i];
		fact_span place = fact_text_place(self->text, f->at);
		list = list ? list : json_array();
		json_array_append_new(list, json_pack("{sssosisi}", "type", type_names[f->type], "text", string_of(fact_text_printed(self->text, f->at)), "start", (int)place.begin,
						      "end", (int)place.end));
	}
	return list;
}
