/* furniture_caption.c - captions of pictures that the text has lost, by their marks and credits; see furniture.h and furniture.c. Those without any mark: captions.c. */
#include "furniture.h"

/* `… on Monday. (Some Press Photo/Jane Doe)`: the credit in the last bracket, which may be a line of its own. */
bool caption_ends_with_credit(const struct place *p)
{
	uint32_t n = length(p->line), open = n;
	if (n < 10 || n > 400 || at(p, n - 1) != ')')
		return false;
	while (open && n - open < 60 && at(p, open - 1) != '(')
		open--;
	for (uint32_t i = open; i + 5 < n; i++)
		if (furniture_latin(p, i, "photo") || furniture_latin(p, i, "image"))
			return true;
	return false;
}

/* 某某 摄, 某学院供图 at the end of the line, without a stop behind it. */
static bool ends_with_han_credit(const struct place *p)
{
	static const char32_t *const ends[] = {U"供图", U"供圖", U"摄影", U"攝影", U"提供", U"翻攝", U"翻摄", NULL};
	uint32_t n = length(p->line);
	n -= n && is_one_of(at(p, n - 1), U"）)");                               /* （記者某某攝） */
	uint32_t z = n ? at(p, n - 1) : 0, y = n > 1 ? at(p, n - 2) : 0;
	if (n < 4 || p->line->letters > p->line->han)
		return false;
	for (const char32_t *const *end = ends; *end; end++)
		if (y == (*end)[0] && z == (*end)[1]) {
			uint32_t before = n > 2 ? at(p, n - 3) : 0;
			/* 八旬老人学摄影, 午餐免费提供 are headlines */
			return z == U'供' ? is_one_of(before, U"局院部处處会會社府馆館校司学學站台署厅廳") : z == U'影' ? char_is_blank(before) || is_one_of(before, U"／/：:") : true;
		}
	return is_one_of(z, U"摄攝");
}

/* `学生在车间实训 某学院供图`: two pieces, the last one a credit, and no sentence. */
static bool is_credited(const struct place *p)
{
	uint32_t blank = length(p->line);
	if (p->line->clauses || p->line->end != END_OPEN || length(p->line) > 60 || !ends_with_han_credit(p))
		return false;
	while (blank && !char_is_blank(at(p, blank - 1)))
		blank--;
	uint32_t first = blank;
	for (uint32_t i = 0; i + 1 < blank; i++)
		first = char_is_blank(at(p, i)) && i < first ? i : first;
	return first >= 7 && blank && length(p->line) - blank >= 3;
}

/* …（圖／某局提供）, （記者某某攝）, （翻攝自某處）: a bracket at the end that says where the picture is from. */
static bool is_bracket_credit(const struct place *p)
{
	uint32_t n = length(p->line), open = n ? n - 1 : 0;
	if (n < 5 || n > 120 || !is_one_of(at(p, n - 1), U"）)"))
		return false;
	while (open && n - open < 30 && !is_one_of(at(p, open), U"（("))
		open--;
	if (!is_one_of(at(p, open), U"（("))
		return false;
	uint32_t y = at(p, n - 2), x = at(p, n - 3), a = at(p, open + 1), b = at(p, open + 2);
	return (y == U'供' && x == U'提') || (is_one_of(a, U"图圖") && is_one_of(b, U"／/：:")) || (a == U'翻' && is_one_of(b, U"摄攝")) || (x == U'供' && is_one_of(y, U"图圖")) ||
	       (x == U'料' && is_one_of(y, U"图圖") && n - open <= 6);               /* （资料图） */
}

/* `甲与乙合影。 记者某某 摄`: the credit was cut off, and what stands before it is one line by itself, not the text below a heading. */
bool caption_stands_alone(const struct place *p)
{
	const page_line *text = p->line - 1, *before = p->index > 1 ? text - 1 : NULL;
	if (is_bracket_credit(p) && text->kind == LINE_TEXT && text->clauses <= 3 && text->width <= 120 && !text->lead_in && !furniture_inside(p->page, p->index - 1))
		return true;
	if (!ends_with_han_credit(p) || text->kind != LINE_TEXT || text->clauses > 3 || text->width > 120 || text->lead_in || ((text->words & ~text->first_words) & WORD_PHOTO) || furniture_inside(p->page, p->index - 1))
		return false;
	return before && (before->kind == LINE_BYLINE || before->kind == LINE_CAPTION || (before->kind == LINE_TEXT && before->end == END_STOP));
}

/* Photo captions: ▲ before, a credit behind, or who stands where: （左） （右二）. */
bool test_caption(const struct place *p)
{
	const page_line *line = p->line;
	uint32_t a = at(p, 0), n = length(line);
	if (n > 120)
		return false;
	if (a == 0x25B2 || a == 0x25B3 || a == 0x25BC || a == 0x25B6 || a == 0x25C0 || a == 0x25BA || a == 0x25C4)      /* ▲ △ ▼ ▶ ◀ ► ◄ */
		return n > 4;
	for (uint32_t i = 0; i + 2 < n && n <= 60; i++) {
		uint32_t c = at(p, i + 1), d = at(p, i + 2);
		if (at(p, i) != '(' && at(p, i) != 0xFF08)
			continue;
		bool side = c == 0x5DE6 || c == 0x53F3 || (c == 0x4E2D && (d == ')' || d == 0xFF09));      /* 左 右 中 */
		if (side && line->clauses <= 2 && (d == ')' || d == 0xFF09 || char_is_number(d)))
			return true;
	}
	if ((line->first_words & WORD_CAPTION) && count_of(p, ':', U'：') && line->clauses <= 1 && n <= 80)
		return true;                                                       /* 圖說：… */
	if (is_credited(p))
		return true;
	if (line->letters > line->han)
		return ((line->words & WORD_PHOTO) && line->end != END_STOP && n <= 160) || caption_ends_with_credit(p);
	if (is_bracket_credit(p))
		return true;
	uint32_t z = at(p, n - 1), y = n > 1 ? at(p, n - 2) : 0;
	if ((z == ')' || z == 0xFF09) && (y == 0x6444 || y == 0x651D))         /* （某某摄） */
		return p->zone == ZONE_BODY;
	return false;
}
