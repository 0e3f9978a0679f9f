/* html_feed.h - drives libxml2's SAX push parser over a page and guards it.
 *
 * The parser does what it does well (tokens, attributes, entities, closing what authors left open). It is kept from what it does badly on hostile
 * or broken pages: scripts, styles and comments never reach it; `</html>` and `</body>` in the middle of a page do not end it; a tag with
 * thousands of attributes is cut; when elements nest deeper than it handles well, a new parser goes on where the old one stood. So time stays
 * linear in the page and nothing behind a fault is lost. No network, no external entities, no files. */
#ifndef EXTRACT_HTML_FEED_H
#define EXTRACT_HTML_FEED_H

#include "workers/extract/html_tree.h"

void html_feed(html_tree *tree, mr_bytes page);

#endif
