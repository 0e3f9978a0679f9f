/* record_rules.c - what the configuration says about records, in the form that the other parts read fast. */
#include <stdlib.h>

#include "mem.h"
#include "record_impl.h"

static enum content_form form_named(const char *name)
{
	return strcmp(name, "text") == 0 ? CONTENT_TEXT : strcmp(name, "html") == 0 ? CONTENT_HTML : CONTENT_JSON;
}

/* "html" is the default of all topics, "papers.raw:text" the form of one. */
static void take_formats(record_rules *self, const record_rules_values *values)
{
	self->form = CONTENT_JSON;
	self->topics = mem_array(values->format_count, sizeof *self->topics);
	self->topic_forms = mem_array(values->format_count, sizeof *self->topic_forms);
	for (size_t i = 0; i < values->format_count; i++) {
		const char *item = values->formats[i], *colon = strrchr(item, ':');
		if (!colon) {
			self->form = form_named(item);
			continue;
		}
		self->topics[self->topic_count] = mem_copy(item, (size_t)(colon - item));
		self->topic_forms[self->topic_count++] = form_named(colon + 1);
	}
}

static void take_labels(record_rules *self, const record_rules_values *values)
{
	self->label_count = values->label_count;
	self->labels = mem_array(values->label_count, sizeof *self->labels);
	self->score_names = mem_array(values->label_count, sizeof *self->score_names);
	self->score_keys = mem_array(values->label_count, sizeof *self->score_keys);
	for (size_t i = 0; i < values->label_count; i++) {
		buf name = {0}, key = {0};
		buf_printf(&name, "score_%s", values->labels[i]);
		json_add_text(&key, buf_bytes(&name));
		buf_add_char(&key, ':');
		self->labels[i] = mem_string(values->labels[i]);
		self->score_names[i] = buf_take(&name, NULL);
		self->score_keys[i] = buf_take(&key, NULL);
	}
}

static void make_envelopes(record_rules *self)
{
	buf *article = &self->envelopes[ENVELOPE_ARTICLE], *duplicate = &self->envelopes[ENVELOPE_DUPLICATE];
	envelope_begin(article, "millrace.article");
	envelope_fields(self, 0, article);
	envelope_end(article);
	envelope_begin(duplicate, "millrace.duplicate");
	envelope_fields(self, FIELD_SHORT, duplicate);
	envelope_end(duplicate);
	alert_envelope(self, &self->envelopes[ENVELOPE_ALERT]);
}

record_rules *record_rules_new_from(const record_rules_values *values)
{
	record_rules *self = mem_alloc(sizeof *self);
	self->holders = 1;
	self->max_record_bytes = values->max_record_bytes ? values->max_record_bytes : 4u << 20;
	self->max_depth = values->max_depth ? values->max_depth : 32;
	self->identity_is_key = values->identity_is_key;
	self->staged = values->staged;
	self->spans = values->spans;
	const char *detail = values->detail ? values->detail : "nested";
	self->detail = strcmp(detail, "none") == 0 ? DETAIL_NONE : strcmp(detail, "text") == 0 ? DETAIL_TEXT : DETAIL_NESTED;
	take_formats(self, values);
	take_labels(self, values);
	if (values->envelope && self->detail != DETAIL_NESTED)
		make_envelopes(self);
	return self;
}

void record_rules_free(record_rules **self)
{
	record_rules *rules = *self;
	*self = NULL;
	if (!rules || --rules->holders > 0)
		return;
	for (size_t i = 0; i < rules->topic_count; i++)
		free(rules->topics[i]);
	for (size_t i = 0; i < rules->label_count; i++) {
		free(rules->labels[i]);
		free(rules->score_names[i]);
		free(rules->score_keys[i]);
	}
	for (int i = 0; i < ENVELOPES; i++)
		buf_free(&rules->envelopes[i]);
	free(rules->topics);
	free(rules->topic_forms);
	free(rules->labels);
	free(rules->score_names);
	free(rules->score_keys);
	free(rules);
}

enum content_form rules_form(const record_rules *rules, const char *topic)
{
	for (size_t i = 0; i < rules->topic_count; i++)
		if (strcmp(rules->topics[i], topic) == 0)
			return rules->topic_forms[i];
	return rules->form;
}

int rules_label(const record_rules *rules, const char *name)
{
	for (size_t i = 0; i < rules->label_count; i++)
		if (strcmp(rules->labels[i], name) == 0)
			return (int)i;
	return -1;
}
