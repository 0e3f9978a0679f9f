/* train_entities.c - `millrace train entities`. The straight line: read texts and word lists, learn, write model and card. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/entities_args.h"
#include "cli/entities_card.h"
#include "cli/output.h"
#include "common/mem.h"
#include "workers/shipped.h"

static void progress(void *arg, size_t done, size_t all)
{
	const entities_args *args = arg;
	char bar[41];
	if (args->quiet || !isatty(STDERR_FILENO))
		return;
	size_t full = done * 40 / (all ? all : 1);
	for (size_t i = 0; i < 40; i++)
		bar[i] = i < full ? '#' : '.';
	bar[40] = '\0';
	fprintf(stderr, "\r[%s] %zu/%zu sentences", bar, done, all);
	if (done >= all)
		fprintf(stderr, "\r%80s\r", "");
	fflush(stderr);
}

static int card_write(const entities_args *args, const entity_data *data, const word_list *words, mr_bytes file, char error[256])
{
	buf text = {0};
	char path[4096];
	const char *slash = strrchr(args->out, '/');
	snprintf(path, sizeof path, "%.*sENTITIES_CARD.md", (int)(slash ? slash + 1 - args->out : 0), args->out);
	int result = entities_card_text(args, data, words, file, &text, error) || output_write(path, buf_bytes(&text), error);
	buf_free(&text);
	return result;
}

static int learn(const entities_args *args, const entity_data *data, const word_list *words, char error[256])
{
	buf file = {0};
	entity_fit *fit = entity_learn(data, words, &args->learn, progress, (void *)(uintptr_t)args);
	int result = entity_fit_write(fit, data, words, args->name, &file);
	entity_fit_free(&fit);
	if (result)
		snprintf(error, 256, "the model would be larger than 64 MB: give fewer --rows or --words");
	else
		result = output_write(args->out, buf_bytes(&file), error) || card_write(args, data, words, buf_bytes(&file), error);
	if (!result)
		printf("%s: %zu bytes, %u types\n", args->out, file.len, data->type_count);
	buf_free(&file);
	return result;
}

/* The lists of the command line; the shipped ones when it names none, as far as they are installed. */
static int words_read(const entities_args *args, word_list *words, char error[256])
{
	static const char *const lists[] = {"lexicons/tagger-characters.txt", "lexicons/tagger-words.txt"};
	char path[SHIPPED_PATH_BYTES];
	int result = 0;
	for (size_t i = 0; !result && i < args->list_count; i++)
		result = word_list_read(words, args->lists[i], error);
	for (size_t i = 0; !args->list_count && !args->no_words && !result && i < sizeof lists / sizeof *lists; i++)
		if (access(shipped_path(lists[i], path), R_OK) == 0)
			result = word_list_read(words, path, error);
	return result;
}

static int train(const entities_args *args, char error[256])
{
	entity_data data = {0};
	word_list words = {0};
	int result = entities_args_load(args, &data, error);
	if (!result)
		result = words_read(args, &words, error);
	if (!result) {
		entity_data_order(&data);
		word_list_sort(&words);
		result = learn(args, &data, &words, error);
	}
	word_list_free(&words);
	entity_data_free(&data);
	return result;
}

int train_entities_main(int argc, char **argv)
{
	entities_args args;
	char error[256];
	if (entities_args_read(&args, argc, argv))
		return EXIT_USAGE;
	return train(&args, error) ? cli_failed("train", "%s", error) : EXIT_CLEAN;
}
