/* index.h - what `millrace index ...` shares: the options, the folder, how numbers are shown. One file for each verb, cli/index_<verb>.c; a new one is a row in the
 * table of index.c. Main thread only. */
#ifndef CLI_INDEX_H
#define CLI_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/term.h"
#include "common/settings.h"
#include "daemon/index_scan.h"

typedef struct index_options {
	const char *folder;              /* the one that holds index-*.log; borrowed */
	bool json;
	bool force;                      /* rebuild: what the folder holds is moved aside */
} index_options;

/* Each returns an exit code. */
int index_stat(const index_options *options, const settings *conf);
int index_verify(const index_options *options, const settings *conf);
int index_compaction_run(const index_options *options, const settings *conf);
int index_rebuild(const index_options *options, const settings *conf);

/* Reads the log; the visit and its `arg` are the caller's, the bar is shown meanwhile. 0; else the exit code, the error told (also when the folder holds no index). */
int index_read(const index_options *options, const settings *conf, index_log_visit visit, void *arg, index_scan *found) MR_MUST_USE;
/* Whether the folder holds an index; EXIT_FAILED and told when it does not, or cannot be read. */
int index_must_exist(const index_options *options) MR_MUST_USE;
/* A bar of megabytes that are read. */
void index_show_progress(progress *line, uint64_t done, uint64_t all);
/* Prints the lines of `errors` behind "millrace index: "; returns EXIT_FAILED. */
int index_failed(const buf *errors);
/* File, bytes, epochs and loss of one damage, as a sentence without its end. */
void index_damage_text(const index_damage *damage, char out[400]);

/* 1,234,567; 12.3 MB. */
char *index_number(uint64_t n, char out[32]);
char *index_bytes(uint64_t bytes, char out[32]);

#endif
