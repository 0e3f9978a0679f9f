/* url.h - the canonical form of an article's address: one string for all the ways in which feeds write the same page.
 *
 * It serves to compare and to identify, not to fetch. Rules, in order (docs/record.md shows each with an example): only http and https
 * (a missing scheme counts as https); the canonical scheme is https; user and password out; host in lower case without a
 * final dot and without the labels www, m, wap, 3g in front; ports 80 and 443 out; dot segments and doubled slashes resolved; a
 * session in the path (;jsessionid=) out; index.html and its kin and the final slash out; percent-encoding normalised (RFC 3986 6.2.2);
 * tracking parameters (table in url.c) out, the others sorted by name and value, each once; the fragment out unless it is a route (#!x, #/x).
 * International host names stay as they are written. Pure; any thread. */
#ifndef COMMON_URL_H
#define COMMON_URL_H

#include <stdbool.h>

#include "common/buf.h"

#define URL_VERSION 1            /* other rules, other addresses and ids: part of the index header */
#define URL_MAX 2048             /* bytes of an address, as given and canonical; longer ones have no canonical form */

/* Appends the canonical form to `out`. false (nothing appended): not an address of a page, or too long. */
bool url_canonical(mr_bytes url, buf *out);

#endif
