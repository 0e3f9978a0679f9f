/* contributions.c - a score taken apart to the last gram: see scorer.h. Not on the worker's way: what the record shows as evidence comes from evidence.c. */
#include <math.h>
#include <stdlib.h>

#include "common/mem.h"
#include "workers/classify/scorer_parts.h"

double scorer_sum_of_contributions(scorer *self, uint32_t component)
{
	double sum = self->model->head.components[component].bias;
	const found *both[] = {&self->text, &self->title};
	for (int b = 0; b < 2; b++)
		for (size_t i = 0; i < both[b]->count; i++)
			sum += found_contribution(self, both[b], &both[b]->at[i], component);
	return sum;
}

const tokens *scorer_tokens(const scorer *self)
{
	return &self->tokens;
}

static void tokens_add_places(const scorer *self, const hits *from, size_t length, bool title, const double *by_feature, double *out)
{
	for (size_t h = 0; h < from->count; h++) {
		size_t first = from->at[h].first;
		double times = title ? 1 : self->zone_times[self->tokens.at[first].zone];
		for (size_t i = first; i < first + length; i++)
			out[i] += by_feature[from->at[h].feature] * times / (double)length;
	}
}

static void tokens_add_part(const scorer *self, const found *part, const places *from, bool title, uint32_t component, double *by_feature, double *out)
{
	for (size_t i = 0; i < part->count; i++)
		by_feature[part->at[i].feature] = found_contribution(self, part, &part->at[i], component) / part->at[i].times;
	for (size_t n = 0; n < LISTS; n++)
		tokens_add_places(self, &from->of[n], list_length(n), title, by_feature, out);
	for (size_t i = 0; i < part->count; i++)
		by_feature[part->at[i].feature] = 0;
}

void scorer_token_contributions(const scorer *self, uint32_t component, double *out)
{
	double *by_feature = mem_array((size_t)self->model->head.features + 1, sizeof *by_feature);
	for (size_t i = 0; i < self->tokens.count; i++)
		out[i] = 0;
	tokens_add_part(self, &self->text, &self->text_places, false, component, by_feature, out);
	tokens_add_part(self, &self->title, &self->title_places, true, component, by_feature, out);
	free(by_feature);
}

static size_t gram_add(gram_term *best, size_t count, size_t max, gram_term one)
{
	if (count == max && fabs(one.contribution) <= fabs(best[count - 1].contribution))
		return count;
	size_t at = count < max ? count++ : count - 1;
	for (; at > 0 && fabs(best[at - 1].contribution) < fabs(one.contribution); at--)
		best[at] = best[at - 1];
	best[at] = one;
	return count;
}

/* Where a gram stands first. */
typedef struct first_place {
	uint32_t first, length;          /* tokens; length 0: not yet */
} first_place;

static mr_bytes gram_words(const scorer *self, first_place place)
{
	const token *first = &self->tokens.at[place.first], *last = first + place.length - 1;
	mr_bytes source = first->zone == ZONE_TITLE ? self->source_title : self->source_body;
	return (mr_bytes){source.data + first->start, last->end - first->start};
}

static void first_places(const places *from, first_place *by_feature)
{
	for (uint32_t n = 0; n < LISTS; n++)
		for (size_t h = from->of[n].count; h-- > 0;)             /* the first one is written last */
			by_feature[from->of[n].at[h].feature] = (first_place){from->of[n].at[h].first, (uint32_t)list_length(n)};
}

size_t scorer_grams(const scorer *self, uint32_t component, gram_term *out, size_t max)
{
	const found *parts[] = {&self->text, &self->title};
	const places *from[] = {&self->text_places, &self->title_places};
	first_place *by_feature = mem_array((size_t)self->model->head.features + 1, sizeof *by_feature);
	size_t count = 0;
	for (int b = 0; b < 2 && max; b++) {
		first_places(from[b], by_feature);
		for (size_t i = 0; i < parts[b]->count; i++) {
			const found_feature *f = &parts[b]->at[i];
			count = gram_add(out, count, max, (gram_term){gram_words(self, by_feature[f->feature]), f->times, b == 1, found_contribution(self, parts[b], f, component)});
		}
	}
	free(by_feature);
	return count;
}
