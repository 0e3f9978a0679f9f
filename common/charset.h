/* charset.h - what the header `content-type` of a message says: the form of its value and the charset it names (RFC 9110 section 8.3).
 *
 * Nothing is decoded here: the name is handed to the first stage, which knows charsets. Pure; any thread. */
#ifndef COMMON_CHARSET_H
#define COMMON_CHARSET_H

#include "millrace/bytes.h"

#define CHARSET_NAME_MAX 40      /* bytes; IANA's longest registered name has 45, its preferred ones at most 21 */

enum content_form { CONTENT_OTHER, CONTENT_JSON, CONTENT_TEXT, CONTENT_HTML };

typedef struct content_type {
	enum content_form form;
	mr_bytes charset;        /* borrowed from the header; data NULL: none, or a name that no charset can have */
} content_type;

content_type content_type_parse(mr_bytes header);
/* A name made of letters, digits and - _ . : + only: what iconv may be asked for. */
int charset_name_sane(mr_bytes name);

#endif
