/* control_message.c - see control_message.h. */
#include "control_message.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/json_text.h"
#include "common/log.h"
#include "common/nearest.h"

const char *const control_names[CONTROL_COMMANDS] = {"status", "pause", "resume", "drain", "reload", "log-level", "restart", "scale"};

/* Members, as bits: what a command may have and what it must have. */
enum { TOPIC = 1, PARTITION = 2, STAGE = 4, NUMBER = 8, LEVEL = 16, EXIT = 32, WAIT = 64, TIMEOUT = 128, INSTANCE = 256, COMMAND = 512 };

#define ALWAYS (COMMAND | INSTANCE | WAIT | TIMEOUT)

static const struct {
	unsigned may, must;
} rules[CONTROL_COMMANDS] = {
	[CONTROL_STATUS] = {0, 0},
	[CONTROL_PAUSE] = {TOPIC | PARTITION, 0},
	[CONTROL_RESUME] = {TOPIC | PARTITION, 0},
	[CONTROL_DRAIN] = {EXIT, 0},
	[CONTROL_RELOAD] = {0, 0},
	[CONTROL_LOG_LEVEL] = {LEVEL, 0},
	[CONTROL_RESTART] = {STAGE, STAGE},
	[CONTROL_SCALE] = {STAGE | NUMBER, STAGE | NUMBER},
};

static const struct {
	const char *name;
	unsigned bit;
} members[] = {{"topic", TOPIC}, {"partition", PARTITION}, {"stage", STAGE}, {"number", NUMBER}, {"level", LEVEL}, {"exit", EXIT}, {"wait", WAIT},
	       {"timeout_ms", TIMEOUT}, {"instance", INSTANCE}, {"command", COMMAND}};
enum { MEMBERS = sizeof members / sizeof *members };

static int wrong(control_fault *fault, const char *code, const char *format, ...) MR_PRINTF(3, 4);

static int wrong(control_fault *fault, const char *code, const char *format, ...)
{
	char text[sizeof fault->text];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	fault->code = code;
	log_clean(fault->text, sizeof fault->text - 1, mr_bytes_of(text));
	return -1;
}

/* ---- values ---- */

static int take_word(const json_t *value, const char *name, const char *characters, char *out, size_t size, control_fault *fault)
{
	const char *text = json_string_value(value);
	size_t len = text ? strlen(text) : 0;
	if (!len || len >= size || strspn(text, characters) != len)
		return wrong(fault, "bad-request", "`%s` wants a word of at most %zu of the characters that belong there", name, size - 1);
	memcpy(out, text, len + 1);
	return 0;
}

static int take_number(const json_t *value, const char *name, json_int_t least, json_int_t most, json_int_t *out, control_fault *fault)
{
	*out = json_is_integer(value) ? json_integer_value(value) : least - 1;
	if (*out >= least && *out <= most)
		return 0;
	return wrong(fault, "bad-request", "`%s` wants a whole number from %lld to %lld", name, (long long)least, (long long)most);
}

static int take_bool(const json_t *value, const char *name, bool *out, control_fault *fault)
{
	*out = json_is_true(value);
	return json_is_boolean(value) ? 0 : wrong(fault, "bad-request", "`%s` wants true or false", name);
}

static int take_level(const json_t *value, control_request *out, control_fault *fault)
{
	static const char *const words[] = {"error", "warn", "info", "debug"};
	const char *text = json_string_value(value);
	for (size_t i = 0; text && i < 4; i++)
		if (strcmp(text, words[i]) == 0) {
			snprintf(out->level, sizeof out->level, "%s", text);
			return 0;
		}
	return wrong(fault, "bad-request", "`level` wants error, warn, info or debug");
}

#define LOWER "abcdefghijklmnopqrstuvwxyz0123456789-"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static int take(unsigned bit, const json_t *value, control_request *out, control_fault *fault)
{
	json_int_t number;
	int rc = 0;
	switch (bit) {
	case TOPIC:
		return take_word(value, "topic", LOWER UPPER "._", out->topic, sizeof out->topic, fault);
	case STAGE:
		return take_word(value, "stage", LOWER, out->stage, sizeof out->stage, fault);
	case INSTANCE:
		return take_word(value, "instance", LOWER "_", out->instance, sizeof out->instance, fault);
	case LEVEL:
		return take_level(value, out, fault);
	case EXIT:
		return take_bool(value, "exit", &out->exit, fault);
	case WAIT:
		return take_bool(value, "wait", &out->wait, fault);
	case PARTITION:
		rc = take_number(value, "partition", 0, INT32_MAX, &number, fault);
		out->partition = (int32_t)number;
		return rc;
	case NUMBER:
		rc = take_number(value, "number", 0, CONTROL_WORKERS_MAX, &number, fault);
		out->number = (int)number;
		return rc;
	case TIMEOUT:
		rc = take_number(value, "timeout_ms", 1, CONTROL_WAIT_MAX_MS, &number, fault);
		out->timeout_ms = (uint32_t)number;
		return rc;
	default:
		return 0;                        /* the command: read before */
	}
}

/* ---- the request ---- */

static int read_command(const json_t *root, control_request *out, control_fault *fault)
{
	const char *name = json_string_value(json_object_get(root, "command"));
	nearest guess = {.word = name};
	if (!name)
		return wrong(fault, "bad-request", "`command` is missing, or no text");
	for (int i = 0; i < CONTROL_COMMANDS; i++) {
		nearest_offer(&guess, control_names[i]);
		if (strcmp(control_names[i], name) != 0)
			continue;
		out->command = (enum control_command)i;
		return 0;
	}
	return wrong(fault, "unknown-command", "no command `%.40s`%s%s%s", name, guess.best ? " (did you mean `" : "", guess.best ? guess.best : "", guess.best ? "`?)" : "");
}

static unsigned bit_of(const char *name)
{
	for (size_t i = 0; i < MEMBERS; i++)
		if (strcmp(members[i].name, name) == 0)
			return members[i].bit;
	return 0;
}

static const char *name_of(unsigned bit)
{
	size_t i = 0;
	while (!(members[i].bit & bit))
		i++;
	return members[i].name;
}

static int read_members(json_t *root, control_request *out, control_fault *fault)
{
	const char *name;
	json_t *value;
	unsigned seen = 0;
	json_object_foreach(root, name, value) {
		unsigned bit = bit_of(name);
		if (!(bit & (ALWAYS | rules[out->command].may)))
			return wrong(fault, "bad-request", "`%s` has no member `%.40s`", control_names[out->command], name);
		if (take(bit, value, out, fault))
			return -1;
		seen |= bit;
	}
	unsigned missing = rules[out->command].must & ~seen;
	if (missing)
		return wrong(fault, "bad-request", "`%s` wants a member `%s`", control_names[out->command], name_of(missing));
	if (seen & PARTITION && !(seen & TOPIC))
		return wrong(fault, "bad-request", "`partition` wants a member `topic` beside it");
	return 0;
}

int control_request_read(mr_bytes line, control_request *out, control_fault *fault)
{
	json_error_t error;
	int rc = -1;
	*out = (control_request){.command = CONTROL_COMMANDS, .partition = -1, .timeout_ms = CONTROL_WAIT_MS};
	if (line.len > CONTROL_LINE_MAX)
		return wrong(fault, "bad-request", "a request of more than %d bytes", CONTROL_LINE_MAX);
	json_t *root = json_loadb(line.data, line.len, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(root))
		wrong(fault, "bad-request", "a request is one JSON object on a line%s%.80s", root ? "" : ": ", root ? "" : error.text);
	else if (read_command(root, out, fault) == 0)
		rc = read_members(root, out, fault);
	json_decref(root);
	return rc;
}

static void add_text(buf *out, const char *name, const char *text)
{
	if (!text[0])
		return;
	buf_printf(out, ",\"%s\":", name);
	json_add_text(out, mr_bytes_of(text));
}

void control_request_write(const control_request *request, buf *out)
{
	unsigned may = rules[request->command].may;
	buf_printf(out, "{\"command\":\"%s\"", control_names[request->command]);
	add_text(out, "instance", request->instance);
	add_text(out, "topic", request->topic);
	if (request->partition >= 0)
		buf_printf(out, ",\"partition\":%d", (int)request->partition);
	add_text(out, "stage", request->stage);
	if (may & NUMBER)
		buf_printf(out, ",\"number\":%d", request->number);
	add_text(out, "level", request->level);
	if (request->exit)
		buf_add_str(out, ",\"exit\":true");
	if (request->wait)
		buf_printf(out, ",\"wait\":true,\"timeout_ms\":%u", (unsigned)request->timeout_ms);
	buf_add_str(out, "}\n");
}

/* ---- answers ---- */

static MR_PRINTF(1, 0) json_t *text_of(const char *format, va_list args)
{
	char text[1024], clean[1024];
	vsnprintf(text, sizeof text, format, args);
	return json_string(log_clean(clean, sizeof clean - 1, mr_bytes_of(text)));
}

static json_t *answer_new(bool ok, enum control_command command)
{
	json_t *answer = json_object();
	json_object_set_new(answer, "ok", json_boolean(ok));
	json_object_set_new(answer, "command", command < CONTROL_COMMANDS ? json_string(control_names[command]) : json_null());
	return answer;
}

json_t *control_done(enum control_command command, const char *format, ...)
{
	json_t *answer = answer_new(true, command);
	va_list args;
	va_start(args, format);
	json_object_set_new(answer, "text", text_of(format, args));
	va_end(args);
	return answer;
}

json_t *control_error(enum control_command command, const char *code, const char *format, ...)
{
	json_t *answer = answer_new(false, command), *error = json_object();
	va_list args;
	va_start(args, format);
	json_object_set_new(error, "code", json_string(code));
	json_object_set_new(error, "text", text_of(format, args));
	va_end(args);
	json_object_set_new(answer, "error", error);
	return answer;
}
