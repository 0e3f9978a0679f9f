/* answer.c - see answer.h and include/millrace/stage.h. */
#include "answer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/json_text.h"
#include "common/mem.h"
#include "common/utf8.h"

struct mr_part {
	json_t *patch;                           /* NULL: none */
	buf detail;                              /* members of the patch's `detail` as text, each with a comma behind it */
	buf body, blob;
	bool has_body, has_blob;
};

struct mr_answer {
	mr_part **parts;                         /* made once, used again; a part never moves */
	size_t count;                            /* parts of this answer */
	size_t made;                             /* parts that exist */
	buf patch;                               /* a patch as text, while it is written */
	bool refused;
	char code[32];
	char message[WIRE_TEXT_MAX + 1];
};

mr_answer *answer_new(void)
{
	return mem_alloc(sizeof(mr_answer));
}

void answer_free(mr_answer **self_p)
{
	mr_answer *self = *self_p;
	if (!self)
		return;
	answer_begin(self);
	for (size_t i = 0; i < self->made; i++) {
		buf_free(&self->parts[i]->detail);
		buf_free(&self->parts[i]->body);
		buf_free(&self->parts[i]->blob);
		free(self->parts[i]);
	}
	free(self->parts);
	buf_free(&self->patch);
	free(self);
	*self_p = NULL;
}

void answer_begin(mr_answer *self)
{
	for (size_t i = 0; i < self->count; i++) {
		mr_part *part = self->parts[i];
		json_decref(part->patch);
		part->patch = NULL;
		buf_clear(&part->detail);
		part->has_body = part->has_blob = false;
	}
	self->count = 0;
	self->refused = false;
}

mr_part *mr_answer_part(mr_answer *self)
{
	if (self->count == WIRE_PARTS_MAX)
		return NULL;
	if (self->count == self->made) {
		self->parts = mem_grow(self->parts, self->made + 1, sizeof *self->parts);
		self->parts[self->made++] = mem_alloc(sizeof(mr_part));
	}
	return self->parts[self->count++];
}

void mr_part_patch(mr_part *part, json_t *patch)
{
	json_decref(part->patch);
	part->patch = patch;
}

void mr_part_detail(mr_part *part, const char *name, mr_bytes json)
{
	json_add_text(&part->detail, mr_bytes_of(name));
	buf_add_char(&part->detail, ':');
	buf_add(&part->detail, json.data, json.len);
	buf_add_char(&part->detail, ',');
}

void mr_part_body(mr_part *part, mr_bytes body)
{
	buf_clear(&part->body);
	buf_add(&part->body, body.data, body.data ? body.len : 0);
	part->has_body = true;
}

void mr_part_blob(mr_part *part, mr_bytes blob)
{
	buf_clear(&part->blob);
	buf_add(&part->blob, blob.data, blob.data ? blob.len : 0);
	part->has_blob = true;
}

void mr_answer_refuse(mr_answer *self, const char *code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(self->message, sizeof self->message, format, args);
	va_end(args);
	snprintf(self->code, sizeof self->code, "%s", code);
	self->refused = true;
}

mr_bytes mr_task_field(const mr_task *task, const char *name)
{
	for (size_t i = 0; i < task->field_count; i++)
		if (mr_bytes_equal(task->fields[i].name, name))
			return task->fields[i].value;
	return (mr_bytes){NULL, 0};
}

/* `detail` of both origins in one object: what stands in the tree, then what came as text. */
static void add_detail(const mr_part *part, const json_t *detail, buf *out)
{
	if (json_object_size(detail)) {
		json_add_exact(out, detail);
		out->data[out->len - 1] = ',';
	} else {
		buf_add_char(out, '{');
	}
	buf_add(out, part->detail.data, part->detail.len);
	out->data[out->len - 1] = '}';           /* over the last comma */
}

/* The patch as text in self->patch; members in the order of insertion: the same patch gives the same bytes. */
static int patch_text(mr_answer *self, const mr_part *part)
{
	static const char name[] = "detail";
	buf *out = &self->patch;
	const json_t *detail = json_object_get(part->patch, name);
	bool own = part->detail.len > 0;         /* `detail` holds something that came as text: it is written last */
	if ((part->patch && !json_is_object(part->patch)) || (own && detail && !json_is_object(detail)))
		return -1;
	buf_clear(out);
	buf_add_char(out, '{');
	for (void *at = json_object_iter(part->patch); at; at = json_object_iter_next(part->patch, at)) {
		mr_bytes key = {json_object_iter_key(at), json_object_iter_key_len(at)};
		if (own && mr_bytes_equal(key, name))
			continue;
		json_add_text(out, key);
		buf_add_char(out, ':');
		json_add_exact(out, json_object_iter_value(at));
		buf_add_char(out, ',');
	}
	if (own) {
		json_add_text(out, mr_bytes_of(name));
		buf_add_char(out, ':');
		add_detail(part, detail, out);
	} else if (out->len > 1) {
		buf_cut(out, out->len - 1);
	}
	buf_add_char(out, '}');
	return utf8_valid(buf_bytes(out)) ? 0 : -1;              /* Jansson lets a stage go around its own check (json_string_nocheck) */
}

static const char *write_parts(mr_answer *self, wire_batch *out, size_t begin, size_t limit)
{
	if (self->count == 0)
		mr_answer_part(self);
	for (size_t i = 0; i < self->count; i++) {
		const mr_part *part = self->parts[i];
		bool has_patch = part->patch || part->detail.len;
		if (has_patch && patch_text(self, part))
			return "the patch is no object or not UTF-8";
		mr_bytes none = {NULL, 0};
		size_t add = 12 + (has_patch ? self->patch.len : 0) + (part->has_body ? part->body.len : 0) + (part->has_blob ? part->blob.len : 0);
		if (out->bytes.len - begin + add > limit)
			return "the answer is larger than the daemon reads";
		wire_add_part(out, has_patch ? buf_bytes(&self->patch) : none, part->has_body ? buf_bytes(&part->body) : none,
		              part->has_blob ? buf_bytes(&part->blob) : none);
	}
	return NULL;
}

void answer_write(mr_answer *self, wire_batch *out, uint64_t lease, unsigned attempt, uint32_t micros, size_t limit)
{
	size_t begin = out->bytes.len;
	if (!self->refused) {
		const char *trouble = write_parts(self, out, begin, limit);
		if (!trouble) {
			wire_add_answer(out, lease, attempt, micros, (unsigned)self->count, begin);
			return;
		}
		out->bytes.len = begin;
		mr_answer_refuse(self, "stage.refused", "%s", trouble);
	}
	wire_add_refusal(out, lease, attempt, micros, self->code, mr_bytes_of(self->message));
}
