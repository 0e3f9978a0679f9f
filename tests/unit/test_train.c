/* test_train.c - what `millrace train` and `millrace evaluate` rest on: digests, folds, data files, probabilities, figures. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

/* Before cmocka.h, which makes a macro of `fail`. */
#include "cli/calibrate.c"
#include "cli/components.c"
#include "cli/dataset.c"
#include "cli/lines.c"
#include "cli/measure.c"
#include "cli/sha256.c"

#include <cmocka.h>

static void sha256_gives_the_standards_examples(void **state)
{
	(void)state;
	static const struct { const char *text, *hex; } cases[] = {      /* FIPS 180-4 examples; the empty text from the NIST test vectors */
		{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint8_t digest[32];
		char hex[65];
		sha256(mr_bytes_of(cases[i].text), digest);
		for (int k = 0; k < 32; k++)
			snprintf(hex + 2 * k, 3, "%02x", digest[k]);
		assert_string_equal(hex, cases[i].hex);
	}
	assert_int_equal(sha256_modulo(mr_bytes_of("abc"), 2), 1);       /* the last byte is odd */
	assert_int_equal(sha256_modulo(mr_bytes_of("abc"), 256), 0xad);
}

/* Writes a file (gzipped when asked) and reads it as a data set. */
static int read_text(dataset *data, const char *text, bool gzipped, char error[256])
{
	char path[] = "/tmp/millrace-test-data-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	gzFile out = gzdopen(fd, gzipped ? "wb" : "wbT");
	gzputs(out, text);
	gzclose(out);
	int result = dataset_read(data, path, (dataset_how){.times = 1, .share = 1}, error);
	unlink(path);
	return result;
}

static const char two_forms[] =
	"{\"id\":\"a\",\"title\":\"某市条例 第二章 管理\",\"text\":\"甲\",\"labels\":[\"talent\",\"science\"],\"primary\":\"\",\"date\":\"20260101\"}\n"
	"{\"id\":\"b\",\"title\":\"新闻\",\"text\":\"乙\",\"labels\":[],\"primary\":\"none\",\"date\":\"20260101\"}\n"
	"{\"id\":\"c\",\"title\":\"\",\"body\":\"丙\",\"labels\":[\"sports\"],\"primary\":\"sports\"}\n"
	"\n"
	"science\t卫星升空\n"
	"none\t今天有雨";

static void both_forms_are_read_plain_and_gzipped(void **state)
{
	(void)state;
	for (int gzipped = 0; gzipped < 2; gzipped++) {
		dataset data = {0};
		char error[256] = "";
		assert_int_equal(dataset_set_labels(&data, "science, talent", error), 0);
		assert_int_equal(read_text(&data, two_forms, gzipped, error), 0);
		assert_int_equal(data.count, 5);
		assert_int_equal(data.at[0].labels, 3);
		assert_int_equal(data.at[0].primary, -2);
		assert_string_equal(data.at[0].group, "某市条例");
		assert_int_equal(data.at[1].primary, -1);
		assert_string_equal(data.at[1].group, "20260101");
		assert_int_equal(data.at[2].labels, 0);          /* a label that the taxonomy does not name */
		assert_string_equal(data.at[2].group, "c");
		assert_string_equal(data.at[2].text, "丙");
		assert_int_equal(data.at[3].labels, 1);
		assert_string_equal(data.at[3].group, "卫星升空");
		assert_int_equal(data.at[4].primary, -1);
		dataset_free(&data);
	}
}

/* Kinds are told by `source`, else by the file; a label has a component in each kind that has enough texts of it, and the others join the largest. */
static void a_label_has_components_by_kind_of_text(void **state)
{
	(void)state;
	dataset data = {0};
	buf lines = {0};
	char error[256] = "";
	for (int i = 0; i < 20; i++)
		buf_printf(&lines, "{\"text\":\"g%d\",\"labels\":[\"art\"],\"source\":\"gazette\"}\n{\"text\":\"p%d\",\"labels\":[\"art\"],\"source\":\"portal\"}\n", i, i);
	for (int i = 0; i < 3; i++)
		buf_printf(&lines, "{\"text\":\"f%d\",\"labels\":[\"art\",\"law\"]}\n", i);
	buf_add_str(&lines, "law\tone more\n");
	assert_int_equal(read_text(&data, lines.data, false, error), 0);
	assert_int_equal(data.kind_count, 3);
	assert_string_equal(data.kinds[0], "gazette");
	bool in[44];
	for (size_t i = 0; i < data.count; i++)
		in[i] = true;
	components parts;
	assert_int_equal(data.count, 44);
	assert_int_equal(components_find(&data, in, &parts, error), 0);
	assert_int_equal(parts.count, 3);                        /* art of the gazette, art of the portal, law */
	assert_int_equal(parts.of[0][2], parts.of[0][0]);
	assert_int_not_equal(parts.of[0][0], parts.of[0][1]);
	assert_int_equal(parts.texts[parts.of[0][0]], 23);
	assert_int_equal(parts.label[parts.of[1][0]], 1);
	assert_int_equal(parts.of[1][0], parts.of[1][1]);
	for (size_t i = 0; i < 40; i++)                          /* with too few of the portal's left, they join the gazette's */
		in[i] = i < 30 || i % 2 == 0;
	in[1] = false;
	assert_int_equal(components_find(&data, in, &parts, error), 0);
	assert_int_equal(parts.count, 2);
	buf_free(&lines);
	dataset_free(&data);
}

static void wrong_lines_are_named(void **state)
{
	(void)state;
	static const char *const wrong[] = {"just a line\n", "{\"labels\":1}\n", "{\"labels\":[\"a b\"]}\n", "{broken\n", "a\t\xff\n", "Upper\ttext\n"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		dataset data = {0};
		char error[256] = "", text[64];
		snprintf(text, sizeof text, "ok\tfine\n%s", wrong[i]);
		assert_int_equal(read_text(&data, text, false, error), -1);
		assert_non_null(strstr(error, ":2: "));
		dataset_free(&data);
	}
}

static void platt_finds_the_curve_that_made_the_hits(void **state)
{
	(void)state;
	enum { N = 20000 };
	static double scores[N];
	static bool hits[N];
	uint32_t x = 7;
	for (int i = 0; i < N; i++) {
		x = x * 1664525u + 1013904223u;
		scores[i] = (double)(x >> 8) / (1 << 24) * 4 - 2;
		x = x * 1664525u + 1013904223u;
		hits[i] = (double)(x >> 8) / (1 << 24) < platt_probability(scores[i], -3, 1);
	}
	double slope, offset;
	platt_fit(scores, hits, N, &slope, &offset);
	assert_true(fabs(slope + 3) < 0.15 && fabs(offset - 1) < 0.1);
}

static void threshold_lies_between_the_classes(void **state)
{
	(void)state;
	const double scores[] = {0.9, 0.8, 0.7, -0.1, -0.2, -0.9};
	const bool hits[] = {true, true, true, false, false, false};
	double t = threshold_find(scores, hits, 6, 0.001);
	assert_true(t > -0.1 && t < 0.7);
}

static void figures_count_what_they_say(void **state)
{
	(void)state;
	measure m = {.label_count = 2};
	const double sure[] = {1, 0}, half[] = {0.55, 0};
	measure_add(&m, 1, 0, 1, 0, sure);
	measure_add(&m, 0, -1, 1, 0, half);              /* a false alarm */
	measure_add(&m, 3, -2, 1, 0, sure);              /* one of two */
	measure_add(&m, 0, -1, 0, -1, (const double[]){0, 0});
	assert_int_equal(m.alarms, 1);
	assert_int_equal(m.none, 2);
	assert_int_equal(m.primary_texts, 3);
	assert_int_equal(m.primary_right, 2);
	assert_true(fabs(measure_accuracy(&m) - 0.5) < 1e-12);
	assert_true(fabs(measure_precision(&m.labels[0]) - 2.0 / 3) < 1e-12);
	assert_true(fabs(measure_recall(&m.labels[0]) - 1) < 1e-12);
	assert_true(fabs(measure_micro_f1(&m) - 2.0 * 2 / (2 * 2 + 1 + 1)) < 1e-12);
	assert_true(fabs(measure_ece(&m) - (0.55 + 1) / 8) < 1e-12);
	assert_true(measure_f1(&(measure_label){0}) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_gives_the_standards_examples),
		cmocka_unit_test(both_forms_are_read_plain_and_gzipped),
		cmocka_unit_test(a_label_has_components_by_kind_of_text),
		cmocka_unit_test(wrong_lines_are_named),
		cmocka_unit_test(platt_finds_the_curve_that_made_the_hits),
		cmocka_unit_test(threshold_lies_between_the_classes),
		cmocka_unit_test(figures_count_what_they_say),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
