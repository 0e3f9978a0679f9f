/* demo_show.h - the tables of `millrace demo`, on standard output. Borrows what it shows. */
#ifndef CLI_DEMO_SHOW_H
#define CLI_DEMO_SHOW_H

#include "cli/demo_feed.h"

void demo_show(const demo_feed *feed, const demo_account *account);

#endif
