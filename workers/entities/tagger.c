/* tagger.c - see tagger.h. A sentence in four steps: all grams of characters are hashed and their buckets fetched; the buckets are read, which gives rows
 * and words; the same for the grams of classes and words; the rows are added up place by place, and Viterbi finds the best labels. */
#include "tagger.h"

#include <assert.h>
#include <stdlib.h>

#include "common/mem.h"
#include "workers/entities/features.h"
#include "workers/entities/labels.h"

#define GRAMS_MAX (32 * TAGGER_ROOM)     /* at a place: 5 of characters, or 6 of classes and words, 4 of neighbours, 7 of names, 13 of brackets */
#define BAG_MOST 15000                   /* units; whatever the model's unit is, 16 bits hold it and ROWS_MOST * 127 */
#define ROWS_MOST 136                    /* at a place: 45, of names 19, neighbours 8 and 6 for each length of a word, brackets 13 */
#define USUAL_TYPES 4u                   /* of the shipped model */
#define MARGIN 8                         /* rows of scores before and behind the sentence, which nobody reads: grams of the boundary marks have places there */
#define NEVER (-(1 << 28))               /* score of what cannot be; far below any sum (512 * (ROWS_MOST * 127 + 15000 + 20000)) */

_Static_assert(BAG_MOST + ROWS_MOST * 127 <= INT16_MAX, "scores are summed up in 16 bits");
_Static_assert(45 + 19 + 8 + 6 * (TAGGER_WORD_MAX - 1) + 13 <= ROWS_MOST, "rows at a place");

typedef struct lookup {
	uint32_t bucket;
	uint16_t tag;
	int16_t place;
	uint8_t rows, length;
} lookup;

/* A lookup that the table may have an answer to: its cell is on the way to the cache. */
typedef struct found_cell { uint32_t lookup, cell; } found_cell;

typedef struct hit {
	uint32_t row;
	int16_t place;
	uint8_t places;
	bool bag;                        /* its last row belongs to the whole sentence */
} hit;

struct tagger {
	const tagger_model *model;
	uint32_t types, labels, starters, stride;
	sentence sentence;
	lookup lookups[GRAMS_MAX];
	found_cell cells[GRAMS_MAX + 1];
	hit hits[2 * GRAMS_MAX + 1];
	size_t hit_count;
	int32_t bag[4 * TAGGER_TYPES_MAX];       /* by label from 1: sum of the rows of the whole sentence */
	int16_t *scores, *all_scores;    /* by place and stride; with MARGIN rows around them */
	uint8_t *from;                   /* by place and label: the best label before */
	int32_t *best, *next;            /* by label */
	int32_t *inner;                  /* inner steps by step and type (the model has them by type and step) */
	int32_t *behind;                 /* by closed label: not further ahead of outside than this, it is on no best way (viterbi_step) */
	uint8_t path[TAGGER_SENTENCE_MAX];
	tagger_span *spans;
	size_t span_count, span_room;
};

tagger *tagger_new(const tagger_model *model)
{
	tagger *self = mem_alloc(sizeof *self);
	self->model = model;
	self->types = model->type_count;
	self->labels = LABELS_OF(self->types);
	self->starters = STARTERS_OF(self->types);
	self->stride = model->stride;
	self->all_scores = mem_array((size_t)(TAGGER_SENTENCE_MAX + 2 * MARGIN) * self->stride, sizeof *self->scores);
	self->scores = self->all_scores + (size_t)MARGIN * self->stride;
	self->from = mem_array((size_t)TAGGER_SENTENCE_MAX * self->labels, sizeof *self->from);
	self->best = mem_array(self->labels, sizeof *self->best);
	self->next = mem_array(self->labels, sizeof *self->next);
	self->inner = mem_array((size_t)INNER_STEPS * self->types, sizeof *self->inner);
	for (uint32_t i = 0; i < INNER_STEPS * self->types; i++)
		self->inner[i % INNER_STEPS * self->types + i / INNER_STEPS] = model->steps[(size_t)self->starters * self->starters + i];
	self->behind = mem_array(self->starters, sizeof *self->behind);
	for (uint32_t a = 0; a < self->starters; a++) {
		const int32_t *outside = model->steps, *steps = outside + (size_t)a * self->starters;
		self->behind[a] = outside[0] - steps[0];
		for (uint32_t b = 1; b < self->starters; b++)
			if (outside[b] - steps[b] < self->behind[a])
				self->behind[a] = outside[b] - steps[b];
	}
	return self;
}

void tagger_free(tagger **self_p)
{
	tagger *self = *self_p;
	if (!self)
		return;
	*self_p = NULL;
	free(self->all_scores);
	free(self->from);
	free(self->best);
	free(self->next);
	free(self->behind);
	free(self->inner);
	free(self->spans);
	free(self);
}

/* ---- grams to rows ---- */

/* Where the next lookup goes; in registers while a sentence is walked. */
struct gather { const uint16_t *tags; uint32_t slots_log2; lookup *at; };

static inline __attribute__((always_inline)) void lookup_add(void *arg, uint64_t hash, ptrdiff_t place, unsigned rows, unsigned length)
{
	struct gather *self = arg;
	uint32_t bucket = bucket_first(self->slots_log2, hash);
	__builtin_prefetch(self->tags + bucket);
	*self->at++ = (lookup){bucket, bucket_tag(hash), (int16_t)place, (uint8_t)rows, (uint8_t)length};
}

static void cell_mark(tagger *self, const tagger_cell *cell, size_t begin, size_t length)
{
	if (cell->class && length <= TAGGER_WORD_MAX)
		sentence_word(&self->sentence, begin, length, cell->class);
	if (cell->name && length > 1)            /* a file may say it of a single character */
		sentence_name(&self->sentence, begin, length, cell->name);
}

/* Words and names of more than four characters that begin as this gram does. */
static void longer_find(tagger *self, size_t begin)
{
	uint64_t h = word_hash(self->sentence.at + begin, 4);
	size_t most = self->model->name_count ? TAGGER_NAME_MAX : TAGGER_WORD_MAX;
	for (size_t n = 5; n <= most && begin + n <= TAGGER_PAD + self->sentence.count; n++) {
		h = gram_longer(h, self->sentence.at[begin + n - 1]);
		const tagger_cell *cell = tagger_model_find(self->model, h);
		if (cell)
			cell_mark(self, cell, begin, n);
	}
}

static void word_found(tagger *self, const lookup *l, const tagger_cell *cell)
{
	ptrdiff_t begin = gram_begin(l->place, l->length);
	if (begin < TAGGER_PAD || (size_t)begin + l->length > TAGGER_PAD + self->sentence.count)
		return;                          /* a boundary mark in it: no word, whatever the table says */
	cell_mark(self, cell, (size_t)begin, l->length);
	if (l->length == 4 && cell->flags & TAGGER_LONGER)
		longer_find(self, (size_t)begin);
}

/* Two passes, so that no read waits for memory: the first asks for the cells of what it finds, the second for the rows. */
static size_t cells_find(tagger *self, size_t lookup_count)
{
	const tagger_model *model = self->model;
	size_t count = 0;
	for (size_t i = 0; i < lookup_count; i++) {
		uint32_t bucket = self->lookups[i].bucket, found = bucket_matches(model->tags + bucket, self->lookups[i].tag);
		uint32_t cell = found ? bucket + (uint32_t)__builtin_ctz(found) : 0;
		self->cells[count] = (found_cell){(uint32_t)i, cell};
		__builtin_prefetch(model->cells + cell);
		count += found != 0;             /* without a jump: one in three is found, and no processor foresees which */
	}
	return count;
}

static void lookups_read(tagger *self, size_t lookup_count)
{
	const tagger_model *model = self->model;
	size_t count = cells_find(self, lookup_count);
	for (size_t i = 0; i < count; i++) {
		const lookup *l = &self->lookups[self->cells[i].lookup];
		const tagger_cell *cell = &model->cells[self->cells[i].cell];
		if (l->length && (cell->class | cell->flags | cell->name))
			word_found(self, l, cell);
		uint8_t places = cell->places & (uint8_t)((1u << l->rows) - 1);      /* a strange gram may have the same tag: not its rows beyond ours */
		const int8_t *rows = model->rows + (size_t)cell->row * self->stride;
		__builtin_prefetch(rows);
		__builtin_prefetch(rows + 4 * (size_t)self->stride);             /* up to five rows: two lines of the cache */
		self->hits[self->hit_count] = (hit){cell->row, l->place, places, l->length == 2};
		self->hit_count += places != 0;
	}
}

/* out += row; both of `stride` values, a multiple of 16. */
static inline void row_add(int16_t *out, const int8_t *row, uint32_t stride)
{
#ifdef __SSE2__
	for (uint32_t i = 0; i < stride; i += 16) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(row + i));
		__m128i low = _mm_srai_epi16(_mm_unpacklo_epi8(bytes, bytes), 8), high = _mm_srai_epi16(_mm_unpackhi_epi8(bytes, bytes), 8);
		__m128i *to = (__m128i *)(void *)(out + i);
		_mm_storeu_si128(to, _mm_add_epi16(_mm_loadu_si128(to), low));
		_mm_storeu_si128(to + 1, _mm_add_epi16(_mm_loadu_si128(to + 1), high));
	}
#else
	for (uint32_t i = 0; i < stride; i++)
		out[i] = (int16_t)(out[i] + row[i]);
#endif
}

/* The sum of the sentence's rows to all places, where something may begin. */
static inline __attribute__((always_inline)) void bag_spread(tagger *self, uint32_t types, uint32_t stride)
{
	int16_t share[4 * TAGGER_TYPES_MAX];
	int divisor = bag_divisor(self->sentence.count), most = (int)(TAGGER_BAG_NATS * 1000000 / self->model->unit);
	most = most < BAG_MOST ? most : BAG_MOST;
	for (uint32_t l = 0; l < 2 * types; l++) {
		int value = self->bag[l] / divisor;
		share[l] = (int16_t)(value > most ? most : value < -most ? -most : value);
	}
	for (size_t i = 0; i < self->sentence.count; i++)
		for (uint32_t l = 0; l < 2 * types; l++)
			self->scores[i * stride + l] = (int16_t)(self->scores[i * stride + l] + share[l]);
}

static inline __attribute__((always_inline)) void hits_add(tagger *self, uint32_t types, uint32_t stride)
{
	int16_t *scores = self->scores - (ptrdiff_t)TAGGER_PAD * stride;
	memset(self->scores, 0, self->sentence.count * stride * sizeof *self->scores);
	memset(self->bag, 0, sizeof self->bag);
	for (size_t i = 0; i < self->hit_count; i++) {
		const hit *h = &self->hits[i];
		const int8_t *row = self->model->rows + (size_t)h->row * stride;
		uint32_t places = h->places;
		if (h->bag && places >> TAGGER_BAG_ROW) {
			places ^= 1u << TAGGER_BAG_ROW;
			const int8_t *last = row + (size_t)__builtin_popcount(places) * stride;
			for (uint32_t l = 0; l < 2 * types; l++)
				self->bag[l] += last[l];
		}
		for (; places; places &= places - 1, row += stride) {
			ptrdiff_t place = h->place + __builtin_ctz(places);      /* -TAGGER_PAD to the last mark and TAGGER_PLACES_MAX */
			row_add(scores + place * (ptrdiff_t)stride, row, stride);
		}
	}
	self->hit_count = 0;
	bag_spread(self, types, stride);
}

/* ---- the best labels ---- */

static int32_t label_score(const tagger *self, size_t place, uint32_t label)
{
	return label ? self->scores[place * self->stride + label - 1] : 0;
}

/* The better of two ways, from a begin or an inside, to the insides or the ends (`to`) of all types. */
static inline __attribute__((always_inline)) void inner_ways(const int32_t *restrict best, const int32_t *restrict steps, int32_t *restrict next, uint8_t *restrict from, uint32_t types,
							     uint32_t to)
{
	uint32_t begin = label_of_type(types, PART_BEGIN, 0), inside = label_of_type(types, PART_INSIDE, 0);
	int32_t longer[TAGGER_TYPES_MAX];
	for (uint32_t t = 0; t < types; t++) {
		int32_t first = best[begin + t] + steps[t], further = best[inside + t] + steps[2 * types + t];
		longer[t] = further > first;
		next[to + t] = further > first ? further : first;
	}
	for (uint32_t t = 0; t < types; t++)
		from[to + t] = (uint8_t)(begin + t + (uint32_t)longer[t] * types);
}

/* Best ways to what may begin or stand outside. Most characters belong to no name: there no closed label but outside is near enough to be on a best way to anything,
 * which a comparison of all tells (exact: the same labels as without it). */
static inline __attribute__((always_inline)) void starter_ways(const tagger *self, const int32_t *restrict best, int32_t *restrict next, uint8_t *restrict from, uint32_t types)
{
	uint32_t starters = STARTERS_OF(types);
	const int32_t *steps = self->model->steps, *behind = self->behind;
	int32_t outside = best[LABEL_OUTSIDE], near = 0;
	for (uint32_t b = 0; b < starters; b++)
		next[b] = outside + steps[b];
	memset(from, LABEL_OUTSIDE, starters);
	for (uint32_t t = 1; t <= types; t++)
		near |= (best[t] - outside > behind[t]) | (best[t + 3 * types] - outside > behind[t + types]);
	for (uint32_t a = 1; near && a < starters; a++) {
		uint32_t before = label_closed(types, a);
		int32_t score = best[before];
		if (score - outside <= behind[a])
			continue;
		steps = self->model->steps + (size_t)a * starters;
		for (uint32_t b = 0; b < starters; b++) {
			int32_t way = score + steps[b];
			bool better = way > next[b];
			next[b] = better ? way : next[b];
			from[b] = better ? (uint8_t)before : from[b];
		}
	}
}

/* Best way to each label of a place. */
static inline __attribute__((always_inline)) void viterbi_step(tagger *self, size_t place, uint32_t types, uint32_t stride)
{
	uint32_t labels = LABELS_OF(types);
	uint8_t *from = self->from + place * labels;
	int32_t *best = self->best, *next = self->next;
	const int16_t *scores = self->scores + place * stride;
	starter_ways(self, best, next, from, types);
	inner_ways(best, self->inner, next, from, types, label_of_type(types, PART_INSIDE, 0));
	inner_ways(best, self->inner + types, next, from, types, label_of_type(types, PART_END, 0));
	if (self->sentence.at[TAGGER_PAD + place] == ',') {
		for (uint32_t l = 1; l < labels; l++)
			next[l] = NEVER;                 /* no name goes over a comma (in one of 1,300 annotated ones there is one) */
	} else {
		for (uint32_t l = 1; l < labels; l++)
			next[l] += scores[l - 1];
	}
	self->best = next;
	self->next = best;
}

static inline __attribute__((always_inline)) void viterbi(tagger *self, uint32_t types, uint32_t stride)
{
	size_t count = self->sentence.count;
	for (uint32_t l = 0; l < self->labels; l++)
		self->best[l] = l < self->starters && (!l || self->sentence.at[TAGGER_PAD] != ',') ? label_score(self, 0, l) : NEVER;
	for (size_t i = 1; i < count; i++)
		viterbi_step(self, i, types, stride);
	uint32_t last = LABEL_OUTSIDE;
	for (uint32_t a = 1; a < self->starters; a++)
		if (self->best[label_closed(self->types, a)] > self->best[last])
			last = label_closed(self->types, a);
	for (size_t i = count; i-- > 0;) {
		self->path[i] = (uint8_t)last;
		last = i ? self->from[i * self->labels + last] : 0;
	}
}

/* Numbers that the compiler knows unroll the inner loops: the four types of the shipped model have their own copy. */
static void label(tagger *self)
{
	if (self->types == USUAL_TYPES && self->stride == 4 * USUAL_TYPES) {
		hits_add(self, USUAL_TYPES, 4 * USUAL_TYPES);
		viterbi(self, USUAL_TYPES, 4 * USUAL_TYPES);
	} else {
		hits_add(self, self->types, self->stride);
		viterbi(self, self->types, self->stride);
	}
}

/* ---- labels to spans ---- */

/* Value of the step from label a to label b, of which one follows the other in a path. */
static int32_t step_value(const tagger *self, uint32_t a, uint32_t b)
{
	uint32_t types = self->types, starters = self->starters;
	if (b < starters)
		return self->model->steps[(a <= types ? a : a - 2 * types) * starters + b];
	uint32_t inside = label_of_type(types, PART_INSIDE, 0), type = (a - 1) % types;
	uint32_t step = (a >= inside ? INSIDE_INSIDE : BEGIN_INSIDE) + (b >= label_of_type(types, PART_END, 0));
	return self->model->steps[starters * starters + type * INNER_STEPS + step];
}

/* The path through the span against the same path with nothing in its place, in units. */
static int64_t span_margin(const tagger *self, size_t begin, size_t end)
{
	int64_t with = 0, without = 0;
	for (size_t i = begin; i < end; i++)
		with += label_score(self, i, self->path[i]);
	for (size_t i = begin ? begin : 1; i <= end && i < self->sentence.count; i++) {
		with += step_value(self, self->path[i - 1], self->path[i]);
		without += step_value(self, i > begin ? LABEL_OUTSIDE : self->path[i - 1], i < end ? LABEL_OUTSIDE : self->path[i]);
	}
	return with - without;
}

static void span_add(tagger *self, size_t base, size_t begin, size_t end)
{
	if (self->span_count == self->span_room) {
		self->span_room = self->span_room ? self->span_room * 2 : 256;
		self->spans = mem_grow(self->spans, self->span_room, sizeof *self->spans);
	}
	int64_t margin = span_margin(self, begin, end) * self->model->unit / 1000;
	margin = margin > INT32_MAX ? INT32_MAX : margin < INT32_MIN ? INT32_MIN : margin;
	self->spans[self->span_count++] = (tagger_span){.begin = (uint32_t)(base + begin), .end = (uint32_t)(base + end),
							.type = (uint16_t)((self->path[begin] - 1) % self->types), .margin = (int32_t)margin};
}

static void spans_add(tagger *self, size_t base)
{
	uint32_t begin = label_of_type(self->types, PART_BEGIN, 0), inside = label_of_type(self->types, PART_INSIDE, 0);
	for (size_t i = 0; i < self->sentence.count; i++) {
		if (self->path[i] == LABEL_OUTSIDE)
			continue;
		size_t end = i + 1;
		if (self->path[i] >= begin && self->path[i] < inside)
			while (self->path[end++] < label_of_type(self->types, PART_END, 0))
				;
		span_add(self, base, i, end);
		i = end - 1;
	}
}

/* No name begins or ends with a blank, whatever stood beside one in the texts that were learnt. */
static void spans_trim(tagger *self, const uint32_t *characters)
{
	size_t kept = 0;
	for (size_t i = 0; i < self->span_count; i++) {
		tagger_span span = self->spans[i];
		while (span.begin < span.end && characters[span.begin] == ' ')
			span.begin++;
		while (span.begin < span.end && characters[span.end - 1] == ' ')
			span.end--;
		if (span.begin < span.end)
			self->spans[kept++] = span;
	}
	self->span_count = kept;
}

size_t tagger_read(tagger *self, const uint32_t *characters, size_t count, const tagger_span **spans)
{
	self->span_count = 0;
	for (size_t from = 0, to; from < count; from = to) {
		to = sentence_end(characters, count, from);
		sentence_fill(&self->sentence, self->model->features, characters + from, to - from);
		struct gather gather = {self->model->tags, self->model->slots_log2, self->lookups};
		grams_walk(&self->sentence, lookup_add, &gather);
		lookups_read(self, (size_t)(gather.at - self->lookups));
		gather.at = self->lookups;
		classes_walk(&self->sentence, lookup_add, &gather);
		lookups_read(self, (size_t)(gather.at - self->lookups));
		label(self);
		spans_add(self, from);
	}
	spans_trim(self, characters);
	*spans = self->spans;
	return self->span_count;
}
