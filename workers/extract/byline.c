/* byline.c - see byline.h.
 *
 * A byline is a closed little grammar: words of the trade (记者, 通讯员, 摄影: vocabulary.c), names of two to four ideographs, separators, and a
 * verb (摄, 报道). Whatever does not fit ends it; a line is a byline only when all of it fits. */
#include "byline.h"

#include <string.h>
#include <uchar.h>

#include "common/utf8.h"
#include "html_names.h"

#define LEAD_SPAN 64             /* a lead-in is at most so long: four reporters with their titles */

static bool is_separator(uint32_t c)
{
	switch (c) {
	case 0x3001: case ',': case 0xFF0C: case '/': case 0xFF0F: case ':': case 0xFF1A: case ';': case 0xFF1B: case 0xB7: case '|': case 0xFF5C:
	case 0x4E28: case 0x25A1: case 0x25A0: case 0x25CF: case 0x25C6: case 0x25CB: case 0x2299: case 0x25CE: case 0x25B2: case 0x25B3: case 0x3000: case 0x2014:
		return true;
	default:
		return char_is_blank(c) || char_is_opener(c) || char_is_closer(c);
	}
}

/* 报道 報導 报導 电 電 讯 訊 摄 攝 at the end of a run of ideographs: how many characters. */
static uint32_t verb_tail(const uint32_t *c, uint32_t begin, uint32_t end)
{
	uint32_t n = end - begin, last = c[end - 1], before = n > 1 ? c[end - 2] : 0;
	if ((last == 0x9053 || last == 0x5C0E) && (before == 0x62A5 || before == 0x5831))
		return 2;
	if (last == 0x6444 || last == 0x651D)                                  /* 摄 攝 */
		return 1;
	if ((last == 0x7535 || last == 0x96FB || last == 0x8BAF || last == 0x8A0A) && (n == 1 || n > 3))
		return 1;
	return 0;
}

static void add_name(byline *out, uint32_t begin, uint32_t end)
{
	if (out->count < BYLINE_NAMES)
		out->names[out->count++] = (span){begin, end};
}

struct parse {
	const vocabulary *words;
	const uint32_t *c;
	uint32_t at, end;
	bool reporter;                   /* a word of the trade was there */
	bool clean;                      /* nothing else was */
	bool staff;                      /* behind a word of the staff (责任编辑): names are those of editors */
	uint32_t single;                 /* position + 1 of a lone ideograph: half of a letter-spaced name */
};

/* 某某学院, 某局: who sent a text or picture is no name. */
static bool is_office(const uint32_t *c, uint32_t begin, uint32_t end)
{
	for (const char32_t *last = U"院局部处處室办辦社馆館站校厂廠司所台网網报報系会會委府心"; *last && end - begin >= 4; last++)
		if (c[end - 1] == *last)
			return true;
	return false;
}

static bool has_dot(const uint32_t *c, uint32_t from, uint32_t end)
{
	while (from < end && c[from] != 0xB7)
		from++;
	return from < end;
}

/* One run of ideographs (and the middle dot of foreign names): a name, a verb, a place with a verb, or nothing that belongs here. */
static void take_run(struct parse *p, byline *out)
{
	uint32_t begin = p->at, end = begin, classes;
	while (end < p->end && p->c[end] != 0x4E28 && (utf8_is_han(p->c[end]) || (end > begin && p->c[end] == 0xB7))) {
		size_t n = end > begin ? vocabulary_match(p->words, p->c + end, p->c + p->end, &classes) : 0;
		if (n && (classes & (WORD_REPORTER | WORD_PHOTO)))
			break;
		end++;
	}
	uint32_t tail = verb_tail(p->c, begin, end), n = end - begin - tail;
	bool place = tail == 2 && n >= 2;                                      /* 某地报道 */
	p->at = end;
	if (p->staff || is_office(p->c, begin, end - tail)) {
		p->single = 0;
		return;
	}
	if (n == 1 && !tail) {
		if (p->single)
			add_name(out, p->single - 1, end);
		p->single = p->single ? 0 : begin + 1;
		return;
	}
	p->single = 0;
	if (place && out->count)
		return;
	if (n >= 2 && (n <= 4 || has_dot(p->c, begin, end)))
		add_name(out, begin, end - tail);
	else if (n == 6) {
		add_name(out, begin, begin + 3);
		add_name(out, begin + 3, begin + 6);
	} else if (n)
		p->clean = false;
}

static void parse_names(struct parse *p, byline *out)
{
	p->clean = true;
	while (p->at < p->end) {
		uint32_t classes;
		size_t n = vocabulary_match(p->words, p->c + p->at, p->c + p->end, &classes);
		if (n && (classes & (WORD_REPORTER | WORD_PHOTO | WORD_AUTHOR))) {
			p->reporter = true;
			p->staff = false;
			p->single = 0;
			p->at += (uint32_t)n;
		} else if (n && p->reporter && (classes & WORD_STAFF)) {
			p->staff = true;
			p->single = 0;
			p->at += (uint32_t)n;
		} else if (is_separator(p->c[p->at])) {
			p->at++;
		} else if (utf8_is_han(p->c[p->at]) && p->reporter) {
			take_run(p, out);
		} else {
			p->clean = false;
			return;
		}
	}
	p->clean = p->clean && !p->single;
}

static bool is_capital(uint32_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE);
}

static bool latin_word(const uint32_t *c, span at, const char *word)
{
	size_t n = strlen(word);
	if (at.end - at.begin < n)
		return false;
	for (size_t i = 0; i < n; i++)
		if ((c[at.begin + i] | 32u) != ((unsigned char)word[i] | 32u))
			return false;
	return true;
}

/* Gazette Staff, Science Writer: what stands behind a name. */
static bool ends_with_post(const uint32_t *c, span at)
{
	static const char *const posts[] = {"staff", "writer", "correspondent", "reporter", "columnist", "editor", "contributor", "press", "news", NULL};
	uint32_t last = at.end;
	while (last > at.begin && !char_is_blank(c[last - 1]))
		last--;
	for (const char *const *post = posts; *post; post++)
		if (strlen(*post) == at.end - last && latin_word(c, (span){last, at.end}, *post))
			return true;
	return false;
}

/* `By Jane Doe and John Roe, Science correspondent`: names are capitalised words; the first comma piece that is no name ends them. */
static bool english_line(const uint32_t *c, span at, byline *out)
{
	size_t before = out->count;
	if (at.end - at.begin < 6 || at.end - at.begin > 100 || !latin_word(c, at, "by "))
		return false;
	uint32_t i = at.begin + 3;
	while (i < at.end) {
		uint32_t begin = i, words = 0;
		while (i < at.end && is_capital(c[i])) {
			while (i < at.end && !char_is_blank(c[i]) && c[i] != ',')
				i++;
			words++;
			if (i < at.end && c[i] == ' ' && i + 1 < at.end && is_capital(c[i + 1]))
				i++;
			else
				break;
		}
		if (words < 2 || words > 5 || (out->count > before && ends_with_post(c, (span){begin, i}))) {
			i = begin;
			break;
		}
		add_name(out, begin, i);
		span rest = {i, at.end};
		if (latin_word(c, rest, " and "))
			i += 5;
		else if (latin_word(c, rest, ", "))
			i += 2;
		else
			break;
	}
	return out->count > before && (i >= at.end || (c[i - 2] == ',' && at.end - i <= 32));
}

static uint32_t find_char(const uint32_t *c, uint32_t from, uint32_t end, uint32_t a, uint32_t b)
{
	while (from < end && c[from] != a && c[from] != b)
		from++;
	return from;
}

/* 报 報 社 网 網 台 刊 */
static bool is_outlet(uint32_t c)
{
	return c == 0x62A5 || c == 0x5831 || c == 0x793E || c == 0x7F51 || c == 0x7DB2 || c == 0x53F0 || c == 0x520A;
}

/* □ 某某, ■某某 某某: the box stands for the word of the trade, if nothing but names stands behind it. */
static bool boxed_names(const uint32_t *c, span at, byline *out)
{
	size_t before = out->count;
	uint32_t i = at.begin + 1;
	if (at.end - at.begin > 20 || (c[at.begin] != 0x25A1 && c[at.begin] != 0x25A0 && c[at.begin] != 0x25CE && c[at.begin] != 0x25C7 && c[at.begin] != 0x25CB))       /* □ ■ ◎ ◇ ○ */
		return false;
	while (i < at.end) {
		uint32_t begin = i;
		while (i < at.end && utf8_is_han(c[i]))
			i++;
		if (i > begin && (i - begin < 2 || i - begin > 4))
			break;
		if (i > begin)
			add_name(out, begin, i);
		else if (!char_is_blank(c[i++]))
			break;
	}
	if (i == at.end && out->count > before && out->count - before <= 3)
		return true;
	out->count = before;
	return false;
}

/* （甲 乙 文/图）: the word of the trade behind the names. A blank or bracket stands before it. */
static bool ends_with_trade(const vocabulary *words, const uint32_t *c, span at)
{
	uint32_t end = at.end, classes;
	while (end > at.begin && (char_is_closer(c[end - 1]) || char_is_blank(c[end - 1])))
		end--;
	if (end - at.begin > 24)
		return false;
	if (end > at.begin + 3 && (c[end - 1] == 0x6444 || c[end - 1] == 0x651D) && char_is_blank(c[end - 2]))               /* 某某 摄 */
		return true;
	for (uint32_t i = at.begin + 3; i < end; i++)
		if (char_is_blank(c[i - 1]) && i + vocabulary_match(words, c + i, c + end, &classes) == end && (classes & (WORD_REPORTER | WORD_PHOTO)))
			return true;
	return false;
}

bool byline_line(const vocabulary *words, const uint32_t *c, span at, byline *out)
{
	size_t before = out->count;
	if (at.begin >= at.end || at.end - at.begin > 48)
		return english_line(c, at, out);
	struct parse p = {.words = words, .c = c, .at = at.begin, .end = at.end};
	parse_names(&p, out);
	if (p.reporter && p.clean && out->count > before)
		return true;
	out->count = before;
	if (boxed_names(c, at, out))
		return true;
	if (ends_with_trade(words, c, at)) {
		p = (struct parse){.words = words, .c = c, .at = at.begin, .end = at.end, .reporter = true};
		parse_names(&p, out);
		if (p.clean && out->count > before)
			return true;
		out->count = before;
	}
	/* 某某日報 記者 甲乙／某地報導: the outlet before its reporter */
	uint32_t blank = find_char(c, at.begin, at.end, ' ', 0x3000);
	if (blank < at.end && blank - at.begin >= 3 && blank - at.begin <= 10 && is_outlet(c[blank - 1])) {
		p = (struct parse){.words = words, .c = c, .at = blank, .end = at.end};
		parse_names(&p, out);
		if (p.reporter && p.clean && out->count > before)
			return true;
		out->count = before;
	}
	return english_line(c, at, out);
}

/* （待续）, （综合）: remarks, no names. */
static bool is_remark(const uint32_t *c, uint32_t n)
{
	static const char32_t *const remarks[] = {U"试行", U"待续", U"未完", U"节选", U"摘编", U"综合", U"整理", U"暂行", U"草案", U"本报", U"新华", U"转载", U"原创", U"图略", U"表略", U"下同", U"完毕", U"本刊", U"來源", U"选登", U"连载", U"之一", U"之二", U"之三", U"上篇", U"下篇", U"中篇", U"节录", U"编译", U"摘自", U"资料", U"附图", U"附表", U"本社", U"連載", U"選登",
		U"試行", U"待續", U"節選", U"綜合", U"轉載", NULL};
	for (const char32_t *const *remark = remarks; n == 2 && *remark; remark++)
		if (c[0] == (*remark)[0] && c[1] == (*remark)[1])
			return true;
	return false;
}

static bool has_surname(const uint32_t *c, uint32_t begin, uint32_t end)
{
	buf name = {0};
	page_utf8(c, (span){begin, end}, &name);
	bool has = html_name_has_surname(buf_bytes(&name));
	buf_free(&name);
	return has;
}

bool byline_bare(const uint32_t *c, span at, bool alone, byline *out)
{
	size_t before = out->count;
	uint32_t begin = at.begin + 1, end = at.end - 1;
	if (at.end - at.begin < 4 || at.end - at.begin > 14 || (c[at.begin] != '(' && c[at.begin] != 0xFF08) || (c[end] != ')' && c[end] != 0xFF09))
		return false;
	bool named = true, lone = alone && end - begin <= 3;
	for (uint32_t i = begin; i < end; i++) {
		uint32_t from = i;
		while (i < end && utf8_is_han(c[i]))
			i++;
		if (is_office(c, from, i) || (i - from == 2 && c[i - 1] == 0x9001))      /* （某局 报送） */
			return out->count = before, false;
		if (i - from >= 2 && i - from <= 4)
			add_name(out, from, i);
		named = named && (i == from || (i - from >= 2 && i - from <= 4 && has_surname(c, from, i)));
	}
	if (is_remark(c + begin, end - begin) || !(named || lone))
		out->count = before;
	return out->count > before;
}

static bool has_word(const vocabulary *words, const uint32_t *c, uint32_t from, uint32_t end, uint32_t wanted)
{
	uint32_t classes;
	for (; from < end; from++)
		if (vocabulary_match(words, c + from, c + end, &classes) && (classes & wanted))
			return true;
	return false;
}

/* 記者某某報道 at `at`: behind it; at.begin when none stands there. */
static uint32_t reporter_behind(const vocabulary *words, const uint32_t *c, span at, byline *out)
{
	uint32_t classes, end = at.begin, verb = 0, next = at.begin;
	while (next < at.end && char_is_blank(c[next]))
		next++;
	if (next >= at.end || !vocabulary_match(words, c + next, c + at.end, &classes) || !(classes & WORD_REPORTER))
		return at.begin;
	for (end = next; end < at.end && end < next + 28 && !(char_is_clause(c[end]) && c[end] != 0x3001) && !verb;) {
		end++;
		verb = end > next + 2 && verb_tail(c, end - 2, end) == 2;          /* 报道 */
	}
	struct parse p = {.words = words, .c = c, .at = next, .end = end};
	byline names = {.count = 0};
	parse_names(&p, &names);
	if (!p.clean || !verb || !names.count)
		return at.begin;
	for (size_t k = 0; k < names.count; k++)
		add_name(out, names.names[k].begin, names.names[k].end);
	return end;
}

/* （本報訊） 【記者甲乙丙／某地報導】 〔記者…〕: the bracket that begins a paragraph, when it speaks of reporters, news or wire. */
static uint32_t bracket_lead(const vocabulary *words, const uint32_t *c, span at, byline *out)
{
	static const struct { uint32_t open, close; } pairs[] = {{0x3010, 0x3011}, {0x3014, 0x3015}, {0xFF08, 0xFF09}, {'(', ')'}, {'[', ']'}};
	uint32_t limit = at.end < at.begin + LEAD_SPAN ? at.end : at.begin + LEAD_SPAN;
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		if (c[at.begin] != pairs[i].open)
			continue;
		uint32_t close = find_char(c, at.begin, limit, pairs[i].close, pairs[i].close);
		if (close == limit || close + 4 >= at.end)                         /* text must follow */
			return 0;
		uint32_t last = c[close - 1];
		bool wire = last == 0x96FB || last == 0x7535 || last == 0x8BAF || last == 0x8A0A || last == 0x9053 || last == 0x5C0E;   /* 電电讯訊道導 */
		bool channel = (last == 0x9053 || last == 0x9891) && close - at.begin <= 8;
		bool house = c[at.begin + 1] == 0x672C && is_outlet(c[at.begin + 2]) && close - at.begin <= 12;                          /* 【本報內地組】 */
		if (!wire && !channel && !house && !has_word(words, c, at.begin + 1, close, WORD_REPORTER | WORD_LEAD))
			return 0;
		struct parse p = {.words = words, .c = c, .at = at.begin + 1, .end = close};
		p.end = find_char(c, at.begin + 1, close, '/', 0xFF0F);
		while (p.at < p.end && !(vocabulary_match(words, c + p.at, c + p.end, &(uint32_t){0})))
			p.at++;
		parse_names(&p, out);
		return reporter_behind(words, c, (span){close + 1, at.end}, out) - at.begin;
	}
	return 0;
}

/* 本报讯 or 某社某地6月1日电, then （记者 …） or 记者…报道. */
static uint32_t wire_lead(const vocabulary *words, const uint32_t *c, span at, byline *out)
{
	uint32_t classes, limit = at.end < at.begin + 26 ? at.end : at.begin + 26, i = at.begin;
	bool house = false, wire = false;
	bool own = c[at.begin] == 0x672C;                                      /* 本 */
	for (; i < limit && !wire; i++) {
		if (char_is_stop(c[i]) || c[i] == 0xFF0C || c[i] == ',')
			return 0;
		if (i < at.begin + 6 && (c[i] == 0x62A5 || c[i] == 0x5831 || c[i] == 0x793E || c[i] == 0x7F51 || c[i] == 0x53F0 || c[i] == 0x520A || c[i] == 0x7DB2))
			house = true;                                              /* 报 報 社 网 台 刊 網 */
		/* what follows a wire word is a blank, a bracket, a reporter: 电视, 讯息 are other words */
		uint32_t next = i + 1 < at.end ? c[i + 1] : 0;
		bool apart = char_is_blank(next) || char_is_opener(next) || next == 0xFF1A || next == ':' || next == 0x8BB0 || next == 0x8A18 || (own && i - at.begin == 2);
		wire = house && apart && (c[i] == 0x8BAF || c[i] == 0x8A0A || c[i] == 0x7535 || c[i] == 0x96FB);
	}
	if (!wire || i >= at.end)
		return 0;
	uint32_t next = i;
	while (next < at.end && char_is_blank(c[next]))
		next++;
	if (next >= at.end)
		return 0;
	if (c[next] == '(' || c[next] == 0xFF08) {
		uint32_t end = at.end < next + LEAD_SPAN ? at.end : next + LEAD_SPAN;
		uint32_t close = find_char(c, next, end, ')', 0xFF09);
		if (close < end && has_word(words, c, next, close, WORD_REPORTER | WORD_LEAD)) {
			struct parse p = {.words = words, .c = c, .at = next, .end = close};
			parse_names(&p, out);
			return close + 1 - at.begin;
		}
		return i - at.begin;
	}
	if (vocabulary_match(words, c + next, c + at.end, &classes) && (classes & WORD_REPORTER)) {
		uint32_t end = next, verb = 0;
		while (end < at.end && end < next + 28 && !(char_is_clause(c[end]) && c[end] != 0x3001) && c[end] != 0x201C && !char_is_digit(c[end]) && !verb) {
			end++;
			verb = end > next + 2 && verb_tail(c, end - 2, end) == 2;      /* 报道 */
		}
		struct parse p = {.words = words, .c = c, .at = next, .end = end};
		byline names = {.count = 0};
		parse_names(&p, &names);
		if (p.clean)
			for (size_t k = 0; k < names.count; k++)
				add_name(out, names.names[k].begin, names.names[k].end);
		return p.clean ? end - at.begin : i - at.begin;
	}
	return next > i || i - at.begin <= 4 ? i - at.begin : 0;
}

/* PORT NAME, 14 May 2025 — ... and CITY (Agency) - ... */
static uint32_t english_lead(const uint32_t *c, span at)
{
	uint32_t limit = at.end < at.begin + 60 ? at.end : at.begin + 60, capitals = 0, i = at.begin;
	while (i < limit && (is_capital(c[i]) || c[i] == ' ' || c[i] == '.')) {
		capitals += is_capital(c[i]);
		i++;
	}
	if (capitals < 4 || i >= limit)
		return 0;
	if ((c[i] == 0x2014 || c[i] == 0x2013 || (c[i] == '-' && (c[i + 1 < limit ? i + 1 : i] == '-' || c[i - 1] == ' '))) && i + 4 < at.end)
		return i + 1 - at.begin;                                           /* MARLOW BAY — */
	if (c[i] != ',' && c[i] != '(')
		return 0;
	for (; i + 2 < limit; i++)
		if (c[i] == 0x2014 || c[i] == 0x2013 || (c[i] == '-' && c[i - 1] == ' '))
			return i + 1 - at.begin;
	return 0;
}

/* 据《某报》报道 */
static uint32_t quoted_lead(const uint32_t *c, span at)
{
	if (at.end - at.begin < 8 || (c[at.begin] != 0x636E && c[at.begin] != 0x64DA) || c[at.begin + 1] != 0x300A)
		return 0;
	uint32_t limit = at.end < at.begin + 24 ? at.end : at.begin + 24, close = find_char(c, at.begin, limit, 0x300B, 0x300B);
	if (close + 3 >= limit || verb_tail(c, close + 1, close + 3) != 2)
		return 0;
	return close + 3 - at.begin;
}

uint32_t byline_lead_in(const vocabulary *words, const uint32_t *c, span at, byline *out)
{
	if (at.end - at.begin < 4)
		return 0;
	uint32_t n = bracket_lead(words, c, at, out);
	if (!n)
		n = wire_lead(words, c, at, out);
	if (!n)
		n = quoted_lead(c, at);
	return n ? n : english_lead(c, at);
}
