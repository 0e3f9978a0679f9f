/* texts.h - feed records for measurements: Chinese articles of about 13.6 KB that nobody wrote, each different from all others.
 *
 * The shape is that of what a newspaper feed brings: a headline, a byline, paragraphs of a few long sentences with names, figures and quotations;
 * every fifth one is a plan with numbered measures and responsible units, every tenth a page of several articles. Sentences are put together
 * from frames and words by chance, so no two records share more than stock phrases. Record n of a seed is always the same. No state. */
#ifndef BENCH_TEXTS_H
#define BENCH_TEXTS_H

#include <stdint.h>

#include "common/buf.h"

#define TEXTS_BYTES 13600                /* of the whole record, give or take a sentence */

/* Appends record `n` as JSON. `id` begins with the seed, so two seeds never bring the same record. */
void texts_record(uint64_t seed, uint64_t n, buf *out);

#endif
