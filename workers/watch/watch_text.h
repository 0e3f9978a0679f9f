/* watch_text.h - an article as phrases are looked for in it: its headline and body, folded, and the way back to what is printed.
 *
 * Phrases and texts go through the same function, watch_fold, so whatever it makes alike is found: width, case, Traditional and Simplified (workers/text/fold.h), and white space:
 *   - white space (also a line break) beside an ideograph or kana counts for nothing: a Chinese text may be broken anywhere, and "AI 芯片" is "AI芯片";
 *   - elsewhere any run of it is one blank; at the ends it is nothing;
 *   - what has no width (zero-width space and joiner, soft hyphen, byte order mark, direction marks) counts for nothing.
 * One object serves all articles of a worker: watch_text_begin forgets the last one and keeps the memory. Where a place of the folded text stands in the source is found out only
 * when it is asked for, by folding a few hundred bytes around it once more. The texts must live until then. The worker's only thread. */
#ifndef WATCH_WATCH_TEXT_H
#define WATCH_WATCH_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "workers/text/fold.h"

/* Where something is found, in the order in which it is looked at. */
enum watch_part { PART_KICKER, PART_TITLE, PART_SUBTITLE, PART_BODY, WATCH_TEXT_PARTS };

typedef struct watch_text watch_text;

#define WATCH_FOLD (FOLD_WIDTH | FOLD_CASE | FOLD_SCRIPT)

/* Appends `in` as it is compared. `flags`: WATCH_FOLD, or without FOLD_CASE. `origin`: as in fold_text; may be NULL. */
void watch_fold(mr_bytes in, unsigned flags, buf *out, buf *origin);
/* The same with WATCH_FOLD, four times as fast: most characters go through a table. `points` (may be NULL) receives places every few hundred bytes from which folding gives the same again:
 * pairs of uint32_t, byte of `in` and length of `out`. */
void watch_fold_fast(mr_bytes in, const fold_quick *table, buf *out, buf *points);
fold_quick *watch_fold_table(void);      /* free() it */

watch_text *watch_text_new(void);
void watch_text_free(watch_text **self);
void watch_text_begin(watch_text *self);
/* Appends a part, borrowed; at most once each, in their order; data NULL or empty: not there. */
void watch_text_add(watch_text *self, enum watch_part part, mr_bytes source);
/* Everything, the parts kept apart by a byte that no phrase holds. */
mr_bytes watch_text_folded(const watch_text *self);
enum watch_part watch_text_part(const watch_text *self, size_t at);
mr_bytes watch_text_source(const watch_text *self, enum watch_part part);
/* Folded bytes [from, to) of one part, as bytes of its source. */
void watch_text_locate(watch_text *self, size_t from, size_t to, size_t *source_from, size_t *source_to);

#endif
