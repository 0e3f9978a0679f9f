/* html_facts.c - time, names and source as the lines of a page tell them; see html_meta.h. */
#include "workers/extract/html_meta.h"

static void find_time(const html_page *page, const html_markup *markup, uint32_t top, html_result *out)
{
	out->published = markup->published;
	out->published_from = markup->published.precision ? "markup" : NULL;
	out->updated = markup->updated;
	if (out->published.precision >= DATE_MINUTE)
		return;
	uint32_t end = top ? page->first_line[top] + 6 : page->line_count;
	for (uint32_t i = 0; i < page->line_count && i < end; i++) {
		date_found found;
		if (page->lines[i].units < 300 && date_find(html_line_text(page, i), 0, false, &found) && found.value.precision > out->published.precision) {
			out->published = found.value;
			out->published_from = "page";
		}
	}
}

void html_facts_find(const html_page *page, const html_markup *markup, uint32_t top, uint8_t *kind, mr_bytes url, html_result *out)
{
	(void)kind;
	(void)url;
	find_time(page, markup, top, out);
	buf_add(&out->authors, markup->authors.data ? markup->authors.data : "", markup->authors.len);
	const buf *source = markup->source.len ? &markup->source : markup->publisher.len ? &markup->publisher : &markup->site_name;
	buf_add(&out->source_name, source->data ? source->data : "", source->len);
}
