/* stage.h - a stage as a module: the interface between the worker shell and what a stage does.
 *
 * A stage is a pure function: the same task, model and configuration give the same answer, in any process, batch, locale,
 * time zone and at any time. It owns its context (models, tables, scratch memory) and nothing else; after `open` it opens
 * no file and no socket (the worker is caged by then) and it starts no thread. Text that comes in may be hostile: every
 * byte of a task is a stranger's. It may use at most the memory and time that the limits of its configuration allow.
 *
 * A site adds a stage by writing one `mr_stage` and one row in workers/stages.c. How the same thing is done in another
 * language, over the wire, stands in docs/protocol.md. */
#ifndef MILLRACE_STAGE_H
#define MILLRACE_STAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "millrace/bytes.h"

struct settings;                 /* common/settings.h */

/* What a stage is given of one article. Everything is borrowed for the time of `apply`. */
typedef struct mr_task {
	mr_bytes body;               /* the text as it stands; for the first stage the raw text or HTML; may be empty, never absent */
	const mr_field *fields;      /* only those that the stage named in `fields` and that are not null */
	size_t field_count;
} mr_task;

/* Value of a field of the task; data NULL when it is null. Names are those of the article record (docs/record.md): a string as
 * it is, a list of strings joined by '\n', anything else as JSON text (`detail.sections`: that list of the detail). The first stage gets the feed's values and moreover
 *   input        "text" or "html": what `body` holds
 *   input.text   the text to fall back to when the HTML gives none (a feed record with both)
 *   charset      charset named by the content-type header, when body is raw bytes; "UTF-8" when it was decoded already
 *   clock_ms     the record's clock in decimal milliseconds */
mr_bytes mr_task_field(const mr_task *task, const char *name);

/* The answer to one task: either a refusal or one or more parts (only the first stage may give more than one: a split page). */
typedef struct mr_answer mr_answer;
typedef struct mr_part mr_part;

/* Appends a part; it belongs to the answer. NULL only when the limit of 1000 parts is reached. */
mr_part *mr_answer_part(mr_answer *answer);
/* Takes `patch` (a JSON object with fields of the article record; `detail` is merged one level deep). At most one a part. */
void mr_part_patch(mr_part *part, json_t *patch);
/* Copies a list of the patch's `detail` (`name`: metrics, ...) that is JSON text already: a long list needs no tree to be written. Once a name, and not in `patch` as well. */
void mr_part_detail(mr_part *part, const char *name, mr_bytes json);
/* Copies the new body (UTF-8, paragraphs separated by '\n'). Not called: the body stays as it was. */
void mr_part_body(mr_part *part, mr_bytes body);
/* Copies a binary result that is for the daemon alone (the sketch of the stage `dedup`). */
void mr_part_blob(mr_part *part, mr_bytes blob);
/* The article cannot be used: `code` is a word of the dead-letter contract (input.no-text, stage.refused, ...). Parts are dropped. */
void mr_answer_refuse(mr_answer *answer, const char *code, const char *format, ...) MR_PRINTF(3, 4);

typedef struct mr_stage {
	const char *name;                    /* as in pipeline.stages: [a-z][a-z0-9-]{0,30} */
	const char *const *fields;           /* names of the fields it wants, NULL-terminated */
	/* Those of `fields` that it wants with this configuration, in any order, NULL-terminated, valid until close; what nobody asks for is neither written nor sent. NULL: all. */
	const char *const *(*wants)(void *ctx);
	/* Loads what it needs (models, lexicons, charset modules). 0; or -1 with a line in `error` naming what failed: the worker
	 * exits with 78. `*ctx` stays the stage's until close. */
	int (*open)(void **ctx, const struct settings *settings, char error[256]);
	/* One article. Never fails: what it cannot do it refuses. */
	void (*apply)(void *ctx, const mr_task *task, mr_answer *answer);
	void (*close)(void *ctx);
	/* Name and fingerprint of model and rules, for READY and the record; valid until close; NULL: the stage has none. */
	const char *(*fingerprint)(void *ctx);
} mr_stage;

#endif
