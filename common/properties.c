/* properties.c - which librdkafka properties the pass-through sections may set. Those that the daemon sets itself, because a promise hangs on them, are
 * refused with the reason; all others go to librdkafka, which knows their names and ranges (`millrace check` asks it). */
#include "settings_parts.h"

const char *const property_sections[SECTION_COUNT] = {"kafka", "kafka.consumer", "kafka.producer"};

static const char offsets[] = "offsets are committed together with the results they stand for, never by a timer";
static const char acks[] = "a record is done when all in-sync replicas have it, never before";
static const char idempotence[] = "the producer is always idempotent: order and exactly-once need it";
static const char events[] = "the daemon's event loop sets it";

static const struct refusal {
	const char *key, *why;
} refusals[] = {
	{"enable.auto.commit", offsets},
	{"auto.commit.enable", offsets},                 /* the topic-level name of the same */
	{"auto.commit.interval.ms", offsets},
	{"enable.auto.offset.store", offsets},
	{"offset.store.method", offsets},
	{"offset.store.path", offsets},
	{"offset.store.sync.interval.ms", offsets},
	{"isolation.level", "the input is always read as read_committed: aborted records of others are no news"},
	{"group.id", "set intake.group"},
	{"partition.assignment.strategy", "set intake.assignor"},
	{"queued.max.messages.kbytes", "set intake.prefetch_bytes"},
	{"transactional.id", "it is made from daemon.instance, which also names the state folder; another one would leave open transactions behind"},
	{"enable.idempotence", idempotence},
	{"enable.gapless.guarantee", idempotence},
	{"acks", acks},
	{"request.required.acks", acks},
	{"delivery.report.only.error", "every record's delivery is counted"},
	{"enable.partition.eof", events},
	{"enabled_events", events},
	{"log.queue", events},
	{"opaque", events},
};

const char *property_refusal(const char *key)
{
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
		if (strcmp(refusals[i].key, key) == 0)
			return refusals[i].why;
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
