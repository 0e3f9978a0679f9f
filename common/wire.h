/* wire.h - the messages between the daemon and its workers, version 1, as code. docs/protocol.md draws them and is what a worker in another
 * language is written from: the two change together, and every change of meaning takes a new WIRE_VERSION.
 *
 * Pure: no socket, no clock. A message is one ZeroMQ frame; every integer is little endian. Whatever comes in was written by a stranger: readers
 * check every length and number against the limits below, need not a byte more than the message, and lend what they found (views into the
 * message, valid as long as it is). Writers append to buffers of the caller. Any thread, one at a time per object. */
#ifndef COMMON_WIRE_H
#define COMMON_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "millrace/stage.h"

#define WIRE_VERSION 1
#define WIRE_HEADER_BYTES 8              /* "MLRC", version, kind: the same in every version, as is REFUSE */
#define WIRE_TASKS_MAX 256               /* rows in a TASK or RESULT */
#define WIRE_FIELDS_MAX 64               /* fields a worker may ask for */
#define WIRE_PARTS_MAX 1000              /* parts of one answer */
#define WIRE_NAME_MAX 64                 /* bytes of a field's name */
#define WIRE_IDENTITY_MAX 64             /* bytes of a routing id */
#define WIRE_TEXT_MAX 255                /* bytes of a fingerprint, a reason, a message */
#define WIRE_CREDIT_MAX 16
#define WIRE_ROW_BYTES 24

enum wire_kind { WIRE_READY = 1, WIRE_WELCOME, WIRE_REFUSE, WIRE_TASK, WIRE_RESULT, WIRE_HEARTBEAT, WIRE_DRAIN, WIRE_BYE };
enum wire_refusal {
	WIRE_REFUSE_VERSION = 1,         /* the other side speaks another version */
	WIRE_REFUSE_STAGE,               /* this socket is another stage's */
	WIRE_REFUSE_READY,               /* a READY that makes no sense */
	WIRE_REFUSE_FULL,                /* too many workers */
	WIRE_REFUSE_UNKNOWN,             /* not announced, or no longer known: the daemon was started again, or gave the worker up */
	WIRE_REFUSE_GARBAGE,             /* a message that cannot be read */
	WIRE_REFUSE_LEAVING,             /* the daemon is leaving */
};
enum wire_status { WIRE_ANSWERED = 0, WIRE_REFUSED = 1 };

/* Kind of a message and its version; 0 when it is none of ours. */
int wire_kind(mr_bytes message, unsigned *version);
const char *wire_kind_name(int kind);

typedef struct wire_ready {
	uint64_t pid;
	unsigned credit;                         /* TASK messages it is willing to hold */
	mr_bytes stage, identity, program, fingerprint;
	size_t field_count;
	mr_bytes fields[WIRE_FIELDS_MAX];        /* names it wants, in the order of the indexes in TASK */
} wire_ready;

typedef struct wire_welcome {
	uint32_t heartbeat_ms;
	unsigned credit;                         /* what the daemon will use of the credit offered */
	uint32_t answer_bytes;                   /* largest message the daemon reads */
} wire_welcome;

void wire_write_ready(buf *out, const wire_ready *ready);
int wire_read_ready(mr_bytes message, wire_ready *ready) MR_MUST_USE;            /* 0, -1: garbage; so all readers */
void wire_write_welcome(buf *out, const wire_welcome *welcome);
int wire_read_welcome(mr_bytes message, wire_welcome *welcome) MR_MUST_USE;
void wire_write_refuse(buf *out, enum wire_refusal code, const char *reason);
int wire_read_refuse(mr_bytes message, int *code, mr_bytes *reason) MR_MUST_USE;
void wire_write_heartbeat(buf *out, uint64_t progress);
int wire_read_heartbeat(mr_bytes message, uint64_t *progress) MR_MUST_USE;
void wire_write_bare(buf *out, enum wire_kind kind);                             /* DRAIN, BYE */

/* A TASK or RESULT being written: rows of the length table on one side, what they describe on the other, so that the message is laid out by
 * one copy into the frame. A zeroed batch is an empty one. */
typedef struct wire_batch {
	buf rows, bytes;
	unsigned count;
} wire_batch;

void wire_batch_free(wire_batch *self);
void wire_batch_clear(wire_batch *self);
size_t wire_batch_bytes(const wire_batch *self);                                 /* size of the message */
void wire_batch_write(const wire_batch *self, enum wire_kind kind, char *out);   /* exactly that many bytes */

/* Appends a task. Of its fields those are sent whose names stand in `wants` (NULL-terminated). */
void wire_add_task(wire_batch *self, uint64_t lease, unsigned attempt, uint32_t deadline_ms, const mr_task *task, const char *const *wants);
void wire_add_refusal(wire_batch *self, uint64_t lease, unsigned attempt, uint32_t micros, const char *code, mr_bytes message);
/* An answer is its parts, then the row that counts them. Absent bytes (data NULL) stay absent. */
void wire_add_part(wire_batch *self, mr_bytes patch, mr_bytes body, mr_bytes blob);
void wire_add_answer(wire_batch *self, uint64_t lease, unsigned attempt, uint32_t micros, unsigned parts, size_t begin);

/* Readers of the two. Zeroed = empty; they keep their memory between messages. */
typedef struct wire_task {
	uint64_t lease;
	unsigned attempt;
	uint32_t deadline_ms;
	mr_task task;
} wire_task;

typedef struct wire_tasks {
	wire_task *rows;
	unsigned count;
	mr_field *fields;                        /* of all rows, one after the other */
	size_t field_cap;
} wire_tasks;

int wire_read_tasks(wire_tasks *self, mr_bytes message, const char *const *wants) MR_MUST_USE;
void wire_tasks_free(wire_tasks *self);

typedef struct wire_part {
	mr_bytes patch, body, blob;
} wire_part;

typedef struct wire_result {
	uint64_t lease;
	unsigned attempt;
	enum wire_status status;
	uint32_t micros;                         /* time the worker spent on it, as it says */
	mr_bytes code, message;                  /* of a refusal */
	const wire_part *parts;
	size_t part_count;
} wire_result;

typedef struct wire_results {
	wire_result *rows;
	unsigned count;
	wire_part *parts;                        /* of all rows, one after the other */
	size_t part_cap;
} wire_results;

int wire_read_results(wire_results *self, mr_bytes message) MR_MUST_USE;
void wire_results_free(wire_results *self);

#endif
