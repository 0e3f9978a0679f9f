/* fuzz_watch.c - articles asked about watches: any bytes as headline, body, names and labels. Both ways of folding agree, evidence lies within its field, what the stage says is taken by
 * the daemon. The input: title, body, persons, labels, source, separated by NUL bytes. */
#include <assert.h>
#include <stdlib.h>

#include "common/record.h"
#include "common/settings.h"
#include "common/utf8.h"
#include "workers/watch/watch_stage.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static watch_set *set;
static fold_quick *table;
static article *art;

static const char rules[] = "[a]\nany = 芯片, 集成电路, AI, chip*, *maker, =WHO, =iPhone*, m2, 第1, 程序, integrated circuit, C++, é\n[b]\nany = 的, 了, 后\nnot = 不\nat_least = 2\n"
	"[c]\npersons = 林*, *晓, 王小明\n[d]\nany = 补贴, 学校\nalso = 小学, ai\ntitle_only = yes\n[e]\nlabels = science, none\nsources = *报, ab*\n[f]\nall = 台湾, 头发\n";

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	buf errors = {0};
	char error[256];
	record_fault fault;
	record_rules_values values = {.staged = true};
	record_source source = {.topic = "t", .timestamp_ms = -1, .value = mr_bytes_of("{\"id\":\"1\",\"text\":\"x\"}")};
	(void)argc;
	(void)argv;
	settings *plain = settings_read(NULL, NULL, 0, &errors);
	watch_file *file = watch_file_parse(mr_bytes_of(rules), "f", NULL, &errors);
	set = file ? watch_set_new(file, plain, error) : NULL;
	table = watch_fold_table();
	record_rules *contract = record_rules_new_from(&values);
	art = article_new(record_parse(contract, &source, &fault), 0, 1);
	record_rules_free(&contract);
	settings_free(&plain);
	return set == NULL;
}

static void check_folding(mr_bytes text)
{
	buf slow = {0}, fast = {0}, origin = {0};
	watch_fold(text, WATCH_FOLD, &slow, &origin);
	watch_fold_fast(text, table, &fast, NULL);
	assert(slow.len == fast.len && memcmp(buf_bytes(&slow).data, buf_bytes(&fast).data, slow.len) == 0);
	assert(utf8_valid(buf_bytes(&slow)) && utf8_count(buf_bytes(&slow)) * sizeof(uint32_t) == origin.len);
	buf_free(&slow);
	buf_free(&fast);
	buf_free(&origin);
}

/* What stands at the place folds to the term, or to more when it is open or begins or ends within a word that folds as a whole. */
static void check_place(const watch_hit *hit)
{
	buf place = {0}, term = {0};
	if (hit->list >= WATCH_PERSONS && hit->list <= WATCH_POLICIES)
		return;
	watch_fold((mr_bytes){hit->source.data + hit->from, hit->to - hit->from}, WATCH_FOLD, &place, NULL);
	watch_fold(mr_bytes_of(hit->term->text), WATCH_FOLD, &term, NULL);
	assert(place.len >= term.len);
	if (term.data[0] & 0x80)
		assert(memmem(place.data, place.len, term.data, utf8_prefix(buf_bytes(&term), 1)));
	else
		assert(memmem(place.data, place.len, term.data, term.len));
	buf_free(&place);
	buf_free(&term);
}

static void check_hits(void)
{
	watch_hit hits[64];
	for (size_t r = 0; r < watch_set_file(set)->count; r++) {
		size_t count = watch_set_hits(set, r, true, hits, 64);
		for (size_t i = 0; i < count; i++)
			check_place(&hits[i]);
		for (size_t i = 0; i < count; i++)
			assert(hits[i].from <= hits[i].to && hits[i].to <= hits[i].source.len && hits[i].count > 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	mr_bytes fields[5] = {{NULL, 0}};
	char *copy = malloc(size + 1);
	size_t at = 0;
	memcpy(copy, data, size);
	for (int i = 0; i < 5 && at <= size; i++) {
		const char *end = memchr(copy + at, 0, size - at);
		size_t len = end && i < 4 ? (size_t)(end - copy) - at : size - at;
		fields[i] = (mr_bytes){copy + at, len};
		at += len + 1;
	}
	check_folding(fields[0]);
	if (fields[1].data)
		check_folding(fields[1]);
	watch_article a = {.parts[PART_TITLE] = fields[0], .parts[PART_BODY] = fields[1], .names[0] = fields[2], .labels = fields[3], .source = fields[4]};
	size_t met = watch_set_look(set, &a);
	check_hits();
	if (met) {
		buf blob = {0};
		record_fault fault;
		watch_blob(set, &blob);
		if (utf8_valid(fields[0]) && (!fields[1].data || utf8_valid(fields[1])) && (!fields[2].data || utf8_valid(fields[2])) && article_set_alerts(art, buf_bytes(&blob), "watch", &fault))
			abort();
		buf_free(&blob);
	}
	free(copy);
	return 0;
}
