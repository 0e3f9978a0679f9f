/* appointed.h - names that a decision appoints or dismisses: 任命甲乙为某局局长, 免去甲乙的某局局长职务. Pure; any thread.
 *
 * Lists of appointments name people whom nothing else announces: no office stands before them, and half of such names are words. The form is fixed: the name begins the clause or stands behind a verb of appointing,
 * behind it stands 为 or 的, and the clause ends with an office. */
#ifndef ENTITIES_APPOINTED_H
#define ENTITIES_APPOINTED_H

#include "segment.h"

/* The names in characters [at.begin, at.end) of the text, ascending; at most `room`. Each is a word for the segmenter. */
size_t appointed_names(const lexicon *words, const fact_text *text, fact_span at, named *out, size_t room);

#endif
