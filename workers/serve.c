/* serve.c - see serve.h. */
#include "serve.h"

#include <stdlib.h>
#include <time.h>

#include "answer.h"
#include "common/mem.h"

struct serve {
	const mr_stage *module;
	void *ctx;                               /* the stage's own */
	const char *const *fields;
	size_t limit;                            /* bytes of a RESULT message */
	uint64_t progress;
	wire_tasks tasks;
	wire_batch results;
	mr_answer *answer;
};

serve *serve_new(const mr_stage *module, void *ctx, size_t limit)
{
	serve *self = mem_alloc(sizeof *self);
	self->module = module;
	self->ctx = ctx;
	self->fields = module->wants ? module->wants(ctx) : module->fields;
	self->limit = limit;
	self->answer = answer_new();
	return self;
}

void serve_free(serve **self_p)
{
	serve *self = *self_p;
	if (!self)
		return;
	answer_free(&self->answer);
	wire_tasks_free(&self->tasks);
	wire_batch_free(&self->results);
	free(self);
	*self_p = NULL;
}

void serve_limit(serve *self, size_t limit)
{
	self->limit = limit;
}

const char *const *serve_fields(const serve *self)
{
	return self->fields;
}

uint64_t serve_progress(const serve *self)
{
	return self->progress;
}

static uint64_t now_micros(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int flush(serve *self, const serve_hooks *hooks)
{
	int rc = self->results.count ? hooks->flush(hooks->arg, &self->results) : 0;
	wire_batch_clear(&self->results);
	return rc;
}

/* Room an answer may take: one alone always gets the whole message. */
static size_t answer_room(const serve *self)
{
	return self->limit - WIRE_HEADER_BYTES - 4 - WIRE_ROW_BYTES;
}

static void work(serve *self, const wire_task *row)
{
	uint64_t begin = now_micros();
	answer_begin(self->answer);
	self->module->apply(self->ctx, &row->task, self->answer);
	uint64_t micros = now_micros() - begin;
	answer_write(self->answer, &self->results, row->lease, row->attempt, micros < UINT32_MAX ? (uint32_t)micros : UINT32_MAX, answer_room(self));
	self->progress++;
}

static int flush_all_but_last(serve *self, const serve_hooks *hooks, size_t rows, size_t bytes)
{
	wire_batch last = {.count = 1};
	buf_add(&last.rows, self->results.rows.data + rows, self->results.rows.len - rows);
	buf_add(&last.bytes, self->results.bytes.data + bytes, self->results.bytes.len - bytes);
	self->results.rows.len = rows;
	self->results.bytes.len = bytes;
	self->results.count--;
	int rc = flush(self, hooks);
	wire_batch_free(&self->results);
	self->results = last;
	return rc;
}

int serve_message(serve *self, mr_bytes message, const serve_hooks *hooks)
{
	if (wire_read_tasks(&self->tasks, message, self->fields))
		return -1;
	wire_batch_clear(&self->results);
	for (unsigned i = 0; i < self->tasks.count; i++) {
		/* The next answer is not known before it is written; when it made the message too large it is taken back and sent alone. */
		size_t rows = self->results.rows.len, bytes = self->results.bytes.len;
		work(self, &self->tasks.rows[i]);
		int rc = 0;
		if (self->results.count > 1 && wire_batch_bytes(&self->results) > self->limit)
			rc = flush_all_but_last(self, hooks, rows, bytes);
		if (!rc && hooks->due && hooks->due(hooks->arg))
			rc = flush(self, hooks);
		if (rc)
			return rc;
	}
	return flush(self, hooks);
}
