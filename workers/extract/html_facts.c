/* html_facts.c - time, names and source as the lines of a page tell them; see html_meta.h.
 *
 * What is shown beside the headline is what the publisher says to readers, so it goes before markup, unless markup knows the zone or the page shows
 * no clock. A date is believed only in its place: between headline and text, directly above the headline, or behind a label. */
#include "workers/extract/html_meta.h"

#include <ctype.h>

#include "common/utf8.h"
#include "workers/extract/html_clean.h"
#include "workers/extract/html_names.h"

#define BEFORE_TITLE 4                   /* lines above the headline that may belong to it */
#define BEHIND_TITLE 14                  /* lines below it */
#define BEHIND_TEXT 16                   /* lines below the article's element */

typedef struct facts {
	const html_page *page;
	const html_markup *markup;
	uint32_t top, title;             /* title: its line or HTML_NO_LINE */
	uint32_t first, end;             /* lines of the article's element */
	uint32_t head_from, head_to;     /* lines around the headline, without running text */
	const uint8_t *kind;
	html_result *out;
} facts;

static bool is_running(const html_line *line)
{
	return line->units >= 150 && line->stops >= 2;
}

static void find_head(facts *self)
{
	const html_page *page = self->page;
	uint32_t title = self->title != HTML_NO_LINE ? self->title : self->first > BEHIND_TITLE / 2 ? self->first - BEHIND_TITLE / 2 : 0;
	self->head_from = title > BEFORE_TITLE ? title - BEFORE_TITLE : 0;
	uint32_t at = title, running = 0;
	while (at < page->line_count && at < title + BEHIND_TITLE + (title < self->first ? self->first - title : 0) && running < 1) {
		running += at > title && at >= self->first && is_running(&page->lines[at]);
		at++;
	}
	self->head_to = at;
}

/* ---- time ---- */

static bool is_label_of(mr_bytes text, size_t at, const char *const *words)
{
	mr_bytes before = {text.data + (at > 40 ? at - 40 : 0), at > 40 ? 40 : at};
	for (; *words; words++)
		if (html_contains(before, *words))
			return true;
	return false;
}

/* How much a date in this line is worth as the publication's; 0: nothing. */
static int date_worth(const facts *self, uint32_t i, date_found *found)
{
	static const char *const published[] = {"发布", "發布", "发表", "時間", "时间", "日期", "刊登", "published", "posted", "publish", NULL};
	static const char *const updated[] = {"更新", "修改", "updated", "modified", "edited", NULL};
	const html_line *line = &self->page->lines[i];
	mr_bytes text = html_line_text(self->page, i);
	if (line->units > 260 || !date_find(text, 0, false, found))
		return 0;
	bool in_head = i >= self->head_from && i < self->head_to, near = i >= self->end && i < self->end + BEHIND_TEXT;
	bool labelled = is_label_of(text, found->begin, published);
	if (line->hidden || (!in_head && !labelled) || (!in_head && !near && !(i >= self->first && i < self->end)))
		return 0;
	if (i >= self->first && i < self->end && self->kind[i] == LINE_KEPT && !labelled)
		return 0;                                /* a date that the text itself tells */
	int worth = in_head ? 4 : 1;
	worth += labelled ? 2 : 0;
	worth += found->value.precision >= DATE_MINUTE ? 3 : 0;
	worth -= is_label_of(text, found->begin, updated) ? 3 : 0;
	worth -= self->title != HTML_NO_LINE && i < self->title ? 1 : 0;
	return worth;
}

static bool date_of_page(const facts *self, date_value *out)
{
	int best = 0;
	for (uint32_t i = self->head_from; i < self->page->line_count && i < self->end + BEHIND_TEXT; i++) {
		date_found found;
		int worth = date_worth(self, i, &found);
		if (worth > best) {
			best = worth;
			*out = found.value;
		}
	}
	return best > 0;
}

/* `var ct = "1581418070"`, `publishTime: '2026-03-13 08:30'`: the last resort on pages that draw their date with a script. */
static bool date_of_script(mr_bytes script, date_value *out)
{
	static const char *const names[] = {"publish_time", "publishtime", "publishTime", "pubtime", "pubTime", "pub_time", "pubdate", "pubDate", "publishDate", "publish_date", "createtime", "createTime",
		"create_time", "ct", NULL};
	for (const char *const *name = names; *name; name++) {
		mr_bytes rest = script;
		for (const char *at; (at = memmem(rest.data, rest.len, *name, strlen(*name)));) {
			const char *end = script.data + script.len, *p = at + strlen(*name);
			bool whole = at == script.data || !(isalnum((unsigned char)at[-1]) || at[-1] == '_' || at[-1] == '.');
			rest = (mr_bytes){p, (size_t)(end - p)};
			while (p < end && (*p == '"' || *p == '\'' || *p == ' '))
				p++;
			if (!whole || p >= end || (*p != '=' && *p != ':'))
				continue;
			for (p++; p < end && (*p == '"' || *p == '\'' || *p == ' '); p++)
				;
			const char *from = p;
			while (p < end && p - from < 32 && *p != '"' && *p != '\'' && *p != ';' && *p != ',' && *p != '\n' && *p != '}')
				p++;
			if (p - from >= 8 && date_parse((mr_bytes){from, (size_t)(p - from)}, out))
				return true;
		}
	}
	return false;
}

/* /2026/03/13/, /20260313/, /2026-03/13/ */
static bool date_of_url(mr_bytes url, date_value *out)
{
	for (size_t i = 0; i + 10 <= url.len; i++) {
		if (url.data[i] != '/')
			continue;
		char digits[9] = {0};
		size_t n = 0, k = i + 1;
		while (k < url.len && n < 8 && (isdigit((unsigned char)url.data[k]) || ((url.data[k] == '/' || url.data[k] == '-') && (n == 4 || n == 6)))) {
			if (isdigit((unsigned char)url.data[k]))
				digits[n++] = url.data[k];
			k++;
		}
		if (n == 8 && k < url.len && !isdigit((unsigned char)url.data[k]) && date_parse((mr_bytes){digits, 8}, out))
			return true;
	}
	return false;
}

static void set_published(html_result *out, const date_value *value, const char *from)
{
	out->published = *value;
	out->published_from = from;
}

static void find_time(const facts *self, mr_bytes url)
{
	const html_markup *markup = self->markup;
	html_result *out = self->out;
	date_value page = {0}, other;
	bool shown = date_of_page(self, &page);
	out->updated = markup->updated;
	if (markup->published.precision)
		set_published(out, &markup->published, "markup");
	bool markup_is_exact = markup->published.precision >= DATE_MINUTE && (markup->published.has_zone || page.precision < DATE_MINUTE);
	if (shown && (!markup->published.precision || (!markup_is_exact && page.precision >= markup->published.precision) ||
		      (!markup_is_exact && page.precision >= DATE_MINUTE)))
		set_published(out, &page, "page");
	for (size_t i = 0; i < self->page->tree->script_count && out->published.precision < DATE_MINUTE; i++) {
		if (!self->page->tree->scripts[i].json_ld && date_of_script(self->page->tree->scripts[i].text, &other) &&
		    (!out->published.precision || (other.precision >= DATE_MINUTE && date_same_day(&other, &out->published))))
			set_published(out, &other, "markup");
	}
	if (!out->published.precision && markup->updated.precision)
		set_published(out, &markup->updated, "markup");
	if (!out->published.precision && ((url.data && date_of_url(url, &other)) || (markup->canonical.len && date_of_url(buf_bytes(&markup->canonical), &other))))
		set_published(out, &other, "url");
}

/* ---- source ---- */

static void copy(buf *out, mr_bytes text)
{
	if (!out->len && text.len)
		buf_add(out, text.data, text.len);
}

static bool is_good_source(mr_bytes value)
{
	static const char *const nobody[] = {"网络", "本站", "本站原创", "原创", "互联网", "未知", "转载", "综合", NULL};
	size_t n = value.data ? utf8_count(value) : 0;
	for (const char *const *w = nobody; *w; w++)
		if (mr_bytes_equal(value, *w))
			return false;
	return n >= 2 && n <= 30 && !html_contains(value, "http") && !html_measure_of(value).stops;
}

/* A name before the date: `某网 2026-03-13 08:30`. */
static mr_bytes source_before_date(mr_bytes text)
{
	date_found found;
	if (!date_find(text, 0, false, &found) || found.begin < 6 || found.begin > 60)
		return (mr_bytes){"", 0};
	mr_bytes name = html_trim((mr_bytes){text.data, found.begin});
	while (name.len && (name.data[name.len - 1] == '(' || name.data[name.len - 1] == '|' || name.data[name.len - 1] == ' '))
		name.len--;
	if (html_contains(name, "：") || html_contains(name, ":") || html_contains(name, "|") || utf8_count(name) == name.len || html_contains(name, "发表") ||
	    html_contains(name, "发布") || html_contains(name, "时间") || html_contains(name, "更新"))
		return (mr_bytes){0};
	return name;
}

static bool starts_with_date(mr_bytes text)
{
	date_found found;
	return date_find(text, 0, false, &found) && found.begin == 0;
}

/* A short line between headline and date, without links and signs: the outlet's name. */
static bool is_bare_name(const facts *self, uint32_t i)
{
	const html_line *line = &self->page->lines[i];
	mr_bytes text = html_line_text(self->page, i);
	return self->title != HTML_NO_LINE && i > self->title && !line->hidden && line->units >= 6 && line->units <= 40 && !line->marks && !line->link_units &&
	       utf8_count(text) * 2 < text.len;
}

static void find_source(const facts *self)
{
	buf *out = &self->out->source_name;
	for (uint32_t i = self->head_from; i < self->page->line_count && i < self->end + BEHIND_TEXT && !out->len; i++) {
		mr_bytes text = html_line_text(self->page, i);
		if (self->page->lines[i].hidden || self->page->lines[i].units > 300 || (i >= self->first && i < self->end && self->kind[i] == LINE_KEPT) ||
		    html_contains(text, "图片来源"))
			continue;
		mr_bytes value = html_labelled(text, html_source_labels);
		const char *space = value.data ? memchr(value.data, ' ', value.len) : NULL;
		if (space && space - value.data >= 6)
			value.len = (size_t)(space - value.data);
		if (is_good_source(value))
			copy(out, value);
	}
	for (uint32_t i = self->head_from; i < self->head_to && !out->len; i++) {
		mr_bytes value = source_before_date(html_line_text(self->page, i));
		if (!self->page->lines[i].hidden && self->page->lines[i].units < 120 && value.len && is_good_source(value))
			copy(out, value);
		else if (i > self->head_from && i != self->title + 1 && starts_with_date(html_line_text(self->page, i)) && is_bare_name(self, i - 1))
			copy(out, html_line_text(self->page, i - 1));
	}
	mr_bytes meta = buf_bytes(&self->markup->source), value = html_labelled(meta, html_source_labels);
	copy(out, value.len ? value : meta);
	copy(out, buf_bytes(&self->markup->publisher));
	copy(out, buf_bytes(&self->markup->site_name));
}

/* ---- names ---- */

static void find_editor(const facts *self)
{
	buf *out = &self->out->editor;
	for (uint32_t i = self->head_from; i < self->page->line_count && i < self->end + BEHIND_TEXT && !out->len; i++) {
		mr_bytes text = html_line_text(self->page, i);
		if (self->page->lines[i].units > 300 || (i >= self->first && i < self->end && self->kind[i] == LINE_KEPT))
			continue;
		mr_bytes value = html_labelled(text, html_editor_labels);
		if (value.len && value.len <= 60) {
			buf names = {0};
			if (html_names_add(value, &names))
				copy(out, buf_bytes(&names));
			for (size_t k = 0; k < out->len; k++)
				if (out->data[k] == '\n')
					out->data[k] = ' ';
			buf_free(&names);
		}
	}
}

/* `作者：` beside the headline or below the text. */
static bool author_by_label(const facts *self, buf *out)
{
	for (uint32_t i = self->head_from; i < self->page->line_count && i < self->end + BEHIND_TEXT; i++) {
		const html_line *line = &self->page->lines[i];
		if (line->hidden || line->units > 260 || (i >= self->first && i < self->end && self->kind[i] == LINE_KEPT) || (i >= self->head_to && i < self->first))
			continue;
		mr_bytes value = html_labelled(html_line_text(self->page, i), html_author_labels);
		if (value.len && utf8_count(value) <= 30 && !(html_contains(value, "图")) && html_names_add(value, out))
			return true;
	}
	return false;
}

/* Byline lines that cleaning took out of the article, and lines beside the headline. */
static bool author_by_line(const facts *self, buf *out)
{
	for (uint32_t i = self->head_from; i < self->end; i++) {
		bool inside = i >= self->first;
		if ((inside && self->kind[i] != LINE_BYLINE && self->kind[i] != LINE_META) || (!inside && i >= self->head_to))
			continue;
		mr_bytes text = html_line_text(self->page, i);
		if (self->page->lines[i].units <= 200 && !html_labelled(text, html_editor_labels).data && html_names_of_line(text, out))
			return true;
	}
	return false;
}

/* <span class="author">甲乙</span> beside the headline. */
static bool author_by_element(const facts *self, buf *out)
{
	const html_page *page = self->page;
	uint32_t to = self->head_to < page->line_count ? self->head_to : page->line_count;
	for (uint32_t i = self->head_from; i < to; i++) {
		const html_line *line = &page->lines[i];
		if (line->hidden)
			continue;
		for (uint32_t node = line->node; node <= line->last_node; node++) {
			uint32_t parent = page->tree->nodes[node].parent;
			mr_bytes class = html_attr_get(page->tree, parent, ATTR_CLASS), prop = html_attr_get(page->tree, parent, ATTR_ITEMPROP);
			if (page->tree->nodes[node].tag == TAG_TEXT && ((class.data && html_contains(class, "author")) || (prop.data && html_contains(prop, "author"))) &&
			    html_names_alone(html_node_text(page->tree, node), out))
				return true;
		}
	}
	return false;
}

static bool author_in_text(const facts *self, buf *out)
{
	int seen = 0;
	for (uint32_t i = self->first; i < self->end && seen < 3; i++)
		if (self->kind[i] == LINE_KEPT && (seen++, html_names_of_lead(html_line_text(self->page, i), out)))
			return true;
	seen = 0;
	for (uint32_t i = self->end; i-- > self->first && seen < 3;)
		if ((self->kind[i] == LINE_KEPT || self->kind[i] == LINE_BYLINE) && (seen++, html_names_of_end(html_line_text(self->page, i), out)))
			return true;
	return false;
}

/* Markup's authors; in Chinese pages the field often holds the site, the account or a number. */
static void author_of_markup(const facts *self, buf *out)
{
	const buf *names = &self->markup->authors;
	for (const char *at = names->data, *end = at ? at + names->len : at; at && at < end;) {
		const char *cut = memchr(at, '\n', (size_t)(end - at));
		mr_bytes name = {at, cut ? (size_t)(cut - at) : (size_t)(end - at)};
		at += name.len + 1;
		bool chinese = strcmp(self->out->language, "zh") == 0;
		bool outlet = html_equal(name, buf_bytes(&self->out->source_name)) || html_equal(name, buf_bytes(&self->markup->site_name)) ||
			      html_equal(name, buf_bytes(&self->markup->publisher));
		if (outlet || (chinese && !html_name_is_person(name)) || memchr(name.data, '@', name.len))
			continue;
		if (html_starts_with(name, "by "))
			name = (mr_bytes){name.data + 3, name.len - 3};
		if (!chinese || !html_names_add(name, out))
			html_names_english(name, out);
	}
}

void html_facts_find(const html_page *page, const html_markup *markup, uint32_t top, uint32_t title_line, const uint8_t *kind, mr_bytes url, html_result *out)
{
	facts self = {.page = page, .markup = markup, .top = top, .title = title_line, .kind = kind, .out = out, .first = top ? page->first_line[top] : 0,
		.end = top ? page->end_line[top] : 0};
	find_head(&self);
	find_time(&self, url);
	find_source(&self);
	find_editor(&self);
	bool chinese = strcmp(out->language, "zh") == 0;
	if (!chinese)
		author_of_markup(&self, &out->authors);
	if (!out->authors.len && !author_by_label(&self, &out->authors) && !author_by_line(&self, &out->authors) && !author_in_text(&self, &out->authors) &&
	    !(chinese && author_by_element(&self, &out->authors)))
		author_of_markup(&self, &out->authors);
	if (!out->authors.len && markup->linked_author.len && !chinese)
		html_names_english(buf_bytes(&markup->linked_author), &out->authors);
}
