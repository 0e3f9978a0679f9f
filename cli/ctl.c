/* ctl.c - `millrace ctl`: steers the running daemon through its control socket. The command line becomes one request (daemon/control_message.h); the daemon does the rest. */
#include "cli/ctl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "common/nearest.h"

const char ctl_help[] =
	"Usage: millrace ctl status\n"
	"       millrace ctl pause|resume [TOPIC[:PARTITION]]\n"
	"       millrace ctl drain [--exit]\n"
	"       millrace ctl reload\n"
	"       millrace ctl log-level [LEVEL]\n"
	"       millrace ctl restart STAGE\n"
	"       millrace ctl scale STAGE NUMBER\n\n"
	"Steers the daemon that runs on this machine, through the socket control.sock in its\n"
	"daemon.runtime_dir/daemon.instance (--config, --set; else /run/millrace/millrace). Root, the\n"
	"daemon's user and members of control.group may.\n\n"
	"  status     how it is, in short: ready or why not, what is paused, workers of each stage\n"
	"  pause      reads nothing more: everything, a topic, or a partition of it. What is in flight\n"
	"             ends and is committed, the daemon stays in its group; partitions that it is given\n"
	"             later stay paused, too. Holds over reloads until `resume`; a restart begins without\n"
	"  resume     reads again: everything, a topic with its partitions, or a partition\n"
	"  drain      pause of everything, and what is in flight is committed as soon as it can be.\n"
	"             --exit: the daemon leaves then, as after SIGTERM\n"
	"  reload     reads the configuration again, as SIGHUP; tells every error when it is refused\n"
	"  log-level  error, warn, info or debug until the next reload; without LEVEL: which holds\n"
	"  restart    replaces the local workers of a stage one by one, each when a new one is ready\n"
	"  scale      so many local workers of a stage (0 to 64) until the next reload; those that are\n"
	"             not wanted any more finish what they hold\n\n"
	"  --wait          answers when it is finished: nothing of what was paused is in flight, the daemon\n"
	"                  has left, all workers are there\n"
	"  --timeout S     --wait: at most so many seconds (60, up to 3600); what was begun goes on\n"
	"  --json          the daemon's answer as one line of JSON\n"
	"  --socket PATH   this socket; no configuration is read\n"
	"  --instance NAME only if the daemon has this name (without --socket always the configured one)\n\n"
	"Exit codes: 0 done; 1 the daemon did not do it, or not in time; 2 wrong command line; 19 no daemon\n"
	"answers, or it does not let this user in; 78 wrong configuration. The daemon logs each use with\n"
	"user and process.\n";

typedef struct options {
	bool wait, json, leave;
	double timeout;                  /* seconds; 0: the default */
	const char *socket, *instance;
	const char *words[4];            /* command and arguments */
	int count;
} options;

static const arg table[] = {
	{"--wait", ARG_FLAG, offsetof(options, wait), 0, 0, "c"},
	{"--timeout", ARG_REAL, offsetof(options, timeout), 0.001, CONTROL_WAIT_MAX_MS / 1000.0, "c"},
	{"--json", ARG_FLAG, offsetof(options, json), 0, 0, "c"},
	{"--exit", ARG_FLAG, offsetof(options, leave), 0, 0, "c"},
	{"--socket", ARG_TEXT, offsetof(options, socket), 0, 0, "c"},
	{"--instance", ARG_TEXT, offsetof(options, instance), 0, 0, "c"},
};

static int on_word(void *into, const arg *a, size_t nth, const char *text)
{
	options *o = into;
	(void)a;
	(void)nth;
	if (o->count == sizeof o->words / sizeof *o->words)
		return args_wrong("ctl", "unexpected", text);
	o->words[o->count++] = text;
	return 0;
}

/* ---- the request ---- */

static int find_command(const char *name, control_request *request)
{
	nearest guess = {.word = name};
	for (int i = 0; i < CONTROL_COMMANDS; i++) {
		nearest_offer(&guess, control_names[i]);
		if (strcmp(control_names[i], name) == 0) {
			request->command = (enum control_command)i;
			return 0;
		}
	}
	if (guess.best)
		return cli_usage("ctl", "unknown command '%.40s' (did you mean '%s'?)", name, guess.best);
	return cli_usage("ctl", "unknown command '%.40s'", name);
}

static int copy(const char *text, const char *what, char *out, size_t size)
{
	if (!text[0] || strlen(text) >= size)
		return cli_usage("ctl", "'%.60s' is no %s", text, what);
	memcpy(out, text, strlen(text) + 1);
	return 0;
}

static int read_number(const char *text, long most, const char *what, long *out)
{
	char *end;
	errno = 0;
	*out = strtol(text, &end, 10);
	return errno || end == text || *end || *out < 0 || *out > most ? cli_usage("ctl", "'%.60s' is no %s (0 to %ld)", text, what, most) : 0;
}

/* TOPIC or TOPIC:PARTITION. */
static int take_topic(const char *text, control_request *request)
{
	const char *colon = strrchr(text, ':');
	char topic[CONTROL_TOPIC_MAX + 2];
	long number;
	int rc = 0;
	snprintf(topic, sizeof topic, "%.*s", (int)(colon ? (colon - text < CONTROL_TOPIC_MAX + 1 ? colon - text : CONTROL_TOPIC_MAX + 1) : CONTROL_TOPIC_MAX + 1), text);
	if (colon && !(rc = read_number(colon + 1, INT32_MAX, "partition", &number)))
		request->partition = (int32_t)number;
	return rc ? rc : copy(topic, "topic", request->topic, sizeof request->topic);
}

/* The words behind the command. */
static int take_arguments(const options *o, control_request *request)
{
	static const struct { int least, most; } counts[CONTROL_COMMANDS] = {[CONTROL_PAUSE] = {0, 1}, [CONTROL_RESUME] = {0, 1}, [CONTROL_LOG_LEVEL] = {0, 1},
									     [CONTROL_RESTART] = {1, 1}, [CONTROL_SCALE] = {2, 2}};
	const char *const *words = o->words + 1;
	int count = o->count - 1, rc = 0;
	long number = 0;
	if (count > counts[request->command].most)
		return cli_usage("ctl", "unexpected '%.60s'", words[counts[request->command].most]);
	if (count < counts[request->command].least)
		return cli_usage("ctl", "%s wants %s", control_names[request->command], request->command == CONTROL_SCALE ? "a stage and a number" : "a stage");
	if (!count)
		return 0;
	if (request->command == CONTROL_PAUSE || request->command == CONTROL_RESUME)
		return take_topic(words[0], request);
	if (request->command == CONTROL_LOG_LEVEL)
		return copy(words[0], "log level (error, warn, info, debug)", request->level, sizeof request->level);
	if (count == 2 && !(rc = read_number(words[1], CONTROL_WORKERS_MAX, "number of workers", &number)))
		request->number = (int)number;
	return rc ? rc : copy(words[0], "stage", request->stage, sizeof request->stage);
}

/* What the daemon would refuse as no request is a wrong command line; its own words say why. */
static int prove(const control_request *request)
{
	buf line = {0};
	control_request again;
	control_fault fault;
	control_request_write(request, &line);
	int rc = control_request_read((mr_bytes){line.data, line.len - 1}, &again, &fault) ? cli_usage("ctl", "%s", fault.text) : 0;
	buf_free(&line);
	return rc;
}

static int make_request(const options *o, control_request *request)
{
	*request = (control_request){.partition = -1, .wait = o->wait, .timeout_ms = o->timeout > 0 ? (uint32_t)(o->timeout * 1000) : CONTROL_WAIT_MS, .exit = o->leave};
	if (!o->count)
		return cli_usage("ctl", "no command");
	int rc = find_command(o->words[0], request);
	if (!rc && o->leave && request->command != CONTROL_DRAIN)
		rc = cli_usage("ctl", "--exit belongs to drain");
	if (!rc && o->timeout > 0 && !o->wait)
		rc = cli_usage("ctl", "--timeout wants --wait");
	if (!rc && o->instance)
		rc = copy(o->instance, "name of a daemon", request->instance, sizeof request->instance);
	return rc ? rc : take_arguments(o, request);
}

/* ---- the socket ---- */

/* As configured. A configuration with mistakes still names its daemon: this may be the command that must repair it. */
static int find_socket(const options *o, control_request *request, buf *path)
{
	buf errors = {0};
	int bad, rc = 0;
	if (o->socket) {
		buf_add_str(path, o->socket);
		return 0;
	}
	settings *s = cli_settings_good(&errors, &bad);
	bool unread = cli_config() && access(cli_config(), R_OK) != 0;
	if (unread) {
		fputs(buf_bytes(&errors).data, stderr);
		rc = EXIT_CONFIG;
	} else if (bad) {
		fprintf(stderr, "millrace ctl: note: the configuration has %d error%s (millrace check names %s)\n", bad, bad == 1 ? "" : "s", bad == 1 ? "it" : "them");
	}
	buf_printf(path, "%s/control.sock", settings_runtime_dir(s));
	if (!rc && !request->instance[0])
		rc = copy(settings_str(s, "daemon.instance"), "name of a daemon (daemon.instance)", request->instance, sizeof request->instance);
	settings_free(&s);
	buf_free(&errors);
	return rc;
}

int ctl_main(int argc, char **argv)
{
	options o = {0};
	control_request request;
	buf path = {0}, line = {0};
	const args rows = {"ctl", table, sizeof table / sizeof *table, 'c', &o, on_word};
	if (args_read(&rows, argc, argv, 1))
		return EXIT_USAGE;
	int rc = make_request(&o, &request);
	if (!rc)
		rc = find_socket(&o, &request, &path);
	if (!rc)
		rc = prove(&request);
	if (!rc)
		rc = ctl_ask(path.data, &request, request.exit && request.wait, &line);
	if (!rc)
		rc = ctl_show(&request, buf_bytes(&line), o.json);
	buf_free(&path);
	buf_free(&line);
	return rc;
}
