/* version.c - `millrace version`: what is running, for bug reports. */
#include <event2/event.h>
#include <hs.h>
#include <jansson.h>
#include <libpq-fe.h>
#include <librdkafka/rdkafka.h>
#include <libxml/xmlversion.h>
#include <stdio.h>
#include <xxhash.h>
#include <zmq.h>

#include "cli.h"

const char version_help[] = "Usage: millrace version\n\nPrints the versions of the program and of the libraries it runs with.\n";

int version_main(int argc, char **argv)
{
	int major, minor, patch;
	if (argc > 1)
		return cli_usage("version", "unexpected '%.60s'", argv[1]);
	zmq_version(&major, &minor, &patch);
	printf("millrace %s\n", MILLRACE_VERSION);
	printf("librdkafka %s\nlibzmq %d.%d.%d\nlibevent %s\n", rd_kafka_version_str(), major, minor, patch, event_get_version());
	printf("jansson %s\nxxhash %u\nlibxml2 %s (built with)\n", jansson_version_str(), XXH_versionNumber(), LIBXML_DOTTED_VERSION);
	printf("hyperscan or vectorscan %s\nlibpq %d\n", hs_version(), PQlibVersion());
	return EXIT_CLEAN;
}
