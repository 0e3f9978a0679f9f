/* record_impl.h - what common/record*.c share: the inside of rules, record and article. Nobody else includes it. */
#ifndef COMMON_RECORD_IMPL_H
#define COMMON_RECORD_IMPL_H

#include <jansson.h>
#include <stdatomic.h>

#include "charset.h"
#include "json_text.h"
#include "record.h"
#include "record_fields.h"
#include "record_lists.h"

#define RECORD_VALUES_MAX 65536          /* JSON values of one record: a tree of small objects takes 232 bytes each, so at most 15 MB */
#define NO_CLOCK (-1)

enum envelope { ENVELOPE_ARTICLE, ENVELOPE_DUPLICATE, ENVELOPE_ALERT, ENVELOPES };
enum detail_form { DETAIL_NESTED, DETAIL_TEXT, DETAIL_NONE };

struct record_rules {
	int holders;                     /* the configuration and each record; loop thread only, so a plain number */
	size_t max_record_bytes;
	int max_depth;
	bool identity_is_key, staged, spans;
	enum detail_form detail;
	buf envelopes[ENVELOPES];        /* of articles, duplicates and alerts, as it stands in front of a record: {"schema":{...},"payload": - empty: none */
	enum content_form form;          /* of values without a content-type */
	char **topics;                   /* topics with a form of their own */
	enum content_form *topic_forms;
	size_t topic_count;
	char **labels, **score_names, **score_keys;      /* education, score_education, "score_education": */
	size_t label_count;
};

struct record {
	record_rules *rules;
	char *topic;
	int32_t partition;
	int64_t offset, timestamp_ms, clock_ms;          /* -1: none */
	uint8_t identity[16], fingerprint[16];
	buf address, extra;                              /* len 0: none */
	int zone;                                        /* of times without one: minutes east */
	json_t *values[FIELD_COUNT];                     /* fields that the feed gave; NULL: not given */
	json_t *text, *html;                             /* of a JSON record; NULL: none */
	mr_bytes raw;                                    /* of a raw record, borrowed from the message; data NULL: JSON */
	enum content_form form;                          /* of a raw record */
	char charset[CHARSET_NAME_MAX + 1];
	size_t input_bytes, other_bytes;                 /* for record_memory */
};

struct article {
	record *rec;
	int page_index, page_count;
	json_t *values[FIELD_COUNT];                     /* set by stages; NULL: what the feed gave */
	record_lists lists;                              /* those that are kept as text ... */
	buf list_text;                                   /* ... which stands here; what a later stage replaced stays in it */
	double *scores;                                  /* one a label */
	mr_bytes body;
	char *body_own;                                  /* what body points into: either this ... */
	json_t *body_ref;                                /* ... or this */
	size_t tree_bytes;                               /* of patches, without those lists */
	json_t *alerts;                                  /* what the stage watch says; NULL: nothing */
	size_t alert_bytes;                              /* of its text */
};

extern _Atomic uint64_t record_parsed, record_dumped, record_patches;

/* ---- record_rules.c ---- */
enum content_form rules_form(const record_rules *rules, const char *topic);
int rules_label(const record_rules *rules, const char *name);                    /* index; -1 */

/* ---- record_members.c: the members of a feed record ---- */
#define MEMBER_NAMES_MAX 6
enum member_form { FORM_TEXT, FORM_NAME, FORM_NAMES, FORM_WORDS, FORM_LANGUAGE, FORM_TIME };

typedef struct member_row {
	enum field field;
	enum member_form form;
	bool per_delivery;                       /* not part of the fingerprint */
	const char *header;                      /* of a raw record; NULL: none */
	const char *names[MEMBER_NAMES_MAX];     /* the first that holds something usable wins */
} member_row;

enum { MEMBER_ROWS = 13, HTML_NAMES = 5, TEXT_NAMES = 5 };
extern const member_row member_table[MEMBER_ROWS];
extern const char *const member_html[HTML_NAMES], *const member_text[TEXT_NAMES];

int members_take(record *self, mr_bytes value, const record_source *source, record_fault *fault) MR_MUST_USE;      /* JSON */
int members_take_raw(record *self, const record_source *source, record_fault *fault) MR_MUST_USE;                  /* text, HTML */

/* ---- record_article.c ---- */
const json_t *article_value(const article *self, enum field field);              /* NULL: nothing is known, or kept as text */
mr_bytes article_list(const article *self, const list_span *span);               /* as it stands in a record; [] when nothing is known */

/* ---- record_out.c ---- */
/* Appends `,"name":value` for every field with this flag. */
void article_dump_fields(const article *self, unsigned which, const verdict *v, int64_t now_ms, buf *out);

/* ---- record_identity.c ---- */
void identity_of(const record_rules *rules, const record *rec, const record_source *source, uint8_t out[16]);
void identity_page(const uint8_t identity[16], int page_index, uint8_t out[ARTICLE_ID_BYTES]);

typedef struct fingerprint {
	uint64_t low, high, count;
} fingerprint;
void fingerprint_add(fingerprint *self, mr_bytes name, char kind, mr_bytes value);
void fingerprint_end(const fingerprint *self, char form, uint8_t out[16]);

/* ---- record_envelope.c: the envelope that Kafka Connect's JsonConverter reads (schemas.enable = true) ---- */
/* A schema is begun with its name, told its fields in the order of the record, and ended with what stands in front of the payload. Behind the payload comes one '}'. */
void envelope_begin(buf *out, const char *name);
void envelope_field(buf *out, const char *name, enum field_type type, bool null);
void envelope_end(buf *out);
void envelope_fields(const record_rules *rules, unsigned which, buf *out);       /* those that have the flags `which` */

/* ---- record_alert.c ---- */
void alert_envelope(const record_rules *rules, buf *out);

/* ---- record_headers.c ---- */
const mr_field *header_find(const record_source *source, const char *name);      /* the last one of that name, any case; NULL: none */
typedef struct origin {
	mr_bytes topic;
	int64_t partition, offset;
} origin;
origin origin_of(const record_source *source);                                   /* where the record first stood: see millrace.source.* */

#endif
