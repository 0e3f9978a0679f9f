/* scorer.c - see scorer.h. One walk over the grams finds the places of the known ones; counting, summing up and evidence (evidence.c) work on the places. The walk
 * has no branch that a gram decides: what a text says next cannot be foreseen, and a branch guessed wrong costs as much as five grams. */
#include "scorer.h"

#include <math.h>
#include <stdlib.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "common/mem.h"
#include "workers/classify/features.h"
#include "workers/classify/scorer_parts.h"

void scorer_damping(float out[SCORER_TIMES_MAX])
{
	out[0] = 0;
	for (int i = 1; i < SCORER_TIMES_MAX; i++)
		out[i] = sqrtf((float)i);        /* correctly rounded everywhere, as log() is not */
}

scorer *scorer_new(const model *m)
{
	scorer *self = mem_alloc(sizeof *self);
	self->model = m;
	scorer_damping(self->damping);
	self->lists = m->head.words ? LISTS : LISTS_GRAMS;
	self->sieve = sieve_new(m);
	self->times = mem_array((size_t)m->head.features + 1, sizeof *self->times);
	self->mark = mem_array((size_t)m->head.features + 1, sizeof *self->mark);
	self->marked = mem_array((size_t)m->head.features / 64 + 1, sizeof *self->marked);
	return self;
}

void scorer_free(scorer **self_p)
{
	scorer *self = *self_p;
	if (!self)
		return;
	*self_p = NULL;
	tokens_free(&self->tokens);
	sieve_free(&self->sieve);
	free(self->candidates);
	free(self->text_places.block);
	free(self->title_places.block);
	free(self->text.at);
	free(self->title.at);
	free(self->part.at);
	free(self->times);
	free(self->mark);
	free(self->marked);
	free(self->pushes);
	free(self->runs);
	free(self);
}

/* Room for `more` features behind those that are there. */
static void found_room(found *self, size_t more)
{
	if (self->count + more > self->room) {
		self->room = (self->count + more) * 3 / 2 + 64;
		self->at = mem_grow(self->at, self->room, sizeof *self->at);
	}
}

/* Room for what so many tokens hold, in the first `lists` lists. */
static void places_room(places *self, size_t tokens, size_t lists)
{
	if (tokens + 1 > self->room) {
		self->room = tokens + tokens / 2 + 64;
		free(self->block);
		self->block = mem_array(self->room * lists, sizeof *self->block);
	}
	for (size_t n = 0; n < LISTS; n++)
		self->of[n] = (hits){n < lists ? self->block + n * self->room : NULL, 0};
}

/* First hit that begins at a token or behind it. */
static size_t hit_at(const hits *hits, size_t token)
{
	size_t low = 0, high = hits->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (hits->at[middle].first < token)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Counts the hits of one length into the table, each `times`, until the first that begins at token `end` or later; *at moves behind them. A feature is written to `part`
 * whether it is new or not, kept if it is. */
static void count_hits(scorer *self, found *part, const hits *hits, size_t *at, size_t end, uint32_t times)
{
	const hit *h = hits->at + *at, *last = hits->at + hit_at(hits, end);
	uint16_t *table = self->times;
	*at = (size_t)(last - hits->at);
	if (!times)
		return;
	found_room(part, (size_t)(last - h) + 1);
	found_feature *out = part->at + part->count;
	for (; h < last; h++) {
		uint32_t now = table[h->feature], sum = now + times;
		out->feature = h->feature;
		out += !now;
		table[h->feature] = (uint16_t)(sum < SCORER_TIMES_MAX ? sum : SCORER_TIMES_MAX - 1);
	}
	part->count = (size_t)(out - part->at);
}

/* Takes the count of a feature out of the table; returns the feature's weight in the text. */
static inline double found_weight(scorer *self, found_feature *f, const uint16_t *cell)
{
	f->times = self->times[f->feature];
	self->times[f->feature] = 0;
	f->weight = self->damping[f->times] * (float)cell[0];
	return f->weight;
}

#ifdef __SSE2__
/* The sums of eight components, each by itself: the order of additions is that of the features, as in plain C. Returns the squared length. */
static double eight_sum(scorer *self, found *part, double sum[8])
{
	__m128d s0 = _mm_setzero_pd(), s2 = s0, s4 = s0, s6 = s0;
	double length2 = 0;
	for (found_feature *f = part->at, *last = f + part->count; f < last; f++) {
		const uint16_t *cell = model_cell(self->model, f->feature);
		double weight = found_weight(self, f, cell);
		__m128i raw = _mm_loadu_si128((const __m128i *)(const void *)(cell + 1));
		__m128i low = _mm_srai_epi32(_mm_unpacklo_epi16(raw, raw), 16), high = _mm_srai_epi32(_mm_unpackhi_epi16(raw, raw), 16);
		__m128d times = _mm_set1_pd(weight);
		length2 += weight * weight;
		s0 = _mm_add_pd(s0, _mm_mul_pd(_mm_cvtepi32_pd(low), times));
		s2 = _mm_add_pd(s2, _mm_mul_pd(_mm_cvtepi32_pd(_mm_unpackhi_epi64(low, low)), times));
		s4 = _mm_add_pd(s4, _mm_mul_pd(_mm_cvtepi32_pd(high), times));
		s6 = _mm_add_pd(s6, _mm_mul_pd(_mm_cvtepi32_pd(_mm_unpackhi_epi64(high, high)), times));
	}
	_mm_storeu_pd(sum, s0);
	_mm_storeu_pd(sum + 2, s2);
	_mm_storeu_pd(sum + 4, s4);
	_mm_storeu_pd(sum + 6, s6);
	return length2;
}
#endif

static double any_sum(scorer *self, found *part, double *sum)
{
	uint32_t components = self->model->head.component_count;
	double length2 = 0;
	for (found_feature *f = part->at, *last = f + part->count; f < last; f++) {
		const uint16_t *cell = model_cell(self->model, f->feature);
		double weight = found_weight(self, f, cell);
		length2 += weight * weight;
		for (uint32_t c = 0; c < components; c++)
			sum[c] += weight * (int16_t)cell[1 + c];
	}
	return length2;
}

/* Takes the counts out of the table into `part`, adds the products with the weights to the scores of the components. */
static void found_sum(scorer *self, found *part, double share, double *score)
{
	const model_head *head = &self->model->head;
	double sum[MODEL_COMPONENTS_MAX] = {0}, length2;
#ifdef __SSE2__
	length2 = head->component_count == 8 ? eight_sum(self, part, sum) : any_sum(self, part, sum);
#else
	length2 = any_sum(self, part, sum);
#endif
	part->scale = length2 > 0 ? share / sqrt(length2) : 0;
	for (uint32_t c = 0; c < head->component_count; c++)
		score[c] += sum[c] * part->scale * head->components[c].weight_step;
}

void scoring_reduce(const model_head *head, const double *components, double *score, uint32_t *component)
{
	for (uint32_t c = 0; c < head->component_count; c++) {
		uint32_t l = head->components[c].label;
		bool first = c == 0 || head->components[c - 1].label != l;
		if (!first && components[c] <= score[l])
			continue;
		score[l] = components[c];
		if (component)
			component[l] = c;
	}
}

static void biases_set(const model_head *head, double *components)
{
	for (uint32_t c = 0; c < head->component_count; c++)
		components[c] = head->components[c].bias;
}

static void labels_choose(const model_head *head, scoring *out)
{
	out->label_count = 0;
	for (uint32_t l = 0; l < head->label_count; l++) {
		if (!head->single && out->probability[l] < head->labels[l].threshold)
			continue;
		uint32_t at = out->label_count++;
		for (; at > 0 && out->probability[out->labels[at - 1]] < out->probability[l]; at--)
			out->labels[at] = out->labels[at - 1];
		out->labels[at] = l;
	}
	if (head->single)
		out->label_count = 1;
	out->primary = out->label_count ? (int)out->labels[0] : -1;
}

static double probability_of(const model_label *label, double score)
{
	return 1 / (1 + exp(label->slope * score + label->offset));
}

/* A section that is sure of a second subject adds its label, but only to a text that as a whole has one: of a match report nobody wants to
 * know that one paragraph tells of a school. */
static void sections_join(const model_head *head, scoring *out)
{
	bool labelled = false;
	for (uint32_t l = 0; l < head->label_count; l++)
		labelled |= out->probability[l] >= head->labels[l].threshold;
	for (uint32_t l = 0; labelled && l < head->label_count; l++) {
		double section = probability_of(&head->labels[l], out->section_score[l]);
		if (section >= head->labels[l].section_threshold && section > out->probability[l])
			out->probability[l] = section;
	}
}

void scoring_finish(const model_head *head, scoring *out)
{
	double total = 0;
	for (uint32_t l = 0; l < head->label_count; l++) {
		out->probability[l] = probability_of(&head->labels[l], out->score[l]);
		total += out->probability[l];
	}
	for (uint32_t l = 0; head->single && total > 0 && l < head->label_count; l++)
		out->probability[l] /= total;
	if (out->has_sections && !head->single)
		sections_join(head, out);
	labels_choose(head, out);
}

/* By list: how far the places of a text are read. */
typedef struct reader_at { size_t at[LISTS]; } reader_at;

static void count_until(scorer *self, found *part, const places *from, reader_at *at, size_t end, uint32_t times)
{
	for (size_t n = 0; n < self->lists; n++)
		count_hits(self, part, &from->of[n], &at->at[n], end, times);
}

static void text_score(scorer *self, double *components)
{
	const tokens *t = &self->tokens;
	reader_at at = {{0}};
	self->text.count = 0;
	count_until(self, &self->text, &self->text_places, &at, t->title_count, self->zone_times[ZONE_TITLE]);
	count_until(self, &self->text, &self->text_places, &at, t->lead_end, self->zone_times[ZONE_LEAD]);
	count_until(self, &self->text, &self->text_places, &at, t->count, self->zone_times[ZONE_BODY]);
	found_sum(self, &self->text, 1, components);
}

/* The title's part is kept: sections of the text are scored with it. */
static void title_score(scorer *self, double *components)
{
	memset(self->title_part, 0, sizeof self->title_part);
	double share = self->model->head.title_share;
	reader_at at = {{0}};
	self->title.count = 0;
	if (share > 0)
		count_until(self, &self->title, &self->title_places, &at, self->tokens.title_count, 1);
	found_sum(self, &self->title, share, self->title_part);
	for (uint32_t c = 0; c < self->model->head.component_count; c++)
		components[c] += self->title_part[c];
}

/* What the sections of a long body say, each for itself: the most sure one counts. */
static void sections_score(scorer *self, scoring *out)
{
	const model_head *head = &self->model->head;
	const tokens *t = &self->tokens;
	reader_at at = {{0}};
	count_until(self, &self->part, &self->text_places, &at, t->title_count, 0);
	for (size_t from = t->title_count, end; from < t->count; from = end) {
		double components[MODEL_COMPONENTS_MAX], section[MODEL_LABELS_MAX];
		end = tokens_section_end(t, from);
		biases_set(head, components);
		self->part.count = 0;
		count_until(self, &self->part, &self->text_places, &at, end, 1);
		found_sum(self, &self->part, 1, components);
		scoring_reduce(head, components, section, NULL);
		for (uint32_t l = 0; l < head->label_count; l++)
			out->section_score[l] = from > t->title_count && out->section_score[l] > section[l] ? out->section_score[l] : section[l];
	}
}

/* First token of the body at or behind a byte of the source. */
static size_t token_at(const tokens *t, size_t byte)
{
	size_t low = t->title_count, high = t->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (t->at[middle].start < byte)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool scorer_part(scorer *self, size_t from, size_t to, scoring *out)
{
	const model_head *head = &self->model->head;
	size_t first = token_at(&self->tokens, from), end = token_at(&self->tokens, to);
	double components[MODEL_COMPONENTS_MAX];
	reader_at at;
	for (uint32_t c = 0; c < head->component_count; c++)
		components[c] = head->components[c].bias + self->title_part[c];
	for (size_t n = 0; n < self->lists; n++)
		at.at[n] = hit_at(&self->text_places.of[n], first);
	out->has_sections = false;
	self->part.count = 0;
	count_until(self, &self->part, &self->text_places, &at, end, 1);
	found_sum(self, &self->part, 1, components);
	scoring_reduce(head, components, out->score, out->component);
	scoring_finish(head, out);
	return end > first;
}

/* Writes a hit whether found or not, keeps it if found: no branch. */
static inline void keep_if_found(const model *m, uint64_t hash, uint32_t first, hits *out)
{
	hit *at = &out->at[out->count];
	at->first = first;
	out->count += model_find(m, hash, &at->feature);
}

/* The single tokens of a text that the model knows. */
static void singles_find(scorer *self, places *out)
{
	const token *t = self->tokens.at;
	const uint32_t *features = self->sieve.features;
	hits *hits = &out->of[0];
	size_t count = 0;
	for (size_t i = 0, all = self->tokens.count; i < all; i++) {
		hit *at = &hits->at[count];
		at->first = (uint32_t)i;
		if (t[i].value < SIEVE_CHARACTERS) {
			at->feature = features[t[i].value];
			count += at->feature != SIEVE_NONE;
		} else {
			count += model_find(self->model, feature_longer(FEATURE_SEED, t[i].value), &at->feature);
		}
	}
	hits->count = count;
}

/* Pairs and triples: the sieve chooses candidates, the table tells which of them are known. */
static inline __attribute__((always_inline)) void candidates_find(scorer *self, sieve_candidate **pairs_end, sieve_candidate **triples_end)
{
	const uint64_t *words = self->sieve.words;
	uint32_t joined_before = 0, i = 0;
	uint64_t one = 0, two = 0;               /* of the token before alone, and of the two before */
	sieve_candidate *pairs = self->candidates, *triples = pairs + self->candidate_room;
	for (const token *t = self->tokens.at, *last = t + self->tokens.count; t < last; t++, i++) {
		uint32_t joined = !t->breaks & (i > 0);
		uint64_t pair = feature_longer(one, t->value), triple = feature_longer(two, t->value);
		*pairs = (sieve_candidate){pair, i - 1};
		pairs += sieve_may(words, pair) & joined;
		*triples = (sieve_candidate){triple, i - 2};
		triples += sieve_may(words, triple) & joined & joined_before;
		one = feature_longer(FEATURE_SEED, t->value);
		two = pair;
		joined_before = joined;
	}
	*pairs_end = pairs;
	*triples_end = triples;
}

#ifdef __x86_64__
/* With BMI2 (of 2013) the shifts of the sieve cost a third. The answers are the same. */
__attribute__((target("bmi2"))) static void candidates_find_bmi2(scorer *self, sieve_candidate **pairs_end, sieve_candidate **triples_end)
{
	candidates_find(self, pairs_end, triples_end);
}
#endif

static void longer_find(scorer *self, places *out)
{
	sieve_candidate *pairs_end, *triples_end;
#ifdef __x86_64__
	if (__builtin_cpu_supports("bmi2"))
		candidates_find_bmi2(self, &pairs_end, &triples_end);
	else
#endif
		candidates_find(self, &pairs_end, &triples_end);
	for (const sieve_candidate *c = self->candidates; c < pairs_end; c++)
		keep_if_found(self->model, c->hash, c->first, &out->of[1]);
	for (const sieve_candidate *c = self->candidates + self->candidate_room; c < triples_end; c++)
		keep_if_found(self->model, c->hash, c->first, &out->of[2]);
}

static inline void find_title_gram(void *arg, uint64_t hash, size_t first, size_t length)
{
	scorer *self = arg;
	keep_if_found(self->model, feature_of_title(hash), (uint32_t)first, &self->title_places.of[length - 1]);
}

static bool word_is_known(void *arg, uint64_t word)
{
	uint32_t feature;
	return model_find(((scorer *)arg)->model, word, &feature);
}

static void find_word(void *arg, uint64_t hash, size_t first, size_t length, bool pair)
{
	scorer *self = arg;
	keep_if_found(self->model, hash, (uint32_t)first, &self->text_places.of[pair ? LISTS_WORDS + length - 2 : LISTS_GRAMS + length - 1]);
}

static void grams_find(scorer *self)
{
	_Static_assert(FEATURE_GRAM == 3, "singles, pairs and triples");
	const tokens *t = &self->tokens;
	if (t->count + 1 > self->candidate_room) {
		self->candidate_room = t->count + t->count / 2 + 64;
		free(self->candidates);
		self->candidates = mem_array(2 * self->candidate_room, sizeof *self->candidates);
	}
	places_room(&self->text_places, t->count, self->lists);
	places_room(&self->title_places, t->title_count, self->lists);
	singles_find(self, &self->text_places);
	longer_find(self, &self->text_places);
	features_walk(t->at, 0, t->title_count, find_title_gram, self);
	if (self->model->head.words)
		words_walk(t->at, 0, t->count, word_is_known, self, find_word, self);
}

void scorer_read(scorer *self, mr_bytes title, mr_bytes body, scoring *out)
{
	const model_head *head = &self->model->head;
	self->source_title = title;
	self->source_body = body;
	double components[MODEL_COMPONENTS_MAX];
	tokens_read(&self->tokens, title, body, head->marks);
	self->zone_times[ZONE_TITLE] = head->title_times;
	self->zone_times[ZONE_LEAD] = head->lead_times;
	self->zone_times[ZONE_BODY] = 1;
	biases_set(head, components);
	grams_find(self);
	text_score(self, components);
	title_score(self, components);
	scoring_reduce(head, components, out->score, out->component);
	out->has_sections = false;
	scoring_finish(head, out);
	if (out->label_count && out->label_count < head->label_count && !head->single && tokens_has_sections(&self->tokens)) {
		out->has_sections = true;
		sections_score(self, out);
		scoring_finish(head, out);
	}
}
