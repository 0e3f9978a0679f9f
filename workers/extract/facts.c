/* facts.c - see facts.h. */
#include "facts.h"

#include <uchar.h>

#include "byline.h"
#include "common/times.h"
#include "common/utf8.h"

void facts_label(const page *self, int32_t line, uint32_t wanted, buf *out)
{
	if (line < 0)
		return;
	span at = self->lines[line].at;
	const uint32_t *c = self->text;
	bool latin = self->lines[line].letters > self->lines[line].han;
	for (uint32_t i = at.begin; i < at.end; i++) {
		uint32_t classes, n = (uint32_t)vocabulary_match(self->words, c + i, c + at.end, &classes);
		if (!n || !(classes & wanted)) {
			i += n > 1 ? n - 1 : 0;
			continue;
		}
		uint32_t begin = i + n;
		while (begin < at.end && (char_is_blank(c[begin]) || c[begin] == ':' || c[begin] == 0xFF1A || c[begin] == '/' || c[begin] == 0xFF0F || c[begin] == 0x4E28))
			begin++;
		uint32_t end = begin;
		while (end < at.end && c[end] != '|' && c[end] != 0xFF5C && c[end] != 0x3010 && c[end] != '[' && !char_is_closer(c[end]) && !(char_is_blank(c[end]) && (!latin || (end + 1 < at.end && char_is_blank(c[end + 1])))))
			end++;
		if (end > begin && end - begin <= 40) {
			page_utf8(c, (span){begin, end}, out);
			return;
		}
	}
}

bool facts_page_date(const page *self, date_value *out)
{
	if (self->page_date < 0)
		return false;
	buf text = {0};
	date_found found;
	page_utf8(self->text, self->lines[self->page_date].at, &text);
	bool ok = date_find(buf_bytes(&text), 0, false, &found) && found.value.year;
	if (ok)
		*out = found.value;
	buf_free(&text);
	return ok;
}

static void add_name(json_t *list, const uint32_t *c, span at)
{
	buf name = {0};
	bool latin = at.begin < at.end && char_is_letter(c[at.begin]);
	for (uint32_t i = at.begin; i < at.end; i++)
		if (latin || !char_is_blank(c[i]))
			utf8_add(&name, c[i]);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *old = json_string_value(json_array_get(list, i));
		if (json_string_length(json_array_get(list, i)) == name.len && memcmp(old, name.data, name.len) == 0) {
			buf_free(&name);
			return;
		}
	}
	if (name.len)
		json_array_append_new(list, json_stringn(name.data, name.len));
	buf_free(&name);
}

/* 某区委书记甲乙代表： above a headline says whose words follow. Names of two or three ideographs behind an office. */
static bool speaker_of(const uint32_t *c, span at, span *name)
{
	static const uint32_t offices[][2] = {{0x4E66, 0x8BB0}, {0x533A, 0x957F}, {0x5E02, 0x957F}, {0x53BF, 0x957F}, {0x9547, 0x957F}, {0x4E61, 0x957F}, {0x5DDE, 0x957F}, {0x9662, 0x957F}, {0x6821, 0x957F}, {0x4E3B, 0x4EFB}, {0x6559, 0x6388},
		{0x5C40, 0x957F}, {0x4E3B, 0x5E2D}, {0x9662, 0x58EB}, {0x90E8, 0x957F}, {0x59D4, 0x5458}, {0x4EE3, 0x8868}, {0x7701, 0x957F}, {0x4F1A, 0x957F}};
	uint32_t blank = at.end;                                               /* 某区人民政府区长 甲乙: the name behind a blank */
	while (blank > at.begin && !char_is_blank(c[blank - 1]) && at.end - blank <= 4)
		blank--;
	if (blank > at.begin + 4 && char_is_blank(c[blank - 1]) && at.end - blank >= 2 && at.end - blank <= 4 && at.end - at.begin <= 30)
		for (size_t k = 0; k < sizeof offices / sizeof *offices; k++)
			if (c[blank - 3] == offices[k][0] && c[blank - 2] == offices[k][1]) {
				*name = (span){blank, at.end};
				return true;
			}
	if (at.end - at.begin < 5 || (c[at.end - 1] != 0xFF1A && c[at.end - 1] != ':'))
		return false;
	uint32_t end = at.end - 1, last = 0;
	for (uint32_t i = at.begin; i + 1 < end; i++)
		for (size_t k = 0; k < sizeof offices / sizeof *offices; k++)
			if (c[i] == offices[k][0] && c[i + 1] == offices[k][1]) {
				if (i + 2 == end && last) {                        /* …甲乙代表 */
					end = i;
					break;
				}
				last = i + 2;
			}
	*name = (span){last, end};
	return last && end > last + 1 && end - last <= 4;
}

/* 佚名, 管理员: who wrote when nobody says. */
static bool is_nobody(const uint32_t *c, span at)
{
	static const char *const nobody[] = {"管理员", "管理員", "系统管理员", "本站", "佚名", "匿名", "未知", "网络", "網路", "编辑", "原创", "小编", "综合", "本网"};
	static const char32_t bodies[] = U"办辦部处處局室会會院校网網报報社台委";      /* 作者：人才办 is an office */
	buf name = {0};
	bool found = false;
	for (size_t i = 0; at.end > at.begin + 2 && bodies[i] && !found; i++)
		found = c[at.end - 1] == bodies[i];
	page_utf8(c, at, &name);
	for (size_t i = 0; i < sizeof nobody / sizeof *nobody && !found; i++)
		found = mr_bytes_equal(buf_bytes(&name), nobody[i]);
	buf_free(&name);
	return found;
}

/* 2025-05-14 16:20 某网 記者某某, 作者：某某: names in the metadata line of a page that tells none elsewhere. */
static void label_authors(const page *self, json_t *list)
{
	for (size_t i = 0; i < self->line_count && !json_array_size(list); i++) {
		const page_line *line = &self->lines[i];
		uint32_t at = line->at.begin, end, classes = 0;
		if (line->rule != RULE_LABEL || !(line->words & (WORD_REPORTER | WORD_AUTHOR)))
			continue;
		for (; at < line->at.end && !(vocabulary_match(self->words, self->text + at, self->text + line->at.end, &classes) && (classes & (WORD_REPORTER | WORD_AUTHOR))); at++)
			;
		for (end = at + 1; end < line->at.end; end++)
			if (vocabulary_match(self->words, self->text + end, self->text + line->at.end, &classes) && (classes & (WORD_LABEL | WORD_STAFF)) && !(classes & WORD_AUTHOR))
				break;
		byline names = {.count = 0};
		if (at < end && byline_line(self->words, self->text, (span){at, end}, &names))
			for (size_t n = 0; n < names.count; n++)
				if (!is_nobody(self->text, names.names[n]))
					add_name(list, self->text, names.names[n]);
	}
}

json_t *facts_authors(const page *self, size_t k)
{
	json_t *list = json_array();
	const page_article *article = &self->articles[k];
	bool first = true, photo = false;
	for (size_t i = article->first; i < self->block_count && (i < article->last || self->blocks[i].article == (int32_t)k); i++) {
		const page_block *block = &self->blocks[i];
		byline names = {.count = 0};
		if (block->article != (int32_t)k)
			continue;
		if (block->kind == BLOCK_BYLINE) {
			photo = self->lines[block->line].words & WORD_PHOTO && !(self->lines[block->line].words & WORD_REPORTER);
			if (photo && json_array_size(list))
				continue;
			if (!byline_line(self->words, self->flow, block->at, &names))
				byline_bare(self->flow, block->at, true, &names);
		} else if (block->kind == BLOCK_TEXT && first && !block->repeated) {
			byline_lead_in(self->words, self->flow, block->at, &names);
			first = false;
		}
		for (size_t n = 0; n < names.count; n++)
			add_name(list, self->flow, names.names[n]);
	}
	span name;
	for (size_t i = article->first; i < self->block_count && !json_array_size(list); i++)
		if (self->blocks[i].article == (int32_t)k && (self->blocks[i].role == ROLE_KICKER || self->blocks[i].role == ROLE_SUBTITLE) && speaker_of(self->flow, self->blocks[i].at, &name))
			add_name(list, self->flow, name);
		else if (i >= article->last)
			break;
	if (self->article_count == 1)
		label_authors(self, list);
	return list;
}

void facts_turn(const page *self, uint32_t block, buf *out)
{
	span at = self->blocks[block].at;
	const uint32_t *c = self->flow;
	while (at.begin < at.end && !char_is_digit(c[at.begin]) && !char_is_number(c[at.begin]) && !(c[at.begin] >= 'A' && c[at.begin] <= 'Z'))
		at.begin++;
	while (at.end > at.begin && (char_is_closer(c[at.end - 1]) || char_is_blank(c[at.end - 1])))
		at.end--;
	for (uint32_t i = at.end; i > at.begin; i--)                           /* Continued on page B5 */
		if (c[i - 1] == ' ') {
			at.begin = i;
			break;
		}
	page_utf8(c, at, out);
}

/* ---- dateline ---- */

static int64_t day_of(const date_value *d)
{
	return time_days(d->year, d->month, d->day);
}

/* The year of a date without one: that in which it lies nearest before the printed date (a month after it at most: announcements). */
static void tell_year(date_value *d, const date_value *printed)
{
	if (d->year || printed->precision == DATE_NONE)
		return;
	d->year = printed->year;
	if (!time_date_valid(d->year, d->month, d->day))
		d->year = 0;
	else if (day_of(d) > day_of(printed) + 31)
		d->year--;
}

static void print(date_value d, buf *out)
{
	d.precision = DATE_DAY;
	d.has_zone = false;
	date_print(&d, out);
}

/* The number of a day at `at` (1..31), its end in *end; 0: none. */
static int day_number(const uint32_t *c, uint32_t at, uint32_t limit, uint32_t *end)
{
	int day = 0;
	for (*end = at; *end < limit && *end < at + 3 && char_is_digit(c[*end]); ++*end)
		day = day * 10 + (int)(c[*end] & 15);                /* also full width: U+FF10 ends with 0 */
	return day <= 31 && *end < at + 3 ? day : 0;
}

/* What a number of a day stands behind: 0x6708 月 (本月22日 and 上月22日 may be told, 6月22日 is a date of its own), a bracket behind 今 or 昨 (昨（22）日), nothing. */
enum day_kind { DAY_NONE, DAY_ALONE, DAY_OF_MONTH, DAY_OF_LAST_MONTH };

static enum day_kind day_kind_of(const uint32_t *c, uint32_t begin, uint32_t at, uint32_t end, uint32_t limit)
{
	uint32_t before = at > begin ? c[at - 1] : 0, further = at > begin + 1 ? c[at - 2] : 0;
	bool bracket = (before == '(' || before == 0xFF08) && (further == 0x4ECA || further == 0x6628 || further == 0x524D);   /* 今 昨 前 */
	if (bracket && end < limit && (c[end] == ')' || c[end] == 0xFF09))
		return end + 1 < limit && c[end + 1] == 0x65E5 ? DAY_ALONE : DAY_NONE;
	if (end >= limit || c[end] != 0x65E5)                                      /* 日 */
		return DAY_NONE;
	if (before == 0x6708)
		return further == 0x672C ? DAY_OF_MONTH : further == 0x4E0A ? DAY_OF_LAST_MONTH : DAY_NONE;                      /* 本 上 */
	return char_is_digit(before) || before == '.' || before == ' ' ? DAY_NONE : DAY_ALONE;
}

/* 22日 alone, 昨（22）日: the last such day up to the printed date; 本月22日, 上月22日. */
static bool day_alone(const uint32_t *c, span at, const date_value *printed, date_value *out, uint32_t *where)
{
	if (printed->precision == DATE_NONE)
		return false;
	for (uint32_t i = at.begin; i + 1 < at.end; i++) {
		uint32_t end;
		int day = char_is_digit(c[i]) && !(i > at.begin && char_is_digit(c[i - 1])) ? day_number(c, i, at.end, &end) : 0;
		enum day_kind kind = day ? day_kind_of(c, at.begin, i, end, at.end) : DAY_NONE;
		if (kind == DAY_NONE)
			continue;
		*out = *printed;
		out->day = day;
		bool earlier = kind == DAY_OF_LAST_MONTH || (kind == DAY_ALONE && day > printed->day);
		if (earlier && --out->month == 0) {
			out->month = 12;
			out->year--;
		}
		*where = i;
		return time_date_valid(out->year, out->month, out->day);
	}
	return false;
}

/* 记者昨从某局获悉, 记者今晨…: the word for the day, cut short behind 记者 (者). */
static bool day_short(const uint32_t *c, span at, const date_value *near, date_value *out)
{
	for (uint32_t i = at.begin + 1; near->precision != DATE_NONE && i < at.end; i++) {
		bool verb = c[i] == 0x6628 && i + 1 < at.end && utf8_is_han(c[i + 1]) && c[i + 1] != 0x975E;      /* 步道昨啟用, ，昨獲獎: papers of Taiwan and Hong Kong. 今是昨非 */
		if (!verb && (c[i - 1] != 0x8005 || (c[i] != 0x6628 && c[i] != 0x4ECA)))          /* 者, 昨 今 */
			continue;
		*out = *near;
		time_civil(day_of(near) - (c[i] == 0x6628), &out->year, &out->month, &out->day);
		return true;
	}
	return false;
}

static bool is_date_paragraph(const uint32_t *c, span at)
{
	uint32_t digits = 0, year = 0;
	if (at.end - at.begin > 14)
		return false;
	for (uint32_t i = at.begin; i < at.end; i++) {
		digits += char_is_digit(c[i]) || char_is_number(c[i]);
		year += c[i] == 0x5E74 || c[i] == 0x6708 || c[i] == 0x65E5;
	}
	return year == 3 && digits + year + 2 >= at.end - at.begin;
}

static bool signature(const body *text, buf *out)
{
	for (size_t i = text->paragraph_count; i-- > 0;) {
		buf line = {0};
		date_found found;
		if (!is_date_paragraph(text->characters, text->paragraphs[i].at))
			continue;
		page_utf8(text->characters, text->paragraphs[i].at, &line);
		bool ok = date_find(buf_bytes(&line), 0, false, &found);
		buf_free(&line);
		if (ok)
			print(found.value, out);
		return ok;
	}
	return false;
}

/* 自6月1日起, 将于6月1日, 至6月1日: what is to come, not when it was written. */
static bool is_announced(mr_bytes text, size_t begin, size_t end)
{
	static const char *const before[] = {"自", "从", "從", "至", "将于", "將於", "定于", "定於"};
	for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
		size_t n = strlen(before[i]);
		bool open = i < 4;                                             /* needs its 起 or 止 */
		bool closed = !open || (end + 3 <= text.len && (memcmp(text.data + end, "起", 3) == 0 || memcmp(text.data + end, "止", 3) == 0));
		if (begin >= n && memcmp(text.data + begin - n, before[i], n) == 0 && closed)
			return true;
	}
	return false;
}

void facts_headline_date(const page *self, size_t k, buf *out)
{
	for (size_t i = self->articles[k].first; i < self->articles[k].last && !out->len; i++) {
		const page_block *block = &self->blocks[i];
		buf line = {0};
		date_found found;
		if (block->article != (int32_t)k || (block->role != ROLE_SUBTITLE && block->role != ROLE_KICKER))
			continue;
		page_utf8(self->flow, block->at, &line);
		if (date_find(buf_bytes(&line), 0, false, &found) && found.value.year && found.value.day)
			print(found.value, out);
		buf_free(&line);
	}
}

#define DATELINE_CHARACTERS 400          /* of the first paragraph */

/* The paragraph without the blanks that letter-spacing and columns leave in dates (3月 13日). */
static void paragraph_text(const uint32_t *c, span at, buf *out)
{
	for (uint32_t i = at.begin; i < at.end; i++)
		if (!(char_is_blank(c[i]) && i > at.begin && utf8_is_han(c[i - 1]) && i + 1 < at.end && char_is_digit(c[i + 1])))
			utf8_add(out, c[i]);
}

void facts_dateline(const body *text, const date_base *base, bool news, buf *out)
{
	if (signature(text, out) || !news)
		return;
	size_t i = 0;
	while (i < text->paragraph_count && text->paragraphs[i].heading)
		i++;
	if (i == text->paragraph_count)
		return;
	span at = text->paragraphs[i].at;
	if (at.end - at.begin > DATELINE_CHARACTERS)
		at.end = at.begin + DATELINE_CHARACTERS;
	buf line = {0};
	paragraph_text(text->characters, at, &line);
	date_found told, relative;
	bool has_told = date_find(buf_bytes(&line), 0, true, &told), has_relative = false;
	const date_value *near = base->printed.precision != DATE_NONE ? &base->printed : &base->clock;
	if (near->precision != DATE_NONE)
		has_relative = date_relative(buf_bytes(&line), near, &relative);
	date_value alone;
	uint32_t where = 0;
	if (has_told && is_announced(buf_bytes(&line), told.begin, told.end))
		has_told = false;
	if (has_told && (!has_relative || told.begin < relative.begin + 24)) {
		bool whole = told.value.year != 0;
		tell_year(&told.value, &base->printed);
		/* a date with its year far from the page's is history, not news */
		if (!whole || base->printed.precision == DATE_NONE || (day_of(&told.value) <= day_of(&base->printed) + 31 && day_of(&told.value) + 62 >= day_of(&base->printed)))
			print(told.value, out);
	} else if (has_relative) {
		print(relative.value, out);
	} else if (day_short(text->characters, at, near, &alone)) {
		print(alone, out);
	} else if (day_alone(text->characters, at, near, &alone, &where)) {
		print(alone, out);
	}
	buf_free(&line);
}
