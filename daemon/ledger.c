/* ledger.c - see ledger.h. A list per partition: items leave from the front (epochs) or all at once (revocation). */
#include "ledger.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

struct ledger {
	partition *first;
	uint64_t generation;     /* counts assignments */
	size_t count;
};

ledger *ledger_new(void)
{
	return mem_alloc(sizeof(ledger));
}

void ledger_free(ledger **self_p)
{
	ledger *self = *self_p;
	if (!self)
		return;
	while (self->first) {
		partition *p = self->first;
		ledger_remove(self, &p);
	}
	free(self);
	*self_p = NULL;
}

partition *ledger_assign(ledger *self, const char *topic, int32_t number)
{
	assert(!ledger_find(self, topic, number));
	partition *p = mem_alloc(sizeof *p);
	p->topic = mem_string(topic);
	p->number = number;
	p->generation = ++self->generation;
	p->last_offset = p->fetched_offset = p->position = p->end = p->committed = -1;
	partition **at = &self->first;
	while (*at)
		at = &(*at)->next;
	*at = p;
	return p;
}

void ledger_remove(ledger *self, partition **p_p)
{
	partition *p = *p_p, **at = &self->first;
	assert(!p->head);
	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	free(p->topic);
	free(p);
	*p_p = NULL;
}

partition *ledger_find(ledger *self, const char *topic, int32_t number)
{
	for (partition *p = self->first; p; p = p->next)
		if (p->number == number && strcmp(p->topic, topic) == 0)
			return p;
	return NULL;
}

partition *ledger_first(ledger *self)
{
	return self->first;
}

void ledger_append(ledger *self, item *added)
{
	partition *p = added->partition;
	assert(!p->tail || p->tail->offset < added->offset);
	added->prev = p->tail;
	added->next = NULL;
	if (p->tail)
		p->tail->next = added;
	else
		p->head = added;
	p->tail = added;
	if (!p->judge_next)
		p->judge_next = added;
	p->count++;
	self->count++;
}

void ledger_unlink(ledger *self, item *removed)
{
	partition *p = removed->partition;
	if (p->judge_next == removed)
		p->judge_next = removed->next;
	if (removed->prev)
		removed->prev->next = removed->next;
	else
		p->head = removed->next;
	if (removed->next)
		removed->next->prev = removed->prev;
	else
		p->tail = removed->prev;
	removed->next = removed->prev = NULL;
	p->count--;
	self->count--;
}

size_t ledger_count(const ledger *self)
{
	return self->count;
}
