/* charset.h - bytes of a web page to UTF-8.
 *
 * The charset comes from the byte order mark, else the header, else a meta tag in the first 4 KB, else detection (uchardet); a declaration that
 * the bytes contradict is repaired: declared anything but bytes are UTF-8, or declared UTF-8 and they are not. Names follow the WHATWG encoding
 * standard's labels (gb2312 is GB18030, iso-8859-1 is windows-1252). Whatever comes out is valid UTF-8 without NUL. Pure but for the C library's
 * conversion modules, which charset_preload keeps open; any thread. */
#ifndef EXTRACT_CHARSET_H
#define EXTRACT_CHARSET_H

#include "common/buf.h"

/* Opens a conversion of every charset we know and keeps it, so that none has to be loaded once the worker is caged. Once, at start. */
void charset_preload(void);

/* iconv's name for a label of the wild; NULL when it is not known. */
const char *charset_name(mr_bytes label);

/* The charset that the meta tags of a page name: a label inside `html`; data NULL when there is none. */
mr_bytes charset_meta(mr_bytes html);

/* Appends `bytes` as UTF-8. `label`: from the header, may be absent; "UTF-8" means decoded already: meta tags are then ignored. `used` (may be NULL)
 * receives the name of the charset taken (static). */
void charset_decode(mr_bytes bytes, mr_bytes label, buf *out, const char **used);

#endif
