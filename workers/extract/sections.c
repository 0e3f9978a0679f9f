/* sections.c - the structure of plans and notices: numbered headings, responsible units, attachments (body.h).
 *
 * Numbering follows GB/T 9704 and its relatives (第一章, 一、, （一）, 1., （1）): the level of a number is its rank among the kinds that occur in this document, so a notice
 * that begins with （一） has it on level 1. A heading stands alone, or runs in: the first sentence of its paragraph, when more follows it. List items that end
 * with ； or say one sentence alone are no headings. 一是…二是… are steps of one argument and make no sections. */
#include "body.h"

#include <string.h>
#include <uchar.h>

#define HEADING_CHARACTERS 60
#define UNIT_CHARACTERS 40
#define MOST_SECTIONS 1000       /* a longer list says nothing, and hostile text has no end of headings */

static json_t *text_of(const uint32_t *c, span at)
{
	buf out = {0};
	page_utf8(c, at, &out);
	json_t *value = json_stringn(out.data ? out.data : "", out.len);
	buf_free(&out);
	return value;
}

static span trimmed(const uint32_t *c, span at)
{
	while (at.begin < at.end && char_is_blank(c[at.begin]))
		at.begin++;
	while (at.end > at.begin && char_is_blank(c[at.end - 1]))
		at.end--;
	return at;
}

static bool is_attachment_word(const uint32_t *c, span at)
{
	return at.end - at.begin > 2 && c[at.begin] == 0x9644 && (c[at.begin + 1] == 0x4EF6 || c[at.begin + 1] == 0x8868 || c[at.begin + 1] == 0x5F55);
}

/* What is a heading of the paragraph behind its number: all of it, or its first sentence. Empty: it has none. */
static span heading_of(const uint32_t *c, span rest, bool *run_in)
{
	uint32_t i = rest.begin;
	*run_in = false;
	while (i < rest.end && i - rest.begin <= HEADING_CHARACTERS && c[i] != 0x3002 && !(c[i] == '.' && i + 1 < rest.end && char_is_blank(c[i + 1])))
		i++;
	if (i == rest.end) {
		uint32_t last = c[rest.end - 1];
		bool item = last == 0xFF1B || last == ';' || last == 0xFF0C || last == ',' || last == 0xFF1A || last == ':';
		return item ? (span){0, 0} : rest;
	}
	if (i - rest.begin > HEADING_CHARACTERS || i + 4 >= rest.end)
		return (span){0, 0};
	*run_in = true;
	return (span){rest.begin, i};
}

struct heading {
	enum number_kind kind;
	span number, text;
	bool run_in;
};

/* 2031年5月6日 and nothing else. */
static bool is_date_line(const body *self, size_t i)
{
	span at = self->paragraphs[i].at;
	const uint32_t *c = self->characters;
	return at.end - at.begin >= 6 && at.end - at.begin <= 14 && c[at.end - 1] == 0x65E5 && (char_is_digit(c[at.begin]) || char_is_number(c[at.begin]));
}

static bool read_heading(const body *self, size_t i, struct heading *out)
{
	const uint32_t *c = self->characters;
	span at = self->paragraphs[i].at;
	uint32_t value, n = number_prefix(c, at, &out->kind, &value);
	if (self->paragraphs[i].heading && !n) {
		*out = (struct heading){.kind = NUMBER_NONE, .text = at};
		return i + 1 < self->paragraph_count && !is_date_line(self, i + 1);       /* who signs is no heading */
	}
	if (!n || out->kind == NUMBER_ITEM || out->kind == NUMBER_ARTICLE)
		return false;
	out->number = (span){at.begin, at.begin + n};
	out->text = heading_of(c, trimmed(c, (span){at.begin + n, at.end}), &out->run_in);
	return out->text.end > out->text.begin;
}

json_t *body_sections(const body *self)
{
	bool present[NUMBER_ITEM + 1] = {false}, attached = false;
	json_t *list = NULL;
	for (int pass = 0; pass < 2; pass++) {
		attached = false;
		for (size_t i = 0; i < self->paragraph_count && json_array_size(list) < MOST_SECTIONS; i++) {
			struct heading h;
			attached = attached || is_attachment_word(self->characters, self->paragraphs[i].at);
			if (attached || !read_heading(self, i, &h))
				continue;
			if (!pass) {
				present[h.kind] = h.kind != NUMBER_NONE;
				continue;
			}
			int level = h.kind == NUMBER_NONE;
			for (int k = NUMBER_CHAPTER; h.kind && k <= (int)h.kind; k++)
				level += present[k];
			json_t *number = h.kind == NUMBER_NONE ? json_null() : text_of(self->characters, h.number);
			json_t *section = json_pack("{s:o,s:o,s:i}", "number", number, "heading", text_of(self->characters, h.text), "level", level);
			if (!list)
				list = json_array();
			json_array_append_new(list, section);
		}
	}
	return list;
}

/* ---- responsible units ---- */

enum unit_role { UNIT_PLAIN, UNIT_LEAD, UNIT_SUPPORT };

static bool has_pair(const uint32_t *c, span at, uint32_t a, uint32_t b)
{
	for (uint32_t i = at.begin; i + 1 < at.end; i++)
		if (c[i] == a && c[i + 1] == b)
			return true;
	return false;
}

/* 责任单位, 牵头部门, 配合单位: the label of a list of units. */
static bool unit_label(const uint32_t *c, span label, enum unit_role *role)
{
	if (label.end - label.begin < 2 || label.end - label.begin > 10)
		return false;
	bool noun = has_pair(c, label, 0x5355, 0x4F4D) || has_pair(c, label, 0x90E8, 0x95E8) || has_pair(c, label, 0x55AE, 0x4F4D) || has_pair(c, label, 0x90E8, 0x9580);
	bool lead = has_pair(c, label, 0x7275, 0x5934) || has_pair(c, label, 0x727D, 0x982D) || has_pair(c, label, 0x4E3B, 0x529E);
	bool support = has_pair(c, label, 0x914D, 0x5408) || has_pair(c, label, 0x534F, 0x529E) || has_pair(c, label, 0x53C2, 0x4E0E) || has_pair(c, label, 0x534F, 0x540C);
	bool duty = has_pair(c, label, 0x8D23, 0x4EFB) || has_pair(c, label, 0x8CAC, 0x4EFB);
	*role = lead ? UNIT_LEAD : support ? UNIT_SUPPORT : UNIT_PLAIN;
	return (noun && (lead || support || duty)) || ((lead || support) && label.end - label.begin <= 4);
}

static bool is_comma(uint32_t c)
{
	return c == ',' || c == 0xFF0C;
}

static void add_unit(const uint32_t *c, span at, enum unit_role role, json_t *entry)
{
	static const char *const keys[] = {NULL, "lead", "support"};
	at = trimmed(c, at);
	if (at.end <= at.begin || at.end - at.begin > UNIT_CHARACTERS)
		return;
	json_array_append_new(json_object_get(entry, "units"), text_of(c, at));
	if (role != UNIT_PLAIN)
		json_array_append_new(json_object_get(entry, keys[role]), text_of(c, at));
}

/* End of the list item that begins at `at.begin`: the next comma or 、 outside of brackets (`各县（市、区）人民政府` is one unit). */
static uint32_t item_end(const uint32_t *c, span at)
{
	uint32_t depth = 0, i = at.begin;
	for (; i < at.end; i++) {
		if (c[i] == '(' || c[i] == 0xFF08)
			depth++;
		else if (depth && (c[i] == ')' || c[i] == 0xFF09))
			depth--;
		else if (!depth && (is_comma(c[i]) || c[i] == 0x3001))
			break;
	}
	return i;
}

/* One list behind its colon: commas and 、 separate alike (`各镇人民政府、街道办事处` between commas names two units). */
static void add_units(const uint32_t *c, span at, enum unit_role role, json_t *entry)
{
	while (at.begin < at.end) {
		uint32_t end = item_end(c, at);
		add_unit(c, (span){at.begin, end}, role, entry);
		at.begin = end + 1;
	}
}

/* …按职责分工负责, …分别牵头, …共同配合: how they are to do it. Characters at the end. */
static uint32_t manner_before(const uint32_t *c, span at)
{
	static const char32_t *const manners[] = {U"按照各自职责分工", U"按照职责分工", U"按职责分工", U"按各自职责", U"根据职责分工", U"依职责分工", U"按分工", U"按职责", U"分别", U"共同", U"分頭", U"共同分工", NULL};
	for (const char32_t *const *manner = manners; *manner; manner++) {
		uint32_t n = 0;
		while ((*manner)[n])
			n++;
		if (at.end - at.begin >= n + 2 && memcmp(c + at.end - n, *manner, n * sizeof *c) == 0)
			return n;
	}
	return 0;
}

/* 甲局牵头, 丙镇配合: what the units are to do, behind the last of them. Characters it takes; 0: none stands at the end. */
static uint32_t role_behind(const uint32_t *c, span at, enum unit_role *role)
{
	static const struct { uint32_t word[2]; enum unit_role role; } words[] = {{{0x7275, 0x5934}, UNIT_LEAD}, {{0x727D, 0x982D}, UNIT_LEAD}, {{0x4E3B, 0x529E}, UNIT_LEAD},
		{{0x8D1F, 0x8D23}, UNIT_PLAIN}, {{0x8CA0, 0x8CAC}, UNIT_PLAIN}, {{0x914D, 0x5408}, UNIT_SUPPORT}, {{0x53C2, 0x4E0E}, UNIT_SUPPORT}, {{0x53C3, 0x8207}, UNIT_SUPPORT},
		{{0x534F, 0x529E}, UNIT_SUPPORT}, {{0x5354, 0x8FA6}, UNIT_SUPPORT}, {{0x534F, 0x52A9}, UNIT_SUPPORT}};      /* 牵头 主办 负责 配合 参与 协办 协助 */
	for (size_t k = 0; at.end >= at.begin + 5 && k < sizeof words / sizeof *words; k++) {
		if (c[at.end - 2] != words[k].word[0] || c[at.end - 1] != words[k].word[1])
			continue;
		*role = words[k].role;
		return 2 + manner_before(c, (span){at.begin, at.end - 2});
	}
	return 0;
}

/* `甲局牵头，乙局、丙镇配合`: the roles behind the names. All of it must read so. */
static bool read_units_before(const uint32_t *c, span at, json_t *entry)
{
	json_t *probe = json_pack("{s:[],s:[],s:[]}", "units", "lead", "support");
	uint32_t begin = at.begin, from = at.begin;
	bool all = true;
	while (from < at.end && all) {
		uint32_t end = item_end(c, (span){from, at.end});
		enum unit_role role = UNIT_PLAIN;
		span item = trimmed(c, (span){from, end});
		uint32_t n = role_behind(c, item, &role);
		all = item.end - item.begin - n <= UNIT_CHARACTERS && item.end - item.begin >= 2;
		if (n) {
			add_units(c, (span){begin, item.end - n}, role, probe);
			begin = end + 1;
		}
		from = end + 1;
	}
	all = all && begin > at.begin && begin >= at.end;
	if (all)
		json_object_update(entry, probe);
	json_decref(probe);
	return all;
}

/* Does a label of units (配合单位：) begin at `i`? */
static bool label_follows(const uint32_t *c, uint32_t i, uint32_t end)
{
	uint32_t colon = i;
	enum unit_role role;
	while (colon < end && colon < i + 8 && c[colon] != ':' && c[colon] != 0xFF1A)
		colon++;
	return colon < end && (c[colon] == ':' || c[colon] == 0xFF1A) && unit_label(c, trimmed(c, (span){i, colon}), &role);
}

/* `责任单位:甲,乙；配合单位:丙` inside a bracket or on a line of its own. */
static bool read_units(const uint32_t *c, span at, json_t *entry)
{
	bool found = false;
	uint32_t begin = at.begin;
	for (uint32_t i = at.begin; i <= at.end; i++) {
		if (i < at.end && c[i] != 0xFF1B && c[i] != ';' && c[i] != 0x3002 && !(is_comma(c[i]) && label_follows(c, i + 1, at.end)))
			continue;
		uint32_t colon = begin;
		enum unit_role role;
		while (colon < i && c[colon] != ':' && c[colon] != 0xFF1A)
			colon++;
		if (colon < i && unit_label(c, trimmed(c, (span){begin, colon}), &role)) {
			add_units(c, (span){colon + 1, i}, role, entry);
			found = true;
		}
		begin = i + 1;
	}
	return found;
}

static bool closes_units(uint32_t c)
{
	return c == ')' || c == 0xFF09 || c == ']' || c == 0x3011 || c == 0x3015;      /* ） 】 〕 */
}

/* The bracket that closes a paragraph, or the whole paragraph when it begins with the label. */
static span units_span(const uint32_t *c, span at)
{
	uint32_t end = at.end;
	while (end > at.begin && (c[end - 1] == 0x3002 || char_is_blank(c[end - 1])))
		end--;
	if (end > at.begin && (closes_units(c[end - 1]))) {
		uint32_t depth = 1, i = end - 1, limit = end - at.begin > 600 ? end - 600 : at.begin;
		while (i > limit && depth) {
			i--;
			depth += closes_units(c[i]);
			depth -= c[i] == '(' || c[i] == 0xFF08 || c[i] == '[' || c[i] == 0x3010 || c[i] == 0x3014;
		}
		return depth ? (span){0, 0} : (span){i + 1, end - 1};
	}
	return end - at.begin <= 300 ? (span){at.begin, end} : (span){0, 0};
}

/* A colon behind ten characters at most: the label of a list. */
static bool may_name_units(const uint32_t *c, span at)
{
	for (uint32_t i = at.begin; i < at.end && i <= at.begin + 12; i++)
		if (c[i] == ':' || c[i] == 0xFF1A)
			return true;
	return false;
}

json_t *body_responsible_units(const body *self)
{
	const uint32_t *c = self->characters;
	span measure = {0, 0};
	json_t *list = NULL;
	for (size_t i = 0; i < self->paragraph_count && json_array_size(list) < MOST_SECTIONS; i++) {
		struct heading h;
		span at = units_span(c, self->paragraphs[i].at);
		if (read_heading(self, i, &h))
			measure = h.text;
		bool closing = at.end < self->paragraphs[i].at.end && at.begin > self->paragraphs[i].at.begin;      /* a bracket behind the measure */
		if (!may_name_units(c, at) && !closing)
			continue;
		json_t *entry = json_pack("{s:n,s:[],s:[],s:[]}", "measure", "units", "lead", "support");
		if ((read_units(c, at, entry) || (closing && read_units_before(c, at, entry))) && json_array_size(json_object_get(entry, "units"))) {
			if (measure.end > measure.begin)
				json_object_set_new(entry, "measure", text_of(c, measure));
			list = list ? list : json_array();
			json_array_append_new(list, entry);
		} else {
			json_decref(entry);
		}
	}
	return list;
}

/* ---- attachments ---- */

/* 附件：1.甲 and the numbered lines behind it. */
json_t *body_attachments(const body *self)
{
	const uint32_t *c = self->characters;
	json_t *list = NULL;
	bool inside = false;
	for (size_t i = 0; i < self->paragraph_count && json_array_size(list) < MOST_SECTIONS; i++) {
		span at = self->paragraphs[i].at;
		enum number_kind kind;
		uint32_t value;
		if (is_attachment_word(c, at)) {
			uint32_t colon = at.begin + 2;
			while (colon < at.end && colon < at.begin + 6 && c[colon] != ':' && c[colon] != 0xFF1A)
				colon++;
			inside = colon < at.end && (c[colon] == ':' || c[colon] == 0xFF1A);
			at.begin = colon + 1;
		} else if (!number_prefix(c, at, &kind, &value)) {
			inside = false;
		}
		if (!inside)
			continue;
		at = trimmed(c, at);
		at.begin += number_prefix(c, at, &kind, &value);
		at = trimmed(c, at);
		if (at.end <= at.begin)
			continue;
		list = list ? list : json_array();
		json_array_append_new(list, text_of(c, at));
	}
	return list;
}
