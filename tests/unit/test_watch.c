/* test_watch.c - watches asked of articles: folding, edges, conditions, evidence, bounds, and the stage as the worker calls it. The texts are our own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/mem.h"
#include "common/record.h"
#include "common/settings.h"
#include "common/utf8.h"
#include "common/wire.h"
#include "workers/answer.h"
#include "workers/watch/excerpt.h"
#include "workers/watch/watch_stage.h"

static watch_set *set_with(const char *text, const char *const *sets, size_t count)
{
	buf errors = {0};
	char error[256] = "";
	settings *s = settings_read(NULL, sets, count, &errors);
	assert_non_null(s);
	watch_file *file = watch_file_parse(mr_bytes_of(text), "w.conf", NULL, &errors);
	assert_string_equal(buf_bytes(&errors).data, "");
	watch_set *set = watch_set_new(file, s, error);
	assert_string_equal(error, "");
	assert_non_null(set);
	settings_free(&s);
	buf_free(&errors);
	return set;
}

static watch_set *set_of(const char *text)
{
	return set_with(text, NULL, 0);
}

static watch_article article_of(const char *title, const char *body)
{
	return (watch_article){.parts[PART_TITLE] = mr_bytes_of(title), .parts[PART_BODY] = mr_bytes_of(body)};
}

/* Does a watch with this line meet a text with this body? */
static bool meets(const char *line, const char *body)
{
	buf text = {0};
	buf_printf(&text, "[w]\n%s\n", line);
	watch_set *set = set_of(text.data);
	watch_article a = article_of("", body);
	bool met = watch_set_look(set, &a) == 1;
	watch_set_free(&set);
	buf_free(&text);
	return met;
}

/* Names of the watches met, separated by blanks. */
static void expect_met(watch_set *set, const watch_article *a, const char *want)
{
	buf names = {0};
	size_t met = watch_set_look(set, a);
	for (size_t i = 0; i < met; i++)
		buf_printf(&names, "%s%s", i ? " " : "", watch_set_file(set)->rules[watch_set_met(set, i)].id);
	assert_string_equal(buf_bytes(&names).data, want);
	buf_free(&names);
}

static void expect_folded(const char *text, const char *want)
{
	buf slow = {0}, fast = {0}, origin = {0};
	fold_quick *table = watch_fold_table();
	watch_fold(mr_bytes_of(text), WATCH_FOLD, &slow, &origin);
	watch_fold_fast(mr_bytes_of(text), table, &fast, NULL);
	assert_string_equal(buf_bytes(&slow).data, want);
	assert_string_equal(buf_bytes(&fast).data, want);
	free(table);
	buf_free(&slow);
	buf_free(&fast);
	buf_free(&origin);
}

static void texts_are_folded(void **state)
{
	(void)state;
	expect_folded("", "");
	expect_folded("ＡＩ　芯片，Ａ", "ai芯片,a");
	expect_folded("積體電路與軟體", "集成电路与软件");
	expect_folded("  a \t\r\n b  ", "a b");
	expect_folded("桐 泊\n区 AI 系 统", "桐泊区ai系统");
	expect_folded("in\u00ADte\u200Bgrated\u00A0 \u3000circuit\uFEFF", "integrated circuit");
	expect_folded("é ü ñ", "é ü ñ");
	expect_folded("ÉÜ Ж", "éü ж");
	expect_folded("㎡ 第①", "m2第1");
	expect_folded("かな カナ", "かなカナ");
	expect_folded("a\x1F" "b", "a b");
	expect_folded("\xFF\xE4\xB8", "\uFFFD\uFFFD\uFFFD");
	expect_folded("𠮷 a", "𠮷a");
}

/* Both ways of folding give the same, whatever comes: pieces of all kinds put together by chance. */
static void quick_folding_is_folding(void **state)
{
	(void)state;
	static const char *const pieces[] = {"積體電路", "芯片", "後", "台", "台灣", "發", "髮", "里", "裡", "程式碼", "程", "a", "Z", " ", "  ", "\n", "　", "，", "。", "１", "Ａ", "é", "Ж", "㎡", "\u200B", "\u00AD",
		"𠮷", "\xFF", "\xE4\xB8", "か", "ㄅ", "“", "《", "\x1F", "0", "-", "頭", "髮型", "乾", "乾隆", "著", "\xE0\x80\x80", "﹏", "〇", "\u3000", "..."};
	uint64_t chance = 1;
	fold_quick *table = watch_fold_table();
	for (int round = 0; round < 4000; round++) {
		buf text = {0}, slow = {0}, fast = {0};
		for (int i = 0; i < 1 + round % 40; i++) {
			chance = chance * 6364136223846793005u + 1442695040888963407u;
			buf_add_str(&text, pieces[(chance >> 33) % (sizeof pieces / sizeof *pieces)]);
		}
		watch_fold(buf_bytes(&text), WATCH_FOLD, &slow, NULL);
		watch_fold_fast(buf_bytes(&text), table, &fast, NULL);
		if (slow.len != fast.len || memcmp(buf_bytes(&slow).data, buf_bytes(&fast).data, slow.len) != 0)
			fail_msg("\"%s\": \"%s\", quick \"%s\"", text.data, buf_bytes(&slow).data, buf_bytes(&fast).data);
		buf_free(&text);
		buf_free(&slow);
		buf_free(&fast);
	}
	free(table);
}

/* Every character, alone and before one that may make a word of it; enough behind it that the quick way is taken. */
static void every_character_is_folded_quickly(void **state)
{
	(void)state;
	fold_quick *table = watch_fold_table();
	for (uint32_t c = 1; c < 0x10000; c++) {
		static const char *const behind[] = {"一二三", "a b c d e", "式式式", "体車体"};
		buf text = {0}, slow = {0}, fast = {0};
		for (size_t i = 0; i < sizeof behind / sizeof *behind; i++) {
			buf_add_str(&text, "中");
			utf8_add(&text, c);
			buf_add_str(&text, behind[i]);
		}
		watch_fold(buf_bytes(&text), WATCH_FOLD, &slow, NULL);
		watch_fold_fast(buf_bytes(&text), table, &fast, NULL);
		if (slow.len != fast.len || memcmp(buf_bytes(&slow).data, buf_bytes(&fast).data, slow.len) != 0)
			fail_msg("U+%04X: \"%s\", quick \"%s\"", c, buf_bytes(&slow).data, buf_bytes(&fast).data);
		buf_free(&text);
		buf_free(&slow);
		buf_free(&fast);
	}
	free(table);
}

static void words_have_edges(void **state)
{
	(void)state;
	assert_true(meets("any = AI", "An AI, they say."));
	assert_true(meets("any = AI", "使用AI的学校"));
	assert_true(meets("any = AI", "ai"));
	assert_true(meets("any = AI", "AI-powered"));
	assert_true(meets("any = AI", "AI's"));
	assert_false(meets("any = AI", "He SAID so"));
	assert_false(meets("any = AI", "AIs"));
	assert_false(meets("any = AI", "AI2"));
	assert_false(meets("any = AI", "éAI"));
	assert_false(meets("any = 5G", "15G"));
	assert_false(meets("any = 5G", "5GHz"));
	assert_true(meets("any = 5G", "华为5G基站"));
	assert_true(meets("any = chip*", "Chips"));
	assert_false(meets("any = chip*", "microchips"));
	assert_true(meets("any = *chip*", "microchips"));
	assert_true(meets("any = *chip", "microchip."));
	assert_false(meets("any = *chip", "microchips"));
	assert_true(meets("any = 大学", "大学生"));
	assert_true(meets("any = C++", "in C++ and"));
	assert_true(meets("any = Ж*", "ждать") && !meets("any = жд", "ждать"));
	assert_true(meets("any = .NET", "the .NET one"));
}

static void white_space_does_not_matter(void **state)
{
	(void)state;
	assert_true(meets("any = integrated circuit", "Integrated\n  Circuit"));
	assert_false(meets("any = integrated circuit", "integratedcircuit"));
	assert_true(meets("any = 人工智能", "人工智\n能"));
	assert_true(meets("any = 人工 智能", "人工智能"));
	assert_true(meets("any = AI芯片", "AI 芯片"));
	assert_true(meets("any = AI 芯片", "ＡＩ芯片"));
	assert_true(meets("any = 積體電路", "集成电路"));
	assert_true(meets("any = 集成电路", "積體電路"));
	assert_true(meets("any = 程序", "程式"));
}

static void case_counts_where_it_is_asked_for(void **state)
{
	(void)state;
	assert_true(meets("any = =WHO", "the WHO says who"));
	assert_false(meets("any = =WHO", "who says Who"));
	assert_true(meets("any = =WHO", "ＷＨＯ"));
	assert_true(meets("any = =Integrated Circuit", "an Integrated\nCircuit"));
	assert_false(meets("any = =Integrated Circuit", "an integrated circuit"));
	assert_true(meets("any = =iPhone*", "iPhones") && !meets("any = =iPhone*", "IPHONES"));
	assert_true(meets("any = =WHO, xyz", "who or xyz"));
	assert_true(meets("any = who\nalso = =WHO", "WHO"));
	assert_false(meets("any = who\nalso = =WHO", "who"));
}

static void conditions_join(void **state)
{
	(void)state;
	assert_true(meets("any = aa, bb\nall = cc, dd", "aa cc dd"));
	assert_false(meets("any = aa, bb\nall = cc, dd", "aa cc"));
	assert_false(meets("any = aa, bb\nall = cc, dd", "cc dd"));
	assert_true(meets("any = aa\nalso = bb, cc\nalso = dd", "dd cc aa"));
	assert_false(meets("any = aa\nalso = bb, cc\nalso = dd", "bb cc aa"));
	assert_true(meets("any = aa\nalso = bb\nalso_or = cc", "cc aa"));
	assert_false(meets("any = aa\nnot = bb", "aa bb"));
	assert_true(meets("any = aa\nnot = bb", "aa"));
	assert_true(meets("any = aa, bb, cc\nat_least = 2", "cc aa"));
	assert_false(meets("any = aa, bb, cc\nat_least = 2", "cc cc cc"));
	assert_true(meets("any = aa, AA, bb\nat_least = 3", "aa bb"));           /* two terms that fold alike are one: three cannot be had */
	assert_false(meets("any = aa\nenabled = no", "aa"));
	assert_true(meets("all = aa, Aa", "aa"));
}

static void headlines_are_told_apart(void **state)
{
	(void)state;
	watch_set *set = set_of("[t]\nany = 补贴\ntitle_only = yes\n[b]\nany = 补贴\n[n]\nany = 小学\nnot = 补贴\ntitle_only = yes\n");
	watch_article a = article_of("桐泊小学", "补贴");
	expect_met(set, &a, "b n");
	a = article_of("补贴小学", "补贴");
	expect_met(set, &a, "t b");
	a = (watch_article){.parts[PART_SUBTITLE] = mr_bytes_of("补贴"), .parts[PART_KICKER] = mr_bytes_of("小学"), .parts[PART_BODY] = mr_bytes_of("x")};
	expect_met(set, &a, "t b");
	a = (watch_article){.parts[PART_KICKER] = mr_bytes_of("补"), .parts[PART_TITLE] = mr_bytes_of("贴")};   /* parts are kept apart */
	expect_met(set, &a, "");
	watch_set_free(&set);
}

static void names_are_compared_as_wholes(void **state)
{
	(void)state;
	watch_set *set = set_of("[p]\npersons = 林晓, John Q. Smith\n[o]\norganizations = *大学, 教育局*\n[pl]\nplaces = 林晓\n[pol]\npolicies = 学前教育法\n[both]\npersons = 王小明\nplaces = 桐泊\n[mixed]\nany = 林晓\npersons = 王小明\n");
	watch_article a = article_of("", "");
	expect_met(set, &a, "");
	a.names[0] = mr_bytes_of("王\n林曉");
	expect_met(set, &a, "p");
	a.names[0] = mr_bytes_of("林晓东\n小林晓");
	expect_met(set, &a, "");
	a.names[0] = mr_bytes_of("JOHN Q SMITH");
	expect_met(set, &a, "p");
	a.names[0] = (mr_bytes){NULL, 0};
	a.names[1] = mr_bytes_of("林晓");
	expect_met(set, &a, "pl");
	a.names[2] = mr_bytes_of("桐泊大学");
	expect_met(set, &a, "o pl");
	a.names[2] = mr_bytes_of("桐泊大学附中\n北湾教育局");
	expect_met(set, &a, "pl");
	a.names[2] = mr_bytes_of("教育局北湾分局");
	a.names[3] = mr_bytes_of("学前教育法");
	expect_met(set, &a, "o pl pol");
	a = article_of("", "林晓来了");
	a.names[0] = mr_bytes_of("王小明");
	expect_met(set, &a, "mixed");
	a.names[1] = mr_bytes_of("桐泊");
	expect_met(set, &a, "both mixed");
	watch_set_free(&set);
	set = set_with("[p]\npersons = 林晓\n", (const char *const[]){"extract.tagger=off"}, 1);
	a = article_of("", "林曉昨日说");
	expect_met(set, &a, "p");                        /* no names in this pipeline: a phrase */
	watch_set_free(&set);
}

static void labels_sources_languages(void **state)
{
	(void)state;
	watch_set *set = set_of("[l]\nlabels = science, talent\n[none]\nany = aa\nlabels = none\n[notl]\nany = aa\nnot_labels = science\n[s]\nsources = 桐泊时报*, Harbour Post\n[nots]\nany = aa\nnot_sources = *晚报\n[zh]\nany = aa\nlanguages = zh, en\n[sign]\nsources = ★*\n");
	watch_article a = article_of("", "aa");
	expect_met(set, &a, "none notl nots");
	a.labels = mr_bytes_of("talent\nscience");
	a.source = mr_bytes_of("桐泊時報（網絡版）");
	a.language = mr_bytes_of("zh");
	expect_met(set, &a, "l s nots zh");
	a.labels = mr_bytes_of("education");
	a.source = mr_bytes_of("harbour post");
	a.language = mr_bytes_of("fr");
	expect_met(set, &a, "notl s nots");
	a.source = mr_bytes_of("港岛晚报");
	expect_met(set, &a, "notl");
	assert_int_equal(watch_set_reason(set, 0), WATCH_NO_LABEL);
	assert_int_equal(watch_set_reason(set, 3), WATCH_NO_SOURCE);
	assert_int_equal(watch_set_reason(set, 4), WATCH_HAS_NOT_SOURCE);
	assert_int_equal(watch_set_reason(set, 5), WATCH_NO_LANGUAGE);
	watch_set_free(&set);
}

/* An article leaves nothing behind for the next one. */
static void articles_do_not_mix(void **state)
{
	(void)state;
	watch_set *set = set_of("[a]\nany = aa\nall = bb\n[n]\nany = aa\nnot = cc\n[p]\npersons = 林晓\n");
	watch_article one = article_of("", "aa cc"), two = article_of("", "bb"), three = article_of("", "aa");
	one.names[0] = mr_bytes_of("林晓");
	for (int i = 0; i < 3; i++) {
		expect_met(set, &one, "p");
		expect_met(set, &two, "");
		expect_met(set, &three, "n");
	}
	watch_set_free(&set);
}

static void evidence_is_in_the_words_of_the_source(void **state)
{
	(void)state;
	watch_hit hits[8];
	watch_set *set = set_of("[w]\nany = 集成电路, ai芯片, 平方\npersons = 林晓\nnot = 没有\n");
	watch_article a = article_of("積體電路廠", "本廠用 ＡＩ  芯片。積 體\n電路在此。共五㎡。");
	a.names[0] = mr_bytes_of("王\n林曉");
	assert_int_equal(watch_set_look(set, &a), 1);
	assert_int_equal(watch_set_hits(set, 0, false, hits, 8), 3);
	assert_string_equal(hits[0].term->text, "集成电路");
	assert_string_equal(hits[0].field, "title");
	assert_int_equal(hits[0].from, 0);
	assert_int_equal(hits[0].to, 12);
	assert_int_equal(hits[0].count, 1);              /* the torn one folds character by character: 集体电路 */
	assert_string_equal(hits[1].field, "body");
	assert_memory_equal(hits[1].source.data + hits[1].from, "ＡＩ  芯片", hits[1].to - hits[1].from);
	assert_int_equal(hits[1].to - hits[1].from, strlen("ＡＩ  芯片"));
	assert_string_equal(hits[2].field, "persons");
	assert_int_equal(hits[2].source.len, strlen("林曉"));
	assert_memory_equal(hits[2].source.data, "林曉", hits[2].source.len);
	assert_int_equal(watch_set_hits(set, 0, false, hits, 1), 1);
	watch_set_free(&set);
	set = set_of("[w]\nany = chip*, *ship\n");
	a = article_of("", "A Chipmaker’s warship. Ｃｈｉｐｓ");
	assert_int_equal(watch_set_look(set, &a), 1);
	assert_int_equal(watch_set_hits(set, 0, false, hits, 8), 2);
	assert_memory_equal(hits[0].source.data + hits[0].from, "Chipmaker", 9);
	assert_int_equal(hits[0].to - hits[0].from, 9);
	assert_int_equal(hits[0].count, 2);
	assert_memory_equal(hits[1].source.data + hits[1].from, "warship", 7);
	watch_set_free(&set);
	set = set_of("[w]\nany = m2, 5m\n");
	a = article_of("", "共5㎡");
	assert_int_equal(watch_set_look(set, &a), 0);    /* 5m2: neither begins where the other ends */
	a = article_of("", "共 ㎡ 计");
	assert_int_equal(watch_set_look(set, &a), 1);
	assert_int_equal(watch_set_hits(set, 0, false, hits, 8), 1);
	assert_int_equal(hits[0].to - hits[0].from, 3);
	watch_set_free(&set);
}

/* The way back holds at any depth of a long text, whatever stands before. */
static void places_are_found_in_long_texts(void **state)
{
	(void)state;
	static const char *const pieces[] = {"積體電路", "芯片", "後台", "台灣", "頭髮", " ", "\n", "　", "，", "１", "word ", "é", "㎡", "\u00AD", "𠮷", "\xFF", "a\x1F", "乾隆", "。\n\n　　", "ＡＢＣ"};
	uint64_t chance = 5;
	watch_set *set = set_of("[w]\nany = 甲乙丙\n");
	for (int round = 0; round < 300; round++) {
		buf text = {0};
		watch_hit hit;
		size_t marker = 0;
		for (int i = 0, count = round * 7, at = round * 3; i <= count; i++) {
			chance = chance * 6364136223846793005u + 1442695040888963407u;
			if (i == at)
				marker = text.len, buf_add_str(&text, round % 2 ? "甲乙丙" : "甲 乙\n丙");
			buf_add_str(&text, pieces[(chance >> 33) % (sizeof pieces / sizeof *pieces)]);
		}
		watch_article a = {.parts[PART_TITLE] = mr_bytes_of("標題 一"), .parts[PART_BODY] = buf_bytes(&text)};
		assert_int_equal(watch_set_look(set, &a), 1);
		assert_int_equal(watch_set_hits(set, 0, false, &hit, 1), 1);
		assert_int_equal(hit.from, marker);
		assert_int_equal(hit.to - hit.from, strlen(round % 2 ? "甲乙丙" : "甲 乙\n丙"));
		buf_free(&text);
	}
	watch_set_free(&set);
}

static void expect_excerpt(const char *text, const char *found, const char *want)
{
	buf out = {0};
	const char *at = strstr(text, found);
	assert_non_null(at);
	excerpt_add(mr_bytes_of(text), (size_t)(at - text), (size_t)(at - text) + strlen(found), &out);
	assert_string_equal(buf_bytes(&out).data, want);
	buf_free(&out);
}

static void excerpts_are_short_and_whole(void **state)
{
	(void)state;
	expect_excerpt("短句。", "短", "短句。");
	expect_excerpt("第一段。\n第二段有字。\n第三段。", "有", "第二段有字。");
	expect_excerpt("一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十甲丙一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十乙", "甲丙",
	               "…一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十甲丙一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十…");
	expect_excerpt("The harbour of Northbay was opened by the governor, who said that integrated circuits would be unloaded at its longest quay from Tuesday on.", "integrated circuits",
	               "… opened by the governor, who said that integrated circuits would be unloaded at its longest quay…");
	buf text = {0};
	buf_add_str(&text, "甲");
	for (int i = 0; i < 5000; i++)
		buf_add_char(&text, ' ');
	buf_add_str(&text, "乙");
	expect_excerpt(text.data, text.data, "甲 乙");
	buf_free(&text);
}

/* Hostile texts: many places, one phrase within the other. Looking ends, and says that it did not see all. */
static void looking_is_bounded(void **state)
{
	(void)state;
	buf rules = {0}, text = {0}, phrase = {0};
	buf_add_str(&rules, "[w]\nany = 甲乙\n");
	for (int i = 0; i < 60; i++) {
		buf_add_str(&phrase, "丙");
		buf_printf(&rules, "any = %s\n", phrase.data);
	}
	watch_set *set = set_of(rules.data);
	for (int i = 0; i < 40000; i++)
		buf_add_str(&text, "丙");
	buf_add_str(&text, "甲乙");
	watch_article a = article_of("", text.data);
	assert_int_equal(watch_set_look(set, &a), 1);
	assert_false(watch_set_was_whole(set));
	a = article_of("", "丙丙甲乙");
	assert_int_equal(watch_set_look(set, &a), 1);
	assert_true(watch_set_was_whole(set));
	watch_set_free(&set);
	buf_free(&rules);
	buf_free(&text);
	buf_free(&phrase);
}

/* ---- the stage ---- */

static void *opened(const char *path)
{
	void *ctx = NULL;
	char error[256] = "";
	buf set = {0}, errors = {0};
	buf_printf(&set, "watch.file=%s", path);
	settings *s = settings_read(NULL, (const char *const[]){set.data}, 1, &errors);
	int rc = watch_stage.open(&ctx, s, error);
	settings_free(&s);
	buf_free(&set);
	buf_free(&errors);
	return rc ? NULL : ctx;
}

static wire_results answered(void *ctx, const mr_task *task, buf *message)
{
	mr_answer *answer = answer_new();
	wire_batch batch = {0};
	wire_results results = {0};
	answer_begin(answer);
	watch_stage.apply(ctx, task, answer);
	answer_write(answer, &batch, 7, 1, 5, 64 << 20);
	size_t len = wire_batch_bytes(&batch);
	wire_batch_write(&batch, WIRE_RESULT, buf_reserve(message, len));
	message->len = len;
	assert_int_equal(wire_read_results(&results, buf_bytes(message)), 0);
	assert_int_equal(results.rows[0].status, WIRE_ANSWERED);
	wire_batch_free(&batch);
	answer_free(&answer);
	return results;
}

static article *an_article(record **rec)
{
	record_rules_values values = {.staged = true};
	record_rules *rules = record_rules_new_from(&values);
	record_fault fault;
	record_source source = {.topic = "t", .timestamp_ms = -1, .value = mr_bytes_of("{\"id\":\"1\",\"title\":\"T\",\"text\":\"x\",\"source\":\"s\"}")};
	*rec = record_parse(rules, &source, &fault);
	assert_non_null(*rec);
	record_rules_free(&rules);
	return article_new(*rec, 0, 1);
}

static void expect_wants(const char *rules, const char *want)
{
	char path[] = "/tmp/millrace-test-watch-XXXXXX";
	FILE *out = fdopen(mkstemp(path), "w");
	fputs(rules, out);
	fclose(out);
	void *ctx = opened(path);
	assert_non_null(ctx);
	buf names = {0};
	for (const char *const *name = watch_stage.wants(ctx); *name; name++)
		buf_printf(&names, "%s%s", names.len ? " " : "", *name);
	assert_string_equal(buf_bytes(&names).data, want);
	buf_free(&names);
	watch_stage.close(ctx);
	unlink(path);
}

/* What no watch in force asks about is not sent. */
static void only_what_is_needed_is_asked_for(void **state)
{
	(void)state;
	expect_wants("[a]\nany = 芯片\n", "kicker title subtitle");
	expect_wants("[a]\npersons = 李明\n[b]\norganizations = 某局\n", "kicker title subtitle persons organizations");
	expect_wants("[a]\nany = 芯片\nnot_labels = talent\nnot_sources = 某报\nlanguages = zh\n", "kicker title subtitle labels source_name language");
	expect_wants("[a]\nany = 芯片\n[b]\nenabled = false\nplaces = 某地\npolicies = 某法\n", "kicker title subtitle");
	expect_wants("[a]\nplaces = 某地\npolicies = 某法\nlabels = none\nsources = 某报\n", "kicker title subtitle places policies labels source_name");
}

/* What the stage answers is what the daemon takes, also at its limits: every watch met, with as much evidence as there can be. */
static void the_daemon_takes_what_the_stage_answers(void **state)
{
	(void)state;
	char path[] = "/tmp/millrace-test-watch-XXXXXX";
	int fd = mkstemp(path);
	FILE *out = fdopen(fd, "w");
	for (int w = 0; w < WATCH_MAX; w++) {
		fprintf(out, "[w%d]\nname = \"%0*d\"\nnote = \"%0*d\"\n", w, 150, w, 900, w);
		for (int t = 0; t < 20; t++)
			fprintf(out, "any = 甲乙%d\n", t);
	}
	fclose(out);
	void *ctx = opened(path);
	assert_non_null(ctx);
	buf body = {0}, message = {0};
	for (int t = 0; t < 20; t++)
		buf_printf(&body, "“引号”\\与\"\x01 ｡甲乙%d。", t);
	mr_task task = {.body = buf_bytes(&body)};
	wire_results results = answered(ctx, &task, &message);
	record *rec;
	record_fault fault = {0};
	article *art = an_article(&rec);
	assert_int_equal(article_apply(art, results.rows[0].parts->patch, "watch", &fault), 0);
	if (article_set_alerts(art, results.rows[0].parts->blob, "watch", &fault))
		fail_msg("%s", fault.message);
	assert_int_equal(article_alert_count(art), WATCH_MAX);
	buf line = {0};
	article_dump_alert(art, 999, NULL, 0, &line);
	json_t *alert = json_loadb(line.data, line.len, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(alert, "watch")), "w999");
	assert_int_equal(json_array_size(json_object_get(alert, "terms")), 1);
	json_decref(alert);
	buf_clear(&line);
	article_dump_alert(art, 0, NULL, 0, &line);
	alert = json_loadb(line.data, line.len, 0, NULL);
	assert_int_equal(json_array_size(json_object_get(alert, "terms")), WATCH_HITS_MAX);
	assert_int_equal(json_array_size(json_object_get(alert, "excerpts")), WATCH_HITS_MAX);
	json_decref(alert);
	article_free(&art);
	record_free(&rec);
	wire_results_free(&results);
	watch_stage.close(ctx);
	buf_free(&line);
	buf_free(&body);
	buf_free(&message);
	remove(path);
}

static void who_meets_nothing_is_not_touched(void **state)
{
	(void)state;
	void *ctx = opened(SOURCE_DIR "/conf/watches.conf");
	buf message = {0};
	mr_task task = {.body = mr_bytes_of("text")};
	wire_results results = answered(ctx, &task, &message);
	assert_int_equal(results.rows[0].part_count, 1);
	assert_null(results.rows[0].parts->patch.data);
	assert_null(results.rows[0].parts->blob.data);
	wire_results_free(&results);
	watch_stage.close(ctx);
	buf_free(&message);
	assert_null(opened(SOURCE_DIR "/conf"));
	assert_null(opened(SOURCE_DIR "/conf/taxonomy.conf"));
}

static void wrong_alerts_are_refused(void **state)
{
	(void)state;
	static const struct { const char *blob, *why; } cases[] = {
		{"", "no list"}, {"{}", "no list"}, {"[1]", "no object"}, {"[", "no list"}, {"[{}]", "no watch"}, {"[{\"watch\":\"a b\",\"hits\":[]}]", "name that cannot be"},
		{"[{\"watch\":\"a\"}]", "hits"}, {"[{\"watch\":\"a\",\"hits\":[1]}]", "hits"}, {"[{\"watch\":\"a\",\"hits\":[],\"x\":1}]", "member"},
		{"[{\"watch\":\"a\",\"name\":3,\"hits\":[]}]", "name or note"}, {"[{\"watch\":\"a\",\"hits\":[]},{\"watch\":\"a\",\"hits\":[]}]", "twice"},
		{"[[[[[[[[]]]]]]]]", "too deep"}, {"[{\"watch\":\"a\",\"hits\":[{\"term\":\"t\"}]}]", "hits"}, {"[{\"watch\":\"a\",\"watch\":\"b\",\"hits\":[]}]", "no list"},
		{"[{\"watch\":\"a\",\"hits\":[{\"term\":\"t\",\"field\":\"f\",\"text\":\"x\",\"excerpt\":\"e\",\"start\":-1,\"end\":2,\"count\":1}]}]", "hits"},
	};
	record *rec;
	article *art = an_article(&rec);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		record_fault fault = {0};
		assert_int_equal(article_set_alerts(art, mr_bytes_of(cases[i].blob), "watch", &fault), -1);
		assert_string_equal(fault.code, "stage.refused");
		if (!strstr(fault.message, cases[i].why))
			fail_msg("%s: %s", cases[i].blob, fault.message);
		assert_int_equal(article_alert_count(art), 0);
	}
	record_fault fault = {0};
	assert_int_equal(article_set_alerts(art, mr_bytes_of("[{\"watch\":\"a\",\"name\":\"\",\"hits\":[]}]"), "watch", &fault), 0);
	assert_int_equal(article_alert_count(art), 1);
	article_free(&art);
	record_free(&rec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_folded),
		cmocka_unit_test(quick_folding_is_folding),
		cmocka_unit_test(every_character_is_folded_quickly),
		cmocka_unit_test(words_have_edges),
		cmocka_unit_test(white_space_does_not_matter),
		cmocka_unit_test(case_counts_where_it_is_asked_for),
		cmocka_unit_test(conditions_join),
		cmocka_unit_test(headlines_are_told_apart),
		cmocka_unit_test(names_are_compared_as_wholes),
		cmocka_unit_test(labels_sources_languages),
		cmocka_unit_test(articles_do_not_mix),
		cmocka_unit_test(evidence_is_in_the_words_of_the_source),
		cmocka_unit_test(places_are_found_in_long_texts),
		cmocka_unit_test(excerpts_are_short_and_whole),
		cmocka_unit_test(looking_is_bounded),
		cmocka_unit_test(only_what_is_needed_is_asked_for),
		cmocka_unit_test(the_daemon_takes_what_the_stage_answers),
		cmocka_unit_test(who_meets_nothing_is_not_touched),
		cmocka_unit_test(wrong_alerts_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
