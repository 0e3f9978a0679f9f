/* dlq_replay.c - `millrace dlq replay`: sends letters back to their input topics, in batches.
 *
 * A batch is one transaction: letters and the place behind them (exactly-once), or it is produced, acknowledged, then the place is committed
 * (at-least-once). Its letters stay in memory until it is through, so it can be sent again as a whole; where the topic refuses something as too large they
 * are sent one by one, and the letter that is too large alone is left out, counted and told, and does not hold up the others. A batch takes a second's letters with --rate, else what fits into its limits.
 *
 * States of an entry: WAITING -> SENT (acknowledged, within an open transaction not yet final) -> done with the batch; WAITING -> REFUSED (too large); an aborted
 * transaction brings SENT back to WAITING. PARKED_HERE stays where it is and is only counted. */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/dlq.h"
#include "cli/term.h"
#include "common/crash.h"
#include "common/mem.h"
#include "daemon/kafka_conf.h"

#define BATCH_LETTERS 500
#define BATCH_BYTES (4u << 20)
#define TRIES 5
#define CALL_MS 30000                    /* transaction calls and flush: librdkafka tries again inside */

enum entry_state { ENTRY_WAITING, ENTRY_SENT, ENTRY_REFUSED, ENTRY_PARKED_HERE };

typedef struct entry {
	dlq_letter letter;
	rd_kafka_message_t *original;    /* holds the value of a letter that has none; NULL: the letter's own */
	enum entry_state state;
	bool park;
} entry;

typedef struct replay {
	const dlq_options *options;
	const settings *conf;
	dlq_reader reader;
	rd_kafka_t *producer;            /* NULL: dry run */
	rd_kafka_t *originals;           /* consumer of dlq_original; NULL: not needed yet */
	bool transactions, keeps_place;
	char group[300];
	entry entries[BATCH_LETTERS];
	size_t count, bytes;
	bool alone;                      /* each letter in a message set of its own: one of the batch is too large, or all together are */
	rd_kafka_resp_err_t delivery_error;
	int64_t taken, replayed, parked, gone, refused;
	int64_t *saved;                  /* by partition of the reader: its place as committed */
	int32_t *widths;                 /* by partition of the reader: partitions of its input topic; 0: not asked yet */
	char why[200];                   /* what made the last transaction abort */
	progress line;
	buf errors;
} replay;

/* ---- the producer ---- */

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	replay *self = opaque;
	entry *e = m->_private;
	(void)rk;
	if (!m->err)
		e->state = ENTRY_SENT;
	else if (m->err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
		e->state = ENTRY_REFUSED;
	else if (m->err != RD_KAFKA_RESP_ERR__PURGE_QUEUE && m->err != RD_KAFKA_RESP_ERR__PURGE_INFLIGHT)
		self->delivery_error = m->err;
}

static int open_producer(replay *self)
{
	static const char *const fixed[][2] = {{"enable.idempotence", "true"}, {"acks", "all"}, {"message.max.bytes", "100000000"}};      /* the topic's limit counts */
	char why[256], name[320], partitioner[64] = "";
	size_t size = sizeof partitioner;
	rd_kafka_conf_t *made = kafka_tool_conf(self->conf, "kafka.producer", &self->errors);
	if (!made)
		return -1;
	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
		rd_kafka_conf_set(made, fixed[i][0], fixed[i][1], NULL, 0);
	if (rd_kafka_conf_get(made, "partitioner", partitioner, &size) == RD_KAFKA_CONF_OK && strcmp(partitioner, "consistent_random") == 0)
		rd_kafka_conf_set(made, "partitioner", "murmur2_random", NULL, 0);       /* the library's default: ours, as in the daemon */
	snprintf(name, sizeof name, "millrace-%s", self->group);
	if (self->transactions)
		rd_kafka_conf_set(made, "transactional.id", name, NULL, 0);
	rd_kafka_conf_set_dr_msg_cb(made, on_delivery);
	rd_kafka_conf_set_opaque(made, self);
	self->producer = rd_kafka_new(RD_KAFKA_PRODUCER, made, why, sizeof why);
	if (!self->producer) {
		rd_kafka_conf_destroy(made);
		buf_printf(&self->errors, "librdkafka: %s\n", why);
		return -1;
	}
	return 0;
}

/* True: the call may be made again. Frees `e`; its text goes to errors when it is final. */
static bool is_passing(replay *self, rd_kafka_error_t *e, const char *step, int *tries)
{
	bool again = rd_kafka_error_is_retriable(e) && !rd_kafka_error_is_fatal(e) && ++*tries < TRIES && !dlq_stopped();
	snprintf(self->why, sizeof self->why, "%s: %s", step, rd_kafka_error_string(e));
	if (!again && !rd_kafka_error_txn_requires_abort(e))
		buf_printf(&self->errors, "%s\n", self->why);
	rd_kafka_error_destroy(e);
	return again;
}

/* Fences an earlier run of the same selection and waits until its transaction is over; only then the place is asked for. */
static int start_producer(replay *self)
{
	rd_kafka_error_t *e;
	int tries = 0;
	if (open_producer(self))
		return -1;
	while (self->transactions && (e = rd_kafka_init_transactions(self->producer, CALL_MS)))
		if (!is_passing(self, e, "the producer cannot begin", &tries))
			return -1;
	return 0;
}

/* ---- the place ---- */

static rd_kafka_topic_partition_list_t *partition_list(const replay *self)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)self->reader.count + 1);
	for (size_t i = 0; i < self->reader.count; i++)
		rd_kafka_topic_partition_list_add(list, self->reader.partitions[i].topic, self->reader.partitions[i].number);
	return list;
}

static void take_place(const replay *self, dlq_partition *p, int64_t place)
{
	if (place > p->end) {
		fprintf(stderr, "%s:%" PRId32 " ends at %" PRId64 ", before the place of the last replay (%" PRId64 "): it was made anew, its letters are read from the oldest on\n",
			p->topic, p->number, p->end, place);
		return;
	}
	if (place > p->start)
		p->start = p->next = place;
	if (place < 0 && p->end > p->low && !self->options->dry_run)
		fprintf(stderr, "%s:%" PRId32 ": no place of an earlier replay of this selection, begins with the oldest letter\n", p->topic, p->number);
}

static int read_places(replay *self)
{
	self->saved = mem_array(self->reader.count + 1, sizeof *self->saved);
	self->widths = mem_array(self->reader.count + 1, sizeof *self->widths);
	rd_kafka_topic_partition_list_t *list = partition_list(self);
	rd_kafka_resp_err_t err = self->keeps_place ? rd_kafka_committed(self->reader.consumer, list, CALL_MS) : RD_KAFKA_RESP_ERR_NO_ERROR;
	if (err)
		buf_printf(&self->errors, "the place of the last replay cannot be read (group %s): %s\n", self->group, rd_kafka_err2str(err));
	for (size_t i = 0; i < self->reader.count && !err && self->keeps_place && !self->options->again; i++)
		take_place(self, &self->reader.partitions[i], list->elems[i].offset);
	for (size_t i = 0; i < self->reader.count; i++)
		self->saved[i] = self->reader.partitions[i].next;
	rd_kafka_topic_partition_list_destroy(list);
	return err ? -1 : 0;
}

/* Places that moved; NULL: none did. */
static rd_kafka_topic_partition_list_t *moved_places(const replay *self)
{
	rd_kafka_topic_partition_list_t *list = NULL;
	for (size_t i = 0; i < self->reader.count && self->keeps_place; i++) {
		const dlq_partition *p = &self->reader.partitions[i];
		if (p->next == self->saved[i])
			continue;
		if (!list)
			list = rd_kafka_topic_partition_list_new((int)self->reader.count);
		rd_kafka_topic_partition_list_add(list, p->topic, p->number)->offset = p->next;
	}
	return list;
}

static void places_are_saved(replay *self)
{
	for (size_t i = 0; i < self->reader.count; i++)
		self->saved[i] = self->reader.partitions[i].next;
}

/* ---- a letter ---- */

static bool is_ours(const char *name)
{
	return strncasecmp(name, "millrace.", 9) == 0;
}

static void add_number(rd_kafka_headers_t *headers, const char *name, int64_t value)
{
	char text[24];
	snprintf(text, sizeof text, "%" PRId64, value);
	rd_kafka_header_add(headers, name, -1, text, -1);
}

/* The feed's headers in their order, then where the record first stood and how often it was replayed. */
static rd_kafka_headers_t *headers_of(const entry *e)
{
	rd_kafka_headers_t *old = NULL, *made = rd_kafka_headers_new(16);
	const dlq_letter *l = &e->letter;
	const char *name;
	const void *value;
	size_t size;
	if (rd_kafka_message_headers(l->message, &old) == RD_KAFKA_RESP_ERR_NO_ERROR)
		for (size_t i = 0; rd_kafka_header_get_all(old, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; i++)
			if (e->park || !is_ours(name))
				rd_kafka_header_add(made, name, -1, value, value ? (ssize_t)size : 0);
	if (e->park)
		return made;
	if (l->source_topic.data && l->source_partition >= 0 && l->source_offset >= 0) {
		rd_kafka_header_add(made, "millrace.source.topic", -1, l->source_topic.data, (ssize_t)l->source_topic.len);
		add_number(made, "millrace.source.partition", l->source_partition);
		add_number(made, "millrace.source.offset", l->source_offset);
	}
	add_number(made, "millrace.replays", l->replays + 1);
	return made;
}

/* Partitions of the input topic, asked once; 0: the broker does not tell. */
static int32_t width_of(replay *self, const char *input)
{
	const struct rd_kafka_metadata *about;
	size_t i = 0;
	while (strcmp(self->reader.partitions[i].input, input) != 0)
		i++;
	if (self->widths[i])
		return self->widths[i];
	rd_kafka_topic_t *topic = rd_kafka_topic_new(self->producer, input, NULL);
	if (topic && rd_kafka_metadata(self->producer, 0, topic, &about, CALL_MS) == RD_KAFKA_RESP_ERR_NO_ERROR) {
		self->widths[i] = about->topic_cnt == 1 ? about->topics[0].partition_cnt : 0;
		rd_kafka_metadata_destroy(about);
	}
	if (topic)
		rd_kafka_topic_destroy(topic);
	return self->widths[i];
}

/* The partition where it first stood, when the topic still has it; else its key decides, as for any producer. */
static int32_t partition_of(replay *self, const entry *e)
{
	const dlq_letter *l = &e->letter;
	if (e->park || !mr_bytes_equal(l->source_topic, l->input) || l->source_partition < 0 || l->source_partition >= width_of(self, l->input))
		return RD_KAFKA_PARTITION_UA;
	return (int32_t)l->source_partition;
}

/* To the input topic of the topic it lies in, whatever its headers say: a stranger's header must not choose where we write. */
static rd_kafka_resp_err_t produce(replay *self, entry *e)
{
	const rd_kafka_message_t *m = e->original ? e->original : e->letter.message, *l = e->letter.message;
	const char *topic = e->park ? self->options->park : e->letter.input;
	rd_kafka_headers_t *headers = headers_of(e);
	rd_kafka_resp_err_t err;
	while ((err = rd_kafka_producev(self->producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition_of(self, e)), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
					RD_KAFKA_V_KEY(l->key, l->key_len), RD_KAFKA_V_VALUE(m->payload, m->len), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(e),
					RD_KAFKA_V_END)) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
		rd_kafka_poll(self->producer, 50);
	if (err)
		rd_kafka_headers_destroy(headers);
	if (err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
		e->state = ENTRY_REFUSED;
	return err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ? RD_KAFKA_RESP_ERR_NO_ERROR : err;
}

/* ---- a batch ---- */

/* Produces what waits. Errors of single letters are told by their states. */
static rd_kafka_resp_err_t produce_all(replay *self)
{
	rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR_NO_ERROR;
	self->delivery_error = RD_KAFKA_RESP_ERR_NO_ERROR;
	for (size_t i = 0; i < self->count && !err; i++) {
		if (self->entries[i].state != ENTRY_WAITING)
			continue;
		err = produce(self, &self->entries[i]);
		if (!err && self->alone)
			err = rd_kafka_flush(self->producer, CALL_MS);
	}
	if (!err)
		err = rd_kafka_flush(self->producer, CALL_MS);
	return err ? err : self->delivery_error;
}

static size_t count_state(const replay *self, enum entry_state state)
{
	size_t n = 0;
	for (size_t i = 0; i < self->count; i++)
		n += self->entries[i].state == state;
	return n;
}

/* The broker refuses a message set as a whole: who was not alone in it is sent again, alone. */
static void try_alone(replay *self)
{
	for (size_t i = 0; i < self->count && !self->alone; i++)
		if (self->entries[i].state == ENTRY_REFUSED)
			self->entries[i].state = ENTRY_WAITING;
	self->alone = true;
}

static void abort_batch(replay *self)
{
	int tries = 0;
	rd_kafka_error_t *e;
	while (!self->errors.len && (e = rd_kafka_abort_transaction(self->producer, -1)))
		if (!is_passing(self, e, "abort the transaction", &tries))
			break;
	for (size_t i = 0; i < self->count; i++)
		if (self->entries[i].state == ENTRY_SENT)
			self->entries[i].state = ENTRY_WAITING;
}

/* One try: 0 done; 1 aborted, may be tried again; -1 final, told. */
static int transact(replay *self, const rd_kafka_topic_partition_list_t *places)
{
	rd_kafka_consumer_group_metadata_t *group = rd_kafka_consumer_group_metadata_new(self->group);
	rd_kafka_error_t *e;
	int tries = 0, rc = 1;
	while ((e = rd_kafka_begin_transaction(self->producer)))
		if (!is_passing(self, e, "begin a transaction", &tries))
			goto out;
	size_t refused = count_state(self, ENTRY_REFUSED);
	rd_kafka_resp_err_t err = produce_all(self);
	crash_point("replay-after-produce");
	if (err || count_state(self, ENTRY_REFUSED) > refused) {         /* a refused record spoils its transaction */
		abort_batch(self);
		if (count_state(self, ENTRY_REFUSED) > refused)
			try_alone(self);
		goto out;
	}
	while (places && (e = rd_kafka_send_offsets_to_transaction(self->producer, places, group, -1)))
		if (!is_passing(self, e, "send the place", &tries)) {
			abort_batch(self);
			goto out;
		}
	while ((e = rd_kafka_commit_transaction(self->producer, -1)))
		if (!is_passing(self, e, "commit", &tries)) {
			abort_batch(self);
			goto out;
		}
	rc = 0;
out:
	rd_kafka_consumer_group_metadata_destroy(group);
	return self->errors.len ? -1 : rc;
}

/* The same without transactions: what was acknowledged stays sent. */
static int send_and_commit(replay *self, const rd_kafka_topic_partition_list_t *places)
{
	size_t refused = count_state(self, ENTRY_REFUSED);
	rd_kafka_resp_err_t err = produce_all(self);
	crash_point("replay-after-produce");
	if (count_state(self, ENTRY_REFUSED) > refused && !self->alone)
		try_alone(self);
	if (err || count_state(self, ENTRY_WAITING))
		return 1;
	err = places ? rd_kafka_commit(self->reader.consumer, places, 0) : err;
	if (err)
		buf_printf(&self->errors, "commit the place: %s\n", rd_kafka_err2str(err));
	return err ? -1 : 0;
}

static void count_batch(replay *self)
{
	for (size_t i = 0; i < self->count; i++) {
		entry *e = &self->entries[i];
		if (e->state == ENTRY_REFUSED) {
			self->refused++;
			fprintf(stderr, "%s:%" PRId32 ":%" PRId64 " does not fit into %s (max.message.bytes): left where it is\n", e->letter.topic, e->letter.partition, e->letter.offset,
				e->park ? self->options->park : e->letter.input);
		} else if (e->park || e->state == ENTRY_PARKED_HERE) {
			self->parked++;
		} else {
			self->replayed++;
		}
	}
}

static void clear_batch(replay *self)
{
	for (size_t i = 0; i < self->count; i++) {
		dlq_letter_free(&self->entries[i].letter);
		if (self->entries[i].original)
			rd_kafka_message_destroy(self->entries[i].original);
	}
	self->count = self->bytes = 0;
}

/* Sends the batch and moves the place behind it. 0; -1 told. */
static int send_batch(replay *self)
{
	rd_kafka_topic_partition_list_t *places = moved_places(self);
	int rc = self->count || places ? 1 : 0;
	self->alone = false;
	if (self->producer)
		for (size_t tries = 0; rc > 0 && tries <= TRIES + count_state(self, ENTRY_REFUSED); tries++)
			rc = self->transactions ? transact(self, places) : send_and_commit(self, places);
	else
		rc = 0;
	if (rc > 0)
		buf_printf(&self->errors, "the batch was not taken: %s\n", self->delivery_error ? rd_kafka_err2str(self->delivery_error) : self->why);
	if (!rc) {
		crash_point("replay-after-batch");
		count_batch(self);
		places_are_saved(self);
	}
	clear_batch(self);
	if (places)
		rd_kafka_topic_partition_list_destroy(places);
	return rc ? -1 : 0;
}

/* ---- the whole ---- */

/* Takes the letter over. */
static void take(replay *self, dlq_letter *letter)
{
	entry *e = &self->entries[self->count];
	*e = (entry){.letter = *letter};
	*letter = (dlq_letter){0};
	bool over_limit = e->letter.replays >= self->options->limit;
	e->park = over_limit && self->options->park;
	if (over_limit && !e->park)
		e->state = ENTRY_PARKED_HERE;
	if (!e->letter.message->payload && !over_limit) {
		e->original = dlq_original(&self->originals, self->conf, &e->letter);
		if (!e->original) {
			if (dlq_stopped())               /* not looked for: the next run does */
				self->reader.partitions[self->reader.at].next = e->letter.offset;
			else
				self->gone++;
			fprintf(stderr, "%s:%" PRId32 ":%" PRId64 ": %s\n", e->letter.topic, e->letter.partition, e->letter.offset,
				dlq_stopped() ? "not looked for" : "its value was too large for the dead-letter topic and is no longer where it stood: left where it is");
			dlq_letter_free(&e->letter);
			return;
		}
	}
	self->bytes += e->original ? e->original->len : e->letter.message->len;
	self->count++;
}

static void show_progress(replay *self)
{
	char text[120];
	uint64_t done, all;
	dlq_reader_progress(&self->reader, &done, &all);
	snprintf(text, sizeof text, "%" PRId64 " replayed, %" PRId64 " parked, %" PRId64 " left", self->replayed, self->parked, self->gone + self->refused);
	progress_show(&self->line, done, all, text);
}

/* With --rate: `count` letters take their time. */
static void keep_rate(const replay *self, const struct timespec *begin, size_t count)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	int64_t passed = (int64_t)(now.tv_sec - begin->tv_sec) * 1000 + (now.tv_nsec - begin->tv_nsec) / 1000000;
	int64_t due = self->options->rate ? (int64_t)count * 1000 / self->options->rate : 0;
	if (passed < due && !dlq_stopped())
		poll(NULL, 0, (int)(due - passed));
}

static int run(replay *self)
{
	dlq_letter letter;
	size_t most = self->options->rate && self->options->rate < BATCH_LETTERS ? (size_t)self->options->rate : BATCH_LETTERS;
	int got = 1, rc = 0;
	while (!rc && got > 0 && !dlq_stopped()) {
		struct timespec begin;
		clock_gettime(CLOCK_MONOTONIC, &begin);
		while (self->count < most && self->bytes < BATCH_BYTES && self->taken < self->options->max && (got = dlq_reader_next(&self->reader, &letter, &self->errors)) > 0) {
			self->taken++;
			take(self, &letter);
		}
		got = self->taken < self->options->max ? got : 0;
		size_t count = self->count;
		rc = send_batch(self);
		show_progress(self);
		if (got > 0)
			keep_rate(self, &begin, count);
	}
	return rc || got < 0 ? -1 : 0;
}

static void summarise(const replay *self)
{
	bool dry = self->options->dry_run;
	printf("%s%" PRId64 " replayed", dry ? "would be: " : "", self->replayed);
	if (self->parked)
		printf(", %" PRId64 " parked (replayed %" PRId64 " times or more; %s)", self->parked, self->options->limit, self->options->park ? self->options->park : "left where they are");
	if (self->gone)
		printf(", %" PRId64 " without a value", self->gone);
	if (self->refused)
		printf(", %" PRId64 " too large", self->refused);
	printf("\n");
	if (self->keeps_place && !dry)
		fprintf(stderr, "the place is kept in group %s\n", self->group);
	if (dlq_stopped())
		fprintf(stderr, "stopped before the end; the same command goes on from here\n");
}

static int check_options(const replay *self)
{
	const char *const *topics;
	size_t count = settings_list(self->conf, "intake.topics", &topics);
	for (size_t i = 0; self->options->park && i < count; i++)
		if (strcmp(topics[i], self->options->park) == 0)
			return cli_usage("dlq", "--park %s is an input topic: what is parked would come in again", topics[i]);
	for (size_t i = 0; i < self->options->pick_count; i++)
		if (!strchr(self->options->picks[i], ':'))
			return cli_usage("dlq", "'%.100s' is not TOPIC:PARTITION:OFFSET", self->options->picks[i]);
	return 0;
}

static void close_all(replay *self)
{
	if (self->producer)
		rd_kafka_destroy(self->producer);
	if (self->originals) {
		rd_kafka_consumer_close(self->originals);
		rd_kafka_destroy(self->originals);
	}
	dlq_reader_close(&self->reader);
	free(self->saved);
	free(self->widths);
	buf_free(&self->errors);
	free(self);
}

int dlq_replay(const dlq_options *options, const settings *conf)
{
	replay *self = mem_alloc(sizeof *self);
	self->options = options;
	self->conf = conf;
	self->line = progress_new();
	self->keeps_place = options->pick_count == 0;
	self->transactions = strcmp(settings_str(conf, "publish.delivery"), "exactly-once") == 0;
	crash_setup();
	dlq_group(options, conf, self->group);
	int rc = check_options(self);
	if (rc) {
		close_all(self);
		return rc;
	}
	rc = dlq_reader_open(&self->reader, conf, options, self->group, &self->errors);
	if (!rc && !options->dry_run)
		rc = start_producer(self);
	if (!rc)
		rc = read_places(self);
	if (!rc)
		rc = run(self);
	progress_end(&self->line);
	if (self->errors.len)
		cli_failed("dlq", "%.*s", (int)self->errors.len - 1, self->errors.data);
	if (!rc || self->taken)
		summarise(self);
	bool all = !rc && !self->gone && !self->refused && !dlq_stopped();
	close_all(self);
	return all ? EXIT_CLEAN : EXIT_FAILED;
}
