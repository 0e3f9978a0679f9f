/* html_text.c - see html_text.h. */
#include "workers/extract/html_text.h"

#include "common/utf8.h"

size_t html_cut_at(const char *text, size_t max)
{
	while (max && ((unsigned char)text[max] & 0xC0) == 0x80)
		max--;
	return max;
}

static bool is_space(uint32_t c)
{
	if (c > 0x3000)                                  /* ideographs: most of what is asked about */
		return false;
	return c <= ' ' || c == 0x7F || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
	       c == 0x202F || c == 0x205F || c == 0x3000;
}

static bool is_invisible(uint32_t c)
{
	if (c >= 0x2065 && c < 0xE000)
		return false;
	return c == 0xAD || (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) || (c >= 0x2060 && c <= 0x2064) || c == 0xFEFF ||
	       (c >= 0xE000 && c <= 0xF8FF) || (c >= 0x80 && c <= 0x9F && c != 0x85);
}

void html_collapse(mr_bytes text, buf *out)
{
	const char *at = text.data, *end = at + text.len;
	size_t start = out->len;
	bool space = false;
	while (at < end) {
		const char *run = at, *stop = at;        /* shown characters are copied in one piece */
		uint32_t c = 0;
		while (at < end) {
			unsigned char byte = (unsigned char)*at;
			if (byte > ' ' && byte < 0x7F) {
				at++;
			} else {
				c = utf8_next(&at, end);
				if (is_space(c) || is_invisible(c))
					break;
			}
			stop = at;
		}
		if (stop > run) {
			if (space && out->len > start)
				buf_add_char(out, ' ');
			space = false;
			buf_add(out, run, (size_t)(stop - run));
		}
		space = space || (stop < at && is_space(c));
	}
}

mr_bytes html_trim(mr_bytes text)
{
	const char *begin = text.data, *end = begin + text.len;
	while (begin < end) {
		const char *at = begin;
		uint32_t c = utf8_next(&at, end);
		if (!is_space(c) && !is_invisible(c))
			break;
		begin = at;
	}
	while (end > begin) {
		const char *at = end;
		uint32_t c = utf8_prev(begin, &at);
		if (!is_space(c) && !is_invisible(c))
			break;
		end = at;
	}
	return (mr_bytes){begin, (size_t)(end - begin)};
}

static bool is_wide(uint32_t c)
{
	return utf8_is_han(c) || (c >= 0x3041 && c <= 0x30FF) || (c >= 0xAC00 && c <= 0xD7A3);
}

static bool is_stop(uint32_t c)
{
	return c == '.' || c == '!' || c == '?' || c == 0x3002 || c == 0xFF01 || c == 0xFF1F || c == 0x2026 || c == 0xFF1B || c == 0xFF0E;
}

static bool is_mark(uint32_t c)
{
	return is_stop(c) || c == ',' || c == ';' || c == ':' || c == 0xFF0C || c == 0x3001 || c == 0xFF1A;
}

html_measure html_measure_of(mr_bytes text)
{
	html_measure m = {0};
	const char *at = text.data, *end = at + text.len;
	while (at < end) {
		uint32_t c = utf8_next(&at, end);
		if (c >= 0x4E00 && c <= 0x9FFF) {
			m.units += 3;
			continue;
		}
		if (is_space(c))
			continue;
		m.units += is_wide(c) ? 3 : 1;
		if (is_mark(c) && (c >= 0x80 || at == end || *at == ' ' || *at == '"' || *at == '\'' || *at == ')' || (unsigned char)*at >= 0x80)) {
			m.marks++;
			m.stops += is_stop(c);
		}
	}
	return m;
}

bool html_ends_sentence(mr_bytes text)
{
	const char *at = text.data + text.len;
	for (int n = 0; n < 4 && at > text.data; n++) {
		uint32_t c = utf8_prev(text.data, &at);
		if (is_stop(c))
			return true;
		if (c != ' ' && c != '"' && c != '\'' && c != ')' && c != ']' && c != 0x201D && c != 0x2019 && c != 0xFF09 && c != 0x300D && c != 0x300F &&
		    c != 0x3011 && c != 0xBB)
			return false;
	}
	return false;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool html_starts_with(mr_bytes text, const char *word)
{
	size_t i = 0;
	for (; word[i]; i++)
		if (i >= text.len || lower(text.data[i]) != word[i])
			return false;
	return true;
}

static bool has_letter(const char *word)
{
	for (; *word; word++)
		if (*word >= 'a' && *word <= 'z')
			return true;
	return false;
}

const char *html_find(mr_bytes text, const char *word)
{
	size_t n = strlen(word);
	if (!n || n > text.len)
		return NULL;
	const char *end = text.data + text.len - n + 1;
	bool letter = *word >= 'a' && *word <= 'z';
	if (!letter && !has_letter(word))
		return memmem(text.data, text.len, word, n);
	for (const char *at = text.data; at < end; at++) {
		if (!letter && !(at = memchr(at, *word, (size_t)(end - at))))
			return NULL;
		if (lower(*at) == *word && lower(at[n - 1]) == word[n - 1] && html_starts_with((mr_bytes){at, (size_t)(text.data + text.len - at)}, word))
			return at;
	}
	return NULL;
}

bool html_contains(mr_bytes text, const char *word)
{
	return html_find(text, word) != NULL;
}

bool html_equal(mr_bytes a, mr_bytes b)
{
	return a.data && b.data && a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

void html_letters(mr_bytes text, buf *out)
{
	const char *at = text.data, *end = at + text.len;
	while (at < end) {
		uint32_t c = utf8_next(&at, end);
		if (c >= 0xFF01 && c <= 0xFF5E)
			c -= 0xFEE0;
		if (c >= 'A' && c <= 'Z')
			c += 32;
		bool punctuation = c < 0x30 || (c > 0x39 && c < 0x61) || (c > 0x7A && c < 0xC0) || (c >= 0x2000 && c <= 0x2BFF) ||
				   (c >= 0x3000 && c <= 0x303F && c != 0x3007) || (c >= 0xFE30 && c <= 0xFE4F) || c >= 0xFFE0;
		if (!punctuation || c >= 0x10000)
			utf8_add(out, c);
	}
}
