/* zap.h - what ZeroMQ asks before it lets somebody in (ZAP, RFC 27): the question read strictly, and who may come. Pure; gate.c carries it out.
 *
 * Question: version "1.0" | request id | domain | address | routing id | mechanism | credentials: for CURVE one frame, the public key of 32 bytes.
 * Answer:   version "1.0" | request id | "200" or "400" | text | user id | metadata (empty).
 * All but the address and the key come from our own libzmq, yet a frame that does not fit is refused. The user id given is the key as text: it stands in the metadata of every
 * message of that connection. */
#ifndef DAEMON_ZAP_H
#define DAEMON_ZAP_H

#include "common/keys.h"

#define ZAP_DOMAIN "millrace"
#define ZAP_FRAMES 7             /* of a question by CURVE */
#define ZAP_FRAMES_MAX 16        /* read off before it is refused */
#define ZAP_ADDRESS_MAX 63

typedef struct zap_question {
	mr_bytes id;                             /* borrowed; goes back in the answer, whatever that is */
	char address[ZAP_ADDRESS_MAX + 1];       /* printable; "" when it is no address */
	bool has_key;
	uint8_t key[KEY_BYTES];
} zap_question;

/* NULL: it fits; else why not, a constant. `out` is filled as far as it could be read. */
const char *zap_read(const mr_bytes *frames, size_t count, zap_question *out);

#endif
