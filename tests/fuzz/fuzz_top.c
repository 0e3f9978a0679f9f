/* What `millrace top` makes of answers (cli/top_data.h): whatever they say, no line is wider than the terminal and no byte of theirs reaches it that it would obey.
 * First byte: page and width; second: what the text is an answer of. */
#include <stdlib.h>

#include "cli/frame.c"
#include "cli/spark.c"
#include "cli/term.c"
#include "cli/top_data.c"
#include "cli/top_pages.c"
#include "cli/top_view.c"
#include "cli/visible.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool what)
{
	if (!what)
		abort();
}

static void must_be_harmless(const buf *text)
{
	const char *at = text->len ? text->data : "", *end = at + text->len;
	while (at < end) {
		uint32_t c = utf8_next(&at, end);
		must(!utf8_is_unsafe(c) || c == '\n');
	}
}

static void draw(const top_data *known, uint8_t how)
{
	static const int widths[] = {20, 40, 80, 120};
	top_view view = {.page = (enum top_page)(how % TOP_PAGES), .width = widths[how / 8 % 4], .height = how & 0x80 ? 0 : 30, .sort = {how, how, how, how, how}, .now_ms = 1700000000000,
			 .place = "x", .interval_ms = 1000};
	frame out = frame_of(view.width, false);
	top_draw(known, &view, &out);
	for (size_t i = 0; i < out.count; i++) {
		must_be_harmless(&out.lines[i].text);
		must(out.lines[i].cells <= view.width && term_cells(buf_bytes(&out.lines[i].text)) == out.lines[i].cells);
	}
	frame_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char status[] = "{\"phase\":\"running\",\"stages\":[{\"name\":\"extract\",\"queued\":3}]}";
	if (size < 2)
		return 0;
	mr_bytes text = {(const char *)data + 2, size - 2};
	top_data *known = top_data_new();
	must(top_data_status(known, mr_bytes_of(status), 1700000000000) == 0);
	if (data[1] % 4 == 0)
		(void)!top_data_status(known, text, 1700000010000);
	else if (data[1] % 4 == 1)
		top_data_history(known, text);
	else
		top_data_articles(known, text);
	draw(known, data[0]);
	top_data_free(&known);
	return 0;
}
