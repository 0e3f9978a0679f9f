/* record_lists.h - the long lists of an article: from a worker's answer to the record, as JSON text and not as a tree.
 *
 * Names, figures and sections are two thirds of what a worker answers, and the daemon does nothing with them but pass them on. As a tree of small objects
 * they cost more than all else it does with a record; so they are read once, strictly, and what is read is written down at once as it will stand in the record:
 *
 *     the answer   {"title":"...","persons":["...",""],"detail":{"metrics":[{"text":"7 %","value":7}],...},...}
 *     text         ["..."][{"what":null,"value":7.0,"value_to":null,"unit":null,"qualifier":null,"text":"7 %"}]
 *     rest         {"title":"...","persons":[],"detail":{"metrics":[],...},...}              for Jansson
 *
 * A list that cannot be read this way (a wrong type, a member that the contract does not know or that is missing, one said twice, a name with escapes in it) stays in `rest`,
 * and Jansson's tree is what it is judged by, and written from: list_check, list_write. So there is one judge of what is wrong and one set of words for it, and the
 * quick way takes only what the slow one takes, to the same bytes (tests/fuzz/fuzz_lists.c). Whether the answer is one JSON object is Jansson's verdict too:
 * a whole list was exchanged for another, member names stay where they are.
 *
 * Depth is bounded by the shape, memory by the bytes of the answer and by its values, which are counted on the way. Private to common/record*.c. Pure; any thread. */
#ifndef COMMON_RECORD_LISTS_H
#define COMMON_RECORD_LISTS_H

#include <jansson.h>

#include "common/buf.h"
#include "common/record_fields.h"

/* Where a list stands in `text`; len 0: nothing is known of it. */
typedef struct list_span {
	size_t from, len;
} list_span;

typedef struct record_lists {
	list_span fields[FIELD_COUNT];           /* those with FIELD_TEXT */
	list_span detail[DETAIL_COUNT];
	size_t values;                           /* JSON values in them, counted as json_scan_run does */
} record_lists;

/* Appends the lists of a patch to `text` and the patch without them to `rest`; lists beyond `max_values` values stay in `rest`. `self` is zeroed. `rest` is a JSON object when, and only
 * when, the patch is one. */
void lists_cut(record_lists *self, mr_bytes patch, size_t max_values, buf *text, buf *rest);

/* Reads the list that begins at *at (white space allowed between its tokens) and appends it to `out` as it stands in a record: every member in the order of `slots`, each with
 * its type, empty strings left out of lists of strings, null where there is nothing. `slots` NULL: a list of strings. Moves *at behind it; adds to *values.
 * False: not this way, or *values would pass `most`; `out` may have grown then, *at and *values stay. `scratch` is overwritten. */
bool list_read(const char **at, const char *end, const detail_slot *slots, buf *out, buf scratch[2], size_t *values, size_t most) MR_MUST_USE;

/* ---- the same on a tree ---- */
/* NULL: the list has its shape (empty strings are taken out of lists of strings); else what is wrong, as the end of a sentence. */
const char *list_check(json_t *list, const detail_slot *slots);
void list_write(const json_t *list, const detail_slot *slots, buf *out);
/* A value of the type; empty strings are taken out of a list of strings. */
bool value_fits(json_t *value, enum field_type type);

/* ---- text that list_read or list_write made ---- */
/* Appends the strings of a list of strings, decoded, with '\n' between them. */
void list_join(mr_bytes list, buf *out);

#endif
