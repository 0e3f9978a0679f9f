/* learn.h - from labelled texts to weights: texts are encoded once as sparse counts, then one linear support vector machine a component (liblinear, L2-regularised,
 * squared hinge, dual) is fitted on any part of them.
 *
 * A component (components.h) learns its own texts against all that do not have the label; those that have it in another kind of text are left out, so that
 * it need not stretch to cover them.
 *
 * The vectors are those of workers/classify/scorer.h to the letter: same grams, same damping, same two lengths. A fit works out rarity from its own
 * texts only, learns on every gram that stands in at least `min_texts` of them, keeps the `features` with the largest effect and
 * learns again on these. Deterministic for a seed. One thread. */
#ifndef CLI_LEARN_H
#define CLI_LEARN_H

#include "cli/components.h"
#include "workers/classify/model.h"

typedef struct learn_options {
	uint32_t features;               /* kept in the model */
	uint32_t min_texts;
	double cost;                     /* C of the machine */
	double positive;                 /* how much more a text with the label costs than one without */
	uint32_t title_times, lead_times;
	float title_share;
	bool marks;                      /* tokens with marks (workers/classify/tokens.h) */
	bool words;                      /* words are features, too (workers/classify/words.h); with marks only */
	bool balance;                    /* labels weigh alike, however many texts each has */
	bool ratio;                      /* weigh a gram for each component by its log-count ratio, not by its rarity: learn.c, ratios_set */
	unsigned seed;
} learn_options;

struct coupling;
typedef struct corpus corpus;            /* the encoded texts; borrows nothing */
typedef struct fit fit;                  /* weights learnt on a part of them */

/* `held[i]`: text i is measured only, not even its words are learnt. */
corpus *corpus_new(const dataset *data, const bool *held, const learn_options *options);
void corpus_free(corpus **self);

/* Called before each machine is fitted; may be NULL. */
typedef void (*learn_step)(void *arg);

/* `in[i]`: text i is learnt from. */
fit *learn_fit(const corpus *from, const dataset *data, const components *parts, const bool *in, const learn_options *options, learn_step step, void *arg);
/* Scores of a text of the corpus: of the whole, and the highest of its sections, one a label. Returns whether it has sections. */
bool fit_score(const fit *self, const corpus *from, size_t text, double *scores, double *section_scores);
/* Multiplies a coupling of the labels (one component each) into weights and biases: scores come out coupled from now on. */
void fit_couple(fit *self, const struct coupling *how);
/* Fills components with their biases into the head and appends the model file to `out`. -1: too large. */
int fit_write(const fit *self, const corpus *from, model_head *head, buf *out) MR_MUST_USE;
size_t fit_features(const fit *self);
void fit_free(fit **self);

#endif
