/* tokens.c - see tokens.h. Width, case and script are folded by text/fold.h; what is left for here is to tell letters from breaks. */
#include "tokens.h"

#include <stdlib.h>

#include "common/mem.h"
#include "common/utf8.h"
#include "workers/text/fold.h"

#define LEAD_TOKENS 80           /* the opening of a Chinese news text: one or two sentences */
#define LONG_NUMBER 4            /* 985 and 211 are names, 2025 and 13000 are figures */
#define RUN_BIT 0x80000000u
#define NUMBER_TOKEN (RUN_BIT | 0x30)
#define END_TOKEN 1u              /* begin or end of a text with marks: a control character, which nothing else makes a feature of */

enum { BREAK_MARK = 1, BREAK_LINE = 2 };

enum kind { KIND_BREAK, KIND_BLANK, KIND_LETTER, KIND_DIGIT, KIND_WIDE, KIND_JOIN };

static enum kind kind_ascii(uint32_t c)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
		return KIND_LETTER;
	if (c >= '0' && c <= '9')
		return KIND_DIGIT;
	if (c == ' ' || c == '\t')
		return KIND_BLANK;
	return c == '\'' || c == '-' ? KIND_JOIN : KIND_BREAK;
}

static inline enum kind kind_of(uint32_t c)
{
	if (c >= 0x4E00 && c <= 0x9FFF)
		return KIND_WIDE;
	if (c < 0x80)
		return kind_ascii(c);
	if (c == 0xA0 || c == 0x3000)
		return KIND_BLANK;
	if (c < 0xC0 || c == 0xD7 || c == 0xF7)
		return KIND_BREAK;
	if (c < 0x2000)                                  /* Latin, Greek, Cyrillic and the other scripts with blanks */
		return KIND_LETTER;
	if (c == 0x2019)
		return KIND_JOIN;
	if (utf8_is_han(c) || (c >= 0x3041 && c <= 0x30FF) || (c >= 0xAC00 && c <= 0xD7A3))
		return KIND_WIDE;
	return KIND_BREAK;
}

/* Next character of folded text, which is well-formed whatever came in; inline for the three bytes of an ideograph. */
static inline uint32_t folded_next(const char **at, const char *end)
{
	const unsigned char *p = (const unsigned char *)*at;
	if (p[0] < 0x80) {
		*at += 1;
		return p[0];
	}
	if (p[0] >= 0xE0 && p[0] < 0xF0 && end - *at >= 3) {
		*at += 3;
		return (uint32_t)(p[0] & 0x0F) << 12 | (uint32_t)(p[1] & 0x3F) << 6 | (p[2] & 0x3F);
	}
	return utf8_next(at, end);
}

/* Room for a text of so many characters: at most one token each, and its two ends. */
static void tokens_reserve(tokens *self, size_t characters)
{
	if (self->count + characters + 2 > self->room) {
		self->room = (self->count + characters + 2) * 3 / 2;
		self->at = mem_grow(self->at, self->room, sizeof *self->at);
	}
}

static uint32_t run_value(const char *data, size_t len, bool number)
{
	if (number && len >= LONG_NUMBER)
		return NUMBER_TOKEN;
	uint32_t h = 2166136261u;                        /* FNV-1a: runs are a few bytes */
	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)data[i]) * 16777619u;
	return RUN_BIT | h;
}

/* The run that begins at `at`; sets *next behind it and counts its characters. A hyphen or apostrophe between letters belongs to it. */
static uint32_t run_read(const char *at, const char *end, const char **next, size_t *characters)
{
	const char *p = at, *last = at;
	bool number = true;
	size_t seen = 0;
	*characters = 0;
	while (p < end) {
		enum kind kind = kind_of(folded_next(&p, end));
		if (kind != KIND_LETTER && kind != KIND_DIGIT && (kind != KIND_JOIN || number))
			break;
		seen++;
		if (kind == KIND_JOIN)
			continue;
		number = number && kind == KIND_DIGIT;
		last = p;
		*characters = seen;
	}
	*next = last;
	return run_value(at, (size_t)(last - at), number);
}

/* What is being cut: one of the two texts, folded. */
typedef struct cutting {
	const uint32_t *origin;          /* by character: its byte in the source */
	size_t characters, first;        /* of the text; tokens before it */
	uint32_t source_len;
	bool title;
} cutting;

static inline token *token_add(tokens *self, const cutting *text, uint32_t value, size_t from, size_t taken, uint8_t breaks)
{
	token *t = &self->at[self->count++];
	*t = (token){.value = value, .start = from < text->characters ? text->origin[from] : text->source_len,
		     .end = from + taken < text->characters ? text->origin[from + taken] : text->source_len, .breaks = breaks};
	t->zone = text->title ? ZONE_TITLE : self->count - text->first <= LEAD_TOKENS ? ZONE_LEAD : ZONE_BODY;
	return t;
}

/* Letters, figures and ideographs; what is between them breaks. */
static void tokens_cut(tokens *self, const cutting *text, const char *at, const char *end)
{
	uint8_t breaks = BREAK_LINE;
	for (size_t i = 0, taken = 1; at < end; i += taken) {
		const char *begin = at;
		uint32_t c = folded_next(&at, end);
		taken = 1;
		if (c >= 0x4E00 && c <= 0x9FFF) {                /* nearly all of a Chinese text */
			token_add(self, text, c, i, 1, breaks)->wide = 1;
			breaks = 0;
			continue;
		}
		enum kind kind = kind_of(c);
		if (kind != KIND_BLANK && kind != KIND_WIDE && kind != KIND_LETTER && kind != KIND_DIGIT)
			breaks = c == '\n' ? BREAK_LINE : breaks > BREAK_MARK ? breaks : BREAK_MARK;
		if (kind == KIND_WIDE || kind == KIND_LETTER || kind == KIND_DIGIT) {
			uint32_t value = kind == KIND_WIDE ? c : run_read(begin, end, &at, &taken);
			token_add(self, text, value, i, taken, breaks)->wide = kind == KIND_WIDE;
			breaks = 0;
		}
	}
}

/* The same with marks: all that is printed is a token. */
static void tokens_cut_marks(tokens *self, const cutting *text, const char *at, const char *end)
{
	bool blank = false;
	token_add(self, text, END_TOKEN, 0, 0, BREAK_LINE)->mark = 1;
	for (size_t i = 0, taken = 1; at < end; i += taken) {
		const char *begin = at;
		uint32_t c = folded_next(&at, end);
		enum kind kind = kind_of(c);
		taken = 1;
		bool mark = kind != KIND_WIDE && kind != KIND_LETTER && kind != KIND_DIGIT, gap = kind == KIND_BLANK || c == '\n';
		if (!mark)
			token_add(self, text, kind == KIND_WIDE ? c : run_read(begin, end, &at, &taken), i, taken, 0)->wide = kind == KIND_WIDE;
		else if (!gap || !blank)
			token_add(self, text, gap ? ' ' : c, i, 1, 0)->mark = 1;
		blank = gap;
	}
	token_add(self, text, END_TOKEN, text->characters, 0, 0)->mark = 1;
}

static void tokens_add(tokens *self, mr_bytes source, bool title, bool marks)
{
	if (!source.len)
		return;
	if (source.len > TOKENS_MAX_BYTES)
		source.len = TOKENS_MAX_BYTES;
	buf_clear(&self->folded);
	buf_clear(&self->origin);
	fold_text(source, FOLD_WIDTH | FOLD_CASE | FOLD_SCRIPT, &self->folded, &self->origin);
	cutting text = {(const uint32_t *)(const void *)self->origin.data, self->origin.len / sizeof(uint32_t), self->count, (uint32_t)source.len, title};
	const char *at = self->folded.data, *end = at ? at + self->folded.len : at;
	tokens_reserve(self, text.characters);
	if (marks)
		tokens_cut_marks(self, &text, at, end);
	else
		tokens_cut(self, &text, at, end);
}

void tokens_read(tokens *self, mr_bytes title, mr_bytes body, bool marks)
{
	self->count = 0;
	tokens_add(self, title, true, marks);
	self->title_count = self->count;
	tokens_add(self, body, false, marks);
	self->lead_end = self->count - self->title_count < LEAD_TOKENS ? self->count : self->title_count + LEAD_TOKENS;
}

size_t tokens_section_end(const tokens *self, size_t from)
{
	size_t most = from + 2 * SECTION_TOKENS, mark = 0, i = from + SECTION_TOKENS;
	if (self->count - from < 2 * SECTION_TOKENS)             /* too little would be left behind it */
		return self->count;
	for (; i < most; i++) {
		if (self->at[i].breaks == BREAK_LINE)
			return i;
		if (self->at[i].breaks && !mark)
			mark = i;
	}
	return mark ? mark : most;
}

void tokens_free(tokens *self)
{
	free(self->at);
	buf_free(&self->folded);
	buf_free(&self->origin);
	*self = (tokens){0};
}
