/* record.h - the data contract as code: feed records in; article, duplicate and dead-letter records out.
 *
 * The only module that names JSON members, Kafka headers of the contract and their types; docs/record.md and conf/schema/ say the same in
 * words. It parses a value once and dumps a record once (both counted: record_counts). It owns what it parsed; Kafka's own bytes
 * stay the caller's. Pure apart from the two counters: no clock, no I/O, no locale. Loop thread of the daemon, or `millrace process`. */
#ifndef COMMON_RECORD_H
#define COMMON_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"

struct settings;

#define ARTICLE_ID_BYTES 16              /* 32 hex digits outside */
#define RECORD_IDENTITY_VERSION 1        /* other rules of identity or fingerprint, other ids: part of the index header (with URL_VERSION) */
#define RECORD_FIELDS_MAX 64             /* most fields that a stage may ask for */
#define RECORD_HEADERS_MAX 64            /* headers of a feed record that are carried on; the rest is left behind */
#define RECORD_HEADER_BYTES_MAX 32768    /* ... and bytes of their names and values together */
#define RECORD_HEADERS_OUT_MAX (RECORD_HEADERS_MAX + 16)  /* room that record_headers_out and record_headers_dead need */

typedef struct record_rules record_rules;        /* what the configuration says about records; immutable, made once a (re)load */
typedef struct record record;                    /* one feed record, parsed */
typedef struct article article;                  /* one article of it, growing stage by stage */

/* A Kafka message, borrowed. */
typedef struct record_source {
	const char *topic;
	int32_t partition;
	int64_t offset;
	int64_t timestamp_ms;                    /* -1: none */
	mr_bytes key, value;                     /* data NULL: null */
	const mr_field *headers;                 /* names need not be unique */
	size_t header_count;
	size_t header_bytes;                     /* memory that the message's headers take, also those that are not named here */
} record_source;

/* Why a record is a dead letter. */
typedef struct record_fault {
	char code[32];                           /* input.not-json, stage.timeout, ...: a fixed word of the contract */
	char stage[32];                          /* intake, or the stage's name, or publish */
	char message[201];                       /* what was tried, on what, why it failed; cleaned, UTF-8, at most 200 bytes */
} record_fault;

void record_fault_set(record_fault *fault, const char *code, const char *stage, const char *format, ...) MR_PRINTF(4, 5);

/* ---- rules ---- */
/* What the settings say, as plain values: record_rules_new fills it from the configuration, tests and tools fill it by hand. Borrowed for the call. */
typedef struct record_rules_values {
	size_t max_record_bytes;                 /* 0: 4 MB */
	int max_depth;                           /* 0: 32 */
	bool identity_is_key;
	bool staged;                             /* a first stage decodes raw values; false: they must be UTF-8 already */
	const char *detail;                      /* nested, text, none; NULL: nested */
	bool spans;                              /* detail.spans is printed */
	bool envelope;                           /* records are {"schema":...,"payload":...} (sink.envelope = connect); not with detail nested */
	const char *const *formats;              /* json, text, html, or topic:form */
	size_t format_count;
	const char *const *labels;               /* the taxonomy */
	size_t label_count;
} record_rules_values;

record_rules *record_rules_new(const struct settings *settings);
record_rules *record_rules_new_from(const record_rules_values *values);
/* Gives up the caller's hold. Records keep theirs: those in flight end under the rules they began with. */
void record_rules_free(record_rules **self);

/* ---- in ---- */
/* Parses one message. The value must outlive the record until record_release_input. NULL: `fault` says why. Null values (tombstones) are not for
 * this function: see record_tombstone_id. */
record *record_parse(const record_rules *rules, const record_source *source, record_fault *fault);
void record_free(record **self);
size_t record_memory(const record *self);                        /* bytes held, tree included (estimate, see engineering notes in record.c) */
int64_t record_clock_ms(const record *self);                     /* the record's clock; -1: null */
/* XXH3-128 of the payload without its per-delivery members (id, fetched_at and their aliases): equal bytes, equal story. */
void record_fingerprint(const record *self, uint8_t out[16]);
/* Canonical address; data NULL when there is none. Borrowed. */
mr_bytes record_address(const record *self);
void record_article_id(const record *self, int page_index, uint8_t out[ARTICLE_ID_BYTES]);
/* `intake.identity = key`: the id of page 0 for a tombstone's key. */
void record_tombstone_id(const record_rules *rules, const record_source *source, uint8_t out[ARTICLE_ID_BYTES]);
/* The body and fields of the first stage's task (include/millrace/stage.h). `names` NULL-terminated. `out` has room for as many fields as there are
 * names; values that had to be written stand in `scratch`. Returns the number of fields. Borrowed until record_release_input. */
mr_bytes record_input(const record *self);
size_t record_fields(const record *self, const char *const *names, mr_field *out, buf *scratch);
/* Lets go of text and html (and the caller may let go of nothing else: dead letters need the message's bytes). Parts carry on. */
void record_release_input(record *self);

/* ---- articles ---- */
/* Part `page_index` of `page_count`. Keeps a reference to `rec`, which must outlive it. Without any stage the article carries the feed's
 * own values and text. */
article *article_new(record *rec, int page_index, int page_count);
void article_free(article **self);
size_t article_memory(const article *self);
/* Merges a stage's patch: a JSON object whose members must be fields of the contract with their types (`detail` member by member). 0; -1 with
 * `fault` (code stage.refused): the answer was no good. */
int article_apply(article *self, mr_bytes patch, const char *stage, record_fault *fault) MR_MUST_USE;
/* Takes a malloc'ed body; must be valid UTF-8: 0; -1 (freed) with fault. */
int article_set_body(article *self, char *body, size_t len, const char *stage, record_fault *fault) MR_MUST_USE;
mr_bytes article_body(const article *self);
size_t article_fields(const article *self, const char *const *names, mr_field *out, buf *scratch);
/* Takes what the stage `watch` says of alerts (its blob: record_alert.c); 0; -1 with fault. A later one replaces it. */
int article_set_alerts(article *self, mr_bytes blob, const char *stage, record_fault *fault) MR_MUST_USE;
size_t article_alert_count(const article *self);
const char *article_alert_watch(const article *self, size_t i);          /* borrowed */
void article_alert_key(const article *self, size_t i, buf *out);         /* appends article_id:watch, the message's key */
int article_page(const article *self);
const char *article_primary_label(const article *self);          /* "none" without a classifier; borrowed */
uint64_t article_labels(const article *self);                    /* bit i: it has label i of the taxonomy (of which there are at most 64) */
size_t article_characters(const article *self);                  /* of the body */
/* A string field by its name, as the record will have it; data NULL: null. Borrowed. */
mr_bytes article_text(const article *self, const char *name);

/* What the judge found; zeroed = new story. */
typedef struct verdict {
	uint8_t story_id[ARTICLE_ID_BYTES];
	uint8_t duplicate_of[ARTICLE_ID_BYTES];
	bool has_owner;                          /* duplicate_of is set (duplicate, or revision with another article_id) */
	const char *kind;                        /* "exact", "url", "near"; NULL: no duplicate */
	double similarity;                       /* < 0: null */
	int revision;                            /* 0: first edition */
} verdict;

/* ---- out: append one line of JSON (without line break) to `out`; with the envelope around it, if the rules say so ---- */
void article_dump(article *self, const verdict *v, int64_t now_ms, buf *out);                /* topic articles.enriched */
void article_dump_alert(article *self, size_t i, const verdict *v, int64_t now_ms, buf *out);/* topic articles.alerts */
void article_dump_duplicate(const article *self, const verdict *v, int64_t now_ms, buf *out);/* topic articles.duplicates */
void record_dump_duplicate(const record *self, int page_count, const verdict *v, int64_t now_ms, buf *out); /* byte-equal repeat */
/* The same for people who look on (`millrace tap`): without an envelope and not counted as dumped. The article as it stands, whatever stages it has passed; what is known of a record
 * that became no article, in the short form. `v` NULL: not judged. */
void article_preview(const article *self, const verdict *v, int64_t now_ms, buf *out);
void record_preview(const record *self, int page_count, const verdict *v, int64_t now_ms, buf *out);

/* CloudEvents attributes of an outgoing record (specification 1.0.2, Kafka protocol binding, binary mode). Borrowed. */
typedef struct cloud_event {
	const char *id, *source, *type, *time;
} cloud_event;

/* The record itself in a line that was dumped for `self`: without the envelope, if it has one. A view into the line. `self` NULL: as it is. */
mr_bytes record_unwrap(const record *self, mr_bytes line);

/* Headers of an outgoing record: those of the feed record without `content-type` and `millrace.*`, plus content-type. With an `event` (NULL: none) its attributes, and
 * those of the feed record (ce_*) are left behind, for they tell of another event; ce_traceparent and ce_tracestate are carried on. Pairs point into the
 * source, the event and constants. Returns their number; at most `max`. */
size_t record_headers_out(const record_source *source, const cloud_event *event, mr_field *out, size_t max);
/* Headers of a dead letter: the input's (bounded) plus millrace.*; values stand in `scratch`. */
typedef struct dead_letter {
	const record_fault *fault;
	int attempts;
	int64_t first_ms, last_ms;               /* wall clock of first and last failure */
	bool bare;                               /* without the input's headers: the broker refused it with them */
} dead_letter;
size_t record_headers_dead(const record_source *source, const dead_letter *dead, mr_field *out, size_t max, buf *scratch);

/* The trace that the feed's headers tell (W3C Trace Context, traceparent): its 32 hexadecimal digits, or "" when there is none or it is malformed. */
enum { TRACE_ID_BYTES = 33 };
void record_trace_id(const record_source *source, char out[TRACE_ID_BYTES]);

/* JSON Schema (draft 7) of what these rules make, as text with line breaks: the files in conf/schema/ and `millrace schema`. */
enum record_schema { SCHEMA_ARTICLE, SCHEMA_DUPLICATE, SCHEMA_ALERT, SCHEMA_FEED, SCHEMA_DEAD_LETTER };
void record_schema_print(const record_rules *rules, enum record_schema which, buf *out);

void id_hex(const uint8_t id[ARTICLE_ID_BYTES], char out[33]);

/* How often a value was parsed and a record dumped since start: shown in /metrics, proves "once". */
typedef struct record_counts { uint64_t parsed, dumped, patches; } record_counts;
record_counts record_counts_get(void);

#endif
