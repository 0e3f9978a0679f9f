/* headline.c - see headline.h.
 *
 * Papers set a headline on two lines when it does not fit its column, and print lines above (kicker) and below (subtitle) it in other type. Plain text has lost the type: what is left is
 * the length of the lines, blanks, colons, dashes, quotes. Where these tell the lines apart, they get their roles; two lines of about one length with nothing to tell them are one headline, because half a
 * headline is wrong and a headline with its subtitle is not. */
#include "headline.h"

/* Two pieces of four characters or more with a blank between: only headlines are printed so. */
bool headline_has_pieces(const page *self, const page_block *block)
{
	uint32_t piece = 0, long_ones = 0;
	for (uint32_t i = block->at.begin; i <= block->at.end; i++) {
		bool end = i == block->at.end || char_is_blank(self->flow[i]);
		if (end) {
			long_ones += piece >= 4;
			piece = 0;
		} else {
			piece++;
		}
	}
	return long_ones >= 2;
}

/* …时评, …快语, …观察: up to six characters that end as names of columns do. */
bool headline_is_rubric(const page *self, const page_block *block)
{
	static const uint32_t ends[][2] = {{U'时', U'评'}, {U'時', U'評'}, {U'短', U'评'}, {U'快', U'评'}, {U'锐', U'评'}, {U'评', U'论'}, {U'評', U'論'}, {U'快', U'语'}, {U'论', U'语'}, {U'絮', U'语'},
		{U'论', U'坛'}, {U'論', U'壇'}, {U'漫', U'谈'}, {U'杂', U'谈'}, {U'夜', U'话'}, {U'随', U'笔'}, {U'走', U'笔'}, {U'观', U'察'}, {U'觀', U'察'}, {U'视', U'点'}, {U'声', U'音'}, {U'之', U'声'},
		{U'茶', U'座'}, {U'简', U'讯'}, {U'短', U'讯'}, {U'快', U'讯'}, {U'简', U'报'}, {U'之', U'窗'}, {U'连', U'线'}, {U'速', U'递'}, {U'纵', U'横'}, {U'聚', U'焦'}, {U'播', U'报'},
		{U'关', U'注'}, {U'關', U'注'}, {U'要', U'闻'}, {U'要', U'聞'}, {U'动', U'态'}, {U'動', U'態'}, {U'链', U'接'}, {U'手', U'记'}, {U'手', U'記'}, {U'传', U'真'}, {U'视', U'窗'}, {U'专', U'栏'}, {U'專', U'欄'},
		{U'特', U'写'}, {U'特', U'寫'}, {U'快', U'报'}, {U'快', U'報'}, {U'资', U'讯'}, {U'資', U'訊'}, {U'天', U'地'}, {U'园', U'地'}, {U'广', U'角'}, {U'热', U'线'}, {U'热', U'点'}, {U'熱', U'點'}, {U'调', U'查'}, {U'专', U'题'}, {U'新', U'闻'}, {U'新', U'聞'}};
	uint32_t n = headline_length(block);
	for (size_t k = 0; n >= 4 && n <= 6 && k < sizeof ends / sizeof *ends; k++)
		if (self->flow[block->at.end - 2] == ends[k][0] && self->flow[block->at.end - 1] == ends[k][1])
			return true;
	return false;
}

/* The name of a column, not a headline. */
bool headline_is_short(const page *self, const page_block *block)
{
	return headline_length(block) <= 4 || headline_is_rubric(self, block);
}

/* ——某县见闻: a line behind a dash explains the headline before it. */
static bool is_dashed(const page *self, const page_block *block)
{
	uint32_t a = self->flow[block->at.begin];
	return headline_length(block) > 3 && (a == 0x2014 || a == 0x2015 || a == 0x2500 || (a == '-' && self->flow[block->at.begin + 1] == '-'));
}

/* 甲某讲话 乙某主持: who spoke at the meeting stands below its headline. */
bool headline_is_subtitle(const page *self, const page_block *block)
{
	static const uint32_t does[][2] = {{U'讲', U'话'}, {U'主', U'持'}, {U'出', U'席'}, {U'参', U'加'}, {U'部', U'署'}, {U'致', U'辞'}, {U'講', U'話'}, {U'參', U'加'}};
	uint32_t n = headline_length(block);
	for (size_t k = 0; n >= 4 && n <= 24 && k < sizeof does / sizeof *does; k++)
		if (self->flow[block->at.end - 2] == does[k][0] && self->flow[block->at.end - 1] == does[k][1])
			return true;
	return is_dashed(self, block);
}

/* Two or three pieces equally long: the pair of slogans that Chinese papers like as main headline. */
static bool is_parallel(const page *self, const page_block *block)
{
	uint32_t piece = 0, first = 0, pieces = 0;
	for (uint32_t i = block->at.begin; i <= block->at.end; i++) {
		if (i < block->at.end && !char_is_blank(self->flow[i])) {
			piece += char_is_word(self->flow[i]);
			continue;
		}
		if (!piece)
			continue;
		if (pieces && (piece > first + 1 || first > piece + 1))
			return false;
		first = pieces ? first : piece;
		pieces++;
		piece = 0;
	}
	return pieces >= 2;
}

/* 某某调研时强调: a line that ends with a word of saying announces what the next line says. */
static bool is_announcing(const page *self, const page_block *block)
{
	static const uint32_t says[][2] = {{0x5F3A, 0x8C03}, {0x5F37, 0x8ABF}, {0x6307, 0x51FA}, {0x8981, 0x6C42}, {0x63D0, 0x51FA}, {0x8868, 0x793A}, {0x6307, 0x793A}, {0x547C, 0x5401}, {0x6279, 0x793A}};
	uint32_t n = headline_length(block);
	const uint32_t *z = self->flow + block->at.end - 2;
	for (size_t k = 0; n >= 6 && k < sizeof says / sizeof *says; k++)
		if (z[0] == says[k][0] && z[1] == says[k][1])
			return true;
	return false;
}

static bool has_quote(const page *self, const page_block *block)
{
	for (uint32_t i = block->at.begin; i < block->at.end; i++)
		if (self->flow[i] == 0x201C || self->flow[i] == 0x300C)
			return true;
	return false;
}

static bool has_blank(const page *self, const page_block *block)
{
	for (uint32_t i = block->at.begin; i < block->at.end; i++)
		if (char_is_blank(self->flow[i]))
			return true;
	return false;
}

/* 缺工严重 | 农场引进机器人: four characters above the line that goes on, as no name of a column is. */
static bool is_first_clause(const page *self, const page_block *a, const page_block *b)
{
	return self->wrapped && headline_length(a) == 4 && !headline_is_rubric(self, a) && self->lines[a->line].han == 4 && b == a + 1 && !b->apart && b->gap <= self->usual_gap && headline_length(b) <= 12 && !has_blank(self, b);
}

/* 一座老厂房的 | “三次转身”: no headline ends with such a word. */
static bool is_unfinished(const page *self, const page_block *block)
{
	static const uint32_t words[] = {U'的', U'和', U'与', U'與', U'及', U'为', U'為', U'把', U'被', U'让', U'讓', U'向', U'对', U'對', U'从', U'從', U'以', U'将', U'將', U'、'};
	uint32_t last = self->flow[block->at.end - 1];
	for (size_t k = 0; k < sizeof words / sizeof *words; k++)
		if (last == words[k])
			return headline_length(block) >= 3;
	return false;
}

/* May line `b` be the second half of the headline `a`? Nothing printed tells the two apart: they touch, end open, have no blanks inside, and the second is not longer than the first by more than two thirds.
 * An English one begins in lower case. */
bool headline_goes_on(const page *self, const page_block *a, const page_block *b)
{
	uint32_t first = self->flow[b->at.begin];
	bool open = a->end == END_OPEN || a->end == END_BRACKET, touching = !b->apart && b == a + 1 && (b->gap <= self->usual_gap || b->gap <= a->gap);
	if (!open || !touching || headline_is_subtitle(self, b) || is_announcing(self, a))
		return false;
	if (char_is_letter(first) && self->lines[b->line].letters > self->lines[b->line].han)
		return first >= 'a' && first <= 'z';
	if (has_quote(self, a) && !has_quote(self, b) && self->lines[b->line].digits)
		return false;                                                  /* 公交“微循环”进老小区, 首批6条线路开通: the play, then the figures */
	if (is_first_clause(self, a, b) || is_unfinished(self, a))
		return true;
	return !has_blank(self, a) && !has_blank(self, b) && headline_length(b) >= 3 && headline_length(b) * 3 <= headline_length(a) * 5;
}

/* 的通知, 》的意见: the end of a headline that the line before began. */
static bool is_rest(const page *self, const page_block *a, const page_block *b)
{
	uint32_t first = self->flow[b->at.begin];
	return self->lines[a->line].quoting || first == U'的' || first == U'》' || first == U'及' || first == U'暨';
}

/* Does the first of the headings announce the headline behind it? It ends with a colon or a verb of saying, is much shorter, or the next is a pair of slogans or plays with a word in quotes, as
 * headlines do and kickers do not. */
static bool is_kicker(const page *self, const page_block *a, const page_block *b, size_t n)
{
	uint32_t x = headline_length(a), y = headline_length(b);
	bool parallel = is_parallel(self, a);
	bool figures = self->lines[b->line].digits && !self->lines[a->line].digits;          /* a pair that gives the figures explains the headline before it */
	bool kicker = a->end == END_HALF || (x < y && !parallel && !figures && is_parallel(self, b)) || (!parallel && x <= 10 && x * 5 < y * 3) || is_announcing(self, a);
	kicker = kicker || (n == 2 && !parallel && has_quote(self, b) && !has_quote(self, a) && !headline_has_pieces(self, b) && y <= x + 2);
	return kicker && !headline_is_subtitle(self, b) && !is_first_clause(self, a, b) && !is_unfinished(self, a);
}

/* Of three headings the first of those that are the headline: the longest first line of three is one, others are kickers; so is one before two lines that belong together. */
static size_t first_of_three(const page *self, const page_block *a, const page_block *b, const page_block *c)
{
	uint32_t x = headline_length(a), y = headline_length(b), z = headline_length(c);
	if (is_dashed(self, b))
		return 0;
	if (y == z || x < y || (!is_parallel(self, a) && z <= y && x * 2 < y * 3))
		return 1;
	return headline_goes_on(self, b, c) && (has_blank(self, a) || x * 5 > y * 7);
}

void headline_set_roles(page *self, const uint32_t *heads, size_t n)
{
	size_t main = 0, last;
	if (!n)
		return;
	const page_block *blocks = self->blocks, *a = &blocks[heads[0]], *b = n > 1 ? &blocks[heads[1]] : a, *c = n > 2 ? &blocks[heads[2]] : NULL;
	bool several = self->paged || self->wrapped || self->masthead >= 0;                           /* the headline of a page of one article is one line, but for the end of a title */
	if (n > 1 && is_kicker(self, a, b, n))
		main = 1;
	else if (n == 3 && !(several && headline_goes_on(self, a, b) && !headline_goes_on(self, b, c)))
		main = first_of_three(self, a, b, c);
	last = main;
	if (n == 3 && main == 1 && headline_length(b) == headline_length(c) && !is_dashed(self, c))
		last = 2;                                                      /* kicker, headline on two lines */
	else if (main + 1 < n && (several || is_rest(self, &blocks[heads[main]], &blocks[heads[main + 1]])) && headline_goes_on(self, &blocks[heads[main]], &blocks[heads[main + 1]]))
		last = main + 1;
	if (last > main) {                                                     /* two lines of one length are a pair of slogans: a blank stays between them */
		uint32_t x = headline_length(&blocks[heads[main]]), y = headline_length(&blocks[heads[last]]);
		self->blocks[heads[last]].rest = (x > y + 1 || y > x + 1) && (x > 4 || y <= 6);
		self->blocks[heads[last]].rest |= last == main + 1 && is_unfinished(self, &blocks[heads[main]]);
	}
	for (size_t i = 0; i < n; i++)
		self->blocks[heads[i]].role = i < main ? ROLE_KICKER : i <= last ? ROLE_TITLE : ROLE_SUBTITLE;
}

/* A word of up to four characters above or below a headline, with a gap between: the name of a column. */
void headline_take_rubrics(page *self, uint32_t *heads, size_t *n, page_article *article)
{
	if (*n < 2)
		return;
	size_t last = *n - 1;
	const page_block *first = &self->blocks[heads[0]];
	bool half = is_first_clause(self, first, &self->blocks[heads[1]]);
	if (headline_is_short(self, first) && !half && first->end != END_HALF) {
		article->section = heads[0] + 1;
		self->blocks[heads[0]].role = ROLE_OUT;
		for (size_t i = 0; i + 1 < *n; i++)
			heads[i] = heads[i + 1];
		--*n;
	} else if (headline_is_rubric(self, &self->blocks[heads[last]]) || (headline_is_short(self, &self->blocks[heads[last]]) && self->blocks[heads[last]].gap > self->blocks[heads[last - 1]].gap)) {
		self->blocks[heads[last]].role = ROLE_OUT;
		--*n;
	}
}
