/* fuzz_text.c - any bytes as a page of text: every article's paragraphs lie in the flow, in order, and come out as clean UTF-8. */
#include <assert.h>
#include <stdlib.h>

#include "common/utf8.h"
#include "workers/extract/body.h"
#include "workers/extract/facts.h"
#include "workers/extract/page.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_article(const page *page, size_t k)
{
	body text = {0};
	buf out = {0}, lead = {0}, dateline = {0};
	date_base base = {.printed = {.year = 2031, .month = 5, .day = 6, .precision = DATE_DAY}};
	const page_article *article = &page->articles[k];
	uint32_t last = 0;
	for (size_t i = article->first; i < article->last; i++) {
		const page_block *block = &page->blocks[i];
		assert(block->at.begin <= block->at.end && block->at.end <= page->flow_count && block->at.begin >= last);
		last = block->at.end;
		if (block->article == (int32_t)k)
			body_add(&text, page->flow + block->at.begin, block->at.end - block->at.begin, block->kind == BLOCK_HEAD);
	}
	body_text(&text, &out);
	body_lead(&text, &lead);
	assert(utf8_valid(buf_bytes(&out)) && !memchr(buf_bytes(&out).data, 0, out.len));
	assert(utf8_count(buf_bytes(&lead)) <= 200);
	facts_dateline(&text, &base, true, &dateline);
	json_decref(body_sections(&text));
	json_decref(body_responsible_units(&text));
	json_decref(body_attachments(&text));
	json_decref(facts_authors(page, k));
	if (article->on) {
		assert(article->on - 1 < page->block_count);
		facts_turn(page, article->on - 1, &dateline);
	}
	buf_free(&dateline);
	buf_free(&lead);
	buf_free(&out);
	body_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static vocabulary *words;
	page page;
	buf label = {0};
	date_value when;
	if (!words)
		words = vocabulary_new();
	page_init(&page, words);
	page_read(&page, (mr_bytes){(const char *)data, size});
	facts_page_date(&page, &when);
	facts_label(&page, page.source, WORD_SOURCE, &label);
	facts_label(&page, page.editor, WORD_EDITOR, &label);
	for (size_t k = 0; k < page.article_count && k < 64; k++)
		check_article(&page, k);
	page_match_title(&page, mr_bytes_of("老茶厂重新点火"));
	buf_free(&label);
	page_free(&page);
	return 0;
}
