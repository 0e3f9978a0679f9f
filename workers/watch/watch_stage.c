/* watch_stage.c - see watch_stage.h. */
#include "watch_stage.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/json_text.h"
#include "common/mem.h"
#include "common/settings.h"
#include "common/utf8.h"
#include "workers/watch/excerpt.h"

typedef struct watch {
	watch_set *set;
	char fingerprint[96];
	const char *wants[11];                   /* of watch_fields, and NULL */
	buf blob;
} watch;

static const char *const watch_fields[] = {"kicker", "title", "subtitle", "persons", "places", "organizations", "policies", "labels", "source_name", "language", NULL};

/* Lists of names are long, and writing them costs the daemon more than looking costs this worker: they are asked for only when a watch needs them. */
static void choose_fields(watch *self)
{
	static const struct { enum watch_list first, second; const char *field; } needed[] = {
		{WATCH_PERSONS, WATCH_PERSONS, "persons"}, {WATCH_PLACES, WATCH_PLACES, "places"}, {WATCH_ORGANIZATIONS, WATCH_ORGANIZATIONS, "organizations"},
		{WATCH_POLICIES, WATCH_POLICIES, "policies"}, {WATCH_LABELS, WATCH_NOT_LABELS, "labels"}, {WATCH_SOURCES, WATCH_NOT_SOURCES, "source_name"},
		{WATCH_LANGUAGES, WATCH_LANGUAGES, "language"},
	};
	size_t count = 0;
	for (; count < 3; count++)
		self->wants[count] = watch_fields[count];
	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
		if (watch_set_asks(self->set, needed[i].first) || watch_set_asks(self->set, needed[i].second))
			self->wants[count++] = needed[i].field;
}

static const char *const *watch_wants(void *ctx)
{
	return ((watch *)ctx)->wants;
}

static void watch_close(void *ctx)
{
	watch *self = ctx;
	watch_set_free(&self->set);
	buf_free(&self->blob);
	free(self);
}

static int watch_open(void **ctx, const struct settings *s, char error[256])
{
	buf errors = {0}, notes = {0};
	const char *path = settings_str(s, "watch.file");
	if (!*path) {
		snprintf(error, 256, "watch.file names no file of watches");
		return -1;
	}
	watch_file *file = watch_file_read(path, &errors);
	if (file && watch_file_check(file, s, &errors, &notes))
		watch_file_free(&file);
	if (!file)
		snprintf(error, 256, "%.*s", (int)strcspn(buf_bytes(&errors).data, "\n"), buf_bytes(&errors).data);
	buf_free(&errors);
	buf_free(&notes);
	watch_set *set = file ? watch_set_new(file, s, error) : NULL;
	if (!set)
		return -1;
	watch *self = mem_alloc(sizeof *self);
	self->set = set;
	choose_fields(self);
	snprintf(self->fingerprint, sizeof self->fingerprint, "watches/%zu %016llx", file->count, (unsigned long long)watch_set_hash(set));
	*ctx = self;
	return 0;
}

/* ---- what was found ---- */

/* A name is shown where it stands in the text, if it does as printed. */
static void add_excerpt(const watch_hit *hit, mr_bytes body, buf *out)
{
	buf text = {0};
	const char *at = hit->list >= WATCH_PERSONS && hit->list <= WATCH_POLICIES && hit->source.data != body.data && hit->source.len && body.len
	                         ? memmem(body.data, body.len, hit->source.data, hit->source.len) : NULL;
	if (at)
		excerpt_add(body, (size_t)(at - body.data), (size_t)(at - body.data) + hit->source.len, &text);
	else
		excerpt_add(hit->source, hit->from, hit->to, &text);
	json_add_text(out, buf_bytes(&text));
	buf_free(&text);
}

static void add_hit(const watch_hit *hit, mr_bytes body, buf *out)
{
	buf text = {0};
	buf_add_str(out, "{\"term\":");
	watch_term_show(hit->term, &text);
	json_add_text(out, buf_bytes(&text));
	buf_clear(&text);
	buf_add_str(out, ",\"field\":");
	json_add_text(out, mr_bytes_of(hit->field));
	buf_add_str(out, ",\"text\":");
	excerpt_add_text(hit->source, hit->from, hit->to, &text);
	json_add_text(out, buf_bytes(&text));
	buf_add_str(out, ",\"excerpt\":");
	add_excerpt(hit, body, out);
	size_t start = utf8_count((mr_bytes){hit->source.data, hit->from});
	buf_printf(out, ",\"start\":%zu,\"end\":%zu,\"count\":%u}", start, start + utf8_count((mr_bytes){hit->source.data + hit->from, hit->to - hit->from}), hit->count);
	buf_free(&text);
}

static void add_optional(const char *name, const char *text, buf *out)
{
	buf_printf(out, ",\"%s\":", name);
	if (text)
		json_add_text(out, mr_bytes_of(text));
	else
		buf_add_str(out, "null");
}

void watch_blob(watch_set *set, buf *out)
{
	watch_hit hits[WATCH_HITS_MAX];
	size_t left = WATCH_HITS_ALL_MAX, met = watch_set_met_count(set);
	buf_add_char(out, '[');
	for (size_t i = 0; i < met; i++) {
		const watch_rule *rule = &watch_set_file(set)->rules[watch_set_met(set, i)];
		size_t count = watch_set_hits(set, watch_set_met(set, i), false, hits, left < WATCH_HITS_MAX ? left : WATCH_HITS_MAX);
		left -= left > count ? count : left - 1;
		buf_add_str(out, i ? ",{\"watch\":" : "{\"watch\":");
		json_add_text(out, mr_bytes_of(rule->id));
		add_optional("name", rule->name, out);
		add_optional("note", rule->note, out);
		buf_add_str(out, ",\"hits\":[");
		for (size_t h = 0; h < count; h++) {
			if (h)
				buf_add_char(out, ',');
			add_hit(&hits[h], watch_set_body(set), out);
		}
		buf_add_str(out, "]}");
	}
	buf_add_char(out, ']');
}

static void watch_apply(void *ctx, const mr_task *task, mr_answer *answer)
{
	watch *self = ctx;
	watch_article article = {
		.parts = {mr_task_field(task, "kicker"), mr_task_field(task, "title"), mr_task_field(task, "subtitle"), task->body},
		.names = {mr_task_field(task, "persons"), mr_task_field(task, "places"), mr_task_field(task, "organizations"), mr_task_field(task, "policies")},
		.labels = mr_task_field(task, "labels"), .source = mr_task_field(task, "source_name"), .language = mr_task_field(task, "language"),
	};
	size_t met = watch_set_look(self->set, &article);
	if (!met)
		return;
	json_t *names = json_array();
	for (size_t i = 0; i < met; i++)
		json_array_append_new(names, json_string(watch_set_file(self->set)->rules[watch_set_met(self->set, i)].id));
	buf_clear(&self->blob);
	watch_blob(self->set, &self->blob);
	mr_part *part = mr_answer_part(answer);
	mr_part_patch(part, json_pack("{s:o}", "watches", names));
	mr_part_blob(part, buf_bytes(&self->blob));
}

static const char *watch_fingerprint(void *ctx)
{
	return ((watch *)ctx)->fingerprint;
}

const mr_stage watch_stage = {
	.name = "watch",
	.fields = watch_fields,
	.wants = watch_wants,
	.open = watch_open,
	.apply = watch_apply,
	.close = watch_close,
	.fingerprint = watch_fingerprint,
};
