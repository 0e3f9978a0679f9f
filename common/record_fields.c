/* record_fields.c - see record_fields.h. */
#include "record_fields.h"

const field_row field_table[FIELD_COUNT] = {
#define F(id, name, type, flags, meaning) {name, "\"" name "\":", sizeof name - 1, TYPE_##type, flags, meaning},
	RECORD_FIELDS(F)
#undef F
};

#define SLOT(name, type, null, meaning) {name, "\"" name "\":", TYPE_##type, null, meaning}

static const detail_slot person_slots[] = {
	SLOT("name", STRING, false, "name as printed"),
	SLOT("role", STRING, true, "office or profession"),
	SLOT("organization", STRING, true, "where"),
	{0},
};
static const detail_slot metric_slots[] = {
	SLOT("what", STRING, true, "what is counted or measured"),
	SLOT("value", NUMBER, true, "the figure; of a range the lower end"),
	SLOT("value_to", NUMBER, true, "upper end of a range"),
	SLOT("unit", STRING, true, "unit as printed"),
	SLOT("qualifier", STRING, true, "more than, about, ..."),
	SLOT("text", STRING, false, "the words of the source"),
	{0},
};
static const detail_slot section_slots[] = {
	SLOT("number", STRING, true, "number as printed"),
	SLOT("heading", STRING, true, "heading"),
	SLOT("level", INT, false, "1 for the highest"),
	SLOT("labels", STRINGS, false, "labels of the section"),
	SLOT("primary_label", STRING, true, "one of them, or none"),
	{0},
};
static const detail_slot unit_slots[] = {
	SLOT("measure", STRING, true, "the measure"),
	SLOT("units", STRINGS, false, "all units responsible for it"),
	SLOT("lead", STRINGS, false, "those that lead"),
	SLOT("support", STRINGS, false, "those that support"),
	{0},
};
static const detail_slot span_slots[] = {
	SLOT("type", STRING, false, "person, place, organization, policy, metric or time"),
	SLOT("text", STRING, false, "the words"),
	SLOT("start", INT, false, "first character in body, from 0"),
	SLOT("end", INT, false, "character behind the last one"),
	{0},
};

const detail_slot alert_hit_slots[] = {
	SLOT("term", STRING, false, "phrase or name as it stands in the file of watches"),
	SLOT("field", STRING, false, "field of the article record in which it was found first"),
	SLOT("text", STRING, false, "the words found, as printed"),
	SLOT("excerpt", STRING, false, "the same with what stands around it"),
	SLOT("start", INT, false, "first character in field (of a list: in the name), from 0"),
	SLOT("end", INT, false, "character behind the last one"),
	SLOT("count", INT, false, "how often it was found in all fields that count for the watch"),
	{0},
};

#define ROW(name, slots, meaning) {name, "\"" name "\":", slots, meaning}

const detail_row detail_table[DETAIL_COUNT] = {
	[DETAIL_PERSONS] = ROW("persons", person_slots, "persons with their office"),
	[DETAIL_METRICS] = ROW("metrics", metric_slots, "figures with unit"),
	[DETAIL_SECTIONS] = ROW("sections", section_slots, "sections of a plan or report"),
	[DETAIL_UNITS] = ROW("responsible_units", unit_slots, "who is responsible for which measure"),
	[DETAIL_CAPTIONS] = ROW("captions", NULL, "captions of pictures"),
	[DETAIL_ATTACHMENTS] = ROW("attachments", NULL, "names of attachments"),
	[DETAIL_SPANS] = ROW("spans", span_slots, "where names and figures stand in body; only with extract.spans"),
};

enum field field_find(mr_bytes name)
{
	for (int f = 0; f < FIELD_COUNT; f++)
		if (name.len == field_table[f].len && memcmp(name.data, field_table[f].name, name.len) == 0 && f != FIELD_SCORES)
			return (enum field)f;
	return FIELD_COUNT;
}

enum detail_member detail_find(mr_bytes name)
{
	for (int d = 0; d < DETAIL_COUNT; d++)
		if (mr_bytes_equal(name, detail_table[d].name))
			return (enum detail_member)d;
	return DETAIL_COUNT;
}

const char *const *field_words(enum field field)
{
	static const char *const precisions[] = {"second", "minute", "day", NULL}, *const origins[] = {"feed", "markup", "page", "dateline", "url", NULL};
	static const char *const kinds[] = {"exact", "url", "near", NULL};
	switch (field) {
	case FIELD_PUBLISHED_PRECISION:
		return precisions;
	case FIELD_PUBLISHED_FROM:
		return origins;
	case FIELD_DUPLICATE_KIND:
		return kinds;
	default:
		return NULL;
	}
}
