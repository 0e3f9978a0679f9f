/* Keys as text and as files, the list of workers that may come, questions of ZAP, and endpoints. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "common/endpoint.h"
#include "common/keys.h"
#include "daemon/zap.h"

static void z85_is_what_libzmq_writes(void **state)
{
	(void)state;
	uint8_t key[KEY_BYTES], back[KEY_BYTES];
	char ours[KEY_TEXT + 1], theirs[KEY_TEXT + 1];
	srand(7);
	for (int round = 0; round < 2000; round++) {
		for (size_t i = 0; i < KEY_BYTES; i++)
			key[i] = round == 0 ? 0 : round == 1 ? 0xff : (uint8_t)(rand() >> 8);
		key_encode(key, ours);
		assert_non_null(zmq_z85_encode(theirs, key, KEY_BYTES));
		assert_string_equal(ours, theirs);
		assert_true(key_decode(ours, KEY_TEXT, back));
		assert_memory_equal(back, key, KEY_BYTES);
	}
	assert_false(key_decode(ours, KEY_TEXT - 1, back));
	ours[7] = '"';
	assert_false(key_decode(ours, KEY_TEXT, back));
	assert_false(key_decode("########################################", KEY_TEXT, back));         /* more than 32 bits a group */
}

static allow_list *parse(const char *text, buf *errors)
{
	return allow_list_parse(mr_bytes_of(text), "list", errors);
}

static void a_list_is_read_strictly(void **state)
{
	(void)state;
	char one[KEY_TEXT + 1], two[KEY_TEXT + 1], secret[KEY_TEXT + 1];
	uint8_t key[KEY_BYTES];
	buf text = {0}, errors = {0};
	zmq_curve_keypair(one, secret);
	zmq_curve_keypair(two, secret);
	buf_printf(&text, "# a comment with %s\n\n  north-1\t%s  \r\nsouth %s", one, one, two);
	allow_list *list = parse(text.data, &errors);
	assert_non_null(list);
	assert_int_equal(allow_list_count(list), 2);
	assert_true(key_decode(two, KEY_TEXT, key));
	assert_string_equal(allow_list_find(list, key), "south");
	assert_true(key_decode(secret, KEY_TEXT, key));
	assert_null(allow_list_find(list, key));
	allow_list_free(&list);
	list = parse("# nobody\n", &errors);
	assert_non_null(list);
	assert_int_equal(allow_list_count(list), 0);
	allow_list_free(&list);
	buf_clear(&text);
	buf_printf(&text, "a %s\nb %s\n-c %s\nd\ne %s x\nf %.39s\n", one, one, two, two, two);
	assert_null(parse(text.data, &errors));
	for (int line = 2; line <= 6; line++) {
		char place[16];
		snprintf(place, sizeof place, "list:%d: ", line);
		assert_non_null(strstr(errors.data, place));
	}
	assert_null(strstr(errors.data, "list:1:"));
	buf_free(&text);
	buf_free(&errors);
}

static void put(const char *path, const char *text, mode_t mode)
{
	FILE *out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
	assert_int_equal(chmod(path, mode), 0);
}

static void a_secret_comes_from_a_file_that_is_closed_to_others(void **state)
{
	(void)state;
	char dir[] = "/tmp/mr-key-XXXXXX", path[64], value[80], public[KEY_TEXT + 1], secret[KEY_TEXT + 1], got[KEY_TEXT + 1], text[64];
	buf why = {0};
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/own.secret", dir);
	snprintf(value, sizeof value, "file:%s", path);
	zmq_curve_keypair(public, secret);
	snprintf(text, sizeof text, " %s\r\n", secret);
	put(path, text, 0640);
	assert_int_equal(key_load(value, true, got, &why), 0);
	assert_string_equal(got, secret);
	chmod(path, 0644);
	assert_int_equal(key_load(value, true, got, &why), -1);
	assert_int_equal(key_load(value, false, got, &why), 0);          /* a public key may be seen */
	assert_int_equal(key_load(public, false, got, &why), 0);
	assert_string_equal(got, public);
	assert_int_equal(key_load(secret, true, got, &why), -1);
	assert_null(strstr(why.data, secret));
	unsetenv("CREDENTIALS_DIRECTORY");
	assert_int_equal(key_load("file:own.secret", true, got, &why), -1);
	assert_int_equal(errno, EACCES);
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	chmod(path, 0400);
	assert_int_equal(key_load("file:own.secret", true, got, &why), 0);
	unsetenv("CREDENTIALS_DIRECTORY");
	put(path, "not a key\n", 0600);
	assert_int_equal(key_load(value, true, got, &why), -1);
	put(path, "", 0600);
	assert_int_equal(key_load(value, true, got, &why), -1);
	unlink(path);
	assert_int_equal(key_load(value, true, got, &why), -1);
	assert_int_equal(errno, 0);
	rmdir(dir);
	buf_free(&why);
}

static void questions_that_do_not_fit_are_refused(void **state)
{
	(void)state;
	char key[KEY_BYTES] = "0123456789abcdef0123456789abcde", long_one[300];
	mr_bytes good[ZAP_FRAMES] = {{"1.0", 3}, {"id", 2}, {"millrace", 8}, {"10.1.2.3", 8}, {"", 0}, {"CURVE", 5}, {key, KEY_BYTES}};
	zap_question q;
	memset(long_one, 'x', sizeof long_one);
	assert_null(zap_read(good, ZAP_FRAMES, &q));
	assert_true(q.has_key);
	assert_memory_equal(q.key, key, KEY_BYTES);
	assert_string_equal(q.address, "10.1.2.3");
	for (size_t count = 0; count < ZAP_FRAMES; count++)
		assert_non_null(zap_read(good, count, &q));
	static const struct { size_t frame; mr_bytes bytes; } bad[] = {
		{0, {"1.1", 3}}, {0, {"1.0x", 4}}, {2, {"other", 5}}, {2, {"", 0}}, {5, {"NULL", 4}}, {5, {"PLAIN", 5}}, {6, {"0123456789abcdef0123456789abcde", 31}}, {6, {"", 0}},
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		mr_bytes frames[ZAP_FRAMES];
		memcpy(frames, good, sizeof frames);
		frames[bad[i].frame] = bad[i].bytes;
		assert_non_null(zap_read(frames, ZAP_FRAMES, &q));
		assert_false(q.has_key);
		assert_true(mr_bytes_equal(q.id, "id"));         /* the answer finds its question */
	}
	mr_bytes frames[ZAP_FRAMES];
	memcpy(frames, good, sizeof frames);
	frames[3] = (mr_bytes){long_one, sizeof long_one};
	assert_non_null(zap_read(frames, ZAP_FRAMES, &q));
	assert_string_equal(q.address, "");
	frames[3] = (mr_bytes){"1.2\n.3", 6};
	assert_null(zap_read(frames, ZAP_FRAMES, &q));
	assert_string_equal(q.address, "1.2?.3");
}

static void endpoints(void **state)
{
	(void)state;
	static const struct { const char *item; bool loopback, number, ipv6; } good[] = {
		{"extract:tcp://10.0.0.1:9271", false, true, false}, {"extract:tcp://127.9.9.9:1", true, true, false}, {"a-b:tcp://*:65535", false, true, false},
		{"x:tcp://[::1]:80", true, true, true}, {"x:tcp://[fe80::1]:80", false, true, true}, {"x:tcp://news-1.example.net:80", false, false, false},
		{"x:tcp://localhost:80", false, false, false},
	};
	static const char *const bad[] = {"", "extract", "extract:", "tcp://10.0.0.1:80", ":tcp://10.0.0.1:80", "x:ipc:///a", "x:tcp://", "x:tcp://:80", "x:tcp://a", "x:tcp://a:",
		"x:tcp://a:0", "x:tcp://a:65536", "x:tcp://a:80x", "x:tcp://a:+80", "x:tcp://a b:80", "x:tcp://[::1:80", "x:tcp://::1:80", "x:tcp://[1.2.3.4]:80", "x:tcp://a;b:80",
		"x:tcp://-a:80", "x:tcp://1.2.3.4@x:80", "a-name-of-a-stage-that-is-too-long:tcp://1.2.3.4:80"};
	endpoint e;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		assert_int_equal(endpoint_parse(good[i].item, &e), 0);
		assert_int_equal(e.loopback, good[i].loopback);
		assert_int_equal(e.number, good[i].number);
		assert_int_equal(e.ipv6, good[i].ipv6);
		assert_string_equal(e.address, strstr(good[i].item, "tcp://"));
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (endpoint_parse(bad[i], &e) == 0)
			fail_msg("taken: %s", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(z85_is_what_libzmq_writes), cmocka_unit_test(a_list_is_read_strictly), cmocka_unit_test(a_secret_comes_from_a_file_that_is_closed_to_others),
		cmocka_unit_test(questions_that_do_not_fit_are_refused), cmocka_unit_test(endpoints),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
