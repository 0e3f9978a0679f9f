/* sha256.h - SHA-256 (FIPS 180-4), for names of folds that anybody can work out again. Not for secrets. Pure; any thread. */
#ifndef CLI_SHA256_H
#define CLI_SHA256_H

#include <stdint.h>

#include "millrace/bytes.h"

void sha256(mr_bytes in, uint8_t out[32]);
/* The digest as one big number (first byte highest), modulo `divisor` (at most 2^24). */
uint32_t sha256_modulo(mr_bytes in, uint32_t divisor);

#endif
