/* excerpt.c - see excerpt.h. */
#include "excerpt.h"

#include "common/utf8.h"

#define ELLIPSIS "…"
#define WORD_MAX 20              /* characters of a word that are left out so as not to cut it */

static bool is_white(uint32_t c)
{
	return c <= 0x20 || (c >= 0x7F && c <= 0xA0) || (c >= 0x2000 && c <= 0x200F) || (c >= 0x2028 && c <= 0x202F) || (c >= 0x205F && c <= 0x206F) || c == 0x3000 || c == 0xFEFF;
}

/* Letters of words that would be hurt by a cut. */
static bool is_word(uint32_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= 0xC0 && c < 0x2000);
}

/* Appends at most `max` characters of [at, end); returns where it stopped. */
static const char *add_characters(const char *at, const char *end, size_t max, buf *out)
{
	bool blank = out->len == 0 || out->data[out->len - 1] == ' ';
	for (size_t n = 0; at < end && n < max;) {
		uint32_t c = utf8_next(&at, end);
		if (is_white(c)) {
			if (!blank) {
				buf_add_char(out, ' ');
				n++;
			}
			blank = true;
			continue;
		}
		utf8_add(out, c);
		blank = false;
		n++;
	}
	return at;
}

/* Where the excerpt begins: EXCERPT_SIDE characters before `from`, not within a word, not before the paragraph. */
static const char *left_edge(mr_bytes source, size_t from, bool *cut)
{
	const char *at = source.data + from;
	size_t n = 0;
	*cut = true;
	for (; n < EXCERPT_SIDE; n++) {
		const char *before = at;
		if (before == source.data || utf8_prev(source.data, &before) == '\n') {
			*cut = false;
			return at;
		}
		at = before;
	}
	const char *before = at, *word = at, *behind = at;
	if (at == source.data || !is_word(utf8_prev(source.data, &before)))
		return at;
	for (n = 0; n < WORD_MAX && behind < source.data + from && is_word(utf8_next(&behind, source.data + source.len)); n++)
		word = behind;
	return n < WORD_MAX ? word : at;
}

static const char *right_edge(mr_bytes source, size_t to, bool *cut)
{
	const char *at = source.data + to, *end = source.data + source.len;
	size_t n = 0;
	*cut = true;
	for (; n < EXCERPT_SIDE; n++) {
		if (at == end || *at == '\n') {
			*cut = false;
			return at;
		}
		utf8_next(&at, end);
	}
	const char *behind = at, *word = at, *before = at;
	if (at == end || !is_word(utf8_next(&behind, end)))
		return at;
	for (n = 0; n < WORD_MAX && before > source.data + to && is_word(utf8_prev(source.data, &before)); n++)
		word = before;
	return n < WORD_MAX ? word : at;
}

void excerpt_add_text(mr_bytes source, size_t from, size_t to, buf *out)
{
	buf one = {0};
	const char *end = source.data + to;
	const char *stop = add_characters(source.data + from, end, EXCERPT_TEXT, &one);
	while (one.len && one.data[one.len - 1] == ' ')
		one.len--;
	buf_add(out, buf_bytes(&one).data, one.len);
	if (stop < end)
		buf_add_str(out, ELLIPSIS);
	buf_free(&one);
}

void excerpt_add(mr_bytes source, size_t from, size_t to, buf *out)
{
	buf one = {0};
	bool cut_left, cut_right;
	const char *left = left_edge(source, from, &cut_left), *right = right_edge(source, to, &cut_right), *end = source.data + to;
	if (cut_left)
		buf_add_str(&one, ELLIPSIS);
	add_characters(left, source.data + from, SIZE_MAX, &one);
	if (add_characters(source.data + from, end, EXCERPT_TEXT, &one) < end)
		buf_add_str(&one, ELLIPSIS);
	add_characters(end, right, SIZE_MAX, &one);
	while (one.len && one.data[one.len - 1] == ' ')
		one.len--;
	if (cut_right)
		buf_add_str(&one, ELLIPSIS);
	buf_add(out, buf_bytes(&one).data, one.len);
	buf_free(&one);
}
