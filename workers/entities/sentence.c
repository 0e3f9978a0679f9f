/* sentence.c - see sentence.h: what the passes share about words. */
#include "sentence.h"

#include "common/utf8.h"

bool token_is(const sentence *self, size_t i, uint32_t c)
{
	return i < self->count && token_length(&self->tokens[i]) == 1 && self->text->characters[self->tokens[i].begin] == c;
}

uint32_t token_first(const sentence *self, size_t i)
{
	return i < self->count ? self->text->characters[self->tokens[i].begin] : 0;
}

uint32_t token_last(const sentence *self, size_t i)
{
	return i < self->count ? self->text->characters[self->tokens[i].end - 1] : 0;
}

/* 省 市 区 县 州 盟 旗 镇 乡 村 */
bool character_is_level(uint32_t c)
{
	static const uint32_t levels[] = {0x7701, 0x5E02, 0x533A, 0x53BF, 0x5DDE, 0x76DF, 0x65D7, 0x9547, 0x4E61, 0x6751};
	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
		if (levels[i] == c)
			return true;
	return false;
}

bool token_is_level(const sentence *self, size_t i)
{
	static const uint32_t words[][2] = {{0x56FD, 0x5BB6}, {0x5168, 0x56FD}, {0x4E2D, 0x592E}, {0x56FD, 0x7ACB}, {0x7701, 0x7ACB}, {0x5E02, 0x7ACB}, {0x53BF, 0x7ACB},
		{0x7701, 0x59D4}, {0x5E02, 0x59D4}, {0x533A, 0x59D4}, {0x53BF, 0x59D4}, {0x5DDE, 0x59D4}, {0x4E2D, 0x5171}};   /* 国家 全国 中央 国立 省立 市立 县立 省委 市委 区委 县委 州委 中共 */
	const token *t = &self->tokens[i];
	const uint32_t *c = self->text->characters + t->begin;
	if (token_length(t) == 1)
		return character_is_level(*c);
	for (size_t k = 0; token_length(t) == 2 && k < sizeof words / sizeof *words; k++)
		if (c[0] == words[k][0] && c[1] == words[k][1])
			return true;
	return token_length(t) == 2 && c[0] == 0x56E2 && character_is_level(c[1] == 0x59D4 ? 0 : c[1]);         /* 团区委 is cut 团区 + 委 by nobody, 团市 + 委 may be */
}

bool token_is_single(const sentence *self, size_t i)
{
	const token *t = &self->tokens[i];
	if (token_length(t) != 1 || !utf8_is_han(self->text->characters[t->begin]) || t->classes & (LEX_BORDER | LEX_SPEECH))
		return false;
	return t->kind == 'n' || t->kind == TOKEN_UNKNOWN || t->kind == 'a' || (t->kind == 'v' && t->weight > 800);
}

#define SELDOM_PIECE 1000                /* weight from which a single ideograph speaks for an unknown name */
#define PLACE_PIECES 3                   /* single ideographs of an unknown place name before its class word */

size_t place_begin(const sentence *self, size_t i)
{
	const token *t = &self->tokens[i];
	if (t->classes & LEX_PLACE)
		return i;
	if (token_length(t) != 1 || !character_is_level(token_first(self, i)))
		return i + 1;
	/* 云陂 + 市: what the segmenter took for a name or a foreign one */
	if (i && (self->tokens[i - 1].kind == TOKEN_NAME || self->tokens[i - 1].kind == TOKEN_FOREIGN) && !(self->tokens[i - 1].hint & (HINT_TITLE | HINT_KNOWN)))
		return i - 1;
	if (i && self->tokens[i - 1].kind == 's')                /* a short name of a place that is a word too: 江陵 + 市 */
		return i > 1 && token_is_single(self, i - 2) && !character_is_level(token_first(self, i - 2)) ? i - 2 : i - 1;
	size_t begin = i;
	bool seldom = false;
	while (begin && i - begin < PLACE_PIECES && token_is_single(self, begin - 1) && !character_is_level(token_first(self, begin - 1))) {
		begin--;
		seldom = seldom || self->tokens[begin].weight >= SELDOM_PIECE;
	}
	/* everyday ideographs make no place of their level (小 县, 老 区, 牛 市) */
	if (!seldom || (i - begin == 1 && self->tokens[begin].kind != TOKEN_UNKNOWN))
		begin = i;
	if (begin == i && i && self->tokens[i - 1].kind == 'n' && token_length(&self->tokens[i - 1]) == 2 && self->tokens[i - 1].weight > 1200 &&
	    !(self->tokens[i - 1].classes & (LEX_BORDER | LEX_GENERIC | LEX_TITLE | LEX_BODY | LEX_NAMED)))
		return i > 1 && token_is_single(self, i - 2) && !character_is_level(token_first(self, i - 2)) ? i - 2 : i - 1;      /* 白 + 沙湾 + 村 */
	/* 石斛 + 岭 + 镇 */
	if (begin < i && begin && i - begin == 1 && self->tokens[begin - 1].kind == 'n' && token_length(&self->tokens[begin - 1]) == 2 && self->tokens[begin - 1].weight > 1200)
		begin--;
	return begin == i ? i + 1 : begin;
}

bool span_is_generic(const sentence *self, size_t from, size_t to)
{
	const uint32_t *c = self->text->characters;
	const lexicon_entry *entry = lexicon_find(self->words, c + self->tokens[from].begin, c + self->tokens[to].end);
	return entry && entry->classes & LEX_GENERIC;
}
