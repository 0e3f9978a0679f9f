/* vocabulary.c - see vocabulary.h.
 *
 * The words are general terms of newspapers, government sites and portals, put together from what such pages call their parts, each in
 * both scripts; none is a name of a place, paper or site. Add a word here when a kind of page calls a known part by another name. */
#include "vocabulary.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/utf8.h"

struct group {
	uint32_t classes;
	const char *words;       /* separated by | */
};

static const struct group groups[] = {
	{WORD_PATH, "首页|首頁|主页|主頁|您的位置|您现在的位置|您當前位置|您当前的位置|您当前所在位置|当前位置|當前位置|所在位置|现在位置|網站首頁|网站首页|Home"},
	{WORD_LABEL, "信息名称|信息标题|信息编号|文件编号|文件名称|发文日期|发文时间|成稿日期|文档格式|文件格式|文件大小|文档大小|页数|所需积分|下载次数|上传用户|有效期|主动公开|有效期限|失效日期|实施日期|责任处室|内容分类|栏目|频道|撰写时间|分类|索引号|索引號|索取号|信息索引|发文机构|发布机构|发文机关|發文機關|发文单位|发布单位|成文日期|成文时间|生成日期|公开日期|文号|文號|发文字号|發文字號|"
		"有效性|时效性|主题词|主题分类|體裁分類|体裁分类|服务对象|公开方式|公开范围|信息分类|所属分类|统一编号|统一登记号|名称|关键词|關鍵字|浏览次数|瀏覽次數|浏览量|瀏覽量|浏览|瀏覽|点击数|點擊數|点击量|点击率|"
		"点击|點擊|阅读量|阅读次数|阅读数|閱讀數|阅读|人气|人氣|访问量|访问次数|评论数|評論數|更新时间|更新時間|字数|Views|Tags|Category|Filed under|Reading time"},
	{WORD_LABEL | WORD_TIME, "发布日期|發布日期|发布时间|發布時間|發佈時間|發佈日期|发稿时间|发表时间|發表時間|時間|时间|日期|上传时间|录入时间|Published|Posted|Last updated|Updated|Date|First published|Publication date"},
	{WORD_LABEL | WORD_SOURCE, "信息来源|信息来自|消息来源|文章来源|新闻来源|稿件来源|资料来源|素材来源|图文来源|内容来源|来源|來源|稿源|出处|Source"},
	{WORD_LABEL | WORD_AUTHOR, "作者|文章作者|撰稿人|Author"},
	{WORD_WIDGET, "关注我们|關注我們|A A A|Ａ Ａ Ａ|预览时标签不可点|写留言|点击蓝字|蓝字|在看|放大|缩小|放大字体|缩小字体|默认|版面导航|标题导航|返回目录|打印正文|打印文章|我要打印|我要收藏|我要纠错|我要分享|关闭页面|關閉頁面|关闭此页|收藏本页|收藏此页|复制本页|推荐给好友|转发给好友|在线咨询|相关附件|用LINE傳送|LINE傳送|傳送|列印本頁|轉寄|轉貼|字級設定|字體大小|正體|我要评论|我要評論|发表评论|查看评论|人參與|官方微信|官方微博|Accept all cookies|Accept additional cookies|Accept cookies|Accept|Reject all|Reject|Manage cookies|Cookie preferences|essential cookies|formerly Twitter|Rate this page|Privacy notice|Terms|Newsroom|分享到|分享至|分享|收藏|点赞|點讚|讚好|按个赞|点个赞|赞一下|喜欢|喜歡|微信|微博|新浪微博|腾讯微博|朋友圈|QQ空间|QQ好友|QQ|人人网|复制链接|複製連結|複製鏈接|链接|Facebook|"
		"Twitter|LinkedIn|WhatsApp|Telegram|Instagram|Pinterest|YouTube|Weibo|WeChat|LINE|Email|E-mail|Share this|Share|Tweet|转发|轉發|评论|評論|留言|举报|舉報|扫一扫|掃一掃|二维码|二維碼|电邮给朋友|電郵給朋友|好友|加入|"
		"打印本页|打印本頁|打印|列印|关闭窗口|關閉視窗|关闭本页|关闭|關閉|返回顶部|返回頂部|回到顶部|回到頁首|回頁頂|回頁首|返回首页|返回列表|返回|纠错|糾錯|保存|附件下载|附件下載|"
		"下载|下載|字号|字號|字级|字級|字体|字體|大中小|大|中|小|语音播报|朗读|收听|無障礙|无障碍|简体版|簡體版|繁体版|繁體版|電腦版|A-|A+|讚|赞|繁體|繁体|简体|简體|点击|點擊|点我|點我|提示|Follow|客户端|客戶端|手机版|手机|手機|电脑版|当前页|當前頁|打开|打開|APP|新闻客户端|登录|登入|注册|"
		"註冊|搜索|搜尋|菜单|導覽|订阅|訂閱|关注|關注|公众号|公眾號|更多|查看更多|展开|收起|粉絲團|粉丝|Skip to main content|Skip to content|Skip to navigation|Print|Back to top|Listen to this page|Listen|Listen to this article|Sign up|"
		"Sign in|Log in|Login|Register|Subscribe|newsletter|Cookies|Cookie policy|Cookie settings|Privacy policy|Privacy|Accessibility|Accessibility statement|Contact us|Terms of use|Terms and conditions|Was this page helpful|Is this page useful|Yes|No|"
		"Menu|Search|Copy link|Save|Comments|Comment|Follow us|Download our app|for our newsletter|Site map|About us|About|News|Sport|Business|Weather|Terms of service|Advertise with us|Advertise|Corrections|Careers|Syndication|Help|Copy this link|Share this with|Save article|Read more about sharing|Follow us on|Video"},
	{WORD_SECTION, "U.S.|US|UK|World|Politics|Science|Health|Technology|Tech|Entertainment|Opinion|Culture|Travel|Markets|Education|Lifestyle|Arts|Magazine|Podcasts|Newsletters|Climate|Economy|Local|National|International|Style|Food|Sports|Money|Obituaries|Life"},
	{WORD_RELATED, "往期推荐|往期回顾|往期精选|往期内容|往期推薦|往期回顧|精彩回顾|相关文档|相关文件|相关政策|相关稿件|本类热门|本类推荐|同类文章|More stories|More news|Most viewed|Editor's picks|Editors' picks|Up next|Read next|Popular now|Don't miss|What to read next|推荐阅读|推薦閱讀|相关阅读|相關閱讀|相关新闻|相關新聞|相关链接|相關連結|相关文章|相關文章|相关报道|相關報導|相关解读|相关信息|相关文件|相关推荐|延伸阅读|延伸閱讀|延伸阅覽|更多新闻|更多新聞|更多内容|热门新闻|熱門新聞|"
		"热门推荐|热点推荐|熱門文章|热点新闻|最新新闻|最新消息|猜你喜欢|猜你喜歡|你可能喜欢|您可能感兴趣|大家都在看|大家还看了|其他人还看|看过本文的还看|更多新聞報導|更多報導|更多报道|更多相關新聞|其他新聞|其他新闻|同主題新聞|人氣新聞|熱門排行|最新新聞|今日最新|即時新聞|本网推荐|为你推荐|相关专题|图片新闻|图片报道|专题推荐|大家爱看|精彩推荐|编辑推荐|編輯推薦|友情链接|友情連結|网友评论|热门文章|今日热点|热点排行|点击排行|阅读排行|新闻排行|今日推荐|为您推荐|更多阅读|"
		"看更多|Related news|Related stories|Related articles|Related topics|Related links|Related content|More on this story|More from|You may also like|You might also like|Further reading|Recommended for you|Most read|Most popular|"
		"Trending|Latest news|Read more|See also|Top stories"},
	{WORD_TURN, "上一篇|下一篇|上一条|下一条|上一條|下一條|上一则|下一则|上一則|下一則|上一页|下一页|上一頁|下一頁|上一版|下一版|上一期|下一期|上篇|下篇|前一篇|后一篇|Next article|Previous article|Next story|Previous story|Next|Previous"},
	{WORD_LEGAL, "(c)|网站支持|分辨率|浏览器|最佳浏览效果|IPv6|网站声明|版权所有|版權所有|版权声明|版權聲明|免责声明|免責聲明|免責條款|未经授权|未經授權|未经许可|未經許可|未经书面|不得转载|不得轉載|禁止转载|禁止轉載|请勿转载|严禁转载|谢绝转载|转载请注明|轉載請註明|如若转载|转载须|书面授权|"
		"立即删除|联系删除|网站标识码|备案号|备案|公网安备|许可证|许可證|投诉电话|网站地图|关于我们|關於我們|广告服务|联系我们|聯絡我們|设为首页|加入收藏|联系方式|技术支持|建议使用|制作维护|ICP|主办单位|主办|承办|主辦|违法和不良信息|举报电话|不承担|不负责|仅供参考|僅供參考|仅代表作者|不代表|互联网用户|会员上传|用户上传|信息存储空间|镜像|All rights reserved|Copyright|Disclaimer|©|reproduced without|"
		"content may not be reproduced|reproduction"},
	{WORD_DUTY, "侵权|侵權|著作权|著作權|法律责任|法律責任|查实|违者|本人"},
	{WORD_SELF, "本网站|本網站|本网|本網|本站|本文档|本文内容|本文|本平台|该文观点|本报记者版权|this site|this website|this article"},
	{WORD_PAY, "试读已结束|試讀已結束|试读完毕|本文为节选|登录后|登錄後|还没有登录|尚未登录|未显示|完整版|免费预览|免费内容|免费试读|预览结束|试看结束|试读到此|继续阅读|繼續閱讀|付费后|付费可|付費後|立即购买|立即購買|开通后|购买后|購買後|下载全文|索取全文|阅读剩余|还有更多内容|扫码付费|Continue reading with|Already a subscriber|试读结束|試讀結束|未完|阅读全文|閱讀全文|查阅全文|查看全文|下载全文|余下全文|剩余|剩餘|開通會員|开通会员|成为会员|加入会员|会员专享|會員專屬|会员|會員|付费阅读|付費閱讀|付费|付費|单篇购买|购买|購買|订阅后|訂閱後|登录后阅读|登入後|解锁全文|解鎖全文|全文|"
		"VIP|Subscribe to continue|Subscribe to read|Sign in to continue|Log in to read|subscribers only|to continue reading|to read the full|unlock this article"},
	{WORD_STAFF | WORD_EDITOR, "责任编辑|責任編輯|责编|責編|一版责编|值班编辑|值班編輯|新媒体编辑|编辑|編輯|本版编辑|本版責編|本版责编|本期编辑|执行主编|Editor"},
	{WORD_STAFF, "Reporting by|Editing by|Writing by|Additional reporting by|Compiled by|Edited by"},
	{WORD_STAFF, "主編|總編輯|責任校對|本版編輯|見習編輯|版面編輯|核稿|签发|編審|审稿|责审|一审|二审|三审|图文编辑|责任美编|組版|版面|校对|校對|校检|责任校对|责校|审校|审核|版式|版式设计|版面设计|版面|美编|美編|美術編輯|美术编辑|组版|排版|值班主任|值班编委|值班总编|值班|终审|复审|初审|监制|制图|图编|视觉|设计|电子版|统筹|总监|主编|編審|本版主编|本版校对"},
	{WORD_PRESS, "新聞專線|讀者服務專線|讀者服務|廣告專線|訂報專線|服務專線|專線|讀者熱線|讀者投訴|本報地址|本報社址|承印|新闻客户端|本报常年法律顾问|常年法律顾问|法律顾问|法律顧問|版面导读|今日导读|导读|新闻热线|新聞熱線|热线电话|热线|熱線|报料|爆料|本报地址|社址|广告部|广告热线|广告|廣告|发行部|发行热线|发行|發行|总编室|编辑部|编辑室|印刷|承印|印务|准印证号|印数|总第|總第|零售|零售价|每份|定价|定價|国内统一|连续出版物号|刊号|刊號|邮发代号|投稿邮箱|"
		"投稿|来信|读者来信|读者热线|报社|报业|月价|全年|新闻网址|网址|订报|订阅热线|Media contact|Media enquiries|Press contact|Press enquiries|Press office contact"},
	{WORD_CONTACT, "地址|邮编|邮政编码|郵編|郵政編碼|传真|傳真|电话|電話|值班电话"},
	{WORD_WEATHER, "天气预报|天气|天氣|气温|氣溫|最高气温|最低气温|多云|多雲|晴转|转晴|晴间|晴|阴转|阴|陰|阵雨|陣雨|小雨|中雨|大雨|雷阵雨|小雪|大雪|雾霾|东南风|东北风|西南风|西北风|东风|南风|西风|北风|偏南风|偏北风|微风|风力|风向|湿度|空气质量|℃|°C|优良|紫外线|Sunny|Cloudy|Partly cloudy|Mostly cloudy|Partly sunny|Mostly sunny|Showers|Thunderstorms|Tonight|Highs|Lows|High|Low|Clear"},
	{WORD_DAY, "星期一|星期二|星期三|星期四|星期五|星期六|星期日|星期天|周一|周二|周三|周四|周五|周六|周日|週一|週二|週三|週四|週五|週六|週日|农历|農曆|夏历|正月|腊月|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"},
	{WORD_REPORTER, "融媒体记者|融媒记者|融媒体中心记者|实习生记者|本报特约评论员|本报特约记者|本报通讯员|本报实习生|本报见习记者|本报首席记者|本报全媒体记者|本报融媒体记者|本報特約記者|文字记者|驻地记者|图片记者|本报记者|本報記者|本刊记者|本网记者|记者|記者|见习记者|首席记者|特约记者|实习记者|全媒体记者|通讯员|通訊員|特约通讯员|特派记者|摄影记者|本报评论员|本報評論員|评论员|評論員|特约评论员|实习生|實習生|撰文|撰稿|采写|文/图|文／图|图/文|图文"},
	{WORD_LEAD, "本报讯|本報訊|本刊讯|本网讯|本網訊|本台讯|本社讯|讯"},
	{WORD_CAPTION, "圖說|图说|图注|圖注|图片说明|圖片說明"},
	{WORD_NOTICE, "遗失声明|遗失启事|挂失声明|作废声明|声明|启事|招租公告|招租启事|注销公告|减资公告|清算公告|债权公告|债权转让公告|拍卖公告|招标公告|寻人启事|寻物启事|寻亲公告|停水公告|停电公告|分类广告|分类信息|便民信息|更正声明|讣告|遺失聲明|聲明|啟事|徵才啟事|尋人啟事|分類廣告|拍賣公告|註銷公告"},
	{WORD_PHOTO, "摄影|攝影|供图|供圖|图片来源|圖片來源|資料圖片|资料图片|资料照片|資料照片|翻摄|翻攝|图为|圖為|上图|上圖|下图|左图|右图|Photo:|Photo by|Photograph:|Photographer|Image:|Image credit|Picture:|Photo courtesy|Getty Images"},
	{WORD_AD, "Advertisement|Advertising|Sponsored|Sponsored content|Promoted|广告位|加微信|微信号|客服|联系客服|添加微信|加群|QQ群|扫码|掃碼|下载APP|咨询微信|资料下载"},
};

#define BUCKETS 4096             /* some 900 words */

struct word {
	uint32_t begin;          /* in `characters` */
	uint16_t length;
	uint16_t next;           /* index + 1 of the next word of the bucket, longer ones first */
	uint32_t classes;
};

struct vocabulary {
	uint32_t *characters;
	struct word *words;
	size_t count;
	uint16_t bucket[BUCKETS];
	uint8_t first[8192];     /* bit set of the characters that begin a word: most positions end here */
};

static uint32_t lower(uint32_t c)
{
	return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

/* Words of one character hash by it alone, so a look-up asks twice. */
static uint32_t hash(uint32_t a, uint32_t b)
{
	return ((a * 0x9E3779B1u) ^ (b * 0x85EBCA6Bu)) >> 20 & (BUCKETS - 1);
}

static void insert(vocabulary *self, uint16_t index)
{
	struct word *w = &self->words[index];
	const uint32_t *c = self->characters + w->begin;
	uint16_t *link = &self->bucket[hash(c[0], w->length > 1 ? c[1] : 0)];
	while (*link && self->words[*link - 1].length >= w->length)
		link = &self->words[*link - 1].next;
	w->next = *link;
	*link = (uint16_t)(index + 1);
	if (c[0] < 65536)
		self->first[c[0] >> 3] |= (uint8_t)(1u << (c[0] & 7));
}

static void add_word(vocabulary *self, const char *at, const char *end, uint32_t classes, size_t *used)
{
	struct word w = {.begin = (uint32_t)*used, .classes = classes};
	while (at < end)
		self->characters[(*used)++] = lower(utf8_next(&at, end));
	w.length = (uint16_t)(*used - w.begin);
	if (!w.length)
		return;
	self->words[self->count] = w;
	insert(self, (uint16_t)self->count++);
}

vocabulary *vocabulary_new(void)
{
	vocabulary *self = mem_alloc(sizeof *self);
	size_t bytes = 0, words = 0, used = 0;
	for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
		bytes += strlen(groups[i].words);
		for (const char *p = groups[i].words; p; p = strchr(p, '|'), p += p != NULL)
			words++;
	}
	self->characters = mem_array(bytes + 1, sizeof *self->characters);
	self->words = mem_array(words + 1, sizeof *self->words);
	for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
		const char *p = groups[i].words;
		while (p) {
			const char *bar = strchr(p, '|'), *end = bar ? bar : p + strlen(p);
			add_word(self, p, end, groups[i].classes, &used);
			p = bar ? bar + 1 : NULL;
		}
	}
	return self;
}

void vocabulary_free(vocabulary **self)
{
	if (!*self)
		return;
	free((*self)->characters);
	free((*self)->words);
	free(*self);
	*self = NULL;
}

static bool is_latin(uint32_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool equal(const vocabulary *self, const struct word *w, const uint32_t *c, const uint32_t *end)
{
	if ((size_t)(end - c) < w->length)
		return false;
	for (size_t i = 0; i < w->length; i++)
		if (lower(c[i]) != self->characters[w->begin + i])
			return false;
	/* A Latin word ends where its letters end: "No" is not the beginning of "November". */
	return !is_latin(c[w->length - 1]) || c + w->length == end || !is_latin(c[w->length]);
}

size_t vocabulary_match(const vocabulary *self, const uint32_t *c, const uint32_t *end, uint32_t *classes)
{
	uint32_t a = lower(*c);
	*classes = 0;
	if (a >= 65536 || !(self->first[a >> 3] & 1u << (a & 7)))
		return 0;
	size_t length = 0;
	for (int pass = 0; pass < 2 && !length; pass++) {
		if (!pass && end - c < 2)
			continue;
		for (uint16_t i = self->bucket[hash(a, pass ? 0 : lower(c[1]))]; i; i = self->words[i - 1].next) {
			const struct word *w = &self->words[i - 1];
			if (w->length >= length && (pass == 0) == (w->length > 1) && equal(self, w, c, end)) {
				length = w->length;      /* the same word may stand in several classes */
				*classes |= w->classes;
			}
		}
	}
	return length;
}
