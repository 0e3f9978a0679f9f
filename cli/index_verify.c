/* index_verify.c - `millrace index verify`: reads everything, names what is damaged. */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/index.h"
#include "daemon/index_entry.h"
#include "daemon/index_log.h"

typedef struct seen {
	uint64_t articles, aliases;
} seen;

static int on_entry(void *arg, mr_bytes bytes, uint32_t format, uint32_t segment)
{
	seen *self = arg;
	index_entry entry;
	mr_bytes topic;
	(void)segment;
	if (index_entry_decode(bytes, format, &entry, &topic))
		return -1;
	*(entry.kind == INDEX_ALIAS ? &self->aliases : &self->articles) += 1;
	return 0;
}

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The tail counts once its fate is known: can it be read? */
static int verify_tail(const index_options *options, const index_scan *found)
{
	seen ignored = {0};
	const index_scan_hooks hooks = {.entry = on_entry, .arg = &ignored};
	buf errors = {0};
	int rc = index_scan_visit_tail(found, options->folder, &hooks, &errors) ? index_failed(&errors) : 0;
	buf_free(&errors);
	return rc;
}

static int report(const index_options *options, const index_scan *found, const seen *entries, bool in_use, double took)
{
	char text[400], a[32], b[32], c[32], d[32];
	size_t damaged = 0;
	for (size_t i = 0; i < found->damage_count; i++) {
		if (in_use && found->damages[i].kind == INDEX_DAMAGE_TORN)
			continue;                        /* being written */
		index_damage_text(&found->damages[i], text);
		printf("%s\n", text);
		damaged++;
	}
	if (found->closed)
		printf("%s bytes in %s place%s were damaged earlier; a start has told it and closed them\n", index_number(found->closed_bytes, a), index_number(found->closed, b),
		       found->closed == 1 ? "" : "s");
	printf("%s%s: %zu file%s, %s, %s epochs, %s articles, %s aliases, read in %.1f s\n", options->folder, in_use ? " (in use)" : "", found->segment_count,
	       found->segment_count == 1 ? "" : "s", index_bytes(found->bytes, a), index_number(found->epochs, b), index_number(entries->articles, c),
	       index_number(entries->aliases, d), took);
	if (found->tail.epoch && !in_use)
		printf("epoch %" PRIu64 " has no mark: the next start asks Kafka whether it was committed (%" PRIu32 " entries)\n", found->tail.epoch, found->tail.entries);
	if (!damaged)
		return EXIT_CLEAN;
	return cli_failed("index", "damaged in %zu place%s: the next start forgets what stood there, tells it, and goes on", damaged, damaged == 1 ? "" : "s");
}

int index_verify(const index_options *options, const settings *conf)
{
	index_scan found = {0};
	seen entries = {0};
	bool in_use = index_log_in_use(options->folder);         /* asked before: a daemon that starts later cuts what is torn */
	double from = seconds();
	int rc = index_read(options, conf, on_entry, &entries, &found);
	if (!rc)
		rc = verify_tail(options, &found);
	if (!rc)
		rc = report(options, &found, &entries, in_use, seconds() - from);
	index_scan_free(&found);
	return rc;
}
