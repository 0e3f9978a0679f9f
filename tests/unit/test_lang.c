/* Language and script. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "workers/extract/lang.h"

static void guessed(const char *text, const char *declared, const char *language, const char *script)
{
	lang_guess g = lang_find(mr_bytes_of(text), mr_bytes_of(declared));
	assert_string_equal(g.language, language);
	if (script)
		assert_string_equal(g.script, script);
	else
		assert_null(g.script);
}

static void chinese_scripts(void **state)
{
	(void)state;
	guessed("全区教育系统召开动员大会，学习贯彻会议精神。", NULL, "zh", "Hans");
	guessed("全區教育系統召開動員大會，學習貫徹會議精神。", NULL, "zh", "Hant");
	guessed("人工智能 AI 大模型 DeepLearning 发布会", "en", "zh", "Hans");
	guessed("上下左右", NULL, "zh", NULL);
}

static void other_languages(void **state)
{
	(void)state;
	guessed("The council said that the new school is to open in September, and that teachers are being hired.", "de", "en", "Latn");
	guessed("Der Rat hat beschlossen, die neue Schule im September zu öffnen, und das ist nicht alles.", NULL, "de", "Latn");
	guessed("新しい学校は九月に開かれます。先生を募集しています。", "zh-CN", "ja", NULL);
	guessed("새 학교는 9월에 문을 연다고 시가 밝혔다.", NULL, "ko", NULL);
	guessed("Новая школа откроется в сентябре.", NULL, "ru", NULL);
	guessed("Zagreb 2026", "hr-HR", "hr", "Latn");
	guessed("12345", "en", "", NULL);
	guessed("", NULL, "", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(chinese_scripts), cmocka_unit_test(other_languages)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
