/* quantities_latin.c - figures of English text: money, shares, and counts by the plural noun behind the number.
 *
 *     £18.5 million building    US$3.2bn    15 per cent    1.2 million people    40 three-year fellowships    over 300 firms    3 to 5 km
 *
 * English has no measure words: a number counts when a plural noun follows within four words and no function word stands between. Numbers behind a
 * capitalised word are names (Radio 4, Section 12), beside a month they are dates. */
#include <math.h>
#include <string.h>

#include "quantity_rules.h"

#define NOUN_WORDS 4                     /* looked at behind the number */
#define WORD_LETTERS 24                  /* longer ones are no words */

typedef struct word { char text[WORD_LETTERS + 1]; uint32_t begin, end; bool capital; } word;   /* text in lower case */

static const char *const scales[] = {"million", "billion", "trillion", "thousand", "hundred", "m", "bn", "k", "tn", "mn", "b", NULL};
static const double scale_values[] = {1e6, 1e9, 1e12, 1e3, 1e2, 1e6, 1e9, 1e3, 1e12, 1e6, 1e9};
#define SPELLED 5                        /* scales that may stand without a currency */

static const char *const scale_names[] = {"million", "billion", "trillion", "thousand", "hundred", "million", "billion", "thousand", "trillion", "million", "billion"};

static const char *const months[] = {
	"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december", "jan", "feb", "mar",
	"apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", NULL
};
static const char *const function_words[] = {
	"a", "about", "after", "ahead", "all", "also", "am", "an", "and", "are", "as", "at", "away", "be", "because", "been", "before", "below", "but",
	"by", "can", "could", "did", "does", "down", "during", "each", "every", "for", "from", "had", "has", "have", "he", "her", "him", "his", "how",
	"however", "i", "if", "in", "into", "is", "it", "its", "just", "last", "like", "may", "minus", "more", "most", "must", "my", "next", "no", "not",
	"now", "of", "off", "on", "once", "only", "or", "our", "out", "over", "per", "plus", "pm", "said", "says", "she", "should", "since", "so", "some",
	"still", "than", "that", "the", "their", "them", "then", "there", "these", "they", "this", "those", "through", "to", "too", "under",
	"until", "up", "us", "versus", "vs", "was", "we", "were", "what", "when", "where", "which", "while", "who", "whose", "why", "will", "with",
	"within", "without", "would", "you", "yet", "your", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "half", "became",
	"becomes", "began", "came", "comes", "goes", "went", "makes", "made", "takes", "took", "shows", "rose", "fell", "needs", "wants", "gives",
	"includes", "remains", "means", NULL
};
static const char *const singular_s[] = {
	"across", "always", "perhaps", "besides", "towards", "afterwards", "sometimes", "nowadays", "yes", "sports", "news", "series", "physics",
	"mathematics", "economics", "politics", "overseas", "indoors", "outdoors", "upwards", "downwards", "forwards", "backwards", "inches", NULL
};
static const char *const plurals[] = {
	"people", "men", "women", "children", "staff", "students", "police", "personnel", "troops", "feet", "teeth", "mice", "sheep", "fish", "aircraft",
	"households", "media", "data", "species", "businessmen", "businesswomen", "policemen", "firemen", "fishermen", "workmen", "spokesmen", "countrymen",
	"clergy", "cattle", "crew", "inches", "miles", "alumni", "criteria", "phenomena", "bacteria", NULL
};
static const char *const currencies[] = {
	"yuan", "renminbi", "rmb", "pounds", "pound", "sterling", "dollars", "dollar", "euros", "euro", "yen", "rupees", "pence", "cents", "baht", "won",
	"francs", "roubles", "rubles", "kronor", "pesos", "ringgit", "rand", "riyals", "dirhams", "shekels", "liras", "lira", "usd", "gbp", "eur", "cny",
	"hkd", "jpy", "sgd", "aud", "cad", "chf", NULL
};
static const struct { const char32_t *printed; const char *code; } currency_signs[] = {
	{U"US$", "USD"}, {U"HK$", "HKD"}, {U"NT$", "TWD"}, {U"AU$", "AUD"}, {U"NZ$", "NZD"}, {U"CA$", "CAD"}, {U"A$", "AUD"}, {U"C$", "CAD"},
	{U"S$", "SGD"}, {U"R$", "BRL"}, {U"$", "USD"}, {U"£", "GBP"}, {U"€", "EUR"}, {U"¥", "¥"}, {U"₩", "KRW"}, {U"₹", "INR"}, {U"₽", "RUB"},
	{U"RMB", "CNY"}, {U"CNY", "CNY"}, {U"USD", "USD"}, {U"GBP", "GBP"}, {U"EUR", "EUR"}, {U"HKD", "HKD"}, {U"JPY", "JPY"}, {U"Rs", "INR"},
	{U"Rs.", "INR"}
};

#define BEFORE_WORDS "more than|less than|fewer than|at least|at most|as many as|as much as|no more than|up to|close to|just over|just under|well over|" \
	"around|about|over|under|nearly|almost|roughly|some|approximately|exceeding|above|below"

static bool listed(const char *const *list, const char *text)
{
	for (; *list; list++)
		if (!strcmp(*list, text))
			return true;
	return false;
}

static bool is_letter(uint32_t c)
{
	return (c | 32) >= 'a' && (c | 32) <= 'z';
}

static bool is_apostrophe(uint32_t c)
{
	return c == '\'' || c == 0x2019;
}

/* The word that begins at `at`; hyphens and apostrophes inside belong to it. False: none. */
static bool word_at(const fact_text *text, uint32_t at, word *out)
{
	const uint32_t *c = text->characters;
	uint32_t p = at, count = 0;
	if (!is_letter(c[at]))
		return false;
	out->begin = at;
	out->capital = c[at] < 'a';
	for (; is_letter(c[p]) || ((c[p] == '-' || is_apostrophe(c[p])) && p > at && is_letter(c[p + 1])); p++)
		if (count++ < WORD_LETTERS)
			out->text[count - 1] = c[p] > 0x7F ? '\'' : (char)(is_letter(c[p]) ? c[p] | 32 : c[p]);
		else
			break;
	out->end = p;
	out->text[count < WORD_LETTERS ? count : WORD_LETTERS] = 0;
	return count <= WORD_LETTERS;
}

static int word_value(const char *text, size_t len)
{
	static const struct { const char *word; int value; } values[] = {
		{"one", 1}, {"two", 2}, {"three", 3}, {"four", 4}, {"five", 5}, {"six", 6}, {"seven", 7}, {"eight", 8}, {"nine", 9}, {"ten", 10}, {"eleven", 11},
		{"twelve", 12}, {"thirteen", 13}, {"fourteen", 14}, {"fifteen", 15}, {"sixteen", 16}, {"seventeen", 17}, {"eighteen", 18}, {"nineteen", 19},
		{"twenty", 20}, {"thirty", 30}, {"forty", 40}, {"fifty", 50}, {"sixty", 60}, {"seventy", 70}, {"eighty", 80}, {"ninety", 90}
	};
	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		if (strlen(values[i].word) == len && !memcmp(values[i].word, text, len))
			return values[i].value;
	return 0;
}

bool latin_numeral(const fact_text *text, uint32_t at, numeral *out)
{
	word found;
	*out = (numeral){.form = NUMERAL_WORDS, .begin = at, .end = at + 1, .scale = 1};
	bool whole = word_at(text, at, &found);
	while (is_letter(text->characters[out->end]))
		out->end++;
	if (!whole || (at && (is_letter(text->characters[at - 1]) || text->characters[at - 1] == '-')))
		return false;
	const char *hyphen = strchr(found.text, '-');
	size_t first = hyphen ? (size_t)(hyphen - found.text) : strlen(found.text);
	int tens = word_value(found.text, first), ones = hyphen ? word_value(hyphen + 1, strlen(hyphen + 1)) : 0;
	if (!tens || (hyphen && (tens < 20 || !ones || ones > 9)))
		return false;
	out->end = found.end;
	out->value = tens + ones;
	return true;
}

/* The word that ends before `at`, one blank between; not the m of 38m. */
static bool word_before(const fact_text *text, uint32_t at, word *out)
{
	const uint32_t *c = text->characters;
	uint32_t end = at, begin;
	if (end && c[end - 1] == ' ')
		end--;
	for (begin = end; begin && end - begin <= WORD_LETTERS && (is_letter(c[begin - 1]) || c[begin - 1] == '-' || is_apostrophe(c[begin - 1])); begin--)
		;
	while (begin < end && !is_letter(c[begin]))
		begin++;
	bool amount = begin && c[begin - 1] >= '0' && c[begin - 1] <= '9';
	return !amount && begin < end && end - begin <= WORD_LETTERS && word_at(text, begin, out) && out->end == end;
}

static uint32_t over_blank(const fact_text *text, uint32_t at)
{
	return at + (text->characters[at] == ' ' || text->characters[at] == 0xA0);
}

/* ---- money ---- */

static const char *sign_before(const fact_text *text, uint32_t at, uint32_t *begin)
{
	const uint32_t *c = text->characters;
	for (int blank = 0; blank < 2; blank++) {
		uint32_t end = at - (blank && at && c[at - 1] == ' ');
		for (size_t i = 0; i < sizeof currency_signs / sizeof *currency_signs; i++) {
			uint32_t from;
			if (!ends_with_word(text, end, currency_signs[i].printed, &from))
				continue;
			bool letters = is_letter(c[from]);
			if (letters && from && is_letter(c[from - 1]))
				continue;
			*begin = from;
			return currency_signs[i].code;
		}
	}
	return NULL;
}

/* million, bn, m behind a number; index into scales, -1: none. */
static int scale_at(const fact_text *text, uint32_t at, bool money, uint32_t *end)
{
	word found;
	uint32_t p = over_blank(text, at);
	if (text->characters[p] == '-')
		p++;
	if (!word_at(text, p, &found))
		return -1;
	char *hyphen = strchr(found.text, '-');
	if (hyphen)
		*hyphen = 0;
	for (int i = 0; scales[i]; i++) {
		if (strcmp(scales[i], found.text) || (i >= SPELLED && (!money || p != at)))
			continue;
		*end = p + (uint32_t)strlen(found.text);
		return i;
	}
	return -1;
}

/* ---- nouns ---- */

static bool is_plural(const word *self)
{
	size_t len = strlen(self->text);
	if (listed(plurals, self->text))
		return true;
	if (len < 4 || self->text[len - 1] != 's' || listed(singular_s, self->text) || listed(function_words, self->text))
		return false;
	const char *tail = self->text + len - 2;
	return strcmp(tail, "ss") && strcmp(tail, "us") && strcmp(tail, "is") && strcmp(tail, "'s");
}

/* The plural noun behind a number: head word in *head. */
static bool noun_behind(const fact_text *text, uint32_t at, word *head)
{
	uint32_t p = over_blank(text, at);
	bool found = false;
	for (int i = 0; p > at && i < NOUN_WORDS; i++) {
		word next;
		if (!word_at(text, p, &next) || listed(function_words, next.text) || listed(months, next.text))
			break;
		bool plural = is_plural(&next);
		if (found && !plural)
			break;
		if (plural)
			*head = next;
		found |= plural;
		if (text->characters[next.end] != ' ')
			break;
		p = next.end + 1;
	}
	return found;
}

static bool word_is(const word *self, const char *const *list)
{
	return listed(list, self->text);
}

/* Dates, times, ages, names: numbers before which or behind which such a word stands. */
static bool is_refused(const fact_text *text, const numeral *number, uint32_t end)
{
	static const char *const left[] = {
		"aged", "age", "no", "number", "chapter", "section", "page", "last", "past", "next", "every", "each", "per", "first", "under", "article",
		"figure", "table", "room", "since", "after", "top", "previous", "following", "coming", NULL
	};
	static const char *const right[] = {
		"am", "pm", "gmt", "bst", "o'clock", "st", "nd", "rd", "th", NULL
	};
	static const char *const allowed[] = {
		"about", "over", "some", "more", "than", "nearly", "the", "all", "almost", "around", "just", "only", "up", "to", "at", "least", "and", "but",
		"with", "for", "in", "of", "as", "its", "their", "our", "his", "her", "these", "those", "another", "fewer", "roughly", "approximately",
		"currently", "today", "by", "from", "or", "there", "it", "we", "they", "a", "an", "that", "among", "between", "with", "while", "when", "out", "on",
		"however", "nearly", NULL
	};
	const uint32_t *c = text->characters;
	word side;
	uint32_t before = number->begin ? c[number->begin - 1] : '\n';
	if (before == '-' || before == '/' || before == '.' || before == ':' || before == '#' || is_letter(before))
		return true;
	if (word_before(text, number->begin, &side) && (word_is(&side, left) || word_is(&side, months) || (side.capital && !word_is(&side, allowed))))
		return true;
	bool close = is_letter(c[end]);
	if (word_at(text, over_blank(text, end), &side) && (word_is(&side, months) || (word_is(&side, right))))
		return true;
	return close || c[end] == '-' || c[end] == '/' || (number->form == NUMERAL_WORDS && number->value < 11 && end == number->end);
}

static bool is_year(const numeral *number)
{
	return number->digits == 4 && !number->grouped && !number->decimals && number->value >= 1500 && number->value < 2101;
}

/* ---- what ---- */

/* The words before a figure, without function words at either end: for money and shares. */
static fact_span words_before(const fact_text *text, uint32_t at)
{
	word found;
	uint32_t end = 0, begin = at;
	for (int i = 0; i < 5 && word_before(text, begin, &found); i++) {
		bool function = listed(function_words, found.text);
		if (function && end)
			break;
		if (!function && !end)
			end = found.end;
		begin = found.begin;
		if (i == 4 || !begin || text->characters[begin - 1] != ' ')
			break;
	}
	if (!end)
		return (fact_span){0, 0};
	while (word_at(text, begin, &found) && listed(function_words, found.text) && found.end < end)
		begin = found.end + 1;
	return begin < end ? (fact_span){begin, end} : (fact_span){0, 0};
}

/* One or two words behind an amount: £18.5 million building. */
static fact_span words_behind(const fact_text *text, uint32_t at)
{
	word found;
	uint32_t p = over_blank(text, at);
	fact_span out = {0, 0};
	if (p == at)
		return out;
	for (int i = 0; i < 2 && word_at(text, p, &found) && !listed(function_words, found.text); i++) {
		out = (fact_span){i ? out.begin : found.begin, found.end};
		if (text->characters[found.end] != ' ')
			break;
		p = found.end + 1;
	}
	return out;
}

/* ---- assembly ---- */

static void add_qualifier(const fact_text *text, quantity *out)
{
	const char *at = BEFORE_WORDS;
	uint32_t end = out->at.begin;
	if (!end || text->characters[end - 1] != ' ')
		return;
	end--;
	while (*at) {
		char phrase[32];
		size_t len = strcspn(at, "|");
		memcpy(phrase, at, len);
		phrase[len] = 0;
		at += len + (at[len] == '|');
		uint32_t begin = end - (uint32_t)len;
		bool same = len <= end && (len == end || !is_letter(text->characters[begin - 1]));
		for (size_t i = 0; same && i < len; i++)
			same = (is_letter(text->characters[begin + i]) ? text->characters[begin + i] | 32 : text->characters[begin + i]) == (unsigned char)phrase[i];
		if (same) {
			out->qualifier = (fact_span){begin, end};
			out->at.begin = begin;
			return;
		}
	}
}

/* 3-5, 10 to 15, 10–15: the upper end; moves *end. */
static double upper_end(const fact_text *text, const numeral *number, uint32_t *end)
{
	const uint32_t *c = text->characters;
	numeral upper;
	uint32_t p = number->end;
	if (c[p] == '-' || c[p] == 0x2013)
		p++;
	else if (!begins_with_word(text, p, U"\xC2\xA0to\xC2\xA0", &p) && c[p] == ' ' && c[p + 1] == 't' && c[p + 2] == 'o' && c[p + 3] == ' ')
		p += 4;
	if (p == number->end || !numeral_is_digit(text, p) || !numeral_read(text, p, &upper) || upper.value <= number->value || upper.scale != 1)
		return 0;
	*end = upper.end;
	return upper.value;
}

static bool read_share(const fact_text *text, uint32_t end, quantity *out)
{
	static const char *const forms[] = {" percentage points", " percentage point", " per cent", " percent", "%", " %", " basis points"};
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		size_t len = strlen(forms[i]);
		bool same = true;
		for (size_t k = 0; same && k < len; k++)
			same = text->characters[end + k] == (unsigned char)forms[i][k];
		if (!same)
			continue;
		out->at.end = end + (uint32_t)len;
		out->kind = i < 2 || i == 6 ? UNIT_POINTS : UNIT_SHARE;
		out->unit_name = i < 2 ? "percentage points" : i == 6 ? "basis points" : "%";
		return true;
	}
	return false;
}

/* Money by a sign before it or a word behind it. */
static bool read_money(const fact_text *text, const numeral *number, uint32_t end, quantity *out)
{
	uint32_t begin, scaled = end;
	const char *code = sign_before(text, number->begin, &begin);
	int scale = scale_at(text, end, true, &scaled);
	if (code) {
		out->at.begin = begin;
		out->unit_name = code;
	} else {
		word found;
		uint32_t p = over_blank(text, scaled);
		bool qualified = word_at(text, p, &found) && (!strcmp(found.text, "us") || !strcmp(found.text, "hong")) && text->characters[found.end] == ' ';
		if (qualified)
			p = found.end + 1;
		if (p == scaled || !word_at(text, p, &found) || !listed(currencies, found.text))
			return false;
		out->unit = (fact_span){found.begin, found.end};
		scaled = found.end;
	}
	if (scale >= 0)
		out->scale_name = scale_names[scale];
	out->kind = UNIT_MONEY;
	out->at.end = scaled;
	return true;
}

/* 52% of the votes -> votes. */
static fact_span words_of(const fact_text *text, uint32_t at)
{
	static const char *const articles[] = {"the", "all", "its", "their", "his", "her", "our", "these", "those", "a", NULL};
	word found;
	if (!word_at(text, over_blank(text, at), &found) || strcmp(found.text, "of"))
		return (fact_span){0, 0};
	uint32_t p = found.end;
	if (word_at(text, over_blank(text, p), &found) && listed(articles, found.text))
		p = found.end;
	return words_behind(text, p);
}

fact_span latin_counted(const fact_text *text, const quantity *item)
{
	fact_span behind = words_of(text, item->at.end);
	if (!behind.end && (item->kind == UNIT_MONEY || item->kind == UNIT_MEASURE))
		behind = words_behind(text, item->at.end);
	return behind.end ? behind : words_before(text, item->at.begin);
}

static bool read_count(const fact_text *text, const numeral *number, uint32_t end, quantity *out)
{
	word head, next, side;
	uint32_t scaled = end;
	int scale = scale_at(text, end, false, &scaled);
	if (scale < 0 && text->characters[end] == 'm' && text->characters[end + 1] == ' ' && noun_behind(text, end + 1, &head) &&
	    (number->decimals || !strcmp(head.text, "people") || !latin_is_race(text, number, end)))
		scaled = end + 1, scale = 0;     /* 5.4m people: not metres */
	if (is_refused(text, number, scaled) || (scale < 0 && is_year(number)) || !noun_behind(text, scaled, &head))
		return false;
	if (text->characters[head.end] == ' ' && word_at(text, head.end + 1, &next)) {
		static const char *const told[] = {"ago", "later", "earlier", "old", "before", NULL};
		if (word_is(&next, told))
			return false;
	}
	if (word_before(text, number->begin, &side) && !strcmp(side.text, "in") && side.begin > 1 && numeral_is_digit(text, side.begin - 2))
		return false;                    /* 1 in 5 pupils */
	static const char *const times[] = {"years", "months", "weeks", "days", "hours", "minutes", NULL};
	if (word_is(&head, times) && word_before(text, number->begin, &side) && (!strcmp(side.text, "in") || !strcmp(side.text, "the") || !strcmp(side.text, "on") || !strcmp(side.text, "within")))
		return false;
	double factor = scale >= 0 ? scale_values[scale] : 1;
	out->value *= factor;
	out->value_to *= factor;
	out->unit = (fact_span){head.begin, head.end};
	if (word_before(text, head.begin, &side) && (!strcmp(side.text, "square") || !strcmp(side.text, "cubic")))
		out->unit.begin = side.begin;
	out->what = (fact_span){over_blank(text, scaled), head.end};
	out->at.end = head.end;
	out->kind = UNIT_COUNT;
	return true;
}

bool latin_read(const fact_text *text, const numeral *number, bool counts, quantity *out, uint32_t *end)
{
	uint32_t stop = number->end;
	if ((number->form != NUMERAL_ARABIC && number->form != NUMERAL_WORDS) || number->scale != 1 || (number->zero_first && !number->decimals))
		return false;
	*out = (quantity){.at = {number->begin, stop}, .value = number->value, .kind = UNIT_COUNT};
	out->value_to = upper_end(text, number, &stop);
	uint32_t left = number->begin ? text->characters[number->begin - 1] : '\n';
	bool code = left == '-' || left == '/' || left == '.' || left == ':';
	bool found = !code && (read_money(text, number, stop, out) || (!is_letter(left) && read_share(text, stop, out)));
	if (!found && !(counts && read_count(text, number, stop, out)))
		return false;
	add_qualifier(text, out);
	if (found)
		out->what = latin_counted(text, out);
	*end = out->at.end;
	return true;
}

bool latin_is_race(const fact_text *text, const numeral *number, uint32_t unit)
{
	static const double distances[] = {60, 100, 110, 200, 400, 800, 1500, 3000, 5000, 10000};
	if (text->characters[unit] != 'm' || number->decimals || number->grouped || unit != number->end)
		return false;
	for (size_t i = 0; i < sizeof distances / sizeof *distances; i++)
		if (number->value == distances[i])
			return true;
	return false;
}
