/* record_members.c - the input side of the contract: which members (or headers) of a feed record fill which fields, and in what forms they are
 * taken.
 *
 * Of several names for one field the first listed that holds something usable wins; every other member goes to `extra` as it was
 * written. Forms that are taken: a number where text is wanted (its digits, as written); an object with a `name` where a name is
 * wanted (schema.org; the whole object goes to `extra` as well, since only the name is printed); one string or a list where a list is wanted. */
#include <string.h>

#include "mem.h"
#include "record_impl.h"
#include "record_load.h"
#include "record_scan.h"
#include "times.h"
#include "utf8.h"

#define ITEMS_MAX 256            /* authors, keywords; a longer list goes to `extra` whole, its first items are printed */
#define SAMPLE_BYTES 4096        /* how much text is looked at to tell Chinese */

/* Times come last: how they are read depends on the language. */
const member_row member_table[MEMBER_ROWS] = {
	{FIELD_FEED_ID, FORM_TEXT, true, "id", {"id", "guid", "uri", "doc_id"}},
	{FIELD_URL, FORM_TEXT, false, "url", {"url", "link", "canonical_url"}},
	{FIELD_TITLE, FORM_TEXT, false, "title", {"title", "headline", "article_title"}},
	{FIELD_AUTHORS, FORM_NAMES, false, NULL, {"author", "byline", "authors"}},
	{FIELD_SOURCE_NAME, FORM_NAME, false, "source", {"source", "publisher", "source_name"}},
	{FIELD_LANGUAGE, FORM_LANGUAGE, false, NULL, {"language", "lang"}},
	{FIELD_SECTION, FORM_TEXT, false, NULL, {"section"}},
	{FIELD_PAGE, FORM_TEXT, false, NULL, {"page"}},
	{FIELD_PLACE, FORM_TEXT, false, NULL, {"place"}},
	{FIELD_KEYWORDS, FORM_WORDS, false, NULL, {"keywords"}},
	{FIELD_PUBLISHED_AT, FORM_TIME, false, "published_at", {"published_at", "pubDate", "datePublished", "publish_time"}},
	{FIELD_UPDATED_AT, FORM_TIME, false, NULL, {"updated_at", "dateModified"}},
	{FIELD_FETCHED_AT, FORM_TIME, true, NULL, {"fetched_at", "crawl_time"}},
};

/* The text: names that hold HTML, then names that hold text; `body` and `content` are either, by what stands in them. */
const char *const member_html[HTML_NAMES] = {"html", "raw_html", "content_html", "body", "content"};
const char *const member_text[TEXT_NAMES] = {"text", "body", "content", "text_content", "articleBody"};
enum { HTML_CERTAIN = 3 };                       /* the first names of HTML; the others only with markup */

typedef struct member {
	json_t *value;                           /* borrowed from the tree; NULL: absent */
	json_span *span;
} member;

typedef struct members {
	member of[MEMBER_ROWS][MEMBER_NAMES_MAX];
	member html[HTML_NAMES], text[TEXT_NAMES];
} members;

/* ---- small judgements ---- */

static mr_bytes text_of(const json_t *value)
{
	return (mr_bytes){json_string_value(value), json_string_length(value)};
}

static bool blank(mr_bytes text)
{
	const char *at = text.data, *end = at + text.len;
	while (at < end) {
		uint32_t c = utf8_next(&at, end);
		if (c > ' ' && c != 0xA0 && c != 0x3000 && c != 0xFEFF && !(c >= 0x2000 && c <= 0x200B))
			return false;
	}
	return true;
}

static bool filled(const json_t *value)
{
	return json_is_string(value) && !blank(text_of(value));
}

static bool has_attribute(const char *at, const char *end)
{
	const char *from = at;
	while (at < end && at - from < 32 && (((*at | 32) >= 'a' && (*at | 32) <= 'z') || *at == '-'))
		at++;
	return at > from && at < end && *at == '=';
}

/* A known name and its end; one of a single letter must end at once or have an attribute: `a<b then b>c` holds no tag. */
static bool is_tag(const char *at, const char *end)
{
	static const char *const tags[] = {"p", "br", "div", "span", "a", "img", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "table", "tr", "td",
		"html", "head", "body", "article", "section", "strong", "b", "em", "i", "font", "figure", "blockquote", "script", "style", "center", "!doctype"};
	at += at < end && *at == '/';
	for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
		size_t n = strlen(tags[i]);
		if ((size_t)(end - at) <= n || strncasecmp(at, tags[i], n) != 0)
			continue;
		const char *rest = at + n;
		if (*rest == '>' || *rest == '/' || (strchr(" \t\r\n", *rest) && *rest && (n > 1 || has_attribute(rest + 1, end))))
			return true;
	}
	return false;
}

/* Markup: at least one tag of HTML, not just a `<`. */
static bool has_markup(mr_bytes text)
{
	const char *end = text.data + text.len;
	for (const char *at = text.data; (at = memchr(at, '<', (size_t)(end - at)));)
		if (is_tag(++at, end))
			return true;
	return false;
}

/* More ideographs than half the Latin letters, tags not counted; kana or hangul: not Chinese. */
static int chinese_weight(mr_bytes text)
{
	const char *at = text.data, *end = at + (text.len < SAMPLE_BYTES ? text.len : SAMPLE_BYTES);
	int han = 0, latin = 0, other = 0;
	bool tag = false;
	while (at < end) {
		uint32_t c = utf8_next(&at, end);
		tag = c == '<' || (tag && c != '>');
		if (tag)
			continue;
		han += utf8_is_han(c);
		latin += (c | 32) >= 'a' && (c | 32) <= 'z';
		other += (c >= 0x3040 && c <= 0x30FF) || (c >= 0xAC00 && c <= 0xD7A3);
	}
	if (han + latin + other == 0)
		return 0;
	return 2 * han > latin && other * 5 < han ? 1 : -1;
}

static int default_zone(const record *self)
{
	const json_t *language = self->values[FIELD_LANGUAGE], *title = self->values[FIELD_TITLE], *text = self->text ? self->text : self->html;
	if (language)
		return strcmp(json_string_value(language), "zh") == 0 ? TIME_ZONE_CHINA : 0;
	int weight = title ? chinese_weight(text_of(title)) : 0;
	if (weight == 0)
		weight = chinese_weight(text ? text_of(text) : self->raw.data ? self->raw : (mr_bytes){"", 0});
	return weight > 0 ? TIME_ZONE_CHINA : 0;
}

/* ---- values ---- */

static json_t *string_new(mr_bytes text)
{
	return json_stringn_nocheck(text.data, text.len);
}

/* Text of a scalar: the string itself (shared), or a number's digits as they were written. NULL: not usable. */
static json_t *take_text(const member *m)
{
	if (filled(m->value))
		return json_incref(m->value);
	return json_is_number(m->value) && m->span ? string_new(m->span->value) : NULL;
}

static json_t *take_name(const member *m, bool *whole)
{
	if (!json_is_object(m->value))
		return take_text(m);
	json_t *name = json_object_get(m->value, "name");
	*whole = false;
	return filled(name) ? json_incref(name) : NULL;
}

/* One string is one name (a byline is taken apart by the stage that reads text); a list gives its strings and named objects. */
static json_t *take_names(const member *m, bool *whole)
{
	json_t *list = json_array();
	size_t count = json_is_array(m->value) ? json_array_size(m->value) : 1;
	for (size_t i = 0; i < count; i++) {
		member item = {json_is_array(m->value) ? json_array_get(m->value, i) : m->value, NULL};
		json_t *name = json_array_size(list) < ITEMS_MAX ? take_name(&item, whole) : NULL;
		if (name)
			json_array_append_new(list, name);
		else
			*whole = false;
	}
	if (json_array_size(list))
		return list;
	json_decref(list);
	return NULL;
}

/* Keywords: a list, or one string divided by commas, semicolons and their Chinese forms. */
static json_t *take_words(const member *m, bool *whole)
{
	if (!filled(m->value))
		return take_names(m, whole);
	json_t *list = json_array();
	mr_bytes text = text_of(m->value);
	const char *at = text.data, *end = at + text.len, *from = at;
	while (from <= end && json_array_size(list) < ITEMS_MAX) {
		const char *stop = at;
		uint32_t c = at < end ? utf8_next(&at, end) : ',';
		if (c != ',' && c != ';' && c != '|' && c != 0xFF0C && c != 0xFF1B && c != 0x3001 && c != '\n')
			continue;
		while (from < stop && (*from == ' ' || *from == '\t' || *from == '\r'))
			from++;
		const char *last = stop;
		while (last > from && (last[-1] == ' ' || last[-1] == '\t' || last[-1] == '\r'))
			last--;
		if (!blank((mr_bytes){from, (size_t)(last - from)}))
			json_array_append_new(list, string_new((mr_bytes){from, (size_t)(last - from)}));
		from = stop == end ? end + 1 : at;
	}
	*whole = from > end;
	return list;
}

/* zh-CN, zh_Hant_TW, EN: the primary language in lower case, and for Chinese the script where the tag tells it (CLDR likely subtags). */
static json_t *take_language(record *self, const member *m, bool *whole)
{
	static const struct { const char *part, *script; } scripts[] = {
		{"hans", "Hans"}, {"hant", "Hant"}, {"cn", "Hans"}, {"sg", "Hans"}, {"my", "Hans"}, {"tw", "Hant"}, {"hk", "Hant"}, {"mo", "Hant"},
	};
	if (!json_is_string(m->value))
		return NULL;
	mr_bytes text = text_of(m->value);
	char primary[4] = "";
	size_t n = 0;
	while (n < text.len && n < 3 && (text.data[n] | 32) >= 'a' && (text.data[n] | 32) <= 'z')
		primary[n] = (char)(text.data[n] | 32), n++;
	if (n < 2 || text.len > 35 || (n < text.len && text.data[n] != '-' && text.data[n] != '_'))
		return NULL;
	*whole = n == text.len && memcmp(primary, text.data, n) == 0;
	for (size_t at = n; strcmp(primary, "zh") == 0 && at < text.len; at++)
		for (size_t i = 0; i < sizeof scripts / sizeof *scripts && (text.data[at] == '-' || text.data[at] == '_'); i++) {
			size_t len = strlen(scripts[i].part), rest = at + 1 + len;
			if (!self->values[FIELD_SCRIPT] && rest <= text.len && strncasecmp(text.data + at + 1, scripts[i].part, len) == 0 &&
			    (rest == text.len || text.data[rest] == '-' || text.data[rest] == '_'))
				self->values[FIELD_SCRIPT] = json_string(scripts[i].script);
		}
	return json_string(primary);
}

static json_t *take_time(record *self, enum field field, const member *m)
{
	time_point at;
	char text[TIME_TEXT_BYTES];
	mr_bytes written = json_is_number(m->value) && m->span ? m->span->value : json_is_string(m->value) ? text_of(m->value) : (mr_bytes){NULL, 0};
	if (!time_parse(written, self->zone, &at) || !time_print(at.ms, at.zone, text))
		return NULL;
	if (field == FIELD_FETCHED_AT)
		self->clock_ms = at.ms;
	if (field == FIELD_PUBLISHED_AT) {
		self->values[FIELD_PUBLISHED_AT_MS] = json_integer(at.ms);
		self->values[FIELD_PUBLISHED_PRECISION] = json_string(time_precision_name(at.precision));
		self->values[FIELD_PUBLISHED_FROM] = json_string("feed");
	}
	return json_string(text);
}

static json_t *take(record *self, const member_row *row, const member *m, bool *whole)
{
	switch (row->form) {
	case FORM_TEXT:
		return take_text(m);
	case FORM_NAME:
		return take_name(m, whole);
	case FORM_NAMES:
		return take_names(m, whole);
	case FORM_WORDS:
		return take_words(m, whole);
	case FORM_LANGUAGE:
		return take_language(self, m, whole);
	case FORM_TIME:
		return take_time(self, row->field, m);
	}
	return NULL;
}

static void take_row(record *self, const member_row *row, const member *candidates)
{
	for (int i = 0; i < MEMBER_NAMES_MAX; i++) {
		bool whole = true;
		if (!candidates[i].value)
			continue;
		json_t *value = take(self, row, &candidates[i], &whole);
		if (!value)
			continue;
		self->values[row->field] = value;
		if (whole && candidates[i].span)
			candidates[i].span->taken = true;
		return;
	}
}

static void take_rows(record *self, const member candidates[MEMBER_ROWS][MEMBER_NAMES_MAX])
{
	bool zone_known = false;
	for (int r = 0; r < MEMBER_ROWS; r++) {
		if (member_table[r].form == FORM_TIME && !zone_known) {
			self->zone = default_zone(self);
			zone_known = true;
		}
		take_row(self, &member_table[r], candidates[r]);
	}
}

/* ---- JSON ---- */

/* Files a member under each role it can play; returns whether it counts for the fingerprint. */
static bool file_member(members *found, mr_bytes name, json_t *value, json_span *span)
{
	const member m = {value, span};
	bool known = false, counts = true;
	for (int r = 0; r < MEMBER_ROWS; r++)
		for (int i = 0; i < MEMBER_NAMES_MAX && member_table[r].names[i]; i++)
			if (mr_bytes_equal(name, member_table[r].names[i])) {
				found->of[r][i] = m;
				known = true;
				counts = !member_table[r].per_delivery;
			}
	for (int i = 0; i < HTML_NAMES; i++)
		if (mr_bytes_equal(name, member_html[i])) {
			known = true;
			if (filled(value) && (i < HTML_CERTAIN || has_markup(text_of(value))))
				found->html[i] = m;
		}
	for (int i = 0; i < TEXT_NAMES; i++)
		if (mr_bytes_equal(name, member_text[i])) {
			known = true;
			if (filled(value) && (i == 0 || i > 2 || !has_markup(text_of(value))))
				found->text[i] = m;
		}
	if (known && (json_is_null(value) || (json_is_string(value) && !filled(value))))
		span->taken = true;                      /* nothing there, and nothing is what its field will say */
	return counts;
}

static void fingerprint_member(fingerprint *print, mr_bytes name, const json_t *value, const json_span *span, buf *scratch)
{
	if (json_is_string(value)) {
		fingerprint_add(print, name, 's', text_of(value));
		return;
	}
	buf_clear(scratch);
	json_minify(span->value, scratch);
	fingerprint_add(print, name, 'v', buf_bytes(scratch));
}

static json_t *take_first(member *candidates, int count)
{
	for (int i = 0; i < count; i++)
		if (candidates[i].value) {
			candidates[i].span->taken = true;
			return json_incref(candidates[i].value);
		}
	return NULL;
}

/* Everything that is not printed elsewhere, in the words of the feed. */
static void write_extra(record *self, const json_scan *scan)
{
	for (size_t i = 0; i < scan->member_count; i++) {
		const json_span *span = &scan->members[i];
		if (span->taken)
			continue;
		buf_add_str(&self->extra, self->extra.len ? ",\"" : "{\"");
		buf_add(&self->extra, span->key.data, span->key.len);
		buf_add_str(&self->extra, "\":");
		json_minify(span->value, &self->extra);
	}
	if (self->extra.len)
		buf_add_char(&self->extra, '}');
}

static int read_tree(record *self, json_t *tree, json_scan *scan, record_fault *fault)
{
	members found = {0};
	fingerprint print = {0};
	buf scratch = {0};
	size_t i = 0;
	for (void *at = json_object_iter(tree); at && i < scan->member_count; at = json_object_iter_next(tree, at), i++) {
		mr_bytes name = {json_object_iter_key(at), json_object_iter_key_len(at)};
		json_t *value = json_object_iter_value(at);
		if (file_member(&found, name, value, &scan->members[i]))
			fingerprint_member(&print, name, value, &scan->members[i], &scratch);
	}
	buf_free(&scratch);
	fingerprint_end(&print, 'j', self->fingerprint);
	self->html = take_first(found.html, HTML_NAMES);
	self->text = take_first(found.text, TEXT_NAMES);
	take_rows(self, found.of);
	write_extra(self, scan);
	if (self->html || self->text)
		return 0;
	record_fault_set(fault, "input.no-text", "intake", "the record has neither text nor html (nor another name of them) with something in it");
	return -1;
}

/* ---- what the parser refuses ---- */

static bool near_word(mr_bytes value, int position, const char *word)
{
	size_t n = strlen(word), at = position > 0 ? (size_t)position : 0;
	size_t from = at > n + 1 ? at - n - 1 : 0, to = at + n < value.len ? at + n : value.len;
	return from < to && memmem(value.data + from, to - from, word, n);
}

static const char *code_of(mr_bytes value, const json_error_t *error)
{
	switch (json_error_code(error)) {
	case json_error_invalid_utf8:
		return "input.not-utf8";
	case json_error_numeric_overflow:
		return "input.bad-number";
	case json_error_null_character:
	case json_error_null_byte_in_key:
		return "input.nul";
	case json_error_stack_overflow:
		return "input.too-deep";
	default:
		break;
	}
	if (memchr(value.data, 0, value.len))
		return "input.nul";
	if (near_word(value, error->position, "NaN") || near_word(value, error->position, "Infinity"))
		return "input.bad-number";               /* Python and JavaScript write them; JSON has no such numbers */
	return "input.not-json";
}

static void complain(mr_bytes value, const json_error_t *error, record_fault *fault)
{
	const char *code = code_of(value, error), *nul = memchr(value.data, 0, value.len);
	bool escaped = json_error_code(error) == json_error_null_character;
	if (nul && !escaped && strcmp(code, "input.nul") == 0)
		record_fault_set(fault, code, "intake", "byte %zu of %zu: a NUL byte", (size_t)(nul - value.data), value.len);
	else
		record_fault_set(fault, code, "intake", "byte %d of %zu: %s", error->position, value.len, escaped ? "\\u0000, a NUL character" : error->text);
}

static json_t *load(mr_bytes value, const json_scan *scan, record_fault *fault)
{
	json_error_t error;
	json_t *tree = record_load(value, scan, RECORD_LOAD_LONG, &error);
	const char *nul = tree ? memchr(value.data, 0, value.len) : NULL;
	if (json_is_object(tree) && !nul)
		return tree;
	if (nul)                                 /* Jansson (2.14) passes over one behind a number; the number as written would have it */
		record_fault_set(fault, "input.nul", "intake", "byte %zu of %zu: a NUL byte", (size_t)(nul - value.data), value.len);
	else if (tree)
		record_fault_set(fault, "input.not-json", "intake", "the value is a JSON list, a record is one object");
	else
		complain(value, &error, fault);
	json_decref(tree);
	return NULL;
}

int members_take(record *self, mr_bytes value, const record_source *source, record_fault *fault)
{
	(void)source;
	json_scan scan = {0};
	json_t *tree = NULL;
	int result = -1;
	if (value.len >= 3 && memcmp(value.data, "\xEF\xBB\xBF", 3) == 0)
		value = (mr_bytes){value.data + 3, value.len - 3};
	switch (json_scan_run(&scan, value, self->rules->max_depth, RECORD_VALUES_MAX)) {
	case JSON_SCAN_DEEP:
		record_fault_set(fault, "input.too-deep", "intake", "nested deeper than %d, see intake.max_depth", self->rules->max_depth);
		goto out;
	case JSON_SCAN_MANY:
		record_fault_set(fault, "input.too-large", "intake", "more than %d JSON values in one record", RECORD_VALUES_MAX);
		goto out;
	case JSON_SCAN_FINE:
		break;
	}
	tree = load(value, &scan, fault);
	if (!tree)
		goto out;
	result = read_tree(self, tree, &scan, fault);
out:
	json_decref(tree);
	json_scan_free(&scan);
	return result;
}

/* ---- raw text and HTML ---- */

int members_take_raw(record *self, const record_source *source, record_fault *fault)
{
	member found[MEMBER_ROWS][MEMBER_NAMES_MAX] = {0};
	fingerprint print = {0};
	mr_bytes value = source->value;
	if (!self->rules->staged && !utf8_valid(value)) {
		record_fault_set(fault, "input.not-utf8", "intake", "raw text in another charset needs a stage that decodes it (pipeline.stages is empty)");
		return -1;
	}
	if (!self->rules->staged && memchr(value.data, 0, value.len)) {
		record_fault_set(fault, "input.nul", "intake", "raw text with a NUL byte (pipeline.stages is empty)");
		return -1;
	}
	if (blank(value)) {
		record_fault_set(fault, "input.no-text", "intake", "the value is empty or blank");
		return -1;
	}
	self->raw = value;
	fingerprint_add(&print, mr_bytes_of("value"), 'r', value);
	fingerprint_add(&print, mr_bytes_of("charset"), 'r', mr_bytes_of(self->charset));
	for (int r = 0; r < MEMBER_ROWS; r++) {
		const mr_field *header = member_table[r].header ? header_find(source, member_table[r].header) : NULL;
		if (!header || !header->value.data || !utf8_valid(header->value) || memchr(header->value.data, 0, header->value.len))
			continue;
		found[r][0].value = string_new(header->value);
		if (!member_table[r].per_delivery)
			fingerprint_add(&print, mr_bytes_of(member_table[r].header), 'r', header->value);
	}
	fingerprint_end(&print, self->form == CONTENT_HTML ? 'h' : 't', self->fingerprint);
	take_rows(self, found);
	for (int r = 0; r < MEMBER_ROWS; r++)
		json_decref(found[r][0].value);
	return 0;
}
