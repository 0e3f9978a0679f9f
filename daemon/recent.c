/* recent.c - see recent.h. What is shown is read out of the record's own JSON: canonical text that record_out.c made, so a small walk over its members is enough. */
#include "recent.h"

#include <stdlib.h>

#include "common/json_text.h"
#include "common/mem.h"
#include "common/utf8.h"

#define MEMBER_MAX 4096                  /* bytes of a member of a record that is too long as a whole */
#define TEXT_MAX 240                     /* characters of a text in the list */
#define URL_BYTES 2048                   /* a longer address is none: half of it would lead elsewhere */
#define LIST_MAX 12                      /* entries of a list in the list */

typedef struct entry {
	uint64_t seq;
	int64_t at_ms;
	const char *outcome;                     /* published, revision, duplicate, dead, tombstone */
	char topic[250];
	int32_t partition;
	int64_t offset;
	record_fault fault;                      /* of a dead letter; of what was filtered the code alone, the condition */
	buf record;                              /* a JSON object; empty: nothing is known */
} entry;

struct recent {
	entry entries[RECENT_COUNT];
	uint64_t next;                           /* number of the next one; entry `seq` stands at seq % RECENT_COUNT */
};

recent *recent_new(void)
{
	return mem_alloc(sizeof(recent));
}

void recent_free(recent **self_p)
{
	for (size_t i = 0; *self_p && i < RECENT_COUNT; i++)
		buf_free(&(*self_p)->entries[i].record);
	free(*self_p);
	*self_p = NULL;
}

/* ---- the members of a canonical JSON object ---- */

static const char *value_end(const char *at, const char *end)
{
	int depth = 0;
	while (at < end) {
		if (*at == '"') {
			at = json_string_end(at, end);
			if (!depth)
				return at;
			continue;
		}
		if (!depth && (*at == ',' || *at == '}'))
			return at;
		depth += *at == '{' || *at == '[';
		depth -= *at == '}' || *at == ']';
		at++;
		if (!depth && (at[-1] == '}' || at[-1] == ']'))
			return at;
	}
	return at;
}

/* The member at *at (behind a '{' or ','), which is moved to the next one. False: there is none. */
static bool next_member(const char **at, const char *end, mr_bytes *key, mr_bytes *value)
{
	const char *p = *at;
	if (p >= end || *p != '"')
		return false;
	const char *colon = json_string_end(p, end);
	if (end - colon < 2 || *colon != ':')
		return false;
	*key = (mr_bytes){p + 1, (size_t)(colon - p - 2)};
	value->data = colon + 1;
	const char *behind = value_end(colon + 1, end);
	value->len = (size_t)(behind - value->data);
	*at = behind < end ? behind + 1 : end;
	return true;
}

static mr_bytes find_member(const buf *record, const char *name)
{
	const char *at = record->data ? record->data + 1 : NULL, *end = record->data ? record->data + record->len : NULL;
	mr_bytes key, value;
	while (at && next_member(&at, end, &key, &value))
		if (mr_bytes_equal(key, name))
			return value;
	return (mr_bytes){NULL, 0};
}

/* ---- remembering ---- */

static void copy_record(buf *out, mr_bytes from)
{
	const char *at = from.data + 1, *end = from.data + from.len;
	mr_bytes key, value;
	if (from.len <= RECENT_RECORD_BYTES) {
		buf_add(out, from.data, from.len);
		return;
	}
	buf_add_char(out, '{');
	while (next_member(&at, end, &key, &value)) {
		if (value.len > MEMBER_MAX || out->len + key.len + value.len + 8 > RECENT_RECORD_BYTES)
			continue;
		if (out->len > 1)
			buf_add_char(out, ',');
		buf_add_char(out, '"');
		buf_add(out, key.data, key.len);
		buf_add_str(out, "\":");
		buf_add(out, value.data, value.len);
	}
	buf_add_char(out, '}');
}

static entry *new_entry(recent *self, int64_t at_ms, const item *it, const char *outcome)
{
	entry *e = &self->entries[self->next % RECENT_COUNT];
	buf kept = e->record;
	if (kept.cap > RECENT_RECORD_BYTES)      /* of a long record there may be room for much more than is kept */
		buf_free(&kept);
	buf_clear(&kept);
	*e = (entry){.seq = self->next++, .at_ms = at_ms, .outcome = outcome, .partition = it->partition->number, .offset = it->offset, .record = kept};
	mr_bytes topic = mr_bytes_of(it->partition->topic);
	topic.len = topic.len < sizeof e->topic ? topic.len : sizeof e->topic - 1;       /* Kafka allows 249 */
	memcpy(e->topic, topic.data, topic.len);
	return e;
}

/* What went out; else, in the short form, what is known of the record (`v` NULL: not judged). */
static void keep(entry *e, const item *it, const buf *sent, int pages, const verdict *v)
{
	buf known = {0};
	if (sent->len) {
		copy_record(&e->record, record_unwrap(it->rec, buf_bytes(sent)));
	} else if (it->rec) {
		record_preview(it->rec, pages, v, e->at_ms, &known);
		copy_record(&e->record, buf_bytes(&known));
	}
	buf_free(&known);
}

static void add_part(recent *self, int64_t at_ms, const item *it, const part *p)
{
	bool filtered = p->state == PART_FILTERED;
	entry *e = new_entry(self, at_ms, it, part_outcome(p));
	keep(e, it, &p->out, (int)it->part_count, filtered ? NULL : &p->verdict);
	if (filtered)
		snprintf(e->fault.code, sizeof e->fault.code, "%s", filter_names[p->filtered]);
}

void recent_add(recent *self, int64_t at_ms, const item *it)
{
	if (it->state == ITEM_DONE && it->part_count) {
		for (size_t i = 0; i < it->part_count; i++)
			add_part(self, at_ms, it, it->parts[i]);
	} else if (it->state == ITEM_REPEAT) {
		keep(new_entry(self, at_ms, it, "duplicate"), it, &it->out, it->repeat_pages, &it->repeat_verdict);
	} else if (it->tombstone) {
		new_entry(self, at_ms, it, "tombstone");
	} else {
		entry *e = new_entry(self, at_ms, it, "dead");
		keep(e, it, &(buf){0}, 1, NULL);
		e->fault = it->fault;
	}
}

/* ---- showing ---- */

/* A string of the record, cut; any other value as it stands; null when there is none. `most` 0: an address, whole or not at all. */
static void add_member(const entry *e, const char *shown, const char *name, size_t most, buf *out)
{
	mr_bytes value = find_member(&e->record, name);
	buf text = {0};
	buf_printf(out, ",\"%s\":", shown);
	if (!value.len || (!most && value.len > URL_BYTES)) {
		buf_add_str(out, "null");
	} else if (value.data[0] == '"' && most && value.len > most + 2) {
		bool good = json_string_decode((mr_bytes){value.data + 1, value.len - 2}, &text);
		mr_bytes all = buf_bytes(&text), head = {all.data, utf8_prefix(all, most)};
		buf_add_char(out, '"');
		json_add_piece(out, good ? head : (mr_bytes){"", 0});
		buf_add_str(out, good && head.len < all.len ? "\xE2\x80\xA6\"" : "\"");
	} else {
		buf_add(out, value.data, value.len);
	}
	buf_free(&text);
}

/* The first entries of a list of strings. */
static void add_list(const entry *e, const char *name, buf *out)
{
	mr_bytes value = find_member(&e->record, name);
	const char *at = value.data, *end = at + value.len;
	int count = 0;
	buf_printf(out, ",\"%s\":[", name);
	if (value.len < 2 || *at != '[')
		end = at;
	for (at = at ? at + 1 : at; at < end && *at == '"' && count < LIST_MAX; count++) {
		const char *behind = value_end(at, end);
		if (behind - at <= TEXT_MAX) {
			if (out->data[out->len - 1] != '[')
				buf_add_char(out, ',');
			buf_add(out, at, (size_t)(behind - at));
		}
		at = behind < end && *behind == ',' ? behind + 1 : end;
	}
	buf_add_char(out, ']');
}

static void add_entry(const entry *e, buf *out)
{
	buf_printf(out, "{\"seq\":%llu,\"at_ms\":%lld,\"outcome\":\"%s\"", (unsigned long long)e->seq, (long long)e->at_ms, e->outcome);
	add_member(e, "article_id", "article_id", TEXT_MAX, out);
	add_member(e, "title", "title", TEXT_MAX, out);
	add_member(e, "source", "source_name", TEXT_MAX, out);
	add_member(e, "url", "url", 0, out);
	add_list(e, "labels", out);
	add_member(e, "primary_label", "primary_label", TEXT_MAX, out);
	add_list(e, "evidence", out);
	add_list(e, "watches", out);
	add_member(e, "published_at", "published_at", TEXT_MAX, out);
	add_member(e, "duplicate_of", "duplicate_of", TEXT_MAX, out);
	add_member(e, "duplicate_kind", "duplicate_kind", TEXT_MAX, out);
	add_member(e, "similarity", "similarity", TEXT_MAX, out);
	buf_add_str(out, ",\"topic\":");
	json_add_text(out, mr_bytes_of(e->topic));
	buf_printf(out, ",\"partition\":%d,\"offset\":%lld", (int)e->partition, (long long)e->offset);
	const char *const told[][2] = {{"reason", e->fault.code}, {"stage", e->fault.stage}, {"why", e->fault.message}};
	for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
		buf_printf(out, ",\"%s\":", told[i][0]);
		if (told[i][1][0])
			json_add_text(out, mr_bytes_of(told[i][1]));
		else
			buf_add_str(out, "null");
	}
}

void recent_render(const recent *self, uint64_t since, buf *out)
{
	uint64_t oldest = self->next > RECENT_COUNT ? self->next - RECENT_COUNT : 0;
	if (since > self->next || since < oldest)
		since = oldest;
	buf_printf(out, "{\"next\":%llu,\"articles\":[", (unsigned long long)self->next);
	for (uint64_t seq = since; seq < self->next; seq++) {
		if (seq > since)
			buf_add_char(out, ',');
		add_entry(&self->entries[seq % RECENT_COUNT], out);
		buf_add_char(out, '}');
	}
	buf_add_str(out, "]}");
}

int recent_render_one(const recent *self, uint64_t seq, buf *out)
{
	const entry *e = &self->entries[seq % RECENT_COUNT];
	if (seq >= self->next || e->seq != seq)
		return -1;
	add_entry(e, out);
	buf_add_str(out, ",\"record\":");
	if (e->record.len)
		buf_add(out, e->record.data, e->record.len);
	else
		buf_add_str(out, "null");
	buf_add_char(out, '}');
	return 0;
}
