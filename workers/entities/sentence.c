/* sentence.c - see sentence.h: what the passes share about words. */
#include "sentence.h"

#include "common/utf8.h"

bool word_is_level(const uint32_t *c)
{
	switch (c[0]) {
	case 0x56FD: return c[1] == 0x5BB6 || c[1] == 0x7ACB;                                  /* 国家 国立 */
	case 0x5168: return c[1] == 0x56FD;                                                    /* 全国 */
	case 0x4E2D: return c[1] == 0x592E || c[1] == 0x5171;                                  /* 中央 中共 */
	case 0x7701: case 0x5E02: case 0x53BF: return c[1] == 0x7ACB || c[1] == 0x59D4;        /* 省立 市立 县立 省委 市委 县委 */
	case 0x533A: case 0x5DDE: return c[1] == 0x59D4;                                       /* 区委 州委 */
	case 0x56E2: return character_is_level(c[1]);                                          /* 团区委 is cut 团区 + 委 by nobody, 团市 + 委 may be */
	default: return false;
	}
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
