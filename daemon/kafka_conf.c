/* kafka_conf.c - see kafka_conf.h. Sources of the values: docs/design.md, "Kafka". */
#include "kafka_conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/nearest.h"
#include "common/routes.h"
#include "common/settings.h"

#define SESSION_MS_DEFAULT 45000
#define TRANSACTION_MS_MAX 30000
#define LIBRARY_MESSAGE_MS 300000        /* librdkafka's default of message.timeout.ms */
#define ASK_MS 5000
#define FOLLOW_KBYTES "32768"            /* entries of the journal that wait in the library */
#define FOLLOW_MESSAGES "1000000"        /* neither is reached: journal.c takes out what comes at once and pauses the partitions itself; at a limit librdkafka 2.0 sleeps a second */
#define MB 1048576

typedef struct building {
	rd_kafka_conf_t *conf;
	const char *section;
	buf *errors;
	int bad;
} building;

static int set_property(void *arg, const char *key, const char *value)
{
	building *b = arg;
	char why[256];
	if (rd_kafka_conf_set(b->conf, key, value, why, sizeof why) != RD_KAFKA_CONF_OK) {
		buf_printf(b->errors, "%s.%s: %s\n", b->section, key, why);
		b->bad++;
	}
	return 0;
}

static void set_own(building *b, const char *key, const char *value)
{
	b->section = "kafka";
	set_property(b, key, value);
}

static void set_number(building *b, const char *key, int64_t value)
{
	char text[24];
	snprintf(text, sizeof text, "%lld", (long long)value);
	set_own(b, key, text);
}

static void pass_through(building *b, const struct settings *settings, const char *section)
{
	b->section = section;
	if (settings_section(settings, section, set_property, b) && settings_secrets_unread(settings, b->errors))
		b->bad++;                        /* a secret that cannot be read: better no start than one without it */
}

/* librdkafka's own lines (any of its threads): its levels are syslog's. */
static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
	char clean[401];
	(void)rk;
	log_line(level <= 3 ? LOG_LEVEL_ERROR : level <= 4 ? LOG_LEVEL_WARN : level <= 6 ? LOG_LEVEL_DEBUG : LOG_LEVEL_DEBUG, __FILE__, __LINE__, "librdkafka",
		 "facility", "%s", facility, "text", "%s", log_clean(clean, 400, mr_bytes_of(text)), NULL);
}

static void common_properties(building *b, const struct settings *settings)
{
	char name[128];
	snprintf(name, sizeof name, "millrace-%s", settings_str(settings, "daemon.instance"));
	set_own(b, "client.id", name);
	set_own(b, "socket.nagle.disable", "true");
	set_own(b, "reconnect.backoff.max.ms", "2000");
	set_own(b, "log.connection.close", "false");
	rd_kafka_conf_set_log_cb(b->conf, on_log);
	pass_through(b, settings, "kafka");
}

bool kafka_is_cooperative(const struct settings *settings)
{
	const char *word = settings_str(settings, "intake.assignor");
	if (strcmp(word, "auto") == 0)                   /* endless loop in the cooperative assignor before 2.6.1 (librdkafka#4800) */
		return rd_kafka_version() >= 0x020601ff;
	return strcmp(word, "cooperative-sticky") == 0;
}

static rd_kafka_t *create(building *b, rd_kafka_type_t type, const char *what)
{
	char why[256];
	rd_kafka_t *rk = b->bad ? NULL : rd_kafka_new(type, b->conf, why, sizeof why);
	if (rk)
		return rk;
	if (!b->bad)
		buf_printf(b->errors, "kafka: cannot create the %s: %s\n", what, why);
	rd_kafka_conf_destroy(b->conf);
	return NULL;
}

/* Patterns must never match what we write: dead letters of their own inputs, above all. */
static void set_blacklist(building *b, const struct settings *settings)
{
	buf pattern = {0};
	buf_add_char(&pattern, '^');
	for (const char *c = settings_str(settings, "publish.dead_prefix"); *c; c++) {
		if (*c == '.')
			buf_add_char(&pattern, '\\');
		buf_add_char(&pattern, *c);
	}
	set_own(b, "topic.blacklist", buf_bytes(&pattern).data);
	buf_free(&pattern);
}

rd_kafka_t *kafka_consumer(const struct settings *settings, buf *errors)
{
	building b = {rd_kafka_conf_new(), "kafka", errors, 0};
	int64_t ahead = settings_int(settings, "intake.prefetch_bytes");
	common_properties(&b, settings);
	set_own(&b, "fetch.wait.max.ms", "50");
	set_number(&b, "fetch.max.bytes", ahead / 4 > MB ? ahead / 4 : MB);      /* many partitions of 1 MB each in one answer would be far above `ahead` */
	set_own(&b, "allow.auto.create.topics", "false");
	set_blacklist(&b, settings);
	pass_through(&b, settings, "kafka.consumer");
	set_own(&b, "group.id", settings_str(settings, "intake.group"));
	set_own(&b, "enable.auto.commit", "false");
	set_own(&b, "enable.auto.offset.store", "false");
	set_own(&b, "isolation.level", "read_committed");        /* offset fetches wait for pending transactional offsets, too */
	set_own(&b, "auto.offset.reset", "earliest");            /* a new group, or a log that is shorter than what was read: nothing may be left out */
	set_own(&b, "enable.partition.eof", "false");
	set_own(&b, "partition.assignment.strategy", kafka_is_cooperative(settings) ? "cooperative-sticky" : "range");
	set_number(&b, "queued.max.messages.kbytes", ahead / 1024);
	set_own(&b, "statistics.interval.ms", "2000");           /* is a broker up? (intake.c) */
	rd_kafka_conf_set_events(b.conf, RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_FETCH | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS);
	rd_kafka_t *rk = create(&b, RD_KAFKA_CONSUMER, "consumer");
	if (rk)
		rd_kafka_poll_set_consumer(rk);
	return rk;
}

static rd_kafka_t *reader_of_journal(const struct settings *settings, const char *isolation, const char *eof, int events, buf *errors)
{
	building b = {rd_kafka_conf_new(), "kafka", errors, 0};
	common_properties(&b, settings);
	set_own(&b, "fetch.wait.max.ms", "50");
	pass_through(&b, settings, "kafka.consumer");
	set_own(&b, "group.id", settings_str(settings, "intake.group"));         /* a consumer must have one; it is never joined */
	set_own(&b, "group.instance.id", "");
	set_own(&b, "enable.auto.commit", "false");
	set_own(&b, "enable.auto.offset.store", "false");
	set_own(&b, "allow.auto.create.topics", "false");
	set_own(&b, "isolation.level", isolation);
	set_own(&b, "enable.partition.eof", eof);
	set_own(&b, "auto.offset.reset", "earliest");
	set_own(&b, "queued.max.messages.kbytes", FOLLOW_KBYTES);
	set_own(&b, "queued.min.messages", FOLLOW_MESSAGES);
	set_own(&b, "statistics.interval.ms", "0");
	rd_kafka_conf_set_events(b.conf, events);
	rd_kafka_t *rk = create(&b, RD_KAFKA_CONSUMER, "consumer of the journal");
	if (rk && events)
		rd_kafka_poll_set_consumer(rk);
	return rk;
}

rd_kafka_t *kafka_follower(const struct settings *settings, buf *errors)
{
	return reader_of_journal(settings, "read_committed", "true", RD_KAFKA_EVENT_FETCH | RD_KAFKA_EVENT_ERROR, errors);
}

rd_kafka_t *kafka_asker(const struct settings *settings, buf *errors)
{
	return reader_of_journal(settings, "read_uncommitted", "false", 0, errors);
}

static int64_t number_of(const rd_kafka_conf_t *conf, const char *key, int64_t otherwise)
{
	char text[24];
	size_t size = sizeof text;
	return rd_kafka_conf_get(conf, key, text, &size) == RD_KAFKA_CONF_OK ? atoll(text) : otherwise;
}

/* A hung transaction must die before another member takes over: below the session's timeout. */
static int64_t transaction_default(const struct settings *settings)
{
	buf ignored = {0};
	building b = {rd_kafka_conf_new(), "kafka", &ignored, 0};
	pass_through(&b, settings, "kafka");
	pass_through(&b, settings, "kafka.consumer");
	int64_t session = number_of(b.conf, "session.timeout.ms", SESSION_MS_DEFAULT);
	rd_kafka_conf_destroy(b.conf);
	buf_free(&ignored);
	return session * 2 / 3 < TRANSACTION_MS_MAX ? session * 2 / 3 : TRANSACTION_MS_MAX;
}

/* A message is given up at half of the transaction's time (unless the operator says otherwise), so that there is time left to abort: when the broker's patience
 * ends first, it fences the producer, and the daemon has to leave. */
static void set_times(building *b, const struct settings *settings)
{
	set_number(b, "transaction.timeout.ms", transaction_default(settings));
	if (number_of(b->conf, "message.timeout.ms", 0) == LIBRARY_MESSAGE_MS)
		set_own(b, "message.timeout.ms", "1");   /* stands for: not set by the operator */
	pass_through(b, settings, "kafka.producer");
	if (number_of(b->conf, "message.timeout.ms", 0) == 1)
		set_number(b, "message.timeout.ms", number_of(b->conf, "transaction.timeout.ms", TRANSACTION_MS_MAX) / 2);
}

int64_t kafka_transaction_ms(const struct settings *settings)
{
	buf ignored = {0};
	building b = {rd_kafka_conf_new(), "kafka", &ignored, 0};
	set_times(&b, settings);
	int64_t ms = number_of(b.conf, "transaction.timeout.ms", TRANSACTION_MS_MAX);
	rd_kafka_conf_destroy(b.conf);
	buf_free(&ignored);
	return ms;
}

rd_kafka_t *kafka_producer(const struct settings *settings, kafka_delivery on_delivery, void *opaque, buf *errors)
{
	building b = {rd_kafka_conf_new(), "kafka", errors, 0};
	bool transactions = strcmp(settings_str(settings, "publish.delivery"), "exactly-once") == 0;
	char name[128];
	common_properties(&b, settings);
	set_own(&b, "retry.backoff.ms", "20");           /* a commit right after another one costs one of these */
	set_own(&b, "linger.ms", "20");                  /* a commit flushes without waiting */
	set_own(&b, "compression.type", "lz4");
	set_own(&b, "partitioner", "murmur2_random");    /* as Java's: other producers put the same key into the same partition */
	set_own(&b, "message.max.bytes", "100000000");   /* the topic's limit counts; checked before produce */
	set_own(&b, "queue.buffering.max.kbytes", "65536");
	if (transactions)
		set_times(&b, settings);
	else
		pass_through(&b, settings, "kafka.producer");
	set_own(&b, "enable.idempotence", "true");
	if (transactions) {
		snprintf(name, sizeof name, "millrace-%s", settings_str(settings, "daemon.instance"));
		set_own(&b, "transactional.id", name);
	}
	rd_kafka_conf_set_dr_msg_cb(b.conf, on_delivery);
	rd_kafka_conf_set_opaque(b.conf, opaque);
	return create(&b, RD_KAFKA_PRODUCER, "producer");
}

rd_kafka_conf_t *kafka_tool_conf(const struct settings *settings, const char *section, buf *errors)
{
	building b = {rd_kafka_conf_new(), "kafka", errors, 0};
	common_properties(&b, settings);
	pass_through(&b, settings, section);
	if (!b.bad)
		return b.conf;
	rd_kafka_conf_destroy(b.conf);
	return NULL;
}

/* ---- checking ---- */

typedef struct checking {
	rd_kafka_conf_t *conf;
	const char *section;
	buf *errors;
	int bad;
	bool has_servers;
} checking;

/* The library's own table of properties, since the dump of a configuration leaves out the names that people use most, which are aliases
 * (bootstrap.servers, linger.ms, compression.type). Its lines begin `name   | `. */
static void complain_unknown(checking *at, const char *key, const char *origin)
{
	char *table = NULL, *rest, *line;
	size_t size;
	nearest guess = {.word = key};
	FILE *out = open_memstream(&table, &size);
	if (out) {
		rd_kafka_conf_properties_show(out);
		fclose(out);
	}
	for (rest = table; rest && (line = strsep(&rest, "\n"));) {
		char *name = strsep(&line, " ");
		if (line && strchr(line, '|') && name[0] >= 'a' && name[0] <= 'z')
			nearest_offer(&guess, name);
	}
	buf_printf(at->errors, "%s: librdkafka has no property '%s'", origin, key);
	if (guess.best)
		buf_printf(at->errors, " (did you mean '%s'?)", guess.best);
	buf_add_char(at->errors, '\n');
	free(table);
}

static void check_property(void *arg, const char *key, const char *shown, const char *origin)
{
	checking *at = arg;
	char why[256];
	bool hidden = strcmp(shown, "***") == 0 || strncmp(shown, "file:", 5) == 0;
	at->has_servers |= shown[0] && (strcmp(key, "bootstrap.servers") == 0 || strcmp(key, "metadata.broker.list") == 0);
	rd_kafka_conf_res_t rc = rd_kafka_conf_set(at->conf, key, hidden ? "x" : shown, why, sizeof why);
	if (rc == RD_KAFKA_CONF_OK || (hidden && rc == RD_KAFKA_CONF_INVALID))
		return;
	if (rc == RD_KAFKA_CONF_UNKNOWN)
		complain_unknown(at, key, origin);
	else            /* some of its messages end with a line break of their own */
		buf_printf(at->errors, "%s: %s.%s: %.*s\n", origin, at->section, key, (int)strcspn(why, "\n"), why);
	at->bad++;
}

int kafka_conf_check(const struct settings *settings, buf *errors, buf *notes)
{
	static const char *const sections[] = {"kafka", "kafka.consumer", "kafka.producer"};
	checking at = {.conf = rd_kafka_conf_new(), .errors = errors};
	for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
		at.section = sections[i];
		settings_section_show(settings, at.section, check_property, &at);
	}
	rd_kafka_conf_destroy(at.conf);
	if (!at.has_servers)
		buf_add_str(notes, "kafka.bootstrap.servers is not set: millraced does not start without the names of brokers (host:port, several with commas)\n");
	settings_secrets_unread(settings, notes);
	return at.bad;
}

/* ---- limits of the topics ---- */

#define TOPICS_MAX (ROUTES_MAX + 66)     /* that are asked about: outputs, then dead letters; more keep the broker's default */

typedef void (*config_hook)(void *arg, const char *topic, const char *name, const char *value);

/* One question for all topics. Those that cannot be asked (no such topic, no right, a broker without this call) are left out. */
static void ask(rd_kafka_t *rk, rd_kafka_ConfigResource_t **topics, size_t count, config_hook hook, void *arg)
{
	char why[64];
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
	rd_kafka_AdminOptions_set_request_timeout(options, ASK_MS, why, sizeof why);
	rd_kafka_DescribeConfigs(rk, topics, count, options, queue);
	rd_kafka_event_t *event = rd_kafka_queue_poll(queue, ASK_MS);
	const rd_kafka_DescribeConfigs_result_t *result = event ? rd_kafka_event_DescribeConfigs_result(event) : NULL;
	size_t answers = 0, entries;
	const rd_kafka_ConfigResource_t **answer = result ? rd_kafka_DescribeConfigs_result_resources(result, &answers) : NULL;
	for (size_t i = 0; i < answers; i++) {
		const rd_kafka_ConfigEntry_t **entry = rd_kafka_ConfigResource_configs(answer[i], &entries);
		for (size_t k = 0; k < entries && !rd_kafka_ConfigResource_error(answer[i]); k++)
			if (rd_kafka_ConfigEntry_value(entry[k]))
				hook(arg, rd_kafka_ConfigResource_name(answer[i]), rd_kafka_ConfigEntry_name(entry[k]), rd_kafka_ConfigEntry_value(entry[k]));
	}
	if (event)
		rd_kafka_event_destroy(event);
	rd_kafka_AdminOptions_destroy(options);
	rd_kafka_queue_destroy(queue);
}

typedef struct limits {
	const char *dead_prefix, *journal;
	size_t records, dead, entries;   /* SIZE_MAX: not told */
} limits;

static void lower(void *arg, const char *topic, const char *name, const char *value)
{
	limits *l = arg;
	size_t *limit = strcmp(topic, l->journal) == 0 ? &l->entries : strncmp(topic, l->dead_prefix, strlen(l->dead_prefix)) == 0 ? &l->dead : &l->records;
	size_t bytes = strcmp(name, "max.message.bytes") == 0 ? (size_t)strtoull(value, NULL, 10) : SIZE_MAX;
	*limit = bytes < *limit ? bytes : *limit;
}

void kafka_topic_limits(rd_kafka_t *rk, const struct settings *settings, size_t *record_bytes, size_t *dead_bytes, size_t *journal_bytes)
{
	limits l = {settings_str(settings, "publish.dead_prefix"), settings_str(settings, "dedup.journal"), SIZE_MAX, SIZE_MAX, SIZE_MAX};
	const char *const *inputs, *const *outputs;
	routes *routed = routes_new(settings);
	size_t output_count = routes_topics(routed, &outputs);
	size_t count = settings_list(settings, "intake.topics", &inputs), n = 0, fixed = (size_t)settings_int(settings, "publish.max_record_bytes");
	rd_kafka_ConfigResource_t *topics[TOPICS_MAX];
	if (l.journal[0])
		topics[n++] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, l.journal);
	for (size_t i = 0; !fixed && i < output_count; i++)
		topics[n++] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, outputs[i]);
	if (!fixed)
		topics[n++] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, settings_str(settings, "publish.duplicates_topic"));
	if (!fixed && settings_alerts_topic(settings)[0])
		topics[n++] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, settings_alerts_topic(settings));
	for (size_t i = 0; !fixed && i < count && n < TOPICS_MAX; i++) {
		char name[512];
		snprintf(name, sizeof name, "%s%s", l.dead_prefix, inputs[i]);
		if (inputs[i][0] != '^')
			topics[n++] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name);
	}
	if (n)
		ask(rk, topics, n, lower, &l);
	rd_kafka_ConfigResource_destroy_array(topics, n);
	routes_free(&routed);
	if (!fixed && l.records == SIZE_MAX)
		log_info("topic limits: not told by the broker, its default is taken", "bytes", "%zu", *record_bytes);
	*record_bytes = fixed ? fixed : l.records != SIZE_MAX ? l.records : *record_bytes;
	*dead_bytes = fixed ? fixed : l.dead != SIZE_MAX ? l.dead : *dead_bytes;
	*journal_bytes = l.entries != SIZE_MAX ? l.entries : *journal_bytes;
}

typedef struct retention {
	int64_t *ms;
	bool *compact;
} retention;

static void take_retention(void *arg, const char *topic, const char *name, const char *value)
{
	retention *r = arg;
	(void)topic;
	if (strcmp(name, "retention.ms") == 0)
		*r->ms = atoll(value);
	else if (strcmp(name, "cleanup.policy") == 0)
		*r->compact = strstr(value, "compact") != NULL;
}

void kafka_topic_retention(rd_kafka_t *rk, const char *topic, int64_t *retention_ms, bool *compact)
{
	retention r = {retention_ms, compact};
	rd_kafka_ConfigResource_t *resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
	ask(rk, &resource, 1, take_retention, &r);
	rd_kafka_ConfigResource_destroy(resource);
}
