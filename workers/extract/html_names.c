/* html_names.c - see html_names.h. */
#include "workers/extract/html_names.h"

#include <strings.h>

#include "common/utf8.h"
#include "workers/extract/dates.h"
#include "workers/extract/html_phrases.h"

#define NAME_CHARACTERS 4                /* of a Chinese name; longer ones are transcriptions with a dot */
#define LEAD_BYTES 240

const char *const html_source_labels[] = {"稿件来源", "文章来源", "信息来源", "本文来源", "来源", "來源", "稿源", "出处", NULL};
const char *const html_author_labels[] = {"本文作者", "文章作者", "作者", "撰文", "撰稿", "采写", "文/图", "图/文", "文｜", "文丨", "文|", "文/", "文︱", "记者：", "记者:", "通讯员：", "编译/",
	"編譯/", NULL};
const char *const html_editor_labels[] = {"责任编辑", "責任編輯", "责编", "責編", "本文编辑", "网络编辑", "执行编辑", "编辑", "編輯", NULL};

static const char *const roles[] = {"首席记者", "见习记者", "实习记者", "特约记者", "本报记者", "本网记者", "本刊记者", "全媒体记者", "融媒体记者", "记者", "記者", "特约撰稿人", "撰稿人",
	"特约评论员", "本报评论员", "评论员", "評論員", "通讯员", "通訊員", "特派员", "实习生", "作者", "编译", "編譯", "翻译", "撰文", "采写", "整理", "文/图", "图/文", "文图", "图文", "文字", "文",
	"摄影报道", "报道", "报导", NULL};

/* The 120 most frequent family names of the 2020 census (with their Traditional forms where they differ), then those of the Hundred Family Surnames that are no everyday word, and the
 * two-character ones. */
static const char surnames[] =
	"王李张張刘劉陈陳杨楊黄黃赵趙吴吳周徐孙孫马馬朱胡郭何林高罗羅郑鄭梁谢謝宋唐许許韩韓邓鄧冯馮曹彭曾肖蕭萧田董潘袁蔡蒋蔣余于杜叶葉程魏苏蘇吕呂丁任卢盧姚沈钟鍾姜"
	"崔谭譚陆陸范汪廖石金韦韋贾賈夏付方邹鄒熊白孟秦邱侯江尹薛闫閆段雷龙龍黎史陶贺賀毛郝顾顧龚龔邵万萬覃武钱錢戴严嚴莫孔向常汤湯康易乔喬赖賴文倪洪鲁魯施温溫葛路左齐齊"
	"樊安殷岳颜顏庄莊章童霍申耿焦柳欧歐申屈项項邢俞翁詹祝纪紀舒聂聶童尚谷关關包伍丘柯游刁辛管裴牛兰蘭华華季单單佟艾骆駱费費阮牟应應甘凌解房代瞿喻米宁寧柏卞苗"
	"尤戚窦竇奚郎昌酆鲍鮑廉岑滕邬鄔傅皮卜穆湛祁禹狄贝貝臧伏茅庞龐闵閔席季麻娄婁危梅盛虞昝缪繆宗宣郁诸諸吉钮鈕嵇滑荀羊於惠甄曲封芮储儲靳糜巫乌烏巴牧隗宓郗班仰仲伊宫宮仇栾欒厉厲戎祖符景束幸"
	"韶郜蓟薊薄蒲邰鄂籍卓蔺藺屠蒙池胥苍蒼闻聞莘翟贡貢姬扶冉宰郦酈雍桑桂濮寿壽扈燕冀郏浦晏柴阎閻慕茹宦容慎戈庾暨衡弘匡寇禄阙闕沃蔚隆巩鞏晁敖訾阚闞饶饒沙鞠巢蒯荆荊竺逯桓沐";
static const char *const double_surnames[] = {"欧阳", "歐陽", "司马", "司馬", "上官", "诸葛", "諸葛", "皇甫", "令狐", "司徒", "慕容", "尉迟", "东方", "端木", NULL};

static size_t prefix_of(mr_bytes text, const char *const *list)
{
	for (; *list; list++)
		if (html_starts_with(text, *list))
			return strlen(*list);
	return 0;
}

static mr_bytes behind(mr_bytes text, size_t n)
{
	return (mr_bytes){text.data + n, text.len - n};
}

/* Is the character at `text` one that a value of a label ends with? */
static bool ends_value(mr_bytes text)
{
	static const char *const ends[] = {"|", "｜", "（", "(", "【", "[", "）", ")", "】", "]", "_", "，", "。", ";", "；", "•", "来源", "來源", "责任编辑", "责编", "编辑", "作者", "时间", "发布", "日期",
		"浏览", "点击", "字号", "字体", "我要", "分享", "举报", "评论", "阅读", "人气", "更新", "校对", "审核", "摄影", "图片", "供稿", "发表", "打印", "收藏", "最新", "其他", "更多", "简介", "专栏", "授权", "关键词", "标签", "原创", "大 中 小", NULL};
	return prefix_of(text, ends) > 0 || (*text.data >= '0' && *text.data <= '9');
}

static mr_bytes skip_separators(mr_bytes text)
{
	static const char *const marks[] = {"：", ":", " ", "\u3000", "/", "｜", "|", "︱", "丨", "／", "\u00a0", NULL};
	size_t n;
	while ((n = prefix_of(text, marks)))
		text = behind(text, n);
	return text;
}

mr_bytes html_labelled(mr_bytes text, const char *const *labels)
{
	for (; *labels; labels++) {
		const char *at = html_find(text, *labels);
		if (!at)
			continue;
		mr_bytes value = {at + strlen(*labels), (size_t)(text.data + text.len - at) - strlen(*labels)};
		value = skip_separators(value);
		size_t n = 0;
		while (n < value.len && !ends_value(behind(value, n))) {
			const char *next = value.data + n;
			utf8_next(&next, value.data + value.len);
			n = (size_t)(next - value.data);
		}
		return html_trim((mr_bytes){value.data, n});
	}
	return (mr_bytes){0};
}

static bool has_name(const buf *out, mr_bytes name)
{
	mr_bytes all = buf_bytes(out);
	const char *at = all.data, *end = at + all.len;
	while (at < end) {
		const char *cut = memchr(at, '\n', (size_t)(end - at));
		size_t n = cut ? (size_t)(cut - at) : (size_t)(end - at);
		if (n == name.len && memcmp(at, name.data, n) == 0)
			return true;
		at += n + 1;
	}
	return false;
}

/* 办公室, 宣传科, 管理员: an office that filed the text, or nobody. */
static bool is_office(mr_bytes name)
{
	static const char *const ends[] = {"办公室", "办公厅", "宣传部", "宣传科", "信息科", "信息中心", "编辑部", "管理员", "委员会", "教育局", "管理局", "研究室", "办事处", NULL};
	for (const char *const *e = ends; *e; e++)
		if (name.len >= strlen(*e) && memcmp(name.data + name.len - strlen(*e), *e, strlen(*e)) == 0)
			return true;
	return html_equal(name, mr_bytes_of("admin")) || html_equal(name, mr_bytes_of("佚名")) || html_equal(name, mr_bytes_of("未知")) || html_equal(name, mr_bytes_of("匿名"));
}

static bool add_name(mr_bytes name, buf *out)
{
	name = html_trim(name);
	if (is_office(name))
		return false;
	if (!name.len || name.len > 80 || out->len > 600 || has_name(out, name))
		return false;
	if (out->len)
		buf_add_char(out, '\n');
	buf_add(out, name.data, name.len);
	return true;
}

static mr_bytes without_roles(mr_bytes text)
{
	size_t n;
	if (!text.data)
		return (mr_bytes){"", 0};
	text = skip_separators(text);
	while ((n = prefix_of(text, roles)) && n < text.len)
		text = skip_separators(behind(text, n));
	return text;
}

static bool is_gap(uint32_t c)
{
	return c == ' ' || c == 0x3000 || c == 0x3001 || c == 0xFF0C || c == ',' || c == '/' || c == ';' || c == 0xFF1B || c == '|' || c == 0xFF0F;
}

/* Pieces between gaps; single Han characters that follow each other are one name (王 强). */
bool html_names_add(mr_bytes value, buf *out)
{
	buf one = {0};
	bool any = false;
	value = without_roles(value);
	const char *at = value.data, *end = at + value.len, *from = at;
	while (at <= end && value.len) {
		const char *cut = at;
		uint32_t c = at < end ? utf8_next(&at, end) : ' ';
		if (cut == end)
			at++;
		bool latin_space = c == ' ' && cut > value.data && (unsigned char)cut[-1] < 0x80 && cut < end;
		if (!is_gap(c) || latin_space)
			continue;
		mr_bytes piece = without_roles((mr_bytes){from, (size_t)(cut - from)});
		if (prefix_of(piece, roles) == piece.len)        /* 记者 甲乙 实习生 丙丁 */
			piece.len = 0;
		bool single = piece.len == 3 && (unsigned char)piece.data[0] >= 0xE4;
		buf_add(&one, piece.data, piece.len);
		if (!single || one.len > 3) {
			any |= one.len && add_name(buf_bytes(&one), out);
			buf_clear(&one);
		}
		from = at <= end ? at : end;
	}
	buf_free(&one);
	return any;
}

bool html_name_has_surname(mr_bytes name)
{
	if (prefix_of(name, double_surnames))
		return true;
	return name.len >= 6 && memmem(surnames, sizeof surnames - 1, name.data, 3) != NULL;
}

/* Two to four Han characters, or a transcription with a dot. Unless it is told by a word before it (记者) that this is a name, they begin with a family name. */
static bool is_chinese_name(mr_bytes name, bool told)
{
	size_t han = 0;
	bool dot = false;
	for (const char *at = name.data, *end = at + name.len; at < end;) {
		uint32_t c = utf8_next(&at, end);
		if (c == 0xB7 || c == 0x2022)
			dot = true;
		else if (utf8_is_han(c))
			han++;
		else
			return false;
	}
	return dot ? han >= 3 && han <= 12 : han >= 2 && han <= NAME_CHARACTERS && (told || html_name_has_surname(name));
}

/* All of the value are names of persons (with roles before them). */
static bool all_names(mr_bytes value, bool told, buf *names)
{
	if (!html_names_add(value, names))
		return false;
	for (const char *at = names->data, *end = at + names->len; at < end;) {
		const char *cut = memchr(at, '\n', (size_t)(end - at));
		size_t n = cut ? (size_t)(cut - at) : (size_t)(end - at);
		if (!is_chinese_name((mr_bytes){at, n}, told))
			return false;
		at += n + 1;
	}
	return true;
}

/* 甲乙／某地報導: what stands behind the slash is the place. */
static mr_bytes without_place(mr_bytes text)
{
	static const char *const verbs[] = {"報導", "報道", "报道", "报导", "電", "电", NULL};
	const char *cut = html_find(text, "／") ? html_find(text, "／") : html_find(text, "/");
	for (const char *const *v = verbs; cut && *v; v++)
		if (text.len > strlen(*v) && memcmp(text.data + text.len - strlen(*v), *v, strlen(*v)) == 0)
			return html_trim((mr_bytes){text.data, (size_t)(cut - text.data)});
	return text;
}

static bool take_all(mr_bytes value, bool told, buf *out)
{
	value = without_place(value);
	buf names = {0};
	bool good = all_names(value, told, &names), any = false;
	for (const char *at = names.data, *end = at ? at + names.len : at; good && at < end;) {
		const char *cut = memchr(at, '\n', (size_t)(end - at));
		size_t n = cut ? (size_t)(cut - at) : (size_t)(end - at);
		any |= add_name((mr_bytes){at, n}, out);
		at += n + 1;
	}
	buf_free(&names);
	return any;
}

/* The role's word in a short text; everything before it is an outlet (某报, 某网). */
static mr_bytes behind_role(mr_bytes text)
{
	static const char *const reporter[] = {"记者", "記者", "评论员", "評論員", "通讯员", "通訊員", "撰稿人", "特派员", NULL};
	for (const char *const *role = reporter; *role; role++) {
		const char *at = html_find(text, *role);
		if (at && utf8_count((mr_bytes){text.data, (size_t)(at - text.data)}) <= 14)
			return behind(text, (size_t)(at - text.data) + strlen(*role));
	}
	return (mr_bytes){0};
}

static mr_bytes unwrap(mr_bytes text)
{
	static const char *const open[] = {"（", "(", "【", "[", "□", "■", "◎", "●", "▲", NULL};
	static const char *const close[] = {"）", ")", "】", "]", NULL};
	size_t n;
	text = html_trim(text);
	if ((n = prefix_of(text, open)))
		text = behind(text, n);
	for (const char *const *c = close; *c; c++)
		if (text.len > strlen(*c) && memcmp(text.data + text.len - strlen(*c), *c, strlen(*c)) == 0) {
			text.len -= strlen(*c);
			break;
		}
	return html_trim(text);
}

/* What stands behind a name: where its bearer works and as what. */
static bool is_affiliation(mr_bytes text)
{
	static const char *const words[] = {"press", "news", "staff", "editor", "reporter", "correspondent", "writer", "bureau", "agency", "contributor", "business",
		"insider", "magazine", "times", "cnn", "bbc", "reuters", "afp", "phd", "m.d.", NULL};
	for (const char *const *w = words; *w; w++)
		if (html_contains(text, *w))
			return true;
	return false;
}

/* A B, C D and E F, Some Press: names between commas and "and", affiliations left out unless they stand alone. */
bool html_names_english(mr_bytes text, buf *out)
{
	bool any = false;
	while (text.len) {
		const char *cut = html_find(text, " and "), *comma = memchr(text.data, ',', text.len), *bar = memchr(text.data, '|', text.len);
		if (bar && (!cut || bar < cut) && (!comma || bar < comma)) {
			text.len = (size_t)(bar - text.data);
			continue;
		}
		bool at_comma = comma && (!cut || comma < cut);
		const char *end = at_comma ? comma : cut;
		mr_bytes one = {text.data, end ? (size_t)(end - text.data) : text.len};
		for (size_t i = 0; i < one.len; i++)
			if (one.data[i] >= '0' && one.data[i] <= '9')
				return any;
		if (!any || !is_affiliation(one))
			any |= add_name(one, out) || any;
		text = end ? html_trim(behind(text, (size_t)(end - text.data) + (at_comma ? 1 : 5))) : (mr_bytes){text.data, 0};
	}
	return any;
}

bool html_names_of_line(mr_bytes text, buf *out)
{
	date_found found;
	text = unwrap(text);
	bool dated = text.len <= 200 && date_find(text, 0, false, &found);
	const char *by = dated ? html_find(text, " by ") : NULL;
	if (by && html_starts_by_name(behind(text, (size_t)(by + 1 - text.data))))
		return html_names_english(html_trim(behind(text, (size_t)(by + 4 - text.data))), out);       /* Posted on May 3, 2026 by Jane Doe */
	if (dated && !found.begin)
		text = html_trim(behind(text, found.end));
	if (html_starts_with(text, "by ") && text.len <= 120)
		return html_names_english(html_trim(behind(text, 3)), out);
	if (utf8_count(text) > 48)
		return false;
	mr_bytes value = html_labelled(text, html_author_labels);
	if (value.len && value.len <= 60 && html_names_add(value, out))
		return true;
	mr_bytes names = behind_role(text);
	return names.data && take_all(names, true, out);
}

/* The bracket that begins at or behind `from`; contents without it. */
static bool next_bracket(mr_bytes text, size_t from, mr_bytes *inside, size_t *end)
{
	for (size_t i = from; i < text.len; i++) {
		bool wide = html_starts_with(behind(text, i), "（") || html_starts_with(behind(text, i), "【");
		if (!wide && text.data[i] != '(')
			continue;
		size_t open = i + (wide ? 3 : 1);
		for (size_t k = open; k < text.len && k < open + 150; k++)
			if (text.data[k] == ')' || html_starts_with(behind(text, k), "）") || html_starts_with(behind(text, k), "】")) {
				*inside = (mr_bytes){text.data + open, k - open};
				*end = k + (text.data[k] == ')' ? 1 : 3);
				return true;
			}
		return false;
	}
	return false;
}

bool html_names_of_lead(mr_bytes text, buf *out)
{
	mr_bytes inside;
	size_t at = 0, end;
	if (text.len > LEAD_BYTES)
		text.len = html_cut_at(text.data, LEAD_BYTES);
	while (next_bracket(text, at, &inside, &end)) {
		mr_bytes names = behind_role(inside);
		if (names.data && take_all(names, true, out))
			return true;
		at = end;
	}
	return false;
}

bool html_names_of_end(mr_bytes text, buf *out)
{
	text = html_trim(text);
	size_t from = text.len > LEAD_BYTES ? text.len - LEAD_BYTES : 0, end = 0;
	mr_bytes inside, last = {0};
	while (from < text.len && ((unsigned char)text.data[from] & 0xC0) == 0x80)
		from++;
	for (size_t at = from; next_bracket(text, at, &inside, &end); at = end)
		last = inside;
	if (!last.data || end < text.len - (text.len > 3 ? 3 : 0))
		return false;
	mr_bytes names = behind_role(last);
	return take_all(names.data ? names : last, names.data != NULL, out);
}

static const char *const outlets[] = {"网", "報", "报", "社", "台", "频道", "新闻", "刊", "客户端", "中心", "编辑部", NULL};

static bool is_outlet(mr_bytes name)
{
	for (const char *const *o = outlets; *o; o++)
		if (name.len >= strlen(*o) && memcmp(name.data + name.len - strlen(*o), *o, strlen(*o)) == 0)
			return true;
	return false;
}

bool html_name_is_person(mr_bytes name)
{
	name = html_trim(name);
	if (!name.len || name.len > 40 || memchr(name.data, '@', name.len) || memchr(name.data, '.', name.len))
		return false;
	bool ascii = true, letter = false;
	for (size_t i = 0; i < name.len; i++) {
		ascii &= (unsigned char)name.data[i] < 0x80;
		letter |= (name.data[i] | 32) >= 'a' && (name.data[i] | 32) <= 'z';
	}
	if (ascii)
		return letter && html_find(name, "admin") == NULL;
	return !is_outlet(name) && is_chinese_name(name, false);
}

/* An element that calls itself the author holds names and nothing else. */
bool html_names_alone(mr_bytes text, buf *out)
{
	text = html_trim(text);
	if (utf8_count(text) > 16 || is_outlet(text))
		return false;
	return take_all(text, true, out);
}
