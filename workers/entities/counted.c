/* counted.c - what a figure of Chinese text counts or measures, in the words of the source.
 *
 * Behind a measure word stands what is counted (80家孵化器); where nothing stands there, it stands before the number (孵化器80家). Shares and
 * growth are told of what stands before them (研发投入强度达6.79%). A noun phrase ends at punctuation, at another number, and at words that
 * Chinese builds sentences with. Of a phrase before the number the verbs are taken off (建成人才公寓6000套 -> 人才公寓). The lists hold
 * words as fold.h leaves them (添加 is what 新增 becomes). */
#include "common/utf8.h"
#include "quantity_rules.h"

#define BEHIND_CHARACTERS 16
#define BEFORE_CHARACTERS 24

/* Characters that no noun phrase of a figure contains: particles, prepositions, adverbs. */
#define LINK_CHARACTERS 4                /* of a verb that stands alone before a figure */
#define GROWTH U"缩短 降低 节省 节约 其中 同比 环比 比上年 较上年 比去年 较去年 年均 增长 下降 上升 提高 提升 增加 减少 上涨 下跌 增幅 增速 降幅 涨幅 跌幅 回落 扩大 缩小 收窄 加快 放缓 分别 高于 高出 达 为 了 转为 由降转 增 降 涨 跌 实际 名义 平均"
#define STOPS U"在为是将已被把向从与和及或由以于而但也都均就又还再可要并让给比占达获且则"
#define VERBS_BEHIND U"增加 提高 上升 扩大 缩短 减少 降低 增至 升至 降至 减至 升到 降到 只有 仅有 达到 参加 参与 入选 入驻 完成 实现 获得 成为 签约 落地 开展 增长 提升 下降 用于 正在 分别 同比 其中 正 对中 对外 同时 集中 陆续 共同 提供 位于 主要 全部 能够 纷纷 联合 首批 现场 获 被 先后 同步"
#define LINKS_BEFORE U"增加到 提高到 提升到 增长到 下降到 上升到 扩大到 降低到 增加至 提高至 提升至 增长至 下降至 上升至 扩大至 降低至 达到了 达到 升至 降至 增至 减至 升到 降到 增到 控制在 保持在 稳定在 " \
	"分别为 分别达 分别是 分别有 总计 共计 合计 累计 总共 只有 仅有 共有 约有 现有 已有 拥有 仅为 约为 即为 高达 多达 共 有 为 是 达 至 到 仅 只 已 了 就 约 超 增 打 要 需 需要 仅需 只需 最高 最低 可 可达 的 由 从 以 按 在 与 和 等 对"
/* Verbs that begin a noun phrase's clause and may be nouns in the middle of it: 研发投入强度. */
#define VERBS_FIRST U"由 按 经 从 建设 培育 培养 实施 完成 开展 投入 投资 组织 支持 打造 改造 增加 促成 累计 覆盖 服务 回收 安排 补贴 奖励 资助 出版 发表 发布 申报 主持 整治 修复 种植 捐赠 帮助 通过 导入 召开 选派 派出 联合"
#define VERBS_BEFORE U"建成 创建 建有 设立 设置 引进 引入 新引进 发放 添加 举办 开设 签订 成立 招收 招聘 提供 给予 获得 共建 已建 筹集 遴选 评选 认定 授予 增设 吸引 带动 实现 推出 共有 拥有 现有 集聚 聚集 汇聚 出资 新建 扩建 惠及 其中 目前"

static bool is_noun_character(uint32_t c)
{
	if (c < 0x80)
		return ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '&' || c == '+';
	return utf8_is_han(c) || is_one_of(c, U"“”「」·");
}

static fact_span trimmed(const fact_text *text, fact_span at)
{
	const uint32_t *c = text->characters;
	while (at.end > at.begin && (c[at.end - 1] == ' ' || is_one_of(c[at.end - 1], U"“「的")))
		at.end--;
	while (at.end > at.begin && (c[at.begin] == ' ' || is_one_of(c[at.begin], U"”」的")))
		at.begin++;
	return at;
}

static fact_span phrase_behind(const fact_text *text, uint32_t at, bool money)
{
	const uint32_t *c = text->characters;
	uint32_t ignored, p = at + (c[at] == U'的');
	fact_span out = {p, p};
	for (; p < at + BEHIND_CHARACTERS && is_noun_character(c[p]); p++)
		if (is_one_of(c[p], STOPS) || begins_with_word(text, p, VERBS_BEHIND, &ignored) || ((money || p > out.begin) && begins_with_word(text, p, VERBS_BEFORE, &ignored)))
			break;
	out.end = p;
	return trimmed(text, out);
}

/* A blank inside a phrase stands beside Latin words only; elsewhere it parts. */
static bool is_inner_blank(const uint32_t *c, uint32_t at)
{
	return c[at] == ' ' && at && ((c[at - 1] < 0x80 && c[at - 1] > ' ') || (c[at + 1] < 0x80 && c[at + 1] > ' '));
}

/* A particle, adverb or preposition at `at`, unless the next character makes a word of it: 有 but not 有效, 以 but not 以上, 共 but not 共享. */
static bool is_particle(const fact_text *text, uint32_t at)
{
	static const struct { uint32_t particle; const char32_t *words; } particles[] = {{U'已', U""}, {U'共', U"享同建识和产青轨"}, {U'的', U""}, {U'将', U"军领"}, {U'在', U"校线岗职读册建编产研"}, {U'为', U"主"},
		{U'把', U"握关手"}, {U'对', U"口外接联象"}, {U'了', U"解"}, {U'有', U"效限关机色线氧"}, {U'达', U"标"}, {U'以', U"上下内外来及"}, {U'并', U"购网"}, {U'仅', U""}, {U'其', U"他它余中"}};
	for (size_t i = 0; i < sizeof particles / sizeof *particles; i++)
		if (particles[i].particle == text->characters[at])
			return !is_one_of(text->characters[at + 1], particles[i].words);
	return false;
}

/* A word that leads to a noun phrase and does not belong to it; `first`: it stands at the beginning of the clause. */
static bool leads(const fact_text *text, uint32_t at, bool first, uint32_t *end)
{
	if (begins_with_word(text, at, VERBS_BEFORE, end) || (first && begins_with_word(text, at, VERBS_FIRST, end)))
		return true;
	*end = at + 1;
	return is_particle(text, at);
}

static fact_span clause_before(const fact_text *text, uint32_t at, uint32_t from)
{
	const uint32_t *c = text->characters;
	uint32_t begin = at, end = at, cut, ignored;
	while (begin > from && at - begin < BEFORE_CHARACTERS && (is_noun_character(c[begin - 1]) || is_inner_blank(c, begin - 1) || c[begin - 1] == '(' || c[begin - 1] == ')'))
		begin--;
	while (end > begin && ends_with_word(text, end, LINKS_BEFORE, &cut) && cut >= begin)
		end = cut;
	for (uint32_t p = begin; p + 1 < end; p++)
		if (leads(text, p, p == begin, &cut) && cut + 1 < end)
			begin = cut;
	if (leads(text, begin, true, &cut) && cut == end && !begins_with_word(text, begin, GROWTH, &ignored))
		begin = end;                     /* 改造39公里管网: a verb is no thing */
	return trimmed(text, (fact_span){begin, end});
}

/* The phrase before a figure; where nothing but a verb stands there, that of the clause before (最高的是甲队，达到23.7%). */
static fact_span phrase_before(const fact_text *text, uint32_t at, uint32_t from)
{
	fact_span out = clause_before(text, at, from);
	if (out.end > out.begin)
		return out;
	uint32_t p = at;
	while (p > from && at - p < LINK_CHARACTERS && utf8_is_han(text->characters[p - 1]))
		p--;
	return p > from && text->characters[p - 1] == ',' ? clause_before(text, p - 1, from) : out;
}

bool counted_is_growth(const fact_text *text, fact_span what)
{
	uint32_t p = what.begin;
	while (p < what.end && begins_with_word(text, p, GROWTH, &p))
		;
	return what.end > what.begin && p == what.end;
}

/* 14亿人口: the measure word is half of the noun. */
static bool is_population(const fact_text *text, const quantity *item)
{
	return text->characters[item->at.end] == U'口' && text->characters[item->at.end - 1] == U'人';
}

fact_span counted_find(const fact_text *text, const quantity *item, uint32_t from)
{
	fact_span before = phrase_before(text, item->at.begin, from), behind = {0, 0};
	bool near = item->kind == UNIT_COUNT || item->kind == UNIT_MEASURE || item->kind == UNIT_MONEY || text->characters[item->at.end] == U'的';
	if (near || before.end <= before.begin)
		behind = phrase_behind(text, item->at.end - is_population(text, item), item->kind == UNIT_MONEY);
	if (item->kind == UNIT_MEASURE && text->characters[item->at.end] == U'的' && before.end > before.begin)
		return before;                   /* 海拔900米的村小 */
	if (behind.end > behind.begin + 1 || before.end <= before.begin)
		return behind.end > behind.begin ? behind : (fact_span){0, 0};
	return before;
}
