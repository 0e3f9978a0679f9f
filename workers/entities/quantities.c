/* quantities.c - see quantities.h. The scan and the assembly: number, unit, range, qualifiers.
 *
 * Most characters are no digits and no numerals; the scan passes them with one comparison or a small switch. Titles in 《》 and short quoted names
 * (“1+3”, “六个一批”) are passed over: what is numbered in a name is not counted. */
#include "quantities.h"

#include <math.h>
#include <stdlib.h>

#include "common/mem.h"
#include "common/utf8.h"
#include "quantity_rules.h"

#define NAME_CHARACTERS 18               /* a quoted phrase without punctuation up to this length is a name */
#define TITLE_CHARACTERS 80              /* 《…》 */
#define SHARE_CHARACTERS 8               /* between 占 and its fraction */
#define SUBJECT_CHARACTERS 20            /* between a figure and the growth that is told of it */
#define MONEY_CLASS_CHARACTERS 10        /* behind 百亿级, where it must say of what */
#define QUALIFIERS_BEFORE U"不少于 不低于 不超过 不高于 不多于 不小于 不大于 不超出 不足 不到 不满 未满 至少 至多 最多 最少 最高 最低 " \
	"超过 突破 高于 低于 少于 多于 大于 小于 接近 将近 靠近 大约 约为 约有 高达 多达 超 逾 近 约 满"
#define CHANGES U"增加到 提高到 提升到 增长到 下降到 上升到 扩大到 降低到 缩短到 减少到 增加至 提高至 提升至 增长至 下降至 上升至 扩大至 降低至 缩短至 减少至 升至 降至 增至 减至 升到 降到 增到 减到 扩至 涨到 涨至 跌至 到 至"
#define QUALIFIERS_BARE U"上 过 破 数以"  /* before a multiplier alone */
#define QUALIFIERS_BEHIND U"以上 以下 以内 之内 左右 上下 有余 开外 之多 不等"
#define QUALIFIERS_LATE U"多 余 许"       /* behind a measure only: 3年多. 3人多次获奖 goes on otherwise */

/* ---- a number and its unit ---- */

static uint32_t skip_blank(const fact_text *text, uint32_t at)
{
	return at + (text->characters[at] == ' ' || text->characters[at] == 0xA0 || text->characters[at] == 0x3000);
}

static void add_unit(const fact_text *text, figure *out)
{
	const uint32_t *c = text->characters;
	uint32_t p = out->number.end;
	bool qualified = is_one_of(c[p], U"余多几") || (c[p] == U'来' && out->number.form == NUMERAL_HAN);
	if (unit_match(text, skip_blank(text, p + qualified), &out->unit)) {
		out->unit_at.begin = skip_blank(text, p + qualified);
		if (qualified)
			out->number.inner = (fact_span){p, p + 1};
	} else if (c[p] == U'成' && c[p + 1] == U'为' && out->number.form == NUMERAL_HAN && out->number.value < 10 && out->begin && is_one_of(c[out->begin - 1], U"近约超逾有")) {
		out->unit = (unit){p + 1, UNIT_TENTHS, UNIT_SMALL};                /* 近六成为青年: 成为 is no word here */
		out->unit_at.begin = p;
	} else if (!qualified || !unit_match(text, skip_blank(text, p), &out->unit)) {
		out->unit = (unit){.end = 0};
		return;
	} else {
		out->unit_at.begin = skip_blank(text, p);
	}
	if (out->unit.kind == UNIT_COUNT || out->unit.kind == UNIT_MEASURE || out->unit.kind == UNIT_MONEY)
		out->unit.end = unit_compound_end(text, out->unit.end);
	out->unit_at.end = out->end = out->unit.end;
}

/* 百分之三十, 万分之五, 三分之二. */
static bool read_parts(const fact_text *text, uint32_t at, figure *out)
{
	uint32_t p = out->number.end;
	const uint32_t *c = text->characters;
	double whole = out->number.value;
	if (c[at] == U'百' && c[at + 1] == U'分') {
		p = at + 1;
		whole = 100;
	}
	if (c[p] != U'分' || c[p + 1] != U'之' || whole < 2)
		return false;
	numeral part;
	bool found = numeral_read(text, p + 2, &part);
	out->end = part.end;
	if (!found)
		return false;
	out->number = part;
	out->number.begin = at;
	out->unit = (unit){part.end, UNIT_SHARE, 0};
	out->hundredths = whole == 100;
	out->divided = whole == 100 ? 0 : whole;
	return true;
}

bool figure_read(const fact_text *text, uint32_t at, figure *out)
{
	*out = (figure){.begin = at};
	bool found = numeral_read(text, at, &out->number);
	out->end = out->number.end;
	if (text->characters[at] == U'百' || text->characters[out->end] == U'分')
		if (read_parts(text, at, out))
			return true;
	if (found)
		add_unit(text, out);
	return found;
}

/* ---- ranges ---- */

static uint32_t range_separator_end(const fact_text *text, uint32_t at)
{
	uint32_t c = text->characters[at];
	if (c == '-' || c == '~' || c == U'至' || c == U'到' || c == U'–' || c == U'‐' || c == U'−')
		return at + 1;
	if (c == U'—' || c == U'―' || c == U'─')
		return at + 1 + (text->characters[at + 1] == c);
	return at;
}

static bool is_numeral(const fact_text *text, uint32_t at)
{
	return numeral_is_digit(text, at) || numeral_han_digit(text->characters[at]) >= 0 || numeral_han_power(text->characters[at]);
}

static bool same_unit(const fact_text *text, const figure *a, const figure *b)
{
	fact_span x = a->unit_at, y = b->unit_at;
	if (x.end - x.begin != y.end - y.begin)
		return false;
	return !memcmp(text->characters + x.begin, text->characters + y.begin, (x.end - x.begin) * sizeof *text->characters);
}

/* The other end of a range: 3—5年, 5万至8万元, 10%到15%. Not 从41%到23%: that is a change and two figures. */
static bool range_read(const fact_text *text, figure *from, figure *to)
{
	uint32_t p = range_separator_end(text, from->end), before;
	if (p == from->end || !is_numeral(text, p) || (from->unit.end && ends_with_word(text, from->begin, U"从 由 自", &before)))
		return false;
	if (!figure_read(text, p, to))
		return false;
	if (from->hundredths && !to->unit.end && !to->hundredths) {      /* 百分之三十至四十 */
		to->unit = (unit){to->end, UNIT_SHARE, 0};
		to->hundredths = true;
	}
	if (!to->unit.end || (from->unit.end && (from->unit.kind != to->unit.kind || !same_unit(text, from, to))))
		return false;
	double mantissa = to->number.value / to->number.scale;
	if (!from->unit.end && from->number.scale == 1 && to->number.scale > 1 && from->number.value < mantissa) {
		from->number.value *= to->number.scale;          /* 5至10万元 */
		from->number.scale = to->number.scale;
	}
	return to->number.value > from->number.value;
}

/* ---- qualifiers ---- */

/* 附近, 节约: the last character of another word. */
static bool is_inside_word(const fact_text *text, uint32_t begin, uint32_t end)
{
	if (end - begin != 1 || !begin)
		return false;
	uint32_t c = text->characters[begin], before = text->characters[begin - 1];
	if (c == U'近')
		return is_one_of(before, U"附临最靠邻远亲贴新");
	if (c == U'约')
		return is_one_of(before, U"节合签预公制条特邀续契违履誓盟简");
	if (c == U'满')
		return is_one_of(before, U"圆饱充美");
	if (c == U'超')
		return is_one_of(before, U"高中英");
	return c == U'过' && is_one_of(before, U"通经透度");
}

/* -0.1%, 零下3℃: a sign before a share or a temperature. Before other units a stroke is punctuation. */
static void add_sign(const fact_text *text, const figure *from, quantity *out)
{
	uint32_t begin, c = from->begin ? text->characters[from->begin - 1] : '\n', further = from->begin > 1 ? text->characters[from->begin - 2] : '\n';
	bool degrees = is_one_of(text->characters[out->unit.begin], U"°度摄");
	if (out->kind != UNIT_SHARE && out->kind != UNIT_POINTS && !degrees)
		return;
	bool stroke = (c == '-' || c == U'−') && further != '-' && !is_one_of(further, U"%°)");
	if (!stroke && !(degrees && ends_with_word(text, from->begin, U"零下", &begin)))
		return;
	out->at.begin = stroke ? from->begin - 1 : begin;
	out->value = -out->value;
	out->value_to = -out->value_to;
}

static void add_qualifiers(const fact_text *text, const figure *from, quantity *out)
{
	uint32_t begin = out->at.begin, end;
	if (begin && text->characters[begin - 1] == ' ')
		begin--;
	bool bare = from->number.form == NUMERAL_BARE && !from->hundredths;
	uint32_t at;
	if ((ends_with_word(text, begin, QUALIFIERS_BEFORE, &at) || (bare && ends_with_word(text, begin, QUALIFIERS_BARE, &at))) && !is_inside_word(text, at, begin)) {
		out->qualifier = (fact_span){at, begin};
		out->at.begin = at;
	}
	bool found = begins_with_word(text, out->at.end, QUALIFIERS_BEHIND, &end) && text->characters[end] != U'游' && text->characters[end] != U'式';
	if (!found && out->kind != UNIT_COUNT)
		found = begins_with_word(text, out->at.end, QUALIFIERS_LATE, &end) && text->characters[end] != U'次' && text->characters[end] != U'个';
	if (found && out->qualifier.begin == out->qualifier.end)
		out->qualifier = (fact_span){out->at.end, end};
	if (found)
		out->at.end = end;
	if (out->qualifier.begin == out->qualifier.end && from->number.inner.end)
		out->qualifier = from->number.inner;
}

/* ---- assembly ---- */

static double rounded(double value)              /* fractions to four places: 1/3 is 0.3333 */
{
	return round(value * 10000) / 10000;
}

/* 六成五: the digit behind the word. */
static double last_tenth(const fact_text *text, uint32_t *end)
{
	uint32_t c = text->characters[*end];
	int digit = numeral_is_digit(text, *end) ? (int)(c - '0') : numeral_han_digit(c);
	unit ignored;
	if (c == U'半') {
		++*end;
		return 5;
	}
	if (digit < 1 || is_numeral(text, *end + 1) || unit_match(text, *end + 1, &ignored))
		return 0;
	++*end;
	return digit;
}

/* 3个半小时, 2个多月, 5分多钟: a word inside the unit. */
static void set_split_unit(const fact_text *text, quantity *out)
{
	static const struct { const char32_t *printed; const char *unit; } split[] = {{U"个半小时", "小时"}, {U"个半月", "个月"}, {U"个半星期", "星期"}, {U"年半", "年"}, {U"天半", "天"}, {U"分半钟", "分钟"},
		{U"个多小时", "小时"}, {U"个多月", "个月"}, {U"个多星期", "星期"}, {U"分多钟", "分钟"}, {U"小时多", "小时"}};
	uint32_t end;
	for (size_t i = 0; i < sizeof split / sizeof *split; i++) {
		if (!begins_with_word(text, out->unit.begin, split[i].printed, &end) || end != out->unit.end)
			continue;
		uint32_t p = out->unit.begin;
		while (text->characters[p] != U'半' && text->characters[p] != U'多')
			p++;
		out->unit_name = split[i].unit;
		if (text->characters[p] == U'多')
			out->qualifier = (fact_span){p, p + 1};
		else
			out->value += 0.5;
	}
}

static void set_value(const fact_text *text, quantity *out, const figure *from, const figure *to)
{
	const numeral *number = &from->number;
	double scale = 1;
	out->kind = to->unit.kind;
	out->unit = to->unit_at;
	if (out->kind == UNIT_MONEY) {
		scale = to->number.scale;
		out->scale = to->number.scaled;
	}
	out->value = number->value / scale;
	out->value_to = (to != from ? to->number.value : number->value_to) / scale;
	if (out->kind == UNIT_TIME)
		set_split_unit(text, out);
	if (from->divided) {
		out->unit_name = from->divided == 1000 ? "‰" : from->divided == 10000 ? "‱" : "";
		if (!*out->unit_name)
			out->value = rounded(out->value / from->divided);
	} else if (out->kind == UNIT_SHARE) {
		out->unit_name = from->hundredths || text->characters[out->unit.begin] == '%' ? "%" : NULL;
	} else if (out->kind == UNIT_TENTHS) {
		out->value = out->value * 10 + last_tenth(text, &out->at.end);
		out->value_to *= 10;
		out->unit_name = "%";
	} else if (out->kind == UNIT_OFF) {
		out->value *= out->value < 10 ? 10 : 1;
		out->value_to *= out->value_to < 10 ? 10 : 1;
		out->unit_name = "%";
	}
}

/* 3家多于5家: a word that both sides claim goes with the figure behind it. */
static void part_from(quantity *last, uint32_t begin)
{
	if (last->at.end <= begin)
		return;
	last->at.end = begin;
	if (last->qualifier.end > begin)
		last->qualifier = (fact_span){0, 0};
}

static void add(quantities *self, const quantity *item)
{
	if (self->count)
		part_from(&self->items[self->count - 1], item->at.begin);
	if (self->count == self->room) {
		self->room = self->room ? self->room * 2 : 32;
		self->items = mem_grow(self->items, self->room, sizeof *self->items);
	}
	self->items[self->count++] = *item;
}

/* What is counted. Of 同比增长 the subject is that of the figure before it in the sentence. */
static void add_what(const quantities *self, const fact_text *text, quantity *item)
{
	if (!text->chinese) {
		item->what = latin_counted(text, item);
		return;
	}
	const quantity *last = self->count ? &self->items[self->count - 1] : NULL;
	uint32_t from = last ? last->at.end : 0, end;
	item->what = counted_find(text, item, from);
	if (!last || item->at.begin - from > SUBJECT_CHARACTERS)
		return;
	if (item->what.begin == item->what.end && item->at.begin - from <= 2 && is_one_of(text->characters[from], U"、和及或与")) {
		item->what = last->what;         /* 1.7%、1.5%和0.9% */
		item->subject = last->subject;
	}
	if (begins_with_word(text, from, CHANGES, &end) && end == item->at.begin) {
		item->what = last->what;         /* 由41家增加到126家 */
		item->subject = last->subject;
		return;
	}
	if (!counted_is_growth(text, item->what))
		return;
	for (uint32_t p = last->at.end; p < item->at.begin; p++)
		if (is_one_of(text->characters[p], U"。;\n"))
			return;
	item->subject = counted_is_growth(text, last->what) ? last->subject : last->what;
}

/* 百亿级产业: an amount of money without its unit. */
static bool is_money_class(const fact_text *text, const figure *at)
{
	uint32_t ignored, p = at->number.end + 1;
	if (at->number.scale < 1e4 || (at->number.value / at->number.scale < 10 && at->number.scale < 1e12) || text->characters[at->number.end] != U'级')
		return false;
	for (; p < at->number.end + MONEY_CLASS_CHARACTERS && text->characters[p] && text->characters[p] != '\n'; p++)
		if (begins_with_word(text, p, U"产业 集群 基金 企业 项目 规模 市场 投资 园区 资金 赛道 产值 营收 工程 龙头 订单", &ignored))
			return true;
	return false;
}

static void add_money_class(quantities *self, const fact_text *text, const figure *at)
{
	quantity item = {.at = {at->begin, at->number.end + 1}, .kind = UNIT_MONEY};
	item.value = at->number.value / at->number.scale;
	item.unit_name = at->number.scale == 1e4 ? "万元" : at->number.scale == 1e8 ? "亿元" : "万亿元";
	add_qualifiers(text, at, &item);
	add_what(self, text, &item);
	add(self, &item);
}

/* 占全国1/3, 约1/3, 1/3的: a share is spoken of, so it is no date and no issue number. */
static bool is_share_context(const fact_text *text, uint32_t begin, uint32_t end)
{
	uint32_t ignored;
	for (uint32_t p = begin; p && begin - p < SHARE_CHARACTERS && utf8_is_han(text->characters[p - 1]); p--)
		if (text->characters[p - 1] == U'占')
			return true;
	return ends_with_word(text, begin, U"的 约 近 超 超过 不足 达 达到 到 为 至少 之", &ignored) || begins_with_word(text, end, U"的 以上 左右 强", &ignored) ||
	       (text->characters[end] == ' ' && text->characters[end + 1] == 'o' && text->characters[end + 2] == 'f');
}

/* 1/3 */
static bool add_ratio(quantities *self, const fact_text *text, figure *at)
{
	const uint32_t *c = text->characters;
	numeral whole;
	uint32_t p = at->number.end;
	if (c[p] != '/' || at->number.form != NUMERAL_ARABIC || !numeral_is_digit(text, p + 1) || !numeral_read(text, p + 1, &whole))
		return false;
	at->end = whole.end;
	bool fits = at->number.digits <= 2 && whole.digits <= 3 && !at->number.decimals && !whole.decimals && whole.scale == 1 && at->number.value < whole.value &&
	            c[whole.end] != '/' && c[whole.end] != U'月';
	bool shared = is_share_context(text, at->begin, whole.end);
	if (!fits || !shared || (at->begin && (c[at->begin - 1] == '/' || c[at->begin - 1] == '-')))
		return true;
	quantity item = {.at = {at->begin, whole.end}, .value = rounded(at->number.value / whole.value), .unit_name = "", .kind = UNIT_SHARE};
	add_qualifiers(text, at, &item);
	add_what(self, text, &item);
	add(self, &item);
	return true;
}

/* 翻一番, 翻了两番, 翻番; returns where to go on. */
static uint32_t add_doubling(quantities *self, const fact_text *text, uint32_t at)
{
	const uint32_t *c = text->characters;
	uint32_t p = at + 1 + (c[at + 1] == U'了');
	int times = numeral_han_digit(c[p]) > 0 ? numeral_han_digit(c[p]) : c[p] >= '1' && c[p] <= '9' ? (int)(c[p] - '0') : 0;
	p += times != 0;
	if (c[p] != U'番' && !(c[p] == U'倍' && !times))
		return at + 1;
	quantity item = {.at = {at, p + 1}, .value = ldexp(1, times ? times : 1), .unit_name = "倍", .kind = UNIT_TIMES};
	add_what(self, text, &item);
	add(self, &item);
	return p + 1;
}

/* 缩短一半, 近一半, 一半以上: where a share is meant. Returns where to go on; `at`: not here. */
static uint32_t add_half(quantities *self, const fact_text *text, uint32_t at)
{
	uint32_t ignored;
	if (text->characters[at] != U'一' || text->characters[at + 1] != U'半')
		return at;
	bool shared = ends_with_word(text, at, U"近 约 超 超过 过 不到 不足 占 减少 减少了 缩短 缩短了 下降 下降了 降低 降低了 节省 节省了 节约 节约了 降 减", &ignored) ||
	              begins_with_word(text, at + 2, U"以上 左右", &ignored);
	if (!shared)
		return at + 2;
	quantity item = {.at = {at, at + 2}, .value = 50, .unit_name = "%", .kind = UNIT_SHARE};
	figure half = {.begin = at, .end = at + 2};
	add_qualifiers(text, &half, &item);
	add_what(self, text, &item);
	add(self, &item);
	return item.at.end;
}

static bool is_plain_figure(const figure *at)
{
	return at->unit.kind == UNIT_MONEY || at->unit.kind == UNIT_SHARE || at->unit.kind == UNIT_POINTS;
}

/* ￥500, $3亿: money by the sign before it. False: none. */
static bool add_signed_money(quantities *self, const fact_text *text, const figure *from)
{
	static const struct { uint32_t sign; const char *unit; } signs[] = {{U'¥', "元"}, {'$', "美元"}, {U'€', "欧元"}, {U'£', "英镑"}};
	for (size_t i = 0; from->begin && i < sizeof signs / sizeof *signs; i++) {
		if (text->characters[from->begin - 1] != signs[i].sign)
			continue;
		quantity item = {.at = {from->begin - 1, from->number.end}, .value = from->number.value, .unit_name = signs[i].unit, .kind = UNIT_MONEY};
		add_qualifiers(text, from, &item);
		add_what(self, text, &item);
		add(self, &item);
		return true;
	}
	return false;
}

/* 用户突破1500万，10万多毕业生，超千万就业岗位: so large a number counts although no measure word stands there. */
static uint32_t add_plain(quantities *self, const fact_text *text, const figure *from, uint32_t name_end)
{
	const numeral *number = &from->number;
	quantity item = {.at = {from->begin, number->end}, .value = number->value, .unit_name = "", .kind = UNIT_COUNT};
	if (is_one_of(text->characters[number->end], U"余多")) {
		item.qualifier = (fact_span){number->end, number->end + 1};
		item.at.end++;
	}
	uint32_t next = text->characters[item.at.end];
	add_qualifiers(text, from, &item);
	bool counts = number->form == NUMERAL_ARABIC || (number->form == NUMERAL_BARE && item.qualifier.begin < item.qualifier.end);
	if (!text->chinese || !counts || number->scale == 1 || from->begin < name_end)
		return from->end;
	if ((!utf8_is_han(next) && !is_one_of(next, U",。;、)\n")) || is_one_of(next, U"里能事物古国级次分") || !figure_counts(text, from, from, true))
		return from->end;
	add_what(self, text, &item);
	add(self, &item);
	return item.at.end;
}

/* The number at `at`; `name_end`: it stands in a short quoted name that ends there. Returns where to go on. */
static uint32_t add_figure(quantities *self, const fact_text *text, uint32_t at, uint32_t name_end)
{
	figure from, to;
	uint32_t half = add_half(self, text, at);
	if (half > at)
		return half;
	bool found = figure_read(text, at, &from);
	if (found && add_ratio(self, text, &from))
		return from.end;
	if (found && is_money_class(text, &from) && from.begin >= name_end) {
		add_money_class(self, text, &from);
		return from.number.end + 1;
	}
	if (!found)
		return from.end;
	quantity item = {.at = {from.begin, from.end}};
	uint32_t end;
	bool metre = from.unit.end == from.number.end + 1 && text->characters[from.number.end] == 'm';        /* or million: 5.4m people */
	if (!text->chinese && latin_read(text, &from.number, !from.unit.end || metre, &item, &end)) {
		add(self, &item);
		return end;
	}
	if (metre && !text->chinese && self->count && self->items[self->count - 1].scale_name)
		return from.end;                 /* $42m, up from 38m: no metres */
	bool ranged = range_read(text, &from, &to);
	const figure *last = ranged ? &to : &from;
	item.at.end = last->end;
	if (!last->unit.end && text->chinese && add_signed_money(self, text, &from))
		return from.number.end;
	if (!last->unit.end)
		return add_plain(self, text, &from, name_end);
	set_value(text, &item, &from, last);
	add_sign(text, &from, &item);
	add_qualifiers(text, &from, &item);
	if ((from.begin < name_end && !is_plain_figure(last)) || !figure_counts(text, &from, last, item.qualifier.end > item.qualifier.begin))
		return last->end;
	if (!text->chinese && latin_is_race(text, &from.number, from.unit_at.begin))
		return last->end;
	add_what(self, text, &item);
	add(self, &item);
	return item.at.end;
}

/* twelve schools, twenty-five per cent, two million pounds: from eleven on, as in Chinese. Passes the whole word. */
static uint32_t add_spelled(quantities *self, const fact_text *text, uint32_t at)
{
	numeral number;
	quantity item;
	uint32_t end;
	bool found = latin_numeral(text, at, &number);
	if (found && latin_read(text, &number, true, &item, &end) && (number.value > 10 || item.scale_name || item.value > 10)) {
		add(self, &item);
		return end;
	}
	return number.end;
}

/* ---- names ---- */

/* Behind the closing mark of a short phrase without punctuation; 0: it is speech. */
static uint32_t name_end(const fact_text *text, uint32_t at, uint32_t close, uint32_t most)
{
	for (uint32_t p = at + 1; p <= at + most; p++) {
		uint32_t c = text->characters[p];
		if (c == close)
			return p + 1;
		if (!c || c == '\n' || (close != U'》' && is_one_of(c, U",。;:!?“「")))
			return 0;
	}
	return 0;
}

/* Characters at which a figure or a name may begin, by their last six bits: seven of ten others are passed with one question. */
#define BIT(c) (1ull << ((c) & 63))
#define BEGINS (BIT(U'〇') | BIT(U'零') | BIT(U'一') | BIT(U'二') | BIT(U'两') | BIT(U'三') | BIT(U'四') | BIT(U'五') | BIT(U'六') | BIT(U'七') | BIT(U'八') | BIT(U'九') | \
		BIT(U'十') | BIT(U'百') | BIT(U'千') | BIT(U'万') | BIT(U'亿') | BIT(U'翻') | BIT(U'《') | BIT(U'“') | BIT(U'「') | BIT(U'『') | BIT(U'‘'))

void quantities_read(quantities *self, const fact_text *text)
{
	uint32_t at = 0, named = 0;
	self->count = 0;
	while (at < text->count && self->count < QUANTITIES_MAX) {
		uint32_t c = text->characters[at], end = 0;
		if (c < 0x80) {
			if (c >= '0' && c <= '9' && numeral_is_digit(text, at))
				at = add_figure(self, text, at, named);
			else
				at = !text->chinese && c >= 'E' ? add_spelled(self, text, at) : at + 1;
			continue;
		}
		if (!(BEGINS & BIT(c))) {
			at++;
			continue;
		}
		switch (c) {                     /* all of them stand in BEGINS */
		case U'〇': case U'零': case U'一': case U'二': case U'两': case U'三': case U'四': case U'五': case U'六': case U'七': case U'八': case U'九':
		case U'十': case U'百': case U'千': case U'万': case U'亿':
			at = add_figure(self, text, at, named);
			continue;
		case U'翻':
			at = add_doubling(self, text, at);
			continue;
		case U'《':
			end = name_end(text, at, U'》', TITLE_CHARACTERS);
			at = end ? end : at + 1;
			continue;
		case U'“': case U'「': case U'『': case U'‘':
			end = name_end(text, at, c == U'「' ? U'」' : c == U'『' ? U'』' : c + 1, NAME_CHARACTERS);
			named = text->chinese && end ? end : named;
			break;
		default:
			break;
		}
		at++;
	}
}

void quantities_free(quantities *self)
{
	free(self->items);
	*self = (quantities){.items = NULL};
}
