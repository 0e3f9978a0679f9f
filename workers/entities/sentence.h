/* sentence.h - one sentence as the rules see it: its words, and which of them belong to a name already. Inside workers/entities only.
 *
 * Each kind of name is found by one pass over the words; the passes run in the order of the functions below and mark what they take, so that no word is read as two things:
 * titles in 《》, bodies, persons, what the tagger adds, plans, places. */
#ifndef ENTITIES_SENTENCE_H
#define ENTITIES_SENTENCE_H

#include "found.h"
#include "segment.h"
#include "tagger.h"

enum taken { TAKEN_TITLE = 1, TAKEN_BODY = 2, TAKEN_PERSON = 4, TAKEN_POLICY = 8, TAKEN_PLACE = 16 };

typedef struct sentence {
	const fact_text *text;
	const lexicon *words;
	const token *tokens;
	size_t count;
	uint8_t taken[SEGMENT_MAX + 1];          /* by token */
	uint16_t body[SEGMENT_MAX + 1];          /* first token of the body that ends with this token, + 1; 0: none */
	const tagger_span *tags;                 /* what the tagger found in it, ascending */
	size_t tag_count;
	bool tagged;                             /* there is a tagger */
	int body_type, place_type;               /* of the tagger's model; -1: it has none */
	found *found;
} sentence;

void sentence_titles(sentence *self);            /* 《...》 and "...": policies.c */
void sentence_bodies(sentence *self);            /* organizations.c */
bool body_is_named(const sentence *self, size_t begin, size_t end);      /* may tokens [begin, end] be the name of a body, by their words? */
void sentence_tagged(sentence *self);            /* tagged.c: bodies and places that the tagger adds */
void sentence_persons(sentence *self);           /* persons.c */
void sentence_policies(sentence *self);          /* policies.c: without marks */
void sentence_places(sentence *self);            /* places.c */

/* ---- what the passes share (sentence.c) ---- */

static inline uint32_t token_length(const token *t) { return t->end - t->begin; }

/* First and last character; token_first behind the last token: 0. */
static inline uint32_t token_first(const sentence *self, size_t i)
{
	return i < self->count ? self->text->characters[self->tokens[i].begin] : 0;
}

static inline uint32_t token_last(const sentence *self, size_t i)
{
	return i < self->count ? self->text->characters[self->tokens[i].end - 1] : 0;
}

/* The token is this one character. */
static inline bool token_is(const sentence *self, size_t i, uint32_t c)
{
	return i < self->count && token_length(&self->tokens[i]) == 1 && self->text->characters[self->tokens[i].begin] == c;
}

static inline bool character_is_level(uint32_t c)
{
	switch (c) {
	case 0x7701: case 0x5E02: case 0x533A: case 0x53BF: case 0x5DDE: case 0x76DF: case 0x65D7: case 0x9547: case 0x4E61: case 0x6751:         /* 省 市 区 县 州 盟 旗 镇 乡 村 */
		return true;
	default:
		return false;
	}
}

bool word_is_level(const uint32_t *c);           /* 市委, 国家: a word of two characters */

/* A level of administration alone, or 市委, 国家, 中国. */
static inline bool token_is_level(const sentence *self, size_t i)
{
	const token *t = &self->tokens[i];
	const uint32_t *c = self->text->characters + t->begin;
	return token_length(t) == 1 ? character_is_level(*c) : token_length(t) == 2 && word_is_level(c);
}

bool token_is_single(const sentence *self, size_t i);    /* one ideograph that is no function word: a piece of an unknown name */
/* First token of the place name that ends with token i (青 + 岚 + 县, 北京市); i + 1 when none does. */
size_t place_begin(const sentence *self, size_t i);
bool span_is_generic(const sentence *self, size_t from, size_t to);      /* tokens [from, to] are one entry of generic.txt */

#endif
