/* visible.h - strangers' texts made safe for a terminal: what must not reach one (utf8_is_unsafe: terminal codes, controls, marks that turn the direction of writing) is
 * written as an escape that can be seen, broken bytes as U+FFFD, and of a pile of marks on one character only the first few. Pure. */
#ifndef CLI_VISIBLE_H
#define CLI_VISIBLE_H

#include "common/buf.h"

/* Appends one line: line breaks are escaped, too. */
void visible_add(buf *out, mr_bytes text);
/* Appends JSON that means the same, whatever was in its strings: they are the only place where such characters may stand. Broken bytes become U+FFFD. */
void visible_add_json(buf *out, mr_bytes json);

#endif
