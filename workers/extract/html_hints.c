/* html_hints.c - what names say: the words that page authors use for the parts of a page.
 *
 * Class and id are cut into words at '-', '_', blanks and where small letters meet capitals; words are looked up whole, or by their beginning where
 * authors run words together (relatedposts, sharebar). The words are the field's general vocabulary, as in the lists of the readability
 * family, none is a site's own. */
#include "workers/extract/html_page.h"

#include <strings.h>

static const struct { const char *word; uint16_t hint; } whole_words[] = {       /* sorted: looked up by bisection */
	{"ad", HINT_NOISE}, {"ads", HINT_NOISE}, {"adv", HINT_NOISE}, {"artibody", HINT_BODY}, {"article", HINT_ARTICLE}, {"articlebody", HINT_BODY},
	{"articlecontent", HINT_BODY}, {"articledetail", HINT_BODY}, {"articletext", HINT_BODY}, {"aside", HINT_NOISE}, {"attribution", HINT_CREDIT},
	{"banner", HINT_NOISE}, {"bdsharebuttonbox", HINT_NOISE}, {"bianji", HINT_META}, {"biaoti", HINT_TITLE}, {"body", HINT_ARTICLE},
	{"bodycopy", HINT_BODY}, {"bodytext", HINT_BODY}, {"cmt", HINT_NOISE | HINT_COMMENT}, {"consent", HINT_NOISE}, {"content", HINT_ARTICLE},
	{"contenttext", HINT_BODY}, {"cookie", HINT_NOISE}, {"cookies", HINT_NOISE}, {"copyright", HINT_CREDIT}, {"credit", HINT_CREDIT},
	{"credits", HINT_CREDIT}, {"crumb", HINT_NOISE}, {"crumbs", HINT_NOISE}, {"date", HINT_META}, {"dateline", HINT_META}, {"detail", HINT_ARTICLE},
	{"donate", HINT_NOISE}, {"donation", HINT_NOISE}, {"editor", HINT_META}, {"entry", HINT_ARTICLE}, {"entrycontent", HINT_BODY},
	{"erweima", HINT_NOISE}, {"ewm", HINT_NOISE}, {"fenxiang", HINT_NOISE}, {"follow", HINT_NOISE}, {"foot", HINT_NOISE}, {"footer", HINT_NOISE},
	{"gdpr", HINT_NOISE}, {"gg", HINT_NOISE}, {"headline", HINT_TITLE}, {"hot", HINT_NOISE}, {"info", HINT_META}, {"infos", HINT_META},
	{"keywords", HINT_NOISE}, {"laiyuan", HINT_META}, {"likes", HINT_NOISE}, {"login", HINT_NOISE}, {"main", HINT_ARTICLE}, {"maincontent", HINT_BODY},
	{"masthead", HINT_NOISE}, {"menu", HINT_NOISE}, {"meta", HINT_META}, {"mianze", HINT_NOISE}, {"modal", HINT_NOISE}, {"nav", HINT_NOISE},
	{"news", HINT_ARTICLE}, {"newsbody", HINT_BODY}, {"newscontent", HINT_BODY}, {"newstext", HINT_BODY}, {"pager", HINT_NOISE},
	{"pinglun", HINT_NOISE | HINT_COMMENT}, {"popup", HINT_NOISE}, {"post", HINT_ARTICLE}, {"postbody", HINT_BODY}, {"postcontent", HINT_BODY},
	{"prev", HINT_NOISE}, {"print", HINT_NOISE}, {"qrcode", HINT_NOISE}, {"rail", HINT_NOISE}, {"rank", HINT_NOISE}, {"ranking", HINT_NOISE},
	{"rating", HINT_NOISE}, {"register", HINT_NOISE}, {"replies", HINT_NOISE | HINT_COMMENT}, {"reply", HINT_NOISE | HINT_COMMENT},
	{"respond", HINT_NOISE | HINT_COMMENT}, {"share", HINT_NOISE}, {"shares", HINT_NOISE}, {"sharing", HINT_NOISE}, {"shengming", HINT_NOISE},
	{"signup", HINT_NOISE}, {"sitemap", HINT_NOISE}, {"sns", HINT_NOISE}, {"social", HINT_NOISE}, {"source", HINT_META}, {"statement", HINT_NOISE},
	{"story", HINT_ARTICLE}, {"storybody", HINT_BODY}, {"storytext", HINT_BODY}, {"taglist", HINT_NOISE}, {"tags", HINT_NOISE}, {"text", HINT_ARTICLE},
	{"time", HINT_META}, {"timestamp", HINT_META}, {"title", HINT_TITLE}, {"toolbar", HINT_NOISE}, {"tools", HINT_NOISE}, {"topbar", HINT_NOISE},
	{"trending", HINT_NOISE}, {"tuijian", HINT_NOISE}, {"txtcont", HINT_BODY}, {"vote", HINT_NOISE}, {"widget", HINT_NOISE}, {"widgets", HINT_NOISE},
	{"xiangguan", HINT_NOISE}, {"zhengwen", HINT_BODY}, {"zoom", HINT_ARTICLE}, {"zrbj", HINT_META}, {"zuozhe", HINT_META}, {"zw", HINT_BODY},
};

static const struct { const char *prefix; uint16_t hint; } beginnings[] = {     /* sorted, too */
	{"addthis", HINT_NOISE}, {"adsby", HINT_NOISE}, {"advert", HINT_NOISE}, {"articletitle", HINT_TITLE}, {"author", HINT_META}, {"bdshare", HINT_NOISE},
	{"breadcrumb", HINT_NOISE}, {"byline", HINT_META}, {"caption", HINT_CAPTION}, {"comment", HINT_NOISE | HINT_COMMENT}, {"disclaim", HINT_NOISE},
	{"disqus", HINT_NOISE | HINT_COMMENT}, {"dropdown", HINT_NOISE}, {"editorname", HINT_META}, {"figcaption", HINT_CAPTION}, {"hometitle", HINT_TITLE},
	{"hotnews", HINT_NOISE}, {"imagecredit", HINT_CREDIT}, {"imgdesc", HINT_CAPTION}, {"jiathis", HINT_NOISE}, {"livefyre", HINT_NOISE | HINT_COMMENT},
	{"metered", HINT_NOISE}, {"mostread", HINT_NOISE}, {"navbar", HINT_NOISE}, {"navigation", HINT_NOISE}, {"newsletter", HINT_NOISE}, {"outbrain", HINT_NOISE},
	{"pagination", HINT_NOISE}, {"paywall", HINT_NOISE}, {"photocredit", HINT_CREDIT}, {"popular", HINT_NOISE}, {"promo", HINT_NOISE}, {"publish", HINT_META},
	{"pubtime", HINT_META}, {"readmore", HINT_NOISE}, {"recirc", HINT_NOISE}, {"recommend", HINT_NOISE}, {"related", HINT_NOISE}, {"relevant", HINT_NOISE},
	{"sharebar", HINT_NOISE}, {"sharebutton", HINT_NOISE}, {"sharedaddy", HINT_NOISE}, {"sharethis", HINT_NOISE}, {"sidebar", HINT_NOISE},
	{"socialshar", HINT_NOISE}, {"sponsor", HINT_NOISE}, {"subscri", HINT_NOISE}, {"taboola", HINT_NOISE}, {"tooltip", HINT_NOISE}, {"tucaption", HINT_CAPTION},
};

static unsigned word_hint(const char *word)
{
	size_t low = 0, high = sizeof whole_words / sizeof *whole_words;
	while (low < high) {
		size_t mid = (low + high) / 2;
		int order = word[0] - whole_words[mid].word[0];          /* letters: half of the steps end here */
		if (!order)
			order = strcmp(word, whole_words[mid].word);
		if (!order)
			return whole_words[mid].hint;
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	low = 0;
	high = sizeof beginnings / sizeof *beginnings;
	while (low < high) {
		size_t mid = (low + high) / 2;
		if (beginnings[mid].prefix[0] < word[0])
			low = mid + 1;
		else
			high = mid;
	}
	for (size_t i = low; i < sizeof beginnings / sizeof *beginnings && word[0] == beginnings[i].prefix[0]; i++)
		if (word[1] == beginnings[i].prefix[1] && strncmp(word, beginnings[i].prefix, strlen(beginnings[i].prefix)) == 0)
			return beginnings[i].hint;
	return 0;
}

static bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
static bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

/* Words of one class or id value. "article-body" says more than its two words, and "comment-content" less than its second. */
static unsigned name_hints(mr_bytes value)
{
	unsigned found = 0;
	size_t i = 0, limit = value.len < 400 ? value.len : 400;
	while (i < limit) {
		unsigned in_name = 0;
		char last_hint_words = 0;
		while (i < limit && (unsigned char)value.data[i] > ' ') {
			char word[24];
			size_t n = 0, from = i;
			while (i < limit && (is_upper(value.data[i]) || is_lower(value.data[i]))) {
				if (i > from && is_upper(value.data[i]) && is_lower(value.data[i - 1]))
					break;
				if (n + 1 < sizeof word)
					word[n++] = (char)(value.data[i] | 32);
				i++;
			}
			word[n] = 0;
			unsigned hint = n ? word_hint(word) : 0;
			if (hint == HINT_ARTICLE)
				last_hint_words++;
			in_name |= hint;
			if (i == from || (i < limit && (unsigned char)value.data[i] > ' ' && !is_upper(value.data[i]) && !is_lower(value.data[i])))
				i++;
		}
		if (last_hint_words >= 2 && !(in_name & (HINT_NOISE | HINT_META | HINT_TITLE | HINT_CAPTION | HINT_CREDIT)))
			in_name |= HINT_BODY;
		if (in_name & HINT_NOISE)
			in_name &= ~(unsigned)(HINT_BODY | HINT_ARTICLE | HINT_TITLE);
		found |= in_name;
		while (i < limit && (unsigned char)value.data[i] <= ' ')
			i++;
	}
	return found;
}

static unsigned tag_hints(enum html_tag tag)
{
	switch (tag) {
	case TAG_NAV: case TAG_FOOTER: case TAG_FORM: case TAG_BUTTON: case TAG_SELECT: case TAG_OPTION: case TAG_INPUT: case TAG_TEXTAREA:
	case TAG_DIALOG: case TAG_CANVAS: case TAG_AUDIO: case TAG_VIDEO: case TAG_OBJECT: case TAG_IFRAME: case TAG_RP: case TAG_RT:
		return HINT_NOISE | HINT_STRONG;
	case TAG_ASIDE: case TAG_LABEL:
		return HINT_NOISE;
	case TAG_FIGCAPTION: case TAG_FIGURE:
		return HINT_CAPTION;
	case TAG_ARTICLE: case TAG_MAIN:
		return HINT_ARTICLE;
	case TAG_TIME:
		return HINT_META;
	case TAG_TITLE: case TAG_META: case TAG_LINK:
		return HINT_HIDDEN;
	default:
		return 0;
	}
}

static bool style_hides(mr_bytes style)
{
	const char *at = html_find(style, "display");
	if (at) {
		mr_bytes rest = {at + 7, (size_t)(style.data + style.len - at - 7)};
		while (rest.len && (*rest.data == ' ' || *rest.data == ':')) {
			rest.data++;
			rest.len--;
		}
		if (html_starts_with(rest, "none"))
			return true;
	}
	at = html_find(style, "visibility");
	return at && html_contains((mr_bytes){at, (size_t)(style.data + style.len - at)}, "hidden");
}

unsigned html_hints_of(const html_tree *tree, uint32_t node)
{
	unsigned hints = tag_hints(tree->nodes[node].tag);
	if (!tree->nodes[node].attrs)
		return hints;
	mr_bytes class = html_attr_get(tree, node, ATTR_CLASS), id = html_attr_get(tree, node, ATTR_ID), role = html_attr_get(tree, node, ATTR_ROLE);
	mr_bytes prop = html_attr_get(tree, node, ATTR_ITEMPROP), style = html_attr_get(tree, node, ATTR_STYLE);
	if (class.data)
		hints |= name_hints(class);
	if (id.data)
		hints |= name_hints(id);
	if (role.data && (html_equal(role, mr_bytes_of("navigation")) || html_equal(role, mr_bytes_of("complementary")) || html_equal(role, mr_bytes_of("dialog")) ||
			  html_equal(role, mr_bytes_of("contentinfo")) || html_equal(role, mr_bytes_of("search"))))
		hints |= HINT_NOISE;
	if (prop.data && html_equal(prop, mr_bytes_of("articleBody")))
		hints = (hints & ~(unsigned)HINT_NOISE) | HINT_BODY | HINT_ARTICLE;
	if (prop.data && (html_equal(prop, mr_bytes_of("author")) || html_equal(prop, mr_bytes_of("datePublished"))))
		hints |= HINT_META;
	mr_bytes aria = html_attr_get(tree, node, ATTR_ARIA_HIDDEN);
	if (html_attr_get(tree, node, ATTR_HIDDEN).data || (style.data && style_hides(style)) || (aria.data && html_equal(aria, mr_bytes_of("true"))))
		hints |= HINT_HIDDEN;
	return hints;
}
