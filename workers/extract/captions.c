/* captions.c - captions that stand between paragraphs without any mark: a pass of page.h between repeats and split.
 *
 * Text of portals loses its pictures and keeps their captions, which look like sub-headings. What tells them: a list belongs to one heading. A short line without
 * number that interrupts it is a caption: between item n and item n + 1; between the heading's introduction and item 1; or between a heading and the
 * first item, where the heading already is. So is a short line among the paragraphs of a web page that ends as names of pictures do. */
#include "page.h"

struct state {
	enum number_kind kind;           /* of the last item since the last heading; NUMBER_NONE: none yet */
	uint32_t value;
	bool headed;                     /* a heading (or its repeat) stands right before */
	bool introduced;                 /* a heading, then one paragraph without number */
};

static bool is_caption(const struct state *s, enum number_kind next, uint32_t value)
{
	if (next == NUMBER_NONE || next == NUMBER_CHAPTER || next == NUMBER_ARTICLE)
		return false;
	if (s->kind == next && value == s->value + 1)
		return true;
	return next == NUMBER_ITEM && (s->headed || (value == 1 && s->introduced));
}

/* 团队成员合影, 签约仪式现场: what a picture shows. On pages of a paper headlines end so, too. */
static bool shows_picture(const page *self, const page_block *block)
{
	static const uint32_t ends[][2] = {{U'合', U'影'}, {U'现', U'场'}, {U'現', U'場'}, {U'剪', U'影'}, {U'掠', U'影'}, {U'外', U'景'}, {U'全', U'景'}, {U'截', U'图'}, {U'截', U'圖'}, {U'照', U'片'},
		{U'意', U'图'}, {U'意', U'圖'}, {U'果', U'图'}, {U'果', U'圖'}, {U'一', U'角'}};      /* …示意图, …效果图 */
	uint32_t n = block->at.end - block->at.begin;
	for (size_t k = 0; !self->wrapped && self->masthead < 0 && n >= 4 && n <= 30 && k < sizeof ends / sizeof *ends; k++)
		if (self->flow[block->at.end - 2] == ends[k][0] && self->flow[block->at.end - 1] == ends[k][1])
			return true;
	return false;
}

static enum number_kind number_of(const page *self, size_t i, uint32_t *value)
{
	enum number_kind kind = NUMBER_NONE;
	*value = 0;
	if (i < self->block_count && self->blocks[i].kind == BLOCK_TEXT)
		number_prefix(self->flow, self->blocks[i].at, &kind, value);
	return kind;
}

static void take_out(page *self, page_block *block)
{
	page_line *line = &self->lines[block->line];
	block->role = ROLE_OUT;
	block->repeated = 1;                                                   /* later passes do not see it */
	line->kind = LINE_CAPTION;
	line->rule = RULE_CAPTION;
}

void page_find_captions(page *self)
{
	struct state s = {NUMBER_NONE, 0, false, false};
	bool text = false;
	for (size_t i = 0; i < self->block_count; i++) {
		page_block *block = &self->blocks[i];
		uint32_t value;
		if (block->repeated) {
			s.headed = s.headed || block->kind == BLOCK_HEAD;
			continue;
		}
		if (block->kind == BLOCK_HEAD) {
			size_t next = i + 1;
			while (next < self->block_count && self->blocks[next].repeated)
				next++;
			enum number_kind kind = number_of(self, next, &value);
			if (text && (is_caption(&s, kind, value) || shows_picture(self, block)))
				take_out(self, block);
			else
				s = (struct state){NUMBER_NONE, 0, true, false};
		} else if (block->kind == BLOCK_TEXT) {
			enum number_kind kind = number_of(self, i, &value);
			s.introduced = kind == NUMBER_NONE && s.headed;
			s.headed = false;
			text = true;
			if (kind != NUMBER_NONE) {
				s.kind = kind;
				s.value = value;
			}
		}
	}
}
