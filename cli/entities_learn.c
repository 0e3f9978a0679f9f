/* entities_learn.c - see entities_learn.h. Grams are numbered once; a sentence is walked anew in every pass, which costs less than to keep what the walk gives
 * (eleven grams a character). Weights are kept as value / scale, so that the decay of all of them is one multiplication. */
#include "entities_learn.h"

#include <math.h>
#include <stdlib.h>

#include "cli/entities_lattice.h"
#include "cli/entities_parts.h"
#include "common/mem.h"

#define SMALL 1e-4f                      /* an error this small moves nothing */
#define SCALE_MIN 1e-4f
#define BAG_NATS ((float)TAGGER_BAG_NATS)
#define STEP_RATE 0.1f                   /* of the steps between labels, which every place moves */

typedef struct descent {
	entity_fit *fit;
	const entity_options *options;
	size_t *order, order_count;      /* sentences of a pass */
	lattice lattice;
	float *steps;                    /* values of the steps between labels, not scaled */
	float *errors, *step_errors;     /* gradient of the sentence at hand */
	unsigned char *allowed;
	float *weights;                  /* by row and label; times `scale` */
	float scale;
	float *squares;                  /* by row: sum of the squared errors it has seen (AdaGrad, a row at a time) */
	uint64_t random;
	sentence sentence;               /* the one at hand */
	gram_use uses[USES_MAX];
	size_t use_count;
	double drop;
	size_t done, all;
	entity_step step;
	void *arg;
} descent;

/* xorshift64* (Vigna 2016). */
static uint64_t random_next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545F4914F6CDD1Dull;
}

static double random_share(uint64_t *state)
{
	return (double)(random_next(state) >> 11) / 9007199254740992.0;
}

static void shuffle(descent *self)
{
	for (size_t i = self->order_count; i > 1; i--) {
		size_t j = (size_t)(random_next(&self->random) % i), kept = self->order[i - 1];
		self->order[i - 1] = self->order[j];
		self->order[j] = kept;
	}
}

/* Leaves rows out at random; what is left weighs more. */
static void uses_drop(descent *self)
{
	size_t kept = 0;
	for (size_t i = 0; i < self->use_count; i++)
		if (random_share(&self->random) >= self->drop)
			self->uses[kept++] = self->uses[i];
	self->use_count = kept;
}

static void sentence_score(descent *self, const learn_sentence *s, float more)
{
	uint32_t labels = self->lattice.labels;
	float *scores = self->lattice.scores, bag[LABELS_OF(TAGGER_TYPES_MAX)] = {0}, divisor = (float)bag_divisor(s->count);
	memset(scores, 0, s->count * labels * sizeof *scores);
	for (size_t u = 0; u < self->use_count; u++) {
		const float *row = self->weights + (size_t)self->uses[u].row * labels;
		float *out = self->uses[u].place == USE_OF_ALL ? bag : scores + (size_t)self->uses[u].place * labels;
		for (uint32_t l = 0; l < labels; l++)
			out[l] += row[l];
	}
	for (uint32_t l = 0; l < labels; l++)
		bag[l] = l < self->lattice.starters ? fmaxf(-BAG_NATS, fminf(BAG_NATS, bag[l] / divisor * self->scale * more)) : 0;
	for (size_t i = 0; i < s->count; i++)
		for (uint32_t l = 0; l < labels; l++)
			scores[i * labels + l] = scores[i * labels + l] * self->scale * more + bag[l];
}

/* Which labels the annotation allows; true when it allows exactly one labelling. */
static bool allowed_fill(descent *self, const learn_sentence *s)
{
	uint32_t types = self->lattice.types, labels = self->lattice.labels;
	unsigned char *allowed = self->allowed;
	memset(allowed, 0, s->count * labels);
	for (size_t i = 0; i < s->count; i++) {
		allowed[i * labels + LABEL_OUTSIDE] = 1;
		for (uint32_t t = 0; t < types; t++)
			for (int part = PART_SINGLE; part <= PART_END; part++)
				allowed[i * labels + label_of_type(types, (enum label_part)part, t)] = s->open >> t & 1;
	}
	bool one = !s->open;
	for (uint32_t k = 0; k < s->entity_count; k++) {
		entity e = s->entities[k];
		one = one && !(e.types & (e.types - 1));
		for (uint32_t i = e.begin; i < e.end; i++) {
			memset(allowed + i * labels, 0, labels);
			enum label_part part = e.end - e.begin == 1 ? PART_SINGLE : i == e.begin ? PART_BEGIN : i + 1 == e.end ? PART_END : PART_INSIDE;
			for (uint32_t t = 0; t < types; t++)
				allowed[i * labels + label_of_type(types, part, t)] = e.types >> t & 1;
		}
	}
	return one;
}

/* A labelling that is wrong must be behind by the margin. */
static void margin_add(descent *self, size_t count)
{
	uint32_t labels = self->lattice.labels;
	float margin = (float)self->options->margin, missed = (float)self->options->missed;
	for (size_t i = 0; i < count; i++) {
		float *scores = self->lattice.scores + i * labels;
		const unsigned char *allowed = self->allowed + i * labels;
		for (uint32_t l = 0; l < labels; l++)
			if (!allowed[l])
				scores[l] += l == LABEL_OUTSIDE ? missed : margin;
	}
}

static void exponentials(descent *self, size_t count)
{
	uint32_t labels = self->lattice.labels, types = self->lattice.types;
	for (size_t i = 0; i < count; i++) {
		float *scores = self->lattice.scores + i * labels, best = scores[0];
		for (uint32_t l = 1; l < labels; l++)
			best = fmaxf(best, scores[l]);
		for (uint32_t l = 0; l < labels; l++)
			scores[l] = expf(fmaxf(scores[l] - best, -40));
	}
	for (uint32_t i = 0; i < STEPS_OF(types); i++)
		self->lattice.steps[i] = expf(self->steps[i]);
}

/* A type that the annotation does not know is believed only as far as the model is sure of it: without the doubt it would talk itself into seeing it everywhere. */
static void doubt_add(descent *self, const learn_sentence *s)
{
	uint32_t types = self->lattice.types, labels = self->lattice.labels;
	float less = expf(-s->doubt);
	for (size_t i = 0; i < s->count; i++)
		for (uint32_t t = 0; self->allowed[i * labels + LABEL_OUTSIDE] && t < types; t++)
			for (int part = PART_SINGLE; s->open >> t & 1 && part <= PART_END; part++)
				self->lattice.scores[i * labels + label_of_type(types, (enum label_part)part, t)] *= less;
}

/* The one labelling that the annotation allows, taken off the expectations. */
static void gold_subtract(descent *self, size_t count)
{
	uint32_t types = self->lattice.types, labels = self->lattice.labels, starters = STARTERS_OF(types), before = 0;
	for (size_t i = 0; i < count; i++) {
		uint32_t l = 0;
		while (!self->allowed[i * labels + l])
			l++;
		self->errors[i * labels + l] -= 1;
		if (i) {
			uint32_t inside = label_of_type(types, PART_INSIDE, 0), begin = label_of_type(types, PART_BEGIN, 0), end = label_of_type(types, PART_END, 0);
			if (l < starters) {
				self->step_errors[(before <= types ? before : before - 2 * types) * starters + l] -= 1;
			} else {
				uint32_t type = (before - begin) % types, was_inside = before >= inside, is_end = l >= end;
				self->step_errors[starters * starters + type * INNER_STEPS + was_inside * 2 + is_end] -= 1;
			}
		}
		before = l;
	}
}

/* The error of the row of the whole sentence: over all places, where something may begin. Returns its square. */
static float bag_error(const descent *self, size_t count, float *out)
{
	uint32_t labels = self->lattice.labels;
	float square = 0, divisor = (float)bag_divisor(count);
	memset(out, 0, labels * sizeof *out);
	for (size_t i = 0; i < count; i++)
		for (uint32_t l = 0; l < self->lattice.starters; l++)
			out[l] += self->errors[i * labels + l] / divisor;
	for (uint32_t l = 0; l < labels; l++)
		square += out[l] * out[l];
	return square;
}

static void weights_move(descent *self, size_t count, float rate)
{
	uint32_t labels = self->lattice.labels;
	float square[TAGGER_SENTENCE_MAX + 1], bag[LABELS_OF(TAGGER_TYPES_MAX)];
	for (size_t i = 0; i < count; i++) {
		square[i] = 0;
		for (uint32_t l = 0; l < labels; l++)
			square[i] += self->errors[i * labels + l] * self->errors[i * labels + l];
	}
	square[count] = bag_error(self, count, bag);
	for (size_t u = 0; u < self->use_count; u++) {
		bool of_all = self->uses[u].place == USE_OF_ALL;
		size_t place = of_all ? count : self->uses[u].place;
		if (square[place] < SMALL * SMALL)
			continue;
		float *row = self->weights + (size_t)self->uses[u].row * labels, *squares = &self->squares[self->uses[u].row];
		const float *error = of_all ? bag : self->errors + place * labels;
		*squares += square[place];
		float by = rate / (self->scale * sqrtf(1 + *squares));
		for (uint32_t l = 0; l < labels; l++)
			row[l] -= by * error[l];
	}
	for (uint32_t i = 0; i < STEPS_OF(self->lattice.types); i++)
		self->steps[i] -= STEP_RATE * rate * self->step_errors[i];
}

static void sentence_learn(descent *self, const learn_sentence *s, float rate)
{
	size_t count = s->count, labels = self->lattice.labels;
	learn_sentence_unpack(s, self->options->features, &self->sentence);
	self->use_count = uses_find(self->fit, &self->sentence, self->uses);
	if (self->drop > 0)
		uses_drop(self);
	sentence_score(self, s, (float)(1 / (1 - self->drop)));
	bool one = allowed_fill(self, s);
	if (self->options->margin > 0 || self->options->missed > 0)
		margin_add(self, count);
	exponentials(self, count);
	memset(self->errors, 0, count * labels * sizeof *self->errors);
	memset(self->step_errors, 0, STEPS_OF(self->lattice.types) * sizeof *self->step_errors);
	if (!lattice_expect(&self->lattice, count, NULL, 1, self->errors, self->step_errors))
		return;
	if (s->open)
		doubt_add(self, s);
	if (one)
		gold_subtract(self, count);
	else if (!lattice_expect(&self->lattice, count, self->allowed, -1, self->errors, self->step_errors))
		return;
	weights_move(self, count, rate);
}

static void scale_renew(descent *self)
{
	size_t n = (size_t)self->fit->row_count * self->lattice.labels;
	for (size_t i = 0; i < n; i++)
		self->weights[i] *= self->scale;
	self->scale = 1;
}

/* Passes over the sentences of the files that are `before` or not. */
static void descend(descent *self, bool before, uint32_t passes)
{
	const entity_fit *fit = self->fit;
	self->order_count = 0;
	for (size_t i = 0; i < fit->sentence_count; i++)
		if (fit->sentences[i].before == before)
			for (uint32_t k = 0; k < fit->sentences[i].times; k++)
				self->order[self->order_count++] = i;
	double decay = 1 / (self->options->cost * (double)(self->order_count + 1)), t = 0;
	for (uint32_t pass = 0; pass < passes; pass++) {
		shuffle(self);
		for (size_t i = 0; i < self->order_count; i++, t++) {
			double rate = self->options->rate / (1 + decay * self->options->rate * t);
			learn_sentence *s = &self->fit->sentences[self->order[i]];
			sentence_learn(self, s, (float)rate);
			self->scale *= (float)(1 - rate * decay);
			if (self->scale < SCALE_MIN)
				scale_renew(self);
			if (self->step && ++self->done % (self->all / 1000 + 1) == 0)
				self->step(self->arg, self->done, self->all);
		}
	}
}

/* Sentences that `runs` runs read. */
static size_t work(const entity_fit *fit, uint32_t runs, uint32_t before_passes, uint32_t passes)
{
	size_t all = 0;
	for (size_t i = 0; i < fit->sentence_count; i++)
		all += (size_t)fit->sentences[i].times * (fit->sentences[i].before ? before_passes : passes);
	return all * runs;
}

/* Runs in different orders of the sentences; adds their mean to the weights of the fit. */
static void run_all(descent *self, uint32_t runs, uint32_t before_passes, uint32_t passes)
{
	entity_fit *fit = self->fit;
	size_t n = (size_t)fit->row_count * fit->labels;
	for (uint32_t run = 0; run < runs; run++) {
		self->weights = mem_array(n + 1, sizeof *self->weights);
		self->squares = mem_array(fit->row_count + 1, sizeof *self->squares);
		memset(self->steps, 0, STEPS_OF(fit->types) * sizeof *self->steps);
		self->scale = 1;
		self->random = ((uint64_t)self->options->seed + 1) * 0x9E3779B97F4A7C15ull + run;
		random_next(&self->random);
		descend(self, true, before_passes);
		descend(self, false, passes);
		float share = 1 / (float)runs;
		for (size_t i = 0; i < n; i++)
			fit->weights[i] += self->weights[i] * self->scale * share;
		for (uint32_t i = 0; i < STEPS_OF(fit->types); i++)
			fit->steps[i] += self->steps[i] * share;
		free(self->weights);
		free(self->squares);
	}
}

/* With more rows than the model may have: one run to see which matter, then all runs on these. */
static void learn_all(descent *self)
{
	const entity_options *o = self->options;
	uint32_t before = o->before_passes ? 1 : 0, passes = (o->passes + 1) / 2;
	bool thin = self->fit->row_count > o->rows;
	self->all = work(self->fit, o->runs, o->before_passes, o->passes) + (thin ? work(self->fit, 1, before, passes) : 0);
	if (thin) {
		run_all(self, 1, before, passes);
		fit_thin(self->fit, o->rows);
	}
	run_all(self, o->runs, o->before_passes, o->passes);
}

entity_fit *entity_learn(const entity_data *data, const word_list *words, const entity_options *options, entity_step step, void *arg)
{
	entity_fit *fit = fit_new(data, words, options);
	uint32_t labels = fit->labels, steps = STEPS_OF(fit->types);
	descent *self = mem_alloc(sizeof *self);
	size_t order = 0;
	for (size_t i = 0; i < fit->sentence_count; i++)
		order += fit->sentences[i].times;
	*self = (descent){.fit = fit, .options = options, .lattice = lattice_new(fit->types, TAGGER_SENTENCE_MAX), .drop = options->drop,
			  .order = mem_array(order + 1, sizeof *self->order), .steps = mem_array(steps, sizeof *self->steps),
			  .errors = mem_array((size_t)TAGGER_SENTENCE_MAX * labels, sizeof *self->errors), .step_errors = mem_array(steps, sizeof *self->step_errors),
			  .allowed = mem_array(TAGGER_SENTENCE_MAX, labels), 
			  .step = step, .arg = arg};
	learn_all(self);
	lattice_free(&self->lattice);
	free(self->order);
	free(self->steps);
	free(self->errors);
	free(self->step_errors);
	free(self->allowed);
	free(self);
	return fit;
}
