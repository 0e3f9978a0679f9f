/* organizations.c - names of bodies, found from their end backwards.
 *
 * A word that ends such names (organization-suffixes.txt) is followed to the left over the words that may stand in one: nouns, unknown ideographs, places, verbs
 * that name a trade (inner.txt). Marks, function words, times, other verbs, offices and the words of borders.txt stop it. Then the name is cut at the
 * first place or level of administration, where one stands behind common words (人才代表 | 北京某大学), and what is left must name something: a `body` may stand
 * alone (教育部), a `name` needs a word that is not general (generic.txt), a `weak` one that is seldom or unknown, a `short` needs a place or level. A longer name swallows the shorter ones it begins with. */
#include "sentence.h"

#include "common/utf8.h"

#define WORDS_MAX 14                     /* of a name */
#define NAME_MAX 36                      /* characters */
#define EVERYDAY 1000                    /* weight of a word: 2,700 of 60 million words are lighter */
#define SELDOM 1200                      /* weight from which a word names a `weak` body, */
#define SELDOM_PIECE 1100                /* and a single ideograph */
#define NAMED_ENDS (LEX_BODY | LEX_NAMED | LEX_WEAK | LEX_SHORT)

/* What kind of end token i is: its own class, or that of its last two characters or more (北京大学 is one word of the list). */
static uint32_t end_kind(const sentence *self, size_t i)
{
	const token *t = &self->tokens[i];
	if (t->classes & NAMED_ENDS)
		return t->classes & NAMED_ENDS;
	if (t->kind != 'n' || token_length(t) < 3 || t->classes & (LEX_GENERIC | LEX_TITLE | LEX_BORDER | LEX_PLACE))
		return 0;
	if (token_length(t) == 3) {
		bool bureau = token_last(self, i) == 0x5C40 || token_last(self, i) == 0x5385;                          /* 局 厅 */
		return bureau && i && (token_is_level(self, i - 1) || self->tokens[i - 1].classes & LEX_PLACE) ? LEX_SHORT : 0;        /* 商务局, 旅游厅 */
	}
	const uint32_t *c = self->text->characters;
	uint32_t length = lexicon_ending(self->words, c + t->begin, c + t->end, LEX_BODY | LEX_NAMED | LEX_WEAK);
	return length >= 2 ? LEX_NAMED : 0;
}

/* A place, a level or a piece of an unknown name: behind one a verb of one ideograph may be a piece of it too (北京 安 科 …公司), and one right before the end (某县 光复 国小). */
static bool follows_name(const sentence *self, size_t i)
{
	return self->tokens[i].classes & LEX_PLACE || token_is_level(self, i) || self->tokens[i].kind == TOKEN_UNKNOWN;
}

/* 某大学 | 建设 某产业园: a verb behind a whole name is the sentence's. */
static bool is_predicate(const sentence *self, size_t i)
{
	return i && self->tokens[i].kind == 'v' && token_length(&self->tokens[i]) > 1 && end_kind(self, i - 1) & (LEX_BODY | LEX_NAMED | LEX_WEAK | LEX_SHORT);
}

/* 某某 中学, 某某 创新 人才 学院: at most two nouns between the name of a person and the end of a body. */
static bool bears_name(const sentence *self, size_t i, size_t end)
{
	for (size_t k = i + 1; k < end; k++)
		if (k > i + 2 || self->tokens[k].classes & (LEX_BORDER | LEX_TITLE | LEX_PLACE) || (self->tokens[k].kind != 'n' && !(self->tokens[k].classes & LEX_INNER)))
			return false;
	return true;
}

static bool may_stand_in(const sentence *self, size_t i, size_t end)
{
	const token *t = &self->tokens[i];
	if (self->taken[i] & TAKEN_TITLE)
		return false;
	switch (t->kind) {
	case TOKEN_MARK: case TOKEN_DIGITS:
		return false;
	case 't': case 'f':                              /* 老年 大学, 城市 更新 公司 */
		return (t->classes & (LEX_INNER | LEX_BORDER)) == LEX_INNER;
	case TOKEN_NAME:                                 /* a school may bear one */
		return !(t->hint & (HINT_TITLE | HINT_KNOWN)) && bears_name(self, i, end);
	case 'm':                                        /* 第一 医院 */
		return token_first(self, i) == 0x7B2C;
	case 'v':
		return t->classes & LEX_INNER || (!(t->classes & (LEX_BORDER | LEX_SPEECH)) && i && follows_name(self, i - 1) && (token_length(t) == 1 || i + 1 == end));
	default:
		break;
	}
	if (t->classes & LEX_TITLE && !(t->classes & LEX_INNER))
		return i + 1 == end && !(t->classes & LEX_BORDER);                     /* 律师 事务所, 教师 进修学校 */
	return !(t->classes & LEX_BORDER) || t->classes & (LEX_PLACE | LEX_INNER);
}

/* Where the name begins that ends with token `end`: as far left as words allow. */
static size_t walk(const sentence *self, size_t end)
{
	size_t begin = end, place_at = end;
	while (begin && end - begin < WORDS_MAX && self->tokens[end].end - self->tokens[begin - 1].begin <= NAME_MAX && may_stand_in(self, begin - 1, end) && !is_predicate(self, begin - 1)) {
		size_t place = place_begin(self, --begin);                       /* 望 + 溪 + 镇: its pieces may be of any kind */
		if (place < begin)
			begin = place_at = place;
	}
	/* no name begins with a verb, unless a place stood before it */
	while (begin < end && begin != place_at && self->tokens[begin].kind == 'v' && !(self->tokens[begin].classes & LEX_PLACE))
		begin++;
	/* 、临 + 港 + 街道办事处: a verb of one ideograph between a mark and a piece of a name is a piece too */
	if (begin && begin < end && (begin == 1 || self->tokens[begin - 2].kind == TOKEN_MARK) && self->tokens[begin - 1].kind == 'v' && token_length(&self->tokens[begin - 1]) == 1 &&
	    !(self->tokens[begin - 1].classes & (LEX_BORDER | LEX_SPEECH)) && token_length(&self->tokens[begin]) == 1)
		begin--;
	return begin;
}

static bool is_mask(const sentence *self, size_t i)
{
	const token *t = &self->tokens[i];
	if (t->kind != TOKEN_LATIN || token_length(t) > 3)
		return false;
	for (uint32_t k = t->begin; k < t->end; k++)
		if (self->text->characters[k] != self->text->characters[t->begin])
			return false;
	return true;
}

/* Common words before the first place or level are the sentence's, not the name's. */
static size_t cut_at_place(const sentence *self, size_t begin, size_t end)
{
	for (size_t i = begin; i < end; i++) {
		size_t from = place_begin(self, i);
		if (from <= i && from >= begin) {
			/* a name without a place before it: 中国 in the middle of one cuts nothing off when unknown ideographs precede */
			return from;
		}
		if (token_is_level(self, i))
			return i;
		if (self->tokens[i].kind == TOKEN_UNKNOWN || is_mask(self, i))
			return i > begin && token_is_single(self, i - 1) ? i - 1 : begin;
	}
	return begin;
}

/* Words that everybody uses every day tell no body from another. */
static bool is_everyday(const token *t)
{
	return token_length(t) >= 2 && t->classes & LEX_WORD && t->weight < EVERYDAY;
}

/* Does word i tell one body from another? */
static bool is_naming(const sentence *self, size_t i, uint32_t kind)
{
	const token *t = &self->tokens[i];
	if (t->classes & LEX_ORGANIZATION || (!(t->classes & NAMED_ENDS) && end_kind(self, i)))          /* 北京大学 口腔医院 */
		return true;
	if (t->kind == 's' || t->kind == TOKEN_UNKNOWN || t->kind == TOKEN_NAME || t->kind == TOKEN_FOREIGN || (t->kind == TOKEN_LATIN && !is_mask(self, i)))
		return true;
	if (t->classes & (LEX_GENERIC | LEX_INNER) || t->kind == 'm' || is_everyday(t) || t->kind == TOKEN_LATIN)
		return false;
	return kind & LEX_NAMED || t->weight >= (token_length(t) == 1 ? SELDOM_PIECE : SELDOM);
}

/* 大学 学校 公司 医院 中学 小学 高中: 美国大学 is no university. */
static bool is_common_end(const sentence *self, size_t i)
{
	static const uint32_t ends[][2] = {{0x5927, 0x5B66}, {0x5B66, 0x6821}, {0x516C, 0x53F8}, {0x533B, 0x9662}, {0x4E2D, 0x5B66}, {0x5C0F, 0x5B66}, {0x9AD8, 0x4E2D}};
	for (size_t k = 0; token_length(&self->tokens[i]) == 2 && k < sizeof ends / sizeof *ends; k++)
		if (token_first(self, i) == ends[k][0] && token_last(self, i) == ends[k][1])
			return true;
	return false;
}

static bool names_something(const sentence *self, size_t begin, size_t end, uint32_t kind)
{
	bool level = false, named = false, mask = false;
	uint32_t general = 0;                            /* characters of general words */
	for (size_t i = begin; i < end; i++) {
		const token *t = &self->tokens[i];
		level = level || t->classes & LEX_PLACE || token_is_level(self, i);
		mask = mask || is_mask(self, i);
		if (is_naming(self, i, kind))
			named = true;
		else
			general += token_length(t);
	}
	if (span_is_generic(self, begin, end))
		return false;
	if (begin == end && token_length(&self->tokens[end]) >= 4 && !(self->tokens[end].classes & NAMED_ENDS))
		return true;                                     /* a word of the list that ends as bodies do */
	if (begin + 1 == end && self->tokens[begin].classes & LEX_COUNTRY && is_common_end(self, end))
		return false;
	if (kind & LEX_BODY)
		return begin < end || token_length(&self->tokens[end]) >= 3;
	if (begin == end)
		return false;
	if (kind & LEX_SHORT && token_length(&self->tokens[end]) == 2 && character_is_level(token_first(self, end)))         /* 梧溪 县委 */
		level = true;
	/* X工程技术大学: the place is masked; XX大学, A公司: all is */
	return level || (!(kind & LEX_SHORT) && (named || (mask && general >= 5)));
}

bool body_is_named(const sentence *self, size_t begin, size_t end)
{
	uint32_t kind = end_kind(self, end);
	bool named = false;
	for (size_t i = begin; i <= end; i++) {
		const token *t = &self->tokens[i];
		if (t->kind == 'f' || t->kind == TOKEN_MARK)
			return false;
		named = named || !(t->classes & (LEX_GENERIC | LEX_INNER));
	}
	if (kind)
		return names_something(self, begin, end, kind);
	return named && !(self->tokens[end].classes & LEX_GENERIC) && !span_is_generic(self, begin, end);
}

/* 412 间 创科公司, 偏 乡学校, 每 县: what is counted or told by its kind is no name. */
static bool is_counted(const sentence *self, size_t begin)
{
	static const uint32_t kinds[] = {0x504F, 0x5C0F, 0x5168, 0x8001, 0x5927, 0x65B0, 0x6BCF, 0x591A, 0x51E0};      /* 偏 小 全 老 大 新 每 多 几 */
	if (!begin)
		return false;
	const token *before = &self->tokens[begin - 1];
	if (before->kind == TOKEN_DIGITS || before->kind == 'm')
		return true;
	for (size_t i = 0; token_length(before) == 1 && i < sizeof kinds / sizeof *kinds; i++)
		if (token_first(self, begin - 1) == kinds[i] && token_is_level(self, begin))
			return true;
	/* 个 家 所 间 座 支 处 项 批 名 位, where a list calls them nouns */
	static const uint32_t measures[] = {0x4E2A, 0x5BB6, 0x6240, 0x95F4, 0x5EA7, 0x652F, 0x5904, 0x9879, 0x6279, 0x540D, 0x4F4D};
	for (size_t i = 0; begin >= 2 && token_length(before) == 1 && i < sizeof measures / sizeof *measures; i++)
		if (token_first(self, begin - 1) == measures[i] && (self->tokens[begin - 2].kind == TOKEN_DIGITS || self->tokens[begin - 2].kind == 'm'))
			return true;
	return false;
}

/* A `weak` end behind words that name no place is a body only when the tagger, where there is one, sees one there too. */
static bool is_supported(const sentence *self, size_t begin, size_t end, uint32_t kind)
{
	if (!self->tagged || !(kind & LEX_WEAK))
		return true;
	for (size_t i = begin; i < end; i++)
		if (self->tokens[i].classes & (LEX_PLACE | LEX_ORGANIZATION) || token_is_level(self, i) || self->tokens[i].kind == 's' || self->tokens[i].kind == TOKEN_UNKNOWN || self->tokens[i].kind == TOKEN_NAME ||
		    (token_length(&self->tokens[i]) == 1 && self->tokens[i].weight >= SELDOM_PIECE))
			return true;
	for (size_t k = 0; k < self->tag_count; k++)
		if (self->tags[k].type == self->body_type && self->tags[k].begin < self->tokens[end].end && self->tags[k].end > self->tokens[begin].begin)
			return true;
	return false;
}

/* 某某 县政府: where the level stands in a word with the body, an unknown name of a place before it. Its first token; `i` when none is there. */
static size_t named_government(const sentence *self, size_t i)
{
	const token *t = &self->tokens[i];
	uint32_t last = token_last(self, i);
	size_t begin = i;
	if (token_length(t) != 3 || !character_is_level(token_first(self, i)) || last != 0x5E9C || !(t->classes & LEX_GENERIC))        /* …府 */
		return i;
	if (i && token_length(&self->tokens[i - 1]) == 2 && (self->tokens[i - 1].kind == 'n' || self->tokens[i - 1].kind == 's' || self->tokens[i - 1].kind == TOKEN_NAME) && self->tokens[i - 1].weight >= EVERYDAY &&
	    !(self->tokens[i - 1].classes & (LEX_BORDER | LEX_GENERIC | LEX_TITLE | LEX_INNER | NAMED_ENDS)))
		begin = i - 1;
	else if (i >= 2 && token_is_single(self, i - 1) && token_is_single(self, i - 2) && self->tokens[i - 2].weight >= SELDOM_PIECE)
		begin = i - 2;
	return begin < i && (!begin || self->tokens[begin - 1].kind == TOKEN_MARK || self->tokens[begin - 1].classes & LEX_BORDER) ? begin : i;
}

static void take(sentence *self, size_t begin, size_t end)
{
	for (size_t i = begin; i <= end; i++)
		self->taken[i] |= TAKEN_BODY;
	self->body[end] = (uint16_t)(begin + 1);
	fact_span at = {self->tokens[begin].begin, self->tokens[end].end};
	found_drop(self->found, FACT_ORGANIZATION, at);
	found_add(self->found, (fact){.at = at, .type = FACT_ORGANIZATION});
}

void sentence_bodies(sentence *self)
{
	size_t last_begin = 0, last_end = 0;             /* tokens of the last name found: [begin, end) */
	for (size_t i = 0; i < self->count; i++) {
		const token *t = &self->tokens[i];
		if (self->taken[i] & TAKEN_TITLE)
			continue;
		uint32_t kind = end_kind(self, i);
		if (t->classes & LEX_ORGANIZATION && !kind) {
			take(self, i, i);
			last_begin = i, last_end = i + 1;
			continue;
		}
		if (!kind) {
			size_t first = named_government(self, i);
			if (first < i) {
				take(self, first, i);
				last_begin = first, last_end = i + 1;
			}
			continue;
		}
		size_t begin = cut_at_place(self, walk(self, i), i);
		if (last_end && begin < last_end && begin > last_begin)
			begin = last_begin;
		if (is_counted(self, begin) || !names_something(self, begin, i, kind) || !is_supported(self, begin, i, kind))
			continue;
		if (last_end && begin <= last_begin && last_end > begin)
			self->body[last_end - 1] = 0;
		take(self, begin, i);
		last_begin = begin, last_end = i + 1;
	}
}
