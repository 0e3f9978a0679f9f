/* settings_schema.h - the option table as JSON Schema, for editors and for tools that keep a configuration as YAML or JSON and write the file from it. */
#ifndef COMMON_SETTINGS_SCHEMA_H
#define COMMON_SETTINGS_SCHEMA_H

#include "common/buf.h"

/* Appends JSON Schema (draft 7) of an object {section: {key: value}}: type, default, range and help of every setting; the sections of librdkafka take any property as text. Says nothing of rules
 * that span several settings: `millrace check` does. Any thread. */
void settings_schema_print(buf *out);

#endif
