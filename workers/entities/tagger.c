/* tagger.c - see tagger.h. A sentence in four steps: its characters are looked up, and all grams of them are hashed and their buckets fetched; the buckets are
 * read, which gives rows and words; the same for the grams of classes and words; the labeller finds the best labels from the rows. */
#include "tagger.h"

#include <assert.h>
#include <stdlib.h>

#include "common/mem.h"
#include "workers/entities/features.h"
#include "workers/entities/labeller.h"
#include "workers/entities/labels.h"
#include "workers/entities/tagger_known.h"

#define GRAMS_MAX (32 * TAGGER_ROOM)     /* at a place: 5 of characters, or 6 of classes and words, 4 of neighbours, 7 of names, 13 of brackets */

/* What a lookup is for. */
typedef struct purpose {
	int16_t place;                   /* of the sentence, as a labeller_hit's */
	uint8_t rows, length;            /* features.h */
} purpose;

typedef struct lookup {
	uint32_t bucket;
	uint16_t tag;
	purpose what;
} lookup;

/* A lookup that the table may have an answer to: its cell is on the way to the cache. */
typedef struct found_cell {
	uint32_t cell;
	purpose what;
} found_cell;

struct tagger {
	const tagger_model *model;
	labeller *labeller;
	uint32_t types;
	sentence sentence;
	lookup lookups[GRAMS_MAX + 1];
	found_cell cells[GRAMS_MAX + 1];
	uint32_t characters[TAGGER_ROOM], pairs[TAGGER_ROOM];    /* known rows, by place */
	labeller_hit hits[2 * GRAMS_MAX + 1];
	size_t hit_count;
	uint32_t bag[TAGGER_ROOM + 1];   /* rows of the whole sentence */
	size_t bag_count;
	const uint8_t *path;             /* labels of the sentence */
	tagger_span *spans;
	size_t span_count, span_room;
	tagger_known known;
};

tagger *tagger_new(const tagger_model *model)
{
	tagger *self = mem_alloc(sizeof *self);
	self->model = model;
	self->types = model->type_count;
	self->labeller = labeller_new(model);
	tagger_known_begin(&self->known, model);
	return self;
}

void tagger_free(tagger **self_p)
{
	tagger *self = *self_p;
	if (!self)
		return;
	*self_p = NULL;
	labeller_free(&self->labeller);
	tagger_known_end(&self->known);
	free(self->spans);
	free(self);
}

/* ---- grams to rows ---- */

/* Where the next lookup and the next hit go; in registers while a sentence is walked. */
struct gather {
	tagger_known *known;
	const int8_t *rows;
	const uint16_t *tags;
	uint32_t stride, slots_log2;
	lookup *at;
	labeller_hit *hits;
	uint32_t *pairs;
};

/* Without a jump: what a gram brings cannot be foreseen. */
static inline __attribute__((always_inline)) labeller_hit *hit_add(labeller_hit *at, const int8_t *rows, uint32_t stride, uint32_t row, ptrdiff_t place, uint32_t places)
{
	row *= stride;
	__builtin_prefetch(rows + row);
	__builtin_prefetch(rows + row + 4 * (size_t)stride);     /* up to five rows: two lines of the cache */
	*at = (labeller_hit){row, (int16_t)place, (uint8_t)places};
	return at + (places != 0);
}

static inline __attribute__((always_inline)) void gram_add(void *arg, gram g)
{
	struct gather *self = arg;
	if (g.group == GRAM_CHARACTER)
		return;                          /* sentence_take */
	if (g.group == GRAM_CLASS_PAIR) {
		self->pairs[g.place + 1] = known_pair_get(self->known, &g);
		return;
	}
	if (g.group != GRAM_OF_MANY) {
		known_gram k = known_mark_get(self->known, &g);
		self->hits = hit_add(self->hits, self->rows, self->stride, k.row, g.place - TAGGER_PAD, k.places);
		return;
	}
	uint32_t bucket = bucket_first(self->slots_log2, g.hash);
	__builtin_prefetch(self->tags + bucket);
	*self->at = (lookup){bucket, bucket_tag(g.hash), {(int16_t)(g.place - TAGGER_PAD), (uint8_t)g.rows, (uint8_t)g.length}};
	self->at += !g.absent;
}

static void cell_mark(tagger *self, const tagger_cell *cell, size_t begin, size_t length)
{
	if (cell->class && length <= TAGGER_WORD_MAX)
		sentence_word(&self->sentence, begin, length, cell->class);
	if (cell->name)
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

static void word_found(tagger *self, purpose what, const tagger_cell *cell)
{
	ptrdiff_t begin = gram_begin(what.place + TAGGER_PAD, what.length);
	if (begin < TAGGER_PAD || (size_t)begin + what.length > TAGGER_PAD + self->sentence.count)
		return;                          /* a boundary mark in it: no word, whatever the table says */
	cell_mark(self, cell, (size_t)begin, what.length);
	if (what.length == 4 && cell->flags & TAGGER_LONGER)
		longer_find(self, (size_t)begin);
}

/* Two passes, so that no read waits for memory: the first asks for the cells of what it finds, the second for the rows. The first has no jump: one in three is found, and
 * no processor foresees which. What is not found is a cell that nobody reads. */
static size_t cells_find(tagger *self, size_t lookup_count)
{
	const uint16_t *tags = self->model->tags;
	const tagger_cell *cells = self->model->cells;
	size_t count = 0;
	for (size_t i = 0; i < lookup_count; i++) {
		lookup l = self->lookups[i];
		uint32_t found = bucket_matches(tags + l.bucket, l.tag), slot = l.bucket + (uint32_t)__builtin_ctz(found | 1u << (1u << BUCKET_LOG2));
		self->cells[count] = (found_cell){slot, l.what};
		__builtin_prefetch(cells + slot);
		count += found != 0;
	}
	return count;
}

#define BAG_BIT (1u << TAGGER_BAG_ROW)

static void lookups_read(tagger *self, size_t lookup_count)
{
	static const uint8_t rows_of[BAG_BIT] = {0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4};       /* bits set; the compiler may not assume an instruction for it */
	const tagger_model *model = self->model;
	size_t count = cells_find(self, lookup_count), bag_count = self->bag_count;
	labeller_hit *hits = self->hits + self->hit_count;
	const int8_t *rows = model->rows;
	const tagger_cell *cells = model->cells;
	uint32_t stride = model->stride;
	for (size_t i = 0; i < count; i++) {
		purpose what = self->cells[i].what;
		tagger_cell cell = cells[self->cells[i].cell];
		if (cell.class | cell.flags | cell.name && what.length)
			word_found(self, what, &cell);
		uint32_t places = gram_places(cell.places, what.rows), bag = what.length == 2 ? places >> TAGGER_BAG_ROW : 0;
		places -= bag << TAGGER_BAG_ROW;
		self->bag[bag_count] = (cell.row + rows_of[places & (BAG_BIT - 1)]) * stride;
		bag_count += bag;
		hits = hit_add(hits, rows, stride, cell.row, what.place, places);
	}
	self->hit_count = (size_t)(hits - self->hits);
	self->bag_count = bag_count;
}

/* A character beyond the plane: its rows are hits like others. */
static void far_take(tagger *self, uint32_t c, size_t i)
{
	sentence *s = &self->sentence;
	const tagger_cell *cell = tagger_model_find(self->model, word_hash(&c, 1));
	s->at[TAGGER_PAD + i] = character_normal(c);
	s->kind[TAGGER_PAD + i] = cell && cell->class ? cell->class : character_kind(c);
	self->characters[TAGGER_PAD + i] = KNOWN_NO_ROWS;
	if (cell && gram_places(cell->places, CHARACTER_ROWS))
		self->hits[self->hit_count++] = (labeller_hit){cell->row * self->model->stride, (int16_t)((ptrdiff_t)i - 2), gram_places(cell->places, CHARACTER_ROWS)};
}

/* The next sentence from `characters`, at most `most` of them, as sentence_end and sentence_fill make it, and the rows of its characters. */
static void sentence_take(tagger *self, const uint32_t *characters, size_t most)
{
	sentence *s = &self->sentence;
	bool ends = false;
	size_t i = 0;
	self->hit_count = self->bag_count = 0;
	for (most = most < TAGGER_SENTENCE_MAX ? most : TAGGER_SENTENCE_MAX; i < most && !ends; i++) {
		if (characters[i] >= KNOWN_PLANE) {
			far_take(self, characters[i], i);
			continue;
		}
		known_character k = known_character_get(&self->known, characters[i]);
		s->at[TAGGER_PAD + i] = k.normal;
		s->kind[TAGGER_PAD + i] = k.kind;
		self->characters[TAGGER_PAD + i] = k.rows;
		ends = k.ends_sentence;
	}
	sentence_frame(s, self->model->features, i);
	for (size_t k = 0; k < TAGGER_PAD; k++)
		self->characters[k] = self->characters[TAGGER_PAD + i + k] = self->known.boundary;
	self->pairs[0] = KNOWN_NO_ROWS;          /* classes_walk begins behind it */
}

/* ---- labels to spans ---- */

static void span_add(tagger *self, size_t base, size_t begin, size_t end)
{
	if (self->span_count == self->span_room) {
		self->span_room = self->span_room ? self->span_room * 2 : 256;
		self->spans = mem_grow(self->spans, self->span_room, sizeof *self->spans);
	}
	int64_t margin = labeller_margin(self->labeller, begin, end) * self->model->unit / 1000;
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

static void sentence_label(tagger *self)
{
	const tagger_model *model = self->model;
	struct gather gather = {&self->known, model->rows, model->tags, model->stride, model->slots_log2, self->lookups, self->hits + self->hit_count, self->pairs};
	grams_walk(&self->sentence, gram_add, &gather);
	lookups_read(self, (size_t)(gather.at - self->lookups));
	gather.at = self->lookups;
	gather.hits = self->hits + self->hit_count;
	classes_walk(&self->sentence, gram_add, &gather);
	self->hit_count = (size_t)(gather.hits - self->hits);
	lookups_read(self, (size_t)(gather.at - self->lookups));
	self->path = labeller_read(self->labeller, &(labeller_input){self->sentence.at + TAGGER_PAD, self->sentence.count, self->known.rows, self->characters, self->pairs, self->hits, self->hit_count,
								     self->bag, self->bag_count});
}

size_t tagger_read(tagger *self, const uint32_t *characters, size_t count, const tagger_span **spans)
{
	self->span_count = 0;
	for (size_t from = 0; from < count; from += self->sentence.count) {
		sentence_take(self, characters + from, count - from);
		sentence_label(self);
		spans_add(self, from);
	}
	spans_trim(self, characters);
	*spans = self->spans;
	return self->span_count;
}
