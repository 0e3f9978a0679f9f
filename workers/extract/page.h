/* page.h - a document of plain text on its way from lines to articles (inside workers/extract only).
 *
 * The passes stand in the order in which they run; each is one file, works on what the one before left, and costs time linear in
 * the text:
 *   page_read_lines    lines.c      characters -> lines: broken bytes and control characters out, letter-spacing undone, measured
 *   page_find_columns  columns.c    which lines stand in a column of hard-wrapped text, and how wide it is
 *   page_mark_lines    furniture.c  lines that are no part of any article: navigation, staff, weather, pay lines, captions
 *   page_join_lines    unwrap.c     lines -> blocks: hard-wrapped columns and cut paragraphs joined, headings kept apart
 *   page_drop_repeats  repeats.c    blocks printed twice
 *   page_find_captions captions.c   lines that interrupt a list: captions of lost pictures
 *   page_split         split.c      blocks -> articles: where one ends and the next begins, whose headline is whose
 * A page owns all its memory. Text is kept as Unicode characters (one uint32_t each), so that a rule can look at the next
 * character without decoding; positions are indices into `text` (lines) or `flow` (blocks). */
#ifndef EXTRACT_PAGE_H
#define EXTRACT_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "vocabulary.h"

typedef struct span {
	uint32_t begin, end;
} span;

/* How a line or paragraph ends, looking through closing quotes and brackets. */
enum line_end {
	END_OPEN,                /* in mid-sentence, or a heading */
	END_COMMA,               /* ， 、 or an opening bracket: surely goes on */
	END_BRACKET,             /* a closing bracket or quote without a stop inside */
	END_HALF,                /* ； ： : the end of a list item, maybe */
	END_STOP,                /* 。 ！ ？ . ! ? … */
};

/* What becomes of a line. */
enum line_kind {
	LINE_TEXT,
	LINE_DROPPED,            /* furniture */
	LINE_CAPTION,            /* goes to detail.captions */
	LINE_BYLINE,             /* names of reporters alone on a line */
	LINE_NOTE,               /* （原文刊载于…）: source note, closes an article */
	LINE_FROM,               /* （上接01版） */
	LINE_ON,                 /* （下转03版） */
	LINE_CLOSE,              /* 完: the article ends here */
};

/* Why: the rule that decided. Names in furniture.c (page_rule_name), for `millrace explain`. */
enum line_rule {
	RULE_NONE, RULE_SYMBOLS, RULE_PATH, RULE_MENU, RULE_LABEL, RULE_WIDGET, RULE_STAFF, RULE_PRESS, RULE_WEATHER, RULE_PAGE_DATE,
	RULE_MASTHEAD, RULE_LEGAL, RULE_PAY, RULE_AFTER_PAY, RULE_RELATED, RULE_LINK_LIST, RULE_CAPTION, RULE_BYLINE, RULE_NOTE,
	RULE_TURN, RULE_CLOSE, RULE_POINTER, RULE_NOTICE, RULE_PAGE_NUMBER, RULE_IMPRINT, RULE_COUNT
};

typedef struct page_line {
	span at;                 /* in page.text, without blanks at either end */
	uint32_t words;          /* classes of vocabulary words anywhere in it (WORD_*) */
	uint32_t first_words;    /* classes of the word it begins with */
	uint16_t width;          /* columns: ideographs and full-width forms 2, others 1; at most 60000 */
	uint16_t tight;          /* width with punctuation set half as wide: what it takes when the type is squeezed */
	uint16_t column;         /* width of the column it stands in; 0: in none */
	uint16_t gap;            /* blank lines before it */
	uint16_t covered;        /* characters that belong to vocabulary words */
	uint16_t han;            /* ideographs, at most 60000 */
	uint16_t letters;        /* Latin and other letters */
	uint16_t digits;
	uint8_t clauses;         /* ， 。 ； and the like inside, at most 255 */
	uint8_t indent;          /* columns of blank at the beginning of the line as printed */
	uint8_t end;             /* enum line_end */
	uint8_t kind;            /* enum line_kind */
	uint8_t rule;            /* enum line_rule */
	uint8_t spaced : 1;      /* was letter-spaced: as wide as its column, whatever `width` says */
	uint8_t date_only : 1;   /* nothing but a date (and time, weekday, dash) */
	uint8_t numbered : 1;    /* begins with 一、 （一） 1. 第三条 一是 (一) ① */
	uint8_t lead_in : 1;     /* begins as news begin: 本报讯（记者…, 【記者…】, PLACE, date — */
	uint8_t two_pieces : 1;  /* blank between two pieces of four ideographs or more: only headlines are printed so */
	uint8_t opens : 1;       /* a round or square bracket is open at its end: the column broke inside of it */
	uint8_t quoting : 1;     /* a quote or bracket is open at its end */
	uint8_t peers : 1;       /* its own width shows a column (columns.c); otherwise `column` is its neighbours' */
	uint8_t cut : 1;         /* the bracket at the end of the line before, looked at alone; goes back when no rule wants it */
} page_line;

enum block_kind { BLOCK_TEXT, BLOCK_HEAD, BLOCK_BYLINE, BLOCK_NOTE, BLOCK_FROM, BLOCK_ON, BLOCK_CLOSE, BLOCK_BREAK };
enum block_role { ROLE_BODY, ROLE_TITLE, ROLE_KICKER, ROLE_SUBTITLE, ROLE_OUT };

typedef struct page_block {
	span at;                 /* in page.flow */
	uint32_t line;           /* first line */
	uint32_t lines;          /* number of lines joined */
	int32_t article;         /* index of the article it belongs to; -1: none */
	uint16_t gap;            /* blank lines before it */
	uint8_t kind;            /* enum block_kind */
	uint8_t role;            /* enum block_role */
	uint8_t end;             /* enum line_end */
	uint8_t lead_in : 1;
	uint8_t numbered : 1;
	uint8_t repeated : 1;    /* stands earlier on the page: role OUT */
	uint8_t date_only : 1;
	uint8_t apart : 1;       /* furniture or a caption stood between the block before and it */
	uint8_t rest : 1;        /* the second line of a headline that the first began: no blank between them */
	uint8_t clauses;         /* of the first line */
} page_block;

typedef struct page_article {
	uint32_t first, last;    /* blocks [first, last) that may belong to it; ask block.article */
	bool truncated;
	uint32_t from, on;       /* block of the （上接…） and （下转…） mark + 1; 0: none */
	uint32_t section;        /* block of the rubric above it + 1; 0: none */
} page_article;

typedef struct page {
	const vocabulary *words;
	uint32_t *text;          /* characters of all lines */
	size_t text_count;
	page_line *lines;
	size_t line_count, line_room;
	uint32_t *flow;          /* characters of all blocks, lines joined */
	size_t flow_count;
	page_block *blocks;
	size_t block_count, block_room;
	page_article *articles;
	size_t article_count, article_room;
	bool wrapped;            /* most lines stand in columns: the text of a printed page */
	uint16_t usual_gap;      /* blank lines between two lines of a column */
	size_t memory;           /* extract.memory_bytes: a longer text is read as far as it fits; 0: all of it */
	bool cut;                /* it was longer */
	bool titled;             /* the feed names a title: the record is an article, unless the text shows otherwise */
	bool paged;              /* several articles are to be expected */
	bool paid;               /* a pay line stands behind the text */
	uint32_t removed_lines, removed_characters, repeated_blocks;
	int32_t page_date;       /* line of the printed page or publication date; -1: none */
	int32_t masthead;        /* line of the newspaper's name; -1 */
	span masthead_name;      /* in page.text */
	int32_t editor;          /* line with 责任编辑; -1 */
	int32_t source;          /* line with 来源：; -1 */
	int32_t section;         /* line with number and name of the printed page; -1 */
} page;

void page_init(page *self, const vocabulary *words);
void page_free(page *self);
/* Runs all passes over `text`. The page must be fresh. */
void page_read(page *self, mr_bytes text);

void page_read_lines(page *self, mr_bytes text);
void page_find_columns(page *self);
void page_mark_lines(page *self);
void page_drop_links(page *self, size_t tail);   /* a step of it (links.c): lines [tail, ...) stand behind the last text */
void page_mark_folio(page *self, size_t head);   /* its last step (folio.c): lines [0, head) stand before the first text */
void page_join_lines(page *self);
void page_drop_repeats(page *self);
void page_find_captions(page *self);
void page_split(page *self);

/* The feed names the article `title`: headings above the text that do not repeat it are text. For a page of one article. */
void page_match_title(page *self, mr_bytes title);

const char *page_rule_name(enum line_rule rule);

/* Is the line as wide as its column, as the first and middle lines of wrapped paragraphs are? Not when it would not go into the column even squeezed. */
static inline bool line_is_full(const page_line *line)
{
	unsigned slack = line->letters > line->han ? 12 : 5;         /* an English line breaks before a word of that length */
	return line->column && (line->spaced || (line->width + (line->indent <= 8 ? line->indent : 0) + slack >= line->column && line->tight <= line->column + 2));
}
/* Running text, by punctuation and width (furniture.c). */
bool line_is_body(const page *self, const page_line *line);
/* Does the line say a whole sentence or more of running text? */
static inline bool line_is_prose(const page_line *line)
{
	return line->clauses && (line->end == END_STOP || line->end == END_HALF || line->end == END_BRACKET) && line->width >= 40;
}
/* The line has the words `class` and these cover at least `percent` of its letters and ideographs. */
static inline bool line_is_covered(const page_line *line, uint32_t classes, unsigned percent)
{
	unsigned all = (unsigned)line->han + line->letters;
	return (line->words & classes) && line->covered * 100u >= all * percent;
}

/* Appends characters [at.begin, at.end) of an array as UTF-8. */
void page_utf8(const uint32_t *characters, span at, buf *out);

/* ---- characters (chars.c) ---- */
bool char_is_blank(uint32_t c);
bool char_is_wide(uint32_t c);
bool char_is_closer(uint32_t c);         /* ” ’ 」 』 ） ) 】 》 and the like */
bool char_is_opener(uint32_t c);
bool char_is_stop(uint32_t c);           /* 。 ！ ？ ! ? … */
bool char_is_clause(uint32_t c);         /* ， 、 ； ： and stops: punctuation of running text */
bool char_is_digit(uint32_t c);          /* ASCII and full-width */
bool char_is_letter(uint32_t c);         /* Latin, Greek, Cyrillic; ASCII and full-width */
bool char_is_number(uint32_t c);         /* 一 二 … 十 百 零 〇 */
bool char_is_word(uint32_t c);           /* ideograph, letter or digit */

/* Reads a number at the beginning of `at` as Chinese documents count: 一、 （一） 1. （1） 第三条 一是 ①. Returns the characters it takes
 * (0: none) and its level by convention (GB/T 9704: 一、 （一） 1. （1）). */
enum number_kind { NUMBER_NONE, NUMBER_CHAPTER, NUMBER_ARTICLE, NUMBER_HAN, NUMBER_HAN_BRACKET, NUMBER_DIGIT, NUMBER_DIGIT_BRACKET, NUMBER_CIRCLE, NUMBER_ITEM };
uint32_t number_prefix(const uint32_t *c, span at, enum number_kind *kind, uint32_t *value);

#endif
