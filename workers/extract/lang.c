/* lang.c - see lang.h.
 *
 * The two tables: characters that exist in one script only by OpenCC's STCharacters and TSCharacters, the 240 most frequent of the Simplified ones in
 * Chinese news (86 % of all occurrences of such characters) and their Traditional forms; sorted by code point, three bytes each. */
#include "workers/extract/lang.h"

#include <stdbool.h>
#include <strings.h>

#include "common/utf8.h"

#define LOOK_CHARACTERS 8000

static const char only_simplified[] =
	"与专业东两严个为举么义乐习乡书买争亚产亿仅从仓们众优会传体债偿儿关兴养内军农决况净减击则创别办务"
	"动励势区医华协单卫历县参双发变号员响团园围国图场坚处备复够头奖学实审对导将尔层属师带并应开张强当"
	"录态总戏战户执护报担择数断无时显术机权条来构标样检毕气没测济涨满点热爱献环现电疗监盘础积称稳签篮"
	"类红约级纳线组织终经结给统继绩续维编网罗群职联节获营补装见观规视计认让训议记许论设证评识诉试话该"
	"语说请课调负财责货质购费资赛车转较输边达过运还这进远违连选银销长门问间队际险随难项预领题额风马验";
static const char only_traditional[] =
	"並亞併來倉個們備傳債僅億償優兒內兩別則創動務勢勵區協參員問單噹嚴國圍園圖團執堅報場夠學實審將專對"
	"導層屬師帶張強彆彔從復愛態應戰戲戶擇擊擔數斷時曆書會朮東條業構樂標樣機檢權歷氣決沒況淨減測滿漲濟"
	"無熱營爭爲爾獎獲獻現環產畢當療發監盤礎稱積穩穫箇節簽籃籤糰約紅納級終組結給統經維網線編縣總績織繼"
	"續羅羣義習聯職與興舉華蔘處號衆術衛補裝複見規視觀計訓記設許訴証評試話該認語說課調請論證識議護變讓"
	"負財貨責買費資質購賽車軍較輸轉辦農這連進運過達違遠選還邊鄉醫銀銷錄長門開間關隊際隨險雙難電響項預"
	"領頭題額類顯風養馬驗體髮麼點";

/* The most frequent short words; a language needs a clear lead over the others. */
static const struct { char language[4]; const char *words[14]; } latin[] = {
	{"en", {"the", "of", "and", "to", "in", "that", "is", "was", "for", "with", "his", "has", "are", NULL}},
	{"de", {"der", "die", "und", "das", "ist", "den", "nicht", "mit", "von", "auf", "ein", "eine", "zu", NULL}},
	{"fr", {"les", "des", "est", "et", "dans", "une", "pour", "que", "qui", "sur", "pas", "du", "au", NULL}},
	{"es", {"el", "los", "las", "del", "una", "para", "con", "por", "su", "al", "como", "es", "y", NULL}},
	{"pt", {"os", "uma", "para", "com", "por", "dos", "ao", "em", "do", "da", "foi", "mais", "as", NULL}},
	{"it", {"il", "di", "che", "della", "per", "una", "sono", "con", "gli", "nel", "alla", "del", "le", NULL}},
	{"nl", {"het", "een", "van", "en", "dat", "niet", "zijn", "voor", "met", "op", "aan", "ook", "te", NULL}},
	{"id", {"yang", "dan", "di", "dengan", "untuk", "dari", "ini", "itu", "pada", "tidak", "akan", "dalam", "ke", NULL}},
	{"tr", {"bir", "ve", "bu", "ile", "olarak", "olan", "daha", "sonra", "gibi", "kadar", "ise", NULL}},
	{"sv", {"och", "att", "det", "som", "en", "av", "inte", "den", "till", "med", "har", "ett", "om", NULL}},
	{"pl", {"nie", "na", "jest", "to", "do", "przez", "oraz", "przy", "od", "za", "po", "dla", "jak", NULL}},
};
#define LATIN (sizeof latin / sizeof *latin)

typedef struct counts {
	size_t han, kana, hangul, latin, cyrillic, arabic, greek, thai, hebrew, devanagari;
	size_t simplified, traditional;
	size_t words, hits[LATIN];
} counts;

static uint32_t three_bytes(const char *at)
{
	const unsigned char *b = (const unsigned char *)at;
	return (uint32_t)b[0] << 16 | (uint32_t)b[1] << 8 | b[2];
}

/* Compared as numbers, halved without a jump: a call of memcmp a step was a tenth of the whole stage. */
static bool in_table(const char *table, size_t bytes, const char *at)
{
	uint32_t key = three_bytes(at);
	for (size_t count = bytes / 3; count > 1;) {
		size_t half = count / 2;
		table += three_bytes(table + 3 * half) <= key ? 3 * half : 0;
		count -= half;
	}
	return three_bytes(table) == key;
}

static void count_word(counts *c, const char *word, size_t len)
{
	c->words++;
	if (len > 8)
		return;
	for (size_t i = 0; i < LATIN; i++)
		for (const char *const *w = latin[i].words; *w; w++)
			if (**w == (word[0] | 32) && strlen(*w) == len && strncasecmp(*w, word, len) == 0)
				c->hits[i]++;
}

static void count_character(counts *c, uint32_t ch, const char *at)
{
	if (utf8_is_han(ch)) {
		c->han++;
		if (ch >= 0x4E00 && ch <= 0x9FFF) {
			c->simplified += in_table(only_simplified, sizeof only_simplified - 1, at);
			c->traditional += in_table(only_traditional, sizeof only_traditional - 1, at);
		}
	} else if (ch >= 0x3041 && ch <= 0x30FF) {
		c->kana++;
	} else if (ch >= 0xAC00 && ch <= 0xD7A3) {
		c->hangul++;
	} else if (ch < 0x80) {
		c->latin += (ch | 32) >= 'a' && (ch | 32) <= 'z';
	} else if (ch < 0x250) {
		c->latin += ch >= 0xC0 && ch != 0xD7 && ch != 0xF7;
	} else if (ch >= 0x400 && ch <= 0x52F) {
		c->cyrillic++;
	} else if (ch >= 0x600 && ch <= 0x6FF) {
		c->arabic++;
	} else if (ch >= 0x370 && ch <= 0x3FF) {
		c->greek++;
	} else if (ch >= 0x0E00 && ch <= 0x0E7F) {
		c->thai++;
	} else if (ch >= 0x590 && ch <= 0x5FF) {
		c->hebrew++;
	} else if (ch >= 0x900 && ch <= 0x97F) {
		c->devanagari++;
	}
}

static counts count(mr_bytes text)
{
	counts c = {0};
	const char *at = text.data, *end = at + text.len, *word = NULL;
	for (size_t n = 0; at < end && n < LOOK_CHARACTERS; n++) {
		const char *from = at;
		uint32_t ch = utf8_next(&at, end);
		count_character(&c, ch, from);
		bool letter = ch < 0x80 ? (ch | 32) >= 'a' && (ch | 32) <= 'z' : ch >= 0xC0 && ch < 0x250;
		if (letter && !word)
			word = from;
		if (!letter && word) {
			count_word(&c, word, (size_t)(from - word));
			word = NULL;
		}
	}
	if (word)
		count_word(&c, word, (size_t)(at - word));
	return c;
}

static void set(lang_guess *guess, const char *language)
{
	memcpy(guess->language, language, strlen(language) + 1);
}

static void set_declared(lang_guess *guess, mr_bytes declared)
{
	if (declared.len < 2 || (declared.len > 2 && declared.data[2] != '-' && declared.data[2] != '_') || strncasecmp(declared.data, "zh", 2) == 0)
		return;
	char name[3] = {(char)(declared.data[0] | 32), (char)(declared.data[1] | 32), 0};
	if (name[0] >= 'a' && name[0] <= 'z' && name[1] >= 'a' && name[1] <= 'z')
		set(guess, name);
}

static void set_latin(lang_guess *guess, const counts *c, mr_bytes declared)
{
	size_t best = 0, second = 0;
	guess->script = "Latn";
	for (size_t i = 1; i < LATIN; i++)
		if (c->hits[i] > c->hits[best])
			best = i;
	/* Related languages share their short words: the declared one wins when it is near. */
	for (size_t i = 0; i < LATIN; i++)
		if (declared.len >= 2 && strncasecmp(declared.data, latin[i].language, 2) == 0 && c->hits[i] * 3 >= c->hits[best] * 2)
			best = i;
	for (size_t i = 0; i < LATIN; i++)
		if (i != best && c->hits[i] > second)
			second = c->hits[i];
	/* In running text every fourth word or so is one of these; a sixth of that is asked for, since headlines and lists have few. */
	if (c->hits[best] * 25 >= c->words && c->hits[best] >= 2 && (c->hits[best] * 4 >= second * 5 || (declared.len >= 2 && strncasecmp(declared.data, latin[best].language, 2) == 0)))
		set(guess, latin[best].language);
	else
		set_declared(guess, declared);
}

static void set_east(lang_guess *guess, const counts *c)
{
	if (c->kana * 5 > c->han)                        /* kana in Chinese text are rare quotations; Japanese has more of them than ideographs */
		set(guess, "ja");
	else if (c->hangul > c->han)
		set(guess, "ko");
	else
		set(guess, "zh");
	if (strcmp(guess->language, "zh") == 0 && c->simplified != c->traditional)
		guess->script = c->simplified > c->traditional ? "Hans" : "Hant";
}

lang_guess lang_find(mr_bytes text, mr_bytes declared)
{
	static const char *const others[] = {"ru", "ar", "el", "th", "he", "hi"};
	lang_guess guess = {{0}, NULL};
	counts c = count(text);
	size_t n[] = {c.cyrillic, c.arabic, c.greek, c.thai, c.hebrew, c.devanagari}, east = c.han + c.kana + c.hangul;
	for (size_t i = 0; i < 6; i++)
		if (n[i] > c.latin && n[i] > 3 * east) {
			set(&guess, others[i]);
			return guess;
		}
	/* A Han character says as much as three Latin letters. */
	if (east && east * 3 >= c.latin)
		set_east(&guess, &c);
	else if (c.latin)
		set_latin(&guess, &c, declared);
	return guess;
}
