/* settings.h - the configuration of every program: INI files, a drop-in folder, --set, checked against one option table.
 *
 * Owns all values after reading; immutable from then on (a reload makes a new one). One row of the option table (options.c) is
 * the whole truth about a setting: name, type, unit, default, range, reloadable, help; parser, `millrace check`, --help and the
 * test that compares conf/millrace.conf with it all read that table. Any thread may read. */
#ifndef COMMON_SETTINGS_H
#define COMMON_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"

#define SETTINGS_STAGES_MAX 16           /* names in pipeline.stages */

typedef struct settings settings;

enum option_type { OPTION_STRING, OPTION_LIST, OPTION_INT, OPTION_BYTES, OPTION_MS, OPTION_BOOL, OPTION_ENUM, OPTION_PATH };

typedef struct option {
	const char *name;        /* section.key */
	enum option_type type;
	const char *fallback;    /* default as it would stand in a file; "" = empty */
	int64_t min, max;        /* INT, BYTES, MS: inclusive */
	const char *words;       /* ENUM: allowed words, separated by blanks */
	bool reloadable;
	const char *help;        /* one line, for --help and `millrace check --explain`; the sample file says more */
} option;

extern const option option_table[];
extern const size_t option_count;

/* Reads `file` (NULL: only defaults), then FILE.d/../conf.d drop-ins (`<folder of file>/conf.d/` *.conf in byte order), then `sets`
 * (`section.key=value`, the longest known section wins). Collects ALL errors as lines `file:line: what (did you mean ...?)` in
 * `errors`. NULL when there was any. */
settings *settings_read(const char *file, const char *const *sets, size_t set_count, buf *errors);
/* The same, never NULL: what is wrong keeps its default and is no longer looked at by settings_check; *bad counts it. So that all mistakes are told at once. */
settings *settings_read_good(const char *file, const char *const *sets, size_t set_count, buf *errors, int *bad);
void settings_free(settings **self);

/* Values. Asking for a name that is not in the table, or with the wrong type, is our bug (assert). Borrowed. */
const char *settings_str(const settings *self, const char *name);               /* STRING, PATH, ENUM; "" when empty */
int64_t settings_int(const settings *self, const char *name);                   /* INT, BYTES, MS */
bool settings_bool(const settings *self, const char *name);
size_t settings_list(const settings *self, const char *name, const char *const **items);   /* blank- or comma-separated */

/* The librdkafka properties of a pass-through section ("kafka", "kafka.consumer", "kafka.producer"): calls `each` for every key. Values that
 * begin with `file:` are read from that file (relative names: from $CREDENTIALS_DIRECTORY), their last line break cut. Stops at the first result of `each` that
 * is not 0 and returns it; -1 without a call when a secret of the section could not be read. */
typedef int (*settings_each)(void *arg, const char *key, const char *value);
int settings_section(const settings *self, const char *section, settings_each each, void *arg);

/* The same names with where each value comes from ("file:line", "--set") and a value fit to be shown: "***" for those that may be secret,
 * `file:NAME` as it stands. For `millrace check`. */
typedef void (*settings_show_each)(void *arg, const char *key, const char *shown, const char *origin);
void settings_section_show(const settings *self, const char *section, settings_show_each each, void *arg);
/* Secrets that this process cannot read (no $CREDENTIALS_DIRECTORY, no permission): a line for each; returns their number. settings_section refuses a
 * section with one of them (-1, logged); `millrace check` run by somebody else than the service only notes them. */
int settings_secrets_unread(const settings *self, buf *notes);

/* Where the value of a setting comes from: "file:line", "--set" or "default". Borrowed. */
const char *settings_origin(const settings *self, const char *name);
/* The value as it would stand in a file. */
const char *settings_text(const settings *self, const char *name);
/* A number in the unit of the option: "16M", "2s", "20"; `out` is returned. For range texts and `--explain`. */
char *option_show(const option *row, int64_t value, char out[32]);
const char *option_type_name(enum option_type type);

/* Rules that span several settings (output topic among the inputs, names too long for a socket path, ...). Adds lines to errors, returns their number. Says
 * nothing about settings that could not be read (settings_read_good): what stands in for them was not meant. */
int settings_check(const settings *self, buf *errors);

/* Names of the not-reloadable settings that differ, for the log line of a reload; returns their number. */
int settings_changed_fixed(const settings *before, const settings *after, buf *names);
/* A reload: what only a restart changes is put back to what the process runs with, so that nobody who is handed the new settings takes half of such a change. Ask
 * settings_check again afterwards. Properties of librdkafka are looked at only at the start. */
void settings_keep_fixed(settings *self, const settings *running);

/* Values derived from several settings; the rule stands here once. */
const char *settings_state_dir(const settings *self);       /* daemon.state_dir, else $STATE_DIRECTORY, else /var/lib/millrace; plus / and the instance */
const char *settings_runtime_dir(const settings *self);     /* daemon.runtime_dir, else $RUNTIME_DIRECTORY, else /run/millrace; plus / and the instance */
bool settings_has_stage(const settings *self, const char *name);         /* in pipeline.stages */
const char *settings_alerts_topic(const settings *self);    /* watch.alerts_topic; "" without the stage watch in pipeline.stages */
int settings_admin_port(const settings *self);              /* admin.port; 0 = derived from the instance name: 9180 + XXH32(name) % 400, "millrace" = 9180 */

#endif
