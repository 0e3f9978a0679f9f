/* html_names.h - names of reporters and editors as web pages print them. Pure; any thread. */
#ifndef EXTRACT_HTML_NAMES_H
#define EXTRACT_HTML_NAMES_H

#include "workers/extract/html_text.h"

/* The value behind the first of the labels in a line (`来源：`, `责任编辑:`, `作者｜`): up to the next label, a bar, a bracket or a date; trimmed. data NULL: no
 * label; empty: a label without value. `labels` NULL-terminated. */
mr_bytes html_labelled(mr_bytes text, const char *const *labels);
extern const char *const html_source_labels[], *const html_author_labels[], *const html_editor_labels[];

/* Each adds names to `out` (separated by '\n', each once) and says whether it found any. */
bool html_names_add(mr_bytes value, buf *out);                   /* a list of names, roles taken off */
bool html_names_of_line(mr_bytes text, buf *out);                /* a line that is only a byline: 某报记者 甲乙 丙丁; By A B and C D */
bool html_names_of_lead(mr_bytes text, buf *out);                /* …讯（记者 甲乙）… at the beginning of a text */
bool html_names_of_end(mr_bytes text, buf *out);                 /* …（记者 甲乙） or …（甲乙） at the end of a text */
bool html_names_english(mr_bytes text, buf *out);              /* A B, C D and E F, Some Press */
/* Could markup's author be the person who wrote a Chinese text, and not its site, account or number? */
bool html_name_is_person(mr_bytes name);

/* Does the Chinese name begin with a family name? Two characters at least. */
bool html_name_has_surname(mr_bytes name);
/* The whole text is one name or several, in Chinese; no outlet. For elements that call themselves the author. */
bool html_names_alone(mr_bytes text, buf *out);

#endif
