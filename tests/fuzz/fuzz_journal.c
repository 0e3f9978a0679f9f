/* fuzz_journal.c - messages of the journal that anybody may have written: skipped with a reason, or followed; the index stays in order whatever comes in whatever order.
 *
 * input | rows of flags 1, length 2, value      flags 1: written by this instance   2: without the header of versions   4: the index expires after it
 *                                                     8: the value is that of the row before once more, with its first bytes those of this row */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "daemon/index_log.h"
#include "daemon/journal_message.h"
#include "daemon/judge.h"

#define VERSIONS "fold=1 ids=1001 identity=record"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct world {
	ledger *ledger;
	index_t *index;
	judge *judge;
	buf frames, value;
	size_t taken;
	int64_t now_ms;
} world;

static int64_t wall_ms(void *arg) { return ((world *)arg)->now_ms; }

/* As journal.c does: what was taken is written down, and reads back as it was. */
static void keep(world *w, const index_entry *entry, mr_bytes topic)
{
	index_entry same;
	mr_bytes same_topic;
	buf bytes = {0};
	char *name = mem_copy(topic.data, topic.len);
	index_entry_encode(entry, name, &bytes);
	assert(index_entry_decode(buf_bytes(&bytes), INDEX_FORMAT, &same, &same_topic) == 0 && mr_bytes_equal(same_topic, name));
	assert(memcmp(same.article_id, index_entry_id(buf_bytes(&bytes)), ARTICLE_ID_BYTES) == 0);
	index_log_frame_followed(&w->frames, buf_bytes(&bytes));
	free(name);
	buf_free(&bytes);
}

static void follow(world *w, uint8_t flags, mr_bytes value)
{
	index_entry entry;
	mr_bytes topic;
	const char *why = NULL;
	index_stats before = index_stats_get(w->index);
	if (journal_message_read(value, flags & 2 ? (mr_bytes){NULL, 0} : mr_bytes_of(VERSIONS), VERSIONS, &entry, &topic, &why)) {
		assert(why);
		return;
	}
	assert(!(flags & 2));
	entry.topic = index_topic(w->index, topic);
	uint32_t number = judge_followed(w->judge, &entry, flags & 1);
	index_stats after = index_stats_get(w->index);
	size_t was = before.settled + before.aliases, is = after.settled + after.aliases;
	assert(after.pending == 0 && (is == was || (number && is == was + 1)));
	assert(judge_followed(w->judge, &entry, true) == 0);     /* once more, as after a crash */
	if (!number)
		return;
	w->taken++;
	keep(w, &entry, topic);
	index_written(w->index, number, 1 + (uint32_t)(w->taken % 3));
}

static void read_rows(world *w, mr_bytes input)
{
	reader r = reader_of(input);
	while (read_left(&r) >= 3) {
		uint8_t flags = read_u8(&r);
		size_t len = read_u16(&r);
		mr_bytes value = read_bytes(&r, len < read_left(&r) ? len : read_left(&r));
		if (flags & 8) {
			for (size_t i = 0; i < w->value.len && i < value.len; i++)
				w->value.data[i] = value.data[i];
		} else {
			buf_clear(&w->value);
			buf_add(&w->value, value.data, value.len);
		}
		follow(w, flags, buf_bytes(&w->value));
		if (flags & 4)
			index_expire(w->index, w->now_ms += 30LL * 86400000, 100);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	world w = {.ledger = ledger_new(), .index = index_new(60LL * 86400000, (index_limits){.entries = 50}), .now_ms = 1700000000000};
	w.judge = judge_new(w.ledger, w.index, (judge_hooks){.wall_ms = wall_ms, .arg = &w});
	read_rows(&w, (mr_bytes){(const char *)data, size});
	size_t at = 0, frames = 0;
	while (index_log_frame_next(buf_bytes(&w.frames), &at).data)
		frames++;
	assert(frames == w.taken);
	judge_free(&w.judge);
	index_free(&w.index);
	ledger_free(&w.ledger);
	buf_free(&w.frames);
	buf_free(&w.value);
	return 0;
}
