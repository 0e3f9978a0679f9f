/* tokens.c - see tokens.h. Width, case and script are folded by text/fold.h; what is left for here is to tell letters from breaks.
 *
 * A text without marks is read once, straight from the source: ideographs by one look into the folding table, ASCII and common punctuation as they are. What is left - words that
 * fold as a whole, accents, full-width letters, broken bytes - is folded stretch by stretch into a scratch buffer and cut there. Both ways give the same tokens
 * (tests/unit/test_classify.c compares). */
#include "tokens.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

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

/* Letters, figures and ideographs; what is between them breaks. `breaks`: what stands in front; returned is what stands behind the last token. */
static uint8_t tokens_cut(tokens *self, const cutting *text, const char *at, const char *end, uint8_t breaks)
{
	for (size_t i = 0, taken = 1; at < end; i += taken) {
		const char *begin = at;
		uint32_t c = folded_next(&at, end);
		enum kind kind = kind_of(c);
		taken = 1;
		if (kind != KIND_BLANK && kind != KIND_WIDE && kind != KIND_LETTER && kind != KIND_DIGIT)
			breaks = c == '\n' ? BREAK_LINE : breaks > BREAK_MARK ? breaks : BREAK_MARK;
		if (kind == KIND_WIDE || kind == KIND_LETTER || kind == KIND_DIGIT) {
			uint32_t value = kind == KIND_WIDE ? c : run_read(begin, end, &at, &taken);
			token_add(self, text, value, i, taken, breaks)->wide = kind == KIND_WIDE;
			breaks = 0;
		}
	}
	return breaks;
}

/* ---- straight from the source: most characters of a text need no folded copy to be told ---- */

typedef struct reading {
	tokens *out;
	const char *begin, *at, *end;
	fold_han_tables han;
	size_t first;                    /* tokens before the text */
	bool title;
	uint8_t breaks;                  /* what stands before the next token */
} reading;

/* A character of three bytes; 0: it is none. */
static inline uint32_t three_bytes(const char *at, const char *end)
{
	uint32_t raw = 0;
	if (end - at < 3)
		return 0;
	memcpy(&raw, at, 3);
	return (raw & 0xC0C0F0) == 0x8080E0 ? (raw & 0x0F) << 12 | (raw >> 2 & 0xFC0) | (raw >> 16 & 0x3F) : 0;
}

/* The folded form of an ideograph at `at` that is told by itself and by the character behind it, else 0. */
static inline uint32_t plain_wide(fold_han_tables han, uint32_t c, const char *at, const char *end)
{
	if (c - 0x4E00u > FOLD_HAN_LAST - 0x4E00u)
		return 0;
	uint32_t to = han.to[c - FOLD_HAN_FIRST];
	if (to < FOLD_HAN_GROUP)
		return to;
	at += 3;
	return fold_han_alone(han, c, at < end ? utf8_next(&at, end) : 0);
}

/* Punctuation of three bytes that breaks, whatever stands around it: of the blocks U+2010 (but 2019, which joins), U+3000 and U+FF00. */
static inline bool plain_mark(uint32_t c)
{
	if (c >> 8 == 0xFF)
		return c <= 0xFF5E && c != 0xFF07 && c != 0xFF0D && kind_ascii(c - 0xFEE0) == KIND_BREAK;
	return (c >= 0x3001 && c <= 0x3004) || (c >= 0x3008 && c <= 0x3020) || (c >= 0x2010 && c <= 0x201F && c != 0x2019);
}

_Static_assert(sizeof(token) == 16 && offsetof(token, start) == 4 && offsetof(token, end) == 8 && offsetof(token, zone) == 12 && offsetof(token, breaks) == 13 &&
	       offsetof(token, wide) == 14 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "plain_cut writes a token as two halves");

/* What needs to be folded first: from `from` to the next blank, plain ideograph or plain mark, none of which a run of letters reaches over. Goes on behind it. */
static void stretch_cut(reading *self, const char *from)
{
	tokens *out = self->out;
	const char *stop = from;
	utf8_next(&stop, self->end);
	while (stop < self->end && *stop != ' ' && *stop != '\t' && *stop != '\n') {
		uint32_t c = three_bytes(stop, self->end);
		if (c && (plain_wide(self->han, c, stop, self->end) || plain_mark(c)))
			break;
		utf8_next(&stop, self->end);
	}
	mr_bytes source = {self->begin, (size_t)(self->end - self->begin)};
	buf_clear(&out->folded);
	buf_clear(&out->origin);
	size_t end = fold_span(source, (size_t)(from - self->begin), (size_t)(stop - self->begin), FOLD_WIDTH | FOLD_CASE | FOLD_SCRIPT, &out->folded, &out->origin);
	cutting text = {(const uint32_t *)(const void *)out->origin.data, out->origin.len / sizeof(uint32_t), self->first, (uint32_t)end, self->title};
	tokens_reserve(out, text.characters + (source.len - end) / 2);
	self->breaks = tokens_cut(out, &text, out->folded.data, out->folded.data + out->folded.len, self->breaks);
	self->at = self->begin + end;
}

/* A run of ASCII letters and figures. False: what follows it must be folded to know whether it belongs to it. */
static bool run_cut(reading *self)
{
	uint32_t h = 2166136261u, kept = h;
	const char *p = self->at, *last = p;
	bool number = true;
	for (; p < self->end && (unsigned char)*p < 0x80; p++) {
		enum kind kind = kind_ascii((unsigned char)*p);
		if (kind != KIND_LETTER && kind != KIND_DIGIT && (kind != KIND_JOIN || number))
			break;
		h = (h ^ (uint32_t)(kind == KIND_LETTER ? *p | 0x20 : *p)) * 16777619u;
		if (kind == KIND_JOIN)
			continue;
		number = number && kind == KIND_DIGIT;
		last = p + 1;
		kept = h;
	}
	uint32_t c = p < self->end ? three_bytes(p, self->end) : 0;
	if (p < self->end && (unsigned char)*p >= 0x80 && !(c && (plain_wide(self->han, c, p, self->end) || plain_mark(c))))
		return false;
	self->out->at[self->out->count++] = (token){.value = number && last - self->at >= LONG_NUMBER ? NUMBER_TOKEN : RUN_BIT | kept, .start = (uint32_t)(self->at - self->begin),
		.end = (uint32_t)(last - self->begin), .zone = self->title ? ZONE_TITLE : ZONE_BODY, .breaks = self->breaks};
	self->breaks = 0;
	self->at = last;
	return true;
}

static void other_cut(reading *self)
{
	unsigned char c = (unsigned char)*self->at;
	enum kind kind = c < 0x80 ? kind_ascii(c) : KIND_WIDE;
	if (kind == KIND_WIDE || ((kind == KIND_LETTER || kind == KIND_DIGIT) && !run_cut(self))) {
		stretch_cut(self, self->at);
	} else if (kind != KIND_LETTER && kind != KIND_DIGIT) {
		if (kind != KIND_BLANK)
			self->breaks = c == '\n' ? BREAK_LINE : self->breaks > BREAK_MARK ? self->breaks : BREAK_MARK;
		self->at++;
	}
}

/* What three bytes are, told by two looks: the first two bytes choose a row, the third one an entry of it. Row 0 is of what is not three bytes. */
struct plain_table {
	uint16_t row[0x10000];           /* by the first two bytes, little endian */
	uint64_t seconds[FOLD_HAN_WIDE - FOLD_HAN_GROUP + 1];    /* by group + 1, as fold_han_tables.seconds; 0: no word begins */
	uint32_t entry[][256];           /* PLAIN_NONE, PLAIN_MARK or the folded ideograph; above it the group + 1 of the words that it begins */
};

enum { PLAIN_NONE, PLAIN_MARK, PLAIN_ROWS = 512 };

static uint32_t plain_entry(struct plain_table *self, uint32_t c)
{
	if (c - 0x4E00u > FOLD_HAN_LAST - 0x4E00u)
		return plain_mark(c) ? PLAIN_MARK : PLAIN_NONE;
	uint32_t to = fold_han.to[c - FOLD_HAN_FIRST], group = to - FOLD_HAN_GROUP;
	if (to == FOLD_HAN_WIDE)
		return PLAIN_NONE;
	if (to < FOLD_HAN_GROUP)
		return to;
	self->seconds[group + 1] = fold_han.seconds[group];
	return fold_han.groups[group].single | (group + 1) << 16;
}

static struct plain_table *plain_table_new(void)
{
	size_t rows = 1;
	struct plain_table *self = mem_alloc(sizeof *self + PLAIN_ROWS * sizeof self->entry[0]);
	for (uint32_t c = 0x2000; c <= 0xFFFF; c++) {
		uint32_t entry = plain_entry(self, c);
		if (entry == PLAIN_NONE)
			continue;
		uint16_t two = (uint16_t)((0xE0 | c >> 12) | (0x80 | (c >> 6 & 0x3F)) << 8);
		if (!self->row[two])
			self->row[two] = (uint16_t)rows++;
		assert(rows <= PLAIN_ROWS);
		self->entry[self->row[two]][0x80 | (c & 0x3F)] = entry;
	}
	return self;
}

/* Ideographs and common punctuation, as many as follow: nearly all of a Chinese text. An ideograph that begins words is asked whether one may go on with the character behind it,
 * all others are, too, and none of theirs may: which of them a text has next cannot be foreseen, so there is no branch. Words go on with characters of three bytes
 * (cmake/fold_tables.c), whose last byte has the bits asked for; whatever else stands there may say yes, then the stretch is folded to no purpose. */
static inline __attribute__((always_inline)) void plain_cut(reading *self)
{
	const struct plain_table *table = self->out->plain;
	const char *at = self->at, *const end = self->end, *const begin = self->begin;
	token *out = self->out->at + self->out->count;
	const uint64_t zone = (uint64_t)(self->title ? ZONE_TITLE : ZONE_BODY) << 32 | 1ull << 48;       /* `wide` is the byte at 14 */
	uint64_t breaks = self->breaks;
	for (; end - at >= 6; at += 3) {
		uint16_t two;
		memcpy(&two, at, sizeof two);
		uint32_t entry = table->entry[table->row[two]][(unsigned char)at[2]], value = entry & 0xFFFF;
		if (value <= PLAIN_MARK || table->seconds[entry >> 16] >> ((unsigned char)at[5] & 63) & 1) {
			if (value != PLAIN_MARK)
				break;
			breaks = breaks > BREAK_MARK ? breaks : BREAK_MARK;
			continue;
		}
		uint32_t from = (uint32_t)(at - begin);
		uint64_t halves[2] = {value | (uint64_t)from << 32, (from + 3) | zone | breaks << 40};
		memcpy(out++, halves, sizeof halves);
		breaks = 0;
	}
	self->at = at;
	self->breaks = (uint8_t)breaks;
	self->out->count = (size_t)(out - self->out->at);
}

/* The last ideograph or mark of a text: plain_cut looks one character ahead. */
static bool last_cut(reading *self)
{
	uint32_t c = three_bytes(self->at, self->end), wide = c ? plain_wide(self->han, c, self->at, self->end) : 0;
	if (wide) {
		uint32_t from = (uint32_t)(self->at - self->begin);
		self->out->at[self->out->count++] = (token){.value = wide, .start = from, .end = from + 3, .zone = self->title ? ZONE_TITLE : ZONE_BODY, .breaks = self->breaks, .wide = 1};
		self->breaks = 0;
	} else if (c && plain_mark(c)) {
		self->breaks = self->breaks > BREAK_MARK ? self->breaks : BREAK_MARK;
	} else {
		return false;
	}
	self->at += 3;
	return true;
}

static inline __attribute__((always_inline)) void all_cut(reading *self)
{
	for (;;) {
		plain_cut(self);
		if (self->at >= self->end)
			return;
		if (self->end - self->at >= 6 || !last_cut(self))
			other_cut(self);
	}
}

/* The same compiled twice: shifts by a number that is not known cost three operations less with BMI2 (of 2013). The answers are the same. */
#ifdef __x86_64__
__attribute__((target("bmi2"))) static void all_cut_bmi2(reading *self)
{
	all_cut(self);
}
#endif

static void tokens_cut_source(tokens *self, mr_bytes source, bool title)
{
	if (!self->plain)
		self->plain = plain_table_new();
	reading r = {self, source.data, source.data, source.data + source.len, fold_han, self->count, title, BREAK_LINE};
	tokens_reserve(self, source.len / 2);            /* an ideograph has three bytes; between two runs stands something */
#ifdef __x86_64__
	if (__builtin_cpu_supports("bmi2"))
		all_cut_bmi2(&r);
	else
#endif
		all_cut(&r);
	for (size_t i = r.first; !title && i < self->count && i < r.first + LEAD_TOKENS; i++)
		self->at[i].zone = ZONE_LEAD;
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
		if (!mark) {
			uint32_t value = kind == KIND_WIDE ? c : run_read(begin, end, &at, &taken);
			token_add(self, text, value, i, taken, 0)->wide = kind == KIND_WIDE;
		} else if (!gap || !blank) {
			token_add(self, text, gap ? ' ' : c, i, 1, 0)->mark = 1;
		}
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
	if (!marks) {
		tokens_cut_source(self, source, title);
		return;
	}
	buf_clear(&self->folded);
	buf_clear(&self->origin);
	fold_text(source, FOLD_WIDTH | FOLD_CASE | FOLD_SCRIPT, &self->folded, &self->origin);
	cutting text = {(const uint32_t *)(const void *)self->origin.data, self->origin.len / sizeof(uint32_t), self->count, (uint32_t)source.len, title};
	const char *at = self->folded.data, *end = at ? at + self->folded.len : at;
	tokens_reserve(self, text.characters);
	tokens_cut_marks(self, &text, at, end);
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
	free(self->plain);
	*self = (tokens){0};
}
