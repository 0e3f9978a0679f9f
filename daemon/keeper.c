/* keeper.c - see keeper.h. */
#include "keeper.h"

#include "common/log.h"

#define BUDGET 20000             /* entries at a look: a few milliseconds */
#define HOUR_MS 3600000

keeper keeper_of(index_t *index, size_t max_log_bytes)
{
	return (keeper){.index = index, .max_log_bytes = max_log_bytes, .evicted = index_stats_get(index).evicted};
}

/* Empties the oldest segment. The epoch in hand was formed before that; the next one tells the log what it may remove, and its result how large it is then. */
static void keep_log(keeper *self, const keeper_view *view)
{
	uint32_t oldest = index_oldest_segment(self->index);
	if (!self->max_log_bytes || view->log_bytes <= self->max_log_bytes || view->epochs < self->wait_epochs || oldest >= view->segment)
		return;
	index_evict_segment(self->index, oldest, BUDGET);
	if (index_oldest_segment(self->index) != oldest)
		self->wait_epochs = view->epochs + 2;
}

void keeper_look(keeper *self, const keeper_view *view)
{
	index_expire(self->index, view->now_ms, BUDGET);
	keep_log(self, view);
	index_stats x = index_stats_get(self->index);
	if (x.evicted == self->evicted)
		return;
	if (!self->evicted_ms || view->now_ms - self->evicted_ms > HOUR_MS) {
		self->warnings++;
		log_warn("the index is full: its oldest entries go before their time, copies of them will be published (dedup.max_entries, max_memory, max_log)",
			 "gone", "%llu", (unsigned long long)(x.evicted - self->evicted), "entries", "%zu", x.settled + x.aliases, "memory_bytes", "%zu", x.memory_bytes,
			 "log_bytes", "%llu", (unsigned long long)view->log_bytes);
	}
	self->evicted = x.evicted;
	self->evicted_ms = view->now_ms;
}
