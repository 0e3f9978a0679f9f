/* scorer.h - what a model says of a text: scores, probabilities, labels, and the words that decided.
 *
 * The text is a vector: each known gram weighs sqrt(how often) * rarity, the whole divided by its length; the title's own features are a
 * second vector of the length title_share. A component's score is the product with its weights, a label's that of its highest component. Sums are taken in the order of first
 * occurrence in the text, so the same text gives the same bits in any batch and process. Owns scratch memory of the model's size; nothing is
 * allocated a document once the arrays have grown. One scorer a thread. */
#ifndef CLASSIFY_SCORER_H
#define CLASSIFY_SCORER_H

#include "workers/classify/model.h"
#include "workers/classify/tokens.h"

typedef struct scorer scorer;

typedef struct scoring {
	double score[MODEL_LABELS_MAX];          /* raw, of the whole: that of the label's highest component */
	uint32_t component[MODEL_LABELS_MAX];    /* ... which one that is */
	double section_score[MODEL_LABELS_MAX];  /* ... of the section with the highest one */
	bool has_sections;                       /* section_score is set: a long text with some label, but not all */
	double probability[MODEL_LABELS_MAX];    /* calibrated: of the whole, or of a section that is sure enough */
	uint32_t labels[MODEL_LABELS_MAX];       /* those that hold, most probable first */
	uint32_t label_count;
	int primary;                             /* label, or -1: none */
} scoring;

/* Weight of a gram by how often it occurs; the trainer uses the same. */
#define SCORER_TIMES_MAX 1024                     /* more often counts as this */
void scorer_damping(float out[SCORER_TIMES_MAX]);

/* The score of each label, and the component it comes from (NULL: nobody asks), out of those of the components. */
void scoring_reduce(const model_head *head, const double *components, double *score, uint32_t *component);
/* Works out probabilities and labels of a scoring whose scores stand. */
void scoring_finish(const model_head *head, scoring *out);

/* Borrows the model. */
scorer *scorer_new(const model *m);
void scorer_free(scorer **self);

/* Judges a document; the scoring is good on its own, scorer_evidence needs the texts unchanged until the next call. */
void scorer_read(scorer *self, mr_bytes title, mr_bytes body, scoring *out);

/* Scores a part of the body judged last, by bytes of the source: a section with the title of the whole. False: it has no words. */
bool scorer_part(scorer *self, size_t from, size_t to, scoring *out);

/* A run of words of the source that pushed towards a label. */
typedef struct evidence_term {
	uint32_t label;
	mr_bytes words;                          /* borrowed from title or body */
	double contribution;                     /* what its grams add to the score, all its occurrences together */
} evidence_term;

/* The terms that carried each label of the scoring, strongest first; returns their number, at most `max`. */
size_t scorer_evidence(scorer *self, const scoring *said, evidence_term *terms, size_t max);

/* ---- everything that a score is made of: for `millrace explain` and for checks that evidence is exact (contributions.c) ---- */

/* Score of a component as the sum of what every gram adds, plus the bias. */
double scorer_sum_of_contributions(scorer *self, uint32_t component);

/* The tokens of the text judged last. Borrowed until the next one. */
const tokens *scorer_tokens(const scorer *self);

/* What each token adds to a component: a gram's contribution is divided evenly among its places and its tokens. `out` has a number a token; with the bias they add up to the score
 * (but for grams that stand there more than SCORER_TIMES_MAX times). */
void scorer_token_contributions(const scorer *self, uint32_t component, double *out);

typedef struct gram_term {
	mr_bytes words;                          /* of its first place; borrowed from title or body */
	uint32_t times;                          /* weighted by zone */
	bool title;                              /* the title's own feature */
	double contribution;
} gram_term;

/* The grams that add most to a component, or take most away, largest first; returns their number, at most `max`. */
size_t scorer_grams(const scorer *self, uint32_t component, gram_term *out, size_t max);

#endif
