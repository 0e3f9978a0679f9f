/* Strangers' texts on their way into the log: values of log lines in all three forms, and the header that names a trace. What comes out of the
 * journal's socket is read by the rules of its protocol: a value makes no field, no second line and no control byte, whatever it is. */
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/log.h"
#include "common/log_journal.h"
#include "common/record.h"
#include "common/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(int holds)
{
	if (!holds)
		abort();
}

static struct sockaddr_un address = {.sun_family = AF_UNIX};

static void remove_socket(void)
{
	unlink(address.sun_path);
}

static int journal(void)
{
	static int fd = -1;
	if (fd >= 0)
		return fd;
	snprintf(address.sun_path, sizeof address.sun_path, "/tmp/mr-fuzz-log-%ld", (long)getpid());
	remove_socket();
	demand(atexit(remove_socket) == 0);
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	demand(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0);
	log_set_journal(address.sun_path);
	return fd;
}

static void check_text(const char *at, size_t len, int lines)
{
	const char *end = at + len;
	while (at < end) {
		const char *from = at;
		uint32_t c = utf8_next(&at, end);
		demand(!(c == UTF8_BAD && at - from == 1));
		demand(!utf8_is_unsafe(c) || (lines && (c == '\n' || c == '\t')));
	}
}

/* Number of fields; every one is looked at. */
static size_t check_entry(const char *at, const char *end)
{
	size_t count = 0;
	for (; at < end; count++) {
		const char *name = at;
		while (at < end && *at != '=' && *at != '\n')
			at++;
		demand(at < end && at > name && at - name <= 64);
		for (const char *p = name; p < at; p++)
			demand((*p >= 'A' && *p <= 'Z') || (p > name && (*p == '_' || (*p >= '0' && *p <= '9'))));
		int message = at - name == 7 && memcmp(name, "MESSAGE", 7) == 0;
		if (*at++ == '=') {
			const char *stop = memchr(at, '\n', (size_t)(end - at));
			demand(stop != NULL);
			check_text(at, (size_t)(stop - at), !message);
			at = stop + 1;
			continue;
		}
		uint64_t len = 0;
		demand(!message && end - at >= 8);
		for (int i = 0; i < 8; i++)
			len |= (uint64_t)(unsigned char)at[i] << 8 * i;
		at += 8;
		demand(len < (uint64_t)(end - at) && at[len] == '\n');
		check_text(at, len, 1);
		at += len + 1;
	}
	return count;
}

static void try_journal(const char *first, const char *second)
{
	static char entry[65536];
	int fd = journal();
	log_setup("fuzz", LOG_LEVEL_INFO, LOG_JOURNAL, 1000000000);
	log_info("x", "why", "%s", first, "n", "%d", 1, "topic", "%s", second);
	ssize_t n = recv(fd, entry, sizeof entry, MSG_DONTWAIT | MSG_TRUNC);
	demand(n > 0 && n <= LOG_FIELDS_MAX + 4096 + 64);
	size_t count = check_entry(entry, entry + n);
	demand(count == 8u + (first[0] != 0) + (second[0] != 0));
	while (recv(fd, entry, sizeof entry, MSG_DONTWAIT) > 0)
		;                                /* what the log tells of itself */
}

/* JSON to standard error, which a pipe catches. */
static void try_json(const char *first, const char *second)
{
	static int ends[2] = {-1, -1};
	static char line[8192];
	if (ends[0] < 0)
		demand(pipe(ends) == 0);
	log_setup("fuzz", LOG_LEVEL_INFO, LOG_JSON, 1000000000);
	int saved = dup(2);
	dup2(ends[1], 2);
	log_info("x", "n", "%d", 1, "why", "%s", first, "topic", "%s", second);
	dup2(saved, 2);
	close(saved);
	ssize_t n = read(ends[0], line, sizeof line);
	demand(n > 0 && n <= 4096 && line[n - 1] == '\n');
	check_text(line, (size_t)n - 1, 0);
	json_t *tree = json_loadb(line, (size_t)n, JSON_REJECT_DUPLICATES, NULL);
	demand(json_is_string(json_object_get(tree, "msg")) && json_is_integer(json_object_get(tree, "n")));
	demand(json_is_string(json_object_get(tree, "topic")) || json_is_true(json_object_get(tree, "cut")));
	json_decref(tree);
}

static void try_trace(const uint8_t *data, size_t size)
{
	char trace[TRACE_ID_BYTES];
	mr_field header = {mr_bytes_of("traceparent"), {(const char *)data, size}};
	record_trace_id(&(record_source){.topic = "t", .headers = &header, .header_count = 1}, trace);
	demand(strlen(trace) == 0 || (strlen(trace) == 32 && strspn(trace, "0123456789abcdef") == 32 && memcmp(trace, data + 3, 32) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 2);
	memcpy(text, data, size);
	text[size] = text[size + 1] = 0;
	const char *second = text + strlen(text) + 1;            /* behind the first zero byte, or empty */
	if (second > text + size)
		second = "";
	try_journal(text, second);
	try_json(text, second);
	try_trace(data, size);
	free(text);
	return 0;
}
