/* Lines as whoever may connect to the control socket can send them. Whatever comes: a reason is given, or every value is within its bounds and the request, written again, reads as
 * the same. Answers that quote it are sound JSON. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "common/utf8.h"
#include "daemon/control_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_answer(json_t *answer)
{
	char *text = json_dumps(answer, JSON_COMPACT);
	assert(text && strlen(text) <= CONTROL_ANSWER_MAX && !strpbrk(text, "\n\033"));
	assert(utf8_valid(mr_bytes_of(text)));
	free(text);
	json_decref(answer);
}

static void check_request(const control_request *r)
{
	buf line = {0}, again = {0};
	control_request second;
	control_fault fault;
	assert(r->command < CONTROL_COMMANDS && r->partition >= -1 && r->number >= 0 && r->number <= CONTROL_WORKERS_MAX);
	assert(r->timeout_ms >= 1 && r->timeout_ms <= CONTROL_WAIT_MAX_MS);
	assert(strlen(r->topic) <= CONTROL_TOPIC_MAX && (r->topic[0] || r->partition < 0));
	control_request_write(r, &line);
	assert(line.len <= CONTROL_LINE_MAX && line.data[line.len - 1] == '\n');
	int rc = control_request_read((mr_bytes){line.data, line.len - 1}, &second, &fault);
	assert(rc == 0);
	control_request_write(&second, &again);
	assert(again.len == line.len && memcmp(again.data, line.data, line.len) == 0);
	buf_free(&line);
	buf_free(&again);
	check_answer(control_done(r->command, "%s %s %s %s", r->topic, r->stage, r->level, r->instance));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	control_request request;
	control_fault fault;
	if (control_request_read((mr_bytes){(const char *)data, size}, &request, &fault) == 0) {
		check_request(&request);
		return 0;
	}
	assert(fault.code && fault.text[0] && strlen(fault.text) < sizeof fault.text);
	check_answer(control_error(request.command, fault.code, "%s", fault.text));
	return 0;
}
