/* fuzz_index_entry.c - an entry out of a log or the journal: refused, or what can be written again without a loss, and an index takes it and finds it again. */
#include <assert.h>
#include <stdlib.h>

#include "common/mem.h"
#include "daemon/index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void settle_and_ask(const index_entry *entry, mr_bytes topic)
{
	index_t *index = index_new(60LL * 86400000, (index_limits){.entries = 1000});
	index_entry copy = *entry;
	index_found found;
	copy.topic = index_topic(index, topic);
	index_settle(index, index_add(index, &copy), 1);
	assert(index_stats_get(index).settled == 1);
	index_question q = {.sketch = &entry->sketch, .article_id = entry->article_id, .address = entry->address, .clock_ms = entry->clock_ms, .topic = copy.topic,
			    .partition = entry->partition, .offset = entry->offset, .page = entry->page};
	assert(!index_find_base(index, &q, &found));             /* its own */
	q.page = (uint16_t)(entry->page + 1);
	assert(index_find_base(index, &q, &found));
	index_find_repeat(index, &q, &found);
	index_find_copy(index, &q, &found);
	bool same = index_find_fingerprint(index, entry->fingerprint, entry->clock_ms, copy.topic, entry->partition, entry->offset ^ 1, &found);
	assert(same == entry->has_fingerprint);
	index_expire(index, INT64_MAX / 2, 10);
	index_free(&index);
}

/* The verdict on a duplicate: remembered once, told only while its owner is there. */
static void remember(const index_entry *alias, mr_bytes topic)
{
	index_t *index = index_new(60LL * 86400000, (index_limits){.entries = 1000});
	index_entry copy = *alias;
	index_found found;
	copy.topic = index_topic(index, topic);
	assert(index_alias(index, &copy, 1) && !index_alias(index, &copy, 1));
	assert(!index_find_fingerprint(index, alias->fingerprint, alias->clock_ms, copy.topic, alias->partition, alias->offset ^ 1, &found));
	index_expire(index, INT64_MAX / 2, 10);
	index_free(&index);
}

static void check_entry(const index_entry *entry, mr_bytes topic)
{
	index_entry same;
	mr_bytes same_topic;
	buf once = {0}, twice = {0};
	char *name = mem_copy(topic.data, topic.len);
	index_entry_encode(entry, name, &once);
	assert(index_entry_format(buf_bytes(&once)) == INDEX_FORMAT && index_entry_decode(buf_bytes(&once), INDEX_FORMAT, &same, &same_topic) == 0);
	index_entry_encode(&same, name, &twice);
	assert(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0 && mr_bytes_equal(same_topic, name));
	(entry->kind == INDEX_ALIAS ? remember : settle_and_ask)(entry, topic);
	free(name);
	buf_free(&once);
	buf_free(&twice);
}

/* Entries of format 1 do not tell their format: the header of their segment does. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	index_entry entry;
	mr_bytes topic, bytes = {(const char *)data, size};
	if (index_entry_decode(bytes, INDEX_FORMAT, &entry, &topic) == 0)
		check_entry(&entry, topic);
	if (index_entry_decode(bytes, 1, &entry, &topic) == 0)
		check_entry(&entry, topic);
	return 0;
}
