/* scorer.c - see scorer.h. One walk over the grams finds the known ones (hits); counting, summing up and evidence (evidence.c) work on the hits. */
#include "scorer.h"

#include <math.h>
#include <stdlib.h>

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
	self->times = mem_array((size_t)1 << m->head.slots_log2, sizeof *self->times);
	self->mark = mem_array((size_t)1 << m->head.slots_log2, sizeof *self->mark);
	return self;
}

void scorer_free(scorer **self_p)
{
	scorer *self = *self_p;
	if (!self)
		return;
	*self_p = NULL;
	tokens_free(&self->tokens);
	free(self->text_hits.at);
	free(self->title_hits.at);
	free(self->text.at);
	free(self->title.at);
	free(self->part.at);
	free(self->times);
	free(self->mark);
	free(self->pushes);
	free(self->runs);
	free(self);
}

static void found_push(found *self, uint32_t slot)
{
	if (self->count == self->room) {
		self->room = self->room ? self->room * 2 : 4096;
		self->at = mem_grow(self->at, self->room, sizeof *self->at);
	}
	self->at[self->count++].slot = slot;
}

static void hits_room(hits *self, size_t most)
{
	if (most > self->room) {
		self->room = most + most / 2;
		self->at = mem_grow(self->at, self->room, sizeof *self->at);
	}
	self->count = 0;
}

/* Written whether found or not, kept if found: no branch. */
static inline void find_gram(void *arg, uint64_t hash, size_t first, size_t length)
{
	scorer *self = arg;
	hit *at = &self->text_hits.at[self->text_hits.count];
	at->place = (uint32_t)(first << 2 | length);
	self->text_hits.count += model_find(self->model, hash, &at->slot);
}

static inline void find_title_gram(void *arg, uint64_t hash, size_t first, size_t length)
{
	scorer *self = arg;
	hit *at = &self->title_hits.at[self->title_hits.count];
	at->place = (uint32_t)(first << 2 | length);
	self->title_hits.count += model_find(self->model, feature_of_title(hash), &at->slot);
}

/* Counts hits into the table, each `times`, until the first that begins at token `end` or later; returns the hits behind. */
static const hit *count_hits(scorer *self, found *part, const hit *at, const hit *last, size_t end, uint32_t times)
{
	for (; at < last && at->place >> 2 < end; at++) {
		uint16_t *now = &self->times[at->slot];
		if (!times)
			continue;
		if (!*now)
			found_push(part, at->slot);
		*now = (uint16_t)(*now + times < SCORER_TIMES_MAX ? *now + times : SCORER_TIMES_MAX - 1);
	}
	return at;
}

/* Takes the counts out of the table into `part`, adds the products with the weights to the scores of the components. */
static void found_sum(scorer *self, found *part, double share, double *score)
{
	const model_head *head = &self->model->head;
	double sum[MODEL_COMPONENTS_MAX] = {0}, length2 = 0;
	for (size_t i = 0; i < part->count; i++) {
		found_feature *f = &part->at[i];
		const uint16_t *cell = model_cell(self->model, f->slot);
		f->times = self->times[f->slot];
		self->times[f->slot] = 0;
		f->weight = self->damping[f->times] * (float)cell[0];
		length2 += (double)f->weight * f->weight;
		for (uint32_t c = 0; c < head->component_count; c++)
			sum[c] += (double)f->weight * (int16_t)cell[1 + c];
	}
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

static void text_score(scorer *self, double *components)
{
	const tokens *t = &self->tokens;
	const hit *at = self->text_hits.at, *last = at + self->text_hits.count;
	self->text.count = 0;
	at = count_hits(self, &self->text, at, last, t->title_count, self->zone_times[ZONE_TITLE]);
	at = count_hits(self, &self->text, at, last, t->lead_end, self->zone_times[ZONE_LEAD]);
	count_hits(self, &self->text, at, last, t->count, self->zone_times[ZONE_BODY]);
	found_sum(self, &self->text, 1, components);
}

/* The title's part is kept: sections of the text are scored with it. */
static void title_score(scorer *self, double *components)
{
	memset(self->title_part, 0, sizeof self->title_part);
	double share = self->model->head.title_share;
	const hit *at = self->title_hits.at;
	self->title.count = 0;
	if (share > 0)
		count_hits(self, &self->title, at, at + self->title_hits.count, self->tokens.title_count, 1);
	found_sum(self, &self->title, share, self->title_part);
	for (uint32_t c = 0; c < self->model->head.component_count; c++)
		components[c] += self->title_part[c];
}

/* What the sections of a long body say, each for itself: the most sure one counts. */
static void sections_score(scorer *self, scoring *out)
{
	const model_head *head = &self->model->head;
	const tokens *t = &self->tokens;
	const hit *at = self->text_hits.at, *last = at + self->text_hits.count;
	while (at < last && at->place >> 2 < t->title_count)
		at++;
	for (size_t from = t->title_count, end; from < t->count; from = end) {
		double components[MODEL_COMPONENTS_MAX], section[MODEL_LABELS_MAX];
		end = tokens_section_end(t, from);
		biases_set(head, components);
		self->part.count = 0;
		at = count_hits(self, &self->part, at, last, end, 1);
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
	size_t first = token_at(&self->tokens, from), end = token_at(&self->tokens, to), low = 0, high = self->text_hits.count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (self->text_hits.at[middle].place >> 2 < first)
			low = middle + 1;
		else
			high = middle;
	}
	double components[MODEL_COMPONENTS_MAX];
	for (uint32_t c = 0; c < head->component_count; c++)
		components[c] = head->components[c].bias + self->title_part[c];
	out->has_sections = false;
	self->part.count = 0;
	count_hits(self, &self->part, self->text_hits.at + low, self->text_hits.at + self->text_hits.count, end, 1);
	found_sum(self, &self->part, 1, components);
	scoring_reduce(head, components, out->score, out->component);
	scoring_finish(head, out);
	return end > first;
}

static void grams_find(scorer *self)
{
	const tokens *t = &self->tokens;
	hits_room(&self->text_hits, t->count * FEATURE_GRAM + 1);
	hits_room(&self->title_hits, t->title_count * FEATURE_GRAM + 1);
	features_walk(t->at, 0, t->count, find_gram, self);
	features_walk(t->at, 0, t->title_count, find_title_gram, self);
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
