/* filter.h - sink.filter: which articles are published at all.
 *
 * A filter is a list of conditions; an article that keeps one of them out is refused by the first that it fails. It is asked of a part as the stages have made it, knows nothing of duplicates
 * or topics and changes nothing: a pure function of (conditions, record, article), so that a verdict that is given again finds the same answer. docs/record.md says it to people.
 *
 * A condition is NAME, OPERATOR and VALUES without a blank:
 *   labels=a|b     has one of these labels; `none`: an article without a label
 *   labels!=a|b    has none of these
 *   languages=, languages!=, sources=, sources!=, hosts=, hosts!=     the same for `language`, `source_name`, and the host of `url_canonical` or a domain above it
 *   characters>=N, characters<=N
 * Values are compared byte by byte; `none` stands for an article without such a value; %XX is the byte XX (RFC 3986), for blanks, commas, bars and percent signs. Each name stands with
 * each operator at most once. Constant once it is made; any thread. */
#ifndef COMMON_FILTER_H
#define COMMON_FILTER_H

#include "common/record.h"

#define FILTER_VALUES_MAX 1024           /* of one condition */
#define FILTER_WHY 200

typedef struct filter filter;

/* Names of conditions: words of metrics and log lines. FILTER_NONE: refused by nothing, it passes. */
enum filter_condition { FILTER_NONE, FILTER_LABELS, FILTER_LANGUAGES, FILTER_SOURCES, FILTER_HOSTS, FILTER_CHARACTERS, FILTER_CONDITIONS };
extern const char *const filter_names[FILTER_CONDITIONS];

/* A filter without conditions, which lets everything pass. The labels of the taxonomy (at most 64) are copied. */
filter *filter_new(const char *const *labels, size_t label_count);
void filter_free(filter **self);
/* 0; -1 with `why` (for people, without the condition itself) when it is none, and the filter is as before. */
int filter_add(filter *self, const char *condition, char why[FILTER_WHY]) MR_MUST_USE;
/* It can only be asked when the article has its labels. */
bool filter_asks_labels(const filter *self);
/* What keeps the article out; FILTER_NONE: nothing. `rec` is the record that it is part of. */
enum filter_condition filter_refuses(const filter *self, const record *rec, const article *art);

#endif
