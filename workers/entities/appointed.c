/* appointed.c - see appointed.h. */
#include "appointed.h"

#include <wchar.h>

#include "common/utf8.h"
#include "quantity_rules.h"

#define NAME_MAX_CHARACTERS 5
#define OFFICE_CHARACTERS 40             /* between the name and the end of the clause */
#define NAME_WEIGHT 700                  /* as a name that the tagger is sure of */
#define VERBS U"任命 聘任 聘用 提名 决定 选举 推选 增补 免去 接受 同意 批准 补选 当选 指定 委任 派"

static bool ends_clause(uint32_t c)
{
	return !c || c == '\n' || is_one_of(c, U",;。:!?(（；，：");
}

/* Behind the last character of the clause that begins at `at`: at a mark; 、 belongs to it. */
static uint32_t clause_end(const fact_text *text, uint32_t at, uint32_t limit)
{
	uint32_t most = limit - at > OFFICE_CHARACTERS ? at + OFFICE_CHARACTERS : limit, i = at;
	while (i < most && !ends_clause(text->characters[i]))
		i++;
	return i;
}

/* Does an office end at `end`? */
static bool is_office(const lexicon *words, const fact_text *text, uint32_t begin, uint32_t end)
{
	uint32_t length = end > begin ? lexicon_ending(words, text->characters + begin, text->characters + end, LEX_TITLE) : 0;
	if (!length)
		return false;
	const lexicon_entry *office = lexicon_find(words, text->characters + end - length, text->characters + end);
	return office && !(office->classes & LEX_COMMON);
}

/* A family name begins it, or all its characters are those of foreign names, or parts of such names make it. */
static bool may_be_name(const lexicon *words, const fact_text *text, uint32_t begin, uint32_t end)
{
	const uint32_t *c = text->characters;
	uint32_t n = end - begin, foreign = 0;
	if (n < 2 || n > NAME_MAX_CHARACTERS)
		return false;
	for (uint32_t i = begin; i < end; i++) {
		if (!utf8_is_han(c[i]) || is_one_of(c[i], U"的为他她其该由被将原兼并和及"))
			return false;
		foreign += lexicon_foreign(words, c[i]) != 0;
	}
	for (uint32_t length = 1; length <= 2 && n > length && n <= 4; length++) {
		const lexicon_entry *family = lexicon_find(words, c + begin, c + begin + length);
		if (family && family->surname && n - length <= 2)
			return true;
	}
	const lexicon_entry *part = lexicon_find(words, c + begin, c + begin + 2);
	return foreign == n || (part && part->classes & LEX_PART);
}

/* Where the name that ends at `end` begins: behind a mark, a blank, the beginning of the sentence or a verb of appointing, and behind 同志. `end`: there is none. */
static uint32_t name_begin(const fact_text *text, fact_span at, uint32_t end)
{
	const uint32_t *c = text->characters;
	uint32_t i = end, ignored;
	while (i > at.begin && end - i < NAME_MAX_CHARACTERS + 1 && utf8_is_han(c[i - 1]) && !(end - i >= 2 && ends_with_word(text, i, VERBS, &ignored)))
		i--;
	bool bounded = i == at.begin || !utf8_is_han(c[i - 1]) || ends_with_word(text, i, VERBS, &ignored);
	return bounded && c[i > at.begin ? i - 1 : i] != 0xB7 ? i : end;
}

static size_t add(named *out, size_t count, size_t room, uint32_t begin, uint32_t end)
{
	if (count == room || (count && out[count - 1].end > begin))
		return count;
	out[count] = (named){begin, end, NAME_WEIGHT};
	return count + 1;
}

size_t appointed_names(const lexicon *words, const fact_text *text, fact_span at, named *out, size_t room)
{
	const uint32_t *c = text->characters;
	size_t count = 0;
	for (uint32_t i = at.begin; i + 3 < at.end; i++) {
		uint32_t end = i, ignored;
		if (c[i] != U'为' && c[i] != U'的')
			continue;
		if (i >= at.begin + 4 && c[i - 1] == U'志' && c[i - 2] == U'同')
			end = i - 2;
		uint32_t begin = name_begin(text, at, end), stop = clause_end(text, i + 1, at.end);
		if (begin == end || !may_be_name(words, text, begin, end))
			continue;
		bool dismissed = c[i] == U'的' && ends_with_word(text, stop, U"职务", &ignored) && is_office(words, text, i + 1, stop - 2);
		if (dismissed || (c[i] == U'为' && is_office(words, text, i + 1, stop)))
			count = add(out, count, room, begin, end);
	}
	return count;
}
