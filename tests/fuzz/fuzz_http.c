/* An HTTP answer (cli/http_answer.h): the same whether it comes at once or byte by byte; a body is never longer than what came; limits hold. First byte: how it is cut. */
#include <stdlib.h>

#include "cli/http_answer.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool what)
{
	if (!what)
		abort();
}

/* All of it in pieces of `step` bytes; returns how much was taken. */
static size_t feed(http_answer *answer, const char *data, size_t len, size_t step, buf *body)
{
	size_t at = 0;
	while (at < len && answer->part < HTTP_DONE) {
		size_t n = len - at < step ? len - at : step, taken = http_answer_take(answer, data + at, n, body);
		must(taken <= n && (taken == n || answer->part >= HTTP_DONE));
		at += taken;
	}
	return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	const char *text = (const char *)data + 1;
	size_t len = size - 1;
	http_answer whole = {0}, cut = {0};
	buf a = {0}, b = {0};
	size_t first = feed(&whole, text, len, len ? len : 1, &a), second = feed(&cut, text, len, (size_t)data[0] % 7 + 1, &b);
	must(whole.part == cut.part && a.len == b.len && a.len <= len);
	must(a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
	must((whole.part == HTTP_BAD) == (whole.why != NULL));
	if (whole.part == HTTP_DONE)
		must(first == second && whole.code >= 200 && whole.code < 600);
	must(http_answer_end(&whole) == (whole.part == HTTP_DONE));
	buf_free(&a);
	buf_free(&b);
	return 0;
}
