/* demo_show.h - the table of `millrace demo`, on standard output. Borrows the feed. */
#ifndef CLI_DEMO_SHOW_H
#define CLI_DEMO_SHOW_H

#include "cli/demo_feed.h"

void demo_show(const demo_feed *feed);

#endif
