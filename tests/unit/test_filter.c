/* sink.filter and sink.route: what conditions are, what they let pass, which topics an article goes to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "common/filter.h"
#include "common/mem.h"
#include "common/routes.h"
#include "common/settings.h"

static const char *const labels[] = {"education", "science", "talent"};

/* ---- reading ---- */

static void expect_wrong(const char *condition, const char *want)
{
	filter *f = filter_new(labels, 3);
	char why[FILTER_WHY] = "";
	if (filter_add(f, condition, why) == 0)
		fail_msg("'%s' was taken", condition);
	if (!strstr(why, want))
		fail_msg("'%s': %s", condition, why);
	filter_free(&f);
}

static void what_is_no_condition_is_told(void **state)
{
	(void)state;
	for (const char *const *c = (const char *const[]){"", "labels", "label=education", "=a", "labels>=2", "labels==", "characters=5", "characters!=5", "characters>5", "sources~x", "labels!education", NULL}; *c; c++)
		if (strcmp(*c, "labels==") != 0)
			expect_wrong(*c, "is no condition");
	expect_wrong("labels==", "names a label");
	expect_wrong("labels=sport", "not in classify.labels");
	expect_wrong("labels=education|", "empty value");
	expect_wrong("languages=", "empty value");
	expect_wrong("sources=a%2", "'%'");
	expect_wrong("sources=a%zz", "'%'");
	expect_wrong("sources=%", "'%'");
	expect_wrong("sources=%ff", "UTF-8");
	expect_wrong("sources=a%00b", "UTF-8");
	expect_wrong("hosts=WWW.paper.example", "lower case");
	expect_wrong("hosts=www.paper.example", "without www");
	expect_wrong("hosts=https://paper.example", "host");
	expect_wrong("characters>=", "number");
	expect_wrong("characters>=-1", "number");
	expect_wrong("characters>=1234567890", "nine digits");
}

static void a_condition_stands_once(void **state)
{
	filter *f = filter_new(labels, 3);
	char why[FILTER_WHY];
	(void)state;
	assert_false(filter_asks_labels(f));
	assert_int_equal(filter_add(f, "sources=a", why), 0);
	assert_int_equal(filter_add(f, "sources!=b", why), 0);
	assert_int_equal(filter_add(f, "sources=b", why), -1);
	assert_non_null(strstr(why, "stands twice"));
	assert_int_equal(filter_add(f, "characters>=0", why), 0);
	assert_int_equal(filter_add(f, "characters>=5", why), -1);
	assert_int_equal(filter_add(f, "characters<=5", why), 0);
	assert_int_equal(filter_add(f, "labels!=none", why), 0);
	assert_true(filter_asks_labels(f));
	filter_free(&f);
	filter_free(&f);
}

static void values_are_bounded(void **state)
{
	buf text = {0};
	filter *f = filter_new(labels, 3);
	char why[FILTER_WHY];
	(void)state;
	buf_add_str(&text, "sources=s0");
	for (int i = 1; i < FILTER_VALUES_MAX; i++)
		buf_printf(&text, "|s%d", i);
	assert_int_equal(filter_add(f, buf_bytes(&text).data, why), 0);
	filter_free(&f);
	buf_add_str(&text, "|one");
	expect_wrong(buf_bytes(&text).data, "too many");
	buf_free(&text);
}

/* ---- asking ---- */

typedef struct made {
	record_rules *rules;
	record *rec;
	article *art;
} made;

static made make(const char *value, const char *patch)
{
	record_rules_values values = {.staged = true, .labels = labels, .label_count = 3};
	record_source source = {.topic = "articles.raw", .timestamp_ms = -1, .value = mr_bytes_of(value)};
	record_fault fault;
	made m = {.rules = record_rules_new_from(&values)};
	m.rec = record_parse(m.rules, &source, &fault);
	assert_non_null(m.rec);
	m.art = article_new(m.rec, 0, 1);
	if (article_apply(m.art, mr_bytes_of(patch), "test", &fault))
		fail_msg("%s", fault.message);
	return m;
}

static void unmake(made *m)
{
	article_free(&m->art);
	record_free(&m->rec);
	record_rules_free(&m->rules);
}

static enum filter_condition ask(const char *condition, const char *value, const char *patch)
{
	made m = make(value, patch);
	filter *f = filter_new(labels, 3);
	char why[FILTER_WHY];
	if (filter_add(f, condition, why))
		fail_msg("'%s' %s", condition, why);
	enum filter_condition found = filter_refuses(f, m.rec, m.art);
	filter_free(&f);
	unmake(&m);
	return found;
}

static const char feed[] = "{\"text\":\"清溪镇图书馆周三开放。\",\"source\":\"Ash Hill, Weekly 100%\",\"url\":\"http://www.news.ashhill.example:8080/a/1\",\"language\":\"zh\"}";
static const char bare[] = "{\"text\":\"清溪镇图书馆周三开放。\"}";
static const char two[] = "{\"labels\":[\"talent\",\"education\"],\"primary_label\":\"talent\"}";

static void lists_allow_and_refuse(void **state)
{
	static const struct { const char *condition, *value, *patch; enum filter_condition want; } rows[] = {
		{"labels=education", feed, two, FILTER_NONE}, {"labels=science|talent", feed, two, FILTER_NONE}, {"labels=science", feed, two, FILTER_LABELS},
		{"labels=science", feed, "{}", FILTER_LABELS}, {"labels=none", feed, "{}", FILTER_NONE}, {"labels=none", feed, two, FILTER_LABELS},
		{"labels=none|talent", feed, two, FILTER_NONE}, {"labels!=none", feed, "{}", FILTER_LABELS}, {"labels!=none", feed, two, FILTER_NONE},
		{"labels!=education", feed, two, FILTER_LABELS}, {"labels!=science", feed, two, FILTER_NONE},
		{"languages=zh|en", feed, "{}", FILTER_NONE}, {"languages=en", feed, "{}", FILTER_LANGUAGES}, {"languages!=zh", feed, "{}", FILTER_LANGUAGES},
		{"languages=z", feed, "{}", FILTER_LANGUAGES}, {"languages=en", feed, "{\"language\":\"en\"}", FILTER_NONE},
		{"languages=zh", bare, "{}", FILTER_LANGUAGES}, {"languages=none|zh", bare, "{}", FILTER_NONE}, {"languages!=none", bare, "{}", FILTER_LANGUAGES},
		{"sources=Ash%20Hill%2c%20Weekly%20100%25", feed, "{}", FILTER_NONE}, {"sources=Weekly", feed, "{}", FILTER_SOURCES},
		{"sources!=other|Ash%20Hill%2C%20Weekly%20100%25", feed, "{}", FILTER_SOURCES}, {"sources!=none", bare, "{}", FILTER_SOURCES},
		{"hosts=news.ashhill.example", feed, "{}", FILTER_NONE}, {"hosts=ashhill.example", feed, "{}", FILTER_NONE}, {"hosts=hill.example", feed, "{}", FILTER_HOSTS},
		{"hosts=a.news.ashhill.example", feed, "{}", FILTER_HOSTS}, {"hosts!=example", feed, "{}", FILTER_HOSTS}, {"hosts=example", bare, "{}", FILTER_HOSTS},
		{"hosts=none", bare, "{}", FILTER_NONE}, {"hosts!=example", bare, "{}", FILTER_NONE},
		{"characters>=11", feed, "{}", FILTER_NONE}, {"characters>=12", feed, "{}", FILTER_CHARACTERS}, {"characters<=11", feed, "{}", FILTER_NONE},
		{"characters<=10", feed, "{}", FILTER_CHARACTERS}, {"characters>=0", feed, "{}", FILTER_NONE},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		enum filter_condition found = ask(rows[i].condition, rows[i].value, rows[i].patch);
		if (found != rows[i].want)
			fail_msg("row %zu: %s: refused by %s", i, rows[i].condition, filter_names[found]);
	}
}

/* All conditions must hold; the first that does not, in the order of the names, is told. */
static void every_condition_must_hold(void **state)
{
	made m = make(feed, two);
	filter *f = filter_new(labels, 3);
	char why[FILTER_WHY];
	(void)state;
	assert_int_equal(filter_refuses(f, m.rec, m.art), FILTER_NONE);
	assert_int_equal(filter_add(f, "characters>=5", why), 0);
	assert_int_equal(filter_add(f, "labels=talent", why), 0);
	assert_int_equal(filter_refuses(f, m.rec, m.art), FILTER_NONE);
	assert_int_equal(filter_add(f, "characters<=6", why), 0);
	assert_int_equal(filter_refuses(f, m.rec, m.art), FILTER_CHARACTERS);
	assert_int_equal(filter_add(f, "labels!=education", why), 0);
	assert_int_equal(filter_refuses(f, m.rec, m.art), FILTER_LABELS);
	filter_free(&f);
	unmake(&m);
}

/* ---- routes ---- */

static routes *routes_with(const char *const *sets, size_t count)
{
	buf errors = {0};
	settings *s = settings_read(NULL, sets, count, &errors);
	if (!s)
		fail_msg("%s", buf_bytes(&errors).data);
	routes *r = routes_new(s);
	settings_free(&s);
	buf_free(&errors);
	return r;
}

static void expect_route(const routes *r, uint64_t bits, const char *want)
{
	const char *topics[ROUTES_MAX];
	buf found = {0};
	size_t n = routes_of(r, bits, topics);
	for (size_t i = 0; i < n; i++)
		buf_printf(&found, "%s%s", i ? " " : "", topics[i]);
	assert_string_equal(buf_bytes(&found).data, want);
	assert_int_equal(n, routes_count_of(r, bits));
	buf_free(&found);
}

static void articles_go_to_the_topics_of_their_labels(void **state)
{
	const char *const *topics;
	routes *r = routes_with((const char *const[]){"publish.topic=out"}, 1);
	(void)state;
	expect_route(r, 0, "out");
	expect_route(r, 7, "out");
	assert_int_equal(routes_topics(r, &topics), 1);
	routes_free(&r);
	r = routes_with((const char *const[]){"publish.topic=out", "sink.route=by-label", "classify.labels=education science talent"}, 3);
	expect_route(r, 0, "out.none");
	expect_route(r, 1, "out.education");
	expect_route(r, 6, "out.science out.talent");
	assert_int_equal(routes_topics(r, &topics), 4);
	routes_free(&r);
	r = routes_with((const char *const[]){"publish.topic=out", "sink.route=by-label", "classify.labels=education science talent",
					      "sink.label_topics=talent=people,none=rest education=people"}, 4);
	expect_route(r, 0, "rest");
	expect_route(r, 5, "people");            /* once, though two labels lead there */
	expect_route(r, 7, "people out.science");
	assert_int_equal(routes_topics(r, &topics), 3);
	routes_free(&r);
	routes_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_condition_is_told),
		cmocka_unit_test(a_condition_stands_once),
		cmocka_unit_test(values_are_bounded),
		cmocka_unit_test(lists_allow_and_refuse),
		cmocka_unit_test(every_condition_must_hold),
		cmocka_unit_test(articles_go_to_the_topics_of_their_labels),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
