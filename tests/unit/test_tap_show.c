/* What `millrace tap` makes of a line: a block that fits the terminal, JSON that says the same, and nothing in either that a terminal would obey. The HTTP answer it comes in, too. The
 * parts of the command are no library: this test brings them in as they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>

#include "cli/http_answer.c"
#include "cli/tap_show.c"
#include "cli/term.c"
#include "cli/visible.c"

static const char hostile[] = "\xE2\x80\xAE\x1b[31m\xC2\x9B" "2J\x7F\n\xFF\xE2\x80\xA8\xF3\xA0\x80\xA1 云汀";

static void assert_harmless(const buf *text, bool lines)
{
	const char *at = text->data, *end = at + text->len;
	while (at < end) {
		uint32_t c = utf8_next(&at, end);
		assert_true(!utf8_is_unsafe(c) || (lines && c == '\n'));
	}
}

static void strangers_are_escaped(void **state)
{
	buf out = {0};
	(void)state;
	visible_add(&out, (mr_bytes){hostile, sizeof hostile - 1});
	assert_string_equal(out.data, "\\u202e\\u001b[31m\\u009b2J\\u007f\\u000a\xEF\xBF\xBD\\u2028\\udb40\\udc21 云汀");
	buf_clear(&out);
	visible_add(&out, mr_bytes_of("a\xCC\x81\xCC\x81\xCC\x81\xCC\x81\xCC\x81\xCC\x81\xCC\x81" "b"));       /* seven accents on one letter */
	assert_string_equal(out.data, "a\xCC\x81\xCC\x81\xCC\x81\xCC\x81" "b");
	buf_free(&out);
}

static void json_means_the_same(void **state)
{
	buf out = {0};
	tap_note note;
	const term term = {NULL, 80, false, false};
	(void)state;
	json_t *line = json_pack("{s:s, s:{s:s, s:s}}", "outcome", "published", "record", "title", "\xE2\x80\xAE 云\xC2\x85\xF3\xA0\x80\xA1\x7F", "body", "a\nb");
	char *text = json_dumps(line, JSON_COMPACT);
	assert_int_equal(tap_show(mr_bytes_of(text), &term, true, &out, &note), TAP_RECORD);
	assert_harmless(&out, true);
	json_t *again = json_loadb(out.data, out.len, 0, NULL);
	assert_true(json_equal(line, again));
	json_decref(line);
	json_decref(again);
	free(text);
	buf_free(&out);
}

static void lines_are_told_apart(void **state)
{
	buf out = {0};
	tap_note note = {0};
	const term term = {NULL, 80, false, false};
	(void)state;
	assert_int_equal(tap_show(mr_bytes_of("{\"tap\":{\"instance\":\"a\",\"stage\":null}}"), &term, false, &out, &note), TAP_HELLO);
	assert_string_equal(note.instance, "a");
	assert_int_equal(tap_show(mr_bytes_of("{\"left_out\":3,\"unseen\":4}"), &term, false, &out, &note), TAP_LEFT_OUT);
	assert_true(note.left_out == 3 && note.unseen == 4);
	assert_int_equal(tap_show(mr_bytes_of("{\"beat\":1}"), &term, false, &out, &note), TAP_BEAT);
	static const char *const wrong[] = {"", "[]", "{}", "{\"outcome\":3}", "{\"outcome\":\"a\"", "{\"outcome\":\"a\",\"outcome\":\"b\"}", "\xFF"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_int_equal(tap_show(mr_bytes_of(wrong[i]), &term, false, &out, &note), TAP_WRONG);
	assert_int_equal(out.len, 0);
	buf_free(&out);
}

static void a_block_says_what_there_is(void **state)
{
	static const char line[] =
		"{\"at_ms\":0,\"outcome\":\"revision\",\"stage\":null,\"topic\":\"feed\",\"partition\":2,\"offset\":17,\"page\":1,\"ms\":412,\"record\":{\"article_id\":\"c5ce\",\"page_count\":3,"
		"\"title\":\"云汀县为引进人才备好三百套人才公寓\",\"source_name\":\"云汀日报\",\"authors\":[\"阮知秋\",7],\"published_at\":\"2025-06-10T08:15:00.000+08:00\",\"language\":\"zh\","
		"\"script\":\"Hans\",\"characters\":369,\"labels\":[\"talent\",\"science\"],\"score_talent\":0.98,\"score_science\":0.714,\"evidence\":[\"talent:人才公寓\",\"talent:人才\"],"
		"\"revision\":2,\"duplicate_of\":null,\"similarity\":0.931,\"lead\":null,\"persons\":[],\"organizations\":[\"云汀日报社\"]}}";
	buf out = {0};
	tap_note note;
	const term wide = {NULL, 80, false, false}, narrow = {NULL, 60, true, true};
	(void)state;
	assert_int_equal(tap_show(mr_bytes_of(line), &wide, false, &out, &note), TAP_RECORD);
	assert_string_equal(out.data + strlen("00:00:00"),
			    ".000  revision  talent 0.98, science 0.71\n"
			    "  云汀县为引进人才备好三百套人才公寓\n"
			    "  云汀日报  阮知秋  2025-06-10 08:15  zh-Hans  369 characters\n"
			    "  revision      2 (0.93 alike)\n"
			    "  evidence      talent:人才公寓, talent:人才\n"
			    "  organizations 云汀日报社\n"
			    "  id            c5ce\n"
			    "  from          feed partition 2 offset 17, part 2 of 3, after 412 ms\n\n");
	buf_clear(&out);
	tap_show(mr_bytes_of(line), &narrow, false, &out, &note);
	assert_non_null(strstr(out.data, "\033[36mrevision\033[0m  \033[1mtalent 0.98"));
	buf_free(&out);
}

/* Members of every wrong type, and hostile texts: nothing but a block of text may come of it. */
static void wrong_types_do_no_harm(void **state)
{
	static const char *const names[] = {"title", "url", "labels", "score_a", "evidence", "authors", "published_at", "similarity", "duplicate_kind", "revision", "page_count", "lead", "article_id"};
	buf out = {0};
	tap_note note;
	const term term = {NULL, 60, false, false};
	(void)state;
	json_t *values = json_pack("[n,b,i,f,s,[s,i,[n]],{s:s}]", 1, -7, 1e300, "\x1b]0;x\x07\xE2\x80\xAE", "a\x1b[2J", 9, "x", "y");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		for (size_t k = 0; k < json_array_size(values); k++) {
			json_t *value = json_array_get(values, k);
			json_t *line = json_pack("{s:s, s:O, s:O, s:O, s:{s:O, s:O}}", "outcome", "dead\x1b[0m", "topic", value, "offset", value, "at_ms", value, "record", names[i], value, "labels",
						 value);
			char *text = json_dumps(line, 0);
			assert_int_equal(tap_show(mr_bytes_of(text), &term, false, &out, &note), TAP_RECORD);
			json_decref(line);
			free(text);
		}
	assert_harmless(&out, true);
	json_decref(values);
	buf_free(&out);
}

/* ---- the HTTP answer ---- */

static enum http_part answered(const char *text, buf *body, http_answer *answer)
{
	*answer = (http_answer){0};
	buf_clear(body);
	for (const char *c = text; *c; c++)
		http_answer_take(answer, c, 1, body);
	return answer->part;
}

static void answers_are_read(void **state)
{
	http_answer answer;
	buf body = {0};
	(void)state;
	assert_int_equal(answered("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhello", &body, &answer), HTTP_DONE);
	assert_true(answer.code == 200 && body.len == 5);
	assert_int_equal(answered("HTTP/1.1 200 OK\r\ntransfer-encoding:chunked\r\n\r\n3\r\nhel\r\nA;n=v\r\nlo, world!\r\n0\r\nTrailer: x\r\n\r\n", &body, &answer), HTTP_DONE);
	assert_string_equal(body.data, "hello, world!");
	assert_int_equal(answered("HTTP/1.0 503 No\nX: y\n\nnot yet", &body, &answer), HTTP_BODY_TO_END);
	assert_true(http_answer_end(&answer) && answer.code == 503);
	assert_int_equal(answered("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 Gone\r\n\r\n", &body, &answer), HTTP_DONE);
	assert_int_equal(answer.code, 204);
	assert_int_equal(answered("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", &body, &answer), HTTP_BODY_LENGTH);
	assert_false(http_answer_end(&answer));
	assert_string_equal(answer.why, "the connection ended before the answer");
	static const char *const bad[] = {"SSH-2.0-x\r\n", "HTTP/2 200\r\n", "HTTP/1.1 20x\r\n", "HTTP/1.1 99 a\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n",
					  "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n",
					  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
					  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\n"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (answered(bad[i], &body, &answer) != HTTP_BAD)
			fail_msg("should be refused: %s", bad[i]);
		assert_non_null(answer.why);
	}
	buf_free(&body);
}

static void headers_without_end_are_refused(void **state)
{
	http_answer answer = {0};
	buf body = {0};
	(void)state;
	assert_int_equal(http_answer_take(&answer, "HTTP/1.1 200 OK\r\n", 17, &body), 17);
	for (int i = 0; i < 10000 && answer.part != HTTP_BAD; i++)
		http_answer_take(&answer, "Many: of these\r\n", 16, &body);
	assert_string_equal(answer.why, "headers too large");
	assert_true(answer.header_bytes <= HTTP_HEADERS_MAX + 16);
	assert_int_equal(http_answer_take(&answer, "more", 4, &body), 0);
	buf_free(&body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strangers_are_escaped),  cmocka_unit_test(json_means_the_same),    cmocka_unit_test(lines_are_told_apart),
		cmocka_unit_test(a_block_says_what_there_is), cmocka_unit_test(wrong_types_do_no_harm), cmocka_unit_test(answers_are_read),
		cmocka_unit_test(headers_without_end_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
