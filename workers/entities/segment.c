/* segment.c - see segment.h. */
#include "segment.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/utf8.h"

#define MATCHES_MAX 10           /* entries that begin at one character; what is longer than the tenth is left out */
#define NAME_PRIOR 560           /* how seldom a word of news is a name, -100 ln; this and the bonuses: tuned on the People's Daily sentences (docs/facts.md) */
#define NAME_SHORT 120           /* more, for one given character: such pairs are words more often */
#define BONUS_TITLE 650
#define BONUS_COMMON 250         /* behind 村民, 老师 */
#define BONUS_CLOSED 200         /* more, when a mark or what persons do follows: 主任高峰， */
#define BONUS_BEHIND 350
#define BONUS_SPEECH 150
#define BONUS_LIST 150
#define OFFICE_CUT 1500
#define FOREIGN_PRIOR 700
#define FOREIGN_MAX 7
#define DOT_PART_MAX 9           /* characters of a part of a foreign name */
#define PART_WEIGHT 1300         /* a part of a name without a dot; two of them half of it */
#define RUN_WEIGHT 900           /* letters or digits in a row */
#define DOTTED_WEIGHT 300
#define NONE UINT32_MAX

struct arc {                             /* the cheapest way to a character: its last word */
	uint32_t cost;
	uint32_t from;
	uint32_t classes;
	uint16_t weight;
	char kind;
	uint8_t hint;
};

struct position {
	uint32_t classes;                /* of all words that begin here */
	uint8_t count;                   /* of `matches` */
	uint8_t titled;                  /* an office ends before it: 2; a word for people at large: 1 */
	uint8_t word_of_two;             /* the number of the word of two characters among `matches`, + 1; 0: none */
	bool han : 1, surname : 1;       /* a family name begins here */
};

struct segmenter {
	const lexicon *words;
	struct position positions[SEGMENT_MAX + 1];
	lexicon_place places[SEGMENT_MAX];
	lexicon_match matches[SEGMENT_MAX][MATCHES_MAX];
	struct arc arcs[SEGMENT_MAX + 1];
	uint32_t dotted[SEGMENT_MAX + 1];        /* end of the dotted name that begins here; 0: none */
	token tokens[SEGMENT_MAX];
	const uint32_t *c;                       /* of the sentence */
	uint32_t count;
	bool has_dots;                           /* dotted names may be in it; `dotted` is filled */
};

segmenter *segmenter_new(const lexicon *words)
{
	segmenter *self = mem_alloc(sizeof *self);
	self->words = words;
	return self;
}

void segmenter_free(segmenter **self)
{
	free(*self);
	*self = NULL;
}

static bool is_digit(uint32_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_latin(uint32_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= 0xC0 && c < 0x250 && c != 0xD7 && c != 0xF7);
}

static bool is_dot(uint32_t c)           /* · and its look-alikes, and what older pages type instead (迪亚斯-某) */
{
	return c == '-' || c == '.' || c == 0xB7 || c == 0x2022 || c == 0x30FB || c == 0x2027;
}

/* Words that begin at each character, and where offices end. */
static void look_up(segmenter *self)
{
	lexicon_look(self->words, self->c, self->count, self->places);
	memset(self->positions, 0, (self->count + 1) * sizeof *self->positions);
	self->has_dots = false;
	for (uint32_t i = 0; i < self->count; i++) {
		struct position *at = &self->positions[i];
		lexicon_match *matches = self->matches[i];
		at->han = utf8_is_han(self->c[i]);
		if (!at->han) {
			self->has_dots |= is_dot(self->c[i]);
			continue;
		}
		at->count = (uint8_t)lexicon_prefixes(self->words, &self->places[i], self->c + i, self->c + self->count, matches, MATCHES_MAX);
		for (uint32_t k = 0; k < at->count; k++) {
			uint32_t classes = matches[k].entry->classes;
			at->classes |= classes;
			at->surname |= matches[k].entry->surname != 0;
			if (matches[k].length == 2)
				at->word_of_two = (uint8_t)(k + 1);
			if (classes & LEX_TITLE) {
				uint8_t *titled = &self->positions[i + matches[k].length].titled;
				uint8_t how = classes & LEX_COMMON ? 1 : 2;
				*titled = *titled < how ? how : *titled;
			}
		}
	}
}

/* The word that is these two characters; NULL: no list has it. */
static const lexicon_entry *word_of_two(const segmenter *self, uint32_t i)
{
	return self->positions[i].word_of_two ? self->matches[i][self->positions[i].word_of_two - 1].entry : NULL;
}

/* Weight of a character in foreign names; 0: they have it not. */
static uint32_t foreign(const segmenter *self, uint32_t i)
{
	return self->places[i].weights.foreign;
}

/* Names with a dot: from each first dot to the left and, over further dots, to the right, as far as foreign characters reach. */
static void find_dotted(segmenter *self)
{
	if (!self->has_dots)
		return;
	memset(self->dotted, 0, (self->count + 1) * sizeof *self->dotted);
	for (uint32_t i = 1; i + 1 < self->count; i++) {
		if (!is_dot(self->c[i]))
			continue;
		uint32_t begin = i, end = i;
		while (begin && i - begin < DOT_PART_MAX && foreign(self, begin - 1))
			begin--;
		while (end < self->count && is_dot(self->c[end])) {
			uint32_t part = end + 1;
			while (part < self->count && part - end <= DOT_PART_MAX && (foreign(self, part) || is_latin(self->c[part])))
				part++;
			if (part == end + 1)
				break;
			end = part;
		}
		if (begin < i && end > i + 1 && !is_dot(self->c[end - 1])) {
			self->dotted[begin] = end;
			i = end - 1;
		}
	}
}

static void offer(segmenter *self, uint32_t from, uint32_t to, uint32_t weight, char kind, uint32_t classes, unsigned hint)
{
	struct arc *arc = &self->arcs[to];
	uint32_t cost = self->arcs[from].cost + weight;
	if (cost < arc->cost)
		*arc = (struct arc){cost, from, classes, (uint16_t)(weight > UINT16_MAX ? UINT16_MAX : weight), kind, (uint8_t)hint};
}

/* 毕业 | 时: do the first two characters make a word? */
static bool begins_word(const segmenter *self, uint32_t i)
{
	const lexicon_entry *word = word_of_two(self, i);
	return word && word->classes & LEX_WORD;
}

/* What stands around a possible name speaks for it; the name begins at `i` and ends at `end`. */
static unsigned name_hints(const segmenter *self, uint32_t i, uint32_t end, uint32_t *bonus)
{
	uint32_t before = i ? self->c[i - 1] : 0, behind = end < self->count ? self->c[end] : 0, classes = self->positions[end].classes;
	bool closed = end == self->count || !utf8_is_han(behind) || classes & (LEX_BEHIND | LEX_SPEECH) || (end - i >= 3 && classes & LEX_BORDER && !begins_word(self, i));
	unsigned hint = 0;
	*bonus = 0;
	uint8_t titled = self->positions[i].titled;
	if (!titled && i >= 2 && (before == ':' || before == ' '))
		titled = self->positions[i - 1].titled;
	if (titled) {
		hint |= titled == 2 || (closed && !begins_word(self, i)) ? HINT_TITLE : HINT_SPEECH;
		*bonus += (titled == 2 ? BONUS_TITLE : BONUS_COMMON) + (closed ? BONUS_CLOSED : 0);
	}
	if (classes & LEX_BEHIND) {
		hint |= HINT_BEHIND;
		*bonus += BONUS_BEHIND;
	} else if (classes & LEX_SPEECH) {
		hint |= HINT_SPEECH;
		*bonus += BONUS_SPEECH;
	}
	/* 宁致 | 和 参加: what joins two names stands before no verb, so the name is longer */
	if ((behind == 0x548C || behind == 0x4E0E) && end + 1 < self->count && self->positions[end + 1].classes & LEX_SPEECH)
		*bonus = *bonus > BONUS_CLOSED * 2 ? *bonus - BONUS_CLOSED * 2 : 0;
	if (before == 0x3001 || behind == 0x3001) {                      /* 、 */
		hint |= HINT_LIST;
		*bonus += before == behind || behind == 0x7B49 ? BONUS_LIST : BONUS_LIST / 2;          /* 、…、 or 、…等 */
	}
	return hint;
}

static void offer_name(segmenter *self, uint32_t i, uint32_t given, uint32_t end, uint32_t surname)
{
	for (uint32_t k = given; k < end; k++)
		if (k >= self->count || !self->positions[k].han)
			return;
	uint32_t weight = NAME_PRIOR + surname, bonus;
	/* 林 + 小学 */
	const lexicon_entry *word = end - given == 2 ? word_of_two(self, given) : NULL;
	if (word && word->classes & (LEX_NAMED | LEX_WEAK | LEX_BODY | LEX_TITLE))
		return;
	if (end - given == 1)
		weight += NAME_SHORT + self->places[given].weights.given[2];
	else
		weight += (uint32_t)self->places[given].weights.given[0] + self->places[given + 1].weights.given[1];
	unsigned hint = name_hints(self, i, end, &bonus);
	weight = weight > bonus + 100 ? weight - bonus : 100;
	offer(self, i, end, weight, TOKEN_NAME, 0, hint);
}

/* …加, …吉, …措: a last syllable of names of the plateau. */
static bool is_name_end(uint32_t c)
{
	return c == 0x52A0 || c == 0x5409 || c == 0x63AA || c == 0x592A || c == 0x6770 || c == 0x739B || c == 0x8349 || c == 0x5353;      /* 加 吉 措 太 杰 玛 草 卓 */
}

/* Characters of foreign names in a row; two of them only behind an office. */
static void offer_foreign(segmenter *self, uint32_t i)
{
	uint32_t weight = FOREIGN_PRIOR, end = i, bonus;
	while (end < self->count && end - i < FOREIGN_MAX) {
		uint32_t w = foreign(self, end);
		if (!w)
			break;
		weight += w;
		end++;
		if (end - i < 2 || (end - i == 2 && !self->positions[i].titled))
			continue;
		unsigned hint = name_hints(self, i, end, &bonus);
		offer(self, i, end, weight > bonus + 100 ? weight - bonus : 100, TOKEN_FOREIGN, 0, hint);
	}
}

/* 某市 + 长, 教育局 + 长, 财政部 + 门: the end of a place or a body belongs to the next word. */
static uint32_t office_cut(const segmenter *self, const lexicon_entry *entry, uint32_t end)
{
	uint32_t last = self->c[end - 1], next = end < self->count ? self->c[end] : 0;
	if (!(entry->classes & (LEX_PLACE | LEX_BODY | LEX_NAMED | LEX_SHORT)))
		return 0;
	return next == 0x957F || (next == 0x95E8 && last == 0x90E8) ? OFFICE_CUT : 0;
}

static void offer_parts(segmenter *self, uint32_t i, uint32_t end);

static void offer_words(segmenter *self, uint32_t i)
{
	const struct position *at = &self->positions[i];
	const lexicon_match *matches = self->matches[i];
	bool single = false;
	for (size_t k = 0; k < at->count; k++) {
		const lexicon_entry *entry = matches[k].entry;
		uint32_t length = matches[k].length;
		/* a family name alone is no word, nor is a phrase that only tells what names nothing (镇人民政府) */
		if ((entry->classes == LEX_SURNAME && length == 1) || (entry->classes == LEX_GENERIC && length > 2))
			continue;
		single = single || length == 1;
		offer(self, i, i + length, entry->weight + office_cut(self, entry, i + length), entry->classes & LEX_PERSON ? TOKEN_NAME : entry->kind, entry->classes, entry->classes & LEX_PERSON ? HINT_KNOWN : 0);
	}
	for (size_t k = 0; k < at->count; k++) {
		uint32_t length = matches[k].length, surname = matches[k].entry->surname;
		if (matches[k].entry->classes & LEX_PART)
			offer_parts(self, i, i + length);
		if (!surname)
			continue;
		offer_name(self, i, i + length, i + length + 1, surname);
		offer_name(self, i, i + length, i + length + 2, surname);
	}
	if (!single)
		offer(self, i, i + 1, LEXICON_UNKNOWN, TOKEN_UNKNOWN, 0, 0);
}

/* 次仁, 桑吉 + 卓玛, 尕藏 + 加: parts of which names without a dot are made. One part alone needs an office or a verb of speech beside it. */
static void offer_parts(segmenter *self, uint32_t i, uint32_t end)
{
	uint32_t parts = 1, bonus;
	for (;;) {
		unsigned hint = name_hints(self, i, end, &bonus);
		uint32_t weight = PART_WEIGHT / parts;
		if (hint & (HINT_TITLE | HINT_BEHIND | HINT_SPEECH) || parts > 1)
			offer(self, i, end, weight > bonus + 100 ? weight - bonus : 100, TOKEN_NAME, 0, hint);
		uint32_t next = end;
		for (uint32_t length = 3; length > 1 && next == end && parts < 2; length--) {
			const lexicon_entry *part = end + length <= self->count ? lexicon_find(self->words, self->c + end, self->c + end + length) : NULL;
			next = part && part->classes & LEX_PART ? end + length : end;
		}
		if (next == end && parts < 3 && end < self->count && is_name_end(self->c[end])) {
			next = end + 1;
			parts = 2;                                                 /* nothing behind it */
		}
		if (next == end)
			return;
		end = next;
		parts++;
	}
}

static void offer_named(segmenter *self, uint32_t i, uint32_t end, uint32_t weight)
{
	uint32_t bonus;
	unsigned hint = name_hints(self, i, end, &bonus);
	offer(self, i, end, weight > bonus + 100 ? weight - bonus : 100, TOKEN_NAME, 0, hint | HINT_TAGGED);
}

static void offer_run(segmenter *self, uint32_t i)
{
	uint32_t end = i;
	bool letters = false;
	while (end < self->count && (is_digit(self->c[end]) || is_latin(self->c[end]) || ((self->c[end] == '.' || self->c[end] == ',') && end > i && is_digit(self->c[end - 1]) &&
	       end + 1 < self->count && is_digit(self->c[end + 1]))))
		letters |= is_latin(self->c[end++]);
	offer(self, i, end, RUN_WEIGHT, letters ? TOKEN_LATIN : TOKEN_DIGITS, 0, 0);
}

static size_t read_back(segmenter *self, uint32_t base)
{
	size_t count = 0;
	for (uint32_t i = self->count; i; i = self->arcs[i].from)
		count++;
	size_t k = count;
	for (uint32_t i = self->count; i; i = self->arcs[i].from) {
		const struct arc *arc = &self->arcs[i];
		self->tokens[--k] = (token){base + arc->from, base + i, arc->classes, arc->weight, arc->kind, arc->hint};
	}
	return count;
}

size_t segment(segmenter *self, const fact_text *text, fact_span at, const named *names, size_t name_count, const token **tokens)
{
	size_t next = 0;                         /* of `names` */
	self->c = text->characters + at.begin;
	self->count = at.end - at.begin > SEGMENT_MAX ? SEGMENT_MAX : at.end - at.begin;
	*tokens = self->tokens;
	look_up(self);
	find_dotted(self);
	self->arcs[0].cost = 0;
	for (uint32_t i = 1; i <= self->count; i++)
		self->arcs[i].cost = NONE;
	for (uint32_t i = 0; i < self->count; i++) {
		if (self->arcs[i].cost == NONE)          /* inside a run of letters */
			continue;
		while (next < name_count && names[next].begin < at.begin + i)
			next++;
		if (next < name_count && names[next].begin == at.begin + i && names[next].end <= at.begin + self->count)
			offer_named(self, i, names[next].end - at.begin, names[next].weight);
		if (self->has_dots && self->dotted[i])
			offer(self, i, self->dotted[i], DOTTED_WEIGHT, TOKEN_NAME, 0, HINT_KNOWN);
		if (self->positions[i].han) {
			offer_words(self, i);
			if (foreign(self, i))
				offer_foreign(self, i);
		} else if (is_digit(self->c[i]) || is_latin(self->c[i])) {
			offer_run(self, i);
		} else {
			offer(self, i, i + 1, 0, TOKEN_MARK, 0, 0);
		}
	}
	return read_back(self, at.begin);
}
