/* entities_args.h - the command line of `millrace train entities` and `millrace evaluate entities`, read from one table. */
#ifndef CLI_ENTITIES_ARGS_H
#define CLI_ENTITIES_ARGS_H

#include "cli/entities_learn.h"

#define ENTITY_FILES_MAX 64
#define ENTITY_RULES_MAX 64

/* What an option in the order of the command line does: files are read under the rules that stand before them. */
enum entity_word_kind { WORD_DATA, WORD_BEFORE, WORD_MAP, WORD_OPEN, WORD_DOUBT, WORD_KINDS };

typedef struct entity_word {
	enum entity_word_kind kind;
	const char *text;
} entity_word;

typedef struct entities_args {
	const char *command;             /* for messages: "train entities", "evaluate entities" */
	bool training;
	entity_word words[ENTITY_FILES_MAX + ENTITY_RULES_MAX];
	size_t word_count, file_count;
	const char *lists[ENTITY_FILES_MAX];     /* --words */
	size_t list_count;
	const char *types, *out, *model, *name, *notes, *predictions;
	bool json, quiet, no_words;
	int errors;
	entity_options learn;
} entities_args;

/* argv[0] is "train" or "evaluate", argv[1] "entities". 0; -1: wrong, said on standard error. */
int entities_args_read(entities_args *self, int argc, char **argv);

#define ENTITIES_TRAIN_HELP \
	"entities: learns named entities. Files hold JSON lines {\"id\", \"text\", \"entities\": [{\"start\", \"end\",\n" \
	"\"type\"}]}, plain or gzipped; start and end count Unicode characters. FILE@3: read three times in a\n" \
	"pass. --map, --open and --doubt hold for the files named behind them.\n" \
	"\n" \
	"  --data         FILE[@N]       texts to learn from (may be repeated; takes all names up to the next\n" \
	"                                option)\n" \
	"  --before       FILE[@N]       texts to start with, in passes of their own (large, less exact)\n" \
	"  --out          MODEL          the model file; ENTITIES_CARD.md is written beside it\n" \
	"  --types        NAME,NAME      the types of the model; others are dropped (default: all that occur)\n" \
	"  --map          FROM=TO        another name for a type; FROM=A|B: one of these, the annotation does\n" \
	"                                not tell which; FROM=: dropped\n" \
	"  --open         NAME,NAME      types that the annotation does not know: its other characters may\n" \
	"                                belong to one\n" \
	"  --words        FILE           word list: WORD<TAB>CLASS a line (may be repeated); becomes part of\n" \
	"                                the model (default: the shipped lists)\n" \
	"  --no-words                    no word list at all\n" \
	"  --name         NAME           name in the model (default: entities)\n" \
	"  --notes        FILE           text for the model card: sources and their terms, scores, known\n" \
	"                                weaknesses\n" \
	"  --seed         N              same data, options and seed: same model (default: 1)\n" \
	"  --passes       N              over the --data texts (default: 6)\n" \
	"  --before-passes N             over the --before texts (default: 3)\n" \
	"  --runs         N              models in other orders of the texts, averaged (default: 4)\n" \
	"  --min-times    N              times a gram must occur (default: 2)\n" \
	"  --features     N              2: without those of neighbouring words, known names and brackets,\n" \
	"                                faster (default: 3)\n" \
	"  --rows         N              rows of weights kept in the model (default: 400000)\n" \
	"  --cost         C              cost of an error against the size of the weights (default: 4)\n" \
	"  --rate         X              of learning, at the start (default: 0.1)\n" \
	"  --margin       X              nats by which a wrong label must be behind (default: 1)\n" \
	"  --missed       X              ... and a character of an entity taken for none (default: 1.3)\n" \
	"  --doubt        X              nats by which a type that --open names must be ahead to be learnt\n" \
	"                                from such a text (default: 2)\n" \
	"  --drop         X              share of features left out of a sentence at random while learning\n" \
	"                                (default: 0.4)\n" \
	"  --quiet                       no progress bar\n"

#define ENTITIES_EVALUATE_HELP \
	"entities: tags texts (as for millrace train) and compares spans and types exactly.\n" \
	"\n" \
	"  --model        MODEL          the model file\n" \
	"  --map          FROM=TO        another name for a type of the files behind it; FROM=: dropped\n" \
	"  --json                        figures as one JSON object\n" \
	"  --predictions  OUT            what was found, as JSON lines {\"id\", \"entities\"}\n" \
	"  --errors       N              show the first N spans that are wrong or missed\n"

int train_entities_main(int argc, char **argv);
int evaluate_entities_main(int argc, char **argv);

/* Reads the files in the order and under the rules of the command line. 0; -1 with error. */
int entities_args_load(const entities_args *self, entity_data *data, char error[256]) MR_MUST_USE;

#endif
