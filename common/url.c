/* url.c - see url.h. The address is cut into its parts first (RFC 3986, appendix B), then every part is written in its normal form.
 * In doubt a part stays: two addresses for one page cost a comparison of texts, one address for two pages costs an article. */
#include "url.h"

#include <stdlib.h>

#define PAIRS_MAX (URL_MAX / 2 + 1)

typedef struct parts {
	mr_bytes host, path, query, fragment;    /* data NULL: none */
	int port;                                /* -1: none */
} parts;

/* Parameters that say where the reader came from, never what the page is. A star at the end stands for any ending. Names in lower case.
 * Left out on purpose: id, page, p, source, ref, timestamp, type, channel - on many sites they choose the page. */
static const char *const tracking[] = {
	/* Google Analytics and Ads (Analytics help: URL builders; Ads help: auto-tagging) */
	"utm_*", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "srsltid", "_ga", "_gl",
	/* click identifiers of other networks; the same names are stripped by Firefox's query stripping list and by Brave */
	"fbclid", "fb_action_ids", "fb_action_types", "fb_source", "fb_ref", "msclkid", "yclid", "ysclid", "twclid", "ttclid", "igshid", "igsh", "li_fat_id",
	"wickedid", "epik", "rdt_cid", "mkt_tok", "_openstat",
	/* mailings and campaign tools: Mailchimp, HubSpot, Vero, Omeda, Adobe, Matomo */
	"mc_cid", "mc_eid", "_hsenc", "_hsmi", "__hssc", "__hstc", "__hsfp", "hsctatracking", "vero_id", "vero_conv", "oly_anon_id", "oly_enc_id", "s_cid",
	"pk_campaign", "pk_kwd", "mtm_*", "piwik_campaign", "at_medium", "at_campaign", "cmpid", "ncid", "ref_src", "ref_url",
	/* Chinese platforms: Alibaba (spm, scm), WeChat, Baidu Tongji (hm*), Bilibili, Toutiao, and the general share buttons */
	"spm", "spm_id_from", "scm", "from", "isappinstalled", "nsukey", "wxshare_count", "wx_header", "hmsr", "hmpl", "hmcu", "hmkw", "hmci", "bd_vid",
	"bdshare", "vd_source", "tt_from", "from_source", "from_spmid",
	"share", "share_*", "shareid", "sharefrom", "sharesource", "shareuid", "sharetoken", "sharetype", "sharer_*", "sharer",
};

static int lower(int c)
{
	return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

static bool is_tracking(mr_bytes name)
{
	for (size_t i = 0; i < sizeof tracking / sizeof *tracking; i++) {
		const char *t = tracking[i];
		size_t n = 0;
		while (n < name.len && t[n] && t[n] != '*' && lower((unsigned char)name.data[n]) == t[n])
			n++;
		if (t[n] == '*' || (!t[n] && n == name.len))
			return true;
	}
	return false;
}

/* ---- cutting ---- */

static mr_bytes cut(const char *from, const char *to)
{
	return (mr_bytes){from, (size_t)(to - from)};
}

static const char *find(const char *from, const char *end, const char *any)
{
	while (from < end && !(*from && strchr(any, *from)))
		from++;
	return from;
}

static bool starts(mr_bytes text, const char *with)
{
	size_t n = strlen(with);
	if (text.len < n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (lower((unsigned char)text.data[i]) != with[i])
			return false;
	return true;
}

/* Takes the scheme off. Without one the text must look like a host with a path, `news.example/a`; `a.html` is a link within some site. */
static bool take_scheme(mr_bytes *url)
{
	static const char *const schemes[] = {"https://", "http://", "//"};
	for (size_t i = 0; i < 3; i++)
		if (starts(*url, schemes[i])) {
			*url = cut(url->data + strlen(schemes[i]), url->data + url->len);
			return true;
		}
	const char *end = url->data + url->len, *stop = find(url->data, end, "/?#"), *colon = memchr(url->data, ':', (size_t)(stop - url->data));
	const char *host_end = colon ? colon : stop;
	if (colon && (colon + 1 == stop || colon[1] < '0' || colon[1] > '9'))
		return false;                    /* mailto:, urn:, javascript: */
	return stop < end && *stop == '/' && memchr(url->data, '.', (size_t)(host_end - url->data));
}

static bool take_authority(mr_bytes text, parts *p)
{
	const char *end = text.data + text.len, *host = text.data;
	for (const char *at = host; at < end; at++)
		if (*at == '@')
			host = at + 1;           /* user:password@ */
	const char *host_end = find(host, end, ":");
	if (host < end && *host == '[') {
		host_end = find(host, end, "]");
		host_end += host_end < end;
	}
	p->port = -1;
	if (host_end < end) {
		if (*host_end != ':' || end - host_end > 6)
			return false;
		if (host_end + 1 < end)
			p->port = 0;
		for (const char *at = host_end + 1; at < end; at++) {
			if (*at < '0' || *at > '9')
				return false;
			p->port = p->port * 10 + (*at - '0');
		}
		if (p->port > 65535)
			return false;
	}
	p->host = cut(host, host_end);
	while (p->host.len && p->host.data[p->host.len - 1] == '.')
		p->host.len--;
	return p->host.len > 0;
}

static bool take_parts(mr_bytes url, parts *p)
{
	*p = (parts){.port = -1};
	while (url.len && (unsigned char)url.data[0] <= ' ')
		url.data++, url.len--;
	while (url.len && (unsigned char)url.data[url.len - 1] <= ' ')
		url.len--;
	if (!url.len || !take_scheme(&url))
		return false;
	const char *end = url.data + url.len, *at = find(url.data, end, "/?#\\");
	if (!take_authority(cut(url.data, at), p))
		return false;
	const char *path = at;
	at = find(at, end, "?#");
	p->path = cut(path, at);
	if (at < end && *at == '?') {
		const char *query = at + 1;
		at = find(query, end, "#");
		p->query = cut(query, at);
	}
	if (at < end)
		p->fragment = cut(at + 1, end);
	return true;
}

/* ---- writing ---- */

static int hex(int c)
{
	c = lower(c);
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool unreserved(int c)
{
	return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || (c && strchr("-._~", c));
}

/* Percent-encoding in normal form: unreserved characters plain, what may not stand in an address encoded, hex digits in upper case; the other reserved
 * characters stay as they were written, since `/` and `%2F` may differ. `also` are allowed plain besides. */
static void add_encoded(buf *out, mr_bytes text, const char *also)
{
	for (size_t i = 0; i < text.len; i++) {
		int c = (unsigned char)text.data[i], high, low;
		if (c == '%' && i + 2 < text.len && (high = hex((unsigned char)text.data[i + 1])) >= 0 && (low = hex((unsigned char)text.data[i + 2])) >= 0) {
			i += 2;
			c = high * 16 + low;
			if (unreserved(c))
				buf_add_char(out, (char)c);
			else
				buf_printf(out, "%%%02X", (unsigned)c);
		} else if (unreserved(c) || (c && strchr(also, c))) {
			buf_add_char(out, (char)c);
		} else {
			buf_printf(out, "%%%02X", (unsigned)c);
		}
	}
}

static bool add_host(buf *out, mr_bytes host)
{
	static const char *const noise[] = {"www.", "m.", "wap.", "3g."};
	for (size_t i = 0; i < host.len; i++) {
		unsigned char c = (unsigned char)host.data[i];
		if (c <= ' ' || c == 0x7f || strchr("\"<>\\^`{|}%/?#@!$&'()*+,;=", c))
			return false;
	}
	for (size_t i = 0; i < sizeof noise / sizeof *noise; i++) {
		size_t n = strlen(noise[i]);
		if (starts(host, noise[i]) && memchr(host.data + n, '.', host.len - n)) {       /* m.example.com, but not m.com */
			host = cut(host.data + n, host.data + host.len);
			i = (size_t)-1;
		}
	}
	for (size_t i = 0; i < host.len; i++)
		buf_add_char(out, (char)lower((unsigned char)host.data[i]));
	return host.len > 0;
}

static bool is_index(mr_bytes segment)
{
	static const char *const stems[] = {"index.", "default."}, *const endings[] = {"html", "htm", "shtml", "xhtml", "php", "asp", "aspx", "jsp", "do"};
	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; starts(segment, stems[i]) && k < sizeof endings / sizeof *endings; k++) {
			size_t n = strlen(stems[i]);
			mr_bytes rest = cut(segment.data + n, segment.data + segment.len);
			if (rest.len == strlen(endings[k]) && starts(rest, endings[k]))
				return true;
		}
	return false;
}

/* A segment without the session that some servers put into it. */
static mr_bytes without_session(mr_bytes segment)
{
	for (size_t i = 0; i < segment.len; i++)
		if (segment.data[i] == ';' && (starts(cut(segment.data + i + 1, segment.data + segment.len), "jsessionid=") ||
		                               starts(cut(segment.data + i + 1, segment.data + segment.len), "phpsessid=")))
			return cut(segment.data, segment.data + i);
	return segment;
}

static void drop_segment(buf *out, size_t root)
{
	while (out->len > root && out->data[out->len - 1] != '/')
		out->len--;
	if (out->len > root)
		out->len--;
}

static mr_bytes last_segment(const buf *out, size_t root)
{
	size_t from = out->len;
	while (from > root && out->data[from - 1] != '/')
		from--;
	return cut(out->data + from, out->data + out->len);
}

/* Segments one by one, each written with its slash in front; an empty path stays empty. */
static void add_path(buf *out, mr_bytes path)
{
	size_t root = out->len;
	const char *end = path.data + path.len;
	for (const char *at = path.data; at < end;) {
		const char *next = find(at, end, "/\\");
		mr_bytes segment = without_session(cut(at, next));
		at = next + 1;
		size_t before = out->len;
		buf_add_char(out, '/');
		add_encoded(out, segment, "!$&'()*+,;=:@");
		mr_bytes written = cut(out->data + before + 1, out->data + out->len);
		if (written.len == 0 || mr_bytes_equal(written, "."))
			out->len = before;
		else if (mr_bytes_equal(written, "..")) {
			out->len = before;
			drop_segment(out, root);
		}
	}
	while (out->len > root && is_index(last_segment(out, root)))
		drop_segment(out, root);
	out->data[out->len] = 0;
}

typedef struct pair {
	const char *data;
	size_t len;
} pair;

static int by_bytes(const void *a, const void *b)
{
	const pair *x = a, *y = b;
	int order = memcmp(x->data, y->data, x->len < y->len ? x->len : y->len);
	return order ? order : (x->len > y->len) - (x->len < y->len);
}

/* One pair name=value in normal form; an empty value is no value. */
static void add_pair(buf *out, mr_bytes text)
{
	if (text.len && find(text.data, text.data + text.len, "=") == text.data + text.len - 1)
		text.len--;
	const char *end = text.data + text.len;
	for (const char *at = text.data; at < end;) {            /* `+` is a blank in a query */
		const char *plus = find(at, end, "+");
		add_encoded(out, cut(at, plus), "!$'()*,;=:@/?");
		if (plus < end)
			buf_add_str(out, "%20");
		at = plus + 1;
	}
}

static void add_query(buf *out, mr_bytes query)
{
	static const char nothing[1];
	buf text = {0};
	size_t ends[PAIRS_MAX], count = 0, from = 0;
	const char *end = query.data + query.len;
	for (const char *at = query.data; query.len && at < end && count < PAIRS_MAX;) {
		const char *next = find(at, end, "&");
		size_t before = text.len;
		add_pair(&text, cut(at, next));
		at = next + 1;
		const char *written = text.data ? text.data + before : nothing;
		const char *stop = text.data ? text.data + text.len : nothing;
		if (written == stop || is_tracking(cut(written, find(written, stop, "="))))
			text.len = before;
		else
			ends[count++] = text.len;
	}
	pair pairs[PAIRS_MAX];
	for (size_t i = 0; i < count; from = ends[i++])
		pairs[i] = (pair){text.data + from, ends[i] - from};
	if (count)
		qsort(pairs, count, sizeof *pairs, by_bytes);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || by_bytes(&pairs[i - 1], &pairs[i]) != 0) {
			buf_add_char(out, i == 0 ? '?' : '&');
			buf_add(out, pairs[i].data, pairs[i].len);
		}
	buf_free(&text);
}

static void add_fragment(buf *out, mr_bytes fragment)
{
	bool route = fragment.len > 1 && (fragment.data[0] == '!' || fragment.data[0] == '/');
	if (!route || mr_bytes_equal(fragment, "!/"))
		return;
	buf_add_char(out, '#');
	add_encoded(out, fragment, "!$&'()*+,;=:@/?");
}

bool url_canonical(mr_bytes url, buf *out)
{
	size_t before = out->len;
	parts p;
	if (!url.data || url.len > URL_MAX || !take_parts(url, &p))
		return false;
	buf_add_str(out, "https://");
	if (!add_host(out, p.host)) {
		out->len = before;
		out->data[before] = 0;
		return false;
	}
	if (p.port >= 0 && p.port != 80 && p.port != 443)
		buf_printf(out, ":%d", p.port);
	size_t path = out->len;
	add_path(out, p.path);
	if (out->len == path)
		buf_add_char(out, '/');
	add_query(out, p.query);
	add_fragment(out, p.fragment);
	if (out->len - before <= URL_MAX)
		return true;
	out->len = before;
	out->data[before] = 0;
	return false;
}
