/* evidence.c - from hashed features back to words. The features that push most towards a label are marked, and every
 * place where a marked gram stands gets its part of the contribution. Grams that overlap there grow together (人才公 + 才公寓 = 人才公寓), equal
 * runs are added up. A lone ideograph tells a reader nothing and is left out unless there is nothing else. */
#include <stdlib.h>

#include "common/mem.h"
#include "workers/classify/features.h"
#include "workers/classify/scorer_parts.h"

#define STRONG_FEATURES 48       /* looked at a label; contributions fall off fast: these carry most of a score */
#define TERMS_A_LABEL 5
#define WIDE_TERM_TOKENS 8       /* longest term in Han characters: 高层次人才公寓 has seven */
#define WORD_TERM_TOKENS 4       /* ... and in words */

typedef struct strong {
	double contribution;
	uint32_t feature;
	uint32_t times;
} strong;

static size_t strong_add(strong *best, size_t count, strong one)
{
	if (one.contribution <= 0 || (count == STRONG_FEATURES && one.contribution <= best[count - 1].contribution))
		return count;
	size_t at = count < STRONG_FEATURES ? count++ : count - 1;
	for (; at > 0 && best[at - 1].contribution < one.contribution; at--)
		best[at] = best[at - 1];
	best[at] = one;
	return count;
}

static size_t strong_find(scorer *self, uint32_t component, strong best[STRONG_FEATURES])
{
	size_t count = 0;
	const found *both[] = {&self->text, &self->title};
	for (int b = 0; b < 2; b++) {
		double step = both[b]->scale * self->model->head.components[component].weight_step;
		for (const found_feature *f = both[b]->at, *last = f + both[b]->count; f < last; f++) {
			int weight = (int16_t)model_cell(self->model, f->feature)[1 + component];
			if (weight > 0)
				count = strong_add(best, count, (strong){(double)f->weight * weight * step, f->feature, f->times});
		}
	}
	return count;
}

/* Whether a feature is marked: a bit, so that all of them stay in the nearest cache; `mark` says as which. */
static inline bool is_marked(const scorer *self, uint32_t feature)
{
	return self->marked[feature >> 6] >> (feature & 63) & 1;
}

static void push_hits(scorer *self, const hits *from, size_t length, const strong *best, bool title)
{
	for (size_t h = 0; h < from->count; h++) {
		if (!is_marked(self, from->at[h].feature))
			continue;
		uint8_t mark = self->mark[from->at[h].feature];
		size_t first = from->at[h].first;
		const strong *s = &best[mark - 1];
		double times = title ? 1 : self->zone_times[self->tokens.at[first].zone];
		float push = (float)(s->contribution * times / s->times / (double)length);
		for (size_t i = first; i < first + length; i++) {
			self->pushes[i].push += push;
			self->pushes[i].covered = 1;
			self->pushes[i].joined |= i > first;
		}
	}
}

static void pushes_fill(scorer *self, const strong *best, size_t count)
{
	if (self->tokens.count > self->push_room) {
		self->push_room = self->tokens.room;
		self->pushes = mem_grow(self->pushes, self->push_room, sizeof *self->pushes);
	}
	memset(self->pushes, 0, self->tokens.count * sizeof *self->pushes);
	for (size_t i = 0; i < count; i++) {
		self->mark[best[i].feature] = (uint8_t)(i + 1);
		self->marked[best[i].feature >> 6] |= 1ull << (best[i].feature & 63);
	}
	for (size_t n = 0; n < LISTS; n++) {
		push_hits(self, &self->text_places.of[n], list_length(n), best, false);
		push_hits(self, &self->title_places.of[n], list_length(n), best, true);
	}
	for (size_t i = 0; i < count; i++)
		self->marked[best[i].feature >> 6] = 0;
}

/* Particles that cling to a word without belonging to it. */
static bool is_particle(const token *t)
{
	static const uint32_t particles[] = {0x7684 /* 的 */, 0x4E86 /* 了 */, 0x548C /* 和 */, 0x4E0E /* 与 */, 0x53CA /* 及 */, 0x7B49 /* 等 */,
		0x5728 /* 在 */, 0x662F /* 是 */, 0x5BF9 /* 对 */, 0x4E3A /* 为 */, 0x5C06 /* 将 */, 0x88AB /* 被 */, 0x6216 /* 或 */, 0x4E2D /* 中 */};
	for (size_t i = 0; i < sizeof particles / sizeof *particles; i++)
		if (t->value == particles[i])
			return true;
	return false;
}

/* What stands at the edge of a term without belonging to it. */
static bool is_trimmed(const token *t)
{
	return t->mark || is_particle(t);
}

/* The strongest window of at most the length a term may have. */
static void run_narrow(const scorer *self, size_t *first, size_t *length)
{
	size_t most = self->tokens.at[*first].wide ? WIDE_TERM_TOKENS : WORD_TERM_TOKENS;
	if (*length <= most)
		return;
	double sum = 0, best = -1;
	size_t best_first = *first;
	for (size_t i = *first; i < *first + *length; i++) {
		sum += self->pushes[i].push;
		if (i >= *first + most)
			sum -= self->pushes[i - most].push;
		if (i + 1 >= *first + most && sum > best) {
			best = sum;
			best_first = i + 1 - most;
		}
	}
	*first = best_first;
	*length = most;
}

static void run_add(scorer *self, size_t first, size_t length)
{
	run_narrow(self, &first, &length);
	while (length > 1 && (length > 2 || self->tokens.at[first].mark) && is_trimmed(&self->tokens.at[first]))
		first++, length--;
	while (length > 1 && (length > 2 || self->tokens.at[first + length - 1].mark) && is_trimmed(&self->tokens.at[first + length - 1]))
		length--;
	uint64_t words = FEATURE_SEED;
	double push = 0;
	for (size_t i = first; i < first + length; i++) {
		words = feature_longer(words, self->tokens.at[i].value);
		push += self->pushes[i].push;
	}
	for (size_t i = 0; i < self->run_count; i++)
		if (self->runs[i].words == words) {
			self->runs[i].push += push;
			return;
		}
	if (self->run_count == self->run_room) {
		self->run_room = self->run_room ? self->run_room * 2 : 256;
		self->runs = mem_grow(self->runs, self->run_room, sizeof *self->runs);
	}
	self->runs[self->run_count++] = (evidence_run){words, (uint32_t)first, (uint32_t)length, push};
}

/* At most this many different runs are told apart: a bound on the search in run_add. */
#define RUNS_MAX 512

static void runs_find(scorer *self)
{
	self->run_count = 0;
	for (size_t i = 0; i < self->tokens.count && self->run_count < RUNS_MAX;) {
		size_t first = i++;
		if (!self->pushes[first].covered)
			continue;
		while (i < self->tokens.count && self->pushes[i].joined)
			i++;
		run_add(self, first, i - first);
	}
}

static bool is_lone_ideograph(const scorer *self, const evidence_run *run)
{
	return run->length == 1 && (self->tokens.at[run->first].wide || self->tokens.at[run->first].mark);
}

static int run_compare(const void *a, const void *b)
{
	const evidence_run *x = a, *y = b;
	if (x->push != y->push)
		return x->push < y->push ? 1 : -1;
	return x->first < y->first ? -1 : x->first > y->first;
}

static mr_bytes run_source(const scorer *self, const evidence_run *run)
{
	const token *first = &self->tokens.at[run->first], *last = first + run->length - 1;
	mr_bytes source = first->zone == ZONE_TITLE ? self->source_title : self->source_body;
	uint32_t end = last->end > first->start ? last->end : first->start;
	return (mr_bytes){source.data + first->start, end - first->start};
}

static size_t label_terms(scorer *self, uint32_t label, uint32_t component, evidence_term *terms, size_t max)
{
	strong best[STRONG_FEATURES];
	size_t count = strong_find(self, component, best), given = 0;
	pushes_fill(self, best, count);
	runs_find(self);
	qsort(self->runs, self->run_count, sizeof *self->runs, run_compare);
	for (int lone = 0; lone < 2 && !given; lone++)
		for (size_t i = 0; i < self->run_count && given < TERMS_A_LABEL && given < max; i++)
			if (is_lone_ideograph(self, &self->runs[i]) == lone)
				terms[given++] = (evidence_term){label, run_source(self, &self->runs[i]), self->runs[i].push};
	return given;
}

/* Strongest first; equal ones stay in their order, so that no address decides. */
static void terms_sort(evidence_term *terms, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		evidence_term one = terms[i];
		size_t at = i;
		for (; at > 0 && terms[at - 1].contribution < one.contribution; at--)
			terms[at] = terms[at - 1];
		terms[at] = one;
	}
}

size_t scorer_evidence(scorer *self, const scoring *said, evidence_term *terms, size_t max)
{
	size_t given = 0;
	for (uint32_t i = 0; i < said->label_count; i++)
		given += label_terms(self, said->labels[i], said->component[said->labels[i]], terms + given, max - given);
	terms_sort(terms, given);
	return given;
}
