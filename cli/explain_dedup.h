/* explain_dedup.h - the two halves of `millrace explain dedup`: what the judge found of a pair of texts, and the pair shown to people. */
#ifndef CLI_EXPLAIN_DEDUP_H
#define CLI_EXPLAIN_DEDUP_H

#include "cli/term.h"
#include "common/sketch_pieces.h"
#include "daemon/item.h"

/* One text as it was judged. Everything is borrowed. */
typedef struct compared {
	const part *part;
	char *id, *title, *source;       /* feed_id, title, source_name; "" for none */
	mr_bytes body;
} compared;

/* Verdict, numbers, figures and both texts with what the other one has not. `later` was judged after `earlier`. */
void explain_pair(const term *out, const compared *earlier, const compared *later);
/* The same as one JSON object, without the texts. */
void explain_pair_json(const compared *earlier, const compared *later);
/* "new story", "duplicate (near)", "revision 2" ... */
const char *explain_verdict(const part *p, char out[64]);

#endif
