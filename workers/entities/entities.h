/* entities.h - the facts of an article: persons, organisations, places, policies, figures.
 *
 * Opens the lexicons and the tagger's model once (before the worker's cage closes); reads one article at a time. The rules are told in docs/facts.md.
 * A pure function of text, title, authors and settings. Time is linear in the text, memory bounded by the longest paragraph part (segment.h) and the limits of found.h. One thread. */
#ifndef ENTITIES_ENTITIES_H
#define ENTITIES_ENTITIES_H

#include <jansson.h>
#include <stdint.h>
#include <stdbool.h>

#include "common/buf.h"

struct settings;

typedef struct entities entities;

/* NULL with a line in `error` that names the setting and, for a lexicon, file and line. */
entities *entities_open(const struct settings *settings, char error[256]);
void entities_close(entities **self);

/* Sets persons, organizations, places, policies in `patch`, and persons, spans in `detail`; only those that are not empty. Appends detail.metrics to `metrics` as JSON
 * text; nothing when there are none. `authors`: one a line, they are no
 * persons of the article; `title` may be absent. */
void entities_read(entities *self, mr_bytes body, mr_bytes title, mr_bytes authors, json_t *patch, json_t *detail, buf *metrics);
/* Memory that reading an article may take at most, in bytes, beside what is found; 0: nothing is read. */
size_t entities_memory(const entities *self);
/* Changes with rules, lexicons, model and settings that change answers. */
uint64_t entities_fingerprint(const entities *self);

#endif
