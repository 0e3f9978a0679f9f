/* index_compact.c - `millrace index compact`: before and after. The work is done by daemon/index_compact.c. */
#include <stdio.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/index.h"
#include "daemon/index_compact.h"
#include "daemon/index_store.h"

#define DAY_MS 86400000LL

static void on_progress(void *arg, uint64_t done, uint64_t all)
{
	index_show_progress(arg, done, all);
}

int index_compaction_run(const index_options *options, const settings *conf)
{
	index_log_identity identity = index_store_identity(conf);
	index_compaction done;
	bool locked = false;
	buf errors = {0};
	progress line = progress_new();
	char a[32], b[32], kept[32], aliases[32], dropped[32];
	int rc = index_must_exist(options);      /* no folder is made where none is */
	if (rc)
		return rc;
	int failed = index_compact(options->folder, &identity, settings_int(conf, "dedup.window_days") * DAY_MS, (int64_t)time(NULL) * 1000, on_progress, &line, &done,
				   &locked, &errors);
	progress_end(&line);
	if (failed)
		rc = locked ? (index_failed(&errors), EXIT_LOCKED) : index_failed(&errors);
	else
		printf("%s in %zu file%s -> %s in %zu file%s: %s articles and %s aliases kept, %s entries let go\n", index_bytes(done.bytes_before, a), done.segments_before,
		       done.segments_before == 1 ? "" : "s", index_bytes(done.bytes_after, b), done.segments_after, done.segments_after == 1 ? "" : "s",
		       index_number(done.articles, kept), index_number(done.aliases, aliases), index_number(done.dropped, dropped));
	buf_free(&errors);
	return rc;
}
