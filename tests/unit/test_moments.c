/* Where dates and times stand in a text: each row is a text and its moments, joined by "; ". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "workers/entities/moments.h"

static void moments_are_found(void **state)
{
	static const struct { const char *text, *want; } rows[] = {
		{"会议于2025年3月28日上午9时30分召开。", "2025年3月28日上午9时30分"},
		{"记者6月18日获悉，昨日下午3时许开工。", "6月18日; 昨日下午3时许"},
		{"2023—2025年行动，2024年5月起，2026年度报告。", "2023—2025年; 2024年5月; 2026年度"},
		{"5—7月调研，26日至28日开会，22日宣布。", "5—7月; 26日至28日; 22日"},
		{"9月20日17:00前报送。", "9月20日17:00"},
		{"二〇二五年六月十八日印发。", "二〇二五年六月十八日"},
		{"２０２５年３月１日起。", "２０２５年３月１日"},
		{"今年8月，去年，明晚，本周。", "今年; 8月; 去年; 明晚; 本周"},
		{"The hall opened on 14 May 2025 and closed on May 3, 2026.", "14 May 2025; May 3, 2026"},
		{"It began in March 2025, on Monday and yesterday.", "March 2025; Monday; yesterday"},
		{"发布时间 2025-03-28 和 2025/3/8。", "2025-03-28; 2025/3/8"},
		{"下午3点半到10点。", "3点半; 10点"},
		{"昨天和大前天都是晴天。", "昨天; 大前天"},
		{"第3日、3个月、12家、2025名、80年代、1.5万元。", ""},
		{"三月的村子，十日谈", "三月; 十日"},
		{"They may march on; 2004 people.", ""},
		{"電話12:3456，13月40日，25:10。", ""},
		{"", ""},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		fact_text text = {.count = 0};
		moments found = {.items = NULL};
		buf out = {0};
		fact_text_read(&text, mr_bytes_of(rows[i].text), (mr_bytes){NULL, 0}, (mr_bytes){NULL, 0});
		moments_read(&found, &text);
		for (uint32_t k = 0; k < found.count; k++) {
			mr_bytes printed = fact_text_printed(&text, found.items[k]);
			if (k)
				buf_add_str(&out, "; ");
			buf_add(&out, printed.data, printed.len);
		}
		assert_string_equal(out.data ? out.data : "", rows[i].want);
		buf_free(&out);
		moments_free(&found);
		fact_text_free(&text);
	}
}

static void hostile_text_is_bounded(void **state)
{
	static const char *const parts[] = {"1", "十", "2025年", "2025-", "1月", "今天", "May ", "1:", "1—"};
	(void)state;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		buf body = {0};
		fact_text text = {.count = 0};
		moments found = {.items = NULL};
		while (body.len < 500000)
			buf_add_str(&body, parts[i]);
		fact_text_read(&text, buf_bytes(&body), (mr_bytes){NULL, 0}, (mr_bytes){NULL, 0});
		moments_read(&found, &text);
		assert_true(found.count <= MOMENTS_MAX);
		for (uint32_t k = 1; k < found.count; k++)
			assert_true(found.items[k].begin >= found.items[k - 1].end);
		moments_free(&found);
		fact_text_free(&text);
		buf_free(&body);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moments_are_found),
		cmocka_unit_test(hostile_text_is_bounded),
	};
	return cmocka_run_group_tests_name("moments", tests, NULL, NULL);
}
