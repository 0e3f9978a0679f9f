/* watch_set.h - the watches of a file, ready to be asked of articles: phrases and names compiled, conditions as numbers.
 *
 * An article is looked at in three steps: which phrases stand in its headline and body (one pass of the engine over all phrases of all watches), which names stand in its lists, and
 * then for each watch whether its conditions hold. The same article gives the same answer in any process. No allocation once the scratch has grown to the largest article.
 *
 * What is found is kept for each phrase once: where it stands first and how often. `hits` of a watch are its phrases that were found, in the order in which they were. */
#ifndef WATCH_WATCH_SET_H
#define WATCH_WATCH_SET_H

#include "common/watch_file.h"
#include "workers/watch/watch_phrases.h"

struct settings;

#define WATCH_HITS_MAX 16                /* of a watch */
#define WATCH_HITS_ALL_MAX 512           /* of an article; a watch beyond it shows its first one only */

/* An article as a watch sees it; everything borrowed. Lists: strings with '\n' between them; data NULL: nothing is known. */
typedef struct watch_article {
	mr_bytes parts[WATCH_TEXT_PARTS];
	mr_bytes names[4];               /* persons, places, organizations, policies: WATCH_PERSONS and on */
	mr_bytes labels, source, language;
} watch_article;

/* A term that was found. */
typedef struct watch_hit {
	const watch_term *term;
	enum watch_list list;            /* that it stands in; WATCH_LISTS: a line `also` */
	const char *field;               /* of the record: title, body, persons, ... */
	mr_bytes source;                 /* that field; of a list the one name */
	size_t from, to;                 /* bytes of source */
	uint32_t count;                  /* how often it was found, in all fields that count for the watch */
} watch_hit;

/* Why a watch says no: the first of its conditions that does not hold. */
enum watch_reason { WATCH_MET, WATCH_OFF, WATCH_NO_ANY, WATCH_NO_ALL, WATCH_NO_ALSO, WATCH_FOUND_NOT, WATCH_NO_NAME, WATCH_NO_LABEL, WATCH_HAS_NOT_LABEL, WATCH_NO_SOURCE,
	WATCH_HAS_NOT_SOURCE, WATCH_NO_LANGUAGE };

typedef struct watch_set watch_set;

/* Takes the file. NULL with a line in error. */
watch_set *watch_set_new(watch_file *file, const struct settings *settings, char error[256]);
void watch_set_free(watch_set **self);
const watch_file *watch_set_file(const watch_set *self);
size_t watch_set_phrases(const watch_set *self);                 /* different ones */
size_t watch_set_bytes(const watch_set *self);                   /* of what the engine made of them */
/* Some watch that is in force has a condition of this kind: without one nothing of the article needs to be known for it. */
bool watch_set_asks(const watch_set *self, enum watch_list list);
uint64_t watch_set_hash(const watch_set *self);                  /* of all that changes answers */

/* Looks. Returns the number of watches that the article meets. What it points to holds until the next call. */
size_t watch_set_look(watch_set *self, const watch_article *article);
size_t watch_set_met_count(const watch_set *self);
/* The i-th of them, in the order of the file: index of its rule. */
size_t watch_set_met(const watch_set *self, size_t i);
/* Of the article looked at last, any rule: */
enum watch_reason watch_set_reason(const watch_set *self, size_t rule);
/* Terms of the rule that were found, those of `not` only when `all`; at most `max`. Returns their number. */
size_t watch_set_hits(watch_set *self, size_t rule, bool all, watch_hit *out, size_t max);
mr_bytes watch_set_body(const watch_set *self);
/* False: the article had more places to look at than the limit, so that some were not. */
bool watch_set_was_whole(const watch_set *self);

#endif
