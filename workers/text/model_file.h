/* model_file.h - what all model files have in common: the first 32 bytes, and how a file is mapped and checked before anything in it is believed.
 *
 *    0  8  magic              12  4  offset of the first table     24  8  XXH3-64 of [32, end)
 *    8  4  version            16  8  bytes of the file             32  .. what the kind of model has
 *
 * Owns nothing: a mapped file is the caller's until model_file_unmap. Any thread. */
#ifndef TEXT_MODEL_FILE_H
#define TEXT_MODEL_FILE_H

#include "common/buf.h"

#define MODEL_FILE_CHECKED 32            /* the checksum is that of everything from here on */
#define MODEL_FILE_HEAD 128              /* no kind of model file is shorter */

/* A kind of model file. */
typedef struct model_file_kind {
	char magic[8];
	uint32_t version;
	size_t most_bytes;
	const char *foreign;             /* what is said of a file that is none of this kind: "not a model file of the ..." */
	const char *too_large;           /* "larger than ... MB" */
} model_file_kind;

typedef struct model_file_head {
	uint32_t tables_at;              /* as the file says; the kind of model knows what it must be */
	uint64_t fingerprint;            /* the checksum: names the model */
} model_file_head;

/* Maps the file at `path` for reading. NULL; or the reason why not (valid until the next call). Never waits on what is no plain file. */
const char *model_file_map(const model_file_kind *kind, const char *path, mr_bytes *out) MR_MUST_USE;
void model_file_unmap(mr_bytes file);
/* Reads the first 32 bytes from `in`, which must stand at the beginning of `file`. NULL; or the reason why the file is refused: foreign, cut short, of another
 * version, damaged. */
const char *model_file_check(const model_file_kind *kind, mr_bytes file, reader *in, model_file_head *out) MR_MUST_USE;

#endif
