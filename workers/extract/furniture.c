/* furniture.c - lines that belong to the page and to no article: the third pass (page.h).
 *
 * One small test per kind of furniture, in the order of the table at the end; the first that holds marks the line. Each test combines a class of general
 * vocabulary (vocabulary.c) with the shape of the line: how long it is, whether it says a sentence, how much of it such words cover, where it stands.
 * `head` is what stands before the first prose of the page, `tail` what stands behind the last; between them more evidence is asked for, since
 * there a false alarm costs text. A line in the middle of a wrapped paragraph is not asked at all. */
#include "furniture.h"

#include <string.h>

#include "byline.h"
#include "common/utf8.h"

/* ---- marks that structure a page ---- */

/* The verb of a page turn at `i`: characters it takes; 0: none. A single character (（转A3版）) only behind an opening bracket. */
static uint32_t turn_verb(const struct place *p, uint32_t i, bool from, bool opened)
{
	uint32_t a = at(p, i), b = at(p, i + 1);
	if (from) {
		if (is_one_of(a, U"上紧緊文承续續") && b == U'接')
			return 2;
		return opened && is_one_of(a, U"接续續") ? 1 : 0;
	}
	if (a == U'下' && is_one_of(b, U"转轉接"))
		return 2;
	return opened && is_one_of(a, U"转轉") ? 1 + (b == U'入') : 0;
}

/* 上接01版, 下转第3版, 紧接头版, （轉A3版）: the verb, a page, nothing else. */
static bool is_turn(const struct place *p, bool from)
{
	uint32_t n = length(p->line), i = 0, page = 0;
	if (n < 4 || n > 20)
		return false;
	while (i < n && (char_is_opener(at(p, i)) || is_one_of(at(p, i), U"▲▼▶★●")))
		i++;
	bool opened = i > 0, named = false;
	uint32_t verb = turn_verb(p, i, from, opened);
	for (i += verb; i < n && (at(p, i) == U'第' || char_is_blank(at(p, i))); i++)
		;
	for (; i < n && page < 4 && (char_is_digit(at(p, i)) || char_is_letter(at(p, i)) || char_is_number(at(p, i)) || is_one_of(at(p, i), U"头頭")); i++)
		page++;
	if (i < n && is_one_of(at(p, i), U"版頁页面")) {
		named = true;
		i++;
	}
	while (i < n && (char_is_closer(at(p, i)) || is_one_of(at(p, i), U"▲▼▶★●")))
		i++;
	return verb && page && i == n && (opened || named);
}

/* `Continued on page A6`, `See SCHOOLS, Page A7`, `Continued from A1`: a short line that ends with a page. */
static bool is_english_turn(const struct place *p, bool from)
{
	static const char *const ons[] = {"continued on ", "continues on ", "see ", "turn to ", "please see ", "more on ", NULL};
	static const char *const froms[] = {"continued from ", "from page ", "from a", NULL};
	uint32_t n = length(p->line), i = 0, k = n;
	if (n < 7 || n > 50 || p->line->letters <= p->line->han || p->line->end == END_STOP)
		return false;
	while (k && char_is_closer(at(p, k - 1)))
		k--;
	uint32_t digits = k;
	while (k && char_is_digit(at(p, k - 1)))
		k--;
	if (k == digits || digits - k > 3)
		return false;
	k -= k > 1 && char_is_letter(at(p, k - 1)) && !char_is_letter(at(p, k - 2));
	bool page = (k >= 5 && furniture_latin(p, k - 5, "page ")) || (k < n && char_is_letter(at(p, k)));
	while (i < n && !char_is_word(at(p, i)))
		i++;
	for (const char *const *word = from ? froms : ons; page && *word; word++)
		if (furniture_latin(p, i, *word))
			return true;
	return false;
}

static bool test_from(const struct place *p)
{
	return is_turn(p, true) || is_english_turn(p, true);
}

static bool test_on(const struct place *p)
{
	return is_turn(p, false) || is_english_turn(p, false);
}

/* — 2 —, - 3 -, 第 4 页: the number of a page of the document, also in the middle of a paragraph. */
static bool test_page_number(const struct place *p)
{
	uint32_t n = length(p->line), i = 0, dashes = 0, digits = 0;
	if (n > 12 || !p->line->digits || p->line->han > 2 || p->line->letters)
		return false;
	bool ordinal = at(p, 0) == U'第' && is_one_of(at(p, n - 1), U"页頁");
	for (; i < n; i++) {
		dashes += is_one_of(at(p, i), U"-—–－");
		digits += char_is_digit(at(p, i));
	}
	bool framed = is_one_of(at(p, 0), U"-—–－") && is_one_of(at(p, n - 1), U"-—–－") && dashes + digits + 2 >= n && !p->line->han;
	return digits <= 3 && (framed || (ordinal && p->line->han == 2));
}

/* 抄送：…, 2025年2月19日印发, 共印80份: the imprint of a document (GB/T 9704), behind its signature. */
static bool test_imprint(const struct place *p)
{
	uint32_t n = length(p->line);
	const page_line *line = p->line;
	if (n < 5 || n > 120 || !line->han)
		return false;
	bool copies = (at(p, 0) == U'抄' && is_one_of(at(p, 1), U"送報报") && is_one_of(at(p, 2), U"：:")) || (is_one_of(at(p, 0), U"报送发") && at(p, 1) == U'：' && p->index && line[-1].kind != LINE_TEXT) ||
		(at(p, 0) == U'主' && is_one_of(at(p, 1), U"送报") && is_one_of(at(p, 2), U"：:") && p->zone == ZONE_TAIL);
	bool printed = at(p, n - 2) == U'印' && is_one_of(at(p, n - 1), U"发發") && line->digits >= 6 && !line->clauses && n <= 50;
	return copies || printed || (n <= 10 && at(p, 0) == U'共' && at(p, 1) == U'印' && line->digits);
}

/* 完, （完）, -ENDS-, ###: the article ends. */
static bool test_close(const struct place *p)
{
	uint32_t words = 0, only = 0;
	if (p->line->letters == 3 && length(p->line) == 3 && at(p, 0) == 'E' && at(p, 1) == 'N' && at(p, 2) == 'D')
		return true;                                                       /* END: accounts of Chinese messengers */
	if (p->line->letters && length(p->line) <= 10 && !p->line->digits) {
		uint32_t i = 0;
		while (i < length(p->line) && !char_is_word(at(p, i)))
			i++;
		uint32_t n = furniture_latin(p, i, "ends") ? 4 : furniture_latin(p, i, "end") ? 3 : 0;
		return n && n == p->line->letters && length(p->line) > n;      /* with dashes around it */
	}
	if (length(p->line) > 6)
		return false;
	for (uint32_t i = 0; i < length(p->line); i++)
		if (char_is_word(at(p, i))) {
			words++;
			only = at(p, i);
		}
	return words == 1 && only == 0x5B8C;
}

/* 本报讯（记者 某 … or 【記者某／某地報導】and the text: a lead-in, not a byline, even where a narrow column ends behind it. */
static bool begins_text(const struct place *p)
{
	if ((p->line->first_words & WORD_LEAD) || p->line->opens)
		return true;
	if (p->index && !p->line->cut && p->line[-1].kind == LINE_TEXT && p->line[-1].opens)
		return true;
	uint32_t n = length(p->line), i = 0;
	if (!is_one_of(at(p, 0), U"【〔["))
		return false;
	while (i < n && !is_one_of(at(p, i), U"】〕]"))
		i++;
	/* a bracket as wide as its column, and the text of the column right behind it */
	return i + 1 < n || (p->line->column && line_is_full(p->line) && p->index + 1 < p->page->line_count && p->line[1].column && p->line[1].gap <= p->line->gap && !p->line[1].lead_in);
}

/* Staff Writer, Science Correspondent: what an English byline says on its second line. */
static bool test_post(const struct place *p)
{
	static const char *const posts[] = {"writer", "correspondent", "reporter", "columnist", "editor", "staff", "contributor", NULL};
	uint32_t n = length(p->line), last = n;
	if (!p->index || p->line[-1].kind != LINE_BYLINE || p->line[-1].letters < p->line[-1].han || n > 40 || p->line->clauses || p->line->end != END_OPEN)
		return false;
	while (last && char_is_letter(at(p, last - 1)))
		last--;
	for (const char *const *post = posts; *post; post++)
		if (strlen(*post) == n - last && furniture_latin(p, last, *post))
			return true;
	return false;
}

/* （甲乙） behind the last stop of a story: what follows is a headline, furniture or nothing. */
static bool is_bare_byline(const struct place *p)
{
	const page_line *line = p->line, *next = p->index + 1 < p->page->line_count ? line + 1 : NULL;
	byline names = {.count = 0};
	bool behind = line->cut || (p->index && line[-1].kind == LINE_TEXT && line[-1].end == END_STOP);
	bool last = !next || next->lead_in || (!next->clauses && !next->numbered && !next->cut && (next->end == END_OPEN || next->end == END_BRACKET));
	return behind && last && byline_bare(p->page->text, line->at, !line->cut, &names);
}

static bool test_byline(const struct place *p)
{
	byline names = {.count = 0};
	if (begins_text(p))
		return false;
	if (is_one_of(at(p, 0), U"(（") && is_bare_byline(p))
		return true;
	bool boxed = p->page->wrapped && is_one_of(at(p, 0), U"□■◎◇○");
	bool taken = length(p->line) > 3 && length(p->line) <= 16 && is_one_of(at(p, length(p->line) - 1), U"摄攝") && char_is_blank(at(p, length(p->line) - 2));      /* 某某 摄 */
	if (!taken && !(p->line->words & (WORD_REPORTER | WORD_PHOTO)) && p->line->letters < 6 && !boxed)
		return false;
	if (p->line->end == END_STOP || p->line->clauses > 2)
		return false;
	return byline_line(p->page->words, p->page->text, p->line->at, &names);
}

/* （原文刊载于《某报》） （来源：某报） （作者系…）: a remark in brackets about the article. */
static bool test_note(const struct place *p)
{
	uint32_t n = length(p->line), a = at(p, 0), z = at(p, n - 1), b = at(p, 1), c = at(p, 2);
	if (n < 5 || n > 60 || (a != '(' && a != 0xFF08) || (z != ')' && z != 0xFF09))
		return false;
	bool original = (b == 0x539F && (c == 0x6587 || c == 0x8F7D || c == 0x8F09 || c == 0x9898)) || (b == 0x8F6C && c == 0x81EA) || (b == 0x8F49 && c == 0x81EA) ||
		(b == 0x4F5C && c == 0x8005) || (b == 0x6458 && c == 0x81EA) || (b == 0x520A && c == 0x8F7D);   /* 原文 原载 转自 作者 摘自 刊载 */
	return original || (p->line->words & WORD_SOURCE);
}

/* ---- furniture proper ---- */

/* `”` alone: the end of the paragraph before, hung over. */
static bool is_closing(const struct place *p)
{
	for (uint32_t i = 0; i < length(p->line); i++)
		if (!char_is_closer(at(p, i)) && !char_is_stop(at(p, i)))
			return false;
	return true;
}

static bool test_symbols(const struct place *p)
{
	const page_line *line = p->line;
	return !line->han && !line->letters && !line->digits && !is_closing(p);
}

/* A row of dots, dashes or stars: what parts two pieces of a page, wherever it stands. */
static bool is_rule_off(const struct place *p)
{
	for (uint32_t i = 0; i < length(p->line); i++)
		if (!is_one_of(at(p, i), U".-=*_#~· "))
			return false;
	return length(p->line) > 2;
}

/* A>B>C, 首页 > … : a path of short names. */
static size_t path_marks(const struct place *p)          /* ` / `, ` - `, ` | ` between the steps */
{
	size_t n = 0;
	for (uint32_t i = 1; i + 1 < length(p->line); i++)
		n += is_one_of(at(p, i), U"/-|·／") && (char_is_blank(at(p, i - 1)) || char_is_blank(at(p, i + 1)) || at(p, i) == U'／');
	return n;
}

/* 某某新聞網 / 地方 / 農業: two slashes or more with blanks around them, short names between. */
static bool is_slashed(const struct place *p)
{
	size_t steps = 0;
	uint32_t run = 0, longest = p->line->letters > p->line->han ? 24 : 12;
	for (uint32_t i = 0; i < length(p->line); i++) {
		bool step = (at(p, i) == '/' || at(p, i) == U'／') && i && char_is_blank(at(p, i - 1)) && char_is_blank(at(p, i + 1));
		steps += step;
		run = step ? 0 : run + 1;
		if (run > longest)
			return false;
	}
	return steps >= 2 && !p->line->clauses;
}

/* 某某日報 > 地方新聞: one step, at the very top. */
static bool is_short_path(const struct place *p)
{
	uint32_t i = 1;
	while (i + 2 < length(p->line) && at(p, i) != '>' && at(p, i) != U'＞')
		i++;
	return p->index < 2 && length(p->line) <= 24 && !p->line->clauses && i + 2 < length(p->line) && char_is_blank(at(p, i - 1)) && char_is_blank(at(p, i + 1));
}

static bool test_path(const struct place *p)
{
	const page_line *line = p->line;
	if (length(line) > 80 || line->end == END_STOP || line->clauses > 2)
		return false;
	size_t steps = count_of(p, '>', 0xFF1E) + count_of(p, 0xBB, 0x203A) + count_of(p, 0x2192, 0x300B);
	if (line->first_words & WORD_PATH)
		return steps > 0 || (p->zone != ZONE_BODY && path_marks(p) > 0) || (p->zone != ZONE_BODY && line_is_covered(line, WORD_PATH, 80));
	return (p->zone != ZONE_BODY && steps - count_of(p, 0x300B, 0x300B) >= 2) || (p->zone == ZONE_HEAD && (is_slashed(p) || is_short_path(p)));
}

/* A word in lower case of four letters or more: headlines have them, menus are all names. */
static bool has_lower_word(const struct place *p)
{
	uint32_t run = 0;
	bool inside = false;
	for (uint32_t i = 0; i < length(p->line); i++) {
		uint32_t c = at(p, i);
		run = !inside && c >= 'a' && c <= 'z' ? run + 1 : 0;
		if (run >= 4)
			return true;
		inside = inside ? char_is_letter(c) : c >= 'A' && c <= 'Z';
	}
	return false;
}

/* A | B | C, or five short words in a row: a menu. */
static bool test_menu(const struct place *p)
{
	const page_line *line = p->line;
	size_t bars = count_of(p, '|', 0xFF5C) + count_of(p, 0x2502, 0xA6), pieces = 0, inside = 0;
	if (p->zone == ZONE_BODY || line->end == END_STOP || line->clauses || length(line) > 200)
		return false;
	if (line->letters > line->han) {
		size_t words = furniture_words(p, WORD_PATH | WORD_WIDGET | WORD_LABEL | WORD_SECTION);
		return !has_lower_word(p) && length(line) <= 160 && (words >= 2 || (words && p->zone == ZONE_HEAD && path_marks(p)));       /* Newsroom / Press Release */
	}
	if (bars >= 2 || (bars && p->zone == ZONE_TAIL))
		return length(line) <= (bars + 1) * 12;
	for (uint32_t i = 0; i < length(line); i++) {
		bool blank = char_is_blank(at(p, i));
		pieces += !blank && !inside;
		inside = blank ? 0 : inside + 1;
		if (inside > 4)
			return false;
	}
	bool behind = p->zone == ZONE_TAIL && p->index && p->line[-1].kind == LINE_DROPPED;      /* other furniture */
	return pieces >= (behind ? 3 : 5) && line->han > line->digits;
}

/* The key before a colon, blanks inside it taken out: 索 引 号：. */
static uint32_t label_classes(const struct place *p, uint32_t *colon)
{
	uint32_t key[12], n = 0, i = 0, classes = 0;
	uint32_t close = at(p, 0) == U'【' ? U'】' : 0x4E28;                        /* 【文号】 某政发〔2025〕6号 */
	for (; i < length(p->line) && n < 12 && at(p, i) != ':' && at(p, i) != 0xFF1A && at(p, i) != close; i++)
		if (!char_is_blank(at(p, i)) && !char_is_opener(at(p, i)))
			key[n++] = at(p, i);
	*colon = i;
	if (!n || (at(p, i) != ':' && at(p, i) != 0xFF1A && at(p, i) != close))
		return 0;
	return vocabulary_match(p->page->words, key, key + n, &classes) == n ? classes : 0;
}

static void keep_facts(const struct place *p, uint32_t classes)
{
	page *page = p->page;
	int32_t i = (int32_t)p->index;
	if ((classes & WORD_TIME) && page->page_date < 0)
		page->page_date = i;
	if ((classes & WORD_SOURCE) && page->source < 0)
		page->source = i;
	if ((classes & WORD_EDITOR) && page->editor < 0)
		page->editor = i;
}

/* `2025-05-14 16:20 …` and no sentence: when it was published, and by whom. */
static bool begins_with_time(const struct place *p)
{
	uint32_t digits = 0, i = 0;
	bool clock = false;
	for (; i < length(p->line) && i < 24; i++) {
		uint32_t c = at(p, i);
		digits += char_is_digit(c);
		clock = clock || ((c == ':' || c == U'：') && digits >= 7 && i && char_is_digit(at(p, i - 1)) && char_is_digit(at(p, i + 1)));
		if (!char_is_digit(c) && !char_is_blank(c) && !is_one_of(c, U"年月日-/.:：T"))
			break;
	}
	return clock && !p->line->clauses && length(p->line) <= 80;
}

/* 某某融媒 08-05 09:30 发布于某地: a day and a clock between short pieces. */
static bool holds_time(const struct place *p)
{
	uint32_t run = 0, n = length(p->line);
	bool found = false;
	if (p->line->clauses || p->line->digits < 7 || n > 60 || p->line->end == END_STOP)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		run = char_is_blank(at(p, i)) ? 0 : run + 1;
		if (run > 16)
			return false;
		found = found || (i + 10 < n && is_one_of(at(p, i + 2), U"-/月") && char_is_digit(at(p, i)) && char_is_digit(at(p, i + 1)) && char_is_digit(at(p, i + 3)) && char_is_blank(at(p, i + 5)) &&
			is_one_of(at(p, i + 8), U":：") && char_is_digit(at(p, i + 7)) && char_is_digit(at(p, i + 9)));
	}
	return found;
}

/* One label between two articles: 来源：某报 behind other furniture or a byline; 时间：2025-05-30 大 中 小 with things to press. */
static bool is_lone_label(const struct place *p, uint32_t classes)
{
	const page_line *line = p->line;
	if (line->clauses || line->end == END_STOP || length(line) > 40)
		return false;
	bool behind = p->index && (line[-1].kind == LINE_DROPPED || line[-1].kind == LINE_BYLINE);
	return (behind && (classes & WORD_SOURCE) && length(line) <= 24) || ((classes & WORD_TIME) && line->digits >= 6 && (line->words & WORD_WIDGET));
}

/* 某政发〔2025〕11号 alone on a line of the head. */
static bool is_document_number(const struct place *p)
{
	uint32_t n = length(p->line), i = 0;
	if (p->zone != ZONE_HEAD || n < 8 || n > 24 || p->line->clauses || !is_one_of(at(p, n - 1), U"号號"))
		return false;
	while (i + 6 < n && !(is_one_of(at(p, i), U"〔[（(") && char_is_digit(at(p, i + 1)) && char_is_digit(at(p, i + 4)) && is_one_of(at(p, i + 5), U"〕]）)")))
		i++;
	if (i && is_one_of(at(p, i - 1), U"告令知定"))
		return false;                                                      /* 某局公告〔2025〕3号 is a title */
	for (i += 6; i + 1 < n && (char_is_digit(at(p, i)) || at(p, i) == U'第'); i++)
		;
	return i + 1 == n;
}

/* 发布时间：… 来源：… : metadata of the page. In the body a single label may be part of a notice, so two are asked for. */
static bool test_label(const struct place *p)
{
	const page_line *line = p->line;
	uint32_t colon, classes = label_classes(p, &colon);
	if (length(line) > 120 || (line->end == END_STOP && line->clauses > 1))
		return false;
	bool dated = (line->words & WORD_LABEL) && char_is_digit(at(p, 0)) && line->digits >= 6 && count_of(p, ':', 0xFF1A) && count_of(p, ' ', 0x3000) && line->clauses == 0;
	if (is_document_number(p))
		return true;
	dated = dated || (p->zone == ZONE_HEAD && (begins_with_time(p) || holds_time(p)));
	bool pairs = p->zone == ZONE_HEAD && (line->words & WORD_LABEL) && !line->clauses && count_of(p, ':', 0xFF1A) >= 2;
	if (!(classes & (WORD_LABEL | WORD_STAFF)) && !dated && !pairs && !((line->words & WORD_TIME) && line->letters && (line->first_words & WORD_TIME) && line->digits >= 5))
		return false;
	if (p->zone == ZONE_BODY && count_of(p, ':', 0xFF1A) < 2 && !is_lone_label(p, classes))
		return false;
	keep_facts(p, dated ? line->words | WORD_TIME : classes ? line->words : WORD_TIME);
	return true;
}

/* #某地 #某事: words to search by. */
static bool is_tags(const struct place *p)
{
	size_t tags = 0;
	for (uint32_t i = 0; i + 1 < length(p->line); i++)
		tags += is_one_of(at(p, i), U"#＃") && (!i || char_is_blank(at(p, i - 1))) && char_is_word(at(p, i + 1));
	return (tags >= 2 || (tags && p->zone == ZONE_TAIL)) && is_one_of(at(p, 0), U"#＃") && !p->line->clauses && p->line->end == END_OPEN && length(p->line) <= 100;
}

/* 分享 打印 关闭窗口 上一篇：… : things to press, and links that turn the page. */
static bool test_widget(const struct place *p)
{
	const page_line *line = p->line;
	uint32_t all = WORD_WIDGET | WORD_RELATED | WORD_TURN | WORD_AD | WORD_PATH | WORD_LABEL;
	bool turn = (line->first_words & WORD_TURN) && count_of(p, ':', 0xFF1A);
	bool link = (line->first_words & WORD_RELATED) && count_of(p, ':', 0xFF1A);
	if (turn || link)
		return length(line) <= 100;
	if (is_tags(p))
		return true;
	if (p->zone == ZONE_TAIL && is_one_of(at(p, 0), U"★☆※◎") && p->index && line[-1].kind == LINE_DROPPED && length(line) <= 60)
		return true;                                                       /* ★某某網提醒您：… */
	uint32_t colon;
	if (p->zone != ZONE_BODY && length(line) <= 20 && (label_classes(p, &colon) & WORD_WIDGET))
		return true;                                                       /* 字號：Ａ Ａ Ａ */
	if (p->zone == ZONE_HEAD && line->letters > line->han && (line->first_words & WORD_WIDGET) && length(line) <= 300 && furniture_words(p, WORD_WIDGET) >= 3)
		return true;                                                       /* what a site says of its cookies */
	if (line->width > 80 || !(line->words & all) || at(p, length(line) - 1) == 0x3002 || line->numbered)
		return false;
	if (line->han + line->letters < 2)
		return false;
	if ((line->first_words & WORD_RELATED) && p->zone == ZONE_TAIL && length(line) <= 24 && !line->clauses && line->end == END_OPEN)
		return true;                                                       /* 看更多 某某 新聞 */
	return line_is_covered(line, all, p->zone == ZONE_BODY ? 80 : p->zone == ZONE_TAIL && line->letters > line->han ? 40 : 50);
}

/* 申报书.doc: the name of a file to load, at the end of the page. */
static bool test_file(const struct place *p)
{
	static const char *const endings[] = {".doc", ".docx", ".pdf", ".xls", ".xlsx", ".wps", ".zip", ".rar", ".ofd", ".et", ".ppt", ".pptx", ".jpg", ".png", NULL};
	uint32_t n = length(p->line);
	if (p->zone != ZONE_TAIL || n > 100 || p->line->clauses > 1)
		return false;
	if (n <= 4 && at(p, 0) == U'附' && at(p, 1) == U'件' && p->line->end == END_HALF && p->index + 1 < p->page->line_count && length(p->line + 1) > 4) {
		struct place next = {p->page, p->line + 1, p->index + 1, ZONE_TAIL};
		return !p->line[1].numbered && test_file(&next);                  /* 附件： and the files below it */
	}
	uint32_t end = n - (char_is_closer(at(p, n - 1)) ? 1 : 0);
	if (end > 3 && end < n && is_one_of(at(p, end - 1), U"载載") && at(p, end - 2) == U'下' && char_is_opener(at(p, end - 3)))
		return true;                                                       /* 附件1：某表.xls（下载） */
	for (const char *const *ending = endings; *ending; ending++) {
		uint32_t k = (uint32_t)strlen(*ending);
		if (n > k && furniture_latin(p, n - k, *ending))
			return (!p->line->numbered || (p->index && p->line[-1].kind == LINE_DROPPED && p->line[-1].rule == RULE_WIDGET)) && (at(p, 0) != U'附' || at(p, 2) == U'下');      /* 附件下载：… */
	}
	return false;
}

/* A whole date, then a blank. */
static bool begins_with_day(const struct place *p)
{
	uint32_t digits = 0, marks = 0, i = 0;
	for (; i < length(p->line) && (char_is_digit(at(p, i)) || is_one_of(at(p, i), U"年月日-./")); i++) {
		digits += char_is_digit(at(p, i));
		marks += !char_is_digit(at(p, i));
	}
	return digits >= 6 && digits <= 8 && marks >= 2 && i < length(p->line) && char_is_blank(at(p, i));
}

/* 要闻责编：甲 视觉：乙, 供图/某某学院 责任编辑/甲: two words of the trade with a colon or slash behind each, wherever the line begins. */
static bool is_keyed_staff(const struct place *p)
{
	size_t keys = 0;
	if (p->line->clauses || p->line->end == END_STOP || length(p->line) > 80 || furniture_words(p, WORD_STAFF | WORD_PHOTO) < 2)
		return false;
	for (uint32_t i = 0; i < length(p->line); i++) {
		uint32_t classes, k = p->line->at.begin + i;
		uint32_t n = (uint32_t)vocabulary_match(p->page->words, p->page->text + k, p->page->text + p->line->at.end, &classes);
		keys += n && (classes & (WORD_STAFF | WORD_PHOTO)) && is_one_of(at(p, i + n), U":：/／丨");
		i += n ? n - 1 : 0;
	}
	return keys >= 2;
}

/* 责编 甲 校对 乙: staff of the page, names behind words of the trade. */
static bool test_staff(const struct place *p)
{
	const page_line *line = p->line;
	if (p->zone == ZONE_HEAD && (line->words & WORD_STAFF) && !line->clauses && length(line) <= 80 && begins_with_day(p)) {
		keep_facts(p, (line->words & WORD_EDITOR) | WORD_TIME);
		return true;                                                       /* 2025年6月3日 星期二 值班主任 甲 编辑 乙 */
	}
	if ((line->words & WORD_STAFF) && is_keyed_staff(p)) {
		keep_facts(p, line->words & WORD_EDITOR);
		return true;
	}
	if (!(line->first_words & WORD_STAFF) || line->end == END_STOP || length(line) > 80)
		return false;
	uint32_t colon, classes = label_classes(p, &colon);
	uint32_t i = 0, skip;
	skip = (uint32_t)vocabulary_match(p->page->words, p->page->text + line->at.begin, p->page->text + line->at.end, &classes);
	while (i < length(line) && char_is_opener(at(p, i)))
		i++;
	if (line->letters > line->han)
		return line->first_words & WORD_STAFF && !(line->first_words & WORD_EDITOR) && line->clauses <= 3;
	bool apart = !i && skip && (char_is_blank(at(p, skip)) || at(p, skip) == ':' || at(p, skip) == 0xFF1A || at(p, skip) == '/' || at(p, skip) == 0xFF0F || at(p, skip) == 0x4E28);
	if (!apart && furniture_words(p, WORD_STAFF) < 2)
		return false;
	keep_facts(p, line->words & WORD_EDITOR);
	return true;
}

/* Nothing but a date, a clock, a weekday, a zone. */
static bool is_date_only(const struct place *p)
{
	const page_line *line = p->line;
	uint32_t n = length(line), han = 0;
	static const uint32_t parts[] = {0x5E74, 0x6708, 0x65E5, 0x865F, 0x53F7, 0x65F6, 0x6642, 0x5206, 0x79D2, 0x521D, 0x661F, 0x671F, 0x4E0A, 0x4E0B, 0x5348, 0x5468, 0x9031};
	if (n > 40 || (line->digits < 3 && !(line->words & WORD_DAY)) || line->digits > 14)
		return false;
	if (at(p, 0) == 0x519C || at(p, 0) == 0x8FB2)                          /* 农历乙巳年五月廿四 */
		return (line->first_words & WORD_DAY) && n <= 16;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t c = at(p, i);
		if (!utf8_is_han(c))
			continue;
		bool part = char_is_number(c) || c == 0x5EFF || c == 0x5929;       /* 廿 天 */
		for (size_t k = 0; k < sizeof parts / sizeof *parts && !part; k++)
			part = c == parts[k];
		han += !part;
	}
	bool clock = count_of(p, ':', 0xFF1A) || count_of(p, 0x65F6, 0x6642);       /* 时 時: a zone may be named */
	if (line->letters > 12u + line->covered || (han > line->covered && !(clock && line->digits >= 6 && han <= 4)) || han > 5)
		return false;
	if (line->letters) {
		static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";
		uint32_t i = 0;
		bool month = false;
		for (; i + 2 < n && !month; i++)
			for (size_t m = 0; m < 36 && !month; m += 3)
				month = (at(p, i) | 32) == (uint32_t)months[m] && (at(p, i + 1) | 32) == (uint32_t)months[m + 1] && (at(p, i + 2) | 32) == (uint32_t)months[m + 2];
		return month && line->digits >= 5 && line->digits <= 12 && line->covered < 12;
	}
	size_t marks = count_of(p, '-', '/') + count_of(p, '.', 0x5E74) + count_of(p, 0x6708, 0x6708);
	return marks >= 2 || (line->words & WORD_DAY);
}

/* 2025年6月19日 星期四: the date of the page at its head; elsewhere dates that stand alone belong to links, but for signatures. */
static bool test_date(const struct place *p)
{
	if (!p->line->date_only)
		return false;
	bool clock = p->line->digits >= 9 && (count_of(p, ':', 0xFF1A) || count_of(p, 0x65F6, 0x6642));                  /* 2025年5月14日 11時20分 is no text anywhere */
	bool alone = clock || (p->index && p->line[-1].kind != LINE_TEXT);       /* behind other furniture */
	if (p->zone == ZONE_HEAD || ((p->line->words & WORD_DAY) && p->zone != ZONE_BODY) || (p->zone == ZONE_BODY && alone)) {
		if (p->page->page_date < 0 && p->line->digits >= 5)
			p->page->page_date = (int32_t)p->index;
		return true;
	}
	return false;
}

static bool test_legal(const struct place *p)
{
	const page_line *line = p->line;
	if (!(line->words & WORD_LEGAL) || p->zone == ZONE_HEAD)
		return false;
	for (uint32_t i = 0; i + 3 < length(line) && length(line) <= 60 && line->digits >= 4; i++)
		if ((furniture_latin(p, i, "icp") && at(p, i + 3) == U'备') || (at(p, i) == U'网' && at(p, i + 1) == U'安' && at(p, i + 2) == U'备'))
			return true;                                               /* the number under which a Chinese site is registered */
	if (p->index + 12 < p->page->line_count)                               /* such words end a page */
		return false;
	if (p->zone == ZONE_TAIL && at(p, 0) == 0xA9 && length(line) <= 80)
		return true;                                                       /* © 某大学 */
	if (line->first_words & WORD_LEGAL)
		return line->width <= 300 && (line_is_covered(line, WORD_LEGAL, 30) || (line->words & WORD_SELF) || line->letters > line->han / 2);
	if (p->zone == ZONE_TAIL && length(line) <= 40 && !line->clauses && line->end == END_OPEN && line_is_covered(line, WORD_LEGAL, 50))
		return true;                                                       /* 某某時報網 版權所有 不得轉載 */
	size_t words = furniture_words(p, WORD_LEGAL | WORD_SELF);
	return words >= 3 && ((line->words & WORD_SELF) || line->end == END_OPEN);
}

/* （详情请参阅二维码）, 扫码看视频: a pointer to something that the text does not hold. */
static bool test_pointer(const struct place *p)
{
	const page_line *line = p->line;
	uint32_t a = at(p, 0), n = length(line);
	if (n >= 4 && n <= 14 && is_one_of(a, U"扫掃") && !line->clauses && line->end == END_OPEN && (line->first_words & (WORD_WIDGET | WORD_AD)))
		return true;                                                       /* 扫码看视频 */
	for (uint32_t i = 0; i + 1 < n && n <= 14 && p->page->wrapped && !line->clauses && line->end == END_OPEN && !line->digits; i++)
		if (is_one_of(at(p, i), U"扫掃") && is_one_of(at(p, i + 1), U"码碼"))
			return true;                                               /* 视频请扫码 */
	if (n < 4 || n > 24 || (a != '(' && a != 0xFF08))
		return false;
	return (line->words & (WORD_WIDGET | WORD_AD)) && line->clauses == 0 && line->covered >= 2 && furniture_words(p, WORD_WIDGET | WORD_AD) >= 1 && !line->digits &&
		count_of(p, 0x626B, 0x6383) + count_of(p, 0x8BE6, 0x8A73) + count_of(p, 0x7801, 0x78BC) > 0;       /* 扫 详 码 */
}

static bool is_pay(const struct place *p)
{
	const page_line *line = p->line;
	if (!(line->words & WORD_PAY) || line->width > 80 || line->numbered)
		return false;
	size_t words = furniture_words(p, WORD_PAY);
	if (at(p, length(line) - 1) == 0x3002 && words < 2)
		return false;
	return words >= 2 || line_is_covered(line, WORD_PAY, 60);
}

static bool test_pay(const struct place *p)
{
	bool pay = p->zone == ZONE_TAIL && is_pay(p);
	p->page->paid = p->page->paid || pay;
	return pay;
}

struct rule {
	enum line_rule rule;
	enum line_kind kind;
	bool (*test)(const struct place *p);
};

static const struct rule marks[] = {
	{RULE_TURN, LINE_FROM, test_from},
	{RULE_TURN, LINE_ON, test_on},
	{RULE_PAGE_NUMBER, LINE_DROPPED, test_page_number},
	{RULE_CLOSE, LINE_CLOSE, test_close},
	{RULE_NOTE, LINE_NOTE, test_note},
	{RULE_POINTER, LINE_DROPPED, test_pointer},
	{RULE_BYLINE, LINE_BYLINE, test_byline},
	{RULE_BYLINE, LINE_DROPPED, test_post},
	{RULE_CAPTION, LINE_CAPTION, test_caption},
};

static const struct rule rules[] = {
	{RULE_SYMBOLS, LINE_DROPPED, test_symbols},
	{RULE_PATH, LINE_DROPPED, test_path},
	{RULE_LABEL, LINE_DROPPED, test_label},
	{RULE_STAFF, LINE_DROPPED, test_staff},
	{RULE_PAY, LINE_DROPPED, test_pay},
	{RULE_IMPRINT, LINE_DROPPED, test_imprint},
	{RULE_PRESS, LINE_DROPPED, test_press},
	{RULE_PRESS, LINE_DROPPED, test_contact},
	{RULE_PRESS, LINE_DROPPED, test_enquiries},
	{RULE_WEATHER, LINE_DROPPED, test_weather},
	{RULE_PAGE_DATE, LINE_DROPPED, test_date},
	{RULE_LEGAL, LINE_DROPPED, test_legal},
	{RULE_WIDGET, LINE_DROPPED, test_widget},
	{RULE_WIDGET, LINE_DROPPED, test_file},
	{RULE_MENU, LINE_DROPPED, test_menu},
};

static void mark(page_line *line, enum line_kind kind, enum line_rule rule)
{
	line->kind = (uint8_t)kind;
	line->rule = (uint8_t)rule;
}

static bool try_rules(const struct rule *table, size_t count, const struct place *p)
{
	for (size_t i = 0; i < count; i++) {
		if (!table[i].test(p))
			continue;
		mark(p->line, table[i].kind, table[i].rule);
		return true;
	}
	return false;
}

bool line_is_body(const page *self, const page_line *line)
{
	return !line->date_only && (line_is_prose(line) || (self->wrapped && line->column && line->clauses && line_is_full(line)));
}

/* A short sentence ends the head of a page as well as prose does. */
static bool ends_head(const page *self, const page_line *line)
{
	return line_is_body(self, line) || line->lead_in || ((line->end == END_STOP || line->end == END_HALF) && line->width >= 20 && line->covered * 4u < line->han + line->letters);
}

/* A line that begins as news begin. The lead-in may go on in the next line, so the first word must do. */
static bool is_lead_in(const page *self, const page_line *line)
{
	byline names = {.count = 0};
	uint32_t a = self->text[line->at.begin];
	if (line > self->lines && !line->cut && (line[-1].end == END_OPEN || line[-1].end == END_COMMA) && line[-1].opens)
		return false;                                                      /* the bracket of a lead-in that the column broke */
	if (line->first_words & WORD_LEAD)
		return true;
	if ((a == 0x3010 || a == 0x3014) && (line->words & WORD_REPORTER))
		return true;
	bool inside = line > self->lines && furniture_inside(self, (size_t)(line - self->lines));
	return !inside && byline_lead_in(self->words, self->text, line->at, &names) > 0;
}

/* 天气预报, 今日天气: the heading of a box of weather lines. */
static void mark_weather_heads(page *self)
{
	for (size_t i = 0; i + 1 < self->line_count; i++) {
		page_line *line = &self->lines[i];
		if (line->kind == LINE_TEXT && line->rule == RULE_NONE && line_is_covered(line, WORD_WEATHER, 80) && line->width <= 24 && line[1].rule == RULE_WEATHER)
			mark(line, LINE_DROPPED, RULE_WEATHER);
	}
}

/* 某某区人民政府门户网站 right above the breadcrumb: the name of the site. */
static void mark_site(page *self, size_t head)
{
	for (size_t i = 0; i < 3 && i + 1 < head; i++) {
		page_line *line = &self->lines[i];
		if (line->kind == LINE_TEXT && line[1].kind == LINE_DROPPED && line[1].rule == RULE_PATH && !line->clauses && line->end == END_OPEN && line->width <= 44) {
			mark(line, LINE_DROPPED, RULE_MASTHEAD);
			if (self->masthead < 0) {
				self->masthead = (int32_t)i;
				self->masthead_name = line->at;
			}
		}
	}
}

void page_mark_lines(page *self)
{
	size_t head = self->line_count, tail = 0;
	for (size_t i = 0; i < self->line_count; i++) {
		page_line *line = &self->lines[i];
		struct place p = {self, line, i, ZONE_BODY};
		line->lead_in = is_lead_in(self, line);
		line->date_only = is_date_only(&p);
		if (head == self->line_count && (ends_head(self, line) || line->numbered))
			head = i;
		if (!line_is_body(self, line) && !line->lead_in)
			continue;
		p.zone = ZONE_TAIL;
		if (!test_legal(&p) && !is_pay(&p) && !test_enquiries(&p) && !test_weather(&p) && !test_imprint(&p))
			tail = i + 1;
	}
	for (size_t i = 0; i < self->line_count; i++) {
		page_line *line = &self->lines[i];
		struct place p = {self, line, i, i < head ? ZONE_HEAD : i >= tail ? ZONE_TAIL : ZONE_BODY};
		if (line->cut && caption_ends_with_credit(&p) && line[-1].kind == LINE_TEXT && line[-1].letters > line[-1].han) {
			mark(line - 1, LINE_CAPTION, RULE_CAPTION);
			mark(line, LINE_CAPTION, RULE_CAPTION);
			continue;
		}
		if (line->cut && caption_stands_alone(&p))
			mark(line - 1, LINE_CAPTION, RULE_CAPTION);
		if (line->cut && line[-1].kind == LINE_CAPTION) {
			mark(line, LINE_CAPTION, RULE_CAPTION);                    /* the credit of the caption before it */
			continue;
		}
		if (line->cut && test_pay(&p)) {
			mark(line, LINE_DROPPED, RULE_PAY);                        /* ……（试读已结束，全文共9000字） */
			if (!line[-1].han && !line[-1].letters && line[-1].kind == LINE_TEXT)
				mark(line - 1, LINE_DROPPED, RULE_SYMBOLS);
			continue;
		}
		if (try_rules(marks, sizeof marks / sizeof *marks, &p))
			continue;
		if (!line->cut && !line->lead_in && (!furniture_inside(self, i) || is_rule_off(&p)))
			try_rules(rules, sizeof rules / sizeof *rules, &p);
	}
	mark_weather_heads(self);
	mark_site(self, head);
	page_mark_folio(self, head);
	page_drop_links(self, tail);
	for (size_t i = 0; i < self->line_count; i++)
		if (self->lines[i].kind == LINE_DROPPED) {
			self->removed_lines++;
			self->removed_characters += self->lines[i].at.end - self->lines[i].at.begin;
		}
}

const char *page_rule_name(enum line_rule rule)
{
	static const char *const names[RULE_COUNT] = {"text", "symbols", "path", "menu", "label", "widget", "staff", "press", "weather", "page date", "masthead",
		"legal", "pay line", "behind pay line", "related", "link list", "caption", "byline", "source note", "page turn", "end mark", "pointer", "announcement", "page number", "imprint"};
	return rule < RULE_COUNT ? names[rule] : "";
}
