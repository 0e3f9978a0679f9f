/* test_extract_page.c - plain text to articles: the passes of workers/extract/page.h on small documents of our own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "common/utf8.h"
#include "workers/extract/page.h"

static vocabulary *words;

static int setup(void **state)
{
	(void)state;
	words = vocabulary_new();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	vocabulary_free(&words);
	return 0;
}

/* The articles as text: `= kicker / title / subtitle`, then a paragraph a line; `# ` before sub-headings. */
static char *articles(const char *text)
{
	static const char *const separators[] = {[ROLE_TITLE] = "=", [ROLE_KICKER] = "^", [ROLE_SUBTITLE] = "_"};
	page page;
	buf out = {0};
	page_init(&page, words);
	page_read(&page, mr_bytes_of(text));
	for (size_t k = 0; k < page.article_count; k++) {
		for (size_t i = 0; i < page.block_count; i++) {
			const page_block *block = &page.blocks[i];
			if (block->article != (int32_t)k || block->role == ROLE_BODY || block->role == ROLE_OUT)
				continue;
			buf_add_str(&out, separators[block->role]);
			page_utf8(page.flow, block->at, &out);
			buf_add_char(&out, '\n');
		}
		for (size_t i = 0; i < page.block_count; i++) {
			const page_block *block = &page.blocks[i];
			if (block->article != (int32_t)k || block->role != ROLE_BODY || (block->kind != BLOCK_TEXT && block->kind != BLOCK_HEAD))
				continue;
			buf_add_str(&out, block->kind == BLOCK_HEAD ? "# " : "");
			page_utf8(page.flow, block->at, &out);
			buf_add_char(&out, '\n');
		}
		if (page.articles[k].truncated)
			buf_add_str(&out, "...\n");
	}
	page_free(&page);
	buf_add(&out, "", 0);
	return out.data;
}

static void expect(const char *text, const char *wanted)
{
	char *got = articles(text);
	assert_string_equal(got ? got : "", wanted);
	free(got);
}

static void plain_text_stays(void **state)
{
	(void)state;
	expect("桥头镇的老茶厂上月重新点火，二十名制茶工回到车间。\n当地人说，炉火一亮，街上就有了香味。\n",
		"桥头镇的老茶厂上月重新点火，二十名制茶工回到车间。\n当地人说，炉火一亮，街上就有了香味。\n");
	expect("One paragraph that says something, and says it whole.\n\nAnother that follows it.\n",
		"One paragraph that says something, and says it whole.\nAnother that follows it.\n");
	expect("甲\r\n\r\n乙\xEF\xBB\xBF\r\n", "# 甲\n# 乙\n");
	expect("", "");
	expect(" \n\n\xE3\x80\x80\n", "");
}

static void letter_spacing_goes(void **state)
{
	(void)state;
	expect("茶 厂 的 老 师 傅 说 ，今 年 的 新 芽 比 去 年 早 了 十 天 。\n", "茶厂的老师傅说，今年的新芽比去年早了十天。\n");
	expect("茶厂的老师傅 说 今 年 的 新 芽 1 2 天 就 采 完 了，足足早了十天。\n", "茶厂的老师傅说今年的新芽12天就采完了，足足早了十天。\n");
	expect("春茶上市 价格平稳\n今年的新芽比去年早了十天，茶农都说好。\n", "=春茶上市 价格平稳\n今年的新芽比去年早了十天，茶农都说好。\n");
}

static const char column[] =
	"桥头镇的老茶厂上月重新点火，\n"
	"二十名制茶工回到车间，厂长梁\n"
	"守田说，停产的三年里他每周都\n"
	"来看一眼锅炉，怕它锈坏。\n"
	"镇里为茶厂修了两公里的路，运\n"
	"茶青的车不必再绕山走，每趟省\n"
	"下四十分钟。\n";

static void columns_are_unwrapped(void **state)
{
	(void)state;
	static const char wanted[] = "桥头镇的老茶厂上月重新点火，二十名制茶工回到车间，厂长梁守田说，停产的三年里他每周都来看一眼锅炉，怕它锈坏。\n"
		"镇里为茶厂修了两公里的路，运茶青的车不必再绕山走，每趟省下四十分钟。\n";
	expect(column, wanted);
	buf spread = {0};
	for (const char *c = column; *c; c++)
		buf_add_str(&spread, *c == '\n' ? "\n\n" : (char[]){*c, 0});
	expect(spread.data, wanted);
	buf_free(&spread);
}

static void english_columns(void **state)
{
	(void)state;
	expect("The old mill on the river was opened again last month, after its\nroof had been mended by volunteers, and twenty people now work in\nthe rooms where their grand-\nparents wove cloth.\n\n"
		"The council paid for a new road, which saves the lorries a long way\nround the hill and brings visitors, too.\n",
		"The old mill on the river was opened again last month, after its roof had been mended by volunteers, and twenty people now work in the rooms where their grandparents wove cloth.\n"
		"The council paid for a new road, which saves the lorries a long way round the hill and brings visitors, too.\n");
}

static void cut_paragraph_is_rejoined(void **state)
{
	(void)state;
	expect("镇里为茶厂修了两公里的路，运茶青的车不必再绕山走，每趟省下四十分钟，茶农说这比涨价更让人高兴，因为鲜叶怕捂，早到一刻就多一分香\n\n气，卖价也好一些。\n\n下一步还要通公交车。\n",
		"镇里为茶厂修了两公里的路，运茶青的车不必再绕山走，每趟省下四十分钟，茶农说这比涨价更让人高兴，因为鲜叶怕捂，早到一刻就多一分香气，卖价也好一些。\n下一步还要通公交车。\n");
}

static void page_is_split(void **state)
{
	(void)state;
	expect("山城晚报\n2031年5月6日 星期二\n02 综合\n责编 甲午 校对 乙未\n\n"
		"老茶厂重新点火\n本报讯（记者 甲乙）5月5日，桥头镇的老茶厂重新点火，二十名制茶工回到车间。\n\n"
		"新闻热线 0500-7654321\n\n"
		"两公里新路 省下四十分钟\n本报讯（记者 丙丁）桥头镇修通了到茶厂的路，运茶青的车不必再绕山走。\n（下转05版）\n\n"
		"（上接01版）\n夜校开到田边\n村里的夜校上月开课，来听课的多是年轻茶农，教的是炒茶和记账。\n",
		"=老茶厂重新点火\n本报讯（记者 甲乙）5月5日，桥头镇的老茶厂重新点火，二十名制茶工回到车间。\n"
		"=两公里新路 省下四十分钟\n本报讯（记者 丙丁）桥头镇修通了到茶厂的路，运茶青的车不必再绕山走。\n...\n"
		"=夜校开到田边\n村里的夜校上月开课，来听课的多是年轻茶农，教的是炒茶和记账。\n");
}

static void headlines_may_stand_behind(void **state)
{
	(void)state;
	expect("本报讯（记者 甲乙）5月5日，桥头镇的老茶厂重新点火，二十名制茶工回到车间。\n老茶厂重新点火\n\n本报讯（记者 丙丁）桥头镇修通了到茶厂的路，运茶青的车不必再绕山走。\n新路通到茶厂\n",
		"=老茶厂重新点火\n本报讯（记者 甲乙）5月5日，桥头镇的老茶厂重新点火，二十名制茶工回到车间。\n"
		"=新路通到茶厂\n本报讯（记者 丙丁）桥头镇修通了到茶厂的路，运茶青的车不必再绕山走。\n");
}

static void sub_headings_split_nothing(void **state)
{
	(void)state;
	expect("茶厂的一年\n本报讯（记者 甲乙）5月5日，桥头镇的老茶厂重新点火，二十名制茶工回到车间。\n炉火\n炉子是三十年前砌的，砖缝里还留着茶末，一生火就有香味。\n道路\n镇里修了两公里的路，运茶青的车不必再绕山走。\n",
		"=茶厂的一年\n本报讯（记者 甲乙）5月5日，桥头镇的老茶厂重新点火，二十名制茶工回到车间。\n# 炉火\n炉子是三十年前砌的，砖缝里还留着茶末，一生火就有香味。\n# 道路\n镇里修了两公里的路，运茶青的车不必再绕山走。\n");
}

static void furniture_goes(void **state)
{
	(void)state;
	expect("当前位置：首页 > 新闻 > 本地\n发布时间：2031-05-06 08:00  来源：某镇  浏览次数：12\n字号：大 中 小\n\n老茶厂重新点火\n\n"
		"桥头镇的老茶厂上月重新点火，二十名制茶工回到车间。\n▲梁守田在查看锅炉。（某某摄）\n镇里为茶厂修了两公里的路，运茶青的车不必再绕山走。\n\n"
		"分享到：微信 微博\n打印本页 | 关闭窗口\n上一篇：去年的茶会\n2030-05-01\n相关新闻\n新路通车\n2031-05-01\n版权所有 某镇\n",
		"=老茶厂重新点火\n桥头镇的老茶厂上月重新点火，二十名制茶工回到车间。\n镇里为茶厂修了两公里的路，运茶青的车不必再绕山走。\n");
}

static void pay_line_truncates(void **state)
{
	(void)state;
	expect("茶业调研报告\n桥头镇有茶园两千亩，茶农四百户，去年产干茶三十吨，均价比上年涨了一成。\n今年的打算是先修路，再换炉子，然后把\n\n......试读结束......\n开通会员 阅读全文\n",
		"=茶业调研报告\n桥头镇有茶园两千亩，茶农四百户，去年产干茶三十吨，均价比上年涨了一成。\n今年的打算是先修路，再换炉子，然后把\n...\n");
}

static void repeats_are_printed_once(void **state)
{
	(void)state;
	expect("桥头镇的老茶厂上月重新点火，二十名制茶工回到车间，厂长梁守田说，他每周都来看一眼锅炉。\n镇里为茶厂修了两公里的路，运茶青的车不必再绕山走，每趟省下四十分钟。\n"
		"厂长梁守田说，他每周都来看一眼锅炉。\n镇里为茶厂修了两公里的路，运茶青的车不必再绕山走，每趟省下四十分钟。\n",
		"桥头镇的老茶厂上月重新点火，二十名制茶工回到车间，厂长梁守田说，他每周都来看一眼锅炉。\n镇里为茶厂修了两公里的路，运茶青的车不必再绕山走，每趟省下四十分钟。\n厂长梁守田说，他每周都来看一眼锅炉。\n"
);
}

static void notice_keeps_its_parts(void **state)
{
	(void)state;
	expect("关于春茶补贴的通知\n各村委会：\n现将有关事项通知如下。\n一、对象\n1.茶农；\n2.合作社。\n附件:1.申报表.docx\n2.清单.xlsx\n桥头镇人民政府\n2031年5月6日\n",
		"=关于春茶补贴的通知\n各村委会：\n现将有关事项通知如下。\n一、对象\n1.茶农；\n2.合作社。\n# 附件:1.申报表.docx\n2.清单.xlsx\n# 桥头镇人民政府\n2031年5月6日\n");
}

/* Cost stays linear: ten times the text in at most thirty times the time (the machine is shared), whatever it is. */
static double seconds(const char *unit, size_t times)
{
	buf text = {0};
	page page;
	struct timespec a, b;
	for (size_t i = 0; i < times; i++)
		buf_add_str(&text, unit);
	page_init(&page, words);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	page_read(&page, buf_bytes(&text));
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	page_free(&page);
	buf_free(&text);
	return (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
}

/* What a stranger's pages showed (docs/extract-text.md): marks, labels and headlines that the first pages did not have. */
static void heads_of_pages(void **state)
{
	(void)state;
	/* the date of the page on the line of its staff; kicker above a headline that plays with a quoted word */
	expect("2031年5月6日 星期二 值班主任 甲午 责任编辑 乙未\n\n桥头镇修通到茶厂的最后一段山路\n运茶车不再“盘山”\n\n本报讯（融媒体记者 甲乙）5月5日，桥头镇的路修通了，运茶青的车不必再绕山走。\n\n"
		"茶厂来了年轻人\n本报讯（记者 丙丁）今年有六名年轻人进厂学炒茶，最小的十九岁。\n",
		"^桥头镇修通到茶厂的最后一段山路\n=运茶车不再“盘山”\n本报讯（融媒体记者 甲乙）5月5日，桥头镇的路修通了，运茶青的车不必再绕山走。\n"
		"=茶厂来了年轻人\n本报讯（记者 丙丁）今年有六名年轻人进厂学炒茶，最小的十九岁。\n");
	/* names of breadcrumbs, labels in 【】, the site above its breadcrumb */
	expect("桥头镇人民政府\n首页 > 公开 > 规划\n【文号】 桥政发〔2031〕6号\n【发布机构】 桥头镇人民政府\n\n桥头镇道路规划\n为方便运茶，镇里决定把路修到每一个茶厂门口，三年修完。\n",
		"=桥头镇道路规划\n为方便运茶，镇里决定把路修到每一个茶厂门口，三年修完。\n");
	expect("橋頭新聞網 / 地方 / 農業\n\n老茶廠重新點火 廿名製茶工回廠\n橋頭鎮的老茶廠上月重新點火，二十名製茶工回到車間。\n",
		"=老茶廠重新點火 廿名製茶工回廠\n橋頭鎮的老茶廠上月重新點火，二十名製茶工回到車間。\n");
}

/* A column of 14 characters without indents, headlines in between. */
static void headlines_in_columns(void **state)
{
	(void)state;
	static const char first[] = "本报讯（记者 甲乙）5月5日，桥头\n镇的老茶厂重新点火，二十名制茶\n工回到车间，厂长说，停产的三年\n里他每周都来看一眼锅炉。\n"
		"镇里为茶厂修了两公里的路，运茶\n青的车不必再绕山走，每趟省下四\n十分钟，茶农都说好，明年还要修\n到邻镇去，后年修到县城，大后年\n路边装上灯，夜里运茶也不必再打\n手电。\n";
	static const char wanted[] = "本报讯（记者 甲乙）5月5日，桥头镇的老茶厂重新点火，二十名制茶工回到车间，厂长说，停产的三年里他每周都来看一眼锅炉。\n"
		"镇里为茶厂修了两公里的路，运茶青的车不必再绕山走，每趟省下四十分钟，茶农都说好，明年还要修到邻镇去，后年修到县城，大后年路边装上灯，夜里运茶也不必再打手电。\n";
	buf text = {0}, want = {0};
	/* headline and who spoke behind the body, then the name of a column, a comment, its headline and its author behind a box */
	buf_add_str(&text, "山城晚报\n2031年5月6日 星期二\n\n");
	buf_add_str(&text, first);
	buf_add_str(&text, "\n全镇茶业会议召开\n甲某讲话 乙某主持\n\n山城快语\n修路为的是人，路修到哪里，人就\n回到哪里，厂里的灯就亮到哪里，\n这话一点不假，茶农心里有数，谁\n也骗不了。\n\n灯亮的地方\n□ 山风\n");
	buf_add_str(&want, "=全镇茶业会议召开\n_甲某讲话 乙某主持\n");
	buf_add_str(&want, wanted);
	buf_add_str(&want, "=灯亮的地方\n修路为的是人，路修到哪里，人就回到哪里，厂里的灯就亮到哪里，这话一点不假，茶农心里有数，谁也骗不了。\n");
	expect(text.data, want.data);
	/* a short headline right above the text of a brief: its first word would have fitted */
	buf_clear(&text);
	buf_clear(&want);
	buf_add_str(&text, "山城晚报\n2031年5月6日 星期二\n\n老茶厂重新点火\n");
	buf_add_str(&text, first);
	buf_add_str(&text, "\n桥头镇到县城班车开行\n记者从县车站获悉，自5月25日起，\n桥头镇到县城的班车每天开行六趟，\n票价八元，茶农进城不必再等顺风\n车。\n");
	buf_add_str(&want, "=老茶厂重新点火\n");
	buf_add_str(&want, wanted);
	buf_add_str(&want, "=桥头镇到县城班车开行\n记者从县车站获悉，自5月25日起，桥头镇到县城的班车每天开行六趟，票价八元，茶农进城不必再等顺风车。\n");
	expect(text.data, want.data);
	buf_free(&text);
	buf_free(&want);
}

static void hostile_text_is_linear(void **state)
{
	(void)state;
	static const char *const units[] = {"字", "字 ", "\n", "字\n", "（一）", "（", "标题在这里\n", "本报讯（记者 甲乙）一句话。\n", "（上接01版）\n话。\n", "相关新闻\n甲\n", "2031-01-01\n标题\n",
		"窄窄的一栏里写着没完的话，还有\n", "1 2 ", "a ", "同样的一段话在这里出现很多很多次，没有变化。\n", "一句。\n题\n摄影 甲乙\n", "“", "\xFF", "（责任单位：甲局、"};
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		double small = seconds(units[i], 10000), large = seconds(units[i], 100000);
		assert_true(large < 0.02 + small * 30);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_text_stays),
		cmocka_unit_test(letter_spacing_goes),
		cmocka_unit_test(columns_are_unwrapped),
		cmocka_unit_test(english_columns),
		cmocka_unit_test(cut_paragraph_is_rejoined),
		cmocka_unit_test(page_is_split),
		cmocka_unit_test(headlines_may_stand_behind),
		cmocka_unit_test(sub_headings_split_nothing),
		cmocka_unit_test(furniture_goes),
		cmocka_unit_test(pay_line_truncates),
		cmocka_unit_test(repeats_are_printed_once),
		cmocka_unit_test(notice_keeps_its_parts),
		cmocka_unit_test(heads_of_pages),
		cmocka_unit_test(headlines_in_columns),
		cmocka_unit_test(hostile_text_is_linear),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
