/* item.c - see item.h. Only memory is done here; what the states mean stands in pipeline.c, judge.c and epoch.c. */
#include "item.h"

#include <assert.h>
#include <stdlib.h>

#include "common/mem.h"

item *item_new(partition *p, int64_t offset)
{
	item *self = mem_alloc(sizeof *self);
	self->partition = p;
	self->offset = offset;
	return self;
}

part *item_add_part(item *self)
{
	part *added = mem_alloc(sizeof *added);
	added->item = self;
	self->parts = mem_grow(self->parts, self->part_count + 1, sizeof *self->parts);
	self->parts[self->part_count++] = added;
	return added;
}

static void part_free(part *self)
{
	assert(!self->owner && !self->waiters && !self->entry && !self->lent);
	article_free(&self->doc);
	free(self->sketch);
	buf_free(&self->blob);
	free(self->failure);
	buf_free(&self->out);
	buf_free(&self->alerts);
	free(self);
}

void item_clear_parts(item *self)
{
	for (size_t i = 0; i < self->part_count; i++)
		part_free(self->parts[i]);
	free(self->parts);
	self->parts = NULL;
	self->part_count = 0;
}

void item_free(item **self_p)
{
	item *self = *self_p;
	if (!self)
		return;
	assert(!self->repeat_of && !self->repeats && !self->registered && !self->message);
	item_clear_parts(self);
	record_free(&self->rec);
	buf_free(&self->out);
	free(self);
	*self_p = NULL;
}

const char *const fault_names[FAULT_CODES] = {
	"input.not-json", "input.not-utf8", "input.bad-number", "input.nul", "input.too-deep", "input.too-large", "input.no-text", "stage.timeout",
	"stage.crash", "stage.refused", "output.too-large", "other",
};

const char *part_outcome(const part *self)
{
	if (self->state == PART_FILTERED)
		return "filtered";
	return self->state == PART_DUPLICATE ? "duplicate" : self->verdict.revision ? "revision" : "published";
}

bool item_finished(const item *self)
{
	return (self->state == ITEM_REPEAT && self->bound) || self->state == ITEM_DONE || self->state == ITEM_DEAD;
}

bool item_filtered(const item *self)
{
	if (self->state != ITEM_JUDGED && self->state != ITEM_DONE)
		return false;
	for (size_t i = 0; i < self->part_count; i++)
		if (self->parts[i]->state != PART_FILTERED)
			return false;
	return self->part_count > 0;
}

size_t item_out_bytes(const item *self)
{
	size_t bytes = self->state == ITEM_DEAD ? self->source.value.len : self->out.len;
	for (size_t i = 0; i < self->part_count; i++)
		bytes += self->parts[i]->out.len * self->parts[i]->topics + self->parts[i]->alerts.len;
	return bytes;
}
