/* record_fields.c - see record_fields.h. */
#include "record_fields.h"

const field_row field_table[FIELD_COUNT] = {
#define F(id, name, type, flags, meaning) {name, "\"" name "\":", TYPE_##type, flags, meaning},
	RECORD_FIELDS(F)
#undef F
};

static const detail_slot person_slots[] = {
	{"name", TYPE_STRING, false, "name as printed"},
	{"role", TYPE_STRING, true, "office or profession"},
	{"organization", TYPE_STRING, true, "where"},
	{0},
};
static const detail_slot metric_slots[] = {
	{"what", TYPE_STRING, true, "what is counted or measured"},
	{"value", TYPE_NUMBER, true, "the figure; of a range the lower end"},
	{"value_to", TYPE_NUMBER, true, "upper end of a range"},
	{"unit", TYPE_STRING, true, "unit as printed"},
	{"qualifier", TYPE_STRING, true, "more than, about, ..."},
	{"text", TYPE_STRING, false, "the words of the source"},
	{0},
};
static const detail_slot section_slots[] = {
	{"number", TYPE_STRING, true, "number as printed"},
	{"heading", TYPE_STRING, true, "heading"},
	{"level", TYPE_INT, false, "1 for the highest"},
	{"labels", TYPE_STRINGS, false, "labels of the section"},
	{"primary_label", TYPE_STRING, true, "one of them, or none"},
	{0},
};
static const detail_slot unit_slots[] = {
	{"measure", TYPE_STRING, true, "the measure"},
	{"units", TYPE_STRINGS, false, "all units responsible for it"},
	{"lead", TYPE_STRINGS, false, "those that lead"},
	{"support", TYPE_STRINGS, false, "those that support"},
	{0},
};
static const detail_slot span_slots[] = {
	{"type", TYPE_STRING, false, "person, place, organization, policy, metric or time"},
	{"text", TYPE_STRING, false, "the words"},
	{"start", TYPE_INT, false, "first character in body, from 0"},
	{"end", TYPE_INT, false, "character behind the last one"},
	{0},
};

const detail_row detail_table[DETAIL_COUNT] = {
	[DETAIL_PERSONS] = {"persons", person_slots, "persons with their office"},
	[DETAIL_METRICS] = {"metrics", metric_slots, "figures with unit"},
	[DETAIL_SECTIONS] = {"sections", section_slots, "sections of a plan or report"},
	[DETAIL_UNITS] = {"responsible_units", unit_slots, "who is responsible for which measure"},
	[DETAIL_CAPTIONS] = {"captions", NULL, "captions of pictures"},
	[DETAIL_ATTACHMENTS] = {"attachments", NULL, "names of attachments"},
	[DETAIL_SPANS] = {"spans", span_slots, "where names and figures stand in body; only with extract.spans"},
};

enum field field_find(mr_bytes name)
{
	for (int f = 0; f < FIELD_COUNT; f++)
		if (f != FIELD_SCORES && mr_bytes_equal(name, field_table[f].name))
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
