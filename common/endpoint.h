/* endpoint.h - an item of workers.listen or workers.connect: `stage:tcp://host:port`.
 *
 * The host is an IPv4 address, an IPv6 address in brackets, `*` (all addresses; to listen only) or a name (to connect only). Pure; any thread. */
#ifndef COMMON_ENDPOINT_H
#define COMMON_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>

#define ENDPOINT_MAX 320                 /* tcp://, a host of 253 bytes (RFC 1035) or an address in brackets, :port */

typedef struct endpoint {
	char stage[32];
	char address[ENDPOINT_MAX];              /* tcp://host:port, as ZeroMQ takes it */
	bool loopback;                           /* 127/8 or ::1, as numbers: a name may lead anywhere */
	bool number;                             /* the host is an address or `*` */
	bool ipv6;
} endpoint;

/* 0; -1 when it is no such item (out is then not set). */
int endpoint_parse(const char *item, endpoint *out);
/* The same for the part behind `stage:`; `stage` stays empty. */
int endpoint_parse_address(const char *address, endpoint *out);

#endif
