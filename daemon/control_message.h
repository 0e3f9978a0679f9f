/* control_message.h - what is said on the control socket: one JSON object on a line, in both directions.
 *
 *   request  {"command":"scale","stage":"extract","number":3,"wait":true}
 *   answer   {"ok":true,"command":"scale","text":"extract: 3 workers are wanted, 1 was",...}
 *            {"ok":false,"command":"scale","error":{"code":"unknown-stage","text":"no stage `extrct` here: ..."}}
 *
 * A request has no members but those of its command (a misspelt one must not be taken for a default), each once:
 *
 *   status                                       how it is, in short
 *   pause, resume   topic, partition             nothing: everything; a topic; a partition of it (needs the topic)
 *   drain           exit                         as pause of everything; exit: leave then, as SIGTERM
 *   reload                                       as SIGHUP
 *   log-level       level                        error, warn, info, debug; nothing: which holds
 *   restart         stage (needed)               its local workers one by one
 *   scale           stage, number (both needed)  number of its local workers, 0 to 64
 *   all             instance                     done only by the daemon of this name
 *                   wait, timeout_ms             the answer comes when it is finished, at the latest after timeout_ms (1 to 3600000, default 60000)
 *
 * Everything from outside is bounded here: a line has at most CONTROL_LINE_MAX bytes, words only the characters of their kind, so that what is quoted in an answer or
 * the log needs no care. Pure; the command line (cli/ctl.c) writes what the daemon reads. */
#ifndef DAEMON_CONTROL_MESSAGE_H
#define DAEMON_CONTROL_MESSAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"

#define CONTROL_LINE_MAX 4096            /* bytes of a request without its line break */
#define CONTROL_ANSWER_MAX (64u << 10)   /* bytes of an answer without its line break */
#define CONTROL_TOPIC_MAX 249            /* Apache Kafka: Topic.MAX_NAME_LENGTH */
#define CONTROL_WORKERS_MAX 64           /* as workers.spawn */
#define CONTROL_WAIT_MS 60000            /* default of timeout_ms */
#define CONTROL_WAIT_MAX_MS 3600000

enum control_command {
	CONTROL_STATUS, CONTROL_PAUSE, CONTROL_RESUME, CONTROL_DRAIN, CONTROL_RELOAD, CONTROL_LOG_LEVEL, CONTROL_RESTART, CONTROL_SCALE,
	CONTROL_COMMANDS
};
extern const char *const control_names[CONTROL_COMMANDS];

typedef struct control_request {
	enum control_command command;
	char instance[64];               /* "": any */
	char topic[CONTROL_TOPIC_MAX + 1];       /* "": everything */
	int32_t partition;               /* -1: all of the topic */
	char stage[32];
	int number;                      /* of workers */
	char level[8];                   /* "": which holds? */
	bool exit, wait;
	uint32_t timeout_ms;
} control_request;

/* Why a request cannot be read; `code` is a constant word. */
typedef struct control_fault {
	const char *code;                /* bad-request, unknown-command */
	char text[160];
} control_fault;

/* 0; or -1 with *fault. Zeroes *out first: when the command was understood, it stands there also then; else it is CONTROL_COMMANDS. */
int control_request_read(mr_bytes line, control_request *out, control_fault *fault) MR_MUST_USE;
/* One line with its line break. */
void control_request_write(const control_request *request, buf *out);

/* Answers; new references. `command` CONTROL_COMMANDS: none was understood. The text is cleaned of everything that does not belong on a terminal. */
json_t *control_done(enum control_command command, const char *format, ...) MR_PRINTF(2, 3);
json_t *control_error(enum control_command command, const char *code, const char *format, ...) MR_PRINTF(3, 4);

#endif
