/* body.h - the clean body of one article as paragraphs, and what is read off it: lead, sections, responsible units.
 *
 * Owns its characters and paragraphs; the same for text and HTML, so that both get the same structure. */
#ifndef EXTRACT_BODY_H
#define EXTRACT_BODY_H

#include <jansson.h>

#include "page.h"

typedef struct paragraph {
	span at;                         /* in body.characters */
	bool heading;                    /* a heading without number that stood alone */
} paragraph;

typedef struct body {
	uint32_t *characters;
	size_t count, room;
	paragraph *paragraphs;
	size_t paragraph_count, paragraph_room;
} body;

void body_free(body *self);
void body_add(body *self, const uint32_t *characters, size_t count, bool heading);       /* an empty paragraph is left out */
void body_add_utf8(body *self, mr_bytes text, bool heading);
void body_text(const body *self, buf *out);              /* UTF-8, paragraphs separated by '\n' */
void body_lead(const body *self, buf *out);              /* at most 200 characters, ends at a sentence */

/* detail.sections, detail.responsible_units, detail.attachments (docs/record.md); NULL when there are none. */
json_t *body_sections(const body *self);
json_t *body_responsible_units(const body *self);
json_t *body_attachments(const body *self);

#endif
