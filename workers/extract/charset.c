/* charset.c - see charset.h. */
#include "workers/extract/charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <strings.h>
#include <uchardet/uchardet.h>

#include "common/utf8.h"

#define META_BYTES 4096          /* WHATWG looks at 1024; pages with long heads put it later */
#define DETECT_BYTES 65536

/* Label in lower case and iconv's name; sorted by nothing, read once a page. */
static const struct { const char *label, *name; } labels[] = {
	{"utf-8", "UTF-8"}, {"utf8", "UTF-8"}, {"unicode-1-1-utf-8", "UTF-8"},
	{"gb2312", "GB18030"}, {"gb_2312-80", "GB18030"}, {"gbk", "GB18030"}, {"x-gbk", "GB18030"}, {"gb18030", "GB18030"}, {"gb-2312", "GB18030"},
	{"cp936", "GB18030"}, {"ms936", "GB18030"}, {"euc-cn", "GB18030"}, {"chinese", "GB18030"}, {"hz-gb-2312", "GB18030"},
	{"big5", "BIG5-HKSCS"}, {"big5-hkscs", "BIG5-HKSCS"}, {"x-x-big5", "BIG5-HKSCS"}, {"cp950", "BIG5-HKSCS"}, {"euc-tw", "EUC-TW"},
	{"shift_jis", "CP932"}, {"shift-jis", "CP932"}, {"sjis", "CP932"}, {"x-sjis", "CP932"}, {"windows-31j", "CP932"}, {"cp932", "CP932"},
	{"euc-jp", "EUC-JP"}, {"x-euc-jp", "EUC-JP"}, {"iso-2022-jp", "ISO-2022-JP"},
	{"euc-kr", "CP949"}, {"ks_c_5601-1987", "CP949"}, {"korean", "CP949"}, {"windows-949", "CP949"}, {"uhc", "CP949"}, {"cp949", "CP949"},
	{"iso-8859-1", "CP1252"}, {"latin1", "CP1252"}, {"iso8859-1", "CP1252"}, {"us-ascii", "CP1252"}, {"ascii", "CP1252"}, {"windows-1252", "CP1252"},
	{"cp1252", "CP1252"}, {"iso-8859-2", "ISO-8859-2"}, {"iso-8859-3", "ISO-8859-3"}, {"iso-8859-4", "ISO-8859-4"}, {"iso-8859-5", "ISO-8859-5"},
	{"iso-8859-6", "ISO-8859-6"}, {"iso-8859-7", "ISO-8859-7"}, {"iso-8859-8", "ISO-8859-8"}, {"iso-8859-9", "CP1254"}, {"iso-8859-10", "ISO-8859-10"},
	{"iso-8859-11", "CP874"}, {"tis-620", "CP874"}, {"windows-874", "CP874"}, {"iso-8859-13", "ISO-8859-13"}, {"iso-8859-14", "ISO-8859-14"},
	{"iso-8859-15", "ISO-8859-15"}, {"iso-8859-16", "ISO-8859-16"}, {"windows-1250", "CP1250"}, {"windows-1251", "CP1251"}, {"cp1251", "CP1251"},
	{"windows-1253", "CP1253"}, {"windows-1254", "CP1254"}, {"windows-1255", "CP1255"}, {"windows-1256", "CP1256"}, {"windows-1257", "CP1257"},
	{"windows-1258", "CP1258"}, {"koi8-r", "KOI8-R"}, {"koi8-u", "KOI8-U"}, {"macintosh", "MACINTOSH"}, {"mac-cyrillic", "MAC-CYRILLIC"},
	{"ibm866", "IBM866"}, {"ibm855", "IBM855"}, {"viscii", "VISCII"},
	{"utf-16", "UTF-16LE"}, {"utf-16le", "UTF-16LE"}, {"utf-16be", "UTF-16BE"}, {"utf-32le", "UTF-32LE"}, {"utf-32be", "UTF-32BE"},
};
#define LABELS (sizeof labels / sizeof *labels)

void charset_preload(void)
{
	/* iconv unloads a module when its last conversion is closed: one open conversion each, for the life of the process, keeps it. */
	static iconv_t kept[LABELS];
	for (size_t i = 0; i < LABELS; i++)
		if (!kept[i] && strcmp(labels[i].name, "UTF-8") != 0)
			kept[i] = iconv_open("UTF-8", labels[i].name);
	uchardet_t detector = uchardet_new();
	uchardet_delete(detector);
}

const char *charset_name(mr_bytes label)
{
	while (label.len && ((unsigned char)*label.data <= ' ' || *label.data == '"' || *label.data == '\'')) {
		label.data++;
		label.len--;
	}
	while (label.len && ((unsigned char)label.data[label.len - 1] <= ' ' || label.data[label.len - 1] == '"' || label.data[label.len - 1] == '\''))
		label.len--;
	for (size_t i = 0; label.len && i < LABELS; i++)
		if (strlen(labels[i].label) == label.len && strncasecmp(labels[i].label, label.data, label.len) == 0)
			return labels[i].name;
	return NULL;
}

mr_bytes charset_meta(mr_bytes html)
{
	const char *at = html.data, *end = at + (html.len < META_BYTES ? html.len : META_BYTES);
	for (; at && end - at > 12 && (at = memchr(at, '<', (size_t)(end - at - 12))); at++) {
		bool declaration = strncasecmp(at, "<?xml", 5) == 0;
		if (!declaration && strncasecmp(at, "<meta", 5) != 0)
			continue;
		const char *close = memchr(at, '>', (size_t)(end - at)), *word = declaration ? "encoding" : "charset";
		size_t n = strlen(word);
		for (const char *p = at; close && p + n < close; p++) {
			if (strncasecmp(p, word, n) != 0)
				continue;
			for (p += n; p < close && (*p == ' ' || *p == '=' || *p == '"' || *p == '\''); p++)
				;
			const char *from = p;
			while (p < close && (unsigned char)*p > ' ' && *p != '"' && *p != '\'' && *p != ';' && *p != '/')
				p++;
			if (p > from)
				return (mr_bytes){from, (size_t)(p - from)};
		}
	}
	return (mr_bytes){0};
}

/* How the bytes read as UTF-8: number of well-formed longer sequences and of broken bytes. A sequence cut at the end is no fault, but not `clean` either. */
static void utf8_look(mr_bytes bytes, size_t *good, size_t *bad, bool *clean)
{
	*good = *bad = 0;
	*clean = true;
	const char *at = bytes.data, *end = at + bytes.len;
	while (at < end) {
		uint64_t eight;
		while (end - at >= 8 && (memcpy(&eight, at, 8), !(eight & 0x8080808080808080ULL)))
			at += 8;
		if (at == end)
			break;
		if ((unsigned char)*at < 0x80) {
			at++;
			continue;
		}
		const char *from = at;
		bool whole = utf8_next(&at, end) != UTF8_BAD || at - from == 3;
		*clean &= whole;
		if (whole)
			++*good;
		else if (end - from >= 4)
			++*bad;
	}
}

/* What uchardet says about the bytes outside of tags; NULL: nothing certain. */
static const char *detect(mr_bytes bytes)
{
	uchardet_t detector = uchardet_new();
	size_t left = DETECT_BYTES;
	const char *at = bytes.data, *end = at + bytes.len;
	while (at < end && left) {
		const char *tag = memchr(at, '<', (size_t)(end - at));
		size_t n = tag ? (size_t)(tag - at) : (size_t)(end - at);
		n = n < left ? n : left;
		if (n && uchardet_handle_data(detector, at, n))
			break;
		left -= n;
		const char *close = tag ? memchr(tag, '>', (size_t)(end - tag)) : NULL;
		at = close ? close + 1 : end;
	}
	uchardet_data_end(detector);
	const char *name = charset_name(mr_bytes_of(uchardet_get_charset(detector)));
	uchardet_delete(detector);
	return name;
}

static void add_checked_utf8(mr_bytes bytes, buf *out)
{
	const char *at = bytes.data, *end = at + bytes.len;
	buf_reserve(out, bytes.len);
	while (at < end) {
		const char *run = at, *bad = end;
		while (at < end) {                       /* what is good is copied in one piece */
			const char *from = at;
			uint64_t eight;
			while (end - at >= 8 && (memcpy(&eight, at, 8), !((eight | (eight - 0x0101010101010101ULL)) & 0x8080808080808080ULL)))
				at += 8;                 /* eight bytes of ASCII, none of them 0 */
			if (at > from)
				continue;
			if ((unsigned char)*at < 0x80) {
				if (!*at) {
					bad = from;
					break;
				}
				at++;
			} else if (utf8_next(&at, end) == UTF8_BAD) {
				bad = from;
				break;
			}
		}
		buf_add(out, run, (size_t)(bad - run));
		if (bad < end) {
			at = bad;
			utf8_next(&at, end);
			utf8_add(out, UTF8_BAD);
		}
	}
}

/* Converts; returns the number of bytes that did not fit the charset, or -1 when iconv does not know it. */
static long convert(const char *name, mr_bytes bytes, buf *out)
{
	iconv_t cd = iconv_open("UTF-8", name);
	if (cd == (iconv_t)-1)
		return -1;
	char *in = (char *)(uintptr_t)bytes.data;
	size_t left = bytes.len;
	long faults = 0;
	buf raw = {0};
	while (left) {
		char *to = buf_reserve(&raw, left + 64);
		size_t room = left + 64, had = room;
		size_t rc = iconv(cd, &in, &left, &to, &room);
		raw.len += had - room;
		if (rc != (size_t)-1 || !left)
			break;
		if (errno != E2BIG) {                    /* EILSEQ or a sequence cut at the end */
			utf8_add(&raw, UTF8_BAD);
			faults++;
			in++;
			left--;
		}
	}
	iconv_close(cd);
	add_checked_utf8(buf_bytes(&raw), out);
	buf_free(&raw);
	return faults;
}

static const char *mark(mr_bytes *bytes)
{
	static const struct { const char *bytes; size_t len; const char *name; } marks[] = {
		{"\xEF\xBB\xBF", 3, "UTF-8"}, {"\xFF\xFE", 2, "UTF-16LE"}, {"\xFE\xFF", 2, "UTF-16BE"}};
	for (size_t i = 0; i < 3; i++)
		if (bytes->len >= marks[i].len && memcmp(bytes->data, marks[i].bytes, marks[i].len) == 0) {
			bytes->data += marks[i].len;
			bytes->len -= marks[i].len;
			return marks[i].name;
		}
	return NULL;
}

/* `clean`: all of it was looked at and is UTF-8. */
static const char *choose(mr_bytes bytes, mr_bytes label, bool *clean)
{
	const char *name = label.data ? charset_name(label) : NULL;
	if (!name) {
		mr_bytes meta = charset_meta(bytes);
		name = meta.data ? charset_name(meta) : NULL;
		if (name && strncmp(name, "UTF-16", 6) == 0)
			name = "UTF-8";                  /* a tag that can be read byte by byte stands in no UTF-16 */
	}
	if (name && (strncmp(name, "UTF-16", 6) == 0 || strncmp(name, "UTF-32", 6) == 0))
		return name;
	size_t good, bad;
	utf8_look(bytes, &good, &bad, clean);
	/* No text in another charset of some length reads as UTF-8 by chance; one broken byte in a hundred is a damaged page, not another charset. */
	if (bad * 100 <= good && (good || !name))
		return "UTF-8";
	if (name && strcmp(name, "UTF-8") != 0)
		return name;
	const char *seen = detect(bytes);
	return seen ? seen : name ? name : bad ? "CP1252" : "UTF-8";
}

void charset_decode(mr_bytes bytes, mr_bytes label, buf *out, const char **used)
{
	bool decoded = label.data && mr_bytes_equal(label, "UTF-8");
	const char *name = mark(&bytes);
	if (decoded)
		name = "UTF-8";
	bool clean = false;
	if (!name)
		name = choose(bytes, label, &clean);
	size_t start = out->len;
	long faults = 0;
	if (strcmp(name, "UTF-8") != 0) {
		faults = convert(name, bytes, out);
		/* The declaration lies in the other direction: what does not fit it is looked at once more. */
		const char *seen = faults < 0 || (size_t)faults * 200 > bytes.len ? detect(bytes) : NULL;
		if (seen && strcmp(seen, name) != 0 && strcmp(seen, "UTF-8") != 0) {
			buf other = {0};
			long second = convert(seen, bytes, &other);
			if (second >= 0 && (faults < 0 || second < faults)) {
				out->len = start;
				buf_add(out, other.data ? other.data : "", other.len);
				name = seen;
				faults = second;
			}
			buf_free(&other);
		}
	}
	if (strcmp(name, "UTF-8") == 0 || faults < 0) {
		out->len = start;
		if (clean && bytes.len && !memchr(bytes.data, 0, bytes.len))
			buf_add(out, bytes.data, bytes.len);
		else
			add_checked_utf8(bytes, out);
		name = "UTF-8";
	}
	if (used)
		*used = name;
}
