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

bool token_is(const sentence *self, size_t i, uint32_t c);               /* the token is this one character */
uint32_t token_first(const sentence *self, size_t i);
uint32_t token_last(const sentence *self, size_t i);
static inline uint32_t token_length(const token *t) { return t->end - t->begin; }
bool character_is_level(uint32_t c);             /* 省 市 区 县 州 盟 旗 镇 乡 村 */
bool token_is_level(const sentence *self, size_t i);     /* 省 市 区 县 镇 ...: a level of administration alone, or 市委, 国家, 中国 */
bool token_is_single(const sentence *self, size_t i);    /* one ideograph that is no function word: a piece of an unknown name */
/* First token of the place name that ends with token i (青 + 岚 + 县, 北京市); i + 1 when none does. */
size_t place_begin(const sentence *self, size_t i);
bool span_is_generic(const sentence *self, size_t from, size_t to);      /* tokens [from, to] are one entry of generic.txt */

#endif
