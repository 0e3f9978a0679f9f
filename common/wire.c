/* wire.c - see wire.h; docs/protocol.md draws every message.
 *
 *   header   | 'M' 'L' 'R' 'C' | version:16 | kind:16 |
 *   TASK     header | count:16 | 0:16 | count rows | for each row its fields, its body
 *     row    | lease:64 | deadline_ms:32 | attempt:16 | fields:16 | field bytes:32 | body bytes:32 |
 *     field  | index:16 | length:32 | value |
 *   RESULT   header | count:16 | 0:16 | count rows | for each row its parts or its refusal
 *     row    | lease:64 | micros:32 | attempt:16 | parts:16 | status:8 | 0:24 | bytes:32 |
 *     part   | patch length:32 | body length:32 | blob length:32 | patch | body | blob |      length 0xFFFFFFFF: absent
 *     refusal| length:8 | code | length:16 | message |
 *
 * Both tables come first, so a reader knows every length before it looks at a byte of content, and the sum must be the message's size. */
#include "wire.h"

#include <assert.h>
#include <stdlib.h>

#include "mem.h"

#define ABSENT 0xFFFFFFFFu

static const unsigned char magic[4] = {'M', 'L', 'R', 'C'};

int wire_kind(mr_bytes message, unsigned *version)
{
	reader r = reader_of(message);
	mr_bytes m = read_bytes(&r, sizeof magic);
	unsigned v = read_u16(&r), kind = read_u16(&r);
	if (version)
		*version = v;
	if (r.bad || memcmp(m.data, magic, sizeof magic) || kind < WIRE_READY || kind > WIRE_BYE)
		return 0;
	return (int)kind;
}

const char *wire_kind_name(int kind)
{
	static const char *const names[] = {"nothing", "READY", "WELCOME", "REFUSE", "TASK", "RESULT", "HEARTBEAT", "DRAIN", "BYE"};
	return kind > 0 && kind <= WIRE_BYE ? names[kind] : names[0];
}

/* ---- small messages ---- */

static void header(buf *out, enum wire_kind kind)
{
	buf_add(out, magic, sizeof magic);
	buf_add_u16(out, WIRE_VERSION);
	buf_add_u16(out, (uint16_t)kind);
}

static reader content(mr_bytes message, enum wire_kind kind)
{
	reader r = reader_of(message);
	if (wire_kind(message, NULL) != (int)kind)
		r.bad = 1;
	else
		read_bytes(&r, WIRE_HEADER_BYTES);
	return r;
}

/* A reader ends well when it met no error and nothing is left over. */
static int done(const reader *r)
{
	return r->bad || read_left(r) ? -1 : 0;
}

static void add_short(buf *out, mr_bytes text, size_t max)
{
	size_t len = text.data ? (text.len < max ? text.len : max) : 0;
	buf_add_u8(out, (uint8_t)len);
	buf_add(out, text.data, len);
}

static mr_bytes read_short(reader *r, size_t min, size_t max)
{
	size_t len = read_u8(r);
	if (len < min || len > max)
		r->bad = 1;
	mr_bytes text = read_bytes(r, len);
	return r->bad ? (mr_bytes){"", 0} : text;
}

void wire_write_ready(buf *out, const wire_ready *ready)
{
	header(out, WIRE_READY);
	buf_add_u64(out, ready->pid);
	buf_add_u16(out, (uint16_t)ready->credit);
	buf_add_u16(out, (uint16_t)ready->field_count);
	add_short(out, ready->stage, WIRE_NAME_MAX);
	add_short(out, ready->identity, WIRE_IDENTITY_MAX);
	add_short(out, ready->program, WIRE_NAME_MAX);
	add_short(out, ready->fingerprint, WIRE_TEXT_MAX);
	for (size_t i = 0; i < ready->field_count; i++)
		add_short(out, ready->fields[i], WIRE_NAME_MAX);
}

static int printable(mr_bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] < 0x21 || text.data[i] > 0x7E)
			return 0;
	return 1;
}

int wire_read_ready(mr_bytes message, wire_ready *ready)
{
	*ready = (wire_ready){0};
	reader r = content(message, WIRE_READY);
	ready->pid = read_u64(&r);
	ready->credit = read_u16(&r);
	size_t fields = read_u16(&r);
	ready->stage = read_short(&r, 1, WIRE_NAME_MAX);
	ready->identity = read_short(&r, 1, WIRE_IDENTITY_MAX);
	ready->program = read_short(&r, 0, WIRE_NAME_MAX);
	ready->fingerprint = read_short(&r, 0, WIRE_TEXT_MAX);
	if (fields > WIRE_FIELDS_MAX || ready->credit == 0)
		return -1;
	for (size_t i = 0; i < fields && !r.bad; i++) {
		ready->fields[i] = read_short(&r, 1, WIRE_NAME_MAX);
		if (!printable(ready->fields[i]))
			return -1;
	}
	ready->field_count = fields;
	return printable(ready->stage) ? done(&r) : -1;
}

void wire_write_welcome(buf *out, const wire_welcome *welcome)
{
	header(out, WIRE_WELCOME);
	buf_add_u32(out, welcome->heartbeat_ms);
	buf_add_u16(out, (uint16_t)welcome->credit);
	buf_add_u16(out, 0);
	buf_add_u32(out, welcome->answer_bytes);
}

int wire_read_welcome(mr_bytes message, wire_welcome *welcome)
{
	reader r = content(message, WIRE_WELCOME);
	welcome->heartbeat_ms = read_u32(&r);
	welcome->credit = read_u16(&r);
	read_u16(&r);
	welcome->answer_bytes = read_u32(&r);
	if (welcome->heartbeat_ms < 10 || welcome->heartbeat_ms > 600000 || welcome->answer_bytes < 1024)
		return -1;
	return done(&r);
}

void wire_write_refuse(buf *out, enum wire_refusal code, const char *reason)
{
	header(out, WIRE_REFUSE);
	buf_add_u16(out, (uint16_t)code);
	add_short(out, mr_bytes_of(reason), WIRE_TEXT_MAX);
}

int wire_read_refuse(mr_bytes message, int *code, mr_bytes *reason)
{
	reader r = content(message, WIRE_REFUSE);
	*code = read_u16(&r);
	*reason = read_short(&r, 0, WIRE_TEXT_MAX);
	return done(&r);
}

void wire_write_heartbeat(buf *out, uint64_t progress)
{
	header(out, WIRE_HEARTBEAT);
	buf_add_u64(out, progress);
}

int wire_read_heartbeat(mr_bytes message, uint64_t *progress)
{
	reader r = content(message, WIRE_HEARTBEAT);
	*progress = read_u64(&r);
	return done(&r);
}

void wire_write_bare(buf *out, enum wire_kind kind)
{
	header(out, kind);
}

/* ---- batches: writing ---- */

void wire_batch_free(wire_batch *self)
{
	buf_free(&self->rows);
	buf_free(&self->bytes);
	self->count = 0;
}

void wire_batch_clear(wire_batch *self)
{
	buf_clear(&self->rows);
	buf_clear(&self->bytes);
	self->count = 0;
}

size_t wire_batch_bytes(const wire_batch *self)
{
	return WIRE_HEADER_BYTES + 4 + self->rows.len + self->bytes.len;
}

void wire_batch_write(const wire_batch *self, enum wire_kind kind, char *out)
{
	buf head = {0};
	header(&head, kind);
	buf_add_u16(&head, (uint16_t)self->count);
	buf_add_u16(&head, 0);
	memcpy(out, head.data, head.len);
	out += head.len;
	buf_free(&head);
	if (self->rows.len)
		memcpy(out, self->rows.data, self->rows.len);
	if (self->bytes.len)
		memcpy(out + self->rows.len, self->bytes.data, self->bytes.len);
}

static const mr_field *field_named(const mr_task *task, const char *name)
{
	for (size_t i = 0; i < task->field_count; i++)
		if (task->fields[i].value.data && mr_bytes_equal(task->fields[i].name, name))
			return &task->fields[i];
	return NULL;
}

void wire_add_task(wire_batch *self, uint64_t lease, unsigned attempt, uint32_t deadline_ms, const mr_task *task, const char *const *wants)
{
	assert(self->count < WIRE_TASKS_MAX && task->body.len < ABSENT);
	size_t begin = self->bytes.len;
	unsigned fields = 0;
	for (unsigned i = 0; wants && wants[i]; i++) {
		const mr_field *field = field_named(task, wants[i]);
		if (!field)
			continue;
		buf_add_u16(&self->bytes, (uint16_t)i);
		buf_add_u32(&self->bytes, (uint32_t)field->value.len);
		buf_add(&self->bytes, field->value.data, field->value.len);
		fields++;
	}
	size_t field_bytes = self->bytes.len - begin;
	buf_add(&self->bytes, task->body.data, task->body.data ? task->body.len : 0);
	buf_add_u64(&self->rows, lease);
	buf_add_u32(&self->rows, deadline_ms);
	buf_add_u16(&self->rows, (uint16_t)attempt);
	buf_add_u16(&self->rows, (uint16_t)fields);
	buf_add_u32(&self->rows, (uint32_t)field_bytes);
	buf_add_u32(&self->rows, (uint32_t)(self->bytes.len - begin - field_bytes));
	self->count++;
}

static void add_result_row(wire_batch *self, uint64_t lease, unsigned attempt, uint32_t micros, unsigned parts, enum wire_status status, size_t bytes)
{
	assert(self->count < WIRE_TASKS_MAX && bytes < ABSENT);
	buf_add_u64(&self->rows, lease);
	buf_add_u32(&self->rows, micros);
	buf_add_u16(&self->rows, (uint16_t)attempt);
	buf_add_u16(&self->rows, (uint16_t)parts);
	buf_add_u32(&self->rows, (uint32_t)status);      /* status:8, 0:24 */
	buf_add_u32(&self->rows, (uint32_t)bytes);
	self->count++;
}

void wire_add_refusal(wire_batch *self, uint64_t lease, unsigned attempt, uint32_t micros, const char *code, mr_bytes message)
{
	size_t begin = self->bytes.len, len = message.data ? message.len : 0;
	if (len > WIRE_TEXT_MAX)
		len = WIRE_TEXT_MAX;
	add_short(&self->bytes, mr_bytes_of(code), 31);
	buf_add_u16(&self->bytes, (uint16_t)len);
	buf_add(&self->bytes, message.data, len);
	add_result_row(self, lease, attempt, micros, 0, WIRE_REFUSED, self->bytes.len - begin);
}

void wire_add_part(wire_batch *self, mr_bytes patch, mr_bytes body, mr_bytes blob)
{
	const mr_bytes pieces[3] = {patch, body, blob};
	for (int i = 0; i < 3; i++)
		buf_add_u32(&self->bytes, pieces[i].data ? (uint32_t)pieces[i].len : ABSENT);
	for (int i = 0; i < 3; i++)
		if (pieces[i].data)
			buf_add(&self->bytes, pieces[i].data, pieces[i].len);
}

void wire_add_answer(wire_batch *self, uint64_t lease, unsigned attempt, uint32_t micros, unsigned parts, size_t begin)
{
	add_result_row(self, lease, attempt, micros, parts, WIRE_ANSWERED, self->bytes.len - begin);
}

/* ---- batches: reading ---- */

/* The table of a TASK or RESULT: a reader over its rows, another over what follows. Returns the number of rows; 0: garbage. */
static unsigned table(mr_bytes message, enum wire_kind kind, reader *rows, reader *bytes)
{
	*bytes = content(message, kind);
	unsigned count = read_u16(bytes);
	read_u16(bytes);
	*rows = reader_of(read_bytes(bytes, (size_t)count * WIRE_ROW_BYTES));
	return bytes->bad || count > WIRE_TASKS_MAX ? 0 : count;
}

static int read_fields(wire_tasks *self, wire_task *row, size_t *used, mr_bytes from, unsigned count, const char *const *wants, size_t want_count)
{
	reader r = reader_of(from);
	size_t next = 0;
	row->task.fields = self->fields + *used;
	row->task.field_count = count;
	for (unsigned i = 0; i < count; i++) {
		size_t index = read_u16(&r), len = read_u32(&r);
		mr_bytes value = read_bytes(&r, len);
		if (r.bad || index < next || index >= want_count)        /* rising indexes: no name twice */
			return -1;
		next = index + 1;
		self->fields[(*used)++] = (mr_field){mr_bytes_of(wants[index]), value};
	}
	return done(&r);
}

int wire_read_tasks(wire_tasks *self, mr_bytes message, const char *const *wants)
{
	reader rows, bytes;
	self->count = 0;
	unsigned count = table(message, WIRE_TASK, &rows, &bytes);
	size_t want_count = 0, used = 0;
	while (wants && wants[want_count])
		want_count++;
	if (!count || want_count > WIRE_FIELDS_MAX)
		return -1;
	if (!self->rows)
		self->rows = mem_array(WIRE_TASKS_MAX, sizeof *self->rows);
	if (!self->fields || self->field_cap < count * want_count) {
		self->field_cap = WIRE_TASKS_MAX * want_count + 1;
		self->fields = mem_grow(self->fields, self->field_cap, sizeof *self->fields);
	}
	for (unsigned i = 0; i < count; i++) {
		wire_task *row = &self->rows[i];
		row->lease = read_u64(&rows);
		row->deadline_ms = read_u32(&rows);
		row->attempt = read_u16(&rows);
		unsigned fields = read_u16(&rows);
		size_t field_bytes = read_u32(&rows), body_bytes = read_u32(&rows);
		mr_bytes from = read_bytes(&bytes, field_bytes);
		row->task.body = read_bytes(&bytes, body_bytes);
		if (bytes.bad || fields > want_count || read_fields(self, row, &used, from, fields, wants, want_count))
			return -1;
	}
	self->count = count;
	return done(&bytes);
}

void wire_tasks_free(wire_tasks *self)
{
	free(self->rows);
	free(self->fields);
	*self = (wire_tasks){0};
}

static mr_bytes read_piece(reader *r, uint32_t len)
{
	return len == ABSENT ? (mr_bytes){NULL, 0} : read_bytes(r, len);
}

static int read_parts(wire_results *self, wire_result *row, size_t *used, mr_bytes from)
{
	reader r = reader_of(from);
	for (size_t i = 0; i < row->part_count; i++) {
		uint32_t patch = read_u32(&r), body = read_u32(&r), blob = read_u32(&r);
		wire_part *part = &self->parts[(*used)++];
		part->patch = read_piece(&r, patch);
		part->body = read_piece(&r, body);
		part->blob = read_piece(&r, blob);
		if (r.bad)
			return -1;
	}
	return done(&r);
}

static int code_ok(mr_bytes code)
{
	for (size_t i = 0; i < code.len; i++) {
		char c = code.data[i];
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-'))
			return 0;
	}
	return 1;
}

static int read_refusal(wire_result *row, mr_bytes from)
{
	reader r = reader_of(from);
	row->code = read_short(&r, 1, 31);
	size_t len = read_u16(&r);
	row->message = read_bytes(&r, len);
	return len <= WIRE_TEXT_MAX && code_ok(row->code) && row->part_count == 0 ? done(&r) : -1;
}

/* First look: rows only, so that room for all parts can be made before the second look hands out pointers into it. */
static int read_result_rows(wire_results *self, reader *rows, unsigned count, uint32_t *lengths, size_t *parts)
{
	for (unsigned i = 0; i < count; i++) {
		wire_result *row = &self->rows[i];
		*row = (wire_result){0};
		row->lease = read_u64(rows);
		row->micros = read_u32(rows);
		row->attempt = read_u16(rows);
		row->part_count = read_u16(rows);
		uint32_t status = read_u32(rows);
		lengths[i] = read_u32(rows);
		/* a part takes at least its three lengths, so parts are bounded by the message, too */
		if (row->part_count > WIRE_PARTS_MAX || status > WIRE_REFUSED || row->part_count * 12 > lengths[i] ||
		    (status == WIRE_ANSWERED && row->part_count == 0))
			return -1;
		row->status = (enum wire_status)status;
		*parts += row->part_count;
	}
	return 0;
}

int wire_read_results(wire_results *self, mr_bytes message)
{
	reader rows, bytes;
	uint32_t lengths[WIRE_TASKS_MAX];
	size_t parts = 0, used = 0;
	self->count = 0;
	unsigned count = table(message, WIRE_RESULT, &rows, &bytes);
	if (!count)
		return -1;
	if (!self->rows)
		self->rows = mem_array(WIRE_TASKS_MAX, sizeof *self->rows);
	if (read_result_rows(self, &rows, count, lengths, &parts) || parts * 12 > read_left(&bytes))
		return -1;
	if (!self->parts || self->part_cap < parts) {
		self->part_cap = parts + 1;
		self->parts = mem_grow(self->parts, self->part_cap, sizeof *self->parts);
	}
	for (unsigned i = 0; i < count; i++) {
		wire_result *row = &self->rows[i];
		mr_bytes from = read_bytes(&bytes, lengths[i]);
		row->parts = self->parts + used;
		if (bytes.bad || (row->status == WIRE_REFUSED ? read_refusal(row, from) : read_parts(self, row, &used, from)))
			return -1;
	}
	self->count = count;
	return done(&bytes);
}

void wire_results_free(wire_results *self)
{
	free(self->rows);
	free(self->parts);
	*self = (wire_results){0};
}
