/* vocabulary.h - the words by which furniture of pages and web sites is told from text.
 *
 * One table of words in classes (vocabulary.c: the trade's general terms in Simplified, Traditional and English), made into a hash of their first
 * two characters once, when the stage opens; immutable from then on, any thread. A class is never evidence alone: the rules in furniture.c
 * ask for position, length, and the share of the line that such words cover. */
#ifndef EXTRACT_VOCABULARY_H
#define EXTRACT_VOCABULARY_H

#include <stddef.h>
#include <stdint.h>

enum word_class {
	WORD_PATH = 1 << 0,      /* 首页, 当前位置, Home: beginning of a breadcrumb */
	WORD_LABEL = 1 << 1,     /* 发布时间, 来源, 文号: label of a metadata line */
	WORD_WIDGET = 1 << 2,    /* 分享, 打印, 关闭窗口, 字号: things to press */
	WORD_RELATED = 1 << 3,   /* 相关新闻, 延伸閱讀: heading of a list of links */
	WORD_TURN = 1 << 4,      /* 上一篇, 下一则, Next article */
	WORD_LEGAL = 1 << 5,     /* 版权所有, 未经授权, 免责声明 */
	WORD_SELF = 1 << 6,      /* 本网, 本站, 本文: the site speaks of itself */
	WORD_PAY = 1 << 7,       /* 试读结束, 开通会员 */
	WORD_STAFF = 1 << 8,     /* 责任编辑, 校对, 版式 */
	WORD_PRESS = 1 << 9,     /* 新闻热线, 广告部, 印刷, 零售 */
	WORD_WEATHER = 1 << 10,
	WORD_DAY = 1 << 11,      /* 星期四, 农历, Monday */
	WORD_REPORTER = 1 << 12, /* 记者, 通讯员, 评论员 */
	WORD_LEAD = 1 << 13,     /* 本报讯, 本报…电 */
	WORD_PHOTO = 1 << 14,    /* 摄影, 供图, Photo: */
	WORD_SOURCE = 1 << 15,   /* 来源, 稿源: label whose value is the source */
	WORD_EDITOR = 1 << 16,   /* 责任编辑, 编辑: label whose value is the editor */
	WORD_TIME = 1 << 17,     /* 发布时间: label whose value is the publication time */
	WORD_AUTHOR = 1 << 18,   /* 作者 */
	WORD_DUTY = 1 << 20,     /* 侵权, 法律责任: of disclaimers, but of laws too */
	WORD_CONTACT = 1 << 21,  /* 地址, 邮编: of papers, but of notices too */
	WORD_SECTION = 1 << 22,  /* World, Politics: what menus of English sites name, and texts too */
	WORD_CAPTION = 1 << 23,  /* 圖說：, 图注： */
	WORD_NOTICE = 1 << 24,   /* 遗失声明, 招租公告: heading of a paid announcement in a paper */
	WORD_AD = 1 << 19,       /* 加微信, 客服, 下载APP */
};

typedef struct vocabulary vocabulary;

vocabulary *vocabulary_new(void);
void vocabulary_free(vocabulary **self);

/* The longest word at the beginning of [c, end): its length in characters (0: none) and classes. ASCII case does not matter. */
size_t vocabulary_match(const vocabulary *self, const uint32_t *c, const uint32_t *end, uint32_t *classes);

#endif
