/* settings_parts.h - what settings.c (reading, values) and settings_check.c (rules) share; for nobody else. */
#ifndef COMMON_SETTINGS_PARTS_H
#define COMMON_SETTINGS_PARTS_H

#include "settings.h"

/* One setting of the table as read. */
typedef struct value {
	char *text;                      /* as it stands; PATH: joined with the folder of its file */
	char *origin;                    /* "file:line", "--set", "default" */
	int64_t number;                  /* INT, BYTES, MS, BOOL */
	char **items;                    /* LIST */
	size_t item_count;
	bool wrong;                      /* what was set is not allowed, or stands under a misspelt name: the earlier value stands in for it */
} value;

/* One librdkafka property of a pass-through section. */
typedef struct property {
	char *key, *text;                /* text as it stands, "file:..." for a secret file */
	char *secret;                    /* contents of that file; NULL: not from a file, or unread */
	char *unread;                    /* why the file could not be read; NULL: it was, or there is none */
	char *origin;
} property;

enum { SECTION_KAFKA, SECTION_CONSUMER, SECTION_PRODUCER, SECTION_COUNT };
extern const char *const property_sections[SECTION_COUNT];

typedef struct property_list {
	property *items;
	size_t count;
} property_list;

struct settings {
	value *values;                   /* option_count of them, in the order of the table */
	property_list properties[SECTION_COUNT];
	char *state_dir, *runtime_dir;
	int admin_port;
};

const option *option_find(const char *name);                                     /* NULL: not in the table */
int option_parse(const option *row, const char *text, value *out, buf *why);     /* 0; -1 with the reason in `why`; sets number and items */
const property *property_find(const settings *self, int section, const char *key);

/* Why a property may not be set to this by hand; NULL: it may. */
const char *property_refusal(const char *key, const char *text);
bool property_is_secret(const char *key);

#endif
