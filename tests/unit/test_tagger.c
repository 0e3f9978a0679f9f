/* test_tagger.c - the entity tagger from end to end: annotated texts and word lists read, sums over labellings against counting them one by one, a model learnt from
 * invented texts, saved, opened, refused when damaged, and the spans it finds. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <xxhash.h>

/* Before cmocka.h, which makes a macro of `fail`. */
#include "cli/entities_corpus.c"
#include "cli/entities_data.c"
#include "cli/entities_lattice.c"
#include "cli/entities_learn.c"
#include "cli/entities_names.c"
#include "cli/entities_write.c"
#include "cli/lines.c"
#include "cli/word_list.c"

#include <cmocka.h>

static const entity_options usual = {.passes = 8, .before_passes = 2, .runs = 2, .min_times = 1, .rows = 20000, .features = TAGGER_FEATURES_VERSION, .cost = 10, .rate = 0.2, .missed = 0.5, .drop = 0.1, .seed = 7};

/* ---- a corpus of invented people, places and offices ---- */

static const char *const surnames[] = {"赵", "钱", "孙", "李", "周", "吴", "郑", "王"};
static const char *const given[] = {"河清", "海晏", "承宣", "望舒", "思齐", "若水", "怀瑾", "知行"};
static const char *const places[] = {"云溪市", "白鹭县", "青禾镇", "石桥区", "松岭市", "南浦县"};
static const char *const offices[] = {"水务局", "档案馆", "林业局", "图书馆"};

enum { SHAPES = 5 };

typedef struct maker {
	buf out;
	char text[512], entities[512];
	const char *person, *place, *organization;       /* names of the types; NULL: not annotated */
} maker;

static void part_add(maker *self, const char *part, const char *type)
{
	size_t start = utf8_count(mr_bytes_of(self->text)), used = strlen(self->entities);
	if (type)
		snprintf(self->entities + used, sizeof self->entities - used, "%s{\"start\":%zu,\"end\":%zu,\"type\":\"%s\"}", used ? "," : "", start,
			 start + utf8_count(mr_bytes_of(part)), type);
	strncat(self->text, part, sizeof self->text - strlen(self->text) - 1);
}

/* Sentence number n of the corpus. */
static void sentence_make(maker *self, int n)
{
	char person[64], office[64];
	const char *place = places[n % 6], *other = places[(n / 5 + 1) % 6];
	snprintf(person, sizeof person, "%s%s", surnames[n * 5 % 8], given[(n * 3 + n / 8) % 8]);
	snprintf(office, sizeof office, "%s%s", place, offices[n % 4]);
	self->text[0] = self->entities[0] = '\0';
	switch (n % SHAPES) {
	case 0:
		part_add(self, office, self->organization), part_add(self, "局长", NULL), part_add(self, person, self->person), part_add(self, "昨天到", NULL);
		part_add(self, other, self->place), part_add(self, "调研。", NULL);
		break;
	case 1:
		part_add(self, "记者从", NULL), part_add(self, office, self->organization), part_add(self, "获悉,今年雨水偏多。", NULL);
		break;
	case 2:
		part_add(self, person, self->person), part_add(self, "说,", NULL), part_add(self, place, self->place), part_add(self, "的桥修好了。", NULL);
		break;
	case 3:
		part_add(self, "会议要求做好防汛工作,", NULL), part_add(self, person, self->person), part_add(self, "主持会议。", NULL);
		break;
	default:
		part_add(self, "今年的收成很好,大家都高兴。", NULL);
	}
	buf_printf(&self->out, "{\"id\":\"t%d\",\"text\":\"%s\",\"entities\":[%s]}\n", n, self->text, self->entities);
}

static void file_make(const char *path, mr_bytes text)
{
	FILE *out = fopen(path, "wb");
	assert_non_null(out);
	assert_int_equal(fwrite(text.data, 1, text.len, out), text.len);
	assert_int_equal(fclose(out), 0);
}

static void temporary(char path[64])
{
	snprintf(path, 64, "/tmp/millrace-test-tagger-XXXXXX");
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
}

static void text_read(entity_data *data, mr_bytes text, entity_file file)
{
	char path[64], error[256] = "";
	temporary(path);
	file_make(path, text);
	file.path = path;
	file.times = file.times ? file.times : 1;
	assert_int_equal(entity_data_read(data, file, error), 0);
	unlink(path);
}

static void corpus_read(entity_data *data, maker what, int from, int to, type_set open)
{
	for (int n = from; n < to; n++)
		sentence_make(&what, n);
	text_read(data, buf_bytes(&what.out), (entity_file){.open = open, .doubt = 0.5});
	buf_free(&what.out);
}

static const maker full = {.person = "person", .place = "place", .organization = "organization"};

static void model_learn(entity_data *data, const word_list *words, const entity_options *options, buf *out)
{
	word_list none = {0};
	entity_data_order(data);
	entity_fit *fit = entity_learn(data, words ? words : &none, options, NULL, NULL);
	assert_int_equal(entity_fit_write(fit, data, words ? words : &none, "test", out), 0);
	entity_fit_free(&fit);
}

/* The file where mapped ones lie: at a multiple of 64. */
static mr_bytes aligned(const buf *file)
{
	char *copy = aligned_alloc(64, (file->len + 64) / 64 * 64);
	assert_non_null(copy);
	memcpy(copy, file->data, file->len);
	return (mr_bytes){copy, file->len};
}

static void full_model(buf *out, unsigned seed)
{
	entity_data data = {0};
	entity_options options = usual;
	options.seed = seed;
	corpus_read(&data, full, 0, 200, 0);
	model_learn(&data, NULL, &options, out);
	entity_data_free(&data);
}

/* ---- spans as text: `[begin,end)type ` ... ---- */

static void tag_text(const tagger_model *m, const char *text, char *out, size_t room)
{
	uint32_t characters[4096];
	size_t count = 0, used = 0;
	for (const char *at = text, *end = text + strlen(text); at < end && count < 4096;)
		characters[count++] = utf8_next(&at, end);
	tagger *t = tagger_new(m);
	const tagger_span *spans;
	size_t found = tagger_read(t, characters, count, &spans);
	out[0] = '\0';
	for (size_t i = 0; i < found && used < room; i++)
		used += (size_t)snprintf(out + used, room - used, "[%u,%u)%s ", spans[i].begin, spans[i].end, tagger_type_name(m, spans[i].type));
	tagger_free(&t);
}

static void assert_spans(const tagger_model *m, const char *text, const char *wanted)
{
	char got[4096];
	tag_text(m, text, got, sizeof got);
	assert_string_equal(got, wanted);
}

static void new_names_are_found_in_known_company(void **state)
{
	(void)state;
	buf file = {0};
	char error[256];
	tagger_model m;
	full_model(&file, 7);
	mr_bytes bytes = aligned(&file);
	assert_int_equal(tagger_model_read(&m, bytes, error), 0);
	assert_int_equal(tagger_type_count(&m), 3);
	assert_string_equal(tagger_type_name(&m, 1), "person");
	assert_null(tagger_type_name(&m, 3));
	assert_int_equal(tagger_type_find(&m, "place"), 2);
	assert_int_equal(tagger_type_find(&m, "river"), -1);
	/* Names that the corpus does not have, several sentences, and a line end that no name reaches over. */
	assert_spans(&m, "云溪市林业局局长王望舒昨天到白鹭县调研。钱若水说,青禾镇的桥修好了。", "[0,6)organization [8,11)person [14,17)place [20,23)person [25,28)place ");
	assert_spans(&m, "今年雨水偏多\n记者从松岭市档案馆获悉,今年雨水偏多。", "[10,16)organization ");
	assert_spans(&m, "", "");
	assert_spans(&m, "\n\n", "");
	tagger_model_close(&m);
	free((void *)(uintptr_t)bytes.data);
	buf_free(&file);
}

static void margins_are_positive_for_clear_names(void **state)
{
	(void)state;
	buf file = {0};
	char error[256];
	tagger_model m;
	full_model(&file, 7);
	mr_bytes bytes = aligned(&file);
	assert_int_equal(tagger_model_read(&m, bytes, error), 0);
	const uint32_t text[] = {0x94B1, 0x82E5, 0x6C34, 0x8BF4, ',', 0x9752, 0x79BE, 0x9547, 0x7684, 0x6865};      /* 钱若水说,青禾镇的桥 */
	tagger *t = tagger_new(&m);
	const tagger_span *spans;
	assert_int_equal(tagger_read(t, text, 10, &spans), 2);
	assert_true(spans[0].margin > 1000 && spans[0].margin < 1000000);
	assert_true(spans[1].margin > 1000);
	tagger_free(&t);
	tagger_model_close(&m);
	free((void *)(uintptr_t)bytes.data);
	buf_free(&file);
}

static void same_seed_same_bytes(void **state)
{
	(void)state;
	buf one = {0}, two = {0}, other = {0};
	full_model(&one, 7);
	full_model(&two, 7);
	full_model(&other, 8);
	assert_int_equal(one.len, two.len);
	assert_memory_equal(one.data, two.data, one.len);
	assert_true(other.len != one.len || memcmp(one.data, other.data, one.len) != 0);
	buf_free(&one);
	buf_free(&two);
	buf_free(&other);
}

/* ---- the model file ---- */

static void checksum_set(char *file, size_t len)
{
	uint64_t bytes = len, sum = XXH3_64bits(file + 32, len - 32);
	memcpy(file + 16, &bytes, sizeof bytes);
	memcpy(file + 24, &sum, sizeof sum);
}

static void assert_refused(const char *file, size_t len, const char *reason)
{
	char error[256] = "";
	tagger_model m;
	assert_int_equal(tagger_model_read(&m, (mr_bytes){file, len}, error), -1);
	if (!strstr(error, reason))
		fail_msg("\"%s\" instead of \"%s\"", error, reason);
	tagger_model_close(&m);
}

static void damaged_and_foreign_files_are_refused(void **state)
{
	(void)state;
	buf made = {0};
	full_model(&made, 7);
	mr_bytes bytes = aligned(&made);
	char *file = (char *)(uintptr_t)bytes.data;
	for (size_t at = 0; at < bytes.len; at += at < 400 ? 1 : 997) {
		char kept = file[at];
		file[at] ^= 0x20;
		assert_refused(file, bytes.len, "");
		file[at] = kept;
	}
	assert_refused(file, bytes.len - 1, "length");
	assert_refused(file, 20, "cut short");
	assert_refused("hello", 5, "not a model file of the tagger");
	file[8]++;
	assert_refused(file, bytes.len, "another version of the format");
	file[8]--;
	static const struct { size_t at; const char *reason; } foreign[] = {
		{32, "other features or folding"}, {36, "other features or folding"}, {40, "impossible sizes"}, {42, "impossible sizes"}, {52, "impossible table"},
		{56, "impossible sizes"}, {64, "no name"}, {128, "impossible type"}};
	for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
		char kept = file[foreign[i].at];
		file[foreign[i].at] = (char)(kept ^ 0x40);
		if (foreign[i].at == 128 || foreign[i].at == 64)
			file[foreign[i].at] = '\0';
		checksum_set(file, bytes.len);
		assert_refused(file, bytes.len, foreign[i].reason);
		file[foreign[i].at] = kept;
	}
	checksum_set(file, bytes.len);
	char error[256];
	tagger_model m;
	assert_int_equal(tagger_model_read(&m, bytes, error), 0);
	tagger_cell *cells = (tagger_cell *)(uintptr_t)m.cells;
	size_t slot = 0;
	while (!m.tags[slot] || !cells[slot].places)
		slot++;
	cells[slot].row = m.row_count;           /* rows behind the last one */
	tagger_model_close(&m);
	checksum_set(file, bytes.len);
	assert_refused(file, bytes.len, "impossible table");
	free(file);
	buf_free(&made);
}

static void a_file_is_opened_by_name(void **state)
{
	(void)state;
	char path[64], error[256] = "";
	buf made = {0};
	tagger_model m;
	temporary(path);
	assert_int_equal(tagger_model_open(&m, path, error), -1);
	assert_non_null(strstr(error, path));
	full_model(&made, 7);
	file_make(path, buf_bytes(&made));
	assert_int_equal(tagger_model_open(&m, path, error), 0);
	assert_spans(&m, "孙知行说,石桥区的桥修好了。", "[0,3)person [5,8)place ");
	tagger_model_close(&m);
	unlink(path);
	assert_int_equal(tagger_model_open(&m, path, error), -1);
	assert_non_null(strstr(error, "No such file"));
	buf_free(&made);
}

static void any_text_is_safe_and_bounded(void **state)
{
	(void)state;
	buf file = {0};
	char error[256];
	tagger_model m;
	full_model(&file, 7);
	mr_bytes bytes = aligned(&file);
	assert_int_equal(tagger_model_read(&m, bytes, error), 0);
	size_t count = 100000;
	uint32_t *text = malloc(count * sizeof *text), last = 0;
	for (size_t i = 0; i < count; i++)               /* no sentence ends: names, wild values, and names again */
		text[i] = i % 7 == 3 ? (uint32_t)i * 2654435761u : i % 7 < 3 ? (uint32_t[]){0x94B1, 0x82E5, 0x6C34}[i % 7] : 0x8BF4;
	tagger *t = tagger_new(&m);
	const tagger_span *spans;
	size_t found = tagger_read(t, text, count, &spans);
	assert_true(found > 0);
	for (size_t i = 0; i < found; i++) {
		assert_true(spans[i].begin >= last && spans[i].end > spans[i].begin && spans[i].end <= count);
		last = spans[i].end;
	}
	tagger_free(&t);
	free(text);
	tagger_model_close(&m);
	free((void *)(uintptr_t)bytes.data);
	buf_free(&file);
}

/* ---- annotation that tells less, and word lists ---- */

static void what_a_file_does_not_know_is_not_learnt_as_nothing(void **state)
{
	(void)state;
	entity_data data = {0};
	buf file = {0};
	char error[256];
	tagger_model m;
	int place = entity_data_type(&data, "place");
	assert_int_equal(entity_data_map(&data, "NAME=person", error), 0);
	assert_int_equal(entity_data_map(&data, "UNIT=place|organization", error), 0);
	corpus_read(&data, full, 0, 60, 0);
	corpus_read(&data, (maker){.person = "NAME", .organization = "UNIT"}, 0, 200, 1u << place);
	model_learn(&data, NULL, &usual, &file);
	mr_bytes bytes = aligned(&file);
	assert_int_equal(tagger_model_read(&m, bytes, error), 0);
	assert_int_equal(tagger_type_count(&m), 3);
	assert_spans(&m, "云溪市林业局局长王望舒昨天到白鹭县调研。钱若水说,青禾镇的桥修好了。", "[0,6)organization [8,11)person [14,17)place [20,23)person [25,28)place ");
	tagger_model_close(&m);
	free((void *)(uintptr_t)bytes.data);
	buf_free(&file);
	entity_data_free(&data);
}

static void a_word_of_the_list_stands_for_its_class(void **state)
{
	(void)state;
	static const char *const animals[] = {"丹顶鹤", "东北虎", "藏羚羊", "扬子鳄", "白唇鹿", "普氏野马", "川陕哲罗鲑", "绿尾虹雉", "黔金丝猴", "莽山烙铁头"};
	static const char *const things[] = {"大雨来", "旧房子", "雪中人", "新开路", "石牌坊", "两只灯笼", "门口那棵树", "河边小船", "半截城墙", "山下的集市"};
	static const char listed[] = "# invented for this test\n丹顶鹤\tanimal\n东北虎\tanimal\n藏羚羊\tanimal\n扬子鳄\tanimal\n白唇鹿\tanimal\n普氏野马\tanimal\n"
		"川陕哲罗鲑\tanimal\n绿尾虹雉\tanimal\n黔金丝猴\tanimal\n莽山烙铁头\tanimal\n朱鹮鸟\tanimal\n欧氏马鹿\tanimal\n长江白鲟鱼\tanimal\n";
	entity_data data = {0};
	word_list words = {0};
	buf text = {0}, file = {0};
	char path[64], error[256];
	tagger_model m;
	for (int i = 0; i < 20; i++)             /* animals and things in the same company; each of their grams is too rare to be a feature */
		buf_printf(&text, "{\"text\":\"昨天又见%s\",\"entities\":[{\"start\":4,\"type\":\"animal\",\"end\":%zu}]}\n{\"text\":\"昨天又见%s\",\"entities\":[]}\n", animals[i % 10],
			   4 + utf8_count(mr_bytes_of(animals[i % 10])), things[i % 10]);
	entity_options options = usual;
	options.min_times = 4;
	options.passes = 30;
	text_read(&data, buf_bytes(&text), (entity_file){0});
	temporary(path);
	file_make(path, mr_bytes_of(listed));
	assert_int_equal(word_list_read(&words, path, error), 0);
	unlink(path);
	word_list_sort(&words);
	assert_int_equal(words.count, 13);
	model_learn(&data, &words, &options, &file);
	mr_bytes bytes = aligned(&file);
	assert_int_equal(tagger_model_read(&m, bytes, error), 0);
	assert_int_equal(m.word_count, 13);
	assert_spans(&m, "昨天又见朱鹮鸟", "[4,7)animal ");
	assert_spans(&m, "昨天又见欧氏马鹿", "[4,8)animal ");
	assert_spans(&m, "昨天又见长江白鲟鱼", "[4,9)animal ");
	assert_spans(&m, "昨天又见新来的人", "");
	tagger_model_close(&m);
	free((void *)(uintptr_t)bytes.data);
	buf_free(&file);
	buf_free(&text);
	word_list_free(&words);
	entity_data_free(&data);
}

/* A name of one training text is known in the next one, also one that is longer than any gram; a text is no evidence for its own. */
static void known_names_are_marked_where_others_have_them(void **state)
{
	(void)state;
	static const char texts[] =
		"{\"text\":\"昨天读完落日湾最后一位守灯人\",\"entities\":[{\"start\":4,\"end\":14,\"type\":\"book\"}]}\n"
		"{\"text\":\"落日湾最后一位守灯人卖完了,青禾镇没有\",\"entities\":[{\"start\":0,\"end\":10,\"type\":\"book\"},{\"start\":14,\"end\":17,\"type\":\"place\"}]}\n";
	entity_data data = {0};
	sentence *s = mem_alloc(sizeof *s);
	text_read(&data, mr_bytes_of(texts), (entity_file){0});
	entity_data_order(&data);
	known_names names = known_names_new(&data);
	assert_int_equal(names.count, 2);
	sentence_fill(s, TAGGER_FEATURES_VERSION, data.at[1].at, data.at[1].count);
	known_names_mark(&names, s, &data.at[1]);
	assert_int_equal(s->name_begins[TAGGER_PAD], 10 << 8 | NAME_ONCE << NAME_TYPE_BITS | 1);
	assert_int_equal(s->name_ends[TAGGER_PAD + 9], s->name_begins[TAGGER_PAD]);
	assert_int_equal(s->name_covers[TAGGER_PAD + 5], s->name_begins[TAGGER_PAD]);
	assert_int_equal(s->name_begins[TAGGER_PAD + 14], 0);
	sentence_fill(s, TAGGER_FEATURES_VERSION, data.at[1].at, data.at[1].count);
	known_names_mark(&names, s, &data.at[0]);        /* seen from the other text, the place is known */
	assert_int_equal(s->name_begins[TAGGER_PAD + 14], 3 << 8 | NAME_ONCE << NAME_TYPE_BITS | 2);
	known_names_free(&names);
	free(s);
	entity_data_free(&data);
}

/* What a model of the older features says does not change. */
static void models_of_the_older_features_are_read(void **state)
{
	(void)state;
	entity_data data = {0};
	entity_options options = usual;
	buf file = {0};
	char error[256];
	tagger_model m;
	options.features = TAGGER_FEATURES_OLDEST;
	corpus_read(&data, full, 0, 200, 0);
	model_learn(&data, NULL, &options, &file);
	mr_bytes bytes = aligned(&file);
	assert_int_equal(tagger_model_read(&m, bytes, error), 0);
	assert_int_equal(m.features, TAGGER_FEATURES_OLDEST);
	assert_int_equal(m.name_count, 0);
	assert_spans(&m, "钱若水说,青禾镇的桥修好了。", "[0,3)person [5,8)place ");
	tagger_model_close(&m);
	free((void *)(uintptr_t)bytes.data);
	buf_free(&file);
	entity_data_free(&data);
}

static void places_of_the_source_are_kept_through_folding(void **state)
{
	(void)state;
	entity_data data = {0};
	static const char line[] = "{\"id\":\"f\",\"text\":\"面積９㎡，臺灣積體電路\",\"entities\":[{\"start\":5,\"end\":7,\"type\":\"place\"},{\"start\":5,\"end\":11,\"type\":\"organization\"}]}\n";
	text_read(&data, mr_bytes_of(line), (entity_file){0});
	assert_int_equal(data.count, 1);
	const entity_text *one = &data.at[0];
	assert_int_equal(one->source[one->count], 11);
	assert_int_equal(one->entity_count, 1);          /* of two that overlap the longer one */
	assert_int_equal(one->source[one->entities[0].begin], 5);
	assert_int_equal(one->entities[0].end, one->count);
	assert_int_equal(one->at[2], '9');               /* ㎡ became two characters of the same place */
	assert_int_equal(one->source[3], 3);
	assert_int_equal(one->source[4], 3);
	entity_data_free(&data);
}

static void assert_bad_line(const char *line, const char *reason)
{
	entity_data data = {0};
	char path[64], error[256] = "";
	temporary(path);
	file_make(path, mr_bytes_of(line));
	assert_int_equal(entity_data_read(&data, (entity_file){.path = path, .times = 1}, error), -1);
	if (!strstr(error, reason) || !strstr(error, ":1:"))
		fail_msg("\"%s\" instead of \"%s\"", error, reason);
	unlink(path);
	entity_data_free(&data);
}

static void bad_lines_are_named(void **state)
{
	(void)state;
	assert_bad_line("hello\n", "not a JSON object");
	assert_bad_line("{\"text\":\"甲\"}\n", "no list \"entities\"");
	assert_bad_line("{\"text\":\"甲\",\"entities\":[{\"start\":0,\"end\":2,\"type\":\"a\"}]}\n", "outside of its text");
	assert_bad_line("{\"text\":\"甲\",\"entities\":[{\"start\":0,\"end\":0,\"type\":\"a\"}]}\n", "empty");
	assert_bad_line("{\"text\":\"甲\",\"entities\":[{\"start\":0,\"end\":1,\"type\":\"a b\"}]}\n", "no name");
	assert_bad_line("{\"text\":\"甲\",\"entities\":[{\"start\":0,\"end\":1}]}\n", "without \"type\"");
}

/* ---- sums over labellings, against counting them ---- */

enum { TYPES = 2, PLACES = 4, LABELS = LABELS_OF(TYPES) };

/* Index of the step; -1: not allowed. */
static int step_index(uint32_t a, uint32_t b)
{
	bool closed = a <= TYPES || a >= label_of_type(TYPES, PART_END, 0);
	if (b < STARTERS_OF(TYPES))
		return closed ? (int)((a <= TYPES ? a : a - 2 * TYPES) * STARTERS_OF(TYPES) + b) : -1;
	if (closed || (a - 1) % TYPES != (b - 1) % TYPES)
		return -1;
	return (int)(STARTERS_OF(TYPES) * STARTERS_OF(TYPES) + (a - 1) % TYPES * INNER_STEPS + (a >= label_of_type(TYPES, PART_INSIDE, 0)) * 2 +
		     (b >= label_of_type(TYPES, PART_END, 0)));
}

static void count_labellings(const lattice *l, const unsigned char *allowed, double *labels, double *steps)
{
	double all = 0;
	for (int pass = 0; pass < 2; pass++)
		for (uint32_t code = 0; code < LABELS * LABELS * LABELS * LABELS; code++) {
			uint32_t path[PLACES], rest = code;
			double value = 1;
			for (int i = 0; i < PLACES; i++, rest /= LABELS) {
				path[i] = rest % LABELS;
				value *= allowed[i * LABELS + (int)path[i]] ? (double)l->scores[i * LABELS + (int)path[i]] : 0;
				if (i)
					value *= step_index(path[i - 1], path[i]) < 0 ? 0 : (double)l->steps[step_index(path[i - 1], path[i])];
			}
			if (path[0] >= STARTERS_OF(TYPES) || (path[3] > TYPES && path[3] < label_of_type(TYPES, PART_END, 0)))
				continue;
			all += pass ? 0 : value;
			for (int i = 0; pass && value > 0 && i < PLACES; i++) {
				labels[i * LABELS + (int)path[i]] += value / all;
				if (i)
					steps[step_index(path[i - 1], path[i])] += value / all;
			}
		}
}

static void sums_over_labellings_are_right(void **state)
{
	(void)state;
	lattice l = lattice_new(TYPES, PLACES);
	unsigned char allowed[PLACES * LABELS];
	for (int masked = 0; masked < 2; masked++) {
		float got[PLACES * LABELS] = {0}, got_steps[STEPS_OF(TYPES)] = {0};
		double labels[PLACES * LABELS] = {0}, steps[STEPS_OF(TYPES)] = {0};
		for (int i = 0; i < PLACES * LABELS; i++) {
			l.scores[i] = 0.1f + (float)(i * 37 % 23) / 10;
			allowed[i] = !masked || i * 7 % 5 != 0;
		}
		for (uint32_t i = 0; i < STEPS_OF(TYPES); i++)
			l.steps[i] = 0.2f + (float)(i * 29 % 17) / 8;
		count_labellings(&l, allowed, labels, steps);
		assert_true(lattice_expect(&l, PLACES, masked ? allowed : NULL, 1, got, got_steps));
		for (int i = 0; i < PLACES * LABELS; i++)
			assert_true(fabs((double)got[i] - labels[i]) < 1e-5);
		for (uint32_t i = 0; i < STEPS_OF(TYPES); i++)
			assert_true(fabs((double)got_steps[i] - steps[i]) < 1e-5);
	}
	memset(allowed, 0, sizeof allowed);
	float untouched[PLACES * LABELS] = {0}, steps[STEPS_OF(TYPES)] = {0};
	assert_false(lattice_expect(&l, PLACES, allowed, 1, untouched, steps));
	lattice_free(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_names_are_found_in_known_company),
		cmocka_unit_test(margins_are_positive_for_clear_names),
		cmocka_unit_test(same_seed_same_bytes),
		cmocka_unit_test(damaged_and_foreign_files_are_refused),
		cmocka_unit_test(a_file_is_opened_by_name),
		cmocka_unit_test(any_text_is_safe_and_bounded),
		cmocka_unit_test(what_a_file_does_not_know_is_not_learnt_as_nothing),
		cmocka_unit_test(a_word_of_the_list_stands_for_its_class),
		cmocka_unit_test(known_names_are_marked_where_others_have_them),
		cmocka_unit_test(models_of_the_older_features_are_read),
		cmocka_unit_test(places_of_the_source_are_kept_through_folding),
		cmocka_unit_test(bad_lines_are_named),
		cmocka_unit_test(sums_over_labellings_are_right),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
