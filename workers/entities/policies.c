/* policies.c - names of laws, plans, programmes and schemes.
 *
 * In 《》: what ends as such documents do (policy-suffixes.txt, title), a bracket behind it looked over; works and papers (media.txt) are none. In quotation marks: what ends so (quoted), or is
 * followed by such a word (“归雁”工程). Bare: an end (bare) is followed to the left as with bodies, over nouns, places, numbers and verbs that may stand
 * in a name; general words alone name nothing (三年行动计划, 重大工程). */
#include "sentence.h"

#include "common/utf8.h"

#define TITLE_MAX 70                     /* characters in 《》 */
#define QUOTED_MAX 24
#define BARE_WORDS_MAX 12
#define BARE_MAX 30
#define BARE_MIN 4
#define LONG_MIN 6                       /* characters of a name that ends with 行动 or 工程 alone */
#define EVERYDAY 1000                    /* as in organizations.c */

/* ---- titles and quotations ---- */

/* The text without brackets at its end: （试行）（2025—2027年）. */
static fact_span without_brackets(const uint32_t *c, fact_span at)
{
	while (at.end > at.begin && c[at.end - 1] == ')') {
		uint32_t open = at.end - 1;
		while (open > at.begin && c[open] != '(')
			open--;
		if (open == at.begin)
			break;
		at.end = open;
	}
	return at;
}

static bool ends_as(const sentence *self, fact_span at, uint32_t classes)
{
	const uint32_t *c = self->text->characters;
	at = without_brackets(c, at);
	uint32_t length = lexicon_ending(self->words, c + at.begin, c + at.end, classes);
	return length && length < at.end - at.begin;
}

static void add(sentence *self, fact_span at)
{
	found_add(self->found, (fact){.at = at, .type = FACT_POLICY});
}

/* One character closes; titles may stand in titles (《关于印发〈…〉的通知》, and by bad editors 《…《…》…》). */
static size_t closing(const sentence *self, size_t i, uint32_t open, uint32_t close, uint32_t most)
{
	size_t depth = 0;
	for (size_t k = i; k < self->count && self->tokens[k].begin - self->tokens[i].begin <= most; k++) {
		if (self->tokens[k].kind != TOKEN_MARK)
			continue;
		uint32_t c = token_first(self, k);
		if (c == open)
			depth++;
		else if (c == close && --depth == 0)
			return k;
	}
	return 0;
}

static void read_title(sentence *self, size_t i, size_t close)
{
	fact_span at = {self->tokens[i].end, self->tokens[close].begin};
	if (at.end <= at.begin)
		return;
	const uint32_t *c = self->text->characters;
	fact_span bare = without_brackets(c, at);
	if (lexicon_ending(self->words, c + bare.begin, c + bare.end, LEX_MEDIA) && !ends_as(self, at, LEX_POLICY_BARE))
		return;
	const lexicon_entry *known = lexicon_find(self->words, c + bare.begin, c + bare.end);
	if (ends_as(self, at, LEX_POLICY_TITLE) || (known && known->classes & LEX_POLICY))
		add(self, at);
}

static bool has_sentence_mark(const sentence *self, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		uint32_t c = token_first(self, i);
		if (self->tokens[i].kind == TOKEN_MARK && (c == ',' || c == 0x3001 || c == 0x3002 || c == ';' || c == '!' || c == '?' || c == 0xFF0C || c == ':'))
			return true;
	}
	return false;
}

/* “青禾英才计划”, “学子回家”行动 */
static void read_quoted(sentence *self, size_t i, size_t close)
{
	fact_span at = {self->tokens[i].end, self->tokens[close].begin};
	if (at.end < at.begin + 2 || at.end - at.begin > QUOTED_MAX || has_sentence_mark(self, i + 1, close))
		return;
	bool followed = close + 1 < self->count && self->tokens[close + 1].classes & LEX_POLICY_QUOTED && token_length(&self->tokens[close + 1]) >= 2;
	if (!ends_as(self, at, LEX_POLICY_QUOTED) && !followed)
		return;
	if (close == i + 2 && (self->tokens[i + 1].kind == 'm' || self->tokens[i + 1].classes & (LEX_GENERIC | LEX_BORDER)))       /* “一揽子”计划 */
		return;
	if (close == i + 3 && self->tokens[i + 1].classes & LEX_PLACE)                    /* “丰台方案” */
		return;
	const uint32_t *c = self->text->characters;
	bool body = lexicon_ending(self->words, c + at.begin, c + at.end, LEX_BODY | LEX_NAMED | LEX_WEAK) >= 2;
	for (size_t k = i; k <= close; k++)
		self->taken[k] |= TAKEN_POLICY;
	found_add(self->found, (fact){.at = at, .type = body ? FACT_ORGANIZATION : FACT_POLICY});
}

void sentence_titles(sentence *self)
{
	static const struct { uint32_t open, close, most; } marks[] = {{0x300A, 0x300B, TITLE_MAX}, {0x201C, 0x201D, QUOTED_MAX + 2}, {0x300C, 0x300D, QUOTED_MAX + 2}};
	for (size_t i = 0; i < self->count; i++) {
		if (self->tokens[i].kind != TOKEN_MARK || self->taken[i] & TAKEN_TITLE)              /* quotes inside of 《》 name no scheme of their own */
			continue;
		for (size_t k = 0; k < sizeof marks / sizeof *marks; k++) {
			if (token_first(self, i) != marks[k].open)
				continue;
			size_t close = closing(self, i, marks[k].open, marks[k].close, marks[k].most);
			if (!close)
				continue;
			if (k)
				read_quoted(self, i, close);
			else
				read_title(self, i, close);
			for (size_t n = i; !k && n <= close; n++)
				self->taken[n] |= TAKEN_TITLE;
		}
	}
}

/* ---- bare ---- */

/* 列为 计划, 超过 计划, 纳入 计划: a verb that ends so links, it names nothing. */
static bool ends_as_link(uint32_t c)
{
	return c == 0x4E3A || c == 0x8FC7 || c == 0x4E86 || c == 0x51FA || c == 0x5230 || c == 0x5165 || c == 0x6709;    /* 为 过 了 出 到 入 有 */
}

/* `end`: the token that ends the name; a verb may stand right before it (…服务提升 工程). */
static bool may_stand_in(const sentence *self, size_t i, size_t end)
{
	const token *t = &self->tokens[i];
	if (self->taken[i] & (TAKEN_TITLE | TAKEN_PERSON | TAKEN_POLICY))
		return false;
	if (t->kind == TOKEN_MARK || t->kind == TOKEN_NAME || t->kind == 't' || t->kind == 'f' || t->kind == TOKEN_DIGITS)
		return false;
	if (t->kind == 'v' && i + 1 == end && token_length(t) == 2 && !ends_as_link(token_last(self, i)))
		return true;
	if (t->kind == 'v' && i + 2 == end && token_first(self, end) == 0x5DE5 && self->tokens[i + 1].kind == 'v' && token_length(t) == 2 && i && self->tokens[i - 1].kind == 'n' && !ends_as_link(token_last(self, i)))
		return true;                                     /* 灌区 改造 提升 工程 */
	if (t->classes & LEX_BORDER && !(t->classes & (LEX_INNER | LEX_PLACE)))
		return false;
	return t->kind != 'v' || t->classes & LEX_INNER || !(t->classes & LEX_SPEECH);
}

/* Words that everybody uses, places and bodies tell no plan from another (经济振兴计划, 某市政府计划). */
static bool is_naming(const sentence *self, size_t i)
{
	const token *t = &self->tokens[i];
	if (t->classes & (LEX_GENERIC | LEX_POLICY_BARE | LEX_PLACE) || t->kind == 'm' || token_is_level(self, i) || self->taken[i] & TAKEN_BODY)
		return false;
	return token_length(t) == 1 || t->weight >= EVERYDAY;
}

static bool names_something(const sentence *self, size_t begin, size_t end)
{
	if (self->tokens[end].begin - self->tokens[begin].begin < BARE_MIN - 2 || self->tokens[end].end - self->tokens[begin].begin < BARE_MIN)
		return false;
	uint32_t length = self->tokens[end].end - self->tokens[begin].begin;
	if (begin + 1 == end && self->tokens[begin].classes & LEX_PLACE && !(self->tokens[begin].classes & LEX_COUNTRY) && !character_is_level(token_last(self, begin)))
		return length < 6;                               /* a scheme may bear the name of its place */
	if (length < LONG_MIN && (token_first(self, end) == 0x884C || token_first(self, end) == 0x5DE5) && token_length(&self->tokens[end]) == 2)
		return false;                                    /* 营救行动, 供电工程 */
	for (size_t i = begin; i < end; i++)
		if (is_naming(self, i))
			return !span_is_generic(self, begin, end);
	return false;
}

void sentence_policies(sentence *self)
{
	for (size_t i = 0; i < self->count; i++) {
		const token *t = &self->tokens[i];
		if (self->taken[i] & (TAKEN_TITLE | TAKEN_POLICY))
			continue;
		if (t->classes & LEX_POLICY && !(t->classes & LEX_WORD)) {
			self->taken[i] |= TAKEN_POLICY;
			add(self, (fact_span){t->begin, t->end});
			continue;
		}
		if (!(t->classes & LEX_POLICY_BARE) || self->taken[i])
			continue;
		size_t begin = i;
		while (begin && i - begin < BARE_WORDS_MAX && t->end - self->tokens[begin - 1].begin <= BARE_MAX && may_stand_in(self, begin - 1, i))
			begin--;
		while (begin < i && (self->tokens[begin].kind == TOKEN_DIGITS || (self->tokens[begin].kind == 'm' && !(self->tokens[begin + 1].classes & LEX_POLICY_BARE))))
			begin++;
		while (begin < i && self->tokens[begin].kind == 'v')
			begin++;
		if (!names_something(self, begin, i))
			continue;
		for (size_t k = begin; k <= i; k++)
			self->taken[k] |= TAKEN_POLICY;
		fact_span at = {self->tokens[begin].begin, t->end};
		found_drop(self->found, FACT_POLICY, at);
		add(self, at);
	}
}
