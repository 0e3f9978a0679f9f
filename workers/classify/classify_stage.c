/* classify_stage.c - see classify_stage.h. Opens the model, checks that it knows every label of the taxonomy, and writes the scoring as fields of the
 * record. Labels of the model that the taxonomy does not name are not shown. */
#include "classify_stage.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "common/mem.h"
#include "common/settings.h"
#include "workers/classify/scorer.h"
#include "workers/shipped.h"

#define EVIDENCE_MAX 8
#define SECTIONS_MAX_BYTES (256 * 1024)
#define SECTION_LEVELS 8         /* deeper ones count as this deep */
#define SECTIONS_MISSED_MAX 16   /* headings that are not in the body; each one costs a search to its end */

typedef struct classify {
	model model;
	scorer *scorer;
	size_t label_count;                      /* of the taxonomy */
	uint32_t labels[MODEL_LABELS_MAX];       /* in the model, in the taxonomy's order */
	char *topics[MODEL_LABELS_MAX];          /* IPTC code by label of the model, or NULL */
	bool shown[MODEL_LABELS_MAX];            /* by label of the model */
	char fingerprint[96];
	buf title;                               /* scratch: kicker, title and subtitle */
} classify;

static const char *const classify_fields[] = {"title", "kicker", "subtitle", "detail.sections", NULL};

static int label_index(const model *m, const char *name, size_t len)
{
	for (uint32_t l = 0; l < m->head.label_count; l++)
		if (strlen(m->head.labels[l].name) == len && memcmp(m->head.labels[l].name, name, len) == 0)
			return (int)l;
	return -1;
}

static int labels_read(classify *self, const settings *s, char error[256])
{
	const char *const *names;
	size_t count = settings_list(s, "classify.labels", &names);
	if (count > MODEL_LABELS_MAX) {
		snprintf(error, 256, "classify.labels: at most %d labels", MODEL_LABELS_MAX);
		return -1;
	}
	for (size_t i = 0; i < count; i++) {
		int label = label_index(&self->model, names[i], strlen(names[i]));
		if (label < 0) {
			snprintf(error, 256, "classify.labels: the model does not know the label \"%.60s\"", names[i]);
			return -1;
		}
		self->labels[self->label_count++] = (uint32_t)label;
		self->shown[label] = true;
	}
	return 0;
}

/* classify.media_topics: label=code ... */
static int topics_read(classify *self, const settings *s, char error[256])
{
	const char *const *items;
	size_t count = settings_list(s, "classify.media_topics", &items);
	for (size_t i = 0; i < count; i++) {
		const char *equals = strchr(items[i], '=');
		if (!equals || !equals[1]) {
			snprintf(error, 256, "classify.media_topics: \"%.80s\" is not label=code", items[i]);
			return -1;
		}
		int label = label_index(&self->model, items[i], (size_t)(equals - items[i]));
		if (label >= 0 && !self->topics[label])
			self->topics[label] = mem_string(equals + 1);
	}
	return 0;
}

/* classify.thresholds: label=number ... A section needs no less than the whole. */
int classify_thresholds(model *m, const settings *s, char error[256])
{
	const char *const *items;
	size_t count = settings_list(s, "classify.thresholds", &items);
	for (size_t i = 0; i < count; i++) {
		const char *equals = strchr(items[i], '=');
		char *end = NULL;
		double value = equals ? strtod(equals + 1, &end) : 0;
		if (!equals || *end || !(value > 0 && value < 1)) {
			snprintf(error, 256, "classify.thresholds: \"%.80s\" is not label=number with a number between 0 and 1", items[i]);
			return -1;
		}
		int at = label_index(m, items[i], (size_t)(equals - items[i]));
		if (at < 0)
			continue;
		model_label *label = &m->head.labels[at];
		label->threshold = (float)value;
		label->section_threshold = label->section_threshold > (float)value ? label->section_threshold : (float)value;
	}
	return 0;
}

/* Name, version, and a hash of all that changes answers: model, shown labels, codes, thresholds. */
static void fingerprint_make(classify *self)
{
	XXH3_state_t *state = XXH3_createState();
	XXH3_64bits_reset(state);
	XXH3_64bits_update(state, &self->model.fingerprint, sizeof self->model.fingerprint);
	for (size_t i = 0; i < self->label_count; i++) {
		const char *name = self->model.head.labels[self->labels[i]].name, *topic = self->topics[self->labels[i]];
		XXH3_64bits_update(state, name, strlen(name) + 1);
		XXH3_64bits_update(state, topic ? topic : "", topic ? strlen(topic) + 1 : 1);
		XXH3_64bits_update(state, &self->model.head.labels[self->labels[i]].threshold, sizeof(float));
	}
	snprintf(self->fingerprint, sizeof self->fingerprint, "%s/%d %016llx", self->model.head.name, MODEL_VERSION,
		 (unsigned long long)XXH3_64bits_digest(state));
	XXH3_freeState(state);
}

static void classify_close(void *ctx)
{
	classify *self = ctx;
	scorer_free(&self->scorer);
	model_close(&self->model);
	for (size_t i = 0; i < MODEL_LABELS_MAX; i++)
		free(self->topics[i]);
	buf_free(&self->title);
	free(self);
}

static int classify_open(void **ctx, const struct settings *s, char error[256])
{
	classify *self = mem_alloc(sizeof *self);
	char shipped[4096];
	const char *path = settings_str(s, "classify.model");
	if (model_open(&self->model, *path ? path : shipped_path("models/topics.model", shipped), error) ||
	    labels_read(self, s, error) || topics_read(self, s, error) || classify_thresholds(&self->model, s, error)) {
		classify_close(self);
		return -1;
	}
	self->scorer = scorer_new(&self->model);
	fingerprint_make(self);
	*ctx = self;
	return 0;
}

static mr_bytes headline(classify *self, const mr_task *task)
{
	static const char *const parts[] = {"kicker", "title", "subtitle"};
	buf_clear(&self->title);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		mr_bytes part = mr_task_field(task, parts[i]);
		if (!part.data || !part.len)
			continue;
		if (self->title.len)
			buf_add_char(&self->title, '\n');
		buf_add(&self->title, part.data, part.len);
	}
	return buf_bytes(&self->title);
}

/* Four decimals: more would say nothing, and they hide the last bit of exp() in another libm. */
static json_t *score_value(double probability)
{
	return json_real(round(probability * 10000) / 10000);
}

static void evidence_add(classify *self, const scoring *said, json_t *out)
{
	evidence_term terms[MODEL_LABELS_MAX * 5];
	size_t count = scorer_evidence(self->scorer, said, terms, sizeof terms / sizeof *terms);
	for (size_t i = 0; i < count && json_array_size(out) < EVIDENCE_MAX; i++)
		json_array_append_new(out, json_sprintf("%s:%.*s", self->model.head.labels[terms[i].label].name, (int)terms[i].words.len, terms[i].words.data));
}

/* Keeps the labels of the taxonomy only. */
static void scoring_narrow(const classify *self, scoring *said)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < said->label_count; i++)
		if (self->shown[said->labels[i]])
			said->labels[kept++] = said->labels[i];
	said->label_count = kept;
	said->primary = kept ? (int)said->labels[0] : -1;
}

static json_t *labels_list(const classify *self, const scoring *said)
{
	json_t *labels = json_array();
	for (uint32_t i = 0; i < said->label_count; i++)
		json_array_append_new(labels, json_string(self->model.head.labels[said->labels[i]].name));
	return labels;
}

static json_t *primary_of(const classify *self, const scoring *said)
{
	return json_string(said->primary < 0 ? "none" : self->model.head.labels[said->primary].name);
}

/* Where the section of a heading begins: the heading's next place in the body; NULL: it is not there as printed. */
static const char *section_begin(mr_bytes body, const char *from, const json_t *section)
{
	const char *heading = json_string_value(json_object_get(section, "heading"));
	return heading && *heading ? memmem(from, (size_t)(body.data + body.len - from), heading, strlen(heading)) : NULL;
}

/* Where each section begins in the body; NULL: its heading is not there as printed. Caller frees. */
static const char **sections_begin(mr_bytes body, const json_t *sections)
{
	size_t count = json_array_size(sections), i;
	const char **begins = mem_array(count + 1, sizeof *begins), *at = body.data;
	const json_t *section;
	int missed = 0;
	json_array_foreach(sections, i, section) {
		begins[i] = missed < SECTIONS_MISSED_MAX ? section_begin(body, at, section) : NULL;
		missed += !begins[i];
		at = begins[i] ? begins[i] + 1 : at;
	}
	return begins;
}

/* A section holds those below it: it reaches to the next heading of its own level or a higher one. */
static json_t *sections_label(classify *self, mr_bytes body, mr_bytes text)
{
	json_t *sections = text.data && text.len <= SECTIONS_MAX_BYTES ? json_loadb(text.data, text.len, 0, NULL) : NULL;
	const char **begins = sections_begin(body, sections), *ends[SECTION_LEVELS];
	for (size_t l = 0; l < SECTION_LEVELS; l++)
		ends[l] = body.data + body.len;
	for (size_t i = json_array_size(sections); i-- > 0;) {
		json_t *section = json_array_get(sections, i);
		json_int_t told = json_integer_value(json_object_get(section, "level"));
		size_t level = told < 1 ? 0 : told > SECTION_LEVELS ? SECTION_LEVELS - 1 : (size_t)told - 1;
		scoring said;
		if (!begins[i])
			continue;
		const char *end = ends[level];
		for (size_t l = level; l < SECTION_LEVELS; l++)
			ends[l] = begins[i];
		if (!scorer_part(self->scorer, (size_t)(begins[i] - body.data), (size_t)(end - body.data), &said))
			continue;
		scoring_narrow(self, &said);
		json_object_set_new(section, "labels", labels_list(self, &said));
		json_object_set_new(section, "primary_label", primary_of(self, &said));
	}
	free(begins);
	return sections;
}

static void scores_add(const classify *self, const scoring *said, json_t *patch)
{
	for (size_t i = 0; i < self->label_count; i++) {
		char field[MODEL_NAME_BYTES + 8];
		snprintf(field, sizeof field, "score_%s", self->model.head.labels[self->labels[i]].name);
		json_object_set_new(patch, field, score_value(said->probability[self->labels[i]]));
	}
}

static void classify_apply(void *ctx, const mr_task *task, mr_answer *answer)
{
	classify *self = ctx;
	scoring said;
	scorer_read(self->scorer, headline(self, task), task->body, &said);
	scoring_narrow(self, &said);
	json_t *patch = json_object(), *evidence = json_array(), *topics = json_array();
	for (uint32_t i = 0; i < said.label_count; i++)
		if (self->topics[said.labels[i]])
			json_array_append_new(topics, json_string(self->topics[said.labels[i]]));
	scores_add(self, &said, patch);
	evidence_add(self, &said, evidence);
	json_object_set_new(patch, "labels", labels_list(self, &said));
	json_object_set_new(patch, "primary_label", primary_of(self, &said));
	json_object_set_new(patch, "evidence", evidence);
	json_object_set_new(patch, "media_topics", topics);
	json_object_set_new(patch, "classifier", json_string(self->fingerprint));
	json_t *sections = sections_label(self, task->body, mr_task_field(task, "detail.sections"));
	if (sections)
		json_object_set_new(patch, "detail", json_pack("{s:o}", "sections", sections));
	mr_part_patch(mr_answer_part(answer), patch);
}

static const char *classify_fingerprint(void *ctx)
{
	return ((classify *)ctx)->fingerprint;
}

const mr_stage classify_stage = {
	.name = "classify",
	.fields = classify_fields,
	.open = classify_open,
	.apply = classify_apply,
	.close = classify_close,
	.fingerprint = classify_fingerprint,
};
