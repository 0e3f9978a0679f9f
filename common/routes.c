/* routes.c - see routes.h. */
#include "routes.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "settings.h"

struct routes {
	bool by_label;
	char *topics[ROUTES_MAX];        /* each once */
	size_t topic_count;
	size_t of_label[ROUTES_MAX];     /* numbers in `topics`; the last one is that of `none` */
	size_t label_count;
};

/* What sink.label_topics says of a label; NULL: nothing. */
static const char *named(const struct settings *settings, const char *label)
{
	const char *const *items;
	size_t count = settings_list(settings, "sink.label_topics", &items), len = strlen(label);
	for (size_t i = 0; i < count; i++)
		if (strncmp(items[i], label, len) == 0 && items[i][len] == '=' && items[i][len + 1])
			return items[i] + len + 1;
	return NULL;
}

static size_t add_topic(routes *self, char *topic)
{
	for (size_t i = 0; i < self->topic_count; i++)
		if (strcmp(self->topics[i], topic) == 0) {
			free(topic);
			return i;
		}
	self->topics[self->topic_count] = topic;
	return self->topic_count++;
}

static size_t add_label(routes *self, const struct settings *settings, const char *label)
{
	const char *topic = named(settings, label);
	buf name = {0};
	if (topic)
		buf_add_str(&name, topic);
	else
		buf_printf(&name, "%s.%s", settings_str(settings, "publish.topic"), label);
	return add_topic(self, buf_take(&name, NULL));
}

routes *routes_new(const struct settings *settings)
{
	routes *self = mem_alloc(sizeof *self);
	const char *const *labels;
	size_t count = settings_list(settings, "classify.labels", &labels);
	self->by_label = strcmp(settings_str(settings, "sink.route"), "by-label") == 0;
	if (!self->by_label) {
		add_topic(self, mem_string(settings_str(settings, "publish.topic")));
		return self;
	}
	for (size_t i = 0; i < count && i < ROUTES_MAX - 1; i++)
		self->of_label[self->label_count++] = add_label(self, settings, labels[i]);
	self->of_label[self->label_count] = add_label(self, settings, "none");
	return self;
}

void routes_free(routes **self_p)
{
	routes *self = *self_p;
	if (!self)
		return;
	for (size_t i = 0; i < self->topic_count; i++)
		free(self->topics[i]);
	free(self);
	*self_p = NULL;
}

size_t routes_topics(const routes *self, const char *const **topics)
{
	*topics = (const char *const *)self->topics;
	return self->topic_count;
}

size_t routes_of(const routes *self, uint64_t labels, const char *topics[ROUTES_MAX])
{
	bool taken[ROUTES_MAX] = {false};
	size_t n = 0;
	if (!self->by_label) {
		topics[0] = self->topics[0];
		return 1;
	}
	for (size_t i = 0; i < self->label_count; i++)
		if (labels >> i & 1 && !taken[self->of_label[i]]) {
			taken[self->of_label[i]] = true;
			topics[n++] = self->topics[self->of_label[i]];
		}
	if (!n)
		topics[n++] = self->topics[self->of_label[self->label_count]];
	return n;
}

size_t routes_count_of(const routes *self, uint64_t labels)
{
	const char *topics[ROUTES_MAX];
	return routes_of(self, labels, topics);
}
