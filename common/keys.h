/* keys.h - CURVE keys of the wire between daemon and workers: their form as text, their files, and the list of workers that may come.
 *
 * A key has 32 bytes, written as 40 characters of Z85 (ZeroMQ RFC 32); the curve is that of CurveZMQ (RFC 26). A key file holds one key and nothing else; a public key is made
 * of the secret one, so a pair is kept as its secret file. The list has one worker a line, `name key`; a line that begins with # is a comment (# stands in keys, too, so
 * never behind one). Secrets are wiped from memory when they were handed to ZeroMQ; the caller wipes what it was given. Any thread. */
#ifndef COMMON_KEYS_H
#define COMMON_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"

#define KEY_BYTES 32
#define KEY_TEXT 40                      /* characters, without a NUL */
#define KEY_NAME_MAX 63                  /* of a worker: a letter or digit, then letters, digits and . _ - */
#define ALLOW_MAX 4096                   /* workers of a list */

bool key_decode(const char *text, size_t len, uint8_t out[KEY_BYTES]);   /* false: not 40 characters of Z85, or more than 32 bytes hold */
void key_encode(const uint8_t key[KEY_BYTES], char out[KEY_TEXT + 1]);
bool key_name_good(const char *name, size_t len);

/* The key that a setting names: `file:PATH` (a relative name: from $CREDENTIALS_DIRECTORY); a public key may stand there itself. A secret file that others than owner and group may
 * read is refused. 0; -1 with a line, without its line break, in `why`; errno is EACCES when the file may only not be read by this user, else 0. */
int key_load(const char *value, bool secret, char out[KEY_TEXT + 1], buf *why) MR_MUST_USE;

typedef struct allow_list allow_list;

/* Lines `file:line: what` in `errors` for all that is wrong: then NULL. An empty list is good: nobody may come. */
allow_list *allow_list_parse(mr_bytes text, const char *file, buf *errors);
allow_list *allow_list_read(const char *file, buf *errors);
void allow_list_free(allow_list **self);
size_t allow_list_count(const allow_list *self);
const char *allow_list_find(const allow_list *self, const uint8_t key[KEY_BYTES]);       /* the worker's name; NULL: a stranger */
/* Borrowed; false behind the last. */
bool allow_list_get(const allow_list *self, size_t i, const char **name, const uint8_t **key);

#endif
