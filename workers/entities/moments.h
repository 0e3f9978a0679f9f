/* moments.h - where dates and times stand in a text, for detail.spans (type `time`). What they mean is for workers/extract/dates.h.
 *
 *     2025年3月28日上午9时30分   2023—2025年   6月18日   22日   17:00   昨日   14 May 2025   May 14, 2025   2025-03-28
 *
 * A number that moments take is none of quantities.h and the other way round. Linear in the text, at most MOMENTS_MAX of an article. Owns its
 * spans and is used again; one thread. */
#ifndef ENTITIES_MOMENTS_H
#define ENTITIES_MOMENTS_H

#include "fact_text.h"

#define MOMENTS_MAX 1000

typedef struct moments {
	fact_span *items;                /* folded characters, in order, none overlaps another */
	uint32_t count, room;
} moments;

void moments_read(moments *self, const fact_text *text);
void moments_free(moments *self);

#endif
