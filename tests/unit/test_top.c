/* What `millrace top` shows: frames of any width, sparklines, keys, the hour of history, every page, and answers that make no sense. The parts of the command are no library: this test
 * brings them in as they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "cli/frame.c"
#include "cli/keystrokes.c"
#include "cli/spark.c"
#include "cli/term.c"
#include "cli/top_data.c"
#include "cli/top_pages.c"
#include "cli/top_view.c"
#include "cli/visible.c"

/* ---- frames ---- */

static char *printed(const frame *f)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	frame_print(f, out);
	fclose(out);
	return text;
}

static void expect_frame(frame *f, const char *want)
{
	char *text = printed(f);
	assert_string_equal(text, want);
	free(text);
	frame_free(f);
}

static void cells_are_padded_and_cut(void **state)
{
	frame f = frame_of(20, false);
	(void)state;
	frame_begin(&f);
	frame_cell(&f, TERM_PLAIN, 6, false, "%s", "云汀");
	frame_cell(&f, TERM_PLAIN, 6, true, "%d", 42);
	frame_add(&f, TERM_PLAIN, "|%s", "end");
	frame_begin(&f);
	frame_cell(&f, TERM_PLAIN, 6, false, "%s", "云汀县日报");         /* five wide characters in six columns: two, an ellipsis, a blank */
	frame_add(&f, TERM_PLAIN, "|");
	frame_begin(&f);
	frame_cell(&f, TERM_PLAIN, 7, true, "%s", "云汀县日报");
	frame_add(&f, TERM_PLAIN, "|");
	frame_begin(&f);
	frame_add(&f, TERM_PLAIN, "%s", "123456789012345678901");
	frame_add(&f, TERM_PLAIN, "nothing fits any more");
	frame_begin(&f);
	frame_add(&f, TERM_PLAIN, "%s", "12345678901234567890");
	frame_begin(&f);
	frame_cell(&f, TERM_PLAIN, 4, false, "%s", "e\xCC\x81\xCC\x82x\x1b[2J");
	frame_pad(&f, 10);
	frame_add(&f, TERM_PLAIN, "|");
	for (size_t i = 0; i < f.count; i++)
		assert_true(f.lines[i].cells <= 20);
	expect_frame(&f, "云汀      42|end\n云汀… |\n云汀县…|\n1234567890123456789…\n12345678901234567890\ne\xCC\x81\xCC\x82x\\…      |\n");
}

static void styles_end_with_their_piece(void **state)
{
	frame f = frame_of(30, true);
	(void)state;
	frame_begin(&f);
	frame_add(&f, TERM_RED, "%s", "a");
	frame_cell(&f, TERM_GREEN, 3, true, "b");
	frame_add(&f, TERM_PLAIN, "c");
	expect_frame(&f, "\033[31ma\033[0m  \033[32mb\033[0mc\n");
}

static void frames_stand_beside_each_other(void **state)
{
	frame left = frame_of(8, false), right = frame_of(6, false), both = frame_of(16, false);
	(void)state;
	frame_begin(&left);
	frame_add(&left, TERM_PLAIN, "青槐");
	frame_begin(&right);
	frame_add(&right, TERM_PLAIN, "one");
	frame_begin(&right);
	frame_add(&right, TERM_PLAIN, "two too long");
	frame_beside(&both, &left, &right, 10);
	frame_free(&left);
	frame_free(&right);
	expect_frame(&both, "青槐      one\n          two t…\n");
	frame wrapped = frame_of(10, false);
	frame_wrap(&wrapped, TERM_PLAIN, 2, 2, "one two three four five");
	expect_frame(&wrapped, "  one two\n  three f…\n");
}

static void bars_are_drawn(void **state)
{
	const double values[] = {NAN, 0, -1, 0.001, 50, 99.9, 100, 200};
	buf out = {0};
	(void)state;
	spark_add(&out, values, 8, 100);
	assert_string_equal(out.data, " ▁▁▂▅███");
	assert_true(spark_most(values, 7) >= 100 && spark_most(values, 7) <= 100);
	buf_clear(&out);
	spark_add(&out, values, 3, spark_most(values, 3));
	assert_string_equal(out.data, " ▁▁");
	buf_free(&out);
}

static int keys_of(const char *bytes, int *out)
{
	keystrokes k = {0};
	int count = 0;
	for (const char *c = bytes; *c; c++) {
		int key = keystrokes_take(&k, (unsigned char)*c);
		if (key != KEY_NONE)
			out[count++] = key;
	}
	if (keystrokes_idle(&k) == KEY_ESCAPE)
		out[count++] = KEY_ESCAPE;
	return count;
}

static void keys_are_understood(void **state)
{
	int keys[64];
	(void)state;
	assert_int_equal(keys_of("q\033[A\033OB\033[5~\033[Z\t", keys), 6);
	assert_true(keys[0] == 'q' && keys[1] == KEY_UP && keys[2] == KEY_DOWN && keys[3] == KEY_PAGE_UP && keys[4] == KEY_BACK_TAB && keys[5] == '\t');
	assert_int_equal(keys_of("\033", keys), 1);
	assert_int_equal(keys_of("\033\033[C", keys), 2);
	assert_true(keys[0] == KEY_ESCAPE && keys[1] == KEY_RIGHT);
	assert_int_equal(keys_of("\033[1;5Aa\033[200~b\033[<0;1;1Mc\033xd\xE4\xBA\x91" "e", keys), 5);         /* none of ours, each followed by one */
	assert_true(keys[0] == 'a' && keys[1] == 'b' && keys[2] == 'c' && keys[3] == 'd' && keys[4] == 'e');
	assert_int_equal(keys_of("\033[1111111111111111111111Aq", keys), 1);
}

/* ---- words ---- */

static void figures_are_readable(void **state)
{
	char text[TOP_TEXT];
	(void)state;
	assert_string_equal(top_count_text(0, text), "0");
	assert_string_equal(top_count_text(999, text), "999");
	assert_string_equal(top_count_text(1234567, text), "1,234,567");
	assert_string_equal(top_count_text(-1234, text), "-1,234");
	assert_string_equal(top_count_text(NAN, text), "?");
	assert_string_equal(top_count_text(1e300, text), "1e+300");
	assert_string_equal(top_rate_text(0, text), "0/s");
	assert_string_equal(top_rate_text(0.01, text), "0.1/s");
	assert_string_equal(top_rate_text(3.24, text), "3.2/s");
	assert_string_equal(top_rate_text(1203.6, text), "1,204/s");
	assert_string_equal(top_time_text(999, text), "999 ms");
	assert_string_equal(top_time_text(3240, text), "3.2 s");
	assert_string_equal(top_time_text(125000, text), "2 min 5 s");
	assert_string_equal(top_time_text(7980000, text), "2 h 13 min");
	assert_string_equal(top_time_text(266400000, text), "3 d 2 h");
	assert_string_equal(top_time_text(1e300, text), "-");
	assert_string_equal(top_clock_text(1700000000000, text), "22:13:20");
	assert_string_equal(top_clock_text(-5, text), "--:--:--");
}

/* ---- the hour ---- */

#define NOW INT64_C(1700000000000)

static const char status_text[] =
	"{\"instance\":\"云汀-1\",\"version\":\"0.1.0\",\"phase\":\"running\",\"ready\":true,\"reason\":null,\"uptime_ms\":7980000,\"now_ms\":1700000000000,"
	"\"problems\":[{\"code\":\"lag\",\"severity\":\"warning\",\"text\":\"The lag grows: 1203 records wait, 800 did ten minutes ago.\"},"
	"{\"code\":\"x\",\"severity\":\"error\",\"text\":\"Nothing can be published\\u001b[2J.\"}],"
	"\"rates\":{\"in\":312.4,\"out\":300.0,\"published\":201.0,\"duplicates\":98.5,\"dead\":0.2},\"latency\":{\"p50_ms\":120,\"p99_ms\":4500},\"lag\":1203,"
	"\"balance\":{\"read\":1000000,\"published\":600000,\"duplicates\":390000,\"filtered\":9000,\"dead\":488,\"tombstones\":0,\"in_flight\":512},"
	"\"labels\":{\"education\":300,\"science\":20,\"talent\":5,\"none\":275},\"duplicates_by_kind\":{\"exact\":1,\"near\":9},\"dead_by_reason\":{\"input.not-json\":12,\"stage.crash\":1},"
	"\"stages\":[{\"name\":\"extract\",\"ready\":true,\"queued\":40,\"lent\":64,\"suspects\":0,\"per_second\":310.0,\"workers\":[{\"pid\":11,\"program\":\"millrace-worker/0.1.0\",\"model\":\"extract/3\","
	"\"tasks\":32,\"silent_ms\":20,\"leaving\":false,\"state\":\"busy\"},{\"pid\":12,\"tasks\":32,\"silent_ms\":9000,\"state\":\"silent\"}]},"
	"{\"name\":\"classify\",\"ready\":false,\"queued\":90,\"lent\":0,\"suspects\":2,\"workers\":[]}],"
	"\"partitions\":[{\"topic\":\"feed\",\"partition\":0,\"read\":17,\"committed\":10,\"lag\":3,\"in_flight\":8,\"leaving\":false},"
	"{\"topic\":\"feed\",\"partition\":1,\"read\":18,\"committed\":10,\"lag\":1200,\"in_flight\":504,\"leaving\":false}],"
	"\"paused_partitions\":[{\"topic\":\"feed\",\"partition\":1,\"why\":\"pressure\"}]}";

static const char articles_text[] =
	"{\"next\":3,\"articles\":[{\"seq\":0,\"at_ms\":1699999990000,\"outcome\":\"published\",\"title\":\"云汀县为引进人才备好三百套人才公寓\",\"source\":\"云汀日报\",\"labels\":[\"talent\",\"science\"],"
	"\"primary_label\":\"talent\",\"evidence\":[\"talent:人才公寓\"],\"url\":\"https://yunting.example/1\",\"topic\":\"feed\",\"partition\":0,\"offset\":15},"
	"{\"seq\":1,\"at_ms\":1699999991000,\"outcome\":\"duplicate\",\"title\":\"plain \\u202e title\",\"source\":\"A Source\",\"labels\":[],\"primary_label\":\"none\",\"duplicate_of\":\"c5ce\"},"
	"{\"seq\":2,\"at_ms\":1699999992000,\"outcome\":\"dead\",\"title\":null,\"reason\":\"input.not-json\",\"topic\":\"feed\",\"partition\":1,\"offset\":18}]}";

/* Rows of ten seconds up to now: n of them, the k-th has read k records. */
static char *history_text(int n)
{
	buf out = {0};
	buf_add_str(&out, "{\"step_ms\":10000,\"now_ms\":1700000000000,\"columns\":[\"at_ms\",\"read\",\"published\",\"lag\",\"p99_ms\",\"new\",\"queue.classify\"],\"rows\":[");
	for (int i = 0; i < n; i++)
		buf_printf(&out, "%s[%lld,%d,%d,%d,null,7,%d]", i ? "," : "", (long long)(NOW - (n - 1 - i) * 10000), i * 10, i, i % 5, i);
	buf_add_str(&out, "]}");
	return buf_take(&out, NULL);
}

static top_data *filled(int rows)
{
	top_data *data = top_data_new();
	char *history = history_text(rows);
	assert_int_equal(top_data_status(data, mr_bytes_of(status_text), NOW), 0);
	assert_int_equal(top_data_history(data, mr_bytes_of(history)), 0);
	assert_int_equal(top_data_articles(data, mr_bytes_of(articles_text)), 0);
	free(history);
	return data;
}

static bool is(double a, double b)
{
	return fabs(a - b) < 1e-9;
}

static void history_is_folded(void **state)
{
	top_data *data = filled(30);
	double values[300];
	(void)state;
	assert_int_equal(data->row_count, 30);
	assert_int_equal(data->since_ms, NOW);
	assert_int_equal(top_span_ms(data), 300000);
	assert_int_equal(top_fold(data, TOP_READ, values, 60), 30);              /* a row is no narrower than a cell */
	for (int i = 0; i < 30; i++)
		assert_true(is(values[i], i));                                   /* i * 10 records in ten seconds */
	assert_int_equal(top_fold(data, TOP_READ, values, 10), 10);
	assert_true(is(values[0], 1) && is(values[9], 28));                      /* means of three */
	assert_int_equal(top_fold(data, TOP_LAG, values, 6), 6);
	assert_true(is(values[0], 4) && is(values[5], 4));                       /* the most of five */
	top_fold(data, TOP_P99, values, 10);
	assert_true(isnan(values[0]));
	assert_int_equal(top_queue_series(data, "classify"), TOP_QUEUES);
	assert_int_equal(top_queue_series(data, "nothing"), -1);
	char *more = history_text(31);                                           /* overlaps: nothing is taken twice */
	assert_int_equal(top_data_history(data, mr_bytes_of(more)), 0);
	assert_int_equal(data->row_count, 30);
	free(more);
	top_data_free(&data);
	data = filled(7);                                                        /* a minute of five: the rest is not known */
	top_fold(data, TOP_READ, values, 30);
	assert_true(isnan(values[22]) && is(values[23], 0) && is(values[29], 6));
	top_data_free(&data);
	data = filled(360);
	assert_int_equal(top_span_ms(data), TOP_HOUR_MS);
	assert_int_equal(top_fold(data, TOP_READ, values, 60), 60);
	assert_true(is(values[0], 2.5) && is(values[59], 356.5));
	top_data_free(&data);
}

static json_t *changed(const char *path, json_t *value)
{
	json_t *status = json_loads(status_text, 0, NULL);
	json_object_set_new(status, path, value);
	return status;
}

static int take_status(top_data *data, json_t *status, int64_t now_ms)
{
	char *text = json_dumps(status, 0);
	int rc = top_data_status(data, mr_bytes_of(text), now_ms);
	free(text);
	json_decref(status);
	return rc;
}

/* The daemon stood still for a minute: what came then came in a minute, not in ten seconds. */
static void a_late_row_is_long(void **state)
{
	top_data *data = filled(30);
	double values[30];
	(void)state;
	assert_int_equal(top_data_history(data, mr_bytes_of("{\"step_ms\":10000,\"columns\":[\"at_ms\",\"read\"],\"rows\":[[1700000060000,600]]}")), 0);
	assert_int_equal(top_fold(data, TOP_READ, values, 30), 30);
	assert_true(is(values[29], 10));
	top_data_free(&data);
}

static void a_restart_is_noticed(void **state)
{
	top_data *data = filled(30);
	(void)state;
	assert_int_equal(data->since_seq, 3);
	top_data_lost(data, "connection refused", NOW + 1000);
	top_data_lost(data, "no answer in time", NOW + 2000);
	assert_int_equal(data->lost_ms, NOW + 1000);
	assert_int_equal(take_status(data, changed("uptime_ms", json_integer(500)), NOW + 3000), 0);
	assert_true(data->lost_ms == 0 && data->since_seq == 0 && data->since_ms == 0 && data->row_count == 0);
	assert_int_equal(json_array_size(data->articles), 0);
	assert_int_equal(top_data_articles(data, mr_bytes_of(articles_text)), 0);
	assert_int_equal(top_data_articles(data, mr_bytes_of("{\"next\":1,\"articles\":[{\"seq\":0}]}")), 0);      /* numbers went back: they begin anew */
	assert_int_equal(json_array_size(data->articles), 1);
	assert_int_equal(take_status(data, changed("uptime_ms", json_integer(8000000)), NOW + 4000), 0);         /* missed for long: it is up for longer than the one before was */
	assert_int_equal(json_array_size(data->articles), 0);
	for (int i = 0; i < 300; i++)
		top_data_articles(data, mr_bytes_of("{\"next\":2,\"articles\":[{\"seq\":0},{\"seq\":1},3]}"));
	assert_int_equal(json_array_size(data->articles), TOP_ARTICLES);
	top_data_free(&data);
}

/* ---- pages ---- */

static frame drawn(const top_data *data, top_view *view)
{
	frame out = frame_of(view->width, view->colours);
	view->now_ms = NOW + 5000;
	view->place = "127.0.0.1:9180";
	view->interval_ms = 1000;
	top_draw(data, view, &out);
	return out;
}

/* No line is wider than the terminal, no byte but our own styles would move it. */
static void check_lines(const frame *out, int width, bool colours)
{
	for (size_t i = 0; i < out->count; i++) {
		buf plain = {0};
		const char *at = buf_bytes(&out->lines[i].text).data, *end = at + out->lines[i].text.len;
		while (at < end) {
			const char *from = at;
			uint32_t c = utf8_next(&at, end);
			if (c == 0x1b && colours) {
				assert_true(*at == '[');
				at += strcspn(at, "m") + 1;
				continue;
			}
			assert_false(utf8_is_unsafe(c));
			buf_add(&plain, from, (size_t)(at - from));
		}
		assert_int_equal(term_cells(buf_bytes(&plain)), out->lines[i].cells);
		assert_true(out->lines[i].cells <= width);
		buf_free(&plain);
	}
}

static void every_page_fits_every_terminal(void **state)
{
	static const int widths[] = {1, 20, 40, 59, 60, 79, 80, 100, 114, 115, 132, 200, 400}, heights[] = {0, 1, 5, 24, 60, 200};
	top_data *datas[] = {top_data_new(), filled(0), filled(30), filled(360)};
	(void)state;
	top_data_lost(datas[0], "cannot connect: Connection refused", NOW);
	for (size_t d = 0; d < 4; d++)
		for (size_t w = 0; w < sizeof widths / sizeof *widths; w++)
			for (size_t h = 0; h < sizeof heights / sizeof *heights; h++)
				for (int page = 0; page <= TOP_PAGES; page++) {
					top_view view = {.page = (enum top_page)(page % TOP_PAGES), .help = page == TOP_PAGES, .width = widths[w], .height = heights[h],
							 .colours = page % 2, .scroll = page * 3, .sort = {page, page, page, page, page}};
					frame out = drawn(datas[d], &view);
					check_lines(&out, view.width, view.colours);
					if (view.height)
						assert_int_equal(out.count, view.height);
					frame_free(&out);
				}
	for (size_t d = 0; d < 4; d++)
		top_data_free(&datas[d]);
}

static void expect_lines(const top_data *data, top_view view, const char *const *lines)
{
	frame out = drawn(data, &view);
	char *text = printed(&out);
	for (; *lines; lines++)
		if (!strstr(text, *lines))
			fail_msg("not there: %s\nin:\n%s", *lines, text);
	free(text);
	frame_free(&out);
}

static void pages_say_what_is_known(void **state)
{
	top_data *data = filled(30);
	(void)state;
	expect_lines(data, (top_view){.width = 80, .height = 40}, (const char *const[]){
		"millrace top  云汀-1  running, ready  up 2 h 13 min  0.1.0  127.0.0.1:9180\n", "! The lag grows: 1203 records wait", "!! Nothing can be published\\u001b[2J.\n",
		"[1 Overview] 2 Stages", "\nread            312/s  ▁▂▂▂▂▃▃▃▃▄▄▄▄▅▅▅▅▆▆▆▆▇▇▇▇█████  most 29/s\n", "\nlag             1,203  ", "\np99             4.5 s",
		"\nextract           40     64         0    310/s  1 busy, 1 silent\n", "\nclassify          90      0         2        ?  none",
		"\nlabels      education 300  none 275  science 20  talent 5", "\ndead        input.not-json 12  stage.crash 1", "\npartitions  2, 1 paused\n",
		"\n22:13:12  dead       input.not-json                  feed 1 offset 18\n", "\n22:13:11  duplicate  none              A Source      plain \\u202e title\n",
		"\n22:13:10  published  talent, science   云汀日报      云汀县为引进人才备好三百套…\n", "\n22:13:25  every 1 s  q quit", NULL});
	expect_lines(data, (top_view){.page = TOP_STAGE_PAGE, .width = 100, .height = 30, .sort = {0, 1}}, (const char *const[]){
		"\nStage       queued ↓   lent", "\nclassify          90      0         2        ?  none", "\n          11  busy        32 tasks   heard 20 ms ago  millrace-worker/0.1.0  extract/3\n",
		"\n          12  silent      32 tasks   heard 9.0 s ago\n", NULL});
	expect_lines(data, (top_view){.page = TOP_PARTITION_PAGE, .width = 100, .height = 30, .sort = {0, 0, 1}}, (const char *const[]){
		"Partitions: 2, by lag\n", "\nfeed                                 1       1,200        504            18  paused: pressure\nfeed                                 0           3", NULL});
	expect_lines(data, (top_view){.page = TOP_ARTICLE_PAGE, .width = 100, .height = 30, .sort = {0, 0, 0, 2}}, (const char *const[]){
		"by source", "\n                     talent:人才公寓  https://yunting.example/1\n", "\n                     of c5ce\n", NULL});
	expect_lines(data, (top_view){.page = TOP_OUTCOME_PAGE, .width = 100, .height = 40, .sort = {0, 0, 0, 0, 1}}, (const char *const[]){
		"\nread                1,000,000\n", "Articles by label, by name\neducation                 300  ▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇\nnone", "\nstage.crash                 1  ▇▇", NULL});
	expect_lines(data, (top_view){.width = 200, .height = 60}, (const char *const[]){"\nFlow, last 5 minutes                                                                                            Records since the start\n", "█████  most 29/s ", "云汀县为引进人才备好三百套人才公寓\n", NULL});
	expect_lines(data, (top_view){.width = 40, .height = 40}, (const char *const[]){"[1 Overview] 2  3  4  5", "\nextract           40     64  1 busy, 1 …\n", "\n22:13:10  published  云汀县为引进人才备…\n", NULL});
	expect_lines(data, (top_view){.width = 80}, (const char *const[]){"Partitions: 2", "Records since the start", "Latest articles and dead letters, newest first", NULL});
	top_data_lost(data, "cannot connect: Connection refused", NOW + 2000);
	expect_lines(data, (top_view){.width = 100, .height = 40, .paused = true}, (const char *const[]){
		"no answer since 22:13:20 (5.0 s ago): cannot connect: Connection refused; trying again\n", "millrace top  paused (p)  云汀-1", "\nextract", NULL});
	top_data_free(&data);
	data = top_data_new();
	top_data_lost(data, "cannot connect", NOW);
	expect_lines(data, (top_view){.width = 100, .height = 40}, (const char *const[]){"millrace top  127.0.0.1:9180\nno answer since 22:13:20 (5.0 s ago): cannot connect; trying again\n", NULL});
	top_data_free(&data);
}

/* Every member of every answer in turn with values of every other type: nothing may break, and no line may become too wide. */
static void answers_without_sense_do_no_harm(void **state)
{
	json_t *values = json_pack("[n,b,I,f,s,[s,[n],{}],{s:s,s:[{}]}]", 1, (json_int_t)INT64_MIN, 1e308, "\x1b[31m\xE2\x80\xAE云", "x", "y", "z", "w");
	json_t *status = json_loads(status_text, 0, NULL);
	const char *name;
	json_t *old;
	size_t i;
	json_t *value;
	(void)state;
	json_object_foreach(status, name, old)
		json_array_foreach(values, i, value) {
			top_data *data = filled(3);
			take_status(data, changed(name, json_deep_copy(value)), NOW);
			for (int page = 0; page < TOP_PAGES; page++) {
				top_view view = {.page = (enum top_page)page, .width = 80, .height = 30, .colours = true};
				frame out = drawn(data, &view);
				check_lines(&out, 80, true);
				frame_free(&out);
			}
			top_data_free(&data);
		}
	json_decref(status);
	top_data *data = filled(3);
	static const char *const wrong[] = {"", "[]", "{}", "{\"phase\":7}", "{\"rows\":[]}", "{\"step_ms\":0,\"columns\":[\"at_ms\"],\"rows\":[[1]]}", "{\"articles\":{}}", "{\"phase\":\"a\",\"phase\":\"b\"}", "\xFF"};
	for (i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_int_equal(top_data_status(data, mr_bytes_of(wrong[i]), NOW), -1);
		assert_int_equal(top_data_history(data, mr_bytes_of(wrong[i])), -1);
		assert_int_equal(top_data_articles(data, mr_bytes_of(wrong[i])), -1);
	}
	assert_int_equal(top_data_history(data, mr_bytes_of("{\"step_ms\":1,\"columns\":[\"at_ms\",7,null,\"queue.\"],\"rows\":[7,[],[\"x\"],[1700000000001,1,2,3,4,5],[1700000000000,1]]}")), 0);
	assert_int_equal(data->row_count, 4);
	top_data_free(&data);
	json_decref(values);
}

static int utc(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cells_are_padded_and_cut),
		cmocka_unit_test(styles_end_with_their_piece),
		cmocka_unit_test(frames_stand_beside_each_other),
		cmocka_unit_test(bars_are_drawn),
		cmocka_unit_test(keys_are_understood),
		cmocka_unit_test(figures_are_readable),
		cmocka_unit_test(history_is_folded),
		cmocka_unit_test(a_late_row_is_long),
		cmocka_unit_test(a_restart_is_noticed),
		cmocka_unit_test(every_page_fits_every_terminal),
		cmocka_unit_test(pages_say_what_is_known),
		cmocka_unit_test(answers_without_sense_do_no_harm),
	};
	return cmocka_run_group_tests(tests, utc, NULL);
}
