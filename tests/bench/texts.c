/* texts.c - see texts.h. A frame is a sentence with capital letters where words go; a Chinese text has none of its own. */
#include "texts.h"

#include <string.h>

#include "common/utf8.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

typedef struct words {
	char slot;
	uint32_t pairs;
	const char *const *list;
	size_t count;
} words;

/* Two ideographs each; put together by twos and threes they name more things than a year of news. */
static const char pairs[] = "教育科技人才创新产业平台项目基地服务社区青年乡村城市交通医疗文化旅游海洋生态能源材料数据网络芯片航空船舶农机粮食果蔬物流金融商贸会展体育艺术非遗文献档案气象"
	"地质测绘环境水利防汛消防应急安全质量标准专利商标品牌园区楼宇街巷河湖港口机场铁路公路桥梁隧道电力燃气供热环卫绿化养老托幼助残双拥志愿工会妇联学会协会大赛论坛年会讲座课程教材"
	"实训竞赛研学科普天文考古生物化学物理数学语文历史地理音乐美术书法戏曲影视出版印刷纺织服装陶瓷玻璃钢铁有色石化医药器械食品饮料烟草皮革家具造纸橡胶塑料电机仪表光伏风电储能";
static const char *const towns[] = {"市", "县", "区", "镇", "乡", "新城", "街道", "开发区", "半岛", "湾"};
static const char *const bodies[] = {"局", "中学", "大学", "研究院", "医院", "公司", "协会", "中心", "集团", "委员会"};
static const char *const things[] = {"实验室", "示范点", "联合体", "课堂", "孵化器", "工程", "观测站", "工作站", "车间", "展馆", "窗口", "名录"};
static const char *const verbs[] = {"启动", "推进", "完成", "部署", "发布", "梳理", "优化", "落实", "承接", "筹建", "验收", "扩建", "组织", "谋划", "试点", "总结", "公布", "改造", "深化", "巩固"};
static const char *const manners[] = {"有力", "有序", "全面", "扎实", "稳步", "率先", "分类", "精准", "主动", "统筹"};
static const char *const people[] = {"负责人", "校长", "教授", "研究员", "工程师", "居民", "总经理", "志愿者", "副主任", "站长", "班主任", "院长"};
static const char *const surnames[] = {"陈", "李", "王", "周", "吴", "徐", "孙", "马", "朱", "胡", "郭", "何", "高", "林", "罗", "郑", "梁", "谢", "宋", "唐", "许", "韩", "冯", "邓", "曹"};
static const char given[] = "明华建国文杰晓东志远丽娟海燕春梅雪松佳宁浩然子涵雨桐思源立新庆丰玉兰振宇凯旋静怡安平若溪书瑶泽民清扬";

/* How many pairs a word of this slot begins with, and what it ends with. */
static const words slots[] = {
	{'P', 1, towns, COUNT(towns)}, {'O', 1, bodies, COUNT(bodies)}, {'X', 2, things, COUNT(things)}, {'V', 0, verbs, COUNT(verbs)},
	{'M', 0, manners, COUNT(manners)}, {'R', 0, people, COUNT(people)}, {'T', 3, NULL, 0}, {'E', 2, NULL, 0},
};

/* Besides: N a number, F a share, Y a sum of money, S a name, D a day. No stock phrase is long, as in real text: copies are found by runs of characters. */
static const char *const frames[] = {
	"PO围绕T，MVN个X，带动E提高F。", "今年P投入Y用于T，其中X占F。", "“把T放在突出位置，VX，惠及更多人。”POR S说。", "目前PO已VXN个，覆盖N户，E达到F。",
	"D，PV现场会由PO承办，P、P共N人参加。", "在T方面，PM推动X与X衔接，形成做法。", "S介绍，总投资Y，每年服务N人次，E有望提升F。", "PO与PO签约，N个月内共同VX。",
	"针对T的难点，MV，N条建议当场答复。", "在P，X里人来人往，R S正讲解T。", "P还VN处X，新增岗位N个，吸引E回流。", "去年PE为F，高N个位次，T贡献最大。",
	"“以前办T跑N趟，现在一次就够。”P的S说。", "年底前，PO将VX，力争E突破F。", "为保障T，P安排Y，由O管理、按季公开。", "OR S认为，T不只看E，还看X是否用起来。",
};
static const char *const titles[] = {"PMVT X", "PO：T见实效", "VX PE增长F", "P与P携手推进T", "从X看PT"};

static uint32_t chance(uint64_t *state, uint32_t below)
{
	*state += 0x9E3779B97F4A7C15u;                   /* splitmix64 */
	uint64_t z = *state;
	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return (uint32_t)(((z ^ (z >> 31)) >> 32) * below >> 32);
}

static void add_name(buf *out, uint64_t *state)
{
	buf_add_str(out, surnames[chance(state, COUNT(surnames))]);
	for (uint32_t n = 1 + chance(state, 2); n > 0; n--)
		buf_add(out, given + 3 * chance(state, (sizeof given - 1) / 3), 3);
}

static void add_slot(buf *out, char slot, uint64_t *state)
{
	for (size_t i = 0; i < COUNT(slots); i++)
		if (slots[i].slot == slot) {
			for (uint32_t n = slots[i].pairs; n > 0; n--)
				buf_add(out, pairs + 6 * chance(state, (sizeof pairs - 1) / 6), 6);
			if (slots[i].list)
				buf_add_str(out, slots[i].list[chance(state, (uint32_t)slots[i].count)]);
			return;
		}
	if (slot == 'N')
		buf_printf(out, "%u", 2 + chance(state, 4000));
	else if (slot == 'F')
		buf_printf(out, "%u.%u%%", 1 + chance(state, 98), chance(state, 10));
	else if (slot == 'Y')
		buf_printf(out, "%u.%u亿元", 1 + chance(state, 90), chance(state, 10));
	else if (slot == 'D')
		buf_printf(out, "%u月%u日", 1 + chance(state, 12), 1 + chance(state, 28));
	else if (slot == 'S')
		add_name(out, state);
}

static void add_frame(buf *out, const char *frame, uint64_t *state)
{
	while (*frame) {
		const char *from = frame;
		while (*frame && !(*frame >= 'A' && *frame <= 'Z'))
			frame++;
		buf_add(out, from, (size_t)(frame - from));
		if (*frame)
			add_slot(out, *frame++, state);
	}
}

static void add_sentences(buf *out, uint32_t count, uint64_t *state)
{
	while (count-- > 0)
		add_frame(out, frames[chance(state, COUNT(frames))], state);
	buf_add_str(out, "\\n\\n");
}

/* Paragraphs until the record is `until` bytes long. */
static void add_article(buf *out, size_t until, uint64_t *state)
{
	add_frame(out, "本报讯（记者 S）D，", state);
	while (out->len < until) {
		if (chance(state, 12) == 0)
			add_frame(out, "TVX\\n\\n", state);      /* a heading between paragraphs */
		add_sentences(out, 2 + chance(state, 4), state);
	}
}

static void add_plan(buf *out, size_t until, uint64_t *state)
{
	add_frame(out, "为MVT，PO制定本方案。\\n\\n", state);
	for (uint32_t n = 1; out->len < until; n++) {
		buf_printf(out, "%u.", n);
		add_frame(out, "MVX。", state);
		add_sentences(out, 2 + chance(state, 2), state);
		out->len -= 4;                               /* the units stand in the same paragraph */
		add_frame(out, "（责任单位：PO、PO）\\n\\n", state);
	}
}

static void add_page(buf *out, size_t from, size_t until, uint64_t *state)
{
	for (uint32_t i = 1; i <= 3; i++) {
		add_frame(out, titles[chance(state, COUNT(titles))], state);
		buf_add_str(out, "\\n\\n");
		add_article(out, from + (until - from) * i / 3, state);
	}
}

void texts_record(uint64_t seed, uint64_t n, buf *out)
{
	uint64_t state = seed * 0x9E3779B97F4A7C15u ^ (n + 1) * 0xD1B54A32D192ED03u;
	size_t begin = out->len, until = begin + TEXTS_BYTES - 250;
	buf_printf(out, "{\"id\":\"%llu-%llu\",\"url\":\"https://paper.example/2026/03/%llu/%llu.html\",\"title\":\"", (unsigned long long)seed, (unsigned long long)n,
	           (unsigned long long)seed, (unsigned long long)n);
	add_frame(out, titles[chance(&state, COUNT(titles))], &state);
	buf_printf(out, "\",\"source\":\"%s\",\"published_at\":\"2026-03-%02u %02u:%02u:00\",\"section\":\"要闻\",\"text\":\"", "滨河日报", 1 + chance(&state, 28),
	           chance(&state, 24), chance(&state, 60));
	if (n % 10 == 9)
		add_page(out, out->len, until, &state);
	else if (n % 5 == 2)
		add_plan(out, until, &state);
	else
		add_article(out, until, &state);
	out->len -= 4;                                   /* the last paragraph's end */
	buf_add_str(out, "\"}");
}
