/* fuzz_index_entry.c - an entry out of a log: refused, or what encodes to the same bytes, and an index takes it and finds it again. */
#include <assert.h>
#include <stdlib.h>

#include "common/mem.h"
#include "daemon/index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void settle_and_ask(const index_entry *entry, mr_bytes topic)
{
	index_t *index = index_new(60LL * 86400000, 1000);
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	index_entry entry;
	mr_bytes topic;
	buf again = {0};
	mr_bytes bytes = {(const char *)data, size};
	uint32_t format = index_entry_format(bytes);
	if (format < 2 || index_entry_decode(bytes, format, &entry, &topic)) {   /* entries of format 1 do not tell it */
		if (index_entry_decode(bytes, 1, &entry, &topic) == 0)
			settle_and_ask(&entry, topic);
		return 0;
	}
	char *name = mem_copy(topic.data, topic.len);
	index_entry_encode(&entry, name, &again);
	assert(again.len == size && memcmp(again.data, data, size) == 0);
	if (entry.kind == INDEX_ARTICLE)
		settle_and_ask(&entry, topic);
	free(name);
	buf_free(&again);
	return 0;
}
