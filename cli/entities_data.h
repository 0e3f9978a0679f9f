/* entities_data.h - sentences with named entities, and lists of words with classes, read from files for `millrace train entities` and `millrace evaluate entities`.
 *
 * A file holds JSON lines {"id", "text", "entities": [{"start", "end", "type"}]}, plain or gzipped; start and end count Unicode characters. Texts are folded as
 * the worker folds them (width and script) and each place keeps where it stood in the source. Owns everything it read. */
#ifndef CLI_ENTITIES_DATA_H
#define CLI_ENTITIES_DATA_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "workers/entities/tagger_model.h"

typedef uint32_t type_set;               /* a bit a type */

typedef struct entity {
	uint32_t begin, end;             /* folded characters */
	type_set types;                  /* one; several when the annotation leaves open which */
} entity;

typedef struct entity_text {
	char *id;                        /* never NULL */
	uint32_t *at;                    /* folded characters */
	uint32_t *source;                /* by folded character: index of the source character it came from; one more: length of the source */
	uint32_t count;
	entity *entities;                /* ascending, not overlapping */
	uint32_t entity_count;
	int file;
} entity_text;

typedef struct entity_file {
	char *path;
	size_t texts, characters, entities;
	type_set open;                   /* types that the annotation of the file does not know: any of its other characters may belong to one */
	double doubt;                    /* nats by which a character of such a type must be ahead to be believed */
	uint32_t times;                  /* how often a pass reads it */
	bool before;                     /* read in the first passes only */
} entity_file;

typedef struct type_rule {
	char *from;                      /* name in the files */
	type_set to;                     /* 0: dropped */
} type_rule;

typedef struct entity_data {
	entity_text *at;
	size_t count, room;
	char types[TAGGER_TYPES_MAX][TAGGER_TYPE_BYTES];
	uint32_t type_count;
	bool closed;                     /* types were given: others are dropped */
	type_rule *rules;                /* the last one of a name holds */
	size_t rule_count;
	entity_file *files;
	size_t file_count;
} entity_data;

/* The type of that name, added if need be; -1: no name, no room, or closed. */
int entity_data_type(entity_data *self, const char *name);
/* FROM=TO, FROM=TO|TO (one of them) or FROM= (dropped), for files read from now on. 0; -1 with error. */
int entity_data_map(entity_data *self, const char *rule, char error[256]) MR_MUST_USE;
/* Adds a file. 0; -1 with error (file:line: what). */
int entity_data_read(entity_data *self, entity_file file, char error[256]) MR_MUST_USE;
/* Puts the types in the order of their names, as the model wants them; once, behind the last read. */
void entity_data_order(entity_data *self);
void entity_data_free(entity_data *self);

/* ---- word list ---- */

typedef struct word_entry {
	uint64_t hash;                   /* features.h, word_hash */
	uint64_t prefix;                 /* ... of its first four characters, when it has more */
	uint8_t length, class;           /* class >= TAGGER_CLASS_FIRST */
} word_entry;

typedef struct word_list {
	word_entry *at;                  /* by hash once read */
	size_t count, room;
	char **classes;                  /* names; class - TAGGER_CLASS_FIRST */
	size_t class_count;
} word_list;

/* Adds a file: WORD<TAB>CLASS a line, # begins a comment. A word that was there before keeps its class. 0; -1 with error. */
int word_list_read(word_list *self, const char *path, char error[256]) MR_MUST_USE;
/* Sorts; once, behind the last read. */
void word_list_sort(word_list *self);
/* The class; 0: not in the list. */
uint8_t word_list_find(const word_list *self, uint64_t hash);
void word_list_free(word_list *self);

#endif
