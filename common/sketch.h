/* sketch.h - what is kept of a text to find its copies, and how two of them are compared.
 *
 * The stage `dedup` computes a sketch from normalised text (workers/dedup); the daemon's index keeps it and compares numbers
 * with numbers. Plain data, no pointers. The format has a version; older ones are read. Any thread. */
#ifndef COMMON_SKETCH_H
#define COMMON_SKETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

#define SKETCH_VERSION 2

typedef struct sketch sketch;            /* complete type below: stored by value */

enum sketch_relation {
	SKETCH_DIFFERENT,        /* two stories */
	SKETCH_KIN,              /* much in common, but facts, figures or parts changed: a revision when the address is the same, else another story */
	SKETCH_NEAR,             /* a copy */
	SKETCH_IDENTICAL,        /* the same normalised text */
};

/* Which rule of sketch.c decided. */
enum sketch_rule {
	RULE_EMPTY, RULE_LITTLE, RULE_LENGTH, RULE_SHORT, RULE_FIGURES, RULE_FORM, RULE_RETITLED, RULE_BEGINNINGS, RULE_INNER,          /* no copies */
	RULE_SAME_TEXT, RULE_SHORT_COPY, RULE_RETITLED_COPY, RULE_LEAD_COPY, RULE_COPY,                                                  /* copies */
};

typedef struct sketch_match {
	enum sketch_relation relation;
	enum sketch_rule rule;
	bool changed;            /* figures or sentences differ: at the same address a revision, not a repeat */
	double similarity;       /* 0..1, estimated resemblance or containment, the number given to the warehouse */
} sketch_match;

#include "common/sketch_format.h"        /* struct sketch: the fields, drawn */

void sketch_encode(const sketch *self, buf *out);
/* Reads a sketch that came over the wire or out of a log, of this or an older version. 0; -1 when it is damaged or of a newer version. */
int sketch_decode(mr_bytes blob, sketch *self) MR_MUST_USE;
/* Keys under which the sketch is filed and looked up: two texts are compared when they share at least one. Returns their number (0: too
 * short or empty text, never compared). */
size_t sketch_keys(const sketch *self, uint64_t keys[SKETCH_KEYS]);
sketch_match sketch_compare(const sketch *earlier, const sketch *later);
/* The same, where `inner` is the later text without the lines that its source has had before (it may be boilerplate that is not known as such yet; or the earlier
 * text is of that source, and the later one its copy). What is left must not be another story: NEAR only if it stands in the earlier text, too. NULL: there is no such line. */
sketch_match sketch_compare_inner(const sketch *earlier, const sketch *later, const sketch *inner);

/* The numbers behind a match, for `millrace explain dedup` and for tuning. All 0..1; symmetric up to the exchange of a and b. */
typedef struct sketch_evidence {
	double resemblance;              /* Jaccard of the shingle sets */
	double in_a, in_b;               /* share of a (of b) that the other has too */
	double part_a[4], part_b[4];     /* the same for each quarter of a (of b); -1: too few shingles to tell */
	double figures;                  /* share of the smaller set of numbers found in the other; -1: one of them has none */
	double title;                    /* resemblance of the titles; -1: one has none */
} sketch_evidence;

sketch_evidence sketch_weigh(const sketch *a, const sketch *b);
sketch_evidence sketch_weigh_portable(const sketch *a, const sketch *b);         /* without instructions that not every machine has: the same, slower; for tests */
const char *sketch_rule_text(enum sketch_rule rule);             /* in a sentence */

#endif
