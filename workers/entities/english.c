/* english.c - see english.h.
 *
 * A paragraph is cut into words; a row of words with capitals, joined by `of`, `for`, `and`, `the`, `&` where capitals follow, is a candidate. By its words it is a body (one of
 * english-organizations.txt at its end, or at its beginning before of/for), a plan (english-policies.txt at its end), a place (places.*.txt), or a person: two
 * to four words of which the first is a given name, or that stand behind a form of address or office, before `said`, or before a comma and an office. The first word of a sentence
 * counts only when it is no plain word. A person's role is the office behind the comma (..., director of Some Park) or before the name. */
#include "english.h"

#include <stdlib.h>

#include "common/mem.h"

#define WORDS_MAX 600                    /* words looked at in one go; a longer paragraph is read in parts */
#define ROW_MAX 9                        /* words of a name */
#define ROLE_MAX 12

struct word {
	uint32_t begin, end;
	uint32_t classes;
	bool capital;                    /* begins with one */
	bool starts;                     /* first of its sentence */
	bool upper;                      /* all capitals, two or more letters */
	bool joined;                     /* only one blank between it and the word before */
};

struct english {
	const lexicon *words;
	const uint32_t *c;
	struct word list[WORDS_MAX];
	size_t count;
	uint32_t end;                    /* of the paragraph */
	found *found;
	fact_span body;                  /* the last body found, for a role that names none itself */
};

english *english_new(const lexicon *words)
{
	english *self = mem_alloc(sizeof *self);
	self->words = words;
	return self;
}

void english_free(english **self)
{
	free(*self);
	*self = NULL;
}

static bool is_upper(uint32_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE && c != 0xD7);
}

static bool is_letter(uint32_t c)
{
	return is_upper(c) || (c >= 'a' && c <= 'z') || (c >= 0xDF && c < 0x250 && c != 0xF7);
}

static bool is_inside(const uint32_t *c, uint32_t i, uint32_t end)       /* O'Neill, Smith-Jones */
{
	return (c[i] == '\'' || c[i] == 0x2019 || c[i] == '-') && i + 1 < end && is_letter(c[i + 1]);
}

static void add_word(english *self, uint32_t begin, uint32_t end, bool starts)
{
	const uint32_t *c = self->c;
	/* the genitive is no part of a name */
	if (end - begin > 2 && c[end - 1] == 's' && (c[end - 2] == '\'' || c[end - 2] == 0x2019))
		end -= 2;
	struct word w = {.begin = begin, .end = end, .capital = is_upper(c[begin]), .starts = starts, .upper = end - begin > 1};
	for (uint32_t i = begin; i < end; i++)
		w.upper = w.upper && !(is_letter(c[i]) && !is_upper(c[i]));
	const lexicon_entry *entry = lexicon_find(self->words, c + begin, c + end);
	w.classes = entry ? entry->classes : 0;
	w.joined = self->count && begin == self->list[self->count - 1].end + 1 && c[begin - 1] == ' ';
	if (self->count && !w.joined) {                                        /* Users’ Forum */
		uint32_t last = self->list[self->count - 1].end;
		w.joined = begin == last + 2 && c[last - 1] == 's' && (c[last] == '\'' || c[last] == 0x2019) && c[last + 1] == ' ';
	}
	self->list[self->count++] = w;
}

/* Cuts [from, end) into words; returns where it stopped, at the end of a sentence when there are too many. */
static uint32_t read_words(english *self, uint32_t from, uint32_t end)
{
	const uint32_t *c = self->c;
	bool starts = true;
	uint32_t i = from, last_stop = from;
	self->count = 0;
	while (i < end && self->count < WORDS_MAX) {
		if (!is_letter(c[i])) {
			bool stop = c[i] == '.' || c[i] == '!' || c[i] == '?' || c[i] == 0x201C || c[i] == '"' || c[i] == ':' || c[i] == 0x2022;
			/* Mr. and initials end no sentence */
			if (c[i] == '.' && self->count && self->list[self->count - 1].end == i && (i - self->list[self->count - 1].begin <= 1 || self->list[self->count - 1].classes & LEX_ENGLISH_TITLE))
				stop = false;
			starts = starts || stop;
			i++;
			if (stop)
				last_stop = i;
			continue;
		}
		uint32_t begin = i;
		while (i < end && (is_letter(c[i]) || (c[i] >= '0' && c[i] <= '9') || is_inside(c, i, end)))
			i++;
		add_word(self, begin, i, starts);
		starts = false;
	}
	return i < end && last_stop > from ? last_stop : i;
}

static bool is_word(const english *self, size_t i, const char *text)
{
	const struct word *w = &self->list[i];
	size_t length = strlen(text);
	if (w->end - w->begin != length)
		return false;
	for (size_t k = 0; k < length; k++)
		if (self->c[w->begin + k] != (unsigned char)text[k])
			return false;
	return true;
}

static bool is_link(const english *self, size_t i)
{
	return is_word(self, i, "of") || is_word(self, i, "for") || is_word(self, i, "and") || is_word(self, i, "the") || is_word(self, i, "de") || is_word(self, i, "van") || is_word(self, i, "von");
}

static bool is_plain(const struct word *w)
{
	return (w->classes & LEX_ENGLISH_PLAIN) != 0;
}

static bool adjoins(const english *self, size_t i)       /* word i directly behind word i - 1, or with & between */
{
	const struct word *a = &self->list[i - 1], *b = &self->list[i];
	return b->joined || (b->begin == a->end + 3 && self->c[a->end + 1] == '&') || (self->c[a->end] == '.' && a->end - a->begin <= 2 && b->begin <= a->end + 2);         /* J. Smith, U.S. Treasury */
}

/* Behind the last word of the row of capitals that begins with word i. */
static size_t row_end(const english *self, size_t i)
{
	size_t end = i + 1;
	while (end < self->count && end - i < ROW_MAX) {
		size_t next = end;
		while (next < self->count && next - end < 2 && self->list[next].joined && is_link(self, next))
			next++;
		if (next == self->count || !self->list[next].capital || self->list[next].starts || !adjoins(self, next) || (next > end && is_plain(&self->list[next]) && !(self->list[end - 1].classes & LEX_ENGLISH_BODY)))
			break;
		end = next + 1;
	}
	return end;
}

static fact_span span_of(const english *self, size_t from, size_t to)
{
	return (fact_span){self->list[from].begin, self->list[to - 1].end};
}

/* The name of a body; Inc. and Corp. keep their point unless it may end the sentence. */
static fact_span body_span(const english *self, size_t from, size_t to)
{
	static const char *const short_forms[] = {"Inc", "Corp", "Co", "Ltd", "Bros"};
	fact_span out = span_of(self, from, to);
	for (size_t k = 0; to - from >= 2 && k < sizeof short_forms / sizeof *short_forms; k++)
		if (is_word(self, to - 1, short_forms[k]) && out.end + 2 < self->end && self->c[out.end] == '.' && (self->c[out.end + 1] == ',' || (self->c[out.end + 1] == ' ' && !is_upper(self->c[out.end + 2]))))
			return (fact_span){out.begin, out.end + 1};
	return out;
}

static void add(english *self, enum fact_type type, size_t from, size_t to)
{
	fact_span at = type == FACT_ORGANIZATION ? body_span(self, from, to) : span_of(self, from, to);
	if (type == FACT_ORGANIZATION)
		self->body = at;
	found_add(self->found, (fact){.at = at, .type = (uint8_t)type});
}

/* The end of the name of a body within [from, to): behind its last word of the list; from: none. */
static size_t body_end(const english *self, size_t from, size_t to)
{
	if (to - from >= 3 && self->list[from].classes & LEX_ENGLISH_BODY && (is_word(self, from + 1, "of") || is_word(self, from + 1, "for")))
		return to;
	for (size_t i = to; i-- > from + 1;) {
		const uint32_t *c = self->c;
		uint32_t pair = i > from + 1 ? self->list[i - 1].begin : self->list[i].begin;
		const lexicon_entry *two = lexicon_find(self->words, c + pair, c + self->list[i].end);
		if (!(self->list[i].classes & LEX_ENGLISH_BODY) && !(two && two->classes & LEX_ENGLISH_BODY))
			continue;
		/* State Department of Health: the name goes on behind of */
		return i + 2 < to && (is_word(self, i + 1, "of") || is_word(self, i + 1, "for")) ? to : i + 1;
	}
	return from;
}

static size_t place_end(const english *self, size_t from, size_t to)
{
	for (size_t end = to; end > from; end--) {
		const lexicon_entry *entry = lexicon_find(self->words, self->c + self->list[from].begin, self->c + self->list[end - 1].end);
		if (entry && entry->classes & LEX_PLACE)
			return end;
	}
	return from;
}

/* ---- persons ---- */

/* The office that begins with word i, at most three words; its length in words. */
static size_t office_at(const english *self, size_t i)
{
	for (size_t n = 3; n > 0; n--) {
		if (i + n > self->count)
			continue;
		bool row = true;
		for (size_t k = 1; k < n; k++)
			row = row && self->list[i + k].joined;
		const lexicon_entry *entry = row ? lexicon_find(self->words, self->c + self->list[i].begin, self->c + self->list[i + n - 1].end) : NULL;
		if (entry && entry->classes & LEX_ENGLISH_TITLE)
			return n;
	}
	return 0;
}

static bool office_before(const english *self, size_t i)
{
	if (!i || !adjoins(self, i))
		return false;
	return (self->list[i - 1].classes & LEX_ENGLISH_TITLE) != 0;
}

static bool comma_behind(const english *self, size_t to)
{
	return to < self->count && self->c[self->list[to - 1].end] == ',' && self->list[to].begin == self->list[to - 1].end + 2;
}

/* First word of an office behind "name, ", past `the`, `a` and up to two words of description (the council leader); 0: none. */
static size_t office_behind(const english *self, size_t to)
{
	if (!comma_behind(self, to))
		return 0;
	for (size_t i = to; i < self->count && i < to + 5 && (i == to || self->list[i].joined); i++)
		if (office_at(self, i))
			return to;
	return 0;
}

static bool speaks(const english *self, size_t from, size_t to)
{
	static const char *const verbs[] = {"said", "says", "told", "added", "warned", "argued", "explained", "announced"};
	for (size_t k = 0; k < sizeof verbs / sizeof *verbs; k++)
		if ((to < self->count && self->list[to].joined && is_word(self, to, verbs[k])) || (from && self->list[from].joined && is_word(self, from - 1, verbs[k])))
			return true;
	return false;
}

static bool is_person(const english *self, size_t from, size_t to)
{
	if (to - from < 2 || to - from > 4)
		return false;
	for (size_t i = from; i < to; i++)
		if (is_plain(&self->list[i]) || self->list[i].upper || self->list[i].classes & (LEX_ENGLISH_BODY | LEX_ENGLISH_POLICY) || is_word(self, i, "of") || is_word(self, i, "for") ||
		    is_word(self, i, "and") || is_word(self, i, "the"))
			return false;
	if (place_end(self, from, to) == to)
		return false;
	return self->list[from].classes & LEX_ENGLISH_GIVEN || office_before(self, from) || office_behind(self, to) || speaks(self, from, to);
}

/* Splits "director of the Some Park" into role and organisation: up to a mark; the body is the row of capitals in it. */
static void role_behind(english *self, size_t at, fact *out)
{
	size_t end = at + 1;
	while (end < self->count && end - at < ROLE_MAX && self->list[end].joined && !is_word(self, end, "said") && !is_word(self, end, "who"))
		end++;
	while (at < end && (is_word(self, at, "the") || is_word(self, at, "a") || is_word(self, at, "an")))
		at++;
	size_t stop = at;
	while (stop < end && !(self->list[stop].capital && body_end(self, stop, row_end(self, stop)) > stop))
		stop++;
	if (stop < end) {
		size_t last = body_end(self, stop, row_end(self, stop));
		out->organization = body_span(self, stop, last);
		end = stop;
	}
	for (size_t i = at; i < end; i++)                        /* ... at the university: where one works is no part of the office */
		if (is_word(self, i, "at"))
			end = i;
	while (end > at && (is_link(self, end - 1) || is_word(self, end - 1, "at")))
		end--;
	if (end > at)
		out->role = span_of(self, at, end);
}

static void add_person(english *self, size_t from, size_t to)
{
	fact f = {.at = span_of(self, from, to), .type = FACT_PERSON};
	if (office_behind(self, to)) {
		role_behind(self, to, &f);
	} else if (office_before(self, from)) {
		size_t begin = from - 1;
		while (begin && self->list[begin].joined && self->list[begin - 1].classes & LEX_ENGLISH_TITLE)
			begin--;
		f.role = span_of(self, begin, from);
	}
	found_add(self->found, f);
}

/* ---- rows ---- */

/* The row [i, to) goes on behind the word `to` when that makes it a scheme: Bridge to Bedside Scholarship. */
static size_t scheme_end(const english *self, size_t i, size_t to)
{
	if (to + 1 < self->count && is_word(self, to, "to") && self->list[to].joined && self->list[to + 1].joined && self->list[to + 1].capital && !self->list[to + 1].starts) {
		size_t further = row_end(self, to + 1);
		if (further - i <= ROW_MAX && self->list[further - 1].classes & LEX_ENGLISH_POLICY)
			return further;
	}
	return to;
}

/* The row [i, to) ends behind a scheme that is told with the body whose it is: Some Initiative of the | Some Foundation. */
static size_t scheme_of_body(const english *self, size_t i, size_t to)
{
	for (size_t k = i + 1; k + 2 < to; k++)
		if (self->list[k].classes & LEX_ENGLISH_POLICY && is_word(self, k + 1, "of") && body_end(self, k + 2 + is_word(self, k + 2, "the"), to) == to)
			return k + 1;
	return to;
}

/* Reads the row that begins with word i; returns the word to go on with. */
static size_t read_row(english *self, size_t i)
{
	while (self->list[i].starts && is_plain(&self->list[i]) && i + 1 < self->count && self->list[i + 1].capital && self->list[i + 1].joined)
		i++;
	size_t to = row_end(self, i), end;
	while (i + 1 < to && (self->list[i].classes & LEX_ENGLISH_TITLE) && !(self->list[i].classes & LEX_ENGLISH_BODY) && adjoins(self, i + 1))
		i++;                                             /* Professor | Some Name */
	if (is_plain(&self->list[i])) {                          /* In | New York, Northern Ireland */
		end = place_end(self, i, to);
		if (end > i + 1)
			add(self, FACT_PLACE, i, end);
		return end > i + 1 ? end : i + 1;
	}
	to = scheme_end(self, i, to);
	for (size_t k = i + 1; k + 1 < to; k++)                  /* Some Council and | the Department ... */
		if (is_word(self, k, "and") && (self->list[k - 1].classes & (LEX_ENGLISH_BODY | LEX_ENGLISH_POLICY) || place_end(self, i, k) == k))
			to = k;
	to = scheme_of_body(self, i, to);
	if (to - i >= 2 && self->list[to - 1].classes & LEX_ENGLISH_POLICY) {
		add(self, FACT_POLICY, i, to);
		return to;
	}
	end = body_end(self, i, to);
	if (end > i) {
		add(self, FACT_ORGANIZATION, i, end);
		return end;
	}
	if (is_person(self, i, to)) {
		add_person(self, i, to);
		return to;
	}
	end = place_end(self, i, to);
	if (end > i) {
		add(self, FACT_PLACE, i, end);
		return end;
	}
	/* "... and" joins two rows as often as it stands in one */
	for (size_t k = i + 1; k + 1 < to; k++)
		if (is_link(self, k) && is_person(self, i, k)) {
			add_person(self, i, k);
			return k + 1;
		}
	return i + 1;
}

void english_read(english *self, const fact_text *text, fact_span paragraph, found *out)
{
	self->c = text->characters;
	self->found = out;
	self->end = paragraph.end;
	for (uint32_t at = paragraph.begin; at < paragraph.end;) {
		at = read_words(self, at, paragraph.end);
		for (size_t i = 0; i < self->count;)
			i = self->list[i].capital && self->list[i].begin < at ? read_row(self, i) : i + 1;
	}
}
