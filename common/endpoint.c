/* endpoint.c - see endpoint.h. */
#include "endpoint.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCHEME "tcp://"
#define HOST_MAX 253

static bool is_port(const char *text)
{
	size_t len = strlen(text);
	return len > 0 && len <= 5 && strspn(text, "0123456789") == len && atoi(text) >= 1 && atoi(text) <= 65535;
}

static bool is_name(const char *host)
{
	for (const char *c = host; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '.' && *c != '-' && *c != '_')
			return false;
	return isalnum((unsigned char)host[0]);
}

static int read_host(const char *host, size_t len, endpoint *out)
{
	char copy[HOST_MAX + 1];
	struct in_addr v4;
	struct in6_addr v6;
	if (len == 0 || len > HOST_MAX)
		return -1;
	if (host[0] == '[') {
		snprintf(copy, sizeof copy, "%.*s", (int)len - 2, host + 1);
		if (host[len - 1] != ']' || inet_pton(AF_INET6, copy, &v6) != 1)
			return -1;
		out->ipv6 = out->number = true;
		out->loopback = IN6_IS_ADDR_LOOPBACK(&v6);
		return 0;
	}
	snprintf(copy, sizeof copy, "%.*s", (int)len, host);
	if (inet_pton(AF_INET, copy, &v4) == 1) {
		out->number = true;
		out->loopback = ntohl(v4.s_addr) >> 24 == 127;
		return 0;
	}
	out->number = strcmp(copy, "*") == 0;
	return out->number || is_name(copy) ? 0 : -1;
}

int endpoint_parse_address(const char *address, endpoint *out)
{
	endpoint found = {0};
	const char *host = address + strlen(SCHEME), *colon = strrchr(address, ':');
	if (strncmp(address, SCHEME, strlen(SCHEME)) != 0 || strlen(address) >= sizeof found.address || colon < host || !is_port(colon + 1) ||
	    read_host(host, (size_t)(colon - host), &found))
		return -1;
	snprintf(found.address, sizeof found.address, "%s", address);
	*out = found;
	return 0;
}

int endpoint_parse(const char *item, endpoint *out)
{
	const char *colon = strchr(item, ':');
	size_t len = colon ? (size_t)(colon - item) : 0;
	if (!len || len >= sizeof out->stage || endpoint_parse_address(colon + 1, out))
		return -1;
	memcpy(out->stage, item, len);
	out->stage[len] = 0;
	return 0;
}
