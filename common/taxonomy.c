/* taxonomy.c - see taxonomy.h. What labels, codes and thresholds may be is checked in settings_check.c, wherever they come from. */
#include "taxonomy.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ini.h"
#include "mem.h"

typedef struct reading {
	taxonomy *self;
	buf *errors;
	int bad;
	bool skip;                       /* the section at hand was told to be wrong */
} reading;

static void complain(reading *at, ini_place place, const char *name, const char *what)
{
	buf_printf(at->errors, "%s:%d: '%.64s' %s\n", place.file, place.line, name, what);
	at->bad++;
}

static void on_section(void *arg, ini_place place, const char *name)
{
	reading *at = arg;
	at->skip = true;
	for (size_t i = 0; i < at->self->count; i++)
		if (strcmp(at->self->labels[i].label, name) == 0) {
			complain(at, place, name, "stands twice");
			return;
		}
	if (at->self->count == TAXONOMY_LABELS_MAX) {
		complain(at, place, name, "is one label too many (64 at most)");
		return;
	}
	at->skip = false;
	at->self->labels[at->self->count++] = (taxonomy_label){.label = mem_string(name), .line = place.line};
}

static char **member(taxonomy_label *label, const char *key)
{
	if (strcmp(key, "name") == 0)
		return &label->name;
	if (strcmp(key, "threshold") == 0)
		return &label->threshold;
	return strcmp(key, "media_topic") == 0 ? &label->media_topic : NULL;
}

static void on_entry(void *arg, ini_place place, const char *section, const char *key, const char *value)
{
	reading *at = arg;
	(void)section;                               /* the reader refuses entries before the first one */
	if (at->skip)
		return;
	char **field = member(&at->self->labels[at->self->count - 1], key);
	if (!field)
		complain(at, place, key, "is none of name, threshold, media_topic");
	else if (*field)
		complain(at, place, key, "is set a second time");
	else if (*value)
		*field = mem_string(value);
}

int taxonomy_read(taxonomy *self, const char *path, buf *errors)
{
	buf text = {0};
	reading at = {.self = self, .errors = errors};
	*self = (taxonomy){0};
	int lines = ini_load(path, INI_FILE_MAX, &text, errors) ? 1 : ini_parse(buf_bytes(&text), path, (ini_hooks){on_section, on_entry, &at}, errors);
	at.bad += lines;                             /* not in one: the hooks change `bad`, too */
	if (!at.bad && !self->count) {
		buf_printf(errors, "%s: no label in it\n", path);
		at.bad = 1;
	}
	buf_free(&text);
	return at.bad;
}

void taxonomy_free(taxonomy *self)
{
	for (size_t i = 0; i < self->count; i++) {
		free(self->labels[i].label);
		free(self->labels[i].name);
		free(self->labels[i].threshold);
		free(self->labels[i].media_topic);
	}
	*self = (taxonomy){0};
}
