/* demo_feed.c - see demo_feed.h; conf/demo/README.md explains the members of a line. */
#include "cli/demo_feed.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/mem.h"

#define FILE_MAX (4u << 20)

static int read_file(const char *folder, const char *name, buf *out, char error[256])
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *f = fopen(path, "rb");
	if (!f) {
		snprintf(error, 256, "cannot open %.200s: %m", path);
		return -1;
	}
	size_t got;
	do {
		got = fread(buf_reserve(out, 65536), 1, 65536, f);
		out->len += got;
	} while (got > 0 && out->len < FILE_MAX);
	fclose(f);
	return 0;
}

static void add_base64(const char *text, buf *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t bits = 0;
	int have = 0;
	for (; *text && *text != '='; text++) {
		const char *at = strchr(digits, *text);
		if (!at)
			continue;
		bits = bits << 6 | (uint32_t)(at - digits);
		have += 6;
		if (have >= 8) {
			have -= 8;
			buf_add_char(out, (char)(bits >> have & 0xFF));
		}
	}
}

/* `value`, with the text of a file as one of its members when the line says so. */
static int make_json(demo_record *r, json_t *value, const char *folder, char error[256])
{
	json_t *extra = json_object_get(r->line, "value_file");
	if (extra) {
		buf text = {0};
		int rc = read_file(folder, json_string_value(json_object_get(extra, "file")), &text, error);
		if (!rc && json_object_set_new(value, json_string_value(json_object_get(extra, "member")), json_stringn(buf_bytes(&text).data, text.len))) {
			snprintf(error, 256, "value_file is no UTF-8");
			rc = -1;
		}
		buf_free(&text);
		if (rc)
			return rc;
	}
	char *dumped = json_dumps(value, JSON_COMPACT);
	buf_add_str(&r->value, dumped);
	free(dumped);
	return 0;
}

static int make_value(demo_record *r, const char *folder, char error[256])
{
	json_t *value = json_object_get(r->line, "value");
	const char *raw = json_string_value(json_object_get(r->line, "raw"));
	const char *base64 = json_string_value(json_object_get(r->line, "base64"));
	const char *file = json_string_value(json_object_get(r->line, "file"));
	r->null_value = json_is_true(json_object_get(r->line, "null"));
	r->key = json_string_value(json_object_get(r->line, "key"));
	if (value)
		return make_json(r, value, folder, error);
	if (file)
		return read_file(folder, file, &r->value, error);
	if (raw)
		buf_add_str(&r->value, raw);
	else if (base64)
		add_base64(base64, &r->value);
	else if (!r->null_value)
		snprintf(error, 256, "a record has neither value, raw, base64, file nor null");
	return raw || base64 || r->null_value ? 0 : -1;
}

int demo_feed_read(demo_feed *self, const char *folder, char error[256])
{
	buf text = {0};
	*self = (demo_feed){0};
	int rc = read_file(folder, "feed.jsonl", &text, error);
	const char *at = buf_bytes(&text).data, *end = at + text.len;
	while (!rc && at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((stop ? stop : end) - at);
		json_error_t why;
		json_t *line = json_loadb(at, len, 0, &why);
		if (!line) {
			snprintf(error, 256, "feed.jsonl, line %zu: %.160s", self->count + 1, why.text);
			rc = -1;
			break;
		}
		self->records = mem_grow(self->records, self->count + 1, sizeof *self->records);
		demo_record *r = &self->records[self->count++];
		*r = (demo_record){.line = line, .articles = json_array(), .alerts = json_array()};
		rc = make_value(r, folder, error);
		at += len + 1;
	}
	buf_free(&text);
	return rc;
}

void demo_feed_free(demo_feed *self)
{
	for (size_t i = 0; i < self->count; i++) {
		json_decref(self->records[i].line);
		json_decref(self->records[i].articles);
		json_decref(self->records[i].alerts);
		buf_free(&self->records[i].value);
	}
	free(self->records);
	*self = (demo_feed){0};
}

static demo_record *record_at(demo_feed *self, int64_t offset)
{
	return offset >= 0 && (uint64_t)offset < self->count ? &self->records[offset] : NULL;
}

/* What came out, and which record it is of; NULL: nothing of ours. `value` is JSON; a new reference. */
static demo_record *record_of(demo_feed *self, mr_bytes value, json_t **out)
{
	*out = json_loadb(value.data, value.len, 0, NULL);
	demo_record *r = record_at(self, *out ? json_integer_value(json_object_get(*out, "source_offset")) : -1);
	if (!r)
		json_decref(*out);
	return r;
}

int demo_feed_alert(demo_feed *self, mr_bytes value)
{
	json_t *alert;
	demo_record *r = record_of(self, value, &alert);
	if (r)
		json_array_append_new(r->alerts, alert);
	return r ? 0 : -1;
}

int demo_feed_article(demo_feed *self, enum demo_outcome outcome, mr_bytes value, int64_t now_ms)
{
	json_t *article;
	demo_record *r = record_of(self, value, &article);
	if (!r)
		return -1;
	/* A page of which one part is new counts as published (docs/record.md, Balance). */
	if (r->outcome != DEMO_PUBLISHED)
		r->outcome = outcome;
	json_array_append_new(r->articles, article);
	r->ended_ms = now_ms;
	return 0;
}

int demo_feed_dead(demo_feed *self, int64_t offset, mr_bytes code, mr_bytes message, int64_t now_ms)
{
	demo_record *r = record_at(self, offset);
	if (!r)
		return -1;
	r->outcome = DEMO_DEAD;
	r->ended_ms = now_ms;
	snprintf(r->code, sizeof r->code, "%.*s", (int)code.len, code.data ? code.data : "");
	snprintf(r->message, sizeof r->message, "%.*s", (int)message.len, message.data ? message.data : "");
	return 0;
}

const char *demo_text(const json_t *article, const char *member)
{
	const char *text = json_string_value(json_object_get(article, member));
	return text ? text : "";
}

/* ---- the daemon's account ---- */

void demo_account_read(demo_account *self, mr_bytes status)
{
	json_t *root = json_loadb(status.data, status.len, 0, NULL), *balance = json_object_get(root, "balance");
	self->read = json_integer_value(json_object_get(balance, "read"));
	self->published = json_integer_value(json_object_get(balance, "published"));
	self->duplicates = json_integer_value(json_object_get(balance, "duplicates"));
	self->filtered = json_integer_value(json_object_get(balance, "filtered"));
	self->dead = json_integer_value(json_object_get(balance, "dead"));
	self->tombstones = json_integer_value(json_object_get(balance, "tombstones"));
	self->in_flight = json_integer_value(json_object_get(balance, "in_flight"));
	json_decref(root);
}

int64_t demo_account_ended(const demo_account *self)
{
	return self->published + self->duplicates + self->filtered + self->dead + self->tombstones;
}

void demo_account_times(demo_account *self, const char *metrics)
{
	static const char sum[] = "\nmillrace_stage_seconds_sum{stage=\"";
	self->stage_count = 0;
	for (const char *at = strstr(metrics, sum); at && self->stage_count < 8; at = strstr(at + 1, sum)) {
		char name[32] = "", count[96];
		const char *value = strchr(at, ' '), *found;
		sscanf(at + sizeof sum - 1, "%31[a-z0-9_-]", name);
		snprintf(count, sizeof count, "\nmillrace_stage_seconds_count{stage=\"%s\"} ", name);
		found = strstr(metrics, count);
		double tasks = found ? strtod(found + strlen(count), NULL) : 0;
		if (!value || tasks < 1)
			continue;
		struct demo_stage *stage = &self->stages[self->stage_count++];
		snprintf(stage->name, sizeof stage->name, "%s", name);
		stage->mean_ms = strtod(value, NULL) / tasks * 1000;
	}
}
