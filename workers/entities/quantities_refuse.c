/* quantities_refuse.c - numbers that are no figures although a unit seems to follow: ordinals, dates and terms, codes, scores, names, idioms.
 *
 * Each rule is about the language, not about a text: what stands left of the number, which form of number goes with which measure word, and what
 * follows. Derived in docs/quantities.md. */

#include "common/utf8.h"
#include "quantity_rules.h"

static bool is_letter(uint32_t c)
{
	return (c | 32) >= 'a' && (c | 32) <= 'z';
}

static uint32_t before(const fact_text *text, uint32_t at, uint32_t count)
{
	return at >= count ? text->characters[at - count] : '\n';
}

/* ---- left of the number ---- */

/* CT6台, DR16台: an abbreviation of two capitals or more, and a measure word for devices and things behind the number. */
static bool is_named_device(const fact_text *text, const figure *at, const figure *to)
{
	uint32_t p = at->begin;
	while (p && text->characters[p - 1] >= 'A' && text->characters[p - 1] <= 'Z')
		p--;
	return at->begin - p >= 2 && !(p && (is_letter(text->characters[p - 1]) || text->characters[p - 1] < 0x80)) && to->unit.kind == UNIT_COUNT && is_one_of(text->characters[to->unit_at.begin], U"台套部辆架艘") &&
	       at->number.scale == 1 && !at->number.decimals;
}

/* G60, T3, 1+3, 3:1, 0500-6633021, ×24: part of a code. A minus sign needs nothing before it. */
static bool is_code(const fact_text *text, const figure *at, const figure *to)
{
	uint32_t c = before(text, at->begin, 1), further = before(text, at->begin, 2);
	if (is_letter(c))
		return !is_named_device(text, at, to);
	if (is_one_of(c, U"-–/.:_+×*#@&=\\"))
		return is_letter(further) || (further >= '0' && further <= '9') || is_one_of(c, U"+×*#@_=\\");
	return c >= '0' && c <= '9';     /* a circled figure before it, the rest of a long number */
}

/* 前十名: a rank; 目前十名: not. */
static bool is_rank(const fact_text *text, const figure *at, const figure *to)
{
	if (before(text, at->begin, 1) != U'前' || to->unit.kind == UNIT_MONEY)
		return false;
	return !is_one_of(before(text, at->begin, 2), U"目此以日之当先提眼从生午会跟面赛战课餐行底末");
}

static bool is_ordinal(const fact_text *text, const figure *at, const figure *to)
{
	uint32_t c = before(text, at->begin, 1);
	if (c == ' ')
		c = before(text, at->begin, 2);
	if (c == U'第' || c == U'每' || c == U'逢')
		return true;
	if (at->number.form != NUMERAL_ARABIC && is_one_of(c, U"初周期拜数几之点"))
		return true;
	return is_rank(text, at, to);
}

/* 每所1名, 为每所小学配备1名: a measure word or a kind of place behind 每 says how much there is for one of them. */
static bool is_share_out(const fact_text *text, uint32_t at)
{
	unit ignored;
	return unit_match(text, at, &ignored) || is_one_of(text->characters[at], U"村校镇乡县区户班站院人");
}

/* 每招用1人: what something is counted by; (含50人): told a moment ago. */
static bool is_base(const fact_text *text, const figure *at)
{
	uint32_t p = at->begin, ignored;
	if (ends_with_word(text, p, U"(含 (不含", &ignored))
		return true;
	for (; at->number.value == 1 && p && at->begin - p < 9 && utf8_is_han(text->characters[p - 1]); p--)
		if (text->characters[p - 1] == U'每')
			return !is_share_out(text, p);
	return false;
}

/* ---- times ---- */

/* 提前7天, 延后45分钟, 间隔12分钟: by how much, not when. */
static bool is_shift(const fact_text *text, uint32_t at)
{
	uint32_t ignored;
	return ends_with_word(text, at, U"提前 延后 推后 落后 滞后 错后 间隔 相隔 早于 晚于", &ignored);
}

/* 近三年, 过去5年: a stretch of time that something else is told of. */
static bool is_past_or_coming(const fact_text *text, const figure *at, const figure *to)
{
	uint32_t ignored;
	bool short_time = begins_with_word(text, to->unit_at.begin, U"小时 个小时 分钟 秒 钟头 毫秒", &ignored);
	if (ends_with_word(text, at->begin, U"过去 未来 今后 此后 最近 近 前 后 这 上 头 首 末 每 隔 第 再过 时隔 往后 随后 之后", &ignored) && !is_shift(text, at->begin))
		return !short_time || !ends_with_word(text, at->begin, U"近", &ignored);
	uint32_t end = to->end;
	begins_with_word(text, end, U"多 余", &end);
	return begins_with_word(text, end, U"之内 以内 以前 之前 以后 之后 以来 期间 内 前 后 来 间 里 期 制 级 龄 一次 一届 一遇", &ignored);
}

static bool is_year(const numeral *number)
{
	return number->form == NUMERAL_ARABIC && number->digits == 4 && !number->grouped && !number->decimals && number->scale == 1 && number->value >= 1800 && number->value < 2200;
}

/* 2025年, 25年3月, 1.2025年 (a list number printed close): dates. */
static bool is_date(const fact_text *text, const figure *at, const figure *to, bool qualified)
{
	uint32_t next = text->characters[to->end], ignored;
	if (text->characters[to->unit_at.begin] != U'年' || at->number.form != NUMERAL_ARABIC)
		return false;
	if (ends_with_word(text, at->begin, U"民国 公元 公元前 昭和 平成 令和", &ignored) || at->number.value >= 1000 || to->number.value >= 1000 || at->number.decimals > 1)
		return true;
	const numeral *number = &at->number;
	bool republic = number->digits == 3 && number->value >= 90 && number->value < 140 && number->scale == 1 && !number->inner.end && !qualified;      /* 114年 in Taiwan */
	return republic || (next >= '0' && next <= '9') || next == U'度' || next == U'底' || next == U'初' || next == U'末' || next == U'春' || next == U'秋';
}

/* 9点30分, 3分57秒: a clock, not two durations. */
static bool is_clock(const fact_text *text, const figure *at, const figure *to)
{
	uint32_t c = before(text, at->begin, 1);
	return (is_one_of(c, U"点时") || (c == U'分' && text->characters[to->unit_at.begin] == U'秒')) && before(text, at->begin, 2) <= '9';
}

/* 15分钟生活圈, 2小时交通圈: names of plans. */
static bool is_circle(const fact_text *text, uint32_t at)
{
	for (uint32_t p = at; p < at + 5 && utf8_is_han(text->characters[p]); p++)
		if (text->characters[p] == U'圈')
			return true;
	return false;
}

static bool duration_counts(const fact_text *text, const figure *at, const figure *to, bool qualified)
{
	uint32_t ignored;
	if (is_date(text, at, to, qualified) || is_past_or_coming(text, at, to) || is_clock(text, at, to) || is_circle(text, to->end))
		return false;
	if (at->number.form != NUMERAL_ARABIC) {                 /* 三年, 两周: how long something else lasted; 十四天 is a length */
		uint32_t unit = text->characters[to->unit_at.begin];
		return at->number.form == NUMERAL_HAN && at->number.value > 10 && unit != U'年' && unit != U'周' && unit != U'星';
	}
	if (at->number.value == 24 && begins_with_word(text, to->unit_at.begin, U"小时", &ignored))
		return false;                                    /* 24小时热线: round the clock */
	return at->number.value > 0;
}

/* ---- counts ---- */

/* 万人成讼率, 万人失火率: the base of a rate. */
static bool is_rate(const fact_text *text, uint32_t at)
{
	for (uint32_t p = at; p < at + 6 && utf8_is_han(text->characters[p]); p++)
		if (text->characters[p] == U'率' && p > at)
			return true;
	return false;
}

/* 万人计划, 百企千岗, 千家万户, 百家争鸣. */
static bool is_phrase(const fact_text *text, const figure *at, const figure *to)
{
	const uint32_t *c = text->characters;
	uint32_t ignored, p = to->end;
	if (numeral_han_power(c[p]) >= 2 || (at->begin >= 2 && numeral_han_power(c[at->begin - 2]) >= 2))
		return true;
	if (is_one_of(before(text, at->begin, 1), U"成数几亿百千万十"))
		return true;
	if (is_rate(text, p))
		return true;
	if (begins_with_word(text, p, U"争鸣 讲坛 灯火 之言 齐放 大战 空巷 户 一面 一心", &ignored))
		return true;
	for (; !at->number.inner.end && p < to->end + 8 && utf8_is_han(c[p]); p++)
		if (begins_with_word(text, p, U"计划 工程 行动 专项 战略 大赛 大会", &ignored) && c[p + 2] != U'师')
			return true;
	return false;
}

static bool bare_counts(const fact_text *text, const figure *at, const figure *to, bool qualified)
{
	if (is_phrase(text, at, to))
		return false;
	return (to->unit.flags & UNIT_BARE) || (qualified && to->unit.kind != UNIT_TIME && !(to->unit.flags & UNIT_ARABIC));
}

static bool han_counts(const fact_text *text, const figure *at, const figure *to)
{
	double value = at->number.value;
	uint8_t kind = to->unit.kind;
	uint32_t ignored;
	if (at->number.form == NUMERAL_HAN && value == 1 && !at->number.value_to)
		return kind == UNIT_TENTHS ? !begins_with_word(text, to->end, U"不变", &ignored) : kind == UNIT_TIMES || kind == UNIT_POINTS || kind == UNIT_SHARE;
	if (to->unit.flags & UNIT_ARABIC)
		return false;
	if (kind == UNIT_MONEY)
		return value > 3;                                /* 一元复始, 二元, 三元 */
	if (value > 10)
		return true;
	if (is_one_of(text->characters[to->end + 1], U"市县") && utf8_is_han(text->characters[to->end]))
		return false;                                    /* 七台河市 */
	return (to->unit.flags & UNIT_SMALL) && !at->number.value_to;
}

static bool arabic_counts(const fact_text *text, const figure *at, const figure *to)
{
	uint32_t ignored;
	if (at->number.zero_first && !at->number.decimals)
		return false;
	if (is_code(text, at, to))
		return false;
	if (to->unit.kind == UNIT_COUNT && at->number.decimals && at->number.scale == 1 && at->number.value == to->number.value && at->number.decimals > 2)
		return false;                                    /* 1.2025 */
	if ((to->unit.flags & UNIT_NOT_YEAR) && (is_year(&at->number) || is_year(&to->number)))
		return false;
	return !(text->characters[to->unit_at.begin] == U'国' && begins_with_word(text, to->end, U"集团", &ignored));
}

static bool grade_counts(const fact_text *text, const figure *to)
{
	uint32_t ignored;
	return begins_with_word(text, to->end, U"地震 强震 余震 左右地震 大风 阵风 以上大风 强风 风力 强台风", &ignored);
}

/* An age limit or an average is a figure, a person's age is a fact about the person. */
static bool age_counts(const fact_text *text, const figure *at, const figure *to)
{
	uint32_t ignored;
	return begins_with_word(text, to->end, U"以下 以上 以内 及以下 及以上 (含) (不含)", &ignored) ||
	       ends_with_word(text, at->begin, U"平均年龄 平均年龄为 平均年龄约 平均年龄仅 平均年龄只有 平均 预期寿命 寿命 寿命为 寿命达 寿命达到 未满 不满 年满 超过 不超过 不低于", &ignored);
}

/* 1期, 2期工程; 6层C区, 5对5: numbers of parts, rooms and sides. */
static bool is_numbered(const fact_text *text, const figure *at, const figure *to)
{
	uint32_t next = text->characters[to->end], ignored;
	switch (text->characters[to->unit_at.begin]) {
	case U'期':
		return at->number.value == 1 || begins_with_word(text, to->end, U"工程 项目 建设 基金 用地", &ignored);
	case U'层':
		return is_letter(next) || (next >= '0' && next <= '9');
	case U'分':                      /* of a game clock */
		return next >= '0' && next <= '9' && (text->characters[to->end + 1] == U'秒' || text->characters[to->end + 2] == U'秒');
	case U'对':
		return next >= '0' && next <= '9';
	default:
		return false;
	}
}

static bool kind_counts(const fact_text *text, const figure *at, const figure *to, bool qualified)
{
	uint32_t next = text->characters[to->end], ignored;
	switch (to->unit.kind) {
	case UNIT_TIME:
		return duration_counts(text, at, to, qualified);
	case UNIT_AGE:
		return age_counts(text, at, to);
	case UNIT_GRADE:
		return grade_counts(text, to);
	case UNIT_COUNT:
		if (text->characters[to->unit_at.begin] == U'位' && (next == U'数' || next == U'一'))
			return false;                            /* 两位数增长, 三位一体 */
		return !(is_clock(text, at, to) || next == U'制' || is_numbered(text, at, to));
	case UNIT_MEASURE:
		return !ends_with_word(text, at->begin, U"北纬 南纬 东经 西经", &ignored) &&
		       !(text->characters[to->unit_at.begin] == U'度' && (at->number.value == 180 || at->number.value == 360)) &&
		       !begins_with_word(text, to->end, U"赛跑 跨栏 接力 自由泳 蛙泳 蝶泳 仰泳 短跑 栏 混合泳", &ignored);
	default:
		return true;
	}
}

bool figure_counts(const fact_text *text, const figure *from, const figure *to, bool qualified)
{
	if (is_ordinal(text, from, to) || is_base(text, from))
		return false;
	if (from->hundredths || from->divided)
		return from->hundredths || from->number.value < from->divided;
	bool counts = from->number.form == NUMERAL_ARABIC ? arabic_counts(text, from, to)
	            : from->number.form == NUMERAL_BARE && from->begin + 1 == from->number.end ? bare_counts(text, from, to, qualified) && han_counts(text, from, to)
	                                                                                       : han_counts(text, from, to);
	return counts && kind_counts(text, from, to, qualified);
}
