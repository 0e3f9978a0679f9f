/* stage_local.c - see stage_local.h. */
#include "stage_local.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/mem.h"
#include "common/settings.h"
#include "daemon/stage_answer.h"
#include "workers/serve.h"
#include "workers/stages.h"

#define LIMIT (256u << 20)               /* of an answer; a record has at most 64 MB */

struct stage {
	char name[32];
	const mr_stage *module;
	void *ctx;                               /* the module's */
	bool opened;                             /* ctx is there */
	stage_hooks hooks;
	serve *serve;
	void **queue;                            /* tickets in order; NULL: cancelled */
	size_t first, count, cap;                /* queue[first .. count) waits */
	size_t batch_tasks;
	void *lent[WIRE_TASKS_MAX];              /* tickets of the message being worked on; NULL: cancelled */
	size_t lent_count;
	wire_batch batch;
	wire_results results;
	buf message, scratch;
	stage_answer answer;
	size_t returned;
};

stage *stage_open(struct event_base *base, const struct settings *settings, const char *name, struct metrics *metrics, stage_hooks hooks, buf *errors)
{
	(void)base;
	(void)metrics;
	char error[256] = "";
	stage *self = mem_alloc(sizeof *self);
	snprintf(self->name, sizeof self->name, "%s", name);
	self->hooks = hooks;
	self->batch_tasks = (size_t)settings_int(settings, "stage.batch_tasks");
	self->module = stages_find(name);
	if (!self->module)
		buf_printf(errors, "no stage \"%s\"\n", name);
	else if (self->module->open(&self->ctx, settings, error))
		buf_printf(errors, "stage %s: %s\n", name, error);
	else
		self->opened = true;
	if (!self->opened) {
		stage_close(&self);
		return NULL;
	}
	self->serve = serve_new(self->module, self->ctx, LIMIT);
	return self;
}

void stage_close(stage **self_p)
{
	stage *self = *self_p;
	if (!self)
		return;
	if (self->opened && self->module->close)
		self->module->close(self->ctx);
	serve_free(&self->serve);
	wire_batch_free(&self->batch);
	wire_results_free(&self->results);
	buf_free(&self->message);
	buf_free(&self->scratch);
	free(self->queue);
	free(self);
	*self_p = NULL;
}

void stage_submit(stage *self, void *ticket, size_t bytes)
{
	(void)bytes;
	if (self->count == self->cap && self->first) {
		memmove(self->queue, self->queue + self->first, (self->count - self->first) * sizeof *self->queue);
		self->count -= self->first;
		self->first = 0;
	}
	if (self->count * 2 >= self->cap) {              /* half of it free after moving: moves stay rare */
		self->cap = self->cap ? self->cap * 2 : 64;
		self->queue = mem_grow(self->queue, self->cap, sizeof *self->queue);
	}
	self->queue[self->count++] = ticket;
}

void stage_cancel(stage *self, void *ticket)
{
	for (size_t i = self->first; i < self->count; i++)
		if (self->queue[i] == ticket)
			self->queue[i] = NULL;
	for (size_t i = 0; i < self->lent_count; i++)
		if (self->lent[i] == ticket)
			self->lent[i] = NULL;
}

/* The next message: leases are the tasks' places in it. */
static void fill_batch(stage *self)
{
	mr_field fields[WIRE_FIELDS_MAX];
	const char *const *wants = serve_fields(self->serve);
	wire_batch_clear(&self->batch);
	self->lent_count = 0;
	while (self->first < self->count && self->lent_count < self->batch_tasks) {
		void *ticket = self->queue[self->first++];
		mr_task task = {.body = {"", 0}, .fields = fields};
		if (!ticket)
			continue;
		buf_clear(&self->scratch);
		self->hooks.fill(self->hooks.arg, ticket, wants, &task, fields, &self->scratch);
		wire_add_task(&self->batch, self->lent_count, 1, UINT32_MAX, &task, wants);
		self->lent[self->lent_count++] = ticket;
	}
}

static int take_results(void *arg, const wire_batch *results)
{
	stage *self = arg;
	size_t size = wire_batch_bytes(results);
	buf answer = {0};
	wire_batch_write(results, WIRE_RESULT, buf_reserve(&answer, size));
	answer.len = size;
	if (wire_read_results(&self->results, buf_bytes(&answer)))
		abort();                                 /* our own shell wrote it */
	for (unsigned i = 0; i < self->results.count; i++) {
		const wire_result *row = &self->results.rows[i];
		void *ticket = self->lent[row->lease];
		if (!ticket)
			continue;
		stage_result result = stage_answer_read(&self->answer, row, self->name, 0);
		self->lent[row->lease] = NULL;
		self->returned++;
		self->hooks.done(self->hooks.arg, ticket, &result);
	}
	buf_free(&answer);
	return 0;
}

size_t stage_local_run(stage *self)
{
	serve_hooks hooks = {take_results, NULL, self};
	self->returned = 0;
	for (;;) {
		fill_batch(self);
		if (!self->lent_count)
			return self->returned;
		size_t size = wire_batch_bytes(&self->batch);
		buf_clear(&self->message);
		wire_batch_write(&self->batch, WIRE_TASK, buf_reserve(&self->message, size));
		self->message.len = size;
		int rc = serve_message(self->serve, buf_bytes(&self->message), &hooks);
		assert(rc == 0);
		(void)rc;
		self->lent_count = 0;
	}
}

void stage_drain(stage *self) { (void)self; }
bool stage_ready(const stage *self) { return self->opened; }
size_t stage_lent(const stage *self) { return self->lent_count; }
size_t stage_workers(const stage *self) { return self->opened ? 1 : 0; }
const char *stage_name(const stage *self) { return self->name; }
void stage_worker_gone(stage *self, long pid, const char *how) { (void)self; (void)pid; (void)how; }
void stage_roll(stage *self) { (void)self; }

size_t stage_queued(const stage *self)
{
	size_t queued = 0;
	for (size_t i = self->first; i < self->count; i++)
		queued += self->queue[i] != NULL;
	return queued;
}
