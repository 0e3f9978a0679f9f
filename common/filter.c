/* filter.c - see filter.h. A configuration is read once and asked of every article: values stand unescaped, labels as bits. */
#include "filter.h"

#include <stdio.h>
#include <stdlib.h>

#include "mem.h"
#include "utf8.h"

enum { BY_LISTS = FILTER_CHARACTERS };       /* conditions before that have lists of values */

typedef struct values {
	bool given;
	bool none;                       /* `none` is one of them */
	uint64_t labels;                 /* of FILTER_LABELS: a bit each */
	buf *items;                      /* of the others */
	size_t count;
} values;

struct filter {
	char **labels;                   /* the taxonomy */
	size_t label_count;
	values only[BY_LISTS], never[BY_LISTS];      /* = and != */
	int64_t least, most;             /* characters; -1: not given */
	bool any;                        /* there is a condition */
};

const char *const filter_names[FILTER_CONDITIONS] = {"none", "labels", "languages", "sources", "hosts", "characters"};

filter *filter_new(const char *const *labels, size_t label_count)
{
	filter *self = mem_alloc(sizeof *self);
	self->labels = mem_array(label_count, sizeof *self->labels);
	self->label_count = label_count < 64 ? label_count : 64;
	for (size_t i = 0; i < self->label_count; i++)
		self->labels[i] = mem_string(labels[i]);
	self->least = self->most = -1;
	return self;
}

static void clear_values(values *v)
{
	for (size_t i = 0; i < v->count; i++)
		buf_free(&v->items[i]);
	free(v->items);
	*v = (values){0};
}

void filter_free(filter **self_p)
{
	filter *self = *self_p;
	if (!self)
		return;
	for (int c = 0; c < BY_LISTS; c++) {
		clear_values(&self->only[c]);
		clear_values(&self->never[c]);
	}
	for (size_t i = 0; i < self->label_count; i++)
		free(self->labels[i]);
	free(self->labels);
	free(self);
	*self_p = NULL;
}

bool filter_asks_labels(const filter *self)
{
	return self->only[FILTER_LABELS].given || self->never[FILTER_LABELS].given;
}

/* ---- reading ---- */

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* False: a percent sign without two hex digits. */
static bool unescape(mr_bytes text, buf *out)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] != '%') {
			buf_add_char(out, text.data[i]);
			continue;
		}
		int high = i + 2 < text.len ? hex_digit(text.data[i + 1]) : -1, low = i + 2 < text.len ? hex_digit(text.data[i + 2]) : -1;
		if (high < 0 || low < 0)
			return false;
		buf_add_u8(out, (uint8_t)(high << 4 | low));
		i += 2;
	}
	return true;
}

static int label_number(const filter *self, mr_bytes name)
{
	for (size_t i = 0; i < self->label_count; i++)
		if (mr_bytes_equal(name, self->labels[i]))
			return (int)i;
	return -1;
}

/* The form in which hosts are compared: see url.h. */
static bool is_host(mr_bytes name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.data[i] >= 'A' && name.data[i] <= 'Z')
			return false;
	return !memchr(name.data, '/', name.len) && (name.len < 4 || memcmp(name.data, "www.", 4) != 0);
}

/* NULL, or what is wrong with it. */
static const char *add_value(const filter *self, int condition, values *v, mr_bytes text)
{
	buf item = {0};
	const char *wrong = NULL;
	if (!unescape(text, &item))
		wrong = "has a '%' without two hex digits behind it";
	else if (!item.len)
		wrong = "has an empty value";
	else if (!utf8_valid(buf_bytes(&item)) || memchr(item.data, 0, item.len))
		wrong = "has a value that is no text in UTF-8";
	else if (mr_bytes_equal(buf_bytes(&item), "none"))
		v->none = true;
	else if (condition == FILTER_LABELS && label_number(self, buf_bytes(&item)) < 0)
		wrong = "names a label that is not in classify.labels";
	else if (condition == FILTER_LABELS)
		v->labels |= 1ull << label_number(self, buf_bytes(&item));
	else if (condition == FILTER_HOSTS && !is_host(buf_bytes(&item)))
		wrong = "has a host that no address has: lower case, without www.";
	else if (v->count == FILTER_VALUES_MAX)
		wrong = "has too many values (1024 are possible)";
	else {
		v->items = mem_grow(v->items, v->count + 1, sizeof *v->items);
		v->items[v->count++] = item;
		return NULL;
	}
	buf_free(&item);
	return wrong;
}

static const char *add_values(const filter *self, int condition, values *to, const char *text)
{
	values v = {.given = true};
	for (const char *at = text;; at++) {
		size_t len = strcspn(at, "|");
		const char *wrong = add_value(self, condition, &v, (mr_bytes){at, len});
		if (wrong) {
			clear_values(&v);
			return wrong;
		}
		at += len;
		if (!*at)
			break;
	}
	*to = v;
	return NULL;
}

static const char *add_number(int64_t *to, const char *text)
{
	int64_t n = 0;
	if (!*text || strlen(text) > 9)
		return "wants a number of at most nine digits";
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return "wants a number of at most nine digits";
		n = n * 10 + (*text - '0');
	}
	*to = n;
	return NULL;
}

static int condition_named(const char *text, size_t len)
{
	for (int c = FILTER_LABELS; c < FILTER_CONDITIONS; c++)
		if (mr_bytes_equal((mr_bytes){text, len}, filter_names[c]))
			return c;
	return FILTER_NONE;
}

int filter_add(filter *self, const char *condition, char why[FILTER_WHY])
{
	size_t len = strcspn(condition, "=!<>");
	const char *sign = condition + len, *wrong = NULL;
	int c = condition_named(condition, len);
	char operator = sign[0] == '=' ? '=' : sign[0] && sign[1] == '=' ? sign[0] : 0;
	bool number = c == FILTER_CHARACTERS;
	if (c == FILTER_NONE || !operator || (number ? operator != '<' && operator != '>' : operator != '=' && operator != '!')) {
		snprintf(why, FILTER_WHY, "is no condition: labels, languages, sources or hosts with = or !=, characters with >= or <=");
		return -1;
	}
	const char *text = sign + (operator == '=' ? 1 : 2);
	int64_t *limit = operator == '<' ? &self->most : &self->least;
	values *list = number ? NULL : operator == '=' ? &self->only[c] : &self->never[c];
	if (number ? *limit >= 0 : list->given)
		wrong = "stands twice; values of one condition are parted by '|'";
	else
		wrong = number ? add_number(limit, text) : add_values(self, c, list, text);
	if (wrong)
		snprintf(why, FILTER_WHY, "%s", wrong);
	self->any = self->any || !wrong;
	return wrong ? -1 : 0;
}

/* ---- asking ---- */

/* Of hosts also a domain above it counts. */
static bool matches(const buf *item, mr_bytes value, bool host)
{
	if (value.len < item->len || memcmp(value.data + value.len - item->len, item->data, item->len) != 0)
		return false;
	return value.len == item->len || (host && value.data[value.len - item->len - 1] == '.');
}

static bool holds(const values *v, mr_bytes value, bool host)
{
	if (!value.data)
		return v->none;
	for (size_t i = 0; i < v->count; i++)
		if (matches(&v->items[i], value, host))
			return true;
	return false;
}

static bool refuses(const filter *self, int condition, mr_bytes value)
{
	const values *only = &self->only[condition], *never = &self->never[condition];
	bool host = condition == FILTER_HOSTS;
	return (only->given && !holds(only, value, host)) || (never->given && holds(never, value, host));
}

static bool refuses_labels(const filter *self, const article *art)
{
	const values *only = &self->only[FILTER_LABELS], *never = &self->never[FILTER_LABELS];
	uint64_t labels = article_labels(art);
	bool none = labels == 0;
	return (only->given && !(labels & only->labels) && !(none && only->none)) || (never->given && ((labels & never->labels) || (none && never->none)));
}

/* The host of a canonical address (https://HOST[:PORT][/...]). */
static mr_bytes host_of(mr_bytes address)
{
	static const char scheme[] = "https://";
	size_t from = sizeof scheme - 1, to;
	if (!address.data || address.len <= from || memcmp(address.data, scheme, from) != 0)
		return (mr_bytes){NULL, 0};
	for (to = from; to < address.len && !strchr("/:?#", address.data[to]); to++)
		;
	return (mr_bytes){address.data + from, to - from};
}

enum filter_condition filter_refuses(const filter *self, const record *rec, const article *art)
{
	if (!self->any)
		return FILTER_NONE;
	if (refuses_labels(self, art))
		return FILTER_LABELS;
	if (refuses(self, FILTER_LANGUAGES, article_text(art, "language")))
		return FILTER_LANGUAGES;
	if (refuses(self, FILTER_SOURCES, article_text(art, "source_name")))
		return FILTER_SOURCES;
	if (refuses(self, FILTER_HOSTS, host_of(record_address(rec))))
		return FILTER_HOSTS;
	if (self->least < 0 && self->most < 0)
		return FILTER_NONE;
	int64_t characters = (int64_t)article_characters(art);
	return characters < self->least || (self->most >= 0 && characters > self->most) ? FILTER_CHARACTERS : FILTER_NONE;
}
