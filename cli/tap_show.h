/* tap_show.h - a line of `GET /tap` for people: one block a record, or the line as it is with what a terminal must not see escaped. Pure. */
#ifndef CLI_TAP_SHOW_H
#define CLI_TAP_SHOW_H

#include <stdbool.h>

#include "cli/term.h"

enum tap_line {
	TAP_RECORD,
	TAP_HELLO,               /* the first line of a connection */
	TAP_LEFT_OUT,            /* records that were not sent, or not looked at */
	TAP_BEAT,                /* nothing went by */
	TAP_WRONG                /* not to be understood */
};

typedef struct tap_note {
	char instance[64];       /* HELLO */
	long long left_out, unseen;      /* LEFT_OUT */
} tap_note;

/* What a line is; a record is appended to `out`, as JSON in one line or as a block that fits the terminal, with an empty line behind. */
enum tap_line tap_show(mr_bytes line, const term *term, bool json, buf *out, tap_note *note);

#endif
