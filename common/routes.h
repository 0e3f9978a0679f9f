/* routes.h - sink.route: which topics an article goes to.
 *
 * single: all to publish.topic. by-label: to the topic of each of its labels, once each, and without a label to that of `none`; names stand in sink.label_topics, else they are
 * publish.topic + "." + label. Derived from the settings alone, so that check, daemon, publisher and tools mean the same topics. Constant once it is made; any thread. */
#ifndef COMMON_ROUTES_H
#define COMMON_ROUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROUTES_MAX 65                    /* 64 labels and none */

struct settings;
typedef struct routes routes;

/* What is wrong in sink.label_topics is left out (settings_check tells it). */
routes *routes_new(const struct settings *settings);
void routes_free(routes **self);
/* All topics that articles may go to, each once. Borrowed. */
size_t routes_topics(const routes *self, const char *const **topics);
/* Those of an article with these labels (article_labels), each once, in the order of the taxonomy. Returns their number, at least 1. Borrowed. */
size_t routes_of(const routes *self, uint64_t labels, const char *topics[ROUTES_MAX]);
size_t routes_count_of(const routes *self, uint64_t labels);

#endif
