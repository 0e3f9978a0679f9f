/* record_article.c - one article of a feed record while stages add to it.
 *
 * A worker is not trusted: every member of its patch must be a field that stages may set, of the field's type, with words of the field's list; times must be times,
 * labels must be of the taxonomy, `detail` must have the shape of record_fields.c. One wrong member refuses the whole answer before
 * anything is taken over. Two mild repairs: "" is null, and an empty string in a list is left out. */
#include <assert.h>
#include <stdlib.h>

#include "mem.h"
#include "record_impl.h"
#include "record_scan.h"
#include "times.h"
#include "utf8.h"

#define PATCH_DEPTH_MAX 8
#define REFUSED "stage.refused"

typedef struct patch {
	article *art;
	const char *stage;
	record_fault *fault;
} patch;

/* Without a first stage: the feed's own text. Raw bytes that are no clean UTF-8 are shown as such; the first stage replaces them. */
static void take_raw_body(article *self, mr_bytes raw)
{
	buf text = {0};
	const char *at = raw.data, *end = at + raw.len;
	buf_reserve(&text, raw.len);
	if (utf8_valid(raw) && !memchr(raw.data, 0, raw.len))
		buf_add(&text, raw.data, raw.len);
	else
		while (at < end) {
			uint32_t c = utf8_next(&at, end);
			utf8_add(&text, c ? c : UTF8_BAD);
		}
	self->body_own = buf_take(&text, &self->body.len);
	self->body.data = self->body_own;
}

article *article_new(record *rec, int page_index, int page_count)
{
	article *self = mem_alloc(sizeof *self);
	*self = (article){.rec = rec, .page_index = page_index, .page_count = page_count, .body = {"", 0}};
	self->scores = mem_array(rec->rules->label_count, sizeof *self->scores);
	json_t *text = rec->text ? rec->text : rec->html;
	if (rec->raw.data) {
		take_raw_body(self, rec->raw);
	} else if (text) {
		self->body_ref = json_incref(text);
		self->body = (mr_bytes){json_string_value(text), json_string_length(text)};
	}
	return self;
}

static void drop_body(article *self)
{
	free(self->body_own);
	json_decref(self->body_ref);
	self->body_own = NULL;
	self->body_ref = NULL;
	self->body = (mr_bytes){"", 0};
}

void article_free(article **self)
{
	article *art = *self;
	*self = NULL;
	if (!art)
		return;
	drop_body(art);
	for (int f = 0; f < FIELD_COUNT; f++)
		json_decref(art->values[f]);
	buf_free(&art->list_text);
	json_decref(art->alerts);
	free(art->scores);
	free(art);
}

/* What of a patch is kept as a tree takes nine to ten times its text (measured with mallinfo2). */
size_t article_memory(const article *self)
{
	return sizeof *self + self->rec->rules->label_count * sizeof(double) + self->body.len + self->list_text.cap + 10 * (self->tree_bytes + self->alert_bytes);
}

int article_page(const article *self)
{
	return self->page_index;
}

mr_bytes article_body(const article *self)
{
	return self->body;
}

int article_set_body(article *self, char *body, size_t len, const char *stage, record_fault *fault)
{
	mr_bytes text = {body, len};
	if (!utf8_valid(text) || memchr(body, 0, len)) {
		record_fault_set(fault, REFUSED, stage, "the body is not clean UTF-8 (%zu bytes)", len);
		free(body);
		return -1;
	}
	drop_body(self);
	self->body_own = body;
	self->body = text;
	return 0;
}

mr_bytes article_list(const article *self, const list_span *span)
{
	return span->len ? (mr_bytes){self->list_text.data + span->from, span->len} : (mr_bytes){"[]", 2};
}

const json_t *article_value(const article *self, enum field field)
{
	return self->values[field] ? self->values[field] : self->rec->values[field];
}

/* ---- checks ---- */

static int refuse(const patch *p, const char *name, const char *why)
{
	record_fault_set(p->fault, REFUSED, p->stage, "the answer's member %.60s %s", name, why);
	return -1;
}

static bool empty_string(const json_t *value)
{
	return json_is_string(value) && json_string_length(value) == 0;
}

static bool is_word(const json_t *value, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(json_string_value(value), *words) == 0)
			return true;
	return false;
}

static bool are_labels(const article *self, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (rules_label(self->rec->rules, json_string_value(json_array_get(list, i))) < 0)
			return false;
	return true;
}

/* YYYY-MM-DD or MM-DD */
static bool is_dateline(const char *text)
{
	int parts[3] = {0}, count = 0, digits = 0;
	for (const char *c = text; *c && count < 3; c++) {
		if (*c == '-' && digits >= 2)
			count++, digits = 0;
		else if (*c >= '0' && *c <= '9' && digits < 4)
			parts[count] = parts[count] * 10 + (*c - '0'), digits++;
		else
			return false;
	}
	if (count == 1)
		return strlen(text) == 5 && time_date_valid(2000, parts[0], parts[1]);
	return count == 2 && strlen(text) == 10 && text[4] == '-' && time_date_valid(parts[0], parts[1], parts[2]);
}

static bool allowed(const article *self, enum field field, const json_t *value)
{
	const char *const *words = field_words(field);
	if (words)
		return is_word(value, words);
	if (field == FIELD_LABELS)
		return are_labels(self, value);
	if (field == FIELD_PRIMARY_LABEL)
		return strcmp(json_string_value(value), "none") == 0 || rules_label(self->rec->rules, json_string_value(value)) >= 0;
	if (field == FIELD_DATELINE_DATE)
		return is_dateline(json_string_value(value));
	return true;
}

/* ---- detail ---- */

static int check_detail(const patch *p, json_t *detail)
{
	const char *name;
	json_t *list;
	if (!json_is_object(detail))
		return refuse(p, "detail", "is no object");
	json_object_foreach(detail, name, list) {
		enum detail_member member = detail_find(mr_bytes_of(name));
		const char *wrong = member == DETAIL_COUNT ? "of detail is not in the contract" : list_check(list, detail_table[member].slots);
		if (wrong)
			return refuse(p, name, wrong);
	}
	return 0;
}

/* ---- one member ---- */

static int score_index(const article *self, const char *name)
{
	for (size_t i = 0; i < self->rec->rules->label_count; i++)
		if (strcmp(self->rec->rules->score_names[i], name) == 0)
			return (int)i;
	return -1;
}

static int check_member(const patch *p, const char *name, json_t *value)
{
	enum field field = field_find(mr_bytes_of(name));
	if (field == FIELD_COUNT) {
		if (score_index(p->art, name) < 0)
			return refuse(p, name, "is not in the contract");
		double score = json_is_number(value) ? json_number_value(value) : -1;
		return score >= 0 && score <= 1 ? 0 : refuse(p, name, "is no probability");
	}
	const field_row *row = &field_table[field];
	if (row->flags & FIELD_OURS)
		return refuse(p, name, "is not for a stage to set");
	if (field == FIELD_DETAIL)
		return check_detail(p, value);
	if ((row->flags & FIELD_NULL) && (json_is_null(value) || empty_string(value)))
		return 0;
	if (!value_fits(value, row->type))
		return refuse(p, name, "has the wrong type");
	if (!allowed(p->art, field, value))
		return refuse(p, name, "has a value that the contract does not know");
	time_point at;
	char text[TIME_TEXT_BYTES];
	if (row->type == TYPE_TIME && (!time_parse((mr_bytes){json_string_value(value), json_string_length(value)}, p->art->rec->zone, &at) ||
	                               !time_print(at.ms, at.zone, text)))
		return refuse(p, name, "is no time");
	return 0;
}

static void put(article *self, enum field field, json_t *value)
{
	json_decref(self->values[field]);
	self->values[field] = value;
}

/* A time is printed in our form; that of publication brings its milliseconds and, unless the patch tells better, its precision along. */
static void put_time(article *self, enum field field, const json_t *value, const json_t *whole)
{
	time_point at;
	char text[TIME_TEXT_BYTES];
	bool given = json_is_string(value) && time_parse((mr_bytes){json_string_value(value), json_string_length(value)}, self->rec->zone, &at) &&
	             time_print(at.ms, at.zone, text);
	put(self, field, given ? json_string(text) : json_null());
	if (field != FIELD_PUBLISHED_AT)
		return;
	put(self, FIELD_PUBLISHED_AT_MS, given ? json_integer(at.ms) : json_null());
	if (!json_object_get(whole, field_table[FIELD_PUBLISHED_PRECISION].name))
		put(self, FIELD_PUBLISHED_PRECISION, given ? json_string(time_precision_name(at.precision)) : json_null());
	if (!given && !json_object_get(whole, field_table[FIELD_PUBLISHED_FROM].name))
		put(self, FIELD_PUBLISHED_FROM, json_null());
}

/* A list that is kept as text: what was cut out of the patch, or what was left in it. */
static void put_list(article *self, list_span *span, const list_span *cut, const json_t *list, const detail_slot *slots)
{
	if (cut->len) {
		*span = *cut;
		return;
	}
	size_t from = self->list_text.len;
	list_write(list, slots, &self->list_text);
	*span = (list_span){from, self->list_text.len - from};
}

static void put_detail(article *self, const record_lists *cut, const json_t *detail)
{
	for (int d = 0; d < DETAIL_COUNT; d++) {
		const json_t *list = json_object_get(detail, detail_table[d].name);
		if (list)
			put_list(self, &self->lists.detail[d], &cut->detail[d], list, detail_table[d].slots);
	}
}

static void put_member(article *self, const record_lists *cut, const char *name, json_t *value, const json_t *whole)
{
	enum field field = field_find(mr_bytes_of(name));
	if (field == FIELD_COUNT)
		self->scores[score_index(self, name)] = json_number_value(value);
	else if (field == FIELD_DETAIL)
		put_detail(self, cut, value);
	else if (field_table[field].flags & FIELD_TEXT)
		put_list(self, &self->lists.fields[field], &cut->fields[field], value, NULL);
	else if (field_table[field].type == TYPE_TIME)
		put_time(self, field, value, whole);
	else if (field != FIELD_PUBLISHED_AT_MS && field != FIELD_CHARACTERS)     /* both follow from other fields */
		put(self, field, empty_string(value) ? json_null() : json_incref(value));
}

/* Takes an answer apart: lists go to the article's text (`cut` says where), what is left is parsed. What Jansson refuses is told of the whole text. */
static json_t *load(const patch *p, mr_bytes text, record_lists *cut)
{
	buf rest = {0}, *kept = &p->art->list_text;
	json_scan scan = {0};
	json_error_t error;
	json_t *tree = NULL;
	size_t from = kept->len;
	buf_reserve(kept, text.len);
	buf_reserve(&rest, text.len < 4096 ? text.len : 4096);
	lists_cut(cut, text, RECORD_VALUES_MAX, kept, &rest);
	enum json_scan_result size = json_scan_run(&scan, buf_bytes(&rest), PATCH_DEPTH_MAX, RECORD_VALUES_MAX);
	if (size != JSON_SCAN_FINE || scan.values + cut->values > RECORD_VALUES_MAX) {
		record_fault_set(p->fault, REFUSED, p->stage, "the answer is nested too deep or holds too many values");
		goto out;
	}
	p->art->tree_bytes += rest.len;
	tree = json_loadb(rest.data, rest.len, JSON_REJECT_DUPLICATES, &error);
	if (json_is_object(tree))
		goto out;
	json_decref(tree);
	tree = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, &error);
	record_fault_set(p->fault, REFUSED, p->stage, "the answer is no JSON object: byte %d: %s", tree ? 0 : error.position, tree ? "another type" : error.text);
	json_decref(tree);
	tree = NULL;
out:
	if (!tree)
		buf_cut(kept, from);
	json_scan_free(&scan);
	buf_free(&rest);
	return tree;
}

int article_apply(article *self, mr_bytes text, const char *stage, record_fault *fault)
{
	patch p = {self, stage, fault};
	record_lists cut = {0};
	const char *name;
	size_t from = self->list_text.len;
	json_t *value, *tree = load(&p, text, &cut);
	int result = -1;
	if (!tree)
		return -1;
	record_patches++;
	json_object_foreach(tree, name, value)
		if (check_member(&p, name, value) != 0)
			goto out;
	json_object_foreach(tree, name, value)
		put_member(self, &cut, name, value, tree);
	result = 0;
out:
	if (result)
		buf_cut(&self->list_text, from);
	json_decref(tree);
	return result;
}

const char *article_primary_label(const article *self)
{
	const char *label = json_string_value(self->values[FIELD_PRIMARY_LABEL]);
	return label ? label : "none";
}

uint64_t article_labels(const article *self)
{
	const json_t *labels = self->values[FIELD_LABELS];
	uint64_t bits = 0;
	for (size_t i = 0; i < json_array_size(labels); i++)
		bits |= 1ull << (rules_label(self->rec->rules, json_string_value(json_array_get(labels, i))) & 63);      /* are_labels has seen them */
	return bits;
}

size_t article_characters(const article *self)
{
	return utf8_count(self->body);
}

mr_bytes article_text(const article *self, const char *name)
{
	const json_t *value = article_value(self, field_find(mr_bytes_of(name)));
	return json_is_string(value) ? (mr_bytes){json_string_value(value), json_string_length(value)} : (mr_bytes){NULL, 0};
}
