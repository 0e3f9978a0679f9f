/* dlq_show.c - `millrace dlq show`: one letter, for people or as bytes. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/dlq.h"
#include "cli/term.h"
#include "common/log.h"
#include "common/utf8.h"

#define SHOWN_BYTES (64u << 10)          /* of a value; --raw writes it all */
#define HEADER_SHOWN 400

static void print_field(const term *out, const char *name, const char *format, ...) MR_PRINTF(3, 4);

static void print_field(const term *out, const char *name, const char *format, ...)
{
	char text[1200], clean[1200];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	printf("  %s%-10s%s %s\n", term_code(out, TERM_DIM), name, term_code(out, TERM_PLAIN), log_clean(clean, sizeof clean - 1, mr_bytes_of(text)));
}

/* Lines and tabs stay, all other control characters and broken bytes become '?'. */
static void print_value(mr_bytes value)
{
	const char *at = value.data, *end = value.data + (value.len < SHOWN_BYTES ? value.len : SHOWN_BYTES);
	while (at < end) {
		const char *begin = at;
		uint32_t c = utf8_next(&at, end);
		bool plain = c >= ' ' ? !(c >= 0x7F && c < 0xA0) && !(c == UTF8_BAD && at - begin == 1) && !(c >= 0x202A && c <= 0x202E) && !(c >= 0x2066 && c <= 0x2069)
				      : c == '\n' || c == '\t';
		if (plain)
			fwrite(begin, 1, (size_t)(at - begin), stdout);
		else
			putchar('?');
	}
	if (value.len && end[-1] != '\n')
		putchar('\n');
	if (value.len > SHOWN_BYTES)
		printf("... %zu more bytes; --raw writes them all\n", value.len - SHOWN_BYTES);
}

static void print_headers(const term *out, const rd_kafka_message_t *m)
{
	rd_kafka_headers_t *headers;
	const char *name;
	const void *value;
	size_t size;
	char clean[HEADER_SHOWN + 1];
	if (rd_kafka_message_headers(m, &headers))
		return;
	for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; i++)
		if (strncmp(name, "millrace.", 9) != 0)
			print_field(out, "header", "%s: %s%s", name, value ? log_clean(clean, HEADER_SHOWN, (mr_bytes){value, size}) : "(null)", size > HEADER_SHOWN ? " ..." : "");
}

static void print_letter(const term *out, const dlq_letter *l)
{
	char time[64], key[201];
	const rd_kafka_message_t *m = l->message;
	printf("%s%s:%" PRId32 ":%" PRId64 "%s\n", term_code(out, TERM_BOLD), l->topic, l->partition, l->offset, term_code(out, TERM_PLAIN));
	print_field(out, "reason", "%.*s, stage %.*s", (int)l->code.len, l->code.data ? l->code.data : "", (int)l->stage.len, l->stage.data ? l->stage.data : "");
	print_field(out, "why", "%.*s", (int)l->error.len, l->error.data ? l->error.data : "");
	print_field(out, "died", "%s UTC; first failure %.*s, last %.*s, counted attempts %.*s", dlq_time(l->died_ms, true, time), (int)l->first_at.len,
		    l->first_at.data ? l->first_at.data : "", (int)l->last_at.len, l->last_at.data ? l->last_at.data : "", (int)l->attempts.len, l->attempts.data ? l->attempts.data : "");
	if (l->source_topic.data)
		print_field(out, "stood at", "%.*s:%" PRId64 ":%" PRId64, (int)l->source_topic.len, l->source_topic.data, l->source_partition, l->source_offset);
	print_field(out, "replays", "%" PRId64, l->replays);
	print_field(out, "by", "millrace %.*s", (int)l->version.len, l->version.data ? l->version.data : "");
	print_field(out, "key", "%s", m->key ? log_clean(key, 200, (mr_bytes){m->key, m->key_len}) : "(null)");
	print_headers(out, m);
}

/* The value, from the input topic where the letter has none. 0; -1: it is nowhere. */
static int show_value(const dlq_options *options, const settings *conf, const term *out, const dlq_letter *letter)
{
	rd_kafka_t *consumer = NULL;
	rd_kafka_message_t *original = letter->message->payload ? NULL : dlq_original(&consumer, conf, letter);
	const rd_kafka_message_t *m = original ? original : letter->message;
	int rc = m->payload ? 0 : -1;
	if (m->payload && options->raw) {
		fwrite(m->payload, 1, m->len, stdout);
	} else if (m->payload) {
		print_field(out, "value", "%zu bytes%s", m->len, original ? ", not in the letter: it was too large. Read from where it stood:" : ":");
		print_value((mr_bytes){m->payload, m->len});
	} else if (!options->raw) {
		print_field(out, "value", "%s", "none: it was too large for the dead-letter topic, and it is no longer where it stood");
	}
	if (original)
		rd_kafka_message_destroy(original);
	if (consumer) {
		rd_kafka_consumer_close(consumer);
		rd_kafka_destroy(consumer);
	}
	return rc;
}

int dlq_show(const dlq_options *options, const settings *conf)
{
	dlq_reader reader;
	dlq_letter letter = {0};
	buf errors = {0};
	term out = term_of(stdout);
	if (options->pick_count != 1)
		return cli_usage("dlq", "show which one? N of `list --each`, or TOPIC:PARTITION:OFFSET");
	const char *pick = options->picks[0];
	bool is_number = pick[strspn(pick, "0123456789")] == 0;
	int64_t wanted = is_number ? strtoll(pick, NULL, 10) : 1, seen = 0;
	int got = dlq_reader_open(&reader, conf, options, "millrace-dlq", &errors), rc = EXIT_FAILED;
	while (!got && seen < wanted && (got = dlq_reader_next(&reader, &letter, &errors)) > 0) {
		got = 0;
		if (++seen < wanted)
			dlq_letter_free(&letter);
	}
	if (got < 0) {
		cli_failed("dlq", "%.*s", (int)(errors.len ? errors.len - 1 : 0), buf_bytes(&errors).data);
	} else if (!letter.message) {
		cli_failed("dlq", "there is no letter %s%s", pick, is_number ? " in this selection" : " (any more)");
	} else {
		if (!options->raw)
			print_letter(&out, &letter);
		rc = show_value(options, conf, &out, &letter) ? cli_failed("dlq", "the letter has no value to show") : EXIT_CLEAN;
	}
	dlq_letter_free(&letter);
	buf_free(&errors);
	dlq_reader_close(&reader);
	return rc;
}
