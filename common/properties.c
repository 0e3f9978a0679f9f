/* properties.c - which librdkafka properties the pass-through sections may set. Those that the daemon sets itself, because a promise hangs on them, are
 * refused with the reason; all others go to librdkafka, which knows their names and ranges (`millrace check` asks it). */
#include "settings_parts.h"

const char *const property_sections[SECTION_COUNT] = {"kafka", "kafka.consumer", "kafka.producer"};

static const char offsets[] = "offsets are committed together with the results they stand for, never by a timer";
static const char acks[] = "a record is done when all in-sync replicas have it, never before";
static const char idempotence[] = "the producer is always idempotent: order and exactly-once need it";
static const char events[] = "the daemon's event loop sets it";

static const char beginning[] = "where nothing was committed reading starts at the beginning, for nothing may be lost; to start elsewhere, set the group's offsets with Kafka's tools";

static const struct refusal {
	const char *key, *why;
	const char *harmless;            /* the one value that says what holds anyway; NULL: none */
} refusals[] = {
	{"auto.offset.reset", beginning, "earliest"},
	{"enable.auto.commit", offsets, NULL},
	{"auto.commit.enable", offsets, NULL},                 /* the topic-level name of the same */
	{"auto.commit.interval.ms", offsets, NULL},
	{"enable.auto.offset.store", offsets, NULL},
	{"offset.store.method", offsets, NULL},
	{"offset.store.path", offsets, NULL},
	{"offset.store.sync.interval.ms", offsets, NULL},
	{"isolation.level", "the input is always read as read_committed: aborted records of others are no news", NULL},
	{"group.id", "set intake.group", NULL},
	{"partition.assignment.strategy", "set intake.assignor", NULL},
	{"queued.max.messages.kbytes", "set intake.prefetch_bytes", NULL},
	{"transactional.id", "it is made from daemon.instance, which also names the state folder; another one would leave open transactions behind", NULL},
	{"enable.idempotence", idempotence, NULL},
	{"enable.gapless.guarantee", idempotence, NULL},
	{"acks", acks, NULL},
	{"request.required.acks", acks, NULL},
	{"delivery.report.only.error", "every record's delivery is counted", NULL},
	{"enable.partition.eof", events, NULL},
	{"enabled_events", events, NULL},
	{"log.queue", events, NULL},
	{"opaque", events, NULL},
};

const char *property_refusal(const char *key, const char *text)
{
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
		const struct refusal *r = &refusals[i];
		if (strcmp(r->key, key) == 0)
			return r->harmless && strcmp(r->harmless, text) == 0 ? NULL : r->why;
	}
	return NULL;
}

/* By parts of the name, so that names of later librdkafka versions are hidden as well. Usernames, file names and mechanisms may be seen. */
bool property_is_secret(const char *key)
{
	static const char *const parts[] = {"password", "secret", ".pem", "token", "oauthbearer.config", "credential"};
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (strstr(key, parts[i]))
			return true;
	return false;
}
