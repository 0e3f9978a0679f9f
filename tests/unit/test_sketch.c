/* test_sketch.c - sketches of texts written for the test: which changes leave a copy a copy, and which make another story. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/mem.h"
#include "common/sketch.h"
#include "common/utf8.h"
#include "workers/dedup/figures.h"
#include "workers/dedup/sketcher.h"

static const char story[] =
	"昨天上午，青崖县第二实验学校的新图书馆正式对学生开放，首日接待读者1260人次。图书馆共有三层，藏书8.4万册，设有320个座位，另有两间讨论室。\n"
	"校长在揭牌仪式上说，图书馆的建设历时19个月，总投入2750万元，其中县财政承担了六成，其余来自校友捐赠。她希望每一个孩子都能在这里找到喜欢的书。\n"
	"记者在现场看到，低年级阅览区铺着软垫，书架高度不超过1.2米，学生可以自己取书。高年级的自习区靠窗，每个座位都配了台灯和插座。\n"
	"据了解，图书馆今后周末也向社区居民开放，每天上午9点到下午5点，居民凭身份证登记即可进入。馆内的志愿者由高年级学生和退休教师担任，目前已有76人报名。\n"
	"县教育局有关负责人表示，明年还将有4所学校建成同样的图书馆，乡镇学校将优先安排，流动书车也会增加到7辆，每个月至少到村小一次。";

static sketch make(const char *title, const char *body)
{
	sketch out;
	sketcher *maker = sketcher_new();
	sketcher_make(maker, mr_bytes_of(title), mr_bytes_of(body), &out);
	sketcher_free(&maker);
	return out;
}

static sketch_match compare(const char *title_a, const char *a, const char *title_b, const char *b)
{
	sketch x = make(title_a, a), y = make(title_b, b);
	sketch_match there = sketch_compare(&x, &y), back = sketch_compare(&y, &x);
	assert_int_equal(there.relation, back.relation);
	assert_true(there.similarity == back.similarity && there.changed == back.changed);
	return there;
}

static bool share_key(const char *a, const char *b)
{
	sketch x = make("t", a), y = make("t", b);
	uint64_t k[SKETCH_KEYS], l[SKETCH_KEYS];
	size_t n = sketch_keys(&x, k), m = sketch_keys(&y, l);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < m; j++)
			if (k[i] == l[j])
				return true;
	return false;
}

/* `text` with every `from` replaced; the caller frees. */
static char *replaced(const char *text, const char *from, const char *to)
{
	buf out = {0};
	for (const char *at; (at = strstr(text, from)); text = at + strlen(from)) {
		buf_add(&out, text, (size_t)(at - text));
		buf_add_str(&out, to);
	}
	buf_add_str(&out, text);
	return buf_take(&out, NULL);
}

static char *joined(const char *a, const char *b, const char *c)
{
	buf out = {0};
	buf_add_str(&out, a);
	buf_add_str(&out, b);
	buf_add_str(&out, c);
	return buf_take(&out, NULL);
}

static void test_same_words_are_identical(void **state)
{
	(void)state;
	char *wide = replaced(story, "1260", "１２６０"), *spaced = replaced(wide, "\n", "\r\n\r\n　　"), *half = replaced(spaced, "，", ", ");
	sketch_match m = compare("校园图书馆开放", story, "另一个标题", half);
	assert_int_equal(m.relation, SKETCH_IDENTICAL);
	assert_false(m.changed);
	assert_true(m.similarity == 1);
	free(wide);
	free(spaced);
	free(half);
}

static void test_copies_are_near(void **state)
{
	(void)state;
	const char *title = "青崖县校园图书馆开放";
	char *chrome = joined("首页 要闻 民生 视频\n青崖在线 > 社会 > 正文\n作者：林某 浏览次数：315\n", story, "\n分享到微信\n相关新闻\n· 本周末降温 注意保暖\n· 老街改造完成\n关于我们 版权所有 举报电话 000-5550000");
	char *cut = replaced(story, strstr(story, "县教育局有关负责人"), "（节选）");
	char *noisy = replaced(story, "图书馆", "图书官");
	struct { const char *text, *title; } copies[] = {{chrome, title}, {cut, title}, {noisy, "图书馆里的一天"}};
	for (size_t i = 0; i < 3; i++) {
		assert_true(share_key(story, copies[i].text));
		assert_int_equal(compare(title, story, copies[i].title, copies[i].text).relation, SKETCH_NEAR);
		assert_true(compare(title, story, copies[i].title, copies[i].text).changed);
	}
	free(chrome);
	free(cut);
	free(noisy);
}

/* Every `step`-th character replaced by another one, as a scanner misreads it. */
static char *damaged(const char *text, size_t step)
{
	buf out = {0};
	for (size_t i = 1; *text; i++) {
		size_t n = utf8_prefix(mr_bytes_of(text), 1);
		if (i % step == 0 && n == 3)
			buf_add_str(&out, "匚");
		else
			buf_add(&out, text, n);
		text += n;
	}
	return buf_take(&out, NULL);
}

static void test_scanning_errors_and_moved_paragraphs(void **state)
{
	(void)state;
	char *scanned = damaged(story, 50), *worse = damaged(story, 6);
	const char *second = strchr(story, '\n') + 1;
	char *first = strndup(story, (size_t)(second - story)), *moved = joined(second, "\n", first);
	assert_int_equal(compare("校园图书馆开放", story, "校园图书馆开放", scanned).relation, SKETCH_NEAR);
	assert_int_equal(compare("校园图书馆开放", story, "县里新闻", moved).relation, SKETCH_NEAR);
	assert_int_equal(compare("校园图书馆开放", story, "校园图书馆开放", worse).relation, SKETCH_DIFFERENT);
	free(scanned);
	free(worse);
	free(first);
	free(moved);
}

/* One form, filled twice, hardly a figure in it: the differences stand in the blanks, and only there. */
static void test_forms_are_other_stories(void **state)
{
	(void)state;
	static const char fixed[] = "以上人员的任职时间从文件下发之日算起，实行一年试用期。宣布会议要求，新任职的同志要尽快熟悉情况，进入角色，团结班子成员，廉洁自律，不负重托，"
				    "在新的岗位上做出新的成绩，接受组织和群众的监督。";
	char *a = joined("经研究，林青山任青崖县水务局局长，何一舟任青崖县水务局副局长；免去周北辰的青崖县水务局局长职务，另有任用。吴小满不再兼任河湖中心主任。", fixed, "");
	char *b = joined("经研究，段玉宁任白渡区体育局局长，叶知秋任白渡区体育局副局长；免去程万里的白渡区体育局局长职务，到龄退休。梁若水不再兼任体校校长职务。", fixed, "");
	assert_true(compare("青崖县人事任免", a, "白渡区人事任免", b).relation < SKETCH_NEAR);
	free(a);
	free(b);
}

static void test_traditional_edition_is_a_copy(void **state)
{
	(void)state;
	const char *simplified = "市里公布了软件产业的新计划，今后三年将建设12个信息中心，为中小企业提供网络和服务器，帮助2300家企业上云，并组织程序员培训。负责人说，头发白了也要把这件事办好。";
	const char *traditional = "市裡公佈了軟體產業的新計畫，今後三年將建設12個資訊中心，為中小企業提供網路和伺服器，幫助2300家企業上雲，並組織程式設計師培訓。負責人說，頭髮白了也要把這件事辦好。";
	assert_true(compare("产业计划", simplified, "產業計畫", traditional).relation >= SKETCH_NEAR);
}

static void test_other_figures_are_another_story(void **state)
{
	(void)state;
	char *text = mem_string(story), *p;
	for (p = text; *p; p++)
		if (*p >= '0' && *p <= '9')
			*p = (char)('0' + (*p - '0' + 3) % 10);
	sketch_match m = compare("校园图书馆开放", story, "校园图书馆开放", text);
	assert_int_equal(m.relation, SKETCH_DIFFERENT);
	free(text);
}

static void test_one_figure_is_a_change(void **state)
{
	(void)state;
	char *text = replaced(story, "1260", "1265");
	sketch_match m = compare("校园图书馆开放", story, "校园图书馆开放", text);
	assert_true(m.relation >= SKETCH_KIN);
	assert_true(m.changed);
	free(text);
}

static void test_common_tail_is_another_story(void **state)
{
	(void)state;
	const char *tail = strchr(story, '\n');
	char *a = joined("本周五，沿河步道改造完工，新增路灯58盏，晚上散步的市民明显多了，附近的商户也延长了营业时间，有人说夜里终于敢一个人走这段路了。", tail, "");
	char *b = joined("县医院昨天启用新的门诊楼，挂号窗口增加到14个，老人可以走绿色通道，平均等候时间从四十分钟降到了一刻钟，停车位也翻了一番。", tail, "");
	assert_true(compare("步道改造完工", a, "县医院门诊楼启用", b).relation < SKETCH_NEAR);
	free(a);
	free(b);
}

static void test_short_texts(void **state)
{
	(void)state;
	const char *flash = "快讯：青崖县今日新增企业32户，同比增长4.1%。";
	assert_int_equal(compare("新增企业32户", flash, "新增企业45户", "快讯：青崖县今日新增企业45户，同比增长6.8%。").relation, SKETCH_DIFFERENT);
	assert_int_equal(compare("新增企业32户", flash, "新增企业32户", "本报讯（记者 林某）快讯：青崖县今日新增企业32户，同比增长4.1%。").relation, SKETCH_NEAR);
	assert_true(share_key(flash, "本报讯（记者 林某）快讯：青崖县今日新增企业32户，同比增长4.1%。"));
	char *roundup = joined(flash, story, "");
	assert_int_equal(compare("新增企业32户", flash, "一周要闻", roundup).relation, SKETCH_DIFFERENT);
	free(roundup);
}

static void test_nothing_to_compare(void **state)
{
	(void)state;
	sketch empty = make("标题", " \n。"), other = make("标题", story);
	uint64_t keys[SKETCH_KEYS];
	assert_int_equal(sketch_keys(&empty, keys), 0);
	assert_int_equal(sketch_compare(&empty, &empty).relation, SKETCH_DIFFERENT);
	assert_int_equal(sketch_compare(&empty, &other).relation, SKETCH_DIFFERENT);
}

static size_t numbers(const char *text)
{
	uint64_t bits[1][2] = {{0}};
	return figures_scan(&(figures_text){mr_bytes_of(text), 1, {0}}, bits);
}

static void test_figures(void **state)
{
	(void)state;
	assert_int_equal(numbers("共12,500人，占3.5%，第７名"), 3);
	assert_int_equal(numbers("共12\n500人"), 1);     /* a column of a newspaper breaks within a number */
	assert_int_equal(numbers("rows 12\n500 end"), 2);
	sketch a = make("t", "共12,500人，占3.5%，第７名"), plain = make("t", "共12500人，占3.5%，第7名");
	assert_memory_equal(a.figure, plain.figure, sizeof plain.figure);
}

static void test_encoding(void **state)
{
	(void)state;
	sketch one = make("标题", story), two;
	buf blob = {0};
	sketch_encode(&one, &blob);
	assert_int_equal(blob.len, SKETCH_ENCODED_BYTES);
	assert_int_equal(sketch_decode(buf_bytes(&blob), &two), 0);
	assert_memory_equal(&one, &two, sizeof one);
	assert_int_equal(sketch_decode((mr_bytes){blob.data, blob.len - 1}, &two), -1);
	blob.data[0]++;
	assert_int_equal(sketch_decode(buf_bytes(&blob), &two), -1);
	buf_free(&blob);
}

/* A notice with one date for a fact: of another day when the title says so, too; a scanning error when the title has the same date. */
static void test_another_day_of_a_form(void **state)
{
	(void)state;
	const char *form = "10月3日上午9时起，青崖县自来水公司将对沿河路主管道进行检修，沿线居民和商户请提前储水，施工期间水压会有下降，恢复供水后请先放水数分钟再使用，如有疑问可向公司服务窗口咨询。"
			   "检修由公司抢修队负责，现场设置围挡和警示灯，过往车辆请减速慢行，听从工作人员指挥，给大家带来的不便敬请谅解。";
	char *other = replaced(form, "10月3日", "10月24日");
	assert_int_equal(compare("10月3日停水通知", form, "10月24日停水通知", other).relation, SKETCH_KIN);
	assert_int_equal(compare("10月3日停水通知", form, "10月3日停水通知", other).relation, SKETCH_NEAR);
	free(other);
}

/* What is left of the later text, without lines that its source had before, stands in the earlier one or not; a small part of it tells nothing. */
static void test_what_is_left_must_be_shared(void **state)
{
	(void)state;
	sketch earlier = make("校园图书馆开放", story), later = make("春茶今年提前上市", story), small = make("t", "本网综合报道，以下为全文。"),
	       own = make("t", "山里的茶园今年提前两周开采，茶农说雨水足、气温高，鲜叶的价钱也比去年好，加工厂的灯亮到半夜，游客可以跟着茶农上山，学着采一芽一叶，中午在农家吃饭。");
	later.exact++;                                   /* other texts, alike in all that was kept of them */
	assert_int_equal(sketch_compare(&earlier, &later).relation, SKETCH_NEAR);
	assert_int_equal(sketch_compare_inner(&earlier, &later, NULL).relation, SKETCH_NEAR);
	assert_int_equal(sketch_compare_inner(&earlier, &later, &earlier).relation, SKETCH_NEAR);
	sketch_match m = sketch_compare_inner(&earlier, &later, &own);
	assert_int_equal(m.relation, SKETCH_KIN);
	assert_int_equal(m.rule, RULE_INNER);
	assert_int_equal(sketch_compare_inner(&earlier, &later, &small).relation, SKETCH_NEAR);
	memcpy(later.title, earlier.title, sizeof later.title);
	assert_int_equal(sketch_compare_inner(&earlier, &later, &own).relation, SKETCH_NEAR);
	assert_int_equal(sketch_compare_inner(&earlier, &earlier, &own).relation, SKETCH_IDENTICAL);
}

static void test_every_machine_weighs_alike(void **state)
{
	(void)state;
	sketch a = make("标题", story), b, c = make("另一个标题 12", "完全不同的一篇报道，说的是山里的茶园和今年的收成，茶农有420户。");
	char *text = replaced(story, "图书馆", "文化馆");
	b = make("标题", text);
	const sketch *all[] = {&a, &b, &c};
	for (size_t i = 0; i < 9; i++) {
		sketch_evidence x = sketch_weigh(all[i / 3], all[i % 3]), y = sketch_weigh_portable(all[i / 3], all[i % 3]);
		assert_memory_equal(&x, &y, sizeof x);
	}
	free(text);
}

/* What version 1 wrote: all twelve keys. The entries of an older log must be found by the keys of today. */
static void test_version_1_is_read(void **state)
{
	(void)state;
	sketch now = make("标题", story), then;
	buf blob = {0};
	sketch_encode(&now, &blob);
	const uint32_t more[] = {0, 0x1234, 0, 0x77};
	blob.data[0] = 1;
	for (size_t i = 0; i < 4; i++)
		buf_add_u32(&blob, more[i]);
	assert_int_equal(sketch_decode(buf_bytes(&blob), &then), 0);
	assert_memory_equal(&now, &then, sizeof now);
	size_t keys = SKETCH_ENCODED_BYTES - SKETCH_KEYS * 4;
	memset(blob.data + keys + 4, 0, 4);              /* an empty bucket: the next ones move up */
	assert_int_equal(sketch_decode(buf_bytes(&blob), &then), 0);
	assert_int_equal(then.key[0], now.key[0]);
	assert_memory_equal(then.key + 1, now.key + 2, 6 * sizeof *now.key);
	assert_int_equal(then.key[7], 0x1234);
	assert_int_equal(sketch_decode((mr_bytes){blob.data, SKETCH_ENCODED_BYTES}, &then), -1);
	blob.data[0] = 2;
	assert_int_equal(sketch_decode(buf_bytes(&blob), &then), -1);
	blob.data[0] = 0;
	assert_int_equal(sketch_decode(buf_bytes(&blob), &then), -1);
	buf_free(&blob);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_words_are_identical),
		cmocka_unit_test(test_copies_are_near),
		cmocka_unit_test(test_scanning_errors_and_moved_paragraphs),
		cmocka_unit_test(test_forms_are_other_stories),
		cmocka_unit_test(test_traditional_edition_is_a_copy),
		cmocka_unit_test(test_other_figures_are_another_story),
		cmocka_unit_test(test_one_figure_is_a_change),
		cmocka_unit_test(test_common_tail_is_another_story),
		cmocka_unit_test(test_short_texts),
		cmocka_unit_test(test_nothing_to_compare),
		cmocka_unit_test(test_figures),
		cmocka_unit_test(test_encoding),
		cmocka_unit_test(test_version_1_is_read),
		cmocka_unit_test(test_every_machine_weighs_alike),
		cmocka_unit_test(test_another_day_of_a_form),
		cmocka_unit_test(test_what_is_left_must_be_shared),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
