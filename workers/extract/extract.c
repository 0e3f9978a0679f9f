/* extract.c - see extract.h.
 *
 * Owns the stage's context (vocabulary, limits) and the merging: what the feed says of url, source, time, authors and title of an unsplit record wins over what was
 * found in the text. Text goes through the passes of page.h, HTML through html_extract; both end in a `body`, from which lead, sections and responsible
 * units are read, so both give the same fields. A record whose HTML gives nothing falls back to its text. */
#include "extract.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "body.h"
#include "charset.h"
#include "common/mem.h"
#include "common/settings.h"
#include "common/times.h"
#include "common/utf8.h"
#include "facts.h"
#include "html.h"
#include "lang.h"
#include "page.h"
#include "workers/entities/entities.h"

#define LANGUAGE_CHARACTERS 500          /* tell a language as surely as 20,000 do */
#define RULES_VERSION "extract/3"        /* goes up with every change of a rule that changes answers */

static const char *const extract_fields[] = {"input", "input.text", "charset", "clock_ms", "url", "title", "authors", "source_name", "published_at", "language", NULL};

typedef struct extract {
	vocabulary *words;
	html_limits limits;
	entities *facts;
	buf text;                /* scratch: the body of the part at hand */
	char fingerprint[64];
} extract;

static int extract_open(void **ctx, const struct settings *settings, char error[256])
{
	extract *self = mem_alloc(sizeof *self);
	self->facts = entities_open(settings, error);
	if (!self->facts) {
		free(self);
		return -1;
	}
	snprintf(self->fingerprint, sizeof self->fingerprint, RULES_VERSION " %016llx", (unsigned long long)entities_fingerprint(self->facts));
	self->words = vocabulary_new();
	self->limits = (html_limits){(uint32_t)settings_int(settings, "extract.max_nodes"), (uint16_t)settings_int(settings, "extract.max_depth"),
		(size_t)settings_int(settings, "extract.memory_bytes") - entities_memory(self->facts)};
	html_preload();
	*ctx = self;
	return 0;
}

static void extract_close(void *ctx)
{
	extract *self = ctx;
	vocabulary_free(&self->words);
	entities_close(&self->facts);
	buf_free(&self->text);
	free(self);
}

static const char *extract_fingerprint(void *ctx)
{
	extract *self = ctx;
	return self->fingerprint;
}

/* ---- the patch ---- */

/* Sets a string; nothing when it is empty. */
static void set_text(json_t *patch, const char *name, mr_bytes text)
{
	if (text.data && text.len)
		json_object_set_new(patch, name, json_stringn(text.data, text.len));
}

static void set_list(json_t *patch, const char *name, json_t *list)
{
	if (list && json_array_size(list))
		json_object_set_new(patch, name, list);
	else
		json_decref(list);
}

static json_t *detail_of(json_t *patch)
{
	json_t *detail = json_object_get(patch, "detail");
	if (!detail)
		json_object_set_new(patch, "detail", detail = json_object());
	return detail;
}

/* A time without zone is China's in Chinese text, else UTC (docs/record.md). */
static void set_published(json_t *patch, const date_value *when, const char *from, bool chinese)
{
	static const char *const precisions[] = {NULL, "day", "minute", "second"};
	char text[TIME_TEXT_BYTES];
	if (when->precision == DATE_NONE || !when->year)
		return;
	int zone = when->has_zone ? when->zone_minutes : chinese ? TIME_ZONE_CHINA : 0;
	int64_t s = time_days(when->year, when->month, when->day) * 86400 + when->hour * 3600 + when->minute * 60 + when->second - zone * 60;
	if (!time_print(s * 1000, zone, text))
		return;
	json_object_set_new(patch, "published_at", json_string(text));
	json_object_set_new(patch, "published_at_ms", json_integer(s * 1000));
	json_object_set_new(patch, "published_precision", json_string(precisions[when->precision]));
	json_object_set_new(patch, "published_from", json_string(from));
}

/* What both kinds of input give: text, lead, structure, language. */
static bool set_body(extract *self, json_t *patch, mr_part *part, const body *text, mr_bytes declared)
{
	buf lead = {0}, *out = &self->text;
	buf_clear(out);
	body_text(text, out);
	body_lead(text, &lead);
	mr_part_body(part, buf_bytes(out));
	set_text(patch, "lead", buf_bytes(&lead));
	lang_guess guess = lang_find((mr_bytes){out->data, utf8_prefix(buf_bytes(out), LANGUAGE_CHARACTERS)}, declared);
	if (guess.language[0])
		json_object_set_new(patch, "language", json_string(guess.language));
	if (guess.script)
		json_object_set_new(patch, "script", json_string(guess.script));
	json_t *detail = detail_of(patch);
	set_list(detail, "sections", body_sections(text));
	set_list(detail, "responsible_units", body_responsible_units(text));
	set_list(detail, "attachments", body_attachments(text));
	buf_free(&lead);
	return guess.language[0] == 'z';
}

/* Where a name stands first in the body; its end when it does not. */
static size_t first_place(const char *text, json_t *name)
{
	const char *at = strstr(text, json_string_value(name));
	return at ? (size_t)(at - text) : strlen(text);
}

static bool holds(const json_t *list, const json_t *name)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (json_equal(json_array_get(list, i), name))
			return true;
	return false;
}

#define MOST_UNITS 100           /* of one record that are looked for in its body */
#define UNITS_BYTES (1u << 20)   /* of the body: as far as facts are read */

/* Who is responsible for a measure is a body, whatever its name looks like (各镇人民政府): the units join the organizations, in the order of the text. */
static void add_units(json_t *patch, buf *body)
{
	const json_t *measures = json_object_get(detail_of(patch), "responsible_units");
	json_t *list = json_object_get(patch, "organizations");
	size_t added = 0;
	if (!measures || !list)
		return;
	*buf_reserve(body, 1) = 0;
	char kept = body->len > UNITS_BYTES ? body->data[UNITS_BYTES] : 0;
	if (body->len > UNITS_BYTES)
		body->data[UNITS_BYTES] = 0;
	for (size_t i = 0; i < json_array_size(measures); i++) {
		const json_t *units = json_object_get(json_array_get(measures, i), "units");
		for (size_t k = 0; k < json_array_size(units) && added < MOST_UNITS; k++) {
			json_t *name = json_array_get(units, k);
			if (holds(list, name))
				continue;
			size_t place = first_place(body->data, name), low = 0, high = json_array_size(list);
			while (low < high) {                                       /* the list is in that order */
				size_t middle = low + (high - low) / 2;
				if (first_place(body->data, json_array_get(list, middle)) <= place)
					low = middle + 1;
				else
					high = middle;
			}
			json_array_insert(list, low, name);
			added++;
		}
	}
	if (body->len > UNITS_BYTES)
		body->data[UNITS_BYTES] = kept;
}

/* Names and figures of the body that set_body left in self->text. Title and authors are those of the record: the feed's, else the ones just found. */
static void set_facts(extract *self, json_t *patch, mr_part *part, const mr_task *task)
{
	mr_bytes title = mr_task_field(task, "title"), authors = mr_task_field(task, "authors");
	const json_t *found = json_object_get(patch, "title"), *list = json_object_get(patch, "authors");
	buf names = {0}, metrics = {0};
	if (json_is_string(found))
		title = (mr_bytes){json_string_value(found), json_string_length(found)};
	for (size_t i = 0; list && i < json_array_size(list); i++) {
		const json_t *name = json_array_get(list, i);
		buf_add(&names, json_string_value(name), json_string_length(name));
		buf_add_char(&names, '\n');
	}
	entities_read(self->facts, buf_bytes(&self->text), title, names.len ? buf_bytes(&names) : authors, patch, detail_of(patch), &metrics);
	if (metrics.len)
		mr_part_detail(part, "metrics", buf_bytes(&metrics));
	buf_free(&names);
	buf_free(&metrics);
	add_units(patch, &self->text);
}

static date_value date_of(mr_bytes text)
{
	date_value value = {0};
	if (text.data && !date_parse(text, &value))
		value = (date_value){0};
	return value;
}

static date_value clock_of(const mr_task *task, bool chinese)
{
	mr_bytes text = mr_task_field(task, "clock_ms");
	date_value value = {0};
	int64_t ms = 0;
	for (size_t i = 0; text.data && i < text.len && i < 15 && text.data[i] >= '0' && text.data[i] <= '9'; i++)
		ms = ms * 10 + (text.data[i] - '0');
	if (ms && !date_from_epoch(ms / 1000 + (chinese ? TIME_ZONE_CHINA * 60 : 0), &value))
		value = (date_value){0};
	return value;
}

static bool is_chinese(const page *self)
{
	size_t han = 0, letters = 0;
	for (size_t i = 0; i < self->line_count && i < 200; i++) {
		han += self->lines[i].han;
		letters += self->lines[i].letters;
	}
	return han * 2 > letters;
}

/* ---- text ---- */

struct text_job {
	extract *stage;
	const mr_task *task;
	page *page;
	date_base base;
	date_value printed;              /* page or label date, not the feed's */
	bool chinese;
};

/* Headings of one role of article k, joined by a blank, or by nothing where the line broke inside. */
static void role_text(const page *self, size_t k, enum block_role role, buf *out)
{
	const page_article *article = &self->articles[k];
	for (size_t i = article->first; i < self->block_count; i++) {
		const page_block *block = &self->blocks[i];
		if (i >= article->last && block->article != (int32_t)k)
			break;
		if (block->article != (int32_t)k || block->role != role)
			continue;
		if (out->len && !(block->rest && self->lines[block->line].han))
			buf_add_char(out, ' ');
		page_utf8(self->flow, block->at, out);
	}
}

static void article_body(const page *self, size_t k, body *out)
{
	const page_article *article = &self->articles[k];
	for (size_t i = article->first; i < article->last; i++) {
		const page_block *block = &self->blocks[i];
		if (block->article == (int32_t)k && block->role == ROLE_BODY && (block->kind == BLOCK_TEXT || block->kind == BLOCK_HEAD) && !block->repeated)
			body_add(out, self->flow + block->at.begin, block->at.end - block->at.begin, block->kind == BLOCK_HEAD);
	}
}

static json_t *article_captions(const page *self, size_t k)
{
	json_t *list = NULL;
	const page_article *article = &self->articles[k];
	uint32_t from = article->first < self->block_count ? self->blocks[article->first].line : 0;
	uint32_t to = article->last < self->block_count ? self->blocks[article->last].line : (uint32_t)self->line_count;
	for (uint32_t i = k ? from : 0; i < to; i++) {
		if (self->lines[i].kind != LINE_CAPTION)
			continue;
		buf text = {0};
		page_utf8(self->text, self->lines[i].at, &text);
		list = list ? list : json_array();
		json_array_append_new(list, json_stringn(text.data ? text.data : "", text.len));
		buf_free(&text);
	}
	return list;
}

/* A single article's title in the feed wins; of a split page the feed's title is the page's. */
static void set_titles(json_t *patch, const struct text_job *job, size_t k)
{
	static const struct { const char *name; enum block_role role; } rows[] = {{"title", ROLE_TITLE}, {"kicker", ROLE_KICKER}, {"subtitle", ROLE_SUBTITLE}};
	bool split = job->page->article_count > 1;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		buf text = {0};
		if (i || split || !mr_task_field(job->task, "title").data) {
			role_text(job->page, k, rows[i].role, &text);
			set_text(patch, rows[i].name, buf_bytes(&text));
			if (split && !i && !text.len)
				json_object_set_new(patch, "title", json_null());
		}
		buf_free(&text);
	}
}

static void set_authors(json_t *patch, const struct text_job *job, size_t k)
{
	if (job->page->article_count == 1 && mr_task_field(job->task, "authors").data)
		return;
	set_list(patch, "authors", facts_authors(job->page, k));
}

/* What the page says once and every article of it shares. */
static void set_page_facts(json_t *patch, const struct text_job *job)
{
	const page *page = job->page;
	buf source = {0}, editor = {0};
	facts_label(page, page->source, WORD_SOURCE, &source);
	if (!source.len && page->masthead >= 0)
		page_utf8(page->text, page->masthead_name, &source);
	facts_label(page, page->editor, WORD_EDITOR, &editor);
	if (!mr_task_field(job->task, "source_name").data)
		set_text(patch, "source_name", buf_bytes(&source));
	set_text(patch, "editor", buf_bytes(&editor));
	if (!mr_task_field(job->task, "published_at").data)
		set_published(patch, &job->printed, "page", job->chinese);
	buf_free(&source);
	buf_free(&editor);
}

static void set_marks(json_t *patch, const struct text_job *job, size_t k)
{
	const page_article *article = &job->page->articles[k];
	buf from = {0}, on = {0}, section = {0};
	if (article->from)
		facts_turn(job->page, article->from - 1, &from);
	if (article->on)
		facts_turn(job->page, article->on - 1, &on);
	if (article->section)
		page_utf8(job->page->flow, job->page->blocks[article->section - 1].at, &section);
	set_text(patch, "continued_from", buf_bytes(&from));
	set_text(patch, "continues_on", buf_bytes(&on));
	set_text(patch, "section", buf_bytes(&section));
	json_object_set_new(patch, "truncated", json_boolean(article->truncated));
	if (!k) {
		json_object_set_new(patch, "removed_lines", json_integer(job->page->removed_lines));
		json_object_set_new(patch, "removed_characters", json_integer(job->page->removed_characters));
		json_object_set_new(patch, "repeated_blocks", json_integer(job->page->repeated_blocks));
	}
	buf_free(&from);
	buf_free(&on);
	buf_free(&section);
}

static bool has_lead_in(const page *self, size_t k)
{
	const page_article *article = &self->articles[k];
	for (size_t i = article->first; i < article->last; i++)
		if (self->blocks[i].article == (int32_t)k && self->blocks[i].lead_in)
			return true;
	return false;
}

static void answer_article(struct text_job *job, size_t k, const body *text, mr_answer *answer)
{
	mr_part *part = mr_answer_part(answer);
	if (!part)
		return;
	json_t *patch = json_object();
	buf dateline = {0};
	set_body(job->stage, patch, part, text, mr_task_field(job->task, "language"));
	set_titles(patch, job, k);
	set_authors(patch, job, k);
	set_facts(job->stage, patch, part, job->task);
	set_page_facts(patch, job);
	set_marks(patch, job, k);
	set_list(detail_of(patch), "captions", article_captions(job->page, k));
	bool plan = json_object_get(detail_of(patch), "sections") && !has_lead_in(job->page, k);
	facts_dateline(text, &job->base, !plan, &dateline);
	if (!dateline.len)
		facts_headline_date(job->page, k, &dateline);
	set_text(patch, "dateline_date", buf_bytes(&dateline));
	mr_part_patch(part, patch);
	buf_free(&dateline);
}

static bool answer_text(extract *self, const mr_task *task, mr_bytes text, mr_answer *answer)
{
	page page;
	bool any = false;
	page_init(&page, self->words);
	page.titled = mr_task_field(task, "title").data != NULL;
	page.memory = self->limits.memory;
	page_read(&page, text);
	mr_bytes title = mr_task_field(task, "title");
	if (page.article_count == 1 && title.data)
		page_match_title(&page, title);
	struct text_job job = {.stage = self, .task = task, .page = &page, .chinese = is_chinese(&page)};
	if (facts_page_date(&page, &job.printed))
		job.base.printed = job.printed;
	else
		job.base.printed = date_of(mr_task_field(task, "published_at"));
	job.base.clock = clock_of(task, job.chinese);
	for (size_t k = 0; k < page.article_count; k++) {
		body text_body = {0};
		article_body(&page, k, &text_body);
		if (text_body.paragraph_count) {
			answer_article(&job, k, &text_body, answer);
			any = true;
		}
		body_free(&text_body);
	}
	page_free(&page);
	return any;
}

/* ---- HTML ---- */

static void add_lines(body *out, mr_bytes text)
{
	const char *at = text.data, *end = text.data + text.len;
	while (at < end) {
		const char *line = memchr(at, '\n', (size_t)(end - at));
		const char *stop = line ? line : end;
		body_add_utf8(out, (mr_bytes){at, (size_t)(stop - at)}, false);
		at = stop + 1;
	}
}

static json_t *list_of(const buf *lines)
{
	json_t *list = json_array();
	const char *at = lines->data, *end = at + lines->len;
	while (at && at < end) {
		const char *line = memchr(at, '\n', (size_t)(end - at));
		const char *stop = line ? line : end;
		if (stop > at)
			json_array_append_new(list, json_stringn(at, (size_t)(stop - at)));
		at = stop + 1;
	}
	return list;
}

static void set_found(json_t *patch, const mr_task *task, const char *name, const buf *value)
{
	if (!mr_task_field(task, name).data)
		set_text(patch, name, buf_bytes(value));
}

static void answer_page(extract *self, const mr_task *task, const html_result *html, mr_answer *answer)
{
	mr_part *part = mr_answer_part(answer);
	json_t *patch = json_object();
	body text = {0};
	add_lines(&text, buf_bytes(&html->body));
	mr_bytes declared = mr_task_field(task, "language");
	bool chinese = set_body(self, patch, part, &text, declared.data ? declared : mr_bytes_of(html->language[0] ? html->language : NULL));
	set_found(patch, task, "title", &html->title);
	set_found(patch, task, "source_name", &html->source_name);
	set_found(patch, task, "url", &html->url);
	set_found(patch, task, "section", &html->section);
	set_text(patch, "editor", buf_bytes(&html->editor));
	if (!mr_task_field(task, "authors").data)
		set_list(patch, "authors", list_of(&html->authors));
	set_facts(self, patch, part, task);
	set_list(patch, "keywords", list_of(&html->keywords));
	set_list(detail_of(patch), "captions", list_of(&html->captions));
	date_base base = {.printed = date_of(mr_task_field(task, "published_at"))};
	if (base.printed.precision == DATE_NONE) {
		base.printed = html->published;
		if (html->published_from)
			set_published(patch, &html->published, html->published_from, chinese);
	}
	base.clock = clock_of(task, chinese);
	buf dateline = {0};
	facts_dateline(&text, &base, !json_object_get(detail_of(patch), "sections"), &dateline);
	set_text(patch, "dateline_date", buf_bytes(&dateline));
	json_object_set_new(patch, "truncated", json_boolean(html->truncated));
	json_object_set_new(patch, "removed_lines", json_integer(html->removed_lines));
	json_object_set_new(patch, "removed_characters", json_integer(html->removed_characters));
	mr_part_patch(part, patch);
	buf_free(&dateline);
	body_free(&text);
}

static bool answer_html(extract *self, const mr_task *task, mr_answer *answer)
{
	html_result html = {.body = {0}};
	bool found = html_extract(task->body, mr_task_field(task, "charset"), mr_task_field(task, "url"), &self->limits, &html) == 0 && html.body.len;
	if (found)
		answer_page(self, task, &html, answer);
	html_result_free(&html);
	return found;
}

static void extract_apply(void *ctx, const mr_task *task, mr_answer *answer)
{
	extract *self = ctx;
	mr_bytes charset = mr_task_field(task, "charset"), fallback = mr_task_field(task, "input.text");
	if (mr_bytes_equal(mr_task_field(task, "input"), "html")) {
		if (!answer_html(self, task, answer) && !(fallback.data && answer_text(self, task, fallback, answer)))
			mr_answer_refuse(answer, "input.no-text", html_is_feed(task->body) ? "a feed of several articles, not a page (%zu bytes)" : "no text of an article in a page of %zu bytes",
				task->body.len);
		return;
	}
	buf decoded = {0};
	mr_bytes text = task->body;
	if (!mr_bytes_equal(charset, "UTF-8")) {
		charset_decode(text, charset, &decoded, NULL);
		text = buf_bytes(&decoded);
	}
	if (!answer_text(self, task, text, answer))
		mr_answer_refuse(answer, "input.no-text", "no text of an article in %zu bytes", task->body.len);
	buf_free(&decoded);
}

const mr_stage extract_stage = {
	.name = "extract",
	.fields = extract_fields,
	.open = extract_open,
	.apply = extract_apply,
	.close = extract_close,
	.fingerprint = extract_fingerprint,
};
