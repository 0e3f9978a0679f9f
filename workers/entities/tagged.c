/* tagged.c - bodies and places that the tagger found and the rules did not. A span counts when it begins and ends with words of the sentence, is sure enough, and no
 * part of it belongs to a name already; of two bodies that begin or end together the longer one is kept. Names of persons by the tagger go through the segmenter and the
 * rules of persons.c instead. */
#include "sentence.h"

#define BODY_MARGIN 4000                 /* thousandths of a nat (tagger.h) */
#define PLACE_MARGIN 3000

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
		if (tag->margin < (body ? BODY_MARGIN : PLACE_MARGIN) || tag->end - tag->begin < 2 || !is_free(self, begin, to) || (body && !body_is_named(self, begin, to - 1)))
			continue;
		add(self, body ? FACT_ORGANIZATION : FACT_PLACE, begin, to);
	}
}
