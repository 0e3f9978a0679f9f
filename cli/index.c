/* index.c - `millrace index stat|verify|compact|rebuild`: the command line, and what the verbs share. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

#include "cli/cli.h"
#include "cli/index.h"
#include "daemon/index_store.h"

const char index_help[] =
	"Usage: millrace index stat    [--state-dir DIR] [--json]\n"
	"       millrace index verify  [--state-dir DIR]\n"
	"       millrace index compact [--state-dir DIR]\n"
	"       millrace index rebuild [--state-dir DIR] [--force]\n\n"
	"The index is what the daemon remembers of published articles, so that copies can be recognised:\n"
	"files index-*.log in daemon.state_dir/daemon.instance.\n\n"
	"  stat     what is in it: articles, aliases of duplicates, days, files, epochs, versions, and how\n"
	"           much of it still lives\n"
	"  verify   reads every byte and checks it: frames, epochs, entries. Names file, byte and epoch of\n"
	"           what is damaged, and what the next start will forget\n"
	"  compact  writes the index anew with what still lives. The old files go when the new ones are\n"
	"           safely on the disk; interrupted anywhere, nothing is lost. Needs as much room as what\n"
	"           lives, and the daemon stopped\n"
	"  rebuild  reads the journal (dedup.journal) from its beginning to its end into an empty folder,\n"
	"           with the daemon stopped, which goes on from there when it is started\n\n"
	"  --state-dir DIR  the folder that holds index-*.log, instead of the configured one\n"
	"  --json           stat: one JSON object\n"
	"  --force          rebuild: when the folder holds an index, the folder is moved aside first\n\n"
	"stat and verify need no lock: while a daemon writes they see what is there, and what it has not\n"
	"finished is no damage. Exit codes: 0; 1: damaged, or it cannot be read (verify), any other\n"
	"failure; 12 (compact, rebuild): a daemon is using the folder; 78: wrong configuration.\n";

/* ---- shown ---- */

char *index_number(uint64_t n, char out[32])
{
	char plain[24];
	int digits = snprintf(plain, sizeof plain, "%" PRIu64, n), at = 0;
	for (int i = 0; i < digits; i++) {
		if (i && (digits - i) % 3 == 0)
			out[at++] = ',';
		out[at++] = plain[i];
	}
	out[at] = 0;
	return out;
}

char *index_bytes(uint64_t bytes, char out[32])
{
	static const char *const units[] = {"kB", "MB", "GB", "TB"};
	double value = (double)bytes / 1000;
	size_t unit = 0;
	if (bytes < 1000) {
		snprintf(out, 32, "%" PRIu64 " bytes", bytes);
		return out;
	}
	for (; value >= 999.95 && unit < 3; unit++)
		value /= 1000;
	snprintf(out, 32, "%.1f %s", value, units[unit]);
	return out;
}

void index_show_progress(progress *line, uint64_t done, uint64_t all)
{
	progress_show(line, done >> 20, all >> 20, "MB read");
}

int index_failed(const buf *errors)
{
	return cli_failed("index", "%.*s", (int)(errors->len ? errors->len - 1 : 0), buf_bytes(errors).data);
}

static void between(const index_damage *d, char *out, size_t size)
{
	if (d->epoch && d->next_epoch)
		snprintf(out, size, ", between the epochs %" PRIu64 " and %" PRIu64, d->epoch, d->next_epoch);
	else if (d->epoch)
		snprintf(out, size, ", behind the head of epoch %" PRIu64, d->epoch);
	else
		snprintf(out, size, ", before the first epoch");
}

void index_damage_text(const index_damage *d, char out[400])
{
	static const char *const what[] = {"a write that was not finished, or a damaged end", "damaged", "the header of the file is damaged: all of it is lost",
					   "a marked epoch has more or fewer entries than its head says"};
	char where[100], lost[80] = "";
	between(d, where, sizeof where);
	if (d->entries)
		snprintf(lost, sizeof lost, "; at least %" PRIu64 " entr%s lost", d->entries, d->entries == 1 ? "y is" : "ies are");
	snprintf(out, 400, "index-%08" PRIu32 ".log, byte %" PRIu64 ", %" PRIu64 " bytes: %s%s%s", d->segment, d->from, d->to - d->from, what[d->kind], where, lost);
}

/* ---- reading ---- */

typedef struct reading {
	index_log_visit visit;
	void *arg;
	progress line;
} reading;

static int on_entry(void *arg, mr_bytes entry, uint32_t format, uint32_t segment)
{
	reading *self = arg;
	return self->visit(self->arg, entry, format, segment);
}

static void on_progress(void *arg, uint64_t done, uint64_t all)
{
	index_show_progress(&((reading *)arg)->line, done, all);
}

int index_must_exist(const index_options *options)
{
	index_scan found = {0};
	buf errors = {0};
	int rc = index_scan_list(&found, options->folder, &errors) ? EXIT_FAILED : 0;
	if (!rc && found.segment_count == 0) {
		buf_printf(&errors, "%s holds no index (no file index-*.log)\n", options->folder);
		rc = EXIT_FAILED;
	}
	if (rc)
		index_failed(&errors);
	index_scan_free(&found);
	buf_free(&errors);
	return rc;
}

int index_read(const index_options *options, const settings *conf, index_log_visit visit, void *arg, index_scan *found)
{
	reading self = {visit, arg, progress_new()};
	const index_scan_hooks hooks = {.entry = on_entry, .arg = &self, .progress = on_progress};
	index_log_identity identity = index_store_identity(conf);
	buf errors = {0};
	int result = index_must_exist(options);
	if (result)
		return result;
	result = index_scan_run(found, options->folder, &identity, &hooks, &errors);
	progress_end(&self.line);
	result = result ? index_failed(&errors) : 0;
	buf_free(&errors);
	return result;
}

/* ---- the command ---- */

static const struct {
	const char *name;
	bool json, force;                /* knows --json, --force */
	int (*run)(const index_options *options, const settings *conf);
} verbs[] = {
	{"stat", true, false, index_stat},
	{"verify", false, false, index_verify},
	{"compact", false, false, index_compaction_run},
	{"rebuild", false, true, index_rebuild},
};
enum { VERBS = sizeof verbs / sizeof *verbs };

static int read_options(index_options *self, int argc, char **argv, bool json, bool force)
{
	*self = (index_options){0};
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--state-dir") == 0) {
			if (++i == argc || !*argv[i])
				return cli_usage("index", "--state-dir needs a folder");
			self->folder = argv[i];
		} else if (strcmp(argv[i], "--json") == 0 && json) {
			self->json = true;
		} else if (strcmp(argv[i], "--force") == 0 && force) {
			self->force = true;
		} else {
			return cli_usage("index", "unexpected '%.100s'", argv[i]);
		}
	}
	return 0;
}

int index_main(int argc, char **argv)
{
	index_options options;
	int v = 0;
	if (argc < 2)
		return cli_usage("index", "stat, verify, compact or rebuild?");
	while (v < VERBS && strcmp(argv[1], verbs[v].name) != 0)
		v++;
	if (v == VERBS)
		return cli_usage("index", "'%.60s' is none of stat, verify, compact, rebuild", argv[1]);
	int rc = read_options(&options, argc - 1, argv + 1, verbs[v].json, verbs[v].force);
	if (rc)
		return rc;
	settings *conf = cli_settings();
	if (!conf)
		return EXIT_CONFIG;
	if (!options.folder)
		options.folder = settings_state_dir(conf);
	signal(SIGXFSZ, SIG_IGN);        /* a limit of file sizes is a full disk, not an end */
	rc = verbs[v].run(&options, conf);
	settings_free(&conf);
	return rc;
}
