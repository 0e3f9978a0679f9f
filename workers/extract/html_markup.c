/* html_markup.c - meta tags, links and microdata of a page; see html_meta.h. */
#include "workers/extract/html_meta.h"

#include <strings.h>

#define MAX_VALUE 1000

static void set_once(buf *out, mr_bytes value)
{
	if (out->len || !value.data)
		return;
	html_collapse((mr_bytes){value.data, value.len < MAX_VALUE ? value.len : html_cut_at(value.data, MAX_VALUE)}, out);
}

static void set_date(date_value *out, mr_bytes value)
{
	date_value v;
	if (out->precision >= DATE_MINUTE || !value.data || !date_parse(value, &v))
		return;
	/* Midnight to the second is how systems write a day. */
	if (!v.hour && !v.minute && !v.second && v.precision > DATE_DAY)
		v.precision = DATE_DAY;
	if (v.precision > out->precision)
		*out = v;
}

static bool is_one_of(mr_bytes name, const char *const *list)
{
	for (; *list; list++)
		if (name.len == strlen(*list) && strncasecmp(name.data, *list, name.len) == 0)
			return true;
	return false;
}

static void add_author(buf *out, mr_bytes value)
{
	if (html_starts_with(value, "http") || value.len > 200 || out->len > MAX_VALUE)
		return;
	buf name = {0};
	html_collapse(value, &name);
	if (name.len && !(out->len && memmem(out->data, out->len, name.data, name.len))) {
		if (out->len)
			buf_add_char(out, '\n');
		buf_add(out, name.data, name.len);
	}
	buf_free(&name);
}

static void read_meta(html_markup *self, const html_tree *tree, uint32_t node)
{
	static const char *const published[] = {"article:published_time", "og:article:published_time", "datepublished", "pubdate", "publishdate", "publish-date",
		"date", "dc.date", "dc.date.issued", "dcterms.created", "dcterms.issued", "sailthru.date", "og:release_date", "parsely-pub-date", "publish_time",
		"apub:time", "weibo: article:create_at", "weibo:article:create_at", "_pubtime", "cxenseparse:recs:publishtime", "og:published_time", "og:pubdate",
		"bt:pubdate", "article.published", "citation_publication_date", "article:create_at", "firstcreatedate", NULL};
	static const char *const updated[] = {"article:modified_time", "og:updated_time", "datemodified", "lastmodified", "dcterms.modified",
		"apub:update_time", "dateupdate", "og:article:modified_time", NULL};
	static const char *const authors[] = {"author", "article:author", "og:article:author", "dc.creator", "byl", "parsely-author", "sailthru.author",
		"dcterms.creator", "citation_author", NULL};
	static const char *const titles[] = {"og:title", "twitter:title", "dc.title", "weibo: article:title", NULL};
	static const char *const sources[] = {"source", "mediaid", "contentsource", "copyrightholder", NULL};
	mr_bytes name = html_attr_get(tree, node, ATTR_PROPERTY), value = html_attr_get(tree, node, ATTR_CONTENT);
	if (!name.data)
		name = html_attr_get(tree, node, ATTR_NAME);
	if (!name.data)
		name = html_attr_get(tree, node, ATTR_ITEMPROP);
	if (!name.data || !value.data)
		return;
	if (is_one_of(name, published))
		set_date(&self->published, value);
	else if (is_one_of(name, updated))
		set_date(&self->updated, value);
	else if (is_one_of(name, authors))
		add_author(&self->authors, value);
	else if (is_one_of(name, titles))
		set_once(&self->og_title, value);
	else if (is_one_of(name, sources))
		set_once(&self->source, value);
	else if (mr_bytes_equal(name, "headline"))
		set_once(&self->headline, value);
	else if (mr_bytes_equal(name, "og:site_name") || mr_bytes_equal(name, "application-name"))
		set_once(&self->site_name, value);
	else if (mr_bytes_equal(name, "article:section") || mr_bytes_equal(name, "parsely-section"))
		set_once(&self->section, value);
	else if (mr_bytes_equal(name, "keywords") || mr_bytes_equal(name, "news_keywords"))
		set_once(&self->keywords, value);
	else if (mr_bytes_equal(name, "og:url"))
		set_once(&self->canonical, value);
	else if (mr_bytes_equal(name, "editor"))
		set_once(&self->editor, value);
}

static void read_prop(html_markup *self, const html_tree *tree, uint32_t node)
{
	mr_bytes prop = html_attr_get(tree, node, ATTR_ITEMPROP);
	if (!prop.data || tree->nodes[node].tag == TAG_META)
		return;
	mr_bytes value = html_attr_get(tree, node, ATTR_CONTENT);
	if (!value.data)
		value = html_attr_get(tree, node, ATTR_DATETIME);
	buf text = {0};
	if (!value.data) {
		html_text_below(tree, node, 300, &text);
		value = buf_bytes(&text);
	}
	if (mr_bytes_equal(prop, "headline"))
		set_once(&self->headline, value);
	else if (mr_bytes_equal(prop, "datePublished"))
		set_date(&self->published, value);
	else if (mr_bytes_equal(prop, "dateModified"))
		set_date(&self->updated, value);
	else if (mr_bytes_equal(prop, "author") && html_measure_of(value).units <= 60 && !html_measure_of(value).stops)
		add_author(&self->authors, html_starts_with(value, "by ") ? (mr_bytes){value.data + 3, value.len - 3} : value);
	buf_free(&text);
}

static void read_link(html_markup *self, const html_tree *tree, uint32_t node)
{
	mr_bytes rel = html_attr_get(tree, node, ATTR_REL), href = html_attr_get(tree, node, ATTR_HREF);
	if (rel.data && href.data && mr_bytes_equal(rel, "canonical")) {
		buf_clear(&self->canonical);
		set_once(&self->canonical, href);
	}
}

static void read_author_link(html_markup *self, const html_tree *tree, uint32_t node)
{
	mr_bytes rel = tree->nodes[node].attrs ? html_attr_get(tree, node, ATTR_REL) : (mr_bytes){0};
	if (!rel.data || self->linked_author.len || !html_contains(rel, "author"))
		return;
	html_text_below(tree, node, 80, &self->linked_author);
}

void html_markup_read(html_markup *self, const html_tree *tree)
{
	*self = (html_markup){0};
	for (uint32_t i = 1; i < tree->count; i++) {
		switch (tree->nodes[i].tag) {
		case TAG_META:
			read_meta(self, tree, i);
			break;
		case TAG_LINK:
			read_link(self, tree, i);
			break;
		case TAG_A:
			read_author_link(self, tree, i);
			break;
		case TAG_TITLE:
			if (!self->page_title.len)
				html_text_below(tree, i, MAX_VALUE, &self->page_title);
			break;
		default:
			break;
		}
		if (tree->nodes[i].attrs)
			read_prop(self, tree, i);
	}
	html_jsonld_read(self, tree);
}

void html_markup_free(html_markup *self)
{
	buf *all[] = {&self->page_title, &self->og_title, &self->headline, &self->site_name, &self->publisher, &self->authors, &self->section, &self->keywords,
		&self->canonical, &self->description, &self->source, &self->editor, &self->linked_author};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		buf_free(all[i]);
}
