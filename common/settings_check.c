/* settings_check.c - rules over several settings (settings_check). Every rule adds its own line, so that one run shows all that is wrong. A rule keeps
 * silent about a setting that could not be read, and about any other one because of it (`sound`): the default that stands in for it was not meant. */
#include <arpa/inet.h>
#include <errno.h>
#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

#include "endpoint.h"
#include "filter.h"
#include "keys.h"
#include "log.h"
#include "nearest.h"
#include "routes.h"
#include "settings_parts.h"

#define TOPIC_MAX 249                    /* Apache Kafka: Topic.MAX_NAME_LENGTH */
#define SOCKET_PATH_MAX (sizeof((struct sockaddr_un){0}).sun_path - 1)   /* 107 */

/* A topic that the daemon writes records to, dead letters apart, and the setting that names it. */
typedef struct output {
	const char *setting, *topic;
} output;

#define OUTPUTS_MAX (ROUTES_MAX + 5)

typedef struct checking {
	const settings *self;
	buf *errors;
	int bad;
	output outputs[OUTPUTS_MAX];
	size_t output_count;
} checking;

static bool sound(const checking *at, const char *name)
{
	return !at->self->values[option_find(name) - option_table].wrong;
}

static void complain(checking *at, const char *name, const char *format, ...) MR_PRINTF(3, 4);

static void complain(checking *at, const char *name, const char *format, ...)
{
	char what[512], clean[512];      /* a value may be cut anywhere: whole characters come out */
	va_list args;
	if (!sound(at, name))
		return;
	va_start(args, format);
	vsnprintf(what, sizeof what, format, args);
	va_end(args);
	buf_printf(at->errors, "%s: %s: %s\n", settings_origin(at->self, name), name, log_clean(clean, sizeof clean - 1, mr_bytes_of(what)));
	at->bad++;
}

/* First letter in `first`, the others in `rest`, at most `max` bytes; sets are written out, ranges a-z are meant by "a". */
static bool in_set(char c, const char *set)
{
	for (; *set; set++)
		if (*set == 'a' ? c >= 'a' && c <= 'z' : *set == 'A' ? c >= 'A' && c <= 'Z' : *set == '0' ? c >= '0' && c <= '9' : c == *set)
			return true;
	return false;
}

static bool is_word(const char *text, const char *first, const char *rest, size_t max)
{
	size_t len = strlen(text);
	if (!len || len > max || !in_set(text[0], first))
		return false;
	for (size_t i = 1; i < len; i++)
		if (!in_set(text[i], rest))
			return false;
	return true;
}

static bool is_topic(const char *name)
{
	return is_word(name, "aA0._-", "aA0._-", TOPIC_MAX) && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* ---- topics ---- */

static void check_topic(checking *at, const char *setting, const char *name)
{
	if (!is_topic(name))
		complain(at, setting, "'%.64s' is not a topic name (letters, digits, '.', '_', '-', at most %d)", name, TOPIC_MAX);
}

/* librdkafka compiles patterns the same way (rdregex.c). Intervals and back-references are refused: with them a pattern of a few bytes can
 * ask for any amount of memory and time, here and in the daemon. */
static bool compile_pattern(checking *at, const char *pattern, regex_t *out)
{
	if (strlen(pattern) > TOPIC_MAX || strpbrk(pattern, "{}\\") != NULL) {
		for (const char *p = pattern; *p; p++) {
			if (*p == '\\' && p[1] && !in_set(p[1], "aA0")) {
				p++;
				continue;
			}
			if (strchr("{}\\", *p) || strlen(pattern) > TOPIC_MAX) {
				complain(at, "intake.topics", "pattern '%.64s' is too long or uses {}, back-references or letters behind '\\'", pattern);
				return false;
			}
		}
	}
	char why[128];
	int rc = regcomp(out, pattern, REG_EXTENDED | REG_NOSUB);
	if (rc == 0)
		return true;
	regerror(rc, out, why, sizeof why);
	complain(at, "intake.topics", "'%.64s' is not a regular expression: %s", pattern, why);
	return false;
}

/* A name that the pattern might well match: its plain letters, with one `x` for each '.', set or group mark left out. */
static void sample_of(const char *pattern, buf *out)
{
	for (const char *p = pattern; *p; p++) {
		if (*p == '\\' && p[1])
			buf_add_char(out, *++p);
		else if (*p == '.')
			buf_add_char(out, 'x');
		else if (*p == '[')
			for (buf_add_char(out, p[1] ? p[1] : 'x'); p[1] && *p != ']'; p++) {}
		else if (*p == '|')
			return;
		else if (in_set(*p, "aA0_-"))
			buf_add_char(out, *p);
	}
}

static void check_pattern_output(checking *at, const regex_t *regex, const char *pattern, const char *setting, const char *topic)
{
	if (topic[0] && regexec(regex, topic, 0, NULL, 0) == 0)
		complain(at, setting, "'%.64s' is matched by the input pattern '%.64s': the daemon would read its own output", topic, pattern);
}

static void check_pattern(checking *at, const char *pattern)
{
	regex_t regex;
	buf dead = {0};
	if (!compile_pattern(at, pattern, &regex))
		return;
	for (size_t i = 0; i < at->output_count; i++)
		check_pattern_output(at, &regex, pattern, at->outputs[i].setting, at->outputs[i].topic);
	buf_add_str(&dead, settings_str(at->self, "publish.dead_prefix"));
	sample_of(pattern, &dead);
	check_pattern_output(at, &regex, pattern, "publish.dead_prefix", dead.data);
	regfree(&regex);
	buf_free(&dead);
}

static void check_dead_topic(checking *at, const char *input, const char *const *inputs, size_t count)
{
	const char *prefix = settings_str(at->self, "publish.dead_prefix");
	buf dead = {0};
	buf_printf(&dead, "%s%s", prefix, input);
	if (!is_topic(dead.data))
		complain(at, "publish.dead_prefix", "'%.64s' with the input topic '%.64s' is not a topic name of at most %d", prefix, input, TOPIC_MAX);
	for (size_t i = 0; i < count; i++) {
		regex_t regex;
		buf ignored = {0};
		checking silent = {.self = at->self, .errors = &ignored};
		if (strcmp(inputs[i], dead.data) == 0)
			complain(at, "publish.dead_prefix", "the dead-letter topic '%.64s' is an input topic", dead.data);
		if (inputs[i][0] == '^' && compile_pattern(&silent, inputs[i], &regex)) {
			check_pattern_output(at, &regex, inputs[i], "publish.dead_prefix", dead.data);
			regfree(&regex);
		}
		buf_free(&ignored);
	}
	for (size_t i = 0; i < at->output_count; i++)
		if (sound(at, at->outputs[i].setting) && strcmp(dead.data, at->outputs[i].topic) == 0) {
			complain(at, "publish.dead_prefix", "the dead-letter topic '%.64s' is an output topic", dead.data);
			break;
		}
	buf_free(&dead);
}

static void check_input(checking *at, const char *input, const char *const *inputs, size_t count)
{
	if (input[0] == '^') {
		check_pattern(at, input);
		return;
	}
	check_topic(at, "intake.topics", input);
	for (size_t i = 0; i < at->output_count; i++)
		if (strcmp(input, at->outputs[i].topic) == 0)
			complain(at, at->outputs[i].setting, "'%.64s' is an input topic: the daemon would read its own output", input);
	check_dead_topic(at, input, inputs, count);
}

static void check_repeats(checking *at, const char *setting, const char *const *items, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(items[i], items[j]) == 0) {
				complain(at, setting, "'%.64s' stands twice", items[i]);
				break;
			}
}

static void add_output(checking *at, const char *setting, const char *topic)
{
	if (at->output_count < OUTPUTS_MAX)
		at->outputs[at->output_count++] = (output){setting, topic};
}

/* Names of `routed` are borrowed. With sink.route = by-label nothing is written to publish.topic, but it is no input either: its name begins the others'. */
static void list_outputs(checking *at, const routes *routed)
{
	const char *const *topics;
	size_t count = routes_topics(routed, &topics);
	add_output(at, "publish.topic", settings_str(at->self, "publish.topic"));
	for (size_t i = 0; i < count; i++)
		if (strcmp(topics[i], settings_str(at->self, "publish.topic")) != 0)
			add_output(at, "sink.label_topics", topics[i]);
	add_output(at, "publish.duplicates_topic", settings_str(at->self, "publish.duplicates_topic"));
	add_output(at, "dedup.journal", settings_str(at->self, "dedup.journal"));
	if (settings_alerts_topic(at->self)[0])
		add_output(at, "watch.alerts_topic", settings_alerts_topic(at->self));
}

static void check_topics(checking *at)
{
	const char *const *inputs;
	size_t count = settings_list(at->self, "intake.topics", &inputs);
	const char *duplicates = settings_str(at->self, "publish.duplicates_topic"), *prefix = settings_str(at->self, "publish.dead_prefix");
	if (!count)
		complain(at, "intake.topics", "names no topic");
	for (size_t i = 0; i < at->output_count; i++)
		if (at->outputs[i].topic[0] || strcmp(at->outputs[i].setting, "dedup.journal") != 0)
			check_topic(at, at->outputs[i].setting, at->outputs[i].topic);
	if (prefix[0] && !is_word(prefix, "aA0._-", "aA0._-", TOPIC_MAX - 1))
		complain(at, "publish.dead_prefix", "'%.64s' cannot begin a topic name", prefix);
	if (sound(at, "publish.topic") && strcmp(duplicates, settings_str(at->self, "publish.topic")) == 0)
		complain(at, "publish.duplicates_topic", "is publish.topic; to publish duplicates there set dedup.duplicates = enrich");
	check_repeats(at, "intake.topics", inputs, count);
	for (size_t i = 0; i < count && sound(at, "intake.topics"); i++)
		check_input(at, inputs[i], inputs, count);
}

/* The journal is written in the transaction of the articles it tells of, and by whoever has an index. */
static void check_journal(checking *at)
{
	const char *journal = settings_str(at->self, "dedup.journal"), *const *stages;
	size_t count = settings_list(at->self, "pipeline.stages", &stages), dedup = 0;
	if (!journal[0])
		return;
	if (strcmp(settings_str(at->self, "publish.delivery"), "exactly-once") != 0 && sound(at, "publish.delivery"))
		complain(at, "dedup.journal", "needs publish.delivery = exactly-once: entries must be published with their articles or not at all");
	for (size_t i = 0; i < at->output_count; i++)
		if (strcmp(at->outputs[i].setting, "dedup.journal") != 0 && strcmp(journal, at->outputs[i].topic) == 0) {
			complain(at, "dedup.journal", "'%.64s' is an output topic, too: entries are no records", journal);
			break;
		}
	while (dedup < count && strcmp(stages[dedup], "dedup") != 0)
		dedup++;
	if (dedup == count && sound(at, "pipeline.stages"))
		complain(at, "dedup.journal", "needs the stage dedup in pipeline.stages: without it there is no index");
}

static void check_formats(checking *at)
{
	const char *const *items;
	size_t count = settings_list(at->self, "intake.format", &items), plain = 0;
	for (size_t i = 0; i < count; i++) {
		const char *colon = strrchr(items[i], ':'), *form = colon ? colon + 1 : items[i];
		nearest guess = {.word = form};
		plain += colon == NULL;
		if (strcmp(form, "json") == 0 || strcmp(form, "text") == 0 || strcmp(form, "html") == 0)
			continue;
		nearest_offer(&guess, "json");
		nearest_offer(&guess, "text");
		nearest_offer(&guess, "html");
		complain(at, "intake.format", "'%.64s' is not json, text, html or topic:form%s%s%s", items[i], guess.best ? " (did you mean '" : "",
			 guess.best ? guess.best : "", guess.best ? "'?)" : "");
	}
	if (plain > 1)
		complain(at, "intake.format", "names more than one form for all topics");
}

/* ---- log ---- */

static void check_log(checking *at)
{
	const char *path = settings_str(at->self, "log.journal_socket");
	if (path[0] != '/')
		complain(at, "log.journal_socket", "'%.160s' does not begin with '/'", path);
	else if (strlen(path) > SOCKET_PATH_MAX)
		complain(at, "log.journal_socket", "the name has %zu bytes, at most %zu are possible for a socket", strlen(path), SOCKET_PATH_MAX);
}

/* ---- stages and workers ---- */

static bool is_stage_name(const char *name)
{
	return is_word(name, "a", "a0-", 31);
}

/* The control socket stands beside those of the stages. */
static void check_control(checking *at)
{
	const char *const *stages, *group = settings_str(at->self, "control.group");
	size_t count = settings_list(at->self, "pipeline.stages", &stages), path = strlen(settings_runtime_dir(at->self)) + strlen("/control.sock");
	if (group[0] && !is_word(group, "aA0_", "aA0_.-", 63))
		complain(at, "control.group", "'%.64s' is no name or number of a group", group);
	if (!settings_bool(at->self, "control.enabled"))
		return;
	for (size_t i = 0; i < count; i++)
		if (strcmp(stages[i], "control") == 0)
			complain(at, "pipeline.stages", "a stage cannot have the name 'control': its socket would be that of control.enabled");
	if (path > SOCKET_PATH_MAX && sound(at, "daemon.instance"))
		complain(at, "daemon.runtime_dir", "the socket %.160s/control.sock has a name of %zu bytes, at most %zu are possible", settings_runtime_dir(at->self), path,
			 SOCKET_PATH_MAX);
}

static void check_stages(checking *at)
{
	const char *const *stages;
	size_t count = settings_list(at->self, "pipeline.stages", &stages);
	if (count > SETTINGS_STAGES_MAX)
		complain(at, "pipeline.stages", "names %zu stages, at most %d are possible", count, SETTINGS_STAGES_MAX);
	for (size_t i = 0; i < count; i++) {
		size_t path = strlen(settings_runtime_dir(at->self)) + 1 + strlen(stages[i]) + strlen(".sock");
		if (!is_stage_name(stages[i]))
			complain(at, "pipeline.stages", "'%.64s' is not a stage name (a-z, digits, '-', at most 31)", stages[i]);
		else if (path > SOCKET_PATH_MAX && sound(at, "daemon.instance") && sound(at, "pipeline.stages"))
			complain(at, "daemon.runtime_dir", "the socket %.160s/%s.sock has a name of %zu bytes, at most %zu are possible",
				 settings_runtime_dir(at->self), stages[i], path, SOCKET_PATH_MAX);
	}
	check_repeats(at, "pipeline.stages", stages, count);
}

/* A stage that is spawned need not be in the pipeline (the default names all of ours), but must be a word that could be meant. */
static bool is_known_stage(const settings *self, const char *name, nearest *guess)
{
	static const char *const shipped[] = {"extract", "dedup", "classify", "watch"};
	const char *const *stages;
	size_t count = settings_list(self, "pipeline.stages", &stages);
	for (size_t i = 0; i < count + sizeof shipped / sizeof *shipped; i++) {
		const char *known = i < count ? stages[i] : shipped[i - count];
		if (strcmp(known, name) == 0)
			return true;
		nearest_offer(guess, known);
	}
	return false;
}

static void check_spawn(checking *at)
{
	const char *const *items;
	size_t count = settings_list(at->self, "workers.spawn", &items);
	for (size_t i = 0; i < count; i++) {
		char name[33], *end = NULL;
		size_t len = strcspn(items[i], ":");
		long number = items[i][len] && in_set(items[i][len + 1], "0") ? strtol(items[i] + len + 1, &end, 10) : -1;
		nearest guess = {.word = name};
		snprintf(name, sizeof name, "%.*s", (int)(len < 32 ? len : 32), items[i]);
		if (!end || *end || number < 0 || number > 64 || !is_stage_name(name))
			complain(at, "workers.spawn", "'%.64s' is not stage:number with a number from 0 to 64", items[i]);
		else if (sound(at, "pipeline.stages") && !is_known_stage(at->self, name, &guess))
			complain(at, "workers.spawn", "'%.32s' is no stage of pipeline.stages%s%s%s", name, guess.best ? " (did you mean '" : "",
				 guess.best ? guess.best : "", guess.best ? "'?)" : "");
	}
}

/* ---- tcp: keys, or nothing but loopback ---- */

/* Reads all endpoints of the setting. True: one of them needs keys. */
static bool check_endpoints(checking *at, const char *setting, bool listen)
{
	const char *const *items;
	size_t count = settings_list(at->self, setting, &items);
	bool plain = settings_bool(at->self, "workers.loopback_plain"), keys = false;
	for (size_t i = 0; i < count; i++) {
		endpoint e;
		nearest guess = {0};
		if (endpoint_parse(items[i], &e) || !is_stage_name(e.stage) || (listen && !e.number)) {
			complain(at, setting, "'%.128s' is not stage:tcp://%s:port", items[i], listen ? "address (1.2.3.4, [::1] or *)" : "host");
			continue;
		}
		guess.word = e.stage;
		if (listen && sound(at, "pipeline.stages") && !is_known_stage(at->self, e.stage, &guess))
			complain(at, setting, "'%.32s' is no stage of pipeline.stages%s%s%s", e.stage, guess.best ? " (did you mean '" : "", guess.best ? guess.best : "",
				 guess.best ? "'?)" : "");
		keys |= !(plain && e.loopback);
	}
	check_repeats(at, setting, items, count);
	return keys;
}

static void check_secret(checking *at, const char *setting, bool needed, const char *whose)
{
	const char *value = settings_str(at->self, setting);
	if (value[0] && strncmp(value, "file:", 5) != 0)
		complain(at, setting, "a secret key must not stand in the configuration, but in a file of its own: file:PATH");
	else if (needed && !value[0])
		complain(at, setting, "is empty, and %s. Without keys only loopback addresses serve, with workers.loopback_plain = true", whose);
}

/* The list is read here so that a reload with a bad one is refused as a whole. */
static void check_allow(checking *at)
{
	const char *file = settings_str(at->self, "workers.allow");
	buf errors = {0};
	if (!file[0] || !sound(at, "workers.allow") || (access(file, R_OK) != 0 && errno == EACCES))
		return;
	allow_list *list = allow_list_read(file, &errors);
	for (const char *line = buf_bytes(&errors).data, *end; (end = strchr(line, '\n')); line = end + 1)
		complain(at, "workers.allow", "%.*s", (int)(end - line), line);
	allow_list_free(&list);
	buf_free(&errors);
}

static void check_wire(checking *at)
{
	bool listen = check_endpoints(at, "workers.listen", true), connect = check_endpoints(at, "workers.connect", false);
	const char *public = settings_str(at->self, "workers.daemon_key");
	uint8_t key[KEY_BYTES];
	check_secret(at, "workers.server_key", listen, "workers.listen names tcp");
	check_secret(at, "workers.key", connect, "workers.connect names tcp");
	if (listen && !settings_str(at->self, "workers.allow")[0])
		complain(at, "workers.allow", "is empty, and workers.listen names tcp: whoever has no key in that list is refused");
	if (connect && !public[0])
		complain(at, "workers.daemon_key", "is empty, and workers.connect names tcp: a worker must know its daemon");
	if (public[0] && strncmp(public, "file:", 5) != 0 && !key_decode(public, strlen(public), key))
		complain(at, "workers.daemon_key", "is no key (40 characters of Z85) and no file:PATH");
	check_allow(at);
}

static void check_labels(checking *at)
{
	const char *const *labels;
	size_t count = settings_list(at->self, "classify.labels", &labels);
	if (!count || count > 64)
		complain(at, "classify.labels", "wants 1 to 64 labels");
	for (size_t i = 0; i < count; i++) {
		if (!is_word(labels[i], "a", "a0_", 31))
			complain(at, "classify.labels", "'%.64s' is not a label (a-z, digits, '_', at most 31; it names the field score_<label>)", labels[i]);
		else if (strcmp(labels[i], "none") == 0)
			complain(at, "classify.labels", "'none' is what an article without a label gets; it cannot be a label");
	}
	check_repeats(at, "classify.labels", labels, count);
}

static void check_media_topics(checking *at)
{
	const char *const *items;
	size_t count = settings_list(at->self, "classify.media_topics", &items);
	for (size_t i = 0; i < count; i++) {
		const char *sign = strchr(items[i], '=');
		char label[33];
		snprintf(label, sizeof label, "%.*s", (int)(sign && sign - items[i] < 32 ? sign - items[i] : 32), items[i]);
		if (!sign || !sign[1] || !is_word(label, "a", "a0_", 31))
			complain(at, "classify.media_topics", "'%.64s' is not label=code", items[i]);
	}
}

static void check_thresholds(checking *at)
{
	const char *const *items;
	size_t count = settings_list(at->self, "classify.thresholds", &items);
	for (size_t i = 0; i < count; i++) {
		const char *sign = strchr(items[i], '=');
		char label[33], *end = NULL;
		snprintf(label, sizeof label, "%.*s", (int)(sign && sign - items[i] < 32 ? sign - items[i] : 32), items[i]);
		double value = sign ? strtod(sign + 1, &end) : -1;
		if (!sign || end == sign + 1 || *end || !(value > 0 && value < 1) || !is_word(label, "a", "a0_", 31))
			complain(at, "classify.thresholds", "'%.64s' is not label=number with a number between 0 and 1", items[i]);
	}
}

/* ---- the sink ---- */

static bool is_label(const checking *at, const char *name, size_t len, nearest *guess)
{
	const char *const *labels;
	size_t count = settings_list(at->self, "classify.labels", &labels);
	for (size_t i = 0; i < count; i++) {
		if (mr_bytes_equal((mr_bytes){name, len}, labels[i]))
			return true;
		nearest_offer(guess, labels[i]);
	}
	return mr_bytes_equal((mr_bytes){name, len}, "none");
}

/* ---- watches ---- */

/* The stage looks at what those before it have found. What is in the file of watches is looked at by who uses it (watch_file.h). */
static void check_watches(checking *at)
{
	const char *const *stages, *alerts = settings_alerts_topic(at->self);
	size_t count = settings_list(at->self, "pipeline.stages", &stages);
	bool used = settings_has_stage(at->self, "watch"), named = settings_str(at->self, "watch.file")[0] != 0;
	if (used && !named)
		complain(at, "watch.file", "names no file, and the stage watch of pipeline.stages needs one (conf/watches.conf is an example)");
	if (named && !used && sound(at, "pipeline.stages"))
		complain(at, "watch.file", "nothing looks at it: the stage watch is not in pipeline.stages");
	if (used && strcmp(stages[count - 1], "watch") != 0)
		for (size_t i = count; i-- > 0 && strcmp(stages[i], "watch") != 0;)
			if (strcmp(stages[i], "extract") == 0 || strcmp(stages[i], "classify") == 0)
				complain(at, "pipeline.stages", "watch stands before %s and would not see what that finds; it belongs at the end", stages[i]);
	for (size_t i = 0; i < at->output_count && alerts[0]; i++)
		if (strcmp(at->outputs[i].setting, "watch.alerts_topic") != 0 && strcmp(at->outputs[i].topic, alerts) == 0)
			complain(at, "watch.alerts_topic", "'%.64s' is an output topic, too (%s), and alerts are other records", alerts, at->outputs[i].setting);
}

static void check_label_topics(checking *at)
{
	const char *const *items;
	size_t count = settings_list(at->self, "sink.label_topics", &items);
	if (count && strcmp(settings_str(at->self, "sink.route"), "by-label") != 0 && sound(at, "sink.route"))
		complain(at, "sink.label_topics", "nothing is written to them: sink.route is not by-label");
	for (size_t i = 0; i < count; i++) {
		char label[33];
		size_t len = strcspn(items[i], "=");
		nearest guess = {.word = label};
		snprintf(label, sizeof label, "%.*s", (int)(len < 32 ? len : 32), items[i]);
		if (!items[i][len] || !len)
			complain(at, "sink.label_topics", "'%.64s' is not label=topic", items[i]);
		else if (sound(at, "classify.labels") && !is_label(at, items[i], len, &guess))
			complain(at, "sink.label_topics", "'%.32s' is no label of classify.labels, nor none%s%s%s", label, guess.best ? " (did you mean '" : "",
				 guess.best ? guess.best : "", guess.best ? "'?)" : "");
		for (size_t k = 0; k < i; k++)
			if (strncmp(items[k], items[i], len + 1) == 0)
				complain(at, "sink.label_topics", "the label '%.32s' stands twice", label);
	}
}

/* What the topics of labels may not be; the input side is looked at with the other outputs. */
static void check_routes(checking *at)
{
	const char *duplicates = settings_str(at->self, "publish.duplicates_topic");
	if (strcmp(settings_str(at->self, "sink.route"), "by-label") != 0)
		return;
	if (!settings_has_stage(at->self, "classify") && sound(at, "pipeline.stages"))
		complain(at, "sink.route", "by-label needs the stage classify in pipeline.stages: without it no article has a label");
	for (size_t i = 0; i < at->output_count; i++)
		if (strcmp(at->outputs[i].setting, "sink.label_topics") == 0 && strcmp(at->outputs[i].topic, duplicates) == 0)
			complain(at, "sink.label_topics", "'%.64s' is publish.duplicates_topic, whose records are shorter ones", duplicates);
}

static void check_filter(checking *at)
{
	const char *const *items, *const *labels;
	size_t count = settings_list(at->self, "sink.filter", &items), label_count = settings_list(at->self, "classify.labels", &labels);
	filter *f = filter_new(labels, label_count);
	char why[FILTER_WHY];
	for (size_t i = 0; i < count; i++)
		if (filter_add(f, items[i], why))
			complain(at, "sink.filter", "'%.64s' %s", items[i], why);
	if (filter_asks_labels(f) && !settings_has_stage(at->self, "classify") && sound(at, "pipeline.stages"))
		complain(at, "sink.filter", "labels need the stage classify in pipeline.stages: without it no article has one");
	filter_free(&f);
}

static void check_envelope(checking *at)
{
	if (strcmp(settings_str(at->self, "sink.envelope"), "connect") == 0 && strcmp(settings_str(at->self, "sink.detail"), "nested") == 0 && sound(at, "sink.detail"))
		complain(at, "sink.envelope", "connect needs sink.detail = text or none: the sinks behind it know no nested types");
}

/* ---- limits, addresses, times ---- */

static bool is_loopback(const char *address)
{
	struct in_addr v4;
	struct in6_addr v6;
	if (inet_pton(AF_INET, address, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, address, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

static void check_limits(checking *at)
{
	int64_t high = settings_int(at->self, "intake.high_bytes");
	int64_t largest = settings_int(at->self, "publish.max_record_bytes");
	if (sound(at, "intake.high_bytes") && settings_int(at->self, "intake.low_bytes") >= high)
		complain(at, "intake.low_bytes", "must be below intake.high_bytes (%lld)", (long long)high);
	if (largest && largest < 4096)
		complain(at, "publish.max_record_bytes", "is 0 (asked from the topic) or at least 4K");
	if (!is_loopback(settings_str(at->self, "admin.address")))
		complain(at, "admin.address", "'%.64s' is not a loopback address (127.0.0.1, ::1): the admin port has no password",
			 settings_str(at->self, "admin.address"));
}

/* A hung transaction must die before another member takes its partitions over; checked when both were set by hand. */
static void check_timeouts(checking *at)
{
	const property *transaction = property_find(at->self, SECTION_PRODUCER, "transaction.timeout.ms");
	const property *session = property_find(at->self, SECTION_CONSUMER, "session.timeout.ms");
	if (!transaction || !session || atoll(transaction->text) < atoll(session->text))
		return;
	buf_printf(at->errors, "%s: kafka.producer.transaction.timeout.ms: must be below kafka.consumer.session.timeout.ms (%s)\n", transaction->origin,
		   session->origin);
	at->bad++;
}

int settings_check(const settings *self, buf *errors)
{
	checking at = {.self = self, .errors = errors};
	routes *routed = routes_new(self);
	list_outputs(&at, routed);
	if (!is_word(settings_str(self, "daemon.instance"), "a0", "a0_-", 63))
		complain(&at, "daemon.instance", "'%.64s' is not a name (a-z or a digit, then a-z, digits, '_', '-', at most 63)",
			 settings_str(self, "daemon.instance"));
	if (!settings_str(self, "intake.group")[0] || strlen(settings_str(self, "intake.group")) > TOPIC_MAX)
		complain(&at, "intake.group", "wants 1 to %d bytes", TOPIC_MAX);
	check_topics(&at);
	check_journal(&at);
	check_formats(&at);
	check_log(&at);
	check_stages(&at);
	check_control(&at);
	check_spawn(&at);
	check_wire(&at);
	check_labels(&at);
	check_media_topics(&at);
	check_thresholds(&at);
	check_limits(&at);
	check_timeouts(&at);
	check_label_topics(&at);
	check_routes(&at);
	check_filter(&at);
	check_envelope(&at);
	check_watches(&at);
	routes_free(&routed);
	return at.bad;
}
