/* entities.c - see entities.h. Cuts the body into sentences, runs the passes of sentence.h over each, and writes what was found. */
#include "entities.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/mem.h"
#include "common/settings.h"
#include "appointed.h"
#include "english.h"
#include "moments.h"
#include "quantities.h"
#include "sentence.h"
#include "workers/shipped.h"

#define PERSON_MARGIN 1000               /* thousandths of a nat: what a name by the tagger must be ahead by to be looked at */
#define PERSON_WEIGHT 2000               /* as a word, less a share of its margin */
#define PERSON_SHARE 10
#define PERSON_MAX 20                    /* characters */
#define APPOINTED_MAX 64                 /* names in one sentence */

struct entities {
	lexicon *words;
	segmenter *segmenter;
	english *english;
	found *found;
	fact_text text;
	quantities figures;
	moments times;
	sentence sentence;
	tagger_model model;
	tagger *tagger;                  /* NULL: extract.tagger is not on */
	const tagger_span *tags;         /* of the article */
	size_t tag_count, next_tag;
	int person_type;
	named names[SEGMENT_MAX];
	bool off;                        /* extract.tagger = off: nothing is read, and nothing was loaded */
	bool spans;
};

static int open_tagger(entities *self, const struct settings *s, char error[256])
{
	char path[4096];
	const char *model = settings_str(s, "extract.entities_model");
	if (strcmp(settings_str(s, "extract.tagger"), "on"))
		return 0;
	if (tagger_model_open(&self->model, *model ? model : shipped_path("models/entities.model", path), error))
		return -1;
	self->tagger = tagger_new(&self->model);
	self->sentence.tagged = true;
	self->person_type = tagger_type_find(&self->model, "person");
	self->sentence.body_type = tagger_type_find(&self->model, "organization");
	self->sentence.place_type = tagger_type_find(&self->model, "place");
	return 0;
}

entities *entities_open(const struct settings *s, char error[256])
{
	char path[4096];
	const char *folder = settings_str(s, "extract.lexicons");
	entities *self = mem_alloc(sizeof *self);
	self->off = !strcmp(settings_str(s, "extract.tagger"), "off");
	if (self->off)
		return self;
	self->words = lexicon_open(*folder ? folder : shipped_path("lexicons", path), error);
	if (!self->words || open_tagger(self, s, error)) {
		entities_close(&self);
		return NULL;
	}
	self->segmenter = segmenter_new(self->words);
	self->english = english_new(self->words);
	self->found = found_new((uint32_t)settings_int(s, "extract.max_facts"));
	self->spans = settings_bool(s, "extract.spans");
	return self;
}

void entities_close(entities **self)
{
	if (!*self)
		return;
	tagger_free(&(*self)->tagger);
	tagger_model_close(&(*self)->model);
	lexicon_close(&(*self)->words);
	segmenter_free(&(*self)->segmenter);
	english_free(&(*self)->english);
	found_free(&(*self)->found);
	fact_text_free(&(*self)->text);
	quantities_free(&(*self)->figures);
	moments_free(&(*self)->times);
	free(*self);
	*self = NULL;
}

uint64_t entities_fingerprint(const entities *self)
{
	if (self->off)
		return 0;
	return lexicon_fingerprint(self->words) ^ (self->tagger ? self->model.fingerprint : 0);
}

static bool ends_sentence(uint32_t c)
{
	return c == 0x3002 || c == '!' || c == '?' || c == ';';
}

/* Behind the end of the sentence that begins at `begin`: at a stop, closing quotes go with it; at most SEGMENT_MAX characters, cut at a comma where there is one. */
static uint32_t sentence_end(const fact_text *text, uint32_t begin, uint32_t limit)
{
	uint32_t most = limit - begin > SEGMENT_MAX ? begin + SEGMENT_MAX : limit, comma = 0;
	for (uint32_t i = begin; i < most; i++) {
		uint32_t c = text->characters[i];
		if (ends_sentence(c)) {
			i++;
			while (i < most && (text->characters[i] == 0x201D || text->characters[i] == 0x300D || text->characters[i] == ')'))
				i++;
			return i;
		}
		if (c == ',' || c == 0xFF0C || c == 0x3001)
			comma = i + 1;
	}
	return most == limit || !comma ? most : comma;
}

/* Some texts that the tagger learnt from count the bracket behind a name to it: 某某(Some Name). */
static uint32_t name_end(const lexicon *words, const fact_text *text, const tagger_span *tag)
{
	uint32_t end = tag->begin;
	while (end < tag->end && text->characters[end] != '(' && text->characters[end] != ')')
		end++;
	uint32_t verb = end > tag->begin + 3 ? lexicon_ending(words, text->characters + tag->begin, text->characters + end, LEX_SPEECH) : 0;
	return verb >= 2 && end - tag->begin >= verb + 2 ? end - verb : end;   /* 某某某 | 允诺 */
}

/* The tagger's spans that lie within the sentence; the names of persons among them as words for the segmenter. Returns how many those are. */
static size_t tags_of(entities *self, fact_span at)
{
	sentence *s = &self->sentence;
	size_t count = 0;
	while (self->next_tag < self->tag_count && self->tags[self->next_tag].begin < at.begin)
		self->next_tag++;
	s->tags = self->tag_count ? self->tags + self->next_tag : NULL;
	for (s->tag_count = 0; self->next_tag < self->tag_count && self->tags[self->next_tag].end <= at.end; s->tag_count++)
		self->next_tag++;
	for (size_t i = 0; i < s->tag_count; i++) {
		const tagger_span *tag = &s->tags[i];
		uint32_t end = name_end(self->words, &self->text, tag);
		if (tag->type != self->person_type || tag->margin < PERSON_MARGIN || end < tag->begin + 2 || end > tag->begin + PERSON_MAX)
			continue;
		int32_t weight = PERSON_WEIGHT - tag->margin / PERSON_SHARE;
		self->names[count++] = (named){tag->begin, end, (uint16_t)(weight < 700 ? 700 : weight)};
	}
	return count;
}

/* The names that the sentence appoints join those of the tagger; where they overlap, the tagger's go. Both ascend. */
static size_t add_appointed(entities *self, fact_span at, size_t count)
{
	named more[APPOINTED_MAX];
	size_t n = appointed_names(self->words, &self->text, at, more, APPOINTED_MAX), kept = 0;
	for (size_t i = 0; n && i < count; i++) {
		bool over = false;
		for (size_t k = 0; k < n; k++)
			over = over || (self->names[i].begin < more[k].end && more[k].begin < self->names[i].end);
		if (!over)
			self->names[kept++] = self->names[i];
	}
	if (!n || kept + n > SEGMENT_MAX)
		return n ? kept : count;
	size_t all = kept + n;
	for (size_t i = all; n;)
		self->names[--i] = kept && self->names[kept - 1].begin > more[n - 1].begin ? self->names[--kept] : more[--n];
	return all;
}

static void read_sentence(entities *self, fact_span at)
{
	sentence *s = &self->sentence;
	s->text = &self->text;
	s->words = self->words;
	s->found = self->found;
	size_t names = add_appointed(self, at, tags_of(self, at));
	s->count = segment(self->segmenter, &self->text, at, self->names, names, &s->tokens);
	memset(s->taken, 0, s->count * sizeof *s->taken);
	memset(s->body, 0, s->count * sizeof *s->body);
	sentence_titles(s);
	sentence_bodies(s);
	sentence_persons(s);
	sentence_tagged(s);
	sentence_policies(s);
	sentence_places(s);
}

static void set_list(json_t *object, const char *name, json_t *list)
{
	if (list)
		json_object_set_new(object, name, list);
}

void entities_read(entities *self, mr_bytes body, mr_bytes title, mr_bytes authors, json_t *patch, json_t *detail, buf *metrics)
{
	if (self->off)
		return;
	fact_text_read(&self->text, body, title, authors);
	found_clear(self->found, &self->text);
	self->tag_count = self->next_tag = 0;
	if (self->tagger && self->text.chinese)
		self->tag_count = tagger_read(self->tagger, self->text.characters, self->text.count, &self->tags);
	for (uint32_t p = 0; p < self->text.paragraph_count; p++) {
		fact_span at = self->text.paragraphs[p];
		if (!self->text.chinese)
			english_read(self->english, &self->text, at, self->found);
		for (uint32_t begin = at.begin, end; self->text.chinese && begin < at.end; begin = end) {
			end = sentence_end(&self->text, begin, at.end);
			read_sentence(self, (fact_span){begin, end});
		}
	}
	quantities_read(&self->figures, &self->text);
	quantities_write(&self->figures, &self->text, metrics);
	for (uint32_t i = 0; self->spans && i < self->figures.count; i++)
		found_add(self->found, (fact){.at = self->figures.items[i].at, .type = FACT_METRIC});
	if (self->spans)
		moments_read(&self->times, &self->text);
	for (uint32_t i = 0; self->spans && i < self->times.count; i++)
		found_add(self->found, (fact){.at = self->times.items[i], .type = FACT_TIME});
	set_list(patch, "persons", found_names(self->found, FACT_PERSON));
	set_list(patch, "organizations", found_names(self->found, FACT_ORGANIZATION));
	set_list(patch, "places", found_names(self->found, FACT_PLACE));
	set_list(patch, "policies", found_names(self->found, FACT_POLICY));
	set_list(detail, "persons", found_persons(self->found));
	if (self->spans) {
		fact_text_count(&self->text);
		set_list(detail, "spans", found_spans(self->found));
	}
	fact_text_done(&self->text);
}

size_t entities_memory(const entities *self)
{
	return self->off ? 0 : (size_t)FACT_TEXT_MAX_BYTES * FACT_TEXT_BYTES_PER_BYTE;
}
