/* load_run.c - `millrace load`: messages into batches, batches into the database.
 *
 * A batch holds its messages until it is through, so that a part of it can be written anew: when the database refuses a value (a key too long for an index, a column that
 * somebody made narrower), the batch is halved until the one record is found, which becomes a reject. Each half is a transaction with the places behind its own records.
 * Trouble that passes (connection lost, standby, disk full) drops the batch and asks a new session for the places: whatever became of the last commit, they tell it.
 * Bounded: messages of a batch and their bytes, the library's queue (load_read.c), one record's tree. */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/load.h"
#include "cli/load_copy.h"
#include "cli/term.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/routes.h"

#define BATCH_BYTES (16u << 20)
#define LINGER_MS 1000                   /* a record waits at most so long for others */
#define IDLE_MS 200                      /* ... or until nothing more has come for so long */
#define LOOK_MS 2000                     /* with --follow: new partitions, and those that another loader let go */
#define SILENCE_MS 30000                 /* without --follow: no message and no end for so long is trouble */
#define GRACE_MS 3000                    /* a loader that was killed just now: the server ends its session soon */
#define PATIENCE_MS 60000                /* without --follow: so long the database may be away */
#define PAUSE_LEAST_MS 250               /* between two tries: doubled each time */
#define PAUSE_MOST_MS 10000

typedef struct loader {
	const load_options *options;
	const settings *conf;
	const load_tables *tables;
	load_store *store;               /* NULL: no session now */
	load_reader reader;
	row rows[LOAD_KINDS];
	load_entry *entries;
	rd_kafka_message_t **messages;   /* as many as entries */
	size_t count;
	buf bytes;                       /* tuples */
	size_t value_bytes;
	int64_t first_ms;                /* when the first message of the batch came */
	int64_t *next;                   /* by partition, for load_store_write */
	uint64_t records;
	load_counts counts;
	int64_t trouble_ms, pause_ms;    /* since when the database takes nothing (0: it does); pause before the next try */
	progress line;
	buf errors;
} loader;

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- a batch ---- */

static void clear_batch(loader *self)
{
	for (size_t i = 0; i < self->count; i++)
		rd_kafka_message_destroy(self->messages[i]);
	self->count = 0;
	self->value_bytes = 0;
	buf_clear(&self->bytes);
}

static int64_t timestamp_of(const rd_kafka_message_t *m)
{
	rd_kafka_timestamp_type_t type;
	return rd_kafka_message_timestamp(m, &type);
}

/* The tuple of a reject at the end of the bytes. */
static void make_reject(loader *self, load_entry *e, const record_fault *fault)
{
	const rd_kafka_message_t *m = self->messages[e->message];
	const load_partition *p = &self->reader.partitions[e->partition];
	mr_bytes key = {m->key, m->key_len < LOAD_REJECT_BYTES ? m->key_len : LOAD_REJECT_BYTES};
	mr_bytes value = {m->payload, m->len < LOAD_REJECT_BYTES ? m->len : LOAD_REJECT_BYTES};
	int64_t at = timestamp_of(m);
	e->stage = STAGE_REJECTS;
	e->from = self->bytes.len;
	copy_tuple(&self->bytes, 9);
	copy_text(&self->bytes, mr_bytes_of(p->topic));
	copy_int4(&self->bytes, p->number);
	copy_int8(&self->bytes, m->offset);
	copy_text(&self->bytes, mr_bytes_of(fault->code));
	copy_text(&self->bytes, mr_bytes_of(fault->message));
	copy_text(&self->bytes, key);
	copy_text(&self->bytes, value);
	copy_int4(&self->bytes, (int32_t)m->len);
	if (at > 0 && at < 253402300800000)      /* the year 10000 */
		copy_time(&self->bytes, at);
	else
		copy_null(&self->bytes);
	e->len = self->bytes.len - e->from;
	log_warn("record rejected", "topic", "%s", p->topic, "part", "%d", p->number, "off", "%lld", (long long)m->offset, "reason", "%s", fault->code, "why", "%s",
		fault->message);
}

static void make_gone(loader *self, load_entry *e, record_fault *fault)
{
	const rd_kafka_message_t *m = self->messages[e->message];
	const load_partition *p = &self->reader.partitions[e->partition];
	mr_bytes key = {m->key, m->key_len};
	if (!row_is_id(key)) {
		record_fault_set(fault, "bad-tombstone", "load", "a null value whose key is no article_id deletes nothing");
		make_reject(self, e, fault);
		return;
	}
	e->stage = p->kind == LOAD_ARTICLES ? STAGE_GONE_ARTICLES : STAGE_GONE_DUPLICATES;
	copy_tuple(&self->bytes, 5);
	copy_text(&self->bytes, key);
	copy_text(&self->bytes, mr_bytes_of(p->topic));
	copy_int4(&self->bytes, p->number);
	copy_int8(&self->bytes, m->offset);
	copy_int8(&self->bytes, timestamp_of(m) < 0 ? INT64_MAX : timestamp_of(m));
	e->len = self->bytes.len - e->from;
}

static void take(loader *self, rd_kafka_message_t *m, size_t partition)
{
	load_partition *p = &self->reader.partitions[partition];
	load_entry *e = &self->entries[self->count];
	record_fault fault;
	*e = (load_entry){.partition = partition, .message = self->count, .from = self->bytes.len};
	self->messages[self->count++] = m;
	self->value_bytes += m->len + m->key_len;
	self->first_ms = self->count == 1 ? now_ms() : self->first_ms;
	p->next = m->offset + 1;
	if (!m->payload) {
		make_gone(self, e, &fault);
	} else if (row_read(&self->tables->columns[p->kind], (mr_bytes){m->payload, m->len}, LOAD_BYTES_MAX, &self->rows[p->kind], &fault)) {
		make_reject(self, e, &fault);
	} else {
		e->stage = p->kind == LOAD_ARTICLES ? STAGE_ARTICLES : STAGE_DUPLICATES;
		copy_row(&self->bytes, &self->tables->columns[p->kind], &self->rows[p->kind], &(copy_place){p->topic, p->number, m->offset});
		e->len = self->bytes.len - e->from;
	}
}

/* What went wrong, as one line for the log; `errors` is empty then. */
static const char *why(loader *self, char out[241])
{
	mr_bytes text = buf_bytes(&self->errors);
	log_clean(out, 240, (mr_bytes){text.data, text.len ? text.len - 1 : 0});
	buf_clear(&self->errors);
	return out;
}

static void reject_refused(loader *self, load_entry *e)
{
	record_fault fault;
	char text[241];
	record_fault_set(&fault, "refused", "load", "%s", why(self, text));
	make_reject(self, e, &fault);
}

static enum load_result write_once(loader *self, size_t from, size_t to)
{
	for (size_t i = 0; i < self->reader.count; i++)
		self->next[i] = -1;
	for (size_t i = from; i < to; i++)
		self->next[self->entries[i].partition] = self->messages[self->entries[i].message]->offset + 1;
	load_part part = {self->entries, from, to, self->bytes.data, self->reader.partitions, self->next, self->reader.count, self->reader.cluster};
	enum load_result rc = load_store_write(self->store, &part, &self->counts, &self->errors);
	self->records += rc == LOAD_DONE ? to - from : 0;
	return rc;
}

/* Depth: the logarithm of the batch. */
static enum load_result write_range(loader *self, size_t from, size_t to)
{
	enum load_result rc = write_once(self, from, to);
	if (rc != LOAD_REFUSED)
		return rc;
	if (to - from == 1) {
		reject_refused(self, &self->entries[from]);
		rc = write_once(self, from, to);
		return rc == LOAD_REFUSED ? LOAD_WRONG : rc;     /* the table of rejects does not take it either */
	}
	buf_clear(&self->errors);
	rc = write_range(self, from, from + (to - from) / 2);
	return rc == LOAD_DONE ? write_range(self, from + (to - from) / 2, to) : rc;
}

/* ---- telling ---- */

static int64_t behind(const loader *self)
{
	int64_t sum = 0;
	for (size_t i = 0; i < self->reader.count; i++) {
		const load_partition *p = &self->reader.partitions[i];
		sum += p->ours && p->end > p->position ? p->end - p->position : 0;
	}
	return sum;
}

static void show(loader *self, size_t records, int64_t begin)
{
	char text[120];
	uint64_t done = 0, all = 0;
	for (size_t i = 0; i < self->reader.count; i++) {
		const load_partition *p = &self->reader.partitions[i];
		if (p->ours)
			done += (uint64_t)(p->position - p->start), all += (uint64_t)((p->end > p->position ? p->end : p->position) - p->start);
	}
	snprintf(text, sizeof text, "%" PRIu64 " rows, %" PRIu64 " deleted, %" PRIu64 " rejected", self->counts.written, self->counts.deleted, self->counts.rejected);
	progress_show(&self->line, done, all, text);
	log_info("batch loaded", "records", "%zu", records, "rows", "%llu", (unsigned long long)self->counts.written,
		"deleted", "%llu", (unsigned long long)self->counts.deleted, "rejected", "%llu", (unsigned long long)self->counts.rejected,
		"behind", "%lld", (long long)behind(self), "ms", "%lld", (long long)(now_ms() - begin));
}

static void count_dry(loader *self)
{
	self->records += self->count;
	for (size_t i = 0; i < self->count; i++) {
		enum load_stage stage = self->entries[i].stage;
		bool row = stage == STAGE_ARTICLES || stage == STAGE_DUPLICATES;
		*(row ? &self->counts.written : stage == STAGE_REJECTS ? &self->counts.rejected : &self->counts.deleted) += 1;
	}
}

static void summarise(loader *self)
{
	bool dry = self->options->dry_run;
	printf("%s%" PRIu64 " records: %" PRIu64 " rows written, %" PRIu64 " deleted, %" PRIu64 " rejected\n", dry ? "would be: " : "", self->records, self->counts.written,
		self->counts.deleted, self->counts.rejected);
	if (self->counts.rejected && !dry)
		fprintf(stderr, "rejected records stand in %s.rejects with their reason\n", self->tables->schema);
	if (load_stopped() && !self->options->follow)
		fprintf(stderr, "stopped before the end; the same command goes on from here\n");
}

/* ---- partitions ---- */

/* Where reading begins: at the place in the database, at the oldest record where there is none, or where that place is in a log that is no more. */
static enum load_result begin_partition(loader *self, load_partition *p)
{
	int64_t low, end;
	enum load_result rc = LOAD_DONE;
	if (load_reader_bounds(&self->reader, p, &low, &end, &self->errors))
		return LOAD_WRONG;
	bool again = self->options->again && !p->begun, anew = !again && p->saved > end;
	if (anew)
		log_warn("the topic was made anew: read from its beginning", "topic", "%s", p->topic, "part", "%d", p->number, "place", "%lld", (long long)p->saved,
			"end", "%lld", (long long)end);
	if (!again && p->saved >= 0 && p->saved < low)
		log_warn("records are gone before they were loaded (retention of the topic)", "topic", "%s", p->topic, "part", "%d", p->number,
			"from", "%lld", (long long)p->saved, "to", "%lld", (long long)low);
	if ((again || anew) && !self->options->dry_run)
		rc = load_store_forget(self->store, p, anew, &self->errors);
	p->next = again || anew || p->saved < low ? low : p->saved;
	p->position = p->next;
	if (!p->begun || anew)
		p->start = p->next;
	if (!p->begun || self->options->follow)
		p->end = end;
	p->begun = true;
	return rc;
}

/* Takes what is not ours yet. *held: partitions that others hold. *taken: new ones. */
static enum load_result take_partitions(loader *self, size_t *held, size_t *taken)
{
	enum load_result rc = LOAD_DONE;
	*held = *taken = 0;
	for (size_t i = 0; i < self->reader.count && rc == LOAD_DONE; i++) {
		load_partition *p = &self->reader.partitions[i];
		if (p->ours)
			continue;
		rc = load_store_take(self->store, p, self->reader.cluster, self->options->again, &self->errors);
		*held += rc == LOAD_DONE && !p->ours;
		if (rc != LOAD_DONE || !p->ours)
			continue;
		rc = begin_partition(self, p);
		p->ours = rc == LOAD_DONE;
		*taken += 1;
	}
	if (rc == LOAD_DONE && *taken)
		load_reader_assign(&self->reader);
	return rc;
}

/* The same; waits a little for a loader that has just ended, without --follow. */
static enum load_result take_patiently(loader *self, size_t *held)
{
	int64_t begin = now_ms();
	size_t taken;
	enum load_result rc = take_partitions(self, held, &taken);
	while (rc == LOAD_DONE && *held && !self->options->follow && now_ms() - begin < GRACE_MS && !load_stopped()) {
		poll(NULL, 0, 100);
		rc = take_partitions(self, held, &taken);
	}
	return rc;
}

/* Of the topics that the command line names, else of those that the daemon publishes articles to. */
static int find_articles(loader *self)
{
	const load_options *o = self->options;
	routes *configured = routes_new(self->conf);
	const char *const *topics = o->topics;
	size_t count = o->topic_count ? o->topic_count : routes_topics(configured, &topics), i = 0;
	while (i < count && load_reader_find(&self->reader, topics[i], LOAD_ARTICLES, &self->errors) >= 0)
		i++;
	routes_free(&configured);
	return i == count ? 0 : -1;
}

static int find_partitions(loader *self)
{
	const load_options *o = self->options;
	size_t before = self->reader.count;
	if (find_articles(self))
		return -1;
	if (o->duplicates && load_reader_find(&self->reader, settings_str(self->conf, "publish.duplicates_topic"), LOAD_DUPLICATES, &self->errors) < 0)
		return -1;
	if (self->reader.count > before)
		self->next = mem_grow(self->next, self->reader.count, sizeof *self->next);
	return 0;
}

/* ---- the session ---- */

static enum load_result open_session(loader *self)
{
	self->store = load_store_open(self->options->database, self->tables, &self->errors);
	return self->store ? load_store_prepare(self->store, self->options->dry_run, &self->errors) : LOAD_LOST;
}

static void tell_errors(loader *self)
{
	progress_end(&self->line);
	if (self->errors.len)
		cli_failed("load", "%.*s", (int)self->errors.len - 1, self->errors.data);
	buf_clear(&self->errors);
}

/* A new session after trouble, with everything that was ours. LOAD_LOST: given up, or stopped. A session is not yet the end of the trouble (a full disk lets one in), a
 * batch is: until then the pauses grow, and patience runs out. */
static enum load_result recover(loader *self)
{
	enum load_result rc = LOAD_LOST;
	size_t held = 0;
	char text[241];
	if (!self->trouble_ms)
		self->trouble_ms = now_ms();
	clear_batch(self);
	while (rc == LOAD_LOST && !load_stopped() && (self->options->follow || now_ms() - self->trouble_ms < PATIENCE_MS)) {
		if (self->errors.len)
			log_warn("database trouble: trying again", "why", "%s", why(self, text));
		load_store_close(&self->store);
		for (size_t i = 0; i < self->reader.count; i++)
			self->reader.partitions[i].ours = false;
		self->pause_ms = self->pause_ms == 0 ? PAUSE_LEAST_MS : self->pause_ms * 2 < PAUSE_MOST_MS ? self->pause_ms * 2 : PAUSE_MOST_MS;
		poll(NULL, 0, (int)self->pause_ms);
		rc = open_session(self);
		if (rc == LOAD_DONE)
			rc = take_patiently(self, &held);
	}
	if (rc == LOAD_DONE)
		log_warn("database is back", "held_by_others", "%zu", held);
	return rc;
}

/* ---- the loop ---- */

static enum load_result flush(loader *self)
{
	int64_t begin = now_ms();
	size_t records = self->count;
	enum load_result rc = LOAD_DONE;
	if (!self->count)
		return LOAD_DONE;
	if (self->options->dry_run)
		count_dry(self);
	else
		rc = write_range(self, 0, self->count);
	if (rc == LOAD_LOST)
		return recover(self);
	clear_batch(self);
	if (rc != LOAD_DONE)
		return rc;
	self->trouble_ms = self->pause_ms = 0;
	show(self, records, begin);
	return LOAD_DONE;
}

static bool at_end(const loader *self)
{
	for (size_t i = 0; i < self->reader.count; i++) {
		const load_partition *p = &self->reader.partitions[i];
		if (p->ours && p->position < p->end)
			return false;
	}
	return true;
}

/* With --follow, every few seconds: how far behind, new partitions, freed ones. */
static enum load_result look_around(loader *self)
{
	size_t held, taken;
	if (find_partitions(self)) {
		char text[241];
		log_warn("topics cannot be looked at", "why", "%s", why(self, text));
		return LOAD_DONE;
	}
	for (size_t i = 0; i < self->reader.count; i++) {
		load_partition *p = &self->reader.partitions[i];
		int64_t low, end;
		if (p->ours && !load_reader_bounds(&self->reader, p, &low, &end, &self->errors))
			p->end = end;
	}
	buf_clear(&self->errors);
	enum load_result rc = take_partitions(self, &held, &taken);
	return rc == LOAD_LOST ? recover(self) : rc;
}

/* What was to be read next is not there any more: retention was faster, or the topic was made anew. Each partition begins again from its place, or from the oldest record. */
static enum load_result begin_again(loader *self)
{
	enum load_result rc = flush(self);
	for (size_t i = 0; i < self->reader.count && rc == LOAD_DONE; i++)
		if (self->reader.partitions[i].ours)
			rc = begin_partition(self, &self->reader.partitions[i]);
	if (rc == LOAD_DONE)
		load_reader_assign(&self->reader);
	return rc == LOAD_LOST ? recover(self) : rc;
}

/* LOAD_WRONG, told: Kafka cannot be read, and that does not pass. */
static enum load_result take_error(loader *self, rd_kafka_resp_err_t error, bool silent)
{
	if (error == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET || error == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE)
		return begin_again(self);
	if (!silent && (!error || load_reader_passes(error)))
		return LOAD_DONE;
	buf_printf(&self->errors, "Kafka cannot be read: %s\n", error ? rd_kafka_err2str(error) : "no record and no end for 30 s");
	return LOAD_WRONG;
}

static enum load_result loop(loader *self)
{
	enum load_result rc = LOAD_DONE;
	int64_t looked = now_ms(), silence = 0;          /* time spent listening in vain: what the database takes is no silence of Kafka's */
	while (rc == LOAD_DONE && !load_stopped() && (self->options->follow || !at_end(self))) {
		rd_kafka_resp_err_t error;
		size_t at;
		int64_t asked = now_ms();
		rd_kafka_message_t *m = load_reader_next(&self->reader, self->count ? IDLE_MS : 500, &at, &error);
		silence = m ? 0 : silence + now_ms() - asked;
		if (m)
			take(self, m, at);
		rc = take_error(self, error, !self->options->follow && silence > SILENCE_MS);
		bool full = self->count == (size_t)self->options->batch || self->value_bytes + self->bytes.len >= BATCH_BYTES;
		if (rc == LOAD_DONE && (full || (self->count && (!m || now_ms() - self->first_ms > LINGER_MS))))
			rc = flush(self);
		if (rc == LOAD_DONE && self->options->follow && now_ms() - looked > LOOK_MS) {
			rc = look_around(self);
			looked = now_ms();
		}
	}
	return rc == LOAD_DONE ? flush(self) : rc;
}

static enum load_result begin(loader *self, size_t *held)
{
	enum load_result rc;
	if (load_reader_open(&self->reader, self->conf, &self->errors))
		return LOAD_WRONG;
	self->store = load_store_open(self->options->database, self->tables, &self->errors);
	if (!self->store)
		return LOAD_LOST;
	rc = self->options->create ? load_store_create(self->store, &self->errors) : LOAD_DONE;
	if (rc == LOAD_DONE)
		rc = load_store_prepare(self->store, self->options->dry_run, &self->errors);
	if (rc == LOAD_DONE && find_partitions(self))
		rc = LOAD_WRONG;
	return rc == LOAD_DONE ? take_patiently(self, held) : rc;
}

static void close_all(loader *self)
{
	clear_batch(self);
	load_store_close(&self->store);
	load_reader_close(&self->reader);
	for (enum load_kind kind = 0; kind < LOAD_KINDS; kind++)
		row_free(&self->rows[kind]);
	free(self->entries);
	free(self->messages);
	free(self->next);
	buf_free(&self->bytes);
	buf_free(&self->errors);
}

int load_run(const load_options *options, const settings *conf, const load_tables *tables)
{
	loader self = {.options = options, .conf = conf, .tables = tables, .line = progress_new()};
	size_t held = 0;
	self.entries = mem_array((size_t)options->batch, sizeof *self.entries);
	self.messages = mem_array((size_t)options->batch, sizeof *self.messages);
	if (!self.line.out.is_terminal)
		log_set_level(LOG_LEVEL_INFO);
	enum load_result rc = begin(&self, &held);
	if (rc == LOAD_DONE && held && !options->follow)
		fprintf(stderr, "millrace load: %zu partitions are held by another loader: left out\n", held);
	if (rc == LOAD_DONE)
		rc = loop(&self);
	tell_errors(&self);
	if (rc == LOAD_DONE || self.records)
		summarise(&self);
	close_all(&self);
	if (rc == LOAD_LOST && load_stopped())
		return EXIT_CLEAN;
	return rc != LOAD_DONE ? EXIT_FAILED : held && !options->follow ? EXIT_LOCKED : EXIT_CLEAN;
}
