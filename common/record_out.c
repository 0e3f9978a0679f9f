/* record_out.c - the output side of the contract: article and duplicate records, written field by field in the order of the table.
 *
 * Every field is written, every time, with one type; a stage that did not run leaves the field's empty value. Nothing is copied on the way: strings
 * go from where they stand into the output buffer. */
#include "record_impl.h"
#include "times.h"
#include "utf8.h"

/* What one record needs; articles have a part, byte-equal repeats only the record. */
typedef struct dump {
	const record *rec;
	const article *art;              /* NULL: a repeat that never became articles */
	const verdict *v;
	int page_index, page_count;
	int64_t now_ms;
	buf *out;
} dump;

static const json_t *value_of(const dump *d, enum field field)
{
	return d->art ? article_value(d->art, field) : d->rec->values[field];
}

static void add_id(const dump *d, const uint8_t id[ARTICLE_ID_BYTES])
{
	char hex[33];
	id_hex(id, hex);
	buf_add_char(d->out, '"');
	buf_add(d->out, hex, 32);
	buf_add_char(d->out, '"');
}

static void add_own_id(const dump *d)
{
	uint8_t id[ARTICLE_ID_BYTES];
	record_article_id(d->rec, d->page_index, id);
	add_id(d, id);
}

static void add_time(const dump *d, int64_t ms)
{
	char text[TIME_TEXT_BYTES];
	time_print(ms, 0, text);
	json_add_text(d->out, mr_bytes_of(text));
}

static void add_int(const dump *d, int64_t value)
{
	buf_printf(d->out, "%lld", (long long)value);
}

static void add_null(const dump *d)
{
	buf_add_str(d->out, "null");
}

static void add_int_or_null(const dump *d, int64_t value)
{
	if (value < 0)
		add_null(d);
	else
		add_int(d, value);
}

static void add_text_or_null(const dump *d, mr_bytes text)
{
	if (text.data)
		json_add_text(d->out, text);
	else
		add_null(d);
}

/* ---- the verdict ---- */

static void add_story(const dump *d)
{
	static const uint8_t none[ARTICLE_ID_BYTES];
	if (!d->v || memcmp(d->v->story_id, none, sizeof none) == 0)
		add_own_id(d);
	else
		add_id(d, d->v->story_id);
}

static void add_similarity(const dump *d)
{
	if (d->v && d->v->similarity >= 0 && (d->v->kind || d->v->revision > 0))
		json_add_number(d->out, d->v->similarity, 6);
	else
		add_null(d);
}

/* ---- what the classifier says ---- */

static void add_scores(const dump *d)
{
	const record_rules *rules = d->rec->rules;
	for (size_t i = 0; i < rules->label_count; i++) {
		if (i)
			buf_add_char(d->out, ',');
		buf_add_str(d->out, rules->score_keys[i]);
		json_add_number(d->out, d->art->scores[i], 6);
	}
}

/* ---- detail ---- */

static void add_members(const dump *d, buf *out)
{
	char before = '{';
	for (int m = 0; m < DETAIL_COUNT; m++) {
		if (m == DETAIL_SPANS && !d->rec->rules->spans)
			continue;
		mr_bytes list = article_list(d->art, &d->art->lists.detail[m]);
		buf_add_char(out, before);
		buf_add_str(out, detail_table[m].key);
		buf_add(out, list.data, list.len);
		before = ',';
	}
	buf_add_char(out, '}');
}

static void add_detail(const dump *d)
{
	buf text = {0};
	if (d->rec->rules->detail == DETAIL_NESTED) {
		add_members(d, d->out);
		return;
	}
	add_members(d, &text);
	json_add_text(d->out, buf_bytes(&text));
	buf_free(&text);
}

/* ---- fields ---- */

static void add_plain(const dump *d, enum field field)
{
	if (field_table[field].flags & FIELD_TEXT) {
		mr_bytes list = article_list(d->art, &d->art->lists.fields[field]);
		buf_add(d->out, list.data, list.len);
		return;
	}
	const json_t *value = value_of(d, field);
	if (value)
		json_add_value(d->out, value);
	else if (field_table[field].flags & FIELD_NULL)
		add_null(d);
	else if (field_table[field].type == TYPE_STRINGS)
		buf_add_str(d->out, "[]");
	else if (field_table[field].type == TYPE_INT)
		buf_add_char(d->out, '0');
	else if (field_table[field].type == TYPE_BOOL)
		buf_add_str(d->out, "false");
	else
		buf_add_str(d->out, "\"none\"");         /* primary_label, classifier */
}

/* Who and where; false: the field is none of these. */
static bool add_place(const dump *d, enum field field)
{
	const record *rec = d->rec;
	switch (field) {
	case FIELD_SCHEMA_VERSION:
		add_int(d, 1);
		return true;
	case FIELD_ARTICLE_ID:
		add_own_id(d);
		return true;
	case FIELD_SOURCE_TOPIC:
		json_add_text(d->out, mr_bytes_of(rec->topic));
		return true;
	case FIELD_SOURCE_PARTITION:
		add_int(d, rec->partition);
		return true;
	case FIELD_SOURCE_OFFSET:
		add_int(d, rec->offset);
		return true;
	case FIELD_SOURCE_TIMESTAMP_MS:
		add_int_or_null(d, rec->timestamp_ms);
		return true;
	case FIELD_PAGE_INDEX:
		add_int(d, d->page_index);
		return true;
	case FIELD_PAGE_COUNT:
		add_int(d, d->page_count);
		return true;
	case FIELD_PROCESSED_AT:
		add_time(d, d->now_ms);
		return true;
	case FIELD_PROCESSED_AT_MS:
		add_int(d, d->now_ms);
		return true;
	case FIELD_PIPELINE:
		buf_add_str(d->out, "\"millrace " MILLRACE_VERSION "\"");
		return true;
	default:
		return false;
	}
}

/* What the judge found; false: the field is none of these. */
static bool add_verdict(const dump *d, enum field field)
{
	switch (field) {
	case FIELD_STORY_ID:
		add_story(d);
		return true;
	case FIELD_DUPLICATE_OF:
		if (d->v && d->v->has_owner)
			add_id(d, d->v->duplicate_of);
		else
			add_null(d);
		return true;
	case FIELD_DUPLICATE_KIND:
		add_text_or_null(d, mr_bytes_of(d->v ? d->v->kind : NULL));
		return true;
	case FIELD_SIMILARITY:
		add_similarity(d);
		return true;
	case FIELD_REVISION:
		add_int(d, d->v ? d->v->revision : 0);
		return true;
	default:
		return false;
	}
}

static void add_content(const dump *d, enum field field)
{
	switch (field) {
	case FIELD_BODY:
		json_add_text(d->out, d->art->body);
		break;
	case FIELD_CHARACTERS:
		add_int(d, (int64_t)utf8_count(d->art->body));
		break;
	case FIELD_SCORES:
		add_scores(d);
		break;
	case FIELD_DETAIL:
		add_detail(d);
		break;
	case FIELD_EXTRA:
		add_text_or_null(d, d->rec->extra.len ? buf_bytes(&d->rec->extra) : (mr_bytes){NULL, 0});
		break;
	default:
		add_plain(d, field);
	}
}

static void add_fields(const dump *d, unsigned which, char before)
{
	for (int f = 0; f < FIELD_COUNT; f++) {
		if ((field_table[f].flags & which) != which)
			continue;
		if ((f == FIELD_DETAIL && d->rec->rules->detail == DETAIL_NONE) || (f == FIELD_SCORES && d->rec->rules->label_count == 0))
			continue;
		buf_add_char(d->out, before);
		if (f != FIELD_SCORES)
			buf_add_str(d->out, field_table[f].key);
		if (!add_place(d, (enum field)f) && !add_verdict(d, (enum field)f))
			add_content(d, (enum field)f);
		before = ',';
	}
}

static void add_record(const dump *d, unsigned which)
{
	add_fields(d, which, '{');
	buf_add_char(d->out, '}');
}

/* As it leaves: in its envelope, if there is one. */
static void add_whole(const dump *d, unsigned which)
{
	const buf *envelope = &d->rec->rules->envelopes[which == FIELD_SHORT ? ENVELOPE_DUPLICATE : ENVELOPE_ARTICLE];
	record_dumped++;
	buf_add(d->out, envelope->data, envelope->len);
	add_record(d, which);
	if (envelope->len)
		buf_add_char(d->out, '}');
}

void article_dump_fields(const article *self, unsigned which, const verdict *v, int64_t now_ms, buf *out)
{
	dump d = {self->rec, self, v, self->page_index, self->page_count, now_ms, out};
	add_fields(&d, which, ',');
}

static size_t size_about(const article *self)
{
	return self->body.len + self->body.len / 16 + self->list_text.len + self->tree_bytes + self->rec->extra.len + 4096;
}

void article_preview(const article *self, const verdict *v, int64_t now_ms, buf *out)
{
	dump d = {self->rec, self, v, self->page_index, self->page_count, now_ms, out};
	buf_reserve(out, size_about(self));
	add_record(&d, 0);
}

void record_preview(const record *self, int page_count, const verdict *v, int64_t now_ms, buf *out)
{
	dump d = {self, NULL, v, 0, page_count, now_ms, out};
	add_record(&d, FIELD_SHORT);
}

void article_dump(article *self, const verdict *v, int64_t now_ms, buf *out)
{
	dump d = {self->rec, self, v, self->page_index, self->page_count, now_ms, out};
	buf_reserve(out, size_about(self) + self->rec->rules->envelopes[ENVELOPE_ARTICLE].len);
	add_whole(&d, 0);
}

void article_dump_duplicate(const article *self, const verdict *v, int64_t now_ms, buf *out)
{
	dump d = {self->rec, self, v, self->page_index, self->page_count, now_ms, out};
	add_whole(&d, FIELD_SHORT);
}

void record_dump_duplicate(const record *self, int page_count, const verdict *v, int64_t now_ms, buf *out)
{
	dump d = {self, NULL, v, 0, page_count, now_ms, out};
	add_whole(&d, FIELD_SHORT);
}

mr_bytes record_unwrap(const record *self, mr_bytes line)
{
	for (int i = 0; self && i < ENVELOPES; i++) {
		const buf *envelope = &self->rules->envelopes[i];
		if (envelope->len && line.len > envelope->len && memcmp(line.data, envelope->data, envelope->len) == 0)
			return (mr_bytes){line.data + envelope->len, line.len - envelope->len - 1};
	}
	return line;
}
