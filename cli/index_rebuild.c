/* index_rebuild.c - `millrace index rebuild`: the index out of the journal, for a machine that has none. What the daemon would do at its first start, done before it,
 * with a bar: committed entries become followed entries of a fresh log, with the positions up to which that was done. Interrupted anywhere, what is there is sound; the
 * daemon goes on from the positions. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/index.h"
#include "common/mem.h"
#include "daemon/index_store.h"
#include "daemon/journal_message.h"
#include "daemon/kafka_conf.h"

#define CALL_MS 10000            /* one question to a broker */
#define SILENCE_MS 60000         /* no message and no end for so long: trouble */
#define WRITE_BYTES (8u << 20)   /* of frames that are written and synced at once */
#define LINE_MS 10000            /* between two lines, where there is no terminal */
#define PARTITIONS_MAX 10000

typedef struct partition {
	int64_t low, high, next;         /* offsets: where it begins, its end when asked, what is read next */
	bool ended;
} partition;

typedef struct rebuilding {
	const index_options *options;
	const settings *conf;
	const char *topic;
	char versions[JOURNAL_VERSIONS_MAX];
	rd_kafka_t *reader;
	rd_kafka_queue_t *queue;
	index_log *log;
	partition *partitions;
	int count, open;                 /* partitions; those that did not end */
	buf frames;
	uint64_t articles, aliases, skipped, read;
	const char *why;                 /* of the last one that was skipped */
	progress line;
	int64_t told_ms;
	buf errors;
} rebuilding;

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- the journal ---- */

static int ask_ends(rebuilding *self, rd_kafka_t *asker)
{
	const struct rd_kafka_metadata *about;
	rd_kafka_topic_t *topic = rd_kafka_topic_new(asker, self->topic, NULL);
	rd_kafka_resp_err_t err = rd_kafka_metadata(asker, 0, topic, &about, CALL_MS);
	if (!err) {
		err = about->topic_cnt == 1 ? about->topics[0].err : RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
		self->count = err ? 0 : about->topics[0].partition_cnt;
		rd_kafka_metadata_destroy(about);
	}
	rd_kafka_topic_destroy(topic);
	if (!err && (self->count < 1 || self->count > PARTITIONS_MAX))
		err = RD_KAFKA_RESP_ERR__BAD_MSG;
	self->partitions = mem_array((size_t)self->count + 1, sizeof *self->partitions);
	for (int i = 0; i < self->count && !err; i++) {
		partition *p = &self->partitions[i];
		err = rd_kafka_query_watermark_offsets(asker, self->topic, i, &p->low, &p->high, CALL_MS);
		p->next = p->low;
		p->ended = p->low >= p->high;
		self->open += !p->ended;
	}
	if (err)
		buf_printf(&self->errors, "cannot ask for the journal %s: %s\n", self->topic, rd_kafka_err2str(err));
	return err ? -1 : 0;
}

static int open_journal(rebuilding *self)
{
	rd_kafka_t *asker = kafka_asker(self->conf, &self->errors);
	int result = asker ? ask_ends(self, asker) : -1;
	if (asker)
		rd_kafka_destroy_flags(asker, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	if (result || !(self->reader = kafka_follower(self->conf, &self->errors)))
		return -1;
	self->queue = rd_kafka_queue_get_consumer(self->reader);
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(self->count);
	for (int i = 0; i < self->count; i++)
		if (!self->partitions[i].ended)
			rd_kafka_topic_partition_list_add(list, self->topic, i)->offset = self->partitions[i].low;
	rd_kafka_resp_err_t err = list->cnt ? rd_kafka_assign(self->reader, list) : RD_KAFKA_RESP_ERR_NO_ERROR;
	rd_kafka_topic_partition_list_destroy(list);
	if (err)
		buf_printf(&self->errors, "cannot read the journal %s: %s\n", self->topic, rd_kafka_err2str(err));
	return err ? -1 : 0;
}

/* ---- the log ---- */

/* Writes what was read, with the positions: everything before them is in the log. */
static int write_frames(rebuilding *self)
{
	buf lines = {0};
	for (int i = 0; i < self->count; i++)
		buf_printf(&lines, "%s %d %" PRId64 "\n", self->topic, i, self->partitions[i].next);
	index_log_frame_positions(&self->frames, buf_bytes(&lines));
	buf_free(&lines);
	int failed = index_log_append_followed(self->log, buf_bytes(&self->frames)) == 0 || index_log_sync(self->log);
	if (failed)
		buf_printf(&self->errors, "cannot write to %s: %s\n", self->options->folder, strerror(errno));
	buf_clear(&self->frames);
	return failed ? -1 : 0;
}

static void read_entry(rebuilding *self, const rd_kafka_message_t *m)
{
	rd_kafka_headers_t *headers = NULL;
	const void *told = NULL;
	size_t len = 0;
	index_entry entry;
	mr_bytes topic;
	char name[250];
	buf bytes = {0};
	self->read++;
	if (rd_kafka_message_headers(m, &headers) || rd_kafka_header_get_last(headers, JOURNAL_VERSIONS, &told, &len))
		told = NULL;
	if (journal_message_read((mr_bytes){m->payload, m->payload ? m->len : 0}, (mr_bytes){told, told ? len : 0}, self->versions, &entry, &topic, &self->why)) {
		self->skipped++;
		return;
	}
	*(entry.kind == INDEX_ALIAS ? &self->aliases : &self->articles) += 1;
	snprintf(name, sizeof name, "%.*s", (int)topic.len, topic.data);
	index_entry_encode(&entry, name, &bytes);
	index_log_frame_followed(&self->frames, buf_bytes(&bytes));
	buf_free(&bytes);
}

/* ---- from the beginning to the end ---- */

static void move_to(rebuilding *self, int32_t number, int64_t next, bool end)
{
	if (number < 0 || number >= self->count)
		return;
	partition *p = &self->partitions[number];
	p->next = next > p->next ? next : p->next;
	if (!p->ended && (end || p->next >= p->high)) {
		p->ended = true;
		self->open--;
	}
}

/* True: it brought something. */
static bool on_event(rebuilding *self, rd_kafka_event_t *event)
{
	const rd_kafka_message_t *m;
	bool good = false;
	if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_FETCH) {
		m = rd_kafka_event_message_next(event);
		if (m && !m->err) {
			read_entry(self, m);
			move_to(self, m->partition, m->offset + 1, false);
			good = true;
		}
	} else if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR && rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		rd_kafka_topic_partition_t *at = rd_kafka_event_topic_partition(event);
		if (at)
			move_to(self, at->partition, at->offset, true);
		if (at)
			rd_kafka_topic_partition_destroy(at);
		good = true;
	}
	return good;
}

static void tell(rebuilding *self)
{
	uint64_t done = 0, all = 0;
	for (int i = 0; i < self->count; i++) {
		done += (uint64_t)(self->partitions[i].next - self->partitions[i].low);
		all += (uint64_t)(self->partitions[i].high - self->partitions[i].low);
	}
	done = done < all ? done : all;
	progress_show(&self->line, done, all, "messages read");
	if (self->line.out.is_terminal || now_ms() - self->told_ms < LINE_MS)
		return;
	self->told_ms = now_ms();
	fprintf(stderr, "millrace index: %" PRIu64 " of %" PRIu64 " messages read\n", done, all);
}

static int read_journal(rebuilding *self)
{
	int64_t last_ms = now_ms();
	self->told_ms = last_ms;
	while (self->open) {
		rd_kafka_event_t *event = rd_kafka_queue_poll(self->queue, 200);
		if (event && on_event(self, event))
			last_ms = now_ms();
		if (event)
			rd_kafka_event_destroy(event);
		if (self->frames.len >= WRITE_BYTES && write_frames(self))
			return -1;
		if (now_ms() - last_ms > SILENCE_MS) {
			buf_printf(&self->errors, "reading the journal %s: nothing came for %d s; what was read is kept, the daemon goes on from there\n", self->topic, SILENCE_MS / 1000);
			return -1;
		}
		if (!event || self->read % 1024 == 0)
			tell(self);
	}
	return write_frames(self);
}

/* ---- the folder ---- */

/* Any file of an index, also such as no daemon could read. */
static bool holds_index(const index_options *options)
{
	bool found = false;
	DIR *dir = opendir(options->folder);
	for (struct dirent *d; dir && !found && (d = readdir(dir));)
		found = fnmatch("index-*.log", d->d_name, 0) == 0;
	if (dir)
		closedir(dir);
	return found;
}

/* The whole folder gets another name at once, while nobody uses it. 0; or an exit code, told. */
static int move_aside(const index_options *options)
{
	char path[PATH_MAX], to[PATH_MAX];
	int number = 1;
	snprintf(path, sizeof path, "%s/lock", options->folder);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (fd < 0)
		return cli_failed("index", "cannot open %s: %s", path, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		close(fd);
		cli_failed("index", "%s is in use by a daemon", options->folder);
		return EXIT_LOCKED;
	}
	do
		snprintf(to, sizeof to, "%s.before-%d", options->folder, number++);
	while (access(to, F_OK) == 0);
	int failed = rename(options->folder, to);
	int cause = errno;
	close(fd);
	if (failed)
		return cli_failed("index", "cannot move %s to %s: %s", options->folder, to, strerror(cause));
	printf("%s was moved to %s\n", options->folder, to);
	return 0;
}

static int no_entry(void *arg, mr_bytes entry, uint32_t format, uint32_t segment)
{
	(void)arg;
	(void)entry;
	(void)format;
	(void)segment;
	return 0;
}

static int open_log(rebuilding *self)
{
	index_log_identity identity = index_store_identity(self->conf);
	bool locked = false;
	self->log = index_log_open(self->options->folder, &identity, 0, no_entry, NULL, &locked, &self->errors);
	return self->log ? 0 : locked ? EXIT_LOCKED : EXIT_FAILED;
}

/* ---- the command ---- */

static int rebuild(rebuilding *self)
{
	char a[32], b[32], c[32];
	int64_t from = now_ms();
	int rc = open_journal(self) ? EXIT_FAILED : open_log(self);
	if (!rc && read_journal(self))
		rc = EXIT_FAILED;
	progress_end(&self->line);
	if (rc) {
		index_failed(&self->errors);
		return rc;
	}
	printf("%s: %s articles and %s aliases from the journal %s, in %.1f s\n", self->options->folder, index_number(self->articles, a), index_number(self->aliases, b),
	       self->topic, (double)(now_ms() - from) / 1000);
	if (self->skipped)
		printf("%s entries were skipped, the last one because %s\n", index_number(self->skipped, c), self->why);
	return EXIT_CLEAN;
}

int index_rebuild(const index_options *options, const settings *conf)
{
	rebuilding self = {.options = options, .conf = conf, .topic = settings_str(conf, "dedup.journal"), .line = progress_new()};
	int rc;
	if (!self.topic[0]) {
		cli_failed("index", "dedup.journal names no topic: without a journal there is nothing to rebuild the index from");
		return EXIT_CONFIG;
	}
	if (holds_index(options)) {
		if (!options->force)
			return cli_failed("index", "%s holds an index already; --force moves the folder aside first", options->folder);
		if ((rc = move_aside(options)))
			return rc;
	}
	journal_versions(conf, self.versions);
	rc = rebuild(&self);
	index_log_close(&self.log);
	if (self.queue)
		rd_kafka_queue_destroy(self.queue);
	if (self.reader)
		rd_kafka_destroy_flags(self.reader, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	free(self.partitions);
	buf_free(&self.frames);
	buf_free(&self.errors);
	return rc;
}
