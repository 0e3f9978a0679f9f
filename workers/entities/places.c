/* places.c - names of places: those of the lists, unknown ones with a class word (青岚县, 望溪镇, 白鹭湖), neighbours joined (北京市 + 某某区). What
 * belongs to a body, a person or a title is none. */
#include "sentence.h"

#include "common/utf8.h"

#define PIECES_MAX 4

/* 湖 河 江 山 岛 湾 路 街 桥 港 岭 峡 海 */
static bool is_feature(uint32_t c)
{
	static const uint32_t features[] = {0x6E56, 0x6CB3, 0x5C71, 0x5C9B, 0x6E7E, 0x8DEF, 0x8857, 0x5CAD, 0x5CE1};
	for (size_t i = 0; i < sizeof features / sizeof *features; i++)
		if (features[i] == c)
			return true;
	return false;
}

/* First token of the water, hill or street that ends with token i. */
static size_t feature_begin(const sentence *self, size_t i)
{
	const token *t = &self->tokens[i];
	size_t begin = i;
	if (token_length(t) != 1 || !is_feature(token_first(self, i)))
		return i + 1;
	while (begin && i - begin < PIECES_MAX && token_is_single(self, begin - 1))
		begin--;
	if (i - begin >= 2 || (i - begin == 1 && self->tokens[begin].kind == TOKEN_UNKNOWN))
		return begin;
	const token *before = i ? &self->tokens[i - 1] : NULL;
	if (before && before->kind == 'n' && token_length(before) == 2 && before->weight > 1200 && !(before->classes & (LEX_GENERIC | LEX_TITLE | LEX_BORDER)))
		return i - 1;
	return i + 1;
}

static bool is_free(const sentence *self, size_t from, size_t to)
{
	for (size_t i = from; i <= to; i++)
		if (self->taken[i])
			return false;
	return true;
}

void sentence_places(sentence *self)
{
	size_t begin = 0, end = 0;                       /* tokens of the place that grows: [begin, end) */
	for (size_t i = 0; i <= self->count; i++) {
		size_t from = i + 1;
		if (i < self->count && self->tokens[i].kind != TOKEN_MARK) {
			from = place_begin(self, i);
			if (from > i)
				from = feature_begin(self, i);
			if (from <= i && !is_free(self, from, i))
				from = i + 1;
		}
		if (from <= i && end && from <= end) {
			begin = from < begin ? from : begin;
			end = i + 1;
			continue;
		}
		if (end && (i == self->count || from <= i || i > end + 3)) {
			found_add(self->found, (fact){.at = {self->tokens[begin].begin, self->tokens[end - 1].end}, .type = FACT_PLACE});
			end = 0;
		}
		if (from <= i)
			begin = from, end = i + 1;
	}
}
