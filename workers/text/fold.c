/* fold.c - see fold.h.
 *
 * One pass, character by character: width (a few ranges and a small table of forms that stand for several characters), case, script,
 * letters. Script is the only step that looks ahead: a word of OpenCC's phrase dictionaries is taken when the text has it here, longest
 * first; with FOLD_LETTERS the characters that are dropped anyway (a line break within a word of a newspaper column) are looked over.
 * The tables come from cmake/fold_tables.c and are closed: what is folded stays as it is when folded again.
 *
 * Left alone: marks on Latin letters (é is not e), Japanese shinjitai, half-width katakana. */
#include "fold.h"

#include "common/utf8.h"

struct fold_word { uint16_t at; uint8_t rest, value; };          /* in fold_units: key behind its first character, then the value */
struct fold_pair { uint32_t from, to; };

#include "fold_tables.inc"
#include "fold_forms.h"

#define GAP_MAX 16                       /* characters that a word may be torn apart by: line break, indent */
#define OUT_MAX 256                      /* bytes that one step can write: a word of 24 characters, 4 bytes each, and room */

const fold_han_tables fold_han = {fold_simple, fold_groups, fold_seconds};
const uint32_t fold_tables_hash = FOLD_TABLES_HASH;

typedef struct folder {
	const char *begin, *at, *end;
	unsigned flags;
	buf *out, *origin;
} folder;

static uint32_t wide(uint32_t c)
{
	size_t low = 0, high = sizeof fold_wide / sizeof *fold_wide;
	while (low < high) {
		size_t mid = (low + high) / 2;
		if (fold_wide[mid].from < c)
			low = mid + 1;
		else
			high = mid;
	}
	return low < sizeof fold_wide / sizeof *fold_wide && fold_wide[low].from == c ? fold_wide[low].to : c;
}

/* A form that stands for several characters (㎡ = m2); NULL: none. */
static const char *form(uint32_t c)
{
	size_t low = 0, high = sizeof forms / sizeof *forms;
	while (low < high) {
		size_t mid = (low + high) / 2;
		if (forms[mid].c < c)
			low = mid + 1;
		else
			high = mid;
	}
	return low < sizeof forms / sizeof *forms && forms[low].c == c ? forms[low].text : NULL;
}

static void emit(folder *self, uint32_t c, size_t from)
{
	unsigned char *p = (unsigned char *)self->out->data + self->out->len;
	if (c < 0x80) {
		*p++ = (unsigned char)c;
	} else if (c < 0x800) {
		*p++ = (unsigned char)(0xC0 | c >> 6);
		*p++ = (unsigned char)(0x80 | (c & 0x3F));
	} else if (c < 0x10000) {
		*p++ = (unsigned char)(0xE0 | c >> 12);
		*p++ = (unsigned char)(0x80 | (c >> 6 & 0x3F));
		*p++ = (unsigned char)(0x80 | (c & 0x3F));
	} else {
		*p++ = (unsigned char)(0xF0 | c >> 18);
		*p++ = (unsigned char)(0x80 | (c >> 12 & 0x3F));
		*p++ = (unsigned char)(0x80 | (c >> 6 & 0x3F));
		*p++ = (unsigned char)(0x80 | (c & 0x3F));
	}
	self->out->len = (size_t)((char *)p - self->out->data);
	if (self->origin) {
		memcpy(self->origin->data + self->origin->len, &(uint32_t){(uint32_t)from}, sizeof(uint32_t));
		self->origin->len += sizeof(uint32_t);
	}
}

/* Case and letters of a character that is no ideograph of the tables and has its width already. */
static void put_other(folder *self, uint32_t c, size_t from)
{
	if (self->flags & FOLD_CASE)
		c = fold_case(c);
	if (self->flags & FOLD_SCRIPT && c > 0xFFFF)
		c = wide(c);
	if (!(self->flags & FOLD_LETTERS) || fold_is_letter(c))
		emit(self, c, from);
}

/* The next character that counts for a word; `at` moves behind it. 0: none near. A bounded look: hostile text must not make it quadratic. */
static uint32_t ahead(const folder *self, const char **at)
{
	for (int gap = 0; *at < self->end && gap < GAP_MAX; gap++) {
		uint32_t c = utf8_next(at, self->end);
		if (!(self->flags & FOLD_LETTERS) || fold_is_letter(c))
			return c;
	}
	return 0;
}

static bool put_word(folder *self, const struct fold_group *group, size_t from)
{
	const char *behind_second = self->at;
	uint32_t second = ahead(self, &behind_second);           /* read once: most words fail by it */
	for (size_t i = 0; i < group->count; i++) {
		const struct fold_word *word = &fold_words[group->first + i];
		const uint16_t *key = fold_units + word->at, *value = key + word->rest;
		const char *at = behind_second;
		size_t k = 1;
		if (key[0] != second)
			continue;
		while (k < word->rest && ahead(self, &at) == key[k])
			k++;
		if (k < word->rest)
			continue;
		for (k = 0; k < word->value; k++)
			emit(self, value[k], from);
		self->at = at;
		return true;
	}
	return false;
}

/* False: no word of the group goes on with the next character. */
static bool may_be_word(const folder *self, uint32_t group)
{
	const char *at = self->at;
	return fold_seconds[group] >> (ahead(self, &at) & 63) & 1;
}

static void put_han(folder *self, uint32_t c, size_t from)
{
	uint32_t to = c;
	if (self->flags & FOLD_SCRIPT) {
		to = fold_simple[c - FOLD_HAN_FIRST];
		if (to == FOLD_HAN_WIDE) {
			to = wide(c);
		} else if (to >= FOLD_HAN_GROUP && to < FOLD_HAN_WIDE) {
			const struct fold_group *group = &fold_groups[to - FOLD_HAN_GROUP];
			if (may_be_word(self, to - FOLD_HAN_GROUP) && put_word(self, group, from))
				return;
			to = group->single;
		}
	}
	emit(self, to, from);
}

static void put_folded(folder *self, uint32_t c, size_t from)
{
	if (c >= FOLD_HAN_FIRST && c <= FOLD_HAN_LAST)
		put_han(self, c, from);
	else
		put_other(self, c, from);
}

/* False: `forms` has it not; so of nearly all punctuation of Chinese text. */
static bool may_be_form(uint32_t c)
{
	if (c < 0x2500)
		return (c >= 0xB2 && c < 0x200) || c >= 0x2024;
	return c >= 0x3220 && c < 0xFF00;
}

static void put_wide(folder *self, uint32_t c, size_t from)
{
	const char *text = may_be_form(c) ? form(c) : NULL;
	if (!text) {
		put_folded(self, fold_width(c), from);
		return;
	}
	for (const char *end = text + strlen(text); text < end;)
		put_folded(self, utf8_next(&text, end), from);
}

/* Ideographs that stay what they are, as most of a Simplified text do: as many as follow and as there is room for. */
static void put_plain_han(folder *self, const char *stop)
{
	const unsigned char *at = (const unsigned char *)self->at, *begin = (const unsigned char *)self->begin;
	size_t most = (size_t)(stop - self->at) / 3, room = (self->out->cap - self->out->len) / 3, i;
	char *out = self->out->data + self->out->len, *origins = NULL;
	most = most < room ? most : room;
	if (self->origin) {
		room = (self->origin->cap - self->origin->len) / sizeof(uint32_t);
		most = most < room ? most : room;
		origins = self->origin->data + self->origin->len;
	}
	for (i = 0; i < most; i++, at += 3) {
		uint32_t c = (at[0] & 0x0Fu) << 12 | (at[1] & 0x3Fu) << 6 | (at[2] & 0x3Fu), from = (uint32_t)(at - begin);
		if ((at[0] & 0xF0) != 0xE0 || (at[1] & 0xC0) != 0x80 || (at[2] & 0xC0) != 0x80 || c - FOLD_HAN_FIRST > FOLD_HAN_LAST - FOLD_HAN_FIRST)
			break;
		if (self->flags & FOLD_SCRIPT && fold_simple[c - FOLD_HAN_FIRST] != c)
			break;
		memcpy(out + 3 * i, at, 3);
		if (origins)
			memcpy(origins + sizeof from * i, &from, sizeof from);
	}
	self->at = (const char *)at;
	self->out->len += 3 * i;
	if (origins)
		self->origin->len += i * sizeof(uint32_t);
}

void fold_text(mr_bytes in, unsigned flags, buf *out, buf *origin)
{
	fold_span(in, 0, in.len, flags, out, origin);
}

size_t fold_span(mr_bytes in, size_t from_byte, size_t to_byte, unsigned flags, buf *out, buf *origin)
{
	folder self = {.begin = in.data, .at = in.data + from_byte, .end = in.data + in.len, .flags = flags, .out = out, .origin = origin};
	const char *stop = in.data + to_byte;
	size_t len = from_byte < to_byte ? to_byte - from_byte : 0;
	buf_reserve(out, len + OUT_MAX);
	if (origin)                              /* one a character, and most characters have three bytes */
		buf_reserve(origin, (len / 3 + OUT_MAX) * sizeof(uint32_t));
	while (self.at < stop) {
		put_plain_han(&self, stop);
		if (self.at >= stop)
			break;
		size_t from = (size_t)(self.at - self.begin);
		if (out->cap - out->len < OUT_MAX)
			buf_reserve(out, OUT_MAX + (size_t)(stop - self.at));
		if (origin && origin->cap - origin->len < OUT_MAX * sizeof(uint32_t))
			buf_reserve(origin, OUT_MAX * sizeof(uint32_t) + origin->len);
		unsigned char a = (unsigned char)*self.at;
		if (a < 0x80) {
			self.at++;
			unsigned char c = flags & FOLD_CASE ? ascii_lower(a) : a;
			if (!(flags & FOLD_LETTERS) || ascii_letter(a))
				emit(&self, c, from);
			continue;
		}
		uint32_t c = utf8_next(&self.at, self.end);
		if (c >= FOLD_HAN_FIRST && c <= FOLD_HAN_LAST)
			put_han(&self, c, from);
		else if (flags & FOLD_WIDTH)
			put_wide(&self, c, from);
		else
			put_other(&self, c, from);
	}
	if (out->data)
		out->data[out->len] = 0;
	return (size_t)(self.at - self.begin);
}

/* The words that begin with a character, after its width is folded; NULL: none do. */
static const struct fold_group *group_of(uint32_t c, unsigned flags)
{
	uint32_t narrow = flags & FOLD_WIDTH && !form(c) ? fold_width(c) : c;
	uint32_t to = flags & FOLD_SCRIPT && narrow >= FOLD_HAN_FIRST && narrow <= FOLD_HAN_LAST ? fold_simple[narrow - FOLD_HAN_FIRST] : 0;
	return to >= FOLD_HAN_GROUP && to < FOLD_HAN_WIDE ? &fold_groups[to - FOLD_HAN_GROUP] : NULL;
}

/* 0: fold_span has to do it. */
static uint32_t entry_of(uint32_t c, unsigned flags, bool word)
{
	buf one = {0}, folded = {0};
	uint32_t entry = 0;
	utf8_add(&one, c);
	fold_text(buf_bytes(&one), flags, &folded, NULL);
	const char *at = buf_bytes(&folded).data, *end = at + folded.len;
	if (at < end && utf8_next(&at, end) && at == end && folded.len <= 3) {
		entry = (uint32_t)folded.len << FOLD_QUICK_LEN | (uint32_t)word << FOLD_QUICK_WORD;
		for (size_t i = 0; i < folded.len; i++)
			entry |= (uint32_t)(unsigned char)folded.data[i] << 8 * i;
	}
	buf_free(&one);
	buf_free(&folded);
	return entry;
}

void fold_quick_make(unsigned flags, fold_quick *out)
{
	memset(out, 0, sizeof *out);
	for (uint32_t c = 0; c < 0x10000; c++) {
		const struct fold_group *group = group_of(c, flags);
		if (c < 0xD800 || c > 0xDFFF)
			out->to[c] = entry_of(c, flags, group != NULL);
		for (size_t i = 0; group && i < group->count; i++) {
			uint32_t second = fold_units[fold_words[group->first + i].at];
			out->seconds[c & 4095] |= UINT64_C(1) << (second & 63);
			if (second < 0x800)              /* the inner loop looks at the last of three bytes */
				out->to[c] = 0;
		}
	}
}
