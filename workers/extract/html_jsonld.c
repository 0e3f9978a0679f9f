/* html_jsonld.c - schema.org articles in JSON-LD scripts. Pages write line breaks into strings and wrap the script in CDATA or comments:
 * control characters are blanked and the outermost braces taken before the strict parser sees it. */
#include "workers/extract/html_meta.h"

#include <jansson.h>

#define MAX_DEPTH 12
#define MAX_OBJECTS 400

typedef struct walk {
	html_markup *markup;
	int objects;
} walk;

static bool type_is(const json_t *type, const char *word)
{
	const char *text = json_string_value(type);
	if (text)
		return strstr(text, word) != NULL;
	size_t i;
	json_t *item;
	json_array_foreach(type, i, item)
		if (json_is_string(item) && strstr(json_string_value(item), word))
			return true;
	return false;
}

static void set_text(buf *out, const json_t *value)
{
	if (!out->len && json_is_string(value))
		html_collapse((mr_bytes){json_string_value(value), json_string_length(value)}, out);
}

static void set_date(date_value *out, const json_t *value)
{
	date_value v;
	if (json_is_string(value) && date_parse((mr_bytes){json_string_value(value), json_string_length(value)}, &v) && v.precision > out->precision)
		*out = v;
}

static void set_name(buf *out, const json_t *value)
{
	set_text(out, json_is_object(value) ? json_object_get(value, "name") : value);
}

static void add_author(buf *out, const json_t *value)
{
	buf name = {0};
	set_name(&name, value);
	bool address = html_starts_with(buf_bytes(&name), "http");
	if (name.len && !address && name.len < 200 && out->len < 1000) {
		if (out->len)
			buf_add_char(out, '\n');
		buf_add(out, name.data, name.len);
	}
	buf_free(&name);
}

static void read_article(html_markup *self, const json_t *object)
{
	set_text(&self->headline, json_object_get(object, "headline"));
	set_date(&self->published, json_object_get(object, "datePublished"));
	set_date(&self->published, json_object_get(object, "pubDate"));
	set_date(&self->updated, json_object_get(object, "dateModified"));
	set_name(&self->publisher, json_object_get(object, "publisher"));
	const json_t *author = json_object_get(object, "author"), *section = json_object_get(object, "articleSection");
	set_text(&self->section, json_is_array(section) ? json_array_get(section, 0) : section);
	buf names = {0};
	if (json_is_array(author)) {
		size_t i;
		json_t *item;
		json_array_foreach(author, i, item)
			add_author(&names, item);
	} else if (author) {
		add_author(&names, author);
	}
	if (names.len && !self->authors.len)
		buf_add(&self->authors, names.data, names.len);
	buf_free(&names);
}

static void visit(walk *self, const json_t *value, int depth)
{
	if (depth > MAX_DEPTH || ++self->objects > MAX_OBJECTS)
		return;
	if (json_is_array(value)) {
		size_t i;
		json_t *item;
		json_array_foreach(value, i, item)
			visit(self, item, depth + 1);
		return;
	}
	if (!json_is_object(value))
		return;
	const json_t *type = json_object_get(value, "@type");
	if (type && (type_is(type, "Article") || type_is(type, "Posting") || type_is(type, "Report")))
		read_article(self->markup, value);
	else if (json_object_get(value, "pubDate"))              /* not schema.org's word, but written all the same */
		set_date(&self->markup->published, json_object_get(value, "pubDate"));
	if (json_object_get(value, "@graph"))
		visit(self, json_object_get(value, "@graph"), depth + 1);
	if (json_object_get(value, "mainEntity"))
		visit(self, json_object_get(value, "mainEntity"), depth + 1);
}

static json_t *load(mr_bytes text)
{
	const char *from = text.data, *end = text.data + text.len;
	while (from < end && *from != '{' && *from != '[')
		from++;
	while (end > from && end[-1] != '}' && end[-1] != ']')
		end--;
	buf clean = {0};
	buf_add(&clean, from, (size_t)(end - from));
	for (size_t i = 0; i < clean.len; i++)
		if ((unsigned char)clean.data[i] < ' ')
			clean.data[i] = ' ';
	json_t *root = json_loadb(clean.data, clean.len, JSON_DISABLE_EOF_CHECK, NULL);
	buf_free(&clean);
	return root;
}

void html_jsonld_read(html_markup *self, const html_tree *tree)
{
	for (size_t i = 0; i < tree->script_count; i++) {
		if (!tree->scripts[i].json_ld)
			continue;
		json_t *root = load(tree->scripts[i].text);
		walk w = {self, 0};
		visit(&w, root, 0);
		json_decref(root);
	}
}
