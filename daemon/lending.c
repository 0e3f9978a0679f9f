/* lending.c - see lending.h. */
#include "lending.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/mem.h"

#define CANARY_MAX (64u << 10)           /* bytes of a task worth keeping: far above a usual article, far below what hurts */

/* The copy of an answered task: TRYING while the original is out, then GOOD. */
enum canary_state { CANARY_NONE, CANARY_TRYING, CANARY_GOOD };

typedef struct canary {
	enum canary_state state;
	uint64_t lease;                          /* of the original, while TRYING */
	mr_task task;
	mr_field fields[WIRE_FIELDS_MAX];
	char *bytes;                             /* everything the two point into */
} canary;

struct lending {
	lending_rules rules;
	borrower *borrowers;
	task_list queue, suspects, failed;
	task *trial;                             /* the suspect that is lent alone, if any */
	task **table;                            /* by place; NULL: free */
	uint32_t table_size, *free_places, free_count;
	uint32_t serial;                         /* high half of the next lease */
	uint64_t answered;                       /* by the pool, since the start */
	size_t lent;                             /* tasks with a ticket that are lent */
	task **index;                            /* hash of tickets, linear probing; size a power of two */
	size_t index_size, index_count;
	canary canary;
};

/* ---- lists ---- */

static void list_add(task_list *list, task *t)
{
	t->list = list;
	t->prev = list->last;
	t->next = NULL;
	*(list->last ? &list->last->next : &list->first) = t;
	list->last = t;
	list->count++;
}

static void list_add_front(task_list *list, task *t)
{
	t->list = list;
	t->prev = NULL;
	t->next = list->first;
	*(list->first ? &list->first->prev : &list->last) = t;
	list->first = t;
	list->count++;
}

static void list_remove(task *t)
{
	task_list *list = t->list;
	*(t->prev ? &t->prev->next : &list->first) = t->next;
	*(t->next ? &t->next->prev : &list->last) = t->prev;
	list->count--;
	t->list = NULL;
	t->prev = t->next = NULL;
}

/* ---- the hash of tickets ---- */

static size_t home(const lending *self, const void *ticket)
{
	return (size_t)(((uintptr_t)ticket >> 4) * 0x9E3779B97F4A7C15ULL >> 20) & (self->index_size - 1);
}

static void index_put(lending *self, task *t)
{
	size_t i = home(self, t->ticket);
	while (self->index[i])
		i = (i + 1) & (self->index_size - 1);
	self->index[i] = t;
}

static void index_add(lending *self, task *t)
{
	if (++self->index_count * 2 > self->index_size) {
		task **old = self->index;
		size_t old_size = self->index_size;
		self->index_size = old_size ? old_size * 2 : 64;
		self->index = mem_array(self->index_size, sizeof *self->index);
		for (size_t i = 0; i < old_size; i++)
			if (old[i])
				index_put(self, old[i]);
		free(old);
	}
	index_put(self, t);
}

static size_t index_place(const lending *self, const void *ticket)
{
	size_t i = home(self, ticket);
	while (self->index[i] && self->index[i]->ticket != ticket)
		i = (i + 1) & (self->index_size - 1);
	return i;
}

/* Linear probing without tombstones: whoever stands behind the hole and may stand in it moves up (Knuth 6.4, algorithm R). */
static void index_remove(lending *self, const task *t)
{
	size_t mask = self->index_size - 1, hole = index_place(self, t->ticket);
	assert(self->index[hole] == t);
	for (size_t i = (hole + 1) & mask; self->index[i]; i = (i + 1) & mask) {
		size_t want = home(self, self->index[i]->ticket);
		if (((i - want) & mask) >= ((i - hole) & mask)) {
			self->index[hole] = self->index[i];
			hole = i;
		}
	}
	self->index[hole] = NULL;
	self->index_count--;
}

/* ---- tasks ---- */

static task *task_new(lending *self, void *ticket, size_t bytes)
{
	if (!self->free_count) {
		uint32_t size = self->table_size ? self->table_size * 2 : 64;
		self->table = mem_grow(self->table, size, sizeof *self->table);
		self->free_places = mem_grow(self->free_places, size, sizeof *self->free_places);
		for (uint32_t i = size; i-- > self->table_size;) {
			self->table[i] = NULL;
			self->free_places[self->free_count++] = i;
		}
		self->table_size = size;
	}
	task *t = mem_alloc(sizeof *t);
	t->place = self->free_places[--self->free_count];
	t->ticket = ticket;
	t->bytes = bytes;
	self->table[t->place] = t;
	return t;
}

void lending_forget(lending *self, task *t)
{
	if (t->list)
		list_remove(t);
	if (t->ticket)
		index_remove(self, t);
	if (t == self->trial)
		self->trial = NULL;
	self->table[t->place] = NULL;
	self->free_places[self->free_count++] = t->place;
	free(t);
}

/* Takes a lent task out of its worker's hands; gives the credit back with the last task of a message. */
static void take_back(lending *self, task *t)
{
	borrower *who = t->to;
	list_remove(t);
	if (--who->rows[t->message] == 0)
		who->messages--;
	if (who->held.count == 0)
		who->alone = false;
	if (t == self->trial)
		self->trial = NULL;
	if (t->ticket)
		self->lent--;
	t->to = NULL;
	t->lease = 0;
}

lending *lending_new(const lending_rules *rules, uint64_t seed)
{
	lending *self = mem_alloc(sizeof *self);
	self->rules = *rules;
	self->serial = (uint32_t)seed;
	return self;
}

void lending_free(lending **self_p)
{
	lending *self = *self_p;
	if (!self)
		return;
	for (uint32_t i = 0; i < self->table_size; i++)
		free(self->table[i]);
	free(self->table);
	free(self->free_places);
	free(self->index);
	free(self->canary.bytes);
	free(self);
	*self_p = NULL;
}

void lending_set_rules(lending *self, const lending_rules *rules)
{
	self->rules = *rules;
}

void lending_join(lending *self, borrower *who)
{
	who->next = self->borrowers;
	self->borrowers = who;
}

void lending_part(lending *self, borrower *who)
{
	assert(who->held.count == 0);
	borrower **at = &self->borrowers;
	while (*at != who)
		at = &(*at)->next;
	*at = who->next;
}

void lending_submit(lending *self, void *ticket, size_t bytes, int64_t now_us)
{
	task *t = task_new(self, ticket, bytes);
	t->queued_us = now_us;
	index_add(self, t);
	list_add(&self->queue, t);
}

static void canary_drop(lending *self)
{
	free(self->canary.bytes);
	self->canary = (canary){0};
}

bool lending_cancel(lending *self, void *ticket)
{
	task *t = self->index_size ? self->index[index_place(self, ticket)] : NULL;
	if (!t)
		return false;
	if (!t->to) {
		lending_forget(self, t);
		return true;
	}
	index_remove(self, t);                           /* the worker has it: the lease stays until it is answered or fails */
	t->ticket = NULL;
	self->lent--;
	return true;
}

/* ---- whom to lend what ---- */

static bool may_borrow(const borrower *who)
{
	return !who->closed && !who->alone && who->messages < who->credit;
}

static unsigned message_slot(const borrower *who)
{
	unsigned i = 0;
	while (who->rows[i])
		i++;
	assert(i < WIRE_CREDIT_MAX);
	return i;
}

static void lend(lending *self, task *t, borrower *who, unsigned message)
{
	uint64_t scaled = (uint64_t)t->bytes * self->rules.deadline_ms_per_mb >> 20;
	if (t->list)
		list_remove(t);
	t->to = who;
	t->message = message;
	t->lease = (uint64_t)++self->serial << 32 | t->place;
	t->lendings = t->lendings < UINT16_MAX ? t->lendings + 1 : UINT16_MAX;
	t->deadline_ms = self->rules.deadline_ms + (uint32_t)(scaled < 3600000 ? scaled : 3600000);
	t->answered_then = self->answered;
	if (who->rows[message]++ == 0)
		who->messages++;
	if (t->ticket)
		self->lent++;
	list_add(&who->held, t);
}

static size_t lend_alone(lending *self, task *t, borrower *who, task **tasks)
{
	if (t->tries)
		self->trial = t;
	lend(self, t, who, message_slot(who));
	who->alone = true;
	tasks[0] = t;
	return 1;
}

/* A batch of fresh tasks. Few tasks are shared among the workers that have equally little to do. */
static size_t lend_batch(lending *self, borrower *who, size_t takers, task **tasks)
{
	size_t count = 0, bytes = 0, share = (self->queue.count + takers - 1) / takers;
	unsigned message = message_slot(who);
	if (share > self->rules.batch_tasks)
		share = self->rules.batch_tasks;
	while (self->queue.first && count < share && count < WIRE_TASKS_MAX) {
		task *t = self->queue.first;
		if (count && bytes + t->bytes > self->rules.batch_bytes)
			break;
		bytes += t->bytes;
		lend(self, t, who, message);
		tasks[count++] = t;
	}
	return count;
}

static task *least_tried(const task_list *list)
{
	task *best = list->first;
	for (task *t = list->first; t; t = t->next)
		if (t->tries < best->tries)
			best = t;
	return best;
}

/* No worker is proven: the first empty one gets one thing to prove itself by. */
static size_t lend_proof(lending *self, borrower **who, task **tasks)
{
	borrower *b = self->borrowers;
	while (b && !(may_borrow(b) && b->held.count == 0))
		b = b->next;
	if (!b)
		return 0;
	*who = b;
	if (self->canary.state == CANARY_GOOD) {
		task *t = task_new(self, NULL, self->canary.task.body.len);
		t->canary = true;
		return lend_alone(self, t, b, tasks);
	}
	if (self->queue.first)
		return lend_alone(self, self->queue.first, b, tasks);
	return self->trial ? 0 : lend_alone(self, least_tried(&self->suspects), b, tasks);
}

/* The proven worker with the least in hand: the next suspect is for it. NULL: nobody is proven. */
static borrower *trial_worker(const lending *self)
{
	borrower *best = NULL;
	for (borrower *b = self->borrowers; b; b = b->next)
		if (b->proven && !b->closed && (!best || b->held.count < best->held.count))
			best = b;
	return best;
}

static size_t lend_fresh(lending *self, const borrower *reserved, borrower **who, task **tasks)
{
	borrower *best = NULL;
	size_t takers = 0;
	for (borrower *b = self->borrowers; b; b = b->next) {
		if (b == reserved || !may_borrow(b))
			continue;
		if (!best || b->held.count < best->held.count) {
			best = b;
			takers = 0;
		}
		takers += b->held.count == best->held.count;
	}
	*who = best;
	return best && self->queue.first ? lend_batch(self, best, takers, tasks) : 0;
}

size_t lending_next(lending *self, borrower **who, task *tasks[WIRE_TASKS_MAX])
{
	borrower *reserved = NULL;
	if (self->suspects.first) {
		borrower *candidate = trial_worker(self);
		if (!candidate)
			return lend_proof(self, who, tasks);
		if (!self->trial) {
			if (may_borrow(candidate) && candidate->held.count == 0) {
				*who = candidate;
				return lend_alone(self, self->suspects.first, candidate, tasks);
			}
			reserved = candidate;
		}
	}
	return lend_fresh(self, reserved, who, tasks);
}

/* Back to the front, in order: suspects to suspects, the rest to the queue. */
static void give_back(lending *self, task *t)
{
	if (self->canary.state == CANARY_TRYING && self->canary.lease == t->lease)
		canary_drop(self);
	take_back(self, t);
	if (!t->ticket)
		lending_forget(self, t);
	else
		list_add_front(t->tries ? &self->suspects : &self->queue, t);
}

void lending_undo(lending *self, borrower *who, task *const *tasks, size_t count)
{
	(void)who;
	while (count-- > 0) {
		tasks[count]->lendings--;
		give_back(self, tasks[count]);
	}
}

/* ---- how it ends ---- */

task *lending_find(const lending *self, const borrower *who, uint64_t lease, unsigned attempt)
{
	uint32_t place = (uint32_t)lease;
	task *t = place < self->table_size ? self->table[place] : NULL;
	return t && t->to == who && t->lease == lease && t->lendings == attempt ? t : NULL;
}

void *lending_settle(lending *self, task *t)
{
	void *ticket = t->ticket;
	if (self->canary.state == CANARY_TRYING && self->canary.lease == t->lease)
		self->canary.state = CANARY_GOOD;
	t->to->proven = true;
	self->answered++;
	take_back(self, t);
	lending_forget(self, t);
	return ticket;
}

void lending_fail(lending *self, borrower *who, const char *code, const char *how)
{
	while (who->held.first) {
		task *t = who->held.first;
		bool counts = who->proven || self->answered > t->answered_then;
		if (t->canary || (self->canary.state == CANARY_TRYING && self->canary.lease == t->lease))
			canary_drop(self);               /* it killed a worker, or may have: no proof of anything */
		take_back(self, t);
		if (!t->ticket) {
			lending_forget(self, t);
			continue;
		}
		t->tries++;
		t->counted += counts;
		t->code = code;
		snprintf(t->how, sizeof t->how, "%s", how);
		list_add(t->counted >= self->rules.attempts ? &self->failed : &self->suspects, t);
	}
}

void lending_return(lending *self, borrower *who)
{
	while (who->held.last)
		give_back(self, who->held.last);
}

task *lending_pop_failed(lending *self)
{
	task *t = self->failed.first;
	if (t)
		list_remove(t);
	return t;
}

/* ---- the canary ---- */

static mr_bytes keep(char **at, mr_bytes bytes)
{
	mr_bytes kept = {*at, bytes.len};
	if (bytes.len)
		memcpy(*at, bytes.data, bytes.len);
	*at += bytes.len;
	return kept;
}

void lending_offer_canary(lending *self, const task *lent, const mr_task *filled)
{
	canary *c = &self->canary;
	size_t need = filled->body.len;
	for (size_t i = 0; i < filled->field_count; i++)
		need += filled->fields[i].name.len + filled->fields[i].value.len;
	if (c->state != CANARY_NONE || lent->tries || lent->canary || need > CANARY_MAX || filled->field_count > WIRE_FIELDS_MAX)
		return;
	char *at = c->bytes = mem_alloc(need + 1);
	c->state = CANARY_TRYING;
	c->lease = lent->lease;
	c->task.body = keep(&at, filled->body);
	c->task.fields = c->fields;
	for (size_t i = 0; i < filled->field_count; i++) {
		if (!filled->fields[i].value.data)
			continue;
		mr_field *field = &c->fields[c->task.field_count++];
		field->name = keep(&at, filled->fields[i].name);
		field->value = keep(&at, filled->fields[i].value);
	}
}

const mr_task *lending_canary(const lending *self)
{
	return &self->canary.task;
}

/* ---- figures ---- */

uint32_t lending_longest(const borrower *who)
{
	uint32_t longest = 0;
	for (const task *t = who->held.first; t; t = t->next)
		if (t->deadline_ms > longest)
			longest = t->deadline_ms;
	return longest;
}

size_t lending_queued(const lending *self)
{
	return self->queue.count + self->suspects.count;
}

size_t lending_lent(const lending *self)
{
	return self->lent;
}

size_t lending_suspects(const lending *self)
{
	return self->suspects.count;
}

bool lending_healthy(const lending *self)
{
	bool doubt = self->suspects.first || self->trial;
	for (const borrower *b = self->borrowers; b; b = b->next)
		if (!b->closed && (b->proven || !doubt))
			return true;
	return false;
}
