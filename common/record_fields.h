/* record_fields.h - the one table of the fields of an article record: name, type, order, who may set it, meaning.
 *
 * Dump, patch check, schema and manual test all read it. A new field is a new row where it shall stand; no row ever changes its type or
 * meaning (docs/record.md). Private to common/record*.c. Constant; any thread. */
#ifndef COMMON_RECORD_FIELDS_H
#define COMMON_RECORD_FIELDS_H

#include <stdbool.h>

#include "millrace/bytes.h"

enum field_type {
	TYPE_STRING, TYPE_INT, TYPE_NUMBER, TYPE_BOOL,
	TYPE_STRINGS,            /* list of strings */
	TYPE_TIME,               /* ISO 8601 with milliseconds and zone */
	TYPE_DETAIL,             /* the one nested member */
	TYPE_SCORES,             /* one number for each label of the taxonomy */
};

enum field_flag {
	FIELD_NULL = 1,          /* may be null */
	FIELD_OURS = 2,          /* set by the daemon alone; a patch that names it is refused */
	FIELD_SHORT = 4,         /* also in a duplicate record */
	FIELD_ALERT = 16,        /* also in an alert */
	FIELD_TEXT = 8,          /* a list of strings that stages alone set and nothing but the record needs: kept as JSON text (record_lists.h) */
};

/* F(ENUM, name, type, flags, meaning): order = order in the record. */
#define RECORD_FIELDS(F) \
	F(SCHEMA_VERSION, "schema_version", INT, FIELD_OURS | FIELD_SHORT | FIELD_ALERT, "version of this contract") \
	F(ARTICLE_ID, "article_id", STRING, FIELD_OURS | FIELD_SHORT | FIELD_ALERT, "32 hex digits; depends on identity and page_index only; also the message key") \
	F(FEED_ID, "feed_id", STRING, FIELD_NULL | FIELD_OURS | FIELD_SHORT | FIELD_ALERT, "id as the feed gave it") \
	F(SOURCE_TOPIC, "source_topic", STRING, FIELD_OURS | FIELD_SHORT | FIELD_ALERT, "input topic") \
	F(SOURCE_PARTITION, "source_partition", INT, FIELD_OURS | FIELD_SHORT | FIELD_ALERT, "input partition") \
	F(SOURCE_OFFSET, "source_offset", INT, FIELD_OURS | FIELD_SHORT | FIELD_ALERT, "offset in the input partition") \
	F(SOURCE_TIMESTAMP_MS, "source_timestamp_ms", INT, FIELD_NULL | FIELD_OURS | FIELD_SHORT | FIELD_ALERT, "Kafka timestamp of the feed record, epoch milliseconds") \
	F(PAGE_INDEX, "page_index", INT, FIELD_OURS | FIELD_SHORT | FIELD_ALERT, "which article of a split feed record, from 0, in the order of the source") \
	F(PAGE_COUNT, "page_count", INT, FIELD_OURS | FIELD_SHORT | FIELD_ALERT, "number of articles of the feed record") \
	F(URL, "url", STRING, FIELD_NULL | FIELD_SHORT | FIELD_ALERT, "address as given") \
	F(URL_CANONICAL, "url_canonical", STRING, FIELD_NULL | FIELD_ALERT, "address without tracking, fragment, default port, index page and mobile host") \
	F(SOURCE_NAME, "source_name", STRING, FIELD_NULL | FIELD_SHORT | FIELD_ALERT, "publication or site") \
	F(TITLE, "title", STRING, FIELD_NULL | FIELD_SHORT | FIELD_ALERT, "headline") \
	F(KICKER, "kicker", STRING, FIELD_NULL, "line above the headline") \
	F(SUBTITLE, "subtitle", STRING, FIELD_NULL, "line below the headline") \
	F(AUTHORS, "authors", STRINGS, 0, "reporters of the byline; editors are not authors") \
	F(EDITOR, "editor", STRING, FIELD_NULL, "responsible editor") \
	F(PUBLISHED_AT, "published_at", TIME, FIELD_NULL | FIELD_SHORT | FIELD_ALERT, "publication time; without a zone in the source +08:00 for Chinese text, else UTC") \
	F(PUBLISHED_AT_MS, "published_at_ms", INT, FIELD_NULL | FIELD_SHORT | FIELD_ALERT, "the same in epoch milliseconds") \
	F(PUBLISHED_PRECISION, "published_precision", STRING, FIELD_NULL, "what the source tells of it: second, minute or day") \
	F(PUBLISHED_FROM, "published_from", STRING, FIELD_NULL, "where it was found: feed, markup, page, dateline or url") \
	F(UPDATED_AT, "updated_at", TIME, FIELD_NULL, "time of the last change, from the feed") \
	F(FETCHED_AT, "fetched_at", TIME, FIELD_NULL, "time of the crawl, from the feed") \
	F(DATELINE_DATE, "dateline_date", STRING, FIELD_NULL, "date in dateline or signature: YYYY-MM-DD, or MM-DD when no year can be told") \
	F(LANGUAGE, "language", STRING, FIELD_NULL | FIELD_ALERT, "BCP 47 primary language: zh, en, ...") \
	F(SCRIPT, "script", STRING, FIELD_NULL, "ISO 15924: Hans, Hant, Latn, ...") \
	F(PLACE, "place", STRING, FIELD_NULL, "place of the dateline") \
	F(SECTION, "section", STRING, FIELD_NULL, "section of the paper or site") \
	F(PAGE, "page", STRING, FIELD_NULL, "page of the paper, as printed") \
	F(KEYWORDS, "keywords", STRINGS, 0, "keywords of the feed or the page") \
	F(LEAD, "lead", STRING, FIELD_NULL | FIELD_ALERT, "opening of the body, at most 200 characters, ends at a sentence") \
	F(BODY, "body", STRING, FIELD_OURS, "clean text, one paragraph a line") \
	F(CHARACTERS, "characters", INT, 0, "Unicode characters of body") \
	F(CONTINUED_FROM, "continued_from", STRING, FIELD_NULL, "page mark as printed") \
	F(CONTINUES_ON, "continues_on", STRING, FIELD_NULL, "page mark as printed") \
	F(TRUNCATED, "truncated", BOOL, 0, "the source breaks off") \
	F(LABELS, "labels", STRINGS, FIELD_ALERT, "labels of the taxonomy, most probable first") \
	F(PRIMARY_LABEL, "primary_label", STRING, FIELD_ALERT, "one of them, or none") \
	F(SCORES, "score_", SCORES, 0, "calibrated probability of the label") \
	F(EVIDENCE, "evidence", STRINGS, FIELD_TEXT, "terms that decided, strongest first, as label:term") \
	F(CLASSIFIER, "classifier", STRING, 0, "name, version and fingerprint of model and taxonomy; none without a classifier") \
	F(MEDIA_TOPICS, "media_topics", STRINGS, 0, "IPTC Media Topics that come near to the labels") \
	F(STORY_ID, "story_id", STRING, FIELD_OURS | FIELD_SHORT | FIELD_ALERT, "article_id of the first article of the story") \
	F(DUPLICATE_OF, "duplicate_of", STRING, FIELD_NULL | FIELD_OURS | FIELD_SHORT, "article_id of the published article it repeats; on a revision, of the earlier version") \
	F(DUPLICATE_KIND, "duplicate_kind", STRING, FIELD_NULL | FIELD_OURS | FIELD_SHORT, "exact, url or near; null for new articles and revisions") \
	F(SIMILARITY, "similarity", NUMBER, FIELD_NULL | FIELD_OURS | FIELD_SHORT, "likeness to duplicate_of, 0 to 1") \
	F(REVISION, "revision", INT, FIELD_OURS | FIELD_ALERT, "0 first edition; 1, 2, ... a published article that came again with changes") \
	F(PERSONS, "persons", STRINGS, FIELD_TEXT, "persons named, each once, order of first mention") \
	F(ORGANIZATIONS, "organizations", STRINGS, FIELD_TEXT, "organizations named, each once, order of first mention") \
	F(PLACES, "places", STRINGS, FIELD_TEXT, "places named, each once, order of first mention") \
	F(POLICIES, "policies", STRINGS, FIELD_TEXT, "plans, laws, programmes and schemes named, each once, order of first mention") \
	F(WATCHES, "watches", STRINGS, 0, "watches that the article meets, in the order of their file") \
	F(DETAIL, "detail", DETAIL, 0, "facts with structure") \
	F(REMOVED_LINES, "removed_lines", INT, 0, "lines of boilerplate taken out") \
	F(REMOVED_CHARACTERS, "removed_characters", INT, 0, "characters of boilerplate taken out") \
	F(REPEATED_BLOCKS, "repeated_blocks", INT, 0, "blocks that the source printed twice") \
	F(EXTRA, "extra", STRING, FIELD_NULL | FIELD_OURS, "all other members of the feed record, as JSON text, numbers to the last digit") \
	F(PROCESSED_AT, "processed_at", TIME, FIELD_OURS | FIELD_SHORT | FIELD_ALERT, "when this record was made") \
	F(PROCESSED_AT_MS, "processed_at_ms", INT, FIELD_OURS | FIELD_SHORT | FIELD_ALERT, "the same in epoch milliseconds") \
	F(PIPELINE, "pipeline", STRING, FIELD_OURS | FIELD_ALERT, "program and version")

enum field {
#define F(id, name, type, flags, meaning) FIELD_##id,
	RECORD_FIELDS(F)
#undef F
	FIELD_COUNT
};

typedef struct field_row {
	const char *name, *key;          /* key: `"name":` as it stands in the record */
	size_t len;                      /* of name */
	enum field_type type;
	unsigned flags;
	const char *meaning;
} field_row;

extern const field_row field_table[FIELD_COUNT];

enum field field_find(mr_bytes name);            /* FIELD_COUNT: none; FIELD_SCORES is never found by its prefix */

/* ---- the shape of `detail` ---- */
typedef struct detail_slot {
	const char *name, *key;          /* name NULL ends the list; key: `"name":` */
	enum field_type type;            /* STRING, INT, NUMBER, STRINGS */
	bool null;
	const char *meaning;
} detail_slot;

#define DETAIL_SLOTS_MAX 8       /* members of an object, and room for the end */

typedef struct detail_row {
	const char *name, *key;
	const detail_slot *slots;        /* NULL: a list of strings; else a list of objects with these members */
	const char *meaning;
} detail_row;

enum detail_member { DETAIL_PERSONS, DETAIL_METRICS, DETAIL_SECTIONS, DETAIL_UNITS, DETAIL_CAPTIONS, DETAIL_ATTACHMENTS, DETAIL_SPANS, DETAIL_COUNT };
extern const detail_row detail_table[DETAIL_COUNT];
extern const detail_slot alert_hit_slots[];      /* of an alert's list of hits */

enum detail_member detail_find(mr_bytes name);   /* DETAIL_COUNT: none */

/* Words that a string field is limited to (NULL-terminated); NULL: free text. */
const char *const *field_words(enum field field);

#endif
