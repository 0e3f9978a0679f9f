/* tagged.c - bodies and places that the tagger found and the rules did not. A span counts when it begins and ends with words of the sentence, is sure enough, and no
 * part of it belongs to a name already; of two bodies that begin or end together the longer one is kept. Names of persons by the tagger go through the segmenter and the
 * rules of persons.c instead. */
#include "sentence.h"

#define BODY_MARGIN 4000                 /* thousandths of a nat (tagger.h) */
#define PLACE_MARGIN 3000
#define SHORT_PLACE 5                    /* characters of a place that need not end with what it is */

/* Index of the token that begins at the character; count: none. Tokens are in order, so the search goes on from `from`. */
static size_t token_at(const sentence *self, size_t from, uint32_t begin)
{
	while (from < self->count && self->tokens[from].begin < begin)
		from++;
	return from < self->count && self->tokens[from].begin == begin ? from : self->count;
}

static size_t token_behind(const sentence *self, size_t from, uint32_t end)
{
	while (from < self->count && self->tokens[from].end < end)
		from++;
	return from < self->count && self->tokens[from].end == end ? from + 1 : self->count + 1;
}

static bool is_free(const sentence *self, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (self->taken[i] || self->tokens[i].kind == TOKEN_MARK)
			return false;
	return true;
}

/* Names of places are short, or end with what they are; what the texts that the tagger learnt from call an address (某区某大厦服务大厅) is none. */
static bool is_place(const sentence *self, size_t from, size_t to)
{
	static const uint32_t ends[] = {0x7701, 0x5E02, 0x533A, 0x53BF, 0x9547, 0x4E61, 0x6751, 0x8DEF, 0x8857, 0x9053, 0x5C9B, 0x5C71, 0x6CB3, 0x6E56, 0x6C5F, 0x6D77, 0x6E7E, 0x5DDE, 0x56FD, 0x57CE, 0x6E2F, 0x6865,
		0x7AD9, 0x56ED, 0x573A, 0x5CED, 0x5CE1, 0x8C37, 0x539F, 0x6D0B, 0x6D32, 0x5CAD, 0x5CF0, 0x6EAA, 0x5DF7, 0x65D7, 0x5BFA};
	/* 省 市 区 县 镇 乡 村 路 街 道 岛 山 河 湖 江 海 湾 州 国 城 港 桥 站 园 场 峭 峡 谷 原 洋 洲 岭 峰 溪 巷 旗 寺 */
	for (size_t i = from; i < to; i++)
		if (self->tokens[i].kind == 'f' || self->tokens[i].kind == 'm' || self->tokens[i].kind == TOKEN_DIGITS || self->tokens[i].classes & (LEX_BORDER | LEX_TITLE))
			return false;
	if (self->tokens[to - 1].classes & (LEX_GENERIC | LEX_NAMED | LEX_WEAK | LEX_BODY))
		return false;
	if (self->tokens[to - 1].end - self->tokens[from].begin <= SHORT_PLACE)
		return true;
	for (size_t k = 0; k < sizeof ends / sizeof *ends; k++)
		if (token_last(self, to - 1) == ends[k])
			return true;
	return false;
}

static void add(sentence *self, enum fact_type type, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		self->taken[i] |= type == FACT_PLACE ? TAKEN_PLACE : TAKEN_BODY;
	found_add(self->found, (fact){.at = {self->tokens[from].begin, self->tokens[to - 1].end}, .type = (uint8_t)type});
}

void sentence_tagged(sentence *self)
{
	size_t from = 0;
	for (size_t k = 0; k < self->tag_count; k++) {
		const tagger_span *tag = &self->tags[k];
		bool body = tag->type == self->body_type, place = tag->type == self->place_type;
		if (!body && !place)
			continue;
		size_t begin = token_at(self, from, tag->begin);
		if (begin == self->count)
			continue;
		size_t to = token_behind(self, begin, tag->end);
		if (to > self->count)
			continue;
		from = begin;
		if (tag->margin < (body ? BODY_MARGIN : PLACE_MARGIN) || tag->end - tag->begin < 2 || !is_free(self, begin, to) || (body ? !body_is_named(self, begin, to - 1) : !is_place(self, begin, to)))
			continue;
		add(self, body ? FACT_ORGANIZATION : FACT_PLACE, begin, to);
	}
}
