/* labels.h - the BIOES labels of a sentence: outside, or of type t a single character, the begin, the inside or the end of a span.
 *
 * Order for T types: outside, T single, T begin, T inside, T end. So the labels that may start something (outside, single, begin) stand together, and those
 * behind which nothing is open (outside, single, end) are two runs. Only a starter may follow a closed label; only inside and
 * end of the same type may follow begin and inside. */
#ifndef ENTITIES_LABELS_H
#define ENTITIES_LABELS_H

#include <stdint.h>

#define LABEL_OUTSIDE 0u
#define LABELS_OF(types) (4 * (types) + 1)
#define STARTERS_OF(types) (2 * (types) + 1)     /* as many as closed ones */

enum label_part { PART_SINGLE, PART_BEGIN, PART_INSIDE, PART_END };
enum inner_step { BEGIN_INSIDE, BEGIN_END, INSIDE_INSIDE, INSIDE_END, INNER_STEPS };

static inline uint32_t label_of_type(uint32_t types, enum label_part part, uint32_t type)
{
	return 1 + (uint32_t)part * types + type;
}

/* One value for each step between labels: closed to starter, row after row; then the inner steps, INNER_STEPS a type. */
#define STEPS_OF(types) (STARTERS_OF(types) * STARTERS_OF(types) + (uint32_t)INNER_STEPS * (types))

/* Label of the closed one number i: outside, single of each type, end of each type. */
static inline uint32_t label_closed(uint32_t types, uint32_t i)
{
	return i <= types ? i : i + 2 * types;
}

#endif
