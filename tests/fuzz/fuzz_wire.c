/* Wire messages as a stranger may send them: every reader, on every input. What is read is touched, and what was read as a batch is written again. */
#include <stdint.h>
#include <stdlib.h>

#include "common/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile size_t sink;

static void touch(mr_bytes bytes)
{
	size_t sum = 0;
	for (size_t i = 0; bytes.data && i < bytes.len; i++)
		sum += (unsigned char)bytes.data[i];
	sink += sum;
}

static void small(mr_bytes message)
{
	wire_ready ready;
	wire_welcome welcome;
	uint64_t progress;
	int code;
	mr_bytes reason;
	if (wire_read_ready(message, &ready) == 0)
		for (size_t i = 0; i < ready.field_count; i++)
			touch(ready.fields[i]);
	if (wire_read_refuse(message, &code, &reason) == 0)
		touch(reason);
	sink += (size_t)(wire_read_welcome(message, &welcome) + wire_read_heartbeat(message, &progress) + wire_kind(message, NULL));
}

static void tasks(mr_bytes message)
{
	static const char *const wants[] = {"title", "url", "charset", "clock_ms", NULL};
	static wire_tasks t;
	static wire_batch again;
	if (wire_read_tasks(&t, message, wants))
		return;
	wire_batch_clear(&again);
	for (unsigned i = 0; i < t.count; i++) {
		touch(t.rows[i].task.body);
		wire_add_task(&again, t.rows[i].lease, t.rows[i].attempt, t.rows[i].deadline_ms, &t.rows[i].task, wants);
	}
	if (wire_batch_bytes(&again) != message.len)
		abort();                                 /* there is one way to write a batch */
}

static void results(mr_bytes message)
{
	static wire_results r;
	if (wire_read_results(&r, message))
		return;
	for (unsigned i = 0; i < r.count; i++) {
		touch(r.rows[i].code);
		touch(r.rows[i].message);
		for (size_t k = 0; k < r.rows[i].part_count; k++) {
			touch(r.rows[i].parts[k].patch);
			touch(r.rows[i].parts[k].body);
			touch(r.rows[i].parts[k].blob);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	mr_bytes message = {(const char *)data, size};
	small(message);
	tasks(message);
	results(message);
	return 0;
}
