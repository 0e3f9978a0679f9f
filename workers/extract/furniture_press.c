/* furniture_press.c - what a paper or site says of itself: hotlines, prices, addresses, weather; see furniture.h and furniture.c. */
#include "furniture.h"

size_t furniture_words(const struct place *p, uint32_t wanted)
{
	size_t n = 0;
	const uint32_t *c = p->page->text + p->line->at.begin, *end = p->page->text + p->line->at.end;
	while (c < end) {
		uint32_t classes;
		size_t k = vocabulary_match(p->page->words, c, end, &classes);
		n += k && (classes & wanted);
		c += k ? k : 1;
	}
	return n;
}

bool furniture_latin(const struct place *p, uint32_t i, const char *word)
{
	for (; *word; word++, i++)
		if (at(p, i) >= 0x80 || (at(p, i) | (at(p, i) >= 'A' && at(p, i) <= 'Z' ? 32u : 0u)) != (unsigned char)*word)
			return false;
	return true;
}

bool furniture_inside(const page *self, size_t i)
{
	const page_line *line = &self->lines[i], *before = i ? line - 1 : NULL;
	return before && before->kind == LINE_TEXT && line->column && line_is_full(before) && (before->end == END_OPEN || before->end == END_COMMA) && before->clauses &&
		line->gap <= before->gap;
}

/* A05 文体 A06 国际: pages named by letter and number. */
static size_t count_pages(const struct place *p)
{
	size_t pages = 0;
	for (uint32_t i = 0; i + 1 < length(p->line); i++)
		pages += at(p, i) >= 'A' && at(p, i) <= 'Z' && char_is_digit(at(p, i + 1)) && !(i && char_is_letter(at(p, i - 1)));
	return pages;
}

bool test_press(const struct place *p)
{
	const page_line *line = p->line;
	if ((line->words & WORD_PRESS) && count_pages(p) >= 2 && line->end == END_OPEN && length(line) <= 80)
		return true;                                                       /* 今日导读 */
	if (!(line->words & WORD_PRESS) || line->end == END_STOP || length(line) > 160)
		return false;
	for (uint32_t i = 0; i + 2 < length(line) && length(line) <= 30 && p->zone != ZONE_BODY; i++)
		if (is_one_of(at(p, i), U"总總") && at(p, i + 1) == U'第' && char_is_digit(at(p, i + 2)))
			return true;                                               /* 今日4版 总第5821期 */
	size_t colons = count_of(p, ':', 0xFF1A), words = furniture_words(p, WORD_PRESS | WORD_CONTACT);
	if ((line->first_words & WORD_PRESS) && line->letters > line->han)
		return colons && line->digits >= 6;
	if (words >= 2 && (colons || line->digits) && line->covered * 3 >= line->han)
		return true;
	if (p->zone == ZONE_TAIL && words >= 1 && line->digits && length(line) <= 24 && line_is_covered(line, WORD_PRESS, 40))
		return true;                                                       /* 今日4版 零售价1元 */
	return words >= 1 && line->digits >= 5 && line_is_covered(line, WORD_PRESS, 60);
}

/* Keys of up to eight characters before a colon, at the beginning or behind a blank. */
size_t furniture_keys(const struct place *p)
{
	size_t keys = 0;
	uint32_t run = 0;
	for (uint32_t i = 0; i < length(p->line); i++) {
		uint32_t c = at(p, i);
		if ((c == ':' || c == U'：') && run && run <= (p->line->letters > p->line->han ? 16u : 8u))
			keys++;
		run = char_is_blank(c) ? 0 : run + 1;
	}
	return keys;
}

/* 读者热线：96500 网址：…: what a printed page says of itself, by shape: two keys with values, or one with a number to call or an address. */
bool test_contact(const struct place *p)
{
	const page_line *line = p->line;
	bool behind = p->zone == ZONE_TAIL && p->index && line[-1].kind == LINE_DROPPED && (line->first_words & (WORD_PRESS | WORD_CONTACT));      /* the foot of a web page */
	if ((!p->page->wrapped && !behind) || line->end == END_STOP || line->clauses > 1 || length(line) > 100 || line->numbered)
		return false;
	size_t keys = furniture_keys(p), at_signs = count_of(p, '@', U'＠');
	bool address = at_signs > 0;
	for (uint32_t i = 0; i + 4 < length(line) && !address; i++)
		address = furniture_latin(p, i, "www.") || furniture_latin(p, i, "http");
	if (p->zone == ZONE_BODY && !(line->first_words & (WORD_PRESS | WORD_CONTACT)) && !(keys >= 2 && address))
		return false;
	return (keys >= 2 && (line->digits || address)) || (keys == 1 && (address || line->digits >= 7) && line->width <= 60);
}

/* For media enquiries contact … on 0555 …; Contact: desk@… */
bool test_enquiries(const struct place *p)
{
	static const char *const words[] = {"media enquir", "media inquir", "press enquir", "press inquir", "media contact", "press contact", "for more information, contact", "to report an error", "to reach the newsroom", "to subscribe", "letters to the editor", NULL};
	const page_line *line = p->line;
	bool named = p->zone == ZONE_TAIL && line->letters > line->han && length(line) <= 100 && line->end != END_STOP;
	if (named && line_is_covered(line, WORD_PRESS, 90))
		return true;                                                       /* Media contact, and who it is below */
	if (named && p->index && line[-1].kind == LINE_DROPPED && line[-1].rule == RULE_PRESS && (count_of(p, '@', U'＠') || line->digits >= 7))
		return true;
	if (line->letters <= line->han || length(line) > 200 || (line->digits < 6 && !count_of(p, '@', U'＠')))
		return false;
	if (p->zone != ZONE_BODY && (furniture_latin(p, 0, "contact:") || furniture_latin(p, 0, "contacts:")) && length(line) <= 100)
		return true;
	for (uint32_t i = 0; i < 24 && i < length(line); i++)
		for (const char *const *word = words; *word && (!i || char_is_blank(at(p, i - 1))); word++)
			if (furniture_latin(p, i, *word))
				return true;
	return false;
}

bool test_weather(const struct place *p)
{
	const page_line *line = p->line;
	if ((line->first_words & WORD_WEATHER) && p->zone != ZONE_BODY && length(line) <= 60 && is_one_of(at(p, 2), U":：　 ") && furniture_words(p, WORD_WEATHER) >= 3)
		return true;                                                       /* 天氣：多雲，氣溫…至…度。 */
	if (line->letters > line->han)
		return p->zone != ZONE_BODY && length(line) <= 90 && line->digits >= 2 && line->digits <= 12 && furniture_words(p, WORD_WEATHER) >= 4;      /* Today: Sunny, high 64. Tonight: … */
	return (line->words & WORD_WEATHER) && line->end != END_STOP && length(line) <= 60 && line->clauses <= ((line->first_words & WORD_WEATHER) ? 8 : 2) && furniture_words(p, WORD_WEATHER) >= 2 &&
		line->digits && line->covered * 3 >= line->han;
}
