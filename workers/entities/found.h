/* found.h - the facts of one article as they are found: names with their places, in the order of the text.
 *
 * Mentions are kept for detail.spans, distinct names for the lists; both are bounded (`limit` names a list, FOUND_MENTIONS_MAX mentions): what comes later is left out.
 * Owns its memory, used again for the next article (found_clear). One thread. */
#ifndef ENTITIES_FOUND_H
#define ENTITIES_FOUND_H

#include <jansson.h>

#include "fact_text.h"

#define FOUND_MENTIONS_MAX 20000
#define FOUND_NAME_MAX 80                /* characters of a name; longer ones are none */

enum fact_type { FACT_PERSON, FACT_ORGANIZATION, FACT_PLACE, FACT_POLICY, FACT_METRIC, FACT_TIME, FACT_TYPES };

typedef struct fact {
	fact_span at;                    /* of the folded text */
	fact_span role, organization;    /* of a person; begin == end: none */
	uint8_t type;
} fact;

typedef struct found found;

found *found_new(uint32_t limit);
void found_free(found **self);
void found_clear(found *self, const fact_text *text);    /* borrows the text until the next clear */
/* Adds a mention; names may be added in any order, they are sorted by their place when they are read. */
void found_add(found *self, fact that);
/* Takes back the mentions of `type` within [at.begin, at.end): a longer name was found. */
void found_drop(found *self, enum fact_type type, fact_span at);
/* A list of strings: the names of a type, each once, in the order of the text; NULL: none. */
json_t *found_names(found *self, enum fact_type type);
/* detail.persons; detail.spans, in the order of the text; NULL: none. */
json_t *found_persons(found *self);
json_t *found_spans(found *self);

#endif
