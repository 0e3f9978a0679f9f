/* load_views.h - the views of `millrace load postgres`: what people ask of news first. */
#ifndef CLI_LOAD_VIEWS_H
#define CLI_LOAD_VIEWS_H

#include "common/buf.h"

/* CREATE OR REPLACE for each, with a comment that says what it tells. */
void load_views_print(const char *schema, buf *out);

#endif
