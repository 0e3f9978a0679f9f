/* html_phrases.c - see html_phrases.h.
 *
 * The words are the trade's own: what editorial systems and pages put around texts, in Chinese (both scripts) and English. A word alone decides
 * only on a short line without sentences; contact, promotion and rights lines need their place at the end, too, since news is written about those. */
#include "workers/extract/html_phrases.h"

#include "common/utf8.h"
#include "workers/extract/dates.h"

typedef const char *const words[];

/* Bytes that occur in the text, letters in lower case: most words of a list have one that does not. */
typedef struct bytes_seen {
	uint64_t bit[4];
} bytes_seen;

static bytes_seen see(mr_bytes text)
{
	bytes_seen seen = {{0}};
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];
		c = c >= 'A' && c <= 'Z' ? (unsigned char)(c | 32) : c;
		seen.bit[c >> 6] |= 1ull << (c & 63);
	}
	return seen;
}

static bool may_hold(const bytes_seen *seen, const char *word)
{
	for (; *word; word++)
		if (!(seen->bit[(unsigned char)*word >> 6] >> ((unsigned char)*word & 63) & 1))
			return false;
	return true;
}

static bool has_any(mr_bytes text, const char *const *list)
{
	bytes_seen seen = see(text);
	for (; *list; list++)
		if (may_hold(&seen, *list) && html_contains(text, *list))
			return true;
	return false;
}

static bool starts_any(mr_bytes text, const char *const *list)
{
	for (; *list; list++)
		if (html_starts_with(text, *list))
			return true;
	return false;
}

static bool ends_with(mr_bytes text, const char *word)
{
	size_t n = strlen(word);
	return text.len >= n && memcmp(text.data + text.len - n, word, n) == 0;
}

static bool ends_any(mr_bytes text, const char *const *list)
{
	for (; *list; list++)
		if (ends_with(text, *list))
			return true;
	return false;
}

/* Length of the word of the list that the text begins or ends with; 0: none. */
static size_t first_of(mr_bytes text, const char *const *list)
{
	for (; *list; list++)
		if (html_starts_with(text, *list))
			return strlen(*list);
	return 0;
}

static size_t last_of(mr_bytes text, const char *const *list)
{
	for (; *list; list++)
		if (ends_with(text, *list))
			return strlen(*list);
	return 0;
}

/* Brackets, quotes, bullets and blanks off both ends. */
static mr_bytes bare(mr_bytes text)
{
	static words signs = {"（", "(", "【", "[", "《", "<", "“", "\"", "▲", "△", "▼", "■", "●", "★", "◆", "◎", "→", "*", "-", "—", "–", "|", "｜", "·", "•", "©", " ", "\u3000", "#",
		NULL};
	static words closing = {"）", ")", "】", "]", "》", ">", "”", "\"", " ", "\u3000", "。", ".", "：", ":", "…", "-", "—", "|", "｜", "»", "›", NULL};
	size_t n;
	while ((n = first_of(text, signs))) {
		text.data += n;
		text.len -= n;
	}
	while ((n = last_of(text, closing)))
		text.len -= n;
	return text;
}

static bool equals_any(mr_bytes text, const char *const *list)
{
	for (; *list; list++)
		if (text.len == strlen(*list) && html_starts_with(text, *list))
			return true;
	return false;
}

/* ---- labels: the whole line ---- */

static bool is_count(mr_bytes text)                              /* "1 of 6", "3/12", "12 comments" */
{
	size_t i = 0, digits = 0;
	while (i < text.len && text.data[i] >= '0' && text.data[i] <= '9' && digits < 5) {
		i++;
		digits++;
	}
	if (!digits)
		return false;
	mr_bytes rest = html_trim((mr_bytes){text.data + i, text.len - i});
	static words behind = {"comments", "comment", "shares", "share", "likes", "条评论", "评论", "人参与", "人跟贴", "次阅读", "阅读", "min read", "minute read", "views", NULL};
	if (equals_any(rest, behind))
		return true;
	if (html_starts_with(rest, "of ") || html_starts_with(rest, "/")) {
		size_t skip = *rest.data == '/' ? 1 : 3;
		for (i = skip; i < rest.len && (rest.data[i] == ' ' || (rest.data[i] >= '0' && rest.data[i] <= '9')); i++)
			;
		return i == rest.len && rest.len > skip;
	}
	return false;
}

static bool is_label(mr_bytes text)
{
	static words labels = {"advert", "advertisement", "advertising", "ad", "ads", "sponsored", "sponsored content", "promoted", "read more", "comments", "comment",
		"tags", "topics", "topic", "share", "share this", "share this article", "share this story", "related", "related articles", "related stories",
		"related content", "related posts", "don't miss", "don’t miss", "you may also like", "you might also like", "text size", "print", "email", "save",
		"follow us", "see also", "read also", "also read", "more", "view comments", "leave a comment", "loading", "close", "menu", "search", "subscribe",
		"sign up", "log in", "most read", "most popular", "trending", "recommended", "top stories", "back to top", "facebook", "twitter", "whatsapp",
		"linkedin", "pinterest", "reddit", "tumblr", "copy link", "photo", "photos", "video", "gallery", "newsletter", "show more", "listen", "watch now",
		"end", "ends", "完", "全文完", "iklan", "categorias", "categories", "arquivos", "archives", "publicidade", "publicidad", "werbung", "anzeige", "publicité", "pubblicità",
		"this slideshow requires javascript", "article continues below advertisement", "story continues below advertisement", "continue reading",
		"分享", "分享到", "字号", "字體", "评论", "評論", "相关推荐", "相关阅读", "相关新闻", "相关报道", "延伸阅读", "推荐阅读", "热门推荐", "标签", "標籤", "图集", "正在加载",
		"收藏", "打印", "关闭", "返回顶部", "上一篇", "下一篇", "上一页", "下一页", "我要评论", "我要跟帖", "网友评论", "热门评论", "广告", "廣告", "推广", "阅读全文", "展开全文",
		"阅读原文", "点赞", "赞", "转发", "举报", "猜你喜欢", "大家都在看", "更多精彩", "视频推荐", "精彩视频推荐", "精彩推荐", "自动播放", "二维码", "朋友圈", "微信扫一扫", "责任编辑",
		"作者", "来源", "關鍵字", "关键词", "相關新聞", "延伸閱讀", "推薦閱讀", "熱門新聞", "大 中 小", "小 中 大", "播放", "视频", "音频", "首页", "正文", "查看原图", NULL};
	return is_count(text) || equals_any(text, labels);
}

bool html_phrase_ends(mr_bytes text, uint32_t units)
{
	static words ends = {"comments", "related articles", "related stories", "related posts", "related content", "you may also like", "you might also like",
		"more from", "most read", "most popular", "read next", "up next", "recommended for you", "recommended stories", "leave a reply", "leave a comment",
		"filed under", "sign up for our newsletter", "相关推荐", "相关阅读", "相关新闻", "相关报道", "相关文章", "延伸阅读", "推荐阅读", "热门推荐", "热门文章", "热门评论", "网友评论",
		"最新评论", "全部评论", "我要评论", "我要跟帖", "猜你喜欢", "大家都在看", "更多精彩", "精彩推荐", "相關新聞", "延伸閱讀", "推薦閱讀", "相關報導", "相關文章", "熱門新聞", "熱門文章", "猜你喜歡", "更多新聞", "看更多", "關鍵字", "小编最近文章", "作者最近文章", "作者其他文章",
		"最新文章", "上一篇", "下一篇", "免责声明", "版权声明", "特别声明", "郑重声明", NULL};
	mr_bytes inner = bare(text);
	if (units > 90)
		return false;
	if (equals_any(inner, ends))
		return true;
	static words begins = {"相关推荐", "相关阅读", "相关新闻", "延伸阅读：", "推荐阅读：", "上一篇：", "下一篇：", "上一篇:", "下一篇:", "评论(", "评论（", "关键词 >", "filed under:", "tags:", NULL};
	return starts_any(inner, begins);
}

/* ---- editors, sources, bylines ---- */

static bool separator_at(mr_bytes text, size_t at)
{
	static words marks = {":", "：", "/", "｜", "|", "︱", "丨", " ", "\u3000", "／", NULL};
	return at >= text.len || starts_any((mr_bytes){text.data + at, text.len - at}, marks);
}

/* A role and a separator at the beginning: 责任编辑：…, 来源：…, 文｜…, 校对 … */
static bool begins_with_role(mr_bytes inner, uint32_t stops)
{
	static words roles = {"责任编辑", "責任編輯", "责编", "責編", "执行编辑", "本文编辑", "本期编辑", "本版编辑", "编辑", "編輯", "校对", "校對", "审核", "審核", "审校", "复审", "终审",
		"初审", "一审", "二审", "三审", "监制", "監製", "监审", "总监制", "值班", "统筹", "策划", "制图", "制作", "出品", "来源", "來源", "稿件来源", "稿源", "信息来源", "文章来源",
		"图片来源", "图源", "图片", "供稿", "摄影", "攝影", "摄像", "撰文", "撰稿", "作者", "文字", "文", "图文", "文图", "文/图", "图", "原创", "编译", "翻译", "整理", "采写", "记者",
		"通讯员", "通訊員", "見習編輯", "见习编辑", "责任校对", "排版", "美编", "视觉", "视频", "海报", "主编", "副主编", "签发", "发布", "发布人", "录入", "网络编辑", "技术支持",
		"source", "sources", "editor", "text", "photo", "photos", "image", "images", "photo credit", "image credit", "credit", NULL};
	for (const char *const *role = roles; *role; role++) {
		size_t n = strlen(*role);
		if (!html_starts_with(inner, *role) || inner.len <= n || !separator_at(inner, n))
			continue;
		/* A sentence may begin with such a word: then only a colon makes it a label. */
		mr_bytes rest = {inner.data + n, inner.len - n};
		if (!stops || html_starts_with(rest, ":") || html_starts_with(rest, "："))
			return true;
	}
	return false;
}

/* Names only: two to four Han characters each (or Latin words), between blanks and 、; at most eight. */
static bool is_names(mr_bytes text)
{
	const char *at = text.data, *end = at + text.len;
	int han = 0, names = 0, letters = 0;
	while (at <= end) {
		uint32_t c = at < end ? utf8_next(&at, end) : ' ';
		bool gap = c == ' ' || c == 0x3000 || c == 0x3001 || c == ',' || c == 0xFF0C || c == '/' || c == 0xB7;
		if (gap) {
			names += han + letters > 0;
			if (han == 1 && names == 1 && letters == 0 && at >= end)
				return false;
			han = letters = 0;
			if (at >= end)
				break;
			continue;
		}
		if (utf8_is_han(c))
			han++;
		else if ((c | 32) >= 'a' && (c | 32) <= 'z')
			letters++;
		else
			return false;
		if (han > 4)
			return false;
	}
	return names >= 1 && names <= 8;
}

/* 新京报记者 陆一夫: an outlet, a role, names and nothing else. */
static bool is_reporter_line(mr_bytes inner)
{
	static words roles = {"记者", "記者", "通讯员", "通訊員", "特约撰稿人", "撰稿人", "评论员", "评论员", "特派员", "实习生", NULL};
	for (const char *const *role = roles; *role; role++) {
		const char *at = html_find(inner, *role);
		if (!at)
			continue;
		const char *behind = at + strlen(*role);
		mr_bytes names = bare(html_trim((mr_bytes){behind, (size_t)(inner.data + inner.len - behind)}));
		if (html_starts_with(names, "：")) {
			names.data += 3;
			names.len -= 3;
		}
		mr_bytes outlet = {inner.data, (size_t)(at - inner.data)};
		if (utf8_count(outlet) <= 16 && !html_measure_of(outlet).marks && names.len && is_names(names))
			return true;
	}
	return false;
}

/* 甲乙网 3月13日报道: an outlet, a day, a word for reporting, no text. */
static bool is_dispatch(mr_bytes inner, uint32_t units)
{
	static words endings = {"报道", "報道", "讯", "訊", "电", "電", NULL};
	date_found found;
	return units <= 75 && ends_any(inner, endings) && date_find(inner, 0, true, &found);
}

/* `By Jane Doe`: what follows begins as names do. */
bool html_starts_by_name(mr_bytes text)
{
	return html_starts_with(text, "by ") && text.len > 5 && ((text.data[3] >= 'A' && text.data[3] <= 'Z') || (unsigned char)text.data[3] >= 0xC3);
}

/* 值班主编｜甲乙: any kind of editor, a separator, names. */
static bool is_staff_line(mr_bytes inner)
{
	static words kinds = {"编辑", "編輯", "主编", "主編", "总编", "總編", "校对", "校對", "审核", "責編", "责编", "监制", "编审", "编委", "编导", "美编", NULL};
	static words marks = {":", "：", "/", "｜", "|", "︱", "丨", "／", " ", "\u3000", NULL};
	for (const char *const *mark = marks; *mark; mark++) {
		const char *at = html_find(inner, *mark);
		if (!at)
			continue;
		mr_bytes left = html_trim((mr_bytes){inner.data, (size_t)(at - inner.data)}), right = {at + strlen(*mark), (size_t)(inner.data + inner.len - at) - strlen(*mark)};
		if (utf8_count(left) <= 6 && ends_any(left, kinds) && is_names(html_trim(right)))
			return true;
	}
	return false;
}

static bool is_byline(mr_bytes inner, uint32_t units, uint32_t stops, enum html_region region)
{
	static words editors = {"责任编辑", "責任編輯", "责编：", "责编:", "责编 ", "編輯：", "原标题", "原題", "原题为", "原题：", "原文标题", "原文链接", "原文地址", "原载", "本文来源", "文章来源",
		"来源：", "来源:", "來源：", "作者：", "作者:", "作者︱", "作者|", "作者丨", "作者｜", "编辑：", "编辑:", "编辑/", "稿源：", "图片来源：", NULL};
	static words endings = {"供稿", "供图", "供圖", "编辑", "亦有贡献", "对本文亦有贡献", "综合报道", "综合整理", "编译", NULL};
	if (units <= 240 && starts_any(inner, editors))
		return true;
	if (units > 150 || stops > 1)
		return false;
	if (is_reporter_line(inner) || (!stops && is_staff_line(inner)))
		return true;
	if (region == REGION_MIDDLE)
		return false;
	static words inside = {"供稿 ", "供稿　", "编辑/", "摄影/", "审核/", "编辑：", "编辑:", "摄影：", "审核：", "校对：", NULL};
	return begins_with_role(inner, stops) || (region == REGION_HEAD && !stops && html_starts_by_name(inner)) || (stops == 0 && (ends_any(inner, endings) || has_any(inner, inside))) || is_dispatch(inner, units);
}

/* ---- rights, promotion, contacts ---- */

/* Rights and liability. Laws and news speak of licences and permission, too: in the middle of a text only what a page says of itself counts. */
static bool is_disclaimer(mr_bytes text, uint32_t units, uint32_t stops, enum html_region region)
{
	static words own = {"禁止转载", "不得转载", "谢绝转载", "严禁转载", "请勿转载", "禁止轉載", "請勿轉載", "侵删", "侵權必究", "如有侵权", "侵权请", "侵权删", "侵权必究", "转载请注明", "转载请联系", "請註明出處", "投资需谨慎", "版权归原作者", "版权归作者", "仅代表作者本人", "不代表本网", "不代表本站",
		"不代表本平台", "版权均属", "all rights reserved", "may not be published, broadcast", "this material may not", NULL};
	static words permission = {"未经授权", "未经许可", "未经允许", "未經授權", "未經許可", "免责声明", "独家所有", "版权声明", NULL};
	static words copying = {"转载", "轉載", "摘编", "本网", "本站", "本报", "本平台", "copyright", NULL};
	static words weak = {"版权所有", "主办单位：", "主办单位:", "邮编：", "邮编:", "ICP备", "icp备", "举报电话", "联系电话：", "投稿邮箱", "copyright ©", "copyright (c)", "©", NULL};
	if (units > 900)
		return false;
	if (has_any(text, own))
		return region != REGION_MIDDLE || units < 300;
	if (region != REGION_TAIL)
		return false;
	return (has_any(text, permission) && has_any(text, copying)) || html_starts_with(text, "免责声明") || (units <= 260 && stops <= 1 && has_any(text, weak));
}

static bool is_promotion(mr_bytes text, uint32_t units, enum html_region region)
{
	static words tail = {"follow him on", "follow her on", "follow us on", "follow me on", "follow them on", "followed on twitter", "on twitter at", "on twitter:", "on twitter @",
		"may be reached at", "can be reached at", "reach the reporter", "email the author", "contributed reporting", "contributed to this report",
		"contributed to this story", "contributed to this article", "additional reporting by", "sign up for our", "sign up for the", "subscribe to our", "subscribe for", "subscribe now",
		"our newsletter", "newsletters", "download our app", "download the app", "like us on facebook", "join us on", "delivered to your inbox",
		"right in your inbox", "straight to your inbox", "click here for more", "click here to subscribe", "if you enjoyed this article", "support our journalism",
		"become a member", "want more stories", "send us your", "tell us what you think", "have a tip", "got a tip", "we'd like to hear",
		"we’d like to hear", "read the original", "@gmail.com", "this article originally appeared", "this story originally appeared", "is out now. follow",
		NULL};
	static words short_tail = {"公众号", "扫码", "扫一扫", "扫描二维码", "长按", "二维码", "客户端”", "app下载", "”app", "新闻报料", "新闻爆料", "我要爆料", "爆料热线", "报料热线", "闻报料：", "新闻热线", "更多精彩", "更多内容", "更多资讯", "更多新闻", "点击查看",
		"点击阅读", "点击下载", "阅读原文", "粉絲團", "粉丝团", "粉絲專頁", "按個", "按讚", "谢谢观看", "謝謝收看", "欢迎关注", "歡迎關注", "关注我们", "关注我", "点个赞", "分享给", "转发给",
		"官方微信", "官方微博", "微信号", "加微信", "投稿", "加入群", "本文来自", "授权转载", "授权发布", "内容合作", NULL};
	static words anywhere = {"sign up for our", "subscribe to our", "get the latest updates", "delivered to your inbox", "in your inbox", "click here to subscribe",
		"click to share on", "opens in new window", "subscribe to continue", "subscribe to read", "already a subscriber", "log in to continue", "sign in to continue", "to continue reading", "剩余内容需", "登录后可阅读全文", "开通会员后", "requires javascript", "enable javascript", "your browser does not support", "article continues", "story continues below", "we use income earning",
		"扫描下方二维码", "长按识别", "点击上方蓝字", "点击蓝字关注", "欢迎关注", "邀請您到", NULL};
	if (units <= 260 && has_any(text, anywhere))
		return true;
	if (region != REGION_TAIL || units > 300)
		return false;
	/* An address to write to, or words of the trade on a line too short for news about them. */
	return has_any(text, tail) || (html_contains(text, "write to ") && memchr(text.data, '@', text.len)) || (units <= 160 && has_any(text, short_tail));
}

/* A pointer to another text: begins with the word and is little else. */
static bool is_pointer(mr_bytes inner, uint32_t units)
{
	static words begins = {"read more:", "read more about", "read also:", "also read:", "see also:", "related:", "related post:", "related story:", "related article:",
		"more:", "read:", "read next:", "watch:", "watch more:", "don't miss:", "don’t miss:", "listen:", "recommended:", "more on this", "you may also like",
		"you might also like", "click here to", "photos:", "video:", "延伸阅读：", "相关阅读：", "推荐阅读：", "点击进入", "看更多：", "更多新聞：", "更多報導：", "延伸閱讀：", "相關新聞：", "相關報導：", "推薦閱讀：", "相关新闻：", "相关报道：", "相关文章：", "详见：", "往期回顾：", "相关链接：", NULL};
	return units <= 200 && starts_any(inner, begins);
}

static bool is_path(mr_bytes text, uint32_t units)                   /* 首页 > 新闻 > 正文 */
{
	static words begins = {"当前位置", "您的位置", "您现在的位置", "你的位置", "所在位置", "現在位置", "首页 >", "首页>", "首页 »", "home >", "home »", "you are here", NULL};
	return units <= 200 && starts_any(text, begins);
}

bool html_phrase_is_caption(mr_bytes text, uint32_t units)
{
	static words begins = {"图为", "图注", "图说", "图：", "图/", "资料图", "图片说明", "图片来源", "图源", "圖為", "圖/", "圖：", "▲", "△", "photo:", "photo by", "photos by", "photograph:",
		"image:", "image credit", "image courtesy", "photo credit", "photo courtesy", "file photo", "picture:", "credit:", "摄影：", "摄影/", "制图：", NULL};
	static words endings = {"摄", "攝", "供图", "供圖", "资料图", "资料图片", "资料照片", "视频截图", "截图", " 图", "/图", "摄影", "图片来源网络", "图片来自网络", "(file photo)", "ap photo", NULL};
	if (units > 330)
		return false;
	if (starts_any(text, begins))
		return true;
	static words made = {"拍摄", "拍攝", "热爱摄影", "和摄影", NULL};
	mr_bytes inner = text;
	while (ends_with(inner, "）") || ends_with(inner, "】"))
		inner.len -= 3;
	while (inner.len && (inner.data[inner.len - 1] == ')' || inner.data[inner.len - 1] == ' ' || inner.data[inner.len - 1] == ']'))
		inner.len--;
	return ends_any(inner, endings) && !ends_any(inner, made);
}

bool html_phrase_is_dated(mr_bytes text, uint32_t units)
{
	static words labels = {"来源", "來源", "发布", "發布", "浏览", "点击", "作者", "字号", "编辑", "日期", "时间", "時間", "阅读", "updated", "published", "posted", "by ", "last modified", "更新", NULL};
	date_found found;
	if (units > 260 || html_ends_sentence(text) || !date_find(text, 0, false, &found))
		return false;
	uint32_t inside = html_measure_of((mr_bytes){text.data + found.begin, found.end - found.begin}).units;
	if (found.value.precision >= DATE_MINUTE && units - inside <= 150)
		return true;
	return units - inside <= 150 && has_any(text, labels);
}

enum html_line_kind html_phrase_kind(mr_bytes text, uint32_t units, uint32_t stops, enum html_region region)
{
	if (units > 900)
		return LINE_KEPT;
	mr_bytes inner = bare(text);
	if (units <= 60 && (inner.len == 0 ? region != REGION_MIDDLE : is_label(inner)))
		return LINE_NOISE;
	if (is_path(text, units))
		return LINE_NOISE;
	if (is_byline(inner, units, stops, region))
		return LINE_BYLINE;
	if (is_disclaimer(text, units, stops, region))
		return LINE_DISCLAIMER;
	if (is_promotion(text, units, region) || is_pointer(inner, units))
		return LINE_PROMO;
	return LINE_KEPT;
}
