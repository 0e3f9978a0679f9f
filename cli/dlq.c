/* dlq.c - `millrace dlq list|show|replay`: the command line of the dead-letter tools, and when to stop. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <xxhash.h>

#include "cli/cli.h"
#include "cli/dlq.h"
#include "common/times.h"

const char dlq_help[] =
	"Usage: millrace dlq list   [SELECTION] [--each]\n"
	"       millrace dlq show   [SELECTION] [--raw] N|TOPIC:PARTITION:OFFSET\n"
	"       millrace dlq replay [SELECTION] [--dry-run] [--max N] [--rate N] [--limit N] [--park TOPIC]\n"
	"                           [--again] [TOPIC:PARTITION:OFFSET]...\n\n"
	"Dead letters lie in publish.dead_prefix + input topic, with their reason in headers. The\n"
	"configuration says which broker and which topics.\n\n"
	"  list            how many, by reason and stage, with the time span; --each: one line for each\n"
	"                  letter, numbered\n"
	"  show            one letter: where it lies and stood, why it died, headers, value.\n"
	"                  N: its number in `list --each` with the same selection\n"
	"  replay          sends letters back to the input topic they came from: key, value, headers and\n"
	"                  their order kept, millrace.error.* taken out, millrace.replays one higher.\n"
	"                  A record keeps its identity: the article ids are those of its first place\n\n"
	"SELECTION, all of them together:\n"
	"  --topic NAME    an input topic or its dead-letter topic (all)\n"
	"  --reason CODE   input.not-json, stage.timeout, ... as `list` shows them\n"
	"  --stage NAME    intake, extract, dedup, classify, publish\n"
	"  --since TIME    died at or after: ISO 8601 (UTC unless it names a zone), or 90s, 30m, 2h, 3d ago\n"
	"  --until TIME    died at or before; a partition is read up to its first letter that is later\n"
	"  --max N         at most N letters\n\n"
	"  --raw           show: the bytes of the value, nothing else\n"
	"  --dry-run       replay: says what it would do; nothing is sent, the place stays\n"
	"  --rate N        replay: at most N letters a second\n"
	"  --limit N       replay: letters that were replayed N times are parked, not sent (3)\n"
	"  --park TOPIC    replay: parked letters go to this topic, unchanged; else they stay where they are\n"
	"  --again         replay: from the oldest letter, not from where the last replay of this selection\n"
	"                  ended\n\n"
	"A replay keeps its place in the consumer group INTAKE.GROUP-replay (with --reason, --stage,\n"
	"--since, --limit or --park: -replay- and a hash of them), in the same transaction as the records\n"
	"(publish.delivery = exactly-once). Broken off anywhere and run again with the same selection, it\n"
	"goes on where it was: each letter is replayed once, none is left out. With at-least-once the last\n"
	"batch may be sent twice after a crash. What dies again is a new letter behind that place: the next\n"
	"run finds it, until --limit. Another selection has a place of its own; letters named by their place\n"
	"have none. Brokers forget the place of a group that was not used for offsets.retention.minutes\n"
	"(7 days): then the replay begins with the oldest letter, and says so.\n";

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
	(void)number;
	stopped = 1;
}

bool dlq_stopped(void)
{
	return stopped;
}

char *dlq_time(int64_t ms, bool seconds, char out[64])
{
	char text[TIME_TEXT_BYTES];
	if (ms < 0 || !time_print(ms, 0, text)) {
		strcpy(out, "?");
	} else {
		snprintf(out, 64, "%.10s %.*s", text, seconds ? 8 : 5, text + 11);
	}
	return out;
}

/* ---- options ---- */

/* "2h" before now, or a point in time. -1: neither. */
static int64_t moment(const char *text)
{
	static const struct {
		char unit;
		int64_t ms;
	} units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}};
	char *end;
	struct timespec now;
	time_point point;
	errno = 0;
	long long n = strtoll(text, &end, 10);
	for (size_t i = 0; !errno && end != text && n >= 0 && n < 1000000 && i < 4; i++) {
		if (end[0] != units[i].unit || end[1])
			continue;
		clock_gettime(CLOCK_REALTIME, &now);
		return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 - n * units[i].ms;
	}
	return time_parse(mr_bytes_of(text), 0, &point) && point.ms >= 0 ? point.ms : -1;
}

/* A whole number of [least, 10^12]; -1: none. */
static int64_t number(const char *text, int64_t least)
{
	char *end;
	errno = 0;
	long long n = strtoll(text, &end, 10);
	return errno || end == text || *end || n < least || n > 1000000000000 ? -1 : n;
}

enum option_kind { FLAG, TEXT, MOMENT, NUMBER };

struct option_row {
	const char *name;
	enum option_kind kind;
	void *to;                        /* bool, const char *, int64_t */
	const char **text;               /* MOMENT: also as written */
	int64_t least;
};

/* 1: taken with its value; 0: taken alone; -1: the value is wrong or missing. */
static int take_option(const struct option_row *row, const char *value)
{
	if (row->kind == FLAG)
		return !(*(bool *)row->to = true);
	if (!value || !*value)
		return -1;
	if (row->kind == TEXT) {
		*(const char **)row->to = value;
		return 1;
	}
	if (row->text)
		*row->text = value;
	*(int64_t *)row->to = row->kind == MOMENT ? moment(value) : number(value, row->least);
	return *(int64_t *)row->to < 0 ? -1 : 1;
}

static bool is_allowed(const char *name, const char *allowed)
{
	char word[40];
	snprintf(word, sizeof word, " %s ", name);
	return strstr(allowed, word) != NULL;
}

int dlq_options_read(dlq_options *self, int argc, char **argv, const char *allowed)
{
	*self = (dlq_options){.since_ms = INT64_MIN, .until_ms = INT64_MAX, .max = INT64_MAX, .limit = DLQ_LIMIT_DEFAULT};
	const struct option_row rows[] = {
		{"--topic", TEXT, &self->topic, NULL, 0},           {"--reason", TEXT, &self->reason, NULL, 0},     {"--stage", TEXT, &self->stage, NULL, 0},
		{"--since", MOMENT, &self->since_ms, &self->since, 0}, {"--until", MOMENT, &self->until_ms, &self->until, 0}, {"--max", NUMBER, &self->max, NULL, 1},
		{"--each", FLAG, &self->each, NULL, 0},             {"--raw", FLAG, &self->raw, NULL, 0},           {"--dry-run", FLAG, &self->dry_run, NULL, 0},
		{"--again", FLAG, &self->again, NULL, 0},           {"--rate", NUMBER, &self->rate, NULL, 1},       {"--limit", NUMBER, &self->limit, NULL, 1},
		{"--park", TEXT, &self->park, NULL, 0}};
	for (int i = 1; i < argc; i++) {
		const struct option_row *row = NULL;
		for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
			if (strcmp(argv[i], rows[k].name) == 0)
				row = &rows[k];
		if (row && is_allowed(row->name, allowed)) {
			int taken = take_option(row, i + 1 < argc ? argv[i + 1] : NULL);
			if (taken < 0)
				return cli_usage("dlq", "%s: '%.60s' is no value for it", row->name, i + 1 < argc ? argv[i + 1] : "");
			i += taken;
		} else if (row || argv[i][0] == '-') {
			return cli_usage("dlq", "unexpected '%.60s'", argv[i]);
		} else if (!is_allowed("PICK", allowed) || self->pick_count == DLQ_PICKS_MAX) {
			return cli_usage("dlq", "unexpected '%.100s'", argv[i]);
		} else {
			self->picks[self->pick_count++] = argv[i];
		}
	}
	return 0;
}

/* --until and --max are not part of it: a place stands behind letters that were dealt with, wherever a run ended. */
void dlq_group(const dlq_options *options, const settings *conf, char out[300])
{
	buf what = {0};
	const char *parts[] = {options->reason, options->stage, options->since, options->park};
	bool all = options->limit == DLQ_LIMIT_DEFAULT;
	for (size_t i = 0; i < 4; i++) {
		all = all && !parts[i];
		buf_printf(&what, "%s\n", parts[i] ? parts[i] : "");
	}
	buf_printf(&what, "%lld", (long long)options->limit);
	snprintf(out, 300, "%.230s-replay", settings_str(conf, "intake.group"));
	if (!all)
		snprintf(out + strlen(out), 300 - strlen(out), "-%016llx", (unsigned long long)XXH3_64bits(what.data, what.len));
	buf_free(&what);
}

/* ---- the command ---- */

#define SELECTION " --topic --reason --stage --since --until --max "

static const struct {
	const char *name, *allowed;
	int (*run)(const dlq_options *options, const settings *conf);
} verbs[] = {
	{"list", SELECTION "--each ", dlq_list},
	{"show", SELECTION "--raw PICK ", dlq_show},
	{"replay", SELECTION "--dry-run --rate --limit --park --again PICK ", dlq_replay},
};

int dlq_main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_signal};
	dlq_options options;
	size_t v = 0;
	if (argc < 2)
		return cli_usage("dlq", "list, show or replay?");
	while (v < 3 && strcmp(argv[1], verbs[v].name) != 0)
		v++;
	if (v == 3)
		return cli_usage("dlq", "'%.60s' is none of list, show, replay", argv[1]);
	int rc = dlq_options_read(&options, argc - 1, argv + 1, verbs[v].allowed);
	if (rc)
		return rc;
	settings *conf = cli_settings();
	if (!conf)
		return EXIT_CONFIG;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	rc = verbs[v].run(&options, conf);
	settings_free(&conf);
	return rc;
}
