/* texts.c - see texts.h. A frame is a sentence with capital letters where words go; a Chinese text has none of its own. */
#include "texts.h"

#include <string.h>

#include "common/utf8.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

typedef struct words {
	char slot;
	const char *const *list;
	size_t count;
} words;

static const char *const places[] = {"东岭市", "临川区", "青浦镇", "南湾县", "河阳新城", "北塘街道", "云溪开发区", "白石口岸", "松江东路", "望海半岛", "梅岭乡", "长洲岛", "金沙湖片区",
	"西固工业园", "滨河示范区", "上林山区", "九龙湾", "双桥社区", "红岩村", "玉泉高新区"};
static const char *const bodies[] = {"教育局", "科学技术局", "人力资源和社会保障局", "发展改革委", "农业农村局", "第一中学", "职业技术学院", "理工大学", "人民医院", "图书馆", "博物馆", "产业研究院",
	"创业服务中心", "港务集团", "轨道交通公司", "文化旅游局", "应急管理局", "总工会", "青年联合会", "气象台"};
static const char *const topics[] = {"基础教育质量提升", "关键核心技术攻关", "高层次人才引进", "乡村振兴", "老旧小区改造", "职业技能培训", "科技成果转化", "托育服务", "生态修复", "数字治理", "冷链物流",
	"非遗保护", "体育赛事", "防汛备汛", "跨境贸易", "夜间经济", "新能源汽车推广", "海洋养殖", "智慧医疗", "青少年科普"};
static const char *const verbs[] = {"启动", "推进", "完成", "部署", "发布", "梳理", "优化", "落实", "承接", "筹建", "验收", "扩建", "组织", "谋划", "试点", "总结", "公布", "改造", "联合开展", "持续深化"};
static const char *const things[] = {"实验室", "示范项目", "公共服务平台", "培训基地", "联合体", "社区课堂", "孵化器", "重点工程", "观测站", "骨干企业", "专家工作站", "人才公寓", "产业链图谱", "标准化车间",
	"志愿服务队", "青年论坛", "科普展馆", "应急演练", "信用档案", "便民窗口"};
static const char *const manners[] = {"有力", "有序", "全面", "扎实", "稳步", "率先", "分类", "精准", "主动", "统筹"};
static const char *const people[] = {"负责人", "党组成员", "校长", "教授", "研究员", "工程师", "居民", "总经理", "志愿者", "副主任", "站长", "班主任"};
static const char *const effects[] = {"群众满意度", "就业率", "研发投入", "办事效率", "游客接待量", "亩均产值", "学位供给", "专利授权量", "空气优良天数", "线上办理率", "本地配套率", "出口额"};
static const char *const surnames[] = {"陈", "李", "王", "周", "吴", "徐", "孙", "马", "朱", "胡", "郭", "何", "高", "林", "罗", "郑", "梁", "谢", "宋", "唐", "许", "韩", "冯", "邓", "曹"};
static const char given[] = "明华建国文杰晓东志远丽娟海燕春梅雪松佳宁浩然子涵雨桐思源立新庆丰玉兰振宇凯旋静怡安平若溪书瑶泽民清扬";

static const words slots[] = {
	{'P', places, COUNT(places)}, {'O', bodies, COUNT(bodies)}, {'T', topics, COUNT(topics)}, {'V', verbs, COUNT(verbs)}, {'X', things, COUNT(things)},
	{'M', manners, COUNT(manners)}, {'R', people, COUNT(people)}, {'E', effects, COUNT(effects)},
};

/* N a number, F a share, Y a sum of money, S a name, D a day. */
static const char *const frames[] = {
	"PO围绕T，MV了N个X，带动E同比提高F。", "据了解，P今年将投入Y用于T，其中X占F。", "“我们把T放在突出位置，VX，让更多人受益。”POR S说。",
	"截至目前，PO已累计VXN个，覆盖家庭N户，E达到F。", "D，PV现场会在PO举行，来自P、P的N名代表参加。", "在T方面，PM推动X与X衔接，形成可复制的做法。",
	"S介绍，项目总投资Y，建成后预计每年服务N人次，E有望提升F。", "PO与PO签订协议，约定在未来N个月内共同VX。", "针对T中的难点，工作组逐条研究，MV，N条建议当场答复。",
	"记者在P看到，X内人来人往，R S正在讲解T的进展。", "与此同时，P还VN处X，新增岗位N个，吸引青年回乡创业。", "数据显示，去年PE为F，比上年高N个位次，T贡献最大。",
	"“以前办这件事要跑N趟，现在一次就够了。”家住P的S告诉记者。", "下一步，PO将继续VX，力争到年底E突破F。", "为保障T，P安排专项资金Y，由O统一管理、按季公开。",
	"O的R S认为，T不能只看数字，还要看X是否真正用起来。",
};
static const char *const titles[] = {"PMV T X", "PO：T见实效", "VX PE增长F", "P与P携手推进T", "从X看PT"};

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
	add_frame(out, "为MVT，结合P实际，制定本方案。\\n\\n", state);
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
