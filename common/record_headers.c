/* record_headers.c - Kafka headers: those of the contract that come in, those of articles and dead letters that go out.
 *
 * Names and values are strangers' bytes and are passed on as they are. Limits: RECORD_HEADERS_MAX headers and RECORD_HEADER_BYTES_MAX bytes of
 * names and values; what does not fit is left behind, later ones first, but traceparent and tracestate always get a place. */
#include <assert.h>
#include <strings.h>

#include "record_impl.h"
#include "times.h"

#define TRACE_BYTES_MAX 1024             /* tracestate: W3C Trace Context 3.3.1.5 asks for at least 512 */

static bool named(mr_bytes name, const char *word)
{
	return name.data && name.len == strlen(word) && strncasecmp(name.data, word, name.len) == 0;
}

static bool is_ours(mr_bytes name)
{
	static const char prefix[] = "millrace.";
	return name.data && name.len >= sizeof prefix - 1 && strncasecmp(name.data, prefix, sizeof prefix - 1) == 0;
}

/* An attribute of the event that the feed record is. Those of tracing (CloudEvents, extension "distributed tracing") are carried on as headers are. */
static bool is_event(mr_bytes name)
{
	return name.data && name.len > 3 && strncasecmp(name.data, "ce_", 3) == 0 && !named(name, "ce_traceparent") && !named(name, "ce_tracestate");
}

static bool is_trace(const mr_field *header)
{
	return (named(header->name, "traceparent") || named(header->name, "tracestate")) && header->value.len <= TRACE_BYTES_MAX;
}

const mr_field *header_find(const record_source *source, const char *name)
{
	for (size_t i = source->header_count; i-- > 0;)
		if (named(source->headers[i].name, name))
			return &source->headers[i];
	return NULL;
}

/* A decimal number without sign; -1 when it is none. */
static int64_t decimal(const mr_field *header)
{
	int64_t value = 0;
	if (!header || !header->value.data || header->value.len == 0 || header->value.len > 18)
		return -1;
	for (size_t i = 0; i < header->value.len; i++) {
		if (header->value.data[i] < '0' || header->value.data[i] > '9')
			return -1;
		value = value * 10 + (header->value.data[i] - '0');
	}
	return value;
}

static bool topic_name(mr_bytes text)
{
	if (!text.data || text.len == 0 || text.len > 249)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];
		if (!((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '.' || c == '_' || c == '-'))
			return false;
	}
	return true;
}

/* A replayed dead letter carries the place where it first stood; only all three headers together count. */
origin origin_of(const record_source *source)
{
	const mr_field *topic = header_find(source, "millrace.source.topic");
	int64_t partition = decimal(header_find(source, "millrace.source.partition")), offset = decimal(header_find(source, "millrace.source.offset"));
	if (topic && topic_name(topic->value) && partition >= 0 && offset >= 0)
		return (origin){topic->value, partition, offset};
	return (origin){mr_bytes_of(source->topic), source->partition, source->offset};
}

/* Copies the feed's headers within the limits; `with_type`: content-type, too; `with_event`: those of CloudEvents, too. */
static size_t carry(const record_source *source, bool with_type, bool with_event, mr_field *out, size_t max)
{
	size_t count = 0, bytes = 0, traces = 0;
	for (size_t i = 0; i < source->header_count; i++)
		traces += is_trace(&source->headers[i]) && traces < 2;
	if (max > RECORD_HEADERS_MAX)
		max = RECORD_HEADERS_MAX;
	for (size_t i = 0; i < source->header_count && count < max; i++) {
		const mr_field *header = &source->headers[i];
		if (is_ours(header->name) || (!with_type && named(header->name, "content-type")) || (!with_event && is_event(header->name)))
			continue;
		size_t size = header->name.len + header->value.len;
		bool trace = traces && is_trace(header);
		if (!trace && (bytes + size > RECORD_HEADER_BYTES_MAX || count + traces >= max))
			continue;
		traces -= trace;
		bytes += trace ? 0 : size;
		out[count++] = *header;
	}
	return count;
}

size_t record_headers_out(const record_source *source, const cloud_event *event, mr_field *out, size_t max)
{
	enum { EVENT = 5 };
	size_t ours = event ? EVENT + 1 : 1;
	assert(max >= ours);
	size_t count = carry(source, false, !event, out, max - ours);
	out[count++] = (mr_field){mr_bytes_of("content-type"), mr_bytes_of("application/json")};
	if (event) {
		const mr_field attributes[EVENT] = {
			{mr_bytes_of("ce_specversion"), mr_bytes_of("1.0")}, {mr_bytes_of("ce_id"), mr_bytes_of(event->id)}, {mr_bytes_of("ce_source"), mr_bytes_of(event->source)},
			{mr_bytes_of("ce_type"), mr_bytes_of(event->type)}, {mr_bytes_of("ce_time"), mr_bytes_of(event->time)},
		};
		memcpy(out + count, attributes, sizeof attributes);
		count += EVENT;
	}
	return count;
}

static void add_time(buf *scratch, int64_t ms)
{
	char text[TIME_TEXT_BYTES];
	time_print(ms, 0, text);
	buf_add_str(scratch, text);
}

size_t record_headers_dead(const record_source *source, const dead_letter *dead, mr_field *out, size_t max, buf *scratch)
{
	enum { OURS = 11 };
	const record_fault *fault = dead->fault;
	origin from = origin_of(source);
	int64_t replays = decimal(header_find(source, "millrace.replays"));
	size_t ends[6], begin = scratch->len;
	assert(max >= OURS);
	buf_printf(scratch, "%d", dead->attempts);
	ends[0] = scratch->len;
	add_time(scratch, dead->first_ms);
	ends[1] = scratch->len;
	add_time(scratch, dead->last_ms);
	ends[2] = scratch->len;
	buf_printf(scratch, "%lld", (long long)from.partition);
	ends[3] = scratch->len;
	buf_printf(scratch, "%lld", (long long)from.offset);
	ends[4] = scratch->len;
	buf_printf(scratch, "%lld", (long long)(replays < 0 ? 0 : replays));
	ends[5] = scratch->len;
	mr_bytes written[6];
	for (size_t i = 0, at = begin; i < 6; at = ends[i++])
		written[i] = (mr_bytes){scratch->data + at, ends[i] - at};

	size_t count = dead->bare ? 0 : carry(source, true, true, out, max - OURS);
	const mr_field ours[OURS] = {
		{mr_bytes_of("millrace.error.code"), mr_bytes_of(fault->code)},
		{mr_bytes_of("millrace.error.stage"), mr_bytes_of(fault->stage)},
		{mr_bytes_of("millrace.error.message"), mr_bytes_of(fault->message)},
		{mr_bytes_of("millrace.error.attempts"), written[0]},
		{mr_bytes_of("millrace.error.first-at"), written[1]},
		{mr_bytes_of("millrace.error.last-at"), written[2]},
		{mr_bytes_of("millrace.source.topic"), from.topic},
		{mr_bytes_of("millrace.source.partition"), written[3]},
		{mr_bytes_of("millrace.source.offset"), written[4]},
		{mr_bytes_of("millrace.version"), mr_bytes_of(MILLRACE_VERSION)},
		{mr_bytes_of("millrace.replays"), written[5]},
	};
	memcpy(out + count, ours, sizeof ours);
	return count + OURS;
}

static bool is_hex(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f')))
			return false;
	return true;
}

/* version-trace-parent-flags, 2, 32, 16 and 2 small hexadecimal digits; later versions may add "-..." (W3C Trace Context 3.2.2, 3.2.4). */
void record_trace_id(const record_source *source, char out[TRACE_ID_BYTES])
{
	enum { LENGTH = 55 };
	const mr_field *header = header_find(source, "traceparent");
	out[0] = 0;
	if (!header || !header->value.data || header->value.len < LENGTH)
		return;
	const char *text = header->value.data;
	bool first = memcmp(text, "00", 2) == 0;
	if (text[2] != '-' || text[35] != '-' || text[52] != '-' || (header->value.len > LENGTH && (first || text[LENGTH] != '-')))
		return;
	if (!is_hex(text, 2) || !is_hex(text + 3, 32) || !is_hex(text + 36, 16) || !is_hex(text + 53, 2) || memcmp(text, "ff", 2) == 0)
		return;
	if (strspn(text + 3, "0") >= 32)
		return;
	memcpy(out, text + 3, 32);
	out[32] = 0;
}
