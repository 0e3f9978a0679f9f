/* option_values.c - texts of settings into values and back: numbers with units, booleans, words, lists. Pure; the option table says what is allowed. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "mem.h"
#include "nearest.h"
#include "settings_parts.h"

#define LIST_MAX 256                     /* items of a list */

typedef struct unit {
	const char *name;
	int64_t factor;
} unit;

/* Largest first: option_show takes the first that divides. */
static const unit byte_units[] = {{"G", 1LL << 30}, {"M", 1LL << 20}, {"K", 1LL << 10}, {"", 1}, {NULL, 0}};
static const unit time_units[] = {{"d", 86400000}, {"h", 3600000}, {"min", 60000}, {"s", 1000}, {"ms", 1}, {NULL, 0}};
static const unit no_units[] = {{"", 1}, {NULL, 0}};

static const unit *units_of(enum option_type type)
{
	return type == OPTION_BYTES ? byte_units : type == OPTION_MS ? time_units : no_units;
}

const option *option_find(const char *name)
{
	for (size_t i = 0; i < option_count; i++)
		if (strcmp(option_table[i].name, name) == 0)
			return &option_table[i];
	return NULL;
}

const char *option_type_name(enum option_type type)
{
	static const char *const names[] = {"text", "list", "number", "bytes", "time", "true or false", "word", "path"};
	return names[type];
}

char *option_show(const option *row, int64_t number, char out[32])
{
	const unit *u = units_of(row->type);
	while (number && number % u->factor)
		u++;
	while (!number && u[1].name)
		u++;
	snprintf(out, 32, "%" PRId64 "%s", number / u->factor, u->name);
	return out;
}

static int parse_number(const option *row, const char *text, int64_t *out, buf *why)
{
	char *end;
	errno = 0;
	long long n = isdigit((unsigned char)text[0]) ? strtoll(text, &end, 10) : (end = (char *)text, 0);
	const unit *u = units_of(row->type);
	const char *plain = row->type == OPTION_MS ? "ms" : "";
	const char *suffix = *end ? end : plain;
	while (u->name && strcasecmp(u->name, suffix) != 0)
		u++;
	if (end == text || !u->name) {
		buf_printf(why, "'%.40s' is not a %s (%s)", text, row->type == OPTION_INT ? "whole number" : row->type == OPTION_BYTES ? "size" : "time",
			   row->type == OPTION_INT ? "digits only" : row->type == OPTION_BYTES ? "like 65536, 64K, 16M, 1G" : "like 100, 100ms, 2s, 5min, 1h, 1d");
		return -1;
	}
	if (errno || __builtin_mul_overflow((int64_t)n, u->factor, out) || *out < row->min || *out > row->max) {
		char low[32], high[32];
		buf_printf(why, "'%.40s' is out of range: %s to %s", text, option_show(row, row->min, low), option_show(row, row->max, high));
		return -1;
	}
	return 0;
}

static int parse_bool(const char *text, int64_t *out, buf *why)
{
	static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcasecmp(text, words[i]) == 0) {
			*out = i & 1;
			return 0;
		}
	buf_printf(why, "'%.40s' is neither true nor false", text);
	return -1;
}

static int parse_word(const option *row, const char *text, buf *why)
{
	char *words = mem_string(row->words), *rest = words;
	nearest guess = {.word = text};
	const char *word;
	int rc = -1;
	while (rc && (word = strsep(&rest, " "))) {
		if (strcmp(word, text) == 0)
			rc = 0;
		nearest_offer(&guess, word);
	}
	if (rc) {
		buf_printf(why, "'%.40s' is not one of: %s", text, row->words);
		if (guess.best)
			buf_printf(why, " (did you mean '%s'?)", guess.best);
	}
	free(words);
	return rc;
}

static int parse_list(const char *text, value *out, buf *why)
{
	static const char separators[] = " \t,";
	for (const char *at = text + strspn(text, separators); *at; at += strspn(at, separators)) {
		size_t len = strcspn(at, separators);
		if (out->item_count == LIST_MAX) {
			buf_printf(why, "more than %d items", LIST_MAX);
			return -1;
		}
		out->items = mem_grow(out->items, out->item_count + 1, sizeof *out->items);
		out->items[out->item_count++] = mem_copy(at, len);
		at += len;
	}
	return 0;
}

int option_parse(const option *row, const char *text, value *out, buf *why)
{
	switch (row->type) {
	case OPTION_INT:
	case OPTION_BYTES:
	case OPTION_MS:
		return parse_number(row, text, &out->number, why);
	case OPTION_BOOL:
		return parse_bool(text, &out->number, why);
	case OPTION_ENUM:
		return parse_word(row, text, why);
	case OPTION_LIST:
		return parse_list(text, out, why);
	case OPTION_STRING:
	case OPTION_PATH:
		break;
	}
	return 0;
}
