/* persons.c - names of persons with role and organisation.
 *
 * The names are words of the segmenter; here those are left out that belong to reporters (记者 某某, the authors of the record), to a body, a title or a place, and those
 * that nothing around speaks for. A role is what stands before the name (某局副局长甲乙) up to a mark, a function word or a verb: the body in it is the
 * organisation, the rest the role; or a form of address behind it (甲乙教授), or an apposition (甲乙，某公司总经理，). Names in a row behind a plural office
 * (区领导甲、乙、丙) share it. */
#include "sentence.h"

#include "common/utf8.h"

#define ROLE_WORDS_MAX 24
#define UNHINTED_WEIGHT 2350             /* heaviest name of three characters that is believed with nothing around it; tuned as NAME_PRIOR */
#define SPEAKING_WEIGHT 3100             /* the same before what persons do */
#define WORD_NAME_WEIGHT 850             /* lightest word that is taken for a name between an office and what persons do */
#define SHORT_WEIGHT 1550                /* the same for two characters before what persons do */
#define ENUM_COMMA 0x3001                /* 、 */

struct role { fact_span role, organization; };

static bool is_reporter(const sentence *self, size_t i)
{
	static const uint32_t ends[][2] = {{0x8BB0, 0x8005}, {0x8BAF, 0x5458}, {0x4E60, 0x751F}, {0x7F16, 0x8F91}, {0x6444, 0x5F71}, {0x64B0, 0x7A3F}, {0x6444, 0}, {0x8BC4, 0x5458}, {0x64B0, 0x6587},
		{0x6821, 0x5BF9}, {0x4F5C, 0x8005}};    /* 记者 通讯员 实习生 编辑 摄影 撰稿 摄 评论员 撰文 校对 作者 */
	const token *t = &self->tokens[i];
	const uint32_t *end = self->text->characters + t->end;
	for (size_t k = 0; k < sizeof ends / sizeof *ends; k++) {
		if (ends[k][1] ? token_length(t) >= 2 && end[-1] == ends[k][1] && end[-2] == ends[k][0] : token_length(t) == 1 && end[-1] == ends[k][0])
			return true;
		if (k == 1 && token_length(t) >= 3 && end[-1] == 0x5458 && end[-2] == 0x8BAF)
			return true;
	}
	return false;
}

static bool is_separator(const sentence *self, size_t i)
{
	uint32_t c = token_first(self, i);
	return self->tokens[i].kind == TOKEN_MARK && (c == ENUM_COMMA || c == ' ' || c == 0x3000 || c == '/' || c == ':' || c == ',' || c == 0xFF0C);
}

/* A row of names that began behind 记者 or 通讯员 reaches to token i. */
static bool behind_reporter(const sentence *self, size_t i)
{
	for (size_t steps = 0; i && steps < 16; steps++) {
		i--;
		if (is_reporter(self, i))
			return true;
		if (self->tokens[i].kind != TOKEN_NAME && !is_separator(self, i) && token_length(&self->tokens[i]) > 3)
			return false;
		if (self->tokens[i].kind != TOKEN_NAME && !is_separator(self, i) && !token_is(self, i, 0x548C))          /* 和 */
			return false;
	}
	return false;
}

static bool is_author(const sentence *self, const token *t)
{
	mr_bytes name = fact_text_printed(self->text, (fact_span){t->begin, t->end}), all = self->text->authors;
	const char *at = all.data, *end = at + all.len;
	while (at && at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t length = (size_t)((stop ? stop : end) - at);
		if (length == name.len && !memcmp(at, name.data, length))
			return true;
		at += length + 1;
	}
	return false;
}

/* What follows makes it a place or a body: 陶渊明 + 路, 王家 + 庄. */
static bool leads_to_place(const sentence *self, size_t i)
{
	static const uint32_t ends[] = {0x8DEF, 0x8857, 0x6751, 0x9547, 0x4E61, 0x53BF, 0x533A, 0x5E02, 0x5C71, 0x6CB3, 0x6E56, 0x6C5F, 0x6865, 0x7AD9, 0x6E2F, 0x6E7E, 0x5C9B, 0x5E84, 0x5DDE, 0x7701, 0x5DF7, 0x56ED,
		0x676F, 0x5956, 0x7248, 0x6CD5, 0x7EBF, 0x5BFA, 0x5BAB, 0x5893, 0x6821, 0x9986, 0x5385, 0x5C40, 0x53F7};
	/* 路 街 村 镇 乡 县 区 市 山 河 湖 江 桥 站 港 湾 岛 庄 州 省 巷 园 杯 奖 版 法 线 寺 宫 墓 校 馆 厅 局 号 */
	if (i + 1 >= self->count || self->tokens[i + 1].kind == TOKEN_MARK)
		return false;
	uint32_t c = token_first(self, i + 1);
	if (token_length(&self->tokens[i + 1]) > 2 && !(self->tokens[i + 1].classes & (LEX_NAMED | LEX_BODY)))
		return false;
	for (size_t k = 0; k < sizeof ends / sizeof *ends; k++)
		if (c == ends[k] && (token_length(&self->tokens[i + 1]) == 1 || c == 0x8DEF || c == 0x8857 || c == 0x6751))
			return true;
	return (self->tokens[i + 1].classes & (LEX_NAMED | LEX_BODY)) != 0;
}

/* 某某思想, 某某主义, 某某新时代…: a doctrine bears the name. */
static bool is_doctrine(const sentence *self, size_t i)
{
	static const uint32_t words[][2] = {{0x601D, 0x60F3}, {0x4E3B, 0x4E49}, {0x7406, 0x8BBA}, {0x65B0, 0x65F6}, {0x7ECF, 0x6D4E}, {0x6CD5, 0x6CBB}, {0x5F3A, 0x519B}, {0x6587, 0x5316}, {0x5916, 0x4EA4}, {0x751F, 0x6001}};
	/* 思想 主义 理论 新时(代) and 经济 法治 强军 文化 外交 生态 + (文明) 思想 */
	const uint32_t *c = self->text->characters + self->tokens[i].end;
	uint32_t left = self->text->count - self->tokens[i].end;
	for (size_t k = 0; left >= 4 && k < sizeof words / sizeof *words; k++)
		if (c[0] == words[k][0] && c[1] == words[k][1])
			return k < 4 || (c[2] == 0x601D && c[3] == 0x60F3) || (left >= 6 && c[4] == 0x601D && c[5] == 0x60F3);
	return false;
}

/* 王某, 李某某; and what is a family name with an office (陈校长), which only the tagger takes for a name. */
static bool is_masked(const sentence *self, const token *t)
{
	const uint32_t *c = self->text->characters;
	for (uint32_t i = t->begin + 1; i < t->end; i++)
		if (c[i] == 0x67D0)
			return true;
	const lexicon_entry *rest = lexicon_find(self->words, c + t->begin + 1, c + t->end);
	return rest && rest->classes & (LEX_TITLE | LEX_BEHIND);
}

/* 丰华正茂·创智 by the tagger: a dot joins parts of foreign names, whose characters are those of foreign.txt (one other is let pass). */
static bool is_motto(const sentence *self, const token *t)
{
	uint32_t others = 0;
	bool dot = false;
	for (uint32_t i = t->begin; i < t->end; i++) {
		uint32_t c = self->text->characters[i];
		dot = dot || c == 0xB7 || c == 0x2022 || c == 0x30FB || c == 0x2027;
		others += utf8_is_han(c) && !lexicon_foreign(self->words, c);
	}
	return dot && others > 1;
}

static bool is_quoted(const sentence *self, size_t i)
{
	uint32_t before = i ? token_first(self, i - 1) : 0, behind = token_first(self, i + 1);
	return (before == 0x201C || before == 0x300C || before == 0x300A) && (behind == 0x201D || behind == 0x300D || behind == 0x300B);      /* “” 「」 《》 */
}

static bool labelled(const sentence *self, size_t i);

static bool behind_person(const sentence *self, size_t i)
{
	return i >= 2 && token_is(self, i - 1, ENUM_COMMA) && self->taken[i - 2] & TAKEN_PERSON;
}

/* 青岭镇: what the tagger or a family name makes of an unknown place. Nobody's given name of two characters ends so. */
static bool is_place(const sentence *self, const token *t)
{
	static const uint32_t ends[] = {0x9547, 0x4E61, 0x53BF, 0x533A, 0x6751};      /* 镇 乡 县 区 村 */
	uint32_t last = self->text->characters[t->end - 1];
	for (size_t k = 0; token_length(t) >= 3 && k < sizeof ends / sizeof *ends; k++)
		if (last == ends[k])
			return true;
	return token_length(t) >= 3 && last == 0x8BAF;           /* 本报青岭讯: a place and the word for news */
}

static bool is_believed(const sentence *self, size_t i)
{
	const token *t = &self->tokens[i];
	if (self->taken[i] || is_quoted(self, i) || (is_author(self, t) && !(t->hint & HINT_TITLE)) || behind_reporter(self, i))
		return false;
	if (leads_to_place(self, i) || is_place(self, t) || is_doctrine(self, i) || is_masked(self, t) || is_motto(self, t))
		return false;
	if (t->hint & (HINT_TITLE | HINT_BEHIND | HINT_KNOWN | HINT_TAGGED) || labelled(self, i) || behind_person(self, i))
		return true;
	if (t->kind == TOKEN_FOREIGN)
		return t->hint & HINT_SPEECH && token_length(t) >= 3;
	if (token_length(t) == 2)
		return t->hint & HINT_SPEECH && t->weight <= SHORT_WEIGHT;
	if (t->weight <= UNHINTED_WEIGHT)
		return true;
	const lexicon_entry *last = lexicon_find(self->words, self->text->characters + t->end - 1, self->text->characters + t->end);
	return t->hint & HINT_SPEECH && t->weight <= SPEAKING_WEIGHT && !(last && last->classes & LEX_BORDER);
}

/* 总工程师方向告诉记者，: a name that is a word, between an office and what persons do. */
static bool is_word_name(const sentence *self, size_t i)
{
	const token *t = &self->tokens[i], *next = t + 1;
	if (!i || i + 1 >= self->count || self->taken[i] || token_length(t) != 2 || t->weight < WORD_NAME_WEIGHT || (t->kind != 'n' && t->kind != 'a'))
		return false;
	if (!(self->tokens[i - 1].classes & LEX_TITLE) || self->tokens[i - 1].classes & LEX_COMMON)
		return false;
	if (t->classes & (LEX_BORDER | LEX_GENERIC | LEX_TITLE | LEX_INNER | LEX_PLACE | LEX_BODY | LEX_NAMED | LEX_WEAK | LEX_SHORT))
		return false;
	const uint32_t *c = self->text->characters;
	const lexicon_entry *family = lexicon_find(self->words, c + t->begin, c + t->begin + 1);
	bool row = token_is(self, i + 1, ENUM_COMMA) || token_is(self, i + 1, 0x53CA);                                  /* 、 及 */
	return family && family->surname && (next->classes & LEX_SPEECH || row);
}

/* ---- roles ---- */

static bool may_stand_in_role(const sentence *self, size_t i)
{
	const token *t = &self->tokens[i];
	if (self->taken[i] & TAKEN_TITLE)
		return false;
	if (t->classes & (LEX_TITLE | LEX_PLACE) || self->taken[i] & TAKEN_BODY)
		return true;
	if (t->kind == TOKEN_MARK)
		return token_first(self, i) == ENUM_COMMA && i && (self->tokens[i - 1].classes & LEX_TITLE);
	if (t->kind == TOKEN_NAME || t->kind == 'f' || t->kind == 't' || t->kind == TOKEN_DIGITS || t->kind == 'm')
		return false;
	if (t->classes & LEX_BORDER && !(t->classes & LEX_INNER))
		return false;
	return t->kind != 'v' || t->classes & LEX_INNER;
}

/* Splits the words [from, to) of a role at the end of the first body in them. */
static struct role split_role(const sentence *self, size_t from, size_t to)
{
	struct role out = {{0, 0}, {0, 0}};
	size_t rest = from;
	for (size_t i = from; i < to; i++) {
		if (!self->body[i] || self->body[i] - 1u < from)
			continue;
		out.organization = (fact_span){self->tokens[self->body[i] - 1].begin, self->tokens[i].end};
		rest = i + 1;
		break;
	}
	if (rest < to)
		out.role = (fact_span){self->tokens[rest].begin, self->tokens[to - 1].end};
	return out;
}

static bool title_before(const sentence *self, size_t i)
{
	return i && self->tokens[i - 1].classes & LEX_TITLE;
}

static struct role role_before(const sentence *self, size_t i)
{
	size_t from = i;
	while (from && i - from < ROLE_WORDS_MAX && may_stand_in_role(self, from - 1))
		from--;
	while (from < i && self->tokens[from].kind == TOKEN_MARK)
		from++;
	return split_role(self, from, i);
}

/* 甲乙，某公司总经理， : the words up to the next mark when the last one is an office. */
static bool apposition(const sentence *self, size_t i, struct role *out)
{
	uint32_t mark = token_first(self, i + 1);
	if (mark != ',' && mark != 0xFF0C && mark != '(')
		return false;
	size_t from = i + 2, to = from;
	while (to < self->count && to - from < ROLE_WORDS_MAX && self->tokens[to].kind != TOKEN_MARK) {
		if (!may_stand_in_role(self, to))
			return false;
		to++;
	}
	if (to == from || to == self->count || !(self->tokens[to - 1].classes & LEX_TITLE))
		return false;
	*out = split_role(self, from, to);
	return true;
}

/* 甲乙为某局局长, 甲乙的某局局长职务: the office to which a decision appoints, or from which it dismisses. */
static bool appointed(const sentence *self, size_t i, struct role *out)
{
	size_t from = i + 2 + (token_first(self, i + 1) == 0x540C), to = from;                                          /* 同志 */
	if (!token_is(self, from - 1, 0x4E3A) && !token_is(self, from - 1, 0x7684))                                      /* 为 的 */
		return false;
	while (to < self->count && to - from < ROLE_WORDS_MAX && (self->tokens[to].kind != TOKEN_MARK || token_is(self, to, ENUM_COMMA)))
		to++;
	if (to > from && token_length(&self->tokens[to - 1]) == 2 && token_first(self, to - 1) == 0x804C)               /* 职务 */
		to--;
	if (to == from || !(self->tokens[to - 1].classes & LEX_TITLE))
		return false;
	*out = split_role(self, from, to);
	return true;
}

/* 联系人:甲乙 */
static bool labelled(const sentence *self, size_t i)
{
	return i >= 2 && (token_is(self, i - 1, ':') || token_is(self, i - 1, 0xFF1A)) && self->tokens[i - 2].classes & LEX_TITLE;
}

static bool is_plural(const sentence *self, fact_span role)
{
	/* 领导 联系人 代表 成员 委员 学生 */
	static const uint32_t ends[][2] = {{0x9886, 0x5BFC}, {0x7CFB, 0x4EBA}, {0x4EE3, 0x8868}, {0x6210, 0x5458}, {0x59D4, 0x5458}, {0x5B66, 0x751F}};
	const uint32_t *c = self->text->characters;
	for (size_t k = 0; role.end >= role.begin + 2 && k < sizeof ends / sizeof *ends; k++)
		if (c[role.end - 1] == ends[k][1] && c[role.end - 2] == ends[k][0])
			return true;
	return false;
}

static struct role role_of(const sentence *self, size_t i, const struct role *row)
{
	struct role out = {{0, 0}, {0, 0}};
	if (title_before(self, i))
		return role_before(self, i);
	if (appointed(self, i, &out))
		return out;
	if (labelled(self, i)) {
		out.role = (fact_span){self->tokens[i - 2].begin, self->tokens[i - 2].end};
		return out;
	}
	if (i + 1 < self->count && self->tokens[i + 1].classes & LEX_BEHIND) {
		out.role = (fact_span){self->tokens[i + 1].begin, self->tokens[i + 1].end};
		return out;
	}
	if (row && i >= 2 && token_is(self, i - 1, ENUM_COMMA) && self->tokens[i - 2].kind == TOKEN_NAME && is_plural(self, row->role))
		return *row;
	apposition(self, i, &out);
	return out;
}

void sentence_persons(sentence *self)
{
	struct role last = {{0, 0}, {0, 0}};
	for (size_t i = 0; i < self->count; i++) {
		const token *t = &self->tokens[i];
		if (t->kind != TOKEN_NAME && t->kind != TOKEN_FOREIGN ? !is_word_name(self, i) : !is_believed(self, i))
			continue;
		struct role role = role_of(self, i, &last);
		last = role;
		self->taken[i] |= TAKEN_PERSON;
		found_add(self->found, (fact){.at = {t->begin, t->end}, .role = role.role, .organization = role.organization, .type = FACT_PERSON});
	}
}
