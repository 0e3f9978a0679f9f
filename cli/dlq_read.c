/* dlq_read.c - see dlq.h: finds the dead-letter topics, reads letters, reads originals. */
#include <inttypes.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

#include "cli/dlq.h"
#include "common/mem.h"
#include "daemon/kafka_conf.h"

#define ASK_MS 15000                     /* one question to a broker */
#define SILENCE_MS 30000                 /* no letter and no end for so long: trouble */

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- letters ---- */

static mr_bytes header(const rd_kafka_message_t *m, const char *name)
{
	rd_kafka_headers_t *headers;
	const void *value = NULL;
	size_t len = 0;
	if (rd_kafka_message_headers(m, &headers) || rd_kafka_header_get_last(headers, name, &value, &len) || !value)
		return (mr_bytes){0};
	return (mr_bytes){value, len};
}

/* Digits only; -1: none. */
static int64_t decimal(mr_bytes text)
{
	int64_t n = 0;
	if (!text.data || text.len == 0 || text.len > 18)
		return -1;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return -1;
		n = n * 10 + (text.data[i] - '0');
	}
	return n;
}

static void read_letter(dlq_letter *letter, rd_kafka_message_t *m, const dlq_partition *p)
{
	rd_kafka_timestamp_type_t type;
	*letter = (dlq_letter){.message = m, .topic = p->topic, .input = p->input, .partition = p->number, .offset = m->offset};
	letter->died_ms = rd_kafka_message_timestamp(m, &type);
	letter->code = header(m, "millrace.error.code");
	letter->stage = header(m, "millrace.error.stage");
	letter->error = header(m, "millrace.error.message");
	letter->attempts = header(m, "millrace.error.attempts");
	letter->first_at = header(m, "millrace.error.first-at");
	letter->last_at = header(m, "millrace.error.last-at");
	letter->version = header(m, "millrace.version");
	letter->source_topic = header(m, "millrace.source.topic");
	letter->source_partition = decimal(header(m, "millrace.source.partition"));
	letter->source_offset = decimal(header(m, "millrace.source.offset"));
	letter->replays = decimal(header(m, "millrace.replays"));
	if (letter->replays < 0)
		letter->replays = 0;
}

void dlq_letter_free(dlq_letter *self)
{
	if (self->message)
		rd_kafka_message_destroy(self->message);
	*self = (dlq_letter){0};
}

static bool is_selected(const dlq_options *o, const dlq_letter *letter)
{
	return (!o->reason || mr_bytes_equal(letter->code, o->reason)) && (!o->stage || mr_bytes_equal(letter->stage, o->stage)) &&
	       (o->since_ms == INT64_MIN || letter->died_ms >= o->since_ms);
}

/* ---- topics ---- */

static bool matches(const char *pattern, const char *name)
{
	regex_t compiled;
	if (pattern[0] != '^')
		return strcmp(pattern, name) == 0;
	if (regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB))
		return false;
	bool yes = regexec(&compiled, name, 0, NULL, 0) == 0;
	regfree(&compiled);
	return yes;
}

/* The input topic that `name` is the dead-letter topic of; NULL: of none. */
static const char *input_of(const settings *conf, const char *name)
{
	const char *prefix = settings_str(conf, "publish.dead_prefix"), *const *topics;
	size_t count = settings_list(conf, "intake.topics", &topics), len = strlen(prefix);
	if (strncmp(name, prefix, len) != 0)
		return NULL;
	for (size_t i = 0; i < count; i++)
		if (matches(topics[i], name + len))
			return name + len;
	return NULL;
}

static dlq_partition *add_partition(dlq_reader *self, const char *topic, const char *input, int32_t number)
{
	self->partitions = mem_grow(self->partitions, self->count + 1, sizeof *self->partitions);
	self->partitions[self->count] = (dlq_partition){mem_string(topic), mem_string(input), number, 0, 0, 0, 0};
	return &self->partitions[self->count++];
}

static int compare_partitions(const void *a, const void *b)
{
	const dlq_partition *x = a, *y = b;
	int topics = strcmp(x->topic, y->topic);
	return topics ? topics : x->number - y->number;
}

static int find_partitions(dlq_reader *self, const settings *conf, buf *errors)
{
	const struct rd_kafka_metadata *all;
	const char *wanted = self->options->topic;
	rd_kafka_resp_err_t err = rd_kafka_metadata(self->consumer, 1, NULL, &all, ASK_MS);
	bool found = !wanted;
	if (err) {
		buf_printf(errors, "no broker tells its topics (kafka.bootstrap.servers): %s\n", rd_kafka_err2str(err));
		return -1;
	}
	for (int i = 0; i < all->topic_cnt; i++) {
		const char *name = all->topics[i].topic, *input = input_of(conf, name);
		if (!input || (wanted && strcmp(wanted, name) != 0 && strcmp(wanted, input) != 0))
			continue;
		found = true;
		for (int k = 0; k < all->topics[i].partition_cnt; k++)
			add_partition(self, name, input, all->topics[i].partitions[k].id);
	}
	rd_kafka_metadata_destroy(all);
	if (self->count)
		qsort(self->partitions, self->count, sizeof *self->partitions, compare_partitions);
	if (!found)
		buf_printf(errors, "there is no dead-letter topic of '%.200s', or it is none of intake.topics\n", wanted);
	return found ? 0 : -1;
}

static int ask_bounds(dlq_reader *self, dlq_partition *p, buf *errors)
{
	rd_kafka_resp_err_t err = rd_kafka_query_watermark_offsets(self->consumer, p->topic, p->number, &p->low, &p->end, ASK_MS);
	if (err)
		buf_printf(errors, "%s:%" PRId32 ": the broker does not tell where it begins and ends: %s\n", p->topic, p->number, rd_kafka_err2str(err));
	p->start = p->next = p->low;
	return err ? -1 : 0;
}

/* The partition that TOPIC:PARTITION:OFFSET names, bounded to that one letter. */
static int add_pick(dlq_reader *self, const settings *conf, const char *pick, buf *errors)
{
	char topic[256], name[512], rest;
	long long number, offset;
	const char *prefix = settings_str(conf, "publish.dead_prefix");
	if (sscanf(pick, "%249[a-zA-Z0-9._-]:%lld:%lld%c", topic, &number, &offset, &rest) != 3 || number < 0 || number > INT32_MAX || offset < 0) {
		buf_printf(errors, "'%.100s' is not TOPIC:PARTITION:OFFSET\n", pick);
		return -1;
	}
	snprintf(name, sizeof name, "%s%s", input_of(conf, topic) ? "" : prefix, topic);
	const char *input = input_of(conf, name);
	if (!input) {
		buf_printf(errors, "%s is not the dead-letter topic of one of intake.topics\n", topic);
		return -1;
	}
	dlq_partition *p = add_partition(self, name, input, (int32_t)number);
	if (ask_bounds(self, p, errors))
		return -1;
	p->end = offset >= p->low && offset < p->end ? offset + 1 : offset;     /* else it is not there: nothing to read */
	p->start = p->next = offset;
	return 0;
}

/* Starts at --since where the broker can tell. Letters before are left out anyway; this only saves reading them. */
static void start_at_since(dlq_reader *self)
{
	if (self->options->since_ms == INT64_MIN || !self->count)
		return;
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)self->count);
	for (size_t i = 0; i < self->count; i++)
		rd_kafka_topic_partition_list_add(list, self->partitions[i].topic, self->partitions[i].number)->offset = self->options->since_ms;
	if (rd_kafka_offsets_for_times(self->consumer, list, ASK_MS) == RD_KAFKA_RESP_ERR_NO_ERROR)
		for (size_t i = 0; i < self->count; i++) {
			dlq_partition *p = &self->partitions[i];
			if (!list->elems[i].err && list->elems[i].offset > p->start && list->elems[i].offset <= p->end)
				p->start = p->next = list->elems[i].offset;
		}
	rd_kafka_topic_partition_list_destroy(list);
}

/* ---- the reader ---- */

static rd_kafka_t *open_consumer(const settings *conf, const char *group, buf *errors)
{
	static const char *const fixed[][2] = {{"enable.auto.commit", "false"}, {"enable.auto.offset.store", "false"}, {"isolation.level", "read_committed"},
					       {"auto.offset.reset", "earliest"}, {"enable.partition.eof", "true"}, {"group.instance.id", NULL},
					       {"queued.max.messages.kbytes", "16384"}};
	char why[256];
	rd_kafka_conf_t *made = kafka_tool_conf(conf, "kafka.consumer", errors);
	if (!made)
		return NULL;
	rd_kafka_conf_set(made, "group.id", group, NULL, 0);
	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
		rd_kafka_conf_set(made, fixed[i][0], fixed[i][1], NULL, 0);
	rd_kafka_t *consumer = rd_kafka_new(RD_KAFKA_CONSUMER, made, why, sizeof why);
	if (!consumer) {
		rd_kafka_conf_destroy(made);
		buf_printf(errors, "librdkafka: %s\n", why);
		return NULL;
	}
	rd_kafka_poll_set_consumer(consumer);
	return consumer;
}

static bool is_number(const char *text)
{
	return text[strspn(text, "0123456789")] == 0;
}

int dlq_reader_open(dlq_reader *self, const settings *conf, const dlq_options *options, const char *group, buf *errors)
{
	bool picked = options->pick_count > 0 && !is_number(options->picks[0]);
	int rc = 0;
	*self = (dlq_reader){.options = options};
	self->consumer = open_consumer(conf, group, errors);
	if (!self->consumer)
		return -1;
	for (size_t i = 0; picked && !rc && i < options->pick_count; i++)
		rc = add_pick(self, conf, options->picks[i], errors);
	if (!picked)
		rc = find_partitions(self, conf, errors);
	for (size_t i = 0; !picked && !rc && i < self->count; i++)
		rc = ask_bounds(self, &self->partitions[i], errors);
	if (!rc && !picked)
		start_at_since(self);
	if (rc)
		dlq_reader_close(self);
	return rc;
}

void dlq_reader_close(dlq_reader *self)
{
	if (self->consumer) {
		rd_kafka_consumer_close(self->consumer);
		rd_kafka_destroy(self->consumer);
	}
	for (size_t i = 0; i < self->count; i++) {
		free(self->partitions[i].topic);
		free(self->partitions[i].input);
	}
	free(self->partitions);
	*self = (dlq_reader){0};
}

static void assign(rd_kafka_t *consumer, const char *topic, int32_t number, int64_t offset)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(list, topic, number)->offset = offset;
	rd_kafka_assign(consumer, list);
	rd_kafka_topic_partition_list_destroy(list);
}

/* Errors that pass by themselves: librdkafka connects again. */
static bool passes(rd_kafka_resp_err_t err)
{
	return err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || err == RD_KAFKA_RESP_ERR__TRANSPORT || err == RD_KAFKA_RESP_ERR__RESOLVE || err == RD_KAFKA_RESP_ERR__TIMED_OUT;
}

/* Next message of partition `p`, NULL at its end. *failed: trouble, told; or stopped. */
static rd_kafka_message_t *next_message(dlq_reader *self, dlq_partition *p, bool *failed, buf *errors)
{
	int64_t since = now_ms();
	if (!self->assigned && p->next < p->end)
		assign(self->consumer, p->topic, p->number, p->next);
	self->assigned = true;
	while (p->next < p->end && !dlq_stopped()) {
		rd_kafka_message_t *m = rd_kafka_consumer_poll(self->consumer, 100);
		rd_kafka_resp_err_t err = m ? m->err : RD_KAFKA_RESP_ERR_NO_ERROR;
		if (m && !err && m->offset >= p->next && m->offset < p->end)
			return m;
		if (m && (err ? err == RD_KAFKA_RESP_ERR__PARTITION_EOF : m->offset >= p->end))
			p->next = p->end;                        /* behind what was the end; aborted or compacted letters leave gaps */
		*failed = p->next < p->end && ((err && !passes(err)) || now_ms() - since > SILENCE_MS);
		if (*failed)
			buf_printf(errors, "%s:%" PRId32 ":%" PRId64 ": cannot be read: %s\n", p->topic, p->number, p->next, err ? rd_kafka_err2str(err) : "no answer");
		if (m)
			rd_kafka_message_destroy(m);
		if (*failed)
			return NULL;
	}
	return NULL;
}

int dlq_reader_next(dlq_reader *self, dlq_letter *letter, buf *errors)
{
	bool failed = false;
	while (self->at < self->count && !failed && !dlq_stopped()) {
		dlq_partition *p = &self->partitions[self->at];
		rd_kafka_message_t *m = next_message(self, p, &failed, errors);
		if (m)
			read_letter(letter, m, p);
		bool too_late = m && letter->died_ms > self->options->until_ms;
		if (!m || too_late) {                            /* the place of a replay stays before what it has not looked at */
			if (m)
				dlq_letter_free(letter);
			self->at += !dlq_stopped() && !failed;
			self->assigned = false;
			continue;
		}
		p->next = m->offset + 1;
		if (is_selected(self->options, letter))
			return 1;
		dlq_letter_free(letter);
	}
	return failed ? -1 : 0;
}

void dlq_reader_progress(const dlq_reader *self, uint64_t *done, uint64_t *all)
{
	*done = *all = 0;
	for (size_t i = 0; i < self->count; i++) {
		const dlq_partition *p = &self->partitions[i];
		*done += (uint64_t)((i < self->at ? p->end : p->next) - p->start);
		*all += (uint64_t)(p->end - p->start);
	}
}

/* ---- originals ---- */

/* The topic may have been made anew since: the key tells at least some of that. */
static bool is_original(const rd_kafka_message_t *m, const dlq_letter *letter)
{
	const rd_kafka_message_t *l = letter->message;
	return m->offset == letter->source_offset && m->payload && m->key_len == l->key_len && (m->key_len == 0 || memcmp(m->key, l->key, m->key_len) == 0);
}

rd_kafka_message_t *dlq_original(rd_kafka_t **consumer_p, const settings *conf, const dlq_letter *letter)
{
	buf errors = {0};
	int64_t since = now_ms(), low, high;
	rd_kafka_message_t *found = NULL;
	if (!mr_bytes_equal(letter->source_topic, letter->input) || letter->source_partition < 0 || letter->source_partition > INT32_MAX || letter->source_offset < 0)
		return NULL;
	if (!*consumer_p)
		*consumer_p = open_consumer(conf, "millrace-dlq", &errors);
	buf_free(&errors);
	if (!*consumer_p || rd_kafka_query_watermark_offsets(*consumer_p, letter->input, (int32_t)letter->source_partition, &low, &high, ASK_MS) ||
	    letter->source_offset < low || letter->source_offset >= high)
		return NULL;
	assign(*consumer_p, letter->input, (int32_t)letter->source_partition, letter->source_offset);
	for (bool over = false; !over && !dlq_stopped() && now_ms() - since < SILENCE_MS;) {
		rd_kafka_message_t *m = rd_kafka_consumer_poll(*consumer_p, 100);
		over = m && !passes(m->err);
		if (m && !m->err && is_original(m, letter))
			found = m;
		else if (m)
			rd_kafka_message_destroy(m);
	}
	rd_kafka_assign(*consumer_p, NULL);
	return found;
}
