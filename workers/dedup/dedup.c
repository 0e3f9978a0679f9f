/* dedup.c - see dedup.h. The answer is a blob (sketch_pieces_encode) for the daemon alone; body and fields stay as they are. */
#include "dedup.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/mem.h"
#include "workers/dedup/sketcher.h"
#include "workers/text/fold.h"

struct dedup {
	sketcher *maker;
	buf blob;
	char fingerprint[64];
};

static int dedup_open(void **ctx, const struct settings *settings, char error[256])
{
	(void)settings;
	(void)error;
	struct dedup *self = mem_alloc(sizeof *self);
	self->maker = sketcher_new();
	snprintf(self->fingerprint, sizeof self->fingerprint, "sketch-%d fold-%d-%08x", SKETCH_VERSION, FOLD_VERSION, (unsigned)fold_tables_hash);
	*ctx = self;
	return 0;
}

static void dedup_apply(void *ctx, const mr_task *task, mr_answer *answer)
{
	struct dedup *self = ctx;
	sketch made;
	sketcher_make(self->maker, mr_task_field(task, "title"), task->body, &made);
	buf_clear(&self->blob);
	sketch_pieces_encode(sketcher_pieces(self->maker), &made, &self->blob);
	mr_part *part = mr_answer_part(answer);
	if (part)
		mr_part_blob(part, buf_bytes(&self->blob));
}

static void dedup_close(void *ctx)
{
	struct dedup *self = ctx;
	sketcher_free(&self->maker);
	buf_free(&self->blob);
	free(self);
}

static const char *dedup_fingerprint(void *ctx)
{
	return ((struct dedup *)ctx)->fingerprint;
}

static const char *const fields[] = {"title", NULL};

const mr_stage dedup_stage = {
	.name = "dedup",
	.fields = fields,
	.open = dedup_open,
	.apply = dedup_apply,
	.close = dedup_close,
	.fingerprint = dedup_fingerprint,
};
